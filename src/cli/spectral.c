#include "cli/spectral.h"

#include <math.h>
#include <string.h>

#include "cli/monitor.h"
#include "cli/report.h"

int cli_spectral_options(const cli_arguments *a, basin_spectrum_options *out)
{
    int                    status = CLI_OK;
    basin_spectrum_options o = {0};
    const char            *method = cli_text(a, "method", "auto");
    size_t                 seed;

    for (o.method = BASIN_SPECTRUM_GRAM; o.method > BASIN_SPECTRUM_AUTO; o.method--)
        if (strcmp(method, basin_spectrum_method_text(o.method)) == 0) break;
    CLI_TRY(cli_size(a, "top", 0, &o.top));
    CLI_TRY(cli_size(a, "bottom", 0, &o.bottom));
    CLI_CHECK(o.top + o.bottom > 0 || !cli_has(a, "top") || !cli_has(a, "bottom"),
              "--top and --bottom are both 0");
    o.tolerance = cli_real(a, "tolerance", 0);
    CLI_CHECK(o.tolerance >= 0 && o.tolerance < 1, "--tolerance must lie in [0, 1), got %g", o.tolerance);
    CLI_TRY(cli_size(a, "probes", 0, &o.probes));
    CLI_TRY(cli_size(a, "steps", 0, &o.steps));
    CLI_CHECK(!cli_has(a, "probes") || o.probes > 0, "--probes must be at least 1");
    CLI_CHECK(!cli_has(a, "steps") || o.steps == 1 || o.steps >= 4,
              "--steps must be 1 (no quadrature) or at least 4, got %zu", o.steps);
    CLI_TRY(cli_size(a, "seed", 0, &seed));
    o.seed = seed;
    o.no_proof = cli_has(a, "no-proof");
    *out = o;
done:
    return status;
}

int cli_spectral_fits(const basin_spectrum_options *o, const char *of, size_t size)
{
    int status = CLI_OK;

    CLI_CHECK(o->top <= size, "--top %zu: %s has %s parameters", o->top, of, cli_thousands(size));
    CLI_CHECK(o->bottom <= size, "--bottom %zu: %s has %s parameters", o->bottom, of, cli_thousands(size));
    CLI_CHECK(o->bottom <= size - o->top, "--top %zu and --bottom %zu: %s has %s parameters", o->top,
              o->bottom, of, cli_thousands(size));
done:
    return status;
}

int cli_sane_options(const cli_arguments *a, double recorded_weight_decay, basin_sane_options *out)
{
    int                status = CLI_OK;
    basin_sane_options o = {.kappa = cli_real(a, "kappa", 0),
                            .alpha = cli_real(a, "alpha", 0),
                            .recorded_weight_decay = recorded_weight_decay};

    CLI_CHECK(!cli_has(a, "kappa") || (o.kappa > 0 && isfinite(o.kappa)), "--kappa must be positive, got %g",
              o.kappa);
    CLI_CHECK(!cli_has(a, "alpha") || (o.alpha > 0 && isfinite(o.alpha)), "--alpha must be positive, got %g",
              o.alpha);
    CLI_TRY(cli_size(a, "k", 0, &o.k));
    CLI_CHECK(!cli_has(a, "k") || o.k > 0, "--k must be at least 1");
    *out = o;
done:
    return status;
}

int cli_spectral_announce(const basin_point *point, const basin_spectrum_options *options)
{
    int                 status = CLI_OK;
    const size_t        samples = basin_objective_samples(basin_point_objective(point));
    basin_spectrum_plan plan;

    if (!cli_monitor_terminal()) return CLI_OK;
    CLI_LIBRARY(basin_spectrum_choose(point, options, &plan));
    if (plan.method == BASIN_SPECTRUM_SLQ)
        cli_note("slq: %zu probes of %zu steps, %s products over %s samples, at most %.3g MB", plan.probes,
                 plan.steps, cli_thousands(plan.products), cli_thousands(samples), 1e-6 * (double)plan.bytes);
    else if (plan.method != BASIN_SPECTRUM_LANCZOS)
        cli_note("%s: %s products over %s samples, %.3g MB", basin_spectrum_method_text(plan.method),
                 cli_thousands(plan.products), cli_thousands(samples), 1e-6 * (double)plan.bytes);
    else
        cli_note("lanczos: %zu pairs, at most %s products over %s samples, at most %.3g MB",
                 plan.top + plan.bottom, cli_thousands(plan.products), cli_thousands(samples),
                 1e-6 * (double)plan.bytes);
done:
    return status;
}

/* ------------------------------------------------------------------------------------------- operators -- */

static int precondition(const cli_arguments *a, cli_source *s)
{
    int          status = CLI_OK;
    const double beta2 = cli_real(a, "beta2", 0.999), epsilon = cli_real(a, "epsilon", 1e-8);

    CLI_CHECK(beta2 > 0 && beta2 <= 1, "--beta2 must lie in (0, 1], got %g", beta2);
    CLI_CHECK(epsilon > 0, "--epsilon must be positive, got %g", epsilon);
    CLI_ALLOC(s->scale, s->ck->params->size);
    CLI_LIBRARY(basin_checkpoint_adam(s->ck, beta2, epsilon, s->scale, &s->ceiling));
    s->record.scale = s->scale;
done:
    return status;
}

int cli_operator_choose(const cli_arguments *a, cli_source *s)
{
    int                  status = CLI_OK;
    const char          *name = cli_text(a, "operator", "hessian");
    basin_curvature_kind kind;

    CLI_WANT(basin_curvature_kind_find(name, &kind) == BASIN_OK, "%s: %s", a->command->name,
             basin_error_message());
    s->record.operator_kind = kind;
    if (cli_has(a, "preconditioned")) CLI_TRY(precondition(a, s));
done:
    return status;
}

const char *cli_operator_title(int kind, bool preconditioned)
{
    char *text = cli_turn();

    snprintf(text, CLI_TURN, "%s%s", preconditioned ? "preconditioned " : "",
             basin_curvature_kind_title((basin_curvature_kind)kind));
    return text;
}

/* ----------------------------------------------------------------------------------------------- parts -- */

static int choose_blocks(const cli_arguments *a, const basin_params *params, size_t *count, size_t **blocks,
                         char name[160])
{
    int         status = CLI_OK;
    const char *pattern = cli_text(a, "params", NULL), *layer = cli_text(a, "layer", NULL);

    CLI_WANT(pattern == NULL || layer == NULL, "%s: --params or --layer, not both", a->command->name);
    if (pattern != NULL)
        CLI_LIBRARY(basin_params_match(params, pattern, count, blocks));
    else if (layer != NULL)
        CLI_LIBRARY(basin_params_layer(params, layer, count, blocks));
    snprintf(name, 160, "%s%.140s", layer != NULL ? "layer " : "",
             pattern != NULL ? pattern
             : layer != NULL ? layer
                             : "the network");
done:
    return status;
}

/* The point's options for the part: what is said of each parameter is taken, too. */
static int part_options(const cli_source *s, cli_part *p, double **each, basin_point_options *out)
{
    int          status = CLI_OK;
    const size_t size = basin_objective_size(p->objective);

    *out = s->record;
    if (s->record.scale != NULL) {
        CLI_ALLOC(p->scale, size);
        basin_part_take(p->objective, s->record.scale, p->scale);
        out->scale = p->scale;
    }
    basin_decay *decays[] = {&out->decay, &out->included};
    for (size_t i = 0; i < 2; i++) {
        if (decays[i]->each == NULL) continue;
        CLI_ALLOC(each[i], size);
        basin_part_take(p->objective, decays[i]->each, each[i]);
        decays[i]->each = each[i];
    }
done:
    return status;
}

int cli_part_open(const cli_arguments *a, cli_source *s, cli_part *out)
{
    int                 status = CLI_OK;
    cli_part            p = {0};
    size_t              count = 0, *blocks = NULL;
    double             *each[2] = {NULL, NULL};
    basin_point_options options;
    const basin_params *params = basin_objective_params(s->objectives[0]);

    CLI_TRY(choose_blocks(a, params, &count, &blocks, p.name));
    if (blocks == NULL) {
        CLI_TRY(cli_source_point(s, &p.point));
        *out = p;
        return CLI_OK;
    }
    CLI_LIBRARY(basin_objective_restrict(s->objectives[0], s->ck->theta,
                                         &(basin_part){.blocks = blocks, .count = count}, &p.objective));
    CLI_ALLOC(p.theta, basin_objective_size(p.objective));
    basin_part_take(p.objective, s->ck->theta, p.theta);
    CLI_TRY(part_options(s, &p, each, &options));
    CLI_LIBRARY(basin_point_create(p.objective, p.theta, &options, &p.own));
    p.point = p.own;
    *out = p, p = (cli_part){0};
done:
    basin_free(blocks);
    basin_free(each[0]);
    basin_free(each[1]);
    cli_part_close(&p);
    return status;
}

void cli_part_close(cli_part *p)
{
    basin_point_destroy(&p->own);
    basin_objective_destroy(&p->objective);
    basin_free(p->theta);
    basin_free(p->scale);
    *p = (cli_part){0};
}

enum { LEFT_OUT_PROBES = 16 };

int cli_part_left_out(cli_source *s, const cli_part *part, double block2, uint64_t seed, basin_left_out *out)
{
    int          status = CLI_OK;
    basin_point *whole;

    if (part->own == NULL) return CLI_OK;
    CLI_TRY(cli_source_point(s, &whole));
    CLI_LIBRARY(
        basin_left_out_measure(whole, part->objective, part->name, block2, LEFT_OUT_PROBES, seed, out));
done:
    return status;
}

/* «88.1 %», with its standard error where it has one. */
static const char *share_text(double share, double error)
{
    char *text = cli_turn();

    snprintf(text, CLI_TURN, "%s%s%s", cli_percent(share), error > 0 ? " ± " : "",
             error > 0 ? cli_percent(error) : "");
    return text;
}

void cli_left_out_report(const basin_left_out *l, FILE *out)
{
    if (l->part == NULL) return;
    fprintf(out, "  part            %s, of %s parameters of the network\n", l->part,
            cli_thousands(l->network));
    fputs("                  gradient and way down are those of its parameters, the others held\n", out);
    fprintf(out, "                  its block leaves out %s of |A|_F^2, %s of its own rows'\n",
            share_text(l->share, (1 - l->share) * l->whole2_error / l->whole2),
            share_text(l->rows_share, (1 - l->rows_share) * l->rows2_error / l->rows2));
}

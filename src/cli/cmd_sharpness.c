/* basin sharpness: one-step SAM and MSAM sharpness over signed radii. */
#include <math.h>
#include <string.h>

#include "cli/report.h"
#include "cli/source.h"

static const cli_option options[] = {
    {"rho", CLI_REALS, "R,R,…", "signed radii (default: recorded rho or 0.05, times 0 and ±1/4, ±1/2, ±1, ±2, ±4)", false},
    {"random", CLI_WHOLE, "N", "along N filter-normalised random directions of norm 1 as well (default: 0)", false},
    {NULL, CLI_FLAG, NULL, NULL, false}};

/* The radii are the caller's to free. */
static int read_options(const cli_arguments *a, const cli_source *s, double **rho, basin_sharpness_options *out)
{
    int                     status = CLI_OK;
    size_t                  seed;
    basin_sharpness_options o = {.recorded_rho = s->ck->hyper.rho, .momentum = basin_checkpoint_momentum(s->ck), .weight_decay = s->weight_decay, .split = s->splits[0]};

    CLI_TRY(cli_reals(a, "rho", rho, &o.rho_count));
    CLI_TRY(cli_size(a, "random", 0, &o.random));
    CLI_TRY(cli_size(a, "seed", 0, &seed));
    for (size_t i = 0; i < o.rho_count; i++) CLI_CHECK(isfinite((*rho)[i]), "--rho: radius %zu is not finite", i + 1);
    o.rho = *rho, o.seed = seed;
    *out = o;
done:
    return status;
}

static int forecast(const cli_arguments *a, cli_source *s, basin_forecast **out)
{
    int                     status = CLI_OK;
    double                 *rho = NULL;
    basin_sharpness_options o;

    CLI_TRY(read_options(a, s, &rho, &o));
    CLI_LIBRARY(basin_sharpness_forecast(s->objectives[0], s->ck->theta, &o, out));
done:
    basin_free(rho);
    return status;
}

static int measure(const cli_arguments *a, cli_source *s, void **out)
{
    int                     status = CLI_OK;
    double                 *rho = NULL;
    basin_sharpness        *sharpness = NULL;
    basin_sharpness_options o;

    CLI_TRY(read_options(a, s, &rho, &o));
    CLI_LIBRARY(basin_sharpness_compute(s->objectives[0], s->ck->theta, &o, &sharpness));
    *out = sharpness;
done:
    basin_free(rho);
    return status;
}

static void print(const basin_result *result, FILE *out)
{
    const basin_sharpness *s = result->value;
    cli_table             *table = cli_table_create("lrrr");

    cli_report_source(result, s->samples, s->parameters, out);
    fprintf(out, "  loss            %.8g\n", s->loss);
    cli_report_stationarity(&s->stationarity, out);
    fprintf(out, "  momentum        |v| = %s, cos(v, g) = %s\n\n", cli_number(s->momentum_norm, 6), cli_number(s->momentum_gradient_cosine, 4));
    cli_table_titles(table, "along|rho|L(theta + rho d) - L|loss there");
    for (size_t i = 0; i < s->measure_count; i++) {
        const basin_measure *m = &s->measures[i];
        cli_table_cell(table, "%s", m->name);
        cli_table_number(table, m->rho, 4);
        cli_table_number(table, m->value, 6);
        cli_table_number(table, m->loss, 8);
    }
    cli_table_print(table, 2, out);
    for (size_t i = 0; i < s->measure_count; i++)
        if (i == 0 || strcmp(s->measures[i].name, s->measures[i - 1].name) != 0)
            fprintf(out, "  %s: %s\n", s->measures[i].name, s->measures[i].definition);
}

const cli_command cli_command_sharpness = {
    .name = "sharpness",
    .usage = "sharpness CKPT… [--rho R,R,…] [--random N]",
    .about = "One-step SAM sharpness L(theta + rho g/|g|) - L(theta) (arXiv:2010.01412) and MSAM sharpness\n"
             "L(theta - rho v/|v|) - L(theta) (arXiv:2401.12033, the published sign); a negative rho is the other sign.",
    .examples = "  basin sharpness runs/msam_0/step_000400.h5 --plot sharpness.svg\n"
                "  basin sharpness runs/sam_0/step_000400.h5 --rho -0.1,-0.05,0.05,0.1 --random 3 --json\n",
    .options = options,
    .common = CLI_COMMON_RESULT | CLI_COMMON_DATA | CLI_COMMON_WORK,
    .least = 1,
    .most = SIZE_MAX,
    .kind = BASIN_RESULT_SHARPNESS,
    .measure = measure,
    .forecast = forecast,
    .print = print,
};

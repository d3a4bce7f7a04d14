#include "cli/gate.h"

#include <glob.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/monitor.h"
#include "cli/paths.h"
#include "cli/point.h"
#include "cli/provenance.h"
#include "cli/runs.h"
#include "cli/spectral.h"

#define ALPHA 0.05
#define SIGMA 3.0
#define PRODUCTS 2000
/* Half-widths that other checkpoints are measured to, relative to the value: a quarter of the increase that
   is allowed, and no less than the least; else the first. */
#define WIDTH 0.02
#define WIDTH_LEAST 0.005
#define NARROWER 0.1 /* of these, for what costs few products: all but sums over the spectrum */

/* ----------------------------------------------------------------------------------- what is asked for -- */

/* «10%» or «0.5». */
static int read_increase(const cli_arguments *a, cli_gate *g)
{
    const char *text = cli_text(a, "max-increase", "");
    char       *end;

    g->increase = strtod(text, &end);
    g->relative = strcmp(end, "%") == 0;
    if (g->relative) g->increase /= 100.0;
    if (end == text || (*end != '\0' && !g->relative) || !(g->increase >= 0) || !isfinite(g->increase))
        return cli_usage("gate: --max-increase wants a share or a number that is not negative, e.g. 10%% or "
                         "0.5, got «%s»",
                         text);
    return CLI_OK;
}

static int read_others(const cli_arguments *a, cli_gate *g)
{
    int status = CLI_OK;

    g->baseline = cli_text(a, "baseline", NULL);
    g->runs = cli_text(a, "from-runs", NULL);
    g->sigma = cli_real(a, "sigma", SIGMA);
    CLI_WANT(cli_has(a, "max-increase") == (g->baseline != NULL),
             "gate: --baseline and --max-increase go together");
    CLI_WANT(!cli_has(a, "sigma") || g->runs != NULL, "gate: --sigma goes with --from-runs");
    CLI_WANT(g->sigma > 0 && g->sigma <= 6, "gate: --sigma must lie in (0, 6], got %g", g->sigma);
    CLI_WANT(!cli_has(a, "measures") || g->baseline != NULL || g->runs != NULL,
             "gate: --measures goes with --baseline or --from-runs; --max and --min name their own");
    CLI_WANT(g->limits.count > 0 || g->baseline != NULL || g->runs != NULL,
             "gate: wants a limit: --max, --min, --baseline with --max-increase, or --from-runs");
    if (g->baseline != NULL) CLI_TRY(read_increase(a, g));
done:
    return status;
}

static bool is_among(const size_t *measures, size_t count, size_t measure)
{
    for (size_t i = 0; i < count; i++)
        if (measures[i] == measure) return true;
    return false;
}

/* Those named, or those of the limits, or λ_max alone. */
static int choose_measures(const cli_arguments *a, cli_gate *g)
{
    int status = CLI_OK;

    if (g->baseline == NULL && g->runs == NULL) return CLI_OK;
    if (cli_has(a, "measures")) return cli_measures_read(a, &g->measures, &g->measure_count);
    CLI_ALLOC(g->measures, g->limits.count + 1);
    for (size_t i = 0; i < g->limits.count; i++)
        if (!is_among(g->measures, g->measure_count, g->limits.limits[i].measure))
            g->measures[g->measure_count++] = g->limits.limits[i].measure;
    if (g->measure_count == 0) g->measures[g->measure_count++] = BASIN_MEASURE_lambda_max;
done:
    return status;
}

static int read_settings(const cli_arguments *a, cli_gate *g)
{
    int                status = CLI_OK;
    basin_row_options *row = &g->options.row;
    size_t             seed;

    CLI_TRY(cli_size(a, "products", PRODUCTS, &g->options.products));
    CLI_CHECK(g->options.products > 0, "--products must be at least 1");
    CLI_TRY(cli_sane_options(a, NAN, &row->sane));
    row->rho = cli_real(a, "rho", 0);
    CLI_CHECK(!cli_has(a, "rho") || (row->rho > 0 && isfinite(row->rho)), "--rho must be positive, got %g",
              row->rho);
    CLI_TRY(cli_size(a, "batches", 0, &row->batches));
    CLI_TRY(cli_size(a, "batch-size", 0, &row->batch_size));
    CLI_CHECK(!cli_has(a, "batches") || row->batches > 1, "--batches must be at least 2");
    CLI_CHECK(!cli_has(a, "batch-size") || row->batch_size > 0, "--batch-size must be at least 1");
    CLI_TRY(cli_size(a, "seed", 0, &seed));
    row->seed = row->spectrum.seed = seed;
    g->strict = cli_has(a, "strict");
    g->alpha = cli_real(a, "chance", ALPHA);
    CLI_WANT(g->alpha > 0 && g->alpha < 1, "gate: --chance must lie between 0 and 1, got %g", g->alpha);
    g->options.alpha = g->alpha / (1.0 + (g->baseline != NULL) + (g->runs != NULL));
done:
    return status;
}

int cli_gate_read(const cli_arguments *a, cli_gate *out)
{
    int      status = CLI_OK;
    cli_gate g = {.baseline = NULL};

    CLI_TRY(cli_limits_read(a, &g.limits));
    CLI_TRY(read_others(a, &g));
    CLI_TRY(choose_measures(a, &g));
    CLI_TRY(read_settings(a, &g));
    *out = g, g = (cli_gate){.baseline = NULL};
done:
    cli_gate_clear(&g);
    return status;
}

void cli_gate_clear(cli_gate *g)
{
    cli_limits_clear(&g->limits);
    basin_free(g->measures);
    *g = (cli_gate){.baseline = NULL};
}

/* ------------------------------------------------------------------------------------------- measuring -- */

static bool needs_start(const basin_question *questions, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (questions[i].measure == BASIN_MEASURE_theta_norm_rel) return true;
    return false;
}

int cli_gate_ask(const cli_arguments *a, const cli_gate *g, cli_source *s, const basin_question *questions,
                 size_t count, basin_answer *answers)
{
    int                status = CLI_OK;
    basin_gate_options o = g->options;
    basin_run         *run = NULL;
    basin_checkpoint  *start = NULL;
    basin_objective   *clean = NULL;
    basin_point       *point;

    if (needs_start(questions, count)) {
        CLI_TRY(cli_run_beside(s->ck->path, &run));
        CLI_LIBRARY(basin_run_start(run, &start));
        o.row.start = start;
        if (start != NULL)
            CLI_TRY(cli_provenance_input(s->provenance, BASIN_INPUT_OTHER, start->path, start->digest));
    }
    if (cli_has(a, "polish")) o.row.point = BASIN_POINT_POLISHED;
    if (cli_has(a, "average")) o.row.point = BASIN_POINT_AVERAGED;
    CLI_TRY(cli_source_point(s, &point));
    CLI_TRY(cli_source_clean(s, &clean));
    CLI_LIBRARY(basin_gate_ask(point, s->count > 1 ? s->objectives[1] : NULL, clean, s->ck, questions, count,
                               &o, answers));
done:
    basin_objective_destroy(&clean);
    basin_checkpoint_destroy(&start);
    basin_run_destroy(&run);
    return cli_name_file(status, s->ck->path);
}

/* ----------------------------------------------------------------------------------- other checkpoints -- */

static int record_of(const cli_source *s, const char *path, basin_row *out)
{
    int status = CLI_OK;

    CLI_LIBRARY(basin_row_record(s->ck, out));
    CLI_CHECK((out->run = basin_strdup(path)) != NULL, "out of memory for a name");
    CLI_TRY(cli_source_row(s, out));
done:
    return status;
}

/* Another network, loss or data at an equal seed gives no limit. */
static int demand_alike(const cli_source *s, const cli_source *other)
{
    int       status = CLI_OK;
    basin_row rows[2] = {{0}};

    CLI_TRY(record_of(other, other->ck->path, &rows[0]));
    CLI_TRY(record_of(s, s->ck->path, &rows[1]));
    CLI_LIBRARY(basin_rows_demand_alike(rows, 2));
done:
    basin_row_clear(&rows[0]);
    basin_row_clear(&rows[1]);
    return status;
}

/* Its files are inputs beside those of the source. */
static int take_inputs(cli_source *s, const cli_source *other)
{
    int status = CLI_OK;

    for (size_t i = 0; i < other->provenance->input_count; i++) {
        const basin_input *input = &other->provenance->inputs[i];
        const int          role = input->role == BASIN_INPUT_CHECKPOINT ? BASIN_INPUT_OTHER : input->role;
        CLI_TRY(cli_provenance_input(s->provenance, (basin_input_role)role, input->path, input->digest));
    }
done:
    return status;
}

static double width_of(size_t measure, double width)
{
    const bool sum = measure == BASIN_MEASURE_trace || measure == BASIN_MEASURE_curvature_random ||
                     measure == BASIN_MEASURE_sane || measure == BASIN_MEASURE_n_eff;

    return sum ? width : NARROWER * width;
}

/* The measures there, each to `width` or narrower. */
static int measure_other(const cli_arguments *a, const cli_gate *g, const char *path, double width,
                         cli_source *s, basin_answer *answers, size_t *products)
{
    int             status = CLI_OK;
    cli_source      other = {0};
    basin_question *questions = NULL;

    CLI_ALLOC(questions, g->measure_count);
    for (size_t i = 0; i < g->measure_count; i++)
        questions[i] = (basin_question){
            .measure = g->measures[i], .low = NAN, .high = NAN, .width = width_of(g->measures[i], width)};
    CLI_TRY(cli_monitor_check());
    CLI_TRY(cli_source_open(a, path, true, true, &other));
    CLI_TRY(cli_name_file(cli_point_take(a, &other), path));
    CLI_TRY(demand_alike(s, &other));
    CLI_TRY(cli_gate_ask(a, g, &other, questions, g->measure_count, answers));
    for (size_t i = 0, most = 0; i < g->measure_count; i++) {
        if (answers[i].products > most) *products += answers[i].products - most, most = answers[i].products;
    }
    CLI_TRY(take_inputs(s, &other));
done:
    cli_source_close(&other);
    basin_free(questions);
    return status;
}

static int describe(basin_gated *limit, const char *text)
{
    int status = CLI_OK;

    CLI_CHECK((limit->limit = basin_strdup(text)) != NULL, "out of memory for a limit");
done:
    return status;
}

static int limit_of_baseline(const cli_gate *g, size_t measure, const basin_answer *baseline,
                             basin_gated *limit, basin_question *question)
{
    const char *name = basin_gate_measure_name(measure);
    char        text[1200];

    limit->origin = BASIN_LIMIT_BASELINE;
    limit->baseline = *baseline;
    limit->increase = g->increase, limit->relative = g->relative;
    question->measure = measure;
    basin_limit_of_baseline(baseline, g->increase, g->relative, true, question);
    limit->bound = 0.5 * (question->low + question->high);
    if (g->relative)
        snprintf(text, sizeof text, "%s<=%g%% of %s", name, 100 * (1 + g->increase), g->baseline);
    else
        snprintf(text, sizeof text, "%s<=%s + %g", name, g->baseline, g->increase);
    return describe(limit, text);
}

int cli_gate_baseline(const cli_arguments *a, const cli_gate *g, cli_source *s, basin_gated *limits,
                      basin_question *questions, size_t *products)
{
    int           status = CLI_OK;
    basin_answer *answers = NULL;
    const double  width = g->relative ? fmax(g->increase / 4, WIDTH_LEAST) : WIDTH;

    if (g->baseline == NULL) return CLI_OK;
    CLI_ALLOC(answers, g->measure_count);
    cli_monitor_part("baseline", 1, 1);
    CLI_TRY(measure_other(a, g, g->baseline, width, s, answers, products));
    for (size_t i = 0; i < g->measure_count; i++)
        CLI_TRY(limit_of_baseline(g, g->measures[i], &answers[i], &limits[i], &questions[i]));
done:
    basin_free(answers);
    return status;
}

/* ---------------------------------------------------------------------------------------- baseline set -- */

/* Is it a folder, and not that of the checkpoint, which would be held against itself? */
static bool is_other_run(const char *folder, const char *own)
{
    struct stat facts;

    return stat(folder, &facts) == 0 && S_ISDIR(facts.st_mode) && !cli_same_file(folder, own);
}

/* Measures of the last checkpoint of a run. */
static int measure_run(const cli_arguments *a, const cli_gate *g, const char *folder, cli_source *s,
                       basin_answer *answers, size_t *products)
{
    int        status = CLI_OK;
    basin_run *run = NULL;
    char      *doubt = NULL;

    CLI_TRY(cli_run_open(a, folder, &run, &doubt));
    if (doubt != NULL) cli_warn("%s", doubt);
    CLI_TRY(measure_other(a, g, run->entries[run->count - 1].path, WIDTH, s, answers, products));
done:
    basin_free(doubt);
    basin_run_destroy(&run);
    return status;
}

/* In `answers` [measures, runs]. */
static int limit_of_runs(const cli_gate *g, size_t i, const basin_answer *answers, size_t runs,
                         basin_gated *limit, basin_question *question)
{
    int                  status = CLI_OK;
    const size_t         measure = g->measures[i];
    const char          *name = basin_gate_measure_name(measure);
    const bool           at_most = measure >= BASIN_MEASURES || basin_columns[measure].better <= 0;
    basin_limit_of_runs *l = &limit->spread;
    char                 text[1200];

    if (basin_limit_from_runs(answers, runs, g->sigma, at_most, l) != BASIN_OK) {
        status = cli_fail("--from-runs %s: %s: %s", g->runs, name, basin_error_message());
        goto done;
    }
    limit->origin = BASIN_LIMIT_RUNS;
    limit->bound = l->limit;
    *question =
        (basin_question){.measure = g->measures[i], .at_most = at_most, .low = l->low, .high = l->high};
    snprintf(text, sizeof text, "%s%smean %c %.3g s of %zu runs %s", name,
             at_most ? "<=" : ">=", at_most ? '+' : '-', l->factor, l->runs, g->runs);
    CLI_TRY(describe(limit, text));
done:
    return status;
}

/* The answers of each run [measures, runs]. */
static int measure_runs(const cli_arguments *a, const cli_gate *g, const glob_t *found, cli_source *s,
                        size_t *runs, basin_answer *all, size_t *products)
{
    int           status = CLI_OK;
    basin_answer *answers = NULL;
    char          own[PATH_MAX];

    CLI_ALLOC(answers, g->measure_count);
    CLI_TRY(cli_folder_of(s->ck->path, own));
    for (size_t i = 0; i < found->gl_pathc; i++) {
        if (!is_other_run(found->gl_pathv[i], own)) continue;
        cli_monitor_part("baseline run", i + 1, found->gl_pathc);
        CLI_TRY(measure_run(a, g, found->gl_pathv[i], s, answers, products));
        for (size_t m = 0; m < g->measure_count; m++) all[m * found->gl_pathc + *runs] = answers[m];
        ++*runs;
    }
done:
    basin_free(answers);
    return status;
}

int cli_gate_runs(const cli_arguments *a, const cli_gate *g, cli_source *s, basin_gated *limits,
                  basin_question *questions, size_t *products)
{
    int           status = CLI_OK;
    glob_t        found = {0};
    basin_answer *all = NULL;
    size_t        runs = 0;

    if (g->runs == NULL) return CLI_OK;
    CLI_CHECK(glob(g->runs, 0, NULL, &found) == 0 && found.gl_pathc > 0,
              "--from-runs %s: no folder is called so", g->runs);
    CLI_ALLOC(all, g->measure_count * found.gl_pathc);
    CLI_TRY(measure_runs(a, g, &found, s, &runs, all, products));
    for (size_t m = 0; m < g->measure_count; m++)
        CLI_TRY(limit_of_runs(g, m, all + m * found.gl_pathc, runs, &limits[m], &questions[m]));
done:
    globfree(&found);
    basin_free(all);
    return status;
}

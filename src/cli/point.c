#include "cli/point.h"

#include <math.h>
#include <string.h>

#include "cli/provenance.h"

int cli_point_read(const cli_arguments *a, cli_point *out)
{
    int       status = CLI_OK;
    cli_point p = {.step = cli_real(a, "polish-step", NAN)};

    CLI_TRY(cli_size(a, "polish", 0, &p.polish));
    CLI_CHECK(p.polish > 0 || !cli_has(a, "polish"), "--polish must be at least 1 step");
    CLI_CHECK(isnan(p.step) || (p.step > 0 && isfinite(p.step)), "--polish-step must be positive and finite, got %g", p.step);
    CLI_WANT(isnan(p.step) || p.polish > 0 || !(a->command->common & CLI_COMMON_POINT), "%s: --polish-step without --polish", a->command->name);
    CLI_TRY(cli_size(a, "average", 0, &p.average));
    CLI_CHECK(p.average > 1 || !cli_has(a, "average"), "--average must be at least 2 checkpoints, got %zu", p.average);
    *out = p;
done:
    return status;
}

/* ------------------------------------------------------------------------------------------------------- polish -- */

double cli_polish_step(const cli_point *p, const basin_checkpoint *ck)
{
    double step = isnan(p->step) ? ck->hyper.learning_rate : p->step;

    return step > 0 ? step : (double)NAN;
}

int cli_polish(const cli_point *p, size_t steps, cli_source *s, basin_polish *out)
{
    int                  status = CLI_OK;
    basin_objective     *own = NULL;
    basin_polish_options o = {.steps = steps, .step = cli_polish_step(p, s->ck), .weight_decay = s->stationarity.weight_decay};

    CLI_CHECK(!isnan(o.step), "%s: --polish: how large are its steps? the checkpoint records no learning rate > 0: --polish-step X", s->ck->path);
    if (strcmp(s->splits[0], "train") != 0) CLI_TRY(cli_source_objective(s, "train", 0, &own));
    CLI_LIBRARY(basin_polish_compute(own != NULL ? own : s->objectives[0], s->ck->theta, &o, out));
    if (out->steps < steps)
        cli_warn("%s: polished by %zu of %zu steps: after %zu halvings none was left that does not raise the loss", s->ck->path, out->steps, steps,
                 out->halvings);
done:
    basin_objective_destroy(&own);
    return status;
}

/* ------------------------------------------------------------------------------------------------------ average -- */

static int open_folder_of(const char *path, basin_run **out)
{
    int         status = CLI_OK;
    const char *slash = strrchr(path, '/');
    size_t      length = slash != NULL ? (size_t)(slash - path) : 0;
    char       *folder = NULL;

    CLI_ALLOC(folder, length + 2);
    memcpy(folder, length > 0 ? path : slash != NULL ? "/" : ".", length > 0 ? length : 1);
    CLI_LIBRARY(basin_run_open(folder, out));
done:
    basin_free(folder);
    return status;
}

/* The one checkpoint of that step; NULL if there is none. */
static int find_step(const basin_run *run, int64_t step, const char **out)
{
    int         status = CLI_OK;
    const char *found = NULL;

    for (size_t i = 0; i < run->count; i++) {
        if (run->entries[i].step != step) continue;
        CLI_CHECK(found == NULL, "--average: which is step %lld, %s or %s?", (long long)step, found, run->entries[i].path);
        found = run->entries[i].path;
    }
    *out = found;
done:
    return status;
}

/* One line with every step that is not there. */
static int demand_steps(const cli_source *s, const basin_run *run, size_t count)
{
    int         status = CLI_OK;
    char        text[400] = "";
    size_t      missing = 0;
    const char *path;

    CLI_CHECK(s->ck->step >= 0, "%s: --average: it records no step", s->ck->path);
    CLI_CHECK((uint64_t)s->ck->step >= count - 1, "%s: --average %zu: at step %lld there are no %zu before it", s->ck->path, count, (long long)s->ck->step,
              count - 1);
    for (int64_t step = s->ck->step - (int64_t)count + 1; step < s->ck->step; step++) {
        CLI_TRY(find_step(run, step, &path));
        size_t used = strlen(text);
        if (path != NULL) continue;
        if (missing++ < 20) snprintf(text + used, sizeof text - used, "%s%lld", used > 0 ? ", " : "", (long long)step);
    }
    CLI_CHECK(missing == 0, "%s: --average %zu: its folder does not hold step%s %s%s; basin train --save-consecutive %zu saves those before every step of --save", s->ck->path, count,
              missing == 1 ? "" : "s", text, missing > 20 ? ", …" : "", count);
done:
    return status;
}

static int add_weights(const cli_arguments *a, const char *path, cli_source *s, double *sum)
{
    int               status = CLI_OK;
    basin_checkpoint *ck = NULL;
    int               weights;

    CLI_TRY(cli_checkpoint_open(a, path, true, &ck, &weights));
    CLI_CHECK(weights >= 0, "%s: perturbed or not? choose --as-stored or --undo" CLI_CONVERT_AGAIN, path);
    CLI_CHECK(basin_params_equal(s->ck->params, ck->params), "%s: its parameters are not those of %s", path, s->ck->path);
    for (size_t i = 0; i < ck->params->size; i++) sum[i] += ck->theta[i];
    CLI_TRY(cli_provenance_input(s->provenance, BASIN_INPUT_AVERAGED, path, ck->digest));
done:
    basin_checkpoint_destroy(&ck);
    return status;
}

int cli_average(const cli_arguments *a, const cli_point *p, cli_source *s)
{
    int         status = CLI_OK;
    basin_run  *run = NULL;
    double     *sum = NULL;
    const char *path = NULL;
    size_t      size = s->ck->params->size;

    CLI_TRY(open_folder_of(s->ck->path, &run));
    CLI_TRY(demand_steps(s, run, p->average));
    CLI_ALLOC(sum, size);
    for (int64_t step = s->ck->step - (int64_t)p->average + 1; step < s->ck->step; step++) {
        CLI_TRY(find_step(run, step, &path));
        CLI_TRY(add_weights(a, path, s, sum));
    }
    for (size_t i = 0; i < size; i++) s->ck->theta[i] = (sum[i] + s->ck->theta[i]) / (double)p->average;
done:
    basin_run_destroy(&run);
    basin_free(sum);
    return status;
}

bool cli_average_leaves_statistics(const cli_source *s)
{
    return s->bn == BASIN_BN_STORED && basin_graph_uses(s->ck->graph, "BatchNormalization");
}

/* -------------------------------------------------------------------------------------------------- one checkpoint -- */

int cli_point_take(const cli_arguments *a, cli_source *s)
{
    int       status = CLI_OK;
    cli_point p;

    if (!(a->command->common & CLI_COMMON_POINT)) return CLI_OK;
    CLI_TRY(cli_point_read(a, &p));
    if (p.average > 0) {
        CLI_TRY(cli_average(a, &p, s));
        s->provenance->averaged = p.average;
        if (cli_average_leaves_statistics(s))
            cli_warn("%s: its BatchNorm statistics are its own and not of the mean of the weights; --bn reestimate takes them there", s->ck->path);
    }
    if (p.polish > 0) CLI_TRY(cli_polish(&p, p.polish, s, &s->provenance->polish));
done:
    return status;
}

#include "cli/point.h"

#include <math.h>
#include <string.h>

#include "cli/provenance.h"
#include "cli/runs.h"

int cli_point_read(const cli_arguments *a, cli_point *out)
{
    int       status = CLI_OK;
    cli_point p = {.step = cli_real(a, "polish-step", NAN)};

    CLI_TRY(cli_size(a, "polish", 0, &p.polish));
    CLI_CHECK(p.polish > 0 || !cli_has(a, "polish"), "--polish must be at least 1 step");
    CLI_CHECK(isnan(p.step) || (p.step > 0 && isfinite(p.step)),
              "--polish-step must be positive and finite, got %g", p.step);
    CLI_WANT(isnan(p.step) || p.polish > 0 || !(a->command->common & CLI_COMMON_POINT),
             "%s: --polish-step without --polish", a->command->name);
    CLI_TRY(cli_size(a, "average", 0, &p.average));
    CLI_CHECK(p.average > 1 || !cli_has(a, "average"), "--average must be at least 2 checkpoints, got %zu",
              p.average);
    CLI_WANT(p.average < 2 || !cli_has(a, "undo-scalar") || cli_unperturb(a) != BASIN_UNPERTURB_RECORDED,
             "%s: --average beside --undo-scalar X: one number does not undo several checkpoints; "
             "--undo-scalar rho does",
             a->command->name);
    *out = p;
done:
    return status;
}

/* ---------------------------------------------------------------------------------------------- polish -- */

double cli_polish_step(const cli_point *p, const basin_checkpoint *ck)
{
    double step = isnan(p->step) ? ck->hyper.learning_rate : p->step;

    return step > 0 ? step : (double)NAN;
}

int cli_polish(const cli_point *p, size_t steps, cli_source *s, basin_polish *out)
{
    int                  status = CLI_OK;
    basin_objective     *own = NULL;
    basin_polish_options o = {.steps = steps, .step = cli_polish_step(p, s->ck), .decay = s->record.decay};

    CLI_CHECK(
        !isnan(o.step),
        "%s: --polish: how large are its steps? the checkpoint records no learning rate > 0: --polish-step X",
        s->ck->path);
    if (strcmp(s->splits[0], "train") != 0) CLI_TRY(cli_source_objective(s, "train", 0, &own));
    CLI_LIBRARY(basin_polish_compute(own != NULL ? own : s->objectives[0], s->ck->theta, &o, out));
done:
    basin_objective_destroy(&own);
    return status;
}

bool cli_polish_doubt(const char *path, size_t steps, const basin_polish *polish, char text[CLI_DOUBT])
{
    snprintf(
        text, CLI_DOUBT,
        "%s: polished by %zu of %zu steps: after %zu halvings none was left that does not raise the loss",
        path, polish->steps, steps, polish->halvings);
    return polish->steps < steps;
}

/* --------------------------------------------------------------------------------------------- average -- */

/* «FILE: --average 5: WHY», and for steps that are not there what would have saved them. */
static int fail_average(const cli_source *s, size_t count, bool missing)
{
    const char  *path = s->ck->path, *reason = cli_message();
    const size_t length = strlen(path);
    char         hint[120] = "";

    if (strncmp(reason, path, length) == 0 && strncmp(reason + length, ": ", 2) == 0) reason += length + 2;
    if (missing)
        snprintf(hint, sizeof hint,
                 "; basin train --save-consecutive %zu saves those before every step of --save", count);
    return cli_fail("%s: --average %zu: %s%s", path, count, reason, hint);
}

static int join_inputs(const basin_run *before, cli_source *s)
{
    int  status = CLI_OK;
    char digest[65];

    for (size_t i = 0; i < before->count; i++) {
        CLI_LIBRARY(basin_file_digest(before->entries[i].path, digest));
        CLI_TRY(cli_provenance_input(s->provenance, BASIN_INPUT_AVERAGED, before->entries[i].path, digest));
    }
done:
    return status;
}

int cli_average(const cli_arguments *a, const cli_point *p, cli_source *s)
{
    int          status = CLI_OK;
    basin_run   *before = NULL;
    basin_status found = basin_run_before(s->ck, p->average - 1, &before), averaged;

    if ((status = cli_library(found)) == CLI_FAILED)
        status = fail_average(s, p->average, found == BASIN_ERR_MISSING);
    CLI_TRY(status);
    averaged = basin_checkpoint_average(s->ck, before, cli_unperturb(a));
    if ((status = cli_library(averaged)) == CLI_FAILED && averaged == BASIN_ERR_ARG)
        cli_fail("%s; choose --as-stored or --undo" CLI_CONVERT_AGAIN, cli_message());
    CLI_TRY(status);
    CLI_TRY(join_inputs(before, s));
done:
    basin_run_destroy(&before);
    return status;
}

bool cli_average_leaves_statistics(const cli_source *s)
{
    return s->options.bn == BASIN_BN_STORED && basin_graph_uses(s->ck->graph, "BatchNormalization");
}

/* -------------------------------------------------------------------------------------- one checkpoint -- */

int cli_point_take(const cli_arguments *a, cli_source *s)
{
    int           status = CLI_OK;
    cli_point     p;
    basin_polish *polish = &s->provenance->polish;
    char          text[CLI_DOUBT];

    if (!(a->command->common & CLI_COMMON_POINT)) return CLI_OK;
    CLI_TRY(cli_point_read(a, &p));
    if (p.average > 0) {
        CLI_TRY(cli_average(a, &p, s));
        s->provenance->averaged = p.average;
        if (cli_average_leaves_statistics(s))
            cli_warn("%s: its BatchNorm statistics are its own and not of the mean of the weights; --bn "
                     "reestimate takes them there",
                     s->ck->path);
    }
    if (p.polish > 0) {
        CLI_TRY(cli_polish(&p, p.polish, s, polish));
        if (cli_polish_doubt(s->ck->path, p.polish, polish, text)) cli_warn("%s", text);
    }
done:
    return status;
}

/* What basin train writes: checkpoints with everything the format holds, in a folder that holds no other
   training. */
#include "cli/training.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/paths.h"

/* ---------------------------------------------------------------------------------------------- saving -- */

/* One loss and one accuracy of a split at a point; what is not finite is not recorded. */
static int record(basin_checkpoint *ck, const char *split, const char *point, const char *mode,
                  const char *coverage, double loss, double accuracy)
{
    int    status = CLI_OK;
    double values[2] = {loss, accuracy};

    for (int i = 0; i < 2; i++) {
        if (!isfinite(values[i])) continue;
        basin_recorded *r = &ck->recorded[ck->recorded_count++];
        r->value = values[i];
        CLI_CHECK((r->quantity = basin_strdup(i == 0 ? "loss" : "accuracy")) != NULL &&
                      (r->split = basin_strdup(split)) != NULL && (r->point = basin_strdup(point)) != NULL &&
                      (r->mode = basin_strdup(mode)) != NULL &&
                      (r->coverage = basin_strdup(coverage)) != NULL,
                  "out of memory for a recorded value");
    }
done:
    return status;
}

static int record_at(cli_training *t, basin_objective *o, const char *split, const double *theta,
                     const char *point)
{
    int        status = CLI_OK;
    basin_loss loss;

    CLI_LIBRARY(basin_objective_loss(o, NULL, theta, &loss));
    CLI_TRY(record(t->ck, split, point, "eval", "full", basin_loss_value(&loss), basin_loss_accuracy(&loss)));
    if (strcmp(point, "theta") == 0) {
        cli_table_number(t->table, basin_loss_value(&loss), 6);
        if (isnan(basin_loss_accuracy(&loss)))
            cli_table_cell(t->table, "-");
        else
            cli_table_cell(t->table, "%.2f %%", 100 * basin_loss_accuracy(&loss));
    }
done:
    return status;
}

static int record_all(cli_training *t, const basin_train_state *state)
{
    int  status = CLI_OK;
    bool msam = t->rule.method == BASIN_MSAM;

    CLI_ALLOC(t->ck->recorded, 8);
    CLI_TRY(record_at(t, t->train, "train", state->theta, "theta"));
    if (t->test != NULL) CLI_TRY(record_at(t, t->test, "test", state->theta, "theta"));
    if (msam) CLI_TRY(record_at(t, t->train, "train", state->stored, "theta_perturbed"));
    /* the batch losses of NAG are taken at neither of the two points that the format names */
    if (t->rule.method != BASIN_NAG)
        CLI_TRY(record(t->ck, "train", msam ? "theta_perturbed" : "theta", "train", "running",
                       state->running_loss, NAN));
done:
    return status;
}

static int fill(cli_training *t, const basin_train_state *state)
{
    int                        status = CLI_OK;
    basin_checkpoint          *ck = t->ck;
    const basin_train_options *o = &t->rule;
    bool rho = o->method == BASIN_SAM || o->method == BASIN_USAM || o->method == BASIN_MSAM;
    bool perturbed = cli_has(t->a, "save-perturbed") && state->undo != 0;
    char folder[PATH_MAX], there[PATH_MAX], relative[2 * PATH_MAX];

    memcpy(ck->theta, perturbed ? state->stored : state->theta, ck->params->size * sizeof *ck->theta);
    if (state->momentum != NULL) {
        CLI_ALLOC(ck->states, 1);
        ck->state_count = 1;
        CLI_CHECK((ck->states[0].name = basin_strdup("momentum")) != NULL, "out of memory for a checkpoint");
        CLI_ALLOC(ck->states[0].values, ck->params->size);
        memcpy(ck->states[0].values, state->momentum, ck->params->size * sizeof *ck->theta);
    }
    ck->perturbed = perturbed ? BASIN_PERTURBED_YES : BASIN_PERTURBED_NO;
    ck->undo = perturbed ? state->undo : 0;
    ck->step = state->step, ck->epoch = state->epoch, ck->gradient_evaluations = state->gradient_evaluations,
    ck->seconds = state->seconds;
    ck->hyper = (basin_hyperparameters){.learning_rate = state->learning_rate,
                                        .momentum = o->momentum,
                                        .rho = rho ? o->rho : NAN,
                                        .weight_decay = o->weight_decay,
                                        .weight_decay_coupled = true,
                                        .batch_size = (int64_t)o->batch_size,
                                        .seed = (int64_t)o->seed};
    CLI_LIBRARY(basin_loss_spec_copy(&t->loss, &ck->loss));
    if (t->start != NULL && t->start->buffers_point != NULL)
        CLI_CHECK((ck->buffers_point = basin_strdup(t->start->buffers_point)) != NULL,
                  "out of memory for a checkpoint");
    if (t->own_data) {
        strcpy(relative, "data.h5");
    } else {
        CLI_CHECK(realpath(t->folder, folder) != NULL && realpath(t->data->path, there) != NULL, "%s: %s",
                  t->data->path, strerror(errno));
        CLI_TRY(cli_relative(folder, there, relative, sizeof relative));
    }
    CLI_CHECK((ck->run = basin_strdup(t->run)) != NULL, "out of memory for a checkpoint");
    CLI_CHECK((ck->method = basin_strdup(cli_text(t->a, "method", "gd"))) != NULL &&
                  (ck->data_path = basin_strdup(relative)) != NULL,
              "out of memory for a checkpoint");
    memcpy(ck->data_digest, t->data->digest, sizeof ck->data_digest);
    CLI_TRY(record_all(t, state));
done:
    return status;
}

static int save(cli_training *t, const basin_train_state *state)
{
    int  status = CLI_OK;
    char path[PATH_MAX];

    CLI_LIBRARY(basin_checkpoint_create(t->graph, &t->ck));
    cli_table_integer(t->table, state->step);
    cli_table_integer(t->table, state->gradient_evaluations);
    CLI_TRY(fill(t, state));
    CLI_CHECK(snprintf(path, sizeof path, "%s/step_%06lld.h5", t->folder, (long long)state->step) <
                  (int)sizeof path,
              "%.60s…: the name is too long", t->folder);
    CLI_LIBRARY(basin_checkpoint_write(t->ck, path));
    t->saved++;
    t->diverged = state->diverged;
done:
    basin_checkpoint_destroy(&t->ck);
    return status;
}

basin_status cli_training_save(void *payload, const basin_train_state *state)
{
    cli_training *t = payload;

    t->status = save(t, state);
    return t->status == CLI_OK            ? BASIN_OK
           : t->status == CLI_INTERRUPTED ? BASIN_ERR_INTERRUPTED
                                          : BASIN_ERR_IO;
}

/* ---------------------------------------------------------------------------------------------- folder -- */

static bool is_own(const char *path) /* …/step_000123.h5 */
{
    const char *slash = strrchr(path, '/'), *name = slash != NULL ? slash + 1 : path;
    size_t      digits = strncmp(name, "step_", 5) == 0 ? strspn(name + 5, "0123456789") : 0;

    return digits >= 6 && strcmp(name + 5 + digits, ".h5") == 0;
}

/* Refused: checkpoints of another training without --force, and those that basin train did not name, which
   would stay among its own. */
static int demand_replaceable(const cli_training *t, const basin_run *there)
{
    int   status = CLI_OK;
    char *text = NULL;

    if (!cli_has(t->a, "force")) {
        CLI_LIBRARY(basin_run_describe(there, &text));
        CLI_CHECK(false,
                  "%s: holds %zu checkpoint%s already, of %s; --force replaces them, or choose another "
                  "folder",
                  t->folder, there->count, there->count == 1 ? "" : "s", text);
    }
    for (size_t i = 0; i < there->count; i++)
        CLI_CHECK(is_own(there->entries[i].path),
                  "%s: would stay among the checkpoints of another training: choose another folder, or move "
                  "it away",
                  there->entries[i].path);
done:
    basin_free(text);
    return status;
}

int cli_training_prepare_folder(cli_training *t)
{
    int        status = CLI_OK;
    basin_run *run = NULL;
    char       path[PATH_MAX];

    t->made_folder = access(t->folder, F_OK) != 0;
    CLI_TRY(cli_folder_make(t->folder));
    CLI_TRY(cli_folder_claim(t->folder, &t->claim)); /* what is looked at next stays so */
    basin_status opened = basin_run_open(t->folder, &run);
    size_t       held = opened == BASIN_OK ? run->count : 0;
    CLI_TRY(opened == BASIN_ERR_MISSING ? CLI_OK : cli_library(opened)); /* missing: no checkpoint in it */
    if (held > 0) CLI_TRY(demand_replaceable(t, run));
    CLI_CHECK(snprintf(path, sizeof path, "%s/data.h5", t->folder) < (int)sizeof path,
              "%.60s…: the name is too long", t->folder);
    CLI_CHECK(!t->own_data || !cli_same_file(path, cli_text(t->a, "data", NULL)),
              "%s: is the data set to take rows from; choose another folder", path);
    CLI_CHECK(!t->own_data || cli_has(t->a, "force") || access(path, F_OK) != 0,
              "%s: is there already; --force replaces it", path);
    for (size_t i = 0; i < held; i++)
        if (unlink(run->entries[i].path) != 0)
            CLI_CHECK(false, "%s: %s", run->entries[i].path, strerror(errno));
    if (t->own_data) CLI_LIBRARY(basin_dataset_write(t->data, path));
    t->wrote_data = t->own_data;
done:
    basin_run_destroy(&run);
    return status;
}

void cli_training_remove_folder(cli_training *t)
{
    char path[PATH_MAX];

    if (t->claim < 0) return; /* another process has it */
    if (t->wrote_data && snprintf(path, sizeof path, "%s/data.h5", t->folder) < (int)sizeof path)
        unlink(path);
    if (t->made_folder) {
        cli_folder_release(t->folder, &t->claim);
        rmdir(t->folder);
    }
}

/* basin train: the sample trainer. Everything of a run goes into one folder: step_000123.h5 checkpoints, and
 * data.h5 where --subset or --label-noise made a data set that was not there before. One seed gives every
 * method the same initial weights, subset, noise and batch order.
 */
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/monitor.h"
#include "cli/options.h"
#include "cli/paths.h"
#include "cli/table.h"

static const cli_option options[] = {
    {"graph", CLI_TEXT, "FILE.json", "the network, ONNX ops as in docs/checkpoint-format.md; or", false},
    {"mlp", CLI_TEXT, "N-N-…", "a multilayer perceptron of these widths, input and output included; or",
     false},
    {"from", CLI_TEXT, "FILE.h5",
     "the network of a checkpoint, from its weights on and not from new ones, BatchNorm's statistics as "
     "they are; momentum starts at 0",
     false},
    {"activation", CLI_TEXT, "OP", "of --mlp: Relu, Tanh, Sigmoid, Gelu, … (default: Relu)", false},
    {"data", CLI_TEXT, "FILE.h5", "inputs, targets and splits", false},
    {"inputs", CLI_TEXT, "OBJECT", "where another program's HDF5 file has its inputs (default: /inputs)",
     false},
    {"targets", CLI_TEXT, "OBJECT", "and its targets (default: /targets)", false},
    {"input-scale", CLI_REAL, "X", "multiply the inputs by X (default: as the file says, or 1)", false},
    {"subset", CLI_WHOLE, "N", "train on N rows of the split train, drawn with --seed (default: all)", false},
    {"label-noise", CLI_REAL, "F", "give this share of the training rows another label (default: 0)", false},
    {"loss", CLI_CHOICE, "softmax_cross_entropy|bce_with_logits|mse",
     "(default: cross-entropy for classes, else mse)", false},
    {"label-smoothing", CLI_REAL, "E", "of the cross-entropy (default: 0)", false},
    {"ignore-index", CLI_TEXT, "K", "class targets K do not count in the cross-entropy (default: all count)",
     false},
    {"loss-weights", CLI_REALS, "W,W,…",
     "of the classes in the cross-entropy; of the term with t in bce_with_logits (default: 1)", false},
    {"method", CLI_CHOICE, "gd|sgd|nag|sam|usam|msam",
     "update rule; usam is SAM without the norm (default: gd)", false},
    {"learning-rate", CLI_REAL, "X", "required", false},
    {"momentum", CLI_REAL, "B", "coefficient (default: 0.9)", false},
    {"rho", CLI_REAL, "R",
     "perturbation radius of sam and msam (default: 0.05); usam perturbs by R times the gradient (required)",
     false},
    {"weight-decay", CLI_REAL, "W", "coupled (default: 0)", false},
    {"batch-size", CLI_WHOLE, "N", "0 is the full batch, which gd always takes (default: 0)", false},
    {"steps", CLI_WHOLE, "N", "how long; or", false},
    {"epochs", CLI_WHOLE, "N", "how long, in passes over the training split", false},
    {"schedule", CLI_TEXT, "RULE", "constant | cosine[:FINAL] | step:PERIOD:FACTOR (default: constant)",
     false},
    {"save-every", CLI_WHOLE, "N", "a checkpoint every N steps (default: first and last only)", false},
    {"save", CLI_REALS, "N,N,…", "checkpoints at these steps; the last step is always saved", false},
    {"save-consecutive", CLI_WHOLE, "M",
     "with every step saved, the M-1 before it as well: runs of consecutive iterates (default: 1)", false},
    {"save-perturbed", CLI_FLAG, NULL,
     "msam: save the weights as they are between steps, with the scalar that undoes it", false},
    {"seed", CLI_WHOLE, "S", "of initial weights, subset, noise and batch order (default: 0)", false},
    {"precision", CLI_CHOICE, "double|single", "inside the network (default: double)", false},
    {"o", CLI_TEXT, "RUN", "folder of the run", true},
    {"force", CLI_FLAG, NULL, "replace the checkpoints and the data.h5 that RUN holds", true},
    {NULL, CLI_FLAG, NULL, NULL, false}};

typedef struct training {
    const cli_arguments *a;
    const char          *folder;
    char                 run[BASIN_RUN_IDENTITY]; /* identity of this training */
    basin_graph         *graph;
    basin_checkpoint    *start; /* of --from; else NULL */
    basin_dataset       *data;
    bool                 own_data, wrote_data; /* data.h5 is to be, has been written into the folder */
    bool                 made_folder;
    int                  claim;        /* of the folder; -1: none yet */
    basin_loss_spec      loss;         /* weights owned */
    basin_objective     *train, *test; /* test may be NULL */
    basin_train_options  rule;
    size_t              *save;
    double              *theta;
    basin_checkpoint    *ck; /* filled anew for each save */
    cli_table           *table;
    size_t               saved;
    bool                 diverged;
    int                  status; /* of a save that failed */
} training;

/* ---------------------------------------------------------------------------------------------- inputs -- */

static int parse_widths(const char *text, size_t *widths, size_t room, size_t *count)
{
    int    status = CLI_OK;
    size_t n = 0;

    for (const char *p = text;; p++) {
        char     *end;
        long long width = strtoll(p, &end, 10);
        CLI_WANT(end != p && width > 0 && (*end == '-' || *end == '\0') && n < room,
                 "train: --mlp wants widths such as 64-32-10, got «%s»", text);
        widths[n++] = (size_t)width;
        p = end;
        if (*p == '\0') break;
    }
    *count = n;
done:
    return status;
}

/* The checkpoint to start from, at unperturbed weights. */
static int read_start(training *t, const char *path)
{
    int status = CLI_OK, weights;

    CLI_LIBRARY(basin_checkpoint_read(path, &t->start));
    CLI_LIBRARY(basin_checkpoint_finite(t->start));
    CLI_LIBRARY(basin_checkpoint_unperturb(t->start, BASIN_UNPERTURB_RECORDED, &weights));
    CLI_CHECK(t->start->perturbed != BASIN_PERTURBED_UNKNOWN,
              "%s: does not say whether its weights are perturbed: --from needs ones that are not", path);
    CLI_LIBRARY(basin_graph_copy(t->start->graph, &t->graph));
done:
    return status;
}

static int make_graph(training *t)
{
    int         status = CLI_OK;
    const char *file = cli_text(t->a, "graph", NULL), *mlp = cli_text(t->a, "mlp", NULL),
               *from = cli_text(t->a, "from", NULL);
    size_t widths[64], count = 0;

    CLI_WANT((file != NULL) + (mlp != NULL) + (from != NULL) == 1,
             "train: which network? --graph FILE.json, --mlp 64-32-10 or --from CHECKPOINT");
    if (from != NULL) {
        CLI_TRY(read_start(t, from));
    } else if (file != NULL) {
        CLI_LIBRARY(basin_graph_read(file, &t->graph));
    } else {
        CLI_TRY(parse_widths(mlp, widths, 64, &count));
        CLI_LIBRARY(basin_graph_mlp(widths, count, cli_text(t->a, "activation", NULL), &t->graph));
    }
done:
    return status;
}

static int make_data(training *t)
{
    int                  status = CLI_OK;
    const char          *path = cli_text(t->a, "data", NULL);
    basin_dataset_source source = {cli_text(t->a, "inputs", NULL), cli_text(t->a, "targets", NULL),
                                   cli_real(t->a, "input-scale", 0)};
    basin_subset_options o = {.noise = cli_real(t->a, "label-noise", 0), .seed = t->rule.seed};
    basin_dataset       *subset = NULL;
    bool                 foreign = source.inputs != NULL || source.targets != NULL || source.scale != 0;

    CLI_WANT(path != NULL, "train: on which data? --data FILE.h5");
    CLI_TRY(cli_size(t->a, "subset", 0, &o.train_count));
    CLI_CHECK(o.train_count > 0 || !cli_has(t->a, "subset"), "--subset must be at least 1");
    CLI_LIBRARY(basin_dataset_read(path, foreign ? &source : NULL, &t->data));
    t->own_data = foreign || o.train_count > 0 || o.noise > 0;
    if (o.train_count > 0 || o.noise != 0) {
        CLI_LIBRARY(basin_dataset_subset(t->data, &o, &subset));
        basin_dataset_destroy(&t->data);
        t->data = subset;
    }
done:
    return status;
}

static int make_loss(training *t)
{
    int         status = CLI_OK;
    const char *ignored = cli_text(t->a, "ignore-index", NULL);
    char       *end = NULL;

    CLI_LIBRARY(basin_loss_find(
        cli_text(t->a, "loss", t->data->classes != NULL ? "softmax_cross_entropy" : "mse"), &t->loss.kind));
    t->loss.label_smoothing = cli_real(t->a, "label-smoothing", 0);
    if (ignored != NULL) {
        errno = 0;
        t->loss.ignores = true;
        t->loss.ignore_index = strtoll(ignored, &end, 10);
        CLI_WANT(end != ignored && *end == '\0' && errno == 0,
                 "train: --ignore-index wants a whole number, got «%s»", ignored);
    }
    CLI_WANT(ignored == NULL || cli_real(t->a, "label-noise", 0) == 0,
             "train: --label-noise with --ignore-index: a target that does not count has no other class");
    CLI_TRY(cli_reals(t->a, "loss-weights", &t->loss.weights, &t->loss.weight_count));
done:
    return status;
}

static int make_objectives(training *t)
{
    int                   status = CLI_OK;
    const char           *precision = cli_text(t->a, "precision", "double");
    basin_network_options o = {.split = "train",
                               .precision = strcmp(precision, "single") == 0 ? BASIN_SINGLE : BASIN_DOUBLE};

    CLI_TRY(make_loss(t));
    CLI_TRY(cli_name_file(cli_library(basin_network_objective(t->graph, &t->loss, t->data, &o, &t->train)),
                          cli_text(t->a, "from", cli_text(t->a, "graph", "--mlp"))));
    o.split = "test";
    if (basin_dataset_split(t->data, "test") != NULL)
        CLI_LIBRARY(basin_network_objective(t->graph, &t->loss, t->data, &o, &t->test));
done:
    return status;
}

/* ------------------------------------------------------------------------------------------------ rule -- */

static int parse_schedule(const char *text, basin_train_options *o)
{
    char tail;

    o->schedule = BASIN_SCHEDULE_CONSTANT;
    if (strcmp(text, "constant") == 0) return CLI_OK;
    o->schedule = BASIN_SCHEDULE_COSINE;
    if (strcmp(text, "cosine") == 0 || sscanf(text, "cosine:%lf%c", &o->schedule_factor, &tail) == 1)
        return CLI_OK;
    o->schedule = BASIN_SCHEDULE_STEP;
    bool digit = strncmp(text, "step:", 5) == 0 && text[5] >= '0' && text[5] <= '9';
    if (digit && sscanf(text, "step:%zu:%lf%c", &o->schedule_period, &o->schedule_factor, &tail) == 2)
        return CLI_OK;
    return cli_usage("train: --schedule wants constant, cosine[:FINAL] or step:PERIOD:FACTOR, got «%s»",
                     text);
}

static int make_rule(training *t)
{
    int                  status = CLI_OK;
    basin_train_options *o = &t->rule;
    size_t               seed;

    CLI_LIBRARY(basin_update_find(cli_text(t->a, "method", "gd"), &o->method));
    CLI_WANT(cli_has(t->a, "learning-rate"), "train: --learning-rate is required");
    CLI_WANT(o->method != BASIN_USAM || cli_has(t->a, "rho"),
             "train: --method usam multiplies the gradient by --rho, for which no value is usual: give one");
    o->learning_rate = cli_real(t->a, "learning-rate", NAN);
    o->momentum = cli_real(t->a, "momentum", 0.9);
    o->rho = cli_real(t->a, "rho", 0.05);
    o->weight_decay = cli_real(t->a, "weight-decay", 0);
    CLI_TRY(cli_size(t->a, "batch-size", 0, &o->batch_size));
    CLI_TRY(cli_size(t->a, "seed", 0, &seed));
    o->seed = seed;
    CLI_TRY(parse_schedule(cli_text(t->a, "schedule", "constant"), o));
done:
    return status;
}

static int make_steps(training *t)
{
    int    status = CLI_OK;
    size_t steps, epochs, samples = basin_objective_samples(t->train), batch = t->rule.batch_size;

    CLI_WANT(cli_has(t->a, "steps") != cli_has(t->a, "epochs"), "train: how long? --steps N or --epochs N");
    CLI_TRY(cli_size(t->a, "steps", 0, &steps));
    CLI_TRY(cli_size(t->a, "epochs", 0, &epochs));
    size_t batches = batch == 0 || batch >= samples ? 1 : (samples + batch - 1) / batch;
    CLI_CHECK(epochs <= 100000000 / batches && steps <= 100000000, "train: more than 100,000,000 steps");
    t->rule.steps = steps > 0 ? steps : epochs * batches;
    CLI_CHECK(t->rule.steps > 0, "train: at least one step");
done:
    return status;
}

static int ascending(const void *a, const void *b)
{
    size_t x = *(const size_t *)a, y = *(const size_t *)b;
    return (x > y) - (x < y);
}

/* The steps that --save and --save-every name and the last, ascending, none twice; caller frees. */
static int read_saves(const cli_arguments *a, size_t steps, size_t **out, size_t *count)
{
    int     status = CLI_OK;
    double *list = NULL;
    size_t *save = NULL, every, listed, n = 0, kept = 0;

    CLI_TRY(cli_size(a, "save-every", 0, &every));
    CLI_TRY(cli_reals(a, "save", &list, &listed));
    CLI_CHECK(every > 0 || !cli_has(a, "save-every"), "--save-every must be at least 1");
    CLI_ALLOC(save, listed + (every > 0 ? steps / every : 0) + 2);
    if (every > 0 || list == NULL) save[n++] = 0;
    for (size_t step = every; every > 0 && step <= steps; step += every) save[n++] = step;
    for (size_t i = 0; i < listed; i++) {
        CLI_CHECK(list[i] >= 0 && list[i] <= (double)steps && list[i] == floor(list[i]),
                  "--save %g is not a step from 0 to %zu", list[i], steps);
        save[n++] = (size_t)list[i];
    }
    save[n++] = steps;
    qsort(save, n, sizeof *save, ascending);
    for (size_t i = 0; i < n; i++)
        if (kept == 0 || save[kept - 1] != save[i]) save[kept++] = save[i];
    *out = save, save = NULL;
    *count = kept;
done:
    basin_free(list);
    basin_free(save);
    return status;
}

/* Where the run of `run` consecutive steps that ends with save[i] begins: not before step 0, nor before the
   step after save[i - 1]. */
static size_t first_of_run(const size_t *save, size_t i, size_t run)
{
    size_t first = save[i] >= run ? save[i] - (run - 1) : 0;

    return i > 0 && first <= save[i - 1] ? save[i - 1] + 1 : first;
}

static int make_saves(training *t)
{
    int     status = CLI_OK;
    size_t *save = NULL, count = 0, run = 1, n = 0;

    CLI_TRY(cli_size(t->a, "save-consecutive", 1, &run));
    CLI_CHECK(run > 0, "--save-consecutive must be at least 1");
    CLI_TRY(read_saves(t->a, t->rule.steps, &save, &count));
    for (size_t i = 0; i < count; i++) n += save[i] + 1 - first_of_run(save, i, run);
    CLI_ALLOC(t->save, n);
    for (size_t i = 0; i < count; i++)
        for (size_t step = first_of_run(save, i, run); step <= save[i]; step++)
            t->save[t->rule.save_count++] = step;
    t->rule.save = t->save;
done:
    basin_free(save);
    return status;
}

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

static int record_at(training *t, basin_objective *o, const char *split, const double *theta,
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

static int record_all(training *t, const basin_train_state *state)
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

static int fill(training *t, const basin_train_state *state)
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

static int save(training *t, const basin_train_state *state)
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

static basin_status on_save(void *payload, const basin_train_state *state)
{
    training *t = payload;

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
static int demand_replaceable(const training *t, const basin_run *there)
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

/* The folder, empty of checkpoints: those of an earlier run go with --force. */
static int prepare_folder(training *t)
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

/* After a failure before the first checkpoint: what was made here goes again. */
static void remove_folder(training *t)
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

static int make_weights(training *t)
{
    int           status = CLI_OK;
    basin_params *params = NULL;

    CLI_LIBRARY(basin_network_params(t->graph, &params));
    CLI_ALLOC(t->theta, params->size);
    if (t->start != NULL)
        memcpy(t->theta, t->start->theta, params->size * sizeof *t->theta);
    else
        CLI_LIBRARY(basin_train_initialise(params, t->rule.seed, t->theta));
done:
    basin_params_destroy(&params);
    return status;
}

static int prepare(training *t)
{
    int status = CLI_OK;

    CLI_WANT((t->folder = cli_text(t->a, "o", NULL)) != NULL, "train: where to? -o RUN");
    CLI_LIBRARY(basin_run_identity(t->run));
    CLI_TRY(make_rule(t));
    CLI_TRY(make_graph(t));
    CLI_TRY(make_data(t));
    CLI_TRY(make_objectives(t));
    CLI_TRY(make_steps(t));
    CLI_TRY(make_saves(t));
    CLI_TRY(make_weights(t));
    CLI_TRY(prepare_folder(t));
done:
    return status;
}

static int run(const cli_arguments *a)
{
    int      status = CLI_OK;
    training t = {.a = a, .claim = -1};

    CLI_TRY(prepare(&t));
    t.rule.callback = on_save, t.rule.payload = &t;
    t.table = cli_table_create(t.test != NULL ? "rrrrrr" : "rrrr");
    cli_table_titles(t.table, t.test != NULL ? "step|gradients|train loss|accuracy|test loss|accuracy"
                                             : "step|gradients|train loss|accuracy");
    basin_status trained = basin_train(t.train, t.theta, &t.rule);
    CLI_TRY(t.status); /* a save that failed explains more than the training that it stopped */
    CLI_LIBRARY(trained);
    cli_monitor_clear();
    printf("%s: %s, seed %llu, %s samples, P = %s\n", t.folder, cli_text(a, "method", "gd"),
           (unsigned long long)t.rule.seed, cli_thousands(basin_objective_samples(t.train)),
           cli_thousands(basin_objective_size(t.train)));
    cli_table_print(t.table, 2, stdout);
    t.table = NULL;
    if (t.diverged)
        cli_warn("%s: diverged: weights or loss are not finite; the last checkpoint holds them as they are",
                 t.folder);
done:
    if (status != CLI_OK && t.saved == 0) remove_folder(&t);
    cli_folder_release(t.folder, &t.claim);
    cli_table_destroy(&t.table);
    basin_free(t.theta);
    basin_free(t.save);
    basin_objective_destroy(&t.train);
    basin_objective_destroy(&t.test);
    basin_dataset_destroy(&t.data);
    basin_loss_spec_clear(&t.loss);
    basin_graph_destroy(&t.graph);
    basin_checkpoint_destroy(&t.start);
    return status;
}

const cli_command cli_command_train = {
    .name = "train",
    .usage = "train --mlp 64-32-10 --data D.h5 --method M --learning-rate X --steps N -o RUN",
    .about = "Trains a small network and saves checkpoints RUN/step_NNNNNN.h5 with everything the format "
             "holds. gd is full batch with\n"
             "heavy ball 0.9 (--momentum 0 without). One seed gives every method the same initial weights, "
             "subset, label noise and\n"
             "batch order, and the same bits for any number of threads. --subset and --label-noise write "
             "RUN/data.h5.",
    .examples = "  basin train --mlp 64-32-10 --data samples/digits.h5 --method gd --learning-rate 0.1 "
                "--steps 400 -o runs/gd_0\n"
                "  basin train --graph net.json --data d.h5 --method msam --learning-rate 0.05 --rho 0.3 "
                "--batch-size 32 --epochs 20 --save-every 50 --save-consecutive 8 -o runs/msam_1\n",
    .options = options,
    .common = CLI_COMMON_WORK,
    .least = 0,
    .most = 0,
    .run = run,
};

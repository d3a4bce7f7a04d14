/* basin train: the sample trainer. Everything of a run goes into one folder: step_000123.h5 checkpoints, and
 * data.h5 where --subset or --label-noise made a data set that was not there before. One seed gives every
 * method the same initial weights, subset, noise and batch order.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/monitor.h"
#include "cli/paths.h"
#include "cli/training.h"

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
static int read_start(cli_training *t, const char *path)
{
    int status = CLI_OK, weights;

    CLI_LIBRARY(basin_checkpoint_read(path, &t->start));
    CLI_LIBRARY(basin_checkpoint_finite(t->start));
    CLI_LIBRARY(basin_checkpoint_unperturb(t->start, BASIN_UNPERTURB_RECORDED, &weights));
    CLI_CHECK(t->start->perturbed != BASIN_PERTURBED_UNKNOWN,
              "%s: does not say whether its weights are perturbed: --from needs ones that are not", path);
    CLI_LIBRARY(basin_graph_copy(t->start->graph, &t->graph));
    if (weights == BASIN_WEIGHTS_UNDONE)
        cli_note("%s: its weights are stored perturbed; the training starts from theta, with that undone",
                 path);
done:
    return status;
}

static int make_graph(cli_training *t)
{
    int         status = CLI_OK;
    const char *file = cli_text(t->a, "graph", NULL), *mlp = cli_text(t->a, "mlp", NULL),
               *from = cli_text(t->a, "from", NULL);
    size_t widths[64], count = 0;

    CLI_WANT((file != NULL) + (mlp != NULL) + (from != NULL) == 1,
             "train: which network? one of --graph FILE.json, --mlp 64-32-10 and --from CHECKPOINT");
    CLI_WANT(mlp != NULL || !cli_has(t->a, "activation"), "train: --activation is of the network of --mlp");
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

static int make_data(cli_training *t)
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

static int make_loss(cli_training *t)
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

static int make_objectives(cli_training *t)
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

static int make_rule(cli_training *t)
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
    CLI_WANT(o->learning_rate > 0 && isfinite(o->learning_rate),
             "train: --learning-rate must be a finite number above 0, got %g", o->learning_rate);
    CLI_WANT(o->momentum >= 0 && o->momentum < 1, "train: --momentum must be at least 0 and below 1, got %g",
             o->momentum);
    CLI_WANT(o->rho >= 0 && isfinite(o->rho), "train: --rho must be a finite number of at least 0, got %g",
             o->rho);
    CLI_WANT(o->weight_decay >= 0 && isfinite(o->weight_decay),
             "train: --weight-decay must be a finite number of at least 0, got %g", o->weight_decay);
    CLI_TRY(cli_size(t->a, "batch-size", 0, &o->batch_size));
    CLI_TRY(cli_size(t->a, "seed", 0, &seed));
    o->seed = seed;
    CLI_TRY(parse_schedule(cli_text(t->a, "schedule", "constant"), o));
done:
    return status;
}

static int make_steps(cli_training *t)
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

static int make_saves(cli_training *t)
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

static int make_weights(cli_training *t)
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

static int prepare(cli_training *t)
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
    CLI_TRY(cli_training_prepare_folder(t));
done:
    return status;
}

static int run(const cli_arguments *a)
{
    int          status = CLI_OK;
    cli_training t = {.a = a, .claim = -1};

    CLI_TRY(prepare(&t));
    t.rule.callback = cli_training_save, t.rule.payload = &t;
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
    if (status != CLI_OK && t.saved == 0) cli_training_remove_folder(&t);
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

#include "cli/source.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/monitor.h"
#include "cli/provenance.h"
#include "cli/shared_data.h"
#include "cli/state.h"
#include "cli/table.h"

/* --------------------------------------------------------------------------- asking about perturbation -- */

static int loss_at(const cli_source *source, double s, double *point, double *out)
{
    int                     status = CLI_OK;
    const basin_checkpoint *ck = source->ck;
    const double           *v = basin_checkpoint_momentum(ck);
    basin_loss              loss;

    for (size_t i = 0; i < ck->params->size; i++) point[i] = ck->theta[i] + (v != NULL ? s * v[i] : 0);
    CLI_LIBRARY(basin_objective_loss(source->objectives[0], NULL, point, &loss));
    *out = basin_loss_value(&loss) + basin_decay_term(&source->record.included, point, ck->params->size);
done:
    return status;
}

/* The recorded scalar and radius do not fit each other, as the library's last message says. */
static int mismatch(void)
{
    return cli_fail("%s: --undo-scalar rho takes that, --undo-scalar X another, --as-stored keeps the "
                    "weights",
                    basin_error_message());
}

/* The losses at the stored weights and at stored ± s v, beside what was recorded, on stderr. */
static int ask(const cli_source *source)
{
    int                     status = CLI_OK;
    const basin_checkpoint *ck = source->ck;
    double                  s = basin_checkpoint_undo_scalar(ck), *point = NULL, loss;
    cli_table              *table = NULL;

    CLI_ALLOC(point, ck->params->size);
    table = cli_table_create("lr");
    for (int sign = 0; sign < 3; sign++) {
        double step = sign == 0 ? 0 : sign == 1 ? s : -s;
        if (isnan(step)) continue;
        CLI_TRY(loss_at(source, step, point, &loss));
        if (sign == 0)
            cli_table_cell(table, "as stored (--as-stored)");
        else
            cli_table_cell(table, sign == 1 ? "stored + s v (--undo), s = %.6g" : "stored - s v, s = %.6g",
                           s);
        cli_table_number(table, loss, 8);
    }
    for (size_t i = 0; i < ck->recorded_count; i++) {
        const basin_recorded *r = &ck->recorded[i];
        if (strcmp(r->quantity, "loss") != 0 || strcmp(r->split, source->splits[0]) != 0) continue;
        const bool alike = strcmp(r->mode, "eval") == 0 && strcmp(r->coverage, "full") == 0;
        cli_table_cell(table, "recorded at %s, %s mode, %s%s", r->point, r->mode, r->coverage,
                       alike ? "" : ": another loss, which decides nothing");
        cli_table_number(table, r->value, 8);
    }
    cli_monitor_clear();
    fprintf(stderr, "%s does not say whether its weights are perturbed; loss on %s:\n", cli_plain(ck->path),
            source->splits[0]);
    cli_table_print(table, 2, stderr);
    table = NULL;
    const char *ways =
        isnan(s) ? "--as-stored (it holds no scalar that would undo it)" : "--as-stored or --undo";
    if (basin_checkpoint_undo_check(ck) != BASIN_OK)
        status = mismatch();
    else
        status = cli_fail("%s: perturbed or not? choose %s" CLI_CONVERT_AGAIN, ck->path, ways);
done:
    cli_table_destroy(&table);
    basin_free(point);
    return status;
}

basin_unperturb cli_unperturb(const cli_arguments *a)
{
    if (cli_has(a, "as-stored")) return BASIN_UNPERTURB_NEVER;
    if (strcmp(cli_text(a, "undo-scalar", ""), "rho") == 0) return BASIN_UNPERTURB_RHO;
    return cli_has(a, "undo") ? BASIN_UNPERTURB_UNDO : BASIN_UNPERTURB_RECORDED;
}

/* --undo-scalar X. */
static int undo_by_number(const cli_arguments *a, basin_checkpoint *ck, int *weights)
{
    int         status = CLI_OK;
    const char *text = cli_text(a, "undo-scalar", NULL);
    char       *end = NULL;
    double      scalar = strtod(text, &end);

    CLI_WANT(end != text && *end == '\0' && isfinite(scalar),
             "%s: --undo-scalar wants a number or rho, got «%s»", a->command->name, text);
    CLI_LIBRARY(basin_checkpoint_undo_by(ck, scalar));
    *weights = BASIN_WEIGHTS_UNDONE;
done:
    return status;
}

/* Settles where theta is. An unknown one is left as it is with *weights -1. */
static int settle(const cli_arguments *a, basin_checkpoint *ck, bool quiet, int *weights)
{
    int                   status = CLI_OK;
    const basin_unperturb policy = cli_unperturb(a);
    basin_status          settled;

    if (cli_has(a, "undo-scalar") && policy != BASIN_UNPERTURB_RHO && policy != BASIN_UNPERTURB_NEVER &&
        ck->perturbed != BASIN_PERTURBED_NO) {
        CLI_TRY(undo_by_number(a, ck, weights));
    } else {
        settled = basin_checkpoint_unperturb(ck, policy, weights);
        if (settled == BASIN_ERR_VALUE) CLI_TRY(mismatch());
        CLI_LIBRARY(settled);
    }
    if (*weights == BASIN_WEIGHTS_UNDONE && !quiet)
        cli_note(
            "%s: the stored weights are perturbed; undone: theta = stored %c %.6g v (--as-stored keeps them)",
            ck->path, ck->undo < 0 ? '-' : '+', fabs(ck->undo));
done:
    return status;
}

int cli_checkpoint_open(const cli_arguments *a, const char *path, bool quiet, basin_checkpoint **out,
                        int *weights)
{
    int               status = CLI_OK;
    basin_checkpoint *ck = NULL;

    CLI_LIBRARY(basin_checkpoint_read(path, &ck));
    CLI_LIBRARY(basin_checkpoint_finite(ck));
    CLI_TRY(settle(a, ck, quiet, weights));
    *out = ck, ck = NULL;
done:
    basin_checkpoint_destroy(&ck);
    return status;
}

/* -------------------------------------------------------------------------------------- the objectives -- */

static int include_decay(const cli_arguments *a, cli_source *s)
{
    int status = CLI_OK;

    if (!cli_has(a, "include-weight-decay")) return CLI_OK;
    CLI_CHECK(s->ck->decay != NULL || !isnan(s->ck->hyper.weight_decay),
              "%s: --include-weight-decay: the checkpoint records no weight decay", s->ck->path);
    s->record.included = basin_checkpoint_decay(s->ck);
    s->provenance->weight_decay_included = s->ck->decay != NULL ? (double)NAN : s->record.included.value;
done:
    return status;
}

/* The samples that are chosen of a split, into the options of an objective. */
static int choose_samples(const cli_source *s, const char *name, basin_network_options *options)
{
    int                status = CLI_OK;
    const basin_split *split = basin_dataset_split(s->data, name);

    cli_subset_choose(&s->subset, name, options);
    if (split != NULL && split->count > 0 && options->rows != NULL)
        CLI_TRY(cli_subset_demand(&s->subset, split));
done:
    return status;
}

/* Keeps what the objective computes, with --state: it is told from others by all that it was made of, the
   network of that checkpoint and what is moved `beside` it. */
static int attach(const cli_source *s, const basin_checkpoint *network, const basin_network_options *o,
                  const char *beside, basin_objective *objective)
{
    int  status = CLI_OK;
    char identity[1200];
    int  used =
        snprintf(identity, sizeof identity,
                 "network %s, loss of %s, data %s, split %s without %s, %zu samples, seed %llu, rows %s, "
                 "part %zu, precision %d, statistics %d of %zu%s%s",
                 network->digest, s->ck->digest, s->data->digest, o->split,
                 o->without != NULL ? o->without : "none", o->samples, (unsigned long long)o->seed,
                 o->rows != NULL ? s->subset.digest : "all", o->part, (int)o->precision, (int)o->bn,
                 o->bn_batch, s->ck->loss.normalizes ? ", normalised logits" : "", beside);

    CLI_CHECK(used > 0 && (size_t)used < sizeof identity, "%s: the name of split %.40s is too long",
              s->ck->path, o->split);
    CLI_TRY(cli_state_attach(objective, identity));
done:
    return status;
}

static int compile(const cli_source *s, const basin_checkpoint *network, const basin_network_options *o,
                   basin_objective **out)
{
    int              status = CLI_OK;
    basin_objective *objective = NULL;

    CLI_LIBRARY(basin_network_objective(network->graph, &s->ck->loss, s->data, o, &objective));
    CLI_TRY(attach(s, network, o, "", objective));
    *out = objective, objective = NULL;
done:
    basin_objective_destroy(&objective);
    return status;
}

int cli_source_objective(const cli_source *s, const char *name, size_t part, basin_objective **out)
{
    int                   status = CLI_OK;
    basin_network_options options = s->options;

    options.part = part;
    CLI_TRY(choose_samples(s, name, &options));
    CLI_TRY(compile(s, s->ck, &options, out));
done:
    return status;
}

int cli_source_moving(const cli_source *s, const char *name, size_t d, basin_checkpoint *const *ends,
                      const double *at, basin_objective **out)
{
    int                   status = CLI_OK;
    basin_network_options options = s->options;
    basin_objective      *objective = NULL;
    const basin_graph    *graphs[2] = {NULL, NULL};
    char                  beside[300] = "";

    options.bn = BASIN_BN_INTERPOLATE;
    CLI_TRY(choose_samples(s, name, &options));
    CLI_LIBRARY(basin_network_objective(s->ck->graph, &s->ck->loss, s->data, &options, &objective));
    for (size_t i = 0; i < d; i++) {
        const size_t used = strlen(beside);
        if (ends[i] != NULL) graphs[i] = ends[i]->graph;
        snprintf(beside + used, sizeof beside - used, ", along %zu %s at %a", i,
                 ends[i] != NULL ? ends[i]->digest : "none", at[i]);
    }
    CLI_LIBRARY(basin_network_interpolate(objective, d, graphs, at));
    CLI_TRY(attach(s, s->ck, &options, beside, objective));
    *out = objective, objective = NULL;
done:
    basin_objective_destroy(&objective);
    return status;
}

int cli_source_own(const cli_source *s, const basin_checkpoint *network, basin_objective **out)
{
    int                   status = CLI_OK;
    basin_network_options options = s->options;

    if (!basin_graph_uses(network->graph, "BatchNormalization")) options.bn = BASIN_BN_STORED;
    CLI_TRY(choose_samples(s, s->splits[0], &options));
    CLI_TRY(compile(s, network, &options, out));
done:
    return status;
}

int cli_source_clean(const cli_source *s, basin_objective **out)
{
    int                   status = CLI_OK;
    basin_network_options options = s->options;

    *out = NULL;
    if (strcmp(s->splits[0], "train") != 0 || basin_dataset_split(s->data, "noisy") == NULL) return CLI_OK;
    cli_subset_choose(&s->subset, "train", &options);
    options.split = "train", options.without = "noisy";
    basin_status made = basin_network_objective(s->ck->graph, &s->ck->loss, s->data, &options, out);
    if (made != BASIN_ERR_VALUE) CLI_LIBRARY(made); /* no clean one among the samples: unknown */
    if (*out != NULL) CLI_TRY(attach(s, s->ck, &options, "", *out));
done:
    return status;
}

int cli_source_point(cli_source *s, basin_point **out)
{
    int status = CLI_OK;

    if (s->measured == NULL)
        CLI_LIBRARY(basin_point_create(s->objectives[0], s->ck->theta, &s->record, &s->measured));
    *out = s->measured;
done:
    return status;
}

int cli_source_loss(const cli_source *s, basin_loss *out)
{
    int status = CLI_OK;

    CLI_LIBRARY(basin_objective_loss(s->objectives[0], NULL, s->ck->theta, out));
    out->sum += out->weight * basin_decay_term(&s->record.included, s->ck->theta, s->ck->params->size);
done:
    return status;
}

int cli_source_row(const cli_source *s, basin_row *row)
{
    int status = CLI_OK;

    basin_free(row->data_digest);
    CLI_CHECK((row->data_digest = basin_strdup(s->data->digest)) != NULL, "out of memory for a row");
    row->weights = s->weights;
    row->split_samples = cli_source_split_samples(s);
done:
    return status;
}

size_t cli_source_split_samples(const cli_source *s)
{
    const basin_split *split = basin_dataset_split(s->data, s->splits[0]);

    return split != NULL ? split->count : 0;
}

/* --bn, refused where the command has no use for it. */
static int read_bn(const cli_arguments *a, basin_bn *kind, size_t *batch)
{
    int         status = CLI_OK;
    const char *text = cli_text(a, "bn", "stored"), *name = a->command->name;
    char       *end = NULL;
    const bool  sized = strncmp(text, "batch:", 6) == 0;
    long long   size = sized && text[6] >= '0' && text[6] <= '9' ? strtoll(text + 6, &end, 10) : 0;

    *batch = 0;
    if (strcmp(text, "stored") == 0) {
        *kind = BASIN_BN_STORED;
    } else if (strcmp(text, "reestimate") == 0) {
        *kind = BASIN_BN_REESTIMATE;
        CLI_WANT(strcmp(name, "check") != 0, "check: --bn reestimate: gradient and curvature hold the "
                                             "statistics constant, differences of the loss do not");
    } else if (strcmp(text, "interpolate") == 0) {
        *kind = BASIN_BN_INTERPOLATE;
        CLI_WANT(strcmp(name, "slice") == 0,
                 "%s: --bn interpolate moves statistics along --along to:OTHER: only slice takes it", name);
    } else {
        CLI_WANT(sized && size > 0 && end != NULL && *end == '\0',
                 "%s: --bn wants stored | reestimate | interpolate | batch:SIZE, got «%s»", name, text);
        *kind = BASIN_BN_BATCH;
        *batch = (size_t)size;
    }
done:
    return status;
}

/* Along to:OTHER the statistics go with the weights, unless --bn says otherwise: coordinate 1 is OTHER. A
   second direction that is made orthogonal does not lead there. */
static void follow_weights(const cli_arguments *a, cli_source *s)
{
    bool leads = false;

    if (cli_has(a, "bn") || !basin_graph_uses(s->ck->graph, "BatchNormalization")) return;
    for (size_t i = 0, axis = 0; i < a->given_count; i++) {
        if (strcmp(a->given[i].option->name, "along") != 0) continue;
        const bool to = strncmp(a->given[i].text, "to:", 3) == 0;
        if (to && axis > 0 && cli_has(a, "orthogonal")) return;
        leads = leads || to, axis++;
    }
    if (leads) s->options.bn = BASIN_BN_INTERPOLATE;
}

cli_statistics cli_source_statistics(const cli_source *s)
{
    const char *gathered = s->ck->buffers_point;
    const bool  perturbed = s->weights == BASIN_WEIGHTS_AS_STORED && s->ck->perturbed != BASIN_PERTURBED_NO;

    if (s->options.bn != BASIN_BN_STORED || gathered == NULL || perturbed ||
        !basin_graph_uses(s->ck->graph, "BatchNormalization"))
        return CLI_STATISTICS_OWN;
    return strcmp(gathered, "theta_perturbed") == 0 ? CLI_STATISTICS_PERTURBED
           : strcmp(gathered, "sam") == 0           ? CLI_STATISTICS_HALF
                                                    : CLI_STATISTICS_OWN;
}

static void warn_of_statistics(const cli_source *s)
{
    switch (cli_source_statistics(s)) {
    case CLI_STATISTICS_OWN: break;
    case CLI_STATISTICS_PERTURBED:
        cli_warn("%s: its BatchNorm statistics were gathered at the perturbed weights and belong to those; "
                 "--bn reestimate takes them at these",
                 s->ck->path);
        break;
    case CLI_STATISTICS_HALF:
        cli_warn(
            "%s: its BatchNorm statistics were gathered in both passes of SAM, half of them at perturbed "
            "weights, unless its loop stopped them there; --bn reestimate takes them at these",
            s->ck->path);
        break;
    }
}

/* Every choice of samples must be of a split that is read; a polish reads the training split in any case. */
static int demand_splits(const cli_arguments *a, const cli_source *s)
{
    int  status = CLI_OK;
    bool test = strcmp(s->splits[0], "test") == 0;
    bool polish = a->command->common & CLI_COMMON_POINT && cli_has(a, "polish");

    CLI_CHECK(s->subset.test_samples == 0 || test || s->count > 1,
              "%s: --test-samples: no split test is measured", s->ck->path);
    CLI_CHECK(!cli_subset_given(&s->subset) || !test || polish,
              "%s: --samples and --rows choose training samples, --test-samples those of the split test",
              s->ck->path);
done:
    return status;
}

static int open_objectives(const cli_arguments *a, bool test_too, cli_source *s)
{
    int status = CLI_OK;

    s->options.precision = (basin_precision)s->provenance->precision;
    s->bn = s->options.bn;
    if (s->bn == BASIN_BN_INTERPOLATE) s->options.bn = BASIN_BN_STORED; /* they move along a slice's lines */
    s->splits[s->count++] = cli_text(a, "split", "train");
    if (test_too && !cli_has(a, "split") && basin_dataset_split(s->data, "test") != NULL)
        s->splits[s->count++] = "test";
    CLI_TRY(demand_splits(a, s));
    for (size_t i = 0; i < s->count; i++)
        CLI_TRY(cli_source_objective(s, s->splits[i], 0, &s->objectives[i]));
    CLI_CHECK(s->bn != BASIN_BN_BATCH || s->options.bn_batch <= basin_objective_samples(s->objectives[0]),
              "%s: --bn batch:%zu: a batch is larger than the %zu samples of %s", s->ck->path,
              s->options.bn_batch, basin_objective_samples(s->objectives[0]), s->splits[0]);
done:
    return status;
}

/* The data may have been read for another checkpoint, which names them by another path. */
static int describe_data(const cli_arguments *a, const cli_source *s)
{
    int   status = CLI_OK;
    char *path = NULL;

    CLI_LIBRARY(basin_checkpoint_data_file(s->ck, cli_text(a, "data", NULL), &path));
    CLI_TRY(cli_provenance_input(s->provenance, BASIN_INPUT_DATA, path, s->data->digest));
done:
    basin_free(path);
    return status;
}

static int describe(const cli_arguments *a, const char *path, bool quiet, cli_source *s)
{
    int               status = CLI_OK;
    basin_provenance *p = s->provenance;

    CLI_TRY(cli_provenance_input(p, BASIN_INPUT_CHECKPOINT, path, s->ck->digest));
    CLI_TRY(describe_data(a, s));
    if (s->subset.path != NULL)
        CLI_TRY(cli_provenance_input(p, BASIN_INPUT_ROWS, s->subset.path, s->subset.digest));
    CLI_LIBRARY(basin_provenance_record(p, s->ck));
    p->weights = s->weights;
    p->split_samples = cli_source_split_samples(s);
    if (basin_graph_uses(s->ck->graph, "BatchNormalization")) {
        p->bn = (basin_bn_mode){(int)s->bn, s->options.bn_batch};
        if (!quiet) warn_of_statistics(s);
    }
    CLI_TRY(cli_provenance_loss(p, &s->ck->loss));
done:
    return status;
}

/* Of commands that have the option. */
static bool wants_unit_logits(const cli_arguments *a)
{
    for (size_t i = 0; i < a->given_count; i++)
        if (strcmp(a->given[i].option->name, "normalize-logits") == 0) return true;
    return false;
}

int cli_source_open(const cli_arguments *a, const char *path, bool test_too, bool quiet, cli_source *out)
{
    int        status = CLI_OK;
    cli_source s = {0};

    /* a fault of the file of rows is none of the checkpoint */
    if ((status = cli_subset_read(a, &s.subset)) != CLI_OK) return status;
    CLI_TRY(read_bn(a, &s.options.bn, &s.options.bn_batch));
    CLI_TRY(cli_checkpoint_open(a, path, quiet, &s.ck, &s.weights));
    s.ck->loss.normalizes = wants_unit_logits(a);
    CLI_TRY(cli_data_open(a, s.ck, &s.data));
    CLI_TRY(cli_provenance_create(a, &s.provenance));
    s.record = basin_point_recorded(s.ck);
    follow_weights(a, &s);
    CLI_TRY(include_decay(a, &s));
    CLI_TRY(open_objectives(a, test_too, &s));
    if (s.weights < 0) CLI_TRY(ask(&s));
    CLI_TRY(describe(a, path, quiet, &s));
    CLI_TRY(cli_size(a, "stationarity-products", 0, &s.record.products));
    CLI_CHECK(s.record.products > 0 || !cli_has(a, "stationarity-products"),
              "--stationarity-products must be at least 1");
    *out = s, s = (cli_source){0};
done:
    cli_source_close(&s);
    return cli_name_file(status, path);
}

void cli_source_close(cli_source *s)
{
    basin_point_destroy(&s->measured);
    for (size_t i = 0; i < 2; i++) basin_objective_destroy(&s->objectives[i]);
    basin_free(s->scale);
    cli_subset_clear(&s->subset);
    basin_dataset_destroy(&s->data);
    basin_checkpoint_destroy(&s->ck);
    basin_provenance_destroy(&s->provenance);
    *s = (cli_source){0};
}

/* basin info: what a checkpoint says of itself. Reads the file alone, weights with NaN included; --gradient
   brings the data. */
#include <math.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/monitor.h"
#include "cli/point.h"
#include "cli/provenance.h"
#include "cli/report.h"
#include "cli/runs.h"

static const cli_option options[] = {
    {"gradient", CLI_FLAG, NULL,
     "with the data: gradient, its angle to the momentum, is the point stationary", false},
    CLI_RUN_OPTION,
    {NULL, CLI_FLAG, NULL, NULL, false}};

static int from_file(const cli_arguments *a, const char *path, basin_info **out,
                     basin_provenance **provenance)
{
    int               status = CLI_OK;
    basin_checkpoint *ck = NULL;
    basin_info       *info = NULL;

    CLI_LIBRARY(basin_checkpoint_read(path, &ck));
    CLI_LIBRARY(basin_info_compute(ck, &info));
    CLI_TRY(cli_provenance_create(a, provenance));
    CLI_TRY(cli_provenance_input(*provenance, BASIN_INPUT_CHECKPOINT, path, ck->digest));
    CLI_LIBRARY(basin_provenance_record(*provenance, ck));
    (*provenance)->weights = BASIN_WEIGHTS_AS_STORED;
    *out = info, info = NULL;
done:
    basin_info_destroy(&info);
    basin_checkpoint_destroy(&ck);
    return status;
}

static int with_gradient(const cli_arguments *a, const char *path, basin_info **out,
                         basin_provenance **provenance)
{
    int          status = CLI_OK;
    cli_source   s = {0};
    basin_info  *info = NULL;
    basin_point *point;

    CLI_TRY(from_file(a, path, &info, provenance));
    basin_provenance_destroy(provenance);
    CLI_TRY(cli_source_open(a, path, false, false, &s));
    CLI_TRY(cli_point_take(a, &s));
    CLI_TRY(cli_source_point(&s, &point));
    CLI_LIBRARY(basin_info_gradient(point, s.ck, info));
    *provenance = s.provenance, s.provenance = NULL;
    *out = info, info = NULL;
done:
    basin_info_destroy(&info);
    cli_source_close(&s);
    return status;
}

static int check(const cli_arguments *a)
{
    int status = CLI_OK;

    CLI_WANT(cli_has(a, "gradient") || (!cli_has(a, "polish") && !cli_has(a, "average")),
             "info: --polish and --average measure with the data: add --gradient");
done:
    return status;
}

static int add_file(const cli_arguments *a, const char *path, cli_batch *out)
{
    int               status = CLI_OK;
    basin_info       *info = NULL;
    basin_provenance *provenance = NULL;

    CLI_TRY(cli_has(a, "gradient") ? cli_name_file(with_gradient(a, path, &info, &provenance), path)
                                   : from_file(a, path, &info, &provenance));
    CLI_TRY(cli_batch_add(out, BASIN_RESULT_INFO, info, provenance));
    info = NULL, provenance = NULL;
done:
    basin_info_destroy(&info);
    basin_provenance_destroy(&provenance);
    return status;
}

/* A folder stands for the checkpoints of its run; one that cannot be read is named, and the others go on. */
static int add_folder(const cli_arguments *a, const char *path, cli_batch *out)
{
    int        status = CLI_OK;
    basin_run *run = NULL;
    char      *doubt = NULL;
    size_t     before = out->count;

    CLI_TRY(cli_run_open(a, path, &run, &doubt));
    if (doubt != NULL) cli_warn("%s", doubt);
    for (size_t i = 0; i < run->count; i++) {
        if (add_file(a, run->entries[i].path, out) == CLI_OK) continue;
        CLI_TRY(cli_monitor_check());
        cli_warn("%s", cli_message());
    }
    CLI_CHECK(out->count > before, "%s: none of its checkpoints can be read", path);
done:
    basin_free(doubt);
    basin_run_destroy(&run);
    return status;
}

static int compute(const cli_arguments *a, cli_batch *out)
{
    int         status = CLI_OK;
    struct stat found;

    for (size_t i = 0; i < a->operand_count; i++) {
        const char *path = a->operands[i];
        if (stat(path, &found) == 0 && S_ISDIR(found.st_mode)) {
            CLI_TRY(add_folder(a, path, out));
            continue;
        }
        CLI_TRY(add_file(a, path, out));
        CLI_TRY(cli_warn_of_folder(path));
    }
done:
    return status;
}

/* -------------------------------------------------------------------------------------------- printing -- */

static void print_setting(const char *name, double value, FILE *out)
{
    if (!isnan(value)) fprintf(out, ", %s %g", name, value);
}

static bool decays_by_tensor(const basin_info *info)
{
    return info->tensor_count > 0 && !isnan(info->tensors[0].weight_decay);
}

static void print_training(const basin_info *info, FILE *out)
{
    fprintf(out, "  method      %s", info->method != NULL ? info->method : "not recorded");
    print_setting("learning rate", info->learning_rate, out);
    print_setting("momentum", info->momentum, out);
    print_setting("rho", info->rho, out);
    print_setting(info->weight_decay_coupled ? "weight decay (coupled)" : "weight decay (decoupled)",
                  info->weight_decay > 0 ? info->weight_decay : NAN, out);
    if (decays_by_tensor(info))
        fprintf(out, ", weight decay by tensor (%s)", info->weight_decay_coupled ? "coupled" : "decoupled");
    if (info->batch_size == 0) fprintf(out, ", full batch");
    if (info->batch_size > 0) fprintf(out, ", batches of %lld", (long long)info->batch_size);
    if (info->seed >= 0) fprintf(out, ", seed %lld", (long long)info->seed);
    if (info->run != NULL) fprintf(out, "\n  run         %s", info->run);
    fprintf(out, "\n  reached     ");
    if (info->step >= 0)
        fprintf(out, "step %lld", (long long)info->step);
    else
        fprintf(out, "step not recorded");
    print_setting("epoch", info->epoch, out);
    if (info->gradient_evaluations >= 0)
        fprintf(out, ", %lld gradient evaluations", (long long)info->gradient_evaluations);
    if (!isnan(info->seconds)) fprintf(out, ", %.3g s", info->seconds);
    fputc('\n', out);
}

/* Where the module counts more than is studied. */
static void print_module(const basin_info *info, FILE *out)
{
    const int64_t frozen = info->module_parameters - (int64_t)info->parameters -
                           (info->outside_parameters > 0 ? info->outside_parameters : 0);

    if (info->module_parameters < 0 || info->module_parameters == (int64_t)info->parameters) return;
    fprintf(out, "\n  module      %s parameters", cli_thousands((size_t)info->module_parameters));
    if (frozen > 0) fprintf(out, ", %s of them frozen", cli_thousands((size_t)frozen));
    if (info->outside_parameters > 0)
        fprintf(out, "%s the loss does not depend on %s of them: %s", frozen > 0 ? ";" : ",",
                cli_thousands((size_t)info->outside_parameters),
                info->outside != NULL ? info->outside : "not named");
}

static void print_weights(const basin_info *info, FILE *out)
{
    fprintf(out, "  weights     P = %s in %s layers, |theta| = %s, perturbed: %s",
            cli_thousands(info->parameters), cli_thousands(info->layers), cli_number(info->theta_norm, 6),
            basin_perturbed_text((basin_perturbed)info->perturbed));
    if (!isnan(info->undo) && info->undo != 0)
        fprintf(out, " (theta = stored %c %.6g v)", info->undo < 0 ? '-' : '+', fabs(info->undo));
    print_module(info, out);
    if (info->has_momentum)
        fprintf(out, "\n  momentum    |v| = %s\n", cli_number(info->momentum_norm, 6));
    else
        fprintf(out, "\n  momentum    not saved\n");
    if (info->not_finite > 0)
        fprintf(out, "  NOT FINITE  %s weights are NaN or Inf\n", cli_thousands(info->not_finite));
}

static void print_tensors(const basin_info *info, FILE *out)
{
    const bool decay = decays_by_tensor(info);
    cli_table *table = cli_table_create(decay ? "llrrrl" : "llrrl");

    cli_table_titles(table, decay ? "tensor|shape|norm|momentum|decay|" : "tensor|shape|norm|momentum|");
    for (size_t i = 0; i < info->tensor_count; i++) {
        const basin_tensor_info *t = &info->tensors[i];
        char                     shape[160] = "[";
        for (size_t r = 0; r < t->rank; r++) {
            size_t used = strlen(shape);
            snprintf(shape + used, sizeof shape - used, "%s%zu", r > 0 ? ", " : "", t->shape[r]);
        }
        cli_table_cell(table, "%s", t->name);
        cli_table_cell(table, "%s]", shape);
        cli_table_number(table, t->norm, 6);
        cli_table_number(table, t->momentum_norm, 6);
        if (decay) cli_table_number(table, t->weight_decay, 6);
        if (t->not_finite > 0)
            cli_table_cell(table, "%s NaN or Inf", cli_thousands(t->not_finite));
        else
            cli_table_cell(table, "%s", "");
    }
    cli_table_print(table, 2, out);
}

static void print_recorded(const basin_info *info, FILE *out)
{
    static const char *const sources[] = {
        [BASIN_REPORTED] = "reported by the training",
        [BASIN_COMPUTED_AT_SAVING] = "computed at saving",
        [BASIN_COMPUTED_AT_CONVERSION] = "computed at conversion",
    };
    cli_table *table = cli_table_create("llllrl");

    cli_table_untitled(table);
    for (size_t i = 0; i < info->recorded_count; i++) {
        const basin_recorded *r = &info->recorded[i];
        cli_table_cell(table, "%s %s", r->split, r->quantity);
        cli_table_cell(table, "at %s", r->point);
        cli_table_cell(table, "%s mode", r->mode);
        cli_table_cell(table, "%s", r->coverage);
        cli_table_number(table, r->value, 8);
        if (r->source == BASIN_REPORTED && r->stood == NULL) /* by the program that wrote the file */
            cli_table_cell(table, "%s", "");
        else
            cli_table_cell(table, "%s%s%s", sources[r->source], r->stood != NULL ? ": " : "",
                           r->stood != NULL ? r->stood : "");
    }
    if (info->recorded_count > 0) fputs("\n  recorded\n", out);
    cli_table_print(table, 2, out);
}

static void print(const basin_result *result, FILE *out)
{
    const basin_info *info = result->value;

    fprintf(out, "%s\n", cli_plain(info->checkpoint != NULL ? info->checkpoint : "checkpoint"));
    print_training(info, out);
    print_weights(info, out);
    fprintf(out, "  loss        %s\n",
            info->loss != NULL ? info->loss : basin_loss_name((basin_loss_kind)info->loss_kind));
    if (info->data_path != NULL)
        fprintf(out, "  data        %s, SHA-256 %.16s…\n", cli_plain(info->data_path), info->data_digest);
    else
        fprintf(out, "  data        none recorded\n");
    if (!isnan(info->gradient_norm)) {
        cli_report_point(result->provenance, out);
        const basin_provenance *p = result->provenance;
        char                    bn[40];
        fprintf(out, "  gradient    |g| = %s, cos(v, g) = %s", cli_number(info->gradient_norm, 6),
                cli_number(info->momentum_gradient_cosine, 4));
        if (p != NULL && p->bn.kind >= 0)
            fprintf(out, ", BatchNorm statistics %s", basin_bn_mode_text(&p->bn, bn));
        fputc('\n', out);
        cli_report_stationarity(&info->stationarity, out);
    }
    fputs("\n  graph\n", out);
    for (size_t i = 0; i < info->node_count; i++) fprintf(out, "  %s\n", info->nodes[i]);
    fputc('\n', out);
    print_tensors(info, out);
    print_recorded(info, out);
}

const cli_command cli_command_info = {
    .name = "info",
    .usage = "info CKPT|RUN… [--gradient]",
    .about = "What is in a checkpoint, or in each of a folder, from the files alone: method, step, layers, "
             "norms, momentum,\n"
             "perturbed or not, recorded values. Tensors that hold NaN or Inf are named. --gradient reads "
             "the data as well.",
    .examples = "  basin info runs/msam_0/step_000400.h5\n"
                "  basin info runs/gd_0/step_000400.h5 --gradient --json\n",
    .options = options,
    .common = CLI_COMMON_RESULT | CLI_COMMON_DATA | CLI_COMMON_WORK | CLI_COMMON_POINT,
    .least = 1,
    .most = SIZE_MAX,
    .kind = BASIN_RESULT_INFO,
    .check = check,
    .compute = compute,
    .print = print,
};

/* basin connect: the loss on a line or a trained curve from one checkpoint to another. */
#include <math.h>
#include <string.h>

#include "cli/paths.h"
#include "cli/provenance.h"
#include "cli/report.h"
#include "cli/source.h"
#include "cli/state.h"
#include "cli/table.h"

static const cli_option options[] = {
    {"curve", CLI_CHOICE, "linear|bezier|polygon", "straight, or bent by a trained point (default: linear)",
     false},
    {"grid", CLI_WHOLE, "N", "points from A to B (default: 51)", false},
    {"align", CLI_FLAG, NULL, "units of B take the places at which its weights are nearest to A's", false},
    {"steps", CLI_WHOLE, "N", "of a curve's training, each a gradient of all samples (default: 200)", false},
    {"learning-rate", CLI_REAL, "ETA", "of a curve's training (default: as recorded in A)", false},
    {"momentum", CLI_REAL, "BETA", "of a curve's training (default: 0.9)", false},
    {NULL, CLI_FLAG, NULL, NULL, false}};

static int read_options(const cli_arguments *a, basin_connection_request *r)
{
    int         status = CLI_OK;
    const char *curve = cli_text(a, "curve", "linear");
    const bool  trained = strcmp(curve, "linear") != 0;
    size_t      seed;

    r->curve = !trained                       ? BASIN_CURVE_LINEAR
               : strcmp(curve, "bezier") == 0 ? BASIN_CURVE_BEZIER
                                              : BASIN_CURVE_POLYGON;
    CLI_WANT(trained || !(cli_has(a, "steps") || cli_has(a, "learning-rate") || cli_has(a, "momentum")),
             "connect: --steps, --learning-rate and --momentum train a --curve bezier or polygon");
    CLI_TRY(cli_size(a, "grid", 51, &r->points));
    CLI_WANT(r->points >= 3, "connect: --grid must be at least 3, got %zu", r->points);
    CLI_TRY(cli_size(a, "steps", 200, &r->steps));
    CLI_WANT(r->steps > 0, "connect: --steps must be at least 1");
    r->learning_rate = cli_real(a, "learning-rate", NAN);
    CLI_WANT(!cli_has(a, "learning-rate") || (r->learning_rate > 0 && isfinite(r->learning_rate)),
             "connect: --learning-rate must be positive, got %g", r->learning_rate);
    r->momentum = cli_real(a, "momentum", 0.9);
    CLI_WANT(r->momentum >= 0 && r->momentum < 1,
             "connect: --momentum must be at least 0 and below 1, got %g", r->momentum);
    CLI_TRY(cli_size(a, "seed", 0, &seed));
    r->seed = seed;
done:
    return status;
}

static int check(const cli_arguments *a)
{
    return read_options(a, &(basin_connection_request){0});
}

/* BatchNorm's statistics belong to weights: along a path they are estimated anew, or those of each batch;
   only the latter's derivatives go through them. */
static int check_statistics(const cli_source *s, const basin_connection_request *r)
{
    int status = CLI_OK;

    if (!basin_graph_uses(s->ck->graph, "BatchNormalization")) return CLI_OK;
    CLI_CHECK(
        s->bn == BASIN_BN_REESTIMATE || s->bn == BASIN_BN_BATCH,
        "%s: its BatchNorm statistics are those of one end; connect takes --bn reestimate or batch:SIZE",
        s->ck->path);
    CLI_CHECK(r->curve == BASIN_CURVE_LINEAR || s->bn == BASIN_BN_BATCH,
              "%s: with BatchNorm a curve is trained with --bn batch:SIZE: re-estimated statistics have no "
              "derivative",
              s->ck->path);
done:
    return status;
}

/* B, unperturbed; it joins the inputs. */
static int read_end(const cli_arguments *a, cli_source *s, basin_checkpoint **out)
{
    int               status = CLI_OK, weights;
    const char       *path = a->operands[1];
    basin_checkpoint *end = NULL;

    CLI_TRY(cli_checkpoint_open(a, path, false, &end, &weights));
    CLI_CHECK(weights >= 0, "%s: perturbed or not? choose --as-stored or --undo" CLI_CONVERT_AGAIN, path);
    CLI_CHECK(basin_params_equal(s->ck->params, end->params),
              "%s: its parameters (%zu in %zu tensors) are not those of %s (%zu in %zu tensors)", path,
              end->params->size, end->params->count, s->ck->path, s->ck->params->size, s->ck->params->count);
    if (s->ck->data_digest[0] != '\0' && end->data_digest[0] != '\0' &&
        strcmp(s->ck->data_digest, end->data_digest) != 0)
        cli_warn("%s: it was trained on other data than %s: its losses here are on those of the latter", path,
                 s->ck->path);
    CLI_TRY(cli_provenance_input(s->provenance, BASIN_INPUT_OTHER, path, end->digest));
    *out = end, end = NULL;
done:
    basin_checkpoint_destroy(&end);
    return status;
}

/* B's units take the places of A's, and B's outputs must stay. */
static int align(const cli_arguments *a, const cli_source *s, basin_checkpoint *end, basin_alignment **out)
{
    int               status = CLI_OK;
    size_t            seed = 0;
    double           *before = NULL;
    basin_symmetries *symmetries = NULL;
    basin_objective  *was = NULL, *is = NULL;
    basin_alignment  *found = NULL;

    CLI_TRY(cli_size(a, "seed", 0, &seed));
    CLI_ALLOC(before, end->params->size);
    memcpy(before, end->theta, end->params->size * sizeof *before);
    CLI_TRY(cli_source_own(s, end, &was));
    CLI_TRY(cli_name_file(cli_library(basin_network_symmetries(end->graph, &symmetries)), a->operands[1]));
    CLI_TRY(cli_name_file(
        cli_library(basin_alignment_compute(symmetries, s->ck->theta, end->graph, end->theta, seed, &found)),
        a->operands[1]));
    CLI_TRY(cli_source_own(s, end, &is));
    CLI_LIBRARY(basin_network_difference(was, before, is, end->theta, &found->difference, &found->magnitude));
    *out = found, found = NULL;
done:
    basin_objective_destroy(&was);
    basin_objective_destroy(&is);
    basin_symmetries_destroy(&symmetries);
    basin_alignment_destroy(&found);
    basin_free(before);
    return status;
}

static void warn_of_end(const cli_source *s, const basin_connection *p)
{
    const double there = p->splits[0].loss[p->points - 1];

    if (isnan(p->end_own) || fabs(there - p->end_own) <= 1e-5 * fmax(fabs(p->end_own), 1e-6)) return;
    cli_warn("%s: t = 1 has the weights of %s but is not it: loss %.6g there, %.6g of %s itself", s->ck->path,
             p->to, there, p->end_own, p->to);
}

static int compute(const cli_arguments *a, cli_batch *out)
{
    int                      status = CLI_OK;
    cli_source               s = {0};
    basin_checkpoint        *end = NULL;
    basin_objective         *own = NULL;
    basin_connection        *path = NULL;
    basin_alignment         *alignment = NULL;
    basin_connection_request r = {0};

    CLI_TRY(read_options(a, &r));
    CLI_TRY(cli_source_open(a, a->operands[0], true, false, &s));
    CLI_TRY(check_statistics(&s, &r));
    CLI_TRY(read_end(a, &s, &end));
    CLI_TRY(cli_state_inputs(s.provenance));
    if (cli_has(a, "align")) CLI_TRY(align(a, &s, end, &alignment));
    CLI_TRY(cli_source_own(&s, end, &own));
    if (isnan(r.learning_rate)) r.learning_rate = s.ck->hyper.learning_rate;
    CLI_CHECK(r.curve == BASIN_CURVE_LINEAR || (r.learning_rate > 0 && isfinite(r.learning_rate)),
              "%s: it records no learning rate; --learning-rate gives the curve's", s.ck->path);
    r.objective = s.objectives[0], r.other = s.objectives[1], r.end = own;
    r.splits[0] = s.splits[0], r.splits[1] = s.splits[1];
    r.from_name = a->operands[0], r.to_name = a->operands[1];
    r.from = s.ck->theta, r.to = end->theta;
    r.alignment = alignment;
    CLI_LIBRARY(basin_connection_compute(&r, &path));
    warn_of_end(&s, path);
    CLI_TRY(cli_batch_add(out, BASIN_RESULT_CONNECTION, path, s.provenance));
    path = NULL, s.provenance = NULL;
done:
    basin_connection_destroy(&path);
    basin_alignment_destroy(&alignment);
    basin_objective_destroy(&own);
    basin_checkpoint_destroy(&end);
    cli_source_close(&s);
    return status;
}

/* -------------------------------------------------------------------------------------------- printing -- */

static void print_barrier(const basin_connection_split *s, FILE *out)
{
    const size_t last = s->points - 1;

    fprintf(out, "  %-14s  %s samples, loss %.6g at A, %.6g at B; barrier ", s->split,
            cli_thousands(s->samples), s->loss[0], s->loss[last]);
    if (isnan(s->barrier))
        fputs("unknown: a loss is not finite\n", out);
    else
        fprintf(out, "%.4g at t = %.3g, between the points up to %.1g more\n", s->barrier, s->barrier_at,
                s->barrier_error);
}

static void print_alignment(const basin_alignment *found, FILE *out)
{
    size_t units = 0, moved = 0, groups = 0;

    for (size_t i = 0; i < found->group_count; i++) {
        units += found->groups[i].units, moved += found->groups[i].moved;
        groups += found->groups[i].moved > 0;
    }
    fprintf(out,
            "  aligned         weight matching (arXiv:2209.04836, seed %llu): %zu of %zu units in %zu of %zu "
            "groups "
            "of B moved, %zu rounds; a local optimum\n",
            (unsigned long long)found->seed, moved, units, groups, found->group_count, found->rounds);
    fprintf(out, "                  <A, B> = %.6g before, %.6g after; |B - A| = %.6g before, %.6g after\n",
            found->product_before, found->product_after, found->distance_before, found->distance_after);
    fprintf(out,
            "                  function unchanged: outputs of B differ by at most %.2g of at most %.4g\n",
            found->difference, found->magnitude);
    if (found->held > 0)
        fprintf(out,
                "                  %zu hidden units had to stay: an op does more with them than is known\n",
                found->held);
}

/* At most 21 of the points; the stored result and --json hold them all. */
static void print_points(const basin_connection *p, FILE *out)
{
    cli_table   *table = cli_table_create(p->split_count > 1 ? "rrrrrr" : "rrrr");
    const size_t stride = (p->points + 20) / 21;

    cli_table_cell(table, "t");
    cli_table_cell(table, "moved");
    for (size_t k = 0; k < p->split_count; k++) {
        cli_table_cell(table, "%s loss", p->splits[k].split);
        cli_table_cell(table, "accuracy");
    }
    for (size_t i = 0; i < p->points; i++) {
        if (i % stride != 0 && i + 1 != p->points) continue;
        cli_table_number(table, p->t[i], 3);
        cli_table_number(table, p->moved[i], 4);
        for (size_t k = 0; k < p->split_count; k++) {
            cli_table_number(table, p->splits[k].loss[i], 6);
            cli_table_cell(table, "%s", cli_percent(p->splits[k].accuracy[i]));
        }
    }
    cli_table_print(table, 2, out);
}

static void print(const basin_result *result, FILE *out)
{
    static const char *const curves[] = {[BASIN_CURVE_LINEAR] = "straight line",
                                         [BASIN_CURVE_BEZIER] = "quadratic Bézier curve",
                                         [BASIN_CURVE_POLYGON] = "polygon of two sides"};
    const basin_connection  *p = result->value;

    cli_report_source(result, p->splits[0].samples, p->parameters, out);
    fprintf(out, "  path            %s from A = %s to B = %s\n", curves[p->curve], p->from, p->to);
    fprintf(out, "                  |B - A| = %.6g, length %.6g, %zu points\n", p->distance, p->length,
            p->points);
    for (size_t i = 0; i < p->alignment_count; i++) print_alignment(&p->alignment[i], out);
    if (p->steps > 0)
        fprintf(out,
                "  trained         %zu steps of heavy ball, eta = %g, beta = %g, t uniform with seed %llu: "
                "loss along the curve %.4g in the first tenth, %.4g in the last\n",
                p->steps, p->learning_rate, p->momentum, (unsigned long long)p->seed, p->trained_from,
                p->trained_to);
    for (size_t k = 0; k < p->split_count; k++) print_barrier(&p->splits[k], out);
    fputc('\n', out);
    print_points(p, out);
}

const cli_command cli_command_connect = {
    .name = "connect",
    .usage = "connect A.h5 B.h5 [--align] [--curve linear|bezier|polygon]",
    .about =
        "Loss and accuracy on the way from checkpoint A to checkpoint B: along the straight line, or "
        "along a curve that is bent by a\n"
        "trained point (arXiv:1802.10026). The barrier is the largest of L(t) - (1 - t) L(A) - t L(B). "
        "BatchNorm needs --bn reestimate,\n"
        "or for a curve batch:SIZE. With --align hidden units of B change places first: the same function, "
        "nearer to A; its momentum is\n"
        "of no use to a path and stays behind.",
    .examples =
        "  basin connect runs/gd_0/step_000400.h5 runs/gd_1/step_000400.h5 --align --plot line.pdf\n"
        "  basin connect runs/gd_0/step_000400.h5 runs/gd_1/step_000400.h5 --curve bezier --steps 400 "
        "-o curve.h5\n",
    .options = options,
    .common = CLI_COMMON_RESULT | CLI_COMMON_DATA | CLI_COMMON_WORK | CLI_COMMON_STATE,
    .least = 2,
    .most = 2,
    .test_too = true,
    .kind = BASIN_RESULT_CONNECTION,
    .check = check,
    .compute = compute,
    .print = print,
};

/* basin slice: the loss on theta + s d, or theta + s d1 + t d2. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/adaptive.h"
#include "cli/paths.h"
#include "cli/provenance.h"
#include "cli/report.h"
#include "cli/runs.h"
#include "cli/source.h"
#include "cli/state.h"

static const cli_option options[] = {
    {"along", CLI_TEXT, "D",
     "momentum | gradient | eigen:I | eigen:-I | random[:SEED] | to:OTHER.h5; twice for a plane", false},
    {"range", CLI_RANGE, "FROM:TO|auto[:FACTOR|:+RISE]",
     "coordinates, multiples of the direction (default: -1:1); auto: to where the loss is FACTOR (10) times "
     "that at 0, or RISE above it",
     false},
    {"grid", CLI_WHOLE, "N", "points (default: 51; with --tolerance 101)", false},
    {"tolerance", CLI_TEXT, "T[:absolute]",
     "interpolate the grid from fewer points, each loss to T of their range, or to T in their units", false},
    {"convexity", CLI_WHOLE, "N",
     "extreme eigenvalues, and |lambda_min/lambda_max|, at N points along each direction (default: none)",
     false},
    {"scale", CLI_SCALE, "unit|natural|NUMBER",
     "norm of the direction: 1, its own, or NUMBER (default: by kind, as said above)", false},
    {"bias", CLI_CHOICE, "zero|scaled|random",
     "biases and norm parameters of random directions (default: zero)", false},
    {"orthogonal", CLI_FLAG, NULL,
     "make the second direction orthogonal to the first (two random ones always are)", false},
    {NULL, CLI_FLAG, NULL, NULL, false}};

typedef struct axis_request { /* what was typed for one axis */
    const char          *along, *range, *grid, *scale;
    basin_direction_spec spec; /* of along */
    double               from, to;
    basin_reach          reach; /* in place of these */
    size_t               points;
} axis_request;

static int judge(axis_request *axis)
{
    int       status = CLI_OK;
    long long points = strtoll(axis->grid, NULL, 10);

    if (basin_direction_parse(axis->along, &axis->spec) != BASIN_OK)
        return cli_usage("slice: %s", basin_error_message());
    CLI_CHECK(points >= 1, "%s: --grid must be at least 1, got %lld", axis->along, points);
    axis->points = (size_t)points;
    if (cli_reach_read(axis->range, &axis->reach)) {
        CLI_WANT(axis->reach.factor > 1 || axis->reach.rise > 0,
                 "slice: %s: --range %s: wanted a factor above 1, or + and a rise above 0", axis->along,
                 axis->range);
        goto done;
    }
    cli_range(axis->range, &axis->from, &axis->to);
    CLI_CHECK(isfinite(axis->from) && isfinite(axis->to) &&
                  (axis->from < axis->to || (axis->from <= axis->to && points == 1)),
              "%s: --range %s: wanted FROM < TO, both finite", axis->along, axis->range);
done:
    return status;
}

/* Options before the first --along hold for every axis, those after an --along for that one. */
static int read_axes(const cli_arguments *a, axis_request axes[2], size_t *count)
{
    int          status = CLI_OK;
    axis_request common = {.range = "-1:1", .grid = cli_has(a, "tolerance") ? "101" : "51"};
    size_t       n = 0;

    for (size_t i = 0; i < a->given_count; i++) {
        const char   *name = a->given[i].option->name, *text = a->given[i].text;
        axis_request *axis = n == 0 ? &common : &axes[n - 1];
        if (strcmp(name, "along") == 0) {
            CLI_WANT(n < 2, "slice: at most two --along");
            axes[n] = common;
            axes[n++].along = text;
        }
        if (strcmp(name, "range") == 0) axis->range = text;
        if (strcmp(name, "grid") == 0) axis->grid = text;
        if (strcmp(name, "scale") == 0) axis->scale = text;
    }
    CLI_WANT(n > 0, "slice: along what? --along momentum | gradient | eigen:I | random[:SEED] | to:OTHER.h5");
    for (size_t i = 0; i < n; i++) CLI_TRY(judge(&axes[i]));
    *count = n;
done:
    return status;
}

/* Whether `option` is given once, after the second --along. */
static bool stands_last(const cli_arguments *a, const char *option)
{
    size_t along = 0, given = 0, after = 0;

    for (size_t i = 0; i < a->given_count; i++) {
        along += strcmp(a->given[i].option->name, "along") == 0;
        if (strcmp(a->given[i].option->name, option) != 0) continue;
        given++, after += along == 2;
    }
    return given == 1 && after == 1;
}

/* A range or a grid that is typed last may have been meant for both axes. Who types one between the two
   directions knows for which it holds. */
static void warn_of_last(const cli_arguments *a, const axis_request axes[2])
{
    const bool range = stands_last(a, "range"), grid = stands_last(a, "grid");
    size_t     along = 0;

    for (size_t i = 0; i < a->given_count; i++) {
        const char *name = a->given[i].option->name;
        along += strcmp(name, "along") == 0;
        if (along == 1 && (strcmp(name, "range") == 0 || strcmp(name, "grid") == 0)) return;
    }
    if (range || grid)
        cli_warn(
            "slice: %s after the second --along: of %s alone; before the first --along, of both directions",
            range && grid ? "--range and --grid stand"
            : range       ? "--range stands"
                          : "--grid stands",
            axes[1].along);
}

static int check(const cli_arguments *a)
{
    int          status = CLI_OK;
    axis_request axes[2];
    size_t       count;

    CLI_TRY(read_axes(a, axes, &count));
    CLI_TRY(cli_adaptive_read(a, &(basin_slice_request){0}));
    warn_of_last(a, axes);
done:
    return status;
}

/* ------------------------------------------------------------------------------------------ directions -- */

/* The last checkpoint of the run before this one whose parameters are the same; NULL if there is none. */
static const char *previous_of(const basin_run *run, const basin_checkpoint *ck)
{
    size_t own = 0;

    while (own < run->count && !cli_same_file(run->entries[own].path, ck->path)) own++;
    for (size_t i = own; i-- > 0;) {
        basin_checkpoint *other = NULL;
        bool              same = basin_checkpoint_read(run->entries[i].path, &other) == BASIN_OK &&
                    basin_params_equal(ck->params, other->params);
        basin_checkpoint_destroy(&other);
        if (same) return run->entries[i].path;
    }
    return NULL;
}

static const char *name_of(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash != NULL ? slash + 1 : path;
}

/* Why it has none, what else points along the last steps, and which checkpoints beside it have saved one, in
   one line. */
static int momentum_missing(const basin_checkpoint *ck)
{
    basin_run *run = NULL;
    char       line[2400] = "";
    const int  prefix = (int)(name_of(ck->path) - ck->path);
    size_t     found = 0;

    if (cli_run_beside(ck->path, &run) != CLI_OK) goto done;
    const char *previous = previous_of(run, ck);
    if (previous != NULL)
        snprintf(line, sizeof line,
                 "; --along to:%.*s%s leads back to the checkpoint before it, uphill as the momentum does",
                 prefix, ck->path, name_of(previous));
    for (size_t i = run->count; i-- > 0;) {
        size_t used = strlen(line);
        if (!run->entries[i].momentum || found++ >= 3) continue;
        snprintf(line + used, sizeof line - used, "%s%s",
                 found == 1 ? "; in the same folder a momentum is in " : ", ", name_of(run->entries[i].path));
    }
    if (found > 3) snprintf(line + strlen(line), sizeof line - strlen(line), " and %zu others", found - 3);
done:
    basin_run_destroy(&run);
    return cli_fail("%s: --along momentum: it saved no momentum: %s%s", ck->path,
                    basin_checkpoint_no_momentum(ck), line);
}

/* The checkpoint that to:FILE leads to, unperturbed; it joins the inputs. */
static int read_other(const cli_arguments *a, cli_source *s, const char *path, basin_checkpoint **out)
{
    int               status = CLI_OK;
    basin_checkpoint *other = NULL;
    int               weights;

    CLI_TRY(cli_checkpoint_open(a, path, false, &other, &weights));
    CLI_CHECK(weights >= 0, "%s: perturbed or not? choose --as-stored or --undo" CLI_CONVERT_AGAIN, path);
    CLI_CHECK(basin_params_equal(s->ck->params, other->params),
              "%s: its parameters (%zu in %zu tensors) are not those of %s (%zu in %zu tensors)", path,
              other->params->size, other->params->count, s->ck->path, s->ck->params->size,
              s->ck->params->count);
    CLI_TRY(cli_warn_of_other(s->ck->path, path));
    CLI_TRY(cli_provenance_input(s->provenance, BASIN_INPUT_OTHER, path, other->digest));
    *out = other, other = NULL;
done:
    basin_checkpoint_destroy(&other);
    return status;
}

static int read_random(const cli_arguments *a, const char *text, size_t axis, const basin_direction *first,
                       basin_random_options *o, basin_direction_spec *spec)
{
    int         status = CLI_OK;
    const char *bias = cli_text(a, "bias", "zero");
    size_t      base;

    o->bias = strcmp(bias, "scaled") == 0   ? BASIN_BIAS_SCALED
              : strcmp(bias, "random") == 0 ? BASIN_BIAS_RANDOM
                                            : BASIN_BIAS_ZERO;
    CLI_TRY(cli_size(a, "seed", 0, &base));
    if (strcmp(text, "random") == 0) spec->seed = base + axis; /* two plain `random` are two directions */
    if (first != NULL && first->kind == BASIN_DIRECTION_RANDOM) o->orthogonal_to = first->values;
done:
    return status;
}

static int rescale(basin_direction *d, const char *scale)
{
    if (scale == NULL) return CLI_OK;
    double norm = strcmp(scale, "unit") == 0      ? 1
                  : strcmp(scale, "natural") == 0 ? d->natural_norm
                                                  : strtod(scale, NULL);
    if (!(norm > 0) || !isfinite(norm)) return cli_fail("--scale must be positive, got %g", norm);
    return cli_library(basin_direction_rescale(d, norm));
}

static int make_direction(const cli_arguments *a, cli_source *s, const axis_request *request, size_t axis,
                          const basin_direction *first, basin_checkpoint **end, basin_direction **out)
{
    int                    status = CLI_OK;
    basin_direction       *d = NULL;
    basin_direction_spec   spec = request->spec;
    basin_random_options   random = {0};
    basin_direction_source source = {.ck = s->ck, .random = &random};

    CLI_TRY(cli_source_point(s, &source.point));
    if (spec.kind == BASIN_DIRECTION_MOMENTUM && basin_checkpoint_momentum(s->ck) == NULL)
        CLI_TRY(momentum_missing(s->ck));
    if (spec.kind == BASIN_DIRECTION_TO) CLI_TRY(read_other(a, s, spec.path, end));
    if (spec.kind == BASIN_DIRECTION_RANDOM)
        CLI_TRY(read_random(a, request->along, axis, first, &random, &spec));
    source.other = *end;
    CLI_LIBRARY(basin_direction_make(&source, &spec, &d));
    if (d->warning != NULL) cli_warn("%s: %s", s->ck->path, d->warning);
    if (first != NULL && cli_has(a, "orthogonal")) CLI_LIBRARY(basin_direction_orthogonalise(d, first));
    CLI_TRY(rescale(d, request->scale));
    *out = d, d = NULL;
done:
    basin_direction_destroy(&d);
    return status;
}

/* Of a slice with to:OTHER: what it leads to, in networks of their own, and what moves on the way. */
typedef struct lead {
    basin_direction  *directions[2];
    basin_checkpoint *ends[2];
    basin_objective  *others[2], *moving[2];
} lead;

static void lead_clear(lead *l)
{
    for (size_t i = 0; i < 2; i++) {
        basin_direction_destroy(&l->directions[i]);
        basin_checkpoint_destroy(&l->ends[i]);
        basin_objective_destroy(&l->others[i]);
        basin_objective_destroy(&l->moving[i]);
    }
}

/* --bn interpolate: statistics go with the directions that lead to another checkpoint. */
static int interpolate(const cli_arguments *a, cli_source *s, lead *l, basin_slice_request *r)
{
    int    status = CLI_OK;
    bool   leads = false;
    double at[2] = {1, 1};

    for (size_t i = 0; i < r->axis_count; i++) {
        if (l->ends[i] == NULL) continue;
        CLI_CHECK(i == 0 || !cli_has(a, "orthogonal"),
                  "--bn interpolate: made orthogonal, %s does not lead to that checkpoint",
                  l->directions[i]->label);
        leads = true;
        at[i] = l->directions[i]->natural_norm / l->directions[i]->norm;
    }
    CLI_CHECK(
        leads,
        "--bn interpolate needs --along to:OTHER.h5: statistics move from this checkpoint's to OTHER's");
    for (size_t i = 0; i < s->count; i++) {
        CLI_TRY(cli_source_moving(s, s->splits[i], r->axis_count, l->ends, at, &l->moving[i]));
    }
    r->line = l->moving[0], r->other = l->moving[1];
done:
    return status;
}

/* The ends of the directions that lead to another checkpoint: an orthogonal one leads to none. */
static int find_ends(const cli_arguments *a, cli_source *s, lead *l, const axis_request *axes,
                     basin_slice_request *r)
{
    int status = CLI_OK;

    if (s->bn == BASIN_BN_INTERPOLATE) CLI_TRY(interpolate(a, s, l, r));
    for (size_t i = 0; i < r->axis_count; i++) {
        if (l->ends[i] == NULL || (i > 0 && cli_has(a, "orthogonal"))) continue;
        CLI_TRY(cli_source_own(s, l->ends[i], &l->others[i]));
        r->ends[i] = (basin_slice_end){.name = axes[i].spec.path,
                                       .objective = l->others[i],
                                       .theta = l->ends[i]->theta,
                                       .at = l->directions[i]->natural_norm / l->directions[i]->norm,
                                       .foreign = s->ck->run != NULL && l->ends[i]->run != NULL &&
                                                  strcmp(s->ck->run, l->ends[i]->run) != 0};
    }
done:
    return status;
}

/* All but the directions. */
static int make_request(const cli_arguments *a, cli_source *s, axis_request axes[2], basin_slice_request *out)
{
    int                 status = CLI_OK;
    basin_slice_request r = {.other = s->objectives[1],
                             .splits = {s->splits[0], s->splits[1]},
                             .momentum = basin_checkpoint_momentum(s->ck)};

    CLI_TRY(read_axes(a, axes, &r.axis_count));
    CLI_TRY(cli_adaptive_read(a, &r));
    CLI_TRY(cli_source_point(s, &r.point));
    for (size_t i = 0; i < r.axis_count; i++)
        r.from[i] = axes[i].from, r.to[i] = axes[i].to, r.reach[i] = axes[i].reach,
        r.grid[i] = axes[i].points;
    r.statistics_move = s->bn == BASIN_BN_INTERPOLATE || s->bn == BASIN_BN_REESTIMATE;
    *out = r;
done:
    return status;
}

/* Of the directions only those are made that take no passes: another checkpoint may be refused, or move
   statistics. */
static int forecast(const cli_arguments *a, cli_source *s, basin_forecast **out)
{
    int                  status = CLI_OK;
    axis_request         axes[2];
    lead                 l = {0};
    basin_slice_request  r;
    basin_direction_spec specs[2];

    CLI_TRY(make_request(a, s, axes, &r));
    for (size_t i = 0; i < r.axis_count; i++) {
        specs[i] = axes[i].spec;
        if (!basin_direction_takes_passes(specs[i].kind))
            CLI_TRY(make_direction(a, s, &axes[i], i, NULL, &l.ends[i], &l.directions[i]));
    }
    CLI_TRY(find_ends(a, s, &l, axes, &r));
    CLI_LIBRARY(basin_slice_forecast(&r, specs, out));
done:
    lead_clear(&l);
    return status;
}

static void warn_of_end(const cli_source *s, const basin_axis *axis, const basin_slice_end *end)
{
    if (isnan(axis->end_at) || axis->reached) return;
    cli_warn("%s: coordinate %.6g has the weights of %s but is not %s: loss %.6g there, %.6g of %s itself%s",
             s->ck->path, axis->end_at, end->name, end->name, axis->end_loss, axis->end_own, end->name,
             s->bn == BASIN_BN_STORED && basin_graph_uses(s->ck->graph, "BatchNormalization")
                 ? "; --bn interpolate takes its BatchNorm statistics along"
                 : "");
}

static int measure(const cli_arguments *a, cli_source *s, void **out)
{
    int                 status = CLI_OK;
    axis_request        axes[2];
    lead                l = {0};
    basin_slice        *slice = NULL;
    basin_slice_request r;

    CLI_TRY(make_request(a, s, axes, &r));
    for (size_t i = 0; i < r.axis_count; i++) {
        CLI_TRY(
            make_direction(a, s, &axes[i], i, i > 0 ? l.directions[0] : NULL, &l.ends[i], &l.directions[i]));
        r.directions[i] = l.directions[i];
    }
    CLI_TRY(cli_state_inputs(s->provenance)); /* with the other checkpoints that it leads to */
    CLI_TRY(find_ends(a, s, &l, axes, &r));
    CLI_LIBRARY(basin_slice_compute(&r, &slice));
    for (size_t i = 0; i < slice->axis_count; i++) warn_of_end(s, &slice->axes[i], &r.ends[i]);
    *out = slice;
done:
    lead_clear(&l);
    return status;
}

/* -------------------------------------------------------------------------------------------- printing -- */

static void print_axes(const basin_slice *s, FILE *out)
{
    for (size_t i = 0; i < s->axis_count; i++) {
        const basin_axis *x = &s->axes[i];
        fprintf(out, "  %-14s  %s\n", x->direction, x->definition);
        fprintf(out, "                  %zu points from %g to %g, norm %.6g (own norm %.6g)\n", x->count,
                x->coordinates[0], x->coordinates[x->count - 1], x->norm, x->natural_norm);
        if (isnan(x->slope) && isnan(x->curvature))
            fputs("                  no prediction: the statistics of BatchNorm move with the point", out);
        else
            fprintf(out, "                  slope %.6g, curvature %.6g", x->slope, x->curvature);
        if (!isnan(x->eigenvalue)) fprintf(out, ", eigenvalue %.8g ± %.1e", x->eigenvalue, x->residual);
        if (s->momentum_cosines != NULL && !isnan(s->momentum_cosines[i]))
            fprintf(out, ", cosine with the momentum %.4f", s->momentum_cosines[i]);
        if (!isnan(x->end_at))
            fprintf(out,
                    "\n                  ends: loss %.6g at 0, %.6g of this point itself; %.6g at %.6g, "
                    "%.6g of that one itself",
                    s->surfaces[0].centre_loss, x->start_own, x->end_loss, x->end_at, x->end_own);
        fputc('\n', out);
    }
    if (s->axis_count == 2) fprintf(out, "  cosine between them %.3g\n", s->cosine);
}

/* 1-D: at most 21 of the points; the stored result and --json hold them all. */
static void print_values(const basin_slice *s, FILE *out)
{
    const basin_axis *x = &s->axes[0];
    cli_table        *table = cli_table_create(s->surface_count > 1 ? "rrrrr" : "rrr");
    size_t            stride = (x->count + 20) / 21;

    cli_table_cell(table, "s");
    for (size_t k = 0; k < s->surface_count; k++) {
        cli_table_cell(table, "%s loss", s->surfaces[k].split);
        cli_table_cell(table, "accuracy");
    }
    for (size_t i = 0; i < x->count; i++) {
        /* the centre and both ends always */
        if (i % stride != (x->count / 2) % stride && i != 0 && i + 1 != x->count) continue;
        cli_table_number(table, x->coordinates[i], 4);
        for (size_t k = 0; k < s->surface_count; k++) {
            cli_table_number(table, s->surfaces[k].loss[i], 6);
            cli_table_cell(table, "%s", cli_percent(s->surfaces[k].accuracy[i]));
        }
    }
    cli_table_print(table, 2, out);
}

static void print_extremes(const basin_surface *f, const basin_slice *s, FILE *out)
{
    size_t least = SIZE_MAX, most = SIZE_MAX, bad = 0;

    for (size_t i = 0; i < f->rows * f->columns; i++) {
        if (!isfinite(f->loss[i])) {
            bad++;
            continue;
        }
        if (least == SIZE_MAX || f->loss[i] < f->loss[least]) least = i;
        if (most == SIZE_MAX || f->loss[i] > f->loss[most]) most = i;
    }
    fprintf(out, "  %-14s  %s samples, at the centre %.6g%s%s", f->split, cli_thousands(f->samples),
            f->centre_loss, isnan(f->centre_accuracy) ? "" : ", accuracy ",
            isnan(f->centre_accuracy) ? "" : cli_percent(f->centre_accuracy));
    if (least != SIZE_MAX) {
        fprintf(out, "; least %.6g at %.3g", f->loss[least], s->axes[0].coordinates[least % f->columns]);
        if (s->axis_count == 2) fprintf(out, ", %.3g", s->axes[1].coordinates[least / f->columns]);
        fprintf(out, ", most %.6g", f->loss[most]);
    }
    if (bad > 0) fprintf(out, "; %zu values not finite", bad);
    fputc('\n', out);
}

static void print(const basin_result *result, FILE *out)
{
    const basin_slice *s = result->value;

    cli_report_source(result, s->surfaces[0].samples, s->parameters, out);
    cli_report_stationarity(&s->stationarity, out);
    print_axes(s, out);
    for (size_t k = 0; k < s->surface_count; k++) print_extremes(&s->surfaces[k], s, out);
    cli_adaptive_print(s, out);
    if (s->axis_count > 1) return;
    fputc('\n', out);
    print_values(s, out);
}

const cli_command cli_command_slice = {
    .name = "slice",
    .usage = "slice CKPT --along D [--range FROM:TO] [--grid N] [--along D2 [--range …] [--grid …]]",
    .about = "Loss and accuracy on theta + s d, or over the plane theta + s d1 + t d2, on train and test. "
             "Options before the first\n"
             "--along hold for both axes, those after an --along for that one. Momentum (uphill), gradient "
             "and eigenvectors have norm 1;\n"
             "to:OTHER keeps its length, so that coordinate 1 is OTHER; random directions are "
             "filter-normalised (arXiv:1712.09913).",
    .examples =
        "  basin slice runs/msam_0/step_000400.h5 --along momentum --range -1:1 --grid 51 --plot slice.pdf\n"
        "  basin slice runs/gd_0/step_000400.h5 --grid 41 --along eigen:1 --range -2:2 --along random:3 -o "
        "plane.h5\n",
    .options = options,
    .common = CLI_COMMON_RESULT | CLI_COMMON_DATA | CLI_COMMON_WORK | CLI_COMMON_POINT | CLI_COMMON_STATE,
    .least = 1,
    .most = 1,
    .test_too = true,
    .kind = BASIN_RESULT_SLICE,
    .check = check,
    .measure = measure,
    .forecast = forecast,
    .print = print,
};

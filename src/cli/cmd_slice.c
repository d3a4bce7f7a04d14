/* basin slice: the loss on theta + s d, or theta + s d1 + t d2. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/adaptive.h"
#include "cli/axes.h"
#include "cli/directions.h"
#include "cli/plane.h"
#include "cli/provenance.h"
#include "cli/report.h"
#include "cli/runs.h"
#include "cli/state.h"

static const cli_option options[] = {
    {"along", CLI_TEXT, "D", "a direction, as listed above; twice for a plane", false},
    {"plane", CLI_TEXT, "pca|A,B,C",
     "instead: the plane that runs lie nearest to, or through three checkpoints, with the runs on it", false},
    CLI_RUN_OPTION,
    {"range", CLI_RANGE, "FROM:TO|auto[:FACTOR|:+RISE]",
     "coordinates, multiples of the direction (default: -1:1; --plane: around all projections); auto: to "
     "where the loss is FACTOR (10) times that at 0, or RISE above it",
     false},
    {"grid", CLI_WHOLE, "N", "points (default: 51; with --tolerance 101)", false},
    {"tolerance", CLI_TEXT, "T[:absolute]",
     "interpolate the grid from fewer points, each loss to T of their range, or to T in their units", false},
    {"convexity", CLI_WHOLE, "N",
     "extreme eigenvalues, and |lambda_min/lambda_max|, at N points along each direction (default: none)",
     false},
    {"scale", CLI_SCALE, "unit|natural|NUMBER",
     "norm of the direction: 1, its own, or NUMBER (default: by kind, as said above)", false},
    {"normalise", CLI_CHOICE, "filter|layer|model|none",
     "random directions: to the norm of the weights by output, by tensor or as a whole (default: filter)",
     false},
    {"bias", CLI_CHOICE, "zero|scaled|random",
     "biases and norm parameters of random directions (default: zero)", false},
    {"both", CLI_FLAG, NULL, "options after the last of two --along hold for both", false},
    {"orthogonal", CLI_FLAG, NULL,
     "make the second direction orthogonal to the first (two random ones always are)", false},
    {"equal-arc", CLI_FLAG, NULL,
     "scale the second direction to the norm of the first: equal coordinates are equal distances", false},
    CLI_DIRECTION_OPTIONS,
    {NULL, CLI_FLAG, NULL, NULL, false}};

/* What no direction asks for was meant for something else. */
static int demand_eigen(const cli_arguments *a, const cli_axis *axes, size_t count)
{
    static const char *const of_eigen[] = {"operator", "preconditioned", "params", "layer"};
    int                      status = CLI_OK;

    for (size_t i = 0; i < count; i++)
        if (axes[i].spec.kind == BASIN_DIRECTION_EIGEN) return CLI_OK;
    for (size_t i = 0; i < sizeof of_eigen / sizeof *of_eigen; i++)
        CLI_WANT(!cli_has(a, of_eigen[i]), "slice: --%s is of eigen directions", of_eigen[i]);
done:
    return status;
}

static int check(const cli_arguments *a)
{
    int      status = CLI_OK;
    cli_axis axes[2];
    size_t   count;

    CLI_TRY(cli_adaptive_read(a, &(basin_slice_request){0}));
    if (cli_plane_wanted(a)) return cli_plane_check(a);
    CLI_WANT(a->operand_count == 1, "slice: too many arguments, from «%s» on; usage: basin %s",
             a->operands[1], a->command->usage);
    CLI_WANT(!cli_has(a, "run"), "slice: --run is of --plane, which takes folders");
    CLI_TRY(cli_axes_read(a, axes, &count));
    CLI_TRY(demand_eigen(a, axes, count));
done:
    return status;
}

/* One slice whatever is named: with --plane its operands are runs. */
static int centre(const cli_arguments *a, char **out)
{
    int status = CLI_OK;

    if (cli_plane_wanted(a)) return cli_plane_centre(a, out);
    CLI_CHECK((*out = basin_strdup(a->operands[0])) != NULL, "out of memory for a path");
done:
    return status;
}

/* ---------------------------------------------------------------------------------------------- a line -- */

/* The directions, and of to:OTHER what it leads to, in networks of their own, and what moves on the way. */
typedef struct lead {
    cli_axis          axes[2];
    cli_eigen         eigen;
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
    cli_eigen_close(&l->eigen);
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
static int find_ends(const cli_arguments *a, cli_source *s, lead *l, basin_slice_request *r)
{
    int status = CLI_OK;

    if (s->bn == BASIN_BN_INTERPOLATE) CLI_TRY(interpolate(a, s, l, r));
    for (size_t i = 0; i < r->axis_count; i++) {
        if (l->ends[i] == NULL || (i > 0 && cli_has(a, "orthogonal"))) continue;
        CLI_TRY(cli_source_own(s, l->ends[i], &l->others[i]));
        r->ends[i] = (basin_slice_end){.name = l->axes[i].spec.path,
                                       .objective = l->others[i],
                                       .theta = l->ends[i]->theta,
                                       .at = l->directions[i]->natural_norm / l->directions[i]->norm,
                                       .foreign = s->ck->run != NULL && l->ends[i]->run != NULL &&
                                                  strcmp(s->ck->run, l->ends[i]->run) != 0};
    }
done:
    return status;
}

/* What every slice has. */
static int begin_request(const cli_arguments *a, cli_source *s, basin_slice_request *out)
{
    int                 status = CLI_OK;
    basin_slice_request r = {.other = s->objectives[1],
                             .splits = {s->splits[0], s->splits[1]},
                             .momentum = basin_checkpoint_momentum(s->ck)};

    CLI_TRY(cli_adaptive_read(a, &r));
    CLI_TRY(cli_source_point(s, &r.point));
    r.statistics_move = s->bn == BASIN_BN_INTERPOLATE || s->bn == BASIN_BN_REESTIMATE;
    *out = r;
done:
    return status;
}

/* All but the directions. */
static int make_request(const cli_arguments *a, cli_source *s, lead *l, basin_slice_request *out)
{
    int                 status = CLI_OK;
    basin_slice_request r;

    CLI_TRY(begin_request(a, s, &r));
    CLI_TRY(cli_axes_read(a, l->axes, &r.axis_count));
    CLI_TRY(cli_eigen_open(a, s, &l->eigen));
    for (size_t i = 0; i < r.axis_count; i++) {
        const cli_axis *axis = &l->axes[i];
        r.from[i] = axis->from, r.to[i] = axis->to, r.reach[i] = axis->reach, r.grid[i] = axis->points;
    }
    if (l->eigen.part.own != NULL) r.eigen = l->eigen.part.objective;
    *out = r;
done:
    return status;
}

/* Of the directions only those are made that take no passes: another checkpoint may be refused, or move
   statistics. */
static int forecast_line(const cli_arguments *a, cli_source *s, basin_forecast **out)
{
    int                  status = CLI_OK;
    lead                 l = {0};
    basin_slice_request  r;
    basin_direction_spec specs[2];

    CLI_TRY(make_request(a, s, &l, &r));
    for (size_t i = 0; i < r.axis_count; i++) {
        specs[i] = l.axes[i].spec;
        if (!basin_direction_takes_passes(specs[i].kind))
            CLI_TRY(cli_direction_make(a, s, &l.axes[i], i, NULL, &l.eigen, &l.ends[i], &l.directions[i]));
    }
    CLI_TRY(find_ends(a, s, &l, &r));
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

static int measure_line(const cli_arguments *a, cli_source *s, void **out)
{
    int                 status = CLI_OK;
    lead                l = {0};
    basin_slice        *slice = NULL;
    basin_slice_request r;

    CLI_TRY(make_request(a, s, &l, &r));
    for (size_t i = 0; i < r.axis_count; i++) {
        CLI_TRY(cli_direction_make(a, s, &l.axes[i], i, i > 0 ? l.directions[0] : NULL, &l.eigen, &l.ends[i],
                                   &l.directions[i]));
        r.directions[i] = l.directions[i];
    }
    CLI_TRY(cli_state_inputs(s->provenance)); /* with the other files that it was made of */
    CLI_TRY(find_ends(a, s, &l, &r));
    CLI_LIBRARY(basin_slice_compute(&r, &slice));
    for (size_t i = 0; i < slice->axis_count; i++) warn_of_end(s, &slice->axes[i], &r.ends[i]);
    *out = slice;
done:
    lead_clear(&l);
    return status;
}

/* ------------------------------------------------------------------------------------- runs on a plane -- */

static int request_plane(const cli_arguments *a, cli_source *s, const cli_plane *p, basin_slice_request *out)
{
    int                 status = CLI_OK;
    cli_axis            axis;
    basin_slice_request r;

    CLI_TRY(cli_axes_of_plane(a, &axis));
    CLI_TRY(begin_request(a, s, &r));
    r.axis_count = 2, r.path_count = p->count, r.paths = p->requests;
    for (size_t i = 0; i < 2; i++) {
        r.directions[i] = p->directions[i];
        r.from[i] = p->from[i], r.to[i] = p->to[i], r.grid[i] = axis.points;
    }
    *out = r;
done:
    return status;
}

static int forecast_plane(const cli_arguments *a, cli_source *s, basin_forecast **out)
{
    static const basin_direction_spec specs[2] = {{.kind = BASIN_DIRECTION_PCA},
                                                  {.kind = BASIN_DIRECTION_PCA}};
    int                               status = CLI_OK;
    cli_plane                         p = {0};
    basin_slice_request               r;

    CLI_TRY(cli_plane_open(a, s, &p));
    CLI_TRY(request_plane(a, s, &p, &r));
    CLI_LIBRARY(basin_slice_forecast(&r, specs, out));
done:
    cli_plane_close(&p);
    return status;
}

static int measure_plane(const cli_arguments *a, cli_source *s, void **out)
{
    int                 status = CLI_OK;
    cli_plane           p = {0};
    basin_slice        *slice = NULL;
    basin_slice_request r;

    CLI_TRY(cli_plane_open(a, s, &p));
    CLI_TRY(request_plane(a, s, &p, &r));
    CLI_TRY(cli_state_inputs(s->provenance)); /* with the runs */
    CLI_TRY(cli_plane_measure(s, &p));
    CLI_LIBRARY(basin_slice_compute(&r, &slice));
    *out = slice;
done:
    cli_plane_close(&p);
    return status;
}

static int forecast(const cli_arguments *a, cli_source *s, basin_forecast **out)
{
    return (cli_plane_wanted(a) ? forecast_plane : forecast_line)(a, s, out);
}

static int measure(const cli_arguments *a, cli_source *s, void **out)
{
    return (cli_plane_wanted(a) ? measure_plane : measure_line)(a, s, out);
}

/* -------------------------------------------------------------------------------------------- printing -- */

static void print_cosine(const char *with, const double *cosines, size_t i, FILE *out)
{
    if (cosines != NULL && !isnan(cosines[i])) fprintf(out, ", cosine with the %s %.4f", with, cosines[i]);
}

static void print_axis(const basin_slice *s, size_t i, FILE *out)
{
    const basin_axis *x = &s->axes[i];

    fprintf(out, "  %-14s  %s\n                  %s%zu points from %g to %g, norm %.6g (own norm %.6g)\n",
            x->direction, x->definition,
            s->axis_count < 2 ? ""
            : i == 0          ? "across, "
                              : "up, ",
            x->count, x->coordinates[0], x->coordinates[x->count - 1], x->norm, x->natural_norm);
    if (isnan(x->slope) && isnan(x->curvature))
        fputs("                  no prediction: the statistics of BatchNorm move with the point", out);
    else
        fprintf(out, "                  slope %.6g, curvature %.6g", x->slope, x->curvature);
    if (!isnan(x->eigenvalue)) fprintf(out, ", eigenvalue %.8g ± %.1e", x->eigenvalue, x->residual);
    print_cosine("momentum", s->momentum_cosines, i, out);
    print_cosine("gradient", s->gradient_cosines, i, out);
    if (!isnan(x->end_at))
        fprintf(out,
                "\n                  ends: loss %.6g at 0, %.6g of this point itself; %.6g at %.6g, "
                "%.6g of that one itself",
                s->surfaces[0].centre_loss, x->start_own, x->end_loss, x->end_at, x->end_own);
    fputc('\n', out);
}

static void print_axes(const basin_slice *s, FILE *out)
{
    for (size_t i = 0; i < s->axis_count; i++) print_axis(s, i, out);
    if (s->axis_count == 2) fprintf(out, "  cosine between them %.3g\n", s->cosine);
}

/* Checkpoints beside the plane; the distance is that to the plane, the losses exact. */
static void print_path(const basin_path *path, FILE *out)
{
    cli_table *table = cli_table_create("lrrrrrr");

    fprintf(out, "\n  %s\n", path->name);
    cli_table_titles(table, "checkpoint|step|across|up|distance|loss|on the plane");
    for (size_t i = 0; i < path->count; i++) {
        const basin_path_point *p = &path->points[i];
        const char             *slash = strrchr(p->file, '/');
        cli_table_cell(table, "%s", slash != NULL ? slash + 1 : p->file);
        cli_table_cell(table, "%s", p->step >= 0 ? cli_thousands((size_t)p->step) : "-");
        cli_table_number(table, p->across, 4);
        cli_table_number(table, p->up, 4);
        cli_table_number(table, p->distance, 4);
        cli_table_number(table, p->loss, 6);
        cli_table_number(table, p->projected, 6);
    }
    cli_table_print(table, 2, out);
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
    for (size_t i = 0; i < s->path_count; i++) print_path(&s->paths[i], out);
    if (s->axis_count > 1) return;
    fputc('\n', out);
    print_values(s, out);
}

const cli_command cli_command_slice = {
    .name = "slice",
    .usage = "slice CKPT --along D [--range FROM:TO] [--grid N] [--along D2 [--range …] [--grid …]] | "
             "slice RUN… --plane pca|A.h5,B.h5,C.h5",
    .about =
        "Loss and accuracy on theta + s d, or over the plane theta + s d1 + t d2, on train and test.\n"
        "Directions: of norm 1 momentum and adam (preconditioned by the second moments), gradient[:SPLIT] "
        "(all uphill), eigen:I and\n"
        "eigen:-I (of --operator, --params, --layer), pca:I (principal axes of the checkpoints in its "
        "folder), "
        "plane:A,B,C (both axes),\n"
        "file:FILE#NAME (a data set [P], a row NAME[I], or eigen:I of a stored spectrum); as long as they "
        "are "
        "to:OTHER (coordinate 1\n"
        "is OTHER), between:A,B, update (1 is the next step of the optimizer, at full batch), sam[:RHO],\n"
        "usam[:RHO] and msam[:RHO] (1 is the perturbed point); random[:SEED] is normalised by filters "
        "(arXiv:1712.09913).\n"
        "Options before the first --along hold for both axes, those after an --along for that one, with "
        "--both those after the last\n"
        "for both.\n"
        "--plane draws runs on a plane, centred at the last checkpoint of the first run or at A: where each "
        "checkpoint falls, how far\n"
        "off the plane it is, and its own loss beside that of its projection. Checkpoints stored perturbed "
        "are "
        "undone.",
    .examples =
        "  basin slice runs/msam_0/step_000400.h5 --along momentum --range -1:1 --grid 51 --plot slice.pdf\n"
        "  basin slice runs/gd_0 runs/sam_0 runs/msam_0 --plane pca --plot paths.pdf\n",
    .options = options,
    .common = CLI_COMMON_RESULT | CLI_COMMON_DATA | CLI_COMMON_WORK | CLI_COMMON_POINT | CLI_COMMON_STATE,
    .least = 1,
    .most = SIZE_MAX,
    .centre = centre,
    .test_too = true,
    .kind = BASIN_RESULT_SLICE,
    .check = check,
    .measure = measure,
    .forecast = forecast,
    .print = print,
};

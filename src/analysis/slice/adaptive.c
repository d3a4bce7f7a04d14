/* A line or plane within a tolerance, from fewer points than its grid has.
 *
 * Method (a kd tree of cells, each with a polynomial of its own and a measured error)
 *   1. The range is cut into 2 cells along each axis. A cell has 9 nodes along each; all nodes of all open
 *      cells are evaluated, those that cells share once, in one evaluation of the subspace.
 *   2. The error of a cell is estimated from that of the quartic through every other node, measured at the
 *      nodes between, with a safety of 2 where the loss looks smooth and of 3 where not (quartic.c). It is
 *      done where that is within the tolerance; what is drawn there goes through all nodes.
 *   3. If not, it is halved along the axis that errs more: the nodes of one are nodes of its halves.
 *   4. Where halving takes more points than the grid has inside, the points of the grid are evaluated
 *      themselves: at kinks, noise and the edge of what is finite, to which no polynomial comes near.
 *      So are those of all open cells as soon as going on might exceed basin_slice_most in all.
 *   5. Points held out, drawn uniformly, and the centre: where one is beyond the tolerance, its cell is
 *      open again; where one is only beyond the estimate, it becomes the estimate.
 *
 * Why losses and no gradients: a gradient costs three losses and says three numbers on a plane (two on a
 * line), so it buys nothing; the points of a subspace share their linear part, gradients do not; and where
 * the statistics of BatchNorm are estimated again at each point, there is no gradient of what is drawn.
 *
 * References: adaptive refinement by what a finer level adds as in Bungartz & Griebel, «Sparse grids», Acta
 * Numerica 13, 2004; local polynomials of fixed degree on nested equal spacing, since the loss of a ReLU
 * network is only piecewise smooth and a global Chebyshev series converges slowly at each kink.
 *
 * Traps: what is narrower than 1/16 of the range can lie between all nodes of the first round, for which the
 * held-out points are there: 64 of them miss what takes up a share q of a plane with probability (1 - q)^64.
 * A range of losses that a wall dominates makes a share of it useless for what lies below the wall, and an
 * interpolation may become negative there. So what a cell may err by is also half of its least loss at a
 * tolerance of 1 % (basin_cell_tolerance). Estimates are cautious: what lines of a logarithmic scale are off
 * by is far less.
 */
#include "analysis/slice/adaptive.h"

#include <math.h>
#include <string.h>

#include "analysis/slice/cells.h"
#include "core/memory.h"
#include "core/random.h"

/* points held out of a plane, and of a line */
enum { HELD_OUT_PLANE = 64, HELD_OUT_LINE = 8 };

static size_t grid_of(const basin_slice_request *r)
{
    return r->axis_count == 2 ? r->grid[0] * r->grid[1] : r->grid[0];
}

static size_t held_out_of(const basin_slice_request *r)
{
    return r->axis_count == 2 ? HELD_OUT_PLANE : HELD_OUT_LINE;
}

size_t basin_slice_most(const basin_slice_request *r)
{
    return grid_of(r) + grid_of(r) / 2 + held_out_of(r);
}

basin_status basin_slice_check_tolerance(const basin_slice_request *r)
{
    basin_status st = BASIN_OK;

    if (r->tolerance == 0.0) goto done;
    BASIN_CHECK(r->tolerance > 0.0 && isfinite(r->tolerance), BASIN_ERR_VALUE,
                "the tolerance %g of a slice is not a positive number", r->tolerance);
    BASIN_CHECK(r->tolerance_absolute || r->tolerance < 1.0, BASIN_ERR_VALUE,
                "the tolerance %g of a slice is not below 1, the whole range of its losses", r->tolerance);
    for (size_t i = 0; i < r->axis_count; i++)
        BASIN_CHECK(r->grid[i] >= 2, BASIN_ERR_VALUE,
                    "a slice with a tolerance needs a grid of at least 2 points along direction %zu, got %zu",
                    i + 1, r->grid[i]);
done:
    return st;
}

/* ------------------------------------------------------------------------------------------ held out -- */

static bool centre_is_in(const basin_slice_request *r)
{
    bool in = true;

    for (size_t i = 0; i < r->axis_count; i++) in = in && r->from[i] <= 0.0 && r->to[i] >= 0.0;
    return in;
}

/* Points drawn uniformly, and the centre, whose losses the surfaces have already. */
static basin_status hold_out(basin_refinement *f)
{
    basin_status               st = BASIN_OK;
    const basin_slice_request *r = f->request;
    const size_t               d = r->axis_count;
    basin_random               random = basin_random_start(0, BASIN_STREAM_HELD_OUT);
    basin_loss                *losses = NULL;

    f->tests = f->held_out + centre_is_in(r);
    BASIN_ALLOC(f->held, f->tests * d, "points held out");
    BASIN_ALLOC(f->held_loss, f->lattice.surfaces * f->tests, "points held out");
    BASIN_ALLOC(losses, f->held_out, "losses");
    for (size_t i = 0; i < f->held_out; i++)
        for (size_t j = 0; j < d; j++) {
            double u = basin_random_uniform(&random);
            f->held[i * d + j] = (1.0 - u) * r->from[j] + u * r->to[j];
        }
    for (size_t k = 0; k < f->lattice.surfaces; k++) {
        BASIN_TRY(basin_slice_losses(r, f->lattice.directions, f->held, f->held_out, k, losses));
        for (size_t i = 0; i < f->held_out; i++)
            f->held_loss[k * f->tests + i] = basin_loss_value(&losses[i]);
        if (f->tests > f->held_out)
            f->held_loss[k * f->tests + f->held_out] = f->slice->surfaces[k].centre_loss;
    }
done:
    basin_free(losses);
    return st;
}

/* One point held out against the cell that it lies in, on one surface; true where that is open again. */
static bool compare(basin_refinement *f, basin_cell *c, size_t test, size_t surface, bool first)
{
    double v[BASIN_CELL_MOST], error, loss = f->held_loss[surface * f->tests + test];

    basin_cell_values(f, c, surface, v);
    if (basin_cell_blank(f, v)) return isfinite(loss); /* there is something after all */
    error = fabs(basin_cell_at(f, c, v, f->held + test * f->lattice.axes) - loss);
    if (isnan(error)) error = INFINITY;
    if (!(error > c->error[surface] + f->rounding[surface])) {
        f->held_error[surface] = fmax(f->held_error[surface], error);
        return false;
    }
    f->missed[surface] += first;
    if (error > basin_cell_tolerance(f, v, surface)) return true;
    f->held_error[surface] = fmax(f->held_error[surface], error);
    c->error[surface] = error;
    return false;
}

/* All of them; the cells that must be divided are, and `*again` says that there are some. */
static basin_status test_all(basin_refinement *f, bool first, bool *again)
{
    basin_status st = BASIN_OK;
    const size_t cells = f->count;
    size_t       axis;

    *again = false;
    f->held_error[0] = f->held_error[1] = 0.0;
    for (size_t i = 0; i < cells; i++) {
        bool open = false;
        for (size_t j = 0; j < f->tests && f->cells[i].state == BASIN_CELL_DONE; j++)
            if (basin_cell_holds(f, &f->cells[i], f->held + j * f->lattice.axes))
                for (size_t k = 0; k < f->lattice.surfaces; k++)
                    open = compare(f, &f->cells[i], j, k, first) || open;
        if (!open) continue;
        (void)basin_cell_judge(f, &f->cells[i], &axis);
        *again = true;
        BASIN_TRY(basin_cell_divide(f, i, axis));
    }
done:
    return st;
}

/* Until none is beyond the tolerance. Nothing to test where every point of the grid was evaluated. */
static basin_status hold_against(basin_refinement *f)
{
    basin_status st = BASIN_OK;
    bool         again = false;

    for (size_t i = 0; i < f->count; i++) again = again || f->cells[i].state == BASIN_CELL_DONE;
    if (!again) {
        f->held_out = 0;
        f->held_error[0] = f->held_error[1] = (double)NAN;
        goto done;
    }
    BASIN_TRY(hold_out(f));
    for (bool first = true; again; first = false) {
        BASIN_TRY(test_all(f, first, &again));
        if (again) BASIN_TRY(basin_cells_refine(f));
    }
done:
    return st;
}

/* -------------------------------------------------------------------------------------------- result -- */

/* The grid in a cell that is done: its interpolation and its estimate. */
static void draw(const basin_refinement *f, const basin_cell *c, size_t surface, double *loss, double *error)
{
    double v[BASIN_CELL_MOST], at[2] = {0.0, 0.0};
    size_t from[2], to[2];
    bool   none = isnan(c->error[surface]);

    basin_cell_values(f, c, surface, v);
    for (size_t i = 0; i < 2; i++) basin_cell_inside(f, c, i, &from[i], &to[i]);
    for (size_t i = from[1]; i <= to[1]; i++)
        for (size_t j = from[0]; j <= to[0]; j++) {
            const size_t point = i * f->request->grid[0] + j;
            at[0] = f->slice->axes[0].coordinates[j];
            if (f->lattice.axes == 2) at[1] = f->slice->axes[1].coordinates[i];
            loss[point] = none ? NAN : basin_cell_at(f, c, v, at);
            error[point] = c->error[surface] + f->rounding[surface];
        }
}

/* The grid's own points, last: what was evaluated stands where cells meet. */
static basin_status draw_evaluated(basin_refinement *f, const basin_cell *c, size_t surface, double *loss,
                                   double *error)
{
    basin_status st = BASIN_OK;
    size_t       from[2], to[2], index;

    for (size_t i = 0; i < 2; i++) basin_cell_inside(f, c, i, &from[i], &to[i]);
    for (size_t i = from[1]; i <= to[1]; i++)
        for (size_t j = from[0]; j <= to[0]; j++) {
            const size_t point = i * f->request->grid[0] + j;
            BASIN_TRY(basin_lattice_want_grid(&f->lattice, f->slice, point, &index));
            loss[point] = basin_lattice_loss(&f->lattice, surface, index);
            error[point] = isfinite(loss[point]) ? 0.0 : NAN;
        }
done:
    return st;
}

static bool is_leaf(const basin_cell *c)
{
    return c->state == BASIN_CELL_DONE || c->state == BASIN_CELL_GRID;
}

static basin_status fill_split(basin_refinement *f, const basin_adaptive *a, size_t k)
{
    basin_status          st = BASIN_OK;
    basin_adaptive_split *out = &a->splits[k];
    basin_surface        *surface = &f->slice->surfaces[k];
    size_t                leaf = 0;

    out->points = a->points, out->cells = a->cells;
    out->rows = surface->rows, out->columns = surface->columns;
    BASIN_ALLOC(out->loss, a->points, "losses");
    BASIN_ALLOC(out->accuracy, a->points, "accuracies");
    BASIN_ALLOC(out->cell_error, a->cells, "errors");
    BASIN_ALLOC(out->error, out->rows * out->columns, "errors");
    memcpy(out->loss, f->lattice.loss + k * f->lattice.room, a->points * sizeof(double));
    memcpy(out->accuracy, f->lattice.accuracy + k * f->lattice.room, a->points * sizeof(double));
    for (size_t i = 0; i < f->count; i++)
        if (f->cells[i].state == BASIN_CELL_DONE) draw(f, &f->cells[i], k, surface->loss, out->error);
    for (size_t i = 0; i < f->count; i++)
        if (f->cells[i].state == BASIN_CELL_GRID)
            BASIN_TRY(draw_evaluated(f, &f->cells[i], k, surface->loss, out->error));
    for (size_t i = 0; i < f->count; i++)
        if (is_leaf(&f->cells[i]))
            out->cell_error[leaf++] =
                f->cells[i].state == BASIN_CELL_GRID ? 0.0 : f->cells[i].error[k] + f->rounding[k];
    out->range = f->least[k] <= f->most[k] ? f->most[k] - f->least[k] : (double)NAN;
    out->tolerance = f->least[k] <= f->most[k] ? f->tolerance[k] : (double)NAN;
    out->held_out_error = f->held_error[k];
    out->held_out_missed = f->missed[k];
    for (size_t i = 0; i < out->rows * out->columns; i++)
        if (isfinite(out->error[i])) out->largest_error = fmax(out->largest_error, out->error[i]);
done:
    return st;
}

/* Known at every point of the grid only where all were evaluated: it has steps, between which nothing is
   known. */
static basin_status fill_accuracy(basin_refinement *f)
{
    basin_status st = BASIN_OK;
    const size_t grid = grid_of(f->request);
    bool         all = true;
    size_t       index;

    for (size_t i = 0; i < f->count; i++) all = all && f->cells[i].state != BASIN_CELL_DONE;
    for (size_t k = 0; k < f->lattice.surfaces; k++)
        for (size_t i = 0; i < grid; i++) {
            f->slice->surfaces[k].accuracy[i] = (double)NAN;
            if (!all) continue;
            BASIN_TRY(basin_lattice_want_grid(&f->lattice, f->slice, i, &index));
            f->slice->surfaces[k].accuracy[i] = f->lattice.accuracy[k * f->lattice.room + index];
        }
done:
    return st;
}

/* Where the cells that are drawn lie. */
static basin_status fill_cells(const basin_refinement *f, basin_adaptive *a)
{
    basin_status               st = BASIN_OK;
    const basin_slice_request *r = f->request;
    size_t                     leaf = 0;

    for (size_t i = 0; i < f->count; i++) a->cells += is_leaf(&f->cells[i]);
    BASIN_ALLOC(a->from, a->cells * a->axes, "cells");
    BASIN_ALLOC(a->to, a->cells * a->axes, "cells");
    for (size_t i = 0; i < f->count; i++) {
        const basin_cell *c = &f->cells[i];
        if (!is_leaf(c)) continue;
        for (size_t j = 0; j < a->axes; j++, leaf++) {
            a->from[leaf] = basin_slice_coordinate(r->from[j], r->to[j], c->at[j], BASIN_LATTICE + 1);
            a->to[leaf] =
                basin_slice_coordinate(r->from[j], r->to[j], c->at[j] + c->width[j], BASIN_LATTICE + 1);
        }
    }
done:
    return st;
}

static basin_status fill(basin_refinement *f)
{
    basin_status               st = BASIN_OK;
    const basin_slice_request *r = f->request;
    basin_adaptive            *a = NULL;

    BASIN_ALLOC(f->slice->adaptive, 1, "an adaptive slice");
    f->slice->adaptive_count = 1;
    a = f->slice->adaptive;
    *a = (basin_adaptive){.tolerance = r->tolerance,
                          .absolute = r->tolerance_absolute,
                          .most = basin_slice_most(r),
                          .axes = r->axis_count,
                          .points = f->lattice.count,
                          .held_out = f->held_out};
    BASIN_ALLOC(a->coordinates, a->points * a->axes, "points");
    memcpy(a->coordinates, f->lattice.coordinates, a->points * a->axes * sizeof(double));
    BASIN_TRY(fill_cells(f, a));
    BASIN_ALLOC(a->splits, f->lattice.surfaces, "splits");
    a->split_count = f->lattice.surfaces;
    for (size_t k = 0; k < a->split_count; k++) BASIN_TRY(fill_split(f, a, k));
    BASIN_TRY(fill_accuracy(f));
done:
    return st;
}

basin_status basin_slice_adapt(const basin_slice_request *request, const double *directions,
                               basin_slice *slice)
{
    basin_status     st = BASIN_OK;
    basin_refinement f = {.request = request,
                          .slice = slice,
                          .lattice = {.request = request,
                                      .directions = directions,
                                      .axes = request->axis_count,
                                      .surfaces = slice->surface_count},
                          .rows = request->axis_count == 2 ? BASIN_CELL_NODES : 1,
                          .held_out = held_out_of(request),
                          .least = {INFINITY, INFINITY},
                          .most = {-INFINITY, -INFINITY}};

    BASIN_TRY(basin_cells_start(&f));
    BASIN_TRY(basin_cells_refine(&f));
    BASIN_TRY(hold_against(&f));
    BASIN_TRY(fill(&f));
done:
    basin_lattice_clear(&f.lattice);
    basin_free(f.cells);
    basin_free(f.held);
    basin_free(f.held_loss);
    return st;
}

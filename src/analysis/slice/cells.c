/* The cells of an adaptive slice: their nodes, their errors, and how they are divided (adaptive.c). */
#include "analysis/slice/cells.h"

#include <math.h>

#include "analysis/point.h"
#include "analysis/slice/adaptive.h"
#include "analysis/slice/quartic.h"
#include "core/memory.h"

/* of the largest loss, in units of its epsilon: what two ways of evaluating differ by */
#define ROUNDINGS 64.0
#define BELOW 50.0 /* times a relative tolerance: a share of the least loss of a cell */

void basin_cell_inside(const basin_refinement *f, const basin_cell *c, size_t axis, size_t *first,
                       size_t *last)
{
    const size_t intervals = axis < f->lattice.axes ? f->request->grid[axis] - 1 : 0;

    *first = (c->at[axis] * intervals + BASIN_LATTICE - 1) / BASIN_LATTICE;
    *last = (c->at[axis] + c->width[axis]) * intervals / BASIN_LATTICE;
}

static size_t count_along(const basin_refinement *f, const basin_cell *c, size_t axis)
{
    size_t first, last;

    basin_cell_inside(f, c, axis, &first, &last);
    return last + 1 - first;
}

static size_t grid_inside(const basin_refinement *f, const basin_cell *c)
{
    return count_along(f, c, 0) * count_along(f, c, 1);
}

/* Points that a cell needs beyond those of the one that it is a half of; of both halves. */
static size_t halving_cost(const basin_refinement *f)
{
    return 2 * (BASIN_CELL_NODES / 2) * f->rows;
}

static basin_status add_cell(basin_refinement *f, const basin_cell *from, size_t axis, size_t half)
{
    basin_status st = BASIN_OK;
    basin_cell   c = *from;

    c.state = BASIN_CELL_OPEN;
    if (axis < 2) {
        c.width[axis] /= 2;
        c.at[axis] += half * c.width[axis];
    }
    if (f->count == f->room) {
        size_t      room = f->room > 0 ? 2 * f->room : 16;
        basin_cell *wider = basin_grow(f->cells, f->count, room, sizeof *wider);
        BASIN_CHECK(wider != NULL, BASIN_ERR_NOMEM, "out of memory for %zu cells", room);
        f->cells = wider, f->room = room;
    }
    f->cells[f->count++] = c;
done:
    return st;
}

static basin_status want_nodes(basin_refinement *f, basin_cell *c)
{
    basin_status st = BASIN_OK;

    for (size_t row = 0; row < f->rows; row++)
        for (size_t column = 0; column < BASIN_CELL_NODES; column++)
            BASIN_TRY(basin_lattice_want(&f->lattice,
                                         c->at[0] + c->width[0] / (BASIN_CELL_NODES - 1) * column,
                                         c->at[1] + c->width[1] / (BASIN_CELL_NODES - 1) * row,
                                         &c->index[row * BASIN_CELL_NODES + column]));
done:
    return st;
}

static basin_status want_grid(basin_refinement *f, basin_cell *c)
{
    basin_status st = BASIN_OK;
    size_t       from[2], to[2], point;

    c->state = BASIN_CELL_GRID;
    for (size_t i = 0; i < 2; i++) basin_cell_inside(f, c, i, &from[i], &to[i]);
    for (size_t i = from[1]; i <= to[1]; i++)
        for (size_t j = from[0]; j <= to[0]; j++)
            BASIN_TRY(basin_lattice_want_grid(&f->lattice, f->slice, i * f->request->grid[0] + j, &point));
done:
    return st;
}

void basin_cell_values(const basin_refinement *f, const basin_cell *c, size_t surface,
                       double v[BASIN_CELL_MOST])
{
    for (size_t i = 0; i < f->rows * BASIN_CELL_NODES; i++)
        v[i] = basin_lattice_loss(&f->lattice, surface, c->index[i]);
}

/* ---------------------------------------------------------------------------------------- refinement -- */

/* The range of the losses found so far, and what a tolerance is in their units. */
static basin_status set_tolerances(basin_refinement *f)
{
    basin_status               st = BASIN_OK;
    const basin_slice_request *r = f->request;

    for (size_t k = 0; k < f->lattice.surfaces; k++) {
        double size, range;
        for (size_t i = f->ranged; i < f->lattice.evaluated; i++) {
            double loss = basin_lattice_loss(&f->lattice, k, i);
            if (!isfinite(loss)) continue;
            f->least[k] = fmin(f->least[k], loss), f->most[k] = fmax(f->most[k], loss);
        }
        if (f->least[k] > f->most[k]) continue; /* nothing finite yet */
        size = fmax(fabs(f->least[k]), fabs(f->most[k])), range = f->most[k] - f->least[k];
        f->rounding[k] = ROUNDINGS * size * basin_objective_epsilon(k == 0 ? r->point->objective : r->other);
        f->tolerance[k] = r->tolerance_absolute ? r->tolerance : r->tolerance * range;
        BASIN_CHECK(f->tolerance[k] >= f->rounding[k] || range <= f->rounding[k], BASIN_ERR_VALUE,
                    "the tolerance %g of the losses on %s is below their rounding, %.2g", f->tolerance[k],
                    r->splits[k], f->rounding[k]);
        f->tolerance[k] = fmax(f->tolerance[k], f->rounding[k]);
    }
    f->ranged = f->lattice.evaluated;
done:
    return st;
}

bool basin_cell_blank(const basin_refinement *f, const double *v)
{
    for (size_t i = 0; i < f->rows * BASIN_CELL_NODES; i++)
        if (isfinite(v[i])) return false;
    return true;
}

double basin_cell_tolerance(const basin_refinement *f, const double *v, size_t surface)
{
    double least = INFINITY;

    if (f->request->tolerance_absolute) return f->tolerance[surface];
    for (size_t i = 0; i < f->rows * BASIN_CELL_NODES; i++)
        if (isfinite(v[i])) least = fmin(least, v[i]);
    if (!(least > 0.0) || isinf(least)) return f->tolerance[surface];
    return fmin(f->tolerance[surface], fmax(BELOW * f->request->tolerance * least, f->rounding[surface]));
}

bool basin_cell_judge(const basin_refinement *f, basin_cell *c, size_t *axis)
{
    double v[BASIN_CELL_MOST], along[2], worst[2] = {0.0, 0.0};
    bool   within = true;

    for (size_t k = 0; k < f->lattice.surfaces; k++) {
        basin_cell_values(f, c, k, v);
        c->error[k] = NAN;
        if (basin_cell_blank(f, v)) continue;
        c->error[k] = basin_quartic_error(v, f->rows, along);
        const double tolerance = basin_cell_tolerance(f, v, k);
        if (c->error[k] <= tolerance) continue;
        within = false;
        for (size_t i = 0; i < 2; i++) worst[i] = fmax(worst[i], along[i] / tolerance);
    }
    *axis = worst[1] > worst[0] ||
            (worst[1] == worst[0] && f->rows > 1 && count_along(f, c, 1) > count_along(f, c, 0));
    return within;
}

basin_status basin_cell_divide(basin_refinement *f, size_t number, size_t axis)
{
    basin_status st = BASIN_OK;
    basin_cell   c = f->cells[number];

    if (grid_inside(f, &c) <= halving_cost(f) || c.width[axis] < 2 * (BASIN_CELL_NODES - 1)) {
        BASIN_TRY(want_grid(f, &f->cells[number]));
        goto done;
    }
    f->cells[number].state = BASIN_CELL_SPLIT;
    for (size_t half = 0; half < 2; half++) BASIN_TRY(add_cell(f, &c, axis, half));
done:
    return st;
}

/* Whether every open cell may have its nodes: if the whole slice were then drawn from the grid's own points,
   no more than basin_slice_most would have been evaluated. Each needs at most half of what halving costs,
   but for the first, which share theirs. */
static bool affordable(const basin_refinement *f)
{
    size_t       needed = f->lattice.count + f->held_out;
    const size_t along = 2 * (BASIN_CELL_NODES - 1) + 1, first = f->rows > 1 ? along * along : along;

    for (size_t i = 0; i < f->count; i++) {
        const basin_cell_state state = f->cells[i].state;
        if (state == BASIN_CELL_OPEN || state == BASIN_CELL_DONE) needed += grid_inside(f, &f->cells[i]);
        if (state == BASIN_CELL_OPEN) needed += halving_cost(f) / 2;
    }
    if (f->lattice.count == 0) needed += first - f->count * halving_cost(f) / 2;
    return needed <= basin_slice_most(f->request);
}

basin_status basin_cells_refine(basin_refinement *f)
{
    basin_status st = BASIN_OK;
    size_t       axis, before, open = 1;

    while (open > 0) {
        const bool on = affordable(f);
        before = f->count, open = 0;
        for (size_t i = 0; i < before; i++)
            if (f->cells[i].state == BASIN_CELL_OPEN)
                BASIN_TRY((on ? want_nodes : want_grid)(f, &f->cells[i]));
        BASIN_TRY(basin_lattice_evaluate(&f->lattice));
        BASIN_TRY(set_tolerances(f));
        for (size_t i = 0; i < before; i++) {
            if (f->cells[i].state != BASIN_CELL_OPEN) continue;
            if (basin_cell_judge(f, &f->cells[i], &axis))
                f->cells[i].state = BASIN_CELL_DONE;
            else
                BASIN_TRY(basin_cell_divide(f, i, axis));
        }
        for (size_t i = before; i < f->count; i++) open += f->cells[i].state == BASIN_CELL_OPEN;
    }
    BASIN_TRY(basin_lattice_evaluate(&f->lattice)); /* of the grid, which the last round asked for */
    BASIN_TRY(set_tolerances(f));
done:
    return st;
}

basin_status basin_cells_start(basin_refinement *f)
{
    basin_status st = BASIN_OK;
    const bool   plane = f->lattice.axes == 2;
    const size_t half = BASIN_LATTICE / 2;

    for (size_t i = 0; i < (plane ? 4 : 2); i++)
        BASIN_TRY(add_cell(
            f,
            &(basin_cell){.at = {i % 2 * half, plane ? i / 2 * half : 0}, .width = {half, plane ? half : 0}},
            BASIN_NONE, 0));
done:
    return st;
}

/* -------------------------------------------------------------------------------------------- drawing -- */

/* A coordinate on the lattice. */
static double position(const basin_slice_request *r, size_t axis, double coordinate)
{
    return (coordinate - r->from[axis]) / (r->to[axis] - r->from[axis]) * (double)BASIN_LATTICE;
}

double basin_cell_at(const basin_refinement *f, const basin_cell *c, const double *v, const double *at)
{
    double x[2] = {0.0, 0.0};

    for (size_t i = 0; i < f->lattice.axes; i++)
        x[i] = (position(f->request, i, at[i]) - (double)c->at[i]) / (double)c->width[i] *
               (BASIN_CELL_NODES - 1);
    return basin_quartic_at(v, f->rows, x[0], x[1]);
}

bool basin_cell_holds(const basin_refinement *f, const basin_cell *c, const double *at)
{
    for (size_t i = 0; i < f->lattice.axes; i++) {
        double x = position(f->request, i, at[i]) - (double)c->at[i];
        if (!(x >= 0.0 && x <= (double)c->width[i])) return false;
    }
    return true;
}

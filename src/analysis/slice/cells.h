/* The cells that an adaptive slice is cut into, and their refinement. */
#ifndef BASIN_ANALYSIS_SLICE_CELLS_H
#define BASIN_ANALYSIS_SLICE_CELLS_H

#include "analysis/slice/lattice.h"
#include "analysis/slice/quartic.h"

typedef enum basin_cell_state {
    BASIN_CELL_OPEN,  /* not judged yet */
    BASIN_CELL_DONE,  /* interpolated */
    BASIN_CELL_SPLIT, /* its halves stand for it */
    BASIN_CELL_GRID   /* the points of the grid in it are evaluated */
} basin_cell_state;

typedef struct basin_cell {
    size_t at[2], width[2];        /* on the lattice; width[1] = 0 on a line */
    size_t index[BASIN_CELL_MOST]; /* its nodes among the points, [rows, 9] */
    double error[2]; /* estimate on each surface; NAN where none of its losses is finite */
    basin_cell_state state;
} basin_cell;

typedef struct basin_refinement {
    const basin_slice_request *request;
    basin_slice               *slice;
    basin_lattice              lattice;
    size_t                     rows; /* of a cell's nodes: 9, or 1 on a line */
    size_t                     count, room;
    basin_cell                *cells;
    size_t                     ranged; /* points that the range has seen */
    /* of each surface: least and largest finite loss, their rounding, the tolerance in their
       units */
    double  least[2], most[2], rounding[2], tolerance[2];
    size_t  held_out;      /* points drawn; the centre may stand behind them */
    size_t  tests;         /* these with the centre */
    double *held;          /* [tests, axes] coordinates */
    double *held_loss;     /* [surfaces, tests] */
    double  held_error[2]; /* largest, of each surface */
    size_t  missed[2];     /* beyond the estimate when first compared */
} basin_refinement;

/* The cells that it begins with: two along each axis, open. */
basin_status basin_cells_start(basin_refinement *f);
/* Until no cell is open: each round evaluates the nodes of all that are, and judges them. */
basin_status basin_cells_refine(basin_refinement *f);
/* Measures the cell's errors; true where all are within the tolerance. `axis`: the one that errs
   more, in units of the tolerances, or that has more of the grid where both err as much. */
bool basin_cell_judge(const basin_refinement *f, basin_cell *c, size_t *axis);
/* What a cell with values v at its nodes may err by: the tolerance, and where that is a share of
   the range, 50 times that share of its least loss as well, if all are positive: below a wall of
   the loss that keeps lines of a logarithmic scale where they belong. */
double basin_cell_tolerance(const basin_refinement *f, const double *v, size_t surface);
/* A cell that is not within the tolerance becomes two open ones, or one of the grid's own points.
   Cells are added: what points to one is void after. */
basin_status basin_cell_divide(basin_refinement *f, size_t number, size_t axis);

/* The first and the last number of the grid's coordinates in a cell, whose ends are in it. */
void basin_cell_inside(const basin_refinement *f, const basin_cell *c, size_t axis, size_t *first,
                       size_t *last);
/* v [rows, 9] at its nodes. */
void basin_cell_values(const basin_refinement *f, const basin_cell *c, size_t surface,
                       double v[BASIN_CELL_MOST]);
/* Whether none of them is finite: nothing can be drawn there, and nothing refined. */
bool basin_cell_blank(const basin_refinement *f, const double *v);
bool basin_cell_holds(const basin_refinement *f, const basin_cell *c, const double *at);
/* The interpolation of a cell that is done, from its values v, at coordinates in it. */
double basin_cell_at(const basin_refinement *f, const basin_cell *c, const double *v,
                     const double *at);

#endif

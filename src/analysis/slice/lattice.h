/* The points of an adaptive slice: each is evaluated once, whatever cells it belongs to. */
#ifndef BASIN_ANALYSIS_SLICE_LATTICE_H
#define BASIN_ANALYSIS_SLICE_LATTICE_H

#include "core/status.h"

/* intervals of the lattice along each axis, a power of two: every cell has its nodes on it */
#define BASIN_LATTICE ((size_t)1 << 24)

typedef struct basin_lattice {
    const basin_slice_request *request;    /* borrowed */
    const double              *directions; /* [axes, P] borrowed */
    size_t                     axes, surfaces;
    size_t    count, room, evaluated; /* points; the first `evaluated` have values */
    double   *coordinates;            /* [room, axes] */
    double   *loss, *accuracy;        /* [surfaces, room] */
    uint64_t *key;                    /* [room] */
    size_t    slots;                  /* of the hash table, a power of two */
    size_t   *slot;                   /* [slots] 1 + index of a point; 0 = empty */
} basin_lattice;

/* The index of the lattice's point (i, j), which is added where it is new; j = 0 on a line. */
basin_status basin_lattice_want(basin_lattice *lattice, size_t i, size_t j, size_t *out);
/* The same of point number `index` of the grid, which need not lie on the lattice. */
basin_status basin_lattice_want_grid(basin_lattice *lattice, const basin_slice *slice, size_t index,
                                     size_t *out);
/* All points that are new, on every split, in one evaluation each. */
basin_status basin_lattice_evaluate(basin_lattice *lattice);
double       basin_lattice_loss(const basin_lattice *lattice, size_t surface, size_t index);
void         basin_lattice_clear(basin_lattice *lattice);

#endif

/* What the products of winograd.h share: which inputs a tile reads, its points, the scratch.
 */
#ifndef BASIN_ENGINE_KERNELS_WINOGRAD_TILES_H
#define BASIN_ENGINE_KERNELS_WINOGRAD_TILES_H

#include "engine/kernels/vector.h"
#include "engine/kernels/winograd.h"

enum {
    TAPS = 3,      /* of a line */
    POINTS = 4,    /* 0, 1, -1, ∞ */
    STRIP = 4,     /* tiles, ahead and back */
    CHANNELS = 64, /* whose points are made at a time, likewise */
    WIDE = 4       /* channels of a register tile of the weights' product */
};
#if VECTOR_REGISTERS == 32
enum { DEEP = 4 }; /* and outputs */
#else
enum { DEEP = 2 };
#endif

/* Groups of samples [channels, height, width, LANES], `apart` numbers from one to the next, and the
   tiles that they are read by: tile (i, j) of a group from row 2i + top, column 2j + left on. */
typedef struct basin_tiles {
    const real *from;
    size_t      apart, channels, height, width;
    size_t      down, across; /* tiles */
    ptrdiff_t   top, left;
} basin_tiles;

/* Some tiles, counted through the groups row by row, of some channels. */
typedef struct basin_strip {
    size_t tile, tiles, channel, channels;
} basin_strip;

/* Elements from channel to channel, tile to tile, point to point. */
typedef struct basin_steps {
    size_t channel, tile, point;
} basin_steps;

typedef struct basin_place {
    size_t group, row, column; /* of tiles */
} basin_place;

static inline basin_place basin_place_of(const basin_tiles *t, size_t tile)
{
    return (basin_place){tile / t->across / t->down, tile / t->across % t->down, tile % t->across};
}

/* Parts of the scratch. */
typedef struct basin_room {
    const real *zeros;    /* a row of them */
    real       *inputs;   /* V */
    real       *adjoints; /* A */
    real       *points;   /* U, or the weights' product at the points */
    size_t      strip;    /* tiles of a weights' product that there is room for */
} basin_room;

/* Sets the zeros. */
basin_room basin_winograd_room(const basin_conv *conv, real *temp);

/* Numbers of a group of samples, and of a group's weights. */
static inline size_t basin_x_size(const basin_conv *conv)
{
    return conv->channels * conv->window.y.in * conv->window.x.in * BASIN_LANES;
}

static inline size_t basin_y_size(const basin_conv *conv)
{
    return conv->outputs * conv->window.y.out * conv->window.x.out * BASIN_LANES;
}

static inline size_t basin_w_size(const basin_conv *conv)
{
    return conv->outputs * conv->channels * TAPS * TAPS;
}

static inline size_t basin_up_to(size_t n, size_t whole)
{
    return (n + whole - 1) / whole * whole;
}

/* Tiles of outputs and what they read of the inputs; tiles of inputs and what they read of the
   outputs; tiles of outputs and what they are. */
basin_tiles basin_winograd_inputs(const basin_conv *conv, const real *x, size_t x_step);
basin_tiles basin_winograd_outputs(const basin_conv *conv, const real *y, size_t y_step);
basin_tiles basin_winograd_adjoints(const basin_conv *conv, const real *y, size_t y_step);

/* Of a strip, one point of the rows and all four of the columns: V of inputs, or A of adjoints. */
void basin_winograd_points(bool adjoints, const basin_tiles *t, size_t point, const basin_strip *s,
                           const real *zeros, const basin_steps *by, real *to);

#endif

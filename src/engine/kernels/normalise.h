/* What BatchNormalization, LayerNormalization and GroupNormalization share: sets of numbers brought
 * to mean 0 and variance 1, then scaled and shifted. An op's infer fills basin_norm_sets in as its
 * facts; the four functions are the same for all three.
 */
#ifndef BASIN_ENGINE_KERNELS_NORMALISE_H
#define BASIN_ENGINE_KERNELS_NORMALISE_H

#include "engine/op.h"

enum { NORM_X, NORM_SCALE, NORM_SHIFT, NORM_MEAN, NORM_VARIANCE }; /* inputs */

typedef enum basin_norm_statistics {
    BASIN_NORM_OF_SAMPLE, /* a set lies in one sample */
    BASIN_NORM_OF_BATCH,  /* a set runs through all samples at hand */
    BASIN_NORM_STORED     /* mean and variance are inputs, constant */
} basin_norm_statistics;

typedef struct basin_norm_sets {
    basin_norm_statistics statistics;
    size_t                sets;    /* of a sample, one after the other */
    size_t                members; /* elements of a set in a sample */
    /* entries of scale and shift that a set uses; each serves members / channels elements */
    size_t channels;
    /* of scale and shift in all: set s starts at entry s · channels modulo that */
    size_t entries;
    double epsilon;
} basin_norm_sets;

/* Checks epsilon, and scale and shift against their `shape`; room for what the sweeps keep; the
   output has the shape of x. */
basin_status basin_norm_infer(basin_node *node, const basin_norm_sets *norm, const size_t *shape,
                              size_t rank);

/* Mean and Σ (x - mean)² [C] of each channel of BatchNormalization's input over the b samples at
   hand; returns how many numbers. */
double basin_norm_moments(const basin_node *node, size_t b, double *mean, double *m2);

void basin_norm_forward(basin_node *node, size_t b, basin_mode mode);
void basin_norm_backward(basin_node *node, size_t b, basin_mode mode);
void basin_norm_forward_dot(basin_node *node, size_t b, size_t k);
void basin_norm_backward_dot(basin_node *node, size_t b, size_t k);

#endif

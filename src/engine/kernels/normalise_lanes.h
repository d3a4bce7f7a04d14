/* Sets that lie in one sample, of samples in lanes: the case of normalise.c in which every
   statistic is a vector. */
#ifndef BASIN_ENGINE_KERNELS_NORMALISE_LANES_H
#define BASIN_ENGINE_KERNELS_NORMALISE_LANES_H

#include "engine/kernels/normalise.h"

/* Scratch of the four functions. */
size_t basin_norm_lanes_temp(const basin_norm_sets *norm);

void basin_norm_lanes_forward(basin_node *node, size_t b, basin_mode mode);
void basin_norm_lanes_backward(basin_node *node, size_t b);
void basin_norm_lanes_forward_dot(basin_node *node, size_t b, size_t k);
void basin_norm_lanes_backward_dot(basin_node *node, size_t b, size_t k);

#endif

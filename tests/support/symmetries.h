/* Symmetries applied to a network, and what that does to its outputs. */
#ifndef BASIN_TESTS_SYMMETRIES_H
#define BASIN_TESTS_SYMMETRIES_H

#include "support.h"

typedef struct network { /* borrowed */
    const basin_graph     *graph;
    const basin_loss_spec *loss;
    const basin_dataset   *data;
    const double          *theta;
} network;

/* The largest difference of outputs, over their size, when the units of the group change places at
   random, or unit u has factor exp(spread |n_u| + 0.1), n_u normal. */
double network_permuted(const network *net, const basin_unit_group *group);
double network_scaled(const network *net, const basin_unit_group *group, double spread);
/* When head u of the pair has a basis of its own, a · Gaussian. */
double network_rotated(const network *net, const basin_factor_pair *pair, double a);

/* Is it undone by a normalisation up to its ε only? */
bool group_is_approximate(const basin_unit_group *group);

/* Every group of the network, its normalisations without ε, leaves the outputs alone to this; how
   many groups there are. Names the group otherwise. */
size_t assert_symmetries_hold(const network *net, const char *name, double bound);

#endif

/* Changes of basis that attention does not see (basin_factor_pair). */
#ifndef BASIN_TESTS_PAIRS_H
#define BASIN_TESTS_PAIRS_H

#include "basin.h"

/* In place on theta: (G A⁻¹, H Aᵀ) of every pair, each A a Gaussian matrix times a, of its own. */
void pairs_transform(const basin_params *params, double a, uint64_t seed, double *theta);
/* The same of one side only, which is no symmetry. */
void pairs_break(const basin_params *params, size_t pair, uint64_t seed, double *theta);
/* In place, a tangent vector becomes vertical at theta: (G L, -H Lᵀ) of every pair, L Gaussian, 0
   elsewhere. */
void pairs_vertical(const basin_params *params, const double *theta, uint64_t seed, double *x);

#endif

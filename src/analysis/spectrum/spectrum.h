/* The parts of a spectrum's computation. Letters: P parameters, c pairs held. */
#ifndef BASIN_ANALYSIS_SPECTRUM_SPECTRUM_H
#define BASIN_ANALYSIS_SPECTRUM_SPECTRUM_H

#include "analysis/forecast.h"
#include "analysis/point.h"

/* Eigenpairs of ∇²F alone, without what the point itself is (loss, gradient, stationarity). Caller
   destroys. */
basin_status basin_spectrum_solve(basin_point *point, const basin_spectrum_options *options,
                                  basin_spectrum **out);
/* What stands in a spectrum before it is solved, and what follows once it is. */
basin_status basin_spectrum_begin(basin_point *point, double epsilon,
                                  const basin_spectrum_options *options, basin_spectrum *out);
basin_status basin_spectrum_finish(basin_spectrum *out);
/* And that. Stationarity comes last: after its products nobody needs the frozen Hessian. */
basin_status basin_spectrum_describe(basin_point *point, basin_spectrum *out);

/* Both fill eigenvalues, residuals, vectors and what is known of ‖H‖_F² and the trace into a zeroed
   *out; on failure the caller clears it. `options` is complete: no zero stands for a default. */
basin_status basin_spectrum_dense(basin_point *point, double epsilon,
                                  const basin_spectrum_options *options, basin_spectrum *out);
basin_status basin_spectrum_lanczos(basin_point *point, double epsilon,
                                    const basin_spectrum_options *options, basin_spectrum *out);
/* By the root of the operator, which the point must have. */
basin_status basin_spectrum_gram(basin_point *point, double epsilon,
                                 const basin_spectrum_options *options, basin_spectrum *out);

/* What these two will ask of the curvature, and hold; BASIN_ERR_BUDGET where that cannot fit the
   memory limit. */
basin_status basin_spectrum_dense_demand(size_t size, const basin_spectrum_options *options,
                                         basin_demand *demand);
basin_status basin_spectrum_lanczos_demand(size_t size, const basin_spectrum_options *options,
                                           basin_demand *demand);

basin_status basin_spectrum_gram_demand(size_t size, size_t rows,
                                        const basin_spectrum_options *options,
                                        basin_demand                 *demand);

/* Of the root of the point's operator, weight decay included; 0 where there is none. */
size_t basin_spectrum_rows(const basin_point *point);

/* A spectrum may come from a file: BASIN_ERR_ARG when its counts contradict each other. */
basin_status basin_spectrum_check(const basin_spectrum *s);

/* Bytes that the dense spectrum takes at its height; SIZE_MAX when that overflows. */
size_t basin_spectrum_dense_bytes(size_t size, size_t vectors);
/* Likewise of a Gram matrix [rows, rows]. */
size_t basin_spectrum_gram_bytes(size_t size, size_t rows, size_t vectors);

/* Makes h [size, size] symmetric; ‖h - hᵀ‖_F as it was. */
double basin_spectrum_symmetrise(double *h, size_t size);
/* Σ|λ<0| / Σ|λ| */
double basin_spectrum_negative_mass(const double *w, size_t count);

/* Of the memory, what vectors [P] may take where they could use all; the rest is the network's,
   which has the more threads the more there is. */
#define BASIN_VECTORS_SHARE 0.5
/* What they may take that cannot be fewer: a network needs a quarter at the least. */
#define BASIN_VECTORS_MOST 0.75

/* Residual of the pairs that quadrature deflates, at most, relative to ‖H‖. */
#define BASIN_DEFLATED 3e-3

/* Vectors [P] that are multiplied as one block: 16, or as many as a sixteenth of the memory holds,
   one at least. No bit depends on it. */
size_t basin_spectrum_block(size_t size);

/* ‖H‖_F² and trace from the eigenpairs held and random probes of what they leave over. */
basin_status basin_spectrum_probe(basin_point   *point,
                                  double *const *vectors /* [count] of [P], orthonormal */,
                                  size_t probes, uint64_t seed, basin_spectrum *out);

/* The parts of that which quadrature (slq.c) shares. What the pairs held give: Σ θ² and Σ θ into
   the spectrum; returns by how much their residuals may raise the first. */
double basin_spectrum_add_held(basin_spectrum *out);
/* 95 % upper limit of ‖H'‖_F² given the mean of n samples, of Gaussian or of spherical probes;
   `largest` bounds the magnitude of each of the `left` eigenvalues of H'. Never below the estimate
   itself. */
double basin_frobenius_upper(double mean, size_t n, double largest, size_t left);

/* ‖H‖_F² and trace from the pairs held and the quadrature of the rest. */
basin_status basin_spectrum_moments(basin_spectrum *out);
/* The density from the same. */
basin_status basin_density_compute(basin_spectrum *out);

/* Stochastic Lanczos quadrature: pairs, quadrature, ‖H‖_F² and trace; as the two above. */
basin_status basin_spectrum_slq(basin_point *point, double epsilon,
                                const basin_spectrum_options *options, basin_spectrum *out);
/* Quadrature beside pairs that are held: vectors [count] of [P], orthonormal. */
basin_status basin_spectrum_quadrature(basin_point *point, double epsilon, double *const *vectors,
                                       const basin_spectrum_options *options, basin_spectrum *out);
basin_status basin_spectrum_slq_demand(size_t size, const basin_spectrum_options *options,
                                       basin_demand *demand);

/* Of a truncated spectrum that holds both ends: by how much at most the i-th eigenvalue lies beyond
   the i-th found. INFINITY where an end is not held or the pairs have not converged. Where the
   spectrum is not verified, takes Lanczos's order on trust. */
double basin_spectrum_margin(const basin_spectrum *s);
/* No eigenvalue that a truncated spectrum leaves out is larger in magnitude: those lie between the
   innermost pairs of the two ends, but for that margin. */
double basin_spectrum_leftover(const basin_spectrum *s);

#endif

/* Weight decay ½ thetaᵀWtheta, W = diag(w): what it adds to losses, gradients and products. */
#ifndef BASIN_CORE_DECAY_H
#define BASIN_CORE_DECAY_H

#include "core/status.h"

/* BASIN_ERR_ARG unless every w is a finite number >= 0. */
basin_status basin_decay_check(const basin_decay *decay, size_t size);
bool         basin_decay_is_none(const basin_decay *decay, size_t size);
double       basin_decay_most(const basin_decay *decay, size_t size); /* the largest w */
/* xᵀWy */
double basin_decay_form(const basin_decay *decay, const double *x, const double *y, size_t size);
/* out += W x for k vectors, both [k, P] */
void basin_decay_add(const basin_decay *decay, const double *x, size_t k, size_t size, double *out);
/* loss + ½ thetaᵀWtheta */
void basin_decay_add_loss(const basin_decay *decay, const double *theta, size_t size,
                          basin_loss *loss);
/* The same of n losses at theta + Σ_j coef[i, j] dirs[j]. */
basin_status basin_decay_add_losses(const basin_decay *decay, const double *theta,
                                    const double *dirs, size_t d, const double *coef, size_t n,
                                    size_t size, basin_loss *losses);

#endif

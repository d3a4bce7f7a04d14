/* Gauss rules of the Jacobi matrices that Lanczos leaves, and what they say of tr f(H). Pure
 * arithmetic: no products.
 *
 * Letters: n the dimension of the space that probes are drawn from; m probes; s steps of each. */
#ifndef BASIN_ANALYSIS_SPECTRUM_QUADRATURE_H
#define BASIN_ANALYSIS_SPECTRUM_QUADRATURE_H

#include "core/status.h"

enum { BASIN_QUADRATURE_LEAST = 4 /* steps: the variance of ‖H‖_F² asks for fourth moments */ };

/* 97.5 % of a normal variable lie below. */
#define BASIN_QUADRATURE_Z 1.959963984540054

/* The way back: alpha [count] and beta [count − 1] of the Jacobi matrix whose Gauss rule has these
   nodes, and weights >= 0 that sum to anything > 0. *taken rows, fewer where weights vanish beside
   the others; beta[*taken − 1] is 0. */
basin_status basin_jacobi_of_rule(const double *node, const double *weight, size_t count,
                                  double *alpha, double *beta, size_t *taken);
/* Nodes ascending and weights, which sum to 1, of the Gauss rule of the leading `count` rows of the
   Jacobi matrix: ∫ p dμ is exact up to degree 2 count − 1. */
basin_status basin_gauss_rule(const double *alpha, const double *beta, size_t count, double *node,
                              double *weight);
/* Laurie's anti-Gauss rule of `count` nodes, beta[count - 2] taken √2 times as large: where it is
   taken on a polynomial of degree 2 count − 1, its error is that of the Gauss rule of count − 1
   nodes, with the other sign. */
basin_status basin_anti_gauss_rule(const double *alpha, const double *beta, size_t count,
                                   double *node, double *weight);
/* μ((−∞, x]) lies within [*low, *high], the sharpest bounds that `count` steps allow (Chebyshev,
   Markov, Stieltjes): the Gauss-Radau rule with a node at x, whose weight is the difference.
   `scratch` [2 (count + 1)], `node` and `weight` [count + 1]. */
basin_status basin_radau_bounds(const double *alpha, const double *beta, size_t count, double x,
                                double *scratch, double *node, double *weight, double *low,
                                double *high);

/* Both rules of every probe, at the last step and at those before it over a quarter of the steps.
   Where a Krylov space was exhausted, its Gauss rule is exact and stands for all. */
typedef struct basin_rules {
    size_t  probes;       /* m */
    size_t  looks;        /* at how many step counts, the last first */
    size_t  width;        /* s, of a row below */
    double  dimension;    /* n */
    size_t *gauss, *anti; /* [looks, m] nodes of each */
    double *gauss_node, *gauss_weight, *anti_node, *anti_weight; /* [looks, m, s] */
} basin_rules;

basin_status basin_rules_create(const basin_quadrature *q, basin_rules *out);
void         basin_rules_clear(basin_rules *rules);
/* The outermost nodes of all rules at the last step. */
void basin_rules_range(const basin_rules *rules, double *low, double *high);
/* Does f take no negative value at any node at the last step? */
bool basin_rules_never_negative(const basin_rules *rules, const basin_summand *f);

/* tr f(H') by the mean of both rules over the probes. */
typedef struct basin_rules_sum {
    double value;
    double deviation; /* standard deviation of value, from the rules' own tr f² (not the spread) */
    double degrees;   /* of freedom of that: how well tr f² is known */
    double indicator; /* largest n |mean of (anti-Gauss − Gauss)| / 2 at these step counts */
} basin_rules_sum;

basin_rules_sum basin_rules_trace(const basin_rules *rules, const basin_summand *f);

#endif

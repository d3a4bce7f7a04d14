/* Matrices whose eigenvalues are known, and what is estimated of them.
 *
 * Probes are uniform on a sphere and the start of a run is Gaussian, so that only eigenvalues
 * matter: a matrix may as well be diagonal, and a product costs P multiplications. */
#ifndef BASIN_TESTS_ANALYSIS_SPECTRA_H
#define BASIN_TESTS_ANALYSIS_SPECTRA_H

#include "support.h"

typedef struct diagonal {
    size_t  n;
    double *x;
    size_t  broken; /* product that is NaN, counted from 1; 0: none */
    size_t  products;
} diagonal;

typedef struct problem_of { /* a point of such an objective */
    diagonal         d;
    basin_objective *o;
    basin_point     *point;
    double          *theta;
} problem_of;

/* Borrows x [n]; epsilon 0: double precision. */
void open_problem(problem_of *p, double *x, size_t n, double epsilon);
void close_problem(problem_of *p);

typedef struct exact {
    const char *name;
    size_t      n;
    double     *x; /* freed by the caller */
} exact;

exact of_rank(const char *name, size_t n); /* zeros */
/* Of a network: by PyTorch (oracle*.h5), or spectra.h5. */
exact of_network(const char *name, const char *file, const char *object);
/* 10 λ_i = i^-power, every third one negative and smaller. */
exact of_power(const char *name, size_t n, double power);
/* Ten outliers from 50 down to 2 over a tail of about 1/i; none is a thousandth of 50. */
exact of_outliers(const char *name, size_t n);
/* A normal bulk, an outlier of each sign. */
exact of_bulk(const char *name, size_t n);
/* 90 values of both signs, the rest 0. */
exact of_zeros(const char *name, size_t n);
/* Five values, 3 to 1,500 times each. */
exact of_ties(const char *name);

/* SANE at κ 0.1, 0.5, 2; N_eff at 1e-3, 0.02, 0.5 of Λ; trace; ‖H‖_F; shares below -1e-3 Λ and
   within it. */
enum { QUANTITIES = 10 };
extern const double cut_offs[6]; /* of Λ */

double ratio(double x, const void *cut_off); /* |x| / (|x| + cut_off) */
double largest_of(const exact *e);           /* Λ */
void   true_values(const exact *e, double out[QUANTITIES]);

#endif

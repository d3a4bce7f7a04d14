/* What the parts of `check` share: derivatives (derivatives.c, taylor.c; steps.c) and recorded
   values (recorded.c). */
#ifndef BASIN_ANALYSIS_CHECK_CHECK_H
#define BASIN_ANALYSIS_CHECK_CHECK_H

#include "core/random.h"
#include "core/status.h"

/* samples, where there are at least twice as many */
enum { BASIN_CHECK_SOME = 256 };

typedef struct basin_checker {
    basin_objective           *o;
    const double              *theta; /* [P] */
    size_t                     size;
    const basin_check_options *options;
    basin_check               *check;
    double                     gradient_norm; /* over all samples */
    /* some of the samples for a first look, and those of most directions; count 0: all */
    basin_samples glance, some;
    double       *some_gradient;   /* [P] over these; owned */
    size_t       *glanced, *drawn; /* indices; owned */
    /* of the step that the last direction came to, by 4 each: on all samples, on some */
    int shortenings[2];
} basin_checker;

/* Appends an item, taking `detail` (NULL: out of memory, as basin_format gives it); `name` is
   copied. */
basin_status basin_check_add(basin_checker *c, const char *name, basin_check_verdict verdict,
                             const basin_check_item *numbers, char *detail);

void basin_check_unit(double *u, size_t n); /* to norm 1; 0 stays */
/* theta + h u */
void basin_check_step(const basin_checker *c, const double *u, double h, double *point);

basin_status basin_check_choose_samples(basin_checker *c);
void         basin_check_release_samples(basin_checker *c);
/* Those of most directions; NULL: all. */
const basin_samples *basin_check_some(const basin_checker *c);
/* The longest step h for which no kink lies between theta ± 2hu; 0: none. On all samples where *s
   is NULL, but *s becomes some of them where there is none on all. */
basin_status basin_check_smooth_step(basin_checker *c, const double *u, const basin_samples **s,
                                     double *out);

basin_status basin_check_derivatives(basin_checker *c);
/* g, u, point [P] are scratch. */
basin_status basin_check_taylor(basin_checker *c, basin_random *random, double *g, double *u,
                                double *point);
basin_status basin_check_recorded(basin_checker *c);
/* Adds what the derivatives of this objective cost, to which NAN may belong. */
void basin_check_derivatives_cost(const basin_objective *o, basin_job_cost *out);

#endif

/* Auto-PGD: the largest value of a function that is found in a ball
   (src/analysis/sharpness/auto_pgd.c). */
#ifndef BASIN_ANALYSIS_SHARPNESS_AUTO_PGD_H
#define BASIN_ANALYSIS_SHARPNESS_AUTO_PGD_H

#include "core/status.h"

/* Of a norm that the callbacks know. Vectors are double[size]. */
typedef struct basin_ball {
    size_t size;
    double radius;
    size_t steps; /* > 0; each takes one value with its ascent */
    void  *payload;
    /* f(x), and the vector of norm 1 of steepest ascent there, or 0 where there is none; f may be
       not finite */
    basin_status (*climb)(void *payload, const double *x, double *f, double *ascent);
    /* x becomes the nearest point of the ball */
    void (*project)(void *payload, double *x);
} basin_ball;

/* From x, which is in the ball and becomes the best point that was met; *best its value, NAN where
   a value was not finite, which ends the search. */
basin_status basin_auto_pgd(const basin_ball *ball, double *x, double *best);

#endif

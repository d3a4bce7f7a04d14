/* What the measures of sharpness share: a task, evaluations away from its point that are counted,
   and the mean over batches. Letters: P parameters; F = L + ½ thetaᵀWtheta with the weight decay
   that is included. */
#ifndef BASIN_ANALYSIS_SHARPNESS_SHARPNESS_H
#define BASIN_ANALYSIS_SHARPNESS_SHARPNESS_H

#include "analysis/point.h"

typedef struct basin_sharpening {
    basin_point *point; /* of all samples, or of one batch */
    const basin_sharpness_table_options
          *options;             /* checked; batches are not larger than the data */
    size_t batch_size, batches; /* of m_sharpness */
    size_t draws;
    double loss, accuracy; /* of F at theta */
} basin_sharpening;

/* Fills `count` rows of one measure, whose rho and number are set. What makes a value impossible at
   this point goes to their `missing`; the status is that of what cannot go on at all. */
typedef basin_status basin_sharpness_function(const basin_sharpening *task,
                                              basin_sharpness_row *rows, size_t count);
/* Adds what that is going to take, in evaluations over all samples. */
typedef void basin_sharpness_cost_function(const basin_sharpening *task, size_t count,
                                           basin_cost *cost);

#define BASIN_SHARPNESS_MEASURE(name, ...)                   \
    basin_sharpness_function      basin_sharpness_by_##name; \
    basin_sharpness_cost_function basin_sharpness_cost_##name;
#include "basin_sharpness_measures.h"

/* Adds what one measure takes at one radius with the default settings, in evaluations over all
   samples. */
void basin_sharpness_cost(const basin_objective *objective, basin_sharpness_measure measure,
                          basin_cost *out);

/* The task at a point: its F there. */
basin_status basin_sharpening_begin(basin_point                         *point,
                                    const basin_sharpness_table_options *options,
                                    basin_sharpening                    *out);
/* options->steps, or what the measure has by default; into the row as well. */
size_t basin_sharpening_steps(const basin_sharpening *task, size_t otherwise,
                              basin_sharpness_row *row);

/* F at x [P], counted in the row; not finite where the network overflows. */
basin_status basin_sharpening_loss(const basin_sharpening *task, const double *x,
                                   basin_sharpness_row *row, basin_loss *out);
/* The same with ∇F, or with ∇L where the decay is left out. */
basin_status basin_sharpening_gradient(const basin_sharpening *task, const double *x, bool decayed,
                                       basin_sharpness_row *row, double *loss, double *g /* [P] */);
/* F(theta + rho d) − F(theta) for every row, by one pass. */
basin_status basin_sharpening_line(const basin_sharpening *task, const double *d,
                                   basin_sharpness_row *rows, size_t count);

/* A value that is not finite is said to be missing. */
basin_status basin_sharpness_take(basin_sharpness_row *row, double value);
/* There is none, and why. */
basin_status basin_sharpness_lacks(basin_sharpness_row *row, const char *format, ...)
    BASIN_PRINTF(2, 3);
basin_status basin_sharpness_all_lack(basin_sharpness_row *rows, size_t count, const char *why);
/* In words, for people. */
basin_status basin_sharpness_say(basin_sharpness_row *row, const char *format, ...)
    BASIN_PRINTF(2, 3);

/* A mean of n numbers that come one by one (B. P. Welford, Technometrics 4, 1962). */
typedef struct basin_running {
    size_t count, not_finite; /* of those that are finite, which alone enter; and of the others */
    double mean, squares;
} basin_running;
void   basin_running_add(basin_running *r, double x);
double basin_running_error(const basin_running *r); /* standard error of the mean; NAN for n < 2 */
/* Mean, standard error and Student's 95 % interval into the row, or that some of them, such as
   «draws», are not finite. */
basin_status basin_running_take(const basin_running *r, const char *what, basin_sharpness_row *row);

/* The function on each batch by itself, and its mean over them. */
basin_status basin_sharpness_over_batches(const basin_sharpening   *task,
                                          basin_sharpness_function *function,
                                          basin_sharpness_row *rows, size_t count);
/* Costs of batches in those of all samples. */
void basin_sharpness_cost_batches(const basin_sharpening *task, size_t gradients, size_t losses,
                                  basin_cost *cost);

#endif

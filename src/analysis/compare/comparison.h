/* What the parts of `compare` share: whether rows can be held against each other (alike.c), which
 * checkpoints are (choose.c, groups.c, equal_loss.c), means (estimates.c), paired differences and
 * verdicts (pairs.c), multiplicity (adjust.c), rank correlations (correlate.c), what counts as
 * invariant (invariant.c), conclusions (conclude.c), confounders (confounders.c), costs and
 * benefits (benefits.c), words (claims.c, settings.c, cautions.c, notes.c).
 */
#ifndef BASIN_ANALYSIS_COMPARE_COMPARISON_H
#define BASIN_ANALYSIS_COMPARE_COMPARISON_H

#include "core/status.h"

#define BASIN_NO_ROW BASIN_NONE

typedef struct basin_pair { /* a group held against a base by the runs of equal seed */
    size_t  group, base;    /* indices of groups */
    bool    continuation;   /* the same runs later: no comparison of methods */
    bool    losses_equal;   /* the training losses at the raw points are shown to be equal */
    size_t  count;
    size_t *rows, *others; /* [count] raw rows of the group, of the base */
    /* which of the comparison's differences are its own, column by column, point by point */
    size_t first, differences;
} basin_pair;

typedef struct basin_comparer {
    basin_comparison    *result;
    double               level, loss_tolerance, margin;
    const basin_bn_mode *bn;   /* of the options */
    const char          *note; /* of the options */
    /* of the options, which are there while it is computed */
    const basin_comparison_options *given;
    size_t                          column_count;
    /* what is compared: of the columns meant to be, those that some row of a group knows */
    const basin_column **columns;
    bool                 points[BASIN_POINTS]; /* every group has such rows */
    /* [row_count, BASIN_POINTS] the row of that kind at the same run and step, or BASIN_NO_ROW */
    size_t *places;
    size_t  base;   /* index of its group */
    size_t  budget; /* index of the extra group, or BASIN_NO_ROW */
    /* index of the group whose budget that is, or BASIN_NO_ROW */
    size_t      budget_of;
    size_t      pair_count;
    basin_pair *pairs;
    bool        starts_checked; /* every pair had checkpoints of step 0 to compare */
} basin_comparer;

basin_status basin_comparison_group(basin_comparer *c, const char *base);
/* of the groups: columns, points, places */
basin_status basin_comparison_columns(basin_comparer *c);
basin_status basin_comparison_estimates(basin_comparer *c);
basin_status basin_comparison_pairs(basin_comparer *c);
basin_status basin_comparison_judge_losses(basin_comparer *c);
basin_status basin_comparison_find_invariants(basin_comparer *c);
basin_status basin_comparison_correlate(basin_comparer *c);
/* costs and benefits */
basin_status basin_comparison_weigh(basin_comparer *c);
basin_status basin_comparison_conclude(basin_comparer *c);
basin_status basin_comparison_confound(basin_comparer *c); /* concluded */
basin_status basin_comparison_note(basin_comparer *c);

/* Rows. A checkpoint is a measured row of the whole sample at the raw weights, not interpolated. */
bool basin_is_checkpoint(const basin_row *row);
/* Only what its record does not deny to be the start: step 0 with an epoch gone is a count from
   0. */
bool basin_is_start(const basin_row *row);
bool basin_same_run(const basin_row *a, const basin_row *b);
/* the first row of a run stands for it */
bool basin_is_first_of_run(const basin_comparison *k, size_t row);
/* The row at the run and step of `row`, of that kind of point and part of the samples; BASIN_NO_ROW
   if there is none. */
size_t basin_row_beside(const basin_comparison *k, size_t row, int point, size_t part);
/* In one line, the first thing in which the networks of two rows differ; *out = NULL: nothing. */
basin_status basin_networks_unlike(const basin_row *a, const basin_row *b, char **out);
/* Curvature and rises that look the same way in every run: what a claim of flatness rests on. */
bool basin_is_flatness(const basin_column *column);
/* As it was measured on the network, or else by the list. */
bool basin_is_invariant(const basin_comparison *k, const basin_column *column);
/* A number that can be held against others; NAN where unknown, or part of a truncated sum. */
double basin_measured(const basin_row *row, const basin_column *column);

/* Settings that groups are made by: rho | learning_rate | momentum | weight_decay | batch_size */
enum { BASIN_SETTINGS = 5 };
extern const char *const basin_settings[BASIN_SETTINGS];

const char *basin_method_of(const basin_row *row);      /* «unknown» where it is not recorded */
double      basin_evaluations_of(const basin_row *row); /* NAN where they are not recorded */

/* Where one run stands in a comparison: indices of rows, BASIN_NO_ROW where there is none. See
   basin_choice. */
typedef struct basin_stand {
    size_t start, before, at, budget, lowest;
    bool   broken; /* a checkpoint of the run is missing; at a step only */
} basin_stand;
/* stands [count] of each run at its first row, blank elsewhere. *out: the common step, or -1. */
basin_status basin_stand_at_step(const basin_row *rows, size_t count, basin_stand *stands,
                                 int64_t *out);
/* `measured`: a row whose loss alone is known is not one to interpolate from. */
basin_status basin_stand_at_loss(const basin_row *rows, size_t count, double loss, bool measured,
                                 basin_stand *stands);
/* The run's checkpoint of least training loss; BASIN_NO_ROW if none has one. */
size_t basin_lowest_row(const basin_row *rows, size_t count, const basin_row *run);

/* For each run that reaches the comparison's at_loss, stands[first row].at becomes the row that
   stands for it there (appended where it lies between two checkpoints); stands [runs] are of
   basin_stand_at_loss. */
basin_status basin_comparison_reach(basin_comparison *k, basin_stand *stands, size_t runs);
/* of its checkpoints; NAN if none */
double basin_lowest_loss(const basin_comparison *k, const basin_row *run);
/* groups are made; base: its method, NULL = any */
basin_status basin_comparison_demand_reached(const basin_comparison *k, const char *base);

double basin_student_p(double t, size_t dof); /* P(|T| >= |t|), dof > 0; to rounding of 1 */
/* z with P(|Z| > z) = p for a normal Z. */
double basin_normal_quantile(double p);
/* t with P(|T| > t) = p for Student's t with `dof` degrees of freedom. */
double basin_student_quantile(double p, size_t dof);
/* The least p that n pairs can give: 2/2^n, or what drawing leaves. NAN for none. */
double basin_smallest_p(size_t pairs);
/* The fewest pairs with which 2/2^n, times `tests`, is at most `level`. */
size_t basin_pairs_needed(size_t tests, double level);
void   basin_mean_and_interval(const double *x, size_t n, double *mean, double *sd, double *lower,
                               double *upper);

/* What of the report is claimed of a difference, as a basin_verdict: not a gap that clean labels or
   the test set alone do not confirm. */
int basin_comparison_claimed(const basin_comparer *c, const basin_pair *pair,
                             const basin_difference *d);
/* Of the mean over the pairs of differences like d (family, point, ratio, pairs) over the rows of
   the test set; NAN: unknown. */
double basin_rows_error(const basin_comparer *c, const basin_column *column, const basin_pair *pair,
                        const basin_difference *d);
/* seeds and rows of the test set together could make such a mean */
bool basin_rows_explain(const basin_comparison *k, const basin_difference *d);

/* Notes. */
/* taken; NULL: out of memory */
basin_status basin_comparison_add_note(basin_comparer *c, char *text);
/* text ← text + separator (unless text is NULL) + part, which is taken (NULL: out of memory). */
basin_status basin_comparison_append(char **text, const char *separator, char *part);
/* what each pair supports, a note a family */
basin_status basin_comparison_claims(basin_comparer *c);
/* where invariance was measured, and where that contradicts the list */
basin_status basin_comparison_note_invariants(basin_comparer *c);
/* what acts the same way as a difference in flatness */
basin_status basin_comparison_note_confounders(basin_comparer *c);
basin_status basin_comparison_note_benefits(basin_comparer *c); /* what pays */
/* settings that the runs of one group do not share; what the best of several values is */
basin_status basin_comparison_note_settings(basin_comparer *c);
basin_status basin_comparison_cautions(basin_comparer *c); /* what the rows say against it */

/* m measures over n seeds whose signs are flipped jointly (adjust.c). */
typedef struct basin_flips {
    size_t measures, patterns;
    /* [measures, patterns] tail of Student's t of each measure in each pattern, the one seen first;
       NAN: not measured */
    double *p;
} basin_flips;

/* x [m, n]: NAN where a seed lacks the measure. */
basin_status basin_flips_create(const double *x, size_t m, size_t n, basin_flips *out);
void         basin_flips_clear(basin_flips *flips);
/* adjusted [m]: p over the measures with member[i], step-down; NAN for the others, and where
   nothing is measured. Those that are not able to reach the level with their pairs come after all
   others, and cost these nothing. */
basin_status basin_step_down(const basin_flips *flips, const bool *member, const bool *able,
                             double *adjusted);

#endif

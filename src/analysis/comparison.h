/* What the parts of `compare` share: choosing checkpoints (comparison_groups.c), inference (comparison_tests.c), words
 * (comparison_notes.c), and the measures compared. */
#ifndef BASIN_ANALYSIS_COMPARISON_H
#define BASIN_ANALYSIS_COMPARISON_H

#include "core/status.h"

/* What a measure speaks to. Holm's correction is over the measures of one question and one pair of groups: each question has its
   own error rate. To claim two things at once («flatter, and generalises better») both questions must decide, and such an
   intersection needs no further correction. */
typedef enum basin_question { BASIN_FLATNESS, BASIN_GENERALISATION, BASIN_CONDITION, BASIN_QUESTIONS } basin_question;

typedef struct basin_compared {
    const char    *name;
    basin_question question;
    int            better; /* generalisation: +1 higher, -1 lower is better */
    bool           whole;  /* a sum over the whole spectrum: a truncated one gives a part of it, which is no measure */
    double (*value)(const basin_measures *row);
    double (*setting)(const basin_measures *row); /* part of the definition: two rows differ in the measure only where it agrees; NULL = none */
} basin_compared;

extern const basin_compared basin_compared_measures[];
extern const size_t         basin_compared_count;
size_t                      basin_compared_find(const char *name); /* its row in the table; asserted */

typedef struct basin_comparer {
    basin_comparison *result;
    double            level, loss_tolerance;
    const char       *bn, *remark; /* of the options */
    size_t            base;   /* index of its group */
    size_t            budget; /* index of the extra group, or SIZE_MAX */
    size_t            budget_of; /* index of the group whose budget that is */
    bool              starts_checked; /* every pair had checkpoints of step 0 to compare */
} basin_comparer;

bool          basin_same_run(const basin_measures *a, const basin_measures *b);
bool          basin_is_truncated(const basin_measures *row); /* the spectrum's bounds leave SANE open by more than 1 % */
basin_status  basin_comparison_group(basin_comparer *c, const char *base);
basin_status  basin_comparison_infer(basin_comparer *c);
basin_status  basin_comparison_note(basin_comparer *c);

const basin_estimate *basin_comparison_estimate(const basin_comparison *comparison, const char *measure, const char *group); /* NULL if absent */

/* text ← text + separator (unless text is NULL) + part, which is taken (NULL: out of memory). */
basin_status basin_comparison_append(char **text, const char *separator, char *part);

/* Adjusts p [n] in place (NAN: not in the family); Holm, Scand. J. Statist. 6, 1979. */
void basin_holm(double *p, size_t n);
/* The fewest pairs with which 2/2^n, times `family`, is at most `level`. */
size_t basin_pairs_needed(size_t family, double level);

#endif

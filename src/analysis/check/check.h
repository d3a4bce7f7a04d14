/* What the two halves of `check` share: derivatives (derivatives.c) and recorded values
   (recorded.c). */
#ifndef BASIN_ANALYSIS_CHECK_CHECK_H
#define BASIN_ANALYSIS_CHECK_CHECK_H

#include "core/status.h"

typedef struct basin_checker {
    basin_objective           *o;
    const double              *theta; /* [P] */
    size_t                     size;
    const basin_check_options *options;
    basin_check               *check;
    basin_samples              glance; /* some of the samples; count 0: not worth while */
    size_t                    *index;  /* of these; owned */
    int shortenings;                   /* of the step that the last direction came to, by 4 each */
} basin_checker;

/* Appends an item, taking `detail` (NULL: out of memory, as basin_format gives it); `name` is
   copied. */
basin_status basin_check_add(basin_checker *c, const char *name, basin_check_verdict verdict,
                             const basin_check_item *numbers, char *detail);

basin_status basin_check_derivatives(basin_checker *c);
basin_status basin_check_recorded(basin_checker *c);

#endif

/* --time in one place: work that may end early asks whether there is time for its next step. */
#ifndef BASIN_CORE_DEADLINE_H
#define BASIN_CORE_DEADLINE_H

#include "core/status.h"

/* Is there no time for so many seconds of work? Once there is none, there is none for more. */
bool basin_time_short(double seconds);
/* Says that work has ended because of it (basin_time_ended). */
void basin_time_tell(void);

/* What a solver counts for the question: the mean of its products so far. */
typedef struct basin_pace {
    double start; /* seconds of the clock */
    size_t from;  /* products before that */
} basin_pace;

basin_pace basin_pace_begin(size_t products);
/* Seconds that so many more take at the pace of the `products` - from made since; 0 before any. */
double basin_pace_of(const basin_pace *pace, size_t products, size_t more);

/* BASIN_ERR_BUDGET for work that has not come far enough, with the time that would do. `done` and
   `least` count its steps, such as «products», since the limit was set. */
basin_status basin_time_fail(const char *what, size_t done, size_t least);

#endif

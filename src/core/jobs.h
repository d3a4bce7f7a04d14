/* How jobs (basin.h) are spread over threads. */
#ifndef BASIN_CORE_JOBS_H
#define BASIN_CORE_JOBS_H

#include "core/status.h"

typedef struct basin_jobs_plan {
    size_t abreast; /* jobs at the same time */
    size_t threads; /* of each of them, at least; as many have one more as are left over */
} basin_jobs_plan;

/* That which ends soonest of those with at most `most` jobs at a time that fit `room` bytes and
   `threads`, for `count` jobs that each take about what `cost` says and hold `held` bytes before
   they begin to work. One job fits in any case. */
basin_jobs_plan basin_jobs_choose(const basin_job_cost *cost, size_t held, size_t count,
                                  size_t most, size_t threads, size_t room);

#endif

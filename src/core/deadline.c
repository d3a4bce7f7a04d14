#include "core/deadline.h"

#include <math.h>
#include <stdatomic.h>

static _Atomic(double) begun, end = INFINITY; /* seconds of the clock */
static atomic_bool     ended;

void basin_time_limit_set(double seconds)
{
    const double now = basin_seconds();

    atomic_store(&begun, now);
    atomic_store(&end, seconds > 0.0 ? now + seconds : INFINITY);
    atomic_store(&ended, false);
}

bool basin_time_ended(void)
{
    return atomic_load(&ended);
}

bool basin_time_short(double seconds)
{
    const double last = atomic_load(&end);

    return last < INFINITY && basin_seconds() + seconds > last;
}

void basin_time_tell(void)
{
    atomic_store(&ended, true);
}

bool basin_time_up(void)
{
    const bool up = basin_time_short(0.0);

    if (up) basin_time_tell();
    return up;
}

basin_pace basin_pace_begin(size_t products)
{
    return (basin_pace){basin_seconds(), products};
}

double basin_pace_of(const basin_pace *pace, size_t products, size_t more)
{
    if (products <= pace->from) return 0.0;
    return (basin_seconds() - pace->start) / (double)(products - pace->from) * (double)more;
}

basin_status basin_time_fail(const char *what, size_t done, size_t least)
{
    const double limit = atomic_load(&end) - atomic_load(&begun);
    const double spent = basin_seconds() - atomic_load(&begun);

    basin_time_tell();
    if (done == 0)
        return basin_fail(BASIN_ERR_BUDGET, "the time of %.3g s ended before the first of at least %zu %s",
                          limit, least, what);
    return basin_fail(
        BASIN_ERR_BUDGET,
        "the time of %.3g s ended after %zu of at least %zu %s: by what they took, about %.2g s "
        "would do",
        limit, done, least, what, spent * (double)least / (double)done);
}

#include <omp.h>
#include <time.h>

#include "core/linalg.h"
#include "core/share.h"

#define THREADS_MOST 1024

static size_t threads;

basin_status basin_initialise(void)
{
    return basin_linalg_initialise();
}

void basin_threads_set(size_t count)
{
    threads = count < THREADS_MOST ? count : THREADS_MOST;
}

size_t basin_threads(void)
{
    const basin_share *share = basin_share_mine();

    if (share != NULL) return share->threads;
    return threads != 0 ? threads : (size_t)omp_get_num_procs();
}

double basin_seconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

#ifndef BASIN_BUILD
#define BASIN_BUILD "unknown build"
#endif

const char *basin_build(void)
{
    return BASIN_BUILD;
}

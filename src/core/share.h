/* What a thread has that works beside others of the same process (jobs.c): its part of the threads
   and of the memory limit, and the post where it says how far it is. A thread without a share has
   all that the process has. */
#ifndef BASIN_CORE_SHARE_H
#define BASIN_CORE_SHARE_H

#include <stdatomic.h>

#include "core/status.h"

typedef struct basin_share {
    size_t threads; /* basin_threads() of this thread */
    size_t bytes;   /* that it may have allocated at the same time */
    size_t before;  /* basin_memory_own() when the share began: those bytes are not of it */
    /* of the stage at hand, a text that lives as long as the program; NULL: none has begun */
    _Atomic(const char *) stage;
    _Atomic(double)       done;
    _Atomic(double)       total;
    atomic_bool           stop; /* the thread is to return as soon as it can */
} basin_share;

/* From now on this thread has that share, which lives until it has another or none (NULL). */
void         basin_share_set(basin_share *share);
basin_share *basin_share_mine(void); /* NULL: all that the process has */

#endif

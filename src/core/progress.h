/* Long work says how far it is and learns whether to go on. */
#ifndef BASIN_CORE_PROGRESS_H
#define BASIN_CORE_PROGRESS_H

#include "core/status.h"

/* BASIN_ERR_INTERRUPTED once the monitor has asked to stop. Call from the thread that the caller of
   the library waits for, often (it is cheap). `stage` lives as long as the program, but for the one
   thread that tells of others (jobs.c). */
basin_status basin_progress_report(const char *stage, double done, double total);
/* Only asks whether to go on: inside one gradient or product. */
basin_status basin_progress_poll(void);

#endif

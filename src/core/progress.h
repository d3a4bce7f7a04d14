/* Long work says how far it is and learns whether to go on. */
#ifndef BASIN_CORE_PROGRESS_H
#define BASIN_CORE_PROGRESS_H

#include "core/status.h"

/* BASIN_ERR_INTERRUPTED once the monitor has asked to stop. Call from the main thread, often (it is
   cheap). */
basin_status basin_progress_report(const char *stage, double done, double total);
/* Only asks whether to go on: inside one gradient or product. */
basin_status basin_progress_poll(void);

#endif

#include "core/progress.h"

#include "core/share.h"

static basin_progress monitor;

void basin_progress_set(const basin_progress *progress)
{
    monitor = progress ? *progress : (basin_progress){0};
}

/* False: stop. A thread beside others leaves word at its post; the thread that waits for them looks there and
   asks the monitor. */
static bool goes_on(const char *stage, double done, double total)
{
    basin_share *share = basin_share_mine();

    if (share == NULL) return monitor.report == NULL || monitor.report(monitor.payload, stage, done, total);
    if (stage != NULL) {
        atomic_store(&share->done, done);
        atomic_store(&share->total, total);
        atomic_store(&share->stage, stage);
    }
    return !atomic_load(&share->stop);
}

basin_status basin_progress_report(const char *stage, double done, double total)
{
    if (goes_on(stage, done, total)) return BASIN_OK;
    return basin_fail(BASIN_ERR_INTERRUPTED, "interrupted during %s", stage);
}

basin_status basin_progress_poll(void)
{
    if (goes_on(NULL, 0.0, 0.0)) return BASIN_OK;
    return basin_fail(BASIN_ERR_INTERRUPTED, "interrupted");
}

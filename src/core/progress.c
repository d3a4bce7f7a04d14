#include "core/progress.h"

static basin_progress monitor;

void basin_progress_set(const basin_progress *progress)
{
    monitor = progress ? *progress : (basin_progress){0};
}

basin_status basin_progress_report(const char *stage, double done, double total)
{
    if (monitor.report == NULL || monitor.report(monitor.payload, stage, done, total)) return BASIN_OK;
    return basin_fail(BASIN_ERR_INTERRUPTED, "interrupted during %s", stage);
}

basin_status basin_progress_poll(void)
{
    if (monitor.report == NULL || monitor.report(monitor.payload, NULL, 0.0, 0.0)) return BASIN_OK;
    return basin_fail(BASIN_ERR_INTERRUPTED, "interrupted");
}

#include "cli/forecast_sum.h"

#include <string.h>

void cli_forecast_repeat(basin_forecast *f, size_t times)
{
    for (size_t i = 0; i < f->work_count; i++) f->works[i].count *= times, f->works[i].most *= times;
    f->products *= times, f->products_most *= times;
    f->gradients *= times, f->losses *= times;
    f->seconds *= (double)times, f->seconds_most *= (double)times;
}

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

int cli_forecast_add(basin_forecast *to, basin_forecast *more)
{
    int         status = CLI_OK;
    basin_work *works = NULL;

    CLI_ALLOC(works, to->work_count + more->work_count);
    if (to->work_count > 0) memcpy(works, to->works, to->work_count * sizeof *works);
    if (more->work_count > 0) memcpy(works + to->work_count, more->works, more->work_count * sizeof *works);
    basin_free(to->works);
    to->works = works;
    to->work_count += more->work_count;
    more->work_count = 0; /* their texts are of `to` now */
    to->products += more->products, to->products_most += more->products_most;
    to->gradients += more->gradients, to->losses += more->losses;
    to->seconds += more->seconds, to->seconds_most += more->seconds_most;
    if (to->provision.parts == 0) to->provision = more->provision;
    to->beside_bytes = larger(to->beside_bytes, more->beside_bytes);
    to->total_bytes = larger(to->total_bytes, more->total_bytes);
done:
    return status;
}

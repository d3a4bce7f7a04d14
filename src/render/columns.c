#include <math.h>
#include <stdio.h>
#include <string.h>

#include "render/figure.h"

/* The column of that name, which ends after `length` bytes; NULL if there is none. */
static const basin_column *find(const char *name, size_t length)
{
    for (size_t i = 0; i < basin_column_count; i++)
        if (strlen(basin_columns[i].name) == length && strncmp(basin_columns[i].name, name, length) == 0)
            return &basin_columns[i];
    return NULL;
}

basin_status basin_plan_columns(basin_plan *plan, const char *names, const basin_column ***out, size_t *count)
{
    basin_status         st = BASIN_OK;
    const basin_column **found = NULL;
    char                 list[1024] = "";
    size_t               used = 0, most = 1;

    for (const char *c = names; *c != '\0'; c++) most += *c == ',';
    BASIN_PLAN_ALLOC(plan, found, most);
    for (size_t i = 0; i < basin_column_count && used < sizeof list; i++)
        used += (size_t)snprintf(list + used, sizeof list - used, "%s%s", i > 0 ? " " : "",
                                 basin_columns[i].name);
    *count = 0;
    for (const char *start = names; *count < most; (*count)++) {
        size_t length = strcspn(start, ",");
        found[*count] = find(start, length);
        BASIN_CHECK(found[*count] != NULL, BASIN_ERR_ARG, "no measure «%.*s» to draw; there are: %s",
                    (int)length, start, list);
        start += length + (start[length] == ',');
    }
    *out = found;
done:
    return st;
}

const char *basin_column_words(basin_plan *plan, const basin_column *column)
{
    char   text[128];
    size_t used = 0;

    for (const char *c = column->label; *c != '\0' && used + 1 < sizeof text; c++)
        if (*c != '\2') text[used++] = *c == '\1' ? '_' : *c;
    text[used] = '\0';
    return basin_plan_text(plan, "%s", text);
}

basin_plot_scale basin_column_fit(const basin_column *column, basin_scale_kind kind, const basin_range *range,
                                  double margin)
{
    basin_plot_scale scale = basin_scale_fit(kind, range, margin), within = scale;

    within.low = fmax(scale.low, column->least), within.high = fmin(scale.high, column->most);
    return kind == BASIN_SCALE_LINEAR && within.low < within.high ? within : scale;
}

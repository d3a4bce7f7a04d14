#include "render/plan.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/memory.h"

typedef struct basin_plan_block {
    struct basin_plan_block *next;
    void                    *memory;
} block;

static void *keep(basin_plan *plan, void *memory)
{
    block *b = memory != NULL ? basin_alloc(1, sizeof *b) : NULL;

    if (b == NULL) {
        basin_free(memory);
        plan->failed = true;
        return NULL;
    }
    *b = (block){.next = plan->blocks, .memory = memory};
    plan->blocks = b;
    return memory;
}

void *basin_plan_alloc(basin_plan *plan, size_t count, size_t size)
{
    return keep(plan, basin_alloc(count, size));
}

char *basin_plan_text(basin_plan *plan, const char *format, ...)
{
    static char nothing[1];
    char        text[1024];
    va_list     arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    char *kept = keep(plan, basin_strdup(text));
    return kept != NULL ? kept : nothing;
}

void basin_plan_caption(basin_plan *plan, const char *format, ...)
{
    char    text[2048];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    basin_plan_join_caption(plan, "", text);
}

void basin_plan_join_caption(basin_plan *plan, const char *before, const char *caption)
{
    char *longer = basin_format("%s%s%s", plan->caption != NULL ? plan->caption : "", before, caption);

    if (longer == NULL) {
        plan->failed = true;
        return;
    }
    basin_free(plan->caption);
    plan->caption = longer;
}

bool basin_plan_several(const basin_plan *plan)
{
    return plan->count > 1 || plan->apart;
}

void basin_plan_adopt(basin_plan *plan, basin_plan *part)
{
    block **last = &plan->blocks;

    while (*last != NULL) last = &(*last)->next;
    *last = part->blocks, part->blocks = NULL;
    if (part->caption != NULL) {
        char *longer = basin_format("%s%s", plan->caption != NULL ? plan->caption : "", part->caption);
        plan->failed = plan->failed || longer == NULL;
        if (longer != NULL) basin_free(plan->caption), plan->caption = longer;
    }
    plan->failed = plan->failed || part->failed;
    basin_plan_clear(part);
}

void basin_plan_clear(basin_plan *plan)
{
    while (plan->blocks != NULL) {
        block *b = plan->blocks;
        plan->blocks = b->next;
        basin_free(b->memory);
        basin_free(b);
    }
    basin_free(plan->caption);
    *plan = (basin_plan){0};
}

basin_status basin_plan_panels(basin_plan *plan, size_t count, size_t columns)
{
    basin_status st = BASIN_OK;

    BASIN_PLAN_ALLOC(plan, plan->panels, count);
    plan->panel_count = count;
    plan->columns = columns;
done:
    return st;
}

basin_status basin_panel_add(basin_plan *plan, basin_panel *panel, basin_mark mark)
{
    basin_status st = BASIN_OK;
    basin_mark  *larger = NULL;

    if (panel->mark_count == panel->mark_room) { /* the old block stays with the plan: marks are few */
        BASIN_PLAN_ALLOC(plan, larger, 2 * panel->mark_room + 8);
        if (panel->mark_count > 0) memcpy(larger, panel->marks, panel->mark_count * sizeof *larger);
        panel->marks = larger;
        panel->mark_room = 2 * panel->mark_room + 8;
    }
    mark.of = plan->of;
    panel->marks[panel->mark_count++] = mark;
done:
    return st;
}

void basin_panel_ranges(const basin_panel *panel, basin_range *x, basin_range *y)
{
    *x = *y = basin_range_start();
    for (size_t i = 0; i < panel->mark_count; i++) {
        const basin_mark *mark = &panel->marks[i];
        if (mark->silent) continue;
        if (mark->type->extent != NULL) {
            mark->type->extent(mark, x, y);
            continue;
        }
        for (size_t j = 0; j < mark->count; j++) {
            basin_range_add(x, mark->x[j]);
            basin_range_add(y, mark->y[j]);
        }
    }
}

basin_status basin_plan_scale(const basin_plan *plan, basin_scale_kind otherwise, const basin_range *values,
                              basin_scale_kind *out)
{
    basin_status     st = BASIN_OK;
    basin_scale_kind kind = otherwise;

    if (plan->options->scale != NULL) BASIN_TRY(basin_scale_find(plan->options->scale, &kind));
    BASIN_CHECK(kind != BASIN_SCALE_LOG || values->low > values->high || values->low > 0, BASIN_ERR_VALUE,
                "no logarithmic scale for values from %.4g to %.4g; symlog or linear", values->low,
                values->high);
    *out = kind;
done:
    return st;
}

const char *basin_plan_scale_label(basin_plan *plan, const char *label, const basin_plot_scale *scale,
                                   const char *apart)
{
    if (scale->kind != BASIN_SCALE_SYMLOG) return label;
    double exponent = log10(scale->threshold); /* a power of ten, printed as the ticks are */
    bool   plain = fabs(exponent) < 3.5;
    char   power[BASIN_NUMBER_ROOM];
    return basin_plan_text(plan, "%s%s(linear within ±%s)", label, apart,
                           plain ? BASIN_NUMBER(scale->threshold, 1)
                                 : basin_number_power((int)lround(exponent), power));
}

basin_status basin_panel_rule(basin_plan *plan, basin_panel *panel, bool upright, double at)
{
    basin_status st = BASIN_OK;
    double      *value = NULL;

    BASIN_PLAN_ALLOC(plan, value, 1);
    *value = at;
    BASIN_TRY(basin_panel_add(plan, panel,
                              (basin_mark){.type = &basin_mark_rule,
                                           .x = upright ? value : NULL,
                                           .y = upright ? NULL : value,
                                           .pen = {.color = basin_grey, .width = 0.4},
                                           .silent = true}));
done:
    return st;
}

/* The list of what a check has found. */
#include "analysis/check/check.h"
#include "core/memory.h"

basin_status basin_check_add(basin_checker *c, const char *name, basin_check_verdict verdict,
                             const basin_check_item *numbers, char *detail)
{
    basin_status      st = BASIN_OK;
    basin_check      *check = c->check;
    basin_check_item *items = NULL, *item;

    BASIN_CHECK(detail != NULL, BASIN_ERR_NOMEM, "out of memory for the detail of %s", name);
    BASIN_CHECK((items = basin_grow(check->items, check->item_count, check->item_count + 1, sizeof *items)) !=
                    NULL,
                BASIN_ERR_NOMEM, "out of memory for check %s", name);
    check->items = items;
    item = &items[check->item_count++];
    *item = *numbers;
    item->name = NULL;
    item->detail = detail, detail = NULL;
    item->verdict = (int)verdict;
    if (verdict == BASIN_CHECK_FAILED) check->failed = true;
    BASIN_STRDUP(item->name, name);
done:
    basin_free(detail);
    return st;
}

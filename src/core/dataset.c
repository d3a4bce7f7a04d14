#include "core/dataset.h"

#include <string.h>

#include "core/memory.h"

basin_dataset *basin_dataset_hold(basin_dataset *data)
{
    atomic_fetch_add(&data->origin->others, 1);
    return data;
}

/* Is somebody left who holds them? One holder less, then. */
static bool is_held_by_others(const basin_dataset *data)
{
    size_t others = data->origin != NULL ? atomic_load(&data->origin->others) : 0;

    while (others > 0 && !atomic_compare_exchange_weak(&data->origin->others, &others, others - 1)) continue;
    return others > 0;
}

void basin_dataset_destroy(basin_dataset **dataset)
{
    if (dataset == NULL || *dataset == NULL) return;
    basin_dataset *data = *dataset;
    *dataset = NULL;
    if (is_held_by_others(data)) return;
    for (size_t i = 0; data->splits != NULL && i < data->split_count; i++) {
        basin_free(data->splits[i].name);
        basin_free(data->splits[i].rows);
    }
    basin_free(data->path);
    basin_free(data->inputs);
    basin_free(data->classes);
    basin_free(data->values);
    basin_free(data->splits);
    basin_free(data->attribution);
    basin_free(data->origin);
    basin_free(data);
}

const basin_split *basin_dataset_split(const basin_dataset *data, const char *name)
{
    for (size_t i = 0; i < data->split_count; i++)
        if (strcmp(data->splits[i].name, name) == 0) return &data->splits[i];
    return NULL;
}

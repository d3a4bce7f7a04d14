#include <string.h>

#include "core/memory.h"

void basin_dataset_destroy(basin_dataset **dataset)
{
    if (dataset == NULL || *dataset == NULL) return;
    basin_dataset *data = *dataset;
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
    basin_free(data);
    *dataset = NULL;
}

const basin_split *basin_dataset_split(const basin_dataset *data, const char *name)
{
    for (size_t i = 0; i < data->split_count; i++)
        if (strcmp(data->splits[i].name, name) == 0) return &data->splits[i];
    return NULL;
}

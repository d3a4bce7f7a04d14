/* What is asked of a data set in several places. */
#ifndef BASIN_CORE_DATASET_H
#define BASIN_CORE_DATASET_H

#include "basin.h"

/* Class targets a sample: 1, or one for each token. */
static inline size_t basin_dataset_tokens(const basin_dataset *data)
{
    return data->class_count > 0 ? data->class_count : 1;
}

#endif

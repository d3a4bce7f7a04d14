/* What is asked of a data set in several places. */
#ifndef BASIN_CORE_DATASET_H
#define BASIN_CORE_DATASET_H

#include <stdatomic.h>

#include "basin.h"

/* A file as it was when it was read; changed since if any of these differs. */
struct basin_origin {
    uint64_t      device, inode, bytes;
    int64_t       seconds, nanoseconds; /* of its last change, since 1970 */
    atomic_size_t others;               /* who hold the data beside the first */
};

/* Class targets a sample: 1, or one for each token. */
static inline size_t basin_dataset_tokens(const basin_dataset *data)
{
    return data->class_count > 0 ? data->class_count : 1;
}

#endif

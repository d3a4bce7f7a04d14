/* What a listing of checkpoints needs of each. */
#ifndef BASIN_IO_CHECKPOINT_H
#define BASIN_IO_CHECKPOINT_H

#include "core/status.h"

#define BASIN_CHECKPOINT_FORMAT "basin checkpoint"

typedef struct basin_checkpoint_heading {
    bool    checkpoint; /* the file says that it is one, or is an HDF5 file that does not open */
    bool    momentum;
    int64_t step;       /* -1 if unknown */
    double  epoch;      /* NAN if unknown */
    int64_t gradient_evaluations; /* -1 if unknown */
} basin_checkpoint_heading;

/* On failure `out` holds what was known by then. */
basin_status basin_checkpoint_heading_read(const char *path, basin_checkpoint_heading *out);

#endif

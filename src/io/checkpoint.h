/* What a listing of checkpoints needs of each. */
#ifndef BASIN_IO_CHECKPOINT_H
#define BASIN_IO_CHECKPOINT_H

#include "core/status.h"

#define BASIN_CHECKPOINT_FORMAT "basin checkpoint"

typedef struct basin_checkpoint_heading {
    bool    checkpoint; /* the file says that it is one, or is an HDF5 file that does not open */
    bool    readable;   /* nothing was met that could not be read */
    bool    momentum;
    int64_t step; /* -1 if unknown */
    int64_t gradient_evaluations;
    double  epoch;        /* NAN if unknown */
    char   *run, *method; /* NULL if unknown */
    basin_hyperparameters hyper;
    char                  data[65]; /* digest of the data set; "" if unknown */
    char network[65]; /* digest of input, parameters and ops in their order; "" if unknown */
} basin_checkpoint_heading;

/* On failure `out` holds what was known by then. The caller clears it in any case. */
basin_status basin_checkpoint_heading_read(const char *path, basin_checkpoint_heading *out);
void         basin_checkpoint_heading_clear(basin_checkpoint_heading *heading);

/* Files of this identity are of one training; «folder-…» says only where they came from, NULL
   nothing. */
bool basin_identity_decides(const char *identity);
/* Divides run->entries [run->count] into run->trainings by their headings, which are in the same
   order. */
basin_status basin_run_divide(basin_run *run, const basin_checkpoint_heading *headings);
/* A training of its own for those entries [first, run->count) that are of the training of entry
   `first`. run->trainings moves in memory. */
basin_status basin_run_split(basin_run *run, size_t first, const char *reason);
/* The part of a path after its last slash. */
const char *basin_file_name(const char *path);

#endif

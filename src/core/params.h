/* Building the table of named blocks inside theta. */
#ifndef BASIN_CORE_PARAMS_H
#define BASIN_CORE_PARAMS_H

#include "core/status.h"

/* Appends one block behind the last. BASIN_ERR_FORMAT for a name that is taken, a rank over
   BASIN_MAX_RANK, a zero dimension, or sizes that overflow. */
basin_status basin_params_add(basin_params *params, const char *name, const size_t *shape,
                              size_t rank);
basin_status basin_params_create(basin_params **out);

/* Product of a shape; false on overflow of size_t (or of bytes as double). Rank 0 gives 1. */
bool basin_shape_size(const size_t *shape, size_t rank, size_t *out);
bool basin_shape_equal(const size_t *a, size_t a_rank, const size_t *b, size_t b_rank);
/* «[64, 32]» into text. */
const char *basin_shape_text(const size_t *shape, size_t rank, char *text, size_t size);
#define BASIN_SHAPE_TEXT(shape, rank) basin_shape_text((shape), (rank), (char[192]){0}, 192)

/* Nothing is known of how something was trained. */
#define BASIN_HYPERPARAMETERS_UNKNOWN              \
    ((basin_hyperparameters){.learning_rate = NAN, \
                             .momentum = NAN,      \
                             .rho = NAN,           \
                             .weight_decay = NAN,  \
                             .batch_size = -1,     \
                             .seed = -1})

/* The block that holds element `place` of theta; its index in each of the block's axes. */
size_t basin_params_locate(const basin_params *params, size_t place, size_t *index);

#endif

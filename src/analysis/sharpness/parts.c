/* Layers with a matrix of weights, and groups of parameters that a normalisation frees of their scale. */
#include "analysis/sharpness/parts.h"

static bool has_matrix(const basin_block *block)
{
    return block->role == BASIN_ROLE_WEIGHT && block->rank > 1;
}

static size_t layers(const basin_params *params)
{
    size_t count = 0;

    for (size_t i = 0; params != NULL && i < params->count; i++) count += has_matrix(&params->blocks[i]);
    return count;
}

size_t basin_sharpness_parts(const basin_params *params, basin_sharpness_radius radius)
{
    size_t count = 1;

    if (radius == BASIN_RADIUS_LAYERS) count = layers(params);
    if (radius == BASIN_RADIUS_SCALES) count = params != NULL ? params->scale_group_count : 0;
    return count > 0 ? count : 1;
}

size_t basin_sharpness_layer(const basin_params *params, size_t i)
{
    for (size_t b = 0; b < params->count; b++)
        if (has_matrix(&params->blocks[b]) && i-- == 0) return b;
    return BASIN_NONE;
}

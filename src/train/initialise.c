/* Initial weights as PyTorch's modules draw them by default (torch.nn.Linear, Conv, Embedding, norms:
   reset_parameters). */
#include <math.h>

#include "core/memory.h"
#include "core/random.h"

/* A bias is drawn from the range of the weights it is added to: those of its layer. */
static size_t layer_fan_in(const basin_params *params, const basin_block *block)
{
    if (block->fan_in > 0) return block->fan_in;
    for (size_t i = 0; i < params->count; i++)
        if (params->blocks[i].layer == block->layer && params->blocks[i].role == BASIN_ROLE_WEIGHT)
            return params->blocks[i].fan_in;
    return 0;
}

static basin_status initialise_block(const basin_params *params, const basin_block *block,
                                     basin_random *random, double *values)
{
    basin_status st = BASIN_OK;
    double       bound;

    switch (block->role) {
    case BASIN_ROLE_WEIGHT:
    case BASIN_ROLE_BIAS:
        BASIN_CHECK(layer_fan_in(params, block) > 0, BASIN_ERR_ARG,
                    "parameter %s: its number of inputs is not known; compile the graph first", block->name);
        bound = 1.0 / sqrt((double)layer_fan_in(params, block));
        for (size_t i = 0; i < block->size; i++)
            values[i] = bound * (2.0 * basin_random_uniform(random) - 1.0);
        break;
    case BASIN_ROLE_NORM_SCALE:
        for (size_t i = 0; i < block->size; i++) values[i] = 1.0;
        break;
    case BASIN_ROLE_NORM_SHIFT:
        for (size_t i = 0; i < block->size; i++) values[i] = 0.0;
        break;
    case BASIN_ROLE_EMBEDDING: basin_random_normals(random, values, block->size); break;
    default:
        BASIN_CHECK(false, BASIN_ERR_UNSUPPORTED,
                    "parameter %s: no rule to initialise a parameter of unknown role", block->name);
    }
done:
    return st;
}

basin_status basin_train_initialise(const basin_params *params, uint64_t seed, double *theta)
{
    basin_status st = BASIN_OK;
    basin_random random = basin_random_start(seed, BASIN_STREAM_INITIALISE);
    double      *values = NULL;

    BASIN_ALLOC(values, params->size, "initial theta");
    for (size_t i = 0; i < params->count; i++)
        BASIN_TRY(initialise_block(params, &params->blocks[i], &random, values + params->blocks[i].offset));
    for (size_t i = 0; i < params->size; i++) theta[i] = values[i];
done:
    basin_free(values);
    return st;
}

#include "core/params.h"

#include <stdio.h>
#include <string.h>

#include "core/memory.h"

bool basin_shape_size(const size_t *shape, size_t rank, size_t *out)
{
    size_t size = 1, bytes;

    for (size_t i = 0; i < rank; i++)
        if (!basin_mul(size, shape[i], &size)) return false;
    if (!basin_mul(size, sizeof(double), &bytes)) return false;
    *out = size;
    return true;
}

bool basin_shape_equal(const size_t *a, size_t a_rank, const size_t *b, size_t b_rank)
{
    return a_rank == b_rank && (a_rank == 0 || memcmp(a, b, a_rank * sizeof *a) == 0);
}

const char *basin_shape_text(const size_t *shape, size_t rank, char *text, size_t size)
{
    size_t used = (size_t)snprintf(text, size, "[");

    for (size_t i = 0; i < rank && used < size; i++)
        used += (size_t)snprintf(text + used, size - used, i ? ", %zu" : "%zu", shape[i]);
    if (used < size) snprintf(text + used, size - used, "]");
    return text;
}

basin_status basin_params_create(basin_params **out)
{
    basin_status st = BASIN_OK;

    BASIN_ALLOC(*out, 1, "parameters");
done:
    return st;
}

basin_status basin_params_add(basin_params *params, const char *name, const size_t *shape, size_t rank)
{
    basin_status st = BASIN_OK;
    basin_block  block = {.rank = rank, .offset = params->size, .output_axis = 0};
    basin_block *blocks = NULL;

    BASIN_CHECK(name[0] != '\0', BASIN_ERR_FORMAT, "a parameter without a name");
    BASIN_CHECK(basin_params_find(params, name) == NULL, BASIN_ERR_FORMAT, "parameter %s is declared twice",
                name);
    BASIN_CHECK(rank <= BASIN_MAX_RANK, BASIN_ERR_FORMAT, "parameter %s: rank %zu, at most %d", name, rank,
                BASIN_MAX_RANK);
    BASIN_CHECK(basin_shape_size(shape, rank, &block.size) &&
                    basin_add(params->size, block.size, &(size_t){0}),
                BASIN_ERR_FORMAT, "parameter %s: the product of its dimensions %s overflows", name,
                BASIN_SHAPE_TEXT(shape, rank));
    BASIN_CHECK(block.size > 0, BASIN_ERR_FORMAT, "parameter %s: a dimension of 0 in %s", name,
                BASIN_SHAPE_TEXT(shape, rank));
    if (rank > 0) memcpy(block.shape, shape, rank * sizeof *shape);
    BASIN_CHECK((blocks = basin_grow(params->blocks, params->count, params->count + 1, sizeof *blocks)) !=
                    NULL,
                BASIN_ERR_NOMEM, "out of memory for parameter %s", name);
    params->blocks = blocks;
    BASIN_STRDUP(block.name, name);
    blocks[params->count++] = block;
    params->size += block.size;
done:
    return st;
}

static basin_status copy_pair(const basin_factor_pair *pair, basin_factor_pair *out)
{
    basin_status st = BASIN_OK;

    out->width = pair->width;
    out->attention = pair->attention;
    out->head = pair->head;
    out->values = pair->values;
    BASIN_STRDUP(out->name, pair->name);
    for (size_t i = 0; i < 2; i++) {
        out->rows[i] = pair->rows[i];
        BASIN_ALLOC(out->place[i], pair->rows[i] * pair->width, "a pair");
        memcpy(out->place[i], pair->place[i], pair->rows[i] * pair->width * sizeof *pair->place[i]);
    }
done:
    return st;
}

static basin_status copy_symmetries(const basin_params *params, basin_params *out)
{
    basin_status st = BASIN_OK;

    out->unpaired = params->unpaired;
    if (params->pair_count > 0) BASIN_ALLOC(out->pairs, params->pair_count, "pairs");
    for (size_t i = 0; i < params->pair_count; i++) {
        out->pair_count = i + 1;
        BASIN_TRY(copy_pair(&params->pairs[i], &out->pairs[i]));
    }
    if (params->scale_group_count == 0) goto done;
    BASIN_ALLOC(out->scale_groups, params->scale_group_count, "scale groups");
    for (size_t i = 0; i < params->scale_group_count; i++) out->scale_groups[i] = params->scale_groups[i];
    out->scale_group_count = params->scale_group_count;
done:
    return st;
}

basin_status basin_params_copy(const basin_params *params, basin_params **out)
{
    basin_status  st = BASIN_OK;
    basin_params *copy = NULL;

    BASIN_ALLOC(copy, 1, "parameters");
    BASIN_ALLOC(copy->blocks, params->count, "parameter blocks");
    for (size_t i = 0; i < params->count; i++) {
        copy->blocks[i] = params->blocks[i];
        copy->blocks[i].name = NULL;
        copy->count = i + 1;
        BASIN_STRDUP(copy->blocks[i].name, params->blocks[i].name);
    }
    copy->size = params->size;
    BASIN_TRY(copy_symmetries(params, copy));
    *out = copy, copy = NULL;
done:
    basin_params_destroy(&copy);
    return st;
}

void basin_params_destroy(basin_params **params)
{
    if (params == NULL || *params == NULL) return;
    for (size_t i = 0; i < (*params)->count; i++) basin_free((*params)->blocks[i].name);
    basin_free((*params)->blocks);
    for (size_t i = 0; i < (*params)->pair_count; i++) {
        const basin_factor_pair *pair = &(*params)->pairs[i];
        basin_free(pair->name);
        for (size_t l = 0; l < 2; l++) basin_free(pair->place[l]);
    }
    basin_free((*params)->pairs);
    basin_free((*params)->scale_groups);
    basin_free(*params);
    *params = NULL;
}

bool basin_params_equal(const basin_params *a, const basin_params *b)
{
    bool same = a->count == b->count;

    for (size_t i = 0; same && i < a->count; i++) {
        const basin_block *x = &a->blocks[i], *y = &b->blocks[i];
        same = strcmp(x->name, y->name) == 0 && x->rank == y->rank &&
               memcmp(x->shape, y->shape, x->rank * sizeof *x->shape) == 0;
    }
    return same;
}

size_t basin_params_locate(const basin_params *params, size_t place, size_t *index)
{
    size_t low = 0, high = params->count;

    while (high - low > 1) {
        const size_t middle = (low + high) / 2;
        *(params->blocks[middle].offset <= place ? &low : &high) = middle;
    }
    const basin_block *block = &params->blocks[low];
    place -= block->offset;
    for (size_t l = block->rank; l-- > 0; place /= block->shape[l]) index[l] = place % block->shape[l];
    return low;
}

const basin_block *basin_params_find(const basin_params *params, const char *name)
{
    for (size_t i = 0; i < params->count; i++)
        if (strcmp(params->blocks[i].name, name) == 0) return &params->blocks[i];
    return NULL;
}

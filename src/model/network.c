/* A graph and a split of a data set become an objective. */
#include "model/engine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/memory.h"
#include "core/objective.h"
#include "core/random.h"

static int ascending(const void *a, const void *b)
{
    size_t x = *(const size_t *)a, y = *(const size_t *)b;
    return (x > y) - (x < y);
}

/* `count` of the split's rows, drawn without replacement, in the split's order. */
static basin_status draw_rows(const basin_split *split, size_t count, uint64_t seed, size_t *rows)
{
    basin_status st = BASIN_OK;
    size_t      *place = NULL;
    basin_random random = basin_random_start(seed, BASIN_STREAM_SAMPLES);

    BASIN_ALLOC(place, split->count, "samples");
    for (size_t i = 0; i < split->count; i++) place[i] = i;
    basin_random_shuffle(&random, place, split->count);
    qsort(place, count, sizeof *place, ascending);
    for (size_t i = 0; i < count; i++) rows[i] = split->rows[place[i]];
done:
    basin_free(place);
    return st;
}

static const char *split_names(const basin_dataset *data, char *text, size_t size)
{
    size_t used = 0;

    text[0] = '\0';
    for (size_t i = 0; i < data->split_count && used < size; i++)
        used += (size_t)snprintf(text + used, size - used, "%s%s", i ? ", " : "", data->splits[i].name);
    return text;
}

/* Rows of `count` samples of the split, or of all for 0; caller frees. */
static basin_status choose_rows(const basin_split *split, size_t count, uint64_t seed, size_t **out)
{
    basin_status st = BASIN_OK;
    size_t      *rows = NULL;

    BASIN_ALLOC(rows, count, "samples");
    if (count == split->count)
        memcpy(rows, split->rows, count * sizeof *rows);
    else
        BASIN_TRY(draw_rows(split, count, seed, rows));
    *out = rows, rows = NULL;
done:
    basin_free(rows);
    return st;
}

static const char *file_of(const basin_dataset *data)
{
    return data->path != NULL ? data->path : "data";
}

static basin_status check_bn(const basin_graph *graph, const basin_network_options *o)
{
    basin_status st = BASIN_OK;

    BASIN_CHECK((unsigned)o->bn <= BASIN_BN_BATCH, BASIN_ERR_ARG, "BatchNorm statistics number %d", (int)o->bn);
    BASIN_CHECK(o->bn == BASIN_BN_STORED || basin_graph_uses(graph, "BatchNormalization"), BASIN_ERR_ARG,
                "the network has no BatchNormalization: there are no statistics but the stored ones to choose");
    BASIN_CHECK(o->bn != BASIN_BN_BATCH || o->bn_batch > 0, BASIN_ERR_ARG, "statistics of batches need the size of a batch");
done:
    return st;
}

/* Statistics are those of the training samples that an objective of the split train would hold with the same options. */
static basin_status statistics_rows(const basin_dataset *data, const basin_network_options *o, basin_network_bn *bn, size_t **out)
{
    basin_status       st = BASIN_OK;
    const basin_split *train = basin_dataset_split(data, "train");

    *out = NULL;
    if (o->bn != BASIN_BN_REESTIMATE || o->split == NULL || strcmp(o->split, "train") == 0) return BASIN_OK;
    BASIN_CHECK(train != NULL && train->count > 0, BASIN_ERR_MISSING, "%s: no split train to estimate statistics from", file_of(data));
    bn->count = o->samples > 0 && o->samples < train->count ? o->samples : train->count;
    BASIN_TRY(choose_rows(train, bn->count, o->seed, out));
    bn->rows = *out;
done:
    return st;
}

basin_status basin_network_objective(const basin_graph *graph, const basin_loss_spec *loss, const basin_dataset *data,
                                     const basin_network_options *options, basin_objective **out)
{
    basin_status          st = BASIN_OK;
    basin_network_options chosen = options != NULL ? *options : (basin_network_options){0};
    const basin_engine   *engine = NULL;
    basin_network_bn      bn = {.kind = chosen.bn, .batch = chosen.bn_batch};
    const char           *name = chosen.split != NULL ? chosen.split : "train";
    const basin_split    *split = basin_dataset_split(data, name);
    size_t               *rows = NULL, *others = NULL, count;
    char                  names[256];

    BASIN_CHECK(split != NULL, BASIN_ERR_MISSING, "%s: no split %s; it has %s", file_of(data), name, split_names(data, names, sizeof names));
    count = chosen.samples > 0 ? chosen.samples : split->count;
    BASIN_CHECK(split->count > 0, BASIN_ERR_VALUE, "%s: split %s holds no samples", file_of(data), name);
    BASIN_CHECK(count <= split->count, BASIN_ERR_ARG, "%zu samples asked for, split %s has %zu", count, name, split->count);
    BASIN_TRY(check_bn(graph, &chosen));
    BASIN_TRY(choose_rows(split, count, chosen.seed, &rows));
    BASIN_TRY(statistics_rows(data, &chosen, &bn, &others));
    BASIN_TRY(basin_engine_choose(chosen.precision, &engine));
    BASIN_TRY(engine->create(graph, loss, data, rows, count, &bn, out));
done:
    basin_free(rows);
    basin_free(others);
    return st;
}

basin_status basin_network_output(basin_objective *objective, const double *theta, size_t *width, double **out)
{
    basin_status        st = BASIN_OK;
    basin_network_facts facts;
    double             *values = NULL;

    BASIN_TRY(basin_engine_facts(objective, &facts));
    BASIN_ALLOC(values, basin_objective_samples(objective) * facts.width, "the network's output");
    BASIN_TRY(facts.output(basin_objective_context(objective), theta, values));
    *width = facts.width;
    *out = values, values = NULL;
done:
    basin_free(values);
    return st;
}

basin_status basin_network_interpolate(basin_objective *objective, size_t d, const basin_graph *const *ends, const double *at)
{
    basin_network_facts facts;
    basin_status        st = basin_engine_facts(objective, &facts);

    return st != BASIN_OK ? st : facts.ends(basin_objective_context(objective), d, ends, at);
}

basin_status basin_network_flops(const basin_objective *objective, double *forward, double *first_layer)
{
    basin_network_facts facts;
    basin_status        st = basin_engine_facts(objective, &facts);

    if (st != BASIN_OK) return st;
    *forward = facts.forward;
    *first_layer = facts.first_layer;
    return BASIN_OK;
}

basin_status basin_network_params(const basin_graph *graph, basin_params **out)
{
    const basin_engine *engine = NULL;
    basin_status        st = basin_engine_choose(BASIN_DOUBLE, &engine); /* roles and axes do not depend on the precision */

    return st != BASIN_OK ? st : engine->params(graph, out);
}

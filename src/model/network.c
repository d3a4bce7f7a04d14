/* A graph and a split of a data set become an objective. */
#include "model/network.h"

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

basin_status basin_network_objective(const basin_graph *graph, const basin_loss_spec *loss, const basin_dataset *data,
                                     const basin_network_options *options, basin_objective **out)
{
    basin_status          st = BASIN_OK;
    basin_network_options chosen = options != NULL ? *options : (basin_network_options){0};
    const char           *name = chosen.split != NULL ? chosen.split : "train";
    const basin_split    *split = basin_dataset_split(data, name);
    size_t               *rows = NULL, count;
    char                  names[256];

    BASIN_CHECK(split != NULL, BASIN_ERR_MISSING, "%s: no split %s; it has %s", data->path ? data->path : "data", name, split_names(data, names, sizeof names));
    count = chosen.samples > 0 ? chosen.samples : split->count;
    BASIN_CHECK(split->count > 0, BASIN_ERR_VALUE, "%s: split %s holds no samples", data->path ? data->path : "data", name);
    BASIN_CHECK(count <= split->count, BASIN_ERR_ARG, "%zu samples asked for, split %s has %zu", count, name, split->count);
    BASIN_ALLOC(rows, count, "samples");
    if (count == split->count) memcpy(rows, split->rows, count * sizeof *rows);
    else BASIN_TRY(draw_rows(split, count, chosen.seed, rows));
    BASIN_TRY((chosen.precision == BASIN_SINGLE ? basin_network_create_f32 : basin_network_create_f64)(graph, loss, data, rows, count, out));
done:
    basin_free(rows);
    return st;
}

static basin_status facts_of(const basin_objective *objective, basin_network_facts *out)
{
    if (basin_network_facts_f64(objective, out) || basin_network_facts_f32(objective, out)) return BASIN_OK;
    return basin_fail(BASIN_ERR_ARG, "this objective is not a network");
}

basin_status basin_network_output(basin_objective *objective, const double *theta, size_t *width, double **out)
{
    basin_status        st = BASIN_OK;
    basin_network_facts facts;
    double             *values = NULL;

    BASIN_TRY(facts_of(objective, &facts));
    BASIN_ALLOC(values, basin_objective_samples(objective) * facts.width, "the network's output");
    BASIN_TRY(facts.output(basin_objective_context(objective), theta, values));
    *width = facts.width;
    *out = values, values = NULL;
done:
    basin_free(values);
    return st;
}

basin_status basin_network_flops(const basin_objective *objective, double *forward, double *first_layer)
{
    basin_network_facts facts;
    basin_status        st = facts_of(objective, &facts);

    if (st != BASIN_OK) return st;
    *forward = facts.forward;
    *first_layer = facts.first_layer;
    return BASIN_OK;
}

basin_status basin_network_params(const basin_graph *graph, basin_params **out)
{
    return basin_network_params_f64(graph, out);
}

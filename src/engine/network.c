/* A graph and a split of a data set become an objective. */
#include "engine/engine.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/heads.h"
#include "core/memory.h"
#include "core/objective.h"
#include "core/random.h"

static int ascending(const void *a, const void *b)
{
    size_t x = *(const size_t *)a, y = *(const size_t *)b;
    return (x > y) - (x < y);
}

/* The samples of an objective, as positions in its split. */
typedef struct selection {
    size_t  count;
    size_t *place; /* [count] */
} selection;

static const char *split_names(const basin_dataset *data, char *text, size_t size)
{
    size_t used = 0;

    text[0] = '\0';
    for (size_t i = 0; i < data->split_count && used < size; i++)
        used += (size_t)snprintf(text + used, size - used, "%s%s", i ? ", " : "", data->splits[i].name);
    return text;
}

static const char *file_of(const basin_dataset *data)
{
    return data->path != NULL ? data->path : "data";
}

/* ------------------------------------------------------------------------------------- which samples -- */

static basin_status check_rows(const basin_split *split, const basin_network_options *o)
{
    basin_status st = BASIN_OK;
    size_t      *seen = NULL; /* [split->count] 1 + where in o->rows each was named */

    BASIN_CHECK(o->samples == 0, BASIN_ERR_ARG, "%zu samples asked for, but also %zu rows by name",
                o->samples, o->row_count);
    BASIN_CHECK(o->rows != NULL, BASIN_ERR_ARG, "%zu rows asked for, but none named", o->row_count);
    BASIN_ALLOC(seen, split->count, "rows");
    for (size_t i = 0; i < o->row_count; i++) {
        const size_t row = o->rows[i];
        BASIN_CHECK(row < split->count, BASIN_ERR_VALUE, "row %zu asked for (number %zu), split %s has %zu",
                    row, i, split->name, split->count);
        BASIN_CHECK(seen[row] == 0, BASIN_ERR_VALUE,
                    "row %zu of split %s is asked for twice (numbers %zu and %zu)", row, split->name,
                    seen[row] - 1, i);
        seen[row] = i + 1;
    }
done:
    basin_free(seen);
    return st;
}

/* 0 … n-1 with the first `count` and the rest shuffled apart, each ascending: a draw without replacement and
   what it leaves. Caller frees. */
static basin_status draw_apart(size_t n, size_t count, basin_random random, size_t **out)
{
    basin_status st = BASIN_OK;
    size_t      *place = NULL;

    BASIN_ALLOC(place, n, "samples");
    for (size_t i = 0; i < n; i++) place[i] = i;
    if (count < n) basin_random_shuffle(&random, place, n);
    qsort(place, count, sizeof *place, ascending);
    qsort(place + count, n - count, sizeof *place, ascending);
    *out = place;
done:
    return st;
}

static basin_status choose_samples(const basin_split *split, const basin_network_options *o, selection *out)
{
    basin_status st = BASIN_OK;

    if (o->row_count > 0) {
        BASIN_TRY(check_rows(split, o));
        BASIN_ALLOC(out->place, o->row_count, "samples");
        memcpy(out->place, o->rows, o->row_count * sizeof *o->rows);
        out->count = o->row_count;
    } else {
        const size_t count = o->samples > 0 ? o->samples : split->count;
        BASIN_CHECK(count <= split->count, BASIN_ERR_ARG, "%zu samples asked for, split %s has %zu", count,
                    split->name, split->count);
        BASIN_TRY(
            draw_apart(split->count, count, basin_random_start(o->seed, BASIN_STREAM_SAMPLES), &out->place));
        out->count = count;
    }
done:
    return st;
}

/* One of two random halves of the samples chosen, in their order; the first has the odd one. */
static basin_status keep_half(selection *samples, size_t part, uint64_t seed)
{
    basin_status st = BASIN_OK;
    const size_t first = (samples->count + 1) / 2;
    size_t      *halves = NULL, *half;

    BASIN_CHECK(part <= 2, BASIN_ERR_ARG, "part %zu asked for, there are two halves", part);
    BASIN_CHECK(samples->count >= 2, BASIN_ERR_ARG, "%zu sample cannot be halved", samples->count);
    BASIN_TRY(draw_apart(samples->count, first, basin_random_start(seed, BASIN_STREAM_HALVES), &halves));
    half = part == 1 ? halves : halves + first;
    samples->count = part == 1 ? first : samples->count - first;
    /* half[i] >= i: none is overwritten unread */
    for (size_t i = 0; i < samples->count; i++) samples->place[i] = samples->place[half[i]];
done:
    basin_free(halves);
    return st;
}

/* Those that `others` holds are left out. */
static basin_status leave_out(const basin_dataset *data, const basin_split *split, const basin_split *others,
                              selection *samples)
{
    basin_status st = BASIN_OK;
    bool        *out = NULL; /* [N] rows of the data */
    size_t       count = 0;

    BASIN_ALLOC(out, data->count, "rows to leave out");
    for (size_t i = 0; i < others->count; i++) out[others->rows[i]] = true;
    for (size_t i = 0; i < samples->count; i++)
        if (!out[split->rows[samples->place[i]]]) samples->place[count++] = samples->place[i];
    BASIN_CHECK(count > 0, BASIN_ERR_VALUE, "all %zu samples chosen of split %s are in split %s",
                samples->count, split->name, others->name);
    samples->count = count;
done:
    basin_free(out);
    return st;
}

/* Rows of the data that the options choose of a split; caller frees. */
static basin_status choose_rows(const basin_dataset *data, const basin_split *split,
                                const basin_network_options *o, size_t *count, size_t **out)
{
    basin_status       st = BASIN_OK;
    selection          samples = {0};
    const basin_split *others = o->without != NULL ? basin_dataset_split(data, o->without) : NULL;

    BASIN_CHECK(o->without == NULL || others != NULL, BASIN_ERR_MISSING, "%s: no split %s to leave out",
                file_of(data), o->without);

    BASIN_TRY(choose_samples(split, o, &samples));
    if (others != NULL) BASIN_TRY(leave_out(data, split, others, &samples));
    if (o->part != 0) BASIN_TRY(keep_half(&samples, o->part, o->seed));
    for (size_t i = 0; i < samples.count; i++) samples.place[i] = split->rows[samples.place[i]];
    *count = samples.count;
    *out = samples.place, samples.place = NULL;
done:
    basin_free(samples.place);
    return st;
}

/* --------------------------------------------------------------------------------- which statistics -- */

static basin_status check_bn(const basin_graph *graph, const basin_network_options *o)
{
    basin_status st = BASIN_OK;

    BASIN_CHECK((unsigned)o->bn <= BASIN_BN_BATCH, BASIN_ERR_ARG, "BatchNorm statistics number %d",
                (int)o->bn);
    BASIN_CHECK(
        o->bn == BASIN_BN_STORED || basin_graph_uses(graph, "BatchNormalization"), BASIN_ERR_ARG,
        "the network has no BatchNormalization: there are no statistics but the stored ones to choose");
    BASIN_CHECK(o->bn != BASIN_BN_BATCH || o->bn_batch > 0, BASIN_ERR_ARG,
                "statistics of batches need the size of a batch");
done:
    return st;
}

/* Re-estimated statistics are those of the whole split train: they do not move with the split or the samples
 * that the loss is taken on. The engine takes them from the objective's own rows where these are that split
 * as it is, [count]. */
static basin_status statistics_rows(const basin_dataset *data, const size_t *rows, size_t count,
                                    basin_network_bn *bn)
{
    basin_status       st = BASIN_OK;
    const basin_split *train = basin_dataset_split(data, "train");

    if (bn->kind != BASIN_BN_REESTIMATE) return BASIN_OK;
    BASIN_CHECK(train != NULL && train->count > 0, BASIN_ERR_MISSING,
                "%s: no split train to estimate statistics from", file_of(data));
    if (count == train->count && memcmp(rows, train->rows, count * sizeof *rows) == 0) return BASIN_OK;
    bn->rows = train->rows;
    bn->count = train->count;
done:
    return st;
}

basin_status basin_network_objective(const basin_graph *graph, const basin_loss_spec *loss,
                                     const basin_dataset *data, const basin_network_options *options,
                                     basin_objective **out)
{
    basin_status          st = BASIN_OK;
    basin_network_options chosen = options != NULL ? *options : (basin_network_options){0};
    const basin_engine   *engine = NULL;
    basin_network_bn      bn = {.kind = chosen.bn, .batch = chosen.bn_batch};
    const char           *name = chosen.split != NULL ? chosen.split : "train";
    const basin_split    *split = basin_dataset_split(data, name);
    size_t               *rows = NULL, count = 0;
    char                  names[256];

    BASIN_CHECK(split != NULL, BASIN_ERR_MISSING, "%s: no split %s; it has %s", file_of(data), name,
                split_names(data, names, sizeof names));
    BASIN_CHECK(split->count > 0, BASIN_ERR_VALUE, "%s: split %s holds no samples", file_of(data), name);
    BASIN_TRY(check_bn(graph, &chosen));
    BASIN_TRY(choose_rows(data, split, &chosen, &count, &rows));
    BASIN_TRY(statistics_rows(data, rows, count, &bn));
    BASIN_TRY(basin_engine_choose(chosen.precision, &engine));
    BASIN_TRY(engine->create(graph, loss, data, rows, count, &bn, chosen.seed, out));
done:
    basin_free(rows);
    return st;
}

basin_status basin_network_output(basin_objective *objective, const double *theta, size_t *width,
                                  double **out)
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

basin_status basin_network_interpolate(basin_objective *objective, size_t d, const basin_graph *const *ends,
                                       const double *at)
{
    basin_network_facts facts;
    basin_status        st = basin_engine_facts(objective, &facts);

    return st != BASIN_OK ? st : facts.ends(basin_objective_context(objective), d, ends, at);
}

basin_status basin_network_params(const basin_graph *graph, basin_params **out)
{
    const basin_engine *engine = NULL;
    /* roles and axes do not depend on the precision */
    basin_status st = basin_engine_choose(BASIN_DOUBLE, &engine);

    return st != BASIN_OK ? st : engine->params(graph, out);
}

basin_status basin_network_symmetries(const basin_graph *graph, basin_symmetries **out)
{
    basin_status        st = BASIN_OK;
    const basin_engine *engine = NULL;
    basin_symmetries   *found = NULL;

    BASIN_TRY(basin_engine_choose(BASIN_DOUBLE, &engine));
    BASIN_TRY(engine->symmetries(graph, &found));
    BASIN_TRY(basin_symmetries_of_heads(found));
    BASIN_CHECK(found->permutation_count + found->scaling_count + found->params->pair_count > 0,
                BASIN_ERR_UNSUPPORTED, "the network has no symmetry that is known: %s",
                found->held_by != NULL ? found->held_by : "it has no hidden units");
    *out = found, found = NULL;
done:
    basin_symmetries_destroy(&found);
    return st;
}

basin_status basin_network_difference(basin_objective *a, const double *theta_a, basin_objective *b,
                                      const double *theta_b, double *difference, double *magnitude)
{
    basin_status st = BASIN_OK;
    double      *x = NULL, *y = NULL, far = 0.0, large = 0.0;
    size_t       width = 0, other = 0;

    BASIN_TRY(basin_network_output(a, theta_a, &width, &x));
    BASIN_TRY(basin_network_output(b, theta_b, &other, &y));
    BASIN_CHECK(width == other && basin_objective_samples(a) == basin_objective_samples(b), BASIN_ERR_SHAPE,
                "outputs of %zu samples, %zu each, and of %zu, %zu each, are not of one kind",
                basin_objective_samples(a), width, basin_objective_samples(b), other);
    for (size_t i = 0; i < basin_objective_samples(a) * width; i++) {
        /* fmax would lose what is no number */
        if (!isnan(far) && !(fabs(x[i] - y[i]) <= far)) far = fabs(x[i] - y[i]);
        if (!isnan(large) && !(fabs(x[i]) <= large)) large = fabs(x[i]);
    }
    *difference = far;
    *magnitude = large;
done:
    basin_free(x);
    basin_free(y);
    return st;
}

/* A smaller data set with label noise, so that a gap between training and test appears in seconds.
 *
 *   1. Draw `train_count` rows of the training split without replacement (BASIN_STREAM_SUBSET); keep their
 *      order.
 *   2. Copy them to rows of their own, so that noise reaches no other split even if splits share rows.
 *   3. Replace the labels of exactly round(noise * train_count) of them by one of the other classes, each as
 *      likely (BASIN_STREAM_NOISE). They make up a split «noisy», so that they stay traceable.
 *   4. Rows of all other splits follow, each once, untouched.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/dataset.h"
#include "core/memory.h"
#include "core/params.h"
#include "core/random.h"

typedef struct subset {
    const basin_dataset *from;
    const basin_split   *train;
    size_t               classes, width; /* how many classes; doubles in one input */
    size_t               drawn, noisy;   /* training rows kept; of these with a wrong label */
    bool                *chosen;         /* [train->count] */
    size_t              *rows;           /* [count] row of `from` behind each new row */
    size_t               count;
    /* [from->count] new row of each old one outside training, or BASIN_NONE */
    size_t        *moved;
    basin_dataset *to;
} subset;

static int size_order(const void *a, const void *b)
{
    size_t x = *(const size_t *)a, y = *(const size_t *)b;
    return (x > y) - (x < y);
}

/* `count` of 0 … n-1 without replacement, ascending: the head of a shuffle. Caller frees. */
static basin_status draw(basin_random *random, size_t n, size_t count, size_t **out)
{
    basin_status st = BASIN_OK;
    size_t      *order = NULL;

    BASIN_ALLOC(order, n, "a draw of rows");
    for (size_t i = 0; i < n; i++) order[i] = i;
    basin_random_shuffle(random, order, n);
    qsort(order, count, sizeof *order, size_order);
    *out = order;
done:
    return st;
}

static basin_status subset_check(subset *s, const basin_subset_options *options)
{
    basin_status         st = BASIN_OK;
    const basin_dataset *data = s->from;

    BASIN_CHECK((s->train = basin_dataset_split(data, "train")) != NULL, BASIN_ERR_MISSING,
                "%s: no split train to draw from", data->path ? data->path : "data set");
    BASIN_CHECK(options->train_count <= s->train->count, BASIN_ERR_ARG,
                "%zu training rows asked for, split train has %zu", options->train_count, s->train->count);
    BASIN_CHECK(options->noise >= 0.0 && options->noise <= 1.0, BASIN_ERR_ARG,
                "label noise %g is not in [0, 1]", options->noise);
    s->drawn = options->train_count > 0 ? options->train_count : s->train->count;
    s->noisy = (size_t)floor(options->noise * (double)s->drawn + 0.5);
    BASIN_CHECK(basin_shape_size(data->shape, data->rank, &s->width), BASIN_ERR_SHAPE,
                "the product of the input's dimensions overflows");
    if (options->noise > 0.0) {
        BASIN_CHECK(data->classes != NULL, BASIN_ERR_UNSUPPORTED, "label noise needs class targets");
        BASIN_CHECK(basin_dataset_tokens(data) == 1, BASIN_ERR_UNSUPPORTED,
                    "label noise needs one class a sample, the data have %zu", data->class_count);
        for (size_t i = 0; i < data->count; i++) {
            BASIN_CHECK(data->classes[i] >= 0, BASIN_ERR_VALUE, "class %lld of row %zu is negative",
                        (long long)data->classes[i], i);
            if ((size_t)data->classes[i] >= s->classes) s->classes = (size_t)data->classes[i] + 1;
        }
        BASIN_CHECK(s->classes > 1, BASIN_ERR_VALUE, "label noise needs another class, the data have %zu",
                    s->classes);
    }
done:
    return st;
}

/* New row for an old one that is not in training. */
static void keep_row(subset *s, size_t row)
{
    if (s->moved[row] != BASIN_NONE) return;
    s->rows[s->count] = row;
    s->moved[row] = s->count++;
}

static basin_status choose_rows(subset *s, const basin_subset_options *options)
{
    basin_status st = BASIN_OK;
    basin_random random = basin_random_start(options->seed, BASIN_STREAM_SUBSET);
    size_t      *drawn = NULL, most;

    BASIN_CHECK(basin_add(s->drawn, s->from->count, &most), BASIN_ERR_SHAPE, "too many rows");
    BASIN_TRY(draw(&random, s->train->count, s->drawn, &drawn));
    BASIN_ALLOC(s->chosen, s->train->count, "rows");
    BASIN_ALLOC(s->rows, most, "rows");
    BASIN_ALLOC(s->moved, s->from->count, "rows");
    for (size_t i = 0; i < s->from->count; i++) s->moved[i] = BASIN_NONE;
    for (size_t i = 0; i < s->drawn; i++) {
        s->chosen[drawn[i]] = true;
        s->rows[s->count++] = s->train->rows[drawn[i]];
    }
    for (size_t i = 0; i < s->from->split_count; i++) {
        const basin_split *split = &s->from->splits[i];
        if (split == s->train) continue;
        for (size_t j = 0; j < split->count; j++) keep_row(s, split->rows[j]);
    }
    for (size_t i = 0; options->rest_to_test && i < s->train->count; i++)
        if (!s->chosen[i]) keep_row(s, s->train->rows[i]);
done:
    basin_free(drawn);
    return st;
}

static basin_status copy_rows(subset *s)
{
    basin_status         st = BASIN_OK;
    const basin_dataset *from = s->from;
    basin_dataset       *to = s->to;
    size_t               tokens = basin_dataset_tokens(from);

    to->count = s->count;
    to->rank = from->rank;
    memcpy(to->shape, from->shape, sizeof to->shape);
    to->class_count = from->class_count;
    to->value_count = from->value_count;
    BASIN_STRDUP(to->attribution, from->attribution);
    BASIN_ALLOC(to->inputs, s->count * s->width, "inputs");
    if (from->classes != NULL) BASIN_ALLOC(to->classes, s->count * tokens, "class targets");
    if (from->values != NULL) BASIN_ALLOC(to->values, s->count * from->value_count, "targets");
    for (size_t i = 0; i < s->count; i++) {
        size_t row = s->rows[i];
        memcpy(to->inputs + i * s->width, from->inputs + row * s->width, s->width * sizeof *to->inputs);
        if (from->classes != NULL)
            memcpy(to->classes + i * tokens, from->classes + row * tokens, tokens * sizeof *to->classes);
        if (from->values != NULL)
            memcpy(to->values + i * from->value_count, from->values + row * from->value_count,
                   from->value_count * sizeof *to->values);
    }
done:
    return st;
}

/* A new split with room for `count` rows. */
static basin_status add_split(basin_dataset *to, const char *name, size_t count, basin_split **out)
{
    basin_status st = BASIN_OK;
    basin_split *splits = basin_grow(to->splits, to->split_count, to->split_count + 1, sizeof *splits),
                *split;

    BASIN_CHECK(splits != NULL, BASIN_ERR_NOMEM, "out of memory for split %s", name);
    to->splits = splits;
    split = &splits[to->split_count++];
    BASIN_STRDUP(split->name, name);
    BASIN_ALLOC(split->rows, count, "rows of a split");
    *out = split;
done:
    return st;
}

/* The rows of the training split that were not drawn, behind those that are there. */
static void add_rest(const subset *s, basin_split *split)
{
    for (size_t i = 0; i < s->train->count; i++)
        if (!s->chosen[i]) split->rows[split->count++] = s->moved[s->train->rows[i]];
}

static basin_status make_splits(subset *s, bool rest_to_test)
{
    basin_status st = BASIN_OK;
    size_t       rest = rest_to_test ? s->train->count - s->drawn : 0;
    basin_split *split = NULL;

    for (size_t i = 0; i < s->from->split_count; i++) {
        const basin_split *old = &s->from->splits[i];
        bool               test = strcmp(old->name, "test") == 0;
        BASIN_TRY(
            add_split(s->to, old->name, old == s->train ? s->drawn : old->count + (test ? rest : 0), &split));
        if (old == s->train)
            for (size_t j = 0; j < s->drawn; j++) split->rows[split->count++] = j;
        else
            for (size_t j = 0; j < old->count; j++) split->rows[split->count++] = s->moved[old->rows[j]];
        if (test && rest > 0) add_rest(s, split);
    }
    if (rest > 0 && basin_dataset_split(s->from, "test") == NULL) {
        BASIN_TRY(add_split(s->to, "test", rest, &split));
        add_rest(s, split);
    }
done:
    return st;
}

static basin_status add_noise(subset *s, uint64_t seed)
{
    basin_status st = BASIN_OK;
    basin_random random = basin_random_start(seed, BASIN_STREAM_NOISE);
    basin_split *split = NULL;
    size_t      *noisy = NULL;

    if (s->noisy == 0) goto done;
    BASIN_CHECK(basin_dataset_split(s->from, "noisy") == NULL, BASIN_ERR_ARG,
                "the data set has a split noisy already: its labels are not clean");
    BASIN_TRY(draw(&random, s->drawn, s->noisy, &noisy));
    BASIN_TRY(add_split(s->to, "noisy", s->noisy, &split));
    for (size_t i = 0; i < s->noisy; i++) {
        int64_t *label = &s->to->classes[noisy[i]];
        int64_t  other = (int64_t)basin_random_below(&random, s->classes - 1);
        *label = other + (other >= *label);
        split->rows[split->count++] = noisy[i];
    }
done:
    basin_free(noisy);
    return st;
}

basin_status basin_dataset_subset(const basin_dataset *data, const basin_subset_options *options,
                                  basin_dataset **out)
{
    basin_status         st = BASIN_OK;
    basin_subset_options defaults = {0};
    subset               s = {.from = data};

    if (options == NULL) options = &defaults;
    BASIN_TRY(subset_check(&s, options));
    BASIN_TRY(choose_rows(&s, options));
    BASIN_ALLOC(s.to, 1, "data set");
    BASIN_TRY(copy_rows(&s));
    BASIN_TRY(make_splits(&s, options->rest_to_test));
    BASIN_TRY(add_noise(&s, options->seed));
    BASIN_TRY(basin_dataset_digest(s.to, s.to->digest));
    *out = s.to, s.to = NULL;
done:
    basin_dataset_destroy(&s.to);
    basin_free(s.chosen);
    basin_free(s.rows);
    basin_free(s.moved);
    return st;
}

/* The name of a data set's content: SHA-256 over its meaning, so that storing it in another type or file
 * changes nothing.
 *
 *     "inputs N,d1,d2…\n"   inputs as float64, row-major
 *     "classes N\n"         class targets as int64, "classes N,T\n" where a sample has one for each of T
 *                           tokens, or
 *     "values N,C\n"        real targets as float64
 *     for each split in byte order of names:
 *     "split NAME n\n"      its rows as uint64
 *
 * Data without splits have the one split «train» of all rows, as when they are read. All numbers
 * little-endian. docs/checkpoint-format.md holds the same in eight lines of Python.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/dataset.h"
#include "core/digest.h"
#include "core/memory.h"

enum { AT_ONCE = 512 }; /* numbers turned into bytes at a time */

static void add_words(basin_digest *digest, const void *values, size_t count)
{
    const unsigned char *from = values;
    unsigned char        bytes[8 * AT_ONCE];

    for (size_t done = 0; done < count; done += AT_ONCE) {
        size_t n = count - done < AT_ONCE ? count - done : AT_ONCE;
        for (size_t i = 0; i < n; i++) {
            uint64_t word;
            memcpy(&word, from + 8 * (done + i), sizeof word);
            for (int b = 0; b < 8; b++) bytes[8 * i + (size_t)b] = (unsigned char)(word >> (8 * b));
        }
        basin_digest_add(digest, bytes, 8 * n);
    }
}

static basin_status add_header(basin_digest *digest, char *text)
{
    if (text == NULL) return basin_fail(BASIN_ERR_NOMEM, "out of memory for a digest");
    basin_digest_add(digest, text, strlen(text));
    basin_free(text);
    return BASIN_OK;
}

static basin_status add_inputs(basin_digest *digest, const basin_dataset *data)
{
    basin_status st = BASIN_OK;
    char         header[256];
    size_t       size = data->count;
    size_t       used = (size_t)snprintf(header, sizeof header, "inputs %zu", data->count);

    for (size_t i = 0; i < data->rank; i++) {
        used += (size_t)snprintf(header + used, sizeof header - used, ",%zu", data->shape[i]);
        size *= data->shape[i];
    }
    BASIN_TRY(add_header(digest, basin_format("%s\n", header)));
    add_words(digest, data->inputs, size);
done:
    return st;
}

static basin_status add_targets(basin_digest *digest, const basin_dataset *data)
{
    basin_status st = BASIN_OK;

    if (data->classes != NULL) {
        BASIN_TRY(add_header(digest, data->class_count > 0
                                         ? basin_format("classes %zu,%zu\n", data->count, data->class_count)
                                         : basin_format("classes %zu\n", data->count)));
        add_words(digest, data->classes, data->count * basin_dataset_tokens(data));
    } else {
        BASIN_TRY(add_header(digest, basin_format("values %zu,%zu\n", data->count, data->value_count)));
        add_words(digest, data->values, data->count * data->value_count);
    }
done:
    return st;
}

/* rows = NULL: all of them in order. */
static basin_status add_split(basin_digest *digest, const char *name, const size_t *rows, size_t count)
{
    basin_status st = BASIN_OK;
    uint64_t    *words = NULL;

    BASIN_ALLOC(words, count, "a digest");
    for (size_t i = 0; i < count; i++) words[i] = rows != NULL ? rows[i] : i;
    BASIN_TRY(add_header(digest, basin_format("split %s %zu\n", name, count)));
    add_words(digest, words, count);
done:
    basin_free(words);
    return st;
}

static int by_name(const void *a, const void *b)
{
    return strcmp((*(const basin_split *const *)a)->name, (*(const basin_split *const *)b)->name);
}

basin_status basin_dataset_digest(const basin_dataset *data, char out[65])
{
    basin_status        st = BASIN_OK;
    basin_digest       *digest = NULL;
    const basin_split **splits = NULL;

    BASIN_CHECK(data->inputs != NULL && (data->classes != NULL || data->values != NULL), BASIN_ERR_ARG,
                "a data set without inputs or targets");
    BASIN_TRY(basin_digest_create(&digest));
    BASIN_ALLOC(splits, data->split_count, "a digest");
    for (size_t i = 0; i < data->split_count; i++) splits[i] = &data->splits[i];
    qsort(splits, data->split_count, sizeof *splits, by_name);
    BASIN_TRY(add_inputs(digest, data));
    BASIN_TRY(add_targets(digest, data));
    for (size_t i = 0; i < data->split_count; i++)
        BASIN_TRY(add_split(digest, splits[i]->name, splits[i]->rows, splits[i]->count));
    if (data->split_count == 0) BASIN_TRY(add_split(digest, "train", NULL, data->count));
    basin_digest_finish(digest, out);
done:
    basin_free(splits);
    basin_digest_destroy(&digest);
    return st;
}

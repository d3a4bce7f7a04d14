/* One vector out of a file: a data set of any HDF5 file, a row of one, or an eigenvector of a stored
 * spectrum.
 */
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/linalg.h"
#include "core/memory.h"
#include "io/h5.h"

typedef struct reference { /* FILE#NAME, FILE#NAME[ROW], FILE#eigen:I */
    char  *file, *name;    /* the name as an absolute path */
    bool   has_row, eigen;
    size_t row;
    long   index;
} reference;

static void clear(reference *r)
{
    basin_free(r->file);
    basin_free(r->name);
}

static basin_status parse_row(const char *text, reference *r)
{
    basin_status st = BASIN_OK;
    char        *open = strrchr(r->name, '['), *end = NULL;

    if (open == NULL || r->name[strlen(r->name) - 1] != ']') return BASIN_OK;
    errno = 0;
    r->row = strtoull(open + 1, &end, 10);
    BASIN_CHECK(isdigit((unsigned char)open[1]) && strcmp(end, "]") == 0 && errno == 0, BASIN_ERR_ARG,
                "«%s»: a row is a whole number from 0", text);
    r->has_row = true;
    *open = '\0';
done:
    return st;
}

static basin_status parse(const char *text, reference *r)
{
    basin_status st = BASIN_OK;
    const char  *sharp = strrchr(text, '#');
    char        *end = NULL;

    BASIN_CHECK(sharp != NULL && sharp > text && sharp[1] != '\0', BASIN_ERR_ARG,
                "«%s» is not FILE#NAME, NAME a data set or eigen:I", text);
    r->file = basin_format("%.*s", (int)(sharp - text), text);
    r->name = basin_format("%s%s", sharp[1] == '/' ? "" : "/", sharp + 1);
    BASIN_CHECK(r->file != NULL && r->name != NULL, BASIN_ERR_NOMEM, "out of memory for a name");
    r->eigen = strncmp(r->name, "/eigen:", 7) == 0;
    if (!r->eigen) BASIN_TRY(parse_row(text, r));
    if (!r->eigen) goto done;
    errno = 0;
    r->index = strtol(r->name + 7, &end, 10);
    BASIN_CHECK(end != r->name + 7 && *end == '\0' && r->index != 0 && errno == 0, BASIN_ERR_ARG,
                "«%s»: eigen wants a whole number, 1 = largest, -1 = smallest", text);
done:
    return st;
}

static basin_status read_eigen(const reference *r, size_t size, double *out)
{
    basin_status  st = BASIN_OK;
    basin_result *result = NULL;
    const double *vector;

    BASIN_TRY(basin_result_read(r->file, &result));
    BASIN_CHECK(result->kind == BASIN_RESULT_SPECTRUM, BASIN_ERR_MISSING, "%s: holds a %s, no spectrum",
                r->file, basin_result_name(result->kind));
    const basin_spectrum *s = result->value;
    BASIN_CHECK(s->parameters == size, BASIN_ERR_SHAPE,
                "%s: its eigenvectors have %zu parameters, wanted %zu", r->file, s->parameters, size);
    vector = basin_spectrum_vector(s, r->index, NULL);
    BASIN_CHECK(s->vector_count > 0, BASIN_ERR_MISSING,
                "%s: holds no eigenvectors (spectrum --vectors keeps them)", r->file);
    BASIN_CHECK(vector != NULL, BASIN_ERR_MISSING, "%s: of its %zu eigenvectors none is number %ld", r->file,
                s->vector_count, r->index);
    basin_copy(vector, out, size);
done:
    basin_result_destroy(&result);
    return st;
}

static basin_status read_array(const reference *r, size_t size, double *out)
{
    basin_status   st = BASIN_OK;
    basin_h5      *h5 = NULL;
    basin_h5_array array = BASIN_H5_NO_ARRAY;
    basin_h5_kind  kind = BASIN_H5_ABSENT;
    double        *all = NULL;

    BASIN_TRY(basin_h5_open(r->file, &h5));
    BASIN_TRY(basin_h5_kind_of(h5, r->name, &kind));
    BASIN_CHECK(kind == BASIN_H5_ARRAY, BASIN_ERR_MISSING, "%s: %s: no data set%s", r->file, r->name,
                strcmp(r->name, "/eigen") == 0 ? "; an eigenvector is eigen:I" : "");
    BASIN_TRY(basin_h5_array_open(h5, r->name, &array));
    BASIN_TRY(basin_h5_array_expect(
        &array, (size_t[]){r->has_row && array.rank == 2 ? array.shape[0] : size, size}, r->has_row ? 2 : 1));
    BASIN_CHECK(!r->has_row || r->row < array.shape[0], BASIN_ERR_MISSING, "%s: %s: row %zu of %zu", r->file,
                r->name, r->row, array.shape[0]);
    BASIN_ALLOC(all, array.size, r->name);
    BASIN_TRY(basin_h5_array_reals(&array, all));
    basin_copy(all + (r->has_row ? r->row * size : 0), out, size);
done:
    basin_h5_array_close(&array);
    basin_h5_close(&h5);
    basin_free(all);
    return st;
}

basin_status basin_vector_read(const char *text, size_t size, double **out)
{
    basin_status st = BASIN_OK;
    reference    r = {0};
    double      *values = NULL;

    BASIN_TRY(parse(text, &r));
    BASIN_ALLOC(values, size, "a vector");
    BASIN_TRY((r.eigen ? read_eigen : read_array)(&r, size, values));
    BASIN_CHECK(basin_all_finite(values, size), BASIN_ERR_VALUE, "%s: %s: it holds a NaN or Inf", r.file,
                r.name);
    *out = values, values = NULL;
done:
    basin_free(values);
    clear(&r);
    return st;
}

/* Files in HDF5, distrusted on reading and all or nothing on writing. The rest of src/io sees HDF5
 * through this page only.
 *
 * Reading: every object is reached by hard links alone; virtual data sets, storage in other files
 * and filters that are not built into HDF5 are refused; rank, type and size are known before
 * anything is allocated for them. No lock is taken: a training program must not fail because
 * somebody looks at its files. Writing: the file is composed in memory and written by ourselves, so
 * that a full disk is an ordinary error.
 */
#ifndef BASIN_IO_H5_H
#define BASIN_IO_H5_H

#include "core/status.h"

#define BASIN_H5_MAX_RANK (BASIN_MAX_RANK + 1) /* one more for the samples */
#define BASIN_H5_MAX_NAMES 10000               /* members of one group */
#define BASIN_H5_MAX_TEXT ((size_t)1 << 26)    /* bytes of one string */

typedef struct basin_h5 basin_h5;

/* ----------------------------------------------------------------------------------- reading -- */

/* `path` is borrowed; it begins every message. BASIN_ERR_IO for an HDF5 file that does not open
   (damaged, truncated, being written), BASIN_ERR_FORMAT for any other file. */
basin_status basin_h5_open(const char *path, basin_h5 **out);
void         basin_h5_close(basin_h5 **h5); /* NULL-safe, clears */
/* BASIN_ERR_IO when somebody has written the file since it was opened. */
basin_status basin_h5_unchanged(const basin_h5 *h5);

/* Is the root attribute `format` this one? */
basin_status basin_h5_is(const basin_h5 *h5, const char *format, bool *out);
/* Checks `format`, `version` (at most BASIN_FORMAT_VERSION) and `complete`. */
basin_status basin_h5_header(const basin_h5 *h5, const char *format, int64_t newest,
                             int64_t *version /* or NULL */);

typedef enum basin_h5_kind { BASIN_H5_ABSENT, BASIN_H5_GROUP, BASIN_H5_ARRAY } basin_h5_kind;

/* What is at an absolute path; failure for links and objects that are refused. */
basin_status basin_h5_kind_of(const basin_h5 *h5, const char *object, basin_h5_kind *out);
/* Names of the members of a group in byte order; none if it is absent. Free with
   basin_h5_names_free. */
basin_status basin_h5_names(const basin_h5 *h5, const char *group, size_t *count, char ***out);
void         basin_h5_names_free(size_t count, char **names);

/* Attributes of an object that exists. Absent ones, and ones without a value (null dataspace),
   leave `out` untouched. */
/* caller frees */
basin_status basin_h5_text_attribute(const basin_h5 *h5, const char *object, const char *name,
                                     char **out);
basin_status basin_h5_real_attribute(const basin_h5 *h5, const char *object, const char *name,
                                     double *out);
basin_status basin_h5_int_attribute(const basin_h5 *h5, const char *object, const char *name,
                                    int64_t *out);
/* and it has a value */
basin_status basin_h5_has_attribute(const basin_h5 *h5, const char *object, const char *name,
                                    bool *out);

typedef enum basin_h5_type { BASIN_H5_REAL, BASIN_H5_INTEGER, BASIN_H5_TEXT } basin_h5_type;

typedef struct basin_h5_array { /* an open data set whose description has been checked */
    const basin_h5 *h5;
    const char     *name; /* borrowed */
    int64_t         id;   /* HDF5's handle; closed by basin_h5_array_close if valid */
    basin_h5_type   type;
    size_t          rank, shape[BASIN_H5_MAX_RANK];
    size_t          size; /* elements; 8 bytes each fit the memory limit */
} basin_h5_array;
#define BASIN_H5_NO_ARRAY \
    {                     \
        .id = -1          \
    }

basin_status basin_h5_array_open(const basin_h5 *h5, const char *name, basin_h5_array *out);
void         basin_h5_array_close(basin_h5_array *array);
/* BASIN_ERR_SHAPE: «FILE: /name: expected [64, 32], file has [32, 64]». */
basin_status basin_h5_array_expect(const basin_h5_array *array, const size_t *shape, size_t rank);
/* [size]; from reals and integers */
basin_status basin_h5_array_reals(const basin_h5_array *array, double *out);
/* [size]; from integers; clipped to int64 */
basin_status basin_h5_array_ints(const basin_h5_array *array, int64_t *out);
basin_status basin_h5_array_uints(const basin_h5_array *array, uint64_t *out);
/* [size]; caller frees each */
basin_status basin_h5_array_texts(const basin_h5_array *array, char **out);

/* A floating point data set of exactly this shape into out [size]. */
basin_status basin_h5_reals(const basin_h5 *h5, const char *name, const size_t *shape, size_t rank,
                            double *out);
/* One string; any text but NUL, as it may be JSON. */
basin_status basin_h5_text(const basin_h5 *h5, const char *name, char **out); /* caller frees */

/* ----------------------------------------------------------------------------------- writing -- */

/* A file in memory that will be written to `path` (borrowed). */
basin_status basin_h5_create(const char *path, basin_h5 **out);
/* Writes the root attribute `complete` last, then the bytes beside `path`, then renames. */
basin_status basin_h5_commit(basin_h5 *h5);
/* The root attributes `format` and `version`. */
basin_status basin_h5_begin(basin_h5 *h5, const char *format, int64_t version);

basin_status basin_h5_put_group(basin_h5 *h5, const char *group);
basin_status basin_h5_put_text_attribute(basin_h5 *h5, const char *object, const char *name,
                                         const char *text);
basin_status basin_h5_put_real_attribute(basin_h5 *h5, const char *object, const char *name,
                                         double value);
basin_status basin_h5_put_int_attribute(basin_h5 *h5, const char *object, const char *name,
                                        int64_t value);

/* how an array lies in the file, and of which C type the values handed over are */
typedef enum basin_h5_storage {
    BASIN_H5_F64, /* double   */
    BASIN_H5_F32, /* double, stored in single */
    BASIN_H5_I64, /* int64_t  */
    BASIN_H5_U64, /* uint64_t */
    BASIN_H5_U32, /* uint64_t, stored in 32 bits */
    BASIN_H5_U8,  /* uint8_t  */
    BASIN_H5_BOOL /* uint8_t, 0 or 1, stored as h5py stores bool */
} basin_h5_storage;

/* Makes the groups on the way. Rank 0 is a scalar. */
basin_status basin_h5_put(basin_h5 *h5, const char *name, basin_h5_storage storage,
                          const size_t *shape, size_t rank, const void *values);
/* Texts without NUL, in as many bytes as the longest takes; NULL is stored as the empty text. */
basin_status basin_h5_put_texts(basin_h5 *h5, const char *name, const size_t *shape, size_t rank,
                                const char *const *texts);

#endif

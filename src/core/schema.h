/* A description of a plain struct, field by field. Writing and reading HDF5, JSON, comparing and
 * freeing all follow from it, so a result's struct and its description are the only two places
 * where a field is listed.
 *
 * Names: «sane.value» is member `value` of JSON object `sane` and dataset `value` of HDF5 group
 * `sane`. Sizes of arrays are size_t fields of the same struct, given by their offsets.
 */
#ifndef BASIN_CORE_SCHEMA_H
#define BASIN_CORE_SCHEMA_H

#include "core/status.h"

typedef enum basin_field_type {
    BASIN_FIELD_SIZE,    /* size_t                                                    */
    BASIN_FIELD_INT,     /* int64_t; -1 is unknown: JSON null if BASIN_FIELD_UNKNOWN  */
    BASIN_FIELD_UINT,    /* uint64_t                                                  */
    BASIN_FIELD_DOUBLE,  /* double; JSON null if not finite                           */
    BASIN_FIELD_BOOL,    /* bool                                                      */
    BASIN_FIELD_CHOICE,  /* int (an enum), named by `choices`; -1 likewise            */
    BASIN_FIELD_STRING,  /* char *; NULL: JSON null, HDF5 absent                      */
    BASIN_FIELD_DOUBLES, /* double * [extent0] or [extent0, extent1]; NULL: absent    */
    BASIN_FIELD_SIZES,   /* size_t * [extent0]                                        */
    BASIN_FIELD_STRINGS, /* char ** [extent0]                                         */
    BASIN_FIELD_STRUCT,  /* a struct inside this one, described by `schema`           */
    BASIN_FIELD_STRUCTS  /* pointer to [extent0] structs described by `schema`        */
} basin_field_type;

enum {
    BASIN_FIELD_HIDDEN = 1,  /* not in JSON, not compared: run times, vectors */
    BASIN_FIELD_UNKNOWN = 2, /* INT, CHOICE: -1 means unknown (HDF5: a choice is absent then) */
    /* STRING: may be NULL; any other is refused when it is, on writing and on reading */
    BASIN_FIELD_OPTIONAL = 4
};

#define BASIN_NO_EXTENT BASIN_NONE

typedef struct basin_schema basin_schema;

typedef struct basin_field {
    const char      *name; /* in JSON and HDF5 */
    basin_field_type type;
    size_t           offset;
    /* offsets of the size_t fields that give the dimensions, or BASIN_NO_EXTENT */
    size_t              extent[2];
    const basin_schema *schema;
    const char *const  *choices; /* NULL-terminated */
    unsigned            flags;
    /* one line: what it is; stored with the data set as attribute «description» */
    const char *text;
} basin_field;

struct basin_schema {
    const char        *name;
    size_t             size; /* of the struct */
    const basin_field *fields;
    size_t             count;
};

extern const basin_schema basin_provenance_schema, basin_training_schema, basin_row_schema,
    basin_alignment_schema;
const basin_schema *basin_result_schema(basin_result_kind kind);

/* A deep copy of one row, for tables of them; on failure `to` holds what basin_row_clear frees. */
basin_status basin_row_copy(const basin_row *from, basin_row *to);
void         basin_row_blank(basin_row *row); /* nothing known, nothing measured; owns nothing */

/* Frees everything that the fields own, not the struct itself. */
void basin_schema_clear(const basin_schema *schema, void *value);
/* Clears and frees the struct: every basin_NOUN_destroy of a result is one call of this. */
void basin_schema_destroy(const basin_schema *schema, void **value);
/* A deep copy into `to` (a zeroed struct). */
basin_status basin_schema_copy(const basin_schema *schema, const void *from, void *to);
/* As basin_result_compare. */
void basin_schema_compare(const basin_schema *schema, const void *a, const void *b,
                          double *difference, char where[128]);

#endif

/* Results in HDF5: /result and /provenance hold each field of the kind's schema as a data set of
 * its dotted path, with its description, a struct inside as a group. A list of structs is a group:
 * of columns [n], where the struct is flat (structs inside it are groups of columns); else of
 * groups 0000, 0001, …
 */
#ifndef BASIN_IO_RESULT_H
#define BASIN_IO_RESULT_H

#include "core/memory.h"
#include "core/schema.h"

#define BASIN_RESULT_FORMAT "basin result"

/* Has the struct, and each struct inside it, only members of one value each? */
bool basin_schema_flat(const basin_schema *schema);
/* The lengths of a field's array in the struct that holds it; the number of dimensions, 1 or 2. */
size_t basin_field_shape(const basin_field *field, const void *value, size_t shape[2]);
/* «/result» and «sane.value» make «/result/sane/value». NULL without memory. Caller frees. */
char *basin_field_path(const char *base, const char *name);

#endif

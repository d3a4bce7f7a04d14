/* The one allocator: overflow-checked, zeroed, aligned for vector loads, with a fault hook in the test build. */
#ifndef BASIN_CORE_MEMORY_H
#define BASIN_CORE_MEMORY_H

#include "core/status.h"

#define BASIN_ALIGNMENT 64

/* basin_alloc (basin.h): NULL when count * size overflows or memory is short; never NULL for 0. */
/* Room for `count` elements of which `used` are kept; the rest is zeroed. The old block is untouched on failure. */
void *basin_grow(void *memory, size_t used, size_t count, size_t size);
char *basin_format(const char *format, ...) BASIN_PRINTF(1, 2);

bool basin_mul(size_t a, size_t b, size_t *out); /* false on overflow */
bool basin_add(size_t a, size_t b, size_t *out);

#define BASIN_ALLOC(pointer, count, what)                                                                    \
    BASIN_CHECK(((pointer) = basin_alloc((count), sizeof *(pointer))) != NULL, BASIN_ERR_NOMEM,              \
                "out of memory for %s: %zu x %zu bytes", (what), (size_t)(count), sizeof *(pointer))

#define BASIN_STRDUP(pointer, text) \
    BASIN_CHECK(((pointer) = basin_strdup(text)) != NULL || (text) == NULL, BASIN_ERR_NOMEM, "out of memory for a name")

#ifdef BASIN_FAULT
/* Test build: let `allowed` allocations succeed, then fail every one (SIZE_MAX: never); live blocks for leak checks. */
void   basin_fault_set(size_t allowed);
size_t basin_fault_live(void);
#endif

#endif

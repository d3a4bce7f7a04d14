/* The one allocator: overflow-checked, zeroed, aligned for vector loads, with a fault hook in the test build. */
#ifndef BASIN_CORE_MEMORY_H
#define BASIN_CORE_MEMORY_H

#include "core/status.h"

#define BASIN_ALIGNMENT 64

/* basin_alloc (basin.h): NULL when count * size overflows or memory is short; never NULL for 0. */
/* Room for `count` elements of which `used` are kept; the rest is zeroed. The old block is untouched on failure. */
void *basin_grow(void *memory, size_t used, size_t count, size_t size);
bool  basin_same_text(const char *a, const char *b); /* NULL is the same as NULL only */
char *basin_format(const char *format, ...) BASIN_PRINTF(1, 2);

bool basin_mul(size_t a, size_t b, size_t *out); /* false on overflow */
bool basin_add(size_t a, size_t b, size_t *out);

/* Bytes in blocks that basin_alloc has given out and that are not freed, in the whole process; and the most there were since the
   last call of basin_memory_watch (or ever). */
size_t basin_memory_used(void);
size_t basin_memory_peak(void);
void   basin_memory_watch(void);

/* Who is about to allocate so many bytes beside what is made next says so first, and takes it back after. Returns what was set aside
   before. */
size_t basin_memory_set_aside(size_t bytes);
/* What the limit leaves: nothing used, nothing set aside, and the program with its libraries left out. 0 where it is passed. */
size_t basin_memory_left(void);

enum { BASIN_MEMORY_PROGRAM = 24 << 20 }; /* resident bytes of a program that uses the library, before it has done anything */

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

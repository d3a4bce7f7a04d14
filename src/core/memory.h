/* The one allocator: overflow-checked, zeroed, aligned for vector loads, with a fault hook in the
   test build. */
#ifndef BASIN_CORE_MEMORY_H
#define BASIN_CORE_MEMORY_H

#include "core/status.h"

#define BASIN_ALIGNMENT 64

/* basin_alloc (basin.h) returns NULL when count * size overflows or memory is short; never NULL for
   0. */

/* Bytes of memory that basin_alloc takes for a block, with its head and padding; SIZE_MAX if it
   must fail. */
size_t basin_block_bytes(size_t count, size_t size);

/* Makes room for `count` elements. The first `used` are kept, the rest is zeroed. The old block is
   untouched on failure. */
void *basin_grow(void *memory, size_t used, size_t count, size_t size);
bool  basin_same_text(const char *a, const char *b); /* NULL is the same as NULL only */
char *basin_format(const char *format, ...) BASIN_PRINTF(1, 2);

bool basin_mul(size_t a, size_t b, size_t *out); /* false on overflow */
bool basin_add(size_t a, size_t b, size_t *out);

/* Bytes in blocks of basin_alloc that are not yet freed, in the whole process. */
size_t basin_memory_used(void);
/* Those allocated by this thread less those freed by it; as an unsigned number, so it may be below
   zero where a thread frees what another one has allocated: only differences mean something. */
size_t basin_memory_own(void);
/* The maximum of basin_memory_used since the last call of basin_memory_watch, or since the
   start. */
size_t basin_memory_peak(void);
void   basin_memory_watch(void);

/* Reserves `bytes` that this thread will allocate later, so that code that sizes itself by
   basin_memory_left leaves room for them. Returns the previous reservation; restore it
   afterwards. */
size_t basin_memory_set_aside(size_t bytes);
/* Bytes below basin_memory_limit() that are neither in use nor reserved nor taken by the program
   and its libraries, or what is left of this thread's share (share.h); 0 where it is exceeded. */
size_t basin_memory_left(void);

/* resident bytes of a program that uses the library and has not done anything yet */
enum { BASIN_MEMORY_PROGRAM = 24 << 20 };

#define BASIN_ALLOC(pointer, count, what)                                                       \
    BASIN_CHECK(((pointer) = basin_alloc((count), sizeof *(pointer))) != NULL, BASIN_ERR_NOMEM, \
                "out of memory for %s: %zu x %zu bytes", (what), (size_t)(count),               \
                sizeof *(pointer))

#define BASIN_STRDUP(pointer, text)                                                          \
    BASIN_CHECK(((pointer) = basin_strdup(text)) != NULL || (text) == NULL, BASIN_ERR_NOMEM, \
                "out of memory for a name")

#ifdef BASIN_FAULT
/* In the test build: `allowed` allocations succeed, then every one fails (SIZE_MAX: never). The
   number of live blocks is for leak checks. */
void   basin_fault_set(size_t allowed);
size_t basin_fault_live(void);
#endif

#endif

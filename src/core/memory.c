#include "core/memory.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/share.h"

#ifdef BASIN_FAULT
static atomic_size_t fault_allowed = SIZE_MAX, fault_live;

/* Takes one of the allocations that are allowed; false: there is none left. */
static bool fault_allows(void)
{
    size_t allowed = atomic_load(&fault_allowed);

    while (allowed != SIZE_MAX && allowed != 0)
        if (atomic_compare_exchange_weak(&fault_allowed, &allowed, allowed - 1)) return true;
    return allowed != 0;
}

void basin_fault_set(size_t allowed)
{
    fault_allowed = allowed;
}

size_t basin_fault_live(void)
{
    return fault_live;
}
#endif

bool basin_same_text(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

bool basin_mul(size_t a, size_t b, size_t *out)
{
    if (b != 0 && a > SIZE_MAX / b) return false;
    *out = a * b;
    return true;
}

bool basin_add(size_t a, size_t b, size_t *out)
{
    if (a > SIZE_MAX - b) return false;
    *out = a + b;
    return true;
}

/* ------------------------------------------------------------------------------------------ accounting -- */

static atomic_size_t        memory_used, memory_peak;
static _Thread_local size_t memory_own, memory_aside;

static void account(size_t bytes)
{
    const size_t used = atomic_fetch_add(&memory_used, bytes) + bytes;
    size_t       peak = atomic_load(&memory_peak);

    memory_own += bytes;
    while (used > peak && !atomic_compare_exchange_weak(&memory_peak, &peak, used)) continue;
}

size_t basin_memory_used(void)
{
    return atomic_load(&memory_used);
}

size_t basin_memory_own(void)
{
    return memory_own;
}

size_t basin_memory_peak(void)
{
    return atomic_load(&memory_peak);
}

void basin_memory_watch(void)
{
    atomic_store(&memory_peak, basin_memory_used());
}

size_t basin_memory_set_aside(size_t bytes)
{
    size_t before = memory_aside;

    memory_aside = bytes;
    return before;
}

/* What this thread has taken of its share; it may have released blocks that were there before. */
static size_t taken_of(const basin_share *share)
{
    const size_t taken = memory_own - share->before;

    return taken <= SIZE_MAX / 2 ? taken : 0;
}

size_t basin_memory_left(void)
{
    const basin_share *share = basin_share_mine();
    const size_t       limit = share != NULL ? share->bytes : basin_memory_limit();
    size_t             taken = share != NULL ? taken_of(share) : basin_memory_used();

    if (!basin_add(taken, memory_aside, &taken) ||
        !basin_add(taken, share != NULL ? 0 : BASIN_MEMORY_PROGRAM, &taken))
        return 0;
    return taken < limit ? limit - taken : 0;
}

/* ---------------------------------------------------------------------------------------------- blocks -- */

/* In front of every block, so that freeing knows its size; of the alignment's size. */
typedef struct header {
    size_t bytes;
    char   rest[BASIN_ALIGNMENT - sizeof(size_t)];
} header;

size_t basin_block_bytes(size_t count, size_t size)
{
    size_t bytes, padded;

    if (!basin_mul(count, size, &bytes) || !basin_add(bytes, sizeof(header) + BASIN_ALIGNMENT - 1, &padded))
        return SIZE_MAX;
    return (bytes == 0 ? 2 * BASIN_ALIGNMENT : padded) / BASIN_ALIGNMENT * BASIN_ALIGNMENT;
}

void *basin_alloc(size_t count, size_t size)
{
    const size_t padded = basin_block_bytes(count, size);

    if (padded == SIZE_MAX) return NULL;
#ifdef BASIN_FAULT
    if (!fault_allows()) return NULL;
#endif
    header *memory = aligned_alloc(BASIN_ALIGNMENT, padded);
    if (memory == NULL) return NULL;
    memset(memory, 0, padded);
    memory->bytes = padded;
    account(padded);
#ifdef BASIN_FAULT
    atomic_fetch_add(&fault_live, 1);
#endif
    return memory + 1;
}

void basin_free(void *memory)
{
    header *block = memory;

    if (block == NULL) return;
    block--;
#ifdef BASIN_FAULT
    atomic_fetch_sub(&fault_live, 1);
#endif
    atomic_fetch_sub(&memory_used, block->bytes);
    memory_own -= block->bytes;
    free(block);
}

void *basin_grow(void *memory, size_t used, size_t count, size_t size)
{
    void *larger = basin_alloc(count, size);

    if (larger == NULL) return NULL;
    if (memory != NULL) memcpy(larger, memory, used * size);
    basin_free(memory);
    return larger;
}

char *basin_strdup(const char *text)
{
    if (text == NULL) return NULL;
    size_t bytes = strlen(text) + 1;
    char  *copy = basin_alloc(bytes, 1);
    if (copy != NULL) memcpy(copy, text, bytes);
    return copy;
}

char *basin_format(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    char *text = length < 0 ? NULL : basin_alloc((size_t)length + 1, 1);
    if (text == NULL) return NULL;
    va_start(arguments, format);
    vsnprintf(text, (size_t)length + 1, format, arguments);
    va_end(arguments);
    return text;
}

static size_t memory_limit;

void basin_memory_limit_set(size_t bytes)
{
    memory_limit = bytes;
}

size_t basin_memory_limit(void)
{
    if (memory_limit != 0) return memory_limit;
    long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);
    return pages > 0 && page > 0 ? (size_t)pages / 4 * 3 * (size_t)page : (size_t)1 << 30;
}

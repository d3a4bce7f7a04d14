#include "core/random.h"

#include <math.h>
#include <stdlib.h>

void basin_random_block(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4])
{
    uint32_t c0 = counter[0], c1 = counter[1], c2 = counter[2], c3 = counter[3], k0 = key[0], k1 = key[1];

    for (int round = 0; round < 10; round++) {
        uint64_t a = (uint64_t)0xD2511F53u * c0, b = (uint64_t)0xCD9E8D57u * c2;
        c0 = (uint32_t)(b >> 32) ^ c1 ^ k0;
        c1 = (uint32_t)b;
        c2 = (uint32_t)(a >> 32) ^ c3 ^ k1;
        c3 = (uint32_t)a;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    out[0] = c0, out[1] = c1, out[2] = c2, out[3] = c3;
}

basin_random basin_random_start(uint64_t seed, uint64_t stream)
{
    return (basin_random){.seed = seed, .stream = stream, .used = 4};
}

static uint32_t next_word(basin_random *r)
{
    if (r->used == 4) {
        uint32_t counter[4] = {(uint32_t)r->counter, (uint32_t)(r->counter >> 32), (uint32_t)r->stream,
                               (uint32_t)(r->stream >> 32)};
        uint32_t key[2] = {(uint32_t)r->seed, (uint32_t)(r->seed >> 32)};
        basin_random_block(counter, key, r->word);
        r->counter++;
        r->used = 0;
    }
    return r->word[r->used++];
}

uint64_t basin_random_bits(basin_random *r)
{
    uint64_t high = next_word(r);
    return high << 32 | next_word(r);
}

double basin_random_uniform(basin_random *r)
{
    return (double)(basin_random_bits(r) >> 11) * 0x1p-53;
}

double basin_random_normal(basin_random *r)
{
    double u = 1.0 - basin_random_uniform(r); /* (0, 1] */
    double v = basin_random_uniform(r);
    return sqrt(-2.0 * log(u)) * cos(6.283185307179586477 * v);
}

size_t basin_random_below(basin_random *r, size_t n)
{
    uint64_t limit = UINT64_MAX - UINT64_MAX % n, x;
    do x = basin_random_bits(r);
    while (x >= limit);
    return (size_t)(x % n);
}

void basin_random_normals(basin_random *r, double *x, size_t n)
{
    for (size_t i = 0; i < n; i++) x[i] = basin_random_normal(r);
}

void basin_random_signs(basin_random *r, double *x, size_t n)
{
    for (size_t i = 0; i < n; i++) x[i] = next_word(r) >> 31 ? 1.0 : -1.0;
}

void basin_random_shuffle(basin_random *r, size_t *x, size_t n)
{
    for (size_t i = n; i > 1; i--) {
        size_t j = basin_random_below(r, i), swap = x[i - 1];
        x[i - 1] = x[j], x[j] = swap;
    }
}

static int ascending(const void *a, const void *b)
{
    const size_t x = *(const size_t *)a, y = *(const size_t *)b;

    return (x > y) - (x < y);
}

void basin_random_choose(basin_random *r, size_t *index, size_t size, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const size_t j = i + basin_random_below(r, size - i), swap = index[i];
        index[i] = index[j], index[j] = swap;
    }
    qsort(index, count, sizeof *index, ascending);
}

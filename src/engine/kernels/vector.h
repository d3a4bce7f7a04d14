/* Vectors of numbers in registers, by the vector extensions of GCC and clang: as wide as the
 * registers of the instruction set that the source is compiled for, since a wider one would be
 * taken apart in memory. Loops that the compiler is left to vectorise reach a third of this.
 */
#ifndef BASIN_ENGINE_KERNELS_VECTOR_H
#define BASIN_ENGINE_KERNELS_VECTOR_H

#include <stdint.h>

#include "engine/op.h"

#if defined(__AVX512F__)
#define VECTOR_BYTES 64
#elif defined(__AVX__)
#define VECTOR_BYTES 32
#else
#define VECTOR_BYTES 16
#endif

#if defined(BASIN_REAL_SINGLE)
#define BASIN_REAL_BYTES 4
typedef int32_t  real_bits;
typedef uint32_t real_unsigned;
#else
#define BASIN_REAL_BYTES 8
typedef int64_t  real_bits;
typedef uint64_t real_unsigned;
#endif

/* numbers may start anywhere */
typedef real vector __attribute__((vector_size(VECTOR_BYTES), aligned(sizeof(real)), may_alias));
/* all bits or none in each, or a number's */
typedef real_bits vector_mask __attribute__((vector_size(VECTOR_BYTES), aligned(sizeof(real))));
/* whose sums may wrap: a NaN's do */
typedef real_unsigned vector_unsigned
    __attribute__((vector_size(VECTOR_BYTES), aligned(sizeof(real))));
enum { VECTOR = VECTOR_BYTES / sizeof(real) };

/* AVX-512 and NEON have 32 registers, other sets 16: that decides how large tiles of sums may
   be. */
#if VECTOR_BYTES == 64 || defined(__aarch64__)
#define VECTOR_REGISTERS 32
#else
#define VECTOR_REGISTERS 16
#endif

#define INLINE static inline __attribute__((always_inline))

/* The next of the fewest parts of at most `most` that what is left divides into, as even as can be:
   of 10, 5 where 8 is the most. */
INLINE size_t even_part(size_t left, size_t most)
{
    return left / ((left + most - 1) / most);
}

INLINE vector vector_load(const real *from)
{
    return *(const vector *)(const void *)from;
}

INLINE void vector_store(real *to, vector value)
{
    *(vector *)(void *)to = value;
}

INLINE vector vector_of(real value)
{
    return value - (vector){0};
}

/* a where the mask is set, else b. */
INLINE vector vector_choose(vector_mask mask, vector a, vector b)
{
    return (vector)(((vector_mask)a & mask) | ((vector_mask)b & ~mask));
}

/* Numbers of the first halves in turn, a_0 b_0 a_1 b_1 …; and of the second halves. */
#if VECTOR_BYTES / BASIN_REAL_BYTES == 16
#define VECTOR_LOW 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23
#define VECTOR_HIGH 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31
#elif VECTOR_BYTES / BASIN_REAL_BYTES == 8
#define VECTOR_LOW 0, 8, 1, 9, 2, 10, 3, 11
#define VECTOR_HIGH 4, 12, 5, 13, 6, 14, 7, 15
#elif VECTOR_BYTES / BASIN_REAL_BYTES == 4
#define VECTOR_LOW 0, 4, 1, 5
#define VECTOR_HIGH 2, 6, 3, 7
#else
#define VECTOR_LOW 0, 2
#define VECTOR_HIGH 1, 3
#endif

INLINE vector vector_low(vector a, vector b)
{
    return __builtin_shufflevector(a, b, VECTOR_LOW);
}

INLINE vector vector_high(vector a, vector b)
{
    return __builtin_shufflevector(a, b, VECTOR_HIGH);
}

INLINE void vector_fold(vector *v, size_t n)
{
    for (size_t i = 0; i < n; i++) v[i] = vector_low(v[i], v[i + n]) + vector_high(v[i], v[i + n]);
}

/* The sums of the numbers of each of v [VECTOR]: about three instructions a sum. Overwrites v.
   Without a loop around, so that v stays in registers. */
INLINE vector vector_sums(vector *v)
{
    if (VECTOR > 8) vector_fold(v, 8);
    if (VECTOR > 4) vector_fold(v, 4);
    if (VECTOR > 2) vector_fold(v, 2);
    vector_fold(v, 1);
    return v[0];
}

INLINE void vector_interleave(vector *v)
{
    vector from[VECTOR];

    for (size_t i = 0; i < VECTOR; i++) from[i] = v[i];
    for (size_t i = 0; i < VECTOR / 2; i++) {
        v[2 * i] = vector_low(from[i], from[i + VECTOR / 2]);
        v[2 * i + 1] = vector_high(from[i], from[i + VECTOR / 2]);
    }
}

/* Number j of v[i] becomes number i of v[j]. */
INLINE void vector_transpose(vector *v)
{
    if (VECTOR > 8) vector_interleave(v);
    if (VECTOR > 4) vector_interleave(v);
    if (VECTOR > 2) vector_interleave(v);
    vector_interleave(v);
}

INLINE real vector_sum(vector v)
{
    real sum = 0;

    for (size_t l = 0; l < VECTOR; l++) sum += v[l];
    return sum;
}

#endif

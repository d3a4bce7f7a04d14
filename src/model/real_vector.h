/* Vectors of numbers in registers, by the vector extensions of GCC and clang: as wide as the registers of the instruction set that the
 * source is compiled for, since a wider one would be taken apart in memory. Loops that the compiler is left to vectorise reach a
 * third of this.
 */
#ifndef BASIN_MODEL_REAL_VECTOR_H
#define BASIN_MODEL_REAL_VECTOR_H

#include <stdint.h>

#include "model/op.h"

#if defined(__AVX512F__)
#define VECTOR_BYTES 64
#elif defined(__AVX__)
#define VECTOR_BYTES 32
#else
#define VECTOR_BYTES 16
#endif

#if defined(BASIN_REAL_SINGLE)
typedef int32_t  real_bits;
typedef uint32_t real_unsigned;
#else
typedef int64_t  real_bits;
typedef uint64_t real_unsigned;
#endif

typedef real          vector __attribute__((vector_size(VECTOR_BYTES), aligned(sizeof(real)), may_alias)); /* numbers may start anywhere */
typedef real_bits     vector_mask __attribute__((vector_size(VECTOR_BYTES), aligned(sizeof(real))));       /* all bits or none in each, or a number's */
typedef real_unsigned vector_unsigned __attribute__((vector_size(VECTOR_BYTES), aligned(sizeof(real))));   /* whose sums may wrap: a NaN's do */
enum { VECTOR = VECTOR_BYTES / sizeof(real) };

#define INLINE static inline __attribute__((always_inline))

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

INLINE real vector_sum(vector v)
{
    real sum = 0;

    for (size_t l = 0; l < VECTOR; l++) sum += v[l];
    return sum;
}

#endif

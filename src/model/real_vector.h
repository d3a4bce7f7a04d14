/* Parts of the 16 lanes in registers, by the vector extensions of GCC and clang. A part is as wide as the instruction set's registers:
 * a wider one would be taken apart in memory. Loops over lanes that the compiler is left to vectorise reach a third of this.
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
typedef int32_t real_bits;
#else
typedef int64_t real_bits;
#endif

typedef real      vector __attribute__((vector_size(VECTOR_BYTES), aligned(sizeof(real)), may_alias)); /* lanes may start anywhere */
typedef real_bits vector_mask __attribute__((vector_size(VECTOR_BYTES), aligned(sizeof(real))));       /* all bits or none in each */
enum { VECTOR = VECTOR_BYTES / sizeof(real) };

static inline vector vector_load(const real *from)
{
    return *(const vector *)(const void *)from;
}

static inline void vector_store(real *to, vector value)
{
    *(vector *)(void *)to = value;
}

static inline vector vector_of(real value)
{
    return value - (vector){0};
}

/* a where the mask is set, else b. */
static inline vector vector_choose(vector_mask mask, vector a, vector b)
{
    return (vector)(((vector_mask)a & mask) | ((vector_mask)b & ~mask));
}

static inline real vector_sum(vector v)
{
    real sum = 0;

    for (size_t l = 0; l < VECTOR; l++) sum += v[l];
    return sum;
}

#endif

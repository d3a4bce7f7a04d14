/* The rectifier and its slope, as vectors: a compiler left alone with «x > 0 ? x : 0» branches on every number. */
#include "model/isa.h"
#include "model/real_vector.h"

void ISA(basin_rectify)(const real *x, size_t n, real *y)
{
    size_t i = 0;

    for (; i + VECTOR <= n; i += VECTOR) {
        const vector v = *(const vector *)(x + i);
        *(vector *)(y + i) = vector_choose((vector_mask)(v <= (vector){0}), (vector){0}, v);
    }
    for (; i < n; i++) y[i] = x[i] <= 0 ? (real)0 : x[i];
}

void ISA(basin_gate)(const real *y, const real *from, size_t n, bool add, real *to)
{
    size_t i = 0;

    for (; i + VECTOR <= n; i += VECTOR) {
        vector passed = vector_choose((vector_mask)(*(const vector *)(y + i) > (vector){0}), *(const vector *)(from + i), (vector){0});
        if (add) passed += *(const vector *)(to + i);
        *(vector *)(to + i) = passed;
    }
    for (; i < n; i++) to[i] = (add ? to[i] : 0) + (y[i] > 0 ? from[i] : (real)0);
}

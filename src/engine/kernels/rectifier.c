/* The rectifier and its slope, as vectors: a compiler left alone with «x > 0 ? x : 0» branches on every
   number. */
#include "engine/kernels/elementary.h"
#include "engine/kernels/vector.h"

void basin_rectify(const real *x, size_t n, real *y)
{
    size_t i = 0;

    for (; i + VECTOR <= n; i += VECTOR) {
        const vector v = vector_load(x + i);
        vector_store(y + i, vector_choose((vector_mask)(v <= (vector){0}), (vector){0}, v));
    }
    for (; i < n; i++) y[i] = x[i] <= 0 ? (real)0 : x[i];
}

INLINE void gate_row(const real *y, const real *from, size_t n, bool add, real *to)
{
    size_t i = 0;

    for (; i + VECTOR <= n; i += VECTOR) {
        vector passed = vector_choose((vector_mask)(vector_load(y + i) > (vector){0}), vector_load(from + i),
                                      (vector){0});
        if (add) passed += vector_load(to + i);
        vector_store(to + i, passed);
    }
    for (; i < n; i++) to[i] = (add ? to[i] : 0) + (y[i] > 0 ? from[i] : (real)0);
}

void basin_gate(const real *y, const real *from, size_t rows, size_t k, size_t n, bool add, real *to)
{
    if (k == 1) n *= rows, rows = 1;
    for (size_t i = 0; i < rows; i++, y += n)
        for (size_t j = 0; j < k; j++, from += n, to += n) gate_row(y, from, n, add, to);
}

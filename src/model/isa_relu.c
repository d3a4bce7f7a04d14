/* The rectifier and its slope, as vectors: a compiler left alone with «x > 0 ? x : 0» branches on every number. */
#include "model/isa_math.h"

void ISA(basin_rectify)(const real *x, size_t n, real *y)
{
    size_t i = 0;

    for (; i + WIDE <= n; i += WIDE) {
        const vec v = *(const vec *)(x + i);
        *(vec *)(y + i) = choose((mask)(v <= (vec){0}), (vec){0}, v);
    }
    for (; i < n; i++) y[i] = x[i] <= 0 ? (real)0 : x[i];
}

void ISA(basin_gate)(const real *y, const real *from, size_t n, bool add, real *to)
{
    size_t i = 0;

    for (; i + WIDE <= n; i += WIDE) {
        vec passed = choose((mask)(*(const vec *)(y + i) > (vec){0}), *(const vec *)(from + i), (vec){0});
        if (add) passed += *(const vec *)(to + i);
        *(vec *)(to + i) = passed;
    }
    for (; i < n; i++) to[i] = (add ? to[i] : 0) + (y[i] > 0 ? from[i] : (real)0);
}

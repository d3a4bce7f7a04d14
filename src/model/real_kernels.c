/* Which kernels run here: those whose every feature, as the Makefile lists them for the compiler, the processor has. */
#include "model/isa.h"

#define TABLE(isa) REAL(basin_kernels_##isa)

extern const basin_kernels TABLE(base);
#if defined(__x86_64__)
extern const basin_kernels TABLE(avx2), TABLE(avx512);
#endif

enum { MOST = 3 };

const basin_kernels *const *basin_kernels_all(size_t *count)
{
    static const basin_kernels *const tables[MOST] = {
        &TABLE(base),
#if defined(__x86_64__)
        &TABLE(avx2),
        &TABLE(avx512),
#endif
    };

    *count = 1;
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) *count = 2;
    if (*count == 2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512vl"))
        *count = 3;
#endif
    return tables;
}

const basin_kernels *basin_kernels_best(void)
{
    size_t                      count;
    const basin_kernels *const *tables = basin_kernels_all(&count);

    return tables[count - 1];
}

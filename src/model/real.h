/* The network's inside computes in `real`: the files op_*.c and real_*.c are compiled twice, once for double and once for
 * float, and REAL(name) keeps the two sets of symbols apart.
 */
#ifndef BASIN_MODEL_REAL_H
#define BASIN_MODEL_REAL_H

#include <math.h>

#include "core/linalg.h"

#if defined(BASIN_REAL_SINGLE)
typedef float real;
#define REAL(name) name##_f32
#define REAL_EPSILON 1.1920928955078125e-07
#define real_exp expf
#define real_expm1 expm1f
#define real_log1p log1pf
#define real_tanh tanhf
#define real_erf erff
#define real_fabs fabsf
#else
typedef double real;
#define REAL(name) name##_f64
#define REAL_EPSILON 2.220446049250313e-16
#define real_exp exp
#define real_expm1 expm1
#define real_log1p log1p
#define real_tanh tanh
#define real_erf erf
#define real_fabs fabs
#endif

#define real_gemm REAL(basin_gemm)

#endif

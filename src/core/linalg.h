/* Vector and matrix algebra in double: the only door to OpenBLAS and LAPACKE (single-precision GEMM
 * for the engine is here too). Sums over P run in fixed blocks reduced in order, so results are the
 * same bits for any number of threads. Matrices are row-major unless said. Sizes are size_t; what
 * does not fit the BLAS's int is refused by an assertion, since callers bound them.
 */
#ifndef BASIN_CORE_LINALG_H
#define BASIN_CORE_LINALG_H

#include "core/status.h"

double basin_dot(const double *x, const double *y, size_t n);
/* scaled where the plain sum of squares over- or underflows */
double basin_norm(const double *x, size_t n);
/* cos(x, y); NAN where one of them is zero, not finite or NULL. Nothing over- or underflows. */
double basin_cosine(const double *x, const double *y, size_t n);
/* ‖x − y‖ / ‖y‖; NAN where y is zero. */
double basin_distance_over(const double *x, const double *y, size_t n);
void   basin_axpy(double a, const double *x, double *y, size_t n); /* y += a x */
void   basin_scale(double a, double *x, size_t n);
void   basin_copy(const double *x, double *y, size_t n);
bool   basin_all_finite(const double *x, size_t n);

typedef enum basin_transpose { BASIN_N, BASIN_T } basin_transpose;

/* C [m, n] = alpha op(A) op(B) + beta C with leading dimensions; one BLAS thread. op(A) is [m,
   k]. */
void basin_gemm_f64(basin_transpose ta, basin_transpose tb, size_t m, size_t n, size_t k,
                    double alpha, const double *a, size_t lda, const double *b, size_t ldb,
                    double beta, double *c, size_t ldc);
void basin_gemm_f32(basin_transpose ta, basin_transpose tb, size_t m, size_t n, size_t k,
                    float alpha, const float *a, size_t lda, const float *b, size_t ldb, float beta,
                    float *c, size_t ldc);

/* Eigenvalues ascending w [n] of the symmetric a [n, n], which is overwritten. Rows of zeros cost
   nothing: their eigenvalues are 0 exactly. */
basin_status basin_symmetric_eigen(double *a, size_t n, double *w);
/* The same with all eigenvectors, as rows of a; rows of zeros are as the others. */
basin_status basin_symmetric_eigen_vectors(double *a, size_t n, double *w);
/* The same with the eigenvectors of the `bottom` smallest and the `top` largest only, ascending, as
   rows of z [bottom + top, n]; a is overwritten. Room: n² + (bottom + top) n doubles more. The
   eigenvalues have the same bits as without vectors (basin_symmetric_eigen). */
basin_status basin_symmetric_eigen_ends(double *a, size_t n, size_t bottom, size_t top, double *w,
                                        double *z);
/* Eigenvalues ascending and first components of the eigenvectors of a symmetric tridiagonal
   matrix. */
basin_status basin_tridiagonal_eigen(const double *diagonal, const double *off, size_t n, double *w,
                                     double *z /* [n, n] rows, or NULL */);

/* How many threads, of `most`, may call the BLAS at the same time within a limit on address space
   (ulimit -v). */
size_t       basin_linalg_callers(size_t most);
basin_status basin_linalg_initialise(void); /* one BLAS thread; GEMM against plain loops */

#endif

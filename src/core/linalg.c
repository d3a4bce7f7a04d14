#define _DEFAULT_SOURCE /* MAP_ANONYMOUS */
#include "core/linalg.h"

#include <assert.h>
#include <cblas.h>
#include <lapacke.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include "core/memory.h"
#include "core/random.h"

#define BLOCK 4096 /* elements; the order of every sum over P is fixed by it */

static int blas_int(size_t n)
{
    assert(n <= INT_MAX);
    return (int)n;
}

double basin_dot(const double *x, const double *y, size_t n)
{
    double total = 0.0;

    for (size_t start = 0; start < n; start += BLOCK) {
        size_t end = start + BLOCK < n ? start + BLOCK : n;
        double part[4] = {0};
        size_t i = start;
        for (; i + 4 <= end; i += 4)
            for (size_t lane = 0; lane < 4; lane++) part[lane] += x[i + lane] * y[i + lane];
        for (; i < end; i++) part[0] += x[i] * y[i];
        total += (part[0] + part[1]) + (part[2] + part[3]);
    }
    return total;
}

double basin_norm(const double *x, size_t n)
{
    double square = basin_dot(x, x, n);
    if (square > 1e-280 && square < 1e280) return sqrt(square);

    double largest = 0.0, sum = 0.0;
    for (size_t i = 0; i < n; i++) {
        if (isnan(x[i])) return NAN;
        largest = fmax(largest, fabs(x[i]));
    }
    if (largest == 0.0 || isinf(largest)) return largest;
    for (size_t i = 0; i < n; i++) sum += (x[i] / largest) * (x[i] / largest);
    return largest * sqrt(sum);
}

double basin_cosine(const double *x, const double *y, size_t n)
{
    if (x == NULL || y == NULL) return NAN;
    const double x_norm = basin_norm(x, n), y_norm = basin_norm(y, n);
    if (!(x_norm > 0.0 && y_norm > 0.0 && isfinite(x_norm) && isfinite(y_norm))) return NAN;
    const double size = x_norm * y_norm;
    if (size > 1e-280 && size < 1e280) return basin_dot(x, y, n) / x_norm / y_norm;

    double sum = 0.0;
    for (size_t i = 0; i < n; i++) sum += (x[i] / x_norm) * (y[i] / y_norm);
    return sum;
}

double basin_distance_over(const double *x, const double *y, size_t n)
{
    const double norm = basin_norm(y, n);
    double       squares = 0.0;

    for (size_t i = 0; i < n; i++) squares += (x[i] / norm - y[i] / norm) * (x[i] / norm - y[i] / norm);
    return norm > 0.0 ? sqrt(squares) : (double)NAN;
}

void basin_axpy(double a, const double *x, double *y, size_t n)
{
#pragma omp simd
    for (size_t i = 0; i < n; i++) y[i] += a * x[i];
}

void basin_scale(double a, double *x, size_t n)
{
    for (size_t i = 0; i < n; i++) x[i] *= a;
}

void basin_copy(const double *x, double *y, size_t n)
{
    memcpy(y, x, n * sizeof *x);
}

bool basin_all_finite(const double *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!isfinite(x[i])) return false;
    return true;
}

static CBLAS_TRANSPOSE blas_transpose(basin_transpose t)
{
    return t == BASIN_T ? CblasTrans : CblasNoTrans;
}

void basin_gemm_f64(basin_transpose ta, basin_transpose tb, size_t m, size_t n, size_t k, double alpha,
                    const double *a, size_t lda, const double *b, size_t ldb, double beta, double *c,
                    size_t ldc)
{
    cblas_dgemm(CblasRowMajor, blas_transpose(ta), blas_transpose(tb), blas_int(m), blas_int(n), blas_int(k),
                alpha, a, blas_int(lda), b, blas_int(ldb), beta, c, blas_int(ldc));
}

void basin_gemm_f32(basin_transpose ta, basin_transpose tb, size_t m, size_t n, size_t k, float alpha,
                    const float *a, size_t lda, const float *b, size_t ldb, float beta, float *c, size_t ldc)
{
    cblas_sgemm(CblasRowMajor, blas_transpose(ta), blas_transpose(tb), blas_int(m), blas_int(n), blas_int(k),
                alpha, a, blas_int(lda), b, blas_int(ldb), beta, c, blas_int(ldc));
}

/* LAPACK reads the row-major symmetric matrix as its own transpose: the upper triangle of ours is its lower
   one. Column j of its column-major result is our row j. */
static basin_status eigen(double *a, size_t n, bool vectors, double *w)
{
    lapack_int info =
        LAPACKE_dsyevd(LAPACK_COL_MAJOR, vectors ? 'V' : 'N', 'L', blas_int(n), a, blas_int(n), w);
    if (info == LAPACK_WORK_MEMORY_ERROR)
        return basin_fail(BASIN_ERR_NOMEM, "out of memory for the eigenvalues of a %zu x %zu matrix", n, n);
    if (info != 0)
        return basin_fail(BASIN_ERR_NUMERIC, "LAPACK dsyevd failed on a %zu x %zu matrix: info %d", n, n,
                          (int)info);
    return BASIN_OK;
}

/* One reduction to tridiagonal form, whose eigenvectors by relatively robust representations (Dhillon &
   Parlett, Linear Algebra Appl. 387, 2004) cost only n²; all of them at once, so that clusters come out
   orthogonal across both ends. Only the wanted ones are carried back. */
static basin_status eigen_ends(double *a, size_t n, size_t bottom, size_t top, double *w, double *z)
{
    basin_status   st = BASIN_OK;
    double        *d = NULL, *e = NULL, *tau = NULL, *found_w = NULL, *all = NULL;
    lapack_int    *support = NULL, found = 0, info;
    lapack_logical accurate = 1;

    BASIN_ALLOC(d, n, "tridiagonal matrix");
    BASIN_ALLOC(e, n, "tridiagonal matrix");
    BASIN_ALLOC(tau, n, "reflections");
    BASIN_ALLOC(found_w, n, "eigenvalues");
    BASIN_ALLOC(support, 2 * n, "eigenvector supports");
    BASIN_ALLOC(all, n * n, "eigenvectors");
    info = LAPACKE_dsytrd(LAPACK_COL_MAJOR, 'L', blas_int(n), a, blas_int(n), d, e, tau);
    BASIN_CHECK(info == 0, BASIN_ERR_NUMERIC, "LAPACK dsytrd failed on a %zu x %zu matrix: info %d", n, n,
                (int)info);
    BASIN_TRY(basin_tridiagonal_eigen(d, e, n, w, NULL));
    info = LAPACKE_dstemr(LAPACK_COL_MAJOR, 'V', 'A', blas_int(n), d, e, 0.0, 0.0, 0, 0, &found, found_w, all,
                          blas_int(n), blas_int(n), support, &accurate);
    BASIN_CHECK(info == 0 && (size_t)found == n, BASIN_ERR_NUMERIC,
                "LAPACK dstemr failed on %zu values: info %d, %d found", n, (int)info, (int)found);
    memcpy(z, all, bottom * n * sizeof *z);
    memcpy(z + bottom * n, all + (n - top) * n, top * n * sizeof *z);
    info = LAPACKE_dormtr(LAPACK_COL_MAJOR, 'L', 'L', 'N', blas_int(n), blas_int(bottom + top), a,
                          blas_int(n), tau, z, blas_int(n));
    BASIN_CHECK(info == 0, BASIN_ERR_NUMERIC, "LAPACK dormtr failed on a %zu x %zu matrix: info %d", n, n,
                (int)info);
done:
    basin_free(d);
    basin_free(e);
    basin_free(tau);
    basin_free(found_w);
    basin_free(all);
    basin_free(support);
    return st;
}

/* -------------------------------------------------------------------------------------- rows of zeros -- */

/* A row of the Hessian is zero where no sample moves its parameter's gradient, as of the weights behind
   a pixel that is dark in every image: its eigenvalue is 0 and its eigenvector the unit vector, exactly,
   and LAPACK's n³ is spent on the rest. */

static bool is_zero(const double *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (x[i] != 0.0) return false;
    return true;
}

/* Moves the rows and columns that are not zero to the front, as a matrix [m, m] without gaps; returns m.
   order [n] has their places first, then those of the others. */
static size_t pack(double *a, size_t n, size_t *order)
{
    size_t m = 0, zeros = 0;

    for (size_t i = 0; i < n; i++) {
        if (is_zero(a + i * n, n))
            order[n - ++zeros] = i;
        else
            order[m++] = i;
    }
    for (size_t i = 0; m < n && i < m; i++)
        for (size_t j = 0; j < m; j++) a[i * m + j] = a[order[i] * n + order[j]];
    return m;
}

/* w [m] ascending becomes [n] with the zeros among them; returns where they begin. */
static size_t insert_zeros(double *w, size_t m, size_t n)
{
    size_t first = 0;

    while (first < m && w[first] < 0.0) first++;
    memmove(w + first + n - m, w + first, (m - first) * sizeof *w);
    memset(w + first, 0, (n - m) * sizeof *w);
    return first;
}

basin_status basin_symmetric_eigen(double *a, size_t n, double *w)
{
    basin_status st = BASIN_OK;
    size_t      *order = NULL, m;

    BASIN_ALLOC(order, n, "the order of rows");
    m = pack(a, n, order);
    if (m > 0) BASIN_TRY(eigen(a, m, false, w));
    insert_zeros(w, m, n);
done:
    basin_free(order);
    return st;
}

basin_status basin_symmetric_eigen_vectors(double *a, size_t n, double *w)
{
    return eigen(a, n, true, w);
}

/* The vector of the i-th eigenvalue of all, to `to` [n]; `part` [bottom + top, m] are those of the matrix
   that was packed, `first` is where the zeros stand. */
static void unpack(const double *part, size_t i, size_t first, size_t bottom, size_t top, const size_t *order,
                   size_t m, size_t n, double *to)
{
    const size_t zeros = n - m, j = i < first ? i : i - zeros;

    memset(to, 0, n * sizeof *to);
    if (i >= first && i < first + zeros) {
        to[order[m + i - first]] = 1.0;
        return;
    }
    part += (j < bottom ? j : bottom + j - (m - top)) * m;
    for (size_t k = 0; k < m; k++) to[order[k]] = part[k];
}

basin_status basin_symmetric_eigen_ends(double *a, size_t n, size_t bottom, size_t top, double *w, double *z)
{
    basin_status st = BASIN_OK;
    size_t      *order = NULL, m, first;
    double      *part = NULL;

    assert(bottom + top <= n && bottom + top > 0);
    BASIN_ALLOC(order, n, "the order of rows");
    m = pack(a, n, order);
    BASIN_ALLOC(part, (bottom + top) * m, "eigenvectors");
    /* of so few that are not zero all are found, as those of one end */
    const size_t low = bottom + top < m ? bottom : 0, high = bottom + top < m ? top : m;
    if (m > 0) BASIN_TRY(eigen_ends(a, m, low, high, w, part));
    first = insert_zeros(w, m, n);
    for (size_t i = 0; i < bottom + top; i++)
        unpack(part, i < bottom ? i : n - top + i - bottom, first, low, high, order, m, n, z + i * n);
done:
    basin_free(order);
    basin_free(part);
    return st;
}

basin_status basin_tridiagonal_eigen(const double *diagonal, const double *off, size_t n, double *w,
                                     double *z)
{
    basin_status st = BASIN_OK;
    double      *e = NULL;
    lapack_int   info;

    BASIN_ALLOC(e, n, "tridiagonal matrix");
    memcpy(w, diagonal, n * sizeof *w);
    if (n > 1) memcpy(e, off, (n - 1) * sizeof *e);
    info = z ? LAPACKE_dstevd(LAPACK_COL_MAJOR, 'V', blas_int(n), w, e, z, blas_int(n))
             : LAPACKE_dsterf(blas_int(n), w, e);
    BASIN_CHECK(info == 0, BASIN_ERR_NUMERIC, "LAPACK dstevd failed on %zu values: info %d", n, (int)info);
done:
    basin_free(e);
    return st;
}

/* C = op(A) op(B) by BLAS and by plain loops, in both precisions, at sizes that reach the vector kernels and
   their edges. */
static double gemm_error(size_t m, size_t n, size_t k, basin_transpose ta, basin_transpose tb, bool single)
{
    enum { MOST = 96 * 96 };
    static double a[MOST], b[MOST], c[MOST];
    static float  af[MOST], bf[MOST], cf[MOST];
    basin_random  random = basin_random_start(m * 10007 + n * 101 + k, BASIN_STREAM_CHECK);
    double        worst = 0.0;

    assert(m * k <= MOST && k * n <= MOST && m * n <= MOST);
    for (size_t i = 0; i < m * k; i++) af[i] = (float)(a[i] = basin_random_uniform(&random) - 0.5);
    for (size_t i = 0; i < k * n; i++) bf[i] = (float)(b[i] = basin_random_uniform(&random) - 0.5);
    if (single)
        basin_gemm_f32(ta, tb, m, n, k, 1.0f, af, ta == BASIN_T ? m : k, bf, tb == BASIN_T ? k : n, 0.0f, cf,
                       n);
    else
        basin_gemm_f64(ta, tb, m, n, k, 1.0, a, ta == BASIN_T ? m : k, b, tb == BASIN_T ? k : n, 0.0, c, n);
    for (size_t i = 0; i < m; i++)
        for (size_t j = 0; j < n; j++) {
            double sum = 0.0;
            for (size_t l = 0; l < k; l++)
                sum += a[ta == BASIN_T ? l * m + i : i * k + l] * b[tb == BASIN_T ? j * k + l : l * n + j];
            double error = fabs(sum - (single ? (double)cf[i * n + j] : c[i * n + j]));
            if (!(error <= worst)) worst = error;
        }
    return worst;
}

/* OpenBLAS maps one buffer for each thread that calls it at the same time, 129 MiB in Debian's build, and
   where it gets none it tries again for ever. */
#define BLAS_BUFFER ((size_t)129 << 20)
/* the least room above it: what a small analysis takes */
#define BLAS_BESIDE ((size_t)64 << 20)

static bool limits_address_space(struct rlimit *limit)
{
    return getrlimit(RLIMIT_AS, limit) == 0 && limit->rlim_cur != RLIM_INFINITY;
}

static bool has_address_space(size_t bytes)
{
    void *probe = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (probe == MAP_FAILED) return false;
    munmap(probe, bytes);
    return true;
}

static basin_status check_room(void)
{
    basin_status  st = BASIN_OK;
    const size_t  room = BLAS_BUFFER + BLAS_BESIDE;
    struct rlimit limit;

    BASIN_CHECK(!limits_address_space(&limit) || has_address_space(room), BASIN_ERR_BUDGET,
                "the limit on address space of %zu kB (ulimit -v) leaves less than the %zu kB that OpenBLAS "
                "and a small analysis take",
                (size_t)(limit.rlim_cur >> 10), room >> 10);
done:
    return st;
}

size_t basin_linalg_callers(size_t most)
{
    struct rlimit limit;
    size_t        callers = most;

    if (!limits_address_space(&limit)) return most;
    while (callers > 1 && !has_address_space(callers * (BLAS_BUFFER + BLAS_BESIDE))) callers--;
    return callers;
}

basin_status basin_linalg_initialise(void)
{
    static const size_t sizes[][3] = {{96, 96, 96}, {33, 17, 65}, {64, 10, 32}, {5, 7, 3}};
    basin_status        room = check_room();

    if (room != BASIN_OK) return room;
    openblas_set_num_threads(1);
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++)
        for (int form = 0; form < 8; form++) {
            bool            single = form & 1;
            basin_transpose ta = form & 2 ? BASIN_T : BASIN_N, tb = form & 4 ? BASIN_T : BASIN_N;
            double          error = gemm_error(sizes[s][0], sizes[s][1], sizes[s][2], ta, tb, single);
            if (!(error <= (single ? 1e-4 : 1e-12))) {
                char blas[160];
                basin_blas_describe(blas);
                return basin_fail(BASIN_ERR_NUMERIC,
                                  "this BLAS computes wrongly: %s %zux%zux%zu is off by %.1e (%s); choose "
                                  "another kernel, e.g. "
                                  "OPENBLAS_CORETYPE=Haswell, or another BLAS build",
                                  single ? "sgemm" : "dgemm", sizes[s][0], sizes[s][1], sizes[s][2], error,
                                  blas);
            }
        }
    return BASIN_OK;
}

/* Kernels of OpenBLAS by the widest vectors that they use: 1 AVX, 2 AVX2 with FMA, 3 AVX-512; all others
   less. */
static int width_of_kernel(const char *name)
{
    static const struct {
        const char *name;
        int         width;
    } kernels[] = {{"Sandybridge", 1}, {"Bulldozer", 1},     {"Piledriver", 1}, {"Steamroller", 1},
                   {"Haswell", 2},     {"Excavator", 2},     {"Zen", 2},        {"SkylakeX", 3},
                   {"Cooperlake", 3},  {"SapphireRapids", 3}};

    for (size_t i = 0; i < sizeof kernels / sizeof *kernels; i++)
        if (strcasecmp(kernels[i].name, name) == 0) return kernels[i].width;
    return 0;
}

/* Of the processor, as far as BASIN_INSTRUCTIONS lets it compute as an older one. */
static int width_of_processor(void)
{
    int         width = 0;
    const char *asked = getenv("BASIN_INSTRUCTIONS");

#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx")) width = 1;
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) width = 2;
    if (width == 2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
        __builtin_cpu_supports("avx512cd"))
        width = 3;
#endif
    if (asked != NULL && strcmp(asked, "avx2") == 0 && width > 2) width = 2;
    return asked != NULL && strcmp(asked, "base") == 0 ? 0 : width;
}

const char *basin_blas_better(void)
{
    static const char *const names[] = {NULL, "Sandybridge", "Haswell", "SkylakeX"};
    int                      width = width_of_processor();

    return width_of_kernel(openblas_get_corename()) < width ? names[width] : NULL;
}

void basin_blas_describe(char out[160])
{
    const char *config = openblas_get_config(); /* «OpenBLAS 0.3.21 NO_LAPACKE …» */
    int         name = (int)strcspn(config, " ");
    int         number = config[name] ? (int)strcspn(config + name + 1, " ") : 0;

    snprintf(out, 160, "%.*s, kernel %s", name + (number > 0 ? 1 + number : 0), config,
             openblas_get_corename());
}

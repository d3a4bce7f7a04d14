#include "support.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/linalg.h"
#include "core/random.h"

/* With its standard output in a file a program still writes line by line, so that what its tests print stands
   in the order of time with cmocka's messages on standard error. */
__attribute__((constructor)) static void write_by_lines(void)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
}

bool basin_test_is_close(double actual, double expected, double rtol, double atol)
{
    double allowed = rtol * fabs(expected) + atol;

    return actual == expected || (isfinite(allowed) && fabs(actual - expected) <= allowed);
}

void basin_test_close(double actual, double expected, double rtol, double atol, const char *what,
                      const char *file, int line)
{
    if (basin_test_is_close(actual, expected, rtol, atol)) return;
    print_error("%s: %.17g, expected %.17g: off by %.3g, allowed %.3g\n", what, actual, expected,
                fabs(actual - expected), rtol * fabs(expected) + atol);
    _fail(file, line);
}

void basin_test_leave_out(const char *reason, const char *file, int line)
{
    print_message("skipped: %s\n", reason);
    _skip(file, line);
}

void basin_test_status(basin_status actual, basin_status expected, const char *what, const char *file,
                       int line)
{
    if (actual == expected) return;
    print_error("%s: %s, expected %s (message: %s)\n", what, basin_status_text(actual),
                basin_status_text(expected), basin_error_message());
    _fail(file, line);
}

void basin_test_message(const char *part, const char *file, int line)
{
    if (strstr(basin_error_message(), part) != NULL) return;
    print_error("message «%s» does not hold «%s»\n", basin_error_message(), part);
    _fail(file, line);
}

void basin_test_every_allocation(basin_status (*call)(void *payload), void *payload)
{
    size_t live = basin_fault_live();

    for (size_t allowed = 0; allowed < 100000; allowed++) {
        basin_fault_set(allowed);
        basin_status st = call(payload);
        basin_fault_set(SIZE_MAX);
        if (basin_fault_live() != live)
            print_error("%zu blocks leak when allocation %zu fails (%s)\n", basin_fault_live() - live,
                        allowed, basin_error_message());
        assert_int_equal(basin_fault_live(), live);
        if (st == BASIN_OK) return;
        assert_status(st, BASIN_ERR_NOMEM);
    }
    fail_msg("never succeeded");
}

const char *basin_test_scratch(const char *name)
{
    static char     folder[128], paths[8][512];
    static unsigned next;

    if (folder[0] == '\0') {
        const char *base = getenv("BASIN_SCRATCH");
        snprintf(folder, sizeof folder, "%.60s/basin-test-XXXXXX", base ? base : "/tmp");
        if (mkdtemp(folder) == NULL) fail_msg("no scratch folder %s", folder);
    }
    char *path = paths[next++ % 8];
    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

const char *basin_test_data(const char *name)
{
    static char     paths[8][512];
    static unsigned next;
    char           *path = paths[next++ % 8];

    snprintf(path, sizeof paths[0], "tests/data/%s", name);
    return path;
}

bool basin_test_long(void)
{
    const char *value = getenv("BASIN_LONG");
    return value != NULL && value[0] == '1';
}

/* ------------------------------------------------------------------------------------------ quadratics -- */

typedef struct quadratic {
    size_t  n;
    double *a, *b, c;
} quadratic;

static void matvec(const quadratic *q, const double *x, double *y)
{
    for (size_t i = 0; i < q->n; i++) y[i] = basin_dot(q->a + i * q->n, x, q->n);
}

static basin_status quadratic_gradient(void *ctx, const basin_samples *s, const double *theta,
                                       basin_loss *out, double *g)
{
    quadratic *q = ctx;

    (void)s;
    matvec(q, theta, g);
    *out = (basin_loss){.sum = 0.5 * basin_dot(theta, g, q->n) - basin_dot(q->b, theta, q->n) + q->c,
                        .weight = 1.0};
    basin_axpy(-1.0, q->b, g, q->n);
    return BASIN_OK;
}

static basin_status quadratic_loss(void *ctx, const basin_samples *s, const double *theta, basin_loss *out)
{
    basin_status st = BASIN_OK;
    double      *g = NULL;

    BASIN_ALLOC(g, ((quadratic *)ctx)->n, "gradient");
    st = quadratic_gradient(ctx, s, theta, out, g);
done:
    basin_free(g);
    return st;
}

static basin_status quadratic_freeze(void *ctx, const basin_samples *s, const double *theta,
                                     basin_curvature_kind kind, void **point)
{
    (void)s, (void)theta;
    if (kind != BASIN_HESSIAN)
        return basin_fail(BASIN_ERR_UNSUPPORTED, "a quadratic has no %s", basin_curvature_kind_text(kind));
    *point = ctx;
    return BASIN_OK;
}

static basin_status quadratic_product(void *point, const double *v, size_t k, double *hv)
{
    const quadratic *q = point;
    for (size_t j = 0; j < k; j++) matvec(q, v + j * q->n, hv + j * q->n);
    return BASIN_OK;
}

static void quadratic_thaw(void *point)
{
    (void)point; /* the objective itself */
}

static void quadratic_destroy(void *ctx)
{
    quadratic *q = ctx;

    if (q == NULL) return;
    basin_free(q->a);
    basin_free(q->b);
    basin_free(q);
}

static const basin_objective_type quadratic_type = {
    .name = "quadratic",
    .loss = quadratic_loss,
    .gradient = quadratic_gradient,
    .freeze = quadratic_freeze,
    .product = quadratic_product,
    .thaw = quadratic_thaw,
    .destroy = quadratic_destroy,
};

basin_status basin_test_quadratic(const double *a, const double *b, double c, size_t n, basin_objective **out)
{
    basin_status st = BASIN_OK;
    quadratic   *q = NULL;

    BASIN_ALLOC(q, 1, "quadratic");
    q->n = n;
    q->c = c;
    BASIN_ALLOC(q->a, n * n, "quadratic");
    BASIN_ALLOC(q->b, n, "quadratic");
    memcpy(q->a, a, n * n * sizeof *a);
    if (b != NULL) memcpy(q->b, b, n * sizeof *b);
    BASIN_TRY(
        basin_objective_create(&quadratic_type, q, &(basin_objective_facts){.size = n, .samples = 1}, out));
    q = NULL;
done:
    quadratic_destroy(q);
    return st;
}

void basin_test_planted(const double *lambda, size_t n, uint64_t seed, double *a)
{
    basin_random r = basin_random_start(seed, BASIN_STREAM_TEST);
    double      *u = basin_alloc(n, sizeof *u), *w = basin_alloc(n, sizeof *w);

    assert_non_null(u);
    assert_non_null(w);
    memset(a, 0, n * n * sizeof *a);
    for (size_t i = 0; i < n; i++) a[i * n + i] = lambda[i];
    for (int reflection = 0; reflection < 3; reflection++) { /* A <- (I - 2uu') A (I - 2uu') */
        basin_random_normals(&r, u, n);
        basin_scale(1.0 / basin_norm(u, n), u, n);
        for (size_t i = 0; i < n; i++) w[i] = basin_dot(a + i * n, u, n);
        double uw = basin_dot(u, w, n);
        for (size_t i = 0; i < n; i++)
            for (size_t j = 0; j < n; j++)
                a[i * n + j] += -2.0 * (u[i] * w[j] + w[i] * u[j]) + 4.0 * uw * u[i] * u[j];
    }
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < i; j++) a[i * n + j] = a[j * n + i] = 0.5 * (a[i * n + j] + a[j * n + i]);
    basin_free(u);
    basin_free(w);
}

basin_objective *basin_test_planted_objective(const double *lambda, size_t n, uint64_t seed)
{
    basin_objective *o = NULL;
    double          *a = basin_alloc(n * n, sizeof *a);

    assert_non_null(a);
    basin_test_planted(lambda, n, seed, a);
    assert_ok(basin_test_quadratic(a, NULL, 1.0, n, &o));
    basin_free(a);
    return o;
}

basin_status basin_test_spectrum_at(basin_objective *o, const double *theta,
                                    const basin_spectrum_options *options, basin_spectrum **out)
{
    basin_status st = BASIN_OK;
    basin_point *point = NULL;

    BASIN_TRY(basin_point_create(o, theta, NULL, &point));
    BASIN_TRY(basin_spectrum_compute(point, options, out));
done:
    basin_point_destroy(&point);
    return st;
}

basin_status basin_test_sharpness_at(basin_objective *o, const double *theta,
                                     const basin_sharpness_options *options, basin_sharpness **out)
{
    basin_status st = BASIN_OK;
    basin_point *point = NULL;

    BASIN_TRY(basin_point_create(o, theta, NULL, &point));
    BASIN_TRY(basin_sharpness_compute(point, options, out));
done:
    basin_point_destroy(&point);
    return st;
}

basin_status basin_test_ritz_at(basin_objective *o, const double *theta, uint64_t seed,
                                const basin_sane_options *options, basin_sane **out)
{
    basin_status st = BASIN_OK;
    basin_point *point = NULL;

    BASIN_TRY(basin_point_create(o, theta, NULL, &point));
    BASIN_TRY(basin_sane_ritz(point, seed, options, out));
done:
    basin_point_destroy(&point);
    return st;
}

basin_status basin_test_stationarity_at(basin_objective *o, const double *theta,
                                        const basin_point_options *options, basin_stationarity *out)
{
    basin_status st = BASIN_OK;
    basin_point *point = NULL;

    BASIN_TRY(basin_point_create(o, theta, options, &point));
    BASIN_TRY(basin_stationarity_compute(point, out));
done:
    basin_point_destroy(&point);
    return st;
}

basin_spectrum *basin_test_spectrum(basin_objective *o, const basin_spectrum_options *options)
{
    basin_spectrum *s = NULL;
    double         *theta = basin_alloc(basin_objective_size(o), sizeof *theta);

    assert_non_null(theta);
    assert_ok(basin_test_spectrum_at(o, theta, options, &s));
    basin_free(theta);
    return s;
}

#include "spectra.h"

#include <hdf5.h>
#include <math.h>
#include <string.h>

#include "core/random.h"

/* ----------------------------------------------------------------------------------- diagonal matrices -- */

static basin_status diagonal_loss(void *ctx, const basin_samples *s, const double *theta, basin_loss *out)
{
    (void)ctx, (void)s, (void)theta;
    *out = (basin_loss){.sum = 1.0, .weight = 1.0};
    return BASIN_OK;
}

static basin_status diagonal_gradient(void *ctx, const basin_samples *s, const double *theta, basin_loss *out,
                                      double *g)
{
    const diagonal *d = ctx;

    for (size_t i = 0; i < d->n; i++) g[i] = d->x[i] * theta[i];
    return diagonal_loss(ctx, s, theta, out);
}

static basin_status diagonal_freeze(void *ctx, const basin_samples *s, const double *theta,
                                    basin_curvature_kind kind, void **point)
{
    (void)s, (void)theta, (void)kind;
    *point = ctx;
    return BASIN_OK;
}

static basin_status diagonal_product(void *point, const double *v, size_t k, double *hv)
{
    diagonal *d = point;

    for (size_t j = 0; j < k; j++) {
        for (size_t i = 0; i < d->n; i++) hv[j * d->n + i] = d->x[i] * v[j * d->n + i];
        if (++d->products == d->broken) hv[j * d->n + 3] = NAN;
    }
    return BASIN_OK;
}

static void diagonal_thaw(void *point)
{
    (void)point;
}

static const basin_objective_type diagonal_type = {
    .name = "diagonal",
    .loss = diagonal_loss,
    .gradient = diagonal_gradient,
    .freeze = diagonal_freeze,
    .product = diagonal_product,
    .thaw = diagonal_thaw,
};

void open_problem(problem_of *p, double *x, size_t n, double epsilon)
{
    *p = (problem_of){.d = {.n = n, .x = x}};
    assert_ok(basin_objective_create(&diagonal_type, &p->d,
                                     &(basin_objective_facts){.size = n, .samples = 100, .epsilon = epsilon},
                                     &p->o));
    p->theta = basin_alloc(n, sizeof *p->theta);
    assert_non_null(p->theta);
    assert_ok(basin_point_create(p->o, p->theta, NULL, &p->point));
}

void close_problem(problem_of *p)
{
    basin_point_destroy(&p->point);
    basin_objective_destroy(&p->o);
    basin_free(p->theta);
}

/* -------------------------------------------------------------------------------------- exact spectra -- */

exact of_rank(const char *name, size_t n)
{
    exact e = {.name = name, .n = n, .x = basin_alloc(n, sizeof *e.x)};

    assert_non_null(e.x);
    return e;
}

exact of_network(const char *name, const char *file, const char *object)
{
    hid_t f = H5Fopen(basin_test_data(file), H5F_ACC_RDONLY, H5P_DEFAULT),
          d = H5Dopen2(f, object, H5P_DEFAULT);
    hid_t space = H5Dget_space(d);
    exact e = of_rank(name, (size_t)H5Sget_simple_extent_npoints(space));

    assert_true(H5Dread(d, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, e.x) >= 0);
    H5Sclose(space), H5Dclose(d), H5Fclose(f);
    return e;
}

exact of_power(const char *name, size_t n, double power)
{
    exact e = of_rank(name, n);

    for (size_t i = 0; i < n; i++) e.x[i] = 10.0 * pow((double)i + 1.0, -power) * (i % 3 == 2 ? -0.3 : 1.0);
    return e;
}

exact of_outliers(const char *name, size_t n)
{
    exact e = of_rank(name, n);

    for (size_t i = 0; i < 10; i++) e.x[i] = 50.0 * pow(25.0, -(double)i / 9.0);
    for (size_t i = 10; i < n; i++) e.x[i] = (i % 3 == 1 ? -0.29 : 0.98) / (double)(i - 9);
    return e;
}

exact of_bulk(const char *name, size_t n)
{
    exact        e = of_rank(name, n);
    basin_random r = basin_random_start(5, BASIN_STREAM_TEST);

    for (size_t i = 0; i < n; i++) e.x[i] = 0.2 + 0.5 * basin_random_normal(&r);
    e.x[0] = 8.0, e.x[1] = -5.0;
    return e;
}

exact of_zeros(const char *name, size_t n)
{
    exact e = of_rank(name, n);

    for (size_t i = 0; i < 60; i++) e.x[i] = 5.0 * pow(2e-4, (double)i / 59.0);
    for (size_t i = 0; i < 30; i++) e.x[60 + i] = -0.5 * pow(2e-4, (double)i / 29.0);
    return e;
}

exact of_ties(const char *name)
{
    const double values[] = {4.0, 1.0, 0.1, 0.0, -0.05};
    const size_t times[] = {3, 40, 500, 1500, 200};
    exact        e = of_rank(name, 2243);
    size_t       at = 0;

    for (size_t v = 0; v < 5; v++)
        for (size_t i = 0; i < times[v]; i++) e.x[at++] = values[v];
    return e;
}

/* ------------------------------------------------------------------------------------------ quantities -- */

const double cut_offs[6] = {0.1, 0.5, 2.0, 1e-3, 0.02, 0.5}; /* of Λ */

double ratio(double x, const void *ctx)
{
    return fabs(x) > 0.0 ? fabs(x) / (fabs(x) + *(const double *)ctx) : 0.0;
}

double largest_of(const exact *e)
{
    double largest = 0.0;

    for (size_t i = 0; i < e->n; i++) largest = fmax(largest, fabs(e->x[i]));
    return largest;
}

void true_values(const exact *e, double out[QUANTITIES])
{
    double largest = largest_of(e);

    memset(out, 0, QUANTITIES * sizeof *out);
    for (size_t i = 0; i < e->n; i++) {
        double x = e->x[i], share = 1.0 / (double)e->n;
        for (size_t c = 0; c < 6; c++) out[c] += ratio(x, &(double){cut_offs[c] * largest});
        out[6] += x;
        out[7] += x * x;
        if (x <= -1e-3 * largest) out[8] += share;
        if (fabs(x) <= 1e-3 * largest) out[9] += share;
    }
    out[7] = sqrt(out[7]);
}

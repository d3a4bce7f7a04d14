/* Stochastic Lanczos quadrature, and SANE, N_eff, trace, norm and shares by it, against exact spectra.
 *
 * Probes are uniform on a sphere and the start of the run is Gaussian, so that only eigenvalues matter: a
 * matrix may as well be diagonal, and a product costs P multiplications. BASIN_LONG=1 prints the table of
 * docs/measures.md: 200 seeds each. */
#include "support.h"

#include <hdf5.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/spectrum/quadrature.h"
#include "core/linalg.h"
#include "core/random.h"

/* ----------------------------------------------------------------------------------- diagonal matrices -- */

typedef struct diagonal {
    size_t  n;
    double *x;
    size_t  broken; /* product that is NaN, counted from 1; 0: none */
    size_t  products;
} diagonal;

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

typedef struct problem_of { /* a point of such an objective */
    diagonal         d;
    basin_objective *o;
    basin_point     *point;
    double          *theta;
} problem_of;

/* Borrows x. */
static void open_problem(problem_of *p, double *x, size_t n, double epsilon)
{
    *p = (problem_of){.d = {.n = n, .x = x}};
    assert_ok(basin_objective_create(&diagonal_type, &p->d,
                                     &(basin_objective_facts){.size = n, .samples = 100, .epsilon = epsilon},
                                     &p->o));
    p->theta = basin_alloc(n, sizeof *p->theta);
    assert_non_null(p->theta);
    assert_ok(basin_point_create(p->o, p->theta, NULL, &p->point));
}

static void close_problem(problem_of *p)
{
    basin_point_destroy(&p->point);
    basin_objective_destroy(&p->o);
    basin_free(p->theta);
}

/* -------------------------------------------------------------------------------------- exact spectra -- */

typedef struct exact {
    const char *name;
    size_t      n;
    double     *x;
} exact;

static exact allocate(const char *name, size_t n)
{
    exact e = {.name = name, .n = n, .x = basin_alloc(n, sizeof *e.x)};

    assert_non_null(e.x);
    return e;
}

/* Of a network: by PyTorch (oracle*.h5), or spectra.h5. */
static exact of_network(const char *name, const char *file, const char *object)
{
    hid_t f = H5Fopen(basin_test_data(file), H5F_ACC_RDONLY, H5P_DEFAULT),
          d = H5Dopen2(f, object, H5P_DEFAULT);
    hid_t space = H5Dget_space(d);
    exact e = allocate(name, (size_t)H5Sget_simple_extent_npoints(space));

    assert_true(H5Dread(d, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, e.x) >= 0);
    H5Sclose(space), H5Dclose(d), H5Fclose(f);
    return e;
}

/* 10 λ_i = i^-power, every third one negative and smaller. */
static exact of_power(const char *name, size_t n, double power)
{
    exact e = allocate(name, n);

    for (size_t i = 0; i < n; i++) e.x[i] = 10.0 * pow((double)i + 1.0, -power) * (i % 3 == 2 ? -0.3 : 1.0);
    return e;
}

/* Ten outliers from 50 down to 2 over a tail 1/i. */
static exact of_outliers(const char *name, size_t n)
{
    exact e = allocate(name, n);

    for (size_t i = 0; i < 10; i++) e.x[i] = 50.0 * pow(25.0, -(double)i / 9.0);
    for (size_t i = 10; i < n; i++) e.x[i] = (i % 3 == 1 ? -0.3 : 1.0) / (double)(i - 9);
    return e;
}

/* A normal bulk, an outlier of each sign. */
static exact of_bulk(const char *name, size_t n)
{
    exact        e = allocate(name, n);
    basin_random r = basin_random_start(5, BASIN_STREAM_TEST);

    for (size_t i = 0; i < n; i++) e.x[i] = 0.2 + 0.5 * basin_random_normal(&r);
    e.x[0] = 8.0, e.x[1] = -5.0;
    return e;
}

/* 90 values of both signs, the rest 0. */
static exact of_zeros(const char *name, size_t n)
{
    exact e = allocate(name, n);

    for (size_t i = 0; i < 60; i++) e.x[i] = 5.0 * pow(2e-4, (double)i / 59.0);
    for (size_t i = 0; i < 30; i++) e.x[60 + i] = -0.5 * pow(2e-4, (double)i / 29.0);
    return e;
}

/* Five values, 3 to 1,500 times each. */
static exact of_ties(const char *name)
{
    const double values[] = {4.0, 1.0, 0.1, 0.0, -0.05};
    const size_t times[] = {3, 40, 500, 1500, 200};
    exact        e = allocate(name, 2243);
    size_t       at = 0;

    for (size_t v = 0; v < 5; v++)
        for (size_t i = 0; i < times[v]; i++) e.x[at++] = values[v];
    return e;
}

/* ------------------------------------------------------------------------------------------ quantities -- */

enum { QUANTITIES = 10 };

static const double cut_offs[6] = {0.1, 0.5, 2.0, 1e-3, 0.02, 0.5}; /* of Λ */

static double ratio(double x, const void *ctx)
{
    return fabs(x) > 0.0 ? fabs(x) / (fabs(x) + *(const double *)ctx) : 0.0;
}

static double largest_of(const exact *e)
{
    double largest = 0.0;

    for (size_t i = 0; i < e->n; i++) largest = fmax(largest, fabs(e->x[i]));
    return largest;
}

static void true_values(const exact *e, double *out)
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

/* SANE's cut-offs follow the largest |θ| found, those of N_eff are given. */
static void estimates(const basin_spectrum *s, double largest, basin_spectral_sum *out)
{
    basin_sane *sane = NULL;

    for (size_t c = 0; c < 3; c++) {
        assert_ok(basin_sane_compute(
            s, &(basin_sane_options){.kappa = cut_offs[c], .alpha = cut_offs[3 + c] * largest}, &sane));
        out[c] = sane->error, out[3 + c] = sane->n_eff_error;
        basin_sane_destroy(&sane);
    }
    out[6] = s->density.trace;
    out[7] = s->density.frobenius;
    out[8] = s->density.negative;
    out[9] = s->density.near_zero;
}

typedef struct tally {
    size_t  seeds, held[QUANTITIES];
    double *width[QUANTITIES]; /* [seeds] half-widths relative to the truth; shares: absolute */
    double  products;
} tally;

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Each spectrum has seeds of its own: the same ones would draw nearly the same probes for all. */
static void run_seeds(exact *e, uint64_t first, size_t seeds, size_t products, tally *t)
{
    double             truth[QUANTITIES], largest = largest_of(e);
    basin_spectral_sum found[QUANTITIES];

    *t = (tally){.seeds = seeds};
    true_values(e, truth);
    for (size_t i = 0; i < QUANTITIES; i++) t->width[i] = basin_alloc(seeds, sizeof *t->width[i]);
    for (size_t seed = 0; seed < seeds; seed++) {
        problem_of      p;
        basin_spectrum *s = NULL;
        basin_sane     *sane = NULL;
        open_problem(&p, e->x, e->n, 0.0);
        assert_ok(basin_sane_estimate(p.point, &(basin_spectrum_options){.seed = first + seed},
                                      &(basin_sane_options){.products = products}, &sane, &s));
        assert_true(s->products <= products);
        estimates(s, largest, found);
        for (size_t i = 0; i < QUANTITIES; i++) {
            double scale = i < 8 ? fabs(truth[i]) : 1.0, rounding = 1e-10 * scale;
            if (found[i].lower - rounding <= truth[i] && truth[i] <= found[i].upper + rounding) t->held[i]++;
            t->width[i][seed] = 0.5 * (found[i].upper - found[i].lower) / scale;
        }
        t->products += (double)s->products / (double)seeds;
        basin_sane_destroy(&sane);
        basin_spectrum_destroy(&s);
        close_problem(&p);
    }
    for (size_t i = 0; i < QUANTITIES; i++) qsort(t->width[i], seeds, sizeof *t->width[i], ascending);
}

static double median_width(const tally *t, size_t quantity)
{
    return t->width[quantity][t->seeds / 2];
}

static void clear(tally *t)
{
    for (size_t i = 0; i < QUANTITIES; i++) basin_free(t->width[i]);
}

static void print_tally(const exact *e, const tally *t)
{
    print_message("| %s | %zu | %.0f |", e->name, e->n, t->products);
    for (size_t i = 0; i < QUANTITIES; i++)
        print_message(" %.1f, %.2g |", 100.0 * (double)t->held[i] / (double)t->seeds,
                      100.0 * median_width(t, i));
    print_message("\n");
}

enum { SPECTRA = 15 };

static void all_spectra(exact *out)
{
    size_t i = 0;

    out[i++] = of_network("perceptron, PyTorch's", "oracle.h5", "/oracle/eigenvalues");
    out[i++] = of_network("GPT, PyTorch's", "oracle_gpt.h5", "/oracle/eigenvalues");
    out[i++] = of_network("LeNet, PyTorch's", "oracle_lenet.h5", "/oracle/eigenvalues");
    out[i++] = of_network("ResNet, PyTorch's", "oracle_resnet.h5", "/oracle/eigenvalues");
    out[i++] = of_network("ViT, PyTorch's", "oracle_vit.h5", "/oracle/eigenvalues");
    out[i++] = of_network("ReLU, at the start", "spectra.h5", "/relu_start");
    out[i++] = of_network("ReLU, GD", "spectra.h5", "/relu_gd");
    out[i++] = of_network("ReLU, SAM", "spectra.h5", "/relu_sam");
    out[i++] = of_network("tanh, SAM", "spectra.h5", "/tanh_sam");
    out[i++] = of_network("GELU, squares", "spectra.h5", "/gelu_mse");
    out[i++] = of_power("power law i^-0.7", 10000, 0.7);
    out[i++] = of_bulk("normal bulk, two outliers", 3000);
    out[i++] = of_zeros("90 values, else 0", 2590);
    out[i++] = of_ties("five values");
    out[i++] = of_outliers("ten outliers, tail 1/i", 50000);
    assert_int_equal(i, SPECTRA);
}

/* ---------------------------------------------------------------------------------------------- tests -- */

/* Short: a few seeds, all quantities together, on small spectra. */
static void intervals_hold_the_truth_as_often_as_they_say(void **state)
{
    exact  spectra[] = {of_zeros("zeros", 600), of_bulk("bulk", 500), of_power("power", 800, 1.0)};
    size_t held = 0, all = 0;

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        tally t;
        run_seeds(&spectra[i], 1000 * i, 12, 200, &t);
        if (basin_test_long()) print_tally(&spectra[i], &t);
        for (size_t q = 0; q < QUANTITIES; q++) held += t.held[q], all += t.seeds;
        clear(&t);
        basin_free(spectra[i].x);
    }
    assert_true((double)held >= 0.93 * (double)all);
}

/* Long: the table, at 200 products; the networks of 2,000 to 4,000 parameters at 500 too. */
static void intervals_hold_the_truth_on_fifteen_exact_spectra(void **state)
{
    exact  spectra[SPECTRA];
    size_t failures = 0;

    (void)state;
    if (!basin_test_long()) basin_test_skip("make test-long: 200 seeds on 15 spectra");
    all_spectra(spectra);
    print_message(
        "| spectrum | P | products | SANE .1 | SANE .5 | SANE 2 | N_eff 1e-3 | N_eff .02 | N_eff .5 | trace |"
        " norm | below -1e-3 | near 0 |\n");
    for (size_t products = 200; products <= 500; products += 300)
        for (size_t i = 0; i < SPECTRA; i++) {
            tally t;
            bool  network = spectra[i].n >= 2000 && spectra[i].n <= 4000 && i < 10;
            if (products == 500 && !network) continue;
            run_seeds(&spectra[i], 1000 * i, 200, products, &t);
            print_tally(&spectra[i], &t);
            for (size_t q = 0; q < QUANTITIES; q++)
                if (!((double)t.held[q] >= 0.93 * (double)t.seeds)) failures++;
            if (network && !(median_width(&t, 1) <= (products == 200 ? 0.10 : 0.05))) failures++;
            if (spectra[i].n == 50000 && !(median_width(&t, 1) <= 0.01)) failures++;
            clear(&t);
        }
    assert_int_equal(failures, 0);
    for (size_t i = 0; i < SPECTRA; i++) basin_free(spectra[i].x);
}

/* -------------------------------------------------------------------------------------- what is promised --
   */

static basin_spectrum *solve(problem_of *p, const basin_spectrum_options *options)
{
    basin_spectrum *s = NULL;

    assert_ok(basin_spectrum_compute(p->point, options, &s));
    return s;
}

static void pairs_and_quadrature_account_for_the_whole_spectrum(void **state)
{
    exact           e = of_power("power", 400, 1.2);
    problem_of      p;
    basin_spectrum *s;
    double          truth[QUANTITIES];

    (void)state;
    true_values(&e, truth);
    open_problem(&p, e.x, e.n, 0.0);
    s = solve(&p, &(basin_spectrum_options){.method = BASIN_SPECTRUM_SLQ, .probes = 3, .vectors = true});
    assert_int_equal(s->method, BASIN_SPECTRUM_SLQ);
    assert_int_equal(s->quadrature.probes, 3);
    assert_int_equal(s->quadrature.steps, 40);
    assert_int_equal(s->quadrature.dimension + s->count, e.n);
    assert_int_equal(s->products, 40 + 3 * 40);
    assert_true(s->count > 5 && !s->verified);
    assert_close(s->eigenvalues[0], 10.0, 1e-12, 0.0);
    assert_close(s->trace, truth[6], 0.0, 4.0 * s->trace_error);
    assert_close(sqrt(s->frobenius2), truth[7], 0.01, 0.0);
    assert_true(s->frobenius2_upper >= truth[7] * truth[7]);
    for (size_t i = 0; i < s->vector_count; i++) { /* the vectors are those of the pairs */
        double square = 0.0;
        for (size_t j = 0; j < e.n; j++) {
            double r = (e.x[j] - s->eigenvalues[i]) * s->vectors[i * e.n + j];
            square += r * r;
        }
        assert_close(sqrt(square), s->residuals[i], 1e-3, 1e-10);
    }
    for (size_t i = 1; i < s->density.count; i++)
        assert_true(s->density.below[i] >= s->density.below[i - 1] - 1e-9 &&
                    s->density.lower[i] <= s->density.below[i] && s->density.below[i] <= s->density.upper[i]);
    basin_spectrum_destroy(&s);
    close_problem(&p);
    basin_free(e.x);
}

/* As many steps as parameters find everything, and nothing is estimated. */
static void a_run_as_long_as_the_spectrum_leaves_nothing_to_estimate(void **state)
{
    exact           e = of_power("power", 30, 0.5);
    problem_of      p;
    basin_spectrum *s;
    basin_sane     *sane = NULL;
    double          truth[QUANTITIES];

    (void)state;
    true_values(&e, truth);
    open_problem(&p, e.x, e.n, 0.0);
    s = solve(&p, &(basin_spectrum_options){.method = BASIN_SPECTRUM_SLQ});
    assert_int_equal(s->count, 30);
    assert_int_equal(s->quadrature.probes, 0);
    assert_ok(basin_sane_compute(s, NULL, &sane));
    assert_int_equal(sane->method, BASIN_SANE_WHOLE);
    assert_close(sane->value, truth[1], 1e-10, 0.0);
    assert_close(s->trace, truth[6], 1e-10, 0.0);
    basin_sane_destroy(&sane);
    basin_spectrum_destroy(&s);
    close_problem(&p);
    basin_free(e.x);
}

/* Other kappa, k, alpha and any f come from the stored rules: not one product more. */
static void everything_later_costs_no_product(void **state)
{
    exact              e = of_zeros("zeros", 500);
    problem_of         p;
    basin_spectrum    *s;
    basin_sane        *a = NULL, *b = NULL;
    basin_spectral_sum sum, share;
    double             cut_off = 0.3;

    (void)state;
    open_problem(&p, e.x, e.n, 0.0);
    s = solve(&p, &(basin_spectrum_options){.method = BASIN_SPECTRUM_SLQ});
    size_t products = p.d.products;
    assert_ok(basin_sane_compute(s, &(basin_sane_options){.kappa = 0.06, .alpha = cut_off}, &a));
    assert_ok(basin_sane_compute(s, &(basin_sane_options){.kappa = 0.5, .k = 3, .alpha = 2.0}, &b));
    assert_int_equal(a->method, BASIN_SANE_ESTIMATED);
    assert_ok(basin_spectrum_sum(s, &(basin_summand){ratio, &cut_off, 1.0 / cut_off}, &sum));
    assert_close(a->n_eff, sum.value, 1e-14, 0.0);
    assert_true(a->value >= a->n_eff && a->lower <= a->value && a->value <= a->upper);
    assert_true(a->bound_lower <= a->value && a->value <= a->bound_upper);
    for (size_t i = 0; i < b->k_count; i++)
        if (b->k_sweep[i] == 3) assert_close(b->sane_k_sweep[i], b->value, 1e-14, 0.0);
    assert_close(a->llc_alpha, log(100.0) / 100.0, 1e-14, 0.0);
    assert_ok(basin_spectrum_share(s, 1.0, &share));
    assert_true(share.lower <= 1.0 - 11.0 / 500.0 && 1.0 - 13.0 / 500.0 <= share.upper);
    assert_int_equal(p.d.products, products);
    basin_sane_destroy(&a), basin_sane_destroy(&b);
    basin_spectrum_destroy(&s);
    close_problem(&p);
    basin_free(e.x);
}

static void it_stops_at_the_asked_width_or_when_the_products_are_spent(void **state)
{
    exact      e = of_power("power", 2000, 0.9);
    problem_of p;

    (void)state;
    for (double tolerance = 0.08; tolerance > 0.015; tolerance /= 2.0) {
        basin_sane *s = NULL;
        open_problem(&p, e.x, e.n, 0.0);
        assert_ok(
            basin_sane_estimate(p.point, NULL, &(basin_sane_options){.tolerance = tolerance}, &s, NULL));
        assert_true(fmax(s->upper - s->value, s->value - s->lower) <= tolerance * s->value);
        assert_true(s->products <= 2000);
        basin_sane_destroy(&s);
        assert_ok(basin_sane_estimate(p.point, NULL,
                                      &(basin_sane_options){.tolerance = 1e-4, .products = 120}, &s, NULL));
        assert_true(s->products <= 120 && s->upper - s->value > 1e-4 * s->value);
        basin_sane_destroy(&s);
        close_problem(&p);
    }
    basin_free(e.x);
}

static void what_cannot_be_had_is_refused_by_its_floor(void **state)
{
    exact           e = of_power("power", 3000, 0.9);
    problem_of      p;
    basin_spectrum *s = NULL;
    basin_sane     *sane = NULL;

    (void)state;
    open_problem(&p, e.x, e.n, 1.2e-7);
    assert_status(basin_sane_estimate(p.point, NULL, &(basin_sane_options){.tolerance = 1e-5}, &sane, NULL),
                  BASIN_ERR_VALUE);
    assert_message("the rounding of the products alone leaves SANE open by");
    assert_status(basin_spectrum_compute(
                      p.point, &(basin_spectrum_options){.method = BASIN_SPECTRUM_SLQ, .accuracy = 1e-6}, &s),
                  BASIN_ERR_VALUE);
    assert_message("accuracy 1e-06 is beyond the rounding of the products: the floor is 1.2e-05");
    assert_status(basin_spectrum_compute(
                      p.point, &(basin_spectrum_options){.method = BASIN_SPECTRUM_SLQ, .steps = 3}, &s),
                  BASIN_ERR_ARG);
    assert_message("at least 4 Lanczos steps");
    assert_status(basin_sane_estimate(p.point, NULL, &(basin_sane_options){.products = 15}, &sane, NULL),
                  BASIN_ERR_VALUE);
    assert_message("15 products are too few");
    close_problem(&p);
    basin_free(e.x);
}

static void a_product_that_is_no_number_is_named(void **state)
{
    exact        e = of_power("power", 300, 0.9);
    const size_t broken[] = {7, 40 + 4 * 5 + 2};
    const char  *said[] = {"product 7 with the Hessian is not finite", "of probe 2, is not finite"};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        problem_of      p;
        basin_spectrum *s = NULL;
        open_problem(&p, e.x, e.n, 0.0);
        p.d.broken = broken[i];
        assert_status(
            basin_spectrum_compute(p.point, &(basin_spectrum_options){.method = BASIN_SPECTRUM_SLQ}, &s),
            BASIN_ERR_NUMERIC);
        assert_message(said[i]);
        assert_null(s);
        close_problem(&p);
    }
    basin_free(e.x);
}

/* A run of five steps finds each of five values once, and two copies of Λ are left over: rank 2 is not
   certain, and is refused. A run that goes on starts anew beside them, and finds the copies. */
static void a_rank_among_copies_is_refused(void **state)
{
    exact           e = of_ties("ties");
    problem_of      p;
    basin_spectrum *s;
    basin_sane     *sane = NULL;

    (void)state;
    open_problem(&p, e.x, e.n, 0.0);
    s = solve(&p, &(basin_spectrum_options){.method = BASIN_SPECTRUM_SLQ, .deflation = 5});
    assert_ok(basin_sane_compute(s, NULL, &sane));
    assert_int_equal(sane->k_count, 1);
    basin_sane_destroy(&sane);
    assert_status(basin_sane_compute(s, &(basin_sane_options){.k = 2}, &sane), BASIN_ERR_VALUE);
    assert_message("rank 2 (1) is not certain, an eigenvalue left out may reach 4");
    basin_spectrum_destroy(&s);
    s = solve(&p, &(basin_spectrum_options){.method = BASIN_SPECTRUM_SLQ});
    assert_ok(basin_sane_compute(s, &(basin_sane_options){.k = 3}, &sane));
    assert_close(sane->reference, 4.0, 1e-9, 0.0);
    basin_sane_destroy(&sane);
    basin_spectrum_destroy(&s);
    close_problem(&p);
    basin_free(e.x);
}

/* Beside pairs of both ends that are verified. */
static void a_truncated_spectrum_takes_quadrature_too(void **state)
{
    exact           e = of_power("power", 1000, 0.8);
    problem_of      p;
    basin_spectrum *s;
    basin_sane     *sane = NULL;
    double          truth[QUANTITIES];

    (void)state;
    true_values(&e, truth);
    open_problem(&p, e.x, e.n, 0.0);
    s = solve(&p, &(basin_spectrum_options){
                      .method = BASIN_SPECTRUM_LANCZOS, .top = 5, .bottom = 2, .steps = 40, .vectors = true});
    assert_int_equal(s->count, 7);
    assert_true(s->verified);
    assert_int_equal(s->quadrature.probes, 4);
    assert_int_equal(s->quadrature.dimension, 993);
    assert_close(s->trace, truth[6], 0.0, 4.0 * s->trace_error);
    assert_ok(basin_sane_compute(s, NULL, &sane));
    assert_int_equal(sane->method, BASIN_SANE_ESTIMATED);
    assert_true(sane->lower <= truth[1] && truth[1] <= sane->upper);
    assert_true(sane->bound_upper > sane->upper);
    basin_sane_destroy(&sane);
    basin_spectrum_destroy(&s);
    close_problem(&p);
    basin_free(e.x);
}

static basin_status compute_and_drop(void *payload)
{
    basin_status status;
    problem_of  *p = payload;
    basin_sane  *sane = NULL;

    status = basin_sane_estimate(p->point, &(basin_spectrum_options){.deflation = 8, .probes = 2, .steps = 6},
                                 &(basin_sane_options){.products = 40}, &sane, NULL);
    basin_sane_destroy(&sane);
    return status;
}

static void every_failed_allocation_is_clean(void **state)
{
    exact      e = of_power("power", 40, 0.9);
    problem_of p;

    (void)state;
    open_problem(&p, e.x, e.n, 0.0);
    assert_ok(compute_and_drop(&p)); /* what the point keeps is there then */
    basin_test_every_allocation(compute_and_drop, &p);
    close_problem(&p);
    basin_free(e.x);
}

/* -------------------------------------------------------------------------------------------------- trace --
   */

static basin_trace *trace_of(exact *e, basin_trace_method method, size_t products, uint64_t seed)
{
    problem_of   p;
    basin_trace *t = NULL;

    open_problem(&p, e->x, e->n, 0.0);
    assert_ok(basin_trace_compute(
        p.point, &(basin_trace_options){.method = method, .products = products, .seed = seed}, &t));
    close_problem(&p);
    return t;
}

/* No bias, and the standard error is that of the estimates: over seeds. Leave-one-out needs fewer products
   than Hutch++ for the same error, and both far fewer than probes alone. */
static void traces_are_unbiased_with_the_error_they_say(void **state)
{
    exact        e = of_power("power", 400, 1.0);
    const size_t seeds = 60;
    double       truth[QUANTITIES], rms[3];

    (void)state;
    true_values(&e, truth);
    for (int method = 0; method < 3; method++) {
        double mean = 0.0, square = 0.0, said = 0.0;
        size_t held = 0;
        for (size_t seed = 0; seed < seeds; seed++) {
            basin_trace *t = trace_of(&e, (basin_trace_method)method, 30, seed);
            double       error = t->value - truth[6];
            assert_true(t->products <= 30);
            mean += error / (double)seeds, square += error * error / (double)seeds;
            said += t->error * t->error / (double)seeds;
            held += t->lower <= truth[6] && truth[6] <= t->upper;
            basin_trace_destroy(&t);
        }
        rms[method] = sqrt(square);
        if (basin_test_long())
            print_message("    %s: rms %.3g, said %.3g, bias %.2g, held %zu of %zu\n",
                          basin_trace_method_text((basin_trace_method)method), rms[method], sqrt(said), mean,
                          held, seeds);
        assert_true(fabs(mean) <= 4.0 * rms[method] / sqrt((double)seeds));
        assert_close(sqrt(said), rms[method], 0.35, 0.0);
        assert_true(held >= 52);
    }
    assert_true(rms[BASIN_TRACE_XTRACE] < rms[BASIN_TRACE_HUTCHPP]);
    assert_true(rms[BASIN_TRACE_HUTCHPP] < 0.5 * rms[BASIN_TRACE_HUTCHINSON]);
    basin_free(e.x);
}

/* Rank 5 under 10 vectors: nothing is left to chance. */
static void the_trace_of_low_rank_is_exact(void **state)
{
    exact e = allocate("rank 5", 200);

    (void)state;
    for (size_t i = 0; i < 5; i++) e.x[11 * i] = (double)i - 1.5;
    for (int method = 0; method < 2; method++) {
        basin_trace *t = trace_of(&e, (basin_trace_method)method, 30, 1);
        assert_close(t->value, 2.5, 1e-10, 0.0);
        assert_true(t->error < 1e-8);
        basin_trace_destroy(&t);
    }
    basin_free(e.x);
}

/* A ReLU network: the sums over its tensors are those of the diagonal of its dense Hessian. */
static void the_sums_over_tensors_are_those_of_the_diagonal(void **state)
{
    basin_checkpoint *ck = NULL;
    basin_dataset    *data = NULL;
    basin_objective  *o = NULL;
    basin_point      *point = NULL;
    basin_trace      *t = NULL;

    (void)state;
    assert_ok(basin_checkpoint_read(basin_test_data("oracle_gelu_bce.h5"), &ck));
    assert_ok(basin_checkpoint_dataset(ck, NULL, &data));
    assert_ok(basin_network_objective(ck->graph, &ck->loss, data, NULL, &o));
    assert_ok(basin_point_create(o, ck->theta, NULL, &point));
    assert_ok(basin_trace_compute(point, &(basin_trace_options){.products = 100}, &t));
    const basin_params *params = basin_objective_params(o);
    assert_int_equal(t->block_count, params->count);
    size_t  size = params->size;
    double *unit = basin_alloc(size, sizeof *unit), *row = basin_alloc(size, sizeof *row), all = 0.0;
    for (size_t b = 0; b < params->count; b++) {
        double sum = 0.0;
        assert_string_equal(t->blocks[b], params->blocks[b].name);
        for (size_t i = params->blocks[b].offset; i < params->blocks[b].offset + params->blocks[b].size;
             i++) {
            unit[i] = 1.0;
            assert_ok(basin_point_product(point, unit, 1, row));
            unit[i] = 0.0, sum += row[i];
        }
        assert_close(t->block_trace[b], sum, 0.0, 5.0 * t->block_error[b] + 1e-9);
        all += sum;
    }
    assert_close(t->value, all, 0.0, 5.0 * t->error);
    assert_true(t->error < 0.02 * all);
    basin_free(unit), basin_free(row);
    basin_trace_destroy(&t);
    basin_point_destroy(&point);
    basin_objective_destroy(&o);
    basin_dataset_destroy(&data);
    basin_checkpoint_destroy(&ck);
}

static void too_few_products_for_a_trace_are_refused(void **state)
{
    exact        e = of_power("power", 50, 1.0);
    problem_of   p;
    basin_trace *t = NULL;

    (void)state;
    open_problem(&p, e.x, e.n, 0.0);
    assert_status(basin_trace_compute(p.point, &(basin_trace_options){.products = 3}, &t), BASIN_ERR_ARG);
    assert_message("xtrace needs at least 4 products, got 3");
    p.d.broken = 2;
    assert_status(basin_trace_compute(p.point, NULL, &t), BASIN_ERR_NUMERIC);
    assert_message("a product of the Hessian with a random vector is not finite");
    close_problem(&p);
    basin_free(e.x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(intervals_hold_the_truth_as_often_as_they_say),
        cmocka_unit_test(intervals_hold_the_truth_on_fifteen_exact_spectra),
        cmocka_unit_test(pairs_and_quadrature_account_for_the_whole_spectrum),
        cmocka_unit_test(a_run_as_long_as_the_spectrum_leaves_nothing_to_estimate),
        cmocka_unit_test(everything_later_costs_no_product),
        cmocka_unit_test(it_stops_at_the_asked_width_or_when_the_products_are_spent),
        cmocka_unit_test(what_cannot_be_had_is_refused_by_its_floor),
        cmocka_unit_test(a_product_that_is_no_number_is_named),
        cmocka_unit_test(a_rank_among_copies_is_refused),
        cmocka_unit_test(a_truncated_spectrum_takes_quadrature_too),
        cmocka_unit_test(every_failed_allocation_is_clean),
        cmocka_unit_test(traces_are_unbiased_with_the_error_they_say),
        cmocka_unit_test(the_trace_of_low_rank_is_exact),
        cmocka_unit_test(the_sums_over_tensors_are_those_of_the_diagonal),
        cmocka_unit_test(too_few_products_for_a_trace_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Forecasts: counts are those of the work itself, bytes those of the frozen point. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "problem.h"
#include "support.h"

static problem network(size_t hidden)
{
    problem p = {.loss = {.kind = BASIN_LOSS_SOFTMAX_CROSS_ENTROPY}};

    assert_ok(basin_graph_mlp((size_t[]){6, hidden, 4}, 3, "Tanh", &p.graph));
    problem_data(&p, 300, 4, 0, 31);
    problem_theta(&p, 0.5, 32);
    return p;
}

static basin_objective *objective(const problem *p)
{
    basin_objective *o = NULL;

    assert_ok(basin_network_objective(p->graph, &p->loss, &p->data, NULL, &o));
    return o;
}

static basin_point *point_of(const problem *p, basin_objective *o)
{
    basin_point *point = NULL;

    assert_ok(basin_point_create(o, p->theta, NULL, &point));
    return point;
}

static const basin_work *work(const basin_forecast *f, const char *name)
{
    for (size_t i = 0; i < f->work_count; i++)
        if (strcmp(f->works[i].name, name) == 0) return &f->works[i];
    return NULL;
}

/* What the real work has cost the objective since `before`, against the forecast. Products of a Lanczos
   search are expected, not known: they lie within a factor of two of those spent. */
static void assert_counts(const basin_forecast *f, const basin_objective *o, basin_cost before)
{
    basin_cost cost = basin_objective_cost(o);
    size_t     products = cost.products - before.products;
    double     seconds = 0.0;

    assert_int_equal(f->gradients, cost.gradients - before.gradients);
    assert_int_equal(work(f, "freeze")->count, cost.freezes - before.freezes);
    assert_int_equal(f->losses, cost.losses - before.losses);
    if (f->products == f->products_most) assert_int_equal(f->products, products);
    if (f->products > 2 * products || products > 2 * f->products)
        fail_msg("%zu products expected, %zu spent", f->products, products);
    assert_true(f->products_most >= products);
    for (size_t i = 0; i < f->work_count; i++) {
        assert_true(f->works[i].seconds > 0.0 && isfinite(f->works[i].seconds) && f->works[i].flops > 0.0);
        assert_true(f->works[i].count > 0 && f->works[i].count <= f->works[i].most);
        seconds += (double)f->works[i].count * f->works[i].seconds;
    }
    assert_close(f->seconds, seconds, 1e-12, 0.0);
    assert_true(f->seconds_most >= f->seconds && f->start_seconds == 0.0);
    assert_true(f->total_bytes > f->held_bytes + f->beside_bytes + f->program_bytes &&
                f->limit_bytes == basin_memory_limit());
}

static void a_spectrum_costs_what_is_told(void **state)
{
    static const basin_spectrum_options cases[] = {
        {.method = BASIN_SPECTRUM_AUTO},
        {.method = BASIN_SPECTRUM_DENSE, .vectors = true, .top = 3},
        {.method = BASIN_SPECTRUM_LANCZOS, .top = 3},
        {.method = BASIN_SPECTRUM_LANCZOS, .top = 2, .bottom = 2, .probes = 5, .tolerance = 1e-4}};
    problem          p = network(10); /* P = 114 */
    basin_objective *o = objective(&p);

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        basin_forecast *f = NULL;
        basin_spectrum *s = NULL;
        basin_point    *point = point_of(&p, o);
        assert_ok(basin_spectrum_forecast(point, &cases[i], &f));
        basin_cost before = basin_objective_cost(o);
        assert_ok(basin_spectrum_compute(point, &cases[i], &s));
        assert_counts(f, o, before);
        assert_string_equal(f->method, basin_spectrum_method_text((basin_spectrum_method)s->method));
        assert_int_equal(f->parameters, p.size);
        assert_int_equal(f->samples, 300);
        assert_int_equal(f->products_most == f->products, i < 2);
        assert_int_equal(f->gradients, 1);
        assert_int_equal(work(f, "freeze")->count, 1);
        assert_true((work(f, "eigenvalues") != NULL) == (i < 2) && (work(f, "basis") != NULL) == (i >= 2));
        if (i < 2) assert_int_equal(work(f, "block")->count, p.size);
        basin_forecast_destroy(&f);
        basin_forecast_destroy(&f);
        basin_spectrum_destroy(&s);
        basin_point_destroy(&point);
    }
    basin_objective_destroy(&o);
    problem_release(&p);
}

static void a_slice_costs_what_is_told(void **state)
{
    problem          p = network(10);
    basin_objective *o = objective(&p), *other = objective(&p);

    (void)state;
    for (size_t axes = 1; axes <= 2; axes++)
        for (size_t moving = 0; moving < 2; moving++) {
            static const basin_direction_spec specs[] = {{.kind = BASIN_DIRECTION_GRADIENT},
                                                         {.kind = BASIN_DIRECTION_EIGEN, .index = 1}};
            basin_direction                  *d[2] = {NULL, NULL};
            basin_forecast                   *f = NULL;
            basin_slice                      *s = NULL;
            basin_slice_request               r = {.point = point_of(&p, o),
                                                   .other = other,
                                                   .splits = {"train", "test"},
                                                   .axis_count = axes,
                                                   .from = {-1, -1},
                                                   .to = {1, 1},
                                                   .grid = {17, 33},
                                                   .statistics_move = moving == 1};
            assert_ok(basin_slice_forecast(&r, specs, &f));
            basin_cost before = basin_objective_cost(o), test = basin_objective_cost(other);
            assert_ok(basin_direction_gradient(r.point, &d[0]));
            if (axes == 2) assert_ok(basin_direction_eigen(r.point, 1, NULL, &d[1]));
            r.directions[0] = d[0], r.directions[1] = d[1];
            assert_ok(basin_slice_compute(&r, &s));
            before.losses -= basin_objective_cost(other).losses - test.losses; /* the forecast counts both */
            assert_counts(f, o, before);
            assert_int_equal(f->gradients, 1); /* along which the line is, and of which the slopes are */
            assert_int_equal(work(f, "freeze")->count, 1);
            /* and the way down */
            assert_int_equal(f->losses, (axes == 1 ? 2 * (17 + 1) : 2 * (17 * 33 + 1)) + 5);
            basin_forecast_destroy(&f);
            basin_slice_destroy(&s);
            basin_direction_destroy(&d[0]);
            basin_direction_destroy(&d[1]);
            basin_point_destroy(&r.point);
        }
    basin_objective_destroy(&o);
    basin_objective_destroy(&other);
    problem_release(&p);
}

static void sharpness_and_ritz_values_cost_what_is_told(void **state)
{
    static const double     rho[] = {0.1, -0.1, 0.3}; /* 5 points */
    problem                 p = network(10);
    basin_objective        *o = objective(&p);
    basin_forecast         *f = NULL;
    basin_sharpness        *sharpness = NULL;
    basin_sane             *sane = NULL;
    basin_sharpness_options options = {.momentum = p.theta, .random = 2, .split = "train"};
    basin_sane_options      ritz = {.ritz = 12};
    basin_cost              before;

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        if (i == 1) options.rho = rho, options.rho_count = 3;
        if (i == 2) options.find_top = true;
        basin_point *point = point_of(&p, o);
        assert_ok(basin_sharpness_forecast(point, &options, &f));
        before = basin_objective_cost(o);
        assert_ok(basin_sharpness_compute(point, &options, &sharpness));
        assert_counts(f, o, before);
        assert_int_equal(work(f, "points")->count, i == 0 ? 4 * 11 : i == 1 ? 4 * 5 : 5 * 5);
        assert_int_equal(f->products_most > f->products, i == 2);
        basin_forecast_destroy(&f);
        basin_sharpness_destroy(&sharpness);
        basin_point_destroy(&point);
    }

    basin_point *point = point_of(&p, o);
    assert_ok(basin_sane_ritz_forecast(point, &ritz, &f));
    before = basin_objective_cost(o);
    assert_ok(basin_sane_ritz(point, 1, &ritz, &sane));
    assert_counts(f, o, before);
    assert_int_equal(f->products, 12 + 5); /* 5 for stationarity */
    basin_forecast_destroy(&f);
    basin_sane_destroy(&sane);
    basin_point_destroy(&point);
    basin_objective_destroy(&o);
    problem_release(&p);
}

/* Height of the real work, as the allocator sees it, against the forecast. */
static void memory_is_within_what_is_told(void **state)
{
    basin_spectrum_options options[] = {{.method = BASIN_SPECTRUM_DENSE},
                                        {.method = BASIN_SPECTRUM_LANCZOS, .top = 4}};
    problem                p = network(60); /* P = 664 */

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        basin_objective *o = objective(&p);
        basin_forecast  *f = NULL;
        basin_spectrum  *s = NULL;
        basin_point     *point = point_of(&p, o);
        basin_memory_watch();
        if (i >= 2)
            basin_memory_limit_set(basin_memory_used() + BASIN_MEMORY_PROGRAM + (i == 2 ? 7800000 : 4700000));
        assert_ok(basin_spectrum_forecast(point, &options[i % 2], &f));
        basin_memory_watch();
        assert_ok(basin_spectrum_compute(point, &options[i % 2], &s));
        double height = (double)basin_memory_peak(), told = (double)(f->total_bytes - f->program_bytes);
        assert_true(told <= 1.2 * height && height <= 1.2 * told);
        if (i >= 2) assert_true(basin_memory_peak() + BASIN_MEMORY_PROGRAM <= basin_memory_limit());
        if (i >= 2) assert_true(f->provision.threads == 1 || f->provision.kept < f->provision.parts);
        basin_memory_limit_set(0);
        basin_forecast_destroy(&f);
        basin_spectrum_destroy(&s);
        basin_point_destroy(&point);
        basin_objective_destroy(&o);
    }
    problem_release(&p);
}

/* A search that never ends fills the whole basis, whatever the forecast expects: no room that it may take is
   kept by the point. */
static void the_largest_basis_is_within_the_limit(void **state)
{
    static const basin_spectrum_options endless = {
        .method = BASIN_SPECTRUM_LANCZOS, .top = 30, .tolerance = 1e-15, .max_products = 230, .probes = 1};
    const basin_sane_options ritz = {.ritz = 300};
    problem                  p = network(60); /* P = 664: a basis of 220 */
    size_t                   partly = 0;

    (void)state;
    for (size_t room = 7000000; room < 11000000; room += 500000) {
        basin_objective *o = objective(&p);
        basin_forecast  *f = NULL;
        basin_spectrum  *s = NULL;
        basin_sane      *sane = NULL;
        basin_point     *point = point_of(&p, o);
        bool             lanczos = room / 500000 % 2 == 0;
        basin_memory_limit_set(basin_memory_used() + BASIN_MEMORY_PROGRAM + room);
        if (lanczos)
            assert_ok(basin_spectrum_forecast(point, &endless, &f));
        else
            assert_ok(basin_sane_ritz_forecast(point, &ritz, &f));
        basin_memory_watch();
        if (lanczos)
            assert_ok(basin_spectrum_compute(point, &endless, &s));
        else
            assert_ok(basin_sane_ritz(point, 1, &ritz, &sane));
        if (f->provision.kept > 0)
            assert_true(basin_memory_peak() + BASIN_MEMORY_PROGRAM <= basin_memory_limit());
        partly += f->provision.kept > 0 && f->provision.kept < f->provision.parts;
        basin_memory_limit_set(0);
        basin_forecast_destroy(&f);
        basin_spectrum_destroy(&s);
        basin_sane_destroy(&sane);
        basin_point_destroy(&point);
        basin_objective_destroy(&o);
    }
    assert_true(partly > 3);
    problem_release(&p);
}

/* The same network on other samples: each objective's points have their own FLOPs. */
static void points_are_those_of_their_objective(void **state)
{
    problem             p = network(10), fewer = {.loss = p.loss};
    basin_objective    *o[2] = {objective(&p), NULL};
    basin_forecast     *f = NULL;
    basin_slice_request r = {.splits = {"train", "test"}, .axis_count = 1, .to = {1}, .grid = {9}};

    (void)state;
    assert_ok(basin_graph_mlp((size_t[]){6, 10, 4}, 3, "Tanh", &fewer.graph));
    problem_data(&fewer, 100, 4, 0, 33);
    o[1] = objective(&fewer);
    r.point = point_of(&p, o[0]), r.other = o[1];
    assert_ok(basin_slice_forecast(&r, (basin_direction_spec[]){{.kind = BASIN_DIRECTION_RANDOM}}, &f));
    const basin_work *train = work(f, "points"), *test = train + 1;
    assert_string_equal(test->name, "points");
    assert_close(train->flops, 3.0 * test->flops, 1e-12, 0.0);
    basin_forecast_destroy(&f);
    basin_point_destroy(&r.point);
    basin_objective_destroy(&o[0]);
    basin_objective_destroy(&o[1]);
    problem_release(&p);
    problem_release(&fewer);
}

/* Two spectra come one after the other: twice the work, the memory of one. */
static void two_eigen_directions_take_the_memory_of_one(void **state)
{
    static const basin_direction_spec specs[] = {{.kind = BASIN_DIRECTION_EIGEN, .index = 1},
                                                 {.kind = BASIN_DIRECTION_EIGEN, .index = -1}};
    problem                           p = network(10);
    basin_objective                  *o = objective(&p);
    basin_forecast                   *f[2] = {NULL, NULL};
    basin_slice_request r = {.point = point_of(&p, o), .splits = {"train"}, .to = {1, 1}, .grid = {9, 1}};

    (void)state;
    for (size_t i = 0; i < 2; i++) r.axis_count = i + 1, assert_ok(basin_slice_forecast(&r, specs, &f[i]));
    assert_int_equal(work(f[0], "eigenvalues")->count, 1);
    assert_int_equal(work(f[1], "eigenvalues")->count, 2);
    assert_in_range(f[1]->beside_bytes, f[0]->beside_bytes, f[0]->beside_bytes + 1000);
    for (size_t i = 0; i < 2; i++) basin_forecast_destroy(&f[i]);
    basin_point_destroy(&r.point);
    basin_objective_destroy(&o);
    problem_release(&p);
}

/* Without a frozen point: products by differences; without FLOPs. */
static void any_objective_can_be_asked(void **state)
{
    basin_objective *o = basin_test_planted_objective((double[]){5, 4, 3, 2, 1, 0.5, -1}, 7, 3);
    basin_forecast  *f = NULL;
    basin_point     *point = NULL;
    double           theta[7] = {1, 2, 3, 4, 5, 6, 7};

    (void)state;
    assert_ok(basin_point_create(o, theta, NULL, &point));
    assert_ok(basin_spectrum_forecast(point, NULL, &f));
    assert_string_equal(f->method, "dense");
    assert_int_equal(f->products, 7 + 5); /* 5 for stationarity */
    assert_int_equal(f->provision.parts, 0);
    assert_true(isnan(work(f, "block")->flops) && work(f, "block")->seconds > 0.0);
    basin_forecast_destroy(&f);
    basin_point_destroy(&point);
    basin_objective_destroy(&o);
}

static void what_cannot_be_done_is_refused_alike(void **state)
{
    problem             p = network(60);
    basin_objective    *o = objective(&p);
    basin_forecast     *f = NULL;
    basin_point        *point = point_of(&p, o);
    basin_slice_request r = {.point = point, .splits = {"train"}, .axis_count = 3};

    (void)state;
    basin_memory_limit_set(100000);
    assert_status(
        basin_spectrum_forecast(point, &(basin_spectrum_options){.method = BASIN_SPECTRUM_DENSE}, &f),
        BASIN_ERR_BUDGET);
    assert_message("a dense spectrum of 664 parameters needs");
    assert_status(
        basin_spectrum_forecast(point, &(basin_spectrum_options){.method = BASIN_SPECTRUM_LANCZOS}, &f),
        BASIN_ERR_BUDGET);
    assert_status(basin_sane_ritz_forecast(point, &(basin_sane_options){.ritz = 500}, &f), BASIN_ERR_BUDGET);
    basin_memory_limit_set(0);
    assert_status(basin_spectrum_forecast(point, &(basin_spectrum_options){.tolerance = NAN}, &f),
                  BASIN_ERR_ARG);
    assert_status(basin_spectrum_forecast(point, &(basin_spectrum_options){.tolerance = -1.0}, &f),
                  BASIN_ERR_ARG);
    assert_status(
        basin_spectrum_forecast(
            point, &(basin_spectrum_options){.method = BASIN_SPECTRUM_LANCZOS, .top = 9, .max_products = 8},
            &f),
        BASIN_ERR_ARG);
    assert_message("8 products cannot give 9 eigenpairs");
    assert_status(basin_sane_ritz_forecast(point, &(basin_sane_options){.ritz = 5, .kappa = NAN}, &f),
                  BASIN_ERR_VALUE);
    assert_status(basin_sane_ritz_forecast(point, NULL, &f), BASIN_ERR_ARG);
    assert_status(basin_slice_forecast(&r, NULL, &f), BASIN_ERR_ARG);
    assert_status(basin_sharpness_forecast(
                      point, &(basin_sharpness_options){.rho = (double[]){NAN}, .rho_count = 1}, &f),
                  BASIN_ERR_VALUE);
    assert_null(f);
    basin_point_destroy(&point);
    basin_objective_destroy(&o);
    problem_release(&p);
}

/* A large objective that waits instead of computing, by the sample, and counts in passes over all samples
   what it is asked for. */
enum { MANY = 45000, WIDE = 40000 };

typedef struct large {
    double losses, gradients, freezes, products;
    double share; /* of the samples at the frozen point */
} large;

static double share_of(const basin_samples *s)
{
    return s != NULL ? (double)s->count / MANY : 1.0;
}

/* 20 microseconds a sample and gradient: 0.9 s for all. */
static void wait_for(double gradients)
{
    const double          seconds = 20e-6 * MANY * gradients;
    const struct timespec pause = {.tv_sec = (time_t)seconds, .tv_nsec = (long)(1e9 * fmod(seconds, 1.0))};

    nanosleep(&pause, NULL);
}

static basin_status large_loss(void *ctx, const basin_samples *s, const double *theta, basin_loss *out)
{
    large *l = ctx;

    (void)theta;
    l->losses += share_of(s);
    wait_for(share_of(s) / 3.0);
    *out = (basin_loss){.sum = 1.0, .weight = 1.0};
    return BASIN_OK;
}

static basin_status large_gradient(void *ctx, const basin_samples *s, const double *theta, basin_loss *out,
                                   double *g)
{
    large *l = ctx;

    (void)theta;
    l->gradients += share_of(s);
    wait_for(share_of(s));
    memset(g, 0, WIDE * sizeof *g);
    *out = (basin_loss){.sum = 1.0, .weight = 1.0};
    return BASIN_OK;
}

static basin_status large_freeze(void *ctx, const basin_samples *s, const double *theta,
                                 basin_curvature_kind kind, void **point)
{
    large *l = ctx;

    (void)theta, (void)kind;
    l->share = share_of(s);
    l->freezes += l->share;
    wait_for(2.0 / 3.0 * l->share);
    *point = l;
    return BASIN_OK;
}

static basin_status large_product(void *point, const double *v, size_t k, double *hv)
{
    large *l = point;

    l->products += (double)k * l->share;
    wait_for(2.0 * (double)k * l->share);
    memcpy(hv, v, k * WIDE * sizeof *hv);
    return BASIN_OK;
}

static void large_thaw(void *point)
{
    (void)point;
}

/* Dense, where the run would multiply 40,000 vectors, by Lanczos, and over a line. */
static basin_status forecast_large(int which, basin_point *point, basin_objective *o, basin_forecast **out)
{
    static const basin_direction_spec spec = {.kind = BASIN_DIRECTION_GRADIENT};
    basin_slice_request line = {.point = point, .other = o, .splits = {"train", "test"}, .axis_count = 1};

    line.to[0] = 1.0, line.grid[0] = 101;
    if (which == 2) return basin_slice_forecast(&line, &spec, out);
    return basin_spectrum_forecast(
        point,
        &(basin_spectrum_options){.method = which == 0 ? BASIN_SPECTRUM_DENSE : BASIN_SPECTRUM_LANCZOS}, out);
}

/* What forecasting itself may spend: a point and a half frozen, not one product, and some seconds of passes;
   and it tells the lengths all the same. */
static void a_forecast_of_long_work_is_short(void **state)
{
    static const basin_objective_type type = {.name = "large",
                                              .loss = large_loss,
                                              .gradient = large_gradient,
                                              .freeze = large_freeze,
                                              .product = large_product,
                                              .thaw = large_thaw};
    const basin_objective_facts       facts = {.size = WIDE, .samples = MANY};
    double                           *theta = calloc(WIDE, sizeof *theta);

    (void)state;
    assert_non_null(theta);
    basin_memory_limit_set((size_t)1 << 35);
    for (int which = 0; which < 3; which++) {
        large            spent = {0};
        basin_objective *o = NULL;
        basin_point     *point = NULL;
        basin_forecast  *f = NULL;
        assert_ok(basin_objective_create(&type, &spent, &facts, &o));
        assert_ok(basin_point_create(o, theta, NULL, &point));
        assert_ok(forecast_large(which, point, o, &f));
        assert_true(spent.products <= 1.0 && spent.freezes <= 2.0);
        assert_true(0.9 * (spent.gradients + spent.losses / 3.0) <= 5.0); /* seconds */
        assert_close(work(f, "gradient")->seconds, 0.9, 0.0, 0.45);
        if (which == 1) assert_close(work(f, "product")->seconds, 1.8, 0.0, 0.9);
        if (which < 2) assert_close(work(f, "block")->seconds, 1.8, 0.0, 0.9);
        if (which == 2) assert_close(work(f, "points")->seconds, 0.3, 0.0, 0.15);
        basin_forecast_destroy(&f);
        basin_point_destroy(&point);
        basin_objective_destroy(&o);
    }
    basin_memory_limit_set(0);
    free(theta);
}

static basin_status make(void *payload)
{
    const problem   *p = payload;
    basin_objective *o = NULL;
    basin_point     *point = NULL;
    basin_forecast  *f = NULL;
    basin_status     st = basin_network_objective(p->graph, &p->loss, &p->data, NULL, &o);

    if (st == BASIN_OK) st = basin_point_create(o, p->theta, NULL, &point);
    if (st == BASIN_OK) st = basin_spectrum_forecast(point, NULL, &f);
    basin_forecast_destroy(&f);
    basin_point_destroy(&point);
    basin_objective_destroy(&o);
    return st;
}

static void every_failed_allocation_is_clean(void **state)
{
    problem p = network(2);

    (void)state;
    basin_test_every_allocation(make, &p);
    problem_release(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_spectrum_costs_what_is_told),
        cmocka_unit_test(a_slice_costs_what_is_told),
        cmocka_unit_test(sharpness_and_ritz_values_cost_what_is_told),
        cmocka_unit_test(memory_is_within_what_is_told),
        cmocka_unit_test(the_largest_basis_is_within_the_limit),
        cmocka_unit_test(points_are_those_of_their_objective),
        cmocka_unit_test(two_eigen_directions_take_the_memory_of_one),
        cmocka_unit_test(any_objective_can_be_asked),
        cmocka_unit_test(what_cannot_be_done_is_refused_alike),
        cmocka_unit_test(a_forecast_of_long_work_is_short),
        cmocka_unit_test(every_failed_allocation_is_clean),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

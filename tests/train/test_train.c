/* The trainer against recursions written out here, closed forms on quadratics and kernel regression, and its
   own promises. */
#include "support.h"

#define PI 3.14159265358979323846

#include <math.h>
#include <string.h>

#include "core/linalg.h"
#include "core/random.h"

enum { P = 4 };

static const double lambda4[P] = {5.0, 1.5, 0.3, -0.2}, b4[P] = {0.7, -1.1, 0.2, 0.5};

typedef struct trace { /* what the callback was told */
    size_t            count;
    basin_train_state state[64];
    double            theta[64][P], stored[64][P], momentum[64][P];
} trace;

static basin_status record(void *payload, const basin_train_state *state)
{
    trace *t = payload;

    assert_true(t->count < 64);
    t->state[t->count] = *state;
    memcpy(t->theta[t->count], state->theta, sizeof t->theta[0]);
    memcpy(t->stored[t->count], state->stored, sizeof t->stored[0]);
    if (state->momentum != NULL) memcpy(t->momentum[t->count], state->momentum, sizeof t->momentum[0]);
    t->count++;
    return BASIN_OK;
}

static basin_objective *quadratic4(double a[P * P])
{
    basin_objective *o = NULL;

    basin_test_planted(lambda4, P, 3, a);
    assert_ok(basin_test_quadratic(a, b4, 0.0, P, &o));
    return o;
}

static void gradient4(const double *a, const double *x, double *g)
{
    for (size_t i = 0; i < P; i++) {
        g[i] = -b4[i];
        for (size_t j = 0; j < P; j++) g[i] += a[i * P + j] * x[j];
    }
}

static double norm4(const double *x)
{
    return sqrt(x[0] * x[0] + x[1] * x[1] + x[2] * x[2] + x[3] * x[3]);
}

/* The recursions as the papers print them, one at a time, without the trainer's table. MSAM here carries the
   perturbed point and undoes it each step, as algorithm 1 does. */
static void recursion(basin_update method, const double *a, double eta, double beta, double rho, double w,
                      size_t steps, double *theta)
{
    double v[P] = {0}, g[P], x[P], tilde[P];

    memcpy(tilde, theta, sizeof tilde);
    for (size_t t = 0; t < steps; t++) {
        switch (method) {
        case BASIN_NAG:
            for (size_t i = 0; i < P; i++) x[i] = theta[i] - eta * beta * v[i];
            gradient4(a, x, g);
            for (size_t i = 0; i < P; i++) g[i] += w * x[i];
            break;
        case BASIN_SAM:
            gradient4(a, theta, g);
            for (size_t i = 0; i < P; i++) x[i] = theta[i] + rho * g[i] / norm4(g);
            gradient4(a, x, g);
            for (size_t i = 0; i < P; i++) g[i] += w * theta[i];
            break;
        case BASIN_USAM:
            gradient4(a, theta, g);
            for (size_t i = 0; i < P; i++) x[i] = theta[i] + rho * g[i];
            gradient4(a, x, g);
            for (size_t i = 0; i < P; i++) g[i] += w * theta[i];
            break;
        case BASIN_MSAM:
            gradient4(a, tilde, g);
            for (size_t i = 0; i < P; i++) g[i] += w * tilde[i];
            if (t > 0)
                for (size_t i = 0; i < P; i++) theta[i] = tilde[i] + rho * v[i] / norm4(v);
            break;
        default:
            gradient4(a, theta, g);
            for (size_t i = 0; i < P; i++) g[i] += w * theta[i];
        }
        for (size_t i = 0; i < P; i++) v[i] = beta * v[i] + g[i];
        for (size_t i = 0; i < P; i++) theta[i] -= eta * v[i];
        for (size_t i = 0; i < P; i++) tilde[i] = theta[i] - rho * v[i] / norm4(v);
    }
}

static void every_method_follows_its_recursion(void **unused)
{
    static const char *const names[] = {"gd", "sgd", "nag", "sam", "usam", "msam"};
    double                   a[P * P];
    basin_objective         *o = quadratic4(a);

    (void)unused;
    for (size_t m = 0; m < 6; m++)
        for (int decayed = 0; decayed < 2; decayed++) {
            double              theta[P] = {1.0, -2.0, 0.5, 0.1}, expected[P];
            trace               t = {0};
            basin_train_options options = {.learning_rate = 0.05,
                                           .momentum = 0.9,
                                           .rho = 0.3,
                                           .weight_decay = decayed ? 0.02 : 0.0,
                                           .steps = 40,
                                           .save = (size_t[]){0, 1, 40},
                                           .save_count = 3,
                                           .callback = record,
                                           .payload = &t};
            memcpy(expected, theta, sizeof expected);
            assert_ok(basin_update_find(names[m], &options.method));
            recursion(options.method, a, 0.05, 0.9, 0.3, options.weight_decay, 40, expected);
            assert_ok(basin_train(o, theta, &options));
            for (size_t i = 0; i < P; i++) assert_close(theta[i], expected[i], 1e-11, 1e-12);
            assert_int_equal(t.count, 3);
            bool twice = options.method == BASIN_SAM || options.method == BASIN_USAM;
            assert_int_equal(t.state[2].gradient_evaluations, twice ? 80 : 40);
            assert_memory_equal(t.theta[2], theta, sizeof theta);
        }
    basin_objective_destroy(&o);
}

static void the_methods_differ(void **unused)
{
    double           a[P * P], end[6][P];
    basin_objective *o = quadratic4(a);

    (void)unused;
    for (size_t m = 0; m < 6; m++) {
        memcpy(end[m], (double[P]){1.0, -2.0, 0.5, 0.1}, sizeof end[m]);
        assert_ok(basin_train(o, end[m],
                              &(basin_train_options){.method = (basin_update)m,
                                                     .learning_rate = 0.05,
                                                     .momentum = NAN,
                                                     .rho = m == BASIN_USAM ? 0.1 : NAN,
                                                     .steps = 5}));
        for (size_t n = 0; n < m; n++) {
            bool same = fabs(end[m][0] - end[n][0]) < 1e-6;
            /* at full batch these two are one method */
            assert_true(same == (m == BASIN_SGD && n == BASIN_GD));
        }
    }
    basin_objective_destroy(&o);
}

static void msam_holds_the_perturbed_point_and_the_scalar_that_undoes_it(void **unused)
{
    double           a[P * P], theta[P] = {1.0, -2.0, 0.5, 0.1};
    basin_objective *o = quadratic4(a);
    trace            t = {0};

    (void)unused;
    assert_ok(basin_train(o, theta,
                          &(basin_train_options){.method = BASIN_MSAM,
                                                 .learning_rate = 0.01,
                                                 .momentum = 0.9,
                                                 .rho = 0.25,
                                                 .steps = 7,
                                                 .save = (size_t[]){0, 3, 7},
                                                 .save_count = 3,
                                                 .callback = record,
                                                 .payload = &t}));
    assert_close(t.state[0].undo, 0.0, 0.0, 0.0);
    assert_memory_equal(t.stored[0], t.theta[0], sizeof theta);
    for (size_t k = 1; k < 3; k++) {
        double away[P];
        assert_close(t.state[k].undo, 0.25 / norm4(t.momentum[k]), 1e-14, 0.0);
        for (size_t i = 0; i < P; i++) {
            assert_close(t.stored[k][i] + t.state[k].undo * t.momentum[k][i], t.theta[k][i], 1e-14, 1e-15);
            away[i] = t.stored[k][i] - t.theta[k][i];
        }
        assert_close(norm4(away), 0.25, 1e-13, 0.0);
        assert_true(basin_dot(away, t.momentum[k], P) < 0.0); /* along the negative momentum */
    }
    basin_objective_destroy(&o);
}

static void without_momentum_there_is_none_to_save_except_for_msam(void **unused)
{
    double           a[P * P];
    basin_objective *o = quadratic4(a);

    (void)unused;
    for (size_t m = 0; m < 6; m++) {
        double theta[P] = {1.0};
        trace  t = {0};
        assert_ok(basin_train(o, theta,
                              &(basin_train_options){.method = (basin_update)m,
                                                     .learning_rate = 0.01,
                                                     .rho = 0.1,
                                                     .steps = 1,
                                                     .save = (size_t[]){1},
                                                     .save_count = 1,
                                                     .callback = record,
                                                     .payload = &t}));
        assert_true((t.state[0].momentum != NULL) == (m == BASIN_MSAM));
    }
    basin_objective_destroy(&o);
}

/* x_{k+1} = (1 + β - ηλ) x_k - β x_{k-1}, x_1 = (1 - ηλ) x_0: x_k = c_1 r_1^k + c_2 r_2^k with the roots of
   r² - (1+β-ηλ) r + β. */
static void heavy_ball_has_its_closed_form(void **unused)
{
    double           l = 0.02, eta = 0.1, beta = 0.5, x = 1.0, trace_ = 1.0 + beta - eta * l;
    double           root = sqrt(trace_ * trace_ - 4.0 * beta);
    double           r1 = 0.5 * (trace_ + root), r2 = 0.5 * (trace_ - root);
    double           c1 = (1.0 - eta * l - r2) / (r1 - r2);
    basin_objective *o = NULL;

    (void)unused;
    assert_ok(basin_test_quadratic(&l, NULL, 0.0, 1, &o));
    assert_ok(basin_train(
        o, &x,
        &(basin_train_options){.method = BASIN_GD, .learning_rate = eta, .momentum = beta, .steps = 200}));
    assert_close(x, c1 * pow(r1, 200) + (1.0 - c1) * pow(r2, 200), 1e-12, 0.0);
    basin_objective_destroy(&o);
}

/* -------------------------------------------------------------------------------- kernel regression -- */

enum { K = 12 };

typedef struct kernel { /* K = U' diag(lambda) U with eigenvectors as rows of u */
    double matrix[K * K], lambda[K], u[K * K];
} kernel;

static void rbf_kernel(kernel *k)
{
    for (size_t i = 0; i < K; i++)
        for (size_t j = 0; j < K; j++) {
            double d = ((double)i - (double)j) / K;
            k->matrix[i * K + j] = exp(-0.5 * d * d / (0.15 * 0.15));
        }
    memcpy(k->u, k->matrix, sizeof k->u);
    assert_ok(basin_symmetric_eigen_vectors(k->u, K, k->lambda));
}

/* Trains L = ½‖Φw - y‖² from zero, Φ = K^{power/2} as a symmetric matrix: power 1 is the RKHS (Hessian K),
   power 2 the dual coefficients (Hessian K²). Gives the modes u_i'f of the fit f = Φw. */
static void fit(const kernel *k, int power, const double *y, basin_update method, double eta, double rho,
                size_t steps, double *modes)
{
    double           a[K * K] = {0}, b[K] = {0}, w[K] = {0};
    basin_objective *o = NULL;

    for (size_t m = 0; m < K; m++) {
        double ev = pow(fabs(k->lambda[m]), power), uy = basin_dot(k->u + m * K, y, K);
        for (size_t i = 0; i < K; i++) {
            b[i] += sqrt(ev) * uy * k->u[m * K + i];
            for (size_t j = 0; j < K; j++) a[i * K + j] += ev * k->u[m * K + i] * k->u[m * K + j];
        }
    }
    assert_ok(basin_test_quadratic(a, b, 0.5 * basin_dot(y, y, K), K, &o));
    assert_ok(basin_train(
        o, w, &(basin_train_options){.method = method, .learning_rate = eta, .rho = rho, .steps = steps}));
    for (size_t m = 0; m < K; m++)
        modes[m] = sqrt(pow(fabs(k->lambda[m]), power)) * basin_dot(k->u + m * K, w, K);
    basin_objective_destroy(&o);
}

/* Gradient descent: bias² = Σ s^{2k} (u'f*)², variance = σ² Σ (1 - s^k)², s = 1 - ηλ, and SAM without the
   norm the same with s = 1 - ηλ - ηρλ²: a larger rate where λ is large. The fit is linear in y, so f* alone
   gives the bias and the K unit vectors give the variance. */
static void has_its_bias_and_variance(basin_update method, double rho)
{
    static kernel k;
    double        truth[K], modes[K], sigma = 0.3, eta = 0.2;
    size_t        steps = 37;

    rbf_kernel(&k);
    for (size_t i = 0; i < K; i++) truth[i] = sin(6.0 * (double)i / K);
    double bias = 0.0, variance = 0.0, expected_bias = 0.0, expected_variance = 0.0;
    fit(&k, 1, truth, method, eta, rho, steps, modes);
    for (size_t m = 0; m < K; m++) {
        double s = pow(1.0 - eta * k.lambda[m] * (1.0 + rho * k.lambda[m]), (double)steps),
               ut = basin_dot(k.u + m * K, truth, K);
        bias += (modes[m] - ut) * (modes[m] - ut);
        expected_bias += s * s * ut * ut;
        expected_variance += sigma * sigma * (1.0 - s) * (1.0 - s);
    }
    for (size_t j = 0; j < K; j++) {
        double unit[K] = {0};
        unit[j] = sigma;
        fit(&k, 1, unit, method, eta, rho, steps, modes);
        variance += basin_dot(modes, modes, K);
    }
    assert_close(bias, expected_bias, 1e-10, 0.0);
    assert_close(variance, expected_variance, 1e-10, 0.0);
}

static void in_kernel_regression_gd_and_usam_have_their_bias_and_variance(void **unused)
{
    (void)unused;
    has_its_bias_and_variance(BASIN_GD, 0.0);
    has_its_bias_and_variance(BASIN_USAM, 0.1);
}

/* SAM: the residual of mode i is multiplied by s = 1 - ημ_i - ηρ_k μ_i² with ρ_k = ρ/‖g_k‖, ‖g_k‖² = Σ μ_i
   r_i². */
static void sam_in_kernel_regression_is_the_product_of_its_factors(void **unused)
{
    static kernel k;
    double        y[K], modes[K], r[K], eta = 0.03, rho = 0.05;
    basin_random  random = basin_random_start(5, BASIN_STREAM_TEST);

    (void)unused;
    rbf_kernel(&k);
    for (size_t i = 0; i < K; i++) y[i] = sin(6.0 * (double)i / K) + 0.3 * basin_random_normal(&random);
    for (int power = 1; power <= 2; power++) {
        fit(&k, power, y, BASIN_SAM, eta, rho, 25, modes);
        for (size_t m = 0; m < K; m++) r[m] = -basin_dot(k.u + m * K, y, K);
        for (size_t step = 0; step < 25; step++) {
            double square = 0.0;
            for (size_t m = 0; m < K; m++) square += pow(fabs(k.lambda[m]), power) * r[m] * r[m];
            for (size_t m = 0; m < K; m++) {
                double mu = pow(fabs(k.lambda[m]), power);
                r[m] *= 1.0 - eta * mu - eta * rho / sqrt(square) * mu * mu;
            }
        }
        for (size_t m = 0; m < K; m++)
            assert_close(modes[m] - basin_dot(k.u + m * K, y, K), r[m], 1e-9, 1e-12);
    }
}

/* ------------------------------------------------------------------------------- batches, schedules -- */

typedef struct sampled { /* L = mean over samples of ½ (θ_0 - i)², noting which samples were asked for */
    size_t samples, seen[256], seen_count, calls, sizes[64];
    size_t fail_after; /* losses that are finite; 0 = all */
} sampled;

static basin_status sampled_gradient(void *ctx, const basin_samples *s, const double *theta, basin_loss *out,
                                     double *g)
{
    sampled *q = ctx;
    size_t   count = s ? s->count : q->samples;

    assert_true(q->calls < 64);
    q->sizes[q->calls++] = count;
    *out = (basin_loss){.weight = (double)count};
    g[0] = 0.0;
    for (size_t i = 0; i < count; i++) {
        size_t index = s ? s->index[i] : i;
        if (q->seen_count < 256) q->seen[q->seen_count++] = index;
        out->sum += 0.5 * (theta[0] - (double)index) * (theta[0] - (double)index);
        g[0] += (theta[0] - (double)index) / (double)count;
    }
    if (q->fail_after > 0 && q->calls > q->fail_after) out->sum = INFINITY;
    return BASIN_OK;
}

static basin_status sampled_loss(void *ctx, const basin_samples *s, const double *theta, basin_loss *out)
{
    double g;
    return sampled_gradient(ctx, s, theta, out, &g);
}

static const basin_objective_type sampled_type = {
    .name = "sampled", .loss = sampled_loss, .gradient = sampled_gradient};

static basin_objective *sampled_objective(sampled *q)
{
    basin_objective *o = NULL;

    assert_ok(basin_objective_create(&sampled_type, q,
                                     &(basin_objective_facts){.size = 1, .samples = q->samples}, &o));
    return o;
}

static void every_epoch_sees_every_sample_once_in_a_new_order(void **unused)
{
    sampled          q = {.samples = 10}, other = {.samples = 10};
    basin_objective *o = sampled_objective(&q), *o2 = sampled_objective(&other);
    double           theta = 0.0;

    (void)unused;
    assert_ok(
        basin_train(o, &theta,
                    &(basin_train_options){
                        .method = BASIN_SGD, .learning_rate = 0.1, .batch_size = 4, .steps = 6, .seed = 7}));
    for (size_t i = 0; i < 6; i++) assert_int_equal(q.sizes[i], i % 3 == 2 ? 2 : 4);
    for (size_t epoch = 0; epoch < 2; epoch++) {
        unsigned mask = 0;
        for (size_t i = 0; i < 10; i++) mask |= 1u << q.seen[epoch * 10 + i];
        assert_int_equal(mask, 0x3ff);
    }
    assert_memory_not_equal(q.seen, q.seen + 10, 10 * sizeof *q.seen);

    theta = 0.0; /* SAM sees each batch twice, otherwise the same batches in the same order */
    assert_ok(basin_train(
        o2, &theta,
        &(basin_train_options){
            .method = BASIN_SAM, .learning_rate = 0.1, .rho = 0.1, .batch_size = 5, .steps = 4, .seed = 7}));
    assert_memory_equal(other.seen, q.seen, 5 * sizeof *q.seen);
    assert_memory_equal(other.seen + 5, q.seen, 5 * sizeof *q.seen);
    assert_memory_equal(other.seen + 10, q.seen + 5, 5 * sizeof *q.seen);
    assert_memory_equal(other.seen + 30, q.seen + 15, 5 * sizeof *q.seen);
    basin_objective_destroy(&o);

    sampled third = {.samples = 10}; /* another seed, another order */
    o = sampled_objective(&third);
    assert_ok(
        basin_train(o, &theta,
                    &(basin_train_options){
                        .method = BASIN_SGD, .learning_rate = 0.1, .batch_size = 4, .steps = 6, .seed = 8}));
    assert_memory_not_equal(third.seen, q.seen, 10 * sizeof *q.seen);
    basin_objective_destroy(&o);
    basin_objective_destroy(&o2);
}

typedef struct notes { /* of a one-parameter run */
    size_t count;
    double epoch[16], rate[16], loss[16], theta[16];
    bool   diverged[16];
    size_t fail_at; /* call number that fails, from 1; 0 = none */
} notes;

static basin_status note(void *payload, const basin_train_state *state)
{
    notes *n = payload;

    assert_true(n->count < 16);
    n->epoch[n->count] = state->epoch;
    n->rate[n->count] = state->learning_rate;
    n->loss[n->count] = state->running_loss;
    n->theta[n->count] = state->theta[0];
    n->diverged[n->count] = state->diverged;
    n->count++;
    return n->count == n->fail_at ? BASIN_ERR_IO : BASIN_OK;
}

static void the_callback_hears_epoch_rate_and_running_loss(void **unused)
{
    sampled          q = {.samples = 10};
    basin_objective *o = sampled_objective(&q);
    double           theta = 0.0;
    notes            n = {0};

    (void)unused;
    assert_ok(basin_train(o, &theta,
                          &(basin_train_options){.method = BASIN_SGD,
                                                 .learning_rate = 1e-300,
                                                 .batch_size = 4,
                                                 .steps = 6,
                                                 .save = (size_t[]){0, 1, 3, 6},
                                                 .save_count = 4,
                                                 .callback = note,
                                                 .payload = &n}));
    assert_int_equal(n.count, 4);
    assert_true(isnan(n.loss[0]));
    assert_close(n.epoch[0], 0.0, 0.0, 0.0);
    assert_close(n.epoch[1], 0.4, 1e-15, 0.0);
    assert_close(n.epoch[2], 1.0, 0.0, 0.0);
    assert_close(n.epoch[3], 2.0, 0.0, 0.0);
    double batch[3] = {0}; /* theta stays at 0: the losses are those of the batches seen */
    for (size_t i = 0; i < 10; i++)
        batch[i / 4] += 0.5 * (double)(q.seen[10 + i] * q.seen[10 + i]) / (i < 8 ? 4.0 : 2.0);
    assert_close(n.loss[3], (batch[0] + batch[1] + batch[2]) / 3.0, 1e-14, 0.0);
    basin_objective_destroy(&o);
}

static void schedules_are_their_formulas(void **unused)
{
    static const size_t all[] = {0, 1, 2, 3, 4, 5, 6};
    basin_train_options options = {.method = BASIN_GD,
                                   .learning_rate = 0.2,
                                   .steps = 6,
                                   .save = all,
                                   .save_count = 7,
                                   .callback = note,
                                   .schedule_factor = 0.1,
                                   .schedule_period = 2};

    (void)unused;
    for (int kind = BASIN_SCHEDULE_CONSTANT; kind <= BASIN_SCHEDULE_STEP; kind++) {
        sampled          q = {.samples = 3};
        basin_objective *o = sampled_objective(&q);
        notes            n = {0};
        double           theta = 5.0, expected = 5.0;
        options.schedule = (basin_schedule)kind;
        options.payload = &n;
        assert_ok(basin_train(o, &theta, &options));
        for (size_t k = 0; k < 6; k++) {
            static const double decayed[] = {0.2, 0.2, 0.02, 0.02, 0.002, 0.002};
            const double        cosine = 0.02 + 0.18 * pow(cos(PI * (double)k / 12.0), 2.0);
            const double        rates[] = {[BASIN_SCHEDULE_CONSTANT] = 0.2,
                                           [BASIN_SCHEDULE_STEP] = decayed[k],
                                           [BASIN_SCHEDULE_COSINE] = cosine};
            const double        rate = rates[kind];
            assert_close(n.rate[k + 1], rate, 1e-14, 0.0);
            expected -= rate * (expected - 1.0);
            assert_close(n.theta[k + 1], expected, 1e-13, 0.0);
        }
        assert_close(n.rate[0], 0.2, 1e-14, 0.0);
        basin_objective_destroy(&o);
    }
}

static void a_run_that_diverges_is_a_result(void **unused)
{
    double           l = 1.0, theta = 1.0;
    basin_objective *o = NULL;
    notes            n = {0};

    (void)unused;
    assert_ok(basin_test_quadratic(&l, NULL, 0.0, 1, &o));
    assert_ok(basin_train(o, &theta,
                          &(basin_train_options){.method = BASIN_GD,
                                                 .learning_rate = 1e10,
                                                 .steps = 1000,
                                                 .save = (size_t[]){1, 900},
                                                 .save_count = 2,
                                                 .callback = note,
                                                 .payload = &n}));
    assert_int_equal(n.count, 2); /* step 1, and the one at which it broke */
    assert_false(n.diverged[0]);
    assert_true(n.diverged[1]);
    basin_objective_destroy(&o);

    sampled q = {.samples = 3, .fail_after = 2}; /* a loss that is not finite at a finite point */
    o = sampled_objective(&q);
    n = (notes){0}, theta = 1.0;
    assert_ok(basin_train(
        o, &theta,
        &(basin_train_options){
            .method = BASIN_GD, .learning_rate = 0.1, .steps = 10, .callback = note, .payload = &n}));
    assert_int_equal(n.count, 1);
    assert_true(n.diverged[0] && isfinite(theta));
    basin_objective_destroy(&o);
}

static bool stop_at_once(void *payload, const char *stage, double done, double total)
{
    (void)payload, (void)total;
    assert_string_equal(stage, "train");
    return done < 2.0;
}

static void what_stops_a_run_leaves_theta_alone(void **unused)
{
    sampled             q = {.samples = 3};
    basin_objective    *o = sampled_objective(&q);
    double              theta = 1.0;
    notes               n = {.fail_at = 2};
    basin_train_options options = {.method = BASIN_GD,
                                   .learning_rate = 0.1,
                                   .steps = 5,
                                   .save = (size_t[]){0, 1, 2},
                                   .save_count = 3,
                                   .callback = note,
                                   .payload = &n};

    (void)unused;
    assert_status(basin_train(o, &theta, &options), BASIN_ERR_IO);
    assert_close(theta, 1.0, 0.0, 0.0);
    assert_int_equal(n.count, 2);
    basin_progress_set(&(basin_progress){.report = stop_at_once});
    options.save_count = 0;
    assert_status(basin_train(o, &theta, &options), BASIN_ERR_INTERRUPTED);
    basin_progress_set(NULL);
    assert_message("train");
    assert_close(theta, 1.0, 0.0, 0.0);
    basin_objective_destroy(&o);
}

static void the_same_seed_gives_the_same_bits(void **unused)
{
    double theta[2];

    (void)unused;
    for (size_t run = 0; run < 2; run++) {
        sampled          q = {.samples = 10};
        basin_objective *o = sampled_objective(&q);
        theta[run] = 0.3;
        assert_ok(basin_train(o, &theta[run],
                              &(basin_train_options){.method = BASIN_MSAM,
                                                     .learning_rate = 0.1,
                                                     .momentum = NAN,
                                                     .rho = NAN,
                                                     .batch_size = 3,
                                                     .steps = 20,
                                                     .seed = 11}));
        basin_objective_destroy(&o);
    }
    assert_memory_equal(&theta[0], &theta[1], sizeof theta[0]);
}

/* A network, many chunks, small batches: one thread, two threads, and again. */
static void a_network_trains_to_the_same_bits_on_any_threads(void **unused)
{
    enum { ROWS = 300, INPUTS = 8 };
    static double    inputs[ROWS * INPUTS];
    static int64_t   classes[ROWS];
    static size_t    rows[ROWS];
    basin_random     r = basin_random_start(6, BASIN_STREAM_TEST);
    basin_split      split = {.name = (char *)(uintptr_t) "train", .count = ROWS, .rows = rows};
    basin_dataset    data = {.count = ROWS,
                             .rank = 1,
                             .shape = {INPUTS},
                             .inputs = inputs,
                             .classes = classes,
                             .split_count = 1,
                             .splits = &split};
    basin_graph     *graph = NULL;
    basin_params    *params = NULL;
    basin_objective *o = NULL;
    double           theta[3][INPUTS * 6 + 6 + 6 * 3 + 3];

    (void)unused;
    basin_random_normals(&r, inputs, ROWS * INPUTS);
    for (size_t i = 0; i < ROWS; i++) rows[i] = i, classes[i] = (int64_t)basin_random_below(&r, 3);
    assert_ok(basin_graph_mlp((size_t[]){INPUTS, 6, 3}, 3, NULL, &graph));
    assert_ok(basin_network_params(graph, &params));
    assert_int_equal(params->size, sizeof theta[0] / sizeof(double));
    for (size_t run = 0; run < 3; run++) {
        basin_threads_set(run == 1 ? 2 : 1);
        assert_ok(basin_network_objective(graph, &(basin_loss_spec){0}, &data, NULL, &o));
        assert_ok(basin_train_initialise(params, 1, theta[run]));
        assert_ok(basin_train(o, theta[run],
                              &(basin_train_options){.method = BASIN_SAM,
                                                     .learning_rate = 0.1,
                                                     .momentum = NAN,
                                                     .rho = NAN,
                                                     .batch_size = 130,
                                                     .steps = 12,
                                                     .seed = 4}));
        basin_objective_destroy(&o);
    }
    basin_threads_set(0);
    assert_memory_equal(theta[0], theta[1], sizeof theta[0]);
    assert_memory_equal(theta[0], theta[2], sizeof theta[0]);
    basin_params_destroy(&params);
    basin_graph_destroy(&graph);
}

static void wrong_options_are_named(void **unused)
{
    const struct {
        basin_train_options options;
        const char         *part;
    } cases[] = {
        {{.method = BASIN_GD, .steps = 1}, "learning rate 0"},
        {{.method = BASIN_GD, .learning_rate = NAN, .steps = 1}, "learning rate nan"},
        {{.method = BASIN_GD, .learning_rate = 1.0}, "0 training steps"},
        {{.method = BASIN_GD, .learning_rate = 1.0, .steps = 1, .momentum = 1.0}, "momentum 1"},
        {{.method = BASIN_SAM, .learning_rate = 1.0, .steps = 1, .rho = -1.0}, "rho -1"},
        {{.method = BASIN_USAM, .learning_rate = 1.0, .steps = 1, .rho = -1.0}, "rho -1"},
        {{.method = BASIN_USAM, .learning_rate = 1.0, .steps = 1, .rho = NAN},
         "usam multiplies the gradient"},
        {{.method = BASIN_GD, .learning_rate = 1.0, .steps = 1, .weight_decay = -0.5}, "weight decay -0.5"},
        {{.method = BASIN_GD, .learning_rate = 1.0, .steps = 1, .batch_size = 2},
         "method gd uses all samples in each step: batch size 2"},
        {{.method = (basin_update)17, .learning_rate = 1.0, .steps = 1}, "method 17"},
        {{.method = BASIN_GD, .learning_rate = 1.0, .steps = 1, .schedule = BASIN_SCHEDULE_STEP},
         "steps between decays"},
        {{.method = BASIN_GD,
          .learning_rate = 1.0,
          .steps = 1,
          .schedule = BASIN_SCHEDULE_COSINE,
          .schedule_factor = 2.0},
         "final fraction 2"},
        {{.method = BASIN_GD, .learning_rate = 1.0, .steps = 1, .save = (const size_t[]){2}, .save_count = 1},
         "step 2 to save is behind the last, 1"},
        {{.method = BASIN_GD,
          .learning_rate = 1.0,
          .steps = 9,
          .save = (const size_t[]){2, 2},
          .save_count = 2},
         "not ascending: 2 before 2"},
    };
    sampled          q = {.samples = 3};
    basin_objective *o = sampled_objective(&q);
    double           theta = 1.0;
    basin_update     method;

    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_status(basin_train(o, &theta, &cases[i].options), BASIN_ERR_ARG);
        assert_message(cases[i].part);
    }
    assert_status(basin_update_find("adam", &method), BASIN_ERR_ARG);
    assert_message("method adam is none of gd, sgd, nag, sam, usam, msam");
    theta = NAN;
    assert_status(
        basin_train(o, &theta, &(basin_train_options){.method = BASIN_GD, .learning_rate = 1.0, .steps = 1}),
        BASIN_ERR_VALUE);
    basin_objective_destroy(&o);
}

static basin_status train_once(void *payload)
{
    basin_objective *o = payload;
    double           theta = 0.3;
    basin_status     st =
        basin_train(o, &theta,
                    &(basin_train_options){
                        .method = BASIN_MSAM, .learning_rate = 0.1, .rho = 0.1, .batch_size = 2, .steps = 2});

    if (st != BASIN_OK) assert_close(theta, 0.3, 0.0, 0.0);
    return st;
}

static void every_failed_allocation_is_clean(void **unused)
{
    sampled          q = {.samples = 3};
    basin_objective *o = sampled_objective(&q);

    (void)unused;
    basin_test_every_allocation(train_once, o);
    basin_objective_destroy(&o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_method_follows_its_recursion),
        cmocka_unit_test(the_methods_differ),
        cmocka_unit_test(msam_holds_the_perturbed_point_and_the_scalar_that_undoes_it),
        cmocka_unit_test(without_momentum_there_is_none_to_save_except_for_msam),
        cmocka_unit_test(heavy_ball_has_its_closed_form),
        cmocka_unit_test(in_kernel_regression_gd_and_usam_have_their_bias_and_variance),
        cmocka_unit_test(sam_in_kernel_regression_is_the_product_of_its_factors),
        cmocka_unit_test(every_epoch_sees_every_sample_once_in_a_new_order),
        cmocka_unit_test(the_callback_hears_epoch_rate_and_running_loss),
        cmocka_unit_test(schedules_are_their_formulas),
        cmocka_unit_test(a_run_that_diverges_is_a_result),
        cmocka_unit_test(what_stops_a_run_leaves_theta_alone),
        cmocka_unit_test(the_same_seed_gives_the_same_bits),
        cmocka_unit_test(a_network_trains_to_the_same_bits_on_any_threads),
        cmocka_unit_test(wrong_options_are_named),
        cmocka_unit_test(every_failed_allocation_is_clean),
    };
    return cmocka_run_group_tests_name("train", tests, NULL, NULL);
}

/* Curvature of mini-batches against closed forms: a linear model with a squared error, whose batches are
   known. */
#include <math.h>
#include <string.h>

#include "core/linalg.h"
#include "problem.h"
#include "support.h"

static problem mlp(const size_t *widths, size_t count, basin_loss_kind kind, size_t n)
{
    problem p = {.loss = {.kind = kind}};

    assert_ok(basin_graph_mlp(widths, count, "Tanh", &p.graph));
    problem_data(&p, n, widths[count - 1], 0, 11);
    problem_theta(&p, 0.4, 12);
    return p;
}

static basin_batches *batches_of(basin_objective *o, const double *theta,
                                 const basin_batches_options *options)
{
    basin_point   *point = NULL;
    basin_batches *b = NULL;

    assert_ok(basin_point_create(o, theta, NULL, &point));
    assert_ok(basin_batches_compute(point, options, &b));
    basin_point_destroy(&point);
    return b;
}

/* y = w x + c, one sample a batch: g = 2 e (x, 1), H = 2 (x, 1)(x, 1)ᵀ, so gᵀHg / ‖g‖² = 2 (1 + x²) = λ_max.
   */
static void batches_of_one_sample_have_their_closed_form(void **state)
{
    problem          p = mlp((size_t[]){1, 1}, 2, BASIN_LOSS_MSE, 12);
    basin_objective *o = NULL;
    double           momentum[] = {0.3, -0.2};

    (void)state;
    assert_ok(basin_network_objective(p.graph, &p.loss, &p.data, NULL, &o));
    basin_batches *b = batches_of(o, p.theta,
                                  &(basin_batches_options){.count = 40,
                                                           .batch_size = 1,
                                                           .whole_spectrum = true,
                                                           .momentum = momentum,
                                                           .beta = 0.5,
                                                           .learning_rate = 0.1,
                                                           .seed = 3});
    assert_int_equal(b->count, 40);
    for (size_t i = 0; i < b->count; i++) {
        const basin_batch_row *row = &b->rows[i];
        size_t                 found = 0;
        for (size_t s = 0; s < 12; s++) {
            const double x = p.data.inputs[s], e = p.theta[0] * x + p.theta[1] - p.data.values[s];
            if (fabs(row->loss - e * e) > 1e-12 * e * e) continue;
            found++;
            assert_close(row->sharpness, 2.0 * (1.0 + x * x), 1e-12, 0.0);
            assert_close(row->lambda_max, 2.0 * (1.0 + x * x), 1e-10, 0.0);
            assert_close(row->trace, 2.0 * (1.0 + x * x), 1e-12, 0.0);
            assert_close(row->sane, 1.0 / 1.5, 1e-12, 0.0);
            assert_close(row->gradient_norm, 2.0 * fabs(e) * sqrt(1.0 + x * x), 1e-12, 0.0);
            /* s = βv + g: sᵀHs / sᵀg = 2 (s·u)² / (2 e s·u) = s·u / e, u = (x, 1) */
            const double along = 0.5 * (0.3 * x - 0.2) + 2.0 * e * (1.0 + x * x);
            assert_close(row->momentum, along / e, 1e-10, 0.0);
        }
        assert_int_equal(found, 1);
    }
    assert_close(b->ceiling, 20.0, 1e-15, 0.0);
    assert_close(b->ceiling_small, 10.0, 1e-15, 0.0);
    assert_close(b->ceiling_large, 30.0, 1e-15, 0.0);
    assert_close(b->sharpness.mean, b->lambda_max.mean, 1e-10, 0.0);
    basin_batches_destroy(&b);
    basin_objective_destroy(&o);
    problem_release(&p);
}

/* Batches of all samples are all the same: no spread, and the values of the whole. */
static void batches_of_all_samples_do_not_differ(void **state)
{
    problem          p = mlp((size_t[]){3, 5, 4}, 3, BASIN_LOSS_SOFTMAX_CROSS_ENTROPY, 20);
    basin_objective *o = NULL;

    (void)state;
    assert_ok(basin_network_objective(p.graph, &p.loss, &p.data, NULL, &o));
    basin_batches *b =
        batches_of(o, p.theta,
                   &(basin_batches_options){.count = 3, .batch_size = 20, .beta = NAN, .learning_rate = NAN});
    assert_close(b->lambda_max.deviation, 0.0, 0.0, 1e-12);
    assert_close(b->lambda_max.mean, b->whole_lambda_max, 1e-8, 0.0);
    assert_close(b->sharpness.lower, b->sharpness.upper, 0.0, 1e-12);
    assert_close(b->ratio, b->sharpness.mean, 1e-12, 0.0);
    assert_close(b->rows[0].loss, b->loss, 1e-13, 0.0);
    assert_close(b->rows[0].gradient_norm, b->gradient_norm, 1e-13, 0.0);
    assert_true(isnan(b->momentum.mean) && isnan(b->rows[0].momentum) && isnan(b->trace.mean));
    assert_true(isnan(b->ceiling) && isnan(b->ceiling_small));
    basin_batches_destroy(&b);
    basin_objective_destroy(&o);
    problem_release(&p);
}

/* The interval of the mean by hand, quantiles, and the ratio of means with its jackknife. */
static void means_have_students_interval(void **state)
{
    problem          p = mlp((size_t[]){3, 5, 4}, 3, BASIN_LOSS_SOFTMAX_CROSS_ENTROPY, 60);
    basin_objective *o = NULL;
    double sum = 0.0, squares = 0.0, above = 0.0, below = 0.0, least = INFINITY, left[5], mean = 0.0,
           spread = 0.0;

    (void)state;
    assert_ok(basin_network_objective(p.graph, &p.loss, &p.data, NULL, &o));
    basin_batches *b = batches_of(
        o, p.theta,
        &(basin_batches_options){.count = 5, .batch_size = 8, .beta = NAN, .learning_rate = NAN, .seed = 1});
    for (size_t i = 0; i < 5; i++) {
        const double norm2 = pow(b->rows[i].gradient_norm, 2.0);
        sum += b->rows[i].sharpness;
        squares += pow(b->rows[i].sharpness, 2.0);
        above += b->rows[i].sharpness * norm2, below += norm2;
        least = fmin(least, b->rows[i].sharpness);
    }
    const double deviation = sqrt((squares - sum * sum / 5.0) / 4.0);
    assert_close(b->sharpness.mean, sum / 5.0, 1e-12, 0.0);
    assert_close(b->sharpness.deviation, deviation, 1e-9, 0.0);
    /* t_4 at 97.5 %: 2.776445 */
    assert_close(b->sharpness.upper - b->sharpness.mean, 2.7764451 * deviation / sqrt(5.0), 1e-6, 0.0);
    assert_close(b->sharpness.least, least, 0.0, 0.0);
    assert_close(b->ratio, above / below, 1e-12, 0.0);
    for (size_t i = 0; i < 5; i++) {
        const double norm2 = pow(b->rows[i].gradient_norm, 2.0);
        left[i] = (above - b->rows[i].sharpness * norm2) / (below - norm2);
        mean += left[i] / 5.0;
    }
    for (size_t i = 0; i < 5; i++) spread += (left[i] - mean) * (left[i] - mean);
    assert_close(b->ratio_upper - b->ratio, 2.7764451 * sqrt(0.8 * spread), 1e-6, 0.0);
    basin_batches_destroy(&b);
    basin_objective_destroy(&o);
    problem_release(&p);
}

static void batches_that_are_none_are_refused(void **state)
{
    problem          p = mlp((size_t[]){3, 5, 4}, 3, BASIN_LOSS_MSE, 20);
    basin_objective *o = NULL;
    basin_point     *point = NULL;
    basin_batches   *b = NULL;

    (void)state;
    assert_ok(basin_network_objective(p.graph, &p.loss, &p.data, NULL, &o));
    assert_ok(basin_point_create(o, p.theta, NULL, &point));
    assert_status(basin_batches_compute(point, &(basin_batches_options){.count = 1, .batch_size = 4}, &b),
                  BASIN_ERR_ARG);
    assert_message("two at least");
    assert_status(basin_batches_compute(point, &(basin_batches_options){.batch_size = 21}, &b),
                  BASIN_ERR_ARG);
    assert_message("batches of 21 samples of 20");
    assert_null(b);
    basin_point_destroy(&point);
    basin_objective_destroy(&o);
    problem_release(&p);
}

static basin_status whole_life(void *payload)
{
    basin_status     st = BASIN_OK;
    problem         *p = payload;
    basin_point     *point = NULL;
    basin_batches   *b = NULL;
    basin_objective *o = NULL;

    BASIN_TRY(basin_network_objective(p->graph, &p->loss, &p->data, NULL, &o));
    BASIN_TRY(basin_point_create(o, p->theta, NULL, &point));
    BASIN_TRY(basin_batches_compute(
        point, &(basin_batches_options){.count = 2, .batch_size = 4, .momentum = p->theta, .beta = 0.9}, &b));
done:
    basin_batches_destroy(&b);
    basin_point_destroy(&point);
    basin_objective_destroy(&o);
    return st;
}

static void every_failed_allocation_is_clean(void **state)
{
    problem p = mlp((size_t[]){3, 4, 3}, 3, BASIN_LOSS_MSE, 10);

    (void)state;
    basin_threads_set(1);
    basin_test_every_allocation(whole_life, &p);
    basin_threads_set(0);
    problem_release(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(batches_of_one_sample_have_their_closed_form),
        cmocka_unit_test(batches_of_all_samples_do_not_differ),
        cmocka_unit_test(means_have_students_interval),
        cmocka_unit_test(batches_that_are_none_are_refused),
        cmocka_unit_test(every_failed_allocation_is_clean),
    };

    return basin_initialise() == BASIN_OK ? cmocka_run_group_tests_name("batches", tests, NULL, NULL) : 1;
}

/* Bands: the same line for several seeds, classes or mini-batches, against losses evaluated one by one. */
#include "support.h"

#include <math.h>
#include <string.h>

#include "problem.h"

enum { POINTS = 7, SEEDS = 3 };

typedef struct fixture {
    problem          p;
    basin_objective *o;
    basin_point     *point;
    basin_direction *d[SEEDS];
} fixture;

static const uint64_t seeds[SEEDS] = {4, 5, 6};

static int setup(void **state)
{
    static fixture f;

    f.p = problem_relu(3);
    assert_ok(basin_network_objective(f.p.graph, &f.p.loss, &f.p.data, NULL, &f.o));
    assert_ok(
        basin_point_create(f.o, f.p.theta, &(basin_point_options){.included = {.value = 0.1}}, &f.point));
    for (size_t i = 0; i < SEEDS; i++)
        assert_ok(basin_direction_random(basin_objective_params(f.o), f.p.theta, NULL, seeds[i], &f.d[i]));
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    fixture *f = *state;

    basin_point_destroy(&f->point);
    basin_objective_destroy(&f->o);
    for (size_t i = 0; i < SEEDS; i++) basin_direction_destroy(&f->d[i]);
    problem_release(&f->p);
    return 0;
}

static basin_band_request request(fixture *f, basin_band_by by)
{
    return (basin_band_request){.point = f->point,
                                .split = "train",
                                .by = by,
                                .direction_count = by == BASIN_BAND_SEED ? SEEDS : 1,
                                .directions = (const basin_direction *const *)f->d,
                                .seeds = seeds,
                                .from = -0.5,
                                .to = 1.0,
                                .grid = POINTS,
                                .classes = f->p.data.classes,
                                .seed = 9};
}

/* Loss of some samples at theta + s d by a call of its own, and 0.05 ‖theta‖², the weight decay included. */
static double loss_at(const fixture *f, const basin_direction *d, double s, const basin_samples *samples)
{
    double    *theta = basin_alloc(f->p.size, sizeof *theta), decay = 0.0;
    basin_loss loss;

    for (size_t i = 0; i < f->p.size; i++) {
        theta[i] = f->p.theta[i] + s * d->values[i];
        decay += 0.05 * theta[i] * theta[i];
    }
    assert_ok(basin_objective_loss(f->o, samples, theta, &loss));
    basin_free(theta);
    return basin_loss_value(&loss) + decay;
}

static void every_seed_is_its_own_slice(void **state)
{
    fixture    *f = *state;
    basin_band *b = NULL;

    basin_band_request r = request(f, BASIN_BAND_SEED);
    assert_ok(basin_band_compute(&r, &b));
    assert_int_equal(b->line_count, SEEDS);
    assert_string_equal(b->direction, "random:4..6");
    for (size_t k = 0; k < SEEDS; k++) {
        basin_slice *s = NULL;
        assert_ok(basin_slice_compute(&(basin_slice_request){.point = f->point,
                                                             .splits = {"train"},
                                                             .axis_count = 1,
                                                             .directions = {f->d[k]},
                                                             .from = {-0.5},
                                                             .to = {1.0},
                                                             .grid = {POINTS}},
                                      &s));
        for (size_t i = 0; i < POINTS; i++) {
            assert_true(b->loss[k * POINTS + i] == s->surfaces[0].loss[i]);
            assert_true(b->accuracy[k * POINTS + i] == s->surfaces[0].accuracy[i]);
            assert_true(b->coordinates[i] == s->axes[0].coordinates[i]);
        }
        assert_true(b->lines[k].centre_loss == s->surfaces[0].centre_loss);
        assert_true(b->lines[k].number == seeds[k] && b->lines[k].norm == f->d[k]->norm);
        assert_int_equal(b->lines[k].samples, 60);
        basin_slice_destroy(&s);
    }
    for (size_t i = 0; i < POINTS; i++) { /* mean, deviation and t_{0.975, 2} = 4.302653 by hand */
        const double x = b->loss[i], y = b->loss[POINTS + i], z = b->loss[2 * POINTS + i],
                     m = (x + y + z) / 3.0;
        const double sd = sqrt(((x - m) * (x - m) + (y - m) * (y - m) + (z - m) * (z - m)) / 2.0);
        assert_close(b->mean[i], m, 1e-14, 0.0);
        assert_close(b->deviation[i], sd, 1e-10, 1e-14);
        assert_close(b->upper[i] - m, 4.302653 * sd / sqrt(3.0), 1e-6, 1e-13);
        assert_close(m - b->lower[i], 4.302653 * sd / sqrt(3.0), 1e-6, 1e-13);
        assert_true(isnan(b->whole[i]));
    }
    basin_band_destroy(&b);
}

/* Lines of classes are losses of their samples alone, and weighted by them the line of all. */
static void classes_add_up_to_all_samples(void **state)
{
    fixture    *f = *state;
    basin_band *b = NULL;
    size_t      all = 0;

    basin_band_request r = request(f, BASIN_BAND_CLASS);
    assert_ok(basin_band_compute(&r, &b));
    assert_int_equal(b->line_count, RELU_OUT);
    for (size_t k = 0; k < RELU_OUT; k++) {
        size_t index[60], count = 0;
        for (size_t i = 0; i < 60; i++)
            if (f->p.data.classes[i] == (int64_t)b->lines[k].number) index[count++] = i;
        assert_int_equal(b->lines[k].samples, count);
        all += count;
        for (size_t i = 0; i < POINTS; i++)
            assert_close(b->loss[k * POINTS + i],
                         loss_at(f, f->d[0], b->coordinates[i], &(basin_samples){index, count}), 1e-12, 0.0);
    }
    assert_int_equal(all, 60);
    for (size_t i = 0; i < POINTS; i++) {
        double sum = 0.0;
        for (size_t k = 0; k < RELU_OUT; k++) sum += b->loss[k * POINTS + i] * (double)b->lines[k].samples;
        assert_close(b->whole[i], sum / 60.0, 1e-12, 0.0);
        assert_close(b->whole[i], loss_at(f, f->d[0], b->coordinates[i], NULL), 1e-12, 0.0);
        assert_true(isnan(b->lower[i]) && isnan(b->upper[i]) && isfinite(b->mean[i]));
    }
    basin_band_destroy(&b);
}

static void batches_are_drawn_without_replacement_and_repeat(void **state)
{
    fixture    *f = *state;
    basin_band *b = NULL, *again = NULL;

    basin_band_request r = request(f, BASIN_BAND_BATCH);
    r.batches = 4, r.batch_size = 60; /* all samples: without replacement, every batch is all of them */
    assert_ok(basin_band_compute(&r, &b));
    for (size_t k = 0; k < 4; k++)
        for (size_t i = 0; i < POINTS; i++) assert_close(b->loss[k * POINTS + i], b->whole[i], 1e-13, 0.0);
    basin_band_destroy(&b);
    r.batch_size = 12, r.batches = 400;
    assert_ok(basin_band_compute(&r, &b));
    assert_ok(basin_band_compute(&r, &again));
    assert_int_equal(b->batch_size, 12);
    assert_true(b->seed == 9);
    assert_memory_equal(b->loss, again->loss, 400 * POINTS * sizeof(double));
    for (size_t i = 0; i < POINTS; i++) {
        const double error = b->deviation[i] / sqrt(400.0); /* the mean over batches is unbiased */
        assert_true(fabs(b->mean[i] - b->whole[i]) < 4.0 * error);
        assert_true(b->deviation[i] > 0.0);
    }
    basin_band_destroy(&again);
    r.seed = 10;
    assert_ok(basin_band_compute(&r, &again));
    assert_true(again->loss[0] != b->loss[0]);
    basin_band_destroy(&again);
    basin_band_destroy(&b);
}

static void bands_of_nothing_are_refused(void **state)
{
    fixture    *f = *state;
    basin_band *b = NULL;
    int64_t     one[60] = {0};

    basin_band_request r = request(f, BASIN_BAND_SEED);
    r.direction_count = 1;
    assert_status(basin_band_compute(&r, &b), BASIN_ERR_ARG);
    assert_message("a band needs at least 2 lines, got 1");
    r = request(f, BASIN_BAND_CLASS);
    r.classes = one;
    assert_status(basin_band_compute(&r, &b), BASIN_ERR_ARG);
    assert_message("a band of classes needs at least 2, the samples have 1");
    r.classes = NULL;
    assert_status(basin_band_compute(&r, &b), BASIN_ERR_ARG);
    r = request(f, BASIN_BAND_BATCH);
    r.batch_size = 61;
    assert_status(basin_band_compute(&r, &b), BASIN_ERR_ARG);
    assert_message("a batch of 61 of 60 samples");
    r.batch_size = 0, r.from = 1.0;
    assert_status(basin_band_compute(&r, &b), BASIN_ERR_VALUE);
    assert_message("the range 1:1 of a band is empty");
    r.from = 0.0, r.grid = 1;
    assert_status(basin_band_compute(&r, &b), BASIN_ERR_VALUE);
    r = request(f, BASIN_BAND_BATCH);
    r.direction_count = 2;
    assert_status(basin_band_compute(&r, &b), BASIN_ERR_ARG);
    assert_message("a band of samples takes 1 direction, got 2");
    assert_null(b);
}

static void a_line_that_is_not_finite_has_no_mean_there(void **state)
{
    fixture    *f = *state;
    basin_band *b = NULL;

    basin_band_request r = request(f, BASIN_BAND_SEED);
    r.to = 1e200;
    assert_ok(basin_band_compute(&r, &b));
    assert_true(isfinite(b->mean[0]) && isnan(b->mean[POINTS - 1]) && isnan(b->upper[POINTS - 1]));
    basin_band_destroy(&b);
}

static basin_status compute_once(void *payload)
{
    fixture           *f = payload;
    basin_band        *b = NULL;
    basin_band_request r = request(f, BASIN_BAND_CLASS);
    basin_status       st = basin_band_compute(&r, &b);

    if (st != BASIN_OK) assert_null(b);
    basin_band_destroy(&b);
    return st;
}

static void every_failed_allocation_is_clean(void **state)
{
    basin_test_every_allocation(compute_once, *state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_seed_is_its_own_slice),
        cmocka_unit_test(classes_add_up_to_all_samples),
        cmocka_unit_test(batches_are_drawn_without_replacement_and_repeat),
        cmocka_unit_test(bands_of_nothing_are_refused),
        cmocka_unit_test(a_line_that_is_not_finite_has_no_mean_there),
        cmocka_unit_test(every_failed_allocation_is_clean),
    };
    return cmocka_run_group_tests_name("band", tests, setup, teardown);
}

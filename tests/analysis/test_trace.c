/* Traces by random vectors, whole and by tensor. */
#include "spectra.h"

#include <math.h>

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
    exact e = of_rank("rank 5", 200);

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
    const size_t limit = basin_memory_limit();
    basin_memory_limit_set(92 * 50 * sizeof(double));
    assert_status(basin_trace_compute(p.point, NULL, &t), BASIN_ERR_BUDGET);
    assert_message("vectors of 50 parameters and the network need");
    assert_message("bytes at least, the limit is 36800: fewer products need less, hutchinson's method least");
    basin_memory_limit_set(limit);
    p.d.broken = 2;
    assert_status(basin_trace_compute(p.point, NULL, &t), BASIN_ERR_NUMERIC);
    assert_message("with the Hessian is not finite");
    close_problem(&p);
    basin_free(e.x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(traces_are_unbiased_with_the_error_they_say),
        cmocka_unit_test(the_trace_of_low_rank_is_exact),
        cmocka_unit_test(the_sums_over_tensors_are_those_of_the_diagonal),
        cmocka_unit_test(too_few_products_for_a_trace_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

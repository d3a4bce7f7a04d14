/* Memory: what is counted, and what a frozen point keeps within a limit. */
#include <string.h>

#include "problem.h"
#include "support.h"

static void what_is_allocated_is_counted(void **state)
{
    size_t before = basin_memory_used();
    char  *block = basin_alloc(1000, 100);

    (void)state;
    assert_non_null(block);
    assert_in_range(basin_memory_used() - before, 100000, 100000 + 2 * BASIN_ALIGNMENT);
    assert_int_equal(basin_memory_used() - before, basin_block_bytes(1000, 100));
    assert_int_equal(basin_block_bytes(SIZE_MAX / 2, 3), SIZE_MAX);
    assert_true(basin_memory_peak() >= before + 100000);
    basin_free(block);
    assert_int_equal(basin_memory_used(), before);
    basin_memory_watch();
    assert_int_equal(basin_memory_peak(), before);
    block = basin_alloc(0, 8);
    assert_non_null(block);
    block = basin_grow(block, 0, 5000, 1);
    assert_in_range(basin_memory_peak() - before, 5000, 5000 + 4 * BASIN_ALIGNMENT);
    basin_free(block);
    basin_free(NULL);
    assert_int_equal(basin_memory_used(), before);
}

static void the_limit_leaves_what_is_not_used_or_set_aside(void **state)
{
    size_t used = basin_memory_used();

    (void)state;
    basin_memory_limit_set(used + BASIN_MEMORY_PROGRAM + 5000);
    assert_int_equal(basin_memory_left(), 5000);
    assert_int_equal(basin_memory_set_aside(3000), 0);
    assert_int_equal(basin_memory_left(), 2000);
    assert_int_equal(basin_memory_set_aside(SIZE_MAX), 3000);
    assert_int_equal(basin_memory_left(), 0);
    basin_memory_set_aside(0);
    basin_memory_limit_set(1);
    assert_int_equal(basin_memory_left(), 0);
    basin_memory_limit_set(0);
}

/* ------------------------------------------------------------------------------------- within a limit -- */

enum { VECTORS = 20 }; /* more than a block */

static problem network(size_t samples)
{
    problem p = {.loss = {.kind = BASIN_LOSS_SOFTMAX_CROSS_ENTROPY}};

    assert_ok(basin_graph_mlp((size_t[]){12, 30, 20, 5}, 4, "Softplus", &p.graph));
    problem_data(&p, samples, 5, 0, 21);
    problem_theta(&p, 0.4, 22);
    return p;
}

/* Products at a point that may take `room` bytes beside what there is. */
static basin_provision multiply(const problem *p, basin_objective *o, size_t room, const double *v,
                                double *hv)
{
    basin_provision  provision;
    basin_curvature *c = NULL;
    size_t           before = basin_memory_used(), taken;

    basin_memory_limit_set(before + BASIN_MEMORY_PROGRAM + room);
    assert_ok(basin_curvature_create(o, NULL, p->theta, BASIN_HESSIAN, &c));
    taken = basin_memory_used() - before;
    basin_curvature_provision(c, &provision);
    assert_ok(basin_curvature_product(c, v, VECTORS, hv));
    basin_curvature_destroy(&c);
    basin_memory_limit_set(0);
    assert_int_equal(basin_memory_used(), before);
    /* what it says is what it takes, but for the curvature's own structures */
    size_t told = provision.shared_bytes + provision.threads * provision.thread_bytes + provision.kept_bytes;
    assert_in_range(taken, told, told + 1024);
    if (provision.kept > 0) assert_in_range(taken, 0, room);
    return provision;
}

static void check_limits(basin_precision precision, size_t samples)
{
    problem          p = network(samples);
    basin_objective *o = NULL;
    double          *v = basin_alloc(VECTORS * p.size, sizeof *v);
    double          *whole = basin_alloc(VECTORS * p.size, sizeof *v);
    double          *hv = basin_alloc(VECTORS * p.size, sizeof *v);
    size_t           partly = 0, fewer = 0;

    for (size_t i = 0; i < VECTORS * p.size; i++) v[i] = (double)(i * 7 % 11) - 5.0;
    basin_threads_set(1);
    assert_ok(basin_network_objective(p.graph, &p.loss, &p.data,
                                      &(basin_network_options){.precision = precision}, &o));
    basin_provision all = multiply(&p, o, 1 << 28, v, whole), told;
    assert_int_equal(all.kept, all.parts);
    basin_objective_requirement(o, 1, &told);
    assert_memory_equal(&told, &all, sizeof all);
    for (size_t threads = 1; threads <= 3; threads++) {
        size_t last = 0;
        basin_threads_set(threads);
        for (size_t room = 0; last < all.parts; room += room < 400000 ? 40000 : 150000) {
            basin_provision now = multiply(&p, o, room, v, hv);
            assert_memory_equal(hv, whole, VECTORS * p.size * sizeof *hv);
            assert_true(now.kept >= last || now.threads > 1);
            assert_int_equal(now.block, all.block);
            assert_in_range(now.threads, 1, threads);
            assert_true(room > 0 || (now.kept == 0 && now.threads == 1));
            last = now.kept;
            partly += now.kept > 0 && now.kept < now.parts;
            fewer += now.threads < threads;
        }
    }
    assert_true(partly > 10 && fewer > 2);
    basin_threads_set(0);
    basin_free(v);
    basin_free(whole);
    basin_free(hv);
    basin_objective_destroy(&o);
    problem_release(&p);
}

static void any_limit_and_any_threads_give_the_same_bits(void **state)
{
    (void)state;
    check_limits(BASIN_DOUBLE, 2700);
    check_limits(BASIN_DOUBLE, 2560); /* no part is smaller than the others */
    check_limits(BASIN_SINGLE, 2700);
}

/* Sweeps that loss and gradient left behind give way, and come again. */
static void the_gradient_makes_room_and_comes_again(void **state)
{
    problem          p = network(2700);
    basin_objective *o = NULL;
    basin_curvature *c = NULL;
    double          *g = basin_alloc(2 * p.size, sizeof *g);
    basin_loss       loss;
    size_t           before;

    (void)state;
    assert_ok(basin_network_objective(p.graph, &p.loss, &p.data, NULL, &o));
    before = basin_memory_used();
    assert_ok(basin_objective_gradient(o, NULL, p.theta, &loss, g));
    assert_true(basin_memory_used() > before + 10000);
    basin_memory_limit_set(1);
    assert_ok(basin_curvature_create(o, NULL, p.theta, BASIN_HESSIAN, &c));
    basin_curvature_destroy(&c);
    assert_int_equal(basin_memory_used(), before);
    assert_ok(basin_objective_gradient(o, NULL, p.theta, &loss, g + p.size)); /* on one thread now */
    basin_memory_limit_set(0);
    assert_memory_equal(g, g + p.size, p.size * sizeof *g);
    basin_free(g);
    basin_objective_destroy(&o);
    problem_release(&p);
}

/* Losses on a plane within any limit: stores and threads give way, bits do not. */
static void a_plane_has_the_same_bits_within_any_limit(void **state)
{
    problem          p = network(2700);
    basin_objective *o = NULL;
    double          *d = basin_alloc(2 * p.size, sizeof *d), coef[18];
    basin_loss       whole[9], part[9];

    (void)state;
    for (size_t i = 0; i < 2 * p.size; i++) d[i] = (double)(i * 5 % 13) / 60.0 - 0.1;
    for (size_t i = 0; i < 18; i++) coef[i] = (double)(i * 7 % 9) / 4.0 - 1.0;
    assert_ok(basin_network_objective(p.graph, &p.loss, &p.data, NULL, &o));
    basin_threads_set(1);
    assert_ok(basin_objective_subspace(o, NULL, p.theta, d, 2, coef, 9, whole));
    basin_threads_set(3);
    for (size_t room = 0; room < 2000000; room += 250000) {
        size_t before = basin_memory_used();
        basin_memory_limit_set(before + BASIN_MEMORY_PROGRAM + room);
        basin_memory_watch();
        assert_ok(basin_objective_subspace(o, NULL, p.theta, d, 2, coef, 9, part));
        basin_memory_limit_set(0);
        assert_memory_equal(part, whole, sizeof whole);
        if (room >= 1000000) /* less is the smallest plan */
            assert_in_range(basin_memory_peak() - before, 0, room);
    }
    basin_threads_set(0);
    basin_free(d);
    basin_objective_destroy(&o);
    problem_release(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_allocated_is_counted),
        cmocka_unit_test(the_limit_leaves_what_is_not_used_or_set_aside),
        cmocka_unit_test(any_limit_and_any_threads_give_the_same_bits),
        cmocka_unit_test(the_gradient_makes_room_and_comes_again),
        cmocka_unit_test(a_plane_has_the_same_bits_within_any_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

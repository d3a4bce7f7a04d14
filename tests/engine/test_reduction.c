/* Sums over groups: the tree, whoever fills and sums it, within the memory that it tells; and groups of
   samples. */
#include <string.h>

#include "engine/objective/workers.h"
#include "support.h"

static const size_t threads_tried[] = {1, 2, 3, 8, 17, 64};

enum { THREADS = sizeof threads_tried / sizeof *threads_tried, REALS = 9001, DOUBLES = 6 };

/* Numbers whose sum depends on the order: of very different sizes. */
static double number(size_t group, size_t i)
{
    const uint64_t mixed = (group * 7919 + i * 104729 + 1) * 2654435761u;

    return ((double)(mixed % 2003) - 1001.0) * (mixed % 5 == 0 ? 1e9 : 1e-3);
}

typedef struct recorder {
    size_t  reals, doubles;
    double *sums;  /* [reals] */
    size_t *taken; /* [reals] how often */
    size_t  calls, most;
} recorder;

static void record_fill(void *payload, size_t thread, size_t group, size_t count, real *reals,
                        double *doubles)
{
    recorder *r = payload;

    (void)thread;
#pragma omp atomic
    r->calls++;
    for (size_t g = 0; g < count; g++) {
        for (size_t i = 0; i < r->reals; i++) reals[g * r->reals + i] += (real)number(group + g, i);
        for (size_t i = 0; i < r->doubles; i++)
            doubles[g * r->doubles + i] += number(group + g, r->reals + i);
    }
}

static void record_take(void *payload, size_t first, size_t count, const double *sums)
{
    recorder *r = payload;

    memcpy(r->sums + first, sums, count * sizeof *sums);
    for (size_t i = first; i < first + count; i++) r->taken[i]++;
}

/* The definition. */
static double tree_sum(size_t group, size_t count, size_t i)
{
    return count == 1 ? number(group, i)
                      : tree_sum(group, count / 2, i) + tree_sum(group + count / 2, count / 2, i);
}

static void check_sums(const basin_reduction *job, const recorder *r)
{
    for (size_t i = 0; i < job->reals; i += 97) assert_true(r->sums[i] == tree_sum(0, job->groups, i));
    for (size_t i = 0; i < job->doubles; i++)
        assert_true(job->total[i] == tree_sum(0, job->groups, r->reals + i));
    for (size_t i = 0; i < job->reals; i++) assert_int_equal(r->taken[i], 1);
}

/* Every tree that any number of threads makes, of any number of groups, also for fewer of them and smaller
 * parts; any grain. */
static void a_sum_is_that_of_the_binary_tree(void **state)
{
    double   total[DOUBLES];
    recorder r = {.sums = basin_alloc(REALS, sizeof *r.sums), .taken = basin_alloc(REALS, sizeof *r.taken)};
    basin_reduction job = {.fill = record_fill, .take = record_take, .total = total, .state = &r};

    (void)state;
    for (size_t t = 0; t < THREADS; t++)
        for (size_t most = 1; most <= 256; most *= 4) {
            basin_tree *tree = NULL;
            assert_ok(basin_tree_create(most, threads_tried[t], REALS, DOUBLES, &tree));
            for (job.groups = most; job.groups > 0; job.groups /= 4)
                for (job.grain = 0; job.grain <= 16; job.grain = job.grain == 0 ? 4 : 4 * job.grain) {
                    job.reals = r.reals = job.grain == 0 ? REALS : 300;
                    job.doubles = r.doubles = job.grain == 4 ? 0 : DOUBLES;
                    memset(r.taken, 0, REALS * sizeof *r.taken);
                    r.calls = 0;
                    assert_ok(basin_reduce(&job, tree, threads_tried[t]));
                    check_sums(&job, &r);
                    assert_true(r.calls <= job.groups && (job.grain > 0 || r.calls == job.groups));
                }
            basin_tree_destroy(&tree);
        }
    basin_free(r.sums);
    basin_free(r.taken);
}

/* left := (left, right) as a string of digits: the order of groups shows. */
static void join(double *left, const double *right, size_t doubles)
{
    for (size_t i = 0; i < doubles; i += 2) {
        left[i] = left[i] * right[i + 1] + right[i];
        left[i + 1] *= right[i + 1];
    }
}

static void digit_fill(void *payload, size_t thread, size_t group, size_t count, real *reals, double *doubles)
{
    (void)payload, (void)thread, (void)reals;
    for (size_t g = 0; g < count; g++) doubles[2 * g] = (double)((group + g) % 10), doubles[2 * g + 1] = 10.0;
}

static void what_combines_parts_sees_left_and_right(void **state)
{
    (void)state;
    for (size_t t = 0; t < THREADS; t++) {
        basin_tree *tree = NULL;
        double      total[2];
        assert_ok(basin_tree_create(8, threads_tried[t], 0, 2, &tree));
        assert_ok(basin_reduce(
            &(basin_reduction){
                .groups = 8, .doubles = 2, .fill = digit_fill, .combine = join, .total = total},
            tree, threads_tried[t]));
        assert_true(total[0] == 1234567.0 && total[1] == 1e8);
        basin_tree_destroy(&tree);
    }
}

/* log2(groups) + 1 parts a thread at most, in double, and no more than it tells. */
static void memory_is_a_few_parts_a_thread(void **state)
{
    const size_t part = 1 << 20;

    (void)state;
    for (size_t t = 0; t < THREADS; t++)
        for (size_t groups = 64, levels = 6; groups <= 1024; groups *= 2, levels++) {
            const size_t threads = threads_tried[t], told = basin_tree_bytes(groups, threads, part, 1);
            const size_t before = basin_memory_used();
            basin_tree  *tree = NULL;
            assert_true(told <= threads * (levels + 1) * part * sizeof(double) + (1 << 16));
            if (told > (size_t)1 << 29) continue; /* more than a test should ask for */
            assert_ok(basin_tree_create(groups, threads, part, 1, &tree));
            assert_int_equal(basin_memory_used() - before, told);
            basin_tree_destroy(&tree);
        }
}

typedef struct stopper {
    size_t polls, after;
} stopper;

static bool stop_after(void *payload, const char *stage, double done, double total)
{
    stopper *s = payload;

    (void)stage, (void)done, (void)total;
    return s->polls++ < s->after;
}

/* Interrupted at any group, it says so; what was left in its memory does not show in the next sum. */
static void an_interrupted_sum_leaves_nothing_behind(void **state)
{
    double          total[DOUBLES];
    recorder        r = {.reals = 300,
                         .doubles = DOUBLES,
                         .sums = basin_alloc(REALS, sizeof *r.sums),
                         .taken = basin_alloc(REALS, sizeof *r.taken)};
    basin_reduction job = {.groups = 64,
                           .reals = 300,
                           .doubles = DOUBLES,
                           .fill = record_fill,
                           .take = record_take,
                           .total = total,
                           .state = &r};

    (void)state;
    for (size_t t = 0; t < THREADS; t++)
        for (size_t after = 0; after < 64; after += 21) {
            stopper     s = {.after = after};
            basin_tree *tree = NULL;
            assert_ok(basin_tree_create(64, threads_tried[t], REALS, DOUBLES, &tree));
            basin_progress_set(&(basin_progress){.report = stop_after, .payload = &s});
            const basin_status st = basin_reduce(&job, tree, threads_tried[t]);
            basin_progress_set(NULL);
            /* the first thread alone asks */
            assert_int_equal(st, s.polls > after ? BASIN_ERR_INTERRUPTED : BASIN_OK);
            if (threads_tried[t] == 1) assert_int_equal(st, BASIN_ERR_INTERRUPTED);
            memset(r.taken, 0, REALS * sizeof *r.taken);
            assert_ok(basin_reduce(&job, tree, threads_tried[t]));
            check_sums(&job, &r);
            basin_tree_destroy(&tree);
        }
    basin_free(r.sums);
    basin_free(r.taken);
}

/* ----------------------------------------------------------------------------------- groups of samples -- */

static void check_grouping(const basin_network *net, size_t samples)
{
    const basin_grouping g = basin_group_samples(net, samples);
    size_t               unit = 0, chunk = 0, least = SIZE_MAX, largest = 0;

    assert_int_equal(g.groups & (g.groups - 1), 0);
    for (size_t group = 0; group < g.groups; group++) {
        const size_t units = basin_group_unit(&g, group + 1) - basin_group_unit(&g, group);
        assert_int_equal(basin_group_unit(&g, group), unit);
        if (units < least) least = units;
        if (units > largest) largest = units;
        for (; chunk < basin_group_chunk(&g, group + 1); chunk++) {
            const basin_chunk c = basin_chunk_at(&g, group, chunk);
            assert_int_equal(c.unit, unit);
            assert_in_range(c.end - c.unit, 1, net->most);
            unit = c.end;
        }
    }
    assert_int_equal(unit, g.units);
    assert_int_equal(chunk, g.chunks);
    assert_true(largest - least <= 1);
    /* where there are few groups, half as many could not be one chunk each */
    assert_true(g.groups >= 64 || g.groups == 1 || g.groups / 2 * net->most < g.units);
    assert_true(largest <= 16 * net->most);
    if (net->unit == BASIN_LANES)
        assert_int_equal(basin_rows_before(&g, g.units), (samples + BASIN_LANES - 1) / BASIN_LANES);
}

static void groups_are_even_and_a_power_of_two(void **state)
{
    (void)state;
    for (size_t most = 1; most <= 20; most += most < 4 ? 1 : 4)
        for (size_t samples = 1; samples < 3000000; samples += samples / 3 + 1) {
            check_grouping(&(basin_network){.unit = BASIN_LANES, .most = most}, samples);
            check_grouping(&(basin_network){.unit = 50, .most = 1}, samples);
        }
    assert_int_equal(basin_group_samples(&(basin_network){.unit = BASIN_LANES, .most = 20}, 10000).groups,
                     32); /* 784-512-256-10 */
    assert_int_equal(basin_group_samples(&(basin_network){.unit = BASIN_LANES, .most = 8}, 10000).groups,
                     128);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sum_is_that_of_the_binary_tree),
        cmocka_unit_test(what_combines_parts_sees_left_and_right),
        cmocka_unit_test(memory_is_a_few_parts_a_thread),
        cmocka_unit_test(an_interrupted_sum_leaves_nothing_behind),
        cmocka_unit_test(groups_are_even_and_a_power_of_two),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

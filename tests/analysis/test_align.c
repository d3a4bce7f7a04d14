/* Weight matching, and the assignments that it consists of. */
#include <math.h>
#include <string.h>

#include "core/linalg.h"
#include "core/random.h"
#include "symmetries.h"

/* ----------------------------------------------------------------------------------------- assignments -- */

static double worth(const double *value, size_t n, const size_t *column)
{
    double sum = 0.0;

    for (size_t i = 0; i < n; i++) sum += value[i * n + column[i]];
    return sum;
}

static void assert_permutation(const size_t *column, size_t n)
{
    bool *seen = basin_alloc(n, sizeof *seen);

    for (size_t i = 0; i < n; i++) {
        assert_true(column[i] < n && !seen[column[i]]);
        seen[column[i]] = true;
    }
    basin_free(seen);
}

/* The best of all n! assignments, by exchanging; `column` begins as 0, 1, …. */
static double best_of_all(const double *value, size_t n, size_t *column, size_t from)
{
    double best = -INFINITY;

    if (from == n) return worth(value, n, column);
    for (size_t i = from; i < n; i++) {
        size_t kept = column[from];
        column[from] = column[i], column[i] = kept;
        best = fmax(best, best_of_all(value, n, column, from + 1));
        kept = column[from];
        column[from] = column[i], column[i] = kept;
    }
    return best;
}

static void assignments_are_the_best_of_all_permutations(void **state)
{
    basin_random r = basin_random_start(1, BASIN_STREAM_TEST);
    double       value[64];
    size_t       found[8], all[8];

    (void)state;
    for (size_t n = 1; n <= 8; n++)
        for (size_t trial = 0; trial < (n < 7 ? 50 : 5); trial++) {
            /* every other one has many ties */
            for (size_t i = 0; i < n * n; i++)
                value[i] = trial % 2 ? (double)basin_random_below(&r, 3) : basin_random_normal(&r);
            for (size_t i = 0; i < n; i++) all[i] = i;
            assert_ok(basin_assign(value, n, found));
            assert_permutation(found, n);
            assert_close(worth(value, n, found), best_of_all(value, n, all, 0), 1e-13, 1e-13);
        }
}

/* A linear congruence that tests/data/make_assignment.py writes down, too: scipy 1.17's
   linear_sum_assignment finds this sum. */
static void a_large_assignment_agrees_with_scipy(void **state)
{
    const size_t n = 200;
    double      *value = basin_alloc(n * n, sizeof *value);
    size_t      *column = basin_alloc(n, sizeof *column);
    uint64_t     x = 1;

    (void)state;
    for (size_t i = 0; i < n * n; i++) {
        x = (x * 1103515245 + 12345) % 2147483648;
        value[i] = (double)x;
    }
    assert_ok(basin_assign(value, n, column));
    assert_permutation(column, n);
    assert_true(worth(value, n, column) == 425713794028.0);
    basin_free(value);
    basin_free(column);
}

static void values_that_are_no_numbers_are_refused(void **state)
{
    const double value[] = {1.0, 2.0, NAN, 4.0};
    size_t       column[2];

    (void)state;
    assert_status(basin_assign(value, 2, column), BASIN_ERR_VALUE);
    assert_message("row 1, column 0 of an assignment: nan");
}

/* -------------------------------------------------------------------------------------------- matching -- */

typedef struct pair_of { /* A, and a B that is to be aligned with it */
    basin_checkpoint *ck;
    basin_dataset    *data;
    basin_symmetries *symmetries;
    basin_graph      *graph; /* B's */
    double           *b;
} pair_of;

static pair_of load(const char *file)
{
    pair_of p = {0};

    assert_ok(basin_checkpoint_read(basin_test_data(file), &p.ck));
    assert_ok(basin_checkpoint_dataset(p.ck, NULL, &p.data));
    assert_ok(basin_network_symmetries(p.ck->graph, &p.symmetries));
    assert_ok(basin_graph_copy(p.ck->graph, &p.graph));
    p.b = basin_alloc(p.ck->params->size, sizeof *p.b);
    basin_copy(p.ck->theta, p.b, p.ck->params->size);
    return p;
}

static void unload(pair_of *p)
{
    basin_free(p->b);
    basin_graph_destroy(&p->graph);
    basin_symmetries_destroy(&p->symmetries);
    basin_dataset_destroy(&p->data);
    basin_checkpoint_destroy(&p->ck);
}

/* Every group of B changes places at random. */
static void shuffle(pair_of *p, uint64_t seed)
{
    basin_random r = basin_random_start(seed, BASIN_STREAM_TEST);

    for (size_t i = 0; i < p->symmetries->permutation_count; i++) {
        const basin_unit_group *group = &p->symmetries->permutations[i];
        size_t                 *order = basin_alloc(group->units, sizeof *order);
        for (size_t u = 0; u < group->units; u++) order[u] = u;
        basin_random_shuffle(&r, order, group->units);
        assert_ok(basin_symmetry_permute(group, order, p->graph, p->b));
        basin_free(order);
    }
}

static void shuffled_units_are_brought_back_exactly(void **state)
{
    const char *const files[] = {"oracle_relu_smoothed.h5", "oracle_lenet.h5", "oracle_bn.h5",
                                 "oracle_resnet.h5",        "oracle_vit.h5",   "oracle_gpt.h5"};

    (void)state;
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        for (uint64_t seed = 0; seed < 5; seed++) {
            pair_of          p = load(files[i]);
            basin_alignment *found = NULL;
            shuffle(&p, seed);
            assert_ok(basin_alignment_compute(p.symmetries, p.ck->theta, p.graph, p.b, seed, &found));
            print_message("    %-24s seed %d: distance %.3g, then %.3g; %zu rounds\n", files[i], (int)seed,
                          found->distance_before, found->distance_after, found->rounds);
            assert_true(found->distance_before > 0.1);
            assert_true(found->distance_after == 0.0);
            assert_memory_equal(p.b, p.ck->theta, p.ck->params->size * sizeof *p.b);
            for (size_t k = 0; k < p.graph->buffer_count; k++)
                assert_memory_equal(p.graph->buffers[k].values, p.ck->graph->buffers[k].values,
                                    p.graph->buffers[k].size * sizeof(double));
            basin_alignment_destroy(&found);
            unload(&p);
        }
}

/* Noise on top: nearer than before, and the product is what it is said to be. */
static void other_weights_come_nearer_and_keep_their_function(void **state)
{
    pair_of          p = load("oracle_resnet.h5");
    const size_t     size = p.ck->params->size;
    basin_random     r = basin_random_start(9, BASIN_STREAM_TEST);
    basin_alignment *found = NULL, *again = NULL;
    basin_objective *before = NULL, *after = NULL;
    double          *was = basin_alloc(size, sizeof *was), difference, magnitude, sum = 0.0;

    (void)state;
    for (size_t i = 0; i < size; i++) p.b[i] += 0.3 * basin_random_normal(&r);
    basin_copy(p.b, was, size);
    assert_ok(basin_network_objective(p.graph, &p.ck->loss, p.data, NULL, &before));
    assert_ok(basin_alignment_compute(p.symmetries, p.ck->theta, p.graph, p.b, 1, &found));
    assert_ok(basin_network_objective(p.graph, &p.ck->loss, p.data, NULL, &after));
    assert_ok(basin_network_difference(before, was, after, p.b, &difference, &magnitude));
    assert_true(difference <= 1e-12 * magnitude);
    assert_true(found->product_after >= found->product_before);
    assert_close(found->product_after, basin_dot(p.ck->theta, p.b, size), 1e-13, 0);
    for (size_t i = 0; i < size; i++) sum += (p.b[i] - p.ck->theta[i]) * (p.b[i] - p.ck->theta[i]);
    assert_close(found->distance_after, sqrt(sum), 1e-13, 0);
    assert_true(isnan(found->difference));
    /* what is matched is not matched better */
    assert_ok(basin_alignment_compute(p.symmetries, p.ck->theta, p.graph, p.b, 2, &again));
    assert_int_equal(again->rounds, 1);
    assert_true(again->product_after == again->product_before);
    basin_alignment_destroy(&found);
    basin_alignment_destroy(&again);
    basin_objective_destroy(&before);
    basin_objective_destroy(&after);
    basin_free(was);
    unload(&p);
}

static void weights_that_are_not_finite_are_refused(void **state)
{
    pair_of          p = load("oracle_lenet.h5");
    basin_alignment *found = NULL;

    (void)state;
    p.b[3] = INFINITY;
    assert_status(basin_alignment_compute(p.symmetries, p.ck->theta, p.graph, p.b, 0, &found),
                  BASIN_ERR_VALUE);
    assert_message("units cannot be matched: weights are not finite");
    unload(&p);
}

static void units_that_are_all_held_are_refused(void **state)
{
    pair_of          p = load("oracle_conv1d.h5");
    basin_alignment *found = NULL;

    (void)state;
    assert_status(basin_alignment_compute(p.symmetries, p.ck->theta, p.graph, p.b, 0, &found),
                  BASIN_ERR_UNSUPPORTED);
    assert_message("no hidden units of the network may change places: they are held by node 6 (Conv)");
    unload(&p);
}

static basin_status match(void *payload)
{
    pair_of           *p = payload;
    basin_alignment   *found = NULL;
    const basin_status st = basin_alignment_compute(p->symmetries, p->ck->theta, p->graph, p->b, 0, &found);

    basin_alignment_destroy(&found);
    return st;
}

static void every_failed_allocation_is_clean(void **state)
{
    pair_of p = load("oracle_vit.h5");

    (void)state;
    basin_test_every_allocation(match, &p);
    unload(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(assignments_are_the_best_of_all_permutations),
        cmocka_unit_test(a_large_assignment_agrees_with_scipy),
        cmocka_unit_test(values_that_are_no_numbers_are_refused),
        cmocka_unit_test(shuffled_units_are_brought_back_exactly),
        cmocka_unit_test(other_weights_come_nearer_and_keep_their_function),
        cmocka_unit_test(weights_that_are_not_finite_are_refused),
        cmocka_unit_test(units_that_are_all_held_are_refused),
        cmocka_unit_test(every_failed_allocation_is_clean),
    };

    return basin_initialise() == BASIN_OK ? cmocka_run_group_tests_name("align", tests, NULL, NULL) : 1;
}

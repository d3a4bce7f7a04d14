/* Rank correlations of measures with generalisation over runs: against SciPy, by groups that differ in one
 * setting alone, and how often the interval holds what it should.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "comparison_table.h"
#include "core/random.h"

static const basin_correlation *find(const basin_comparison *c, const char *measure, const char *over)
{
    for (size_t i = 0; i < c->correlation_count; i++) {
        const basin_correlation *k = &c->correlations[i];
        if (strcmp(k->measure, measure) == 0 && strcmp(k->against, "gap") == 0 && strcmp(k->over, over) == 0)
            return k;
    }
    return NULL;
}

/* Ties in both: scipy.stats.kendalltau of SciPy 1.17.1. */
static void tau_is_that_of_scipy(void **state)
{
    static const double x[] = {10, 10.5, 9, 12, 12, 8, 7.5, 11, 13, 6};
    static const double y[] = {.3, .31, .25, .4, .35, .3, .2, .33, .33, .1};
    static table        t;
    basin_comparison   *c;

    (void)state;
    t = (table){0};
    for (size_t i = 0; i < 10; i++) {
        basin_row *row = table_add(&t, i % 2 == 0 ? "gd" : "sam", (int64_t)i / 2, 100);
        row->lambda_max.value = x[i], row->gap.value = y[i];
    }
    c = table_compare(&t, NULL);
    const basin_correlation *k = find(c, "lambda_max", "all");
    assert_non_null(k);
    assert_close(k->tau, 0.8276408817690653, 1e-14, 0.0);
    assert_int_equal(k->runs, 10);
    assert_true(k->lower <= k->tau && k->tau <= k->upper && k->lower > 0.2 && k->upper <= 1.0);
    assert_true(k->by_seed && k->units == 5);
    basin_comparison_destroy(&c);
}

/* sam is flatter and has the smaller gap, but within a method the flatter run has the larger one: the whole
   says the opposite of the parts. */
static void what_methods_make_is_told_from_what_seeds_make(void **state)
{
    static table      t;
    basin_comparison *c;

    (void)state;
    t = (table){0};
    for (size_t s = 0; s < 6; s++) {
        basin_row *gd = table_add(&t, "gd", (int64_t)s, 100), *sam = table_add(&t, "sam", (int64_t)s, 100);
        gd->lambda_max.value = 20.0 + (double)s, gd->gap.value = 1.0 - 0.01 * (double)s;
        sam->lambda_max.value = 5.0 + (double)s, sam->gap.value = 0.5 - 0.01 * (double)s;
    }
    c = table_compare(&t, NULL);
    assert_close(find(c, "lambda_max", "all")->tau, (36.0 - 30.0) / 66.0, 1e-14, 0.0);
    assert_close(find(c, "lambda_max", "method")->tau, 1.0, 0.0, 0.0);
    assert_int_equal(find(c, "lambda_max", "method")->groups, 6);
    assert_close(find(c, "lambda_max", "method")->sign_error, 0.0, 0.0, 0.0);
    assert_close(find(c, "lambda_max", "seed")->tau, -1.0, 0.0, 0.0);
    assert_int_equal(find(c, "lambda_max", "seed")->groups, 2);
    assert_int_equal(find(c, "lambda_max", "seed")->pairs, 30);
    assert_close(find(c, "lambda_max", "seed")->sign_error, 1.0, 0.0, 0.0);
    assert_null(find(c, "lambda_max", "learning_rate"));
    assert_null(find(c, "test_loss", "all"));
    basin_comparison_destroy(&c);
}

static void a_setting_that_differs_alone_has_groups_of_its_own(void **state)
{
    static table      t;
    basin_comparison *c;

    (void)state;
    t = (table){0};
    for (size_t i = 0; i < 6; i++) {
        basin_row *row = table_add(&t, "gd", (int64_t)(i / 3), 100);
        snprintf(t.text[i][0], sizeof t.text[i][0], "runs/gd_%zu", i); /* runs of one seed, but not one run */
        row->learning_rate = 0.1 * (double)(1 + i % 3);
        row->lambda_max.value = 10.0 - (double)(i % 3), row->gap.value = 0.3 + 0.1 * (double)(i % 3);
    }
    c = table_compare(&t, NULL);
    assert_close(find(c, "lambda_max", "learning_rate")->tau, -1.0, 0.0, 0.0);
    assert_int_equal(find(c, "lambda_max", "learning_rate")->groups, 2);
    assert_null(find(c, "lambda_max", "method"));
    assert_null(find(c, "lambda_max", "seed")); /* no two seeds differ at one rate */
    basin_comparison_destroy(&c);
}

static void fewer_than_five_runs_are_not_correlated(void **state)
{
    static table      t;
    basin_comparison *c;

    (void)state;
    t = (table){0};
    table_flat_and_better(&t, 2);
    c = table_compare(&t, NULL);
    assert_int_equal(c->correlation_count, 0);
    basin_comparison_destroy(&c);
    t = (table){0};
    table_flat_and_better(&t, 3);
    c = table_compare(&t, NULL);
    assert_true(c->correlation_count > 0);
    assert_true(!c->correlations[0].by_seed && c->correlations[0].units == 6); /* 3 seeds are too few */
    basin_comparison_destroy(&c);
}

/* Normal numbers of correlation r: τ = 2/π arcsin r. Seeds are independent here, two runs of one share half
   of their variance. */
static void intervals_hold_the_true_tau(void **state)
{
    static table t;
    const double r = 0.6, truth = 2.0 / 3.141592653589793 * asin(r);
    const size_t studies = 200;
    basin_random random = basin_random_start(3, BASIN_STREAM_TEST);
    size_t       held = 0;

    (void)state;
    for (size_t i = 0; i < studies; i++) {
        t = (table){0};
        for (size_t s = 0; s < 12; s++) {
            const double shared[2] = {basin_random_normal(&random), basin_random_normal(&random)};
            for (size_t m = 0; m < 2; m++) {
                basin_row   *row = table_add(&t, m == 0 ? "gd" : "sam", (int64_t)s, 100);
                const double u = sqrt(0.5) * (shared[0] + basin_random_normal(&random));
                const double v = sqrt(0.5) * (shared[1] + basin_random_normal(&random));
                row->lambda_max.value = 10.0 + u, row->gap.value = r * u + sqrt(1.0 - r * r) * v;
            }
        }
        basin_comparison        *c = table_compare(&t, NULL);
        const basin_correlation *k = find(c, "lambda_max", "all");
        held += k->lower <= truth && truth <= k->upper;
        basin_comparison_destroy(&c);
    }
    if (held < 176) fail_msg("held in %zu of %zu", held, studies); /* 4.5 standard errors below 95 % */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tau_is_that_of_scipy),
        cmocka_unit_test(what_methods_make_is_told_from_what_seeds_make),
        cmocka_unit_test(a_setting_that_differs_alone_has_groups_of_its_own),
        cmocka_unit_test(fewer_than_five_runs_are_not_correlated),
        cmocka_unit_test(intervals_hold_the_true_tau),
    };

    return cmocka_run_group_tests_name("correlations", tests, NULL, NULL);
}

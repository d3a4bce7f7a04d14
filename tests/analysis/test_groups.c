/* Groups of a comparison by the values of a setting. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "comparison_table.h"

static const double radii[] = {0.2, 0.05, 0.1};
enum { SEEDS = 8, RADII = 3 };

/* gd, and sam with each radius from the same seeds; the larger the radius, the flatter. */
static void sweep(table *t)
{
    *t = (table){0};
    for (size_t s = 0; s < SEEDS; s++) {
        table_add(t, "gd", (int64_t)s, 100);
        for (size_t r = 0; r < RADII; r++) {
            basin_row *row = table_add(t, "sam", (int64_t)s, 100);
            snprintf(row->run, 64, "runs/sam%g_%zu", radii[r], s);
            row->rho = radii[r];
            row->lambda_max.value *= exp(-radii[r] * (1.0 + 0.1 * (double)s));
            row->test_accuracy.value += 0.1 * radii[r] + 0.001 * (double)s;
        }
    }
}

static void each_value_is_a_group_in_the_order_of_the_value(void **state)
{
    static const char *const names[] = {"gd", "sam, rho 0.05", "sam, rho 0.1", "sam, rho 0.2"};
    static table             t;
    basin_comparison        *c;

    (void)state;
    sweep(&t);
    c = table_compare(&t, &(basin_comparison_options){.by = "rho"});
    assert_string_equal(c->by, "rho");
    assert_int_equal(c->group_count, 4);
    for (size_t g = 0; g < 4; g++) {
        assert_string_equal(c->groups[g].name, names[g]);
        assert_int_equal(c->groups[g].run_count, SEEDS);
    }
    assert_true(isnan(c->groups[0].value));
    assert_close(c->groups[3].value, 0.2, 0.0, 0.0);
    assert_string_equal(c->base, "gd");
    assert_int_equal(c->report_pairs, 3);
    assert_int_equal(table_difference(c, "lambda_max", "sam, rho 0.2", "gd")->pairs, SEEDS);
    assert_int_equal(table_difference(c, "lambda_max", "sam, rho 0.2", "gd")->report, BASIN_VERDICT_LOWER);
    assert_close(table_difference(c, "lambda_max", "sam, rho 0.2", "gd")->mean, exp(-0.2 * 1.35), 1e-12, 0.0);
    table_note(c, "runs of sam", false);
    table_note(c, "of the 3 groups of sam «sam, rho 0.2» has the best mean test_accuracy", true);
    basin_comparison_destroy(&c);
}

static void without_it_a_mixture_is_said_and_is_not_paired(void **state)
{
    static table      t;
    basin_comparison *c;

    (void)state;
    sweep(&t);
    c = table_compare(&t, NULL);
    assert_null(c->by);
    assert_int_equal(c->group_count, 2);
    assert_false(table_difference(c, "lambda_max", "sam", "gd")->paired);
    table_note(
        c,
        "runs of sam differ in rho (0.05 to 0.2): its means mix them; 24 of them share their seed with "
        "another and are not paired. --by rho makes groups of its values",
        true);
    table_note(c, "runs of gd", false);
    basin_comparison_destroy(&c);
}

static void the_base_is_named_or_the_least_value_of_its_method(void **state)
{
    static table      t;
    basin_comparison *c;

    (void)state;
    sweep(&t);
    c = table_compare(&t, &(basin_comparison_options){.by = "rho", .base = "sam"});
    assert_string_equal(c->base, "sam, rho 0.05");
    table_note(c, "every group is held against «sam, rho 0.05», one of 3 of sam", true);
    basin_comparison_destroy(&c);
    c = table_compare(&t, &(basin_comparison_options){.by = "rho", .base = "sam, rho 0.1"});
    assert_string_equal(c->base, "sam, rho 0.1");
    assert_int_equal(table_difference(c, "lambda_max", "sam, rho 0.05", "sam, rho 0.1")->pairs, SEEDS);
    basin_comparison_destroy(&c);
    c = NULL;
    assert_int_equal(basin_comparison_compute(
                         t.rows, t.count, &(basin_comparison_options){.by = "rho", .base = "sam, rho 1"}, &c),
                     BASIN_ERR_MISSING);
    assert_string_equal(basin_error_message(), "no measured run of group sam, rho 1 to compare with");
    assert_int_equal(
        basin_comparison_compute(t.rows, t.count, &(basin_comparison_options){.by = "colour"}, &c),
        BASIN_ERR_ARG);
    assert_non_null(strstr(basin_error_message(), "colour is no setting to make groups by"));
}

static void full_batches_are_the_largest_and_equal_values_one_group(void **state)
{
    static const int64_t sizes[] = {0, 20, 5};
    static table         t;
    basin_comparison    *c;

    (void)state;
    t = (table){0};
    for (size_t s = 0; s < 4; s++)
        for (size_t b = 0; b < 3; b++) {
            basin_row *row = table_add(&t, "sgd", (int64_t)s, 100);
            snprintf(row->run, 64, "runs/sgd%lld_%zu", (long long)sizes[b], s);
            row->batch_size = sizes[b];
            row->learning_rate = s % 2 == 0 ? 0.1 : (double)0.1f;
        }
    c = table_compare(&t, &(basin_comparison_options){.by = "batch_size"});
    assert_int_equal(c->group_count, 3);
    assert_string_equal(c->groups[0].name, "sgd, batch_size 5");
    assert_string_equal(c->groups[2].name, "sgd, full batch");
    table_note(c, "differ in learning_rate", false);
    basin_comparison_destroy(&c);
    c = table_compare(&t, &(basin_comparison_options){.by = "learning_rate"});
    assert_int_equal(c->group_count, 1); /* 0.1 in single precision is 0.1 */
    table_note(c, "runs of sgd, learning_rate 0.1 differ in batch_size (0 to 20)", true);
    basin_comparison_destroy(&c);
}

/* gd goes on to sam's budget: each value of sam's radius is held against it there. */
static void every_value_that_spent_the_budget_is_held_against_it(void **state)
{
    static table      t;
    basin_comparison *c;

    (void)state;
    sweep(&t);
    for (size_t s = 0; s < SEEDS; s++) table_add(&t, "gd", (int64_t)s, 200);
    c = table_compare(&t, &(basin_comparison_options){.by = "rho"});
    assert_int_equal(c->group_count, 5);
    assert_string_equal(c->groups[4].name, "gd, budget of sam");
    assert_int_equal(c->report_pairs, 6);
    assert_int_equal(table_difference(c, "lambda_max", "sam, rho 0.1", "gd, budget of sam")->pairs, SEEDS);
    basin_comparison_destroy(&c);
}

static basin_status compare_once(void *payload)
{
    const table       *t = payload;
    basin_comparison  *c = NULL;
    const basin_status st =
        basin_comparison_compute(t->rows, t->count, &(basin_comparison_options){.by = "rho"}, &c);

    basin_comparison_destroy(&c);
    return st;
}

static void every_failed_allocation_is_clean(void **state)
{
    static table t;

    (void)state;
    sweep(&t);
    t.count = 8;
    basin_test_every_allocation(compare_once, &t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_value_is_a_group_in_the_order_of_the_value),
        cmocka_unit_test(without_it_a_mixture_is_said_and_is_not_paired),
        cmocka_unit_test(the_base_is_named_or_the_least_value_of_its_method),
        cmocka_unit_test(full_batches_are_the_largest_and_equal_values_one_group),
        cmocka_unit_test(every_value_that_spent_the_budget_is_held_against_it),
        cmocka_unit_test(every_failed_allocation_is_clean),
    };

    return cmocka_run_group_tests_name("groups", tests, NULL, NULL);
}

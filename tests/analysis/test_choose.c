/* Which checkpoints a comparison wants measured, from records alone; and that it compares those that it
   wanted. */
#include "support.h"

#include <math.h>
#include <string.h>

#include "comparison_table.h"
#include "core/schema.h"

/* A record as a listing gives it: whose, when, at what cost; no measure. */
static basin_row *list(table *t, const char *method, int64_t seed, int64_t step)
{
    basin_row *row = table_add(t, method, seed, step), listed = *row;

    basin_row_blank(row);
    row->run = listed.run, row->checkpoint = listed.checkpoint, row->method = listed.method;
    row->seed = seed, row->step = step, row->gradient_evaluations = listed.gradient_evaluations;
    return row;
}

static void assert_choices(const table *t, const basin_comparison_options *options,
                           const basin_choice *expected)
{
    basin_choice choices[TABLE_MOST];

    assert_ok(basin_comparison_choose(t->rows, t->count, options, choices));
    for (size_t i = 0; i < t->count; i++)
        if (choices[i] != expected[i])
            fail_msg("%s/%s: chosen as %d, wanted %d", t->rows[i].run, t->rows[i].checkpoint, (int)choices[i],
                     (int)expected[i]);
}

#define NONE BASIN_CHOICE_NONE
#define START BASIN_CHOICE_START
#define BEFORE BASIN_CHOICE_BEFORE
#define AT BASIN_CHOICE_AT
#define BUDGET BASIN_CHOICE_BUDGET
#define LOWEST BASIN_CHOICE_LOWEST
#define BROKEN BASIN_CHOICE_BROKEN

/* sam spends 2 a step, 80 at step 40; gd gets there at step 80, its last within that budget. */
static void the_common_step_the_starts_and_the_last_within_the_budget(void **unused)
{
    table t = {0};

    (void)unused;
    for (int64_t step = 0; step <= 100; step += 20) list(&t, "gd", 0, step);
    for (int64_t step = 0; step <= 40; step += 20) list(&t, "sam", 0, step);
    assert_choices(&t, NULL, (basin_choice[]){START, NONE, AT, NONE, BUDGET, NONE, START, NONE, AT});
}

static void what_does_not_record_its_cost_is_not_followed_further(void **unused)
{
    table t = {0};

    (void)unused;
    for (int64_t step = 20; step <= 80; step += 20) list(&t, "gd", 0, step)->gradient_evaluations = -1;
    list(&t, "sam", 0, 20);
    assert_choices(&t, NULL, (basin_choice[]){AT, NONE, NONE, NONE, AT});
}

/* The diverged run neither holds the step back nor is followed to the budget, but it is listed, and it
   stands where it still was whole. */
static void a_broken_run_does_not_decide(void **unused)
{
    table t = {0};

    (void)unused;
    for (int64_t step = 20; step <= 60; step += 20) list(&t, "gd", 0, step);
    list(&t, "gd", 1, 20), list(&t, "gd", 1, 25);
    list(&t, "gd", 1, 30)->missing = (char *)(uintptr_t) "diverged";
    for (int64_t step = 20; step <= 40; step += 20) list(&t, "sam", 0, step);
    assert_choices(&t, NULL, (basin_choice[]){NONE, AT, BUDGET, NONE, NONE, BROKEN, NONE, AT});
    t.rows[7].step = 30; /* now 20 is the largest that both have, and gd is followed to 40 evaluations */
    assert_choices(&t, NULL, (basin_choice[]){AT, BUDGET, NONE, AT, NONE, BROKEN, AT, NONE});
}

static void without_a_common_step_each_stands_at_its_last(void **unused)
{
    table t = {0};

    (void)unused;
    list(&t, "gd", 0, 0), list(&t, "gd", 0, 20), list(&t, "gd", 0, 40), list(&t, "sam", 0, 15);
    assert_choices(&t, NULL, (basin_choice[]){NONE, NONE, AT, AT});
}

/* NAN: not looked at. sam does not come down to 0.4 and is told by its lowest. */
static void at_a_loss_the_first_below_and_the_one_before(void **unused)
{
    static const double gd[] = {2.0, 0.6, NAN, 0.3, 0.1}, sam[] = {2.0, 0.5, 0.7};
    table               t = {0};

    (void)unused;
    for (int i = 0; i < 5; i++) list(&t, "gd", 0, 20 * i)->train_loss.value = gd[i];
    for (int i = 0; i < 3; i++) list(&t, "sam", 0, 20 * i)->train_loss.value = sam[i];
    assert_choices(&t, &(basin_comparison_options){.at_loss = 0.4},
                   (basin_choice[]){START, BEFORE, NONE, AT, NONE, START, LOWEST, NONE});
    assert_choices(&t, &(basin_comparison_options){.at_loss = 1.0},
                   (basin_choice[]){BEFORE, AT, NONE, NONE, NONE, BEFORE, AT, NONE});
    basin_choice none[8];
    assert_status(basin_comparison_choose(t.rows, t.count, &(basin_comparison_options){.at_loss = NAN}, none),
                  BASIN_ERR_ARG);
    assert_message("training loss nan to compare at");
}

static bool in_a_group(const basin_comparison *c, const basin_row *row)
{
    for (size_t g = 0; g < c->group_count; g++)
        for (size_t i = 0; i < c->groups[g].run_count; i++) {
            const basin_row *other = &c->rows[c->groups[g].rows[i]];
            if (strcmp(other->run, row->run) == 0 && other->step == row->step) return true;
        }
    return false;
}

/* Measure what was chosen of the base and of those at the step, and the comparison compares exactly that. */
static void what_was_chosen_is_what_is_compared(void **unused)
{
    static table all, chosen;
    basin_choice choices[TABLE_MOST];

    (void)unused;
    for (int64_t seed = 0; seed < 3; seed++) {
        for (int64_t step = 0; step <= 100; step += 10) table_add(&all, "gd", seed, step);
        for (int64_t step = 0; step <= 40 + 10 * seed; step += 10) table_add(&all, "sam", seed, step);
    }
    assert_ok(basin_comparison_choose(all.rows, all.count, NULL, choices));
    for (size_t i = 0; i < all.count; i++)
        if (choices[i] != BASIN_CHOICE_NONE) chosen.rows[chosen.count++] = all.rows[i];
    basin_comparison *whole = table_compare(&all, NULL), *part = table_compare(&chosen, NULL);
    assert_int_equal(whole->step, 40);
    assert_int_equal(part->step, 40);
    assert_int_equal(part->group_count, 3);
    assert_close(table_group(part, "gd, budget of sam")->gradient_evaluations, 80.0, 0.0, 0.0);
    for (size_t i = 0; i < all.count; i++) {
        bool compared = choices[i] == BASIN_CHOICE_AT || choices[i] == BASIN_CHOICE_BUDGET;
        assert_int_equal(in_a_group(whole, &all.rows[i]), compared);
        assert_int_equal(in_a_group(part, &all.rows[i]), compared);
    }
    basin_comparison_destroy(&whole);
    basin_comparison_destroy(&part);
}

static void estimates_and_differences_are_found_by_name(void **unused)
{
    table t = {0};

    (void)unused;
    table_flat_and_better(&t, 3);
    basin_comparison       *c = table_compare(&t, NULL);
    const basin_estimate   *e = basin_comparison_estimate(c, "lambda_max", "sam", BASIN_POINT_RAW);
    const basin_difference *d = basin_comparison_difference(c, "lambda_max", "sam", "gd", BASIN_POINT_RAW);
    assert_non_null(e);
    assert_string_equal(e->group, "sam");
    assert_string_equal(e->measure, "lambda_max");
    assert_non_null(d);
    assert_string_equal(d->base, "gd");
    assert_close(d->mean, table_difference(c, "lambda_max", "sam", "gd")->mean, 0.0, 0.0);
    assert_null(basin_comparison_estimate(c, "lambda_max", "sam", BASIN_POINT_POLISHED));
    assert_null(basin_comparison_estimate(c, "nonsense", "sam", BASIN_POINT_RAW));
    assert_null(basin_comparison_difference(c, "lambda_max", "gd", "sam", BASIN_POINT_RAW));
    basin_comparison_destroy(&c);
}

static basin_status choose_once(void *payload)
{
    const table *t = payload;
    basin_choice choices[TABLE_MOST];

    return basin_comparison_choose(t->rows, t->count, NULL, choices);
}

static void every_failed_allocation_is_clean(void **unused)
{
    table t = {0};

    (void)unused;
    list(&t, "gd", 0, 20), list(&t, "sam", 0, 20);
    basin_test_every_allocation(choose_once, &t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_common_step_the_starts_and_the_last_within_the_budget),
        cmocka_unit_test(what_does_not_record_its_cost_is_not_followed_further),
        cmocka_unit_test(a_broken_run_does_not_decide),
        cmocka_unit_test(without_a_common_step_each_stands_at_its_last),
        cmocka_unit_test(at_a_loss_the_first_below_and_the_one_before),
        cmocka_unit_test(what_was_chosen_is_what_is_compared),
        cmocka_unit_test(estimates_and_differences_are_found_by_name),
        cmocka_unit_test(every_failed_allocation_is_clean),
    };
    return cmocka_run_group_tests_name("choose", tests, NULL, NULL);
}

/* What a group spent beyond its base and what it got for it: known answers, and in planted studies whose net
 * value is 0 how often «pays» and «does not pay» are wrong. The long run draws 2,000 studies of each case
 * and prints the table of docs/verdict.md.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "comparison_table.h"
#include "core/random.h"

static const basin_benefit *find(const basin_comparison *c, const char *group, const char *measure)
{
    for (size_t i = 0; i < c->benefit_count; i++)
        if (strcmp(c->benefits[i].group, group) == 0 && strcmp(c->benefits[i].measure, measure) == 0)
            return &c->benefits[i];
    fail_msg("no benefit of %s in %s", group, measure);
    return NULL;
}

/* sam gains 2 % of accuracy, give or take, and 0.1 of loss for 100 evaluations and 3 s more. */
static void make_table(table *t, size_t seeds)
{
    *t = (table){0};
    for (size_t s = 0; s < seeds; s++) {
        table_add(t, "gd", (int64_t)s, 100);
        basin_row *row = table_add(t, "sam", (int64_t)s, 100);
        row->test_accuracy.value += 0.02 + 0.001 * (double)(s % 2);
        row->test_loss.value -= 0.1;
        row->seconds = 4.0;
    }
}

static basin_comparison *weigh(const table *t, const char *worth)
{
    basin_comparison_options o = {0};

    if (worth != NULL) assert_ok(basin_worth_parse(worth, &o.worth));
    return table_compare(t, &o);
}

static void gains_and_costs_are_those_of_the_pairs(void **state)
{
    static table         t;
    basin_comparison    *c;
    const basin_benefit *b;

    (void)state;
    make_table(&t, 8);
    c = weigh(&t, NULL);
    b = find(c, "sam", "test_accuracy");
    assert_int_equal(b->pairs, 8);
    assert_close(b->gain, 0.0205, 1e-12, 0.0);
    /* standard deviation of 0, 1, …: √(8/7)/2 */
    assert_close(b->gain_upper - b->gain, basin_student_t975(7) * 0.0005 * sqrt(8.0 / 7.0) / sqrt(8.0), 1e-9,
                 0.0);
    assert_close(b->evaluations, 100.0, 0.0, 0.0);
    assert_close(b->evaluations_upper, 100.0, 1e-12, 0.0);
    assert_close(b->seconds, 3.0, 0.0, 0.0);
    assert_close(b->rate, 0.000205, 1e-12, 0.0);
    assert_false(b->rows_known);
    assert_int_equal(b->answer, BASIN_PAYMENT_NOT_ASKED);
    assert_true(isnan(b->net));
    assert_close(find(c, "sam", "test_loss")->gain, 0.1, 1e-12, 0.0);
    basin_comparison_destroy(&c);
}

static void expect(const char *worth, size_t seeds, const char *measure, basin_payment answer, double net)
{
    static table      t;
    basin_comparison *c;

    make_table(&t, seeds);
    c = weigh(&t, worth);
    const basin_benefit *b = find(c, "sam", measure);
    if (b->answer != (int)answer) fail_msg("%s: %s", worth, basin_payment_text((basin_payment)b->answer));
    assert_close(b->net, net, 1e-9, 0.0);
    basin_comparison_destroy(&c);
}

static void it_pays_where_the_gain_is_of_more_worth_than_the_cost(void **state)
{
    (void)state;
    /* 2.05 % are of worth 20.5 · cost, for 3 s or 100 evaluations more */
    expect("0.1%=1s", 8, "test_accuracy", BASIN_PAYMENT_PAYS, 17.5);
    expect("0.1%=0.1s", 8, "test_accuracy", BASIN_PAYMENT_DOES_NOT_PAY, -0.95);
    expect("0.1%=1min", 8, "test_accuracy", BASIN_PAYMENT_PAYS, 1227.0);
    expect("0.1%=4 evaluations", 8, "test_accuracy", BASIN_PAYMENT_DOES_NOT_PAY, -18.0);
    expect("0.01=0.5s", 8, "test_loss", BASIN_PAYMENT_PAYS, 2.0);
    expect("0.1%=1s", 5, "test_accuracy", BASIN_PAYMENT_TOO_FEW_SEEDS, 17.4);
}

static void the_same_cost_is_for_nothing_and_an_unknown_one_no_answer(void **state)
{
    static table      t;
    basin_comparison *c;

    (void)state;
    make_table(&t, 8);
    for (size_t i = 0; i < t.count; i++) t.rows[i].gradient_evaluations = 100;
    c = weigh(&t, "0.1%=1evaluations");
    assert_int_equal(find(c, "sam", "test_accuracy")->answer, BASIN_PAYMENT_PAYS);
    assert_true(isnan(find(c, "sam", "test_accuracy")->rate));
    table_note(c, "sam spends as many gradient evaluations as gd: at that cost it is better in test_accuracy",
               true);
    basin_comparison_destroy(&c);
    make_table(&t, 8);
    for (size_t i = 0; i < t.count; i++) t.rows[i].seconds = NAN;
    c = weigh(&t, "0.1%=1s");
    assert_int_equal(find(c, "sam", "test_accuracy")->answer, BASIN_PAYMENT_NOT_RECORDED);
    assert_close(find(c, "sam", "test_accuracy")->gain, 0.0205, 1e-12, 0.0);
    table_note(c, "at that cost", false);
    basin_comparison_destroy(&c);
}

static void what_is_typed_is_a_gain_and_a_cost(void **state)
{
    static const char *const bad[] = {"",       "0.1%",    "0.1%=",     "0.1%=3",  "0=3s",
                                      "-1%=3s", "0.1%=0s", "0.1%=3sec", "nan%=3s", "0.1%%=3s"};
    basin_worth              w;

    (void)state;
    assert_ok(basin_worth_parse("0.1%=2h", &w));
    assert_int_equal(w.unit, BASIN_WORTH_SECONDS);
    assert_true(w.accuracy);
    assert_close(w.gain, 0.001, 1e-12, 0.0);
    assert_close(w.cost, 7200.0, 1e-12, 0.0);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(basin_worth_parse(bad[i], &w), BASIN_ERR_ARG);
    assert_non_null(strstr(basin_error_message(), "is no worth"));
}

/* --------------------------------------------------------------------------------------------- planted -- */

enum { PARTS = 10 };

typedef struct planted {
    const char *name;
    size_t      seeds;
    /* true net value, and the deviation over seeds and over the rows of the test set of a difference between
       methods, in units of the worth of 0.01 accuracy */
    double net, seed_sd, rows_sd;
    bool   heavy;  /* Student's t with two degrees of freedom over seeds: symmetric, not normal */
    int    groups; /* beside gd */
} planted;

static double draw(const planted *o, basin_random *r)
{
    const double z = basin_random_normal(r);

    if (!o->heavy) return z;
    const double a = basin_random_normal(r), b = basin_random_normal(r);
    return z / sqrt(0.5 * (a * a + b * b));
}

/* Accuracies on the parts: what the method, the seed and the part of the set do to them. A group costs 100
   evaluations more, which are of worth 0.01. */
static void draw_row(const planted *o, basin_row *row, const double *shift, double *parts, basin_random *r)
{
    const bool   gd = strcmp(row->method, "gd") == 0;
    const double own = sqrt(0.5) * o->seed_sd * draw(o, r);
    double       mean = 0.0;

    for (size_t j = 0; j < PARTS; j++) {
        parts[j] = 0.7 + 0.01 * (own + (gd ? 0.0 : 1.0 + o->net) + shift[j]);
        mean += parts[j] / PARTS;
    }
    /* nothing else is compared, which would take most of the time */
    for (size_t m = 0; m < BASIN_MEASURES; m++) row->measures[m].value = NAN;
    row->train_loss.value = 0.5;
    row->test_accuracy.value = mean;
    row->gradient_evaluations = gd ? 100 : 200;
}

/* Whether some answer is wrong; *decided counts those that are right. */
static bool draw_study(const planted *o, basin_random *r, size_t *decided)
{
    static const char *const methods[] = {"gd", "sam", "msam", "asam"};
    static table             t;
    static double            parts[TABLE_MOST * PARTS], shift[4][PARTS];
    bool                     wrong = false;
    basin_comparison_options o_ = {
        .test_part_count = PARTS, .test_part_loss = parts, .test_part_accuracy = parts};

    t = (table){0};
    for (int g = 1; g <= o->groups; g++)
        for (size_t j = 0; j < PARTS; j++)
            shift[g][j] = sqrt((double)PARTS) * o->rows_sd * basin_random_normal(r);
    for (size_t s = 0; s < o->seeds; s++)
        for (int g = 0; g <= o->groups; g++) {
            basin_row *row = table_add(&t, methods[g], (int64_t)s, 100);
            draw_row(o, row, shift[g], parts + (t.count - 1) * PARTS, r);
        }
    assert_ok(basin_worth_parse("0.01%=1evaluations", &o_.worth));
    basin_comparison *c = table_compare(&t, &o_);
    for (int g = 1; g <= o->groups; g++) {
        const int answer = find(c, methods[g], "test_accuracy")->answer;
        wrong = wrong || (answer == BASIN_PAYMENT_PAYS && o->net <= 0.0) ||
                (answer == BASIN_PAYMENT_DOES_NOT_PAY && o->net >= 0.0);
        *decided += (answer == BASIN_PAYMENT_PAYS && o->net > 0.0) ||
                    (answer == BASIN_PAYMENT_DOES_NOT_PAY && o->net < 0.0);
    }
    basin_comparison_destroy(&c);
    return wrong;
}

static const planted cases[] = {
    {"net 0", 8, 0.0, 1.0, 0.0, false, 1},
    {"net 0, rows err as much", 8, 0.0, 1.0, 0.35, false, 1},
    {"net 0, rows err alone", 8, 0.0, 0.01, 1.0, false, 1},
    {"net 0, heavy tails", 8, 0.0, 1.0, 0.0, true, 1},
    {"net 0, 3 groups", 10, 0.0, 1.0, 0.2, false, 3},
    {"net 0, 12 seeds", 12, 0.0, 1.0, 0.0, false, 1},
    {"net 2", 8, 2.0, 1.0, 0.2, false, 1},
    {"net -2", 8, -2.0, 1.0, 0.2, false, 1},
};

/* Of 60 studies more than 9 are wrong with a probability of 1e-3 where 5 % are meant. */
static void a_wrong_answer_is_as_rare_as_the_level(void **state)
{
    const size_t studies = basin_test_long() ? 2000 : 60;
    const double most = basin_test_long() ? 0.06 : 0.16; /* three standard errors of 2,000 above the level */
    basin_random r = basin_random_start(21, BASIN_STREAM_TEST);

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        size_t wrong = 0, decided = 0;
        for (size_t s = 0; s < studies; s++) wrong += draw_study(&cases[i], &r, &decided);
        const double share = (double)wrong / (double)studies;
        if (basin_test_long())
            print_message("| %s | %zu | %.1f | %.1f |\n", cases[i].name, cases[i].seeds, 100.0 * share,
                          100.0 * (double)decided / (double)studies);
        if (!(share <= most)) fail_msg("%s: wrong in %.1f %%", cases[i].name, 100.0 * share);
        if (cases[i].net != 0.0) assert_true(2 * decided >= studies);
    }
}

static basin_status weigh_once(void *payload)
{
    const table             *t = payload;
    basin_comparison        *c = NULL;
    basin_comparison_options o = {.worth = {BASIN_WORTH_SECONDS, true, 0.001, 1.0}};
    const basin_status       st = basin_comparison_compute(t->rows, t->count, &o, &c);

    basin_comparison_destroy(&c);
    return st;
}

static void every_failed_allocation_is_clean(void **state)
{
    static table t;

    (void)state;
    make_table(&t, 3);
    basin_test_every_allocation(weigh_once, &t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gains_and_costs_are_those_of_the_pairs),
        cmocka_unit_test(it_pays_where_the_gain_is_of_more_worth_than_the_cost),
        cmocka_unit_test(the_same_cost_is_for_nothing_and_an_unknown_one_no_answer),
        cmocka_unit_test(what_is_typed_is_a_gain_and_a_cost),
        cmocka_unit_test(a_wrong_answer_is_as_rare_as_the_level),
        cmocka_unit_test(every_failed_allocation_is_clean),
    };

    return cmocka_run_group_tests_name("benefits", tests, NULL, NULL);
}

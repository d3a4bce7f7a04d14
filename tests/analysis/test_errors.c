/* Comparisons of values that are not known exactly: what their intervals do to a verdict, how often it is
 * wrong where errors of measuring are added to methods that do not differ, what of its power is left.
 */
#include <math.h>
#include <string.h>

#include "comparison_table.h"
#include "core/random.h"

#define NORMAL975 1.959963984540054

enum { SEEDS = 8 };

static void give_interval(basin_value *v, double half, int kind)
{
    v->lower = v->value - half, v->upper = v->value + half, v->interval = kind;
}

/* Every SANE with ends so far away. */
static void give_intervals(table *t, double half, int kind)
{
    for (size_t i = 0; i < t->count; i++) give_interval(&t->rows[i].sane, half, kind);
}

static basin_difference difference_of_sane(const table *t)
{
    basin_comparison *c = table_compare(t, NULL);
    basin_difference  d = *table_difference(c, "sane", "sam", "gd");

    basin_comparison_destroy(&c);
    return d; /* without its texts */
}

static void the_error_of_the_mean_leaves_a_tenth_of_the_variance_to_what_all_seeds_share(void **unused)
{
    table  t = {0};
    double square = 0.0;

    (void)unused;
    table_flat_and_better(&t, SEEDS);
    give_intervals(&t, 0.2, BASIN_INTERVAL_STANDARD_ERROR);
    for (size_t i = 0; i < t.count; i++)
        square += pow(0.2 / t.rows[i].sane.value, 2.0) / SEEDS * (1.0 / SEEDS + 0.1);
    assert_close(difference_of_sane(&t).interval_error, sqrt(square), 1e-12, 0.0); /* of logarithms */
    give_intervals(&t, 0.2, BASIN_INTERVAL_CALIBRATED);
    assert_close(difference_of_sane(&t).interval_error, sqrt(square) / NORMAL975, 1e-12, 0.0);
    give_intervals(&t, 0.2, BASIN_INTERVAL_BOUNDS); /* no error at random */
    assert_close(difference_of_sane(&t).interval_error, 0.0, 0.0, 0.0);
}

static void an_interval_wider_than_the_difference_decides_nothing_and_a_note_says_so(void **unused)
{
    table t = {0};

    (void)unused;
    table_flat_and_better(&t, SEEDS); /* SANE 3 against 2.9 to 2.83 */
    assert_int_equal(difference_of_sane(&t).report, BASIN_VERDICT_LOWER);
    give_intervals(&t, 1e-4, BASIN_INTERVAL_CALIBRATED);
    assert_int_equal(difference_of_sane(&t).report, BASIN_VERDICT_LOWER);
    give_intervals(&t, 1.0, BASIN_INTERVAL_BOUNDS);
    assert_int_equal(difference_of_sane(&t).report, BASIN_VERDICT_LOWER);
    give_intervals(&t, 0.4, BASIN_INTERVAL_CALIBRATED);
    const basin_difference d = difference_of_sane(&t);
    assert_int_equal(d.verdict, BASIN_VERDICT_UNDECIDED);
    assert_int_equal(d.report, BASIN_VERDICT_UNDECIDED);
    assert_close(d.p, 2.0 / 256.0, 0.0, 0.0); /* the seeds agree as before */
    basin_comparison *c = table_compare(&t, NULL);
    table_note(c,
               "the seeds agree on sane of sam against gd (p = 0.0078), but with the errors of its measuring "
               "it stays open",
               true);
    assert_int_equal(table_difference(c, "lambda_max", "sam", "gd")->report, BASIN_VERDICT_LOWER);
    basin_comparison_destroy(&c);
}

/* ---------------------------------------------------------------------------------------- simulations -- */

typedef struct setting {
    const char *name;
    double      error;  /* deviation of the error of measuring, in deviations of the differences over seeds */
    double      shared; /* correlation of the errors of one method's runs */
    double      effect; /* in deviations of the differences over seeds */
    bool        told;   /* the values have intervals */
} setting;

/* Only SANE and N_eff are known, so that they alone share the level of the report. */
static void make_rows(table *t)
{
    *t = (table){0};
    for (int64_t s = 0; s < SEEDS; s++) table_add(t, "gd", s, 100), table_add(t, "sam", s, 100);
    for (size_t i = 0; i < t->count; i++)
        for (size_t m = 0; m < BASIN_MEASURES; m++)
            if (basin_columns[m].compared && basin_columns[m].family != BASIN_FAMILY_CONDITION)
                t->rows[i].measures[m].value = NAN;
}

/* Values far from 0, so that logarithms are as good as normal: 100 + deviation/√2 of each of two runs. */
static void draw(const setting *o, size_t measure, table *t, basin_random *r)
{
    const double method[2] = {basin_random_normal(r), basin_random_normal(r)};

    for (size_t i = 0; i < t->count; i++) {
        const bool   sam = i % 2 == 1;
        const double own = basin_random_normal(r) * M_SQRT1_2;
        const double error = sqrt(o->shared) * method[sam] + sqrt(1.0 - o->shared) * basin_random_normal(r);
        basin_value *v = &t->rows[i].measures[measure];
        *v = (basin_value){.value = 100.0 + own + o->error * M_SQRT1_2 * error - (sam ? o->effect : 0.0)};
        if (o->told) give_interval(v, o->error * M_SQRT1_2, BASIN_INTERVAL_STANDARD_ERROR);
    }
}

/* The share of studies whose report decides anything. */
static double decides(const setting *o, size_t studies)
{
    static table t;
    basin_random r = basin_random_start(12, BASIN_STREAM_TEST);
    size_t       decided = 0;

    make_rows(&t);
    for (size_t i = 0; i < studies; i++) {
        bool any = false;
        draw(o, BASIN_MEASURE_sane, &t, &r);
        draw(o, BASIN_MEASURE_n_eff, &t, &r);
        basin_comparison *c = table_compare(&t, NULL);
        for (size_t d = 0; d < c->difference_count; d++)
            any = any || c->differences[d].report == BASIN_VERDICT_LOWER ||
                  c->differences[d].report == BASIN_VERDICT_HIGHER;
        decided += any;
        basin_comparison_destroy(&c);
    }
    return (double)decided / (double)studies;
}

static const double errors[] = {0.02, 0.1, 0.5, 1.0, 3.0, 10.0};

/* Methods do not differ, and their values are off by errors of every size, independent ones and such as are
   shared by a tenth. */
static void errors_of_measuring_make_no_false_verdicts(void **unused)
{
    const size_t studies = basin_test_long() ? 4000 : 300;
    const double most = 0.05 + 3.0 * sqrt(0.05 * 0.95 / (double)studies);

    (void)unused;
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++)
        for (size_t s = 0; s <= 1; s++) {
            const setting o = {"null", errors[i], 0.1 * (double)s, 0.0, true};
            const double  wrong = decides(&o, studies);
            print_message("errors of %g, alike by %g: wrong %.4f\n", o.error, o.shared, wrong);
            assert_true(wrong <= most);
        }
    /* what would be said without intervals, and where all errors of a method are one */
    const setting untold = {"null", 3.0, 0.1, 0.0, false}, one = {"null", 1.0, 1.0, 0.0, true};
    const double  wrong = decides(&untold, studies);
    print_message("errors of 3, alike by 0.1, without intervals: wrong %.4f\n", wrong);
    assert_true(wrong > most);
    print_message("errors of 1, one for all seeds: wrong %.4f\n", decides(&one, studies));
}

/* Where errors are small nothing changes; where they are as large as the spread over seeds less is found, but
   an effect that exceeds both still is. */
static void small_errors_cost_no_power(void **unused)
{
    const size_t studies = basin_test_long() ? 2000 : 200;

    (void)unused;
    for (double effect = 1.0; effect < 2.5; effect += 1.0) {
        setting      exact = {"effect", 0.02, 0.0, effect, false}, told = {"effect", 0.02, 0.0, effect, true};
        const double before = decides(&exact, studies), after = decides(&told, studies);
        print_message("effect %g: %.3f without intervals, %.3f with small ones\n", effect, before, after);
        assert_close(after, before, 0.0, 0.0);
        for (size_t i = 1; i < sizeof errors / sizeof *errors; i++) {
            told.error = errors[i];
            print_message("effect %g, errors of %g: %.3f\n", effect, told.error, decides(&told, studies));
        }
    }
    const setting large = {"effect", 1.0, 0.1, 3.0, true};
    assert_true(decides(&large, studies) > 0.9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_error_of_the_mean_leaves_a_tenth_of_the_variance_to_what_all_seeds_share),
        cmocka_unit_test(an_interval_wider_than_the_difference_decides_nothing_and_a_note_says_so),
        cmocka_unit_test(errors_of_measuring_make_no_false_verdicts),
        cmocka_unit_test(small_errors_cost_no_power),
    };

    return basin_initialise() == BASIN_OK ? cmocka_run_group_tests_name("errors", tests, NULL, NULL) : 1;
}

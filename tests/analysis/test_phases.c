/* Phases of planted runs, and how often noise alone is given a name. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/random.h"
#include "core/schema.h"
#include "support.h"

enum { MOST = 64 };

typedef struct planted {
    size_t    count;
    basin_row rows[MOST];
} planted;

static char run_name[] = "runs/gd_0", sam_name[] = "sam", gd_name[] = "gd";

static basin_row *put(planted *p, double lambda, double loss)
{
    basin_row *row = &p->rows[p->count];

    assert_true(p->count < MOST);
    basin_row_blank(row);
    row->run = run_name, row->method = gd_name, row->step = 10 * (int64_t)p->count;
    row->lambda_max =
        (basin_value){lambda, lambda * (1 - 1e-8), lambda * (1 + 1e-8), BASIN_INTERVAL_RESIDUAL};
    row->train_loss.value = loss, row->ceiling.value = 20.0;
    p->count++;
    return row;
}

/* «descent 0 3, edge 3 7» */
static const char *named(const planted *p)
{
    static char  text[1024];
    basin_phase *phases = NULL;
    size_t       count = 0, used = 0;

    assert_ok(basin_phases_find(p->rows, p->count, &phases, &count));
    text[0] = '\0';
    for (size_t i = 0; i < count; i++) {
        used += (size_t)snprintf(text + used, sizeof text - used, "%s%s %zu %zu", i > 0 ? ", " : "",
                                 basin_phase_text((basin_phase_kind)phases[i].kind), phases[i].first,
                                 phases[i].last);
        assert_true(used < sizeof text);
        assert_int_equal(phases[i].from, p->rows[phases[i].first].step);
        assert_int_equal(phases[i].to, p->rows[phases[i].last].step);
        if (i > 0) assert_int_equal(phases[i].first, phases[i - 1].last);
    }
    if (count > 0) assert_int_equal(phases[0].first, 0);
    basin_phases_free(&phases, count);
    return text;
}

static void progressive_sharpening_ends_at_the_edge(void **unused)
{
    static const double lambda[] = {4, 6, 9, 13, 17, 20, 20.4, 19.8, 20.2, 20};
    planted             p = {0};

    (void)unused;
    for (size_t i = 0; i < 10; i++) put(&p, lambda[i], 2.0 * pow(0.8, (double)i));
    assert_string_equal(named(&p), "sharpening 0 5, edge 5 9");
}

static void a_loss_that_falls_under_a_flat_or_falling_lambda_is_descent(void **unused)
{
    planted p = {0}, flat = {0};

    (void)unused;
    for (size_t i = 0; i < 8; i++) put(&p, 10.0 * pow(0.9, (double)i), 2.0 * pow(0.8, (double)i));
    assert_string_equal(named(&p), "descent 0 7");
    for (size_t i = 0; i < 8; i++) put(&flat, 10.0, 2.0 * pow(0.8, (double)i));
    assert_string_equal(named(&flat), "descent 0 7");
}

static void sharpening_turns_into_descent_where_lambda_falls_again(void **unused)
{
    static const double lambda[] = {4, 6, 8, 10, 12, 11, 9, 8, 7};
    planted             p = {0};

    (void)unused;
    for (size_t i = 0; i < 9; i++) put(&p, lambda[i], 2.0 * pow(0.8, (double)i));
    assert_string_equal(named(&p), "sharpening 0 4, descent 4 8");
}

/* Beyond the ceiling the loss grows, lambda_max comes down below it, the loss falls below where it was. */
static void a_catapult_is_a_peak_of_the_loss_from_beyond_the_ceiling_to_below(void **unused)
{
    static const double lambda[] = {40, 38, 25, 12, 11, 11, 11, 11, 11, 11},
                        loss[] = {2, 6, 12, 5, 1.8, 1.4, 1.1, 0.9, 0.7, 0.5};
    planted      p = {0};
    basin_phase *phases = NULL;
    size_t       count;

    (void)unused;
    for (size_t i = 0; i < 10; i++) put(&p, lambda[i], loss[i]);
    assert_string_equal(named(&p), "catapult 0 4, descent 4 9");
    assert_ok(basin_phases_find(p.rows, p.count, &phases, &count));
    assert_close(phases[0].peak, 6.0, 1e-12, 0.0);
    assert_close(phases[0].from_ratio, 2.0, 1e-12, 0.0);
    assert_true(isnan(phases[1].peak));
    assert_string_equal(phases[0].run, run_name);
    basin_phases_free(&phases, count);
}

/* Each condition of it taken away: no peak, no fall below the ceiling, a start below it. */
static void what_lacks_a_part_is_no_catapult(void **unused)
{
    static const double lambda[] = {40, 38, 25, 12, 11, 11, 11, 11, 11, 11},
                        peak[] = {2, 6, 12, 5, 1.8, 1.4, 1.1, 0.9, 0.7, 0.5};
    planted no_peak = {0}, no_fall = {0}, below = {0};

    (void)unused;
    for (size_t i = 0; i < 10; i++) {
        put(&no_peak, lambda[i], 2.0 * pow(0.8, (double)i));
        put(&no_fall, 40.0, peak[i]);
        put(&below, 0.4 * lambda[i], peak[i]);
    }
    assert_string_equal(named(&no_peak), "undecided 0 3, descent 3 9");
    assert_string_equal(named(&no_fall), "undecided 0 9");
    assert_null(strstr(named(&below), "catapult"));
}

/* A fall of lambda_max by more than a half between two checkpoints may hide what was there. */
static void a_gap_that_may_hide_a_catapult_is_not_decided(void **unused)
{
    static const double lambda[] = {10, 11, 12, 13, 5, 5, 5, 5, 5};
    planted             p = {0};

    (void)unused;
    for (size_t i = 0; i < 9; i++) put(&p, lambda[i], 2.0 * pow(0.8, (double)i));
    assert_string_equal(named(&p), "sharpening 0 3, undecided 3 4, descent 4 8");
}

static void too_few_checkpoints_or_an_unknown_ceiling_decide_nothing(void **unused)
{
    planted few = {0}, unknown = {0}, none = {0};

    (void)unused;
    for (size_t i = 0; i < 4; i++) put(&few, 4.0 + 3.0 * (double)i, 2.0 - 0.4 * (double)i);
    assert_string_equal(named(&few), "undecided 0 3");
    for (size_t i = 0; i < 9; i++)
        put(&unknown, 4.0 + 2.0 * (double)i, 2.0 * pow(0.8, (double)i))->ceiling.value = NAN;
    assert_string_equal(named(&unknown), "undecided 0 8");
    assert_string_equal(named(&none), "");
}

static void rises_within_the_ends_of_lambda_do_not_count(void **unused)
{
    planted p = {0};

    (void)unused;
    for (size_t i = 0; i < 9; i++) {
        basin_row *row = put(&p, 4.0 + 0.2 * (double)i, 2.0 * pow(0.8, (double)i));
        row->lambda_max.lower = 0.6 * row->lambda_max.value,
        row->lambda_max.upper = 1.4 * row->lambda_max.value;
    }
    assert_string_equal(named(&p), "undecided 0 8"); /* it may rise, and may not */
}

static void missing_rows_polished_ones_and_halves_do_not_count(void **unused)
{
    static const double lambda[] = {4, 6, 9, 13, 17, 20, 20.4, 19.8};
    static char         why[] = "diverged";
    planted             p = {0};

    (void)unused;
    for (size_t i = 0; i < 8; i++) {
        put(&p, lambda[i], 2.0 * pow(0.8, (double)i));
        if (i % 2 == 0) put(&p, 1.0, 50.0)->point = BASIN_POINT_POLISHED;
        if (i % 3 == 0) put(&p, 1.0, 50.0)->part = 1;
        if (i == 5) put(&p, NAN, NAN)->missing = why;
    }
    const char *text = named(&p);
    assert_non_null(strstr(text, "sharpening 0 "));
    assert_non_null(strstr(text, "edge "));
    assert_null(strstr(text, "undecided"));
}

static void the_edge_of_a_ceiling_that_follows_is_hovering(void **unused)
{
    planted      p = {0};
    basin_phase *phases = NULL;
    size_t       count;

    (void)unused;
    for (size_t i = 0; i < 6; i++) {
        basin_row *row = put(&p, 20.0, 1.0);
        row->method = sam_name, row->rho = 0.2;
    }
    assert_ok(basin_phases_find(p.rows, p.count, &phases, &count));
    assert_int_equal(count, 1);
    assert_true(phases[0].kind == BASIN_PHASE_EDGE && phases[0].hovering);
    basin_phases_free(&phases, count);
}

static void rows_of_two_runs_are_refused(void **unused)
{
    static char  other[] = "runs/gd_1";
    planted      p = {0};
    basin_phase *phases = NULL;
    size_t       count;

    (void)unused;
    put(&p, 4.0, 1.0);
    put(&p, 4.0, 1.0)->run = other;
    assert_status(basin_phases_find(p.rows, p.count, &phases, &count), BASIN_ERR_ARG);
    assert_message("phases are of one run, not of runs/gd_0 and runs/gd_1");
}

/* ---------------------------------------------------------------------------------------- false alarms -- */

typedef struct null { /* noise around a run of which one thing is known */
    const char *name;
    double      level;                  /* of λ_max, in ceilings */
    double      fall;                   /* of ln L a checkpoint */
    double      sway_lambda, sway_loss; /* deviations of the logarithms */
    unsigned    allowed;                /* bits of phases that are no false alarms */
} null;

static const null nulls[] = {
    {"below, nothing moves", 0.5, 0.0, 0.05, 0.05, 0},
    {"below, nothing moves, loud", 0.5, 0.0, 0.2, 0.3, 0},
    {"below, the loss falls", 0.5, 0.15, 0.1, 0.05, 1u << BASIN_PHASE_DESCENT},
    {"at the edge, nothing moves", 1.0, 0.0, 0.05, 0.1, 1u << BASIN_PHASE_EDGE},
    {"at the edge, loud", 1.0, 0.0, 0.15, 0.3, 1u << BASIN_PHASE_EDGE},
    {"beyond, nothing moves", 1.5, 0.0, 0.2, 0.3, 1u << BASIN_PHASE_EDGE},
};

static bool is_alarm(const null *o, size_t n, basin_random *r)
{
    planted      p = {0};
    basin_phase *phases = NULL;
    size_t       count;
    bool         alarm = false;

    for (size_t i = 0; i < n; i++) {
        const double lambda = 20.0 * o->level * exp(o->sway_lambda * basin_random_normal(r));
        put(&p, lambda, exp(-o->fall * (double)i + o->sway_loss * basin_random_normal(r)));
    }
    assert_ok(basin_phases_find(p.rows, n, &phases, &count));
    for (size_t i = 0; i < count; i++)
        alarm = alarm || (phases[i].kind != BASIN_PHASE_UNDECIDED && !(o->allowed >> phases[i].kind & 1));
    basin_phases_free(&phases, count);
    return alarm;
}

/* Of runs of 5 to 48 checkpoints at most one in twenty. */
static void noise_is_seldom_given_a_name(void **unused)
{
    static const size_t sizes[] = {5, 6, 8, 12, 24, 48};
    basin_random        r = basin_random_start(5, BASIN_STREAM_TEST);
    const size_t        draws = basin_test_long() ? 20000 : 1000;

    (void)unused;
    for (size_t i = 0; i < sizeof nulls / sizeof *nulls; i++)
        for (size_t n = 0; n < sizeof sizes / sizeof *sizes; n++) {
            size_t alarms = 0;
            for (size_t draw = 0; draw < draws; draw++) alarms += is_alarm(&nulls[i], sizes[n], &r);
            const double share = (double)alarms / (double)draws;
            print_message("%s, %zu checkpoints: %.4f\n", nulls[i].name, sizes[n], share);
            assert_true(share <= 0.05 + 3.0 * sqrt(0.05 * 0.95 / (double)draws));
        }
}

/* A catapult under noise is still found. */
static void a_catapult_is_found_in_noise(void **unused)
{
    basin_random r = basin_random_start(6, BASIN_STREAM_TEST);
    size_t       found = 0, draws = 400;

    (void)unused;
    for (size_t draw = 0; draw < draws; draw++) {
        planted p = {0};
        for (size_t i = 0; i < 16; i++) {
            const double t = (double)i, lambda = i < 2 ? 40.0 : 12.0;
            const double loss = i == 0 ? 2.0 : i < 4 ? 10.0 : 1.8 * pow(0.9, t - 4.0);
            put(&p, lambda * exp(0.05 * basin_random_normal(&r)), loss * exp(0.05 * basin_random_normal(&r)));
        }
        found += strstr(named(&p), "catapult 0") != NULL;
    }
    print_message("%zu of %zu catapults found\n", found, draws);
    assert_true(found > draws * 9 / 10);
}

static basin_status find(void *payload)
{
    basin_status st = BASIN_OK;
    planted     *p = payload;
    basin_phase *phases = NULL;
    size_t       count = 0;

    BASIN_TRY(basin_phases_find(p->rows, p->count, &phases, &count));
done:
    basin_phases_free(&phases, count);
    return st;
}

static void every_failed_allocation_is_clean(void **unused)
{
    static const double lambda[] = {4, 6, 9, 13, 17, 20, 20.4, 19.8, 20.2, 20};
    planted             p = {0};

    (void)unused;
    for (size_t i = 0; i < 10; i++) put(&p, lambda[i], 2.0 * pow(0.8, (double)i));
    basin_test_every_allocation(find, &p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(progressive_sharpening_ends_at_the_edge),
        cmocka_unit_test(a_loss_that_falls_under_a_flat_or_falling_lambda_is_descent),
        cmocka_unit_test(sharpening_turns_into_descent_where_lambda_falls_again),
        cmocka_unit_test(a_catapult_is_a_peak_of_the_loss_from_beyond_the_ceiling_to_below),
        cmocka_unit_test(what_lacks_a_part_is_no_catapult),
        cmocka_unit_test(a_gap_that_may_hide_a_catapult_is_not_decided),
        cmocka_unit_test(too_few_checkpoints_or_an_unknown_ceiling_decide_nothing),
        cmocka_unit_test(rises_within_the_ends_of_lambda_do_not_count),
        cmocka_unit_test(missing_rows_polished_ones_and_halves_do_not_count),
        cmocka_unit_test(the_edge_of_a_ceiling_that_follows_is_hovering),
        cmocka_unit_test(rows_of_two_runs_are_refused),
        cmocka_unit_test(noise_is_seldom_given_a_name),
        cmocka_unit_test(a_catapult_is_found_in_noise),
        cmocka_unit_test(every_failed_allocation_is_clean),
    };

    return basin_initialise() == BASIN_OK ? cmocka_run_group_tests_name("phases", tests, NULL, NULL) : 1;
}

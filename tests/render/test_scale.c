/* Scales and ticks, in numbers. */
#include "support.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "render/scale.h"

static void positions_are_even_on_every_scale(void **state)
{
    basin_plot_scale linear = {BASIN_SCALE_LINEAR, -2, 6, 0}, logarithmic = {BASIN_SCALE_LOG, 0.01, 100, 0},
                     symlog = {BASIN_SCALE_SYMLOG, -10, 10, 0.1};

    (void)state;
    assert_close(basin_scale_at(&linear, 0), 0.25, 1e-15, 0);
    assert_close(basin_scale_at(&logarithmic, 1), 0.5, 1e-15, 0);
    assert_true(isnan(basin_scale_at(&logarithmic, 0)));
    assert_true(isnan(basin_scale_at(&logarithmic, -1)));
    assert_true(isnan(basin_scale_at(&linear, INFINITY)));
    assert_close(basin_scale_at(&symlog, 0), 0.5, 1e-15, 0);
    /* three units each side: the linear one and two decades */
    assert_close(basin_scale_at(&symlog, 0.1), 0.5 + 1.0 / 6, 1e-15, 0);
    assert_close(basin_scale_at(&symlog, -1), 1.0 / 6, 1e-12, 0);
}

static void value_is_the_inverse_of_at(void **state)
{
    const basin_plot_scale scales[] = {
        {BASIN_SCALE_LINEAR, -2, 6, 0}, {BASIN_SCALE_LOG, 1e-7, 3e4, 0}, {BASIN_SCALE_SYMLOG, -4, 1e3, 1e-3}};

    (void)state;
    for (size_t i = 0; i < 3; i++)
        for (int k = 0; k <= 20; k++)
            assert_close(basin_scale_at(&scales[i], basin_scale_value(&scales[i], k / 20.0)), k / 20.0, 1e-12,
                         1e-12);
}

static void fitted_scales_show_their_range_and_survive_odd_ones(void **state)
{
    const double values[][2] = {{1, 3},          {5, 5},        {0, 0},   {-1e-300, 1e-300},
                                {-1e308, 1e308}, {1e-12, 1e12}, {-7, -2}, {3, -3} /* empty */,
                                {1, 1 + 1e-15}};

    (void)state;
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        for (int kind = BASIN_SCALE_LINEAR; kind <= BASIN_SCALE_SYMLOG; kind++) {
            basin_range range = basin_range_start();
            if (values[i][0] <= values[i][1])
                basin_range_add(&range, values[i][0]), basin_range_add(&range, values[i][1]);
            basin_plot_scale scale = basin_scale_fit((basin_scale_kind)kind, &range, 0.05);
            assert_true(scale.low < scale.high);
            assert_true(isfinite(scale.low) && isfinite(scale.high));
            if (kind == BASIN_SCALE_LOG) assert_true(scale.low > 0);
            for (size_t k = 0; k < 2 && values[i][0] <= values[i][1]; k++) {
                if (kind == BASIN_SCALE_LOG && !(values[i][k] > 0)) continue;
                if (fabs(values[i][k]) < 1e-290 || fabs(values[i][k]) > 1e300) continue;
                double at = basin_scale_at(&scale, values[i][k]);
                assert_true(at >= 0 && at <= 1);
            }
        }
    }
}

static const char *label_at(const basin_ticks *ticks, double value)
{
    for (size_t i = 0; i < ticks->count; i++)
        if (fabs(ticks->tick[i].value - value) <= 1e-9 * fabs(value) + 1e-300) return ticks->tick[i].label;
    return "(no tick)";
}

static void linear_ticks_are_round_and_minus_is_a_minus(void **state)
{
    basin_ticks ticks;

    (void)state;
    basin_scale_ticks(&(basin_plot_scale){BASIN_SCALE_LINEAR, -1.1, 1.1, 0}, 5, &ticks);
    assert_int_equal(ticks.count, 5);
    assert_string_equal(ticks.tick[0].label, "−1.0");
    assert_string_equal(ticks.tick[2].label, "0.0");
    assert_string_equal(label_at(&ticks, 0.5), "0.5");
    assert_int_equal(ticks.exponent, 0);
    basin_scale_ticks(&(basin_plot_scale){BASIN_SCALE_LINEAR, 0, 5e-5, 0}, 5, &ticks);
    assert_int_equal(ticks.exponent, -5);
    assert_string_equal(label_at(&ticks, 2e-5), "2");
    basin_scale_ticks(&(basin_plot_scale){BASIN_SCALE_LINEAR, 0, 2500, 0}, 5, &ticks);
    assert_string_equal(label_at(&ticks, 2000), "2000");
}

static void logarithmic_ticks_are_decades_then_their_parts(void **state)
{
    basin_ticks ticks;

    (void)state;
    basin_scale_ticks(&(basin_plot_scale){BASIN_SCALE_LOG, 1e-6, 1e2, 0}, 9, &ticks);
    assert_string_equal(label_at(&ticks, 1e-3), "10⁻³");
    assert_string_equal(label_at(&ticks, 1e2), "10²");
    assert_string_equal(label_at(&ticks, 2e-3), "(no tick)"); /* too many decades for small ones */
    basin_scale_ticks(&(basin_plot_scale){BASIN_SCALE_LOG, 0.01, 1, 0}, 8, &ticks);
    assert_string_equal(label_at(&ticks, 0.05), "0.05");
    assert_string_equal(label_at(&ticks, 0.1), "0.1");
    basin_scale_ticks(&(basin_plot_scale){BASIN_SCALE_LOG, 1e-40, 1e40, 0}, 5, &ticks);
    size_t labelled = 0;
    for (size_t i = 0; i < ticks.count; i++) labelled += ticks.tick[i].label[0] != '\0';
    assert_in_range(labelled, 2, 5);
}

static void symlog_ticks_hold_zero_and_both_signs(void **state)
{
    basin_ticks ticks;

    (void)state;
    basin_scale_ticks(&(basin_plot_scale){BASIN_SCALE_SYMLOG, -20, 20, 0.1}, 9, &ticks);
    assert_string_equal(label_at(&ticks, 0), "0");
    assert_string_equal(label_at(&ticks, -10), "−10");
    assert_string_equal(label_at(&ticks, 0.1), "0.1");
    for (size_t i = 0; i + 1 < ticks.count; i++) assert_true(ticks.tick[i].value < ticks.tick[i + 1].value);
}

static void ticks_lie_inside_and_are_about_as_many_as_asked(void **state)
{
    (void)state;
    for (int i = 0; i < 400; i++) {
        double           low = -10 + 0.37 * i, span = pow(10, -6 + 0.03 * i);
        basin_plot_scale scale = {BASIN_SCALE_LINEAR, low, low + span, 0};
        basin_ticks      ticks;
        size_t           wanted = 3 + (size_t)i % 8;
        basin_scale_ticks(&scale, wanted, &ticks);
        assert_true(ticks.count <= wanted + 1);
        assert_true(ticks.count >= 1);
        for (size_t k = 0; k < ticks.count; k++) {
            double at = basin_scale_at(&scale, ticks.tick[k].value);
            assert_true(at > -1e-6 && at < 1 + 1e-6);
        }
    }
}

static void the_threshold_is_near_the_median_but_not_below_the_errors(void **state)
{
    const double sizes[] = {1e-9, 1e-8, 0.02, 0.5, 30};

    (void)state;
    assert_close(basin_scale_threshold(sizes, 5, 0), 0.01, 1e-12, 0);
    assert_close(basin_scale_threshold(sizes, 5, 0.2), 0.1, 1e-12, 0);
    /* four decades below the largest, 0.02 */
    assert_close(basin_scale_threshold(sizes, 3, 0), 1e-6, 1e-12, 0);
    assert_close(basin_scale_threshold(sizes, 0, 0), 1, 0, 0);
}

static void numbers_are_printed_as_people_write_them(void **state)
{
    (void)state;
    assert_string_equal(BASIN_NUMBER(-0.25, 3), "−0.25");
    assert_string_equal(BASIN_NUMBER(1234.5, 3), "1234");
    assert_string_equal(BASIN_NUMBER(0.00123456, 3), "0.00123");
    assert_string_equal(BASIN_NUMBER(1.23456e-7, 3), "1.23×10⁻⁷");
    assert_string_equal(BASIN_NUMBER(9.999e-5, 2), "1×10⁻⁴");
    assert_string_equal(BASIN_NUMBER(0, 3), "0");
    assert_string_equal(BASIN_NUMBER(NAN, 3), "n/a");
    assert_string_equal(BASIN_NUMBER(-INFINITY, 3), "−∞");
    assert_string_equal(BASIN_COUNT(2410), "2,410");
    assert_string_equal(BASIN_COUNT(11173962), "11,173,962");
    assert_string_equal(BASIN_COUNT(0), "0");
    assert_string_equal(basin_name_file("runs/gd_0/a.h5"), "a.h5");
}

static void what_is_no_text_is_replaced(void **state)
{
    static const char *const pairs[][2] = {{"λ₁ = 2", "λ₁ = 2"},
                                           {"a\xff"
                                            "b",
                                            "a?b"},
                                           {"\xe2\x82", "??"},
                                           {"\xc0\xaf", "??"},
                                           {"tab\there", "tab?here"},
                                           {"\xed\xa0\x80", "???"},
                                           {"\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80"},
                                           {"\xc2\x85", "??"}};

    (void)state;
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        char text[32];
        snprintf(text, sizeof text, "%s", pairs[i][0]);
        basin_name_clean(text);
        assert_string_equal(text, pairs[i][1]);
    }
}

static void an_unknown_scale_lists_the_choices(void **state)
{
    basin_scale_kind kind;

    (void)state;
    assert_status(basin_scale_find("loglog", &kind), BASIN_ERR_ARG);
    assert_message("linear, log or symlog");
    assert_ok(basin_scale_find("symlog", &kind));
    assert_int_equal(kind, BASIN_SCALE_SYMLOG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(positions_are_even_on_every_scale),
        cmocka_unit_test(value_is_the_inverse_of_at),
        cmocka_unit_test(fitted_scales_show_their_range_and_survive_odd_ones),
        cmocka_unit_test(linear_ticks_are_round_and_minus_is_a_minus),
        cmocka_unit_test(logarithmic_ticks_are_decades_then_their_parts),
        cmocka_unit_test(symlog_ticks_hold_zero_and_both_signs),
        cmocka_unit_test(ticks_lie_inside_and_are_about_as_many_as_asked),
        cmocka_unit_test(the_threshold_is_near_the_median_but_not_below_the_errors),
        cmocka_unit_test(numbers_are_printed_as_people_write_them),
        cmocka_unit_test(what_is_no_text_is_replaced),
        cmocka_unit_test(an_unknown_scale_lists_the_choices),
    };
    return cmocka_run_group_tests_name("scale", tests, NULL, NULL);
}

/* What else differs between a group and its base. */
#include <math.h>
#include <string.h>

#include "comparison_table.h"

static const basin_confounder *find(const basin_comparison *c, const char *name)
{
    for (size_t i = 0; i < c->confounder_count; i++)
        if (strcmp(c->confounders[i].name, name) == 0) return &c->confounders[i];
    fail_msg("no confounder %s", name);
    return NULL;
}

static void expect(const basin_comparison *c, const char *name, basin_confounding kind)
{
    const basin_confounding found = (basin_confounding)find(c, name)->kind;

    if (found != kind)
        fail_msg("%s: %s, not %s", name, basin_confounding_text(found), basin_confounding_text(kind));
}

static void settings_are_equal_lower_higher_or_mixed_as_recorded(void **state)
{
    static table      t;
    basin_comparison *c;

    (void)state;
    t = (table){0};
    table_flat_and_better(&t, 8);
    for (size_t i = 0; i < t.count; i++) {
        const bool sam = i % 2 == 1;
        t.rows[i].learning_rate = sam ? 0.2 : 0.1;
        t.rows[i].momentum = sam && t.rows[i].seed < 4 ? 0.5 : 0.9;
        t.rows[i].batch_size = sam ? 50 : 0; /* of 200 samples */
        t.rows[i].weight_decay = NAN;
    }
    c = table_compare(&t, NULL);
    expect(c, "learning_rate", BASIN_CONFOUNDING_HIGHER);
    expect(c, "momentum", BASIN_CONFOUNDING_MIXED);
    expect(c, "rho", BASIN_CONFOUNDING_HIGHER);
    expect(c, "batch_size", BASIN_CONFOUNDING_LOWER);
    expect(c, "weight_decay", BASIN_CONFOUNDING_NOT_KNOWN);
    assert_close(find(c, "rho")->base_value, 0.0, 0.0, 0.0); /* gd has none */
    assert_close(find(c, "batch_size")->base_value, 200.0, 0.0, 0.0);
    assert_true(find(c, "rho")->setting);
    assert_true(isnan(find(c, "learning_rate")->p));
    basin_comparison_destroy(&c);
    for (size_t i = 0; i < t.count; i++) /* a factor of the gradient is no radius */
        t.rows[i].method = i % 2 == 1 ? (char *)"sam" : (char *)"usam", t.rows[i].rho = 0.1;
    c = table_compare(&t, &(basin_comparison_options){.base = "usam"});
    expect(c, "rho", BASIN_CONFOUNDING_NOT_KNOWN);
    assert_true(isnan(find(c, "rho")->value) && isnan(find(c, "rho")->base_value));
    basin_comparison_destroy(&c);
    for (size_t i = 0; i < t.count; i++) t.rows[i].method = i % 2 == 1 ? (char *)"sam" : (char *)"gd";
    for (size_t i = 0; i < t.count; i++) t.rows[i].learning_rate = i % 2 == 1 ? 0.1 : (double)0.1f;
    c = table_compare(&t, NULL);
    expect(c, "learning_rate", BASIN_CONFOUNDING_EQUAL);
    basin_comparison_destroy(&c);
}

static void what_is_measured_is_tested_over_the_pairs(void **state)
{
    static table      t;
    basin_comparison *c;

    (void)state;
    t = (table){0};
    table_flat_and_better(&t, 8);
    for (size_t i = 0; i < t.count; i++) {
        const bool   sam = i % 2 == 1;
        const double s = (double)t.rows[i].seed;
        t.rows[i].theta_norm.value = sam ? 4.4 + 0.01 * s : 4.0;
        t.rows[i].gradient_norm.value = 1e-3 * (sam ? 1.0 + 0.1 * (s - 3.5) : 1.0);
        t.rows[i].batch_sharpness.value = sam ? 10.0 + s : 30.0;
        t.rows[i].stationarity.verdict = sam ? BASIN_DESCENT_NOT_FOUND : BASIN_DESCENT_FOUND;
        t.rows[i].feature_rank.value = t.rows[i].seed == 0 && sam ? 6.0 : 5.0;
    }
    c = table_compare(&t, NULL);
    expect(c, "theta_norm", BASIN_CONFOUNDING_HIGHER);
    expect(c, "gradient_norm", BASIN_CONFOUNDING_UNDECIDED);
    expect(c, "way_down", BASIN_CONFOUNDING_LOWER);
    expect(c, "batch_sharpness_over_plain", BASIN_CONFOUNDING_LOWER);
    expect(c, "feature_rank", BASIN_CONFOUNDING_TOO_FEW_SEEDS); /* one pair differs */
    expect(c, "neural_collapse", BASIN_CONFOUNDING_NOT_KNOWN);
    assert_close(find(c, "batch_sharpness_over_plain")->base_value, 30.0 / 40.0, 1e-12, 0.0);
    assert_close(find(c, "way_down")->base_value, 1.0, 0.0, 0.0);
    assert_true(find(c, "theta_norm")->ratio);
    /* the least that eight pairs can give; others that differ as surely cost nothing */
    assert_close(find(c, "theta_norm")->p, 2.0 / 256.0, 1e-12, 0.0);
    basin_comparison_destroy(&c);
}

static void a_difference_that_would_make_the_same_flatness_is_named(void **state)
{
    static table      t;
    basin_comparison *c;

    (void)state;
    for (int larger = 0; larger < 2; larger++) {
        t = (table){0};
        table_flat_and_better(&t, 8);
        for (size_t i = 1; i < t.count; i += 2)
            t.rows[i].theta_norm.value = (larger ? 4.4 : 3.6) + 0.01 * (double)t.rows[i].seed;
        c = table_compare(&t, NULL);
        assert_true(c->conclusions[0].flatter > 0);
        assert_int_equal(find(c, "theta_norm")->same_way, larger);
        table_note(c, "sam is flatter than gd, and its theta_norm is higher (ratio 1.1", larger);
        table_note(c, "larger weights lower curvature by their scale alone", larger);
        assert_false(find(c, "rho")->same_way); /* the method itself: nothing is known of its sign */
        basin_comparison_destroy(&c);
    }
    /* sharper, by smaller weights */
    t = (table){0};
    table_flat_and_better(&t, 8);
    for (size_t i = 0; i < t.count; i++) {
        const char *method = strcmp(t.rows[i].method, "sam") == 0 ? "gd" : "sam";
        t.rows[i].method = (char *)(uintptr_t)method;
        t.rows[i].theta_norm.value = (i % 2 == 1 ? 4.4 : 4.0) + 0.01 * (double)t.rows[i].seed;
    }
    c = table_compare(&t, NULL);
    table_note(c, "sam is sharper than gd, and its theta_norm is lower (ratio 0.9", true);
    basin_comparison_destroy(&c);
}

static basin_status compare_once(void *payload)
{
    const table       *t = payload;
    basin_comparison  *c = NULL;
    const basin_status st = basin_comparison_compute(t->rows, t->count, NULL, &c);

    basin_comparison_destroy(&c);
    return st;
}

static void every_failed_allocation_is_clean(void **state)
{
    static table t;

    (void)state;
    t = (table){0};
    table_flat_and_better(&t, 6);
    for (size_t i = 1; i < t.count; i += 2) t.rows[i].theta_norm.value = 4.4 + 0.01 * (double)t.rows[i].seed;
    basin_test_every_allocation(compare_once, &t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(settings_are_equal_lower_higher_or_mixed_as_recorded),
        cmocka_unit_test(what_is_measured_is_tested_over_the_pairs),
        cmocka_unit_test(a_difference_that_would_make_the_same_flatness_is_named),
        cmocka_unit_test(every_failed_allocation_is_clean),
    };

    return cmocka_run_group_tests_name("confounders", tests, NULL, NULL);
}

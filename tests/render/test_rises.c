/* What figures of rises draw and say, read off their plans: which rise, over which radii, beside which
   words. */
#include "synthetic.h"

#include <math.h>
#include <string.h>

#include "render/figure.h"

static const basin_figure_options no_options;

static basin_plan plan_of(const basin_result *const *results, size_t count)
{
    return (basin_plan){.results = results,
                        .count = count,
                        .options = &no_options,
                        .variant = "",
                        .width = 6.75 * 72,
                        .font_size = 8};
}

static bool says(const basin_plan *plan, const char *text)
{
    return strstr(plan->caption, text) != NULL;
}

/* The first curve of a panel. */
static const basin_mark *curve_of(const basin_panel *panel)
{
    for (size_t i = 0; i < panel->mark_count; i++)
        if (panel->marks[i].type == &basin_mark_line) return &panel->marks[i];
    fail_msg("a panel without a curve");
    return NULL;
}

static const basin_rise *rise_of(const basin_result *result, basin_rise_direction direction, double rho)
{
    const basin_sharpness *s = result->value;

    for (size_t i = 0; i < s->rise_count; i++)
        if (s->rises[i].direction == (int)direction && s->rises[i].rho == rho) return &s->rises[i];
    fail_msg("no rise along direction %d at %g", (int)direction, rho);
    return NULL;
}

static void the_symmetrised_rise_stands_once_at_each_radius(void **state)
{
    static const double radii[6] = {0.0, 0.0125, 0.025, 0.05, 0.1, 0.2};
    basin_result       *result = synthetic_sharpness("sam");
    basin_plan          plan = plan_of((const basin_result *const[]){result}, 1);
    const basin_mark   *curve;

    (void)state;
    assert_ok(basin_plan_symmetric(&plan));
    curve = curve_of(&plan.panels[0]);
    assert_int_equal(curve->count, 6); /* 0 and five radii of both signs */
    for (size_t i = 0; i < 6; i++) {
        assert_close(curve->x[i], radii[i], 0.0, 0.0);
        assert_close(curve->y[i], rise_of(result, BASIN_RISE_SAM, curve->x[i])->symmetric, 0.0, 0.0);
    }
    assert_true(
        says(&plan, "Symmetrised rise of the loss ½[L(θ + ρ d) + L(θ − ρ d)] − L(θ), without the slope"));
    assert_true(says(&plan, " cos²(v, e₁) = 0.25, e₁ the top eigenvector."));
    assert_false(says(&plan, "published sign"));
    assert_false(says(&plan, "each result's own"));
    basin_plan_clear(&plan);
    plan = plan_of((const basin_result *const[]){result}, 1);
    assert_ok(basin_plan_sharpness(&plan));
    curve = curve_of(&plan.panels[0]);
    assert_int_equal(curve->count, 11);
    for (size_t i = 0; i < 11; i++)
        assert_close(curve->y[i], rise_of(result, BASIN_RISE_SAM, curve->x[i])->value, 0.0, 0.0);
    assert_true(says(&plan, "slope and curvature together"));
    basin_plan_clear(&plan);
    basin_result_destroy(&result);
}

static void results_of_different_radii_are_drawn_where_all_have_some(void **state)
{
    basin_result    *results[2] = {synthetic_sharpness("gd"), synthetic_sharpness("msam")};
    basin_plan       plan = plan_of((const basin_result *const *)results, 2);
    basin_sharpness *wider = results[1]->value;

    (void)state;
    assert_ok(basin_plan_sharpness(&plan));
    assert_false(says(&plan, "radii differ"));
    assert_true(says(&plan, " Gradient and momentum are each result's own and look along different "
                            "directions: cos²(v, e₁) = 0.25, e₁ the top eigenvector."));
    assert_int_equal(plan.panel_count, 4);
    assert_int_equal(plan.columns, 2);
    basin_plan_clear(&plan);
    plan = plan_of((const basin_result *const *)results, 2);
    for (size_t i = 0; i < wider->rise_count; i++) wider->rises[i].rho *= 4.0;
    wider->momentum_top_cosine2 = 0.0002;
    assert_ok(basin_plan_sharpness(&plan));
    assert_true(
        says(&plan, " The results' radii differ: drawn are those from −0.2 to 0.2, a range that all have."));
    assert_true(says(&plan, "cos²(v, e₁) = 2×10⁻⁴ to 0.25,"));
    for (size_t p = 0; p < plan.panel_count; p++)
        for (size_t i = 0; i < plan.panels[p].mark_count; i++) {
            const basin_mark *mark = &plan.panels[p].marks[i];
            if (mark->type != &basin_mark_line) continue;
            assert_true(mark->count > 0);
            for (size_t j = 0; j < mark->count; j++) assert_true(fabs(mark->x[j]) <= 0.2);
        }
    basin_plan_clear(&plan);
    plan = plan_of((const basin_result *const *)results, 2);
    for (size_t i = 0; i < wider->rise_count; i++) wider->rises[i].rho += 2.0;
    assert_status(basin_plan_sharpness(&plan), BASIN_ERR_VALUE);
    assert_message("no radii in common: one begins at 1.2, another ends at 0.2");
    basin_plan_clear(&plan);
    for (size_t i = 0; i < 2; i++) basin_result_destroy(&results[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_symmetrised_rise_stands_once_at_each_radius),
        cmocka_unit_test(results_of_different_radii_are_drawn_where_all_have_some),
    };
    return cmocka_run_group_tests_name("rises", tests, NULL, NULL);
}

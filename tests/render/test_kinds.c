/* Figures of several results together: which result stands in which cell of a strip, means and bands over
 * seeds against numbers of a table, overlaps against planted angles, and what is refused. */
#include "synthetic.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "render/figure.h"

enum { MOST = 6 };

static const basin_figure_options no_options;

static basin_plan plan_of(basin_result *const *results, size_t count, const basin_figure_options *options,
                          const char *variant)
{
    return (basin_plan){.results = (const basin_result *const *)results,
                        .count = count,
                        .options = options,
                        .variant = variant,
                        .width = 6.75 * 72,
                        .font_size = 8};
}

static void forget(basin_result **results, size_t count)
{
    for (size_t i = 0; i < count; i++) basin_result_destroy(&results[i]);
}

static bool says(const basin_plan *plan, const char *text)
{
    return strstr(plan->caption, text) != NULL;
}

/* Whether some mark of the panel draws these values. */
static bool shows(const basin_panel *panel, const double *values)
{
    for (size_t i = 0; i < panel->mark_count; i++)
        if (panel->marks[i].y == values || panel->marks[i].z == values) return true;
    return false;
}

static void refused(basin_status (*figure)(basin_plan *), basin_plan plan, basin_status code,
                    const char *message)
{
    assert_status(figure(&plan), code);
    if (strstr(basin_error_message(), message) == NULL)
        fail_msg("no «%s» in: %s", message, basin_error_message());
    basin_plan_clear(&plan);
}

/* ----------------------------------------------------------------------------------------------- strip -- */

static const double *losses(basin_result *slice, size_t split)
{
    return ((basin_slice *)slice->value)->surfaces[split].loss;
}

static void a_result_stands_in_its_method_s_column_and_its_kind_s_row(void **state)
{
    basin_result *r[MOST] = {synthetic_line("sam", "eigen:1", 1, 21),
                             synthetic_plane("gd", 15),
                             synthetic_comparison(8),
                             synthetic_line("gd", "eigen:1", 1, 21),
                             synthetic_density("msam", 5000),
                             synthetic_line("gd", "momentum", 1, 21)};
    basin_plan    plan = plan_of(r, 6, &no_options, "");
    basin_panel  *p;

    (void)state;
    assert_ok(basin_plan_strip(&plan));
    assert_int_equal(plan.columns, 3); /* in the order of their first results: SAM, GD, MSAM */
    assert_int_equal(plan.panel_count, 4 * 3);
    p = plan.panels;
    assert_string_equal(p[0].title, "SAM"), assert_string_equal(p[1].title, "GD");
    assert_string_equal(p[2].title, "MSAM");
    /* planes, lines in the order given, spectra */
    assert_true(shows(&p[1], losses(r[1], 0)));
    assert_true(shows(&p[3], losses(r[0], 0)) && !shows(&p[3], losses(r[3], 0)));
    assert_true(shows(&p[4], losses(r[3], 0)) && !shows(&p[4], losses(r[0], 0)));
    assert_true(shows(&p[7], losses(r[5], 0)) && shows(&p[7], losses(r[5], 1)));
    const bool there[12] = {[1] = true, [3] = true, [4] = true, [7] = true, [11] = true};
    for (size_t i = 0; i < 12; i++) {
        assert_int_equal(p[i].empty == NULL, there[i]);
        if (!there[i]) assert_string_equal(p[i].empty, "not measured");
        if (!there[i]) assert_int_equal(p[i].mark_count, 0);
    }
    assert_true(p[2].bar != NULL && p[0].bar == NULL && p[1].bar == NULL);
    basin_plan_clear(&plan);
    forget(r, 6);
}

static void a_row_has_one_scale_and_its_numbers_at_the_left(void **state)
{
    basin_result *r[MOST] = {synthetic_line("gd", "eigen:1", 1, 21), synthetic_line("sam", "eigen:1", 1, 21),
                             synthetic_ends("gd", 2410, 10, 5), synthetic_ends("sam", 2410, 10, 5)};
    basin_plan    plan = plan_of(r, 4, &no_options, "");

    (void)state;
    assert_ok(basin_plan_strip(&plan));
    for (size_t row = 0; row < 2; row++) {
        const basin_panel *a = &plan.panels[2 * row], *b = a + 1;
        assert_memory_equal(&a->x, &b->x, sizeof a->x);
        assert_memory_equal(&a->y, &b->y, sizeof a->y);
        assert_true(!a->no_y && b->no_y && a->y_label != NULL && b->y_label == NULL);
    }
    /* stems stand at whole ranks: nothing makes way for the other column */
    for (size_t i = 0; i < plan.panels[3].mark_count; i++)
        if (plan.panels[3].marks[i].type == &basin_mark_stem)
            assert_close(fmod(plan.panels[3].marks[i].x[0], 1), 0, 0, 0);
    basin_plan_clear(&plan);
    forget(r, 4);
}

static void the_table_has_the_means_of_the_column_s_group(void **state)
{
    basin_result        *r[MOST] = {synthetic_line("sam", "eigen:1", 1, 21), synthetic_comparison(8),
                                    synthetic_line("gd", "eigen:1", 1, 21)};
    basin_comparison    *c = r[1]->value;
    basin_figure_options options = {.y = "sane,lambda_max"};
    basin_plan           plan = plan_of(r, 3, &options, "");
    char value[BASIN_NUMBER_ROOM], low[BASIN_NUMBER_ROOM], high[BASIN_NUMBER_ROOM], range[160];

    (void)state;
    assert_ok(basin_plan_strip(&plan));
    assert_non_null(plan.table);
    assert_int_equal(plan.table->rows, 3), assert_int_equal(plan.table->columns, 2);
    assert_string_equal(plan.table->heads[0], "SAM"), assert_string_equal(plan.table->values[0], "8");
    for (size_t e = 0; e < c->estimate_count; e++) {
        const basin_estimate *x = &c->estimates[e];
        if (strcmp(x->measure, "lambda_max") != 0 || strcmp(x->group, "sam") != 0) continue;
        snprintf(range, sizeof range, "[%s, %s]", basin_number_text(x->lower, 3, low),
                 basin_number_text(x->upper, 3, high));
        assert_string_equal(plan.table->values[2 * 2], basin_number_text(x->mean, 3, value));
        assert_string_equal(plan.table->ranges[2 * 2], range);
    }
    assert_true(says(&plan, " Table: means over runs with 95 % t-intervals, at step 2000."));
    basin_plan_clear(&plan);
    forget(r, 3);
}

static void a_strip_refuses_what_has_no_place(void **state)
{
    static const char *const methods[] = {"gd"};
    static const char *const labels[] = {"a", "b", "c"};
    basin_result            *r[MOST] = {synthetic_line("gd", "eigen:1", 1, 21), synthetic_comparison(4),
                                        synthetic_seed(synthetic_line("gd", "eigen:1", 1, 21), 3)};
    basin_result *track[2] = {synthetic_line("gd", "eigen:1", 1, 21), synthetic_track(methods, 1, 1, 3)};
    basin_result *two[MOST] = {synthetic_comparison(4), r[0], synthetic_comparison(4)};
    basin_figure_options named = {.labels = labels};
    basin_plan           plan = plan_of(r, 3, &named, "");

    (void)state;
    refused(basin_plan_strip, plan_of(r, 3, &no_options, ""), BASIN_ERR_ARG,
            "two results of one kind for column GD, of runs/gd_0/step_2000.h5 and of runs/gd_3/step_2000.h5");
    refused(basin_plan_strip, plan_of(track, 2, &no_options, ""), BASIN_ERR_ARG, "number 2 is a track");
    refused(basin_plan_strip, plan_of(two, 3, &no_options, ""), BASIN_ERR_ARG,
            "numbers 1 and 3 are comparisons");
    refused(basin_plan_strip, plan_of(two, 1, &no_options, ""), BASIN_ERR_ARG, "a comparison alone");
    assert_ok(basin_plan_strip(&plan)); /* labels make columns of them */
    assert_int_equal(plan.columns, 2);
    assert_string_equal(plan.panels[1].title, "c");
    basin_plan_clear(&plan);
    forget(r, 3), forget(track, 2);
    basin_result_destroy(&two[0]), basin_result_destroy(&two[2]);
}

/* ----------------------------------------------------------------------------------------------- seeds -- */

static const basin_mark *mark_of(const basin_panel *panel, const basin_mark_type *type, double width)
{
    for (size_t i = 0; i < panel->mark_count; i++)
        if (panel->marks[i].type == type && (width == 0 || panel->marks[i].pen.width == width))
            return &panel->marks[i];
    return NULL;
}

/* 1, 2, 6: mean 3, standard deviation √7; t(2) at 97.5 % is 4.30265 in every table. */
static void a_band_is_the_t_interval_of_the_mean_over_runs(void **state)
{
    enum { SEEDS = 3, PLACE = 10 };
    static const double values[] = {1, 2, 6}, wide[] = {101, 102, 106};
    basin_result       *r[MOST];
    basin_plan          plan = plan_of(r, SEEDS, &no_options, "test");

    (void)state;
    for (size_t i = 0; i < SEEDS; i++) {
        r[i] = synthetic_seed(synthetic_line("gd", "eigen:1", 1, 21), i);
        basin_surface *test = &((basin_slice *)r[i]->value)->surfaces[1];
        test->loss[PLACE] = values[i], test->loss[PLACE + 1] = wide[i];
        test->loss[PLACE + 2] = i == 1 ? INFINITY : 1;
    }
    assert_ok(basin_plan_seeds(&plan));
    const basin_mark *band = mark_of(plan.panels, &basin_mark_band, 0);
    const basin_mark *mean = mark_of(plan.panels, &basin_mark_line, 1.3);
    const double      half = 4.302652729911275 * sqrt(7.0) / sqrt(3.0);
    assert_close(mean->y[PLACE], 3, 1e-14, 0);
    assert_close(band->low[PLACE], 0, 0, 0); /* a loss is not below 0 */
    assert_close(band->high[PLACE], 3 + half, 1e-7, 0);
    assert_close(mean->y[PLACE + 1], 103, 1e-14, 0);
    assert_close(band->low[PLACE + 1], 103 - half, 1e-7, 0);
    assert_true(isnan(mean->y[PLACE + 2]) && isnan(band->low[PLACE + 2]));
    assert_true(says(&plan, " Hatched: a run is not finite, so there is no mean."));
    assert_string_equal(mean->label, "GD, n = 3");
    assert_true(shows(plan.panels, losses(r[2], 1)) && !shows(plan.panels, losses(r[2], 0)));
    basin_plan_clear(&plan);
    forget(r, SEEDS);
}

static void seeds_refuse_what_has_no_mean(void **state)
{
    basin_result *r[MOST] = {synthetic_line("gd", "eigen:1", 1, 21), synthetic_line("sam", "eigen:1", 1, 31),
                             synthetic_line("sam", "momentum", 1, 21), synthetic_plane("gd", 9),
                             synthetic_line("gd", "eigen:1", 1, 21)};

    (void)state;
    refused(basin_plan_seeds, plan_of(r, 2, &no_options, ""), BASIN_ERR_ARG,
            "slice 2 has 31 coordinates from -1 to 1, the first 21 from -1 to 1");
    refused(basin_plan_seeds, plan_of((basin_result *[]){r[0], r[2]}, 2, &no_options, ""), BASIN_ERR_ARG,
            "slice 2 is along momentum, the first along eigen:1");
    refused(basin_plan_seeds, plan_of((basin_result *[]){r[0], r[3]}, 2, &no_options, ""), BASIN_ERR_ARG,
            "has 2 directions");
    refused(basin_plan_seeds, plan_of((basin_result *[]){r[0], r[4]}, 2, &no_options, ""), BASIN_ERR_ARG,
            "slices 1 and 2 are both of runs/gd_0/step_2000.h5");
    refused(basin_plan_seeds, plan_of(r, 1, &no_options, "valid"), BASIN_ERR_MISSING, "no split «valid»");
    forget(r, 5);
}

/* --------------------------------------------------------------------------------------------- overlap -- */

/* Spans turned by 60 degrees have cos² = 1/4 of each other; the first row of the matrix is its last. */
static void overlaps_are_those_of_the_planted_angles(void **state)
{
    basin_result     *r[MOST] = {synthetic_vectors("gd", 0), synthetic_vectors("sam", 60),
                                 synthetic_vectors("msam", 90)};
    basin_plan        plan = plan_of(r, 3, &no_options, "");
    static const char words[] = " first k = 3 eigenvectors of the Hessian at each two points (P = 12)";

    (void)state;
    assert_ok(basin_plan_overlap(&plan)); /* of 4 held the fourth tells the gap */
    const basin_mark *heat = mark_of(plan.panels, &basin_mark_heat, 0);
    const double      cosine = 0.75; /* cos² of 30 degrees */
    const double      expected[9] = {0, cosine, 1, 0.25, 1, cosine, 1, 0.25, 0};
    for (size_t i = 0; i < 9; i++) assert_close(heat->z[i], expected[i], 1e-12, 1e-12);
    assert_true(says(&plan, words));
    assert_string_equal(plan.panels->name_label[0], "GD");
    assert_close(plan.panels->name_at[0], 2, 0, 0);
    basin_plan_clear(&plan);
    ((basin_spectrum *)r[1]->value)->eigenvalues[3] = ((basin_spectrum *)r[1]->value)->eigenvalues[2];
    plan = plan_of(r, 3, &no_options, "3");
    assert_ok(basin_plan_overlap(&plan));
    heat = mark_of(plan.panels, &basin_mark_heat, 0);
    assert_true(isnan(heat->z[1]) && isnan(heat->z[4]) && heat->z[2] == 1);
    assert_true(says(&plan, " Hatched: of 1 no span of the first 3 is separated"));
    basin_plan_clear(&plan);
    forget(r, 3);
}

static void an_overlap_says_what_it_lacks(void **state)
{
    basin_result *r[MOST] = {synthetic_vectors("gd", 0), synthetic_ends("sam", 12, 4, 0),
                             synthetic_vectors("sam", 10)};

    (void)state;
    refused(basin_plan_overlap, plan_of(r, 2, &no_options, ""), BASIN_ERR_MISSING, "--vectors keeps them");
    refused(basin_plan_overlap, plan_of(r, 1, &no_options, ""), BASIN_ERR_ARG, "of 1 spectrum;");
    r[1] = (basin_result_destroy(&r[1]), synthetic_vectors("gd", 3));
    refused(basin_plan_overlap, plan_of(r, 2, &no_options, "9"), BASIN_ERR_ARG,
            "9 eigenvectors were asked for, and a spectrum holds 4; --top 10");
    refused(basin_plan_overlap, plan_of(r, 2, &no_options, "x"), BASIN_ERR_ARG, "overlap:x: a number");
    ((basin_spectrum *)r[1]->value)->parameters = 13;
    ((basin_spectrum *)r[1]->value)->vector_count = 3; /* 3 x 13 of the 4 x 12 that there are */
    refused(basin_plan_overlap, plan_of(r, 2, &no_options, ""), BASIN_ERR_SHAPE, "of 13 parameters");
    ((basin_spectrum *)r[1]->value)->parameters = 12;
    forget(r, 3);
}

/* -------------------------------------------------------------------------------- runs of a comparison -- */

static void correlations_stand_over_their_runs(void **state)
{
    basin_result           *r = synthetic_settings(4), *none = synthetic_comparison(4);
    const basin_comparison *c = r->value;
    basin_figure_options    against = {.x = "test_accuracy"};
    basin_plan              plan = plan_of(&r, 1, &no_options, "");

    (void)state;
    assert_ok(basin_plan_correlation(&plan));
    assert_int_equal(plan.panel_count, 2);
    assert_string_equal(plan.panels[0].title, "τ = 0.5 [0.25, 0.75]");
    assert_string_equal(plan.panels[1].title, "τ = −0.2 [−0.75, 0.75]");
    assert_true(says(&plan, "τ-b over 12 runs; in brackets 95 % by the bootstrap over 4 seeds."));
    for (size_t g = 0; g < 3; g++) {
        const basin_mark *m = &plan.panels[1].marks[g];
        assert_int_equal(m->count, 4);
        for (size_t k = 0; k < 4; k++) {
            assert_close(m->x[k], c->rows[c->groups[g].rows[k]].sane.value, 0, 0);
            assert_close(m->y[k], c->rows[c->groups[g].rows[k]].gap.value, 0, 0);
        }
    }
    /* two groups are of SAM: colours stand for groups */
    assert_true(memcmp(&plan.panels[0].marks[0].pen.color, &plan.panels[0].marks[1].pen.color,
                       sizeof(basin_color)) != 0);
    basin_plan_clear(&plan);
    refused(basin_plan_correlation, plan_of(&none, 1, &no_options, ""), BASIN_ERR_MISSING, "it takes 5 runs");
    refused(basin_plan_correlation, plan_of(&r, 1, &against, ""), BASIN_ERR_ARG, "gap and test_loss");
    basin_result_destroy(&r), basin_result_destroy(&none);
}

static void costs_are_those_of_the_runs(void **state)
{
    basin_result     *r = synthetic_comparison(4);
    basin_comparison *c = r->value;
    basin_plan        plan = plan_of(&r, 1, &no_options, "");

    (void)state;
    for (size_t i = 0; i < c->row_count; i++)
        c->rows[i].seconds = 10 + (double)i, c->rows[i].gradient_evaluations = i == 0 ? -1 : 100 * (int64_t)i;
    for (size_t g = 0; g < c->group_count; g++) c->groups[g].seconds = 11.5 + 4 * (double)g;
    assert_ok(basin_plan_cost(&plan));
    assert_int_equal(plan.panel_count, 4); /* accuracy and gap, against evaluations and seconds */
    assert_string_equal(plan.panels[2].x_label, "gradient evaluations");
    assert_int_equal(plan.panels[0].marks[0].count, 3); /* of one run it is not known */
    assert_close(plan.panels[0].marks[0].x[0], 100, 0, 0);
    const basin_mark *runs = &plan.panels[1].marks[2], *mean = &plan.panels[1].marks[3];
    for (size_t k = 0; k < 4; k++) {
        assert_close(runs->x[k], 14 + (double)k, 0, 0);
        assert_close(runs->y[k], c->rows[4 + k].test_accuracy.value, 0, 0);
    }
    assert_true(mean->type == &basin_mark_interval);
    assert_close(mean->x[0], 15.5, 0, 0);
    basin_plan_clear(&plan);
    basin_result_destroy(&r);
}

static void a_setting_is_swept_in_the_order_of_its_values(void **state)
{
    basin_result           *r = synthetic_settings(4), *methods = synthetic_comparison(4);
    const basin_comparison *c = r->value;
    basin_figure_options    options = {.y = "sane"};
    basin_plan              plan = plan_of(&r, 1, &options, "");

    (void)state;
    assert_ok(basin_plan_setting(&plan));
    const basin_mark *line = mark_of(plan.panels, &basin_mark_line, 1.1);
    assert_int_equal(line->count, 2); /* SAM: the group of rho 0.05 is the second */
    assert_close(line->x[0], 0.05, 0, 0), assert_close(line->x[1], 0.5, 0, 0);
    for (size_t e = 0; e < c->estimate_count; e++) {
        const basin_estimate *x = &c->estimates[e];
        if (strcmp(x->measure, "sane") != 0 || strcmp(x->group, "sam, rho 0.05") != 0) continue;
        assert_close(line->y[0], x->mean, 0, 0);
        assert_close(line->low[0], x->lower, 0, 0), assert_close(line->high[0], x->upper, 0, 0);
    }
    assert_int_equal(plan.panels->x.kind, BASIN_SCALE_LOG); /* a decade */
    basin_plan_clear(&plan);
    refused(basin_plan_setting, plan_of(&methods, 1, &no_options, ""), BASIN_ERR_MISSING, "compare --by rho");
    basin_result_destroy(&r), basin_result_destroy(&methods);
}

/* ------------------------------------------------------------------------------------------------ stem -- */

/* −0.9 · e^(0.35 k) beside 42: 2 % of that is 0.84; a thousandth of them needs a scale of its own. */
static void negatives_that_would_look_like_zero_have_a_logarithmic_scale(void **state)
{
    basin_result   *r = synthetic_ends("gd", 2410, 10, 5);
    basin_spectrum *s = r->value;
    basin_plan      plan = plan_of(&r, 1, &no_options, "");

    (void)state;
    assert_ok(basin_plan_stem(&plan));
    assert_int_equal(plan.panels->y.kind, BASIN_SCALE_LINEAR);
    assert_string_equal(plan.panels->title, "λ₁/λ₅ = 3.32"); /* e^1.2 */
    assert_int_equal(plan.panels->note_count, 0);
    basin_plan_clear(&plan);
    for (size_t i = 0; i < s->count; i++) s->residuals[i] = 1e-9;
    for (size_t i = s->top; i < s->count; i++) s->eigenvalues[i] *= 1e-3;
    plan = plan_of(&r, 1, &no_options, "");
    assert_ok(basin_plan_stem(&plan));
    assert_int_equal(plan.panels->y.kind, BASIN_SCALE_SYMLOG);
    const double zero = basin_scale_at(&plan.panels->y, 0);
    for (size_t i = s->top; i < s->count; i++) /* seen: more than 2 % of the axis */
        assert_true(zero - basin_scale_at(&plan.panels->y, s->eigenvalues[i]) > 0.02);
    basin_plan_clear(&plan);
    for (size_t i = 0; i < s->count; i++) s->residuals[i] = 0.1; /* their signs mean nothing */
    plan = plan_of(&r, 1, &no_options, "");
    assert_ok(basin_plan_stem(&plan));
    assert_int_equal(plan.panels->y.kind, BASIN_SCALE_LINEAR);
    basin_plan_clear(&plan);
    basin_result_destroy(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_result_stands_in_its_method_s_column_and_its_kind_s_row),
        cmocka_unit_test(a_row_has_one_scale_and_its_numbers_at_the_left),
        cmocka_unit_test(the_table_has_the_means_of_the_column_s_group),
        cmocka_unit_test(a_strip_refuses_what_has_no_place),
        cmocka_unit_test(a_band_is_the_t_interval_of_the_mean_over_runs),
        cmocka_unit_test(seeds_refuse_what_has_no_mean),
        cmocka_unit_test(overlaps_are_those_of_the_planted_angles),
        cmocka_unit_test(an_overlap_says_what_it_lacks),
        cmocka_unit_test(correlations_stand_over_their_runs),
        cmocka_unit_test(costs_are_those_of_the_runs),
        cmocka_unit_test(a_setting_is_swept_in_the_order_of_its_values),
        cmocka_unit_test(negatives_that_would_look_like_zero_have_a_logarithmic_scale),
    };
    return cmocka_run_group_tests_name("kinds", tests, NULL, NULL);
}

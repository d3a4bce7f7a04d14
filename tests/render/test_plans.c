/* What figures draw and say, read off their plans before anything is drawn: which values stand in which
 * panel, which verdict under it, and every sentence of a caption against the numbers it is of. */
#include "synthetic.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "render/figure.h"

static const basin_figure_options no_options;

/* A plan of one result, a page wide; basin_plan_clear afterwards. */
static basin_plan plan_of(const basin_result *const *results, size_t count,
                          const basin_figure_options *options)
{
    return (basin_plan){.results = results,
                        .count = count,
                        .options = options,
                        .variant = "",
                        .width = 6.75 * 72,
                        .font_size = 8};
}

#define PLAN(kind, result, options_)                                      \
    plan = plan_of((const basin_result *const[]){result}, 1, (options_)); \
    assert_ok(basin_plan_##kind(&plan))

static bool says(const basin_plan *plan, const char *text)
{
    return strstr(plan->caption, text) != NULL;
}

static basin_panel *panel_titled(basin_plan *plan, const char *title)
{
    for (size_t i = 0; i < plan->panel_count; i++) {
        const char *own = plan->panels[i].title != NULL ? plan->panels[i].title : plan->panels[i].y_label;
        if (strcmp(own, title) == 0) return &plan->panels[i];
    }
    fail_msg("no panel «%s»", title);
    return NULL;
}

static bool notes_say(const basin_panel *panel, const char *text, bool warning)
{
    for (size_t i = 0; i < panel->note_count; i++)
        if (strcmp(panel->notes[i].text, text) == 0 && panel->notes[i].warning == warning) return true;
    for (size_t i = 0; i < panel->note_count; i++) print_error("  note: %s\n", panel->notes[i].text);
    return false;
}

static size_t joins(const basin_panel *panel)
{
    size_t count = 0;

    for (size_t i = 0; i < panel->mark_count; i++)
        count += panel->marks[i].type == &basin_mark_line && panel->marks[i].count == 2;
    return count;
}

/* The marks of that type that look so. */
static size_t marks_like(const basin_panel *panel, const basin_mark_type *type, basin_dash dash, bool hollow,
                         const basin_mark **last)
{
    size_t count = 0;

    for (size_t i = 0; i < panel->mark_count; i++) {
        const basin_mark *mark = &panel->marks[i];
        if (mark->type != type || mark->count == 0 || mark->pen.dash != dash || mark->hollow != hollow)
            continue;
        count++;
        if (last != NULL) *last = mark;
    }
    return count;
}

static double mean_of(const basin_result *result, const char *method, int point,
                      double (*value)(const basin_row *))
{
    const basin_comparison *c = result->value;
    double                  sum = 0;
    size_t                  n = 0;

    for (size_t i = 0; i < c->row_count; i++)
        if (c->rows[i].point == point && c->rows[i].part == 0 && strcmp(c->rows[i].method, method) == 0)
            sum += value(&c->rows[i]), n++;
    return sum / (double)n;
}

static double get_sharpness(const basin_row *row)
{
    return row->sharpness_sam.value;
}

/* ------------------------------------------------------------------------------------------ comparison -- */

static void seeds_are_joined_only_where_their_pair_is_tested(void **state)
{
    basin_result     *result = synthetic_comparison(8);
    basin_comparison *c = result->value;
    basin_plan        plan;

    (void)state;
    PLAN(methods, result, &no_options);
    /* SAM and MSAM with GD, never with each other */
    assert_int_equal(joins(panel_titled(&plan, "SANE")), 16);
    assert_true(says(&plan, " Thin lines join the runs of one seed where their pair is tested."));
    basin_plan_clear(&plan);
    for (size_t i = 0; i < c->difference_count; i++) {
        basin_difference *d = &c->differences[i];
        if (strcmp(d->group, "sam") == 0)
            d->paired = false, d->p = d->p_family = d->p_report = NAN,
            d->verdict = d->report = BASIN_VERDICT_NOT_PAIRED;
        else
            d->verdict = d->report = BASIN_VERDICT_CONTINUATION;
    }
    PLAN(methods, result, &no_options);
    assert_int_equal(joins(panel_titled(&plan, "SANE")), 0);
    assert_true(notes_say(panel_titled(&plan, "SANE"), "SAM: no test", false));
    assert_true(notes_say(panel_titled(&plan, "SANE"), "MSAM: no test", false));
    assert_false(says(&plan, "Thin lines"));
    assert_false(says(&plan, "p:"));
    assert_null(plan.warning); /* the losses were told to be unequal, but nothing is tested */
    basin_plan_clear(&plan);
    basin_result_destroy(&result);
}

/* The interval at that value in a panel of the verdict; NULL if there is none. */
static const basin_mark *interval_at(const basin_panel *panel, double value)
{
    for (size_t i = 0; i < panel->mark_count; i++)
        if (panel->marks[i].type == &basin_mark_interval && fabs(panel->marks[i].x[0] - value) < 1e-12)
            return &panel->marks[i];
    return NULL;
}

static bool is_named(const basin_panel *panel, const char *name)
{
    for (size_t i = 0; i < panel->name_count; i++)
        if (strcmp(panel->name_label[i], name) == 0) return true;
    return false;
}

static basin_difference *difference_of(basin_comparison *c, const char *measure, const char *group)
{
    for (size_t i = 0; i < c->difference_count; i++)
        if (strcmp(c->differences[i].measure, measure) == 0 && strcmp(c->differences[i].group, group) == 0)
            return &c->differences[i];
    fail_msg("no difference of %s", measure);
    return NULL;
}

static void a_line_of_the_loss_alone_has_one_panel(void **state)
{
    basin_result *result = synthetic_line("gd", "eigen:1", 1, 51);
    basin_plan    plan;

    (void)state;
    PLAN(lines, result, &no_options);
    assert_int_equal(plan.panel_count, 2);
    basin_plan_clear(&plan);
    PLAN(lines, result, (&(basin_figure_options){.y = "loss"}));
    assert_int_equal(plan.panel_count, 1);
    basin_plan_clear(&plan);
    basin_result_destroy(&result);
}

static void a_verdict_shows_what_it_rests_on_and_nothing_else(void **state)
{
    basin_result     *result = synthetic_comparison(8);
    basin_comparison *c = result->value;
    basin_difference *top = difference_of(c, "lambda_max", "sam");
    basin_difference *right = difference_of(c, "test_accuracy", "sam");
    const double      wrong = 1 - basin_comparison_estimate(c, "test_accuracy", "gd", BASIN_POINT_RAW)->mean;
    basin_look        sam;
    basin_plan        plan;

    (void)state;
    assert_true(basin_look_method("sam", &sam));
    top->ratio = true, top->mean = 0.5, top->lower = 0.4, top->upper = 0.6, top->report = BASIN_VERDICT_LOWER;
    right->ratio = false, right->mean = -0.25 * wrong, right->lower = -0.5 * wrong, right->upper = 0;
    right->report = BASIN_VERDICT_LOWER; /* of an accuracy: worse */
    c->conclusions[0].kind = BASIN_CONCLUSION_DISAGREE;
    PLAN(verdict, result, &no_options);
    basin_panel *panel = panel_titled(&plan, "SAM against GD:\nmeasures disagree");
    assert_non_null(interval_at(panel, 0.5));
    assert_true(interval_at(panel, 0.5)->lying && interval_at(panel, 0.5)->low[0] == 0.4);
    assert_true(interval_at(panel, 0.5)->high[0] == 0.6);
    assert_true(interval_at(panel, 0.5)->pen.color.r == sam.color.r);
    assert_non_null(interval_at(panel, 1.25)); /* a quarter more errors */
    assert_true(interval_at(panel, 1.25)->pen.color.r == basin_black.r);
    assert_true(fabs(interval_at(panel, 1.25)->low[0] - 1) < 1e-12);
    assert_true(fabs(interval_at(panel, 1.25)->high[0] - 1.5) < 1e-12);
    assert_true(is_named(panel, "test error") && is_named(panel, "λ\1max\2"));
    /* a run's own directions and effective dimensions are no evidence */
    assert_false(is_named(panel, "SAM sharpness") || is_named(panel, "SANE"));
    basin_plan_clear(&plan);
    top->report = BASIN_VERDICT_UNDECIDED;
    PLAN(verdict, result, &no_options);
    assert_true(interval_at(&plan.panels[0], 0.5)->pen.color.r != sam.color.r);
    assert_true(says(&plan, "sam against gd: measures disagree."));
    basin_plan_clear(&plan);
    /* polished points at unequal losses */
    top->point = BASIN_POINT_POLISHED;
    PLAN(verdict, result, &no_options);
    assert_null(interval_at(&plan.panels[0], 0.5));
    top->losses_unequal = false;
    basin_plan_clear(&plan);
    PLAN(verdict, result, &no_options);
    assert_true(interval_at(&plan.panels[0], 0.5)->hollow);
    basin_plan_clear(&plan);
    basin_result_destroy(&result);
}

static void verdicts_are_the_report_s_and_of_conditions_their_family_s(void **state)
{
    basin_result     *result = synthetic_comparison(8);
    basin_comparison *c = result->value;
    basin_plan        plan;

    (void)state;
    for (size_t i = 0; i < c->difference_count; i++) {
        basin_difference *d = &c->differences[i];
        bool              condition = d->family == BASIN_FAMILY_CONDITION;
        d->p = 0.001, d->p_family = 0.01, d->verdict = BASIN_VERDICT_LOWER;
        d->p_report = condition ? NAN : 0.2, d->report = BASIN_VERDICT_UNDECIDED;
        if (strcmp(d->group, "msam") == 0 && !condition)
            d->p_report = 0.25, d->report = BASIN_VERDICT_TOO_FEW_SEEDS;
        if (strcmp(d->measure, "sane") == 0)
            d->verdict = d->report = BASIN_VERDICT_NOT_MEASURED, d->p_report = NAN;
    }
    PLAN(methods, result, &no_options);
    assert_true(notes_say(panel_titled(&plan, "train loss"), "SAM: lower, p\u00a0=\u00a00.01", false));
    assert_true(notes_say(panel_titled(&plan, "λ\1max\2"), "SAM: undecided, p\u00a0=\u00a00.2", false));
    assert_true(notes_say(panel_titled(&plan, "λ\1max\2"), "MSAM: too few seeds, p\u00a0=\u00a00.25", false));
    assert_true(notes_say(panel_titled(&plan, "SANE"), "MSAM: not measured", false));
    assert_int_equal(panel_titled(&plan, "λ\1max\2")->note_count, 2);
    assert_string_equal(plan.note, "n = 8 runs of each; every verdict is against GD");
    assert_true(says(&plan, " Of curvature (λ_max); effective dimension (SANE); rise of the loss (SAM "
                            "sharpness, rise along top eigenvector, rise along "
                            "random directions); generalisation (test accuracy, test − train loss, clean "
                            "labels): corrected over all families and 2 pairs of "
                            "groups. Of conditions (train loss), of which nothing is claimed: step-down over "
                            "the measures of that family."));
    assert_true(says(&plan, "exact if methods are exchangeable within a seed."));
    assert_true(says(&plan, "(of logarithms, where a measure is positive in every pair)"));
    basin_plan_clear(&plan);
    for (size_t i = 0; i < c->difference_count; i++)
        c->differences[i].pairs = 25, c->differences[i].ratio = false;
    PLAN(methods, result, &no_options);
    assert_true(says(
        &plan,
        "exact if methods are exchangeable within a seed but for the drawing of 100,000 sign patterns."));
    assert_false(says(&plan, "of logarithms"));
    basin_plan_clear(&plan);
    basin_result_destroy(&result);
}

static void polished_points_stand_beside_the_raw_ones_and_a_flip_is_said(void **state)
{
    basin_result     *result = synthetic_polished_comparison(8);
    const basin_mark *hollow = NULL;
    basin_plan        plan;

    (void)state;
    PLAN(methods, result, &no_options);
    basin_panel *panel = panel_titled(&plan, "SAM sharpness");
    assert_true(notes_say(panel, "SAM: higher, p\u00a0=\u00a00.031", false)); /* 2/2^8, times 4 */
    assert_true(notes_say(panel, "polished: lower, p\u00a0=\u00a00.031 (flips)", true));
    assert_int_equal(panel->note_count, 4);
    assert_true(says(&plan, " Verdicts that flip between raw points and others: SAM sharpness of SAM "
                            "(polished), SAM sharpness of MSAM (polished)."));
    assert_int_equal(marks_like(panel, &basin_mark_interval, BASIN_SOLID, false, NULL), 3);
    /* gd was not polished */
    assert_int_equal(marks_like(panel, &basin_mark_interval, BASIN_SOLID, true, &hollow), 2);
    assert_close(hollow->y[0], mean_of(result, "msam", BASIN_POINT_POLISHED, get_sharpness), 1e-12, 0);
    assert_true(hollow->x[0] > 2 && hollow->x[0] < 2.5); /* right of the raw ones, within its slot */
    /* at raw points only */
    assert_int_equal(
        marks_like(panel_titled(&plan, "test accuracy"), &basin_mark_interval, BASIN_SOLID, true, NULL), 0);
    assert_true(plan.legend_shared);
    assert_true(says(&plan, " Polished: after 20 plain gradient steps of size 0.1 from the checkpoint, which "
                            "moved θ by 0.04 and the training loss by 3 %."));
    basin_plan_clear(&plan);
    basin_result_destroy(&result);
}

static void one_run_is_its_own_mean(void **state)
{
    basin_result     *result = synthetic_comparison(1);
    const basin_mark *mean = NULL;
    basin_plan        plan;

    (void)state;
    PLAN(methods, result, &no_options);
    basin_panel *panel = panel_titled(&plan, "SANE");
    assert_int_equal(marks_like(panel, &basin_mark_points, BASIN_SOLID, false, NULL), 0);
    assert_int_equal(marks_like(panel, &basin_mark_interval, BASIN_SOLID, false, &mean), 3);
    assert_true(mean->x[0] == 2);
    assert_int_equal(joins(panel), 2);
    assert_true(notes_say(panel, "too few seeds for any test", false));
    basin_plan_clear(&plan);
    basin_result_destroy(&result);
}

static void parts_of_the_samples_are_never_drawn(void **state)
{
    basin_result     *result = synthetic_polished_comparison(4);
    basin_comparison *c = result->value;
    basin_range       x, y;
    basin_plan        plan;

    (void)state;
    for (size_t i = 0; i < c->row_count; i++)
        if (c->rows[i].point == BASIN_POINT_POLISHED) c->rows[i].part = 1, c->rows[i].lambda_max.value = 1e6;
    PLAN(methods, result, &no_options);
    basin_panel_ranges(panel_titled(&plan, "λ\1max\2"), &x, &y);
    assert_true(y.high < 1e3);
    assert_false(says(&plan, "Polished"));
    basin_plan_clear(&plan);
    basin_result_destroy(&result);
}

static void what_was_not_measured_has_no_axis(void **state)
{
    basin_result     *result = synthetic_comparison(8);
    basin_comparison *c = result->value;
    basin_plan        plan;

    (void)state;
    for (size_t i = 0; i < c->row_count; i++)
        c->rows[i].sane.value = c->rows[i].clean_gap.value = c->rows[i].test_accuracy.value = NAN;
    PLAN(methods, result, &no_options);
    assert_int_equal(plan.panel_count, 7);
    /* instead of the two that are missing */
    panel_titled(&plan, "test − train loss"), panel_titled(&plan, "test loss");
    for (size_t p = 0; p < plan.panel_count; p++) assert_null(plan.panels[p].empty);
    basin_plan_clear(&plan);
    PLAN(methods, result, &((basin_figure_options){.y = "sane,lambda_max"}));
    assert_string_equal(plan.panels[0].empty, "not measured");
    assert_null(plan.panels[1].empty);
    basin_plan_clear(&plan);
    for (size_t i = 0; i < c->row_count; i++) {
        c->rows[i].train_loss.value = c->rows[i].test_loss.value = c->rows[i].gap.value =
            c->rows[i].lambda_max.value = NAN;
        c->rows[i].sharpness_sam.value = c->rows[i].rise_top.value = c->rows[i].rise_random.value = NAN;
    }
    PLAN(methods, result, &no_options);
    assert_int_equal(plan.panel_count, 1);
    assert_string_equal(plan.panels[0].empty, "not measured");
    basin_plan_clear(&plan);
    basin_result_destroy(&result);
}

static void an_axis_ends_where_its_measure_does(void **state)
{
    basin_result     *result = synthetic_comparison(8);
    basin_comparison *c = result->value;
    basin_plan        plan;

    (void)state;
    for (size_t i = 0; i < c->row_count; i++) c->rows[i].test_accuracy.value = 0.9 + 0.1 * (double)(i % 2);
    for (size_t i = 0; i < c->estimate_count; i++)
        if (strcmp(c->estimates[i].measure, "test_accuracy") == 0)
            c->estimates[i].mean = 0.95, c->estimates[i].lower = 0.9, c->estimates[i].upper = 1;
    PLAN(methods, result, &no_options);
    assert_true(panel_titled(&plan, "test accuracy")->y.high == 1.0);
    basin_plan_clear(&plan);
    basin_result *track = synthetic_track((const char *const[]){"gd"}, 1, 1, 4);
    basin_track  *t = track->value;
    for (size_t i = 0; i < t->row_count; i++) t->rows[i].train_accuracy.value = 1.0;
    PLAN(epochs, track, &((basin_figure_options){.y = "train_accuracy"}));
    assert_true(plan.panels[0].y.high == 1.0 && plan.panels[0].y.low < 1.0);
    assert_null(plan.panels[0].empty);
    basin_plan_clear(&plan);
    for (size_t i = 0; i < t->row_count; i++) t->rows[i].train_accuracy.value = NAN;
    PLAN(epochs, track, &((basin_figure_options){.y = "train_accuracy"}));
    assert_string_equal(plan.panels[0].empty, "not measured");
    basin_plan_clear(&plan);
    basin_result_destroy(&track);
    basin_result_destroy(&result);
}

static void the_choice_of_samples_has_its_own_bar(void **state)
{
    basin_result     *result = synthetic_comparison(8);
    basin_comparison *c = result->value;
    const basin_mark *bar = NULL;
    basin_plan        plan;

    (void)state;
    PLAN(methods, result, &no_options);
    assert_false(says(&plan, "Thin bar"));
    assert_true(says(&plan, "; P = 2,410, N = 200 training samples and 899 test samples."));
    basin_plan_clear(&plan);
    for (size_t i = 0; i < c->row_count; i++) c->rows[i].split_samples = 1000;
    for (size_t i = 0; i < c->estimate_count; i++) c->estimates[i].sampling_error = 0.25;
    PLAN(methods, result, &no_options);
    basin_panel *panel = panel_titled(&plan, "λ\1max\2");
    for (size_t i = 0; i < panel->mark_count; i++)
        if (panel->marks[i].type == &basin_mark_interval && panel->marks[i].pen.width < 0.5)
            bar = &panel->marks[i];
    assert_non_null(bar);
    assert_close(bar->high[0] - bar->low[0], 0.5, 1e-12, 0);
    assert_true(bar->marker == BASIN_MARKER_NONE);
    assert_true(says(
        &plan, " Thin bar beside a mean: ± its standard error over the choice of the training samples."));
    assert_true(says(&plan, "; P = 2,410, N = 200 of 1,000 training samples and 899 test samples."));
    basin_plan_clear(&plan);
    basin_result_destroy(&result);
}

static void a_comparison_at_a_loss_says_so(void **state)
{
    basin_result     *result = synthetic_comparison(2);
    basin_comparison *c = result->value;
    basin_plan        plan;

    (void)state;
    PLAN(methods, result, &no_options);
    assert_true(says(&plan, "8 measures by method at step 2000;"));
    basin_plan_clear(&plan);
    c->at_loss = 0.2, c->step = -1;
    for (size_t i = 0; i < c->row_count; i++) c->rows[i].at_loss = 0.2;
    PLAN(methods, result, &no_options);
    assert_true(says(&plan, "8 measures by method at training loss 0.2, interpolated between checkpoints;"));
    basin_plan_clear(&plan);
    c->rows[0].at_loss = NAN;
    PLAN(methods, result, &no_options);
    assert_true(says(&plan, " at training loss 0.2, interpolated between checkpoints; 1 of 6 runs at the "
                            "first checkpoint at or below;"));
    basin_plan_clear(&plan);
    basin_result_destroy(&result);
}

static void weights_are_those_of_each_method(void **state)
{
    basin_result *result = synthetic_comparison(2), *track = synthetic_polished_track(1, 3);
    basin_plan    plan;

    (void)state;
    result->provenance->weights = BASIN_WEIGHTS_UNDONE; /* as the command says it of some */
    basin_figure *figure = NULL;
    assert_ok(basin_figure_create((const basin_result *const[]){result}, 1, NULL, &figure));
    assert_non_null(strstr(basin_figure_caption(figure), " Weights of MSAM: undone."));
    assert_null(strstr(basin_figure_caption(figure), "Weights: undone"));
    basin_figure_destroy(&figure);
    basin_comparison *c = result->value;
    for (size_t i = 0; i < c->row_count; i++)
        c->rows[i].weights = i < 2 ? BASIN_WEIGHTS_AS_STORED : BASIN_WEIGHTS_UNDONE;
    PLAN(methods, result, &no_options);
    assert_true(says(&plan, " Weights of SAM, MSAM: undone. Weights of GD: as stored."));
    basin_plan_clear(&plan);
    PLAN(epochs, track, &no_options);
    assert_true(says(&plan, " Weights of MSAM: undone."));
    basin_plan_clear(&plan);
    basin_result_destroy(&track);
    basin_result_destroy(&result);
}

static void losses_are_told_unequal_of_tested_pairs_alone(void **state)
{
    basin_result     *result = synthetic_polished_comparison(8);
    basin_comparison *c = result->value;
    basin_plan        plan;

    (void)state;
    PLAN(methods, result, &no_options);
    assert_string_equal(plan.warning, "training losses unequal: SAM and GD; MSAM and GD");
    basin_plan_clear(&plan);
    for (size_t i = 0; i < c->difference_count; i++)
        if (strcmp(c->differences[i].group, "sam") == 0) c->differences[i].pairs = 0;
    PLAN(methods, result, &no_options);
    assert_string_equal(plan.warning, "training losses unequal: MSAM and GD");
    basin_plan_clear(&plan);
    basin_result_destroy(&result);
}

/* ----------------------------------------------------------------------------------------------- track -- */

static void polished_points_are_a_curve_of_their_own(void **state)
{
    basin_result     *track = synthetic_polished_track(2, 4);
    basin_track      *t = track->value;
    const basin_mark *dotted = NULL;
    basin_range       x, y;
    double            last = 0;
    basin_plan        plan;

    (void)state;
    PLAN(epochs, track, &no_options);
    basin_panel *panel = panel_titled(&plan, "λ\1max\2");
    assert_int_equal(marks_like(panel, &basin_mark_line, BASIN_DOTTED, true, &dotted), 2);
    assert_int_equal(dotted->count, 4);
    for (size_t i = 0; i < t->row_count; i++)
        if (t->rows[i].point == BASIN_POINT_POLISHED && t->rows[i].part == 0 && t->rows[i].step == 2000 &&
            strcmp(t->rows[i].method, "msam") == 0)
            last += t->rows[i].lambda_max.value / 2;
    assert_close(dotted->y[3], last, 1e-12, 0);
    basin_panel_ranges(panel, &x, &y);
    assert_true(y.high < 1e3); /* parts of the samples stay outside */
    for (size_t i = 0; i < panel->mark_count; i++) {
        const basin_mark *mark = &panel->marks[i];
        if (mark->label == NULL || strcmp(mark->label, "MSAM") != 0) continue;
        assert_int_equal(mark->count, 4);
        assert_close(mark->y[3] * 0.96, last, 1e-12, 0); /* the raw curve is of raw rows alone */
    }
    assert_true(says(&plan, "over the checkpoints of 6 runs"));
    assert_true(says(&plan, " Dotted, hollow: the same at other points, the mean over the runs measured "
                            "there. Polished: after 20 plain"));
    basin_plan_clear(&plan);
    basin_result_destroy(&track);
}

static void the_dashed_ceiling_is_that_without_perturbation(void **state)
{
    basin_result     *track = synthetic_polished_track(1, 4);
    basin_track      *t = track->value;
    const basin_mark *dashed = NULL, *own = NULL;
    basin_plan        plan;

    (void)state;
    PLAN(epochs, track, &no_options);
    basin_panel *panel = panel_titled(&plan, "λ\1max\2");
    /* one for all methods, in grey */
    assert_int_equal(marks_like(panel, &basin_mark_line, BASIN_DASHED, false, &dashed), 1);
    assert_close(dashed->y[0], 2 * 1.9 / 0.05, 1e-12, 0);
    assert_close(dashed->pen.color.r, basin_grey.r, 0, 1e-12);
    /* SAM's; of MSAM it is not known */
    assert_int_equal(marks_like(panel, &basin_mark_line, BASIN_DOTTED, false, &own), 1);
    assert_true(own->silent);
    assert_close(own->y[3], 1.1 * t->rows[4 + 9].lambda_max.value, 1e-12, 0);
    assert_true(says(&plan, " Dashed: the ceiling 2(1+β)/η of stability, of each method as if it did not "
                            "perturb. Fine dots: the method's own "
                            "ceiling. For SAM and MSAM λ_max over their own ceiling, which follows it, is an "
                            "index of hovering, not of stability."));
    basin_plan_clear(&plan);
    /* of another formula, and no longer the same for all */
    for (size_t i = 0; i < t->row_count; i++) t->rows[i].ceiling_plain.value *= 0.9;
    t->rows[0].ceiling_plain.value = 70;
    PLAN(epochs, track, &no_options);
    assert_int_equal(marks_like(panel_titled(&plan, "λ\1max\2"), &basin_mark_line, BASIN_DASHED, false, NULL),
                     3);
    assert_true(says(&plan, " Dashed: the ceiling without perturbation of stability"));
    basin_plan_clear(&plan);
    /* learning rate 0 */
    for (size_t i = 0; i < t->row_count; i++) t->rows[i].ceiling_plain.value = t->rows[i].ceiling.value = NAN;
    PLAN(epochs, track, &no_options);
    assert_int_equal(marks_like(panel_titled(&plan, "λ\1max\2"), &basin_mark_line, BASIN_DASHED, false, NULL),
                     0);
    assert_false(says(&plan, "eiling"));
    basin_plan_clear(&plan);
    basin_result_destroy(&track);
}

static void a_sweep_at_a_loss_says_so(void **state)
{
    basin_result *sweep = synthetic_sweep();
    basin_track  *t = sweep->value;
    basin_plan    plan;

    (void)state;
    PLAN(sweep, sweep, &no_options);
    assert_true(says(&plan, "against learning rate η, at the last checkpoint of 5 runs"));
    basin_plan_clear(&plan);
    for (size_t i = 0; i < t->row_count; i++) t->rows[i].at_loss = 0.2;
    PLAN(sweep, sweep, &no_options);
    assert_true(says(
        &plan, "against learning rate η, at training loss 0.2, interpolated between checkpoints of 5 runs"));
    basin_plan_clear(&plan);
    t->rows[3].at_loss = NAN;
    PLAN(sweep, sweep, &no_options);
    assert_true(says(&plan, "interpolated between checkpoints (but for 1, at a checkpoint) of 5 runs"));
    basin_plan_clear(&plan);
    basin_result_destroy(&sweep);
}

/* ------------------------------------------------------------------------------------------- one point -- */

static bool line_says(const basin_result *const *results, size_t count, const char *text)
{
    basin_figure *figure = NULL;

    assert_ok(basin_figure_create(results, count, NULL, &figure));
    bool found = strstr(basin_figure_caption(figure), text) != NULL;
    if (!found) print_error("  caption: %s\n", basin_figure_caption(figure));
    basin_figure_destroy(&figure);
    return found;
}

static void captions_say_what_was_found_of_a_way_down(void **state)
{
    static const struct {
        basin_stationarity found;
        const char        *text;
    } cases[] = {
        {{.verdict = BASIN_DESCENT_FOUND,
          .products = 5,
          .decrement = 0.123,
          .threshold = 0.01,
          .decayed_gradient_norm = NAN},
         " This point: not stationary, a quadratic model falls by 12 % of the loss within 5 products from "
         "the gradient."},
        {{.verdict = BASIN_DESCENT_FOUND,
          .products = 5,
          .decrement = 0.123,
          .threshold = 0.01,
          .decayed_gradient_norm = 0.1},
         " falls by 12 % of the loss with its weight decay within 5 products"},
        {{.verdict = BASIN_DESCENT_NEGATIVE, .products = 20, .ritz_least = -0.3, .decrement = NAN},
         " This point: no minimum, along a direction within 20 products from the gradient the loss does not "
         "curve upwards (−0.3)."},
        {{.verdict = BASIN_DESCENT_NOT_FOUND,
          .products = 5,
          .decrement = 0.004,
          .threshold = 0.01,
          .decayed_gradient_norm = NAN},
         " This point: no fall above 1 % of the loss found within 5 products from the gradient."},
        {{.verdict = BASIN_DESCENT_NOT_FOUND, .products = 1, .threshold = 0.01, .decayed_gradient_norm = NAN},
         " found within 1 product from the gradient."},
        {{.verdict = BASIN_DESCENT_AT_ROUNDING, .products = 5},
         " This point: the gradient is zero but for rounding, which tells nothing of a way down."},
    };
    basin_result *line = synthetic_line("gd", "momentum", 1, 5), *ends = synthetic_ends("gd", 100, 3, 2),
                 *plane = synthetic_plane("gd", 9);
    basin_plan plan;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ((basin_slice *)line->value)->stationarity = ((basin_slice *)plane->value)->stationarity =
            cases[i].found;
        ((basin_spectrum *)ends->value)->stationarity = cases[i].found;
        assert_true(line_says((const basin_result *const[]){line}, 1, cases[i].text));
        assert_true(line_says((const basin_result *const[]){ends}, 1, cases[i].text));
        assert_true(line_says((const basin_result *const[]){plane}, 1, cases[i].text));
    }
    ((basin_slice *)line->value)->stationarity.verdict = BASIN_DESCENT_NOT_TESTED;
    PLAN(lines, line, &no_options);
    assert_false(says(&plan, "gradient"));
    basin_plan_clear(&plan);
    basin_result_destroy(&line), basin_result_destroy(&ends), basin_result_destroy(&plane);
}

static void a_way_down_is_told_once_of_each_point(void **state)
{
    static const basin_stationarity none = {
        .verdict = BASIN_DESCENT_NOT_FOUND, .products = 5, .threshold = 0.01, .decayed_gradient_norm = NAN};
    basin_result *lines[] = {synthetic_line("gd", "momentum", 1, 5), synthetic_line("gd", "eigen:1", 1, 5),
                             synthetic_line("sam", "momentum", 1, 5)};
    basin_plan    plan;

    (void)state;
    for (size_t i = 0; i < 3; i++) ((basin_slice *)lines[i]->value)->stationarity = none;
    plan = plan_of((const basin_result *const *)lines, 2, &no_options);
    assert_ok(basin_plan_lines(&plan));
    const char *first = strstr(plan.caption, "This point: no fall");
    assert_non_null(first);
    assert_null(strstr(first + strlen("This point: no fall"), "no fall"));
    basin_plan_clear(&plan);
    plan = plan_of((const basin_result *const[]){lines[0], lines[2]}, 2, &no_options);
    assert_ok(basin_plan_lines(&plan));
    assert_true(says(
        &plan, " GD: no fall above 1 % of the loss found within 5 products from the gradient. SAM: no fall"));
    basin_plan_clear(&plan);
    lines[1]->provenance->polish.steps = 20; /* no longer the same point */
    plan = plan_of((const basin_result *const *)lines, 2, &no_options);
    assert_ok(basin_plan_lines(&plan));
    assert_false(says(&plan, "This point"));
    basin_plan_clear(&plan);
    for (size_t i = 0; i < 3; i++) basin_result_destroy(&lines[i]);
}

/* «lines» of a slice along the momentum of a run in `folder`, whose checkpoint records `method`; NULL:
   nothing. */
static basin_result *line_in(const char *folder, const char *method)
{
    basin_result     *line = synthetic_line("gd", "momentum", 1, 5);
    basin_provenance *p = line->provenance;

    basin_free(p->inputs[0].path);
    p->inputs[0].path = basin_format("%s/step_400.h5", folder);
    basin_free(p->training.method);
    p->training.method = basin_strdup(method);
    return line;
}

static bool same_color(const basin_color *a, const basin_color *b)
{
    return a->r == b->r && a->g == b->g && a->b == b->b;
}

/* The method whose look that is, or NULL. */
static const char *wearer_of(const basin_look *look)
{
    for (size_t i = 0; i < BASIN_METHODS; i++) {
        basin_look own;
        assert_true(basin_look_method(basin_methods[i].name, &own));
        if (same_color(&own.color, &look->color) && own.dash == look->dash && own.marker == look->marker &&
            own.hollow == look->hollow)
            return basin_methods[i].name;
    }
    return NULL;
}

static void a_curve_is_of_the_method_that_its_checkpoint_records(void **state)
{
    basin_result *gd = line_in("sam_vs_gd/run1", "gd"), *sam = line_in("gd_2/sam", "sam"),
                 *lion = line_in("msam_3", "lion");
    basin_series *series = NULL;

    (void)state;
    basin_plan plan = plan_of((const basin_result *const[]){gd}, 1, &no_options);
    assert_ok(basin_plan_series(&plan, &series));
    assert_string_equal(series[0].label, "GD");
    assert_string_equal(wearer_of(&series[0].look), "gd");
    basin_plan_clear(&plan);
    plan = plan_of((const basin_result *const[]){lion, gd, sam}, 3, &no_options);
    assert_ok(basin_plan_series(&plan, &series));
    /* carried by its name, in a colour that no method here wears */
    assert_string_equal(series[0].label, "lion");
    assert_false(same_color(&series[0].look.color, &series[1].look.color) ||
                 same_color(&series[0].look.color, &series[2].look.color));
    assert_string_equal(wearer_of(&series[1].look), "gd");
    assert_string_equal(wearer_of(&series[2].look), "sam");
    basin_plan_clear(&plan);
    const char *const labels[] = {"SAM", "MSAM"}; /* words of the user's, which change no colour */
    plan = plan_of((const basin_result *const[]){gd, sam}, 2, &(basin_figure_options){.labels = labels});
    assert_ok(basin_plan_series(&plan, &series));
    assert_string_equal(series[0].label, "SAM");
    assert_string_equal(wearer_of(&series[0].look), "gd");
    assert_string_equal(wearer_of(&series[1].look), "sam");
    basin_plan_clear(&plan);
    basin_result_destroy(&gd);
    basin_result_destroy(&sam);
    basin_result_destroy(&lion);
}

static void a_result_of_no_known_method_has_no_method_s_colour(void **state)
{
    basin_result *gd = line_in("sam_vs_gd/run1", "gd"), *older = line_in("runs/sam_3", NULL),
                 *made = line_in("runs/msam_4", "msam");
    basin_series *series = NULL;

    (void)state;
    basin_provenance_destroy(&made->provenance);
    basin_plan plan = plan_of((const basin_result *const[]){older, gd, made}, 3, &no_options);
    assert_ok(basin_plan_series(&plan, &series));
    assert_string_equal(series[0].label, "sam_3");
    assert_string_equal(series[1].label, "GD");
    assert_string_equal(series[2].label, "result 3");
    assert_string_equal(wearer_of(&series[1].look), "gd");
    for (size_t i = 0; i < 3; i += 2)
        for (size_t m = 0; m < BASIN_METHODS; m++) {
            basin_look own;
            assert_true(basin_look_method(basin_methods[m].name, &own));
            assert_false(same_color(&own.color, &series[i].look.color));
        }
    assert_true(series[0].look.dash != series[2].look.dash); /* and are told apart all the same */
    basin_plan_clear(&plan);
    basin_result_destroy(&gd);
    basin_result_destroy(&older);
    basin_result_destroy(&made);
}

static void results_of_one_method_are_told_apart_by_their_runs(void **state)
{
    basin_result *one = line_in("runs/gd_0", "gd"), *two = line_in("runs/gd_1", "gd"),
                 *sam = line_in("runs/sam_0", "sam");
    basin_series *series = NULL;

    (void)state;
    basin_plan plan = plan_of((const basin_result *const[]){one, sam, two}, 3, &no_options);
    assert_ok(basin_plan_series(&plan, &series));
    assert_string_equal(series[0].label, "gd_0");
    assert_string_equal(series[1].label, "sam_0");
    assert_string_equal(series[2].label, "gd_1");
    for (size_t i = 0; i < 3; i++)
        for (size_t j = 0; j < i; j++) assert_false(same_color(&series[i].look.color, &series[j].look.color));
    basin_plan_clear(&plan);
    basin_result_destroy(&one);
    basin_result_destroy(&two);
    basin_result_destroy(&sam);
}

static void captions_say_how_a_point_was_reached(void **state)
{
    basin_result     *line = synthetic_line("msam", "momentum", 1, 5);
    basin_provenance *p = line->provenance;

    (void)state;
    p->polish = (basin_polish){.steps = 20,
                               .step = 0.1,
                               .moved = 0.047,
                               .loss_before = 0.0623,
                               .loss_after = 0.0612,
                               .gradient_norm_before = 0.13,
                               .gradient_norm_after = 0.008};
    p->weights = BASIN_WEIGHTS_UNDONE;
    assert_true(line_says((const basin_result *const[]){line}, 1,
                          " This point: polished by 20 plain gradient steps of size 0.1, which moved θ by "
                          "0.047, the training loss from 0.0623 to 0.0612 "
                          "and ‖∇L‖ from 0.13 to 0.008. Checkpoint: runs/msam_0/step_2000.h5."));
    assert_true(line_says((const basin_result *const[]){line}, 1, " Weights: undone."));
    p->polish.halvings = 1, p->polish.step = 0.05;
    assert_true(line_says((const basin_result *const[]){line}, 1,
                          " of size 0.05 in the end (halved 1 time), which moved"));
    p->polish.steps = 0, p->averaged = 8;
    p->weights = BASIN_WEIGHTS_MIXED;
    assert_true(
        line_says((const basin_result *const[]){line}, 1,
                  " This point: the mean weights of 8 consecutive checkpoints, of which the last is named."));
    basin_figure *figure = NULL;
    assert_ok(basin_figure_create((const basin_result *const[]){line}, 1, NULL, &figure));
    assert_null(strstr(basin_figure_caption(figure), "Weights"));
    assert_null(strstr(basin_figure_caption(figure), "polished"));
    basin_figure_destroy(&figure);
    basin_result_destroy(&line);
}

/* Whether 0 was among the radii or not: a straight line from one sign to the other would pass beside it. */
static void rises_over_signed_radii_pass_through_0(void **state)
{
    basin_result    *result = synthetic_sharpness("gd");
    basin_sharpness *s = result->value;
    basin_plan       plan;
    size_t           lines = 0;

    (void)state;
    for (size_t i = 0; i < s->rise_count; i++)
        if (s->rises[i].rho == 0.0)
            s->rises[i] = (basin_rise){.direction = s->rises[i].direction,
                                       .seed = s->rises[i].seed,
                                       .definition = s->rises[i].definition,
                                       .split = s->rises[i].split,
                                       .rho = s->rises[i + 1].rho,
                                       .value = s->rises[i + 1].value};
    PLAN(sharpness, result, &no_options);
    for (size_t i = 0; i < plan.panels[0].mark_count; i++) {
        const basin_mark *mark = &plan.panels[0].marks[i];
        bool              found = false;
        if (mark->type != &basin_mark_line || mark->count < 5) continue;
        for (size_t k = 0; k < mark->count; k++) found = found || (mark->x[k] == 0.0 && mark->y[k] == 0.0);
        assert_true(found);
        lines++;
    }
    assert_int_equal(lines, 6);
    basin_plan_clear(&plan);
    basin_result_destroy(&result);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(seeds_are_joined_only_where_their_pair_is_tested),
        cmocka_unit_test(a_line_of_the_loss_alone_has_one_panel),
        cmocka_unit_test(a_verdict_shows_what_it_rests_on_and_nothing_else),
        cmocka_unit_test(verdicts_are_the_report_s_and_of_conditions_their_family_s),
        cmocka_unit_test(polished_points_stand_beside_the_raw_ones_and_a_flip_is_said),
        cmocka_unit_test(one_run_is_its_own_mean),
        cmocka_unit_test(rises_over_signed_radii_pass_through_0),
        cmocka_unit_test(parts_of_the_samples_are_never_drawn),
        cmocka_unit_test(what_was_not_measured_has_no_axis),
        cmocka_unit_test(an_axis_ends_where_its_measure_does),
        cmocka_unit_test(the_choice_of_samples_has_its_own_bar),
        cmocka_unit_test(a_comparison_at_a_loss_says_so),
        cmocka_unit_test(weights_are_those_of_each_method),
        cmocka_unit_test(losses_are_told_unequal_of_tested_pairs_alone),
        cmocka_unit_test(polished_points_are_a_curve_of_their_own),
        cmocka_unit_test(the_dashed_ceiling_is_that_without_perturbation),
        cmocka_unit_test(a_sweep_at_a_loss_says_so),
        cmocka_unit_test(captions_say_what_was_found_of_a_way_down),
        cmocka_unit_test(a_way_down_is_told_once_of_each_point),
        cmocka_unit_test(a_curve_is_of_the_method_that_its_checkpoint_records),
        cmocka_unit_test(a_result_of_no_known_method_has_no_method_s_colour),
        cmocka_unit_test(results_of_one_method_are_told_apart_by_their_runs),
        cmocka_unit_test(captions_say_how_a_point_was_reached),
    };
    return cmocka_run_group_tests_name("plans", tests, NULL, NULL);
}

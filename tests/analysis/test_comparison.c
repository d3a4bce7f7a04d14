/* Groups, pairs, estimates, differences and verdicts on rows made up here, against formulas. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "comparison_table.h"

/* --------------------------------------------------------------------------------------------- numbers -- */

static void eight_seeds_decide_and_the_numbers_are_those_of_the_formulas(void **unused)
{
    table t = {0};

    (void)unused;
    table_flat_and_better(&t, 8);
    basin_comparison       *c = table_compare(&t, NULL);
    const basin_difference *d = table_difference(c, "lambda_max", "sam", "gd"),
                           *accuracy = table_difference(c, "test_accuracy", "sam", "gd");
    double x[8], mean = 0.0, square = 0.0;
    for (size_t s = 0; s < 8; s++) {
        double base = 10.0 + 0.01 * (double)(s % 5);
        x[s] = log((base - 2.0 * (1.0 + 0.1 * (double)s)) / base), mean += x[s] / 8.0;
    }
    for (size_t s = 0; s < 8; s++) square += (x[s] - mean) * (x[s] - mean);
    double half = 2.36462425159278 * sqrt(square / 7.0 / 8.0);
    assert_string_equal(c->base, "gd");
    assert_int_equal(c->step, 100);
    assert_true(isnan(c->at_loss));
    assert_close(c->level, 0.05, 0.0, 0.0);
    assert_int_equal(c->report_pairs, 1);
    assert_int_equal(d->pairs, 8);
    assert_true(d->paired && d->ratio);
    assert_int_equal(d->family, BASIN_FAMILY_CURVATURE);
    assert_close(d->mean, exp(mean), 1e-12, 0.0);
    assert_close(d->lower, exp(mean - half), 1e-10, 0.0);
    assert_close(d->upper, exp(mean + half), 1e-10, 0.0);
    assert_close(d->p, 2.0 / 256.0, 0.0, 0.0);
    assert_close(d->p_family, 2.0 / 256.0, 0.0, 0.0); /* all agree in every seed: they share the pattern */
    assert_close(d->p_report, 2.0 / 256.0, 0.0, 0.0);
    assert_close(d->p_smallest, 2.0 / 256.0, 0.0, 0.0);
    assert_int_equal(d->seeds_needed, 0);
    assert_int_equal(d->verdict, BASIN_VERDICT_LOWER);
    assert_int_equal(d->report, BASIN_VERDICT_LOWER);
    assert_true(isnan(d->rows_error));
    assert_false(accuracy->ratio);
    assert_close(accuracy->mean, 0.0135, 1e-12, 0.0);
    assert_int_equal(accuracy->report, BASIN_VERDICT_HIGHER);
    const basin_difference *norm = table_difference(c, "theta_norm", "sam", "gd");
    assert_int_equal(norm->verdict, BASIN_VERDICT_UNDECIDED); /* equal in every pair */
    assert_close(norm->p, 1.0, 0.0, 0.0);
    assert_true(isnan(norm->p_report)); /* conditions are no part of the report */
    assert_close(table_estimate(c, "train_loss", "gd")->mean, 0.5, 1e-15, 0.0);
    assert_close(table_estimate(c, "train_loss", "gd")->sd, 0.0, 0.0, 1e-15);
    assert_true(isnan(table_estimate(c, "lambda_max", "gd")->sampling_error));
    basin_comparison_destroy(&c);
    basin_comparison_destroy(&c);
    basin_comparison_destroy(NULL);
}

static void one_value_that_is_not_positive_makes_the_measure_one_of_plain_differences(void **unused)
{
    table t = {0};

    (void)unused;
    table_flat_and_better(&t, 8);
    t.rows[5].trace.value = -1.0; /* of seed 2: 30 - 1.2 otherwise */
    basin_comparison       *c = table_compare(&t, NULL);
    const basin_difference *d = table_difference(c, "trace", "sam", "gd");
    assert_false(d->ratio);
    assert_close(d->mean, -(8.0 + 0.1 * 28.0 - 1.2 + 31.0) / 8.0, 1e-12, 0.0);
    assert_int_equal(d->report, BASIN_VERDICT_LOWER);
    basin_comparison_destroy(&c);
}

static void too_few_seeds_cannot_decide_and_how_many_could(void **unused)
{
    table t = {0};

    (void)unused;
    table_flat_and_better(&t, 3);
    basin_comparison       *c = table_compare(&t, NULL);
    const basin_difference *d = table_difference(c, "lambda_max", "sam", "gd");
    assert_int_equal(d->verdict, BASIN_VERDICT_TOO_FEW_SEEDS);
    assert_int_equal(d->report, BASIN_VERDICT_TOO_FEW_SEEDS);
    assert_int_equal(d->seeds_needed, 6); /* 2/2^6 < .05: one pair of groups */
    assert_int_equal(table_difference(c, "train_loss", "sam", "gd")->seeds_needed, 0);
    basin_comparison_destroy(&c);
}

/* The report divides its level among the pairs of groups: six seeds can decide a family, not the report of
   two pairs. */
static void six_seeds_decide_a_family_but_not_a_report_of_two_pairs(void **unused)
{
    table t = {0};

    (void)unused;
    table_flat_and_better(&t, 6);
    for (int64_t s = 0; s < 6; s++) table_add(&t, "msam", s, 100)->lambda_max.value -= 1.0;
    basin_comparison       *c = table_compare(&t, NULL);
    const basin_difference *d = table_difference(c, "lambda_max", "sam", "gd");
    assert_int_equal(c->report_pairs, 2);
    assert_int_equal(d->verdict, BASIN_VERDICT_LOWER);
    assert_int_equal(d->report, BASIN_VERDICT_TOO_FEW_SEEDS);
    assert_int_equal(d->seeds_needed, 7);
    basin_comparison_destroy(&c);
}

/* Two of eight pairs without a difference leave six signs. */
static void pairs_without_a_difference_have_no_sign(void **unused)
{
    table t = {0};

    (void)unused;
    table_flat_and_better(&t, 8);
    for (int64_t s = 0; s < 8; s++) table_add(&t, "msam", s, 100);
    for (size_t i = 0; i < 4; i++) t.rows[i].test_accuracy.value = 0.7;
    basin_comparison       *c = table_compare(&t, NULL);
    const basin_difference *d = table_difference(c, "test_accuracy", "sam", "gd");
    assert_close(d->p_smallest, 2.0 / 64.0, 0.0, 0.0);
    assert_close(d->p, 2.0 / 64.0, 0.0, 0.0);
    assert_int_equal(d->report, BASIN_VERDICT_TOO_FEW_SEEDS);
    assert_int_equal(d->seeds_needed, 9); /* 7 with a difference */
    assert_int_equal(table_difference(c, "test_accuracy", "msam", "gd")->report,
                     BASIN_VERDICT_UNDECIDED); /* where none differs, more would not help */
    basin_comparison_destroy(&c);
}

static void one_run_each_gives_no_interval(void **unused)
{
    table t = {0};

    (void)unused;
    table_flat_and_better(&t, 1);
    basin_comparison *c = table_compare(&t, NULL);
    assert_true(isnan(table_estimate(c, "lambda_max", "gd")->lower));
    assert_close(table_estimate(c, "lambda_max", "gd")->mean, 10.0, 1e-14, 0.0);
    assert_int_equal(table_difference(c, "lambda_max", "sam", "gd")->verdict, BASIN_VERDICT_TOO_FEW_SEEDS);
    table_note(c, "«sam is flatter than gd»? 1 seed cannot decide; 6 could, if all agreed in sign", true);
    basin_comparison_destroy(&c);
}

static void intervals_end_where_the_measure_does(void **unused)
{
    table t = {0};

    (void)unused;
    table_add(&t, "gd", 0, 100)->test_accuracy.value = 0.99,
                           table_add(&t, "gd", 1, 100)->test_accuracy.value = 0.9;
    t.rows[0].trace.value = 1.0, t.rows[1].trace.value = 100.0;
    t.rows[0].sane.value = 1.0, t.rows[1].sane.value = 100.0;
    basin_comparison *c = table_compare(&t, NULL);
    assert_close(table_estimate(c, "test_accuracy", "gd")->upper, 1.0, 0.0, 0.0);
    assert_close(table_estimate(c, "test_accuracy", "gd")->lower, 0.945 - 12.7062047361747 * 0.045, 1e-9,
                 0.0);
    assert_close(table_estimate(c, "sane", "gd")->lower, 0.0, 0.0, 0.0);
    assert_true(table_estimate(c, "trace", "gd")->lower < 0.0); /* a trace may be negative */
    basin_comparison_destroy(&c);
}

static void unequal_training_losses_are_flagged(void **unused)
{
    table t = {0};

    (void)unused;
    table_flat_and_better(&t, 8);
    for (size_t i = 1; i < t.count; i += 2) t.rows[i].train_loss.value = 0.6 + 0.001 * (double)i;
    basin_comparison *c = table_compare(&t, NULL);
    assert_true(c->losses_unequal && c->differences[0].losses_unequal);
    assert_non_null(strstr(c->losses_note, "unequal (relative difference 0.18, tolerance 0.1)"));
    assert_non_null(strstr(c->notes[0], "unequal"));
    basin_comparison_destroy(&c);
    /* 0.35 geometric, times 3.4: the seeds do not tell */
    for (size_t i = 1; i < t.count; i += 2) t.rows[i].train_loss.value = i % 4 == 1 ? 0.1 : 1.2;
    c = table_compare(&t, NULL);
    assert_false(c->losses_unequal);
    assert_non_null(strstr(c->losses_note, "not shown to be equal, nor unequal"));
    basin_comparison_destroy(&c);
    for (size_t i = 1; i < t.count; i += 2) t.rows[i].train_loss.value = 0.5;
    table_add(&t, "gd", 20, 100)->train_loss.value = 1e5; /* a run without a partner is no reason */
    c = table_compare(&t, NULL);
    assert_false(c->losses_unequal);
    assert_non_null(strstr(c->losses_note, "sam 0.5 against gd 0.5: equal within the tolerance"));
    basin_comparison_destroy(&c);
}

static void losses_without_a_pair_are_not_called_unequal(void **unused)
{
    table t = {0};

    (void)unused;
    for (int64_t s = 0; s < 3; s++)
        table_add(&t, "gd", s, 100), table_add(&t, "sam", s + 10, 100)->train_loss.value = 5.0;
    basin_comparison *c = table_compare(&t, NULL);
    assert_false(c->losses_unequal);
    assert_non_null(strstr(c->losses_note, "sam 5 against gd 0.5: no pairs: cannot be told"));
    for (size_t i = 0; i < c->difference_count; i++) assert_false(c->differences[i].losses_unequal);
    basin_comparison_destroy(&c);
}

/* ---------------------------------------------------------------------------------------------- points -- */

/* Equal at the checkpoint does not make them equal after polishing, and a polish that moves the loss much is
   no measurement: each is said. */
static void losses_are_judged_at_each_kind_of_point(void **unused)
{
    table t = {0};

    (void)unused;
    table_flat_and_better(&t, 8);
    for (size_t i = 0; i < 16; i++) {
        basin_row *m = table_beside(&t, &t.rows[i], BASIN_POINT_POLISHED, 0);
        m->train_loss.value = i % 2 == 1 ? 0.3 + 0.001 * (double)i : 0.48;
        m->polish =
            (basin_polish){.steps = 20, .step = 0.1, .loss_before = 0.5, .loss_after = m->train_loss.value};
    }
    basin_comparison *c = table_compare(&t, NULL);
    assert_false(table_difference(c, "lambda_max", "sam", "gd")->losses_unequal);
    assert_true(table_difference_at(c, BASIN_POINT_POLISHED, "lambda_max", "sam", "gd")->losses_unequal);
    assert_non_null(strstr(c->losses_note, "polished, sam 0.308 against gd 0.48: unequal"));
    table_note(c,
               "polishing moved the training loss by up to 40 %, more than the tolerance of 10 %: what is "
               "measured there is further training, too",
               true);
    basin_comparison_destroy(&c);
    for (size_t i = 16; i < t.count; i++) t.rows[i].train_loss.value = t.rows[i].polish.loss_after = 0.49;
    c = table_compare(&t, NULL);
    assert_null(strstr(c->losses_note, "polished"));
    table_note(c, "polishing moved", false);
    basin_comparison_destroy(&c);
}

/* Without an interval the means of one pair say nothing. */
static void losses_of_one_pair_cannot_be_told_apart(void **unused)
{
    table t = {0};

    (void)unused;
    table_flat_and_better(&t, 1);
    t.rows[1].train_loss.value = 0.1;
    basin_comparison *c = table_compare(&t, NULL);
    assert_false(c->losses_unequal);
    assert_non_null(strstr(c->losses_note, "one pair: cannot be told"));
    basin_comparison_destroy(&c);
}

/* A half of the samples that could not be measured does not make the run a broken one. */
static void a_half_that_is_missing_breaks_no_run(void **unused)
{
    table t = {0};

    (void)unused;
    table_flat_and_better(&t, 8);
    for (size_t i = 0; i < 16; i++)
        table_beside(&t, &t.rows[i], BASIN_POINT_RAW, 1)->missing = "two samples are too few";
    basin_comparison *c = table_compare(&t, NULL);
    assert_int_equal(c->step, 100);
    assert_int_equal(table_group(c, "sam")->run_count, 8);
    basin_comparison_destroy(&c);
}

static void polished_rows_are_compared_beside_raw_ones(void **unused)
{
    table t = {0};

    (void)unused;
    table_flat_and_better(&t, 8);
    for (size_t i = 0; i < 16; i++) {
        basin_row *m = table_beside(&t, &t.rows[i], BASIN_POINT_POLISHED, 0);
        m->lambda_max.value *= i % 2 == 1 ? 2.0 : 1.0; /* and now sam is the sharper one */
    }
    basin_comparison       *c = table_compare(&t, NULL);
    const basin_difference *raw = table_difference(c, "lambda_max", "sam", "gd"),
                           *polished =
                               table_difference_at(c, BASIN_POINT_POLISHED, "lambda_max", "sam", "gd");
    assert_int_equal(raw->report, BASIN_VERDICT_LOWER);
    assert_int_equal(polished->report, BASIN_VERDICT_HIGHER);
    assert_close(polished->mean, 2.0 * raw->mean, 1e-12, 0.0);
    /* the test set is not measured anew for generalisation */
    for (size_t i = 0; i < c->difference_count; i++)
        assert_true(c->differences[i].point == BASIN_POINT_RAW ||
                    c->differences[i].family != BASIN_FAMILY_GENERALISATION);
    table_note(c,
               "the verdict turns round: by lambda_max sam is smaller than gd at the checkpoint but larger "
               "after polishing",
               true);
    table_note(c,
               "measures of curvature disagree: sam is flatter than gd by lambda_max, trace, trace "
               "(polished), but sam is sharper than gd by "
               "lambda_max (polished)",
               true);
    assert_int_equal(table_group(c, "gd")->run_count, 8); /* groups hold raw rows only */
    for (size_t i = 0; i < 8; i++)
        assert_int_equal(c->rows[table_group(c, "gd")->rows[i]].point, BASIN_POINT_RAW);
    basin_comparison_destroy(&c);
}

static void a_kind_of_point_that_one_group_lacks_is_not_compared(void **unused)
{
    table t = {0};

    (void)unused;
    table_flat_and_better(&t, 8);
    for (size_t i = 1; i < 16; i += 2) table_beside(&t, &t.rows[i], BASIN_POINT_AVERAGED, 0);
    basin_comparison *c = table_compare(&t, NULL);
    for (size_t i = 0; i < c->difference_count; i++)
        assert_int_equal(c->differences[i].point, BASIN_POINT_RAW);
    for (size_t i = 0; i < c->estimate_count; i++) assert_int_equal(c->estimates[i].point, BASIN_POINT_RAW);
    table_note(c, "averaged rows are not compared: gd has none", true);
    basin_comparison_destroy(&c);
}

/* ------------------------------------------------------------------------------------ rows and samples -- */

/* Standard errors over parts against the plain formula, and a difference that the parts explain. */
/* Over `count` parts of a test set: the standard deviation of a difference over √count. */
static double error_of_parts(const double *parts, size_t count)
{
    const double n = (double)count;
    double       mean = 0.0, square = 0.0;

    for (size_t j = 0; j < count; j++) mean += parts[j] / n;
    for (size_t j = 0; j < count; j++) square += (parts[j] - mean) * (parts[j] - mean);
    return sqrt(square / (n - 1.0) / n);
}

static void the_rows_of_the_test_set_have_an_error_of_their_own(void **unused)
{
    enum { J = 5, ROWS = 16 };
    table  t = {0};
    double loss[ROWS * J], accuracy[ROWS * J], on_loss[J] = {0}, on_gap[J] = {0}, on_accuracy[J] = {0};

    (void)unused;
    table_flat_and_better(&t, 8);
    for (size_t i = 0; i < ROWS; i++)
        for (size_t j = 0; j < J; j++) {
            loss[i * J + j] = t.rows[i].test_loss.value + (i % 2 == 1 ? 0.02 : -0.01) * ((double)j - 2.0);
            accuracy[i * J + j] =
                t.rows[i].test_accuracy.value + (i % 2 == 1 ? 0.3 : 0.0) * ((double)j - 2.0);
        }
    for (size_t j = 0; j < J; j++)
        for (size_t s = 0; s < 8; s++) {
            size_t a = (2 * s + 1) * J + j, b = 2 * s * J + j;
            on_loss[j] +=
                (loss[a] / t.rows[2 * s + 1].test_loss.value - loss[b] / t.rows[2 * s].test_loss.value) / 8.0;
            on_gap[j] += (loss[a] - loss[b]) / 8.0;
            on_accuracy[j] += (accuracy[a] - accuracy[b]) / 8.0;
        }
    basin_comparison *c =
        table_compare(&t, &(basin_comparison_options){
                              .test_part_count = J, .test_part_loss = loss, .test_part_accuracy = accuracy});
    const char   *names[] = {"test_loss", "gap", "test_accuracy"};
    const double *parts[] = {on_loss, on_gap, on_accuracy};
    for (size_t k = 0; k < 3; k++)
        assert_close(table_difference(c, names[k], "sam", "gd")->rows_error, error_of_parts(parts[k], J),
                     1e-9, 0.0);
    assert_true(isnan(table_difference(c, "lambda_max", "sam", "gd")->rows_error));
    assert_int_equal(table_difference(c, "test_loss", "sam", "gd")->report, BASIN_VERDICT_LOWER);
    const basin_difference *d = table_difference(c, "test_accuracy", "sam", "gd"); /* .0135 ± .21 over rows */
    assert_close(d->rows_error, 0.3 * sqrt(10.0 / 4.0 / 5.0), 1e-9, 0.0);
    assert_true(d->p_report < 0.05);
    assert_int_equal(d->verdict, BASIN_VERDICT_HIGHER);
    assert_int_equal(d->report, BASIN_VERDICT_UNDECIDED);
    table_note(c,
               "the seeds agree on test_accuracy of sam against gd (p = 0.0078), but seeds and rows of the "
               "test set together leave it open: difference 0.0135, "
               "standard error over rows 0.21",
               true);
    table_note(
        c,
        "must stand out against two errors together: over the seeds, and over the rows of the test set "
        "(899 rows), from 5 parts of it",
        true);
    assert_int_equal(c->test_part_count, J);
    assert_close(c->test_part_loss[7], loss[7], 0.0, 0.0);
    basin_comparison_destroy(&c);
    loss[3] = NAN; /* not measured in one row: then it is unknown */
    c = table_compare(&t, &(basin_comparison_options){
                              .test_part_count = J, .test_part_loss = loss, .test_part_accuracy = accuracy});
    assert_true(isnan(table_difference(c, "test_loss", "sam", "gd")->rows_error));
    table_note(c, "in generalisation conditional on one test set of 899 rows", true);
    basin_comparison_destroy(&c);
    basin_comparison_options one = {
        .test_part_count = 1, .test_part_loss = loss, .test_part_accuracy = accuracy};
    assert_status(basin_comparison_compute(t.rows, t.count, &one, &c), BASIN_ERR_ARG);
    assert_message("1 parts of a test set: there must be at least 2");
}

static void halves_of_a_subset_give_its_error_and_bias(void **unused)
{
    table t = {0};

    (void)unused;
    for (int64_t s = 0; s < 2; s++) {
        basin_row *m = table_add(&t, "gd", s, 100);
        m->samples = 50, m->split_samples = 200, m->trace.value = 30.0;
        size_t at = t.count - 1;
        table_beside(&t, &t.rows[at], BASIN_POINT_RAW, 1)->lambda_max.value = s == 0 ? 14.0 : 15.0;
        table_beside(&t, &t.rows[at], BASIN_POINT_RAW, 2)->lambda_max.value = s == 0 ? 12.0 : 11.0;
        t.rows[t.count - 1].trace.value = 30.1;
    }
    basin_comparison     *c = table_compare(&t, NULL);
    const basin_estimate *e = table_estimate(c, "lambda_max", "gd");
    assert_int_equal(e->n, 2); /* halves do not count as runs */
    assert_close(e->sampling_error, 0.5 * sqrt((4.0 + 16.0) / 2.0) * sqrt(0.75), 1e-12, 0.0);
    assert_close(e->sampling_bias, 13.0 - 10.005, 1e-12, 0.0);
    table_note(c,
               "gd: measured on 50 of 200 training samples: lambda_max 10 ± 1.4 over their choice, and 13 on "
               "halves of 25: it falls as samples are "
               "added, so with all samples it "
               "is likely lower",
               true);
    table_note(c, "trace 30", false);
    basin_comparison_destroy(&c);
    t.count = 1; /* without the halves */
    c = table_compare(&t, NULL);
    assert_true(isnan(table_estimate(c, "lambda_max", "gd")->sampling_error));
    table_note(c, "halves of them were not measured, so the error over their choice is unknown", true);
    basin_comparison_destroy(&c);
}

/* ---------------------------------------------------------------------------------------- equal losses -- */

/* gd falls from 1 to .25 and sam from .8 to .2 between steps 100 and 200: at .4 with shares ln 2.5/ln 4 and
   ln 2/ln 4. */
static void falling(table *t, size_t seeds)
{
    for (size_t s = 0; s < seeds; s++)
        for (int at = 1; at <= 2; at++) {
            basin_row *gd = table_add(t, "gd", (int64_t)s, 100 * at),
                      *sam = table_add(t, "sam", (int64_t)s, 100 * at);
            gd->train_loss.value = at == 1 ? 1.0 : 0.25, sam->train_loss.value = at == 1 ? 0.8 : 0.2;
            gd->lambda_max.value = 10.0 * at, sam->lambda_max.value = 4.0 * at;
        }
}

static void at_a_loss_runs_are_interpolated_between_their_checkpoints(void **unused)
{
    table  t = {0};
    double parts[2 * 34];

    (void)unused;
    falling(&t, 8);
    /* of gd_0 at 100 and at 200, with another training loss */
    table_beside(&t, &t.rows[0], BASIN_POINT_POLISHED, 0)->lambda_max.value = 1.0;
    table_beside(&t, &t.rows[2], BASIN_POINT_POLISHED, 0)->lambda_max.value = 2.0;
    t.rows[t.count - 2].train_loss.value = 0.9, t.rows[t.count - 1].train_loss.value = 0.2;
    for (size_t i = 0; i < 2 * 34; i++) parts[i] = (double)(i / 2) + 0.5 * (double)(i % 2);
    basin_comparison *c = table_compare(
        &t, &(basin_comparison_options){
                .at_loss = 0.4, .test_part_count = 2, .test_part_loss = parts, .test_part_accuracy = parts});
    double gd = log(2.5) / log(4.0), sam = log(2.0) / log(4.0);
    assert_int_equal(c->step, -1);
    assert_close(c->at_loss, 0.4, 0.0, 0.0);
    assert_int_equal(c->row_count, 34 + 16 + 1);
    assert_int_equal(c->group_count, 2); /* none at another budget */
    const basin_row *row = &c->rows[table_group(c, "gd")->rows[0]];
    assert_close(row->train_loss.value, 0.4, 0.0, 0.0);
    assert_close(row->at_loss, 0.4, 0.0, 0.0);
    assert_close(row->lambda_max.value, 10.0 * (1.0 + gd), 1e-12, 0.0);
    assert_int_equal(row->step, llround(100.0 * (1.0 + gd)));
    /* between rows 0 and 2 */
    assert_close(c->test_part_loss[2 * (size_t)(row - c->rows) + 1], 0.5 + 2.0 * gd, 1e-12, 0.0);
    /* the polished one, at the place of the raw */
    assert_close(row[1].lambda_max.value, 1.0 + gd, 1e-12, 0.0);
    assert_int_equal(row[1].point, BASIN_POINT_POLISHED);
    assert_close(row[1].train_loss.value, 0.9 * pow(0.2 / 0.9, gd), 1e-12, 0.0);
    assert_close(table_difference(c, "lambda_max", "sam", "gd")->mean,
                 4.0 * (1.0 + sam) / (10.0 * (1.0 + gd)), 1e-12, 0.0);
    assert_close(table_group(c, "sam")->gradient_evaluations, round(200.0 * (1.0 + sam)), 0.0, 0.0);
    assert_string_equal(c->losses_note,
                        "equal by construction at 0.4 where measured (on the checkpoints themselves)");
    assert_false(c->losses_unequal);
    table_note(c,
               "compared at training loss 0.4: 16 runs interpolated between two checkpoints, 0 at the first "
               "checkpoint at or below it",
               true);
    table_note(c, "to reach that loss", true);
    table_note(c, "is not compared at the budget", false);
    table_note(c, "share no step", false);
    basin_comparison_destroy(&c);
}

/* Before 100 every run has its start alone, measured by loss and norm for the pairing. */
static void a_start_that_was_only_looked_at_brackets_nothing(void **unused)
{
    table t = {0};

    (void)unused;
    table_flat_and_better(&t, 8);
    for (size_t i = 0; i < 16; i++) {
        basin_row *start = table_add(&t, i % 2 == 1 ? "sam" : "gd", t.rows[i].seed, 0);
        start->train_loss.value = 2.3,
        start->gradient_norm.value = start->lambda_max.value = start->trace.value = NAN;
    }
    basin_comparison *c = table_compare(&t, &(basin_comparison_options){.at_loss = 1.0});
    const basin_row  *row = &c->rows[table_group(c, "sam")->rows[0]];
    assert_int_equal(row->step, 100); /* the first below, as it is, and not a NAN between */
    assert_true(isnan(row->at_loss) && isfinite(row->lambda_max.value));
    table_note(c, "0 runs interpolated between two checkpoints, 16 at the first checkpoint at or below it",
               true);
    basin_comparison_destroy(&c);
}

static void a_run_without_a_checkpoint_above_stands_at_its_first_below(void **unused)
{
    table t = {0};

    (void)unused;
    falling(&t, 8);
    /* sam starts at .8 */
    basin_comparison *c = table_compare(&t, &(basin_comparison_options){.at_loss = 0.9});
    assert_close(c->rows[table_group(c, "sam")->rows[3]].train_loss.value, 0.8, 0.0, 0.0);
    assert_int_equal(c->rows[table_group(c, "sam")->rows[3]].step, 100);
    assert_close(c->rows[table_group(c, "gd")->rows[3]].train_loss.value, 0.9, 0.0, 0.0);
    assert_non_null(strstr(c->losses_note, "sam 0.8 against gd 0.9: unequal"));
    table_note(c, "8 runs interpolated between two checkpoints, 8 at the first checkpoint at or below it",
               true);
    basin_comparison_destroy(&c);
    for (size_t i = 0; i < t.count; i++)
        if (t.rows[i].step == 200) t.rows[i].train_loss.value = -0.1; /* no logarithm to be linear in */
    c = table_compare(&t, &(basin_comparison_options){.at_loss = 0.4});
    assert_int_equal(c->rows[table_group(c, "gd")->rows[0]].step, 200);
    basin_comparison_destroy(&c);
}

static void a_loss_that_too_few_reach_is_refused_with_how_far_they_got(void **unused)
{
    table             t = {0};
    basin_comparison *c = NULL;

    (void)unused;
    falling(&t, 2);
    assert_status(basin_comparison_compute(t.rows, t.count, &(basin_comparison_options){.at_loss = 0.22}, &c),
                  BASIN_ERR_VALUE);
    assert_message("training loss 0.22 is reached by no run of gd, that the others are held against: "
                   "runs/gd_0 got to 0.25, runs/gd_1 to 0.25");
    assert_status(basin_comparison_compute(t.rows, t.count,
                                           &(basin_comparison_options){.at_loss = 0.22, .base = "sam"}, &c),
                  BASIN_ERR_VALUE);
    assert_message("training loss 0.22 is reached by runs of one method only: runs/gd_0 got to 0.25");
    assert_status(basin_comparison_compute(t.rows, t.count, &(basin_comparison_options){.at_loss = 0.1}, &c),
                  BASIN_ERR_VALUE);
    assert_message("runs/sam_1 to 0.2");
    assert_status(basin_comparison_compute(t.rows, t.count, &(basin_comparison_options){.at_loss = 5.0}, &c),
                  BASIN_ERR_VALUE);
    assert_message("training loss 5 lies above the first checkpoint of every run");
    assert_status(basin_comparison_compute(t.rows, t.count, &(basin_comparison_options){.at_loss = -1.0}, &c),
                  BASIN_ERR_ARG);
    assert_message("training loss -1 to compare at");
    assert_null(c);
    for (size_t i = 0; i < t.count; i++)
        if (t.rows[i].seed == 1 && t.rows[i].step == 200 && strcmp(t.rows[i].method, "sam") == 0)
            t.rows[i].train_loss.value = 0.5;
    c = table_compare(&t, &(basin_comparison_options){.at_loss = 0.3});
    assert_int_equal(table_group(c, "sam")->run_count, 1);
    table_note(c, "left out: run runs/sam_1 got to training loss 0.5 only", true);
    basin_comparison_destroy(&c);
}

/* ---------------------------------------------------------------------------------------------- groups -- */

static void the_base_also_enters_at_the_largest_budget(void **unused)
{
    table t = {0};

    (void)unused;
    table_flat_and_better(&t, 8);
    for (int64_t s = 0; s < 8; s++)
        table_add(&t, "gd", s, 150)->lambda_max.value = 9.0,
                               table_add(&t, "gd", s, 190)->lambda_max.value = 8.5,
                               table_add(&t, "gd", s, 250)->lambda_max.value = 1.0;
    basin_comparison *c = table_compare(&t, NULL);
    assert_int_equal(c->step, 100);
    assert_int_equal(c->group_count, 3);
    const basin_group *extra = table_group(c, "gd, budget of sam");
    assert_string_equal(extra->method, "gd");
    assert_string_equal(extra->budget_of, "sam");
    assert_null(table_group(c, "sam")->budget_of);
    assert_int_equal(extra->run_count, 8);
    assert_close(extra->gradient_evaluations, 190.0, 1e-15, 0.0);
    for (size_t i = 0; i < 8; i++) assert_int_equal(c->rows[extra->rows[i]].step, 190);
    assert_close(table_group(c, "gd")->gradient_evaluations, 100.0, 1e-15, 0.0);
    assert_int_equal(table_difference(c, "lambda_max", "sam", "gd, budget of sam")->pairs, 8);
    const basin_difference *own = table_difference(c, "lambda_max", "gd, budget of sam", "gd");
    assert_int_equal(own->verdict, BASIN_VERDICT_CONTINUATION);
    assert_int_equal(own->report, BASIN_VERDICT_CONTINUATION);
    assert_true(isnan(own->p_report));
    assert_close(own->mean, 8.5 / 10.0, 0.01, 0.0); /* listed all the same */
    assert_int_equal(own->seeds_needed, 0);
    assert_int_equal(c->report_pairs, 2); /* sam against gd, and against gd at its budget */
    assert_close(table_difference(c, "lambda_max", "sam", "gd")->p_report, 2.0 * 2.0 / 256.0, 1e-15, 0.0);
    assert_null(strstr(c->losses_note, "gd, budget of sam 0.5 against gd"));
    table_note(c, "gd, budget of sam are the same runs as gd, later: listed, but no comparison of methods",
               true);
    table_note(c, "gd, budget of sam is", false);
    table_note(c, "is not compared at the budget", false);
    basin_comparison_destroy(&c);

    t = (table){0}; /* seven counts of 200 average to 200, which the budget admits */
    table_flat_and_better(&t, 7);
    for (int64_t s = 0; s < 7; s++) table_add(&t, "gd", s, 200);
    c = table_compare(&t, NULL);
    assert_close(table_group(c, "gd, budget of sam")->gradient_evaluations, 200.0, 0.0, 0.0);
    basin_comparison_destroy(&c);
}

static void diverged_runs_are_left_out_and_listed(void **unused)
{
    table t = {0};

    (void)unused;
    table_flat_and_better(&t, 4);
    for (int64_t s = 0; s < 4; s++) table_add(&t, "gd", s, 50), table_add(&t, "sam", s, 50);
    table_add(&t, "gd", 9, 50);
    table_add(&t, "gd", 9, 77)->missing = (char *)(uintptr_t) "diverged: NaN in fc1.weight";
    basin_comparison *c = table_compare(&t, NULL);
    assert_int_equal(c->step, 100); /* not 50, where the broken run ends */
    assert_int_equal(c->missing, 1);
    assert_int_equal(table_group(c, "gd")->run_count, 4);
    table_note(c, "missing: runs/gd_9/step_77.h5: diverged: NaN in fc1.weight", true);
    table_note(c, "left out: run runs/gd_9 has no measured checkpoint of step 100", true);
    basin_comparison_destroy(&c);
}

static void a_file_that_cannot_be_read_breaks_the_run_of_its_folder(void **unused)
{
    table t = {0};

    (void)unused;
    table_flat_and_better(&t, 3);
    basin_row *m = table_add(&t, "gd", 2, 60);
    m->method = NULL, m->seed = -1, m->step = -1, m->missing = (char *)(uintptr_t) "truncated file";
    basin_comparison *c = table_compare(&t, NULL);
    assert_int_equal(c->step, 100);
    assert_int_equal(table_group(c, "gd")->run_count, 3);
    table_note(c, "left out", false);
    basin_comparison_destroy(&c);
}

static void without_a_common_step_each_run_stands_at_its_last(void **unused)
{
    table t = {0};

    (void)unused;
    for (int64_t s = 0; s < 2; s++)
        table_add(&t, "gd", s, 100), table_add(&t, "gd", s, 200), table_add(&t, "sam", s, 130);
    basin_comparison *c = table_compare(&t, NULL);
    assert_int_equal(c->step, -1);
    assert_int_equal(c->rows[table_group(c, "gd")->rows[0]].step, 200);
    table_note(c, "share no step", true);
    basin_comparison_destroy(&c);
}

static void one_run_that_stopped_early_holds_the_step_back(void **unused)
{
    table t = {0};

    (void)unused;
    table_flat_and_better(&t, 2);
    /* seed 1 of sam ends at 100 */
    table_add(&t, "gd", 0, 200), table_add(&t, "sam", 0, 200), table_add(&t, "gd", 1, 200);
    basin_comparison *c = table_compare(&t, NULL);
    assert_int_equal(c->step, 100);
    basin_comparison_destroy(&c);
    t.rows[3].step = 130; /* and now at 130: no step is everybody's, 200 is every method's */
    c = table_compare(&t, NULL);
    assert_int_equal(c->step, 200);
    assert_int_equal(table_group(c, "sam")->run_count, 1);
    table_note(c, "left out: run runs/sam_1 has no measured checkpoint of step 200", true);
    basin_comparison_destroy(&c);
}

static void parts_of_sane_are_neither_averaged_nor_tested(void **unused)
{
    table t = {0};

    (void)unused;
    table_flat_and_better(&t, 8);
    for (size_t i = 0; i < t.count; i++) {
        t.rows[i].spectrum_method = BASIN_SPECTRUM_LANCZOS;
        t.rows[i].sane.lower = t.rows[i].sane.value, t.rows[i].sane.upper = i == 4 ? 70.0 : 60.0;
    }
    basin_comparison *c = table_compare(&t, NULL);
    assert_int_equal(table_difference(c, "sane", "sam", "gd")->verdict, BASIN_VERDICT_NOT_MEASURED);
    assert_int_equal(table_difference(c, "n_eff", "sam", "gd")->verdict, BASIN_VERDICT_NOT_MEASURED);
    assert_int_equal(table_difference(c, "trace", "sam", "gd")->verdict, BASIN_VERDICT_LOWER);
    assert_true(isnan(table_estimate(c, "sane", "gd")->mean)); /* a mean of parts would pass for SANE */
    table_note(c, "sane lies between 2.83 and 70", true);
    basin_comparison_destroy(&c);
    /* nothing was left over */
    for (size_t i = 0; i < t.count; i++) t.rows[i].sane.upper = t.rows[i].sane.lower;
    c = table_compare(&t, NULL);
    assert_int_equal(table_difference(c, "sane", "sam", "gd")->verdict, BASIN_VERDICT_LOWER);
    assert_close(table_estimate(c, "sane", "gd")->mean, 3.0, 1e-14, 0.0);
    table_note(c, "sane lies between", false);
    basin_comparison_destroy(&c);
}

static void n_eff_at_another_alpha_is_another_measure(void **unused)
{
    table t = {0};

    (void)unused;
    table_flat_and_better(&t, 8);
    for (size_t i = 0; i < t.count; i++) t.rows[i].alpha = i % 2 ? 0.001 : 0.5;
    basin_comparison *c = table_compare(&t, NULL);
    assert_int_equal(table_difference(c, "n_eff", "sam", "gd")->verdict, BASIN_VERDICT_NOT_MEASURED);
    assert_int_equal(table_difference(c, "sane", "sam", "gd")->verdict, BASIN_VERDICT_LOWER);
    table_note(c, "n_eff is not comparable: its alpha runs from 0.001 to 0.5", true);
    basin_comparison_destroy(&c);
    for (size_t i = 0; i < t.count; i++) t.rows[i].alpha = 0.5;
    c = table_compare(&t, NULL);
    assert_int_equal(table_difference(c, "n_eff", "sam", "gd")->verdict, BASIN_VERDICT_LOWER);
    basin_comparison_destroy(&c);
}

static void pairs_need_equal_seeds_and_equal_starts(void **unused)
{
    table t = {0}, other = {0};

    (void)unused;
    for (int64_t s = 0; s < 3; s++)
        table_add(&t, "gd", s, 100), table_add(&t, "sam", s + 10, 100)->lambda_max.value = 7.0;
    basin_comparison       *c = table_compare(&t, NULL);
    const basin_difference *d = table_difference(c, "lambda_max", "sam", "gd");
    assert_false(d->paired);
    assert_int_equal(d->pairs, 0);
    assert_true(isnan(d->p) && isnan(d->p_family) && isnan(d->p_report) && isnan(d->lower));
    assert_close(d->mean, 7.0 - 10.01, 1e-12, 0.0);
    assert_int_equal(d->verdict, BASIN_VERDICT_NOT_PAIRED);
    table_note(c, "sam and gd have no pairs of runs", true);
    basin_comparison_destroy(&c);

    table_flat_and_better(&other, 3);
    for (int64_t s = 0; s < 3; s++)
        table_add(&other, "gd", s, 0), table_add(&other, "sam", s, 0)->theta_norm.value = s == 1 ? 4.1 : 4.0;
    c = table_compare(&other, NULL);
    assert_int_equal(table_difference(c, "lambda_max", "sam", "gd")->pairs, 2); /* seed 1 started elsewhere */
    table_note(c, "and, at step 0, the same start", true);
    basin_comparison_destroy(&c);
}

static void what_one_method_lacks_is_not_tested(void **unused)
{
    table t = {0};

    (void)unused;
    table_flat_and_better(&t, 8);
    for (size_t i = 0; i < t.count; i += 2) t.rows[i].sharpness_msam.value = NAN;
    basin_comparison       *c = table_compare(&t, NULL);
    const basin_difference *d = table_difference(c, "sharpness_msam", "sam", "gd");
    assert_int_equal(d->pairs, 0);
    assert_int_equal(d->verdict, BASIN_VERDICT_NOT_MEASURED);
    assert_close(table_difference(c, "rise_top", "sam", "gd")->p_family, 2.0 / 256.0, 0.0, 0.0);
    assert_int_equal(table_estimate(c, "sharpness_msam", "gd")->n, 0);
    basin_comparison_destroy(&c);
}

/* ------------------------------------------------------------------------------------------ test parts -- */

/* an objective whose loss is the mean of numbers; a number above 0 is a sample that is right */
typedef struct labelled {
    double values[10];
} labelled;

static basin_status labelled_loss(void *ctx, const basin_samples *s, const double *theta, basin_loss *out)
{
    const labelled *l = ctx;

    *out = (basin_loss){0};
    for (size_t i = 0; i < (s != NULL ? s->count : 10); i++) {
        double value = l->values[s != NULL ? s->index[i] : i] * theta[0];
        out->sum += value, out->weight += 1.0, out->count++, out->correct += value > 0.0;
    }
    return BASIN_OK;
}

static basin_status labelled_gradient(void *ctx, const basin_samples *s, const double *theta, basin_loss *out,
                                      double *g)
{
    g[0] = 0.0;
    return labelled_loss(ctx, s, theta, out);
}

static const basin_objective_type labelled_type = {
    .name = "labelled", .loss = labelled_loss, .gradient = labelled_gradient};

/* Powers of two: a part's sum says which samples it holds. */
static void the_parts_of_a_test_set_hold_every_sample_once_and_the_same_ones_everywhere(void **unused)
{
    labelled         a = {0}, b = {0};
    basin_objective *one = NULL, *other = NULL;
    double           loss[3], accuracy[3], again[3], other_loss[3], other_accuracy[3], all = 0.0;
    const size_t     sizes[3] = {4, 3, 3};

    (void)unused;
    for (size_t i = 0; i < 10; i++)
        a.values[i] = ldexp(i == 4 ? -1.0 : 1.0, (int)i), b.values[i] = 3.0 * a.values[i];
    assert_ok(
        basin_objective_create(&labelled_type, &a, &(basin_objective_facts){.size = 1, .samples = 10}, &one));
    assert_ok(basin_objective_create(&labelled_type, &b, &(basin_objective_facts){.size = 1, .samples = 10},
                                     &other));
    assert_ok(basin_test_parts(one, (double[]){1.0}, NULL, 3, 7, loss, accuracy));
    assert_ok(basin_test_parts(other, (double[]){1.0}, NULL, 3, 7, other_loss, other_accuracy));
    uint64_t seen = 0;
    for (size_t j = 0; j < 3; j++) {
        double sum = loss[j] * (double)sizes[j];
        all += sum;
        assert_close(other_loss[j], 3.0 * loss[j], 1e-15, 0.0);
        assert_close(accuracy[j] * (double)sizes[j], round(accuracy[j] * (double)sizes[j]), 1e-12, 0.0);
        seen += (uint64_t)llround(accuracy[j] * (double)sizes[j]);
    }
    assert_close(all, 1023.0 - 2.0 * 16.0, 1e-12, 0.0);
    assert_int_equal(seen, 9);
    assert_ok(basin_test_parts(one, (double[]){1.0}, NULL, 3, 8, again, accuracy));
    assert_true(again[0] != loss[0] || again[1] != loss[1]); /* another seed, another draw */
    assert_ok(basin_test_parts(one, (double[]){1.0}, NULL, 3, 7, again, accuracy));
    for (size_t j = 0; j < 3; j++) assert_close(again[j], loss[j], 0.0, 0.0);
    assert_status(basin_test_parts(one, (double[]){1.0}, NULL, 1, 7, loss, accuracy), BASIN_ERR_ARG);
    assert_message("1 parts of a test set of 10 samples: at least 2, and at most as many as samples");
    assert_status(basin_test_parts(one, (double[]){1.0}, NULL, 11, 7, loss, accuracy), BASIN_ERR_ARG);
    basin_objective_destroy(&one);
    basin_objective_destroy(&other);
}

static void what_cannot_be_compared_is_refused(void **unused)
{
    table             t = {0};
    basin_comparison *c = NULL;

    (void)unused;
    table_add(&t, "gd", 0, 10)->missing = (char *)(uintptr_t) "diverged";
    assert_status(basin_comparison_compute(t.rows, 1, NULL, &c), BASIN_ERR_MISSING);
    assert_message("none of 1 checkpoints could be measured");
    assert_status(basin_comparison_compute(NULL, 0, NULL, &c), BASIN_ERR_MISSING);
    t.rows[0].missing = NULL;
    assert_status(basin_comparison_compute(t.rows, 1, &(basin_comparison_options){.base = "sam"}, &c),
                  BASIN_ERR_MISSING);
    assert_message("no measured run of method sam");
    assert_status(basin_comparison_compute(t.rows, 1, &(basin_comparison_options){.level = 1.5}, &c),
                  BASIN_ERR_ARG);
    assert_message("level of significance 1.5");
    assert_null(c);
    c = table_compare(&t, NULL);
    assert_int_equal(c->difference_count, 0);
    table_note(c, "one method only, gd", true);
    basin_comparison_destroy(&c);
}

static basin_status compare_once(void *payload)
{
    const table      *t = payload;
    basin_comparison *c = NULL;
    basin_status      st = basin_comparison_compute(t->rows, t->count, NULL, &c);

    basin_comparison_destroy(&c);
    return st;
}

static void every_failed_allocation_is_clean(void **unused)
{
    table t = {0};

    (void)unused;
    table_flat_and_better(&t, 2);
    table_add(&t, "gd", 0, 150);
    for (size_t i = 0; i < 4; i++) table_beside(&t, &t.rows[i], BASIN_POINT_POLISHED, 0);
    table_add(&t, "gd", 7, 50)->missing = (char *)(uintptr_t) "diverged";
    basin_test_every_allocation(compare_once, &t);
}

static basin_status compare_at_loss_once(void *payload)
{
    const table      *t = payload;
    basin_comparison *c = NULL;
    double            parts[2 * 8] = {0};
    basin_status      st = basin_comparison_compute(
             t->rows, t->count,
             &(basin_comparison_options){
                 .at_loss = 0.4, .test_part_count = 2, .test_part_loss = parts, .test_part_accuracy = parts},
             &c);

    basin_comparison_destroy(&c);
    return st;
}

static void every_failed_allocation_at_a_loss_is_clean(void **unused)
{
    table t = {0};

    (void)unused;
    falling(&t, 2);
    basin_test_every_allocation(compare_at_loss_once, &t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(eight_seeds_decide_and_the_numbers_are_those_of_the_formulas),
        cmocka_unit_test(one_value_that_is_not_positive_makes_the_measure_one_of_plain_differences),
        cmocka_unit_test(too_few_seeds_cannot_decide_and_how_many_could),
        cmocka_unit_test(six_seeds_decide_a_family_but_not_a_report_of_two_pairs),
        cmocka_unit_test(pairs_without_a_difference_have_no_sign),
        cmocka_unit_test(one_run_each_gives_no_interval),
        cmocka_unit_test(intervals_end_where_the_measure_does),
        cmocka_unit_test(unequal_training_losses_are_flagged),
        cmocka_unit_test(losses_without_a_pair_are_not_called_unequal),
        cmocka_unit_test(polished_rows_are_compared_beside_raw_ones),
        cmocka_unit_test(losses_are_judged_at_each_kind_of_point),
        cmocka_unit_test(losses_of_one_pair_cannot_be_told_apart),
        cmocka_unit_test(a_half_that_is_missing_breaks_no_run),
        cmocka_unit_test(a_start_that_was_only_looked_at_brackets_nothing),
        cmocka_unit_test(a_kind_of_point_that_one_group_lacks_is_not_compared),
        cmocka_unit_test(the_rows_of_the_test_set_have_an_error_of_their_own),
        cmocka_unit_test(halves_of_a_subset_give_its_error_and_bias),
        cmocka_unit_test(at_a_loss_runs_are_interpolated_between_their_checkpoints),
        cmocka_unit_test(a_run_without_a_checkpoint_above_stands_at_its_first_below),
        cmocka_unit_test(a_loss_that_too_few_reach_is_refused_with_how_far_they_got),
        cmocka_unit_test(the_base_also_enters_at_the_largest_budget),
        cmocka_unit_test(diverged_runs_are_left_out_and_listed),
        cmocka_unit_test(a_file_that_cannot_be_read_breaks_the_run_of_its_folder),
        cmocka_unit_test(without_a_common_step_each_run_stands_at_its_last),
        cmocka_unit_test(one_run_that_stopped_early_holds_the_step_back),
        cmocka_unit_test(parts_of_sane_are_neither_averaged_nor_tested),
        cmocka_unit_test(n_eff_at_another_alpha_is_another_measure),
        cmocka_unit_test(pairs_need_equal_seeds_and_equal_starts),
        cmocka_unit_test(what_one_method_lacks_is_not_tested),
        cmocka_unit_test(the_parts_of_a_test_set_hold_every_sample_once_and_the_same_ones_everywhere),
        cmocka_unit_test(what_cannot_be_compared_is_refused),
        cmocka_unit_test(every_failed_allocation_is_clean),
        cmocka_unit_test(every_failed_allocation_at_a_loss_is_clean),
    };
    return cmocka_run_group_tests_name("comparison", tests, NULL, NULL);
}

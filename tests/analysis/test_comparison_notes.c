/* What a comparison says in words, on rows made up so that one thing is true of them. */
#include <math.h>
#include <string.h>

#include "comparison_table.h"

/* Of sam (the odd rows of table_flat_and_better): as gd of the same seed in this family. */
static void level_generalisation(table *t)
{
    for (size_t i = 1; i < t->count; i += 2)
        t->rows[i].test_accuracy.value = t->rows[i - 1].test_accuracy.value,
        t->rows[i].gap.value = t->rows[i - 1].gap.value,
        t->rows[i].test_loss.value = t->rows[i - 1].test_loss.value;
}

static void level_common_rises(table *t)
{
    for (size_t i = 1; i < t->count; i += 2)
        t->rows[i].rise_top.value = t->rows[i - 1].rise_top.value,
        t->rows[i].rise_random.value = t->rows[i - 1].rise_random.value;
}

/* ---------------------------------------------------------------------------------------------- claims -- */

static void each_family_has_its_own_words(void **unused)
{
    table t = {0};

    (void)unused;
    table_flat_and_better(&t, 8);
    basin_comparison *c = table_compare(&t, NULL);
    table_note(c, "sam is flatter than gd by every measure of curvature compared: lambda_max, trace", true);
    table_note(c,
               "sam has fewer effective directions than gd by every measure of effective dimension compared: "
               "sane, n_eff",
               true);
    table_note(c,
               "the loss rises less around sam than around gd by every measure of the rise of the loss "
               "compared: sharpness_sam, sharpness_msam, "
               "sharpness_sam_symmetric, "
               "sharpness_msam_symmetric, rise_top, rise_random",
               true);
    table_note(c,
               "sam is flatter and generalises better than gd here, by test_loss, test_accuracy, gap; the "
               "two go together, which does not say that "
               "one is the cause",
               true);
    table_note(c, "sharper", false);
    table_note(c, "cost: sam spent 2 times the gradient evaluations of gd (200 against 100", true);
    table_note(
        c, "gd is not compared at the budget of sam: no run of it went on to so many gradient evaluations",
        true);
    table_note(c,
               "these sentences hold together at level 0.05: of 1 pair of groups x 13 measures (each kind of "
               "point counted)",
               true);
    table_note(c,
               "exact under exchangeability of the methods within a seed; in generalisation conditional on "
               "one test set of 899 rows",
               true);
    basin_comparison_destroy(&c);
    c = table_compare(&t, &(basin_comparison_options){.base = "sam"});
    table_note(c, "gd is sharper than sam by every measure of curvature compared", true);
    table_note(c, "gd has more effective directions than sam by", true);
    table_note(c, "the loss rises more around gd than around sam by", true);
    table_note(c, "gd generalises worse than sam by test_loss, test_accuracy, gap", true);
    basin_comparison_destroy(&c);
}

static void sane_alone_makes_nothing_flatter_or_sharper(void **unused)
{
    table t = {0};

    (void)unused;
    table_flat_and_better(&t, 8);
    for (size_t i = 1; i < t.count; i += 2)
        t.rows[i].lambda_max.value = t.rows[i - 1].lambda_max.value, t.rows[i].trace.value = 30.0,
        t.rows[i].sane.value += 2.0;
    basin_comparison *c = table_compare(&t, NULL);
    table_note(c,
               "measures of effective dimension disagree: sam has fewer effective directions than gd by "
               "n_eff, but sam has more effective directions "
               "than gd by sane",
               true);
    table_note(c, "not supported: «sam is flatter than gd»: no measure of curvature decides", true);
    table_note(c, "sharper", false);
    table_note(
        c,
        "sam generalises better than gd by test_loss, test_accuracy, gap, without being shown to be flatter",
        true);
    basin_comparison_destroy(&c);
}

static void too_few_seeds_are_said_with_how_many_could(void **unused)
{
    table t = {0};

    (void)unused;
    table_flat_and_better(&t, 3);
    basin_comparison *c = table_compare(&t, NULL);
    table_note(c, "«sam is flatter than gd»? 3 seeds cannot decide; 6 could, if all agreed in sign", true);
    table_note(c, "«the loss rises less around sam than around gd»? 3 seeds cannot decide", true);
    table_note(c, "«sam generalises better than gd»? 3 seeds cannot decide", true);
    table_note(c, "would", false);
    table_note(c, "flatter than gd by", false);
    basin_comparison_destroy(&c);
}

static void measures_that_disagree_are_said_to(void **unused)
{
    table t = {0};

    (void)unused;
    table_flat_and_better(&t, 8);
    for (size_t i = 1; i < t.count; i += 2)
        t.rows[i].trace.value += 50.0 + (double)i, t.rows[i].lambda_max.value += 50.0 + (double)i;
    basin_comparison *sharper = table_compare(&t, NULL);
    table_note(sharper,
               "sam generalises better than gd by test_loss, test_accuracy, gap, though it is sharper", true);
    basin_comparison_destroy(&sharper);
    level_generalisation(&t);
    for (size_t i = 1; i < t.count; i += 2) t.rows[i].lambda_max.value = 5.0 + 0.1 * (double)i;
    basin_comparison *c = table_compare(&t, NULL);
    table_note(c,
               "measures of curvature disagree: sam is flatter than gd by lambda_max, but sam is sharper "
               "than gd by trace",
               true);
    table_note(c, "not supported: «sam generalises better than gd»: no measure of generalisation decides",
               true);
    basin_comparison_destroy(&c);
}

static void flatter_but_not_tied_to_generalisation_or_worse(void **unused)
{
    table t = {0};

    (void)unused;
    table_flat_and_better(&t, 8);
    level_generalisation(&t);
    basin_comparison *c = table_compare(&t, NULL);
    table_note(
        c, "sam is flatter, but that is not tied to generalisation here: no measure of it decides against gd",
        true);
    basin_comparison_destroy(&c);
    for (size_t i = 1; i < t.count; i += 2) t.rows[i].test_loss.value += 0.1 + 0.01 * (double)i;
    c = table_compare(&t, NULL);
    table_note(c, "flatter is not better here: sam generalises worse than gd by test_loss", true);
    basin_comparison_destroy(&c);
}

static void no_difference_supports_nothing(void **unused)
{
    table t = {0};

    (void)unused;
    for (int64_t s = 0; s < 8; s++) table_add(&t, "gd", s, 100), table_add(&t, "msam", s, 100);
    basin_comparison *c = table_compare(&t, NULL);
    table_note(c, "not supported: «msam is flatter than gd»: no measure of curvature decides", true);
    table_note(c,
               "not supported: «msam has fewer effective directions than gd»: no measure of effective "
               "dimension decides",
               true);
    table_note(c, "not supported: «the loss rises less around msam than around gd»", true);
    table_note(c, "not supported: «msam generalises better than gd»", true);
    basin_comparison_destroy(&c);
}

static void rises_along_own_directions_alone_are_no_claim(void **unused)
{
    table t = {0};

    (void)unused;
    table_flat_and_better(&t, 8);
    level_common_rises(&t);
    for (size_t i = 1; i < t.count; i += 2) t.rows[i].momentum_top_cosine2.value = 0.0002;
    basin_comparison *c = table_compare(&t, NULL);
    table_note(c,
               "along its own directions only, the loss rises less around sam than around gd by "
               "sharpness_sam, sharpness_msam, "
               "sharpness_sam_symmetric, sharpness_msam_symmetric: no "
               "direction common to both decides",
               true);
    table_note(c,
               "in the mean cos²(v, e1) is 0.0002 for sam and 0.25 for gd, cos²(g, e1) is 0.5 for sam and "
               "0.5 for gd",
               true);
    for (size_t i = 0; i < c->note_count; i++) assert_true(strncmp(c->notes[i], "the loss rises", 14) != 0);
    basin_comparison_destroy(&c);
}

/* A method that has only fitted less has a smaller gap: the test set must say the same. */
static void a_smaller_gap_alone_claims_nothing(void **unused)
{
    table t = {0};

    (void)unused;
    table_flat_and_better(&t, 8);
    for (size_t i = 0; i < t.count; i++)
        t.rows[i].test_loss.value = 0.8 + (i % 4 < 2 ? 0.01 : -0.01) * (i % 2 == 1 ? 1.0 : -1.0),
        t.rows[i].test_accuracy.value = 0.7;
    basin_comparison *c = table_compare(&t, NULL);
    assert_int_equal(table_difference(c, "gap", "sam", "gd")->report, BASIN_VERDICT_LOWER);
    table_note(c, "generalises better", false);
    table_note(c, "sam is flatter, but that is not tied to generalisation here", true);
    basin_comparison_destroy(&c);
}

static void a_gap_is_claimed_only_where_clean_labels_say_the_same(void **unused)
{
    table t = {0};

    (void)unused;
    table_flat_and_better(&t, 8);
    for (size_t i = 0; i < t.count; i++)
        t.rows[i].clean_gap.value = 0.5 + (i % 2 == 1 ? 0.0 : i % 4 == 0 ? 0.1 : -0.1);
    basin_comparison *c = table_compare(&t, NULL);
    table_note(c,
               "gap mixes noisy training labels with clean test labels: it supports a claim only where "
               "clean_gap says the same",
               true);
    table_note(c,
               "gap and clean_gap of sam against gd do not agree (lower; undecided), so gap supports nothing",
               true);
    table_note(
        c, "generalises better than gd here, by test_loss, test_accuracy; undecided: gap, clean_gap; the two",
        true);
    /* the number stays what it is */
    assert_int_equal(table_difference(c, "gap", "sam", "gd")->report, BASIN_VERDICT_LOWER);
    basin_comparison_destroy(&c);
    for (size_t i = 0; i < t.count; i++) t.rows[i].clean_gap.value = t.rows[i].gap.value + 0.3;
    c = table_compare(&t, NULL);
    table_note(c, "do not agree", false);
    table_note(c, "by test_loss, test_accuracy, gap, clean_gap", true);
    basin_comparison_destroy(&c);
}

/* -------------------------------------------------------------------------------------------- cautions -- */

static void no_ceiling_discounts_a_lower_curvature(void **unused)
{
    table t = {0};

    (void)unused;
    table_flat_and_better(&t, 8);
    for (size_t i = 0; i < t.count; i++)
        t.rows[i].lambda_max_over_ceiling.value = 0.98,
        t.rows[i].lambda_max_over_plain.value = i % 2 == 1 ? 0.2 : 0.98;
    basin_comparison *c = table_compare(&t, NULL);
    table_note(c, "sam is flatter than gd by every measure of curvature", true);
    table_note(
        c,
        "lambda_max_over_ceiling of sam is an index of hovering (on a fixed quadratic it tends to 1 for "
        "any lambda_max): it neither shows stability nor discounts a lower lambda_max",
        true);
    table_note(c, "restate", false);
    table_note(c, "undefined", false);
    basin_comparison_destroy(&c);
}

static void a_ceiling_that_is_not_there_is_said_with_the_reason(void **unused)
{
    table t = {0};

    (void)unused;
    table_flat_and_better(&t, 3);
    for (int64_t s = 0; s < 3; s++) table_add(&t, "adam", s, 100);
    for (size_t i = 0; i < t.count; i++)
        t.rows[i].lambda_max_over_ceiling.value = t.rows[i].lambda_max_over_plain.value = NAN;
    for (size_t i = 1; i < 6; i += 2) t.rows[i].learning_rate = 0.0;
    for (size_t i = 0; i < 6; i += 2) t.rows[i].learning_rate = NAN;
    basin_comparison *c = table_compare(&t, NULL);
    table_note(c,
               "lambda_max over its ceiling is undefined for 3 of 3 runs of gd: no learning rate is recorded",
               true);
    table_note(c, "undefined for 3 of 3 runs of sam: the learning rate is 0 at this checkpoint", true);
    table_note(c, "undefined for 3 of 3 runs of adam: no ceiling of this method is known", true);
    /* nor is it listed as 0 ± 0 */
    for (size_t i = 0; i < c->difference_count; i++)
        assert_null(strstr(c->differences[i].measure, "ceiling"));
    basin_comparison_destroy(&c);
}

/* At other statistics than training's own, λ_max is not what the ceiling bounds. */
static void ceilings_with_batch_norm_are_of_training_mode(void **unused)
{
    table t = {0};

    (void)unused;
    table_flat_and_better(&t, 8);
    basin_comparison *stored = table_compare(
                         &t, &(basin_comparison_options){.bn = &(basin_bn_mode){BASIN_BN_STORED, 0}}),
                     *batch = table_compare(
                         &t, &(basin_comparison_options){.bn = &(basin_bn_mode){BASIN_BN_BATCH, 8}}),
                     *none = table_compare(&t, NULL);
    table_note(stored,
               "with BatchNorm the ceiling is that of training mode, and lambda_max here is at statistics "
               "stored: --bn batch:SIZE gives its lambda_max",
               true);
    table_note(batch, "training mode", false);
    table_note(none, "training mode", false);
    basin_comparison_destroy(&stored);
    basin_comparison_destroy(&batch);
    basin_comparison_destroy(&none);
}

static void the_way_down_is_told_and_nothing_is_called_stationary(void **unused)
{
    table t = {0};

    (void)unused;
    table_flat_and_better(&t, 4);
    for (size_t i = 0; i < t.count; i++) {
        basin_stationarity *s = &t.rows[i].stationarity;
        s->products = 5, s->threshold = 0.01;
        s->verdict = i % 2 == 1 ? BASIN_DESCENT_NEGATIVE
                     : i < 4    ? BASIN_DESCENT_FOUND
                                : BASIN_DESCENT_NOT_FOUND;
        s->decrement = i == 0 ? 0.1 : i == 2 ? 0.4 : NAN;
    }
    t.rows[1].stationarity.verdict = BASIN_DESCENT_AT_ROUNDING;
    basin_comparison *c = table_compare(&t, NULL);
    table_note(c,
               "the way down by the quadratic model, looked for within 5 products: gd (4 runs): a fall above "
               "1 % in 2 (median 25 %), neither found "
               "in 2; sam (4 runs): negative "
               "curvature in 3, a gradient of rounding size in 1",
               true);
    table_note(c, "stationary", false);
    basin_comparison_destroy(&c);
}

static void batches_and_notes_and_unequal_subsets_are_told(void **unused)
{
    table t = {0};

    (void)unused;
    table_flat_and_better(&t, 8);
    for (size_t i = 1; i < t.count; i += 2) t.rows[i].batch_size = 64;
    basin_comparison *c = table_compare(&t, &(basin_comparison_options){.note = "their data differ"});
    assert_string_equal(c->notes[0], "their data differ");
    table_note(c, "the ceilings of stability hold for full batches; trained were sam by batches of 64", true);
    table_note(c, "training samples", false); /* all were used */
    table_note(c, "change under rescalings that leave the network's function alone", true);
    basin_comparison_destroy(&c);
}

static void attention_limits_what_counts_as_invariant(void **unused)
{
    static const char *const networks[] = {
        "input [4]; w [2, 4]; Gemm a = input w; Softmax b = a; output b", /* no attention */
        "input [3, 4]; MatMul s = q k; Softmax a = s; MatMul o = a v; output o"};

    (void)unused;
    for (size_t n = 0; n < 2; n++) {
        table t = {0};
        table_flat_and_better(&t, 8);
        for (size_t i = 0; i < t.count; i++) t.rows[i].network = (char *)(uintptr_t)networks[n];
        basin_comparison *c = table_compare(&t, NULL);
        table_note(c, "the network has attention, where a change of basis within a head", n == 1);
        basin_comparison_destroy(&c);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_family_has_its_own_words),
        cmocka_unit_test(attention_limits_what_counts_as_invariant),
        cmocka_unit_test(sane_alone_makes_nothing_flatter_or_sharper),
        cmocka_unit_test(too_few_seeds_are_said_with_how_many_could),
        cmocka_unit_test(measures_that_disagree_are_said_to),
        cmocka_unit_test(flatter_but_not_tied_to_generalisation_or_worse),
        cmocka_unit_test(no_difference_supports_nothing),
        cmocka_unit_test(rises_along_own_directions_alone_are_no_claim),
        cmocka_unit_test(a_smaller_gap_alone_claims_nothing),
        cmocka_unit_test(a_gap_is_claimed_only_where_clean_labels_say_the_same),
        cmocka_unit_test(no_ceiling_discounts_a_lower_curvature),
        cmocka_unit_test(a_ceiling_that_is_not_there_is_said_with_the_reason),
        cmocka_unit_test(ceilings_with_batch_norm_are_of_training_mode),
        cmocka_unit_test(the_way_down_is_told_and_nothing_is_called_stationary),
        cmocka_unit_test(batches_and_notes_and_unequal_subsets_are_told),
    };
    return cmocka_run_group_tests_name("comparison_notes", tests, NULL, NULL);
}

/* Methods against each other over seeds.
 *
 *   0. Rows of unlike networks, losses or data are refused (alike.c).
 *   1. Group the runs by method, and by a setting where that is asked for, and take each at one common step,
 *      or where its training loss reaches a given one (choose.c, groups.c, equal_loss.c); at a common step
 *      the base method also at the largest gradient budget that another method spent.
 *   2. Per measure, kind of point and group the mean with its 95 % t-interval (estimates.c); per pair of
 *      groups the differences paired by seed, their interval, the exact sign-flip test (pairs.c), and what is
 *      left of it among so many measures (adjust.c).
 *   3. Correlate measures with generalisation over the runs (correlate.c).
 *   4. Conclude, one verdict for each group against its base (conclude.c), by what leaves which measure
 *      alone (invariant.c), look at what else differs (confounders.c), and weigh what each spent
 *      against what it got (benefits.c).
 *   5. Say what all that supports and what it does not (claims.c, notes.c).
 */
#include "analysis/compare/comparison.h"

#include <math.h>
#include <string.h>

#include "core/memory.h"
#include "core/schema.h"

static basin_status copy_rows(const basin_row *rows, size_t count, basin_comparison *comparison)
{
    basin_status st = BASIN_OK;

    BASIN_ALLOC(comparison->rows, count, "rows of a comparison");
    comparison->row_count = count;
    for (size_t i = 0; i < count; i++) {
        BASIN_TRY(basin_row_copy(&rows[i], &comparison->rows[i]));
        if (rows[i].missing != NULL) comparison->missing++;
    }
done:
    return st;
}

static basin_status copy_test_parts(const basin_comparison_options *options, size_t count,
                                    basin_comparison *comparison)
{
    basin_status st = BASIN_OK;
    size_t       entries = 0;

    if (options->test_part_count == 0) goto done;
    BASIN_CHECK(options->test_part_count > 1 && options->test_part_loss != NULL &&
                    options->test_part_accuracy != NULL,
                BASIN_ERR_ARG,
                "%zu parts of a test set: there must be at least 2, with a loss and an accuracy each",
                options->test_part_count);
    BASIN_CHECK(basin_mul(count, options->test_part_count, &entries), BASIN_ERR_NOMEM,
                "too many parts of a test set");
    BASIN_ALLOC(comparison->test_part_loss, entries, "parts of a test set");
    BASIN_ALLOC(comparison->test_part_accuracy, entries, "parts of a test set");
    comparison->test_part_count = options->test_part_count;
    if (entries > 0) {
        memcpy(comparison->test_part_loss, options->test_part_loss, entries * sizeof(double));
        memcpy(comparison->test_part_accuracy, options->test_part_accuracy, entries * sizeof(double));
    }
done:
    return st;
}

static void comparer_clear(basin_comparer *c)
{
    for (size_t i = 0; i < c->pair_count; i++) {
        basin_free(c->pairs[i].rows);
        basin_free(c->pairs[i].others);
    }
    basin_free(c->pairs);
    basin_free(c->columns);
    basin_free(c->places);
    basin_comparison_destroy(&c->result);
}

static bool is_setting(const char *name)
{
    for (size_t i = 0; i < BASIN_SETTINGS; i++)
        if (strcmp(basin_settings[i], name) == 0) return true;
    return false;
}

static basin_status start(const basin_row *rows, size_t count, const basin_comparison_options *given,
                          basin_comparer *c)
{
    basin_status st = BASIN_OK;

    *c = (basin_comparer){.level = given->level == 0.0 ? 0.05 : given->level,
                          .loss_tolerance = given->loss_tolerance == 0.0 ? 0.1 : given->loss_tolerance,
                          .margin = given->margin == 0.0 ? 0.1 : given->margin,
                          .bn = given->bn,
                          .note = given->note,
                          .given = given};
    BASIN_CHECK(c->level > 0.0 && c->level < 1.0, BASIN_ERR_ARG, "level of significance %g is not in (0, 1)",
                c->level);
    BASIN_CHECK(c->loss_tolerance > 0.0 && isfinite(c->loss_tolerance), BASIN_ERR_ARG,
                "loss tolerance %g is not a finite number > 0", c->loss_tolerance);
    BASIN_CHECK(c->margin > 0.0 && c->margin < 1.0, BASIN_ERR_ARG,
                "margin of equivalence %g is not in (0, 1)", c->margin);
    BASIN_CHECK(
        given->worth.unit == BASIN_WORTH_NONE ||
            (given->worth.gain > 0.0 && given->worth.cost > 0.0 &&
             (given->worth.unit == BASIN_WORTH_SECONDS || given->worth.unit == BASIN_WORTH_EVALUATIONS)),
        BASIN_ERR_ARG, "a gain of %g for a cost of %g in unit %d is no worth", given->worth.gain,
        given->worth.cost, given->worth.unit);
    BASIN_CHECK(given->at_loss >= 0.0 && isfinite(given->at_loss), BASIN_ERR_ARG,
                "training loss %g to compare at is not a finite number >= 0", given->at_loss);
    BASIN_CHECK(given->by == NULL || is_setting(given->by), BASIN_ERR_ARG,
                "%s is no setting to make groups by: rho | learning_rate | momentum | weight_decay | "
                "batch_size",
                given->by);
    BASIN_ALLOC(c->result, 1, "comparison");
    BASIN_STRDUP(c->result->by, given->by);
    c->result->level = c->level;
    c->result->margin = c->margin;
    c->result->at_loss = given->at_loss > 0.0 ? given->at_loss : (double)NAN;
    BASIN_TRY(copy_rows(rows, count, c->result));
    BASIN_TRY(copy_test_parts(given, count, c->result));
done:
    return st;
}

basin_status basin_comparison_compute(const basin_row *rows, size_t count,
                                      const basin_comparison_options *options, basin_comparison **out)
{
    basin_status             st = BASIN_OK;
    basin_comparison_options given = options != NULL ? *options : (basin_comparison_options){0};
    basin_comparer           c = {0};

    BASIN_TRY(start(rows, count, &given, &c));
    BASIN_TRY(basin_rows_demand_alike(rows, count));
    BASIN_TRY(basin_comparison_group(&c, given.base));
    BASIN_TRY(basin_comparison_columns(&c));
    BASIN_TRY(basin_comparison_estimates(&c));
    BASIN_TRY(basin_comparison_pairs(&c));
    BASIN_TRY(basin_comparison_judge_losses(&c));
    BASIN_TRY(basin_comparison_correlate(&c));
    BASIN_TRY(basin_comparison_find_invariants(&c));
    BASIN_TRY(basin_comparison_conclude(&c));
    BASIN_TRY(basin_comparison_confound(&c));
    BASIN_TRY(basin_comparison_weigh(&c));
    BASIN_TRY(basin_comparison_note(&c));
    *out = c.result, c.result = NULL;
done:
    comparer_clear(&c);
    return st;
}

/* What the rows themselves say against reading too much from them, in order of weight: labels, samples,
 * ceilings, batches, settings, a way down, truncated spectra.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/compare/comparison.h"
#include "core/memory.h"

#define LARGE_BIAS 0.1 /* of a measure, between half and all of the samples used */
#define MANY_ERRORS 2.0

static const basin_row *row_of(const basin_comparison *k, const basin_group *group, size_t i)
{
    return &k->rows[group->rows[i]];
}

static bool is_compared(const basin_comparer *c, const char *measure)
{
    for (size_t i = 0; i < c->column_count; i++)
        if (strcmp(c->columns[i]->name, measure) == 0) return true;
    return false;
}

static basin_status note_labels(basin_comparer *c)
{
    if (!is_compared(c, "clean_gap")) return BASIN_OK;
    return basin_comparison_add_note(c,
                                     basin_strdup("gap mixes noisy training labels with clean test labels: "
                                                  "it supports a claim only where clean_gap says the same"));
}

/* --------------------------------------------------------------------------------------------- samples -- */

/* «lambda_max 19.9 ± 1.2 over their choice, and 24.1 on halves of 250: it falls as samples are added, so with
   all samples it is likely lower»: measures that move by more than two errors or by a tenth. */
static basin_status describe_bias(const basin_comparer *c, const basin_group *group, size_t samples,
                                  char **text)
{
    basin_status            st = BASIN_OK;
    const basin_comparison *k = c->result;

    for (size_t i = 0; i < k->estimate_count; i++) {
        const basin_estimate *e = &k->estimates[i];
        bool                  moves =
            fabs(e->sampling_bias) > fmin(MANY_ERRORS * e->sampling_error, LARGE_BIAS * fabs(e->mean));
        if (!moves || e->point != BASIN_POINT_RAW || strcmp(e->group, group->name) != 0) continue;
        BASIN_TRY(basin_comparison_append(
            text, "; ",
            basin_format("%s %.3g ± %.2g over their choice, and %.3g on halves of %zu: it %s as samples are "
                         "added, so with all samples it "
                         "is likely %s",
                         e->measure, e->mean, e->sampling_error, e->mean + e->sampling_bias, samples / 2,
                         e->sampling_bias > 0.0 ? "falls" : "rises",
                         e->sampling_bias > 0.0 ? "lower" : "higher")));
    }
done:
    return st;
}

static bool has_halves(const basin_comparison *k, const basin_group *group)
{
    for (size_t i = 0; i < k->estimate_count; i++)
        if (strcmp(k->estimates[i].group, group->name) == 0 && isfinite(k->estimates[i].sampling_error))
            return true;
    return false;
}

static basin_status note_samples_of(basin_comparer *c, const basin_group *group)
{
    basin_status     st = BASIN_OK;
    const basin_row *row = row_of(c->result, group, 0);
    char            *text = NULL;

    if (row->split_samples <= row->samples) goto done;
    BASIN_TRY(describe_bias(c, group, row->samples, &text));
    const char *rest = text != NULL ? text
                       : has_halves(c->result, group)
                           ? "no measure moves by more than two errors of their choice, or by 10 %, from "
                             "halves of them to all of them"
                           : "halves of them were not measured, so the error over their choice is unknown";
    BASIN_TRY(
        basin_comparison_add_note(c, basin_format("%s: measured on %zu of %zu training samples: %s",
                                                  group->name, row->samples, row->split_samples, rest)));
done:
    basin_free(text);
    return st;
}

static basin_status note_samples(basin_comparer *c)
{
    basin_status st = BASIN_OK;

    for (size_t g = 0; g < c->result->group_count; g++) BASIN_TRY(note_samples_of(c, &c->result->groups[g]));
done:
    return st;
}

/* -------------------------------------------------------------------------------------------- ceilings -- */

/* Why a ceiling, or λ_max over it, is not there; NULL where λ_max itself is not. */
static const char *why_undefined(const basin_row *row)
{
    if (!isfinite(row->lambda_max.value)) return NULL;
    if (isnan(row->learning_rate)) return "no learning rate is recorded";
    if (row->learning_rate == 0.0) return "the learning rate is 0 at this checkpoint";
    if (row->ceiling_plain.value <= 0.0) return "weight decay takes up the whole ceiling";
    return "no ceiling of this method is known, or what it needs is not recorded";
}

static basin_status note_undefined(basin_comparer *c, const basin_group *group)
{
    const char *why = NULL;
    size_t      count = 0;

    for (size_t i = 0; i < group->run_count; i++) {
        const basin_row *row = row_of(c->result, group, i);
        if (isfinite(row->lambda_max_over_plain.value) || why_undefined(row) == NULL) continue;
        why = why_undefined(row);
        count++;
    }
    if (count == 0) return BASIN_OK;
    return basin_comparison_add_note(
        c, basin_format("lambda_max over its ceiling is undefined for %zu of %zu runs of %s: %s", count,
                        group->run_count, group->name, why));
}

/* «sam, msam»: groups that hover and know their ceiling. */
static basin_status list_hovering(const basin_comparison *k, char **text)
{
    static const char measure[] = "lambda_max_over_ceiling";
    basin_status      st = BASIN_OK;

    for (size_t g = 0; g < k->group_count; g++) {
        const basin_row      *row = row_of(k, &k->groups[g], 0);
        const basin_estimate *e = basin_comparison_estimate(k, measure, k->groups[g].name, BASIN_POINT_RAW);
        if (e != NULL && e->n > 0 && basin_hovers(row->method, row->rho))
            BASIN_TRY(basin_comparison_append(text, ", ", basin_strdup(e->group)));
    }
done:
    return st;
}

/* What the ratios of the table of confounders do not say. */
static basin_status note_ceilings(basin_comparer *c)
{
    basin_status            st = BASIN_OK;
    const basin_comparison *k = c->result;
    char                   *hovering = NULL;
    /* the recursion that the ceiling bounds ran on the loss in training mode, whose derivatives go through
       the statistics */
    bool other = c->bn != NULL && c->bn->kind >= 0 && c->bn->kind != BASIN_BN_BATCH;
    char bn[40];

    BASIN_TRY(list_hovering(k, &hovering));
    if (other && is_compared(c, "lambda_max_over_plain"))
        BASIN_TRY(basin_comparison_add_note(
            c, basin_format("with BatchNorm the ceiling is that of training mode, and lambda_max here is at "
                            "statistics %s: --bn batch:SIZE gives its lambda_max",
                            basin_bn_mode_text(c->bn, bn))));
    if (hovering != NULL)
        BASIN_TRY(basin_comparison_add_note(
            c,
            basin_format("lambda_max_over_ceiling of %s is an index of hovering (on a fixed quadratic it "
                         "tends to 1 for any lambda_max): it neither shows stability nor discounts a lower "
                         "lambda_max",
                         hovering)));
    for (size_t g = 0; g < k->group_count; g++) BASIN_TRY(note_undefined(c, &k->groups[g]));
done:
    basin_free(hovering);
    return st;
}

/* The ceilings suppose full batches; names the groups that were trained on others. */
static basin_status note_batches(basin_comparer *c)
{
    basin_status            st = BASIN_OK;
    const basin_comparison *k = c->result;
    char                   *text = NULL;

    for (size_t g = 0; g < k->group_count; g++) {
        int64_t largest = 0;
        for (size_t i = 0; i < k->groups[g].run_count; i++) {
            int64_t batch = row_of(k, &k->groups[g], i)->batch_size;
            largest = batch > largest ? batch : largest;
        }
        if (largest > 0)
            BASIN_TRY(basin_comparison_append(
                &text, ", ", basin_format("%s by batches of %lld", k->groups[g].name, (long long)largest)));
    }
    if (text != NULL)
        BASIN_TRY(basin_comparison_add_note(
            c, basin_format("the ceilings of stability hold for full batches; trained were %s", text)));
done:
    basin_free(text);
    return st;
}

/* -------------------------------------------------------------------------------------------- settings -- */

/* One alpha for all, or N_eff says nothing. */
static basin_status note_alpha(basin_comparer *c)
{
    const basin_comparison *k = c->result;
    double                  least = INFINITY, most = -INFINITY;

    for (size_t g = 0; g < k->group_count; g++)
        for (size_t i = 0; i < k->groups[g].run_count; i++) {
            double alpha = row_of(k, &k->groups[g], i)->alpha;
            if (isfinite(alpha)) least = fmin(least, alpha), most = fmax(most, alpha);
        }
    if (!(most >= least)) return BASIN_OK;
    return basin_comparison_add_note(
        c, most > least ? basin_format("n_eff is not comparable: its alpha runs from %g to %g", least, most)
                        : basin_format("n_eff is at alpha = %g in every run", least));
}

/* ------------------------------------------------------------------------------------------ a way down -- */

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *x, size_t n)
{
    qsort(x, n, sizeof *x, ascending);
    return n % 2 == 1 ? x[n / 2] : 0.5 * (x[n / 2 - 1] + x[n / 2]);
}

typedef struct descent { /* runs of a group by what was found of a way down */
    size_t  found, negative, none, rounding, products;
    double  threshold;
    double *falls; /* [found] */
} descent;

static void count_descent(const basin_stationarity *s, descent *d)
{
    if (s->verdict == BASIN_DESCENT_FOUND) d->falls[d->found++] = s->decrement;
    d->negative += s->verdict == BASIN_DESCENT_NEGATIVE;
    d->none += s->verdict == BASIN_DESCENT_NOT_FOUND;
    d->rounding += s->verdict == BASIN_DESCENT_AT_ROUNDING;
    if (s->verdict != BASIN_DESCENT_NOT_TESTED)
        d->threshold = s->threshold, d->products = d->products > s->products ? d->products : s->products;
}

/* «sam: a fall above 1 % in 3 of 8 runs (median 4.2 %), negative curvature in 5» */
static basin_status describe_descent(const basin_group *group, descent *d, char **text)
{
    basin_status st = BASIN_OK;
    char        *own = NULL;

    if (d->found + d->negative + d->none + d->rounding == 0) goto done;
    if (d->found > 0)
        BASIN_TRY(basin_comparison_append(&own, ", ",
                                          basin_format("a fall above %.2g %% in %zu (median %.2g %%)",
                                                       100.0 * d->threshold, d->found,
                                                       100.0 * median(d->falls, d->found))));
    if (d->negative > 0)
        BASIN_TRY(
            basin_comparison_append(&own, ", ", basin_format("negative curvature in %zu", d->negative)));
    if (d->none > 0)
        BASIN_TRY(basin_comparison_append(&own, ", ", basin_format("neither found in %zu", d->none)));
    if (d->rounding > 0)
        BASIN_TRY(basin_comparison_append(&own, ", ",
                                          basin_format("a gradient of rounding size in %zu", d->rounding)));
    BASIN_TRY(basin_comparison_append(text, "; ",
                                      basin_format("%s (%zu runs): %s", group->name, group->run_count, own)));
done:
    basin_free(own);
    return st;
}

static basin_status note_descent(basin_comparer *c)
{
    basin_status            st = BASIN_OK;
    const basin_comparison *k = c->result;
    char                   *text = NULL;
    descent                 d = {0};
    size_t                  products = 0;

    BASIN_ALLOC(d.falls, k->row_count, "falls of the loss");
    for (size_t g = 0; g < k->group_count; g++) {
        d = (descent){.falls = d.falls};
        for (size_t i = 0; i < k->groups[g].run_count; i++)
            count_descent(&row_of(k, &k->groups[g], i)->stationarity, &d);
        BASIN_TRY(describe_descent(&k->groups[g], &d, &text));
        products = products > d.products ? products : d.products;
    }
    if (text != NULL)
        BASIN_TRY(basin_comparison_add_note(
            c, basin_format("the way down by the quadratic model, looked for within %zu products: %s",
                            products, text)));
done:
    basin_free(d.falls);
    basin_free(text);
    return st;
}

/* ----------------------------------------------------------------------------------- truncated spectra -- */

static basin_status note_truncation(basin_comparer *c)
{
    const basin_comparison *k = c->result;
    const basin_column     *sane = basin_column_find("sane");
    double                  lower = INFINITY, upper = -INFINITY;

    for (size_t g = 0; g < k->group_count; g++)
        for (size_t i = 0; i < k->groups[g].run_count; i++) {
            const basin_row *row = row_of(k, &k->groups[g], i);
            if (!basin_column_partial(row, sane)) continue;
            lower = fmin(lower, row->sane.lower);
            upper = fmax(upper, row->sane.upper);
        }
    if (!(upper >= lower)) return BASIN_OK;
    return basin_comparison_add_note(
        c, basin_format("sane and n_eff are not compared where a truncated spectrum gives only a part of the "
                        "sum; sane lies between %.4g and %.4g there",
                        lower, upper));
}

/* A polish that moves the loss by more than the tolerance is further training, and no measurement of where
   the run was. */
static basin_status note_polish(basin_comparer *c)
{
    const basin_comparison *k = c->result;
    double                  most = 0.0;

    for (size_t i = 0; i < k->row_count; i++) {
        const basin_row *row = &k->rows[i];
        if (row->point != BASIN_POINT_POLISHED || row->part != 0 || row->missing != NULL ||
            isnan(row->at_loss) != isnan(k->at_loss))
            continue;
        most = fmax(most, fabs(row->polish.loss_after / row->polish.loss_before - 1.0));
    }
    if (!(most > c->loss_tolerance)) return BASIN_OK;
    return basin_comparison_add_note(c,
                                     basin_format("polishing moved the training loss by up to %.2g %%, more "
                                                  "than the tolerance of %.2g %%: what is measured there is "
                                                  "further training, too",
                                                  100.0 * most, 100.0 * c->loss_tolerance));
}

basin_status basin_comparison_cautions(basin_comparer *c)
{
    static basin_status (*const notes[])(basin_comparer *) = {note_labels,   note_samples,   note_polish,
                                                              note_ceilings, note_batches,   note_alpha,
                                                              note_descent,  note_truncation};
    basin_status st = BASIN_OK;

    for (size_t i = 0; i < sizeof notes / sizeof *notes; i++) BASIN_TRY(notes[i](c));
done:
    return st;
}

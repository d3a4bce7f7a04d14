/* The words of a comparison's figure: verdicts under the panels, warnings, and the caption, which says per
   family what p is corrected over. */
#include "render/comparison.h"

#include <math.h>
#include <string.h>

#define ENUMERATED ((size_t)24) /* pairs up to which every sign pattern is gone through: basin_sign_flip_p */

static const char *const family_names[] = {"curvature", "effective dimension", "rise of the loss",
                                           "generalisation", "conditions"};

const basin_row *basin_versus_row(const basin_comparison *c, size_t raw, int point)
{
    const basin_row *row = &c->rows[raw];

    if (point == BASIN_POINT_RAW) return row->part == 0 ? row : NULL;
    for (size_t i = 0; i < c->row_count; i++) {
        const basin_row *other = &c->rows[i];
        const bool       same_step = other->step == row->step && !isfinite(other->at_loss);
        const bool       same = isfinite(row->at_loss) ? other->at_loss == row->at_loss : same_step;
        if (other->point == point && other->part == 0 && same && basin_same_text(other->run, row->run))
            return other;
    }
    return NULL;
}

bool basin_versus_tested(const basin_difference *d)
{
    return d->paired && d->pairs > 0 && d->verdict != BASIN_VERDICT_CONTINUATION && d->measure != NULL &&
           d->group != NULL && d->base != NULL;
}

const basin_group *basin_versus_group(const basin_comparison *c, const char *name)
{
    for (size_t g = 0; g < c->group_count; g++)
        if (basin_same_text(c->groups[g].name, name)) return &c->groups[g];
    return NULL;
}

const char *basin_group_title(basin_plan *plan, const basin_group *group)
{
    if (group == NULL || group->method == NULL || group->name == NULL) return "?";
    const size_t method = strlen(group->method);
    const bool   valued = strncmp(group->name, group->method, method) == 0 && isfinite(group->value);
    const char  *value = valued ? group->name + method : "", *end = strstr(value, ", budget of ");
    const char  *title = basin_plan_text(plan, "%s%.*s", basin_method_title(group->method),
                                        end != NULL ? (int)(end - value) : (int)strlen(value), value);
    if (group->budget_of == NULL) return title;
    return basin_plan_text(plan, "%s at %s’s budget", title, basin_method_title(group->budget_of));
}

static const char *title_named(basin_plan *plan, const basin_comparison *c, const char *name)
{
    return basin_group_title(plan, basin_versus_group(c, name));
}

/* -------------------------------------------------------------------------------------------- verdicts -- */

/* Of two groups at their own steps; the extra group at another's budget is told in the table. */
static bool between_methods(const basin_comparison *c, const basin_difference *d)
{
    const basin_group *group = basin_versus_group(c, d->group), *base = basin_versus_group(c, d->base);

    return d->measure != NULL && group != NULL && base != NULL && group->budget_of == NULL &&
           base->budget_of == NULL;
}

/* What the report says; of a condition, which the report leaves out, what its family says. */
static basin_verdict verdict_of(const basin_difference *d)
{
    return (basin_verdict)(d->family == BASIN_FAMILY_CONDITION ? d->verdict : d->report);
}

static bool decided(basin_verdict verdict)
{
    return verdict == BASIN_VERDICT_LOWER || verdict == BASIN_VERDICT_HIGHER;
}

/* Whether the same measure of the same groups is decided the other way at the raw points. */
static bool flips(const basin_comparison *c, const basin_difference *d)
{
    for (size_t i = 0; i < c->difference_count && d->point != BASIN_POINT_RAW; i++) {
        const basin_difference *raw = &c->differences[i];
        if (raw->point != BASIN_POINT_RAW || !basin_same_text(raw->measure, d->measure) ||
            !basin_same_text(raw->group, d->group) || !basin_same_text(raw->base, d->base))
            continue;
        return decided(verdict_of(raw)) && decided(verdict_of(d)) && verdict_of(raw) != verdict_of(d);
    }
    return false;
}

/* «lower, p = 0.031»; no-break spaces keep p with its value. */
static const char *verdict_text(basin_plan *plan, const basin_difference *d)
{
    static const char *const words[] = {"undecided",    "lower",   "higher", "too few seeds",
                                        "not measured", "no test", "no test"};
    double                   p = d->family == BASIN_FAMILY_CONDITION ? d->p_family : d->p_report;

    if (d->verdict == BASIN_VERDICT_NOT_MEASURED) return words[BASIN_VERDICT_NOT_MEASURED];
    if (!basin_versus_tested(d) || !isfinite(p)) return "no test";
    return basin_plan_text(plan, "%s, p\u00a0=\u00a0%s", words[verdict_of(d)], BASIN_NUMBER(p, 2));
}

static bool is_of(const basin_comparison *c, const basin_difference *d, const basin_column *measure)
{
    return between_methods(c, d) && strcmp(d->measure, measure->name) == 0;
}

/* No outcome of these numbers of seeds could be significant: one line says it for all. */
static bool never_enough(const basin_comparison *c, const basin_column *measure)
{
    size_t tests = 0;

    for (size_t i = 0; i < c->difference_count; i++) {
        const basin_difference *d = &c->differences[i];
        if (!is_of(c, d, measure) || d->verdict == BASIN_VERDICT_NOT_MEASURED) continue;
        if (!basin_versus_tested(d) || verdict_of(d) != BASIN_VERDICT_TOO_FEW_SEEDS) return false;
        tests++;
    }
    return tests > 0;
}

basin_status basin_versus_notes(basin_plan *plan, const basin_versus *v, const basin_column *measure,
                                basin_panel *panel)
{
    basin_status            st = BASIN_OK;
    const basin_comparison *c = v->comparison;

    BASIN_PLAN_ALLOC(plan, panel->notes, c->difference_count);
    if (never_enough(c, measure)) {
        panel->notes[panel->note_count++] = (basin_panel_note){"too few seeds for any test", false};
        goto done;
    }
    /* each method once, with what was found at all its points */
    for (size_t first = 0; first < c->difference_count; first++) {
        const basin_difference *pair = &c->differences[first];
        if (!is_of(c, pair, measure) || pair->point != BASIN_POINT_RAW) continue;
        for (size_t i = 0; i < c->difference_count; i++) {
            const basin_difference *d = &c->differences[i];
            bool                    same = basin_same_text(d->measure, pair->measure) &&
                        basin_same_text(d->group, pair->group) && basin_same_text(d->base, pair->base);
            if (!same || (d != pair && (d->point == BASIN_POINT_RAW || !basin_versus_tested(d)))) continue;
            const char *who =
                d == pair ? title_named(plan, c, d->group) : basin_point_text((basin_point_kind)d->point);
            panel->notes[panel->note_count++] = (basin_panel_note){
                basin_plan_text(plan, "%s: %s%s", who, verdict_text(plan, d), flips(c, d) ? " (flips)" : ""),
                flips(c, d)};
        }
    }
done:
    return st;
}

/* --------------------------------------------------------------------------------------- around panels -- */

bool basin_versus_equal(const basin_comparison *c)
{
    for (size_t g = 1; g < c->group_count; g++)
        if (c->groups[g].run_count != c->groups[0].run_count) return false;
    return c->group_count > 0;
}

const char *basin_versus_warning(basin_plan *plan, const basin_versus *v)
{
    const basin_comparison *c = v->comparison;
    const char             *line = NULL;

    for (size_t i = 0; i < c->difference_count; i++) {
        const basin_difference *d = &c->differences[i];
        if (!d->losses_unequal || !basin_versus_tested(d) || d->point != BASIN_POINT_RAW ||
            strcmp(d->measure, "train_loss") != 0)
            continue;
        line =
            basin_plan_text(plan, "%s%s and %s",
                            line != NULL ? basin_plan_text(plan, "%s; ", line) : "training losses unequal: ",
                            title_named(plan, c, d->group), title_named(plan, c, d->base));
    }
    return line;
}

/* What methods are tested against; NULL if none is. */
static const char *base_of(basin_plan *plan, const basin_comparison *c)
{
    for (size_t i = 0; i < c->difference_count; i++)
        if (between_methods(c, &c->differences[i]) && basin_versus_tested(&c->differences[i]))
            return title_named(plan, c, c->differences[i].base);
    return NULL;
}

const char *basin_versus_footnote(basin_plan *plan, const basin_versus *v)
{
    const basin_comparison *c = v->comparison;
    const char             *base = base_of(plan, c), *note = "";

    if (basin_versus_equal(c))
        note = basin_plan_text(plan, "n = %zu run%s of each", c->groups[0].run_count,
                               c->groups[0].run_count == 1 ? "" : "s");
    if (base != NULL)
        note =
            basin_plan_text(plan, "%s%severy verdict is against %s", note, note[0] != '\0' ? "; " : "", base);
    if (c->missing > 0)
        note = basin_plan_text(plan, "%s%s%zu checkpoint%s could not be measured", note,
                               note[0] != '\0' ? "; " : "", c->missing, c->missing == 1 ? "" : "s");
    return note[0] != '\0' ? note : NULL;
}

/* --------------------------------------------------------------------------------------------- caption -- */

static void caption_measures(basin_plan *plan, const basin_versus *v, basin_family family)
{
    size_t told = 0;

    for (size_t m = 0; m < v->count; m++) {
        if (!v->measures[m]->compared || v->measures[m]->family != family) continue;
        basin_plan_caption(plan, "%s%s", told++ > 0 ? ", " : "", basin_column_words(plan, v->measures[m]));
    }
}

static bool draws_family(const basin_versus *v, basin_family family)
{
    for (size_t m = 0; m < v->count; m++)
        if (v->measures[m]->compared && v->measures[m]->family == family) return true;
    return false;
}

static void caption_where(basin_plan *plan, const basin_versus *v)
{
    const basin_comparison *c = v->comparison;
    size_t                  whole = 0, raw = 0;

    if (!isfinite(c->at_loss)) {
        if (c->step >= 0) basin_plan_caption(plan, " at step %lld", (long long)c->step);
        return;
    }
    basin_plan_caption(plan, " at training loss %s", BASIN_NUMBER(c->at_loss, 3));
    for (size_t i = 0; i < v->rows.count; i++) {
        if (v->rows.rows[i]->point != BASIN_POINT_RAW) continue;
        raw++;
        if (!isfinite(v->rows.rows[i]->at_loss)) whole++;
    }
    if (whole < raw) basin_plan_caption(plan, ", interpolated between checkpoints");
    if (whole > 0)
        basin_plan_caption(plan, "%s%zu of %zu runs at the first checkpoint at or below",
                           whole < raw ? "; " : ", ", whole, raw);
}

/* How many pairs the tests in the picture have at most; 0 = there are none. Whether some are of ratios. */
static size_t tests(const basin_versus *v, bool *ratios)
{
    const basin_comparison *c = v->comparison;
    size_t                  most = 0;

    *ratios = false;
    for (size_t i = 0; i < c->difference_count; i++) {
        const basin_difference *d = &c->differences[i];
        for (size_t m = 0; m < v->count; m++) {
            if (!between_methods(c, d) || !basin_versus_tested(d) ||
                strcmp(v->measures[m]->name, d->measure) != 0)
                continue;
            most = d->pairs > most ? d->pairs : most;
            *ratios = *ratios || d->ratio;
        }
    }
    return most;
}

static void caption_tests(basin_plan *plan, const basin_versus *v)
{
    const basin_comparison *c = v->comparison;
    bool                    ratios = false, reported = false;
    size_t                  pairs = tests(v, &ratios);

    if (pairs == 0) return;
    basin_plan_caption(plan,
                       " Thin lines join the runs of one seed where their pair is tested. p: two-sided "
                       "sign-flip test of the differences "
                       "between runs of one seed%s, exact if methods are exchangeable within a seed%s.",
                       ratios ? " (of logarithms, where a measure is positive in every pair)" : "",
                       pairs > ENUMERATED ? " but for the drawing of 100,000 sign patterns" : "");
    for (int f = 0; f < BASIN_FAMILY_CONDITION; f++) {
        if (!draws_family(v, (basin_family)f)) continue;
        basin_plan_caption(plan, "%s%s (", reported ? "; " : " Of ", family_names[f]);
        caption_measures(plan, v, (basin_family)f);
        basin_plan_caption(plan, ")");
        reported = true;
    }
    if (reported)
        basin_plan_caption(plan, ": corrected over all families and %zu pair%s of groups.", c->report_pairs,
                           c->report_pairs == 1 ? "" : "s");
    if (!draws_family(v, BASIN_FAMILY_CONDITION)) return;
    basin_plan_caption(plan, " Of conditions (");
    caption_measures(plan, v, BASIN_FAMILY_CONDITION);
    basin_plan_caption(plan, "), of which nothing is claimed: step-down over the measures of that family.");
}

static void caption_flips(basin_plan *plan, const basin_versus *v)
{
    const basin_comparison *c = v->comparison;
    size_t                  told = 0;

    for (size_t i = 0; i < c->difference_count; i++) {
        const basin_difference *d = &c->differences[i];
        const basin_column     *measure = d->measure != NULL ? basin_column_find(d->measure) : NULL;
        if (measure == NULL || !between_methods(c, d) || !flips(c, d)) continue;
        basin_plan_caption(plan, "%s%s of %s (%s)",
                           told++ == 0 ? " Verdicts that flip between raw points and others: " : ", ",
                           basin_column_words(plan, measure), title_named(plan, c, d->group),
                           basin_point_text((basin_point_kind)d->point));
    }
    if (told > 0) basin_plan_caption(plan, ".");
}

static bool has_sampling_error(const basin_versus *v)
{
    for (size_t i = 0; i < v->comparison->estimate_count; i++)
        if (isfinite(v->comparison->estimates[i].sampling_error)) return true;
    return false;
}

static bool draws(const basin_versus *v, const char *measure)
{
    for (size_t m = 0; m < v->count; m++)
        if (strcmp(v->measures[m]->name, measure) == 0) return true;
    return false;
}

static void caption_conditions(basin_plan *plan, const basin_versus *v)
{
    const basin_comparison *c = v->comparison;

    basin_plan_points(plan, &v->rows);
    basin_plan_weights(plan, &v->rows);
    if (draws(v, "ceiling") || draws(v, "ceiling_plain") || draws(v, "lambda_max_over_ceiling") ||
        draws(v, "lambda_max_over_plain"))
        basin_plan_ceiling_mode(plan);
    if (draws(v, "ceiling") || draws(v, "lambda_max_over_ceiling")) basin_plan_hovering(plan, &v->rows);
    for (size_t i = 0; i < v->rows.count; i++) {
        if (!draws_family(v, BASIN_FAMILY_RISE) || !isfinite(v->rows.rows[i]->sharpness_rho)) continue;
        basin_plan_caption(plan, " Rises at ρ = %s.", BASIN_NUMBER(v->rows.rows[i]->sharpness_rho, 3));
        break;
    }
    for (size_t g = 0; g < c->group_count; g++)
        basin_plan_caption(plan, " %s: n = %zu, %s gradient evaluations.",
                           basin_group_title(plan, &c->groups[g]), c->groups[g].run_count,
                           BASIN_NUMBER(c->groups[g].gradient_evaluations, 4));
    if (c->losses_note != NULL) basin_plan_caption(plan, " Training losses: %s.", c->losses_note);
    if (c->missing > 0)
        basin_plan_caption(plan, " %zu checkpoint%s could not be measured.", c->missing,
                           c->missing == 1 ? "" : "s");
}

void basin_versus_caption(basin_plan *plan, const basin_versus *v)
{
    basin_plan_caption(plan, "%zu measure%s by method", v->count, v->count == 1 ? "" : "s");
    caption_where(plan, v);
    basin_plan_samples(plan, &v->rows);
    basin_plan_caption(plan, ". Dots: runs; beside them their mean with its 95 %% t-interval.");
    if (has_sampling_error(v))
        basin_plan_caption(
            plan, " Thin bar beside a mean: ± its standard error over the choice of the training samples.");
    caption_tests(plan, v);
    caption_flips(plan, v);
    caption_conditions(plan, v);
}

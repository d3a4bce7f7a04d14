/* What else differs between a group and its base, beside the measures of flatness, in one table: what may be
 * behind a difference in flatness or in generalisation, so that it is not the method's own.
 *
 *   settings   as recorded: learning rate, radius, momentum, decay, batch. Each pair has the same, or not:
 *              nothing is tested. A method that takes no radius has radius 0; a full batch is as large as the
 *              training split. The rho of un-normalised SAM multiplies the gradient and is no radius, so it
 *              is not held against one: not known.
 *   measured   |theta|, training loss, gradient norm, lambda_max over its ceilings, batch sharpness over the
 *              ceiling of the step (1: the edge of stability of mini-batches), features, and the share of
 *              runs in which a way down was found. Differences are paired by seed, of logarithms where a
 *              measure of scale is positive in every pair; sign-flip tests, step-down over all of them
 *              for the pair of groups (adjust.c). They are no part of the report, which claims nothing of
 *              them.
 *
 * A difference acts the same way as the one in flatness where its sign is the one that would by itself make
 * that difference; only for those of which that is known does `flattens` say so:
 *   learning rate   lambda_max is bounded by the ceiling 2(1+β)/η of a stable run (Cohen et al.,
 *                   arXiv:2103.00065)
 *   batch size      smaller batches find flatter points (Keskar et al., arXiv:1609.04836)
 *   |theta|         larger weights lower curvature by their scale alone (Dinh et al., arXiv:1703.04933)
 *   training loss   cross-entropy flattens as the loss falls
 */
#include <math.h>
#include <string.h>

#include "analysis/compare/comparison.h"
#include "core/memory.h"
#include "core/method.h"

typedef double of_row(const basin_row *row);

typedef struct candidate {
    const char *name; /* of a column, unless `of` is there */
    of_row     *of;
    bool        setting, ratio;
    int         flattens; /* the sign of a difference that by itself makes flatter; 0: not known */
    const char *why;
} candidate;

static double radius_of(const basin_row *row)
{
    const basin_method *method = basin_method_find(row->method);

    return isnan(row->rho) && method != NULL && !method->perturbs ? 0.0 : row->rho;
}

/* Of two methods that perturb: both by a radius, or both by a multiple of the gradient. */
static bool are_radii(const basin_row *row, const basin_row *base)
{
    const basin_method *own = basin_method_perturbs(row->method),
                       *other = basin_method_perturbs(base->method);

    return own == NULL || other == NULL || own->raw == other->raw;
}

static double batch_of(const basin_row *row)
{
    return row->batch_size < 0
               ? (double)NAN
               : (double)(row->batch_size == 0 ? row->split_samples : (size_t)row->batch_size);
}

static double batch_sharpness_over_plain(const basin_row *row)
{
    return row->batch_sharpness.value / row->ceiling_plain.value;
}

static double way_down(const basin_row *row)
{
    switch (row->stationarity.verdict) {
    case BASIN_DESCENT_NOT_TESTED: return NAN;
    case BASIN_DESCENT_FOUND:
    case BASIN_DESCENT_NEGATIVE: return 1.0;
    default: return 0.0;
    }
}

static const candidate candidates[] = {
    {"learning_rate", NULL, true, false, +1, "a larger one bounds the curvature of a stable run"},
    {"rho", radius_of, true, false, 0, NULL},
    {"momentum", NULL, true, false, 0, NULL},
    {"weight_decay", NULL, true, false, 0, NULL},
    {"batch_size", batch_of, true, false, -1, "smaller batches find flatter points"},
    {"train_loss", NULL, false, true, -1, "cross-entropy flattens as the loss falls"},
    {"theta_norm", NULL, false, true, +1, "larger weights lower curvature by their scale alone"},
    {"gradient_norm", NULL, false, true, 0, NULL},
    {"way_down", way_down, false, false, 0, NULL},
    {"lambda_max_over_plain", NULL, false, true, 0, NULL},
    {"lambda_max_over_ceiling", NULL, false, true, 0, NULL},
    {"batch_sharpness_over_plain", batch_sharpness_over_plain, false, true, 0, NULL},
    {"feature_rank", NULL, false, true, 0, NULL},
    {"neural_collapse", NULL, false, true, 0, NULL},
};
enum { CANDIDATES = sizeof candidates / sizeof *candidates };

/* ------------------------------------------------------------------------------------------- of a pair -- */

static double value_of(const candidate *what, const basin_row *row)
{
    const double value =
        what->of != NULL ? what->of(row) : basin_column_value(row, basin_column_find(what->name));

    return isfinite(value) ? value : (double)NAN;
}

/* Both values of pair s; false where they are not known, or cannot be held against each other. */
static bool values_of(const basin_comparison *k, const basin_pair *pair, const candidate *what, size_t s,
                      double *value, double *base)
{
    const basin_row *row = &k->rows[pair->rows[s]], *other = &k->rows[pair->others[s]];

    if (what->of == radius_of && !are_radii(row, other)) return false;
    *value = value_of(what, row), *base = value_of(what, other);
    return !isnan(*value - *base);
}

/* out [pairs]: the differences, NAN where one is not known; of logarithms, if *ratio comes out true. */
static void differ(const basin_comparison *k, const basin_pair *pair, const candidate *what, double *out,
                   basin_confounder *to)
{
    double sum = 0.0, base = 0.0;

    to->ratio = what->ratio;
    for (size_t s = 0; s < pair->count; s++) {
        double a, b;
        out[s] = NAN;
        if (!values_of(k, pair, what, s, &a, &b)) continue;
        out[s] = a - b;
        sum += a, base += b, to->pairs++;
        to->ratio = to->ratio && a > 0.0 && b > 0.0;
    }
    to->value = to->pairs > 0 ? sum / (double)to->pairs : (double)NAN;
    to->base_value = to->pairs > 0 ? base / (double)to->pairs : (double)NAN;
    for (size_t s = 0; s < pair->count && to->ratio; s++)
        out[s] =
            log(value_of(what, &k->rows[pair->rows[s]])) - log(value_of(what, &k->rows[pair->others[s]]));
}

/* Settings that agree to six digits are equal, as in groups. */
static basin_confounding kind_of_setting(const basin_comparison *k, const basin_pair *pair,
                                         const candidate *what)
{
    size_t lower = 0, higher = 0, known = 0;

    for (size_t s = 0; s < pair->count; s++) {
        double a, b;
        if (!values_of(k, pair, what, s, &a, &b)) continue;
        const bool equal = fabs(a - b) <= 1e-6 * fmax(fabs(a), fabs(b));
        known++, lower += !equal && a < b, higher += !equal && a > b;
    }
    if (known == 0) return BASIN_CONFOUNDING_NOT_KNOWN;
    if (lower + higher == 0) return BASIN_CONFOUNDING_EQUAL;
    return lower == known    ? BASIN_CONFOUNDING_LOWER
           : higher == known ? BASIN_CONFOUNDING_HIGHER
                             : BASIN_CONFOUNDING_MIXED;
}

/* The least p that pairs which differ at all can give; NAN for none. */
static double smallest_p(const double *x, size_t n)
{
    size_t moved = 0, there = 0;

    for (size_t i = 0; i < n; i++) {
        if (isnan(x[i])) continue;
        there++, moved += x[i] != 0.0;
    }
    return basin_smallest_p(moved > 0 ? moved : there);
}

/* x [n] */
static void summarise(const double *x, size_t n, double *room, basin_confounder *to)
{
    size_t count = 0;
    double sd;

    for (size_t i = 0; i < n; i++)
        if (!isnan(x[i])) room[count++] = x[i];
    basin_mean_and_interval(room, count, &to->mean, &sd, &to->lower, &to->upper);
    if (to->ratio) to->mean = exp(to->mean), to->lower = exp(to->lower), to->upper = exp(to->upper);
}

static basin_confounding kind_by_test(const basin_confounder *to, double smallest, double level)
{
    if (to->pairs == 0) return BASIN_CONFOUNDING_NOT_KNOWN;
    if (smallest > level) return BASIN_CONFOUNDING_TOO_FEW_SEEDS;
    if (!(to->p <= level)) return BASIN_CONFOUNDING_UNDECIDED;
    return to->mean < (to->ratio ? 1.0 : 0.0) ? BASIN_CONFOUNDING_LOWER : BASIN_CONFOUNDING_HIGHER;
}

/* x [CANDIDATES, pairs]: fills p [CANDIDATES], adjusted, NAN for settings and where nothing is measured. */
static basin_status test(const basin_comparer *c, const basin_pair *pair, const double *x, double *p)
{
    basin_status st = BASIN_OK;
    basin_flips  flips = {0};
    bool         member[CANDIDATES], able[CANDIDATES];

    for (size_t i = 0; i < CANDIDATES; i++) {
        member[i] = !candidates[i].setting;
        able[i] = smallest_p(x + i * pair->count, pair->count) <= c->level;
    }
    BASIN_TRY(basin_flips_create(x, CANDIDATES, pair->count, &flips));
    BASIN_TRY(basin_step_down(&flips, member, able, p));
done:
    basin_flips_clear(&flips);
    return st;
}

/* -1: the group is decided to be flatter, +1: sharper, 0: neither, or both. */
static int flatness_of(const basin_comparison *k, const basin_confounder *of)
{
    for (size_t i = 0; i < k->conclusion_count; i++) {
        const basin_conclusion *own = &k->conclusions[i];
        if (strcmp(own->group, of->group) == 0 && strcmp(own->base, of->base) == 0)
            return own->flatter > 0 && own->sharper == 0 ? -1 : own->sharper > 0 && own->flatter == 0 ? 1 : 0;
    }
    return 0;
}

static bool acts_the_same_way(const basin_comparison *k, const candidate *what, const basin_confounder *of)
{
    const int sign = of->kind == BASIN_CONFOUNDING_HIGHER ? 1 : of->kind == BASIN_CONFOUNDING_LOWER ? -1 : 0;
    const int flatness = flatness_of(k, of);

    return flatness != 0 && sign != 0 && sign * what->flattens == -flatness;
}

static basin_status confound(basin_comparer *c, const basin_pair *pair)
{
    basin_status      st = BASIN_OK;
    basin_comparison *k = c->result;
    basin_confounder *to = &k->confounders[k->confounder_count];
    const size_t      n = pair->count;
    double            p[CANDIDATES], *x = NULL; /* [CANDIDATES + 1, n]: the last one is room */

    BASIN_ALLOC(x, (CANDIDATES + 1) * n, "differences over seeds");
    k->confounder_count += CANDIDATES;
    for (size_t i = 0; i < CANDIDATES; i++) differ(k, pair, &candidates[i], x + i * n, &to[i]);
    BASIN_TRY(test(c, pair, x, p));
    for (size_t i = 0; i < CANDIDATES; i++) {
        const candidate *what = &candidates[i];
        BASIN_STRDUP(to[i].name, what->name);
        BASIN_STRDUP(to[i].group, k->groups[pair->group].name);
        BASIN_STRDUP(to[i].base, k->groups[pair->base].name);
        to[i].setting = what->setting;
        summarise(x + i * n, n, x + CANDIDATES * n, &to[i]);
        to[i].p = what->setting ? (double)NAN : p[i];
        to[i].kind = (int)(what->setting ? kind_of_setting(k, pair, what)
                                         : kind_by_test(&to[i], smallest_p(x + i * n, n), c->level));
        to[i].same_way = acts_the_same_way(k, what, &to[i]);
    }
done:
    basin_free(x);
    return st;
}

basin_status basin_comparison_confound(basin_comparer *c)
{
    basin_status st = BASIN_OK;

    BASIN_ALLOC(c->result->confounders, CANDIDATES * c->pair_count, "confounders");
    for (size_t i = 0; i < c->pair_count; i++)
        if (!c->pairs[i].continuation && c->pairs[i].count > 0) BASIN_TRY(confound(c, &c->pairs[i]));
done:
    return st;
}

/* ----------------------------------------------------------------------------------------------- words -- */

/* «sam is flatter than gd, and its theta_norm is higher (ratio 1.1 [1.05, 1.2]), which by itself …» */
static basin_status note_same_way(basin_comparer *c, const basin_confounder *of)
{
    basin_status     st = BASIN_OK;
    const candidate *what = candidates;
    char            *size = NULL;

    while (strcmp(what->name, of->name) != 0) what++;
    size = of->setting ? basin_format("%.4g against %.4g, as recorded", of->value, of->base_value)
                       : basin_format("%s %.3g [%.3g, %.3g]", of->ratio ? "ratio" : "difference", of->mean,
                                      of->lower, of->upper);
    BASIN_CHECK(size != NULL, BASIN_ERR_NOMEM, "out of memory for a note");
    BASIN_TRY(basin_comparison_add_note(
        c, basin_format("%s is %s than %s, and its %s is %s (%s), which by itself acts the same way: %s",
                        of->group, flatness_of(c->result, of) < 0 ? "flatter" : "sharper", of->base, of->name,
                        of->kind == BASIN_CONFOUNDING_HIGHER ? "higher" : "lower", size, what->why)));
done:
    basin_free(size);
    return st;
}

basin_status basin_comparison_note_confounders(basin_comparer *c)
{
    basin_status st = BASIN_OK;

    for (size_t i = 0; i < c->result->confounder_count; i++)
        if (c->result->confounders[i].same_way) BASIN_TRY(note_same_way(c, &c->result->confounders[i]));
done:
    return st;
}

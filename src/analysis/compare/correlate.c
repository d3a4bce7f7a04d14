/* How measures order the runs beside generalisation.
 *
 * Kendall's τ-b over pairs of runs i < j, s the signs of their differences by the measure x and by y,
 *     τ = Σ s_x s_y / √(Σ s_x² Σ s_y²),
 * so that a pair tied by either says nothing. Over all runs at once a difference between methods, or between
 * learning rates, can make all of it; so also granulated (Jiang et al., arXiv:1912.02178): the mean of τ over
 * groups of runs that differ in one setting alone. A perturbation radius is part of the method.
 *
 * The interval of τ over all runs: percentiles of 1,000 bootstrap samples of seeds, since runs of one seed
 * share their data and start; of runs where there are fewer than 5 seeds. A sample draws weights w, and a
 * pair counts w_i w_j: a run beside its own copy is no pair (which would count as a tie).
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/compare/comparison.h"
#include "core/memory.h"
#include "core/random.h"

enum { SAMPLES = 1000, LEAST_SEEDS = 5 };

/* Settings that may differ alone. */
enum { METHOD, SEED, RATE, MOMENTUM, RHO, DECAY, BATCH, SETTINGS };
static const char *const setting_names[SETTINGS] = {
    [METHOD] = "method", [SEED] = "seed",          [RATE] = "learning_rate", [MOMENTUM] = "momentum",
    [RHO] = "rho",       [DECAY] = "weight_decay", [BATCH] = "batch_size"};

typedef struct ranking {
    const basin_comparison *k;
    size_t                  runs;
    const basin_row       **rows;  /* [runs] */
    size_t                 *seeds; /* [runs] which of the seeds */
    size_t                  seed_count;
    double                 *x, *y;  /* [runs] NAN: not measured */
    double                 *weight; /* [runs] */
} ranking;

static int sign(double x)
{
    return (x > 0.0) - (x < 0.0);
}

typedef struct sums {
    double product, x, y, pairs, against; /* Σ s_x s_y, Σ s_x², Σ s_y²; pairs that differ by both */
} sums;

static void add_pair(const ranking *r, size_t i, size_t j, sums *s)
{
    const double weight = r->weight[i] * r->weight[j];
    const int    x = sign(r->x[i] - r->x[j]), y = sign(r->y[i] - r->y[j]);

    if (isnan(r->x[i] + r->x[j]) || isnan(r->y[i] + r->y[j])) return;
    s->product += weight * x * y;
    s->x += weight * x * x, s->y += weight * y * y;
    if (x * y != 0) s->pairs += weight;
    if (x * y < 0) s->against += weight;
}

static double tau_of(const sums *s)
{
    return s->x > 0.0 && s->y > 0.0 ? s->product / sqrt(s->x * s->y) : (double)NAN;
}

static sums sums_of_all(const ranking *r)
{
    sums s = {0};

    for (size_t i = 0; i < r->runs; i++)
        for (size_t j = i + 1; j < r->runs; j++) add_pair(r, i, j, &s);
    return s;
}

/* ------------------------------------------------------------------------------------------ bootstrap -- */

static void draw_weights(ranking *r, const basin_correlation *out, basin_random *random)
{
    for (size_t i = 0; i < r->runs; i++) r->weight[i] = 0.0;
    for (size_t u = 0; u < out->units; u++) {
        const size_t drawn = (size_t)basin_random_below(random, out->units);
        for (size_t i = 0; i < r->runs; i++)
            if ((out->by_seed ? r->seeds[i] : i) == drawn) r->weight[i] += 1.0;
    }
}

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* Samples in which nothing differs by both are left out. */
static void bootstrap(ranking *r, double tau[SAMPLES], basin_correlation *out)
{
    basin_random random = basin_random_start(0, BASIN_STREAM_BOOTSTRAP);
    size_t       count = 0;

    for (size_t b = 0; b < SAMPLES; b++) {
        draw_weights(r, out, &random);
        const sums   s = sums_of_all(r);
        const double t = tau_of(&s);
        if (!isnan(t)) tau[count++] = t;
    }
    for (size_t i = 0; i < r->runs; i++) r->weight[i] = 1.0;
    if (count < SAMPLES / 2) return;
    qsort(tau, count, sizeof *tau, ascending);
    out->lower = tau[(size_t)(0.025 * (double)(count - 1))];
    out->upper = tau[(size_t)ceil(0.975 * (double)(count - 1))];
}

/* ----------------------------------------------------------------------------------------- granulated -- */

static bool same_number(double a, double b)
{
    return a == b || (isnan(a) && isnan(b));
}

static bool differ_in(const basin_row *a, const basin_row *b, int setting)
{
    switch (setting) {
    case METHOD: return !basin_same_text(a->method, b->method);
    case SEED: return a->seed != b->seed;
    case RATE: return !same_number(a->learning_rate, b->learning_rate);
    case MOMENTUM: return !same_number(a->momentum, b->momentum);
    case RHO: return !same_number(a->rho, b->rho);
    case DECAY: return !same_number(a->weight_decay, b->weight_decay);
    default: return a->batch_size != b->batch_size;
    }
}

/* Equal in all settings but that one; methods may differ in their radius, too. */
static bool differ_alone(const basin_row *a, const basin_row *b, int setting)
{
    for (int s = 0; s < SETTINGS; s++)
        if (s != setting && !(setting == METHOD && s == RHO) && differ_in(a, b, s)) return false;
    return true;
}

/* The mean of τ over the groups: to differ in one setting alone is an equivalence. */
static void granulate(const ranking *r, int setting, basin_correlation *out)
{
    double tau = 0.0, against = 0.0, pairs = 0.0;

    for (size_t i = 0; i < r->runs; i++) {
        sums   s = {0};
        size_t members = 1;
        bool   first = true;
        for (size_t j = 0; j < i; j++) first = first && !differ_alone(r->rows[i], r->rows[j], setting);
        if (!first) continue;
        for (size_t j = i; j < r->runs; j++) {
            if (!differ_alone(r->rows[i], r->rows[j], setting)) continue;
            members += j > i;
            for (size_t l = j + 1; l < r->runs; l++)
                if (differ_alone(r->rows[i], r->rows[l], setting)) add_pair(r, j, l, &s);
        }
        if (isnan(tau_of(&s))) continue;
        out->groups++, out->runs += members;
        tau += tau_of(&s), against += s.against, pairs += s.pairs;
    }
    out->pairs = (size_t)pairs;
    out->tau = out->groups > 0 ? tau / (double)out->groups : (double)NAN;
    out->sign_error = pairs > 0.0 ? against / pairs : (double)NAN;
}

/* ------------------------------------------------------------------------------------------------ all -- */

/* To the end of the list. */
static basin_status append(basin_comparison *k, const basin_correlation *found, const basin_column *x,
                           const basin_column *y, const char *over)
{
    basin_status       st = BASIN_OK;
    basin_correlation *out = &k->correlations[k->correlation_count++];

    *out = *found;
    BASIN_STRDUP(out->measure, x->name);
    BASIN_STRDUP(out->against, y->name);
    BASIN_STRDUP(out->over, over);
done:
    return st;
}

static void correlate_all(ranking *r, double *room, basin_correlation *out)
{
    const sums s = sums_of_all(r);

    for (size_t i = 0; i < r->runs; i++) out->runs += !isnan(r->x[i]) && !isnan(r->y[i]);
    out->groups = 1, out->pairs = (size_t)s.pairs;
    out->by_seed = r->seed_count >= LEAST_SEEDS;
    out->units = out->by_seed ? r->seed_count : r->runs;
    out->tau = tau_of(&s);
    out->sign_error = s.pairs > 0.0 ? s.against / s.pairs : (double)NAN;
    if (!isnan(out->tau)) bootstrap(r, room, out);
}

static basin_status correlate(ranking *r, const basin_column *x, const basin_column *y, double *room,
                              basin_comparison *k)
{
    basin_status st = BASIN_OK;
    size_t       known = 0;

    for (size_t i = 0; i < r->runs; i++) {
        r->x[i] = basin_measured(r->rows[i], x), r->y[i] = basin_measured(r->rows[i], y);
        known += !isnan(r->x[i]) && !isnan(r->y[i]);
    }
    if (known < BASIN_CORRELATION_RUNS) goto done;
    for (int setting = -1; setting < SETTINGS; setting++) {
        basin_correlation found = {.lower = NAN, .upper = NAN};
        if (setting < 0)
            correlate_all(r, room, &found);
        else
            granulate(r, setting, &found);
        if (found.groups > 0)
            BASIN_TRY(append(k, &found, x, y, setting < 0 ? "all" : setting_names[setting]));
    }
done:
    return st;
}

/* The raw rows of the groups that are methods: what a run became later is no run of its own. */
static basin_status gather(const basin_comparer *c, ranking *r)
{
    basin_status            st = BASIN_OK;
    const basin_comparison *k = c->result;

    r->k = k;
    BASIN_ALLOC(r->rows, k->row_count, "runs");
    BASIN_ALLOC(r->seeds, k->row_count, "seeds");
    BASIN_ALLOC(r->x, k->row_count, "values");
    BASIN_ALLOC(r->y, k->row_count, "values");
    BASIN_ALLOC(r->weight, k->row_count, "weights");
    for (size_t g = 0; g < k->group_count; g++)
        for (size_t i = 0; i < k->groups[g].run_count && g != c->budget; i++) {
            const basin_row *row = &k->rows[k->groups[g].rows[i]];
            size_t           same = 0;
            while (same < r->runs && (row->seed < 0 || r->rows[same]->seed != row->seed)) same++;
            r->seeds[r->runs] = same < r->runs ? r->seeds[same] : r->seed_count++;
            r->weight[r->runs] = 1.0;
            r->rows[r->runs++] = row;
        }
done:
    return st;
}

static bool is_ranked(const basin_column *column)
{
    return column->compared && column->family != BASIN_FAMILY_GENERALISATION;
}

basin_status basin_comparison_correlate(basin_comparer *c)
{
    static const char *const against[] = {"gap", "test_loss"};
    basin_status             st = BASIN_OK;
    ranking                  r = {0};
    double                  *room = NULL;

    BASIN_TRY(gather(c, &r));
    if (r.runs < BASIN_CORRELATION_RUNS) goto done;
    BASIN_ALLOC(room, SAMPLES, "bootstrap samples");
    BASIN_ALLOC(c->result->correlations, 2 * c->column_count * (SETTINGS + 1), "correlations");
    for (size_t a = 0; a < sizeof against / sizeof *against; a++)
        for (size_t m = 0; m < c->column_count; m++)
            if (is_ranked(c->columns[m]))
                BASIN_TRY(correlate(&r, c->columns[m], basin_column_find(against[a]), room, c->result));
done:
    basin_free(r.rows);
    basin_free(r.seeds);
    basin_free(r.x);
    basin_free(r.y);
    basin_free(r.weight);
    basin_free(room);
    return st;
}

/* The questions of a gate, each by what answers it with the fewest products.
 *
 * Method
 *   1. What follows from losses, gradient and record is known at once, without a product.
 *   2. Ends of the spectrum by one Lanczos run (ends.c), which stops at the first step at which every
 *      question about them is decided.
 *   3. Sums over the spectrum by quadrature (sums.c), whose products double from look to look.
 *   4. Other measures as a row of `track`, or the table of `sharpness`, takes them, once: rises of the loss
 *      along directions, quantities of mini-batches, worst cases and the like, with the interval that their
 *      definition gives. Of a maximum that a climb has found only the lower end is known.
 *
 * alpha is shared equally by the questions (Bonferroni), so that the chance of any wrong answer is at most
 * alpha; what a proven end decides costs nothing of it.
 */
#include <math.h>

#include "analysis/compare/comparison.h"
#include "analysis/gate/gate.h"
#include "analysis/point.h"
#include "core/memory.h"

#define ALPHA 0.05
#define PRODUCTS 2000

/* Products of a row beside its probes: with fewer no pairs are found. BESIDE: along gradient and momentum, of
   stationarity, and a check. */
enum { ROW_LEAST = 40, BESIDE = 16 };

/* ------------------------------------------------------------------------------------------ one answer -- */

basin_gate_way basin_gate_way_of(size_t measure)
{
    if (measure >= BASIN_MEASURES) return BASIN_WAY_SHARPNESS;
    switch (measure) {
    case BASIN_MEASURE_lambda_max:
    case BASIN_MEASURE_lambda_min:
    case BASIN_MEASURE_lambda_max_over_ceiling:
    case BASIN_MEASURE_lambda_max_over_plain: return BASIN_WAY_ENDS;
    case BASIN_MEASURE_trace:
    case BASIN_MEASURE_curvature_random:
    case BASIN_MEASURE_sane:
    case BASIN_MEASURE_n_eff: return BASIN_WAY_SUMS;
    default: break;
    }
    const unsigned needs = basin_columns[measure].needs;
    return needs & (BASIN_NEEDS_SPECTRUM | BASIN_NEEDS_RISES | BASIN_NEEDS_ON_REQUEST) ? BASIN_WAY_ROW
                                                                                       : BASIN_WAY_AT_ONCE;
}

static bool is_proven(int ends, bool upper)
{
    return ends == BASIN_ENDS_EXACT || ends == BASIN_ENDS_PROVEN ||
           ends == (upper ? BASIN_ENDS_UPPER : BASIN_ENDS_LOWER);
}

static void judge(const basin_question *q, basin_answer *a)
{
    const bool within = q->at_most ? a->upper <= q->low : a->lower >= q->high;
    const bool beyond = q->at_most ? a->lower > q->high : a->upper < q->low;

    a->verdict = within ? BASIN_GATE_WITHIN : beyond ? BASIN_GATE_VIOLATED : BASIN_GATE_UNDECIDED;
    a->certain = q->low == q->high && (within || beyond) && is_proven(a->ends, q->at_most ? within : beyond);
}

bool basin_gate_look(basin_asking *a, size_t i, double value, double lower, double upper, int ends)
{
    const basin_question *q = &a->questions[i];
    basin_answer         *answer = &a->answers[i];

    answer->value = value, answer->lower = lower, answer->upper = upper, answer->ends = ends;
    answer->looks++;
    answer->products = a->spent;
    judge(q, answer);
    const bool narrow = isnan(q->low) && upper - lower <= 2.0 * q->width * fabs(value);
    if (answer->verdict == BASIN_GATE_UNDECIDED && !narrow) return false;
    answer->ended = BASIN_GATE_DECIDED;
    a->open[i] = false;
    return true;
}

size_t basin_gate_left(const basin_asking *a)
{
    return a->spent < a->products_most ? a->products_most - a->spent : 0;
}

bool basin_gate_open(const basin_asking *a, basin_gate_way way)
{
    for (size_t i = 0; i < a->count; i++)
        if (a->open[i] && basin_gate_way_of(a->questions[i].measure) == way) return true;
    return false;
}

void basin_gate_give_up(basin_asking *a, basin_gate_way way, basin_gate_end why)
{
    for (size_t i = 0; i < a->count; i++)
        if (a->open[i] && basin_gate_way_of(a->questions[i].measure) == way)
            a->answers[i].ended = (int)why, a->open[i] = false;
}

/* ------------------------------------------------------------------------------------- values of a row -- */

/* Degrees of freedom of a standard error; 0: it does not come from so few numbers that it would matter. */
static size_t degrees_of(size_t measure, const basin_row_options *o)
{
    enum { BATCHES = 20, RANDOM = 4 };

    switch (measure) {
    case BASIN_MEASURE_batch_sharpness:
    case BASIN_MEASURE_batch_sharpness_momentum: return (o->batches > 0 ? o->batches : BATCHES) - 1;
    case BASIN_MEASURE_rise_random: return (o->random > 0 ? o->random : RANDOM) - 1;
    default: return 0;
    }
}

typedef struct ends {
    double lower, upper;
    int    kind;
} ends;

/* A value's ends at a chance of its own. */
static ends ends_of(const basin_value *v, size_t measure, const basin_row_options *o, double chance)
{
    const size_t degrees = degrees_of(measure, o);
    ends         e = {v->lower, v->upper, BASIN_ENDS_PROVEN};
    double       times = 1.0;

    switch (v->interval) {
    case BASIN_INTERVAL_NONE: return (ends){v->value, v->value, BASIN_ENDS_EXACT};
    case BASIN_INTERVAL_RESIDUAL: e.kind = BASIN_ENDS_LOWER; break; /* a larger one may have been missed */
    case BASIN_INTERVAL_BOUNDS: break;
    case BASIN_INTERVAL_STANDARD_ERROR:
        times = degrees > 0 ? basin_student_quantile(chance, degrees) : basin_normal_quantile(chance);
        e.kind = BASIN_ENDS_CONFIDENCE;
        break;
    default: /* calibrated at 95 % */
        times = basin_normal_quantile(chance) / basin_normal_quantile(ALPHA);
        e.kind = BASIN_ENDS_CONFIDENCE;
    }
    e.lower = v->value - times * (v->value - e.lower), e.upper = v->value + times * (e.upper - v->value);
    return e;
}

void basin_gate_answer_row(const basin_row *row, const basin_row_options *options,
                           const basin_question *question, double alpha, basin_answer *out)
{
    const size_t       number = question->measure < BASIN_MEASURES ? question->measure : 0;
    const basin_value *v = &row->measures[number];
    bool               open = true;
    basin_asking       a = {.questions = question, .count = 1, .answers = out, .open = &open};

    *out = (basin_answer){.value = NAN, .lower = NAN, .upper = NAN, .ended = BASIN_GATE_COMPLETE};
    if (number != question->measure || isnan(v->value)) return;
    const ends e = ends_of(v, question->measure, options, alpha);
    basin_gate_look(&a, 0, v->value, e.lower, e.upper, e.kind);
}

/* --------------------------------------------------------------------------------------- what is there -- */

#define NEED_TEXT(name, bit, text) {bit, text},
static const struct {
    unsigned    bit;
    const char *text;
} needs[] = {BASIN_NEED_LIST(NEED_TEXT)};

static basin_status demand_needs(const basin_measuring *m, size_t measure)
{
    /* of sharpness its row will say it */
    const unsigned lacking = measure < BASIN_MEASURES ? basin_columns[measure].needs & ~m->there : 0;

    for (size_t i = 0; i < sizeof needs / sizeof *needs; i++)
        if (lacking & needs[i].bit)
            return basin_fail(BASIN_ERR_MISSING, "%s needs what is not there: %s",
                              basin_gate_measure_name(measure), needs[i].text);
    return BASIN_OK;
}

static basin_status measure_one(basin_asking *a, size_t i)
{
    basin_status        st = BASIN_OK;
    const size_t        measure = a->questions[i].measure;
    const basin_column *column = &basin_columns[measure];
    basin_value         v = {NAN, NAN, NAN, BASIN_INTERVAL_NONE};

    BASIN_TRY(basin_measuring_one(&a->measuring, measure, &v));
    BASIN_CHECK(!isnan(v.value), BASIN_ERR_MISSING, "%s has no value here: %s", column->name,
                column->definition);
    const ends e = ends_of(&v, measure, &a->measuring.options, a->chance);
    if (!basin_gate_look(a, i, v.value, e.lower, e.upper, e.kind))
        a->answers[i].ended = BASIN_GATE_COMPLETE, a->open[i] = false;
done:
    return st;
}

static basin_status at_once(basin_asking *a)
{
    basin_status st = BASIN_OK;

    for (size_t i = 0; i < a->count; i++)
        if (a->open[i] && basin_gate_way_of(a->questions[i].measure) == BASIN_WAY_AT_ONCE)
            BASIN_TRY(measure_one(a, i));
done:
    return st;
}

/* Of a row of sharpness, at a chance of its own. */
static ends ends_of_sharpness(const basin_sharpness_row *row, double chance)
{
    const size_t n = row->batches > 0 ? row->batches : row->draws;
    ends         e = {row->value, row->value, BASIN_ENDS_EXACT};

    if (row->number == BASIN_SHARPNESS_LOWER_BOUND) return (ends){row->value, INFINITY, BASIN_ENDS_LOWER};
    if (row->number == BASIN_SHARPNESS_EXACT) {
        if (row->upper > row->lower) e = (ends){row->lower, row->upper, BASIN_ENDS_PROVEN};
        return e;
    }
    const double times = n > 1 && !isnan(row->error)
                             ? basin_student_quantile(chance, n - 1) / basin_student_quantile(ALPHA, n - 1)
                             : basin_normal_quantile(chance) / basin_normal_quantile(ALPHA);
    e.lower = isnan(row->lower) ? -INFINITY : row->value - times * (row->value - row->lower);
    e.upper = isnan(row->upper) ? INFINITY : row->value + times * (row->upper - row->value);
    if (row->number == BASIN_SHARPNESS_SAMPLED_BOUND) e.upper = INFINITY;
    e.kind = BASIN_ENDS_CONFIDENCE;
    return e;
}

static basin_status sharpness_of(basin_asking *a, size_t i)
{
    basin_status                  st = BASIN_OK;
    const basin_measuring        *m = &a->measuring;
    const basin_sharpness_measure measure =
        (basin_sharpness_measure)(a->questions[i].measure - BASIN_MEASURES);
    const basin_sharpness_entry *entry = &basin_sharpness_entries[measure];
    const double                 rho = a->rho > 0.0 ? a->rho : entry->rho;
    const int64_t                batch = m->ck->hyper.batch_size;
    basin_sharpness_table       *table = NULL;

    BASIN_TRY(basin_sharpness_table_compute(
        a->point,
        &(basin_sharpness_table_options){.measures = &measure,
                                         .measure_count = 1,
                                         .rho = &rho,
                                         .rho_count = 1,
                                         .batch_size = 0,
                                         .recorded_batch = batch > 0 ? (size_t)batch : 0,
                                         .seed = m->options.seed,
                                         .momentum = basin_checkpoint_momentum(m->ck)},
        &table));
    const basin_sharpness_row *row = &table->rows[0];
    BASIN_CHECK(!isnan(row->value), BASIN_ERR_MISSING, "%s has no value here: %s", entry->name,
                row->missing != NULL ? row->missing : entry->definition);
    const ends e = ends_of_sharpness(row, a->chance);
    if (!basin_gate_look(a, i, row->value, e.lower, e.upper, e.kind))
        a->answers[i].ended = BASIN_GATE_COMPLETE, a->open[i] = false;
done:
    basin_sharpness_table_destroy(&table);
    return st;
}

static basin_status sharpness(basin_asking *a)
{
    basin_status st = BASIN_OK;

    for (size_t i = 0; i < a->count; i++)
        if (a->open[i] && basin_gate_way_of(a->questions[i].measure) == BASIN_WAY_SHARPNESS)
            BASIN_TRY(sharpness_of(a, i));
done:
    return st;
}

static size_t products_of(const basin_asking *a)
{
    return (size_t)basin_objective_cost(basin_point_objective(a->point)).products;
}

/* A row's spectrum, within the products that are left. */
static basin_status afford_row(basin_asking *a, bool *out)
{
    basin_status           st = BASIN_OK;
    basin_row_options     *o = &a->measuring.options;
    basin_spectrum_options spectrum;
    basin_demand           demand = {0};
    size_t                 aside, left = basin_gate_left(a);

    BASIN_TRY(basin_measuring_demand(basin_point_objective(a->point), o, &spectrum, &demand, &aside));
    if (demand.most + demand.vectors + BESIDE > left) {
        o->spectrum.method = BASIN_SPECTRUM_LANCZOS;
        demand = (basin_demand){0};
        BASIN_TRY(basin_measuring_demand(basin_point_objective(a->point), o, &spectrum, &demand, &aside));
        o->spectrum.max_products =
            left > demand.vectors + BESIDE + ROW_LEAST ? left - demand.vectors - BESIDE : 0;
    }
    *out = o->spectrum.method != BASIN_SPECTRUM_LANCZOS || o->spectrum.max_products > 0;
done:
    return st;
}

static basin_status as_row(basin_asking *a)
{
    basin_status st = BASIN_OK;
    const size_t before = products_of(a), spent = a->spent;
    bool         affordable;

    if (!basin_gate_open(a, BASIN_WAY_ROW)) return BASIN_OK;
    BASIN_TRY(afford_row(a, &affordable));
    if (!affordable) basin_gate_give_up(a, BASIN_WAY_ROW, BASIN_GATE_PRODUCTS);
    for (size_t i = 0; i < a->count; i++) {
        if (!a->open[i] || basin_gate_way_of(a->questions[i].measure) != BASIN_WAY_ROW) continue;
        BASIN_TRY(measure_one(a, i));
        a->answers[i].products = a->spent = spent + products_of(a) - before;
    }
done:
    return st;
}

/* ----------------------------------------------------------------------------------------------- whole -- */

/* Where the time or the memory does not do for a first interval, what is open stays so. */
static basin_status settle(basin_asking *a, basin_gate_way way, basin_status st)
{
    if (st != BASIN_ERR_BUDGET) return st;
    basin_gate_give_up(a, way, basin_time_up() ? BASIN_GATE_TIME : BASIN_GATE_MEMORY);
    return BASIN_OK;
}

/* Those of products, whose intervals hold but for a chance. */
static size_t count_random(const basin_question *questions, size_t count)
{
    size_t n = 0;

    for (size_t i = 0; i < count; i++) n += basin_gate_way_of(questions[i].measure) != BASIN_WAY_AT_ONCE;
    return n;
}

static basin_status open_asking(basin_point *point, basin_objective *test, basin_objective *clean,
                                const basin_checkpoint *ck, const basin_gate_options *o, basin_asking *a)
{
    basin_status      st = BASIN_OK;
    basin_row_options row = o->row;
    const double      alpha = o->alpha > 0.0 ? o->alpha : ALPHA;
    const size_t      random = count_random(a->questions, a->count);

    BASIN_CHECK(alpha < 1.0, BASIN_ERR_ARG, "a chance of %g of a wrong answer does not lie in (0, 1)", alpha);
    for (size_t i = 0; i < a->count; i++)
        if (a->questions[i].measure < BASIN_MEASURES) {
            row.request |= basin_columns[a->questions[i].measure].needs & BASIN_NEEDS_ON_REQUEST;
            row.chosen[a->questions[i].measure] = true;
        }
    a->point = point;
    a->rho = o->row.rho;
    a->products_most = o->products > 0 ? o->products : PRODUCTS;
    a->chance = random > 0 ? alpha / (double)random : alpha;
    BASIN_ALLOC(a->open, a->count, "questions");
    BASIN_TRY(basin_measuring_open(point, test, clean, ck, &row, &a->measuring));
    for (size_t i = 0; i < a->count; i++) {
        a->open[i] = true;
        a->answers[i] = (basin_answer){.value = NAN, .lower = NAN, .upper = NAN};
        BASIN_TRY(demand_needs(&a->measuring, a->questions[i].measure));
    }
    BASIN_TRY(basin_point_gradient(point, NULL, NULL)); /* where the loss is not finite, nothing begins */
done:
    return st;
}

basin_status basin_gate_ask(basin_point *point, basin_objective *test, basin_objective *clean,
                            const basin_checkpoint *ck, const basin_question *questions, size_t count,
                            const basin_gate_options *options, basin_answer *out)
{
    basin_status             st = BASIN_OK;
    const basin_gate_options defaults = {0};
    basin_asking             a = {.questions = questions, .count = count};

    BASIN_ALLOC(a.answers, count, "answers");
    BASIN_TRY(open_asking(point, test, clean, ck, options != NULL ? options : &defaults, &a));
    BASIN_TRY(at_once(&a));
    BASIN_TRY(settle(&a, BASIN_WAY_ENDS, basin_gate_ends(&a)));
    BASIN_TRY(settle(&a, BASIN_WAY_SUMS, basin_gate_sums(&a)));
    BASIN_TRY(settle(&a, BASIN_WAY_SHARPNESS, sharpness(&a)));
    BASIN_TRY(settle(&a, BASIN_WAY_ROW, as_row(&a)));
    for (size_t i = 0; i < count; i++) out[i] = a.answers[i];
done:
    basin_measuring_close(&a.measuring);
    basin_free(a.answers);
    basin_free(a.open);
    return st;
}

/* Which measures are invariant under changes of the weights that leave the function alone, by measurement.
 *
 *   1. Everything is measured at the weights as they are, and twice again with other seeds: what a number
 *      changes by then is what its draws and starts do.
 *   2. After each change outputs are compared with those before, and everything is measured again with the
 *      first seed. Permutations are the control: every measure of the lists is the same number for
 *      permuted weights, so what a number changes by there is what rounding and the numbering of draws do.
 *   3. With m at the weights and m' after a change, r = |m' − m| / max(|m|, |m'|), e the half-widths of
 *      both in the same unit, and t = max(1e-6, 100 times the relative change of the outputs):
 *
 *          moves       some r > t + e + 3 noise, and of a maximum that a climb has found more than 1 %
 *          invariant   all r <= t
 *          undecided   else: it moved, but not by more than its error
 *
 * A maximum found is a lower bound, and a climb over kinks may end elsewhere by rounding alone: less than
 * 1 % of it does not tell that the maximum itself has moved.
 *
 * Traps: a value that happens not to move at the factors tried is called invariant, so there are several
 * of them, on both sides of 1. Outputs of a network with LayerNorm move by its ε, and so does whatever is
 * measured: hence t; a change by which they move more than 1e-4 does not count. Nothing is said of changes
 * that the network does not have.
 */
#include <math.h>
#include <string.h>

#include "analysis/invariance/study.h"
#include "core/deadline.h"
#include "core/memory.h"
#include "core/progress.h"
#include "core/schema.h"

enum { SEEDS = 3 };

#define ROUNDING 1e-6
#define OF_OUTPUTS 100.0 /* a relative change of the outputs may be a hundred times as large in a measure */
#define OF_BOUND 0.01    /* by so much a maximum that was found may lack of the maximum */
#define OF_NOISE 3.0     /* noise is the largest of a few: three times that is no accident */

typedef struct study {
    const basin_invariance_request *request;
    basin_invariances              *result;
    basin_readings                  base, seeds[SEEDS - 1];
    basin_readings                 *after; /* [change_count] */
} study;

static double relative(double a, double b)
{
    const double scale = fmax(fabs(a), fabs(b));

    return scale > 0.0 ? fabs(a - b) / scale : 0.0;
}

/* ------------------------------------------------------------------------------------------- measuring -- */

static basin_status measure_change(study *s, size_t i)
{
    basin_status                    st = BASIN_OK;
    const basin_invariance_request *r = s->request;
    basin_change                   *change = &s->result->changes[i];
    basin_changed                   changed = {0};
    basin_objective                *o = NULL;
    basin_loss                      loss;
    double                          difference, magnitude;

    st = basin_change_make(r, change, &changed);
    if (st == BASIN_ERR_VALUE || st == BASIN_ERR_NUMERIC) {
        st = BASIN_OK;
        BASIN_STRDUP(change->missing, basin_error_message());
        goto done;
    }
    BASIN_TRY(st);
    BASIN_TRY(r->bind(r->payload, changed.graph, &o));
    BASIN_TRY(r->difference(r->objective, r->ck->theta, o, changed.theta, &difference, &magnitude));
    BASIN_TRY(basin_objective_loss(o, NULL, changed.theta, &loss));
    change->outputs = magnitude > 0.0 ? difference / magnitude : difference;
    change->loss = basin_loss_value(&loss);
    BASIN_TRY(basin_readings_take(r, o, &changed.ck, 0, &s->after[i]));
done:
    basin_objective_destroy(&o);
    basin_changed_clear(&changed);
    return st;
}

static basin_status measure_base(study *s)
{
    basin_status                    st = BASIN_OK;
    const basin_invariance_request *r = s->request;
    basin_loss                      loss;

    BASIN_TRY(basin_objective_loss(r->objective, NULL, r->ck->theta, &loss));
    s->result->loss = basin_loss_value(&loss);
    BASIN_TRY(basin_readings_take(r, r->objective, r->ck, 0, &s->base));
    for (size_t k = 1; k < SEEDS; k++)
        BASIN_TRY(basin_readings_take(r, r->objective, r->ck, k, &s->seeds[k - 1]));
done:
    return st;
}

/* --------------------------------------------------------------------------------------------- judging -- */

/* The same number in another list; NULL where it is not there. */
static const basin_reading *same_in(const basin_readings *list, const basin_reading *of)
{
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->of[i].measure, of->measure) == 0 && basin_same_text(list->of[i].part, of->part))
            return &list->of[i];
    return NULL;
}

static double value_in(const basin_readings *list, const basin_reading *of, double *error)
{
    const basin_reading *found = same_in(list, of);

    *error = found != NULL ? found->error : NAN;
    return found != NULL ? found->value : NAN;
}

/* Under other seeds and, of changes that are none, under permutations. */
static double noise_of(const study *s, const basin_reading *of, basin_symmetry symmetry)
{
    double noise = 0.0, error;

    for (size_t k = 0; k + 1 < SEEDS; k++) {
        const double value = value_in(&s->seeds[k], of, &error);
        if (isfinite(value)) noise = fmax(noise, relative(of->value, value));
    }
    for (size_t i = 0; i < s->result->change_count; i++) {
        if (s->result->changes[i].symmetry != BASIN_SYMMETRY_PERMUTATION) continue;
        const double value = value_in(&s->after[i], of, &error);
        if (symmetry != BASIN_SYMMETRY_PERMUTATION && isfinite(value))
            noise = fmax(noise, relative(of->value, value));
    }
    return noise;
}

static bool is_found(const basin_reading *of)
{
    const int number = of->measure_number < 0 ? (int)BASIN_SHARPNESS_EXACT
                                              : (int)basin_sharpness_entries[of->measure_number].number;

    return number == BASIN_SHARPNESS_LOWER_BOUND || number == BASIN_SHARPNESS_SAMPLED_BOUND;
}

/* Of a row with its values: the largest change, and what it says. */
static void judge(const basin_reading *of, const double *outputs, basin_invariance_row *row)
{
    bool moves = false, still = true, any = false;

    const double lacks = is_found(of) ? OF_BOUND : 0.0;

    row->change = 0.0, row->at = NAN;
    row->tolerance = ROUNDING;
    for (size_t i = 0; i < row->count; i++) {
        if (!isfinite(row->values[i]) || !isfinite(of->value) || !(outputs[i] <= BASIN_SAME_OUTPUTS))
            continue;
        const double scale = fmax(fabs(of->value), fabs(row->values[i]));
        const double change = relative(of->value, row->values[i]);
        const double error = scale > 0.0 ? (of->error + row->errors[i]) / scale : 0.0;
        const double rounding = fmax(ROUNDING, OF_OUTPUTS * outputs[i]);
        any = true;
        if (isnan(row->at) || change > row->change) row->change = change, row->at = row->factors[i];
        row->tolerance = fmax(row->tolerance, rounding);
        moves = moves || change > rounding + error + lacks + OF_NOISE * row->noise;
        still = still && change <= rounding;
    }
    row->verdict = !any ? BASIN_NOT_JUDGED : moves ? BASIN_MOVES : still ? BASIN_STAYS : BASIN_STAYS_OR_MOVES;
}

static int known_of(const basin_reading *of, basin_symmetry symmetry)
{
    return of->measure_number < 0 ? -1 : (int)basin_sharpness_entries[of->measure_number].symmetric[symmetry];
}

static basin_status fill_row(const study *s, const basin_reading *of, basin_symmetry symmetry,
                             basin_invariance_row *row)
{
    basin_status             st = BASIN_OK;
    const basin_invariances *result = s->result;
    double                  *outputs = NULL;

    row->symmetry = (int)symmetry, row->known = known_of(of, symmetry);
    row->rho = of->rho, row->value = of->value, row->error = of->error;
    BASIN_STRDUP(row->measure, of->measure);
    BASIN_STRDUP(row->part, of->part);
    BASIN_STRDUP(row->missing, of->missing);
    BASIN_ALLOC(row->factors, result->change_count, "values");
    BASIN_ALLOC(row->values, result->change_count, "values");
    BASIN_ALLOC(row->errors, result->change_count, "values");
    BASIN_ALLOC(outputs, result->change_count, "values");
    for (size_t i = 0; i < result->change_count; i++) {
        if (result->changes[i].symmetry != (int)symmetry) continue;
        row->factors[row->count] = result->changes[i].factor;
        outputs[row->count] = result->changes[i].outputs;
        row->values[row->count] = value_in(&s->after[i], of, &row->errors[row->count]);
        row->count++;
    }
    row->noise = noise_of(s, of, symmetry);
    judge(of, outputs, row);
done:
    basin_free(outputs);
    return st;
}

static bool was_tried(const basin_invariances *result, int symmetry)
{
    for (size_t i = 0; i < result->change_count; i++)
        if (result->changes[i].symmetry == symmetry) return true;
    return false;
}

static basin_status judge_all(study *s)
{
    basin_status       st = BASIN_OK;
    basin_invariances *result = s->result;

    BASIN_ALLOC(result->rows, s->base.count * BASIN_SYMMETRIES, "rows");
    for (size_t i = 0; i < s->base.count; i++)
        for (int k = 0; k < BASIN_SYMMETRIES; k++) {
            if (!was_tried(result, k)) continue;
            result->row_count++;
            BASIN_TRY(fill_row(s, &s->base.of[i], (basin_symmetry)k, &result->rows[result->row_count - 1]));
        }
done:
    return st;
}

/* ----------------------------------------------------------------------------------------------- whole -- */

size_t basin_invariances_points(const basin_invariance_request *request)
{
    basin_change *changes = NULL;
    size_t        count = 0;

    if (basin_changes_list(request, &count, &changes) != BASIN_OK) return 0;
    basin_free(changes);
    return SEEDS + count;
}

static basin_status describe(study *s)
{
    basin_status                    st = BASIN_OK;
    const basin_invariance_request *r = s->request;
    basin_invariances              *to = s->result;

    to->parameters = basin_objective_size(r->objective);
    to->samples = basin_objective_samples(r->objective);
    to->seed = r->seed;
    to->held = r->symmetries->held;
    BASIN_TRY(basin_graph_describe(r->ck->graph, &to->network));
    BASIN_STRDUP(to->split, r->table.split);
    BASIN_TRY(basin_changes_list(r, &to->change_count, &to->changes));
    BASIN_ALLOC(s->after, to->change_count, "what is measured");
done:
    return st;
}

/* The changes that there was no time for go, with the rest of their kind. */
static void leave_out_from(study *s, size_t first)
{
    basin_invariances *to = s->result;

    while (first > 0 && to->changes[first - 1].symmetry == to->changes[first].symmetry) first--;
    for (size_t i = first; i < to->change_count; i++) {
        basin_free(to->changes[i].missing);
        basin_readings_clear(&s->after[i]);
    }
    to->change_count = first;
}

static basin_status measure_all(study *s)
{
    basin_status       st = BASIN_OK;
    basin_invariances *to = s->result;

    BASIN_TRY(measure_base(s));
    for (size_t i = 0; i < to->change_count; i++) {
        if (basin_time_up()) {
            leave_out_from(s, i);
            break;
        }
        BASIN_TRY(basin_progress_report("changes of the weights", (double)i, (double)to->change_count));
        BASIN_TRY(measure_change(s, i));
        if (basin_time_ended()) { /* while it was measured, with wider errors than others */
            leave_out_from(s, i);
            break;
        }
    }
done:
    return st;
}

static void release(study *s, size_t changes)
{
    basin_readings_clear(&s->base);
    for (size_t k = 0; k + 1 < SEEDS; k++) basin_readings_clear(&s->seeds[k]);
    for (size_t i = 0; s->after != NULL && i < changes; i++) basin_readings_clear(&s->after[i]);
    basin_free(s->after);
}

basin_status basin_invariances_compute(const basin_invariance_request *request, basin_invariances **out)
{
    basin_status       st = BASIN_OK;
    basin_invariances *result = NULL;
    study              s = {.request = request};
    size_t             changes = 0;

    BASIN_ALLOC(result, 1, "invariances");
    s.result = result;
    BASIN_TRY(describe(&s));
    changes = result->change_count;
    BASIN_TRY(measure_all(&s));
    if (result->change_count == 0) BASIN_TRY(basin_time_fail("kinds of change", 0, 1));
    BASIN_TRY(judge_all(&s));
    *out = result, result = NULL;
done:
    release(&s, changes);
    basin_invariances_destroy(&result);
    return st;
}

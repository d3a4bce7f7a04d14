/* Which checkpoint stands for which run: among those that are saved, before anything is measured
 * (basin_comparison_choose), and among the rows that were (groups.c, equal_loss.c).
 *
 *   1. A run is its folder, method and seed; it is broken if one of its checkpoints is missing (it diverged,
 *      or cannot be read).
 *   2. The methods are compared at the largest step that every unbroken run has; if there is none, at the
 *      largest that some unbroken run of every method has; if there is none either (or no steps are
 *      recorded), each run at its own last one.
 *   3. Gradient evaluations differ at equal steps (SAM spends two). Let B be the largest mean that a method
 *      has spent there. A run that has spent less also enters at its last checkpoint within B.
 *   4. At an equal training loss L instead: the first checkpoint at or below L by step, and the last before
 *      it that is above; of a run that does not come down to L the lowest that it got to.
 */
#include "analysis/compare/comparison.h"

#include <math.h>
#include <string.h>

#include "core/memory.h"

const char *basin_method_of(const basin_row *row)
{
    return row->method != NULL ? row->method : "unknown";
}

/* ------------------------------------------------------------------------------------------------ runs -- */

typedef struct runs { /* the rows with their runs told apart once: a listing of checkpoints can be long */
    const basin_row *rows;
    size_t           count;
    size_t          *first;  /* [count] the first row of the run of each, which stands for the run */
    bool            *broken; /* [count] at first rows: is this run? */
} runs;

static void runs_clear(runs *r)
{
    basin_free(r->first);
    basin_free(r->broken);
}

static bool is_missing(const basin_row *row)
{
    return row->missing != NULL && row->point == BASIN_POINT_RAW && row->part == 0;
}

static basin_status runs_find(const basin_row *rows, size_t count, runs *out)
{
    basin_status st = BASIN_OK;
    runs         r = {.rows = rows, .count = count};

    BASIN_ALLOC(r.first, count, "runs");
    BASIN_ALLOC(r.broken, count, "runs");
    for (size_t i = 0; i < count; i++) {
        size_t first = 0;
        while (first < i && !(r.first[first] == first && basin_same_run(&rows[first], &rows[i]))) first++;
        r.first[i] = first;
    }
    for (size_t i = 0; i < count; i++) /* a file that cannot be read breaks every run of its folder */
        for (size_t j = 0; j < count && is_missing(&rows[i]); j++)
            if (r.first[j] == j && basin_same_run(&rows[i], &rows[j])) r.broken[j] = true;
    *out = r, r = (runs){0};
done:
    runs_clear(&r);
    return st;
}

static bool is_run(const runs *r, size_t row)
{
    return r->first[row] == row;
}

/* The run's checkpoint at `step` (the last such row), or BASIN_NO_ROW. */
static size_t row_at_step(const runs *r, size_t run, int64_t step)
{
    size_t found = BASIN_NO_ROW;

    for (size_t i = 0; i < r->count; i++)
        if (r->first[i] == run && r->rows[i].step == step && basin_is_checkpoint(&r->rows[i])) found = i;
    return found;
}

static size_t start_of(const runs *r, size_t run)
{
    const size_t found = row_at_step(r, run, 0);

    return found != BASIN_NO_ROW && basin_is_start(&r->rows[found]) ? found : BASIN_NO_ROW;
}

/* The run's last checkpoint: of the largest step, and of the later place in the list. */
static size_t last_row(const runs *r, size_t run)
{
    size_t found = BASIN_NO_ROW;

    for (size_t i = 0; i < r->count; i++)
        if (r->first[i] == run && (found == BASIN_NO_ROW || r->rows[i].step >= r->rows[found].step) &&
            basin_is_checkpoint(&r->rows[i]))
            found = i;
    return found;
}

/* ------------------------------------------------------------------------------------- the common step -- */

static bool every_unbroken_run_has(const runs *r, int64_t step)
{
    for (size_t i = 0; i < r->count; i++)
        if (is_run(r, i) && !r->broken[i] && row_at_step(r, i, step) == BASIN_NO_ROW) return false;
    return true;
}

static bool method_has(const runs *r, const char *method, int64_t step)
{
    for (size_t i = 0; i < r->count; i++)
        if (is_run(r, i) && !r->broken[i] && strcmp(basin_method_of(&r->rows[i]), method) == 0 &&
            row_at_step(r, i, step) != BASIN_NO_ROW)
            return true;
    return false;
}

/* One unbroken run of each method that has any. */
static bool every_method_has(const runs *r, int64_t step)
{
    for (size_t i = 0; i < r->count; i++)
        if (is_run(r, i) && !r->broken[i] && !method_has(r, basin_method_of(&r->rows[i]), step)) return false;
    return true;
}

static int64_t common_step(const runs *r)
{
    for (int strict = 1; strict >= 0; strict--) {
        int64_t best = -1;
        for (size_t i = 0; i < r->count; i++) {
            const basin_row *row = &r->rows[i];
            if (row->step <= best || r->broken[r->first[i]] || !basin_is_checkpoint(row)) continue;
            if (strict ? every_unbroken_run_has(r, row->step) : every_method_has(r, row->step))
                best = row->step;
        }
        if (best >= 0) return best;
    }
    return -1;
}

/* ------------------------------------------------------------------------------------------ the budget -- */

double basin_evaluations_of(const basin_row *row)
{
    return row->gradient_evaluations >= 0 ? (double)row->gradient_evaluations : (double)NAN;
}

/* Mean over the runs of a method of what they had spent where they stand; NAN where one does not say. Sums
   first: the mean of equal counts is that count to the bit, and a budget of 1200 admits 1200. */
static double mean_spent(const runs *r, const basin_stand *stands, const char *method)
{
    double sum = 0.0, n = 0.0;

    for (size_t i = 0; i < r->count; i++)
        if (stands[i].at != BASIN_NO_ROW && strcmp(basin_method_of(&r->rows[stands[i].at]), method) == 0)
            sum += basin_evaluations_of(&r->rows[stands[i].at]), n++;
    return sum / n;
}

static double largest_budget(const runs *r, const basin_stand *stands)
{
    double budget = -1.0;

    for (size_t i = 0; i < r->count; i++)
        if (stands[i].at != BASIN_NO_ROW)
            budget = fmax(budget, mean_spent(r, stands, basin_method_of(&r->rows[stands[i].at])));
    return budget;
}

/* The run's checkpoint of most gradient evaluations, but at most `budget`; BASIN_NO_ROW if it has not more
   than where it stands. */
static size_t row_at_budget(const runs *r, size_t run, size_t at, double budget)
{
    size_t found = BASIN_NO_ROW;
    double most = basin_evaluations_of(&r->rows[at]);

    for (size_t i = 0; i < r->count; i++) {
        double evaluations = basin_evaluations_of(&r->rows[i]);
        if (r->first[i] == run && evaluations > most && evaluations <= budget &&
            basin_is_checkpoint(&r->rows[i]))
            found = i, most = evaluations;
    }
    return found;
}

/* ------------------------------------------------------------------------------------------- at a step -- */

static void forget(basin_stand *stands, size_t count)
{
    for (size_t i = 0; i < count; i++)
        stands[i] = (basin_stand){.start = BASIN_NO_ROW,
                                  .before = BASIN_NO_ROW,
                                  .at = BASIN_NO_ROW,
                                  .budget = BASIN_NO_ROW,
                                  .lowest = BASIN_NO_ROW};
}

basin_status basin_stand_at_step(const basin_row *rows, size_t count, basin_stand *stands, int64_t *out)
{
    basin_status st = BASIN_OK;
    runs         r = {0};

    BASIN_TRY(runs_find(rows, count, &r));
    forget(stands, count);
    const int64_t step = common_step(&r);
    for (size_t i = 0; i < count; i++) {
        if (!is_run(&r, i)) continue;
        stands[i].at = step >= 0 ? row_at_step(&r, i, step) : last_row(&r, i);
        if (step > 0) stands[i].start = start_of(&r, i);
        stands[i].broken = r.broken[i];
    }
    const double budget = largest_budget(&r, stands);
    for (size_t i = 0; i < count; i++)
        if (stands[i].at != BASIN_NO_ROW) stands[i].budget = row_at_budget(&r, i, stands[i].at, budget);
    *out = step;
done:
    runs_clear(&r);
    return st;
}

/* ------------------------------------------------------------------------------------------- at a loss -- */

static bool is_earlier(const basin_row *rows, size_t i, size_t j)
{
    return rows[i].step < rows[j].step || (rows[i].step == rows[j].step && i < j);
}

static bool is_candidate(const basin_row *row, const basin_row *run)
{
    return isfinite(row->train_loss.value) && basin_is_checkpoint(row) && basin_same_run(row, run);
}

static size_t first_at_or_below(const basin_row *rows, size_t count, const basin_row *run, double loss)
{
    size_t found = BASIN_NO_ROW;

    for (size_t i = 0; i < count; i++)
        if (rows[i].train_loss.value <= loss && is_candidate(&rows[i], run) &&
            (found == BASIN_NO_ROW || is_earlier(rows, i, found)))
            found = i;
    return found;
}

/* A start that was only looked at, for its loss and norm, has nothing to interpolate from. */
static bool is_measured(const basin_row *row)
{
    return isfinite(row->gradient_norm.value);
}

static size_t last_before(const basin_row *rows, size_t count, size_t row, bool measured)
{
    size_t found = BASIN_NO_ROW;

    for (size_t i = 0; i < count; i++)
        if (is_earlier(rows, i, row) && (!measured || is_measured(&rows[i])) &&
            is_candidate(&rows[i], &rows[row]) && (found == BASIN_NO_ROW || is_earlier(rows, found, i)))
            found = i;
    return found;
}

size_t basin_lowest_row(const basin_row *rows, size_t count, const basin_row *run)
{
    size_t lowest = BASIN_NO_ROW;

    for (size_t i = 0; i < count; i++)
        if (is_candidate(&rows[i], run) &&
            (lowest == BASIN_NO_ROW || rows[i].train_loss.value < rows[lowest].train_loss.value))
            lowest = i;
    return lowest;
}

basin_status basin_stand_at_loss(const basin_row *rows, size_t count, double loss, bool measured,
                                 basin_stand *stands)
{
    basin_status st = BASIN_OK;
    runs         r = {0};

    BASIN_TRY(runs_find(rows, count, &r));
    forget(stands, count);
    for (size_t i = 0; i < count; i++) {
        if (!is_run(&r, i)) continue;
        stands[i].start = start_of(&r, i);
        stands[i].at = first_at_or_below(rows, count, &rows[i], loss);
        if (stands[i].at == BASIN_NO_ROW)
            stands[i].lowest = basin_lowest_row(rows, count, &rows[i]);
        else
            stands[i].before = last_before(rows, count, stands[i].at, measured);
    }
done:
    runs_clear(&r);
    return st;
}

/* ------------------------------------------------------------------------- before anything is measured -- */

static void mark(basin_choice *choices, size_t row, basin_choice choice)
{
    if (row != BASIN_NO_ROW) choices[row] = choice;
}

/* What is measured in full is marked last, over a start that is the same checkpoint. A run that broke is
   not followed to the budget. */
static void mark_stand(const basin_stand *stand, basin_choice *choices)
{
    mark(choices, stand->start, BASIN_CHOICE_START);
    mark(choices, stand->lowest, BASIN_CHOICE_LOWEST);
    mark(choices, stand->before, BASIN_CHOICE_BEFORE);
    mark(choices, stand->at, BASIN_CHOICE_AT);
    if (!stand->broken) mark(choices, stand->budget, BASIN_CHOICE_BUDGET);
}

basin_status basin_comparison_choose(const basin_row *records, size_t count,
                                     const basin_comparison_options *options, basin_choice *out)
{
    basin_status st = BASIN_OK;
    basin_stand *stands = NULL;
    const double loss = options != NULL ? options->at_loss : 0.0;
    int64_t      step;

    BASIN_CHECK(loss >= 0.0 && isfinite(loss), BASIN_ERR_ARG,
                "training loss %g to compare at is not a finite number >= 0", loss);
    BASIN_ALLOC(stands, count, "runs");
    BASIN_TRY(loss > 0.0 ? basin_stand_at_loss(records, count, loss, false, stands)
                         : basin_stand_at_step(records, count, stands, &step));
    for (size_t i = 0; i < count; i++)
        out[i] = loss == 0.0 && is_missing(&records[i]) ? BASIN_CHOICE_BROKEN : BASIN_CHOICE_NONE;
    for (size_t i = 0; i < count; i++) mark_stand(&stands[i], out);
done:
    basin_free(stands);
    return st;
}

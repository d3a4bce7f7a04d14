/* What a run was doing between its checkpoints, named by rules on training loss and λ_max.
 *
 *   1. Noise. s_λ and s_L are the scales of what ln λ_max and ln L do from one checkpoint to the next beside
 *      a trend: the median of |x_{i-1} − 2 x_i + x_{i+1}| of a series, over its value for independent normal
 *      errors of deviation 1, times 1 + 4/n for the scatter of a median of few. A change counts where it is
 *      larger than SURE of these scales, and than CHANGE of the value, and than the ends of λ_max leave open.
 *   2. Catapult, from checkpoint a: λ_max beyond 1.1 ceilings; until b, the first with λ_max below its
 *      ceiling; within, a loss that counts as larger than that at a, and λ_max at b that counts as smaller.
 *      It ends where the loss is no longer above that at a, if it comes down again (A. Lewkowycz et al.,
 *      arXiv:2003.02218).
 *   3. Edge: at least EDGE_LEAST checkpoints in a row with λ_max within a tenth of the ceiling (J. Cohen et
 *      al., arXiv:2103.00065).
 *   4. What is left, cut where λ_max turns by a change that counts: sharpening where it rises in all by one
 *      (progressive sharpening, ibid.), else descent where the loss falls by one and λ_max is not above
 *      CHANGE of where it was; neither above 1.1 ceilings, nor across a fall of λ_max by more than a half
 *      from one checkpoint to the next: there a catapult may have passed unseen.
 *   5. Everything else is not decided, as is a run of fewer than FEWEST checkpoints or of a method whose
 *      ceiling is not known.
 *
 * Each rule is of checkpoints: what happened between two is not known.
 */
#include <math.h>
#include <stdlib.h>

#include "core/memory.h"
#include "core/status.h"

enum { FEWEST = 5, EDGE_LEAST = 3 };

#define SURE 5.0
#define CHANGE 0.1         /* of the value */
#define BEYOND 1.1         /* of the ceiling */
#define NEAR 0.9           /* likewise */
#define HALF 0.69314718056 /* ln 2 */
#define NORMAL 1.6521      /* median |x − 2y + z| of normal numbers: 0.6745 √6 */

typedef struct series { /* the checkpoints of one run that are measured */
    const basin_row *rows;
    size_t           count;
    size_t          *row;          /* [count] */
    double          *x, *open;     /* [count] ln λ_max, and by how much its ends leave it open */
    double          *loss, *ratio; /* [count] ln L; λ_max over the ceiling */
    double           sure_x, sure_loss;
    int             *kind; /* [count] of the interval from i to i + 1 */
} series;

static void series_release(series *s)
{
    basin_free(s->row);
    basin_free(s->x);
    basin_free(s->open);
    basin_free(s->loss);
    basin_free(s->ratio);
    basin_free(s->kind);
}

static bool is_measured(const basin_row *row)
{
    return row->missing == NULL && row->point == BASIN_POINT_RAW && row->part == 0 && isnan(row->at_loss) &&
           row->lambda_max.value > 0.0 && row->train_loss.value > 0.0;
}

static void add(series *s, size_t i)
{
    const basin_row   *row = &s->rows[i];
    const basin_value *v = &row->lambda_max;
    const double       half = v->interval != BASIN_INTERVAL_NONE ? 0.5 * (v->upper - v->lower) : 0.0;

    s->row[s->count] = i;
    s->x[s->count] = log(v->value);
    s->open[s->count] = half < v->value ? -log1p(-half / v->value) : INFINITY;
    s->loss[s->count] = log(row->train_loss.value);
    s->ratio[s->count++] = v->value / row->ceiling.value;
}

static basin_status collect(const basin_row *rows, size_t count, series *s)
{
    basin_status st = BASIN_OK;

    *s = (series){.rows = rows};
    BASIN_ALLOC(s->row, count, "phases");
    BASIN_ALLOC(s->x, count, "phases");
    BASIN_ALLOC(s->open, count, "phases");
    BASIN_ALLOC(s->loss, count, "phases");
    BASIN_ALLOC(s->ratio, count, "phases");
    BASIN_ALLOC(s->kind, count, "phases");
    for (size_t i = 0; i < count; i++) {
        BASIN_CHECK(basin_same_text(rows[i].run, rows[0].run), BASIN_ERR_ARG,
                    "phases are of one run, not of %s and %s", rows[0].run, rows[i].run);
        if (is_measured(&rows[i])) add(s, i);
    }
done:
    return st;
}

/* ------------------------------------------------------------------------------------------- step 1 -- */

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* The change of x that counts; bends [count] is room. */
static double sure_change(const double *x, size_t count, double *bends)
{
    const size_t n = count - 2;

    for (size_t i = 0; i < n; i++) bends[i] = fabs(x[i] - 2.0 * x[i + 1] + x[i + 2]);
    qsort(bends, n, sizeof *bends, ascending);
    const double scale = 0.5 * (bends[(n - 1) / 2] + bends[n / 2]) / NORMAL;
    return fmax(log1p(CHANGE), SURE * scale * (1.0 + 4.0 / (double)n));
}

static basin_status measure_noise(series *s)
{
    basin_status st = BASIN_OK;
    double      *bends = NULL;

    BASIN_ALLOC(bends, s->count, "phases");
    s->sure_x = sure_change(s->x, s->count, bends);
    s->sure_loss = sure_change(s->loss, s->count, bends);
done:
    basin_free(bends);
    return st;
}

/* By how much λ_max has surely risen from i to j, in its logarithm: 0 where that does not count. */
static double rise(const series *s, size_t i, size_t j)
{
    const double change = s->x[j] - s->x[i];

    return fabs(change) > s->sure_x + s->open[i] + s->open[j] ? change : 0.0;
}

/* ------------------------------------------------------------------------------------ steps 2 and 3 -- */

/* The last checkpoint of the catapult that begins at a; a itself where none does. */
static size_t catapult_end(const series *s, size_t a)
{
    double peak = -INFINITY;
    size_t b = a + 1, end;

    if (!(s->ratio[a] > BEYOND)) return a;
    while (b < s->count && !(s->ratio[b] < 1.0)) b++;
    if (b == s->count || !(rise(s, a, b) < 0.0)) return a;
    for (size_t i = a + 1; i <= b; i++) peak = fmax(peak, s->loss[i]);
    if (!(peak - s->loss[a] > s->sure_loss)) return a;
    for (end = b; end < s->count && s->loss[end] > s->loss[a]; end++) continue;
    return end < s->count ? end : b;
}

static void find_catapults(series *s)
{
    for (size_t a = 0; a + 1 < s->count; a++) {
        const size_t end = catapult_end(s, a);
        for (size_t i = a; i < end; i++) s->kind[i] = BASIN_PHASE_CATAPULT;
        if (end > a) a = end - 1;
    }
}

static bool at_edge(const series *s, size_t i)
{
    return s->ratio[i] >= NEAR && s->ratio[i] <= BEYOND;
}

static void find_edges(series *s)
{
    for (size_t a = 0, b; a<s->count; a = b> a ? b : a + 1) {
        for (b = a; b < s->count && at_edge(s, b); b++)
            if (b > a && s->kind[b - 1] == BASIN_PHASE_CATAPULT) break;
        for (size_t i = a; b - a >= EDGE_LEAST && i + 1 < b; i++) s->kind[i] = BASIN_PHASE_EDGE;
    }
}

/* -------------------------------------------------------------------------------------------- step 4 -- */

/* May a phase of step 4 hold the interval from i to i + 1? */
static bool is_plain(const series *s, size_t i)
{
    return s->kind[i] == BASIN_PHASE_UNDECIDED && s->ratio[i] <= BEYOND && s->ratio[i + 1] <= BEYOND &&
           s->x[i] - s->x[i + 1] <= HALF;
}

/* How far from a the phase goes: to where λ_max was at its extreme, once it has turned from there; a rise
   ends where it is highest. */
static size_t plain_end(const series *s, size_t a)
{
    size_t low = a, high = a, b = a;

    for (; b + 1 < s->count && is_plain(s, b); b++) {
        if (rise(s, a, high) > 0.0 && rise(s, high, b + 1) < 0.0) return high;
        if (rise(s, a, low) < 0.0 && rise(s, low, b + 1) > 0.0) return low;
        if (s->x[b + 1] > s->x[high]) high = b + 1;
        if (s->x[b + 1] < s->x[low]) low = b + 1;
    }
    return rise(s, a, high) > 0.0 ? high : b;
}

static int plain_kind(const series *s, size_t a, size_t b)
{
    const bool falls = s->loss[a] - s->loss[b] > s->sure_loss, rises = s->x[b] - s->x[a] > log1p(CHANGE);

    if (rise(s, a, b) > 0.0) return BASIN_PHASE_SHARPENING;
    return falls && !rises ? BASIN_PHASE_DESCENT : BASIN_PHASE_UNDECIDED;
}

static void find_plain(series *s)
{
    for (size_t a = 0, b; a + 1 < s->count; a = b > a ? b : a + 1) {
        b = plain_end(s, a);
        const int kind = b > a ? plain_kind(s, a, b) : BASIN_PHASE_UNDECIDED;
        for (size_t i = a; i < b; i++) s->kind[i] = kind;
    }
}

/* ----------------------------------------------------------------------------------------- as a list -- */

static basin_status describe(const series *s, size_t a, size_t b, basin_phase *out)
{
    basin_status     st = BASIN_OK;
    const basin_row *first = &s->rows[s->row[a]], *last = &s->rows[s->row[b]];

    *out = (basin_phase){.kind = s->kind[a],
                         .from = first->step,
                         .to = last->step,
                         .first = s->row[a],
                         .last = s->row[b],
                         .from_ratio = s->ratio[a],
                         .to_ratio = s->ratio[b],
                         .peak = NAN};
    BASIN_STRDUP(out->run, first->run);
    out->hovering = out->kind == BASIN_PHASE_EDGE && basin_hovers(first->method, first->rho);
    if (out->kind == BASIN_PHASE_CATAPULT)
        for (size_t i = a; i <= b; i++) out->peak = fmax(out->peak, exp(s->loss[i] - s->loss[a]));
done:
    return st;
}

/* Two phases of one kind end where λ_max turns; of what is not decided there is no such end. */
static bool same_phase(const series *s, size_t i)
{
    return s->kind[i] == s->kind[i - 1];
}

static basin_status list(const series *s, basin_phase **out, size_t *count)
{
    basin_status st = BASIN_OK;
    basin_phase *phases = NULL;
    size_t       made = 0;

    BASIN_ALLOC(phases, s->count, "phases");
    for (size_t a = 0, b; a + 1 < s->count; a = b) {
        for (b = a + 1; b + 1 < s->count && same_phase(s, b); b++) continue;
        BASIN_TRY(describe(s, a, b, &phases[made]));
        made++;
    }
    *out = phases, phases = NULL;
    *count = made;
done:
    basin_phases_free(&phases, made);
    return st;
}

void basin_phases_free(basin_phase **phases, size_t count)
{
    for (size_t i = 0; *phases != NULL && i < count; i++) basin_free((*phases)[i].run);
    basin_free(*phases);
    *phases = NULL;
}

basin_status basin_phases_find(const basin_row *rows, size_t count, basin_phase **out, size_t *out_count)
{
    basin_status st = BASIN_OK;
    series       s = {0};

    BASIN_TRY(collect(rows, count, &s));
    if (s.count >= FEWEST) {
        BASIN_TRY(measure_noise(&s));
        find_catapults(&s);
        find_edges(&s);
        find_plain(&s);
    }
    BASIN_TRY(list(&s, out, out_count));
done:
    series_release(&s);
    return st;
}

/* Interpolation of a grid, rows and columns alike, by cubic Hermite pieces whose slope at a point is that of
 * the parabola through it and its two neighbours (at an end, through the last three): local, so that a wall
 * far away rings nowhere else. The rule is not believed but tried: on every second point, at the others,
 * whose values are known. A grid twice as coarse errs more, so that what it tells of the error is cautious.
 */
#include "render/smooth.h"

#include <math.h>

#include "core/memory.h"

enum { TAPS = 4 };

typedef struct lattice {                        /* every stride-th point of a grid */
    const double *z, *logs, *x, *y;             /* logs: of z, or NULL */
    size_t        rows, columns, stride, pitch; /* pitch: from row to row of the whole grid */
} lattice;

typedef struct taps { /* Σ weight[k] value[first + k] */
    size_t first;
    double weight[TAPS];
} taps;

static double node(const double *x, size_t stride, size_t i)
{
    return x[i * stride];
}

static size_t clamp(size_t i, size_t low, size_t high)
{
    return i < low ? low : i > high ? high : i;
}

static taps linear_taps(const double *x, size_t stride, size_t k, double at)
{
    const double a = node(x, stride, k), b = node(x, stride, k + 1), t = (at - a) / (b - a);

    return (taps){.first = k, .weight = {1 - t, t}};
}

/* Adds scale times the slope at point i of the parabola through three. */
static void add_slope(const double *x, size_t stride, size_t n, size_t i, double scale, taps *t)
{
    const size_t first = clamp(i == 0 ? 0 : i - 1, 0, n - 3);

    for (size_t k = 0; k < 3; k++) {
        const double here = node(x, stride, first + k), at = node(x, stride, i);
        const double one = node(x, stride, first + (k + 1) % 3), two = node(x, stride, first + (k + 2) % 3);
        t->weight[first + k - t->first] += scale * ((at - one) + (at - two)) / ((here - one) * (here - two));
    }
}

static taps cubic_taps(const double *x, size_t stride, size_t n, size_t k, double at)
{
    const double a = node(x, stride, k), h = node(x, stride, k + 1) - a, s = (at - a) / h;
    taps         t = {.first = n < TAPS || k == 0 ? 0 : clamp(k - 1, 0, n - TAPS)};

    t.weight[k - t.first] = (1 + 2 * s) * (1 - s) * (1 - s);
    t.weight[k + 1 - t.first] = s * s * (3 - 2 * s);
    add_slope(x, stride, n, k, h * s * (1 - s) * (1 - s), &t);
    add_slope(x, stride, n, k + 1, h * s * s * (s - 1), &t);
    return t;
}

static double apply(const lattice *l, const double *z, const taps *down, const taps *across)
{
    double sum = 0;

    for (size_t i = 0; i < TAPS; i++) {
        const double *row = z + (down->first + i) * l->stride * l->pitch;
        for (size_t j = 0; j < TAPS && down->weight[i] != 0; j++)
            if (across->weight[j] != 0)
                sum += down->weight[i] * across->weight[j] * row[(across->first + j) * l->stride];
    }
    return sum;
}

static taps taps_at(basin_between rule, const double *x, size_t stride, size_t n, size_t k, double at)
{
    if (n < 2) return (taps){.weight = {1}};
    return rule == BASIN_BETWEEN_LINEAR || n < 3 ? linear_taps(x, stride, k, at)
                                                 : cubic_taps(x, stride, n, k, at);
}

/* At (x, y) in the cell (r, c). */
static double between(basin_between rule, const lattice *l, size_t r, size_t c, double x, double y)
{
    const bool   logarithm = rule == BASIN_BETWEEN_LOG_CUBIC;
    const taps   down = taps_at(rule, l->y, l->stride, l->rows, r, y);
    const taps   across = taps_at(rule, l->x, l->stride, l->columns, c, x);
    const double sum = apply(l, logarithm ? l->logs : l->z, &down, &across), z = logarithm ? exp(sum) : sum;

    if (isfinite(z) || rule == BASIN_BETWEEN_LINEAR) return z;
    return between(BASIN_BETWEEN_LINEAR, l, r, c, x, y);
}

/* ------------------------------------------------------------------------------------------- the trial -- */

/* `scored` is the root mean square that rules are chosen by. */
static basin_smooth_error try_rule(basin_between rule, const lattice *whole, bool logarithmic, double *scored)
{
    const lattice      half = {.z = whole->z,
                               .logs = whole->logs,
                               .x = whole->x,
                               .y = whole->y,
                               .rows = (whole->rows + 1) / 2,
                               .columns = (whole->columns + 1) / 2,
                               .stride = 2,
                               .pitch = whole->pitch};
    basin_smooth_error out = {0};
    double             squares = 0, scores = 0;

    for (size_t r = 0; r < 2 * half.rows - 1; r++) {
        for (size_t c = 0; c < 2 * half.columns - 1; c++) {
            const double z = whole->z[r * whole->pitch + c];
            if ((r % 2 == 0 && c % 2 == 0) || !isfinite(z)) continue;
            const double told = between(rule, &half, clamp(r / 2, 0, half.rows - 2),
                                        clamp(c / 2, 0, half.columns - 2), whole->x[c], whole->y[r]);
            if (!isfinite(told)) continue;
            const double off = fabs(told - z);
            squares += off * off, out.largest = fmax(out.largest, off), out.count++;
            scores += !logarithmic ? off * off : told > 0 ? pow(log(told / z), 2) : INFINITY;
        }
    }
    if (out.count > 0) out.rms = sqrt(squares / (double)out.count);
    *scored = sqrt(scores);
    return out;
}

/* By the logarithm where there is one. */
static void choose_rule(const lattice *l, basin_smooth_grid *out)
{
    enum { LEAST = 5 }; /* points: three of them are left */
    const bool logarithmic = l->logs != NULL;
    double     best = INFINITY, scored;

    if (l->rows < LEAST || l->columns < LEAST) return;
    for (int rule = BASIN_BETWEEN_LINEAR;
         rule <= (logarithmic ? BASIN_BETWEEN_LOG_CUBIC : BASIN_BETWEEN_CUBIC); rule++) {
        const basin_smooth_error errors = try_rule((basin_between)rule, l, logarithmic, &scored);
        if (errors.count == 0 || !(scored < best)) continue;
        best = scored, out->between = (basin_between)rule, out->errors = errors;
    }
}

/* ------------------------------------------------------------------------------------------- the whole -- */

static void refine_axis(const double *x, size_t n, size_t parts, double *out)
{
    for (size_t i = 0; i + 1 < n; i++)
        for (size_t k = 0; k < parts; k++)
            out[i * parts + k] = x[i] + (double)k / (double)parts * (x[i + 1] - x[i]);
    out[(n - 1) * parts] = x[n - 1];
}

/* NULL unless all that is finite is positive. */
static basin_status take_logs(const double *z, size_t count, double **out)
{
    basin_status st = BASIN_OK;
    double      *logs = NULL;

    for (size_t i = 0; i < count; i++)
        if (isfinite(z[i]) && !(z[i] > 0)) return BASIN_OK;
    BASIN_ALLOC(logs, count, "a grid");
    for (size_t i = 0; i < count; i++) logs[i] = log(z[i]);
    *out = logs;
done:
    return st;
}

basin_status basin_smooth(const double *z, size_t rows, size_t columns, const double *x, const double *y,
                          size_t parts, bool logarithmic, basin_smooth_grid *out)
{
    basin_status      st = BASIN_OK;
    double           *logs = NULL;
    lattice           l = {z, NULL, x, y, rows, columns, 1, columns};
    basin_smooth_grid made = {.rows = (rows - 1) * parts + 1, .columns = (columns - 1) * parts + 1};

    BASIN_CHECK(rows >= 2 && columns >= 2 && parts > 0, BASIN_ERR_ARG,
                "a grid of %zu x %zu has nothing between its points", rows, columns);
    if (logarithmic) BASIN_TRY(take_logs(z, rows * columns, &logs));
    l.logs = logs;
    choose_rule(&l, &made);
    BASIN_ALLOC(made.x, made.columns, "a grid");
    BASIN_ALLOC(made.y, made.rows, "a grid");
    BASIN_ALLOC(made.z, made.rows * made.columns, "a grid");
    refine_axis(x, columns, parts, made.x), refine_axis(y, rows, parts, made.y);
    for (size_t i = 0; i < made.rows; i++) {
        for (size_t j = 0; j < made.columns; j++) {
            const bool on = i % parts == 0 && j % parts == 0;
            made.z[i * made.columns + j] =
                on ? z[i / parts * columns + j / parts]
                   : between(made.between, &l, clamp(i / parts, 0, rows - 2),
                             clamp(j / parts, 0, columns - 2), made.x[j], made.y[i]);
        }
    }
    *out = made, made = (basin_smooth_grid){0};
done:
    basin_free(logs);
    basin_smooth_clear(&made);
    return st;
}

void basin_smooth_clear(basin_smooth_grid *grid)
{
    basin_free(grid->x);
    basin_free(grid->y);
    basin_free(grid->z);
    *grid = (basin_smooth_grid){0};
}

/* Marching squares.
 *
 *   1. A corner is «above» when z >= level. A grid edge whose ends differ is crossed once, at the place of
 *      linear interpolation.
 *   2. A cell has 0, 2 or 4 crossed edges. With 4 (a saddle) the mean of the corners says whether the middle
 *      is above, and the crossings are joined so that the corners on the middle's side stay connected.
 *   3. Each crossing so gets at most two partners, one a cell: chains with two ends (lines that leave the
 *      grid or meet a gap) are walked first, the cycles that remain are closed lines.
 *
 * Edges are numbered: e = i (columns - 1) + j joins (i, j) and (i, j+1); behind those, i columns + j joins
 * (i, j) and (i+1, j).
 */
#include "render/contour.h"

#include <math.h>
#include <string.h>

#include "core/memory.h"
#include "render/scale.h"

typedef struct grid {
    const double  *z, *x, *y;
    size_t         rows, columns, edges;
    double         level;
    size_t        *partners; /* [edges, 2] */
    unsigned char *walked;   /* [edges] */
} grid;

static size_t across(const grid *g, size_t i, size_t j)
{
    return i * (g->columns - 1) + j;
}

static size_t down(const grid *g, size_t i, size_t j)
{
    return g->rows * (g->columns - 1) + i * g->columns + j;
}

static void join(grid *g, size_t a, size_t b)
{
    g->partners[2 * a + (g->partners[2 * a] != BASIN_NONE)] = b;
    g->partners[2 * b + (g->partners[2 * b] != BASIN_NONE)] = a;
}

static void march(grid *g, size_t i, size_t j)
{
    double z[4] = {g->z[i * g->columns + j], g->z[i * g->columns + j + 1], g->z[(i + 1) * g->columns + j + 1],
                   g->z[(i + 1) * g->columns + j]};
    /* edge c joins corners c and c+1 */
    size_t edges[4] = {across(g, i, j), down(g, i, j + 1), across(g, i + 1, j), down(g, i, j)};
    size_t crossed[4], count = 0;

    for (size_t c = 0; c < 4; c++)
        if (!isfinite(z[c])) return;
    for (size_t c = 0; c < 4; c++)
        if ((z[c] >= g->level) != (z[(c + 1) % 4] >= g->level)) crossed[count++] = edges[c];
    if (count == 2) join(g, crossed[0], crossed[1]);
    if (count == 4) {
        bool middle = z[0] / 4 + z[1] / 4 + z[2] / 4 + z[3] / 4 >= g->level, first = z[0] >= g->level;
        if (middle == first) { /* corners 0 and 2 hang together: cut off 1 and 3 */
            join(g, edges[0], edges[1]);
            join(g, edges[2], edges[3]);
        } else {
            join(g, edges[3], edges[0]);
            join(g, edges[1], edges[2]);
        }
    }
}

static void crossing(const grid *g, size_t edge, double point[2])
{
    size_t horizontal = g->rows * (g->columns - 1);
    bool   is_down = edge >= horizontal;
    size_t i = is_down ? (edge - horizontal) / g->columns : edge / (g->columns - 1);
    size_t j = is_down ? (edge - horizontal) % g->columns : edge % (g->columns - 1);
    double a = g->z[i * g->columns + j];
    double b = is_down ? g->z[(i + 1) * g->columns + j] : g->z[i * g->columns + j + 1];
    double t = (g->level / 2 - a / 2) / (b / 2 - a / 2);

    point[0] = is_down ? g->x[j] : g->x[j] + t * (g->x[j + 1] - g->x[j]);
    point[1] = is_down ? g->y[i] + t * (g->y[i + 1] - g->y[i]) : g->y[i];
}

/* One chain from `start` to its end or round to its start. */
static void walk(grid *g, size_t start, bool closed, basin_contour *out)
{
    basin_contour_line *line = &out->lines[out->line_count++];
    size_t              before = BASIN_NONE, here = start;

    *line = (basin_contour_line){.first = out->point_count, .closed = closed};
    while (here != BASIN_NONE && !g->walked[here]) {
        g->walked[here] = 1;
        crossing(g, here, out->points + 2 * out->point_count++);
        line->count++;
        size_t next = g->partners[2 * here] != before ? g->partners[2 * here] : g->partners[2 * here + 1];
        before = here;
        here = next;
    }
}

basin_status basin_contour_trace(const double *z, size_t rows, size_t columns, const double *x,
                                 const double *y, double level, basin_contour *out)
{
    basin_status  st = BASIN_OK;
    grid          g = {.z = z, .x = x, .y = y, .rows = rows, .columns = columns, .level = level};
    basin_contour made = {0};
    size_t        points = 0, ends = 0;

    BASIN_CHECK(rows >= 2 && columns >= 2, BASIN_ERR_ARG,
                "contour lines need a grid of at least 2 x 2, got %zu x %zu", rows, columns);
    g.edges = rows * (columns - 1) + (rows - 1) * columns;
    BASIN_ALLOC(g.partners, 2 * g.edges, "contour lines");
    BASIN_ALLOC(g.walked, g.edges, "contour lines");
    for (size_t e = 0; e < 2 * g.edges; e++) g.partners[e] = BASIN_NONE;
    for (size_t i = 0; i + 1 < rows; i++)
        for (size_t j = 0; j + 1 < columns; j++) march(&g, i, j);
    for (size_t e = 0; e < g.edges; e++) {
        points += g.partners[2 * e] != BASIN_NONE;
        ends += g.partners[2 * e] != BASIN_NONE && g.partners[2 * e + 1] == BASIN_NONE;
    }
    /* a closed line has at least four crossings */
    BASIN_ALLOC(made.lines, ends / 2 + points / 4 + 1, "contour lines");
    BASIN_ALLOC(made.points, 2 * points, "contour lines");
    for (size_t e = 0; e < g.edges; e++)
        if (g.partners[2 * e] != BASIN_NONE && g.partners[2 * e + 1] == BASIN_NONE && !g.walked[e])
            walk(&g, e, false, &made);
    for (size_t e = 0; e < g.edges; e++)
        if (g.partners[2 * e] != BASIN_NONE && !g.walked[e]) walk(&g, e, true, &made);
    *out = made, made = (basin_contour){0};
done:
    basin_free(g.partners);
    basin_free(g.walked);
    basin_contour_clear(&made);
    return st;
}

void basin_contour_clear(basin_contour *contour)
{
    basin_free(contour->lines);
    basin_free(contour->points);
    *contour = (basin_contour){0};
}

/* ---------------------------------------------------------------------------------------------- levels -- */

static size_t even_levels(double low, double high, size_t wanted, double *levels)
{
    size_t count = 0;
    double step = basin_nice_step((high - low) / (double)(wanted + 1));

    for (double i = floor(low / step) + 1; i * step < high && count < BASIN_MAX_LEVELS; i++)
        levels[count++] = i * step;
    return count;
}

static size_t decade_levels(double low, double high, const double *digits, size_t digit_count, int every,
                            double *levels)
{
    size_t count = 0;

    for (int e = (int)floor(log10(low)); e <= (int)floor(log10(high)); e++) {
        if (((e % every) + every) % every != 0) continue;
        for (size_t d = 0; d < digit_count && count < BASIN_MAX_LEVELS; d++) {
            double level = digits[d] * pow(10, e);
            if (level > low && level < high) levels[count++] = level;
        }
    }
    return count;
}

size_t basin_contour_levels(double low, double high, size_t wanted, double levels[BASIN_MAX_LEVELS],
                            bool *logarithmic)
{
    static const double six[] = {1, 1.5, 2, 3, 5, 7}, three[] = {1, 2, 5}, two[] = {1, 3}, one[] = {1};

    *logarithmic = false;
    if (!(high > low) || !isfinite(high - low)) return 0;
    /* the quotient of the two may overflow */
    const double decades = low > 0 ? log10(high) - log10(low) : 0.0;
    if (decades < log10(20)) return even_levels(low, high, wanted, levels);
    *logarithmic = true;
    if (6 * decades <= 1.3 * (double)wanted) return decade_levels(low, high, six, 6, 1, levels);
    if (3 * decades <= 1.3 * (double)wanted) return decade_levels(low, high, three, 3, 1, levels);
    if (2 * decades <= 1.3 * (double)wanted) return decade_levels(low, high, two, 2, 1, levels);
    int every = 1;
    while (decades / every > 1.3 * (double)wanted) every++;
    return decade_levels(low, high, one, 1, every, levels);
}

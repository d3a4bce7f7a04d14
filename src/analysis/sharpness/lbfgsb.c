/* Limited-memory BFGS with bounds.
 *
 * R. Byrd, P. Lu, J. Nocedal, C. Zhu, «A limited memory algorithm for bound constrained optimization», SIAM
 * J. Sci. Comput. 16(5), 1995; J. Morales & J. Nocedal's remark, ACM TOMS 38(1), 2011.
 *
 * B = theta I − W M Wᵀ is the quasi-Newton matrix of the last pairs (s, y): W = [Y, theta S] [n, 2k], M the
 * inverse of [−D, Lᵀ; L, theta SᵀS] [2k, 2k], D = diag(sᵢᵀyᵢ), L the part of SᵀY below its diagonal.
 * Each iteration
 *   1. follows the projected path x(t) = P(x − t g) from break point to break point to the first minimum of
 *      the quadratic model, the generalised Cauchy point (algorithm CP);
 *   2. minimises the model over the variables that are not at a bound there by the direct primal method
 *      (equation 5.11), cut back to the box;
 *   3. searches along d = x̄ − x by halving from 1 until the value falls by 1e-4 of what the slope promises;
 *   4. keeps the pair if sᵀy > ε ‖y‖², at most PAIRS of them.
 *
 * The search is by halving alone, where the authors' code has one for the strong Wolfe conditions: along a
 * step of which only an end within the box is allowed they often cannot be met.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/sharpness/box.h"
#include "core/linalg.h"
#include "core/memory.h"

enum { PAIRS = 10, ORDER = 2 * PAIRS, HALVINGS = 20 };

typedef struct breakpoint {
    double t;
    size_t i;
} breakpoint;

typedef struct solver {
    const basin_box_problem *p;
    size_t                   n, pairs; /* k */
    double                  *s[PAIRS], *y[PAIRS];
    double                   theta, m[ORDER * ORDER];              /* M [2k, 2k] */
    double                  *x, *g, *cauchy, *d, *trial, *trial_g; /* [n] */
    breakpoint              *points;                               /* [n] ascending */
    double                   value, c[ORDER];                      /* F; Wᵀ(x_cauchy − x) */
} solver;

static void release(solver *v)
{
    double *const all[] = {v->x, v->g, v->cauchy, v->d, v->trial, v->trial_g};

    for (size_t i = 0; i < sizeof all / sizeof *all; i++) basin_free(all[i]);
    for (size_t i = 0; i < PAIRS; i++) basin_free(v->s[i]), basin_free(v->y[i]);
    basin_free(v->points);
}

static basin_status prepare(solver *v)
{
    basin_status   st = BASIN_OK;
    double **const all[] = {&v->x, &v->g, &v->cauchy, &v->d, &v->trial, &v->trial_g};

    for (size_t i = 0; i < sizeof all / sizeof *all; i++) BASIN_ALLOC(*all[i], v->n, "a box");
    for (size_t i = 0; i < PAIRS; i++) {
        BASIN_ALLOC(v->s[i], v->n, "a box");
        BASIN_ALLOC(v->y[i], v->n, "a box");
    }
    BASIN_ALLOC(v->points, v->n, "a box");
done:
    return st;
}

/* ----------------------------------------------------------------------------- the matrix in the small -- */

/* W's row of variable i, [2k]. */
static void row_of(const solver *v, size_t i, double *w)
{
    for (size_t j = 0; j < v->pairs; j++) w[j] = v->y[j][i], w[v->pairs + j] = v->theta * v->s[j][i];
}

static double dot(const double *a, const double *b, size_t n)
{
    double sum = 0.0;

    for (size_t i = 0; i < n; i++) sum += a[i] * b[i];
    return sum;
}

/* out = A x, A [n, n]. */
static void times(const double *a, const double *x, size_t n, double *out)
{
    for (size_t i = 0; i < n; i++) out[i] = dot(a + i * n, x, n);
}

/* X of A X = B by elimination with pivots; A [n, n] is spent, B [n, k] becomes X; false where A is
   singular. */
static bool solve(double *a, double *b, size_t n, size_t k)
{
    for (size_t c = 0; c < n; c++) {
        size_t pivot = c;
        for (size_t r = c + 1; r < n; r++)
            if (fabs(a[r * n + c]) > fabs(a[pivot * n + c])) pivot = r;
        if (!(fabs(a[pivot * n + c]) > 0.0)) return false;
        for (size_t j = 0; j < n; j++) {
            const double swap = a[c * n + j];
            a[c * n + j] = a[pivot * n + j], a[pivot * n + j] = swap;
        }
        for (size_t j = 0; j < k; j++) {
            const double swap = b[c * k + j];
            b[c * k + j] = b[pivot * k + j], b[pivot * k + j] = swap;
        }
        for (size_t r = 0; r < n; r++) {
            const double factor = r == c ? 0.0 : a[r * n + c] / a[c * n + c];
            if (factor == 0.0) continue;
            for (size_t j = c; j < n; j++) a[r * n + j] -= factor * a[c * n + j];
            for (size_t j = 0; j < k; j++) b[r * k + j] -= factor * b[c * k + j];
        }
    }
    for (size_t r = 0; r < n; r++)
        for (size_t j = 0; j < k; j++) b[r * k + j] /= a[r * n + r];
    return true;
}

/* M of the pairs there are; false where it does not exist. */
static bool refresh(solver *v)
{
    const size_t k = v->pairs, order = 2 * k;
    double       a[ORDER * ORDER] = {0};

    memset(v->m, 0, sizeof v->m);
    for (size_t i = 0; i < k; i++)
        for (size_t j = 0; j < k; j++) {
            const double sy = basin_dot(v->s[i], v->y[j], v->n);
            if (i == j) a[i * order + i] = -sy;
            if (i > j) a[(k + i) * order + j] = a[j * order + k + i] = sy;
            a[(k + i) * order + k + j] = v->theta * basin_dot(v->s[i], v->s[j], v->n);
        }
    for (size_t i = 0; i < order; i++) v->m[i * order + i] = 1.0;
    return solve(a, v->m, order, order);
}

/* Step 4: the oldest pair goes where there is no room. */
static void keep_pair(solver *v)
{
    double sy = 0.0, yy = 0.0;

    for (size_t i = 0; i < v->n; i++) {
        const double s = v->trial[i] - v->x[i], y = v->trial_g[i] - v->g[i];
        sy += s * y, yy += y * y;
    }
    if (!(sy > 2.2e-16 * yy)) return;
    if (v->pairs == PAIRS) {
        double *s = v->s[0], *y = v->y[0];
        memmove(v->s, v->s + 1, (PAIRS - 1) * sizeof *v->s);
        memmove(v->y, v->y + 1, (PAIRS - 1) * sizeof *v->y);
        v->s[PAIRS - 1] = s, v->y[PAIRS - 1] = y, v->pairs--;
    }
    for (size_t i = 0; i < v->n; i++) {
        v->s[v->pairs][i] = v->trial[i] - v->x[i];
        v->y[v->pairs][i] = v->trial_g[i] - v->g[i];
    }
    v->pairs++;
    v->theta = yy / sy;
    if (!refresh(v)) v->pairs = 0, v->theta = 1.0;
}

/* --------------------------------------------------------------------------------------- the two steps -- */

static int by_time(const void *a, const void *b)
{
    const double x = ((const breakpoint *)a)->t, y = ((const breakpoint *)b)->t;

    return (x > y) - (x < y);
}

/* Where variable i of the projected path meets its bound. */
static double time_of(const solver *v, size_t i)
{
    if (v->g[i] < 0.0) return (v->x[i] - v->p->upper[i]) / v->g[i];
    if (v->g[i] > 0.0) return (v->x[i] - v->p->lower[i]) / v->g[i];
    return INFINITY;
}

typedef struct path {                       /* the model along it */
    double slope, bend, p[ORDER], c[ORDER]; /* f', f'', Wᵀd, Wᵀ(x(t) − x) */
} path;

static void begin_path(solver *v, path *m)
{
    double w[ORDER], mp[ORDER], dd = 0.0;

    *m = (path){.slope = 0.0};
    for (size_t i = 0; i < v->n; i++) {
        v->points[i] = (breakpoint){time_of(v, i), i};
        v->d[i] = v->points[i].t > 0.0 ? -v->g[i] : 0.0;
        dd += v->d[i] * v->d[i];
        row_of(v, i, w);
        for (size_t j = 0; j < 2 * v->pairs; j++) m->p[j] += w[j] * v->d[i];
    }
    times(v->m, m->p, 2 * v->pairs, mp);
    m->slope = -dd;
    m->bend = v->theta * dd - dot(m->p, mp, 2 * v->pairs);
    qsort(v->points, v->n, sizeof *v->points, by_time);
}

/* Past the break point of variable b, after `passed`. */
static void pass(solver *v, path *m, size_t b, double passed)
{
    const size_t k = 2 * v->pairs;
    const double g = v->g[b];
    double       w[ORDER], mc[ORDER], mp[ORDER], mw[ORDER];

    v->cauchy[b] = v->d[b] > 0.0 ? v->p->upper[b] : v->p->lower[b];
    const double z = v->cauchy[b] - v->x[b];
    for (size_t j = 0; j < k; j++) m->c[j] += passed * m->p[j];
    row_of(v, b, w);
    times(v->m, m->c, k, mc), times(v->m, m->p, k, mp), times(v->m, w, k, mw);
    m->slope += passed * m->bend + g * g + v->theta * g * z - g * dot(w, mc, k);
    m->bend -= v->theta * g * g + 2.0 * g * dot(w, mp, k) + g * g * dot(w, mw, k);
    for (size_t j = 0; j < k; j++) m->p[j] += g * w[j];
    v->d[b] = 0.0;
}

/* Step 1: v->cauchy and v->c; d is left at 0 for what is at a bound there. */
static void find_cauchy(solver *v)
{
    path   m;
    double before = 0.0, ahead;
    size_t i = 0;

    begin_path(v, &m);
    basin_copy(v->x, v->cauchy, v->n);
    while (i < v->n && !(v->points[i].t > 0.0)) i++;
    ahead = m.slope < 0.0 && m.bend > 0.0 ? -m.slope / m.bend : m.slope < 0.0 ? INFINITY : 0.0;
    for (; i < v->n && isfinite(v->points[i].t) && ahead >= v->points[i].t - before; i++) {
        pass(v, &m, v->points[i].i, v->points[i].t - before);
        before = v->points[i].t;
        ahead = m.slope < 0.0 && m.bend > 0.0 ? -m.slope / m.bend : m.slope < 0.0 ? INFINITY : 0.0;
    }
    if (!isfinite(ahead)) ahead = 0.0; /* no variable is left that moves */
    for (size_t j = 0; j < v->n; j++)
        if (v->d[j] != 0.0) v->cauchy[j] = v->x[j] + (before + ahead) * v->d[j];
    for (size_t j = 0; j < 2 * v->pairs; j++) v->c[j] = m.c[j] + ahead * m.p[j];
}

/* The reduced gradient of the model at the Cauchy point into v->trial_g: 0 where a bound holds. */
static void reduce(solver *v)
{
    double w[ORDER], mc[ORDER];

    times(v->m, v->c, 2 * v->pairs, mc);
    for (size_t i = 0; i < v->n; i++) {
        row_of(v, i, w);
        v->trial_g[i] =
            v->d[i] != 0.0 ? v->g[i] + v->theta * (v->cauchy[i] - v->x[i]) - dot(w, mc, 2 * v->pairs) : 0.0;
    }
}

/* (I − M WᵀZZᵀW/theta)⁻¹ M WᵀZ r into out; all zero where it does not exist. */
static void solve_reduced(solver *v, double *out)
{
    const size_t k = 2 * v->pairs;
    double       w[ORDER], wr[ORDER] = {0}, ww[ORDER * ORDER] = {0}, n[ORDER * ORDER];

    for (size_t i = 0; i < v->n; i++) {
        if (v->d[i] == 0.0) continue;
        row_of(v, i, w);
        for (size_t a = 0; a < k; a++) {
            wr[a] += w[a] * v->trial_g[i];
            for (size_t b = 0; b < k; b++) ww[a * k + b] += w[a] * w[b];
        }
    }
    times(v->m, wr, k, out);
    for (size_t a = 0; a < k; a++)
        for (size_t b = 0; b < k; b++) {
            double sum = 0.0;
            for (size_t j = 0; j < k; j++) sum += v->m[a * k + j] * ww[j * k + b];
            n[a * k + b] = (a == b ? 1.0 : 0.0) - sum / v->theta;
        }
    if (!solve(n, out, k, 1)) memset(out, 0, k * sizeof *out);
}

/* Step 2: v->d = x̄ − x. */
static void minimise_subspace(solver *v)
{
    const size_t k = 2 * v->pairs;
    double       w[ORDER], inner[ORDER] = {0}, share = 1.0;

    reduce(v);
    solve_reduced(v, inner);
    for (size_t i = 0; i < v->n; i++) {
        if (v->d[i] == 0.0) continue;
        row_of(v, i, w);
        const double step = -(v->trial_g[i] + dot(w, inner, k) / v->theta) / v->theta, at = v->cauchy[i];
        if (step > 0.0 && at + share * step > v->p->upper[i]) share = (v->p->upper[i] - at) / step;
        if (step < 0.0 && at + share * step < v->p->lower[i]) share = (v->p->lower[i] - at) / step;
        v->d[i] = step;
    }
    for (size_t i = 0; i < v->n; i++) v->d[i] = v->cauchy[i] + share * v->d[i] - v->x[i];
}

/* ------------------------------------------------------------------------------------------- the whole -- */

/* Step 3: v->trial, v->trial_g and *value; false where no step falls, *stopped where one is not finite. */
static basin_status search(solver *v, double *value, bool *fell, bool *stopped)
{
    basin_status st = BASIN_OK;
    const double slope = basin_dot(v->g, v->d, v->n);

    *fell = false;
    if (!(slope < 0.0)) goto done;
    double step = 1.0;
    for (int i = 0; i < HALVINGS; i++, step *= 0.5) {
        for (size_t j = 0; j < v->n; j++)
            v->trial[j] = fmax(v->p->lower[j], fmin(v->p->upper[j], v->x[j] + step * v->d[j]));
        BASIN_TRY(v->p->evaluate(v->p->payload, v->trial, value, v->trial_g));
        *stopped = !isfinite(*value) || !basin_all_finite(v->trial_g, v->n);
        *fell = !*stopped && *value <= v->value + 1e-4 * step * slope;
        if (*fell || *stopped) goto done;
    }
done:
    return st;
}

basin_status basin_box_minimise(const basin_box_problem *problem, double *x, double *value, size_t *taken,
                                bool *stopped)
{
    basin_status st = BASIN_OK;
    solver       v = {.p = problem, .n = problem->size, .theta = 1.0};
    double       found;
    bool         fell = true;

    *stopped = false;
    *taken = 0;
    BASIN_TRY(prepare(&v));
    basin_copy(x, v.x, v.n);
    BASIN_TRY(problem->evaluate(problem->payload, v.x, &v.value, v.g));
    *stopped = !isfinite(v.value) || !basin_all_finite(v.g, v.n);
    while (!*stopped && *taken < problem->iterations) {
        find_cauchy(&v);
        minimise_subspace(&v);
        BASIN_TRY(search(&v, &found, &fell, stopped));
        if (!fell && v.pairs == 0) break;
        if (*stopped) break;
        if (fell) {
            keep_pair(&v);
            basin_copy(v.trial, v.x, v.n);
            basin_copy(v.trial_g, v.g, v.n);
            v.value = found;
        } else {
            v.pairs = 0, v.theta = 1.0; /* the model was wrong: begin anew */
        }
        ++*taken;
    }
    basin_copy(v.x, x, v.n);
    *value = v.value;
done:
    release(&v);
    return st;
}

/* The largest and the smallest eigenvalue of a point's operator, until the questions about them are decided.
 *
 * Method
 *   1. Lanczos from z, uniform on the sphere, with full reorthogonalisation (krylov.c): n products give the
 *      Jacobi matrix T of α and β, and n + 1 orthonormal vectors v_i = p_i(H) z, p_i the polynomials
 *      β_{i+1} p_{i+1}(x) = (x − α_i) p_i(x) − β_i p_{i−1}(x).
 *   2. The largest Ritz value θ is a Rayleigh quotient: λ_max >= θ is proven.
 *   3. For the unit eigenvector u of λ_max Bessel's inequality says Σ (u·v_i)² = (u·z)² Σ p_i(λ_max)² <= 1.
 *      Beyond θ every p_i grows. So if |u·z| >= t, λ_max is at most the x > θ at which Σ p_i(x)² = 1/t².
 *      P(|u·z| < t) < t √(2P/π), which is the chance that is allowed: t is its share times √(π/(2P)).
 *   4. The event in step 3 is one about z alone. It does not ask how many steps are made, so the bound may be
 *      looked at after every step, and the chance is spent once. The smallest eigenvalue is the largest of
 *      −H, by the same vectors, with an event of its own.
 *   5. Rounding moves both ends outwards by 10 ε‖H‖.
 *
 * Reference: J. van Dorsselaer, M. Hochstenbach, H. van der Vorst, Computing probabilistic bounds for extreme
 * eigenvalues of symmetric matrices with the Lanczos method, SIAM J. Matrix Anal. Appl. 22(3), 2000, for
 * step 3.
 */
#include <math.h>

#include "analysis/gate/gate.h"
#include "analysis/spectrum/krylov.h"
#include "analysis/spectrum/spectrum.h"
#include "core/deadline.h"
#include "core/memory.h"
#include "core/progress.h"

#define ROUNDING 10.0
#define LARGE 1e100 /* of a polynomial, at which it is scaled down */

/* Steps up to which every one is looked at; later every eighth part more. The most steps; vectors beside the
   basis, and the fewest in it. */
enum { EACH = 32, SHARE = 8, STEPS_MOST = 500, BESIDE = 4, ROWS_LEAST = 4 };

typedef struct chain { /* T */
    basin_krylov *k;
    size_t        n, seen;      /* steps, and those at the last look */
    size_t        most;         /* steps at most */
    double       *alpha, *beta; /* [rows] */
    double        log_bound;    /* ln 1/t² */
    bool          ended;        /* the Krylov space is exhausted */
} chain;

/* ------------------------------------------------------------------------------------------ the bounds -- */

/* ln Σ p_i(x)² over i <= n, of H or with sign −1 of −H. */
static double log_sum(const chain *c, double x, double sign)
{
    double before = 0.0, p = 1.0, sum = 1.0, scale = 0.0;

    for (size_t i = 0; i < c->n; i++) {
        const double coupling = i > 0 ? c->beta[i - 1] : 0.0;
        const double next = ((x - sign * c->alpha[i]) * p - coupling * before) / c->beta[i];
        before = p, p = next;
        sum += p * p;
        if (fabs(p) < LARGE) continue;
        before /= LARGE, p /= LARGE, sum /= LARGE * LARGE;
        scale += 2.0 * log(LARGE);
    }
    return log(sum) + scale;
}

/* The least x beyond the Ritz value where the sum reaches 1/t², to rounding. */
static double bound_beyond(const chain *c, double ritz, double sign)
{
    const double scale = c->k->norm > 0.0 ? c->k->norm : 1.0;
    double       low = 0.0, high = c->k->epsilon * scale;

    while (log_sum(c, ritz + high, sign) < c->log_bound && high < 1e300) low = high, high *= 2.0;
    for (int i = 0; i < 60; i++) {
        const double middle = 0.5 * (low + high);
        if (log_sum(c, ritz + middle, sign) < c->log_bound)
            low = middle;
        else
            high = middle;
    }
    return ritz + high;
}

/* ------------------------------------------------------------------------------------------- questions -- */

/* What the eigenvalue is divided by; 1 for itself. */
static basin_status divisor(basin_asking *a, size_t measure, double *out)
{
    basin_status st = BASIN_OK;
    basin_value  v = {.value = 1.0};
    const size_t ceiling = measure == BASIN_MEASURE_lambda_max_over_ceiling ? BASIN_MEASURE_ceiling
                                                                            : BASIN_MEASURE_ceiling_plain;

    if (measure != BASIN_MEASURE_lambda_max && measure != BASIN_MEASURE_lambda_min)
        BASIN_TRY(basin_measuring_one(&a->measuring, ceiling, &v));
    BASIN_CHECK(v.value > 0.0 && isfinite(v.value), BASIN_ERR_MISSING,
                "%s needs a ceiling of stability, and method or learning rate do not give one",
                basin_columns[measure].name);
    *out = v.value;
done:
    return st;
}

static basin_status look_at(basin_asking *a, const chain *c, size_t i)
{
    basin_status  st = BASIN_OK;
    const size_t  measure = a->questions[i].measure;
    const double *ritz = c->k->ritz, slack = ROUNDING * c->k->epsilon * c->k->norm;
    double        by = 1.0;

    BASIN_TRY(divisor(a, measure, &by));
    if (measure == BASIN_MEASURE_lambda_min) {
        const double least = ritz[0], below = -bound_beyond(c, -least, -1.0);
        basin_gate_look(a, i, least, below - slack, least + slack, BASIN_ENDS_UPPER);
    } else {
        const double most = ritz[c->k->used - 1], above = bound_beyond(c, most, 1.0);
        basin_gate_look(a, i, most / by, (most - slack) / by, (above + slack) / by, BASIN_ENDS_LOWER);
    }
done:
    return st;
}

static basin_status look(basin_asking *a, chain *c)
{
    basin_status st = BASIN_OK;

    if (c->seen == c->n) return BASIN_OK;
    c->seen = c->n;
    BASIN_TRY(basin_krylov_ritz(c->k));
    for (size_t i = 0; i < a->count; i++)
        if (a->open[i] && basin_gate_way_of(a->questions[i].measure) == BASIN_WAY_ENDS)
            BASIN_TRY(look_at(a, c, i));
done:
    return st;
}

/* --------------------------------------------------------------------------------------------- the run -- */

static basin_status step(basin_asking *a, chain *c)
{
    basin_status  st = BASIN_OK;
    basin_krylov *k = c->k;

    BASIN_TRY(basin_progress_report("lanczos", (double)a->spent, (double)a->products_most));
    BASIN_TRY(basin_krylov_extend(k, 0));
    c->alpha[c->n] = k->m[c->n * k->rows + c->n];
    c->ended = !(k->beta > 0.0);
    c->beta[c->n++] = fmax(k->beta, ROUNDING * k->epsilon * (k->norm > 0.0 ? k->norm : 1.0));
    a->spent++;
done:
    return st;
}

static bool is_look(const chain *c)
{
    return c->n <= EACH || c->n % (c->n / SHARE) == 0 || c->ended;
}

/* COMPLETE: nothing keeps it from another step. */
static basin_gate_end hindrance(const basin_asking *a, const chain *c, const basin_pace *pace)
{
    if (c->n >= c->most || basin_gate_left(a) == 0) return BASIN_GATE_PRODUCTS;
    if (!basin_krylov_has_room(c->k)) return BASIN_GATE_MEMORY;
    return basin_time_short(basin_pace_of(pace, c->n, 1)) ? BASIN_GATE_TIME : BASIN_GATE_COMPLETE;
}

static basin_status run(basin_asking *a, chain *c)
{
    basin_status     st = BASIN_OK;
    const basin_pace pace = basin_pace_begin(0);
    basin_gate_end   why = BASIN_GATE_COMPLETE;

    while (basin_gate_open(a, BASIN_WAY_ENDS) && !c->ended) {
        if ((why = hindrance(a, c, &pace)) != BASIN_GATE_COMPLETE) break;
        BASIN_TRY(step(a, c));
        if (is_look(c)) BASIN_TRY(look(a, c));
    }
    if (c->n > 0) BASIN_TRY(look(a, c));
    if (why == BASIN_GATE_TIME && basin_gate_open(a, BASIN_WAY_ENDS)) basin_time_tell();
    basin_gate_give_up(a, BASIN_WAY_ENDS, why);
done:
    return st;
}

/* Vectors of the basis: for all steps, or as many as half of the memory holds. */
static basin_status choose_rows(const basin_asking *a, size_t *out)
{
    basin_status st = BASIN_OK;
    const size_t size = a->point->size, left = basin_gate_left(a),
                 most = (left < STEPS_MOST ? left : STEPS_MOST) + 1;
    const size_t room =
        (size_t)(BASIN_VECTORS_SHARE * (double)basin_memory_limit() / (double)sizeof(double) / (double)size);
    const size_t least = size < ROWS_LEAST ? size : ROWS_LEAST;

    BASIN_CHECK(room >= least + BESIDE, BASIN_ERR_BUDGET,
                "%zu vectors of %zu parameters do not fit half of the limit of %zu bytes", least + BESIDE,
                size, basin_memory_limit());
    *out = most < room - BESIDE ? most : room - BESIDE;
done:
    return st;
}

basin_status basin_gate_ends(basin_asking *a)
{
    basin_status st = BASIN_OK;
    basin_point *point = a->point;
    chain        c = {.most = STEPS_MOST};
    size_t       rows = 0;

    if (!basin_gate_open(a, BASIN_WAY_ENDS)) return BASIN_OK;
    BASIN_TRY(choose_rows(a, &rows));
    basin_point_reserve(point, (rows + BESIDE) * point->size * sizeof(double));
    BASIN_TRY(basin_point_epsilon(point, &a->epsilon));
    BASIN_TRY(basin_krylov_create(point, rows, a->epsilon, a->measuring.options.spectrum.seed, &c.k));
    BASIN_ALLOC(c.alpha, rows, "a Jacobi matrix");
    BASIN_ALLOC(c.beta, rows, "a Jacobi matrix");
    c.log_bound = -2.0 * log(a->chance * sqrt(0.5 * M_PI / (double)point->size));
    BASIN_TRY(run(a, &c));
done:
    basin_krylov_destroy(&c.k);
    basin_free(c.alpha);
    basin_free(c.beta);
    return st;
}

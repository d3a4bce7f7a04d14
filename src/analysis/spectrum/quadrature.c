/* Gauss, anti-Gauss and Radau rules of Jacobi matrices, and tr f(H') from those of several probes.
 *
 * Method
 *   1. Lanczos from a unit vector u gives the Jacobi matrix T of the measure μ = Σ (u·q_i)² δ(λ_i). The
 *      eigenvalues of T are the nodes of its Gauss rule, the squares of the first components of its
 *      eigenvectors the weights (Golub & Welsch 1969): uᵀf(H)u = ∫ f dμ.
 *   2. The anti-Gauss rule (Laurie 1996) is that of T with its last off-diagonal times √2. Its error is
 *      about that of the Gauss rule of one node less with the other sign, so their mean is better than
 *      either, and half their difference says how far it may be off.
 *   3. For u uniform on the unit sphere of n dimensions E n uᵀf(H)u = tr f(H), and
 *          Var n uᵀf(H)u = 2n/(n + 2) (tr f² − (tr f)²/n),
 *      from the second moments of the squares of u's components (a Dirichlet law with parameters ½). Both
 *      traces follow from the same rules. So the variance of the mean of m probes is known far better than
 *      the spread of m numbers tells it, and even for m = 1. tr f² has an error itself, by the same formula
 *      with f² for f: its degrees of freedom are 2 (tr f²)²/Var (Satterthwaite).
 *   4. Half the difference passes through zero now and then as nodes move across a kink of f. So the largest
 *      at any of the last quarter of the step counts is taken: the envelope of the oscillation.
 *   5. The Radau rule with a node at x: d_1 = α_1 − x, d_i = α_i − x − β_{i−1}²/d_{i−1}, one
 *      row more with α_{s+1} = x + β_s²/d_s (Golub & Meurant, §6.2). The weights of its nodes below x,
 *      and of those up to x, are bounds of μ((−∞, x)) and μ((−∞, x]) (Chebyshev, Markov, Stieltjes:
 *      Szegő, Orthogonal Polynomials, §3.41).
 *
 * References: G. Golub, J. Welsch, Calculation of Gauss quadrature rules, Math. Comp. 23, 1969. D. Laurie,
 * Anti-Gaussian quadrature formulas, Math. Comp. 65(214), 1996. G. Golub, G. Meurant, «Matrices, Moments and
 * Quadrature with Applications», Princeton 2010. S. Ubaru, J. Chen, Y. Saad, Fast estimation of tr(f(A)) via
 * stochastic Lanczos quadrature, SIAM J. Matrix Anal. Appl. 38(4), 2017.
 */
#include "analysis/spectrum/quadrature.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "core/linalg.h"
#include "core/memory.h"

enum { ITERATIONS = 60 }; /* of QL for one node; two or three are usual */

typedef struct jacobi { /* while QL works on it */
    double *d;          /* [n] diagonal, in the end the nodes */
    double *e;          /* [n] off-diagonal, e[i] couples i and i + 1 */
    double *z;          /* [n] first components of the eigenvectors */
} jacobi;

/* One implicit QL step with Wilkinson's shift on rows l to m. */
static void ql_step(jacobi *t, size_t l, size_t m)
{
    double g = (t->d[l + 1] - t->d[l]) / (2.0 * t->e[l]), s = 1.0, c = 1.0, p = 0.0;

    g = t->d[m] - t->d[l] + t->e[l] / (g + copysign(sqrt(g * g + 1.0), g));
    for (size_t i = m; i-- > l;) {
        double f = s * t->e[i], b = c * t->e[i], r = sqrt(f * f + g * g), z = t->z[i + 1];
        t->e[i + 1] = r;
        if (r == 0.0) { /* the matrix has come apart */
            t->d[i + 1] -= p, t->e[m] = 0.0;
            return;
        }
        s = f / r, c = g / r;
        g = t->d[i + 1] - p;
        r = (t->d[i] - g) * s + 2.0 * c * b;
        p = s * r;
        t->d[i + 1] = g + p;
        g = c * r - b;
        t->z[i + 1] = s * t->z[i] + c * z;
        t->z[i] = c * t->z[i] - s * z;
    }
    t->d[l] -= p, t->e[l] = g, t->e[m] = 0.0;
}

/* Golub and Welsch: QL that carries the first components alone, O(n²). */
static basin_status decompose(jacobi *t, size_t n)
{
    basin_status st = BASIN_OK;

    for (size_t l = 0; l < n; l++)
        for (int iteration = 0;; iteration++) {
            size_t m = l;
            while (m + 1 < n && fabs(t->e[m]) > DBL_EPSILON * (fabs(t->d[m]) + fabs(t->d[m + 1]))) m++;
            if (m == l) break;
            BASIN_CHECK(iteration < ITERATIONS, BASIN_ERR_NUMERIC,
                        "the nodes of a Gauss rule of %zu points do not converge", n);
            ql_step(t, l, m);
        }
done:
    return st;
}

/* 1 for a matrix of zeros. */
static double largest_entry(const double *alpha, const double *off, size_t count)
{
    double largest = 0.0;

    for (size_t i = 0; i < count; i++) {
        largest = fmax(largest, fabs(alpha[i]));
        if (i + 1 < count) largest = fmax(largest, fabs(off[i]));
    }
    return largest > 0.0 ? largest : 1.0;
}

static basin_status rule_of(const double *alpha, const double *off, size_t count, double *node,
                            double *weight)
{
    basin_status st = BASIN_OK;
    jacobi       t = {.d = node, .z = weight};
    double       scale = largest_entry(alpha, off, count);

    BASIN_ALLOC(t.e, count, "a Jacobi matrix");
    for (size_t i = 0; i < count; i++) { /* scaled, so that no square over- or underflows */
        t.d[i] = alpha[i] / scale;
        t.z[i] = i == 0 ? 1.0 : 0.0;
        if (i + 1 < count) t.e[i] = off[i] / scale;
    }
    BASIN_TRY(decompose(&t, count));
    for (size_t i = 0; i < count; i++) t.d[i] *= scale, t.z[i] *= t.z[i];
    for (size_t i = 1; i < count; i++) { /* nearly in order already */
        double x = node[i], w = weight[i];
        size_t j = i;
        for (; j > 0 && node[j - 1] > x; j--) node[j] = node[j - 1], weight[j] = weight[j - 1];
        node[j] = x, weight[j] = w;
    }
done:
    basin_free(t.e);
    return st;
}

basin_status basin_gauss_rule(const double *alpha, const double *beta, size_t count, double *node,
                              double *weight)
{
    return rule_of(alpha, beta, count, node, weight);
}

basin_status basin_anti_gauss_rule(const double *alpha, const double *beta, size_t count, double *node,
                                   double *weight)
{
    basin_status st = BASIN_OK;
    double      *off = NULL;

    BASIN_ALLOC(off, count, "a Jacobi matrix");
    memcpy(off, beta, (count - 1) * sizeof *off);
    off[count - 2] *= M_SQRT2;
    BASIN_TRY(rule_of(alpha, off, count, node, weight));
done:
    basin_free(off);
    return st;
}

/* Lanczos with the diagonal matrix of the nodes from the roots of the weights; every vector is made
   orthogonal to all before it twice, so that rounding does not grow. */
basin_status basin_jacobi_of_rule(const double *node, const double *weight, size_t count, double *alpha,
                                  double *beta, size_t *taken)
{
    basin_status st = BASIN_OK;
    double      *rows = NULL, scale = largest_entry(node, weight, count), norm2 = 0.0;

    BASIN_ALLOC(rows, (count + 1) * count, "a Jacobi matrix");
    for (size_t i = 0; i < count; i++) norm2 += weight[i];
    for (size_t i = 0; i < count; i++) rows[i] = sqrt(weight[i] / norm2);
    for (*taken = 0; *taken < count;) {
        const double *v = rows + *taken * count;
        double       *w = rows + (*taken + 1) * count;
        for (size_t i = 0; i < count; i++) w[i] = node[i] * v[i];
        alpha[*taken] = basin_dot(v, w, count);
        for (size_t row = 0; row < 2 * (*taken + 1); row++) {
            const double *before = rows + row / 2 * count;
            basin_axpy(-basin_dot(before, w, count), before, w, count);
        }
        beta[*taken] = basin_norm(w, count);
        *taken += 1;
        if (*taken == count || beta[*taken - 1] <= 10.0 * DBL_EPSILON * scale) break;
        for (size_t i = 0; i < count; i++) w[i] /= beta[*taken - 1];
    }
    beta[*taken - 1] = 0.0;
done:
    basin_free(rows);
    return st;
}

/* The last entry of the Jacobi matrix that has x among its eigenvalues. A pivot that vanishes means that x is
   an eigenvalue already; it is moved by rounding, and so is x. */
static double radau_entry(const double *alpha, const double *beta, size_t count, double x)
{
    double d = alpha[0] - x, scale = fabs(x);

    for (size_t i = 0; i < count; i++) scale = fmax(scale, fabs(alpha[i]) + beta[i]);
    for (size_t i = 1; i <= count; i++) {
        if (fabs(d) < DBL_EPSILON * scale) d = d < 0.0 ? -DBL_EPSILON * scale : DBL_EPSILON * scale;
        d = (i < count ? alpha[i] - x : -x) - beta[i - 1] * beta[i - 1] / d;
    }
    return -d;
}

basin_status basin_radau_bounds(const double *alpha, const double *beta, size_t count, double x,
                                double *scratch, double *node, double *weight, double *low, double *high)
{
    basin_status st = BASIN_OK;
    size_t       nodes = beta[count - 1] > 0.0 ? count + 1 : count, at = 0;

    memcpy(scratch, alpha, count * sizeof *scratch);
    if (nodes > count) scratch[count] = radau_entry(alpha, beta, count, x);
    BASIN_TRY(rule_of(scratch, beta, nodes, node, weight));
    *low = *high = 0.0;
    if (nodes == count) { /* the rule is the measure */
        for (size_t i = 0; i < nodes; i++) *high = *low += node[i] <= x ? weight[i] : 0.0;
        goto done;
    }
    for (size_t i = 1; i < nodes; i++)
        if (fabs(node[i] - x) < fabs(node[at] - x)) at = i;
    for (size_t i = 0; i < at; i++) *low += weight[i];
    *high = fmin(*low + weight[at], 1.0);
done:
    return st;
}

/* ------------------------------------------------------------------------------------- several probes -- */

/* Of probe j at `back` steps before the last. */
static basin_status rules_of_probe(const basin_quadrature *q, size_t j, size_t back, basin_rules *r)
{
    basin_status  st = BASIN_OK;
    const double *alpha = q->alpha + j * q->steps, *beta = q->beta + j * q->steps;
    size_t        taken = q->taken[j], row = back * q->probes + j, at = row * q->steps;
    bool          exhausted = beta[taken - 1] == 0.0;
    size_t        steps = exhausted ? taken : taken - back;

    r->anti[row] = steps;
    r->gauss[row] = exhausted ? steps : steps - 1;
    BASIN_TRY(basin_gauss_rule(alpha, beta, r->gauss[row], r->gauss_node + at, r->gauss_weight + at));
    if (exhausted) {
        basin_copy(r->gauss_node + at, r->anti_node + at, steps);
        basin_copy(r->gauss_weight + at, r->anti_weight + at, steps);
    } else
        BASIN_TRY(basin_anti_gauss_rule(alpha, beta, steps, r->anti_node + at, r->anti_weight + at));
done:
    return st;
}

basin_status basin_rules_create(const basin_quadrature *q, basin_rules *out)
{
    basin_status st = BASIN_OK;
    size_t       looks = q->steps / 4 > 0 ? q->steps / 4 : 1, rows = looks * q->probes;
    basin_rules  r = {
         .probes = q->probes, .looks = looks, .width = q->steps, .dimension = (double)q->dimension};

    BASIN_ALLOC(r.gauss, rows, "quadrature");
    BASIN_ALLOC(r.anti, rows, "quadrature");
    BASIN_ALLOC(r.gauss_node, rows * q->steps, "quadrature");
    BASIN_ALLOC(r.gauss_weight, rows * q->steps, "quadrature");
    BASIN_ALLOC(r.anti_node, rows * q->steps, "quadrature");
    BASIN_ALLOC(r.anti_weight, rows * q->steps, "quadrature");
    for (size_t back = 0; back < looks; back++)
        for (size_t j = 0; j < q->probes; j++) BASIN_TRY(rules_of_probe(q, j, back, &r));
    *out = r, r = (basin_rules){0};
done:
    basin_rules_clear(&r);
    return st;
}

void basin_rules_clear(basin_rules *r)
{
    basin_free(r->gauss);
    basin_free(r->anti);
    basin_free(r->gauss_node);
    basin_free(r->gauss_weight);
    basin_free(r->anti_node);
    basin_free(r->anti_weight);
    *r = (basin_rules){0};
}

void basin_rules_range(const basin_rules *r, double *low, double *high)
{
    *low = INFINITY, *high = -INFINITY;
    for (size_t j = 0; j < r->probes; j++) {
        size_t at = j * r->width;
        *low = fmin(*low, fmin(r->gauss_node[at], r->anti_node[at]));
        *high = fmax(*high, fmax(r->gauss_node[at + r->gauss[j] - 1], r->anti_node[at + r->anti[j] - 1]));
    }
}

static bool any_negative(const double *node, size_t count, const basin_summand *f)
{
    for (size_t i = 0; i < count; i++)
        if (f->f(node[i], f->ctx) < 0.0) return true;
    return false;
}

bool basin_rules_never_negative(const basin_rules *r, const basin_summand *f)
{
    for (size_t j = 0; j < r->probes; j++)
        if (any_negative(r->gauss_node + j * r->width, r->gauss[j], f) ||
            any_negative(r->anti_node + j * r->width, r->anti[j], f))
            return false;
    return true;
}

typedef struct look { /* means over the probes at one step count */
    double mean, squares, fourths, difference;
} look;

/* ∫ f and, added up, ∫ f² and ∫ f⁴ by one rule. */
static double integral(const double *node, const double *weight, size_t count, const basin_summand *f,
                       look *sums)
{
    double sum = 0.0;

    for (size_t i = 0; i < count; i++) {
        double value = f->f(node[i], f->ctx);
        sum += weight[i] * value;
        sums->squares += weight[i] * value * value;
        sums->fourths += weight[i] * value * value * value * value;
    }
    return sum;
}

static look look_at(const basin_rules *r, size_t back, const basin_summand *f)
{
    look   out = {0};
    double m = (double)r->probes;

    for (size_t j = 0; j < r->probes; j++) {
        size_t row = back * r->probes + j, at = row * r->width;
        double gauss = integral(r->gauss_node + at, r->gauss_weight + at, r->gauss[row], f, &out);
        double anti = integral(r->anti_node + at, r->anti_weight + at, r->anti[row], f, &out);
        out.mean += 0.5 * (gauss + anti) / m;
        out.difference += (anti - gauss) / m;
    }
    out.squares /= 2.0 * m, out.fourths /= 2.0 * m;
    return out;
}

basin_rules_sum basin_rules_trace(const basin_rules *r, const basin_summand *f)
{
    double n = r->dimension, m = (double)r->probes, most = 0.0;
    look   last = look_at(r, 0, f);

    for (size_t back = 0; back < r->looks; back++)
        most = fmax(most, fabs(back == 0 ? last.difference : look_at(r, back, f).difference));
    double variance = 2.0 / (n + 2.0) * fmax(last.squares - last.mean * last.mean, 0.0) / m;
    double of_squares = 2.0 / (n + 2.0) * fmax(last.fourths - last.squares * last.squares, 0.0) / m;
    double degrees = of_squares > 0.0 ? 2.0 * last.squares * last.squares / of_squares : INFINITY;
    return (basin_rules_sum){.value = n * last.mean,
                             .deviation = n * sqrt(variance),
                             .degrees = degrees,
                             .indicator = 0.5 * n * most};
}

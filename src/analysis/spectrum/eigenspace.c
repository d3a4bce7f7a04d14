/* Spans of the top eigenvectors, and how they turn from one point to another.
 *
 * Method
 *   1. With residuals r_i of the first d pairs and the gap from the d-th eigenvalue to the next one, less
 *      what that one's own residual and the tolerance leave open, the sine of the largest angle between the
 *      span of the first d vectors and the true one is at most √(Σ r_i²) / gap (Davis & Kahan's sin Θ
 *      theorem). Of a dense spectrum the bound of the error in H stands for the residuals, by the same
 *      theorem.
 *   2. Principal angles θ of two spans A and B of d vectors: cos² θ are the eigenvalues of MᵀM, M = AᵀB, and
 *      sin² θ those of SᵀS, S = B − A M. Both are taken, so that small angles and angles near 90° are right
 *      to rounding: θ = atan2(sin θ, cos θ) (Å. Björck & G. Golub, Math. Comp. 27, 1973).
 *   3. The largest angle is a metric between spans, so that it is off by no more than the angles by which the
 *      two spans are (L. Qiu, Y. Zhang & C.-K. Li, SIAM J. Matrix Anal. Appl. 27(2), 2005).
 *   4. The overlap tr(P_A P_B)/k of two spans changes by at most ‖P_A − P_A'‖ where A does, which is the sine
 *      of step 1.
 *
 * Where the gap is not larger than the residuals the first d vectors are any of a larger span, and an angle
 * between two such choices says nothing: there is none. That the pairs are the first d is Lanczos's order,
 * proven where the spectrum is verified.
 *
 * References: C. Davis, W. Kahan, «The rotation of eigenvectors by a perturbation III», SIAM J. Numer. Anal.
 * 7, 1970.
 */
#include <math.h>

#include "analysis/spectrum/spectrum.h"
#include "core/linalg.h"
#include "core/memory.h"

#define DEGREES (180.0 / M_PI)

/* ------------------------------------------------------------------------------------------ one's own -- */

static size_t top_held(const basin_spectrum *s)
{
    return s->count == s->parameters ? s->count : s->top;
}

/* By how much the eigenvalue below may lie above the one found there. */
static double slack(const basin_spectrum *s, size_t i)
{
    const double largest = fmax(fabs(s->eigenvalues[0]), fabs(s->eigenvalues[s->count - 1]));

    return s->count == s->parameters ? s->residuals[i] : fmax(s->residuals[i], s->tolerance * largest);
}

/* Step 1, of the first d. */
static double sine_of(const basin_spectrum *s, size_t d)
{
    double square = 0.0, gap;

    if (d == s->parameters) return 0.0;
    if (!s->converged || d >= top_held(s)) return INFINITY;
    gap = s->eigenvalues[d - 1] - s->eigenvalues[d] - slack(s, d);
    for (size_t i = 0; i < d; i++) square += s->residuals[i] * s->residuals[i];
    return gap > 0.0 ? sqrt(square) / gap : INFINITY;
}

/* The vector of eigenvalue i; NULL where it is not held. */
static const double *vector_of(const basin_spectrum *s, size_t i)
{
    for (size_t j = 0; j < s->vector_count; j++)
        if (s->vector_index[j] == i) return s->vectors + j * s->parameters;
    return NULL;
}

void basin_eigenspace_destroy(basin_eigenspace **space)
{
    if (space == NULL || *space == NULL) return;
    basin_free((*space)->vectors);
    basin_free((*space)->sine);
    basin_free(*space);
    *space = NULL;
}

basin_status basin_eigenspace_create(const basin_spectrum *s, size_t k, basin_eigenspace **out)
{
    basin_status      st = BASIN_OK;
    basin_eigenspace *e = NULL;
    size_t            held = 0;

    BASIN_TRY(basin_spectrum_check(s));
    while (held < k && held < top_held(s) && vector_of(s, held) != NULL) held++;
    BASIN_CHECK(held > 0, BASIN_ERR_ARG, "the spectrum holds no eigenvector of its upper end");
    BASIN_ALLOC(e, 1, "top eigenvectors");
    BASIN_ALLOC(e->vectors, held * s->parameters, "top eigenvectors");
    BASIN_ALLOC(e->sine, held, "top eigenvectors");
    e->size = s->parameters, e->dimension = held;
    for (size_t i = 0; i < held; i++) {
        basin_copy(vector_of(s, i), e->vectors + i * e->size, e->size);
        e->sine[i] = sine_of(s, i + 1);
    }
    *out = e, e = NULL;
done:
    basin_eigenspace_destroy(&e);
    return st;
}

void basin_eigenspace_energy(const basin_eigenspace *e, const double *x, double *p, double *energy,
                             double *lower, double *upper)
{
    const double norm = basin_norm(x, e->size), sine = fmin(1.0, e->sine[e->dimension - 1]);
    double       sum = 0.0;

    *energy = *lower = *upper = NAN;
    if (p != NULL)
        for (size_t j = 0; j < e->size; j++) p[j] = 0.0;
    if (!(norm > 0.0)) return;
    for (size_t i = 0; i < e->dimension; i++) {
        const double *q = e->vectors + i * e->size, along = basin_dot(q, x, e->size);
        sum += along / norm * (along / norm);
        if (p != NULL) basin_axpy(along, q, p, e->size);
    }
    *energy = fmin(1.0, sum);
    *lower = pow(fmax(0.0, sqrt(*energy) - sine), 2.0);
    *upper = pow(fmin(1.0, sqrt(*energy) + sine), 2.0);
}

/* --------------------------------------------------------------------------------- how two of them lie -- */

typedef struct turn {
    const basin_eigenspace *a, *b;
    size_t                  most;               /* of d */
    double                 *m;                  /* [most, most] M */
    double                 *s;                  /* [most, P] rows of S for the d at hand */
    double                 *gram, *sin2, *cos2; /* [most, most], [most], [most] */
} turn;

static void turn_release(turn *t)
{
    basin_free(t->m);
    basin_free(t->s);
    basin_free(t->gram);
    basin_free(t->sin2);
    basin_free(t->cos2);
}

static basin_status turn_start(const basin_eigenspace *a, const basin_eigenspace *b, turn *t)
{
    basin_status st = BASIN_OK;
    const size_t most = a->dimension < b->dimension ? a->dimension : b->dimension, size = a->size;

    BASIN_CHECK(size == b->size, BASIN_ERR_SHAPE, "eigenvectors of %zu parameters beside such of %zu",
                b->size, size);
    *t = (turn){.a = a, .b = b, .most = most};
    BASIN_ALLOC(t->m, most * most, "angles");
    BASIN_ALLOC(t->gram, most * most, "angles");
    BASIN_ALLOC(t->sin2, most, "angles");
    BASIN_ALLOC(t->cos2, most, "angles");
    BASIN_ALLOC(t->s, most * size, "angles");
    basin_copy(b->vectors, t->s, most * size);
    for (size_t i = 0; i < most; i++)
        for (size_t j = 0; j < most; j++)
            t->m[i * most + j] = basin_dot(a->vectors + i * size, b->vectors + j * size, size);
done:
    return st;
}

/* The rows of S lose what lies along the d-th vector of A. */
static void take_away(turn *t, size_t d)
{
    const size_t size = t->a->size;

    for (size_t j = 0; j < t->most; j++)
        basin_axpy(-t->m[(d - 1) * t->most + j], t->a->vectors + (d - 1) * size, t->s + j * size, size);
}

/* Step 2: squares of the sines and cosines of d angles, both ascending. */
static basin_status squares(turn *t, size_t d)
{
    basin_status st = BASIN_OK;
    const size_t size = t->a->size;

    for (size_t i = 0; i < d; i++)
        for (size_t j = 0; j < d; j++) t->gram[i * d + j] = basin_dot(t->s + i * size, t->s + j * size, size);
    BASIN_TRY(basin_symmetric_eigen(t->gram, d, t->sin2));
    for (size_t i = 0; i < d; i++)
        for (size_t j = 0; j < d; j++) {
            t->gram[i * d + j] = 0.0;
            for (size_t l = 0; l < d; l++)
                t->gram[i * d + j] += t->m[l * t->most + i] * t->m[l * t->most + j];
        }
    BASIN_TRY(basin_symmetric_eigen(t->gram, d, t->cos2));
done:
    return st;
}

/* The i-th largest of d angles, in radians: the largest sine goes with the least cosine. */
static double angle_of(const turn *t, size_t d, size_t i)
{
    return atan2(sqrt(fmax(0.0, t->sin2[d - 1 - i])), sqrt(fmax(0.0, t->cos2[i])));
}

static bool separated(double sine)
{
    return sine <= BASIN_SEPARATED;
}

basin_status basin_eigenspace_turn(const basin_eigenspace *a, const basin_eigenspace *b, double *angle,
                                   double *error, double *similarity)
{
    basin_status st = BASIN_OK;
    turn         t = {0};

    BASIN_TRY(turn_start(a, b, &t));
    for (size_t d = 1; d <= t.most; d++) {
        double square = 0.0;
        take_away(&t, d);
        angle[d - 1] = error[d - 1] = similarity[d - 1] = NAN;
        if (!separated(a->sine[d - 1]) || !separated(b->sine[d - 1])) continue;
        BASIN_TRY(squares(&t, d));
        for (size_t i = 0; i < d; i++) square += angle_of(&t, d, i) * angle_of(&t, d, i);
        angle[d - 1] = DEGREES * angle_of(&t, d, 0);
        error[d - 1] = DEGREES * (asin(a->sine[d - 1]) + asin(b->sine[d - 1]));
        similarity[d - 1] = cos(sqrt(square / (double)d));
    }
done:
    turn_release(&t);
    return st;
}

basin_status basin_eigenspace_overlap(const basin_eigenspace *a, const basin_eigenspace *b, size_t k,
                                      double *overlap, double *error)
{
    basin_status st = BASIN_OK;
    double       sum = 0.0;

    BASIN_CHECK(a->size == b->size, BASIN_ERR_SHAPE, "eigenvectors of %zu parameters beside such of %zu",
                b->size, a->size);
    BASIN_CHECK(k > 0 && k <= a->dimension && k <= b->dimension, BASIN_ERR_ARG,
                "overlap of the first %zu eigenvectors, of which %zu and %zu are held", k, a->dimension,
                b->dimension);
    *overlap = *error = NAN;
    if (!separated(a->sine[k - 1]) || !separated(b->sine[k - 1])) goto done;
    for (size_t i = 0; i < k; i++)
        for (size_t j = 0; j < k; j++) {
            const double along = basin_dot(a->vectors + i * a->size, b->vectors + j * b->size, a->size);
            sum += along * along;
        }
    *overlap = fmin(1.0, sum / (double)k);
    *error = a->sine[k - 1] + b->sine[k - 1];
done:
    return st;
}

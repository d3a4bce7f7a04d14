/* Where a network reads G and H only as G Hᵀ, (G A⁻¹, H Aᵀ) is the same network for every regular A. Vectors
 * along these are (G L, −H Lᵀ): «vertical». What remains, orthogonal to them in a metric that transforms with
 * A, is of the product alone: «horizontal».
 *
 *     metric («mix»)   ⟨a, b⟩ = tr(HᵀH a_Gᵀ b_G) + tr(GᵀG a_Hᵀ b_H)
 *     raising          (g_G (HᵀH)⁻¹, g_H (GᵀG)⁻¹)
 *     projection       (x_G + G L, x_H − H Lᵀ),  L = ½ [x_Hᵀ H (HᵀH)⁻¹ − (GᵀG)⁻¹ Gᵀ x_G]
 *     Christoffel      Γ_G(x, x) = [x_G (x_Hᵀ H + Hᵀ x_H) − G x_Hᵀ x_H] (HᵀH)⁻¹, Γ_H with G and H exchanged,
 *                      since the geodesics of E = ½⟨ẋ, ẋ⟩ obey G̈ HᵀH = G ẋ_Hᵀ ẋ_H − ẋ_G (ẋ_Hᵀ H + Hᵀ ẋ_H)
 *     random           raised gradient of tr(Nᵀ G Hᵀ), N normal: of the product, so that it transforms with A
 *
 * Other parameters have the adaptive norm, ⟨a, b⟩ = Σ a_i b_i / theta_i², and no Christoffel term; one that
 * is 0 stays.
 *
 * Reference: M. F. da Silva, F. Dangel, S. Oore, «Hide & Seek: Transformer symmetries obscure sharpness &
 * Riemannian geometry finds it», ICML 2025. There the Gram matrices have a regulariser, which does not
 * transform with A; here they have none, and a singular one is refused.
 *
 * Trap: a Gram matrix has the square of its factor's condition. So G = Q R by Gram-Schmidt, twice, and
 * (GᵀG)⁻¹ = R⁻¹ R⁻ᵀ is multiplied by its two factors.
 */
#include "analysis/sharpness/quotient.h"

#include <math.h>

#include "core/linalg.h"
#include "core/memory.h"

#define DEPENDENT 1e-10 /* a column is a combination of others but for this share of it */

typedef struct factor { /* G or H, [rows, width] */
    size_t        rows, width;
    const size_t *place;       /* borrowed */
    double       *f;           /* [rows, width] */
    double       *r, *inverse; /* [width, width] upper triangles: FᵀF = RᵀR, and R⁻¹ */
} factor;

enum { ROOMS = 4, SQUARES = 4 };

struct basin_quotient {
    size_t        size;  /* P */
    const double *theta; /* borrowed */
    size_t        pairs;
    factor (*sides)[2];      /* [pairs] */
    bool   *paired;          /* [P] it is of a pair */
    double *room[2][ROOMS];  /* of either side, [rows, width] of the largest */
    double *square[SQUARES]; /* [width, width] of the largest */
    size_t  widest, most;    /* width, and rows times width, of the largest */
};

/* --------------------------------------------------------------------------------------------- algebra -- */

static void gather(const factor *side, const double *x, double *to)
{
    for (size_t i = 0; i < side->rows * side->width; i++) to[i] = x[side->place[i]];
}

static void scatter(const factor *side, const double *from, double *x)
{
    for (size_t i = 0; i < side->rows * side->width; i++) x[side->place[i]] = from[i];
}

/* y [rows, w] = alpha x m + beta y, m [w, w]. */
static void times(size_t rows, size_t w, double alpha, const double *x, basin_transpose t, const double *m,
                  double beta, double *y)
{
    basin_gemm_f64(BASIN_N, t, rows, w, w, alpha, x, w, m, w, beta, y, w);
}

/* m [w, w] = aᵀ b. */
static void across(size_t rows, size_t w, const double *a, const double *b, double *m)
{
    basin_gemm_f64(BASIN_T, BASIN_N, w, w, rows, 1.0, a, w, b, w, 0.0, m, w);
}

/* x [rows, w] (FᵀF)⁻¹ in place; `room` is as large. */
static void over_gram(const factor *f, size_t rows, double *x, double *room)
{
    times(rows, f->width, 1.0, x, BASIN_N, f->inverse, 0.0, room);
    times(rows, f->width, 1.0, room, BASIN_T, f->inverse, 0.0, x);
}

/* m + mᵀ in place. */
static void symmetrise(double *m, size_t w)
{
    for (size_t i = 0; i < w; i++)
        for (size_t j = 0; j <= i; j++) m[i * w + j] = m[j * w + i] = m[i * w + j] + m[j * w + i];
}

/* -------------------------------------------------------------------------------------------- factors -- */

/* Column j of q less its components along those before, which are added to R; false where nothing is left. */
static bool orthogonalise(factor *f, double *q, size_t j)
{
    const size_t w = f->width;
    double       before = 0.0, after = 0.0;

    for (size_t i = 0; i < f->rows; i++) before += q[i * w + j] * q[i * w + j];
    for (size_t k = 0; k < 2 * j; k++) {
        double h = 0.0;
        for (size_t i = 0; i < f->rows; i++) h += q[i * w + k % j] * q[i * w + j];
        for (size_t i = 0; i < f->rows; i++) q[i * w + j] -= h * q[i * w + k % j];
        f->r[k % j * w + j] += h;
    }
    for (size_t i = 0; i < f->rows; i++) after += q[i * w + j] * q[i * w + j];
    if (!(after > DEPENDENT * DEPENDENT * before)) return false;
    f->r[j * w + j] = sqrt(after);
    for (size_t i = 0; i < f->rows; i++) q[i * w + j] /= f->r[j * w + j];
    return true;
}

static void invert(factor *f)
{
    const size_t w = f->width;

    for (size_t j = 0; j < w; j++) {
        f->inverse[j * w + j] = 1.0 / f->r[j * w + j];
        for (size_t i = j; i-- > 0;) {
            double sum = 0.0;
            for (size_t k = i + 1; k <= j; k++) sum += f->r[i * w + k] * f->inverse[k * w + j];
            f->inverse[i * w + j] = -sum / f->r[i * w + i];
        }
    }
}

static basin_status factorise(const basin_factor_pair *pair, size_t i, const double *theta, factor *f)
{
    basin_status st = BASIN_OK;
    double      *q = NULL;

    *f = (factor){.rows = pair->rows[i], .width = pair->width, .place = pair->place[i]};
    BASIN_ALLOC(f->f, f->rows * f->width, "a matrix of a pair");
    BASIN_ALLOC(q, f->rows * f->width, "a matrix of a pair");
    BASIN_ALLOC(f->r, f->width * f->width, "a triangle");
    BASIN_ALLOC(f->inverse, f->width * f->width, "a triangle");
    gather(f, theta, f->f);
    gather(f, theta, q);
    for (size_t j = 0; j < f->width; j++)
        BASIN_CHECK(
            orthogonalise(f, q, j), BASIN_ERR_NUMERIC,
            "%s: the Gram matrix of the %s, [%zu, %zu], is singular: column %zu depends on those before "
            "it, and the metric does not exist there",
            pair->name, i == 0 ? "first" : "second", f->rows, f->width, j + 1);
    invert(f);
done:
    basin_free(q);
    return st;
}

static basin_status make_rooms(basin_quotient *q)
{
    basin_status st = BASIN_OK;

    for (size_t i = 0; i < 2 * ROOMS; i++) BASIN_ALLOC(q->room[i / ROOMS][i % ROOMS], q->most, "matrices");
    for (size_t i = 0; i < SQUARES; i++) BASIN_ALLOC(q->square[i], q->widest * q->widest, "matrices");
done:
    return st;
}

basin_status basin_quotient_create(const basin_params *params, const double *theta, basin_quotient **out)
{
    basin_status    st = BASIN_OK;
    basin_quotient *q = NULL;

    BASIN_ALLOC(q, 1, "a tangent space");
    q->size = params->size, q->theta = theta, q->widest = 1;
    BASIN_ALLOC(q->paired, q->size, "which parameters are of pairs");
    BASIN_ALLOC(q->sides, params->pair_count, "pairs");
    for (size_t i = 0; i < params->pair_count; i++) {
        const basin_factor_pair *pair = &params->pairs[i];
        q->pairs = i + 1;
        for (size_t l = 0; l < 2; l++) {
            BASIN_TRY(factorise(pair, l, theta, &q->sides[i][l]));
            for (size_t k = 0; k < pair->rows[l] * pair->width; k++) q->paired[pair->place[l][k]] = true;
            if (pair->rows[l] * pair->width > q->most) q->most = pair->rows[l] * pair->width;
        }
        if (pair->width > q->widest) q->widest = pair->width;
    }
    /* a square, too, is divided by a Gram matrix */
    if (q->most < q->widest * q->widest) q->most = q->widest * q->widest;
    BASIN_TRY(make_rooms(q));
    *out = q, q = NULL;
done:
    basin_quotient_destroy(&q);
    return st;
}

void basin_quotient_destroy(basin_quotient **q)
{
    if (q == NULL || *q == NULL) return;
    for (size_t i = 0; i < 2 * (*q)->pairs; i++) {
        const factor *f = &(*q)->sides[i / 2][i % 2];
        basin_free(f->f);
        basin_free(f->r);
        basin_free(f->inverse);
    }
    for (size_t i = 0; i < 2 * ROOMS; i++) basin_free((*q)->room[i / ROOMS][i % ROOMS]);
    for (size_t i = 0; i < SQUARES; i++) basin_free((*q)->square[i]);
    basin_free((*q)->sides);
    basin_free((*q)->paired);
    basin_free(*q);
    *q = NULL;
}

/* ------------------------------------------------------------------------------------------- the space -- */

/* tr(RᵀR aᵀ b), R that of the other side. */
static double inner_of_side(basin_quotient *q, const factor *side, const factor *other, const double *a,
                            const double *b)
{
    double **room = q->room[0];

    gather(side, a, room[0]);
    gather(side, b, room[1]);
    times(side->rows, side->width, 1.0, room[0], BASIN_T, other->r, 0.0, room[2]);
    times(side->rows, side->width, 1.0, room[1], BASIN_T, other->r, 0.0, room[3]);
    return basin_dot(room[2], room[3], side->rows * side->width);
}

double basin_quotient_inner(basin_quotient *q, const double *a, const double *b)
{
    double sum = 0.0;

    for (size_t i = 0; i < q->size; i++)
        if (!q->paired[i] && q->theta[i] != 0.0) sum += a[i] / q->theta[i] * (b[i] / q->theta[i]);
    for (size_t i = 0; i < q->pairs; i++)
        for (size_t l = 0; l < 2; l++) sum += inner_of_side(q, &q->sides[i][l], &q->sides[i][1 - l], a, b);
    return sum;
}

/* 2 Lᵀ into square[0] from x at room[.][0]: (HᵀH)⁻¹ Hᵀ x_H − x_Gᵀ G (GᵀG)⁻¹. */
static void vertical_part(basin_quotient *q, const factor *g, const factor *h)
{
    const size_t w = g->width;

    across(h->rows, w, q->room[1][0], h->f, q->square[1]); /* x_Hᵀ H */
    over_gram(h, w, q->square[1], q->square[3]);
    across(g->rows, w, q->room[0][0], g->f, q->square[2]); /* x_Gᵀ G */
    over_gram(g, w, q->square[2], q->square[3]);
    for (size_t i = 0; i < w; i++)
        for (size_t j = 0; j < w; j++)
            q->square[0][i * w + j] = q->square[1][j * w + i] - q->square[2][i * w + j];
}

static void project_pair(basin_quotient *q, const factor *sides, double *x)
{
    const factor *g = &sides[0], *h = &sides[1];

    gather(g, x, q->room[0][0]);
    gather(h, x, q->room[1][0]);
    vertical_part(q, g, h);
    times(g->rows, g->width, 0.5, g->f, BASIN_T, q->square[0], 1.0, q->room[0][0]);
    times(h->rows, h->width, -0.5, h->f, BASIN_N, q->square[0], 1.0, q->room[1][0]);
    scatter(g, q->room[0][0], x);
    scatter(h, q->room[1][0], x);
}

/* Twice, since the first time leaves the rounding of what it took away. */
void basin_quotient_project(basin_quotient *q, double *x)
{
    for (size_t i = 0; i < 2 * q->pairs; i++) project_pair(q, q->sides[i / 2], x);
}

void basin_quotient_raise(basin_quotient *q, double *g)
{
    for (size_t i = 0; i < q->size; i++)
        if (!q->paired[i]) g[i] *= q->theta[i] * q->theta[i];
    for (size_t i = 0; i < q->pairs; i++)
        for (size_t l = 0; l < 2; l++) {
            const factor *side = &q->sides[i][l];
            gather(side, g, q->room[0][0]);
            over_gram(&q->sides[i][1 - l], side->rows, q->room[0][0], q->room[0][1]);
            scatter(side, q->room[0][0], g);
        }
    basin_quotient_project(q, g);
}

/* Gradients N H and Nᵀ G of tr(Nᵀ G Hᵀ) at the places of a pair. */
static basin_status random_pair(basin_quotient *q, const factor *sides, basin_random *random, double *x)
{
    basin_status  st = BASIN_OK;
    const factor *g = &sides[0], *h = &sides[1];
    const size_t  w = g->width;
    double       *n = NULL;

    BASIN_ALLOC(n, g->rows * h->rows, "a random product");
    basin_random_normals(random, n, g->rows * h->rows);
    basin_gemm_f64(BASIN_N, BASIN_N, g->rows, w, h->rows, 1.0, n, h->rows, h->f, w, 0.0, q->room[0][0], w);
    basin_gemm_f64(BASIN_T, BASIN_N, h->rows, w, g->rows, 1.0, n, h->rows, g->f, w, 0.0, q->room[1][0], w);
    scatter(g, q->room[0][0], x);
    scatter(h, q->room[1][0], x);
done:
    basin_free(n);
    return st;
}

basin_status basin_quotient_random(basin_quotient *q, basin_random *random, double *x)
{
    basin_status st = BASIN_OK;

    for (size_t i = 0; i < q->size; i++)
        if (!q->paired[i] && q->theta[i] != 0.0) x[i] /= fabs(q->theta[i]);
    for (size_t i = 0; i < q->pairs; i++) BASIN_TRY(random_pair(q, q->sides[i], random, x));
    basin_quotient_raise(q, x);
done:
    return st;
}

/* ------------------------------------------------------------------------------------------- geodesics -- */

/* room[side][0] holds x of both sides. room[side][1] = Γ of that side. */
static void christoffel(basin_quotient *q, const factor *sides, size_t side)
{
    const factor *f = &sides[side], *other = &sides[1 - side];
    double      **own = q->room[side], *x = q->room[1 - side][0];

    across(other->rows, f->width, x, other->f, q->square[0]);
    symmetrise(q->square[0], f->width);
    across(other->rows, f->width, x, x, q->square[1]);
    times(f->rows, f->width, 1.0, own[0], BASIN_N, q->square[0], 0.0, own[1]);
    times(f->rows, f->width, -1.0, f->f, BASIN_N, q->square[1], 1.0, own[1]);
    over_gram(other, f->rows, own[1], own[2]);
}

void basin_quotient_move(basin_quotient *q, const double *x, double *to)
{
    for (size_t i = 0; i < q->size; i++) to[i] = q->theta[i] + x[i];
    for (size_t i = 0; i < q->pairs; i++) {
        for (size_t l = 0; l < 2; l++) gather(&q->sides[i][l], x, q->room[l][0]);
        for (size_t l = 0; l < 2; l++) {
            const factor *f = &q->sides[i][l];
            christoffel(q, q->sides[i], l);
            for (size_t k = 0; k < f->rows * f->width; k++) to[f->place[k]] -= 0.5 * q->room[l][1][k];
        }
    }
}

/* room[side] holds x, g and, of both sides, ḡ = g (Gram of the other)⁻¹. room[side][1] becomes the gradient
 * with respect to x of that side,
 *
 *     g − ½ [ḡ (x_oᵀ O + Oᵀ x_o) + F (C + Cᵀ) − x (E + Eᵀ)],  C = x_oᵀ ḡ_o, E = Oᵀ ḡ_o,
 *
 * with F this side and O the other one, whose are what has the index o.
 */
static void pull_side(basin_quotient *q, const factor *sides, size_t side)
{
    const factor *f = &sides[side], *other = &sides[1 - side];
    double      **own = q->room[side], **o = q->room[1 - side];
    const size_t  w = f->width;

    across(other->rows, w, o[0], other->f, q->square[0]);
    across(other->rows, w, o[0], o[2], q->square[1]);
    across(other->rows, w, other->f, o[2], q->square[2]);
    for (size_t i = 0; i < 3; i++) symmetrise(q->square[i], w);
    times(f->rows, w, -0.5, own[2], BASIN_N, q->square[0], 1.0, own[1]);
    times(f->rows, w, -0.5, f->f, BASIN_N, q->square[1], 1.0, own[1]);
    times(f->rows, w, 0.5, own[0], BASIN_N, q->square[2], 1.0, own[1]);
}

void basin_quotient_pull(basin_quotient *q, const double *x, double *g)
{
    for (size_t i = 0; i < q->pairs; i++) {
        for (size_t l = 0; l < 2; l++) {
            const factor *f = &q->sides[i][l];
            gather(f, x, q->room[l][0]);
            gather(f, g, q->room[l][1]);
            gather(f, g, q->room[l][2]);
            over_gram(&q->sides[i][1 - l], f->rows, q->room[l][2], q->room[l][3]);
        }
        for (size_t l = 0; l < 2; l++) pull_side(q, q->sides[i], l);
        for (size_t l = 0; l < 2; l++) scatter(&q->sides[i][l], q->room[l][1], g);
    }
}

/* Is there a way down from here? What a quadratic model finds of one in m products.
 *
 * Method, on R = L + ½ thetaᵀWtheta (W of the recorded, coupled weight decay; 0 without), g = ∇R, H = ∇²R
 *   1. m steps of Lanczos from q_1 = g/‖g‖ with full reorthogonalisation: T_m = QᵀHQ, tridiagonal, m
 *      products. It ends early where the Krylov space is invariant: then it holds all of H that g sees.
 *   2. T_m = S diag(ξ) Sᵀ. With all ξ_j > 0 the model R + gᵀd + ½ dᵀHd is least over the Krylov space at d =
 *      −‖g‖ Q T_m⁻¹ e_1, where R has fallen by ½ gᵀQT_m⁻¹Qᵀg = ‖g‖² Σ_j s_1j² / (2 ξ_j): the decrement, which
 *      grows with m. It is divided by |R|, so it does not change when the loss or theta is rescaled.
 *   3. A ξ_j below −rounding is a direction of negative curvature inside the Krylov space: no minimum, and
 *      the sum is no decrement. One within rounding of 0 that g has a share in is a slope without curvature,
 *      for which the same holds.
 *   4. The model is a model: R itself is tried at 1, 1/2, 1/4 and 1/8 of its step, and the largest fall
 *      stands beside the decrement.
 *   5. Rounding theta alone moves the gradient by about ε ‖H‖ ‖theta‖. A gradient below that says nothing
 *      more.
 *
 * No verdict is «stationary»: what m products do not find, more may (see the table in docs/measures.md). The
 * unit vector q_1 keeps ‖g‖² from underflowing near convergence.
 *
 * References: G. Golub & G. Meurant, «Matrices, Moments and Quadrature with Applications», Princeton 2010,
 * ch. 4 (uᵀf(A)u by Lanczos, here f = 1/x); A. Conn, N. Gould & P. Toint, «Trust-Region Methods», SIAM 2000,
 * §5.2 (the model's minimum over a Krylov space).
 */
#include <math.h>
#include <string.h>

#include "analysis/forecast.h"
#include "analysis/point.h"
#include "core/linalg.h"
#include "core/memory.h"
#include "core/progress.h"

enum { PRODUCTS = 5 };

#define THRESHOLD 0.01
/* multiples of ε‖H‖ that curvature, and of ε‖H‖‖theta‖ that the gradient may be off by */
#define ROUNDING 100.0

static const double shares[] = {0.0, 1.0, 0.5, 0.25, 0.125}; /* of the model's step, at which R is tried */
enum { SHARES = sizeof shares / sizeof *shares };

typedef struct chain { /* Lanczos vectors and the tridiagonal matrix that H is on them */
    size_t  size, most, used;
    double *q;        /* [most, P] */
    double *alpha;    /* [most] diagonal */
    double *beta;     /* [most] beta[j] couples j and j + 1 */
    double *ritz, *s; /* [used] ascending, [used, used] rows are eigenvectors */
} chain;

static basin_status chain_create(size_t size, size_t most, chain *c)
{
    basin_status st = BASIN_OK;

    c->size = size, c->most = most;
    BASIN_ALLOC(c->q, most * size, "Krylov vectors of the gradient");
    BASIN_ALLOC(c->alpha, most, "tridiagonal matrix");
    BASIN_ALLOC(c->beta, most, "tridiagonal matrix");
    BASIN_ALLOC(c->ritz, most, "Ritz values");
    BASIN_ALLOC(c->s, most * most, "Ritz vectors");
done:
    return st;
}

static void chain_destroy(chain *c)
{
    basin_free(c->q);
    basin_free(c->alpha);
    basin_free(c->beta);
    basin_free(c->ritz);
    basin_free(c->s);
}

/* x loses its components along the vectors held; twice is enough (Parlett, «The Symmetric Eigenvalue
   Problem», §6.9). */
static void orthogonalise(const chain *c, double *x)
{
    for (int pass = 0; pass < 2; pass++)
        for (size_t i = 0; i < c->used; i++)
            basin_axpy(-basin_dot(c->q + i * c->size, x, c->size), c->q + i * c->size, x, c->size);
}

/* The first vector stands in q[0], of norm 1. The decay is added to the frozen Hessian, which is without. */
static basin_status chain_grow(chain *c, basin_curvature *curvature, const basin_decay *decay, double epsilon)
{
    basin_status st = BASIN_OK;
    double      *hq = NULL, norm = 0.0;

    BASIN_ALLOC(hq, c->size, "a product");
    while (c->used < c->most) {
        double *q = c->q + c->used * c->size;
        BASIN_TRY(basin_progress_report("way down", (double)c->used, (double)c->most));
        BASIN_TRY(basin_curvature_product(curvature, q, 1, hq));
        basin_decay_add(decay, q, 1, c->size, hq);
        norm = fmax(norm, basin_norm(hq, c->size));
        BASIN_CHECK(isfinite(norm), BASIN_ERR_NUMERIC, "curvature in the Krylov space of the gradient is %g",
                    norm);
        c->alpha[c->used++] = basin_dot(q, hq, c->size);
        orthogonalise(c, hq);
        double beta = basin_norm(hq, c->size);
        if (c->used == c->most || !(beta > ROUNDING * epsilon * norm)) break;
        c->beta[c->used - 1] = beta;
        basin_scale(1.0 / beta, hq, c->size);
        basin_copy(hq, c->q + c->used * c->size, c->size);
    }
    BASIN_TRY(basin_tridiagonal_eigen(c->alpha, c->beta, c->used, c->ritz, c->s));
done:
    basin_free(hq);
    return st;
}

/* ½ e_1ᵀ T⁻¹ e_1 over what curves upwards beyond `rounding`; false where some of T does not. A ξ_j within
   rounding of 0 counts only where g's share in it, s_1j, is more than rounding too. Eigenvectors are rows:
   s_1j = s[j, 0]. */
static bool sum_of_falls(const chain *c, double rounding, double share_rounding, double *sum)
{
    bool positive = true;

    *sum = 0.0;
    for (size_t j = 0; j < c->used; j++) {
        double share = c->s[j * c->used], xi = c->ritz[j];
        if (xi < -rounding || (xi <= rounding && fabs(share) > share_rounding)) positive = false;
        if (xi > rounding) *sum += 0.5 * share * share / xi;
    }
    return positive;
}

static double rounding_of(const chain *c, double epsilon)
{
    return ROUNDING * epsilon * fmax(fabs(c->ritz[0]), fabs(c->ritz[c->used - 1]));
}

static void judge(const chain *c, double norm, double theta_norm, double epsilon, basin_stationarity *s)
{
    double rounding = rounding_of(c, epsilon), sum;
    bool   positive = sum_of_falls(c, rounding, ROUNDING * epsilon + rounding * theta_norm / norm, &sum);

    s->products = c->used;
    s->ritz_least = c->ritz[0], s->ritz_most = c->ritz[c->used - 1];
    s->curvature = c->alpha[0];
    if (positive) s->decrement = sum == 0.0 ? 0.0 : norm / fabs(s->loss) * norm * sum;
    if (norm <= rounding * theta_norm)
        s->verdict = BASIN_DESCENT_AT_ROUNDING;
    else if (!positive)
        s->verdict = BASIN_DESCENT_NEGATIVE;
    else
        s->verdict = s->decrement <= s->threshold ? BASIN_DESCENT_NOT_FOUND : BASIN_DESCENT_FOUND;
}

/* d = −‖g‖ Q T⁻¹ e_1, the model's step; over what of T curves upwards beyond `rounding`. */
static void model_step(const chain *c, double norm, double rounding, double *d)
{
    memset(d, 0, c->size * sizeof *d);
    for (size_t i = 0; i < c->used; i++) {
        double y = 0.0;
        for (size_t j = 0; j < c->used; j++)
            if (c->ritz[j] > rounding) y += c->s[j * c->used] / c->ritz[j] * c->s[j * c->used + i];
        basin_axpy(-norm * y, c->q + i * c->size, d, c->size);
    }
}

/* The largest relative fall of R at these shares of the model's step; 0 where none of them falls. */
static basin_status try_step(basin_point *p, const chain *c, double norm, double rounding,
                             basin_stationarity *s)
{
    basin_status       st = BASIN_OK;
    const basin_decay *decay = &p->options.decay;
    double            *d = NULL;
    basin_loss         losses[SHARES];

    BASIN_ALLOC(d, c->size, "a step");
    model_step(c, norm, rounding, d);
    basin_point_make_room(p);
    BASIN_TRY(basin_objective_subspace(p->objective, NULL, p->theta, d, 1, shares, SHARES, losses));
    s->tried = 0.0;
    for (size_t i = 1; i < SHARES; i++) {
        double t = shares[i];
        double rise = t * (basin_decay_form(decay, p->theta, d, p->size) +
                           0.5 * t * basin_decay_form(decay, d, d, p->size));
        s->tried = fmax(s->tried,
                        (basin_loss_value(&losses[0]) - basin_loss_value(&losses[i]) - rise) / fabs(s->loss));
    }
done:
    basin_free(d);
    return st;
}

/* η‖g‖²/((1−β)R): what a step of heavy ball, in the mean over the momentum's memory, takes off R to first
   order. */
static double fall_per_step(const basin_point_options *o, double norm, double loss)
{
    double beta = isfinite(o->momentum) ? o->momentum : 0.0;

    if (!(o->learning_rate > 0.0) || !(beta >= 0.0 && beta < 1.0)) return NAN;
    return norm == 0.0 ? 0.0 : o->learning_rate / (1.0 - beta) * norm / fabs(loss) * norm;
}

basin_point_options basin_point_recorded(const basin_checkpoint *ck)
{
    const basin_hyperparameters *h = &ck->hyper;
    bool heavy_ball = !isnan(basin_ceiling_plain(ck->method, h)); /* of Adam's steps η‖g‖² says nothing */

    return (basin_point_options){.decay =
                                     h->weight_decay_coupled ? basin_checkpoint_decay(ck) : (basin_decay){0},
                                 .learning_rate = heavy_ball ? h->learning_rate : (double)NAN,
                                 .momentum = h->momentum};
}

static size_t products_of(const basin_point *p)
{
    size_t m = p->options.products > 0 ? p->options.products : PRODUCTS;

    return m < p->size ? m : p->size;
}

/* The chain, and in addition a product, or the step. */
static size_t bytes_of(const basin_point *p)
{
    return (products_of(p) + 3) * p->size * sizeof(double);
}

void basin_stationarity_demand(const basin_point *p, basin_demand *demand)
{
    size_t m = products_of(p);

    demand->gradients = 1;
    demand->freezes = p->options.operator_kind == BASIN_HESSIAN ? 1 : 2; /* the operator's, and the Hessian */
    demand->products += m, demand->most += m;
    demand->losses += SHARES; /* try_step */
    basin_demand_hold(demand, bytes_of(p), bytes_of(p));
}

/* The chain from g, and what it says; g [P] is ∇R, of norm > 0. */
static basin_status search(basin_point *p, const double *g, double norm, basin_stationarity *s)
{
    basin_status     st = BASIN_OK;
    chain            c = {0};
    basin_curvature *curvature = NULL;
    double           epsilon;

    basin_point_reserve(p, bytes_of(p));
    BASIN_TRY(chain_create(p->size, products_of(p), &c));
    basin_copy(g, c.q, p->size);
    basin_scale(1.0 / norm, c.q, p->size);
    BASIN_TRY(basin_point_hessian(p, &curvature));
    BASIN_TRY(basin_point_epsilon(p, &epsilon));
    BASIN_TRY(chain_grow(&c, curvature, &p->options.decay, epsilon));
    judge(&c, norm, basin_norm(p->theta, p->size), epsilon, s);
    BASIN_TRY(try_step(p, &c, norm, rounding_of(&c, epsilon), s));
done:
    chain_destroy(&c);
    return st;
}

static basin_status examine(basin_point *p, basin_stationarity *out)
{
    basin_status       st = BASIN_OK;
    const double      *g;
    basin_loss         loss;
    double             norm;
    basin_stationarity s = {.verdict = BASIN_DESCENT_AT_ROUNDING,
                            .decayed_gradient_norm = NAN,
                            .decrement = NAN,
                            .tried = NAN,
                            .ritz_least = NAN,
                            .ritz_most = NAN,
                            .curvature = NAN,
                            .threshold = THRESHOLD};

    BASIN_TRY(basin_point_bare_gradient(p, &loss, &g));
    s.loss = basin_loss_value(&loss);
    s.gradient_norm = norm = basin_norm(g, p->size);
    if (!basin_decay_is_none(&p->options.decay, p->size)) {
        BASIN_TRY(basin_point_decayed_gradient(p, NULL, &g));
        s.loss += basin_decay_term(&p->options.decay, p->theta, p->size);
        norm = s.decayed_gradient_norm = basin_norm(g, p->size);
    }
    s.fall_per_step = fall_per_step(&p->options, norm, s.loss);
    if (norm > 0.0)
        BASIN_TRY(search(p, g, norm, &s));
    else
        s.decrement = s.tried = 0.0;
    *out = s;
done:
    return st;
}

basin_status basin_stationarity_compute(basin_point *point, basin_stationarity *out)
{
    basin_status st = BASIN_OK;

    if (!point->has_stationarity) BASIN_TRY(examine(point, &point->stationarity));
    point->has_stationarity = true;
    *out = point->stationarity;
done:
    return st;
}

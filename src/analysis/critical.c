/* Critical sharpness: how large a step along u would have to be to lead back up.
 *
 * λ_c = 2/η_c, η_c the least η with F(θ − ηu) > F(θ). For a quadratic η_c = 2 uᵀ∇F/uᵀHu, so that λ_c is
 * uᵀHu/uᵀ∇F, which stands beside it.
 *
 * Method: η_c is bracketed on a grid that begins an eighth of where the quadratic model in the sharpest
 * direction would cross, 2 uᵀ∇F/(Λ‖u‖²), and grows by 2^¼: the first of its points that lies above θ ends the
 * bracket. A bisection, as in the authors' code, would find some crossing; this is the least but for one of
 * two within a step of the grid. Then the bracket is divided twice by 17: its ends are those of the value,
 * within 0.1 %. There is none where no point of the grid, up to 2^13 times that scale, lies above θ.
 *
 * Reference: «Measuring curvature at scale by critical sharpness», arXiv:2601.16979.
 */
#include "analysis/critical.h"

#include <math.h>

#include "core/linalg.h"

enum { TOGETHER = 16, CHUNKS = 4, DIVISIONS = 2 };

#define BEGIN 0.125           /* of the scale */
#define RATIO 1.1892071150027 /* 2^¼ */

typedef struct crossing {
    basin_point  *point;
    const double *u;         /* [P] */
    double        low, high; /* (low, high] holds η_c; high = 0 while there is no bracket */
    size_t        losses;
} crossing;

/* Losses at θ and at θ − eta[i] u; *first: the first of these above θ, or `count`. */
static basin_status look(crossing *c, const double *eta, size_t count, size_t *first)
{
    basin_status st = BASIN_OK;
    double       coef[TOGETHER + 1] = {0.0};
    basin_loss   losses[TOGETHER + 1];

    for (size_t i = 0; i < count; i++) coef[i + 1] = -eta[i];
    BASIN_TRY(basin_point_subspace(c->point, c->u, 1, coef, count + 1, losses));
    c->losses += count + 1;
    for (*first = 0; *first < count; ++*first)
        if (!(basin_loss_value(&losses[*first + 1]) <= basin_loss_value(&losses[0]))) break;
done:
    return st;
}

/* The bracket becomes that of the first of the points that lies above, as far as there is one. */
static basin_status narrow(crossing *c, const double *eta)
{
    basin_status st = BASIN_OK;
    size_t       first;

    BASIN_TRY(look(c, eta, TOGETHER, &first));
    if (first > 0) c->low = eta[first - 1];
    if (first < TOGETHER) c->high = eta[first];
done:
    return st;
}

static basin_status bracket(crossing *c, double scale)
{
    basin_status st = BASIN_OK;
    double       eta[TOGETHER], next = BEGIN * scale;

    for (size_t chunk = 0; chunk < CHUNKS && c->high == 0.0; chunk++) {
        for (size_t i = 0; i < TOGETHER; i++, next *= RATIO) eta[i] = next;
        BASIN_TRY(narrow(c, eta));
    }
done:
    return st;
}

static basin_status divide(crossing *c)
{
    double eta[TOGETHER];

    for (size_t i = 0; i < TOGETHER; i++)
        eta[i] = c->low + (c->high - c->low) * (double)(i + 1) / (TOGETHER + 1);
    return narrow(c, eta);
}

basin_status basin_critical_find(basin_point *point, const double *u, double slope, double largest,
                                 basin_critical *out)
{
    basin_status st = BASIN_OK;
    crossing     c = {.point = point, .u = u};
    const double length2 = basin_dot(u, u, point->size);

    *out = (basin_critical){NAN, NAN, NAN, 0};
    BASIN_TRY(bracket(&c, 2.0 * slope / (largest * length2)));
    for (size_t i = 0; i < DIVISIONS && c.high > 0.0; i++) BASIN_TRY(divide(&c));
    if (c.high > 0.0 && c.low > 0.0)
        *out = (basin_critical){4.0 / (c.low + c.high), 2.0 / c.high, 2.0 / c.low, 0};
    out->losses = c.losses;
done:
    return st;
}

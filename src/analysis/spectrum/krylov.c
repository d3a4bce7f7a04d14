/* Lanczos steps with full reorthogonalisation, from one start vector or several.
 *
 * Method, one step (basin_krylov_extend)
 *   1. w = H v_c for a candidate v_c.
 *   2. By symmetry w has the components m[i, c] along the vectors multiplied before: those that are not
 *      rounding, and that along v_c, are taken off first. Then h = V w, w <- w - Vᵀh over all vectors held,
 *      again as long as it cancels much (Daniel, Gragg, Kaufman & Stewart; Kahan and Parlett: twice is
 *      enough). The sums of all passes are column c of m.
 *   3. What remains, w / beta with beta = ‖w‖, is a new candidate. With several candidates this is the band
 *      Lanczos process (Ruhe).
 *   4. Where beta is rounding, that chain has ended; where none is left, a fresh random vector goes on, which
 *      is how further copies of a repeated eigenvalue come in.
 *
 * One pass reads V twice from memory, once for the dots and once to take them off (vectors.c).
 *
 * m is measured, not assumed tridiagonal: after a restart its arrowhead, and after a fresh vector its zero,
 * come out of step 2 by themselves; T, its symmetric part over the vectors multiplied, is the true
 * Rayleigh-Ritz projection to rounding. Since H v_c = Σ_i m[c, i] v_i holds for the products as they came,
 * the residual of a Ritz pair, ‖Σ_c y_c m[c] - θ y‖, is that of its vector with them, asymmetry included;
 * what a restart leaves out is added.
 *
 * References: B. Parlett, The Symmetric Eigenvalue Problem, SIAM 1998, §6.9 and §13; J. Daniel, W. Gragg, L.
 * Kaufman, G. Stewart, Math. Comp. 30, 1976; A. Ruhe, Math. Comp. 33, 1979; K. Wu, H. Simon, Thick-restart
 * Lanczos method for large symmetric eigenvalue problems, SIAM J. Matrix Anal. Appl. 22(2), 2000.
 */
#include "analysis/spectrum/krylov.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "core/linalg.h"
#include "core/memory.h"
#include "core/vectors.h"

#define CANCELS 0.7071 /* of the norm left by a pass: less, and another pass follows */
#define PASSES 3
#define FADED 1e-8 /* norm at which what remains of a released vector is rounding */

static basin_status next_row(basin_krylov *k, double **out)
{
    basin_status st = BASIN_OK;

    assert(k->held < k->rows);
    if (k->v[k->held] == NULL) BASIN_ALLOC(k->v[k->held], k->size, "a vector of the Lanczos basis");
    *out = k->v[k->held];
done:
    return st;
}

/* One vector more is held, v[held]. What the products so far have along it is what the released vectors have
   along it. */
static void hold(basin_krylov *k)
{
    for (size_t c = 0; c < k->used; c++) k->m[c * k->rows + k->held] = 0.0;
    for (size_t g = 0; g < k->released; g++) {
        double along;
        basin_vectors_dot(k->v + k->held, 1, k->u[g], k->size, &along);
        k->along[g][k->held] = along;
        k->left[g] = basin_vectors_norm(basin_vectors_add(k->v + k->held, 1, &along, -1.0, k->u[g], k->size),
                                        k->u[g], k->size);
        for (size_t c = 0; c < k->used; c++) k->m[c * k->rows + k->held] += k->s[g][c] * along;
    }
    for (size_t g = 0; g < k->released; g++)
        for (size_t h = 0; h < k->released; h++)
            k->gram[g * BASIN_KRYLOV_RELEASED + h] -= k->along[g][k->held] * k->along[h][k->held];
    k->held++;
}

/* The part of v orthogonal to the first `held` vectors, at norm 1. Returns what was left of the norm. */
static double project_out(const basin_krylov *k, double *v)
{
    double norm;

    basin_vectors_dot(k->v, k->held, v, k->size, k->h);
    norm = basin_vectors_norm(basin_vectors_add(k->v, k->held, k->h, -1.0, v, k->size), v, k->size);
    if (norm > 0.0) basin_vectors_divide(v, norm, v, k->size);
    return norm;
}

/* Where a pass leaves most of a vector, the second finds rounding only; where little is left, there is a
   third. */
basin_status basin_krylov_add_random(basin_krylov *k)
{
    basin_status st = BASIN_OK;
    double      *v = NULL;

    BASIN_TRY(next_row(k, &v));
    do {
        basin_random_normals(&k->random, v, k->size);
        basin_vectors_divide(v, basin_norm(v, k->size), v, k->size);
    } while (!(project_out(k, v) > 1e-8));
    for (int pass = 1; pass < PASSES; pass++)
        if (project_out(k, v) > CANCELS) break;
    hold(k);
done:
    return st;
}

basin_status basin_krylov_create(basin_point *point, size_t rows, double epsilon, uint64_t seed,
                                 basin_krylov **out)
{
    basin_status  st = BASIN_OK;
    basin_krylov *k = NULL;

    assert(rows > 0);
    BASIN_ALLOC(k, 1, "Krylov subspace");
    k->point = point;
    k->size = point->size;
    k->rows = rows < k->size ? rows : k->size;
    k->epsilon = epsilon;
    k->random = basin_random_start(seed, BASIN_STREAM_LANCZOS);
    BASIN_ALLOC(k->v, k->rows, "Lanczos basis");
    BASIN_ALLOC(k->m, k->rows * k->rows, "projected matrix");
    BASIN_ALLOC(k->y, k->rows * k->rows, "Ritz vectors");
    BASIN_ALLOC(k->ritz, k->rows, "Ritz values");
    BASIN_ALLOC(k->hv, k->size, "product");
    BASIN_ALLOC(k->h, k->rows, "projections");
    for (size_t g = 0; g < BASIN_KRYLOV_RELEASED; g++) {
        BASIN_ALLOC(k->s[g], k->rows, "projections");
        BASIN_ALLOC(k->along[g], k->rows, "projections");
    }
    BASIN_TRY(basin_krylov_add_random(k));
    *out = k, k = NULL;
done:
    basin_krylov_destroy(&k);
    return st;
}

void basin_krylov_destroy(basin_krylov **k)
{
    if (k == NULL || *k == NULL) return;
    for (size_t i = 0; (*k)->v != NULL && i < (*k)->rows; i++) basin_free((*k)->v[i]);
    for (size_t g = 0; g < BASIN_KRYLOV_RELEASED; g++) {
        basin_free((*k)->u[g]);
        basin_free((*k)->s[g]);
        basin_free((*k)->along[g]);
    }
    basin_free((*k)->v);
    basin_free((*k)->m);
    basin_free((*k)->y);
    basin_free((*k)->ritz);
    basin_free((*k)->hv);
    basin_free((*k)->h);
    basin_free(*k);
    *k = NULL;
}

bool basin_krylov_has_room(const basin_krylov *k)
{
    return k->held < k->rows || k->rows == k->size;
}

static void swap_rows(basin_krylov *k, size_t a, size_t b)
{
    double *row = k->v[a];

    k->v[a] = k->v[b], k->v[b] = row;
    for (size_t g = 0; g < k->released; g++) {
        double along = k->along[g][a];
        k->along[g][a] = k->along[g][b], k->along[g][b] = along;
    }
    for (size_t c = 0; c < k->used; c++) {
        double *m = k->m + c * k->rows, entry = m[a];
        m[a] = m[b], m[b] = entry;
    }
}

/* w = H v_c is made orthogonal to all held; its components are added up in column [h], of which that along
 * v_c is known. Returns the norm left. Each pass reads V twice: for its dots and to take them off. */
static double orthogonalise(basin_krylov *k, size_t c, double *w, double *column)
{
    double before, after, along = column[c], rounding = 1e3 * k->epsilon * k->norm;

    for (size_t i = 0; i < k->held; i++) {
        double known = i < c ? k->m[i * k->rows + c] : 0.0;
        column[i] = fabs(known) > rounding ? known : 0.0;
    }
    column[c] = along;
    after = basin_vectors_norm(basin_vectors_add(k->v, k->held, column, -1.0, w, k->size), w, k->size);
    for (int pass = 0; pass < PASSES; pass++) {
        before = after;
        basin_vectors_dot(k->v, k->held, w, k->size, k->h);
        after = basin_vectors_norm(basin_vectors_add(k->v, k->held, k->h, -1.0, w, k->size), w, k->size);
        for (size_t i = 0; i < k->held; i++) column[i] += k->h[i];
        if (after > CANCELS * before || after <= 10.0 * k->epsilon * k->norm) break;
    }
    return after;
}

void basin_krylov_lift(basin_krylov *k, const double *lift)
{
    k->lifted = lift != NULL;
    if (lift != NULL) memcpy(k->lift, lift, sizeof k->lift);
    for (size_t g = 0; g < BASIN_KRYLOV_RELEASED; g++) memset(k->along[g], 0, k->rows * sizeof *k->along[g]);
}

/* Row g of the lift times the components of the vectors u along vector c. */
static double lift_along(const basin_krylov *k, size_t g, size_t c)
{
    double sum = 0.0;

    for (size_t h = 0; h < k->released; h++) sum += k->lift[g * BASIN_KRYLOV_RELEASED + h] * k->along[h][c];
    return sum;
}

double basin_krylov_lifted(const basin_krylov *k, size_t a, size_t b)
{
    double sum = k->m[a * k->rows + b];

    for (size_t g = 0; k->lifted && g < k->released; g++) sum += k->along[g][a] * lift_along(k, g, b);
    return sum;
}

/* w = H v_c, of which nothing has been told to lie along released vectors, becomes the product of what is
 * lifted: what remains of each u differs from u by vectors held, to which w is made orthogonal anyway. What
 * was added is no part of H v_c, which therefore has as much less along that u. */
static void lift_product(basin_krylov *k, size_t c, double *w)
{
    for (size_t g = 0; g < k->released; g++) {
        double more = k->lifted ? lift_along(k, g, c) : 0.0;
        if (more != 0.0) basin_vectors_add(k->u + g, 1, &more, 1.0, w, k->size);
        k->s[g][c] = -more;
    }
}

basin_status basin_krylov_extend(basin_krylov *k, size_t which)
{
    basin_status st = BASIN_OK;
    size_t       c = k->used, size = k->size;
    double      *w = k->hv, *next = NULL, sums[2];

    assert(c < size && c + which < k->held && basin_krylov_has_room(k));
    BASIN_TRY(basin_point_product(k->point, k->v[c + which], 1, w));
    basin_vectors_dot((double *[]){w, k->v[c + which]}, 2, w, size, sums);
    swap_rows(k, c, c + which);
    k->products++;
    k->norm = fmax(k->norm, basin_vectors_norm(sums[0], w, size));
    k->m[c * k->rows + c] = sums[1];
    lift_product(k, c, w);
    k->beta = orthogonalise(k, c, w, k->m + c * k->rows);
    k->used++;
    for (size_t i = 0; i < c && k->untracked; i++) k->m[i * k->rows + c] = k->m[c * k->rows + i];
    if (k->beta <= 10.0 * k->epsilon * k->norm || k->held == size)
        k->lost = hypot(k->lost, k->beta), k->beta = 0.0;
    if (k->beta > 0.0) {
        BASIN_TRY(next_row(k, &next));
        basin_vectors_divide(w, k->beta, next, size);
        hold(k);
        k->m[c * k->rows + k->held - 1] += k->beta;
    } else if (k->used == k->held && k->used < size)
        BASIN_TRY(basin_krylov_add_random(k));
done:
    return st;
}

basin_status basin_krylov_ritz(basin_krylov *k)
{
    basin_status st = BASIN_OK;
    size_t       j = k->used;

    for (size_t a = 0; a < j; a++)
        for (size_t b = 0; b < j; b++)
            k->y[a * j + b] = 0.5 * (k->m[a * k->rows + b] + k->m[b * k->rows + a]);
    BASIN_TRY(basin_symmetric_eigen_vectors(k->y, j, k->ritz));
    k->norm = fmax(k->norm, fmax(fabs(k->ritz[0]), fabs(k->ritz[j - 1])));
done:
    return st;
}

double basin_krylov_coupling(const basin_krylov *k, size_t i, size_t which)
{
    const double *y = k->y + i * k->used;
    double        sum = 0.0;

    for (size_t c = 0; c < k->used; c++) sum += y[c] * k->m[c * k->rows + k->used + which];
    return fabs(sum);
}

double basin_krylov_along_released(const basin_krylov *k, size_t i, size_t g)
{
    return basin_dot(k->y + i * k->used, k->s[g], k->used);
}

double basin_krylov_released_coupling(const basin_krylov *k, size_t i)
{
    double along[BASIN_KRYLOV_RELEASED], sum = 0.0;

    for (size_t g = 0; g < k->released; g++) along[g] = basin_krylov_along_released(k, i, g);
    for (size_t g = 0; g < k->released; g++)
        for (size_t h = 0; h < k->released; h++)
            sum += along[g] * along[h] *
                   (g == h ? k->left[g] * k->left[g] : k->gram[g * BASIN_KRYLOV_RELEASED + h]);
    return sqrt(fmax(sum, 0.0));
}

static double unfollowed2(const basin_krylov *k, size_t i)
{
    const double *y = k->y + i * k->used;
    double        squares = k->lost * k->lost;

    for (size_t row = 0; row < k->used; row++) {
        double r = -k->ritz[i] * y[row];
        for (size_t c = 0; c < k->used; c++) r += y[c] * k->m[c * k->rows + row];
        squares += r * r;
    }
    return squares;
}

double basin_krylov_unfollowed(const basin_krylov *k, size_t i)
{
    return sqrt(unfollowed2(k, i));
}

double basin_krylov_residual(const basin_krylov *k, size_t i)
{
    double squares = unfollowed2(k, i);

    for (size_t p = 0; p < k->held - k->used; p++) {
        double r = basin_krylov_coupling(k, i, p);
        squares += r * r;
    }
    return hypot(sqrt(squares), basin_krylov_released_coupling(k, i));
}

void basin_krylov_combine(const basin_krylov *k, const double *a, size_t count, double *x)
{
    memset(x, 0, k->size * sizeof *x);
    basin_vectors_add(k->v, count, a, 1.0, x, k->size);
}

/* Column [count + candidates] of the new m for the Ritz vector y [used] and the norm of what it leaves out.
   mv [held] is Σ_c y_c m[c]; rows [count, used] are the vectors kept. */
static double project_column(const basin_krylov *k, const double *y, const double *rows, size_t count,
                             double *mv, double *column)
{
    size_t used = k->used;

    memset(mv, 0, k->held * sizeof *mv);
    for (size_t c = 0; c < used; c++)
        for (size_t i = 0; i < k->held; i++) mv[i] += y[c] * k->m[c * k->rows + i];
    for (size_t i = 0; i < count; i++) column[i] = basin_dot(rows + i * used, mv, used);
    for (size_t i = 0; i < count; i++) basin_axpy(-column[i], rows + i * used, mv, used);
    memcpy(column + count, mv + used, (k->held - used) * sizeof *column);
    return basin_norm(mv, used);
}

basin_status basin_krylov_restart(basin_krylov *k, const size_t *keep, size_t count)
{
    basin_status st = BASIN_OK;
    size_t       used = k->used, candidates = k->held - used;
    double      *rows = NULL, *m = NULL, *s = NULL, lost = k->lost;

    assert(count <= used);
    BASIN_ALLOC(rows, count * used, "Ritz vectors");
    BASIN_ALLOC(m, count * k->rows, "projected matrix");
    BASIN_ALLOC(s, count, "projections");
    for (size_t i = 0; i < count; i++) memcpy(rows + i * used, k->y + keep[i] * used, used * sizeof *rows);
    for (size_t i = 0; i < count; i++)
        lost = hypot(lost, project_column(k, rows + i * used, rows, count, k->h, m + i * k->rows));
    BASIN_TRY(basin_vectors_turn(k->v, used, rows, count, k->size));
    memcpy(k->m, m, count * k->rows * sizeof *m);
    for (size_t g = 0; g < k->released; g++) {
        for (size_t i = 0; i < count; i++) s[i] = basin_dot(rows + i * used, k->s[g], used);
        memcpy(k->s[g], s, count * sizeof *s);
    }
    k->lost = lost;
    k->used = k->held = count;
    for (size_t p = 0; p < candidates; p++, k->held++) {
        double *row = k->v[count + p];
        k->v[count + p] = k->v[used + p], k->v[used + p] = row;
    }
done:
    basin_free(rows);
    basin_free(m);
    basin_free(s);
    return st;
}

static double candidate_norm(const basin_krylov *k, size_t which)
{
    double squares = 0.0;

    for (size_t c = 0; c < k->used; c++)
        squares += k->m[c * k->rows + k->used + which] * k->m[c * k->rows + k->used + which];
    return sqrt(squares);
}

/* Releases candidate `which`, which is orthogonal to those released before. A vector along which no product
   has anything is dropped without loss. */
static void release_one(basin_krylov *k, size_t which)
{
    double *row = k->v[k->used + which];

    if (candidate_norm(k, which) == 0.0) return;
    if (k->released == BASIN_KRYLOV_RELEASED) {
        k->untracked = true;
        return;
    }
    for (size_t c = 0; c < k->used; c++) k->s[k->released][c] = k->m[c * k->rows + k->used + which];
    k->v[k->used + which] = k->u[k->released], k->u[k->released] = row;
    for (size_t h = 0; h < k->released; h++)
        k->gram[k->released * BASIN_KRYLOV_RELEASED + h] = k->gram[h * BASIN_KRYLOV_RELEASED + k->released] =
            0.0;
    k->gram[k->released * BASIN_KRYLOV_RELEASED + k->released] = 1.0;
    k->left[k->released++] = 1.0;
}

void basin_krylov_release(basin_krylov *k, size_t which)
{
    size_t candidates = k->held - k->used, stay = which < candidates ? 1 : 0;

    if (stay > 0) swap_rows(k, k->used, k->used + which);
    for (size_t p = stay; p < candidates; p++) release_one(k, p);
    k->held = k->used + stay;
}

/* What remains of a released vector may be small: it is made orthogonal once more. hold() carries its
   couplings over. */
basin_status basin_krylov_readmit(basin_krylov *k)
{
    basin_status st = BASIN_OK;
    double      *v = NULL;

    while (k->released > 0 && k->held < k->rows) {
        size_t g = k->released - 1;
        if (k->left[g] > FADED) {
            BASIN_TRY(next_row(k, &v));
            basin_vectors_divide(k->u[g], k->left[g], v, k->size);
            project_out(k, v);
            hold(k);
        }
        k->released--;
    }
done:
    return st;
}

void basin_krylov_apply(const basin_krylov *k, const double *a, double *hx)
{
    memset(k->h, 0, k->rows * sizeof *k->h);
    for (size_t c = 0; c < k->used; c++) basin_axpy(a[c], k->m + c * k->rows, k->h, k->held);
    basin_krylov_combine(k, k->h, k->held, hx);
    for (size_t g = 0; g < k->released; g++) basin_axpy(basin_dot(a, k->s[g], k->used), k->u[g], hx, k->size);
}

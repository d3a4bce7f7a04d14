/* Is an eigenvalue missing among the wanted ones that a Krylov space has given? A second chain, from a random
 * vector, proves that none is.
 *
 * A single vector's Krylov space holds one copy of a repeated eigenvalue, and copies that rounding brings in
 * hide in its half-converged part. So what the first chain excludes by its own polynomial does not help: a
 * further copy of a pair that was found lies where the pair lies, and only a vector that the first chain has
 * not seen can tell.
 *
 * Method
 *   1. Keep all Ritz pairs of the first chain (θ_k, d_k), D, and start a second chain from a random vector z
 *      orthogonal to them. The candidates of before are released (krylov.h), so that what H D has beyond D is
 *      known: Σ_g u_g κ_gᵀ, and a rest R₀ of rounding whose norm alone is known.
 *   2. With H'' = H within the complement and l = θ_i + tolerance ‖H‖, which is above θ_i and all that
 *      follow: no more than i - 1 eigenvalues of H reach l where none of H'' + Σ_{k >= i} r_k r_kᵀ/(l - θ_k)
 *      does, r_k what H d_k has beyond D (the i - 1 pairs before may be left out by Cauchy's interlacing;
 *      then inertia adds up over the Schur complement). One operator and one level do for all wanted i: S
 *      with the innermost wanted pair's l, from which is taken by how much more than θ_i - θ_innermost the
 *      residuals of the pairs between lift it. The rest R₀ takes part by
 *      (a + b)(a + b)ᵀ <= (1 + η) aaᵀ + (1 + 1/η) bbᵀ.
 *      S is a product with H and three vectors more, so it is S that the chain multiplies by. What the first
 *      chain knows of pairs that have not converged is thus used as far as it goes: where they are kept as
 *      D, the bulk of S lies lower than that of H within the complement of the wanted pairs alone.
 *   3. After s steps with betas b_i and Ritz values ξ, the vectors of the chain are w_i = p_i(S) z with the
 *      polynomials p_i(x) = Π_r (x - ξ_r at step i)/Π b, so an eigenvalue λ of S with unit eigenvector u has
 *      (u·z)² Σ_i p_i(λ)² = Σ_i (u·w_i)² <= 1 (van Dorsselaer, Hochstenbach & van der Vorst 2000 take the
 *      last of these summands). The left side grows beyond all ξ; once it is larger than 1 at the level with
 *      t in place of |u·z|, none lies there, but for a chance: |u·z| < t has probability at most t √(2n/π) in
 *      n dimensions, and z knows nothing of S, which was fixed before; u belongs to the outermost eigenvalue,
 *      so it does not matter how many there are, nor after how many steps one looks. Without that proof the
 *      chain ends after count + ROOM steps, or half as many again where it is foreseen within these.
 *   4. For the lower end signs are turned, so at both ends S is not the same. It is taken of the end whose
 *      level is nearer to the pairs that are not known well; at the other the level is lowered by the
 *      norms of what is added to H'' at both. Where that takes too much, the chain multiplies by H'' alone,
 *      and S <= H'' + Σ ‖r_k‖²/(l - θ_k): then only pairs that are known well are kept, since a neighbour
 *      costs its summand, and takes an eigenvalue from H''.
 *   5. A search may verify several times, each time with a fresh z, and at two ends. That any of these proofs
 *      is wrong has at most one chance in MISSES: the first takes FIRST of it, the v-th (1 - FIRST)/(v (v -
 *      1)) of it, which sums to 1, in equal parts for the ends.
 *   6. Where vectors were dropped without a trace, R is not known, and nothing is proven.
 *
 * Reference: J. van Dorsselaer, M. Hochstenbach, H. van der Vorst, Computing probabilistic bounds for extreme
 * eigenvalues of symmetric matrices with the Lanczos method, SIAM J. Matrix Anal. Appl. 22(3), 2000.
 */
#include <math.h>

#include "analysis/spectrum/search.h"
#include "core/linalg.h"

#define ROOM 20    /* steps beyond the number of wanted pairs that a verification takes at most, or */
#define LONGER 1.5 /* times as many where the proof is foreseen within these */
/* one chance in so many at most that an eigenvalue is overlooked and the search says that none is */
#define MISSES 1e4
#define FIRST 0.9  /* of that chance, for the first verification: a second is seldom needed */
#define WORTHY 0.1 /* a pair beside the wanted ones is kept where it costs at most so much of what it gains */
#define ETA 0.01   /* of step 2 */

typedef struct end { /* one end of the spectrum */
    size_t wanted;   /* pairs of it */
    double sign;     /* 1: the upper, -1: the lower */
    double level;    /* times the sign: what S must stay below */
    double log_sum;  /* of Σ p_i(level)² */
} end;

typedef struct lift { /* what S is beyond H'', by released vectors */
    double m[BASIN_KRYLOV_RELEASED * BASIN_KRYLOV_RELEASED];
} lift;

typedef struct chain { /* the second chain: vectors from `first` on */
    size_t first;
    double log_overlap, log_betas;
    end    ends[2];
} chain;

/* ------------------------------------------------------------------------------------------- the chain -- */

static double add_logs(double a, double b)
{
    return fmax(a, b) + log1p(exp(-fabs(a - b)));
}

/* +1: the chain proves that no eigenvalue of S is beyond the level; -1: one is; 0: not known yet. xi [n] are
   its Ritz values. */
static int judge(const chain *c, end *e, const double *xi, size_t n)
{
    double value = -c->log_betas;

    for (size_t i = 0; i < n; i++) {
        double distance = e->level - e->sign * xi[i];
        if (distance < 0.0) return -1;
        value += log(distance);
    }
    e->log_sum = add_logs(e->log_sum, 2.0 * value);
    return 2.0 * c->log_overlap + e->log_sum > 0.0 ? 1 : 0;
}

static basin_status judge_ends(basin_search *s, chain *c, int *verdict)
{
    basin_status        st = BASIN_OK;
    const basin_krylov *k = s->k;
    size_t              n = k->used - c->first;
    double             *xi = s->scratch + n * n;

    for (size_t a = 0; a < n; a++)
        for (size_t b = 0; b < n; b++)
            s->scratch[a * n + b] = basin_krylov_lifted(k, c->first + a, c->first + b);
    BASIN_TRY(basin_symmetric_eigen(s->scratch, n, xi));
    *verdict = 1;
    for (size_t i = 0; i < 2; i++) {
        int one = c->ends[i].wanted > 0 ? judge(c, &c->ends[i], xi, n) : 1;
        *verdict = one < *verdict ? one : *verdict;
    }
done:
    return st;
}

/* ---------------------------------------------------------------------------------------- what is kept -- */

static bool two_ends(const basin_search *s)
{
    return s->wanted.top > 0 && s->wanted.bottom > 0;
}

/* Of n neighbours of the innermost wanted pair `edge`, one after the other in the direction of `step`, those
 * to keep: H'' loses the distance to the next one, and the level the residual's square over the distance from
 * the edge. */
static size_t count_worthy(const basin_search *s, size_t edge, int step, size_t n)
{
    const double *ritz = s->k->ritz;
    size_t        count = 0;

    for (size_t i = edge; count + 1 < n; count++) {
        i = step > 0 ? i + 1 : i - 1;
        size_t next = step > 0 ? i + 1 : i - 1;
        double distance = fabs(ritz[edge] - ritz[i]) + basin_search_limit(s);
        double gain = fabs(ritz[i] - ritz[next]);
        double residual = basin_krylov_residual(s->k, i);
        if (residual * residual > WORTHY * distance * gain) break;
    }
    return count;
}

/* How many pairs beside the wanted ones the basis has room for during a second chain. */
static size_t room_beside(const basin_search *s)
{
    const size_t need = 2 * s->count + ROOM + s->k->held - s->k->used + 1;

    return s->k->rows > need ? s->k->rows - need : 0;
}

/* The wanted pairs and neighbours that are known well, as many as there is room for. Where vectors were
 * dropped without a trace residuals are not all known. */
static basin_ends choose_worthy(const basin_search *s)
{
    const basin_krylov *k = s->k;
    basin_ends          e = s->wanted;
    size_t              others = k->used - s->count, room = room_beside(s);

    if (k->untracked) return e;
    if (others > room) others = room;
    if (e.top > 0) e.top += count_worthy(s, k->used - e.top, -1, others);
    if (e.bottom > 0) e.bottom += count_worthy(s, s->wanted.bottom - 1, 1, others - (e.top - s->wanted.top));
    return e;
}

/* At one end alone: all pairs, or the nearest of them that there is room for. */
static basin_ends choose_near(const basin_search *s)
{
    basin_ends   e = s->wanted;
    const size_t others = s->k->used - s->count, room = room_beside(s), more = others < room ? others : room;

    if (e.top > 0)
        e.top += more;
    else
        e.bottom += more;
    return e;
}

/* ------------------------------------------------------------------------------------------ the levels -- */

/* The Ritz pair of rank q, counted from that end. */
static size_t ranked(const basin_search *s, const end *e, size_t q)
{
    return e->sign > 0.0 ? s->k->used - 1 - q : q;
}

/* By how much more than they lie outside of the innermost wanted pair their residuals lift the others. */
static double lift_between(const basin_search *s, const end *e)
{
    const double *ritz = s->k->ritz, limit = basin_search_limit(s);
    double        most = 0.0;

    for (size_t i = 0; i + 1 < e->wanted; i++) {
        double outer = e->sign * ritz[ranked(s, e, i)], sum = 0.0;
        for (size_t p = i; p + 1 < e->wanted; p++) {
            size_t at = ranked(s, e, p);
            sum += s->residuals[at] * s->residuals[at] / (limit + outer - e->sign * ritz[at]);
        }
        most = fmax(most, sum - (outer - e->sign * ritz[ranked(s, e, e->wanted - 1)]));
    }
    return most;
}

/* Step 2 at one end, of pairs that are all kept: the level, and where `more` is not NULL what S is beyond
   H''. Returns the norm of that, or an upper bound. */
static double set_level(const basin_search *s, end *e, lift *more)
{
    const basin_krylov *k = s->k;
    const double        edge = e->sign * k->ritz[ranked(s, e, e->wanted - 1)] + basin_search_limit(s);
    double              slack = lift_between(s, e), norm = 0.0;

    for (size_t q = e->wanted - 1; q < k->used; q++) {
        const size_t at = ranked(s, e, q);
        const double weight = 1.0 / (edge - e->sign * k->ritz[at]);
        const double rest = more != NULL ? basin_krylov_unfollowed(k, at) : s->residuals[at];
        slack += (more != NULL ? 1.0 + 1.0 / ETA : 1.0) * weight * rest * rest;
        for (size_t g = 0; more != NULL && g < k->released; g++)
            for (size_t h = 0; h < k->released; h++)
                more->m[g * BASIN_KRYLOV_RELEASED + h] += e->sign * (1.0 + ETA) * weight *
                                                          basin_krylov_along_released(k, at, g) *
                                                          basin_krylov_along_released(k, at, h);
    }
    e->level = edge - slack;
    for (size_t g = 0; more != NULL && g < k->released; g++)
        norm += fabs(more->m[g * BASIN_KRYLOV_RELEASED + g]) * k->left[g] * k->left[g];
    return norm;
}

/* Two ends with S made for the one whose level lies nearer to the pairs that are not known well, if the other
 * one still has more room; of all pairs, which are kept. */
static bool share_lift(const basin_search *s, chain *c, lift *out)
{
    const basin_krylov *k = s->k;
    const basin_ends    known = choose_worthy(s);
    lift                lifts[2] = {{{0}}, {{0}}};
    double              norms[2], room[2];

    if (k->used - s->count > room_beside(s) || known.top + known.bottom >= k->used) return false;
    for (size_t i = 0; i < 2; i++) {
        const end *e = &c->ends[i];
        norms[i] = set_level(s, &c->ends[i], &lifts[i]);
        room[i] = e->level - e->sign * k->ritz[ranked(s, e, i == 0 ? known.top : known.bottom)];
    }
    const size_t hard = room[0] < room[1] ? 0 : 1, other = 1 - hard;
    c->ends[other].level -= norms[0] + norms[1];
    *out = lifts[hard];
    return room[other] - norms[0] - norms[1] >= room[hard];
}

/* log t of step 3 for z in n dimensions, by step 5. */
static double log_overlap(const basin_search *s, size_t n)
{
    const double v = (double)s->verifications, share = v > 1.0 ? (1.0 - FIRST) / (v * (v - 1.0)) : FIRST;

    return log(sqrt(0.5 * M_PI / (double)n) * share / (MISSES * (two_ends(s) ? 2.0 : 1.0)));
}

static void open_ends(const basin_search *s, chain *c)
{
    c->ends[0] = (end){.wanted = s->wanted.top, .sign = 1.0};
    c->ends[1] = (end){.wanted = s->wanted.bottom, .sign = -1.0};
}

static basin_status know_pairs(basin_search *s)
{
    basin_status st = BASIN_OK;

    BASIN_TRY(basin_krylov_ritz(s->k));
    for (size_t i = 0; i < s->k->used; i++) s->residuals[i] = basin_krylov_residual(s->k, i);
done:
    return st;
}

/* Step 4: all pairs and S of one end, or pairs that are known well and H''. */
static basin_status begin_two(basin_search *s, chain *c)
{
    basin_status st = BASIN_OK;
    lift         more = {{0}};

    open_ends(s, c);
    BASIN_TRY(know_pairs(s));
    if (share_lift(s, c, &more)) {
        basin_krylov_lift(s->k, more.m);
        goto done;
    }
    BASIN_TRY(basin_search_keep(s, choose_worthy(s)));
    open_ends(s, c);
    BASIN_TRY(know_pairs(s));
    for (size_t i = 0; i < 2; i++) set_level(s, &c->ends[i], NULL);
done:
    return st;
}

static basin_status begin_one(basin_search *s, chain *c)
{
    basin_status st = BASIN_OK;
    lift         more = {{0}};

    BASIN_TRY(basin_search_keep(s, choose_near(s)));
    open_ends(s, c);
    BASIN_TRY(know_pairs(s));
    set_level(s, &c->ends[s->wanted.top > 0 ? 0 : 1], &more);
    basin_krylov_lift(s->k, more.m);
done:
    return st;
}

/* Steps 1 and 2: the basis holds the pairs kept and z. */
static basin_status begin(basin_search *s, chain *c)
{
    basin_status  st = BASIN_OK;
    basin_krylov *k = s->k;

    basin_krylov_release(k, k->held - k->used);
    BASIN_TRY(two_ends(s) ? begin_two(s, c) : begin_one(s, c));
    c->log_overlap = k->untracked ? -INFINITY : log_overlap(s, k->size - k->held);
    c->first = k->used;
    BASIN_TRY(basin_krylov_add_random(k));
done:
    return st;
}

/* The steps that the proof takes in all if it goes on as it did: the logarithms of step 3 grow by about as
   much with each. */
static double foreseen(const chain *c, size_t steps)
{
    double most = 0.0;

    for (size_t i = 0; i < 2; i++)
        if (c->ends[i].wanted > 0) most = fmax(most, -2.0 * c->log_overlap / c->ends[i].log_sum);
    return (double)steps * most;
}

basin_status basin_search_verify(basin_search *s, int *verdict)
{
    basin_status  st = BASIN_OK;
    basin_krylov *k = s->k;
    const size_t  steps = s->count + ROOM;
    chain         c = {0};

    s->verifications++;
    BASIN_TRY(begin(s, &c));
    *verdict = 0;
    for (size_t i = 0; *verdict == 0 && !basin_search_spent(s) && basin_krylov_has_room(k); i++) {
        if (i >= steps && !(foreseen(&c, i) <= LONGER * (double)steps)) break;
        BASIN_TRY(basin_search_step(s, k->held - k->used - 1));
        c.log_betas += log(fmax(k->beta, 10.0 * k->epsilon * k->norm));
        BASIN_TRY(judge_ends(s, &c, verdict));
        if (k->beta == 0.0) break;
    }
done:
    basin_krylov_lift(k, NULL);
    return st;
}

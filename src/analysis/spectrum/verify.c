/* Is an eigenvalue missing among the wanted ones that a Krylov space has given? A second chain, from a random
 * vector, proves that none is.
 *
 * A single vector's Krylov space holds one copy of a repeated eigenvalue, and copies that rounding brings in
 * hide in its half-converged part.
 *
 * Method
 *   1. Keep the wanted pairs and neighbours that are known well, D, and start a second chain from a random
 *      vector z orthogonal to them: Lanczos with H'' = H within that complement. The candidates of before are
 *      released (krylov.h), so residuals stay known.
 *   2. Let H'' < ν. Then H <= [Θ R; Rᵀ ν] in the order of symmetric matrices (Loewner), with R, in columns,
 *      what H d has beyond D; so no eigenvalue of H that counts as the i-th is above that of this matrix,
 *      which is at most l = θ_i + tolerance ‖H‖ where ν <= l - Σ r_k²/(l - θ_k) over the d_k with θ_k < l
 *      (Schur complement; inertia adds). The least of these for the wanted θ_i is the level that H'' must not
 *      reach. A neighbour costs its summand, and takes an eigenvalue from H''. For the lower end the same
 *      with signs turned.
 *   3. After s steps with betas b_i and Ritz values ξ_i, any eigenvalue λ'' of H'' whose unit eigenvector has
 *      |u·z| >= t satisfies t Π |λ'' - ξ_i| <= Π b_i, since the left side is at most ‖p(H'') z‖ with p(x) = Π
 *      (x - ξ_i), and the right side is equal to that (van Dorsselaer, Hochstenbach & van der Vorst 2000).
 *      The left side grows beyond the ξ_i; once it is the larger at the level, none lies there, but for a
 *      chance: |u·z| < t has probability at most t √(2n/π) in n dimensions, and z knows nothing of H'', which
 *      was fixed before; u belongs to the outermost eigenvalue, so it does not matter how many there are, nor
 *      after how many steps one looks. Without that proof the chain ends after count + ROOM steps.
 *   4. A search may verify several times, each time with a fresh z, and at two ends. That any of these proofs
 *      is wrong has at most one chance in MISSES: the v-th takes 1/(v (v + 1)) of it, which sums to 1, in
 *      equal parts for the ends.
 *   5. Where vectors were dropped without a trace, R is not known, and nothing is proven.
 *
 * Reference: J. van Dorsselaer, M. Hochstenbach, H. van der Vorst, Computing probabilistic bounds for extreme
 * eigenvalues of symmetric matrices with the Lanczos method, SIAM J. Matrix Anal. Appl. 22(3), 2000.
 */
#include <math.h>

#include "analysis/spectrum/search.h"
#include "core/linalg.h"

#define ROOM 20 /* steps beyond the number of wanted pairs that a verification takes at most */
/* one chance in so many at most that an eigenvalue is overlooked and the search says that none is */
#define MISSES 1e4
#define WORTHY 0.1 /* a pair beside the wanted ones is kept where it costs at most so much of what it gains */

typedef struct chain { /* the second chain: vectors from `first` on */
    size_t first;
    double log_overlap, log_betas, lowest, highest; /* the levels that H'' must not reach */
} chain;

/* +1: the chain proves that no eigenvalue of H'' is beyond, in the direction of `sign`; -1: one is; 0: not
   known yet. xi [n] are its Ritz values. */
static int judge(const chain *c, const double *xi, size_t n, double beyond, double sign)
{
    double left = c->log_overlap;

    for (size_t i = 0; i < n; i++) {
        double distance = sign * (beyond - xi[i]);
        if (distance < 0.0) return -1;
        left += log(distance);
    }
    return left > c->log_betas ? 1 : 0;
}

static basin_status judge_ends(basin_search *s, const chain *c, int *verdict)
{
    basin_status        st = BASIN_OK;
    const basin_krylov *k = s->k;
    size_t              n = k->used - c->first;
    double             *xi = s->scratch + n * n;

    for (size_t a = 0; a < n; a++)
        for (size_t b = 0; b < n; b++) s->scratch[a * n + b] = k->m[(c->first + a) * k->rows + c->first + b];
    BASIN_TRY(basin_symmetric_eigen(s->scratch, n, xi));
    *verdict = 1;
    if (s->wanted.top > 0) *verdict = judge(c, xi, n, c->highest, 1.0);
    if (s->wanted.bottom > 0 && *verdict >= 0) {
        int bottom = judge(c, xi, n, c->lowest, -1.0);
        *verdict = bottom < *verdict ? bottom : *verdict;
    }
done:
    return st;
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
        if (s->residuals[i] * s->residuals[i] > WORTHY * distance * gain) break;
    }
    return count;
}

/* What of the first chain stays for the second. Needs the residuals; where vectors were dropped without a
 * trace they are not all known, and where memory is short there is no room. */
static basin_ends choose_kept(const basin_search *s)
{
    const basin_krylov *k = s->k;
    basin_ends          e = s->wanted;
    size_t              need = 2 * s->count + ROOM + k->held - k->used + 1, others = k->used - s->count;
    size_t              room = k->rows > need ? k->rows - need : 0;

    if (k->untracked) return e;
    if (others > room) others = room;
    if (e.top > 0) e.top += count_worthy(s, k->used - e.top, -1, others);
    if (e.bottom > 0) e.bottom += count_worthy(s, s->wanted.bottom - 1, 1, others - (e.top - s->wanted.top));
    return e;
}

/* The level that H'' must not reach in the direction of `sign`: the bound of step 2. Pairs `first` to `end`
 * are wanted at that end, those below `low` and from `high` on are kept. */
static double level_for(const basin_search *s, size_t first, size_t end, size_t low, size_t high, double sign)
{
    const double *ritz = s->k->ritz;
    double        least = INFINITY;

    for (size_t i = first; i < end; i++) {
        double level = sign * ritz[i] + basin_search_limit(s), sum = level;
        for (size_t p = 0; p < s->k->used; p++) {
            double distance = level - sign * ritz[p];
            if ((p < low || p >= high) && distance > 0.0) sum -= s->residuals[p] * s->residuals[p] / distance;
        }
        least = fmin(least, sum);
    }
    return sign * least;
}

/* log t of step 3 for z in n dimensions, by steps 4 and 5. */
static double log_overlap(const basin_search *s, size_t n)
{
    double v = (double)s->verifications, ends = s->wanted.top > 0 && s->wanted.bottom > 0 ? 2.0 : 1.0;

    return log(sqrt(0.5 * M_PI / (double)n) / (MISSES * ends * v * (v + 1.0)));
}

basin_status basin_search_verify(basin_search *s, int *verdict)
{
    basin_status  st = BASIN_OK;
    basin_krylov *k = s->k;
    size_t        steps = s->count + ROOM, used = k->used;
    chain         c = {0};
    basin_ends    kept;
    bool          known = !k->untracked;

    s->verifications++;
    for (size_t i = 0; i < used; i++) s->residuals[i] = basin_krylov_residual(k, i);
    kept = choose_kept(s);
    c.highest = level_for(s, used - s->wanted.top, used, kept.bottom, used - kept.top, 1.0);
    c.lowest = level_for(s, 0, s->wanted.bottom, kept.bottom, used - kept.top, -1.0);
    BASIN_TRY(basin_search_keep(s, kept));
    basin_krylov_release(k, k->held - k->used);
    c.log_overlap = known ? log_overlap(s, k->size - k->held) : -INFINITY;
    c.first = k->used;
    BASIN_TRY(basin_krylov_add_random(k));
    *verdict = 0;
    for (size_t i = 0; i < steps && *verdict == 0 && !basin_search_spent(s) && basin_krylov_has_room(k);
         i++) {
        BASIN_TRY(basin_search_step(s, k->held - k->used - 1));
        c.log_betas += log(fmax(k->beta, 10.0 * k->epsilon * k->norm));
        BASIN_TRY(judge_ends(s, &c, verdict));
        if (k->beta == 0.0) break;
    }
done:
    return st;
}

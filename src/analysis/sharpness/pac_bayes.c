/* How much noise the weights stand: the largest standard deviation sigma at which the accuracy falls by no
 * more than 0.1 on average.
 *
 *     pac_bayes           theta + sigma z,                              z ~ N(0, I)
 *     adaptive_pac_bayes  theta + √((sigma theta_i)² + ε²) z_i,  ε = 1e-3
 *
 * (Y. Jiang, B. Neyshabur, H. Mobahi, D. Krishnan & S. Bengio, «Fantastic generalization measures and where
 * to find them», arXiv:1912.02178, appendix on PAC-Bayes bounds; flatness is 1/sigma².) sigma is a standard
 * deviation: where it is handed to a generator as a variance, what comes out is √sigma.
 *
 * Method
 *   1. The fall of the accuracy is averaged over n draws, the same for every sigma, so that its mean is one
 *      function of sigma; it has a standard error at each.
 *   2. From 2^-14 upwards by factors of 2, up to the first sigma where the mean, and then mean ± t times its
 *      standard error, exceed 0.1: not any crossing, the first.
 *   3. Each of the three brackets is bisected (9 times, to 1.4e-3 relative).
 * The value is where the mean crosses; the interval from where mean + t s does to where mean − t s does
 * carries the error of the draws and what is left of the brackets. It is of these samples: accuracy is of N
 * of them.
 *
 * An accuracy of a loss that is not finite is none, and then there is no sigma.
 */
#include <math.h>

#include "analysis/sharpness/sharpness.h"
#include "core/memory.h"
#include "core/progress.h"
#include "core/random.h"

enum { CURVES = 3, OCTAVES = 20, ROUNDS = 9 };

static const double FALL = 0.1, LEAST = 0x1p-14, FLOOR = 1e-3;
/* How many half-widths are added to the mean, by curve: the value, the lower and the upper end. */
static const double sides[CURVES] = {0.0, 1.0, -1.0};

typedef struct hunt {
    const basin_sharpening *task;
    basin_sharpness_row    *row;
    bool                    adaptive;
    double                 *z, *x;                        /* [P] */
    double                  below[CURVES], above[CURVES]; /* brackets; above = INFINITY while there is none */
    size_t                  not_finite;
} hunt;

static double deviation(const hunt *h, size_t i, double sigma)
{
    return h->adaptive ? hypot(sigma * h->task->point->theta[i], FLOOR) : sigma;
}

/* The fall of the accuracy at each of `count` sigmas, over all draws. */
static basin_status falls_at(hunt *h, const double *sigma, size_t count, basin_running *out)
{
    basin_status  st = BASIN_OK;
    const double *theta = h->task->point->theta;
    basin_random  random = basin_random_start(h->task->options->seed, BASIN_STREAM_SHARPNESS_DRAWS);
    basin_loss    loss;

    for (size_t d = 0; d < h->task->draws; d++) {
        BASIN_TRY(basin_progress_report("draws", (double)d, (double)h->task->draws));
        basin_random_normals(&random, h->z, h->task->point->size);
        for (size_t k = 0; k < count; k++) {
            for (size_t i = 0; i < h->task->point->size; i++)
                h->x[i] = theta[i] + deviation(h, i, sigma[k]) * h->z[i];
            BASIN_TRY(basin_sharpening_loss(h->task, h->x, h->row, &loss));
            basin_running_add(&out[k], h->task->accuracy - basin_loss_accuracy(&loss));
        }
    }
done:
    return st;
}

static double curve_at(const basin_running *r, int curve)
{
    return r->mean + sides[curve] * basin_student_t975(r->count - 1) * basin_running_error(r);
}

/* Does every curve have its bracket, or none of its values? */
static bool bracketed(const hunt *h)
{
    for (int c = 0; c < CURVES; c++)
        if (!isfinite(h->above[c])) return false;
    return true;
}

/* Step 2. */
static basin_status bracket(hunt *h)
{
    basin_status st = BASIN_OK;

    for (int c = 0; c < CURVES; c++) h->below[c] = 0.0, h->above[c] = INFINITY;
    for (int k = 0; k <= OCTAVES && !bracketed(h) && h->not_finite == 0; k++) {
        const double  sigma = LEAST * pow(2.0, k);
        basin_running r = {0};
        BASIN_TRY(falls_at(h, &sigma, 1, &r));
        h->not_finite = r.not_finite;
        for (int c = 0; c < CURVES && r.not_finite == 0; c++) {
            if (isfinite(h->above[c])) continue;
            *(curve_at(&r, c) > FALL ? &h->above[c] : &h->below[c]) = sigma;
        }
    }
done:
    return st;
}

/* The middles of the brackets that there are, each once; of[c] is the place of curve c's, or BASIN_NONE. */
static size_t middles(const hunt *h, double *sigma, size_t *of)
{
    size_t count = 0;

    for (int c = 0; c < CURVES; c++) {
        const double middle = sqrt(h->below[c] * h->above[c]);
        of[c] = BASIN_NONE;
        if (!(h->below[c] > 0.0) || !isfinite(h->above[c])) continue;
        for (of[c] = 0; of[c] < count && sigma[of[c]] != middle;) of[c]++;
        if (of[c] == count) sigma[count++] = middle;
    }
    return count;
}

/* Step 3. */
static basin_status bisect(hunt *h)
{
    basin_status st = BASIN_OK;

    for (int round = 0; round < ROUNDS && h->not_finite == 0; round++) {
        double        sigma[CURVES];
        size_t        of[CURVES];
        basin_running r[CURVES] = {{0}};
        BASIN_TRY(falls_at(h, sigma, middles(h, sigma, of), r));
        for (int c = 0; c < CURVES; c++) {
            if (of[c] == BASIN_NONE) continue;
            h->not_finite += r[of[c]].not_finite;
            *(curve_at(&r[of[c]], c) > FALL ? &h->above[c] : &h->below[c]) = sigma[of[c]];
        }
    }
done:
    return st;
}

static basin_status tell(const hunt *h)
{
    basin_sharpness_row *row = h->row;
    const double         most = LEAST * pow(2.0, OCTAVES);

    row->draws = h->task->draws, row->not_finite = h->not_finite;
    if (h->not_finite > 0)
        return basin_sharpness_lacks(
            row, "%zu draws have no finite loss before the accuracy has fallen by %g", h->not_finite, FALL);
    if (!(h->below[0] > 0.0))
        return basin_sharpness_lacks(row, "the accuracy falls by more than %g already at %.2g", FALL, LEAST);
    if (!isfinite(h->above[0]))
        return basin_sharpness_lacks(row, "the accuracy falls by no more than %g up to %g", FALL, most);
    row->value = sqrt(h->below[0] * h->above[0]);
    row->lower = h->below[1] > 0.0 ? h->below[1] : (double)NAN;
    row->upper = isfinite(h->above[2]) ? h->above[2] : (double)NAN;
    return basin_sharpness_say(row, "%zu draws", row->draws);
}

static basin_status find(const basin_sharpening *task, bool adaptive, basin_sharpness_row *row)
{
    basin_status st = BASIN_OK;
    hunt         h = {.task = task, .row = row, .adaptive = adaptive};

    if (isnan(task->accuracy)) return basin_sharpness_lacks(row, "this loss has no accuracy");
    BASIN_ALLOC(h.z, task->point->size, "a draw");
    BASIN_ALLOC(h.x, task->point->size, "a point");
    BASIN_TRY(bracket(&h));
    if (h.below[0] > 0.0 && isfinite(h.above[0])) BASIN_TRY(bisect(&h));
    BASIN_TRY(tell(&h));
done:
    basin_free(h.z);
    basin_free(h.x);
    return st;
}

basin_status basin_sharpness_by_pac_bayes(const basin_sharpening *task, basin_sharpness_row *rows,
                                          size_t count)
{
    (void)count;
    return find(task, false, rows);
}

/* About a dozen octaves up to the crossings are walked, then three brackets halved. */
void basin_sharpness_cost_pac_bayes(const basin_sharpening *task, size_t count, basin_cost *cost)
{
    (void)count;
    if (!isnan(task->accuracy)) cost->losses += task->draws * (OCTAVES + CURVES * ROUNDS);
}

basin_status basin_sharpness_by_adaptive_pac_bayes(const basin_sharpening *task, basin_sharpness_row *rows,
                                                   size_t count)
{
    (void)count;
    return find(task, true, rows);
}

void basin_sharpness_cost_adaptive_pac_bayes(const basin_sharpening *task, size_t count, basin_cost *cost)
{
    basin_sharpness_cost_pac_bayes(task, count, cost);
}

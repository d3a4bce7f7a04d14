/* Of 16 samples side by side at each position; exponentials in real, everything after them and the sums in
 * double in both precisions. w_c = 1 without weights.
 *
 *   softmax cross-entropy over C classes, label smoothing e (as PyTorch: Σ_i l_i / Σ_i w_t of the targets t_i
 *       that count): q_c = (1 - e) w_t [c = t] + e/C w_c, s = Σ q_c = (1 - e) w_t + e mean w l = s log Σ exp
 *       y_c - Σ q_c y_c, ∂l = s p - q, ∂²l d = s (p∘d - p (p·d)), p = softmax y a target that is the ignore
 *       index has q = 0
 *   binary cross-entropy with logits, weights w of the term with t, mean over elements: l = -w t log σ(y) -
 *       (1 - t) log(1 - σ(y)) = m y + v log(1 + exp(-|y|)), v = w t + 1 - t, m = 1 - t where y > 0, else -w t
 *       ∂l = v σ(y) - w t = m ∓ v σ(-|y|), ∂²l = v σ (1 - σ)
 *   mean squared error, mean over elements:
 *       l = (y - t)²,   ∂l = 2 (y - t),   ∂²l = 2
 *
 * s and v are 1 to the last bit where all weights are, so that weights of 1 change no result. With top = max
 * y at class m, log Σ exp y_c = top + log1p(r), r = Σ_{c≠m} exp(y_c - top): small losses keep their digits.
 * Of samples of the same s one logarithm serves all: Σ log(1 + r_i) = log Π (1 + r_i), where (1 + a)(1 + b) =
 * 1 + (a + b + a b) adds what is not negative, so that no digit is lost; of 16 factors up to C none
 * overflows.
 *
 * The curvature of cross-entropy is kept as u = s p: since Σ p = 1, ∂²l d = u∘(d - p·d) with p = u / Σ u.
 * Where a sample is sure of its class, what is left of d there is far below d's last digit: so the mean is
 * taken once more, of d less the first one, which a common shift does not change.
 *
 * What does not count (the ignore index, and lanes beyond the last sample) is cut out of loss and adjoints by
 * its bits, not multiplied by 0: whatever stands there.
 */
#include "engine/objective/chunk_loss.h"

#include "engine/kernels/elementary.h"
#include "engine/kernels/vector_math.h"

enum { PIECE = 128 }; /* elements whose exponentials are at hand at a time */

/* --------------------------------------------------------------------------------------------- doubles -- */

enum { WIDE = VECTOR_BYTES / sizeof(double) };

typedef double wide __attribute__((vector_size(VECTOR_BYTES), aligned(sizeof(double)), may_alias));
/* all bits or none in each, or a number's */
typedef int64_t   wide_mask __attribute__((vector_size(VECTOR_BYTES), aligned(sizeof(int64_t)), may_alias));
typedef real      narrow __attribute__((vector_size(WIDE * sizeof(real)), aligned(sizeof(real)), may_alias));
typedef real_bits narrow_bits
    __attribute__((vector_size(WIDE * sizeof(real_bits)), aligned(sizeof(real_bits)), may_alias));

INLINE wide wide_load(const double *from)
{
    return *(const wide *)(const void *)from;
}

INLINE wide_mask widen_bits(const real_bits *from)
{
    return __builtin_convertvector(*(const narrow_bits *)(const void *)from, wide_mask);
}

INLINE wide widen(const real *from)
{
    return __builtin_convertvector(*(const narrow *)(const void *)from, wide);
}

INLINE void narrow_store(real *to, wide value)
{
    *(narrow *)(void *)to = __builtin_convertvector(value, narrow);
}

/* value where the mask is set, else 0. */
INLINE wide only(wide_mask mask, wide value)
{
    return (wide)(mask & (wide_mask)value);
}

INLINE void add_only(double *to, wide_mask mask, wide value)
{
    *(wide *)(void *)to += only(mask, value);
}

static double sum_of_lanes(const double *x)
{
    double sum = 0.0;

    for (size_t l = 0; l < BASIN_LANES; l++) sum += x[l];
    return sum;
}

/* --------------------------------------------------------------------------------------------- weights -- */

static double weight_of(const basin_loss_spec *loss, size_t c)
{
    return loss->weight_count > 0 ? loss->weights[c] : 1.0;
}

static bool counts(const basin_loss_spec *loss, int64_t target)
{
    return !loss->ignores || target != loss->ignore_index;
}

double basin_loss_weight(const basin_loss_spec *loss, const basin_batch *batch, size_t width)
{
    double weight = 0.0;

    if (loss->kind != BASIN_LOSS_SOFTMAX_CROSS_ENTROPY) return (double)batch->count * (double)width;
    for (size_t i = 0; i < batch->count * batch->positions; i++)
        if (counts(loss, batch->classes[i])) weight += weight_of(loss, (size_t)batch->classes[i]);
    return weight;
}

static double mean_weight(const basin_loss_spec *loss, size_t classes)
{
    double sum = 0.0;

    for (size_t c = 0; c < classes; c++) sum += weight_of(loss, c);
    return sum / (double)classes;
}

/* -------------------------------------------------------------------------------------- cross-entropy -- */

typedef struct softmax { /* what all positions share */
    const basin_loss_spec *loss;
    size_t                 classes;
    double                 share;     /* e/C: q is share w_c on class c, and more on the target */
    double                 smoothing; /* e mean w */
    double                 inverse;   /* of the normaliser */
} softmax;

typedef struct targets { /* of one position of 16 samples */
    size_t count;        /* those that count */
    bool   alike;        /* they have the same s: */
    double same;
    real_bits class[BASIN_LANES];  /* -1: does not count */
    double on_target[BASIN_LANES]; /* (1 - e) w_t, or 0 */
    double all[BASIN_LANES];       /* s, or 0 */
} targets;

static void find_targets(const softmax *s, const basin_batch *batch, size_t group, size_t token, targets *t)
{
    const size_t first = group * BASIN_LANES, there = basin_least(BASIN_LANES, batch->count - first);
    const double rest = 1.0 - s->loss->label_smoothing;

    t->count = 0;
    t->alike = true;
    t->same = 0.0;
    for (size_t l = 0; l < BASIN_LANES; l++) {
        const int64_t class = l < there ? batch->classes[(first + l) * batch->positions + token] : 0;
        const bool counted = l < there && counts(s->loss, class);
        t->class[l] = counted ? (real_bits) class : -1;
        t->on_target[l] = counted ? rest * weight_of(s->loss, (size_t) class) : 0.0;
        t->all[l] = counted ? t->on_target[l] + s->smoothing : 0.0;
        if (!counted) continue;
        if (t->count++ == 0) t->same = t->all[l];
        t->alike = t->alike && t->all[l] == t->same;
    }
}

typedef struct scores { /* of one position of 16 samples */
    real      top[BASIN_LANES];
    real_bits best[BASIN_LANES];      /* the first class that has it */
    real      on_target[BASIN_LANES]; /* y of the target */
    double    rest[BASIN_LANES];      /* r */
} scores;

static void find_scores(const real *y, size_t classes, const targets *t, scores *found)
{
    for (size_t part = 0; part < BASIN_LANES; part += VECTOR) {
        const vector_mask target = *(const vector_mask *)(const void *)(t->class + part);
        vector            top = vector_load(y + part), on_target = top;
        vector_mask       best = {0}, here = {0};
        for (size_t c = 1; c < classes; c++) {
            const vector      x = vector_load(y + c * BASIN_LANES + part);
            const vector_mask above = x > top;
            here += 1;
            top = vector_choose(above, x, top);
            best = (above & here) | (~above & best);
            on_target = vector_choose(target == here, x, on_target);
        }
        vector_store(found->top + part, top);
        vector_store(found->on_target + part, on_target);
        *(vector_mask *)(void *)(found->best + part) = best;
    }
}

/* e [n, LANES] = exp(y - top). */
static void exponentials(const real *y, size_t n, const real *top, real *e)
{
    for (size_t part = 0; part < BASIN_LANES; part += VECTOR) {
        const vector peak = vector_load(top + part);
        for (size_t c = 0; c < n; c++)
            vector_store(e + c * BASIN_LANES + part,
                         vector_exp(vector_load(y + c * BASIN_LANES + part) - peak));
    }
}

/* To r of each sample the exponentials of classes [first, first + n) but the best one's. */
static void add_rest(const real *e, size_t first, size_t n, scores *found)
{
    for (size_t at = 0; at < BASIN_LANES; at += WIDE) {
        const wide_mask best = widen_bits(found->best + at);
        wide            sum = wide_load(found->rest + at);
        for (size_t c = 0; c < n; c++)
            sum += only(best != (int64_t)(first + c), widen(e + c * BASIN_LANES + at));
        *(wide *)(void *)(found->rest + at) = sum;
    }
}

/* Σ s log1p(r) of the samples that count. */
static double sum_of_logarithms(const targets *t, const double *rest)
{
    double sum = 0.0, product[BASIN_LANES]; /* less 1 */

    for (size_t l = 0; l < BASIN_LANES && !t->alike; l++)
        if (t->class[l] >= 0) sum += t->all[l] * log1p(rest[l]);
    if (!t->alike) return sum;
    for (size_t l = 0; l < BASIN_LANES; l++) product[l] = t->class[l] >= 0 ? rest[l] : 0.0;
    for (size_t n = BASIN_LANES / 2; n > 0; n /= 2)
        for (size_t l = 0; l < n; l++) product[l] += product[l + n] + product[l] * product[l + n];
    return t->same * log1p(product[0]);
}

/* Σ q_c (y_c - top) of the samples that count; where q is 0, y may be anything. */
static double sum_of_targets(const softmax *s, const targets *t, const real *y, const scores *found)
{
    double sum = 0.0;

    for (size_t at = 0; at < BASIN_LANES; at += WIDE) {
        const wide top = widen(found->top + at);
        wide       dot = wide_load(t->on_target + at) * (widen(found->on_target + at) - top);
        for (size_t c = 0; c < s->classes && s->share != 0.0; c++)
            dot += s->share * weight_of(s->loss, c) * (widen(y + c * BASIN_LANES + at) - top);
        dot = only(widen_bits(t->class + at) >= 0, dot);
        for (size_t l = 0; l < WIDE; l++) sum += dot[l];
    }
    return sum;
}

/* Adjoints and curvatures (or NULL) of classes [first, first + n). At the best class s p = s - s r / (1 + r):
   sure samples keep their digits. */
static void add_derivatives(const softmax *s, const targets *t, const scores *found, const real *e,
                            size_t first, size_t n, real *a, real *u)
{
    for (size_t at = 0; at < BASIN_LANES; at += WIDE) {
        const wide_mask class = widen_bits(t->class + at), counted = class >= 0,
                        best = widen_bits(found->best + at);
        const wide all = wide_load(t->all + at), on_target = wide_load(t->on_target + at),
                   rest = wide_load(found->rest + at), scale = all / (1.0 + rest);
        for (size_t c = 0; c < n; c++) {
            const wide_mask is_target = class == (int64_t)(first + c), is_best = best == (int64_t)(first + c);
            const wide      p = scale * widen(e + c * BASIN_LANES + at);
            const double    q = s->share != 0.0 ? s->share * weight_of(s->loss, first + c) : 0.0;
            const wide beyond = (only(is_best, all) + only(~is_best, p)) - q - only(is_target, on_target);
            narrow_store(a + c * BASIN_LANES + at,
                         only(counted, (beyond - only(is_best, scale * rest)) * s->inverse));
            if (u != NULL) narrow_store(u + c * BASIN_LANES + at, only(counted, p * s->inverse));
        }
    }
}

/* One position of 16 samples: y, a, u [classes, LANES]. */
static void cross_entropy(const softmax *s, const targets *t, const real *y, basin_loss *total, real *a,
                          real *u)
{
    /* of one piece of the classes: usually there is one */
    real   e[PIECE * BASIN_LANES] __attribute__((aligned(64)));
    scores found = {.rest = {0.0}};

    find_scores(y, s->classes, t, &found);
    for (size_t c = 0; c < s->classes; c += PIECE) {
        const size_t n = basin_least(PIECE, s->classes - c);
        exponentials(y + c * BASIN_LANES, n, found.top, e);
        add_rest(e, c, n, &found);
    }
    total->sum += sum_of_logarithms(t, found.rest) - sum_of_targets(s, t, y, &found);
    total->count += t->count;
    for (size_t l = 0; l < BASIN_LANES; l++) total->correct += found.best[l] == t->class[l];
    for (size_t c = 0; a != NULL && c < s->classes; c += PIECE) {
        const size_t n = basin_least(PIECE, s->classes - c), at = c * BASIN_LANES;
        if (s->classes > PIECE) exponentials(y + at, n, found.top, e);
        add_derivatives(s, t, &found, e, c, n, a + at, u != NULL ? u + at : NULL);
    }
}

static void cross_entropies(const basin_loss_spec *loss, const basin_batch *batch, const real *y,
                            size_t classes, basin_loss *total, real *a, real *slope)
{
    const double  e = loss->label_smoothing;
    const softmax s = {loss, classes, e / (double)classes, e * mean_weight(loss, classes),
                       1.0 / batch->weight};

    for (size_t group = 0; group * BASIN_LANES < batch->count; group++)
        for (size_t token = 0; token < batch->positions; token++) {
            const size_t at = (group * batch->positions + token) * classes * BASIN_LANES;
            targets      t;
            find_targets(&s, batch, group, token, &t);
            cross_entropy(&s, &t, y + at, total, a != NULL ? a + at : NULL,
                          slope != NULL ? slope + at : NULL);
        }
}

/* p·(d - shift) */
INLINE vector mean_beyond(vector shift, size_t classes, vector inverse, const real *u, const real *d)
{
    vector sum = {0};

    for (size_t l = 0; l < classes * BASIN_LANES; l += BASIN_LANES)
        sum += vector_load(u + l) * (vector_load(d + l) - shift);
    return sum * inverse;
}

/* ad = u∘(d - p·d), p = u / Σ u, of one position for one vector. */
INLINE void softmax_dot(size_t classes, vector inverse, const real *u, const real *d, real *ad)
{
    const vector mean = mean_beyond(vector_of(0), classes, inverse, u, d),
                 rest = mean_beyond(mean, classes, inverse, u, d);

    for (size_t l = 0; l < classes * BASIN_LANES; l += BASIN_LANES)
        vector_store(ad + l, vector_load(u + l) * (vector_load(d + l) - mean - rest));
}

/* [groups, k, positions, C, LANES]: the positions of one group lie together for each vector. */
static void cross_entropies_dot(const basin_batch *batch, size_t k, size_t classes, const real *slope,
                                const real *d, real *ad)
{
    const size_t positions = batch->positions, stride = classes * BASIN_LANES;

    for (size_t group = 0; group * BASIN_LANES < batch->count; group++)
        for (size_t token = 0; token < positions; token++)
            for (size_t part = 0; part < BASIN_LANES; part += VECTOR) {
                const real *u = slope + (group * positions + token) * stride + part;
                vector      all = {0};
                for (size_t l = 0; l < stride; l += BASIN_LANES) all += vector_load(u + l);
                const vector inverse = vector_choose(all == 0, vector_of(0), 1 / all);
                for (size_t v = 0; v < k; v++) {
                    const size_t at = ((group * k + v) * positions + token) * stride + part;
                    softmax_dot(classes, inverse, u, d + at, ad + at);
                }
            }
}

/* ----------------------------------------------------------------------------- means over all elements -- */

typedef struct element {            /* of 16 samples */
    real_bits counted[BASIN_LANES]; /* all bits or none */
    double    target[BASIN_LANES];
} element;

/* Empty lanes repeat the last sample. */
static void find_element(const basin_batch *batch, size_t group, size_t j, size_t width, element *of)
{
    for (size_t l = 0, sample = group * BASIN_LANES; l < BASIN_LANES; l++, sample++) {
        of->counted[l] = -(real_bits)(sample < batch->count);
        of->target[l] = (double)batch->values[basin_least(sample, batch->count - 1) * width + j];
    }
}

/* some elements of 16 samples: log(1 + exp(-|y|)) and σ(-|y|), both of which the kernel knows to their last
   digits */
typedef struct logits {
    real rest[PIECE * BASIN_LANES], small[PIECE * BASIN_LANES];
} logits;

static void find_logits(const real *y, size_t n, logits *found)
{
    for (size_t l = 0; l < n * BASIN_LANES; l += VECTOR)
        vector_store(found->rest + l, -magnitude(vector_load(y + l)));
    basin_math_softplus(0, found->rest, n * BASIN_LANES, found->rest, found->small, NULL);
}

/* Element j of 16 samples whose weight is w; adds to sum [LANES]. m is the slope far out on y's side: no
   large numbers cancel. */
static void binary_cross_entropy(const element *of, double w, double inverse, const real *y, const real *rest,
                                 const real *small, double *sum, real *a, real *slope)
{
    for (size_t at = 0; at < BASIN_LANES; at += WIDE) {
        const wide_mask counted = widen_bits(of->counted + at);
        const wide      u = widen(y + at), s = widen(small + at), target = wide_load(of->target + at),
                   hit = w * target, v = hit + (1.0 - target);
        const wide_mask positive = u > 0.0;
        const wide      m = only(positive, 1.0 - target) - only(~positive, hit);
        add_only(sum + at, counted, m * u + v * widen(rest + at));
        if (a != NULL)
            narrow_store(a + at, only(counted, (m + v * (only(~positive, s) - only(positive, s))) * inverse));
        if (slope != NULL) narrow_store(slope + at, only(counted, v * s * (1.0 - s) * inverse));
    }
}

static size_t count_correct(const element *of, const real *y)
{
    size_t correct = 0;

    for (size_t l = 0; l < BASIN_LANES; l++) correct += of->counted[l] && (y[l] > 0) == (of->target[l] > 0.5);
    return correct;
}

static void binary_cross_entropies(const basin_loss_spec *loss, const basin_batch *batch, const real *y,
                                   size_t width, basin_loss *total, real *a, real *slope)
{
    const size_t classes = width / batch->positions;
    logits       found;
    element      of;

    for (size_t group = 0; group * BASIN_LANES < batch->count; group++) {
        double sum[BASIN_LANES] = {0.0};
        for (size_t j = 0; j < width; j++) {
            const size_t at = (group * width + j) * BASIN_LANES, piece = j % PIECE * BASIN_LANES;
            if (j % PIECE == 0) find_logits(y + at, basin_least(PIECE, width - j), &found);
            find_element(batch, group, j, width, &of);
            total->correct += count_correct(&of, y + at);
            binary_cross_entropy(&of, weight_of(loss, j % classes), 1.0 / batch->weight, y + at,
                                 found.rest + piece, found.small + piece, sum, a != NULL ? a + at : NULL,
                                 slope != NULL ? slope + at : NULL);
        }
        total->sum += sum_of_lanes(sum);
    }
    total->count += batch->count * width;
}

static void squared_errors(const basin_batch *batch, const real *y, size_t width, basin_loss *total, real *a,
                           real *slope)
{
    const double inverse = 1.0 / batch->weight;
    element      of;

    for (size_t group = 0; group * BASIN_LANES < batch->count; group++) {
        double sum[BASIN_LANES] = {0.0};
        for (size_t j = 0; j < width; j++) {
            find_element(batch, group, j, width, &of);
            for (size_t l = 0; l < BASIN_LANES; l += WIDE) {
                const size_t    at = (group * width + j) * BASIN_LANES + l;
                const wide_mask counted = widen_bits(of.counted + l);
                const wide      error = widen(y + at) - wide_load(of.target + l);
                add_only(sum + l, counted, error * error);
                if (a != NULL) narrow_store(a + at, only(counted, 2.0 * error * inverse));
                if (slope != NULL) narrow_store(slope + at, only(counted, (wide){0.0} + 2.0 * inverse));
            }
        }
        total->sum += sum_of_lanes(sum);
    }
}

/* ad [groups, k, stride] = slope [groups, stride] ∘ d. */
static void diagonal_dot(size_t groups, size_t k, size_t stride, const real *slope, const real *d, real *ad)
{
    for (size_t i = 0; i < groups * k; i++)
        for (size_t l = 0; l < stride; l += VECTOR)
            vector_store(ad + i * stride + l,
                         vector_load(slope + i / k * stride + l) * vector_load(d + i * stride + l));
}

/* ------------------------------------------------------------------------------------------------- all -- */

void basin_loss_forward(const basin_loss_spec *loss, const basin_batch *batch, const real *y, size_t width,
                        basin_loss *total, real *a, real *slope)
{
    switch (loss->kind) {
    case BASIN_LOSS_SOFTMAX_CROSS_ENTROPY:
        cross_entropies(loss, batch, y, width / batch->positions, total, a, slope);
        break;
    case BASIN_LOSS_BCE_WITH_LOGITS: binary_cross_entropies(loss, batch, y, width, total, a, slope); break;
    case BASIN_LOSS_MSE: squared_errors(batch, y, width, total, a, slope); break;
    }
}

void basin_loss_dot(const basin_loss_spec *loss, const basin_batch *batch, size_t k, size_t width,
                    const real *slope, const real *d, real *ad)
{
    const size_t groups = (batch->count + BASIN_LANES - 1) / BASIN_LANES;

    if (loss->kind == BASIN_LOSS_SOFTMAX_CROSS_ENTROPY)
        cross_entropies_dot(batch, k, width / batch->positions, slope, d, ad);
    else
        diagonal_dot(groups, k, width * BASIN_LANES, slope, d, ad);
}

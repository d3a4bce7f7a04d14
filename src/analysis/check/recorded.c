/* Recorded values against recomputed ones, like with like: the same split, point, mode and coverage. A
 * running mean over batches belongs to no point, and training mode (dropout, batch statistics) to no
 * deterministic function: not testable.
 *
 * What the training's own files say of themselves (train_loss, best_acc) tells none of these. It is held
 * against what cannot be, so that other data, forgotten normalisation, another loss or other weights are
 * noticed. What basin's Python package computed with PyTorch shows that two programs compute the same from
 * one file: they agree, and nothing is said to have passed. */
#include "analysis/check/check.h"

#include <math.h>
#include <string.h>

#include "core/linalg.h"
#include "core/memory.h"

#define RECORDED_TOLERANCE 1e-6 /* relative: training programs record in single precision */
#define ALIKE 1e-3              /* relative, of means over batches of unequal size */

/* θ or θ̃ into `point`; *why says why not. */
static void find_point(const basin_checkpoint *ck, const char *name, double *point, const char **why)
{
    bool          perturbed = strcmp(name, "theta_perturbed") == 0;
    const double *momentum = basin_checkpoint_momentum(ck);
    double        undo = basin_checkpoint_undo_scalar(ck);

    *why = NULL;
    basin_copy(ck->theta, point, ck->params->size);
    if (strcmp(name, "unsaid") == 0)
        *why = "at which weights it was measured is not said";
    else if (!perturbed && strcmp(name, "theta") != 0)
        *why = "the point is neither theta nor theta_perturbed";
    else if (ck->perturbed == BASIN_PERTURBED_UNKNOWN)
        *why = "it is not known whether the stored weights are perturbed";
    else if (perturbed == (ck->perturbed == BASIN_PERTURBED_YES))
        return; /* as stored */
    else if (momentum == NULL)
        *why = "the momentum along which the weights are perturbed is not saved";
    else if (!isfinite(undo))
        *why = "the scalar between theta and theta_perturbed is not recorded";
    else
        basin_axpy(perturbed ? -undo : undo, momentum, point, ck->params->size);
}

/* The data that the split names: `o` is training, `test` is test. */
static basin_objective *find_objective(const basin_checker *c, const char *split, const char **why)
{
    *why = NULL;
    if (strcmp(split, "train") == 0) return c->o;
    if (strcmp(split, "test") == 0 && c->options->test != NULL) return c->options->test;
    *why =
        strcmp(split, "test") == 0 ? "no test data at hand" : "only the splits train and test are recomputed";
    return NULL;
}

typedef struct evaluated { /* the loss of one split at one point, which has its accuracy too */
    const basin_objective *o;
    const char            *point; /* theta or theta_perturbed */
    basin_loss             loss;
} evaluated;

typedef struct recomputed {
    double   *point; /* [P] room for one */
    size_t    count;
    evaluated losses[4]; /* train and test at both points */
} recomputed;

/* The loss at known->point, which the record calls `name`. */
static basin_status evaluate(basin_objective *o, const char *name, recomputed *known, basin_loss *out)
{
    basin_status st = BASIN_OK;

    for (size_t i = 0; i < known->count; i++)
        if (known->losses[i].o == o && strcmp(known->losses[i].point, name) == 0) {
            *out = known->losses[i].loss;
            return BASIN_OK;
        }
    BASIN_TRY(basin_objective_loss(o, NULL, known->point, out));
    known->losses[known->count++] = (evaluated){.o = o, .point = name, .loss = *out};
done:
    return st;
}

/* Why it cannot be recomputed, else the value into *out. */
static basin_status recompute(basin_checker *c, const basin_recorded *r, recomputed *known, double *out,
                              const char **why)
{
    basin_status     st = BASIN_OK;
    bool             accuracy = strcmp(r->quantity, "accuracy") == 0;
    basin_objective *o = find_objective(c, r->split, why);
    basin_loss       loss = {0};

    if (*why == NULL && !accuracy && strcmp(r->quantity, "loss") != 0)
        *why = "the quantity is neither loss nor accuracy";
    if (*why == NULL && c->options->partial) *why = "only some samples of the split are at hand";
    if (*why == NULL && strcmp(r->coverage, "running") == 0)
        *why = "a running mean over batches belongs to no point";
    if (*why == NULL && strcmp(r->mode, "train") == 0) *why = "recorded in training mode";
    if (*why == NULL && !isfinite(r->value)) *why = "the recorded value is not finite";
    if (*why == NULL) find_point(c->options->ck, r->point, known->point, why);
    if (*why != NULL) return BASIN_OK;
    BASIN_TRY(evaluate(o, r->point, known, &loss));
    *out = accuracy ? basin_loss_accuracy(&loss) : basin_loss_value(&loss);
    if (accuracy && isnan(*out)) *why = "accuracy is not defined here";
done:
    return st;
}

/* Of the whole split, at a point and in a mode that are said: to the last digits. */
static basin_status judge(basin_checker *c, const basin_recorded *r, const char *name, double value)
{
    basin_objective    *o = find_objective(c, r->split, &(const char *){NULL});
    basin_check_item    numbers = {.value = value, .expected = r->value};
    basin_check_verdict good = r->source == BASIN_REPORTED ? BASIN_CHECK_PASSED : BASIN_CHECK_AGREES;
    const char         *what = r->source == BASIN_REPORTED
                                   ? "recomputed against recorded, %zu samples"
                                   : "basin against PyTorch, run by basin's Python package, %zu samples: "
                                     "not the training's word";

    numbers.tolerance = fmax(RECORDED_TOLERANCE, 100.0 * basin_objective_epsilon(o)) * fabs(r->value);
    numbers.error = fabs(value - r->value);
    return basin_check_add(c, name, numbers.error <= numbers.tolerance ? good : BASIN_CHECK_FAILED, &numbers,
                           basin_format(what, basin_objective_samples(o)));
}

/* What of the training's word is impossible, whatever it was a mean over and however it was measured. The
   loss of a training split may be a mean over the epoch, which came down: it is not far below what the whole
   split has at the end. Another split is measured at the end, by batches. The best is not worse than this
   one. */
static bool contradicts(const basin_recorded *r, double value)
{
    const bool   accuracy = strcmp(r->quantity, "accuracy") == 0;
    const double reported = r->value;

    if (strcmp(r->coverage, "best") == 0)
        return accuracy ? value > reported + 0.02 : value < 0.9 * reported - 0.01;
    if (strcmp(r->split, "train") == 0)
        return accuracy ? value < reported - 0.1 : value > 2.0 * reported + 0.01;
    return fabs(value - reported) > (accuracy ? 0.02 : 0.1 * fabs(reported) + 0.01);
}

/* The training's word, which does not say how it was measured. */
static basin_status hold_reported(basin_checker *c, const basin_recorded *r, const char *name, double value)
{
    const bool       best = strcmp(r->coverage, "best") == 0;
    basin_check_item numbers = {.value = value, .expected = r->value, .error = fabs(value - r->value)};

    numbers.tolerance = ALIKE * fmax(fabs(r->value), ALIKE);
    if (contradicts(r, value))
        return basin_check_add(
            c, name, BASIN_CHECK_FAILED, &numbers,
            basin_format("the training reported %s %s of %.6g on %s, these weights and data have %.6g: other "
                         "data, normalisation, loss or weights",
                         best                                   ? "a best"
                         : strcmp(r->quantity, "accuracy") == 0 ? "an"
                                                                : "a",
                         r->quantity, r->value, r->split, value));
    return basin_check_add(
        c, name, !best && numbers.error <= numbers.tolerance ? BASIN_CHECK_PASSED : BASIN_CHECK_NOT_TESTABLE,
        &numbers,
        basin_format("the training reported %.6g without saying how it was measured; here it is %.6g",
                     r->value, value));
}

static basin_status check_value(basin_checker *c, const basin_recorded *r, const char *name,
                                recomputed *known)
{
    basin_status     st = BASIN_OK;
    basin_check_item numbers = {.value = NAN, .expected = r->value, .tolerance = NAN, .error = NAN};
    const char      *why = NULL;
    double           value = NAN;

    BASIN_TRY(recompute(c, r, known, &value, &why));
    if (why != NULL)
        return basin_check_add(c, name, BASIN_CHECK_NOT_TESTABLE, &numbers, basin_format("%s", why));
    if (strcmp(r->coverage, "full") == 0)
        BASIN_TRY(judge(c, r, name, value));
    else
        BASIN_TRY(hold_reported(c, r, name, value));
done:
    return st;
}

static char *name_of(const basin_recorded *r)
{
    if (r->source == BASIN_REPORTED && r->stood != NULL) return basin_format("reported:%s", r->stood);
    return basin_format("%s:%s.%s:%s:%s:%s", r->source == BASIN_REPORTED ? "recorded" : "computed", r->split,
                        r->quantity, r->point, r->mode, r->coverage);
}

basin_status basin_check_recorded(basin_checker *c)
{
    basin_status            st = BASIN_OK;
    const basin_checkpoint *ck = c->options->ck;
    recomputed              known = {0};
    char                   *name = NULL;

    BASIN_ALLOC(known.point, c->size, "a point");
    for (size_t i = 0; i < ck->recorded_count; i++) {
        const basin_recorded *r = &ck->recorded[i];
        basin_free(name);
        name = name_of(r);
        BASIN_CHECK(name != NULL, BASIN_ERR_NOMEM, "out of memory for a name");
        BASIN_TRY(check_value(c, r, name, &known));
    }
done:
    basin_free(name);
    basin_free(known.point);
    return st;
}

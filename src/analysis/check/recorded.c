/* Recorded values against recomputed ones, like with like: the same split, point, mode and coverage. A
 * running mean over batches belongs to no point, and training mode (dropout, batch statistics) to no
 * deterministic function: not testable. */
#include "analysis/check/check.h"

#include <math.h>
#include <string.h>

#include "core/linalg.h"
#include "core/memory.h"

#define RECORDED_TOLERANCE 1e-6 /* relative: training programs record in single precision */

/* θ or θ̃ into `point`; *why says why not. */
static void find_point(const basin_checkpoint *ck, const char *name, double *point, const char **why)
{
    bool          perturbed = strcmp(name, "theta_perturbed") == 0;
    const double *momentum = basin_checkpoint_momentum(ck);
    double        undo = basin_checkpoint_undo_scalar(ck);

    *why = NULL;
    basin_copy(ck->theta, point, ck->params->size);
    if (!perturbed && strcmp(name, "theta") != 0)
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

static basin_status recompute(basin_objective *o, const double *point, bool accuracy, double *out)
{
    basin_loss   loss = {0};
    basin_status st = basin_objective_loss(o, NULL, point, &loss);

    if (st == BASIN_OK) *out = accuracy ? basin_loss_accuracy(&loss) : basin_loss_value(&loss);
    return st;
}

static basin_status check_value(basin_checker *c, const basin_recorded *r, const char *name, double *point)
{
    basin_status     st = BASIN_OK;
    basin_check_item numbers = {.value = NAN, .expected = r->value, .tolerance = NAN, .error = NAN};
    const char      *why = NULL;
    bool             accuracy = strcmp(r->quantity, "accuracy") == 0;
    basin_objective *o = find_objective(c, r->split, &why);

    if (why == NULL && !accuracy && strcmp(r->quantity, "loss") != 0)
        why = "the quantity is neither loss nor accuracy";
    if (why == NULL && c->options->partial) why = "only some samples of the split are at hand";
    if (why == NULL && strcmp(r->coverage, "full") != 0)
        why = "a running mean over batches belongs to no point";
    if (why == NULL && strcmp(r->mode, "eval") != 0) why = "recorded in training mode";
    if (why == NULL && !isfinite(r->value)) why = "the recorded value is not finite";
    if (why == NULL) find_point(c->options->ck, r->point, point, &why);
    if (why == NULL) {
        BASIN_TRY(recompute(o, point, accuracy, &numbers.value));
        if (accuracy && isnan(numbers.value)) why = "accuracy is not defined for this loss";
    }
    if (why != NULL)
        return basin_check_add(c, name, BASIN_CHECK_NOT_TESTABLE, &numbers, basin_format("%s", why));
    numbers.tolerance = fmax(RECORDED_TOLERANCE, 100.0 * basin_objective_epsilon(o)) * fabs(r->value);
    numbers.error = fabs(numbers.value - r->value);
    BASIN_TRY(basin_check_add(
        c, name, numbers.error <= numbers.tolerance ? BASIN_CHECK_PASSED : BASIN_CHECK_FAILED, &numbers,
        basin_format("recomputed against recorded, %zu samples", basin_objective_samples(o))));
done:
    return st;
}

basin_status basin_check_recorded(basin_checker *c)
{
    basin_status            st = BASIN_OK;
    const basin_checkpoint *ck = c->options->ck;
    double                 *point = NULL;
    char                   *name = NULL;

    BASIN_ALLOC(point, c->size, "a point");
    for (size_t i = 0; i < ck->recorded_count; i++) {
        const basin_recorded *r = &ck->recorded[i];
        basin_free(name);
        name = basin_format("recorded:%s.%s:%s:%s:%s", r->split, r->quantity, r->point, r->mode, r->coverage);
        BASIN_CHECK(name != NULL, BASIN_ERR_NOMEM, "out of memory for a name");
        BASIN_TRY(check_value(c, r, name, point));
    }
done:
    basin_free(name);
    basin_free(point);
    return st;
}

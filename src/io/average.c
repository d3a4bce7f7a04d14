/* The mean of the weights over checkpoints of consecutive steps. It is a matter of files: which these are,
 * and reading them one after the other, so that no more than one is held besides the sum.
 */
#include <stdio.h>
#include <string.h>

#include "core/linalg.h"
#include "core/memory.h"
#include "io/checkpoint.h"

enum { NAMED = 20 /* steps that are not there, at most, in a message */ };

static const char *path_of(const basin_checkpoint *ck)
{
    return ck->path != NULL ? ck->path : "checkpoint";
}

static basin_status open_folder_of(const basin_checkpoint *ck, basin_run **out)
{
    basin_status st = BASIN_OK;
    const char  *path = path_of(ck), *slash = strrchr(path, '/');
    char        *folder = slash == NULL   ? basin_strdup(".")
                          : slash == path ? basin_strdup("/")
                                          : basin_format("%.*s", (int)(slash - path), path);

    BASIN_CHECK(folder != NULL, BASIN_ERR_NOMEM, "out of memory for the name of a folder");
    BASIN_TRY(basin_run_open(folder, out));
done:
    basin_free(folder);
    return st;
}

/* The one checkpoint of that step; run->count if there is none. */
static basin_status find_step(const basin_run *run, int64_t step, size_t *out)
{
    basin_status st = BASIN_OK;
    size_t       found = run->count;

    for (size_t i = 0; i < run->count; i++) {
        if (run->entries[i].step != step) continue;
        BASIN_CHECK(found == run->count, BASIN_ERR_VALUE, "which is step %lld, %s or %s?", (long long)step,
                    run->entries[found].path, run->entries[i].path);
        found = i;
    }
    *out = found;
done:
    return st;
}

/* One line with every step that is not there. */
static basin_status demand_steps(const basin_checkpoint *ck, const basin_run *run, int64_t first)
{
    basin_status st = BASIN_OK;
    char         text[400] = "";
    size_t       missing = 0, entry = 0;

    for (int64_t step = first; step < ck->step; step++) {
        const size_t used = strlen(text);
        BASIN_TRY(find_step(run, step, &entry));
        if (entry < run->count) continue;
        if (missing++ < NAMED)
            snprintf(text + used, sizeof text - used, "%s%lld", used > 0 ? ", " : "", (long long)step);
    }
    BASIN_CHECK(missing == 0, BASIN_ERR_MISSING, "%s: its folder does not hold step%s %s%s", path_of(ck),
                missing == 1 ? "" : "s", text, missing > NAMED ? ", …" : "");
done:
    return st;
}

/* Leaves of the folder's entries those from step `first` to before ck's. */
static void keep_steps(basin_run *run, int64_t first, int64_t end)
{
    size_t kept = 0;

    for (size_t i = 0; i < run->count; i++)
        if (run->entries[i].step >= first && run->entries[i].step < end)
            run->entries[kept++] = run->entries[i];
        else
            basin_free(run->entries[i].path);
    run->count = kept;
    run->trainings[0].count = kept;
}

basin_status basin_run_before(const basin_checkpoint *ck, size_t count, basin_run **out)
{
    basin_status st = BASIN_OK;
    basin_run   *run = NULL;

    BASIN_CHECK(ck->step >= 0, BASIN_ERR_VALUE, "%s: it records no step", path_of(ck));
    BASIN_CHECK((uint64_t)ck->step >= count, BASIN_ERR_VALUE, "%s: at step %lld there are no %zu before it",
                path_of(ck), (long long)ck->step, count);
    BASIN_TRY(open_folder_of(ck, &run));
    BASIN_TRY(basin_run_choose(run, basin_file_name(path_of(ck))));
    BASIN_TRY(demand_steps(ck, run, ck->step - (int64_t)count));
    keep_steps(run, ck->step - (int64_t)count, ck->step);
    *out = run, run = NULL;
done:
    basin_run_destroy(&run);
    return st;
}

static basin_status add_weights(const basin_checkpoint *ck, const char *path, basin_unperturb policy,
                                double *sum)
{
    basin_status      st = BASIN_OK;
    basin_checkpoint *other = NULL;
    int               weights;

    BASIN_TRY(basin_checkpoint_read(path, &other));
    BASIN_TRY(basin_checkpoint_finite(other));
    BASIN_TRY(basin_checkpoint_unperturb(other, policy, &weights));
    BASIN_CHECK(weights >= 0, BASIN_ERR_ARG, "%s: perturbed or not? it does not say", path);
    BASIN_CHECK(basin_params_equal(ck->params, other->params), BASIN_ERR_SHAPE,
                "%s: its parameters are not those of %s", path, path_of(ck));
    basin_axpy(1.0, other->theta, sum, ck->params->size);
done:
    basin_checkpoint_destroy(&other);
    return st;
}

basin_status basin_checkpoint_average(basin_checkpoint *ck, const basin_run *others, basin_unperturb policy)
{
    basin_status st = BASIN_OK;
    double      *sum = NULL;
    const double count = (double)others->count + 1.0;

    BASIN_ALLOC(sum, ck->params->size, "a mean of weights");
    for (size_t i = 0; i < others->count; i++)
        BASIN_TRY(add_weights(ck, others->entries[i].path, policy, sum));
    for (size_t i = 0; i < ck->params->size; i++) ck->theta[i] = (sum[i] + ck->theta[i]) / count;
done:
    basin_free(sum);
    return st;
}

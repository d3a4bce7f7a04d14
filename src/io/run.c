/* A run: the checkpoints in one folder, in the order of the step recorded inside. */
#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/memory.h"
#include "io/checkpoint.h"

void basin_run_destroy(basin_run **run)
{
    if (run == NULL || *run == NULL) return;
    for (size_t i = 0; i < (*run)->count; i++) basin_free((*run)->entries[i].path);
    basin_free((*run)->entries);
    basin_free((*run)->path);
    basin_free(*run);
    *run = NULL;
}

static basin_status append(basin_run *run, const char *path, const basin_checkpoint_heading *heading)
{
    basin_status     st = BASIN_OK;
    basin_run_entry *entries = basin_grow(run->entries, run->count, run->count + 1, sizeof *entries);

    BASIN_CHECK(entries != NULL, BASIN_ERR_NOMEM, "out of memory for run %s", run->path);
    run->entries = entries;
    BASIN_STRDUP(entries[run->count].path, path);
    entries[run->count].step = heading->step;
    entries[run->count].epoch = heading->epoch;
    entries[run->count].momentum = heading->momentum;
    entries[run->count].gradient_evaluations = heading->gradient_evaluations;
    run->count++;
done:
    return st;
}

/* Other files are passed over. A checkpoint that is not whole, or an HDF5 file that does not open, stays in the list with
   step -1, so that reading it tells what is wrong with it. */
static basin_status consider(basin_run *run, const char *name)
{
    basin_status             st = BASIN_OK;
    basin_checkpoint_heading heading = {.checkpoint = false};
    char                    *path = NULL;
    size_t                   length = strlen(name);
    struct stat              info;

    if (name[0] == '.' || (length > 5 && strcmp(name + length - 5, ".part") == 0)) return BASIN_OK;
    BASIN_CHECK((path = basin_format("%s/%s", run->path, name)) != NULL, BASIN_ERR_NOMEM, "out of memory for a file name");
    if (stat(path, &info) != 0 || !S_ISREG(info.st_mode)) goto done;
    BASIN_CHECK(basin_checkpoint_heading_read(path, &heading) != BASIN_ERR_NOMEM, BASIN_ERR_NOMEM, "out of memory for %s", path);
    if (heading.checkpoint) BASIN_TRY(append(run, path, &heading));
done:
    basin_free(path);
    return st;
}

static int by_step(const void *a, const void *b)
{
    const basin_run_entry *x = a, *y = b;

    if (x->step != y->step) return x->step < y->step ? -1 : 1;
    return strcmp(x->path, y->path);
}

static basin_status read_folder(basin_run *run)
{
    basin_status   st = BASIN_OK;
    DIR           *folder = opendir(run->path);
    struct dirent *entry;

    BASIN_CHECK(folder != NULL, BASIN_ERR_IO, "%s: %s", run->path, strerror(errno));
    while ((entry = readdir(folder)) != NULL) BASIN_TRY(consider(run, entry->d_name));
    BASIN_CHECK(run->count > 0, BASIN_ERR_MISSING, "%s: no checkpoint in this folder", run->path);
    qsort(run->entries, run->count, sizeof *run->entries, by_step);
done:
    if (folder != NULL) closedir(folder);
    return st;
}

static basin_status read_single(basin_run *run)
{
    basin_status             st = BASIN_OK;
    basin_checkpoint_heading heading;

    BASIN_TRY(basin_checkpoint_heading_read(run->path, &heading));
    BASIN_CHECK(heading.checkpoint, BASIN_ERR_FORMAT, "%s: not a checkpoint", run->path);
    BASIN_TRY(append(run, run->path, &heading));
done:
    return st;
}

static const char *path_at_step_0(const basin_run *run)
{
    for (size_t i = 0; i < run->count; i++)
        if (run->entries[i].step == 0) return run->entries[i].path;
    return NULL;
}

/* At weights that are finite and known to be unperturbed. */
static basin_status read_unperturbed(const char *path, basin_checkpoint **out)
{
    basin_status      st = BASIN_OK;
    basin_checkpoint *ck = NULL;

    BASIN_TRY(basin_checkpoint_read(path, &ck));
    BASIN_TRY(basin_checkpoint_finite(ck));
    BASIN_CHECK(ck->perturbed != BASIN_PERTURBED_UNKNOWN, BASIN_ERR_MISSING, "%s: does not say whether its weights are perturbed", path);
    BASIN_TRY(basin_checkpoint_undo(ck));
    *out = ck, ck = NULL;
done:
    basin_checkpoint_destroy(&ck);
    return st;
}

basin_status basin_run_start(const basin_run *run, basin_checkpoint **out)
{
    basin_checkpoint *start = NULL;
    const char       *path = path_at_step_0(run);
    basin_status      st = path != NULL ? read_unperturbed(path, &start) : BASIN_OK;

    if (st == BASIN_ERR_NOMEM) return st;
    *out = start; /* what else is wrong with it, a row of its own says */
    return BASIN_OK;
}

basin_status basin_run_open(const char *path, basin_run **out)
{
    basin_status st = BASIN_OK;
    basin_run   *run = NULL;
    struct stat  info;
    size_t       length = strlen(path);

    BASIN_CHECK(stat(path, &info) == 0, BASIN_ERR_IO, "%s: %s", path, strerror(errno));
    BASIN_ALLOC(run, 1, "run");
    BASIN_STRDUP(run->path, path);
    while (length > 1 && run->path[length - 1] == '/') run->path[--length] = '\0'; /* runs/a/ is runs/a */
    BASIN_TRY(S_ISDIR(info.st_mode) ? read_folder(run) : read_single(run));
    *out = run, run = NULL;
done:
    basin_run_destroy(&run);
    return st;
}

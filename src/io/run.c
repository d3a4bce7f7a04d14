/* A run: the checkpoints in one folder, in the order of training. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/memory.h"
#include "io/checkpoint.h"

typedef struct listed { /* an entry, and what its file says of its training */
    basin_run_entry          entry;
    basin_checkpoint_heading heading;
} listed;

typedef struct listing {
    const char *path;
    size_t      count;
    listed     *files;
} listing;

void basin_run_destroy(basin_run **run)
{
    if (run == NULL || *run == NULL) return;
    for (size_t i = 0; i < (*run)->count; i++) basin_free((*run)->entries[i].path);
    for (size_t i = 0; i < (*run)->training_count; i++) {
        basin_free((*run)->trainings[i].identity);
        basin_free((*run)->trainings[i].reason);
    }
    basin_free((*run)->entries);
    basin_free((*run)->trainings);
    basin_free((*run)->path);
    basin_free(*run);
    *run = NULL;
}

const char *basin_file_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash != NULL ? slash + 1 : path;
}

/* ------------------------------------------------------------------------------------------- listing -- */

/* The heading is the listing's from success on. */
static basin_status append(listing *l, const char *path, basin_checkpoint_heading *heading)
{
    basin_status st = BASIN_OK;
    listed      *files = basin_grow(l->files, l->count, l->count + 1, sizeof *files);

    BASIN_CHECK(files != NULL, BASIN_ERR_NOMEM, "out of memory for run %s", l->path);
    l->files = files;
    BASIN_STRDUP(files[l->count].entry.path, path);
    files[l->count].entry.step = heading->step;
    files[l->count].entry.epoch = heading->epoch;
    files[l->count].entry.momentum = heading->momentum;
    files[l->count].entry.gradient_evaluations = heading->gradient_evaluations;
    files[l->count++].heading = *heading;
    *heading = (basin_checkpoint_heading){0};
done:
    return st;
}

/* Other files are passed over. A checkpoint that is not whole, or an HDF5 file that does not open, stays in
   the list with step -1, so that reading it tells what is wrong with it. */
static basin_status consider(listing *l, const char *name)
{
    basin_status             st = BASIN_OK;
    basin_checkpoint_heading heading = {.checkpoint = false};
    char                    *path = NULL;
    size_t                   length = strlen(name);
    struct stat              info;

    if (name[0] == '.' || (length > 5 && strcmp(name + length - 5, ".part") == 0)) return BASIN_OK;
    BASIN_CHECK((path = basin_format("%s/%s", l->path, name)) != NULL, BASIN_ERR_NOMEM,
                "out of memory for a file name");
    if (stat(path, &info) != 0 || !S_ISREG(info.st_mode)) goto done;
    BASIN_CHECK(basin_checkpoint_heading_read(path, &heading) != BASIN_ERR_NOMEM, BASIN_ERR_NOMEM,
                "out of memory for %s", path);
    if (heading.checkpoint) BASIN_TRY(append(l, path, &heading));
done:
    basin_checkpoint_heading_clear(&heading);
    basin_free(path);
    return st;
}

static basin_status list_folder(listing *l)
{
    basin_status   st = BASIN_OK;
    DIR           *folder = opendir(l->path);
    struct dirent *entry;

    BASIN_CHECK(folder != NULL, BASIN_ERR_IO, "%s: %s", l->path, strerror(errno));
    while ((entry = readdir(folder)) != NULL) BASIN_TRY(consider(l, entry->d_name));
    BASIN_CHECK(l->count > 0, BASIN_ERR_MISSING, "%s: no checkpoint in this folder", l->path);
done:
    if (folder != NULL) closedir(folder);
    return st;
}

static basin_status list_single(listing *l)
{
    basin_status             st = BASIN_OK;
    basin_checkpoint_heading heading = {.checkpoint = false};

    BASIN_TRY(basin_checkpoint_heading_read(l->path, &heading));
    BASIN_CHECK(heading.checkpoint, BASIN_ERR_FORMAT, "%s: not a checkpoint", l->path);
    BASIN_TRY(append(l, l->path, &heading));
done:
    basin_checkpoint_heading_clear(&heading);
    return st;
}

/* --------------------------------------------------------------------------------------------- order -- */

/* Numbers in names by their value: epoch_9 before epoch_10. */
static int by_name(const char *a, const char *b)
{
    for (; *a != '\0' && *b != '\0'; a++, b++) {
        if (isdigit((unsigned char)*a) && isdigit((unsigned char)*b)) {
            size_t zeros_a = strspn(a, "0"), zeros_b = strspn(b, "0");
            size_t m = strspn(a + zeros_a, "0123456789"), n = strspn(b + zeros_b, "0123456789");
            int    order = m != n ? (m < n ? -1 : 1) : strncmp(a + zeros_a, b + zeros_b, n);
            if (order != 0) return order;
            if (zeros_a + m == 0 || zeros_b + n == 0) break;
            a += zeros_a + m - 1, b += zeros_b + n - 1;
        } else if (*a != *b) {
            return (unsigned char)*a < (unsigned char)*b ? -1 : 1;
        }
    }
    return (*a != '\0') - (*b != '\0');
}

static int last_resort(const listed *x, const listed *y)
{
    int order = by_name(x->entry.path, y->entry.path);

    return order != 0 ? order : strcmp(x->entry.path, y->entry.path);
}

/* What is not known comes first. */
static int epochs(const listed *x, const listed *y)
{
    double a = isnan(x->entry.epoch) ? -INFINITY : x->entry.epoch,
           b = isnan(y->entry.epoch) ? -INFINITY : y->entry.epoch;

    return (a > b) - (a < b);
}

static int steps(const listed *x, const listed *y)
{
    return (x->entry.step > y->entry.step) - (x->entry.step < y->entry.step);
}

static int by_step(const void *a, const void *b)
{
    int order = steps(a, b);

    if (order == 0) order = epochs(a, b);
    return order != 0 ? order : last_resort(a, b);
}

static int by_epoch(const void *a, const void *b)
{
    int order = epochs(a, b);

    if (order == 0) order = steps(a, b);
    return order != 0 ? order : last_resort(a, b);
}

static void sort(listing *l)
{
    bool epochs_known = true, steps_known = true;

    for (size_t i = 0; i < l->count; i++) {
        if (!l->files[i].heading.readable) continue;
        epochs_known = epochs_known && !isnan(l->files[i].entry.epoch);
        steps_known = steps_known && l->files[i].entry.step >= 0;
    }
    qsort(l->files, l->count, sizeof *l->files, epochs_known && !steps_known ? by_epoch : by_step);
}

/* ------------------------------------------------------------------------------------------- opening -- */

static basin_status take(listing *l, basin_run *run)
{
    basin_status              st = BASIN_OK;
    basin_checkpoint_heading *headings = NULL;

    BASIN_ALLOC(run->entries, l->count, "run");
    BASIN_ALLOC(headings, l->count, "headings");
    for (size_t i = 0; i < l->count; i++) headings[i] = l->files[i].heading;
    for (; run->count < l->count; run->count++) {
        run->entries[run->count] = l->files[run->count].entry;
        l->files[run->count].entry.path = NULL;
    }
    BASIN_TRY(basin_run_divide(run, headings));
done:
    basin_free(headings);
    return st;
}

basin_status basin_run_open(const char *path, basin_run **out)
{
    basin_status st = BASIN_OK;
    basin_run   *run = NULL;
    listing      l = {.count = 0};
    struct stat  info;
    size_t       length = strlen(path);

    BASIN_CHECK(stat(path, &info) == 0, BASIN_ERR_IO, "%s: %s", path, strerror(errno));
    BASIN_ALLOC(run, 1, "run");
    BASIN_STRDUP(run->path, path);
    while (length > 1 && run->path[length - 1] == '/') run->path[--length] = '\0'; /* runs/a/ is runs/a */
    l.path = run->path;
    BASIN_TRY(S_ISDIR(info.st_mode) ? list_folder(&l) : list_single(&l));
    sort(&l);
    BASIN_TRY(take(&l, run));
    *out = run, run = NULL;
done:
    for (size_t i = 0; i < l.count; i++) {
        basin_free(l.files[i].entry.path);
        basin_checkpoint_heading_clear(&l.files[i].heading);
    }
    basin_free(l.files);
    basin_run_destroy(&run);
    return st;
}

/* ----------------------------------------------------------------------------------------- its start -- */

static const char *path_at_step_0(const basin_run *run)
{
    for (size_t i = 0; i < run->count; i++)
        if (run->entries[i].step == 0) return run->entries[i].path;
    return NULL;
}

/* A start, at weights that are finite and known to be unperturbed. */
static basin_status read_start(const char *path, basin_checkpoint **out)
{
    basin_status      st = BASIN_OK;
    basin_checkpoint *ck = NULL;

    BASIN_TRY(basin_checkpoint_read(path, &ck));
    BASIN_TRY(basin_checkpoint_finite(ck));
    BASIN_CHECK(basin_checkpoint_starts(ck), BASIN_ERR_MISSING,
                "%s: is at step 0, but not the start of its training", path);
    BASIN_CHECK(ck->perturbed != BASIN_PERTURBED_UNKNOWN, BASIN_ERR_MISSING,
                "%s: does not say whether its weights are perturbed", path);
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
    basin_status      st = path != NULL ? read_start(path, &start) : BASIN_OK;

    if (st == BASIN_ERR_NOMEM) return st;
    *out = start; /* what else is wrong with it, a row of its own says */
    return BASIN_OK;
}

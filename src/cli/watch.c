#include "cli/watch.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/monitor.h"
#include "cli/paths.h"
#include "cli/provenance.h"
#include "cli/row_jobs.h"
#include "cli/runs.h"
#include "cli/track.h"

/* Seconds after its last change at which a file counts as settled, if it was not seen to stand still. */
#define SETTLED 2.0

/* ----------------------------------------------------------------------------------------- the command -- */

static bool is_among(const char *name, const char *const *names)
{
    for (; *names != NULL; names++)
        if (strcmp(name, *names) == 0) return true;
    return false;
}

static int add_word(cli_watch *w, size_t *count, const char *prefix, const char *text)
{
    int          status = CLI_OK;
    const size_t length = strlen(prefix) + strlen(text) + 1;

    CLI_ALLOC(w->words[*count], length);
    snprintf(w->words[(*count)++], length, "%s%s", prefix, text);
done:
    return status;
}

/* The command line of the track that this becomes. */
static int parse_track(const cli_arguments *a, const char *const *own, cli_watch *w)
{
    int    status = CLI_OK;
    char **arguments = NULL; /* getopt moves them about */
    size_t count = 0;

    CLI_ALLOC(w->words, 2 * a->given_count + 3);
    CLI_TRY(add_word(w, &count, "", "track"));
    for (size_t i = 0; i < a->given_count; i++) {
        if (is_among(a->given[i].option->name, own)) continue;
        CLI_TRY(add_word(w, &count, "--", a->given[i].option->name));
        if (a->given[i].text != NULL) CLI_TRY(add_word(w, &count, "", a->given[i].text));
    }
    CLI_TRY(add_word(w, &count, w->run[0] == '-' ? "./" : "", w->run));
    CLI_ALLOC(arguments, count + 1);
    memcpy(arguments, w->words, count * sizeof *arguments);
    CLI_TRY(cli_arguments_parse(cli_command_find("track"), (int)count, arguments, &w->track));
done:
    basin_free(arguments);
    return status;
}

/* -------------------------------------------------------------------------------------- the files seen -- */

static cli_watched *find(cli_watch *w, const char *path)
{
    for (size_t i = 0; i < w->count; i++)
        if (strcmp(w->files[i].path, path) == 0) return &w->files[i];
    return NULL;
}

static int add(cli_watch *w, const char *path, cli_watched **out)
{
    int          status = CLI_OK;
    cli_watched *files = NULL;

    CLI_ALLOC(files, w->count + 1);
    if (w->count > 0) memcpy(files, w->files, w->count * sizeof *files);
    basin_free(w->files);
    w->files = files;
    files[w->count] = (cli_watched){.there = false};
    CLI_CHECK((files[w->count].path = basin_strdup(path)) != NULL, "out of memory for a file name");
    *out = &files[w->count++];
done:
    return status;
}

static bool stamp_of(const char *path, cli_stamp *out)
{
    struct stat facts;

    if (stat(path, &facts) != 0) return false;
    *out = (cli_stamp){facts.st_ino, facts.st_size, facts.st_mtim};
    return true;
}

static bool same_stamp(const cli_stamp *a, const cli_stamp *b)
{
    return a->inode == b->inode && a->size == b->size && a->changed.tv_sec == b->changed.tv_sec &&
           a->changed.tv_nsec == b->changed.tv_nsec;
}

static bool is_old(const cli_stamp *s)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (double)(now.tv_sec - s->changed.tv_sec) + 1e-9 * (double)(now.tv_nsec - s->changed.tv_nsec) >=
           SETTLED;
}

static uint64_t mix(uint64_t hash, const void *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++) hash = (hash ^ ((const unsigned char *)bytes)[i]) * 1099511628211U;
    return hash;
}

/* Changes where a file of the folder does; 0: there is no folder. A sum, since folders have no order. */
static uint64_t listing_of(const char *folder)
{
    DIR           *entries = opendir(folder);
    struct dirent *entry;
    uint64_t       sum = 0;
    char           path[PATH_MAX];

    if (entries == NULL) return 0;
    while ((entry = readdir(entries)) != NULL) {
        cli_stamp s;
        if (entry->d_name[0] == '.' ||
            snprintf(path, sizeof path, "%s/%s", folder, entry->d_name) >= (int)sizeof path ||
            !stamp_of(path, &s))
            continue;
        uint64_t hash = mix(14695981039346656037U, entry->d_name, strlen(entry->d_name));
        hash = mix(hash, &s.inode, sizeof s.inode);
        hash = mix(hash, &s.size, sizeof s.size);
        hash = mix(hash, &s.changed.tv_sec, sizeof s.changed.tv_sec);
        sum += mix(hash, &s.changed.tv_nsec, sizeof s.changed.tv_nsec);
    }
    closedir(entries);
    return sum != 0 ? sum : 1;
}

/* -------------------------------------------------------------------------------------- what is stored -- */

static bool same_arguments(const basin_provenance *a, const basin_provenance *b)
{
    if (a->argument_count != b->argument_count) return false;
    for (size_t i = 0; i < a->argument_count; i++)
        if (strcmp(a->arguments[i], b->arguments[i]) != 0) return false;
    return true;
}

static const char *digest_of(const basin_provenance *p, const char *path)
{
    for (size_t i = 0; i < p->input_count; i++)
        if (p->inputs[i].role == BASIN_INPUT_CHECKPOINT && strcmp(p->inputs[i].path, path) == 0)
            return p->inputs[i].digest;
    return NULL;
}

/* The rows [count] of one checkpoint, which leave the track; those that say that something was missing are
   left to be measured again. */
static int take_stored(cli_watch *w, const basin_provenance *p, basin_row *rows, size_t count)
{
    int          status = CLI_OK;
    cli_watched *file;
    char         path[PATH_MAX];
    size_t       length = strlen(w->run);

    while (length > 1 && w->run[length - 1] == '/') length--; /* as basin_run names it */
    snprintf(path, sizeof path, "%.*s/%s", (int)length, w->run, rows[0].checkpoint);
    const char *digest = digest_of(p, path);
    if (rows[0].missing != NULL || digest == NULL) return CLI_OK;
    CLI_TRY(add(w, path, &file));
    CLI_CHECK((file->digest = basin_strdup(digest)) != NULL, "out of memory for a digest");
    CLI_TRY(cli_rows_like(&w->track, &w->asked, &file->rows));
    CLI_TRY(cli_provenance_input(file->rows.provenance, BASIN_INPUT_CHECKPOINT, path, digest));
    CLI_ALLOC(file->rows.rows, count);
    CLI_ALLOC(file->rows.parts, count);
    memcpy(file->rows.rows, rows, count * sizeof *rows);
    memset(rows, 0, count * sizeof *rows);
    file->rows.count = file->rows.room = count;
    file->measured = true;
done:
    return status;
}

static int take_track(cli_watch *w, const basin_result *stored)
{
    int          status = CLI_OK;
    basin_track *track = stored->value;

    for (size_t i = 0, n; i < track->row_count; i += n) {
        for (n = 1; i + n < track->row_count; n++)
            if (strcmp(track->rows[i].checkpoint, track->rows[i + n].checkpoint) != 0) break;
        CLI_TRY(take_stored(w, stored->provenance, track->rows + i, n));
    }
done:
    return status;
}

static int read_stored(cli_watch *w)
{
    int           status = CLI_OK;
    basin_result *stored = NULL;
    struct stat   facts;

    CLI_TRY(cli_result_check(w->out));
    if (stat(w->out, &facts) != 0) goto done;
    CLI_LIBRARY(basin_result_read(w->out, &stored));
    CLI_CHECK(stored->kind == BASIN_RESULT_TRACK && stored->provenance != NULL,
              "%s: holds a %s, where watch goes on from a track", w->out, basin_result_name(stored->kind));
    CLI_CHECK(same_arguments(stored->provenance, w->asked.provenance),
              "%s: is the track of another run, or by other options: another -o is needed", w->out);
    CLI_TRY(take_track(w, stored));
    if (w->count > 0) cli_note("%s: goes on after %zu checkpoints", w->out, w->count);
done:
    basin_result_destroy(&stored);
    return status;
}

int cli_watch_open(const cli_arguments *a, const char *const *own, cli_watch *out)
{
    int       status = CLI_OK;
    cli_watch w = {.out = cli_text(a, "o", NULL), .run = a->operands[0]};

    CLI_TRY(parse_track(a, own, &w));
    CLI_TRY(cli_rows_start(&w.track, &w.asked));
    CLI_WANT(
        !(w.asked.request & BASIN_NEEDS_SUBSPACE),
        "watch: energies in the top eigenspace go with the angles to the last checkpoint of a run, which is "
        "not there yet: track measures them");
    CLI_TRY(read_stored(&w));
    *out = w, w = (cli_watch){.out = NULL};
done:
    cli_watch_close(&w);
    return status;
}

void cli_watch_close(cli_watch *w)
{
    for (size_t i = 0; i < w->count; i++) {
        cli_rows_clear(&w->files[i].rows);
        basin_free(w->files[i].path);
        basin_free(w->files[i].digest);
    }
    for (size_t i = 0; w->words != NULL && w->words[i] != NULL; i++) basin_free(w->words[i]);
    basin_free(w->words);
    basin_free(w->files);
    basin_free(w->doubt);
    basin_free(w->note);
    basin_run_destroy(&w->open);
    cli_rows_clear(&w->asked);
    cli_arguments_clear(&w->track);
    *w = (cli_watch){.out = NULL};
}

/* --------------------------------------------------------------------------------------------- storing -- */

static int lend(cli_watched *file, cli_rows *all)
{
    return file->measured ? cli_rows_lend(all, &file->rows) : CLI_OK;
}

static int64_t step_of(const cli_watched *file)
{
    return file->rows.count > 0 ? file->rows.rows[0].step : -1;
}

/* Those whose files are gone, of steps before that one, which were not lent yet. */
static int lend_gone(cli_watch *w, int64_t before, bool *lent, cli_rows *all)
{
    int status = CLI_OK;

    for (size_t i = 0; i < w->count; i++) {
        if (w->files[i].there || lent[i] || step_of(&w->files[i]) >= before) continue;
        CLI_TRY(lend(&w->files[i], all));
        lent[i] = true;
    }
done:
    return status;
}

/* The rows of all files in the order of the run. */
static int lend_all(cli_watch *w, cli_rows *all)
{
    int   status = CLI_OK;
    bool *lent = NULL;

    CLI_ALLOC(lent, w->count + 1);
    for (size_t i = 0; w->open != NULL && i < w->open->count; i++) {
        cli_watched *file = find(w, w->open->entries[i].path);
        if (file == NULL) continue;
        CLI_TRY(lend_gone(w, w->open->entries[i].step, lent, all));
        CLI_TRY(lend(file, all));
    }
    CLI_TRY(lend_gone(w, INT64_MAX, lent, all));
done:
    basin_free(lent);
    return status;
}

/* What track would note; said where it is another than before. */
static int note(cli_watch *w, cli_rows *all)
{
    int   status = CLI_OK;
    char *remark = NULL;

    all->quiet = true;
    if (w->doubt != NULL) CLI_TRY(cli_rows_note(all, w->doubt));
    CLI_LIBRARY(basin_rows_unlike(all->rows, all->count, &remark));
    if (remark != NULL) CLI_TRY(cli_rows_note(all, remark));
    CLI_TRY(cli_rows_finish(all));
    if (all->note == NULL || (w->note != NULL && strcmp(all->note, w->note) == 0)) goto done;
    basin_free(w->note);
    CLI_CHECK((w->note = basin_strdup(all->note)) != NULL, "out of memory for a note");
    cli_warn("%s", w->note);
done:
    basin_free(remark);
    return status;
}

/* The rows stay those of the files. */
static int write_track(cli_watch *w, cli_rows *all)
{
    int         status = CLI_OK;
    basin_track track = {
        .row_count = all->count, .rows = all->rows, .missing = all->missing, .note = all->note};

    CLI_TRY(cli_track_find_phases(&track));
    CLI_TRY(cli_provenance_finish(all->provenance, w->out, 0));
    CLI_LIBRARY(basin_result_write(
        &(basin_result){.kind = BASIN_RESULT_TRACK, .value = &track, .provenance = all->provenance}, w->out));
done:
    basin_phases_free(&track.phases, track.phase_count);
    return status;
}

/* Where nothing could be measured yet there is nothing to store. */
static int store(cli_watch *w)
{
    int      status = CLI_OK;
    cli_rows all = {0};

    CLI_TRY(cli_rows_like(&w->track, &w->asked, &all));
    CLI_TRY(lend_all(w, &all));
    if (all.missing == all.count) goto done;
    CLI_TRY(note(w, &all));
    CLI_TRY(write_track(w, &all));
done:
    cli_rows_return(&all);
    return status;
}

/* --------------------------------------------------------------------------------------------- looking -- */

/* *out = false where there is no checkpoint yet. */
static int open_run(cli_watch *w, bool *out)
{
    int          status = CLI_OK;
    basin_run   *run = NULL;
    char        *doubt = NULL;
    basin_status st = basin_run_open(w->run, &run);

    basin_run_destroy(&run);
    *out = st == BASIN_OK;
    if (st == BASIN_ERR_MISSING) goto done;
    CLI_LIBRARY(st);
    CLI_TRY(cli_run_open(&w->track, w->run, &run, &doubt));
    basin_run_destroy(&w->open);
    basin_free(w->doubt);
    w->open = run, w->doubt = doubt;
    run = NULL, doubt = NULL;
done:
    basin_run_destroy(&run);
    basin_free(doubt);
    return status;
}

/* Can it be read? Where it cannot, it is waited for, and that is said once. */
static bool can_be_read(cli_watched *file)
{
    basin_checkpoint *ck = NULL;
    const bool        whole = basin_checkpoint_read(file->path, &ck) == BASIN_OK;

    basin_checkpoint_destroy(&ck);
    if (!whole && !file->told) cli_note("%s: is waited for", basin_error_message());
    file->told = file->told || !whole;
    return whole;
}

/* Is there something to measure in the file now? */
static bool is_ready(cli_watch *w, cli_watched *file, bool fresh, bool last)
{
    cli_stamp  now;
    const bool seen = stamp_of(file->path, &now);
    const bool still = seen && !fresh && same_stamp(&now, &file->stamp);

    if (!seen || (still && file->measured)) return false;
    if (file->measured && file->digest == NULL) cli_note("%s: has changed and is measured again", file->path);
    file->measured = file->measured && file->digest != NULL;
    file->stamp = now;
    if (last) return true;
    if (!still && !is_old(&now)) {
        w->unsettled = true;
        return false;
    }
    return can_be_read(file);
}

/* The files of the run to measure now, as numbers into w->files. */
static int choose(cli_watch *w, bool last, size_t **out, size_t *count)
{
    int     status = CLI_OK;
    size_t *ready = NULL, n = 0;

    w->unsettled = false;
    CLI_ALLOC(ready, w->open->count);
    for (size_t i = 0; i < w->count; i++) w->files[i].there = false;
    for (size_t i = 0; i < w->open->count; i++) {
        const char  *path = w->open->entries[i].path;
        cli_watched *file = find(w, path);
        const bool   fresh = file == NULL || file->digest != NULL;
        if (file == NULL) CLI_TRY(add(w, path, &file));
        file->there = true;
        if (is_ready(w, file, fresh, last)) ready[n++] = (size_t)(file - w->files);
    }
    *out = ready, *count = n, ready = NULL;
done:
    basin_free(ready);
    return status;
}

/* Takes what a job has found of its file. */
static void take_found(cli_row_job *job, cli_watched *file, bool *known)
{
    /* rows that were taken and not measured have left those that were stored */
    *known = file->digest != NULL && job->known_count > 0 && job->known[0].checkpoint == NULL;
    if (*known) file->rows.count = 0;
    cli_rows_clear(&file->rows);
    file->rows = job->found, job->found = (cli_rows){0};
    if (file->rows.doubt != NULL) cli_warn("%s", file->rows.doubt);
    file->measured = true;
    basin_free(file->digest);
    file->digest = NULL;
}

/* Of files ready[0] to ready[count − 1], side by side. */
static int measure(cli_watch *w, const size_t *ready, size_t count,
                   int (*take)(void *payload, const cli_watched *file, bool known), void *payload)
{
    int          status = CLI_OK;
    cli_row_jobs jobs = {0};
    bool         known;

    for (size_t i = 0; i < count; i++) {
        cli_watched *file = &w->files[ready[i]];
        CLI_TRY(cli_row_jobs_add(&jobs, 0, file->path, false));
        if (file->digest == NULL) continue;
        jobs.jobs[i].known = file->rows.rows, jobs.jobs[i].known_count = file->rows.count;
        jobs.jobs[i].digest = file->digest;
    }
    CLI_TRY(cli_row_jobs_run(&w->track, &w->asked, &w->open, &jobs));
    cli_monitor_clear();
    for (size_t i = 0; i < count; i++) {
        take_found(&jobs.jobs[i], &w->files[ready[i]], &known);
        CLI_TRY(take(payload, &w->files[ready[i]], known));
    }
done:
    cli_row_jobs_clear(&jobs);
    return status;
}

int cli_watch_look(cli_watch *w, bool last, int (*take)(void *payload, const cli_watched *file, bool known),
                   void *payload, size_t *measured)
{
    int            status = CLI_OK;
    const uint64_t listing = listing_of(w->run);
    const size_t   together = basin_threads();
    size_t        *ready = NULL, count = 0;
    bool           there = false;

    *measured = 0;
    if (listing == 0 || (listing == w->listing && !w->unsettled && !last)) return CLI_OK;
    w->listing = listing;
    CLI_TRY(open_run(w, &there));
    if (!there) goto done;
    CLI_TRY(choose(w, last, &ready, &count));
    for (size_t i = 0; i < count; i += together) {
        CLI_TRY(measure(w, ready + i, count - i < together ? count - i : together, take, payload));
        CLI_TRY(store(w));
    }
    *measured = count;
done:
    basin_free(ready);
    return status;
}

size_t cli_watch_count(const cli_watch *w)
{
    size_t n = 0;

    for (size_t i = 0; i < w->count; i++) n += w->files[i].measured;
    return n;
}

/* What a report of runs is made of: each result is computed by the command that a user would type, stored
 * under its name, and taken from there the next time.
 *
 *   1. compare, of two runs or more as they were named.
 *   2. Runs looked at closer: all, or of more than CLOSER the first of each method; at the step compared, or
 *      each at its last.
 *   3. Of these the plane of their principal axes, and of each checkpoint spectrum, SANE, slices and a plane.
 *   4. track, of all runs: it makes something of any time that is left.
 *
 * A command that cannot end early (a slice) is not begun once the time has ended.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/monitor.h"
#include "cli/paths.h"
#include "cli/provenance.h"
#include "cli/report_inputs.h"
#include "cli/report_run.h"

enum { CLOSER = CLI_TOGETHER /* runs, at most */, WORDS = 24, NAME = CLI_RUN_NAME };

typedef struct report {
    const cli_arguments *a;
    const char          *results; /* the folder */
    cli_page            *page;
    size_t               before; /* results on the page that are not of these runs */
    size_t               count, taken;
    cli_report_run      *runs;        /* [count] */
    char *const         *operands;    /* [count] as typed */
    bool                 has_options; /* that hold for every command */
    double               end;         /* seconds of the clock; INFINITY without --time */
    size_t               begun, left; /* commands, for the share of the time */
} report;

/* ------------------------------------------------------------------------------------ one command -- */

typedef struct words { /* a command line */
    size_t count, room;
    char **list; /* borrowed texts */
} words;

static int add(words *w, const char *text)
{
    int    status = CLI_OK;
    char **list = NULL;

    if (w->count == w->room) {
        CLI_ALLOC(list, w->room = 2 * w->room + WORDS);
        if (w->count > 0) memcpy(list, w->list, w->count * sizeof *list);
        basin_free(w->list);
        w->list = list;
    }
    w->list[w->count++] = (char *)(uintptr_t)text;
done:
    return status;
}

/* The report's options for data hold for every command. */
static int add_given(const report *r, words *w, char (*names)[NAME])
{
    int    status = CLI_OK;
    size_t n = 0;

    for (size_t i = 0; i < r->a->given_count; i++) {
        const cli_given *given = &r->a->given[i];
        if (given->option->outward) continue;
        snprintf(names[n], NAME, "--%s", given->option->name);
        CLI_TRY(add(w, names[n++]));
        if (given->text != NULL) CLI_TRY(add(w, given->text));
    }
done:
    return status;
}

/* Of the time left: what ends early gets its share, `weight` of those to come; 0: there is no limit. */
static double share_of(const report *r, double weight)
{
    const double left = r->end - basin_seconds();

    if (!isfinite(r->end)) return 0;
    return fmax(left * fmin(1, weight / fmax(1, (double)r->left)), 1e-3);
}

static int compute(report *r, const cli_arguments *a, const char *path, double seconds, basin_result **out)
{
    int          status = CLI_OK;
    cli_batch    batch = {0};
    const double start = basin_seconds();

    cli_monitor_clear();
    cli_note("%s", path);
    basin_time_limit_set(a->command->common & CLI_COMMON_TIME ? seconds : 0);
    CLI_TRY(cli_compute(a, &batch));
    CLI_CHECK(batch.count == 1, "%s gave %zu results", a->command->name, batch.count);
    CLI_TRY(cli_provenance_finish(batch.results[0]->provenance, path, basin_seconds() - start));
    CLI_LIBRARY(basin_result_write(batch.results[0], path));
    *out = batch.results[0], batch.results[0] = NULL, batch.count = 0;
    r->begun++;
done:
    basin_time_limit_set(0);
    cli_batch_clear(&batch);
    return status;
}

/* One that --time ended is held while there is a limit: there may be no more time now. */
static int take_or_compute(report *r, const cli_arguments *a, const char *path, double seconds,
                           basin_result **out)
{
    int status = CLI_OK;

    CLI_TRY(cli_report_held(a, path, out));
    if (*out != NULL && ((*out)->provenance->ended_by_time == NULL || isfinite(r->end))) {
        r->taken++;
        return CLI_OK;
    }
    basin_result_destroy(out);
    CLI_CHECK(basin_seconds() < r->end, "not begun: --time %s had ended", cli_text(r->a, "time", ""));
    CLI_TRY(cli_result_check(path));
    CLI_TRY(compute(r, a, path, seconds, out));
done:
    return status;
}

/* `words` [ended by NULL] are the command and its options. A failure is told in the report; only Ctrl-C ends
   it. *out: borrowed from the page, NULL where there is none. */
static int have(report *r, const char *name, double weight, const char *const *list, char *const *operands,
                size_t count, const basin_result **out)
{
    int           status = CLI_OK;
    words         w = {0};
    cli_arguments parsed = {0};
    basin_result *result = NULL;
    char          path[PATH_MAX], time[32], (*names)[NAME] = NULL;
    const double  seconds = share_of(r, weight);

    *out = NULL;
    CLI_ALLOC(names, r->a->given_count + 1);
    for (; *list != NULL; list++) CLI_TRY(add(&w, *list));
    CLI_TRY(add_given(r, &w, names));
    const cli_command *command = cli_command_find(w.list[0]);
    if (command->common & CLI_COMMON_TIME && seconds > 0) {
        snprintf(time, sizeof time, "%.3fs", seconds);
        CLI_TRY(add(&w, "--time"));
        CLI_TRY(add(&w, time));
    }
    CLI_TRY(add(&w, "--"));
    for (size_t i = 0; i < count; i++) CLI_TRY(add(&w, operands[i]));
    CLI_TRY(cli_arguments_parse(command, (int)w.count, w.list, &parsed));
    CLI_CHECK(snprintf(path, sizeof path, "%s/%s.h5", r->results, name) < (int)sizeof path,
              "%.60s…: the name is too long", r->results);
    status = take_or_compute(r, &parsed, path, seconds, &result);
    if (status == CLI_OK) CLI_TRY(cli_page_add(r->page, &result, path, -1));
    if (status == CLI_OK) *out = r->page->results[r->page->count - 1];
    if (status == CLI_FAILED || status == CLI_USAGE)
        status = cli_page_miss(r->page, "%s is missing: %s", name, cli_message());
done:
    if (r->left > 0) r->left--;
    basin_result_destroy(&result);
    cli_arguments_clear(&parsed);
    basin_free(names);
    basin_free(w.list);
    return status;
}

/* ------------------------------------------------------------------------------------------ runs -- */

static int choose_closer(report *r, int64_t step)
{
    int    status = CLI_OK;
    size_t closer = 0;

    for (size_t i = 0; i < r->count; i++) {
        cli_report_run *one = &r->runs[i];
        cli_report_run_choose(one, step);
        one->closer = one->path != NULL;
        for (size_t k = 0; k < i && r->count > CLOSER; k++)
            if (r->runs[k].closer && strcmp(r->runs[k].method, one->method) == 0) one->closer = false;
        if (one->closer && ++closer > CLOSER) one->closer = false;
    }
    if (r->count > CLOSER)
        CLI_TRY(cli_page_miss(
            r->page,
            "Of %zu runs the first of each method, at most %d, is looked at closer by spectrum, "
            "SANE, slices and planes: a report on fewer runs has those of each",
            r->count, CLOSER));
done:
    return status;
}

/* ---------------------------------------------------------------------------------- what is computed -- */

/* Of one checkpoint, as the results are named. */
static const struct each {
    const char *name;
    bool        momentum; /* needs it */
    double      weight;   /* share of the time */
    const char *words[WORDS];
} each[] = {
    {"spectrum", false, 4, {"spectrum"}},
    {"sane", false, 4, {"sane"}},
    {"momentum", true, 1, {"slice", "--range", "-1:1", "--grid", "81", "--along", "momentum"}},
    {"eigen", false, 1, {"slice", "--range", "-2:2", "--grid", "81", "--along", "eigen:1"}},
    {"random", false, 1, {"slice", "--range", "-1:1", "--grid", "81", "--along", "random:1"}},
    {"plane",
     false,
     1,
     {"slice", "--range", "-1:1", "--grid", "41", "--both", "--along", "random:1", "--along", "random:2"}},
};

enum { EACH = sizeof each / sizeof *each };

static int have_comparison(report *r, int64_t *step)
{
    static const char *const compare[] = {"compare", NULL};
    int                      status = CLI_OK;
    const basin_result      *result;

    *step = -1;
    if (r->count < 2) return CLI_OK;
    CLI_TRY(have(r, "compare", (double)r->left / 2, compare, r->operands, r->count, &result));
    if (result != NULL) *step = ((const basin_comparison *)result->value)->step;
done:
    return status;
}

/* Computed last, and shown behind the comparison. */
static int have_track(report *r)
{
    static const char *const track[] = {"track", NULL};
    int                      status = CLI_OK;
    const basin_result      *result;
    cli_page                *page = r->page;

    CLI_TRY(have(r, "track", (double)r->left, track, r->operands, r->count, &result));
    if (result == NULL) return CLI_OK;
    basin_result *moved = page->results[page->count - 1];
    char         *file = page->files[page->count - 1];
    size_t        at = page->count - 1;
    for (; at > r->before && page->results[at - 1]->kind != BASIN_RESULT_COMPARISON; at--)
        page->results[at] = page->results[at - 1], page->files[at] = page->files[at - 1];
    page->results[at] = moved, page->files[at] = file;
done:
    return status;
}

static int have_paths(report *r)
{
    static const char *const plane[] = {"slice", "--grid", "61", "--plane", "pca", NULL};
    int                      status = CLI_OK;
    char                    *operands[CLOSER];
    size_t                   count = 0;
    const basin_result      *result;

    for (size_t i = 0; i < r->count; i++)
        if (r->runs[i].closer && r->runs[i].folder) operands[count++] = r->operands[i];
    if (count > 0) CLI_TRY(have(r, "paths", 1, plane, operands, count, &result));
done:
    return status;
}

/* SANE of a spectrum that holds all eigenvalues costs nothing; it cannot be asked with options for data. */
static void keep_spectrum(const report *r, const basin_result *result, cli_report_run *one)
{
    if (result == NULL || result->kind != BASIN_RESULT_SPECTRUM || r->has_options) return;
    if (((const basin_spectrum *)result->value)->method == BASIN_SPECTRUM_DENSE)
        snprintf(one->spectrum, sizeof one->spectrum, "%s", r->page->files[r->page->count - 1]);
}

static int have_one(report *r, const struct each *what, cli_report_run *one)
{
    int                 status = CLI_OK;
    char                name[2 * NAME], *path = (char *)(uintptr_t)one->path;
    const basin_result *result;

    if (strcmp(what->name, "sane") == 0 && one->spectrum[0] != '\0') path = one->spectrum;
    snprintf(name, sizeof name, "%s_%s", what->name, one->name);
    CLI_TRY(have(r, name, what->weight, what->words, &path, 1, &result));
    keep_spectrum(r, result, one);
done:
    return status;
}

static int have_each(report *r)
{
    int status = CLI_OK;

    for (size_t k = 0; k < EACH; k++)
        for (size_t i = 0; i < r->count; i++)
            if (r->runs[i].closer && (!each[k].momentum || r->runs[i].momentum))
                CLI_TRY(have_one(r, &each[k], &r->runs[i]));
done:
    return status;
}

int cli_report_runs(const cli_arguments *a, char *const *operands, size_t count, const char *results,
                    cli_page *page)
{
    int     status = CLI_OK;
    int64_t step;
    report  r = {.a = a,
                 .results = results,
                 .page = page,
                 .before = page->count,
                 .operands = operands,
                 .end = INFINITY};

    CLI_ALLOC(r.runs, count);
    for (r.count = 0; r.count < count; r.count++) CLI_TRY(cli_report_run_open(operands, r.count, r.runs));
    CLI_TRY(cli_folder_make(results));
    for (size_t i = 0; i < a->given_count; i++) r.has_options = r.has_options || !a->given[i].option->outward;
    if (cli_has(a, "time")) r.end = basin_seconds() + cli_seconds(cli_text(a, "time", NULL));
    r.left = 3 + EACH * (count < CLOSER ? count : CLOSER);
    CLI_TRY(have_comparison(&r, &step));
    CLI_TRY(choose_closer(&r, step));
    CLI_TRY(have_paths(&r));
    CLI_TRY(have_each(&r));
    CLI_TRY(have_track(&r));
    CLI_CHECK(page->count > 0, "nothing could be computed: %s",
              page->missing_count > 0 ? page->missing[0] : "");
    cli_note("%s: %zu results computed, %zu taken from there", results, r.begun, r.taken);
done:
    if (status == CLI_INTERRUPTED && r.begun + r.taken > 0)
        cli_conclude(status, "interrupted: what is done is kept in %s, and the same command goes on",
                     results);
    if (status != CLI_OK && r.begun + r.taken == 0) rmdir(results); /* fails where something is in it */
    for (size_t i = 0; r.runs != NULL && i < count; i++) basin_run_destroy(&r.runs[i].run);
    basin_free(r.runs);
    return status;
}

/* basin watch: the measures of each checkpoint of a run as it lands, held against limits. */
#include <math.h>
#include <string.h>
#include <time.h>

#include "cli/limits.h"
#include "cli/monitor.h"
#include "cli/report.h"
#include "cli/violation.h"
#include "cli/watch.h"

#define ALPHA 0.05
#define INTERVAL 2.0 /* seconds */
#define NARROW 1e-4  /* relative width of an interval whose ends would print as one number */

static const cli_option options[] = {
    {"o", CLI_TEXT, "FILE.h5", "the track of what was measured, replaced with each checkpoint; gone on from",
     true},
    {"until-step", CLI_WHOLE, "N", "end with the first checkpoint of step N or later", true},
    {"idle", CLI_DURATION, "T", "end when no checkpoint has landed for so long, e.g. 90s, 10m or 2h", true},
    {"interval", CLI_DURATION, "T", "between two looks at the folder (default: 2s)", true},
    CLI_LIMIT_OPTIONS,
    {"on-violation", CLI_TEXT, "CMD",
     "run by the shell for each limit violated, with BASIN_CHECKPOINT, BASIN_STEP, BASIN_LIMIT, BASIN_VALUE, "
     "… "
     "in its environment",
     true},
    CLI_ROW_OPTIONS,
    {NULL, CLI_FLAG, NULL, NULL, false}};

/* Options that are not those of the track that this becomes. */
static const char *const own[] = {"o", "until-step", "idle", "interval", "max", "min", "on-violation", NULL};

typedef struct watcher {
    cli_limits        limits;
    basin_row_options row; /* what the intervals of a row follow from */
    size_t            measure_count;
    size_t           *measures;   /* that are printed */
    const char       *command;    /* of --on-violation, or NULL */
    int64_t           until;      /* step, or -1 */
    double            idle, each; /* seconds; idle = 0: for ever */
    int64_t           reached;    /* the latest step measured */
    size_t            violations;
    char              first[400]; /* of the violations */
} watcher;

/* --------------------------------------------------------------------------------------- what is asked -- */

static bool is_printed(const watcher *w, size_t measure)
{
    for (size_t i = 0; i < w->measure_count; i++)
        if (w->measures[i] == measure) return true;
    return false;
}

/* Those of --measures and of the limits; else what says most. */
static int choose_measures(const cli_arguments *a, watcher *w)
{
    int                 status = CLI_OK;
    static const size_t usual[] = {BASIN_MEASURE_train_loss, BASIN_MEASURE_lambda_max, BASIN_MEASURE_sane};
    const size_t        usual_count = sizeof usual / sizeof *usual;
    size_t             *named = NULL, count = 0;

    if (cli_has(a, "measures")) CLI_TRY(cli_measures_read(a, &named, &count));
    CLI_ALLOC(w->measures, count + usual_count + w->limits.count);
    for (size_t i = 0; i < count; i++) w->measures[w->measure_count++] = named[i];
    for (size_t i = 0; count == 0 && i < usual_count; i++) w->measures[w->measure_count++] = usual[i];
    for (size_t i = 0; i < w->limits.count; i++)
        if (!is_printed(w, w->limits.limits[i].measure))
            w->measures[w->measure_count++] = w->limits.limits[i].measure;
done:
    basin_free(named);
    return status;
}

/* Of what is measured only on request --measures must ask, and rows have no measures of `sharpness`. */
static int check_measures(const cli_arguments *a, const watcher *w)
{
    int         status = CLI_OK;
    const char *asked = cli_text(a, "measures", "");

    for (size_t i = 0; i < w->measure_count; i++) {
        const size_t measure = w->measures[i];
        const char  *name = basin_gate_measure_name(measure);
        CLI_WANT(measure < BASIN_MEASURES, "watch: %s is no measure of track", name);
        CLI_WANT(!(basin_columns[measure].needs & BASIN_NEEDS_ON_REQUEST) || strstr(asked, name) != NULL,
                 "watch: %s is measured on request only: --measures %s", name, name);
    }
done:
    return status;
}

static int read_options(const cli_arguments *a, watcher *w)
{
    int         status = CLI_OK;
    size_t      until;
    const char *idle = cli_text(a, "idle", NULL), *each = cli_text(a, "interval", NULL);

    CLI_WANT(cli_has(a, "o"), "watch: -o FILE.h5 says where the results go");
    CLI_TRY(cli_limits_read(a, &w->limits));
    CLI_TRY(choose_measures(a, w));
    CLI_TRY(check_measures(a, w));
    w->command = cli_text(a, "on-violation", NULL);
    CLI_WANT(w->command == NULL || w->limits.count > 0,
             "watch: --on-violation wants a limit: --max or --min");
    CLI_TRY(cli_size(a, "until-step", 0, &until));
    w->until = cli_has(a, "until-step") ? (int64_t)until : -1;
    w->idle = idle != NULL ? cli_seconds(idle) : 0;
    w->each = each != NULL ? cli_seconds(each) : INTERVAL;
    CLI_TRY(cli_size(a, "batches", 0, &w->row.batches));
done:
    return status;
}

static void clear(watcher *w)
{
    cli_limits_clear(&w->limits);
    basin_free(w->measures);
}

/* --------------------------------------------------------------------------------------------- one row -- */

static const char *value_text(const basin_row *row, size_t measure)
{
    const basin_column *column = &basin_columns[measure];
    const basin_value  *v = &row->measures[measure];
    char               *text = cli_turn();

    if (isnan(v->value))
        snprintf(text, CLI_TURN, "-");
    else if (basin_column_partial(row, column))
        snprintf(text, CLI_TURN, ">= %s", cli_number(v->lower, 5));
    else if (v->interval == BASIN_INTERVAL_RESIDUAL ||
             (v->interval != BASIN_INTERVAL_NONE && v->upper - v->lower < NARROW * fabs(v->value)))
        snprintf(text, CLI_TURN, "%s ± %.0e", cli_number(v->value, 5), (v->upper - v->lower) / 2);
    else if (v->interval != BASIN_INTERVAL_NONE && v->upper > v->lower)
        snprintf(text, CLI_TURN, "%s [%s, %s]", cli_number(v->value, 5), cli_number(v->lower, 5),
                 cli_number(v->upper, 5));
    else
        snprintf(text, CLI_TURN, "%s", cli_number(v->value, 5));
    return text;
}

/* «step 40  train_loss 0.5  lambda_max 8.0005 ± 4e-12» */
static void print_row(const watcher *w, const cli_watched *file, const basin_row *row)
{
    fputs(cli_place(row->step, row->epoch, file->path, (char[CLI_PLACE]){0}), stdout);
    if (row->point != BASIN_POINT_RAW) printf(", %s", basin_point_text((basin_point_kind)row->point));
    if (row->missing != NULL) printf("  missing: %s", cli_plain(row->missing));
    for (size_t i = 0; i < w->measure_count && row->missing == NULL; i++)
        printf("  %s %s", basin_columns[w->measures[i]].name, value_text(row, w->measures[i]));
    fputc('\n', stdout);
}

/* Of the raw point; told: the command runs. */
static int hold_against(watcher *w, const cli_watched *file, const basin_row *row, bool told)
{
    int           status = CLI_OK;
    cli_violation v = {.checkpoint = file->path, .row = row};

    for (size_t i = 0; i < w->limits.count; i++) {
        basin_answer answer;
        v.limit = &w->limits.limits[i], v.answer = &answer;
        CLI_TRY(cli_name_file(cli_library(basin_limit_bound(v.limit, row, &v.bound)), file->path));
        basin_gate_answer_row(
            row, &w->row,
            &(basin_question){
                .measure = v.limit->measure, .at_most = v.limit->at_most, .low = v.bound, .high = v.bound},
            ALPHA / (double)w->limits.count, &answer);
        if (answer.verdict != BASIN_GATE_VIOLATED) continue;
        if (w->violations++ == 0) snprintf(w->first, sizeof w->first, "%s: %s", file->path, v.limit->text);
        if (told) continue;
        printf("  violated: %s: %s %s, limit %s\n", v.limit->text, cli_number(answer.value, 5),
               cli_answer_ends(&answer), cli_number(v.bound, 5));
        if (w->command != NULL) CLI_TRY(cli_violation_tell(w->command, &v));
    }
done:
    return status;
}

/* What was in the results file has been printed, and told of, by whoever put it there. */
static int take(void *payload, const cli_watched *file, bool known)
{
    int      status = CLI_OK;
    watcher *w = payload;

    for (size_t i = 0; i < file->rows.count; i++) {
        const basin_row *row = &file->rows.rows[i];
        if (row->part > 0) continue;
        if (!known) print_row(w, file, row);
        if (row->step > w->reached) w->reached = row->step;
        if (row->point == BASIN_POINT_RAW && row->missing == NULL) CLI_TRY(hold_against(w, file, row, known));
    }
    fflush(stdout);
done:
    return status;
}

/* ------------------------------------------------------------------------------------------- following -- */

static int wait_for(double seconds)
{
    int                   status = CLI_OK;
    const double          end = basin_seconds() + seconds;
    const struct timespec slice = {.tv_nsec = 50000000};

    while (basin_seconds() < end) {
        CLI_TRY(cli_monitor_check());
        nanosleep(&slice, NULL);
    }
done:
    return status;
}

static int follow(cli_watch *files, watcher *w)
{
    int    status = CLI_OK;
    double latest = basin_seconds();
    size_t measured;

    for (;;) {
        CLI_TRY(cli_watch_look(files, false, take, w, &measured));
        if (measured > 0) latest = basin_seconds();
        if (w->until >= 0 && w->reached >= w->until) break;
        if (w->idle > 0 && basin_seconds() - latest >= w->idle) break;
        CLI_TRY(wait_for(w->each));
    }
    CLI_TRY(cli_watch_look(files, true, take, w, &measured));
    CLI_CHECK(cli_watch_count(files) > 0, "%s: no checkpoint has landed", files->run);
done:
    return status;
}

static int run(const cli_arguments *a)
{
    int       status = CLI_OK;
    cli_watch files = {.out = NULL};
    watcher   w = {.until = -1, .reached = -1};

    CLI_TRY(read_options(a, &w));
    CLI_TRY(cli_watch_open(a, own, &files));
    cli_monitor_clear();
    CLI_TRY(follow(&files, &w));
    const size_t count = cli_watch_count(&files);
    printf("%s: the track of %zu checkpoint%s\n", cli_plain(files.out), count, count == 1 ? "" : "s");
    if (w.violations > 0)
        status = cli_conclude(CLI_VIOLATED, "violated %zu time%s, the first by %s", w.violations,
                              w.violations == 1 ? "" : "s", w.first);
done:
    cli_watch_close(&files);
    clear(&w);
    return status;
}

const cli_command cli_command_watch = {
    .name = "watch",
    .usage = "watch RUN -o FILE.h5 [--max NAME=X…] [--on-violation CMD] [--until-step N] [--idle T]",
    .about =
        "Measures each checkpoint of a run (a folder) as it lands there, prints a row of it, and keeps the "
        "track of all in FILE.h5,\n"
        "which is what `track` would have computed afterwards: verify recomputes it, plot draws it. A file "
        "that "
        "is still being\n"
        "written is waited for. It is no server: it ends by --until-step, --idle or Ctrl-C, and the same "
        "command "
        "goes on where it\n"
        "stopped; rows of checkpoints that have been deleted since stay. Limits are those of `gate`, held "
        "against each row at the\n"
        "checkpoint's own weights. Exit status: 0, or 3 if a limit was violated.",
    .examples = "  basin watch runs/sam_0 -o sam_0.h5 --measures sane,lambda_max --until-step 400\n"
                "  basin watch runs/sam_0 -o sam_0.h5 --max 'lambda_max<=2/lr' --idle 10m \\\n"
                "      --on-violation 'mail -s \"$BASIN_LIMIT at step $BASIN_STEP\" me <&-'\n",
    .options = options,
    .common = CLI_COMMON_DATA | CLI_COMMON_WORK,
    .least = 1,
    .most = 1,
    .run = run,
};

/* What is said of long work, and the signals that end it.
 *
 * A thread of its own looks at what was reported last and says it: work inside LAPACK or HDF5, which reports
 * nothing for minutes, is seen to go on by its seconds. The thread reads the few facts below under a lock,
 * and nothing of the work depends on it; where it cannot be had, nothing is shown.
 */
#include "cli/monitor.h"

#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* seconds: from the start of a command until something is shown on a terminal, between two drawings there,
   and between two lines in a file */
#define FIRST 0.5
#define REDRAW 0.2
#define LINES 30.0

static atomic_bool interrupted; /* lock-free, so that a signal may set it */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static struct { /* what the thread says, under the lock */
    char   part[80], stage[64];
    double done, total;       /* of the stage; a total of 0 is not known */
    double start, stage_from; /* seconds of the clock */
    bool   quiet;             /* something else is being printed */
    bool   drawn;
} now;

/* Signals that end the work in order. */
static const int ending[] = {SIGINT, SIGTERM, SIGHUP, SIGXCPU};

static void on_signal(int number)
{
    (void)number;
    if (interrupted) {
        basin_file_emergency();
        _exit(CLI_INTERRUPTED);
    }
    interrupted = 1;
}

/* ---------------------------------------------------------------------------------------- what is said -- */

enum { SPAN = 24 }; /* of the text of a duration */

static const char *span_text(double seconds, char text[SPAN])
{
    if (seconds < 100)
        snprintf(text, SPAN, "%.0f s", seconds);
    else if (seconds < 6000)
        snprintf(text, SPAN, "%.0f min", seconds / 60);
    else
        snprintf(text, SPAN, "%.1f h", seconds / 3600);
    return text;
}

/* «, 12 s left» of the stage, once there is something to go by. */
static void left_text(double share, double elapsed, char *text, size_t size)
{
    char span[SPAN];

    text[0] = '\0';
    if (share > 0.01 && share <= 1 && elapsed > FIRST)
        snprintf(text, size, ", %s left", span_text(elapsed * (1 - share) / share, span));
}

/* A stage that is one step, or none that is known, has no share: its seconds say that it goes on. */
static void describe(double time, bool bar, char *text, size_t size)
{
    enum { WIDTH = 24 };
    double share = now.total > 1 && now.done <= now.total ? now.done / now.total : NAN;
    char   drawing[WIDTH + 4] = "", left[32], span[SPAN];

    if (isnan(share)) {
        snprintf(text, size, "%s%s, %s%s", now.part, now.stage[0] != '\0' ? now.stage : "at work",
                 span_text(time - (now.stage[0] != '\0' ? now.stage_from : now.start), span),
                 interrupted ? "; interrupted, ends after this step" : "");
        return;
    }
    if (bar) {
        drawing[0] = '[';
        for (int i = 0; i < WIDTH; i++) drawing[i + 1] = (double)i < share * WIDTH ? '#' : '.';
        drawing[WIDTH + 1] = ']', drawing[WIDTH + 2] = ' ';
    }
    left_text(share, time - now.stage_from, left, sizeof left);
    snprintf(text, size, bar ? "%s%s %s%3.0f %%%s" : "%s%s %s%.0f %%%s", now.part, now.stage, drawing,
             100 * share, left);
}

static void draw(double time)
{
    char text[240];

    describe(time, true, text, sizeof text);
    fprintf(stderr, "\r\033[K%s", text);
    fflush(stderr);
    now.drawn = true;
}

static void write_line(double time)
{
    char text[240], span[SPAN];

    describe(time, false, text, sizeof text);
    fprintf(stderr, "basin: %s; %s so far\n", text, span_text(time - now.start, span));
    fflush(stderr);
}

/* Never returns: the process ends around it. */
static void *watch(void *unused)
{
    const bool            terminal = cli_monitor_terminal();
    const double          each = terminal ? REDRAW : LINES;
    const struct timespec pause = {.tv_sec = (time_t)each, .tv_nsec = (long)(1e9 * fmod(each, 1.0))};

    (void)unused;
    for (;;) {
        nanosleep(&pause, NULL);
        double time = basin_seconds();
        pthread_mutex_lock(&lock);
        if (!now.quiet && !terminal) write_line(time);
        if (!now.quiet && terminal && time - now.start > FIRST) draw(time);
        pthread_mutex_unlock(&lock);
    }
    return NULL;
}

/* Signals go to the thread that works. */
static void start_watching(void)
{
    pthread_attr_t attributes;
    pthread_t      thread;
    sigset_t       all, before;

    now.start = basin_seconds();
    sigfillset(&all);
    if (pthread_attr_init(&attributes) != 0) return;
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    (void)pthread_create(&thread, &attributes, watch, NULL);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
}

/* ---------------------------------------------------------------------------------------- what is told -- */

static bool report(void *payload, const char *name, double done, double total)
{
    (void)payload;
    if (name == NULL) return !interrupted; /* only asked whether to go on */
    pthread_mutex_lock(&lock);
    if (strncmp(now.stage, name, sizeof now.stage - 1) != 0) {
        snprintf(now.stage, sizeof now.stage, "%s", name);
        now.stage_from = basin_seconds();
    }
    now.done = done, now.total = total;
    now.quiet = false;
    pthread_mutex_unlock(&lock);
    return !interrupted;
}

void cli_monitor_start(void)
{
    struct sigaction action;

    memset(&action, 0, sizeof action);
    action.sa_handler = on_signal;
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < sizeof ending / sizeof *ending; i++) {
        struct sigaction before;
        sigaction(ending[i], NULL, &before);
        /* nohup's choice stands */
        if (ending[i] != SIGHUP || before.sa_handler != SIG_IGN) sigaction(ending[i], &action, NULL);
    }
    /* a file that grows past the limit is a failed write, which cleans up after itself */
    signal(SIGXFSZ, SIG_IGN);
    start_watching();
    basin_progress_set(&(basin_progress){report, NULL});
}

void cli_monitor_part(const char *what, size_t index, size_t total)
{
    pthread_mutex_lock(&lock);
    now.part[0] = now.stage[0] = '\0';
    now.done = now.total = 0;
    now.quiet = false;
    if (total > 1) snprintf(now.part, sizeof now.part, "%s %zu of %zu: ", what, index, total);
    pthread_mutex_unlock(&lock);
}

/* Under the lock. */
static void erase(void)
{
    if (now.drawn) fputs("\r\033[K", stderr);
    now.drawn = false;
}

void cli_monitor_clear(void)
{
    pthread_mutex_lock(&lock);
    erase();
    now.quiet = true;
    pthread_mutex_unlock(&lock);
}

bool cli_monitor_terminal(void)
{
    return isatty(STDERR_FILENO) == 1;
}

int cli_monitor_check(void)
{
    if (!interrupted) return CLI_OK;
    cli_fail("interrupted");
    return CLI_INTERRUPTED;
}

static void say(const char *prefix, const char *format, va_list arguments)
{
    char text[4096], line[4096];

    vsnprintf(text, sizeof text, format, arguments);
    pthread_mutex_lock(&lock);
    erase();
    fprintf(stderr, "%s%s\n", prefix, basin_printable(text, line, sizeof line));
    pthread_mutex_unlock(&lock);
}

void cli_warn(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    say("basin: warning: ", format, arguments);
    va_end(arguments);
}

void cli_note(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    say("basin: ", format, arguments);
    va_end(arguments);
}

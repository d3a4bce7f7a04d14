#include "cli/monitor.h"

#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

static volatile sig_atomic_t interrupted;
static char                  part[80];
static bool                  drawn;

static struct { /* the stage being drawn; for its ETA */
    char   name[64];
    double start, last;
} stage;

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

static void draw(double done, double total, double elapsed)
{
    enum { WIDTH = 24 };
    double share = total > 0 && done <= total ? done / total : 0;
    char   bar[WIDTH + 1], left[32] = "";

    for (int i = 0; i < WIDTH; i++) bar[i] = (double)i < share * WIDTH ? '#' : '.';
    bar[WIDTH] = '\0';
    if (share > 0.01 && elapsed > 0.5) {
        double seconds = elapsed * (1 - share) / share;
        if (seconds < 100)
            snprintf(left, sizeof left, ", %.0f s left", seconds);
        else if (seconds < 6000)
            snprintf(left, sizeof left, ", %.0f min left", seconds / 60);
        else
            snprintf(left, sizeof left, ", %.1f h left", seconds / 3600);
    }
    fprintf(stderr, "\r\033[K%s%s [%s] %3.0f %%%s", part, stage.name, bar, 100 * share, left);
    fflush(stderr);
    drawn = true;
}

static bool report(void *payload, const char *name, double done, double total)
{
    double time = basin_seconds();

    (void)payload;
    /* no name: only asked whether to go on */
    if (name == NULL || !cli_monitor_terminal()) return !interrupted;
    if (strncmp(stage.name, name, sizeof stage.name - 1) != 0) {
        snprintf(stage.name, sizeof stage.name, "%s", name);
        stage.start = time, stage.last = time;
    }
    if (time - stage.last > 0.1) {
        stage.last = time;
        draw(done, total, time - stage.start);
    }
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
    basin_progress_set(&(basin_progress){report, NULL});
}

void cli_monitor_part(const char *what, size_t index, size_t total)
{
    part[0] = stage.name[0] = '\0';
    if (total > 1) snprintf(part, sizeof part, "%s %zu of %zu: ", what, index, total);
}

void cli_monitor_clear(void)
{
    if (drawn) fputs("\r\033[K", stderr);
    drawn = false;
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
    cli_monitor_clear();
    fputs(prefix, stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
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

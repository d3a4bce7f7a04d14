#include "cli/violation.h"

#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

enum { TOLD = 9 /* variables */, TEXT = 1200 };

typedef struct told {
    char **all;        /* [inherited + TOLD + 1] what the command sees */
    char (*own)[TEXT]; /* [TOLD] */
    size_t count, inherited;
} told;

static bool is_told(const char *variable)
{
    return strncmp(variable, "BASIN_", 6) == 0;
}

static void add(told *t, const char *format, ...) CLI_PRINTF(2, 3);
static void add(told *t, const char *format, ...)
{
    va_list arguments;
    char   *text = t->own[t->count - t->inherited];

    va_start(arguments, format);
    vsnprintf(text, TEXT, format, arguments);
    va_end(arguments);
    t->all[t->count++] = text;
}

/* Variables of these names that are there already would be ambiguous, and are left out. */
static int inherit(told *t)
{
    int    status = CLI_OK;
    size_t most = 0;

    while (environ[most] != NULL) most++;
    CLI_ALLOC(t->all, most + TOLD + 1);
    CLI_ALLOC(t->own, TOLD);
    for (size_t i = 0; i < most; i++)
        if (!is_told(environ[i])) t->all[t->count++] = environ[i];
    t->inherited = t->count;
done:
    return status;
}

static int describe(const cli_violation *v, told *t)
{
    int status = CLI_OK;

    CLI_TRY(inherit(t));
    add(t, "BASIN_CHECKPOINT=%s", v->checkpoint);
    add(t, "BASIN_STEP=%lld", (long long)v->row->step);
    add(t, "BASIN_MEASURE=%s", basin_columns[v->limit->measure].name);
    add(t, "BASIN_LIMIT=%s", v->limit->text);
    add(t, "BASIN_BOUND=%.17g", v->bound);
    add(t, "BASIN_VALUE=%.17g", v->answer->value);
    add(t, "BASIN_LOWER=%.17g", v->answer->lower);
    add(t, "BASIN_UPPER=%.17g", v->answer->upper);
    add(t, "BASIN_CERTAIN=%s", v->answer->certain ? "yes" : "no");
done:
    return status;
}

/* In the shell signals end what they end by default, and what it prints does not mix with the rows. */
static int start(const char *command, char **environment, pid_t *out)
{
    int                        failed;
    sigset_t                   none, all;
    posix_spawnattr_t          attributes;
    posix_spawn_file_actions_t actions;
    char *const arguments[] = {(char[]){"sh"}, (char[]){"-c"}, (char *)(uintptr_t)command, NULL};

    sigemptyset(&none), sigfillset(&all);
    if ((failed = posix_spawnattr_init(&attributes)) != 0) return failed;
    if ((failed = posix_spawn_file_actions_init(&actions)) == 0) {
        posix_spawnattr_setsigmask(&attributes, &none);
        posix_spawnattr_setsigdefault(&attributes, &all);
        posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
        failed = posix_spawn_file_actions_adddup2(&actions, STDERR_FILENO, STDOUT_FILENO);
        if (failed == 0) failed = posix_spawn(out, "/bin/sh", &actions, &attributes, arguments, environment);
        posix_spawn_file_actions_destroy(&actions);
    }
    posix_spawnattr_destroy(&attributes);
    return failed;
}

int cli_violation_tell(const char *command, const cli_violation *v)
{
    int   status = CLI_OK, outcome = 0, failed;
    told  t = {.all = NULL};
    pid_t child = 0;

    CLI_TRY(describe(v, &t));
    fflush(stdout);
    CLI_CHECK((failed = start(command, t.all, &child)) == 0, "--on-violation: %s: %s", command,
              strerror(failed));
    while (waitpid(child, &outcome, 0) < 0)
        CLI_CHECK(errno == EINTR, "--on-violation: %s: %s", command, strerror(errno));
    if (!WIFEXITED(outcome) || WEXITSTATUS(outcome) != 0)
        cli_warn("--on-violation: «%s» ended with %s %d", command, WIFEXITED(outcome) ? "status" : "signal",
                 WIFEXITED(outcome) ? WEXITSTATUS(outcome) : WTERMSIG(outcome));
done:
    basin_free(t.all);
    basin_free(t.own);
    return status;
}

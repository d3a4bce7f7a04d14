#include "cli/terminal.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <unistd.h>

static const char *variable(const char *name)
{
    const char *value = getenv(name);

    return value != NULL ? value : "";
}

/* COLUMNS where it is set, else the window's own. */
static size_t width(void)
{
    struct winsize size;
    const long     set = strtol(variable("COLUMNS"), NULL, 10);

    if (set > 0 && set < 10000) return (size_t)set;
    return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

/* The first of the three that is set decides, as in setlocale(3), which would also change numbers. */
static bool is_utf8(void)
{
    static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};
    const char              *locale = "";

    for (size_t i = 0; i < 3 && locale[0] == '\0'; i++) locale = variable(names[i]);
    const char *dot = strchr(locale, '.');
    return dot != NULL && (strncasecmp(dot, ".UTF-8", 6) == 0 || strncasecmp(dot, ".utf8", 5) == 0);
}

/* no-color.org: any value but an empty one. */
static int colors_of(const char *term)
{
    const char *more = variable("COLORTERM");

    if (variable("NO_COLOR")[0] != '\0' || term[0] == '\0' || strcmp(term, "dumb") == 0)
        return BASIN_SKETCH_NO_COLOR;
    if (strcmp(more, "truecolor") == 0 || strcmp(more, "24bit") == 0) return BASIN_SKETCH_TRUE_COLOR;
    if (strcmp(term, "xterm-kitty") == 0) return BASIN_SKETCH_TRUE_COLOR;
    return strstr(term, "256color") != NULL ? BASIN_SKETCH_256_COLORS : BASIN_SKETCH_NO_COLOR;
}

/* A multiplexer between would swallow the escapes, or show them. */
static bool shows_images(const char *term)
{
    if (variable("TMUX")[0] != '\0' || strncmp(term, "screen", 6) == 0 || strncmp(term, "tmux", 4) == 0)
        return false;
    return strcmp(term, "xterm-kitty") == 0 || variable("KITTY_WINDOW_ID")[0] != '\0';
}

cli_terminal cli_terminal_look(void)
{
    const char  *term = variable("TERM");
    cli_terminal t = {.there = isatty(STDOUT_FILENO) == 1, .columns = width(), .utf8 = is_utf8()};

    if (t.there) t.colors = colors_of(term), t.images = shows_images(term);
    return t;
}

size_t cli_terminal_width(void)
{
    return isatty(STDOUT_FILENO) == 1 ? width() : SIZE_MAX;
}

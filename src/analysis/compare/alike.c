/* Are rows of the same network, loss and data? Only then are their measures held against each other.
 *
 *   1. Rows of one run (and one network, loss and data) stand together: the first of them speaks for all. A
 *      row that does not know its network (its file could not be read) speaks for nobody.
 *   2. Two networks are the same where their descriptions are (core/graph_text.c), two losses likewise, with
 *      their settings.
 *   3. Data must be the same at an equal seed, since these runs would be paired. Between seeds they may
 *      differ (each its own subset or label noise) as long as both methods have runs of both seeds, so that
 *      every difference is taken on the same data.
 */
#include "analysis/compare/comparison.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/memory.h"

#define ITEM_MOST 200 /* characters of an item of a network's description that are quoted */

typedef struct difference { /* of two rows, in one line */
    const basin_row *a, *b;
    char             text[512]; /* "" if there is none */
} difference;

static void differ(difference *d, const basin_row *a, const basin_row *b, const char *format, ...)
    BASIN_PRINTF(4, 5);
static void differ(difference *d, const basin_row *a, const basin_row *b, const char *format, ...)
{
    va_list list;

    va_start(list, format);
    vsnprintf(d->text, sizeof d->text, format, list);
    va_end(list);
    d->a = a, d->b = b;
}

static const char *text_of(const char *text)
{
    return text != NULL ? text : "";
}

/* Both known, and not the same. */
static bool unlike(const char *a, const char *b)
{
    return a != NULL && b != NULL && strcmp(a, b) != 0;
}

static size_t item_length(const char *text)
{
    const char *end = strstr(text, "; ");

    return end != NULL ? (size_t)(end - text) : strlen(text);
}

static int quoted(size_t length)
{
    return (int)(length < ITEM_MOST ? length : ITEM_MOST);
}

/* The first item in which they differ; «nothing» beyond the end. */
static void networks_differ(difference *d, const basin_row *a, const basin_row *b)
{
    const char *x = a->network, *y = b->network;
    size_t      m = item_length(x), n = item_length(y);

    if (a->parameters != b->parameters) {
        differ(d, a, b, "P = %zu against %zu parameters", a->parameters, b->parameters);
        return;
    }
    while (m == n && strncmp(x, y, n) == 0 && x[m] != '\0' && y[n] != '\0') {
        x += m + 2, y += n + 2;
        m = item_length(x), n = item_length(y);
    }
    if (m == n && strncmp(x, y, n) == 0) { /* one of them ends here */
        x = x[m] != '\0' ? x + m + 2 : "nothing", y = y[n] != '\0' ? y + n + 2 : "nothing";
        m = item_length(x), n = item_length(y);
    }
    differ(d, a, b, "their networks differ: %.*s against %.*s", quoted(m), x, quoted(n), y);
}

basin_status basin_networks_unlike(const basin_row *a, const basin_row *b, char **out)
{
    basin_status st = BASIN_OK;
    difference   d = {.text = ""};

    *out = NULL;
    if (!unlike(a->network, b->network)) return BASIN_OK;
    networks_differ(&d, a, b);
    BASIN_STRDUP(*out, d.text);
done:
    return st;
}

/* ------------------------------------------------------------------------------------------ who speaks -- */

static bool speaks_for(const basin_row *a, const basin_row *b)
{
    return basin_same_run(a, b) && !unlike(a->network, b->network) &&
           !unlike(a->loss_function, b->loss_function) && !unlike(a->data_digest, b->data_digest);
}

/* speakers [count]: the rows that others are held against by. */
static size_t find_speakers(const basin_row *rows, size_t count, const basin_row **speakers)
{
    size_t found = 0;

    for (size_t i = 0; i < count; i++) {
        bool known = rows[i].network == NULL;
        for (size_t j = 0; j < found && !known; j++) known = speaks_for(speakers[j], &rows[i]);
        if (!known) speakers[found++] = &rows[i];
    }
    return found;
}

static void find_difference(const basin_row *const *speakers, size_t count, difference *d)
{
    d->text[0] = '\0';
    for (size_t i = 1; i < count; i++)
        for (size_t j = 0; j < i && d->text[0] == '\0'; j++) {
            const basin_row *a = speakers[j], *b = speakers[i];
            if (unlike(a->network, b->network))
                networks_differ(d, a, b);
            else if (unlike(a->loss_function, b->loss_function))
                differ(d, a, b, "their losses differ: %.200s against %.200s", a->loss_function,
                       b->loss_function);
            else if (a->seed >= 0 && a->seed == b->seed && unlike(a->data_digest, b->data_digest))
                differ(d, a, b,
                       "their data differ at the same seed %" PRId64 ": SHA-256 %.16s… against %.16s…",
                       a->seed, a->data_digest, b->data_digest);
        }
}

/* ----------------------------------------------------------------------------- data of different seeds -- */

static bool has_partner(const basin_row *const *speakers, size_t count, const basin_row *run,
                        const char *method)
{
    for (size_t i = 0; i < count; i++)
        if (speakers[i]->seed == run->seed && strcmp(text_of(speakers[i]->method), text_of(method)) == 0)
            return true;
    return false;
}

static bool seeds_explain(const basin_row *const *speakers, size_t count, const basin_row *a,
                          const basin_row *b)
{
    return a->seed >= 0 && b->seed >= 0 && has_partner(speakers, count, a, b->method) &&
           has_partner(speakers, count, b, a->method);
}

static void find_unexplained(const basin_row *const *speakers, size_t count, difference *d)
{
    for (size_t i = 1; i < count; i++)
        for (size_t j = 0; j < i && d->text[0] == '\0'; j++) {
            const basin_row *a = speakers[j], *b = speakers[i];
            if (unlike(a->data_digest, b->data_digest) && !seeds_explain(speakers, count, a, b))
                differ(d, a, b,
                       "their data differ (SHA-256 %.16s… against %.16s…) and no common seeds pair them",
                       a->data_digest, b->data_digest);
        }
}

/* ----------------------------------------------------------------------------------------------- words -- */

/* «runs a and b», or the checkpoints where they are of one run. */
static char *name_both(const difference *d)
{
    if (unlike(d->a->run, d->b->run)) return basin_format("runs %s and %s", d->a->run, d->b->run);
    return basin_format("checkpoints %s/%s and %s/%s", text_of(d->a->run), text_of(d->a->checkpoint),
                        text_of(d->b->run), text_of(d->b->checkpoint));
}

basin_status basin_rows_demand_alike(const basin_row *rows, size_t count)
{
    basin_status      st = BASIN_OK;
    const basin_row **speakers = NULL;
    char             *both = NULL;
    difference        d;

    BASIN_ALLOC(speakers, count, "runs");
    find_difference(speakers, find_speakers(rows, count, speakers), &d);
    if (d.text[0] == '\0') goto done;
    BASIN_CHECK((both = name_both(&d)) != NULL, BASIN_ERR_NOMEM, "out of memory for a message");
    BASIN_CHECK(false, BASIN_ERR_VALUE, "%s cannot be compared: %s", both, d.text);
done:
    basin_free(both);
    basin_free(speakers);
    return st;
}

basin_status basin_rows_unlike(const basin_row *rows, size_t count, char **out)
{
    basin_status      st = BASIN_OK;
    const basin_row **speakers = NULL;
    const char       *meaning = "their measures are not to be held against each other";
    char             *both = NULL, *text = NULL;
    difference        d;

    BASIN_ALLOC(speakers, count, "runs");
    size_t found = find_speakers(rows, count, speakers);
    find_difference(speakers, found, &d);
    if (d.text[0] == '\0') {
        meaning = "what differs may be the data";
        find_unexplained(speakers, found, &d);
    }
    if (d.text[0] != '\0') {
        BASIN_CHECK((both = name_both(&d)) != NULL, BASIN_ERR_NOMEM, "out of memory for a note");
        BASIN_CHECK((text = basin_format("%s: %s: %s", both, d.text, meaning)) != NULL, BASIN_ERR_NOMEM,
                    "out of memory for a note");
    }
    *out = text;
done:
    basin_free(both);
    basin_free(speakers);
    return st;
}

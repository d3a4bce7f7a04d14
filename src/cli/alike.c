#include "cli/alike.h"

#include <stdarg.h>
#include <string.h>

#include "cli/table.h"

/* -------------------------------------------------------------------------------------------- what a run is of -- */

typedef struct lines {
    char  *text;
    size_t used, room;
} lines;

static int add_text(lines *l, const char *text)
{
    int    status = CLI_OK;
    size_t length = strlen(text);
    char  *grown = NULL;

    if (l->used + length + 1 > l->room) {
        size_t room = 2 * l->room + length + 256;
        CLI_ALLOC(grown, room);
        if (l->used > 0) memcpy(grown, l->text, l->used);
        basin_free(l->text);
        l->text = grown, l->room = room;
    }
    memcpy(l->text + l->used, text, length + 1);
    l->used += length;
done:
    return status;
}

static int add_block(lines *l, const basin_block *block)
{
    int  status = CLI_OK;
    char number[32];

    CLI_TRY(add_text(l, block->name));
    for (size_t i = 0; i < block->rank; i++) {
        snprintf(number, sizeof number, "%s%zu", i > 0 ? ", " : " [", block->shape[i]);
        CLI_TRY(add_text(l, number));
    }
    CLI_TRY(add_text(l, block->rank > 0 ? "]\n" : "\n"));
done:
    return status;
}

/* Names and shapes of all that is trained, and the ops in their order. */
static int describe_network(const basin_checkpoint *ck, char **out)
{
    int   status = CLI_OK;
    lines l = {0};

    for (size_t i = 0; i < ck->params->count; i++) CLI_TRY(add_block(&l, &ck->params->blocks[i]));
    for (size_t i = 0; i < ck->graph->node_count; i++) {
        CLI_TRY(add_text(&l, ck->graph->nodes[i].op));
        CLI_TRY(add_text(&l, "\n"));
    }
    *out = l.text, l.text = NULL;
done:
    basin_free(l.text);
    return status;
}

int cli_kind_read(const cli_arguments *a, const char *name, const basin_run *run, cli_kind *out)
{
    int               status = CLI_OK;
    basin_checkpoint *ck = NULL;
    cli_kind          k = {.run = name, .seed = -1};

    for (size_t i = run->count; i-- > 0 && ck == NULL;)
        if (basin_checkpoint_read(run->entries[i].path, &ck) != BASIN_OK) ck = NULL;
    if (ck != NULL) {
        CLI_TRY(describe_network(ck, &k.network));
        CLI_LIBRARY(basin_loss_spec_describe(&ck->loss, &k.loss));
        CLI_CHECK((k.method = basin_strdup(ck->method != NULL ? ck->method : "")) != NULL, "out of memory for a run");
        k.parameters = ck->params->size;
        k.seed = ck->hyper.seed;
        if (!cli_has(a, "data")) memcpy(k.data, ck->data_digest, sizeof k.data);
    }
    *out = k, k = (cli_kind){0};
done:
    basin_checkpoint_destroy(&ck);
    cli_kind_clear(&k);
    return status;
}

void cli_kind_clear(cli_kind *k)
{
    basin_free(k->network);
    basin_free(k->loss);
    basin_free(k->method);
    *k = (cli_kind){0};
}

/* ------------------------------------------------------------------------------------------------ what differs -- */

typedef struct difference { /* of two runs, in one line */
    const cli_kind *a, *b;
    char            text[512]; /* "" if there is none */
} difference;

static void differ(difference *d, const cli_kind *a, const cli_kind *b, const char *format, ...) CLI_PRINTF(4, 5);
static void differ(difference *d, const cli_kind *a, const cli_kind *b, const char *format, ...)
{
    va_list list;

    va_start(list, format);
    vsnprintf(d->text, sizeof d->text, format, list);
    va_end(list);
    d->a = a, d->b = b;
}

/* The first line in which they differ; «nothing» beyond the end. */
static void networks_differ(difference *d, const cli_kind *a, const cli_kind *b)
{
    const char *x = a->network, *y = b->network;

    if (a->parameters != b->parameters) {
        differ(d, a, b, "P = %s against %s parameters", cli_thousands(a->parameters), cli_thousands(b->parameters));
        return;
    }
    for (;;) {
        size_t m = strcspn(x, "\n"), n = strcspn(y, "\n");
        if (m != n || strncmp(x, y, n) != 0) {
            differ(d, a, b, "their networks differ: %.*s against %.*s", m > 0 ? (int)(m < 200 ? m : 200) : 7, m > 0 ? x : "nothing",
                   n > 0 ? (int)(n < 200 ? n : 200) : 7, n > 0 ? y : "nothing");
            return;
        }
        if (x[m] == '\0') return;
        x += m + 1, y += n + 1;
    }
}

static bool data_differ(const cli_kind *a, const cli_kind *b)
{
    return a->data[0] != '\0' && b->data[0] != '\0' && strcmp(a->data, b->data) != 0;
}

/* Runs of different seeds may have different data (subsets, label noise) as long as their partners of the same seed share them. */
static bool has_partner(const cli_kind *kinds, size_t count, const cli_kind *run, const char *method)
{
    for (size_t i = 0; i < count; i++)
        if (kinds[i].method != NULL && kinds[i].seed == run->seed && strcmp(kinds[i].method, method) == 0) return true;
    return false;
}

static bool seeds_explain(const cli_kind *kinds, size_t count, const cli_kind *a, const cli_kind *b)
{
    return a->seed >= 0 && b->seed >= 0 && has_partner(kinds, count, a, b->method) && has_partner(kinds, count, b, a->method);
}

static void find_difference(const cli_kind *kinds, size_t count, difference *d)
{
    d->text[0] = '\0';
    for (size_t i = 1; i < count; i++)
        for (size_t j = 0; j < i; j++) {
            const cli_kind *a = &kinds[j], *b = &kinds[i];
            if (a->network == NULL || b->network == NULL || d->text[0] != '\0') continue;
            if (strcmp(a->network, b->network) != 0) networks_differ(d, a, b);
            else if (strcmp(a->loss, b->loss) != 0) differ(d, a, b, "their losses differ: %.200s against %.200s", a->loss, b->loss);
            else if (a->seed >= 0 && a->seed == b->seed && data_differ(a, b))
                differ(d, a, b, "their data differ at the same seed %lld: SHA-256 %.16s… against %.16s…", (long long)a->seed, a->data, b->data);
        }
}

int cli_kinds_demand(const cli_kind *kinds, size_t count)
{
    int        status = CLI_OK;
    difference d;

    find_difference(kinds, count, &d);
    CLI_CHECK(d.text[0] == '\0', "runs %s and %s cannot be compared: %s", d.a->run, d.b->run, d.text);
done:
    return status;
}

static int remark(char **out, const char *format, const difference *d)
{
    int    status = CLI_OK;
    size_t length = strlen(format) + strlen(d->a->run) + strlen(d->b->run) + sizeof d->text;
    char  *text = NULL;

    CLI_ALLOC(text, length);
    snprintf(text, length, "runs %s and %s: %s: %s", d->a->run, d->b->run, d->text, format);
    *out = text;
done:
    return status;
}

int cli_kinds_remark(const cli_kind *kinds, size_t count, char **out)
{
    difference d;

    *out = NULL;
    find_difference(kinds, count, &d);
    if (d.text[0] != '\0') return remark(out, "their measures are not to be held against each other", &d);
    for (size_t i = 1; i < count; i++)
        for (size_t j = 0; j < i; j++) {
            const cli_kind *a = &kinds[j], *b = &kinds[i];
            if (a->network == NULL || b->network == NULL || !data_differ(a, b) || seeds_explain(kinds, count, a, b)) continue;
            differ(&d, a, b, "their data differ (SHA-256 %.16s… against %.16s…) and no common seeds pair them", a->data, b->data);
            return remark(out, "what differs may be the data", &d);
        }
    return CLI_OK;
}

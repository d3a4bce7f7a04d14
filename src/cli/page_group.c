/* Which results of a report stand in one section. */
#include <string.h>

#include "cli/options.h"
#include "cli/page.h"

static bool names_a_file(const char *argument)
{
    const size_t length = strlen(argument);

    return length > 3 && strcmp(argument + length - 3, ".h5") == 0;
}

/* Whether both are of one kind and their command lines differ in files alone. */
static bool asks_the_same(const basin_result *a, const basin_result *b)
{
    const basin_provenance *p = a->provenance, *q = b->provenance;
    size_t                  i = 0, k = 0;

    if (a->kind != b->kind || a->kind == BASIN_RESULT_COMPARISON || p == NULL || q == NULL) return false;
    for (;;) {
        while (i < p->argument_count && names_a_file(p->arguments[i])) i++;
        while (k < q->argument_count && names_a_file(q->arguments[k])) k++;
        if (i == p->argument_count || k == q->argument_count)
            return i == p->argument_count && k == q->argument_count;
        if (strcmp(p->arguments[i++], q->arguments[k++]) != 0) return false;
    }
}

/* ------------------------------------------------------------------------------ two side by side -- */

static int parse(const basin_provenance *p, char ***words, cli_arguments *out)
{
    int                status = CLI_OK;
    const cli_command *command =
        p != NULL && p->argument_count > 0 ? cli_command_find(p->arguments[0]) : NULL;

    CLI_CHECK(command != NULL, "no command recorded");
    CLI_ALLOC(*words, p->argument_count + 1);
    memcpy(*words, p->arguments, p->argument_count * sizeof **words);
    CLI_TRY(cli_arguments_parse(command, (int)p->argument_count, *words, out));
done:
    return status;
}

static bool same_options(const cli_arguments *a, const cli_arguments *b)
{
    if (a->command != b->command || a->given_count != b->given_count) return false;
    for (size_t i = 0; i < a->given_count; i++) {
        const cli_given *x = &a->given[i], *y = &b->given[i];
        if (x->option != y->option) return false;
        if (x->text != NULL && strcmp(x->text, y->text) != 0 &&
            !(names_a_file(x->text) && names_a_file(y->text)))
            return false;
    }
    return true;
}

/* Whether both were asked for by the same options, whatever runs or checkpoints they are of. */
static bool has_same_options(const basin_result *a, const basin_result *b)
{
    cli_arguments x = {0}, y = {0};
    char        **x_words = NULL, **y_words = NULL;
    const bool    same = a->kind == b->kind && parse(a->provenance, &x_words, &x) == CLI_OK &&
                      parse(b->provenance, &y_words, &y) == CLI_OK && same_options(&x, &y);

    cli_arguments_clear(&x), cli_arguments_clear(&y);
    basin_free(x_words), basin_free(y_words);
    return same;
}

typedef struct order { /* results as they are placed */
    size_t  count;
    size_t *at;     /* [count] their numbers in the page */
    bool   *placed; /* by number in the page */
} order;

/* Places up to `most` of that side that were asked for as result `like`, which may be among them. */
static void place_like(const cli_page *page, size_t like, int side, size_t most, order *o)
{
    for (size_t i = 0; i < page->count && most > 0; i++) {
        if (o->placed[i] || page->sides[i] != side ||
            (i != like && !has_same_options(page->results[like], page->results[i])))
            continue;
        o->placed[i] = true;
        o->at[o->count++] = i;
        most--;
    }
}

static int move(cli_page *page, const order *o)
{
    int            status = CLI_OK;
    basin_result **results = NULL;
    char         **files = NULL;
    int           *sides = NULL;

    CLI_ALLOC(results, page->count);
    CLI_ALLOC(files, page->count);
    CLI_ALLOC(sides, page->count);
    for (size_t i = 0; i < page->count; i++)
        results[i] = page->results[o->at[i]], files[i] = page->files[o->at[i]],
        sides[i] = page->sides[o->at[i]];
    memcpy(page->results, results, page->count * sizeof *results);
    memcpy(page->files, files, page->count * sizeof *files);
    memcpy(page->sides, sides, page->count * sizeof *sides);
done:
    basin_free(results), basin_free(files), basin_free(sides);
    return status;
}

/* What A has with what B has of it, then what B alone has. */
static int group_sides(cli_page *page)
{
    int   status = CLI_OK;
    order o = {0};

    CLI_ALLOC(o.at, page->count);
    CLI_ALLOC(o.placed, page->count);
    for (size_t i = 0; i < page->count; i++) {
        if (o.placed[i]) continue;
        const size_t most = page->results[i]->kind == BASIN_RESULT_COMPARISON ? 1 : CLI_TOGETHER / 2;
        place_like(page, i, 0, most, &o);
        place_like(page, i, 1, most, &o);
        page->first[++page->group_count] = o.count;
    }
    CLI_TRY(move(page, &o));
done:
    basin_free(o.at);
    basin_free(o.placed);
    return status;
}

/* --------------------------------------------------------------------------------------- the whole -- */

static size_t count_alike(const cli_page *page, size_t first)
{
    size_t n = 1;

    while (first + n < page->count && n < CLI_TOGETHER &&
           asks_the_same(page->results[first], page->results[first + n]))
        n++;
    return n;
}

int cli_page_group(cli_page *page)
{
    int status = CLI_OK;

    CLI_ALLOC(page->first, page->count + 1);
    if (page->sides != NULL) return group_sides(page);
    for (size_t i = 0; i < page->count; page->first[++page->group_count] = i) i += count_alike(page, i);
done:
    return status;
}

void cli_page_clear(cli_page *page)
{
    for (size_t i = 0; page->results != NULL && i < page->count; i++) basin_result_destroy(&page->results[i]);
    for (size_t i = 0; page->files != NULL && i < page->count; i++) basin_free(page->files[i]);
    for (size_t i = 0; i < page->missing_count; i++) basin_free(page->missing[i]);
    basin_free(page->results);
    basin_free(page->files);
    basin_free(page->sides);
    basin_free(page->missing);
    basin_free(page->first);
    *page = (cli_page){0};
}

#include "cli/report_inputs.h"

#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/paths.h"

/* ----------------------------------------------------------------------------------------- the page -- */

static int grow(void **list, size_t count, size_t size)
{
    int   status = CLI_OK;
    char *larger = NULL;

    CLI_CHECK((larger = basin_alloc(count + 1, size)) != NULL, "out of memory for a report");
    if (count > 0) memcpy(larger, *list, count * size);
    basin_free(*list);
    *list = larger;
done:
    return status;
}

int cli_page_add(cli_page *page, basin_result **result, const char *file, int side)
{
    int   status = CLI_OK;
    void *results = page->results, *files = page->files, *sides = page->sides;

    CLI_TRY(grow(&results, page->count, sizeof *page->results));
    page->results = results;
    CLI_TRY(grow(&files, page->count, sizeof *page->files));
    page->files = files;
    if (side >= 0) CLI_TRY(grow(&sides, page->count, sizeof *page->sides));
    if (side >= 0) page->sides = sides, page->sides[page->count] = side;
    CLI_CHECK((page->files[page->count] = basin_strdup(file)) != NULL, "out of memory for a report");
    page->results[page->count++] = *result, *result = NULL;
done:
    return status;
}

int cli_page_miss(cli_page *page, const char *format, ...)
{
    int     status = CLI_OK;
    char    text[1400];
    void   *missing = page->missing;
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    CLI_TRY(grow(&missing, page->missing_count, sizeof *page->missing));
    page->missing = missing;
    CLI_CHECK((page->missing[page->missing_count] = basin_strdup(text)) != NULL,
              "out of memory for a report");
    page->missing_count++;
done:
    return status;
}

static int read_result(const char *path, int side, cli_page *page)
{
    int           status = CLI_OK;
    basin_result *result = NULL;

    for (size_t i = 0; i < page->count; i++)
        CLI_CHECK(!cli_same_file(page->files[i], path), "%s and %s are one result, named twice",
                  page->files[i], path);
    CLI_LIBRARY(basin_result_read(path, &result));
    CLI_TRY(cli_page_add(page, &result, path, side));
done:
    basin_result_destroy(&result);
    return status;
}

/* ---------------------------------------------------------------------------------------- folders -- */

typedef struct listing {
    size_t count;
    char **paths;
} listing;

static void listing_clear(listing *l)
{
    for (size_t i = 0; i < l->count; i++) basin_free(l->paths[i]);
    basin_free(l->paths);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool is_folder(const char *path)
{
    struct stat facts;

    return stat(path, &facts) == 0 && S_ISDIR(facts.st_mode);
}

/* The stored results in a folder, by name; none where `path` is no folder. */
static int list_results(const char *path, listing *out)
{
    int            status = CLI_OK;
    DIR           *folder = is_folder(path) ? opendir(path) : NULL;
    struct dirent *entry;
    char           name[PATH_MAX];
    void          *paths;

    while (folder != NULL && (entry = readdir(folder)) != NULL) {
        const char *dot = strrchr(entry->d_name, '.');
        if (dot == NULL || strcmp(dot, ".h5") != 0) continue;
        if (snprintf(name, sizeof name, "%s%s%s", path, path[strlen(path) - 1] == '/' ? "" : "/",
                     entry->d_name) >= (int)sizeof name ||
            !basin_result_is(name))
            continue;
        paths = out->paths;
        CLI_TRY(grow(&paths, out->count, sizeof *out->paths));
        out->paths = paths;
        CLI_CHECK((out->paths[out->count] = basin_strdup(name)) != NULL, "out of memory for a file name");
        out->count++;
    }
    if (out->count > 1) qsort(out->paths, out->count, sizeof *out->paths, by_name);
done:
    if (folder != NULL) closedir(folder);
    return status;
}

/* ---------------------------------------------------------------------------------------- operands -- */

/* «report.results» beside report.html */
static int results_folder(const cli_arguments *a, const char *path, char out[PATH_MAX])
{
    const char *given = cli_text(a, "results", NULL);
    const int   stem = (int)(strrchr(path, '.') - path);
    const int   length = given != NULL ? snprintf(out, PATH_MAX, "%s", given)
                                       : snprintf(out, PATH_MAX, "%.*s.results", stem, path);

    return length < PATH_MAX ? CLI_OK : cli_fail("%.60s…: the name is too long", path);
}

/* What is asked of runs alone, where there are none. */
static int refuse_options(const cli_arguments *a)
{
    int status = CLI_OK;

    CLI_CHECK(!cli_has(a, "results") && !cli_has(a, "time"),
              "--%s is of what is computed of runs, and only stored results are named",
              cli_has(a, "results") ? "results" : "time");
    for (size_t i = 0; i < a->given_count; i++)
        CLI_CHECK(a->given[i].option->outward || strcmp(a->given[i].option->name, "memory") == 0,
                  "a stored result cannot answer --%s: name the runs", a->given[i].option->name);
done:
    return status;
}

int cli_report_inputs(const cli_arguments *a, const char *path, cli_page *page)
{
    int      status = CLI_OK;
    char   **runs = NULL, folder[PATH_MAX];
    size_t   run_count = 0;
    listing *lists = NULL;
    bool     sides = a->operand_count == 2;

    CLI_ALLOC(runs, a->operand_count);
    CLI_ALLOC(lists, a->operand_count);
    for (size_t i = 0; i < a->operand_count; i++) {
        CLI_TRY(list_results(a->operands[i], &lists[i]));
        sides = sides && lists[i].count > 0;
    }
    CLI_CHECK(!sides || !cli_same_file(a->operands[0], a->operands[1]),
              "%s and %s are one folder, named twice", a->operands[0], a->operands[1]);
    for (size_t i = 0; i < a->operand_count; i++) {
        for (size_t k = 0; k < lists[i].count; k++)
            CLI_TRY(read_result(lists[i].paths[k], sides ? (int)i : -1, page));
        if (lists[i].count > 0) continue;
        if (basin_result_is(a->operands[i]))
            CLI_TRY(read_result(a->operands[i], -1, page));
        else
            runs[run_count++] = a->operands[i];
    }
    if (run_count == 0) CLI_TRY(refuse_options(a));
    if (run_count > 0) CLI_TRY(results_folder(a, path, folder));
    if (run_count > 0) CLI_TRY(cli_report_runs(a, runs, run_count, folder, page));
done:
    for (size_t i = 0; lists != NULL && i < a->operand_count; i++) listing_clear(&lists[i]);
    basin_free(lists);
    basin_free(runs);
    return status;
}

/* basin report: stored results as one page, to be read from start to end. */
#include <stdlib.h>
#include <string.h>

#include "cli/monitor.h"
#include "cli/options.h"
#include "cli/page.h"
#include "cli/paths.h"

static const cli_option options[] = {
    {"o", CLI_TEXT, "FILE.html", "the page", true},
    {"title", CLI_TEXT, "TEXT", "above it (default: Loss landscape report)", false},
    {"about", CLI_TEXT, "TEXT", "a paragraph below it, e.g. what was trained on what (default: none)", false},
    {NULL, CLI_FLAG, NULL, NULL, false}};

static int check_ending(const char *path)
{
    const char *dot = strrchr(path, '.');

    if (dot != NULL && strcmp(dot, ".html") == 0) return CLI_OK;
    return cli_usage("report: %s: a report's name ends in .html", path);
}

static int write_page(const cli_page *page, const char *path)
{
    int    status = CLI_OK;
    char  *text = NULL;
    size_t size = 0;
    FILE  *out = open_memstream(&text, &size);

    CLI_CHECK(out != NULL, "out of memory for a report");
    CLI_TRY(cli_page_write(page, out));
    CLI_CHECK(fflush(out) == 0, "out of memory for a report");
    CLI_LIBRARY(basin_file_write(path, text, size));
done:
    if (out != NULL) fclose(out);
    free(text);
    return status;
}

static int run(const cli_arguments *a)
{
    int            status = CLI_OK;
    const char    *path = cli_text(a, "o", NULL);
    basin_result **results = NULL;

    CLI_WANT(path != NULL, "report: where to? -o FILE.html");
    CLI_TRY(check_ending(path));
    CLI_TRY(cli_output_check(path));
    for (size_t i = 0; i < a->operand_count; i++)
        for (size_t k = 0; k < i; k++)
            CLI_CHECK(!cli_same_file(a->operands[k], a->operands[i]), "%s and %s are one result, named twice",
                      a->operands[k], a->operands[i]);
    CLI_ALLOC(results, a->operand_count);
    for (size_t i = 0; i < a->operand_count; i++) CLI_LIBRARY(basin_result_read(a->operands[i], &results[i]));
    CLI_TRY(write_page(&(cli_page){.title = cli_text(a, "title", "Loss landscape report"),
                                   .about = cli_text(a, "about", NULL),
                                   .count = a->operand_count,
                                   .results = results,
                                   .files = a->operands},
                       path));
    cli_monitor_clear();
done:
    for (size_t i = 0; results != NULL && i < a->operand_count; i++) basin_result_destroy(&results[i]);
    basin_free(results);
    return status;
}

const cli_command cli_command_report = {
    .name = "report",
    .usage = "report RESULT.h5… -o REPORT.html [--title TEXT]",
    .about =
        "Puts stored results together as one page of HTML that needs nothing beside it: the verdicts of its "
        "comparisons first,\n"
        "then figures with captions, tables, definitions of the measures, and the commands that computed "
        "everything.\n"
        "Results of one kind that follow each other and were asked for alike share a figure. Nothing is "
        "computed again.",
    .examples = "  basin report compare.h5 track.h5 spectrum_gd.h5 spectrum_sam.h5 -o report.html\n"
                "  basin report results/*.h5 -o report.html --title 'SAM and MSAM on the digits'\n",
    .options = options,
    .common = 0,
    .least = 1,
    .most = SIZE_MAX,
    .run = run,
};

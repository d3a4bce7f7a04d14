/* basin report: results as one document, to be read from start to end. */
#include <stdlib.h>
#include <string.h>

#include "cli/monitor.h"
#include "cli/options.h"
#include "cli/page.h"
#include "cli/paths.h"
#include "cli/report_inputs.h"

static const cli_option options[] = {
    {"o", CLI_TEXT, "REPORT", "the report: .html or .pdf", true},
    {"results", CLI_TEXT, "DIR",
     "where what is computed of runs is stored, and what is there and still holds is taken from (default: "
     "REPORT.results)",
     true},
    {"title", CLI_TEXT, "TEXT", "above it (default: Loss landscape report)", true},
    {"about", CLI_TEXT, "TEXT", "a paragraph below it, e.g. what was trained on what (default: none)", true},
    {NULL, CLI_FLAG, NULL, NULL, false}};

static int check_ending(const char *path)
{
    const char *dot = strrchr(path, '.');

    if (dot != NULL && (strcmp(dot, ".html") == 0 || strcmp(dot, ".pdf") == 0)) return CLI_OK;
    return cli_usage("report: %s: a report's name ends in .html or .pdf", path);
}

static int write_page(const cli_page *page, const char *path)
{
    int             status = CLI_OK;
    basin_document *document = NULL;
    unsigned char  *bytes = NULL;
    size_t          size = 0;

    CLI_LIBRARY(basin_document_create(page->title, page->about, &document));
    CLI_TRY(cli_page_fill(page, document));
    CLI_LIBRARY(basin_document_encode(document, path, &bytes, &size));
    CLI_LIBRARY(basin_file_write(path, bytes, size));
done:
    basin_free(bytes);
    basin_document_destroy(&document);
    return status;
}

static int run(const cli_arguments *a)
{
    int         status = CLI_OK;
    const char *path = cli_text(a, "o", NULL);
    cli_page    page = {.title = cli_text(a, "title", "Loss landscape report"),
                        .about = cli_text(a, "about", NULL)};

    CLI_WANT(path != NULL, "report: where to? -o REPORT.html or REPORT.pdf");
    CLI_TRY(check_ending(path));
    CLI_TRY(cli_output_check(path));
    CLI_TRY(cli_report_inputs(a, path, &page));
    CLI_TRY(cli_page_group(&page));
    CLI_TRY(write_page(&page, path));
    cli_monitor_clear();
done:
    cli_page_clear(&page);
    return status;
}

const cli_command cli_command_report = {
    .name = "report",
    .usage = "report RESULT.h5…|RUN…|FOLDER_A FOLDER_B -o REPORT.html|REPORT.pdf [--time T]",
    .about =
        "Puts results together as one document, a page of HTML that needs nothing beside it or a PDF: "
        "verdicts first, then warnings,\n"
        "what was trained, figures with captions, tables, definitions of the measures, and the commands that "
        "computed everything.\n"
        "Results of one kind that follow each other and were asked for alike share a figure.\n"
        "Of runs (folders or checkpoints) it computes what is not stored yet: compare, track, the runs on "
        "the "
        "plane of their principal\n"
        "axes, and of each run, or with more than six of the first of each method, spectrum, SANE, slices "
        "and a plane at the step\n"
        "compared. Options for data hold for all of these. After --time nothing more is begun; slices, which "
        "cannot end early, end after it.\n"
        "Two folders of results stand side by side as A and B: what both asked for alike in one figure.",
    .examples = "  basin report runs/* -o report.html --time 10m\n"
                "  basin report results/*.h5 -o report.pdf --title 'SAM and MSAM on the digits'\n"
                "  basin report monday.results tuesday.results -o both.html\n",
    .options = options,
    .common = CLI_COMMON_DATA | CLI_COMMON_WORK | CLI_COMMON_TIME,
    .least = 1,
    .most = SIZE_MAX,
    .run = run,
};

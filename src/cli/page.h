/* A report: results as one document. */
#ifndef BASIN_CLI_PAGE_H
#define BASIN_CLI_PAGE_H

#include "cli/cli.h"

typedef struct cli_page {
    const char    *title, *about; /* about: a paragraph below the title, or NULL */
    size_t         count;
    basin_result **results; /* [count], in the order in which they are shown */
    char         **files;   /* [count] */
    /* [count] 0 and 1: of which of two folders that stand side by side as A and B; NULL: of none */
    int   *sides;
    size_t missing_count; /* what was to be computed and was not, and why */
    char **missing;       /* [missing_count] a line each */
    /* found by cli_page_group: results that stand in one section */
    size_t  group_count;
    size_t *first; /* [group_count + 1] */
} cli_page;

/* Puts together what was asked for alike; with sides what both have, in the same section, which
   moves results and files. */
int  cli_page_group(cli_page *page);
void cli_page_clear(cli_page *page);

/* The verdicts first, then warnings, every result with its figures and what its command prints, the
   measures' definitions, and where everything comes from. After cli_page_group. */
int cli_page_fill(const cli_page *page, basin_document *out);

enum {
    CLI_TITLE = 512,
    CLI_ANCHOR = 32,
    CLI_TOGETHER = 6 /* results that one figure shows at most */
};
const char *cli_page_command(const basin_result *result);
const char *cli_page_file(const char *path); /* its last part */
/* The rows of a comparison or a track, borrowed; none of other results. */
void cli_page_rows(const basin_result *result, const basin_row **rows, size_t *count);
/* The section of a group. */
const char *cli_page_anchor(size_t group, char out[CLI_ANCHOR]);
/* «compare, at training loss 0.2 (compare.h5)» */
const char *cli_page_title(const cli_page *page, size_t first, size_t count, char out[CLI_TITLE]);
/* The figure of these results together of the kind named (NULL: the default), with its caption;
   nothing where there is none. */
int cli_page_figure(const cli_page *page, size_t first, size_t count, const char *kind,
                    basin_document *out);

/* page_comparison.c */
/* Verdicts of a comparison in plain words, and their figure. */
int cli_page_verdicts(const cli_page *page, size_t i, basin_document *out);
/* Means of each group with their intervals and what is said of each difference, of the comparisons
   beside each other. */
int cli_page_estimates(const cli_page *page, size_t first, size_t count, basin_document *out);

/* page_warnings.c: what must not be overlooked, a line each with its section. */
int cli_page_warnings(const cli_page *page, basin_document *out);

/* page_runs.c: what was trained, a row for each setting that comparisons and tracks record; nothing
   where there is none of these. */
int cli_page_runs(const cli_page *page, basin_document *out);

/* page_origin.c: what the measures are, and where everything comes from. */
int cli_page_definitions(const cli_page *page, basin_document *out);
int cli_page_origin(const cli_page *page, basin_document *out);

#endif

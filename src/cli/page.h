/* A report: stored results as one page of HTML that needs nothing beside it. */
#ifndef BASIN_CLI_PAGE_H
#define BASIN_CLI_PAGE_H

#include "cli/cli.h"

typedef struct cli_page {
    const char          *title, *about; /* about: a paragraph below the title, or NULL */
    size_t               count;
    basin_result *const *results; /* [count], in the order of their files */
    char *const         *files;   /* [count] */
} cli_page;

/* The verdicts first, then every result with its figures and what its command prints, the measures'
   definitions, and where everything comes from. */
int cli_page_write(const cli_page *page, FILE *out);

/* page_comparison.c */
/* Verdicts of a comparison in plain words, and their figure. */
int cli_page_verdicts(const basin_result *result, FILE *out);
/* Means of each group with their intervals and what is said of each difference. */
void cli_page_estimates(const basin_comparison *comparison, FILE *out);

/* The default figure of these results together, or that of the kind named, with its caption;
   nothing where there is none. */
int cli_page_figure(const basin_result *const *results, size_t count, const char *kind, FILE *out);

#endif

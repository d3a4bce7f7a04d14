/* Pieces of a page of HTML. Every text is escaped here. */
#ifndef BASIN_CLI_HTML_H
#define BASIN_CLI_HTML_H

#include "cli/cli.h"

void cli_html_text(FILE *out, const char *text); /* in an element, or between double quotes */
/* of a column (basin_column): \1…\2 is a subscript */
void cli_html_label(FILE *out, const char *label);
/* <TAG>text</TAG>\n */
void cli_html_element(FILE *out, const char *tag, const char *text);
/* The figure as SVG inside the page, with its caption; `name` for who cannot see it. */
int cli_html_figure(FILE *out, const basin_figure *figure, const char *name, const char *class);

#endif

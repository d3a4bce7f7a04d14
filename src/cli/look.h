/* How figures look: options of the command line and styles, which are the same names in a JSON
   object. */
#ifndef BASIN_CLI_LOOK_H
#define BASIN_CLI_LOOK_H

#include "cli/options.h"

enum { CLI_LOOK_LEVELS = 64, CLI_LOOK_TEXTS = 64 };

typedef struct cli_look {
    basin_figure_options options; /* points into what is below, or into the command line */
    double               range[2], levels[CLI_LOOK_LEVELS];
    size_t               text_count;
    char                *texts[CLI_LOOK_TEXTS]; /* of styles */
} cli_look;

/* --style, in the order given, each over the one before. */
int cli_look_styles(const cli_arguments *arguments, cli_look *out);
/* The styles, then the options of the command line, which win. */
int cli_look_read(const cli_arguments *arguments, cli_look *out);
/* Says which font stands in for one that is not installed. */
void cli_look_tell(const cli_look *look, const basin_figure *figure);
void cli_look_clear(cli_look *look);

/* The value of one option as text, NULL of a flag that is on and "" of one that is off. Keeps the
   text. */
int cli_look_set(cli_look *look, const char *name, const char *text);
/* The options of the look, ended by one without a name. */
const cli_option *cli_look_options(void);

/* style.c: a style by its file or by the name of one that basin has. */
int cli_style_read(const char *command, const char *name, cli_look *look);

#endif

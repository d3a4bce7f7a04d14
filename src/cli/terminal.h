/* What standard output is, as far as it changes what is printed there. */
#ifndef BASIN_CLI_TERMINAL_H
#define BASIN_CLI_TERMINAL_H

#include "cli/cli.h"

typedef struct cli_terminal {
    bool   there;   /* it is a terminal */
    size_t columns; /* of it; 80 where nothing tells */
    bool   utf8;    /* by the locale */
    int    colors;  /* basin_sketch_colors */
    bool   images;  /* it says that it knows the graphics protocol of kitty */
} cli_terminal;

/* From the environment and the terminal's size; nothing is asked of it. */
cli_terminal cli_terminal_look(void);
/* Columns that a table may take; SIZE_MAX where it is printed to no terminal. */
size_t cli_terminal_width(void);

#endif

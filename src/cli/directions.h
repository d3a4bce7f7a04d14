/* Directions made of what a checkpoint, other files and options say. */
#ifndef BASIN_CLI_DIRECTIONS_H
#define BASIN_CLI_DIRECTIONS_H

#include "cli/axes.h"
#include "cli/spectral.h"

/* Whose eigenvectors, and the moments of Adam. */
#define CLI_DIRECTION_OPTIONS CLI_OPERATOR_OPTIONS, CLI_PART_OPTIONS

/* The part of the parameters, and the operator, that eigen directions are of. */
typedef struct cli_eigen {
    cli_part     part;
    basin_point *point; /* NULL: the source's own */
    basin_point *own;   /* of another operator of all parameters */
    char         words[300];
} cli_eigen;
int  cli_eigen_open(const cli_arguments *arguments, cli_source *source, cli_eigen *out);
void cli_eigen_close(cli_eigen *eigen);

/* Another checkpoint of the same parameters, unperturbed, without its optimizer's state; it joins
   the inputs. */
int cli_checkpoint_beside(const cli_arguments *arguments, cli_source *source, const char *path,
                          basin_input_role role, basin_checkpoint **out);
/* Direction number 0 or 1, scaled as its axis says; `first` the other where this is number 1, else
   NULL. *end: the checkpoint that to:OTHER leads to. Other files join the inputs. */
int cli_direction_make(const cli_arguments *arguments, cli_source *source, const cli_axis *axis,
                       size_t number, const basin_direction *first, const cli_eigen *eigen,
                       basin_checkpoint **end, basin_direction **out);

#endif

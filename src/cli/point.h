/* Where a checkpoint is measured: at its weights, at their mean over consecutive checkpoints, or on
   the floor of the valley below. */
#ifndef BASIN_CLI_POINT_H
#define BASIN_CLI_POINT_H

#include "cli/source.h"

typedef struct cli_point { /* what was asked for */
    size_t polish;         /* steps; 0 = not asked for */
    double step;           /* their size; NAN = the recorded learning rate */
    size_t average;        /* checkpoints; 0 = not asked for */
} cli_point;

/* --polish, --polish-step and --average, judged before anything is read. */
int cli_point_read(const cli_arguments *arguments, cli_point *out);

/* The size of a polish's steps; NAN where neither --polish-step nor a learning rate > 0 is
   known. */
double cli_polish_step(const cli_point *point, const basin_checkpoint *ck);
/* source->ck->theta moves. Down the training loss, whichever split is measured. */
int cli_polish(const cli_point *point, size_t steps, cli_source *source, basin_polish *out);
/* Was the loss at its least before all steps were taken? A line that says so of the checkpoint
   `path`. */
enum { CLI_DOUBT = 1200 };
bool cli_polish_doubt(const char *path, size_t steps, const basin_polish *polish,
                      char text[CLI_DOUBT]);
/* source->ck->theta becomes the mean over the point->average checkpoints of consecutive steps, in
   its folder, that end with it; they join the inputs. Momentum, record and statistics of BatchNorm
   stay its own. */
int cli_average(const cli_arguments *arguments, const cli_point *point, cli_source *source);
/* Stored statistics of BatchNorm, which belong to the last of the weights averaged and not to their
   mean. */
bool cli_average_leaves_statistics(const cli_source *source);

/* For a command that measures one checkpoint at one point: average, then polish, as asked for, told
   in the provenance. */
int cli_point_take(const cli_arguments *arguments, cli_source *source);

#endif

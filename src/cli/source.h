/* A checkpoint ready to be computed on: read, finite, unperturbed, with its data and one objective
   for each split wanted. */
#ifndef BASIN_CLI_SOURCE_H
#define BASIN_CLI_SOURCE_H

#include "cli/subset.h"

/* Ends the question whether weights are perturbed, for those whose training knew nothing of
   that. */
#define CLI_CONVERT_AGAIN \
    "; only MSAM's can be: weights of another method convert with --method NAME or --perturbed no"

struct cli_source {
    basin_checkpoint     *ck; /* theta is the point to work at */
    basin_dataset        *data;
    size_t                count; /* objectives: 1 or 2 */
    const char           *splits[2];
    basin_objective      *objectives[2];
    int                   weights; /* basin_weights_kind; -1 while it is not settled */
    basin_bn              bn;
    cli_subset            subset;
    basin_network_options options; /* of every objective, but for its samples */
    /* of every point: as recorded, with --stationarity-products and --include-weight-decay */
    basin_point_options record;
    double             *scale;      /* [P] of --preconditioned, or NULL */
    double              ceiling;    /* of Adam's stability, with it */
    basin_point        *measured;   /* by cli_source_point */
    basin_provenance   *provenance; /* owned; inputs may be added */
};

/* `test_too`: the split `test` as well, if the data has it and --split was not given. A checkpoint
   that says that its weights are perturbed is undone (a note says so unless `quiet`); for one that
   does not know the losses that help decide are printed and the call fails, unless --as-stored or
   --undo was given. */
int  cli_source_open(const cli_arguments *arguments, const char *path, bool test_too, bool quiet,
                     cli_source *out);
void cli_source_close(cli_source *source);

/* The point of the first objective at ck->theta, as that is when it is asked for first; the
   source's. */
int cli_source_point(cli_source *source, basin_point **out);
/* Loss of the first objective at ck->theta, with the weight decay that is included. */
int cli_source_loss(const cli_source *source, basin_loss *out);

/* One more objective on the same data: all samples chosen of a split, or with part 1 or 2 one half
   of these. Caller destroys. */
int cli_source_objective(const cli_source *source, const char *split, size_t part,
                         basin_objective **out);
/* One on a split, for lines [d] along which BatchNorm's statistics move, to those of ends[j] at
   coordinate at[j] (basin_network_interpolate). */
int cli_source_moving(const cli_source *source, const char *split, size_t d,
                      basin_checkpoint *const *ends, const double *at, basin_objective **out);
/* A network with the statistics, frozen tensors and graph of its own, of this checkpoint or
   another, on the samples of the first objective. Caller destroys. */
int cli_source_own(const cli_source *source, const basin_checkpoint *network,
                   basin_objective **out);
/* The training samples whose labels are right, of those that --rows names or of all: *out = NULL
   where the data set has no split `noisy`, or another split than `train` is measured, or no label
   is right. */
int cli_source_clean(const cli_source *source, basin_objective **out);
/* What a row of this checkpoint says of its source: data, weights, samples of the split. */
int cli_source_row(const cli_source *source, basin_row *row);
/* How many samples the split that is measured has. */
size_t cli_source_split_samples(const cli_source *source);

/* Where stored statistics of BatchNorm were gathered that are used at other weights. */
typedef enum cli_statistics {
    CLI_STATISTICS_OWN,       /* at these, or it is not known where */
    CLI_STATISTICS_PERTURBED, /* at perturbed ones (MSAM) */
    CLI_STATISTICS_HALF /* in both passes of SAM, unless its loop stopped them in the second */
} cli_statistics;
cli_statistics cli_source_statistics(const cli_source *source);
/* What is done about perturbed weights: as recorded, or as --as-stored and --undo say. */
basin_unperturb cli_unperturb(const cli_arguments *arguments);
/* The same rules for a checkpoint without its data (to:OTHER); *weights: basin_weights_kind, or -1
   where they do not settle it. */
int cli_checkpoint_open(const cli_arguments *arguments, const char *path, bool quiet,
                        basin_checkpoint **ck, int *weights);

#endif

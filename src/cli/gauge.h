/* One checkpoint with everything that measures a row of it: objectives of its training samples, of
 * two halves of a subset of these, of the samples whose labels are right, of the test split.
 */
#ifndef BASIN_CLI_GAUGE_H
#define BASIN_CLI_GAUGE_H

#include "cli/source.h"
#include "cli/spectral.h"

enum { CLI_PARTS = 3 /* all samples and two halves */, CLI_TEST_PARTS = 10 };

typedef struct cli_test_parts { /* of the test set, at one row's point */
    size_t count;               /* 0: not measured */
    double loss[CLI_TEST_PARTS], accuracy[CLI_TEST_PARTS];
} cli_test_parts;

typedef struct cli_gauge {
    const cli_arguments *a;
    cli_source           source;            /* its ck->theta is where everything is measured */
    basin_objective     *halves[CLI_PARTS]; /* [1], [2]; NULL without a subset */
    basin_objective     *clean;             /* or NULL */
    basin_row_options    options;
    bool                 turning; /* the top eigenspace of the raw point is kept */
    basin_eigenspace    *space;   /* that, once it is measured */
    basin_layers         layers;  /* and its energies by layer */
} cli_gauge;

/* Of --measures and its like: basin_need, refused before anything is read. */
int  cli_gauge_requests(const cli_arguments *arguments, unsigned *request);
int  cli_gauge_open(const cli_arguments *arguments, const char *path,
                    cli_gauge *gauge /* zeroed; to be closed after a failure too */);
void cli_gauge_close(cli_gauge *gauge);
/* On all samples, or with part 1, 2 on one half of them; without run, checkpoint and kind of
   point. */
int cli_gauge_measure(cli_gauge *gauge, basin_point_kind point, size_t part, basin_row *out);
/* Count 0 where there is no test set, or one of fewer than 4 samples. */
int cli_gauge_test_parts(const cli_gauge *gauge, cli_test_parts *out);

#endif

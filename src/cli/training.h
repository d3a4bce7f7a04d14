/* A training of basin train: what its command line came to, and what it writes into its folder. */
#ifndef BASIN_CLI_TRAINING_H
#define BASIN_CLI_TRAINING_H

#include "cli/options.h"
#include "cli/table.h"

typedef struct cli_training {
    const cli_arguments *a;
    const char          *folder;
    char                 run[BASIN_RUN_IDENTITY]; /* identity of this training */
    basin_graph         *graph;
    basin_checkpoint    *start; /* of --from; else NULL */
    basin_dataset       *data;
    /* data.h5 is to be, has been written into the folder */
    bool                own_data, wrote_data;
    bool                made_folder;
    int                 claim;        /* of the folder; -1: none yet */
    basin_loss_spec     loss;         /* weights owned */
    basin_objective    *train, *test; /* test may be NULL */
    basin_train_options rule;
    size_t             *save;
    double             *theta;
    basin_checkpoint   *ck; /* filled anew for each save */
    cli_table          *table;
    size_t              saved;
    bool                diverged;
    int                 status; /* of a save that failed */
} cli_training;

/* The folder, claimed and empty of checkpoints: those of an earlier training go with --force. */
int cli_training_prepare_folder(cli_training *training);
/* After a failure before the first checkpoint: what was made here goes again. */
void cli_training_remove_folder(cli_training *training);
/* A basin_train callback, whose payload is the training: writes a checkpoint and adds its row to
   the table. A failure is in training->status too. */
basin_status cli_training_save(void *payload, const basin_train_state *state);

#endif

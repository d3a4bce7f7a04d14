/* basin loss: the loss at checkpoints, and nothing else of them. */
#include "cli/report.h"
#include "cli/source.h"

static int measure(const cli_arguments *a, cli_source *s, void **out)
{
    int           status = CLI_OK;
    basin_losses *losses = NULL;

    (void)a;
    CLI_LIBRARY(
        basin_losses_compute(s->objectives, s->splits, s->count, s->ck->theta, &s->record.included, &losses));
    *out = losses;
done:
    return status;
}

static void cost(const cli_source *s, basin_job_cost *out)
{
    basin_losses_cost(s->objectives, s->count, out);
}

static void print(const basin_result *result, FILE *out)
{
    const basin_losses *losses = result->value;
    cli_table          *table = cli_table_create("lrrr");

    cli_report_source(result, losses->splits[0].samples, losses->parameters, out);
    cli_table_titles(table, "split|samples|loss|accuracy");
    for (size_t i = 0; i < losses->count; i++) {
        const basin_split_loss *split = &losses->splits[i];
        cli_table_cell(table, "%s", split->split);
        cli_table_cell(table, "%s", cli_thousands(split->samples));
        cli_table_number(table, split->loss, 8);
        cli_table_number(table, split->accuracy, 6);
    }
    cli_table_print(table, 2, out);
}

const cli_command cli_command_loss = {
    .name = "loss",
    .usage = "loss CKPT…",
    .about = "Loss and accuracy at the checkpoint's point, on the training and the test split: one pass over "
             "the samples of each.\n"
             "Several checkpoints are measured side by side, and a data set that they share is read once.",
    .examples = "  basin loss runs/gd_0/step_000400.h5\n"
                "  basin loss runs/gd_0/step_*.h5 --json\n",
    .common = CLI_COMMON_RESULT | CLI_COMMON_DATA | CLI_COMMON_WORK,
    .least = 1,
    .most = SIZE_MAX,
    .test_too = true,
    .kind = BASIN_RESULT_LOSSES,
    .measure = measure,
    .cost = cost,
    .print = print,
};

/* basin check: derivatives against differences, Taylor orders, recorded values against recomputed ones. */
#include <math.h>

#include "cli/report.h"
#include "cli/source.h"

static int measure(const cli_arguments *a, cli_source *s, void **out)
{
    int                 status = CLI_OK;
    size_t              seed;
    basin_check_options options = {.ck = s->ck, .test = s->count > 1 ? s->objectives[1] : NULL};
    basin_check        *check = NULL;

    CLI_TRY(cli_size(a, "seed", 0, &seed));
    options.seed = seed;
    options.partial = cli_subset_given(&s->subset) || s->subset.test_samples > 0;
    CLI_LIBRARY(basin_check_compute(s->objectives[0], s->ck->theta, &options, &check));
    *out = check;
done:
    return status;
}

static void cost(const cli_source *s, basin_job_cost *out)
{
    basin_check_cost(s->objectives[0], out);
}

/* Weight decay is added to what the objective gives: its derivatives are no question. */
static int refuse_decay(const cli_arguments *a)
{
    int status = CLI_OK;

    CLI_WANT(!cli_has(a, "include-weight-decay"),
             "check: --include-weight-decay: derivatives and records are those of the loss without it");
done:
    return status;
}

static int verdict(const basin_result *result)
{
    const basin_check *check = result->value;

    for (size_t i = 0; i < check->item_count; i++)
        if (check->items[i].verdict == BASIN_CHECK_FAILED)
            return cli_fail("%s: check failed: %s: %s", result->provenance->inputs[0].path,
                            check->items[i].name,
                            check->items[i].detail != NULL ? check->items[i].detail : "no detail");
    return CLI_OK;
}

static void print(const basin_result *result, FILE *out)
{
    static const char *const words[] = {"passed", "FAILED", "not testable", "agrees"};
    const basin_check       *check = result->value;
    cli_table               *table = cli_table_create("llrrl");

    cli_report_source(result, check->samples, check->parameters, out);
    cli_table_titles(table, "check|verdict|error|allowed|what");
    for (size_t i = 0; i < check->item_count; i++) {
        const basin_check_item *item = &check->items[i];
        cli_table_cell(table, "%s", item->name);
        cli_table_cell(table, "%s", words[item->verdict]);
        cli_table_number(table, item->error, 3);
        cli_table_number(table, item->tolerance, 3);
        cli_table_cell(table, "%s", item->detail != NULL ? item->detail : "");
    }
    cli_table_print(table, 2, out);
}

const cli_command cli_command_check = {
    .name = "check",
    .usage = "check CKPT…",
    .about =
        "Are gradient and curvature right on this network and data: against differences with tiny "
        "steps, symmetry, Taylor orders\n"
        "(only steps across which no activation changes sign count; «not testable» is not «failed»). Of 512 "
        "samples or more,\n"
        "directions of single tensors and most products take 256. Recorded losses and accuracies against "
        "recomputed ones of the\n"
        "same split, point, mode and coverage. Exit status 1 if anything failed.",
    .examples = "  basin check runs/gd_0/step_000400.h5\n"
                "  basin check runs/msam_0/step_000400.h5 --samples 200 --json\n",
    .common = CLI_COMMON_RESULT | CLI_COMMON_DATA | CLI_COMMON_WORK,
    .least = 1,
    .most = SIZE_MAX,
    .test_too = true,
    .kind = BASIN_RESULT_CHECK,
    .check = refuse_decay,
    .measure = measure,
    .cost = cost,
    .print = print,
    .verdict = verdict,
};

/* basin explain: a stored comparison's verdicts in plain words, for people who do not read tables. */
#include "cli/explain.h"
#include "cli/options.h"

static const cli_option options[] = {{NULL, CLI_FLAG, NULL, NULL, false}};

static int run(const cli_arguments *a)
{
    int           status = CLI_OK;
    basin_result *result = NULL;

    CLI_LIBRARY(basin_result_read(a->operands[0], &result));
    CLI_CHECK(result->kind == BASIN_RESULT_COMPARISON,
              "%s: a result of kind %s; explain tells of those of compare", a->operands[0],
              basin_result_name(result->kind));
    const basin_comparison *c = result->value;
    CLI_CHECK(c->conclusion_count > 0, "%s: one method alone; there is no verdict to explain",
              a->operands[0]);
    for (size_t i = 0; i < c->conclusion_count; i++) {
        if (i > 0) fputc('\n', stdout);
        cli_explain_print(c, &c->conclusions[i], stdout);
    }
    fputc('\n', stdout);
    cli_explain_invariance(c, stdout);
done:
    basin_result_destroy(&result);
    return status;
}

const cli_command cli_command_explain = {
    .name = "explain",
    .usage = "explain COMPARISON.h5",
    .about =
        "Tells the verdicts of a stored comparison in plain words: the answer, the numbers that matter most, "
        "the price, and\n"
        "what would change the answer. The rules are those of docs/verdict.md.",
    .examples = "  basin compare runs/gd_* runs/sam_* -o compare.h5\n"
                "  basin explain compare.h5\n",
    .options = options,
    .common = 0,
    .least = 1,
    .most = 1,
    .run = run,
};

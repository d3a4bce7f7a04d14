/* basin compare: the methods against each other over seeds, at the same step and at the same number of gradient evaluations.
 *
 *   1. The step S of the comparison: the largest that every run has reached.
 *   2. Of each run the checkpoint at S (the last one not past it) is measured.
 *   3. Let B be the most gradient evaluations that a run has spent at S. A run that goes on past S, having spent less than B
 *      there, is also measured at its last checkpoint within B: GD at SAM's budget.
 *   4. Only these checkpoints are measured; grouping, pairing and tests are the library's.
 */
#include <math.h>
#include <string.h>

#include "cli/monitor.h"
#include "cli/report.h"
#include "cli/rows.h"

static const cli_option options[] = {
    CLI_ROWS_OPTIONS,
    {"base", CLI_TEXT, "METHOD", "the method that the others are held against (default: gd, else sgd, else the first)", false},
    {"level", CLI_REAL, "P", "of significance (default: 0.05)", false},
    {"loss-tolerance", CLI_REAL, "T", "training losses that differ by more than this share are «unequal» (default: 0.1)", false},
    {NULL, CLI_FLAG, NULL, NULL, false}};

/* The last entry whose step is not past `step`; a run without recorded steps gives its last. (Steps ascend; -1 is unknown.) */
static size_t entry_at(const basin_run *run, int64_t step)
{
    size_t found = run->count - 1;

    while (found > 0 && run->entries[found].step > step && run->entries[found - 1].step >= 0) found--;
    return found;
}

static int evaluations_of(const char *path, int64_t *out)
{
    basin_checkpoint *ck = NULL;

    *out = -1;
    if (basin_checkpoint_read(path, &ck) == BASIN_OK) *out = ck->gradient_evaluations;
    basin_checkpoint_destroy(&ck);
    return cli_monitor_check();
}

/* Which entries of each run to measure: pick[r] at the common step, extra[r] at the budget (SIZE_MAX: none). */
static int choose(basin_run *const *runs, size_t count, size_t *pick, size_t *extra)
{
    int     status = CLI_OK;
    int64_t step = INT64_MAX, budget = -1, *spent = NULL;

    CLI_ALLOC(spent, count);
    for (size_t r = 0; r < count; r++) {
        int64_t last = runs[r]->entries[runs[r]->count - 1].step;
        if (last >= 0 && last < step) step = last;
    }
    for (size_t r = 0; r < count; r++) {
        pick[r] = entry_at(runs[r], step), extra[r] = SIZE_MAX;
        CLI_TRY(evaluations_of(runs[r]->entries[pick[r]].path, &spent[r]));
        if (spent[r] > budget) budget = spent[r];
    }
    for (size_t r = 0; r < count; r++)
        for (size_t i = pick[r] + 1; i < runs[r]->count && spent[r] >= 0 && spent[r] < budget; i++) {
            int64_t evaluations;
            CLI_TRY(evaluations_of(runs[r]->entries[i].path, &evaluations));
            if (evaluations > budget) break;
            if (evaluations > spent[r]) extra[r] = i;
        }
done:
    basin_free(spent);
    return status;
}

static int measure_runs(const cli_arguments *a, basin_run *const *runs, cli_rows *rows)
{
    int     status = CLI_OK;
    size_t  count = a->operand_count, *pick = NULL, *extra = NULL;

    CLI_ALLOC(pick, count);
    CLI_ALLOC(extra, count);
    CLI_TRY(choose(runs, count, pick, extra));
    for (size_t r = 0; r < count; r++) {
        cli_monitor_part("run", r + 1, count);
        CLI_TRY(cli_rows_add(a, rows, a->operands[r], runs[r]->entries[pick[r]].path));
        if (extra[r] != SIZE_MAX) CLI_TRY(cli_rows_add(a, rows, a->operands[r], runs[r]->entries[extra[r]].path));
    }
done:
    basin_free(pick);
    basin_free(extra);
    return status;
}

static int compute(const cli_arguments *a, cli_batch *out)
{
    int                      status = CLI_OK;
    basin_run              **runs = NULL;
    cli_rows                 rows = {0};
    basin_comparison        *comparison = NULL;
    basin_comparison_options o = {.base = cli_text(a, "base", NULL), .level = cli_real(a, "level", 0), .loss_tolerance = cli_real(a, "loss-tolerance", 0)};

    CLI_CHECK(!cli_given_option(a, "level") || (o.level > 0 && o.level < 1), "--level must lie between 0 and 1, got %g", o.level);
    CLI_CHECK(!cli_given_option(a, "loss-tolerance") || o.loss_tolerance > 0, "--loss-tolerance must be positive, got %g", o.loss_tolerance);
    CLI_ALLOC(runs, a->operand_count);
    for (size_t r = 0; r < a->operand_count; r++) CLI_TRY(cli_run_open(a->operands[r], &runs[r]));
    CLI_TRY(cli_rows_start(a, &rows));
    CLI_TRY(measure_runs(a, runs, &rows));
    CLI_TRY(cli_rows_finish(&rows));
    CLI_LIBRARY(basin_comparison_compute(rows.rows, rows.count, &o, &comparison));
    CLI_TRY(cli_batch_add(out, BASIN_RESULT_COMPARISON, comparison, rows.provenance));
    comparison = NULL, rows.provenance = NULL;
done:
    for (size_t r = 0; runs != NULL && r < a->operand_count; r++) basin_run_destroy(&runs[r]);
    basin_free(runs);
    basin_comparison_destroy(&comparison);
    cli_rows_clear(&rows);
    return status;
}

/* ----------------------------------------------------------------------------------------------------- printing -- */

static void print_groups(const basin_comparison *c, FILE *out)
{
    cli_table *table = cli_table_create("lrrr");

    cli_table_titles(table, "method|runs|gradient evaluations|seconds");
    for (size_t g = 0; g < c->group_count; g++) {
        cli_table_cell(table, "%s%s", c->groups[g].name, strcmp(c->groups[g].name, c->base) == 0 ? " (base)" : "");
        cli_table_cell(table, "%zu", c->groups[g].run_count);
        cli_table_number(table, c->groups[g].gradient_evaluations, 6);
        cli_table_number(table, c->groups[g].seconds, 3);
    }
    cli_table_print(table, 2, out);
}

static const basin_estimate *find_estimate(const basin_comparison *c, const char *measure, const char *group)
{
    for (size_t i = 0; i < c->estimate_count; i++)
        if (strcmp(c->estimates[i].measure, measure) == 0 && strcmp(c->estimates[i].group, group) == 0) return &c->estimates[i];
    return NULL;
}

/* One row a measure, one column a group: mean ± half the width of its 95 % interval. */
static void print_estimates(const basin_comparison *c, FILE *out)
{
    char       alignment[66] = "l";
    size_t     groups = c->group_count < 64 ? c->group_count : 64;
    cli_table *table;

    memset(alignment + 1, 'r', groups);
    table = cli_table_create(alignment);
    cli_table_cell(table, "mean ± 95 %% t-interval");
    for (size_t g = 0; g < groups; g++) cli_table_cell(table, "%s", c->groups[g].name);
    for (size_t i = 0; i < c->estimate_count; i++) {
        const char *measure = c->estimates[i].measure;
        bool        seen = false;
        for (size_t j = 0; j < i; j++) seen = seen || strcmp(c->estimates[j].measure, measure) == 0;
        if (seen) continue;
        cli_table_cell(table, "%s", measure);
        for (size_t g = 0; g < groups; g++) {
            const basin_estimate *e = find_estimate(c, measure, c->groups[g].name);
            if (e == NULL || isnan(e->mean)) cli_table_cell(table, "-");
            else if (isnan(e->upper)) cli_table_cell(table, "%.4g", e->mean);
            else cli_table_cell(table, "%.4g ± %.2g", e->mean, (e->upper - e->lower) / 2);
        }
    }
    cli_table_print(table, 2, out);
}

static void print_differences(const basin_comparison *c, FILE *out)
{
    cli_table *table = cli_table_create("llrlrrrl");

    cli_table_titles(table, "measure|difference|mean|95 % t-interval|pairs|p|p (Holm)|verdict");
    for (size_t i = 0; i < c->difference_count; i++) {
        const basin_difference *d = &c->differences[i];
        cli_table_cell(table, "%s", d->measure);
        cli_table_cell(table, "%s - %s", d->group, d->base);
        cli_table_number(table, d->mean, 4);
        cli_table_cell(table, "[%s, %s]", cli_number(d->lower, 4), cli_number(d->upper, 4));
        cli_table_cell(table, "%zu", d->pairs);
        cli_table_number(table, d->p, 3);
        cli_table_number(table, d->p_holm, 3);
        cli_table_cell(table, "%s%s", d->verdict != NULL ? d->verdict : "", d->paired ? "" : " (not paired)");
    }
    cli_table_print(table, 2, out);
}

static void print(const basin_result *result, FILE *out)
{
    const basin_comparison *c = result->value;

    if (c->step >= 0) fprintf(out, "compared at step %lld\n", (long long)c->step);
    print_groups(c, out);
    fputc('\n', out);
    print_estimates(c, out);
    if (c->difference_count > 0) {
        fprintf(out, "\npaired by seed; p: exact sign-flip test, smallest attainable %s\n", cli_number(c->differences[0].p_smallest, 3));
        print_differences(c, out);
    }
    if (c->losses_note != NULL) fprintf(out, "\n%straining losses: %s\n", c->losses_unequal ? "UNEQUAL " : "", c->losses_note);
    for (size_t i = 0; i < c->note_count; i++) fprintf(out, "%s- %s\n", i == 0 ? "\n" : "", c->notes[i]);
    cli_rows_print_missing(c->rows, c->row_count, out);
}

const cli_command cli_command_compare = {
    .name = "compare",
    .usage = "compare RUN… [--base METHOD]",
    .about = "Measures each run at the largest step that all have reached, and runs that go on also at the budget of gradient evaluations\n"
             "of the dearest method. Means with 95 % t-intervals over seeds, differences paired by seed with the exact sign-flip test\n"
             "after Holm, training losses side by side, each run against the ceiling of its own method.",
    .examples = "  basin compare runs/gd_* runs/sam_* runs/msam_* -o compare.h5 --plot compare.pdf\n"
                "  basin compare runs/gd_? runs/sam_? --method lanczos --top 1 --bottom 1 --json\n",
    .options = options,
    .common = CLI_COMMON_RESULT | CLI_COMMON_DATA | CLI_COMMON_WORK,
    .least = 1,
    .most = SIZE_MAX,
    .kind = BASIN_RESULT_COMPARISON,
    .compute = compute,
    .print = print,
};

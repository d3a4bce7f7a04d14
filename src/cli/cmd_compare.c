/* basin compare: the methods against each other over seeds, at the same step and at the same number of gradient evaluations.
 * Only the checkpoints that this needs are measured; grouping, pairing and tests are the library's.
 *
 *   0. All runs have the same network and loss, and at equal seeds the same data; else there is nothing to compare.
 *   1. A run whose last checkpoint cannot be read or is not finite is broken; it does not decide about the step.
 *   2. The step S: the largest that every unbroken run has saved; if there is none, that some unbroken run of every method has.
 *   3. Measured of each run: its checkpoint at S (without an S: its last one).
 *   4. Let B be the largest mean number of gradient evaluations that a method has spent at S. A run that goes on past S is also
 *      measured at its last checkpoint within B: GD at SAM's budget.
 *   5. The checkpoint at step 0 enters by its loss and norm alone, which tell whether equal seeds had equal starts.
 *
 * With --at-loss 2 to 4 give way to the first checkpoint of each run whose training loss is at or below it, and the one before.
 */
#include <math.h>
#include <string.h>

#include "cli/alike.h"
#include "cli/comparison.h"
#include "cli/crossing.h"
#include "cli/monitor.h"
#include "cli/paths.h"

static const cli_option options[] = {
    CLI_ROWS_OPTIONS,
    {"base", CLI_TEXT, "METHOD", "the method that the others are held against (default: gd, else sgd, else the first)", false},
    {"level", CLI_REAL, "P", "of significance (default: 0.05)", false},
    {"loss-tolerance", CLI_REAL, "T", "training losses that differ by more than this share are «unequal» (default: 0.1)", false},
    {NULL, CLI_FLAG, NULL, NULL, false}};

#define NONE SIZE_MAX

typedef struct candidate { /* one run and which of its entries to measure */
    basin_run   *run;
    char        *method; /* of its last checkpoint; "" if that cannot be read */
    bool         broken, hovers;
    size_t       start, before, at, beyond; /* or NONE */
    double       spent;                     /* gradient evaluations at `at`; NAN if not recorded */
    size_t       lowest;                    /* with --at-loss, of a run that does not come down to it: how far it got; or NONE */
} candidate;

static int open_candidate(const char *path, candidate *out)
{
    int               status = CLI_OK;
    candidate         c = {.start = NONE, .before = NONE, .at = NONE, .beyond = NONE, .lowest = NONE, .spent = NAN};
    basin_checkpoint *last = NULL;

    CLI_TRY(cli_run_open(path, &c.run));
    c.broken = basin_checkpoint_read(c.run->entries[c.run->count - 1].path, &last) != BASIN_OK || basin_checkpoint_finite(last) != BASIN_OK;
    c.hovers = last != NULL && basin_hovers(last->method, last->hyper.rho);
    CLI_CHECK((c.method = basin_strdup(last != NULL && last->method != NULL ? last->method : "")) != NULL, "out of memory for a run");
    *out = c, c = (candidate){0};
done:
    basin_checkpoint_destroy(&last);
    basin_run_destroy(&c.run);
    return status;
}

static size_t entry_at(const basin_run *run, int64_t step)
{
    for (size_t i = run->count; i-- > 0;)
        if (run->entries[i].step == step) return i;
    return NONE;
}

static double evaluations_of(const char *path)
{
    basin_checkpoint *ck = NULL;
    double            evaluations = NAN;

    if (basin_checkpoint_read(path, &ck) == BASIN_OK && ck->gradient_evaluations >= 0) evaluations = (double)ck->gradient_evaluations;
    basin_checkpoint_destroy(&ck);
    return evaluations;
}

/* ------------------------------------------------------------------------------------- which checkpoints to measure -- */

static bool every_run_has(const candidate *c, size_t count, int64_t step)
{
    for (size_t i = 0; i < count; i++)
        if (!c[i].broken && entry_at(c[i].run, step) == NONE) return false;
    return true;
}

static bool every_method_has(const candidate *c, size_t count, int64_t step)
{
    for (size_t i = 0; i < count; i++) {
        bool any = c[i].broken;
        for (size_t j = 0; j < count && !any; j++) any = !c[j].broken && strcmp(c[i].method, c[j].method) == 0 && entry_at(c[j].run, step) != NONE;
        if (!any) return false;
    }
    return true;
}

static int64_t common_step(const candidate *c, size_t count)
{
    for (int strict = 1; strict >= 0; strict--) {
        int64_t best = -1;
        for (size_t i = 0; i < count; i++)
            for (size_t e = 0; e < c[i].run->count && !c[i].broken; e++) {
                int64_t step = c[i].run->entries[e].step;
                if (step > best && (strict ? every_run_has(c, count, step) : every_method_has(c, count, step))) best = step;
            }
        if (best >= 0) return best;
    }
    return -1;
}

/* The largest mean over the runs of one method of what was spent. */
static double largest_budget(const candidate *c, size_t count)
{
    double budget = -1;

    for (size_t i = 0; i < count; i++) {
        double sum = 0, runs = 0;
        for (size_t j = 0; j < count; j++)
            if (!isnan(c[j].spent) && strcmp(c[i].method, c[j].method) == 0) sum += c[j].spent, runs++;
        if (runs > 0 && sum / runs > budget) budget = sum / runs;
    }
    return budget;
}

static void choose(candidate *c, size_t count)
{
    int64_t step = common_step(c, count);

    for (size_t i = 0; i < count; i++) {
        c[i].at = step >= 0 ? entry_at(c[i].run, step) : c[i].run->count - 1;
        c[i].start = step > 0 ? entry_at(c[i].run, 0) : NONE;
        if (c[i].at != NONE) c[i].spent = evaluations_of(c[i].run->entries[c[i].at].path);
    }
    double budget = largest_budget(c, count);
    for (size_t i = 0; i < count; i++) {
        for (size_t e = c[i].at == NONE ? NONE : c[i].at + 1; e < c[i].run->count && c[i].spent < budget; e++) {
            double evaluations = evaluations_of(c[i].run->entries[e].path);
            if (evaluations > c[i].spent && evaluations <= budget) c[i].beyond = e;
        }
        if (c[i].broken && c[i].at != c[i].run->count - 1) c[i].beyond = c[i].run->count - 1; /* to be listed as missing */
    }
}

/* With --at-loss: the checkpoints where each run first comes down to it. */
static int choose_crossings(const cli_arguments *a, candidate *c, size_t count, double loss, cli_rows *rows)
{
    int           status = CLI_OK;
    basin_run   **runs = NULL;
    cli_crossing *crossings = NULL;

    CLI_ALLOC(runs, count);
    CLI_ALLOC(crossings, count);
    for (size_t i = 0; i < count; i++) {
        runs[i] = c[i].run;
        CLI_TRY(cli_crossing_find(a, rows, c[i].run, 1, loss, &crossings[i]));
        c[i].at = crossings[i].at;
        if (c[i].at != NONE) c[i].before = crossings[i].before;
        else c[i].lowest = crossings[i].lowest_entry;
        c[i].start = entry_at(c[i].run, 0);
        if (c[i].start == c[i].at || c[i].start == c[i].before || c[i].start == c[i].lowest) c[i].start = NONE;
    }
    CLI_TRY(cli_crossings_demand(a->operands, runs, crossings, count, loss));
done:
    basin_free(runs);
    basin_free(crossings);
    return status;
}

static int measure_candidate(const cli_arguments *a, const char *name, const candidate *c, cli_rows *rows)
{
    int          status = CLI_OK;
    const size_t entries[] = {c->before, c->at, c->beyond};

    CLI_TRY(cli_rows_begin(rows, c->run));
    if (c->start != NONE) CLI_TRY(cli_rows_add_start(a, rows, name, c->run->entries[c->start].path));
    for (size_t i = 0; i < sizeof entries / sizeof *entries; i++)
        if (entries[i] != NONE) CLI_TRY(cli_rows_add(a, rows, name, c->run->entries[entries[i]].path));
    if (c->lowest != NONE) CLI_TRY(cli_rows_add_start(a, rows, name, c->run->entries[c->lowest].path));
done:
    return status;
}

/* A remark if the runs can be compared but differ in their data. */
static int demand_alike(const cli_arguments *a, const candidate *candidates, cli_rows *rows)
{
    int       status = CLI_OK;
    cli_kind *kinds = NULL;
    char     *text = NULL;

    CLI_ALLOC(kinds, a->operand_count);
    for (size_t i = 0; i < a->operand_count; i++) CLI_TRY(cli_kind_read(a, a->operands[i], candidates[i].run, &kinds[i]));
    CLI_TRY(cli_kinds_demand(kinds, a->operand_count));
    CLI_TRY(cli_kinds_remark(kinds, a->operand_count, &text));
    if (text != NULL) CLI_TRY(cli_rows_note(rows, text));
done:
    for (size_t i = 0; kinds != NULL && i < a->operand_count; i++) cli_kind_clear(&kinds[i]);
    basin_free(kinds);
    basin_free(text);
    return status;
}

static int read_options(const cli_arguments *a, basin_comparison_options *out)
{
    int                      status = CLI_OK;
    basin_comparison_options o = {.base = cli_text(a, "base", NULL),
                                  .level = cli_real(a, "level", 0),
                                  .loss_tolerance = cli_real(a, "loss-tolerance", 0),
                                  .at_loss = cli_real(a, "at-loss", 0)};

    CLI_CHECK(!cli_has(a, "level") || (o.level > 0 && o.level < 1), "--level must lie between 0 and 1, got %g", o.level);
    CLI_CHECK(!cli_has(a, "loss-tolerance") || o.loss_tolerance > 0, "--loss-tolerance must be positive, got %g", o.loss_tolerance);
    *out = o;
done:
    return status;
}

static int measure_candidates(const cli_arguments *a, candidate *c, cli_rows *rows)
{
    int status = CLI_OK;

    rows->test_parts = true;
    for (size_t i = 0; i < a->operand_count; i++) rows->polish_all = rows->polish_all || c[i].hovers; /* like is held against like */
    if (cli_has(a, "at-loss")) CLI_TRY(choose_crossings(a, c, a->operand_count, cli_real(a, "at-loss", 0), rows));
    else choose(c, a->operand_count);
    for (size_t i = 0; i < a->operand_count; i++) {
        cli_monitor_part("run", i + 1, a->operand_count);
        CLI_TRY(measure_candidate(a, a->operands[i], &c[i], rows));
    }
    CLI_TRY(cli_rows_finish(rows));
done:
    return status;
}

static int compute(const cli_arguments *a, cli_batch *out)
{
    int                      status = CLI_OK;
    candidate               *candidates = NULL;
    cli_rows                 rows = {0};
    basin_comparison        *comparison = NULL;
    basin_comparison_options o;
    double                  *part_loss = NULL, *part_accuracy = NULL;

    CLI_TRY(read_options(a, &o));
    CLI_TRY(cli_rows_start(a, &rows));
    CLI_ALLOC(candidates, a->operand_count);
    for (size_t i = 1; i < a->operand_count; i++)
        for (size_t j = 0; j < i; j++)
            CLI_CHECK(!cli_same_file(a->operands[i], a->operands[j]), "%s and %s are one run, named twice", a->operands[j], a->operands[i]);
    for (size_t i = 0; i < a->operand_count; i++) CLI_TRY(open_candidate(a->operands[i], &candidates[i]));
    CLI_TRY(demand_alike(a, candidates, &rows));
    CLI_TRY(measure_candidates(a, candidates, &rows));
    CLI_TRY(cli_rows_test_parts(&rows, &o.test_part_count, &part_loss, &part_accuracy));
    o.test_part_loss = part_loss, o.test_part_accuracy = part_accuracy;
    o.bn = &rows.provenance->bn, o.remark = rows.note;
    CLI_LIBRARY(basin_comparison_compute(rows.rows, rows.count, &o, &comparison));
    CLI_TRY(cli_batch_add(out, BASIN_RESULT_COMPARISON, comparison, rows.provenance));
    comparison = NULL, rows.provenance = NULL;
done:
    for (size_t i = 0; candidates != NULL && i < a->operand_count; i++) {
        basin_run_destroy(&candidates[i].run);
        basin_free(candidates[i].method);
    }
    basin_free(candidates);
    basin_free(part_loss);
    basin_free(part_accuracy);
    basin_comparison_destroy(&comparison);
    cli_rows_clear(&rows);
    return status;
}

static void print(const basin_result *result, FILE *out)
{
    cli_comparison_print(result->value, result->provenance, out);
}

const cli_command cli_command_compare = {
    .name = "compare",
    .usage = "compare RUN… [--base METHOD] [--at-loss L] [--polish K]",
    .about = "Measures each run at the largest step that all have reached (or at one training loss, --at-loss), and runs that go on\n"
             "also at the budget of gradient evaluations of the dearest method; where a method hovers (SAM, MSAM) all runs also after\n"
             "a polish. Means with 95 % t-intervals over seeds, differences paired by seed with the exact sign-flip test, adjusted\n"
             "within each family of measures and over the whole report.",
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

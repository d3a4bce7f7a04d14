/* basin compare: the methods against each other over seeds, at the same step and at the same number of
 * gradient evaluations, or at the same training loss. Only the checkpoints that this needs are measured;
 * which these are, whether the runs can be compared at all, grouping, pairing and tests are the library's.
 */
#include <math.h>
#include <string.h>

#include "cli/comparison.h"
#include "cli/crossing.h"
#include "cli/paths.h"
#include "cli/provenance.h"
#include "cli/row_jobs.h"

static const cli_option options[] = {
    CLI_ROWS_OPTIONS,
    {"base", CLI_TEXT, "METHOD",
     "the method, or with --by the group, that the others are held against (default: gd, else sgd, else the "
     "first; of its groups that of the least value)",
     false},
    {"by", CLI_CHOICE, "rho|learning_rate|momentum|weight_decay|batch_size",
     "groups are those of a method with one value of this setting, as recorded at the checkpoint compared",
     false},
    {"level", CLI_REAL, "P", "of significance (default: 0.05)", false},
    {"loss-tolerance", CLI_REAL, "T",
     "training losses that differ by more than this share are «unequal» (default: 0.1)", false},
    {"invariance", CLI_TEXT, "FILE.h5",
     "a result of basin invariance on this network: measures count as invariant by it and not by the list; "
     "may be given several times",
     false},
    {"value", CLI_TEXT, "GAIN=COST",
     "what a gain of test accuracy (0.1%) or of test loss (0.01) may cost, in s, min, h or evaluations, as "
     "0.1%=30s: does the extra cost of each group pay?",
     false},
    {"margin", CLI_REAL, "M",
     "relative difference of a measure that counts as none, of equivalence (default: 0.1)", false},
    {NULL, CLI_FLAG, NULL, NULL, false}};

/* Before anything is measured: may the runs be held against each other? What the library will note beside
   its numbers is a warning here. */
static int demand_alike(const cli_records *records)
{
    int   status = CLI_OK;
    char *text = NULL;

    CLI_LIBRARY(basin_rows_demand_alike(records->rows, records->count));
    CLI_LIBRARY(basin_rows_unlike(records->rows, records->count, &text));
    if (text != NULL) cli_warn("%s", text);
done:
    basin_free(text);
    return status;
}

/* A step 0 with a momentum, as of epochs that were counted from 0, is no start. */
static void drop_false_starts(cli_records *records)
{
    for (size_t i = 0; i < records->count; i++) {
        basin_checkpoint *ck = NULL;
        if (records->choices[i] == BASIN_CHOICE_START &&
            basin_checkpoint_read(records->paths[i], &ck) == BASIN_OK && !basin_checkpoint_starts(ck))
            records->choices[i] = BASIN_CHOICE_NONE;
        basin_checkpoint_destroy(&ck);
    }
}

static int choose(const cli_arguments *a, cli_rows *rows, cli_records *records)
{
    int status = CLI_OK;

    if (cli_has(a, "at-loss"))
        CLI_TRY(cli_crossings_find(a, rows, records, 1, cli_real(a, "at-loss", 0)));
    else
        CLI_LIBRARY(basin_comparison_choose(records->rows, records->count, NULL, records->choices));
    drop_false_starts(records);
done:
    return status;
}

static int choose_jobs(const cli_records *records, cli_row_jobs *jobs)
{
    int status = CLI_OK;

    for (size_t run = 0; run < records->run_count; run++)
        for (size_t i = records->first[run]; i < records->first[run + 1]; i++) {
            const int choice = records->choices[i];
            if (choice != BASIN_CHOICE_NONE)
                CLI_TRY(cli_row_jobs_add(jobs, run, records->paths[i],
                                         choice == BASIN_CHOICE_START || choice == BASIN_CHOICE_LOWEST));
        }
done:
    return status;
}

static int measure_runs(const cli_arguments *a, basin_run *const *runs, cli_records *records, cli_rows *rows)
{
    int          status = CLI_OK;
    cli_row_jobs jobs = {0};

    rows->test_parts = true;
    for (size_t i = 0; i < records->count; i++) /* like is held against like */
        rows->polish_all = rows->polish_all || basin_hovers(records->rows[i].method, records->rows[i].rho);
    CLI_TRY(choose(a, rows, records));
    CLI_TRY(choose_jobs(records, &jobs));
    CLI_TRY(cli_row_jobs_run(a, rows, runs, &jobs));
    for (size_t i = 0; i < jobs.count; i++) CLI_TRY(cli_rows_join(rows, &jobs.jobs[i].found));
    CLI_TRY(cli_rows_finish(rows));
done:
    cli_row_jobs_clear(&jobs);
    return status;
}

static int read_options(const cli_arguments *a, basin_comparison_options *out)
{
    int                      status = CLI_OK;
    basin_comparison_options o = {.base = cli_text(a, "base", NULL),
                                  .by = cli_text(a, "by", NULL),
                                  .level = cli_real(a, "level", 0),
                                  .loss_tolerance = cli_real(a, "loss-tolerance", 0),
                                  .margin = cli_real(a, "margin", 0),
                                  .at_loss = cli_real(a, "at-loss", 0)};

    CLI_CHECK(!cli_has(a, "level") || (o.level > 0 && o.level < 1),
              "--level must lie between 0 and 1, got %g", o.level);
    CLI_CHECK(!cli_has(a, "loss-tolerance") || o.loss_tolerance > 0,
              "--loss-tolerance must be positive, got %g", o.loss_tolerance);
    CLI_CHECK(!cli_has(a, "margin") || (o.margin > 0 && o.margin < 1),
              "--margin must lie between 0 and 1, got %g", o.margin);
    if (cli_has(a, "value")) CLI_LIBRARY(basin_worth_parse(cli_text(a, "value", ""), &o.worth));
    *out = o;
done:
    return status;
}

/* Results of invariance, in the order typed. */
typedef struct known {
    size_t                    count;
    basin_result            **results;
    const basin_invariances **values;
    const char              **files;
} known;

static void known_clear(known *k)
{
    for (size_t i = 0; i < k->count; i++) basin_result_destroy(&k->results[i]);
    basin_free(k->results);
    basin_free(k->values);
    basin_free(k->files);
}

static int read_one(const char *path, const cli_records *records, basin_provenance *p, known *k)
{
    int            status = CLI_OK;
    char           digest[65];
    basin_result **result = &k->results[k->count];

    CLI_LIBRARY(basin_result_read(path, result));
    k->values[k->count] = (*result)->value, k->files[k->count++] = path;
    CLI_CHECK((*result)->kind == BASIN_RESULT_INVARIANCES,
              "%s: a result of kind %s; --invariance takes those of basin invariance", path,
              basin_result_name((*result)->kind));
    CLI_LIBRARY(basin_invariances_demand((*result)->value, path, records->rows, records->count));
    CLI_LIBRARY(basin_file_digest(path, digest));
    CLI_TRY(cli_provenance_input(p, BASIN_INPUT_RESULT, path, digest));
done:
    return status;
}

/* Refused before anything is measured where they are of another network. */
static int read_known(const cli_arguments *a, const cli_records *records, basin_provenance *p, known *k)
{
    int status = CLI_OK;

    CLI_ALLOC(k->results, a->given_count + 1);
    CLI_ALLOC(k->values, a->given_count + 1);
    CLI_ALLOC(k->files, a->given_count + 1);
    for (size_t i = 0; i < a->given_count; i++)
        if (strcmp(a->given[i].option->name, "invariance") == 0)
            CLI_TRY(read_one(a->given[i].text, records, p, k));
done:
    return status;
}

/* Wrong usage, refused before anything is read. */
static int check(const cli_arguments *a)
{
    basin_worth worth;
    size_t      values = 0;

    for (size_t i = 0; i < a->given_count; i++) values += strcmp(a->given[i].option->name, "value") == 0;
    if (values > 1) return cli_usage("compare: one --value, not %zu", values);
    for (size_t i = 1; i < a->given_count; i++)
        for (size_t j = 0; j < i; j++)
            if (strcmp(a->given[i].option->name, "invariance") == 0 &&
                a->given[j].option == a->given[i].option && cli_same_file(a->given[i].text, a->given[j].text))
                return cli_usage("compare: --invariance: %s and %s are one file, named twice; one will do",
                                 a->given[j].text, a->given[i].text);
    if (!cli_has(a, "value") || basin_worth_parse(cli_text(a, "value", ""), &worth) == BASIN_OK)
        return CLI_OK;
    return cli_usage("compare: --value: %s", basin_error_message());
}

static int open_runs(const cli_arguments *a, cli_rows *rows, basin_run **runs)
{
    int status = CLI_OK;

    for (size_t i = 1; i < a->operand_count; i++)
        for (size_t j = 0; j < i; j++)
            CLI_CHECK(!cli_same_file(a->operands[i], a->operands[j]), "%s and %s are one run, named twice",
                      a->operands[j], a->operands[i]);
    for (size_t i = 0; i < a->operand_count; i++) CLI_TRY(cli_rows_open(a, rows, a->operands[i], &runs[i]));
done:
    return status;
}

static int compute(const cli_arguments *a, cli_batch *out)
{
    int                      status = CLI_OK;
    basin_run              **runs = NULL;
    cli_records              records = {0};
    cli_rows                 rows = {0};
    basin_comparison        *comparison = NULL;
    basin_comparison_options o;
    known                    invariances = {0};
    double                  *part_loss = NULL, *part_accuracy = NULL;

    CLI_TRY(read_options(a, &o));
    CLI_TRY(cli_rows_start(a, &rows));
    CLI_ALLOC(runs, a->operand_count);
    CLI_TRY(open_runs(a, &rows, runs));
    CLI_TRY(cli_records_read(a, a->operands, runs, a->operand_count, &records));
    CLI_TRY(demand_alike(&records));
    CLI_TRY(read_known(a, &records, rows.provenance, &invariances));
    CLI_TRY(measure_runs(a, runs, &records, &rows));
    CLI_TRY(cli_rows_test_parts(&rows, &o.test_part_count, &part_loss, &part_accuracy));
    o.test_part_loss = part_loss, o.test_part_accuracy = part_accuracy;
    o.invariance_count = invariances.count, o.invariances = invariances.values;
    o.invariance_files = invariances.files;
    o.bn = &rows.provenance->bn, o.note = rows.note;
    CLI_LIBRARY(basin_comparison_compute(rows.rows, rows.count, &o, &comparison));
    CLI_TRY(cli_batch_add(out, BASIN_RESULT_COMPARISON, comparison, rows.provenance));
    comparison = NULL, rows.provenance = NULL;
done:
    cli_records_clear(&records);
    for (size_t i = 0; runs != NULL && i < a->operand_count; i++) basin_run_destroy(&runs[i]);
    basin_free(runs);
    known_clear(&invariances);
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
    .about = "Measures each run at the largest step that all have reached (or at one training loss, "
             "--at-loss), and runs that go on\n"
             "also at the budget of gradient evaluations of the dearest method; where a method hovers (SAM, "
             "MSAM) all runs also after\n"
             "a polish. Means with 95 % t-intervals over seeds, differences paired by seed with the exact "
             "sign-flip test, adjusted\n"
             "within each family of measures and over the whole report.",
    .examples = "  basin compare runs/gd_* runs/sam_* runs/msam_* -o compare.h5 --plot compare.pdf\n"
                "  basin compare runs/* --by rho --invariance gd_0.invariance.h5 --value 0.1%=30s --json\n",
    .options = options,
    .common = CLI_COMMON_RESULT | CLI_COMMON_DATA | CLI_COMMON_WORK | CLI_COMMON_STATE | CLI_COMMON_TIME,
    .least = 1,
    .most = SIZE_MAX,
    .kind = BASIN_RESULT_COMPARISON,
    /* A claim of flatness must not rest on measures alone that rescaling the same network changes, and the
       features are cheap to look at. */
    .measures = "adaptive_average,adaptive_worst_l2,feature_rank,neural_collapse",
    .check = check,
    .compute = compute,
    .print = print,
    .verdict = cli_rows_verdict,
};

/* basin gate: is a checkpoint within its limits? Products are spent until that is decided. */
#include <math.h>
#include <string.h>

#include "cli/gate.h"
#include "cli/monitor.h"
#include "cli/report.h"
#include "cli/runs.h"
#include "cli/spectral.h"

static const cli_option options[] = {
    CLI_LIMIT_OPTIONS,
    {"baseline", CLI_TEXT, "CKPT", "another checkpoint, whose measures may be exceeded by no more than",
     false},
    {"max-increase", CLI_TEXT, "X", "so much: a share of its value, e.g. 10%, or a number", false},
    {"from-runs", CLI_TEXT, "PATTERN",
     "limits from the spread over the last checkpoints of these folders, e.g. 'runs/gd_*'; at least 3",
     false},
    {"sigma", CLI_REAL, "S", "as improbable in one more such run as S normal deviations (default: 3)", false},
    {"measures", CLI_TEXT, "NAME,…",
     "of --baseline and --from-runs (default: those of --max and --min, else lambda_max)", false},
    {"strict", CLI_FLAG, NULL, "undecided counts as violated", false},
    {"products", CLI_WHOLE, "N",
     "with the Hessian at most, and as many on each other checkpoint (default: 2000)", false},
    {"chance", CLI_REAL, "A", "that any verdict is wrong, at most (default: 0.05)", false},
    {"junit", CLI_TEXT, "FILE", "write the verdicts as JUnit's XML, a test case each", true},
    CLI_SANE_OPTIONS,
    {"rho", CLI_REAL, "R", "radius of rises and of sharpness (default: 0.05; of sharpness each its own)",
     false},
    {"batches", CLI_WHOLE, "N", "mini-batches of batch_sharpness (default: 20)", false},
    {"batch-size", CLI_WHOLE, "B", "samples of each (default: as recorded, else 128)", false},
    CLI_RUN_OPTION,
    {NULL, CLI_FLAG, NULL, NULL, false}};

static int check(const cli_arguments *a)
{
    cli_gate g = {.baseline = NULL};
    int      status = cli_gate_read(a, &g);

    cli_gate_clear(&g);
    return status;
}

/* ------------------------------------------------------------------------------------------- measuring -- */

/* Limits that were given, as questions to the checkpoint. */
static int given_limits(const cli_gate *g, const cli_source *s, basin_gated *limits,
                        basin_question *questions)
{
    int       status = CLI_OK;
    basin_row record = {0};

    CLI_LIBRARY(basin_row_record(s->ck, &record));
    record.samples = basin_objective_samples(s->objectives[0]);
    for (size_t i = 0; i < g->limits.count; i++) {
        const basin_limit *l = &g->limits.limits[i];
        CLI_LIBRARY(basin_limit_bound(l, &record, &limits[i].bound));
        CLI_CHECK((limits[i].limit = basin_strdup(l->text)) != NULL, "out of memory for a limit");
        questions[i] = (basin_question){
            .measure = l->measure, .at_most = l->at_most, .low = limits[i].bound, .high = limits[i].bound};
    }
done:
    basin_row_clear(&record);
    return cli_name_file(status, s->ck->path);
}

/* Nothing is known of any. */
static void start_limits(basin_gated *limits, size_t count)
{
    const basin_answer unknown = {.value = NAN, .lower = NAN, .upper = NAN};

    for (size_t i = 0; i < count; i++) {
        limits[i].answer = limits[i].baseline = unknown;
        limits[i].increase = limits[i].difference = NAN;
        limits[i].difference_lower = limits[i].difference_upper = NAN;
        limits[i].spread = (basin_limit_of_runs){.mean = NAN,
                                                 .deviation = NAN,
                                                 .sigma = NAN,
                                                 .factor = NAN,
                                                 .limit = NAN,
                                                 .low = NAN,
                                                 .high = NAN};
    }
}

static int take_answer(const basin_question *q, const basin_answer *answer, basin_gated *l)
{
    int status = CLI_OK;

    l->answer = *answer;
    l->at_most = q->at_most;
    l->bound_low = q->low, l->bound_high = q->high;
    CLI_CHECK((l->measure = basin_strdup(basin_gate_measure_name(q->measure))) != NULL,
              "out of memory for a name");
    if (l->origin != BASIN_LIMIT_BASELINE) goto done;
    l->difference = answer->value - l->baseline.value;
    l->difference_lower = answer->lower - l->baseline.upper;
    l->difference_upper = answer->upper - l->baseline.lower;
done:
    return status;
}

/* Everything that is known, once the questions [gate->limit_count] are answered. */
static int conclude(const cli_gate *g, const cli_source *s, const basin_question *questions,
                    const basin_answer *answers, basin_gate *gate)
{
    int status = CLI_OK;

    for (size_t i = 0; i < gate->limit_count; i++) {
        CLI_TRY(take_answer(&questions[i], &answers[i], &gate->limits[i]));
        if (answers[i].products > gate->products) gate->products = answers[i].products;
    }
    gate->parameters = basin_objective_size(s->objectives[0]);
    gate->samples = basin_objective_samples(s->objectives[0]);
    gate->alpha = g->alpha;
    gate->strict = g->strict;
    gate->products_most = g->options.products;
    gate->verdict = (int)basin_gate_sum_up(gate->limits, gate->limit_count, g->strict);
done:
    return status;
}

static int compute(const cli_arguments *a, const cli_gate *g, cli_source *s, basin_gate *gate)
{
    int          status = CLI_OK;
    const size_t given = g->limits.count, based = g->baseline != NULL ? g->measure_count : 0,
                 spread = g->runs != NULL ? g->measure_count : 0;
    basin_question *questions = NULL;
    basin_answer   *answers = NULL;

    gate->limit_count = given + based + spread;
    CLI_ALLOC(gate->limits, gate->limit_count);
    CLI_ALLOC(questions, gate->limit_count);
    CLI_ALLOC(answers, gate->limit_count);
    start_limits(gate->limits, gate->limit_count);
    CLI_TRY(given_limits(g, s, gate->limits, questions));
    CLI_TRY(cli_gate_baseline(a, g, s, gate->limits + given, questions + given, &gate->baseline_products));
    CLI_TRY(cli_gate_runs(a, g, s, gate->limits + given + based, questions + given + based,
                          &gate->runs_products));
    cli_monitor_part("", 0, 0);
    CLI_TRY(cli_gate_ask(a, g, s, questions, gate->limit_count, answers));
    CLI_TRY(conclude(g, s, questions, answers, gate));
done:
    basin_free(questions);
    basin_free(answers);
    return status;
}

static int measure(const cli_arguments *a, cli_source *s, void **out)
{
    int         status = CLI_OK;
    cli_gate    g = {.baseline = NULL};
    basin_gate *gate = NULL;
    const char *junit = cli_text(a, "junit", NULL);

    CLI_TRY(cli_gate_read(a, &g));
    CLI_ALLOC(gate, 1);
    CLI_TRY(compute(a, &g, s, gate));
    if (junit != NULL) CLI_LIBRARY(basin_gate_junit(gate, s->ck->path, junit));
    *out = gate, gate = NULL;
done:
    basin_gate_destroy(&gate);
    cli_gate_clear(&g);
    return status;
}

/* -------------------------------------------------------------------------------------------- printing -- */

/* «<= 20», «<= 19.5 [19.4, 19.7]». */
static const char *bound_text(const basin_gated *l)
{
    char *text = cli_turn();

    if (l->bound_low == l->bound_high)
        snprintf(text, CLI_TURN, "%s %s", l->at_most ? "<=" : ">=", cli_number(l->bound, 5));
    else
        snprintf(text, CLI_TURN, "%s %s [%s, %s]", l->at_most ? "<=" : ">=", cli_number(l->bound, 5),
                 cli_number(l->bound_low, 5), cli_number(l->bound_high, 5));
    return text;
}

/* «violated, certain», «undecided, products spent» */
static const char *verdict_text(const basin_answer *a)
{
    static const char *const reasons[] = {[BASIN_GATE_DECIDED] = "",
                                          [BASIN_GATE_COMPLETE] = ", nothing more is measured",
                                          [BASIN_GATE_PRODUCTS] = ", the products are spent",
                                          [BASIN_GATE_TIME] = ", the time has ended",
                                          [BASIN_GATE_MEMORY] = ", the memory is full"};
    char                    *text = cli_turn();

    snprintf(text, CLI_TURN, "%s%s", basin_gate_verdict_text((basin_gate_verdict)a->verdict),
             a->verdict != BASIN_GATE_UNDECIDED ? a->certain ? ", certain" : "" : reasons[a->ended]);
    return text;
}

static void print_sources(const basin_gated *l, FILE *out)
{
    if (l->origin == BASIN_LIMIT_GIVEN) return;
    fprintf(out, "  %s\n", cli_plain(l->limit));
    if (l->origin == BASIN_LIMIT_BASELINE)
        fprintf(out, "                  there %s %s; difference %s [%s, %s]\n",
                cli_number(l->baseline.value, 5), cli_answer_ends(&l->baseline), cli_number(l->difference, 4),
                cli_number(l->difference_lower, 4), cli_number(l->difference_upper, 4));
    else
        fprintf(out,
                "                  mean %s, standard deviation s %s; one run more of the kind is beyond with "
                "the chance of %g normal deviations\n",
                cli_number(l->spread.mean, 5), cli_number(l->spread.deviation, 4), l->spread.sigma);
}

static void print(const basin_result *result, FILE *out)
{
    const basin_gate *g = result->value;
    cli_table        *table = cli_table_create("lrlllr");

    cli_report_source(result, g->samples, g->parameters, out);
    cli_table_titles(table, "measure|value|interval|limit|verdict|after products");
    for (size_t i = 0; i < g->limit_count; i++) {
        const basin_gated *l = &g->limits[i];
        cli_table_cell(table, "%s", l->measure);
        cli_table_number(table, l->answer.value, 5);
        cli_table_cell(table, "%s", cli_answer_ends(&l->answer));
        cli_table_cell(table, "%s", bound_text(l));
        cli_table_cell(table, "%s", verdict_text(&l->answer));
        cli_table_cell(table, "%s", cli_thousands(l->answer.products));
    }
    cli_table_print(table, 2, out);
    for (size_t i = 0; i < g->limit_count; i++) print_sources(&g->limits[i], out);
    fprintf(out, "  %s; %s products of at most %s", basin_gate_verdict_text((basin_gate_verdict)g->verdict),
            cli_thousands(g->products), cli_thousands(g->products_most));
    if (g->baseline_products > 0) fprintf(out, ", %s on the baseline", cli_thousands(g->baseline_products));
    if (g->runs_products > 0) fprintf(out, ", %s on the baseline set", cli_thousands(g->runs_products));
    fprintf(out, "; any verdict is wrong with a chance of at most %g, a certain one with none\n", g->alpha);
}

/* The names of the limits of that verdict, with commas. */
static const char *names_of(const basin_gate *g, int verdict, char text[600])
{
    size_t used = 0;

    text[0] = '\0';
    for (size_t i = 0; i < g->limit_count && used < 590; i++)
        if (g->limits[i].answer.verdict == verdict)
            used +=
                (size_t)snprintf(text + used, 600 - used, "%s%s", used > 0 ? ", " : "", g->limits[i].limit);
    return text;
}

static int verdict(const basin_result *result)
{
    const basin_gate *g = result->value;
    char              violated[600], open[600];

    if (g->verdict == BASIN_GATE_WITHIN) return CLI_OK;
    names_of(g, BASIN_GATE_VIOLATED, violated), names_of(g, BASIN_GATE_UNDECIDED, open);
    return cli_conclude(g->verdict == BASIN_GATE_VIOLATED ? CLI_VIOLATED : CLI_UNDECIDED, "%s%s%s%s%s",
                        violated[0] != '\0' ? "violated: " : "", violated,
                        violated[0] != '\0' && open[0] != '\0' ? "; " : "",
                        open[0] != '\0' ? "undecided: " : "", open);
}

const cli_command cli_command_gate = {
    .name = "gate",
    .usage =
        "gate CKPT --max NAME=X… [--min NAME=X…] [--baseline CKPT --max-increase X] [--from-runs PATTERN]",
    .about =
        "Holds measures of a checkpoint against limits, for pipelines and the monitoring of models: those of "
        "`track`, and those of\n"
        "`sharpness --measure` that are one number. Products with the Hessian are spent only until every "
        "verdict is decided: violated\n"
        "where the whole interval of the measure lies beyond the limit, within where all of it is within. "
        "What "
        "neither holds of when\n"
        "--products, --time or --memory end is undecided. The intervals stay valid however often they are "
        "looked at\n"
        "(docs/measures.md, «Gate»). Exit status: 0 within, 3 violated, 4 undecided.",
    .examples =
        "  basin gate runs/sam_0/step_000400.h5 --max 'lambda_max<=2/lr' --max sane=12\n"
        "  basin gate new.h5 --baseline old.h5 --max-increase 10% --measures lambda_max,trace --time 60s\n"
        "  basin gate runs/gd_9/step_000400.h5 --from-runs 'runs/gd_[0-7]' --sigma 3 --junit gate.xml\n",
    .options = options,
    .common = CLI_COMMON_RESULT | CLI_COMMON_DATA | CLI_COMMON_WORK | CLI_COMMON_POINT | CLI_COMMON_TIME,
    .least = 1,
    .most = 1,
    .test_too = true,
    .kind = BASIN_RESULT_GATE,
    .check = check,
    .measure = measure,
    .print = print,
    .verdict = verdict,
};

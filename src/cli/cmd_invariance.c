/* basin invariance: which measures stay under changes of the weights that leave the function alone. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/forecast_sum.h"
#include "cli/nearest.h"
#include "cli/report.h"
#include "cli/source.h"
#include "cli/table.h"

static const cli_option options[] = {
    {"measures", CLI_TEXT, "NAME,…",
     "core, all, or measures of track and of sharpness by name (default: core)", false},
    {"symmetry", CLI_TEXT, "NAME,…",
     "kinds of change: neuron | layer | norm | attention | permutation (default: all that the network has)",
     false},
    {"factors", CLI_REALS, "F,F,…",
     "of rescalings and bases (default: 1/25, 1/5, 5, 25; of bases 1/100, 1/10, 1, 10, 100)", false},
    {"draws", CLI_WHOLE, "N", "random perturbations of the measures that take them (default: 100)", false},
    {NULL, CLI_FLAG, NULL, NULL, false}};

/* What is cheap, and between them moves and stays under every kind of change. */
static const basin_measure           core[] = {BASIN_MEASURE_lambda_max, BASIN_MEASURE_trace,
                                               BASIN_MEASURE_sane,       BASIN_MEASURE_n_eff,
                                               BASIN_MEASURE_theta_norm, BASIN_MEASURE_gradient_norm};
static const basin_sharpness_measure core_sharpness[] = {BASIN_SHARPNESS_sam,
                                                         BASIN_SHARPNESS_asam_all,
                                                         BASIN_SHARPNESS_adaptive_average,
                                                         BASIN_SHARPNESS_adaptive_worst_l2,
                                                         BASIN_SHARPNESS_geodesic,
                                                         BASIN_SHARPNESS_relative_flatness,
                                                         BASIN_SHARPNESS_scaled_lambda_max};

typedef struct asked { /* for */
    bool    measures[BASIN_MEASURES], sharpness[BASIN_SHARPNESS_MEASURES], symmetries[BASIN_SYMMETRIES];
    double *factors; /* the caller's to free */
    size_t  factor_count, draws;
} asked;

/* --------------------------------------------------------------------------------------------- options -- */

static void take_core(asked *out)
{
    for (size_t i = 0; i < sizeof core / sizeof *core; i++) out->measures[core[i]] = true;
    for (size_t i = 0; i < sizeof core_sharpness / sizeof *core_sharpness; i++)
        out->sharpness[core_sharpness[i]] = true;
}

/* What speaks of flatness; losses and records of the training do not move with a function that stays. */
static void take_all(asked *out)
{
    for (size_t i = 0; i < BASIN_MEASURES; i++)
        out->measures[i] = (basin_columns[i].family == BASIN_FAMILY_CURVATURE ||
                            basin_columns[i].family == BASIN_FAMILY_DIMENSION ||
                            basin_columns[i].family == BASIN_FAMILY_RISE) &&
                           basin_column_sharpness(&basin_columns[i]) == BASIN_SHARPNESS_MEASURES;
    for (size_t i = 0; i < BASIN_SHARPNESS_MEASURES; i++) out->sharpness[i] = true;
    take_core(out);
}

static void consider(const char *typed, const char *candidate, size_t *least, const char **best)
{
    const size_t edits = cli_edits(typed, candidate);

    if (edits < *least && edits <= cli_edits_allowed(candidate)) *least = edits, *best = candidate;
}

static int no_measure(const char *name)
{
    const char *best = NULL;
    size_t      least = SIZE_MAX;

    for (size_t i = 0; i < BASIN_MEASURES; i++) consider(name, basin_columns[i].name, &least, &best);
    for (size_t i = 0; i < BASIN_SHARPNESS_MEASURES; i++)
        consider(name, basin_sharpness_entries[i].name, &least, &best);
    if (best != NULL) return cli_usage("invariance: --measures: no measure %s; is %s meant?", name, best);
    return cli_usage("invariance: --measures: no measure %s of track or of sharpness, nor core or all", name);
}

static int take_measure(const char *name, asked *out)
{
    basin_sharpness_measure m;

    if (strcmp(name, "core") == 0) {
        take_core(out);
        return CLI_OK;
    }
    if (strcmp(name, "all") == 0) {
        take_all(out);
        return CLI_OK;
    }
    for (size_t i = 0; i < BASIN_MEASURES; i++)
        if (strcmp(basin_columns[i].name, name) == 0 &&
            basin_column_sharpness(&basin_columns[i]) == BASIN_SHARPNESS_MEASURES) {
            out->measures[i] = true;
            return CLI_OK;
        }
    if (basin_sharpness_measure_find(name, &m) != BASIN_OK) return no_measure(name);
    out->sharpness[m] = true;
    return CLI_OK;
}

static int take_symmetry(const char *name, asked *out)
{
    for (int i = 0; i < BASIN_SYMMETRIES; i++)
        if (strcmp(basin_symmetry_name((basin_symmetry)i), name) == 0) {
            out->symmetries[i] = true;
            return CLI_OK;
        }
    return cli_usage("invariance: --symmetry: %s is none of neuron | layer | norm | attention | permutation",
                     name);
}

/* Each name of a list with commas between. */
static int for_each_name(const char *option, const char *text, int (*take)(const char *, asked *), asked *out)
{
    int  status = CLI_OK;
    char name[48];

    for (;; text++) {
        const size_t length = strcspn(text, ",");
        CLI_WANT(length > 0 && length < sizeof name,
                 "invariance: --%s wants names with commas between, got «%s»", option, text);
        memcpy(name, text, length);
        name[length] = '\0';
        CLI_TRY(take(name, out));
        text += length;
        if (*text == '\0') break;
    }
done:
    return status;
}

static int read_options(const cli_arguments *a, asked *out)
{
    int status = CLI_OK;

    CLI_TRY(for_each_name("measures", cli_text(a, "measures", "core"), take_measure, out));
    if (cli_has(a, "symmetry"))
        CLI_TRY(for_each_name("symmetry", cli_text(a, "symmetry", ""), take_symmetry, out));
    CLI_TRY(cli_reals(a, "factors", &out->factors, &out->factor_count));
    for (size_t i = 0; i < out->factor_count; i++)
        CLI_WANT(out->factors[i] > 0 && isfinite(out->factors[i]),
                 "invariance: --factors: number %zu, %g, is not positive", i + 1, out->factors[i]);
    CLI_TRY(cli_size(a, "draws", 0, &out->draws));
    CLI_WANT(!cli_has(a, "draws") || out->draws >= 2, "invariance: --draws must be at least 2, got %zu",
             out->draws);
done:
    return status;
}

static int check(const cli_arguments *a)
{
    asked     all = {0};
    const int status = read_options(a, &all);

    basin_free(all.factors);
    return status;
}

/* --------------------------------------------------------------------------------------------- running -- */

/* The same samples, another graph: that of the checkpoint with other statistics. */
static basin_status bind(void *payload, const basin_graph *graph, basin_objective **out)
{
    const cli_source *s = payload;
    basin_checkpoint  network = *s->ck;

    network.graph = (basin_graph *)graph;
    switch (cli_source_own(s, &network, out)) {
    case CLI_OK: return BASIN_OK;
    case CLI_INTERRUPTED: return BASIN_ERR_INTERRUPTED;
    default: return BASIN_ERR_NUMERIC;
    }
}

static int make_request(const cli_arguments *a, cli_source *s, const asked *all,
                        const basin_symmetries *symmetries, basin_invariance_request *out)
{
    int           status = CLI_OK;
    size_t        seed;
    const int64_t batch = s->ck->hyper.batch_size;

    CLI_TRY(cli_size(a, "seed", 0, &seed));
    *out = (basin_invariance_request){.objective = s->objectives[0],
                                      .ck = s->ck,
                                      .symmetries = symmetries,
                                      .record = &s->record,
                                      .bind = bind,
                                      .difference = basin_network_difference,
                                      .payload = s,
                                      .factors = all->factors,
                                      .factor_count = all->factor_count,
                                      .row = {.spectrum = {.both_ends = true, .seed = seed}, .seed = seed},
                                      .table = {.draws = all->draws, .seed = seed, .split = s->splits[0]},
                                      .seed = seed};
    out->table.recorded_batch = batch > 0 ? (size_t)batch : 0;
    memcpy(out->measures, all->measures, sizeof out->measures);
    memcpy(out->sharpness, all->sharpness, sizeof out->sharpness);
    memcpy(out->tried, all->symmetries, sizeof out->tried);
done:
    return status;
}

static int measure(const cli_arguments *a, cli_source *s, void **out)
{
    int                      status = CLI_OK;
    asked                    all = {0};
    basin_symmetries        *symmetries = NULL;
    basin_invariances       *found = NULL;
    basin_invariance_request request;

    CLI_TRY(read_options(a, &all));
    CLI_LIBRARY(basin_network_symmetries(s->ck->graph, &symmetries));
    CLI_TRY(make_request(a, s, &all, symmetries, &request));
    CLI_LIBRARY(basin_invariances_compute(&request, &found));
    *out = found;
done:
    basin_symmetries_destroy(&symmetries);
    basin_free(all.factors);
    return status;
}

/* Of one point: the spectrum of a row, and the measures of sharpness at one radius each. */
static int forecast_point(cli_source *s, const basin_invariance_request *request, basin_forecast **out)
{
    int                           status = CLI_OK;
    basin_point                  *point;
    basin_forecast               *sum = NULL, *more = NULL;
    basin_sharpness_measure       measures[BASIN_SHARPNESS_MEASURES];
    const double                  rho = 0.05;
    basin_sharpness_table_options table = request->table;
    bool                          rows = false;

    for (size_t i = 0; i < BASIN_MEASURES; i++) rows = rows || request->measures[i];
    for (size_t m = 0; m < BASIN_SHARPNESS_MEASURES; m++)
        if (request->sharpness[m]) measures[table.measure_count++] = (basin_sharpness_measure)m;
    table.measures = measures, table.rho = &rho, table.rho_count = 1;
    CLI_TRY(cli_source_point(s, &point));
    if (rows) CLI_LIBRARY(basin_spectrum_forecast(point, &request->row.spectrum, &sum));
    if (table.measure_count > 0) CLI_LIBRARY(basin_sharpness_table_forecast(point, &table, &more));
    if (sum == NULL)
        sum = more, more = NULL;
    else if (more != NULL)
        CLI_TRY(cli_forecast_add(sum, more));
    *out = sum, sum = NULL;
done:
    basin_forecast_destroy(&sum);
    basin_forecast_destroy(&more);
    return status;
}

static int forecast(const cli_arguments *a, cli_source *s, basin_forecast **out)
{
    int                      status = CLI_OK;
    asked                    all = {0};
    basin_symmetries        *symmetries = NULL;
    basin_forecast          *found = NULL;
    basin_invariance_request request;

    CLI_TRY(read_options(a, &all));
    CLI_LIBRARY(basin_network_symmetries(s->ck->graph, &symmetries));
    CLI_TRY(make_request(a, s, &all, symmetries, &request));
    const size_t points = basin_invariances_points(&request);
    CLI_CHECK(points > 0, "%s", basin_error_message());
    CLI_TRY(forecast_point(s, &request, &found));
    cli_forecast_repeat(found, points);
    basin_free(found->analysis);
    CLI_CHECK((found->analysis = basin_strdup("invariance")) != NULL, "out of memory for a name");
    *out = found, found = NULL;
done:
    basin_symmetries_destroy(&symmetries);
    basin_forecast_destroy(&found);
    basin_free(all.factors);
    return status;
}

/* -------------------------------------------------------------------------------------------- printing -- */

static bool tried(const basin_invariances *v, int symmetry)
{
    for (size_t i = 0; i < v->change_count; i++)
        if (v->changes[i].symmetry == symmetry) return true;
    return false;
}

/* «layer        rescaled layers: 4 changes, factors 0.04 to 25; outputs differ by at most 1.2e-15 of their
   size» */
static void print_changes(const basin_invariances *v, int symmetry, FILE *out)
{
    double least = INFINITY, most = 0.0, outputs = 0.0;
    size_t made = 0;

    for (size_t i = 0; i < v->change_count; i++) {
        const basin_change *c = &v->changes[i];
        if (c->symmetry != symmetry || c->missing != NULL || c->outputs > BASIN_SAME_OUTPUTS) continue;
        least = fmin(least, c->factor), most = fmax(most, c->factor), outputs = fmax(outputs, c->outputs);
        made++;
    }
    fprintf(out, "  %-14s  %s: ", basin_symmetry_name((basin_symmetry)symmetry),
            basin_symmetry_text((basin_symmetry)symmetry));
    if (made > 0 && symmetry != BASIN_SYMMETRY_PERMUTATION) fprintf(out, "factors %g to %g, ", least, most);
    fprintf(out, "%zu changes; outputs differ by at most %.2g of their size\n", made, outputs);
    for (size_t i = 0; i < v->change_count; i++)
        if (v->changes[i].symmetry != symmetry)
            continue;
        else if (v->changes[i].missing != NULL)
            fprintf(out, "                  not at %g: %s\n", v->changes[i].factor, v->changes[i].missing);
        else if (v->changes[i].outputs > BASIN_SAME_OUTPUTS)
            fprintf(out,
                    "                  not judged at %g: outputs differ by %.2g, the epsilon of a "
                    "normalisation\n",
                    v->changes[i].factor, v->changes[i].outputs);
}

/* «moves, x 0.0033 to 310»: of what it was. */
static void print_moves(cli_table *table, const basin_invariance_row *row)
{
    double least = 1.0, most = 1.0;

    for (size_t i = 0; i < row->count; i++) {
        const double ratio = row->values[i] / row->value;
        if (isfinite(ratio)) least = fmin(least, ratio), most = fmax(most, ratio);
    }
    cli_table_cell(table, "moves, x %s to %s", cli_number(least, 3), cli_number(most, 3));
}

static void print_verdict(cli_table *table, const basin_invariance_row *row)
{
    switch ((basin_invariance_verdict)row->verdict) {
    case BASIN_STAYS: cli_table_cell(table, "invariant"); break;
    case BASIN_NOT_JUDGED: cli_table_cell(table, "-"); break;
    case BASIN_MOVES: print_moves(table, row); break;
    case BASIN_STAYS_OR_MOVES:
        cli_table_cell(table, "undecided, %s %%", cli_number(100.0 * row->change, 2));
        break;
    }
}

static bool same_measure(const basin_invariance_row *a, const basin_invariance_row *b)
{
    return strcmp(a->measure, b->measure) == 0 && (a->part == NULL) == (b->part == NULL) &&
           (a->part == NULL || strcmp(a->part, b->part) == 0);
}

static void print_table(const basin_invariances *v, FILE *out)
{
    cli_table *table = cli_table_create("lrrlllll");

    cli_table_titles(table, "measure|rho|value");
    for (int s = 0; s < BASIN_SYMMETRIES; s++)
        if (tried(v, s)) cli_table_cell(table, "%s", basin_symmetry_name((basin_symmetry)s));
    for (int s = 0; s < BASIN_SYMMETRIES; s++)
        if (!tried(v, s)) cli_table_cell(table, "%s", "");
    for (size_t i = 0, n; i < v->row_count; i += n) {
        const basin_invariance_row *row = &v->rows[i];
        for (n = 1; i + n < v->row_count && same_measure(row, row + n);) n++;
        cli_table_cell(table, "%s%s%s", row->measure, row->part != NULL ? " " : "",
                       row->part != NULL ? row->part : "");
        cli_table_number(table, row->rho, 4);
        cli_table_number(table, row->value, 5);
        for (size_t k = 0; k < n; k++) print_verdict(table, row + k);
        for (size_t k = n; k < BASIN_SYMMETRIES; k++) cli_table_cell(table, "%s", "");
    }
    cli_table_print(table, 2, out);
}

/* What the list of measures says otherwise. */
static void print_contradictions(const basin_invariances *v, FILE *out)
{
    for (size_t i = 0; i < v->row_count; i++) {
        const basin_invariance_row *row = &v->rows[i];
        if (row->known == BASIN_SYMMETRIC_YES && row->verdict == BASIN_MOVES)
            fprintf(out, "  %s is known to be left alone by %s, and moved at %g: see docs/measures.md\n",
                    row->measure, basin_symmetry_text((basin_symmetry)row->symmetry), row->at);
    }
}

static void print_reasons(const basin_invariances *v, FILE *out)
{
    for (size_t i = 0; i < v->row_count; i++) {
        const basin_invariance_row *row = &v->rows[i];
        if (row->missing != NULL && (i == 0 || !same_measure(row, row - 1)))
            fprintf(out, "  %s: %s\n", row->measure, row->missing);
    }
}

static void print(const basin_result *result, FILE *out)
{
    const basin_invariances *v = result->value;

    cli_report_source(result, v->samples, v->parameters, out);
    fprintf(out, "  loss            %.8g\n", v->loss);
    for (int s = 0; s < BASIN_SYMMETRIES; s++)
        if (tried(v, s)) print_changes(v, s, out);
    if (v->held > 0)
        fprintf(out,
                "                  %zu hidden units had to stay: an op does more with them than is known\n",
                v->held);
    fputc('\n', out);
    print_table(v, out);
    print_reasons(v, out);
    print_contradictions(v, out);
    fputs("  moves: by more than its error, over the changes to so many times what it was; invariant: by no "
          "more "
          "than rounding, with\n"
          "  the same seed; undecided: in between, by its largest relative change (docs/measures.md, "
          "«Invariance»)\n",
          out);
}

const cli_command cli_command_invariance = {
    .name = "invariance",
    .usage = "invariance CKPT… [--measures core|all|NAME,…] [--symmetry NAME,…] [--factors F,F,…]",
    .about =
        "Changes the weights in ways that leave the network's function alone (rescaled neurons and layers, "
        "arXiv:1703.04933;\n"
        "scales before a normalisation; changes of basis within attention; permutations as a control), "
        "compares "
        "the outputs, and\n"
        "measures again: each measure is invariant, moves, or is undecided within its error.",
    .examples =
        "  basin invariance runs/gd_0/step_000400.h5 --plot invariance.svg\n"
        "  basin invariance runs/sam_0/step_000400.h5 --measures lambda_max,sane,asam_all --symmetry layer\n",
    .options = options,
    .common = CLI_COMMON_RESULT | CLI_COMMON_DATA | CLI_COMMON_WORK | CLI_COMMON_POINT | CLI_COMMON_STATE |
              CLI_COMMON_TIME,
    .least = 1,
    .most = SIZE_MAX,
    .kind = BASIN_RESULT_INVARIANCES,
    .check = check,
    .measure = measure,
    .forecast = forecast,
    .print = print,
};

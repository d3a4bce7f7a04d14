#include "cli/comparison.h"

#include <math.h>
#include <string.h>

#include "cli/comparison_beside.h"
#include "cli/report.h"
#include "cli/rows.h"

enum { GROUPS = 60 }; /* columns of the table of estimates */

/* ---------------------------------------------------------------------------------------------- header -- */

/* «250», «250 of 1,500», or the range where runs differ: of the rows that the groups hold. */
static void print_samples(const basin_comparison *c, FILE *out)
{
    size_t least = SIZE_MAX, most = 0, there = 0, test_least = SIZE_MAX, test_most = 0;

    for (size_t g = 0; g < c->group_count; g++)
        for (size_t i = 0; i < c->groups[g].run_count; i++) {
            const basin_row *row = &c->rows[c->groups[g].rows[i]];
            if (row->samples < least) least = row->samples;
            if (row->samples > most) most = row->samples;
            if (row->split_samples > there) there = row->split_samples;
            if (row->test_samples < test_least) test_least = row->test_samples;
            if (row->test_samples > test_most) test_most = row->test_samples;
        }
    if (most == 0) return;
    fprintf(out, "N = %s%s%s training samples", least < most ? cli_thousands(least) : "",
            least < most ? " to " : "", cli_samples(most, there));
    if (test_most == 0)
        fputs(", no test split\n", out);
    else
        fprintf(out, ", %s%s%s test samples\n", test_least < test_most ? cli_thousands(test_least) : "",
                test_least < test_most ? " to " : "", cli_thousands(test_most));
}

/* How far polishing moved the rows: the most of each. */
static void print_polish(const basin_comparison *c, FILE *out)
{
    const basin_row *first = NULL;
    double           moved = 0, fall = 0, least = INFINITY, most = 0;
    size_t           count = 0, steps = 0;

    for (size_t i = 0; i < c->row_count; i++) {
        const basin_row *row = &c->rows[i];
        if (row->point != BASIN_POINT_POLISHED || row->part != 0 || row->missing != NULL ||
            isnan(row->at_loss) != isnan(c->at_loss))
            continue;
        if (first == NULL) first = row;
        moved = fmax(moved, row->polish.moved);
        fall = fmax(fall, fabs(row->polish.loss_after / row->polish.loss_before - 1));
        least = fmin(least, row->polish.step), most = fmax(most, row->polish.step);
        steps = row->polish.steps > steps ? row->polish.steps : steps;
        count++;
    }
    if (first == NULL) return;
    fprintf(out, "polished: %zu points by up to %zu plain gradient steps of ", count, steps);
    if (least < most) fprintf(out, "%.3g to ", least);
    fprintf(out, "%.3g; theta moved by at most %.3g, the training loss by at most %.2g %%\n", most, moved,
            100 * fall);
}

static void print_groups(const basin_comparison *c, FILE *out)
{
    cli_table *table = cli_table_create("lrrr");

    cli_table_titles(table, "method|runs|gradient evaluations|seconds");
    for (size_t g = 0; g < c->group_count; g++) {
        cli_table_cell(table, "%s%s", c->groups[g].name,
                       strcmp(c->groups[g].name, c->base) == 0 ? " (base)" : "");
        cli_table_cell(table, "%zu", c->groups[g].run_count);
        cli_table_number(table, c->groups[g].gradient_evaluations, 6);
        cli_table_number(table, c->groups[g].seconds, 3);
    }
    cli_table_print(table, 2, out);
}

/* ------------------------------------------------------------------------------------------- estimates -- */

/* « ± 0.03», or the interval itself where it is cut to what the measure can be. */
static int put_interval(char *text, size_t size, const basin_estimate *e)
{
    double above = e->upper - e->mean, below = e->mean - e->lower;

    if (fabs(above - below) <= 1e-9 * fmax(above, below)) return snprintf(text, size, " ± %.2g", above);
    return snprintf(text, size, " [%.3g, %.3g]", e->lower, e->upper);
}

static void estimate_cell(cli_table *table, const basin_estimate *e, size_t runs)
{
    char text[96];
    int  used;

    if (e == NULL || e->n == 0) {
        cli_table_cell(table, "undefined"); /* a note says why */
        return;
    }
    used = snprintf(text, sizeof text, "%.4g", e->mean);
    if (!isnan(e->upper)) used += put_interval(text + used, sizeof text - (size_t)used, e);
    if (!isnan(e->sampling_error))
        used += snprintf(text + used, sizeof text - (size_t)used, " (± %.2g)", e->sampling_error);
    if (e->n < runs) snprintf(text + used, sizeof text - (size_t)used, " of %zu", e->n);
    cli_table_cell(table, "%s", text);
}

/* In any group; what is measured in none is left out. */
static bool is_estimated(const basin_comparison *c, const basin_estimate *like)
{
    for (size_t g = 0; g < c->group_count; g++) {
        const basin_estimate *e =
            basin_comparison_estimate(c, like->measure, c->groups[g].name, (basin_point_kind)like->point);
        if (e != NULL && e->n > 0) return true;
    }
    return false;
}

/* One row a measure, one column a group. */
static void print_estimates(const basin_comparison *c, basin_point_kind point, FILE *out)
{
    char       alignment[GROUPS + 2] = "l";
    size_t     groups = c->group_count < GROUPS ? c->group_count : GROUPS;
    bool       any = false;
    cli_table *table;

    memset(alignment + 1, 'r', groups);
    table = cli_table_create(alignment);
    cli_table_cell(table, "%s",
                   point == BASIN_POINT_RAW ? "at the checkpoint"
                                            : basin_point_text((basin_point_kind)point));
    for (size_t g = 0; g < groups; g++) cli_table_cell(table, "%s", c->groups[g].name);
    for (size_t i = 0; i < c->estimate_count; i++) {
        const basin_estimate *first = &c->estimates[i];
        if (first->point != (int)point || strcmp(first->group, c->groups[0].name) != 0 ||
            !is_estimated(c, first))
            continue;
        any = true;
        cli_table_cell(table, "%s", first->measure);
        for (size_t g = 0; g < groups; g++)
            estimate_cell(table, basin_comparison_estimate(c, first->measure, c->groups[g].name, point),
                          c->groups[g].run_count);
    }
    if (any)
        cli_table_print(table, 2, out);
    else
        cli_table_destroy(&table);
}

static void print_all_estimates(const basin_comparison *c, FILE *out)
{
    bool   sampled = false;
    size_t least = SIZE_MAX, most = 0;

    for (size_t i = 0; i < c->estimate_count; i++)
        sampled = sampled || !isnan(c->estimates[i].sampling_error);
    for (size_t g = 0; g < c->group_count; g++) {
        if (c->groups[g].run_count < least) least = c->groups[g].run_count;
        if (c->groups[g].run_count > most) most = c->groups[g].run_count;
    }
    fprintf(out, "\nmean ± half the 95 %% t-interval over the runs of each, n = %s%s%zu%s\n",
            least < most ? cli_thousands(least) : "", least < most ? " to " : "", most,
            sampled ? " (± error of the choice of training samples, from halves of them)" : "");
    for (basin_point_kind point = 0; point < BASIN_POINTS; point++) print_estimates(c, point, out);
}

/* ----------------------------------------------------------------------------------------- differences -- */

static void effect_cell(cli_table *table, const basin_difference *d, size_t pairs)
{
    char text[160];
    int  used = snprintf(text, sizeof text, "%s%.3g", d->ratio ? "ratio " : "", d->mean);

    if (!isnan(d->lower))
        used += snprintf(text + used, sizeof text - (size_t)used, " [%.3g, %.3g]", d->lower, d->upper);
    if (!isnan(d->rows_error))
        used += snprintf(text + used, sizeof text - (size_t)used, " (± %.2g)", d->rows_error);
    if (d->pairs < pairs) snprintf(text + used, sizeof text - (size_t)used, ", %zu pairs", d->pairs);
    cli_table_cell(table, "%s", text);
}

static const char *verdict_text(int verdict)
{
    return verdict == BASIN_VERDICT_TOO_FEW_SEEDS ? "too few seeds"
           : verdict == BASIN_VERDICT_NOT_PAIRED  ? "not paired"
                                                  : basin_verdict_text((basin_verdict)verdict);
}

/* What the report says; of its family alone where that is something else. */
static void verdict_cell(cli_table *table, const basin_difference *d)
{
    char text[120] = "";
    int  used;

    if (d->family == BASIN_FAMILY_CONDITION) { /* no part of the report */
        snprintf(text, sizeof text, "(%s)", verdict_text(d->verdict));
    } else {
        used = snprintf(text, sizeof text, "%s", verdict_text(d->report));
        if (d->seeds_needed > 0)
            used += snprintf(text + used, sizeof text - (size_t)used, ", %zu could", d->seeds_needed);
        if (d->report != d->verdict)
            snprintf(text + used, sizeof text - (size_t)used, " (family: %s)", verdict_text(d->verdict));
    }
    cli_table_cell(table, "%s", d->verdict == BASIN_VERDICT_CONTINUATION ? "" : text);
}

static void difference_row(cli_table *table, const basin_difference *d, size_t pairs, bool opens_family)
{
    cli_table_cell(table, "%s", opens_family ? basin_family_text((basin_family)d->family) : "");
    cli_table_cell(table, "%s", d->measure);
    cli_table_cell(table, "%s", basin_point_text((basin_point_kind)d->point));
    effect_cell(table, d, pairs);
    cli_table_number(table, d->p, 2);
    cli_table_number(table, d->p_family, 2);
    cli_table_number(table, d->p_report, 2);
    verdict_cell(table, d);
}

static bool same_pair(const basin_difference *a, const basin_difference *b)
{
    return strcmp(a->group, b->group) == 0 && strcmp(a->base, b->base) == 0;
}

static bool is_measured(const basin_difference *d)
{
    return d->verdict != BASIN_VERDICT_NOT_MEASURED && !isnan(d->mean);
}

static size_t most_pairs(const basin_difference *d, size_t count)
{
    size_t most = 0;

    for (size_t i = 0; i < count; i++) most = d[i].pairs > most ? d[i].pairs : most;
    return most;
}

/* Conditions at the checkpoint stand in the table of confounders, where their pair has one. */
static bool is_in_the_other_table(const basin_difference *d)
{
    return d->family == BASIN_FAMILY_CONDITION && d->point == BASIN_POINT_RAW && d->paired &&
           d->verdict != BASIN_VERDICT_CONTINUATION;
}

/* The differences [count] of one pair of groups, by family. */
static void print_pair(const basin_difference *d, size_t count, FILE *out)
{
    cli_table *table = cli_table_create("lllrrrrl");
    size_t     pairs = most_pairs(d, count);

    fprintf(out, "\n%s against %s", d->group, d->base);
    if (d->paired)
        fprintf(out, ", %zu pair%s", pairs, pairs == 1 ? "" : "s");
    else
        fputs(": no runs of equal seed and start, so differences of means without a test", out);
    if (d->verdict == BASIN_VERDICT_CONTINUATION)
        fputs(": the same runs, later; no comparison of methods", out);
    else if (d->losses_unequal)
        fputs(": their training losses are unequal", out);
    fputc('\n', out);
    cli_table_titles(table,
                     "family|measure|point|difference, 95 % t-interval|p|p (family)|p (report)|verdict");
    for (int family = 0; family < BASIN_FAMILIES; family++) {
        bool opens = true;
        for (size_t i = 0; i < count; i++) {
            if (d[i].family != family || !is_measured(&d[i]) || is_in_the_other_table(&d[i])) continue;
            difference_row(table, &d[i], pairs, opens);
            opens = false;
        }
    }
    cli_table_print(table, 2, out);
}

static void print_differences(const basin_comparison *c, FILE *out)
{
    double smallest = NAN;
    bool   rows = false;

    for (size_t i = 0; i < c->difference_count; i++) {
        smallest = fmin(smallest, c->differences[i].p_smallest);
        rows = rows || !isnan(c->differences[i].rows_error);
    }
    if (c->difference_count == 0) return;
    fprintf(out,
            "\npaired by seed; ratios group / base, else differences group - base%s\np: exact sign-flip "
            "test, smallest attainable %s\n",
            rows ? " (± standard error over the rows of the test set)" : "", cli_number(smallest, 3));
    for (size_t i = 0, n; i < c->difference_count; i += n) {
        for (n = 1; i + n < c->difference_count && same_pair(&c->differences[i], &c->differences[i + n]); n++)
            continue;
        print_pair(&c->differences[i], n, out);
    }
}

/* ------------------------------------------------------------------------------ rank correlations -- */

static const basin_correlation *correlation(const basin_comparison *c, const char *measure,
                                            const char *against, const char *over)
{
    for (size_t i = 0; i < c->correlation_count; i++) {
        const basin_correlation *k = &c->correlations[i];
        if (strcmp(k->measure, measure) == 0 && strcmp(k->against, against) == 0 &&
            strcmp(k->over, over) == 0)
            return k;
    }
    return NULL;
}

static void tau_cell(cli_table *table, const basin_correlation *k)
{
    if (k == NULL || isnan(k->tau))
        cli_table_cell(table, "-");
    else if (isnan(k->lower))
        cli_table_cell(table, "%.2f", k->tau);
    else
        cli_table_cell(table, "%.2f [%.2f, %.2f]", k->tau, k->lower, k->upper);
}

/* Over settings; NAN without any. */
static double largest_sign_error(const basin_comparison *c, const basin_correlation *all)
{
    double most = NAN;

    for (size_t i = 0; i < c->correlation_count; i++) {
        const basin_correlation *k = &c->correlations[i];
        if (strcmp(k->measure, all->measure) == 0 && strcmp(k->against, all->against) == 0 &&
            strcmp(k->over, "all") != 0)
            most = fmax(most, k->sign_error);
    }
    return most;
}

static void print_correlations_with(const basin_comparison *c, const char *against, FILE *out)
{
    static const char *const settings[] = {"method", "seed",         "learning_rate", "momentum",
                                           "rho",    "weight_decay", "batch_size"};
    enum { COUNT = sizeof settings / sizeof *settings };
    bool   shown[COUNT] = {false};
    char   alignment[COUNT + 4] = "lr", titles[160] = "measure|over all";
    size_t runs = 0, units = 0;
    bool   by_seed = false;

    for (size_t i = 0; i < c->correlation_count; i++) {
        const basin_correlation *k = &c->correlations[i];
        if (strcmp(k->against, against) != 0) continue;
        if (strcmp(k->over, "all") == 0)
            runs = k->runs > runs ? k->runs : runs, units = k->units, by_seed = k->by_seed;
        for (size_t s = 0; s < COUNT; s++)
            shown[s] = shown[s] || strcmp(c->correlations[i].over, settings[s]) == 0;
    }
    if (runs == 0) return;
    for (size_t s = 0; s < COUNT; s++) {
        if (!shown[s]) continue;
        strcat(alignment, "r");
        snprintf(titles + strlen(titles), sizeof titles - strlen(titles), "|by %s", settings[s]);
    }
    strcat(alignment, "r");
    snprintf(titles + strlen(titles), sizeof titles - strlen(titles), "|wrong sign");
    cli_table *table = cli_table_create(alignment);
    cli_table_titles(table, titles);
    for (size_t i = 0; i < c->correlation_count; i++) {
        const basin_correlation *k = &c->correlations[i];
        if (strcmp(k->against, against) != 0 || strcmp(k->over, "all") != 0) continue;
        cli_table_cell(table, "%s", k->measure);
        tau_cell(table, k);
        for (size_t s = 0; s < COUNT; s++)
            if (shown[s]) tau_cell(table, correlation(c, k->measure, against, settings[s]));
        const double most = largest_sign_error(c, k);
        isnan(most) ? cli_table_cell(table, "-") : cli_table_cell(table, "%.0f %%", 100.0 * most);
    }
    fprintf(
        out,
        "\nKendall's tau with %s over %zu runs, 95 %% by the bootstrap over %zu %s; by a setting: mean over "
        "runs that differ in it alone,\nand the largest share of pairs ordered the other way\n",
        against, runs, units, by_seed ? "seeds" : "runs");
    cli_table_print(table, 2, out);
}

/* The gap, or the test loss where that is all there is. Both are in the result. */
static void print_correlations(const basin_comparison *c, FILE *out)
{
    bool gap = false;

    for (size_t i = 0; i < c->correlation_count; i++)
        gap = gap || strcmp(c->correlations[i].against, "gap") == 0;
    print_correlations_with(c, gap ? "gap" : "test_loss", out);
}

/* Over the invariant measures alone, where they were measured or the verdict is another. */
static void print_restated(const basin_comparison *c, const basin_conclusion *k, FILE *out)
{
    const bool same = k->invariant_kind == k->kind;

    if (c->invariant_count == 0 && same) return;
    fprintf(out, "  over the measures alone that %s: ",
            c->invariant_count > 0 ? "were measured to be invariant" : "rescaling leaves alone");
    if (same && strcmp(k->invariant_reason, k->reason) == 0)
        fputs("the same\n", out);
    else
        fprintf(out, "%s: %s\n", basin_conclusion_words((basin_conclusion_kind)k->invariant_kind),
                k->invariant_reason);
}

static void print_conclusions(const basin_comparison *c, FILE *out)
{
    for (size_t i = 0; i < c->conclusion_count; i++) {
        const basin_conclusion *k = &c->conclusions[i];
        fprintf(out, "%sverdict on «%s is flatter than %s»: %s\n  %s\n", i == 0 ? "\n" : "", k->group,
                k->base, basin_conclusion_words((basin_conclusion_kind)k->kind), k->reason);
        print_restated(c, k, out);
        fprintf(out, "  what would change it: %s\n", k->change);
    }
}

void cli_comparison_print(const basin_comparison *c, const basin_provenance *p, FILE *out)
{
    if (!isnan(c->at_loss))
        fprintf(out, "compared at training loss %g, ", c->at_loss);
    else if (c->step >= 0)
        fprintf(out, "compared at step %lld, ", (long long)c->step);
    print_samples(c, out);
    cli_report_statistics(p, false, out); /* the ceilings have a note of their own */
    print_polish(c, out);
    print_groups(c, out);
    print_all_estimates(c, out);
    print_differences(c, out);
    cli_confounders_print(c, out);
    print_correlations(c, out);
    cli_benefits_print(c, out);
    print_conclusions(c, out);
    for (size_t i = 0; i < c->note_count; i++) fprintf(out, "%s- %s\n", i == 0 ? "\n" : "", c->notes[i]);
}

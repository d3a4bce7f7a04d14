/* What `compare` prints beside measures of flatness: what else differs, what it cost and what it gained. */
#include "cli/comparison_beside.h"

#include <math.h>
#include <string.h>

#include "cli/table.h"

/* ----------------------------------------------------------------------------------------- confounders -- */

static void confounder_row(cli_table *table, const basin_confounder *k, bool opens)
{
    static const char *const words[BASIN_CONFOUNDINGS] = {"equal",     "lower",         "higher",   "mixed",
                                                          "undecided", "too few seeds", "not known"};

    cli_table_cell(table, "%s%s%s", opens ? k->group : "", opens ? " against " : "", opens ? k->base : "");
    cli_table_cell(table, "%s", k->name);
    cli_table_number(table, k->value, 4);
    cli_table_number(table, k->base_value, 4);
    if (k->setting)
        cli_table_cell(table, "as recorded");
    else if (isnan(k->lower))
        cli_table_cell(table, "%s%.3g", k->ratio ? "ratio " : "", k->mean);
    else
        cli_table_cell(table, "%s%.3g [%.3g, %.3g]", k->ratio ? "ratio " : "", k->mean, k->lower, k->upper);
    cli_table_number(table, k->p, 2);
    cli_table_cell(table, "%s%s", words[k->kind], k->same_way ? ", acts the same way" : "");
}

void cli_confounders_print(const basin_comparison *c, FILE *out)
{
    const char *group = "", *base = "";
    cli_table  *table;

    if (c->confounder_count == 0) return;
    table = cli_table_create("llrrrrl");
    cli_table_titles(table, "|beside flatness|group|base|difference, 95 % t-interval|p|differs");
    for (size_t i = 0; i < c->confounder_count; i++) {
        const basin_confounder *k = &c->confounders[i];
        if (k->kind == BASIN_CONFOUNDING_NOT_KNOWN) continue;
        confounder_row(table, k, strcmp(k->group, group) != 0 || strcmp(k->base, base) != 0);
        group = k->group, base = k->base;
    }
    fputs(
        "\nwhat else differs, paired by seed; p: sign-flip test, step-down over this table for each pair of "
        "groups\n",
        out);
    cli_table_print(table, 2, out);
}

/* ---------------------------------------------------------------------------------- costs and benefits -- */

static void with_interval(cli_table *table, double factor, double value, double lower, double upper)
{
    if (isnan(value))
        cli_table_cell(table, "-");
    else if (isnan(lower))
        cli_table_cell(table, "%.3g", factor * value);
    else if (lower == upper)
        cli_table_cell(table, "%.6g", factor * value);
    else
        cli_table_cell(table, "%.3g [%.3g, %.3g]", factor * value, factor * lower, factor * upper);
}

static const char *payment_words(basin_payment payment)
{
    static const char *const words[BASIN_PAYMENTS] = {"",          "pays",          "does not pay",
                                                      "undecided", "too few seeds", "not recorded"};

    return words[payment];
}

static void benefit_row(cli_table *table, const basin_benefit *b, bool asked)
{
    cli_table_cell(table, "%s against %s", b->group, b->base);
    cli_table_cell(table, "%s", b->measure);
    with_interval(table, 1.0, b->gain, b->gain_lower, b->gain_upper);
    with_interval(table, 1.0, b->evaluations, b->evaluations_lower, b->evaluations_upper);
    with_interval(table, 1.0, b->seconds, b->seconds_lower, b->seconds_upper);
    with_interval(table, 1000.0, b->rate, b->rate_lower, b->rate_upper);
    if (!asked) return;
    with_interval(table, 1.0, b->net, b->net_lower, b->net_upper);
    cli_table_cell(table, "%s", payment_words((basin_payment)b->answer));
}

/* «a gain of 0.1 % of test accuracy may cost 30 s; net: what it is of worth less what it cost, …» */
static void print_worth(const basin_comparison *c, FILE *out)
{
    const basin_worth *w = &c->worth;

    fprintf(
        out,
        "a gain of %.4g%s may cost %.6g %s; net value: its worth less the extra cost, at level %g over %zu "
        "pair%s of groups\n",
        w->accuracy ? 100.0 * w->gain : w->gain, w->accuracy ? " % of test accuracy" : " of test loss",
        w->cost, w->unit == BASIN_WORTH_SECONDS ? "s" : "gradient evaluations", c->level, c->report_pairs,
        c->report_pairs == 1 ? "" : "s");
}

void cli_benefits_print(const basin_comparison *c, FILE *out)
{
    const bool asked = c->worth.unit != BASIN_WORTH_NONE;
    cli_table *table;

    if (c->benefit_count == 0) return;
    table = cli_table_create(asked ? "llrrrrrl" : "llrrrr");
    cli_table_titles(table,
                     "|of|gain|extra gradient evaluations|extra seconds|gain per 1,000 extra evaluations");
    if (asked)
        cli_table_cell(table, "net value%s", c->worth.unit == BASIN_WORTH_SECONDS ? ", s" : ", evaluations"),
            cli_table_cell(table, "does it pay?");
    for (size_t i = 0; i < c->benefit_count; i++) benefit_row(table, &c->benefits[i], asked);
    fprintf(out,
            "\ncost and benefit, paired by seed: gain over the base (accuracy more, loss less), 95 %% over "
            "seeds%s\n",
            c->benefits[0].rows_known ? " and rows of the test set" : "");
    if (asked) print_worth(c, out);
    cli_table_print(table, 2, out);
}

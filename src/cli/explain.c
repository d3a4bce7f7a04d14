/* A verdict in plain words: the answer, the numbers that matter most, the price, and what would change the
 * answer. The rules are the comparison's (docs/verdict.md); nothing is judged here.
 */
#include "cli/explain.h"

#include <math.h>
#include <string.h>

typedef struct told { /* one verdict */
    const basin_comparison *c;
    const basin_conclusion *k;
    const basin_group      *group, *base;
} told;

static const basin_group *group_named(const basin_comparison *c, const char *name)
{
    for (size_t g = 0; g < c->group_count; g++)
        if (strcmp(c->groups[g].name, name) == 0) return &c->groups[g];
    return NULL;
}

/* %1$s the group, %2$s its base. */
static void print_answer(const told *t, FILE *out)
{
    static const char *const sentences[BASIN_CONCLUSIONS] = {
        [BASIN_CONCLUSION_SUPPORTED] = "Yes: the loss around the weights that %1$s finds is flatter than "
                                       "around those of %2$s, also by measures that "
                                       "do not change with the scale of the weights, and %1$s does better on "
                                       "test data; that the two go together does not say "
                                       "that one is the cause.",
        [BASIN_CONCLUSION_NOT_TIED] = "Flatter, yes, better, no: the loss around the weights that %1$s finds "
                                      "is flatter than around those of "
                                      "%2$s, also by measures that do not change with the scale of the "
                                      "weights, but that does not go with "
                                      "better results on test data here.",
        [BASIN_CONCLUSION_NOT_INVARIANT] =
            "Not shown: %1$s looks flatter than %2$s only by measures that also change when the same network "
            "is "
            "written with other weights, so the difference may be one of scale.",
        [BASIN_CONCLUSION_DISAGREE] =
            "It depends on the measure: %1$s is flatter than %2$s by some and sharper by others.",
        [BASIN_CONCLUSION_NOT_SUPPORTED] = "No: %1$s is not flatter than %2$s.",
        [BASIN_CONCLUSION_INCONCLUSIVE] =
            "These runs do not tell whether %1$s finds flatter weights than %2$s: %3$s.",
    };
    char text[1200];

    snprintf(text, sizeof text, sentences[t->k->kind], t->k->group, t->k->base, t->k->reason);
    fprintf(out, "  %s\n", text);
}

static const basin_difference *difference(const told *t, const char *measure)
{
    return basin_comparison_difference(t->c, measure, t->k->group, t->k->base, BASIN_POINT_RAW);
}

static bool is_told(const basin_difference *d)
{
    return d != NULL && d->pairs > 1 && isfinite(d->lower) && isfinite(d->upper);
}

/* What a measure is, in words: its definition, or its name where that is a formula. */
static const char *words_of(const char *measure)
{
    const basin_column *column = basin_column_find(measure);

    return strpbrk(column->definition, "=<>^|") == NULL ? column->definition : column->label;
}

static void print_difference(const basin_difference *d, FILE *out)
{
    fprintf(out,
            d->ratio ? "%s is %.3g times that of %s (95 %%: %.3g to %.3g)"
                     : "%s lies %.3g beside that of %s (95 %%: %.3g to %.3g)",
            words_of(d->measure), d->mean, d->base, d->lower, d->upper);
}

/* One invariant measure, or else the trace; and the share of wrong predictions, or the test loss. */
static void print_numbers(const told *t, FILE *out)
{
    static const char *const flatness[] = {"adaptive_average", "adaptive_worst_l2", "trace", "lambda_max"};
    const basin_difference  *d = NULL, *test = difference(t, "test_loss");
    const basin_estimate    *own =
        basin_comparison_estimate(t->c, "test_accuracy", t->k->group, BASIN_POINT_RAW);
    const basin_estimate *others =
        basin_comparison_estimate(t->c, "test_accuracy", t->k->base, BASIN_POINT_RAW);

    for (size_t i = 0; i < sizeof flatness / sizeof *flatness && !is_told(d); i++)
        d = difference(t, flatness[i]);
    if (!is_told(d)) return;
    fprintf(out, "  Over %zu seeds the ", d->pairs);
    print_difference(d, out);
    if (own != NULL && others != NULL && isfinite(own->mean) && isfinite(others->mean))
        fprintf(out, "; of the test samples %s gets %.3g %% wrong, %s %.3g %%", t->k->group,
                100.0 * (1.0 - own->mean), t->k->base, 100.0 * (1.0 - others->mean));
    else if (is_told(test))
        fputs("; the ", out), print_difference(test, out);
    fputs(".\n", out);
}

static void print_price(const told *t, FILE *out)
{
    const double own = t->group->gradient_evaluations, others = t->base->gradient_evaluations;
    const double seconds = t->group->seconds / t->base->seconds;

    if (!(own > 0.0) || !(others > 0.0)) return;
    if (own == others)
        fprintf(out, "  Both spent as many gradient evaluations, %.6g", own);
    else
        fprintf(out, "  %s spent %.3g times the gradient evaluations of %s, %.6g against %.6g", t->k->group,
                own / others, t->k->base, own, others);
    if (fabs(seconds - 1.0) < 0.05)
        fprintf(out, "; %s took as long as %s, to 5 %% of the recorded seconds", t->k->group, t->k->base);
    else if (isfinite(seconds) && seconds > 0.0)
        fprintf(out, "; %s took %.2g times the recorded seconds of %s", t->k->group, seconds, t->k->base);
    fputs(".\n", out);
}

/* What the measures alone say that rescaling leaves alone. */
static void print_invariant(const told *t, FILE *out)
{
    if (strcmp(t->k->invariant_reason, t->k->reason) != 0 &&
        (t->c->invariant_count > 0 || t->k->invariant_kind != t->k->kind))
        fprintf(out, "  By the measures alone that do not change with the scale of the weights: %s: %s.\n",
                basin_conclusion_words((basin_conclusion_kind)t->k->invariant_kind), t->k->invariant_reason);
}

static const basin_benefit *benefit_asked(const told *t)
{
    for (size_t i = 0; i < t->c->benefit_count; i++) {
        const basin_benefit *b = &t->c->benefits[i];
        if (b->answer != BASIN_PAYMENT_NOT_ASKED && strcmp(b->group, t->k->group) == 0 &&
            strcmp(b->base, t->k->base) == 0)
            return b;
    }
    return NULL;
}

/* Only where the reader said what a gain is of worth. */
static void print_payment(const told *t, FILE *out)
{
    static const char *const words[BASIN_PAYMENTS] = {
        [BASIN_PAYMENT_PAYS] = "it pays",
        [BASIN_PAYMENT_DOES_NOT_PAY] = "it does not pay",
        [BASIN_PAYMENT_UNDECIDED] = "whether it pays is not decided",
        [BASIN_PAYMENT_TOO_FEW_SEEDS] = "there are too few seeds to tell whether it pays",
        [BASIN_PAYMENT_NOT_RECORDED] = "whether it pays cannot be told, since the cost is not recorded"};
    const basin_benefit *b = benefit_asked(t);
    const basin_worth   *w = &t->c->worth;
    const char          *unit = w->unit == BASIN_WORTH_SECONDS ? "s" : "gradient evaluations";

    if (b == NULL) return;
    fprintf(out, "  If %.4g%s may cost %.6g %s, %s", w->accuracy ? 100.0 * w->gain : w->gain,
            w->accuracy ? " % of test accuracy" : " of test loss", w->cost, unit, words[b->answer]);
    if (!isnan(b->net))
        fprintf(out, ": what is left is %.3g %s (%.3g to %.3g)", b->net, unit, b->net_lower, b->net_upper);
    fputs(".\n", out);
}

void cli_explain_print(const basin_comparison *c, const basin_conclusion *k, FILE *out)
{
    const told t = {c, k, group_named(c, k->group), group_named(c, k->base)};

    fprintf(out, "%s against %s: %s\n", k->group, k->base,
            basin_conclusion_words((basin_conclusion_kind)k->kind));
    print_answer(&t, out);
    print_numbers(&t, out);
    print_invariant(&t, out);
    if (t.group != NULL && t.base != NULL) print_price(&t, out);
    print_payment(&t, out);
    fprintf(out, "  What would change this answer: %s.\n", k->change);
}

void cli_explain_invariance(const basin_comparison *c, FILE *out)
{
    const char *file = NULL;
    size_t      stay = 0;

    for (size_t i = 0; i < c->invariant_count; i++) {
        stay += c->invariants[i].verdict == BASIN_STAYS;
        if (file == NULL) file = c->invariants[i].file;
    }
    if (c->invariant_count == 0)
        fputs("Which measures do not change with the scale of the weights is taken from basin's list; "
              "basin invariance measures it.\n",
              out);
    else
        fprintf(out,
                "Which measures do not change with the scale of the weights was measured on this network "
                "(%s): %zu of %zu.\n",
                file != NULL ? file : "none of these", stay, c->invariant_count);
}

/* basin spectrum: eigenvalues of the Hessian or another operator, all of them or the extreme ones. */
#include <math.h>
#include <string.h>

#include "cli/monitor.h"
#include "cli/report.h"
#include "cli/source.h"
#include "cli/spectral.h"

static const cli_option options[] = {
    CLI_SPECTRAL_OPTIONS("0"),
    CLI_OPERATOR_OPTIONS,
    CLI_PART_OPTIONS,
    {"vectors", CLI_FLAG, NULL, "keep the eigenvectors of the top and bottom pairs in the result", false},
    {"accuracy", CLI_REAL, "T",
     "slq: probes and steps that guarantee the density to T times the range (Wasserstein)", false},
    {NULL, CLI_FLAG, NULL, NULL, false}};

static int read_options(const cli_arguments *a, basin_spectrum_options *out)
{
    int status = CLI_OK;

    CLI_TRY(cli_spectral_options(a, out));
    out->vectors = cli_has(a, "vectors");
    out->accuracy = cli_real(a, "accuracy", 0);
    CLI_CHECK(!cli_has(a, "accuracy") || (out->accuracy > 0 && out->accuracy < 1),
              "--accuracy must lie between 0 and 1, got %g", out->accuracy);
    CLI_CHECK(!cli_has(a, "accuracy") || out->method == BASIN_SPECTRUM_SLQ ||
                  out->method == BASIN_SPECTRUM_AUTO,
              "--accuracy is of the density: it goes with --method slq");
    if (out->accuracy > 0) out->method = BASIN_SPECTRUM_SLQ;
done:
    return status;
}

static int forecast(const cli_arguments *a, cli_source *s, basin_forecast **out)
{
    int                    status = CLI_OK;
    cli_part               part = {0};
    basin_spectrum_options o;

    CLI_TRY(read_options(a, &o));
    CLI_TRY(cli_operator_choose(a, s));
    CLI_TRY(cli_part_open(a, s, &part));
    CLI_TRY(cli_spectral_fits(&o, part.name, basin_point_size(part.point)));
    CLI_LIBRARY(basin_spectrum_forecast(part.point, &o, out));
done:
    cli_part_close(&part);
    return status;
}

static int measure(const cli_arguments *a, cli_source *s, void **out)
{
    int                    status = CLI_OK;
    cli_part               part = {0};
    basin_spectrum_options o;
    basin_spectrum        *spectrum = NULL;

    CLI_TRY(read_options(a, &o));
    CLI_TRY(cli_operator_choose(a, s));
    CLI_TRY(cli_part_open(a, s, &part));
    CLI_TRY(cli_spectral_fits(&o, part.name, basin_point_size(part.point)));
    CLI_TRY(cli_spectral_announce(part.point, &o));
    CLI_LIBRARY(basin_spectrum_compute(part.point, &o, &spectrum));
    CLI_TRY(cli_part_left_out(s, &part, spectrum->frobenius2, o.seed, &spectrum->left_out));
    if (spectrum->preconditioned && spectrum->operator_kind == BASIN_HESSIAN) spectrum->ceiling = s->ceiling;
    *out = spectrum, spectrum = NULL;
done:
    basin_spectrum_destroy(&spectrum);
    cli_part_close(&part);
    return status;
}

/* -------------------------------------------------------------------------------------------- printing -- */

/* Does the group from `first` on go on among the eigenvalues that are not held, as far as is known? */
static bool open_group(const basin_spectrum *s, size_t first)
{
    const size_t end = first + s->multiplicity[first];

    if (s->count == s->parameters) return false;
    return !s->verified || (s->top > 0 && first < s->top && end >= s->top) ||
           (s->bottom > 0 && first <= s->top && end > s->top);
}

/* «×3» or «×3 or more»; "" for an eigenvalue that is alone. */
static const char *equal_text(const basin_spectrum *s, size_t first)
{
    char *text = cli_turn();

    text[0] = '\0';
    if (s->multiplicity[first] > 1)
        snprintf(text, CLI_TURN, "×%s%s", cli_thousands(s->multiplicity[first]),
                 open_group(s, first) ? " or more" : "");
    return text;
}

static void print_pairs(const basin_spectrum *s, FILE *out)
{
    cli_table *table = cli_table_create("rrrrl");
    bool       equal = false, dense = s->method != BASIN_SPECTRUM_LANCZOS;
    size_t     top = dense ? (s->count < 10 ? s->count : 10) : s->top;
    size_t     bottom = dense ? (s->count - top < 5 ? s->count - top : 5) : s->bottom;

    cli_table_titles(table, "i|eigenvalue|error|gap|");
    for (size_t i = 0, first = 0; i < s->count; i++) {
        if (i == first + s->multiplicity[first]) first = i;
        if (i >= top && i < s->count - bottom) {
            if (i == top)
                for (int c = 0; c < 5; c++) cli_table_cell(table, "%s", c < 4 ? "…" : "");
            continue;
        }
        bool last = i >= s->count - bottom && i >= top;
        cli_table_cell(table, "%s%zu", last ? "-" : "", last ? s->count - i : i + 1);
        cli_table_number(table, s->eigenvalues[i], 8);
        cli_table_cell(table, "± %.1e", s->residuals[i]);
        cli_table_number(table, s->gaps[i], 3);
        cli_table_cell(table, "%s", equal_text(s, first));
        equal = equal || s->multiplicity[first] > 1;
    }
    cli_table_print(table, 2, out);
    if (equal) fputs("\n  ×N: N are equal within their errors\n", out);
}

/* «12.3 [11.9, 12.8]», with the parts of the interval that matter. */
static void print_sum(const char *name, const basin_spectral_sum *sum, FILE *out)
{
    fprintf(out, "  %-15s %s   probes ± %s, steps ± %s", name,
            cli_interval(sum->value, sum->lower, sum->upper, 5), cli_number(sum->sampling, 2),
            cli_number(sum->quadrature, 2));
    if (sum->pairs + sum->rounding > 0.01 * (sum->upper - sum->lower))
        fprintf(out, ", pairs ± %s, rounding ± %s", cli_number(sum->pairs, 2), cli_number(sum->rounding, 2));
    fputs("\n", out);
}

static void print_share(const char *name, const basin_spectral_sum *share, FILE *out)
{
    fprintf(out, "  %-15s %s of the eigenvalues [%s, %s]\n", name, cli_percent(share->value),
            cli_percent(share->lower), cli_percent(share->upper));
}

static void print_density(const basin_spectrum *s, FILE *out)
{
    const basin_density *d = &s->density;

    fprintf(out,
            "  quadrature      %zu probes of %zu steps beside %zu pairs; intervals are 95 %%, "
            "calibrated\n",
            s->quadrature.probes, s->quadrature.steps, s->count);
    print_sum("trace", &d->trace, out);
    print_sum("|H|_F", &d->frobenius, out);
    print_share("negative", &d->negative, out);
    print_share("near zero", &d->near_zero, out);
    print_share("positive", &d->positive, out);
    fprintf(out, "                  near zero is |lambda| <= %s, a thousandth of the largest\n",
            cli_number(d->threshold, 3));
}

static void print_moments(const basin_spectrum *s, FILE *out)
{
    if (s->trace_error > 0)
        fprintf(out, "  trace           %s ± %s, one standard error of random probes\n",
                cli_number(s->trace, 4), cli_number(s->trace_error, 2));
    else
        fprintf(out, "  trace           %s\n", cli_number(s->trace, 8));
    fprintf(out, "  |H|_F           %s", cli_number(sqrt(fmax(s->frobenius2, 0)), 8));
    if (s->frobenius2_error > 0)
        fprintf(out, ", estimated; at most %s (95 %%)", cli_number(sqrt(s->frobenius2_upper), 4));
    fputs("\n", out);
}

static void print_negative(const basin_spectrum *s, FILE *out)
{
    size_t negative = 0;

    for (size_t i = 0; i < s->count; i++) negative += s->eigenvalues[i] < -s->residuals[i];
    fprintf(out, "  negative        %s of those held, beyond their error", cli_thousands(negative));
    if (s->method == BASIN_SPECTRUM_LANCZOS && s->bottom == 0) fputs("; --bottom N finds the smallest", out);
    if (!isnan(s->negative_mass)) fprintf(out, "; share of sum |lambda|: %.3g", s->negative_mass);
}

/* How far the pairs are from what was asked for. */
static void print_shortfall(const basin_spectrum *s, FILE *out)
{
    double worst = 0, norm = fmax(fabs(s->eigenvalues[0]), fabs(s->eigenvalues[s->count - 1]));

    for (size_t i = 0; i < s->count; i++) worst = fmax(worst, s->residuals[i]);
    fprintf(out,
            "                  the largest residual is %s |H|, wanted is %s; products are rounded at %s\n",
            cli_number(worst / norm, 2), cli_number(s->tolerance, 2), cli_number(s->epsilon, 2));
}

static void print(const basin_result *result, FILE *out)
{
    const basin_spectrum *s = result->value;

    cli_report_source(result, s->samples, s->parameters, out);
    fprintf(out, "  loss            %.8g%s%s\n", s->loss, isnan(s->accuracy) ? "" : ", accuracy ",
            isnan(s->accuracy) ? "" : cli_percent(s->accuracy));
    cli_report_stationarity(&s->stationarity, out);
    fprintf(out, "  method          %s, %s eigenvalues of the %s, %s products%s%s\n",
            basin_spectrum_method_text((basin_spectrum_method)s->method), cli_thousands(s->count),
            cli_operator_title(s->operator_kind, s->preconditioned), cli_thousands(s->products),
            s->approximate ? ", by differences of the gradient" : "", s->converged ? "" : ", NOT CONVERGED");
    if (!s->converged) print_shortfall(s, out);
    if (s->method == BASIN_SPECTRUM_SLQ)
        fputs("                  pairs of one run, not verified: others may lie between them\n", out);
    else if (s->converged && !s->verified)
        fprintf(out, "                  not verified: %seigenvalues may be missing among those held\n",
                s->no_proof ? "--no-proof; " : "");
    cli_left_out_report(&s->left_out, out);
    if (!isnan(s->ceiling))
        fprintf(out, "  ceiling         %s = 2(1 + beta) / ((1 - beta) eta), of Adam's stability\n",
                cli_number(s->ceiling, 6));
    if (s->density.count > 0)
        print_density(s, out);
    else
        print_moments(s, out);
    print_negative(s, out);
    if (s->count >= 5 && s->eigenvalues[4] > 0)
        fprintf(out, "\n  lambda_1/5      %.4g", s->eigenvalues[0] / s->eigenvalues[4]);
    fputs("\n\n", out);
    print_pairs(s, out);
}

const cli_command cli_command_spectrum = {
    .name = "spectrum",
    .usage = "spectrum CKPT… [--method auto|dense|lanczos|slq|gram] [--operator NAME] [--params PATTERN]",
    .about =
        "Eigenvalues of the Hessian of the mean loss, or of another operator, each with its error bar. "
        "Without --method: all of them\n"
        "where P <= 6,000 (or the operator is R'R with a few thousand rows: gram) and the memory allows, "
        "else the 10 largest by\n"
        "Lanczos with restarts; the smallest take --bottom. Eigenvalues descend. slq: how all of them are "
        "spread, by stochastic\n"
        "Lanczos quadrature, and any sum over them, at any size.",
    .examples = "  basin spectrum runs/sam_0/step_000400.h5 --method slq --plot density.pdf\n"
                "  basin spectrum runs/sam_0/step_000400.h5 --operator ggn --layer fc1\n",
    .options = options,
    .common = CLI_COMMON_RESULT | CLI_COMMON_DATA | CLI_COMMON_WORK | CLI_COMMON_POINT | CLI_COMMON_STATE |
              CLI_COMMON_TIME,
    .least = 1,
    .most = SIZE_MAX,
    .kind = BASIN_RESULT_SPECTRUM,
    .measure = measure,
    .forecast = forecast,
    .print = print,
};

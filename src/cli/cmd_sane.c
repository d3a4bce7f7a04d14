/* basin sane: SANE and N_eff from the full spectrum, by quadrature with intervals, truncated with bounds, or
   from the Ritz values of one Lanczos run. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/report.h"
#include "cli/source.h"
#include "cli/spectral.h"

static const cli_option options[] = {
    CLI_SANE_OPTIONS,
    CLI_SPECTRAL_OPTIONS("1; with --top: 0"),
    CLI_OPERATOR_OPTIONS,
    CLI_PART_OPTIONS,
    {"ritz", CLI_WHOLE, "M",
     "the author's variant: all Ritz values of one run of M Lanczos steps; no bound holds", false},
    {"tol", CLI_TEXT, "T", "quadrature until SANE's interval is within T of SANE, e.g. 2%", false},
    {"products", CLI_WHOLE, "N", "of quadrature, at most (default: 200; with --tol 2000)", false},
    {"gamma", CLI_REAL, "G", "of the quadratic local learning coefficient (default: 1)", false},
    {NULL, CLI_FLAG, NULL, NULL, false}};

/* «2%» or «0.02». */
static int read_tolerance(const cli_arguments *a, double *out)
{
    int         status = CLI_OK;
    const char *text = cli_text(a, "tol", NULL);
    char       *end;

    if (text == NULL) return CLI_OK;
    *out = strtod(text, &end);
    if (end != text && strcmp(end, "%") == 0) *out /= 100.0, end++;
    CLI_CHECK(end != text && *end == '\0' && *out > 0 && *out < 1,
              "--tol must lie between 0 and 1, or 0%% and 100%%, got «%s»", text);
done:
    return status;
}

static int read_gamma(const cli_arguments *a, double *out)
{
    int status = CLI_OK;

    *out = cli_real(a, "gamma", 0);
    CLI_CHECK(!cli_has(a, "gamma") || (*out > 0 && isfinite(*out)), "--gamma must be positive, got %g", *out);
done:
    return status;
}

/* Is it quadrature? It is where it was asked for, and where the spectrum would be truncated otherwise. */
static int by_quadrature(const cli_arguments *a, const basin_point *point,
                         const basin_spectrum_options *spectral, const basin_sane_options *o, bool *out)
{
    int                 status = CLI_OK;
    basin_spectrum_plan plan;

    *out = spectral->method == BASIN_SPECTRUM_SLQ || o->tolerance > 0 || o->products > 0;
    CLI_CHECK(!*out || o->ritz == 0, "--ritz excludes --method slq, --tol and --products");
    CLI_CHECK(!*out || spectral->method == BASIN_SPECTRUM_SLQ || spectral->method == BASIN_SPECTRUM_AUTO,
              "--tol and --products go with --method slq");
    if (*out || o->ritz > 0 || cli_has(a, "top") || cli_has(a, "bottom") ||
        spectral->method != BASIN_SPECTRUM_AUTO)
        goto done;
    CLI_LIBRARY(basin_spectrum_choose(point, spectral, &plan));
    *out = plan.method == BASIN_SPECTRUM_LANCZOS;
done:
    return status;
}

static int read_options(const cli_arguments *a, const cli_source *s, const basin_point *point,
                        basin_spectrum_options *spectral, basin_sane_options *out, bool *quadrature)
{
    int status = CLI_OK;

    CLI_TRY(cli_spectral_options(a, spectral));
    spectral->both_ends = true;
    CLI_TRY(cli_sane_options(a, s->ck->hyper.weight_decay, out));
    CLI_TRY(cli_size(a, "ritz", 0, &out->ritz));
    CLI_CHECK(out->ritz > 0 || !cli_has(a, "ritz"), "--ritz must be at least 1");
    CLI_TRY(read_tolerance(a, &out->tolerance));
    CLI_TRY(cli_size(a, "products", 0, &out->products));
    CLI_CHECK(out->products >= 16 || !cli_has(a, "products"), "--products must be at least 16");
    CLI_TRY(read_gamma(a, &out->gamma));
    CLI_TRY(by_quadrature(a, point, spectral, out, quadrature));
done:
    return status;
}

/* A spectrum's, by the name of what it is for. */
static int forecast_spectrum(basin_point *point, const basin_spectrum_options *spectral, basin_forecast **out)
{
    int             status = CLI_OK;
    basin_forecast *f = NULL;

    CLI_LIBRARY(basin_spectrum_forecast(point, spectral, &f));
    basin_free(f->analysis);
    f->analysis = basin_strdup("sane");
    CLI_CHECK(f->analysis != NULL, "out of memory for a name");
    *out = f, f = NULL;
done:
    basin_forecast_destroy(&f);
    return status;
}

static int forecast(const cli_arguments *a, cli_source *s, basin_forecast **out)
{
    int                    status = CLI_OK;
    cli_part               part = {0};
    basin_spectrum_options spectral;
    basin_sane_options     o;
    bool                   quadrature;

    CLI_TRY(cli_operator_choose(a, s));
    CLI_TRY(cli_part_open(a, s, &part));
    CLI_TRY(read_options(a, s, part.point, &spectral, &o, &quadrature));
    CLI_TRY(cli_spectral_fits(&spectral, part.name, basin_point_size(part.point)));
    if (o.ritz > 0)
        CLI_LIBRARY(basin_sane_ritz_forecast(part.point, &o, out));
    else if (quadrature)
        CLI_LIBRARY(basin_sane_estimate_forecast(part.point, &spectral, &o, out));
    else
        CLI_TRY(forecast_spectrum(part.point, &spectral, out));
done:
    cli_part_close(&part);
    return status;
}

static int measure(const cli_arguments *a, cli_source *s, void **out)
{
    int                    status = CLI_OK;
    cli_part               part = {0};
    basin_spectrum_options spectral;
    basin_sane_options     o;
    basin_spectrum        *spectrum = NULL;
    basin_sane            *sane = NULL;
    bool                   quadrature;

    CLI_TRY(cli_operator_choose(a, s));
    CLI_TRY(cli_part_open(a, s, &part));
    CLI_TRY(read_options(a, s, part.point, &spectral, &o, &quadrature));
    CLI_TRY(cli_spectral_fits(&spectral, part.name, basin_point_size(part.point)));
    CLI_WANT(o.ritz == 0 || part.own == NULL,
             "sane: --ritz knows no norm of a block: --params and --layer need the spectrum");
    CLI_WANT(o.ritz == 0 || !cli_has(a, "time"), "sane: --ritz takes its M steps: --time does not end it");
    if (o.ritz > 0) {
        CLI_LIBRARY(basin_sane_ritz(part.point, spectral.seed, &o, &sane));
    } else if (quadrature) {
        CLI_LIBRARY(basin_sane_estimate(part.point, &spectral, &o, &sane, &spectrum));
        CLI_TRY(cli_part_left_out(s, &part, spectrum->frobenius2, spectral.seed, &sane->left_out));
    } else {
        CLI_TRY(cli_spectral_announce(part.point, &spectral));
        CLI_LIBRARY(basin_spectrum_compute(part.point, &spectral, &spectrum));
        CLI_LIBRARY(basin_sane_compute(spectrum, &o, &sane));
        CLI_TRY(cli_part_left_out(s, &part, spectrum->frobenius2, spectral.seed, &sane->left_out));
    }
    *out = sane, sane = NULL;
done:
    basin_sane_destroy(&sane);
    basin_spectrum_destroy(&spectrum);
    cli_part_close(&part);
    return status;
}

static const char *const derive_options[] = {"kappa", "k", "alpha", "gamma", NULL};

/* Of a stored spectrum: not one product. */
static int derive(const cli_arguments *a, basin_result *stored, void **out)
{
    int                     status = CLI_OK;
    const basin_provenance *p = stored->provenance;
    basin_spectrum         *spectrum = stored->value;
    basin_sane_options      o;
    basin_sane             *sane = NULL;

    CLI_CHECK(stored->kind == BASIN_RESULT_SPECTRUM,
              "a stored %s, where SANE needs a spectrum or a checkpoint", basin_result_name(stored->kind));
    CLI_TRY(cli_sane_options(a, p != NULL ? p->training.weight_decay : (double)NAN, &o));
    CLI_TRY(read_gamma(a, &o.gamma));
    CLI_LIBRARY(basin_sane_compute(spectrum, &o, &sane));
    sane->left_out = spectrum->left_out;
    spectrum->left_out.part = NULL;
    *out = sane;
done:
    return status;
}

/* What a truncated spectrum holds of a sum over all of it is no value of it. */
static const char *sum_text(const basin_sane *s, const basin_spectral_sum *sum)
{
    char *text = cli_turn();

    if (s->method == BASIN_SANE_TRUNCATED && cli_is_open(sum->lower, sum->upper))
        snprintf(text, CLI_TURN, "not determined [%s, %s]", cli_number(sum->lower, 6),
                 cli_number(sum->upper, 6));
    else
        snprintf(text, CLI_TURN, "%s",
                 cli_interval(sum->value, sum->lower, sum->upper, s->method == BASIN_SANE_ESTIMATED ? 5 : 8));
    return text;
}

static const char *part_text(double part, double value)
{
    char *text = cli_turn();

    snprintf(text, CLI_TURN, "± %.2g %%", 100.0 * part / value);
    return text;
}

/* Of what the interval of an estimate consists, and what is proven beside it. */
static void print_parts(const basin_spectral_sum *sum, double lower, double upper, FILE *out)
{
    fprintf(out,
            "                  95 %%, calibrated: %s by probes, %s by steps, %s by pairs, %s by rounding\n",
            part_text(sum->sampling, sum->value), part_text(sum->quadrature, sum->value),
            part_text(sum->pairs, sum->value), part_text(sum->rounding, sum->value));
    fprintf(out, "                  proven: [%s, %s]\n", cli_number(lower, 5), cli_number(upper, 5));
}

static const char *method_text(const basin_sane *s)
{
    char *text = cli_turn();

    if (s->method == BASIN_SANE_RITZ)
        snprintf(text, CLI_TURN, "; unconverged Ritz values, no bound");
    else if (s->method == BASIN_SANE_ESTIMATED)
        snprintf(text, CLI_TURN, " and quadrature of the rest: %zu probes of %zu steps, %s products",
                 s->probes, s->steps, cli_thousands(s->products));
    else
        text[0] = '\0';
    return text;
}

static void print_sweeps(const basin_sane *s, FILE *out)
{
    bool       estimated = s->method == BASIN_SANE_ESTIMATED;
    int        digits = estimated ? 4 : 6;
    cli_table *table = cli_table_create("rrllrrllrr");

    cli_table_titles(table, "kappa|SANE|||alpha|N_eff|||k|SANE_k");
    for (size_t i = 0; i < s->sweep_count; i++) {
        cli_table_number(table, s->kappa_sweep[i], 3);
        cli_table_cell(
            table, "%s",
            estimated ? cli_interval(s->sane_sweep[i], s->sane_sweep_lower[i], s->sane_sweep_upper[i], digits)
                      : cli_number(s->sane_sweep[i], digits));
        for (int c = 0; c < 2; c++) cli_table_cell(table, "%s", "");
        cli_table_number(table, s->alpha_sweep[i], 3);
        cli_table_cell(table, "%s",
                       estimated ? cli_interval(s->n_eff_sweep[i], s->n_eff_sweep_lower[i],
                                                s->n_eff_sweep_upper[i], digits)
                                 : cli_number(s->n_eff_sweep[i], digits));
        for (int c = 0; c < 2; c++) cli_table_cell(table, "%s", "");
        cli_table_cell(table, "%s", i < s->k_count ? cli_thousands(s->k_sweep[i]) : "");
        cli_table_cell(table, "%s", i < s->k_count ? cli_number(s->sane_k_sweep[i], digits) : "");
    }
    cli_table_print(table, 2, out);
}

static void print(const basin_result *result, FILE *out)
{
    const basin_sane *s = result->value;
    bool              estimated = s->method == BASIN_SANE_ESTIMATED;

    cli_report_source(result, s->samples, s->parameters, out);
    fprintf(out, "  loss            %.8g\n", s->loss);
    if (s->stationarity.threshold > 0) cli_report_stationarity(&s->stationarity, out);
    fprintf(out, "  method          %s, %s eigenvalues of the %s%s\n",
            basin_sane_method_text((basin_sane_method)s->method), cli_thousands(s->eigenvalues),
            cli_operator_title(s->operator_kind, s->preconditioned), method_text(s));
    cli_left_out_report(&s->left_out, out);
    fprintf(out, "  SANE%-2s          %s   kappa = %g, Lambda = %s\n", s->k > 1 ? "_k" : "",
            sum_text(s, &s->error), s->kappa, cli_number(s->reference, 6));
    if (s->k > 1) fprintf(out, "                  Lambda is the |lambda| of rank k = %zu\n", s->k);
    if (estimated) print_parts(&s->error, s->bound_lower, s->bound_upper, out);
    fprintf(out, "  N_eff           %s   alpha = %g (%s)\n", sum_text(s, &s->n_eff_error), s->alpha,
            basin_alpha_source_text((basin_alpha_source)s->alpha_source));
    if (estimated) print_parts(&s->n_eff_error, s->n_eff_bound_lower, s->n_eff_bound_upper, out);
    if (isfinite(s->llc_alpha))
        fprintf(out, "  quadratic LLC   %s   N_eff / 2 at alpha = gamma ln N / N = %s, gamma = %g\n",
                sum_text(s, &s->llc), cli_number(s->llc_alpha, 3), s->llc_gamma);
    fputs("                  none is invariant to rescalings that keep the function\n\n", out);
    print_sweeps(s, out);
}

const cli_command cli_command_sane = {
    .name = "sane",
    .usage = "sane CKPT|SPECTRUM.h5… [--kappa K] [--k K] [--alpha A] [--tol T] [--products N] [--ritz M]",
    .about =
        "SANE = sum |lambda| / (|lambda| + kappa Lambda), Lambda the largest |lambda| (Wang & Roberts, "
        "arXiv:2305.18490), and\n"
        "N_eff = sum |lambda| / (|lambda| + alpha) (Maddox et al., arXiv:2003.02139), with their sensitivity "
        "to kappa and alpha.\n"
        "Where there are too many eigenvalues to find all: estimated by quadrature, with an interval that is "
        "calibrated on exact\n"
        "spectra (docs/measures.md). From a truncated spectrum (--method lanczos) the value counts the pairs "
        "held, and bounds\n"
        "say what the rest may add. A stored result of `spectrum` takes the place of the checkpoint where "
        "only "
        "--kappa, --k,\n"
        "--alpha and --gamma are asked for: no product is made.",
    .examples =
        "  basin sane runs/gd_0/step_000400.h5 runs/sam_0/step_000400.h5\n"
        "  basin spectrum runs/gd_0/step_000400.h5 --method slq -o slq.h5 && basin sane slq.h5 --kappa 2\n"
        "  basin sane runs/gd_0/step_000400.h5 --k 5 --alpha 0.01 --json\n",
    .options = options,
    .common = CLI_COMMON_RESULT | CLI_COMMON_DATA | CLI_COMMON_WORK | CLI_COMMON_POINT | CLI_COMMON_STATE |
              CLI_COMMON_TIME,
    .least = 1,
    .most = SIZE_MAX,
    .kind = BASIN_RESULT_SANE,
    .measure = measure,
    .derive = derive,
    .derive_options = derive_options,
    .forecast = forecast,
    .print = print,
};

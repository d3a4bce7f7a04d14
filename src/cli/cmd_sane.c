/* basin sane: SANE and N_eff from the full spectrum, or truncated with bounds, or from the Ritz values of one
   Lanczos run. */
#include <math.h>
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
    {NULL, CLI_FLAG, NULL, NULL, false}};

static int read_options(const cli_arguments *a, const cli_source *s, basin_spectrum_options *spectral,
                        basin_sane_options *out)
{
    int status = CLI_OK;

    CLI_TRY(cli_spectral_options(a, spectral));
    basin_spectrum_both_ends(spectral);
    CLI_TRY(cli_sane_options(a, s->ck->hyper.weight_decay, out));
    CLI_TRY(cli_size(a, "ritz", 0, &out->ritz));
    CLI_CHECK(out->ritz > 0 || !cli_has(a, "ritz"), "--ritz must be at least 1");
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

    CLI_TRY(read_options(a, s, &spectral, &o));
    CLI_TRY(cli_operator_choose(a, s));
    CLI_TRY(cli_part_open(a, s, &part));
    if (o.ritz > 0)
        CLI_LIBRARY(basin_sane_ritz_forecast(part.point, &o, out));
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

    CLI_TRY(read_options(a, s, &spectral, &o));
    CLI_TRY(cli_operator_choose(a, s));
    CLI_TRY(cli_part_open(a, s, &part));
    CLI_WANT(o.ritz == 0 || part.own == NULL,
             "sane: --ritz knows no norm of a block: --params and --layer need "
             "the spectrum");
    if (o.ritz > 0) {
        CLI_LIBRARY(basin_sane_ritz(part.point, spectral.seed, &o, &sane));
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

/* What a truncated spectrum holds of a sum over all of it is no value of it. */
static const char *sum_text(const basin_sane *s, double value, double lower, double upper)
{
    char *text = cli_turn();

    if (s->method == BASIN_SANE_TRUNCATED && cli_is_open(lower, upper))
        snprintf(text, CLI_TURN, "not determined [%s, %s]", cli_number(lower, 6), cli_number(upper, 6));
    else
        snprintf(text, CLI_TURN, "%s", cli_interval(value, lower, upper, 8));
    return text;
}

static void print(const basin_result *result, FILE *out)
{
    const basin_sane *s = result->value;
    cli_table        *table = cli_table_create("rrllrr");

    cli_report_source(result, s->samples, s->parameters, out);
    fprintf(out, "  loss            %.8g\n", s->loss);
    if (s->stationarity.threshold > 0) cli_report_stationarity(&s->stationarity, out);
    fprintf(out, "  method          %s, %s eigenvalues of the %s%s\n",
            basin_sane_method_text((basin_sane_method)s->method), cli_thousands(s->eigenvalues),
            cli_operator_title(s->operator_kind, s->preconditioned),
            s->method == BASIN_SANE_RITZ ? "; unconverged Ritz values, no bound" : "");
    cli_left_out_report(&s->left_out, out);
    fprintf(out, "  SANE%-2s          %s   kappa = %g, Lambda = %s\n", s->k > 1 ? "_k" : "",
            sum_text(s, s->value, s->lower, s->upper), s->kappa, cli_number(s->reference, 6));
    if (s->k > 1) fprintf(out, "                  Lambda is the |lambda| of rank k = %zu\n", s->k);
    fprintf(out, "  N_eff           %s   alpha = %g (%s)\n",
            sum_text(s, s->n_eff, s->n_eff_lower, s->n_eff_upper), s->alpha,
            basin_alpha_source_text((basin_alpha_source)s->alpha_source));
    fputs("                  neither is invariant to rescalings that keep the function\n\n", out);
    cli_table_titles(table, "kappa|SANE|||alpha|N_eff");
    for (size_t i = 0; i < s->sweep_count; i++) {
        cli_table_number(table, s->kappa_sweep[i], 3);
        cli_table_number(table, s->sane_sweep[i], 6);
        cli_table_cell(table, "%s", "");
        cli_table_cell(table, "%s", "");
        cli_table_number(table, s->alpha_sweep[i], 3);
        cli_table_number(table, s->n_eff_sweep[i], 6);
    }
    cli_table_print(table, 2, out);
}

const cli_command cli_command_sane = {
    .name = "sane",
    .usage = "sane CKPT… [--kappa K] [--k K] [--alpha A] [--ritz M]",
    .about =
        "SANE = sum |lambda| / (|lambda| + kappa Lambda), Lambda the largest |lambda| (Wang & Roberts, "
        "arXiv:2305.18490), and\n"
        "N_eff = sum |lambda| / (|lambda| + alpha) (Maddox et al., arXiv:2003.02139), with their sensitivity "
        "to kappa and alpha.\n"
        "From a truncated spectrum the value counts the pairs held, and bounds say what the rest may add.",
    .examples = "  basin sane runs/gd_0/step_000400.h5 runs/sam_0/step_000400.h5\n"
                "  basin sane runs/gd_0/step_000400.h5 --k 5 --alpha 0.01 --json\n",
    .options = options,
    .common = CLI_COMMON_RESULT | CLI_COMMON_DATA | CLI_COMMON_WORK | CLI_COMMON_POINT,
    .least = 1,
    .most = SIZE_MAX,
    .kind = BASIN_RESULT_SANE,
    .measure = measure,
    .forecast = forecast,
    .print = print,
};

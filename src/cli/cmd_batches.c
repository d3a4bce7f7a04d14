/* basin batches: curvature of mini-batches, and batch sharpness. */
#include <math.h>
#include <string.h>

#include "cli/report.h"
#include "cli/source.h"
#include "cli/spectral.h"

static const cli_option options[] = {
    {"batches", CLI_WHOLE, "N", "how many (default: 50)", false},
    {"batch-size", CLI_WHOLE, "B", "samples of each (default: as recorded, else 128)", false},
    {"spectra", CLI_FLAG, NULL, "trace and SANE of each batch as well", false},
    CLI_OPERATOR_OPTIONS,
    {"kappa", CLI_REAL, "K", "regulariser of SANE, relative to the largest |lambda| (default: 0.5)", false},
    {NULL, CLI_FLAG, NULL, NULL, false}};

static int read_options(const cli_arguments *a, const cli_source *s, basin_batches_options *out)
{
    int                   status = CLI_OK;
    size_t                seed;
    basin_batches_options o = {.whole_spectrum = cli_has(a, "spectra"),
                               .momentum = basin_checkpoint_momentum(s->ck),
                               .beta = s->ck->hyper.momentum,
                               .learning_rate = s->ck->hyper.learning_rate,
                               .kappa = cli_real(a, "kappa", 0)};

    CLI_CHECK(!cli_has(a, "kappa") || (o.kappa > 0 && isfinite(o.kappa)), "--kappa must be positive, got %g",
              o.kappa);
    CLI_TRY(cli_size(a, "batches", 0, &o.count));
    CLI_TRY(cli_size(a, "batch-size", s->ck->hyper.batch_size > 0 ? (size_t)s->ck->hyper.batch_size : 0,
                     &o.batch_size));
    CLI_CHECK(!cli_has(a, "batches") || o.count > 1, "--batches must be at least 2");
    CLI_CHECK(!cli_has(a, "batch-size") || o.batch_size > 0, "--batch-size must be at least 1");
    CLI_TRY(cli_size(a, "seed", 0, &seed));
    o.seed = seed;
    *out = o;
done:
    return status;
}

static int forecast(const cli_arguments *a, cli_source *s, basin_forecast **out)
{
    int                   status = CLI_OK;
    basin_point          *point;
    basin_batches_options o;

    CLI_TRY(read_options(a, s, &o));
    CLI_TRY(cli_operator_choose(a, s));
    CLI_TRY(cli_source_point(s, &point));
    CLI_LIBRARY(basin_batches_forecast(point, &o, out));
done:
    return status;
}

static int measure(const cli_arguments *a, cli_source *s, void **out)
{
    int                   status = CLI_OK;
    basin_point          *point;
    basin_batches        *batches = NULL;
    basin_batches_options o;

    CLI_TRY(read_options(a, s, &o));
    CLI_TRY(cli_operator_choose(a, s));
    CLI_TRY(cli_source_point(s, &point));
    CLI_LIBRARY(basin_batches_compute(point, &o, &batches));
    *out = batches;
done:
    return status;
}

/* -------------------------------------------------------------------------------------------- printing -- */

static void print_mean(cli_table *table, const char *name, const basin_mean *m)
{
    if (isnan(m->mean)) return;
    cli_table_cell(table, "%s", name);
    cli_table_number(table, m->mean, 5);
    if (isnan(m->lower))
        cli_table_cell(table, "-");
    else
        cli_table_cell(table, "%s to %s", cli_number(m->lower, 4), cli_number(m->upper, 4));
    cli_table_number(table, m->deviation, 3);
    cli_table_number(table, m->least, 4);
    cli_table_number(table, m->median, 4);
    cli_table_number(table, m->most, 4);
}

static void print_ceilings(const basin_batches *b, FILE *out)
{
    if (isnan(b->ceiling)) return;
    fprintf(out, "  ceiling         %s = 2/eta", cli_number(b->ceiling, 5));
    if (b->beta > 0)
        fprintf(out,
                "; with momentum %s = 2(1 - beta)/eta for small batches, %s = 2(1 + beta)/eta for large ones",
                cli_number(b->ceiling_small, 5), cli_number(b->ceiling_large, 5));
    fputs("\n                  which batch sharpness settles at under SGD\n", out);
}

static void print(const basin_result *result, FILE *out)
{
    const basin_batches *b = result->value;
    cli_table           *table = cli_table_create("lrrrrrr");

    cli_report_source(result, b->samples, b->parameters, out);
    fprintf(out, "  loss            %.8g, |g| = %.4g\n", b->loss, b->gradient_norm);
    fprintf(out, "  batches         %zu of %s samples\n", b->count, cli_thousands(b->batch_size));
    if (b->without_gradient > 0)
        fprintf(out,
                "                  %zu of them with gradient 0: they have no sharpness and are left out of "
                "its mean\n",
                b->without_gradient);
    print_ceilings(b, out);
    fprintf(out, "  all samples     largest eigenvalue of the %s %s ± %.1e%s\n",
            cli_operator_title(b->operator_kind, b->preconditioned), cli_number(b->whole_lambda_max, 6),
            b->whole_residual, b->whole_verified ? "" : ", not verified");
    fprintf(out, "  verified        that none is larger: of %zu of the %zu batches\n", b->verified, b->count);
    fprintf(out, "  ratio of means  %s, 95 %% %s to %s: E[gHg] / E[|g|^2]\n\n", cli_number(b->ratio, 5),
            cli_number(b->ratio_lower, 4), cli_number(b->ratio_upper, 4));
    cli_table_titles(table, "over batches|mean|95 % of the mean|deviation|least|median|most");
    print_mean(table, "gHg / |g|^2", &b->sharpness);
    print_mean(table, "sHs / sg, s = beta v + g", &b->momentum);
    print_mean(table, "largest eigenvalue", &b->lambda_max);
    print_mean(table, "trace", &b->trace);
    print_mean(table, "SANE", &b->sane);
    cli_table_print(table, 2, out);
}

const cli_command cli_command_batches = {
    .name = "batches",
    .usage = "batches CKPT… [--batches N] [--batch-size B] [--spectra]",
    .about =
        "Curvature of mini-batches: batch sharpness E[gHg / |g|^2], g and H those of the batch, which "
        "settles at "
        "2/eta under SGD\n"
        "(Andreyev & Beneventano, arXiv:2412.20553), along the step of the optimizer's momentum too, and the "
        "largest eigenvalue of\n"
        "each batch's Hessian, with Student's intervals of the means and what single batches differ by.",
    .examples = "  basin batches runs/sgd_0/step_000400.h5 --batch-size 64\n"
                "  basin batches runs/sgd_0/step_000400.h5 --batches 20 --spectra --json\n",
    .options = options,
    .common = CLI_COMMON_RESULT | CLI_COMMON_DATA | CLI_COMMON_WORK | CLI_COMMON_POINT | CLI_COMMON_STATE |
              CLI_COMMON_TIME,
    .least = 1,
    .most = SIZE_MAX,
    .kind = BASIN_RESULT_BATCHES,
    .measure = measure,
    .forecast = forecast,
    .print = print,
};

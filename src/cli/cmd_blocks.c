/* basin blocks: the diagonal blocks of the Hessian, or another operator, by layer or tensor. */
#include <math.h>
#include <string.h>

#include "cli/report.h"
#include "cli/source.h"
#include "cli/spectral.h"

static const cli_option options[] = {
    {"by", CLI_CHOICE, "layer|tensor", "what a block is (default: layer)", false},
    CLI_OPERATOR_OPTIONS,
    {"kappa", CLI_REAL, "K",
     "regulariser of each block's SANE, relative to its largest |lambda| (default: 0.5)", false},
    {"probes", CLI_WHOLE, "N", "random probes of norms of more than 6,000 columns (default: 64)", false},
    {NULL, CLI_FLAG, NULL, NULL, false}};

static int read_options(const cli_arguments *a, basin_blocks_options *out)
{
    int                  status = CLI_OK;
    basin_blocks_options o = {.kappa = cli_real(a, "kappa", 0)};
    size_t               seed;

    o.by = strcmp(cli_text(a, "by", "layer"), "tensor") == 0 ? BASIN_BLOCKS_TENSOR : BASIN_BLOCKS_LAYER;
    CLI_CHECK(!cli_has(a, "kappa") || (o.kappa > 0 && isfinite(o.kappa)), "--kappa must be positive, got %g",
              o.kappa);
    CLI_TRY(cli_size(a, "seed", 0, &seed));
    CLI_TRY(cli_size(a, "probes", 0, &o.probes));
    CLI_CHECK(!cli_has(a, "probes") || o.probes > 1, "--probes must be at least 2");
    o.seed = seed;
    *out = o;
done:
    return status;
}

static int forecast(const cli_arguments *a, cli_source *s, basin_forecast **out)
{
    int                  status = CLI_OK;
    basin_point         *point;
    basin_blocks_options o;

    CLI_TRY(read_options(a, &o));
    CLI_TRY(cli_operator_choose(a, s));
    CLI_TRY(cli_source_point(s, &point));
    CLI_LIBRARY(basin_blocks_forecast(point, &o, out));
done:
    return status;
}

static int measure(const cli_arguments *a, cli_source *s, void **out)
{
    int                  status = CLI_OK;
    basin_point         *point;
    basin_blocks        *blocks = NULL;
    basin_blocks_options o;

    CLI_TRY(read_options(a, &o));
    CLI_TRY(cli_operator_choose(a, s));
    CLI_TRY(cli_source_point(s, &point));
    CLI_LIBRARY(basin_blocks_compute(point, &o, &blocks));
    *out = blocks;
done:
    return status;
}

/* -------------------------------------------------------------------------------------------- printing -- */

static const char *with_error(double value, double error, int digits)
{
    char *text = cli_turn();

    if (error > 0)
        snprintf(text, CLI_TURN, "%s ± %s", cli_number(value, digits), cli_number(error, 2));
    else
        snprintf(text, CLI_TURN, "%s", cli_number(value, digits));
    return text;
}

/* What cannot be told from 0 is printed as that. */
static double beyond(double value, double residual)
{
    return fabs(value) > residual ? value : 0;
}

static void print_blocks(const basin_blocks *b, FILE *out)
{
    cli_table *table = cli_table_create("lrrrrrr");

    cli_table_titles(table, "block|parameters|trace|largest|smallest|SANE|couples");
    for (size_t i = 0; i < b->count; i++) {
        const basin_diagonal_block *d = &b->blocks[i];
        cli_table_cell(table, "%s", d->name);
        cli_table_cell(table, "%s", cli_thousands(d->parameters));
        cli_table_cell(table, "%s", with_error(d->trace, d->trace_error, 5));
        cli_table_number(table, beyond(d->largest, d->largest_residual), 5);
        cli_table_number(table, beyond(d->smallest, d->smallest_residual), 5);
        if (cli_is_open(d->sane_lower, d->sane_upper))
            cli_table_cell(table, "%s to %s", cli_number(d->sane_lower, 4), cli_number(d->sane_upper, 4));
        else
            cli_table_number(table, d->sane, 5);
        cli_table_cell(table, "%s", d->rows2 > 0 ? cli_percent(fmax(1 - d->frobenius2 / d->rows2, 0)) : "-");
    }
    cli_table_print(table, 2, out);
}

static void print(const basin_result *result, FILE *out)
{
    const basin_blocks *b = result->value;

    cli_report_source(result, b->samples, b->parameters, out);
    fprintf(out, "  loss            %.8g, |g| = %.4g\n", b->loss, b->gradient_norm);
    fprintf(out, "  blocks          %zu of the %s, by %s, %s products\n", b->count,
            cli_operator_title(b->operator_kind, b->preconditioned),
            b->by == BASIN_BLOCKS_TENSOR ? "tensor" : "layer", cli_thousands(b->products));
    fprintf(out, "  trace           %s, the sum of theirs\n", with_error(b->trace, b->trace_error, 8));
    fprintf(out, "  left out        %s of |A|_F^2%s%s couples the blocks: their spectra do not know it\n\n",
            cli_percent(b->left_out), b->left_out_error > 0 ? " ± " : "",
            b->left_out_error > 0 ? cli_percent(b->left_out_error) : "");
    print_blocks(b, out);
    fputs("\n  couples: share of the squared norm of a block's rows that lies outside of it\n", out);
}

const cli_command cli_command_blocks = {
    .name = "blocks",
    .usage = "blocks CKPT… [--by layer|tensor] [--operator NAME]",
    .about =
        "The diagonal blocks of the Hessian of the mean loss, or of another operator: trace, extreme "
        "eigenvalues and SANE of each, and\n"
        "how much of the whole couples them. Exact for blocks of at most 6,000 parameters; of larger ones "
        "eigenvalues by the method\n"
        "that suits them and norms by random probes. For one part alone: basin spectrum --layer NAME.",
    .examples = "  basin blocks runs/sam_0/step_000400.h5\n"
                "  basin blocks runs/sam_0/step_000400.h5 --by tensor --operator ggn --json\n",
    .options = options,
    .common = CLI_COMMON_RESULT | CLI_COMMON_DATA | CLI_COMMON_WORK | CLI_COMMON_POINT | CLI_COMMON_STATE,
    .least = 1,
    .most = SIZE_MAX,
    .kind = BASIN_RESULT_BLOCKS,
    .measure = measure,
    .forecast = forecast,
    .print = print,
};

/* basin trace: tr H by random vectors, as a whole and tensor by tensor. */
#include <math.h>
#include <string.h>

#include "cli/report.h"
#include "cli/source.h"
#include "cli/spectral.h"

static const cli_option options[] = {
    {"method", CLI_CHOICE, "xtrace|hutch++|hutchinson", "of the estimate (default: xtrace)", false},
    {"products", CLI_WHOLE, "N", "with H, at most (default: 60)", false},
    CLI_OPERATOR_OPTIONS,
    {NULL, CLI_FLAG, NULL, NULL, false}};

static int read_options(const cli_arguments *a, basin_trace_options *out)
{
    int                 status = CLI_OK;
    basin_trace_options o = {0};
    const char         *method = cli_text(a, "method", "xtrace");
    size_t              seed;

    for (o.method = BASIN_TRACE_HUTCHINSON; o.method > BASIN_TRACE_XTRACE; o.method--)
        if (strcmp(method, basin_trace_method_text(o.method)) == 0) break;
    CLI_TRY(cli_size(a, "products", 0, &o.products));
    CLI_CHECK(!cli_has(a, "products") || o.products > 0, "--products must be at least 1");
    CLI_TRY(cli_size(a, "seed", 0, &seed));
    o.seed = seed;
    *out = o;
done:
    return status;
}

static int forecast(const cli_arguments *a, cli_source *s, basin_forecast **out)
{
    int                 status = CLI_OK;
    basin_point        *point;
    basin_trace_options o;

    CLI_TRY(read_options(a, &o));
    CLI_TRY(cli_operator_choose(a, s));
    CLI_TRY(cli_source_point(s, &point));
    CLI_LIBRARY(basin_trace_forecast(point, &o, out));
done:
    return status;
}

static int measure(const cli_arguments *a, cli_source *s, void **out)
{
    int                 status = CLI_OK;
    basin_point        *point;
    basin_trace_options o;
    basin_trace        *trace = NULL;

    CLI_TRY(read_options(a, &o));
    CLI_TRY(cli_operator_choose(a, s));
    CLI_TRY(cli_source_point(s, &point));
    CLI_LIBRARY(basin_trace_compute(point, &o, &trace));
    *out = trace;
done:
    return status;
}

static void print(const basin_result *result, FILE *out)
{
    const basin_trace *t = result->value;
    cli_table         *table = cli_table_create("lrl");

    cli_report_source(result, t->samples, t->parameters, out);
    fprintf(out, "  loss            %.8g\n", t->loss);
    fprintf(out, "  method          %s of the %s, %zu random vectors, %s products\n",
            basin_trace_method_text((basin_trace_method)t->method),
            cli_operator_title(t->operator_kind, t->preconditioned), t->vectors, cli_thousands(t->products));
    fprintf(out, "  trace           %s   95 %%, Student's t over the vectors%s\n",
            cli_interval(t->value, t->lower, t->upper, 6),
            t->method == BASIN_TRACE_XTRACE ? ", 1.3 times for what these share" : "");
    if (t->block_count == 0) {
        cli_table_destroy(&table);
        return;
    }
    fputs("\n", out);
    cli_table_titles(table, "tensor|sum of the diagonal|one standard error");
    for (size_t i = 0; i < t->block_count; i++) {
        cli_table_cell(table, "%s", t->blocks[i]);
        cli_table_number(table, t->block_trace[i], 5);
        cli_table_cell(table, "± %.1e", t->block_error[i]);
    }
    cli_table_print(table, 2, out);
}

const cli_command cli_command_trace = {
    .name = "trace",
    .usage = "trace CKPT… [--method xtrace|hutch++|hutchinson] [--products N]",
    .about =
        "Trace of the Hessian by random vectors with its standard error, and the sum of its diagonal over "
        "each tensor of\n"
        "parameters. xtrace: leave-one-out with resphering (Epperly, Tropp & Webber, arXiv:2301.07825); "
        "hutch++ (arXiv:2010.09649).",
    .examples = "  basin trace runs/sam_0/step_000400.h5\n"
                "  basin trace runs/sam_0/step_000400.h5 --products 200 -o trace.h5 --json\n",
    .options = options,
    .common = CLI_COMMON_RESULT | CLI_COMMON_DATA | CLI_COMMON_WORK | CLI_COMMON_POINT | CLI_COMMON_STATE |
              CLI_COMMON_TIME,
    .least = 1,
    .most = SIZE_MAX,
    .kind = BASIN_RESULT_TRACE,
    .measure = measure,
    .forecast = forecast,
    .print = print,
};

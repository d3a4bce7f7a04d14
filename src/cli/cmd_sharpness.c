/* basin sharpness: rises of the loss along the gradient, the momentum, the top eigenvector and random
   directions, over signed radii; with --measure, named measures of sharpness (sharpness_table.c). */
#include <math.h>
#include <string.h>

#include "cli/report.h"
#include "cli/sharpness_table.h"

static const cli_option options[] = {
    {"rho", CLI_REALS, "R,R,…",
     "signed radii (default: 0 and ±1/4, ±1/2, ±1, ±2, ±4 times the largest radius rho that the checkpoints "
     "record, or 0.05; of --measure 1/4, 1/2, 1, 2, 4 times what is usual for each)",
     false},
    {"top", CLI_FLAG, NULL,
     "along the eigenvector of the largest eigenvalue as well, by Lanczos to a residual of 1e-4 |H|", false},
    {"random", CLI_WHOLE, "N", "along N filter-normalised random directions of norm 1 as well (default: 0)",
     false},
    {"normalize-logits", CLI_FLAG, NULL,
     "of logits moved to mean 0 and divided by their norm, sample by sample (arXiv:2302.07011)", false},
    CLI_SHARPNESS_TABLE_OPTIONS,
    {NULL, CLI_FLAG, NULL, NULL, false}};

/* The largest radius that the checkpoints named record: one set of radii for all, so that they can be held
   against each other. */
static double recorded_rho = NAN;

static int check(const cli_arguments *a)
{
    int               status = CLI_OK;
    basin_checkpoint *ck = NULL;

    recorded_rho = NAN;
    CLI_TRY(cli_sharpness_table_check(a));
    for (size_t i = 0; i < a->operand_count && !cli_has(a, "rho"); i++) {
        CLI_LIBRARY(basin_checkpoint_read(a->operands[i], &ck));
        /* of a number and NAN it is the number */
        if (basin_rho_is_radius(ck->method)) recorded_rho = fmax(recorded_rho, ck->hyper.rho);
        basin_checkpoint_destroy(&ck);
    }
done:
    return status;
}

/* The radii are the caller's to free. */
static int read_options(const cli_arguments *a, const cli_source *s, double **rho,
                        basin_sharpness_options *out)
{
    int                     status = CLI_OK;
    size_t                  seed;
    basin_sharpness_options o = {.recorded_rho = recorded_rho,
                                 .momentum = basin_checkpoint_momentum(s->ck),
                                 .find_top = cli_has(a, "top"),
                                 .split = s->splits[0]};

    CLI_TRY(cli_reals(a, "rho", rho, &o.rho_count));
    CLI_TRY(cli_size(a, "random", 0, &o.random));
    CLI_TRY(cli_size(a, "seed", 0, &seed));
    for (size_t i = 0; i < o.rho_count; i++)
        CLI_CHECK(isfinite((*rho)[i]), "--rho: radius number %zu, %g, is not finite", i + 1, (*rho)[i]);
    o.rho = *rho, o.seed = seed;
    *out = o;
done:
    return status;
}

static int forecast(const cli_arguments *a, cli_source *s, basin_forecast **out)
{
    int                     status = CLI_OK;
    basin_point            *point;
    double                 *rho = NULL;
    basin_sharpness_options o;

    if (cli_has(a, "measure")) return cli_sharpness_table_forecast(a, s, out);
    CLI_TRY(read_options(a, s, &rho, &o));
    CLI_TRY(cli_source_point(s, &point));
    CLI_LIBRARY(basin_sharpness_forecast(point, &o, out));
done:
    basin_free(rho);
    return status;
}

static int measure(const cli_arguments *a, cli_source *s, void **out)
{
    int                     status = CLI_OK;
    basin_point            *point;
    double                 *rho = NULL;
    basin_sharpness        *sharpness = NULL;
    basin_sharpness_options o;

    if (cli_has(a, "measure")) return cli_sharpness_table_measure(a, s, out);
    CLI_TRY(read_options(a, s, &rho, &o));
    CLI_TRY(cli_source_point(s, &point));
    CLI_LIBRARY(basin_sharpness_compute(point, &o, &sharpness));
    *out = sharpness;
done:
    basin_free(rho);
    return status;
}

/* How far the two directions of the methods' own look along the sharpest one. */
static void print_directions(const basin_sharpness *s, FILE *out)
{
    fprintf(out, "  momentum        |v| = %s, cos(v, g) = %s\n", cli_number(s->momentum_norm, 6),
            cli_number(s->momentum_gradient_cosine, 4));
    if (!isnan(s->gradient_top_cosine2))
        fprintf(out, "  top direction   cos^2(v, e1) = %s, cos^2(g, e1) = %s\n",
                cli_number(s->momentum_top_cosine2, 4), cli_number(s->gradient_top_cosine2, 4));
    fputc('\n', out);
}

static void print_definitions(const basin_sharpness *s, FILE *out)
{
    char name[40];

    for (size_t i = 0; i < s->rise_count; i++) {
        const basin_rise *rise = &s->rises[i], *before = i > 0 ? rise - 1 : NULL;
        if (before != NULL && rise->direction == before->direction && rise->seed == before->seed) continue;
        fprintf(out, "  %s: %s\n", basin_rise_name(rise, name), rise->definition);
    }
    fputs("  rise = slope part (odd in rho) + symmetrised rise (even, of curvature: L(+rho) and L(-rho) "
          "averaged, less L)\n"
          "  g and v differ from method to method in where they look: compare methods along top or random "
          "directions too\n",
          out);
}

/* A loss carries a relative error of about that of the arithmetic inside the network, and a difference of
   losses that much of the loss. */
static double rounding_of(const basin_sharpness *s, const basin_provenance *provenance)
{
    const bool single = provenance != NULL && provenance->precision == BASIN_SINGLE;

    return (single ? 1.2e-7 : 2.2e-16) * fabs(s->loss);
}

/* With the digits that rounding leaves, 6 at most. */
static void rise_cell(cli_table *table, double value, double rounding)
{
    const double digits = value != 0.0 ? floor(log10(fabs(value) / rounding)) : 6.0;

    cli_table_number(table, value, digits >= 1.0 && digits < 6.0 ? (int)digits : digits < 1.0 ? 1 : 6);
}

static void print_rounding(const basin_sharpness *s, double rounding, FILE *out)
{
    size_t count = 0;

    for (size_t i = 0; i < s->rise_count; i++)
        count += s->rises[i].rho != 0.0 && fabs(s->rises[i].symmetric) < 100.0 * rounding;
    if (count > 0)
        fprintf(out,
                "  %zu symmetrised %s below 100 times the rounding of the loss, about %.1g: the error may "
                "exceed 1 %%\n",
                count, count == 1 ? "rise is" : "rises are", rounding);
}

static void print_rises(const basin_result *result, FILE *out)
{
    const basin_sharpness *s = result->value;
    const double           rounding = rounding_of(s, result->provenance);
    cli_table             *table = cli_table_create("lrrrrr");
    char                   name[40];

    cli_report_source(result, s->samples, s->parameters, out);
    fprintf(out, "  loss            %.8g\n", s->loss);
    cli_report_stationarity(&s->stationarity, out);
    print_directions(s, out);
    cli_table_titles(table, "along|rho|rise|slope part|symmetrised|loss there");
    for (size_t i = 0; i < s->rise_count; i++) {
        const basin_rise *rise = &s->rises[i];
        cli_table_cell(table, "%s", basin_rise_name(rise, name));
        cli_table_number(table, rise->rho, 4);
        rise_cell(table, rise->value, rounding);
        rise_cell(table, rise->slope, rounding);
        rise_cell(table, rise->symmetric, rounding);
        cli_table_number(table, rise->loss, 8);
    }
    cli_table_print(table, 2, out);
    print_definitions(s, out);
    print_rounding(s, rounding, out);
}

static void print(const basin_result *result, FILE *out)
{
    (result->kind == BASIN_RESULT_SHARPNESS ? print_rises : cli_sharpness_table_print)(result, out);
}

static basin_result_kind kind_of(const cli_arguments *a)
{
    return cli_has(a, "measure") ? BASIN_RESULT_SHARPNESS_TABLE : BASIN_RESULT_SHARPNESS;
}

const cli_command cli_command_sharpness = {
    .name = "sharpness",
    .usage = "sharpness CKPT… [--rho R,R,…] [--top] [--random N] | --measure NAME,…|all",
    .about = "One-step SAM sharpness L(theta + rho g/|g|) - L(theta) (arXiv:2010.01412) and MSAM sharpness\n"
             "L(theta - rho v/|v|) - L(theta) (arXiv:2401.12033, the published sign); a negative rho is the "
             "other sign.\n"
             "Each rise is split into its slope part and the symmetrised rise, which alone is of curvature. "
             "All checkpoints\n"
             "named together are measured at the same radii.\n"
             "With --measure, named measures of sharpness, each at radii of its own (docs/measures.md has "
             "them all):\n"
#define BASIN_SHARPNESS_MEASURE(name, ...) " " #name
#include "basin_sharpness_measures.h"
    ,
    .examples = "  basin sharpness runs/msam_0/step_000400.h5 --rho -0.1,-0.05,0.05,0.1 --top --random 3 "
                "--plot sharpness.svg\n"
                "  basin sharpness runs/sam_0/step_000400.h5 --measure all --plot measures.svg\n",
    .options = options,
    .common = CLI_COMMON_RESULT | CLI_COMMON_DATA | CLI_COMMON_WORK | CLI_COMMON_POINT | CLI_COMMON_STATE,
    .least = 1,
    .most = SIZE_MAX,
    .kind = BASIN_RESULT_SHARPNESS,
    .kind_of = kind_of,
    .check = check,
    .measure = measure,
    .forecast = forecast,
    .print = print,
    .verdict = cli_sharpness_table_verdict,
};

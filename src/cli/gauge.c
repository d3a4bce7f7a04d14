#include "cli/gauge.h"

#include <math.h>

static int read_options(const cli_arguments *a, basin_row_options *out)
{
    int               status = CLI_OK;
    size_t            seed;
    basin_row_options o = {.rho = cli_real(a, "rho", 0)};

    CLI_TRY(cli_spectral_options(a, &o.spectrum));
    CLI_TRY(cli_sane_options(a, NAN, &o.sane));
    CLI_TRY(cli_size(a, "seed", 0, &seed));
    o.seed = seed;
    *out = o;
done:
    return status;
}

void cli_gauge_close(cli_gauge *g)
{
    for (size_t part = 1; part < CLI_PARTS; part++) basin_objective_destroy(&g->halves[part]);
    basin_objective_destroy(&g->clean);
    cli_source_close(&g->source);
}

int cli_gauge_open(const cli_arguments *a, const char *path, cli_gauge *g)
{
    int         status = CLI_OK;
    cli_source *s = &g->source;

    g->a = a;
    CLI_TRY(read_options(a, &g->options));
    CLI_TRY(cli_source_open(a, path, true, true, s));
    CLI_TRY(cli_source_clean(s, &g->clean));
    CLI_TRY(cli_spectral_fits(&g->options.spectrum, "the network", basin_objective_size(s->objectives[0])));
    size_t samples = basin_objective_samples(s->objectives[0]);
    for (size_t part = 1; part < CLI_PARTS && samples >= 2 && samples < cli_source_split_samples(s); part++)
        CLI_TRY(cli_source_objective(s, s->splits[0], part, &g->halves[part]));
done:
    return cli_name_file(status, path);
}

int cli_gauge_test_parts(const cli_gauge *g, cli_test_parts *out)
{
    int              status = CLI_OK;
    basin_objective *test = g->source.count > 1 ? g->source.objectives[1] : NULL;
    size_t           samples = test != NULL ? basin_objective_samples(test) : 0;

    *out = (cli_test_parts){.count = samples / 2 < CLI_TEST_PARTS ? samples / 2 : CLI_TEST_PARTS};
    if (out->count < 2)
        out->count = 0;
    else
        CLI_LIBRARY(basin_test_parts(test, g->source.ck->theta, &g->source.record.included, out->count,
                                     g->options.seed, out->loss, out->accuracy));
done:
    return status;
}

int cli_gauge_measure(cli_gauge *g, basin_point_kind point, size_t part, basin_row *out)
{
    int               status = CLI_OK;
    const cli_source *s = &g->source;
    basin_objective  *test = part == 0 && s->count > 1 ? s->objectives[1] : NULL;
    basin_point      *at = NULL;

    g->options.point = point;
    CLI_LIBRARY(
        basin_point_create(part == 0 ? s->objectives[0] : g->halves[part], s->ck->theta, &s->record, &at));
    CLI_LIBRARY(basin_row_compute(at, test, part == 0 ? g->clean : NULL, s->ck, &g->options, out));
    CLI_TRY(cli_source_row(s, out));
done:
    basin_point_destroy(&at);
    return status;
}

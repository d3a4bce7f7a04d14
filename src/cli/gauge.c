#include "cli/gauge.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Names of what is measured on request only. */
static void list_requests(char *text, size_t room)
{
    size_t used = 0;

    for (size_t i = 0; i < BASIN_MEASURES && used < room; i++)
        if (basin_columns[i].needs & BASIN_NEEDS_ON_REQUEST)
            used += (size_t)snprintf(text + used, room - used, "%s | ", basin_columns[i].name);
    if (used < room) snprintf(text + used, room - used, "core | all");
}

static bool is_word(const char *name, size_t length, const char *word)
{
    return strlen(word) == length && strncmp(name, word, length) == 0;
}

/* One of the names of --measures, of `length` letters. What is measured anyway, «core», asks for nothing. */
static int request_one(const char *name, size_t length, basin_row_options *o)
{
    char choices[800];

    if (is_word(name, length, "core")) return CLI_OK;
    if (is_word(name, length, "all")) {
        o->request = BASIN_NEEDS_ON_REQUEST;
        for (size_t i = 0; i < BASIN_MEASURES; i++) o->chosen[i] = true;
        return CLI_OK;
    }
    for (size_t i = 0; i < BASIN_MEASURES; i++) {
        const basin_column *column = &basin_columns[i];
        if (!is_word(name, length, column->name)) continue;
        o->request |= column->needs & BASIN_NEEDS_ON_REQUEST;
        o->chosen[i] = true;
        return CLI_OK;
    }
    list_requests(choices, sizeof choices);
    return cli_usage("--measures: «%.*s» is none of %s", (int)length, name, choices);
}

static int read_requests(const cli_arguments *a, basin_row_options *o)
{
    int         status = CLI_OK;
    const char *usual = a->command->measures != NULL ? a->command->measures : "core";
    const char *names = cli_text(a, "measures", usual);

    for (const char *name = names; *name != '\0';) {
        const size_t length = strcspn(name, ",");
        CLI_TRY(request_one(name, length, o));
        name += length + (name[length] == ',');
    }
    CLI_TRY(cli_size(a, "subspace", 0, &o->subspace));
    CLI_CHECK(!cli_has(a, "subspace") || o->subspace > 0, "--subspace must be at least 1");
    if (o->subspace > 0) o->request |= BASIN_NEEDS_SUBSPACE;
    CLI_TRY(cli_size(a, "batches", 0, &o->batches));
    CLI_TRY(cli_size(a, "batch-size", 0, &o->batch_size));
    CLI_CHECK(!cli_has(a, "batches") || o->batches > 1, "--batches must be at least 2");
    CLI_CHECK(!cli_has(a, "batch-size") || o->batch_size > 0, "--batch-size must be at least 1");
    if (o->batches + o->batch_size > 0) o->request |= BASIN_NEEDS_BATCHES;
done:
    return status;
}

int cli_gauge_requests(const cli_arguments *a, unsigned *request)
{
    int               status = CLI_OK;
    basin_row_options o = {0};

    CLI_TRY(read_requests(a, &o));
    *request = o.request;
done:
    return status;
}

static int read_options(const cli_arguments *a, basin_row_options *out)
{
    int               status = CLI_OK;
    size_t            seed;
    basin_row_options o = {.rho = cli_real(a, "rho", 0)};

    CLI_TRY(cli_spectral_options(a, &o.spectrum));
    CLI_TRY(cli_sane_options(a, NAN, &o.sane));
    CLI_TRY(read_requests(a, &o));
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
    basin_eigenspace_destroy(&g->space);
    basin_layers_clear(&g->layers);
    cli_source_close(&g->source);
}

int cli_gauge_open(const cli_arguments *a, const char *path, cli_gauge *g)
{
    int         status = CLI_OK;
    cli_source *s = &g->source;

    g->a = a;
    CLI_TRY(read_options(a, &g->options));
    if (g->turning) g->options.eigenspace = &g->space; /* counted among what it costs */
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
    const bool kept = point == BASIN_POINT_RAW && part == 0 && g->turning;
    g->options.eigenspace = kept ? &g->space : NULL;
    g->options.layers = kept ? &g->layers : NULL;
    CLI_LIBRARY(
        basin_point_create(part == 0 ? s->objectives[0] : g->halves[part], s->ck->theta, &s->record, &at));
    CLI_LIBRARY(basin_row_compute(at, test, part == 0 ? g->clean : NULL, s->ck, &g->options, out));
    CLI_TRY(cli_source_row(s, out));
done:
    basin_point_destroy(&at);
    return status;
}

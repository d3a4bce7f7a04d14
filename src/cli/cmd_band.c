/* basin band: one line through the parameters for several seeds, classes or mini-batches. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/report.h"
#include "cli/source.h"
#include "cli/table.h"

enum { SEEDS_MOST = 1000 };

static const cli_option options[] = {
    {"along", CLI_TEXT, "D",
     "random:A..B, directions of these seeds; or one direction for --by: momentum | adam | gradient | "
     "eigen:I | update | sam[:RHO] | usam[:RHO] | msam[:RHO] | random[:SEED]",
     false},
    {"by", CLI_CHOICE, "class|batch", "a line for each class, or for each of several mini-batches", false},
    {"batches", CLI_WHOLE, "N", "how many mini-batches (default: 50)", false},
    {"batch-size", CLI_WHOLE, "B", "samples of each (default: as recorded, else 128)", false},
    {"range", CLI_RANGE, "FROM:TO", "coordinates, multiples of the direction (default: -1:1)", false},
    {"grid", CLI_WHOLE, "N", "points (default: 51)", false},
    {NULL, CLI_FLAG, NULL, NULL, false}};

typedef struct wanted {
    basin_band_request   request;
    uint64_t             seeds[SEEDS_MOST];
    size_t               count; /* of seeds; 0: one direction */
    basin_direction_spec spec;  /* of it */
} wanted;

/* random:A..B into the seeds; false where the text is another direction. */
static bool read_seeds(const char *text, wanted *w)
{
    const char        *dots = strstr(text, "..");
    char              *end = NULL;
    unsigned long long from, to;

    if (strncmp(text, "random:", 7) != 0 || dots == NULL) return false;
    errno = 0;
    from = strtoull(text + 7, &end, 10);
    if (end != dots) return false;
    to = strtoull(dots + 2, &end, 10);
    if (*end != '\0' || errno != 0 || to <= from || to - from >= SEEDS_MOST) return false;
    for (unsigned long long seed = from; seed <= to; seed++) w->seeds[w->count++] = seed;
    return true;
}

static int read_line(const cli_arguments *a, wanted *w)
{
    int         status = CLI_OK;
    size_t      points;
    const char *range = cli_text(a, "range", "-1:1");

    CLI_TRY(cli_size(a, "grid", 51, &points));
    CLI_WANT(points >= 2, "band: --grid must be at least 2, got %zu", points);
    w->request.grid = points;
    CLI_WANT(strncmp(range, "auto", 4) != 0, "band: --range %s: wanted FROM:TO; slice takes auto", range);
    cli_range(range, &w->request.from, &w->request.to);
    CLI_WANT(isfinite(w->request.from) && isfinite(w->request.to) && w->request.from < w->request.to,
             "band: --range %s: wanted FROM < TO, both finite", range);
done:
    return status;
}

/* What the point and its checkpoint give; slice takes directions that other files and splits give. */
static bool is_own(const basin_direction_spec *spec)
{
    switch (spec->kind) {
    case BASIN_DIRECTION_GRADIENT: return spec->path == NULL;
    case BASIN_DIRECTION_MOMENTUM:
    case BASIN_DIRECTION_ADAM:
    case BASIN_DIRECTION_EIGEN:
    case BASIN_DIRECTION_UPDATE:
    case BASIN_DIRECTION_SAM:
    case BASIN_DIRECTION_USAM:
    case BASIN_DIRECTION_MSAM:
    case BASIN_DIRECTION_RANDOM: return true;
    default: return false;
    }
}

static int read_what(const cli_arguments *a, wanted *w)
{
    int         status = CLI_OK;
    const char *along = cli_text(a, "along", NULL), *by = cli_text(a, "by", NULL);

    *w = (wanted){0};
    CLI_WANT(along != NULL, "band: along what? --along random:1..8, or --along D --by class|batch");
    if (by == NULL) {
        CLI_WANT(read_seeds(along, w),
                 "band: --along %s without --by: wanted random:A..B, two to %d seeds from A to B", along,
                 SEEDS_MOST);
        w->request.by = BASIN_BAND_SEED;
    } else {
        w->request.by = strcmp(by, "class") == 0 ? BASIN_BAND_CLASS : BASIN_BAND_BATCH;
        CLI_WANT(strstr(along, "..") == NULL || strncmp(along, "random:", 7) != 0,
                 "band: --along %s is a line for each seed, --by %s one direction for all: either of them",
                 along, by);
        if (basin_direction_parse(along, &w->spec) != BASIN_OK)
            return cli_usage("band: %s", basin_error_message());
        CLI_WANT(is_own(&w->spec),
                 "band: --along %s leads through another file or split, which slice takes and band does not",
                 along);
    }
    CLI_WANT(w->request.by == BASIN_BAND_BATCH || !(cli_has(a, "batches") || cli_has(a, "batch-size")),
             "band: --batches and --batch-size are of --by batch");
    CLI_WANT(!cli_has(a, "batches") || strtoll(cli_text(a, "batches", "0"), NULL, 10) > 1,
             "band: --batches must be at least 2");
    CLI_TRY(read_line(a, w));
done:
    return status;
}

static int check(const cli_arguments *a)
{
    wanted w;

    return read_what(a, &w);
}

static int read_batches(const cli_arguments *a, const cli_source *s, basin_band_request *r)
{
    int    status = CLI_OK;
    size_t seed;

    CLI_TRY(cli_size(a, "batches", 0, &r->batches));
    CLI_TRY(cli_size(a, "batch-size", s->ck->hyper.batch_size > 0 ? (size_t)s->ck->hyper.batch_size : 0,
                     &r->batch_size));
    CLI_CHECK(!cli_has(a, "batch-size") || r->batch_size > 0, "--batch-size must be at least 1");
    CLI_TRY(cli_size(a, "seed", 0, &seed));
    r->seed = seed;
done:
    return status;
}

/* The class of each sample of the first objective: of the whole split, or of the rows of --rows. */
static int read_classes(const cli_arguments *a, const cli_source *s, int64_t **out)
{
    int                status = CLI_OK;
    const basin_split *split = basin_dataset_split(s->data, s->splits[0]);
    const size_t       count = basin_objective_samples(s->objectives[0]);
    const bool         chosen = s->subset.path != NULL && strcmp(s->splits[0], "test") != 0;
    int64_t           *classes = NULL;

    CLI_CHECK(s->data->classes != NULL, "%s: --by class: its data have values, not classes", s->ck->path);
    CLI_CHECK(!cli_has(a, "samples") && !cli_has(a, "test-samples"),
              "--by class takes all samples, or those of --rows");
    CLI_CHECK(split != NULL && count == (chosen ? s->subset.count : split->count),
              "%s: --by class: %zu samples have no class each", s->ck->path, count);
    CLI_ALLOC(classes, count);
    for (size_t i = 0; i < count; i++)
        classes[i] = s->data->classes[split->rows[chosen ? s->subset.rows[i] : i]];
    *out = classes, classes = NULL;
done:
    basin_free(classes);
    return status;
}

static int make_directions(const cli_source *s, basin_point *point, wanted *w, basin_direction **out)
{
    int                    status = CLI_OK;
    basin_random_options   random = {0};
    basin_direction_source source = {.point = point, .ck = s->ck, .random = &random};
    basin_direction_spec   spec = w->spec;

    for (size_t i = 0; i < (w->count > 0 ? w->count : 1); i++) {
        if (w->count > 0) spec = (basin_direction_spec){.kind = BASIN_DIRECTION_RANDOM, .seed = w->seeds[i]};
        CLI_LIBRARY(basin_direction_make(&source, &spec, &out[i]));
        if (out[i]->warning != NULL) cli_warn("%s: %s", s->ck->path, out[i]->warning);
    }
done:
    return status;
}

/* All but the directions. *classes is the caller's to free. */
static int prepare(const cli_arguments *a, cli_source *s, wanted *w, int64_t **classes)
{
    int status = CLI_OK;

    CLI_TRY(read_what(a, w));
    CLI_TRY(cli_source_point(s, &w->request.point));
    if (w->request.by == BASIN_BAND_BATCH) CLI_TRY(read_batches(a, s, &w->request));
    if (w->request.by == BASIN_BAND_CLASS) CLI_TRY(read_classes(a, s, classes));
    w->request.split = s->splits[0];
    w->request.classes = *classes;
    w->request.seeds = w->seeds;
    w->request.direction_count = w->count > 0 ? w->count : 1;
done:
    return status;
}

static int forecast(const cli_arguments *a, cli_source *s, basin_forecast **out)
{
    int      status = CLI_OK;
    wanted   w;
    int64_t *classes = NULL;

    CLI_TRY(prepare(a, s, &w, &classes));
    CLI_LIBRARY(basin_band_forecast(&w.request, &w.spec, out));
done:
    basin_free(classes);
    return status;
}

static int measure(const cli_arguments *a, cli_source *s, void **out)
{
    int               status = CLI_OK;
    wanted            w;
    basin_band       *band = NULL;
    basin_direction **directions = NULL;
    int64_t          *classes = NULL;
    size_t            count = 0;

    CLI_TRY(prepare(a, s, &w, &classes));
    count = w.request.direction_count;
    CLI_ALLOC(directions, count);
    CLI_TRY(make_directions(s, w.request.point, &w, directions));
    w.request.directions = (const basin_direction *const *)directions;
    CLI_LIBRARY(basin_band_compute(&w.request, &band));
    *out = band;
done:
    for (size_t i = 0; directions != NULL && i < count; i++) basin_direction_destroy(&directions[i]);
    basin_free(directions);
    basin_free(classes);
    return status;
}

/* -------------------------------------------------------------------------------------------- printing -- */

static void print_line(cli_table *table, const basin_band *b, size_t i)
{
    double least = INFINITY, most = -INFINITY;

    for (size_t k = 0; k < b->line_count; k++) {
        const double loss = b->loss[k * b->count + i];
        if (isfinite(loss)) least = fmin(least, loss), most = fmax(most, loss);
    }
    cli_table_number(table, b->coordinates[i], 4);
    if (b->by != BASIN_BAND_SEED) cli_table_number(table, b->whole[i], 6);
    cli_table_number(table, b->mean[i], 6);
    if (b->by != BASIN_BAND_CLASS)
        cli_table_cell(table, "%s to %s", cli_number(b->lower[i], 4), cli_number(b->upper[i], 4));
    cli_table_number(table, b->deviation[i], 3);
    cli_table_number(table, least > most ? (double)NAN : least, 4);
    cli_table_number(table, least > most ? (double)NAN : most, 4);
}

/* At most 21 of the points; the stored result and --json hold them all. */
static void print_points(const basin_band *b, FILE *out)
{
    const bool   whole = b->by != BASIN_BAND_SEED, drawn = b->by != BASIN_BAND_CLASS;
    cli_table   *table = cli_table_create(whole && drawn ? "rrrrrrr" : "rrrrrr");
    const size_t stride = (b->count + 20) / 21;

    cli_table_titles(table, !whole  ? "s|mean|95 % of the mean|deviation|least|most"
                            : drawn ? "s|all samples|mean|95 % of the mean|deviation|least|most"
                                    : "s|all samples|mean|deviation|least|most");
    for (size_t i = 0; i < b->count; i++)
        if (i % stride == (b->count / 2) % stride || i == 0 || i + 1 == b->count) print_line(table, b, i);
    cli_table_print(table, 2, out);
}

static void print(const basin_result *result, FILE *out)
{
    static const char *const what[] = {
        [BASIN_BAND_SEED] = "seeds", [BASIN_BAND_CLASS] = "classes", [BASIN_BAND_BATCH] = "mini-batches"};
    const basin_band *b = result->value;

    cli_report_source(result, b->samples, b->parameters, out);
    fprintf(out, "  %-14s  %s\n", b->direction, b->definition != NULL ? b->definition : "as given");
    fprintf(out, "                  %zu points from %g to %g on %s, norm %.6g\n", b->count, b->coordinates[0],
            b->coordinates[b->count - 1], b->split, b->lines[0].norm);
    fprintf(out, "  lines           %zu %s", b->line_count, what[b->by]);
    if (b->by == BASIN_BAND_BATCH)
        fprintf(out, " of %s samples, each drawn without replacement with seed %llu",
                cli_thousands(b->batch_size), (unsigned long long)b->seed);
    fputs("\n\n", out);
    print_points(b, out);
}

const cli_command cli_command_band = {
    .name = "band",
    .usage = "band CKPT --along random:A..B | --along D --by class|batch",
    .about = "The loss on theta + s d several times: along filter-normalised random directions of several "
             "seeds, or along one direction\n"
             "on the samples of one class each, or on random mini-batches (what their noise does to a "
             "landscape), with the mean over the\n"
             "lines, its 95 % interval by Student's t, and their standard deviation.",
    .examples =
        "  basin band runs/msam_0/step_000400.h5 --along random:1..8 --plot seeds.pdf\n"
        "  basin band runs/msam_0/step_000400.h5 --along gradient --by batch --batches 50 --batch-size "
        "128\n",
    .options = options,
    .common = CLI_COMMON_RESULT | CLI_COMMON_DATA | CLI_COMMON_WORK | CLI_COMMON_POINT | CLI_COMMON_STATE,
    .least = 1,
    .most = 1,
    .kind = BASIN_RESULT_BAND,
    .check = check,
    .measure = measure,
    .forecast = forecast,
    .print = print,
};

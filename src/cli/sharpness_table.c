#include "cli/sharpness_table.h"

#include <math.h>
#include <string.h>

#include "cli/nearest.h"
#include "cli/provenance.h"
#include "cli/report.h"

typedef struct asked { /* for */
    size_t                        count;
    basin_sharpness_measure       measures[BASIN_SHARPNESS_MEASURES];
    double                       *rho;
    basin_checkpoint             *start; /* of the run; NULL: not known, or not wanted */
    basin_sharpness_table_options options;
} asked;

static void release(asked *all)
{
    basin_free(all->rho);
    basin_checkpoint_destroy(&all->start);
}

/* --------------------------------------------------------------------------------------------- options -- */

static const char *nearest(const char *name)
{
    const char *best = NULL;
    size_t      least = SIZE_MAX;

    for (size_t i = 0; i < BASIN_SHARPNESS_MEASURES; i++) {
        const char  *candidate = basin_sharpness_entries[i].name;
        const size_t edits = cli_edits(name, candidate);
        if (edits < least && edits <= cli_edits_allowed(candidate)) least = edits, best = candidate;
    }
    return best;
}

static int add_name(const char *name, asked *out)
{
    int                     status = CLI_OK;
    basin_sharpness_measure m;

    if (basin_sharpness_measure_find(name, &m) != BASIN_OK) {
        const char *near = nearest(name);
        if (near != NULL) return cli_usage("sharpness: --measure: no measure %s; is %s meant?", name, near);
        return cli_usage("sharpness: --measure: %s | all", basin_error_message());
    }
    for (size_t i = 0; i < out->count; i++)
        CLI_WANT(out->measures[i] != m, "sharpness: --measure names %s twice", name);
    out->measures[out->count++] = m;
done:
    return status;
}

static int read_names(const cli_arguments *a, asked *out)
{
    int         status = CLI_OK;
    const char *text = cli_text(a, "measure", "");
    char        name[40];

    if (strcmp(text, "all") == 0) {
        for (; out->count < BASIN_SHARPNESS_MEASURES; out->count++)
            out->measures[out->count] = (basin_sharpness_measure)out->count;
        return CLI_OK;
    }
    for (;; text++) {
        const size_t length = strcspn(text, ",");
        CLI_WANT(length > 0 && length < sizeof name,
                 "sharpness: --measure wants names with commas between, or all, got «%s»",
                 cli_text(a, "measure", ""));
        memcpy(name, text, length);
        name[length] = '\0';
        CLI_TRY(add_name(name, out));
        text += length;
        if (*text == '\0') break;
    }
done:
    return status;
}

/* A number that must be at least `least` where it is given. */
static int read_size(const cli_arguments *a, const char *name, size_t least, size_t *out)
{
    int status = CLI_OK;

    CLI_TRY(cli_size(a, name, 0, out));
    CLI_WANT(!cli_has(a, name) || *out >= least, "sharpness: --%s must be at least %zu, got %zu", name, least,
             *out);
done:
    return status;
}

static int check_radii(const asked *out)
{
    int status = CLI_OK;

    for (size_t i = 0; i < out->options.rho_count; i++) {
        CLI_WANT(isfinite(out->rho[i]), "sharpness: --rho: radius number %zu, %g, is not finite", i + 1,
                 out->rho[i]);
        for (size_t m = 0; m < out->count && !(out->rho[i] > 0); m++) {
            const basin_sharpness_entry *entry = &basin_sharpness_entries[out->measures[m]];
            CLI_WANT(entry->radius != BASIN_RADIUS_POSITIVE,
                     "sharpness: --rho: %s takes positive radii, got %g", entry->name, out->rho[i]);
        }
    }
done:
    return status;
}

/* An option that no measure named takes says something that is not so. */
static int check_taken(const cli_arguments *a, const asked *all)
{
    int status = CLI_OK;
    static const struct {
        const char *name;
        unsigned    setting;
    } options[] = {{"steps", BASIN_TAKES_STEPS},
                   {"batch-size", BASIN_TAKES_BATCHES},
                   {"batches", BASIN_TAKES_BATCHES},
                   {"draws", BASIN_TAKES_DRAWS},
                   {"restarts", BASIN_TAKES_RESTARTS}};

    for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
        unsigned taken = 0;
        for (size_t m = 0; m < all->count; m++) taken |= basin_sharpness_entries[all->measures[m]].settings;
        CLI_WANT(!cli_has(a, options[i].name) || (taken & options[i].setting) != 0,
                 "sharpness: --%s: no measure named takes it", options[i].name);
    }
done:
    return status;
}

static int read_options(const cli_arguments *a, asked *out)
{
    int                            status = CLI_OK;
    basin_sharpness_table_options *o = &out->options;
    size_t                         seed;

    CLI_TRY(read_names(a, out));
    CLI_TRY(cli_reals(a, "rho", &out->rho, &o->rho_count));
    CLI_TRY(check_radii(out));
    CLI_TRY(check_taken(a, out));
    CLI_TRY(read_size(a, "steps", 1, &o->steps));
    CLI_TRY(read_size(a, "batch-size", 1, &o->batch_size));
    CLI_TRY(read_size(a, "batches", 1, &o->batches));
    CLI_TRY(read_size(a, "draws", 2, &o->draws));
    CLI_TRY(read_size(a, "restarts", 1, &o->restarts));
    CLI_TRY(cli_size(a, "seed", 0, &seed));
    o->seed = seed;
    o->rho = out->rho;
    o->measures = out->measures, o->measure_count = out->count;
done:
    return status;
}

/* Of the command that runs: measures that were asked for by name are to be had, or it fails. */
static bool by_name;

int cli_sharpness_table_check(const cli_arguments *a)
{
    int                      status = CLI_OK;
    asked                    all = {0};
    static const char *const without[] = {"top", "random"}, *const with[] = {"steps", "batch-size", "batches",
                                                                             "draws", "restarts"};

    for (size_t i = 0; i < sizeof with / sizeof *with && !cli_has(a, "measure"); i++)
        CLI_WANT(!cli_has(a, with[i]), "sharpness: --%s is for --measure", with[i]);
    by_name = cli_has(a, "measure") && strcmp(cli_text(a, "measure", ""), "all") != 0;
    if (!cli_has(a, "measure")) goto done;
    for (size_t i = 0; i < sizeof without / sizeof *without; i++)
        CLI_WANT(!cli_has(a, without[i]), "sharpness: --%s does not go with --measure", without[i]);
    CLI_TRY(read_options(a, &all));
done:
    release(&all);
    return status;
}

/* --------------------------------------------------------------------------------------------- running -- */

static bool wants_start(const asked *all)
{
    for (size_t i = 0; i < all->count; i++)
        if (basin_sharpness_entries[all->measures[i]].settings & BASIN_TAKES_START) return true;
    return false;
}

/* Where the run of the checkpoint began, by its folder, joins the inputs; *out stays NULL where that is not
   known, or is another network. */
static int find_start(cli_source *s, basin_checkpoint **out)
{
    int               status = CLI_OK;
    const char       *path = s->ck->path, *name = strrchr(path, '/');
    char             *folder = basin_strdup(name != NULL ? path : ".");
    basin_run        *run = NULL;
    basin_checkpoint *start = NULL;

    CLI_CHECK(folder != NULL, "out of memory for a path");
    if (name != NULL) folder[name - path + (name == path)] = '\0';
    if (basin_run_open(folder, &run) != BASIN_OK ||
        basin_run_choose(run, name != NULL ? name + 1 : path) != BASIN_OK)
        goto done;
    CLI_LIBRARY(basin_run_start(run, &start));
    if (start == NULL || !basin_params_equal(start->params, s->ck->params)) goto done;
    CLI_TRY(cli_provenance_input(s->provenance, BASIN_INPUT_OTHER, start->path, start->digest));
    *out = start, start = NULL;
done:
    basin_free(folder);
    basin_run_destroy(&run);
    basin_checkpoint_destroy(&start);
    return status;
}

static int begin(const cli_arguments *a, cli_source *s, asked *out, basin_point **point)
{
    int           status = CLI_OK;
    const int64_t batch = s->ck->hyper.batch_size;

    CLI_TRY(read_options(a, out));
    out->options.momentum = basin_checkpoint_momentum(s->ck);
    out->options.checkpoint = s->ck;
    out->options.no_step = cli_has(a, "polish")          ? "the point is polished"
                           : s->provenance->averaged > 0 ? "the point is averaged"
                           : s->ck->loss.normalizes      ? "the loss is not that of the training"
                                                         : NULL;
    out->options.recorded_batch = batch > 0 ? (size_t)batch : 0;
    out->options.split = s->splits[0];
    if (wants_start(out)) CLI_TRY(find_start(s, &out->start));
    if (out->start != NULL) out->options.start = out->start->theta;
    CLI_TRY(cli_source_point(s, point));
done:
    return status;
}

int cli_sharpness_table_measure(const cli_arguments *a, cli_source *s, void **out)
{
    int                    status = CLI_OK;
    asked                  all = {0};
    basin_point           *point;
    basin_sharpness_table *table = NULL;

    CLI_TRY(begin(a, s, &all, &point));
    CLI_LIBRARY(basin_sharpness_table_compute(point, &all.options, &table));
    *out = table;
done:
    release(&all);
    return status;
}

int cli_sharpness_table_forecast(const cli_arguments *a, cli_source *s, basin_forecast **out)
{
    int          status = CLI_OK;
    asked        all = {0};
    basin_point *point;

    CLI_TRY(begin(a, s, &all, &point));
    CLI_LIBRARY(basin_sharpness_table_forecast(point, &all.options, out));
done:
    release(&all);
    return status;
}

/* -------------------------------------------------------------------------------------------- printing -- */

static void print_error(cli_table *table, const basin_sharpness_row *row)
{
    if (row->missing != NULL)
        cli_table_cell(table, "none: %s", row->missing);
    else if (row->number == BASIN_SHARPNESS_EXACT && isfinite(row->lower) && row->upper > row->lower)
        cli_table_cell(table, "within %s", cli_number(0.5 * (row->upper - row->lower), 2));
    else if (row->number == BASIN_SHARPNESS_EXACT)
        cli_table_cell(table, "exact");
    else if (row->number == BASIN_SHARPNESS_LOWER_BOUND)
        cli_table_cell(table, "a lower bound");
    else if (isnan(row->error) && isnan(row->lower) && isnan(row->upper))
        cli_table_cell(table, "unknown: of one %s", row->batches > 0 ? "batch" : "draw");
    else
        cli_table_cell(table, "%s%s%s%s to %s%s", isnan(row->error) ? "" : "± ",
                       isnan(row->error) ? "" : cli_number(row->error, 2),
                       isnan(row->error) ? "95 % " : ", 95 % ", cli_number(row->lower, 4),
                       cli_number(row->upper, 4),
                       row->number == BASIN_SHARPNESS_SAMPLED_BOUND ? ", of lower bounds" : "");
}

/* With the digits that rounding leaves, 6 at most: a loss carries a relative error of about that of the
   arithmetic inside the network. */
static void print_value(cli_table *table, const basin_sharpness_table *t, const basin_result *result,
                        const basin_sharpness_row *row)
{
    const bool   single = result->provenance != NULL && result->provenance->precision == BASIN_SINGLE;
    const double rounding = (single ? 1.2e-7 : 2.2e-16) * fabs(t->loss);
    const double digits = row->value != 0.0 ? floor(log10(fabs(row->value) / rounding)) : 6.0;

    cli_table_number(table, row->value, digits >= 1.0 && digits < 6.0 ? (int)digits : digits < 1.0 ? 1 : 6);
}

static void print_symmetries(const basin_sharpness_entry *entry, FILE *out)
{
    const char *before = "    known to be left alone by ";

    for (int s = 0; s < BASIN_SYMMETRIES; s++) {
        if (entry->symmetric[s] == BASIN_SYMMETRIC_NO) continue;
        fprintf(out, "%s%s", before, basin_symmetry_text((basin_symmetry)s));
        if (entry->symmetric[s] != BASIN_SYMMETRIC_YES)
            fprintf(out, " (%s)", basin_symmetric_text(entry->symmetric[s]));
        before = ", ";
    }
    fputs(strcmp(before, ", ") == 0 ? "\n" : "    known to be left alone by nothing\n", out);
}

static void print_definitions(const basin_sharpness_table *t, FILE *out)
{
    for (size_t i = 0; i < t->row_count; i++) {
        const basin_sharpness_row   *row = &t->rows[i];
        const basin_sharpness_entry *entry = &basin_sharpness_entries[row->measure];
        const bool                   first = i == 0 || row[-1].measure != row->measure;
        if (first) fprintf(out, "  %s: %s (%s)\n", entry->name, entry->definition, entry->source);
        if (first && row->part == NULL && row->settings != NULL) fprintf(out, "    %s\n", row->settings);
        if (first) print_symmetries(entry, out);
        if (row->part != NULL && row->settings != NULL)
            fprintf(out, "    %s: %s\n", row->part, row->settings);
    }
}

void cli_sharpness_table_print(const basin_result *result, FILE *out)
{
    const basin_sharpness_table *t = result->value;
    cli_table                   *table = cli_table_create("lrrlrr");

    cli_report_source(result, t->samples, t->parameters, out);
    fprintf(out, "  loss            %.8g", t->loss);
    if (!isnan(t->accuracy)) fprintf(out, ", accuracy %.2f %%", 100 * t->accuracy);
    fprintf(out, ", |g| = %.4g\n\n", t->gradient_norm);
    cli_table_titles(table, "measure|rho|value|error|gradients|losses");
    for (size_t i = 0; i < t->row_count; i++) {
        const basin_sharpness_row *row = &t->rows[i];
        cli_table_cell(table, "%s%s%s", basin_sharpness_entries[row->measure].name,
                       row->part != NULL ? " " : "", row->part != NULL ? row->part : "");
        cli_table_number(table, row->rho, 4);
        print_value(table, t, result, row);
        print_error(table, row);
        cli_table_cell(table, "%s", cli_thousands(row->gradients));
        cli_table_cell(table, "%s", cli_thousands(row->losses));
    }
    cli_table_print(table, 2, out);
    print_definitions(t, out);
}

/* The first row of the measure that begins at `first` where none of its rows has a value; *next is the
   measure after it. */
static const basin_sharpness_row *lacking(const basin_sharpness_table *t, size_t first, size_t *next)
{
    bool any = false;

    for (*next = first; *next < t->row_count && t->rows[*next].measure == t->rows[first].measure; ++*next)
        any = any || t->rows[*next].missing == NULL;
    return any ? NULL : &t->rows[first];
}

int cli_sharpness_table_verdict(const basin_result *result)
{
    int                          status = CLI_OK;
    const basin_sharpness_table *t = result->value;

    if (result->kind != BASIN_RESULT_SHARPNESS_TABLE || !by_name) return CLI_OK;
    for (size_t i = 0, next; i < t->row_count; i = next) {
        const basin_sharpness_row *row = lacking(t, i, &next);
        CLI_CHECK(row == NULL, "%s: %s: %s", result->provenance->inputs[0].path,
                  basin_sharpness_entries[row->measure].name, row->missing);
    }
done:
    return status;
}

#include "cli/track_more.h"

#include <math.h>

#include "cli/report.h"
#include "cli/row_jobs.h"

static bool is_raw(const basin_row *row)
{
    return row->part == 0 && row->point == BASIN_POINT_RAW && row->missing == NULL;
}

static void step_cell(cli_table *table, const basin_row *row)
{
    if (row->step >= 0)
        cli_table_integer(table, row->step);
    else
        cli_table_cell(table, "%s", cli_place(-1, row->epoch, row->checkpoint, (char[CLI_PLACE]){0}));
}

/* ------------------------------------------------------------------------------ what was asked for -- */

static bool is_known(const basin_row *rows, size_t count, size_t measure)
{
    for (size_t i = 0; i < count; i++)
        if (is_raw(&rows[i]) && !isnan(rows[i].measures[measure].value)) return true;
    return false;
}

static bool is_requested(const basin_row *rows, size_t count)
{
    for (size_t i = 0; i < BASIN_MEASURES; i++)
        if (basin_columns[i].needs & BASIN_NEEDS_ON_REQUEST && is_known(rows, count, i)) return true;
    return false;
}

/* With half of the interval. */
static void value_cell(cli_table *table, const basin_value *v, int digits)
{
    if (isnan(v->value))
        cli_table_cell(table, "-");
    else if (v->interval == BASIN_INTERVAL_NONE || v->upper - v->lower <= 1e-6 * fabs(v->value))
        cli_table_number(table, v->value, digits);
    else
        cli_table_cell(table, "%s ± %s", cli_number(v->value, digits),
                       cli_number(0.5 * (v->upper - v->lower), 2));
}

static void print_requested(const basin_row *rows, size_t count, FILE *out)
{
    char   alignment[BASIN_MEASURES + 2] = "r";
    bool   shown[BASIN_MEASURES] = {false};
    size_t columns = 1;

    if (!is_requested(rows, count)) return;
    for (size_t i = 0; i < BASIN_MEASURES; i++) {
        shown[i] = basin_columns[i].aside != NULL && is_known(rows, count, i);
        if (shown[i]) alignment[columns++] = 'r';
    }
    cli_table *table = cli_table_create(alignment);
    cli_table_cell(table, "step");
    for (size_t i = 0; i < BASIN_MEASURES; i++)
        if (shown[i]) cli_table_cell(table, "%s", basin_columns[i].aside);
    for (size_t row = 0; row < count; row++) {
        if (!is_raw(&rows[row])) continue;
        step_cell(table, &rows[row]);
        for (size_t i = 0; i < BASIN_MEASURES; i++)
            if (shown[i]) value_cell(table, &rows[row].measures[i], basin_columns[i].digits);
    }
    fputc('\n', out);
    cli_table_print(table, 2, out);
}

/* Of the last checkpoint that has them: each layer's share, and what of the energy in the top is in it. */
static void print_layers(const basin_track *track, size_t first, size_t count, FILE *out)
{
    const basin_layer *of = NULL;

    for (size_t i = 0; i < track->layer_count; i++)
        if (track->layers[i].row >= first && track->layers[i].row < first + count &&
            (of == NULL || track->layers[i].row > of->row))
            of = &track->layers[i];
    if (of == NULL) return;
    const basin_row *row = &track->rows[of->row];
    const bool       momentum = !isnan(of->momentum);
    cli_table       *table = cli_table_create(momentum ? "lrrrr" : "lrr");
    cli_table_titles(table, "layer|of g|in top k");
    if (momentum) cli_table_titles(table, "of v|in top k");
    for (const basin_layer *l = of; l < track->layers + track->layer_count && l->row == of->row; l++) {
        cli_table_cell(table, "%s", cli_plain(l->name));
        cli_table_cell(table, "%s", cli_percent(l->gradient));
        cli_table_cell(table, "%s", cli_percent(l->gradient_energy));
        if (!momentum) continue;
        cli_table_cell(table, "%s", cli_percent(l->momentum));
        cli_table_cell(table, "%s", cli_percent(l->momentum_energy));
    }
    fprintf(out, "\n  by layer at %s: of gradient and momentum, k = %g\n",
            cli_place(row->step, row->epoch, row->checkpoint, (char[CLI_PLACE]){0}), row->subspace);
    cli_table_print(table, 2, out);
}

/* ----------------------------------------------------------------------------------------- turning -- */

/* Those of one row stand together. */
static const basin_turn *turns_of(const basin_track *track, size_t row)
{
    for (size_t i = 0; i < track->turn_count; i++)
        if (track->turns[i].row == row) return &track->turns[i];
    return NULL;
}

static size_t dimension_of(const basin_row *rows, size_t count)
{
    size_t dimension = 0;

    for (size_t i = 0; i < count; i++)
        if (rows[i].turning.dimension > dimension) dimension = rows[i].turning.dimension;
    return dimension;
}

/* Of the spans of 1 to `dimension` vectors, to the checkpoint before or to the last one. */
static void angle_cells(cli_table *table, bool known, const basin_turn *turns, bool last, size_t own,
                        size_t dimension)
{
    for (size_t d = 0; d < dimension; d++) {
        const double angle = d < own ? last ? turns[d].last_angle : turns[d].angle : (double)NAN;
        if (!known || d >= own)
            cli_table_cell(table, "%s", "");
        else if (isnan(angle))
            cli_table_cell(table, "-");
        else
            cli_table_cell(table, "%.1f", angle);
    }
}

static void title_cell(cli_table *table, bool last, size_t d)
{
    if (d == 1)
        cli_table_cell(table, "%s", last ? "to the last: 1" : "to before: 1");
    else
        cli_table_cell(table, "%zu", d);
}

static void print_turning(const basin_track *track, size_t first, size_t count, FILE *out)
{
    enum { MOST = 40 };
    const size_t all = dimension_of(track->rows + first, count), k = all < MOST ? all : MOST;
    char         alignment[2 * MOST + 2] = "r";

    if (k == 0) return;
    for (size_t d = 0; d < 2 * k; d++) alignment[d + 1] = 'r';
    cli_table *table = cli_table_create(alignment);
    cli_table_cell(table, "step");
    for (size_t last = 0; last < 2; last++)
        for (size_t d = 1; d <= k; d++) title_cell(table, last, d);
    for (size_t i = first; i < first + count; i++) {
        const basin_turning *t = &track->rows[i].turning;
        const basin_turn    *turns = turns_of(track, i);
        if (turns == NULL) continue;
        step_cell(table, &track->rows[i]);
        angle_cells(table, t->since >= 0, turns, false, t->dimension, k);
        angle_cells(table, t->until >= 0, turns, true, t->dimension, k);
    }
    fprintf(
        out,
        "\n  degrees by which the span of the first 1 to %zu top eigenvectors has turned; -: no gap tells it "
        "from the others\n",
        k);
    cli_table_print(table, 2, out);
}

/* ------------------------------------------------------------------------------------------ phases -- */

static const char *words_of(const basin_phase *phase)
{
    switch (phase->kind) {
    case BASIN_PHASE_DESCENT: return "descent: the loss falls, lambda max does not rise";
    case BASIN_PHASE_SHARPENING: return "progressive sharpening";
    case BASIN_PHASE_EDGE:
        return phase->hovering ? "hovering at a ceiling that follows lambda max" : "at the edge of stability";
    case BASIN_PHASE_CATAPULT: return "catapult";
    default: return "not decided";
    }
}

static const char *step_words(int64_t step)
{
    return step >= 0 ? cli_thousands((size_t)step) : "?";
}

/* Nothing is said where nothing is decided. */
static void print_phases(const basin_track *track, size_t first, size_t count, FILE *out)
{
    bool any = false;

    for (size_t i = 0; i < track->phase_count; i++) {
        const basin_phase *p = &track->phases[i];
        if (p->first >= first && p->first < first + count) any = any || p->kind != BASIN_PHASE_UNDECIDED;
    }
    for (size_t i = 0; any && i < track->phase_count; i++) {
        const basin_phase *p = &track->phases[i];
        if (p->first < first || p->first >= first + count) continue;
        fprintf(out, "  steps %s to %s: %s", step_words(p->from), step_words(p->to), words_of(p));
        if (isfinite(p->from_ratio) && isfinite(p->to_ratio))
            fprintf(out, ", lambda max from %s to %s of the ceiling", cli_percent(p->from_ratio),
                    cli_percent(p->to_ratio));
        if (isfinite(p->peak)) fprintf(out, ", the loss up to %s times as large", cli_number(p->peak, 3));
        fputc('\n', out);
    }
}

void cli_track_print_more(const basin_track *track, size_t first, size_t count, FILE *out)
{
    print_phases(track, first, count, out);
    print_requested(track->rows + first, count, out);
    print_layers(track, first, count, out);
    print_turning(track, first, count, out);
}

/* What the parts of a comparison look at: rows, runs, the columns that are compared, and notes made of
   several parts. */
#include <math.h>
#include <string.h>

#include "analysis/compare/comparison.h"
#include "core/memory.h"

/* ------------------------------------------------------------------------------------------------ rows -- */

bool basin_is_checkpoint(const basin_row *row)
{
    return row->missing == NULL && row->point == BASIN_POINT_RAW && row->part == 0 && isnan(row->at_loss);
}

bool basin_is_start(const basin_row *row)
{
    return row->step == 0 && row->gradient_evaluations <= 0 && !(row->epoch > 0.0) &&
           basin_is_checkpoint(row);
}

/* A file that cannot be read tells neither method nor seed: its folder says whose it is. */
static bool is_unreadable(const basin_row *row)
{
    return row->missing != NULL && row->method == NULL && row->run != NULL;
}

bool basin_same_run(const basin_row *a, const basin_row *b)
{
    if (is_unreadable(a) || is_unreadable(b)) return basin_same_text(a->run, b->run);
    return a->seed == b->seed && basin_same_text(a->run, b->run) && basin_same_text(a->method, b->method);
}

bool basin_is_first_of_run(const basin_comparison *k, size_t row)
{
    for (size_t i = 0; i < row; i++)
        if (basin_same_run(&k->rows[i], &k->rows[row])) return false;
    return true;
}

size_t basin_row_beside(const basin_comparison *k, size_t row, int point, size_t part)
{
    const basin_row *at = &k->rows[row];

    for (size_t i = 0; i < k->row_count; i++) {
        const basin_row *other = &k->rows[i];
        bool             same_file = at->step >= 0 || basin_same_text(other->checkpoint, at->checkpoint);
        bool             same_place = same_file && other->step == at->step &&
                          (other->at_loss == at->at_loss || (isnan(other->at_loss) && isnan(at->at_loss)));
        if (other->missing == NULL && other->point == point && other->part == part && same_place &&
            basin_same_run(other, at))
            return i;
    }
    return BASIN_NO_ROW;
}

double basin_measured(const basin_row *row, const basin_column *column)
{
    double value = basin_column_value(row, column);

    return isfinite(value) && !basin_column_partial(row, column) ? value : (double)NAN;
}

/* ------------------------------------------------------------------------------------ what is compared -- */

/* A row that knows the column at all, be it as part of a truncated sum: then it is listed, and said not to be
   measured. */
static bool is_known(const basin_comparer *c, const basin_column *column)
{
    const basin_comparison *k = c->result;

    for (size_t g = 0; g < k->group_count; g++)
        for (size_t i = 0; i < k->groups[g].run_count; i++)
            for (int point = 0; point < BASIN_POINTS; point++) {
                size_t row = c->places[k->groups[g].rows[i] * BASIN_POINTS + (size_t)point];
                if (row != BASIN_NO_ROW && isfinite(basin_column_value(&k->rows[row], column))) return true;
            }
    return false;
}

static bool every_group_has(const basin_comparer *c, int point)
{
    const basin_comparison *k = c->result;

    for (size_t g = 0; g < k->group_count; g++) {
        bool any = false;
        for (size_t i = 0; i < k->groups[g].run_count; i++)
            any = any || c->places[k->groups[g].rows[i] * BASIN_POINTS + (size_t)point] != BASIN_NO_ROW;
        if (!any) return false;
    }
    return true;
}

basin_status basin_comparison_columns(basin_comparer *c)
{
    basin_status            st = BASIN_OK;
    const basin_comparison *k = c->result;

    BASIN_ALLOC(c->places, k->row_count * BASIN_POINTS, "rows of each kind of point");
    BASIN_ALLOC(c->columns, basin_column_count, "measures");
    for (size_t g = 0; g < k->group_count; g++)
        for (size_t i = 0; i < k->groups[g].run_count; i++) {
            size_t row = k->groups[g].rows[i];
            for (int point = 0; point < BASIN_POINTS; point++)
                c->places[row * BASIN_POINTS + (size_t)point] =
                    point == BASIN_POINT_RAW ? row : basin_row_beside(k, row, point, 0);
        }
    for (int point = 0; point < BASIN_POINTS; point++) c->points[point] = every_group_has(c, point);
    for (size_t i = 0; i < basin_column_count; i++)
        if (basin_columns[i].compared && is_known(c, &basin_columns[i]))
            c->columns[c->column_count++] = &basin_columns[i];
done:
    return st;
}

const basin_estimate *basin_comparison_estimate(const basin_comparison *comparison, const char *measure,
                                                const char *group, basin_point_kind point)
{
    for (size_t i = 0; i < comparison->estimate_count; i++) {
        const basin_estimate *e = &comparison->estimates[i];
        if (e->point == (int)point && strcmp(e->measure, measure) == 0 && strcmp(e->group, group) == 0)
            return e;
    }
    return NULL;
}

const basin_difference *basin_comparison_difference(const basin_comparison *comparison, const char *measure,
                                                    const char *group, const char *base,
                                                    basin_point_kind point)
{
    for (size_t i = 0; i < comparison->difference_count; i++) {
        const basin_difference *d = &comparison->differences[i];
        if (d->point == (int)point && strcmp(d->measure, measure) == 0 && strcmp(d->group, group) == 0 &&
            strcmp(d->base, base) == 0)
            return d;
    }
    return NULL;
}

/* ----------------------------------------------------------------------------------------------- notes -- */

basin_status basin_comparison_add_note(basin_comparer *c, char *text)
{
    basin_status      st = BASIN_OK;
    basin_comparison *k = c->result;
    char            **notes = NULL;

    BASIN_CHECK(text != NULL &&
                    (notes = basin_grow(k->notes, k->note_count, k->note_count + 1, sizeof *notes)) != NULL,
                BASIN_ERR_NOMEM, "out of memory for a note");
    k->notes = notes;
    notes[k->note_count++] = text, text = NULL;
done:
    basin_free(text);
    return st;
}

basin_status basin_comparison_append(char **text, const char *separator, char *part)
{
    basin_status st = BASIN_OK;
    char        *joined = NULL;

    BASIN_CHECK(part != NULL && (joined = basin_format("%s%s%s", *text != NULL ? *text : "",
                                                       *text != NULL ? separator : "", part)) != NULL,
                BASIN_ERR_NOMEM, "out of memory for a note");
    basin_free(*text);
    *text = joined;
done:
    basin_free(part);
    return st;
}

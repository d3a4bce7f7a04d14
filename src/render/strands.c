#include "render/strands.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* --------------------------------------------------------------------------------------------- strands -- */

/* What a run is known by: the value in its first row that has one. */
static double known(const basin_strand *s, const basin_column *column)
{
    for (size_t i = 0; i < s->count; i++) {
        double value = basin_column_value(s->rows[i], column);
        if (isfinite(value)) return value;
    }
    return NAN;
}

static bool one_method_many_rates(const basin_tracks *t)
{
    const basin_column *rate = basin_column_find("learning_rate");
    bool                differ = false;
    double              first = t->strand_count > 0 ? known(&t->strands[0], rate) : NAN;

    for (size_t i = 1; i < t->strand_count; i++) {
        if (!basin_same_text(t->strands[i].rows[0]->method, t->strands[0].rows[0]->method)) return false;
        differ = differ || known(&t->strands[i], rate) != first;
    }
    return differ && isfinite(first);
}

static const char *strand_label(basin_plan *plan, const basin_strand *s, size_t result, bool by_rate,
                                size_t number)
{
    const basin_row *row = s->rows[0];

    if (plan->options->labels != NULL && plan->options->labels[result] != NULL)
        return plan->options->labels[result];
    if (by_rate)
        return basin_plan_text(plan, "η = %s", BASIN_NUMBER(known(s, basin_column_find("learning_rate")), 3));
    if (row->method != NULL) return basin_method_title(row->method);
    return row->run != NULL ? row->run : basin_plan_text(plan, "run %zu", number + 1);
}

static void count_missing(basin_plan *plan, basin_tracks *t, const basin_row *row)
{
    if (row->missing == NULL || t->missing++ > 0) return;
    t->first_missing = basin_plan_text(plan, "%s/%s: %s", row->run != NULL ? row->run : "",
                                       row->checkpoint != NULL ? row->checkpoint : "", row->missing);
}

/* The rows of one run, which stand together, as a strand for each kind of point. */
static basin_status cut_run(basin_plan *plan, basin_tracks *t, const basin_row *rows, size_t count)
{
    basin_status st = BASIN_OK;

    for (int point = 0; point < BASIN_POINTS; point++) {
        basin_strand s = {.point = point};
        BASIN_PLAN_ALLOC(plan, s.rows, count);
        for (size_t i = 0; i < count; i++) {
            if (rows[i].point != point || rows[i].part != 0) continue;
            s.rows[s.count++] = &rows[i];
            if (point == BASIN_POINT_RAW) count_missing(plan, t, &rows[i]);
        }
        if (s.count > 0) t->strands[t->strand_count++] = s;
    }
done:
    return st;
}

/* Cuts the rows of all results; result [strand_count]: which each strand is of. */
static basin_status cut(basin_plan *plan, basin_tracks *t, size_t *result)
{
    basin_status st = BASIN_OK;

    for (size_t r = 0; r < plan->count; r++) {
        const basin_track *track = plan->results[r]->value;
        for (size_t start = 0, end; start < track->row_count; start = end) {
            size_t before = t->strand_count;
            for (end = start + 1;
                 end < track->row_count && basin_same_text(track->rows[end].run, track->rows[start].run);)
                end++;
            BASIN_TRY(cut_run(plan, t, &track->rows[start], end - start));
            for (size_t i = before; i < t->strand_count; i++) result[i] = r;
        }
    }
done:
    return st;
}

static void join_group(basin_plan *plan, basin_tracks *t, basin_strand *s, const char *label, bool by_rate)
{
    for (s->group = 0; s->group < t->group_count && strcmp(t->groups[s->group].label, label) != 0;)
        s->group++;
    if (s->group == t->group_count) {
        basin_strand_group *g = &t->groups[t->group_count++];
        *g = (basin_strand_group){.label = label, .look = basin_look_series(s->group)};
        basin_look_method(s->rows[0]->method, &g->look);
        if (by_rate || (plan->options->labels != NULL && plan->count > 1))
            g->look = basin_look_series(s->group);
    }
    t->groups[s->group].runs[s->point]++;
}

static basin_status list_rows(basin_plan *plan, basin_tracks *t, size_t total)
{
    basin_status st = BASIN_OK;

    BASIN_TRY(basin_plan_rows(plan, total, &t->rows));
    for (size_t i = 0; i < t->strand_count; i++)
        for (size_t row = basin_strand_start(t, &t->strands[i]); row < t->strands[i].count; row++)
            t->rows.rows[t->rows.count++] = t->strands[i].rows[row];
done:
    return st;
}

basin_status basin_tracks_collect(basin_plan *plan, bool sweep, basin_tracks *t)
{
    basin_status st = BASIN_OK;
    size_t       total = 0, *result = NULL;

    *t = (basin_tracks){.sweep = sweep};
    for (size_t r = 0; r < plan->count; r++)
        total += ((const basin_track *)plan->results[r]->value)->row_count;
    BASIN_PLAN_ALLOC(plan, t->strands, total);
    BASIN_PLAN_ALLOC(plan, t->groups, total);
    BASIN_PLAN_ALLOC(plan, result, total);
    BASIN_TRY(cut(plan, t, result));
    bool by_rate = !sweep && one_method_many_rates(t);
    for (size_t i = 0; i < t->strand_count; i++)
        join_group(plan, t, &t->strands[i], strand_label(plan, &t->strands[i], result[i], by_rate, i),
                   by_rate);
    for (size_t g = 0; by_rate && g < t->group_count; g++) /* dark to light, not into the yellow */
        t->groups[g].look.color = basin_color_sequential(
            plan->palette, 0.85 * (double)g / (double)(t->group_count > 1 ? t->group_count - 1 : 1));
    BASIN_TRY(list_rows(plan, t, total));
done:
    return st;
}

size_t basin_strand_start(const basin_tracks *t, const basin_strand *s)
{
    return t->sweep ? s->count - 1 : 0;
}

bool basin_tracks_know(const basin_tracks *t, const basin_column *column)
{
    for (size_t i = 0; i < t->strand_count; i++)
        if (isfinite(known(&t->strands[i], column))) return true;
    return false;
}

double basin_strand_x(const basin_tracks *t, const basin_strand *s, size_t row)
{
    double x = basin_column_value(s->rows[row], t->x);

    for (size_t i = row; !isfinite(x) && i-- > 0;) x = basin_column_value(s->rows[i], t->x);
    return x;
}

/* ---------------------------------------------------------------------------------------------- places -- */

basin_status basin_places_create(basin_plan *plan, size_t room, basin_places *out)
{
    basin_status st = BASIN_OK;

    *out = (basin_places){0};
    BASIN_PLAN_ALLOC(plan, out->x, room);
    BASIN_PLAN_ALLOC(plan, out->y, room);
    BASIN_PLAN_ALLOC(plan, out->low, room);
    BASIN_PLAN_ALLOC(plan, out->high, room);
done:
    return st;
}

void basin_places_add(basin_places *s, basin_place p)
{
    s->x[s->count] = p.x, s->y[s->count] = p.y, s->low[s->count] = p.low, s->high[s->count] = p.high;
    s->count++;
}

void basin_places_drop_unknown(basin_places *s)
{
    size_t count = s->count;

    s->count = 0;
    for (size_t i = 0; i < count; i++)
        if (isfinite(s->y[i])) basin_places_add(s, (basin_place){s->x[i], s->y[i], s->low[i], s->high[i]});
}

basin_place basin_place_of(const basin_tracks *t, const basin_row *row, const basin_column *y)
{
    basin_place p = {.x = basin_column_value(row, t->x), .y = basin_column_value(row, y)};

    basin_column_bounds(row, y, &p.low, &p.high);
    if (basin_column_partial(row, y)) p.y = p.low = p.high = NAN;
    return p;
}

static int by_x(const void *a, const void *b)
{
    double x = ((const basin_place *)a)->x, y = ((const basin_place *)b)->x;
    return (x > y) - (x < y);
}

basin_status basin_group_places(basin_plan *plan, const basin_tracks *t, size_t group, int point,
                                const basin_column *y, basin_places *out)
{
    basin_status st = BASIN_OK;
    basin_place *places = NULL;
    size_t       count = 0;

    BASIN_PLAN_ALLOC(plan, places, t->rows.count);
    BASIN_TRY(basin_places_create(plan, t->rows.count, out));
    for (size_t i = 0; i < t->strand_count; i++) {
        const basin_strand *s = &t->strands[i];
        for (size_t row = basin_strand_start(t, s); s->group == group && s->point == point && row < s->count;
             row++) {
            places[count] = basin_place_of(t, s->rows[row], y);
            if (isfinite(places[count].x)) count++;
        }
    }
    qsort(places, count, sizeof *places, by_x);
    for (size_t i = 0; i < count; i++) basin_places_add(out, places[i]);
done:
    return st;
}

basin_status basin_places_mean(basin_plan *plan, const basin_places *all, size_t runs, basin_places *out)
{
    basin_status st = BASIN_OK;

    BASIN_TRY(basin_places_create(plan, all->count, out));
    for (size_t i = 0; i < all->count;) {
        size_t start = i;
        double sum = 0;
        for (; i < all->count && all->x[i] == all->x[start]; i++) sum += all->y[i]; /* a NAN stays */
        double mean = i - start >= runs ? sum / (double)(i - start) : NAN;
        bool   single = i - start == 1;
        basin_places_add(out, (basin_place){all->x[start], mean, single ? all->low[start] : mean,
                                            single ? all->high[start] : mean});
    }
done:
    return st;
}

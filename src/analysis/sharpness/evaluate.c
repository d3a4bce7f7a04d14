/* Evaluations away from the point, counted in the row that they are for, and what goes into a row. */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>

#include "analysis/sharpness/sharpness.h"
#include "core/memory.h"

basin_status basin_sharpening_begin(basin_point *point, const basin_sharpness_table_options *options,
                                    basin_sharpening *out)
{
    basin_status st = BASIN_OK;
    basin_loss   loss;

    BASIN_TRY(basin_point_gradient(point, &loss, NULL));
    *out = (basin_sharpening){.point = point,
                              .options = options,
                              .loss = basin_loss_value(&loss),
                              .accuracy = basin_loss_accuracy(&loss)};
done:
    return st;
}

size_t basin_sharpening_steps(const basin_sharpening *task, size_t otherwise, basin_sharpness_row *row)
{
    row->steps = task->options->steps > 0 ? task->options->steps : otherwise;
    return row->steps;
}

basin_status basin_sharpening_loss(const basin_sharpening *task, const double *x, basin_sharpness_row *row,
                                   basin_loss *out)
{
    basin_status st = BASIN_OK;

    BASIN_TRY(basin_objective_loss(task->point->objective, NULL, x, out));
    basin_decay_add_loss(&task->point->options.included, x, task->point->size, out);
    row->losses++;
done:
    return st;
}

basin_status basin_sharpening_gradient(const basin_sharpening *task, const double *x, bool decayed,
                                       basin_sharpness_row *row, double *loss, double *g)
{
    basin_status       st = BASIN_OK;
    const basin_decay *decay = &task->point->options.included;
    basin_loss         found;

    BASIN_TRY(basin_objective_gradient(task->point->objective, NULL, x, &found, g));
    basin_decay_add_loss(decay, x, task->point->size, &found);
    if (decayed) basin_decay_add(decay, x, 1, task->point->size, g);
    *loss = basin_loss_value(&found);
    row->gradients++;
done:
    return st;
}

basin_status basin_sharpening_line(const basin_sharpening *task, const double *d, basin_sharpness_row *rows,
                                   size_t count)
{
    basin_status st = BASIN_OK;
    double      *at = NULL;
    basin_loss  *losses = NULL;

    BASIN_ALLOC(at, count + 1, "radii");
    BASIN_ALLOC(losses, count + 1, "losses");
    for (size_t i = 0; i < count; i++) at[i + 1] = rows[i].rho;
    BASIN_TRY(basin_point_subspace(task->point, d, 1, at, count + 1, losses));
    for (size_t i = 0; i < count; i++) {
        rows[i].losses += i == 0 ? 2 : 1; /* theta itself too */
        BASIN_TRY(
            basin_sharpness_take(&rows[i], basin_loss_value(&losses[i + 1]) - basin_loss_value(&losses[0])));
    }
done:
    basin_free(at);
    basin_free(losses);
    return st;
}

/* ----------------------------------------------------------------------------------------------- words -- */

static basin_status put(char **to, const char *format, va_list list)
{
    basin_status st = BASIN_OK;
    char         text[400];

    vsnprintf(text, sizeof text, format, list);
    basin_free(*to);
    BASIN_STRDUP(*to, text);
done:
    return st;
}

basin_status basin_sharpness_lacks(basin_sharpness_row *row, const char *format, ...)
{
    va_list list;

    row->value = row->error = row->lower = row->upper = NAN;
    va_start(list, format);
    const basin_status st = put(&row->missing, format, list);
    va_end(list);
    return st;
}

basin_status basin_sharpness_say(basin_sharpness_row *row, const char *format, ...)
{
    va_list list;

    va_start(list, format);
    const basin_status st = put(&row->settings, format, list);
    va_end(list);
    return st;
}

basin_status basin_sharpness_all_lack(basin_sharpness_row *rows, size_t count, const char *why)
{
    basin_status st = BASIN_OK;

    for (size_t i = 0; i < count; i++) BASIN_TRY(basin_sharpness_lacks(&rows[i], "%s", why));
done:
    return st;
}

basin_status basin_sharpness_take(basin_sharpness_row *row, double value)
{
    if (!isfinite(value))
        return basin_sharpness_lacks(row, "the loss there is %s", isnan(value) ? "NaN" : "infinite");
    row->value = value;
    return BASIN_OK;
}

/* ----------------------------------------------------------------------------------------------- means -- */

void basin_running_add(basin_running *r, double x)
{
    if (!isfinite(x)) {
        r->not_finite++;
        return;
    }
    const double before = r->mean;
    r->mean += (x - before) / (double)++r->count;
    r->squares += (x - before) * (x - r->mean);
}

double basin_running_error(const basin_running *r)
{
    const double n = (double)r->count;

    return r->count > 1 ? sqrt(r->squares / (n - 1.0) / n) : (double)NAN;
}

basin_status basin_running_take(const basin_running *r, const char *what, basin_sharpness_row *row)
{
    row->not_finite = r->not_finite;
    if (r->not_finite > 0)
        return basin_sharpness_lacks(row, "%zu of %zu %s have no finite value", r->not_finite,
                                     r->count + r->not_finite, what);
    row->value = r->mean;
    row->error = basin_running_error(r);
    const double half = r->count > 1 ? basin_student_t975(r->count - 1) * row->error : (double)NAN;
    row->lower = row->value - half, row->upper = row->value + half;
    return BASIN_OK;
}

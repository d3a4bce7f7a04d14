/* The columns of a row of measures, by the names that JSON and the command line use. */
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "render/figure.h"

typedef enum kind { REAL, INTEGER } kind;

#define REAL_COLUMN(field, text)                                                                                                                     \
    {                                                                                                                                                \
        {#field, text}, REAL, offsetof(basin_measures, field)                                                                                        \
    }
#define INTEGER_COLUMN(field, text)                                                                                                                  \
    {                                                                                                                                                \
        {#field, text}, INTEGER, offsetof(basin_measures, field)                                                                                     \
    }

static const struct {
    basin_column column;
    kind         kind;
    size_t       offset;
} columns[] = {
    INTEGER_COLUMN(seed, "seed"),
    INTEGER_COLUMN(step, "training step"),
    REAL_COLUMN(epoch, "epoch"),
    INTEGER_COLUMN(gradient_evaluations, "gradient evaluations"),
    REAL_COLUMN(seconds, "seconds of training"),
    REAL_COLUMN(learning_rate, "learning rate η"),
    REAL_COLUMN(momentum, "momentum β"),
    REAL_COLUMN(rho, "perturbation radius ρ"),
    REAL_COLUMN(weight_decay, "weight decay"),
    REAL_COLUMN(train_loss, "train loss"),
    REAL_COLUMN(train_accuracy, "train accuracy"),
    REAL_COLUMN(test_loss, "test loss"),
    REAL_COLUMN(test_accuracy, "test accuracy"),
    REAL_COLUMN(gap, "test − train loss"),
    REAL_COLUMN(gradient_norm, "‖∇L‖"),
    REAL_COLUMN(decrease, "predicted decrease"),
    REAL_COLUMN(lambda_max, "λ\1max\2"),
    REAL_COLUMN(lambda_min, "λ\1min\2"),
    REAL_COLUMN(ceiling, "ceiling of λ\1max\2"),
    REAL_COLUMN(sane, "SANE"),
    REAL_COLUMN(n_eff, "N\1eff\2"),
    REAL_COLUMN(trace, "tr H"),
    REAL_COLUMN(negative_mass, "negative mass"),
    REAL_COLUMN(sharpness_sam, "SAM sharpness"),
    REAL_COLUMN(sharpness_msam, "MSAM sharpness"),
    REAL_COLUMN(momentum_gradient_cosine, "cos(v, ∇L)"),
    REAL_COLUMN(theta_norm, "‖θ‖"),
};

enum { COLUMNS = sizeof columns / sizeof *columns };

static size_t find(const char *name)
{
    size_t i = 0;
    while (i < COLUMNS && strcmp(columns[i].column.name, name) != 0) i++;
    return i;
}

const basin_column *basin_column_find(const char *name)
{
    size_t i = find(name);
    return i < COLUMNS ? &columns[i].column : NULL;
}

double basin_column_value(const basin_measures *row, const char *name)
{
    size_t i = find(name);

    if (i == COLUMNS) return NAN;
    const char *place = (const char *)row + columns[i].offset;
    if (columns[i].kind == REAL) return *(const double *)place;
    int64_t value = *(const int64_t *)place;
    return value >= 0 ? (double)value : NAN; /* -1 is unknown */
}

bool basin_column_partial(const basin_measures *row, const char *name)
{
    if (strcmp(name, "sane") != 0 && strcmp(name, "n_eff") != 0) return false;
    if (row->spectrum_method == NULL || strcmp(row->spectrum_method, "dense") == 0) return false;
    return !(row->sane_upper - row->sane_lower <= 0.01 * row->sane_lower);
}

void basin_column_bounds(const basin_measures *row, const char *name, double *low, double *high)
{
    double value = basin_column_value(row, name), residual = isfinite(row->lambda_max_residual) ? row->lambda_max_residual : 0;

    *low = *high = value;
    if (strcmp(name, "sane") == 0) *low = row->sane_lower, *high = row->sane_upper;
    if (strcmp(name, "lambda_max") == 0) *low = value - residual, *high = value + residual;
}

basin_status basin_plan_columns(basin_plan *plan, const char *names, const basin_column ***out, size_t *count)
{
    basin_status         st = BASIN_OK;
    const basin_column **found = NULL;
    char                 list[1024] = "";
    size_t               used = 0, most = 1;

    for (const char *c = names; *c != '\0'; c++) most += *c == ',';
    BASIN_PLAN_ALLOC(plan, found, most);
    for (size_t i = 0; i < COLUMNS && used < sizeof list; i++)
        used += (size_t)snprintf(list + used, sizeof list - used, "%s%s", i > 0 ? " " : "", columns[i].column.name);
    *count = 0;
    for (const char *start = names; *count < most; (*count)++) {
        size_t length = strcspn(start, ",");
        char  *name = basin_plan_text(plan, "%.*s", (int)length, start);
        found[*count] = basin_column_find(name);
        BASIN_CHECK(found[*count] != NULL, BASIN_ERR_ARG, "no measure «%s» to draw; there are: %s", name, list);
        start += length + (start[length] == ',');
    }
    *out = found;
done:
    return st;
}

#include "core/measure.h"

#include <math.h>
#include <string.h>

#define OPEN 0.01 /* of SANE or N_eff that a truncated spectrum may leave open */

#define AT(member) .name = #member, .offset = offsetof(basin_row, member)
#define NO_SETTING .setting = SIZE_MAX
#define ANY .least = -INFINITY, .most = INFINITY
#define POSITIVE .least = 0.0, .most = INFINITY
#define SHARE .least = 0.0, .most = 1.0
#define RADIUS .setting = offsetof(basin_row, sharpness_rho)
#define COMPARED(f) .compared = true, .family = BASIN_FAMILY_##f

/* clang-format off */
const basin_column basin_columns[] = {
    {AT(seed), .label = "seed", .integer = true, ANY, NO_SETTING},
    {AT(step), .label = "training step", .integer = true, ANY, NO_SETTING},
    {AT(epoch), .label = "epoch", ANY, NO_SETTING},
    {AT(gradient_evaluations), .label = "gradient evaluations", .integer = true, ANY, NO_SETTING},
    {AT(seconds), .label = "seconds of training", ANY, NO_SETTING},
    {AT(learning_rate), .label = "learning rate η", ANY, NO_SETTING},
    {AT(momentum), .label = "momentum β", ANY, NO_SETTING},
    {AT(rho), .label = "perturbation radius ρ", ANY, NO_SETTING},
    {AT(weight_decay), .label = "weight decay", ANY, NO_SETTING},
    {AT(train_loss), .label = "train loss", COMPARED(CONDITION), .ratio = true, POSITIVE, NO_SETTING},
    {AT(train_accuracy), .label = "train accuracy", SHARE, NO_SETTING},
    {AT(test_loss), .label = "test loss", COMPARED(GENERALISATION), .better = -1, .ratio = true, POSITIVE, .at_raw_only = true, NO_SETTING},
    {AT(test_accuracy), .label = "test accuracy", COMPARED(GENERALISATION), .better = +1, SHARE, .at_raw_only = true, NO_SETTING},
    {AT(gap), .label = "test − train loss", COMPARED(GENERALISATION), .better = -1, ANY, .at_raw_only = true, NO_SETTING},
    {AT(clean_train_loss), .label = "train loss, clean labels", POSITIVE, NO_SETTING},
    {AT(clean_gap), .label = "test − train loss, clean labels", COMPARED(GENERALISATION), .better = -1, ANY, .at_raw_only = true, NO_SETTING},
    {AT(lambda_max), .label = "λ\1max\2", COMPARED(CURVATURE), .ratio = true, ANY, NO_SETTING},
    {AT(lambda_min), .label = "λ\1min\2", ANY, NO_SETTING},
    {AT(ceiling), .label = "ceiling of λ\1max\2", POSITIVE, NO_SETTING},
    {AT(ceiling_plain), .label = "ceiling of λ\1max\2 without perturbation", POSITIVE, NO_SETTING},
    {AT(lambda_max_over_ceiling), .label = "λ\1max\2 / own ceiling", COMPARED(CONDITION), .ratio = true, ANY, NO_SETTING},
    {AT(lambda_max_over_plain), .label = "λ\1max\2 / ceiling without perturbation", COMPARED(CONDITION), .ratio = true, ANY, NO_SETTING},
    {AT(trace), .label = "tr H", COMPARED(CURVATURE), .ratio = true, ANY, NO_SETTING},
    {AT(negative_mass), .label = "negative mass", SHARE, NO_SETTING},
    {AT(sane), .label = "SANE", COMPARED(DIMENSION), .ratio = true, POSITIVE, .whole = true, NO_SETTING},
    {AT(n_eff), .label = "N\1eff\2", COMPARED(DIMENSION), .ratio = true, POSITIVE, .whole = true, .setting = offsetof(basin_row, alpha)},
    {AT(sharpness_sam), .label = "SAM sharpness", COMPARED(RISE), ANY, .own_direction = true, RADIUS},
    {AT(sharpness_msam), .label = "MSAM sharpness", COMPARED(RISE), ANY, .own_direction = true, RADIUS},
    {AT(sharpness_sam_symmetric), .label = "SAM sharpness, symmetrised", COMPARED(RISE), .ratio = true, ANY, .own_direction = true, RADIUS},
    {AT(sharpness_msam_symmetric), .label = "MSAM sharpness, symmetrised", COMPARED(RISE), .ratio = true, ANY, .own_direction = true, RADIUS},
    {AT(rise_top), .label = "rise along top eigenvector", COMPARED(RISE), .ratio = true, ANY, RADIUS},
    {AT(rise_random), .label = "rise along random directions", COMPARED(RISE), .ratio = true, ANY, RADIUS},
    {AT(momentum_gradient_cosine), .label = "cos(v, ∇L)", .least = -1.0, .most = 1.0, NO_SETTING},
    {AT(momentum_top_cosine2), .label = "cos²(v, e\0011\2)", SHARE, NO_SETTING},
    {AT(gradient_top_cosine2), .label = "cos²(∇L, e\0011\2)", SHARE, NO_SETTING},
    {AT(gradient_norm), .label = "‖∇L‖", COMPARED(CONDITION), .ratio = true, POSITIVE, NO_SETTING},
    {.name = "decrement", .offset = offsetof(basin_row, stationarity.decrement), .label = "decrement / L", POSITIVE, NO_SETTING},
    {.name = "fall_per_step", .offset = offsetof(basin_row, stationarity.fall_per_step), .label = "relative fall per step", POSITIVE, NO_SETTING},
    {AT(theta_norm), .label = "‖θ‖", COMPARED(CONDITION), .ratio = true, POSITIVE, NO_SETTING},
};
/* clang-format on */

const size_t basin_column_count = sizeof basin_columns / sizeof *basin_columns;

const basin_column *basin_column_find(const char *name)
{
    for (size_t i = 0; i < basin_column_count; i++)
        if (strcmp(basin_columns[i].name, name) == 0) return &basin_columns[i];
    return NULL;
}

static double real_at(const basin_row *row, size_t offset)
{
    return *(const double *)((const char *)row + offset);
}

double basin_column_value(const basin_row *row, const basin_column *column)
{
    if (!column->integer) return real_at(row, column->offset);
    int64_t value = *(const int64_t *)((const char *)row + column->offset);
    return value >= 0 ? (double)value : NAN;
}

void basin_column_bounds(const basin_row *row, const basin_column *column, double *low, double *high)
{
    double residual = isfinite(row->lambda_max_residual) ? row->lambda_max_residual : 0.0;

    *low = *high = basin_column_value(row, column);
    if (column->offset == offsetof(basin_row, sane)) *low = row->sane_lower, *high = row->sane_upper;
    if (column->offset == offsetof(basin_row, n_eff)) *low = row->n_eff_lower, *high = row->n_eff_upper;
    if (column->offset == offsetof(basin_row, lambda_max)) *low -= residual, *high += residual;
    if (column->offset == offsetof(basin_row, rise_random)) *low -= row->rise_random_error, *high += row->rise_random_error;
}

bool basin_column_partial(const basin_row *row, const basin_column *column)
{
    double low, high;

    if (!column->whole || row->spectrum_method != BASIN_SPECTRUM_LANCZOS) return false;
    basin_column_bounds(row, column, &low, &high);
    return !(high - low <= OPEN * low);
}

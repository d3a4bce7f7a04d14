#include "render/scale.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static const char *const names[] = {
    [BASIN_SCALE_LINEAR] = "linear", [BASIN_SCALE_LOG] = "log", [BASIN_SCALE_SYMLOG] = "symlog"};

basin_status basin_scale_find(const char *name, basin_scale_kind *out)
{
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strcmp(name, names[i]) == 0) {
            *out = (basin_scale_kind)i;
            return BASIN_OK;
        }
    }
    return basin_fail(BASIN_ERR_ARG, "unknown scale «%s»: linear, log or symlog", name);
}

bool basin_scale_drawable(const basin_plot_scale *scale)
{
    const double least = 1e-14 * fmax(fabs(scale->low), fabs(scale->high)); /* steps must be told apart */

    if (!isfinite(scale->low) || !isfinite(scale->high) || !(scale->high - scale->low > least)) return false;
    if (scale->kind == BASIN_SCALE_SYMLOG) return scale->threshold > 0 && isfinite(scale->threshold);
    return scale->kind != BASIN_SCALE_LOG || scale->low > 0;
}

/* The coordinate in which the scale is even. */
static double even(const basin_plot_scale *scale, double value)
{
    double size = fabs(value);

    switch (scale->kind) {
    case BASIN_SCALE_LINEAR: return value;
    case BASIN_SCALE_LOG: return value > 0 ? log10(value) : NAN;
    case BASIN_SCALE_SYMLOG:
        return size <= scale->threshold ? value / scale->threshold
                                        : copysign(1 + log10(size / scale->threshold), value);
    }
    return NAN;
}

double basin_scale_at(const basin_plot_scale *scale, double value)
{
    if (!isfinite(value)) return NAN;
    double low = even(scale, scale->low), high = even(scale, scale->high);
    return (even(scale, value) - low) / (high - low);
}

double basin_scale_value(const basin_plot_scale *scale, double at)
{
    double low = even(scale, scale->low), high = even(scale, scale->high), e = low + at * (high - low);

    switch (scale->kind) {
    case BASIN_SCALE_LINEAR: return e;
    case BASIN_SCALE_LOG: return pow(10, e);
    case BASIN_SCALE_SYMLOG:
        return fabs(e) <= 1 ? e * scale->threshold : copysign(scale->threshold * pow(10, fabs(e) - 1), e);
    }
    return NAN;
}

basin_range basin_range_start(void)
{
    return (basin_range){INFINITY, -INFINITY, INFINITY};
}

void basin_range_add(basin_range *range, double value)
{
    if (!isfinite(value)) return;
    range->low = fmin(range->low, value);
    range->high = fmax(range->high, value);
    if (value > 0) range->smallest = fmin(range->smallest, value);
}

static basin_plot_scale fit_linear(const basin_range *range, double margin)
{
    double low = range->low, high = range->high, size = fmax(fabs(low), fabs(high));

    if (low > high) return (basin_plot_scale){BASIN_SCALE_LINEAR, 0, 1, 0};
    if (high - low <= 1e-12 * size || high == low) { /* all equal but for rounding */
        double about = size > 0 ? 0.1 * size : 1;
        return (basin_plot_scale){BASIN_SCALE_LINEAR, low - about, high + about, 0};
    }
    double spare = margin * (high / 2 - low / 2) * 2; /* halves: the difference of huge ends overflows */
    return (basin_plot_scale){BASIN_SCALE_LINEAR, fmax(low - spare, -DBL_MAX / 4),
                              fmin(high + spare, DBL_MAX / 4), 0};
}

basin_plot_scale basin_scale_fit(basin_scale_kind kind, const basin_range *range, double margin)
{
    basin_plot_scale scale = {.kind = kind};

    if (kind == BASIN_SCALE_LINEAR) return fit_linear(range, margin);
    if (kind == BASIN_SCALE_LOG) {
        double low = isfinite(range->smallest) ? log10(range->smallest) : 0;
        double high = range->high > 0 ? log10(range->high) : 1;
        double spare = high - low < 0.02 ? 0.3 : margin * (high - low);
        scale.low = pow(10, fmin(fmax(low - spare, -307), 306));
        scale.high = pow(10, fmax(fmin(high + spare, 307), -306));
        return scale;
    }
    double     size = range->low > range->high ? 0 : fmax(fabs(range->low), fabs(range->high));
    const bool nothing = size < DBL_MIN * 1e20; /* no values, or all 0 */
    if (nothing) size = 1;
    scale.threshold = pow(10, floor(log10(size)) - 3);
    scale.low = fmin(range->low, 0), scale.high = fmax(range->high, 0);
    if (nothing) scale.low = -1, scale.high = 1;
    double low = even(&scale, scale.low), high = even(&scale, scale.high);
    double spare = margin * (high - low);
    /* even coordinates -1 … 1 */
    basin_plot_scale wide = {BASIN_SCALE_SYMLOG, -scale.threshold, scale.threshold, scale.threshold};
    scale.low =
        range->low >= 0 && range->low <= range->high ? 0 : basin_scale_value(&wide, (low - spare + 1) / 2);
    scale.high = basin_scale_value(&wide, (high + spare + 1) / 2);
    scale.low = fmax(scale.low, -DBL_MAX / 4), scale.high = fmin(scale.high, DBL_MAX / 4);
    return scale;
}

double basin_scale_threshold(const double *sorted, size_t count, double floor_)
{
    double largest = count > 0 ? sorted[count - 1] : 0, middle = count > 0 ? sorted[count / 2] : 0;

    if (!(largest > 0)) return 1;
    double wanted = fmax(fmax(middle, floor_), largest * 1e-4);
    return pow(10, floor(log10(fmin(wanted, largest * 0.1))));
}

/* ----------------------------------------------------------------------------------------------- ticks -- */

double basin_nice_step(double step)
{
    double power = pow(10, floor(log10(step))), digit = step / power;
    return (digit <= 1 + 1e-9 ? 1 : digit <= 2 + 1e-9 ? 2 : digit <= 5 + 1e-9 ? 5 : 10) * power;
}

static basin_tick *add_tick(basin_ticks *ticks, const basin_plot_scale *scale, double value)
{
    double at = basin_scale_at(scale, value);

    if (ticks->count == BASIN_MAX_TICKS || !(at >= -1e-9) || !(at <= 1 + 1e-9)) return NULL;
    basin_tick *tick = &ticks->tick[ticks->count++];
    *tick = (basin_tick){.value = value};
    return tick;
}

static void linear_ticks(const basin_plot_scale *scale, size_t wanted, basin_ticks *out)
{
    double span = scale->high - scale->low, size = fmax(fabs(scale->low), fabs(scale->high));
    double step = basin_nice_step(span / (double)(wanted > 1 ? wanted : 1));
    int    exponent = (int)floor(log10(size) + 1e-9), decimals;

    out->exponent = exponent < -2 || exponent > 4 ? exponent : 0;
    decimals = out->exponent - (int)floor(log10(step) + 1e-9);
    for (double i = ceil(scale->low / step - 1e-9); i * step <= scale->high + 1e-9 * step; i++) {
        basin_tick *tick = add_tick(out, scale, i * step);
        if (tick == NULL) break;
        basin_number_fixed(i * step / pow(10, out->exponent), decimals > 0 ? decimals : 0, tick->label);
    }
}

/* 0.01, 0.1, 1, … where these are short; else powers. */
static void decade_label(basin_tick *tick, double value, bool plain)
{
    int exponent = (int)floor(log10(fabs(value)) + 1e-9);
    int digit = (int)lround(fabs(value) / pow(10, exponent));

    if (plain) {
        basin_number_text(value, 1, tick->label);
        return;
    }
    char power[BASIN_NUMBER_ROOM];
    basin_number_power(exponent, power);
    const char *sign = value < 0 ? "−" : "";
    if (digit == 1)
        snprintf(tick->label, sizeof tick->label, "%s%.40s", sign, power);
    else
        snprintf(tick->label, sizeof tick->label, "%s%d×%.40s", sign, digit, power);
}

static void log_ticks(const basin_plot_scale *scale, size_t wanted, basin_ticks *out)
{
    int    first = (int)ceil(log10(scale->low) - 1e-9), last = (int)floor(log10(scale->high) + 1e-9);
    double decades = log10(scale->high / scale->low);
    int    every = 1;
    bool   plain = log10(scale->low) > -3.2 && log10(scale->high) < 4.2;

    if (decades < 0.7) { /* too short for decades: an even step, in even numbers */
        linear_ticks(&(basin_plot_scale){BASIN_SCALE_LINEAR, scale->low, scale->high, 0}, wanted, out);
        return;
    }
    while ((last - first) / every + 1 > (int)(wanted > 2 ? wanted : 2)) every++;
    bool fives = decades * 3 <= (double)wanted, twos = fives || decades * 2 <= (double)wanted;
    for (int e = first - 1; e <= last; e++) {
        for (int digit = 1; digit <= 9; digit++) {
            bool labelled = digit == 1 ? ((e % every) + every) % every == 0
                                       : every == 1 && ((digit == 5 && fives) || (digit == 2 && fives) ||
                                                        (digit == 3 && twos && !fives));
            if (digit > 1 && decades > 6) break;
            basin_tick *tick = add_tick(out, scale, digit * pow(10, e));
            if (tick != NULL && labelled) decade_label(tick, tick->value, plain);
        }
    }
}

static void symlog_ticks(const basin_plot_scale *scale, size_t wanted, basin_ticks *out)
{
    int    first = (int)ceil(log10(scale->threshold) - 1e-9);
    int    last = (int)floor(log10(fmax(fabs(scale->low), scale->high)) + 1e-9), every = 1;
    double span = even(scale, scale->high) - even(scale, scale->low);
    size_t most = wanted > 3 ? wanted - 1 : 2;
    bool   plain = first >= -3 && last <= 3;

    while (span / every > (double)most) every++;
    for (int e = last; e >= first; e--) {
        basin_tick *tick = add_tick(out, scale, -pow(10, e));
        if (tick != NULL && (e - first) % every == 0) decade_label(tick, tick->value, plain);
    }
    basin_tick *zero = add_tick(out, scale, 0);
    if (zero != NULL) snprintf(zero->label, sizeof zero->label, "0");
    for (int e = first; e <= last; e++) {
        basin_tick *tick = add_tick(out, scale, pow(10, e));
        if (tick != NULL && (e - first) % every == 0) decade_label(tick, tick->value, plain);
    }
}

void basin_scale_ticks(const basin_plot_scale *scale, size_t wanted, basin_ticks *out)
{
    *out = (basin_ticks){0};
    switch (scale->kind) {
    case BASIN_SCALE_LINEAR: linear_ticks(scale, wanted, out); break;
    case BASIN_SCALE_LOG: log_ticks(scale, wanted, out); break;
    case BASIN_SCALE_SYMLOG: symlog_ticks(scale, wanted, out); break;
    }
}

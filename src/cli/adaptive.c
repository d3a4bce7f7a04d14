#include "cli/adaptive.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/table.h"

int cli_adaptive_read(const cli_arguments *a, basin_slice_request *request)
{
    int         status = CLI_OK;
    const char *text = cli_text(a, "tolerance", NULL);
    char       *end = NULL;
    double      tolerance;

    CLI_TRY(cli_size(a, "convexity", 0, &request->convexity));
    CLI_WANT(!cli_has(a, "convexity") || request->convexity >= 2,
             "slice: --convexity must be at least 2, got %zu", request->convexity);
    if (text == NULL) goto done;
    tolerance = strtod(text, &end);
    request->tolerance_absolute = strcmp(end, ":absolute") == 0;
    CLI_WANT(end != text && (*end == '\0' || request->tolerance_absolute),
             "slice: --tolerance wants a number, or NUMBER:absolute, got «%s»", text);
    CLI_WANT(tolerance > 0 && isfinite(tolerance) && (request->tolerance_absolute || tolerance < 1),
             "slice: --tolerance %s: wanted %s", text,
             request->tolerance_absolute ? "a number above 0" : "a share of the range, above 0 and below 1");
    request->tolerance = tolerance;
done:
    return status;
}

bool cli_reach_read(const char *text, basin_reach *out)
{
    const char *colon = strchr(text, ':');

    if (strncmp(text, "auto", 4) != 0) return false;
    *out = (basin_reach){0};
    if (colon != NULL && colon[1] == '+')
        out->rise = strtod(colon + 1, NULL);
    else
        out->factor = colon != NULL ? strtod(colon + 1, NULL) : 10;
    return true;
}

/* The share of the area, or length, where every point of the grid was evaluated. */
static double share_of_grid(const basin_adaptive *a)
{
    double evaluated = 0, all = 0;

    for (size_t i = 0; i < a->cells; i++) {
        const double *from = a->from + i * a->axes, *to = a->to + i * a->axes;
        double        area = (to[0] - from[0]) * (a->axes == 2 ? to[1] - from[1] : 1);
        bool          known = true;
        for (size_t k = 0; k < a->split_count; k++) known = known && a->splits[k].cell_error[i] == 0;
        all += area;
        if (known) evaluated += area;
    }
    return evaluated / all;
}

static void print_split(const basin_adaptive *a, size_t k, const char *name, FILE *out)
{
    const basin_adaptive_split *s = &a->splits[k];

    if (isnan(s->range)) {
        fprintf(out, "  %-14s  no loss is finite\n", name);
        return;
    }
    fprintf(out, "  %-14s  error at most %.2g by its estimate, asked %.2g", name, s->largest_error,
            s->tolerance);
    if (!a->absolute) fprintf(out, ": %g of the range %.4g", a->tolerance, s->range);
    if (a->held_out > 0)
        fprintf(out, "; at points held out at most %.2g, %zu beyond the estimate", s->held_out_error,
                s->held_out_missed);
    fputc('\n', out);
}

/* The range of the ratio, and the largest error of it. */
static void print_convexity(const basin_convexity *c, FILE *out)
{
    double least = INFINITY, most = -INFINITY, error = 0;
    size_t known = 0;

    for (size_t i = 0; i < c->rows * c->columns; i++) {
        if (isnan(c->ratio[i])) continue;
        known++;
        least = fmin(least, c->ratio[i]), most = fmax(most, c->ratio[i]);
        if (!isnan(c->ratio_error[i])) error = fmax(error, c->ratio_error[i]);
    }
    fprintf(out, "  convexity       |lambda_min / lambda_max| at %zu x %zu points", c->rows, c->columns);
    if (known > 0) fprintf(out, ": %.3g to %.3g, each to %.1g", least, most, error);
    fprintf(out, "; %zu of them verified to be the extremes; %s products\n", c->verified,
            cli_thousands(c->products));
    if (known < c->rows * c->columns)
        fprintf(out, "                  %zu unknown: the loss is not finite, or lambda_max not above 0\n",
                c->rows * c->columns - known);
}

void cli_adaptive_print(const basin_slice *slice, FILE *out)
{
    const basin_adaptive *a = slice->adaptive;

    if (slice->convexity_count > 0) print_convexity(slice->convexity, out);
    if (slice->adaptive_count == 0) return;
    const size_t grid = slice->surfaces[0].rows * slice->surfaces[0].columns, spent = a->points + a->held_out;
    const double share = share_of_grid(a);
    fprintf(out, "  interpolated    from %s points, and %zu held out, on a grid of %s",
            cli_thousands(a->points), a->held_out, cli_thousands(grid));
    fprintf(out, ": %.1f times fewer; %zu cells\n", (double)grid / (double)spent, a->cells);
    if (share > 0)
        fprintf(out, "                  %.1f %% of the range is not smooth enough: its grid is evaluated\n",
                100 * share);
    for (size_t k = 0; k < a->split_count; k++) print_split(a, k, slice->surfaces[k].split, out);
}

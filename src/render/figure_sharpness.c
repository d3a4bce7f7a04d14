/* Rises of the loss against the radius: one panel with a curve a direction for one result, one panel a
 * direction with a curve a result for several (Becker et al., arXiv:2401.12033, fig. 4). `sharpness` draws
 * the rise L(θ + ρd) − L(θ) against the signed radius, `symmetric` the symmetrised rise, which is even,
 * against its magnitude. Random directions share one name and one look. Results whose radii differ are drawn
 * over the range that all of them have.
 */
#include <math.h>
#include <stdlib.h>

#include "core/memory.h"
#include "render/figure.h"

static const basin_sharpness *sharpness_of(const basin_plan *plan, size_t i)
{
    return plan->results[i]->value;
}

static const char *const titles[] = {
    /* by basin_rise_direction */
    [BASIN_RISE_SAM] = "SAM: d = ∇L/‖∇L‖",
    [BASIN_RISE_MSAM] = "MSAM: d = −v/‖v‖",
    [BASIN_RISE_TOP] = "top eigenvector: d = e₁",
    [BASIN_RISE_RANDOM] = "random directions",
};

enum { DIRECTIONS = sizeof titles / sizeof *titles };

static bool same_curve(const basin_rise *a, const basin_rise *b)
{
    return a->direction == b->direction && a->seed == b->seed;
}

/* Whether the i-th rise is the first of its curve. */
static bool begins_curve(const basin_sharpness *s, size_t i)
{
    for (size_t j = 0; j < i; j++)
        if (same_curve(&s->rises[j], &s->rises[i])) return false;
    return true;
}

typedef struct pair {
    double rho, value;
} pair;

static int by_radius(const void *a, const void *b)
{
    double x = ((const pair *)a)->rho, y = ((const pair *)b)->rho;
    return (x > y) - (x < y);
}

/* What is drawn: which rise, over which radii. */
typedef struct drawn {
    bool        symmetric;
    basin_range radii; /* that all results have */
    bool        cut;   /* some result has more */
} drawn;

/* The rises along the direction of `one`, by radius; at 0, which lies between radii of both signs, the rise
   is 0 without measuring. */
static basin_status curve(basin_plan *plan, const basin_sharpness *s, const basin_rise *one,
                          const drawn *what, basin_mark *mark)
{
    basin_status st = BASIN_OK;
    pair        *pairs = NULL;
    double      *x = NULL, *y = NULL;
    size_t       count = 0, kept = 0;

    BASIN_PLAN_ALLOC(plan, pairs, s->rise_count + 1);
    BASIN_PLAN_ALLOC(plan, x, s->rise_count + 1);
    BASIN_PLAN_ALLOC(plan, y, s->rise_count + 1);
    for (size_t i = 0; i < s->rise_count; i++) {
        const basin_rise *rise = &s->rises[i];
        if (!same_curve(rise, one) || rise->rho < what->radii.low || rise->rho > what->radii.high) continue;
        pairs[count++] =
            what->symmetric ? (pair){fabs(rise->rho), rise->symmetric} : (pair){rise->rho, rise->value};
    }
    if (!what->symmetric && what->radii.low < 0.0 && what->radii.high > 0.0)
        pairs[count++] = (pair){0.0, 0.0};
    qsort(pairs, count, sizeof *pairs, by_radius);
    for (size_t i = 0; i < count; i++)
        if (kept == 0 || pairs[i].rho != x[kept - 1]) x[kept] = pairs[i].rho, y[kept++] = pairs[i].value;
    mark->x = x, mark->y = y, mark->count = kept;
done:
    return st;
}

static basin_range radii_of(const basin_sharpness *s)
{
    basin_range range = basin_range_start();

    for (size_t i = 0; i < s->rise_count; i++) basin_range_add(&range, s->rises[i].rho);
    return range;
}

static basin_status find_radii(basin_plan *plan, drawn *what)
{
    basin_status st = BASIN_OK;

    what->radii = (basin_range){.low = -INFINITY, .high = INFINITY};
    for (size_t i = 0; i < plan->count; i++) {
        basin_range own = radii_of(sharpness_of(plan, i));
        if (own.low > own.high) continue; /* no rises at all */
        what->cut = what->cut || (isfinite(what->radii.low) &&
                                  (own.low != what->radii.low || own.high != what->radii.high));
        what->radii.low = fmax(what->radii.low, own.low), what->radii.high = fmin(what->radii.high, own.high);
    }
    BASIN_CHECK(what->radii.low <= what->radii.high, BASIN_ERR_VALUE,
                "the results have no radii in common: one begins at %g, another ends at %g", what->radii.low,
                what->radii.high);
done:
    return st;
}

/* Every curve of that kind of direction, in one look; the label once. */
static basin_status add_direction(basin_plan *plan, basin_panel *panel, size_t result, int direction,
                                  const drawn *what, basin_look look, const char *label)
{
    basin_status           st = BASIN_OK;
    const basin_sharpness *s = sharpness_of(plan, result);

    for (size_t i = 0; i < s->rise_count; i++) {
        bool random = direction == BASIN_RISE_RANDOM;
        if (s->rises[i].direction != direction || !begins_curve(s, i)) continue;
        basin_mark mark = {.type = &basin_mark_line,
                           .pen = basin_look_pen(&look, random ? 0.6 : 1.1),
                           .marker = random ? BASIN_MARKER_NONE : look.marker,
                           .hollow = look.hollow,
                           .size = 3.2,
                           .label = label,
                           .cap = plan->options->cap};
        BASIN_TRY(curve(plan, s, &s->rises[i], what, &mark));
        BASIN_TRY(basin_panel_add(plan, panel, mark));
    }
done:
    return st;
}

/* The kinds of directions of all results, in order of appearance. */
static size_t directions_of(const basin_plan *plan, int out[DIRECTIONS])
{
    size_t count = 0;

    for (size_t r = 0; r < plan->count; r++) {
        const basin_sharpness *s = sharpness_of(plan, r);
        for (size_t i = 0; i < s->rise_count; i++) {
            bool known = false;
            for (size_t j = 0; j < count && !known; j++) known = out[j] == s->rises[i].direction;
            if (!known) out[count++] = s->rises[i].direction;
        }
    }
    return count;
}

static basin_status finish_panel(basin_plan *plan, basin_panel *panel, const basin_range *x,
                                 const basin_range *y)
{
    basin_status     st = BASIN_OK;
    basin_scale_kind kind = BASIN_SCALE_LINEAR;

    BASIN_TRY(basin_plan_scale(plan, BASIN_SCALE_LINEAR, y, &kind));
    panel->x = basin_scale_fit(BASIN_SCALE_LINEAR, x, 0.04);
    panel->y = basin_scale_fit(kind, y, 0.06);
    panel->grid = true;
done:
    return st;
}

/* How many random directions a result has; the definition of one of them. */
static size_t random_count(const basin_sharpness *s, const char **definition)
{
    size_t count = 0;

    for (size_t i = 0; i < s->rise_count; i++) {
        if (s->rises[i].direction != BASIN_RISE_RANDOM || !begins_curve(s, i)) continue;
        count++;
        if (s->rises[i].definition != NULL) *definition = s->rises[i].definition;
    }
    return count;
}

static void random_caption(basin_plan *plan)
{
    const char *definition = NULL;
    size_t      least = SIZE_MAX, most = 0;

    for (size_t i = 0; i < plan->count; i++) {
        size_t count = random_count(sharpness_of(plan, i), &definition);
        least = count < least ? count : least, most = count > most ? count : most;
    }
    if (most == 0) return;
    basin_plan_caption(plan, " Random directions: ");
    if (least < most) basin_plan_caption(plan, "%zu to ", least);
    basin_plan_caption(plan, "%zu%s, a thin line each", most, plan->count > 1 ? " for each result" : "");
    basin_plan_caption(plan, definition != NULL ? "; %s." : ".", definition);
}

static void what_caption(basin_plan *plan, bool symmetric)
{
    const basin_sharpness *s = sharpness_of(plan, 0);
    const char            *split = s->rise_count > 0 ? s->rises[0].split : NULL;

    basin_plan_caption(plan, symmetric ? "Symmetrised rise of the loss ½[L(θ + ρ d) + L(θ − ρ d)] − L(θ), "
                                         "without the slope, against the radius ρ, ‖d‖ = 1"
                                       : "Rise of the loss L(θ + ρ d) − L(θ), slope and curvature together, "
                                         "against the signed radius ρ, ‖d‖ = 1");
    basin_plan_caption(plan, "; P = %s, N = %s%s%s. ", BASIN_COUNT(s->parameters), BASIN_COUNT(s->samples),
                       split != NULL ? ", " : "", split != NULL ? split : "");
    basin_plan_caption(plan,
                       "d is the gradient direction for SAM (Foret et al., arXiv:2010.01412) and the "
                       "direction against the momentum v for MSAM (Becker et "
                       "al., arXiv:2401.12033)%s",
                       symmetric ? "." : ": ρ > 0 is the published sign of each.");
}

/* Between which values cos² of the momentum with the top eigenvector lies, over all results; NAN where no
   result has it. */
static void top_caption(basin_plan *plan)
{
    basin_range range = basin_range_start();

    for (size_t i = 0; i < plan->count; i++)
        if (isfinite(sharpness_of(plan, i)->momentum_top_cosine2))
            basin_range_add(&range, sharpness_of(plan, i)->momentum_top_cosine2);
    if (plan->count > 1)
        basin_plan_caption(
            plan, " Gradient and momentum are each result's own and look along different directions");
    if (range.low <= range.high) {
        basin_plan_caption(plan, plan->count > 1 ? ": cos²(v, e₁) = %s" : " cos²(v, e₁) = %s",
                           BASIN_NUMBER(range.low, 2));
        if (range.low < range.high) basin_plan_caption(plan, " to %s", BASIN_NUMBER(range.high, 2));
        basin_plan_caption(plan, ", e₁ the top eigenvector");
    }
    if (plan->count > 1 || range.low <= range.high) basin_plan_caption(plan, ".");
}

static void sharpness_caption(basin_plan *plan, const drawn *what, bool own_scale)
{
    what_caption(plan, what->symmetric);
    top_caption(plan);
    random_caption(plan);
    if (own_scale)
        basin_plan_caption(plan, " Their changes are under 5 %% of the others' and have their own scale.");
    if (what->cut)
        basin_plan_caption(
            plan, " The results' radii differ: drawn are those from %s to %s, a range that all have.",
            BASIN_NUMBER(what->radii.low, 3), BASIN_NUMBER(what->radii.high, 3));
    if (isfinite(sharpness_of(plan, 0)->momentum_gradient_cosine) && plan->count == 1)
        basin_plan_caption(plan, " cos(v, ∇L) = %s.",
                           BASIN_NUMBER(sharpness_of(plan, 0)->momentum_gradient_cosine, 2));
}

static size_t columns_of(const basin_plan *plan, size_t panels)
{
    return plan->width < 300 ? 1 : panels == 4 ? 2 : panels < 3 ? panels : 3;
}

static basin_status plan_rises(basin_plan *plan, bool symmetric)
{
    basin_status  st = BASIN_OK;
    basin_series *series = NULL;
    int           directions[DIRECTIONS];
    size_t        count = directions_of(plan, directions);
    basin_range   x = basin_range_start(), y = basin_range_start(), random = basin_range_start();
    bool          several = plan->count > 1;
    drawn         what = {.symmetric = symmetric};

    BASIN_TRY(basin_plan_series(plan, &series));
    BASIN_TRY(find_radii(plan, &what));
    size_t panels = several && count > 0 ? count : 1;
    BASIN_TRY(basin_plan_panels(plan, panels, columns_of(plan, panels)));
    for (size_t p = 0; p < panels; p++) {
        basin_panel *panel = &plan->panels[p];
        BASIN_TRY(basin_panel_rule(plan, panel, true, 0));
        BASIN_TRY(basin_panel_rule(plan, panel, false, 0));
        for (size_t i = 0; i < (several ? plan->count : count); i++) {
            if (several && count == 0) break;
            basin_look look = several ? series[i].look : basin_look_series(i);
            BASIN_TRY(add_direction(plan, panel, several ? i : 0, directions[several ? p : i], &what, look,
                                    several ? series[i].label : titles[directions[i]]));
        }
        basin_range px, py, *to = several && count > 0 && directions[p] == BASIN_RISE_RANDOM ? &random : &y;
        basin_panel_ranges(panel, &px, &py);
        basin_range_add(&x, px.low), basin_range_add(&x, px.high);
        basin_range_add(to, py.low), basin_range_add(to, py.high);
    }
    /* neither empty */
    bool own_scale = random.low < random.high && random.high - random.low < 0.05 * (y.high - y.low);
    if (!own_scale) basin_range_add(&y, random.low), basin_range_add(&y, random.high);
    /* one scale: the panels are to be compared; but small changes must be seen */
    for (size_t p = 0; p < panels; p++) {
        basin_panel *panel = &plan->panels[p];
        bool         left = p % plan->columns == 0, below = p + plan->columns >= panels;
        bool         own = own_scale && directions[p] == BASIN_RISE_RANDOM;
        BASIN_TRY(finish_panel(plan, panel, &x, own ? &random : &y));
        panel->title = several && count > 0 ? titles[directions[p]] : NULL;
        if (own) panel->title = basin_plan_text(plan, "%s (own scale)", panel->title);
        panel->y_label =
            left ? basin_plan_scale_label(plan, symmetric ? "½[L(+ρ) + L(−ρ)] − L" : "L(θ + ρd) − L(θ)",
                                          &panel->y, "\n")
                 : NULL;
        panel->no_y = !left && !own;
        if (below)
            panel->x_label = symmetric                         ? "radius ρ"
                             : panels > 1 && plan->columns > 1 ? "signed radius ρ"
                                                               : "signed radius ρ (ρ > 0: published sign)";
        panel->no_x = !below;
        panel->height = several ? fmin(0.34 * plan->width, 150) : fmin(0.5 * plan->width, 200);
    }
    plan->legend_shared = several;
    if (several && plan->columns > 1 && !symmetric)
        plan->note = "ρ > 0 is the published sign of SAM and MSAM";
    sharpness_caption(plan, &what, own_scale);
done:
    return st;
}

basin_status basin_plan_sharpness(basin_plan *plan)
{
    return plan_rises(plan, false);
}

basin_status basin_plan_symmetric(basin_plan *plan)
{
    return plan_rises(plan, true);
}

/* Sharpness against the signed radius: one panel with a curve a measure for one result, one panel a measure with a curve a
 * result for several (Becker et al., arXiv:2401.12033, fig. 4). Random directions share one name and one look.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/memory.h"
#include "render/figure.h"

static const basin_sharpness *sharpness_of(const basin_plan *plan, size_t i)
{
    return plan->results[i]->value;
}

/* «random:3» is one of «random». */
static size_t family_length(const char *name)
{
    return strncmp(name, "random:", 7) == 0 ? 6 : strlen(name);
}

static bool same_family(const char *a, const char *b)
{
    return family_length(a) == family_length(b) && strncmp(a, b, family_length(a)) == 0;
}

static const char *family_title(basin_plan *plan, const char *name)
{
    if (strcmp(name, "sam") == 0) return "SAM: d = ∇L/‖∇L‖";
    if (strcmp(name, "msam") == 0) return "MSAM: d = −v/‖v‖";
    return strncmp(name, "random:", 7) == 0 ? "random directions" : basin_plan_text(plan, "%s", name);
}

typedef struct pair {
    double rho, value;
} pair;

static int by_radius(const void *a, const void *b)
{
    double x = ((const pair *)a)->rho, y = ((const pair *)b)->rho;
    return (x > y) - (x < y);
}

/* The measure called exactly `name`, by radius. */
static basin_status curve(basin_plan *plan, const basin_sharpness *s, const char *name, basin_mark *mark)
{
    basin_status st = BASIN_OK;
    pair        *pairs = NULL;
    double      *x = NULL, *y = NULL;
    size_t       count = 0;

    BASIN_PLAN_ALLOC(plan, pairs, s->measure_count);
    BASIN_PLAN_ALLOC(plan, x, s->measure_count);
    BASIN_PLAN_ALLOC(plan, y, s->measure_count);
    for (size_t i = 0; i < s->measure_count; i++)
        if (s->measures[i].name != NULL && strcmp(s->measures[i].name, name) == 0) pairs[count++] = (pair){s->measures[i].rho, s->measures[i].value};
    qsort(pairs, count, sizeof *pairs, by_radius);
    for (size_t i = 0; i < count; i++) x[i] = pairs[i].rho, y[i] = pairs[i].value;
    mark->x = x, mark->y = y, mark->count = count;
done:
    return st;
}

/* Every curve of the family of `name`, in one look; the label once. */
static basin_status add_family(basin_plan *plan, basin_panel *panel, size_t result, const char *name, basin_look look, const char *label)
{
    basin_status           st = BASIN_OK;
    const basin_sharpness *s = sharpness_of(plan, result);

    for (size_t i = 0; i < s->measure_count; i++) {
        const char *own = s->measures[i].name;
        bool        first = own != NULL && same_family(own, name), random = first && family_length(own) != strlen(own);
        for (size_t j = 0; j < i && first; j++) first = s->measures[j].name == NULL || strcmp(s->measures[j].name, own) != 0;
        if (!first) continue;
        basin_mark mark = {.type = &basin_mark_line,
                           .pen = basin_look_pen(&look, random ? 0.6 : 1.1),
                           .marker = random ? BASIN_MARKER_NONE : look.marker,
                           .hollow = look.hollow,
                           .size = 3.2,
                           .label = label,
                           .cap = plan->options->cap};
        BASIN_TRY(curve(plan, s, own, &mark));
        BASIN_TRY(basin_panel_add(plan, panel, mark));
    }
done:
    return st;
}

/* The first name of each family, over all results, in order of appearance. */
static basin_status families(basin_plan *plan, const char ***out, size_t *count)
{
    basin_status st = BASIN_OK;
    const char **names = NULL;
    size_t       total = 0;

    *count = 0;
    for (size_t r = 0; r < plan->count; r++) total += sharpness_of(plan, r)->measure_count;
    BASIN_PLAN_ALLOC(plan, names, total);
    for (size_t r = 0; r < plan->count; r++) {
        const basin_sharpness *s = sharpness_of(plan, r);
        for (size_t i = 0; i < s->measure_count; i++) {
            const char *name = s->measures[i].name;
            bool        known = name == NULL;
            for (size_t j = 0; j < *count && !known; j++) known = same_family(names[j], name);
            if (!known) names[(*count)++] = name;
        }
    }
    *out = names;
done:
    return st;
}

static basin_status finish_panel(basin_plan *plan, basin_panel *panel, const basin_range *x, const basin_range *y)
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

static bool is_random(const char *name)
{
    return family_length(name) != strlen(name);
}

/* How many random directions a result has; the definition of one of them. */
static size_t random_count(const basin_sharpness *s, const char **definition)
{
    size_t count = 0;

    for (size_t i = 0; i < s->measure_count; i++) {
        bool first = s->measures[i].name != NULL && is_random(s->measures[i].name);
        for (size_t j = 0; j < i && first; j++) first = s->measures[j].name == NULL || strcmp(s->measures[j].name, s->measures[i].name) != 0;
        if (!first) continue;
        count++;
        if (s->measures[i].definition != NULL) *definition = s->measures[i].definition;
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

static void sharpness_caption(basin_plan *plan, bool own_scale)
{
    const basin_sharpness *s = sharpness_of(plan, 0);

    basin_plan_caption(
        plan,
        "Sharpness L(θ + ρ d) − L(θ) against the signed radius ρ, ‖d‖ = 1; P = %s, N = %s%s%s. d is the gradient direction for SAM (Foret et al., "
        "arXiv:2010.01412) and the direction against the momentum v for MSAM (Becker et al., arXiv:2401.12033): ρ > 0 is the published sign of each.",
        BASIN_COUNT(s->parameters), BASIN_COUNT(s->samples), s->measure_count > 0 && s->measures[0].split != NULL ? ", " : "",
        s->measure_count > 0 && s->measures[0].split != NULL ? s->measures[0].split : "");
    random_caption(plan);
    if (own_scale) basin_plan_caption(plan, " Their changes are under 5 %% of the others' and have their own scale.");
    if (isfinite(s->momentum_gradient_cosine) && plan->count == 1)
        basin_plan_caption(plan, " cos(v, ∇L) = %s.", BASIN_NUMBER(s->momentum_gradient_cosine, 2));
}

basin_status basin_plan_sharpness(basin_plan *plan)
{
    basin_status  st = BASIN_OK;
    basin_series *series = NULL;
    const char  **names = NULL;
    size_t        count = 0;
    basin_range   x = basin_range_start(), y = basin_range_start(), random = basin_range_start();
    bool          several = plan->count > 1;

    BASIN_TRY(basin_plan_series(plan, &series));
    BASIN_TRY(families(plan, &names, &count));
    size_t panels = several && count > 0 ? count : 1;
    BASIN_TRY(basin_plan_panels(plan, panels, plan->width < 300 ? 1 : panels < 3 ? panels : 3));
    for (size_t p = 0; p < panels; p++) {
        basin_panel *panel = &plan->panels[p];
        BASIN_TRY(basin_panel_rule(plan, panel, true, 0));
        BASIN_TRY(basin_panel_rule(plan, panel, false, 0));
        for (size_t i = 0; i < (several ? plan->count : count); i++) {
            if (several && count == 0) break;
            basin_look look = several ? series[i].look : basin_look_series(i);
            BASIN_TRY(
                add_family(plan, panel, several ? i : 0, names[several ? p : i], look, several ? series[i].label : family_title(plan, names[i])));
        }
        basin_range  px, py, *to = several && count > 0 && is_random(names[p]) ? &random : &y;
        basin_panel_ranges(panel, &px, &py);
        basin_range_add(&x, px.low), basin_range_add(&x, px.high);
        basin_range_add(to, py.low), basin_range_add(to, py.high);
    }
    bool own_scale = random.low < random.high && random.high - random.low < 0.05 * (y.high - y.low); /* neither empty */
    if (!own_scale) basin_range_add(&y, random.low), basin_range_add(&y, random.high);
    for (size_t p = 0; p < panels; p++) { /* one scale: the panels are to be compared; but small changes must be seen */
        basin_panel *panel = &plan->panels[p];
        bool         left = p % plan->columns == 0, below = p + plan->columns >= panels;
        bool         own = own_scale && is_random(names[p]);
        BASIN_TRY(finish_panel(plan, panel, &x, own ? &random : &y));
        panel->title = several && count > 0 ? family_title(plan, names[p]) : NULL;
        if (own) panel->title = basin_plan_text(plan, "%s (own scale)", panel->title);
        panel->y_label = left ? basin_plan_scale_label(plan, "L(θ + ρd) − L(θ)", &panel->y, "\n") : NULL;
        panel->no_y = !left && !own;
        panel->x_label = below ? panels > 1 && plan->columns > 1 ? "signed radius ρ" : "signed radius ρ (ρ > 0: published sign)" : NULL;
        panel->no_x = !below;
        panel->height = several ? fmin(0.34 * plan->width, 150) : fmin(0.5 * plan->width, 200);
    }
    plan->legend_shared = several;
    if (several && plan->columns > 1) plan->note = "ρ > 0 is the published sign of SAM and MSAM";
    sharpness_caption(plan, own_scale);
done:
    return st;
}

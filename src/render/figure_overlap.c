/* How the top eigenspaces of several checkpoints of one network lie to each other: a matrix of
 * ‖UᵀV‖_F²/k, 1 for equal and 0 for orthogonal spans of the first k eigenvectors.
 *
 * k is the largest number up to BASIN_SUBSPACE at which as many spans as possible are separated from what
 * lies below (basin_eigenspace_overlap), or what stands behind the kind's name, «overlap:10». A span that is
 * not separated has no overlap: its cells are hatched.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "render/figure.h"

/* checkpoints; those whose cells have numbers; bytes of a name that has room on an axis */
enum { MOST = 40, NUMBERED = 12, LONGEST = 24 };

typedef struct spans {
    size_t             count, k, least; /* least: the fewest vectors that any of them holds */
    basin_eigenspace **space;
} spans;

static const basin_spectrum *spectrum_of(const basin_plan *plan, size_t i)
{
    return plan->results[i]->value;
}

/* ---------------------------------------------------------------------------------------------- spans -- */

static basin_status check_spectrum(const basin_plan *plan, size_t i)
{
    basin_status          st = BASIN_OK;
    const basin_spectrum *a = spectrum_of(plan, 0), *s = spectrum_of(plan, i);

    BASIN_CHECK(basin_spectrum_vector(s, 1, NULL) != NULL, BASIN_ERR_MISSING,
                "figure overlap: spectrum %zu (%s) holds no eigenvector of its upper end; basin spectrum "
                "--vectors keeps them",
                i + 1, basin_plan_origin(plan, i));
    BASIN_CHECK(s->parameters == a->parameters, BASIN_ERR_SHAPE,
                "figure overlap: spectrum %zu (%s) is of %zu parameters, the first of %zu; it is of one "
                "network",
                i + 1, basin_plan_origin(plan, i), s->parameters, a->parameters);
    BASIN_CHECK(s->operator_kind == a->operator_kind && s->preconditioned == a->preconditioned, BASIN_ERR_ARG,
                "figure overlap: spectrum %zu (%s) is of the %s%s, the first of the %s%s", i + 1,
                basin_plan_origin(plan, i), s->preconditioned ? "preconditioned " : "",
                basin_curvature_kind_text((basin_curvature_kind)s->operator_kind),
                a->preconditioned ? "preconditioned " : "",
                basin_curvature_kind_text((basin_curvature_kind)a->operator_kind));
done:
    return st;
}

/* What was asked for behind the colon; 0 = nothing. */
static basin_status asked_for(const basin_plan *plan, size_t *out)
{
    basin_status st = BASIN_OK;
    char        *end = NULL;
    const long   k = strtol(plan->variant, &end, 10);

    *out = 0;
    if (plan->variant[0] == '\0') goto done;
    BASIN_CHECK(*end == '\0' && k > 0, BASIN_ERR_ARG,
                "figure overlap:%s: a number of eigenvectors stands behind the colon, as in overlap:5",
                plan->variant);
    *out = (size_t)k;
done:
    return st;
}

static size_t separated(const spans *s, size_t k)
{
    size_t count = 0;

    for (size_t i = 0; i < s->count; i++) count += s->space[i]->sine[k - 1] <= BASIN_SEPARATED;
    return count;
}

static basin_status choose_k(const basin_plan *plan, spans *s)
{
    basin_status st = BASIN_OK;
    size_t       asked = 0, best = 0;

    BASIN_TRY(asked_for(plan, &asked));
    BASIN_CHECK(asked <= s->least, BASIN_ERR_ARG,
                "figure overlap: %zu eigenvectors were asked for, and a spectrum holds %zu; --top %zu "
                "--vectors keeps so many",
                asked, s->least, asked + 1);
    s->k = asked;
    for (size_t k = 1; asked == 0 && k <= s->least && k <= BASIN_SUBSPACE; k++)
        if (separated(s, k) >= best) best = separated(s, k), s->k = k;
    BASIN_CHECK(separated(s, s->k) > 0, BASIN_ERR_VALUE,
                "figure overlap: no span of the first %zu eigenvectors is separated from what lies below; "
                "another number (overlap:N), or more pairs (--top), tell it",
                s->k);
done:
    return st;
}

static basin_status open_spans(basin_plan *plan, spans *s)
{
    basin_status st = BASIN_OK;

    BASIN_CHECK(plan->count >= 2 && plan->count <= MOST, BASIN_ERR_ARG,
                "figure overlap: of %zu spectrum%s; it is of 2 to %d", plan->count,
                plan->count == 1 ? "" : "s", MOST);
    BASIN_PLAN_ALLOC(plan, s->space, plan->count);
    s->least = SIZE_MAX;
    for (; s->count < plan->count; s->count++) {
        BASIN_TRY(check_spectrum(plan, s->count));
        BASIN_TRY(basin_eigenspace_create(spectrum_of(plan, s->count), SIZE_MAX, &s->space[s->count]));
        if (s->space[s->count]->dimension < s->least) s->least = s->space[s->count]->dimension;
    }
    BASIN_TRY(choose_k(plan, s));
done:
    return st;
}

static void close_spans(spans *s)
{
    for (size_t i = 0; s->space != NULL && i < s->count; i++) basin_eigenspace_destroy(&s->space[i]);
}

/* -------------------------------------------------------------------------------------------- drawing -- */

/* [count, count], the first at the top, which is the last row; `error`: by how much a cell may be off. */
static basin_status fill_matrix(basin_plan *plan, const spans *s, double **out, double *error)
{
    basin_status st = BASIN_OK;
    const size_t n = s->count;
    double      *z = NULL, overlap = NAN, off = NAN;

    BASIN_PLAN_ALLOC(plan, z, s->count * s->count);
    *error = 0;
    for (size_t i = 0; i < s->count; i++) {
        for (size_t j = 0; j <= i; j++) {
            BASIN_TRY(basin_eigenspace_overlap(s->space[i], s->space[j], s->k, &overlap, &off));
            z[(n - 1 - i) * n + j] = z[(n - 1 - j) * n + i] = overlap;
            if (isfinite(off) && i != j) *error = fmax(*error, off);
        }
    }
    *out = z;
done:
    return st;
}

static basin_status add_numbers(basin_plan *plan, basin_panel *panel, size_t n, const double *z,
                                const basin_paint *paint)
{
    basin_status st = BASIN_OK;
    basin_mark   mark = {
          .type = &basin_mark_text, .paint = paint, .size = 0.8 * plan->font_size, .silent = true};
    double      *x = NULL, *y = NULL, *value = NULL;
    const char **names = NULL;

    if (n > NUMBERED) goto done;
    BASIN_PLAN_ALLOC(plan, x, n * n);
    BASIN_PLAN_ALLOC(plan, y, n * n);
    BASIN_PLAN_ALLOC(plan, value, n * n);
    BASIN_PLAN_ALLOC(plan, names, n * n);
    for (size_t i = 0; i < n * n; i++) {
        char room[BASIN_NUMBER_ROOM];
        if (!isfinite(z[i])) continue;
        x[mark.count] = (double)(i % n), y[mark.count] = (double)(i / n), value[mark.count] = z[i];
        names[mark.count++] = basin_plan_text(plan, "%s", basin_number_fixed(z[i], 2, room));
    }
    mark.columns = n, mark.x = x, mark.y = y, mark.z = value, mark.names = names;
    BASIN_TRY(basin_panel_add(plan, panel, mark));
done:
    return st;
}

/* «SAM», or where that is said of several «sam_0, step 400». */
static const char *name_of(basin_plan *plan, const basin_series *series, size_t i)
{
    const basin_provenance *p = plan->results[i]->provenance;

    for (size_t j = 0; j < plan->count; j++)
        if (j != i && strcmp(series[i].label, series[j].label) == 0 && p != NULL && p->training.step >= 0)
            return basin_plan_text(plan, "%s, step %lld", series[i].label, (long long)p->training.step);
    return series[i].label;
}

/* Numbers instead where some name has no room; the caption then says whose they are. */
static void number_names(basin_plan *plan, const char **names)
{
    bool fit = true;

    for (size_t i = 0; i < plan->count; i++) fit = fit && strlen(names[i]) <= LONGEST;
    for (size_t i = 0; i < plan->count && !fit; i++) {
        basin_plan_caption(plan, "%s%zu: %s", i == 0 ? " " : ", ", i + 1, names[i]);
        names[i] = basin_plan_text(plan, "%zu", i + 1);
    }
    if (!fit) basin_plan_caption(plan, ".");
}

static basin_status name_cells(basin_plan *plan, basin_panel *panel)
{
    basin_status  st = BASIN_OK;
    basin_series *series = NULL;
    double       *at = NULL, *down = NULL;
    const char  **names = NULL;
    basin_color  *colors = NULL;

    BASIN_TRY(basin_plan_series(plan, &series));
    BASIN_PLAN_ALLOC(plan, at, plan->count);
    BASIN_PLAN_ALLOC(plan, down, plan->count);
    BASIN_PLAN_ALLOC(plan, names, plan->count);
    BASIN_PLAN_ALLOC(plan, colors, plan->count);
    for (size_t i = 0; i < plan->count; i++)
        at[i] = (double)i, down[i] = (double)(plan->count - 1 - i), names[i] = name_of(plan, series, i),
        colors[i] = basin_black;
    number_names(plan, names);
    panel->tick_count = panel->name_count = plan->count;
    panel->tick_at = at, panel->name_at = down;
    panel->tick_label = panel->name_label = names;
    panel->tick_color = panel->name_color = colors;
done:
    return st;
}

static basin_status draw_matrix(basin_plan *plan, const spans *s, const double *z)
{
    basin_status st = BASIN_OK;
    basin_panel *panel = plan->panels;
    basin_paint *paint = NULL;
    double      *at = NULL;
    const double end = (double)s->count - 0.5;

    BASIN_PLAN_ALLOC(plan, paint, 1);
    BASIN_PLAN_ALLOC(plan, at, s->count);
    for (size_t i = 0; i < s->count; i++) at[i] = (double)i;
    *paint = (basin_paint){.scale = {BASIN_SCALE_LINEAR, 0, 1, 0},
                           .cap = INFINITY,
                           .floor = -INFINITY,
                           .palette = plan->palette};
    BASIN_TRY(basin_panel_add(plan, panel,
                              (basin_mark){.type = &basin_mark_heat,
                                           .x = at,
                                           .y = at,
                                           .rows = s->count,
                                           .columns = s->count,
                                           .z = z,
                                           .paint = paint}));
    BASIN_TRY(add_numbers(plan, panel, s->count, z, paint));
    BASIN_TRY(name_cells(plan, panel));
    panel->x = panel->y = (basin_plot_scale){BASIN_SCALE_LINEAR, -0.5, end, 0};
    panel->framed = panel->equal = true;
    panel->bar = paint;
    panel->bar_label = basin_plan_text(plan, "overlap of the first %zu", s->k);
done:
    return st;
}

static void overlap_caption(basin_plan *plan, const spans *s, double error)
{
    const basin_spectrum *first = spectrum_of(plan, 0);
    size_t                hatched = s->count - separated(s, s->k);

    basin_plan_caption(
        plan,
        "Overlap ‖UᵀV‖_F²/k of the spans of the first k = %zu eigenvectors of the %s%s at each "
        "two points (P = %s): 1 for equal spans, 0 for orthogonal ones; of random spans it "
        "would be %s. Residuals leave each open by at most %s.",
        s->k, first->preconditioned ? "preconditioned " : "",
        basin_curvature_kind_title((basin_curvature_kind)first->operator_kind),
        BASIN_COUNT(first->parameters), BASIN_NUMBER((double)s->k / (double)first->parameters, 2),
        BASIN_NUMBER(error, 2));
    if (hatched > 0)
        basin_plan_caption(plan,
                           " Hatched: of %zu no span of the first %zu is separated from what lies below, so "
                           "that there is none to compare.",
                           hatched, s->k);
}

basin_status basin_plan_overlap(basin_plan *plan)
{
    basin_status st = BASIN_OK;
    spans        s = {0};
    double      *z = NULL, error = 0;

    BASIN_TRY(open_spans(plan, &s));
    BASIN_TRY(fill_matrix(plan, &s, &z, &error));
    BASIN_TRY(basin_plan_panels(plan, 1, 1));
    overlap_caption(plan, &s, error);
    BASIN_TRY(draw_matrix(plan, &s, z));
done:
    close_spans(&s);
    return st;
}

/* Every kind of figure of results whose numbers were changed to extremes: what comes is an error in one line
 * or a picture in which no text touches another or leaves the page, and nothing is drawn beside it. */
#include "synthetic.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/memory.h"
#include "core/schema.h"
#include "render/canvas_ops.h"
#include "render/figure.h"

#define BASIN_FIGURE(result, name, splits) {result, #name},
static const struct {
    basin_result_kind result;
    const char       *name;
} figures[] = {
#include "render/figure_list.h"
};
#undef BASIN_FIGURE
enum { FIGURES = sizeof figures / sizeof *figures };

/* ------------------------------------------------------------------------------------- changed numbers -- */

typedef double change(double value, size_t i);

static double huge(double v, size_t i)
{
    return (void)i, v * 1e12;
}

static double tiny(double v, size_t i)
{
    return (void)i, v * 1e-12;
}

static double negative(double v, size_t i)
{
    return (void)i, -fabs(v);
}

static double constant(double v, size_t i)
{
    return (void)i, isfinite(v) ? 3.25 : v;
}

static double zero(double v, size_t i)
{
    return (void)i, isfinite(v) ? 0 : v;
}

static double missing(double v, size_t i)
{
    return (void)i, (void)v, NAN;
}

static double infinite(double v, size_t i)
{
    return (void)v, i % 2 == 0 ? INFINITY : -INFINITY;
}

static double spread(double v, size_t i) /* 24 decades, both signs */
{
    return v * pow(10, 12 - (double)(i * 7 % 25)) * (i % 3 == 0 ? -1 : 1);
}

static double holed(double v, size_t i)
{
    return i % 4 == 1 ? NAN : i % 7 == 2 ? INFINITY : v;
}

static double offset(double v, size_t i) /* differences in the last digits of a large number */
{
    return (void)i, 1e9 + 1e-4 * v;
}

#define CHANGE(name) \
    {                \
#name, name  \
    }
static const struct {
    const char *name;
    change     *of;
} changes[] = {CHANGE(huge),    CHANGE(tiny),     CHANGE(negative), CHANGE(constant), CHANGE(zero),
               CHANGE(missing), CHANGE(infinite), CHANGE(spread),   CHANGE(holed),    CHANGE(offset)};
enum { CHANGES = sizeof changes / sizeof *changes };

static size_t extent_of(const basin_field *field, const void *value)
{
    size_t count = 1;

    for (size_t i = 0; i < 2; i++)
        if (field->extent[i] != BASIN_NO_EXTENT)
            count *= *(const size_t *)((const char *)value + field->extent[i]);
    return count;
}

/* Every double in the value, whatever it means; `i` counts them. */
static void change_all(const basin_schema *schema, void *value, change *of, size_t *i)
{
    for (size_t f = 0; f < schema->count; f++) {
        const basin_field *field = &schema->fields[f];
        char              *at = (char *)value + field->offset;
        const size_t       count = extent_of(field, value);
        switch (field->type) {
        case BASIN_FIELD_DOUBLE: *(double *)at = of(*(double *)at, (*i)++); break;
        case BASIN_FIELD_DOUBLES:
            for (size_t k = 0; *(double **)at != NULL && k < count; k++)
                (*(double **)at)[k] = of((*(double **)at)[k], (*i)++);
            break;
        case BASIN_FIELD_STRUCT: change_all(field->schema, at, of, i); break;
        case BASIN_FIELD_STRUCTS:
            for (size_t k = 0; *(char **)at != NULL && k < count; k++)
                change_all(field->schema, *(char **)at + k * field->schema->size, of, i);
            break;
        default: break;
        }
    }
}

/* --------------------------------------------------------------------------------------------- checked -- */

/* Each counts what is wrong, and says it. */

/* A sentence that a reader can use. */
static size_t refused_badly(const char *what)
{
    const char *message = basin_error_message();

    if (strlen(message) >= 12 && strchr(message, '\n') == NULL) return 0;
    print_error("%s: error «%s»\n", what, message);
    return 1;
}

static size_t beside_the_page(const basin_canvas *canvas, const char *what)
{
    const double beyond = 8; /* points: half a marker, a stroke's width */

    if (!(canvas->width > 0) || !(canvas->height > 0) || canvas->height > 72 * 40) {
        print_error("%s: a page of %g x %g points\n", what, canvas->width, canvas->height);
        return 1;
    }
    for (size_t i = 0; i < canvas->op_count; i++) {
        const basin_draw *op = &canvas->ops[i];
        for (size_t k = op->first; k < op->first + (op->kind == BASIN_DRAW_DOT ? 1 : op->count); k++) {
            const double x = canvas->points[2 * k], y = canvas->points[2 * k + 1];
            if (x >= -beyond && x <= canvas->width + beyond && y >= -beyond && y <= canvas->height + beyond)
                continue;
            print_error("%s: operation %zu of kind %d at (%g, %g) on a page of %g x %g points\n", what, i,
                        (int)op->kind, x, y, canvas->width, canvas->height);
            return 1;
        }
    }
    return 0;
}

/* Without anything of data there are still axes and words. */
static size_t blank(const basin_canvas *canvas, const char *what)
{
    if (canvas->label_count >= 2 && canvas->op_count >= 6) return 0;
    print_error("%s: %zu texts, %zu operations\n", what, canvas->label_count, canvas->op_count);
    return 1;
}

static size_t faults(const basin_result *const *results, size_t count, basin_figure_options options,
                     const char *what)
{
    basin_figure *figure = NULL;
    char          where[BASIN_COLLISION_ROOM];

    if (basin_figure_create(results, count, &options, &figure) != BASIN_OK) return refused_badly(what);
    const basin_canvas *canvas = basin_figure_canvas(figure);
    const size_t        collisions = basin_figure_collisions(figure, where);
    if (collisions > 0) print_error("%s: %zu collisions: %s\n", what, collisions, where);
    const size_t found = collisions + blank(canvas, what) + beside_the_page(canvas, what);
    basin_figure_destroy(&figure);
    return found;
}

static size_t at_each_scale(const basin_result *const *results, size_t count, basin_figure_options options,
                            const char *what)
{
    static const char *const scales[] = {NULL, "log", "symlog"};
    size_t                   found = 0;

    for (size_t s = 0; s < sizeof scales / sizeof *scales; s++) {
        for (size_t width = 0; width < 2; width++) {
            char name[128];
            options.scale = scales[s], options.width = width == 0 ? 3.25 : 6.75;
            snprintf(name, sizeof name, "%s, scale %s, width %g", what, scales[s] != NULL ? scales[s] : "own",
                     options.width);
            found += faults(results, count, options, name);
        }
    }
    return found;
}

static void extreme_numbers_give_an_error_or_a_picture(void **state)
{
    size_t found = 0;

    (void)state;
    for (size_t f = 0; f < FIGURES; f++) {
        for (size_t c = 0; c < CHANGES; c++) {
            basin_result *results[SYNTHETIC_MOST];
            const size_t  count = synthetic_figured(figures[f].result, figures[f].name, results);
            char          what[96];
            for (size_t k = 0, i = 0; k < count; k++) {
                change_all(basin_result_schema(results[k]->kind), results[k]->value, changes[c].of, &i);
                assert_true(i > 4);
            }
            snprintf(what, sizeof what, "%s, %s", figures[f].name, changes[c].name);
            found += at_each_scale((const basin_result *const *)results, count,
                                   (basin_figure_options){.kind = figures[f].name}, what);
            for (size_t k = 0; k < count; k++) basin_result_destroy(&results[k]);
        }
    }
    assert_int_equal(found, 0);
}

#define LONG "a run that somebody named at length, with the date, the machine and all of its settings"
static const char *const names[] = {LONG " 1", LONG " 2", LONG " 3", LONG " 4",  LONG " 5",  LONG " 6",
                                    LONG " 7", LONG " 8", LONG " 9", LONG " 10", LONG " 11", LONG " 12"};
enum { RUNS = sizeof names / sizeof *names };

static void twelve_runs_with_long_names_fit_or_are_refused(void **state)
{
    size_t found = 0;

    (void)state;
    for (size_t f = 0; f < FIGURES; f++) {
        basin_result *results[RUNS + SYNTHETIC_MOST];
        size_t        count = 0, once = 0;
        while (count < RUNS) {
            count += synthetic_figured(figures[f].result, figures[f].name, results + count);
            once = once > 0 ? once : count;
        }
        for (size_t n = once; n <= RUNS; n += RUNS - once)
            found += at_each_scale((const basin_result *const *)results, n,
                                   (basin_figure_options){.kind = figures[f].name,
                                                          .labels = names,
                                                          .title = LONG,
                                                          .x_label = LONG,
                                                          .y_label = LONG},
                                   figures[f].name);
        for (size_t i = 0; i < count; i++) basin_result_destroy(&results[i]);
    }
    assert_int_equal(found, 0);
}

/* The ruler: two names at one place, and one beyond the edge. */
static void texts_in_each_others_way_are_noticed(void **state)
{
    static const double         at[] = {1, 1};
    static const char *const    words[] = {"one name", "another"};
    static const basin_color    colors[2];
    static basin_figure_options options = {.no_footer = true};
    basin_panel                 panel = {.x = {BASIN_SCALE_LINEAR, 0, 1, 0},
                                         .y = {BASIN_SCALE_LINEAR, 0, 2, 0},
                                         .height = 80,
                                         .name_count = 1,
                                         .name_at = at,
                                         .name_label = words,
                                         .name_color = colors};
    basin_plan                  plan = {.options = &options, .width = 234, .font_size = 8};
    char                        where[BASIN_COLLISION_ROOM];

    (void)state;
    plan.panel_count = plan.columns = 1, plan.panels = &panel;
    for (panel.name_count = 1; panel.name_count <= 2; panel.name_count++) {
        basin_figure *figure = NULL;
        basin_plan_caption(&plan, "Names.");
        assert_ok(basin_figure_draw(&plan, "names", NULL, &figure));
        assert_int_equal(basin_figure_collisions(figure, where), panel.name_count - 1);
        assert_string_equal(where, panel.name_count == 1 ? "" : "«one name» and «another» overlap");
        assert_int_equal(basin_figure_collisions(figure, NULL), panel.name_count - 1);
        basin_figure_destroy(&figure);
    }
    basin_plan_clear(&plan);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(extreme_numbers_give_an_error_or_a_picture),
        cmocka_unit_test(twelve_runs_with_long_names_fit_or_are_refused),
        cmocka_unit_test(texts_in_each_others_way_are_noticed),
    };
    return cmocka_run_group_tests_name("extremes", tests, NULL, NULL);
}

/* Figures in characters: what stands in which cell, against the numbers that were drawn. */
#include "synthetic.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "render/figure.h"
#include "render/sketch.h"

enum { MOST_COLUMNS = 200 };

static const basin_sketch_options ascii = {.columns = 80, .plain = true};

static char *sketch(const basin_result *result, const char *kind, const basin_sketch_options *options)
{
    char *text = NULL;

    assert_ok(basin_figure_sketch(&result, 1, &(basin_figure_options){.kind = kind}, options, &text));
    return text;
}

/* A panel with one mark, on scales from 0 to 1. */
static char *sketch_mark(basin_mark mark, const basin_sketch_options *options)
{
    static const basin_figure_options none;
    basin_plan                        plan = {.options = &none, .width = 468, .font_size = 8};
    char                             *text = NULL;

    assert_ok(basin_plan_panels(&plan, 1, 1));
    plan.panels[0].x = plan.panels[0].y = (basin_plot_scale){BASIN_SCALE_LINEAR, 0, 1, 0};
    if (mark.type != NULL) assert_ok(basin_panel_add(&plan, &plan.panels[0], mark));
    assert_ok(basin_plan_sketch(&plan, options, &text));
    basin_plan_clear(&plan);
    return text;
}

/* The i-th line of the text, without its end. */
static const char *line_of(const char *text, size_t i, char out[1024])
{
    for (; i > 0; i--) text = strchr(text, '\n') + 1;
    snprintf(out, 1024, "%.*s", (int)strcspn(text, "\n"), text);
    return out;
}

/* What is right of the axis in the row of a plot, which begins behind the line of the label. */
static const char *plot_row(const char *text, size_t row, char out[1024])
{
    char   line[1024];
    size_t axis;

    line_of(text, row + 1, line);
    axis = strcspn(line, "|+");
    assert_true(line[axis] != '\0');
    return strcpy(out, line + axis + 1);
}

static void a_rising_line_rises(void **state)
{
    enum { ROWS = 14 };
    const double ends[2] = {0, 1};
    char        *text = sketch_mark((basin_mark){.type = &basin_mark_line,
                                                 .count = 2,
                                                 .x = ends,
                                                 .y = ends,
                                                 .pen = {.color = basin_black, .width = 1}},
                                    &ascii);
    char         row[1024];

    (void)state;
    for (size_t r = 0; r < ROWS; r++) { /* of y = x a row is the share [1 - (r + 1) / ROWS, 1 - r / ROWS] */
        plot_row(text, r, row);
        const size_t first = strspn(row, " "), last = strlen(row) - 1;
        const double columns = 80 - 3 - 3; /* the numbers on y are «0.0» and the like */
        assert_true(fabs((double)first - columns * (1 - (double)(r + 1) / ROWS)) <= 2);
        assert_true(fabs((double)last - columns * (1 - (double)r / ROWS)) <= 2);
    }
    basin_free(text);
}

static void what_is_missing_is_hatched_and_what_is_clipped_has_an_arrow(void **state)
{
    const double x[5] = {0, 0.25, 0.5, 0.75, 1}, gap[5] = {0.2, 0.2, NAN, 0.2, 0.2};
    const double high[5] = {0.2, 0.2, 7, 0.2, 0.2};
    basin_mark   mark = {
          .type = &basin_mark_line, .count = 5, .x = x, .y = gap, .pen = {.color = basin_black, .width = 1}};
    char *hatched = sketch_mark(mark, &ascii), row[1024];

    (void)state;
    plot_row(hatched, 2, row); /* far above the curve: nothing but hatching, from 0.375 to 0.625 */
    assert_in_range(strspn(row, " "), 24, 34);
    assert_in_range(strlen(row), 40, 50);
    mark.y = high, mark.cap = 1;
    char *clipped = sketch_mark(mark, &ascii);
    plot_row(clipped, 0, row);
    /* at 0.5 of 74 columns, apart from where the curve leaves and comes back */
    assert_in_range(30 + strspn(row + 30, " "), 34, 38);
    assert_in_range(38 + strspn(row + 38, " "), 42, 60);
    basin_free(hatched);
    basin_free(clipped);
}

/* The ramp's character of the value, on the paint's own scale. */
static void a_map_is_its_values(void **state)
{
    basin_result  *result = synthetic_plane("sam", 21);
    basin_slice   *slice = result->value;
    basin_surface *surface = &slice->surfaces[0];
    const double   flat = 1;
    char          *text, row[1024];

    (void)state;
    for (size_t i = 0; i < surface->rows * surface->columns; i++)
        surface->loss[i] = i % surface->columns < 10 ? flat : 100 * flat; /* two halves */
    surface->loss[10 * surface->columns + 3] = NAN;
    slice->cosine = 0; /* at right angles */
    text = sketch(result, "heat:train", &ascii);
    plot_row(text, 2, row);
    const char *at = strchr(row, '@');
    assert_true(row[0] == '.' && at != NULL);
    assert_int_equal(strspn(row, ".") + strspn(at, "@"), strlen(row));
    assert_true(fabs((double)strspn(row, ".") / (double)strlen(row) - 10.0 / 21) < 0.05);
    assert_non_null(strchr(text, '/'));
    assert_non_null(strstr(text, "/ not finite"));
    assert_non_null(strstr(text, " 100  loss (log scale)"));
    basin_free(text);
    surface->loss[10 * surface->columns + 3] = flat;
    text = sketch(result, "heat:train", &ascii);
    assert_null(strstr(text, "not finite"));
    basin_free(text);
    basin_result_destroy(&result);
}

static void words_of_labels_are_spelled_out(void **state)
{
    static const char *const pairs[][2] = {
        {"λ\1max\2", "lambda_max"},    {"‖d‖ = 1", "|d| = 1"},        {"1.2×10⁻⁷", "1.2x10^-7"},
        {"−0.5 ± 0.1", "-0.5 +- 0.1"}, {"2(1+β)/η", "2(1+beta)/eta"}, {"λ₁/λ₅", "lambda_1/lambda_5"},
        {"two\nlines", "two lines"},   {"漢\033[2J", "?\\x1b[2J"},
    };
    char out[128];

    (void)state;
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
        assert_string_equal(basin_cells_words(pairs[i][0], true, out, sizeof out), pairs[i][1]);
    assert_string_equal(basin_cells_words("λ\1max\2", false, out, sizeof out), "λ_max");
}

/* Every line within the width, in ASCII where that is wanted, and no escape without colours. */
static void check_lines(const char *text, const basin_sketch_options *o)
{
    char line[1 << 14];

    for (const char *c = text; *c != '\0'; c += strcspn(c, "\n") + 1) {
        snprintf(line, sizeof line, "%.*s", (int)strcspn(c, "\n"), c);
        if (o->colors == BASIN_SKETCH_NO_COLOR) {
            assert_true(basin_cells_width(line) <= (o->columns < 32 ? 32 : o->columns));
            assert_null(strchr(line, '\033'));
        }
        for (const char *b = line; *b != '\0' && o->plain; b++) assert_true((unsigned char)*b < 0x80);
        assert_true(line[0] == '\0' || line[strlen(line) - 1] != ' ');
        /* what a line turns on it turns off */
        const char *last = strrchr(line, '\033');
        assert_true(last == NULL || strcmp(last, "\033[0m") == 0 || strcmp(last, "\033[39m") == 0 ||
                    strstr(last, "[39m") == last + 1 || strstr(last, "[49m") == last + 1);
    }
}

static void every_figure_fits_every_width(void **state)
{
    static const char *const methods[] = {"gd", "sam", "msam"};
    static const size_t      widths[] = {10, 32, 80, MOST_COLUMNS};
    basin_result            *results[] = {synthetic_spectrum("sam", 300),
                                          synthetic_ends("sam", 4000, 10, 3),
                                          synthetic_density("sam", 4000),
                                          synthetic_line("sam", "momentum", 1, 51),
                                          synthetic_plane("sam", 11),
                                          synthetic_three(11),
                                          synthetic_paths(5),
                                          synthetic_track(methods, 3, 2, 8),
                                          synthetic_band("sam", BASIN_BAND_SEED, 4),
                                          synthetic_connection("sam", BASIN_CURVE_BEZIER),
                                          synthetic_sharpness("sam"),
                                          synthetic_comparison(3),
                                          synthetic_blocks("sam", 5),
                                          synthetic_gate("sam"),
                                          synthetic_sharpness_table("sam"),
                                          synthetic_invariance("sam"),
                                          synthetic_batches("sam", 6, true)};

    (void)state;
    for (size_t i = 0; i < sizeof results / sizeof *results; i++) {
        for (size_t w = 0; w < sizeof widths / sizeof *widths; w++)
            for (int look = 0; look < 4; look++) {
                const basin_sketch_options o = {.columns = widths[w],
                                                .plain = look % 2 == 1,
                                                .colors = look / 2 * BASIN_SKETCH_TRUE_COLOR};
                char *text = sketch(results[i], NULL, &o), *again = sketch(results[i], NULL, &o);
                check_lines(text, &o);
                assert_string_equal(text, again);
                basin_free(text);
                basin_free(again);
            }
        basin_result_destroy(&results[i]);
    }
}

/* Of the 256 colours the cube of 6 x 6 x 6 begins at 16. */
static void colours_are_the_terminals(void **state)
{
    basin_cells cells;
    char       *text = NULL;

    (void)state;
    assert_ok(basin_cells_create(4, 1, &cells));
    basin_cells_text(&cells, 0, 0, "ab", 0xff0000);
    basin_cells_text(&cells, 0, 2, "c", BASIN_OWN_COLOR);
    assert_ok(basin_cells_append(&cells, BASIN_SKETCH_256_COLORS, &text));
    assert_string_equal(text, "\033[38;5;196mab\033[39mc\n");
    assert_ok(basin_cells_append(&cells, BASIN_SKETCH_TRUE_COLOR, &text));
    assert_string_equal(text, "\033[38;5;196mab\033[39mc\n\033[38;2;255;0;0mab\033[39mc\n");
    assert_ok(basin_cells_append(&cells, BASIN_SKETCH_NO_COLOR, &text));
    assert_string_equal(strrchr(text, 'a'), "abc\n");
    basin_free(text);
    basin_cells_clear(&cells);
}

typedef struct attempt {
    const basin_result *result;
    const char         *kind;
} attempt;

static basin_status sketch_once(void *payload)
{
    const attempt *a = payload;
    char          *text = NULL;
    basin_status   st =
        basin_figure_sketch(&a->result, 1, &(basin_figure_options){.kind = a->kind}, &ascii, &text);

    basin_free(text);
    return st;
}

static void every_failed_allocation_is_clean(void **state)
{
    basin_result *line = synthetic_line("sam", "momentum", 1, 11), *plane = synthetic_plane("sam", 5);

    (void)state;
    basin_test_every_allocation(sketch_once, &(attempt){line, NULL});
    basin_test_every_allocation(sketch_once, &(attempt){plane, "heat"});
    basin_result_destroy(&line);
    basin_result_destroy(&plane);
}

static void panels_that_are_left_out_are_counted(void **state)
{
    basin_result *result = synthetic_comparison(3);
    char         *all = sketch(result, NULL, &ascii);
    char         *two = sketch(result, NULL, &(basin_sketch_options){.plain = true, .panels = 2});

    (void)state;
    assert_null(strstr(all, "more panels"));
    assert_non_null(strstr(two, "more panels in the figure"));
    basin_free(all);
    basin_free(two);
    basin_result_destroy(&result);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_rising_line_rises),
        cmocka_unit_test(what_is_missing_is_hatched_and_what_is_clipped_has_an_arrow),
        cmocka_unit_test(a_map_is_its_values),
        cmocka_unit_test(words_of_labels_are_spelled_out),
        cmocka_unit_test(every_figure_fits_every_width),
        cmocka_unit_test(colours_are_the_terminals),
        cmocka_unit_test(every_failed_allocation_is_clean),
        cmocka_unit_test(panels_that_are_left_out_are_counted),
    };
    return cmocka_run_group_tests_name("sketch", tests, NULL, NULL);
}

/* Each mark and each kind of figure against its picture in tests/golden, without text, since fonts differ
 * between machines: a figure's is so small that it neither shows nor takes room, so that frames, ticks,
 * legends and all that stands for data are where they were.
 *
 * As cairo's buffer_diff: how many pixels changed and by how much at most. Antialiasing noise between library
 * versions stays below MOST; a shift of one pixel or a line 0.1 wider does not. On failure output, reference
 * and difference are left in the scratch folder. BASIN_GOLDEN=1 draws the references anew: look at them
 * before committing.
 */
#include "support.h"

#include <cairo.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "render/figure.h"
#include "synthetic.h"

enum { WIDTH = 200, HEIGHT = 150, COUNT = 41, GRID = 25, MOST = 8 };

typedef basin_status plan_figure(basin_plan *plan);

#define BASIN_FIGURE(result, name, splits) {#name, result, basin_plan_##name},
static const struct {
    const char       *name;
    basin_result_kind result;
    plan_figure      *plan;
} figures[] = {
#include "render/figure_list.h"
};
#undef BASIN_FIGURE
enum { FIGURES = sizeof figures / sizeof *figures };

static double      x[COUNT + 1], y[COUNT + 1], low[COUNT], high[COUNT], plane[GRID * GRID], side[GRID];
static double      relief_x[GRID * GRID], relief_y[GRID * GRID]; /* corners of a folded sheet */
static basin_color relief_colors[(GRID - 1) * (GRID - 1)];

static int data(void **state)
{
    (void)state;
    for (size_t i = 0; i <= COUNT; i++)
        x[i] = -1 + 2.0 * (double)i / (COUNT - 1), y[i] = sin(4 * x[i]) * 3 + x[i];
    for (size_t i = 0; i < COUNT; i++) low[i] = y[i] - 0.6, high[i] = y[i] + 0.3;
    for (size_t i = 0; i < GRID; i++) side[i] = -1 + 2.0 * (double)i / (GRID - 1);
    for (size_t i = 0; i < GRID; i++)
        for (size_t j = 0; j < GRID; j++)
            plane[i * GRID + j] =
                0.2 + 3 * side[j] * side[j] + 2 * side[i] * side[i] * side[i] + side[i] * side[j] + 2;
    plane[3 * GRID + 7] = NAN;
    for (size_t i = 0; i < GRID * GRID; i++) {
        const double across = side[i % GRID], up = side[i / GRID];
        relief_x[i] = 0.75 * across + 0.25 * up;
        relief_y[i] = 2 * up - across + 2.2 * exp(-6 * (across * across + up * up));
    }
    relief_x[5 * GRID + 6] = NAN;
    for (size_t i = 0; i < (GRID - 1) * (GRID - 1); i++)
        relief_colors[i] = basin_color_sequential(NULL, (double)(i % (GRID - 1)) / (GRID - 2));
    return 0;
}

static const char *const names[] = {"xxxx", "xxxx", "xxxx", "xxxx", "xxxx", "xxxx"};

/* The mark as each picture shows it. */
static basin_mark sample(const basin_mark_type *type, const basin_paint *paint)
{
    static const double levels[] = {1, 2, 3, 4};
    basin_mark          mark = {.type = type,
                                .count = COUNT,
                                .x = x,
                                .y = y,
                                .pen = {.color = basin_positive, .width = 1.5},
                                .marker = BASIN_MARKER_SQUARE,
                                .size = 5};

    if (type == &basin_mark_line)
        mark.cap = 3.2, mark.marker = BASIN_MARKER_DIAMOND, mark.every = 9, mark.pen.dash = BASIN_DASHDOT;
    if (type == &basin_mark_points) mark.hollow = true, mark.marker = BASIN_MARKER_TRIANGLE;
    if (type == &basin_mark_stem)
        mark.count = 20, mark.low = low, mark.high = high, mark.marker = BASIN_MARKER_CIRCLE;
    if (type == &basin_mark_interval) mark.count = 12, mark.low = low, mark.high = high;
    if (type == &basin_mark_band) mark.low = low, mark.high = high, mark.pen.fade = 0.7;
    if (type == &basin_mark_rug) mark.slot = 1, mark.slots = 3;
    if (type == &basin_mark_rule) mark.y = NULL;
    if (type == &basin_mark_name)
        mark.names = names, mark.count = sizeof names / sizeof *names, mark.size = 7;
    if (type == &basin_mark_relief) {
        mark.x = relief_x, mark.y = relief_y, mark.rows = mark.columns = GRID, mark.colors = relief_colors;
        mark.near[0] = 2, mark.near[1] = GRID - 2, mark.mesh[0] = mark.mesh[1] = 2, mark.pen.width = 0.5;
    }
    if (type == &basin_mark_text) mark.names = names, mark.count = 6, mark.columns = 3, mark.size = 7;
    if (type == &basin_mark_heat || type == &basin_mark_contour) {
        mark.x = mark.y = side, mark.z = plane, mark.rows = mark.columns = GRID, mark.paint = paint,
        mark.size = 0;
        mark.levels = levels, mark.count = 4;
    }
    return mark;
}

/* The drawing, one pixel a point; takes the canvas. Caller destroys. */
static cairo_surface_t *pixels(basin_canvas *canvas, const char *title)
{
    unsigned char *bytes = NULL;
    size_t         size;
    const char    *path = basin_test_scratch("golden.png");

    assert_ok(basin_canvas_encode(
        canvas, BASIN_FORMAT_PNG,
        &(basin_sheet){.title = title, .description = "one of basin's drawings", .dpi = 72}, &bytes, &size));
    basin_canvas_destroy(&canvas);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    fclose(file);
    basin_free(bytes);
    cairo_surface_t *surface = cairo_image_surface_create_from_png(path);
    assert_int_equal(cairo_surface_status(surface), CAIRO_STATUS_SUCCESS);
    return surface;
}

/* The mark on a page of one point a pixel. Caller destroys. */
static cairo_surface_t *drawn(const basin_mark_type *type, double shift, double wider)
{
    basin_plot_scale across = {BASIN_SCALE_LINEAR, -1.1, 1.1, 0},
                     up = {BASIN_SCALE_LINEAR,
                           type == &basin_mark_heat || type == &basin_mark_contour ? -1.1 : -4.5,
                           type == &basin_mark_heat || type == &basin_mark_contour ? 1.1 : 4.5, 0};
    basin_paint paint = {
        .scale = {BASIN_SCALE_LINEAR, 0, 6, 0}, .cap = 5, .floor = -INFINITY, .palette = &basin_palettes[0]};
    basin_view    view = {.x = &across, .y = &up, .box = {10 + shift, 10, WIDTH - 10 + shift, HEIGHT - 10}};
    basin_mark    mark = sample(type, &paint);
    basin_canvas *canvas = NULL;

    mark.pen.width += wider;
    double gap[] = {y[12]};
    if (type == &basin_mark_line) y[12] = NAN;
    assert_ok(basin_canvas_create(WIDTH, HEIGHT, "DejaVu Sans", 8, &canvas));
    mark.type->draw(&mark, &view, canvas);
    y[12] = gap[0];
    return pixels(canvas, type->name);
}

/* One sign for every label, so that the layout knows of no words. `marks` = false leaves out what stands for
   data. */
static void without_words(basin_panel *panel, bool marks)
{
    panel->title = NULL, panel->note_count = 0;
    if (panel->x_label != NULL) panel->x_label = "x";
    if (panel->y_label != NULL) panel->y_label = "y";
    if (panel->bar_label != NULL) panel->bar_label = "z";
    if (!marks) panel->mark_count = 0;
    if (panel->inset != NULL) without_words(panel->inset, marks);
}

/* A whole figure, one pixel a point. Caller destroys. */
static cairo_surface_t *drawn_figure(size_t figure, bool marks, bool dark)
{
    basin_figure_options options = {.no_footer = true, .dark = dark};
    basin_result        *results[SYNTHETIC_MOST] = {NULL};
    const size_t         count = synthetic_figured(figures[figure].result, figures[figure].name, results);
    basin_plan           plan = {.results = (const basin_result *const *)results,
                                 .count = count,
                                 .options = &options,
                                 .variant = "",
                                 .width = 234,
                                 .font_size = 0.002};
    basin_canvas        *canvas = NULL;

    assert_ok(figures[figure].plan(&plan));
    plan.warning = plan.note = NULL;
    for (size_t i = 0; i < plan.panel_count; i++) without_words(&plan.panels[i], marks);
    assert_ok(basin_plan_draw(&plan, NULL, &canvas));
    basin_plan_clear(&plan);
    for (size_t i = 0; i < count; i++) basin_result_destroy(&results[i]);
    return pixels(canvas, figures[figure].name);
}

typedef struct change {
    size_t pixels;
    int    most;
} change;

/* Both of the same size, else everything has changed; the difference, ten times as strong, into `shown`
   unless NULL. */
static change compare(cairo_surface_t *a, cairo_surface_t *b, cairo_surface_t *shown)
{
    change c = {0};
    size_t width = (size_t)cairo_image_surface_get_width(a);
    size_t height = (size_t)cairo_image_surface_get_height(a);

    if (cairo_image_surface_get_width(b) != (int)width || cairo_image_surface_get_height(b) != (int)height)
        return (change){width * height, 255};
    for (size_t row = 0; row < height; row++) {
        const unsigned char *p =
            cairo_image_surface_get_data(a) + row * (size_t)cairo_image_surface_get_stride(a);
        const unsigned char *q =
            cairo_image_surface_get_data(b) + row * (size_t)cairo_image_surface_get_stride(b);
        unsigned char *out = shown != NULL ? cairo_image_surface_get_data(shown) +
                                                 row * (size_t)cairo_image_surface_get_stride(shown)
                                           : NULL;
        for (size_t column = 0; column < width; column++) {
            int most = 0;
            for (size_t k = 0; k < 3; k++) {
                int d = abs(p[4 * column + k] - q[4 * column + k]);
                most = d > most ? d : most;
                if (out != NULL) out[4 * column + k] = (unsigned char)(10 * d > 255 ? 255 : 10 * d);
            }
            c.pixels += most > 0;
            c.most = most > c.most ? most : c.most;
        }
    }
    return c;
}

static void leave(cairo_surface_t *surface, const char *mark, const char *what)
{
    char name[64];

    snprintf(name, sizeof name, "golden_%s_%s.png", mark, what);
    assert_int_equal(cairo_surface_write_to_png(surface, basin_test_scratch(name)), CAIRO_STATUS_SUCCESS);
    print_error("%s\n", basin_test_scratch(name));
}

/* Against tests/golden/NAME.png, or, if asked, as the new one. Takes the surface. */
static void looks_as_it_did(cairo_surface_t *output, const char *name)
{
    bool renew = getenv("BASIN_GOLDEN") != NULL && strcmp(getenv("BASIN_GOLDEN"), "1") == 0;
    char path[128];

    snprintf(path, sizeof path, "tests/golden/%s.png", name);
    if (renew) assert_int_equal(cairo_surface_write_to_png(output, path), CAIRO_STATUS_SUCCESS);
    cairo_surface_t *reference = cairo_image_surface_create_from_png(path);
    if (cairo_surface_status(reference) != CAIRO_STATUS_SUCCESS)
        fail_msg("%s: %s; make golden draws it", path,
                 cairo_status_to_string(cairo_surface_status(reference)));
    cairo_surface_t *shown = cairo_image_surface_create(
        CAIRO_FORMAT_RGB24, cairo_image_surface_get_width(output), cairo_image_surface_get_height(output));
    change c = compare(output, reference, shown);
    if (c.most > MOST) {
        cairo_surface_mark_dirty(shown);
        print_error("%s: %zu pixels changed, by %d at most (allowed %d):\n", name, c.pixels, c.most, MOST);
        leave(output, name, "output"), leave(reference, name, "reference"), leave(shown, name, "difference");
        fail();
    }
    cairo_surface_destroy(output), cairo_surface_destroy(reference), cairo_surface_destroy(shown);
}

static void each_mark_looks_as_it_did(void **state)
{
    (void)state;
    for (size_t i = 0; i < basin_mark_type_count; i++)
        looks_as_it_did(drawn(basin_mark_types[i], 0, 0), basin_mark_types[i]->name);
}

static void each_kind_of_figure_looks_as_it_did(void **state)
{
    (void)state;
    for (size_t i = 0; i < FIGURES; i++) {
        char name[64];
        snprintf(name, sizeof name, "figure_%s", figures[i].name);
        looks_as_it_did(drawn_figure(i, true, false), name);
    }
}

/* One of each kind of colours: of a method, of numbers as lines and as cells, of signed numbers. */
static void dark_figures_look_as_they_did(void **state)
{
    static const char *const dark[] = {"lines", "contour", "heat", "change", "methods"};

    (void)state;
    for (size_t i = 0; i < FIGURES; i++) {
        for (size_t k = 0; k < sizeof dark / sizeof *dark; k++) {
            char name[64];
            if (strcmp(figures[i].name, dark[k]) != 0) continue;
            snprintf(name, sizeof name, "dark_%s", figures[i].name);
            looks_as_it_did(drawn_figure(i, true, true), name);
        }
    }
}

/* The ruler of the test before: a figure of frames and labels alone is another one. */
static void a_figure_without_its_marks_is_noticed(void **state)
{
    (void)state;
    for (size_t i = 0; i < FIGURES; i++) {
        cairo_surface_t *whole = drawn_figure(i, true, false), *again = drawn_figure(i, true, false),
                        *bare = drawn_figure(i, false, false);
        assert_int_equal(compare(whole, again, NULL).pixels, 0);
        change c = compare(whole, bare, NULL);
        if (c.most <= MOST || c.pixels < 100)
            fail_msg("%s: without marks %zu pixels change, by %d at most", figures[i].name, c.pixels, c.most);
        cairo_surface_destroy(whole), cairo_surface_destroy(again), cairo_surface_destroy(bare);
    }
}

static void the_comparison_sees_small_changes(void **state)
{
    cairo_surface_t *plain = drawn(&basin_mark_line, 0, 0), *again = drawn(&basin_mark_line, 0, 0),
                    *moved = drawn(&basin_mark_line, 1, 0), *wider = drawn(&basin_mark_line, 0, 0.1);

    (void)state;
    assert_int_equal(compare(plain, again, NULL).pixels, 0);
    assert_true(compare(plain, moved, NULL).most > MOST);
    assert_true(compare(plain, wider, NULL).most > MOST);
    cairo_surface_destroy(plain), cairo_surface_destroy(again), cairo_surface_destroy(moved),
        cairo_surface_destroy(wider);
}

/* Something is drawn, and only inside the plot (a marker may stand half over its edge). */
static void each_mark_has_ink_inside_its_plot(void **state)
{
    (void)state;
    for (size_t i = 0; i < basin_mark_type_count; i++) {
        cairo_surface_t *output = drawn(basin_mark_types[i], 0, 0);
        size_t           inked = 0, outside = 0;
        for (size_t row = 0; row < HEIGHT; row++) {
            const unsigned char *p =
                cairo_image_surface_get_data(output) + row * (size_t)cairo_image_surface_get_stride(output);
            for (size_t column = 0; column < WIDTH; column++) {
                bool ink = p[4 * column] < 250 || p[4 * column + 1] < 250 || p[4 * column + 2] < 250;
                inked += ink;
                outside += ink && (row < 6 || row >= HEIGHT - 6 || column < 6 || column >= WIDTH - 6);
            }
        }
        if (inked < 100 || outside > 0)
            fail_msg("%s: %zu pixels inked, %zu outside", basin_mark_types[i]->name, inked, outside);
        cairo_surface_destroy(output);
    }
}

static void colours_are_as_published(void **state)
{
    basin_look look;

    (void)state;
    assert_close(basin_color_sequential(&basin_palettes[0], 0).r, 0x44 / 255.0, 0, 1e-12);
    assert_close(basin_color_sequential(&basin_palettes[0], 1).b, 0x25 / 255.0, 0, 1e-12);
    /* between the two middle stations */
    assert_close(basin_color_sequential(&basin_palettes[0], 0.5).g, (0x82 + 0x9e) / 2.0 / 255.0, 0, 1e-12);
    assert_close(basin_color_sequential(&basin_palettes[0], 7).r, 0xfd / 255.0, 0, 1e-12);
    assert_close(basin_color_sequential(&basin_palettes[0], NAN).r, 0x44 / 255.0, 0, 1e-12);
    assert_close(basin_color_diverging(0).r, 0xf7 / 255.0, 0, 1e-12);
    assert_close(basin_color_diverging(-1).b, 0xac / 255.0, 0, 1e-12);
    double last = -1;
    for (int i = 0; i <= 100; i++) { /* viridis grows lighter all the way: it survives greyscale */
        basin_color c = basin_color_sequential(&basin_palettes[0], i / 100.0);
        double      luminance = 0.2126 * c.r + 0.7152 * c.g + 0.0722 * c.b;
        assert_true(luminance > last);
        last = luminance;
    }
    assert_true(basin_look_method("gd", &look));
    assert_close(look.color.b, 0xb2 / 255.0, 0, 1e-12);
    assert_false(basin_look_method("lion", &look));
    assert_false(basin_look_method(NULL, &look));
}

/* As a colour is seen with deuteranopia (Machado, Oliveira & Fernandes 2009, severity 1), in linear RGB. */
static void seen_without_green(basin_color c, double out[3])
{
    static const double matrix[3][3] = {
        {0.367322, 0.860646, -0.227968}, {0.280085, 0.672501, 0.047413}, {-0.011820, 0.042940, 0.968881}};
    const double s[3] = {c.r, c.g, c.b};
    double       linear[3];

    for (size_t i = 0; i < 3; i++)
        linear[i] = s[i] <= 0.04045 ? s[i] / 12.92 : pow((s[i] + 0.055) / 1.055, 2.4);
    for (size_t i = 0; i < 3; i++)
        out[i] = matrix[i][0] * linear[0] + matrix[i][1] * linear[1] + matrix[i][2] * linear[2];
}

/* Greyscale keeps marker and dash, so no two looks share both; with deuteranopia those that share a marker
   are of other colours. */
static void series_are_told_apart_however_they_are_seen(void **state)
{
    enum { SERIES = 7 };

    (void)state;
    for (size_t i = 0; i < SERIES; i++) {
        for (size_t j = 0; j < i; j++) {
            const basin_look a = basin_look_series(i), b = basin_look_series(j);
            double           p[3], q[3], apart = 0;
            if (a.marker == b.marker && a.hollow == b.hollow && a.dash == b.dash)
                fail_msg("series %zu and %zu look alike in grey", i, j);
            seen_without_green(a.color, p), seen_without_green(b.color, q);
            for (size_t k = 0; k < 3; k++) apart = fmax(apart, fabs(p[k] - q[k]));
            if (a.marker == b.marker && apart < 0.05)
                fail_msg("series %zu and %zu: of one marker, %g apart with deuteranopia", i, j, apart);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_mark_looks_as_it_did),
        cmocka_unit_test(each_kind_of_figure_looks_as_it_did),
        cmocka_unit_test(dark_figures_look_as_they_did),
        cmocka_unit_test(a_figure_without_its_marks_is_noticed),
        cmocka_unit_test(the_comparison_sees_small_changes),
        cmocka_unit_test(each_mark_has_ink_inside_its_plot),
        cmocka_unit_test(colours_are_as_published),
        cmocka_unit_test(series_are_told_apart_however_they_are_seen),
    };
    return cmocka_run_group_tests_name("golden", tests, data, NULL);
}

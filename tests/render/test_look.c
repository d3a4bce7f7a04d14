/* How figures look: palettes, dark grounds, ranges, levels, legends, fonts, and several figures on a page. */
#include "synthetic.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "render/canvas_ops.h"
#include "render/figure.h"

/* -------------------------------------------------------------------------------------------- colours -- */

/* W3C's own example values: black on white 21, and #767676, the lightest grey of contrast 4.54. */
static void contrast_is_as_published(void **state)
{
    (void)state;
    const basin_color black = {0, 0, 0}, white = {1, 1, 1}, grey = {0x76 / 255.0, 0x76 / 255.0, 0x76 / 255.0};
    assert_close(basin_color_contrast(black, white), 21, 0, 1e-12);
    assert_close(basin_color_contrast(white, grey), 4.54, 0, 0.005);
    assert_close(basin_color_contrast(grey, grey), 1, 0, 1e-12);
}

static void palettes_grow_lighter_all_the_way(void **state)
{
    const basin_palette *palette = NULL;
    const basin_color    black = {0, 0, 0};

    (void)state;
    for (size_t i = 0; i < basin_palette_count; i++) {
        assert_string_equal(basin_figure_palette(i), basin_palettes[i].name);
        assert_ok(basin_palette_find(basin_palettes[i].name, &palette));
        assert_ptr_equal(palette, &basin_palettes[i]);
        double last = 0;
        for (int k = 0; k <= 100; k++) {
            const double light = basin_color_contrast(basin_color_sequential(palette, k / 100.0), black);
            if (!(light > last)) fail_msg("%s: no lighter at %d %%", palette->name, k);
            last = light;
        }
    }
    assert_null(basin_figure_palette(basin_palette_count));
    assert_status(basin_palette_find("jet", &palette), BASIN_ERR_ARG);
    assert_message("unknown palette «jet»; there are: viridis cividis inferno magma plasma greys");
}

/* matplotlib 3.6: colormaps["magma"](0.5) etc., computed there, to within what the stations are off. */
static void palettes_are_as_published(void **state)
{
    static const struct {
        const char *name;
        double      r, g, b;
    } middle[] = {{"viridis", 0.128, 0.567, 0.551},
                  {"cividis", 0.489, 0.485, 0.471},
                  {"inferno", 0.736, 0.216, 0.330},
                  {"magma", 0.716, 0.215, 0.475},
                  {"plasma", 0.798, 0.280, 0.470}};
    const basin_palette *palette = NULL;

    (void)state;
    for (size_t i = 0; i < sizeof middle / sizeof *middle; i++) {
        assert_ok(basin_palette_find(middle[i].name, &palette));
        const basin_color c = basin_color_sequential(palette, 0.5);
        assert_close(c.r, middle[i].r, 0, 0.02);
        assert_close(c.g, middle[i].g, 0, 0.02);
        assert_close(c.b, middle[i].b, 0, 0.02);
    }
}

static void every_series_stands_out_from_a_dark_ground(void **state)
{
    static const char *const names[] = {"gd", "sgd", "nag", "sam", "usam", "asam", "msam", "adam", "adamw"};
    basin_look               look;

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        assert_true(basin_look_method(names[i], &look));
        assert_true(basin_color_contrast(basin_color_on_dark(look.color), basin_dark_ground) >= 3);
    }
    for (size_t i = 0; i < 7; i++)
        assert_true(
            basin_color_contrast(basin_color_on_dark(basin_look_series(i).color), basin_dark_ground) >= 3);
    assert_true(basin_color_contrast(basin_color_on_dark(basin_warning), basin_dark_ground) >= 3);
    assert_true(basin_color_contrast(basin_color_on_dark(basin_black), basin_dark_ground) >= 7); /* texts */
    assert_close(basin_color_on_dark(basin_white).g, basin_dark_ground.g, 0, 1e-12);
}

static void levels_are_ink_on_either_ground(void **state)
{
    double low, high;

    (void)state;
    for (size_t i = 0; i < basin_palette_count; i++) {
        const basin_palette *p = &basin_palettes[i];
        basin_palette_ink(p, true, &low, &high);
        assert_true(low < 0.6 && high == 1);
        for (int k = 0; k <= 20; k++)
            assert_true(basin_color_contrast(basin_color_sequential(p, low + (high - low) * k / 20),
                                             basin_dark_ground) > 2.99);
        basin_palette_ink(p, false, &low, &high);
        assert_true(low == 0 && high > 0.5);
        assert_true(basin_color_contrast(basin_color_sequential(p, high), basin_white) > 1.84);
    }
}

/* --------------------------------------------------------------------------------------------- figures -- */

static basin_figure *figure_of(basin_result *result, basin_figure_options options)
{
    basin_figure *figure = NULL;

    assert_ok(basin_figure_create((const basin_result *const *)&result, 1, &options, &figure));
    basin_result_destroy(&result);
    return figure;
}

static size_t strokes_of(const basin_canvas *canvas, double width)
{
    size_t count = 0;

    for (size_t i = 0; i < canvas->op_count; i++)
        count += canvas->ops[i].kind == BASIN_DRAW_STROKE && canvas->ops[i].pen.width == width;
    return count;
}

static bool says(const basin_figure *figure, const char *text)
{
    const basin_canvas *canvas = basin_figure_canvas(figure);

    for (size_t i = 0; i < canvas->op_count; i++)
        if (canvas->ops[i].text != NULL && strstr(canvas->ops[i].text, text) != NULL) return true;
    return false;
}

/* Triangles: three corners, filled. */
static size_t arrows_of(const basin_figure *figure)
{
    const basin_canvas *canvas = basin_figure_canvas(figure);
    size_t              count = 0;

    for (size_t i = 0; i < canvas->op_count; i++)
        count += canvas->ops[i].kind == BASIN_DRAW_FILL && canvas->ops[i].count == 3;
    return count;
}

static void what_is_beyond_a_range_is_marked(void **state)
{
    (void)state;
    basin_figure *whole = figure_of(synthetic_line("gd", "eigen:1", 1, 51), (basin_figure_options){0});
    assert_int_equal(arrows_of(whole), 0);
    basin_figure_destroy(&whole);

    const double  wide[] = {-1e6, 1e6}, low[] = {0, 1e-3};
    basin_figure *inside =
        figure_of(synthetic_line("gd", "eigen:1", 1, 51), (basin_figure_options){.range = wide});
    assert_int_equal(arrows_of(inside), 0);
    assert_null(strstr(basin_figure_caption(inside), "arrows"));
    basin_figure_destroy(&inside);

    basin_figure *cut =
        figure_of(synthetic_line("gd", "eigen:1", 1, 51), (basin_figure_options){.range = low});
    assert_true(arrows_of(cut) > 3);
    assert_true(says(cut, "▲ above 0.001"));
    assert_non_null(strstr(basin_figure_caption(cut),
                           "The axis ends at 0 and 0.001; arrows mark where values "
                           "are beyond."));
    basin_figure_destroy(&cut);

    const double  middle[] = {0.5, 0.6};
    basin_figure *heat =
        figure_of(synthetic_plane("gd", 21), (basin_figure_options){.kind = "heat", .range = middle});
    assert_true(says(heat, "&gt; 0.6") && says(heat, "&lt; 0.5"));
    assert_non_null(
        strstr(basin_figure_caption(heat), "Losses above 0.6 are shown as that. Losses below 0.5"));
    basin_figure_destroy(&heat);
}

static void levels_are_those_asked_for(void **state)
{
    static const double asked[] = {0.5, 1, 2};

    (void)state;
    basin_figure *figure = figure_of(synthetic_plane("gd", 31),
                                     (basin_figure_options){.levels = asked, .level_count = 3, .width = 6});
    assert_true(says(figure, "0.5") && says(figure, "2"));
    const size_t three = strokes_of(basin_figure_canvas(figure), 0.9);
    basin_figure_destroy(&figure);
    figure = figure_of(synthetic_plane("gd", 31), (basin_figure_options){.level_count = 20, .width = 6});
    assert_true(strokes_of(basin_figure_canvas(figure), 0.9) > three);
    basin_figure_destroy(&figure);
}

static void legends_stand_where_they_are_asked_to(void **state)
{
    (void)state;
    basin_figure *none = figure_of(synthetic_line("gd", "eigen:1", 1, 51),
                                   (basin_figure_options){.legend = BASIN_LEGEND_NONE});
    assert_false(says(none, "quadratic"));
    basin_figure *above = figure_of(synthetic_line("gd", "eigen:1", 1, 51),
                                    (basin_figure_options){.legend = BASIN_LEGEND_ABOVE});
    assert_true(says(above, "quadratic"));
    double width, low, high;
    basin_canvas_size(basin_figure_canvas(none), &width, &low);
    basin_canvas_size(basin_figure_canvas(above), &width, &high);
    assert_true(high > low + 8); /* a row of 8 points more */
    basin_figure_destroy(&none);
    basin_figure_destroy(&above);
}

static void magnified_all_grows_but_the_page(void **state)
{
    unsigned char *bytes = NULL;
    size_t         size;

    (void)state;
    basin_figure *figure =
        figure_of(synthetic_line("gd", "eigen:1", 1, 51),
                  (basin_figure_options){.width = 8, .height = 4, .magnify = 2, .dpi = 100});
    assert_ok(basin_figure_encode(figure, "a.png", &bytes, &size));
    assert_int_equal(bytes[18] << 8 | bytes[19], 800); /* IHDR: width and height */
    assert_int_equal(bytes[22] << 8 | bytes[23], 400);
    basin_free(bytes);
    basin_figure_destroy(&figure);
}

static void the_footer_ends_at_a_word(void **state)
{
    (void)state;
    basin_figure *figure =
        figure_of(synthetic_line("gd", "eigen:1", 1, 51), (basin_figure_options){.width = 1.8});
    const basin_canvas *canvas = basin_figure_canvas(figure);
    bool                found = false;
    for (size_t i = 0; i < canvas->op_count; i++) {
        const basin_draw *op = &canvas->ops[i];
        if (op->text == NULL || strncmp(op->text, "basin ", 6) != 0) continue;
        const basin_label *label = &canvas->labels[op->label];
        assert_true(label->x - label->half_width >= 0 && label->x + label->half_width <= canvas->width);
        found = strstr(op->text, " …") != NULL;
    }
    assert_true(found);
    basin_figure_destroy(&figure);
}

static void ranks_are_whole_numbers(void **state)
{
    (void)state;
    basin_figure *figure = figure_of(synthetic_ends("gd", 1000, 1, 0), (basin_figure_options){0});
    assert_false(says(figure, "0.6") || says(figure, "0.8") || says(figure, "1.2"));
    assert_true(says(figure, "1"));
    basin_figure_destroy(&figure);
}

static void a_font_that_is_missing_is_told(void **state)
{
    (void)state;
    basin_figure *figure = figure_of(synthetic_line("gd", "eigen:1", 1, 51), (basin_figure_options){0});
    assert_null(basin_figure_stand_in(figure));
    basin_figure_destroy(&figure);
    figure = figure_of(synthetic_line("gd", "eigen:1", 1, 51),
                       (basin_figure_options){.font = "No Such Family Bold"});
    assert_non_null(basin_figure_stand_in(figure));
    assert_true(strlen(basin_figure_stand_in(figure)) > 2);
    basin_figure_destroy(&figure);
    figure = figure_of(synthetic_line("gd", "eigen:1", 1, 51),
                       (basin_figure_options){.font = "No Such Family, DejaVu Sans"});
    assert_null(basin_figure_stand_in(figure));
    basin_figure_destroy(&figure);
}

/* ---------------------------------------------------------------------------------- figures on a page -- */

enum { CELLS = 4 };

typedef struct page {
    basin_result     *results[CELLS + 1];
    basin_figure_cell cells[CELLS];
} page;

static void make_page(page *p)
{
    basin_result *made[] = {synthetic_plane("gd", 21), synthetic_spectrum("gd", 600),
                            synthetic_sharpness("gd"), synthetic_line("gd", "eigen:1", 1, 51),
                            synthetic_line("sam", "eigen:1", 1, 51)};

    memcpy(p->results, made, sizeof made);
    for (size_t i = 0; i < CELLS; i++)
        p->cells[i] = (basin_figure_cell){.results = (const basin_result *const *)&p->results[i],
                                          .count = i + 1 < CELLS ? 1 : 2};
}

static void forget_page(page *p)
{
    for (size_t i = 0; i <= CELLS; i++) basin_result_destroy(&p->results[i]);
}

/* Plots as they were drawn: lines of an axis that stand upright or lie, longer than 40 points. */
static size_t edges_at(const basin_canvas *canvas, bool lying, double at)
{
    size_t count = 0;

    for (size_t i = 0; i < canvas->op_count; i++) {
        const basin_draw *op = &canvas->ops[i];
        for (size_t j = 0; op->kind == BASIN_DRAW_STROKE && j + 1 < op->count; j++) {
            const double *a = canvas->points + 2 * (op->first + j), *b = a + 2;
            const double  across = fabs(b[0] - a[0]), down = fabs(b[1] - a[1]);
            count += lying ? across > 40 && down < 1e-9 && fabs(a[1] - at) < 0.3
                           : down > 20 && across < 1e-9 && fabs(a[0] - at) < 0.3;
        }
    }
    return count;
}

/* The lowest lying axis of each half of the page. */
static double lowest(const basin_canvas *canvas, double left, double right, double above)
{
    double most = 0;

    for (size_t i = 0; i < canvas->op_count; i++) {
        const basin_draw *op = &canvas->ops[i];
        for (size_t j = 0; op->kind == BASIN_DRAW_STROKE && j + 1 < op->count; j++) {
            const double *a = canvas->points + 2 * (op->first + j), *b = a + 2;
            if (fabs(b[0] - a[0]) > 60 && fabs(b[1] - a[1]) < 1e-9 && fmin(a[0], b[0]) > left &&
                fmax(a[0], b[0]) < right && a[1] < above)
                most = fmax(most, a[1]);
        }
    }
    return most;
}

static void plots_of_a_page_line_up(void **state)
{
    page          p;
    basin_figure *figure = NULL;
    double        width, height;

    (void)state;
    make_page(&p);
    assert_ok(basin_figure_arrange(p.cells, CELLS, 2, 2, &(basin_figure_options){.title = "Four"}, &figure));
    forget_page(&p); /* nothing is borrowed */
    const basin_canvas *canvas = basin_figure_canvas(figure);
    basin_canvas_size(canvas, &width, &height);
    assert_close(width, 6.75 * 72, 0, 1e-9);
    for (int row = 0; row < 2; row++) {
        const double above = row == 0 ? 0.55 * height : height;
        const double left = lowest(canvas, 0, width / 2, above),
                     right = lowest(canvas, width / 2, width, above);
        assert_true(left > 0);
        assert_close(left, right, 0, 0.3);
        assert_true(edges_at(canvas, true, left) >= 2);
    }
    size_t             letters = 0, count;
    const basin_label *labels = basin_canvas_labels(canvas, &count);
    for (size_t i = 0; i < canvas->op_count; i++)
        letters += canvas->ops[i].text != NULL && canvas->ops[i].type.bold;
    assert_int_equal(letters, CELLS);
    for (size_t i = 0; i < count; i++) { /* all on the page, none on another */
        assert_true(labels[i].x > 0 && labels[i].x < width && labels[i].y > 0 && labels[i].y < height);
        for (size_t j = 0; j < i; j++) {
            basin_label a = labels[i], b = labels[j];
            a.half_height *= 0.78, b.half_height *= 0.78;
            assert_false(basin_label_overlap(&a, &b));
        }
    }
    const char *caption = basin_figure_caption(figure);
    assert_true(strncmp(caption, "(a) Contour lines", 17) == 0);
    assert_non_null(strstr(caption, " (b) Eigenvalues"));
    assert_non_null(strstr(caption, " (d) Loss"));
    assert_true(says(figure, "Four"));
    basin_figure_destroy(&figure);
}

static void pages_that_cannot_be_are_refused(void **state)
{
    page          p;
    basin_figure *figure = NULL;

    (void)state;
    make_page(&p);
    assert_status(basin_figure_arrange(p.cells, CELLS, 1, 3, NULL, &figure), BASIN_ERR_ARG);
    assert_message("4 figures in 1 rows of 3");
    assert_status(basin_figure_arrange(p.cells, CELLS, 0, 0, NULL, &figure), BASIN_ERR_ARG);
    assert_status(basin_figure_arrange(p.cells, CELLS, 1, 4, &(basin_figure_options){.width = 3.25}, &figure),
                  BASIN_ERR_ARG);
    assert_message("width 3.25 in leaves no room for 4 figures side by side; at least 5.8");
    assert_status(basin_figure_arrange(p.cells, CELLS, 2, 2, &(basin_figure_options){.height = 1}, &figure),
                  BASIN_ERR_ARG);
    assert_message("height 1 in leaves no room for 2 rows of figures");
    p.cells[1].kind = "pie";
    assert_status(basin_figure_arrange(p.cells, CELLS, 2, 2, NULL, &figure), BASIN_ERR_ARG);
    assert_message("figure b: no figure «pie»");
    assert_null(figure);
    forget_page(&p);
}

static basin_status arrange_it(void *context)
{
    page          *p = context;
    basin_figure  *figure = NULL;
    unsigned char *bytes = NULL;
    size_t         size;
    basin_status   st =
        basin_figure_arrange(p->cells + 1, 2, 1, 2, &(basin_figure_options){.dark = true}, &figure);

    if (st == BASIN_OK) st = basin_figure_encode(figure, "a.svg", &bytes, &size);
    basin_free(bytes);
    basin_figure_destroy(&figure);
    return st;
}

/* Every early allocation and ever fewer of the later ones: there are tens of thousands. */
static void failed_allocations_are_clean(void **state)
{
    page         p;
    size_t       failed = 0;
    basin_status st = BASIN_ERR_NOMEM;

    (void)state;
    make_page(&p);
    const size_t live = basin_fault_live();
    for (size_t allowed = 0; st != BASIN_OK; allowed += 1 + allowed / 6, failed++) {
        basin_fault_set(allowed);
        st = arrange_it(&p);
        basin_fault_set(SIZE_MAX);
        assert_int_equal(basin_fault_live(), live);
        if (st != BASIN_OK) assert_status(st, BASIN_ERR_NOMEM);
    }
    assert_true(failed > 20);
    forget_page(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(contrast_is_as_published),
        cmocka_unit_test(palettes_grow_lighter_all_the_way),
        cmocka_unit_test(palettes_are_as_published),
        cmocka_unit_test(every_series_stands_out_from_a_dark_ground),
        cmocka_unit_test(levels_are_ink_on_either_ground),
        cmocka_unit_test(what_is_beyond_a_range_is_marked),
        cmocka_unit_test(levels_are_those_asked_for),
        cmocka_unit_test(legends_stand_where_they_are_asked_to),
        cmocka_unit_test(magnified_all_grows_but_the_page),
        cmocka_unit_test(the_footer_ends_at_a_word),
        cmocka_unit_test(ranks_are_whole_numbers),
        cmocka_unit_test(a_font_that_is_missing_is_told),
        cmocka_unit_test(plots_of_a_page_line_up),
        cmocka_unit_test(pages_that_cannot_be_are_refused),
        cmocka_unit_test(failed_allocations_are_clean),
    };
    return cmocka_run_group_tests_name("look", tests, NULL, NULL);
}

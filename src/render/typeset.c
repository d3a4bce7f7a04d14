#include "render/typeset.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/memory.h"

#define LEADING 1.5 /* points between lines */

const basin_face basin_face_text = {.size = 9.5}, basin_face_small = {.size = 8, .color = {0.35, 0.35, 0.35}};

static const basin_face margin = {.size = 7.5, .color = {0.35, 0.35, 0.35}};

PangoLayout *basin_typeset_layout(basin_typeset *t, const char *text, const basin_face *face, double width)
{
    char *markup = basin_canvas_markup(text);

    if (markup == NULL) {
        t->failed = true;
        return NULL;
    }
    PangoLayout          *layout = pango_layout_new(t->context);
    PangoFontDescription *font =
        pango_font_description_from_string(face->mono ? "DejaVu Sans Mono" : "DejaVu Sans");
    pango_font_description_set_size(font, (int)lround(face->size * PANGO_SCALE));
    if (face->bold) pango_font_description_set_weight(font, PANGO_WEIGHT_BOLD);
    pango_layout_set_font_description(layout, font);
    pango_font_description_free(font);
    pango_layout_set_auto_dir(layout, FALSE);
    pango_layout_set_markup(layout, markup, -1);
    if (width > 0) pango_layout_set_width(layout, (int)lround(width * PANGO_SCALE));
    pango_layout_set_wrap(layout, PANGO_WRAP_WORD_CHAR);
    basin_free(markup);
    return layout;
}

void basin_typeset_extent(PangoLayout *layout, double *width, double *height)
{
    PangoRectangle logical = {0};

    if (layout != NULL) pango_layout_get_extents(layout, NULL, &logical);
    *width = (double)logical.width / PANGO_SCALE;
    *height = (double)logical.height / PANGO_SCALE;
}

void basin_typeset_show(basin_typeset *t, PangoLayout *layout, double x, double y, const basin_face *face)
{
    if (layout == NULL) return;
    if (!t->dry) {
        cairo_set_source_rgb(t->cr, face->color.r, face->color.g, face->color.b);
        cairo_move_to(t->cr, x, y);
        pango_cairo_show_layout(t->cr, layout);
    }
    g_object_unref(layout);
}

void basin_typeset_rule(basin_typeset *t, double from, double to, double y)
{
    if (t->dry) return;
    cairo_set_source_rgb(t->cr, 0.75, 0.75, 0.75);
    cairo_set_line_width(t->cr, 0.5);
    cairo_move_to(t->cr, from, y);
    cairo_line_to(t->cr, to, y);
    cairo_stroke(t->cr);
}

/* ------------------------------------------------------------------------------------------- pages -- */

/* The title above all pages but the first, and the number below each. */
static void put_margins(basin_typeset *t)
{
    char         number[64];
    double       width, height;
    PangoLayout *layout;

    if (t->page > 1 && (layout = basin_typeset_layout(t, t->d->title, &margin, BASIN_PAGE_TEXT)) != NULL) {
        pango_layout_set_ellipsize(layout, PANGO_ELLIPSIZE_END);
        basin_typeset_show(t, layout, BASIN_PAGE_LEFT, BASIN_PAGE_TOP - 24, &margin);
        basin_typeset_rule(t, BASIN_PAGE_LEFT, BASIN_PAGE_LEFT + BASIN_PAGE_TEXT, BASIN_PAGE_TOP - 11);
    }
    snprintf(number, sizeof number, "%zu / %zu", t->page, t->pages);
    layout = basin_typeset_layout(t, number, &margin, 0);
    basin_typeset_extent(layout, &width, &height);
    basin_typeset_show(t, layout, BASIN_PAGE_LEFT + BASIN_PAGE_TEXT - width, BASIN_PAGE_BOTTOM + 14, &margin);
}

void basin_typeset_page(basin_typeset *t)
{
    if (!t->dry) {
        put_margins(t);
        cairo_show_page(t->cr);
    }
    t->page++;
    t->y = BASIN_PAGE_TOP;
}

void basin_typeset_need(basin_typeset *t, double height)
{
    if (t->y > BASIN_PAGE_TOP && t->y + height > BASIN_PAGE_BOTTOM) basin_typeset_page(t);
}

void basin_typeset_skip(basin_typeset *t, double height)
{
    if (t->y > BASIN_PAGE_TOP) t->y += height;
}

/* -------------------------------------------------------------------------------------------- flow -- */

static void show_line(basin_typeset *t, PangoLayoutIter *iter, const PangoRectangle *box, double x,
                      const basin_face *face, const char *place)
{
    const double rise = (double)(pango_layout_iter_get_baseline(iter) - box->y) / PANGO_SCALE;
    char         tag[64];

    if (t->dry) return;
    if (place != NULL) {
        snprintf(tag, sizeof tag, "dest='%s'", place);
        cairo_tag_begin(t->cr, CAIRO_TAG_LINK, tag);
    }
    cairo_set_source_rgb(t->cr, face->color.r, face->color.g, face->color.b);
    cairo_move_to(t->cr, x + (double)box->x / PANGO_SCALE, t->y + rise);
    pango_cairo_show_layout_line(t->cr, pango_layout_iter_get_line_readonly(iter));
    if (place != NULL) cairo_tag_end(t->cr, CAIRO_TAG_LINK);
}

/* A first line alone at the foot of a page is taken to the next one. */
void basin_typeset_flow(basin_typeset *t, PangoLayout *layout, double x, const basin_face *face,
                        const char *place)
{
    PangoRectangle box;

    if (layout == NULL) return;
    PangoLayoutIter *iter = pango_layout_get_iter(layout);
    if (pango_layout_get_line_count(layout) > 1) basin_typeset_need(t, 2 * (1.2 * face->size + LEADING));
    do {
        pango_layout_iter_get_line_extents(iter, NULL, &box);
        const double height = (double)box.height / PANGO_SCALE + (face->mono ? 0 : LEADING);
        basin_typeset_need(t, height);
        show_line(t, iter, &box, x, face, place);
        t->y += height;
    } while (pango_layout_iter_next_line(iter));
    pango_layout_iter_free(iter);
    g_object_unref(layout);
}

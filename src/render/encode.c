/* A drawing as the bytes of a PDF, SVG or PNG file.
 *
 * The bytes depend on the drawing, the library versions and the fonts alone: PDF dates are fixed, nothing is
 * numbered by the process. PNG gets its resolution (pHYs) and all three carry title and description: PDF
 * metadata, SVG <title> and <desc>, PNG iTXt. PNG chunks: W3C Portable Network Graphics, 11.3.4.3 (pHYs),
 * 11.3.3.4 (iTXt), annex D (CRC).
 */
#include <cairo-pdf.h>
#include <cairo-svg.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "core/memory.h"
#include "render/bytes.h"
#include "render/canvas_ops.h"
#include "render/color.h"

static const double dashes[][4] = {[BASIN_SOLID] = {0},
                                   [BASIN_DASHED] = {4.0, 2.0},
                                   [BASIN_DOTTED] = {0.9, 1.7},
                                   [BASIN_DASHDOT] = {4.0, 1.6, 0.9, 1.6}};
static const int    dash_counts[] = {
       [BASIN_SOLID] = 0, [BASIN_DASHED] = 2, [BASIN_DOTTED] = 2, [BASIN_DASHDOT] = 4};

/* ---------------------------------------------------------------------------------------------- replay -- */

static void path(cairo_t *cr, const double *xy, size_t count, bool closed)
{
    cairo_new_path(cr);
    for (size_t i = 0; i < count; i++) cairo_line_to(cr, xy[2 * i], xy[2 * i + 1]);
    if (closed) cairo_close_path(cr);
}

static void ink(const basin_canvas *canvas, cairo_t *cr, const basin_draw *op)
{
    const bool  text = op->kind == BASIN_DRAW_TEXT, exchanged = canvas->dark && !op->data;
    basin_color c = text ? op->type.color : op->pen.color;

    if (exchanged) c = basin_color_on_dark(c);
    if (!text && op->pen.fade > 0)
        cairo_set_source_rgba(cr, c.r, c.g, c.b, 1 - op->pen.fade);
    else
        cairo_set_source_rgb(cr, c.r, c.g, c.b);
}

static void show_text(const basin_canvas *canvas, cairo_t *cr, PangoContext *context, const basin_draw *op)
{
    const double  *corner = canvas->points + 2 * op->first;
    PangoLayout   *layout = basin_canvas_layout(canvas, context, op->text, &op->type);
    PangoRectangle logical;

    pango_layout_get_extents(layout, NULL, &logical);
    cairo_save(cr);
    cairo_translate(cr, corner[0], corner[1]);
    cairo_rotate(cr, op->type.angle);
    cairo_move_to(cr, -(double)logical.x / PANGO_SCALE, -(double)logical.y / PANGO_SCALE);
    ink(canvas, cr, op);
    pango_cairo_show_layout(cr, layout);
    cairo_restore(cr);
    g_object_unref(layout);
}

void basin_canvas_replay(const basin_canvas *canvas, cairo_t *cr, bool fine)
{
    PangoContext *context = basin_canvas_context(cr);

    if (canvas->dark) {
        cairo_set_source_rgb(cr, basin_dark_ground.r, basin_dark_ground.g, basin_dark_ground.b);
        cairo_paint(cr);
    }
    if (canvas->magnify != 1) cairo_scale(cr, canvas->magnify, canvas->magnify);
    cairo_set_line_join(cr, CAIRO_LINE_JOIN_ROUND);
    for (size_t i = 0; i < canvas->op_count; i++) {
        const basin_draw *op = &canvas->ops[i];
        const double     *xy = canvas->points + 2 * op->first;
        switch (op->kind) {
        case BASIN_DRAW_STROKE:
            path(cr, xy, op->count, op->closed);
            ink(canvas, cr, op);
            cairo_set_line_width(cr, fine ? 1 : op->pen.width);
            cairo_set_dash(cr, dashes[op->pen.dash], dash_counts[op->pen.dash], 0);
            cairo_stroke(cr);
            break;
        case BASIN_DRAW_FILL:
            path(cr, xy, op->count, true);
            ink(canvas, cr, op);
            cairo_fill(cr);
            break;
        case BASIN_DRAW_DOT:
            cairo_new_path(cr);
            cairo_arc(cr, xy[0], xy[1], xy[2], 0, 4 * acos(0));
            ink(canvas, cr, op);
            cairo_fill(cr);
            break;
        case BASIN_DRAW_TEXT:
            if (!fine) show_text(canvas, cr, context, op);
            break;
        }
    }
    g_object_unref(context);
}

/* ----------------------------------------------------------------------------------------------- bytes -- */

static basin_status vector(const basin_canvas *canvas, basin_format_kind format, const basin_sheet *sheet,
                           basin_bytes *out)
{
    bool             pdf = format == BASIN_FORMAT_PDF;
    double           width = canvas->magnify * canvas->width, height = canvas->magnify * canvas->height;
    cairo_surface_t *surface =
        pdf ? cairo_pdf_surface_create_for_stream(basin_bytes_collect, out, width, height)
            : cairo_svg_surface_create_for_stream(basin_bytes_collect, out, width, height);

    if (pdf) {
        cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_TITLE, sheet->title);
        cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_SUBJECT, sheet->description);
        cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_CREATOR, "basin " BASIN_VERSION);
        cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_CREATE_DATE, "2000-01-01T00:00:00Z");
        cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_MOD_DATE, "2000-01-01T00:00:00Z");
    }
    cairo_t *cr = cairo_create(surface);
    basin_canvas_replay(canvas, cr, false);
    cairo_status_t status = cairo_status(cr);
    cairo_destroy(cr);
    cairo_surface_finish(surface);
    if (status == CAIRO_STATUS_SUCCESS) status = cairo_surface_status(surface);
    cairo_surface_destroy(surface);
    return basin_bytes_status(out, status, "a figure");
}

static void append_escaped(basin_bytes *b, const char *text)
{
    for (; *text != '\0'; text++) {
        const char *escape = *text == '&' ? "&amp;" : *text == '<' ? "&lt;" : *text == '>' ? "&gt;" : NULL;
        if (escape != NULL)
            basin_bytes_append(b, escape, strlen(escape));
        else
            basin_bytes_append(b, text, 1);
    }
}

/* Copies SVG, naming the drawing's group the same each time: cairo before 1.18 calls it «surface» with a
   number that counts through the process. Nothing refers to it. */
static void append_numberless(basin_bytes *out, const char *text)
{
    static const char mark[] = "<g id=\"surface";
    const char       *group = strstr(text, mark), *number = group != NULL ? group + strlen(mark) : NULL;
    size_t            digits = number != NULL ? strspn(number, "0123456789") : 0;

    if (digits > 0 && number[digits] == '"') {
        basin_bytes_append(out, text, (size_t)(number - text));
        text = number + digits;
    }
    basin_bytes_append(out, text, strlen(text));
}

/* cairo's SVG with <title> and <desc> behind the opening tag. */
static basin_status svg(const basin_canvas *canvas, const basin_sheet *sheet, basin_bytes *out)
{
    basin_status st = BASIN_OK;
    basin_bytes  plain = {0};

    BASIN_TRY(vector(canvas, BASIN_FORMAT_SVG, sheet, &plain));
    basin_bytes_append(&plain, "", 1);
    BASIN_TRY(basin_bytes_status(&plain, CAIRO_STATUS_SUCCESS, "a figure"));
    const char *text = (const char *)plain.bytes, *tag = strstr(text, "<svg");
    const char *end = tag ? strchr(tag, '>') : NULL;
    BASIN_CHECK(end != NULL, BASIN_ERR_NUMERIC, "cairo wrote no SVG of %zu bytes", plain.size);
    basin_bytes_append(out, text, (size_t)(end + 1 - text));
    basin_bytes_append(out, "\n<title>", 8);
    append_escaped(out, sheet->title);
    basin_bytes_append(out, "</title>\n<desc>", 15);
    append_escaped(out, sheet->description);
    basin_bytes_append(out, "</desc>", 7);
    append_numberless(out, end + 1);
    BASIN_TRY(basin_bytes_status(out, CAIRO_STATUS_SUCCESS, "a figure"));
done:
    basin_free(plain.bytes);
    return st;
}

static uint32_t crc32(const unsigned char *bytes, size_t size)
{
    uint32_t c = 0xffffffffu;

    for (size_t i = 0; i < size; i++) {
        c ^= bytes[i];
        for (int bit = 0; bit < 8; bit++) c = c & 1 ? 0xedb88320u ^ (c >> 1) : c >> 1;
    }
    return c ^ 0xffffffffu;
}

static void append_u32(basin_bytes *b, uint32_t value)
{
    basin_bytes_append(b,
                       (unsigned char[]){(unsigned char)(value >> 24), (unsigned char)(value >> 16),
                                         (unsigned char)(value >> 8), (unsigned char)value},
                       4);
}

static void append_chunk(basin_bytes *out, const char *kind, const unsigned char *data, size_t size)
{
    append_u32(out, (uint32_t)size);
    size_t start = out->size;
    basin_bytes_append(out, kind, 4);
    basin_bytes_append(out, data, size);
    if (!out->failed) append_u32(out, crc32(out->bytes + start, size + 4));
}

static void append_itxt(basin_bytes *out, const char *keyword, const char *text)
{
    basin_bytes data = {0};

    basin_bytes_append(&data, keyword, strlen(keyword) + 1);
    basin_bytes_append(&data, "\0\0\0\0", 4); /* not compressed, no language, no translated keyword */
    basin_bytes_append(&data, text, strlen(text));
    if (data.failed)
        out->failed = true;
    else
        append_chunk(out, "iTXt", data.bytes, data.size);
    basin_free(data.bytes);
}

static basin_status png(const basin_canvas *canvas, const basin_sheet *sheet, basin_bytes *out)
{
    enum { HEADER = 8 + 25 }; /* signature and IHDR, behind which pHYs goes */
    basin_status     st = BASIN_OK;
    basin_bytes      plain = {0};
    double           scale = sheet->dpi / 72.0, points = scale * canvas->magnify;
    cairo_surface_t *surface = cairo_image_surface_create(
        CAIRO_FORMAT_RGB24, (int)lround(canvas->width * points), (int)lround(canvas->height * points));
    cairo_t *cr = cairo_create(surface);

    cairo_set_source_rgb(cr, 1, 1, 1);
    cairo_paint(cr);
    cairo_scale(cr, scale, scale);
    basin_canvas_replay(canvas, cr, false);
    BASIN_TRY(basin_bytes_status(&plain, cairo_status(cr), "a figure"));
    BASIN_TRY(basin_bytes_status(
        &plain, cairo_surface_write_to_png_stream(surface, basin_bytes_collect, &plain), "a figure"));
    BASIN_CHECK(plain.size > HEADER, BASIN_ERR_NUMERIC, "cairo wrote a PNG of %zu bytes", plain.size);
    uint32_t    per_metre = (uint32_t)lround(sheet->dpi / 0.0254);
    basin_bytes physical = {0};
    append_u32(&physical, per_metre);
    append_u32(&physical, per_metre);
    basin_bytes_append(&physical, "\1", 1); /* unit: metre */
    basin_bytes_append(out, plain.bytes, HEADER);
    if (physical.failed)
        out->failed = true;
    else
        append_chunk(out, "pHYs", physical.bytes, physical.size);
    basin_free(physical.bytes);
    append_itxt(out, "Title", sheet->title);
    append_itxt(out, "Description", sheet->description);
    basin_bytes_append(out, plain.bytes + HEADER, plain.size - HEADER);
    BASIN_TRY(basin_bytes_status(out, CAIRO_STATUS_SUCCESS, "a figure"));
done:
    cairo_destroy(cr);
    cairo_surface_destroy(surface);
    basin_free(plain.bytes);
    return st;
}

basin_status basin_canvas_encode(const basin_canvas *canvas, basin_format_kind format,
                                 const basin_sheet *sheet, unsigned char **out, size_t *size)
{
    basin_status st = BASIN_OK;
    basin_bytes  b = {0};

    BASIN_TRY(basin_canvas_status(canvas));
    switch (format) {
    case BASIN_FORMAT_PDF: st = vector(canvas, format, sheet, &b); break;
    case BASIN_FORMAT_SVG: st = svg(canvas, sheet, &b); break;
    case BASIN_FORMAT_PNG: st = png(canvas, sheet, &b); break;
    }
    if (st != BASIN_OK) goto done;
    *out = b.bytes, b.bytes = NULL;
    *size = b.size;
done:
    basin_free(b.bytes);
    return st;
}

basin_status basin_canvas_dots(const basin_canvas *canvas, size_t width, size_t height, uint32_t *out)
{
    basin_status     st = BASIN_OK;
    basin_bytes      none = {0};
    cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, (int)width, (int)height);
    cairo_t         *cr = cairo_create(surface);

    BASIN_TRY(basin_canvas_status(canvas));
    cairo_set_antialias(cr, CAIRO_ANTIALIAS_NONE);
    cairo_set_source_rgb(cr, 1, 1, 1);
    cairo_paint(cr);
    basin_canvas_replay(canvas, cr, true);
    BASIN_TRY(basin_bytes_status(&none, cairo_status(cr), "a figure"));
    cairo_surface_flush(surface);
    for (size_t y = 0; y < height; y++) {
        memcpy(out + y * width,
               cairo_image_surface_get_data(surface) + y * (size_t)cairo_image_surface_get_stride(surface),
               width * sizeof *out);
        for (size_t x = 0; x < width; x++) out[y * width + x] &= 0xffffff; /* the rest is undefined */
    }
done:
    cairo_destroy(cr);
    cairo_surface_destroy(surface);
    return st;
}

void basin_render_describe(char out[160])
{
    snprintf(out, 160, "cairo %s, Pango %s", cairo_version_string(), pango_version_string());
}

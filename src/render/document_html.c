/* A document as one page of HTML: pictures are SVG inside it, nothing comes from elsewhere. Texts have been
 * cleaned (document.c); here what HTML would obey is escaped. */
#include <math.h>
#include <string.h>

#include "core/memory.h"
#include "render/document.h"

/* In an element, or between double quotes. */
static void put(basin_bytes *out, const char *text)
{
    for (; *text != '\0'; text++) switch (*text) {
        case '&': basin_bytes_text(out, "&amp;"); break;
        case '<': basin_bytes_text(out, "&lt;"); break;
        case '>': basin_bytes_text(out, "&gt;"); break;
        case '"': basin_bytes_text(out, "&quot;"); break;
        case '\1': basin_bytes_text(out, "<sub>"); break;
        case '\2': basin_bytes_text(out, "</sub>"); break;
        default: basin_bytes_append(out, text, 1);
        }
}

static void element(basin_bytes *out, const char *tag, const char *text)
{
    basin_bytes_print(out, "<%s>", tag);
    put(out, text);
    basin_bytes_print(out, "</%s>\n", tag);
}

static void link_to(basin_bytes *out, const char *anchor, const char *text)
{
    basin_bytes_print(out, "<a href=\"#%s\">", anchor);
    put(out, text);
    basin_bytes_text(out, "</a>");
}

/* ----------------------------------------------------------------------------------------- figures -- */

/* RFC 3986: what may not stand in a URL as it is, and quotes. */
static void put_url(basin_bytes *out, const unsigned char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (bytes[i] > 0x20 && bytes[i] < 0x7f && strchr("\"#%<>&'\\^`{|}", bytes[i]) == NULL)
            basin_bytes_append(out, &bytes[i], 1);
        else if (bytes[i] == ' ' || bytes[i] == '\n')
            basin_bytes_text(out, "%20"); /* in SVG a blank as good as any */
        else
            basin_bytes_print(out, "%%%02X", bytes[i]);
    }
}

static basin_status put_figure(basin_bytes *out, const basin_piece *part)
{
    basin_status   st = BASIN_OK;
    unsigned char *bytes = NULL;
    size_t         size = 0;
    double         width, height;

    BASIN_TRY(basin_figure_encode(part->figure, "figure.svg", &bytes, &size));
    basin_canvas_size(basin_figure_canvas(part->figure), &width, &height);
    basin_bytes_print(out, "<figure class=\"%s\"><div class=\"wide\"><div class=\"sheet\"",
                      width > 360 ? "page" : "column");
    if (basin_figure_values(part->figure) != NULL) {
        basin_bytes_text(out, " data-values=\"");
        put(out, basin_figure_values(part->figure));
        basin_bytes_text(out, "\"");
    }
    basin_bytes_text(out, "><img alt=\"");
    put(out, part->text);
    basin_bytes_print(out, "\" width=\"%.0f\" height=\"%.0f\" src=\"data:image/svg+xml,", width, height);
    put_url(out, bytes, size);
    basin_bytes_text(out, "\"></div></div>\n<figcaption>");
    put(out, basin_figure_caption(part->figure));
    basin_bytes_text(out, "</figcaption></figure>\n");
done:
    basin_free(bytes);
    return st;
}

/* ------------------------------------------------------------------------------------------ tables -- */

static void put_heads(basin_bytes *out, const basin_piece *table)
{
    basin_bytes_text(out, "<thead><tr>");
    for (size_t i = 0; i < table->columns; i++) {
        basin_bytes_text(out,
                         table->sorts ? "<th scope=\"col\"><button type=\"button\">" : "<th scope=\"col\">");
        put(out, table->heads[i]);
        basin_bytes_text(out, table->sorts ? "</button></th>" : "</th>");
    }
    basin_bytes_text(out, "</tr></thead>\n");
}

static void put_cell(basin_bytes *out, const basin_piece *table, size_t column, const basin_table_cell *cell)
{
    basin_bytes_text(out, "<td");
    if (isfinite(cell->key)) basin_bytes_print(out, " data-by=\"%.17g\"", cell->key);
    basin_bytes_text(out, " data-head=\"");
    put(out, table->heads[column]);
    basin_bytes_text(out, "\">");
    put(out, cell->text);
    basin_bytes_text(out, "</td>");
}

static void put_table(basin_bytes *out, const basin_piece *table)
{
    basin_bytes_print(out, "<div class=\"wide\"><table%s>\n", table->sorts ? " class=\"sorted\"" : "");
    if (table->text != NULL) element(out, "caption", table->text);
    put_heads(out, table);
    basin_bytes_text(out, "<tbody>\n");
    for (size_t row = 0; row < table->rows; row++) {
        const basin_table_cell *cells = table->cells + row * table->columns;
        basin_bytes_text(out, "<tr><th scope=\"row\">");
        put(out, cells[0].text);
        basin_bytes_text(out, "</th>");
        for (size_t i = 1; i < table->columns; i++) put_cell(out, table, i, &cells[i]);
        basin_bytes_text(out, "</tr>\n");
    }
    basin_bytes_text(out, "</tbody></table></div>\n");
}

/* ------------------------------------------------------------------------------------------- parts -- */

typedef struct writer {
    const basin_document *d;
    basin_bytes          *out;
    bool                  section, list; /* open */
} writer;

static void put_heading(writer *w, const basin_piece *part)
{
    if (part->level == 2 && w->section) basin_bytes_text(w->out, "</section>\n");
    if (part->level == 2) w->section = part->anchor != NULL;
    if (part->level == 2 && w->section) basin_bytes_print(w->out, "<section id=\"%s\">\n", part->anchor);
    element(w->out, part->level == 2 ? "h2" : "h3", part->text);
}

static void put_item(writer *w, const basin_piece *part)
{
    const basin_piece *there = part->anchor != NULL ? basin_document_find(w->d, part->anchor) : NULL;

    if (!w->list) basin_bytes_text(w->out, "<ul>\n");
    w->list = true;
    basin_bytes_text(w->out, "<li>");
    put(w->out, part->text);
    if (there != NULL) {
        basin_bytes_text(w->out, " → ");
        link_to(w->out, part->anchor, there->text);
    }
    basin_bytes_text(w->out, "</li>\n");
}

static void put_contents(writer *w)
{
    if (w->section) basin_bytes_text(w->out, "</section>\n");
    w->section = false;
    basin_bytes_text(w->out, "<nav aria-label=\"Contents\"><h2>Contents</h2><ol>\n");
    for (size_t i = 0; i < w->d->count; i++) {
        const basin_piece *part = &w->d->parts[i];
        if (part->kind != BASIN_PIECE_HEADING || part->anchor == NULL) continue;
        basin_bytes_text(w->out, "<li>");
        link_to(w->out, part->anchor, part->text);
        basin_bytes_text(w->out, "</li>\n");
    }
    basin_bytes_text(w->out, "</ol></nav>\n");
}

static basin_status put_part(writer *w, const basin_piece *part)
{
    basin_status st = BASIN_OK;

    if (part->kind != BASIN_PIECE_ITEM && w->list) basin_bytes_text(w->out, "</ul>\n"), w->list = false;
    switch (part->kind) {
    case BASIN_PIECE_HEADING: put_heading(w, part); break;
    case BASIN_PIECE_PARAGRAPH: element(w->out, "p", part->text); break;
    case BASIN_PIECE_ITEM: put_item(w, part); break;
    case BASIN_PIECE_LINES: element(w->out, "pre", part->text); break;
    case BASIN_PIECE_TABLE: put_table(w->out, part); break;
    case BASIN_PIECE_FIGURE: BASIN_TRY(put_figure(w->out, part)); break;
    case BASIN_PIECE_FOLD:
        basin_bytes_text(w->out, "<details>");
        element(w->out, "summary", part->text);
        break;
    case BASIN_PIECE_UNFOLD: basin_bytes_text(w->out, "</details>\n"); break;
    case BASIN_PIECE_CONTENTS: put_contents(w); break;
    }
done:
    return st;
}

static void put_head(const basin_document *d, basin_bytes *out)
{
    basin_bytes_text(out, "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
                          "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
    element(out, "title", d->title);
    basin_bytes_text(out, "<style>\n");
    basin_bytes_text(out, basin_document_style);
    basin_bytes_text(out, "</style></head><body><main>\n");
    element(out, "h1", d->title);
    if (d->about != NULL) element(out, "p", d->about);
}

basin_status basin_document_html(const basin_document *d, basin_bytes *out)
{
    basin_status st = BASIN_OK;
    writer       w = {.d = d, .out = out};

    put_head(d, out);
    for (size_t i = 0; i < d->count; i++) BASIN_TRY(put_part(&w, &d->parts[i]));
    if (w.list) basin_bytes_text(out, "</ul>\n");
    if (w.section) basin_bytes_text(out, "</section>\n");
    basin_bytes_text(out, "</main>\n<script>\n");
    for (size_t i = 0; basin_document_scripts[i] != NULL; i++)
        basin_bytes_text(out, basin_document_scripts[i]);
    basin_bytes_text(out, "</script>\n</body></html>\n");
done:
    return st;
}

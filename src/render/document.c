#include "render/document.h"

#include <stdio.h>
#include <string.h>

#include "core/memory.h"
#include "render/canvas_ops.h"

static void keep(basin_document *d, basin_status status)
{
    if (status == BASIN_OK || d->status != BASIN_OK) return;
    d->status = status;
    snprintf(d->message, sizeof d->message, "%s", basin_error_message());
}

/* ------------------------------------------------------------------------------------------ texts -- */

/* What a reader must see and no page obey: controls, U+200E, U+200F, U+2028 to U+202E, U+2066 to U+2069. */
static bool obeyed(gunichar c, bool label)
{
    if (label && (c == 1 || c == 2)) return false;
    return (c < 0x20 && c != '\n') || (c >= 0x7f && c < 0xa0) || c == 0x200e || c == 0x200f ||
           (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) || c == 0xfeff || c == 0xfffe ||
           c == 0xffff;
}

/* A copy that every writer may show. Bytes grow at most threefold, one to U+FFFD. */
static basin_status clean(const char *text, bool label, char **out)
{
    static const char replacement[] = "\uFFFD";
    basin_status      st = BASIN_OK;
    size_t            used = 0;
    char             *copy = NULL;

    BASIN_ALLOC(copy, 3 * strlen(text) + 1, "a document");
    while (*text != '\0') {
        const gunichar c = g_utf8_get_char_validated(text, -1);
        const bool     broken = c == (gunichar)-1 || c == (gunichar)-2;
        const size_t   length = broken ? 1 : (size_t)(g_utf8_next_char(text) - text);
        const bool     shown = !broken && !obeyed(c, label);
        memcpy(copy + used, shown ? text : replacement, shown ? length : 3);
        used += shown ? length : 3;
        text += length;
    }
    *out = copy, copy = NULL;
done:
    basin_free(copy);
    return st;
}

/* ---------------------------------------------------------------------------------------- building -- */

basin_status basin_document_create(const char *title, const char *about, basin_document **out)
{
    basin_status    st = BASIN_OK;
    basin_document *d = NULL;

    BASIN_ALLOC(d, 1, "a document");
    BASIN_TRY(clean(title, false, &d->title));
    if (about != NULL) BASIN_TRY(clean(about, false, &d->about));
    *out = d, d = NULL;
done:
    basin_document_destroy(&d);
    return st;
}

static void part_clear(basin_piece *part)
{
    for (size_t i = 0; part->heads != NULL && i < part->columns; i++) basin_free(part->heads[i]);
    for (size_t i = 0; part->cells != NULL && i < part->rows * part->columns; i++)
        basin_free((char *)(uintptr_t)part->cells[i].text);
    basin_free(part->heads);
    basin_free(part->cells);
    basin_free(part->anchor);
    basin_free(part->text);
    basin_figure_destroy(&part->figure);
}

void basin_document_destroy(basin_document **document)
{
    if (document == NULL || *document == NULL) return;
    basin_document *d = *document;
    for (size_t i = 0; i < d->count; i++) part_clear(&d->parts[i]);
    basin_free(d->parts);
    basin_free(d->title);
    basin_free(d->about);
    basin_free(d);
    *document = NULL;
}

static basin_status make_part(basin_document *d, basin_piece_kind kind, const char *anchor, const char *text,
                              basin_piece **out)
{
    basin_status st = BASIN_OK;

    if (d->count == d->room) {
        const size_t room = 2 * d->room + 16;
        basin_piece *parts = basin_grow(d->parts, d->count, room, sizeof *parts);
        BASIN_CHECK(parts != NULL, BASIN_ERR_NOMEM, "out of memory for a document of %zu parts", room);
        d->parts = parts, d->room = room;
    }
    basin_piece *part = &d->parts[d->count++];
    part->kind = kind;
    if (anchor != NULL) BASIN_STRDUP(part->anchor, anchor);
    if (text != NULL) BASIN_TRY(clean(text, false, &part->text));
    *out = part;
done:
    return st;
}

/* The part added last, or NULL once something has failed. */
static basin_piece *add(basin_document *d, basin_piece_kind kind, const char *anchor, const char *text)
{
    basin_piece *part = NULL;

    if (d->status == BASIN_OK) keep(d, make_part(d, kind, anchor, text, &part));
    return part;
}

void basin_document_heading(basin_document *d, int level, const char *anchor, const char *text)
{
    basin_piece *part = add(d, BASIN_PIECE_HEADING, anchor, text);

    if (part != NULL) part->level = level;
}

void basin_document_paragraph(basin_document *d, const char *text)
{
    add(d, BASIN_PIECE_PARAGRAPH, NULL, text);
}

void basin_document_item(basin_document *d, const char *text, const char *link)
{
    add(d, BASIN_PIECE_ITEM, link, text);
}

void basin_document_lines(basin_document *d, const char *text)
{
    add(d, BASIN_PIECE_LINES, NULL, text);
}

void basin_document_fold(basin_document *d, const char *summary, bool appendix)
{
    basin_piece *part = add(d, BASIN_PIECE_FOLD, NULL, summary);

    if (part != NULL) part->appendix = appendix;
}

void basin_document_unfold(basin_document *d)
{
    add(d, BASIN_PIECE_UNFOLD, NULL, NULL);
}

void basin_document_contents(basin_document *d)
{
    add(d, BASIN_PIECE_CONTENTS, NULL, NULL);
}

void basin_document_figure(basin_document *d, const char *name, basin_figure **figure)
{
    basin_piece *part = add(d, BASIN_PIECE_FIGURE, NULL, name);

    if (part != NULL) part->figure = *figure, *figure = NULL;
    basin_figure_destroy(figure);
}

static basin_status fill_table(basin_piece *part, const basin_table *t)
{
    basin_status st = BASIN_OK;
    char        *text = NULL;

    part->columns = t->columns, part->rows = t->rows, part->sorts = t->sorts;
    BASIN_ALLOC(part->heads, t->columns, "a table");
    BASIN_ALLOC(part->cells, t->rows * t->columns, "a table");
    for (size_t i = 0; i < t->columns; i++) BASIN_TRY(clean(t->heads[i], false, &part->heads[i]));
    for (size_t i = 0; i < t->rows * t->columns; i++) {
        BASIN_TRY(clean(t->cells[i].text, t->cells[i].label, &text));
        part->cells[i] = t->cells[i], part->cells[i].text = text;
    }
done:
    return st;
}

void basin_document_table(basin_document *d, const basin_table *table)
{
    basin_piece *part = add(d, BASIN_PIECE_TABLE, NULL, table->caption);

    if (part != NULL) keep(d, fill_table(part, table));
}

const basin_piece *basin_document_find(const basin_document *d, const char *anchor)
{
    for (size_t i = 0; i < d->count; i++)
        if (d->parts[i].kind == BASIN_PIECE_HEADING && basin_same_text(d->parts[i].anchor, anchor))
            return &d->parts[i];
    return NULL;
}

/* ---------------------------------------------------------------------------------------- writing -- */

basin_status basin_document_encode(const basin_document *d, const char *name, unsigned char **out,
                                   size_t *size)
{
    basin_status st = BASIN_OK;
    basin_bytes  bytes = {0};
    const char  *dot = strrchr(name, '.');
    const bool   pdf = dot != NULL && strcmp(dot, ".pdf") == 0;

    BASIN_CHECK(d->status == BASIN_OK, d->status, "%s", d->message);
    BASIN_CHECK(pdf || (dot != NULL && strcmp(dot, ".html") == 0), BASIN_ERR_ARG,
                "%s: a document's file ends in .html or .pdf", name);
    BASIN_TRY(pdf ? basin_document_pdf(d, &bytes) : basin_document_html(d, &bytes));
    BASIN_TRY(basin_bytes_status(&bytes, CAIRO_STATUS_SUCCESS, "a document"));
    *out = bytes.bytes, bytes.bytes = NULL;
    *size = bytes.size;
done:
    basin_free(bytes.bytes);
    return st;
}

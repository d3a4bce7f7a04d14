/* A document on pages of A4, as PDF: contents with pages, bookmarks, links, figures as vectors.
 *
 * Where a heading comes to stand is known only once everything before it is set, and the contents stand
 * before: all is set without drawing until no page number changes, then once with drawing. The dates are
 * fixed, so the same document has the same bytes.
 */
#include <cairo-pdf.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/memory.h"
#include "render/typeset.h"

static const basin_face title_face = {.size = 17, .bold = true}, section_face = {.size = 12.5, .bold = true},
                        heading_face = {.size = 9.5, .bold = true}, lines_face = {.size = 6.2, .mono = true};

/* What a page has for a figure below its heading. */
#define FIGURE_MOST (BASIN_PAGE_BOTTOM - BASIN_PAGE_TOP - 40)

enum { ROUNDS = 4 /* of setting without drawing: the second mostly changes nothing */ };

/* ------------------------------------------------------------------------------------- places -- */

/* The name by which links find a part: a heading's anchor, or «n» and its number. */
static const char *place_of(const basin_typeset *t, const basin_piece *part, char out[64])
{
    if (part->anchor != NULL)
        snprintf(out, 64, "%s", part->anchor);
    else
        snprintf(out, 64, "n%zu", (size_t)(part - t->d->parts));
    return out;
}

static size_t *page_of(const basin_typeset *t, const basin_piece *part)
{
    return &t->at[part - t->d->parts];
}

/* Here: for links, and as a bookmark below the one given; returns its number. */
static int mark_place(basin_typeset *t, const basin_piece *part, const char *text, int above)
{
    char place[64], tag[160], link[80];

    *page_of(t, part) = t->page;
    if (t->dry) return above;
    place_of(t, part, place);
    snprintf(tag, sizeof tag, "name='%s' x=%d y=%d", place, (int)BASIN_PAGE_LEFT, (int)t->y - 6);
    cairo_tag_begin(t->cr, CAIRO_TAG_DEST, tag);
    cairo_tag_end(t->cr, CAIRO_TAG_DEST);
    snprintf(link, sizeof link, "dest='%s'", place);
    return cairo_pdf_surface_add_outline(t->surface, above, text, link, 0);
}

/* -------------------------------------------------------------------------------------- parts -- */

static void put_text(basin_typeset *t, const char *text, const basin_face *face, double indent,
                     const char *place)
{
    basin_typeset_flow(t, basin_typeset_layout(t, text, face, BASIN_PAGE_TEXT - indent),
                       BASIN_PAGE_LEFT + indent, face, place);
}

static double shrink_of(const basin_piece *part, double *height)
{
    double width;

    basin_canvas_size(basin_figure_canvas(part->figure), &width, height);
    return fmin(1, fmin(BASIN_PAGE_TEXT / width, (FIGURE_MOST - 40) / *height));
}

static double caption_height(basin_typeset *t, const basin_piece *part)
{
    double       width, height;
    PangoLayout *layout =
        basin_typeset_layout(t, basin_figure_caption(part->figure), &basin_face_small, BASIN_PAGE_TEXT);

    basin_typeset_extent(layout, &width, &height);
    if (layout != NULL) g_object_unref(layout);
    return 1.2 * height + 8;
}

/* With all of its caption where a page has room for both. */
static double figure_height(basin_typeset *t, const basin_piece *part)
{
    double       height;
    const double shrink = shrink_of(part, &height), caption = caption_height(t, part);

    height = shrink * height + 10;
    return height + (height + caption > FIGURE_MOST ? 30 : caption);
}

static void put_figure(basin_typeset *t, const basin_piece *part)
{
    double       height;
    const double shrink = shrink_of(part, &height);

    basin_typeset_skip(t, 6);
    basin_typeset_need(t, figure_height(t, part));
    if (!t->dry) {
        cairo_save(t->cr);
        cairo_translate(t->cr, BASIN_PAGE_LEFT, t->y);
        cairo_scale(t->cr, shrink, shrink);
        basin_canvas_replay(basin_figure_canvas(part->figure), t->cr, false);
        cairo_restore(t->cr);
    }
    t->y += shrink * height + 4;
    put_text(t, basin_figure_caption(part->figure), &basin_face_small, 0, NULL);
    basin_typeset_skip(t, 8);
}

/* What a heading must not stand above without. */
static double least_height(basin_typeset *t, const basin_piece *part)
{
    if (part == t->d->parts + t->d->count) return 0;
    switch (part->kind) {
    case BASIN_PIECE_FIGURE: return 6 + figure_height(t, part);
    case BASIN_PIECE_HEADING: return 30 + least_height(t, part + 1);
    case BASIN_PIECE_TABLE: return 90;
    default: return 40;
    }
}

static void put_heading(basin_typeset *t, const basin_piece *part, int *section)
{
    const bool        large = part->level == 2;
    const basin_face *face = large ? &section_face : &heading_face;

    basin_typeset_skip(t, large ? 20 : 8);
    basin_typeset_need(
        t, fmin((large ? 30 : 16) + least_height(t, part + 1), BASIN_PAGE_BOTTOM - BASIN_PAGE_TOP));
    const int here = mark_place(t, part, part->text, large ? CAIRO_PDF_OUTLINE_ROOT : *section);
    if (large) *section = here;
    put_text(t, part->text, face, 0, NULL);
    if (large) basin_typeset_rule(t, BASIN_PAGE_LEFT, BASIN_PAGE_LEFT + BASIN_PAGE_TEXT, t->y + 1);
    t->y += large ? 6 : 1;
}

/* «• text → heading, page 7» */
static void put_item(basin_typeset *t, const basin_piece *part)
{
    const basin_piece *there = part->anchor != NULL ? basin_document_find(t->d, part->anchor) : NULL;
    char              *text = NULL;

    if (there == NULL)
        text = basin_format("%s", part->text);
    else
        text = basin_format("%s → %s, page %zu", part->text, there->text, *page_of(t, there));
    if (text == NULL) {
        t->failed = true;
        return;
    }
    basin_typeset_need(t, 3 * basin_face_text.size); /* two lines: the dot stands beside the first */
    basin_typeset_show(t, basin_typeset_layout(t, "•", &basin_face_text, 0), BASIN_PAGE_LEFT, t->y,
                       &basin_face_text);
    put_text(t, text, &basin_face_text, 12, there != NULL ? part->anchor : NULL);
    basin_free(text);
}

/* A line: the heading, shortened where it is long, and at the right its page. */
static void put_entry(basin_typeset *t, const basin_piece *there)
{
    char         number[32], place[64];
    double       width, height;
    PangoLayout *layout = basin_typeset_layout(t, there->text, &basin_face_text, BASIN_PAGE_TEXT - 40);

    snprintf(number, sizeof number, "%zu", *page_of(t, there));
    basin_typeset_need(t, 1.4 * basin_face_text.size);
    PangoLayout *page = basin_typeset_layout(t, number, &basin_face_text, 0);
    basin_typeset_extent(page, &width, &height);
    basin_typeset_show(t, page, BASIN_PAGE_LEFT + BASIN_PAGE_TEXT - width, t->y, &basin_face_text);
    if (layout != NULL) pango_layout_set_ellipsize(layout, PANGO_ELLIPSIZE_END);
    basin_typeset_flow(t, layout, BASIN_PAGE_LEFT, &basin_face_text, place_of(t, there, place));
}

static bool has_appendix(const basin_document *d)
{
    for (size_t i = 0; i < d->count; i++)
        if (d->parts[i].kind == BASIN_PIECE_FOLD && d->parts[i].appendix) return true;
    return false;
}

static void put_contents(basin_typeset *t)
{
    basin_typeset_skip(t, 20);
    basin_typeset_need(t, 80);
    put_text(t, "Contents", &section_face, 0, NULL);
    basin_typeset_rule(t, BASIN_PAGE_LEFT, BASIN_PAGE_LEFT + BASIN_PAGE_TEXT, t->y + 1);
    t->y += 6;
    for (size_t i = 0; i < t->d->count; i++)
        if (t->d->parts[i].kind == BASIN_PIECE_HEADING && t->d->parts[i].anchor != NULL)
            put_entry(t, &t->d->parts[i]);
}

/* ----------------------------------------------------------------------------------- the whole -- */

/* Where the numbers of a result stand, in its section. */
static void put_pointer(basin_typeset *t, const basin_piece *fold)
{
    char  place[64];
    char *text = basin_format("%s: page %zu", fold->text, *page_of(t, fold));

    if (text != NULL)
        put_text(t, text, &basin_face_small, 0, place_of(t, fold, place));
    else
        t->failed = true;
    basin_free(text);
}

static void put_part(basin_typeset *t, const basin_piece *part, int *section)
{
    switch (part->kind) {
    case BASIN_PIECE_HEADING: put_heading(t, part, section); break;
    case BASIN_PIECE_PARAGRAPH:
        put_text(t, part->text, &basin_face_text, 0, NULL);
        t->y += 3;
        break;
    case BASIN_PIECE_ITEM: put_item(t, part); break;
    case BASIN_PIECE_LINES:
        t->y += 2;
        put_text(t, part->text, &lines_face, 0, NULL);
        t->y += 6;
        break;
    case BASIN_PIECE_TABLE: basin_typeset_table(t, part); break;
    case BASIN_PIECE_FIGURE: put_figure(t, part); break;
    case BASIN_PIECE_FOLD:
        basin_typeset_skip(t, 6);
        basin_typeset_need(t, 40);
        *page_of(t, part) = t->page;
        put_text(t, part->text, &heading_face, 0, NULL);
        break;
    case BASIN_PIECE_UNFOLD: break;
    case BASIN_PIECE_CONTENTS: put_contents(t); break;
    }
}

static const basin_piece *end_of(const basin_document *d, const basin_piece *fold)
{
    while (fold < d->parts + d->count && fold->kind != BASIN_PIECE_UNFOLD) fold++;
    return fold;
}

static void put_appendix(basin_typeset *t)
{
    const basin_document *d = t->d;
    const basin_piece    *end = d->parts + d->count;
    int                   section = CAIRO_PDF_OUTLINE_ROOT;

    basin_typeset_page(t);
    put_text(t, "Appendix: numbers as the commands print them", &section_face, 0, NULL);
    t->y += 4;
    for (const basin_piece *fold = d->parts; fold < end; fold++) {
        if (fold->kind != BASIN_PIECE_FOLD || !fold->appendix) continue;
        basin_typeset_skip(t, 8);
        basin_typeset_need(t, 60);
        mark_place(t, fold, fold->text, CAIRO_PDF_OUTLINE_ROOT);
        put_text(t, fold->text, &heading_face, 0, NULL);
        for (const basin_piece *part = fold + 1; part < end_of(d, fold); part++) put_part(t, part, &section);
    }
}

static void put_all(basin_typeset *t)
{
    const basin_document *d = t->d;
    int                   section = CAIRO_PDF_OUTLINE_ROOT;

    t->y = BASIN_PAGE_TOP, t->page = 1;
    put_text(t, d->title, &title_face, 0, NULL);
    t->y += 6;
    if (d->about != NULL) put_text(t, d->about, &basin_face_text, 0, NULL);
    t->y += 4;
    for (const basin_piece *part = d->parts; part < d->parts + d->count; part++)
        if (part->kind == BASIN_PIECE_FOLD && part->appendix) {
            put_pointer(t, part);
            part = end_of(d, part);
        } else {
            put_part(t, part, &section);
        }
    if (has_appendix(d)) put_appendix(t);
}

static void describe(cairo_surface_t *surface, const basin_document *d)
{
    cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_TITLE, d->title);
    if (d->about != NULL) cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_SUBJECT, d->about);
    cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_CREATOR, "basin " BASIN_VERSION);
    cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_CREATE_DATE, "2000-01-01T00:00:00Z");
    cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_MOD_DATE, "2000-01-01T00:00:00Z");
}

/* Without drawing, until everything stays where it was found to be. */
static void find_pages(basin_typeset *t, size_t *before /* [d->count] */)
{
    const size_t bytes = t->d->count * sizeof *before;

    t->dry = true;
    for (int round = 0; round < ROUNDS; round++) {
        const size_t pages = t->pages;
        memcpy(before, t->at, bytes);
        put_all(t);
        t->pages = t->page;
        if (pages == t->pages && memcmp(before, t->at, bytes) == 0) break;
    }
    t->dry = false;
}

basin_status basin_document_pdf(const basin_document *d, basin_bytes *out)
{
    basin_status  st = BASIN_OK;
    size_t       *before = NULL;
    basin_typeset t = {.d = d};

    BASIN_ALLOC(t.at, d->count + 1, "a document");
    BASIN_ALLOC(before, d->count + 1, "a document");
    t.surface =
        cairo_pdf_surface_create_for_stream(basin_bytes_collect, out, BASIN_PAGE_WIDTH, BASIN_PAGE_HEIGHT);
    t.cr = cairo_create(t.surface);
    t.context = basin_canvas_context(t.cr);
    describe(t.surface, d);
    find_pages(&t, before);
    put_all(&t);
    basin_typeset_page(&t);
    cairo_status_t status = cairo_status(t.cr);
    g_object_unref(t.context);
    cairo_destroy(t.cr);
    cairo_surface_finish(t.surface);
    if (status == CAIRO_STATUS_SUCCESS) status = cairo_surface_status(t.surface);
    cairo_surface_destroy(t.surface);
    BASIN_CHECK(!t.failed, BASIN_ERR_NOMEM, "out of memory for the pages of a document");
    BASIN_TRY(basin_bytes_status(out, status, "a document"));
done:
    basin_free(before);
    basin_free(t.at);
    return st;
}

/* A document before it is written: its parts in the order in which they are read. */
#ifndef BASIN_RENDER_DOCUMENT_H
#define BASIN_RENDER_DOCUMENT_H

#include "render/bytes.h"
#include "render/figure.h"

typedef enum basin_piece_kind {
    BASIN_PIECE_HEADING,
    BASIN_PIECE_PARAGRAPH,
    BASIN_PIECE_ITEM,
    BASIN_PIECE_LINES,
    BASIN_PIECE_TABLE,
    BASIN_PIECE_FIGURE,
    BASIN_PIECE_FOLD,
    BASIN_PIECE_UNFOLD,
    BASIN_PIECE_CONTENTS
} basin_piece_kind;

typedef struct basin_piece {
    basin_piece_kind kind;
    int              level;    /* HEADING */
    bool             appendix; /* FOLD */
    /* owned: HEADING, or NULL; ITEM: of the heading that it names, or NULL */
    char             *anchor;
    char             *text; /* owned; FIGURE: its name; TABLE: its caption; NULL: none */
    basin_figure     *figure;
    size_t            rows, columns;
    bool              sorts;
    char            **heads; /* [columns] */
    basin_table_cell *cells; /* [rows, columns], texts owned */
} basin_piece;

struct basin_document {
    char        *title, *about;
    size_t       count, room;
    basin_piece *parts;
    basin_status status;
    char         message[256];
};

/* The heading of that anchor; NULL if there is none. */
const basin_piece *basin_document_find(const basin_document *document, const char *anchor);

/* document_style.c; scripts are ended by NULL, but the first in document_planes.c */
extern const char basin_document_style[], basin_document_values[], basin_document_surface[],
    basin_document_turning[];
extern const char *const basin_document_scripts[];

/* document_html.c, document_pdf.c: the whole file. */
basin_status basin_document_html(const basin_document *document, basin_bytes *out);
basin_status basin_document_pdf(const basin_document *document, basin_bytes *out);

#endif

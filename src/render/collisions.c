/* Whether a figure's texts can be read: none touches another, none leaves the page. The layout keeps them
 * apart as well as it can; with names that are too long for the page it cannot, and then that is said.
 */
#include <math.h>
#include <stdio.h>

#include "render/canvas_ops.h"
#include "render/figure.h"

enum { SHOWN = 60 }; /* bytes of a text that are told, about */

/* Letters fill about four fifths of a line's height. */
static basin_label ink(const basin_label *label)
{
    basin_label inner = *label;

    inner.half_height *= 0.78;
    return inner;
}

static bool on_page(const basin_canvas *canvas, const basin_label *label)
{
    const double least = 0.01, c = fabs(cos(label->angle)), s = fabs(sin(label->angle));
    const double x = c * label->half_width + s * label->half_height;
    const double y = s * label->half_width + c * label->half_height;

    return label->x - x >= -least && label->x + x <= canvas->width + least && label->y - y >= -least &&
           label->y + y <= canvas->height + least;
}

/* The beginning of a text as it is read, on one line. */
static void words_of(const basin_canvas *canvas, size_t label, char out[SHOWN + 8])
{
    char *text = NULL;

    out[0] = '\0';
    for (size_t i = 0; i < canvas->op_count && text == NULL; i++)
        if (canvas->ops[i].kind == BASIN_DRAW_TEXT && canvas->ops[i].label == label)
            pango_parse_markup(canvas->ops[i].text, -1, 0, NULL, &text, NULL, NULL);
    if (text == NULL) return;
    const char *end = text;
    while (*end != '\0' && end - text < SHOWN) end = g_utf8_next_char(end);
    snprintf(out, SHOWN + 8, "%.*s%s", (int)(end - text), text, *end != '\0' ? "…" : "");
    for (char *c = out; *c != '\0'; c++)
        if (*c == '\n') *c = ' ';
    g_free(text);
}

static void tell(const basin_canvas *canvas, size_t a, size_t b, char *where, size_t size)
{
    char one[SHOWN + 8], other[SHOWN + 8];

    words_of(canvas, a, one);
    if (a == b) {
        snprintf(where, size, "«%s» leaves the page", one);
        return;
    }
    words_of(canvas, b, other);
    snprintf(where, size, "«%s» and «%s» overlap", other, one);
}

size_t basin_figure_collisions(const basin_figure *figure, char where[BASIN_COLLISION_ROOM])
{
    const basin_canvas *canvas = basin_figure_canvas(figure);
    size_t              count = 0;

    if (where != NULL) where[0] = '\0';
    for (size_t a = 0; a < canvas->label_count; a++) {
        const basin_label one = ink(&canvas->labels[a]);
        for (size_t b = 0; b <= a; b++) {
            const basin_label other = ink(&canvas->labels[b]);
            if (a == b ? on_page(canvas, &one) : !basin_label_overlap(&one, &other)) continue;
            if (count++ == 0 && where != NULL) tell(canvas, a, b, where, BASIN_COLLISION_ROOM);
        }
    }
    return count;
}

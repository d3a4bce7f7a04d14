/* Words in the cells of a matrix, in the middle of each; over colours white or black, whichever is read
 * better. Smaller where a cell has no room for them, and none where they could not be read. */
#include <math.h>

#include "render/mark.h"

static double luminance(basin_color c)
{
    return 0.2126 * c.r + 0.7152 * c.g + 0.0722 * c.b;
}

/* At which all words fit their cells, of which `columns` stand side by side. */
static double size_of(const basin_mark *mark, const basin_view *view, basin_canvas *canvas)
{
    const double cell = 0.86 * (view->box.right - view->box.left) / (double)mark->columns;
    double       widest = 0, width, height;

    for (size_t i = 0; i < mark->count; i++) {
        basin_canvas_measure(canvas, mark->names[i], &(basin_type){.size = mark->size}, &width, &height);
        widest = fmax(widest, width);
    }
    return widest > cell ? mark->size * cell / widest : mark->size;
}

static void draw(const basin_mark *mark, const basin_view *view, basin_canvas *canvas)
{
    const double least = 0.6, size = size_of(mark, view, canvas);

    for (size_t i = 0; i < mark->count && size >= least * mark->size; i++) {
        const bool dark = mark->paint != NULL && luminance(basin_paint_color(mark->paint, mark->z[i])) < 0.45;
        basin_canvas_text(
            canvas, mark->names[i], basin_view_x(view, mark->x[i]), basin_view_y(view, mark->y[i]),
            &(basin_type){
                .size = size, .color = dark ? basin_white : mark->pen.color, .across = 0.5, .down = 0.5});
    }
}

const basin_mark_type basin_mark_text = {.name = "text", .draw = draw};

#include "cli/drawing.h"

#include <stdlib.h>
#include <string.h>

#include "cli/sparkline.h"
#include "cli/terminal.h"

enum { PANELS = 4 }; /* more would push the table off the screen */

/* Which results are drawn without being asked for: curves and planes. */
static bool is_drawn(basin_result_kind kind)
{
    switch (kind) {
    case BASIN_RESULT_SPECTRUM:
    case BASIN_RESULT_SLICE:
    case BASIN_RESULT_BAND:
    case BASIN_RESULT_CONNECTION:
    case BASIN_RESULT_SHARPNESS:
    case BASIN_RESULT_TRACK:
    case BASIN_RESULT_INFO: return true;
    default: return false;
    }
}

/* A plane in characters is its map: contour lines need more room. */
static basin_figure_options options_for(const basin_result *result, bool image)
{
    const bool plane =
        result->kind == BASIN_RESULT_SLICE && ((const basin_slice *)result->value)->axis_count == 2;

    return (basin_figure_options){.kind = plane && !image ? "heat" : NULL, .dpi = 160};
}

static int print_characters(const cli_batch *batch, const cli_terminal *terminal)
{
    int                        status = CLI_OK;
    char                      *text = NULL;
    const basin_figure_options options = options_for(batch->results[0], false);
    const basin_sketch_options sketch = {
        .columns = terminal->columns, .plain = !terminal->utf8, .colors = terminal->colors, .panels = PANELS};

    CLI_LIBRARY(basin_figure_sketch((const basin_result *const *)batch->results, batch->count, &options,
                                    &sketch, &text));
    printf("\n%s", text);
done:
    basin_free(text);
    return status;
}

/* ----------------------------------------------------------------------------------------------- image -- */

static void put_base64(const unsigned char *bytes, size_t size, char *out)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

    for (size_t i = 0; i < size; i += 3) {
        const unsigned b = (unsigned)bytes[i] << 16 | (i + 1 < size ? (unsigned)bytes[i + 1] << 8 : 0) |
                           (i + 2 < size ? bytes[i + 2] : 0);
        *out++ = digits[b >> 18], *out++ = digits[b >> 12 & 63];
        *out++ = i + 1 < size ? digits[b >> 6 & 63] : '=';
        *out++ = i + 2 < size ? digits[b & 63] : '=';
    }
    *out = '\0';
}

/* By kitty's graphics protocol (sw.kovidgoyal.net/kitty/graphics-protocol): a PNG (f=100) that is shown
   at once (a=T) so many columns wide, in pieces of at most 4,096 characters; q=2 asks for no answer. */
static void put_image(const char *text, size_t columns)
{
    enum { PIECE = 4096 };
    const size_t length = strlen(text);

    for (size_t at = 0; at < length; at += PIECE) {
        const int more = at + PIECE < length;
        printf("\033_G");
        if (at == 0) printf("a=T,f=100,q=2,c=%zu,", columns);
        printf("m=%d;%.*s\033\\", more, PIECE, text + at);
    }
    putchar('\n');
}

static int print_image(const cli_batch *batch, const cli_terminal *terminal)
{
    int                        status = CLI_OK;
    basin_figure              *figure = NULL;
    unsigned char             *png = NULL;
    char                      *text = NULL;
    size_t                     size = 0;
    const basin_figure_options options = options_for(batch->results[0], true);

    CLI_LIBRARY(
        basin_figure_create((const basin_result *const *)batch->results, batch->count, &options, &figure));
    CLI_LIBRARY(basin_figure_encode(figure, "figure.png", &png, &size));
    CLI_ALLOC(text, 4 * ((size + 2) / 3) + 1);
    put_base64(png, size, text);
    putchar('\n');
    put_image(text, terminal->columns < 80 ? terminal->columns : 80);
done:
    basin_free(text);
    basin_free(png);
    basin_figure_destroy(&figure);
    return status;
}

int cli_drawing_print(const cli_arguments *a, const cli_batch *batch)
{
    const cli_terminal terminal = cli_terminal_look();
    const char        *when = cli_text(a, "draw", "auto");
    const bool         asked = strcmp(when, "auto") != 0;
    int                status;

    if (batch->count == 0 || strcmp(when, "never") == 0) return CLI_OK;
    if (!asked && (!terminal.there || !is_drawn(batch->results[0]->kind))) return CLI_OK;
    if (batch->results[0]->kind == BASIN_RESULT_INFO) {
        cli_sparklines_print(batch, &terminal);
        return CLI_OK;
    }
    const bool image = strcmp(when, "image") == 0 || (!asked && terminal.images);
    status = (image ? print_image : print_characters)(batch, &terminal);
    return asked || status == CLI_INTERRUPTED ? status : CLI_OK; /* the table is there without it */
}

/* Which font texts are really set in: fontconfig answers any name with some font, so that a figure never
   fails for one, and says nothing about it. */
#include <string.h>

#include "core/memory.h"
#include "render/canvas_ops.h"

char *basin_canvas_family(const basin_canvas *canvas)
{
    PangoFontDescription *wanted = pango_font_description_from_string(canvas->font);
    PangoFont            *font = pango_context_load_font(canvas->measure, wanted);
    PangoFontDescription *found = font != NULL ? pango_font_describe(font) : NULL;
    const char           *family = found != NULL ? pango_font_description_get_family(found) : NULL;
    char                 *name = basin_strdup(family != NULL ? family : "");

    if (found != NULL) pango_font_description_free(found);
    if (font != NULL) g_object_unref(font);
    pango_font_description_free(wanted);
    return name;
}

static bool is_named(const char *name, size_t length, const char *family)
{
    static const char *const any[] = {"sans", "sans-serif", "serif",   "monospace",
                                      "mono", "cursive",    "fantasy", "system-ui"};

    for (size_t i = 0; i < sizeof any / sizeof *any; i++)
        if (strlen(any[i]) == length && g_ascii_strncasecmp(any[i], name, length) == 0) return true;
    return strlen(family) == length && g_ascii_strncasecmp(family, name, length) == 0;
}

bool basin_canvas_asks_for(const basin_canvas *canvas, const char *family)
{
    PangoFontDescription *wanted = pango_font_description_from_string(canvas->font);
    const char           *name = pango_font_description_get_family(wanted);
    bool                  asked = name == NULL;

    while (name != NULL && *name != '\0' && !asked) { /* several families stand between commas */
        size_t length = strcspn(name, ",");
        asked = is_named(name, length, family);
        name += length;
        name += strspn(name, ", ");
    }
    pango_font_description_free(wanted);
    return asked;
}

#include "render/color.h"

#include <math.h>

#include "core/method.h"
#include "render/hex.h"

const basin_color basin_black = HEX(0x1a1a1a), basin_white = HEX(0xffffff), basin_grey = HEX(0x767676),
                  basin_light = HEX(0xe4e4e4), basin_dark_ground = HEX(0x14171a);
const basin_color basin_positive = HEX(0x0072b2), basin_negative = HEX(0xd55e00),
                  basin_warning = HEX(0xa04000);

static basin_color mixed(basin_color a, basin_color b, double t)
{
    return (basin_color){a.r + t * (b.r - a.r), a.g + t * (b.g - a.g), a.b + t * (b.b - a.b)};
}

/* ------------------------------------------------------------------------------------------- contrast -- */

static double linear_light(double c)
{
    return c <= 0.03928 ? c / 12.92 : pow((c + 0.055) / 1.055, 2.4);
}

static double luminance(basin_color c)
{
    return 0.2126 * linear_light(c.r) + 0.7152 * linear_light(c.g) + 0.0722 * linear_light(c.b);
}

double basin_color_contrast(basin_color a, basin_color b)
{
    double x = luminance(a) + 0.05, y = luminance(b) + 0.05;
    return fmax(x, y) / fmin(x, y);
}

void basin_palette_ink(const basin_palette *palette, bool dark, double *low, double *high)
{
    enum { STEPS = 100 };
    /* on white to four fifths at most; the yellow greens there have less contrast than hue */
    const double most = dark ? 1 : 0.8, least = dark ? 3 : 1.85;

    *low = 0, *high = most;
    for (int i = 0; i < STEPS; i++) {
        const double at = dark ? most * i / STEPS : most * (STEPS - i) / STEPS;
        *(dark ? low : high) = at;
        if (basin_color_contrast(basin_color_sequential(palette, at),
                                 dark ? basin_dark_ground : basin_white) >= least)
            return;
    }
}

basin_color basin_color_on_dark(basin_color c)
{
    const double least = fmin(c.r, fmin(c.g, c.b)), most = fmax(c.r, fmax(c.g, c.b));
    const double wanted = 4, ink = 0.92; /* of black text; pure white would glare */

    if (most - least < 0.03) { /* black 0.1 to the ink, white to the ground, straight between */
        const double t = fmin((1 - c.g) / 0.9, 1);
        return mixed(basin_dark_ground, (basin_color){ink, ink, ink}, t);
    }
    if (least >= 0.5) { /* a tint: as much of the ground as it has of white */
        const basin_color pure = {(c.r - least) / (1 - least), (c.g - least) / (1 - least),
                                  (c.b - least) / (1 - least)};
        return mixed(basin_color_on_dark(pure), basin_dark_ground, least);
    }
    for (double t = 0; t < 1; t += 0.02) {
        const basin_color lighter = mixed(c, basin_white, t);
        if (basin_color_contrast(lighter, basin_dark_ground) >= wanted) return lighter;
    }
    return basin_white;
}

/* ---------------------------------------------------------------------------------------------- looks -- */

/* RdBu reversed, nine classes (Brewer, colorbrewer2.org). */
static const basin_color diverging[] = {HEX(0x2166ac), HEX(0x4393c3), HEX(0x92c5de),
                                        HEX(0xd1e5f0), HEX(0xf7f7f7), HEX(0xfddbc7),
                                        HEX(0xf4a582), HEX(0xd6604d), HEX(0xb2182b)};

static basin_color between(const basin_color *map, size_t count, double at)
{
    double x = (at > 0 ? at < 1 ? at : 1 : 0) * (double)(count - 1); /* NaN counts as 0 */
    size_t i = (size_t)x < count - 1 ? (size_t)x : count - 2;

    return mixed(map[i], map[i + 1], x - (double)i);
}

basin_color basin_color_sequential(const basin_palette *palette, double at)
{
    const basin_palette *map = palette != NULL ? palette : &basin_palettes[0];
    return between(map->stations, map->count, at);
}

basin_color basin_color_diverging(double at)
{
    return between(diverging, sizeof diverging / sizeof *diverging, (at + 1) / 2);
}

/* Okabe & Ito, Color Universal Design, 2008. */
#define BLUE HEX(0x0072b2)
#define VERMILION HEX(0xd55e00)
#define GREEN HEX(0x009e73)
#define SKY HEX(0x56b4e9)
#define ORANGE HEX(0xe69f00)
#define PURPLE HEX(0xcc79a7)
#define BLACK HEX(0x1a1a1a)

static const basin_look methods[BASIN_METHODS] = {
    [BASIN_METHOD_GD] = {BLUE, BASIN_SOLID, BASIN_MARKER_CIRCLE, false},
    [BASIN_METHOD_SGD] = {SKY, BASIN_SOLID, BASIN_MARKER_CIRCLE, true},
    [BASIN_METHOD_NAG] = {PURPLE, BASIN_DOTTED, BASIN_MARKER_DIAMOND, false},
    [BASIN_METHOD_SAM] = {VERMILION, BASIN_DASHED, BASIN_MARKER_SQUARE, false},
    [BASIN_METHOD_USAM] = {ORANGE, BASIN_DASHDOT, BASIN_MARKER_DIAMOND, false},
    [BASIN_METHOD_ASAM] = {ORANGE, BASIN_DASHED, BASIN_MARKER_SQUARE, true},
    [BASIN_METHOD_MSAM] = {GREEN, BASIN_DASHDOT, BASIN_MARKER_TRIANGLE, false},
    [BASIN_METHOD_ADAM] = {BLACK, BASIN_SOLID, BASIN_MARKER_DIAMOND, true},
    [BASIN_METHOD_ADAMW] = {BLACK, BASIN_DASHED, BASIN_MARKER_TRIANGLE, true},
};

static const basin_look series[] = {
    {BLUE, BASIN_SOLID, BASIN_MARKER_CIRCLE, false},
    {VERMILION, BASIN_DASHED, BASIN_MARKER_SQUARE, false},
    {GREEN, BASIN_DASHDOT, BASIN_MARKER_TRIANGLE, false},
    {PURPLE, BASIN_DOTTED, BASIN_MARKER_DIAMOND, false},
    {ORANGE, BASIN_SOLID, BASIN_MARKER_CIRCLE, true},
    {SKY, BASIN_DASHED, BASIN_MARKER_SQUARE, true},
    {BLACK, BASIN_DASHDOT, BASIN_MARKER_TRIANGLE, true},
};

bool basin_look_method(const char *name, basin_look *out)
{
    const basin_method *method = basin_method_find(name);

    if (method == NULL) return false;
    *out = methods[method - basin_methods];
    return true;
}

basin_look basin_look_unknown(size_t i)
{
    basin_look look = basin_look_series(i);

    look.color = basin_grey;
    return look;
}

basin_look basin_look_series(size_t i)
{
    return series[i % (sizeof series / sizeof *series)];
}

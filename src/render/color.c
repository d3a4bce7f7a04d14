#include "render/color.h"

#include "core/method.h"

#define HEX(rgb)                                                                     \
    {                                                                                \
        ((rgb) >> 16 & 255) / 255.0, ((rgb) >> 8 & 255) / 255.0, ((rgb)&255) / 255.0 \
    }

const basin_color basin_black = HEX(0x1a1a1a), basin_white = HEX(0xffffff), basin_grey = HEX(0x767676),
                  basin_light = HEX(0xe4e4e4);
const basin_color basin_positive = HEX(0x0072b2), basin_negative = HEX(0xd55e00),
                  basin_warning = HEX(0xa04000);

/* Ten stations of viridis (Smith, van der Walt & Firing 2015, CC0), straight between them: off by at most
   0.01. */
static const basin_color viridis[] = {HEX(0x440154), HEX(0x482878), HEX(0x3e4a89), HEX(0x31688e),
                                      HEX(0x26828e), HEX(0x1f9e89), HEX(0x35b779), HEX(0x6dcd59),
                                      HEX(0xb4de2c), HEX(0xfde725)};

/* RdBu reversed, nine classes (Brewer, colorbrewer2.org). */
static const basin_color diverging[] = {HEX(0x2166ac), HEX(0x4393c3), HEX(0x92c5de),
                                        HEX(0xd1e5f0), HEX(0xf7f7f7), HEX(0xfddbc7),
                                        HEX(0xf4a582), HEX(0xd6604d), HEX(0xb2182b)};

static basin_color between(const basin_color *map, size_t count, double at)
{
    double x = (at > 0 ? at < 1 ? at : 1 : 0) * (double)(count - 1); /* NaN counts as 0 */
    size_t i = (size_t)x < count - 1 ? (size_t)x : count - 2;
    double t = x - (double)i;

    return (basin_color){map[i].r + t * (map[i + 1].r - map[i].r), map[i].g + t * (map[i + 1].g - map[i].g),
                         map[i].b + t * (map[i + 1].b - map[i].b)};
}

basin_color basin_color_sequential(double at)
{
    return between(viridis, sizeof viridis / sizeof *viridis, at);
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

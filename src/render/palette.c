/* Sequential maps of numbers, by stations; wrong names are answered with the right ones. */
#include <stdio.h>
#include <string.h>

#include "render/color.h"
#include "render/hex.h"

/* viridis, inferno, magma, plasma: Smith, van der Walt & Firing 2015, CC0. Off by at most 0.02 between the
   stations. */
static const basin_color viridis[] = {HEX(0x440154), HEX(0x482878), HEX(0x3e4a89), HEX(0x31688e),
                                      HEX(0x26828e), HEX(0x1f9e89), HEX(0x35b779), HEX(0x6dcd59),
                                      HEX(0xb4de2c), HEX(0xfde725)};
static const basin_color inferno[] = {
    HEX(0x000004), HEX(0x08061e), HEX(0x190c3e), HEX(0x2f0a5b), HEX(0x460b69), HEX(0x5c126e), HEX(0x711a6e),
    HEX(0x87216b), HEX(0x9c2964), HEX(0xb1325b), HEX(0xc53c4e), HEX(0xd64a40), HEX(0xe55c30), HEX(0xf0701f),
    HEX(0xf8870e), HEX(0xfc9f07), HEX(0xfbb91e), HEX(0xf7d440), HEX(0xf1ed6f), HEX(0xfcffa4)};
static const basin_color magma[] = {HEX(0x000004), HEX(0x0b0924), HEX(0x20114b), HEX(0x3b0f70),
                                    HEX(0x57157e), HEX(0x721f81), HEX(0x8c2981), HEX(0xa8327d),
                                    HEX(0xc43c75), HEX(0xde4968), HEX(0xf1605d), HEX(0xfa7f5e),
                                    HEX(0xfe9f6d), HEX(0xfebf84), HEX(0xfddea0), HEX(0xfcfdbf)};
static const basin_color plasma[] = {
    HEX(0x0d0887), HEX(0x2d0594), HEX(0x44039e), HEX(0x5a01a5), HEX(0x6f00a8), HEX(0x8305a7), HEX(0x9612a1),
    HEX(0xa72197), HEX(0xb7308b), HEX(0xc53f7e), HEX(0xd14e72), HEX(0xdd5e66), HEX(0xe76e5b), HEX(0xef7e4f),
    HEX(0xf69044), HEX(0xfba238), HEX(0xfeb62d), HEX(0xfdcb26), HEX(0xf8e225), HEX(0xf0f921)};
/* Nunez, Anderton & Renslow 2018, Optimizing colormaps with consideration for color vision deficiency, PLoS
   ONE 13(7) e0199239, CC BY: the same to eyes that do not tell red from green. Off by at most 0.04. */
static const basin_color cividis[] = {
    HEX(0x00224e), HEX(0x002c65), HEX(0x0e3570), HEX(0x283e6e), HEX(0x38476c), HEX(0x46516c), HEX(0x535a6d),
    HEX(0x5f636f), HEX(0x6b6d72), HEX(0x767676), HEX(0x828079), HEX(0x8f8a78), HEX(0x9c9576), HEX(0xaa9f73),
    HEX(0xb8aa6e), HEX(0xc6b567), HEX(0xd4c15f), HEX(0xe3cd54), HEX(0xf2da44), HEX(0xfee838)};
/* Even steps of lightness, L* = 10 … 96 (CIE 1976). */
static const basin_color greys[] = {HEX(0x1b1b1b), HEX(0x2f2f2f), HEX(0x454545), HEX(0x5b5b5b),
                                    HEX(0x727272), HEX(0x8b8b8b), HEX(0xa4a4a4), HEX(0xbebebe),
                                    HEX(0xd8d8d8), HEX(0xf3f3f3)};

#define PALETTE(map)                             \
    {                                            \
#map, sizeof(map) / sizeof *(map), (map) \
    }

const basin_palette basin_palettes[] = {PALETTE(viridis), PALETTE(cividis), PALETTE(inferno),
                                        PALETTE(magma),   PALETTE(plasma),  PALETTE(greys)};
const size_t        basin_palette_count = sizeof basin_palettes / sizeof *basin_palettes;

basin_status basin_palette_find(const char *name, const basin_palette **out)
{
    char   list[200] = "";
    size_t used = 0;

    for (size_t i = 0; i < basin_palette_count; i++) {
        if (name == NULL || strcmp(name, basin_palettes[i].name) == 0) {
            *out = &basin_palettes[i];
            return BASIN_OK;
        }
        used += (size_t)snprintf(list + used, sizeof list - used, " %s", basin_palettes[i].name);
    }
    return basin_fail(BASIN_ERR_ARG, "unknown palette «%s»; there are:%s", name, list);
}

/* A colour by its six digits, as colours are published. */
#ifndef BASIN_RENDER_HEX_H
#define BASIN_RENDER_HEX_H

#define HEX(rgb)                                                                     \
    {                                                                                \
        ((rgb) >> 16 & 255) / 255.0, ((rgb) >> 8 & 255) / 255.0, ((rgb)&255) / 255.0 \
    }

#endif

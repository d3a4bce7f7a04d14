/* CLI_FIGURE_OPTION(name, kind, argument, help, setter, member): how figures look. The name is that
   of the option and the key in a style; setter and member say which field of basin_figure_options
   it is. */
CLI_FIGURE_OPTION(
    "width", CLI_REAL, "INCHES",
    "3.25 is a column, 6.75 a page (default: 3.25; of a comparison and with --layout 6.75)", size,
    width)
CLI_FIGURE_OPTION("height", CLI_REAL, "INCHES", "(default: by the figure)", size, height)
CLI_FIGURE_OPTION("font", CLI_TEXT, "NAME", "(default: DejaVu Sans)", text, font)
CLI_FIGURE_OPTION("font-size", CLI_REAL, "POINTS", "at final size (default: 8)", size, font_size)
CLI_FIGURE_OPTION("magnify", CLI_REAL, "X",
                  "text, lines, marks and gaps X times as large on the same width (default: 1)",
                  size, magnify)
CLI_FIGURE_OPTION("dark", CLI_FLAG, NULL, "on a dark ground", flag, dark)
CLI_FIGURE_OPTION("palette", CLI_CHOICE, "viridis|cividis|inferno|magma|plasma|greys",
                  "colours of values over a plane (default: viridis)", text, palette)
CLI_FIGURE_OPTION("levels", CLI_REALS, "N|A,B",
                  "of contour lines: about N, or these values (default: by the width)", levels,
                  levels)
CLI_FIGURE_OPTION(
    "range", CLI_RANGE, "LOW:HIGH",
    "of the value axis or the colour scale; what is beyond is marked (default: by the data)", range,
    range)
CLI_FIGURE_OPTION("cap", CLI_REAL, "VALUE", "clip values above, and mark them (default: none)",
                  real, cap)
CLI_FIGURE_OPTION("scale", CLI_CHOICE, "linear|log|symlog",
                  "of the value axis (default: by the figure)", text, scale)
CLI_FIGURE_OPTION("legend", CLI_CHOICE, "auto|above|none",
                  "auto: inside a plot where it is empty, else above it (default: auto)", legend,
                  legend)
CLI_FIGURE_OPTION("view", CLI_VIEW, "AZIMUTH:ELEVATION",
                  "surface: where it is seen from, degrees from the first direction towards the "
                  "second and above the floor (default: -60:38)",
                  view, azimuth)
CLI_FIGURE_OPTION("points", CLI_FLAG, NULL,
                  "slice --tolerance: mark the points that were evaluated", flag, points)
CLI_FIGURE_OPTION(
    "smooth", CLI_CHOICE, "lines|none|all",
    "what of a plane is drawn between its points, too, by the rule that tells left-out points "
    "best; all: heat maps as well (default: lines)",
    smooth, smooth)
CLI_FIGURE_OPTION("dpi", CLI_REAL, "DPI", "PNG (default: 300)", size, dpi)
CLI_FIGURE_OPTION("no-footer", CLI_FLAG, NULL, "leave the line of provenance out", flag, no_footer)

/* BASIN_FIGURE(result kind, name, takes a split after a colon): basin_plan_NAME; the first of a
   result kind is its default. */
BASIN_FIGURE(BASIN_RESULT_SPECTRUM, stem, false)
BASIN_FIGURE(BASIN_RESULT_SPECTRUM, histogram, false)
BASIN_FIGURE(BASIN_RESULT_SPECTRUM, density, false)
BASIN_FIGURE(BASIN_RESULT_SLICE, lines, false)
BASIN_FIGURE(BASIN_RESULT_SLICE, contour, true)
BASIN_FIGURE(BASIN_RESULT_SLICE, heat, true)
BASIN_FIGURE(BASIN_RESULT_SLICE, change, true)
BASIN_FIGURE(BASIN_RESULT_SHARPNESS, sharpness, false)
BASIN_FIGURE(BASIN_RESULT_SHARPNESS, symmetric, false)
BASIN_FIGURE(BASIN_RESULT_TRACK, epochs, false)
BASIN_FIGURE(BASIN_RESULT_TRACK, sweep, false)
BASIN_FIGURE(BASIN_RESULT_COMPARISON, methods, false)

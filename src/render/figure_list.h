/* BASIN_FIGURE(result kind, name, takes a split after a colon): basin_plan_NAME; the first of a result kind is its default. */
BASIN_FIGURE(BASIN_RESULT_SPECTRUM, stem, false)
BASIN_FIGURE(BASIN_RESULT_SPECTRUM, histogram, false)
BASIN_FIGURE(BASIN_RESULT_SLICE, lines, false)

# slice --tolerance and --range auto.
. "$(dirname "$0")/lib.sh"
topic

# A plane within its tolerance, from fewer points, the same bits for any threads; stored, drawn and recomputed.
same slice $GD --tolerance 0.02 --grid 61 --along random:1 --along random:2
holds one '"held_out": 64'
stored adaptive slice $GD --tolerance 0.02 --along random:1 --along random:2
good slice $GD --tolerance 0.02 --along random:1 --along random:2
holds out "^  interpolated    from [0-9,]* points, and 64 held out, on a grid of 10,201: [0-9.]* times fewer; [0-9]* cells$"
holds out "^  train  *error at most [0-9.e-]* by its estimate, asked [0-9.e-]*: 0.02 of the range [0-9.]*; at points held out at most [0-9.e-]*, 0 beyond the estimate$"
holds out "^  test  *error at most"
expect "at least five times fewer" awk '/times fewer/ { sub(/.*: /, ""); found = $1 >= 5 } END { exit !found }' out
good plot adaptive.h5 -o dots.svg --points
never "sample points in the figure" cmp -s dots.svg adaptive.svg
good plot adaptive.h5 -o error.svg --kind error --caption
holds out "^Estimated error of the interpolated loss on a plane"
holds out "Interpolated from [0-9,]* points; estimated error at most"
good plot adaptive.h5 -o error_test.svg --kind error:test
good plot adaptive.h5 -o heat.svg --kind heat --points

# A line.
stored line slice $GD --tolerance 0.001 --along gradient --range -0.5:0.5
good plot line.h5 -o line_points.svg --points
never "sample points in the figure of a line" cmp -s line_points.svg line.svg
same slice $SAM --tolerance 0.01:absolute --along random --range -1:2 --grid 201
holds one '"absolute": true'

# Ranges by themselves.
good slice $GD --along random:1 --range auto --grid 5
holds out "5 points from -[0-9.]* to [0-9.]*, norm"
stored reached slice $GD --range auto:3 --tolerance 0.02 --along random:1 --along momentum
good slice $GD --along random:1 --range auto:+0.5 --grid 5 --json
good slice $GD --along random:1 --range auto:+0.5 --tolerance 0.01 --dry-run
holds out "at points of one line, at most"
good plot reached.h5 -o reached.pdf

# The map of convexity.
same slice $GD --grid 3 --convexity 2 --along random:1 --along random:2
holds one '"ratio_error"'
stored convex slice $GD --grid 5 --convexity 3 --along random:1 --along gradient
good slice $GD --grid 5 --convexity 3 --along random:1 --along gradient
holds out "^  convexity       |lambda_min / lambda_max| at 3 x 3 points: [0-9.e-]* to [0-9.e-]*, each to [0-9.e-]*; [0-9]* of them verified to be the extremes; [0-9,]* products$"
good plot convex.h5 -o convexity.svg --kind convexity --caption
holds out "^Ratio |λmin/λmax| of the extreme eigenvalues over a plane"
good slice $GD --along gradient --grid 5 --convexity 3
holds out "lambda_max| at 1 x 3 points"
good slice $GD --grid 3 --convexity 2 --along random:1 --along random:2 --dry-run
wrong "slice: --convexity must be at least 2, got 1" -- slice $GD --along random --convexity 1
bad "a map of convexity: where the statistics of BatchNorm move" -- slice oracle_bn.h5 --along random --convexity 2 --bn reestimate

# Wrong and bad.
wrong "slice: --tolerance wants a number, or NUMBER:absolute, got «fine»" -- slice $GD --along random --tolerance fine
wrong "slice: --tolerance wants a number, or NUMBER:absolute, got «0.1:relative»" -- slice $GD --along random --tolerance 0.1:relative
wrong "slice: --tolerance 1: wanted a share of the range, above 0 and below 1" -- slice $GD --along random --tolerance 1
wrong "slice: --tolerance 0:absolute: wanted a number above 0" -- slice $GD --along random --tolerance 0:absolute
wrong "slice: --tolerance -1: wanted a share" -- slice $GD --along random --tolerance=-1
wrong "slice: --tolerance nan: wanted a share" -- slice $GD --along random --tolerance nan
wrong "slice: random: --range auto:1: wanted a factor above 1, or + and a rise above 0" -- slice $GD --along random --range auto:1
wrong "slice: --range wants FROM:TO or auto" -- slice $GD --along random --range automatic
bad "of the losses on train is below their rounding" -- slice $GD --along random --tolerance 1e-17
bad "of the losses on train is below their rounding" -- slice $GD --along random --tolerance 1e-9 --precision single
bad "a slice with a tolerance needs a grid of at least 2 points along direction 1, got 1" -- slice $GD --along random --tolerance 0.1 --grid 1
bad "along random:0 the loss stays below 1[0-9.]*e+200 as far as -" -- slice $GD --along random --range auto:1e200
good slice $GD --grid 5 --along random:1 --along random:2 -o plain.h5
bad "^basin: figure error: every point of slice 1 was evaluated" -- plot plain.h5 -o x.svg --kind error
bad "^basin: figure convexity: slice 1 has no map of convexity" -- plot plain.h5 -o x.svg --kind convexity
finish

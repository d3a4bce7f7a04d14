# Measures of sharpness that follow a network's structure: geodesic, by layer, without scale, of features.
. "$(dirname "$0")/lib.sh"
topic
cp "$DATA/oracle_vit.h5" vit.h5
cp "$DATA"/data-*.h5 .

# attention's pairs, and what the measure is without them
good sharpness vit.h5 --measure geodesic --rho 0.1
holds out "^  geodesic  *0.1  *0.0140983  *a lower bound"
holds out "4 pairs, no regulariser; 20 steps from 3 starts"
holds out "known to be left alone by .*attention's GL"
good sharpness $GD --measure geodesic --rho 0.1 --steps 3
holds out "no attention: worst-case adaptive, l2, c = |theta|; 3 steps from 3 starts"
same sharpness vit.h5 --measure geodesic --rho 0.05,0.1 --steps 4
stored geodesic sharpness vit.h5 --measure geodesic --rho 0.05,0.1 --steps 4
good sharpness vit.h5 --measure geodesic --rho 0.05 --steps 2 --batch-size 10
holds out "batches of 10"
good sharpness vit.h5 --measure geodesic --dry-run
holds out "sharpness, nothing computed: "

# a row for each layer
fails "^basin: $GD: scaled_trace: no normalisation reads a layer" -- sharpness $GD --measure relative_flatness,scaled_trace,feature_rank,neural_collapse
holds out "^  relative_flatness fc1.weight  *- .* exact"
holds out "^  relative_flatness fc2.weight  *- .* exact"
holds out "^  scaled_trace  *-  *-  none: no normalisation reads a layer"
holds out "^  feature_rank  *- .* exact"
good sharpness oracle_bn.h5 --measure scaled_trace,scaled_lambda_max --bn reestimate
holds out "before BatchNorm"
stored structure sharpness $GD --measure relative_flatness,worst_direction,ascent_direction,average_direction,fisher_relative,feature_rank
good verify structure.h5
good plot structure.h5 -o structure.svg --kind measures
good sharpness $GD $SAM --measure relative_flatness,worst_direction --plot two.svg

# wrong usage
wrong "^basin: sharpness: --rho: geodesic takes positive radii, got -0.1" -- sharpness vit.h5 --measure geodesic --rho -0.1
wrong "^basin: sharpness: --steps must be at least 1, got 0" -- sharpness vit.h5 --measure geodesic --steps 0
wrong "^basin: sharpness: --measure: no measure geodesc; is geodesic meant?" -- sharpness vit.h5 --measure geodesc
finish

# invariance: measures under changes of the weights that leave the function alone.
. "$(dirname "$0")/lib.sh"
topic

good train --mlp 64-6-10 --data "$DIGITS" --method gd --learning-rate 0.2 --steps 30 --subset 60 --seed 0 --save 30 -o tiny
TINY=tiny/step_000030.h5
good invariance $TINY --measures lambda_max,trace,sane,asam_all,adaptive_worst_l2,relative_flatness -o tiny.h5
holds out "^  neuron          rescaled neurons: factors 0.04 to 25, 4 changes; outputs differ by at most [0-9.]*e-1[3-7] of their size$"
holds out "^  layer           rescaled layers: factors 0.04 to 25, 4 changes; outputs differ by at most [0-9.]*e-1[3-7] of their size$"
holds out "^  permutation     permuted neurons: 3 changes; outputs differ by at most [0-9.e-]* of their size$"
for measure in lambda_max trace sane; do holds out "^  $measure  .*moves, x [0-9.e+-]* to [0-9.e+-]*  *moves, x [0-9.e+-]* to [0-9.e+-]*  *invariant$"; done
for measure in asam_all adaptive_worst_l2; do holds out "^  $measure  .* invariant  *invariant  *invariant$"; done
holds out "^  relative_flatness fc2.weight  .* moves, x .*  *invariant  *invariant$"
good verify tiny.h5
good plot tiny.h5 -o tiny.svg --caption
holds out "^Measures under changes of the weights that leave the network's function alone, over what they were"
fails "figure invariance: of one result, got 2" -- plot tiny.h5 tiny.h5 -o two.svg
good invariance $TINY --measures lambda_max --symmetry layer --factors 10 --json
holds out '"verdict": "moves"'
holds out '"symmetry": "layer"'
lacks out '"symmetry": "neuron"'

# Heads, and what a LayerNorm's epsilon lets through.
cp "$DATA"/oracle_vit.h5 "$DATA"/data-*.h5 .
good invariance oracle_vit.h5 --measures adaptive_worst_l2,geodesic --symmetry attention --factors 0.1,10
holds out "^  attention       attention's GL: factors 0.1 to 10, 2 changes; outputs differ by at most"
holds out "^  adaptive_worst_l2  .* moves, x [0-9.e+-]* to [0-9.e+-]*$"
holds out "^  geodesic  .* invariant$"
good invariance oracle_vit.h5 --measures theta_norm --symmetry norm --factors 0.01,10
holds out "^                  not judged at 0.01: outputs differ by [0-9.e-]*, the epsilon of a normalisation$"

# BatchNorm's statistics go with the weights; a factor that would make a variance negative is said.
good invariance oracle_bn.h5 --measures lambda_max,scaled_lambda_max --symmetry norm --factors 0.001,25
holds out "^                  not at 0.001: .*would make the variance"
holds out "^  scaled_lambda_max conv1  .* invariant$"
good invariance $TINY --measures trace,asam_all --dry-run
holds out "^  dry run         invariance, .*nothing computed: .* products, "

wrong "invariance: --measures: no measure lambda_mx; is lambda_max meant?" -- invariance $TINY --measures lambda_mx
wrong "invariance: --symmetry: layers is none of neuron | layer | norm | attention | permutation" -- invariance $TINY --symmetry layers
wrong "invariance: --factors: number 2, 0, is not positive" -- invariance $TINY --factors 2,0
wrong "invariance: --draws must be at least 2, got 1" -- invariance $TINY --draws 1
wrong "invariance: --measures wants names with commas between" -- invariance $TINY --measures trace,,sane
bad "the network has none of these symmetries" -- invariance $TINY --symmetry attention
bad "no_such_file.h5: No such file" -- invariance no_such_file.h5
finish

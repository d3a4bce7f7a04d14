# Stochastic Lanczos quadrature: spectra, SANE and traces with intervals, and SANE from a stored spectrum.
. "$(dirname "$0")/lib.sh"
topic

good spectrum $GD --method slq
holds out "probes of 40 steps beside"
holds out "intervals are 95 %, calibrated"
holds out "not verified: others may lie between them"
same spectrum $GD --method slq --seed 3
stored slq spectrum $GD --method slq --vectors
good spectrum $GD --method slq --accuracy 0.2 --dry-run
holds out "slq"
bad "^basin: $GD: --accuracy must lie between 0 and 1, got 2" -- spectrum $GD --method slq --accuracy 2
bad "^basin: $GD: --accuracy is of the density: it goes with --method slq" -- spectrum $GD --method dense --accuracy 0.2

# SANE: an asked width, and what it consists of
good sane $GD --tol 5%
holds out "95 %, calibrated: ± [0-9.]* % by probes, ± "
holds out "proven: \["
same sane $GD --method slq --products 60
bad "^basin: $GD: --tol must lie between 0 and 1" -- sane $GD --tol 3
bad "^basin: $GD: --products must be at least 16" -- sane $GD --products 4
bad "^basin: $GD: the rounding of the products alone leaves SANE open by" -- sane $GD --precision single --tol 1e-7

# a stored spectrum answers for every kappa, k, alpha and gamma as the checkpoint does
good spectrum $GD --method slq -o slq.h5
good sane slq.h5 --kappa 2 --alpha 0.1 --json
value=$(number out sane)
good sane slq.h5 --json
expect "SANE at kappa 2 stands in the sweep of a stored spectrum" grep -q -e "\"value\": \[[^]]*$value" out
holds out "\"role\": \"result\""
good sane slq.h5 -o sane.h5
good verify sane.h5
holds out "  verified"
good spectrum $GD -o dense.h5
good sane dense.h5 --json
stored_value=$(number out sane)
good sane $GD --json
equal "SANE of a stored spectrum" "$stored_value" "$(number out sane)"
holds out "\"alpha\""
bad "^basin: slq.h5: a stored result cannot answer --samples: name the checkpoint" -- sane slq.h5 --samples 10
bad "^basin: slq.h5: a stored result cannot answer --method: name the checkpoint" -- sane slq.h5 --method dense
bad "^basin: sane.h5: a stored sane, where SANE needs a spectrum or a checkpoint" -- sane sane.h5
head -c 20000 slq.h5 >cut.h5
bad "^basin: cut.h5: " -- sane cut.h5

# traces
good trace $GD
same trace $GD --method hutch++
good trace $GD --products 20 -o trace.h5
good verify trace.h5
holds out "  verified"
bad "xtrace needs at least 4 products, got 3" -- trace $GD --products 3

finish

# Operators beside the Hessian, parts of a network, diagonal blocks, mini-batches.
. "$(dirname "$0")/lib.sh"
topic

# kept NAME COMMAND…: -o of what has no figure, and verify
kept() {
    name=$1
    shift
    good "$@" -o "$name.h5"
    good verify "$name.h5"
    holds out "  verified"
}

# every operator is named in what is printed and stored, and printed again the same
for o in ggn residual fisher fisher-sampled fisher-empirical covariance; do
    good spectrum $GD --operator $o --json
    holds out "\"operator\": \"$o\""
done
good spectrum $GD --operator ggn
holds out "eigenvalues of the generalised Gauss-Newton matrix"
holds out "negative        0 of those held"
good sane $GD --operator fisher-empirical
holds out "eigenvalues of the empirical Fisher matrix"
same spectrum $GD --operator covariance
same spectrum $GD --operator fisher-sampled --seed 4 --layer fc2
same sane $GD --operator ggn --params "*.weight"
stored ggn spectrum $GD --operator ggn --top 3 --vectors
stored part spectrum $GD --layer fc1
kept sane_part sane $GD --params "fc?.bias"

# G and the expected Fisher matrix are the same; H is G and what is left of it
good spectrum $GD --operator ggn --json
ggn=$(number out trace)
good spectrum $GD --operator fisher --json
equal "trace of the Fisher matrix" "$(number out trace)" "$ggn"
good spectrum $GD --json
hessian=$(number out trace)
good spectrum $GD --operator residual --json
expect "H = G + residual" awk "BEGIN { t = $ggn + $(grep -o '"trace": *-*[0-9.e+-]*' out | sed 's/.*: *//'); d = t - $hessian; exit !(d * d < 1e-18 * $hessian * $hessian) }"

# the root: fewer samples than parameters
good spectrum $GD --operator fisher-empirical --samples 20
holds out "method          gram, "
holds out ", 20 products"
good spectrum $GD --operator fisher-empirical --samples 20 --method dense
holds out "method          dense, "
bad "^basin: $GD: method gram: this operator is not given as R" -- spectrum $GD --method gram
good spectrum $GD --operator ggn --dry-run
holds out "ggn times one"

# parts
good spectrum $GD --params "fc1*"
holds out "part            fc1\*, of 310 parameters of the network"
holds out "its block leaves out "
bad "^basin: $GD: pattern cf1\* matches none of the 4 tensors; near: fc1.weight, fc1.bias" -- spectrum $GD --params "cf1*"
bad "^basin: $GD: layer fc3 matches none of the 4 tensors; near: fc1.bias, fc2.bias" -- sane $GD --layer fc3
wrong "^basin: spectrum: --params or --layer, not both" -- spectrum $GD --params "fc*" --layer fc1
wrong "^basin: sane: --ritz knows no norm of a block" -- sane $GD --ritz 5 --layer fc1

# what is not there
wrong "^basin: spectrum: operator gauss is none of hessian | ggn" -- spectrum $GD --operator gauss
bad "^basin: $GD: no second moments of the gradient saved" -- spectrum $GD --preconditioned
bad "weight decay is no part of a sample.s loss" -- spectrum decay.h5 --operator fisher --include-weight-decay
good spectrum adam.h5 --preconditioned
holds out "eigenvalues of the preconditioned Hessian"
holds out "ceiling         3800 = 2(1 + beta) / ((1 - beta) eta)"
bad "^basin: adam.h5: --beta2 must lie in (0, 1\], got 2" -- spectrum adam.h5 --preconditioned --beta2 2

# figures are of one operator
bad "^basin: spectra of one figure are of one operator: the first is of hessian, number 2 of ggn" -- plot part.h5 ggn.h5 -o mixed.pdf
good plot ggn.h5 -o ggn.svg --caption
holds out "Eigenvalues of the generalised Gauss-Newton matrix in descending order"
good plot part.h5 -o part.svg --caption
holds out "The part layer fc1 of 310 parameters: its block leaves out"

# blocks
good blocks $GD
holds out "blocks          2 of the Hessian, by layer, 310 products"
holds out "^ *fc1 *260 "
holds out "left out        [0-9.]* % of |A|_F^2 couples the blocks"
good blocks $GD --by tensor --operator ggn --json
sum=$(grep -o '"trace": *[0-9.e+-]*' out | sed 's/.*: *//' | awk -v whole="$ggn" '{ all += $1 } END { d = all - 2 * whole; print d * d < 1e-18 * whole * whole ? "equal" : "not" }')
expect "the traces of blocks add up to that of G" [ "$sum" = equal ]
same blocks $GD --by tensor
kept blocks blocks $GD
good plot blocks.h5 -o blocks.svg --caption
holds out "Diagonal blocks of the Hessian by layer: shares of"
good blocks $GD --dry-run
holds out "blocks"
wrong "^basin: blocks: --by wants layer|tensor, got «row»" -- blocks $GD --by row
bad "^basin: $GD: --probes must be at least 2" -- blocks $GD --probes 1

# batches
good batches $MSAM --batches 4 --batch-size 8
holds out "batches         4 of 8 samples"
holds out "ceiling         [0-9.]* = 2/eta; with momentum"
holds out "sHs / sg, s = beta v + g"
holds out "largest eigenvalue"
lacks out "SANE"
good batches $GD --batches 3 --batch-size 8 --spectra
holds out "SANE"
same batches $GD --batches 3 --batch-size 8
kept batches batches $GD --batches 3 --batch-size 8 --spectra --operator ggn
bad "^basin: $GD: --batches must be at least 2" -- batches $GD --batches 1
bad "^basin: $GD: batches of 5000 samples of 120" -- batches $GD --batch-size 5000
good batches $GD --batches 3 --batch-size 8
holds out "verified        that none is larger: of 3 of the 3 batches"
good plot batches.h5 -o batches.svg --caption
holds out "Curvature of mini-batches, a dot each"
good batches $GD --batches 3 --batch-size 8 --dry-run
holds out "batches"

# more pairs than there are, and pairs without a proof
bad "^basin: $GD: --top 400: the network has 310 parameters" -- spectrum $GD --top 400
bad "^basin: $GD: --bottom 61: fc2.weight has [0-9]* parameters" -- spectrum $GD --params fc2.weight --bottom 61
bad "^basin: $GD: --top 300 and --bottom 11: the network has 310 parameters" -- sane $GD --top 300 --bottom 11
good spectrum $GD --method lanczos --top 3 --no-proof
holds out "not verified: --no-proof; eigenvalues may be missing among those held"
good spectrum $GD --method lanczos --top 3 --no-proof --json
holds out '"no_proof": *true'
holds out '"verified": *false'
bad "tolerance 1e-18 is beyond the rounding of the products: the least is 8.9e-16" -- spectrum $GD --tolerance 1e-18

finish

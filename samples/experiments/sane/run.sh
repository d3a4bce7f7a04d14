# SANE at large learning rates (docs/experiments/sane.md), whole. usage: BASIN=build/basin sh samples/experiments/sane/run.sh FOLDER [DATA.h5]
#
# Trains 240 small networks with NumPy, measures them, and writes FOLDER/table.md and FOLDER/*.png. DATA.h5 is a
# file with /images [N, 28, 28] and /labels; without it samples/digits.h5.
set -eu
BASIN=$(realpath "${BASIN:-build/basin}")
HERE=$(realpath "$(dirname "$0")")
OUT=${1:?usage: run.sh FOLDER [DATA.h5]}
DATA=$(realpath "${2:-$HERE/../../digits.h5}")
PYTHON=${PYTHON:-python3}
OMP_NUM_THREADS=1 # of the BLAS; basin's own threads share the checkpoints
export OMP_NUM_THREADS
case $DATA in */digits.h5) WIDTHS=64-12-10 ;; *) WIDTHS=196-4-10 ;; esac
[ ! -e "$OUT" ] || { echo "$OUT: there already" >&2; exit 1; }
mkdir -p "$OUT/flow" "$OUT/results"
cd "$OUT"
"$PYTHON" "$HERE/train.py" data . "$DATA"

flow() { # LOSS RATE: the start of each seed, and the largest eigenvalue along a slow descent
    for seed in 0 1 2 3 4 5 6 7; do
        "$BASIN" train --mlp $WIDTHS --data data/$1_$seed.h5 --loss "$2" --method gd --momentum 0 --learning-rate "$3" --seed $seed --steps 1200 \
            --save-every 60 -o flow/$1_$seed >/dev/null
        "$BASIN" spectrum flow/$1_$seed/step_*.h5 --method lanczos --top 1 --tolerance 1e-4 --no-proof --json >flow/$1_$seed.json
    done
}

measure() { # LOSS: whole spectra of all points, polished, rescaled; SANE by quadrature; top eigenvectors
    for seed in 0 1 2 3 4 5 6 7; do
        for level in 0 1; do
            of=$1_${level}_$seed
            "$BASIN" spectrum points/$of/*.h5 --method dense --json >results/spectra_$of.json
            "$BASIN" spectrum points/$of/*_1.h5 --method dense --polish 20 --json >results/polished_$of.json
        done
        "$BASIN" spectrum rescaled/$1_$seed/*.h5 --method dense --json >results/rescaled_$1_$seed.json
        "$BASIN" sane points/$1_0_$seed/*_1.h5 --json >results/exact_$1_$seed.json
        "$BASIN" sane points/$1_0_$seed/*_1.h5 --method slq --json >results/slq_$1_$seed.json
        for point in points/$1_0_$seed/*_1.h5; do
            "$BASIN" spectrum $point --method lanczos --top 3 --vectors --tolerance 1e-6 --no-proof -o results/top_$1_${seed}_$(basename $point) >/dev/null
        done
    done
}

flow cross_entropy softmax_cross_entropy 0.05
flow mse mse 0.25
for loss in cross_entropy mse; do
    "$PYTHON" "$HERE/train.py" train . $loss
    measure $loss
done
"$PYTHON" "$HERE/summarise.py" . >table.md
cat table.md

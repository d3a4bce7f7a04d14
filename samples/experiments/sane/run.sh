# SANE at large learning rates (docs/experiments/sane.md), whole. usage: BASIN=build/basin sh samples/experiments/sane/run.sh FOLDER [DATA.h5]
#
# Trains 240 perceptrons with NumPy and 40 transformers with basin, measures them, and writes FOLDER/table.md and FOLDER/*.png. DATA.h5 is a
# file with /images [N, 28, 28] and /labels; without it samples/digits.h5.
set -eu
BASIN=$(realpath "${BASIN:-build/basin}")
HERE=$(realpath "$(dirname "$0")")
OUT=${1:?usage: run.sh FOLDER [DATA.h5]}
DATA=$(realpath "${2:-$HERE/../../digits.h5}")
PYTHON=${PYTHON:-python3}
OMP_NUM_THREADS=1 # of the BLAS; basin's own threads share the checkpoints
export OMP_NUM_THREADS
case $DATA in */digits.h5) WIDTHS=64-12-10 ;; *) WIDTHS=196-8-10 ;; esac
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

next_row() { # a causal transformer on the rows of digits: 40 trainings by basin itself, each measured where it comes down to the loss 0.06
    "$PYTHON" "$HERE/train.py" next . "$HERE/../../digits.h5"
    "$PYTHON" "$HERE/../graphs.py" next 8 2 16 >next.json
    for seed in 0 1 2 3; do
        descend flow/next_$seed $seed 0.25 100
        "$BASIN" spectrum flow/next_$seed/step_*.h5 --method lanczos --top 1 --tolerance 1e-4 --no-proof --json >flow/next_$seed.json
        for rate in $("$PYTHON" "$HERE/train.py" rates . $seed); do descend next/${seed}_$rate $seed $rate 10; done
    done
    "$BASIN" track next/* --at-loss 0.06 --no-polish --json >results/next.json
}

descend() { # FOLDER SEED RATE EVERY
    "$BASIN" train --graph next.json --data data/next_$2.h5 --loss mse --method gd --momentum 0 --learning-rate $3 --seed $2 --steps 2400 \
        --save-every $4 -o $1 >/dev/null || [ -e $1/step_000000.h5 ] # some diverge
}

draw() { # SANE, the largest eigenvalue and the test loss against the rate, with cross-entropy, at the first iterate at or below 0.1
    set --
    for seed in 0 1 2 3 4 5 6 7; do
        mkdir -p drawn/points/$seed
        cp points/cross_entropy_0_$seed/*_1.h5 drawn/points/$seed/
        set -- "$@" drawn/$seed.h5 --label "seed $seed"
    done
    cp -r data drawn/data
    for seed in 0 1 2 3 4 5 6 7; do "$BASIN" track drawn/points/$seed --run ALL --no-polish -o drawn/$seed.h5 >/dev/null; done
    "$BASIN" plot "$@" -x learning_rate -y sane -o sane.png
    "$BASIN" plot "$@" -x learning_rate -y lambda_max -o lambda_max.png
    "$BASIN" plot "$@" -x learning_rate -y test_loss --scale log -o test_loss.png
}

flow cross_entropy softmax_cross_entropy 0.05
flow mse mse 0.25
for loss in cross_entropy mse; do
    "$PYTHON" "$HERE/train.py" train . $loss
    measure $loss
done
next_row
draw
"$PYTHON" "$HERE/summarise.py" . >table.md
cat table.md

# MSAM against SAM, GD, NAG and SGD (docs/experiments/msam.md), whole. usage: BASIN=build/basin sh samples/experiments/msam/run.sh FOLDER [DATA.h5]
#
# Trains 100 runs of two networks with PyTorch (and 152 more to choose radii), measures the last checkpoints with basin, and writes
# FOLDER/table.md and FOLDER/*.png. DATA.h5 is a file with /images [N, 28, 28] and /labels; without it samples/digits.h5.
set -eu
BASIN=$(realpath "${BASIN:-build/basin}")
export BASIN
HERE=$(realpath "$(dirname "$0")")
OUT=${1:?usage: run.sh FOLDER [DATA.h5]}
DATA=${2:+$(realpath "$2")}
PYTHON=${PYTHON:-python3}
PYTHONPATH=$(realpath "$HERE/../../../python")${PYTHONPATH:+:$PYTHONPATH}
OMP_NUM_THREADS=1
export PYTHONPATH OMP_NUM_THREADS
RHO=-0.4,-0.2,-0.1,0.1,0.2,0.4
BATCHES="--along momentum --by batch --batches 20 --batch-size 50 --range -0.4:0.4 --grid 9"
[ ! -e "$OUT" ] || { echo "$OUT: there already" >&2; exit 1; }
mkdir -p "$OUT/results"
cd "$OUT"

statistics() { [ "$1" = transformer ] || echo "--bn batch:50"; } # the function that was trained

measure() { # NETWORK: top eigenvalues, rises along gradient, momentum and random directions, other batches along the momentum
    bn=$(statistics "$1")
    for method in sgd nag gd sam msam; do
        for seed in 0 1 2 3 4 5 6 7 8 9; do
            of=$1_${method}_$seed
            "$BASIN" spectrum "runs/$of/last.h5" --method lanczos --top 5 --tolerance 1e-4 $bn --json >"results/spectrum_$of.json"
            "$BASIN" sharpness "runs/$of/last.h5" --rho=$RHO --random 3 $bn --json >"results/rises_$of.json"
            "$BASIN" band "runs/$of/last.h5" $BATCHES $bn --json >"results/band_$of.json"
        done
    done
    "$BASIN" sharpness "runs/$1_sgd_0/last.h5" "runs/$1_sam_0/last.h5" "runs/$1_msam_0/last.h5" --rho=$RHO --random 3 $bn --plot "rises_$1.png" >/dev/null
    "$BASIN" band "runs/$1_sgd_0/last.h5" $BATCHES $bn --plot "batches_$1.png" >/dev/null
}

for network in cnn transformer; do
    ("$PYTHON" "$HERE/train.py" $network . ${DATA:+"$DATA"} && measure $network && touch $network.done) &
done
wait
[ -e cnn.done ] && [ -e transformer.done ] || { echo "a training or a measurement failed" >&2; exit 1; }
"$PYTHON" "$HERE/summarise.py" . >table.md
cat table.md

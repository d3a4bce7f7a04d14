# MSAM against SAM, GD, NAG and SGD (docs/experiments/msam.md), whole. usage: BASIN=build/basin sh samples/experiments/msam/run.sh FOLDER [DATA.h5]
#
# Trains 80 runs of two networks with PyTorch (and some 140 more to choose radii), measures the last checkpoints with basin, and writes
# FOLDER/table.md and FOLDER/*.svg. DATA.h5 is a file with /images [N, 28, 28] and /labels; without it samples/digits.h5.
set -eu
BASIN=$(realpath "${BASIN:-build/basin}")
export BASIN
HERE=$(realpath "$(dirname "$0")")
OUT=${1:?usage: run.sh FOLDER [DATA.h5]}
DATA=${2:+$(realpath "$2")}
PYTHON=${PYTHON:-python3}
PYTHONPATH=$(realpath "$HERE/../../../python")${PYTHONPATH:+:$PYTHONPATH}
export PYTHONPATH
RHO=-0.4,-0.2,-0.1,0.1,0.2,0.4
[ ! -e "$OUT" ] || { echo "$OUT: there already" >&2; exit 1; }
mkdir -p "$OUT/results"
cd "$OUT"

for network in cnn transformer; do
    OMP_NUM_THREADS=1 "$PYTHON" "$HERE/train.py" $network . ${DATA:+"$DATA"} &
done
wait
[ -s cnn.json ] && [ -s transformer.json ] || { echo "a training failed" >&2; exit 1; }

measure() { # NETWORK METHOD: top eigenvalues, rises along gradient, momentum and random directions, the next batch along the momentum
    bn=""
    [ "$1" = transformer ] || bn="--bn batch:50"
    for seed in 0 1 2 3 4 5 6 7; do
        run=runs/$1_$2_$seed/step_000400.h5
        "$BASIN" spectrum "$run" --method lanczos --top 5 --tolerance 1e-4 $bn --threads 1 --json >"results/spectrum_$1_$2_$seed.json" 2>>notes
        "$BASIN" sharpness "$run" --rho=$RHO --random 3 $bn --threads 1 --json >"results/rises_$1_$2_$seed.json" 2>>notes
        "$BASIN" band "$run" --along momentum --by batch --batches 20 --batch-size 50 --range -0.4:0.4 --grid 9 $bn --threads 1 --json \
            >"results/band_$1_$2_$seed.json" 2>>notes
    done
}
for network in cnn transformer; do
    (for method in sgd nag gd sam msam; do measure $network $method; done) &
done
wait
for network in cnn transformer; do
    bn=""
    [ $network = transformer ] || bn="--bn batch:50"
    "$BASIN" sharpness runs/${network}_sgd_0/step_000400.h5 runs/${network}_sam_0/step_000400.h5 runs/${network}_msam_0/step_000400.h5 \
        --rho=$RHO --random 3 $bn --plot "rises_$network.svg" >/dev/null 2>>notes
done
"$PYTHON" "$HERE/summarise.py" . >table.md
cat table.md

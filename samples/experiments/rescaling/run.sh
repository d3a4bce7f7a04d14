# Rescaling, random labels, early against late (docs/experiments/rescaling.md), whole. usage: BASIN=build/basin sh samples/experiments/rescaling/run.sh FOLDER
#
# Trains 50 small networks with basin, measures them and their rescaled twins, and writes FOLDER/table.md and FOLDER/*.png.
set -eu
BASIN=$(realpath "${BASIN:-build/basin}")
HERE=$(realpath "$(dirname "$0")")
OUT=${1:?usage: run.sh FOLDER}
PYTHON=${PYTHON:-python3}
DIGITS=$(realpath "$HERE/../../digits.h5")
SEEDS="0 1 2 3 4 5 6 7"
OMP_NUM_THREADS=1 # of the BLAS; basin's own threads share the checkpoints
export OMP_NUM_THREADS
[ ! -e "$OUT" ] || { echo "$OUT: there already" >&2; exit 1; }
mkdir -p "$OUT/runs" "$OUT/results"
cd "$OUT"

descend() { # FOLDER METHOD SEED NOISE STEPS …: gradient descent on 120 digits, by gd or by sgd of all samples, which takes the same steps
    folder=$1 method=$2 seed=$3 noise=$4 steps=$5
    shift 5
    "$BASIN" train --mlp 64-12-10 --data "$DIGITS" --subset 120 --label-noise "$noise" --method "$method" --learning-rate 0.1 --seed "$seed" \
        --steps "$steps" "$@" -o "$folder" >/dev/null
}

ask() { # NAME RUN… [OPTION…]: the verdict of compare, what it says on the way, and its status
    name=$1
    shift
    if "$BASIN" compare "$@" -o "results/$name.h5" --json >"results/$name.json" 2>"results/$name.err"; then
        echo 0 >"results/$name.status"
        "$BASIN" explain "results/$name.h5" >"results/$name.txt"
    else
        echo $? >"results/$name.status"
    fi
}

for seed in $SEEDS; do
    descend runs/true_$seed gd $seed 0 1000 --save-every 20
    descend runs/half_$seed gd $seed 0.45 1000 --save-every 20
    descend runs/random_$seed sgd $seed 0.9 1000 --save-every 20
    descend runs/early_$seed sgd $seed 0 60 --save 60
    descend runs/late_$seed gd $seed 0 600 --save 600
done
"$PYTHON" "$HERE/../graphs.py" rows 6 2 12 >transformer.json
"$BASIN" train --graph transformer.json --data "$DIGITS" --subset 60 --method gd --learning-rate 0.1 --steps 200 --save 200 -o runs/transformer >/dev/null

# Dinh's rescaling and the bases of attention
"$BASIN" invariance runs/true_0/step_000200.h5 --measures all --json >results/perceptron.json
"$BASIN" invariance runs/transformer/step_000200.h5 --measures all --json >results/transformer.json
SHOWN=lambda_max,trace,sane,average,worst_l2,adaptive_average,adaptive_worst_l2,geodesic
"$BASIN" invariance runs/transformer/step_000200.h5 --measures $SHOWN -o results/shown.h5 >/dev/null
"$BASIN" plot results/shown.h5 --width 6.75 -o rescaling.png

# twins of the same function
for seed in $SEEDS; do "$PYTHON" "$HERE/twin.py" runs/true_$seed runs/twin_$seed; done
ask twins runs/true_* runs/twin_* --base rescaled

# labels, at equal training loss
"$BASIN" track runs/true_* runs/half_* runs/random_* --at-loss 0.1 --measures all --no-polish --json >results/labels.json 2>results/labels.err
ask equal_seeds runs/true_* runs/random_* --at-loss 0.1
ask other_seeds runs/true_[0-3] runs/random_[4-7] --at-loss 0.1

# early against late
"$BASIN" track runs/early_* runs/late_* --no-polish --json >results/way_down.json
"$BASIN" loss runs/true_?/step_001000.h5 --json >results/further.json
ask early runs/early_* runs/late_* --base sgd

"$PYTHON" "$HERE/summarise.py" . >table.md
cat table.md

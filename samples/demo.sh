# The main job, whole, through the commands that a user would type. usage: BASIN=build/basin sh samples/demo.sh FOLDER
#
# GD, SAM and MSAM on 250 of the 8x8 digits, of whose training labels a fifth is wrong (test labels are right), so that a
# generalisation gap really exists. One seed gives every method the same initial weights, images, wrong labels and batches.
# Commands on one checkpoint run two at a time, each with one thread; those on many measure them side by side, with all threads. Every command
# is printed as it starts.
set -eu
BASIN=${BASIN:-build/basin}
OUT=${1:?usage: demo.sh FOLDER}
DATA=$(dirname "$0")/digits.h5
SEEDS="0 1 2 3 4 5 6 7"
METHODS="gd sam msam"
RATES="0.05 0.1 0.2 0.4 0.8"
LAST=step_000400.h5 # the step at which the methods are compared; GD goes on to 800, SAM's budget of gradients
LOSS=0.2             # the training loss at which they are compared, too; the slowest learning rate gets to 0.3 only
START=$(date +%s)

rm -rf "$OUT"
mkdir -p "$OUT/runs" "$OUT/results" "$OUT/figures"
RUNS=$OUT/runs
RESULTS=$OUT/results
FIGURES=$OUT/figures

say() { printf '\n# %s\n' "$*"; }
show() { printf '$ %s %s\n' "$BASIN" "$*"; }
# with its table shown
now() {
    show "$@"
    "$BASIN" "$@"
}
# beside at most one other, its table left out (the result is stored)
waiting=""
later() {
    set -- "$@" --threads 1
    show "$@"
    "$BASIN" "$@" >/dev/null &
    started=$!
    if [ -n "$waiting" ]; then wait "$waiting"; fi
    waiting=$started
}
finish() {
    if [ -n "$waiting" ]; then wait "$waiting"; fi
    waiting=""
}
# by itself, its table in a file
alone() { # FILE COMMAND…
    table=$1
    shift
    finish
    show "$@"
    "$BASIN" "$@" >"$table"
}
trap 'kill $(jobs -p) 2>/dev/null; exit 130' INT TERM

train() { # METHOD SEED RATE STEPS FOLDER
    later train --mlp 64-32-10 --data "$DATA" --subset 250 --label-noise 0.2 --method "$1" --seed "$2" --learning-rate "$3" --rho 0.2 --steps "$4" \
        --save 0,20,40,80,120,160,200,300,400"$6" -o "$RUNS/$5"
}

say "24 runs: 3 methods, 8 seeds, learning rate 0.1, momentum 0.9, rho 0.2"
for seed in $SEEDS; do
    train gd "$seed" 0.1 800 "gd_$seed" ,600,800
    train sam "$seed" 0.1 400 "sam_$seed" ""
    train msam "$seed" 0.1 400 "msam_$seed" ""
done
say "GD at five learning rates"
for rate in $RATES; do train gd 0 "$rate" 400 "sweep_$rate" ""; done
finish

say "what is in a checkpoint, and is it right?"
now info "$RUNS/msam_0/$LAST" --gradient
now check "$RUNS/msam_0/$LAST"

say "the methods against each other, paired by seed: at step 400 and after 20 plain gradient steps from there, and at equal training loss"
compared="$RUNS/gd_* $RUNS/sam_* $RUNS/msam_*"
# shellcheck disable=SC2086
alone "$RESULTS/compare.txt" compare $compared --rho 0.2 -o "$RESULTS/compare.h5"
# shellcheck disable=SC2086
alone "$RESULTS/compare_at_loss.txt" compare $compared --rho 0.2 --at-loss $LOSS -o "$RESULTS/compare_at_loss.h5"

say "full spectra and SANE at step 400"
for method in $METHODS; do
    later spectrum "$RUNS/${method}_0/$LAST" -o "$RESULTS/spectrum_${method}_0.h5"
    later sane "$RUNS/${method}_0/$LAST" -o "$RESULTS/sane_${method}_0.h5"
done

say "curvature by layer, and what mini-batches see of it"
later blocks "$RUNS/gd_0/$LAST" -o "$RESULTS/blocks_gd_0.h5"
later batches "$RUNS/gd_0/$LAST" --batches 20 --batch-size 50 -o "$RESULTS/batches_gd_0.h5"

say "as for networks of any size: how all eigenvalues are spread, with a band, by 200 products, and SANE from what these leave, beside the exact one"
for method in $METHODS; do later spectrum "$RUNS/${method}_0/$LAST" --method slq -o "$RESULTS/density_${method}_0.h5"; done
finish
now sane "$RESULTS/density_gd_0.h5"

say "slices: momentum, top eigenvectors, filter-normalised random directions; one-step sharpness"
for method in $METHODS; do
    checkpoint=$RUNS/${method}_0/$LAST
    later slice "$checkpoint" --along momentum --range -1:1 --grid 81 -o "$RESULTS/momentum_$method.h5"
    later slice "$checkpoint" --along eigen:1 --range -2:2 --grid 81 -o "$RESULTS/eigen_$method.h5"
    later slice "$checkpoint" --along random:1 --range -1:1 --grid 81 -o "$RESULTS/random_$method.h5"
    later slice "$checkpoint" --range -1:1 --grid 61 --along random:1 --along random:2 -o "$RESULTS/plane_$method.h5"
    later slice "$checkpoint" --grid 41 --along momentum --range -1:1 --along eigen:1 --range -2:2 -o "$RESULTS/momentum_eigen_$method.h5"
    later sharpness "$checkpoint" --rho -0.6,-0.4,-0.3,-0.2,-0.1,-0.05,0,0.05,0.1,0.2,0.3,0.4,0.6 --random 2 -o "$RESULTS/sharpness_$method.h5"
done

say "the runs of GD, SAM and MSAM from one start on the plane that they lie nearest to"
later slice "$RUNS/gd_0" "$RUNS/sam_0" "$RUNS/msam_0" --plane pca --grid 61 -o "$RESULTS/paths.h5"

say "over training, and over the learning rate"
alone /dev/null track "$RUNS/gd_0" "$RUNS/sam_0" "$RUNS/msam_0" -o "$RESULTS/track.h5"
sweep=""
for rate in $RATES; do sweep="$sweep $RUNS/sweep_$rate"; done
# shellcheck disable=SC2086
alone /dev/null track $sweep --at-loss 0.3 -o "$RESULTS/sweep.h5"

cat "$RESULTS/compare.txt"
say "and at training loss $LOSS"
grep '^- ' "$RESULTS/compare_at_loss.txt"
for at in compare compare_at_loss; do alone "$RESULTS/$at.words" explain "$RESULTS/$at.h5"; done

# ------------------------------------------------------------------------------------------------------------- figures

draw() { # NAME RESULT… [OPTION…]: a figure and its own caption
    name=$1
    shift
    show plot "$@" -o "$FIGURES/$name.svg" --caption
    "$BASIN" plot "$@" -o "$FIGURES/$name.svg" --caption >"$FIGURES/$name.txt"
}
R=$RESULTS
say "figures"
draw verdict "$R/compare.h5" --kind verdict --width 6.75
draw verdict_at_loss "$R/compare_at_loss.h5" --kind verdict --width 6.75
draw compare "$R/compare.h5" --width 6.75
draw compare_at_loss "$R/compare_at_loss.h5" --width 6.75
draw lambda_max "$R/track.h5" --y lambda_max --width 6.75
draw sane "$R/track.h5" --y sane --width 6.75
draw sweep_lambda_max "$R/sweep.h5" --kind sweep --x learning_rate --y lambda_max
draw sweep_sane "$R/sweep.h5" --kind sweep --x learning_rate --y sane
draw spectrum "$R/spectrum_gd_0.h5" "$R/spectrum_sam_0.h5" "$R/spectrum_msam_0.h5" --width 6.75 --scale symlog
draw histogram "$R/spectrum_gd_0.h5" "$R/spectrum_sam_0.h5" "$R/spectrum_msam_0.h5" --width 6.75 --kind histogram
draw density "$R/density_gd_0.h5"
draw blocks "$R/blocks_gd_0.h5"
draw batches "$R/batches_gd_0.h5"
draw momentum "$R/momentum_gd.h5" "$R/momentum_sam.h5" "$R/momentum_msam.h5"
draw eigen "$R/eigen_gd.h5" "$R/eigen_sam.h5" "$R/eigen_msam.h5"
draw random "$R/random_gd.h5" "$R/random_sam.h5" "$R/random_msam.h5"
draw sharpness "$R/sharpness_gd.h5" "$R/sharpness_sam.h5" "$R/sharpness_msam.h5"
draw symmetric "$R/sharpness_gd.h5" "$R/sharpness_sam.h5" "$R/sharpness_msam.h5" --kind symmetric
draw paths "$R/paths.h5" --width 6.75
draw planes "$R/plane_gd.h5" "$R/plane_sam.h5" "$R/plane_msam.h5" --kind contour --width 6.75
draw heat "$R/momentum_eigen_gd.h5" "$R/momentum_eigen_sam.h5" "$R/momentum_eigen_msam.h5" --kind heat --width 6.75
now plot "$R/plane_msam.h5" -o "$FIGURES/plane_msam.pdf"
now verify "$R/momentum_msam.h5"

# -------------------------------------------------------------------------------------------------------------- report

report() { # FILE: the same results on a page and on paper
    now report "$R/compare.h5" "$R/compare_at_loss.h5" "$R/track.h5" "$R/sweep.h5" "$R"/spectrum_gd_0.h5 "$R"/spectrum_sam_0.h5 \
        "$R"/spectrum_msam_0.h5 "$R"/density_gd_0.h5 "$R/blocks_gd_0.h5" "$R/batches_gd_0.h5" "$R/momentum_gd.h5" "$R/momentum_sam.h5" \
        "$R/momentum_msam.h5" "$R/eigen_gd.h5" "$R/eigen_sam.h5" "$R/eigen_msam.h5" "$R/random_gd.h5" "$R/random_sam.h5" "$R/random_msam.h5" \
        "$R/sharpness_gd.h5" "$R/sharpness_sam.h5" "$R/sharpness_msam.h5" "$R/plane_gd.h5" "$R/plane_sam.h5" "$R/plane_msam.h5" "$R/paths.h5" \
        "$R/momentum_eigen_gd.h5" "$R/momentum_eigen_sam.h5" "$R/momentum_eigen_msam.h5" -o "$1" --title "GD, SAM and MSAM on the digits" \
        --about "250 of the 8×8 handwritten digits, a fifth of their training labels replaced by wrong ones, a 64-32-10 network with ReLU, full \
batch, learning rate 0.1, momentum 0.9, ρ = 0.2, 8 seeds a method. Test labels are right. Curvature, slices and sharpness are those of the training \
loss at step 400, in double precision; where «polished» stands, after 20 plain gradient steps from there."
}
report "$OUT/index.html"
report "$OUT/report.pdf"

say "done in $(($(date +%s) - START)) s. Look at $OUT/index.html, or on paper $OUT/report.pdf (figures in $FIGURES, results in $R, runs in $RUNS)."
say "what the numbers support, and what not, at step 400"
cat "$R/compare.words"
say "and at training loss $LOSS"
cat "$R/compare_at_loss.words"

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

# ---------------------------------------------------------------------------------------------------------------- page

escape() { sed 's/&/\&amp;/g; s/</\&lt;/g; s/>/\&gt;/g'; }
{
    cat <<'HTML'
<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>basin: GD, SAM and MSAM on the digits</title>
<style>
body { font: 16px/1.5 "DejaVu Sans", Verdana, sans-serif; color: #222; max-width: 58rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2.5rem; border-bottom: 1px solid #ccc; }
pre { font: 12px/1.4 "DejaVu Sans Mono", monospace; background: #f6f6f4; padding: 1rem; overflow-x: auto; }
pre.words { white-space: pre-wrap; }
figure { margin: 1.5rem 0; } figure img { width: 100%; display: block; } figure.column { display: inline-block; width: 48%; vertical-align: top; }
figcaption { font-size: 0.8rem; color: #555; margin-top: 0.4rem; overflow-wrap: anywhere; }
</style></head><body>
<h1>GD, SAM and MSAM on the digits</h1>
<p>250 of the 8×8 handwritten digits, a fifth of their training labels replaced by wrong ones, a 64-32-10 network with ReLU,
full batch, learning rate 0.1, momentum 0.9, ρ = 0.2, 8 seeds a method. Test labels are right. Curvature, slices and sharpness are
those of the training loss at step 400, in double precision; where «polished» stands, after 20 plain gradient steps from there. The numbers stand as
they came out.</p>
HTML
    section() { # TITLE CLASS NAME…
        printf '<h2>%s</h2>\n' "$1"
        class=$2
        shift 2
        for name in "$@"; do
            printf '<figure class="%s"><img alt="%s" src="data:image/svg+xml;base64,' "$class" "$name"
            base64 <"$FIGURES/$name.svg" | tr -d '\n'
            printf '">\n<figcaption>'
            escape <"$FIGURES/$name.txt"
            printf '</figcaption></figure>\n'
        done
    }
    section "The verdict at step 400" page verdict
    printf '<pre class="words">'
    escape <"$R/compare.words"
    printf '</pre>\n'
    section "The verdict at training loss $LOSS" page verdict_at_loss
    printf '<pre class="words">'
    escape <"$R/compare_at_loss.words"
    printf '</pre>\n<h2>Comparison over seeds</h2>\n<pre>'
    escape <"$R/compare.txt"
    printf '</pre>\n<h2>The same at training loss %s</h2>\n<pre>' "$LOSS"
    escape <"$R/compare_at_loss.txt"
    printf '</pre>\n'
    section "Measures with seeds, at step 400 and at equal training loss" page compare compare_at_loss
    section "Over training: λ_max with the ceiling of stability of its learning rate, and SANE" page lambda_max sane
    section "GD over the learning rate, at equal training loss" column sweep_lambda_max sweep_sane
    section "Hessian spectra" page spectrum histogram
    section "The same by stochastic Lanczos quadrature, blocks of layers, mini-batches" column density blocks batches
    section "Slices: momentum, top eigenvector, random direction" column momentum eigen random
    section "One-step rises over signed ρ, and their symmetrised part" column sharpness symmetric
    section "Planes of two random directions" page planes
    section "Runs on the plane that they lie nearest to" page paths
    section "Planes of momentum and top eigenvector" page heat
    printf '</body></html>\n'
} >"$OUT/index.html"

say "done in $(($(date +%s) - START)) s. Look at $OUT/index.html (figures in $FIGURES, results in $R, runs in $RUNS)."
say "what the numbers support, and what not, at step 400"
cat "$R/compare.words"
say "and at training loss $LOSS"
cat "$R/compare_at_loss.words"

# Computes the results that the gallery is drawn from. usage: BASIN=build/basin sh docs/gallery/results.sh [RESULTS]
#
# Small networks on a hundred of the 8x8 digits, so that the results are small enough to be committed; half a minute on two
# cores. What a figure of them shows is how it looks, not a finding: docs/tour.md and docs/experiments have those. The results
# are committed, and this is run again when what results hold has changed.
set -eu
BASIN=${BASIN:-build/basin}
BASIN=$(cd "$(dirname "$BASIN")" && pwd)/$(basename "$BASIN")
HERE=$(cd "$(dirname "$0")" && pwd)
RESULTS=${1:-$HERE/results}
mkdir -p "$RESULTS"
RESULTS=$(cd "$RESULTS" && pwd)
WORK=$(mktemp -d "${TMPDIR:-/tmp}/basin-gallery-XXXXXX")
trap 'rm -rf "$WORK"' EXIT
cd "$WORK" # paths in the results are runs/…, on any machine
cp "$HERE/../../samples/digits.h5" digits.h5

quietly() { "$BASIN" "$@" --threads 1 >/dev/null; }
result() { # NAME COMMAND…
    name=$1
    shift
    quietly "$@" -o "$RESULTS/$name.h5"
}
train() { # FOLDER METHOD SEED RATE [RHO]
    quietly train --mlp 64-8-10 --data digits.h5 --subset 100 --label-noise 0.2 --method "$2" --seed "$3" --learning-rate "$4" \
        --rho "${5:-0.2}" --steps 200 --save 0,10,20,40,80,120,160,200 -o "runs/$1"
}

for method in gd sam msam; do
    for seed in 0 1 2 3 4; do train ${method}_$seed $method $seed 0.1; done
done
for rate in 0.05 0.1 0.2 0.4; do train rate_$rate gd 0 $rate; done

for rho in 0.05 0.1 0.2 0.4; do
    for seed in 0 1 2 3; do train rho_${rho}_$seed sam $seed 0.1 $rho; done
done

LAST=step_000200.h5
all=$(for method in gd sam msam; do for seed in 0 1 2 3 4; do echo runs/${method}_$seed; done; done)
for method in gd sam msam; do
    checkpoint=runs/${method}_0/$LAST
    result spectrum_$method spectrum $checkpoint
    result density_$method spectrum $checkpoint --method slq
    result plane_$method slice $checkpoint --range -1:1 --grid 25 --along random:1 --along random:2
    result sharpness_$method sharpness $checkpoint --rho -0.6,-0.3,-0.2,-0.1,-0.05,0,0.05,0.1,0.2,0.3,0.6 --random 2
    for direction in momentum eigen:1 random:1; do
        result line_$(echo $direction | tr -d :1)_$method slice $checkpoint --along $direction --range -1:1 --grid 41
    done
    for seed in 0 1 2 3 4; do
        result seeds_${method}_$seed slice runs/${method}_$seed/$LAST --along random:1 --range -1:1 --grid 31
    done
done
for step in 040 080 120 160 200; do
    result vectors_$step spectrum runs/gd_0/step_000$step.h5 --top 10 --vectors
done
result top spectrum runs/gd_0/$LAST --method lanczos --top 8 --bottom 4
result blocks blocks runs/gd_0/$LAST
result batches batches runs/gd_0/$LAST --batches 20 --batch-size 25
result measures sharpness runs/gd_0/$LAST --measure sam,asam,average,adaptive_average,worst_l2,adaptive_worst_l2
result invariance invariance runs/gd_0/$LAST
result band band runs/gd_0/$LAST --along random:1..6 --range -1:1 --grid 31
result adaptive slice runs/gd_0/$LAST --range -2:2 --grid 65 --along random:1 --along random:2 --tolerance 0.02
result convexity slice runs/gd_0/$LAST --range -1:1 --grid 13 --along random:1 --along random:2 --convexity 13
result three slice runs/gd_0/$LAST --range -0.3:1.3 --grid 25 --along to:runs/sam_0/$LAST --along to:runs/msam_0/$LAST
result line connect runs/gd_0/$LAST runs/gd_1/$LAST --grid 21
result curve connect runs/gd_0/$LAST runs/gd_1/$LAST --grid 21 --curve bezier --steps 100
result paths slice runs/gd_0 runs/sam_0 runs/msam_0 --plane pca --grid 31
result track track runs/gd_0 runs/sam_0 runs/msam_0
result rates track runs/rate_0.05 runs/rate_0.1 runs/rate_0.2 runs/rate_0.4
# shellcheck disable=SC2086
result compare compare $all --rho 0.2
result compare_rho compare runs/rho_* --by rho --rho 0.2
"$BASIN" gate runs/gd_0/$LAST --max 'lambda_max<=2/lr' --max sane=12 --threads 1 -o "$RESULTS/gate.h5" >/dev/null || [ $? -ge 3 ]

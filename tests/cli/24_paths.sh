# Runs on a plane: --plane.
. "$(dirname "$0")/lib.sh"
topic

for method in gd sam msam; do # from one start
    good train --mlp 64-4-10 --data "$DIGITS" --method $method --learning-rate 0.2 --rho 0.1 --steps 120 --seed 2 --subset 120 --save-every 20 \
        -o one/$method
done

stored own slice one/gd --plane pca --grid 9
good slice one/gd --plane pca --grid 9
holds out "principal axis 1 of 7 checkpoints about the centre, [0-9.]* % of their squared distances, norm 1"
holds out "across, 9 points from"
holds out "^  checkpoint  *step  *across  *up  *distance  *loss  *on the plane$"
tail -1 out | awk '$3 == 0 && $4 == 0 && $5 == 0 && $6 == $7 { print "centre" }' >centre
holds centre centre # the last checkpoint is the centre: on the plane, with one loss
# the loss beside a checkpoint is its own, and its projection's is another where it is off the plane
good slice one/gd --plane pca --grid 5 --json
cp out plane.json
good slice one/gd/step_000040.h5 --along random --grid 1 --range 0:0 --json
equal "its own loss" "$(number out centre_loss)" "$(sed 's/.*step_000040.h5", *"step": *40,[^}]*"loss": *\([0-9.e-]*\),.*/\1/' plane.json)"

stored several slice one/gd one/sam one/msam --plane pca --grid 9
good plot several.h5 -o several.pdf --caption
holds out "Markers: checkpoints where they fall on the plane"
holds out "GD: one/gd, 7 checkpoints. SAM: one/sam, 7 checkpoints. MSAM: one/msam, 7 checkpoints."
good plot several.h5 -o heat.svg --kind heat
good plot several.h5 -o change.svg --kind change:test
good slice one/gd one/sam one/msam --plane pca --dry-run --grid 9
holds out "211 losses" # five of the way down, the grid and the centre on two splits, 21 projections and 21 own losses

# with a tolerance the plane is interpolated, and what lies on it at the checkpoints is not
stored smooth slice one/gd --plane pca --tolerance 0.02
good slice one/gd --plane pca --tolerance 0.02
holds out "^  interpolated    from [0-9,]* points, and 64 held out, on a grid of 10,201"
tail -1 out | awk '$3 == 0 && $4 == 0 && $5 == 0 && $6 == $7 { print "centre" }' >centre
holds centre centre
good plot smooth.h5 -o points.svg --points --caption
holds out "Markers: checkpoints where they fall on the plane"
holds out "Interpolated from [0-9,]* points"
good slice one/gd --plane pca --tolerance 0.02 --grid 41 --dry-run
good slice one/gd --plane pca --grid 5 --convexity 2
holds out "lambda_max| at 2 x 2 points"

stored corners slice one/gd --plane one/gd/step_000020.h5,one/sam/step_000120.h5,one/msam/step_000120.h5 --grid 9
good slice one/gd --plane one/gd/step_000020.h5,one/sam/step_000120.h5,one/msam/step_000120.h5 --grid 9
holds out "from one/gd/step_000020.h5 towards one/sam/step_000120.h5, norm 1"
expect "the three corners lie on their plane" [ "$(tail -3 out | awk '{ off += $5 > 1e-10 } END { print off, NR }')" = "0 3" ]
good slice one/gd --plane pca --range -3:2 --grid 6
holds out "6 points from -3 to 2"
stored hovering slice runs/msam_0 runs/gd_0 --plane pca --grid 5

# checkpoints with BatchNorm have their own statistics, the plane those of its centre
for bn in stored reestimate batch:8; do
    good slice oracle_bn.h5 --plane oracle_bn.h5,oracle_bn_other.h5,third_bn.h5 --grid 3 --bn $bn
    # with its own statistics a corner is what it is; with the centre's it is that only where statistics are made on the spot
    expect "losses of corners and of their places under --bn $bn" [ "$(awk '$1 == "oracle_bn_other.h5" { print ($6 == $7) }' out)" = "$([ $bn = stored ] && echo 0 || echo 1)" ]
done
wrong "slice: --bn interpolate beside --plane" -- slice oracle_bn.h5 --plane oracle_bn.h5,oracle_bn_other.h5,third_bn.h5 --bn interpolate

# checkpoints are in the order of their steps, whatever they are called: names would put 100 before 20
mkdir named && cp one/gd/data.h5 named && for step in 20 100 120; do cp one/gd/step_000$(printf %03d $step).h5 named/epoch_$step.h5; done
good slice named --plane pca --grid 3
expect "steps ascend" [ "$(tail -3 out | awk '{ print $2 }' | tr '\n' ' ')" = "20 100 120 " ]

# where the loss is not finite: said, hatched, null; the path stays
good slice one/gd --plane pca --range -1e200:1e200 --grid 6 -o infinite.h5
holds out "36 values not finite"
holds out "step_000080.h5  *80 "
good plot infinite.h5 -o infinite.svg --caption
holds out "Hatched: not finite."
# polished, the centre is no checkpoint any more: the last one lies beside it
good slice one/gd --plane pca --grid 3 --polish 2
holds out "polished  *2 steps"
never "the last checkpoint is the polished centre" [ "$(tail -1 out | awk '{ print ($5 == 0) }')" = 1 ]

good train --mlp 64-4-10 --activation Tanh --data "$DIGITS" --method gd --learning-rate 0.2 --steps 20 --seed 2 --subset 120 --save 20 -o tanh
bad "^basin: tanh/step_000020.h5: its network is another than that of one/gd/step_000120.h5: no plane holds both" -- slice one/gd tanh --plane pca
bad "one/gd/step_000000.h5 and one/sam/step_000000.h5 hold the same weights" -- slice one/gd --plane one/gd/step_000000.h5,one/sam/step_000000.h5,one/gd/step_000020.h5
bad "^basin: one/gd/step_000020.h5: 2 principal axes of 1 checkpoint that differs from the centre" -- slice one/gd/step_000020.h5 one/gd/step_000020.h5 one/gd/step_000000.h5 --plane pca
wrong "slice: --along beside --plane" -- slice one/gd --plane pca --along random
wrong "slice: --range auto:3 beside --plane, whose range covers all projections, or is FROM:TO" -- slice one/gd --plane pca --range auto:3
wrong "slice: --tolerance 2: wanted a share" -- slice one/gd --plane pca --tolerance 2
wrong "slice: --scale beside --plane" -- slice one/gd --plane pca --scale unit
wrong "slice: --plane wants pca or three files A.h5,B.h5,C.h5, got «tsne»" -- slice one/gd --plane tsne
wrong "slice: --plane wants pca or three files" -- slice one/gd --plane $GD,$SAM
wrong "slice: --run is of --plane" -- slice $GD --along random --run NEWEST
bad "^basin: $GD: --plane pca takes three checkpoints at least, here is 1" -- slice $GD --plane pca
bad "^basin: good.h5: its parameters (43 in 4 tensors) are not those of one/gd/step_000120.h5" -- slice one/gd good.h5 --plane pca
bad "hold the same weights" -- slice one/gd --plane $GD,$GD,$SAM
bad "No such file" -- slice nowhere --plane pca
bad "^basin: runs/diverged/step_0000[0-9]*.h5: fc1.weight: .* values are NaN or Inf" -- slice one/gd runs/diverged --plane pca

finish

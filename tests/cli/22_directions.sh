# Directions of every kind, and which options hold for which axis.
. "$(dirname "$0")/lib.sh"
topic

# options after the last of two --along are refused with both ways of writing it, unless both axes have their own
wrong "slice: --range -2:2 --grid 5 after the last --along: of both directions? write --range -2:2 --grid 5 --along random:1 --along random:2, or add --both;" \
    "of random:2 alone? write --along random:1 --range … --grid … --along random:2 --range -2:2 --grid 5$" \
    -- slice $GD --along random:1 --along random:2 --range -2:2 --grid 5
wrong "slice: --grid 5 after the last --along" -- slice $GD --range -2:2 --along random:1 --along random:2 --grid 5
wrong "slice: --scale 2 after the last --along" -- slice $GD --along random:1 --grid 3 --along random:2 --grid 5 --scale 2
wrong "slice: --bias scaled after the last --along" -- slice $GD --grid 3 --along random:1 --along random:2 --bias scaled
wrong "slice: --normalise layer after the last --along" -- slice $GD --grid 3 --along random:1 --along random:2 --normalise layer
good slice $GD --grid 3 --along momentum --along random:2 --bias scaled # a momentum has no bias rule
holds out "biases and norm parameters scaled"
good slice $GD --along random:1 --along random:2 --range -2:2 --grid 5 --both --json
cp out both
good slice $GD --range -2:2 --grid 5 --along random:1 --along random:2 --json
sed -i '/arguments/,/]/d' both out
expect "--both is as before the first --along" cmp -s both out
good slice $GD --along random:1 --grid 5 --along random:2 --grid 7 # each its own
holds out "across, 5 points from -1 to 1, norm"
holds out "up, 7 points from -1 to 1, norm"
good slice $GD --grid 9 --along random:1 --along random:2 --grid 7 # one for both, and one of the second's own
holds out "across, 9 points"
holds out "up, 7 points"
wrong "slice: --both is of two --along" -- slice $GD --along random --both
wrong "slice: --orthogonal is of two --along" -- slice $GD --along random --orthogonal
wrong "slice: --equal-arc is of two directions" -- slice $GD --along random --equal-arc
wrong "slice: --equal-arc scales the second direction as the first" -- slice $GD --scale unit --along random --along momentum --equal-arc
wrong "slice: --layer is of eigen directions" -- slice $GD --along random --layer fc1
wrong "slice: too many arguments, from «$SAM» on" -- slice $GD $SAM --along random

# equal arc length
good slice $GD --grid 3 --along random:1 --along momentum --equal-arc
expect "both norms are those of the first" [ "$(grep -o 'norm [0-9.]* (own' out | sort -u | wc -l)" = 1 ]
# cosines always
good slice $GD --grid 3 --along gradient --along momentum --orthogonal
holds out "cosine with the momentum .*, cosine with the gradient 1.0000"
holds out "momentum ⟂ gradient"

# at coordinate 1 of `update` is what training does next
loss_at_one() { awk '$1 == "1" { print $2 }' out; }
for method in gd nag sam msam; do
    good train --mlp 64-4-10 --data "$DIGITS" --method $method --learning-rate 0.2 --momentum 0.8 --rho 0.1 --weight-decay 0.01 --steps 11 --save 10,11 \
        --subset 120 -o next/$method
    good slice next/$method/step_000010.h5 --along update --range 0:1 --grid 3
    loss_at_one >update
    holds out "the next step of .* with learning rate 0.2, by the gradient over 120 samples"
    good slice next/$method/step_000010.h5 --along to:next/$method/step_000011.h5 --range 0:1 --grid 3
    loss_at_one >to
    expect "the next step of $method" cmp -s update to
    expect "the next step of $method has a loss" [ -s to ]
done
bad "^basin: $MSAM: --along update beside --as-stored" -- slice $MSAM --along update --as-stored
# and of the perturbations the perturbed point, whose loss `sharpness` knows
good slice next/sam/step_000010.h5 --along sam --range 0:1 --grid 2
holds out "SAM's perturbation, rho = 0.1 along the gradient"
good slice next/msam/step_000010.h5 --along msam:0.3 --range 0:1 --grid 2
holds out "MSAM's perturbation, rho = 0.3 along minus the momentum"
bad "^basin: $GD: no second moments of the gradient saved" -- slice $GD --along adam

good slice adam.h5 --along adam --grid 3
holds out "momentum over the root of the second moments, Adam's (uphill), scaled to norm 1"
good slice adam.h5 --along update --grid 3 --beta2 0.99
holds out "the next step of Adam with learning rate 0.01"
bad "^basin: --beta2 must lie in (0, 1\], got 2\|: --beta2 must lie in (0, 1\], got 2" -- slice adam.h5 --along adam --beta2 2

# a direction of the kinds that take files is stored, verified and drawn as any other
stored pca slice runs/gd_0/step_000080.h5 --grid 5 --along pca:1 --along pca:2
holds out "  verified"
good slice runs/gd_0/step_000080.h5 --grid 3 --along pca:1 --json
holds out '"explained": 0.[0-9]'
stored between slice $GD --along between:runs/gd_0/step_000020.h5,$SAM --grid 5
stored through slice $GD --along plane:$GD,$SAM,runs/gd_1/step_000040.h5 --grid 5
good slice $GD --along plane:$GD,$SAM,runs/gd_1/step_000040.h5 --grid 3
expect "the axes of a plane are orthogonal" [ "$(awk '/cosine between them/ { print ($4 * $4 < 1e-28) }' out)" = 1 ]
stored on_test slice $GD --along gradient:test --grid 5
good spectrum $GD --method lanczos --top 3 --vectors -o spectrum.h5
stored vector slice $GD --along file:spectrum.h5#eigen:2 --grid 5
good slice $GD --along file:spectrum.h5#eigen:2 --grid 5
grep "slope" out | sed 's/.*curvature \([^,]*\),.*/\1/' >of_file
good slice $GD --along eigen:2 --grid 5
grep "slope" out | sed 's/.*curvature \([^,]*\),.*/\1/' >computed
equal "the curvature along a stored eigenvector is that along the computed one" "$(cat of_file)" "$(cat computed)"
good slice $GD --along file:spectrum.h5#result/vectors[1] --grid 5
stored ggn slice $GD --along eigen:1 --operator ggn --layer fc1 --grid 5
holds out "  verified"
good slice $GD --along eigen:1 --operator ggn --layer fc1 --grid 5
holds out "eigen:1, ggn, layer fc1"
good spectrum $GD --operator ggn --layer fc1 --json
top=$(sed 's/.*"eigenvalues": *\[\([0-9.e-]*\),.*/\1/' out)
good slice $GD --along eigen:1 --operator ggn --layer fc1 --grid 5 --json
equal "its eigenvalue is that of spectrum" "$(number out eigenvalue)" "$top"
good slice $GD --along eigen:1 --layer fc1 --dry-run
good slice $GD --along eigen:-1 --layer fc1 --along pca:1 --dry-run

# bad input
bad "runs/sam_0/step_000040.h5 and runs/sam_0/step_000040.h5 hold the same weights" -- slice $GD --along between:$SAM,$SAM
bad "^basin: $GD: $SAM and $SAM hold the same weights" -- slice $GD --along plane:$GD,$SAM,$SAM
bad "good.h5: its parameters (43 in 4 tensors) are not those of $GD (310 in 4 tensors)" -- slice $GD --along plane:$GD,$SAM,good.h5
bad "spectrum.h5: of its [0-9]* eigenvectors none is number 9" -- slice $GD --along file:spectrum.h5#eigen:9
bad "spectrum.h5: /eigen: no data set; an eigenvector is eigen:I" -- slice $GD --along file:spectrum.h5#eigen
bad "eigen wants a whole number, 1 = largest, -1 = smallest" -- slice $GD --along file:spectrum.h5#eigen:99999999999999999999
bad "spectrum.h5: /result/nothing: no data set" -- slice $GD --along file:spectrum.h5#result/nothing
bad "none.h5: No such file" -- slice $GD --along file:none.h5#x
bad "^basin: $GD: 9 principal axes of 4 checkpoints beside the centre" -- slice $GD --along pca:9
mkdir alone && cp $GD runs/gd_0/data.h5 alone/
bad "^basin: alone/step_000040.h5: --along pca:1: its folder holds no other checkpoint of its training" -- slice alone/step_000040.h5 --along pca:1
wrong "slice: --scale wants" -- slice $GD --along random --scale big

finish

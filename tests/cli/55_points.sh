# Where a checkpoint is measured: polished, averaged.
. "$(dirname "$0")/lib.sh"
topic

for c in info spectrum sane slice sharpness track compare; do
    good $c --help
    for o in polish polish-step average rows test-samples; do holds out "^  --$o "; done
done
for c in track compare; do
    good $c --help
    for o in no-polish at-loss tolerance stationarity-products; do holds out "^  --$o "; done
done
wrong "unknown option --polish" -- check $GD --polish 3 # holds the record against the weights that it is of
train gd 5 6 steepest --momentum 0 --save 0,3 # what six plain gradient steps lead to
good spectrum steepest/step_000000.h5 --polish 6 -o polished.h5
holds out "step_000000.h5 (unperturbed, polished)"
holds out "^  polished        6 steps of 0.2: theta moved by [0-9.]*, loss [0-9.]* -> [0-9.]*, |g| [0-9.]* -> [0-9.]*$"
good verify polished.h5
same spectrum steepest/step_000000.h5 --polish 6
holds one '"polish": {"steps": 6, "step": 0.2[0-9]*, "halvings": 0,'
holds one '"weights": "unperturbed"'
holds one '"training": {"method": "gd", "seed": 5, "step": 0, "weight_decay": 0.0}'
polished=$(number one loss) moved=$(number one loss_after)
good spectrum steepest/step_000006.h5 --json
equal "six steps of a polish and of training" "$polished" "$(number out loss)"
equal "the loss after a polish" "$moved" "$(number out loss)"
good spectrum steepest/step_000003.h5 --polish 3 --polish-step 0.2 --split test --json # down the training loss all the same
cp out one
good spectrum steepest/step_000006.h5 --split test --json
equal "a polish measured on the split test" "$(number one loss)" "$(number out loss)"
good spectrum decay.h5 --polish 2 --json # along the gradient with the coupled weight decay
cp out one
good spectrum good.h5 --polish 2 --json
expect "a polish takes coupled weight decay in" [ "$(number one loss_after)" != "$(number out loss_after)" ]
good slice $MSAM --along momentum --grid 3 --polish 2
holds out "(undone, polished)"
good sane $SAM --polish 500 --polish-step 40
holds out "polished        .* steps of at least .* (halved .* times, where the loss would have risen)"
good info $SAM --gradient --polish 3
holds out "^  polished        3 steps of 0.2"
good spectrum $GD --polish 4 --dry-run
holds out "315 products, 6 gradients, 5 losses"
wrong "info: --polish and --average measure with the data: add --gradient" -- info $SAM --polish 3
wrong "spectrum: --polish-step without --polish" -- spectrum $GD --polish-step 0.1
wrong "spectrum: --polish wants a whole number, got «many»" -- spectrum $GD --polish many
bad "^basin: --polish must be at least 1 step" -- spectrum $GD --polish 0
bad "polish must not be negative, got -3" -- spectrum $GD --polish -3
for step in 0 -0.1 inf; do bad "^basin: --polish-step must be positive and finite, got $step" -- sane $GD --polish 3 --polish-step $step; done
bad "^basin: nan.h5: fc1.weight: 1 of 24 values are NaN or Inf, the first at 3" -- spectrum nan.h5 --polish 20
for file in rate_none rate_zero; do
    bad "^basin: $file.h5: --polish: how large are its steps? the checkpoint records no learning rate > 0: --polish-step X" -- sharpness $file.h5 --polish 20
    good sharpness $file.h5 --polish 20 --polish-step 0.1
done
same sharpness average/step_12.h5 --average 3
holds one '"averaged": 3'
holds one '"weights": "unperturbed"'
averaged=$(number one loss)
good sharpness average/mean.h5 --json
equal "the mean of three checkpoints, one of them perturbed" "$averaged" "$(number out loss)"
good sharpness average/step_12.h5 --average 3 --polish 2 -o both.h5
holds out "(unperturbed, averaged, polished)"
holds out "^  averaged        the weights of 3 checkpoints of consecutive steps"
good verify both.h5
good sharpness average/mean.h5 --polish 2 --json
cp out one
good sharpness average/step_12.h5 --average 3 --polish 2 --json
equal "polished from the average" "$(number one loss)" "$(number out loss)"
bad "average/step_12.h5: --average 5: its folder does not hold step 9; basin train --save-consecutive 5 saves those before every step" -- sane average/step_12.h5 --average 5
bad "average/step_12.h5: --average 6: its folder does not hold steps 7, 9; " -- sane average/step_12.h5 --average 6
bad "average/step_12.h5: --average 20: at step 12 there are no 19 before it" -- sane average/step_12.h5 --average 20
bad "^basin: average/step_20.h5: fc1.weight: 1 of 24 values are NaN or Inf" -- sane average/step_21.h5 --average 2
bad "^basin: --average must be at least 2 checkpoints, got 1" -- sane average/step_12.h5 --average 1
cp average/step_11.h5 average/again.h5
bad "which is step 11, average/again.h5 or average/step_11.h5?" -- sane average/step_12.h5 --average 3
rm average/again.h5
good spectrum "$DATA/oracle_bn.h5" --method lanczos --top 1
lacks err "mean of the weights"

finish

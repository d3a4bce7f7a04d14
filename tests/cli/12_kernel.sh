# SAM with and without the norm, and trainings that go on from a checkpoint: kernel regression against its closed form, and what is said of
# a rho that multiplies the gradient.
. "$(dirname "$0")/lib.sh"
topic
REFERENCE=$ROOT/samples/experiments/kernel/reference_fixed_y.csv
HALF=1.0374903556102295 # eta = rho = 0.5/lambda_1 of the table, of half the mean squared error; the loss here has no half
cp "$DATA/kernel.h5" "$DATA/kernel_start.h5" .

# close COLUMN RUN: the training losses of a run are within 1e-9 of that column, of sam after step 50 within 1e-6
close() {
    tail -n +2 "$REFERENCE" | tr ',' ' ' | while read -r k row; do
        expected=$(echo "$row" | cut -d ' ' -f "$1")
        good info "$2/step_$(printf %06d "$k").h5" --json
        seen=$(tr -d ' \n' <out | grep -o '"recorded":.*' | grep -o '"value":[0-9.e-]*' | head -1 | cut -d : -f 2)
        awk "BEGIN { d = $seen - $expected; t = \"$2\" == \"sam\" && $k > 50 ? 1e-6 : 1e-9; exit !(d < t && -d < t) }" || echo "$2, step $k: $seen, not $expected"
    done >unsaid
    checks=$((checks + 1))
    [ ! -s unsaid ] || fail "$(cat unsaid)"
}
STEPS=$(tail -n +2 "$REFERENCE" | cut -d , -f 1 | paste -sd , -)
regress() { good train --from kernel_start.h5 --data kernel.h5 --momentum 0 --learning-rate $HALF --steps 1000 --save "$STEPS" "$@"; }
regress --method gd -o gd
regress --method usam --rho $HALF -o usam
regress --method sam --rho 0.05 -o sam
close 1 gd
close 3 usam
close 5 sam

good info usam/step_000005.h5
holds out "  method      usam, learning rate 1.03749, momentum 0, rho 1.03749, full batch, seed 0"
holds out "  reached     step 5, epoch 5, 10 gradient evaluations"
good track usam --json
holds out '"method": "usam"'
lacks out '"hovering": true'
good slice usam/step_000005.h5 --along usam --grid 3
holds out "un-normalised SAM's perturbation, rho = 1.03749 times the gradient (coordinate 1 is the perturbed point)"
good slice usam/step_000005.h5 --along update --grid 3 --along sam:0.1
bad "usam/step_000005.h5: sam: the rho 1.03749 of method usam is no radius but multiplies the gradient: sam:RHO" -- slice usam/step_000005.h5 --along sam --grid 3
bad "sam/step_000005.h5: usam: the rho 0.05 of method sam is a radius and multiplies no gradient: usam:RHO" -- slice sam/step_000005.h5 --along usam --grid 3
good sharpness usam/step_000005.h5
holds out "  sam        0.2 " # 4 times the default radius: the rho of usam is none
wrong "train: --method usam multiplies the gradient by --rho, for which no value is usual: give one" -- train --mlp 64-10 --data "$DIGITS" --method usam --learning-rate 0.1 --steps 1 -o new

# --from: the weights of the checkpoint, unperturbed, on the data given
good train --from $GD --data runs/gd_0/data.h5 --learning-rate 0.2 --steps 1 -o on
bad "direction to:$GD is zero" -- slice on/step_000000.h5 --along to:$GD --grid 3
run 0 train --from $MSAM --data runs/msam_0/data.h5 --learning-rate 0.2 --steps 1 -o undone
holds err "^basin: $MSAM: its weights are stored perturbed; the training starts from theta, with that undone$"
run 1 slice undone/step_000000.h5 --along to:$MSAM --grid 3
holds err "direction to:$MSAM is zero"
good train --from oracle_bn.h5 --data oracle_bn_data.h5 --learning-rate 0.01 --steps 1 -o normed
good check normed/step_000000.h5
wrong "train: which network? one of --graph FILE.json, --mlp 64-32-10 and --from CHECKPOINT" -- train --from $GD --mlp 64-10 --data "$DIGITS" --learning-rate 0.1 --steps 1 -o new
bad "^basin: nowhere.h5: No such file" -- train --from nowhere.h5 --data "$DIGITS" --learning-rate 0.1 --steps 1 -o new
bad "^basin: kernel.h5: /inputs: the graph expects samples of shape \[64\], the file has \[32\]" -- train --from $GD --data kernel.h5 --learning-rate 0.1 --steps 1 -o new
bad "^basin: unknown.h5: does not say whether its weights are perturbed: --from needs ones that are not" -- train --from unknown.h5 --data data.h5 --learning-rate 0.1 --steps 1 -o new
bad "NaN or Inf" -- train --from runs/diverged/$(ls runs/diverged | grep step | tail -1) --data runs/gd_0/data.h5 --learning-rate 0.1 --steps 1 -o new
finish

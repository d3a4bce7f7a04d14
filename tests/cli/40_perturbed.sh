# A perturbed checkpoint is undone, an unknown one is asked about.
. "$(dirname "$0")/lib.sh"
topic

for c in "spectrum" "sane" "sharpness" "slice --along momentum --grid 5" "info --gradient" "check"; do
    bad "^basin: unknown.h5: perturbed or not?" "weights of another method convert with --method NAME or --perturbed no" -- $c unknown.h5
    holds err "as stored (--as-stored)"
    holds err "stored + s v (--undo), s = 2.5"
done
loss() { # COMMAND…: of its JSON, every digit
    good "$@" --json
    loss=$(grep -o '"loss": [0-9.e-]*' out | head -1)
    expect "$* gives a loss" [ -n "$loss" ]
}
loss sharpness undone.h5 # what perturbed.h5 is when it is undone, written by another program
undone=$loss
loss sharpness perturbed.h5
holds err "perturbed; undone: theta = stored + 2.5 v"
expect "the loss of perturbed.h5 and of undone.h5" [ "$loss" = "$undone" ]
loss sharpness unknown.h5 --undo
expect "the loss of unknown.h5 --undo and of undone.h5" [ "$loss" = "$undone" ]
loss sharpness perturbed.h5 --as-stored
stored=$loss
loss sharpness good.h5 # the same weights, said to be unperturbed
expect "the loss of perturbed.h5 --as-stored and of good.h5" [ "$loss" = "$stored" ]
never "undoing changes nothing" [ "$stored" = "$undone" ]
# a scalar that does not move by rho is not undone by, nor offered, without a word
WHICH="the scalar 21\.2[0-9]* .*|v| = 0\.0470607 moves by 1, but msam perturbs by rho = 0\.11765[0-9]*, which rho/|v| = 2\.5 would undo"
bad "^basin: wrong_scalar.h5: $WHICH: --undo-scalar rho takes that, --undo-scalar X another, --as-stored keeps the weights" -- sharpness wrong_scalar.h5
bad "^basin: unknown_scalar.h5: $WHICH" -- sharpness unknown_scalar.h5
bad "^basin: unknown_scalar.h5: $WHICH" -- sharpness unknown_scalar.h5 --undo
for how in "wrong_scalar.h5 --undo-scalar rho" "wrong_scalar.h5 --undo-scalar 2.5" "unknown.h5 --undo-scalar 2.5" "unknown_scalar.h5 --undo-scalar rho"; do
    loss sharpness $how
    expect "the loss of $how and of undone.h5" [ "$(echo "$loss" | cut -c 1-16)" = "$(echo "$undone" | cut -c 1-16)" ]
    holds err "undone: theta = stored + 2.5 v"
done
loss sharpness undone.h5 --undo-scalar 2.5 # not perturbed: there is nothing to undo
expect "an unperturbed checkpoint stays as it is" [ "$loss" = "$undone" ]
wrong "sharpness: --undo-scalar wants a number or rho, got «2.5x»" -- sharpness perturbed.h5 --undo-scalar 2.5x
good spectrum decay.h5 --include-weight-decay
holds out "0.01/2"
wrong "check: --include-weight-decay: derivatives and records are those of the loss without it" -- check decay.h5 --include-weight-decay
bad "^basin: good.h5: --include-weight-decay: the checkpoint records no weight decay" -- spectrum good.h5 --include-weight-decay

# weight decay that the checkpoint records tensor by tensor
good spectrum decay_groups.h5 --include-weight-decay --json
holds out '"weight_decay_included": null'
holds out '"decayed_gradient_norm": [0-9]'
groups=$(number out trace)
good spectrum decay.h5 --json
never "--include-weight-decay of each tensor leaves the trace as it is" [ "$(number out trace)" = "$groups" ]
good spectrum decay_groups.h5 --include-weight-decay
holds out "with the weight decay of each tensor in the loss"
good -w "its folder holds" info decay_groups.h5
holds out "weight decay by tensor (coupled)"
holds out "^  tensor  *shape  *norm  *momentum  *decay$"

# one number undoes one checkpoint, rho/|v| each of several by its own momentum
train msam 0 2 steps --save 0,1,2 --save-perturbed
for c in "sharpness steps/step_000002.h5" "track steps"; do
    wrong "--average beside --undo-scalar X: one number does not undo several checkpoints; --undo-scalar rho does$" -- $c --average 2 --undo-scalar 2.5
done
loss sharpness steps/step_000002.h5 --average 2 --undo-scalar rho
mean=$loss
loss sharpness steps/step_000002.h5 --average 2
equal "rho/|v| of each is what each records" "${mean##* }" "${loss##* }"

finish

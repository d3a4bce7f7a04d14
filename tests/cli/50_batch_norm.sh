# Statistics of BatchNorm: stored, re-estimated, of batches, interpolated.
. "$(dirname "$0")/lib.sh"
topic

good spectrum oracle_bn.h5 --bn batch:16 -o batch.h5
holds out "BatchNorm statistics batch:16"
holds out "loss  *1.7384035"
good verify batch.h5
good spectrum oracle_bn.h5 --bn batch:16 --json
holds out '"bn": "batch", "bn_batch": 16'
good spectrum oracle_bn.h5
holds out "BatchNorm statistics stored"
good slice oracle_bn.h5 --along random --grid 5 --bn reestimate --threads 1 --json
holds out '"bn": "reestimate", "bn_batch": 0'
holds out '"slope": null, "curvature": null'
mv out alone
good slice oracle_bn.h5 --along random --grid 5 --bn reestimate --threads 3 --json
expect "the same bytes with 3 threads as with 1" cmp -s out alone
good slice oracle_bn.h5 --along to:oracle_bn_other.h5 --scale unit --range 0:10 --grid 3 --bn interpolate -o moved.h5 --plot moved.svg
holds out "no prediction: the statistics of BatchNorm move"
good verify moved.h5
# to:OTHER ends at OTHER, or is not called so
good -w "gathered at the perturbed weights" spectrum oracle_bn_other.h5 --top 1 --json
other=$(number out loss)
good slice oracle_bn.h5 --along to:oracle_bn_other.h5 --range 0:1 --grid 3 --json
holds out '"bn": "interpolate", "bn_batch": 0'
holds out '"direction": "to:oracle_bn_other.h5".*"definition": "oracle_bn_other.h5 minus this point: coordinate 1 is oracle_bn_other.h5".*"reached": true'
equal "the loss at coordinate 1" "$(number out end_loss)" "$other"
equal "the other network's own loss" "$(number out end_own)" "$other"
good slice oracle_bn.h5 --along to:oracle_bn_other.h5 --scale unit --range 0:1 --grid 3 --bn reestimate
holds out "ends: loss"
good -w "oracle_bn.h5: coordinate 1 has the weights of oracle_bn_other.h5 but is not oracle_bn_other.h5: loss .* --bn interpolate takes" \
    slice oracle_bn.h5 --along to:oracle_bn_other.h5 --range 0:1 --grid 3 --bn stored --plot stored.svg
holds out "^  weights of oracle_bn_other.h5  weights of oracle_bn_other.h5 minus those of this point: coordinate 1 has its weights, but is not"
lacks out "^  to:oracle_bn_other"
holds stored.svg "weights of oracle_bn_other.h5"
good -w "is not oracle_bn_other.h5" slice oracle_bn.h5 --along to:oracle_bn_other.h5 --range 0:1 --grid 3 --bn stored --json
holds out '"direction": "weights of oracle_bn_other.h5".*"reached": false'
good slice oracle_bn.h5 --range 0:1 --grid 3 --along random --along to:oracle_bn_other.h5 --orthogonal # which leads to no checkpoint
lacks out "interpolate"
lacks out "ends:"
good track oracle_bn.h5 --bn reestimate --json
holds out '"bn": "reestimate"'
holds out '"note": null'
good track oracle_bn.h5 --plot curve.svg
holds out "^BatchNorm statistics stored"
holds out "with BatchNorm the ceiling is that of training mode: --bn batch:SIZE"
lacks out "seed -1"
good track oracle_bn.h5 --bn batch:16
lacks out "training mode"
good -w "the BatchNorm statistics of 1 checkpoint were gathered at the perturbed weights" track oracle_bn_other.h5 --method lanczos --top 1 --bottom 1 --steps 1
holds out "note: the BatchNorm statistics of 1 checkpoint were gathered at the perturbed weights"
holds out "≥ "
good track oracle_bn_other.h5 --bn reestimate
lacks out "gathered at the perturbed"
lacks err "gathered at the perturbed"
good -w "the BatchNorm statistics of 1 checkpoint were gathered" compare oracle_bn_other.h5
holds out "^BatchNorm statistics stored"
holds out "^- the BatchNorm statistics of 1 checkpoint were gathered at the perturbed weights"
good -w "its folder holds [0-9]* trainings; basin track . names their files" info oracle_bn.h5 --gradient --bn batch:16
holds out "  gradient .*, BatchNorm statistics batch:16"
bad "^basin: oracle_bn.h5: --bn batch:100000: a batch is larger than the 58 samples of train" -- spectrum oracle_bn.h5 --bn batch:100000
good check oracle_bn.h5 --bn batch:16
good spectrum oracle_bn_other.h5 --top 1 --bn reestimate
lacks err 'gathered at the perturbed'
good -w "oracle_bn_other.h5: its BatchNorm statistics were gathered at the perturbed weights.*--bn reestimate" spectrum oracle_bn_other.h5 --top 1
good spectrum "$GD"
lacks out "BatchNorm"
bad "$GD" "the network has no BatchNormalization" -- spectrum "$GD" --bn batch:8
bad "node bn1 (BatchNormalization)" "at coordinate -9 the variance bn1.var" -- slice oracle_bn.h5 --along to:oracle_bn_other.h5 --range -9:1 --bn interpolate
bad "^basin: --bn interpolate needs --along to:OTHER.h5" -- slice oracle_bn.h5 --along random --bn interpolate
wrong "only slice takes it" -- sane oracle_bn.h5 --bn interpolate
wrong "hold the statistics constant" -- check oracle_bn.h5 --bn reestimate
for value in batch: batch:0 batch:-3 batch:4x running; do
    wrong "wants stored | reestimate | interpolate | batch:SIZE, got «$value»" -- spectrum oracle_bn.h5 --bn $value
done

finish

# Named measures of sharpness: sharpness --measure.
. "$(dirname "$0")/lib.sh"
topic

good sharpness $MSAM --measure sam,asam,msam --rho -0.1,0.1
holds out "^  measure  *rho  *value  *error  *gradients  *losses$"
holds out "^  sam  *-0.1  .*exact"
holds out "^  msam  *0.1  .*exact"
holds out "^  sam: L(theta + rho g/|g|) - L(theta) (Foret et al., arXiv:2010.01412)"
holds out "known to be left alone by permuted neurons"
same sharpness $MSAM --measure all --draws 5
stored measures sharpness $SAM --measure all --draws 10
good plot measures.h5 -o all.svg --kind measures --caption
holds out "Measures of sharpness: SAM, one step, L(theta + rho g/|g|)"
good sharpness $GD $SAM --measure sam,asam_all --plot two.pdf
good sharpness $GD --measure sam,ascent --dry-run
holds out "sharpness, nothing computed: "
good sharpness $GD --measure all --rho 0.01 --draws 5 --polish 3 --polish-step 0.1

# the named measure is the curve of the default
good sharpness $GD --rho 0.05 --json
curve=$(number out value)
good sharpness $GD --measure sam --rho 0.05 --json
equal "SAM as a curve and as a measure" "$(number out value)" "$curve"

# batches
good sharpness $GD --measure m_sharpness --rho 0.05 --batch-size 16 --seed 3
holds out "^  m_sharpness  *0.05  .*± .*, 95 % .* to "
holds out "7 batches of 16, 8 samples left out"
good sharpness $GD --measure m_sharpness --rho 0.05 --batch-size 16 --seed 3 --json
cp out seed3
good sharpness $GD --measure m_sharpness --rho 0.05 --batch-size 16 --seed 4 --json
never "another seed draws the same batches" cmp -s out seed3
good sharpness $GD --measure m_sharpness --rho 0.05 --batch-size 120
holds out "unknown: of one batch"
bad "^basin: $GD: batches of 121 of 120 samples" -- sharpness $GD --measure m_sharpness --batch-size 121
bad "^basin: $GD: 9 batches of 16 samples: of 120 there are 7" -- sharpness $GD --measure m_sharpness --batch-size 16 --batches 9

# of the training: those of track
good track runs/gd_0 --no-polish --measures critical_sharpness,batch_sharpness --json
sed 's/"step": /\
&/g' out | grep '^"step": 40,' >row
for name in critical_quadratic theta_norm theta_norm_rel; do
    good sharpness $GD --measure $name --json
    equal "$name of sharpness and of track" "$(number out value)" "$(number row $name)"
done
good sharpness $GD --measure critical_sharpness,batch_sharpness,batch_sharpness_momentum,theta_norm_rel
holds out "^  critical_sharpness  *-  .* within "
holds out "^  batch_sharpness  *-  .*± .*, 95 % .* to "
holds out "    20 batches of 30, each drawn by itself"
holds out "    gd, cos(u, g) = 0"
holds out "^  theta_norm_rel  *-  *[0-9.]*  exact"
fails "^basin: $GD: critical_sharpness: the next update is not known: the point is polished" -- sharpness $GD --measure critical_sharpness,sam --polish 2 --polish-step 0.1
holds out "^  critical_sharpness .*none: the next update is not known: the point is polished"
mkdir alone && cp $GD alone/
fails "theta_norm_rel: the start of the run is not known" -- sharpness alone/step_000040.h5 --data runs/gd_0/data.h5 --measure theta_norm_rel,theta_norm
holds out "^  theta_norm_rel .*none: the start of the run is not known"
same sharpness $MSAM --measure critical_sharpness,batch_sharpness_momentum,theta_norm_rel

# of normalised logits
good sharpness $GD --measure adaptive_worst_l2,adaptive_average --rho 0.5 --draws 20 --normalize-logits
holds out "^  loss function   softmax_cross_entropy, normalised logits$"
good sharpness $GD --measure sam --rho 0.05 --json
plain=$(number out value)
good sharpness $GD --measure sam --rho 0.05 --normalize-logits --json
never "normalised logits change nothing" [ "$(number out value)" = "$plain" ]
holds out '"loss": "softmax_cross_entropy, normalised logits"'
good sharpness $GD --rho 0.05 --normalize-logits
same sharpness $MSAM --measure worst_l2,box,msam --normalize-logits
fails "^basin: $GD: critical_sharpness: the next update is not known: the loss is not that of the training" -- sharpness $GD --measure critical_sharpness,batch_sharpness_momentum,sam --normalize-logits
holds out "^  critical_sharpness .*none: the next update is not known: the loss is not that of the training"
holds out "^  batch_sharpness_momentum .*none: no step of training: the loss is not that of the training"

# maxima and means
good sharpness $GD --measure worst_l2,adaptive_worst_linf,box --rho 0.01 --steps 5 --restarts 1
holds out "^  worst_l2  *0.01  .*a lower bound  *12  *0$"
holds out "    5 steps from each of 2 starts"
holds out "    at most 5 iterations of L-BFGS-B, as many by sign and by spectral rates, 10 of Auto-PGD"
good sharpness $GD --measure worst_l2 --rho 0.01 --batch-size 30
holds out "± .*, of lower bounds"
good sharpness $GD --measure average,pac_bayes --rho 0.05 --draws 20
holds out "^  average  *0.05  .*± .*, 95 % .* to "
holds out "^  pac_bayes  *-  *[0-9.]*  95 % [0-9.]* to [0-9.]* "
good sharpness $GD --measure worst_linf --dry-run
holds out "sharpness, nothing computed: .*106 gradients"
bad "^basin: $GD: batches of 121 of 120 samples" -- sharpness $GD --measure box --batch-size 121
wrong "^basin: sharpness: --rho: ascent takes positive radii, got -0.1" -- sharpness $GD --measure all --rho -0.1
wrong "^basin: sharpness: --draws must be at least 2, got 1" -- sharpness $GD --measure average --draws 1
wrong "^basin: sharpness: --restarts: no measure named takes it" -- sharpness $GD --measure box --restarts 2

# a loss that is not finite is said
fails "^basin: $GD: sam: the loss there is " -- sharpness $GD --measure sam --rho 1e200
holds out "none: the loss there is "
good sharpness $GD --measure sam --rho 0.1,1e200
holds out "none: the loss there is "
train gd 0 2 runs/plain --momentum 0
good sharpness runs/plain/step_000002.h5 --measure all --draws 5
holds out "^  msam  .*none: no momentum is saved"
fails "^basin: runs/plain/step_000002.h5: msam: no momentum is saved" -- sharpness runs/plain/step_000002.h5 --measure msam --rho 0.1
holds out "^  msam  *0.1  *-  none: no momentum is saved"

# wrong usage
wrong "^basin: sharpness: --measure: no measure asma; is asam meant?" -- sharpness $GD --measure asma
wrong "^basin: sharpness: --measure: measure of sharpness flatness is none of sam | .* | all" -- sharpness $GD --measure flatness
wrong "^basin: sharpness: --measure wants names with commas between, or all, got «sam,»" -- sharpness $GD --measure sam,
wrong "^basin: sharpness: --measure names sam twice" -- sharpness $GD --measure sam,asam,sam
wrong "^basin: sharpness: --rho: ascent takes positive radii, got 0" -- sharpness $GD --measure ascent --rho 0.1,0
wrong "^basin: sharpness: --rho: radius number 2, -*nan, is not finite" -- sharpness $GD --measure sam --rho 0.1,nan
wrong "^basin: sharpness: --steps must be at least 1, got 0" -- sharpness $GD --measure ascent --steps 0
wrong "^basin: sharpness: --batch-size must be at least 1, got 0" -- sharpness $GD --measure m_sharpness --batch-size 0
wrong "^basin: sharpness: --draws: no measure named takes it" -- sharpness $GD --measure sam --draws 10
wrong "^basin: sharpness: --steps is for --measure" -- sharpness $GD --steps 3
wrong "^basin: sharpness: --top does not go with --measure" -- sharpness $GD --measure sam --top
bad "^basin: nowhere.h5: No such file" -- sharpness nowhere.h5 --measure sam
finish

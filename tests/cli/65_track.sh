# Rows of track and compare: at several points, on halves of a subset, with checkpoints that cannot be measured.
. "$(dirname "$0")/lib.sh"
topic

good track runs/gd_0 runs/msam_0
holds out "way down, 5 pr."
holds out "^  *20  .*  curv. -0\.0[0-9]*  *[0-9.]* %$"
holds out "^  polished  "
holds out "^  step 40, polished by 20 steps of 0.2: theta moved by "
expect "of msam_0 steps 20 and 40 are polished, of gd_0 none" [ "$(grep -c '^  polished  ' out)" = 2 ]
good track runs/gd_0 runs/msam_0 --json
holds out '"weights": "mixed"'
holds out '"weights": "undone"'
holds out '"training": {"method": null, "seed": null, "step": null, "weight_decay": null}'
good track runs/msam_0 --no-polish --stationarity-products 3
holds out "way down, 3 pr."
lacks out "polished"
good track $MSAM --no-polish --json
holds out '"weights": "undone", "split_samples"'
good track runs/gd_0 --json
holds out '"weights": "unperturbed", "split_samples"'
good track runs/gd_0 --polish 3
expect "--polish 3 polishes every checkpoint" [ "$(grep -c '^  polished  ' out)" = 5 ]
wrong "track: --no-polish beside --polish" -- track runs/gd_0 --polish 3 --no-polish
good -w "1 checkpoint records no learning rate" track rate_none.h5
holds out "note: 1 checkpoint records no learning rate > 0 and is not polished; --polish-step X gives one"
good -w "5 checkpoints could not be averaged with the 2 before; the first: average/step_8.h5" track average --average 3
holds out "^  averaged  "
holds out "note: .*checkpoints could not be averaged with the 2 before; the first: "
bad "no checkpoint could be averaged; the first: runs/gd_0/step_000000.h5: --average 2: at step 0" -- track runs/gd_0 --average 2
good track runs/gd_0 --every 4 --samples 60
holds out "seed 0, N = 60 of 120, test N = 500"
holds out "^  step 80: lambda max .* ± .* over the choice of 60 of 120 samples; .* and .* on halves of these, mean "
good track runs/gd_0 --every 4 --samples 60 --json
expect "parts of a subset" [ "$(grep -o '"part": [0-9]' out | tr -d '\n')" = '"part": 0"part": 1"part": 2"part": 0"part": 1"part": 2' ]
holds out '"split_samples": 120'
same track runs/msam_0 --samples 60
stored subset track runs/sam_0 --samples 60 --polish 5
bad "the first: runs/gd_0/step_000000.h5: --tolerance must lie in \[0, 1), got 2" -- track runs/gd_0 --tolerance 2
good track runs/gd_0 --every 4 --method lanczos --top 1 --bottom 1 --tolerance 1e-3 --steps 1
holds out "^  *80 .* ≥ "
good train --mlp 64-16-10 --data "$DIGITS" --learning-rate 0.5 --steps 300 --save 200 --subset 40 -o separable
good track separable
holds out "all training samples are classified right and |theta| grows: cross-entropy has no minimum here, only a limit"
good track separable --include-weight-decay # of 0: the same
holds out "only a limit"
good train --mlp 64-16-10 --data "$DIGITS" --learning-rate 0.5 --steps 300 --save 200 --subset 40 --label-smoothing 0.1 -o smoothed
good track smoothed
lacks out "only a limit"
cp -r runs/gd_0 headless && cp unfinished.h5 headless/broken.h5 # which a listing puts first
good track headless --every 2
holds out "^headless: gd, learning rate 0.2, seed 0"
good sane $GD --method lanczos --top 5 --bottom 5
holds out "SANE  *not determined \[2.1[0-9]*, 11.4[0-9]*\]"
holds out "N_eff  *not determined \["
good compare runs/gd_0 runs/gd_1 runs/sam_0 runs/sam_1
holds out "^compared at step 40, N = 120 training samples, 500 test samples"
holds out "^polished: 6 points by up to 20 plain gradient steps of 0.[0-9.to ]*; theta moved by at most"
holds out "^  polished  *gd  *sam"
holds out "^sam against gd, 2 pairs"
holds out "^  curvature  *lambda_max  *raw  *ratio [0-9.]* \["
holds out "too few seeds, [0-9]* could"
good compare runs/gd_0 runs/gd_1 runs/sam_0 runs/sam_1 --json
holds out '"test_part_count": 10'
holds out '"weights": "unperturbed", "split_samples"'
good compare runs/gd_0 runs/gd_1 runs/sam_0 runs/sam_1 --no-polish
lacks out "polished"
good compare runs/gd_0 runs/gd_1
lacks out "polished"
good compare runs/gd_0 runs/sam_0 --samples 60 --test-samples 100 --method lanczos --top 1 --bottom 1 --tolerance 1e-4
holds out "N = 60 of 120 training samples, 100 test samples"
holds out "(± error of the choice of training samples, from halves of them)"

# measures on request, how top eigenvectors turn, phases
good track runs/gd_0 --every 2
lacks out "g in top k"
lacks out "degrees by which"
good track runs/gd_0 runs/msam_0 --every 2 --no-polish --subspace 3
holds out "^  step  gHg/|g|^2  vHv/|v|^2  random dHd  g in top k  v in top k$"
holds out "^  by layer at step 80: of gradient and momentum, k = 3$"
holds out "^  fc1 .* %"
holds out "^  degrees by which the span of the first 1 to 3 top eigenvectors has turned"
holds out "^  step  to before: 1 .* to the last: 1"
good track runs/gd_0 --no-polish --subspace 3 --json
expect "each checkpoint is held against the one before and the last" [ "$(grep -o '"since": [0-9nul]*, "until": [0-9nul]*' out | tr '\n' ' ')" = \
    '"since": null, "until": 80 "since": 0, "until": 80 "since": 20, "until": 80 "since": 40, "until": 80 "since": 60, "until": null ' ]
same track runs/gd_0 --no-polish --subspace 3
good track runs/gd_0 --no-polish --measures critical_sharpness,lambda_max
holds out "  cos(u, g)  *critical  uHu/ug$"
lacks out "batch sharp."
good track runs/gd_0 --every 4 --no-polish --batches 4 --batch-size 30
holds out "batch sharp."
wrong "batch_sharpnes» is none of gradient_top_energy | " -- track runs/gd_0 --measures lambda_max,batch_sharpnes
bad "subspace must be at least 1" -- track runs/gd_0 --subspace 0
bad "batches must be at least 2" -- track runs/gd_0 --batches 1
good compare runs/gd_0 runs/gd_1 runs/sam_0 runs/sam_1 --no-polish --measures all
holds out "^  curvature  *lambda_max  *raw "
holds out "^   *batch_sharpness  *raw "
holds out "^  rise .*adaptive_worst_l2  *raw \|^   *adaptive_worst_l2  *raw "
good track runs/gd_0 --every 4 --no-polish --measures core,asam,pac_bayes_precision
holds out " asam  *1/sigma^2$"
lacks out "adaptive l2"
good track runs/gd_0 --every 4 --no-polish --measures core
lacks out "asam"
good track runs/gd_0 runs/msam_0 --no-polish --subspace 2 -o turned.h5
good plot turned.h5 --y turn_top,turn,turn_top_last,turn_last -o turned.svg

# diverged checkpoints are marked missing, listed at the end, and the work goes on
good track runs/gd_0 runs/diverged
holds out "missing: runs/diverged/step_0000"
good track runs/diverged --json
holds out '"missing": "'
cp -r runs/gd_0 broken && cp unfinished.h5 broken/step_000100.h5
good track broken --every 2
holds out "missing: broken/step_000100.h5: .*complete"
good compare runs/gd_0 runs/gd_1 runs/sam_0 runs/sam_1 runs/diverged
holds out "missing: runs/diverged/step_0000"

finish

# Good runs: JSON for any number of threads, results, figures, verification.
. "$(dirname "$0")/lib.sh"
topic

good info $GD $MSAM
holds out "method      gd, learning rate 0.2"
holds out "perturbed: yes"
holds out "fc1.weight  \[4, 64\]"
good info $MSAM --gradient
holds out "cos(v, g)"
good -w "its folder holds [0-9]* trainings; basin track . names their files" info nan.h5
holds out "NaN or Inf"
good check $GD
holds out "taylor"
good check $MSAM
holds err "perturbed; undone"
good check $MSAM --as-stored
good loss $GD
holds out "split  samples"
holds out "^  train  "
good slice $GD --along gradient --range 0:1 --grid 2 --json
centre=$(number out centre_loss)
good loss $GD --json
equal "the loss is that of a slice's centre" "$centre" "$(number out loss)"
good loss $GD --split test --data runs/gd_1/data.h5
lacks out "^  train"
fails "^basin: wrong_record.h5: check failed" -- check wrong_record.h5
holds out "recorded:train.loss:theta:eval:full  *FAILED"

same info $GD --gradient
same info $GD $SAM
same check $GD
same check $GD $MSAM $SAM
same loss $GD $MSAM $SAM
same spectrum $GD
same spectrum $GD --method lanczos --top 3 --bottom 2
same sane $GD $SAM
same slice $GD --along momentum --range -1:1 --grid 7 --along random --range -0.5:0.5 --grid 5
same sharpness $MSAM --random 2
same track runs/gd_0 runs/diverged
same compare runs/gd_0 runs/gd_1 runs/sam_0 runs/sam_1 runs/msam_0 runs/msam_1

stored spectrum spectrum $GD
stored truncated spectrum $GD --method lanczos --top 3 --bottom 2 --vectors
stored line slice $GD --along momentum --grid 11
stored plane slice $MSAM --grid 7 --scale 0.5 --along eigen:1 --along gradient --orthogonal
stored other slice $GD --along to:$SAM --range 0:1 --grid 5 --bias scaled
stored sharpness sharpness $SAM --rho -0.1,0,0.1
stored track track runs/gd_0 runs/sam_0 runs/msam_0
stored compare compare runs/gd_0 runs/gd_1 runs/sam_0 runs/sam_1 runs/msam_0 runs/msam_1
good spectrum bulk.h5 --method lanczos --top 2 --tolerance 0.01 -o unproven.h5
holds out "  not verified: eigenvalues may be missing among those held"
good spectrum bulk.h5 --method lanczos --top 2 --tolerance 0.01 --json
holds out '"verified": *false'
good plot unproven.h5 -o unproven.svg --caption
holds out "(not verified that none is missing)"
good spectrum $GD --method lanczos --top 2 # a proof is nothing to speak of
lacks out "not verified"
good spectrum $GD --method lanczos # the default ends verified; what SANE and lambda_min need takes one of the bottom
holds out "lanczos, 10 eigenvalues of the Hessian"
lacks out "not verified"
holds out "  negative        0 of those held, beyond their error; --bottom N finds the smallest"
good spectrum $GD --method lanczos --top 3 --bottom 1
lacks out "finds the smallest"
good sane $GD --method lanczos
holds out "truncated, 11 eigenvalues"
good track runs/gd_0 --every 4 --method lanczos --json
lacks out '"lambda_min": *null'
good sane $GD -o sane.h5
good verify sane.h5
good sane $GD --ritz 20 --k 2 --alpha 0.1
good info $GD -o info.h5
good verify info.h5
good check $GD -o check.h5
good verify check.h5
good loss $MSAM -o loss.h5
good verify loss.h5
wrong "loss: -o stores the result of one checkpoint, 2 were named" -- loss $GD $SAM -o both.h5
good plot spectrum.h5 truncated.h5 -o two.svg --label dense --label lanczos
good plot track.h5 -o rate.svg --x step --y sane
mkdir -p moved/deep && cp spectrum.h5 moved/deep/ # not beside its inputs any more
fails "^basin: 2 of 2 inputs are not what they were" -- verify moved/deep/spectrum.h5
mkdir tree && cp -r runs tree/ && cp spectrum.h5 tree/ # moved together
good verify tree/spectrum.h5
wrong "plot: more --label than results" -- plot spectrum.h5 -o two.svg --label a --label b
wrong "plot: where to? -o FILE.pdf, .svg or .png" -- plot spectrum.h5
wrong "picture.gif: a figure's name ends in .pdf, .svg or .png" -- plot spectrum.h5 -o picture.gif
wrong "picture.gif: a figure's name ends in .pdf, .svg or .png" -- spectrum $GD --plot picture.gif
wrong "info: there is no figure of this; --plot does not apply" -- info $GD --plot picture.svg
wrong "sane: -o stores the result of one checkpoint, 2 were named" -- sane $GD $SAM -o both.h5
wrong "a figure is of one kind of result: the first is a spectrum, number 2 a sharpness" -- plot spectrum.h5 sharpness.h5 -o mixed.svg
wrong "no figure «nonsense» of a spectrum result; there are: stem histogram" -- plot spectrum.h5 -o kind.svg --kind nonsense
bad "^basin: good.h5: expected «basin result», file is «basin checkpoint»; results are what a command stores with -o$" -- plot good.h5 -o checkpoint.svg
bad "^basin: data.h5: expected «basin result», file is «basin data»" -- verify data.h5

# radii of checkpoints named together
good sharpness $GD $SAM --top
holds out "cos^2(v, e1) = .*cos^2(g, e1) = "
expect "radii of checkpoints named together" [ "$(grep -c "^  sam .* 0\.4  " out)" = 2 ] # 4 times SAM's rho, for GD too
holds out "g and v differ from method to method"
good sharpness $GD --rho 1e-7
holds out "below 100 times the rounding of the loss"

# One checkpoint's method, seed and step in the result of every command; of several runs each row has its own.
for c in spectrum sane sharpness "slice --along momentum --grid 3" info "info --gradient" check "spectrum --dry-run"; do
    good $c $SAM --json
    holds out '"training": {"method": "sam", "seed": 0, "step": 40, "weight_decay": 0.0}'
done

# A curve is of the method that its checkpoint records, whatever the folder is called.
mkdir -p sam_vs_gd && cp -R runs/gd_0 sam_vs_gd/run1
good slice sam_vs_gd/run1/step_000040.h5 --along momentum --grid 5 -o run1.h5
good slice $SAM --along momentum --grid 5 -o sam_line.h5
good plot run1.h5 sam_line.h5 -o two_methods.svg --caption
holds out " GD: train loss"
holds out " SAM: train loss"

finish

# The verdict of a comparison, what it rests on, and the same in plain words; how measures order runs beside the gap.
. "$(dirname "$0")/lib.sh"
topic

good compare runs/gd_0 runs/gd_1 runs/sam_0 runs/sam_1 --no-polish -o compare.h5
holds out "^verdict on «sam is flatter than gd»: inconclusive$"
holds out "^  2 seeds of sam and gd cannot decide anything$"
holds out "^  what would change it: [0-9]* seeds could, if all agreed in sign$"
holds out "^   *adaptive_average  *raw  *ratio"
lacks out "Kendall" # four runs
good explain compare.h5
holds out "^sam against gd: inconclusive$"
holds out "^  These runs do not tell whether sam finds flatter weights than gd: 2 seeds"
holds out "^  Over 2 seeds the average adaptive sharpness is [0-9.]* times that of gd"
expect "invariance is told once, behind all verdicts" [ "$(grep -c "is taken from basin's list" out) $(tail -n 1 out | grep -c "is taken from basin's list")" = "1 1" ]
holds out "^  sam spent 2 times the gradient evaluations of gd"
holds out "^  What would change this answer: [0-9]* seeds could"
good verify compare.h5
good plot compare.h5 --kind verdict -o verdict.svg --caption
holds out "The first of the checkpoints: runs/gd_0/step_000040.h5" # that it is compared at, not its start
good compare runs/gd_0 runs/gd_1 runs/sam_0 runs/sam_1 --no-polish --json
holds out '"conclusions": \[{"group": "sam", "base": "gd", "verdict": "inconclusive"'
good -w "their data differ" compare runs/gd_0 runs/gd_1 runs/sam_0 runs/sam_1 runs/msam_0 --no-polish --measures core
holds out "^Kendall's tau with gap over 5 runs"
holds out "^  measure  *over all  *by method  *by seed  *wrong sign$"
lacks out "adaptive_average"

# Invariance as measured, in place of the list.
good invariance $GD --measures adaptive_average,lambda_max -o inv.h5
good compare runs/gd_0 runs/gd_1 runs/sam_0 runs/sam_1 --no-polish --invariance inv.h5 -o measured.h5
holds out "^- invariance as measured (inv.h5): these stay, and count as invariant: adaptive_average; these move: lambda_max; not measured"
holds out "^  over the measures alone that were measured to be invariant: "
good explain measured.h5
holds out "was measured on this network (inv.h5): 1 of "
good verify measured.h5
good invariance $GD --measures adaptive_worst_l2 -o more.h5
good compare runs/gd_0 runs/gd_1 runs/sam_0 runs/sam_1 --no-polish --invariance inv.h5 --invariance more.h5
holds out "invariance as measured (inv.h5, more.h5): these stay, and count as invariant: adaptive_average, adaptive_worst_l2; "
wrong "compare: --invariance: inv.h5 and ./inv.h5 are one file, named twice" -- compare runs/gd_0 runs/sam_0 --invariance inv.h5 --invariance ./inv.h5
good train --mlp 64-3-10 --data "$DIGITS" --method gd --learning-rate 0.2 --steps 5 --subset 40 --seed 0 --save 5 -o other
good invariance other/step_000005.h5 --measures lambda_max --symmetry layer -o other.h5
bad "other.h5: P = 235 parameters, runs/gd_0 has " "invariance of another network; measure that of this one: basin invariance" -- compare runs/gd_0 runs/sam_0 --invariance other.h5
good invariance $GD --measures lambda_max --symmetry permutation -o control.h5
bad "control.h5: 3 changes, none of which rescales anything" -- compare runs/gd_0 runs/sam_0 --invariance control.h5
bad "measured.h5: a result of kind comparison; --invariance takes those of basin invariance" -- compare runs/gd_0 runs/sam_0 --invariance measured.h5
bad "nowhere.h5" -- compare runs/gd_0 runs/sam_0 --invariance nowhere.h5

# Groups by a setting.
for rho in 0.02 0.1; do
    good train --mlp 64-3-10 --data "$DIGITS" --method sam --rho $rho --learning-rate 0.2 --steps 5 --subset 40 --seed 0 --save 5 -o sam_$rho
done
good compare other sam_0.1 sam_0.02 --no-polish --by rho -o by.h5
holds out "^  gd (base)  *1 "
holds out "^  sam, rho 0.02  *1 "
holds out "^sam, rho 0.1 against gd"
holds out "^- of the 2 groups of sam «sam, rho "
good verify by.h5
good plot by.h5 -o by.svg
good compare other sam_0.1 sam_0.02 --no-polish
holds out "^- runs of sam differ in rho (0.02 to 0.1): its means mix them; 2 of them share their seed with another and are not paired. --by rho makes groups of its values"
wrong "by" "rho|learning_rate|momentum|weight_decay|batch_size" -- compare other sam_0.1 --by colour
bad "no measured run of group sam, rho 3 to compare with" -- compare other sam_0.1 --by rho --base "sam, rho 3"

# What else differs.
good compare other sam_0.1 --no-polish -o beside.h5
holds out "^what else differs, paired by seed; p: sign-flip test"
holds out "^  sam against gd  *learning_rate  *0.2  *0.2  *as recorded  *-  *equal$"
holds out "^   *rho  *0.1  *0  *as recorded  *-  *higher$"
holds out "^   *theta_norm  .* too few seeds$"
holds out "^   *feature_rank  .* too few seeds$"
holds out "^   *neural_collapse  .* too few seeds$"
lacks out "^  condition"
lacks out "^   *batch_sharpness_over_plain"
good verify beside.h5
good compare other sam_0.1 --no-polish --measures batch_sharpness --json
holds out '"name": "batch_sharpness_over_plain"'
holds out '"differs": "higher"'

# What it cost, and whether it pays.
good compare other sam_0.1 --no-polish --measures core --value 0.1%=500evaluations -o value.h5
holds out "^cost and benefit, paired by seed: gain over the base"
holds out "^a gain of 0.1 % of test accuracy may cost 500 gradient evaluations; net value: "
holds out "^  sam against gd  *test_accuracy  .*  5  .* too few seeds$"
good explain value.h5
holds out "^  If 0.1 % of test accuracy may cost 500 gradient evaluations, there are too few seeds to tell whether it pays: what is left is "
good verify value.h5
good compare other sam_0.1 --no-polish --measures core
holds out "^cost and benefit"
lacks out "net value"
for value in 0.1% 3s 0.1%=3 0.1%=-3s 0%=3s 0.1%=3weeks; do wrong "compare: --value: «$value» is no worth" "as in 0.1%=30s" -- compare other sam_0.1 --value $value; done

# one method alone has no verdict; other results are none
good compare runs/gd_0 runs/gd_1 --no-polish -o alone.h5
lacks out "verdict on"
bad "alone.h5: one method alone; there is no verdict to explain" -- explain alone.h5
good spectrum $GD -o spectrum.h5
bad "spectrum.h5: a result of kind spectrum; explain tells of those of compare" -- explain spectrum.h5
bad "runs/gd_0/step_000040.h5" -- explain $GD
bad "nowhere.h5" -- explain nowhere.h5
wrong "" -- explain
wrong "margin" -- compare runs/gd_0 runs/sam_0 --margin x
bad "margin must lie between 0 and 1" -- compare runs/gd_0 runs/sam_0 --margin 2

finish

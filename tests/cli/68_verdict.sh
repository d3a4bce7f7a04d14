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
holds out "^  Over 2 seeds the mean rise of the loss under N(0, rho^2 diag(theta^2))"
holds out "^  sam spent 2 times the gradient evaluations of gd"
holds out "^  What would change this answer: [0-9]* seeds could"
good verify compare.h5
good compare runs/gd_0 runs/gd_1 runs/sam_0 runs/sam_1 --no-polish --json
holds out '"conclusions": \[{"group": "sam", "base": "gd", "verdict": "inconclusive"'
good -w "their data differ" compare runs/gd_0 runs/gd_1 runs/sam_0 runs/sam_1 runs/msam_0 --no-polish --measures core
holds out "^Kendall's tau with gap over 5 runs"
holds out "^  measure  *over all  *by method  *by seed  *wrong sign$"
lacks out "adaptive_average"

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

# At equal training loss.
. "$(dirname "$0")/lib.sh"
topic

same track runs/gd_0 runs/sam_0 --at-loss 1.5
holds one '"at_loss": 1.5'
equal "the training loss of the first row" "$(number one train_loss)" 1.5
stored at_loss -w "runs runs/sam_0 and runs/gd_1: their data differ" track runs/gd_0 runs/sam_0 runs/gd_1 --at-loss 1.5
good track runs/gd_0 runs/sam_0 --at-loss 1
holds out "^runs/gd_0: gd, .*, between checkpoints, at training loss 1"
holds out "missing: runs/sam_0/step_000040.h5: the run does not come down to a training loss of 1: its lowest is 1.2[0-9]* at step 40"
good -w "training loss 5: 1 row lies between no two checkpoints" track runs/gd_0 --at-loss 5 # at the first checkpoint already
holds out "note: training loss 5: 1 row lies between no two checkpoints and stands as measured at the first at or below it"
bad "runs/gd_0 and ./runs/gd_0 are one run, named twice" -- compare runs/gd_0 runs/sam_0 ./runs/gd_0
bad "at-loss: no run comes down to a training loss of 0.01; the lowest is in runs/gd_0 0.7[0-9]* at step 80, runs/sam_0 1.2[0-9]* at step 40" \
    -- track runs/gd_0 runs/sam_0 --at-loss 0.01
bad "at-loss: no run comes down to a training loss of 0.01; the lowest is in runs/gd_0 0.7[0-9]* at step 80" -- compare runs/gd_0 runs/sam_0 --at-loss 0.01
bad "training loss 1 is reached by runs of one method only: runs/sam_0 got to 1.2" -- compare runs/gd_0 runs/sam_0 --at-loss 1
bad "at-loss: no checkpoint gives a training loss; the last: .*500 samples asked for, split train has 120" -- track runs/gd_0 --at-loss 1 --samples 500
for c in track compare; do
    for loss in 0 -1 inf; do bad "^basin: --at-loss must be positive and finite, got $loss" -- $c runs/gd_0 --at-loss $loss; done
done
same compare runs/gd_0 runs/gd_1 runs/sam_0 runs/sam_1 runs/msam_0 runs/msam_1 --at-loss 2.1
good compare runs/gd_0 runs/gd_1 runs/sam_0 runs/sam_1 --at-loss 2.1
holds out "^compared at training loss 2.1, N = 120 training samples"
stored equal compare runs/gd_0 runs/gd_1 runs/sam_0 runs/sam_1 --at-loss 2.1

finish

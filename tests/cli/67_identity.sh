# A folder is one training, or its trainings are named and one of them is chosen.
. "$(dirname "$0")/lib.sh"
topic

identity() { "$B" info "$1" --json 2>err | sed -n 's/.*"run": "\([^"]*\)".*/\1/p'; }

# all checkpoints of a training have one identity, and another training another
GD_0=$(identity $GD)
expect "an identity" [ "$(expr "$GD_0" : '[0-9]\{8\}T[0-9.]\{10\}Z-[0-9a-f]\{12\}$')" = 33 ]
expect "the first checkpoint has it too" [ "$(identity runs/gd_0/step_000000.h5)" = "$GD_0" ]
SAM_0=$(identity $SAM)
never "SAM's run has GD's identity" [ "$SAM_0" = "$GD_0" ]
good info $GD
holds out "^  run         $GD_0$"

# two trainings in one folder
cp -r runs/gd_0 mixed && cp runs/sam_0/step_000000.h5 mixed/other_0.h5 && cp runs/sam_0/step_000040.h5 mixed/other_40.h5
bad "^basin: mixed: holds 2 trainings: " "$GD_0 (5 checkpoints: step_000000.h5, step_000020.h5, step_000040.h5, step_000060.h5, step_000080.h5)" \
    "$SAM_0 (2 checkpoints: other_0.h5, other_40.h5)" ": choose by --run OLDEST, NEWEST, an identity or a file, or say --run ALL if they are one" -- track mixed
bad "^basin: mixed: holds 2 trainings: " -- compare mixed runs/gd_1
bad "^basin: mixed: no training 2019; it holds 2 trainings: " -- track mixed --run 2019
good track mixed --run "$SAM_0" --no-polish
holds out "^mixed: sam, "
lacks out "^  *20  "
for which in OLDEST step_000020.h5; do
    good track mixed --run $which
    holds out "^mixed: gd, "
    lacks out "sam"
done
good track mixed --run NEWEST --no-polish
holds out "^mixed: sam, "
good track mixed --run ALL --no-polish
expect "seven rows on the caller's word" [ "$(grep -c '^  *[0-9][0-9]*  ' out)" = 7 ]
good compare mixed runs/gd_1 runs/sam_0 runs/sam_1 --run OLDEST
holds out "^compared at step 40"
stored chosen track mixed --run OLDEST
good -w "mixed/step_000020.h5: its folder holds 2 trainings; basin track mixed/ names their files" info mixed/step_000020.h5 mixed/step_000040.h5
expect "a folder is warned of once" [ "$(grep -c 'its folder holds' err)" = 1 ]
good slice mixed/step_000020.h5 --along to:mixed/other_40.h5 --grid 3
holds out "^  to:mixed/other_40.h5  mixed/other_40.h5, of another training, minus this point: coordinate 1 is mixed/other_40.h5$"
good slice mixed/step_000020.h5 --along to:mixed/step_000040.h5 --grid 3
lacks out "another training"
good slice $GD --along to:$SAM --grid 3 # of another folder: meant so

# a run and its copy are one seed, not two
cp -r runs/gd_0 copy_of_gd_0
bad "^basin: runs/gd_0 and copy_of_gd_0 are copies of one run (training $GD_0): leave one out" -- compare runs/gd_0 copy_of_gd_0 runs/sam_0
mkdir early && cp runs/gd_0/data.h5 runs/gd_0/step_000020.h5 early
bad "^basin: runs/gd_0 and early are parts of one training ($GD_0): put their checkpoints into one folder, or leave one out" -- compare runs/gd_0 early runs/sam_0
bad "^basin: early and runs/gd_0 are parts of one training ($GD_0): " -- track early runs/gd_0 --at-loss 1

# one checkpoint that cannot be read leaves the header and the other rows as they are
cp -r runs/gd_0 holed && head -c 5000 runs/gd_0/step_000000.h5 >holed/step_000000.h5
good track holed --no-polish
holds out "^holed: gd, learning rate 0\.[0-9]*, seed 0, N = 120"
holds out "^ *step_000000.h5 *missing"
expect "a row for each step" [ "$(grep -o '^ *[0-9][0-9]  ' out | tr -d ' \n')" = 20406080 ]

# info of a folder is that of each checkpoint of its run, in order
bad "^basin: mixed: holds 2 trainings: " -- info mixed
good info mixed --run "$SAM_0"
expect "one info each" [ "$(grep '^mixed' out | tr '\n' ' ')" = "mixed/other_0.h5 mixed/other_40.h5 " ]
good info runs/gd_0
expect "in order" [ "$(grep -c '^runs/gd_0/step_0000[02468]0.h5$' out)" = 5 ]
cp -r runs/gd_0 damaged && head -c 5000 runs/gd_0/step_000020.h5 >damaged/step_000020.h5
good -w "damaged/step_000020.h5: " info damaged
expect "the others go on" [ "$(grep -c '^damaged/' out)" = 4 ]
mkdir rubble && cp damaged/step_000020.h5 rubble
fails "^basin: rubble: none of its checkpoints can be read" -- info rubble

# the mean over consecutive steps is over those of the same training
train sam 0 3 consecutive --save 0,1,2
good sharpness consecutive/step_000002.h5 --average 2 --json
average=$(number out loss)
cp runs/gd_0/step_000020.h5 consecutive/a.h5
train gd 0 1 others --save 0,1
cp others/step_000001.h5 consecutive/other_1.h5
good sharpness consecutive/step_000002.h5 --average 2 --json
equal "the mean with a foreign step 1 beside it" "$(number out loss)" "$average"

# files that record no identity: what they record otherwise, and their weights
mkdir -p data && cp "$DATA/oracle.h5" "$DATA/oracle_bn.h5" data
bad "^basin: data: holds 2 trainings: one without identity (1 checkpoint: oracle.*another network: choose by" -- track data

# nothing of another training is overwritten
cp runs/sam_0/step_000040.h5 runs/gd_1/best.h5
bad "^basin: runs/gd_1/best.h5: would stay among the checkpoints of another training: choose another folder, or move it away" -- train --mlp 64-4-10 \
    --data "$DIGITS" --method gd --learning-rate 0.2 --steps 4 -o runs/gd_1 --force
expect "all of it is there" [ "$(ls runs/gd_1 | tr '\n' ' ')" = "best.h5 data.h5 step_000000.h5 step_000020.h5 step_000040.h5 step_000060.h5 step_000080.h5 " ]
train gd 0 20 runs/gd_0 --force
never "a training that replaces another has its identity" [ "$(identity runs/gd_0/step_000020.h5)" = "$GD_0" ]

finish

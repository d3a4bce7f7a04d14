# Training, and what runs say of themselves when they are put together.
. "$(dirname "$0")/lib.sh"
topic

expect "gd_0 holds" [ "$(ls runs/gd_0 | tr '\n' ' ')" = "data.h5 step_000000.h5 step_000020.h5 step_000040.h5 step_000060.h5 step_000080.h5 " ]
expect "sam_0 holds" [ "$(ls runs/sam_0 | tr '\n' ' ')" = "data.h5 step_000000.h5 step_000020.h5 step_000040.h5 " ]
never "seeds 0 and 1 start at the same weights" cmp -s runs/gd_0/step_000000.h5 runs/gd_1/step_000000.h5
train gd 0 80 again --save-every 20 --threads 1
bad "^basin: again/step_000080.h5: direction to:runs/gd_0/step_000080.h5 is zero: its norm is 0, so no line follows it; choose another direction$" -- slice again/step_000080.h5 --along to:runs/gd_0/step_000080.h5 --grid 3 # the same bits: the difference of two equal runs is no direction
bad "^basin: runs/sam_0: holds 3 checkpoints already, of 1 training: [0-9]\{8\}T[0-9.]\{10\}Z-[0-9a-f]\{12\} (3 checkpoints: step_000000.h5, step_000020.h5, step_000040.h5)" "; --force replaces them, or choose another folder" -- train --mlp 64-4-10 --data "$DIGITS" --method sam --learning-rate 0.2 --steps 4 -o runs/sam_0
train sam 0 40 runs/sam_0 --save 0,20 --force
good train --mlp 64-10 --data "$DIGITS" --method sgd --learning-rate 0.1 --batch-size 200 --epochs 2 --schedule cosine -o plain --precision single
expect "plain holds" [ "$(ls plain | tr '\n' ' ')" = "step_000000.h5 step_000014.h5 " ]
good check plain/step_000014.h5 # refers to the original data by a relative path
good train --mlp 64-10 --data "$DIGITS" --learning-rate 0.1 --steps 2 --ignore-index 3 --loss-weights 1,2,1,1,0.5,1,1,1,1,1 --label-smoothing 0.1 -o weighted
LOSS="softmax_cross_entropy, label smoothing 0.1, ignore index 3, weights 1 2 1 1 0.5 1 1 1 1 1"
good info weighted/step_000002.h5
holds out "  loss        $LOSS"
good check weighted/step_000002.h5
holds out "recorded:train.loss"
good sharpness weighted/step_000002.h5
holds out "  loss function   $LOSS"
good -w "runs weighted and plain: their losses differ" track weighted plain --json
holds out '"loss": "several"'
holds out '"note": "runs weighted and plain: their losses differ: softmax_cross_entropy, label smoothing 0.1,.* against softmax_cross_entropy: '
bad "runs weighted and plain cannot be compared: their losses differ: $LOSS against softmax_cross_entropy" -- compare weighted plain
bad "runs runs/gd_0 and plain cannot be compared: P = [0-9,]* against 650 parameters" -- compare runs/gd_0 runs/sam_0 plain
good train --mlp 64-4-10 --data "$DIGITS" --learning-rate 0.2 --steps 20 --subset 120 --label-noise 0.4 -o other_data # seed 0
bad "runs runs/sam_0 and other_data cannot be compared: their data differ at the same seed 0: SHA-256" -- compare runs/sam_0 other_data
good -w "runs runs/sam_0 and other_data: their data differ at the same seed 0" track runs/sam_0 other_data
holds out "note: runs runs/sam_0 and other_data: their data differ at the same seed 0: SHA-256 .*not to be held against each other"
train sam 7 20 unpaired
good -w "runs runs/gd_0 and unpaired: their data differ" compare runs/gd_0 unpaired
holds out "^- runs runs/gd_0 and unpaired: their data differ (SHA-256 .*) and no common seeds pair them: what differs may be the data"
good compare runs/gd_0 runs/gd_1 runs/sam_0 runs/sam_1 # subsets of two seeds, each shared by the methods
lacks out "data differ"
lacks err "data differ"
good track weighted --json
holds out "\"loss\": \"$LOSS\""
bad "^basin: --mlp: the loss has 9 weights, the network.s output fc1 of shape \[10\] a sample has 10 classes" -- train --mlp 64-10 --data "$DIGITS" --learning-rate 0.1 --steps 2 --loss-weights 1,1,1,1,1,1,1,1,1 -o new
bad "weight 1 of 2 is -1: negative or not finite" -- train --mlp 64-10 --data "$DIGITS" --learning-rate 0.1 --steps 2 --loss-weights 1,-1 -o new
bad "mse takes no ignore_index" -- train --mlp 64-10 --data "$DIGITS" --learning-rate 0.1 --steps 2 --loss mse --ignore-index -1 -o new
wrong "train: --ignore-index wants a whole number, got «some»" -- train --mlp 64-10 --data "$DIGITS" --learning-rate 0.1 --steps 2 --ignore-index some -o new
wrong "train: --label-noise with --ignore-index: a target that does not count has no other class" -- train --mlp 64-10 --data "$DIGITS" --learning-rate 0.1 --steps 2 --ignore-index 3 --label-noise 0.1 -o new
wrong "train: --mlp wants widths such as 64-32-10, got «64-x»" -- train --mlp 64-x --data "$DIGITS" --learning-rate 0.1 --steps 1 -o new
wrong "train: --learning-rate is required" -- train --mlp 64-10 --data "$DIGITS" --steps 1 -o new
wrong "train: how long? --steps N or --epochs N" -- train --mlp 64-10 --data "$DIGITS" --learning-rate 0.1 -o new
wrong "train: which network? one of --graph FILE.json, --mlp 64-32-10 and --from CHECKPOINT" -- train --data "$DIGITS" --learning-rate 0.1 --steps 1 -o new
wrong "train: on which data? --data FILE.h5" -- train --mlp 64-10 --learning-rate 0.1 --steps 1 -o new
wrong "train: where to? -o RUN" -- train --mlp 64-10 --data "$DIGITS" --learning-rate 0.1 --steps 1
bad "^basin: unknown_op.json: node act1 (Frobnicate): this op is unknown to basin" -- train --graph unknown_op.json --data data.h5 --learning-rate 0.1 --steps 1 -o new
bad "^basin: cycle.json: graph: a cycle through node fc1" -- train --graph cycle.json --data data.h5 --learning-rate 0.1 --steps 1 -o new
bad "^basin: wide_data.h5: /inputs: the graph expects samples of shape \[6\], the file has \[12\]" -- train --graph graph.json --data wide_data.h5 --learning-rate 0.1 --steps 1 -o new
bad "^basin: nowhere.h5: No such file" -- train --graph graph.json --data nowhere.h5 --learning-rate 0.1 --steps 1 -o new
good train --mlp 64-10 --data "$DIGITS" --method sam --learning-rate 0.1 --steps 20 --save 2,9,11 --save-consecutive 4 -o iterates
expect "consecutive iterates are saved" [ "$(ls iterates | sed 's/step_0*\(.*[0-9]\)\.h5/\1/' | tr '\n' ' ')" = "0 1 2 6 7 8 9 10 11 17 18 19 20 " ]
bad "save-consecutive must be at least 1" -- train --mlp 64-10 --data "$DIGITS" --learning-rate 0.1 --steps 2 --save-consecutive 0 -o new
bad "^basin: --save 9 is not a step from 0 to 5" -- train --graph graph.json --data data.h5 --learning-rate 0.1 --steps 5 --save 9 -o new
for setting in "learning-rate 0" "rho -1" "momentum 1" "momentum -0.1" "weight-decay -1" "rho inf"; do
    wrong "^basin: train: --${setting% *} must be .*, got ${setting#* }$" -- train --graph graph.json --data data.h5 --learning-rate 0.1 --steps 5 -o new --$setting
done
wrong "^basin: train: --learning-rate must be a finite number above 0, got -1" -- train --graph graph.json --data data.h5 --learning-rate -1 --steps 5 -o new

# Networks that differ in an attribute alone: the same names, shapes and ops.
network() { # ALPHA
    printf '{"input": {"name": "x", "shape": [64]}, "output": "y", "parameters": [{"name": "w", "shape": [10, 64]}], "nodes": [{"name": "h", "op": "LeakyRelu", "inputs": ["x"], "outputs": ["h"], "attributes": {"alpha": %s}}, {"name": "y", "op": "Gemm", "inputs": ["h", "w"], "outputs": ["y"], "attributes": {"transB": 1}}]}' "$1"
}
network 0.1 >leaky.json
network 0.25 >leakier.json
good train --graph leaky.json --data "$DIGITS" --learning-rate 0.1 --steps 2 -o leaky
good train --graph leakier.json --data "$DIGITS" --learning-rate 0.1 --steps 2 -o leakier
bad "runs leaky and leakier cannot be compared: their networks differ: LeakyRelu %1: alpha 0.1[0-9]* against LeakyRelu %1: alpha 0.25" -- compare leaky leakier
good -w "runs leaky and leakier: their networks differ" track leaky leakier
holds out "note: runs leaky and leakier: their networks differ: LeakyRelu %1: alpha 0.1.* not to be held against each other"

finish

# connect: the loss on the way from one checkpoint to another.
. "$(dirname "$0")/lib.sh"
topic

same connect $GD $SAM --grid 5
holds one '"curve": "linear"'
same connect $GD $SAM --grid 5 --curve bezier --steps 5
holds one '"steps": 5'
good -w "runs/gd_1/step_000080.h5: it was trained on other data than $GD" connect $GD runs/gd_1/step_000080.h5
holds out "^  path            straight line from A = $GD to B = runs/gd_1/step_000080.h5$"
holds out "^  train  *120 samples, loss [0-9.]* at A, [0-9.]* at B; barrier [0-9.e-]* at t = [0-9.]*, between the points up to [0-9.e-]* more$"
holds out "^  test  *[0-9,]* samples, loss"
line=$(sed -n 's/^  train .*barrier \([0-9.e-]*\) at.*/\1/p' out)
good -w "runs/gd_1/step_000080.h5: it was trained on other data than $GD" connect $GD runs/gd_1/step_000080.h5 --curve bezier --steps 60
holds out "^  path            quadratic Bézier curve from"
holds out "^  trained         60 steps of heavy ball, eta = 0.2, beta = 0.9, t uniform with seed 0: loss along the curve"
curve=$(sed -n 's/^  train .*barrier \([0-9.e-]*\) at.*/\1/p' out)
expect "the barrier of the curve, $curve, is below that of the line, $line" awk "BEGIN { exit !($curve < $line) }"
good -w "runs/gd_1/step_000080.h5: it was trained on other data than $GD" connect $GD runs/gd_1/step_000080.h5 --curve polygon --steps 20 --learning-rate 0.05 --momentum 0 --seed 3
holds out "polygon of two sides"
stored linear connect $GD $SAM
stored bezier connect $GD $SAM --curve bezier --steps 10
good plot linear.h5 bezier.h5 -o both.svg --caption
holds out "^Loss and accuracy from A to B (P = "
holds out "straight line: A: $GD, B: $SAM"

# beside a trained curve stands the straight line; too large steps make it worse, and it says so
good connect $GD $SAM --curve bezier --steps 40 --learning-rate 3 --momentum 0 --json
cp out worse
good connect $GD $SAM --curve bezier --steps 40 --learning-rate 3 --momentum 0
holds out "^  *the straight line's is [0-9.e-]* at t = [0-9.]*, up to [0-9.e-]* more: the curve is worse than the straight line$"
good connect $GD $SAM --json
equal "the barrier of the line beside the curve" "$(number worse straight_barrier)" "$(number out barrier)"
good -w "runs/gd_1/step_000080.h5: it was trained on other data than $GD" connect $GD runs/gd_1/step_000080.h5 --curve bezier --steps 60
holds out "more: the curve is lower$"
good connect $GD $SAM
lacks out "the straight line's"
good connect $GD $SAM --dry-run
holds out "connect, nothing computed"
good connect $GD $SAM --curve bezier --steps 70 --dry-run
holds out "connect, nothing computed: .*70 gradients"

# The ends are the checkpoints' own losses.
good connect $GD $SAM --grid 3 --json
end=$(number out end_own)
good slice $GD --along to:$SAM --range 0:1 --grid 2 --json
equal "the loss of B itself" "$end" "$(number out end_own)"

# BatchNorm: statistics are re-estimated along the way.
bad "^basin: oracle_bn.h5: its BatchNorm statistics are those of one end; connect takes --bn reestimate" -- connect oracle_bn.h5 oracle_bn_other.h5
same connect oracle_bn.h5 oracle_bn_other.h5 --bn reestimate --grid 5
bad "with BatchNorm a curve is trained with --bn batch:SIZE" -- connect oracle_bn.h5 oracle_bn_other.h5 --bn reestimate --curve bezier
good connect oracle_bn.h5 oracle_bn_other.h5 --bn batch:20 --curve bezier --steps 3 --learning-rate 0.01 --grid 5

# Aligned: the same function with its units in another order is A itself.
same connect good.h5 reversed.h5 --align --grid 5
holds one '"product_after"'
good connect good.h5 reversed.h5 --align
holds out "^  aligned         weight matching (arXiv:2209.04836, seed 0): 4 of 4 units in 1 of 1 groups of B moved, [23] rounds; a local optimum$"
holds out "|B - A| = [0-9.]* before, 0 after$"
holds out "^                  function unchanged: outputs of B differ by at most [0-9.e-]* of at most [0-9.]*$"
holds out "^                  |B - A| = 0, length 0, 51 points$"
holds out "^  train .*barrier 0 at t = 0"
good connect oracle_bn.h5 reversed_bn.h5 --align --bn reestimate --grid 5
holds out "|B - A| = [0-9.]* before, 0 after$"
good connect good.h5 reversed.h5 --grid 5
lacks out aligned
stored aligned connect good.h5 reversed.h5 --align
good plot aligned.h5 -o aligned.svg --caption
holds out "Units of B are aligned with A's: ‖B − A‖ was"

# Two seeds of one wide network: the barrier falls, the function does not change.
for seed in 0 1; do good train --mlp 64-128-10 --data "$DIGITS" --method gd --learning-rate 0.3 --steps 150 --seed $seed --save 150 -o wide_$seed; done
good connect wide_0/step_000150.h5 wide_1/step_000150.h5 --json
before=$(number out barrier)
good connect wide_0/step_000150.h5 wide_1/step_000150.h5 --align --json
after=$(number out barrier)
expect "the barrier falls from $before by more than a half, to $after" awk "BEGIN { exit !($after < 0.5 * $before) }"
expect "outputs stay to rounding" awk "BEGIN { exit !($(number out difference) < 1e-12 * $(number out magnitude)) }"
expect "B comes nearer" awk "BEGIN { exit !($(number out distance_after) < $(number out distance_before)) }"

wrong "connect: too few arguments" -- connect $GD
wrong "connect: --grid must be at least 3, got 2" -- connect $GD $SAM --grid 2
wrong "connect: --steps, --learning-rate and --momentum train a --curve bezier or polygon" -- connect $GD $SAM --steps 3
wrong "connect: --steps must be at least 1" -- connect $GD $SAM --curve bezier --steps 0
wrong "connect: --learning-rate must be positive, got 0" -- connect $GD $SAM --curve bezier --learning-rate 0
wrong "connect: --momentum must be at least 0 and below 1, got 1" -- connect $GD $SAM --curve bezier --momentum 1
wrong "connect: --curve wants linear|bezier|polygon, got «arc»" -- connect $GD $SAM --curve arc
bad "have the same weights: there is no path between them" -- connect $GD $GD
bad "its parameters (.*) are not those of" -- connect $GD oracle_bn.h5
bad "learning rate 1e+200 is too large" -- connect $GD $SAM --curve bezier --learning-rate 1e200
bad "no_such_file.h5: No such file" -- connect $GD no_such_file.h5
finish

# gate: limits as numbers, expressions, from a baseline and from a set of runs; verdicts by exit status; what may be spent; JUnit.
. "$(dirname "$0")/lib.sh"
topic

# holds a gate to its status, which is not that of a failure: one line on stderr says what the verdict is about
# gated STATUS PATTERN COMMAND…
gated() {
    status=$1 pattern=$2
    shift 2
    run "$status" "$@"
    grep '^basin: ' err >line
    [ "$(wc -l <line)" = 1 ] || fail "basin $*: wanted one line on stderr, got: $(head -c 300 err)"
    holds line "$pattern"
}
good gate $GD --max 'lambda_max<=2/lr' --max train_loss=5 --min 'test_accuracy>=0'
holds out "^  measure  *value  interval  *limit  *verdict  *after products$"
holds out "^  lambda_max  .* lower end proven  <= 10  *within  *[0-9]*$"
holds out "^  train_loss  .*  exact  *<= 5  *within, certain  *0$"
holds out "^  within; [0-9]* products of at most 2,000; any verdict is wrong with a chance of at most 0.05, a certain one with none$"
expect "λ_max is decided in a few products" awk '$1 == "lambda_max" { found = 1; ok = $NF < 30 } END { exit !(found && ok) }' out
gated 3 '^basin: violated: lambda_max<=0.1/lr$' gate $GD --max 'lambda_max<=0.1/lr'
holds out "^  lambda_max  .*violated, certain"
gated 3 '^basin: violated: sane=1, trace=0.1$' gate $GD --max sane=1 --max trace=0.1 --max gap=9
good spectrum $GD --json
exact=$(grep -o '"eigenvalues": \[[^,]*' out | sed 's/.*\[//')
gated 4 "^basin: undecided: lambda_max=$exact$" gate $GD --max "lambda_max=$exact" --products 5
holds out "undecided, the products are spent  *5$"
holds out "^  undecided; 5 products of at most 5;"
gated 3 "^basin: undecided: lambda_max=$exact$" gate $GD --max "lambda_max=$exact" --products 5 --strict
good sane $GD --json
sane=$(number out value)
gated 4 "^basin: undecided: sane=$sane$" gate $GD --max "sane=$sane" --products 90
good gate $GD --max "sane=$sane*1.000001" # by the dense spectrum
holds out "proven  *<= .*within, certain"
gated 4 "the time has ended\|^basin: undecided: sane=$sane$" gate $GD --max "sane=$sane" --products 100 --time 1m

# measures of sharpness: exact, a lower bound, a mean over draws
good sharpness $GD --measure sam,worst_l2,average --rho 0.05 --json
values=$(grep -o '"value": [0-9.e+-]*' out | sed 's/.*: //' | tr '\n' ' ')
set -- $values
expect "three values" [ $# = 3 ]
good gate $GD --max "sam=$1*1.0000001" --min "sam=$1*0.9999999" --rho 0.05
holds out "^  sam  .*  exact  .*within, certain"
gated 3 "violated: worst_l2" gate $GD --max "worst_l2=$2*0.9999" --rho 0.05
holds out "^  worst_l2  .*, inf\] lower end proven  .*violated, certain"
gated 4 "undecided: worst_l2" gate $GD --max "worst_l2=$2*10" --rho 0.05
holds out "undecided, nothing more is measured"
gated 4 "undecided: average" gate $GD --max "average=$3" --rho 0.05
good gate $GD --max "average=$3*3" --rho 0.05
wrong "gate: --max: scaled_trace is not one number, or takes products without a bound: it has no limit" -- gate $GD --max scaled_trace=2
bad "runs/gd_0/step_000000.h5: msam has no value here: " -- gate runs/gd_0/step_000000.h5 --max msam=2

# a hundred thousand parameters are decided with a hundred products; ended by a signal nothing is left behind
good train --mlp 64-256-256-64-10 --data "$DIGITS" --subset 200 --method gd --learning-rate 0.1 --steps 10 -o wide
good gate wide/step_000010.h5 --max 'lambda_max<=2/lr' --max sane=20000
holds out "^  P = 99,530 parameters"
holds out "^  within; [0-9]* products of at most 2,000;"
expect "with few products" awk '$1 == "sane" { found = 1; ok = $NF <= 100 } END { exit !(found && ok) }' out
good gate wide/step_000010.h5 --max 'lambda_max<=2/lr' --memory 64M
good spectrum wide/step_000010.h5 --top 1 --no-proof --json
largest=$(grep -o '"eigenvalues": \[[0-9.e+-]*' out | sed 's/.*\[//')
"$B" gate wide/step_000010.h5 --max "lambda_max=$largest" --max sane=1e-9 --min sane=1e9 --products 100000 --junit left.xml >out 2>err </dev/null &
child=$!
sleep 1
kill -TERM $child
wait $child
expect "status of one that is ended" [ $? = 130 ]
holds err "^basin: interrupted"
never "no verdicts of one that is ended" [ -e left.xml ]

# what it stores is recomputed; JSON is the same bytes
good gate $GD --max sane=50 --max 'lambda_max<=2/lr' -o gate.h5
good verify gate.h5
holds out "  verified"
gated 3 "^basin: violated" gate $GD --max 'lambda_max<=0.1/lr' -o gate.h5
good verify gate.h5
same gate $GD --max sane=50 --baseline $SAM --max-increase 1000%
stored drawn gate $GD --max sane=50 --max 'lambda_max<=2/lr' --min 'test_accuracy>=0' --baseline $SAM --max-increase 1000%
good plot drawn.h5 -o drawn.svg --caption
holds out "lambda_max .*, limit ≤ 10, within"
holds out "Not drawn: what was not measured, limits of 0"

# other checkpoints
good gate $GD --baseline $GD --max-increase 10% --measures lambda_max,train_loss
holds out "^  lambda_max  .*<= [0-9.]* \[[0-9.]*, [0-9.]*\]  *within"
holds out "^  train_loss<=110% of $GD$"
holds out "there [0-9.]* exact; difference 0 \[0, 0\]$"
gated 3 "violated: train_loss<=runs/gd_0/step_000080.h5 + 0.001" gate $GD --baseline runs/gd_0/step_000080.h5 --max-increase 0.001 \
    --measures train_loss
bad "P = [0-9]* against [0-9]* parameters" -- gate $GD --baseline good.h5 --max-increase 10%
bad "nothere.h5" -- gate $GD --baseline nothere.h5 --max-increase 10%
for seed in 2 3 4; do train gd $seed 80 runs/gd_$seed --save-every 40; done
good gate runs/gd_0/step_000080.h5 --from-runs 'runs/gd_*' --measures train_loss,test_accuracy,lambda_max
holds out "^  train_loss<=mean + 6.62 \* sqrt\|^  train_loss<=mean + [0-9.]* s of 4 runs runs/gd_\*$"
holds out "^  test_accuracy>=mean - [0-9.]* s of 4 runs"
holds out "one run more of the kind is beyond with the chance of 3 normal deviations$"
gated 3 "violated: train_loss<=mean" gate runs/gd_0/step_000000.h5 --from-runs 'runs/gd_[1-4]' --measures train_loss --sigma 1
bad "train_loss: 2 runs tell no spread: at least 3 are needed" -- gate $GD --from-runs 'runs/gd_[12]' --measures train_loss
bad "no folder is called so" -- gate $GD --from-runs 'runs/none_*'

# JUnit
run 3 gate $GD --max 'lambda_max<=0.1/lr' --max 'train_loss<=5' --max "sane=$sane" --products 90 --junit gate.xml
holds gate.xml '^<testsuite name="basin gate runs/gd_0/step_000040.h5" tests="3" failures="1" errors="1">$'
holds gate.xml '^  <testcase classname="runs/gd_0/step_000040.h5" name="train_loss&lt;=5"/>$'
holds gate.xml '^    <failure type="violated" message="lambda_max = [0-9.]* \[[0-9.]*, [0-9.]*\], limit &lt;= 0.5"/>$'
holds gate.xml '^    <error type="undecided" message="sane = .*, ended by products"/>$'
run 3 gate $GD --max "sane=$sane" --products 90 --strict --junit gate.xml
holds gate.xml 'failures="1" errors="0"'
bad "nowhere/gate.xml: cannot be written" -- gate $GD --max sane=50 --junit nowhere/gate.xml

# the sample for pipelines: a run like the others may go on, its start may not, a file that is not there is neither
PATH=$(dirname "$B"):$PATH
sample() { # STATUS PATTERN CHECKPOINT: of what it says
    sh "$ROOT/samples/gate/gate.sh" "$3" 'runs/gd_[1-4]' >out 2>&1 </dev/null
    got=$?
    expect "status of the sample with $3" [ $got = "$1" ]
    holds out "$2"
}
sample 0 "^runs/gd_0/step_000080.h5: within its limits$" runs/gd_0/step_000080.h5
holds gate.xml 'tests="4" failures="0" errors="0"'
sample 1 "^runs/gd_0/step_000000.h5: beyond a limit$" runs/gd_0/step_000000.h5
sample 2 "^basin: nothere.h5: " nothere.h5
expect "the sample's pipeline names the script that is tested" grep -q "sh samples/gate/gate.sh " "$ROOT/samples/gate/pipeline.yaml"

# what is wrong
wrong "gate: wants a limit: --max, --min, --baseline with --max-increase, or --from-runs" -- gate $GD
wrong "gate: --max: «2/lrr», at character 3: «lrr» is not lr, momentum" -- gate $GD --max 'lambda_max<=2/lrr'
wrong "gate: --max: «sharp» is no measure" -- gate $GD --max sharp=2
wrong "gate: --min: «sane<=2»: after sane stands = or >=" -- gate $GD --min 'sane<=2'
wrong "gate: --baseline and --max-increase go together" -- gate $GD --baseline $SAM
wrong "gate: --max-increase wants a share or a number that is not negative" -- gate $GD --baseline $SAM --max-increase ten
wrong "gate: --measures: no measure «lambda_mx»; is lambda_max meant?" -- gate $GD --from-runs 'runs/*' --measures lambda_mx
wrong "gate: --sigma must lie in (0, 6\], got 9" -- gate $GD --from-runs 'runs/*' --sigma 9
wrong "gate: --chance must lie between 0 and 1, got 2" -- gate $GD --max sane=2 --chance 2
wrong "gate: too many arguments, from «$SAM» on" -- gate $GD $SAM --max sane=2
bad "$GD: rho is not recorded, which «2/rho» asks for" -- gate $GD --max 'lambda_max<=2/rho'
bad "rate_none.h5: lr is not recorded, which «2/lr» asks for" -- gate rate_none.h5 --max 'lambda_max<=2/lr'
bad "runs/gd_0/step_000000.h5: sharpness_msam needs what is not there: momentum" -- gate runs/gd_0/step_000000.h5 --max sharpness_msam=2
bad "unfinished.h5" -- gate unfinished.h5 --max sane=2

finish

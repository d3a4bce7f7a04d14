# Every command end to end: help, good runs, wrong options, bad input, the same bytes for any threads, verify, interruption.
# Run by tests/run.sh with BUILD and BASIN_SCRATCH set; prints a line per failure.
case $BUILD in /*) ;; *) BUILD=$PWD/$BUILD ;; esac
B=$BUILD/basin
DIGITS=$PWD/samples/digits.h5
DATA=$PWD/tests/data
FILES=$BUILD/tests/cli/make_files
S=$BASIN_SCRATCH/commands
failures=0
count=0
mkdir -p "$S" && cd "$S" || exit 1

fail() {
    printf 'commands_test: %s\n' "$*"
    failures=$((failures + 1))
}
# run STATUS COMMAND…: the command ends with that status; its output is in out and err
run() {
    want=$1
    shift
    "$B" "$@" >out 2>err
    got=$?
    count=$((count + 1))
    [ "$got" = "$want" ] || fail "basin $*: exit status $got, wanted $want: $(head -c 300 err)"
}
# good COMMAND…: succeeds, and says nothing that looks like a failure
good() {
    run 0 "$@"
    if grep -q '^basin: [^w]' err && ! grep -q 'undone' err; then fail "basin $*: on stderr: $(cat err)"; fi
}
# bad PATTERN… -- COMMAND…: fails with status 1 and one line on stderr that holds every pattern; makes no file
bad() {
    patterns=""
    while [ "$1" != -- ]; do
        patterns="$patterns$1
"
        shift
    done
    shift
    ls -A >before
    run 1 "$@"
    grep '^basin: ' err | grep -v '^basin: warning' >line
    [ "$(wc -l <line)" = 1 ] || fail "basin $*: wanted one line on stderr, got: $(head -c 300 err)"
    printf '%s' "$patterns" | while IFS= read -r pattern; do grep -q -e "$pattern" line || printf '%s' "«$pattern» "; done >unsaid
    [ -s unsaid ] && fail "basin $*: the line does not hold $(cat unsaid): $(cat line)"
    [ -s out ] && fail "basin $*: printed something although it failed"
    ls -A >after
    cmp -s before after || fail "basin $*: left files behind: $(diff before after | tail -n +2 | tr '\n' ' ')"
}
holds() { # FILE PATTERN: what the last command left
    grep -q -e "$2" "$1" || fail "no «$2» in $1: $(head -c 300 "$1")"
}
touch before after line unsaid out err

# ---- help, version, usage
commands="info check spectrum slice sane sharpness track compare plot verify train"
for c in $commands; do
    good "$c" --help
    holds out "^usage: basin $c"
    [ "$(sed -n '/^examples/,$p' out | grep -c "^  basin $c ")" = 2 ] || fail "basin $c --help: wanted two examples"
    cp out help
    good help "$c"
    cmp -s out help || fail "basin help $c and basin $c --help differ"
    run 2 "$c" --nonsense
    holds err "basin: $c: unknown option --nonsense"
done
for c in info check spectrum slice sane sharpness track compare plot verify; do
    run 2 "$c"
    holds err "too few arguments"
done
good help
good --help
good --version
holds out "^basin [0-9]"
good --version --verbose
for library in OpenBLAS kernel HDF5 jansson cairo Pango; do holds out "$library"; done
holds out "^file format 1, of results 2$"
chosen=$(sed -n 's/.*(OpenBLAS itself chose \(.*\))$/\1/p' out) # the user's choice of a BLAS kernel stands, even a slow one
if [ -n "$chosen" ]; then
    OPENBLAS_CORETYPE=$chosen "$B" --version --verbose >out 2>err || fail "--version --verbose with OPENBLAS_CORETYPE=$chosen"
    holds out "kernel $chosen$"
fi
run 2
run 2 nonsense
holds err "no command «nonsense»"
run 2 help nonsense
for command in "help convert" "convert"; do run 2 $command; holds err "convert is a command of the Python package: python3 -m basin convert"; done
run 0 help
holds out "python3 -m basin convert"
run 2 slice x.h5 --grid many --along momentum
holds err "wants a whole number"
run 2 slice x.h5 --range 3 --along momentum
run 2 slice x.h5 --along
run 2 spectrum x.h5 --method power
run 2 spectrum x.h5 --memory lots
run 2 sharpness x.h5 --rho 1,,2
run 2 verify a.h5 b.h5
run 2 spectrum x.h5 --dry-run -o y.h5
holds err "spectrum: --dry-run has no result that -o or --plot could take"
run 2 slice x.h5 --along random --dry-run --plot y.pdf
run 2 slice x.h5 --dry-run
holds err "along what"
run 2 info x.h5 --dry-run
holds err "unknown option --dry-run"

# ---- training: runs that everything after is about
"$FILES" "$S" >out 2>&1 || fail "make_files: $(tail -3 out)"
train() { # METHOD SEED STEPS FOLDER OPTION…
    method=$1 seed=$2 steps=$3 folder=$4
    shift 4
    good train --mlp 64-4-10 --data "$DIGITS" --method "$method" --learning-rate 0.2 --rho 0.1 --steps "$steps" --seed "$seed" --subset 120 \
        --label-noise 0.2 -o "$folder" "$@"
}
for seed in 0 1; do
    train gd $seed 80 runs/gd_$seed --save-every 20
    train sam $seed 40 runs/sam_$seed --save 0,20
    train msam $seed 40 runs/msam_$seed --save-every 20 --save-perturbed
done
[ "$(ls runs/gd_0 | tr '\n' ' ')" = "data.h5 step_000000.h5 step_000020.h5 step_000040.h5 step_000060.h5 step_000080.h5 " ] || fail "gd_0 holds $(ls runs/gd_0)"
[ "$(ls runs/sam_0 | tr '\n' ' ')" = "data.h5 step_000000.h5 step_000020.h5 step_000040.h5 " ] || fail "sam_0 holds $(ls runs/sam_0)"
cmp -s runs/gd_0/step_000000.h5 runs/gd_1/step_000000.h5 && fail "seeds 0 and 1 start at the same weights"
train gd 0 80 again --save-every 20 --threads 1
run 1 slice again/step_000080.h5 --along to:runs/gd_0/step_000080.h5 --grid 3
holds err "zero" # the same bits: the difference of two equal runs is no direction
bad "runs/sam_0" "--force" -- train --mlp 64-4-10 --data "$DIGITS" --method sam --learning-rate 0.2 --steps 4 -o runs/sam_0
train sam 0 40 runs/sam_0 --save 0,20 --force
good train --mlp 64-10 --data "$DIGITS" --method sgd --learning-rate 0.1 --batch-size 200 --epochs 2 --schedule cosine -o plain --precision single
[ "$(ls plain | tr '\n' ' ')" = "step_000000.h5 step_000014.h5 " ] || fail "plain holds $(ls plain)"
good check plain/step_000014.h5 # refers to the original data by a relative path
good train --mlp 64-10 --data "$DIGITS" --learning-rate 0.1 --steps 2 --ignore-index 3 --loss-weights 1,2,1,1,0.5,1,1,1,1,1 --label-smoothing 0.1 -o weighted
LOSS="softmax_cross_entropy, label smoothing 0.1, ignore index 3, weights 1 2 1 1 0.5 1 1 1 1 1"
good info weighted/step_000002.h5
holds out "  loss        $LOSS"
good check weighted/step_000002.h5
holds out "recorded:train.loss"
good sharpness weighted/step_000002.h5
holds out "  loss function   $LOSS"
good track weighted plain --json
holds out '"loss": "several"'
holds out '"note": "runs weighted and plain: their losses differ: softmax_cross_entropy, label smoothing 0.1,.* against softmax_cross_entropy: '
holds err "warning: runs weighted and plain: their losses differ"
bad "runs weighted and plain cannot be compared: their losses differ: $LOSS against softmax_cross_entropy" -- compare weighted plain
bad "runs runs/gd_0 and plain cannot be compared: P = [0-9,]* against 650 parameters" -- compare runs/gd_0 runs/sam_0 plain
good train --mlp 64-4-10 --data "$DIGITS" --learning-rate 0.2 --steps 20 --subset 120 --label-noise 0.4 -o other_data # seed 0
bad "runs runs/sam_0 and other_data cannot be compared: their data differ at the same seed 0: SHA-256" -- compare runs/sam_0 other_data
good track runs/sam_0 other_data
holds out "note: runs runs/sam_0 and other_data: their data differ at the same seed 0: SHA-256 .*not to be held against each other"
train sam 7 20 unpaired
good compare runs/gd_0 unpaired
holds out "^- runs runs/gd_0 and unpaired: their data differ (SHA-256 .*) and no common seeds pair them: what differs may be the data"
holds err "warning: runs runs/gd_0 and unpaired: their data differ"
good compare runs/gd_0 runs/gd_1 runs/sam_0 runs/sam_1 # subsets of two seeds, each shared by the methods
grep -q "data differ" out err && fail "data of two seeds taken for unlike data: $(grep 'data differ' out err)"
good track weighted --json
holds out "\"loss\": \"$LOSS\""
bad "9 weights" "10 classes" -- train --mlp 64-10 --data "$DIGITS" --learning-rate 0.1 --steps 2 --loss-weights 1,1,1,1,1,1,1,1,1 -o new
bad "weight 1 of 2 is -1" -- train --mlp 64-10 --data "$DIGITS" --learning-rate 0.1 --steps 2 --loss-weights 1,-1 -o new
bad "mse takes no ignore_index" -- train --mlp 64-10 --data "$DIGITS" --learning-rate 0.1 --steps 2 --loss mse --ignore-index -1 -o new
run 2 train --mlp 64-10 --data "$DIGITS" --learning-rate 0.1 --steps 2 --ignore-index some -o new
holds err "wants a whole number"
run 2 train --mlp 64-10 --data "$DIGITS" --learning-rate 0.1 --steps 2 --ignore-index 3 --label-noise 0.1 -o new
run 2 train --mlp 64-x --data "$DIGITS" --learning-rate 0.1 --steps 1 -o new
run 2 train --mlp 64-10 --data "$DIGITS" --steps 1 -o new
run 2 train --mlp 64-10 --data "$DIGITS" --learning-rate 0.1 -o new
run 2 train --data "$DIGITS" --learning-rate 0.1 --steps 1 -o new
run 2 train --mlp 64-10 --learning-rate 0.1 --steps 1 -o new
run 2 train --mlp 64-10 --data "$DIGITS" --learning-rate 0.1 --steps 1
bad "unknown_op.json" "act1" "Frobnicate" -- train --graph unknown_op.json --data data.h5 --learning-rate 0.1 --steps 1 -o new
bad "cycle.json" "fc1" -- train --graph cycle.json --data data.h5 --learning-rate 0.1 --steps 1 -o new
bad "wide_data.h5\|6\|12" -- train --graph graph.json --data wide_data.h5 --learning-rate 0.1 --steps 1 -o new
bad "nowhere.h5" -- train --graph graph.json --data nowhere.h5 --learning-rate 0.1 --steps 1 -o new
good train --mlp 64-10 --data "$DIGITS" --method sam --learning-rate 0.1 --steps 20 --save 2,9,11 --save-consecutive 4 -o iterates
[ "$(ls iterates | sed 's/step_0*\(.*[0-9]\)\.h5/\1/' | tr '\n' ' ')" = "0 1 2 6 7 8 9 10 11 17 18 19 20 " ] || fail "runs of consecutive iterates: $(ls iterates)"
bad "save-consecutive must be at least 1" -- train --mlp 64-10 --data "$DIGITS" --learning-rate 0.1 --steps 2 --save-consecutive 0 -o new
bad "not a step" -- train --graph graph.json --data data.h5 --learning-rate 0.1 --steps 5 --save 9 -o new
bad "learning rate" -- train --graph graph.json --data data.h5 --learning-rate -1 --steps 5 -o new
run 0 train --mlp 64-4-10 --data "$DIGITS" --method gd --learning-rate 1e200 --steps 40 --save-every 20 --subset 120 --label-noise 0.2 -o runs/diverged
holds err "basin: warning: .*diverged"

GD=runs/gd_0/step_000040.h5
SAM=runs/sam_0/step_000040.h5
MSAM=runs/msam_0/step_000040.h5

# ---- good runs, JSON for any number of threads, results, figures, verification
good info $GD $MSAM
holds out "method      gd, learning rate 0.2"
holds out "perturbed: yes"
holds out "fc1.weight  \[4, 64\]"
good info $MSAM --gradient
holds out "cos(v, g)"
good info nan.h5
holds out "NaN or Inf"
good check $GD
holds out "taylor"
good check $MSAM
holds err "perturbed; undone"
good check $MSAM --as-stored
run 1 check wrong_record.h5
holds out "recorded:train.loss:theta:eval:full  *FAILED"
holds err "^basin: wrong_record.h5: check failed"

# same COMMAND…: --json is the same bytes for one and two threads and in two runs, and is one JSON document
same() {
    good "$@" --json --threads 1
    cp out one
    good "$@" --json --threads 2
    cmp -s out one || fail "basin $*: --json differs between one and two threads"
    good "$@" --json
    cmp -s out one || fail "basin $*: --json differs between two runs"
    holds one '^[[{]'
}
same info $GD --gradient
same info $GD $SAM
same check $GD
same spectrum $GD
same spectrum $GD --method lanczos --top 3 --bottom 2
same sane $GD $SAM
same slice $GD --along momentum --grid 7 --along random --range -0.5:0.5 --grid 5
same sharpness $MSAM --random 2
same track runs/gd_0 runs/diverged
same compare runs/gd_0 runs/gd_1 runs/sam_0 runs/sam_1 runs/msam_0 runs/msam_1

# stored NAME COMMAND…: -o and --plot at once; plot draws the same bytes from the file; verify passes
stored() {
    name=$1
    shift
    good "$@" -o "$name.h5" --plot "$name.svg"
    good plot "$name.h5" -o again.svg
    cmp -s again.svg "$name.svg" || fail "plot of $name.h5 differs from --plot at once"
    good plot "$name.h5" -o "$name.pdf" --title Title --caption
    [ -s out ] || fail "plot $name.h5 --caption: no caption"
    good plot "$name.h5" -o "$name.png" --width 6.75 --dpi 72
    good verify "$name.h5"
    holds out "  verified"
}
stored spectrum spectrum $GD
stored truncated spectrum $GD --method lanczos --top 3 --bottom 2 --vectors
stored line slice $GD --along momentum --grid 11
stored plane slice $MSAM --grid 7 --along eigen:1 --along gradient --orthogonal --scale 0.5
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
if grep -q "not verified" out; then fail "spectrum $GD: not verified: $(head -c 300 out)"; fi
good sane $GD -o sane.h5
good verify sane.h5
good sane $GD --ritz 20 --k 2 --alpha 0.1
good info $GD -o info.h5
good verify info.h5
good check $GD -o check.h5
good verify check.h5
good plot spectrum.h5 truncated.h5 -o two.svg --label dense --label lanczos
good plot track.h5 -o rate.svg --x step --y sane
mkdir -p moved/deep && cp spectrum.h5 moved/deep/ # not beside its inputs any more
run 1 verify moved/deep/spectrum.h5
mkdir tree && cp -r runs tree/ && cp spectrum.h5 tree/ # moved together
good verify tree/spectrum.h5
run 2 plot spectrum.h5 -o two.svg --label a --label b
run 2 plot spectrum.h5
run 2 plot spectrum.h5 -o picture.gif
run 2 spectrum $GD --plot picture.gif
run 2 info $GD --plot picture.svg
run 2 sane $GD $SAM -o both.h5
bad "spectrum.h5\|kind" -- plot spectrum.h5 sharpness.h5 -o mixed.svg
bad "nonsense" -- plot spectrum.h5 -o kind.svg --kind nonsense
bad "good.h5" -- plot good.h5 -o checkpoint.svg
bad "data.h5" -- verify data.h5

# ---- verify notices
cp -r runs tampered_runs
mkdir tampered && (cd tampered && mv ../tampered_runs runs && "$B" spectrum $GD -o spectrum.h5 >/dev/null && "$B" compare runs/gd_0 runs/sam_0 -o compare.h5 >/dev/null)
good verify tampered/spectrum.h5
cp runs/gd_1/step_000040.h5 tampered/runs/gd_0/step_000040.h5 # another checkpoint under the same name
run 1 verify tampered/spectrum.h5
holds err "1 of 2 inputs are not what they were"
rm tampered/runs/gd_0/step_000040.h5
run 1 verify tampered/spectrum.h5
run 1 verify tampered/compare.h5

# ---- a perturbed checkpoint is undone, an unknown one is asked about
for c in "spectrum" "sane" "sharpness" "slice --along momentum --grid 5" "info --gradient" "check"; do
    run 1 $c unknown.h5
    holds err "as stored (--as-stored)"
    holds err "stored + s v (--undo), s = 2.5"
    holds err "^basin: unknown.h5: perturbed or not?"
    holds err "weights of another method convert with --method NAME or --perturbed no"
done
"$B" sharpness unknown.h5 --undo --json >undo 2>/dev/null
"$B" sharpness perturbed.h5 --json >perturbed 2>note
grep -q 'perturbed; undone: theta = stored + 2.5 v' note || fail "no note that perturbed.h5 was undone: $(cat note)"
value() { grep -o '"loss": [0-9.e-]*' "$1" | head -1; }
[ -n "$(value undo)" ] && [ "$(value undo)" = "$(value perturbed)" ] || fail "--undo of unknown.h5 gives $(value undo), perturbed.h5 $(value perturbed)"
"$B" sharpness perturbed.h5 --as-stored --json >stored
"$B" sharpness good.h5 --json >plain.json # the same weights, said to be unperturbed
[ "$(value stored)" = "$(value plain.json)" ] || fail "--as-stored of perturbed.h5 gives $(value stored), good.h5 $(value plain.json)"
[ "$(value stored)" = "$(value undo)" ] && fail "undoing changed nothing"
good spectrum decay.h5 --include-weight-decay
holds out "0.01/2"
bad "weight decay" -- spectrum good.h5 --include-weight-decay

# ---- statistics of BatchNorm
cp "$DATA"/oracle_bn*.h5 .
good spectrum oracle_bn.h5 --bn batch:16 -o batch.h5
holds out "BatchNorm statistics batch:16"
holds out "loss  *1.7384035"
good verify batch.h5
good spectrum oracle_bn.h5
holds out "BatchNorm statistics stored"
good slice oracle_bn.h5 --along random --grid 5 --bn reestimate --threads 1 --json
holds out '"bn": "reestimate"'
holds out '"slope": null, "curvature": null'
mv out alone
good slice oracle_bn.h5 --along random --grid 5 --bn reestimate --threads 3 --json
cmp -s out alone || fail "slice --bn reestimate: other bytes with 3 threads than with 1"
good slice oracle_bn.h5 --along to:oracle_bn_other.h5 --scale unit --range 0:10 --grid 3 --bn interpolate -o moved.h5 --plot moved.svg
holds out "no prediction: the statistics of BatchNorm move"
good verify moved.h5
good track oracle_bn.h5 --bn reestimate --json
holds out '"bn": "reestimate"'
holds out '"note": null'
good track oracle_bn.h5 --plot curve.svg
holds out "^BatchNorm statistics stored"
holds out "with BatchNorm the ceiling is that of training mode: --bn batch:SIZE"
grep -q "seed -1" out && fail "an unknown seed is printed: $(cat out)"
good track oracle_bn.h5 --bn batch:16
grep -q "training mode" out && fail "a caveat of the ceiling in training mode itself: $(cat out)"
good track oracle_bn_other.h5 --method lanczos --top 1 --bottom 1
holds out "note: the BatchNorm statistics of 1 checkpoint were gathered at the perturbed weights"
holds err "warning: the BatchNorm statistics of 1 checkpoint were gathered at the perturbed weights"
holds out "≥ "
good track oracle_bn_other.h5 --bn reestimate
grep -q "gathered at the perturbed" out err && fail "a warning of stored statistics although they are estimated: $(cat out err)"
good compare oracle_bn_other.h5
holds out "^BatchNorm statistics stored"
holds out "^- the BatchNorm statistics of [12] checkpoints* were gathered at the perturbed weights"
holds err "warning: the BatchNorm statistics of [12] checkpoints* were gathered"
good info oracle_bn.h5 --gradient --bn batch:16
holds out "  gradient .*, BatchNorm statistics batch:16"
bad "oracle_bn.h5: --bn batch:100000: a batch is larger than the [0-9]* samples of train" -- spectrum oracle_bn.h5 --bn batch:100000
good check oracle_bn.h5 --bn batch:16
good spectrum oracle_bn_other.h5 --top 1 --bn reestimate
grep -q 'gathered at the perturbed' err && fail "a warning of stored statistics although they are estimated: $(cat err)"
good spectrum oracle_bn_other.h5 --top 1
holds err "oracle_bn_other.h5: its BatchNorm statistics were gathered at the perturbed weights.*--bn reestimate"
good spectrum "$GD"
grep -q BatchNorm out && fail "BatchNorm statistics of a network that has none: $(cat out)"
bad "$GD" "the network has no BatchNormalization" -- spectrum "$GD" --bn batch:8
bad "node bn1 (BatchNormalization)" "at coordinate -9 the variance bn1.var" -- slice oracle_bn.h5 --along to:oracle_bn_other.h5 --range -9:1 --bn interpolate
bad "needs --along to:OTHER" -- slice oracle_bn.h5 --along random --bn interpolate
run 2 sane oracle_bn.h5 --bn interpolate
holds err "only slice takes it"
run 2 check oracle_bn.h5 --bn reestimate
holds err "hold the statistics constant"
for value in batch: batch:0 batch:-3 batch:4x running; do
    run 2 spectrum oracle_bn.h5 --bn $value
    holds err "wants stored | reestimate | interpolate | batch:SIZE, got «$value»"
done

# ---- where a checkpoint is measured: polished, averaged
number() { grep -o "\"$2\": *[0-9][0-9.e+-]*" "$1" | head -1 | sed 's/.*: *//'; } # FILE KEY: the first value of that key in a document
# equal WHAT A B: two numbers that agree to nine digits
equal() {
    [ -n "$2" ] && [ -n "$3" ] && awk "BEGIN { d = $2 - $3; exit !(d * d <= 1e-18 * $3 * $3) }" || fail "$1: $2 and $3 differ"
}
for c in info spectrum sane slice sharpness track compare; do
    good $c --help
    for o in polish polish-step average rows test-samples; do holds out "^  --$o "; done
done
for c in track compare; do
    good $c --help
    for o in no-polish at-loss tolerance stationarity-products; do holds out "^  --$o "; done
done
run 2 check $GD --polish 3 # holds the record against the weights that it is of
holds err "unknown option --polish"
train gd 5 6 steepest --momentum 0 --save 0,3 # what six plain gradient steps lead to
good spectrum steepest/step_000000.h5 --polish 6 -o polished.h5
holds out "step_000000.h5 (unperturbed, polished)"
holds out "^  polished        6 steps of 0.2: theta moved by [0-9.]*, loss [0-9.]* -> [0-9.]*, |g| [0-9.]* -> [0-9.]*$"
good verify polished.h5
same spectrum steepest/step_000000.h5 --polish 6
holds one '"polish": {"steps": 6, "step": 0.2[0-9]*, "halvings": 0,'
holds one '"point": "unperturbed, polished"'
polished=$(number one loss) moved=$(number one loss_after)
good spectrum steepest/step_000006.h5 --json
equal "six steps of a polish and of training" "$polished" "$(number out loss)"
equal "the loss after a polish" "$moved" "$(number out loss)"
good spectrum steepest/step_000003.h5 --polish 3 --polish-step 0.2 --split test --json # down the training loss all the same
cp out one
good spectrum steepest/step_000006.h5 --split test --json
equal "a polish measured on the split test" "$(number one loss)" "$(number out loss)"
good spectrum decay.h5 --polish 2 --json # along the gradient with the coupled weight decay
cp out one
good spectrum good.h5 --polish 2 --json
[ "$(number one loss_after)" != "$(number out loss_after)" ] || fail "a polish leaves coupled weight decay out"
good slice $MSAM --along momentum --grid 3 --polish 2
holds out "(undone, polished)"
good sane $SAM --polish 500 --polish-step 40
holds out "polished        .* steps of at least .* (halved .* times, where the loss would have risen)"
good info $SAM --gradient --polish 3
holds out "^  polished        3 steps of 0.2"
good spectrum $GD --polish 4 --dry-run
holds out "315 products, 7 gradients, 5 losses"
run 2 info $SAM --polish 3
holds err "info: --polish and --average measure with the data: add --gradient"
run 2 spectrum $GD --polish-step 0.1
holds err "spectrum: --polish-step without --polish"
run 2 spectrum $GD --polish many
bad "polish must be at least 1 step" -- spectrum $GD --polish 0
bad "polish must not be negative, got -3" -- spectrum $GD --polish -3
for step in 0 -0.1 inf; do bad "polish-step must be positive and finite, got" -- sane $GD --polish 3 --polish-step $step; done
bad "nan.h5: /parameters/fc1.weight\|nan.h5: .*fc1.weight" -- spectrum nan.h5 --polish 20
for file in rate_none rate_zero; do
    bad "^basin: $file.h5: --polish: how large are its steps? the checkpoint records no learning rate > 0: --polish-step X" -- sharpness $file.h5 --polish 20
    good sharpness $file.h5 --polish 20 --polish-step 0.1
done
same sharpness average/step_12.h5 --average 3
holds one '"averaged": 3'
holds one '"point": "unperturbed, averaged"'
averaged=$(number one loss)
good sharpness average/mean.h5 --json
equal "the mean of three checkpoints, one of them perturbed" "$averaged" "$(number out loss)"
good sharpness average/step_12.h5 --average 3 --polish 2 -o both.h5
holds out "(unperturbed, averaged, polished)"
holds out "^  averaged        the weights of 3 checkpoints of consecutive steps"
good verify both.h5
good sharpness average/mean.h5 --polish 2 --json
cp out one
good sharpness average/step_12.h5 --average 3 --polish 2 --json
equal "polished from the average" "$(number one loss)" "$(number out loss)"
bad "average/step_12.h5: --average 5: its folder does not hold step 9; basin train --save-consecutive 5 saves those before every step" -- sane average/step_12.h5 --average 5
bad "average/step_12.h5: --average 6: its folder does not hold steps 7, 9; " -- sane average/step_12.h5 --average 6
bad "average/step_12.h5: --average 20: at step 12 there are no 19 before it" -- sane average/step_12.h5 --average 20
bad "step_20.h5: .*fc1.weight" -- sane average/step_21.h5 --average 2
bad "average must be at least 2 checkpoints, got 1" -- sane average/step_12.h5 --average 1
cp average/step_11.h5 average/again.h5
bad "which is step 11, average/again.h5 or average/step_11.h5?" -- sane average/step_12.h5 --average 3
rm average/again.h5
run 0 spectrum "$DATA/oracle_bn.h5" --method lanczos --top 1
grep -q "mean of the weights" err && fail "a warning of statistics although nothing was averaged"

# ---- which samples
good spectrum $GD --samples 60
holds out "N = 60 of 120 samples"
good spectrum $GD
holds out "N = 120 samples of"
good slice $GD --along momentum --grid 3 --samples 60 # the split test stays whole
holds out "^  train .*  60 samples"
holds out "^  test .*  500 samples"
good slice $GD --along momentum --grid 3 --test-samples 40
holds out "^  train .*  120 samples"
holds out "^  test .*  40 samples"
bad "test-samples: no split test is measured" -- spectrum $GD --test-samples 40
bad "samples and --rows choose training samples, --test-samples those of the split test" -- spectrum $GD --split test --samples 40
bad "test-samples must be at least 1" -- slice $GD --along momentum --test-samples 0
good spectrum $GD --split test --test-samples 40
holds out "N = 40 of 500 samples"
printf '0 2\t3\r\n4,6, 7\n' >rows.txt # all that are clean
good spectrum noisy.h5 --rows rows.txt -o rows.h5
holds out "N = 6 of 8 samples"
good verify rows.h5
good spectrum noisy.h5 --rows rows.txt --json
clean=$(number out loss)
holds out '"role": "rows", "path": "rows.txt", "digest": "[0-9a-f]\{64\}"'
mkdir clean && cp noisy.h5 noisy_data.h5 clean
good track clean --json
equal "the training loss on clean labels" "$(number out clean_train_loss)" "$clean"
good track clean --rows rows.txt --no-polish --json # nothing is left out of them
equal "rows that are all clean" "$(number out clean_train_loss)" "$(number out train_loss)"
plain=$(number out train_loss)
good track clean --rows rows.txt --no-polish --include-weight-decay --json
equal "rows that are all clean, with weight decay in both losses" "$(number out clean_train_loss)" "$(number out train_loss)"
[ "$(number out train_loss)" != "$plain" ] || fail "--include-weight-decay left the training loss at $plain"
good track clean --samples 5 --seed 3 --no-polish --json # the clean ones of the same draw: fewer, or the same loss
clean=$(number out clean_train_loss)
good track clean --samples 5 --seed 4 --no-polish --json
[ "$(number out clean_train_loss)" != "$clean" ] || fail "the clean training loss does not follow the samples: $clean"
good track oracle_bn.h5 --json
holds out '"clean_train_loss": null' # no split noisy
cp rows.txt kept.txt
echo 1 >>rows.txt
run 1 verify rows.h5
holds out "rows rows.txt: changed: SHA-256 was"
holds err "1 of 3 inputs are not what they were"
cp kept.txt rows.txt
run 2 spectrum noisy.h5 --rows rows.txt --samples 3
holds err "rows and --samples both choose training samples"
reject() { # CONTENT MESSAGE: as a file of rows
    printf "$1" >rejected.txt
    bad "$2" -- spectrum noisy.h5 --rows rejected.txt
    bad "$2" -- track clean --rows rejected.txt
}
reject '' "rejected.txt: names no row"
reject ' \n,\n' "rejected.txt: names no row"
reject '0\n1 two\n' "rejected.txt: line 2: «two» is not the number of a row"
reject '0\n\n-1\n' "rejected.txt: line 3: «-1» is not the number of a row"
reject '0\n1.5' "rejected.txt: line 2: «1.5» is not the number of a row"
reject '0\n1\n8\n' "rejected.txt: line 3: the split train has rows 0 to 7 and no row 8"
reject '99999999999999999999999\n' "rejected.txt: line 1: the split train has rows 0 to 7 and no row"
reject '3 4\n5 3\n' "rejected.txt: line 2: row 3 stands in line 1 already"
reject '3\0004\n' "rejected.txt: line 1: holds a zero byte"
bad "nowhere.txt: No such file" -- spectrum noisy.h5 --rows nowhere.txt
bad "empty_folder\|clean: is not a regular file" -- spectrum noisy.h5 --rows clean

# ---- rows at several points, on halves of a subset
good track runs/gd_0 runs/msam_0
holds out "way down, 5 pr."
holds out "^  *20  *.*curv. -\|^  *20  *.* %  *.* %$"
holds out "^  polished  "
holds out "^  step 40, polished by 20 steps of 0.2: theta moved by "
[ "$(grep -c '^  polished  ' out)" = 2 ] || fail "of msam_0 steps 20 and 40 are polished, of gd_0 none: $(grep polished out)"
good track runs/gd_0 runs/msam_0 --json
holds out '"point": "mixed"'
holds out '"weights": "undone"'
good track runs/msam_0 --no-polish --stationarity-products 3
holds out "way down, 3 pr."
grep -q "polished" out && fail "--no-polish polishes: $(grep polished out)"
good track $MSAM --no-polish --json
holds out '"point": "undone"'
good track runs/gd_0 --json
holds out '"point": "unperturbed"'
good track runs/gd_0 --polish 3
[ "$(grep -c '^  polished  ' out)" = 5 ] || fail "--polish 3 polishes every checkpoint: $(grep polished out)"
run 2 track runs/gd_0 --polish 3 --no-polish
holds err "track: --no-polish beside --polish"
good track rate_none.h5
holds out "note: 1 checkpoint records no learning rate > 0 and is not polished; --polish-step X gives one"
holds err "warning: 1 checkpoint records no learning rate"
good track average --average 3
holds out "^  averaged  "
holds out "note: .*checkpoints could not be averaged with the 2 before; the first: "
bad "no checkpoint could be averaged; the first: runs/gd_0/step_000000.h5: --average 2: at step 0" -- track runs/gd_0 --average 2
good track runs/gd_0 --every 4 --samples 60
holds out "seed 0, N = 60 of 120, test N = 500"
holds out "^  step 80: lambda max .* ± .* over the choice of 60 of 120 samples; .* and .* on halves of these, mean "
good track runs/gd_0 --every 4 --samples 60 --json
[ "$(grep -o '"part": [0-9]' out | tr -d '\n')" = '"part": 0"part": 1"part": 2"part": 0"part": 1"part": 2' ] || fail "parts of a subset: $(grep -o '"part": [0-9]' out)"
holds out '"split_samples": 120'
same track runs/msam_0 --samples 60
stored subset track runs/sam_0 --samples 60 --polish 5
bad "tolerance must lie in" -- track runs/gd_0 --tolerance 2
good track runs/gd_0 --every 4 --method lanczos --top 1 --bottom 1 --tolerance 1e-3
holds out "^  *80 .* ≥ "
good train --mlp 64-16-10 --data "$DIGITS" --learning-rate 0.5 --steps 300 --save 200 --subset 40 -o separable
good track separable
holds out "all training samples are classified right and |theta| grows: cross-entropy has no minimum here, only a limit"
good track separable --include-weight-decay # of 0: the same
holds out "only a limit"
good train --mlp 64-16-10 --data "$DIGITS" --learning-rate 0.5 --steps 300 --save 200 --subset 40 --label-smoothing 0.1 -o smoothed
good track smoothed
grep -q "only a limit" out && fail "a smoothed cross-entropy is said to have no minimum"
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
holds out '"point": "mixed"'
good compare runs/gd_0 runs/gd_1 runs/sam_0 runs/sam_1 --no-polish
grep -q "polished" out && fail "compare --no-polish polishes: $(grep polished out)"
good compare runs/gd_0 runs/gd_1
grep -q "polished" out && fail "runs of GD alone are polished: $(grep polished out)"
good compare runs/gd_0 runs/sam_0 --samples 60 --test-samples 100 --method lanczos --top 1 --bottom 1 --tolerance 1e-4
holds out "N = 60 of 120 training samples, 100 test samples"
holds out "(± error of the choice of training samples, from halves of them)"

# ---- at equal training loss
same track runs/gd_0 runs/sam_0 --at-loss 1.5
holds one '"at_loss": 1.5'
equal "the training loss of the first row" "$(number one train_loss)" 1.5
stored at_loss track runs/gd_0 runs/sam_0 runs/gd_1 --at-loss 1.5
good track runs/gd_0 runs/sam_0 --at-loss 1
holds out "^runs/gd_0: gd, .*, between checkpoints, at training loss 1"
holds out "missing: runs/sam_0/step_000040.h5: the run does not come down to a training loss of 1: its lowest is 1.2[0-9]* at step 40"
good track runs/gd_0 --at-loss 5 # at the first checkpoint already
holds out "note: training loss 5: 1 row lies between no two checkpoints and stands as measured at the first at or below it"
bad "runs/gd_0 and ./runs/gd_0 are one run, named twice" -- compare runs/gd_0 runs/sam_0 ./runs/gd_0
bad "at-loss: no run comes down to a training loss of 0.01; the lowest is in runs/gd_0 0.7[0-9]* at step 80, runs/sam_0 1.2[0-9]* at step 40" \
    -- track runs/gd_0 runs/sam_0 --at-loss 0.01
bad "at-loss: no run comes down to a training loss of 0.01; the lowest is in runs/gd_0 0.7[0-9]* at step 80" -- compare runs/gd_0 runs/sam_0 --at-loss 0.01
bad "training loss 1 is reached by runs of one method only: runs/sam_0 got to 1.2" -- compare runs/gd_0 runs/sam_0 --at-loss 1
bad "at-loss: no checkpoint gives a training loss; the last: .*500 samples asked for, split train has 120" -- track runs/gd_0 --at-loss 1 --samples 500
for c in track compare; do
    for loss in 0 -1 inf; do bad "at-loss must be positive and finite" -- $c runs/gd_0 --at-loss $loss; done
done
same compare runs/gd_0 runs/gd_1 runs/sam_0 runs/sam_1 runs/msam_0 runs/msam_1 --at-loss 2.1
good compare runs/gd_0 runs/gd_1 runs/sam_0 runs/sam_1 --at-loss 2.1
holds out "^compared at training loss 2.1, N = 120 training samples"
stored equal compare runs/gd_0 runs/gd_1 runs/sam_0 runs/sam_1 --at-loss 2.1

# ---- results of before
for c in "verify old.h5" "plot old.h5 -o old.svg"; do
    cp "$DATA/result_format_1.h5" old.h5
    bad "^basin: old.h5: a result of format 1, made by older rules" "compute it again: basin sane build/demo/runs/gd_0/step_000400.h5" -- $c
done
good sane $GD -o old.h5 # computed again, in its place
good verify old.h5

# ---- bad input: one line that names the file and the object, nothing left
head -c 3000 $GD >truncated_file.h5
printf 'not HDF5 at all, only words\n' >words.h5
: >empty.h5
for c in info check spectrum sane sharpness "slice --along momentum"; do
    bad "nowhere.h5" -- $c nowhere.h5
    bad "words.h5" -- $c words.h5
done
bad "truncated_file.h5" -- info truncated_file.h5
bad "empty.h5" -- info empty.h5
for at in 127 135 815 823 1239 1247 1287 1295 1335 1343; do # damage that HDF5 itself stumbles over must not add lines of its own to ours
    cp good.h5 damaged.h5
    printf '\200' | dd of=damaged.h5 bs=1 seek="$at" conv=notrunc 2>/dev/null
    "$B" info damaged.h5 >out 2>err
    status=$?
    case $BUILD in
    *address*) ! grep -q 'ERROR: AddressSanitizer' err || fail "info of a file damaged at byte $at: $(head -c 300 err)" ;; # adds lines of its own
    *) [ $status != 1 ] || [ "$(wc -l <err)" = 1 ] || fail "info of a file damaged at byte $at: $(head -c 300 err)" ;;
    esac
done
bad "newer.h5" "version" "2" -- info newer.h5
bad "unfinished.h5" -- info unfinished.h5
bad "missing_group.h5: /parameters" -- info missing_group.h5
bad "missing_parameter.h5" "fc2.weight" -- info missing_parameter.h5
bad "wrong_shape.h5" "fc1.weight" "4, 6" "6, 4" -- info wrong_shape.h5
bad "wrong_rank.h5" "fc1.weight" -- info wrong_rank.h5
bad "wrong_type.h5" "fc1.bias" -- info wrong_type.h5
bad "external_link.h5" "fc1.bias" "link" -- info external_link.h5
bad "virtual.h5" "fc1.bias" "virtual" -- info virtual.h5
bad "huge.h5" "fc1.bias" -- info huge.h5
for c in check spectrum sane sharpness "slice --along momentum" "info --gradient"; do bad "nan.h5" "fc1.weight" -- $c nan.h5; done
bad "class" "7" -- spectrum good.h5 --data class_out_of_range.h5
bad "12\|6" -- spectrum good.h5 --data wide_data.h5
bad "wrong_digest.h5" "data.h5" -- spectrum wrong_digest.h5
good sharpness wrong_digest.h5 --data data.h5
bad "nowhere.h5" -- spectrum good.h5 --data nowhere.h5
bad "validation" -- spectrum good.h5 --split validation
bad "samples" -- spectrum good.h5 --samples 0
bad "good.h5" "100 samples" "8" -- spectrum good.h5 --samples 100
bad "^basin: no_momentum.h5: --along momentum: it saved no momentum: the state of its optimizer was not saved" \
    "; --along to:zero_momentum.h5 leads back to the checkpoint before it, uphill" "in the same folder a momentum is in .*.h5, .*.h5, .*.h5 and" \
    -- slice no_momentum.h5 --along momentum
bad "SAM wrapper does not hold it, that of its base optimizer does; --along to:$S/" -- slice "$S/sam_no_momentum.h5" --along momentum
bad "its optimizer has none (coefficient 0); --along to:" -- slice plain_no_momentum.h5 --along momentum
bad "there is none before the first step; in the same folder" -- slice first_no_momentum.h5 --along momentum
run 0 slice rounding.h5 --along momentum --grid 3
holds err "basin: warning: rounding.h5: the momentum is at rounding level"
bad "zero_momentum.h5: .*zero" -- slice zero_momentum.h5 --along momentum
bad "zero" -- slice good.h5 --along to:good.h5
bad "good.h5: .*parallel" -- slice good.h5 --along gradient --along gradient
bad "good.h5: .*parallel" -- slice good.h5 --along gradient --along gradient --orthogonal
bad "1:-1" -- slice good.h5 --along gradient --range 1:-1
bad "1:1" -- slice good.h5 --along gradient --range 1:1
bad "nan:1" -- slice good.h5 --along gradient --range nan:1
bad "inf" -- slice good.h5 --along gradient --range -1:inf
bad "grid" "0" -- slice good.h5 --along gradient --grid 0
bad "grid" "-3" -- slice good.h5 --along gradient --grid -3
bad "--scale" -- slice good.h5 --along gradient --scale 0
bad "gd_0/step_000040.h5" -- slice good.h5 --along to:$GD
run 2 slice good.h5 --along sideways
run 2 slice good.h5 --along gradient --along momentum --along random
run 2 slice good.h5
bad "$GD" "P = 310\|310 parameters" "bytes" -- spectrum $GD --method dense --memory 700K
bad "radius" -- sharpness good.h5 --rho 0.1,nan
bad "$GD" "310 parameters" "bytes" -- spectrum $GD --method dense --memory 700K --dry-run
bad "radius" -- sharpness good.h5 --rho 0.1,nan --dry-run
bad "runs/sam_0" -- slice good.h5 --along to:runs/sam_0/none.h5 --dry-run

# ---- dry runs: as many products as the run itself, and nothing of its result
good spectrum $GD --dry-run
holds out "dry run         spectrum, dense, nothing computed: 315 products, 2 gradients, 5 losses"
holds out "products        .* samples in .* parts: all kept"
holds out "memory          .* at the height, limit"
holds out "time            .* s, of it .* s of reading and compiling"
holds out "eigenvalues      1"
good spectrum $GD --method lanczos --top 3 --dry-run
holds out "lanczos, nothing computed: .* products expected (at most "
good spectrum $GD $GD --dry-run --json
[ "$(grep -o '"kind": *"forecast"' out | wc -l)" = 2 ] || fail "two checkpoints give two forecasts: $(head -c 300 out)"
good sane $GD --dry-run
holds out "sane, dense, nothing computed: 315 products, 2 gradients, 5 losses"
good sane $GD --ritz 7 --dry-run
holds out "sane, ritz, nothing computed: 12 products, 2 gradients, 5 losses"
good slice $GD --along random --grid 5 --along gradient --grid 5 --dry-run
holds out "slice, nothing computed: 7 products, 3 gradients, 57 losses" # 25 points and the centre, on train and test
bad "eigen:311" "310 eigenvalues" -- slice $GD --along eigen:311 --dry-run
good sharpness $GD --rho 0.1,0.2 --dry-run
holds out "sharpness, nothing computed: 5 products, 2 gradients, "
good sharpness $GD --rho 0.1,0.2 --top --dry-run
holds out "products expected (at most "
good sharpness $GD $SAM --top
holds out "cos^2(v, e1) = .*cos^2(g, e1) = "
[ "$(grep -c "^  sam .* 0\.4  " out)" = 2 ] || fail "radii of checkpoints named together: $(grep '^  sam' out)" # 4 times SAM's rho, for GD too
holds out "g and v differ from method to method"
good sharpness $GD --rho 1e-7
holds out "below 100 times the rounding of the loss"
bad "nowhere.h5" -- sharpness $GD nowhere.h5
bad "kappa" -- sane good.h5 --kappa -1
bad "empty_folder" -- track empty_folder
mkdir empty_folder
bad "empty_folder" -- compare empty_folder
bad "threads" -- track runs/gd_0 --threads 5000
bad "every" -- track runs/gd_0 --every 0
bad "nan.h5" -- track nan.h5

# ---- diverged checkpoints are marked missing, listed at the end, and the work goes on
good track runs/gd_0 runs/diverged
holds out "missing: runs/diverged/step_0000"
good track runs/diverged --json
holds out '"missing": "'
cp -r runs/gd_0 broken && cp unfinished.h5 broken/step_000100.h5
good track broken --every 2
holds out "missing: broken/step_000100.h5: .*complete"
good compare runs/gd_0 runs/gd_1 runs/sam_0 runs/sam_1 runs/diverged
holds out "missing: runs/diverged/step_0000"

# ---- outputs that cannot be written are noticed before the work
bad "nofolder/x.h5" -- spectrum $GD -o nofolder/x.h5
bad "nofolder/x.svg" -- spectrum $GD --plot nofolder/x.svg
bad "nofolder/x.svg" -- plot spectrum.h5 -o nofolder/x.svg
bad "cannot be" -- train --mlp 64-10 --data "$DIGITS" --learning-rate 0.1 --steps 1 -o good.h5/run
bad "empty_folder" -- spectrum $GD -o empty_folder
cp good.h5 kept.h5
for c in spectrum "slice --along momentum --grid 3" info; do bad "kept.h5" "not a result" -- $c kept.h5 -o kept.h5; done # never the input itself
bad "data.h5" "not a result" -- spectrum good.h5 -o data.h5
cmp -s good.h5 kept.h5 || fail "-o changed its own input"
good spectrum $GD -o spectrum.h5 # another result is replaced
mkfifo pipe
bad "pipe" "regular" -- spectrum $GD -o pipe
mkdir own && cp "$DIGITS" own/data.h5
for force in "" --force; do
    bad "own/data.h5" -- train --mlp 64-10 --data own/data.h5 --subset 50 --learning-rate 0.1 --steps 1 $force -o own
    cmp -s "$DIGITS" own/data.h5 || fail "train replaced the data it was to read"
done
mkdir others && echo precious >others/data.h5
bad "others/data.h5" "--force" -- train --mlp 64-10 --data "$DIGITS" --subset 50 --learning-rate 0.1 --steps 1 -o others
[ "$(cat others/data.h5)" = precious ] || fail "train replaced a data.h5 without --force"
for o in momentum rho; do
    run 2 train --mlp 64-10 --data "$DIGITS" --method sam --learning-rate 0.1 --steps 1 --$o nan -o new # must not pass for «not given»
    holds err "wants a number"
done
bad "1024" -- spectrum $GD --threads 100000
bad "a?b" -- info "a
b.h5"
if [ "$(id -u)" != 0 ]; then # root may write anywhere
    chmod a-w empty_folder
    bad "empty_folder/x.h5" -- spectrum $GD -o empty_folder/x.h5
    chmod u+w empty_folder
fi
(ulimit -f 4 && "$B" spectrum $GD -o full.h5 >out 2>err) # as a full disk: 2 kB and no more
[ $? = 1 ] || fail "spectrum with no room for its result: wanted status 1: $(head -c 300 err)"
holds err "^basin: full.h5"
[ -z "$(ls full* 2>/dev/null)" ] || fail "no room left $(ls full*)"
if [ -w /dev/full ]; then
    "$B" info $GD >/dev/full 2>err && fail "info > /dev/full succeeded"
    holds err "^basin: standard output"
fi

# ---- Ctrl-C: 130, one line, nothing left
interrupt() { # OUTPUT COMMAND…
    output=$1
    shift
    ls -A >before
    "$B" "$@" >out 2>err &
    child=$!
    sleep 1
    kill -INT $child 2>/dev/null || fail "basin $*: ended before it could be interrupted"
    wait $child
    got=$?
    [ $got = 130 ] || fail "basin $*: exit status $got after an interrupt"
    holds err "^basin: interrupted"
    ls -A >after
    cmp -s before after || fail "basin $*: left $(diff before after | tail -n +2 | tr '\n' ' ')"
    [ -e "$output" ] && fail "basin $*: wrote $output although interrupted"
}
good train --mlp 64-60-10 --data "$DIGITS" --method gd --learning-rate 0.1 --steps 2 -o wide
interrupt long.h5 spectrum wide/step_000002.h5 --method dense --memory 8G -o long.h5 --plot long.svg
interrupt long.h5 slice wide/step_000002.h5 --along random --along random --grid 2001 -o long.h5

# ---- on a terminal: what will be done, a bar, and the same table (where a pseudo-terminal is to be had)
if script -qec true /dev/null >/dev/null 2>&1 </dev/null; then
    script -qec "$B spectrum $GD --method dense" typescript >/dev/null </dev/null || fail "spectrum on a terminal failed"
    holds typescript "basin: dense: 310 products over 120 samples"
    holds typescript "lambda_1/5"
fi

[ -z "$(find . -name '*.part' -o -name '*.check')" ] || fail "left behind: $(find . -name '*.part' -o -name '*.check')"
printf 'commands_test: %s runs of basin, %s failures\n' "$count" "$failures"
[ "$failures" = 0 ]

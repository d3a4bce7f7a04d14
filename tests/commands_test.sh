# Every command end to end: help, good runs, wrong options, bad input, the same bytes for any threads, verify, interruption.
# Run by tests/run.sh with BUILD and BASIN_SCRATCH set; prints a line per failure.
case $BUILD in /*) ;; *) BUILD=$PWD/$BUILD ;; esac
B=$BUILD/basin
DIGITS=$PWD/samples/digits.h5
DATA=$PWD/tests/data
FILES=$BUILD/tests/test_command_files
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
"$FILES" "$S" >out 2>&1 || fail "test_command_files: $(tail -3 out)"
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
holds out "dry run         spectrum, dense, nothing computed: 311 products, 2 gradients, 0 losses"
holds out "products        .* samples in .* parts: all kept"
holds out "memory          .* at the height, limit"
holds out "time            .* s, of it .* s of reading and compiling"
holds out "eigenvalues      1"
good spectrum $GD --method lanczos --top 3 --dry-run
holds out "lanczos, nothing computed: .* products expected (at most "
good spectrum $GD $GD --dry-run --json
[ "$(grep -o '"kind": *"forecast"' out | wc -l)" = 2 ] || fail "two checkpoints give two forecasts: $(head -c 300 out)"
good sane $GD --dry-run
holds out "sane, dense, nothing computed: 311 products, 2 gradients, 0 losses"
good sane $GD --ritz 7 --dry-run
holds out "sane, ritz, nothing computed: 8 products, 2 gradients, 0 losses"
good slice $GD --along random --grid 5 --along gradient --grid 5 --dry-run
holds out "slice, nothing computed: 3 products, 3 gradients, 52 losses" # 25 points and the centre, on train and test
bad "eigen:311" "310 eigenvalues" -- slice $GD --along eigen:311 --dry-run
good sharpness $GD --rho 0.1,0.2 --dry-run
holds out "sharpness, nothing computed: 1 products, 2 gradients, "
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

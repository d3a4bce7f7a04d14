# watch: checkpoints as they land, half-written, changed and deleted; what track computes afterwards; kills and Ctrl-C; violations.
. "$(dirname "$0")/lib.sh"
topic

# watched PATTERN… -- COMMAND…: it succeeds, and of its lines on stderr each holds one of the patterns
watched() {
    : >warnings
    while [ "$1" != -- ]; do
        printf '%s\n' "$1" >>warnings
        shift
    done
    shift
    run 0 "$@"
    if [ -s warnings ]; then grep -v -f warnings err >unsaid; else cp err unsaid; fi
    [ ! -s unsaid ] || fail "basin $*: on stderr: $(head -c 300 unsaid)"
}
# recomputed FILE: what it holds is what track computes
recomputed() {
    good verify "$1"
    holds out "  computed by  basin track "
    holds out "  verified"
}
# until WHAT COMMAND…: waits for it, up to a minute
until_so() {
    what=$1
    shift
    tries=0
    while ! "$@" 2>/dev/null; do
        tries=$((tries + 1))
        if [ $tries -gt 600 ]; then
            fail "$what: has not come about in a minute: $*"
            break
        fi
        sleep 0.1
    done
}
QUICK="--interval 0.1s"

# a run that is there
watched -- watch runs/gd_0 -o w.h5 --idle 0.3s $QUICK --measures sane,lambda_max
holds out "^step 80  sane [0-9.]* ± [0-9.e-]*  lambda_max [0-9.]* ± [0-9.e-]*$"
holds out "^w.h5: the track of 5 checkpoints$"
recomputed w.h5
good plot w.h5 -o w.svg
watched "^basin: w.h5: goes on after 5 checkpoints$" -- watch runs/gd_0 -o w.h5 --idle 0.3s $QUICK --measures sane,lambda_max
lacks out "^step "
recomputed w.h5
bad "w.h5: is the track of another run, or by other options: another -o is needed" -- watch runs/gd_0 -o w.h5 --idle 1s --measures sane
bad "w.h5: is the track of another run" -- watch runs/gd_1 -o w.h5 --idle 1s --measures sane,lambda_max
watched -- watch runs/msam_0 -o m.h5 --idle 0.3s $QUICK
holds out "^step 40, polished  train_loss "
recomputed m.h5

# one that lands piece by piece: a file that is copied in two parts is waited for
mkdir land
"$B" watch land -o l.h5 --until-step 80 $QUICK >landed 2>said </dev/null &
watcher=$!
sleep 0.3
cp runs/gd_0/data.h5 land
for step in 000000 000020; do
    cp runs/gd_0/step_$step.h5 land/part && mv land/part land/step_$step.h5
    until_so "step $step is stored" grep -q "^step ${step#0000}\|^step 0 " landed
done
size=$(wc -c <runs/gd_0/step_000040.h5)
head -c $((size / 2)) runs/gd_0/step_000040.h5 >land/step_000040.h5
until_so "the half is waited for" grep -q "land/step_000040.h5: .*is waited for" said
cp runs/gd_0/step_000060.h5 land
until_so "the one after it is measured" grep -q "^step 60 " landed
lacks landed "^step 40 "
cp runs/gd_0/step_000040.h5 land
until_so "the whole is measured" grep -q "^step 40 " landed
cp runs/gd_0/step_000080.h5 land
wait $watcher
expect "it ends with the step named" [ $? = 0 ]
expect "each is measured once" [ "$(grep -c '^step ' landed)" = 5 ]
recomputed l.h5
# rewritten and deleted: what has changed is measured again, what is gone keeps its row
rm land/step_000020.h5
"$B" watch land -o l.h5 --idle 4s $QUICK >landed 2>said </dev/null &
watcher=$!
until_so "it goes on" grep -q "goes on after 5 checkpoints" said
sleep 3 # until what has just been written counts as settled
cp runs/gd_0/step_000080.h5 land
wait $watcher
expect "it ends when nothing lands any more" [ $? = 0 ]
holds said "^basin: land/step_000080.h5: has changed and is measured again$"
expect "that alone is measured" [ "$(grep -c '^step ' landed)" = 1 ]
holds landed "^l.h5: the track of 5 checkpoints$"

# what never becomes whole is a row that says so
mkdir torn && cp runs/gd_0/data.h5 runs/gd_0/step_000020.h5 torn
head -c $((size / 2)) runs/gd_0/step_000040.h5 >torn/step_000040.h5
watched "torn/step_000040.h5: .*is waited for" -- watch torn -o t.h5 --idle 0.3s $QUICK
holds out "  missing: "
recomputed t.h5

# killed at any moment it goes on; Ctrl-C ends it in order
rm -f k.h5
for moment in 0.05 0.1 0.15 0.2; do
    "$B" watch runs/gd_0 -o k.h5 --until-step 80 $QUICK --threads 1 >out 2>err </dev/null &
    child=$!
    sleep $moment
    kill -KILL $child 2>/dev/null
    wait $child 2>/dev/null
done
run 0 watch runs/gd_0 -o k.h5 --until-step 80 $QUICK
recomputed k.h5
"$B" watch runs/gd_0 -o i.h5 $QUICK >out 2>err </dev/null &
child=$!
until_so "all are stored" grep -q "^step 80 " out
kill -TERM $child
wait $child
expect "its status when it is ended" [ $? = 130 ]
holds err "^basin: interrupted$"
recomputed i.h5

# limits, and a command that is told; a name that a shell would obey is only a name
name='r$(touch obeyed)`touch obeyed`'
cp -r runs/gd_0 "$name"
rm -f w.h5 told
run 3 watch "$name" -o w.h5 --idle 0.3s $QUICK --max 'lambda_max<=0.1/lr' --max train_loss=99 --on-violation \
    'echo "$BASIN_STEP|$BASIN_LIMIT|$BASIN_MEASURE|$BASIN_CERTAIN|$BASIN_CHECKPOINT" >>told; echo shown'
holds out "^  violated: lambda_max<=0.1/lr: [0-9.]* .*, limit 0.5$"
holds err "^basin: violated 5 times, the first by r\$(touch obeyed)\`touch obeyed\`/step_000000.h5: lambda_max<=0.1/lr$"
holds err "^shown$"
lacks out "^shown$"
expect "told once of each" [ "$(wc -l <told)" = 5 ]
holds told '^80|lambda_max<=0.1/lr|lambda_max|yes|r$(touch obeyed)`touch obeyed`/step_000080.h5$'
never "nothing of the name is obeyed" [ -e obeyed ]
run 3 watch "$name" -o w.h5 --idle 0.3s $QUICK --max 'lambda_max<=0.1/lr' --on-violation 'echo again >>told'
expect "not told again of what is stored" [ "$(wc -l <told)" = 5 ]
rm w.h5
run 3 watch runs/gd_0 -o w.h5 --until-step 0 $QUICK --max 'lambda_max<=0.1/lr' --on-violation 'exit 7'
holds err "^basin: warning: --on-violation: «exit 7» ended with status 7$"
fails "runs/gd_0/step_000000.h5: rho is not recorded, which «2/rho» asks for" -- watch runs/gd_0 -o n.h5 --idle 1s --max 'lambda_max<=2/rho'

wrong "watch: -o FILE.h5 says where the results go" -- watch runs/gd_0
wrong "watch: --on-violation wants a limit: --max or --min" -- watch runs/gd_0 -o n.h5 --on-violation true
wrong "watch: batch_sharpness is measured on request only: --measures batch_sharpness" -- watch runs/gd_0 -o n.h5 --max batch_sharpness=2
wrong "watch: energies in the top eigenspace go with the angles" -- watch runs/gd_0 -o n.h5 --measures gradient_top_energy
wrong "watch: --measures: no measure «lambda_mx»; is lambda_max meant?" -- watch runs/gd_0 -o n.h5 --measures lambda_mx
wrong "watch: asam is no measure of track" -- watch runs/gd_0 -o n.h5 --max asam=2
wrong "watch: unknown option --every" -- watch runs/gd_0 -o n.h5 --every 2
bad "data.h5: is there and not a result of basin" -- watch runs/gd_0 -o data.h5 --idle 1s
bad "nowhere: no checkpoint has landed" -- watch nowhere -o n.h5 --idle 0.3s $QUICK

# the soak: training writes while watch reads; for a few seconds, or BASIN_SOAK seconds, an hour where it is not set
seconds=2
if [ -n "${BASIN_LONG:-}" ]; then
    seconds=${BASIN_SOAK:-3600}
else
    echo "skipped an hour of training that is watched: make test-long"
fi
start=$(date +%s.%N)
good train --mlp 64-16-10 --data "$DIGITS" --method gd --learning-rate 0.05 --steps 400 --subset 250 -o rate
steps=$(date +%s.%N | awk -v start="$start" -v seconds="$seconds" '{ n = int(400 * seconds / ($1 - start)); print n < 400 ? 400 : n }')
checkpoints=$((seconds < 60 ? 20 : 200))
every=$((steps / checkpoints))
"$B" watch soak -o soak.h5 --until-step $((every * checkpoints)) $QUICK >landed 2>said </dev/null &
watcher=$!
good train --mlp 64-16-10 --data "$DIGITS" --method gd --learning-rate 0.05 --steps $((every * checkpoints)) --save-every $every --subset 250 -o soak
wait $watcher
expect "the watch ends with the training" [ $? = 0 ]
expect "a row each" [ "$(grep -c '^step ' landed)" = $((checkpoints + 1)) ]
grep -v "$WAITING" said >err
expect "it has nothing to say" [ ! -s err ]
recomputed soak.h5

finish

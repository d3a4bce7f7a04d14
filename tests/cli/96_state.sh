# --state: killed at any moment, the same command goes on to the same bytes; what else the file may be; and what is said.
. "$(dirname "$0")/lib.sh"
topic

now() { date +%s.%N; }
# killed TIMES COMMAND…: killed with -9 at random moments of its undisturbed duration, twice before it may finish, it prints and draws the
# same bytes
killed() {
    times=$1 kills=0
    shift
    case $1 in
    sane) draw= ;;
    *) draw="--plot drawn.svg" ;;
    esac
    from=$(now)
    run 0 "$@" --json $draw
    took=$(echo "$(now) $from" | awk '{ print $1 - $2 }')
    cp out whole
    [ -z "$draw" ] || mv drawn.svg whole.svg
    [ -z "${V:-}" ] || echo "$* takes $took s"
    for moment in $(awk -v seed="$$" -v n="$times" 'BEGIN { srand(seed); for (i = 0; i < n; i++) print rand() }'); do
        rm -f drawn.svg
        done=no
        for share in $moment 0.5; do # the second time it goes on from what the first has left
            "$B" "$@" --json $draw --state kept >out 2>err &
            child=$!
            sleep "$(echo "$took $moment $share" | awk '{ print $1 * ($3 == 0.5 ? (1 - $2) / 2 : $3) }')"
            kill -KILL $child 2>/dev/null
            wait $child 2>/dev/null
            case $? in
            137) kills=$((kills + 1)) ;;
            0) # the machine has become faster
                done=yes
                took=$(echo "$took" | awk '{ print $1 / 2 }')
                break
                ;;
            *) fail "basin $*: neither done nor killed: $(head -c 300 err)" ;;
            esac
        done
        [ $done = yes ] || run 0 "$@" --json $draw --state kept
        expect "what $* prints, killed at $moment of $took s" cmp -s out whole
        [ -z "$draw" ] || expect "what $* draws, killed at $moment of $took s" cmp -s drawn.svg whole.svg
        never "$* leaves its state when it is done" [ -e kept ]
        rm -f ./*.part
    done
    expect "basin $* was killed before its end" [ $kills -ge "$times" ]
}
for seed in 0 1; do
    good train --mlp 64-16-10 --data "$DIGITS" --method sam --rho 0.05 --seed $seed --learning-rate 0.1 --steps 40 --save-every 20 -o work/sam_$seed
    good train --mlp 64-16-10 --data "$DIGITS" --method gd --seed $seed --learning-rate 0.1 --steps 40 --save-every 20 -o work/gd_$seed
done
point=work/sam_0/step_000040.h5
moments=2
[ -z "${BASIN_LONG:-}" ] || moments=20
killed $moments spectrum $point --method lanczos --top 30 --bottom 10
killed $moments spectrum $point --method dense
killed $moments sane $point --tol 2% --method slq
killed $moments slice $point --along gradient --grid 41 --along random --grid 41
killed $moments slice work/sam_0 work/gd_0 --plane pca --grid 41
killed $moments track work/sam_0 work/gd_0 --method lanczos --top 20
killed $moments track work/sam_0 --every 2
killed $moments compare work/sam_0 work/gd_0 --method lanczos --top 20

bytes() { [ ! -e "$1" ] && echo 0 || wc -c <"$1"; }
# interrupted SIGNAL COMMAND…: the last line says how to go on
interrupted() {
    signal=$1
    shift
    rm -f kept
    "$B" "$@" --json --state kept >out 2>err &
    child=$!
    tries=0
    until [ "$(bytes kept)" -gt 20000 ] || [ $tries = 600 ]; do sleep 0.02; tries=$((tries + 1)); done
    kill -s "$signal" $child
    wait $child
    expect "SIG$signal ends $* as an interruption" [ $? = 130 ]
    expect "one line about it" [ "$(grep -cv "$WAITING" err)" = 1 ]
    holds err '^basin: interrupted.*; the same command goes on: [0-9,]* results are in kept$'
    expect "the state is there" [ -s kept ]
}
long="spectrum $point --method lanczos --top 60 --bottom 20"
run 0 $long --json
cp out whole
interrupted INT $long
interrupted TERM $long
"$B" $long --json --state kept >going 2>going.err &
child=$!
tries=0
until [ -s going.err ] || [ $tries = 600 ]; do sleep 0.02; tries=$((tries + 1)); done
kill -s STOP $child
bad "^basin: kept: another process is at work with it; wait, or name another file$" -- $long --state kept
kill -s INT $child
kill -s CONT $child
wait $child
holds going.err '^basin: kept: goes on after [0-9,]* results$'
cp kept before_it
head -c "$(($(wc -c <kept) - 100))" before_it >kept # a record that was not written to its end
run 0 $long --json --state kept --threads 1
holds err '^basin: kept: .* at its end were not written whole and are cut off$'
holds err '^basin: kept: goes on after [0-9,]* results$'
expect "with other threads the same bytes" cmp -s out whole
never "the state is gone once the work is done" [ -e kept ]

# whose state it is
kept() { cp before_it kept; }
kept && bad "^basin: kept: is the state of other work: it says «option: --top 60», this is «option: --top 61»; remove it, or name another file$" -- \
    spectrum $point --method lanczos --top 61 --bottom 20 --state kept
bad "it says «command: spectrum», this is «command: sane»" -- sane $point --method lanczos --state kept
bad "it says «operand: $point», this is «operand: work/gd_0/step_000040.h5»" -- \
    spectrum work/gd_0/step_000040.h5 --method lanczos --top 60 --bottom 20 --state kept
sed '1,2s/^basin: 0/basin: 9/' before_it >kept
bad "it says «basin: 9.*», this is «basin: 0.*»" -- $long --state kept
kept
printf 'x' | dd of=kept bs=1 seek=5000 conv=notrunc 2>/dev/null
bad "^basin: kept: damaged at byte [0-9]*: what stands there is not what was written; remove the file$" -- $long --state kept
kept
run 0 $long --state kept --memory 2G # which may differ
kept
cp $point saved.h5
cp work/gd_0/step_000040.h5 $point # another checkpoint under the same name
bad "^basin: kept: is the state of other work: the SHA-256 of checkpoint $point was [0-9a-f]*…, is [0-9a-f]*…; remove it, or name another file$" -- \
    $long --state kept
cp saved.h5 $point
expect "what is refused is left as it is" cmp -s kept before_it
bad "^basin: $DIGITS: is there and no state of basin; name another file$" -- $long --state "$DIGITS"
bad "^basin: work: cannot be written: Is a directory$" -- $long --state work
bad "^basin: nowhere/kept: cannot be written: No such file or directory$" -- $long --state nowhere/kept
bad "^basin: nothing.h5: " -- spectrum nothing.h5 --state other # what has begun nothing leaves nothing
wrong "info: unknown option --state" -- info $point --state kept

# another checkpoint in a run that is half done: no missing row, but a refusal
rm -f kept
track="track work/gd_0 work/gd_1 --method lanczos"
interrupted INT $track
cp work/gd_0/step_000000.h5 saved.h5
printf x >>work/gd_0/step_000000.h5 # another file of the same weights
bad "is the state of other work: the SHA-256 of checkpoint .*step_000000.h5 was" -- $track --state kept
cp saved.h5 work/gd_0/step_000000.h5
run 0 $track --state kept
never "it goes on" [ -e kept ]

# a full disk: one line, and the work goes on once there is room
run 0 $long --json
cp out whole
( ulimit -f 300 && "$B" $long --json --state kept >out 2>err )
expect "a full disk is a failure" [ $? = 1 ]
holds err '^basin: .*kept: cannot be written: File too large; the same command goes on: [0-9,]* results are in kept$'
run 0 $long --json --state kept
holds err '^basin: kept: goes on after [0-9,]* results$'
lacks err 'cut off'
expect "and ends with the same bytes" cmp -s out whole

good spectrum $point --dry-run --method lanczos --top 5 --state kept
holds out '^  state           at most [0-9.]* [kMG]B in kept, [0-9.]* [kMG]B are free$'
never "a dry run begins no state" [ -e kept ]

finish

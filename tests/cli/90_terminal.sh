# Ctrl-C; and on a terminal: what will be done, a bar, and the same table.
. "$(dirname "$0")/lib.sh"
topic

# worked PID: tenths of a second that it has computed
worked() {
    if [ -r "/proc/$1/stat" ]; then
        sed 's/.*) //' "/proc/$1/stat" | awk -v ticks="$(getconf CLK_TCK)" '{ printf "%d\n", 10 * ($12 + $13) / ticks }'
    else
        ps -o time= -p "$1" | awk -F: '{ s = 0; for (i = 1; i <= NF; i++) s = 60 * s + $i; print 10 * s }'
    fi
}
# interrupt OUTPUT COMMAND…: 130, one line, nothing left. Starting takes less than a tenth of a second of computing: after half a one it works.
interrupt() {
    output=$1 waited=0
    shift
    ls -A >before
    "$B" "$@" >out 2>err &
    child=$!
    while [ "$(worked $child)" -lt 5 ] && [ $waited -lt 600 ]; do
        waited=$((waited + 1))
        sleep 0.1
    done
    expect "basin $* works within a minute" [ $waited -lt 600 ]
    expect "basin $* is there to be interrupted" kill -INT $child
    wait $child
    got=$?
    expect "the exit status of basin $*, interrupted" [ $got = 130 ]
    expect "basin $* says one line" [ "$(grep -cv "$WAITING" err)" = 1 ]
    holds err "^basin: interrupted"
    ls -A >after
    expect "basin $* leaves nothing" cmp -s before after
    never "basin $* writes its output" [ -e "$output" ]
}
good train --mlp 64-60-10 --data "$DIGITS" --method gd --learning-rate 0.1 --steps 2 -o wide
interrupt long.h5 spectrum wide/step_000002.h5 --method dense --memory 8G -o long.h5 --plot long.svg
for threads in 1 2; do interrupt long.h5 track wide --method dense --memory 8G --threads $threads -o long.h5 --plot long.svg; done
interrupt long.h5 slice wide/step_000002.h5 --grid 2001 --along random --along random -o long.h5

# Where stderr is a file: nothing within half a minute, then a line.
good info $GD --gradient
grep -v -e "$UNDONE" err >line
expect "a quick command says nothing" [ ! -s line ]
long="slice wide/step_000002.h5 --grid 2001 --along random --along random --threads 1"
if [ -n "${BASIN_LONG:-}" ]; then
    timeout -s INT 40 "$B" $long >out 2>err </dev/null
    expect "one line in half a minute, and why it ended" [ "$(wc -l <err)" = 2 ]
    holds err "^basin: slice [0-9]* %.*; 30 s so far$"
else
    echo "skipped a line every half a minute: make test-long"
fi

if script -qec true /dev/null >/dev/null 2>&1 </dev/null; then
    expect "spectrum on a terminal" script -qec "$B spectrum $GD --method dense" typescript >/dev/null </dev/null
    holds typescript "basin: dense: 310 products over 120 samples"
    holds typescript "lambda_1/5"
    good train --mlp 64-30-10 --data "$DIGITS" --method gd --learning-rate 0.1 --steps 10 --save-every 2 --subset 200 -o narrow
    expect "track on a terminal" script -qec "$B track narrow --threads 2" typescript >/dev/null </dev/null
    holds typescript "6 checkpoints, 2 at a time \["
    expect "track with bound threads" script -qec "OMP_PROC_BIND=true $B track narrow --threads 2" typescript >/dev/null </dev/null
    holds typescript "checkpoint [0-9]* of 6: "
    lacks typescript "at a time" # they would all be bound to the same processor
    expect "track --at-loss on a terminal" script -qec "$B track narrow --at-loss 2.2 --threads 1" typescript >/dev/null </dev/null
    holds typescript "checkpoint [12] of 2: "
    lacks typescript "loss of checkpoint [0-9]* of [0-9]*: checkpoint"
    script -qec "timeout -s INT 8 $B $long" typescript >/dev/null </dev/null
    tr '\r' '\n' <typescript >after
    holds after "slice \[[#.]*\] *[0-9]* %"
    holds after "basin: interrupted"
else
    echo "skipped on a terminal: no script that makes a pseudo-terminal"
fi

finish

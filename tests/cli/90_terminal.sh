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
    expect "basin $* says one line" [ "$(wc -l <err)" = 1 ]
    holds err "^basin: interrupted"
    ls -A >after
    expect "basin $* leaves nothing" cmp -s before after
    never "basin $* writes its output" [ -e "$output" ]
}
good train --mlp 64-60-10 --data "$DIGITS" --method gd --learning-rate 0.1 --steps 2 -o wide
interrupt long.h5 spectrum wide/step_000002.h5 --method dense --memory 8G -o long.h5 --plot long.svg
interrupt long.h5 slice wide/step_000002.h5 --along random --along random --grid 2001 -o long.h5

if script -qec true /dev/null >/dev/null 2>&1 </dev/null; then
    expect "spectrum on a terminal" script -qec "$B spectrum $GD --method dense" typescript >/dev/null </dev/null
    holds typescript "basin: dense: 310 products over 120 samples"
    holds typescript "lambda_1/5"
else
    echo "skipped on a terminal: no script that makes a pseudo-terminal"
fi

finish

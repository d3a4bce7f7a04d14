# --time: what has been found when it ends, with an interval that holds; rows that are not reached, by name; and that it goes on. What a
# machine does in a second is not known here, so the time is doubled until there is a result; what is left then is many times as much, since
# the network is wide.
. "$(dirname "$0")/lib.sh"
topic

good train --mlp 64-24-10 --data "$DIGITS" --method gd --learning-rate 0.1 --steps 60 --save-every 20 -o work
good train --mlp 64-128-64-10 --data "$DIGITS" --method gd --learning-rate 0.1 --steps 10 --save-every 10 -o wide
point=work/step_000060.h5
wide=wide/step_000010.h5
ENDED="the time of [0-9.]* s ended \(before the first\|after [0-9]*\) of at least [0-9]* "
# in_time COMMAND…: the shortest $time with a result, before which it is refused with what would do
in_time() {
    for time in 0.1 0.2 0.4 0.8 1.6 3.2 6.4 12.8 25.6 51.2; do
        "$B" "$@" --time ${time}s >out 2>err </dev/null && break
        holds err "^basin: .*: $ENDED"
    done
    expect "$* has a result in $time s" [ -s out ]
}
good spectrum $point --method lanczos --top 1
largest=$(awk '$1 == 1 { print $2 }' out)
in_time spectrum $point --method lanczos --top 100 --bottom 80 --tolerance 1e-10 -o short.h5
holds out "NOT CONVERGED"
holds out "^  ended           by --time ${time}s, before it was done$"
expect "the first pair's error bar holds the largest eigenvalue" awk -v truth="$largest" \
    '$1 == 1 && $3 == "±" { found = 1; d = $2 - truth; ok = d * d <= ($4 + 1e-5) * ($4 + 1e-5) } END { exit !(found && ok) }' out
bad "^basin: short.h5: --time ${time}s ended it before it was done: its command gives more than it holds$" -- verify short.h5
good spectrum $point --method lanczos --top 1 --time 10m --json
holds out '"ended_by_time": null'
holds out '"verified": true'
bad "^basin: $point: $ENDED\(columns of a dense spectrum\)" -- spectrum $point --method dense --time 0.001s

in_time sane $wide --method slq --tol 0.1% --products 100000 --json
holds out "\"ended_by_time\": \"${time}s\""
in_time trace $wide --products 4000 --json
holds out "\"ended_by_time\": \"${time}s\""
expect "fewer products" [ "$(number out products)" -lt 4000 ]
in_time trace $wide --products 4000 --method hutch++ --json
holds out "\"ended_by_time\": \"${time}s\""
in_time batches $wide --batches 5000 --batch-size 500 --json
holds out "\"ended_by_time\": \"${time}s\""
expect "fewer batches" [ "$(grep -o '"lambda_max_residual"' out | wc -l)" -lt 5000 ]
wrong "sane: --ritz takes its M steps: --time does not end it" -- sane $point --ritz 5 --time 5s

for time in 0.1 0.2 0.4 0.8 1.6 3.2 6.4 12.8 25.6 51.2; do
    "$B" track work --method lanczos --top 30 --bottom 10 --time ${time}s >out 2>err </dev/null
    got=$?
    grep -q "no checkpoint could be measured; the first: .*$ENDED\|not reached" err || break
done
expect "a part of a table is a failure" [ $got = 1 ]
holds out "missing: work/step_0000[0-9]*.h5: \(not reached: the time had ended\|$ENDED\)"
holds err "^basin: --time ${time}s ended the work before all was measured$"
for time in 0.1 0.2 0.4 0.8 1.6 3.2 6.4 12.8 25.6 51.2; do
    "$B" spectrum $point $GD --method lanczos --top 100 --bottom 80 --tolerance 1e-10 --time ${time}s >out 2>err </dev/null
    [ ! -s out ] || break
done
holds err "^basin: warning: $GD: not reached: the time had ended$"
holds err "^basin: --time ${time}s ended the work before all was measured$"

# with --state it goes on
run 0 track work --method lanczos --json
cp out whole
for time in 0.2 0.4 0.8 1.6 3.2 6.4 12.8 25.6 51.2 102.4; do
    "$B" track work --method lanczos --json --state kept --time ${time}s >out 2>err </dev/null && break
    [ ! -e kept ] || holds err '; the same command goes on: [0-9,]* results are in kept$' # else there is no result yet
done
expect "it comes to its end, with the same bytes" cmp -s out whole
never "and leaves nothing" [ -e kept ]

for time in 90 s -3s 5x 0s nan 1e999h; do wrong "spectrum: --time wants a time, e.g. 90s, 10m or 2h, got «$time»" -- spectrum $point --time=$time; done
wrong "slice: unknown option --time" -- slice $point --along random --time 5s

finish

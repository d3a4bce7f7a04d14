# --time: what has been found when it ends, with an interval that holds; rows that are not reached, by name; and that it goes on.
. "$(dirname "$0")/lib.sh"
topic

good train --mlp 64-40-10 --data "$DIGITS" --method gd --learning-rate 0.1 --steps 60 --save-every 20 -o work
point=work/step_000060.h5
timed() { # STATUS COMMAND…: ends within twice its time and a second
    want=$1
    shift
    run "$want" "$@" --json
}
# the extreme eigenvalue that is known, and whether it is within the error bar of what was found in time
good spectrum $point --method lanczos --top 1
largest=$(awk '$1 == 1 { print $2 }' out)
good spectrum $point --method lanczos --top 40 --bottom 30 --time 0.6s
holds out "NOT CONVERGED"
expect "some pair within its error bar is the largest" awk -v truth="$largest" \
    '/^ *1 / { found = 1; d = $2 - truth; ok = d * d <= ($4 + 1e-6) * ($4 + 1e-6) } END { exit !(found && ok) }' out
good spectrum $point --method lanczos --top 40 --bottom 30 --time 0.6s --json
holds out '"ended_by_time": "0.6s"'
holds out '"verified": false'
good spectrum $point --method lanczos --top 1 --time 10m --json
holds out '"ended_by_time": null'
holds out '"verified": true'

bad "^basin: $point: the time of 0.05 s ended after [0-9]* of at least 3010 columns of a dense spectrum: by what they took, about [0-9.e+]* s would do$" -- \
    spectrum $point --method dense --time 0.05s

good sane $point --method slq --tol 0.5% --time 1s
holds out "95 %, calibrated"
good trace $point --products 2000 --time 1s
holds out "xtrace of the Hessian, [0-9]* random vectors"
good batches $point --batches 2000 --batch-size 500 --time 2s --json
expect "fewer batches" [ "$(number out count)" -lt 2000 ]
holds out '"ended_by_time": "2s"'

run 1 track work --time 0.5s
holds out "missing: work/step_0000[0-9]*.h5: \(not reached: the time had ended\|the time of 0.5 s ended after\)"
holds err "^basin: --time 0.5s ended the work before all was measured$"

# with --state it goes on
run 0 track work --method lanczos --json
cp out whole
tries=0
until [ $tries = 40 ]; do
    tries=$((tries + 1))
    "$B" track work --method lanczos --json --state kept --time 1s >out 2>err </dev/null && break
    expect "the state stays" [ -s kept ]
done
expect "a second at a time it comes to its end" [ $tries -lt 40 ]
expect "with the same bytes" cmp -s out whole
never "and leaves nothing" [ -e kept ]

good spectrum $point --method lanczos --top 40 --bottom 30 --time 0.6s -o short.h5
bad "^basin: short.h5: --time 0.6s ended it before it was done: its command gives more than it holds$" -- verify short.h5
for time in 90 s -3s 5x 0s nan 1e999h; do wrong "spectrum: --time wants a time, e.g. 90s, 10m or 2h, got «$time»" -- spectrum $point --time=$time; done
wrong "slice: unknown option --time" -- slice $point --along random --time 5s

finish

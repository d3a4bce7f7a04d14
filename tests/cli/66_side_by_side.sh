# Checkpoints are measured side by side: what is printed, in which order, and what is warned of does not tell how many there were at a time.
. "$(dirname "$0")/lib.sh"
topic

# alike COMMAND…: it succeeds, and prints, stores and says the same for any threads and on little memory
alike() {
    run 0 "$@" --threads 1
    cp out alone
    cp err said
    run 0 "$@" --threads 1 --json
    cp out alone.json
    for threads in 2 3 8; do
        run 0 "$@" --threads $threads
        expect "the table of $* with $threads threads" cmp -s out alone
        expect "what $* says with $threads threads" cmp -s err said
        run 0 "$@" --threads $threads --json
        expect "--json of $* with $threads threads" cmp -s out alone.json
    done
    # a share of what is left is too small for any of them, and each has it for itself
    run 0 "$@" --threads 1 --memory 68M --json
    cp out alone.json
    run 0 "$@" --threads 3 --memory 68M --json
    expect "--json of $* with three threads in 68 MB" cmp -s out alone.json
}
alike track runs/gd_0 runs/msam_0
alike track runs/gd_0 --samples 60 --polish 3
alike track runs/gd_0 runs/msam_0 --measures all --batches 3
alike track runs/gd_0 runs/sam_0 --at-loss 1.5
alike compare runs/gd_* runs/sam_* runs/msam_*
alike check runs/gd_0/step_*.h5 runs/msam_0/step_*.h5
alike loss runs/gd_0/step_*.h5 runs/msam_0/step_*.h5

# a result for each, as if it had been named alone, whatever data it names and by which path
mkdir deep && cp runs/gd_0/step_000040.h5 deep/ && ln -s ../runs/gd_0/data.h5 deep/data.h5
several="runs/gd_0/step_000040.h5 deep/step_000040.h5 oracle_bn.h5 runs/sam_0/step_000040.h5"
for c in check loss; do
    : >alone
    for file in $several; do
        run 0 $c $file
        [ ! -s alone ] || echo >>alone
        cat out >>alone
    done
    holds alone "samples of deep/data.h5"
    run 0 $c $several
    expect "$c of several prints what it prints of each" cmp -s out alone
done

# the first that fails is the one told
bad "^basin: nan.h5: " -- loss $GD nan.h5 $SAM none.h5
bad "^basin: none.h5: " -- check $GD none.h5 $SAM nan.h5

# what cannot be measured, or is doubted, stands at its place
head -c 3000 runs/gd_0/step_000040.h5 >cut.h5 && mv cut.h5 runs/gd_0/step_000040.h5
alike track runs/gd_0 runs/sam_0 unknown.h5 --polish 5 --polish-step 1e99
holds said "^basin: warning: runs/gd_0/step_000000.h5: polished by 0 of 5 steps"
expect "what is said comes in the order of the checkpoints" [ "$(grep -o 'gd_0/step_0000[0-9]*\|sam_0/step_0000[0-9]*' said | tr '\n' ' ')" = \
    "gd_0/step_000000 gd_0/step_000020 gd_0/step_000060 gd_0/step_000080 sam_0/step_000000 sam_0/step_000020 sam_0/step_000040 " ]
expect "and the checkpoint that cannot be read once" [ "$(grep -c 'missing: runs/gd_0/step_000040.h5: .*truncated' alone)" = 1 ]
holds alone "missing: unknown.h5/unknown.h5: perturbed or not?"

finish

# Outputs that cannot be written are noticed before the work; nothing that was there is lost.
. "$(dirname "$0")/lib.sh"
topic

good spectrum $GD -o spectrum.h5
bad "^basin: nofolder/x.h5: cannot be written: No such file" -- spectrum $GD -o nofolder/x.h5
bad "^basin: nofolder/x.svg: cannot be written: No such file" -- spectrum $GD --plot nofolder/x.svg
bad "^basin: nofolder/x.svg: cannot be written: No such file" -- plot spectrum.h5 -o nofolder/x.svg
bad "^basin: good.h5/run: cannot be made: Not a directory" -- train --mlp 64-10 --data "$DIGITS" --learning-rate 0.1 --steps 1 -o good.h5/run
mkdir empty_folder
bad "^basin: empty_folder: cannot be written: Is a directory" -- spectrum $GD -o empty_folder
cp good.h5 kept.h5
for c in spectrum "slice --along momentum --grid 3" info; do bad "^basin: kept.h5: is there and not a result of basin" -- $c kept.h5 -o kept.h5; done # never the input itself
bad "^basin: data.h5: is there and not a result of basin" -- spectrum good.h5 -o data.h5
expect "-o keeps its own input" cmp -s good.h5 kept.h5
good spectrum $GD -o spectrum.h5 # another result is replaced
mkfifo pipe
bad "^basin: pipe: cannot be written: it is there and not a regular file" -- spectrum $GD -o pipe
mkdir own && cp "$DIGITS" own/data.h5
for force in "" --force; do
    bad "^basin: own/data.h5: is the data set to take rows from" -- train --mlp 64-10 --data own/data.h5 --subset 50 --learning-rate 0.1 --steps 1 $force -o own
    expect "train keeps the data it was to read" cmp -s "$DIGITS" own/data.h5
done
mkdir others && echo precious >others/data.h5
bad "^basin: others/data.h5: is there already; --force replaces it" -- train --mlp 64-10 --data "$DIGITS" --subset 50 --learning-rate 0.1 --steps 1 -o others
expect "train keeps a data.h5 without --force" [ "$(cat others/data.h5)" = precious ]
for o in momentum rho; do
    wrong "^basin: train: --$o wants a number, got «nan»" -- train --mlp 64-10 --data "$DIGITS" --method sam --learning-rate 0.1 --steps 1 --$o nan -o new # must not pass for «not given»
done
bad "^basin: --threads must be at most 1024, got 100000" -- spectrum $GD --threads 100000
bad "^basin: a\\\\nb.h5: No such file" -- info "a
b.h5"
closed=closed
if [ "$(id -u)" = 0 ]; then closed=/proc; else mkdir closed && chmod a-w closed; fi # root may write anywhere but there
if [ -d "$closed" ]; then
    bad "^basin: $closed/x.h5: cannot be written: " -- spectrum $GD -o "$closed/x.h5"
else
    echo "skipped a closed folder: root may write anywhere and there is no /proc"
fi
(ulimit -f 4 && "$B" spectrum $GD -o full.h5 >out 2>err) # as a full disk: 2 kB and no more
expect "spectrum with no room for its result fails" [ $? = 1 ]
holds err "^basin: full.h5"
expect "what did not fit is not left" [ -z "$(ls full* 2>/dev/null)" ]
if [ -w /dev/full ]; then
    "$B" info $GD >/dev/full 2>err
    expect "info > /dev/full fails" [ $? = 1 ]
    holds err "^basin: standard output"
else
    echo "skipped a full standard output: no /dev/full"
fi

finish

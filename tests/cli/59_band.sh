# band: one line for several seeds, classes or mini-batches.
. "$(dirname "$0")/lib.sh"
topic

same band $GD --along random:1..4 --grid 5
holds one '"by": "seed"'
holds one '"number": 4'
same band $SAM --along momentum --by class --grid 5
holds one '"by": "class"'
same band $GD --along gradient --by batch --batches 6 --batch-size 20 --grid 5 --seed 3
holds one '"batch_size": 20'
stored seeds band $GD --along random:1..4 --grid 11
stored classes band $GD --along momentum --by class --grid 11
stored step band $GD --along update --by class --range 0:2 --grid 5
stored batches band $GD --along gradient --by batch --batches 20 --batch-size 16 --grid 11
good band $GD --along random:1..4 --grid 5
holds out "^  lines           4 seeds$"
holds out "  s  *mean  *95 % of the mean  *deviation  *least  *most$"
good band $GD --along gradient --by batch --batches 20 --batch-size 16 --grid 5
holds out "^  lines           20 mini-batches of 16 samples, each drawn without replacement with seed 0$"
good band $GD --along momentum --by class --split test
holds out "^  lines           10 classes$"

for how in "--along random:1..4" "--along momentum --by class" "--along gradient --by batch --batches 6 --batch-size 20"; do
    good band $GD $how --grid 5 --dry-run
    holds out "band, nothing computed"
done

# The line of all samples is that of a slice.
good band $GD --along gradient --by class --range 0:1 --grid 2 --json
first=$(sed -n 's/.*"whole": *\[ *\([0-9.e+-]*\).*/\1/p' out | head -1)
[ -n "$first" ] || first=$(awk '/"whole"/ { getline; gsub(/[ ,]/, ""); print; exit }' out)
good slice $GD --along gradient --range 0:1 --grid 2 --json
equal "the loss of all samples at 0" "$first" "$(number out centre_loss)"
good plot seeds.h5 batches.h5 -o both.svg --label seeds --label batches

wrong "band: along what?" -- band $GD
wrong "band: --along momentum without --by: wanted random:A..B, two to 1000 seeds" -- band $GD --along momentum
wrong "band: --along random:4..4 without --by" -- band $GD --along random:4..4
wrong "band: --along random:4..2 without --by" -- band $GD --along random:4..2
wrong "band: --along random:0..1000 without --by" -- band $GD --along random:0..1000
wrong "band: --along to:x.h5 leads through another file or split, which slice takes" -- band $GD --along to:x.h5 --by class
wrong "band: --along gradient:test leads through another file or split, which slice takes" -- band $GD --along gradient:test --by class
wrong "band: --along pca:1 leads through another file or split, which slice takes" -- band $GD --along pca:1 --by class
wrong "band: --along plane:a.h5,b.h5,c.h5 leads through another file or split, which slice takes" -- band $GD --along plane:a.h5,b.h5,c.h5 --by class
wrong "band: --by wants class|batch, got «row»" -- band $GD --along momentum --by row
wrong "band: --batches and --batch-size are of --by batch" -- band $GD --along momentum --by class --batches 3
wrong "band: --grid must be at least 2, got 1" -- band $GD --along random:1..2 --grid 1
wrong "band: --range 1:0: wanted FROM < TO" -- band $GD --along random:1..2 --range 1:0
wrong "band: --range auto: wanted FROM:TO; slice takes auto" -- band $GD --along random:1..2 --range auto
wrong "band: --batches must be at least 2" -- band $GD --along gradient --by batch --batches 1
wrong "band: --along random:1..3 is a line for each seed, --by class one direction for all: either of them" -- band $GD --along random:1..3 --by class
bad "a batch of 1000 of 120 samples" -- band $GD --along gradient --by batch --batch-size 1000
bad "--by class takes all samples, or those of --rows" -- band $GD --along gradient --by class --samples 30
bad "it saved no momentum" -- band no_momentum.h5 --along momentum --by class
finish

# Makes the folder that every topic works in a copy of, once: the faulty and unusual files of make_files.c, the checkpoints with BatchNorm of
# tests/data, and under runs/ two seeds of GD, SAM and MSAM and a run that diverges. A fixture that is not as meant is an error here.
. "$(dirname "$0")/lib.sh"
begin "$FIXTURE.part"
cp "$DATA"/oracle_bn*.h5 . # of one of which make_files makes a third
expect "make_files writes its files" "$BUILD/tests/cli/make_files" .
for seed in 0 1; do
    train gd $seed 80 runs/gd_$seed --save-every 20
    train sam $seed 40 runs/sam_$seed --save 0,20
    train msam $seed 40 runs/msam_$seed --save-every 20 --save-perturbed
done
good -w "runs/diverged: diverged: weights or loss are not finite" train --mlp 64-4-10 --data "$DIGITS" --method gd --learning-rate 1e200 --steps 40 \
    --save-every 20 --subset 120 --label-noise 0.2 -o runs/diverged
rm -f before after line unsaid warnings out err
[ "$failures" = 0 ] && mv "$FIXTURE.part" "$FIXTURE"

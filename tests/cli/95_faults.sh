# A full disk, several writers, killed writers, memory that is not there, names mistyped, paths of any bytes.
. "$(dirname "$0")/lib.sh"
topic

# What is computed is printed even where it cannot be stored or drawn.
( ulimit -f 8 && "$B" spectrum "$GD" -o full.h5 --plot full.pdf >out 2>err ) # 8 blocks of 512 or 1024 bytes
expect "a full disk is a failure" [ $? = 1 ]
holds out 'P = 310 parameters'
holds err '^basin: full.h5: cannot be written ([0-9]* bytes): File too large; full.pdf: cannot be written: File too large$'
never "a part of it is left" [ -e full.h5 -o -e full.pdf ]

# One writer a run folder, of several that begin together.
for seed in 1 2 3 4; do
    { "$B" train --mlp 64-4-10 --data "$DIGITS" --learning-rate 0.1 --steps 300 --seed $seed --subset 100 -o together >out_$seed 2>&1; echo $? >status_$seed; } &
done
wait
expect "one of four writers has the folder" [ "$(cat status_* | grep -c '^0$')" = 1 ]
expect "its checkpoints are its own" [ "$(ls -A together | tr '\n' ' ')" = "data.h5 step_000000.h5 step_000300.h5 " ]
for seed in 1 2 3 4; do
    [ "$(cat status_$seed)" = 0 ] || holds out_$seed "^basin: together: \(process [0-9]* is writing a run into it; wait, or choose another folder\|holds 2 checkpoints already.*--force replaces them.*\)$"
done

# What a killed process has left of the same output goes; what a living one is writing, or is another's, stays.
sh -c 'exit 0' &
dead=$!
wait
echo left >result.h5.$dead.part
echo left >other.h5.$dead.part
echo living >result.h5.$$.part
good sane "$GD" -o result.h5
never "it is still there" [ -e result.h5.$dead.part ]
expect "a living writer's stays" [ -e result.h5.$$.part ]
expect "another output's stays" [ -e other.h5.$dead.part ]
rm -f result.h5.$$.part other.h5.$dead.part

# Signals that end a session end the work in order, also where these tests run under nohup, which has them ignored.
for signal in HUP XCPU; do
    env --default-signal=$signal "$B" train --mlp 64-4-10 --data "$DIGITS" --learning-rate 0.01 --steps 100000000 --save-every 10 -o "ended_$signal" >out 2>err &
    work=$!
    tries=0
    until [ -e "ended_$signal/step_000010.h5" ] || [ $tries = 600 ]; do sleep 0.05; tries=$((tries + 1)); done
    kill -s $signal $work
    wait $work
    expect "SIG$signal ends it as an interruption" [ $? = 130 ]
    holds err '^basin: interrupted'
done
rm -rf ended_*

# A limit on address space: refused at once, or done with the least.
if (ulimit -v 200000) 2>/dev/null && ! grep -q asan "$B"; then
    ( ulimit -v 200000 && timeout -k 1 20 "$B" sane "$GD" >out 2>err )
    expect "too little address space is a failure" [ $? = 1 ]
    holds err '^basin: the limit on address space of 200000 kB (ulimit -v) leaves less than the 197632 kB that OpenBLAS and a small analysis take$'
    ( ulimit -v 1000000 && timeout -k 1 20 "$B" sane "$GD" >out 2>err )
    expect "a gigabyte is enough" [ $? = 0 ]
else
    echo "skipped a limit on address space: this processor's sanitizer takes more"
fi

wrong 'no command «spectrm»; did you mean spectrum?' -- spectrm
wrong 'no command «zzz»; basin help lists them' -- zzz
wrong 'slice: unknown option --alnog; did you mean --along?' -- slice x --alnog random
wrong 'train: unknown option --lerning-rate=0.1; did you mean --learning-rate?' -- train --lerning-rate=0.1
wrong 'slice: unknown option --qqqqqq (basin help slice lists them)' -- slice x --qqqqqq

# A folder whose name is not text.
odd=$(printf 'r\377\001n')
if mkdir "$odd" 2>/dev/null; then
    cp runs/gd_0/step_000040.h5 runs/gd_0/data.h5 "$odd"
    good sane "$odd/step_000040.h5" -o "$odd/sane.h5"
    good verify "$odd/sane.h5"
    holds out '^  verified$'
fi
finish

# The documents tell the truth: README.md and docs/tour.md print what basin prints, the C program stands in a sample, every command has its
# place in the tour and its current help in docs/commands.md, and the files and targets that are named exist.
#
# Blocks of ```console are run, in order, README.md first, in a folder that has samples/ as the repository has, and nothing else. A command
# begins with «$ » and goes on while its lines end in a backslash; it must succeed. What stands below it must be what it prints, by the rules
# of tests/printed.awk; where nothing stands below it, its output is not compared.
root=$PWD
case ${BUILD:=build} in /*) ;; *) BUILD=$root/$BUILD ;; esac
[ -x "$BUILD/basin" ] || { echo "skipped: no $BUILD/basin (make)"; exit 77; }
scratch=$(mktemp -d "${BASIN_SCRATCH:-${TMPDIR:-/tmp}}/readme-XXXXXX") && trap 'rm -rf "$scratch"' EXIT
failures=0
count=0 # files and targets
rules=0 # of the ruler
fail() { echo "$*"; failures=$((failures + 1)); }

# -------------------------------------------------------------------------------------------------------- the ruler

# ruler EXIT EXPECTED GOT: printed.awk accepts (0) or rejects (1)
ruler() {
    rules=$((rules + 1))
    printf '%b\n' "$2" >"$scratch/expected"
    printf '%b\n' "$3" >"$scratch/got"
    awk -v where=ruler:1 -f tests/printed.awk "$scratch/expected" "$scratch/got" >"$scratch/said"
    [ $? = "$1" ] || fail "tests/printed.awk: «$2» against «$3» should give $1"
    [ "$1" = 0 ] || [ -s "$scratch/said" ] || fail "tests/printed.awk: says nothing of «$2» against «$3»"
}
ruler 0 'loss 1.2345, lower' 'loss   1.2349, lower'
ruler 1 'loss 1.2345, lower' 'loss 1.2445, lower'
ruler 1 'loss 1.2345, lower' 'loss 1.2345, higher'
ruler 1 'loss 1.2345, lower' 'loss -1.2345, lower'
ruler 1 'loss 1.2345, lower' 'loss nan, lower'
ruler 0 'ratio 0.54 [0.488, 0.597]' 'ratio 0.54 [0.487, 0.598]'
ruler 1 'ratio 0.54 [0.488, 0.597]' 'ratio 0.57 [0.488, 0.597]'
ruler 1 '8 pairs' '9 pairs'
ruler 0 '91 products' '95 products'
ruler 1 '91 products' '120 products'
ruler 0 '1 ± 3.5e-12' '1 ± 0'
ruler 1 '1 ± 3.5e-12' '1 ± 1e-05'
ruler 0 '± 0.062 % by pairs' '± 0.051 % by pairs'
ruler 1 '± 0.062 % by pairs' '± 0.021 % by pairs'
ruler 0 'reached 0.02 s' 'reached 1.7 s'
ruler 1 'reached 0.02 steps' 'reached 1.7 steps'
ruler 0 'runs  seconds\n 8  0.02' 'runs  seconds\n 8  1.7'
ruler 1 'runs  seconds\n 8  0.02' 'runs  seconds\n 9  0.02'
ruler 0 'one\n…\nfour' 'one\ntwo\nthree\nfour'
ruler 1 'one\n…\nfive' 'one\ntwo\nthree\nfour'
ruler 1 'one\n…\nthree' 'one\ntwo\nthree\nfour'
ruler 1 'one\nfour' 'one\ntwo\nfour'
ruler 1 'one\ntwo' 'one'
ruler 1 'one' 'one\ntwo'
ruler 0 'sam is flatter, by trace…' 'sam is flatter, by trace, sane'
ruler 1 'sam is flatter, by trace…' 'sam is sharper, by trace, sane'

# ---------------------------------------------------------------------------------------------------- what is printed

# NAME.run, NAME.expected and NAME.where (FILE:LINE of the first line expected) in $scratch/blocks, named in the order of the commands
extract() {
    awk -v file="$1" -v to="$scratch/blocks/$2" '
        function begin() { name = sprintf("%s-%03d", to, ++count); printf "" >(name ".expected"); print file ":" FNR + 1 >(name ".where") }
        /^```/ { on = $0 == "```console"; going = 0; next }
        on && /^\$ / { begin(); command = substr($0, 3) }
        on && (/^\$ / || going) { print going ? $0 : command >(name ".run"); going = /\\$/; if (!going) print file ":" FNR + 1 >(name ".where"); next }
        on { print >(name ".expected") }' "$1"
}

# One thread for each processor, which sleeps where it waits: the bits are the same, and other jobs on the machine cost less time.
run() { (cd "$scratch/tree" && PATH=$BUILD:$PATH OMP_WAIT_POLICY=passive sh -e "$1"); }

mkdir -p "$scratch/blocks" "$scratch/tree"
ln -s "$root/samples" "$scratch/tree/samples"
extract README.md 1
extract docs/tour.md 2
commands=0
for block in "$scratch"/blocks/*.run; do
    name=${block%.run}
    where=$(tail -n 1 "$name.where")
    commands=$((commands + 1))
    run "$block" >"$name.said" 2>&1
    ended=$?
    grep -v '^basin: .*; [0-9.]* [a-z]* so far$' "$name.said" >"$name.got" # on a busy machine
    [ "$ended" = 0 ] || { fail "$where: failed, with the last line «$(tail -n 1 "$name.got")»: $(cat "$block")"; break; }
    [ ! -s "$name.expected" ] || awk -v where="$where" -f tests/printed.awk "$name.expected" "$name.got" || fail "  in $(head -n 1 "$block")"
done
[ "$commands" -ge 20 ] || fail "README.md and docs/tour.md have only $commands commands to run"

# ------------------------------------------------------------------------------------------------- what else is said

sed -n '/^```c$/,/^```$/p' README.md | grep -v '^```' | while IFS= read -r line; do
    grep -qF -- "$line" samples/01_slice.c || echo "$line"
done >"$scratch/missing"
[ ! -s "$scratch/missing" ] || fail "README.md: not in samples/01_slice.c: $(cat "$scratch/missing")"
for command in $("$BUILD/basin" --help | sed -n 's/^  \([a-z]*\)  .*/\1/p'); do
    grep -q "^\$ basin $command " docs/tour.md || fail "docs/tour.md leaves out basin $command"
done
sh tools/commands.sh "$BUILD/basin" | cmp -s - docs/commands.md || fail "docs/commands.md is not current: make docs"
for file in $(grep -oE '(docs|samples|tests|include)/[A-Za-z0-9_./-]+\.[a-z0-9]+' README.md CONTRIBUTING.md docs/*.md | sed 's/^[^:]*://' | sort -u); do
    count=$((count + 1))
    [ -e "$file" ] || fail "$file does not exist"
done
for target in $(grep -ohE 'make [a-z-]+' README.md CONTRIBUTING.md | cut -d' ' -f2 | sort -u); do
    count=$((count + 1))
    grep -qE "^$target:|^print-" Makefile || fail "no target $target"
done
[ "$failures" != 0 ] || echo "documents: $commands commands print what is shown; program, help, files and targets are there"
echo "$failures failed"
echo "$((count + commands + rules)) checks"
[ "$failures" = 0 ]

# The README tells the truth: its C program stands in a sample, its commands exist, its files too.
failures=0
fail() { echo "README.md: $*"; failures=$((failures + 1)); }
sed -n '/^```c$/,/^```$/p' README.md | grep -v '^```' | while IFS= read -r line; do
    grep -qF -- "$line" samples/01_slice.c || echo "$line"
done >"$BASIN_SCRATCH/readme" && [ ! -s "$BASIN_SCRATCH/readme" ] || fail "not in samples/01_slice.c: $(cat "$BASIN_SCRATCH/readme")"
for command in $("$BUILD/basin" --help | sed -n 's/^  \([a-z]*\)  .*/\1/p'); do
    grep -q "basin $command " README.md || fail "the tour leaves out basin $command"
done
for file in $(grep -oE '(docs|samples|tests|include)/[A-Za-z0-9_./-]+\.[a-z0-9]+' README.md CONTRIBUTING.md docs/*.md | sed 's/^[^:]*://' | sort -u); do
    [ -e "$file" ] || fail "$file does not exist"
done
for target in $(grep -ohE 'make [a-z-]+' README.md CONTRIBUTING.md | cut -d' ' -f2 | sort -u); do
    grep -qE "^$target:|^print-" Makefile || fail "no target $target"
done
[ "$failures" = 0 ] && echo "README: program, commands, files and targets are there"
[ "$failures" = 0 ]

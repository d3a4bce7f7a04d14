# usage: run.sh TEST... -- SAMPLE...   Runs each test program, each tests/*.sh and each sample; ends with one line of counts.
export OPENBLAS_NUM_THREADS=1
export LSAN_OPTIONS="suppressions=$PWD/tests/support/leaks.supp:print_suppressions=0" # make asan
export ASAN_OPTIONS="allocator_may_return_null=1" # as malloc: what HDF5 asks for on behalf of a damaged file
export BUILD="${BUILD:-build}"
BASIN_SCRATCH=$(mktemp -d "${TMPDIR:-/tmp}/basin-tests-XXXXXX") && export BASIN_SCRATCH
trap 'rm -rf "$BASIN_SCRATCH"' EXIT INT TERM
passed=0
failed=""
try() {
    printf '== %s\n' "$*"
    if "$@"; then passed=$((passed + 1)); else failed="$failed $1"; printf 'FAILED: %s\n' "$*"; fi
}
while [ $# -gt 0 ] && [ "$1" != -- ]; do try "$1"; shift; done
shift
if [ -n "${BASIN_LONG:-}" ]; then # the engine for processors without AVX-512
    for set in base avx2; do
        for name in ops op_oracle oracle fold bn; do try env "BASIN_INSTRUCTIONS=$set" "$BUILD/tests/engine/test_$name"; done
    done
fi
for script in tests/*_test.sh tests/cli/[0-9]*.sh; do [ -e "$script" ] && try sh "$script"; done
for sample in "$@"; do try "$sample" "$BASIN_SCRATCH"; done
count=$(echo $failed | wc -w)
[ -z "$failed" ] || echo "failed:$failed"
echo "$passed passed, $count failed"
[ "$count" = 0 ]

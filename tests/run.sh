# usage: run.sh TEST... -- SAMPLE...
# Runs every test program TEST, every script (tests/*_test.sh and tests/cli/NN_topic.sh) and every SAMPLE, JOBS at once, and ends with one
# line that counts tests, not programs. What fails shows its whole output; V=1 or BASIN_LONG=1 shows everybody's.
#
# How a run says what it did:
#   a program    cmocka's own summary counts its tests; one that cannot run calls basin_test_skip("REASON")
#   a script     prints «N checks» (or «N tests») and, if some failed, «N failed»; «skipped WHAT: REASON» for a part that cannot run
#   either       prints «skipped: REASON» and exits with status 77 if nothing of it can run
# A run that succeeds and has counted nothing has failed. BASIN_STRICT=1 makes a skip a failure, unless its reason begins with
# «this processor», «this PyTorch» or «no package of Debian», which CI cannot mend, or is «make test-long», which is run elsewhere.

# one KIND FILE [VARIABLE=VALUE]: runs it and adds its lines to $RESULTS: «passed KIND N», «failed NAME N», «skipped NAME: REASON»
one() {
    kind=$1 file=$2 name=$2 log=$(mktemp "$RESULTS/log-XXXXXX") started=$(date +%s)
    shift 2
    name=${name#"$BUILD/"} && name=${name#tests/} && name=${name%.sh}${1:+ with $1}
    case $kind in
    program) env "$@" "$file" ;;
    script) sh "$file" ;;
    sample) "$file" "$BASIN_SCRATCH" ;;
    esac >"$log" 2>&1 </dev/null
    status=$?
    "tally_$kind" >"$log.result"
    if [ "$status" = 77 ]; then
        printf 'skipped %s: %s\n' "$name" "$(sed -n 's/^skipped: //p' "$log" | tail -n 1)" >"$log.result"
    elif [ "$status" != 0 ] && ! grep -q '^failed ' "$log.result"; then
        printf 'failed %s: exit status %s\n' "$name" "$status" >>"$log.result"
    elif [ "$status" = 0 ] && ! grep -q '^passed \|^skipped ' "$log.result"; then
        printf 'failed %s: counted nothing\n' "$name" >>"$log.result"
    fi
    until mkdir "$RESULTS/printing" 2>/dev/null; do sleep 0.05; done # the output of one stays together
    { cat "$log.result"; echo ended; } >>"$RESULTS/all"
    if grep -q '^failed ' "$log.result"; then
        printf '== FAILED %s\n' "$name"
        cat "$log"
        grep '^failed ' "$log.result"
    else
        grep '^skipped ' "$log.result"
        printf '== %s: %s%s s\n' "$name" "$(sed -n 's/^passed [a-z]* \(.*\)/\1, /p' "$log.result")" "$(($(date +%s) - started))"
        [ -z "${V:-}${BASIN_LONG:-}" ] || cat "$log"
    fi
    rmdir "$RESULTS/printing"
}
tally_program() {
    awk -v name="$name" '
        /^\[ RUN      \] / { running = $4; reason = "no reason told" }
        /^skipped: / { reason = substr($0, 10) }
        /^\[  SKIPPED \] / && $4 == running { print "skipped " name " " running ": " reason }
        /^\[  (FAILED |ERROR  ) \] [^ ]+$/ && !seen[$4]++ { print "failed " name " " $4 }
        /^\[  FAILED  \] GROUP SETUP/ { print "failed " name " group setup" }
        /^\[  PASSED  \] [1-9][0-9]* test/ { print "passed program " $4 " tests" }' "$log"
}
tally_script() {
    awk -v name="$name" '
        /^skipped [^:]/ { sub(/^skipped /, ""); print "skipped " name " " $0 }
        /^[1-9][0-9]* failed$/ { failed = $1 }
        /^[1-9][0-9]* (checks|tests)$/ { count = $1; what = $2 }
        END {
            if (count - failed > 0) print "passed script " count - failed " " what
            if (failed > 0) print "failed " name ": " failed " of " count " " what
        }' "$log"
}
tally_sample() {
    [ "$status" != 0 ] || echo "passed sample 1 run"
}
runs_with() { # SET, or it is a skip
    BASIN_INSTRUCTIONS=$1 "$BUILD/basin" check tests/data/oracle.h5 2>&1 | grep -q 'this processor does not have them' || return 0
    echo "skipped tests with BASIN_INSTRUCTIONS=$1: this processor has no $1" >>"$RESULTS/all"
    return 1
}
if [ "$1" = --one ]; then
    shift
    one "$@"
    exit 0
fi

export OPENBLAS_NUM_THREADS=1
export OMP_WAIT_POLICY=passive # several programs share the processors: a thread without work must not turn on one of them
export LSAN_OPTIONS="suppressions=$PWD/tests/support/leaks.supp:print_suppressions=0" # make asan
export ASAN_OPTIONS="allocator_may_return_null=1" # as malloc: what HDF5 asks for on behalf of a damaged file
export BUILD="${BUILD:-build}"
BASIN_SCRATCH=$(mktemp -d "${TMPDIR:-/tmp}/basin-tests-XXXXXX") && export BASIN_SCRATCH || exit 1
trap 'rm -rf "$BASIN_SCRATCH"' EXIT
trap 'exit 130' INT TERM
RESULTS=$BASIN_SCRATCH/results && export RESULTS && mkdir "$RESULTS" && : >"$RESULTS/all" || exit 1
cores=$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 1)
sh tests/cli/fixture.sh >"$RESULTS/fixture" 2>&1 || { cat "$RESULTS/fixture"; echo "failed cli/fixture" >>"$RESULTS/all"; }
{
    for script in tests/*_test.sh tests/cli/[0-9]*.sh; do echo "script $script"; done
    while [ $# -gt 0 ] && [ "$1" != -- ]; do
        echo "program $1"
        case ${BASIN_LONG:+long}/$1 in # the engines for lesser processors
        long/*/test_ops | long/*/test_op_oracle | long/*/test_oracle | long/*/test_fold | long/*/test_bn)
            for set in base avx2; do runs_with "$set" && echo "program $1 BASIN_INSTRUCTIONS=$set"; done ;;
        esac
        shift
    done
    shift
    for sample in "$@"; do echo "sample $sample"; done
} >"$RESULTS/work"
xargs -P "${JOBS:-$((cores < 8 ? cores : 8))}" -L 1 sh tests/run.sh --one <"$RESULTS/work"

# the last line
awk -v strict="${BASIN_STRICT:-}" -v planned="$(wc -l <"$RESULTS/work")" '
    $1 == "ended" { ended++ }
    $1 == "passed" { runs[$2]++; tests[$2] += $3 }
    $1 == "failed" { sub(/^failed /, ""); add_failed($0, /: [0-9]+ of [0-9]+ (checks|tests)$/ ? $(NF - 3) : 1) }
    $1 == "skipped" {
        sub(/^skipped /, "")
        reason = $0
        sub(/^[^:]*: /, "", reason)
        what = substr($0, 1, length($0) - length(reason) - 2) " (" reason ")"
        if (strict && reason !~ /^this (processor|PyTorch) |^no package of Debian |^make test-long$/) add_failed(what " skipped", 1)
        else { skips++; skipped = skipped (skips > 1 ? ", " : ": ") what }
    }
    function add_failed(what, count) { failed += count; failures = failures (failures == "" ? ": " : ", ") what }
    END {
        if (ended != planned) add_failed(planned - ended " runs did not come to their end", planned - ended)
        printf "%d tests in %d programs, %d checks in %d scripts, %d samples passed; %d failed%s; %d skipped%s\n", tests["program"],
            runs["program"], tests["script"], runs["script"], runs["sample"], failed, failures, skips, skipped
        exit failed > 0
    }' "$RESULTS/all"

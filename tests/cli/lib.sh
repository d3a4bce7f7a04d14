# What the topics of tests/cli share. A topic is a script NN_topic.sh that reads this file first, works in a copy of the fixture folder of
# its own, and ends with `finish`. It runs under tests/run.sh or alone: BUILD=build sh tests/cli/20_results.sh
#
#   good [-w PATTERN]… COMMAND…          succeeds and warns of nothing but what -w names; a perturbed checkpoint may be undone
#   bad PATTERN… -- COMMAND…             fails (status 1): one message that holds every pattern, nothing printed, no file made
#   wrong PATTERN… -- COMMAND…           is a usage error (status 2), the same
#   fails PATTERN… -- COMMAND…           fails (status 1) with such a message, and may print
#   holds FILE PATTERN, lacks FILE PATTERN, expect WHAT COMMAND…, never WHAT COMMAND…, equal WHAT NUMBER NUMBER
#   same, stored                         below
# COMMAND… stands without `basin`. What it printed is in the files out and err.
HERE=$(cd "$(dirname "$0")" && pwd)
ROOT=$(cd "$HERE/../.." && pwd)
BUILD=${BUILD:-build}
case $BUILD in /*) ;; *) BUILD=$ROOT/$BUILD ;; esac
if [ -z "${BASIN_SCRATCH:-}" ]; then # alone
    BASIN_SCRATCH=$(mktemp -d "${TMPDIR:-/tmp}/basin-cli-XXXXXX") || exit 1
    trap 'rm -rf "$BASIN_SCRATCH"' EXIT
    trap 'exit 130' INT TERM
fi
export BUILD BASIN_SCRATCH
B=$BUILD/basin
DIGITS=$ROOT/samples/digits.h5
DATA=$ROOT/tests/data
FIXTURE=$BASIN_SCRATCH/cli_fixture
TOPIC=$(basename "$0" .sh)
GD=runs/gd_0/step_000040.h5
SAM=runs/sam_0/step_000040.h5
MSAM=runs/msam_0/step_000040.h5
failures=0
checks=0

# begin FOLDER: works there, where the files are that a check writes
begin() {
    mkdir -p "$1" && cd "$1" && touch before after line unsaid warnings out err said || exit 1
}
# topic: makes the fixture if it is not there, and begins in a copy of it
topic() {
    [ -d "$FIXTURE" ] || sh "$HERE/fixture.sh" || exit 1
    cp -R "$FIXTURE" "$BASIN_SCRATCH/$TOPIC" && begin "$BASIN_SCRATCH/$TOPIC"
}
# finish: nothing half-written is left; the counts as tests/run.sh reads them
finish() {
    expect "no temporary file is left" [ -z "$(find . -name '*.part' -o -name '*.check')" ]
    echo "$failures failed"
    echo "$checks checks"
    [ "$failures" = 0 ]
    exit
}

fail() {
    printf '%s: %s\n' "$TOPIC" "$*"
    failures=$((failures + 1))
}
expect() {
    what=$1
    shift
    checks=$((checks + 1))
    "$@" || fail "$what: not so: $*"
}
never() {
    what=$1
    shift
    checks=$((checks + 1))
    if "$@"; then fail "$what: it is so that $*"; fi
}
holds() {
    checks=$((checks + 1))
    grep -q -e "$2" "$1" || fail "no «$2» in $1: $(head -c 300 "$1")"
}
lacks() {
    checks=$((checks + 1))
    ! grep -q -e "$2" "$1" || fail "«$2» in $1: $(grep -e "$2" "$1" | head -c 300)"
}
# equal WHAT A B: two numbers that agree to nine digits
equal() {
    checks=$((checks + 1))
    [ -n "$2" ] && [ -n "$3" ] && awk "BEGIN { d = $2 - $3; exit !(d * d <= 1e-18 * $3 * $3) }" || fail "$1: $2 and $3 differ"
}
# number FILE KEY: the first value of that key in a document, be it a number or an object with a value
number() { grep -o "\"$2\": *\({\"value\": \)*[0-9][0-9.e+-]*" "$1" | head -1 | sed 's/.*: *//'; }

WAITING='^basin: .*; [0-9.]* [a-z]* so far$'
# run STATUS COMMAND…: the command ends with that status
run() {
    want=$1
    shift
    "$B" "$@" >out 2>said </dev/null
    got=$?
    grep -v "$WAITING" said >err # on a busy machine any command may take half a minute
    checks=$((checks + 1))
    [ "$got" = "$want" ] || fail "basin $*: exit status $got, wanted $want: $(head -c 300 err)"
}
UNDONE='^basin: [^ ]*\.h5: the stored weights are perturbed; undone: theta = stored [+-] [0-9.e-]* v (--as-stored keeps them)$'
good() {
    : >warnings
    while [ "$1" = -w ]; do
        printf '%s\n' "$2" >>warnings
        shift 2
    done
    run 0 "$@"
    grep -v -e "$UNDONE" err >line
    [ ! -s line ] || [ -s warnings ] || fail "basin $*: on stderr: $(head -c 300 line)"
    while IFS= read -r pattern; do holds line "^basin: warning: .*$pattern"; done <warnings
    [ ! -s warnings ] || ! grep -v -f warnings line >unsaid || fail "basin $*: on stderr: $(head -c 300 unsaid)"
}
# refused STATUS PATTERN… -- COMMAND…
refused() {
    status=$1 patterns=""
    shift
    while [ "$1" != -- ]; do
        patterns="$patterns$1
"
        shift
    done
    shift
    ls -A >before
    run "$status" "$@"
    ls -A >after
    grep '^basin: ' err | grep -v '^basin: warning' >line
    [ "$(wc -l <line)" = 1 ] || fail "basin $*: wanted one line on stderr, got: $(head -c 300 err)"
    printf '%s' "$patterns" | while IFS= read -r pattern; do grep -q -e "$pattern" line || printf '%s' "«$pattern» "; done >unsaid
    [ -s unsaid ] && fail "basin $*: the line does not hold $(cat unsaid): $(cat line)"
    cmp -s before after || fail "basin $*: left files behind: $(diff before after | tail -n +2 | tr '\n' ' ')"
}
silent() {
    [ ! -s out ] || fail "printed something although it failed: $(head -c 300 out)"
}
fails() { refused 1 "$@"; }
bad() { refused 1 "$@"; silent; }
wrong() { refused 2 "$@"; silent; }

# same [-w PATTERN]… COMMAND…: --json is the same bytes for one and two threads and in two runs, and is one JSON document; it is in `one`
same() {
    good "$@" --json --threads 1
    cp out one
    good "$@" --json --threads 2
    expect "--json of $* with one and two threads" cmp -s out one
    good "$@" --json
    expect "--json of $* in two runs" cmp -s out one
    holds one '^[[{]'
}
# stored NAME [-w PATTERN]… COMMAND…: -o and --plot at once; plot draws the same bytes from the file; verify passes and warns of the same
stored() {
    name=$1 warned=""
    shift
    [ "$1" != -w ] || warned=$2
    good "$@" -o "$name.h5" --plot "$name.svg"
    good plot "$name.h5" -o again.svg
    expect "plot of $name.h5 as --plot at once" cmp -s again.svg "$name.svg"
    good plot "$name.h5" -o "$name.pdf" --title Title --caption
    expect "a caption of $name.h5" [ -s out ]
    good plot "$name.h5" -o "$name.png" --width 6.75 --dpi 72
    good ${warned:+-w "$warned"} verify "$name.h5"
    holds out "  verified"
}
# train METHOD SEED STEPS FOLDER OPTION…
train() {
    method=$1 seed=$2 steps=$3 folder=$4
    shift 4
    good train --mlp 64-4-10 --data "$DIGITS" --method "$method" --learning-rate 0.2 --rho 0.1 --steps "$steps" --seed "$seed" --subset 120 \
        --label-noise 0.2 -o "$folder" "$@"
}

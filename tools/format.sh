# usage: format.sh [--check]   Lays out every C file by .clang-format: sources within its 110 columns, headers within 100. With --check
# nothing is written, and every place that would change is told, as are lines (clang-format leaves comments alone) and functions that are
# too long.
set -eu
version=$(clang-format --version 2>/dev/null | sed -n 's/.*version \([0-9]*\).*/\1/p')
if [ "$version" != 14 ]; then echo "format: skipped: clang-format 14 is wanted, whose layout this is; found ${version:-none}"; exit 0; fi
style=$(mktemp) && trap 'rm -f "$style"' EXIT
sed 's/^ColumnLimit: .*/ColumnLimit: 100/' .clang-format >"$style"
sources=$(git ls-files '*.c') headers=$(git ls-files '*.h')
if [ "${1:-}" != --check ]; then
    clang-format -i $sources
    clang-format "--style=file:$style" -i $headers
    exit
fi
status=0
clang-format --dry-run -Werror $sources || status=1
clang-format "--style=file:$style" --dry-run -Werror $headers || status=1
# Inside a fence (clang-format off … on) a table may be as wide as it needs.
wide() { # COLUMNS FILE…
    most=$1
    shift
    LC_ALL=C awk -v most="$most" 'FNR == 1 { off = 0 } /clang-format off/ { off = 1 } /clang-format on/ { off = 0 }
        !off { line = $0; gsub(/[\200-\277]/, "", line); if (length(line) > most) { print FILENAME ":" FNR ": more than " most " columns"; bad = 1 } }
        END { exit bad }' "$@"
}
# A function stands in view as a whole: 60 lines.
awk '/^\{$/ { begin = FNR } /^\}/ && begin { if (FNR - begin > 60) { print FILENAME ":" begin ": a function of " FNR - begin " lines, more than 60"; bad = 1 } begin = 0 }
    END { exit bad }' $sources || status=1
wide 110 $sources || status=1
wide 100 $headers || status=1
exit $status

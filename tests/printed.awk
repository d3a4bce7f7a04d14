# usage: awk -v where=FILE:LINE -f tests/printed.awk EXPECTED GOT
# Does what a command printed (GOT) agree with what a document shows (EXPECTED)? Otherwise it prints the first line that does not, and exits 1.
#
# Words must be equal; blanks count as one. Numbers are compared by these rules, which allow for another processor and no more:
#   - integers (no point, no exponent) are equal, but a count of products of an iterative method, followed by «products», may differ by a tenth;
#   - other numbers differ by at most 2e-3 of their size, or by two in the last digit that the document shows;
#   - where both are below 1e-6 they are errors of rounding, and agree;
#   - an error of an iterative method, a number that follows «±», may differ by half;
#   - seconds are not compared: a number before « s», and the last number of a row in a table whose last title is «seconds».
# The document may leave lines out by a line that holds nothing but «…», and the end of a line by «…» there.

function trim(s) { gsub(/[ \t]+/, " ", s); sub(/^ /, "", s); sub(/ $/, "", s); return s }
function size(x) { return x < 0 ? -x : x }
function is_integer(s) { return s !~ /[.eE]/ }

# The unit of the last digit that a number shows.
function last_digit(s,    parts, exponent) {
    exponent = split(s, parts, /[eE]/) > 1 ? parts[2] + 0 : 0
    if (index(parts[1], ".") > 0) exponent -= length(parts[1]) - index(parts[1], ".")
    return 10 ^ exponent
}

# Cuts a line into words[0], numbers[1], words[1], numbers[2], …; returns how many numbers.
function cut(line, words, numbers,    n) {
    n = 0
    while (match(line, /[-+]?[0-9]+(,[0-9][0-9][0-9])*(\.[0-9]+)?([eE][-+]?[0-9]+)?/)) {
        words[n] = trim(substr(line, 1, RSTART - 1))
        numbers[++n] = substr(line, RSTART, RLENGTH)
        gsub(/,/, "", numbers[n])
        line = substr(line, RSTART + RLENGTH)
    }
    words[n] = trim(line)
    return n
}

function numbers_agree(a, b, before, after,    x, y, larger) {
    if (a == b) return 1
    if (after ~ /^s([^a-zA-Z]|$)/) return 1
    x = a + 0; y = b + 0
    larger = size(x) > size(y) ? size(x) : size(y)
    if (is_integer(a) && is_integer(b)) return after ~ /^products/ && size(x - y) <= 0.1 * larger
    if (larger < 1e-6) return 1
    if (before ~ /±$/ && size(x - y) <= 0.5 * larger) return 1
    return size(x - y) <= 2e-3 * larger || size(x - y) <= 2.001 * last_digit(a)
}

function lines_agree(i, j,    a, b, m, n, k, wa, na, wb, nb, rest) {
    a = expected[i]; b = got[j]
    rest = a ~ /…$/
    if (rest) sub(/ *…$/, "", a)
    if (trim(a) == trim(b)) return 1
    m = cut(a, wa, na); n = cut(b, wb, nb)
    if (rest ? n < m : n != m) return 0
    for (k = 1; k <= m; k++) {
        if (wa[k - 1] != wb[k - 1]) return 0
        if (k == m && timed[i] && wa[m] == "") continue
        if (!numbers_agree(na[k], nb[k], wb[k - 1], wb[k])) return 0
    }
    return rest ? index(wb[m], wa[m]) == 1 : wa[m] == wb[m]
}

# Do the lines from i and from j on agree? Keeps the farthest place at which they did not.
function agree(i, j) {
    while (i <= lines && trim(expected[i]) != "…") {
        if (j > printed || !lines_agree(i, j)) return differ(i, j)
        i++; j++
    }
    if (i > lines) return j > printed ? 1 : differ(i, j)
    if (i == lines) return j <= printed ? 1 : differ(i, j)
    for (j++; j <= printed; j++)
        if (lines_agree(i + 1, j) && agree(i + 1, j)) return 1
    return differ(i + 1, 0)
}

# At line i of the document, and line `at` of what was printed, or 0 where all lines were tried.
function differ(i, at) {
    if (i > farthest) { farthest = i; there = at }
    return 0
}

FNR == NR { expected[++lines] = $0; next }
{ got[++printed] = $0 }

END {
    for (i = 1; i <= lines; i++) {
        timed[i] = in_table
        if (trim(expected[i]) == "") in_table = timed[i] = 0
        if (expected[i] ~ / seconds$/) in_table = 1
    }
    while (printed > 0 && trim(got[printed]) == "") printed--
    while (lines > 0 && trim(expected[lines]) == "") lines--
    if (agree(1, 1)) exit 0
    split(where, place, ":")
    printf "%s:%d: the document says\n    %s\n", place[1], place[2] + farthest - 1, farthest <= lines ? expected[farthest] : "(nothing more)"
    if (there > 0) printf "  and basin prints\n    %s\n", there <= printed ? got[there] : "(nothing more)"
    else print "  and basin prints no such line where it should stand"
    exit 1
}

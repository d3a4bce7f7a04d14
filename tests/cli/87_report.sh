# Results as one document: what stands in it, that nothing in it comes from elsewhere, that no name in it is obeyed, and that of
# runs only what is not stored is computed.
. "$(dirname "$0")/lib.sh"
topic

good compare runs/gd_0 runs/gd_1 runs/sam_0 runs/sam_1 --no-polish -o compare.h5
good compare runs/gd_0 runs/gd_1 --no-polish --measures core -o alone.h5
good track runs/gd_0 -o track.h5
good spectrum $GD -o one.h5
good spectrum $SAM -o two.h5
good spectrum $GD --top 3 --method lanczos -o three.h5
good sane $GD -o sane.h5
ALL="compare.h5 one.h5 two.h5 three.h5 track.h5 sane.h5"
good info $GD
parameters=$(sed -n "s/^  weights  *P = \([0-9,]*\) .*/\1/p" out)
good report $ALL -o page.html --title 'A & B' --about 'Digits, <few> of "them".'
expect "nothing is printed" [ ! -s out ]
holds page.html "^<!DOCTYPE html>$"
holds page.html "^<h1>A &amp; B</h1>$"
holds page.html "^<p>Digits, &lt;few&gt; of &quot;them&quot;.</p>$"
holds page.html "^<h2>Verdict: compare, at step 40 (compare.h5)</h2>$"
holds page.html "^<h3>sam against gd: inconclusive</h3>$"
holds page.html "^<p>These runs do not tell whether sam finds flatter weights than gd: 2 seeds"
# what was asked for alike stands in one figure, the others in their own: the verdict, methods, spectra (2), track
expect "five figures" [ "$(grep -c '^<figure ' page.html)" = 5 ]
holds page.html "^<h2>spectrum (one.h5 and others)</h2>$"
holds page.html "^<h2>spectrum (three.h5)</h2>$"
holds page.html "^<h2>sane (sane.h5)</h2>$"
expect "what each command prints" [ "$(grep -c '^<details><summary>Numbers of ' page.html)" = 5 ]
holds page.html "λ<sub>max</sub></th><td data-by=\"[0-9.]*\" data-head=\"gd\">[0-9.]* ± [0-9.]*</td>"
holds page.html "^<tr><th scope=\"row\">adaptive_average</th><td.*leaves it alone, by the list</td></tr>$"
holds page.html "^<tr><th scope=\"row\">lambda_max</th><td.*>moves it, by the list</td></tr>$"
holds page.html "^<details><summary>The commands</summary>$"
holds page.html "basin compare --no-polish runs/gd_0 runs/gd_1 runs/sam_0 runs/sam_1 -o compare.h5$"
# what was trained, a row for each setting; both seeds have the same data or each its own
holds page.html "^<h2>What was trained</h2>$"
expect "a row for each method" [ "$(sed -n '/<section id="runs">/,/<\/section>/p' page.html | grep -c '^<tr><th scope="row">')" = 2 ]
holds page.html "^<tr><th scope=\"row\">sam</th><td data-head=\"learning rate η\">[0-9.]*</td>.*<td data-head=\"seeds\">0, 1</td><td data-head=\"P\">$parameters</td>"
holds page.html "^<p>Network (P = [0-9,]*), loss softmax_cross_entropy: input \[64\]"
holds page.html " 2 data sets, the first of digest [0-9a-f]*\.</figcaption>"
holds page.html "<td data-head=\"data, digest\">[^<]* ([0-9a-f]*) and 1 other</td>"
holds page.html "<td data-head=\"data, digest\">[^<]* ([0-9a-f]*)</td>"
# what no figure shows stands open
expect "SANE is told openly" [ "$(sed -n '/<h2>sane (sane.h5)/,/<\/section>/p' page.html | grep -c '^  SANE  *[0-9]\|<details>')" = 1 ]
# warnings stand once, each with its section
holds page.html "^<h2>Warnings</h2>$"
holds page.html "^<li>three.h5: 3 of [0-9]* eigenvalues are known (3 largest, 0 least).*<a href=\"#s3\">spectrum (three.h5)</a></li>$"
# no address but the name space of SVG inside its pictures (percent-encoded), no file beside it
expect "nothing comes from elsewhere" [ -z "$(grep -o 'src="[^"]\{5\}\|href="[^"]\|url([^)]*)\|@import' page.html | grep -v '^src="data:$\|^href="#$')" ]
expect "every section is listed" [ "$(sed -n '/<nav/,/<\/nav>/p' page.html | grep -c '<li><a href="#')" = "$(grep -c '^<section id="' page.html)" ]
for anchor in $(grep -o 'href="#[a-z0-9]*' page.html | cut -d'#' -f2 | sort -u); do holds page.html "^<section id=\"$anchor\">$"; done
expect "headings go down one by one" [ -z "$(grep -o '^<h[1-6]' page.html | awk '{ n = substr($0, 3) } n > last + 1 { print } { last = n }')" ]
expect "every picture is named" [ "$(grep -c '<img alt="Figure of [^"]*" width' page.html)" = 5 ]
cp page.html first.html
good report $ALL -o page.html --title 'A & B' --about 'Digits, <few> of "them".'
expect "the same bytes" cmp -s page.html first.html

# the same on paper
good report $ALL -o page.pdf --title 'A & B' --about 'Digits, <few> of "them".'
cp page.pdf first.pdf
good report $ALL -o page.pdf --title 'A & B' --about 'Digits, <few> of "them".'
expect "the same bytes on paper" cmp -s page.pdf first.pdf
expect "it is a PDF" [ "$(head -c 5 page.pdf)" = "%PDF-" ]
if command -v pdftotext >/dev/null; then
    pdftotext -layout page.pdf page.txt
    pages=$(pdfinfo page.pdf | sed -n 's/^Pages: *//p')
    holds page.txt "^ *A *& *B$"
    holds page.txt "Digits, <few> of \"them\"\."
    holds page.txt "^ *sam against gd: inconclusive$"
    holds page.txt "Appendix: numbers as the commands print them"
    expect "every page has its number" [ "$(grep -c "^ *[0-9]* / $pages\$" page.txt)" = "$pages" ]
    # the contents tell the page on which a heading stands
    page=$(sed -n 's/^ *sane (sane.h5)  *\([0-9]*\)$/\1/p' page.txt | head -n 1)
    pdftotext -f "$page" -l "$page" page.pdf there.txt
    holds there.txt "^sane (sane.h5)$"
    expect "fonts are embedded" [ -z "$(pdffonts page.pdf | awk 'NR > 2 && $(NF - 4) != "yes"')" ]
fi

# one method alone has no verdict, and is a report all the same
good report alone.h5 -o alone.html
lacks alone.html "Verdict"
holds alone.html "^<h2>compare, at step [0-9]* (alone.h5)</h2>$"

# what was measured on the network goes before the list
good invariance $GD --measures lambda_max,adaptive_average -o own.h5
good compare runs/gd_0 runs/gd_1 runs/sam_0 runs/sam_1 --no-polish --invariance own.h5 -o measured.h5
good report measured.h5 -o measured.html
holds measured.html "^<tr><th scope=\"row\">lambda_max</th><td.*>moves it by [0-9.]*, as measured (own.h5)</td></tr>$"
holds measured.html "^<tr><th scope=\"row\">trace</th><td.*>moves it, by the list</td></tr>$"

# names are shown and not obeyed
name='r<script>alert(1)<'"&amp;'\""
cp -R runs/gd_0 "$name" # a name has no slash
good track "$name" -o odd.h5
cp odd.h5 'odd<b>.h5'
good report 'odd<b>.h5' -o odd.html --title '</title><script>'
expect "one script, the page's own" [ "$(grep -o '<script' odd.html | wc -l)" = 1 ]
lacks odd.html "odd<b>"
holds odd.html "^<title>&lt;/title&gt;&lt;script&gt;</title>$"
turned=$(printf 'tu\342\200\256rn\377ed\033[31m')
good report one.h5 -o turned.html --title "$turned"
holds turned.html "^<h1>tu�rn�ed�\[31m</h1>$"
good report one.h5 'odd<b>.h5' -o turned.pdf --title "$turned"

# the values of a plane are in the page, those of its file
good slice $GD --range -1:1 --grid 3 --both --along random:1 --along random:2 -o plane.h5 --json
json=$(tr -d ' \n' <out | grep -o '"loss":\[\[[^"]*' | head -n 1 | sed 's/"loss"://; s/[][]//g; s/,$//')
good report plane.h5 -o plane.html
holds plane.html "^<h2>slice along random:1 and random:2 (plane.h5)</h2>$"
lacks plane.html "What was trained" # no rows record it
shown=$(grep -o '&quot;loss&quot;:\[[^]]*\]' plane.html | head -n 1 | sed 's/.*\[//; s/\]//')
expect "nine values" [ "$(echo "$shown" | tr ',' '\n' | wc -l)" = 9 ]
expect "the values of the file to four digits" awk -v a="$json" -v b="$shown" \
    'BEGIN { n = split(a, x, ","); if (n != 9 || split(b, y, ",") != 9) exit 1; for (i = 1; i <= 9; i++) if ((x[i] - y[i]) ^ 2 > 1e-6 * x[i] ^ 2) exit 1 }'

# two folders of results stand side by side
mkdir old new
cp one.h5 track.h5 compare.h5 old
cp three.h5 new/three.h5
good spectrum $SAM -o new/one.h5
good compare runs/gd_0 runs/sam_0 --no-polish -o new/compare.h5
good report old new -o sides.html
expect "which folder is which, before anything else" [ "$(sed -n "/<h1>/,/<h2>/p" sides.html | grep "<li>" | tr -d "\n")" = "<li>A: old</li><li>B: new</li>" ]
holds sides.html "^<h2>A and B: spectrum (one.h5 and others)</h2>$"
holds sides.html "^<h2>A and B: compare, at step 40 (compare.h5 and others)</h2>$"
holds sides.html "<th scope=\"col\"><button type=\"button\">A gd</button></th>.*<th scope=\"col\"><button type=\"button\">B sam</button></th>"
holds sides.html "^<h2>What only one of A and B has</h2>$"
holds sides.html "^<li>only A → <a href=\"#s[0-9]\">A: track (track.h5)</a></li>$"
holds sides.html "^<li>only B → <a href=\"#s[0-9]\">B: spectrum (three.h5)</a></li>$"
bad "old and ./old are one folder, named twice" -- report old ./old -o page.html

# of runs what is missing is computed by the commands, stored, and taken from there the next time
run 0 report runs/gd_0 runs/sam_0 -o runs.html
for name in compare track paths spectrum_gd_0 sane_gd_0 momentum_sam_0 eigen_sam_0 random_gd_0 plane_gd_0; do
    expect "$name is stored" [ -s "runs.results/$name.h5" ]
done
run 0 report runs/gd_0 runs/sam_0 -o runs.html --results runs.results
holds err "runs.results: 0 results computed, 15 taken from there"
good spectrum runs/gd_0/step_000040.h5 -o same.h5 --json
cp out own.json
good plot runs.results/spectrum_gd_0.h5 -o same.svg
good verify runs.results/momentum_sam_0.h5
rm runs.results/plane_sam_0.h5
cp track.h5 runs.results/sane_gd_0.h5 # of another command: computed anew
run 0 report runs/gd_0 runs/sam_0 -o runs.html
holds err "runs.results: 2 results computed, 13 taken from there"
good report runs.results -o again.html
expect "the same figures" [ "$(grep -c '^<figure ' again.html)" -ge 7 ]
run 0 report $GD -o single.html --time 1h --samples 100 --results single
holds single.html "^<h2>track (track.h5)</h2>$"
expect "one run is not compared" [ ! -e single/compare.h5 ]
bad "nothing could be computed" -- report runs/gd_0 runs/sam_0 -o late.html --time 0.000001s
expect "no report of nothing" [ ! -e late.html ]

bad "one.h5 and ./one.h5 are one result, named twice" -- report one.h5 two.h5 ./one.h5 -o page.html
bad "runs/gd_0 and ./runs/gd_0 are one run, named twice" -- report runs/gd_0 ./runs/gd_0 -o page.html
bad "a stored result cannot answer --samples: name the runs" -- report one.h5 --samples 10 -o page.html
bad "\-\-time is of what is computed of runs" -- report one.h5 --time 10s -o page.html
wrong "report: where to? -o REPORT.html or REPORT.pdf" -- report compare.h5
wrong "report: page.txt: a report's name ends in .html or .pdf" -- report compare.h5 -o page.txt
wrong "" -- report -o page.html
bad "nowhere/page.html: cannot be written" -- report compare.h5 -o nowhere/page.html
bad "nowhere.h5" -- report compare.h5 nowhere.h5 -o page.html
expect "a failed report leaves the one before" cmp -s page.html first.html

finish

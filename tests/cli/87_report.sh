# Stored results as one page: what stands in it, that nothing in it comes from elsewhere, and that no name in it is obeyed.
. "$(dirname "$0")/lib.sh"
topic

good compare runs/gd_0 runs/gd_1 runs/sam_0 runs/sam_1 --no-polish -o compare.h5
good compare runs/gd_0 runs/gd_1 --no-polish --measures core -o alone.h5
good track runs/gd_0 -o track.h5
good spectrum $GD -o one.h5
good spectrum $SAM -o two.h5
good spectrum $GD --top 3 --method lanczos -o three.h5
good sane $GD -o sane.h5
good report compare.h5 one.h5 two.h5 three.h5 track.h5 sane.h5 -o page.html --title 'A & B' --about 'Digits, <few> of "them".'
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
expect "what each command prints" [ "$(grep -c '^<details><summary>Numbers of ' page.html)" = 6 ]
holds page.html "λ<sub>max</sub></th><td data-by=\"[0-9.]*\">[0-9.]* ± [0-9.]*</td>"
holds page.html "^<tr><th scope=\"row\">adaptive_average</th><td>.*</td><td>leaves it alone</td></tr>$"
holds page.html "^<tr><th scope=\"row\">lambda_max</th><td>.*</td><td>moves it</td></tr>$"
holds page.html "^<details><summary>The commands</summary>$"
holds page.html "basin compare --no-polish runs/gd_0 runs/gd_1 runs/sam_0 runs/sam_1 -o compare.h5$"
# no address but the name space of SVG inside its pictures (percent-encoded), no file beside it
expect "nothing comes from elsewhere" [ -z "$(grep -o 'src="[^"]\{5\}\|href="[^"]\{2\}\|url([^)]*)\|@import' page.html | grep -v '^src="data:$\|^href="#s$')" ]
expect "sections are linked" [ "$(grep -c '<li><a href="#s' page.html)" = "$(grep -c '^<section id="s' page.html)" ]
cp page.html first.html
good report compare.h5 one.h5 two.h5 three.h5 track.h5 sane.h5 -o page.html --title 'A & B' --about 'Digits, <few> of "them".'
expect "the same bytes" cmp -s page.html first.html

# one method alone has no verdict, and is a report all the same
good report alone.h5 -o alone.html
lacks alone.html "Verdict"
holds alone.html "^<h2>compare, at step [0-9]* (alone.h5)</h2>$"

# names are shown and not obeyed
name='r<script>alert(1)<'"&amp;'\""
cp -R runs/gd_0 "$name" # a name has no slash
good track "$name" -o odd.h5
cp odd.h5 'odd<b>.h5'
good report 'odd<b>.h5' -o odd.html --title '</title><script>'
expect "one script, the page's own" [ "$(grep -o '<script' odd.html | wc -l)" = 1 ]
lacks odd.html "odd<b>"
holds odd.html "^<title>&lt;/title&gt;&lt;script&gt;</title>$"

bad "one.h5 and ./one.h5 are one result, named twice" -- report one.h5 two.h5 ./one.h5 -o page.html
wrong "report: where to? -o FILE.html" -- report compare.h5
wrong "report: page.pdf: a report's name ends in .html" -- report compare.h5 -o page.pdf
wrong "" -- report -o page.html
bad "nowhere/page.html: cannot be written" -- report compare.h5 -o nowhere/page.html
bad "nowhere.h5" -- report compare.h5 nowhere.h5 -o page.html
bad "runs/gd_0/step_000040.h5" -- report $GD -o page.html
expect "a failed report leaves the one before" cmp -s page.html first.html

finish

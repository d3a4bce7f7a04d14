# How figures look: options, styles, several kinds in one figure, and what is wrong usage.
. "$(dirname "$0")/lib.sh"
topic

good slice $GD --range -1:1 --grid 7 --along random:0 --along random:1 -o plane.h5
good slice $GD --along momentum --grid 9 -o gd.h5
good slice $SAM --along momentum --grid 9 -o sam.h5
good spectrum $GD --top 1 --method lanczos -o one.h5

# pixels FILE.png: width, height and the colour of the upper left corner
pixels() {
    "$PYTHON" - "$1" <<'PY'
import struct, sys, zlib
data = open(sys.argv[1], 'rb').read()
width, height, depth, kind = struct.unpack('>IIBB', data[16:26])
at, packed = 8, b''
while at < len(data):
    size, = struct.unpack('>I', data[at:at + 4])
    if data[at + 4:at + 8] == b'IDAT': packed += data[at + 8:at + 8 + size]
    at += size + 12
row = zlib.decompress(packed)[1:4]
print(width, height, '%02x%02x%02x' % tuple(row))
PY
}
PYTHON=$(command -v python3)

# ---- a dark ground, painted in every format
good plot plane.h5 -o light.png --dpi 72
good plot plane.h5 -o dark.png --dark --dpi 72
expect "white" [ "$(pixels light.png | cut -d' ' -f3)" = ffffff ]
expect "dark" [ "$(pixels dark.png | cut -d' ' -f3)" = 14171a ]
good plot plane.h5 -o light.svg
good plot plane.h5 -o dark.svg --dark
expect "no ground on a light page" [ "$(grep -c '<rect .*fill' light.svg)" = 0 ]
expect "a ground" [ "$(grep -c "<rect .*7.84.*9.0.*10.19" dark.svg)" = 1 ]

# ---- levels, ranges, palettes, legends
good plot plane.h5 -o few.svg --levels 3
good plot plane.h5 -o many.svg --levels 12
expect "more levels, more lines" [ "$(grep -c '<path' few.svg)" -lt "$(grep -c '<path' many.svg)" ]
bad "none of the 2 levels, 1e+06 to 2e+06, lies within the values" -- plot plane.h5 -o x.svg --levels 1e6,2e6
wrong "ascending" -- plot plane.h5 -o x.svg --levels 2,1
wrong "palette wants viridis|cividis|inferno|magma|plasma|greys, got «jet»" -- plot plane.h5 -o x.svg --palette jet
good plot plane.h5 --kind heat --range 2.4:2.5 -o range.svg --caption
holds out "Losses above 2.5 are shown as that. Losses below 2.4 are shown as that."
good plot gd.h5 sam.h5 --range 0:0.0001 -o range.svg --caption
holds out "The axis ends at 0 and .*; arrows mark where values are beyond"
wrong "range" "from a number to a larger one" -- plot gd.h5 -o x.svg --range 2:1
wrong "range wants LOW:HIGH" -- plot gd.h5 -o x.svg --range auto
wrong "cap 1 and range 0:2" -- plot gd.h5 -o x.svg --range 0:2 --cap 1
bad "a range is of figures of lines, points or colours" -- plot one.h5 -o x.svg --range 0:2
good plot gd.h5 sam.h5 -o legend.svg
good plot gd.h5 sam.h5 -o none.svg --legend none
expect "less without a legend" [ "$(wc -c <none.svg)" -lt "$(wc -c <legend.svg)" ]

# ---- wrong usage is status 2
wrong "width 300 of a figure: from 1.5 to 40 in" -- plot gd.h5 -o x.svg --width 300
wrong "no figure «pie» of a slice result; there are: lines" -- plot gd.h5 -o x.svg --kind pie
wrong "more --label than results, of which there are 1" -- plot gd.h5 -o x.svg --label A --label B
wrong "--layout ROWSxCOLUMNS" -- plot plane.h5 one.h5 -o x.svg

# ---- styles: files and names; options win
good plot plane.h5 -o a.svg --width 6.75 --font-size 10 --no-footer --palette magma --dark --range 0:1
printf '{"width": 6.75, "font-size": 10, "no-footer": true, "palette": "magma", "dark": true, "range": [0, 1]}' >own.json
good plot plane.h5 -o b.svg --style own.json
expect "a style is its options" cmp -s a.svg b.svg
good plot plane.h5 -o a.png --style page --dpi 100
good plot plane.h5 -o b.png --style page --style own.json --width 4 --dpi 100
expect "a page" [ "$(pixels a.png | cut -d' ' -f1)" = 675 ]
expect "the option wins" [ "$(pixels b.png | cut -d' ' -f1)" = 400 ]
good plot gd.h5 -o slide.png --style slide --dpi 50
expect "a slide" [ "$(pixels slide.png | cut -d' ' -f1)" = 500 ]
good slice $GD --along momentum --grid 9 --plot plot.svg --style own.json
expect "--plot in the style" grep -q 'width="486' plot.svg
wrong "style is of a figure: --plot" -- slice $GD --along momentum --grid 3 --style dark
wrong "--style nosuch: neither a file nor one of column, page, slide, poster, dark" -- plot gd.h5 -o x.svg --style nosuch
printf '{"widht": 6}' >own.json
bad "own.json: unknown key «widht» of a style; there are: width height font" -- plot gd.h5 -o x.svg --style own.json
printf '{"width": "6"}' >own.json
bad "own.json: «width» of a style wants a number" -- plot gd.h5 -o x.svg --style own.json
printf '{"dark": 1}' >own.json
bad "own.json: «dark» of a style wants true or false" -- plot gd.h5 -o x.svg --style own.json
printf '{"range": [1, 2, 3]}' >own.json
bad "own.json: «range» of a style wants a list of two numbers" -- plot gd.h5 -o x.svg --style own.json
printf '{"palette": "jet"}' >own.json
bad "own.json: «palette» of a style wants viridis|cividis" -- plot gd.h5 -o x.svg --style own.json
printf '{"width": 6,\n' >own.json
bad "own.json: not JSON: line 2" -- plot gd.h5 -o x.svg --style own.json
printf '[1]' >own.json
bad "own.json: not a JSON object" -- plot gd.h5 -o x.svg --style own.json
bad "is not a file" -- plot gd.h5 -o x.svg --style runs
bad "checkpoint" -- plot $GD -o x.svg

# ---- several kinds in one figure
good plot plane.h5 one.h5 gd.h5 + sam.h5 -o all.pdf --layout 1x3 --kind contour,stem, --caption
holds out "^(a) Contour lines of the loss"
holds out " (b) .*eigenvalues"
holds out " (c) Loss"
good plot plane.h5 one.h5 gd.h5 + sam.h5 -o all.svg --layout 2x2 --title Four --style page
cp all.svg first.svg
good plot plane.h5 one.h5 gd.h5 + sam.h5 -o all.svg --layout 2x2 --title Four --style page
expect "the same bytes" cmp -s all.svg first.svg
expect "a page wide" grep -q 'width="486' all.svg
wrong "2 kinds for 3 cells" -- plot plane.h5 one.h5 gd.h5 -o x.svg --layout 1x3 --kind contour,stem
wrong "layout 1x2 has 2 cells" "3 figures" -- plot plane.h5 one.h5 gd.h5 -o x.svg --layout 1x2
wrong "wants ROWSxCOLUMNS, as 2x3, got «3»" -- plot plane.h5 one.h5 gd.h5 -o x.svg --layout 3
wrong "(b) a figure is of one kind of result" -- plot plane.h5 one.h5 + gd.h5 -o x.svg --layout 1x2
wrong "a + stands between two results" -- plot plane.h5 + -o x.svg --layout 1x1
wrong "+ joins results of one cell, with --layout" -- plot gd.h5 + sam.h5 -o x.svg
bad "width 3.25 in leaves no room for 4 figures side by side; at least 5" -- plot gd.h5 gd.h5 gd.h5 gd.h5 -o x.svg --layout 1x4 --width 3.25

# ---- a font that is not installed
good -w "font No Such Family is not installed; .* stands in" plot gd.h5 -o font.svg --font "No Such Family"
good plot gd.h5 -o font.svg --font sans

# ---- an option that could do nothing
wrong "a size of a figure is above 0, not 0" -- plot gd.h5 -o x.svg --width 0
wrong "plot: --levels is of planes" -- plot gd.h5 -o x.svg --levels 5
wrong "plot: --palette is of planes" -- plot gd.h5 -o x.svg --palette greys
wrong "plot: --view is of a surface: --kind surface" -- plot plane.h5 -o x.svg --view 10:20

finish

# The gallery: every figure of its list is drawn without a warning (of texts in each other's way), as the same bytes twice, with fonts
# inside and as valid SVG; each kind of figure is in it, and docs/gallery/README.md says what the captions say today.
. "$(dirname "$0")/lib.sh"
begin "$BASIN_SCRATCH/$TOPIC"

draw() { BASIN=$B sh "$ROOT/docs/gallery/gallery.sh" "$@" >out 2>err; }
expect "it is drawn" draw gallery png pdf svg
expect "no warnings: $(head -c 400 err)" [ ! -s err ]
expect "and again" draw again png pdf svg
expect "the same bytes" [ -z "$(diff -rq gallery again)" ]

# the page that is committed, but for its pictures
expect "docs/gallery/README.md is today's: make gallery" cmp -s gallery/README.md "$ROOT/docs/gallery/README.md"
for picture in $(sed -n 's/^!\[.*](\(figures\/.*\.png\))$/\1/p' "$ROOT/docs/gallery/README.md"); do
    expect "$picture is committed" [ -s "$ROOT/docs/gallery/$picture" ]
done

# every kind of every result is shown
for kind in $(sed -n 's/^BASIN_FIGURE(BASIN_RESULT_[A-Z_]*, \([a-z_]*\),.*/\1/p' "$ROOT/src/render/figure_list.h" | sort -u); do
    expect "kind $kind is in the gallery" grep -q -e "<title>$kind</title>" gallery/figures/*.svg
done

for figure in gallery/figures/*.pdf; do
    if command -v pdffonts >/dev/null; then
        expect "fonts of $figure are embedded" [ "$(pdffonts "$figure" | awk 'NR > 2 && $(NF - 4) != "yes"' | wc -l)" = 0 ]
    fi
done
for figure in gallery/figures/*.svg; do
    if command -v xmllint >/dev/null; then expect "$figure is valid" xmllint --noout --nonet "$figure"; fi
done
finish

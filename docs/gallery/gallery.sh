# Draws every kind of figure from docs/gallery/results. usage: BASIN=build/basin sh docs/gallery/gallery.sh FOLDER [FORMAT…]
#
# FOLDER/NAME.FORMAT for each figure and format (png; svg, pdf), and FOLDER/README.md, which shows the PNG with their captions.
# `make gallery` writes it to docs/gallery, and vectors to build/gallery.
set -eu
BASIN=${BASIN:-build/basin}
HERE=$(cd "$(dirname "$0")" && pwd)
OUT=${1:?usage: gallery.sh FOLDER [FORMAT…]}
shift
FORMATS=${*:-png}
mkdir -p "$OUT/figures"
PAGE=$OUT/README.md

cat >"$PAGE" <<END
# Gallery

Every kind of figure, drawn by \`basin plot\` from the results in \`results\` (\`results.sh\` computed them: small networks, so what is
seen is how a figure looks and no finding). \`make gallery\` draws it again. [Beside matplotlib](matplotlib.md): six of them as its
defaults and as a careful script draw them.
END

section() { printf '\n## %s\n' "$*" >>"$PAGE"; }

# figure NAME RESULT… [OPTION…]: NAME and what follows, as typed in the folder of the results
figure() {
    name=$1
    shift
    for format in $FORMATS; do
        (cd "$HERE/results" && "$BASIN" plot "$@" -o "$OUT/figures/$name.$format" --dpi 160 --caption) >"$OUT/figures/$name.caption"
    done
    shown=$(printf '%s ' "$@" | sed 's/ $//; s/\([^ ]*[*"|:][^ ]*\)/'"'"'\1'"'"'/g')
    {
        printf '\n![%s](figures/%s.png)\n\n' "$name" "$name"
        sed 's/[*_`<]/\\&/g' "$OUT/figures/$name.caption"
        # shellcheck disable=SC2016
        printf '\n`basin plot %s -o %s.pdf`\n' "$shown" "$name"
    } >>"$PAGE"
    rm -f "$OUT/figures/$name.caption"
}
case $BASIN in /*) ;; *) BASIN=$(pwd)/$BASIN ;; esac
case $OUT in /*) ;; *) OUT=$(pwd)/$OUT ;; esac
case $PAGE in /*) ;; *) PAGE=$(pwd)/$PAGE ;; esac

section Side by side
figure strip plane_gd.h5 plane_sam.h5 plane_msam.h5 line_momentum_gd.h5 line_momentum_sam.h5 line_momentum_msam.h5 \
    line_eigen_gd.h5 line_eigen_sam.h5 line_eigen_msam.h5 line_random_gd.h5 line_random_sam.h5 line_random_msam.h5 \
    density_gd.h5 density_sam.h5 density_msam.h5 compare.h5 --kind strip
figure layout plane_gd.h5 top.h5 line_eigen_gd.h5 --layout 1x3 --kind heat,stem,lines
figure layout_dark plane_gd.h5 density_gd.h5 + density_sam.h5 batches.h5 band.h5 --layout 2x2 --kind surface,,, --dark

section Spectra
figure stem spectrum_gd.h5 spectrum_sam.h5 spectrum_msam.h5 --width 6.75 --scale symlog
figure stem_top top.h5
figure histogram spectrum_gd.h5 --kind histogram
figure density density_gd.h5
figure density_methods density_gd.h5 density_sam.h5 density_msam.h5 --width 6.75
figure overlap vectors_040.h5 vectors_080.h5 vectors_120.h5 vectors_160.h5 vectors_200.h5 --kind overlap
figure blocks blocks.h5
figure batches batches.h5

section Slices
figure lines line_momentum_gd.h5 line_momentum_sam.h5 line_momentum_msam.h5
figure lines_directions line_momentum_gd.h5 line_eigen_gd.h5 line_random_gd.h5 --width 6.75 --y loss
figure seeds $(for method in gd sam msam; do for seed in 0 1 2 3 4; do echo seeds_${method}_$seed.h5; done; done) --kind seeds
figure band band.h5
figure contour plane_gd.h5
figure contour_methods plane_gd.h5 plane_sam.h5 plane_msam.h5 --width 6.75
figure heat plane_gd.h5 --kind heat --palette cividis
figure surface plane_gd.h5 --kind surface
figure surface_paths paths.h5 --kind surface
figure topology three.h5 --kind topology --width 6.75
figure change three.h5 --kind change
figure contour_three three.h5
figure contour_adaptive adaptive.h5 --kind contour --points
figure error adaptive.h5 --kind error
figure convexity convexity.h5 --kind convexity
figure paths paths.h5 --width 6.75
figure connection_line line.h5
figure connection_curve curve.h5

section Sharpness
figure sharpness sharpness_gd.h5 sharpness_sam.h5 sharpness_msam.h5
figure symmetric sharpness_gd.h5 sharpness_sam.h5 sharpness_msam.h5 --kind symmetric
figure measures measures.h5 --width 6.75
figure invariance invariance.h5 --width 6.75

section Runs and comparisons
figure epochs track.h5 --y lambda_max,sane --width 6.75
figure sweep rates.h5 --kind sweep --x learning_rate --y lambda_max
figure verdict compare.h5 --kind verdict --width 6.75
figure methods compare.h5 --width 6.75
figure setting compare_rho.h5 --kind setting --width 6.75
figure correlation compare.h5 --kind correlation --width 6.75
figure cost compare.h5 --kind cost --width 6.75
figure limits gate.h5

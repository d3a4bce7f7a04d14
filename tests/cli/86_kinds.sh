# Figures of several results together: the strip of methods, bands over seeds, overlaps of top eigenspaces.
. "$(dirname "$0")/lib.sh"
topic

good slice $GD --grid 5 --along random:0 --along random:1 -o plane_gd.h5
good slice $SAM --grid 5 --along random:0 --along random:1 -o plane_sam.h5
good slice $GD --along momentum --grid 7 -o line_gd.h5
good slice runs/gd_1/step_000040.h5 --along momentum --grid 7 -o line_gd_1.h5
good slice $SAM --along momentum --grid 7 -o line_sam.h5
good slice $SAM --along momentum --grid 9 -o finer_sam.h5
good spectrum $GD --method lanczos --top 6 --vectors -o spectrum_gd.h5
good spectrum $SAM --method lanczos --top 6 --vectors -o spectrum_sam.h5
good spectrum $SAM --method lanczos --top 6 -o bare_sam.h5
good compare runs/gd_0 runs/gd_1 runs/sam_0 runs/sam_1 --no-polish -o compare.h5

# results of several kinds, in any order, and the table below
good plot compare.h5 line_sam.h5 plane_sam.h5 spectrum_gd.h5 line_gd.h5 --kind strip -o strip.pdf --caption
holds out "^Side by side: SAM, GD; every row has one scale. Row 1: Loss on a plane"
holds out " Row 2: Loss along a line through the parameters"
holds out " Row 3: Eigenvalues of the Hessian"
holds out " Table: means over runs with 95 % t-intervals, at step 40."
good plot compare.h5 line_sam.h5 plane_sam.h5 spectrum_gd.h5 line_gd.h5 --kind strip -o again.pdf
expect "the same bytes" cmp -s strip.pdf again.pdf
wrong "a figure is of one kind of result" -- plot compare.h5 line_sam.h5 -o mixed.pdf
bad "two results of one kind for column GD, of runs/gd_0/step_000040.h5 and of runs/gd_1/step_000040.h5" -- plot line_gd.h5 line_gd_1.h5 --kind strip -o two.pdf
good plot line_gd.h5 line_gd_1.h5 --kind strip --label first --label second -o two.pdf --caption
holds out "^Side by side: first, second;"

# one band a method
good plot line_gd.h5 line_gd_1.h5 line_sam.h5 --kind seeds -o seeds.svg --caption
holds out " Runs: GD n = 2, SAM n = 1. Thin lines: single runs; thick: their mean"
bad "slice 2 has 9 coordinates from -1 to 1, the first 7" "one --range and --grid" -- plot line_gd.h5 finer_sam.h5 --kind seeds -o n.svg
bad "slice 2 (runs/sam_0/step_000040.h5) has 2 directions" -- plot line_gd.h5 plane_sam.h5 --kind seeds -o n.svg
good slice $SAM --along momentum --grid 9 --tolerance 0.01 -o rough_sam.h5
good slice $GD --along momentum --grid 9 -o finer_gd.h5
good plot finer_gd.h5 rough_sam.h5 --kind seeds -o rough.svg --caption
holds out " 1 of 2 slices are interpolated from fewer points, by estimate to within [0-9]"

# overlaps
good plot spectrum_gd.h5 spectrum_sam.h5 --kind overlap:2 -o overlap.png --caption
holds out "^Overlap ‖UᵀV‖_F²/k of the spans of the first k = 2 eigenvectors of the Hessian"
bad "spectrum 2 (runs/sam_0/step_000040.h5) holds no eigenvector" "--vectors" -- plot spectrum_gd.h5 bare_sam.h5 --kind overlap -o n.png
bad "20 eigenvectors were asked for, and a spectrum holds 6" -- plot spectrum_gd.h5 spectrum_sam.h5 --kind overlap:20 -o n.png

# the runs of a comparison
good compare runs/gd_0 runs/gd_1 runs/sam_0 runs/sam_1 --no-polish --by rho -o by.h5
good plot compare.h5 --kind cost -o cost.svg --caption
holds out "^What was reached against what it cost: .* Runs: .*SAM n = 2; .*at step 40"
good plot by.h5 --kind setting -y lambda_max,sane -o setting.svg --caption
holds out "^Means over runs against perturbation radius ρ; bars and bands are 95 % t-intervals"
bad "methods alone; compare --by rho" -- plot compare.h5 --kind setting -o n.svg
bad "it takes 5 runs" -- plot compare.h5 --kind correlation -o n.svg
bad "figure correlation: --x sane; measures are correlated with gap and test_loss" -- plot compare.h5 --kind correlation --x sane -o n.svg
finish

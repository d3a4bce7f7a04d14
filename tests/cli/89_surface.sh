# plot: a plane as a surface, drawn and written for other programs.
. "$(dirname "$0")/lib.sh"
topic

good slice $GD --grid 11 --along random:1 --along random:2 -o plane.h5
good slice $GD --along random:1 --grid 11 -o line.h5
good plot plane.h5 -o surface.svg --kind surface --view 30:45 --caption
holds out "Seen from azimuth 30°, elevation 45°"
good plot plane.h5 -o capped.pdf --kind surface:train --cap 3 --caption
holds out "Losses above 3 are drawn flat at that height"
good plot plane.h5 plane.h5 -o two.png --kind surface --width 6.75 --label one --label two
good plot plane.h5 -o topology.svg --kind topology --caption
holds out "among 11 x 11 points with 8 neighbours each"
bad "of one plane, not of 2" -- plot plane.h5 plane.h5 -o x.svg --kind topology
for ending in vtk glb gltf; do
    good plot plane.h5 -o first.$ending
    good plot plane.h5 -o second.$ending
    expect "the same bytes of .$ending" cmp -s first.$ending second.$ending
done
expect "121 points" grep -aq "^POINTS 121 double$" first.vtk
expect "100 cells" grep -aq "^POLYGONS 100 500$" first.vtk
expect "glTF 2.0" grep -aq '"version":"2.0"' first.gltf

wrong "view wants AZIMUTH:ELEVATION" -- plot plane.h5 -o x.svg --kind surface --view 30
wrong "elevation from 5 to 70" -- plot plane.h5 -o x.svg --kind surface --view 30:0
wrong "elevation 80 of a figure: from 5 to 70 degrees" -- plot plane.h5 -o x.svg --kind surface --view 30:80
bad "has 1 direction" -- plot line.h5 -o x.svg --kind surface
bad "has 1 direction" -- plot line.h5 -o x.vtk
bad "«heat» is no mesh" -- plot plane.h5 -o x.glb --kind heat
bad "no split «validation»" -- plot plane.h5 -o x.glb --kind surface:validation
wrong "x.glb holds one surface, not those of 2 results" -- plot plane.h5 plane.h5 -o x.glb
finish

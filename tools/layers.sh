# The rules of docs/design.md on who may include and call whom, checked: data flows one way and each foreign library has one home.
status=0
complain() { # title, grep output
    if [ -n "$2" ]; then printf 'layers: %s\n%s\n' "$1" "$2" >&2; status=1; fi
}
includes() { # FOLDER ROOM|ROOM…: the includes of those rooms' headers anywhere below src/FOLDER
    grep -rnE "#include \"($2)/" "src/$1"
}
rooms="io|engine|analysis|train|render|cli"
complain "core includes a room above it" "$(includes core "$rooms")"
for room in io engine analysis train render; do
    complain "$room includes a sibling" "$(includes $room "$rooms" | grep -v "#include \"$room/")"
done
complain "cli or samples look behind basin.h" "$(grep -rnE "#include \"(core|io|engine|analysis|train|render)/" src/cli samples)"

# Inside a room: a folder includes the ones before it, never the ones after.
complain "engine: kernels include a folder above them" "$(includes engine/kernels 'engine/(ops|plan|objective)')"
complain "engine: ops include a folder above them" "$(includes engine/ops 'engine/(plan|objective)')"
complain "engine: plan includes a folder above it" "$(includes engine/plan 'engine/(ops|objective)')"
complain "analysis: the point knows what is computed at it" \
    "$(grep -nE '#include "analysis/(spectrum|slice|measure|compare|check)/' src/analysis/*.[ch])"
complain "analysis: a comparison reads rows, check objectives" "$(includes analysis/compare 'analysis/(spectrum|slice|check)'; includes analysis/check 'analysis/(spectrum|slice|compare)')"

# A call through basin.h passes the checks of includes.
complain "analysis, train, render or io know networks, not objectives" "$(grep -rn 'basin_network_' src/analysis src/train src/render src/io)"

complain "HDF5 leaves src/io" "$(grep -rnE '#include <(hdf5|H5)' src samples | grep -v '^src/io/')"
complain "the JSON library leaves src/io" "$(grep -rn '#include <jansson' src samples | grep -v '^src/io/')"
complain "Cairo or Pango leave src/render" "$(grep -rnE '#include <(cairo|pango)' src samples | grep -v '^src/render/')"
complain "BLAS or LAPACK leave src/core/linalg.c" "$(grep -rnE '#include <(cblas|lapacke)' src samples | grep -v '^src/core/linalg.c:')"
complain "nettle leaves src/core/digest.c" "$(grep -rn '#include <nettle' src samples | grep -v '^src/core/digest.c:')"
exit $status

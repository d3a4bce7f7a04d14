# The include rules of docs/design.md, checked: data flows one way and each foreign library has one home.
status=0
complain() { # title, grep output
    if [ -n "$2" ]; then printf 'layers: %s\n%s\n' "$1" "$2" >&2; status=1; fi
}
rooms="io model analysis train render cli"
pattern=$(echo $rooms | tr ' ' '|')
complain "core includes a room above it" "$(grep -rnE "#include \"($pattern)/" src/core)"
for room in io model analysis train render; do
    complain "$room includes a sibling" "$(grep -rnE "#include \"($pattern)/" src/$room | grep -v "#include \"$room/")"
done
complain "cli or samples look behind basin.h" "$(grep -rnE '#include "(core|io|model|analysis|train|render)/' src/cli samples)"
complain "HDF5 leaves src/io" "$(grep -rnE '#include <(hdf5|H5)' src samples | grep -v '^src/io/')"
complain "the JSON library leaves src/io" "$(grep -rn '#include <jansson' src samples | grep -v '^src/io/')"
complain "Cairo or Pango leave src/render" "$(grep -rnE '#include <(cairo|pango)' src samples | grep -v '^src/render/')"
complain "BLAS or LAPACK leave src/core/linalg.c" "$(grep -rnE '#include <(cblas|lapacke)' src samples | grep -v '^src/core/linalg.c:')"
complain "nettle leaves src/core/digest.c" "$(grep -rn '#include <nettle' src samples | grep -v '^src/core/digest.c:')"
exit $status

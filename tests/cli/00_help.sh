# Help, version, usage.
. "$(dirname "$0")/lib.sh"
topic

commands="info check loss spectrum blocks batches slice band connect sane sharpness track compare plot verify train"
for c in $commands; do
    good "$c" --help
    holds out "^usage: basin $c"
    expect "basin $c --help: two examples" [ "$(sed -n '/^examples/,$p' out | grep -c "^  basin $c ")" = 2 ]
    cp out help
    good help "$c"
    expect "basin help $c is basin $c --help" cmp -s out help
    wrong "basin: $c: unknown option --nonsense" -- "$c" --nonsense
done
for c in info check loss spectrum blocks batches slice sane sharpness track compare plot verify; do
    wrong "^basin: $c: too few arguments; usage: basin $c " -- "$c"
done
good help
good --help
good --version
holds out "^basin [0-9]"
unset GOMP_SPINCOUNT OMP_WAIT_POLICY
good --version --verbose
holds out "^OpenMP, threads wait by GOMP_SPINCOUNT=1000$" # unless the user says how
for library in OpenBLAS kernel HDF5 jansson cairo Pango; do holds out "$library"; done
holds out "^file format 1, of results [0-9]*$"
chosen=$(sed -n 's/.*(OpenBLAS itself chose \(.*\))$/\1/p' out) # the user's choice of a BLAS kernel stands, even a slow one
if [ -n "$chosen" ]; then
    expect "--version --verbose with OPENBLAS_CORETYPE=$chosen" env OPENBLAS_CORETYPE="$chosen" "$B" --version --verbose >out 2>err
    holds out "kernel $chosen$"
else
    echo "skipped the choice of another BLAS kernel: this processor has the kernel that OpenBLAS chooses itself"
fi
expect "--version --verbose with GOMP_SPINCOUNT" env GOMP_SPINCOUNT=77 "$B" --version --verbose >out 2>err
holds out "wait by GOMP_SPINCOUNT=77$"
expect "--version --verbose with OMP_WAIT_POLICY" env OMP_WAIT_POLICY=active "$B" --version --verbose >out 2>err
holds out "wait by OMP_WAIT_POLICY=active$"
run 2 # says what there is
holds err "^usage: basin COMMAND"
for c in $commands; do holds err "^  $c  "; done
wrong "no command «nonsense»" -- nonsense
wrong "^basin: no command «nonsense»; basin help lists them$" -- help nonsense
for command in "help convert" "convert"; do wrong "convert is a command of the Python package: python3 -m basin convert" -- $command; done
good help
holds out "python3 -m basin convert"
wrong "slice: --grid wants a whole number, got «many»" -- slice x.h5 --grid many --along momentum
wrong "slice: --range wants FROM:TO or auto\[:FACTOR|:+RISE\], got «3»" -- slice x.h5 --range 3 --along momentum
wrong "slice: --along wants a value" -- slice x.h5 --along
wrong "spectrum: --method wants auto|dense|lanczos|slq|gram, got «power»" -- spectrum x.h5 --method power
wrong "spectrum: --memory wants bytes, e.g. 512M or 4G, got «lots»" -- spectrum x.h5 --memory lots
wrong "sharpness: --rho wants numbers separated by commas, got «1,,2»" -- sharpness x.h5 --rho 1,,2
wrong "verify: too many arguments, from «b.h5» on; usage: basin verify RESULT.h5" -- verify a.h5 b.h5
wrong "spectrum: --dry-run has no result that -o or --plot could take" -- spectrum x.h5 --dry-run -o y.h5
wrong "slice: --dry-run has no result that -o or --plot could take" -- slice x.h5 --along random --dry-run --plot y.pdf
wrong "slice: along what? --along momentum | gradient | eigen:I" -- slice x.h5 --dry-run
wrong "info: unknown option --dry-run" -- info x.h5 --dry-run

finish

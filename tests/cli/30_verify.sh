# What verify notices, and results of an older format.
. "$(dirname "$0")/lib.sh"
topic

good spectrum $GD -o beside.h5
good verify beside.h5
holds out "  verified"
mkdir tampered && cp -R runs tampered/ && cd tampered || exit 1
begin .
good spectrum $GD -o spectrum.h5
good compare runs/gd_0 runs/sam_0 -o compare.h5
cd ..
good verify tampered/spectrum.h5
cp runs/gd_1/step_000040.h5 tampered/runs/gd_0/step_000040.h5 # another checkpoint under the same name
fails "1 of 2 inputs are not what they were" -- verify tampered/spectrum.h5
rm tampered/runs/gd_0/step_000040.h5
fails "1 of 2 inputs are not what they were" -- verify tampered/spectrum.h5
fails "1 of 7 inputs are not what they were" -- verify tampered/compare.h5
# every number is right, but good.h5 records step 10
fails "recomputed values disagree by inf at provenance.training.step" -- verify retouched.h5

# results of before
for c in "verify old.h5" "plot old.h5 -o old.svg"; do
    cp "$DATA/result_format_1.h5" old.h5
    bad "^basin: old.h5: a result of format 1, made by older rules" "compute it again: basin sane build/demo/runs/gd_0/step_000400.h5" -- $c
done
python3 -c 'import h5py' 2>/dev/null && python=python3 || python=/usr/bin/python3
if $python -c 'import h5py' 2>/dev/null; then
    good sane $GD -o two.h5
    $python -c 'import h5py; h5py.File("two.h5", "r+").attrs["version"] = 2'
    bad "^basin: two.h5: a result of format 2, which tells methods and points in words" "compute it again: basin sane runs/gd_0/step_000040.h5" -- verify two.h5
    $python -c 'import h5py; h5py.File("two.h5", "r+").attrs["version"] = 3'
    bad "^basin: two.h5: a result of format 3, which does not say who says a recorded value" "compute it again: basin sane" -- verify two.h5
    current=$("$B" --version --verbose | sed -n 's/.*of results \([0-9]*\).*/\1/p')
    version=1
    while [ "$version" -lt "$current" ]; do # each has a reason of its own
        $python -c 'import h5py, sys; h5py.File("two.h5", "r+").attrs["version"] = int(sys.argv[1])' $version
        bad "^basin: two.h5: a result of format $version, " -- verify two.h5
        sed 's/.*a result of format [0-9]*, \(.*\); compute.*/\1/' err >>reasons
        version=$((version + 1))
    done
    expect "every older format is told by what it lacks" [ "$(sort -u reasons | grep -c .)" = $((current - 1)) ]
    rm reasons
else
    echo "skipped a result of format 2: no python3 with h5py"
fi
good sane $GD -o old.h5 # computed again, in its place
good verify old.h5

finish

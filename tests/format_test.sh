# The Python in docs/checkpoint-format.md, run as a reader would, makes files that basin reads.
python=""
for candidate in python3 /usr/bin/python3; do
    if "$candidate" -c 'import h5py, numpy' 2>/dev/null; then python=$candidate; break; fi
done
if [ -z "$python" ]; then echo "skipped: no python3 with h5py"; exit 77; fi
set -e
folder="${BASIN_SCRATCH:-$(mktemp -d)}/format"
mkdir -p "$folder"
awk '/^```python/ { on = 1; next } /^```/ { on = 0 } on' docs/checkpoint-format.md > "$folder/example.py"
(cd "$folder" && "$python" example.py)
"$BUILD/basin" info --json "$folder/example.h5" | grep -q '"parameters": 17'
"$BUILD/basin" check "$folder/example.h5" > /dev/null
echo "3 checks"

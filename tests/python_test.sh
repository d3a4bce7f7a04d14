# The Python package's own tests, with the command that was just built. Skipped without PyTorch and h5py.
python=""
for candidate in ${PYTHON:-} python3 /usr/bin/python3; do
    if "$candidate" -c 'import torch, h5py' 2>/dev/null; then python=$candidate; break; fi
done
if [ -z "$python" ]; then echo "skipped: no PyTorch"; exit 0; fi
case $BUILD in /*) ;; *) BUILD=$PWD/$BUILD ;; esac
export BASIN="$BUILD/basin" PYTHONDONTWRITEBYTECODE=1 OMP_NUM_THREADS=1
cd python/tests && exec "$python" -W ignore -m unittest -q

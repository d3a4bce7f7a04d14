# The Python package's own tests, with the command that was just built.
python=""
for candidate in ${PYTHON:-} python3 /usr/bin/python3; do
    if "$candidate" -c 'import torch, h5py' 2>/dev/null; then python=$candidate; break; fi
done
if [ -z "$python" ]; then echo "skipped: no PyTorch"; exit 77; fi
case $BUILD in /*) ;; *) BUILD=$PWD/$BUILD ;; esac
export BASIN="$BUILD/basin" PYTHONDONTWRITEBYTECODE=1 OMP_NUM_THREADS=1
cd python/tests && exec "$python" -W ignore - <<'PROGRAM'
import sys
import unittest

result = unittest.TextTestRunner(verbosity=0).run(unittest.defaultTestLoader.discover("."))
sys.stderr.flush()
for test, reason in result.skipped:
    print(f"skipped {test.id()}: {reason}")
bad = len(result.failures) + len(result.errors) + len(result.unexpectedSuccesses)
print(f"{bad} failed")
print(f"{result.testsRun - len(result.skipped)} tests")
sys.exit(not result.wasSuccessful())
PROGRAM

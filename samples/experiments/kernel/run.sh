# SAM against GD in kernel regression and a network with one hidden layer (docs/experiments/kernel.md), whole.
# usage: BASIN=build/basin sh samples/experiments/kernel/run.sh FOLDER
#
# Trains about 2,600 small runs with basin, and writes FOLDER/table.md and FOLDER/kernel.png. Needs python3 with h5py and numpy.
set -eu
BASIN=$(realpath "${BASIN:-build/basin}")
export BASIN
HERE=$(realpath "$(dirname "$0")")
OUT=${1:?usage: run.sh FOLDER}
PYTHON=${PYTHON:-python3}
OMP_NUM_THREADS=1
PYTHONDONTWRITEBYTECODE=1
export OMP_NUM_THREADS PYTHONDONTWRITEBYTECODE
[ ! -e "$OUT" ] || { echo "$OUT: there already" >&2; exit 1; }
mkdir -p "$OUT"
cd "$OUT"

"$PYTHON" "$HERE/kernel.py" .
"$PYTHON" "$HERE/network.py" .
"$PYTHON" "$HERE/figure.py" .
"$PYTHON" "$HERE/summarise.py" . >table.md
cat table.md

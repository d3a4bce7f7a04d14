# Are the packages there? usage: deps.sh PACKAGE...   Installs what is missing as root or through sudo; otherwise says how.
if pkg-config --exists openblas lapacke hdf5 pangocairo jansson nettle cmocka 2>/dev/null && cc --version >/dev/null 2>&1 &&
    { ! command -v dpkg-query >/dev/null || dpkg-query -W -f '${Status}\n' fonts-dejavu-core 2>/dev/null | grep -q 'ok installed'; }; then
    exit 0 # also when they come from conda-forge or were built by hand
fi
if command -v apt-get >/dev/null; then
    install="apt-get install -y --no-install-recommends $*"
    if [ "$(id -u)" = 0 ]; then run=""
    elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then run="sudo"
    elif command -v sudo >/dev/null && [ -t 0 ]; then run="sudo"
    else
        echo "basin needs packages that are not installed. Please run:" >&2
        echo "    sudo apt-get update && sudo $install" >&2
        exit 1
    fi
    echo "installing: $*"
    $run apt-get update -qq && DEBIAN_FRONTEND=noninteractive $run $install
else
    echo "basin needs OpenBLAS, LAPACKE, HDF5, Pango with Cairo, jansson, nettle, cmocka and pkg-config." >&2
    echo "With conda-forge:    conda env create -f environment.yml && conda activate basin" >&2
    exit 1
fi

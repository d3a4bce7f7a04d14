#!/bin/sh
# What the bench compares with, into FOLDER/peers and nowhere else: PyPI's current PyTorch with the libraries that find eigenvalues, and
# Debian's PyTorch with Debian's OpenBLAS for OpenMP (with the usual OpenBLAS its threads and the BLAS's would spin against each other).
# Neither basin nor its tests need any of it.
#
#   usage: sh bench/peers.sh [FOLDER]      python3-torch, python3-h5py, python3-scipy and python3-venv must be there
set -eu
peers=${1:-build/bench}/peers
mkdir -p "$peers"
cd "$peers"
if [ ! -d openblas-openmp ]; then
    apt-get download libopenblas0-openmp
    dpkg-deb -x libopenblas0-openmp_*.deb unpacked
    mv unpacked/usr/lib/*/openblas-openmp openblas-openmp
    rm -r unpacked libopenblas0-openmp_*.deb
fi
[ -x debian/bin/python ] || /usr/bin/python3 -m venv --system-site-packages debian
debian/bin/pip install -q --no-deps pyhessian==0.1 hessian-eigenthings==1.0.0a5 tqdm
[ -x current/bin/python ] || /usr/bin/python3 -m venv current
current/bin/pip install -q torch torchvision h5py numpy scipy
current/bin/pip install -q hessian-eigenthings==1.0.0a5 curvlinops-for-pytorch
current/bin/pip install -q --no-deps pyhessian==0.1

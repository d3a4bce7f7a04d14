#!/bin/sh
# What the bench compares with, into FOLDER/peers and nowhere else: Debian's OpenBLAS for OpenMP (beside Debian's python3-torch, whose
# threads and those of the usual OpenBLAS would spin against each other), and two libraries from PyPI. Neither basin nor its tests need it.
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
[ -x venv/bin/python ] || /usr/bin/python3 -m venv --system-site-packages venv
venv/bin/pip install -q --no-deps pyhessian==0.1 hessian-eigenthings==1.0.0a5 tqdm

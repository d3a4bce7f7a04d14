#!/usr/bin/env python3
"""spectra.h5: all Hessian eigenvalues of networks trained on the digits, for tests of what is estimated of them.

usage: make_spectra.py BASIN DIGITS.h5 OUT.h5

They are basin's own dense spectra, descending, in double: tests/engine/test_oracle.c holds these to PyTorch's. What is
tested by them is an estimate of sums over them, for which any exact spectrum would do; these have the shape that those of
trained networks have: few large values, most within 1e-3 of zero.
"""

import os
import subprocess
import sys
import tempfile

import h5py

NETWORKS = {  # name: what `basin train` is told, and the step that is taken
    "relu_start": ("--mlp 64-32-10 --method gd --learning-rate 0.1 --steps 1 --subset 250 --label-noise 0.1", 0),
    "relu_gd": ("--mlp 64-32-10 --method gd --learning-rate 0.1 --steps 400 --subset 250 --label-noise 0.1", 400),
    "relu_sam": ("--mlp 64-32-10 --method sam --learning-rate 0.1 --rho 0.05 --steps 400 --subset 250", 400),
    "tanh_sam": ("--mlp 64-44-10 --activation Tanh --method sam --learning-rate 0.2 --steps 300 --subset 600", 300),
    "gelu_mse": ("--mlp 64-24-24-10 --activation Gelu --method gd --learning-rate 0.1 --steps 150 --loss mse", 150),
}


def eigenvalues(basin, digits, settings, step, folder):
    run, result = os.path.join(folder, "run"), os.path.join(folder, "spectrum.h5")
    train = [basin, "train", *settings.split(), "--data", digits, "--force", "-o", run]
    subprocess.run(train, check=True, stdout=subprocess.DEVNULL)
    checkpoint = os.path.join(run, f"step_{step:06d}.h5")
    subprocess.run([basin, "spectrum", checkpoint, "--method", "dense", "-o", result], check=True, stdout=subprocess.DEVNULL)
    with h5py.File(result) as f:
        found = []
        f.visititems(lambda name, item: found.append(item[()]) if name.endswith("eigenvalues") else None)
    return found[0]


def main():
    basin, digits, out = sys.argv[1:]
    with h5py.File(out, "w") as f:
        for name, (settings, step) in NETWORKS.items():
            with tempfile.TemporaryDirectory() as folder:
                f[name] = eigenvalues(os.path.abspath(basin), os.path.abspath(digits), settings, step, folder)


if __name__ == "__main__":
    main()

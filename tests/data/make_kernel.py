#!/usr/bin/env python3
"""kernel.h5 and kernel_start.h5: kernel regression as training of a linear layer, for tests/cli/12_kernel.sh.

usage: make_kernel.py FOLDER

32 points x_i = (i + 1/2)/32, k(x, x') = exp(-(x - x')^2 / 0.02), f* = sin 2 pi x + 1/2 sin 6 pi x, and y = f* + (-1)^i / 2. The rows of the
symmetric root of the kernel matrix are the inputs, so that a linear layer without bias, from zero, is gradient descent in the space of the
kernel. The numbers that the test holds its losses to are in samples/experiments/kernel/reference_fixed_y.csv, from the closed form.
"""

import json
import sys
from pathlib import Path

import h5py
import numpy as np

N = 32


def main():
    folder = Path(sys.argv[1])
    x = (np.arange(N) + 0.5) / N
    values, vectors = np.linalg.eigh(np.exp(-((x[:, None] - x) ** 2) / 0.02))
    root = vectors * np.sqrt(np.maximum(values, 0.0)) @ vectors.T
    y = np.sin(2 * np.pi * x) + 0.5 * np.sin(6 * np.pi * x) + 0.5 * (-1.0) ** np.arange(N)
    with h5py.File(folder / "kernel.h5", "w") as f:
        f.attrs.update(format="basin data", version=1)
        f["inputs"], f["targets"] = root, y[:, None]
        f.attrs["complete"] = 1
    graph = {"input": {"name": "x", "shape": [N]}, "output": "f", "parameters": [{"name": "w", "shape": [1, N]}],
             "nodes": [{"name": "f", "op": "Gemm", "inputs": ["x", "w"], "outputs": ["f"], "attributes": {"transB": 1}}]}
    with h5py.File(folder / "kernel_start.h5", "w") as f:
        f.attrs.update(format="basin checkpoint", version=1)
        f["graph"], f["parameters/w"] = json.dumps(graph), np.zeros((1, N))
        f.create_group("training").attrs.update(perturbed="no", step=0)
        f.create_group("loss").attrs["name"] = "mse"
        f.attrs["complete"] = 1


if __name__ == "__main__":
    main()

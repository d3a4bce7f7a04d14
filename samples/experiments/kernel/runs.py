"""What kernel.py, network.py and summarise.py share: data sets and starts for basin, its runs and what they saved."""
import json
import os
import shutil
import subprocess
from pathlib import Path

import h5py
import numpy as np

BASIN = os.environ.get("BASIN", "build/basin")
STEPS_A_TABLE = (1, 2, 3, 5, 8, 10, 15, 20, 30, 50, 100, 200, 500, 1000)


def write_data(path, inputs, targets, test=None):
    """A data set [N, d] -> [N, C]; `test` is another pair, which becomes the split of that name."""
    splits = {"train": np.arange(len(inputs))}
    if test is not None:
        splits["test"] = np.arange(len(inputs), len(inputs) + len(test[0]))
        inputs, targets = np.concatenate((inputs, test[0])), np.concatenate((targets, test[1]))
    with h5py.File(path, "w") as f:
        f.attrs.update(format="basin data", version=1)
        f["inputs"], f["targets"] = inputs, targets
        for name, rows in splits.items():
            f[f"splits/{name}"] = rows
        f.attrs["complete"] = 1


def write_linear_start(path, width, outputs):
    """A linear layer without bias whose weights [outputs, width] are 0: the start of kernel regression."""
    graph = {"input": {"name": "x", "shape": [width]}, "output": "f", "parameters": [{"name": "w", "shape": [outputs, width]}],
             "nodes": [{"name": "f", "op": "Gemm", "inputs": ["x", "w"], "outputs": ["f"], "attributes": {"transB": 1}}]}
    with h5py.File(path, "w") as f:
        f.attrs.update(format="basin checkpoint", version=1)
        f["graph"], f["parameters/w"] = json.dumps(graph), np.zeros((outputs, width))
        f.create_group("training").attrs.update(perturbed="no", step=0)
        f.create_group("loss").attrs["name"] = "mse"
        f.attrs["complete"] = 1


def train(folder, data, method, eta, rho, saves, *network):
    """Runs basin; the checkpoints of `saves`, the last of which is the last step, are then in `folder`."""
    command = [BASIN, "train", *network, "--data", data, "--loss", "mse", "--method", method, "--momentum", "0", "--learning-rate",
               repr(float(eta)), "--steps", str(saves[-1]), "--save", ",".join(map(str, saves)), "--threads", "1", "-o", folder]
    if rho > 0:
        command += ["--rho", repr(float(rho))]
    done = subprocess.run(list(map(str, command)), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    if done.returncode != 0:  # that a run of the grid diverged is said too, and no failure
        raise RuntimeError(f"{' '.join(map(str, command))}: {done.stderr}")


def checkpoints(folder, saves, read, keep=()):
    """[read(h5py.File) of each step], NaN of steps that a diverged run has not reached; the files go, but for those of the steps in `keep`."""
    found, files = [], {step: Path(folder) / f"step_{step:06d}.h5" for step in saves}
    for step, file in files.items():
        if file.exists():
            with h5py.File(file) as f:
                found.append(read(f))
        else:
            found.append(np.full_like(found[0], np.nan))
        if step not in keep:
            file.unlink(missing_ok=True)
    if not keep:
        shutil.rmtree(folder)
    return np.array(found)

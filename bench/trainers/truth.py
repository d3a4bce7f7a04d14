"""What the optimizer itself held when a trainer saved, by the identity of its parameters, and whether the converted
checkpoints hold the same, bit by bit.

    truth.py CONVERTED TRUTH
"""
import sys
from pathlib import Path

import h5py
import numpy as np
import torch


def bare(name):
    """Without what wrappers add."""
    for prefix in ("module.", "_orig_mod.", "net."):
        name = name.replace(prefix, "")
    return name


def keep(path, model, optimizer, key):
    """Of every parameter that has it: itself and its momentum."""
    while hasattr(optimizer, "optimizer"):  # Accelerate's
        optimizer = optimizer.optimizer
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save({bare(name): (p.detach().clone(), optimizer.state[p][key].detach().clone())
                for name, p in model.named_parameters() if key in optimizer.state.get(p, {})}, path)


def hold(converted, truth):
    """How many tensors and numbers are the same; an error names what is not."""
    kept = torch.load(truth)
    with h5py.File(converted, "r") as f:
        momentum, theta = f["optimizer/momentum"], f["parameters"]
        found = {bare(name): name for name in theta}
        if sorted(found) != sorted(kept) or sorted(momentum) != sorted(theta):
            raise SystemExit(f"{converted}: tensors {sorted(set(found) ^ set(kept))} are on one side only")
        for name, (weights, v) in kept.items():
            for group, expected in ((theta, weights), (momentum, v)):
                if not np.array_equal(group[found[name]][()].astype("f4"), expected.numpy()):
                    raise SystemExit(f"{converted}: {group.name}/{found[name]} is not what the trainer held")
        return len(kept), sum(v.numel() for _, v in kept.values())


if __name__ == "__main__":
    folder, truths = map(Path, sys.argv[1:])
    held = [hold(folder / f"{truth.stem}.h5", truth) for truth in sorted(truths.glob("*.pt"))]
    if not held:
        raise SystemExit(f"{truths}: nothing to hold {folder} against")
    print(f"{folder}: {len(held)} checkpoints, {held[0][0]} tensors of weights and momentum each ({held[0][1]} numbers): the same bits")

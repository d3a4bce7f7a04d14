#!/usr/bin/env python3
"""Writes tests/data/oracle_operators.h5: products of the generalised Gauss-Newton matrix and of the empirical Fisher matrix of the networks
in oracle_*.h5 with the first two vectors that stand there, by PyTorch's own autograd in double. tests/engine/test_operators.c holds basin to them.
Modules are those of make_oracle.py and make_networks.py with the parameters of the file; the graph in the file is not used.
Made with PyTorch 2.15.0, numpy and h5py.

usage: PYTHONPATH=python:tests/data make_operators.py [FOLDER]
"""
import sys

import h5py
import torch
from torch import nn
from torch.nn.attention import SDPBackend, sdpa_kernel

from make_networks import NETWORKS
from make_oracle import CASES, sequential

torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)


def modules():
    """Name of the file, module, criterion."""
    yield "oracle", sequential([24, 40, 20, 10], [nn.Tanh(), nn.Tanh()]), nn.CrossEntropyLoss()
    for name in ("relu_smoothed", "gelu_bce", "elu_mse", "weighted", "tokens"):
        activations, criterion, _ = CASES[name]
        yield f"oracle_{name}", sequential([6, 8, 7, 4], activations), criterion
    for name, (build, criterion, _) in NETWORKS.items():
        yield f"oracle_{name}", build(), criterion


def load(folder, name, model):
    """Inputs, targets and the vectors; the module gets the file's parameters and statistics."""
    with h5py.File(f"{folder}/{name}.h5") as f:
        state = {n: torch.from_numpy(f[f"parameters/{n}"][()]) for n, _ in model.named_parameters()}
        for n, _ in model.named_buffers():
            if f"buffers/{n}" in f:
                state[n] = torch.from_numpy(f[f"buffers/{n}"][()])
        model.load_state_dict(state, strict=False)
        model.eval()
        with h5py.File(f"{folder}/{f['data'].attrs['path']}") as d:
            rows = d["splits/train"][()]
            x, t = torch.from_numpy(d["inputs"][()][rows]), torch.from_numpy(d["targets"][()][rows])
        return x, t, torch.from_numpy(f["oracle/block"][:2]), f["oracle/loss"][()]


def sum_of(criterion, y, t):
    """The criterion's sum over all positions of these samples."""
    whole, criterion.reduction = criterion.reduction, "sum"
    entropy = isinstance(criterion, nn.CrossEntropyLoss)
    total = criterion(y.reshape(-1, y.shape[-1]), t.reshape(-1)) if entropy else criterion(y, t.view_as(y))
    criterion.reduction = whole
    return total


def weight_of(criterion, y, t):
    """What the mean divides that sum by."""
    if not isinstance(criterion, nn.CrossEntropyLoss):
        return float(y.numel())
    t = t.reshape(-1)
    t = t[t != criterion.ignore_index]
    return float(len(t)) if criterion.weight is None else criterion.weight[t].sum().item()


def loss_of(criterion, y, t):
    return sum_of(criterion, y, t) / weight_of(criterion, y, t)


class Operators:
    def __init__(self, model, criterion, x, t):
        self.parameters = list(model.parameters())
        self.sizes = [p.numel() for p in self.parameters]
        self.model, self.criterion, self.x, self.t = model, criterion, x, t
        self.y = model(x)

    def flat(self, parts):
        return torch.cat([(torch.zeros_like(p) if g is None else g).flatten() for g, p in zip(parts, self.parameters)])

    def back(self, cotangent):
        return self.flat(torch.autograd.grad(self.y, self.parameters, cotangent, retain_graph=True, allow_unused=True))

    def ahead(self, v):
        """J v by two ways back: the derivative of Jᵀu by u."""
        u = torch.zeros_like(self.y, requires_grad=True)
        parts = torch.autograd.grad(self.y, self.parameters, u, create_graph=True, allow_unused=True)
        dot = sum((g * part.view_as(p)).sum() for g, part, p in zip(parts, v.split(self.sizes), self.parameters) if g is not None)
        return torch.autograd.grad(dot, u)[0]

    def ggn(self, v):
        y = self.y.detach().requires_grad_()
        slope, = torch.autograd.grad(loss_of(self.criterion, y, self.t), y, create_graph=True)
        curved, = torch.autograd.grad(slope, y, self.ahead(v))
        return self.back(curved)

    def sample_gradients(self):
        """[N, P] of N times what each sample adds to the loss, so that their mean is the loss's gradient."""
        whole, rows = weight_of(self.criterion, self.y, self.t), []
        for i in range(len(self.x)):
            y, t = self.model(self.x[i:i + 1]), self.t[i:i + 1]
            part = sum_of(self.criterion, y, t) * (len(self.x) / whole)
            rows.append(self.flat(torch.autograd.grad(part, self.parameters, allow_unused=True)))
        return torch.stack(rows)


def make(folder, out, name, model, criterion):
    x, t, block, loss = load(folder, name, model)
    o = Operators(model, criterion, x, t)
    value = loss_of(criterion, o.y, t)
    assert abs(value.item() - loss) < 1e-12 * abs(loss), (name, value.item(), loss)
    rows = o.sample_gradients()
    g = o.flat(torch.autograd.grad(value, o.parameters, retain_graph=True, allow_unused=True))
    assert (rows.mean(0) - g).norm() < 1e-12 * g.norm(), name
    out.create_dataset(f"{name}/ggn", data=torch.stack([o.ggn(v) for v in block]).numpy(), track_times=False)
    out.create_dataset(f"{name}/fisher_empirical", data=torch.stack([rows.T @ (rows @ v) / len(x) for v in block]).numpy(), track_times=False)
    print(name, len(g), "parameters")


if __name__ == "__main__":
    where = sys.argv[1] if len(sys.argv) > 1 else "tests/data"
    # the fused kernel has no second derivative
    with h5py.File(f"{where}/oracle_operators.h5", "w") as target, sdpa_kernel(SDPBackend.MATH):
        for each in modules():
            make(where, target, *each)

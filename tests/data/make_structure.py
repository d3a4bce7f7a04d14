#!/usr/bin/env python3
"""Writes tests/data/oracle_structure.h5: measures of the structure of sharpness of networks in oracle_*.h5, by PyTorch in double from whole
matrices: relative flatness of each layer (Petzka et al. 2021, definition 3, block by block of the Hessian), the three limits of Wen, Ma & Li
2023, lambda_max and trace times the squared norm of weights before BatchNorm, the largest generalised eigenvalue against the Gauss-Newton
matrix, feature rank and NC1. tests/analysis/test_structure.c holds basin to these numbers.
Modules are those of make_oracle.py and make_networks.py with the parameters of the file; the graph in the file is not used.
Made with PyTorch 1.13.0 (Debian 12's python3-torch), numpy and h5py.

usage: PYTHONPATH=python:tests/data /usr/bin/python3 make_structure.py [FOLDER]
"""
import sys

import h5py
import numpy as np
import torch
from torch import nn

from make_geodesic import load
from make_networks import NETWORKS, Oracle
from make_oracle import sequential

torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)


def subjects():
    yield "oracle", sequential([24, 40, 20, 10], [nn.Tanh(), nn.Tanh()]), nn.CrossEntropyLoss()
    for name in ("resnet", "vit", "gpt"):
        build, criterion, _ = NETWORKS[name]
        yield f"oracle_{name}", build(), criterion


def places(model):
    """Name: slice of the flat vector."""
    at, out = 0, {}
    for name, p in model.named_parameters():
        out[name] = slice(at, at + p.numel())
        at += p.numel()
    return out


def layers(model):
    """Names of matrices, in the order of the parameters; not of tables."""
    tables = {id(m.weight) for m in model.modules() if isinstance(m, nn.Embedding)}
    return [n for n, p in model.named_parameters()
            if p.dim() in (2, 4) and n.endswith("weight") and id(p) not in tables]


def relative_flatness(w, h):
    """sum over s, s' of <w_s, w_s'> tr H_{s,s'}."""
    w = w.reshape(w.shape[0], -1)
    m, n = w.shape
    h = h.reshape(m, n, m, n)
    return sum(torch.dot(w[s], w[r]) * torch.trace(h[s, :, r, :]) for s in range(m) for r in range(m)).item()


def weights_of(criterion, t):
    """What each target counts, of a sum of 1."""
    counts = (t != criterion.ignore_index).double()
    w = counts if criterion.weight is None else counts * criterion.weight[t.clamp(min=0)]
    return w / w.sum()


def gauss_newton(model, criterion, x, t):
    parameters = list(model.parameters())
    y = model(x)
    y = y.reshape(-1, y.shape[-1])
    p = torch.softmax(y.detach(), 1)
    g = 0
    for i, w in enumerate(weights_of(criterion, t.reshape(-1))):
        if w == 0:
            continue
        rows = [torch.cat([r.flatten() for r in torch.autograd.grad(y[i, c], parameters, retain_graph=True)]) for c in range(y.shape[1])]
        j = torch.stack(rows)
        g = g + w * (j.T @ (torch.diag(p[i]) - torch.outer(p[i], p[i])) @ j)
    return g


def fisher_relative(h, g):
    delta = 0.01 * torch.trace(g) / len(g)
    low = torch.linalg.cholesky(g + delta * torch.eye(len(g)))
    half = torch.linalg.solve_triangular(low, h, upper=False)
    whole = torch.linalg.solve_triangular(low, half.T, upper=False)
    return torch.linalg.eigvalsh((whole + whole.T) / 2)[-1].item()


def features_of(model, x, t, ignore):
    kept = []
    last = [m for m in model.modules() if isinstance(m, nn.Linear)][-1]
    hook = last.register_forward_hook(lambda _, inputs, __: kept.append(inputs[0].detach()))
    model(x)
    hook.remove()
    h, t = kept[0].reshape(-1, kept[0].shape[-1]).numpy(), t.reshape(-1).numpy()
    return h[t != ignore], t[t != ignore]


def feature_rank(h):
    variance = np.linalg.svd(h - h.mean(0), compute_uv=False) ** 2
    return float(np.searchsorted(np.cumsum(variance), 0.99 * variance.sum()) + 1)


def neural_collapse(h, t):
    classes = np.unique(t)
    means = np.stack([h[t == c].mean(0) for c in classes])
    spread = np.concatenate([h[t == c] - m for c, m in zip(classes, means)])
    within = spread.T @ spread / len(h)
    off = means - means.mean(0)
    between = off.T @ off / len(classes)
    return np.trace(within @ np.linalg.pinv(between, rcond=1e-10, hermitian=True)) / len(classes)


def measures(model, criterion, x, t):
    oracle = Oracle(model, criterion, x, t)
    size = sum(p.numel() for p in model.parameters())
    h = torch.stack([oracle.product(e) for e in torch.eye(size)])
    h = (h + h.T) / 2
    where, named = places(model), dict(model.named_parameters())
    values = torch.linalg.eigvalsh(h)
    out = {"relative_flatness": [relative_flatness(named[n].detach(), h[where[n], where[n]]) for n in layers(model)],
           "worst_direction": values[-1].item() / 2,
           "ascent_direction": values[values > 1e-4 * values[-1]][0].item() / 2,
           "average_direction": torch.trace(h).item() / (2 * size),
           "fisher_relative": fisher_relative(h, gauss_newton(model, criterion, x, t))}
    convolutions = [n for n, p in named.items() if p.dim() == 4] if any(isinstance(m, nn.BatchNorm2d) for m in model.modules()) else []
    if convolutions:
        blocks = [(h[where[n], where[n]], named[n].detach().pow(2).sum()) for n in convolutions]
        out["scaled_lambda_max"] = [(torch.linalg.eigvalsh(b)[-1] * s).item() for b, s in blocks]
        out["scaled_trace"] = [(torch.trace(b) * s).item() for b, s in blocks]
    f, c = features_of(model, x, t, criterion.ignore_index)
    out["feature_rank"], out["neural_collapse"] = feature_rank(f), neural_collapse(f, c)
    return out


def main():
    folder = sys.argv[1] if len(sys.argv) > 1 else "tests/data"
    with h5py.File(f"{folder}/oracle_structure.h5", "w") as f:
        for name, model, criterion in subjects():
            x, t = load(folder, name, model)
            for key, value in measures(model, criterion, x, t).items():
                f.create_dataset(f"{name}/{key}", data=np.atleast_1d(value), track_times=False)
                print(name, key, value)


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Writes tests/data/oracle_geodesic.h5: geodesic sharpness (da Silva, Dangel & Oore, ICML 2025, metric «mix», without a regulariser) of
networks in oracle_*.h5, by PyTorch in double: what Auto-PGD finds from +g and from −g. Written from the paper's formulas, with inverted Gram
matrices, and Auto-PGD as printed (Croce & Hein 2020); which matrices are pairs is said here by hand, and gradients with respect
to the tangent vector are autograd's, through the Christoffel term. tests/analysis/test_geodesic.c holds basin to these numbers.
Modules are those of make_oracle.py and make_networks.py with the parameters of the file; the graph in the file is not used.
Made with PyTorch 1.13.0 (Debian 12's python3-torch), numpy and h5py.

usage: PYTHONPATH=python:tests/data /usr/bin/python3 make_geodesic.py [FOLDER]
"""
import math
import sys

import h5py
import numpy as np
import torch
from torch import nn
from torch.nn.utils.stateless import functional_call

from make_networks import NETWORKS
from make_oracle import sequential

torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)

def load(folder, name, model):
    """Inputs and targets; the module gets the file's parameters and statistics."""
    with h5py.File(f"{folder}/{name}.h5") as f:
        state = {n: torch.from_numpy(f[f"parameters/{n}"][()]) for n, _ in model.named_parameters()}
        for n, _ in model.named_buffers():
            if f"buffers/{n}" in f:
                state[n] = torch.from_numpy(f[f"buffers/{n}"][()])
        model.load_state_dict(state, strict=False)
        model.eval()
        with h5py.File(f"{folder}/{f['data'].attrs['path']}") as d:
            rows = d["splits/train"][()]
            return torch.from_numpy(d["inputs"][()][rows]), torch.from_numpy(d["targets"][()][rows])


STEPS = 20
RHO = [0.02, 0.1, 0.5]


WIDTH = 12  # of both transformers


def packed(weight, bias, out, heads):
    """Pairs of a packed projection to queries, keys and values: of each side, what of which tensor it is."""
    pairs, width, d = [], WIDTH, WIDTH // heads
    for h in range(heads):
        q, k, v = (slice(part * width + h * d, part * width + (h + 1) * d) for part in range(3))
        pairs.append(([(weight, q), (bias, q)], [(weight, k), (bias, k)]))
        pairs.append(([(weight, v), (bias, v)], [(out, slice(h * d, (h + 1) * d))]))
    return pairs


PAIRS = {
    "oracle_vit": packed("encoder.self_attn.in_proj_weight", "encoder.self_attn.in_proj_bias", "encoder.self_attn.out_proj.weight", 2),
    "oracle_gpt": packed("attn.c_attn.weight", "attn.c_attn.bias", "attn.c_proj.weight", 3),
}


def matrix(side, tensors):
    """[rows, width]: weights of inputs with the row of biases, or the columns of an output projection."""
    parts = []
    for name, where in side:
        t = tensors[name]
        if len(side) == 1:
            parts.append(t[:, where])
        else:
            parts.append(t[where].T if t.dim() == 2 else t[where][None])
    return torch.cat(parts)


def put(side, m, tensors):
    """The same back, in place."""
    rows = 0
    for name, where in side:
        t = tensors[name]
        if len(side) == 1:
            t[:, where] = m
        elif t.dim() == 2:
            t[where] = m[: t.shape[1]].T
            rows = t.shape[1]
        else:
            t[where] = m[rows]


class Space:
    """Tangent vectors are dictionaries of the parameters' names."""

    def __init__(self, parameters, pairs):
        self.theta = parameters
        self.pairs = pairs
        self.sides = [(matrix(g, parameters), matrix(h, parameters)) for g, h in pairs]
        self.others = {n: torch.ones_like(p, dtype=torch.bool) for n, p in parameters.items()}
        for pair in pairs:
            for side in pair:
                put(side, torch.zeros_like(matrix(side, self.others)), self.others)

    def inner(self, a, b):
        total = sum(((a[n] * b[n] / p**2)[self.others[n] & (p != 0)]).sum() for n, p in self.theta.items())
        for (g, h), (G, H) in zip(self.pairs, self.sides):
            total = total + torch.trace(H.T @ H @ matrix(g, a).T @ matrix(g, b)) + torch.trace(G.T @ G @ matrix(h, a).T @ matrix(h, b))
        return total

    def norm(self, a):
        return self.inner(a, a).sqrt().item()

    def raised(self, gradient):
        """Riemannian gradient, projected."""
        out = {n: torch.where(self.others[n], gradient[n] * p**2, torch.zeros_like(p)) for n, p in self.theta.items()}
        for (g, h), (G, H) in zip(self.pairs, self.sides):
            over_g, over_h = torch.linalg.inv(G.T @ G), torch.linalg.inv(H.T @ H)
            a, b = matrix(g, gradient) @ over_h, matrix(h, gradient) @ over_g
            vertical = (b.T @ H @ over_h - over_g @ G.T @ a) / 2
            put(g, a + G @ vertical, out)
            put(h, b - H @ vertical.T, out)
        return out

    def end(self, x):
        """theta + x - Γ(x, x) / 2."""
        out = {n: (p + x[n]).clone() for n, p in self.theta.items()}
        for (g, h), (G, H) in zip(self.pairs, self.sides):
            over_g, over_h = torch.linalg.inv(G.T @ G), torch.linalg.inv(H.T @ H)
            a, b = matrix(g, x), matrix(h, x)
            first = a @ (b.T @ H + H.T @ b) @ over_h - G @ (b.T @ b) @ over_h
            second = b @ (a.T @ G + G.T @ a) @ over_g - H @ (a.T @ a) @ over_g
            put(g, G + a - first / 2, out)
            put(h, H + b - second / 2, out)
        return out


def times(s, x):
    return {n: s * v for n, v in x.items()}


def plus(*terms):
    return {n: sum(t[n] for t in terms) for n in terms[0]}


def tied(model):
    """Other names of parameters that stand in several modules, which functional_call does not know."""
    first = {id(p): n for n, p in model.named_parameters()}
    names = {f"{m}.{n}": first[id(p)] for m, module in model.named_modules() for n, p in module._parameters.items() if p is not None and m}
    return {n: own for n, own in names.items() if n != own}


class Rise:
    def __init__(self, model, criterion, x, t, space):
        self.tied = tied(model)
        self.model, self.criterion, self.x, self.t, self.space = model, criterion, x, t, space
        self.base = self.loss(space.theta).item()

    def loss(self, parameters):
        y = functional_call(self.model, {**parameters, **{n: parameters[own] for n, own in self.tied.items()}}, (self.x,))
        entropy = isinstance(self.criterion, nn.CrossEntropyLoss)
        return self.criterion(y.reshape(-1, y.shape[-1]), self.t.reshape(-1)) if entropy else self.criterion(y, self.t.view_as(y))

    def __call__(self, x):
        """The value at x, and the vector of steepest ascent."""
        x = {n: v.detach().requires_grad_() for n, v in x.items()}
        f = self.loss(self.space.end(x)) - self.base
        gradient = dict(zip(x, torch.autograd.grad(f, list(x.values()))))
        return f.item(), self.space.raised(gradient)


def project(space, x, rho):
    norm = space.norm(x)
    return times(rho / norm, x) if norm > rho else x


def auto_pgd(rise, space, x, rho, n):
    """Croce & Hein, arXiv:2003.01690, algorithm 1."""
    checkpoints, p0, p1 = [], 0.0, 0.22
    while math.ceil(p1 * n) <= n:
        checkpoints.append(math.ceil(p1 * n))
        p0, p1 = p1, p1 + max(p1 - p0 - 0.03, 0.06)
    step, halved, rose, last_checkpoint = 2 * rho, False, 0, 0
    f, grad = rise(x)
    best, x_best, grad_best, last_best = f, x, grad, f
    old = x
    for k in range(1, n + 1):
        z = project(space, plus(x, times(step / space.norm(grad), grad)), rho)
        if k > 1:
            z = project(space, plus(x, times(0.75, plus(z, times(-1.0, x))), times(0.25, plus(x, times(-1.0, old)))), rho)
        old, x, before = x, z, f
        f, grad = rise(x)
        rose += f > before
        if f > best:
            best, x_best, grad_best = f, x, grad
        if k in checkpoints:
            if rose < 0.75 * (k - last_checkpoint) or (not halved and best == last_best):
                step, halved = step / 2, True
                x, old, grad, f = x_best, x_best, grad_best, best
            else:
                halved = False
            rose, last_checkpoint, last_best = 0, k, best
    return best


def sharpness(model, criterion, x, t, pairs):
    parameters = {n: p.detach().clone() for n, p in model.named_parameters()}
    space = Space(parameters, pairs)
    rise = Rise(model, criterion, x, t, space)
    _, ascent = rise({n: torch.zeros_like(p) for n, p in parameters.items()})
    norm = space.norm(ascent)
    return np.array([[auto_pgd(rise, space, times(sign * rho / norm, ascent), rho, STEPS) for rho in RHO] for sign in (1.0, -1.0)])


def subjects():
    yield "oracle", sequential([24, 40, 20, 10], [nn.Tanh(), nn.Tanh()]), nn.CrossEntropyLoss()
    for name in ("resnet", "vit", "gpt"):
        build, criterion, _ = NETWORKS[name]
        yield f"oracle_{name}", build(), criterion


def main():
    folder = sys.argv[1] if len(sys.argv) > 1 else "tests/data"
    with h5py.File(f"{folder}/oracle_geodesic.h5", "w") as f:
        f.create_dataset("rho", data=RHO, track_times=False)
        for name, model, criterion in subjects():
            x, t = load(folder, name, model)
            values = sharpness(model, criterion, x, t, PAIRS.get(name, []))
            f.create_dataset(name, data=values, track_times=False)
            print(name, values)


if __name__ == "__main__":
    main()

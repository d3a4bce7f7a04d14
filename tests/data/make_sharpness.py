#!/usr/bin/env python3
"""Writes tests/data/oracle_sharpness.h5: measures of sharpness of the networks in oracle_*.h5, each at its weights times 0.6, 0.8, 1
and 1.25, by PyTorch's own autograd in double, written from the papers and from nothing of basin: one-step and several-step rises,
means over draws with their standard errors, Auto-PGD in plain loops over lists of tensors, projected ascents in a box, and the noise
that the accuracy stands; and in the groups NAME/normalized some of them of logits that are moved to mean 0 and divided by their norm, as in
the published code of Andriushchenko et al. 2023. tests/analysis/test_sharpness_oracle.c holds basin to these numbers. Modules are those of make_oracle.py and
make_networks.py with the parameters of the file. Made with PyTorch 1.13.1 (Debian 12's python3-torch), numpy and h5py.

usage: PYTHONPATH=python:tests/data make_sharpness.py [FOLDER [NAME...]]
"""
import math
import sys

import h5py
import numpy as np
import torch
from torch import nn

from make_networks import NETWORKS
from make_oracle import CASES, sequential

torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)

SCALES = [0.6, 0.8, 1.0, 1.25]
DRAWS = 200
RHO = {"sam": 0.05, "msam": 0.05, "asam": 0.5, "asam_all": 0.5, "m_sharpness": 0.05, "ascent": 0.1, "average": 0.05,
       "adaptive_average": 0.1, "worst_l2": 0.3, "worst_linf": 0.01, "adaptive_worst_l2": 1.0, "adaptive_worst_linf": 0.05, "box": 0.005}
STEPS = {"ascent": 5, "worst": 20, "box": 10}


def modules():
    """Name of the file, module, criterion."""
    yield "oracle", sequential([24, 40, 20, 10], [nn.Tanh(), nn.Tanh()]), nn.CrossEntropyLoss()
    activations, criterion, _ = CASES["relu_smoothed"]
    yield "oracle_relu_smoothed", sequential([6, 8, 7, 4], activations), criterion
    for name in ("lenet", "resnet", "vit", "gpt"):
        build, criterion, _ = NETWORKS[name]
        yield f"oracle_{name}", build(), criterion


class Network:
    """Loss and gradient as functions of a list of tensors."""

    def __init__(self, folder, name, model, criterion):
        with h5py.File(f"{folder}/{name}.h5") as f:
            state = {n: torch.from_numpy(f[f"parameters/{n}"][()]) for n, _ in model.named_parameters()}
            for n, _ in model.named_buffers():
                if f"buffers/{n}" in f:
                    state[n] = torch.from_numpy(f[f"buffers/{n}"][()])
            model.load_state_dict(state, strict=False)
            self.names = [n for n, _ in model.named_parameters()]
            self.momentum = [torch.from_numpy(f[f"optimizer/momentum/{n}"][()]) for n in self.names]
            with h5py.File(f"{folder}/{f['data'].attrs['path']}") as d:
                rows = d["splits/train"][()]
                self.x, self.t = torch.from_numpy(d["inputs"][()][rows]), torch.from_numpy(d["targets"][()][rows])
        if self.x.dtype != torch.int64 and name == "oracle_gpt":
            self.x = self.x.long()
        self.model, self.criterion, self.normalized = model.eval(), criterion, False
        self.start = [p.detach().clone() for p in model.parameters()]
        place = {id(p): i for i, p in enumerate(model.parameters())}  # a tied tensor has two names
        self.places = {n: place[id(p)] for n, p in model.state_dict(keep_vars=True).items() if id(p) in place}

    def output(self, w, rows=slice(None)):
        y = torch.nn.utils.stateless.functional_call(self.model, {n: w[i] for n, i in self.places.items()}, self.x[rows])
        if not self.normalized:
            return y
        y = y - y.mean(dim=-1, keepdim=True)
        return y / torch.clamp(y.norm(dim=-1, keepdim=True), min=1e-10)

    def loss(self, w, rows=slice(None)):
        y = self.output(w, rows)
        return self.criterion(y.reshape(-1, y.shape[-1]), self.t[rows].reshape(-1))

    def value(self, w, rows=slice(None)):
        with torch.no_grad():
            return self.loss(w, rows).item()

    def gradient(self, w, rows=slice(None)):
        w = [p.clone().requires_grad_() for p in w]
        loss = self.loss(w, rows)
        return loss.item(), [g.detach() for g in torch.autograd.grad(loss, w)]

    def accuracy(self, w):
        with torch.no_grad():
            y = self.output(w)
        y, t = y.reshape(-1, y.shape[-1]).argmax(-1), self.t.reshape(-1)
        counts = t != self.criterion.ignore_index
        if self.criterion.weight is not None:
            counts &= self.criterion.weight[t.clamp(min=0)] > 0
        return (y[counts] == t[counts]).double().mean().item()


def norm(v):
    return math.sqrt(sum(float((p * p).sum()) for p in v))


def add(w, a, v):
    return [p + a * q for p, q in zip(w, v)]


def along(net, w, d, rho, rows=slice(None)):
    return net.value(add(w, rho, d), rows) - net.value(w, rows)


def asam(net, w, rho, scale):
    _, g = net.gradient(w)
    t = [scale(n, p) for n, p in zip(net.names, w)]
    tg = [a * b for a, b in zip(t, g)]
    length = norm(tg)
    return along(net, w, [a * b / length for a, b in zip(t, tg)], rho)


def ascent(net, w, rho, steps):
    x = w
    for _ in range(steps):
        _, g = net.gradient(x)
        x = add(x, rho / steps / norm(g), g)
    return net.value(x) - net.value(w)


def of_each_sample(net, w, rho):
    rises = []
    for i in range(len(net.x)):
        rows = slice(i, i + 1)
        if (net.t[rows] == -100).all():
            return math.nan
        _, g = net.gradient(w, rows)
        rises.append(along(net, w, [p / norm(g) for p in g], rho, rows))
    return float(np.mean(rises))


def average(net, w, rho, adaptive, generator):
    here = net.value(w)
    rises = []
    for _ in range(DRAWS):
        d = [torch.randn(p.shape, generator=generator) * (p.abs() if adaptive else 1.0) for p in w]
        rises.append(net.value(add(w, rho, d)) - here)
    return np.mean(rises), np.std(rises, ddof=1) / math.sqrt(DRAWS)


def into_ball(delta, c, rho, infinite):
    if infinite:
        return [torch.max(torch.min(d, rho * s), -rho * s) for d, s in zip(delta, c)]
    length = norm([torch.where(s > 0, d / s.clamp(min=1e-300), torch.zeros_like(d)) for d, s in zip(delta, c)])
    return [d * min(1.0, rho / length) for d in delta] if length > 0 else delta


def auto_pgd(net, w, rho, infinite, adaptive, steps):
    """Croce & Hein, algorithm 1, on delta itself."""
    c = [p.abs() if adaptive else torch.ones_like(p) for p in w]
    checkpoints, p0, p1 = [], 0.0, 0.22
    while math.ceil(p1 * steps) <= steps:
        checkpoints.append(math.ceil(p1 * steps))
        p0, p1 = p1, p1 + max(p1 - p0 - 0.03, 0.06)
    step = 2 * rho
    delta = old = [torch.zeros_like(p) for p in w]
    start, g = net.gradient(w)
    value = best = start
    best_delta, best_g = delta, g
    rose, last_checkpoint, last_best, halved = 0, 0, best, False
    for k in range(1, steps + 1):
        if infinite:
            a = [s * torch.sign(q * s) for q, s in zip(g, c)]
        else:
            length = norm([q * s for q, s in zip(g, c)])
            a = [s * s * q / length for q, s in zip(g, c)]
        z = into_ball(add(delta, step, a), c, rho, infinite)
        if k > 1:
            z = [d + 0.75 * (n - d) + 0.25 * (d - o) for d, n, o in zip(delta, z, old)]
            z = into_ball(z, c, rho, infinite)
        old, delta = delta, z
        before = value
        value, g = net.gradient(add(w, 1.0, delta))
        rose += value > before
        if value > best:
            best, best_delta, best_g = value, delta, g
        if k in checkpoints:
            if rose < 0.75 * (k - last_checkpoint) or (not halved and best == last_best):
                step, halved = step / 2, True
                delta, old, g, value = best_delta, best_delta, best_g, best
            else:
                halved = False
            rose, last_checkpoint, last_best = 0, k, best
    return best - start


def box(net, w, epsilon, steps):
    """The better of two projected ascents with as many gradients: by sign, and by the gradient at several rates."""
    half = [epsilon * (p.abs() + 1) for p in w]
    start = net.value(w)
    best = start
    for rate in ("sign", 1.0, 10.0):
        x = w
        for _ in range(steps):
            _, g = net.gradient(x)
            move = [torch.sign(q) * h for q, h in zip(g, half)] if rate == "sign" else [rate * q for q in g]
            x = [torch.max(torch.min(p + m, q + h), q - h) for p, m, q, h in zip(x, move, w, half)]
            best = max(best, net.value(x))
    return 100 * (best - start) / (1 + start)


def noise(net, w, adaptive, generator):
    """sigma where the mean fall of the accuracy is 0.1, and by how much draws leave it open (standard error), by scanning."""
    here = net.accuracy(w)
    draws = [[torch.randn(p.shape, generator=generator) for p in w] for _ in range(DRAWS // 2)]

    def fall(sigma):
        falls = []
        for z in draws:
            d = [q * (torch.sqrt((sigma * p) ** 2 + 1e-6) if adaptive else sigma) for q, p in zip(z, w)]
            falls.append(here - net.accuracy(add(w, 1.0, d)))
        return np.mean(falls), np.std(falls, ddof=1) / math.sqrt(len(falls))

    grid = [2.0 ** (k / 2) for k in range(-16, 9)]
    values = [fall(s) for s in grid]

    def crossing(side):
        f = [m + side * e - 0.1 for m, e in values]
        for k in range(1, len(f)):
            if f[k] > 0:
                if f[k - 1] > 0:
                    return math.nan
                return grid[k - 1] * (grid[k] / grid[k - 1]) ** (-f[k - 1] / (f[k] - f[k - 1]))
        return math.nan

    return crossing(0), (crossing(-1) - crossing(1)) / 2


def measures(net, w):
    generator = torch.Generator().manual_seed(7)
    _, g = net.gradient(w)
    unit = [p / norm(g) for p in g]
    v = [-p / norm(net.momentum) for p in net.momentum]
    rows = {
        "sam": along(net, w, unit, RHO["sam"]), "msam": along(net, w, v, RHO["msam"]),
        "asam": asam(net, w, RHO["asam"], lambda n, p: torch.ones_like(p) if n.endswith("bias") else p.abs() + 0.01),
        "asam_all": asam(net, w, RHO["asam_all"], lambda n, p: p.abs()),
        "ascent": ascent(net, w, RHO["ascent"], STEPS["ascent"]),
        "m_sharpness": of_each_sample(net, w, RHO["m_sharpness"]), "box": box(net, w, RHO["box"], STEPS["box"]),
    }
    for adaptive in (False, True):
        name = "adaptive_" if adaptive else ""
        rows[f"{name}average"], rows[f"{name}average_error"] = average(net, w, RHO[f"{name}average"], adaptive, generator)
        rows[f"{name}pac_bayes"], rows[f"{name}pac_bayes_error"] = noise(net, w, adaptive, generator)
        for kind in ("l2", "linf"):
            rows[f"{name}worst_{kind}"] = auto_pgd(net, w, RHO[f"{name}worst_{kind}"], kind == "linf", adaptive, STEPS["worst"])
    return rows


def of_unit_logits(net, w):
    """Those of the losses of normalised logits."""
    generator = torch.Generator().manual_seed(8)
    net.normalized = True
    _, g = net.gradient(w)
    rows = {"loss": net.value(w), "sam": along(net, w, [p / norm(g) for p in g], RHO["sam"]),
            "asam_all": asam(net, w, RHO["asam_all"], lambda n, p: p.abs()), "ascent": ascent(net, w, RHO["ascent"], STEPS["ascent"])}
    for adaptive in (False, True):
        name = "adaptive_" if adaptive else ""
        rows[f"{name}average"], rows[f"{name}average_error"] = average(net, w, RHO[f"{name}average"], adaptive, generator)
        for kind in ("l2", "linf"):
            rows[f"{name}worst_{kind}"] = auto_pgd(net, w, RHO[f"{name}worst_{kind}"], kind == "linf", adaptive, STEPS["worst"])
    net.normalized = False
    return rows


if __name__ == "__main__":
    folder = sys.argv[1] if len(sys.argv) > 1 else "tests/data"
    with h5py.File(f"{folder}/oracle_sharpness.h5", "a" if sys.argv[2:] else "w") as f:
        for name, model, criterion in modules():
            if sys.argv[2:] and name not in sys.argv[2:]:
                continue
            if name in f:
                del f[name]
            net = Network(folder, name, model, criterion)
            for group, measure in ((name, measures), (f"{name}/normalized", of_unit_logits)):
                rows = [measure(net, [s * p for p in net.start]) for s in SCALES]
                for key in rows[0]:
                    f.create_dataset(f"{group}/{key}", data=[r[key] for r in rows], track_times=False)
                print(group, {k: float("%.4g" % v) for k, v in rows[2].items()}, flush=True)

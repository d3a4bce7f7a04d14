"""Trains for the experiment that docs/experiments/msam.md writes down: SGD, NAG, GD, SAM and MSAM on a convolutional network with BatchNorm and
on a transformer of one block. One seed gives every method the same initial weights, training rows, wrong labels and order of batches. All of it
is in double precision and of one thread, so that a second run gives the same bits on the same machine.

usage: python3 train.py cnn|transformer FOLDER [DATA.h5]     writes FOLDER/NETWORK.json, and checkpoints FOLDER/runs/NETWORK_METHOD_SEED
"""
import json
import sys
import time
from pathlib import Path

import h5py
import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

import basin

torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)

METHODS = ("sgd", "nag", "gd", "sam", "msam")
SEEDS, TUNING = range(8), range(100, 103)
TRAIN, NOISE, BATCH, STEPS, RATE, BETA = 400, 0.2, 50, 400, 0.05, 0.9
RADII = {"sam": (0.05, 0.1, 0.2, 0.4, 0.8), "msam": (0.1, 0.2, 0.4, 0.8, 1.6)}
BETAS = (0.0, 0.5, 0.9, 0.95)
SWITCH, AFTER = 200, 80  # steps before every label becomes the next one, and after


# ------------------------------------------------------------------------------------------------ networks --

def convolutional(size):
    return nn.Sequential(nn.Conv2d(1, 6, 3, padding=1), nn.BatchNorm2d(6), nn.ReLU(), nn.Conv2d(6, 10, 3, padding=1, stride=2), nn.BatchNorm2d(10),
                         nn.ReLU(), nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(40, 10))


class Transformer(nn.Module):
    """A token a row of the image, positions, one block of PyTorch's encoder layer (norm first), the mean of the tokens."""

    def __init__(self, size, d=12):
        super().__init__()
        self.embed = nn.Linear(size, d)
        self.positions = nn.Parameter(0.5 * torch.randn(1, size, d))
        self.encoder = nn.TransformerEncoderLayer(d, 2, 24, dropout=0.0, activation="gelu", batch_first=True, norm_first=True)
        self.norm = nn.LayerNorm(d)
        self.head = nn.Linear(d, 10)

    def forward(self, x):
        return self.head(self.norm(self.encoder(self.embed(x) + self.positions)).mean(1))


NETWORKS = {"cnn": convolutional, "transformer": Transformer}


# ---------------------------------------------------------------------------------------------------- data --

def read(path):
    """Images [N, s, s] in [0, 1] and labels: of samples/digits.h5, or of a file with /images and /labels, which are halved in size."""
    with h5py.File(path, "r") as f:
        if "images" in f:
            x, y = torch.from_numpy(f["images"][:4000] / 255.0), f["labels"][:4000]
            x = F.avg_pool2d(x[:, None], 2)[:, 0]
        else:
            x, y = torch.from_numpy(f["inputs"][()] / 16.0), f["targets"][()]
            x = x.reshape(-1, 8, 8)
    return x, torch.from_numpy(y.astype(np.int64))


class Data:
    """Rows of a seed: TRAIN to train on, NOISE of them with a wrong label; 300 to choose the radius by; the rest to test on."""

    def __init__(self, x, y, seed, image):
        g = torch.Generator().manual_seed(1000 + seed)
        order = torch.randperm(len(x), generator=g)
        x = x[:, None] if image else x
        self.x, self.y = x[order[:TRAIN]], y[order[:TRAIN]].clone()
        wrong = torch.randperm(TRAIN, generator=g)[: int(NOISE * TRAIN)]
        self.y[wrong] = (self.y[wrong] + torch.randint(1, 10, (len(wrong),), generator=g)) % 10
        self.validation = x[order[TRAIN:TRAIN + 300]], y[order[TRAIN:TRAIN + 300]]
        self.test = x[order[TRAIN + 300:]], y[order[TRAIN + 300:]]
        self.order = torch.cat([torch.randperm(TRAIN, generator=g) for _ in range((STEPS + AFTER) * BATCH // TRAIN + 1)])

    def batch(self, step, whole):
        rows = slice(None) if whole else self.order[step * BATCH:(step + 1) * BATCH]
        return self.x[rows], self.y[rows]


# ------------------------------------------------------------------------------------------------- methods --

def norm(tensors):
    return torch.sqrt(sum((t * t).sum() for t in tensors))


class Optimizer(torch.optim.Optimizer):
    """Heavy ball v <- beta v + g, w <- w - eta v, with g at w (sgd, gd), at w - eta beta v (nag), at w + rho g/|g| (sam, arXiv:2010.01412) or at
    w - rho v/|v| (msam, arXiv:2401.12033, whose weights between steps are these)."""

    def __init__(self, params, method, rho, beta):
        keys = {"rho": rho} if method in ("sam", "msam") else {}
        super().__init__(params, dict(lr=RATE, momentum=beta, nesterov=method == "nag", **keys))
        self.method, self.rho, self.beta, self.back = method, rho, beta, 0.0
        self.weights = self.param_groups[0]["params"]
        for p in self.weights:
            self.state[p]["momentum_buffer"] = torch.zeros_like(p)

    def momenta(self):
        return [self.state[p]["momentum_buffer"] for p in self.weights]

    @torch.no_grad()
    def move(self, along, by):
        for p, d in zip(self.weights, along):
            p.add_(d, alpha=float(by))

    @torch.no_grad()
    def restore(self):
        """MSAM's weights without their perturbation."""
        self.move(self.momenta(), self.back)
        self.back = 0.0

    def gradient(self, loss):
        self.zero_grad()
        value = loss()
        value.backward()
        return value.item(), [p.grad.clone() for p in self.weights]

    @torch.no_grad()
    def update(self, g):
        for v, d in zip(self.momenta(), g):
            v.mul_(self.beta).add_(d)
        self.move(self.momenta(), -RATE)

    def step(self, loss):
        """Loss and cos(v, g) of the first gradient, v before it joins."""
        v, rate = self.momenta(), RATE * self.beta
        if self.method == "nag":
            self.move(v, -rate)
        value, g = self.gradient(loss)
        cosine = sum((a * b).sum() for a, b in zip(v, g)) / (norm(v) * norm(g)) if norm(v) > 0 else torch.tensor(float("nan"))
        if self.method == "nag":
            self.move(v, rate)
        if self.method == "sam":
            length = norm(g)
            first = [d.clone() for d in g]
            self.move(first, self.rho / length)
            _, g = self.gradient(loss)
            self.move(first, -self.rho / length)
        self.restore()
        self.update(g)
        if self.method == "msam":
            self.back = float(self.rho / norm(self.momenta()))
            self.move(self.momenta(), -self.back)
        return value, cosine.item()


# ------------------------------------------------------------------------------------------------ training --

def evaluate(net, data):
    """Statistics of BatchNorm anew from all training rows; losses and accuracies."""
    for m in net.modules():
        if isinstance(m, nn.BatchNorm2d):
            m.reset_running_stats()
            m.momentum = None
    with torch.no_grad():
        net.train()
        net(data.x)
        net.eval()
        out = {}
        for name, (x, y) in {"train": (data.x, data.y), "validation": data.validation, "test": data.test}.items():
            z = net(x)
            out[f"{name}_loss"], out[f"{name}_accuracy"] = F.cross_entropy(z, y).item(), (z.argmax(1) == y).double().mean().item()
    net.train()
    return out


def make(network, size, seed):
    torch.manual_seed(seed)
    return NETWORKS[network](size)


def train(network, data, seed, method, rho, beta=BETA, folder=None):
    net = make(network, data.x.shape[-1], seed)
    net.train()
    optimizer, whole = Optimizer(net.parameters(), method, rho, beta), method == "gd"
    recorder = None
    if folder is not None:
        recorder = basin.Recorder(folder, net, loss="cross_entropy", optimizer=optimizer, train=(data.x, data.y), test=data.test, every=STEPS,
                                  method=method, perturbed=method == "msam", hyperparameters={"seed": seed, "batch_size": 0 if whole else BATCH})
    cosines, start = [], time.perf_counter()
    for step in range(STEPS):
        x, y = data.batch(step, whole)
        _, cosine = optimizer.step(lambda: F.cross_entropy(net(x), y))
        cosines.append(cosine)
        if recorder is not None:
            if method == "msam":
                recorder.hyperparameters["undo"] = optimizer.back
            recorder.step()
    seconds = time.perf_counter() - start
    optimizer.restore()
    passes = STEPS * (TRAIN if whole else BATCH) / TRAIN * (2 if method == "sam" else 1)
    tenth = STEPS // 10
    return {"network": network, "method": method, "seed": seed, "rho": rho if method in ("sam", "msam") else None, "beta": beta, "passes": passes,
            "cosine": [float(np.nanmean(cosines[i:i + tenth])) for i in range(0, STEPS, tenth)], **evaluate(net, data)}, seconds


def change(network, data, seed, method, rho):
    """Every label becomes the next one after SWITCH steps: losses of the batches, and cos(v, g), from there on."""
    net = make(network, data.x.shape[-1], seed)
    net.train()
    optimizer, losses, cosines = Optimizer(net.parameters(), method, rho, BETA), [], []
    for step in range(SWITCH + AFTER):
        x, y = data.batch(step, method == "gd")
        y = y if step < SWITCH else (y + 1) % 10
        value, cosine = optimizer.step(lambda: F.cross_entropy(net(x), y))
        losses.append(value)
        cosines.append(cosine)
    return {"network": network, "method": method, "seed": seed, "before": float(np.mean(losses[SWITCH - 8:SWITCH])),
            "losses": losses[SWITCH:], "cosines": cosines[SWITCH:]}


def main():
    network, out = sys.argv[1], Path(sys.argv[2])
    x, y = read(sys.argv[3] if len(sys.argv) > 3 else Path(__file__).parents[2] / "digits.h5")
    data = {seed: Data(x, y, seed, network == "cnn") for seed in (*SEEDS, *TUNING)}
    rows, best, seconds = {"tuning": [], "betas": [], "runs": [], "change": []}, {}, {}
    for method in ("sam", "msam"):
        found = [train(network, data[s], s, method, r)[0] for r in RADII[method] for s in TUNING]
        rows["tuning"] += found
        best[method] = max(RADII[method], key=lambda r: np.mean([f["validation_accuracy"] for f in found if f["rho"] == r]))
        print(f"{network}: {method} with rho = {best[method]:g}, the best by validation", flush=True)
    for method in ("sgd", "msam"):
        rows["betas"] += [train(network, data[s], s, method, best.get(method), b)[0] for b in BETAS for s in TUNING]
    for method in METHODS:
        for seed in SEEDS:
            row, spent = train(network, data[seed], seed, method, best.get(method), folder=out / "runs" / f"{network}_{method}_{seed}")
            rows["runs"].append(row)
            seconds.setdefault(method, []).append(spent)
        print(f"{network}: {method}, {np.median(seconds[method]):.2f} s a run", flush=True)
    for method in ("sgd", "sam", "msam"):
        rows["change"] += [change(network, data[s], s, method, best.get(method)) for s in SEEDS]
    (out / f"{network}.json").write_text(json.dumps({"best": best, **rows}, indent=1) + "\n")


if __name__ == "__main__":
    main()

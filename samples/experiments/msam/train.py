"""Trains for the experiment that docs/experiments/msam.md writes down: SGD, NAG, GD, SAM and MSAM on a convolutional network with BatchNorm and
on a transformer of one block. One seed gives every method the same initial weights, training rows, wrong labels and order of batches. The
networks of all seeds are trained side by side, as one computation with a leading axis of seeds, in double precision and by one thread, so that
a second run gives the same bits on the same machine.

usage: python3 train.py cnn|transformer FOLDER [DATA.h5]     writes FOLDER/NETWORK.json, and checkpoints FOLDER/runs/NETWORK_METHOD_SEED/last.h5
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
SEEDS, TUNING = range(10), range(100, 104)
TRAIN, VALIDATION, NOISE, BATCH, STEPS, BETA = 250, 300, 0.2, 50, 250, 0.9
RATES = {"cnn": 0.05, "transformer": 0.1}
RADII = {"sam": (0.05, 0.1, 0.2, 0.4, 0.8), "msam": (0.2, 0.4, 0.8, 1.6, 3.2, 6.4)}
BETAS = (0.0, 0.5, 0.9, 0.95)
SWITCH, AFTER = 150, 40  # steps before every label becomes the next one, and after


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
        return self.head(self.norm(self.encoder(self.embed(x[:, 0]) + self.positions)).mean(1))


def linear(w, name, x):
    """x [S, …, in]"""
    y = x.flatten(1, -2) @ w[f"{name}.weight"].transpose(1, 2) + w[f"{name}.bias"][:, None]
    return y.reshape(*x.shape[:-1], -1)


def convolutions(w, x):
    """Of S networks at once in training mode: x [S, B, 1, s, s], channels of all seeds side by side."""
    seeds, count = x.shape[:2]
    x = x[:, :, 0].transpose(0, 1)
    for conv, norm, stride in (("0", "1", 1), ("3", "4", 2)):
        x = F.conv2d(x, w[f"{conv}.weight"].flatten(0, 1), w[f"{conv}.bias"].flatten(), padding=1, stride=stride, groups=seeds)
        x = F.relu(F.batch_norm(x, None, None, w[f"{norm}.weight"].flatten(), w[f"{norm}.bias"].flatten(), training=True))
    return linear(w, "8", F.adaptive_avg_pool2d(x, 2).reshape(count, seeds, -1).transpose(0, 1))


def block(w, x):
    """Likewise of the transformer."""
    def norm(name, x):
        return F.layer_norm(x, x.shape[-1:]) * w[f"{name}.weight"][:, None, None] + w[f"{name}.bias"][:, None, None]

    def attention(x):
        a = "encoder.self_attn"
        packed = linear({"in.weight": w[f"{a}.in_proj_weight"], "in.bias": w[f"{a}.in_proj_bias"]}, "in", x)
        q, k, v = (t.reshape(*t.shape[:-1], 2, -1).transpose(2, 3) for t in packed.chunk(3, -1))  # [S, B, head, T, d / 2]
        return linear(w, f"{a}.out_proj", (torch.softmax(q @ k.transpose(3, 4) / q.shape[-1] ** 0.5, -1) @ v).transpose(2, 3).flatten(3))

    x = linear(w, "embed", x[:, :, 0]) + w["positions"]
    x = x + attention(norm("encoder.norm1", x))
    x = x + linear(w, "encoder.linear2", F.gelu(linear(w, "encoder.linear1", norm("encoder.norm2", x))))
    return linear(w, "head", norm("norm", x).mean(2))


NETWORKS = {"cnn": (convolutional, convolutions), "transformer": (Transformer, block)}


class Stack:
    """The networks of all seeds: weights [S, …] by name."""

    def __init__(self, network, size, seeds):
        self.make, self.forward = NETWORKS[network]
        self.rate = RATES[network]
        self.size, modules = size, []
        for seed in seeds:
            torch.manual_seed(seed)
            modules.append(self.make(size).train())
        self.w = {n: torch.stack([dict(m.named_parameters())[n].detach() for m in modules]) for n, _ in modules[0].named_parameters()}
        x = torch.randn(len(modules), 7, 1, size, size)
        with torch.no_grad():
            off = (self.forward(self.w, x) - torch.stack([m(v) for m, v in zip(modules, x)])).abs().max().item()
        if not off < 1e-12:
            raise SystemExit(f"{network}: the stack differs from PyTorch's modules by {off:g}")

    def gradient(self, w, x, y):
        """Losses [S] and gradients at w."""
        leaves = {n: p.detach().requires_grad_() for n, p in w.items()}
        z = self.forward(leaves, x)
        losses = F.cross_entropy(z.flatten(0, 1), y.flatten(), reduction="none").reshape(y.shape).mean(1)
        return losses.detach(), dict(zip(leaves, torch.autograd.grad(losses.sum(), list(leaves.values()))))

    def module(self, i):
        net = self.make(self.size)
        net.load_state_dict({n: p[i] for n, p in self.w.items()}, strict=False)
        return net


# ---------------------------------------------------------------------------------------------------- data --

def read(path):
    """Images [N, 1, s, s] in [0, 1] and labels: of samples/digits.h5, or of a file with /images and /labels, which are halved in size."""
    with h5py.File(path, "r") as f:
        if "images" in f:
            x, y = F.avg_pool2d(torch.from_numpy(f["images"][:4000] / 255.0)[:, None], 2), f["labels"][:4000]
        else:
            x, y = torch.from_numpy(f["inputs"][()] / 16.0).reshape(-1, 1, 8, 8), f["targets"][()]
    return x, torch.from_numpy(y.astype(np.int64))


class Data:
    """Rows of every seed: TRAIN to train on, NOISE of them with a wrong label; VALIDATION to choose the radius by; the rest to test on."""

    def __init__(self, x, y, seeds):
        self.x, self.y, self.validation, self.test, self.order = [], [], [], [], []
        for seed in seeds:
            g = torch.Generator().manual_seed(1000 + seed)
            order = torch.randperm(len(x), generator=g)
            own = y[order[:TRAIN]].clone()
            wrong = torch.randperm(TRAIN, generator=g)[: int(NOISE * TRAIN)]
            own[wrong] = (own[wrong] + torch.randint(1, 10, (len(wrong),), generator=g)) % 10
            self.x.append(x[order[:TRAIN]])
            self.y.append(own)
            for part, rows in ((self.validation, order[TRAIN:TRAIN + VALIDATION]), (self.test, order[TRAIN + VALIDATION:])):
                part.append((x[rows], y[rows]))
            self.order.append(torch.cat([torch.randperm(TRAIN, generator=g) for _ in range(STEPS * BATCH // TRAIN)]))
        self.x, self.y = torch.stack(self.x), torch.stack(self.y)

    def batch(self, step, whole):
        if whole:
            return self.x, self.y
        rows = [o[step * BATCH:(step + 1) * BATCH] for o in self.order]
        return torch.stack([x[r] for x, r in zip(self.x, rows)]), torch.stack([y[r] for y, r in zip(self.y, rows)])


# ------------------------------------------------------------------------------------------------- methods --

def norms(tensors):
    """[S]"""
    return torch.sqrt(sum((t * t).flatten(1).sum(1) for t in tensors.values()))


def add(w, by, d):
    """w + by d; by [S] or a number"""
    return {n: p + (by.reshape(-1, *[1] * (p.dim() - 1)) if torch.is_tensor(by) else by) * d[n] for n, p in w.items()}


class Method:
    """Heavy ball v <- beta v + g, w <- w - eta v, with g at w (sgd, gd), at w - eta beta v (nag), at w + rho g/|g| (sam, arXiv:2010.01412) or at
    w - rho v/|v| (msam, arXiv:2401.12033); of each seed by itself. stack.w are the weights without a perturbation."""

    def __init__(self, stack, name, rho, beta):
        self.stack, self.name, self.rho, self.beta = stack, name, rho, beta
        self.v = {n: torch.zeros_like(p) for n, p in stack.w.items()}
        self.started = False

    def place(self):
        if self.name == "nag":
            return add(self.stack.w, -self.stack.rate * self.beta, self.v)
        if self.name == "msam" and self.started:
            return add(self.stack.w, -self.rho / norms(self.v), self.v)
        return self.stack.w

    def step(self, x, y):
        """Losses, and cos(v, g) of the first gradient, v before it joins; both [S]."""
        losses, g = self.stack.gradient(self.place(), x, y)
        cosine = sum((a * g[n]).flatten(1).sum(1) for n, a in self.v.items()) / (norms(self.v) * norms(g))
        if self.name == "sam":
            _, g = self.stack.gradient(add(self.stack.w, self.rho / norms(g), g), x, y)
        self.v = add(g, self.beta, self.v)
        self.stack.w = add(self.stack.w, -self.stack.rate, self.v)
        self.started = True
        return losses, cosine


# ------------------------------------------------------------------------------------------------ training --

def evaluate(net, data, i):
    """Statistics of BatchNorm of all training rows; losses and accuracies."""
    for m in net.modules():
        if isinstance(m, nn.BatchNorm2d):
            m.momentum = None
    with torch.no_grad():
        net.train()(data.x[i])
        net.eval()
        out = {}
        for name, (x, y) in {"train": (data.x[i], data.y[i]), "validation": data.validation[i], "test": data.test[i]}.items():
            z = net(x)
            out[f"{name}_loss"], out[f"{name}_accuracy"] = F.cross_entropy(z, y).item(), (z.argmax(1) == y).double().mean().item()
    return out


def save(net, method, i, data, folder, seed):
    """The weights without a perturbation, with the momentum, as basin's checkpoint."""
    sgd = torch.optim.SGD(net.parameters(), lr=method.stack.rate, momentum=method.beta, nesterov=method.name == "nag")
    for n, p in net.named_parameters():
        sgd.state[p]["momentum_buffer"] = method.v[n][i].clone()
    numbers = {"seed": seed, "batch_size": 0 if method.name == "gd" else BATCH, **({"rho": method.rho} if method.rho else {})}
    folder.mkdir(parents=True)
    basin.save_checkpoint(folder / "last.h5", net, loss="cross_entropy", optimizer=sgd, train=(data.x[i], data.y[i]), test=data.test[i],
                          method=method.name, step=STEPS, perturbed=False, hyperparameters=numbers, check=i == 0)


def train(network, data, seeds, name, rho=None, beta=BETA, folder=None):
    """A row for each seed, and seconds of all of them."""
    stack, cosines, start = Stack(network, data.x.shape[-1], seeds), [], time.perf_counter()
    method = Method(stack, name, rho, beta)
    for step in range(STEPS):
        cosines.append(method.step(*data.batch(step, name == "gd"))[1])
    seconds = time.perf_counter() - start
    passes = STEPS * (1 if name == "gd" else BATCH / TRAIN) * (2 if name == "sam" else 1)
    rows = []
    for i, seed in enumerate(seeds):
        net = stack.module(i)
        rows.append({"method": name, "seed": seed, "rho": rho, "beta": beta, "passes": passes, **evaluate(net, data, i),
                     "cosine": float(np.nanmean([c[i].item() for c in cosines[-STEPS // 10:]]))})
        if folder is not None:
            save(net, method, i, data, folder / f"{network}_{name}_{seed}", seed)
    return rows, seconds


def change(network, data, seeds, name, rho):
    """Every label becomes the next one after SWITCH steps: losses of the batches, and cos(v, g), from there on."""
    stack = Stack(network, data.x.shape[-1], seeds)
    method, found = Method(stack, name, rho, BETA), []
    for step in range(SWITCH + AFTER):
        x, y = data.batch(step, False)
        found.append(method.step(x, y if step < SWITCH else (y + 1) % 10))
    losses, cosines = (torch.stack(column).T.tolist() for column in zip(*found))
    return [{"method": name, "seed": seed, "before": float(np.mean(losses[i][SWITCH - 5:SWITCH])), "losses": losses[i][SWITCH:],
             "cosines": cosines[i][SWITCH:]} for i, seed in enumerate(seeds)]


def main():
    network, out = sys.argv[1], Path(sys.argv[2])
    x, y = read(sys.argv[3] if len(sys.argv) > 3 else Path(__file__).parents[2] / "digits.h5")
    tuned, data = Data(x, y, TUNING), Data(x, y, SEEDS)
    rows, best = {"tuning": [], "betas": [], "runs": [], "change": []}, {}
    for name, radii in RADII.items():
        by_radius = {r: train(network, tuned, TUNING, name, r)[0] for r in radii}
        best[name] = max(radii, key=lambda r: np.mean([row["validation_accuracy"] for row in by_radius[r]]))
        rows["tuning"] += sum(by_radius.values(), [])
        print(f"{network}: {name} with rho = {best[name]:g}, the best by validation", flush=True)
    for name in ("sgd", "msam"):
        for beta in BETAS:
            rows["betas"] += train(network, tuned, TUNING, name, best.get(name), beta)[0]
    for name in METHODS:
        found, seconds = train(network, data, SEEDS, name, best.get(name), folder=out / "runs")
        rows["runs"] += found
        print(f"{network}: {name}, {seconds:.1f} s for {len(SEEDS)} runs", flush=True)
    for name in ("sgd", "sam", "msam"):
        rows["change"] += change(network, data, SEEDS, name, best.get(name))
    (out / f"{network}.json").write_text(json.dumps({"best": best, **rows}, indent=1) + "\n")


if __name__ == "__main__":
    main()

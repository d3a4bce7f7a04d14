"""Trains for the experiment that docs/experiments/sane.md writes down: plain gradient descent at many rates from one start, all seeds and rates as
one computation with a leading axis, in double precision, so that a second run gives the same bits on the same machine.

usage: python3 train.py data FOLDER DATA.h5     writes FOLDER/data/LOSS_SEED.h5; DATA.h5 has /inputs and /targets, or /images and /labels
       python3 train.py next FOLDER DIGITS.h5   writes FOLDER/data/next_SEED.h5: the first seven rows of a digit, and the next one of each
       python3 train.py rates FOLDER SEED       prints the rates of that task, by the spectra in FOLDER/flow/next_SEED.json
       python3 train.py train FOLDER LOSS       from FOLDER/flow/LOSS_SEED/step_000000.h5 and the spectra beside it; writes FOLDER/LOSS.json and
                                                FOLDER/points/LOSS_LEVEL_SEED/RATE_{0,1}.h5, before and after it comes down to the level, and rescaled copies
                                                of those after the first level, FOLDER/rescaled/LOSS_SEED/RATE.h5
"""
import json
import shutil
import sys
from pathlib import Path

import h5py
import numpy as np

SEEDS, TRAIN, TEST, CLASSES = range(8), 250, 1000, 10
FLOW = (0.25, 0.35, 0.5, 0.7, 1, 1.2, 1.4, 1.7, 2, 2.4, 2.8, 3.4)  # times 2 / lambda_flow
START = (0.8, 1, 1.25)  # times 2 / lambda_0
EACH = len(FLOW) + len(START)
LEVELS = {"cross_entropy": (0.1, 0.2), "mse": (0.02, 0.03)}  # training losses; the first is the primary one
STEPS = 3000
NEXT_TRAIN, NEXT_TEST, NEXT_SEEDS, NEXT_RATES = 40, 500, range(4), (0.5, 0.7, 1, 1.4, 2, 2.5, 3, 3.5, 4, 5)  # times 2 / lambda_flow
NAMES = ("fc1.weight", "fc1.bias", "fc2.weight", "fc2.bias")


# ---------------------------------------------------------------------------------------------------- data --

def read(path):
    """Rows in [0, 1] and labels: images of 28×28 pixels are halved in size."""
    with h5py.File(path, "r") as f:
        if "images" in f:
            x, y = f["images"][:4000] / 255.0, f["labels"][:4000]
            return x.reshape(-1, 14, 2, 14, 2).mean((2, 4)).reshape(len(y), -1), y.astype(np.int64)
        return f["inputs"][()] * f["inputs"].attrs.get("scale", 1.0), f["targets"][()].astype(np.int64)


def centred(path):
    """Pixels [N, D] less their mean over all rows, and labels."""
    x, y = read(path)
    return (x - x.mean(0)).reshape(len(x), -1), y


def write(path, inputs, targets, train):
    path.parent.mkdir(parents=True, exist_ok=True)
    with h5py.File(path, "w") as f:
        f.attrs["format"], f.attrs["version"] = "basin data", 1
        f["inputs"], f["targets"] = inputs, targets
        f["splits/train"], f["splits/test"] = np.arange(train), np.arange(train, len(inputs))
        f.attrs["complete"] = 1


def write_data(folder, path):
    """Of every seed: its own rows to train and to test on; targets are classes, or a number for each."""
    x, y = centred(path)
    for seed in SEEDS:
        rows = np.random.default_rng(1000 + seed).permutation(len(x))[:TRAIN + TEST]
        for loss, targets in (("cross_entropy", y[rows]), ("mse", np.eye(CLASSES)[y[rows]])):
            write(folder / "data" / f"{loss}_{seed}.h5", x[rows], targets, TRAIN)


def write_next(folder, path):
    x, _ = centred(path)
    for seed in NEXT_SEEDS:
        rows = np.random.default_rng(1000 + seed).permutation(len(x))[:NEXT_TRAIN + NEXT_TEST]
        write(folder / "data" / f"next_{seed}.h5", x[rows, :56], x[rows, 8:], NEXT_TRAIN)


def print_rates(folder, seed):
    tops = [r["eigenvalues"][0] for r in json.loads((folder / "flow" / f"next_{seed}.json").read_text())["results"]]
    print(*(f"{m * 2 / max(tops):.6g}" for m in NEXT_RATES))


# -------------------------------------------------------------------------------------------------- training --

def loss_of(z, t, kind):
    """Losses [K] of outputs z [K, N, C] and targets t [K, N, C] that sum to 1, and what falls back on z."""
    if kind == "mse":
        return ((z - t) ** 2).mean((1, 2)), 2 * (z - t) / z[0].size
    z = z - z.max(2, keepdims=True)
    p = np.exp(z) / np.exp(z).sum(2, keepdims=True)
    return (np.log(np.exp(z).sum(2)) - (z * t).sum(2)).mean(1), (p - t) / z.shape[1]


def outputs(w, x):
    """Hidden units [K, N, H] and outputs [K, N, C] of K networks on inputs x [K, N, D]."""
    h = np.maximum(x @ w[0].transpose(0, 2, 1) + w[1][:, None], 0)
    return h, h @ w[2].transpose(0, 2, 1) + w[3][:, None]


class Seeds:
    """Starts, rows and rates: of K = seeds × rates networks."""

    def __init__(self, folder, loss):
        self.folder, self.loss, self.rates, starts, rows = folder, loss, [], [], []
        for seed in SEEDS:
            with h5py.File(folder / "flow" / f"{loss}_{seed}" / "step_000000.h5", "r") as f:
                starts.append([f[f"parameters/{n}"][()] for n in NAMES])
            with h5py.File(folder / "data" / f"{loss}_{seed}.h5", "r") as f:
                t = f["targets"][()]
                rows.append((f["inputs"][()], t if t.ndim == 2 else np.eye(CLASSES)[t]))
            flow = json.loads((folder / "flow" / f"{loss}_{seed}.json").read_text())["results"]
            tops = [r["eigenvalues"][0] for r in flow]
            self.rates.append([m * 2 / max(tops) for m in FLOW] + [m * 2 / tops[0] for m in START])
        self.w = [np.repeat(np.stack(p), EACH, 0) for p in zip(*starts)]
        self.x, self.t = (np.repeat(np.stack(p), EACH, 0) for p in zip(*rows))
        self.rate = np.array(self.rates).ravel()

    def step(self, alive):
        """One step of the networks alive [n]; their training losses before it."""
        w, x, t = [p[alive] for p in self.w], self.x[alive, :TRAIN], self.t[alive, :TRAIN]
        h, z = outputs(w, x)
        losses, d = loss_of(z, t, self.loss)
        back = (d @ w[2]) * (h > 0)
        for p, g in zip(self.w, (back.transpose(0, 2, 1) @ x, back.sum(1), d.transpose(0, 2, 1) @ h, d.sum(1))):
            p[alive] -= self.rate[alive].reshape(-1, *[1] * (g.ndim - 1)) * g
        return losses

    def test(self, w, k):
        _, z = outputs([p[k:k + 1] for p in w], self.x[k:k + 1, TRAIN:])
        return float(loss_of(z, self.t[k:k + 1, TRAIN:], self.loss)[0][0])

    def save(self, path, w, k, step, factors=1.0):
        """The checkpoint of the start again, with weights w of network k; factors [H] of what enters the hidden units."""
        seed, scale = k // EACH, factors * np.ones(len(w[1][k]))
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(self.folder / "flow" / f"{self.loss}_{seed}" / "step_000000.h5", path)
        with h5py.File(path, "r+") as f:
            for name, p, by in zip(NAMES, w, (scale[:, None], scale, 1 / scale, 1)):
                f[f"parameters/{name}"][...] = p[k] * by
            for old in ("optimizer", "recorded"):
                if old in f:
                    del f[old]
            f["data"].attrs["path"] = str(Path("../..") / "data" / f"{self.loss}_{seed}.h5")
            f["training"].attrs.update(learning_rate=self.rate[k], momentum=0.0, step=step, epoch=float(step), gradient_evaluations=step,
                                       run=f"{self.loss} {seed}, rate {k % EACH}")

    def reach(self, level, k, step, before, now):
        """Network k is down at a level for the first time: before and now are weights and losses of the last step and of this one."""
        pair = []
        for i, (w, losses) in enumerate((before, now)):
            self.save(self.folder / "points" / f"{self.loss}_{level}_{k // EACH}" / f"{k % EACH:02d}_{i}.h5", w, k, step - 1 + i)
            pair.append({"loss": float(losses[k]), "test_loss": self.test(w, k)})
        if level == 0:
            z = np.random.default_rng(2000 + k // EACH).uniform(-1, 1, now[0][1].shape[1])
            self.save(self.folder / "rescaled" / f"{self.loss}_{k // EACH}" / f"{k % EACH:02d}.h5", now[0], k, step, 5.0 ** z)
        return {"level": level, "seed": k // EACH, "rate": k % EACH, "step": step, "pair": pair}


def train(folder, loss):
    """Every network until it is down at the lowest level, or diverged, or STEPS are over. A level is reached at the first step whose loss is at or
    below it."""
    s = Seeds(folder, loss)
    count, points, rises = len(s.rate), [], np.zeros(len(s.rate), int)
    waits = np.array([[True] * count for _ in LEVELS[loss]])  # [levels, networks]
    open_, before = np.ones(count, bool), (None, np.full(count, np.inf))
    for step in range(STEPS):
        alive = np.flatnonzero(open_)
        if not len(alive):
            break
        now = ([p.copy() for p in s.w], before[1].copy())
        now[1][alive] = s.step(alive)
        rises += now[1] > before[1]
        for i, level in enumerate(LEVELS[loss]):
            for k in alive[waits[i, alive] & (now[1][alive] <= level)] if step else ():
                points.append({**s.reach(i, k, step, before, now), "rises": int(rises[k])})
                waits[i, k] = False
        open_ &= waits.any(0) & np.isfinite(now[1])
        before = now
    out = {"flow": FLOW, "start": START, "levels": LEVELS[loss], "rates": s.rates, "points": sorted(points, key=lambda p: (p["level"], p["seed"], p["rate"]))}
    (folder / f"{loss}.json").write_text(json.dumps(out, indent=1, default=int) + "\n")
    print(f"{loss}: {len(points)} of {count * len(LEVELS[loss])} points reached", flush=True)


def main():
    kind, folder, of = sys.argv[1], Path(sys.argv[2]), sys.argv[3]
    np.seterr(over="ignore", invalid="ignore")  # diverged networks end at their first loss that is not finite
    {"data": write_data, "next": write_next, "rates": print_rates, "train": train}[kind](folder, of)


if __name__ == "__main__":
    main()

"""Kernel regression by basin's own runs, against the closed form and the reference tables. What it finds goes into FOLDER/kernel.json.
usage: BASIN=build/basin python3 kernel.py FOLDER"""
import csv
import json
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from runs import STEPS_A_TABLE, checkpoints, train, write_data, write_linear_start

N = 32
NOISE = 0.25  # sigma^2 of the reference tables
NOISES = (0.0625, 0.125, 0.25, 0.5, 1.0, 2.0, 4.0)
RATES = (0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 1.75, 1.9)                     # eta lambda_1
FACTORS = (0.0, 0.05, 0.1, 0.2, 0.35, 0.5, 0.7, 1.0, 1.4, 2.0, 2.8)      # rho lambda_1 of raw SAM; 0 is GD
RADII = (0.05, 0.2, 0.8)                                                 # of normalised SAM
DRAWS = 20
EVERY = tuple(range(151))
LONG = (*EVERY, 200, 500, 1000)
SHORT = tuple(range(101))
TARGETS = ("smooth", "top", "low")


class Regression:
    def __init__(self, folder):
        self.folder = Path(folder)
        x = (np.arange(N) + 0.5) / N
        values, vectors = np.linalg.eigh(np.exp(-((x[:, None] - x) ** 2) / 0.02))
        values, self.vectors = np.maximum(values[::-1], 0.0), vectors[:, ::-1]
        self.eigenvalues = values / N  # of M
        self.root = self.vectors * np.sqrt(values) @ self.vectors.T
        smooth = np.sin(2 * np.pi * x) + 0.5 * np.sin(6 * np.pi * x)
        size = np.linalg.norm(smooth)
        pairs = [self.vectors[:, i] + self.vectors[:, i + 1] for i in (0, 5)]
        self.targets = np.stack([smooth, *(size * p / np.linalg.norm(p) for p in pairs)], 1)  # [N, 3]
        self.columns = np.concatenate((self.targets, np.eye(N)), 1)                            # [N, 35]
        self.top = self.eigenvalues[0]
        write_data(self.folder / "linear.h5", self.root, self.columns)
        write_linear_start(self.folder / "linear_start.h5", N, self.columns.shape[1])
        write_linear_start(self.folder / "start.h5", N, 1)

    def fits(self, name, data, start, method, eta, rho, saves):
        """[steps, N, C] by one run of basin."""
        run = self.folder / "runs" / name
        train(run, data, method, eta, rho, saves, "--from", self.folder / start)
        w = checkpoints(run, saves, lambda f: f["parameters/w"][()])
        return np.einsum("ij,scj->sic", self.root, w)

    def linear(self, rate, factor, saves):
        """Fits of the 35 outputs by GD or raw SAM. The loss is the mean over outputs too and has no half: its rate and its rho are
        C/2 times those of half the mean squared error of each output."""
        half = self.columns.shape[1] / 2
        return self.fits(f"linear_{rate}_{factor}", self.folder / "linear.h5", "linear_start.h5", "usam" if factor > 0 else "gd",
                         half * rate / self.top, half * factor / self.top, saves)

    def moments(self, fits):
        """bias^2 [steps, targets], and the variance [steps] for noise of variance 1."""
        bias = ((fits[:, :, :3] - self.targets) ** 2).mean(1)
        return bias, (fits[:, :, 3:] ** 2).sum((1, 2)) / N

    def closed_form(self, rate, factor, saves):
        s = 1 - rate * self.eigenvalues / self.top * (1 + factor * self.eigenvalues / self.top)
        power = s ** np.array(saves)[:, None]
        along = (self.vectors.T @ self.targets) ** 2
        return power**2 @ along / N, ((1 - power) ** 2).sum(1) / N

    def single(self, name, y, method, rho, saves):
        """Fits [steps, N] of one y at the rate 0.5/lambda_1, of which the loss without half takes half."""
        data = self.folder / f"{name}.h5"
        write_data(data, self.root, y[:, None])
        return self.fits(name, data, "start.h5", method, 0.25 / self.top, rho, saves)[:, :, 0]


def references(r, report):
    """The reference tables: [k, ...] of what basin's runs have at their steps, less what they say."""
    here = Path(__file__).parent
    fixed = r.targets[:, 0] + 0.5 * (-1.0) ** np.arange(N)
    runs = {"gd": r.single("fixed_gd", fixed, "gd", 0, LONG), "sam": r.single("fixed_usam", fixed, "usam", 0.25 / r.top, LONG),
            "nsam": r.single("fixed_sam", fixed, "sam", 0.05, LONG)}
    apart = {}
    for row in csv.DictReader((here / "reference_fixed_y.csv").open()):
        k = int(row["k"])
        for name, fits in runs.items():
            fit = fits[LONG.index(k)]
            seen = {"residual2": np.mean((fit - fixed) ** 2), "error2": np.mean((fit - r.targets[:, 0]) ** 2)}
            for what, value in seen.items():
                where = name if name != "nsam" else "nsam to 50" if k <= 50 else f"nsam beyond, {what}"
                apart[where] = max(apart.get(where, 0.0), abs(value - float(row[f"{name}_{what}"])))
    for row in csv.DictReader((here / "reference.csv").open()):
        k = int(row["k"])
        if k in LONG:
            for name in ("gd", "sam"):
                m = report["curves"][name]
                i = LONG.index(k)
                for what, value in (("bias2", m["bias"][i][0]), ("var", NOISE * m["variance"][i])):
                    apart[f"{name} moments"] = max(apart.get(f"{name} moments", 0.0), abs(value - float(row[f"{name}_{what}"])))
    report["references"] = apart


def grid(r, pool, report):
    """Least risk of each (rate, factor) for every target and noise, with the step that has it."""
    todo = [(rate, factor) for rate in RATES for factor in FACTORS if rate * (1 + factor) < 2]
    apart, cells = 0.0, []

    def one(setting):
        bias, variance = r.moments(r.linear(*setting, EVERY))
        exact_bias, exact_variance = r.closed_form(*setting, EVERY)
        best = {}
        for t, target in enumerate(TARGETS):
            for noise in NOISES:
                risk = bias[:, t] + noise * variance
                best[f"{target} {noise}"] = (float(risk.min()), int(risk.argmin()))
        return max(np.abs(bias - exact_bias).max(), np.abs(variance - exact_variance).max()), best

    for setting, (far, best) in zip(todo, pool.map(one, todo)):
        apart = max(apart, float(far))
        cells.append({"rate": setting[0], "factor": setting[1], "best": best})
    report["grid"], report["grid_apart"] = cells, apart


def normalised(r, pool, report):
    """Risk of each draw by step: normalised SAM by runs of its own, GD by the linear run of the same noise."""
    generator = np.random.default_rng(20230223)
    draws = generator.standard_normal((DRAWS, N))
    linear = {"gd": r.linear(0.5, 0.0, SHORT), "usam": r.linear(0.5, 0.5, SHORT)}
    found = {}

    def one(job):
        t, noise, rho, d = job
        y = r.targets[:, t] + np.sqrt(noise) * draws[d]
        fits = r.single(f"sam_{t}_{noise}_{rho}_{d}", y, "sam", rho, SHORT)
        return ((fits - r.targets[:, t]) ** 2).mean(1)

    for t, target in enumerate(TARGETS):
        for noise in (NOISE, 1.0):
            risks = {}
            for name, fits in linear.items():
                fit = fits[:, :, t, None] + np.sqrt(noise) * np.einsum("sij,dj->sid", fits[:, :, 3:], draws)
                risks[name] = ((fit - r.targets[:, t, None]) ** 2).mean(1)  # [steps, draws]
            for rho in RADII:
                risks[f"sam {rho}"] = np.array(list(pool.map(one, [(t, noise, rho, d) for d in range(DRAWS)]))).T
            found[f"{target} {noise}"] = {name: risk.tolist() for name, risk in risks.items()}
    report["normalised"] = found


def main():
    folder = Path(sys.argv[1])
    (folder / "runs").mkdir(parents=True, exist_ok=True)
    r = Regression(folder)
    report = {"eigenvalues": r.eigenvalues.tolist(), "steps": LONG, "curves": {}}
    far = 0.0
    for name, factor in (("gd", 0.0), ("sam", 0.5)):
        bias, variance = r.moments(r.linear(0.5, factor, LONG))
        exact_bias, exact_variance = r.closed_form(0.5, factor, LONG)
        far = max(far, float(np.abs(bias - exact_bias).max()), float(np.abs(variance - exact_variance).max()))
        report["curves"][name] = {"bias": bias.tolist(), "variance": variance.tolist()}
    report["curves_apart"] = far
    references(r, report)
    with ThreadPoolExecutor(2) as pool:
        grid(r, pool, report)
        normalised(r, pool, report)
    (folder / "kernel.json").write_text(json.dumps(report))


if __name__ == "__main__":
    main()

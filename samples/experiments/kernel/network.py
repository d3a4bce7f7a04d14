"""A student with one hidden layer of ReLUs learns a teacher of its kind from noisy values, by basin's own runs of GD, SAM and raw SAM. What it
finds goes into FOLDER/network.json. usage: BASIN=build/basin python3 network.py FOLDER"""
import json
import math
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from runs import BASIN, checkpoints, train, write_data

INPUTS, TEACHER, STUDENT, SAMPLES, TEST = 10, 4, 32, 100, 1000
NOISES = (0.25, 1.0)
RATES = {"gd": (0.02, 0.05, 0.1, 0.2), "sam": (0.05, 0.1), "usam": (0.05, 0.1)}
RHOS = {"gd": (0.0,), "sam": (0.1, 0.3, 1.0, 3.0), "usam": (0.1, 0.3, 1.0, 3.0)}
SEEDS, DRAWS = range(20), 10
OTHER_SEEDS, OTHER_DRAWS = range(100, 104), 3
STEPS = 1000
SAVES = (0, *sorted({round(k) for k in np.geomspace(1, STEPS, 32)}))


class Problem:
    """Teacher, samples and noise of one seed. The student's first weights are basin's of that seed."""

    def __init__(self, seed):
        generator = np.random.default_rng(seed)
        inner = generator.standard_normal((TEACHER, INPUTS)) / math.sqrt(INPUTS)
        outer = generator.standard_normal(TEACHER)
        x = generator.standard_normal((SAMPLES + TEST, INPUTS))
        values = np.maximum(x @ inner.T, 0) @ outer
        values = (values - values.mean()) / values.std()
        self.seed = seed
        self.train, self.test = x[:SAMPLES], x[SAMPLES:]
        self.clean, self.truth = values[:SAMPLES], values[SAMPLES:]
        self.noise = generator.standard_normal((DRAWS, SAMPLES))

    def write(self, folder, noise, draw):
        path = folder / f"data_{self.seed}_{noise}_{draw}.h5"
        if not path.exists():
            y = self.clean + math.sqrt(noise) * self.noise[draw]
            write_data(path, self.train, y[:, None], (self.test, self.truth[:, None]))
        return path

    @np.errstate(over="ignore", invalid="ignore")
    def outputs(self, f):
        """[TEST] of the weights in a checkpoint; not finite where a run diverged."""
        p = {name: f[f"parameters/{name}"][()] for name in ("fc1.weight", "fc1.bias", "fc2.weight", "fc2.bias")}
        return (np.maximum(self.test @ p["fc1.weight"].T + p["fc1.bias"], 0) @ p["fc2.weight"].T + p["fc2.bias"])[:, 0]


def largest_eigenvalue(checkpoint):
    command = [BASIN, "spectrum", str(checkpoint), "--method", "lanczos", "--top", "1", "--tolerance", "1e-4", "--threads", "1", "--json"]
    found = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    return eigenvalues(found)[0]


def eigenvalues(document):
    """The first list under that key."""
    if isinstance(document, dict):
        if isinstance(document.get("eigenvalues"), list):
            return document["eigenvalues"]
        document = list(document.values())
    for item in document if isinstance(document, list) else []:
        found = eigenvalues(item)
        if found is not None:
            return found
    return None


class Study:
    def __init__(self, folder, pool):
        self.folder, self.pool = folder, pool
        self.problems = {seed: Problem(seed) for seed in (*SEEDS, *OTHER_SEEDS)}

    def run(self, job):
        """Outputs [steps, TEST] of one run, and the largest eigenvalue at the step `at`, if one is given."""
        method, noise, rate, rho, seed, draw, at = job
        problem = self.problems[seed]
        folder = self.folder / "runs" / f"{method}_{noise}_{rate}_{rho}_{seed}_{draw}"
        data = problem.write(self.folder, noise, draw)
        train(folder, data, method, rate, rho, SAVES, "--mlp", f"{INPUTS}-{STUDENT}-1", "--seed", seed)
        outputs = checkpoints(folder, SAVES, problem.outputs, (at,))
        top = largest_eigenvalue(folder / f"step_{at:06d}.h5") if at is not None and draw == 0 else None
        return outputs, top

    @np.errstate(over="ignore", invalid="ignore")
    def moments(self, seed, outputs):
        """bias^2, variance and prediction error by step, of the outputs [draws, steps, TEST] of one seed."""
        mean, truth = outputs.mean(0), self.problems[seed].truth
        return ((mean - truth) ** 2).mean(1), ((outputs - mean) ** 2).mean((0, 2)), ((outputs - truth) ** 2).mean((0, 2))

    def choose(self, method, noise, rates):
        """(rate, rho, step) of the least prediction error over the other seeds."""
        best = (math.inf,)
        for rate in rates:
            for rho in RHOS[method]:
                jobs = [(method, noise, rate, rho, seed, draw, None) for seed in OTHER_SEEDS for draw in range(OTHER_DRAWS)]
                outputs = np.array([o for o, _ in self.pool.map(self.run, jobs)]).reshape(len(OTHER_SEEDS), OTHER_DRAWS, len(SAVES), TEST)
                risk = np.mean([self.moments(seed, o)[2] for seed, o in zip(OTHER_SEEDS, outputs)], 0)
                risk = np.where(np.isfinite(risk), risk, math.inf)
                best = min(best, (float(risk.min()), rate, rho, SAVES[int(risk.argmin())]))
        return best[1:]

    def evaluate(self, method, noise, rate, rho, step):
        found = {"rate": rate, "rho": rho, "step": step, "bias": [], "variance": [], "risk": [], "top": []}
        jobs = [(method, noise, rate, rho, seed, draw, step) for seed in SEEDS for draw in range(DRAWS)]
        done = iter(self.pool.map(self.run, jobs))
        for seed in SEEDS:
            of_seed = [next(done) for _ in range(DRAWS)]
            bias, variance, risk = self.moments(seed, np.array([o for o, _ in of_seed]))
            found["bias"].append(bias.tolist()), found["variance"].append(variance.tolist()), found["risk"].append(risk.tolist())
            found["top"].append(of_seed[0][1])
        return found


def main():
    folder = Path(sys.argv[1])
    (folder / "runs").mkdir(parents=True, exist_ok=True)
    report = {"saves": SAVES}
    with ThreadPoolExecutor(2) as pool:
        study = Study(folder, pool)
        for noise in NOISES:
            for method in RHOS:
                report[f"{method} {noise}"] = study.evaluate(method, noise, *study.choose(method, noise, RATES[method]))
            report[f"gd at SAM's rates {noise}"] = study.evaluate("gd", noise, *study.choose("gd", noise, RATES["sam"]))
    (folder / "network.json").write_text(json.dumps(report))


if __name__ == "__main__":
    main()

"""The tables of docs/experiments/sane.md from what run.sh has left in FOLDER: standard output, Markdown. The claims and their statistics are those
that the document writes down. usage: python3 summarise.py FOLDER"""
import json
import math
import sys
from pathlib import Path

import h5py
import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))
from common import answer, error, holm, kendall, mean, sign_flip, table  # noqa: E402

SEEDS, LOSSES, KAPPA, ALPHA, SAME = range(8), ("cross_entropy", "mse"), 0.5, 0.5, 0.85
KAPPAS, RANKS = (0.05, 0.1, 0.2, 0.5, 1, 2, 5), (1, 2, 5, 10)
TITLES = {"cross_entropy": "cross-entropy", "mse": "squared error"}
SECONDARY = ["sane", "lambda_max", "trace", "trace/lambda_max", "n_eff"]


def measures(eigenvalues):
    e = sorted((abs(v) for v in eigenvalues), reverse=True)
    count = lambda scale: sum(v / (v + scale) for v in e)
    out = {"lambda_max": max(eigenvalues), "trace": sum(eigenvalues), "sane": count(KAPPA * e[0]), "n_eff": count(ALPHA)}
    out["trace/lambda_max"] = out["trace"] / out["lambda_max"]
    return {**out, **{f"sane, κ = {k:g}": count(k * e[0]) for k in KAPPAS}, **{f"sane, k = {k}": count(KAPPA * e[k - 1]) for k in RANKS}}


def kind_of(name):
    """(rate, iterate) of RATE_ITERATE.h5"""
    return tuple(int(n) for n in name[:-3].split("_"))


class Folder:
    def __init__(self, path):
        self.path = Path(path)
        self.trained = {loss: json.loads((self.path / f"{loss}.json").read_text()) for loss in LOSSES}
        self.found = {}  # (loss, level, seed): [point], by rate
        for loss in LOSSES:
            for level in (0, 1):
                for seed in SEEDS:
                    self.found[loss, level, seed] = self.points(loss, level, seed)

    def results(self, name):
        """{file name of the checkpoint: result}"""
        found = json.loads((self.path / "results" / f"{name}.json").read_text())
        return {Path(r["provenance"]["inputs"][0]["path"]).name: r for r in found.get("results", [found])}

    def points(self, loss, level, seed):
        """Of each rate that has come down to the level its measures there, each linear in ln(loss) between the iterates before and after."""
        spectra = {kind_of(n): measures(r["eigenvalues"]) for n, r in self.results(f"spectra_{loss}_{level}_{seed}").items()}
        polished = {kind_of(n)[0]: measures(r["eigenvalues"]) for n, r in self.results(f"polished_{loss}_{level}_{seed}").items()}
        at, out = math.log(self.trained[loss]["levels"][level]), []
        for p in self.trained[loss]["points"]:
            if (p["level"], p["seed"]) != (level, seed):
                continue
            a, b = (math.log(i["loss"]) for i in p["pair"])
            share = (a - at) / (a - b)
            between = lambda x, y: (1 - share) * x + share * y
            before, after = spectra[p["rate"], 0], spectra[p["rate"], 1]
            values = {m: between(before[m], after[m]) for m in before}
            out.append({"rate": p["rate"], "step": p["step"], "rises": p["rises"], "eta": self.trained[loss]["rates"][seed][p["rate"]],
                        "test_loss": between(*(i["test_loss"] for i in p["pair"])), **values, "after": after, "polished": polished[p["rate"]]})
        return out

    def multiple(self, loss, seed, rate):
        """Of 2 / lambda_flow."""
        t = self.trained[loss]
        return t["rates"][seed][rate] / t["rates"][seed][t["flow"].index(1)]

    def large(self, loss, seed, p):
        return self.multiple(loss, seed, p["rate"]) > 1 + 1e-9


def tau(points, measure, against="test_loss", of=lambda p: p):
    return kendall([of(p)[measure] for p in points], [p[against] for p in points])


def by_seed(f, loss, level, measure, **how):
    return [tau(f.found[loss, level, s], measure, **how) for s in SEEDS]


def halves(f, loss, level, seed, measure):
    points = f.found[loss, level, seed]
    large = [f.large(loss, seed, p) for p in points]
    return tuple(tau([p for p, l in zip(points, large) if l == side], measure) for side in (False, True))


def kept(f, loss, level, seed):
    """(|tau_large| - |tau_small|) of SANE less that of lambda_max."""
    (a, b), (c, d) = (halves(f, loss, level, seed, m) for m in ("sane", "lambda_max"))
    return (abs(b) - abs(a)) - (abs(d) - abs(c))


def pm(x):
    return f"{mean(x):.2f} ± {error(x):.2f}"


# -------------------------------------------------------------------------------------------------- claims --

def tested(f, name, statistic):
    where = [(loss, level) for loss in LOSSES for level in (0, 1)]
    found = [[statistic(loss, level, s) for s in SEEDS] for loss, level in where]
    ps = [sign_flip(x) for x in found]
    for (loss, level), x, p, adjusted in zip(where, found, ps, holm(ps)):
        yield [f"{name}, {TITLES[loss]}, L* = {f.trained[loss]['levels'][level]:g}", f"{pm(x)}, p {p:.3f}, Holm {adjusted:.3f}", answer(x, adjusted)]


def falsified(condition):
    return "falsified" if condition else "stands"


def rescaled(f, loss):
    out = []
    for s in SEEDS:
        moved = {int(n[:-3]): measures(r["eigenvalues"])["sane"] for n, r in f.results(f"rescaled_{loss}_{s}").items()}
        points = f.found[loss, 0, s]
        out.append(kendall([p["after"]["sane"] for p in points], [moved[p["rate"]] for p in points]))
    return out


def next_rows(f):
    """{seed: rows of the second task that have come down}"""
    out = {}
    for row in json.loads((f.path / "results" / "next.json").read_text())["rows"]:
        if row["missing"] is None and row["part"] == 0 and row["point"] == "raw" and row["at_loss"] is not None:
            if abs(row["measures"]["train_loss"]["value"] / 0.06 - 1) < 1e-6:
                out.setdefault(row["seed"], []).append({"eta": row["learning_rate"], **{m: row["measures"][m]["value"] for m in ("sane", "lambda_max", "trace", "test_loss")}})
    return out


def claims(f):
    yield from tested(f, "1. SANE keeps τ at large rates better than λ_max", lambda loss, level, s: kept(f, loss, level, s))
    yield from tested(f, "2. τ(SANE, test loss) > 0", lambda loss, level, s: tau(f.found[loss, level, s], "sane"))
    first = mean(by_seed(f, "cross_entropy", 0, "sane"))
    second = [tau(rows, "sane") for rows in next_rows(f).values()]
    yield ["3. The second task has the same sign", f"{pm(second)} against {first:.2f}", "seen" if mean(second) * first > 0 else "not seen"]
    for loss in LOSSES:
        small, large = (mean([halves(f, loss, 0, s, "sane")[i] for s in SEEDS]) for i in (0, 1))
        yield [f"4. One sign at small and large rates, {TITLES[loss]}", f"τ {small:.2f} at small, {large:.2f} at large", falsified(small * large < 0)]
    signs = [mean(by_seed(f, loss, 0, "sane")) for loss in LOSSES]
    yield ["5. One sign with both losses", f"τ {signs[0]:.2f} and {signs[1]:.2f}", falsified(signs[0] * signs[1] < 0)]
    for loss in LOSSES:
        same = by_seed(f, loss, 0, "sane", against="trace/lambda_max")
        yield [f"6. SANE is not trace/λ_max again, {TITLES[loss]}", f"τ {pm(same)}", falsified(mean(same) >= SAME)]
    for loss in LOSSES:
        yield [f"7. The order is kept by rescaled units, {TITLES[loss]}", f"τ {pm(rescaled(f, loss))}", falsified(mean(rescaled(f, loss)) < SAME)]


# -------------------------------------------------------------------------------------------------- tables --

def print_taus(f):
    rows = []
    for loss in LOSSES:
        for level in (0, 1):
            for m in SECONDARY:
                small, large = zip(*(halves(f, loss, level, s, m) for s in SEEDS))
                rows.append([TITLES[loss], f"{f.trained[loss]['levels'][level]:g}", m, pm(by_seed(f, loss, level, m)), pm(small), pm(large),
                             pm(by_seed(f, loss, level, m, of=lambda p: p["polished"]))])
    table(["loss", "L*", "τ with the test loss of", "all rates", "small", "large", "all, polished"], rows)
    names = [n for n in f.found["mse", 0, 0][0] if n.startswith("sane, ")]
    table(["τ with the test loss, all rates", *(n.removeprefix("sane, ") for n in names)],
          [[f"SANE, {TITLES[loss]}, L* = {f.trained[loss]['levels'][0]:g}", *(pm(by_seed(f, loss, 0, n)) for n in names)] for loss in LOSSES])


def print_rates(f, loss):
    rows, t = [], f.trained[loss]
    for rate in range(len(t["flow"]) + len(t["start"])):
        name = f"{t['flow'][rate]:g} · 2/λ_flow" if rate < len(t["flow"]) else f"{t['start'][rate - len(t['flow'])]:g} · 2/λ_0"
        points = [p for s in SEEDS for p in f.found[loss, 0, s] if p["rate"] == rate]
        if not points:
            rows.append([name, "0 of 8"] + [""] * 8)
            continue
        of = lambda key: [p[key] for p in points]
        rows.append([name, f"{len(points)} of 8", f"{mean(of('step')):.0f}", str(sum(p["rises"] > 0 for p in points)),
                     f"{mean([p['lambda_max'] * p['eta'] / 2 for p in points]):.2f}", *(f"{mean(of(m)):.3g}" for m in SECONDARY), f"{mean(of('test_loss')):.4g}"])
    table([f"{TITLES[loss]}, L* = {t['levels'][0]:g}: η", "come down", "steps", "with rises", "λ_max η/2", *SECONDARY, "test loss"], rows)


def print_approximate(f):
    rows = []
    for loss in LOSSES:
        order, off, inside, against = [], [], [], []
        for s in SEEDS:
            exact, rough = (f.results(f"{m}_{loss}_{s}") for m in ("exact", "slq"))
            names = sorted(exact)
            a, b = ([r[n]["sane"] for n in names] for r in (exact, rough))
            tests = {p["rate"]: p["test_loss"] for p in f.found[loss, 0, s]}
            order.append(kendall([v["value"] for v in a], [v["value"] for v in b]))
            against.append(kendall([v["value"] for v in b], [tests[kind_of(n)[0]] for n in names]) - kendall([v["value"] for v in a], [tests[kind_of(n)[0]] for n in names]))
            off += [abs(y["value"] / x["value"] - 1) for x, y in zip(a, b)]
            inside += [y["lower"] <= x["value"] <= y["upper"] for x, y in zip(a, b)]
            for n, v in zip(names, a):
                own = next(p["after"]["sane"] for p in f.found[loss, 0, s] if p["rate"] == kind_of(n)[0])
                if abs(own / v["value"] - 1) > 1e-9:
                    raise SystemExit(f"{loss}, seed {s}, {n}: SANE {own!r} here, {v['value']!r} by basin")
        rows.append([TITLES[loss], pm(order), f"{100 * mean(off):.1f} %, at most {100 * max(off):.1f} %", f"{sum(inside)} of {len(inside)}", pm(against),
                     "kept" if mean(order) >= SAME else "not kept"])
    table(["SANE by quadrature", "τ with the exact one", "off by", "inside its interval", "τ with the test loss less that of the exact one", "order"], rows)


def spans(f, loss, seed):
    """{rate: [3, P] the top eigenvectors}"""
    out = {}
    for p in f.found[loss, 0, seed]:
        with h5py.File(f.path / "results" / f"top_{loss}_{seed}_{p['rate']:02d}_1.h5", "r") as h:
            vectors = []
            h.visititems(lambda n, o: vectors.append(o[()]) if isinstance(o, h5py.Dataset) and "vector" in n and o.ndim == 2 else None)
            out[p["rate"]] = np.linalg.qr(vectors[0][:3].T)[0]
    return out


def print_overlap(f):
    for loss in LOSSES:
        t, found = f.trained[loss], [spans(f, loss, s) for s in SEEDS]
        rows = []
        for rate in range(1, len(t["flow"])):
            both = [s for s in found if 0 in s and rate in s]
            if both:
                shared = [float(np.sum((s[0].T @ s[rate]) ** 2) / 3) for s in both]
                first = [float((s[0][:, 0] @ s[rate][:, 0]) ** 2) for s in both]
                rows.append([f"{t['flow'][rate]:g} · 2/λ_flow", str(len(both)), pm(shared) if len(both) > 1 else f"{shared[0]:.2f}", pm(first) if len(both) > 1 else f"{first[0]:.2f}"])
        table([f"{TITLES[loss]}: against {t['flow'][0]:g} · 2/λ_flow", "seeds", "span of the top three in common", "cos² of the first"], rows)


def print_next(f):
    rows = []
    for seed, points in sorted(next_rows(f).items()):
        ratio = [{**p, "ratio": p["trace"] / p["lambda_max"]} for p in points]
        rows.append([str(seed), str(len(points)), *(f"{tau(ratio, m):.2f}" for m in ("sane", "lambda_max", "trace", "ratio")),
                     f"{min(p['sane'] for p in points):.3g} to {max(p['sane'] for p in points):.3g}", f"{min(p['test_loss'] for p in points):.4g} to {max(p['test_loss'] for p in points):.4g}"])
    table(["next row of a digit: seed", "rates that come down", "τ with the test loss of SANE", "of λ_max", "of trace", "of trace/λ_max", "SANE", "test loss"], rows)


def main():
    f = Folder(sys.argv[1])
    print("### Claims\n")
    table(["claim", "found, mean over seeds ± standard error", "answer"], list(claims(f)))
    print("### Rank correlations\n")
    print_taus(f)
    print("### By rate\n")
    for loss in LOSSES:
        print_rates(f, loss)
    print("### SANE by quadrature\n")
    print_approximate(f)
    print("### Top eigenvectors across rates\n")
    print_overlap(f)
    print("### Second task\n")
    print_next(f)


if __name__ == "__main__":
    main()

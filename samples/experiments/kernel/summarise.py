"""The tables of docs/experiments/kernel.md from what kernel.py and network.py have left in FOLDER: standard output, Markdown. The claims and
their statistics are those that the document writes down. usage: python3 summarise.py FOLDER"""
import json
import math
import sys
from pathlib import Path

sys.path.insert(1, str(Path(__file__).parents[1]))
from common import error, holm, mean, sign_flip, table  # noqa: E402
from kernel import NOISE, RADII, TARGETS  # noqa: E402
from network import NOISES, SAVES  # noqa: E402
from runs import STEPS_A_TABLE  # noqa: E402

METHODS = {"gd": "GD", "usam": "raw SAM", "sam": "normalised SAM"}
EXACT = 1e-9  # less than that is no difference of two expectations


def pm(x, digits=4):
    return f"{mean(x):.{digits}f} ± {error(x):.{digits}f}"


def better(differences):
    """The answer to «lower», of differences without sampling error."""
    return "holds" if max(differences) < -EXACT else "contradicted" if min(differences) > EXACT else "undecided"


class Report:
    def __init__(self, folder):
        self.kernel = json.loads((folder / "kernel.json").read_text())
        self.network = json.loads((folder / "network.json").read_text())
        self.drawn = []  # (claim, case, differences, wanted sign)

    def risk(self, name, target):
        curves = self.kernel["curves"][name]
        return [b[target] + NOISE * v for b, v in zip(curves["bias"], curves["variance"])]

    def best(self, target, noise, rate, with_sam):
        """(risk, rate, factor, step) of the least risk; `rate` None: over all rates too, and of SAM over all factors."""
        cells = [c for c in self.kernel["grid"] if (c["factor"] > 0) == with_sam and (rate is None or c["rate"] == rate)]
        if rate is not None and with_sam:
            cells = [c for c in cells if c["factor"] == 0.5]
        return min((c["best"][f"{target} {noise}"][0], c["rate"], c["factor"], c["best"][f"{target} {noise}"][1]) for c in cells)

    def normalised(self, target, noise):
        """Of GD, raw SAM and normalised SAM at its best radius: (risks of the draws at the best step, step, radius)."""
        risks, out = self.kernel["normalised"][f"{target} {noise}"], {}
        for name in ("gd", "usam", *(f"sam {r}" for r in RADII)):
            step = min(range(len(risks[name])), key=lambda k: mean(risks[name][k]))
            found = (risks[name][step], step, name.partition(" ")[2])
            method = name.split(" ")[0]
            if method not in out or mean(found[0]) < mean(out[method][0]):
                out[method] = found
        return out

    def stopped(self, method, noise, what):
        m = self.network[f"{method} {noise}"]
        if what == "top":
            return [math.log(v) for v in m["top"]]
        return [row[SAVES.index(m["step"])] for row in m[what]]

    def collect(self):
        for target in TARGETS:
            of = self.normalised(target, NOISE)
            self.drawn.append(("4. normalised SAM's risk is lower", target, [a - b for a, b in zip(of["sam"][0], of["gd"][0])], -1))
        for claim, what, sign in (("5. prediction error is lower", "risk", -1), ("6. bias² is lower", "bias", -1),
                                  ("7. variance is higher", "variance", 1), ("8. largest eigenvalue is lower (log)", "top", -1)):
            for noise in NOISES:
                for method in ("sam", "usam"):
                    pairs = zip(self.stopped(method, noise, what), self.stopped("gd", noise, what))
                    self.drawn.append((claim, f"network, {METHODS[method]}, σ² = {noise:g}", [a - b for a, b in pairs], sign))


def claims(r):
    k, rows = r.kernel, []
    within = k["references"]
    far = max(k["curves_apart"], k["grid_apart"], *(v for name, v in within.items() if "beyond" not in name))
    beyond = within["nsam beyond, residual2"]
    holds = far <= EXACT and beyond <= 1e-6
    rows.append(("0. basin's runs have the closed form", "all", f"{far:.1e}; normalised beyond step 50 {beyond:.1e}", "exact", "",
                 "holds" if holds else "contradicted"))
    for t, target in enumerate(TARGETS):
        gd, sam = k["curves"]["gd"], k["curves"]["sam"]
        bias = [b[t] - a[t] for a, b in zip(gd["bias"][1:], sam["bias"][1:])]
        variance = [b - a for a, b in zip(gd["variance"][1:], sam["variance"][1:])]
        steps = sum(b < -EXACT and v > EXACT for b, v in zip(bias, variance))
        against = sum(b > EXACT or v < -EXACT for b, v in zip(bias, variance))
        rows.append(("1. raw SAM has less bias² and more variance", target,
                     f"at {steps} of {len(bias)} steps, the contrary at {against}, else within 1e-9", "exact", "",
                     "contradicted" if against else "holds"))
    for target in TARGETS:
        gd, sam = (r.best(target, NOISE, 0.5, w)[0] for w in (False, True))
        rows.append(("2. raw SAM's risk is lower, at one η", target, f"{sam - gd:+.6f} ({100 * (sam / gd - 1):+.1f} %)", "exact", "",
                     better([sam - gd])))
    for target in TARGETS:
        gd, sam = (r.best(target, NOISE, None, w)[0] for w in (False, True))
        rows.append(("3. raw SAM's risk is lower, η chosen", target, f"{sam - gd:+.6f} ({100 * (sam / gd - 1):+.1f} %)", "exact", "",
                     better([sam - gd])))
    ps = [sign_flip(d) for _, _, d, _ in r.drawn]
    for (claim, case, d, sign), p, adjusted in zip(r.drawn, ps, holm(ps)):
        answer = "undecided" if adjusted > 0.05 else "holds" if sign * mean(d) > 0 else "contradicted"
        rows.append((claim, case, f"{mean(d):+.4f} ± {error(d):.4f}", f"{p:.2g}", f"{adjusted:.2g}", answer))
    table(("claim", "case", "SAM less GD", "p", f"p, Holm over {len(ps)}", "answer"), rows)


def regression(r):
    print("### Kernel regression: the smooth target, σ² = 0.25, η = 0.5/λ₁, ρλ₁ = 0.5\n")
    print("By basin's own runs; exact but for rounding.\n")
    rows = []
    for k in STEPS_A_TABLE:
        i, row = r.kernel["steps"].index(k), [str(k)]
        for name in ("gd", "sam"):
            m = r.kernel["curves"][name]
            bias, variance = m["bias"][i][0], NOISE * m["variance"][i]
            row += [f"{bias:.6f}", f"{variance:.6f}", f"{bias + variance:.6f}"]
        rows.append(row)
    table(("step", "GD: bias²", "variance", "risk", "raw SAM: bias²", "variance", "risk"), rows)
    print("### Each at its own best stopping time, σ² = 0.25\n")
    rows = []
    for target in TARGETS:
        cells = [r.best(target, NOISE, 0.5, w) for w in (False, True)] + [r.best(target, NOISE, None, w) for w in (False, True)]
        row = [target, *(f"{c[0]:.6f} (step {c[3]})" for c in cells[:2])]
        row += [f"{cells[2][0]:.6f} (ηλ₁ = {cells[2][1]:g}, step {cells[2][3]})",
                f"{cells[3][0]:.6f} (ηλ₁ = {cells[3][1]:g}, ρλ₁ = {cells[3][2]:g}, step {cells[3][3]})"]
        rows.append(row)
    table(("target", "GD, ηλ₁ = 0.5", "raw SAM, ηλ₁ = ρλ₁ = 0.5", "GD, η chosen", "raw SAM, η and ρ chosen"), rows)
    print("### Normalised SAM, 20 draws of noise\n")
    rows = []
    for target in TARGETS:
        for noise in (NOISE, 1.0):
            of = r.normalised(target, noise)
            rows.append((target, f"{noise:g}", f"{pm(of['gd'][0])} (step {of['gd'][1]})", f"{pm(of['usam'][0])} (step {of['usam'][1]})",
                         f"{pm(of['sam'][0])} (ρ = {of['sam'][2]}, step {of['sam'][1]})",
                         pm([a - b for a, b in zip(of["sam"][0], of["gd"][0])])))
    table(("target", "σ²", "GD", "raw SAM, ρλ₁ = 0.5", "normalised SAM", "normalised SAM less GD"), rows)


def network(r):
    print("### Network with one hidden layer, 20 seeds\n")
    rows = []
    for noise in NOISES:
        for method, title in METHODS.items():
            m = r.network[f"{method} {noise}"]
            rows.append((f"{noise:g}", title, f"{m['rate']:g}", f"{m['rho']:g}" if m["rho"] else "", str(m["step"]),
                         *(pm(r.stopped(method, noise, what), 3) for what in ("risk", "bias", "variance")),
                         f"{math.exp(mean(r.stopped(method, noise, 'top'))):.2f}"))
    table(("σ²", "method", "η", "ρ", "stopped at step", "prediction error", "bias²", "variance", "largest eigenvalue"), rows)
    print("Added after the runs: GD held to the two rates that SAM was given.\n")
    rows = []
    for noise in NOISES:
        held = f"gd at SAM's rates {noise}"
        risk = [row[SAVES.index(r.network[held]["step"])] for row in r.network[held]["risk"]]
        row = [f"{noise:g}", f"{r.network[held]['rate']:g}", str(r.network[held]["step"]), pm(risk, 3)]
        for method in ("gd", "sam", "usam"):
            less = [a - b for a, b in zip(r.stopped(method, noise, "risk"), risk)]
            row.append(f"{mean(less):+.4f} ± {error(less):.4f} (p = {sign_flip(less):.2g})")
        rows.append(row)
    table(("σ²", "η", "stopped at step", "prediction error", "GD by its own grid, less this", "normalised SAM less this",
           "raw SAM less this"), rows)


def main():
    r = Report(Path(sys.argv[1]))
    r.collect()
    claims(r)
    regression(r)
    network(r)


if __name__ == "__main__":
    main()

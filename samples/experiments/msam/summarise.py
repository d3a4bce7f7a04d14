"""The tables of docs/experiments/msam.md from what train.py and the commands of run.sh have left in FOLDER: standard output, Markdown. The claims
and their statistics are those that the document writes down. usage: python3 summarise.py FOLDER"""
import json
import math
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
from common import answer, error, holm, mean, pm, sign_flip, table  # noqa: E402

METHODS = ("sgd", "nag", "gd", "sam", "msam")
TITLES = {"sgd": "SGD", "nag": "NAG", "gd": "GD", "sam": "SAM", "msam": "MSAM"}
NETWORKS = ("cnn", "transformer")
SEEDS = range(10)
AT = 0.2  # the radius of the rises in the table and the claims


class Folder:
    def __init__(self, path):
        self.path = Path(path)
        self.trained = {n: json.loads((self.path / f"{n}.json").read_text()) for n in NETWORKS}

    def runs(self, network, method, key, part="runs", **where):
        return [r[key] for r in self.trained[network][part] if r["method"] == method and all(r[k] == v for k, v in where.items())]

    def result(self, what, network, method, seed):
        return json.loads((self.path / "results" / f"{what}_{network}_{method}_{seed}.json").read_text())

    def eigenvalues(self, network, method):
        """[seed][5]"""
        return [self.result("spectrum", network, method, s)["eigenvalues"] for s in SEEDS]

    def rises(self, network, method, direction, rho):
        """[seed]; of random directions the mean of the three"""
        out = []
        for s in SEEDS:
            rows = [m["value"] for m in self.result("rises", network, method, s)["measures"]
                    if m["name"].startswith(direction) and (m["name"][len(direction):len(direction) + 1] in ("", ":")) and abs(m["rho"] - rho) < 1e-12]
            out.append(mean(rows))
        return out

    def next_batch(self, network, method):
        """Share of the batches whose loss rises from theta to theta - AT v/|v|, over all seeds."""
        up, all_of_them = 0, 0
        for s in SEEDS:
            band = self.result("band", network, method, s)
            at = min(range(len(band["coordinates"])), key=lambda i: abs(band["coordinates"][i] + AT))
            for k, line in enumerate(band["lines"]):
                up += band["loss"][k][at] > line["centre_loss"]
                all_of_them += 1
        return up / all_of_them


def claims(f, network):
    """Name, differences by seed that the claim says are positive."""
    accuracy = {m: f.runs(network, m, "test_accuracy") for m in METHODS}
    largest = {m: [math.log(e[0]) for e in f.eigenvalues(network, m)] for m in METHODS}
    less = lambda a, b: [x - y for x, y in zip(a, b)]
    after = {m: [mean(r[:15]) for r in f.runs(network, m, "losses", "change")] for m in ("sgd", "msam")}
    yield "1. MSAM's test accuracy is above SGD's", less(accuracy["msam"], accuracy["sgd"])
    yield "2. SAM's test accuracy is above MSAM's", less(accuracy["sam"], accuracy["msam"])
    yield "3. MSAM's largest eigenvalue is below SGD's (log)", less(largest["sgd"], largest["msam"])
    yield "4. MSAM's largest eigenvalue is below SAM's (log)", less(largest["sam"], largest["msam"])
    yield f"5. From SGD's last weights −{AT:g} v/‖v‖ leads up", f.rises(network, "sgd", "msam", AT)
    yield "6. cos(v, g) of SGD is negative in the last tenth", [-c for c in f.runs(network, "sgd", "cosine")]
    yield "7. After the change of labels MSAM's loss is above SGD's", less(after["msam"], after["sgd"])


def print_claims(f):
    found = [(n, name, x) for n in NETWORKS for name, x in claims(f, n)]
    ps = [sign_flip(x) for _, _, x in found]
    rows = []
    for (n, name, x), p, adjusted in zip(found, ps, holm(ps)):
        rows.append([name, n, f"{mean(x):.3g} ± {error(x):.2g}", f"{p:.3f}", f"{adjusted:.3f}", answer(x, adjusted)])
    table(["claim", "network", "mean over 10 seeds", "p", "p, Holm over 14", "answer"], rows)


def print_methods(f, network):
    rows = []
    for m in METHODS:
        e = list(zip(*f.eigenvalues(network, m)))
        rows.append([TITLES[m], f"{f.runs(network, m, 'passes')[0]:g}", pm(f.runs(network, m, "test_accuracy"), 1, 100),
                     pm(f.runs(network, m, "test_loss")), pm(f.runs(network, m, "train_loss")),
                     " ".join(f"{math.exp(mean([math.log(v) for v in col])):.3g}" if min(col) > 0 else f"{mean(col):.3g}" for col in e),
                     *(f"{mean(f.rises(network, m, d, AT)):.3g} ± {error(f.rises(network, m, d, AT)):.1g}" for d in ("sam", "msam", "random")),
                     f"{100 * f.next_batch(network, m):.0f} %", pm(f.runs(network, m, "cosine"))])
    best = f.trained[network]["best"]
    print(f"**{network}**, ρ = {best['sam']:g} for SAM and {best['msam']:g} for MSAM, the best of their grids by validation\n")
    table(["method", "passes over the data", "test accuracy / %", "test loss", "train loss", "five largest eigenvalues", f"rise along g at {AT:g}",
           "along −v", "along random directions", "batches that rise along −v", "cos(v, g), last tenth"], rows)


def print_sensitivity(f, network):
    def cells(method, part, key, values):
        return [pm([a for a in f.runs(network, method, "validation_accuracy", part, **{key: v})], 1, 100) for v in values]
    radii = sorted({r["rho"] for r in f.trained[network]["tuning"]})
    table([f"{network}: validation accuracy / % by ρ", *(f"{r:g}" for r in radii)],
          [[TITLES[m], *(cells(m, "tuning", "rho", [r])[0] if f.runs(network, m, "rho", "tuning", rho=r) else "" for r in radii)] for m in ("sam", "msam")])
    betas = sorted({r["beta"] for r in f.trained[network]["betas"]})
    table([f"{network}: the same by β", *(f"{b:g}" for b in betas)], [[TITLES[m], *cells(m, "betas", "beta", betas)] for m in ("sgd", "msam")])


def print_change(f, network):
    rows = []
    for m in ("sgd", "sam", "msam"):
        losses, cosines = f.runs(network, m, "losses", "change"), f.runs(network, m, "cosines", "change")
        spans = ((0, 1), (1, 5), (5, 15), (15, 40))
        rows.append([TITLES[m], pm(f.runs(network, m, "before", "change")), *(pm([mean(r[a:b]) for r in losses]) for a, b in spans),
                     *(pm([mean(r[a:b]) for r in cosines]) for a, b in spans[:3])])
    table([f"{network}: loss of the batch", "before", "step 1", "2 to 5", "6 to 15", "16 to 40", "cos(v, g) at step 1", "2 to 5", "6 to 15"], rows)


def main():
    f = Folder(sys.argv[1])
    print("### Claims\n")
    print_claims(f)
    print("### Methods\n")
    for n in NETWORKS:
        print_methods(f, n)
    print("### Sensitivity\n")
    for n in NETWORKS:
        print_sensitivity(f, n)
    print("### An abrupt change of the labels\n")
    for n in NETWORKS:
        print_change(f, n)


if __name__ == "__main__":
    main()

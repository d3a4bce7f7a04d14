"""The tables of docs/experiments/rescaling.md from what run.sh has left in FOLDER: standard output, Markdown. The claims and their statistics are
those that the document writes down. usage: python3 summarise.py FOLDER"""
import json
import math
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
from common import answer, bootstrap, error, holm, kendall, mean, sign_flip, table  # noqa: E402

SEEDS = range(8)
KINDS = ("true", "half", "random")
LABELS = {"true": "true", "half": "half random", "random": "random"}
CLAIMED = ("lambda_max", "trace", "average", "adaptive_average", "adaptive_worst_l2", "geodesic")
OTHERS = ("feature_rank", "neural_collapse", "theta_norm", "theta_norm_rel", "sane", "n_eff", "gradient_norm")  # neither curvature nor rise
TWIN_ANSWERS = {"not_invariant": "holds", "supported": "contradicted", "not_tied": "contradicted"}
OUTPUTS = 1e-4  # relative; docs/measures.md, «Invariance»
SYMMETRIES = ("neuron", "layer", "norm", "attention", "permutation")
NOT_RANKED = ("train_loss", "train_accuracy", "test_loss", "test_accuracy", "gap", "clean_train_loss", "clean_gap", "ceiling", "ceiling_plain",
              "lambda_max_over_ceiling", "lambda_max_over_plain", "curvature_random")


class Folder:
    def __init__(self, path):
        self.path = Path(path)

    def json(self, name):
        return json.loads((self.path / "results" / f"{name}.json").read_text())

    def text(self, name):
        return (self.path / "results" / name).read_text().strip()


def verdict(f, name):
    """The one conclusion of a comparison, or what refused it."""
    if f.text(f"{name}.status") != "0":
        return {"verdict": "refused", "reason": f.text(f"{name}.err").split("basin: ")[-1], "change": ""}
    found = f.json(name)["conclusions"]
    return found[0]


# ----------------------------------------------------------------------------------------------- rescaling --

def of_one_function(found):
    """The rows of an invariance result without the values at which the outputs moved by more than rounding, as basin itself leaves them out."""
    moved = {(c["symmetry"], c["factor"]) for c in found["changes"] if c["missing"] is not None or c["outputs"] > OUTPUTS}
    for row in found["rows"]:
        row["values"] = [v for v, f in zip(row["values"], row["factors"]) if (row["symmetry"], f) not in moved]
    return found["rows"]


def spread(row):
    """Largest over smallest value that one function has taken."""
    values = [v for v in [row["value"], *row["values"]] if v is not None]
    return max(values) / min(values) if values and min(values) > 0 else math.nan


def by_measure(rows):
    """{(measure, part): {symmetry: row}} of those that could be measured; a name that both `track` and `sharpness` have counts once."""
    out = {}
    for row in rows:
        if row["verdict"] != "not_measured":
            out.setdefault((row["measure"], row["part"]), {}).setdefault(row["symmetry"], row)
    return out


def cell(row):
    if row is None:
        return "-"
    if row["verdict"] != "moves":
        return row["verdict"]
    return f"× {spread(row):.3g}" if not math.isnan(spread(row)) else f"moves by {row['change']:.2g}"


def rescaling(f):
    rows = {n: of_one_function(f.json(n)) for n in ("perceptron", "transformer")}
    found = {n: by_measure(r) for n, r in rows.items()}
    least = {m: max(spread(r) for r in found["perceptron"][m, None].values()) for m in ("lambda_max", "trace", "average", "worst_l2")}
    false = [(n, r["measure"], r["symmetry"]) for n in rows for r in rows[n] if r["known"] in ("yes", "plain") and r["verdict"] == "moves"]
    whole = [k for k in found["transformer"] if k[1] is None and k[0] not in OTHERS + NOT_RANKED]
    under = {k[0]: found["transformer"][k]["attention"]["verdict"] for k in whole if "attention" in found["transformer"][k]}
    kept = [m for m, v in under.items() if v == "invariant"]
    open_ = [m for m, v in under.items() if v == "undecided"]
    yield ["1. Dinh: each differs by a factor of at least 10", ", ".join(f"{m} {v:.3g}" for m, v in least.items()),
           "holds" if min(least.values()) >= 10 else "contradicted"]
    granted = [x for x in false if x[1] == "geodesic"]
    yield ["2. What the lists call invariant does not move", f"{len(false) - len(granted)} moved" + (", " if len(false) > len(granted) else "") +
           ", ".join(f"{m} under {s} ({n})" for n, m, s in false if m != "geodesic"), "holds" if len(false) == len(granted) else "contradicted"]
    yield ["3. Of attention's bases only `geodesic` is free", f"{len(under)} measures; stay: {', '.join(kept) or 'none'}; undecided: {', '.join(open_) or 'none'}",
           "holds" if kept == ["geodesic"] and not open_ else "contradicted" if "geodesic" not in kept or len(kept) > 1 else "undecided"]
    twins = verdict(f, "twins")
    yield ["4. Twins of one function", f"{twins['verdict'].replace('_', ' ')}: {twins['reason']}",
           TWIN_ANSWERS.get(twins["verdict"], "another verdict, by which the claim falls too")]


def print_rescaling(f):
    for name in ("perceptron", "transformer"):
        found = by_measure(of_one_function(f.json(name)))
        symmetries = [s for s in SYMMETRIES if any(s in v for v in found.values())]
        table([name, *symmetries], [[" ".join(filter(None, k)), *(cell(v.get(s)) for s in symmetries)] for k, v in found.items()])


# -------------------------------------------------------------------------------------------------- labels --

class Labels:
    def __init__(self, f):
        self.rows = {}
        for row in f.json("labels")["rows"]:
            kind, seed = Path(row["run"]).name.split("_")
            if row["part"] == 0 and row["point"] == "raw":
                self.rows[kind, int(seed)] = row["measures"]
        if sorted(self.rows) != sorted((k, s) for k in KINDS for s in SEEDS):
            raise SystemExit(f"labels.json: {len(self.rows)} of {len(KINDS) * len(SEEDS)} runs have come down to the loss")

    def value(self, measure, kind, seed):
        v = self.rows[kind, seed].get(measure, {}).get("value")
        return math.nan if v is None else v

    def measures(self):
        names = [m for m in self.rows["true", 0] if m not in NOT_RANKED]
        return [m for m in names if all(not math.isnan(self.value(m, *k)) for k in self.rows)]

    def tau(self, measure, counts, kinds=KINDS):
        points = [(k, s) for k in kinds for s in SEEDS]
        return kendall([self.value(measure, *p) for p in points], [self.value("test_accuracy", *p) for p in points], [counts[s] for _, s in points])

    def within(self, measure, counts):
        found = [t for t in (self.tau(measure, counts, (k,)) for k in KINDS) if not math.isnan(t)]
        return mean(found) if found else math.nan


def labels(f):
    data = Labels(f)
    differences = [[math.log(data.value(m, "random", s) / data.value(m, "true", s)) for s in SEEDS] for m in CLAIMED]
    ps = [sign_flip(x) for x in differences]
    for m, x, p, adjusted in zip(CLAIMED, differences, ps, holm(ps)):
        yield [f"5. {m} is larger with random labels", f"× {math.exp(mean(x)):.3g}, log {mean(x):.3g} ± {error(x):.2g}, p {p:.3f}, Holm {adjusted:.3f}", answer(x, adjusted)]
    equal, other = verdict(f, "equal_seeds"), verdict(f, "other_seeds")
    yield ["7. Different data at equal seeds", f"{equal['verdict']}: {equal['reason']}", "holds" if equal["verdict"] == "refused" and "data differ" in equal["reason"] else "contradicted"]
    yield ["7. Different data at other seeds", f"{other['verdict']}: {other['reason']}", "holds" if other["verdict"] == "inconclusive" else "contradicted"]


def print_ranking(f):
    data, rows = Labels(f), []
    for m in data.measures():
        geometric = all(data.value(m, *k) > 0 for k in data.rows)
        centre = lambda kind: math.exp(mean([math.log(data.value(m, kind, s)) for s in SEEDS])) if geometric else mean([data.value(m, kind, s) for s in SEEDS])
        tau, (low, high) = data.tau(m, [1] * 8), bootstrap(lambda c: data.tau(m, c), 8)
        inner, (a, b) = data.within(m, [1] * 8), bootstrap(lambda c: data.within(m, c), 8)
        word = "yes" if high < 0 else "the other way" if low > 0 else "undecided"
        rows.append((tau, [m, *(f"{centre(k):.3g}" for k in KINDS), f"{tau:.2f} [{low:.2f}, {high:.2f}]", f"{inner:.2f} [{a:.2f}, {b:.2f}]", word]))
    table(["measure at training loss 0.1", *(f"{LABELS[k]} labels" for k in KINDS), "τ with test accuracy, 24 networks", "within one kind of labels", "the smaller, the more accurate?"],
          [r for _, r in sorted(rows, key=lambda r: (r[0], r[1][0]))])
    accuracy = {k: [100 * data.value("test_accuracy", k, s) for s in SEEDS] for k in KINDS}
    print("Test accuracy: " + ", ".join(f"{mean(a):.1f} ± {error(a):.1f} % with {LABELS[k]} labels" for k, a in accuracy.items()) + ".\n")


# ---------------------------------------------------------------------------------------------------- early --

def early(f):
    rows = [r for r in f.json("way_down")["rows"] if r["part"] == 0 and r["point"] == "raw"]
    further = [s["loss"] for r in f.json("further")["results"] for s in r["splits"] if s["split"] == "train"]
    said = {v: sum(r["stationarity"]["verdict"] == v for r in rows) for v in ("descent_found", "negative_curvature", "none_found", "gradient_at_rounding")}
    last = [r["measures"]["train_loss"]["value"] for r in rows if "late" in r["run"]]
    falls = [1 - b / a for a, b in zip(last, further)]
    yield ["8. A way down at all 16 points", f"{said['descent_found']} descent found, {said['negative_curvature']} negative curvature, {said['none_found']} none found; "
           f"from step 600 to 1000 the loss falls by {100 * min(falls):.0f} to {100 * max(falls):.0f} %",
           "holds" if len(rows) == 16 and said["descent_found"] + said["negative_curvature"] == 16 and min(falls) > 0.01 else "contradicted"]
    found, told = f.json("early"), verdict(f, "early")
    warned = [any(w in n for n in found["notes"]) for w in ("unequal", "the way down")]
    decided = [d for d in found["differences"] if d["family"] in ("curvature", "rise") and d["report"] in ("lower", "higher")]
    lower = sum(d["report"] == "lower" for d in decided)
    yield ["9. Early against late", f"{told['verdict']}: {told['reason']}; warned of: {'unequal losses' if warned[0] else '-'}, {'the way down' if warned[1] else '-'}; "
           f"{len(decided)} measures of flatness decide, {lower} of them that late is flatter",
           "holds" if told["verdict"] == "inconclusive" and "losses" in told["reason"] and all(warned) else "contradicted"]


def print_early(f):
    found = f.json("early")
    rows = []
    for d in found["differences"]:
        if d["point"] == "raw" and d["family"] != "condition":
            by = f"{'×' if d['ratio'] else ''} {d['mean']:.3g} [{d['lower']:.3g}, {d['upper']:.3g}]".strip()
            rows.append([d["measure"], d["family"], by, f"{d['p_report']:.3f}", d["report"].replace("_", " ")])
    table(["late against early", "family", "ratio × or difference, 95 %", "p of the report", "decides"], rows)


def main():
    f = Folder(sys.argv[1])
    print("### Claims\n")
    table(["claim", "found", "answer"], [*rescaling(f), *labels(f), *early(f)])
    print("### One function, many values\n")
    print_rescaling(f)
    print("### Labels\n")
    print_ranking(f)
    print("### Early against late\n")
    print_early(f)


if __name__ == "__main__":
    main()

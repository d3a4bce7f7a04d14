"""Statistics and tables that the experiments share. Standard library only."""
import math
import random
from itertools import combinations


def mean(x):
    return sum(x) / len(x)


def error(x):
    """Standard error of the mean."""
    return math.sqrt(sum((v - mean(x)) ** 2 for v in x) / (len(x) - 1) / len(x))


def sign_flip(x):
    """Exact two-sided p of a mean, by all signs of its terms (under which it is symmetric, if there is nothing)."""
    seen, sums = abs(sum(x)) * (1 - 1e-12), [0.0]
    for v in x:
        sums = [s + v for s in sums] + [s - v for s in sums]
    return sum(abs(s) >= seen for s in sums) / len(sums)


def holm(ps):
    order, out, before = sorted(range(len(ps)), key=ps.__getitem__), [0.0] * len(ps), 0.0
    for rank, i in enumerate(order):
        before = max(before, min(1.0, (len(ps) - rank) * ps[i]))
        out[i] = before
    return out


def answer(x, adjusted):
    """Of a claim that the mean of x is positive."""
    return "undecided" if adjusted > 0.05 else "holds" if mean(x) > 0 else "contradicted"


def kendall(x, y, counts=None):
    """tau-b; counts: how often each was drawn (two of one copy are no pair). NaN where either is constant."""
    counts = counts or [1] * len(x)
    sign = lambda a, b: (a > b) - (a < b)
    s, u, v = 0.0, 0.0, 0.0
    for i, j in combinations(range(len(x)), 2):
        w, a, b = counts[i] * counts[j], sign(x[i], x[j]), sign(y[i], y[j])
        s, u, v = s + w * a * b, u + w * a * a, v + w * b * b
    return s / math.sqrt(u * v) if u and v else math.nan


def bootstrap(statistic, units, draws=1000, seed=0):
    """The middle 95 % of statistic(counts), counts of each unit as drawn with replacement; what is undefined is left out."""
    generator, values = random.Random(seed), []
    for _ in range(draws):
        counts = [0] * units
        for _ in range(units):
            counts[generator.randrange(units)] += 1
        values.append(statistic(counts))
    values = sorted(v for v in values if not math.isnan(v))
    return (values[int(0.025 * len(values))], values[min(int(0.975 * len(values)), len(values) - 1)]) if values else (math.nan, math.nan)


def table(head, rows):
    print("| " + " | ".join(head) + " |\n|" + " --- |" * len(head))
    for row in rows:
        print("| " + " | ".join(row) + " |")
    print()


def pm(x, digits=2, scale=1.0):
    return f"{scale * mean(x):.{digits}f} ± {scale * error(x):.{digits}f}"

"""FOLDER/kernel.png from what kernel.py has left in FOLDER/kernel.json: bias^2, variance and risk over steps, and who has the lower risk over
noise and perturbation. usage: python3 figure.py FOLDER"""
import json
import math
import sys
from pathlib import Path

from canvas import Canvas
from kernel import FACTORS, NOISE, NOISES, TARGETS

BLACK, GREY, LIGHT = (0.1, 0.1, 0.1), (0.46, 0.46, 0.46), (0.89, 0.89, 0.89)
GD, SAM = (0.0, 0.447, 0.698), (0.835, 0.369, 0.0)  # blue, vermilion, as basin draws them
LAST = 100
TITLES = {"smooth": "smooth: sin 2πx + ½ sin 6πx", "top": "top: u₁ + u₂", "low": "low: u₆ + u₇"}


def number(x):
    return f"{x:g}".replace("-", "−")


class Axes:
    def __init__(self, canvas, left, top, width, height, x, y):
        self.c, self.left, self.top, self.width, self.height, self.x, self.y = canvas, left, top, width, height, x, y

    def at(self, x, y):
        def share(v, ends):
            return (math.log(v) - math.log(ends[0])) / (math.log(ends[1]) - math.log(ends[0]))
        return self.left + self.width * share(x, self.x), self.top + self.height * (1 - share(y, self.y))

    def frame(self, xs, ys, numbers):
        for v in xs:
            px, _ = self.at(v, self.y[0])
            self.c.line([(px, self.top + self.height), (px, self.top + self.height + 3)], BLACK, 0.6)
            self.c.text(px, self.top + self.height + 12, number(v), 7.5, 0.5)
        for v in ys:
            _, py = self.at(self.x[0], v)
            self.c.line([(self.left, py), (self.left + self.width, py)], LIGHT, 0.5)
            self.c.line([(self.left - 3, py), (self.left, py)], BLACK, 0.6)
            if numbers:
                self.c.text(self.left - 5, py + 2.7, number(v), 7.5, 1.0)
        bottom = self.top + self.height
        self.c.line([(self.left, self.top), (self.left, bottom), (self.left + self.width, bottom)], BLACK, 0.6)


def curves(axes, report, target):
    bests = []
    axes.c.clip(axes.left, axes.top, axes.width, axes.height)
    for name, color, heavy in (("gd", GD, 3.0), ("sam", SAM, 1.3)):  # where both are equal, both are seen
        bias = [row[target] for row in report["curves"][name]["bias"]]
        variance = [NOISE * v for v in report["curves"][name]["variance"]]
        risk = [b + v for b, v in zip(bias, variance)]
        for values, width, dash in ((bias, 1.0, (4, 2)), (variance, 1.0, (1.2, 1.6)), (risk, heavy, ())):
            shown = [axes.at(k, max(v, 1e-12)) for k, v in zip(report["steps"], values) if 1 <= k <= LAST]
            axes.c.line(shown, color, width, dash)
        best = min(range(len(risk)), key=risk.__getitem__)
        bests.append((axes.at(report["steps"][best], risk[best]), color))
    axes.c.unclip()
    for (at, color), radius in zip(bests, (4.2, 2.6)):
        axes.c.dot(*at, radius, color)


def who_wins(c, report, target, left, top, cell_width, cell_height, labelled):
    """Rows by noise, columns by rho lambda_1: 100 (risk of SAM / risk of GD - 1), both at their best stopping time at one rate."""
    cells = {cell["factor"]: cell["best"] for cell in report["grid"] if cell["rate"] == 0.5}
    factors = [f for f in FACTORS if f > 0]
    for row, noise in enumerate(reversed(NOISES)):
        key, y = f"{target} {noise}", top + row * cell_height
        for column, factor in enumerate(factors):
            change = cells[factor][key][0] / cells[0.0][key][0] - 1
            share = min(1.0, abs(change) / 0.5) ** 0.5
            color = tuple(1 - share * (1 - v) for v in (SAM if change < 0 else GD))
            x = left + column * cell_width
            c.rectangle(x, y, cell_width, cell_height, color)
            text = number(round(100 * change)) if abs(change) >= 0.005 else "0"
            c.text(x + cell_width / 2, y + cell_height / 2 + 2.3, text, 6.5, 0.5, (1, 1, 1) if share > 0.75 else BLACK)
        if labelled:
            c.text(left - 4, y + cell_height / 2 + 2.5, number(noise), 7.5, 1.0)
    for column, factor in enumerate(factors):
        c.text(left + (column + 0.5) * cell_width, top + len(NOISES) * cell_height + 9, f"{factor:g}".replace("0.", "."), 6.5, 0.5)


def main():
    folder = Path(sys.argv[1])
    report = json.loads((folder / "kernel.json").read_text())
    width, left, gap, top, height = 486, 44, 14, 22, 118
    panel = (width - left - 2 * gap - 10) / 3
    c = Canvas(width, 342)
    for i, target in enumerate(TARGETS):
        axes = Axes(c, left + i * (panel + gap), top, panel, height, (1, LAST), (1e-3, 1))
        axes.frame((1, 3, 10, 30, 100), (0.001, 0.01, 0.1, 1), i == 0)
        curves(axes, report, i)
        c.text(axes.left, top - 9, TITLES[target], 8.5)
        c.text(axes.left + panel / 2, top + height + 23, "step k", 8, 0.5)
    c.text(12, top + height / 2, "mean square of the error", 8, 0.5, turned=True)
    legend = (("GD", GD, 3.0, ()), ("raw SAM", SAM, 1.3, ()), ("risk", GREY, 1.6, ()), ("bias²", GREY, 1.0, (4, 2)),
              ("variance", GREY, 1.0, (1.2, 1.6)))
    x, y = left, top + height + 36
    for words, color, line_width, dash in legend:
        c.line([(x, y - 2.5), (x + 20, y - 2.5)], color, line_width, dash)
        c.text(x + 24, y, words, 8)
        x += 34 + 5.2 * len(words)
    c.dot(x + 4, y - 2.5, 2.8, GREY)
    c.text(x + 11, y, "best stopping time", 8)
    below, cell = top + height + 66, 15.5
    c.text(left, below - 8, "risk of raw SAM less GD's, in % of it (orange: lower), each at its own best stopping time, η = 0.5/λ₁", 8)
    for i, target in enumerate(TARGETS):
        who_wins(c, report, target, left + i * (panel + gap), below, panel / (len(FACTORS) - 1), cell, i == 0)
        c.text(left + i * (panel + gap) + panel / 2, below + len(NOISES) * cell + 20, "ρλ₁", 8, 0.5)
    c.text(12, below + len(NOISES) * cell / 2, "noise σ²", 8, 0.5, turned=True)
    c.write(folder / "kernel.png")


if __name__ == "__main__":
    main()

"""Six figures of the gallery as matplotlib draws them: by its defaults, and by a script written with care.

usage: python3 docs/gallery/matplotlib_beside.py FIGURES OUT

FIGURES holds the gallery's PNG files (docs/gallery/figures); OUT/NAME.png shows the three side by side at one scale. Needs h5py,
matplotlib and PIL; the numbers are those of docs/gallery/results, read without basin.
"""

import io
import sys
from pathlib import Path

import h5py
import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from PIL import Image, ImageDraw, ImageFont

RESULTS = Path(__file__).parent / "results"
METHODS = {"gd": ("#0072B2", "o", "-"), "sam": ("#D55E00", "s", "--"), "msam": ("#009E73", "^", "-.")}
DPI = 160
CAREFUL = {
    "font.family": "DejaVu Sans",
    "font.size": 8,
    "axes.linewidth": 0.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 8,
    "xtick.direction": "out",
    "ytick.direction": "out",
    "xtick.major.width": 0.5,
    "ytick.major.width": 0.5,
    "xtick.major.size": 2.6,
    "ytick.major.size": 2.6,
    "legend.frameon": False,
    "legend.fontsize": 7.5,
    "lines.linewidth": 1.1,
    "lines.markersize": 3,
    "figure.constrained_layout.use": True,
}


def values(name, *fields):
    """The data sets `fields` of result `name`."""
    with h5py.File(RESULTS / f"{name}.h5") as h5:
        return [np.array(h5["result/" + field]) for field in fields]


def surface(name, k=0):
    """Coordinates across and up, and the loss [rows, columns] of surface k of a plane."""
    return values(name, "axes/0000/coordinates", "axes/0001/coordinates", f"surfaces/{k:04}/loss")


# ------------------------------------------------------------------------------------------------ what is drawn, twice each


def stem_default():
    for method in METHODS:
        plt.plot(values(f"spectrum_{method}", "eigenvalues")[0], label=method)
    plt.legend(), plt.xlabel("rank"), plt.ylabel("eigenvalue")


def stem_careful():
    axes = plt.gca()
    for method, (color, _, dash) in METHODS.items():
        eigenvalues = values(f"spectrum_{method}", "eigenvalues")[0]
        axes.plot(np.arange(1, len(eigenvalues) + 1), eigenvalues, dash, color=color, label=method.upper())
    axes.axhline(0, color="0.5", lw=0.4)
    axes.set_yscale("symlog", linthresh=1e-4)
    axes.set_xlabel("rank"), axes.set_ylabel("eigenvalue λ (linear within ±10⁻⁴)"), axes.legend()
    inset = axes.inset_axes([0.45, 0.62, 0.5, 0.33])
    for k, (method, (color, marker, _)) in enumerate(METHODS.items()):
        top = values(f"spectrum_{method}", "eigenvalues")[0][:10]
        inset.plot(np.arange(1, 11) + 0.2 * (k - 1), top, marker, color=color)
    inset.set_title("the largest")


def density_fields(method):
    names = ("at", "positive", "positive_lower", "positive_upper", "negative", "negative_lower", "negative_upper")
    return values(f"density_{method}", *("density/logarithmic/" + name for name in names))


def density_default():
    at, positive, low, high, negative, _, _ = density_fields("gd")
    plt.plot(at, positive, label="positive"), plt.plot(-at, negative, label="negative")
    plt.fill_between(at, low, high, alpha=0.3)
    plt.legend(), plt.xlabel("eigenvalue"), plt.ylabel("density")


def density_careful():
    above, below = plt.gcf().subplots(2, 1, sharex=True, height_ratios=(1.4, 1))
    at, positive, low, high, negative, negative_low, negative_high = density_fields("gd")
    seen = at > 1e-3
    for x, y, y0, y1, color in ((at, positive, low, high, "#0072B2"), (-at, negative, negative_low, negative_high, "#D55E00")):
        above.plot(x[seen], y[seen], color=color, label="positive" if color == "#0072B2" else "negative")
        above.fill_between(x[seen], y0[seen], y1[seen], color=color, alpha=0.28, lw=0)
    above.set_ylim(0, 2 * max(positive[seen].max(), negative[seen].max())), above.legend(), above.set_ylabel("share per decade")
    where, share, lower, upper = values("density_gd", *("density/cumulative/" + n for n in ("at", "share", "lower", "upper")))
    below.plot(where, share, color="#0072B2"), below.fill_between(where, lower, upper, color="#0072B2", alpha=0.28, lw=0)
    below.set_xscale("symlog", linthresh=1e-3), below.set_xticks([-0.1, -0.001, 0.001, 0.1], ["−0.1", "−0.001", "0.001", "0.1"])
    below.set_xlim(-16, 20)
    below.set_ylim(0, 1), below.set_xlabel("eigenvalue λ (linear within ±0.001)"), below.set_ylabel("share below λ")


def lines_default():
    fig, (loss, accuracy) = plt.gcf(), plt.gcf().subplots(2, 1)
    for method in METHODS:
        (x,) = values(f"line_momentum_{method}", "axes/0000/coordinates")
        for k, split in enumerate(("train", "test")):
            y, a = values(f"line_momentum_{method}", f"surfaces/{k:04}/loss", f"surfaces/{k:04}/accuracy")
            loss.plot(x, y[0], label=f"{method} {split}"), accuracy.plot(x, a[0])
    loss.legend(), loss.set_ylabel("loss"), accuracy.set_ylabel("accuracy"), accuracy.set_xlabel("distance")


def lines_careful():
    loss, accuracy = plt.gcf().subplots(2, 1, sharex=True, height_ratios=(2, 1))
    for method, (color, marker, _) in METHODS.items():
        (x,) = values(f"line_momentum_{method}", "axes/0000/coordinates")
        for k, dash in enumerate(("-", "--")):
            y, a = values(f"line_momentum_{method}", f"surfaces/{k:04}/loss", f"surfaces/{k:04}/accuracy")
            loss.plot(x, y[0], dash, color=color, marker=marker, markevery=8, label=method.upper() if k == 0 else None)
            accuracy.plot(x, 100 * a[0], dash, color=color, marker=marker, markevery=8)
    loss.plot([], [], "-", color="0.4", label="train"), loss.plot([], [], "--", color="0.4", label="test")
    for axes in (loss, accuracy):
        axes.axvline(0, color="0.5", lw=0.4), axes.grid(axis="y", color="0.91", lw=0.4)
    loss.legend(ncol=2), loss.set_ylabel("loss"), accuracy.set_ylabel("accuracy / %")
    accuracy.set_xlabel("distance along momentum, ‖d‖ = 1")


def contour_methods_default():
    for k, method in enumerate(METHODS):
        x, y, z = surface(f"plane_{method}")
        plt.subplot(1, 3, k + 1), plt.contour(x, y, z), plt.colorbar(), plt.title(method)


def contour_methods_careful():
    panels = plt.gcf().subplots(1, 3, sharex=True, sharey=True)
    levels = [0.5, 1, 1.5, 2, 3, 5, 7, 10, 15, 20]
    for axes, method in zip(panels, METHODS):
        x, y, z = surface(f"plane_{method}")
        lines = axes.contour(x, y, z, levels, cmap="viridis", norm=matplotlib.colors.LogNorm(0.2, 30), linewidths=0.9)
        axes.clabel(lines, fontsize=6.5, fmt="%g")
        axes.plot(0, 0, "k+", ms=5), axes.set_title(method.upper()), axes.set_aspect("equal")
        axes.set_xlabel("random:1, ‖d‖ = 14.3")
        for side in axes.spines.values():
            side.set_visible(True)
    panels[0].set_ylabel("random:2, ‖d‖ = 14.3")


def run_paths():
    for k, method in enumerate(METHODS):
        yield method, *values("paths", *(f"paths/{k:04}/points/{n}" for n in ("across", "up", "loss", "projected", "distance", "step")))


def paths_default():
    x, y, z = surface("paths")
    plt.contourf(x, y, z), plt.colorbar()
    for method, across, up, *_ in run_paths():
        plt.plot(across, up, "o-", label=method)
    plt.legend()


def paths_careful():
    plane, loss, away = plt.gcf().subplots(1, 3)
    x, y, z = surface("paths")
    lines = plane.contour(x, y, z, [0.2, 0.5, 0.7, 1, 1.5, 2, 3, 5], cmap="viridis", norm=matplotlib.colors.LogNorm(), linewidths=0.9)
    plane.clabel(lines, fontsize=6.5, fmt="%g")
    for method, across, up, own, projected, distance, step in run_paths():
        color, marker, dash = METHODS[method]
        plane.plot(across, up, dash, color=color, marker=marker, label=method.upper())
        loss.plot(step, own, "-", color=color, marker=marker), loss.plot(step, projected, ":", color=color)
        away.plot(step, distance, dash, color=color, marker=marker)
    plane.set_aspect("equal"), plane.legend(), plane.set_xlabel("principal axis 1 (86.2 %)"), plane.set_ylabel("principal axis 2 (6.31 %)")
    loss.set_yscale("log"), loss.set_ylabel("loss"), away.set_ylabel("distance from the plane")
    loss.set_xlabel("step"), away.set_xlabel("step")


MEASURES = ("train_loss", "test_accuracy", "clean_gap", "lambda_max", "sane", "sharpness_sam", "rise_top", "rise_random")


def of_methods(measure):
    """For each method the seeds' raw values, and their mean with its interval."""
    value, method, point, step = values("compare", f"rows/measures/{measure}/value", "rows/method", "rows/point", "rows/step")
    estimates = values("compare", *("estimates/" + n for n in ("measure", "group", "point", "mean", "lower", "upper")))
    for k, name in enumerate(METHODS):
        mine = value[(method == name.encode()) & (point == b"raw") & (step > 0) & np.isfinite(value)]
        at = (estimates[0] == measure.encode()) & (estimates[1] == name.encode()) & (estimates[2] == b"raw")
        yield k, name, mine, *(column[at][0] for column in estimates[3:])


def methods_default():
    for i, measure in enumerate(MEASURES):
        plt.subplot(2, 4, i + 1), plt.boxplot([mine for _, _, mine, *_ in of_methods(measure)])
        plt.xticks((1, 2, 3), list(METHODS)), plt.title(measure)


def methods_careful():
    for axes, measure in zip(plt.gcf().subplots(2, 4).flat, MEASURES):
        for k, name, mine, mean, lower, upper in of_methods(measure):
            color, marker, _ = METHODS[name]
            axes.plot(np.full(len(mine), k - 0.15), mine, ".", color=color, ms=3)
            axes.errorbar(k + 0.15, mean, [[mean - lower], [upper - mean]], fmt=marker, color=color, capsize=2, lw=1)
        axes.set_xticks(range(3), [m.upper() for m in METHODS]), axes.set_title(measure.replace("_", " "))
        axes.grid(axis="y", color="0.91", lw=0.4)


FIGURES = {  # name: width and height of basin's, inches
    "stem": (6.75, 2.9),
    "density": (3.25, 3.4),
    "lines": (3.25, 3.1),
    "contour_methods": (6.75, 2.5),
    "paths": (6.75, 2.4),
    "methods": (6.75, 4.4),
}


def drawn(name, kind, size):
    """The figure as a picture, by matplotlib."""
    with matplotlib.rc_context({} if kind == "default" else CAREFUL):
        plt.figure(figsize=None if kind == "default" else size)
        globals()[f"{name}_{kind}"]()
        out = io.BytesIO()
        plt.savefig(out, dpi=DPI)
        plt.close()
    return Image.open(out).convert("RGB")


def side_by_side(pictures, stacked):
    """Named pictures under each other or beside each other on white."""
    gap, head = 24, 30
    font = ImageFont.truetype(matplotlib.get_data_path() + "/fonts/ttf/DejaVuSans-Bold.ttf", 20)
    width = max(p.width for _, p in pictures) if stacked else sum(p.width + gap for _, p in pictures) - gap
    height = sum(p.height + head + gap for _, p in pictures) if stacked else max(p.height for _, p in pictures) + head
    sheet = Image.new("RGB", (width, height), "white")
    x = y = 0
    for title, picture in pictures:
        ImageDraw.Draw(sheet).text((x, y + 2), title, "#555", font)
        sheet.paste(picture, (x, y + head))
        x, y = (x, y + picture.height + head + gap) if stacked else (x + picture.width + gap, y)
    return sheet


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    figures, out = Path(sys.argv[1]), Path(sys.argv[2])
    out.mkdir(parents=True, exist_ok=True)
    for name, size in FIGURES.items():
        basin = Image.open(figures / f"{name}.png").convert("RGB")
        pictures = [("basin", basin)]
        pictures += [(f"matplotlib, {word}", drawn(name, kind, size)) for kind, word in (("careful", "with care"), ("default", "defaults"))]
        side_by_side(pictures, stacked=size[0] > 4).save(out / f"{name}.png")


main()

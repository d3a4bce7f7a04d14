"""Figures of stored results, drawn by the command `basin plot`."""
from __future__ import annotations

import base64
import html
import subprocess
import tempfile
from pathlib import Path
from typing import Any, List, Sequence

from . import command
from .error import Error, first_line


def _arguments(options: Any) -> List[str]:
    """y_label="x" is --y-label x, points=True is --points, and a list is the option again for each."""
    found: List[str] = []
    for name, value in options.items():
        option = "--" + name.replace("_", "-")
        for one in value if isinstance(value, (list, tuple)) else [value]:
            if one is None or one is False:
                continue
            found += [option] if one is True else [option, str(one)]
    return found


def image(svg: str) -> str:
    return f'<img alt="figure" src="data:image/svg+xml;base64,{base64.b64encode(svg.encode()).decode()}">'


class Figure:
    """One figure of one or several results: shows itself in notebooks, `save(path)` writes it as PDF, SVG or PNG."""

    def __init__(self, paths: Sequence[Any], **options: Any):
        self._paths = [str(path) for path in paths]
        self._options = _arguments(options)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "figure.svg"
            self.caption = self._draw(path)
            self.svg = path.read_text(encoding="utf-8")

    def _draw(self, path: Any) -> str:
        """Writes the file; returns the caption."""
        binary = command.find()
        if binary is None:
            raise Error("no command basin, which draws: put it on the PATH, or name it in BASIN")
        arguments = [binary, "plot", *self._paths, "-o", str(path), "--caption", *self._options]
        try:
            run = subprocess.run(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, universal_newlines=True, encoding="utf-8", check=False)
        except OSError as error:
            raise Error(f"{binary}: cannot be run: {first_line(error)}") from error
        if run.returncode != 0:
            complaint = run.stderr.strip().splitlines() or [f"exit status {run.returncode}"]
            raise Error(complaint[-1][len("basin: "):] if complaint[-1].startswith("basin: ") else complaint[-1])
        return run.stdout.strip()

    def save(self, path: Any) -> Path:
        """By the ending of its name: .pdf, .svg or .png."""
        self._draw(path)
        return Path(path)

    def _repr_svg_(self) -> str:
        return self.svg

    def _repr_html_(self) -> str:
        """As an image of its own: letters of an SVG inside the page would be taken from the first SVG that stands there."""
        return f'<figure>{image(self.svg)}<figcaption>{html.escape(self.caption)}</figcaption></figure>'

    def __repr__(self) -> str:
        return f"<basin figure of {', '.join(self._paths)}: {self.caption}>"


def plot(results: Sequence[Any], kind: Any = None, **options: Any) -> Figure:
    """Several results of one kind in one figure, by the options of `basin plot`: `basin.plot([gd, sam], label=["GD", "SAM"], width=6.75)`."""
    return Figure([getattr(result, "path", result) for result in results], kind=kind, **options)

"""What became of each file of a folder, as a list to read: what holds of several files of a folder is said once."""
from __future__ import annotations

from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Collection, List, Optional

from .error import printable


@dataclass
class Entry:
    """One file of the folder: what became of it."""

    source: Path
    path: Optional[Path] = None
    method: Optional[str] = None
    step: Optional[int] = None
    epoch: Optional[float] = None
    numbered: Optional[str] = None  # how the step was found
    momentum: bool = False
    notes: List[str] = field(default_factory=list)
    warnings: List[str] = field(default_factory=list)
    error: Optional[str] = None

    @property
    def place(self) -> str:
        """Where in its training it was saved."""
        if self.step is not None:
            return f"step {self.step}"
        return "no step" if self.epoch is None else f"epoch {self.epoch:g}, no step"

    def line(self, known: Collection[str] = ()) -> str:
        """Without the notes that are said elsewhere; each warning is a line of its own."""
        source = printable(str(self.source))
        if self.error is not None:
            return f"{source}: {self.error}"
        parts = [
            f"{source} -> {printable(str(self.path))}", self.method or "method unknown", self.place,
            "momentum" if self.momentum else "no momentum"
        ]
        text = ", ".join(parts) + "".join(f"; {printable(note)}" for note in self.notes if note not in known)
        return "\n".join([text, *self.warning_lines()])

    def warning_lines(self) -> List[str]:
        return [f"{printable(str(self.source))}: warning: {printable(warning)}" for warning in self.warnings]

    def __str__(self) -> str:
        return self.line()


@dataclass
class Conversion:
    """All files, folder by folder in the order of their steps."""

    entries: List[Entry]

    @property
    def written(self) -> List[Path]:
        return [e.path for e in self.entries if e.error is None]

    @property
    def failed(self) -> List[Entry]:
        return [e for e in self.entries if e.error is not None]

    def listing(self) -> str:
        """Of the files that were converted."""
        return "\n".join(line for folder, entries in groupby((e for e in self.entries if e.error is None), lambda e: e.source.parent)
                         for line in _folder(folder, list(entries)))

    def __str__(self) -> str:
        return "\n".join(part for part in (self.listing(), *map(str, self.failed)) if part)


def _folder(folder: Path, entries: List[Entry]) -> List[str]:
    count = {note: sum(note in e.notes for e in entries) for e in entries for note in e.notes}
    shared = [note for note, files in count.items() if files > 1]
    said = [printable(f"{folder}: {count[note]} files: {note}") for note in shared]
    return [e.line(shared) for e in entries] + said

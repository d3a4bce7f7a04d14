"""What became of each file of a folder, as a list to read: what holds of several files of a folder is said once."""
from __future__ import annotations

from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Collection, List, Optional


@dataclass
class Entry:
    """One file of the folder: what became of it."""

    source: Path
    path: Optional[Path] = None
    method: Optional[str] = None
    step: Optional[int] = None
    momentum: bool = False
    notes: List[str] = field(default_factory=list)
    warning: Optional[str] = None
    error: Optional[str] = None

    def line(self, known: Collection[str] = ()) -> str:
        """Without the notes that are said elsewhere; the warning is a line of its own."""
        if self.error is not None:
            return f"{self.source}: {self.error}"
        parts = [f"{self.source} -> {self.path}", self.method or "method unknown", "no step" if self.step is None else f"step {self.step}",
                 "momentum" if self.momentum else "no momentum"]
        text = ", ".join(parts) + "".join(f"; {note}" for note in self.notes if note not in known)
        return text if self.warning is None else f"{text}\n{self.source}: warning: {self.warning}"

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
    return [e.line(shared) for e in entries] + [f"{folder}: {count[note]} files: {note}" for note in shared]

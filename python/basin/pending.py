"""Checkpoints that are written and not yet there: basin is asked about several at once, in one process that reads their data once."""
from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Dict, List, Optional, Sequence

from . import command
from .error import Error


@dataclass
class Pending:
    """A whole file under a temporary name. expected: torch's loss of each split, to be held against basin's; as_stored: these are at the
    weights as stored."""

    path: Path
    part: Path
    expected: Dict[str, float] = field(default_factory=dict)
    as_stored: bool = False
    held: ExitStack = field(default_factory=ExitStack)  # gives the file its name when it is closed, or removes it

    def put(self) -> None:
        self.held.close()

    def drop(self, error: BaseException) -> None:
        self.held.__exit__(type(error), error, None)


def deliver(files: Sequence[Pending]) -> List[Optional[Error]]:
    """Those from which basin computes the same losses as torch take their place, the others vanish: why, of each."""
    wrong = command.differences(files)
    for i, file in enumerate(files):
        try:
            file.put() if wrong[i] is None else file.drop(wrong[i])
        except Error as error:
            wrong[i] = error
    return wrong

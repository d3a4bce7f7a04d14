"""Which step each file of a folder was saved at: what is known, and what is not.

One thing numbers a folder: the optimizer's own count (of Adam and its like), else the step that the files or their names say, else
epochs times batches in an epoch, where the batch size is known. Counts that are saved after the work they count from 0 are one too
small: a file of step or epoch 0 whose optimizer has stepped shows it. A file of step or epoch 0 that does not tell whether anything was
stepped is not known to be the start. What only orders files (epochs, numbers in names) is no step.
"""
from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, List, Mapping, Optional, Sequence, Tuple

from .error import Error
from .stored import is_tensor, values

MOVED = ("step", "momentum_buffer", "exp_avg")  # by an optimizer's first step


@dataclass
class Counts:
    """What one file says of where it was saved; None: nothing."""

    optimizer: Optional[int] = None
    step: Optional[int] = None
    epoch: Optional[float] = None
    stepped: Optional[bool] = None  # whether its optimizer has made a step


def in_name(path: Path, words: str) -> Optional[int]:
    """The number after one of the words in a file's name: epoch_12, step=80."""
    found = re.search(rf"(?:^|[^a-z])(?:{words})[_=-]?(\d{{1,15}})(?!\d)", path.stem.lower())
    return int(found.group(1)) if found is not None else None


def has_stepped(optimizer: Optional[Mapping[str, Any]]) -> Optional[bool]:
    """Of a saved optimizer: state is made by the first step, or stands there as zeros before it. Plain SGD never has any, and does not
    tell."""
    if optimizer is None:
        return None
    if optimizer["state"]:
        return not _is_new(optimizer["state"])
    stateless = any(not group.get("momentum") and "betas" not in group for group in optimizer["param_groups"])
    return None if stateless else False


def _is_new(state: Mapping[Any, Any]) -> bool:
    """Whether all that a first step would have moved is 0: counts, and gradients accumulated. A state of nothing of the kind is not new."""
    moved = [(key, value) for held in state.values() if isinstance(held, Mapping) for key, value in held.items() if key in MOVED and value is not None]
    return bool(moved) and not any(_is_moved(value, key) for key, value in moved)


def _is_moved(value: Any, key: str) -> bool:
    """A tensor that cannot be read, which is said when it is needed, is not known to be 0."""
    try:
        return bool((values(value, key) != 0).any()) if is_tensor(value) else bool(value)
    except Error:
        return True


def batches(rows: Optional[int], sizes: Sequence[Optional[float]]) -> Optional[int]:
    """In an epoch, where all files have one batch size; 0 is the full batch."""
    known = set(sizes)
    size = known.pop() if len(known) == 1 else None
    if size is None or rows is None or size < 0:
        return None
    return 1 if size == 0 else -(-rows // int(size))


def number(files: Sequence[Counts], of_epoch: Optional[int]) -> Tuple[List[Optional[int]], Optional[str]]:
    """The step of each file, and what to say of how it was found."""
    if any(f.optimizer is not None for f in files):
        return [0 if f.optimizer is None and f.stepped is False else f.optimizer for f in files], None
    if any(f.step is not None for f in files):
        first = _first([f for f in files if f.step == 0])
        said = "steps are counted from 0: one more is recorded" if first == 1 else None
        return [None if f.step is None or (f.step == 0 and first is None) else f.step + (first or 0) for f in files], said
    if of_epoch is None or all(f.epoch is None for f in files):
        return [None for _ in files], None
    first = _first([f for f in files if f.epoch == 0])
    if first is None:
        return [None for _ in files], "epoch 0 does not tell whether it is the start: steps stay unknown"
    counted = "counted from 0" if first else "done"
    return ([None if f.epoch is None else round((f.epoch + first) * of_epoch) for f in files],
            f"steps are epochs ({counted}) times {of_epoch} batch{'es' if of_epoch > 1 else ''}")


def _first(zeros: Sequence[Counts]) -> Optional[int]:
    """What is to be added to counts, by those that are 0; None if these do not tell."""
    if any(f.stepped for f in zeros):
        return 1
    return None if any(f.stepped is None for f in zeros) else 0

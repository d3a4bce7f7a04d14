"""What is in a saved file, as a list to read: names, shapes and types of tensors, plain values, and the
classes of what is neither."""
from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import Any, Iterator, List, Mapping, Set

import torch

from .error import printable
from .folders import as_source, read_content
from .stored import Stored, is_tensor
from .unpickle import Inert, Named, fields

DEEPEST, MOST, LONGEST = 6, 200, 60  # levels, entries of one level, characters of a value
LONGEST_LISTING = 20_000  # lines: what a file shares among its entries would be listed again and again


def contents(path: Any) -> List[str]:
    """The lines for a file of torch.save or safetensors, or for a folder that is one checkpoint. Nothing that
    it names is run."""
    found = read_content(as_source(Path(path)), False)
    lines = list(islice(_lines(found, 0, set()), LONGEST_LISTING + 1))
    return [printable(line) for line in lines[:LONGEST_LISTING]] + ["…"] * (len(lines) > LONGEST_LISTING)


def _lines(value: Any, level: int, above: Set[int]) -> Iterator[str]:
    """Of the entries; `above` are those that the value lies in, so that a value in itself ends."""
    inside = _entries(value)
    if id(value) in above or level >= DEEPEST:
        yield "  " * level + "…"
        return
    for key, item in list(inside.items())[:MOST]:
        yield f"{'  ' * level}{_short(key)}: {_described(item)}"
        if _entries(item) and not is_tensor(item):
            yield from _lines(item, level + 1, above | {id(value)})
    if len(inside) > MOST:
        yield f"{'  ' * level}… {len(inside) - MOST} more"


def _entries(value: Any) -> Mapping[Any, Any]:
    if (isinstance(value, (list, tuple))
            and any(isinstance(item, (Mapping, list, Inert)) or is_tensor(item) for item in value[:MOST])):
        return dict(enumerate(value))
    return fields(value) or {}


def _described(value: Any) -> str:
    if isinstance(value, Stored):
        problem = f", {value.problem}" if value.problem else ""
        return f"{value.type or 'tensor'} {list(value.shape)}{problem}"
    if isinstance(value, torch.Tensor):
        return f"{str(value.dtype)[len('torch.'):]} {list(value.shape)}"
    if isinstance(value, (Inert, Named)):
        return f"{value}, not looked into" if not _entries(value) else str(value)
    if isinstance(value, (Mapping, list, tuple, set, frozenset)) and (_entries(value) or len(value) > 8):
        return f"{len(value)} entries"
    return _short(value)


def _short(value: Any) -> str:
    """A plain value, cut where it is long; one that holds others is short, but they may be deep."""
    if isinstance(value, (tuple, list, set, frozenset, dict)):
        deeper = (tuple, list, set, frozenset, dict)
        inside = ("…" if isinstance(item, deeper) else _short(item) for item in value)
        return f"({', '.join(inside)})"
    if isinstance(value, (Inert, Named)):
        return str(value)
    value = value[:LONGEST + 1] if isinstance(value, (str, bytes)) else value
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= LONGEST else text[:LONGEST] + "…"

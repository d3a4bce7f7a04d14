"""Whose tensor is which: the names of a state dict against those of the model.

Training code puts the network into something (Lightning's module, a wrapper that returns the logits alone),
so that one side has a prefix that the other lacks. The prefix is searched: one part in front of the file's
names, or of the model's, by which every tensor that the graph reads is there. Two that fit are refused: raw
and averaged weights may lie side by side.

What else is in the state dict is named. Tensors among those of the network that the network does not have
make another network of it.
"""
from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Dict, Iterable, List, Mapping, Optional, Set, Tuple

import torch

from .error import Error
from .names import compiled_free
from .stored import Stored, Tensor, is_tensor, values

# Buffers of losses and counters of profilers (thop), which are no tensors of the network
CRITERIA = ("criterion", "criterions", "criteria", "crit", "loss", "losses", "loss_fn", "loss_func",
            "loss_function", "loss_fct")
COUNTERS = ("total_ops", "total_params", "n_averaged", "num_batches_tracked")
SHOWN = 3  # names in one message


@dataclass
class Expected:
    """Of a model: shapes of its state dict, the tensors that its graph reads, and the first name of every
    shared one."""

    kind: str
    shapes: Dict[str, List[int]]
    needed: List[str]
    first: Mapping[str, str]

    def names(self, name: str) -> List[str]:
        """All names of a tensor."""
        return [name] + [other for other, first in self.first.items() if first == name and other != name]


@dataclass
class Matched:
    """The tensors by the model's names, and what is to be said of them."""

    tensors: Dict[str, Tensor]
    notes: List[str] = field(default_factory=list)
    warning: Optional[str] = None
    averaged: bool = False


def tensors_of(state: Mapping[Any, Any]) -> Dict[str, Tensor]:
    """The tensors of a state dict, without what wrappers of submodules put into their names."""
    found: Dict[str, Tensor] = {}
    for name, value in state.items():
        if not is_tensor(value):
            continue
        plain = compiled_free(name)
        if plain in found:
            raise Error(f"{name} and another tensor are both {plain} of the bare module")
        found[plain] = value
    flat = next((name for name in found if name.rpartition(".")[2] in ("_flat_param", "flat_param")), None)
    if flat is not None:
        raise Error(f"{flat} is a flat parameter of FullyShardedDataParallel: save a full state dict "
                    "(StateDictType.FULL_STATE_DICT)")
    return found


Prefixes = Tuple[str, str]  # what the model's names have in front, and the file's instead


def _candidates(names: Iterable[str], expected: Expected) -> Iterable[Prefixes]:
    """Prefixes by which one tensor of the graph is there; none at all comes first."""
    yield "", ""
    seen: Set[Prefixes] = {("", "")}
    probe = max(expected.needed, key=lambda name: (name.count("."), len(name)))
    parts = probe.split(".")
    for cut in range(len(parts)):
        strip = "".join(part + "." for part in parts[:cut])
        if not all(name.startswith(strip) for name in expected.needed):
            break
        for own in expected.names(probe):
            rest = own[len(strip):] if own.startswith(strip) else own
            for name in names:
                pair = strip, name[:len(name) - len(rest)] if name.endswith("." + rest) else ""
                if pair not in seen and (pair[1] or name == rest):
                    seen.add(pair)
                    yield pair


def _renamed(name: str, prefixes: Prefixes) -> str:
    strip, add = prefixes
    return add + name[len(strip):] if name.startswith(strip) else name


def _missing(tensors: Mapping[str, Tensor], expected: Expected, prefixes: Prefixes) -> List[str]:
    return [name for name in expected.needed
            if not any(_renamed(other, prefixes) in tensors for other in expected.names(name))]


def _right_shapes(tensors: Mapping[str, Tensor], expected: Expected, prefixes: Prefixes) -> bool:
    found = ((name, tensors.get(_renamed(name, prefixes))) for name in expected.needed)
    return all(value is None or list(value.shape) == expected.shapes[name] for name, value in found)


def fits(tensors: Mapping[str, Tensor], expected: Expected) -> Optional[Prefixes]:
    """The prefixes by which every tensor of the graph is there; None if there are none."""
    fitting = [pair for pair in _candidates(tensors, expected) if not _missing(tensors, expected, pair)]
    if len(fitting) > 1 and ("", "") in fitting:
        return "", ""
    shaped = [pair for pair in fitting if _right_shapes(tensors, expected, pair)] or fitting
    shortest = [pair for pair in shaped if len(pair[0]) == min(len(other[0]) for other in shaped)]
    if len(shortest) > 1:
        named = " and ".join(f"«{add[:-1]}»" for _, add in shortest[:SHOWN])
        raise Error(f"weights of {expected.kind} are there {len(shortest)} times, under {named}: say which "
                    "by model_key= (the key, a dot and this prefix)")
    return shortest[0] if shortest else None


def _is_float(value: Tensor) -> bool:
    if isinstance(value, Stored):
        return value.type is None or "float" in value.type
    return value.is_floating_point()


def _some(names: List[str]) -> str:
    return ", ".join(names[:SHOWN]) + (f" and {len(names) - SHOWN} more" if len(names) > SHOWN else "")


def _rest(names: List[str], tensors: Mapping[str, Tensor], prefixes: Prefixes, found: Matched,
          expected: Expected) -> None:
    """What the network does not have."""
    add = prefixes[1]
    other = [
        name for name in names if name.rpartition(".")[2] in COUNTERS or name.partition(".")[0] in CRITERIA
        or not _is_float(tensors[name])
    ]
    within = [name for name in names if name not in other and name.startswith(add)]
    outside = [name for name in names if name not in other and not name.startswith(add)]
    if within:
        such = f" ({len(within)} such)" if len(within) > 1 else ""
        raise Error(f"{within[0]} in the state dict is nothing of {expected.kind}{such}: the weights of "
                    "another model?")
    if other:
        found.notes.append(f"not of the network: {_some(other)}")
    if outside:
        found.warning = f"left out, outside of «{add[:-1]}»: {_some(outside)}; is the model whole without it?"


def _say(prefixes: Prefixes, found: Matched) -> None:
    strip, add = prefixes
    if add:
        found.notes.append(f"names in the file begin with «{add[:-1]}»")
    if strip:
        found.notes.append(f"names in the file lack «{strip[:-1]}»")


def match_tensors(state: Mapping[Any, Any], expected: Expected) -> Matched:
    """The tensors of a state dict by the model's names. Those of the graph must all be there, in their
    shapes."""
    tensors = tensors_of(state)
    prefixes = fits(tensors, expected)
    if prefixes is None:
        missing = min((_missing(tensors, expected, pair) for pair in _candidates(tensors, expected)), key=len)
        all_missing = f" ({len(missing)} missing)" if len(missing) > 1 else ""
        raise Error(f"no {missing[0]} of {expected.kind} in the state dict{all_missing}, which has "
                    f"{', '.join(list(tensors)[:12])}")
    named = {_renamed(name, prefixes): name for name in expected.shapes}
    found = Matched({})
    _say(prefixes, found)
    _rest([name for name in tensors if name not in named], tensors, prefixes, found, expected)
    for name, own in named.items():
        if name in tensors:
            _put(found.tensors, own, tensors[name], expected)
    found.averaged = "n_averaged" in tensors
    return found


def _put(found: Dict[str, Tensor], name: str, value: Tensor, expected: Expected) -> None:
    """A shared tensor has one value under all its names."""
    if list(value.shape) != expected.shapes[name]:
        raise Error(f"{name} has shape {list(value.shape)}, {expected.kind}'s {expected.shapes[name]}")
    to = expected.first.get(name, name)
    if to in found and not torch.equal(values(found[to], to), values(value, name)):
        raise Error(f"{name} is shared with {to} in {expected.kind}, but has other values in the file")
    found[to] = found[name] = value

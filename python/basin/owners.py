"""Whose is which state of a saved optimizer?

In a saved state dict integer ids number the tensors param group by param group. They follow model.parameters() only where one group holds
all; the usual split into decay and no-decay groups would hand layers of equal shape each other's momentum without a sound. So: names stored
in the file (param_names, or names as ids) first, then an order that the caller gives, then the one full
group, then the groups that Hugging Face's Trainer is known to make, then shapes where they leave one match
only; otherwise the momentum is left out, and the listing says so.
"""
from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Callable, Dict, List, Mapping, Optional, Sequence, Tuple, Union

from torch import nn

from .checkpoint import Writer
from .error import Error
from .names import match, parameter_names
from .optim import Snapshot, kind_of
from .stored import is_tensor

# What Hugging Face's Trainer does not decay, besides biases and LayerNorm, by name
NO_DECAY = re.compile(r"layernorm|rmsnorm|(?:^|\.)norm(?:$|\.)|_norm(?:$|\.)")

Order = Union[Sequence[str], Sequence[Sequence[str]], Callable[[nn.Module], Any], None]


@dataclass
class Ordered:
    """What the caller says of the order: names, and how many are in each group, if that was said."""

    names: List[str]
    sizes: Optional[List[int]]


def read_order(order: Order, model: nn.Module) -> Optional[Ordered]:
    """Names as given, flat or group by group, or from the groups or the optimizer that a function makes of the model."""
    if order is None:
        return None
    if callable(order):
        made, names = order(model), parameter_names(model)
        groups = [list(group["params"]) if isinstance(group, Mapping) else group for group in getattr(made, "param_groups", made)]
        groups = groups if all(isinstance(group, list) for group in groups) else [groups]
        if any(id(p) not in names for group in groups for p in group):
            raise Error("order: the function's parameter groups hold tensors that are not parameters of the model")
        return Ordered([names[id(p)] for group in groups for p in group], [len(group) for group in groups])
    known = set(parameter_names(model).values())
    names = [match(name, known) for group in order for name in ([group] if isinstance(group, str) else group)]
    unknown = [name for name in names if name not in known]
    if unknown:
        raise Error(f"order: {unknown[0]} is no parameter of {type(model).__name__}")
    return Ordered(names, None if any(isinstance(group, str) for group in order) else [len(group) for group in order])


def _in_order(order: Ordered, sizes: List[int], whole: List[str]) -> Optional[List[str]]:
    """The order, if it is that of groups of these sizes; None where it was said of other files of the folder and this one needs none."""
    if order.sizes == sizes or (order.sizes is None and order.names == whole):
        return order.names
    one_group = sizes == [len(whole)]
    if order.sizes is None and one_group and len(order.names) == len(whole):
        raise Error("order is a flat list in another order than the model's, but the file has one group with all tensors: give the names group "
                    "by group")
    if one_group:
        return None
    if len(order.names) != sum(sizes):
        raise Error(f"order names {len(order.names)} tensors, the optimizer has {sum(sizes)}: an optimizer of another model?")
    if order.sizes is not None:
        raise Error(f"order has groups of {', '.join(map(str, order.sizes))} tensors, the optimizer of {', '.join(map(str, sizes))}")
    return order.names


def _state_shapes(optimizer: Mapping[str, Any], ids: Sequence[Any]) -> Dict[Any, Tuple[int, ...]]:
    """Of the ids that have a state: what was never stepped has none."""
    found = {}
    for i in ids:
        state = optimizer["state"].get(i, {})
        values = state.values() if isinstance(state, Mapping) else ()
        tensors = [v for v in values if is_tensor(v) and v.dim() > 0]
        if tensors:
            found[i] = tuple(tensors[0].shape)
    return found


def _by_shapes(optimizer: Mapping[str, Any], ids: Sequence[Any], writer: Writer) -> Optional[List[str]]:
    """Names of the ids where the shapes of their states leave no choice."""
    owners: Dict[Tuple[int, ...], List[str]] = {}
    for name, p in zip(parameter_names(writer.model).values(), writer.model.parameters()):
        owners.setdefault(tuple(p.shape), []).append(name)
    shapes = _state_shapes(optimizer, ids)
    for i, shape in shapes.items():
        if shape not in owners:
            raise Error(f"the optimizer's tensor {i} has shape {list(shape)}, which no parameter of {type(writer.model).__name__} has: "
                        "an optimizer of another model?")
    if any(len(owners[shape]) > 1 for shape in shapes.values()) or len(set(shapes.values())) < len(shapes):
        return None
    return [owners[shapes[i]][0] if i in shapes else _unnamed(i) for i in ids]


def _unnamed(i: Any) -> str:
    """For an id whose tensor is not known: no parameter's name has a blank."""
    return f"tensor {i}"


def _fit(names: Sequence[str], ids: Sequence[Any], shapes: Mapping[Any, Tuple[int, ...]],
         writer: Writer) -> bool:
    """Do the states have the shapes of these parameters?"""
    own = {name: tuple(p.shape) for name, p in zip(writer.orders[0], writer.model.parameters())}
    return all(own[name] == shapes[i] for name, i in zip(names, ids) if i in shapes)


def _trainer_splits(writer: Writer) -> List[List[List[str]]]:
    """The two groups of Hugging Face's Trainer, as its versions make them: with weight decay everything but
    biases and norms, each in the model's order."""
    layers = [module for module in writer.model.modules() if isinstance(module, nn.LayerNorm)]
    inside = {id(p) for layer in layers for p in layer.parameters()}
    norms = {name for name, p in zip(writer.orders[0], writer.model.parameters()) if id(p) in inside}
    trained = [name for name, p in zip(writer.orders[0], writer.model.parameters()) if p.requires_grad]
    older = [name for name in trained if "bias" not in name and name not in norms]
    newer = [name for name in older if not NO_DECAY.search(name.lower())]
    splits: List[List[List[str]]] = []
    for decayed in (older, newer):
        split = [decayed, [name for name in trained if name not in decayed]]
        if split not in splits:
            splits.append(split)
    return splits


def _of_trainer(optimizer: Mapping[str, Any], writer: Writer, ids: Sequence[Any]) -> Optional[List[str]]:
    """The names by the groups of the Trainer, if one of its ways alone fits sizes and shapes."""
    sizes = [len(group["params"]) for group in optimizer["param_groups"]]
    splits = [split for split in _trainer_splits(writer) if [len(group) for group in split] == sizes]
    fitting, shapes = [sum(split, []) for split in splits], _state_shapes(optimizer, ids)
    fitting = [names for names in fitting if _fit(names, ids, shapes, writer)]
    return fitting[0] if len(fitting) == 1 else None


def _of_one_group(ids: Sequence[Any], shapes: Mapping[Any, Tuple[int, ...]],
                  writer: Writer) -> Tuple[Optional[List[str]], str]:
    """One group with all tensors follows the model, which may have had another order before its weights were
    taken into parts."""
    orders = [order for i, order in enumerate(writer.orders) if order not in writer.orders[:i]]
    fitting = [order for order in orders if _fit(order, ids, shapes, writer)] or orders[:1]
    if len(fitting) > 1:
        return None, ("momentum left out: whether the optimizer was made before or after the weights were "
                      "taken into parts is not in the file, and both orders fit; give order= (names)")
    return fitting[0], ""


def _names(optimizer: Mapping[str, Any], writer: Writer, order: Optional[Ordered],
           trainer: bool) -> Tuple[Optional[List[str]], str]:
    """The name of each id, group by group, or None and why not."""
    groups = optimizer["param_groups"]
    ids = [i for group in groups for i in group["params"]]
    everything = writer.orders[0]
    trained = [name for name, p in zip(everything, writer.model.parameters()) if p.requires_grad]
    # Full states of FullyShardedDataParallel and torch.distributed.checkpoint have names for numbers.
    if ids and all(isinstance(i, str) for i in ids):
        return [match(i, everything) for i in ids], ""
    if all(len(group.get("param_names") or ()) == len(group["params"]) for group in groups):
        return [match(name, everything) for group in groups for name in group["param_names"]], ""
    given = _in_order(order, [len(group["params"]) for group in groups], everything) if order is not None else None
    if given is not None:
        return given, ""
    if len(ids) > len(everything):
        raise Error(f"the optimizer has {len(ids)} tensors, {type(writer.model).__name__} {len(everything)}: an optimizer of another model?")
    if len(groups) == 1 and len(ids) == len(everything):
        return _of_one_group(ids, _state_shapes(optimizer, ids), writer)
    if len(groups) == 1 and len(ids) == len(trained):
        return trained, ""
    found = _of_trainer(optimizer, writer, ids) if trainer else None
    if found is not None:
        return found, ""
    found = _by_shapes(optimizer, ids, writer)
    return found, "" if found is not None else (
        f"momentum left out: which of it belongs to which tensor is not in the file ({len(groups)} parameter groups, {len(ids)} of "
        f"{len(everything)} tensors, some of equal shape); give order= (names, or the function that makes the groups)")


def snapshot(optimizer: Mapping[str, Any], writer: Writer, order: Optional[Ordered],
             trainer: bool = False) -> Tuple[Snapshot, List[str]]:
    """The state by the model's names, and what is to be said of it. trainer: Hugging Face's Trainer saved
    it."""
    names, why = _names(optimizer, writer, order, trainer)
    ids = [i for group in optimizer["param_groups"] for i in group["params"]]
    of = dict(zip(ids, names)) if names is not None else {i: _unnamed(i) for i in ids}
    groups = [{k: v for k, v in group.items() if k not in ("params", "param_names")} for group in optimizer["param_groups"]]
    state = {of[i]: values for i, values in optimizer["state"].items() if i in of and isinstance(values, Mapping)}
    holds = any(key in values for values in state.values() for key in ("momentum_buffer", "exp_avg"))
    decay = {of[i]: float(group.get("weight_decay") or 0) for group in optimizer["param_groups"] for i in group["params"]}
    return Snapshot(groups, state, kind_of(groups, state), decay=decay), [why] if why and holds else []

"""One .pt file: where the state dicts of model and optimizer are in it, and what else it says."""
from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, Dict, Mapping, Optional, Sequence

import torch
from torch import nn

from .checkpoint import Writer
from .error import Error
from .load import load
from .names import compiled_free, match

MODEL_KEYS = ("model_state_dict", "state_dict", "model_state", "modelState", "model", "net", "network", "last", "weights", "params")
OPTIMIZER_KEYS = ("base_optimizer_state_dict", "base_optimizer", "optimizer_state_dict", "optimizerState", "optimizer_state", "optimizer",
                  "optim", "opt", "optimizer_states")
STEP_KEYS = ("step", "global_step", "iteration", "iterations", "num_updates")
LOSS_KEYS = ("train_loss", "loss", "trainLoss")
NUMBERS = {"seed": "seed", "gradient_evaluations": "gradient_evaluations", "seconds": "seconds", "batch_size": "batch_size"}


@dataclass
class Saved:
    """What a .pt file holds."""

    state: Dict[str, torch.Tensor]
    optimizer: Optional[Mapping[str, Any]]
    epoch: Optional[float]
    steps: Dict[str, int]
    numbers: Dict[str, float]
    loss: Optional[float]  # whatever it is the loss of


def _is_state_dict(value: Any) -> bool:
    return isinstance(value, Mapping) and any(isinstance(v, torch.Tensor) for v in value.values()) and all(isinstance(k, str) for k in value)


def _is_optimizer(value: Any) -> bool:
    return isinstance(value, Mapping) and "state" in value and "param_groups" in value


def _find(content: Any, keys: Sequence[str], given: Optional[str], good: Callable[[Any], bool], what: str) -> Any:
    if given is not None:
        if not isinstance(content, Mapping) or given not in content:
            raise Error(f"no key «{given}» for the {what}; there are {_keys(content)}")
        keys = (given,)
    for key in keys:
        value = content.get(key) if isinstance(content, Mapping) else None
        value = value.state_dict() if isinstance(value, nn.Module) else value
        value = value[0] if isinstance(value, (list, tuple)) and len(value) == 1 else value
        if good(value):
            return value
    if given is not None:
        raise Error(f"key «{given}» does not hold the state of the {what}")
    return None


def _keys(content: Any) -> str:
    return ", ".join(map(str, list(content)[:12])) if isinstance(content, Mapping) else f"none (a {type(content).__name__})"


def _number(content: Any, keys: Sequence[str]) -> Optional[float]:
    for key in keys:
        value = content.get(key) if isinstance(content, Mapping) else None
        if isinstance(value, torch.Tensor) and value.numel() == 1:
            value = value.item()
        if isinstance(value, (int, float)) and not isinstance(value, bool) and value == value:
            return value
    return None


def _steps(path: Path, content: Any, optimizer: Optional[Mapping[str, Any]], epoch: Optional[float]) -> Dict[str, int]:
    """What may order the file within its run, best first."""
    in_name = re.findall(r"\d+", path.stem)
    adam = next((_number(v, ("step",)) for v in optimizer["state"].values() if isinstance(v, Mapping)), None) if optimizer else None
    found = {"step": _number(content, STEP_KEYS), "optimizer": adam, "epoch": epoch, "name": int(in_name[-1]) if in_name else None}
    return {key: int(value) for key, value in found.items() if value is not None and value >= 0}


def _state(state: Mapping[str, Any], writer: Writer) -> Dict[str, torch.Tensor]:
    """The graph's parameters and buffers out of a state dict, whose every tensor must be one of the model's."""
    first, expected = writer.graph.aliases, writer.model.state_dict()
    shapes = {compiled_free(name): list(tensor.shape) for name, tensor in expected.items() if isinstance(tensor, torch.Tensor)}
    named = {match(name, shapes): value for name, value in state.items() if isinstance(value, torch.Tensor)}
    extra = [name for name in named if name not in shapes]
    has = set(named) | {first[name] for name in named if name in first}
    missing = [name for name in [*writer.shapes, *filter(None, writer.graph.state_keys.values())] if name not in has]
    model = type(writer.model).__name__
    if missing:
        raise Error(f"no {missing[0]} of {model} in the state dict{f' ({len(missing)} missing)' if len(missing) > 1 else ''}, which has "
                    f"{_keys(named)}")
    if extra:
        raise Error(f"{extra[0]} in the state dict is nothing of {model}{f' ({len(extra)} such)' if len(extra) > 1 else ''}: the weights of "
                    "another model?")
    found: Dict[str, torch.Tensor] = {}
    for name, value in named.items():
        if list(value.shape) != shapes[name]:
            raise Error(f"{name} has shape {list(value.shape)}, {model}'s {shapes[name]}")
        to = first.get(name, name)
        if to in found and not torch.equal(found[to], value):
            raise Error(f"{name} is shared with {to} in {model}, but has other values in the file")
        found[to] = found[name] = value
    return found


def open_saved(path: Path, writer: Writer, model_key: Optional[str], optimizer_key: Optional[str], trust: bool) -> Saved:
    content = load(path, trust)
    content = content.state_dict() if isinstance(content, nn.Module) else content
    state = _find(content, MODEL_KEYS, model_key, _is_state_dict, "model")
    if state is None:
        if not _is_state_dict(content):
            if _is_optimizer(content):
                raise Error("no state dict of a model: it is the state of an optimizer alone")
            raise Error(f"no state dict of a model under {', '.join(MODEL_KEYS)}; the file has {_keys(content)}: give model_key=")
        state = content
    optimizer = _find(content, OPTIMIZER_KEYS, optimizer_key, _is_optimizer, "optimizer") if state is not content else None
    epoch = _number(content, ("epoch",)) if state is not content else None
    numbers = {to: _number(content, (key,)) for key, to in NUMBERS.items()} if state is not content else {}
    return Saved(_state(state, writer), optimizer, epoch, _steps(path, content if state is not content else {}, optimizer, epoch),
                 {name: value for name, value in numbers.items() if value is not None},
                 _number(content, LOSS_KEYS) if state is not content else None)

"""Hyperparameters by the names that people type: torch's own options, and common short forms."""
from __future__ import annotations

import difflib
import math
from typing import Any, Dict, Mapping, Tuple

import torch

from .error import Error

HYPERPARAMETERS = ("learning_rate", "momentum", "rho", "weight_decay", "weight_decay_coupled", "batch_size",
                   "seed")
COUNTS = ("gradient_evaluations", "seconds", "undo")
# Other names of these, in lower case and with underscores
MEANS = {
    "lr": "learning_rate", "learningrate": "learning_rate", "eta": "learning_rate", "wd": "weight_decay",
    "weightdecay": "weight_decay", "beta1": "momentum", "beta_1": "momentum", "batchsize": "batch_size",
    "bs": "batch_size", "train_batch_size": "batch_size", "random_seed": "seed", "manual_seed": "seed",
    "time": "seconds", "wall_time": "seconds", "gradient_evals": "gradient_evaluations"
}
# What is not recorded as a number under its own name
OTHERS = ("betas", "nesterov", "dampening", "decoupled_weight_decay", "maximize")


def _number(name: str, value: Any) -> float:
    if isinstance(value, torch.Tensor) and value.numel() == 1:
        value = value.item()
    try:
        found = float(value)
    except (TypeError, ValueError):
        raise Error(f"hyperparameters: {name} is {value!r}: not a number") from None
    if not math.isfinite(found):
        raise Error(f"hyperparameters: {name} is {value!r}: not a finite number")
    return int(found) if found == int(found) else found


def _translated(name: str, value: Any) -> Tuple[str, Any]:
    """basin's name and number of one."""
    key = str(name).lower().replace("-", "_")
    if key == "betas":
        if not isinstance(value, (tuple, list)) or not value:
            raise Error(f"hyperparameters: betas is {value!r}: expected two numbers")
        return "momentum", _number("betas[0]", value[0])
    if key == "decoupled_weight_decay":
        return "weight_decay_coupled", int(not value)
    if key in ("dampening", "maximize") and not value:
        return "", None
    if key == "dampening":
        raise Error(f"hyperparameters: dampening={value}; basin's momentum is v <- beta v + g, without it")
    if key == "maximize":
        raise Error("hyperparameters: maximize; basin studies the loss that is made small: train on its "
                    "negative")
    if key == "nesterov":
        return key, bool(value)
    key = MEANS.get(key, key)
    if key not in HYPERPARAMETERS + COUNTS:
        known = HYPERPARAMETERS + COUNTS
        near = difflib.get_close_matches(key, known + tuple(MEANS) + OTHERS, 1)
        raise Error(f"hyperparameters: {name} is none of {', '.join(known)}, nor another name of one"
                    f"{f': did you mean {near[0]}?' if near else ''}")
    return key, _number(name, value)


def meant(given: Mapping[str, Any]) -> Dict[str, Any]:
    """The hyperparameters by basin's names; nesterov stays, as a bool. What is None was not said. Unknown
    names are refused, and two names of one thing that say different things."""
    found: Dict[str, Any] = {}
    for name, value in given.items():
        if value is None:
            continue
        key, number = _translated(name, value)
        if key in found and found[key] != number:
            raise Error(f"hyperparameters: {name}={value} contradicts another name of {key}, {found[key]}")
        if key:
            found[key] = number
    return found

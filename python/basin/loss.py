"""Losses that basin computes, from a name, a torch loss module, a torch function or a functools.partial of one.

What does the loss read? The output of one sample must match its targets:

    cross-entropy                  output [C]          one class
                                   output [T…, C]      classes [T…], one a token
                                   output [C, T…]      the same, as torch's loss wants it: the graph then moves the classes to the end
    binary, mean squared           output [shape]      values [shape]

A mean has one normaliser over the whole split: samples, tokens that are not ignored (or the sum of their weights), elements.
"""
from __future__ import annotations

import functools
from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from .error import Error

CROSS_ENTROPY, BINARY, SQUARED = "softmax_cross_entropy", "bce_with_logits", "mse"
NAMES = {"softmax_cross_entropy": CROSS_ENTROPY, "cross_entropy": CROSS_ENTROPY, "CrossEntropyLoss": CROSS_ENTROPY,
         "bce_with_logits": BINARY, "binary_cross_entropy_with_logits": BINARY, "BCEWithLogitsLoss": BINARY,
         "mse": SQUARED, "mse_loss": SQUARED, "MSELoss": SQUARED}
MODULES = {nn.CrossEntropyLoss: CROSS_ENTROPY, nn.BCEWithLogitsLoss: BINARY, nn.MSELoss: SQUARED}
FUNCTIONS = {F.cross_entropy: CROSS_ENTROPY, F.binary_cross_entropy_with_logits: BINARY, F.mse_loss: SQUARED}
OPTIONS = ("reduction", "weight", "pos_weight", "ignore_index", "label_smoothing")
SETTINGS = {"ignore_index": int, "label_smoothing": float}  # that a name may have behind it
KNOWN = "softmax_cross_entropy, bce_with_logits, mse, or torch's CrossEntropyLoss, BCEWithLogitsLoss, MSELoss and their functions"
HINTS = {"NLLLoss": "; give CrossEntropyLoss and leave log_softmax out of the network: it is the same function",
         "nll_loss": "; give cross_entropy and leave log_softmax out of the network: it is the same function",
         "BCELoss": "; give BCEWithLogitsLoss and leave the sigmoid out of the network: it is the same function",
         "binary_cross_entropy": "; give binary_cross_entropy_with_logits and leave the sigmoid out of the network: it is the same function"}
IGNORED = -100  # torch's default: it counts only where it occurs among the targets


class Sums(NamedTuple):
    """Over a batch: loss = value / weight, accuracy = right / count (NaN where there is none)."""

    value: float
    weight: float
    right: float
    count: int


def _from_text(text: str) -> Tuple[Optional[str], str, Dict[str, Any]]:
    """«mse», or «cross_entropy:ignore_index=-1,label_smoothing=0.1»."""
    name, colon, settings = text.partition(":")
    options: Dict[str, Any] = {}
    for setting in settings.split(",") if colon else ():
        key, _, value = setting.partition("=")
        try:
            options[key] = SETTINGS[key](value)
        except (KeyError, ValueError):
            raise Error(f"loss {text}: «{setting}»; expected ignore_index=N or label_smoothing=X") from None
    if options and NAMES.get(name) != CROSS_ENTROPY:
        raise Error(f"loss {text}: of the names only cross_entropy takes settings; give torch's loss")
    return NAMES.get(name), name, options


def _recognise(loss: Any) -> Tuple[Optional[str], str, Dict[str, Any]]:
    """basin's name, what the user calls it, and the settings."""
    if isinstance(loss, str):
        return _from_text(loss)
    if isinstance(loss, nn.Module):
        found = next((name for kind, name in MODULES.items() if isinstance(loss, kind) and type(loss).forward is kind.forward), None)
        return found, type(loss).__name__, {key: getattr(loss, key) for key in OPTIONS if hasattr(loss, key)}
    function, options = (loss.func, loss.keywords) if isinstance(loss, functools.partial) else (loss, {})
    called = getattr(function, "__name__", repr(function))
    if isinstance(loss, functools.partial) and loss.args:
        raise Error(f"loss {called}: functools.partial with positional arguments; give its settings by name")
    return next((name for f, name in FUNCTIONS.items() if f is function), None), called, dict(options)


def _with_batch(shape: Sequence[int]) -> str:
    return "[" + ", ".join(["N"] + [str(n) for n in shape]) + "]"


def _size(shape: Sequence[int]) -> int:
    return int(np.prod(shape, dtype=np.int64))


class Loss:
    """One of basin's losses with its settings; after fit() also how it reads the module's output."""

    def __init__(self, loss: Any):
        name, called, options = _recognise(loss)
        if name is None:
            raise Error(f"loss {called}: basin knows {KNOWN}{HINTS.get(called, '')}")
        self.name, self.called = name, called
        self.label_smoothing = 0.0
        self.ignore_index: Optional[int] = IGNORED if self.classes else None
        self.weights: Optional[np.ndarray] = None
        self.output: Tuple[int, ...] = ()  # of one sample, as the module gives it
        self.classes_first = self.fitted = False
        self._take(options)

    def _take(self, options: Dict[str, Any]) -> None:
        unknown = [key for key, value in options.items() if key not in OPTIONS and value is not None]
        if unknown:
            raise Error(f"loss {self.called}: {unknown[0]} is nothing that basin knows of it; it takes {', '.join(OPTIONS)}")
        if options.get("reduction", "mean") != "mean":
            raise Error(f"loss {self.called}: reduction={options['reduction']!r}; basin computes the mean")
        if self.classes:
            self.label_smoothing = float(options.get("label_smoothing", 0.0))
            if not 0.0 <= self.label_smoothing < 1.0:
                raise Error(f"loss {self.called}: label_smoothing={self.label_smoothing:g}; expected 0 or more, below 1")
            self.ignore_index = int(options.get("ignore_index", IGNORED))
        elif options.get("weight") is not None:
            raise Error(f"loss {self.called}: weight is set, which weighs samples; basin knows pos_weight, and the weights of classes")
        weights = options.get("weight" if self.classes else "pos_weight")
        if weights is not None:
            self.weights = np.atleast_1d(torch.as_tensor(weights).detach().cpu().double().numpy())
            if self.weights.ndim != 1 or not (np.isfinite(self.weights) & (self.weights >= 0)).all():
                raise Error(f"loss {self.called}: weights {list(self.weights.shape)}; basin needs one number >= 0 for each class")

    @property
    def classes(self) -> bool:
        """Are the targets classes?"""
        return self.name == CROSS_ENTROPY

    # ---- targets

    def targets(self, targets: torch.Tensor, split: str) -> np.ndarray:
        """As basin's data file holds them: int64 [N] or [N, tokens], or float [N] or [N, values]."""
        shape = list(targets.shape)
        flat = targets.reshape(shape[0], -1) if targets.dim() > 2 else targets
        if not self.classes:
            values = flat.to(torch.float64).numpy()
            if self.name == BINARY and not ((values >= 0) & (values <= 1)).all():
                raise Error(f"{split}: targets from {values.min():g} to {values.max():g}; bce_with_logits needs values in [0, 1]")
            return values
        if targets.dtype.is_floating_point:
            raise Error(f"{split}: targets {shape} of {targets.dtype}; {self.name} needs classes (integers), one a sample or one a token")
        classes = flat.to(torch.int64).numpy()
        negative = classes[(classes < 0) & (classes != self.ignore_index)]
        if negative.size:
            raise Error(f"{split}: class {negative[0]} is negative; only targets of ignore_index ({self.ignore_index}) are left out; "
                        f"if it marks what does not count: loss=cross_entropy:ignore_index={negative[0]}")
        return classes

    # ---- output

    def fit(self, output: Sequence[int], targets: Optional[np.ndarray] = None, shape: Optional[Sequence[int]] = None,
            flattened: bool = False) -> None:
        """Does the loss fit an output of this shape of one sample? targets: as stored, None without data; shape: of one sample's as the
        user has them, None if a data file is all there is; flattened: the module returns [N·T, C], which settles where the classes are."""
        self.output = tuple(output)
        if targets is None:
            return self._check_weights(f"{self.name}: the module's output is {_with_batch(output)}")
        stored = tuple(targets.shape[1:])
        both = f"{self.name}: the module's output is {_with_batch(output)}, the targets are {_with_batch(stored if shape is None else shape)}"
        fits = [stored == (() if not a else (_size(a),)) or stored == tuple(a) if shape is None else tuple(shape) == tuple(a)
                for a in (self.output, self.output[:-1], self.output[1:])]
        if not self.classes:
            self._check_values(targets, fits[0], both)
        elif targets.dtype.kind not in "iu":
            raise Error(f"{both}, and values, not classes")
        else:
            self.classes_first = self._classes_first(fits[1], fits[2] and not flattened, both)
            self._check_classes(targets, both)
        self._check_weights(both)
        self.fitted = True

    def _check_values(self, targets: np.ndarray, fits: bool, both: str) -> None:
        if targets.dtype.kind in "iu":
            raise Error(f"{both}, and the data file's targets are classes (integers), expected values")
        if not fits:
            raise Error(f"{both}; they must agree (torch would broadcast them)")

    def _classes_first(self, last: bool, first: bool, both: str) -> bool:
        """Along which axis of the output the classes stand: the last, or the first of the sample as in torch's loss?"""
        if len(self.output) == 0:
            raise Error(f"{both}; expected logits [N, classes]")
        if not last and not first:
            wanted = [_with_batch(rest) for rest in dict.fromkeys((self.output[:-1], self.output[1:]))]
            raise Error(f"{both}; this output takes one class for each sample or token, {' or '.join(wanted)}")
        if last and first and len(self.output) > 1:
            raise Error(f"{both}; whether its classes are along the last axis or the one behind N is not to be seen: let forward return "
                        f"[N·{_size(self.output[:-1])}, {self.output[-1]}]")
        return not last

    @property
    def class_count(self) -> int:
        """Along the axis of the classes."""
        return 1 if not self.output else self.output[0 if self.classes_first else -1]

    def _check_classes(self, targets: np.ndarray, both: str) -> None:
        counts = targets != self.ignore_index
        if targets.size and not counts.any():
            raise Error(f"{both}, and all of them are ignore_index ({self.ignore_index}): there is nothing to average")
        largest = int(targets[counts].max()) if targets.size else 0
        if largest >= self.class_count:
            raise Error(f"{both}: class {largest} among the targets, but the output has {self.class_count} classes")
        if self.ignore_index == IGNORED and counts.all():
            self.ignore_index = None

    def _check_weights(self, both: str) -> None:
        if self.weights is None:
            return
        if not self.classes and len(self.weights) == 1:
            self.weights = np.repeat(self.weights, self.class_count)
        if len(self.weights) != self.class_count:
            raise Error(f"{both}: the loss has {len(self.weights)} weights, the output {self.class_count} classes")

    def permutation(self) -> Optional[List[int]]:
        """Of the output's axes, so that the classes are last; None if they are."""
        return [0] + list(range(2, len(self.output) + 1)) + [1] if self.classes_first else None

    def attributes(self) -> Dict[str, Any]:
        """Of the group /loss, without the weights."""
        found: Dict[str, Any] = {"name": self.name, "label_smoothing": self.label_smoothing}
        if self.ignore_index is not None and (self.fitted or self.ignore_index != IGNORED):
            found["ignore_index"] = self.ignore_index
        return found

    # ---- value

    def sums(self, output: torch.Tensor, targets: torch.Tensor) -> Sums:
        """Of a batch of the module's outputs, in double precision."""
        output = output.reshape(len(targets), *self.output)
        weights = None if self.weights is None else torch.from_numpy(self.weights)
        if self.classes:
            return self._cross_entropy(output.movedim(1, -1) if self.classes_first else output, targets.reshape(-1), weights)
        targets = targets.reshape(output.shape)
        if self.name == SQUARED:
            return Sums(float(F.mse_loss(output, targets, reduction="sum")), targets.numel(), float("nan"), targets.numel())
        value = F.binary_cross_entropy_with_logits(output, targets, reduction="sum", pos_weight=weights)
        return Sums(float(value), targets.numel(), float(((output > 0) == (targets > 0.5)).sum()), targets.numel())

    def _cross_entropy(self, output: torch.Tensor, targets: torch.Tensor, weights: Optional[torch.Tensor]) -> Sums:
        output = output.reshape(-1, output.shape[-1])
        ignored = IGNORED if self.ignore_index is None else self.ignore_index
        value = F.cross_entropy(output, targets, reduction="sum", weight=weights, ignore_index=ignored, label_smoothing=self.label_smoothing)
        output, targets = output[targets != ignored], targets[targets != ignored]
        weight = len(targets) if weights is None else float(weights[targets].sum())
        return Sums(float(value), weight, float((output.argmax(1) == targets).sum()), len(targets))

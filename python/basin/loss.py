"""Losses that basin computes, from a name, a torch loss module or a torch function."""
from __future__ import annotations

from typing import Any, Sequence, Tuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from .error import Error

NAMES = {
    "softmax_cross_entropy": "softmax_cross_entropy", "cross_entropy": "softmax_cross_entropy", "CrossEntropyLoss": "softmax_cross_entropy",
    "bce_with_logits": "bce_with_logits", "binary_cross_entropy_with_logits": "bce_with_logits", "BCEWithLogitsLoss": "bce_with_logits",
    "mse": "mse", "mse_loss": "mse", "MSELoss": "mse",
}
KNOWN = "softmax_cross_entropy, bce_with_logits, mse, or torch's CrossEntropyLoss, BCEWithLogitsLoss, MSELoss"
HINTS = {"NLLLoss": "; give CrossEntropyLoss and leave log_softmax out of the network: it is the same function",
         "BCELoss": "; give BCEWithLogitsLoss and leave the sigmoid out of the network: it is the same function"}


class Loss:
    """One of basin's losses: a mean over samples (cross-entropy) or over all elements."""

    def __init__(self, loss: Any):
        name = loss if isinstance(loss, str) else type(loss).__name__ if isinstance(loss, nn.Module) else getattr(loss, "__name__", repr(loss))
        if name not in NAMES:
            raise Error(f"loss {name}: basin knows {KNOWN}{HINTS.get(name, '')}")
        self.name = NAMES[name]
        self.label_smoothing = 0.0
        if isinstance(loss, nn.Module):
            self._take(loss, name)

    def _take(self, module: nn.Module, name: str) -> None:
        if module.reduction != "mean":
            raise Error(f"loss {name}: reduction={module.reduction!r}; basin computes the mean")
        for weight in ("weight", "pos_weight"):
            if getattr(module, weight, None) is not None:
                raise Error(f"loss {name}: {weight} is set; basin does not compute weighted losses yet")
        if getattr(module, "ignore_index", -100) != -100:
            raise Error(f"loss {name}: ignore_index={module.ignore_index}; basin does not leave samples out yet: leave them out of the data")
        self.label_smoothing = float(getattr(module, "label_smoothing", 0.0))

    @property
    def classes(self) -> bool:
        """Are the targets classes?"""
        return self.name == "softmax_cross_entropy"

    def targets(self, targets: torch.Tensor, split: str) -> np.ndarray:
        """As basin's data file holds them: int64 [N], or float [N] or [N, C]."""
        if self.classes:
            if targets.dim() != 1 or targets.dtype.is_floating_point:
                raise Error(f"{split}: targets {list(targets.shape)} of {targets.dtype}; {self.name} needs one class (an integer) a sample")
            if targets.numel() and int(targets.min()) < 0:
                raise Error(f"{split}: class {int(targets.min())} is negative; basin does not leave samples out yet: leave them out of the data")
            return targets.to(torch.int64).numpy()
        if targets.dim() not in (1, 2):
            raise Error(f"{split}: targets {list(targets.shape)}; {self.name} needs [N] or [N, values]")
        values = targets.to(torch.float64).numpy()
        if self.name == "bce_with_logits" and not ((values >= 0) & (values <= 1)).all():
            raise Error(f"{split}: targets from {values.min():g} to {values.max():g}; bce_with_logits needs values in [0, 1]")
        return values

    def check_output(self, output: Sequence[int], targets: np.ndarray) -> None:
        """Does the loss fit an output of this shape of one sample?"""
        shape = "[" + ", ".join(["N"] + [str(n) for n in output]) + "]"
        if self.classes:
            if targets.dtype.kind not in "iu":
                raise Error(f"{self.name}: the targets are values {list(targets.shape)}, not classes")
            if len(output) != 1:
                raise Error(f"{self.name}: the module's output is {shape}; expected logits [N, classes]")
            if targets.size and int(targets.max()) >= output[0]:
                raise Error(f"{self.name}: class {int(targets.max())} among the targets, but the module's output {shape} has {output[0]} classes")
        elif targets.dtype.kind in "iu" and targets.ndim == 1:
            raise Error(f"{self.name}: the data file's targets are classes (integers), expected values")
        elif tuple(targets.shape[1:]) != tuple(output):
            wanted = "[" + ", ".join(["N"] + [str(n) for n in targets.shape[1:]]) + "]"
            raise Error(f"{self.name}: the module's output is {shape}, the targets are {wanted}; they must agree (torch would broadcast them)")

    def sums(self, output: torch.Tensor, targets: torch.Tensor) -> Tuple[float, float, int]:
        """Sum of the loss, sum of what is right, and how many terms both have, over a batch."""
        if self.classes:
            value = F.cross_entropy(output, targets, reduction="sum", label_smoothing=self.label_smoothing)
            return float(value), float((output.argmax(1) == targets).sum()), len(targets)
        if self.name == "mse":
            return float(F.mse_loss(output, targets, reduction="sum")), float("nan"), targets.numel()
        value = F.binary_cross_entropy_with_logits(output, targets, reduction="sum")
        return float(value), float(((output > 0) == (targets > 0.5)).sum()), targets.numel()

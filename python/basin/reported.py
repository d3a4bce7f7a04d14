"""What a training's own files say of its losses and accuracies, with where it stood: the training's word, which is
kept apart from what is computed from the weights.

    {"train_loss": 0.31, "best_acc": 93.2}           under a key of its own, or in a mapping «metrics» or the like
    callbacks: {"ModelCheckpoint{…}": {"monitor": "val_loss", "current_score": …}}      Lightning
    log_history: [{"step": 500, "loss": …}, {"step": 500, "eval_loss": …}]             Hugging Face's Trainer

None says how it was measured. A loss of the training split may be a mean over the batches of an epoch, in training
mode and at weights that moved; of another split it is measured at the end; the best may be that of another epoch.
So only what cannot be is a contradiction (docs/checkpoint-format.md has the bounds, basin check applies them too).
"""
from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace
from typing import Any, Dict, Iterator, List, Mapping, Optional, Tuple

from .stored import is_tensor, values
from .unpickle import fields

TRAIN = ("train", "training", "tr")
OTHERS = ("val", "valid", "validation", "eval", "dev", "test")
QUANTITIES = {"loss": "loss", **dict.fromkeys(("acc", "accuracy", "acc1", "top1", "prec1"), "accuracy")}
FILLING = ("epoch", "avg", "average", "mean", "last", "current", "final", "1")
HOLDERS = ("metrics", "logs", "log", "results", "stats", "scores")
MOST = 1 << 12  # keys that are looked at
CAUSES = "other data, normalisation, loss or weights?"


@dataclass(frozen=True)
class Reported:
    """quantity: loss or accuracy (a fraction); split: train, test (whatever it is called) or unsaid; coverage:
    unsaid, or best of the training so far; own: of the weights beside it, as far as is known."""

    stood: str
    quantity: str
    split: str
    coverage: str
    value: float
    own: bool = True

    def contradicts(self, computed: float) -> bool:
        """Whether it cannot be that the training saw this and its weights and data give `computed`."""
        accuracy = self.quantity == "accuracy"
        if not math.isfinite(computed):
            return False
        if self.coverage == "best":
            return computed > self.value + 0.02 if accuracy else computed < 0.9 * self.value - 0.01
        if self.split == "train":
            return computed < self.value - 0.1 if accuracy else computed > 2 * self.value + 0.01
        return abs(computed - self.value) > (0.02 if accuracy else 0.1 * abs(self.value) + 0.01)


def as_number(value: Any, called: str) -> Optional[float]:
    """A number, or a tensor of one; NaN and what is none are None."""
    if is_tensor(value) and value.dim() <= 1 and tuple(value.shape) in ((), (1,)):
        value = values(value, called).reshape(()).item()
    good = isinstance(value, (int, float)) and not isinstance(value, bool) and value == value
    return value if good else None


def _meaning(key: str) -> Optional[Tuple[str, str, str]]:
    """Quantity, split and coverage of «train_loss», «bestAcc» and the like; None for any other name."""
    words = [w for w in re.split(r"[^a-z0-9]+", re.sub(r"(?<=[a-z])(?=[A-Z])", "_", key).lower()) if w]
    quantity = [QUANTITIES[w] for w in words if w in QUANTITIES]
    splits = ["train" if w in TRAIN else "test" for w in words if w in TRAIN + OTHERS]
    best = "best" in words
    known = [*QUANTITIES, *TRAIN, *OTHERS, *FILLING, "best"]
    if len(quantity) != 1 or len(splits) > 1 or any(w not in known for w in words):
        return None
    bare = "test" if best else "train" if quantity[0] == "loss" else "unsaid"
    return quantity[0], splits[0] if splits else bare, "best" if best else "unsaid"


def _one(key: str, value: Any, stood: str, best: bool = False) -> Iterator[Reported]:
    meaning = _meaning(key)
    found = None if meaning is None else as_number(value, stood)
    if found is None or not math.isfinite(found):
        return
    quantity, split, coverage = meaning  # type: ignore[misc]
    if quantity == "accuracy":
        found = found if found <= 1 else found / 100  # percent
        if not 0 <= found <= 1:
            return
    yield Reported(stood, quantity, split, "best" if best else coverage, float(found))


def _mapping(value: Any) -> Mapping[Any, Any]:
    value = value if isinstance(value, Mapping) else fields(value)
    return value if isinstance(value, Mapping) else {}


def _of_keys(content: Mapping[Any, Any], before: str = "") -> Iterator[Reported]:
    for key in [k for k in list(content)[:MOST] if isinstance(k, str)]:
        yield from _one(key, content[key], before + key)


def _of_callbacks(content: Mapping[Any, Any]) -> Iterator[Reported]:
    for name, state in list(_mapping(content.get("callbacks")).items())[:MOST]:
        state = _mapping(state)
        monitor = state.get("monitor")
        if not isinstance(name, str) or not isinstance(monitor, str):
            continue
        for score, best in (("current_score", False), ("best_model_score", True)):
            yield from _one(monitor, state.get(score), f"callbacks.{name.partition('{')[0]}.{score} ({monitor})", best)


def _of_log(content: Mapping[Any, Any]) -> Iterator[Reported]:
    """The entries of the very step that the file was saved at; the last of each name."""
    step, log = content.get("global_step"), content.get("log_history")
    found: Dict[str, Reported] = {}
    for entry in log[-MOST:] if isinstance(log, list) and step is not None else []:
        if isinstance(entry, Mapping) and entry.get("step") == step:
            found.update({r.stood: r for r in _of_keys(entry, f"log_history[step {step}].")})
    yield from found.values()


def reported(content: Any) -> List[Reported]:
    """All of it, in order."""
    if not isinstance(content, Mapping):
        return []
    found = [*_of_keys(content), *_of_callbacks(content), *_of_log(content)]
    for holder in HOLDERS:
        found += _of_keys(_mapping(content.get(holder)), f"{holder}.")
    return list({r.stood: r for r in found}.values())


def belonging(said: List[Reported], averages: bool, averages_beside: bool) -> List[Reported]:
    """Of which weights it is: a training loss is of those that were trained; what is validated where there are
    averages, of either."""
    return [replace(r, own=not averages and (r.split == "train" or not averages_beside)) for r in said]


def contradictions(said: List[Reported], computed: Mapping[str, Tuple[float, float]]) -> Iterator[str]:
    """What was computed at conversion, loss and accuracy of each split, against the training's word, like with
    like. One number that stands in two places is one line."""
    first = {(r.quantity, r.split, r.value): r for r in reversed(said)}
    for r in (r for r in said if r.own and first[r.quantity, r.split, r.value] is r):
        at = computed.get(r.split)
        value = math.nan if at is None else at[r.quantity == "accuracy"]
        if r.contradicts(value):
            yield (f"the training reported {r.stood} {r.value:.6g}, but the {r.quantity} on {r.split} computed at conversion is "
                   f"{value:.6g}: {CAUSES}")

"""Saved checkpoints as basin's: one trace of the model, then every state dict (saved.py) and optimizer state
(owners.py)."""
from __future__ import annotations

import re
import warnings
from pathlib import Path
from typing import Any, Callable, Dict, Mapping, Optional, Sequence, Union

import torch
from torch import nn

from .checkpoint import Writer
from .error import Error, first_line, printable
from .folders import Source, find_sources
from .hyper import meant
from .listing import Conversion, Entry
from .names import unwrap
from .optim import Training, describe
from .owners import Order, read_order, snapshot
from .reform import Writers
from .saved import Saved, open_saved


class _Converter:
    """What all files have in common."""

    def __init__(self, writer: Writer, *, out: Path, model_key, optimizer_key, method, perturbed, hyperparameters, order, seed, trust):
        self.writers, self.out = Writers(writer), out
        self.model_key, self.optimizer_key, self.trust = model_key, optimizer_key, trust
        self.method, self.perturbed = method, perturbed
        self.hyperparameters = meant(hyperparameters or {})
        self.order = read_order(order, writer.model)
        self.seed = seed

    def open(self, source: Source) -> Saved:
        return open_saved(source, self.writers, self.model_key, self.optimizer_key, self.trust)

    def training(self, saved: Saved, state: Dict[str, torch.Tensor]) -> Training:
        if saved.optimizer is None:
            return self._of_weights_alone()
        found, notes = snapshot(saved.optimizer, saved.writer, self.order, saved.trainer)
        if self.method in ("adam", "adamw"):
            found.kind = {"adam": "Adam", "adamw": "AdamW"}[self.method]
        training = describe(found, saved.writer.shapes, self.perturbed,
                            of_folder=not (self.method or "").endswith("msam"))
        training.method = self.method or training.method
        training.notes += notes
        if saved.of_others and training.states:
            training.states, training.undo = {}, None
            training.notes.append("the momentum in the file is of the weights that were trained, and left "
                                  "out; optimizer_key= takes it all the same")
        if training.perturbed is None:
            training.notes.append("MSAM: whether the weights are perturbed is not in the file; give perturbed=True (saved between steps) or "
                                  "perturbed=False (moved back)" + self._hint(saved, state, training))
        return training

    def _of_weights_alone(self) -> Training:
        """Nothing in the file tells the method, and the weights of an MSAM loop look like any other's: not to know stays unknown."""
        msam = (self.method or "").endswith("msam")
        training = Training(method=self.method, perturbed=self.perturbed, notes=["no optimizer state in the file"])
        if self.method is not None and not msam:
            training.perturbed = False
        elif self.perturbed and not msam:  # said of MSAM's files, and what this one is of is not known
            training.perturbed = None
        if training.perturbed is None:
            training.notes[0] += ("; MSAM: give perturbed=True (saved between steps) or perturbed=False (moved back)" if msam else
                                  ": give method= (sgd, adam, …), or perturbed=False if it was not MSAM; else every command asks whether the weights "
                                  "are perturbed")
        elif self.method is None:
            training.notes[0] += ": give method= (sgd, adam, …)"
        return training

    def _hint(self, saved: Saved, state: Dict[str, torch.Tensor], training: Training) -> str:
        """What may help to tell: the loss at the weights as stored, and where undoing would lead, beside the one that the file mentions."""
        writer = saved.writer
        if writer.data is None or "train" not in writer.data.splits or training.momentum is None:
            return ""
        stored, undone, other = writer.losses_along(state, training.momentum,
                                                    (0.0, training.undo, -training.undo))
        said = "" if saved.loss is None else f"; the file says {saved.loss:.6g}"
        return f": train loss {stored:.6g} as stored, {undone:.6g} undone, {other:.6g} in the opposite direction{said}"

    def numbers(self, source: Path, saved: Saved) -> Dict[str, float]:
        found = {**saved.numbers, **self.hyperparameters}
        if isinstance(self.seed, int):
            found["seed"] = self.seed
        elif self.seed is not None:
            match = re.search(self.seed, str(source))
            if match is None or not match.groups() or not match.group(1).isdigit():
                raise Error(f"the seed pattern {self.seed!r} finds no number in this path")
            found["seed"] = int(match.group(1))
        return found

    def write(self, entry: Entry, source: Source, by: Optional[str]) -> None:
        saved = self.open(source)
        state = saved.state()
        training = self.training(saved, state)
        entry.step = saved.steps.get(by) if by else None
        entry.method, entry.momentum = training.method, training.momentum is not None
        entry.notes = training.notes + saved.notes
        bad = sum(int((~torch.isfinite(state[name])).sum()) for name in saved.writer.shapes)
        entry.warnings = [f"{bad} weights are NaN or Inf"] if bad else []
        entry.warnings += [saved.warning] if saved.warning is not None else []
        entry.path = saved.writer.write(self.out / source.target, state, training, epoch=saved.epoch,
                                        step=entry.step, numbers=self.numbers(entry.source, saved))


def _attempt(entry: Entry, action: Callable[[], Any]) -> Any:
    """What the action returns; whatever goes wrong is of this file alone, and the others go on."""
    try:
        return action()
    except Error as error:
        entry.error = str(error)
    except Exception as error:  # what no reader foresaw in a file
        entry.error = printable(f"cannot be converted ({type(error).__name__}: {first_line(error)})")
    return None


def convert(model: Any, pattern: Any, *, loss: Any, out: Any, train: Any = None, test: Any = None, dataset: Any = None,
            optimizer_key: Optional[str] = None, model_key: Optional[str] = None, method: Optional[str] = None, perturbed: Optional[bool] = None,
            hyperparameters: Optional[Mapping[str, float]] = None, order: Order = None, seed: Union[int, str, None] = None, example_input: Any = None,
            trust: bool = False, check: bool = True) -> Conversion:
    """Write every checkpoint of `pattern` («runs/**/*.pt», a folder, or several) as one of basin, in the same
    folders below `out`.

    model: the module, or a function that makes it. order: the parameters' names group by group, or a function that makes the optimizer (or
    its param groups) of the model, where a file's momentum cannot be told apart otherwise. perturbed: of MSAM's files; without it they are
    «unknown». method, hyperparameters: instead of what the files say. seed: a number, or a pattern with one group that finds it in a path.
    model_key: where the weights are, «a.b» for nested ones, and for a prefix of names. trust: load a module
    that was pickled whole, with pickle. A file that cannot be converted is warned of and listed in `failed`;
    the others go on.
    """
    model = model() if callable(model) and not isinstance(model, nn.Module) else model
    if not isinstance(model, nn.Module):
        raise Error(f"model: expected a torch.nn.Module, or a function that makes one, got {type(model).__name__}")
    out = Path(out)
    writer = Writer(unwrap(model), loss=loss, train=train, test=test, dataset=dataset, example_input=example_input, check=check)
    if writer.data is not None:
        writer.data.path = writer.data.write(out)
    job = _Converter(writer, out=out, model_key=model_key, optimizer_key=optimizer_key, method=method, perturbed=perturbed,
                     hyperparameters=hyperparameters, order=order, seed=seed, trust=trust)
    sources = find_sources(pattern)
    entries = {source: Entry(source.path) for source in sources}
    steps = {source: _attempt(entries[source], lambda: job.open(source).steps) for source in sources}
    taken: Dict[Path, Path] = {}
    for source in sources:
        if steps[source] is None:
            continue
        if source.target in taken:
            other = taken[source.target]
            entries[source].error = printable(f"would become {out / source.target}, as {other} did")
            continue
        taken[source.target] = source.path
        run = [other for other in sources if other.target.parent == source.target.parent]
        by = _ordering([steps[other] for other in run if steps[other] is not None])
        _attempt(entries[source], lambda: job.write(entries[source], source, by))
    result = Conversion(sorted(entries.values(), key=lambda e: (str(e.source.parent), -1 if e.step is None else e.step, str(e.source))))
    for entry in result.failed:
        warnings.warn(entry.line(), stacklevel=2)
    return result


def _ordering(steps: Sequence[Mapping[str, int]]) -> Optional[str]:
    """What numbers the files of one folder: the first thing that all of them have."""
    return next((key for key in ("step", "optimizer", "epoch", "name") if all(key in s for s in steps)), None)

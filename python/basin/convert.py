"""A folder of .pt files as basin checkpoints: one trace of the model, then every state dict and optimizer state (owners.py)."""
from __future__ import annotations

import glob
import re
import warnings
from pathlib import Path
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple, Union

import torch
from torch import nn

from .checkpoint import Writer
from .error import Error
from .listing import Conversion, Entry
from .names import unwrap
from .optim import Training, describe
from .owners import Order, read_order, snapshot
from .saved import Saved, open_saved


# --------------------------------------------------------------------------------------------- the folder --

class _Converter:
    """What all files have in common."""

    def __init__(self, writer: Writer, *, out: Path, model_key, optimizer_key, method, perturbed, hyperparameters, order, seed, trust):
        self.writer, self.out = writer, out
        self.model_key, self.optimizer_key, self.trust = model_key, optimizer_key, trust
        self.method, self.perturbed = method, perturbed
        self.hyperparameters = dict(hyperparameters or {})
        self.order = read_order(order, writer.model)
        self.seed = seed

    def open(self, source: Path) -> Saved:
        return open_saved(source, self.writer, self.model_key, self.optimizer_key, self.trust)

    def training(self, saved: Saved) -> Training:
        if saved.optimizer is None:
            return self._of_weights_alone()
        found, notes = snapshot(saved.optimizer, self.writer, self.order)
        if self.method in ("adam", "adamw"):
            found.kind = {"adam": "Adam", "adamw": "AdamW"}[self.method]
        training = describe(found, self.writer.shapes, self.perturbed, of_folder=not (self.method or "").endswith("msam"))
        training.method = self.method or training.method
        training.notes += notes
        if training.perturbed is None:
            training.notes.append("MSAM: whether the weights are perturbed is not in the file; give perturbed=True (saved between steps) or "
                                  "perturbed=False (moved back)" + self._hint(saved, training))
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

    def _hint(self, saved: Saved, training: Training) -> str:
        """What may help to tell: the loss at the weights as stored, and where undoing would lead, beside the one that the file mentions."""
        if self.writer.data is None or "train" not in self.writer.data.splits or training.momentum is None:
            return ""
        stored, undone, other = self.writer.losses_along(saved.state, training.momentum, (0.0, training.undo, -training.undo))
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

    def write(self, entry: Entry, relative: Path, by: Optional[str]) -> None:
        saved = self.open(entry.source)
        training = self.training(saved)
        entry.step = saved.steps.get(by) if by else None
        entry.method, entry.momentum, entry.notes = training.method, training.momentum is not None, training.notes
        bad = sum(int((~torch.isfinite(saved.state[name])).sum()) for name in self.writer.shapes)
        entry.warning = f"{bad} weights are NaN or Inf" if bad else None
        entry.path = self.writer.write(self.out / relative.with_suffix(".h5"), saved.state, training, epoch=saved.epoch, step=entry.step,
                                       numbers=self.numbers(entry.source, saved))


def _common_root(pattern: str) -> Path:
    """The folders of a pattern before its first wildcard."""
    parts = Path(pattern).parts
    fixed = []
    for part in parts[:-1]:
        if glob.has_magic(part):
            break
        fixed.append(part)
    return Path(*fixed) if fixed else Path(".")


def _sources(patterns: Union[str, Path, Sequence[Any]]) -> List[Tuple[Path, Path]]:
    """Files and their places below the output folder."""
    found: Dict[Path, Path] = {}
    for pattern in [patterns] if isinstance(patterns, (str, Path)) else patterns:
        pattern = str(pattern)
        files = sorted(glob.glob(pattern, recursive=True))
        files = [f for f in files if Path(f).is_file()]
        if not files and Path(pattern).is_dir():
            raise Error(f"{pattern}: a folder; give a pattern such as '{pattern.rstrip('/')}/**/*.pt'")
        if not files:
            raise Error(f"{pattern}: no file matches this pattern" if glob.has_magic(pattern) else f"{pattern}: no such file")
        for f in files:
            found.setdefault(Path(f), Path(f).relative_to(_common_root(pattern)))
    return list(found.items())


def convert(model: Any, pattern: Any, *, loss: Any, out: Any, train: Any = None, test: Any = None, dataset: Any = None,
            optimizer_key: Optional[str] = None, model_key: Optional[str] = None, method: Optional[str] = None, perturbed: Optional[bool] = None,
            hyperparameters: Optional[Mapping[str, float]] = None, order: Order = None, seed: Union[int, str, None] = None, example_input: Any = None,
            trust: bool = False, check: bool = True) -> Conversion:
    """Write every file of `pattern` («runs/**/*.pt», or several) as a checkpoint of basin, in the same folders below `out`.

    model: the module, or a function that makes it. order: the parameters' names group by group, or a function that makes the optimizer (or
    its param groups) of the model, where a file's momentum cannot be told apart otherwise. perturbed: of MSAM's files; without it they are
    «unknown». method, hyperparameters: instead of what the files say. seed: a number, or a pattern with one group that finds it in a path.
    trust: load with pickle what is more than tensors. A file that cannot be converted is warned of and listed in `failed`; the others go on.
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
    sources = _sources(pattern)
    entries = {source: Entry(source) for source, _ in sources}
    steps: Dict[Path, Dict[str, int]] = {}
    for source, _ in sources:
        try:
            steps[source] = job.open(source).steps
        except Error as error:
            entries[source].error = str(error)
    taken: Dict[Path, Path] = {}
    for source, relative in sources:
        if source not in steps:
            continue
        target = relative.with_suffix(".h5")
        try:
            if target in taken:
                raise Error(f"would become {out / target}, as {taken[target]} did")
            taken[target] = source
            job.write(entries[source], relative, _ordering([steps[s] for s, _ in sources if s in steps and s.parent == source.parent]))
        except Error as error:
            entries[source].error = str(error)
    result = Conversion(sorted(entries.values(), key=lambda e: (str(e.source.parent), -1 if e.step is None else e.step, str(e.source))))
    for entry in result.failed:
        warnings.warn(f"{entry.source}: {entry.error}", stacklevel=2)
    return result


def _ordering(steps: Sequence[Mapping[str, int]]) -> Optional[str]:
    """What numbers the files of one folder: the first thing that all of them have."""
    return next((key for key in ("step", "optimizer", "epoch", "name") if all(key in s for s in steps)), None)

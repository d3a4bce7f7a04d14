"""Saved checkpoints as basin's: one trace of the model, then every state dict (saved.py) and optimizer state
(owners.py)."""
from __future__ import annotations

import dataclasses
import re
import warnings
from pathlib import Path
from typing import Any, Callable, Dict, List, Mapping, NamedTuple, Optional, Tuple, Union

import torch
from torch import nn

from .between import settle
from .checkpoint import Writer
from .error import Error, first_line, printable
from .folders import Source, find_sources
from .hyper import meant
from .listing import Conversion, Entry
from .names import unwrap
from .optim import Training, describe
from .owners import Order, read_order, snapshot
from .pending import Pending, deliver
from .reform import Writers
from .reported import contradictions
from .run import identity_of_folder, kept
from .saved import Saved, open_saved
from .steps import Counts, batches, number

AT_ONCE = 16  # files about which basin is asked in one process


class _Converter:
    """What all files have in common."""

    def __init__(self, writer: Writer, *, out: Path, model_key, optimizer_key, method, perturbed, hyperparameters, order, seed, run, trust):
        self.writers, self.out = Writers(writer), out
        self.model_key, self.optimizer_key, self.trust = model_key, optimizer_key, trust
        self.method, self.perturbed = method, perturbed
        self.hyperparameters = meant(hyperparameters or {})
        self.order = read_order(order, writer.model)
        self.seed, self.run = seed, run

    def open(self, source: Source) -> Saved:
        return open_saved(source, self.writers, self.model_key, self.optimizer_key, self.trust)

    def counts(self, source: Source) -> Tuple[Counts, Optional[float]]:
        """Where in its training it was saved, and its batch size."""
        saved = self.open(source)
        return saved.counts, self.numbers(source.path, saved).get("batch_size")

    def training(self, saved: Saved, state: Dict[str, torch.Tensor]) -> Training:
        if saved.optimizer is None:
            return self._of_weights_alone()
        found, notes = snapshot(saved.optimizer, saved.writer, self.order, saved.trainer)
        found.kind = {"adam": "Adam", "adamw": "AdamW", "sgd": "SGD", "gd": "SGD", "nag": "SGD"}.get(self.method or "", found.kind)
        found.sam = found.sam or self.method in ("sam", "usam", "asam")
        training = describe(found, saved.writer.shapes, self.perturbed,
                            of_folder=not (self.method or "").endswith("msam"),
                            undo=self.hyperparameters.get("undo"))
        training.method = self.method or training.method
        training.notes += notes
        if saved.of_others and training.states:
            training.states, training.undo = {}, None
            training.notes.append("the momentum in the file is of the weights that were trained, and left "
                                  "out; optimizer_key= takes it all the same")
        if training.perturbed is None:  # only MSAM's can be: what was said of the folder holds for these
            training.notes.append("MSAM: whether the weights are perturbed is not in the file; give perturbed=True (saved between steps) or "
                                  "perturbed=False (moved back)" + self._hint(saved, state, training))
        if not saved.of_others:
            settle(found, state, training, self._said_of_sam(training))
        return training

    def _said_of_sam(self, training: Training) -> Optional[bool]:
        """What the caller said of weights that a wrapper of SAM may have saved between its steps."""
        method = training.method or ""
        of_sam = method.endswith("sam") and not method.endswith("msam")
        return self.perturbed if of_sam and (self.perturbed is False or self.method is not None) else None

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
        """What may help to tell: the loss at the weights as stored, and where undoing would lead, beside those
        that the file mentions. These decide only if they are of the whole split at one of the points: a mean over
        the batches of an epoch, in training mode and at weights that moved, is none of them."""
        writer = saved.writer
        if writer.data is None or "train" not in writer.data.splits or training.momentum is None:
            return ""
        at = dict(zip(("as stored", "undone", "in the opposite direction"),
                      writer.losses_along(state, training.momentum, (0.0, training.undo, -training.undo))))
        found = ", ".join(f"{value:.6g} {where}" for where, value in at.items())
        return f": train loss {found}" + "".join(f"; {_judged(key, value, at)}" for key, value in _train_losses(saved).items())

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

    def prepare(self, entry: Entry, source: Source) -> "_Waiting":
        saved, target = self.open(source), self.out / source.target
        state = saved.state()
        training = self.training(saved, state)
        run = self.run or identity_of_folder(source.run)
        _demand_own(target, run)
        entry.method, entry.momentum = training.method, training.momentum is not None
        entry.notes = training.notes + saved.notes + saved.writer.outside_note() + ([entry.numbered] if entry.numbered is not None else [])
        bad = sum(int((~torch.isfinite(state[name])).sum()) for name in saved.writer.shapes)
        entry.warnings = [f"{bad} weights are NaN or Inf"] if bad else []
        entry.warnings += [saved.warning] if saved.warning is not None else []
        known = training.perturbed is False and not (training.method or "").endswith("msam")  # MSAM's was at perturbed weights
        said = [dataclasses.replace(r, own=r.own and known) for r in saved.reported]
        file, computed = saved.writer.prepare(target, state, training, epoch=saved.epoch, step=entry.step,
                                              numbers=self.numbers(entry.source, saved), run=run, said=said)
        return _Waiting(entry, file, contradictions(said, computed))


class _Waiting(NamedTuple):
    """A converted file that basin has not been asked about yet."""
    entry: Entry
    file: Pending
    warnings: List[str]


class _Queue:
    """Converted files, of which basin is asked about some at once: one process reads their data once."""

    def __init__(self, tell: Callable[[str], Any]):
        self.tell = tell
        self.waiting: List[_Waiting] = []

    def __enter__(self) -> "_Queue":
        return self

    def __exit__(self, kind: Any, error: Optional[BaseException], trace: Any) -> None:
        """Those that are left, or when the conversion was stopped none of them."""
        if error is None:
            self.settle()
        for item in self.waiting:
            item.file.drop(error)

    def add(self, item: Optional[_Waiting]) -> None:
        if item is None:
            return
        self.waiting.append(item)
        if len(self.waiting) == AT_ONCE:
            self.settle()

    def settle(self) -> None:
        if not self.waiting:
            return
        self.tell(f"comparing {len(self.waiting)} files with basin")
        wrong = deliver([item.file for item in self.waiting])
        for (entry, file, found), error in zip(self.waiting, wrong):
            if error is not None:
                entry.error = str(error)
                continue
            entry.path = file.path
            entry.warnings += found
        self.waiting = []


def _train_losses(saved: Saved) -> Dict[str, float]:
    return {r.stood: r.value for r in saved.reported
            if r.quantity == "loss" and r.split == "train" and r.coverage != "best"}


def _judged(key: str, value: float, at: Mapping[str, float]) -> str:
    """Which of the losses the file's own number is, if it is one and no other."""
    like = [where for where, loss in at.items() if abs(loss - value) <= 1e-3 * abs(value)]
    if len(like) == 1:
        return f"the file's {key} {value:.6g} is that {like[0]}"
    return f"the file's {key} {value:.6g} decides nothing: a mean over batches in training mode is none of these"


def _demand_own(target: Path, run: str) -> None:
    there = kept(target) if target.exists() else None
    if there is not None and there.run is not None and there.run != run:
        raise Error(f"{target} is there already, of another training ({there.run}, this is {run}): it is not overwritten; choose another out=, "
                    "or say run= if they are one")


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
            run: Optional[str] = None, trust: bool = False, check: bool = True,
            progress: Optional[Callable[[str], Any]] = None) -> Conversion:
    """Write every checkpoint of `pattern` («runs/**/*.pt», a folder, or several) as one of basin, in the same
    folders below `out`.

    model: the module, or a function that makes it. order: the parameters' names group by group, or a function that makes the optimizer (or
    its param groups) of the model, where a file's momentum cannot be told apart otherwise. perturbed: of MSAM's files; without it they are
    «unknown». method, hyperparameters: instead of what the files say. seed: a number, or a pattern with one group that finds it in a path.
    run: identity of the one training that all files are of; without it each folder's files get one that says
    only where they came from.
    model_key: where the weights are, «a.b» for nested ones, and for a prefix of names. trust: load a module
    that was pickled whole, with pickle. progress: is told what is being done, a line each time. A file that
    cannot be converted is warned of and listed in `failed`; the others go on.
    """
    tell = progress or (lambda stage: None)
    tell("reading model and data")
    model = model() if callable(model) and not isinstance(model, nn.Module) else model
    if not isinstance(model, nn.Module):
        raise Error(f"model: expected a torch.nn.Module, or a function that makes one, got {type(model).__name__}")
    out = Path(out)
    writer = Writer(unwrap(model), loss=loss, train=train, test=test, dataset=dataset, example_input=example_input, check=check)
    if writer.data is not None:
        writer.data.path = writer.data.write(out)
    job = _Converter(writer, out=out, model_key=model_key, optimizer_key=optimizer_key, method=method, perturbed=perturbed,
                     hyperparameters=hyperparameters, order=order, seed=seed, run=run, trust=trust)
    sources = find_sources(pattern)
    entries = {source: Entry(source.path) for source in sources}
    opened = {}
    for place, source in enumerate(sources, 1):
        tell(f"looking at file {place} of {len(sources)}, {printable(str(source.path))}")
        opened[source] = _attempt(entries[source], lambda: job.counts(source))
    _number_folders({source: found for source, found in opened.items() if found is not None}, entries, writer)
    taken: Dict[Path, Path] = {}
    with _Queue(tell) as queue:
        for place, source in enumerate(sources, 1):
            if opened[source] is None:
                continue
            tell(f"converting file {place} of {len(sources)}, {printable(str(source.path))}")
            if source.target in taken:
                other = taken[source.target]
                entries[source].error = printable(f"would become {out / source.target}, as {other} did")
                continue
            taken[source.target] = source.path
            queue.add(_attempt(entries[source], lambda: job.prepare(entries[source], source)))
    result = Conversion(sorted(entries.values(), key=_place_in_list))
    for entry in result.entries:
        for line in [entry.line()] if entry.error is not None else entry.warning_lines():
            warnings.warn(line, stacklevel=2)
    return result


def _number_folders(opened: Mapping[Source, Tuple[Counts, Optional[float]]], entries: Mapping[Source, Entry],
                    writer: Writer) -> None:
    """The step of each file, which its folder decides."""
    rows = None if writer.data is None or "train" not in writer.data.splits else len(writer.data.splits["train"])
    for run in dict.fromkeys(source.run for source in opened):
        files = [source for source in opened if source.run == run]
        steps, said = number([opened[f][0] for f in files], batches(rows, [opened[f][1] for f in files]))
        for source, step in zip(files, steps):
            entries[source].step, entries[source].epoch = step, opened[source][0].epoch
            entries[source].numbered = said


def _place_in_list(entry: Entry) -> Tuple[Any, ...]:
    numbers_by_value = [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", entry.source.name)]
    return (str(entry.source.parent), -1 if entry.step is None else entry.step,
            -1 if entry.epoch is None else entry.epoch, numbers_by_value)

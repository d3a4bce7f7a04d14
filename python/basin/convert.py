"""A folder of .pt files as basin checkpoints: one trace of the model, then every state dict and optimizer state.

Which tensor does an optimizer's state belong to? In a saved state dict integer ids number the tensors param group by param group. They
follow model.parameters() only where one group holds all; the usual split into decay and no-decay groups would hand layers of equal
shape each other's momentum without a sound. So: names stored in the file (param_names) first, then an order that the caller gives, then
the one full group, then shapes where they leave one match only; otherwise the momentum is left out, and the listing says so.
"""
from __future__ import annotations

import glob
import re
import warnings
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Callable, Dict, List, Mapping, Optional, Sequence, Tuple, Union

import torch
from torch import nn

from .checkpoint import Writer
from .error import Error
from .load import load
from .names import compiled_free, match, parameter_names, unwrap
from .optim import NEVER_PERTURBED, Snapshot, Training, describe

MODEL_KEYS = ("model_state_dict", "state_dict", "model_state", "modelState", "model", "net", "network", "last", "weights", "params")
OPTIMIZER_KEYS = ("base_optimizer_state_dict", "base_optimizer", "optimizer_state_dict", "optimizerState", "optimizer_state", "optimizer",
                  "optim", "opt", "optimizer_states")
STEP_KEYS = ("step", "global_step", "iteration", "iterations", "num_updates")
NUMBERS = {"seed": "seed", "gradient_evaluations": "gradient_evaluations", "seconds": "seconds", "batch_size": "batch_size"}


@dataclass
class Entry:
    """One file of the folder: what became of it."""

    source: Path
    path: Optional[Path] = None
    method: Optional[str] = None
    step: Optional[int] = None
    momentum: bool = False
    notes: List[str] = field(default_factory=list)
    error: Optional[str] = None

    def __str__(self) -> str:
        if self.error is not None:
            return f"{self.source}: {self.error}"
        parts = [f"{self.source} -> {self.path}", self.method or "method unknown", "no step" if self.step is None else f"step {self.step}",
                 "momentum" if self.momentum else "no momentum"]
        return ", ".join(parts) + "".join(f"; {note}" for note in self.notes)


@dataclass
class Conversion:
    """All files, folder by folder in the order of their steps."""

    entries: List[Entry]

    @property
    def written(self) -> List[Path]:
        return [e.path for e in self.entries if e.error is None]

    @property
    def failed(self) -> List[Entry]:
        return [e for e in self.entries if e.error is not None]

    def __str__(self) -> str:
        return "\n".join(str(e) for e in self.entries)


# ----------------------------------------------------------------------------------------------- one file --

@dataclass
class Saved:
    """What a .pt file holds."""

    state: Dict[str, torch.Tensor]
    optimizer: Optional[Mapping[str, Any]]
    epoch: Optional[float]
    steps: Dict[str, int]
    numbers: Dict[str, float]


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


def _open(path: Path, writer: Writer, model_key: Optional[str], optimizer_key: Optional[str], trust: bool) -> Saved:
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
                 {name: value for name, value in numbers.items() if value is not None})


# ---------------------------------------------------------------------------------- whose state is whose --

Order = Union[Sequence[str], Callable[[nn.Module], Any], None]


def _flat_order(order: Order, model: nn.Module) -> Optional[List[str]]:
    """Names group by group: as given, or from the groups or the optimizer that a function makes of the model."""
    if order is None:
        return None
    if callable(order):
        made, names = order(model), parameter_names(model)
        groups = getattr(made, "param_groups", made)
        tensors = [p for group in groups for p in (group["params"] if isinstance(group, Mapping) else [group])]
        if any(id(p) not in names for p in tensors):
            raise Error("order: the function's parameter groups hold tensors that are not parameters of the model")
        return [names[id(p)] for p in tensors]
    known = set(parameter_names(model).values())
    names = [match(name, known) for group in order for name in ([group] if isinstance(group, str) else group)]
    unknown = [name for name in names if name not in known]
    if unknown:
        raise Error(f"order: {unknown[0]} is no parameter of {type(model).__name__}")
    return names


def _state_shapes(optimizer: Mapping[str, Any], ids: Sequence[Any]) -> Dict[Any, Tuple[int, ...]]:
    """Of the ids that have a state: what was never stepped has none."""
    found = {}
    for i in ids:
        tensors = [v for v in optimizer["state"].get(i, {}).values() if isinstance(v, torch.Tensor) and v.dim() > 0]
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


def _names(optimizer: Mapping[str, Any], writer: Writer, order: Optional[List[str]]) -> Tuple[Optional[List[str]], str]:
    """The name of each id, group by group, or None and why not."""
    groups = optimizer["param_groups"]
    ids = [i for group in groups for i in group["params"]]
    everything = list(parameter_names(writer.model).values())
    trained = [name for name, p in zip(everything, writer.model.parameters()) if p.requires_grad]
    if all(len(group.get("param_names") or ()) == len(group["params"]) for group in groups):
        return [match(name, everything) for group in groups for name in group["param_names"]], ""
    if order is not None:
        if len(order) != len(ids):
            raise Error(f"order names {len(order)} tensors, the optimizer has {len(ids)}: an optimizer of another model?")
        return order, ""
    if len(ids) > len(everything):
        raise Error(f"the optimizer has {len(ids)} tensors, {type(writer.model).__name__} {len(everything)}: an optimizer of another model?")
    for names in (everything, trained):
        if len(groups) == 1 and len(ids) == len(names):
            return names, ""
    found = _by_shapes(optimizer, ids, writer)
    return found, "" if found is not None else (
        f"momentum left out: which of it belongs to which tensor is not in the file ({len(groups)} parameter groups, {len(ids)} of "
        f"{len(everything)} tensors, some of equal shape); give order= (names, or the function that makes the groups)")


def _snapshot(optimizer: Mapping[str, Any], writer: Writer, order: Optional[List[str]]) -> Tuple[Snapshot, List[str]]:
    names, why = _names(optimizer, writer, order)
    ids = [i for group in optimizer["param_groups"] for i in group["params"]]
    of = dict(zip(ids, names)) if names is not None else {i: _unnamed(i) for i in ids}
    groups = [{k: v for k, v in group.items() if k not in ("params", "param_names")} for group in optimizer["param_groups"]]
    state = {of[i]: values for i, values in optimizer["state"].items() if i in of and isinstance(values, Mapping)}
    holds = any(key in values for values in state.values() for key in ("momentum_buffer", "exp_avg"))
    return Snapshot(groups, state), [why] if why and holds else []


# --------------------------------------------------------------------------------------------- the folder --

class _Converter:
    """What all files have in common."""

    def __init__(self, writer: Writer, *, out: Path, model_key, optimizer_key, method, perturbed, hyperparameters, order, seed, trust):
        self.writer, self.out = writer, out
        self.model_key, self.optimizer_key, self.trust = model_key, optimizer_key, trust
        self.method, self.perturbed = method, perturbed
        self.hyperparameters = dict(hyperparameters or {})
        self.order = _flat_order(order, writer.model)
        self.seed = seed

    def open(self, source: Path) -> Saved:
        return _open(source, self.writer, self.model_key, self.optimizer_key, self.trust)

    def training(self, saved: Saved) -> Training:
        if saved.optimizer is None:
            plain = self.perturbed if self.perturbed is not None else False if self.method in NEVER_PERTURBED else None
            return Training(method=self.method, perturbed=plain, notes=["no optimizer state in the file"])
        snapshot, notes = _snapshot(saved.optimizer, self.writer, self.order)
        if self.method in ("adam", "adamw"):
            snapshot.kind = {"adam": "Adam", "adamw": "AdamW"}[self.method]
        training = describe(snapshot, self.writer.shapes, self.perturbed, of_folder=not (self.method or "").endswith("msam"))
        training.method = self.method or training.method
        training.notes += notes
        if training.perturbed is None:
            training.notes.append("MSAM: whether the weights are perturbed is not in the file; give perturbed= (True: saved between steps, "
                                  "False: moved back)")
        return training

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
    model = model if isinstance(model, nn.Module) else model()
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

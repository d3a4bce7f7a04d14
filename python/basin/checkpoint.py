"""Writing checkpoints (docs/checkpoint-format.md) from a live model."""
from __future__ import annotations

import copy
import math
import os
import warnings
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple

import h5py
import torch
from torch import nn

from . import command
from .between import settle
from .data import Data, evaluate, from_file, from_torch
from .error import Error, printable
from .files import put, replacing
from .hyper import meant
from .loss import Loss
from .names import compiled_free, parameter_names, unwrap
from .optim import NEVER_PERTURBED, Training, describe, live
from .pending import Pending, deliver
from .reported import Reported
from .run import checked, identity_of
from .trace import double_copy, trace

Tensors = Dict[str, torch.Tensor]
Measured = Dict[str, Tuple[float, float]]  # loss and accuracy by split


class Writer:
    """One model, its graph, loss and data: traced and read once, for any number of checkpoints."""

    def __init__(self, model: nn.Module, *, loss: Any, train: Any = None, test: Any = None, dataset: Any = None, example_input: Any = None,
                 check: bool = True):
        self.model = unwrap(model)
        self.loss = Loss(loss)
        self.data = _data(train, test, dataset, self.loss)
        sample = _sample(example_input, self.data)
        self.kind = _input_kind(self.model, sample)
        self.sample = sample.to(self.kind)
        self.check = check
        self._trace()

    def _trace(self) -> None:
        """orders: in which an optimizer may have the parameters."""
        self.graph, self.net = trace(self.model, self.sample)
        self.orders = [list(parameter_names(self.model).values())]
        self._fit()

    def for_model(self, model: nn.Module) -> "Writer":
        """The same data and loss with another form of the network."""
        other = copy.copy(self)
        other.model = model
        other._trace()
        return other

    @property
    def shapes(self) -> Dict[str, List[int]]:
        """Of each parameter of the graph."""
        return self.graph.parameters

    def _fit(self) -> None:
        """The loss reads the output with its classes last."""
        if self.data is None:
            self.loss.fit(self.graph.output_shape)
        else:
            self.loss.fit(self.graph.output_shape, self.data.targets, self.data.target_shape, self.graph.flattened)
        permutation = self.loss.permutation()
        if permutation is not None:
            taken = {name for node in self.graph.nodes for name in node["outputs"]} | set(self.shapes) | set(self.graph.buffers)
            name = "classes_last"
            while name in taken:
                name += "_"
            self.graph.nodes.append({"name": name, "op": "Transpose", "inputs": [self.graph.output], "outputs": [name],
                                     "attributes": {"perm": permutation}})
            self.graph.output = name

    def live_state(self) -> Tensors:
        """Parameters and buffers of the model as they are now, under the names of its state dict and of its parameters."""
        names = parameter_names(self.model)
        state = {compiled_free(name): tensor.detach() for name, tensor in self.model.state_dict(keep_vars=True).items()
                 if isinstance(tensor, torch.Tensor)}
        return {**state, **{names[id(p)]: p.detach() for p in self.model.parameters()}}

    def write(self, path: Any, state: Tensors, training: Training, **options: Any) -> None:
        """One checkpoint of a state dict, as `prepare` has it. It appears at `path` only when it is whole and basin, if there, computes the
        same loss from it as torch."""
        wrong, = deliver([self.prepare(path, state, training, **options)[0]])
        if wrong is not None:
            raise wrong

    def prepare(self, path: Any, state: Tensors, training: Training, *, epoch: Optional[float] = None, step: Optional[int] = None,
                numbers: Mapping[str, float] = {}, run: Optional[str] = None, anew: bool = False,
                said: Optional[Sequence[Reported]] = None) -> Tuple[Pending, Measured]:
        """The file of one checkpoint, yet to take its place at `path`. run: identity of its training. anew: nothing is to be at `path` yet.
        said: of a conversion, the training's own word. With it, loss and accuracy of each split at theta; nothing where that is not known."""
        path = Path(path)
        state = {**state, **training.theta}
        attributes = _attributes(training, epoch, step, numbers)
        attributes.update(self._module())
        if run is not None:
            attributes["run"] = checked(run)
        with ExitStack() as held:
            part = held.enter_context(replacing(path, anew))
            where = self.data.write(path.parent) if self.data is not None else None
            point, measured = self._measure(state, training, attributes.get("undo"))
            with h5py.File(part, "w") as f:
                self._put(f, state, training, attributes)
                if where is not None:
                    f.create_group("data").attrs.update(path=os.path.relpath(where, path.parent), digest=self.data.digest)
                if point is not None:
                    _record(f, measured, "saving" if said is None else "conversion")
                _report(f, said or ())
                f.attrs["complete"] = 1
            pending = Pending(path, part, as_stored=point is None, held=held.pop_all())
        if self.check and all(math.isfinite(value) for value, _ in measured.values()):  # not of a run that diverged
            pending.expected = {split: value for split, (value, _) in measured.items()}
        return pending, measured if point is not None else {}

    def _put(self, f: h5py.File, state: Tensors, training: Training, attributes: Mapping[str, Any]) -> None:
        """All but the data, and what is recorded of the losses."""
        f.attrs["format"], f.attrs["version"] = "basin checkpoint", 1
        f["graph"] = self.graph.json()
        for group, tensors in [("parameters", state)] + [(f"optimizer/{name}", values) for name, values in training.states.items()]:
            for name in self.shapes:
                put(f, f"{group}/{name}", as_array(tensors[name]))
        for name, value in (training.decay or {}).items() if "weight_decay" not in attributes else ():
            f[f"parameters/{name}"].attrs["weight_decay"] = value
        self._put_buffers(f, state, training)
        f.create_group("training").attrs.update(attributes)
        f.create_group("loss").attrs.update(self.loss.attributes())
        if self.loss.weights is not None:
            put(f, "loss/weights", self.loss.weights)

    def outside(self) -> List[str]:
        """Parameters that are trained, but on which the loss does not depend."""
        return [name for name, p in ((n, p) for p, n in self._named()) if p.requires_grad and name not in self.shapes]

    def outside_note(self) -> List[str]:
        names = self.outside()
        size = sum(p.numel() for p, name in self._named() if name in names)
        return [f"the loss does not depend on {_some(names)}: {size} parameters of the module that are not among basin's P"] if names else []

    def _named(self) -> List[Tuple[nn.Parameter, str]]:
        names = parameter_names(self.model)
        return [(p, names[id(p)]) for p in self.model.parameters()]

    def _module(self) -> Dict[str, Any]:
        """What the module counts, beside what is studied."""
        names = set(self.outside())
        found: Dict[str, Any] = {"module_parameters": sum(p.numel() for p in self.model.parameters()),
                                 "outside_parameters": sum(p.numel() for p, name in self._named() if name in names)}
        if names:
            found["outside"] = _some(self.outside())
        return found

    def _put_buffers(self, f: h5py.File, state: Tensors, training: Training) -> None:
        buffers = self.graph.buffers_from(state)
        for name, value in buffers.items():
            put(f, f"buffers/{name}", as_array(value))
        point = _statistics_point(training)
        if point is not None and any(node["op"] == "BatchNormalization" for node in self.graph.nodes):
            f["buffers"].attrs["point"] = point

    def _measure(self, state: Tensors, training: Training, undo: Optional[float]) -> Tuple[Optional[str], Dict[str, Tuple[float, float]]]:
        """Loss and accuracy of each split by torch, in double precision, at theta; at the weights as stored (point None) if it is not
        known what theta is."""
        if self.data is None:
            return None, {}
        known = training.perturbed is False or (training.perturbed is True and training.momentum is not None and undo is not None)
        self._load(state, training.momentum, undo if training.perturbed and known else 0.0)
        splits = [split for split in ("train", "test") if split in self.data.splits]
        return ("theta" if known else None), {split: self._evaluate(split) for split in splits}

    def losses_along(self, state: Tensors, momentum: Tensors, steps: Sequence[float]) -> List[float]:
        """Of the training split at stored + step · momentum, by torch."""
        found = []
        for step in steps:
            self._load(state, momentum, step)
            found.append(self._evaluate("train")[0])
        return found

    def _evaluate(self, split: str) -> Tuple[float, float]:
        return evaluate(self.net, self.loss, self.data, split, self.kind)

    def _load(self, state: Tensors, momentum: Optional[Tensors], step: float) -> None:
        """Into the copy that torch computes with: parameters + step · momentum, and what the graph takes as buffers."""
        own = {**self.net.state_dict(keep_vars=True), **{name: p for name, p in zip(parameter_names(self.net).values(), self.net.parameters())}}
        with torch.no_grad():
            for name in [*self.shapes, *(key for key in self.graph.state_keys.values() if key is not None)]:
                own[name].copy_(state[name])
            for name in self.shapes if step != 0.0 else ():
                own[name].add_(momentum[name].to("cpu", torch.float64), alpha=step)


def _data(train: Any, test: Any, dataset: Any, loss: Loss) -> Optional[Data]:
    if dataset is not None:
        if train is not None or test is not None:
            raise Error("dataset= and train=, test= exclude each other: a data file has its own splits")
        return from_file(dataset)
    if train is None and test is not None:
        raise Error("test= without train=: basin's losses are those of the training data")
    return from_torch(train, test, loss) if train is not None else None


def _sample(example: Any, data: Optional[Data]) -> torch.Tensor:
    """One input without batch axis, integers as such."""
    if data is not None:
        return torch.from_numpy(data.inputs[0].astype("i8" if data.whole_inputs else "f8"))
    if example is None:
        raise Error("the shape of one sample is not known: give train=, dataset= or example_input= (a batch [N, …])")
    if not isinstance(example, torch.Tensor) or example.dim() < 2:
        found = list(example.shape) if isinstance(example, torch.Tensor) else type(example).__name__
        raise Error(f"example_input: {found}; expected a batch [N, features…]")
    return example[0].detach().to("cpu")


def _input_kind(model: nn.Module, sample: torch.Tensor) -> torch.dtype:
    """int64 for what a module takes as indices, float64 otherwise. Integers in a file may be either: the module decides."""
    if sample.dtype.is_floating_point or sample.dtype == torch.bool:
        return torch.float64
    try:
        with torch.no_grad(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            double_copy(model)(torch.stack([sample, sample]).to(torch.int64))
        return torch.int64
    except Error:
        raise
    except IndexError:  # indices, beyond the table: tracing names it
        return torch.int64
    except Exception:  # whatever the module raises at numbers of this type
        return torch.float64


def _statistics_point(training: Training) -> Optional[str]:
    """Where running statistics were gathered: at the weights that the forward passes of training saw. Those of SAM are θ and θ + ε,
    unless its loop stops the statistics in the second pass."""
    if training.undo == 0.0 or training.method in NEVER_PERTURBED:
        return "theta"
    method = training.method or ""
    return "theta_perturbed" if method.endswith("msam") else "sam" if method.endswith("sam") else None


def as_array(tensor: torch.Tensor):
    """As it is stored."""
    tensor = tensor.detach().cpu()
    return (tensor.float() if tensor.dtype == torch.bfloat16 else tensor).numpy()


def _attributes(training: Training, epoch: Optional[float], step: Optional[int], numbers: Mapping[str, float]) -> Dict[str, Any]:
    """Of the group /training; what the caller gives overrides what the optimizer says."""
    given = meant(numbers)
    found: Dict[str, Any] = {"perturbed": {True: "yes", False: "no", None: "unknown"}[training.perturbed]}
    nesterov = given.pop("nesterov", False)
    if training.method is not None:
        found["method"] = "nag" if nesterov and training.method == "sgd" else training.method
    if training.undo is not None:
        found["undo"] = training.undo
    found.update(training.hyperparameters)
    found.update(given)
    if epoch is not None:
        found["epoch"] = epoch
    if step is not None:
        found["step"] = step
    negative = next((name for name in ("step", "batch_size", "seed", "gradient_evaluations") if found.get(name, 0) < 0), None)
    if negative is not None:
        raise Error(f"{negative}={found[negative]}: expected 0 or more")
    whole = ("batch_size", "seed", "gradient_evaluations", "step", "weight_decay_coupled")
    return {name: value if isinstance(value, str) else int(value) if name in whole else float(value) for name, value in found.items()}


def _some(names: Sequence[str]) -> str:
    return printable(", ".join(names[:8]) + (f" and {len(names) - 8} more" if len(names) > 8 else ""))


def _report(f: h5py.File, said: Sequence[Reported]) -> None:
    """The training's own word."""
    for number, r in enumerate(said):
        f.create_group(f"recorded/reported_{number:03d}").attrs.update(
            quantity=r.quantity, value=r.value, split=r.split, point="theta" if r.own else "unsaid", mode="unsaid", coverage=r.coverage,
            source="training", stood=printable(r.stood))


def _record(f: h5py.File, measured: Measured, source: str) -> None:
    for split, values in measured.items():
        for quantity, value in zip(("loss", "accuracy"), values):
            if math.isfinite(values[0]) and math.isfinite(value):
                f.create_group(f"recorded/{split}_{quantity}").attrs.update(
                    quantity=quantity, value=value, split=split, point="theta", mode="eval", coverage="full", source=source)


def training_of(writer: Writer, state: Tensors, optimizer: Any, perturbed: Optional[bool], method: Optional[str],
                undo: Optional[float] = None) -> Training:
    """Of a live optimizer."""
    training = Training(perturbed=perturbed)
    if optimizer is not None:
        snapshot = live(optimizer, writer.model, writer.shapes)
        training = describe(snapshot, writer.shapes, perturbed, undo=undo)
        settle(snapshot, state, training, perturbed)
    if method is not None:
        training.method = method
    training.notes += writer.outside_note()
    if optimizer is None and perturbed is None and method in (None,) + NEVER_PERTURBED:
        training.perturbed = False
    return training


def save_checkpoint(path: Any, model: nn.Module, *, loss: Any, optimizer: Any = None, train: Any = None, test: Any = None, dataset: Any = None,
                    method: Optional[str] = None, epoch: Optional[float] = None, step: Optional[int] = None,
                    hyperparameters: Optional[Mapping[str, float]] = None, perturbed: Optional[bool] = None, example_input: Any = None,
                    run: Optional[str] = None, check: bool = True) -> Path:
    """Write `model` as a checkpoint of basin.

    loss: a name («cross_entropy», «mse», «bce_with_logits») or torch's loss module. optimizer: gives momentum, method and hyperparameters;
    a SAM wrapper is looked through. train, test: (x, y), a Dataset or a DataLoader, written once as data-….h5 beside the checkpoint; or
    dataset: the path of such a file. perturbed: must be said for MSAM; True between steps, False after moving back. hyperparameters: what
    should be recorded instead or besides (learning_rate, momentum, rho, weight_decay, weight_decay_coupled, batch_size, seed,
    gradient_evaluations, seconds, undo; also by torch's names: lr, betas, nesterov, wd, …). example_input: a
    batch, where no data are given. run: identity of the training, the same in all its checkpoints; made for
    this optimizer (without one, this model) as long as it lives, so give one where a training goes on in
    another process. check: compare the loss with basin's, where the command is found (BASIN, PATH, or build/
    of its repository).
    """
    writer = Writer(model, loss=loss, train=train, test=test, dataset=dataset, example_input=example_input, check=check)
    numbers, state = meant(hyperparameters or {}), writer.live_state()
    training = training_of(writer, state, optimizer, perturbed, method, numbers.get("undo"))
    command.tell(training.notes, path)
    writer.write(path, state, training, epoch=epoch, step=step, numbers=numbers, run=run or identity_of(optimizer, writer.model))
    return Path(path)

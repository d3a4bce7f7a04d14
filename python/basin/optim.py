"""What an optimizer knows: momentum, second moment, hyperparameters, and whether the weights are perturbed.

A live optimizer is matched to the model by the identity of its tensors; a saved state dict by names (convert.py). Both come here
as a Snapshot.

MSAM (M. Becker, F. Altrock, B. Risse, arXiv:2401.12033): between steps the weights are θ − ρ v/‖v‖; the authors' param group
holds rho and inverse_norm_buffer = 1/‖v‖, their AdamW variant norm_factor = [ρ/‖exp_avg‖]. The keys stay when the weights are
moved back for saving: they prove the method, not the state of the weights. The authors' SAM has inverse_norm_buffer = [0] too.

PyTorch's SGD with nesterov=True keeps the look-ahead point θ − ηβv as its weights; they are stored as they are.
"""
from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, Dict, List, Optional

import torch
from torch import nn

from .error import Error
from .names import parameter_names
from .stored import is_tensor, values as numbers_of

NEVER_PERTURBED = ("gd", "sgd", "nag", "adam", "adamw")  # methods whose weights between steps are θ itself
# How a torch class is called in basin; others go by their own name
METHODS = {"SGD": "sgd", "Adam": "adam", "AdamW": "adamw"}
UNDO_TOLERANCE = 1e-3  # of undo · ‖v‖ against rho: optimizers take the norm in single or half precision
# Classes that add weight decay to the gradient; None is a saved state, of SGD unless it holds exp_avg
COUPLED = (None, "SGD", "Adam", "NAdam", "RAdam", "Adamax", "Adagrad", "Adadelta", "ASGD", "RMSprop", "SAM")
# Classes whose state holds no accumulated gradient, whatever their momentum_buffer may be
NO_VELOCITY = ("RMSprop", "Adagrad", "Adadelta", "Rprop", "ASGD", "LBFGS", "Adafactor")
# A saved state does not name its class: options and state that only this one has
SIGNS = {"RMSprop": ("alpha", "centered"), "Adagrad": ("lr_decay", "initial_accumulator_value"), "Adadelta": ("square_avg", "acc_delta"),
         "Rprop": ("etas", "step_sizes"), "ASGD": ("lambd", "t0"), "LBFGS": ("max_iter", "history_size"), "Adafactor": ("beta2_decay",),
         "NAdam": ("momentum_decay",), "Adamax": ("exp_inf",)}


@dataclass
class Snapshot:
    """Options of the param groups, state by parameter name; `kind` is the base optimizer's class, where known; `decay` the weight decay of each
    parameter's group, where it is known which group is whose; `between` what a wrapper keeps between its
    steps, where that is not in the state."""

    groups: List[Dict[str, Any]]
    state: Dict[str, Dict[str, Any]]
    kind: Optional[str] = None
    sam: bool = False
    decay: Dict[str, float] = field(default_factory=dict)
    between: Dict[str, Dict[str, Any]] = field(default_factory=dict)


@dataclass
class Training:
    """For /training, /optimizer and the attributes of /parameters of a checkpoint; perturbed None is unknown; `decay` by parameter, where it
    differs; `theta` are the weights where the ones given are not."""

    method: Optional[str] = None
    perturbed: Optional[bool] = None
    undo: Optional[float] = None
    hyperparameters: Dict[str, float] = field(default_factory=dict)
    states: Dict[str, Dict[str, torch.Tensor]] = field(default_factory=dict)
    decay: Optional[Dict[str, float]] = None
    theta: Dict[str, torch.Tensor] = field(default_factory=dict)
    notes: List[str] = field(default_factory=list)

    @property
    def momentum(self) -> Optional[Dict[str, torch.Tensor]]:
        return self.states.get("momentum")


def _number(group: Dict[str, Any], key: str) -> float:
    """An option: a number, a tensor of one, or (in the authors' code of MSAM) a list of one; 0 where it is
    not there."""
    value = group.get(key) or 0.0 if not is_tensor(group.get(key)) else group[key]
    if isinstance(value, (list, tuple)):
        value = value[0]
    if is_tensor(value) and tuple(value.shape) in ((), (1,)):
        value = numbers_of(value, key).reshape(()).item()
    try:
        found = float(value)
    except (TypeError, ValueError):
        raise Error(f"optimizer: {key} is {value!r}: not a number") from None
    if not math.isfinite(found):
        raise Error(f"optimizer: {key} is {found}: not a finite number")
    return found


def live(optimizer: Any, model: nn.Module, shapes: Dict[str, List[int]]) -> Snapshot:
    """The snapshot of a running optimizer, which must hold the parameters of the graph; a wrapper's base optimizer has the state."""
    base, sam = optimizer, False
    while getattr(base, "base_optimizer", None) is not None and hasattr(base, "param_groups"):
        sam = sam or "sam" in type(base).__name__.lower() or any("rho" in group for group in base.param_groups)
        base = base.base_optimizer
    if not hasattr(base, "param_groups") or not hasattr(base, "state"):
        raise Error(f"optimizer {type(optimizer).__name__}: neither a torch optimizer nor a wrapper with base_optimizer")
    names = parameter_names(model)
    held = {id(p) for group in base.param_groups for p in group["params"]}
    if not held & set(names):
        raise Error(f"optimizer {type(base).__name__}: holds none of the parameters of {type(model).__name__}: an optimizer of another model?")
    outside = [name for key, name in names.items() if key not in held and name in shapes]
    if outside:
        raise Error(f"optimizer {type(base).__name__}: does not hold {outside[0]}{f' and {len(outside) - 1} more' if len(outside) > 1 else ''}: "
                    f"an optimizer of another model, or was a parameter replaced after it was made?")
    groups = [{k: v for k, v in group.items() if k not in ("params", "param_names")} for group in base.param_groups]
    state = {names[id(p)]: values for p, values in base.state.items() if id(p) in names}
    kind = next((c.__name__ for c in type(base).__mro__ if c.__module__.startswith("torch.optim")), type(base).__name__)
    own = type(base).__name__
    decay = {names[id(p)]: _number(group, "weight_decay") for group in base.param_groups for p in group["params"] if id(p) in names}
    kept = getattr(optimizer, "state", {}) if base is not optimizer else {}
    between = {names[id(p)]: {key: values[key] for key in ("old_p", "e_w") if key in values} for p, values in kept.items() if id(p) in names}
    return Snapshot(groups, state, own if kind == "Optimizer" else kind, sam, decay,
                    {name: values for name, values in between.items() if values})


def steps_of(optimizer: Any) -> Optional[int]:
    """The optimizer's own count (Adam and its like have one); None without."""
    while getattr(optimizer, "base_optimizer", None) is not None:
        optimizer = optimizer.base_optimizer
    counts = {int(_number(values, "step")) for values in getattr(optimizer, "state", {}).values() if isinstance(values, dict) and "step" in values}
    return max(counts) if counts else None


# ---------------------------------------------------------------------------------------------- what is it --

def kind_of(groups: List[Dict[str, Any]], state: Dict[str, Dict[str, Any]]) -> Optional[str]:
    """The class that a saved state is of, where it has signs; None for SGD, Adam, AdamW and all unknown ones."""
    keys = {key for holder in [*groups, *state.values()] for key in holder}
    return next((kind for kind, signs in SIGNS.items() if keys.issuperset(signs)), None)


def _has_velocity(s: Snapshot) -> bool:
    """Is momentum_buffer an accumulated gradient? RMSprop and those made after it accumulate scaled ones."""
    return s.kind not in NO_VELOCITY and not any("square_avg" in values for values in s.state.values())


def _is_msam(s: Snapshot) -> bool:
    if s.sam or any("e_w" in values or "old_p" in values for values in s.state.values()):
        return False
    for group in s.groups:
        if "norm_factor" in group:
            return True
        if "inverse_norm_buffer" in group and "rho" in group:
            if (not isinstance(group["inverse_norm_buffer"], (list, tuple))
                    or _number(group, "inverse_norm_buffer") != 0.0):
                return True
    return False


def _is_sam(s: Snapshot) -> bool:
    signed = any("rho" in g and ("adaptive" in g or "inverse_norm_buffer" in g) for g in s.groups)
    return s.sam or (signed and not _is_msam(s))


def _may_be_sam(s: Snapshot) -> bool:
    """A saved state of no known class with a rho, which may be SAM's, or what a schedule of rho writes into any optimizer's options
    (Adadelta has a rho of its own, and neither momentum nor betas)."""
    return s.kind is None and any("rho" in g and ("momentum" in g or "betas" in g) for g in s.groups) and not _is_sam(s) and not _is_msam(s)


def _adam(s: Snapshot) -> bool:
    return any("exp_avg" in values for values in s.state.values()) or any("betas" in group for group in s.groups)


def _base_method(s: Snapshot) -> Optional[str]:
    """None for a saved state that has no sign of any."""
    if _adam(s):
        decoupled = s.kind == "AdamW" or any(group.get("decoupled_weight_decay") or "norm_factor" in group for group in s.groups)
        return METHODS.get(s.kind or "", "adamw" if decoupled else (s.kind or "adam").lower())
    if any(group.get("nesterov") for group in s.groups):
        return "nag"
    if s.kind is None and not any("momentum" in group for group in s.groups) and not any("momentum_buffer" in v for v in s.state.values()):
        return None
    return METHODS.get(s.kind or "SGD", (s.kind or "sgd").lower())


def method_of(s: Snapshot) -> Optional[str]:
    """basin's name. With another base than SGD, SAM and MSAM are other methods: the ceilings of stability differ."""
    if _is_msam(s):
        return "adamw_msam" if _adam(s) else "msam"
    base = _base_method(s)
    if _may_be_sam(s):
        return None
    if _is_sam(s):
        name = "asam" if any(group.get("adaptive") for group in s.groups) else "sam"
        return name if base in ("sgd", None) else base if base.endswith("sam") else f"{base}_{name}"
    return base


def evaluations(method: Optional[str]) -> int:
    """Gradient evaluations of a step: two for SAM, USAM and ASAM, else one."""
    return 2 if method is not None and (method.split("_")[-1] in ("sam", "usam", "asam")) else 1


# ------------------------------------------------------------------------------------------- what it holds --

def _same(s: Snapshot, key: str, training: Training, called: str) -> Optional[float]:
    """The option that all groups share; one that differs is left out, since a checkpoint has one for all parameters."""
    values = sorted({_number(group, key) for group in s.groups if group.get(key) is not None})
    if len(values) > 1:
        training.notes.append(f"{called} differs between parameter groups ({', '.join(f'{v:g}' for v in values)}): left out")
    return values[0] if len(values) == 1 else None


def _decay_of_each(s: Snapshot, shapes: Dict[str, List[int]]) -> Optional[Dict[str, float]]:
    """Of the parameters of the graph, where their weight decays differ and each is known."""
    found = {name: s.decay[name] for name in shapes if name in s.decay}
    return found if len(found) == len(shapes) and len(set(found.values())) > 1 else None


def _decoupled(s: Snapshot) -> bool:
    return _base_method(s) == "adamw" or any(group.get("decoupled_weight_decay") for group in s.groups)


def _hyperparameters(s: Snapshot, shapes: Dict[str, List[int]], training: Training) -> None:
    training.decay = _decay_of_each(s, shapes)
    found = {"learning_rate": _same(s, "lr", training, "learning_rate"), "rho": _same(s, "rho", training, "rho") if _is_sam(s) or _is_msam(s) else None,
             "weight_decay": _same(s, "weight_decay", training, "weight_decay") if training.decay is None else None,
             "momentum": _same(s, "momentum", training, "momentum") if _has_velocity(s) else None}
    if _adam(s) and found["momentum"] is None:
        betas = {_number(group, "betas") for group in s.groups if "betas" in group}
        found["momentum"] = betas.pop() if len(betas) == 1 else None
    if found["weight_decay"] is not None or training.decay is not None:
        if _adam(s) and s.kind is None and found["weight_decay"] != 0.0 and not any(
                "decoupled_weight_decay" in group or "norm_factor" in group for group in s.groups):
            training.notes.append("Adam or AdamW cannot be told apart from the state: weight_decay left out unless method is given")
            del found["weight_decay"]
            training.decay = None
        elif _decoupled(s) or s.kind in COUPLED or _is_msam(s):  # how an unknown class decays is not known
            found["weight_decay_coupled"] = not _decoupled(s)
    training.hyperparameters = {name: value for name, value in found.items() if value is not None}


def _check_rules(s: Snapshot) -> None:
    for group in s.groups:
        if group.get("maximize"):
            raise Error("optimizer: maximize=True; basin studies the loss that is made small: train on its negative")
        if _number(group, "dampening") != 0.0 and _number(group, "momentum") != 0.0:
            raise Error(f"optimizer: dampening={_number(group, 'dampening'):g}; basin's momentum is v <- beta v "
                        "+ g, and the ceilings of stability rest on that: save without optimizer=")


def _moment(s: Snapshot, key: str, shapes: Dict[str, List[int]]) -> Optional[Dict[str, torch.Tensor]]:
    """State `key` of every parameter, None if no parameter has it."""
    found = {name: s.state.get(name, {}).get(key) for name in shapes}
    if all(value is None for value in found.values()):
        return None
    for name, value in found.items():
        if value is None:
            raise Error(f"optimizer: no {key} for {name}, though other parameters have it: was it trained? If it was frozen, give the model "
                        "with requires_grad_(False) for it")
        if not is_tensor(value):
            raise Error(f"optimizer: {key} of {name} is {type(value).__name__}, not a tensor: damaged")
        if list(value.shape) != list(shapes[name]):
            raise Error(f"optimizer: {key} of {name} has shape {list(value.shape)}, the parameter {list(shapes[name])}: "
                        "an optimizer of another model?")
    return {name: numbers_of(value, f"optimizer: {key} of {name}") for name, value in found.items()}


def _states(s: Snapshot, shapes: Dict[str, List[int]], training: Training) -> None:
    if not _has_velocity(s):
        if any("momentum_buffer" in values for values in s.state.values()):
            training.notes.append(f"{s.kind}'s momentum is not an accumulated gradient: left out")
        return
    first = "exp_avg" if _adam(s) else "momentum_buffer"
    for name, key in (("momentum", first), ("second_moment", "exp_avg_sq")):
        values = _moment(s, key, shapes)
        if values is not None:
            training.states[name] = values
    if training.momentum is None and any("old_p" in values or "e_w" in values for values in s.state.values()):
        training.notes.append("the SAM wrapper's state holds no momentum (it is in base_optimizer.state_dict()): stored without")


def _undo(s: Snapshot) -> float:
    """The scalar between θ and the perturbed weights: θ = stored + undo · momentum."""
    found = {_number(g, "norm_factor") if "norm_factor" in g
             else _number(g, "rho") * _number(g, "inverse_norm_buffer") for g in s.groups}
    if len(found) > 1:
        raise Error(f"optimizer: MSAM's groups were perturbed by different factors {sorted(found)}; basin undoes one")
    return found.pop()


def _check_undo(training: Training, rho: Optional[float]) -> None:
    """MSAM moves by rho, so that undo · ‖v‖ = rho: a factor that is 1/‖v‖ would move too far by 1/rho."""
    if training.momentum is None or rho is None or not rho > 0 or not training.undo:
        return
    norm = float(torch.stack([v.detach().to("cpu", torch.float64).norm() for v in training.momentum.values()]).norm())
    moved = abs(training.undo) * norm
    if norm > 0 and abs(moved - rho) > UNDO_TOLERANCE * rho:
        raise Error(f"optimizer MSAM: its factor {training.undo:.6g} times ‖v‖ = {norm:.6g} moves the weights by {moved:.6g}, but rho is "
                    f"{rho:.6g}: which is right? hyperparameters={{\"undo\": {rho / norm:.9g}}} takes rho/‖v‖, {{\"undo\": {training.undo:.9g}}} "
                    "the factor; perturbed=False if the weights were moved back")


def describe(s: Snapshot, shapes: Dict[str, List[int]], perturbed: Optional[bool], of_folder: bool = False, undo: Optional[float] = None) -> Training:
    """All that a checkpoint says of training. `of_folder`: `perturbed` was said of a whole folder, so it holds for files of MSAM only, and
    not to say it leaves them unknown; otherwise it was said of this very optimizer, and for MSAM it must be. undo: instead of what the
    optimizer says."""
    _check_rules(s)
    training = Training(method=method_of(s))
    if training.method is None:
        training.notes.append("a rho among its options does not tell SAM from a schedule of rho over another optimizer: give method= (its name)"
                              if _may_be_sam(s) else "an optimizer that basin does not know: give method= (its name)")
    _hyperparameters(s, shapes, training)
    _states(s, shapes, training)
    if not _is_msam(s):
        training.perturbed = bool(perturbed) and not of_folder
        return training
    if perturbed is None and not of_folder:
        raise Error("optimizer MSAM: are the weights perturbed, as between steps (perturbed=True), or moved back (perturbed=False)? "
                    "Its keys do not tell")
    training.undo = _undo(s) if undo is None else undo
    if perturbed is not False and undo is None:
        _check_undo(training, training.hyperparameters.get("rho"))
    training.perturbed = False if training.undo == 0.0 else perturbed  # before the first step there is nothing to perturb along
    return training

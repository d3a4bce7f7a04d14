"""Weights that a network computes from what was trained: pruned ones, and those under weight or spectral
norm.

A file then holds no «weight» but its parts:

    weight_orig, weight_mask            pruned: weight_orig · weight_mask (torch.nn.utils.prune)
    weight_g, weight_v                  weight norm: g v / ‖v‖ (torch.nn.utils.weight_norm)
    weight_orig, weight_u, weight_v     spectral norm: W / (u' W v) (torch.nn.utils.spectral_norm)

and as parametrizations, behind parametrizations.weight.:

    original0, original1                weight norm, since torch 2.0: g and v
    original, 0._u, 0._v                spectral norm

θ is what was trained: weight_orig, or g and v. The network that the caller gives may have these already; a
bare one is made so here, and traced anew, so that the graph computes the weight as training did.
"""
from __future__ import annotations

import re
from typing import Callable, Dict, FrozenSet, List, Mapping, NamedTuple, Optional, Sequence, Tuple

import torch
from torch import nn
from torch.nn.utils import parametrizations, prune

from .checkpoint import Writer
from .error import Error
from .matching import Expected
from .names import compiled_free, parameter_names
from .stored import Tensor
from .trace import double_copy


class Form(NamedTuple):
    """How a weight is computed. dim: the axis whose norms are numbers of their own, or the first one of the
    matrix; None for all."""

    kind: str
    dim: Optional[int]


# Parts in the file, behind the weight's name; the first has the weight's shape
PARTS = {"pruned": ("_orig", "_mask"), "weight norm": ("_v", "_g"), "spectral norm": ("_orig", "_u", "_v")}
# As parametrizations, behind parametrizations.NAME.
PARAMETRIZED = {"weight norm (parametrization)": ("original1", "original0"),
                "spectral norm (parametrization)": ("original", "0._u", "0._v")}


def _parts(base: str) -> Dict[str, List[str]]:
    """By kind, the names of the parts of a weight."""
    path, _, name = base.rpartition(".")
    inner = f"{path}.parametrizations.{name}." if path else f"parametrizations.{name}."
    return {**{kind: [base + end for end in ends] for kind, ends in PARTS.items()},
            **{kind: [inner + end for end in ends] for kind, ends in PARAMETRIZED.items()}}


def _bases(names: Sequence[str]) -> List[str]:
    """Names of weights whose parts may be there."""
    found: Dict[str, None] = {}
    for name in names:
        old = re.fullmatch(r"(.+)_(orig|g)", name)
        new = re.fullmatch(r"((?:.+\.)?)parametrizations\.([^.]+)\.original0?", name)
        if old or new:
            found[old.group(1) if old else new.group(1) + new.group(2)] = None
    return list(found)


def _dim(kind: str, parts: Sequence[Tensor]) -> Optional[int]:
    """From the shapes of the parts."""
    whole = list(parts[0].shape)
    if kind.startswith("weight norm"):
        axes = [i for i, n in enumerate(parts[1].shape) if n != 1]
        return None if parts[1].dim() == 0 else axes[0] if axes else 0
    if kind.startswith("spectral norm"):
        return 0 if not whole or list(parts[1].shape) == whole[:1] else whole.index(parts[1].shape[0])
    return None


def forms_of(tensors: Mapping[str, Tensor]) -> Tuple[Dict[str, Form], Dict[str, Tensor]]:
    """The weights that are there in parts, and the tensors with one of each weight's shape under its own name
    instead."""
    forms: Dict[str, Form] = {}
    plain = dict(tensors)
    for base in _bases(list(tensors)):
        for kind, names in _parts(base).items():
            if base not in forms and all(name in plain for name in names):
                parts = [plain.pop(name) for name in names]
                forms[base], plain[base] = Form(kind, _dim(kind, parts)), parts[0]
    return forms, plain


def unknown_parametrization(tensors: Mapping[str, Tensor]) -> Optional[str]:
    """A weight that a parametrization of another kind makes."""
    originals = {_parts(base)["spectral norm (parametrization)"][0]: base for base in _bases(list(tensors))}
    return next((base for name, base in originals.items() if name in tensors), None)


# --------------------------------------------------------------------------------------------- the network --

def _prune(module: nn.Module, name: str, form: Form) -> None:
    prune.custom_from_mask(module, name, torch.ones_like(getattr(module, name)))


def _normalise(module: nn.Module, name: str, form: Form) -> None:
    torch.nn.utils.weight_norm(module, name, form.dim)


def _spectral(module: nn.Module, name: str, form: Form) -> None:
    torch.nn.utils.spectral_norm(module, name, dim=form.dim)


def _parametrize_norm(module: nn.Module, name: str, form: Form) -> None:
    made = getattr(parametrizations, "weight_norm", None)
    if made is None:
        raise Error(f"weight norm as a parametrization, which torch {torch.__version__} does not know: it "
                    "needs torch 2.0 or later")
    made(module, name, form.dim)


def _parametrize_spectral(module: nn.Module, name: str, form: Form) -> None:
    parametrizations.spectral_norm(module, name, dim=form.dim)


MAKERS: Dict[str, Callable[[nn.Module, str, Form], None]] = {
    "pruned": _prune, "weight norm": _normalise, "spectral norm": _spectral,
    "weight norm (parametrization)": _parametrize_norm,
    "spectral norm (parametrization)": _parametrize_spectral
}
# Those that go on with the parameter as it was, so that an optimizer may have been made before
SAME_PARAMETER = ("pruned", "spectral norm", "spectral norm (parametrization)")


def _reformed(model: nn.Module, forms: Mapping[str, Form]) -> nn.Module:
    """A copy of the network with these weights computed; in double precision."""
    net = double_copy(model)
    for weight, form in forms.items():
        path, _, name = weight.rpartition(".")
        try:
            MAKERS[form.kind](net.get_submodule(path), name, form)
        except Error:
            raise
        except Exception as error:  # whatever torch says of a module that it cannot do this to
            raise Error(f"{weight} is {form.kind} in the file, which {type(net).__name__} cannot be given "
                        f"({error})") from error
    return net


class Writers:
    """The writer of the network as it was given, and those of it with weights in parts, each traced once."""

    def __init__(self, writer: Writer):
        self.bare = writer
        self.made: Dict[FrozenSet, Writer] = {frozenset(): writer}

    def of(self, forms: Mapping[str, Form]) -> Writer:
        key = frozenset(forms.items())
        if key not in self.made:
            writer = self.bare.for_model(_reformed(self.bare.model, forms))
            if all(form.kind in SAME_PARAMETER for form in forms.values()):
                writer.orders.append(self._order_before(forms))
            self.made[key] = writer
        return self.made[key]

    def _order_before(self, forms: Mapping[str, Form]) -> List[str]:
        """The parameters as an optimizer has them that was made before the weights were taken into parts."""
        return [
            _parts(name)[forms[name].kind][0] if name in forms else name
            for name in parameter_names(self.bare.model).values()
        ]


def expected(writer: Writer) -> Expected:
    """What a state dict of the writer's network has."""
    shapes = {compiled_free(name): list(tensor.shape) for name, tensor in writer.model.state_dict().items()
              if isinstance(tensor, torch.Tensor)}
    needed = [*writer.shapes, *filter(None, writer.graph.state_keys.values())]
    return Expected(type(writer.model).__name__, shapes, needed, writer.graph.aliases)

"""Weights that were saved between the two steps of SAM: θ + ε, of which the wrapper knows ε or θ.

The first step of SAM (P. Foret et al., arXiv:2010.01412) keeps θ as old_p, or ε as e_w, and moves the weights by ε, whose norm is ρ
(of ASAM, arXiv:2102.11600, that of ε/|θ|). The second one goes back and takes the step of the base optimizer. Both leave old_p and e_w
where they are. So with d = weights − old_p:

    d = 0                     the second step was taken in place: θ is stored
    d = −η v                  the step after it: θ is stored
    ‖d‖ = ρ or ‖d/θ‖ = ρ      between the steps: θ is old_p
    anything else             not known

e_w looks the same before and after. What is not known is said, and asked for.
"""
from __future__ import annotations

from typing import Dict, Mapping, Optional, Tuple

import torch

from .optim import Snapshot, Training
from .stored import is_tensor, values as numbers_of

Tensors = Dict[str, torch.Tensor]
TOLERANCE = 1e-3  # relative: of norms in single or half precision
ASK = "; give perturbed=True (saved between them) or perturbed=False (after both)"


def _norm(parts: Tensors) -> float:
    return float(torch.stack([part.norm() for part in parts.values()]).norm())


def _kept(s: Snapshot, key: str, state: Tensors) -> Optional[Tensors]:
    """Of every parameter that has it; None if none has, or one does not fit."""
    found = {name: numbers_of(kept[key], f"optimizer: {key} of {name}").to("cpu", torch.float64)
             for name, kept in {**s.state, **s.between}.items()
             if isinstance(kept, Mapping) and is_tensor(kept.get(key)) and name in state}
    return found if found and all(found[name].shape == state[name].shape for name in found) else None


def _rule(s: Snapshot) -> Tuple[float, float, bool]:
    """ρ, learning rate, is it ASAM."""
    groups = [g for g in s.groups if g.get("rho") is not None]
    rho = float(groups[0]["rho"]) if groups else float("nan")
    rate = float(s.groups[0].get("lr") or float("nan")) if s.groups else float("nan")
    return rho, rate, any(g.get("adaptive") for g in groups)


def _after_a_step(d: Tensors, size: float, training: Training, rate: float) -> bool:
    """Is d the last step, −η v?"""
    v = training.momentum
    if v is None or any(name not in v for name in d):
        return False
    rest = {name: part + rate * v[name].to("cpu", torch.float64) for name, part in d.items()}
    return _norm(rest) <= 0.01 * size


def _by_old(weights: Tensors, old: Tensors, s: Snapshot, training: Training) -> Optional[bool]:
    """Are the weights between the steps? None: not known."""
    d = {name: weights[name] - old[name] for name in old}
    rho, rate, adaptive = _rule(s)
    size, scale = _norm(d), _norm(old)
    if size <= 1e-12 * scale or _after_a_step(d, size, training, rate):
        return False
    moved = _norm({name: torch.where(old[name] != 0, part / old[name].abs(), torch.zeros_like(part)) for name, part in d.items()}) if adaptive else size
    return True if abs(moved - rho) <= TOLERANCE * rho else None


def settle(s: Snapshot, state: Tensors, training: Training, said: Optional[bool]) -> None:
    """Restores θ into training.theta, or makes `perturbed` unknown, where a wrapper of SAM may have been saved between its steps. `said`:
    what the caller knows, where the numbers do not tell."""
    old, shift = _kept(s, "old_p", state), _kept(s, "e_w", state)
    if old is None and shift is None:
        return
    weights = {name: state[name].detach().to("cpu", torch.float64) for name in (old or shift)}
    between = _by_old(weights, old, s, training) if old is not None else (None if _norm(shift) > 0 else False)
    between = said if between is None else between
    if between is None:
        training.perturbed = None
        training.notes.append("the SAM wrapper may have been saved between its two steps: whether the weights are θ or θ + ε is not known" + ASK)
    elif between:
        restored = old if old is not None else {name: weights[name] - shift[name] for name in shift}
        training.theta = {name: value.to(state[name].dtype) for name, value in restored.items()}
        training.perturbed = False
        training.notes.append("saved between the two steps of SAM: θ is stored, the weights before the first of them")
    else:
        training.perturbed = False

"""A tensor of the traced module as basin's graph holds it.

torch may keep the batch N anywhere: [T, N, C] in sequence-first networks, merged with other axes in view(N * T, C). The graph has it
as axis 0, so a term knows its layout: torch's axis `at` is N times the sizes `inner`. The graph's axes are then

    N, torch's axes before `at`, `inner`, torch's axes behind `at`.

A term without batch (parameters, buffers, what is computed from them) has torch's own shape, except that axes along which torch
repeats it for every sample have 1.
"""
from __future__ import annotations

from typing import Optional, Sequence, Tuple

import torch

Shape = Tuple[int, ...]


class Layout:
    """Where torch has the batch."""

    def __init__(self, at: int = 0, inner: Sequence[int] = ()):
        self.at, self.inner = at, tuple(inner)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Layout) and (self.at, self.inner) == (other.at, other.inner)

    @property
    def plain(self) -> bool:
        return self.at == 0 and not self.inner


class Term:
    """name: of the graph's tensor; None for a constant that is not in the graph yet. value: for the batch that was recorded first.
    source: the buffer of the module that a constant is."""

    def __init__(self, name: Optional[str], value: torch.Tensor, layout: Optional[Layout] = None, source: Optional[str] = None):
        self.name, self.value, self.layout, self.source = name, value, layout, source

    @property
    def batched(self) -> bool:
        return self.layout is not None

    @property
    def constant(self) -> bool:
        return self.name is None

    @property
    def sample(self) -> Shape:
        """The graph's shape without the batch."""
        return tuple(self.value.shape[1:]) if self.batched else tuple(self.value.shape)

    @property
    def rank(self) -> int:
        """In torch."""
        return self.value.dim() - (len(self.layout.inner) if self.batched else 0)

    def torch_shape(self, n: int) -> Shape:
        """For a batch of n samples."""
        if not self.batched:
            return tuple(self.value.shape)
        at, inner, sample = self.layout.at, self.layout.inner, self.sample
        return sample[:at] + (n * product(inner),) + sample[at + len(inner):]

    def before_and_behind(self) -> Tuple[Shape, Shape]:
        """torch's sizes on both sides of the batch."""
        at = self.layout.at
        return self.sample[:at], self.sample[at + len(self.layout.inner):]

    def axis(self, i: int) -> Optional[int]:
        """The graph's axis for torch's; None for that with the batch."""
        i = i + self.rank if i < 0 else i
        if not self.batched:
            return i
        if i == self.layout.at:
            return None
        return i + 1 if i < self.layout.at else i + len(self.layout.inner)

    def in_torch(self) -> torch.Tensor:
        """The value as torch has it."""
        if not self.batched:
            return self.value
        at = self.layout.at
        return self.value.movedim(0, at).reshape(self.torch_shape(self.value.shape[0]))


def product(shape: Sequence[int]) -> int:
    size = 1
    for n in shape:
        size *= n
    return size

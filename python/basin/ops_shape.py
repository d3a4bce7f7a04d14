"""Translators of what moves, cuts and joins: reshapes, transposes, indexing, concatenation."""
from __future__ import annotations

from typing import Any, List, Optional, Sequence, Tuple

import torch

from .record import CASTS
from .term import Layout, Shape, Term, product
from .translate import Translator, translates


@translates("contiguous", "clone", "detach", "data", "cpu", "double", "requires_grad", "identity", "positive", "real", "alias",
            *CASTS)
def unchanged(t: Translator, input: Term, *args: Any, **kwargs: Any) -> Term:
    return input


# ---------------------------------------------------------------------------------------------- shapes ------

@translates("view", "reshape", "flatten", "unflatten", "squeeze", "unsqueeze", "view_as", "reshape_as", "ravel")
def by_shape(t: Translator, input: Term, *args: Any, **kwargs: Any) -> Term:
    """The result's shapes for both batches say what happens, whatever the arguments were."""
    return reshape_to(t, input, t.out[0])


def reshape_to(t: Translator, x: Term, shapes: Tuple[Shape, Shape], label: str = "") -> Term:
    """In row-major order, as in torch."""
    first, second = shapes
    differing = [i for i, (m, n) in enumerate(zip(first, second)) if m != n]
    if not x.batched:
        return t.reshape(x, [1 if i in differing else n for i, n in enumerate(first)], label=label)
    j = differing[0] if differing else -1
    if len(differing) != 1 or first[j] % 2 or second[j] * 2 != first[j] * 3 or product(first[:j]) != product(x.before_and_behind()[0]):
        shown = "[" + ", ".join("N" if i == x.layout.at and not x.layout.inner else str(n) for i, n in enumerate(x.torch_shape(2))) + "]"
        raise t.fail(f"{shown} becomes {list(first)} for N = 2: it mixes the samples of a batch")
    size, before, behind = first[j] // 2, first[:j], first[j + 1:]
    middle = x.sample[j:len(x.sample) - len(behind)]
    merged = x.sample[:j] == before and x.sample[len(x.sample) - len(behind):] == behind and product(middle) == size
    if merged and (size > 1 or not middle or len(first) == 1):  # in torch alone
        return Term(x.name, x.value, Layout(j, middle))
    inner = (size,) if size > 1 else ()
    return t.reshape(x, before + inner + behind, Layout(j, inner), label)


def permute_term(t: Translator, x: Term, order: Sequence[int], label: str = "") -> Term:
    """torch's axes in this order."""
    order = [i % x.rank for i in order]
    if not x.batched:
        return x if order == sorted(order) else t.emit("Transpose", [x], {"perm": order}, label=label)
    axes, layout = [0], Layout(order.index(x.layout.at), x.layout.inner)
    for i in order:
        axes += range(1 + i, 1 + i + len(x.layout.inner)) if i == x.layout.at else [x.axis(i)]
    return Term(x.name, x.value, layout) if axes == sorted(axes) else t.emit("Transpose", [x], {"perm": axes}, label=label, layout=layout)


@translates("permute")
def permute(t: Translator, input: Term, *dims: Any) -> Term:
    return permute_term(t, input, dims[0] if len(dims) == 1 and not isinstance(dims[0], int) else dims)


@translates("transpose", "swapaxes", "swapdims")
def transpose(t: Translator, input: Term, dim0: int, dim1: int) -> Term:
    order = list(range(input.rank))
    order[dim0], order[dim1] = order[dim1], order[dim0]
    return permute_term(t, input, order)


@translates("t", "T", "mT", "numpy_T")
def transposed(t: Translator, input: Term) -> Term:
    return permute_term(t, input, range(input.rank - 1, -1, -1)) if t.call.function != "mT" else transpose(t, input, -1, -2)


@translates("movedim", "moveaxis")
def movedim(t: Translator, input: Term, source: Any, destination: Any) -> Term:
    where = torch.movedim(torch.empty(*range(1, input.rank + 1)), source, destination).shape
    return permute_term(t, input, [n - 1 for n in where])


# --------------------------------------------------------------------------------------------- repeating ----

@translates("expand", "expand_as", "broadcast_to")
def expand(t: Translator, input: Term, *sizes: Any) -> Term:
    return _expanded(t, input, t.out[0])


def _expanded(t: Translator, x: Term, shapes: Tuple[Shape, Shape]) -> Term:
    """Along the batch nothing is to be done: what has no batch broadcasts over it."""
    first, second = shapes
    rank = len(first)
    if x.batched:
        at = x.layout.at + rank - x.rank
        before, behind = x.before_and_behind()
        x = t.reshape(x, (1,) * (rank - x.rank) + before + x.layout.inner + behind, Layout(at, x.layout.inner))
        target = first[:at] + x.layout.inner + first[at + 1:]
    else:
        x = t.reshape(x, (1,) * (rank - x.rank) + tuple(x.value.shape))
        target = tuple(1 if m != n else m for m, n in zip(first, second))
    if target == x.sample:
        return x
    return t.emit("Mul", [x, t.constant(torch.ones([n if m != n else 1 for m, n in zip(x.sample, target)], dtype=torch.float64))])


@translates("repeat", "tile")
def repeat(t: Translator, input: Term, *sizes: Any) -> Term:
    sizes = tuple(sizes[0]) if len(sizes) == 1 and not isinstance(sizes[0], int) else sizes
    rank = len(t.out[0][0])
    sizes = (1,) * (rank - len(sizes)) + sizes
    own = (1,) * (rank - input.rank) + input.torch_shape(2)
    tiled = [i for i in range(rank) if own[i] > 1 and sizes[i] > 1]
    if any(i - (rank - input.rank) == input.layout.at for i in tiled) if input.batched else any(t.out[0][0][i] != t.out[0][1][i] for i in tiled):
        raise t.mixes()
    for i in tiled:
        j = i - (rank - input.rank)
        input = t.emit("Concat", [input] * sizes[i], {"axis": t.axis(input, j)}, label="tiles", layout=input.layout)
    return _expanded(t, input, t.out[0])


# ------------------------------------------------------------------------------------- cutting and joining --

@translates("cat", "concat", "concatenate")
def cat(t: Translator, tensors: Sequence[Term], dim: int = 0, axis: Optional[int] = None) -> Term:
    rank = len(t.out[0][0])
    parts = [p for p in tensors if p.rank == rank]  # torch skips empty vectors
    return join(t, parts, (dim if axis is None else axis) % rank)


def join(t: Translator, parts: Sequence[Term], dim: int) -> Term:
    batched = next((p for p in parts if p.batched), None)
    if batched is None:
        return t.emit("Concat", parts, {"axis": dim})
    axis = t.axis(batched, dim)
    aligned, layout = t.align(parts)
    if layout.inner and not all(p.batched for p in parts):
        raise t.unsupported("constants are joined to a tensor whose batch is merged with another axis")
    rank = batched.value.dim()
    aligned = [p if p.batched or p.value.dim() == rank else t.reshape(p, (1,) + tuple(p.value.shape)) for p in aligned]
    return t.emit("Concat", aligned, {"axis": axis}, layout=layout)


@translates("stack")
def stack(t: Translator, tensors: Sequence[Term], dim: int = 0) -> Term:
    rank = tensors[0].rank + 1
    dim %= rank
    shapes = tuple(shape[:dim] + (1,) + shape[dim + 1:] for shape in t.out[0])
    parts = [reshape_to(t, x, shapes, "part") if x.batched else t.reshape(x, tuple(x.value.shape[:dim]) + (1,) + tuple(x.value.shape[dim:]))
             for x in tensors]
    return join(t, parts, dim)


@translates("split", "chunk", "tensor_split", "split_with_sizes")
def split(t: Translator, input: Term, sections: Any = None, dim: int = 0, **sizes: Any) -> List[Term]:
    axis = t.axis(input, dim)
    parts = [shape[dim] for shape, _ in t.out]
    return [input] if len(parts) == 1 else t.emit_several("Split", [input], {"axis": axis, "split": parts}, len(parts))


@translates("unbind")
def unbind(t: Translator, input: Term, dim: int = 0) -> List[Term]:
    parts = split(t, input, None, dim) if len(t.out) == 1 else \
        t.emit_several("Split", [input], {"axis": t.axis(input, dim), "split": [1] * len(t.out)}, len(t.out), "parts")
    return [reshape_to(t, part, shapes, str(i)) for i, (part, shapes) in enumerate(zip(parts, t.out))]


def cut(t: Translator, x: Term, ranges: Sequence[Tuple[int, int, int, int]], label: str = "") -> Term:
    """ranges: (torch's axis, start, end, step), of those that are not whole."""
    if not ranges:
        return x
    axes = [t.axis(x, axis) for axis, _, _, _ in ranges]
    attributes = {"starts": [r[1] for r in ranges], "ends": [r[2] for r in ranges], "axes": axes}
    if any(step != 1 for _, _, _, step in ranges):
        attributes["steps"] = [r[3] for r in ranges]
    return t.emit("Slice", [x], attributes, label=label)


@translates("select")
def select(t: Translator, input: Term, dim: int, index: int) -> Term:
    size = input.torch_shape(2)[dim]
    start = index % size
    return reshape_to(t, cut(t, input, [(dim, start, start + 1, 1)], "cut"), t.out[0])


@translates("narrow")
def narrow(t: Translator, input: Term, dim: int, start: int, length: int) -> Term:
    return cut(t, input, [(dim, start, start + length, 1)])


@translates("roll")
def roll(t: Translator, input: Term, shifts: Any, dims: Any = None) -> Term:
    if dims is None or dims == ():
        raise t.mixes()
    pairs = [(shifts, dims)] if isinstance(shifts, int) else list(zip(shifts, dims))
    for shift, dim in pairs:
        size = input.torch_shape(2)[dim]
        at = -shift % size
        if at:
            parts = [cut(t, input, [(dim, at, size, 1)], "behind"), cut(t, input, [(dim, 0, at, 1)], "before")]
            input = t.emit("Concat", parts, {"axis": t.axis(input, dim)})
    return input


# ---------------------------------------------------------------------------------------------- indexing ----

def take(t: Translator, x: Term, dim: int, index: Term) -> Term:
    """Constant rows along one of torch's axes, or the rows of a table that the input names."""
    if index.batched and (x.batched or dim != 0):
        raise t.unsupported("indices that depend on the input may pick rows of a table only")
    if index.batched:
        return t.emit("Gather", [x, index], layout=index.layout)
    layout = x.layout
    if x.batched and dim < layout.at:
        layout = Layout(layout.at + index.value.dim() - 1, layout.inner)
    return t.emit("Gather", [x, index], {"axis": t.axis(x, dim)}, layout=layout)


@translates("index_select")
def index_select(t: Translator, input: Term, dim: int, index: Term) -> Term:
    return take(t, input, dim % input.rank, index)


@translates("flip")
def flip(t: Translator, input: Term, *dims: Any) -> Term:
    dims = dims[0] if len(dims) == 1 and not isinstance(dims[0], int) else dims
    for dim in dims:
        size = input.torch_shape(2)[dim]
        input = take(t, input, dim % input.rank, t.constant(torch.arange(size - 1, -1, -1)))
    return input


@translates("getitem")
def getitem(t: Translator, input: Term, index: Any) -> Term:
    entries = _whole_index(t, input, index)
    ranges, rows, axis = [], [], 0
    for entry in entries:
        if entry is None:
            continue
        size = input.torch_shape(2)[axis]
        if isinstance(entry, Term):
            rows.append((axis, entry))
        elif isinstance(entry, slice):
            start, stop, step = entry.indices(size)
            if (start, stop, step) != (0, size, 1):
                ranges.append((axis, start, stop, step))
        else:
            ranges.append((axis, entry % size, entry % size + 1, 1))
        axis += 1
    if len(rows) > 1:
        raise t.unsupported("several index tensors at once: index one axis after the other, or reshape")
    x = cut(t, input, ranges, "cut" if rows or any(not isinstance(e, slice) for e in entries) else "")
    if rows:
        x = take(t, x, *rows[0])
        return x if not any(e is None or isinstance(e, int) for e in entries) else reshape_to(t, x, t.out[0])
    return reshape_to(t, x, t.out[0])


def _whole_index(t: Translator, x: Term, index: Any) -> List[Any]:
    """One entry for each of torch's axes, and None for each new one."""
    entries: List[Any] = []
    given = list(index) if isinstance(index, tuple) else [index]
    used = sum(1 for e in given if e is not None and e is not Ellipsis)
    for e in given:
        if isinstance(e, bool):
            raise t.unsupported("an index that is a boolean")
        if e is Ellipsis:
            entries += [slice(None)] * (x.rank - used)
        elif isinstance(e, list):
            entries.append(t.constant(torch.tensor(e)))
        elif isinstance(e, Term) and e.value.dtype == torch.bool:
            if e.value.dim() != 1:
                raise t.unsupported("a boolean index of several axes: use torch.where")
            entries.append(t.constant(e.value.nonzero().reshape(-1)))
        else:
            entries.append(e)
    if Ellipsis not in [e for e in given if not isinstance(e, Term)]:
        entries += [slice(None)] * (x.rank - used)
    return entries

"""What each op of basin's graph computes, in torch: the table of docs/checkpoint-format.md «/graph», line by line.

Tensors that depend on the input have the batch as axis 0; the others broadcast. A missing optional input is None.
"""
from __future__ import annotations

from typing import Any, Callable, Dict, List, Optional, Sequence

import torch
import torch.nn.functional as F

Tensor = torch.Tensor
Attributes = Dict[str, Any]


# ------------------------------------------------------------------------------------------------ products --

def _gemm(a: Attributes, x: Tensor, w: Tensor, c: Optional[Tensor] = None) -> Tensor:
    y = a.get("alpha", 1.0) * (x @ (w.t() if a.get("transB") else w))
    return y if c is None else y + a.get("beta", 1.0) * c


def _attention(a: Attributes, q: Tensor, k: Tensor, v: Tensor, mask: Optional[Tensor] = None) -> Tensor:
    scores = a.get("scale", q.shape[-1] ** -0.5) * (q @ k.transpose(-1, -2))
    if a.get("is_causal"):
        scores = scores.masked_fill(torch.ones(scores.shape[-2:], dtype=torch.bool).triu(1), float("-inf"))
    return torch.softmax(scores if mask is None else scores + mask, -1) @ v


# ------------------------------------------------------------------------------------------ over the space --

def _padded(x: Tensor, pads: Sequence[int], axes: int, value: float = 0.0) -> Tensor:
    """`pads`: all begins, then all ends, of the last `axes` axes."""
    if not any(pads):
        return x
    torchs: List[int] = []
    for i in reversed(range(axes)):
        torchs += [pads[i], pads[i + axes]]
    return F.pad(x, torchs, value=value)


def _conv(a: Attributes, x: Tensor, w: Tensor, b: Optional[Tensor] = None) -> Tensor:
    d = w.dim() - 2
    x = _padded(x, a.get("pads", [0] * 2 * d), d)
    return (F.conv1d if d == 1 else F.conv2d)(x, w, b, a.get("strides", [1] * d), 0, a.get("dilations", [1] * d), a.get("group", 1))


def _max_pool(a: Attributes, x: Tensor) -> Tensor:
    d = len(a["kernel_shape"])
    x = _padded(x, a.get("pads", [0] * 2 * d), d, float("-inf"))
    pool = F.max_pool1d if d == 1 else F.max_pool2d
    return pool(x, a["kernel_shape"], a.get("strides", [1] * d), 0, a.get("dilations", [1] * d), bool(a.get("ceil_mode", 0)))


def _average_pool(a: Attributes, x: Tensor) -> Tensor:
    d = len(a["kernel_shape"])
    pool, pads = F.avg_pool1d if d == 1 else F.avg_pool2d, a.get("pads", [0] * 2 * d)
    window = (a["kernel_shape"], a.get("strides", [1] * d), 0, bool(a.get("ceil_mode", 0)))
    y = pool(_padded(x, pads, d), *window)
    return y if a.get("count_include_pad") or not any(pads) else y / pool(_padded(torch.ones_like(x), pads, d), *window)


# ------------------------------------------------------------------------------------------------- norms ----

def _batch_normalization(a: Attributes, x: Tensor, scale: Optional[Tensor], b: Optional[Tensor], mean: Tensor, var: Tensor) -> Tensor:
    """With the statistics that are stored."""
    def channels(t: Tensor) -> Tensor:
        return t.reshape([-1] + [1] * (x.dim() - 2))
    y = (x - channels(mean)) / torch.sqrt(channels(var) + a.get("epsilon", 1e-5))
    y = y if scale is None else y * channels(scale)
    return y if b is None else y + channels(b)


def _layer_normalization(a: Attributes, x: Tensor, scale: Optional[Tensor] = None, b: Optional[Tensor] = None) -> Tensor:
    axis = a.get("axis", -1)
    return F.layer_norm(x, x.shape[axis:], scale, b, a.get("epsilon", 1e-5))


def _group_normalization(a: Attributes, x: Tensor, scale: Optional[Tensor] = None, b: Optional[Tensor] = None) -> Tensor:
    return F.group_norm(x, a["num_groups"], scale, b, a.get("epsilon", 1e-5))


# ------------------------------------------------------------------------------------------------- shapes ---

def _reshape(a: Attributes, x: Tensor) -> Tensor:
    return x.reshape([x.shape[i] if n == 0 else n for i, n in enumerate(a["shape"])])


def _squeeze(a: Attributes, x: Tensor) -> Tensor:
    axes = [i % x.dim() for i in a["axes"]]
    return x.reshape([n for i, n in enumerate(x.shape) if i not in axes])


def _unsqueeze(a: Attributes, x: Tensor) -> Tensor:
    rank = x.dim() + len(a["axes"])
    axes, rest = [i % rank for i in a["axes"]], iter(x.shape)
    return x.reshape([1 if i in axes else next(rest) for i in range(rank)])


def _concat(a: Attributes, *parts: Tensor) -> Tensor:
    """An unbatched part (first dimension 1) is repeated for every sample."""
    n = max(p.shape[0] for p in parts)
    if a["axis"] not in (0, -parts[0].dim()):
        parts = tuple(p.expand(n, *p.shape[1:]) for p in parts)
    return torch.cat(parts, a["axis"])


def _slice(a: Attributes, x: Tensor) -> Tensor:
    where = [slice(None)] * x.dim()
    for axis, start, end, step in zip(a["axes"], a["starts"], a["ends"], a.get("steps", [1] * len(a["axes"]))):
        where[axis] = slice(start, end, step)
    return x[tuple(where)]


def _gather(a: Attributes, data: Tensor, indices: Tensor) -> Tensor:
    axis = a.get("axis", 0) % data.dim()
    rows = torch.index_select(data, axis, indices.reshape(-1).long())
    return rows.reshape(data.shape[:axis] + indices.shape + data.shape[axis + 1:])


def _clip(a: Attributes, x: Tensor) -> Tensor:
    return torch.clamp(x, a.get("min"), a.get("max"))


COMPUTE: Dict[str, Callable] = {
    "Gemm": _gemm,
    "MatMul": lambda a, x, y: x @ y,
    "Conv": _conv,
    "MaxPool": _max_pool,
    "AveragePool": _average_pool,
    "GlobalAveragePool": lambda a, x: x.mean(dim=tuple(range(2, x.dim())), keepdim=True),
    "BatchNormalization": _batch_normalization,
    "LayerNormalization": _layer_normalization,
    "GroupNormalization": _group_normalization,
    "Add": lambda a, x, y: x + y,
    "Sub": lambda a, x, y: x - y,
    "Mul": lambda a, x, y: x * y,
    "Div": lambda a, x, y: x / y,
    "Pow": lambda a, x, y: x ** y,
    "Where": lambda a, condition, x, y: torch.where(condition != 0, x, y),
    "Relu": lambda a, x: F.relu(x),
    "Tanh": lambda a, x: torch.tanh(x),
    "Sigmoid": lambda a, x: torch.sigmoid(x),
    "Softplus": lambda a, x: F.softplus(x),
    "Silu": lambda a, x: F.silu(x),
    "Sqrt": lambda a, x: torch.sqrt(x),
    "Erf": lambda a, x: torch.erf(x),
    "Exp": lambda a, x: torch.exp(x),
    "Log": lambda a, x: torch.log(x),
    "Neg": lambda a, x: -x,
    "Abs": lambda a, x: torch.abs(x),
    "Reciprocal": lambda a, x: 1 / x,
    "LeakyRelu": lambda a, x: F.leaky_relu(x, a.get("alpha", 0.01)),
    "Elu": lambda a, x: F.elu(x, a.get("alpha", 1.0)),
    "Gelu": lambda a, x: F.gelu(x, approximate=a.get("approximate", "none")),
    "Clip": _clip,
    "Softmax": lambda a, x: torch.softmax(x, a.get("axis", -1)),
    "LogSoftmax": lambda a, x: torch.log_softmax(x, a.get("axis", -1)),
    "Attention": _attention,
    "ReduceMean": lambda a, x: x.mean(dim=a["axes"], keepdim=bool(a.get("keepdims", 1))),
    "ReduceSum": lambda a, x: x.sum(dim=a["axes"], keepdim=bool(a.get("keepdims", 1))),
    "Flatten": lambda a, x: x.reshape(x.shape[0], -1),
    "Reshape": _reshape,
    "Transpose": lambda a, x: x.permute(a["perm"]),
    "Squeeze": _squeeze,
    "Unsqueeze": _unsqueeze,
    "Concat": _concat,
    "Slice": _slice,
    "Split": lambda a, x: torch.split(x, a["split"], a["axis"]),
    "Gather": _gather,
    "Pad": lambda a, x: _padded(x, a["pads"], x.dim(), a.get("value", 0.0)),
    "Identity": lambda a, x: x,
    "Dropout": lambda a, x: x,
}

"""Translators of what works over space: convolutions, pooling, padding; and of normalisations."""
from __future__ import annotations

from typing import Any, List, Optional, Sequence, Tuple, Union

import torch

from .term import Shape, Term, product
from .translate import Translator, translates

Sizes = Union[int, Sequence[int]]


def _each(sizes: Sizes, axes: int) -> List[int]:
    """One number for each axis."""
    sizes = [sizes] if isinstance(sizes, int) else list(sizes)
    return [int(n) for n in (sizes * axes if len(sizes) == 1 else sizes)]


def _space(t: Translator, x: Term, axes: int) -> Shape:
    """The sizes of space of an input [N, C, …]."""
    t.plain(x)
    if not x.batched or x.rank != axes + 2:
        raise t.fail(f"its input has {x.rank} axes; basin computes it on [N, C] and {axes} of space")
    return tuple(x.value.shape[2:])


def _without_defaults(**attributes: Any) -> dict:
    """What is not as it would be anyway: 1s, and pads of 0."""
    default = {"pads": 0, "ceil_mode": 0, "count_include_pad": 0}
    return {name: value for name, value in attributes.items()
            if any(v != default.get(name, 1) for v in (value if isinstance(value, list) else [value]))}


# ------------------------------------------------------------------------------------------ convolutions -----

@translates("conv1d", "conv2d")
def conv(t: Translator, input: Term, weight: Term, bias: Optional[Term] = None, stride: Sizes = 1, padding: Union[str, Sizes] = 0,
         dilation: Sizes = 1, groups: int = 1) -> Term:
    axes = weight.rank - 2
    _space(t, input, axes)
    if weight.name in t.by_output or (bias is not None and bias.name in t.by_output):
        raise t.fail("its weight is computed, not a parameter (pruning, weight norm or another "
                     "parametrization?), and basin convolves with parameters only; remove that first")
    dilations = _each(dilation, axes)
    if padding == "same":
        whole = [d * (k - 1) for d, k in zip(dilations, weight.value.shape[2:])]
        pads = [n // 2 for n in whole] + [n - n // 2 for n in whole]
    else:
        pads = [0] * 2 * axes if padding == "valid" else _each(padding, axes) * 2
    return t.emit("Conv", [input, weight, bias], _without_defaults(strides=_each(stride, axes), pads=pads, dilations=dilations, group=int(groups)))


@translates("pad")
def pad(t: Translator, input: Term, pad: Sequence[int], mode: str = "constant", value: Optional[float] = None) -> Term:
    if mode != "constant":
        raise t.unsupported(f"mode {mode}: basin pads with constants (padding_mode=\"zeros\")")
    if any(n < 0 for n in pad):
        raise t.unsupported("negative pads: slice instead")
    rank = input.value.dim()
    pads = [0] * 2 * rank
    for i in range(len(pad) // 2):
        axis = t.axis(input, -1 - i)
        pads[axis], pads[axis + rank] = int(pad[2 * i]), int(pad[2 * i + 1])
    return t.emit("Pad", [input], {"pads": pads, **({"value": float(value)} if value else {})})


# ----------------------------------------------------------------------------------------------- pooling -----

def _leaves_a_rest(space: Shape, kernel: List[int], stride: List[int], padding: List[int], dilation: List[int]) -> bool:
    """Rounding up gives another number of windows than rounding down."""
    return any((n + 2 * p - d * (k - 1) - 1) % s for n, k, s, p, d in zip(space, kernel, stride, padding, dilation))


@translates("max_pool1d", "max_pool2d", "max_pool1d_with_indices", "max_pool2d_with_indices")
def max_pool(t: Translator, input: Term, kernel_size: Sizes, stride: Optional[Sizes] = None, padding: Sizes = 0, dilation: Sizes = 1,
             ceil_mode: bool = False, return_indices: bool = False) -> Any:
    axes = 1 if "1d" in t.call.function else 2
    space, kernel = _space(t, input, axes), _each(kernel_size, axes)
    strides, padding, dilations = _each(kernel_size if stride is None or stride == [] else stride, axes), _each(padding, axes), _each(dilation, axes)
    up = ceil_mode and _leaves_a_rest(space, kernel, strides, padding, dilations)
    attributes = _without_defaults(strides=strides, pads=padding * 2, dilations=dilations, ceil_mode=int(up))
    pooled = t.emit("MaxPool", [input], {"kernel_shape": kernel, **attributes})
    return [pooled, t.fail("its indices are used")] if t.call.several else pooled


@translates("avg_pool1d", "avg_pool2d")
def avg_pool(t: Translator, input: Term, kernel_size: Sizes, stride: Optional[Sizes] = None, padding: Sizes = 0, ceil_mode: bool = False,
             count_include_pad: bool = True, divisor_override: Optional[int] = None) -> Term:
    axes = 1 if "1d" in t.call.function else 2
    space, kernel = _space(t, input, axes), _each(kernel_size, axes)
    strides, padding = _each(kernel_size if stride is None or stride == [] else stride, axes), _each(padding, axes)
    if divisor_override is not None or (ceil_mode and _leaves_a_rest(space, kernel, strides, padding, [1] * axes)):
        raise t.unsupported("divisor_override, and ceil_mode where windows reach over the edge, are not known to basin")
    return _average(t, input, kernel, strides, padding, count_include_pad)


def _average(t: Translator, x: Term, kernel: List[int], strides: List[int], padding: List[int], count: bool) -> Term:
    attributes = _without_defaults(strides=strides, pads=padding * 2, count_include_pad=int(count and any(padding)))
    return t.emit("AveragePool", [x], {"kernel_shape": kernel, **attributes})


@translates("adaptive_avg_pool1d", "adaptive_avg_pool2d")
def adaptive_avg_pool(t: Translator, input: Term, output_size: Any) -> Term:
    space, sizes = _from_and_to(t, input, output_size)
    if any(n % size for n, size in zip(space, sizes)):
        return _average_by_products(t, input, space, sizes)
    kernel = [n // size for n, size in zip(space, sizes)]
    if kernel == list(space):
        return t.emit("GlobalAveragePool", [input])
    return input if set(kernel) == {1} else _average(t, input, kernel, kernel, [0] * len(kernel), False)


def _average_by_products(t: Translator, x: Term, space: Shape, sizes: List[int]) -> Term:
    """Windows of several sizes, from floor(i n / size) to ceil((i + 1) n / size): a matrix of their means for each axis."""
    for axis, (n, size) in enumerate(zip(space, sizes)):
        means = torch.zeros(n, size, dtype=torch.float64)
        for i in range(size):
            start, end = i * n // size, -(-(i + 1) * n // size)
            means[start:end, i] = 1 / (end - start)
        if axis == len(space) - 1:
            x = t.emit("Gemm", [x, t.constant(means)], {"transB": 0}, label="last" if len(space) > 1 else "")
        else:
            x = t.emit("MatMul", [t.constant(means.t().contiguous()), x], label="first")
    return x


@translates("adaptive_max_pool1d", "adaptive_max_pool2d")
def adaptive_max_pool(t: Translator, input: Term, output_size: Any, return_indices: bool = False) -> Any:
    space, sizes = _from_and_to(t, input, output_size)
    if any(n % size for n, size in zip(space, sizes)):
        raise t.unsupported(f"{list(space)} to {sizes}: the windows are not of one size; basin needs sizes that divide the input's")
    kernel = [n // size for n, size in zip(space, sizes)]
    pooled = t.emit("MaxPool", [input], {"kernel_shape": kernel, **_without_defaults(strides=kernel)})
    return [pooled, t.fail("its indices are used")] if t.call.several else pooled


def _from_and_to(t: Translator, x: Term, output_size: Any) -> Tuple[Shape, List[int]]:
    axes = 1 if "1d" in t.call.function else 2
    space = _space(t, x, axes)
    sizes = [output_size] * axes if output_size is None or isinstance(output_size, int) else list(output_size)
    return space, [n if size is None else size for n, size in zip(space, sizes)]


# --------------------------------------------------------------------------------------- normalisations ------

@translates("batch_norm")
def batch_norm(t: Translator, input: Term, running_mean: Optional[Term] = None, running_var: Optional[Term] = None, weight: Optional[Term] = None,
               bias: Optional[Term] = None, training: bool = False, momentum: float = 0.1, eps: float = 1e-5, *_: Any) -> Term:
    if training or running_mean is None:
        raise t.fail("it normalises with the statistics of the batch, which mixes its samples; basin needs running statistics "
                     "(track_running_stats=True, evaluation mode)")
    statistics = [weight, bias, running_mean, running_var]
    if not input.batched or input.rank != 2 or input.layout.plain:
        return t.emit("BatchNormalization", [t.plain(input), *statistics], {"epsilon": float(eps)})
    layout, sample = input.layout, input.sample  # [N·T, C] in torch: over T as over space
    y = t.emit("Transpose", [t.reshape(input, (product(sample[:-1]), sample[-1]), label="tokens")], {"perm": [0, 2, 1]}, label="channels")
    y = t.emit("BatchNormalization", [y, *statistics], {"epsilon": float(eps)}, label="normed")
    return t.reshape(t.emit("Transpose", [y], {"perm": [0, 2, 1]}, layout=layout), sample, layout)


@translates("layer_norm")
def layer_norm(t: Translator, input: Term, normalized_shape: Sequence[int], weight: Optional[Term] = None, bias: Optional[Term] = None,
               eps: float = 1e-5, *_: Any) -> Term:
    for i in range(len(normalized_shape)):
        t.axis(input, -1 - i)
    return t.emit("LayerNormalization", [input, weight, bias], {"axis": -len(normalized_shape), "epsilon": float(eps)})


@translates("group_norm")
def group_norm(t: Translator, input: Term, num_groups: int, weight: Optional[Term] = None, bias: Optional[Term] = None, eps: float = 1e-5,
               *_: Any) -> Term:
    t.plain(input)
    return t.emit("GroupNormalization", [input, weight, bias], {"num_groups": int(num_groups), "epsilon": float(eps)})


@translates("instance_norm")
def instance_norm(t: Translator, input: Term, running_mean: Optional[Term] = None, running_var: Optional[Term] = None, weight: Optional[Term] = None,
                  bias: Optional[Term] = None, use_input_stats: bool = True, momentum: float = 0.1, eps: float = 1e-5, *_: Any) -> Term:
    """Of its own statistics: every channel is a group."""
    t.plain(input)
    if not use_input_stats:
        return batch_norm(t, input, running_mean, running_var, weight, bias, False, momentum, eps)
    return group_norm(t, input, input.value.shape[1], weight, bias, eps)

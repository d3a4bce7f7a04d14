"""Translators of what torch computes element by element, and of softmax and sums along axes."""
from __future__ import annotations

import math
from typing import Any, Callable, Optional, Sequence, Union

import torch

from .term import Layout, Term
from .translate import Translator, translates

Operand = Union[Term, float]


def binary(t: Translator, op: str, a: Operand, b: Operand, label: str = "") -> Term:
    (x, y), layout = t.align([t.constant(a), t.constant(b)])
    return t.emit(op, [x, y], label=label, layout=layout)


def unary(t: Translator, op: str, x: Term, label: str = "", **attributes: Any) -> Term:
    return t.emit(op, [x], attributes, label=label)


def _number(x: Operand) -> Optional[float]:
    if isinstance(x, Term):
        return float(x.value) if x.constant and x.value.dim() == 0 else None
    return float(x)


def _scaled(t: Translator, x: Operand, alpha: float) -> Operand:
    return x if alpha == 1 else binary(t, "Mul", x, alpha, "scaled") if isinstance(x, Term) else alpha * x


# ------------------------------------------------------------------------------------------- arithmetic -----

@translates("add", "radd")
def add(t: Translator, input: Operand, other: Operand, alpha: float = 1) -> Term:
    return binary(t, "Add", input, _scaled(t, other, alpha))


@translates("sub", "subtract")
def sub(t: Translator, input: Operand, other: Operand, alpha: float = 1) -> Term:
    return binary(t, "Sub", input, _scaled(t, other, alpha))


@translates("rsub")
def rsub(t: Translator, input: Operand, other: Operand, alpha: float = 1) -> Term:
    return sub(t, other, input, alpha)


@translates("mul", "multiply", "rmul")
def mul(t: Translator, input: Operand, other: Operand) -> Term:
    return binary(t, "Mul", input, other)


@translates("div", "divide", "true_divide", "truediv")
def div(t: Translator, input: Operand, other: Operand, rounding_mode: Optional[str] = None) -> Term:
    if rounding_mode is not None:
        raise t.unsupported("rounding has no derivative")
    return unary(t, "Reciprocal", other) if _number(input) == 1 and isinstance(other, Term) else binary(t, "Div", input, other)


@translates("rdiv", "rtruediv")
def rdiv(t: Translator, input: Operand, other: Operand) -> Term:
    return div(t, other, input)


@translates("addcmul")
def addcmul(t: Translator, input: Term, tensor1: Term, tensor2: Term, value: float = 1) -> Term:
    return add(t, input, binary(t, "Mul", tensor1, tensor2, "product"), value)


@translates("lerp")
def lerp(t: Translator, input: Term, end: Term, weight: Operand) -> Term:
    return add(t, input, binary(t, "Mul", binary(t, "Sub", end, input, "difference"), weight, "scaled"))


@translates("pow")
def power(t: Translator, input: Operand, exponent: Operand) -> Term:
    number = _number(exponent)
    if number is None and isinstance(input, Term):  # of positive numbers
        return unary(t, "Exp", binary(t, "Mul", unary(t, "Log", input, "log"), exponent, "exponent"))
    if number is None:
        return rpow(t, exponent, input)
    if number == 2:
        return binary(t, "Mul", input, input)
    if number == 0.5:
        return unary(t, "Sqrt", input)
    if number == -1:
        return unary(t, "Reciprocal", input)
    return t.emit("Pow", [input, t.constant(number)])


@translates("rpow")
def rpow(t: Translator, input: Term, other: Operand) -> Term:
    base = _number(other)
    if base is None or not base > 0:
        raise t.unsupported("the base of a variable power must be a positive number")
    return unary(t, "Exp", binary(t, "Mul", input, math.log(base), "exponent"))


@translates("square")
def square(t: Translator, input: Term) -> Term:
    return binary(t, "Mul", input, input)


@translates("rsqrt")
def rsqrt(t: Translator, input: Term) -> Term:
    return unary(t, "Reciprocal", unary(t, "Sqrt", input, "root"))


@translates("expm1")
def expm1(t: Translator, input: Term) -> Term:
    return binary(t, "Sub", unary(t, "Exp", input, "exp"), 1.0)


@translates("log1p")
def log1p(t: Translator, input: Term) -> Term:
    return unary(t, "Log", binary(t, "Add", input, 1.0, "shifted"))


@translates("clamp", "clip", "clamp_min", "clamp_max")
def clamp(t: Translator, input: Term, min: Optional[Operand] = None, max: Optional[Operand] = None) -> Term:
    if t.call.function.strip("_") == "clamp_max":
        min, max = None, min if max is None else max
    limits = {"min": None if min is None else _number(min), "max": None if max is None else _number(max)}
    if any(limits[name] is None and given is not None for name, given in (("min", min), ("max", max))):
        raise t.unsupported("limits must be numbers")
    return unary(t, "Clip", input, **{name: limit for name, limit in limits.items() if limit is not None})


@translates("maximum", "minimum")
def larger(t: Translator, input: Term, other: Term) -> Term:
    """max(x, y) = y + relu(x - y), min(x, y) = y - relu(y - x)."""
    if t.call.function == "maximum":
        return binary(t, "Add", other, unary(t, "Relu", binary(t, "Sub", input, other, "difference"), "relu"))
    return binary(t, "Sub", other, unary(t, "Relu", binary(t, "Sub", other, input, "difference"), "relu"))


# ------------------------------------------------------------------------------------------ activations -----

def _plain(op: str) -> Callable[..., Term]:
    def translator(t: Translator, input: Term, inplace: bool = False) -> Term:
        return unary(t, op, input)
    return translator


for _name, _op in {"relu": "Relu", "tanh": "Tanh", "sigmoid": "Sigmoid", "special_expit": "Sigmoid", "silu": "Silu", "exp": "Exp", "log": "Log",
                   "sqrt": "Sqrt", "erf": "Erf", "special_erf": "Erf", "neg": "Neg", "negative": "Neg", "abs": "Abs", "absolute": "Abs",
                   "reciprocal": "Reciprocal"}.items():
    translates(_name)(_plain(_op))


@translates("leaky_relu")
def leaky_relu(t: Translator, input: Term, negative_slope: float = 0.01, inplace: bool = False) -> Term:
    return unary(t, "LeakyRelu", input, alpha=float(negative_slope))


@translates("rrelu")
def rrelu(t: Translator, input: Term, lower: float = 1 / 8, upper: float = 1 / 3, training: bool = False, inplace: bool = False) -> Term:
    if training:
        raise t.fail("it stays random in evaluation mode; write training=self.training")
    return unary(t, "LeakyRelu", input, alpha=(lower + upper) / 2)


@translates("elu")
def elu(t: Translator, input: Term, alpha: float = 1.0, inplace: bool = False) -> Term:
    return unary(t, "Elu", input, alpha=float(alpha))


@translates("celu")
def celu(t: Translator, input: Term, alpha: float = 1.0, inplace: bool = False) -> Term:
    if alpha == 1:
        return unary(t, "Elu", input, alpha=1.0)
    return binary(t, "Mul", unary(t, "Elu", binary(t, "Div", input, alpha, "scaled"), "elu", alpha=1.0), alpha)


@translates("selu")
def selu(t: Translator, input: Term, inplace: bool = False) -> Term:
    return binary(t, "Mul", unary(t, "Elu", input, "elu", alpha=1.6732632423543772848170429916717), 1.0507009873554804934193349852946)


@translates("gelu")
def gelu(t: Translator, input: Term, approximate: str = "none") -> Term:
    return unary(t, "Gelu", input, approximate=approximate)


@translates("softplus")
def softplus(t: Translator, input: Term, beta: float = 1, threshold: float = 20) -> Term:
    if threshold != 20:
        raise t.unsupported(f"threshold = {threshold}; basin computes softplus with the default 20 only")
    if beta == 1:
        return unary(t, "Softplus", input)
    return binary(t, "Div", unary(t, "Softplus", binary(t, "Mul", input, beta, "scaled"), "softplus"), beta)


@translates("logsigmoid", "log_sigmoid")
def logsigmoid(t: Translator, input: Term) -> Term:
    return unary(t, "Neg", unary(t, "Softplus", unary(t, "Neg", input, "minus"), "softplus"))


@translates("softsign")
def softsign(t: Translator, input: Term) -> Term:
    return binary(t, "Div", input, binary(t, "Add", unary(t, "Abs", input, "abs"), 1.0, "scale"))


@translates("tanhshrink")
def tanhshrink(t: Translator, input: Term) -> Term:
    return binary(t, "Sub", input, unary(t, "Tanh", input, "tanh"))


@translates("softshrink")
def softshrink(t: Translator, input: Term, lambd: float = 0.5) -> Term:
    return binary(t, "Sub", input, unary(t, "Clip", input, "clip", min=-float(lambd), max=float(lambd)))


@translates("hardtanh")
def hardtanh(t: Translator, input: Term, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) -> Term:
    return unary(t, "Clip", input, min=float(min_val), max=float(max_val))


@translates("relu6")
def relu6(t: Translator, input: Term, inplace: bool = False) -> Term:
    return unary(t, "Clip", input, min=0.0, max=6.0)


def _gate(t: Translator, x: Term) -> Term:
    """clip(x + 3, 0, 6)."""
    return unary(t, "Clip", binary(t, "Add", x, 3.0, "shifted"), "clip", min=0.0, max=6.0)


@translates("hardsigmoid")
def hardsigmoid(t: Translator, input: Term, inplace: bool = False) -> Term:
    return binary(t, "Div", _gate(t, input), 6.0)


@translates("hardswish")
def hardswish(t: Translator, input: Term, inplace: bool = False) -> Term:
    return binary(t, "Mul", input, binary(t, "Div", _gate(t, input), 6.0, "gate"))


@translates("mish")
def mish(t: Translator, input: Term, inplace: bool = False) -> Term:
    return binary(t, "Mul", input, unary(t, "Tanh", unary(t, "Softplus", input, "softplus"), "tanh"))


@translates("prelu")
def prelu(t: Translator, input: Term, weight: Term) -> Term:
    """x for x >= 0, else weight x, by channel."""
    if weight.value.numel() > 1:
        weight = t.reshape(weight, (weight.value.numel(),) + (1,) * (input.rank - 2))
    negative = unary(t, "Relu", unary(t, "Neg", input, "minus"), "negative")
    return binary(t, "Sub", unary(t, "Relu", input, "positive"), binary(t, "Mul", negative, weight, "scaled"))


@translates("glu")
def glu(t: Translator, input: Term, dim: int = -1) -> Term:
    axis = t.axis(input, dim)
    half = input.value.shape[axis] // 2
    value, gate = t.emit_several("Split", [input], {"axis": axis, "split": [half, half]}, 2, "halves")
    return binary(t, "Mul", value, unary(t, "Sigmoid", gate, "gate"))


@translates("dropout", "dropout1d", "dropout2d", "dropout3d", "alpha_dropout", "feature_alpha_dropout", "feature_dropout")
def dropout(t: Translator, input: Term, p: float = 0.5, training: Optional[bool] = None, inplace: bool = False, train: Optional[bool] = None) -> Term:
    on = train if training is None else training
    on = "alpha" not in t.call.function if on is None else on  # torch's defaults: only alpha dropout is off
    if on and p != 0:
        raise t.fail("it stays on in evaluation mode; write training=self.training")
    return input


# ----------------------------------------------------------------------------------------------- masks ------

def _mask(t: Translator, mask: Term) -> Term:
    if not mask.constant:
        raise t.fail("the mask depends on the input or on trained parameters; basin takes constant masks")
    return mask


@translates("where")
def where(t: Translator, condition: Term, input: Operand, other: Operand) -> Term:
    (c, x, y), layout = t.align([_mask(t, condition), t.constant(input), t.constant(other)])
    return t.emit("Where", [c, x, y], layout=layout)


@translates("masked_fill")
def masked_fill(t: Translator, input: Term, mask: Term, value: Operand) -> Term:
    return where(t, mask, value, input)


@translates("tril", "triu")
def triangle(t: Translator, input: Term, diagonal: int = 0) -> Term:
    cut = torch.tril if t.call.function.strip("_") == "tril" else torch.triu
    return where(t, t.constant(cut(torch.ones(tuple(input.in_torch().shape[-2:])), diagonal)), input, 0.0)


# ----------------------------------------------------------------------------------------- along axes -------

@translates("softmax", "log_softmax", "softmin")
def softmax(t: Translator, input: Term, dim: Optional[int] = None, _stacklevel: int = 3, dtype: Any = None) -> Term:
    function = t.call.function
    if dim is None:
        dim = 0 if input.rank in (0, 1, 3) else 1  # torch's own choice
    axis = t.axis(input, dim)
    if function == "softmin":
        input = unary(t, "Neg", input, "minus")
    return t.emit("LogSoftmax" if function == "log_softmax" else "Softmax", [input], {"axis": axis - input.value.dim()})


def reduce(t: Translator, op: str, x: Term, dim: Any, keepdim: bool, label: str = "") -> Term:
    """Over torch's axes `dim`, one or several."""
    axes = list(range(x.rank)) if dim is None or dim == () or dim == [] else [dim] if isinstance(dim, int) else list(dim)
    axes = sorted(t.axis(x, i) for i in axes)
    y = t.emit(op, [x], {"axes": axes, "keepdims": int(keepdim)}, label=label)
    if x.batched and not keepdim:
        before = [x.axis(i) for i in range(x.layout.at)]
        y.layout = Layout(x.layout.at - sum(i in axes for i in before), x.layout.inner)
    return y


@translates("mean")
def mean(t: Translator, input: Term, dim: Any = None, keepdim: bool = False, dtype: Any = None) -> Term:
    return reduce(t, "ReduceMean", input, dim, keepdim)


@translates("sum")
def total(t: Translator, input: Term, dim: Any = None, keepdim: bool = False, dtype: Any = None) -> Term:
    return reduce(t, "ReduceSum", input, dim, keepdim)


@translates("var", "std")
def variance(t: Translator, input: Term, dim: Any = None, unbiased: Any = None, keepdim: bool = False, correction: Any = None) -> Term:
    if isinstance(dim, bool):
        raise t.mixes()
    correction = (1 if unbiased is None else int(unbiased)) if correction is None else correction
    centred = binary(t, "Sub", input, reduce(t, "ReduceMean", input, dim, True, "mean"), "centred")
    squares = reduce(t, "ReduceSum", binary(t, "Mul", centred, centred, "squares"), dim, keepdim, "sum")
    axes = range(input.rank) if dim is None else [dim] if isinstance(dim, int) else dim
    count = math.prod(input.in_torch().shape[i] for i in axes)
    variance = binary(t, "Div", squares, float(count - correction), "variance" if t.call.function == "std" else "")
    return unary(t, "Sqrt", variance) if t.call.function == "std" else variance


@translates("norm", "linalg_norm", "linalg_vector_norm")
def norm(t: Translator, input: Term, p: Any = 2, dim: Any = None, keepdim: bool = False, ord: Any = None, dtype: Any = None) -> Term:
    if (p if ord is None else ord) not in (2, 2.0, "fro", None) or dim is None or (not isinstance(dim, int) and len(dim) > 1):
        raise t.unsupported("basin computes the 2-norm along one axis")
    return _norm(t, input, dim, keepdim)


def _norm(t: Translator, x: Term, dim: Any, keepdim: bool, label: str = "") -> Term:
    return unary(t, "Sqrt", reduce(t, "ReduceSum", binary(t, "Mul", x, x, "squares"), dim, keepdim, "sum"), label)


@translates("normalize")
def normalize(t: Translator, input: Term, p: float = 2.0, dim: Any = 1, eps: float = 1e-12) -> Term:
    if p != 2:
        raise t.unsupported("basin computes the 2-norm")
    return binary(t, "Div", input, unary(t, "Clip", _norm(t, input, dim, True, "norm"), "clip", min=float(eps)))


@translates("rms_norm")
def rms_norm(t: Translator, input: Term, normalized_shape: Sequence[int], weight: Optional[Term] = None, eps: Optional[float] = None) -> Term:
    squares = reduce(t, "ReduceMean", binary(t, "Mul", input, input, "squares"), [-1 - i for i in range(len(normalized_shape))], True, "mean")
    root = unary(t, "Sqrt", binary(t, "Add", squares, torch.finfo(torch.float64).eps if eps is None else eps, "shifted"), "root")
    scaled = binary(t, "Div", input, root, "" if weight is None else "normed")
    return scaled if weight is None else binary(t, "Mul", scaled, weight)

"""Translators of products: linear layers, matrix products, attention, embeddings."""
from __future__ import annotations

import inspect
from typing import Any, List, Optional, Sequence, Tuple

import torch
import torch.nn.functional as F

from .ops_pointwise import binary, reduce
from .ops_shape import permute_term, reshape_to, take
from .term import Layout, Term, product
from .translate import Translator, translates


# ---------------------------------------------------------------------------------------- with weights -------

def gemm(t: Translator, x: Term, w: Term, c: Optional[Term], transposed: bool, label: str = "", alpha: float = 1.0, beta: float = 1.0) -> Term:
    """alpha x w (w' if transposed) + beta c on the last axis, as one Gemm where w and c are tensors of the module."""
    t.axis(x, -1)
    leaf, transposed = _untransposed(t, w, transposed)
    if not x.batched or not _is_leaf(t, leaf):
        return _product_with_computed(t, x, w if leaf is w else leaf, c, transposed, label, alpha, beta)
    attributes = {"transB": int(transposed), **({"alpha": float(alpha)} if alpha != 1 else {})}
    if c is None or not _is_leaf(t, c) or c.value.shape != (leaf.value.shape[0 if transposed else 1],):
        y = t.emit("Gemm", [x, leaf], attributes, label="product" if c is not None else label)
        return y if c is None else _added(t, y, c, beta, label)
    return t.emit("Gemm", [x, leaf, c], {**attributes, **({"beta": float(beta)} if beta != 1 else {})}, label=label)


def _is_leaf(t: Translator, x: Term) -> bool:
    """A parameter or a buffer."""
    return not x.batched and x.name not in t.by_output


def _untransposed(t: Translator, w: Term, transposed: bool) -> Tuple[Term, bool]:
    """The parameter that was transposed before."""
    node = t.by_output.get(w.name)
    if node is None or node["op"] != "Transpose" or node["attributes"]["perm"] != [1, 0] or node["inputs"][0] in t.by_output:
        return w, transposed
    return Term(node["inputs"][0], w.value.t()), not transposed


def _product_with_computed(t: Translator, x: Term, w: Term, c: Optional[Term], transposed: bool, label: str, alpha: float, beta: float) -> Term:
    w = permute_term(t, w, [1, 0], "transposed") if transposed else w
    y = t.emit("MatMul", [x, w], label="product" if c is not None or alpha != 1 else label)
    if alpha != 1:
        y = binary(t, "Mul", y, alpha, "scaled" if c is not None else label)
    return y if c is None else _added(t, y, c, beta, label)


def _added(t: Translator, y: Term, c: Term, beta: float, label: str) -> Term:
    return binary(t, "Add", y, c if beta == 1 else binary(t, "Mul", c, beta, "scaled"), label)


@translates("linear")
def linear(t: Translator, input: Term, weight: Term, bias: Optional[Term] = None) -> Term:
    if weight.batched:
        raise t.mixes()
    if weight.rank == 1:
        return matmul(t, input, weight)
    return gemm(t, input, weight, bias, True)


@translates("addmm")
def addmm(t: Translator, input: Term, mat1: Term, mat2: Term, beta: float = 1, alpha: float = 1) -> Term:
    if mat1.batched and not mat2.batched:
        return gemm(t, mat1, mat2, input, False, alpha=alpha, beta=beta)
    return _sum_with_product(t, input, mat1, mat2, beta, alpha)


@translates("weight_norm")
def weight_norm(t: Translator, v: Term, g: Term, dim: int = 0) -> Term:
    """g v / ‖v‖, with the norm over all axes but one; over all for -1, as torch has it."""
    axes = [i for i in range(v.rank) if i != dim]
    squares = reduce(t, "ReduceSum", binary(t, "Mul", v, v, "squares"), axes, True, "sum")
    return binary(t, "Mul", v, binary(t, "Div", g, t.emit("Sqrt", [squares], label="norm"), "scale"))


@translates("embedding")
def embedding(t: Translator, input: Term, weight: Term, padding_idx: Optional[int] = None, max_norm: Optional[float] = None, norm_type: float = 2.0,
              scale_grad_by_freq: bool = False, sparse: bool = False) -> Term:
    if max_norm is not None:
        raise t.unsupported("max_norm changes the weights while they are read")
    return take(t, weight if padding_idx is None or weight.constant else _without_row(t, weight, padding_idx), 0, input)


def _without_row(t: Translator, weight: Term, row: int) -> Term:
    """The table with zeros in one row, by which torch takes no derivative: it must be zero, as it stays in training."""
    if weight.value[row].any():
        raise t.unsupported(f"padding_idx = {row}: torch takes no derivative by this row, and it is not zero: set it to zero, or leave padding_idx "
                            "out")
    kept = torch.ones(weight.value.shape[0], 1, dtype=torch.float64)
    kept[row] = 0
    return t.emit("Where", [t.constant(kept), weight, t.constant(0.0)], label="padded")


@translates("one_hot")
def one_hot(t: Translator, tensor: Term, num_classes: int = -1) -> Term:
    return take(t, t.constant(torch.eye(t.out[0][0][-1], dtype=torch.float64)), 0, tensor)


# --------------------------------------------------------------------------------------- matrix products -----

@translates("matmul", "mm", "bmm", "mv", "dot", "vdot")
def matmul(t: Translator, input: Term, other: Term = None, mat2: Term = None, label: str = "") -> Term:
    other = mat2 if other is None else other
    if input.rank == 1 or other.rank == 1:
        return _with_vector(t, input, other)
    if input.batched and not other.batched and other.rank == 2:
        return gemm(t, input, other, None, False, label)
    if any(x.batched and x.rank - x.layout.at <= 2 for x in (input, other)):
        raise t.mixes()
    (x, y), layout = t.align([input, other])
    return t.emit("MatMul", [x, y], label=label, layout=layout)


@translates("rmatmul")
def rmatmul(t: Translator, input: Term, other: Term) -> Term:
    return matmul(t, other, input)


def _with_vector(t: Translator, x: Term, y: Term) -> Term:
    if x.batched and x.rank == 1 or y.batched and y.rank == 1:
        raise t.mixes()
    x = t.reshape(x, (1,) + tuple(x.value.shape)) if x.rank == 1 else x
    y = t.reshape(y, tuple(y.value.shape) + (1,)) if y.rank == 1 else y
    return reshape_to(t, matmul(t, x, y, label="product"), t.out[0])


@translates("baddbmm")
def baddbmm(t: Translator, input: Term, batch1: Term, batch2: Term, beta: float = 1, alpha: float = 1) -> Term:
    return _sum_with_product(t, input, batch1, batch2, beta, alpha)


def _sum_with_product(t: Translator, c: Term, a: Term, b: Term, beta: float, alpha: float) -> Term:
    y = matmul(t, a, b, label="product")
    if alpha != 1:
        y = binary(t, "Mul", y, alpha, "scaled")
    return y if beta == 0 else _added(t, y, c, beta, "")


@translates("einsum")
def einsum(t: Translator, equation: str, *operands: Any) -> Term:
    """Of two tensors: axes are sorted into common, own and summed ones, and a matrix product follows."""
    operands = tuple(operands[0]) if len(operands) == 1 and isinstance(operands[0], (tuple, list)) else operands
    left, _, out = equation.replace(" ", "").partition("->")
    labels = left.split(",")
    if len(operands) != 2 or "." in equation or not out or any(len(set(s)) != len(s) for s in labels + [out]):
        raise t.unsupported(f"{equation}: basin takes einsum of two tensors with named axes, each once in a tensor, and an explicit result")
    x, y = labels
    common, summed = [i for i in out if i in x and i in y], [i for i in x if i in y and i not in out]
    own_x, own_y = [i for i in out if i in x and i not in y], [i for i in out if i in y and i not in x]
    if len(common + summed + own_x) != len(x) or len(common + summed + own_y) != len(y):
        raise t.unsupported(f"{equation}: sums over an axis of one tensor: use .sum() before")
    sizes = [{name: size for s, o in zip(labels, operands) for name, size in zip(s, o.torch_shape(n))} for n in (2, 3)]

    def arranged(operand: Term, s: str, order: List[Any], label: str) -> Term:
        moved = permute_term(t, operand, [s.index(i) for group in order for i in group], label)
        shapes = tuple(tuple(z for g, group in enumerate(order) for z in ([product([size[i] for i in group])] if g > 0 else [size[i] for i in group]))
                       for size in sizes)
        return reshape_to(t, moved, shapes, label)
    a, b = arranged(operands[0], x, [common, own_x, summed], "a"), arranged(operands[1], y, [common, summed, own_y], "b")
    made = common + own_x + own_y
    shapes = tuple(tuple(size[i] for i in made) for size in sizes)
    return permute_term(t, reshape_to(t, matmul(t, a, b, label="product"), shapes, "axes"), [made.index(i) for i in out])


# --------------------------------------------------------------------------------------------- attention -----

@translates("scaled_dot_product_attention")
def attention(t: Translator, query: Term, key: Term, value: Term, attn_mask: Optional[Term] = None, dropout_p: float = 0.0, is_causal: bool = False,
              scale: Optional[float] = None, enable_gqa: bool = False) -> Term:
    if dropout_p != 0:
        raise t.fail("dropout_p stays on in evaluation mode; write dropout_p=self.p if self.training else 0.0")
    if enable_gqa:
        raise t.unsupported("enable_gqa: repeat keys and values by expand and reshape")
    scale = query.value.shape[-1] ** -0.5 if scale is None else float(scale)
    if not (query.batched and key.batched and value.batched):
        return _attention_by_products(t, query, key, value, _additive(t, attn_mask), is_causal, scale)
    lead = query.sample[:-2]
    same = all(x.layout == query.layout and x.sample[:-2] == lead and x.rank - x.layout.at > 2 for x in (key, value, query))
    mask = _small_mask(t, _additive(t, attn_mask), query, key)
    if not same or (mask is not None and not (_is_leaf(t, mask) and len(lead) <= 1)):
        return _attention_by_products(t, query, key, value, _additive(t, attn_mask), is_causal, scale)
    heads = [t.reshape(x, (product(lead),) + x.sample[-2:], label=label) for x, label in ((query, "q"), (key, "k"), (value, "v"))]
    y = attend(t, *heads, mask, is_causal, scale)
    return t.reshape(y, lead + y.sample[-2:], label="heads")


def attend(t: Translator, q: Term, k: Term, v: Term, mask: Optional[Term], is_causal: bool, scale: float, label: str = "") -> Term:
    attributes: dict = {} if scale == q.value.shape[-1] ** -0.5 else {"scale": scale}
    if is_causal:
        attributes["is_causal"] = 1
    return t.emit("Attention", [q, k, v, mask], attributes, label=label)


def _additive(t: Translator, mask: Optional[Term]) -> Optional[Term]:
    if mask is None or mask.value.dtype != torch.bool:
        return mask
    return Term(None, torch.zeros(mask.value.shape, dtype=torch.float64).masked_fill(~mask.value, float("-inf")))


def _small_mask(t: Translator, mask: Optional[Term], q: Term, k: Term) -> Optional[Term]:
    """[T, S] or [H, T, S]."""
    if mask is None or mask.batched:
        return mask
    shape = list(mask.value.shape)
    while len(shape) > 2 and shape[0] == 1:
        shape.pop(0)
    whole = shape[:-2] + [q.value.shape[-2], k.value.shape[-2]]
    if mask.constant:
        return Term(None, mask.value.reshape(shape).expand(whole), source=mask.source if list(mask.value.shape) == whole else None)
    return t.reshape(mask, shape) if shape == whole else mask


def _attention_by_products(t: Translator, q: Term, k: Term, v: Term, mask: Optional[Term], is_causal: bool, scale: float) -> Term:
    scores = binary(t, "Mul", matmul(t, q, transposed_last(t, k), label="products"), scale, "scores")
    if is_causal:
        causal = torch.full(scores.value.shape[-2:], float("-inf"), dtype=torch.float64).triu(1)
        scores = binary(t, "Add", scores, t.constant(causal), "causal")
    if mask is not None:
        scores = binary(t, "Add", scores, mask, "masked")
    weights = t.emit("Softmax", [scores], {"axis": -1}, label="weights")
    return matmul(t, weights, v)


def transposed_last(t: Translator, x: Term) -> Term:
    order = list(range(x.rank))
    order[-1], order[-2] = order[-2], order[-1]
    return permute_term(t, x, order, "transposed")


_MULTIHEAD = inspect.signature(F.multi_head_attention_forward)


@translates("multi_head_attention_forward")
def multihead(t: Translator, *args: Any, **kwargs: Any) -> List[Any]:
    """Sequence first, as torch's function has it: [T, N, E] with a projection before and behind the attention of the heads."""
    a = _MULTIHEAD.bind(*args, **kwargs)
    a.apply_defaults()
    a = a.arguments
    if a["key_padding_mask"] is not None or a["bias_k"] is not None or a["add_zero_attn"] or a["static_k"] is not None or a["static_v"] is not None:
        raise t.unsupported("key_padding_mask, add_bias_kv, add_zero_attn and static keys are not known to basin; a constant attn_mask is")
    if a["training"] and a["dropout_p"] != 0:
        raise t.fail("dropout stays on in evaluation mode")
    query, key, value = a["query"], a["key"], a["value"]
    if any(x.batched and (x.rank != 3 or x.layout.at != 1 or x.layout.inner) for x in (query, key, value)):
        raise t.fail("the batch is not where this module expects it, so that it would mix samples; batch_first=True takes [N, T, features]")
    q, k, v = _projections(t, a, query, key, value)
    heads = a["num_heads"]
    q, k, v = (_split_heads(t, x, heads, label) for x, label in ((q, "q"), (k, "k"), (v, "v")))
    mask, causal = _mask_of(t, a, q, k)
    y = attend(t, q, k, v, mask, causal, q.value.shape[-1] ** -0.5, "heads")
    y = t.emit("Transpose", [y], {"perm": [0, 2, 1, 3]}, label="merged")
    y = t.reshape(y, (y.value.shape[1], product(y.value.shape[2:])), label="merged")
    out = gemm(t, y, a["out_proj_weight"], a["out_proj_bias"], True)
    out.layout = Layout(1)
    return [out, t.fail("its attention weights are used; basin computes the output of attention only: need_weights=False")]


def _projections(t: Translator, a: dict, query: Term, key: Term, value: Term) -> Sequence[Term]:
    """Queries, keys and values [N, T, E]."""
    bias, size = a["in_proj_bias"], query.value.shape[-1]
    if not a["use_separate_proj_weight"] and query.name == key.name == value.name and query.name is not None:
        projected = gemm(t, query, a["in_proj_weight"], bias, True, "qkv")
        return t.emit_several("Split", [projected], {"axis": 2, "split": [size] * 3}, 3, "qkv")
    if a["use_separate_proj_weight"]:
        weights = [a["q_proj_weight"], a["k_proj_weight"], a["v_proj_weight"]]
    else:
        weights = t.emit_several("Split", [a["in_proj_weight"]], {"axis": 0, "split": [size] * 3}, 3, "weight")
    biases = [None] * 3 if bias is None else t.emit_several("Split", [bias], {"axis": 0, "split": [size] * 3}, 3, "bias")
    return [gemm(t, x, w, b, True, label) for x, w, b, label in zip((query, key, value), weights, biases, "qkv")]


def _split_heads(t: Translator, x: Term, heads: int, label: str) -> Term:
    """[N, T, E] to [N, heads, T, E / heads]."""
    x = Term(x.name, x.value, Layout(0))
    x = t.reshape(x, (x.value.shape[1], heads, x.value.shape[2] // heads), label=label)
    return t.emit("Transpose", [x], {"perm": [0, 2, 1, 3]}, label=label)


def _mask_of(t: Translator, a: dict, q: Term, k: Term) -> Tuple[Optional[Term], bool]:
    """As torch: is_causal is a hint that replaces the mask where no weights are asked for. torch's boolean masks are True where nothing is seen."""
    mask = a["attn_mask"]
    if mask is None or (a.get("is_causal") and not a["need_weights"]):
        return None, bool(a.get("is_causal"))
    if mask.constant and mask.value.dtype in (torch.bool, torch.uint8):
        mask = Term(None, torch.zeros(mask.value.shape, dtype=torch.float64).masked_fill(mask.value.bool(), float("-inf")))
    mask = _small_mask(t, mask, q, k)
    if mask.batched or not _is_leaf(t, mask):
        raise t.unsupported("its mask is computed; basin takes a constant one")
    if len(mask.value.shape) == 3 and mask.value.shape[0] != q.value.shape[1]:
        raise t.unsupported("a mask for every sample; basin takes one of [T, S] or [heads, T, S]")
    return mask, False

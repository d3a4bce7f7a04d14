#!/usr/bin/env python3
"""Writes tests/data/oracle_ops.h5: for each op and each of its attributes a small graph, and what PyTorch computes of it in double:
output, gradient and H·v of the mean squared error. tests/engine/test_op_oracle.c runs the graphs in basin. What an op means is written down
a second time in python/basin/semantics.py, in torch's own functions: derivatives are autograd's.
Made with PyTorch 1.13.0 (Debian 12's python3-torch), numpy and h5py.

usage: PYTHONPATH=python make_ops.py [FOLDER]
"""
import ast
import json
import sys

import h5py
import numpy as np
import torch

from basin.graph import Graph

torch.set_default_dtype(torch.float64)
SAMPLES = 3


def parse(line):
    """«Conv x w c -> s strides=[2, 2] group=2» as a node; «-» leaves an input out."""
    left, right = line.split("->")
    op, *inputs = left.split()
    words = right.split(maxsplit=1)
    attributes = {}
    if len(words) > 1:
        call = ast.parse(f"f({words[1].replace(' ', ', ').replace(',,', ',')})", mode="eval").body
        attributes = {k.arg: ast.literal_eval(k.value) for k in call.keywords}
    outputs = words[0].split(",")
    return {"name": outputs[0], "op": op, "inputs": ["" if i == "-" else i for i in inputs], "outputs": outputs, "attributes": attributes}


class Case:
    """Input shape, parameters and buffers by shape (or buffers by value), nodes one a line; the last dense layer is added."""

    def __init__(self, shape, lines, parameters=None, buffers=None, tokens=0):
        self.graph = Graph(shape)
        self.graph.input = "x"
        self.graph.nodes = [parse(line) for line in lines.strip().splitlines()]
        self.graph.parameters = {name: list(s) for name, s in (parameters or {}).items()}
        for name, value in (buffers or {}).items():
            self.graph.buffers[name] = torch.tensor(value) if not isinstance(value, tuple) else torch.randn(*value)
        x = torch.randn(SAMPLES, *shape)
        self.x = torch.randint(0, tokens, (SAMPLES, *shape)).double() if tokens else x
        self.graph.output = self.graph.nodes[-1]["outputs"][0]
        width = self.run({n: torch.ones(s) for n, s in self.graph.parameters.items()}).reshape(SAMPLES, -1).shape[1]
        self.graph.parameters["last"] = [3, width]
        self.graph.nodes += [parse(f"Flatten {self.graph.output} -> flat"), parse("Gemm flat last -> y transB=1")]
        self.graph.output = "y"

    def run(self, parameters):
        return self.graph.evaluate(self.x, parameters)

    def of(self, theta):
        parameters, start = {}, 0
        for name, shape in self.graph.parameters.items():
            size = int(np.prod(shape))
            parameters[name] = theta[start:start + size].reshape(shape)
            start += size
        return self.run(parameters)

    def write(self, group):
        theta = torch.randn(sum(int(np.prod(s)) for s in self.graph.parameters.values())).mul(0.7).requires_grad_()
        targets, v = torch.randn(SAMPLES, 3), torch.randn(len(theta))
        y = self.of(theta)
        g, = torch.autograd.grad(((y - targets) ** 2).mean(), theta, create_graph=True)
        hv, = torch.autograd.grad(g, theta, grad_outputs=v)
        numbers = {"x": self.x, "theta": theta.detach(), "targets": targets, "v": v, "y": y.detach(), "gradient": g.detach(), "product": hv}  # in this order
        group.attrs["graph"] = self.graph.json()
        assert all(torch.isfinite(value).all() for value in numbers.values()), group.attrs["name"]
        group.create_dataset("numbers", data=torch.cat([value.flatten() for value in numbers.values()]).numpy(), track_times=False)
        for name, value in self.graph.buffers.items():
            group.create_dataset(f"buffers/{name}", data=value.numpy(), track_times=False)


IMAGE = {"w": [4, 3, 3, 3], "c": [4]}


def conv(attributes="", shape=(3, 7, 6), w=(4, 3, 3, 3)):
    """A convolution, a smooth op, and a second one that reads its output."""
    return Case(shape, f"Conv x w c -> s {attributes}\nTanh s -> h\nConv h u -> t", {"w": w, "c": [w[0]], "u": [2, w[0]] + [1] * (len(w) - 2)})


def after(op, inside="", **more):
    """An op behind a convolution, so that it sees images in lanes: [4, 6, 5] a sample."""
    lines = f"Conv x w c -> s pads=[1, 1, 1, 1]\n{op}"
    return Case((3, 6, 5), lines, {**IMAGE, **more.pop("parameters", {})}, **more)


def sequence(lines, shape=(4, 5), **more):
    """Behind a dense layer on the last axis: [4, 6] a sample."""
    return Case(shape, "Gemm x w1 c1 -> s\n" + lines, {"w1": [shape[-1], 6], "c1": [6], **more.pop("parameters", {})}, **more)


def unary(op, attributes="", before=""):
    return sequence(f"{before or 'Identity s -> p'}\n{op} p -> h {attributes}")


POSITIVE = "Exp s -> p"  # for ops that are defined there only


def attention(lines, heads=2, q=4, d=3, **more):
    """q, k, v [heads, q, d] from one sequence."""
    split = "Gemm x wqkv -> all\nSplit all -> qs,ks,vs axis=2 split=[6, 6, 6]\n"
    for name in "qkv":
        split += f"Reshape {name}s -> {name}r shape=[0, {q}, {heads}, {d}]\nTranspose {name}r -> {name} perm=[0, 2, 1, 3]\n"
    return Case((q, 5), split + lines, {"wqkv": [5, 18]}, **more)


CASES = {
    "Conv": lambda: conv(),
    "Conv, strides, uneven pads": lambda: conv("strides=[2, 3] pads=[1, 0, 2, 1]"),
    "Conv, dilations": lambda: conv("dilations=[2, 1] pads=[2, 1, 2, 1]"),
    "Conv, stride and dilation with a common factor": lambda: conv("strides=[2, 2] dilations=[2, 2] pads=[3, 3, 3, 3]", (3, 9, 8)),
    "Conv, groups": lambda: conv("group=2", (4, 6, 6), (6, 2, 3, 3)),
    "Conv, depthwise": lambda: conv("group=4 pads=[1, 1, 1, 1] strides=[2, 1]", (4, 6, 5), (8, 1, 3, 3)),
    "Conv, 1 by 1": lambda: conv("", (5, 4, 3), (9, 5, 1, 1)),
    "Conv, kernel as large as the input": lambda: conv("", (2, 4, 5), (3, 2, 4, 5)),
    "Conv, padding wider than needed": lambda: conv("pads=[4, 4, 4, 4] strides=[3, 3]", (2, 4, 5), (3, 2, 3, 2)),
    "Conv 1-D": lambda: conv("strides=[2] pads=[3, 1] dilations=[2]", (3, 13), (5, 3, 4)),
    "Conv 1-D, groups": lambda: conv("group=3 pads=[1, 1]", (6, 10), (9, 2, 3)),
    "Conv, frozen weights": lambda: Case((3, 6, 5), "Conv x w -> s\nTanh s -> h\nConv h f g -> t\nTanh t -> u", {"w": [4, 3, 3, 3]},
                                         {"f": (2, 4, 2, 2), "g": (2,)}),
    "Conv, computed weights": lambda: Case((3, 6, 5), "Tanh w -> v\nConv x v -> s\nTanh s -> h\nConv h v -> t", {"w": [3, 3, 3, 3]}),
    "Conv twice by the same weights": lambda: Case((3, 6, 6), "Conv x w -> s pads=[1, 1, 1, 1]\nTanh s -> h\nConv h w -> t strides=[2, 2]", {"w": [3, 3, 3, 3]}),
    "MaxPool": lambda: after("MaxPool s -> h kernel_shape=[2, 2] strides=[2, 2]"),
    "MaxPool, overlapping, pads": lambda: after("MaxPool s -> h kernel_shape=[3, 3] strides=[2, 1] pads=[1, 1, 1, 1]"),
    "MaxPool, dilations": lambda: after("MaxPool s -> h kernel_shape=[2, 2] dilations=[2, 3]"),
    "MaxPool, ceil_mode": lambda: after("MaxPool s -> h kernel_shape=[4, 2] strides=[4, 2] ceil_mode=1"),
    "MaxPool 1-D": lambda: Case((3, 11), "Conv x w -> s\nMaxPool s -> h kernel_shape=[3] strides=[2] pads=[1, 1]", {"w": [4, 3, 2]}),
    "AveragePool": lambda: after("AveragePool s -> h kernel_shape=[2, 3] strides=[2, 1]"),
    "AveragePool, pads": lambda: after("AveragePool s -> h kernel_shape=[3, 3] strides=[2, 2] pads=[1, 1, 1, 1]"),
    "AveragePool, pads counted": lambda: after("AveragePool s -> h kernel_shape=[3, 3] strides=[2, 2] pads=[1, 1, 1, 1] count_include_pad=1"),
    "AveragePool, ceil_mode": lambda: after("AveragePool s -> h kernel_shape=[4, 2] strides=[4, 2] ceil_mode=1"),
    "AveragePool 1-D": lambda: Case((3, 11), "Conv x w -> s\nTanh s -> t\nAveragePool t -> h kernel_shape=[3] strides=[2]", {"w": [4, 3, 2]}),
    "GlobalAveragePool": lambda: after("Tanh s -> t\nGlobalAveragePool t -> h"),
    "BatchNormalization": lambda: after("BatchNormalization s g b m v -> n\nTanh n -> h", parameters={"g": [4], "b": [4]},
                                        buffers={"m": (4,), "v": [0.5, 1.0, 2.0, 0.1]}),
    "BatchNormalization, nothing trained": lambda: after("Tanh s -> t\nBatchNormalization t - - m v -> n epsilon=0.01", buffers={"m": (4,), "v": [0.5, 1.0, 2.0, 0.1]}),
    "BatchNormalization of features": lambda: Case((5,), "Gemm x w -> s\nBatchNormalization s g b m v -> n\nTanh n -> h", {"w": [5, 4], "g": [4], "b": [4]},
                                                   {"m": (4,), "v": [0.5, 1.0, 2.0, 0.1]}),
    "LayerNormalization": lambda: sequence("LayerNormalization s g b -> h", parameters={"g": [6], "b": [6]}),
    "LayerNormalization, two axes": lambda: sequence("LayerNormalization s g b -> h axis=-2 epsilon=0.1", parameters={"g": [4, 6], "b": [4, 6]}),
    "LayerNormalization, nothing trained, images": lambda: after("LayerNormalization s -> h axis=1"),
    "LayerNormalization, no shift": lambda: sequence("LayerNormalization s g -> h", parameters={"g": [6]}),
    "LayerNormalization, frozen scale": lambda: sequence("LayerNormalization s g b -> h", parameters={"b": [6]}, buffers={"g": (6,)}),
    "GroupNormalization": lambda: after("GroupNormalization s g b -> h num_groups=2", parameters={"g": [4], "b": [4]}),
    "GroupNormalization by channel": lambda: after("GroupNormalization s -> h num_groups=4 epsilon=0.01"),
    "Add, a bias of channels": lambda: after("Tanh s -> t\nAdd t p -> h", parameters={"p": [4, 1, 1]}),
    "Add, positions": lambda: sequence("Add s p -> h\nTanh h -> t", parameters={"p": [1, 4, 6]}),
    "Add twice the same": lambda: sequence("Tanh s -> t\nAdd t t -> h"),
    "Sub, broadcast both ways": lambda: sequence("Reshape s -> a shape=[0, 4, 6, 1]\nReshape s -> b shape=[0, 4, 1, 6]\nTanh a -> ta\nSub ta b -> h"),
    "Sub from a parameter": lambda: sequence("Tanh s -> t\nSub p t -> h", parameters={"p": [6]}),
    "Mul": lambda: sequence("Tanh s -> t\nMul s t -> h"),
    "Mul with itself": lambda: sequence("Mul s s -> h"),
    "Mul by a number": lambda: after("Tanh s -> t\nMul t p -> h", buffers={"p": 0.3}),
    "Mul by a parameter of channels": lambda: after("Tanh s -> t\nMul t p -> h", parameters={"p": [4, 1, 1]}),
    "Mul, squeeze and excite": lambda: after("Tanh s -> t\nGlobalAveragePool t -> a\nFlatten a -> f\nGemm f v -> e\nSigmoid e -> g\n"
                                             "Reshape g -> r shape=[0, 4, 1, 1]\nMul t r -> h", parameters={"v": [4, 4]}),
    "Mul of two parameters": lambda: sequence("Mul p q -> r\nMul s r -> h", parameters={"p": [6], "q": [4, 1]}),
    "Div": lambda: sequence("Exp s -> e\nTanh s -> t\nDiv t e -> h"),
    "Div, a number by it": lambda: sequence("Exp s -> e\nDiv one e -> h", buffers={"one": 1.0}),
    "Div by a computed parameter": lambda: sequence("Exp p -> e\nTanh s -> t\nDiv t e -> h", parameters={"p": [4, 1]}),
    "Pow, square": lambda: sequence("Pow s two -> h", buffers={"two": 2.0}),
    "Pow, cube": lambda: after("Tanh s -> t\nPow t three -> h", buffers={"three": 3.0}),
    "Pow, any": lambda: sequence("Exp s -> p\nPow p e -> h", buffers={"e": 1.7}),
    "Pow, inverse root": lambda: sequence("Exp s -> p\nPow p e -> h", buffers={"e": -0.5}),
    "Where": lambda: sequence("Tanh s -> t\nWhere m t s -> h", buffers={"m": np.tril(np.ones((4, 6)))}),
    "Where, a number": lambda: sequence("Tanh s -> t\nWhere m far t -> h", buffers={"m": np.triu(np.ones((4, 6))), "far": -2.0}),
    **{op: (lambda op=op: unary(op)) for op in ("Relu", "Tanh", "Sigmoid", "Softplus", "Silu", "Erf", "Exp", "Neg", "Abs", "Gelu", "Identity", "Dropout")},
    **{op: (lambda op=op: unary(op, before=POSITIVE)) for op in ("Sqrt", "Log", "Reciprocal")},
    "Silu of an image": lambda: after("Silu s -> h"),
    "Gelu, tanh form": lambda: unary("Gelu", 'approximate="tanh"'),
    "LeakyRelu": lambda: unary("LeakyRelu", "alpha=0.2"),
    "Elu": lambda: unary("Elu", "alpha=0.6"),
    "Clip": lambda: unary("Clip", "min=-0.5 max=1.0"),
    "Clip, ReLU6": lambda: unary("Clip", "min=0.0 max=6.0"),
    "Clip, one side": lambda: unary("Clip", "max=0.2"),
    "Softmax": lambda: sequence("Softmax s -> h"),
    "Softmax over channels": lambda: after("Softmax s -> h axis=1"),
    "Softmax, masked": lambda: sequence("Add s m -> a\nSoftmax a -> h", buffers={"m": [[0, -np.inf, 0, 0, 0, 0], [0, 0, 0, -np.inf, 0, 0], [0.0] * 6, [0.5] * 6]}),
    "LogSoftmax": lambda: sequence("LogSoftmax s -> h axis=1"),
    "LogSoftmax of an image": lambda: after("LogSoftmax s -> h axis=-1"),
    "MatMul of two activations": lambda: sequence("Transpose s -> t perm=[0, 2, 1]\nTanh t -> u\nMatMul s u -> h"),
    "MatMul, heads": lambda: attention("Transpose k -> kt perm=[0, 1, 3, 2]\nMatMul q kt -> a\nSoftmax a -> p\nMatMul p v -> h"),
    "MatMul, features by a parameter": lambda: Case((5,), "MatMul x w -> s\nTanh s -> t\nMatMul t u -> h", {"w": [5, 4], "u": [4, 3]}),
    "MatMul, a sequence by a parameter": lambda: sequence("Tanh s -> t\nMatMul t u -> h", parameters={"u": [6, 3]}),
    "MatMul, a parameter from the left": lambda: sequence("Tanh s -> t\nMatMul u t -> h", parameters={"u": [3, 4]}),
    "MatMul, a frozen one": lambda: sequence("Tanh s -> t\nMatMul t u -> a\nMatMul f a -> h", parameters={"u": [6, 3]}, buffers={"f": (2, 4)}),
    "MatMul, a transposed parameter": lambda: sequence("Tanh s -> t\nTranspose u -> ut perm=[1, 0]\nMatMul t ut -> h", parameters={"u": [3, 6]}),
    "Attention": lambda: attention("Attention q k v -> h"),
    "Attention, causal, scale": lambda: attention("Attention q k v -> h is_causal=1 scale=0.3"),
    "Attention, mask": lambda: attention("Attention q k v m -> h", buffers={"m": [[0, -np.inf, 0.3, 0], [0, 0, 0, 0.1], [-np.inf, 0, 0, 0], [0.0, 1, 2, 3]]}),
    "Attention, mask of heads": lambda: attention("Attention q k v m -> h", buffers={"m": (2, 4, 4)}),
    "Attention, across": lambda: attention("Slice q -> part axes=[2] starts=[1] ends=[3]\nAttention part k v -> h"),
    "ReduceMean": lambda: sequence("Tanh s -> t\nReduceMean t -> h axes=[1] keepdims=0"),
    "ReduceMean of an image": lambda: after("Tanh s -> t\nReduceMean t -> h axes=[2, 3] keepdims=0"),
    "ReduceMean, kept": lambda: sequence("Tanh s -> t\nReduceMean t -> m axes=[-1]\nSub t m -> h"),
    "ReduceSum": lambda: after("Tanh s -> t\nReduceSum t -> h axes=[1, 3] keepdims=1"),
    "ReduceMean of a parameter": lambda: sequence("ReduceMean p -> m axes=[0] keepdims=1\nMul s m -> h", parameters={"p": [3, 6]}),
    "Reshape": lambda: after("Tanh s -> t\nReshape t -> r shape=[0, 2, -1, 5]\nSoftmax r -> h axis=2"),
    "Reshape of a parameter": lambda: sequence("Reshape p -> r shape=[4, 6]\nTanh r -> q\nMul s q -> h", parameters={"p": [24]}),
    "Flatten": lambda: after("Flatten s -> f\nTanh f -> h"),
    "Transpose": lambda: after("Tanh s -> t\nTranspose t -> h perm=[0, 3, 1, 2]"),
    "Transpose of a sequence": lambda: sequence("Tanh s -> t\nTranspose t -> h perm=[0, 2, 1]\nGemm h u -> z", parameters={"u": [4, 2]}),
    "Squeeze, Unsqueeze": lambda: sequence("Tanh s -> t\nUnsqueeze t -> a axes=[1, 3]\nSqueeze a -> b axes=[3]\nSqueeze b -> h axes=[1]"),
    "Concat": lambda: after("Tanh s -> t\nConcat t s t -> h axis=1"),
    "Concat, a class token": lambda: sequence("Concat c s -> a axis=1\nTanh a -> h", parameters={"c": [1, 1, 6]}),
    "Concat of parameters": lambda: sequence("Concat p q -> r axis=0\nMul s r -> h", parameters={"p": [1, 6], "q": [3, 6]}),
    "Slice": lambda: after("Tanh s -> t\nSlice t -> h axes=[1, 3] starts=[1, -4] ends=[3, 100] steps=[1, 2]"),
    "Slice, the first token": lambda: sequence("Tanh s -> t\nSlice t -> a axes=[1] starts=[0] ends=[1]\nSqueeze a -> h axes=[1]"),
    "Slice of a parameter": lambda: sequence("Slice p -> q axes=[0] starts=[0] ends=[4]\nAdd s q -> a\nTanh a -> h", parameters={"p": [7, 6]}),
    "Split": lambda: after("Tanh s -> t\nSplit t -> a,b axis=1 split=[1, 3]\nMul a b -> h"),
    "Split, a part unread": lambda: sequence("Tanh s -> t\nSplit t -> a,b,c axis=-1 split=[2, 3, 1]\nIdentity b -> h"),
    "Gather, an embedding": lambda: Case((4,), "Gather e x -> s\nTanh s -> h", {"e": [7, 3]}, tokens=7),
    "Gather, positions": lambda: sequence("Gather e i -> p\nAdd s p -> a\nTanh a -> h", parameters={"e": [9, 6]}, buffers={"i": [3.0, 1.0, 3.0, 0.0]}),
    "Gather of an activation": lambda: after("Tanh s -> t\nGather t i -> h axis=2", buffers={"i": [5.0, 0.0, 0.0, 2.0]}),
    "Gather, a tied embedding": lambda: Case((4,), "Gather e x -> s\nTanh s -> t\nGemm t e -> h transB=1", {"e": [7, 3]}, tokens=7),
    "Pad": lambda: after("Tanh s -> t\nPad t -> h pads=[0, 0, 1, 2, 0, 1, 0, 3] value=0.7"),
}


if __name__ == "__main__":
    folder = sys.argv[1] if len(sys.argv) > 1 else "tests/data"
    with h5py.File(f"{folder}/oracle_ops.h5", "w", libver="latest") as f:
        for number, (name, make) in enumerate(CASES.items()):
            torch.manual_seed(number)
            group = f.create_group(f"{number:03d}")
            group.attrs["name"] = name
            try:
                make().write(group)
            except Exception as error:
                raise SystemExit(f"{name}: {error!r}")
    print(f"oracle_ops.h5: {len(CASES)} cases")

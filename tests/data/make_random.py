#!/usr/bin/env python3
"""Writes random graphs over all ops, and what PyTorch computes of them in double: output, gradient, five products with the Hessian,
losses at four points of a plane. tests/data/oracle_random.h5 holds small ones, which tests/engine/test_op_oracle.c runs in basin; to search,
write some hundred more under other seeds and lay them in its place.
Made with PyTorch 1.13.0 (Debian 12's python3-torch), numpy and h5py.

usage: PYTHONPATH=python make_random.py FILE SEED COUNT [NUMBERS]     (NUMBERS: largest case that is kept)
"""
import random
import sys

import h5py
import numpy as np
import torch

from basin.graph import Graph, run
from basin import semantics


def layer_norm(a, x, scale=None, b=None):  # torch 1.13 fails in second derivatives where one of them is left out
    axes = list(range(a.get("axis", -1), 0)) if a.get("axis", -1) < 0 else list(range(a["axis"], x.dim()))
    y = (x - x.mean(axes, keepdim=True)) / torch.sqrt(x.var(axes, unbiased=False, keepdim=True) + a.get("epsilon", 1e-5))
    y = y if scale is None else y * scale
    return y if b is None else y + b


def group_norm(a, x, scale=None, b=None):
    g = a["num_groups"]
    y = layer_norm({"axis": 2, "epsilon": a.get("epsilon", 1e-5)}, x.reshape(x.shape[0], g, -1)).reshape(x.shape)
    shape = [-1] + [1] * (x.dim() - 2)
    y = y if scale is None else y * scale.reshape(shape)
    return y if b is None else y + b.reshape(shape)


semantics.COMPUTE["LayerNormalization"] = layer_norm
semantics.COMPUTE["GroupNormalization"] = group_norm

torch.set_default_dtype(torch.float64)
COUNTS = [1, 2, 3, 15, 16, 17, 33, 33, 300]
SMOOTH = ["Tanh", "Sigmoid", "Softplus", "Silu", "Erf", "Gelu", "Neg"]
ANY = SMOOTH + ["Relu", "Abs", "LeakyRelu", "Elu", "Exp", "Clip", "Identity", "Dropout", "Sqrt", "Log", "Reciprocal"]


class Refused(Exception):
    pass


class Maker:
    def __init__(self, rng, wide):
        self.rng = r = rng
        self.n = r.choice(COUNTS)
        rank = r.choice([0, 1, 1, 2, 2, 3, 3, 3]) or 1
        dim = lambda: r.choice([1, 1, 2, 3, 4, 5, 6, 7] if not wide else [1, 2, 3, 8, 16, 17, 20])
        self.graph = Graph([dim() for _ in range(rank)])
        self.graph.input = "x"
        self.tokens = r.choice([0, 0, 0, 0, 5])
        x = torch.randn(self.n, *self.graph.input_shape)
        self.x = torch.randint(0, self.tokens, x.shape).double() if self.tokens else x
        self.values = {"x": self.x}
        self.batched = {"x"}
        self.reads = {"x": 0}
        self.theta = {}
        self.names = 0
        if self.tokens:
            self.node("Gather", [self.param([self.tokens, dim()]), "x"])

    def name(self, prefix):
        self.names += 1
        return f"{prefix}{self.names}"

    def param(self, shape, scale=None):
        shape = list(shape)
        same = [n for n, v in self.theta.items() if list(v.shape) == shape]
        if same and self.rng.random() < 0.25:
            return self.rng.choice(same)  # tied
        name = self.name("p")
        fan = int(np.prod(shape[1:])) if len(shape) > 1 else 1
        self.theta[name] = torch.randn(shape) * (scale or 1.0 / max(1, fan) ** 0.5)
        self.values[name] = self.theta[name]
        self.reads[name] = 0
        return name

    def buffer(self, value):
        name = self.name("b")
        self.graph.buffers[name] = value
        self.values[name] = value
        self.reads[name] = 0
        return name

    def leaf(self, shape, scale=None):
        """A parameter, a buffer, or a parameter through an op."""
        shape, u = list(shape), self.rng.random()
        if u < 0.15:
            return self.buffer(torch.randn(shape) * 0.5)
        if u < 0.30:
            return self.node(self.rng.choice(["Tanh", "Identity", "Neg", "Sigmoid"]), [self.param(shape, scale)])
        if u < 0.38 and len(shape) >= 2:
            perm = list(range(len(shape)))
            self.rng.shuffle(perm)
            back = [shape[perm.index(i)] for i in range(len(shape))]
            return self.node("Transpose", [self.param(back, scale)], perm=self.perm_to(back, shape))
        if u < 0.45 and len(shape) >= 1:
            return self.node("Reshape", [self.param([int(np.prod(shape))], scale)], shape=shape)
        return self.param(shape, scale)

    def perm_to(self, source, target):
        left, perm = list(range(len(source))), []
        for t in target:
            i = next(i for i in left if source[i] == t)
            left.remove(i)
            perm.append(i)
        return perm

    def node(self, op, inputs, outputs=1, **attributes):
        names = [self.name("t") for _ in range(outputs)]
        spec = {"name": names[0], "op": op, "inputs": inputs, "outputs": names, "attributes": attributes}
        batched = any(i in self.batched for i in inputs if i)
        try:
            results = run(spec, [self.values[i] if i else None for i in inputs])
        except (RuntimeError, IndexError, ValueError) as e:
            raise Refused(f"{op} {e}")
        for value in results:
            ok = value.numel() > 0 and value.numel() <= 4000 * self.n and torch.isfinite(value).all() and value.abs().max() < 60 and value.dim() <= 6
            if not ok or (batched and (value.dim() < 2 or value.shape[0] != self.n)):
                raise Refused(op)
        for i in inputs:
            if i:
                self.reads[i] += 1
        self.graph.nodes.append(spec)
        for name, value in zip(names, results):
            self.values[name] = value
            self.reads[name] = 0
            if batched:
                self.batched.add(name)
        return names[0]

    # ----------------------------------------------------------------------------------------------- choosing

    def pick(self, rank=None, least=2):
        """A batched tensor, of a rank (with batch) if given; unread and new ones rather."""
        names = [n for n in self.batched if (n != "x" or not self.tokens) and (rank is None and self.values[n].dim() >= least or self.values[n].dim() == rank)]
        if not names:
            raise Refused("rank")
        names.sort(key=lambda n: int(n[1:] or 0))
        unread = [n for n in names if self.reads[n] == 0]
        return self.rng.choice(unread[-3:] if unread and self.rng.random() < 0.6 else names)

    def unbatched(self):
        names = [n for n in self.values if n not in self.batched and n not in self.graph.buffers]
        if not names:
            raise Refused("none")
        return self.rng.choice(names)

    def any(self):
        return self.unbatched() if self.rng.random() < 0.15 else self.pick()

    def step(self):
        r = self.rng
        kind = r.choice(["gemm", "gemm", "matmul", "matmul2", "conv", "conv", "conv", "maxpool", "avgpool", "gap", "bn", "ln", "gn", "binary", "binary", "binary",
                         "scalar", "pow", "where", "unary", "unary", "unary", "softmax", "attention", "reduce", "flatten", "reshape", "reshape", "transpose", "squeeze",
                         "unsqueeze", "concat", "concat", "slice", "split", "gather", "pad", "square", "unbatchedop"])
        getattr(self, "do_" + kind)()

    def do_gemm(self):
        x = self.pick()
        k, m, trans = self.values[x].shape[-1], self.rng.choice([1, 2, 3, 5, 8]), self.rng.random() < 0.5
        w = self.rng.random() < 0.85 and self.param([m, k] if trans else [k, m]) or self.buffer(torch.randn([m, k] if trans else [k, m]) / k ** 0.5)
        a = {}
        if trans:
            a["transB"] = 1
        if self.rng.random() < 0.3:
            a["alpha"] = 0.7
        inputs = [x, w]
        if self.rng.random() < 0.6:
            inputs.append(self.param([m]) if self.rng.random() < 0.8 else self.buffer(torch.randn(m)))
            if self.rng.random() < 0.3:
                a["beta"] = -1.3
        self.node("Gemm", inputs, **a)

    def do_matmul(self):
        x, r = self.pick(), self.rng
        shape = list(self.values[x].shape)
        m = r.choice([1, 2, 3, 5])
        if r.random() < 0.6 or len(shape) < 3:
            w = [shape[-1], m]
            if len(shape) == 4 and r.random() < 0.3:
                w = [1, shape[1]] + w
            elif len(shape) == 4 and r.random() < 0.2:
                w = [shape[1]] + w
            self.node("MatMul", [x, self.leaf(w)])
        else:
            w = [m, shape[-2]]
            if len(shape) == 4 and r.random() < 0.3:
                w = [shape[1]] + w
            self.node("MatMul", [self.leaf(w), x])

    def do_matmul2(self):
        x = self.pick(least=3)
        y = self.pick(least=3)
        a, b = self.values[x], self.values[y]
        if a.shape[-1] != b.shape[-2]:
            perm = list(range(a.dim()))
            perm[-1], perm[-2] = perm[-2], perm[-1]
            y = self.node("Transpose", [x], perm=perm)
        self.node("MatMul", [x, y])

    def image(self):
        """A batched tensor with channels and 1 or 2 axes of space."""
        r = self.rng
        names = [n for n in self.batched if (n != "x" or not self.tokens) and self.values[n].dim() in (3, 4)]
        if names and r.random() < 0.85:
            return r.choice(sorted(names))
        x = self.pick()
        width = int(self.values[x][0].numel())
        c = r.choice([i for i in range(1, 9) if width % i == 0])
        rest = width // c
        h = r.choice([i for i in range(1, rest + 1) if rest % i == 0])
        shape = [0, c, h, rest // h] if r.random() < 0.7 else [0, c, rest]
        return self.node("Reshape", [x], shape=shape)

    def window(self, space, kernel, pads_less=False, dilation=True):
        r, d = self.rng, len(space)
        a = {}
        if r.random() < 0.5:
            a["strides"] = [r.choice([1, 2, 3]) for _ in range(d)]
        if r.random() < 0.5:
            a["pads"] = [r.choice([0, 1, 2]) if not pads_less else r.choice([0, min(1, kernel[i % d] - 1)]) for i in range(2 * d)]
        if dilation and r.random() < 0.25:
            a["dilations"] = [r.choice([1, 2, 3]) for _ in range(d)]
        return a

    def do_conv(self):
        r = self.rng
        x = self.image()
        shape = self.values[x].shape
        c, space = shape[1], list(shape[2:])
        kernel = [r.randint(1, min(4, s + 1)) for s in space]
        group = r.choice([1, 1, c] + [g for g in range(1, c + 1) if c % g == 0])
        m = group * r.choice([1, 2, 3, 5]) if group < 4 else group
        a = self.window(space, kernel)
        if group > 1:
            a["group"] = group
        w = self.leaf([m, c // group] + kernel)
        inputs = [x, w] + ([self.leaf([m])] if r.random() < 0.5 else [])
        self.node("Conv", inputs, **a)

    def do_maxpool(self):
        x = self.image()
        space = list(self.values[x].shape[2:])
        kernel = [self.rng.randint(1, min(3, s)) for s in space]
        self.node("MaxPool", [x], kernel_shape=kernel, **self.window(space, kernel, True))

    def do_avgpool(self):
        x = self.image()
        space = list(self.values[x].shape[2:])
        kernel = [self.rng.randint(1, min(3, s)) for s in space]
        a = self.window(space, kernel, True, False)
        if self.rng.random() < 0.5:
            a["count_include_pad"] = 1
        if self.rng.random() < 0.3 and "pads" not in a:
            a["ceil_mode"] = 1
        self.node("AveragePool", [x], kernel_shape=kernel, **a)

    def do_gap(self):
        self.node("GlobalAveragePool", [self.image()])

    def maybe(self, shape):
        return self.leaf(shape) if self.rng.random() < 0.75 else ""

    def do_bn(self):
        x = self.pick()
        c = self.values[x].shape[1]
        bn = lambda: self.param([c]) if self.rng.random() < 0.8 else (self.buffer(torch.randn(c)) if self.rng.random() < 0.5 else "")
        self.node("BatchNormalization", [x, bn(), bn(), self.buffer(torch.randn(c)), self.buffer(torch.rand(c) + 0.3)], **({"epsilon": 0.01} if self.rng.random() < 0.3 else {}))

    def do_ln(self):
        x = self.pick()
        shape = list(self.values[x].shape)
        axis = -self.rng.randint(1, len(shape) - 1)
        inputs = [x, self.maybe(shape[axis:]), self.maybe(shape[axis:])]
        if inputs[1] == "":
            inputs = [x] if inputs[2] == "" else inputs
        elif inputs[2] == "":
            inputs = inputs[:2]
        self.node("LayerNormalization", inputs, axis=axis if self.rng.random() < 0.6 else axis + len(shape), epsilon=self.rng.choice([0.1, 0.01, 0.3]))

    def do_gn(self):
        x = self.image()
        c = self.values[x].shape[1]
        g = self.rng.choice([i for i in range(1, c + 1) if c % i == 0])
        inputs = [x, self.maybe([c]), self.maybe([c])]
        if inputs[1] == "" and inputs[2] == "":
            inputs = [x]
        self.node("GroupNormalization", inputs, num_groups=g, epsilon=self.rng.choice([0.1, 0.01, 0.3]))

    def partner(self, x):
        """Something that broadcasts with x."""
        r, shape = self.rng, list(self.values[x].shape)
        u = r.random()
        if u < 0.15:
            return x
        if u < 0.5 and x in self.batched:
            same = [n for n in sorted(self.batched) if n != x and (n != "x" or not self.tokens) and self.fits(n, x)]
            if same:
                return r.choice(same)
        rest = shape[1:] if x in self.batched else shape
        drop = r.randint(0, len(rest))
        small = [d if r.random() < 0.6 else 1 for d in rest[drop:]]
        if drop == 0 and x in self.batched and r.random() < 0.3:
            small = [1] + small
        return self.leaf(small)

    def fits(self, a, b):
        a, b = self.values[a].shape, self.values[b].shape
        return len(a) == len(b) and all(i == j or 1 in (i, j) for i, j in zip(a, b))

    def do_binary(self):
        x = self.any()
        y = self.partner(x)
        op = self.rng.choice(["Add", "Add", "Sub", "Mul", "Mul", "Div"])
        if self.rng.random() < 0.3:
            x, y = y, x
        if op == "Div":
            y = self.node(self.rng.choice(["Exp", "Softplus"]), [y])
        self.node(op, [x, y])

    def do_square(self):
        x = self.any()
        self.node(self.rng.choice(["Mul", "Add", "Sub"]), [x, x])

    def do_scalar(self):
        x = self.any()
        inputs = [x, self.buffer(torch.tensor(0.6)) if self.rng.random() < 0.6 else self.param([], 1.0)]
        if self.rng.random() < 0.4:
            inputs.reverse()
        self.node(self.rng.choice(["Add", "Sub", "Mul"]), inputs)

    def do_pow(self):
        x, e = self.any(), self.rng.choice([2.0, 3.0, 0.0, 1.0, -0.5, 1.7, 0.5, -1.0])
        if e not in (2.0, 3.0, 0.0, 1.0):
            x = self.node("Softplus", [x])
        self.node("Pow", [x, self.buffer(torch.tensor(e) if self.rng.random() < 0.7 else torch.tensor([e]))])

    def do_where(self):
        x = self.any()
        y = self.partner(x)
        shape = list(self.values[x].shape)
        rest = shape[1:] if x in self.batched else shape
        drop = self.rng.randint(0, len(rest))
        mask = torch.randint(0, 2, [d if self.rng.random() < 0.7 else 1 for d in rest[drop:]]).double()
        inputs = [self.buffer(mask), x, y]
        if self.rng.random() < 0.4:
            inputs[1:] = [y, x]
        self.node("Where", inputs)

    def unary(self, x):
        op = self.rng.choice(ANY)
        a = {}
        if op in ("Sqrt", "Log", "Reciprocal"):
            x = self.node("Softplus", [x])
        if op == "LeakyRelu":
            a["alpha"] = self.rng.choice([0.2, -0.5, 1.5])
        if op == "Elu":
            a["alpha"] = self.rng.choice([0.6, 2.0])
        if op == "Gelu" and self.rng.random() < 0.5:
            a["approximate"] = "tanh"
        if op == "Clip":
            a = self.rng.choice([{"min": -0.5}, {"max": 0.4}, {"min": -0.5, "max": 0.7}])
        return self.node(op, [x], **a)

    def do_unary(self):
        self.unary(self.any())

    def do_softmax(self):
        x = self.any()
        d = self.values[x].dim()
        first = 1 if x in self.batched else 0
        if d == 0:
            raise Refused("rank")
        axis = self.rng.randint(first, d - 1)
        self.node(self.rng.choice(["Softmax", "LogSoftmax"]), [x], axis=axis if self.rng.random() < 0.5 else axis - d)

    def do_attention(self):
        r = self.rng
        q = self.pick(rank=4)
        h, t, d = self.values[q].shape[1:]
        k = q if r.random() < 0.3 else self.node("MatMul", [q, self.param([d, d])])
        fit = [n for n in sorted(self.batched) if self.values[n].dim() == 4 and self.values[n].shape[1] == h and self.values[n].shape[2] == self.values[k].shape[2] and n != "x"]
        v = r.choice(fit) if fit else k
        inputs = [q, k, v]
        a = {}
        s = self.values[k].shape[2]
        if r.random() < 0.4:
            shape = [t, s] if r.random() < 0.5 else [h, t, s]
            if r.random() < 0.5:
                mask = torch.randn(shape).masked_fill(torch.rand(shape) < 0.3, float("-inf"))
                mask[..., 0] = 0.1
                inputs.append(self.buffer(mask))
            else:
                inputs.append(self.leaf(shape))
        if r.random() < 0.3:
            a["is_causal"] = 1
        if r.random() < 0.3:
            a["scale"] = r.choice([0.3, -0.4, 1.1])
        self.node("Attention", inputs, **a)

    def axes(self, x, least=1):
        d, first = self.values[x].dim(), 1 if x in self.batched else 0
        if d - first < least:
            raise Refused("rank")
        axes = self.rng.sample(range(first, d), self.rng.randint(least, d - first))
        return [a if self.rng.random() < 0.6 else a - d for a in axes]

    def do_reduce(self):
        x = self.any()
        self.node(self.rng.choice(["ReduceMean", "ReduceSum"]), [x], axes=self.axes(x), **({"keepdims": 0} if self.rng.random() < 0.4 and self.values[x].dim() > 2 else {}))

    def do_flatten(self):
        self.node("Flatten", [self.pick()])

    def do_reshape(self):
        x, r = self.any(), self.rng
        first = [0] if x in self.batched else []
        width = int(self.values[x].numel()) // (self.n if first else 1)
        shape, rest = [], width
        for _ in range(r.randint(0, 3)):
            f = r.choice([i for i in range(1, rest + 1) if rest % i == 0])
            shape.append(f)
            rest //= f
        shape.append(rest)
        r.shuffle(shape)
        if r.random() < 0.4:
            shape[r.randrange(len(shape))] = -1
        self.node("Reshape", [x], shape=first + shape)

    def do_transpose(self):
        x = self.any()
        d, first = self.values[x].dim(), 1 if x in self.batched else 0
        axes = list(range(first, d))
        self.rng.shuffle(axes)
        self.node("Transpose", [x], perm=list(range(first)) + axes)

    def do_squeeze(self):
        x = self.any()
        first = 1 if x in self.batched else 0
        axes = [i for i, s in enumerate(self.values[x].shape) if s == 1 and i >= first]
        if not axes:
            raise Refused("none")
        self.node("Squeeze", [x], axes=self.rng.sample(axes, self.rng.randint(1, len(axes))))

    def do_unsqueeze(self):
        x = self.any()
        d, first = self.values[x].dim(), 1 if x in self.batched else 0
        more = self.rng.randint(1, 2)
        self.node("Unsqueeze", [x], axes=self.rng.sample(range(first, d + more), more))

    def do_concat(self):
        r, x = self.rng, self.pick(least=2)
        shape = list(self.values[x].shape)
        axis = r.randint(1, len(shape) - 1)
        parts = [x]
        for n in sorted(self.batched):
            other = list(self.values[n].shape)
            if (n != "x" or not self.tokens) and len(other) == len(shape) and all(a == b for i, (a, b) in enumerate(zip(shape, other)) if i != axis) and r.random() < 0.4:
                parts.append(n)
        if r.random() < 0.4:
            token = list(shape)
            token[0] = 1
            token[axis] = r.choice([1, 2])
            parts.append(self.leaf(token))
        r.shuffle(parts)
        self.node("Concat", parts[:8], axis=axis if r.random() < 0.5 else axis - len(shape))

    def do_slice(self):
        x, r = self.any(), self.rng
        axes = self.axes(x)
        starts, ends, steps = [], [], []
        for a in axes:
            s = self.values[x].shape[a]
            start = r.randrange(s)
            end = r.choice([r.randint(start + 1, s), 10 ** 6])
            starts.append(start if r.random() < 0.6 else start - s)
            ends.append(end if r.random() < 0.7 or end >= s else end - s)
            steps.append(r.choice([1, 1, 2, 3]))
        self.node("Slice", [x], axes=axes, starts=starts, ends=ends, **({"steps": steps} if r.random() < 0.5 else {}))

    def do_split(self):
        x, r = self.any(), self.rng
        axis = self.axes(x)[0]
        s, sizes = self.values[x].shape[axis], []
        while s > 0 and len(sizes) < 4:
            sizes.append(r.randint(1, s))
            s -= sizes[-1]
        if s:
            sizes.append(s)
        if len(sizes) < 2:
            raise Refused("one")
        self.node("Split", [x], outputs=len(sizes), axis=axis, split=sizes)

    def do_gather(self):
        x, r = self.any(), self.rng
        axis = self.axes(x)[0]
        s = self.values[x].shape[axis]
        shape = r.choice([[], [1], [3], [2, 2]])
        index = torch.randint(0, s, shape).double()
        self.node("Gather", [x, self.buffer(index)], axis=axis)

    def do_pad(self):
        x, r = self.any(), self.rng
        d, first = self.values[x].dim(), 1 if x in self.batched else 0
        pads = [0 if i % d < first else r.choice([0, 0, 1, 2, -1]) for i in range(2 * d)]
        if any(size + min(0, pads[i]) + min(0, pads[i + d]) <= 0 for i, size in enumerate(self.values[x].shape)):
            raise Refused("nothing left")
        self.node("Pad", [x], pads=pads, **({"value": 0.5} if r.random() < 0.5 else {}))

    def do_unbatchedop(self):
        r = self.rng
        self.unary(self.unbatched()) if r.random() < 0.5 else self.node("MatMul", [self.leaf([3, 2]), self.leaf([2, 4])])

    # -------------------------------------------------------------------------------------------------- finish

    def finish(self):
        """What nobody has read goes flattened into three outputs; what cannot go goes."""
        r = self.rng
        leaf = lambda n: n in self.theta or n in self.graph.buffers or n == "x"
        loose = [n for n in sorted(self.batched) if self.reads[n] == 0 and not leaf(n)]
        keep = [n for n in loose if r.random() < 0.85][:20] or [loose[-1]] if loose else []
        if not keep:
            raise Refused("empty")
        for n in [n for n in self.values if n not in self.batched and self.reads[n] == 0 and not leaf(n)]:
            d = self.values[n].dim()
            s = self.node("ReduceSum", [n], axes=list(range(d)), keepdims=0) if d else n
            if r.random() < 0.9:
                keep[0] = self.node("Mul", [keep[0], self.node("Tanh", [s])])
        flat = [self.node("Flatten", [n]) if self.values[n].dim() > 2 or r.random() < 0.2 else n for n in keep]
        last = self.node("Concat", flat, axis=1) if len(flat) > 1 else flat[0]
        width = self.values[last].shape[1]
        self.node("Gemm", [last, self.param([3, width])], transB=1)
        self.graph.output = self.graph.nodes[-1]["outputs"][0]
        self.prune()

    def prune(self):
        needed, nodes = {self.graph.output}, []
        for node in reversed(self.graph.nodes):
            if needed & set(node["outputs"]):
                nodes.append(node)
                needed |= set(node["inputs"])
        self.graph.nodes = nodes[::-1]
        if self.rng.random() < 0.3:
            self.rng.shuffle(self.graph.nodes)
        self.order = nodes[::-1]
        self.theta = {n: v for n, v in self.theta.items() if n in needed}
        self.graph.buffers = {n: v for n, v in self.graph.buffers.items() if n in needed}
        self.graph.parameters = {n: list(v.shape) for n, v in self.theta.items()}
        if "x" not in needed:
            raise Refused("no input")

    def of(self, theta):
        parameters, start = {}, 0
        for name, shape in self.graph.parameters.items():
            size = int(np.prod(shape))
            parameters[name] = theta[start:start + size].reshape(shape)
            start += size
        tensors = {**self.graph.buffers, **parameters, "x": self.x}
        for node in self.order:
            tensors.update(zip(node["outputs"], run(node, [tensors[n] if n else None for n in node["inputs"]])))
        return tensors[self.graph.output]

    def write(self, group, most, k=5, points=4):
        theta = torch.cat([v.flatten() for v in self.theta.values()]).detach().clone().requires_grad_()
        targets, v = torch.randn(self.n, 3), torch.randn(k, len(theta))
        y = self.of(theta)
        g, = torch.autograd.grad(((y - targets) ** 2).mean(), theta, create_graph=True)
        hv = []
        for i in range(k):
            if g.requires_grad:
                h, = torch.autograd.grad(g, theta, grad_outputs=v[i], retain_graph=True, allow_unused=True)
                hv.append(torch.zeros_like(theta) if h is None else h)
            else:
                hv.append(torch.zeros_like(theta))
        coef = torch.randn(points, 2) * 0.05
        losses = torch.stack([((self.of(theta.detach() + c @ v[:2]) - targets) ** 2).mean() for c in coef])
        numbers = [self.x, theta.detach(), targets, v, y.detach(), g.detach(), torch.stack(hv), coef, losses]
        if not all(torch.isfinite(n).all() for n in numbers) or g.abs().max() > 1e5 or torch.stack(hv).abs().max() > 1e7:
            raise Refused("not finite")
        if sum(n.numel() for n in numbers) + 50 * len(self.order) > most:
            raise Refused("large")
        group.attrs["graph"] = self.graph.json()
        group.attrs["samples"] = self.n
        group.create_dataset("numbers", data=torch.cat([n.flatten() for n in numbers]).numpy(), track_times=False)
        for name, value in self.graph.buffers.items():
            group.create_dataset(f"buffers/{name}", data=value.numpy(), track_times=False)


def make(seed, wide=False):
    torch.manual_seed(seed)
    maker = Maker(random.Random(seed), wide)
    size = maker.rng.randint(3, 22)
    tries = 0
    while len(maker.graph.nodes) < size and tries < 400:
        tries += 1
        try:
            maker.step()
        except Refused:
            pass
    maker.finish()
    return maker


def main():
    path, seed, count, most = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]) if len(sys.argv) > 4 else 10 ** 9
    done = {}
    with h5py.File(path, "w") as f:
        for s in range(seed, seed + count):
            name = f"{s:07d}"
            try:
                maker = make(s, s % 7 == 0)
                group = f.create_group(name)
                maker.write(group, most)
                for node in maker.order:
                    done[node["op"]] = done.get(node["op"], 0) + 1
            except (Refused, RuntimeError) as e:
                if name in f:
                    del f[name]
                if isinstance(e, RuntimeError):
                    print(s, str(e)[:200])
        print(len(f), "graphs", dict(sorted(done.items())))


if __name__ == "__main__":
    main()

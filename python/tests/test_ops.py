"""Every form of tensor code that the tracer knows: the graph computes what torch does, and is what it should be."""
import json
import math
import unittest
from unittest import mock

import torch
import torch.nn.functional as F
from torch import nn

from support import Case
from basin.graph import run
from basin.trace import trace
from basin.translate import TRANSLATORS

HAS_SDPA = hasattr(F, "scaled_dot_product_attention")


class Forward(nn.Module):
    """`function` of the module and its input, which a Linear of the last axis has seen (trained parameters before every op)."""

    def __init__(self, function, shape, **members):
        super().__init__()
        self.function, self.first = function, nn.Linear(shape[-1], shape[-1])
        for name, member in members.items():
            if isinstance(member, torch.Tensor) and not isinstance(member, nn.Parameter):
                self.register_buffer(name, member)
            else:
                setattr(self, name, member)

    def forward(self, x):
        return self.function(self, self.first(x))


class Ops(Case):
    def check(self, function, shape, expected=None, batch=4, **members):
        """Traced; on another batch size than the tracer's the same as torch. `expected`: the ops behind the Linear."""
        torch.manual_seed(2)
        graph, net = trace(Forward(function, shape, **members), torch.randn(shape))
        x = torch.randn(batch, *shape, dtype=torch.float64)
        ours = graph.evaluate(x, dict(net.named_parameters()), graph.buffers_from(net.state_dict()))
        self.close(ours.detach().reshape(-1), net(x).detach().reshape(-1))
        self.assertEqual(json.loads(graph.json())["nodes"], graph.nodes)
        if expected is not None:
            self.assertEqual(" ".join(n["op"] for n in graph.nodes[1:]), expected)
        return graph

    def test_activations(self):
        for module, expected in [
                (nn.ReLU(), "Relu"), (nn.ReLU(inplace=True), "Relu"), (nn.ReLU6(), "Clip"), (nn.Hardtanh(-2, 3), "Clip"), (nn.SiLU(), "Silu"),
                (nn.Hardswish(), "Add Clip Div Mul"), (nn.Hardsigmoid(), "Add Clip Div"), (nn.Mish(), "Softplus Tanh Mul"), (nn.GELU("tanh"), "Gelu"),
                (nn.Softmax(-1), "Softmax"), (nn.LogSoftmax(1), "LogSoftmax"), (nn.Softmin(1), "Neg Softmax"), (nn.GLU(), "Split Sigmoid Mul"),
                (nn.PReLU(), None), (nn.PReLU(3), None), (nn.Softplus(), "Softplus"), (nn.Softplus(beta=2), "Mul Softplus Div"), (nn.ELU(0.3), "Elu"),
                (nn.CELU(0.7), "Div Elu Mul"), (nn.SELU(), "Elu Mul"), (nn.LogSigmoid(), "Neg Softplus Neg"), (nn.Softsign(), "Abs Add Div"),
                (nn.Tanhshrink(), "Tanh Sub"), (nn.Softshrink(0.2), "Clip Sub"), (nn.LeakyReLU(0.3), "LeakyRelu"), (nn.RReLU(), "LeakyRelu"),
                (nn.Sigmoid(), "Sigmoid"), (nn.Identity(), ""), (nn.Dropout(), "")]:
            with self.subTest(type(module).__name__):
                self.check(lambda s, x: s.module(x), (3, 4), expected, module=module)

    def test_arithmetic(self):
        p = nn.Parameter(torch.rand(4) + 1)
        for name, function, expected in [
                ("numbers", lambda s, x: (2 * x + 1 - x / 3) * -1, "Mul Add Div Sub Mul"), ("from numbers", lambda s, x: 1 - x + 3 * x, None),
                ("division", lambda s, x: 1 / (x.abs() + 1) + 2 / (1 + x ** 2), None),
                ("powers", lambda s, x: x ** 2 + x ** 3 + 2 ** x, "Mul Pow Add Mul Exp Add"),
                ("trained powers", lambda s, x: (x * x + 0.1).pow(s.p), None),
                ("roots", lambda s, x: (x * x + 1) ** 0.5 + torch.rsqrt(x * x + 1) + (x * x + 1) ** -1 + (x * x + 1).sqrt(), None),
                ("transcendental", lambda s, x: torch.exp(x) + torch.log(x * x + 1) + torch.erf(x) + torch.expm1(x) + torch.log1p(x * x), None),
                ("parameters", lambda s, x: x * s.p + s.p / (x * x + s.p) - s.p, None), ("unary minus", lambda s, x: -x, "Neg"),
                ("alpha", lambda s, x: torch.add(x, s.p, alpha=2) - torch.sub(x, s.p, alpha=0.5), None),
                ("fused", lambda s, x: torch.addcmul(x, x, s.p, value=0.5) + torch.lerp(x, s.p, 0.3), None),
                ("limits", lambda s, x: x.clamp(-1, 0.5) + x.clamp(min=0) + torch.clamp_max(x, 0.2), "Clip Clip Add Clip Add"),
                ("the larger", lambda s, x: torch.maximum(x, s.p) - torch.minimum(x, -s.p), None),
                ("of parameters", lambda s, x: x * torch.sigmoid(s.p).sum(), None), ("of 0-d tensors", lambda s, x: x * torch.tensor(2.5), "Mul")]:
            with self.subTest(name):
                self.check(function, (3, 4), expected, p=p)

    def test_changes_in_place(self):
        def function(s, x):
            y = x.clone()
            y += 1
            y.mul_(2).add_(x)
            y = y.sub_(0.5)
            y /= 3
            h = torch.relu_(y) + y
            return F.relu(h, inplace=True) + h
        self.check(function, (3, 4), "Add Mul Add Sub Div Relu Add Relu Add")

    def test_sums_and_statistics(self):
        self.check(lambda s, x: x.mean(1), (3, 4), "ReduceMean")
        self.check(lambda s, x: x.mean(dim=(1, 2), keepdim=True) + x.sum(-1, keepdim=True), (3, 4))
        self.check(lambda s, x: (x - x.mean(-1, keepdim=True)) / (x.std(-1, keepdim=True) + x.var(dim=-1, unbiased=False, keepdim=True)), (3, 4))
        self.check(lambda s, x: F.normalize(x, dim=-1) + x.norm(dim=1, keepdim=True) + F.normalize(x), (3, 4))
        self.check(lambda s, x: x.mean([1, 2]), (3, 4), "ReduceMean Flatten")
        self.check(lambda s, x: x.transpose(0, 1).mean(0), (3, 4), "ReduceMean")

    def test_shapes(self):
        for name, function, expected in [
                ("view", lambda s, x: x.view(x.size(0), 2, 3, -1).flatten(2), "Reshape"), ("flatten", lambda s, x: x.flatten(1), "Flatten"),
                ("unflatten", lambda s, x: x.unflatten(1, (2, 3)), "Reshape"),
                ("unsqueeze", lambda s, x: x.unsqueeze(1).squeeze(1) + x[:, None, 0], None),
                ("permute", lambda s, x: x.permute(0, 2, 1).contiguous().view(-1, 24), "Transpose Flatten"), ("mT", lambda s, x: x.mT, "Transpose"),
                ("twice", lambda s, x: x.transpose(1, 2).transpose(-1, -2) + x, "Add"), ("movedim", lambda s, x: x.movedim(1, 2), "Transpose"),
                ("merged with the batch", lambda s, x: s.first(x.reshape(-1, 4)).view(x.shape), "Gemm"),
                ("chunks", lambda s, x: torch.cat([a * (i + 1) for i, a in enumerate(x.chunk(2, dim=-1))], -1), "Split Mul Mul Concat"),
                ("splits", lambda s, x: sum(a.mean(1) for a in x.split([1, 2, 3], 1)), None), ("stack", lambda s, x: torch.stack([x, -x], 2), None),
                ("stack in front", lambda s, x: torch.stack([x, 2 * x]).sum(0), None), ("unbind", lambda s, x: x.unbind(1)[2], "Split Flatten"),
                ("iteration", lambda s, x: torch.stack([a for a in x.transpose(0, 1)]).transpose(0, 1), None),
                ("slices", lambda s, x: x[:, 1:5:2, ..., :3], "Slice"), ("last", lambda s, x: x[:, -1], "Slice Flatten"),
                ("new axes", lambda s, x: x[:, None, :, None, 1], None), ("whole", lambda s, x: x[:, :][:x.size(0)], ""),
                ("rows", lambda s, x: x[:, [0, 2, 2]] + x[:, torch.tensor([1, 0, 3])], "Gather Gather Add"),
                ("select", lambda s, x: x.select(1, 2) + x.narrow(1, 0, 1).squeeze(1), None),
                ("mask of rows", lambda s, x: x[:, torch.tensor([True, False, True, False, False, True])], "Gather"),
                ("flip and roll", lambda s, x: x.flip(1) + x.roll(2, 1) + torch.roll(x, (1, -1), (1, 2)), None),
                ("expand", lambda s, x: x[:, :, None].expand(-1, -1, 3, -1).reshape(x.shape[0], 18, 4), "Reshape Mul Reshape"),
                ("repeat", lambda s, x: x.repeat(1, 2, 1) + x.mean(1, keepdim=True).repeat(1, 12, 1), None),
                ("pad", lambda s, x: F.pad(x, (1, 0, 2, 1), value=0.5), "Pad"), ("one value", lambda s, x: x[:, 0, 0], None),
                ("shuffle", lambda s, x: x.view(x.shape[0], 2, 3, 4).transpose(1, 2).reshape(x.shape), "Reshape Transpose Reshape")]:
            with self.subTest(name):
                self.check(function, (6, 4), expected)

    def test_tokens_joined_to_a_sequence(self):
        token, positions = nn.Parameter(torch.randn(1, 1, 4)), nn.Parameter(torch.randn(1, 7, 4))
        for name, function in [("expand", lambda s, x: torch.cat([s.token.expand(x.shape[0], -1, -1), x], 1) + s.positions),
                               ("repeat", lambda s, x: torch.cat([s.token.repeat(x.shape[0], 1, 1), x], 1) + s.positions[:, :7]),
                               ("constant", lambda s, x: torch.cat([torch.zeros(x.shape[0], 1, 4), x], dim=1) + s.token * s.positions),
                               ("sequence first",
                                lambda s, x: torch.cat([s.token.expand(-1, x.shape[0], -1), x.transpose(0, 1)]).transpose(0, 1) + s.positions)]:
            with self.subTest(name):
                graph = self.check(function, (6, 4), token=token, positions=positions)
                self.assertEqual([n["op"] for n in graph.nodes].count("Concat"), 1)

    def test_masks(self):
        lower = torch.tril(torch.ones(9, 9))
        for name, function, count in [
                ("of a buffer", lambda s, x: x.masked_fill(s.lower[:6, :6] == 0, -1e9), 2),
                ("made here", lambda s, x: torch.where(torch.ones(6, 6).triu(1) > 0, x, -x), 3),
                ("in place", lambda s, x: (x + 0).masked_fill_(~s.lower[:6, :6].bool(), float("-inf")).softmax(-1), None),
                ("added", lambda s, x: (x + torch.full((6, 6), float("-inf")).triu(1)).softmax(-1), 3),
                ("triangles", lambda s, x: x.tril() + torch.triu(x, 1), None), ("product", lambda s, x: x * s.lower[:6, :6], 2),
                ("extended", lambda s, x: x + (1.0 - s.lower[None, :6, :6]) * torch.finfo(x.dtype).min / 1e300, 2)]:
            with self.subTest(name):
                graph = self.check(function, (6, 6), lower=lower)
                if count is not None:
                    self.assertEqual(len(graph.nodes), count)
                self.assertFalse(any(graph.state_keys.values()), graph.state_keys)

    def test_products(self):
        w, v = nn.Parameter(torch.randn(4, 5)), nn.Parameter(torch.randn(4))
        for name, function, expected in [
                ("matmul", lambda s, x: x @ s.w, "Gemm"), ("transposed", lambda s, x: x @ s.w @ s.w.t(), "Gemm Gemm"),
                ("vector", lambda s, x: x @ s.v, None),
                ("functional", lambda s, x: F.linear(x, s.w.T, None), "Gemm"), ("scaled weight", lambda s, x: F.linear(x, 2 * s.w.t(), None), None),
                ("tokens", lambda s, x: x @ x.transpose(1, 2), "Transpose MatMul"),
                ("bmm", lambda s, x: torch.bmm(x, x.transpose(1, 2)), "Transpose MatMul"),
                ("baddbmm", lambda s, x: torch.baddbmm(x, x[:, :, :3], x, beta=0.5, alpha=2), None),
                ("mixing tokens", lambda s, x: s.m @ x + torch.matmul(torch.ones(3, 3) / 3, x), "MatMul MatMul Add"),
                ("heads in the batch", lambda s, x: torch.bmm(x.reshape(-1, 2, 2), x.reshape(-1, 2, 2)).view(x.shape), None),
                ("einsum", lambda s, x: torch.einsum("bij,bkj->bik", x, x) @ torch.einsum("bij,jk->bik", x, s.w), None),
                ("einsum of heads", lambda s, x: torch.einsum("bhid,bhjd->bhij", *[x.view(-1, 3, 2, 2).transpose(1, 2)] * 2), None),
                ("einsum, heads behind", lambda s, x: torch.einsum("blhe,bshe->bhls", x.view(-1, 3, 2, 2), x.view(-1, 3, 2, 2)), None)]:
            with self.subTest(name):
                self.check(function, (3, 4), expected, w=w, v=v, m=nn.Parameter(torch.randn(3, 3)))
        self.check(lambda s, x: torch.addmm(s.b, x, s.w, alpha=0.5, beta=2), (4,), "Gemm", w=w, b=nn.Parameter(torch.randn(5)))

    def test_convolutions_and_pooling(self):
        for name, module, expected in [
                ("strided", nn.Conv2d(3, 4, (3, 2), stride=(2, 1), padding=(1, 0), dilation=(1, 2)), "Conv"),
                ("same", nn.Conv2d(3, 4, (4, 3), padding="same"), "Conv"),
                ("valid", nn.Conv2d(3, 3, 3, padding="valid", groups=3, bias=False), "Conv"), ("pool", nn.MaxPool2d(3, 2, 1), "MaxPool"),
                ("ceil", nn.MaxPool2d(3, 2, ceil_mode=True), "MaxPool"), ("average", nn.AvgPool2d(3, 2, 1), "AveragePool"),
                ("average without pads", nn.AvgPool2d((3, 2), padding=(1, 0), count_include_pad=False), "AveragePool"),
                ("to 1", nn.AdaptiveAvgPool2d(1), "GlobalAveragePool"),
                ("to 4 x 2", nn.AdaptiveAvgPool2d((4, 2)), "AveragePool"), ("windows of several sizes", nn.AdaptiveAvgPool2d((5, 4)), "MatMul Gemm"),
                ("more than there is", nn.AdaptiveAvgPool2d((3, 7)), "MatMul Gemm"), ("as it is", nn.AdaptiveAvgPool2d((8, None)), ""),
                ("largest", nn.AdaptiveMaxPool2d((4, 3)), "MaxPool"), ("batch norm", nn.BatchNorm2d(3), "BatchNormalization"),
                ("without scale", nn.BatchNorm2d(3, affine=False), "BatchNormalization"), ("group norm", nn.GroupNorm(3, 3), "GroupNormalization"),
                ("instance norm", nn.InstanceNorm2d(3, affine=True), "GroupNormalization"),
                ("layer norm", nn.LayerNorm([3, 8, 6]), "LayerNormalization"),
                ("tracked", nn.InstanceNorm2d(3, track_running_stats=True), "BatchNormalization"), ("pad", nn.ZeroPad2d((1, 2, 0, 1)), "Pad"),
                ("dropped channels", nn.Dropout2d(), "")]:
            with self.subTest(name):
                self.check(lambda s, x: s.module(x), (3, 8, 6), expected, module=module)
        self.check(lambda s, x: F.layer_norm(F.conv1d(x, s.w, stride=2), (3,)), (2, 8), "Conv LayerNormalization", w=nn.Parameter(torch.randn(4, 2, 3)))

    def test_batch_norm_of_tokens(self):
        self.check(lambda s, x: s.bn(s.first(x).reshape(-1, 4)).view(x.shape), (6, 4), "Gemm Transpose BatchNormalization Transpose", bn=nn.BatchNorm1d(4))
        self.check(lambda s, x: s.bn(x.reshape(-1, 4)).view(x.shape), (2, 3, 4), None, bn=nn.BatchNorm1d(4))
        self.check(lambda s, x: s.bn(x.transpose(1, 2)), (6, 4), "Transpose BatchNormalization", bn=nn.BatchNorm1d(4))

    @unittest.skipUnless(hasattr(torch, "compiler") and hasattr(torch.compiler, "set_stance"), "this PyTorch has no set_stance")
    def test_compiled_parts(self):
        self.check(lambda s, x: torch.compile(lambda y: torch.relu(y) * 2)(x), (6, 4), "Relu Mul")

    def test_a_channels_last_block(self):
        """ConvNeXt's: depthwise, layer norm over channels behind, a scale for each channel."""
        def function(s, x):
            y = s.dw(x).permute(0, 2, 3, 1)
            y = s.pw2(F.gelu(s.pw1(s.norm(y))))
            return x + (s.gamma * y).permute(0, 3, 1, 2)
        self.check(function, (3, 8, 6), "Conv Transpose LayerNormalization Gemm Gelu Gemm Mul Transpose Add", dw=nn.Conv2d(3, 3, 7, padding=3, groups=3),
                   norm=nn.LayerNorm(3, eps=1e-6), pw1=nn.Linear(3, 12), pw2=nn.Linear(12, 3), gamma=nn.Parameter(torch.full((3,), 0.1)))

    def test_squeeze_and_excite(self):
        def function(s, x):
            b, c, _, _ = x.size()
            y = s.fc(x.mean((2, 3)).view(b, c)).sigmoid().view(b, c, 1, 1)
            return x * y.expand_as(x)
        self.check(function, (3, 8, 6), fc=nn.Linear(3, 3))

    def test_rms_norm_in_single_precision_and_rotary_positions(self):
        def norm(x):
            return (x.float() * torch.rsqrt(x.float().pow(2).mean(-1, keepdim=True) + 1e-6)).type_as(x)

        def rotated(x):
            a, b = x.chunk(2, dim=-1)
            return torch.cat((-b, a), dim=-1)

        def function(s, x):
            x = norm(x) * s.weight
            positions = torch.outer(torch.arange(x.shape[1], device=x.device).float(), 1.0 / 100 ** (torch.arange(0, 4, 2).float() / 4))
            angles = torch.cat((positions, positions), -1)
            return x * angles.cos() + rotated(x) * angles.sin()
        graph = self.check(function, (6, 4), weight=nn.Parameter(torch.ones(4)))
        self.assertEqual(sorted(list(v.shape) for v in graph.buffers.values()), [[], [6, 4], [6, 4]])

    def test_attention_written_by_hand(self):
        def minimal(s, x):
            """Heads in the batch, as in old code: [N·H, T, D]."""
            n, t, c = x.shape
            q, k, v = [a.view(n, t, 2, c // 2).transpose(1, 2).reshape(n * 2, t, c // 2) for a in s.qkv(x).chunk(3, -1)]
            w = torch.bmm(q, k.transpose(1, 2)) / math.sqrt(c // 2)
            return torch.bmm(w.softmax(2), v).view(n, 2, t, c // 2).transpose(1, 2).reshape(n, t, c)

        def relative(s, x):
            """Swin's: a bias from a table by constant indices."""
            n, t, c = x.shape
            q, k, v = s.qkv(x).reshape(n, t, 3, 2, c // 2).permute(2, 0, 3, 1, 4).unbind(0)
            bias = s.table[s.index.view(-1)].view(t, t, -1).permute(2, 0, 1).contiguous()
            return (((q * c ** -0.5) @ k.transpose(-2, -1) + bias.unsqueeze(0)).softmax(-1) @ v).transpose(1, 2).reshape(n, t, c)

        def grouped(s, x):
            """LLaMA's: keys and values shared by heads."""
            n, t, c = x.shape
            q, k, v = s.qkv(x).split([c, c, c], -1)
            q = q.view(n, t, 4, 1).transpose(1, 2)
            k, v = [a[..., :2].view(n, t, 2, 1).transpose(1, 2)[:, :, None].expand(n, 2, 2, t, 1).reshape(n, 4, t, 1) for a in (k, v)]
            return ((q @ k.transpose(2, 3)).softmax(-1) @ v).transpose(1, 2).reshape(n, t, c)

        for function in (minimal, relative, grouped):
            with self.subTest(function.__name__):
                self.check(function, (5, 4), qkv=nn.Linear(4, 12), table=nn.Parameter(torch.randn(7, 2)), index=torch.randint(0, 7, (5, 5)))

    def test_multihead_attention(self):
        def seen(s, x):
            return s.attention(x, x, x)[0]

        def first(s, x):
            x = x.transpose(0, 1)
            return s.attention(x, x, x, attn_mask=s.mask, need_weights=False)[0].transpose(0, 1)

        def heads(s, x):
            return s.attention(x, x, x, attn_mask=s.mask.expand(2, 5, 5)[None].expand(x.shape[0], 2, 5, 5).reshape(-1, 5, 5)[:2])[0]

        def cross(s, x):
            return s.attention(x, x[:, :3], 2 * x[:, :3])[0]

        mask = torch.ones(5, 5).triu(1).bool()
        self.check(seen, (5, 4), attention=nn.MultiheadAttention(4, 2, batch_first=True))
        self.check(seen, (5, 4), attention=nn.MultiheadAttention(4, 2, batch_first=True, bias=False))
        graph = self.check(first, (5, 4), attention=nn.MultiheadAttention(4, 2), mask=mask)
        self.assertEqual(len(graph.nodes), 13)
        self.check(cross, (5, 4), attention=nn.MultiheadAttention(4, 2, batch_first=True))

        def other(s, x):
            return s.attention(x, s.keys(x), s.keys(x))[0]
        self.check(other, (5, 4), attention=nn.MultiheadAttention(4, 2, batch_first=True, kdim=3, vdim=3), keys=nn.Linear(4, 3))
        with self.fails("multi_head_attention_forward in attention (MultiheadAttention)", "need_weights=False"):
            trace(Forward(lambda s, x: s.attention(x, x, x)[1], (5, 4), attention=nn.MultiheadAttention(4, 2, batch_first=True)), torch.zeros(5, 4))

    @unittest.skipUnless(HAS_SDPA, "this PyTorch has no scaled_dot_product_attention")
    def test_scaled_dot_product_attention(self):
        lower = torch.tril(torch.ones(5, 5)).bool()
        for name, function, expected in [
                ("one head", lambda s, x: F.scaled_dot_product_attention(x, x, x), "Reshape Attention Reshape"),
                ("scale", lambda s, x: F.scaled_dot_product_attention(x, x, 2 * x, scale=0.3), None),
                ("mask", lambda s, x: F.scaled_dot_product_attention(x, x, x, attn_mask=s.lower), None),
                ("heads",
                 lambda s, x: F.scaled_dot_product_attention(*[x.view(-1, 5, 2, 2).transpose(1, 2)] * 3, is_causal=True).transpose(1, 2).flatten(2),
                 "Reshape Transpose Attention Transpose Reshape"),
                ("trained mask", lambda s, x: F.scaled_dot_product_attention(x, x, x, attn_mask=s.bias * 2), None),
                ("fewer queries", lambda s, x: F.scaled_dot_product_attention(x[:, :3], x, x, is_causal=True), None)]:
            with self.subTest(name):
                self.check(function, (5, 4), expected, lower=lower, bias=nn.Parameter(torch.randn(5, 5)))

    def test_transformer_with_decoder(self):
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.inner = nn.Transformer(4, 2, 1, 1, 8, batch_first=True)

            def forward(self, x):
                return self.inner(x, x[:, :3], tgt_mask=nn.Transformer.generate_square_subsequent_mask(3))

        trace(Net(), torch.zeros(5, 4))

    def test_frozen_parameters_are_buffers(self):
        net = nn.Sequential(nn.Linear(4, 4), nn.Tanh(), nn.Linear(4, 2))
        net[0].weight.requires_grad_(False)
        graph, _ = trace(net, torch.zeros(4))
        self.assertEqual((graph.frozen, list(graph.parameters)), (["0.weight"], ["0.bias", "2.weight", "2.bias"]))
        self.assertEqual(graph.state_keys, {"0.weight": "0.weight"})
        self.assertTrue(torch.equal(graph.buffers["0.weight"].float(), net[0].weight))

    def test_frozen_parameters_that_are_computed_with(self):
        graph = self.check(lambda s, x: x * s.scale.sigmoid() + torch.cumsum(s.scale, 0), (4,), scale=nn.Parameter(torch.randn(4), requires_grad=False))
        self.assertEqual(sorted(graph.state_keys.values(), key=str), [None, "scale"])

    def test_weight_norm(self):
        linear = nn.Linear(4, 3)
        if hasattr(nn.utils.parametrizations, "weight_norm"):
            self.check(lambda s, x: s.linear(x), (4,), linear=nn.utils.parametrizations.weight_norm(linear))

    def test_equal_constants_are_stored_once(self):
        graph = self.check(lambda s, x: x * 0.5 + x * 0.5 + (x + torch.eye(4)) * torch.eye(4), (4, 4))
        self.assertEqual(sorted(graph.buffers), ["constants/0.5", "constants/add.constant"])
        self.assertEqual([n["op"] for n in graph.nodes].count("Mul"), 2)

    def test_logits_flattened_over_tokens(self):
        net = nn.Sequential(nn.Linear(4, 5), nn.Flatten(0, 1))
        graph, _ = trace(net, torch.zeros(3, 4))
        self.assertEqual((graph.flattened, graph.output_shape, [n["op"] for n in graph.nodes]), (True, (3, 5), ["Gemm"]))
        self.assertFalse(trace(net[:1], torch.zeros(3, 4))[0].flattened)

    def test_integer_inputs(self):
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.table, self.head = nn.Embedding(9, 4, padding_idx=0), nn.Linear(8, 3)
                self.raw = nn.Parameter(torch.randn(9, 4))

            def forward(self, x):
                x = x.long()
                x = self.table(x) + self.raw[x] + F.embedding(x + 1, self.raw) + F.one_hot(x, 9).float() @ self.raw
                return self.head(torch.cat([x.mean(1), x[:, -1]], 1))

        graph, net = trace(Net(), torch.tensor([3, 7, 1]))
        x = torch.tensor([[0, 7, 2], [5, 5, 5]])
        parameters = dict(net.named_parameters())
        self.close(graph.evaluate(x, parameters).detach(), net(x).detach())
        with self.fails("long in the forward of Net", "integer inputs"):
            trace(Net(), torch.tensor([3.0, 7.0, 1.0]))

    def test_a_wrong_translation_is_found(self):
        """By the node's own value, and by the graph's gradients where the values agree."""
        with mock.patch.dict(TRANSLATORS, tanh=TRANSLATORS["sigmoid"]), self.fails("tanh in 1 (Tanh): basin's ops for it give another result"):
            trace(nn.Sequential(nn.Linear(4, 4), nn.Tanh()), torch.zeros(4))
        with mock.patch.dict(TRANSLATORS, detach=lambda t, x: x), self.fails("the gradient by first.weight of the traced graph differs"):
            trace(Forward(lambda s, x: x * x.detach(), (4,)), torch.zeros(4))

    def test_a_parameter_called_input(self):
        graph, _ = trace(Forward(lambda s, x: x * s.input, (4,), input=nn.Parameter(torch.ones(4))), torch.zeros(4))
        self.assertEqual((graph.input, graph.nodes[0]["inputs"][0], graph.nodes[1]["inputs"]), ("input_1", "input_1", ["first", "input"]))


class Semantics(Case):
    """The reference that the engine is held against, by numbers worked out by hand."""

    def computes(self, op, inputs, expected, **attributes):
        found = run({"op": op, "attributes": attributes}, [None if i is None else torch.tensor(i, dtype=torch.float64) for i in inputs])
        for ours, theirs in zip(found, expected):
            self.close(ours, theirs)
        self.assertEqual(len(found), len(expected))

    def test_windows(self):
        x = [[[1.0, 2.0, 4.0, 8.0]]]
        self.computes("Conv", [x, [[[1.0, 10.0]]]], [[[[21.0, 84.0]]]], strides=[2])
        self.computes("Conv", [x, [[[1.0, 10.0]]], [0.5]], [[[[10.5, 21.5, 42.5, 84.5]]]], pads=[1, 0])
        self.computes("Conv", [x, [[[1.0, 10.0]]]], [[[[41.0, 82.0]]]], dilations=[2])
        self.computes("MaxPool", [[[[-1.0, -2.0, -4.0]]]], [[[[-1.0, -1.0, -2.0]]]], kernel_shape=[2], pads=[1, 0])
        self.computes("MaxPool", [x], [[[[4.0, 8.0]]]], kernel_shape=[3], strides=[3], ceil_mode=1)
        self.computes("AveragePool", [x], [[[[1.0, 3.0, 8.0]]]], kernel_shape=[2], strides=[2], pads=[1, 1])
        self.computes("AveragePool", [x], [[[[0.5, 3.0, 4.0]]]], kernel_shape=[2], strides=[2], pads=[1, 1], count_include_pad=1)
        self.computes("GlobalAveragePool", [x], [[[[3.75]]]])

    def test_norms(self):
        self.computes("BatchNormalization", [[[1.0, 2.0]], None, None, [0.0, 1.0], [4.0, 1.0]], [[[0.5, 1.0]]], epsilon=0.0)
        self.computes("BatchNormalization", [[[1.0, 2.0]], [2.0, 3.0], [1.0, -1.0], [0.0, 1.0], [4.0, 1.0]], [[[2.0, 2.0]]], epsilon=0.0)
        self.computes("LayerNormalization", [[[1.0, 3.0]], [1.0, 2.0], [0.0, 1.0]], [[[-1.0, 3.0]]], epsilon=0.0)
        self.computes("GroupNormalization", [[[[1.0], [3.0], [5.0], [5.5]]]], [[[[-1.0], [1.0], [-1.0], [1.0]]]], num_groups=2, epsilon=0.0)

    def test_products(self):
        self.computes("Gemm", [[[1.0, 2.0]], [[3.0], [4.0]], [10.0]], [[[27.0]]], alpha=2.0, beta=0.5)
        self.computes("Gemm", [[[[1.0, 2.0]]], [[3.0, 4.0]]], [[[[11.0]]]], transB=1)
        q, k, v = [[[[0.0], [0.0]]]], [[[[1.0], [2.0]]]], [[[[3.0], [5.0]]]]
        self.computes("Attention", [q, k, v], [[[[[3.0], [4.0]]]]], is_causal=1)
        self.computes("Attention", [q, k, v, [[0.0, math.log(3.0)], [float("-inf"), 0.0]]], [[[[[4.5], [5.0]]]]])
        self.computes("Attention", [[[[[1.0]]]], k, v], [[[[[3 / (1 + math.exp(2)) + 5 / (1 + math.exp(-2))]]]]], scale=2.0)

    def test_moves(self):
        x = [[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]]
        self.computes("Reshape", [x], [[[[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]]], shape=[0, -1, 2])
        self.computes("Transpose", [x], [[[[1.0, 4.0], [2.0, 5.0], [3.0, 6.0]]]], perm=[0, 2, 1])
        self.computes("Slice", [x], [[[[3.0], [6.0]]]], starts=[2], ends=[3], axes=[2])
        self.computes("Slice", [x], [[[[1.0, 3.0]]]], starts=[0, 0], ends=[1, 3], axes=[1, 2], steps=[1, 2])
        self.computes("Split", [x], [[[[1.0], [4.0]]], [[[2.0, 3.0], [5.0, 6.0]]]], axis=2, split=[1, 2])
        self.computes("Concat", [[[[0.0]]], [[[1.0]], [[2.0]]]], [[[[0.0], [1.0]], [[0.0], [2.0]]]], axis=1)
        self.computes("Gather", [[[1.0, 2.0], [3.0, 4.0]], [[1.0, 0.0]]], [[[[3.0, 4.0], [1.0, 2.0]]]])
        self.computes("Gather", [x, [2.0, 0.0]], [[[[3.0, 1.0], [6.0, 4.0]]]], axis=2)
        self.computes("Pad", [[[1.0, 2.0]]], [[[7.0, 1.0, 2.0, 7.0, 7.0]]], pads=[0, 1, 0, 2], value=7.0)
        self.computes("Unsqueeze", [[1.0]], [[[[1.0]]]], axes=[0, -1])
        self.computes("Squeeze", [[[[1.0]]]], [[1.0]], axes=[0, -1])
        self.computes("Where", [[0.0, 2.0], 5.0, [1.0, 2.0]], [[1.0, 5.0]])
        self.computes("ReduceMean", [x], [[[[2.0], [5.0]]]], axes=[-1])
        self.computes("ReduceSum", [x], [[[6.0, 15.0]]], axes=[2], keepdims=0)
        self.computes("Clip", [[-1.0, 3.0, 9.0]], [[0.0, 3.0, 6.0]], min=0.0, max=6.0)
        self.computes("Clip", [[-1.0, 9.0]], [[0.0, 9.0]], min=0.0)

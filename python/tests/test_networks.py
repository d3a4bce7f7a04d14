"""Whole networks as people write them: the traced graph computes what the module does, with gradients, and is as short as it should be."""
import os
import unittest

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

import networks
from support import Case, basin, needs_basin
from basin.names import parameter_names
from basin.trace import trace

try:
    import torchvision
except ImportError:
    torchvision = None


def ops(graph):
    return [node["op"] for node in graph.nodes]


class Networks(Case):
    def traced(self, net, sample, count=None):
        """The graph; its outputs and gradients are the module's own, in double precision, with the module's weights and statistics."""
        torch.manual_seed(1)
        for module in net.modules():
            if isinstance(module, nn.modules.batchnorm._BatchNorm):
                module.running_mean.normal_()
                module.running_var.uniform_(0.5, 2)
        graph, _ = trace(net, sample)
        net = net.double().eval()
        x = torch.stack([sample, sample.roll(1, -1), sample.flip(-1)])
        x = x.double() if x.is_floating_point() else x
        names = parameter_names(net)
        parameters = {names[id(p)]: p for p in net.parameters() if names[id(p)] in graph.parameters}
        expected = net(x)
        expected = expected[0] if isinstance(expected, tuple) else expected
        found = graph.evaluate(x, parameters, graph.buffers_from(net.state_dict()))
        self.assertEqual(list(graph.evaluate(x, parameters).shape), [3, *graph.output_shape] if graph.output_shape else [3, 1])
        self.close(found.detach().reshape(-1), expected.detach().reshape(-1))
        weights = torch.randn(expected.shape, dtype=torch.float64)
        ours = torch.autograd.grad((found.reshape(expected.shape) * weights).sum(), list(parameters.values()))
        theirs = torch.autograd.grad((expected * weights).sum(), list(parameters.values()))
        self.close(torch.cat([g.reshape(-1) for g in ours]), torch.cat([g.reshape(-1) for g in theirs]))
        if count is not None:
            self.assertEqual(len(graph.nodes), count, " ".join(ops(graph)))
        return graph

    def test_lenet(self):
        graph = self.traced(networks.LeNet(), torch.randn(1, 28, 28), 12)
        self.assertEqual(" ".join(ops(graph)), "Conv Relu MaxPool Conv Tanh AveragePool Flatten Gemm Relu Gemm Relu Gemm")
        self.assertEqual(graph.nodes[0], {"name": "conv1", "op": "Conv", "inputs": ["input", "conv1.weight", "conv1.bias"], "outputs": ["conv1"],
                                          "attributes": {"pads": [2, 2, 2, 2]}, "origin": "conv1"})

    def test_resnet18_as_torchvision_has_it(self):
        graph = self.traced(networks.ResNet(width=4, classes=7), torch.randn(3, 64, 64), 69)
        self.assertEqual(graph.nodes[4]["name"], "layer1.0.conv1")
        self.assertEqual(graph.state_keys["layer4.1.bn2.running_var"], "layer4.1.bn2.running_var")

    def test_bottleneck_resnet(self):
        self.traced(networks.ResNet(networks.Bottleneck, (1, 1, 1, 1), 7, 4), torch.randn(3, 32, 32))

    def test_resnet20(self):
        graph = self.traced(networks.ResNet20(width=4), torch.randn(3, 16, 16))
        self.assertEqual([ops(graph).count(op) for op in ("Conv", "BatchNormalization", "Slice", "Pad", "Add")], [19, 19, 2, 2, 9])

    def test_wide_resnet_blocks(self):
        self.traced(nn.Sequential(nn.Conv2d(3, 4, 3), networks.WideBlock(4, 4, 1), networks.WideBlock(4, 8, 2), nn.BatchNorm2d(8), nn.ReLU(),
                                  nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 3)), torch.randn(3, 10, 10))

    def test_vgg(self):
        self.traced(networks.vgg(), torch.randn(3, 16, 16), 12)

    def test_mobilenet(self):
        graph = self.traced(networks.MobileNet(), torch.randn(3, 16, 16))
        self.assertEqual(graph.nodes[6]["attributes"], {"pads": [1, 1, 1, 1], "group": 8})
        self.assertEqual(graph.nodes[2]["attributes"], {"min": 0.0, "max": 6.0})

    def test_convolutions_in_one_dimension(self):
        graph = self.traced(networks.Conv1dNet(), torch.randn(2, 32), 9)
        self.assertEqual(graph.nodes[4]["attributes"], {"pads": [2, 2], "dilations": [2], "group": 3})

    def test_vit_with_class_token(self):
        graph = self.traced(networks.ViT(), torch.randn(3, 8, 8))
        self.assertEqual(graph.nodes[3]["inputs"][0], "cls_token")
        self.assertEqual(graph.buffers.keys(), {"constants/0.5"})

    def test_vit_with_torchs_attention(self):
        class Attention(nn.Module):
            def __init__(self, dim, heads):
                super().__init__()
                self.inner = nn.MultiheadAttention(dim, heads, batch_first=True)

            def forward(self, x):
                return self.inner(x, x, x, need_weights=False)[0]

        self.assertIn("Attention", ops(self.traced(networks.ViT(attention=Attention), torch.randn(3, 8, 8))))

    def test_gpt_with_a_mask_buffer_and_a_tied_embedding(self):
        graph = self.traced(networks.GPT(flash=False), torch.randint(0, 11, (6,)))
        self.assertNotIn("lm_head.weight", graph.parameters)
        self.assertEqual([n["inputs"][1] for n in graph.nodes if n["name"] == "lm_head"], ["transformer.wte.weight"])
        mask, = [name for name in graph.buffers if name.endswith("mask")]
        self.assertEqual((list(graph.buffers[mask].shape), graph.state_keys[mask]), ([1, 1, 6, 6], None))
        self.assertEqual(graph.output_shape, (6, 11))

    @unittest.skipUnless(hasattr(F, "scaled_dot_product_attention"), "this PyTorch has no scaled_dot_product_attention")
    def test_gpt_with_scaled_dot_product_attention(self):
        graph = self.traced(networks.GPT(flash=True, n_layer=2), torch.randint(0, 11, (6,)))
        self.assertEqual([n.get("attributes") for n in graph.nodes if n["op"] == "Attention"], [{"is_causal": 1}] * 2)

    def test_transformer_encoder_layers(self):
        for norm_first in (False, True):
            for activation in ("relu", "gelu"):
                layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True, norm_first=norm_first, activation=activation)
                self.traced(layer, torch.randn(5, 8), 19)

    def test_transformer_encoder_with_the_sequence_first(self):
        graph = self.traced(networks.SequenceFirst(), torch.randint(0, 11, (6,)))
        self.assertEqual(graph.state_keys["pe"], "pe")
        self.traced(networks.SequenceFirst(norm_first=True, activation="gelu"), torch.randint(0, 11, (6,)))

    def test_transformer_encoder_with_batch_first(self):
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)
                self.encoder, self.head = nn.TransformerEncoder(layer, 2, norm=nn.LayerNorm(8)), nn.Linear(8, 3)
                self.register_buffer("mask", torch.triu(torch.ones(5, 5), 1).bool(), persistent=False)

            def forward(self, x):
                return self.head(self.encoder(x, mask=self.mask).mean(1))

        graph = self.traced(Net(), torch.randn(5, 8))
        self.assertEqual(graph.state_keys, {name: None for name in graph.buffers})

    @unittest.skipIf(torchvision is None, "no torchvision")
    def test_torchvisions_own(self):
        for name in ("resnet18", "mobilenet_v2", "vgg11_bn", "densenet121", "squeezenet1_1", "efficientnet_b0"):
            with self.subTest(name):
                trace(getattr(torchvision.models, name)(num_classes=5), torch.zeros(3, 32, 32))
        trace(torchvision.models.VisionTransformer(16, 8, 2, 2, 12, 24), torch.zeros(3, 16, 16))


@needs_basin
class AgainstBasin(Case):
    """basin computes what torch computes from the checkpoint: loss, gradient and the Hessian by its largest eigenpair, in double
    precision."""

    def setUp(self):
        super().setUp()
        if hasattr(torch.backends.cuda, "enable_flash_sdp"):  # torch's fused attention has no second derivative
            self.addCleanup(torch.backends.cuda.enable_flash_sdp, torch.backends.cuda.flash_sdp_enabled())
            torch.backends.cuda.enable_flash_sdp(False)

    def against_torch(self, net, x, y):
        torch.manual_seed(4)
        for p in net.parameters():
            torch.nn.init.normal_(p, std=0.3)
        path, found = basin.save_checkpoint(self.folder / "a.h5", net, loss="cross_entropy", train=(x, y)), self.folder / "spectrum.h5"
        net = net.double().eval()
        output = net(x.double() if x.is_floating_point() else x)
        output = output[0] if isinstance(output, tuple) else output
        loss = F.cross_entropy(output.reshape(-1, output.shape[-1]), y.reshape(-1))
        parameters = list(net.parameters())
        gradients = torch.autograd.grad(loss, parameters, create_graph=True)
        spectrum = self.basin("spectrum", path, "--json", "--method", "lanczos", "--top", 1, "--bottom", 0, "--vectors", "-o", found)
        self.close(spectrum["loss"], loss.item())
        self.close(spectrum["gradient_norm"], torch.cat([g.reshape(-1) for g in gradients]).norm().item())
        vector = torch.from_numpy(np.asarray(basin.load_result(found).vectors, float)).reshape(-1)
        parts = [v.view(p.shape) for v, p in zip(vector.split([p.numel() for p in parameters]), parameters)]
        product = torch.autograd.grad(sum((g * v).sum() for g, v in zip(gradients, parts)), parameters, allow_unused=True)
        product = torch.cat([(torch.zeros_like(p) if h is None else h).reshape(-1) for h, p in zip(product, parameters)])
        self.close(product, spectrum["eigenvalues"][0] * vector, 1e-6)  # an eigenvector to the tolerance of Lanczos
        self.close(float(product @ vector), spectrum["eigenvalues"][0], 1e-9)
        self.assertFalse(self.basin("check", path, "--json")["failed"])

    def classes(self, n, classes, *shape):
        return torch.randint(0, classes, (n, *shape), generator=torch.Generator().manual_seed(5))

    def test_lenet(self):
        self.against_torch(networks.LeNet(), torch.randn(5, 1, 28, 28), self.classes(5, 10))

    def test_resnet_with_its_statistics(self):
        net = networks.ResNet20(classes=3, width=4, blocks=1)
        net.train()(torch.randn(20, 3, 8, 8) + 1)
        self.against_torch(net, torch.randn(5, 3, 8, 8), self.classes(5, 3))

    def test_depthwise_and_one_dimension(self):
        self.against_torch(networks.MobileNet(), torch.randn(5, 3, 16, 16), self.classes(5, 5))
        self.against_torch(networks.Conv1dNet(), torch.randn(5, 2, 32), self.classes(5, 4))

    def test_vit(self):
        self.against_torch(networks.ViT(dim=4, heads=2, classes=3), torch.randn(5, 3, 8, 8), self.classes(5, 3))

    def test_gpt(self):
        self.against_torch(networks.GPT(5, 6, n_embd=4, flash=False), self.classes(5, 5, 6), self.classes(5, 5, 6))

    def test_sequence_first(self):
        self.against_torch(networks.SequenceFirst(tokens=5, dim=4, layers=1), self.classes(5, 5, 6), self.classes(5, 5, 6))


@needs_basin
@unittest.skipUnless(os.environ.get("BASIN_LONG"), "make test-long")
class WholeSize(Case):
    """torchvision's resnet18 as it is, 11.7 million parameters, on a few images, in single precision."""

    def test_resnet18_in_single_precision(self):
        torch.manual_seed(0)
        net, x, y = networks.ResNet(), torch.randn(4, 3, 64, 64), torch.tensor([1, 7, 3, 900])
        optimizer = torch.optim.SGD(net.parameters(), lr=0.01, momentum=0.9)
        net.train()
        for _ in range(4):  # so that the running statistics are not those of a fresh module
            optimizer.zero_grad()
            F.cross_entropy(net(x), y).backward()
            optimizer.step()
        path = basin.save_checkpoint(self.folder / "resnet18.h5", net, loss="cross_entropy", optimizer=optimizer, train=(x, y))
        net = net.double().eval()
        loss = F.cross_entropy(net(x.double()), y)
        gradients = torch.autograd.grad(loss, list(net.parameters()), create_graph=True)
        norm = torch.cat([g.detach().reshape(-1) for g in gradients]).norm()
        products = torch.autograd.grad(gradients, list(net.parameters()), grad_outputs=[g.detach() / norm for g in gradients])
        curvature = sum(float((g.detach() * h).sum()) for g, h in zip(gradients, products)) / float(norm)
        info = self.basin("info", path, "--gradient", "--precision", "single", "--json")
        for found, expected in ((info["stationarity"]["loss"], loss.item()), (info["stationarity"]["gradient_norm"], norm.item()),
                                (info["stationarity"]["curvature"], curvature)):
            self.close(found, expected, 1e-6)

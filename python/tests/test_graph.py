"""What is traced, what is refused, and how it is said."""
import json

import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils import prune

from support import Case, basin, needs_basin, problem
from basin.trace import trace


class Functional(nn.Module):
    """Every activation as function or tensor method, a residual sum and an added parameter."""

    def __init__(self):
        super().__init__()
        self.first, self.second, self.shift = nn.Linear(12, 7), nn.Linear(7, 7, bias=False), nn.Parameter(torch.randn(1, 7))
        self.w, self.b = nn.Parameter(torch.randn(4, 7)), nn.Parameter(torch.randn(4))
        self.drop = nn.Dropout(0.5)

    def forward(self, x):
        x = torch.relu(self.first(x.view(x.size(0), -1)))
        x = F.leaky_relu(x + self.second(x), 0.2)
        x = F.elu(x.tanh(), 0.7) + self.shift
        x = F.dropout(self.drop(F.gelu(x, approximate="tanh")), training=self.training)
        x = F.softplus(torch.sigmoid(x))
        x = x + F.gelu(x)
        return F.linear(x.contiguous(), self.w, self.b).add(x @ self.w.t() + torch.addmm(self.b, x, self.w.T, alpha=0.5))


class Tied(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder, self.middle = nn.Linear(6, 6), nn.Sequential(nn.Tanh(), nn.Linear(6, 6))
        self.middle[1].weight = self.encoder.weight

    def forward(self, x):
        return self.middle(self.encoder(x))


def ops(graph):
    return [node["op"] for node in graph.nodes]


class Vocabulary(Case):
    def test_every_form_is_traced(self):
        graph, _ = trace(Functional(), torch.zeros(3, 4))
        self.assertEqual(" ".join(ops(graph)), "Flatten Gemm Relu Gemm Add LeakyRelu Tanh Elu Add Gelu Sigmoid Softplus Gelu Add "
                                               "Gemm Gemm Gemm Add Add")
        by_op = {node["op"]: node for node in graph.nodes}
        self.assertEqual(by_op["LeakyRelu"]["attributes"], {"alpha": 0.2})
        self.assertEqual(by_op["Elu"]["attributes"], {"alpha": 0.7})
        self.assertEqual([n["attributes"] for n in graph.nodes if n["op"] == "Gelu"], [{"approximate": "tanh"}, {"approximate": "none"}])

    def test_weights_that_hooks_compute(self):
        """What was trained are the parameters; results of autograd that the hooks leave in the module do not
        stop its copy."""
        graph, _ = trace(nn.Sequential(nn.utils.weight_norm(nn.Linear(4, 3))), torch.zeros(4))
        self.assertEqual(graph.parameters, {"0.bias": [3], "0.weight_g": [3, 1], "0.weight_v": [3, 4]})
        self.assertEqual(" ".join(ops(graph)), "Mul ReduceSum Sqrt Div Mul Transpose MatMul Add")
        net = nn.Sequential(nn.Linear(4, 3))
        prune.l1_unstructured(net[0], "weight", amount=0.5)
        graph, _ = trace(net, torch.zeros(4))
        self.assertEqual(graph.parameters, {"0.bias": [3], "0.weight_orig": [3, 4]})
        self.assertEqual(graph.state_keys, {"0.weight_mask": "0.weight_mask"})
        self.assertEqual(" ".join(ops(graph)), "Mul Transpose MatMul Add")

    def test_modules_become_their_ops_with_origins(self):
        inner = nn.Sequential(nn.LeakyReLU(0.3), nn.Identity())
        net = nn.Sequential(nn.Flatten(), nn.Linear(6, 6), nn.ReLU(inplace=True), inner, nn.ELU(0.5), nn.Softplus(),
                            nn.GELU("tanh"), nn.Sigmoid(), nn.Tanh(), nn.Dropout(0.9), nn.Linear(6, 2, bias=False))
        graph, _ = trace(net, torch.zeros(2, 3))
        self.assertEqual(" ".join(ops(graph)), "Flatten Gemm Relu LeakyRelu Elu Softplus Gelu Sigmoid Tanh Gemm")
        self.assertEqual([n["origin"] for n in graph.nodes][2:5], ["2", "3.0", "4"])
        self.assertEqual([n["name"] for n in graph.nodes][2:5], ["2", "3.0", "4"])
        self.assertEqual(list(graph.parameters), ["1.weight", "1.bias", "10.weight"])
        self.assertEqual(json.loads(graph.json())["input"], {"name": "input", "shape": [2, 3]})

    def test_shared_parameters_are_stored_once(self):
        graph, _ = trace(Tied(), torch.zeros(6))
        self.assertEqual(list(graph.parameters), ["encoder.weight", "encoder.bias", "middle.1.bias"])
        self.assertEqual([n["inputs"][1] for n in graph.nodes if n["op"] == "Gemm"], ["encoder.weight"] * 2)

    def test_unused_parts_are_left_out(self):
        net = Functional()
        net.unused = nn.Conv2d(1, 1, 3)
        self.assertNotIn("unused.weight", trace(net, torch.zeros(12))[0].parameters)

    def test_further_arguments_take_their_defaults(self):
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.fc = nn.Linear(4, 2)

            def forward(self, x, mask=None):
                return self.fc(x) if mask is None else self.fc(x * mask)

        self.assertEqual(ops(trace(Net(), torch.zeros(4))[0]), ["Gemm"])

    def test_one_value_a_sample_may_be_squeezed(self):
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.fc = nn.Linear(4, 1)

            def forward(self, x):
                return self.fc(x).squeeze(-1)

        self.assertEqual(trace(Net(), torch.zeros(4))[0].output_shape, ())

    def test_the_users_module_is_left_alone(self):
        net = Functional().half()
        net.drop.eval()
        net.second.requires_grad_(True)
        flags = [(m.training, len(m._modules)) for m in net.modules()]
        state = torch.random.get_rng_state()
        before = {name: (p, p.clone()) for name, p in net.named_parameters()}
        trace(net, torch.zeros(12))
        self.assertEqual([(m.training, len(m._modules)) for m in net.modules()], flags)
        self.assertTrue(torch.equal(state, torch.random.get_rng_state()))
        for name, p in net.named_parameters():
            self.assertIs(p, before[name][0])
            self.assertTrue(torch.equal(p, before[name][1]))


def forward(function, inside=None):
    """A module with one Linear and this forward."""
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc = inside or nn.Linear(4, 4)
            self.register_buffer("mean", torch.ones(4))

        def forward(self, x):
            return function(self, x)

    return Net()


class Refusals(Case):
    def refuse(self, net, *words, shape=(4,)):
        with self.fails(*words):
            trace(net, torch.zeros(shape))

    def test_an_unknown_function_is_named_with_its_module(self):
        self.refuse(nn.Sequential(nn.Sequential(nn.ConvTranspose1d(1, 2, 3), nn.ReLU()), nn.Flatten(), nn.Linear(12, 2)),
                    "conv_transpose1d in 0.0 (ConvTranspose1d):", "basin does not compute this op", "replace it", shape=(1, 4))
        self.refuse(nn.Sequential(forward(lambda s, x: torch.cumsum(s.fc(x), 1))), "cumsum in 0 (Net, test_graph.py:", "does not compute")
        self.refuse(forward(lambda s, x: s.fc(x).max(1)[0]), "max in the forward of Net (test_graph.py:")
        self.refuse(forward(lambda s, x: torch.sin(s.fc(x))), "sin in the forward of Net")

    def test_what_the_output_does_not_need_may_be_anything(self):
        def aside(s, x):
            torch.cumsum(s.fc(x), 1)
            return s.fc(x)

        self.assertEqual(ops(trace(forward(aside), torch.zeros(4))[0]), ["Gemm"])

    def test_control_flow_on_data(self):
        self.refuse(forward(lambda s, x: s.fc(x) if x.sum() > 0 else x), "__bool__ in the forward of Net (test_graph.py:", "data-dependent control flow",
                    "values of its input")
        self.refuse(nn.Sequential(nn.Tanh(), forward(lambda s, x: s.fc(x) if x.sum() > 0 else x)), "in 1 (Net, test_graph.py:")
        self.refuse(forward(lambda s, x: s.fc(x) * x.max().item()), "item in the forward of Net")
        self.refuse(forward(lambda s, x: s.fc(x) * float(s.fc.weight.norm())), "__float__ in", "values of parameters")
        self.refuse(forward(lambda s, x: s.fc(x) + torch.tensor(x.detach().numpy())), "numpy in the forward of Net")
        self.refuse(forward(lambda s, x: s.fc(x)[:, :len(x.tolist())]), "tolist in the forward of Net")

    def test_control_flow_on_the_batch_size(self):
        self.refuse(forward(lambda s, x: s.fc(x) if len(x) == 2 else s.fc(x).relu()), "batch", "batches of 2 and 3 are computed differently")
        self.refuse(forward(lambda s, x: s.fc(x) + len(x)), "add in the forward of Net", "a number that depends on the batch size")
        self.refuse(forward(lambda s, x: s.fc(x) * torch.arange(len(x) * 1.0).view(-1, 1)), "a constant [2, 1] depends on the batch size")

    def test_a_forward_that_fails(self):
        def broken(s, x):
            raise ValueError("no such thing")

        self.refuse(nn.Sequential(nn.Tanh(), forward(broken)), "forward of 1 (Net): cannot be run (ValueError: no such thing)")

    def test_two_inputs(self):
        class Net(nn.Module):
            def forward(self, x, y):
                return x + y

        self.refuse(Net(), "forward of Net", "missing 1 required positional argument")

    def test_several_outputs(self):
        self.refuse(forward(lambda s, x: (s.fc(x), x)), "the module returns tuple", "one tensor", "wrap the module")
        self.refuse(forward(lambda s, x: {"logits": s.fc(x)}), "the module returns dict")
        trace(forward(lambda s, x: (s.fc(x), None)), torch.zeros(4))

    def test_random_numbers(self):
        trace(forward(lambda s, x: F.alpha_dropout(F.dropout(s.fc(x), 0.0), 0.5)), torch.zeros(4))
        self.refuse(forward(lambda s, x: torch.dropout(s.fc(x), 0.5, True)), "dropout in the forward of Net")
        self.refuse(forward(lambda s, x: F.dropout(s.fc(x), 0.5)), "dropout in the forward of Net", "training=self.training")
        self.refuse(forward(lambda s, x: s.fc(x) + torch.randn(4)), "randn in the forward of Net", "random numbers")

    def test_samples_are_not_mixed(self):
        for function, name in [(lambda s, x: s.fc(x) - s.fc(x).mean(0), "mean"), (lambda s, x: s.fc(x).softmax(0), "softmax"),
                               (lambda s, x: s.fc(x).view(4, -1), "view"), (lambda s, x: s.fc(x).reshape(2, -1), "reshape"),
                               (lambda s, x: s.fc(x) @ s.fc(x).t(), "matmul"), (lambda s, x: torch.cat([x, s.fc(x)], 0), "cat"),
                               (lambda s, x: s.fc(x)[0], "getitem"), (lambda s, x: s.fc(x).sum(), "sum"), (lambda s, x: s.fc(x.t()), "linear")]:
            with self.subTest(name):
                self.refuse(forward(function), *(["linear in fc"] if name == "linear" else [f"{name} in the forward of Net", "mixes"]))
        self.refuse(nn.Sequential(nn.BatchNorm1d(4, track_running_stats=False)), "batch_norm in 0 (BatchNorm1d)", "mixes its samples")
        self.refuse(nn.MultiheadAttention(4, 2), "missing")
        layer = nn.TransformerEncoderLayer(4, 2, 8)
        self.refuse(layer, "multi_head_attention_forward in self_attn (MultiheadAttention)", "batch_first=True", shape=(5, 4))

    def test_a_module_of_another_width(self):
        self.refuse(nn.Sequential(nn.Linear(4, 5), nn.Linear(4, 2)), "linear in 1 (Linear): cannot run on input [N, 5]")

    def test_layers_that_are_no_fixed_computation(self):
        self.refuse(nn.Sequential(nn.LSTM(4, 4)), "0 (LSTM): recurrent layers are not supported", shape=(3, 4))
        self.refuse(nn.Sequential(nn.GRUCell(4, 4)), "0 (GRUCell): recurrent layers")
        self.refuse(nn.Sequential(nn.Conv1d(4, 4, 3, padding=1, padding_mode="circular")), "pad in 0 (Conv1d)", "mode circular", shape=(4, 9))
        self.refuse(nn.Sequential(nn.Linear(5, 5), nn.AdaptiveMaxPool1d(2)), "adaptive_max_pool1d in 1", "[5] to [2]", "sizes that divide", shape=(4, 5))
        quantised = torch.quantization.quantize_dynamic(nn.Sequential(nn.Linear(4, 4)), {nn.Linear})
        self.refuse(quantised, "0 (Linear): quantised")

    def test_masks_that_depend_on_the_input(self):
        self.refuse(forward(lambda s, x: s.fc(x).masked_fill(x > 0, 0)), "gt in the forward of Net", "does not compute")

    def test_computed_weights(self):
        self.refuse(nn.Sequential(nn.utils.parametrizations.spectral_norm(nn.Conv1d(2, 2, 1))), "conv1d in 0", "its weight is computed",
                    shape=(2, 4))

    def test_what_tracing_does_not_see(self):
        class Detached(nn.Module):
            def __init__(self):
                super().__init__()
                self.a, self.b = nn.Linear(4, 4), nn.Linear(4, 4)

            def forward(self, x):
                with torch.no_grad():
                    x = self.a(x)
                return self.b(x)

        self.refuse(Detached(), "the gradient by a.weight of the traced graph differs", "no_grad()")
        scripted = torch.jit.script(lambda_free)
        self.refuse(forward(lambda s, x: s.fc(scripted(s.fc(x)))), "computed where basin cannot see it")

    def test_changes_through_views(self):
        def changed(s, x):
            h = s.fc(x)
            h[:, :2].relu_()
            return h + 1

        self.refuse(forward(changed), "was changed in place through another view")

        def assigned(s, x):
            h = s.fc(x)
            h[:, 0] = 0
            return h

        self.refuse(forward(assigned), "setitem in the forward of Net", "torch.cat")

    def test_what_is_no_module_or_not_ready(self):
        self.refuse(lambda x: x, "model: function; expected an nn.Module")
        self.refuse(torch.jit.script(nn.Linear(4, 4)), "expected an nn.Module, before torch.jit")
        self.refuse(nn.Sequential(nn.LazyLinear(3)), "0.weight: not initialised yet")

    def test_a_network_without_parameters(self):
        self.refuse(nn.Sequential(nn.Tanh()), "depends on no parameter")
        self.refuse(forward(lambda s, x: s.fc(torch.ones(1, 4))), "depends on no input")


def lambda_free(x):
    return torch.sigmoid(x) * x


@needs_basin
class AgainstBasin(Case):
    """basin computes what torch computes, in double precision."""

    def against_torch(self, net, x, y, loss, criterion):
        net = net.double()
        x = x.double()
        path = basin.save_checkpoint(self.folder / "a.h5", net, loss=loss, train=(x, y))
        value = criterion(net.eval()(x), y)
        parameters = list(net.parameters())
        g = torch.autograd.grad(value, parameters, create_graph=True)
        flat = torch.cat([a.reshape(-1) for a in g])
        hessian = torch.stack([torch.cat([h.reshape(-1) if h is not None else torch.zeros_like(p).reshape(-1) for h, p in
                                          zip(torch.autograd.grad(a, parameters, retain_graph=True, allow_unused=True), parameters)]) for a in flat])
        spectrum = self.basin("spectrum", path, "--json", "--method", "dense")
        self.close(spectrum["loss"], value.item())
        self.close(spectrum["gradient_norm"], flat.norm().item())
        self.close(spectrum["eigenvalues"][0], torch.linalg.eigvalsh((hessian + hessian.t()).detach() / 2)[-1].item())
        self.assertFalse(self.basin("check", path, "--json")["failed"])

    def test_every_op_with_cross_entropy(self):
        torch.manual_seed(3)
        x, y = problem(features=12, classes=4)
        self.against_torch(Functional(), x.view(-1, 3, 4), y, nn.CrossEntropyLoss(label_smoothing=0.1), nn.CrossEntropyLoss(label_smoothing=0.1))

    def test_shared_weights_with_mse(self):
        torch.manual_seed(4)
        x, _ = problem()
        self.against_torch(Tied(), x, torch.randn(60, 6, dtype=torch.float64), "mse", F.mse_loss)

    def test_one_logit_with_bce(self):
        torch.manual_seed(5)
        x, y = problem(classes=2)
        net = nn.Sequential(nn.Linear(6, 4), nn.ELU(), nn.Linear(4, 1), nn.Flatten(0))
        self.against_torch(net, x, y.double(), F.binary_cross_entropy_with_logits, F.binary_cross_entropy_with_logits)

"""What is traced, what is refused, and how it is said."""
import json

import torch
import torch.nn.functional as F
from torch import nn

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
        self.assertEqual(" ".join(ops(graph)), "Flatten Gemm Relu Gemm Add LeakyRelu Tanh Elu Add Gelu Dropout Dropout Sigmoid Softplus Gelu Add "
                                               "Identity Gemm Gemm Gemm Add Add")
        by_op = {node["op"]: node for node in graph.nodes}
        self.assertEqual(by_op["LeakyRelu"]["attributes"], {"alpha": 0.2})
        self.assertEqual(by_op["Elu"]["attributes"], {"alpha": 0.7})
        self.assertEqual([n["attributes"] for n in graph.nodes if n["op"] == "Gelu"], [{"approximate": "tanh"}, {"approximate": "none"}])

    def test_modules_become_their_ops_with_origins(self):
        inner = nn.Sequential(nn.LeakyReLU(0.3), nn.Identity())
        net = nn.Sequential(nn.Flatten(), nn.Linear(6, 6), nn.ReLU(inplace=True), inner, nn.ELU(0.5), nn.Softplus(),
                            nn.GELU("tanh"), nn.Sigmoid(), nn.Tanh(), nn.Dropout(0.9), nn.Linear(6, 2, bias=False))
        graph, _ = trace(net, torch.zeros(2, 3))
        self.assertEqual(" ".join(ops(graph)), "Flatten Gemm Relu LeakyRelu Identity Elu Softplus Gelu Sigmoid Tanh Dropout Gemm")
        self.assertEqual([n["origin"] for n in graph.nodes][2:5], ["2", "3.0", "3.1"])
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

    def test_an_unknown_module_is_named_with_its_path(self):
        self.refuse(nn.Sequential(nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU()), nn.Flatten(), nn.Linear(8, 2)), "Conv2d in 0.0:",
                    "basin does not compute this op yet", "it knows Linear", shape=(1, 4, 4))

    def test_an_unknown_function_is_named_with_its_module(self):
        self.refuse(nn.Sequential(forward(lambda s, x: torch.softmax(s.fc(x), 1))), "softmax in 0:", "does not compute")
        self.refuse(forward(lambda s, x: s.fc(x) * 2), "mul in the forward of Net:")
        self.refuse(forward(lambda s, x: s.fc(x)[:, :2]), "getitem in the forward of Net:")
        self.refuse(forward(lambda s, x: s.fc(x).chunk(2, 1)[0]), "chunk in the forward of Net:")
        self.refuse(forward(lambda s, x: s.fc(x).float()), "float in the forward of Net:")

    def test_control_flow_on_data(self):
        self.refuse(forward(lambda s, x: s.fc(x) if x.sum() > 0 else x), "forward of Net:", "depends on values or shapes")
        self.refuse(nn.Sequential(nn.Tanh(), forward(lambda s, x: s.fc(x) if x.sum() > 0 else x)), "forward of 1 (Net):")

    def test_a_forward_that_cannot_be_traced(self):
        self.refuse(forward(lambda s, x: s.fc(x) + len(x)), "forward of Net: cannot be traced")

    def test_two_inputs(self):
        class Net(nn.Module):
            def forward(self, x, y):
                return x + y

        self.refuse(Net(), "forward of ", "missing 1 required positional argument")

    def test_several_outputs(self):
        self.refuse(forward(lambda s, x: (s.fc(x), x)), "the module returns tuple", "one tensor")
        self.refuse(forward(lambda s, x: {"logits": s.fc(x)}), "the module returns")

    def test_dropout_that_stays_on(self):
        trace(forward(lambda s, x: F.alpha_dropout(F.dropout(s.fc(x), 0.0), 0.5)), torch.zeros(4))
        self.refuse(forward(lambda s, x: torch.dropout(s.fc(x), 0.5, True)), "dropout in the forward of Net")
        self.refuse(forward(lambda s, x: F.dropout(s.fc(x), 0.5)), "dropout in the forward of Net", "training=self.training")

    def test_softplus_with_other_settings(self):
        self.refuse(nn.Sequential(nn.Linear(4, 4), nn.Softplus(beta=2)), "Softplus in 1", "beta = 2", "defaults 1 and 20")

    def test_reshapes_that_do_not_flatten(self):
        self.refuse(forward(lambda s, x: s.fc(x).view(-1, 2)), "view in the forward of Net", "[N, 4] becomes [4, 2] for N = 2")
        self.refuse(forward(lambda s, x: s.fc(x).reshape(2, 4)), "reshape in the forward of Net")
        self.refuse(nn.Sequential(nn.Linear(4, 4), nn.Flatten(0)), "Flatten in 1", "[N, 4] becomes [8]")

    def test_linear_on_more_than_one_axis(self):
        self.refuse(nn.Sequential(nn.Linear(4, 4)), "Linear in 0", "[N, 3, 4]", "flatten first", shape=(3, 4))

    def test_a_module_of_another_width(self):
        self.refuse(nn.Sequential(nn.Linear(4, 5), nn.Linear(4, 2)), "Linear in 1: cannot run on input [N, 5]")

    def test_sums_that_are_not_plain(self):
        self.refuse(forward(lambda s, x: s.fc(x) + 1), "add in the forward of Net: a number is added")
        self.refuse(forward(lambda s, x: torch.add(s.fc(x), x, alpha=2)), "alpha = 2")
        self.refuse(forward(lambda s, x: s.fc(x) + s.mean), "mean is a tensor of the module that is not a parameter")
        self.refuse(forward(lambda s, x: s.fc(x) + torch.ones(4, dtype=torch.float64)), "not a parameter")

    def test_computed_weights(self):
        self.refuse(nn.Sequential(nn.utils.parametrizations.spectral_norm(nn.Linear(4, 4))), "ParametrizedLinear in 0")
        self.refuse(nn.Sequential(nn.utils.weight_norm(nn.Linear(4, 4))), "weight_norm")

    def test_frozen_parameters(self):
        net = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 2))
        net[0].bias.requires_grad_(False)
        self.refuse(net, "0.bias: requires_grad is off")

    def test_what_tracing_does_not_see(self):
        net = nn.Sequential(nn.Linear(4, 4), nn.Tanh())
        net[0].register_forward_hook(lambda module, inputs, output: 2 * output)
        self.refuse(net, "the output of the traced graph differs", "hooks")

        class Detached(nn.Module):
            def __init__(self):
                super().__init__()
                self.a, self.b = nn.Linear(4, 4), nn.Linear(4, 4)

            def forward(self, x):
                with torch.no_grad():
                    x = self.a(x)
                return self.b(x)

        try:
            trace(Detached(), torch.zeros(4))
            self.fail("nothing was raised")
        except basin.Error as error:  # newer torch traces no_grad as an op
            self.assertRegex(str(error), "the gradient by a.weight of the traced graph differs|_set_grad_enabled")
        aside = forward(lambda s, x: (lambda h: torch.relu_(h) + h)(s.fc(x)))
        self.refuse(aside, "the output of the traced graph differs")

    def test_what_is_no_module_or_not_ready(self):
        self.refuse(lambda x: x, "model: function; expected an nn.Module")
        self.refuse(torch.jit.script(nn.Linear(4, 4)), "expected an nn.Module, before torch.jit")
        self.refuse(nn.Sequential(nn.LazyLinear(3)), "0.weight: not initialised yet")

    def test_a_network_without_parameters(self):
        self.refuse(nn.Sequential(nn.Tanh()), "depends on no parameter")


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

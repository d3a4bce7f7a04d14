"""From a PyTorch module to basin's graph.

    1. A copy of the module in double precision, in evaluation mode, on the CPU: the user's module is never touched.
    2. torch.fx traces the copy. Its nodes run with two batch sizes at once, which shows which axis is the batch and whether a
       reshape is nothing but flattening.
    3. Each node becomes one op of basin, or one message that names it.
    4. The graph is evaluated beside the module: outputs and gradients must agree, so that hooks, detach() and changes in place
       cannot slip through.
"""
from __future__ import annotations

import copy
from typing import Any, Dict, List, Optional, Sequence, Tuple

import torch
from torch import fx, nn

from .error import Error, first_line
from .graph import Attributes, Graph
from .names import aliases, parameter_names

BATCHES = (2, 3)  # two sizes: what changes with them is the batch axis
TOLERANCE = 1e-9  # of the graph against the module, in double precision
VOCABULARY = "Linear, ReLU, LeakyReLU, Tanh, Sigmoid, GELU, ELU, Softplus, flattening, Dropout, Identity and +"


class Parameter:
    """A parameter of the module where it stands in an expression, perhaps transposed."""

    def __init__(self, name: str, transposed: bool = False):
        self.name, self.transposed = name, transposed


# ------------------------------------------------------------------------------------------------- tracing --

class _Alone(nn.Module):
    """The module with one input, so that further arguments of its forward take their defaults."""

    def __init__(self, model: nn.Module):
        super().__init__()
        self.model = model

    def forward(self, input):  # noqa: A002
        return self.model(input)


def _user_path(path: str) -> str:
    """Path within the user's module: without the «model» of _Alone."""
    return path[len("model."):] if path.startswith("model.") else ""


class _Tracer(fx.Tracer):
    """Notes in which module each node was made, and in which one tracing stopped."""

    def __init__(self):
        super().__init__()
        self.paths: List[str] = [""]
        self.origins: Dict[fx.Node, str] = {}
        self.stopped: Optional[str] = None

    def call_module(self, m, forward, args, kwargs):
        self.paths.append(self.path_of_module(m))
        try:
            return super().call_module(m, forward, args, kwargs)
        except Exception:
            self.stopped = self.stopped if self.stopped is not None else self.paths[-1]
            raise
        finally:
            self.paths.pop()

    def create_node(self, kind, target, args, kwargs, name=None, type_expr=None):
        node = super().create_node(kind, target, args, kwargs, name, type_expr)
        self.origins[node] = self.paths[-1]
        return node


def _without_compile(module: nn.Module) -> None:
    """Submodules out of torch.compile; of our own copy."""
    for name, child in list(module._modules.items()):
        while isinstance(getattr(child, "_orig_mod", None), nn.Module):
            child = child._orig_mod
            setattr(module, name, child)
        if child is not None:
            _without_compile(child)


def double_copy(model: nn.Module) -> nn.Module:
    """The module in double precision on the CPU in evaluation mode, with the user's left alone."""
    if not isinstance(model, nn.Module) or isinstance(model, torch.jit.ScriptModule):
        raise Error(f"model: {type(model).__name__}; expected an nn.Module, before torch.jit")
    for name, p in model.named_parameters():
        if isinstance(p, nn.parameter.UninitializedParameter):
            raise Error(f"{name}: not initialised yet; call the module once on a batch before saving")
    try:
        net = copy.deepcopy(model)
    except Exception as error:
        raise Error(f"{type(model).__name__}: the module cannot be copied ({first_line(error)}); if weight_norm or another "
                    "hook computes its weights, remove that first") from error
    _without_compile(net)
    return net.to(device="cpu", dtype=torch.float64).eval()


def _trace(net: nn.Module) -> Tuple[fx.GraphModule, Dict[fx.Node, str]]:
    root, tracer = _Alone(net), _Tracer()
    try:
        graph = tracer.trace(root)
    except fx.proxy.TraceError as error:
        where = _place(_user_path(tracer.stopped or ""), net)
        raise Error(f"forward of {where}: what it does depends on values or shapes of its input ({first_line(error)}); basin needs "
                    "one fixed computation: take the branch out of forward, or save the part without it") from error
    except Exception as error:
        where = _place(_user_path(tracer.stopped or ""), net)
        raise Error(f"forward of {where}: cannot be traced by torch.fx ({type(error).__name__}: {first_line(error)})") from error
    traced = fx.GraphModule(root, graph)
    traced.graph.eliminate_dead_code()
    return traced, tracer.origins


def _place(path: str, net: nn.Module) -> str:
    return f"{path} ({type(net.get_submodule(path)).__name__})" if path else type(net).__name__


# --------------------------------------------------------------------------------------------- translation --

# Names of the arguments behind the input, in order, for functions and tensor methods
ARGUMENTS: Dict[str, Tuple[str, ...]] = {
    "relu": ("inplace",), "tanh": (), "sigmoid": (), "gelu": (), "leaky_relu": ("negative_slope", "inplace"), "elu": ("alpha", "inplace"),
    "softplus": ("beta", "threshold"), "dropout": ("p", "training", "inplace"), "alpha_dropout": ("p", "training", "inplace"),
    "feature_dropout": ("p", "training"), "linear": ("weight", "bias"), "matmul": ("other",), "mm": ("other",), "add": ("other",),
    "addmm": ("mat1", "mat2"), "contiguous": (), "clone": (), "t": (), "flatten": (), "view": (), "reshape": (), "squeeze": (),
    "getattr": ("attribute",),
}
SAME_NAME = {"iadd": "add", "numpy_T": "t", "dropout1d": "dropout", "dropout2d": "dropout", "dropout3d": "dropout",
             "feature_alpha_dropout": "alpha_dropout"}
MODULES = {
    nn.ReLU: "relu", nn.Tanh: "tanh", nn.Sigmoid: "sigmoid", nn.GELU: "gelu", nn.LeakyReLU: "leaky_relu", nn.ELU: "elu",
    nn.Softplus: "softplus", nn.Dropout: "dropout", nn.Dropout1d: "dropout", nn.Dropout2d: "dropout", nn.Dropout3d: "dropout",
    nn.AlphaDropout: "dropout", nn.FeatureAlphaDropout: "dropout", nn.Identity: "identity", nn.Flatten: "flatten", nn.Linear: "linear",
}
RESHAPES = ("flatten", "view", "reshape", "squeeze")
ACTIVATIONS = {"relu": "Relu", "tanh": "Tanh", "sigmoid": "Sigmoid"}


class _Translator:
    """Walks the traced nodes and builds the graph."""

    def __init__(self, net: nn.Module, traced: fx.GraphModule, origins: Dict[fx.Node, str], sample: torch.Tensor):
        self.net, self.traced, self.origins = net, traced, origins
        self.graph = Graph(sample.shape)
        self.graph.aliases = aliases(net)
        self.names = parameter_names(net)
        self.taken = set(self.names.values()) | {"input"}
        self.values: Dict[fx.Node, Any] = {}  # name of an activation, a Parameter, or something that is no tensor
        self.runs = [self._run(n, sample) for n in BATCHES]
        self.node: fx.Node
        self.what = ""

    def _run(self, n: int, sample: torch.Tensor) -> fx.Interpreter:
        run = fx.Interpreter(self.traced)
        run.args_iter = iter([sample.expand(n, *sample.shape).contiguous()])
        run.env = {}
        return run

    def translate(self) -> Graph:
        with torch.no_grad():
            for node in self.traced.graph.nodes:
                self.node = node
                self.values[node] = self._value(node)
        self._prune()
        return self.graph

    # ---- what is said when something does not fit

    def _fail(self, reason: str) -> Error:
        path = _user_path(self.origins.get(self.node, ""))
        where = path if path else f"the forward of {type(self.net).__name__}"
        return Error(f"{self.what} in {where}: {reason}")

    def _unsupported(self) -> Error:
        return self._fail(f"basin does not compute this op yet; it knows {VOCABULARY}: replace it, or save a network without it")

    # ---- one node

    def _value(self, node: fx.Node) -> Any:
        module = self.traced.get_submodule(node.target) if node.op == "call_module" else None
        self.what = type(module).__name__ if module is not None else self._function_name(node)
        try:
            for run in self.runs:
                run.env[node] = run.run_node(node)
        except Exception as error:
            shapes = [self._shape(a) for a in node.args if isinstance(a, fx.Node) and self._is_tensor(a)]
            raise self._fail(f"cannot run on input {', '.join(shapes) or '?'} ({first_line(error)})") from error
        if node.op == "placeholder":
            return self.graph.input
        if node.op == "output":
            return self._finish(node.args[0])
        if not _holds_tensor(self.runs[0].env[node]):
            return self.runs[0].env[node]
        if node.op == "get_attr":
            return self._parameter(node)
        self._check_inputs(node)
        if module is not None:
            return self._module(node, module)
        return self._function(node)

    @staticmethod
    def _function_name(node: fx.Node) -> str:
        if node.op == "call_method":
            return str(node.target)
        return getattr(node.target, "__name__", str(node.target))

    def _is_tensor(self, node: fx.Node) -> bool:
        return isinstance(self.runs[0].env.get(node), torch.Tensor)

    def _shape(self, node: fx.Node) -> str:
        value = self.values.get(node)
        shape = list(self.runs[0].env[node].shape)
        return str(shape) if isinstance(value, Parameter) else _batch_shape(shape[1:])

    def _sample(self, node: fx.Node) -> Tuple[int, ...]:
        """Shape of one sample; that the first axis is the batch was checked when the node was made."""
        return tuple(self.runs[0].env[node].shape[1:])

    def _check_inputs(self, node: fx.Node) -> None:
        for a in node.all_input_nodes:
            if self._is_tensor(a) and isinstance(self.values[a], torch.Tensor):
                raise self._fail(f"{a.name} is a tensor of the module that is not a parameter; basin has no constants")

    def _parameter(self, node: fx.Node) -> Any:
        value = self.runs[0].env[node]
        if id(value) in self.names:
            return Parameter(self.names[id(value)])
        return value

    def _module(self, node: fx.Node, module: nn.Module) -> str:
        kind = MODULES.get(type(module))
        if kind is None:
            raise self._unsupported()
        x = node.args[0] if node.args else next(iter(node.kwargs.values()))
        if kind == "linear":
            return self._gemm(x, self._own(module.weight, "weight"), None if module.bias is None else self._own(module.bias, "bias"), True)
        if kind == "flatten":
            return self._reshape(x)
        if kind in ("identity", "dropout"):
            return self._emit("Identity" if kind == "identity" else "Dropout", [self._activation(x)])
        return self._activate(kind, x, {name: getattr(module, name) for name in ("negative_slope", "alpha", "approximate", "beta", "threshold")
                                        if hasattr(module, name)})

    def _own(self, tensor: torch.Tensor, role: str) -> Parameter:
        if id(tensor) not in self.names:
            raise self._fail(f"its {role} is computed, not a parameter (weight_norm or another parametrization?); remove that first")
        return Parameter(self.names[id(tensor)])

    def _function(self, node: fx.Node) -> Any:
        kind = self.what.rstrip("_") if self.what != "getattr" else "getattr"
        kind = SAME_NAME.get(kind, kind)
        if kind == "getattr" and node.args[1:] == ("T",):
            kind = "t"
        if kind not in ARGUMENTS or kind == "getattr":
            raise self._unsupported()
        args = dict(zip(("input",) + ARGUMENTS[kind], node.args))
        args.update(node.kwargs)
        x = args.pop("input")
        if kind in RESHAPES:
            return self._reshape(x)
        if kind in ("contiguous", "clone"):
            return self._emit("Identity", [self._activation(x)])
        if kind in ("dropout", "alpha_dropout", "feature_dropout"):
            return self._dropout(x, args)
        if kind == "add":
            return self._add(x, args)
        if kind == "t":
            return self._transpose(x)
        if kind == "linear":
            return self._gemm(x, self._argument(args["weight"]), self._argument(args.get("bias")), True)
        if kind in ("matmul", "mm"):
            return self._gemm(x, self._argument(args["other"]), None, False)
        if kind == "addmm":
            return self._gemm(args["mat1"], self._argument(args["mat2"]), self._argument(x), False,
                              {name: float(args[name]) for name in ("alpha", "beta") if name in args})
        return self._activate(kind, x, args)

    def _argument(self, value: Any) -> Any:
        return self.values[value] if isinstance(value, fx.Node) else value

    def _activation(self, x: Any) -> str:
        value = self._argument(x)
        if not isinstance(value, str):
            raise self._fail("its input does not depend on the network's input; basin computes with activations [N, …] only")
        return value

    # ---- ops

    def _activate(self, kind: str, x: fx.Node, args: Attributes) -> str:
        name = self._activation(x)
        if kind in ACTIVATIONS:
            return self._emit(ACTIVATIONS[kind], [name])
        if kind == "leaky_relu":
            return self._emit("LeakyRelu", [name], {"alpha": float(args.get("negative_slope", 0.01))})
        if kind == "elu":
            if args.get("scale", 1) != 1 or args.get("input_scale", 1) != 1:
                raise self._fail("scale and input_scale other than 1 are not known to basin")
            return self._emit("Elu", [name], {"alpha": float(args.get("alpha", 1.0))})
        if kind == "gelu":
            return self._emit("Gelu", [name], {"approximate": args.get("approximate", "none")})
        if args.get("beta", 1) != 1 or args.get("threshold", 20) != 20:
            raise self._fail(f"beta = {args.get('beta', 1)}, threshold = {args.get('threshold', 20)}; basin computes softplus with the defaults "
                             "1 and 20 only")
        return self._emit("Softplus", [name])

    def _dropout(self, x: fx.Node, args: Attributes) -> str:
        on = args.get("training", args.get("train", "alpha" not in self.what))  # torch's defaults: only alpha dropout is off
        if on and args.get("p", 0.5) != 0:
            raise self._fail("it stays on in evaluation mode; write training=self.training")
        return self._emit("Dropout", [self._activation(x)])

    def _reshape(self, x: fx.Node) -> str:
        name = self._activation(x)
        befores, afters = ([tuple(run.env[n].shape) for run in self.runs] for n in (x, self.node))
        sizes = [_product(before[1:]) for before in befores]
        if all(after == before for before, after in zip(befores, afters)):
            return self._emit("Identity", [name])
        if all(after == (n, size) for n, size, after in zip(BATCHES, sizes, afters)):
            return self._emit("Flatten", [name])
        if all(after == (n,) and size == 1 for n, size, after in zip(BATCHES, sizes, afters)):
            return self._emit("Flatten", [name])  # [N, 1] to [N]: one value a sample either way
        raise self._fail(f"{_batch_shape(befores[0][1:])} becomes {list(afters[0])} for N = {BATCHES[0]}; basin knows only flattening to "
                         "[N, everything]")

    def _add(self, x: Any, args: Attributes) -> str:
        if args.get("alpha", 1) != 1:
            raise self._fail(f"alpha = {args['alpha']}: only a plain sum is known to basin")
        both = [x, args["other"]]
        if not all(isinstance(t, fx.Node) and self._is_tensor(t) for t in both):
            raise self._fail("a number is added; basin adds two activations, or an activation and a parameter")
        values = [self._argument(t) for t in both]
        activations = [t for t, v in zip(both, values) if isinstance(v, str)]
        parameters = [(t, v) for t, v in zip(both, values) if isinstance(v, Parameter)]
        if not activations or any(v.transposed for _, v in parameters):
            raise self._unsupported()
        out = tuple(self.runs[0].env[self.node].shape)
        good = all(tuple(self.runs[0].env[t].shape) == out for t in activations)
        for t, _ in parameters:
            shape = list(self.runs[0].env[t].shape)
            while shape and shape[0] == 1:
                shape.pop(0)
            good = good and len(shape) <= len(out) - 1 and tuple(shape) == out[len(out) - len(shape):]
        if not good:
            raise self._fail(f"{' + '.join(self._shape(t) for t in both)}: basin adds activations of one shape, or a parameter of the last "
                             "dimensions")
        return self._emit("Add", [v if isinstance(v, str) else v.name for v in values])

    def _transpose(self, x: fx.Node) -> Parameter:
        value = self._argument(x)
        if not isinstance(value, Parameter) or self.runs[0].env[x].dim() != 2:
            raise self._unsupported()
        return Parameter(value.name, not value.transposed)

    def _gemm(self, x: fx.Node, w: Any, c: Any, transposed: bool, attributes: Optional[Attributes] = None) -> str:
        if not isinstance(w, Parameter) or not (c is None or isinstance(c, Parameter) and not c.transposed):
            raise self._fail("basin multiplies an activation with a parameter only, and adds only a parameter")
        name = self._activation(x)
        if len(self._sample(x)) != 1:
            raise self._fail(f"its input is {self._shape(x)}; basin multiplies [N, features] only: flatten first")
        inputs = [name, w.name] + ([c.name] if c is not None else [])
        return self._emit("Gemm", inputs, {"transB": int(transposed != w.transposed), **(attributes or {})})

    def _emit(self, op: str, inputs: List[str], attributes: Optional[Attributes] = None) -> str:
        name = self.node.name[len("model_"):] if self.node.name.startswith("model_") else self.node.name
        while name in self.taken:
            name += "_"
        self.taken.add(name)
        node: Dict[str, Any] = {"name": name, "op": op, "inputs": inputs, "outputs": [name]}
        if attributes:
            node["attributes"] = attributes
        origin = _user_path(self.origins.get(self.node, ""))
        if origin:
            node["origin"] = origin
        self.graph.nodes.append(node)
        return name

    # ---- the end

    def _finish(self, result: Any) -> None:
        self.what = "output"
        if not isinstance(result, fx.Node) or not isinstance(self.values.get(result), str) or self.values[result] == self.graph.input:
            kind = type(result).__name__ if not isinstance(result, fx.Node) else "something that is not computed from the input"
            raise self._fail(f"the module returns {kind}; basin needs one tensor [N, …]")
        self.graph.output = self.values[result]
        self.graph.output_shape = self._sample(result)

    def _prune(self) -> None:
        """Only what the output needs, and the parameters that this uses, in the module's order."""
        needed, kept = {self.graph.output}, []
        for node in reversed(self.graph.nodes):
            if node["outputs"][0] in needed:
                needed.update(node["inputs"])
                kept.append(node)
        self.graph.nodes = kept[::-1]
        self.graph.parameters = {name: list(p.shape) for name, p in ((self.names[id(p)], p) for p in self.net.parameters()) if name in needed}
        self.what = "output"
        if self.graph.input not in needed or not self.graph.parameters:
            raise Error(f"{type(self.net).__name__}: the output depends on no {'parameter' if self.graph.input in needed else 'input'}")


def _holds_tensor(value: Any) -> bool:
    if isinstance(value, (tuple, list)) and not isinstance(value, torch.Size):
        return any(_holds_tensor(v) for v in value)
    return isinstance(value, torch.Tensor)


def _product(shape: Sequence[int]) -> int:
    size = 1
    for n in shape:
        size *= n
    return size


def _batch_shape(sample: Sequence[int]) -> str:
    return "[" + ", ".join(["N"] + [str(n) for n in sample]) + "]"


# -------------------------------------------------------------------------------------------- the whole way --

def _check_parameters(net: nn.Module, graph: Graph) -> None:
    named = {name: p for p, name in zip(net.parameters(), parameter_names(net).values())}
    for name in graph.parameters:
        if not named[name].requires_grad:
            raise Error(f"{name}: requires_grad is off; basin takes derivatives by every parameter, so it would look at another landscape "
                        "than training did: set requires_grad_(True) before saving to include it")


def _against_module(net: nn.Module, graph: Graph, sample_shape: Sequence[int]) -> None:
    """Outputs and gradients of the graph beside the module's own, on random input and with random weights: those of the module
    may be zero, or not finite after a run that diverged."""
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(BATCHES[1], *sample_shape, generator=generator, dtype=torch.float64)
    with torch.no_grad():
        for p in net.parameters():
            p.copy_(torch.randn(p.shape, generator=generator, dtype=torch.float64) / max(1, p.shape[-1] if p.dim() else 1) ** 0.5)
    named = {name: p for p, name in zip(net.parameters(), parameter_names(net).values()) if name in graph.parameters}
    weights = None
    found = []
    for compute in (net, lambda batch: graph.evaluate(batch, named)):
        y = compute(x.clone()).reshape(BATCHES[1], -1)
        weights = torch.randn(y.shape, generator=generator, dtype=torch.float64) if weights is None else weights
        gradients = torch.autograd.grad((y * weights).sum(), list(named.values()), allow_unused=True) if y.requires_grad else [None] * len(named)
        found.append([y.detach()] + [torch.zeros(()) if g is None else g for g in gradients])
    for name, ours, theirs in zip(["the output"] + [f"the gradient by {n}" for n in named], found[1], found[0]):
        difference, size = float((ours - theirs).norm()), float(theirs.norm() + ours.norm())
        if not difference <= TOLERANCE * max(size, 1e-300) + 1e-14:
            raise Error(f"{type(net).__name__}: {name} of the traced graph differs from the module's ({difference:.3g} beside {size:.3g}); "
                        "does forward use hooks, detach(), no_grad(), random numbers or changes in place?")


def trace(model: nn.Module, sample: torch.Tensor) -> Tuple[Graph, nn.Module]:
    """basin's graph of a module, and the copy in double precision that it was traced from, whose weights are random now.
    `sample`: one input, without batch axis."""
    net = double_copy(model)
    state = torch.random.get_rng_state()
    try:
        traced, origins = _trace(net)
        graph = _Translator(net, traced, origins, sample.detach().to("cpu", torch.float64)).translate()
        _check_parameters(net, graph)
        _against_module(net, graph, graph.input_shape)
    finally:
        torch.random.set_rng_state(state)
    return graph, net

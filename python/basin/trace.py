"""From a PyTorch module to basin's graph.

    1. A copy of the module in double precision, in evaluation mode, on the CPU: the user's module is never touched.
    2. Its forward is run on batches of 2 and of 3 random samples and every call of torch recorded (record.py).
    3. The calls that the output needs become basin's ops (translate.py, ops_*.py), or one message that names the call and its module.
    4. The graph is evaluated beside the module: outputs and gradients must agree, so that detach(), no_grad() and whatever else a
       recording does not show cannot slip through.
"""
from __future__ import annotations

import copy
from contextlib import contextmanager
from typing import Any, Dict, Iterator, List, Set, Tuple

import torch
from torch import nn

from . import ops_matrix, ops_pointwise, ops_shape, ops_spatial  # noqa: F401  they register their translators
from .error import Error, first_line
from .graph import Graph
from .names import aliases
from .record import Double, one_output, plain_double, record
from .simplify import simplify
from .term import Layout, Term, product
from .translate import Translator

BATCHES = (2, 3)  # two sizes: what changes with them is the batch axis
TOLERANCE = 1e-9  # of the graph against the module, in double precision


# ------------------------------------------------------------------------------------------------- the copy --

def _without_compile(module: nn.Module) -> None:
    """Submodules out of torch.compile; of our own copy."""
    for name, child in list(module._modules.items()):
        while isinstance(getattr(child, "_orig_mod", None), nn.Module):
            child = child._orig_mod
            setattr(module, name, child)
        if child is not None:
            _without_compile(child)


def _computed(model: nn.Module) -> Dict[int, torch.Tensor]:
    """What deepcopy is to take for tensors that hooks of pruning and of weight norm made of parameters: it
    refuses results of autograd, and the hooks make them anew in every forward."""
    return {id(value): value.detach().clone() for module in model.modules() for value in vars(module).values()
            if isinstance(value, torch.Tensor) and value.grad_fn is not None}


def double_copy(model: nn.Module) -> nn.Module:
    """The module in double precision on the CPU in evaluation mode, with the user's left alone."""
    if not isinstance(model, nn.Module) or isinstance(model, torch.jit.ScriptModule):
        raise Error(f"model: {type(model).__name__}; expected an nn.Module, before torch.jit")
    for name, p in model.named_parameters():
        if isinstance(p, nn.parameter.UninitializedParameter):
            raise Error(f"{name}: not initialised yet; call the module once on a batch before saving")
    try:
        net = copy.deepcopy(model, _computed(model))
    except Exception as error:
        raise Error(f"{type(model).__name__}: the module cannot be copied ({first_line(error)})") from error
    _without_compile(net)
    return net.to(device="cpu", dtype=torch.float64).eval()


def _randomise(net: nn.Module, generator: torch.Generator) -> None:
    """Random trained weights: those of the module may be zero, or not finite after a run that diverged. Rows of padding stay."""
    rows = [(m.weight, m.padding_idx, m.weight[m.padding_idx].detach().clone()) for m in net.modules()
            if isinstance(m, nn.Embedding) and m.padding_idx is not None]
    with torch.no_grad():
        for p in net.parameters():
            if p.requires_grad:
                p.copy_(torch.randn(p.shape, generator=generator, dtype=torch.float64) / max(1, product(p.shape[1:])) ** 0.5)
        for weight, row, value in rows:
            weight[row] = value


def _stay_in_double(net: nn.Module) -> None:
    """From now on the copy computes in double precision whatever its forward casts to, and returns one tensor."""
    forward, kind = net.forward, type(net).__name__

    def in_double(*args: Any, **kwargs: Any) -> torch.Tensor:
        with plain_double(), Double():
            return one_output(forward(*args, **kwargs), kind)

    net.forward = in_double


def _batch(sample: torch.Tensor, n: int, generator: torch.Generator) -> torch.Tensor:
    """n inputs: random numbers; for integers (tokens) those of the sample and smaller ones, which are in the range of every table."""
    if sample.is_floating_point():
        return torch.randn(n, *sample.shape, generator=generator, dtype=torch.float64)
    rows = [sample, torch.div(sample, 2, rounding_mode="trunc"), torch.zeros_like(sample)]
    return torch.stack(rows[:n])


# -------------------------------------------------------------------------------------------------- the end --

def _finish(graph: Graph, output: Term, net: nn.Module, translator: Translator) -> None:
    kind = type(net).__name__
    if output.name == graph.input:
        raise Error(f"{kind}: the output depends on no parameter")
    if output.layout.at != 0:
        raise Error(f"output of {kind}: the batch is axis {output.layout.at} of {list(output.torch_shape(BATCHES[0]))}; basin needs [N, …]: "
                    "transpose it")
    output = _as_output(output, translator)
    graph.output = output.name
    graph.flattened = product(output.layout.inner) > 1
    graph.output_shape = output.sample if output.rank > 1 or graph.flattened else ()
    graph.frozen = list(translator.frozen)
    graph.parameters = {name: list(p.shape) for name, p in net.named_parameters() if p.requires_grad}
    simplify(graph)
    if not graph.parameters:
        raise Error(f"{kind}: the output depends on no parameter")


def _as_output(output: Term, translator: Translator) -> Term:
    """One value a sample is [N, 1] in the graph, whether torch has [N] or [N, 1]; an axis of 1 that torch merged with the batch goes."""
    before, behind = output.before_and_behind()
    if output.rank == 1 and product(output.layout.inner) == 1:
        return translator.reshape(output, (1,), Layout(0, (1,)), "column")
    return output if product(output.layout.inner) != 1 else translator.reshape(output, before + behind, Layout(), "squeezed")


@contextmanager
def _other_state(net: nn.Module, graph: Graph, names: Set[str], generator: torch.Generator) -> Iterator[Dict[str, torch.Tensor]]:
    """Meanwhile these tensors of the state dict have other values, in the graph's buffers and in the module; its own may be special (a
    variance of 1)."""
    state = net.state_dict()
    changed = {name: state[name].clone() for name in sorted(names)}
    for name in changed:
        factor, shift = torch.rand(2, *state[name].shape, generator=generator, dtype=torch.float64)
        state[name].mul_(factor + 0.5).add_(0.1 * shift)
    try:
        yield graph.buffers_from(state)
    finally:
        for key, value in changed.items():
            state[key].copy_(value)


def _against_module(net: nn.Module, graph: Graph, buffers: Dict[str, torch.Tensor], x: torch.Tensor, generator: torch.Generator) -> None:
    """Outputs and gradients of the graph beside the module's own."""
    named = {name: p for name, p in net.named_parameters() if name in graph.parameters}
    weights = None
    found: List[List[torch.Tensor]] = []
    for compute in (net, lambda batch: graph.evaluate(batch, named, buffers)):
        y = compute(x.clone()).reshape(x.shape[0], -1)
        weights = torch.randn(y.shape, generator=generator, dtype=torch.float64) if weights is None else weights
        gradients = torch.autograd.grad((y * weights).sum(), list(named.values()), allow_unused=True) if y.requires_grad else [None] * len(named)
        found.append([y.detach()] + [torch.zeros(()) if g is None else g for g in gradients])
    whole = sum(float(g.norm()) for g in found[0][1:])
    for name, ours, theirs in zip(["the output"] + [f"the gradient by {n}" for n in named], found[1], found[0]):
        difference, size = float((ours - theirs).norm()), float(theirs.norm() + ours.norm())
        if not difference <= TOLERANCE * max(size, 1e-300) + 1e-12 * (0 if name == "the output" else whole) + 1e-14:
            raise Error(f"{type(net).__name__}: {name} of the traced graph differs from the module's ({difference:.3g} beside {size:.3g}); "
                        "does forward use detach(), no_grad(), random numbers or changes in place?")


def trace(model: nn.Module, sample: torch.Tensor) -> Tuple[Graph, nn.Module]:
    """basin's graph of a module, and the copy in double precision that it was traced from, whose trained weights are random
    now and whose forward stays in double precision and returns one tensor. `sample`: one input, without batch axis; integers for tokens."""
    net = double_copy(model)
    sample = sample.detach().to("cpu", torch.float64 if sample.is_floating_point() else torch.int64)
    state, generator = torch.random.get_rng_state(), torch.Generator().manual_seed(0)
    try:
        graph = Graph(sample.shape)
        graph.aliases = aliases(net)
        _randomise(net, generator)
        translator = Translator(graph, net, [record(net, _batch(sample, n, generator)) for n in BATCHES])
        _finish(graph, translator.translate(), net, translator)
        _stay_in_double(net)
        with _other_state(net, graph, translator.states - translator.folded, generator) as buffers:
            _against_module(net, graph, buffers, _batch(sample, BATCHES[1], generator), generator)
    finally:
        torch.random.set_rng_state(state)
    return graph, net

"""From recorded calls to the nodes of basin's graph.

Two recordings, of batches of 2 and of 3, are walked side by side: what differs between them is the batch. Each call that the output
needs goes to the translator of its name (the modules op_*.py), whose arguments are those of the torch function with Terms for tensors.
What it emits is computed at once and held against what torch computed there, so that a difference is found where it arises.
"""
from __future__ import annotations

import inspect
from typing import Any, Callable, Dict, List, Optional, Sequence, Set, Tuple, Union

import torch
from torch import nn

from .error import Error
from .graph import Graph, run
from .record import CONSTANT, INPUT, STATE, Call, Recording, Value
from .term import Layout, Shape, Term, product

TOLERANCE = 1e-9  # of a node against torch's own result, relative
TRANSLATORS: Dict[str, Callable] = {}
ROLES = {("Where", 0): "mask", ("Attention", 3): "mask", ("Gather", 0): "table", ("Gather", 1): "indices"}  # of constants, in their names

INSTEAD = {"setitem": "build the result with torch.cat, torch.stack or torch.where", "cumsum": "multiply with a triangular matrix of ones",
           "max": "nn.AdaptiveMaxPool1d(1) takes the largest over space", "amax": "nn.AdaptiveMaxPool1d(1) takes the largest over space",
           "interpolate": "a convolution or reshaping may do it"}


def translates(*names: str) -> Callable:
    """Registers a translator for these functions of torch; in-place forms and operators lose their underscores before."""
    def register(function: Callable) -> Callable:
        TRANSLATORS.update({name: function for name in names})
        return function
    return register


class Unsupported(Error):
    """basin has no op for it."""


class Translator:
    """Builds the graph."""

    def __init__(self, graph: Graph, net: nn.Module, recordings: Sequence[Recording]):
        self.graph, self.net = graph, net
        self.first, self.second = recordings
        self.terms: Dict[int, Union[Term, Error]] = {}  # by the identity of the first recording's value
        self.twins: Dict[int, Value] = {}
        self.by_output: Dict[str, Dict[str, Any]] = {}  # node that makes a tensor
        self.constants: Dict[Tuple, str] = {}  # name of a stored constant, by its content
        self.states: Set[str] = set()  # tensors of the state dict that are read as they are, and those that constants were computed from
        self.folded: Set[str] = set()
        self.persistent = set(net.state_dict())
        self.trained = {name for name, p in net.named_parameters() if p.requires_grad}
        self.frozen = [name for name, p in net.named_parameters() if not p.requires_grad]
        self.taken = {name for name, _ in net.named_parameters()} | {name for name, _ in net.named_buffers()}
        graph.input = self.unique("input")
        self.call: Call
        self.out: List[Tuple[Shape, Shape]] = []  # torch's shapes of the call's outputs, for both batches

    # ---- what is said when something does not fit

    def fail(self, reason: str) -> Error:
        return Error(f"{self.what()}: {reason}")

    def what(self) -> str:
        name = self.call.function
        return f"{name.strip('_') if name.startswith('__') else name} in {self.call.place}"

    def unsupported(self, instead: str = "") -> Error:
        return Unsupported(f"{self.what()}: basin does not compute this op"
                           f"{'; ' + instead if instead else ': replace it, or save a network without it'}")

    def mixes(self) -> Error:
        return self.fail("this mixes the samples of a batch; basin needs one computation for every sample by itself")

    # ---- all calls

    def translate(self) -> Term:
        calls = [c.function for c in self.first.calls], [c.function for c in self.second.calls]
        if calls[0] != calls[1]:
            place = next((a.place for a, b in zip(self.first.calls, self.second.calls) if a.function != b.function), None)
            raise Error(f"{place or type(self.net).__name__}: control flow that depends on the batch size: batches of 2 and 3 are computed "
                        "differently")
        if self.first.output.level < INPUT:
            raise Error(f"{type(self.net).__name__}: the output depends on no input")
        with torch.no_grad():
            needed = self._needed()
            for first, second in zip(self.first.calls, self.second.calls):
                if id(first) in needed:
                    self._call(first, second)
            return self.term(self.first.output, self.second.output)

    def _needed(self) -> Set[int]:
        """The calls that the output depends on."""
        needed: Set[int] = set()
        open_calls = [self.first.output.call]
        while open_calls:
            call = open_calls.pop()
            if call is None or id(call) in needed:
                continue
            needed.add(id(call))
            open_calls += [v.call for v in values_in((call.args, call.kwargs))]
        return needed

    def _call(self, first: Call, second: Call) -> None:
        self.call = first
        self.out = [(tuple(a.tensor.shape), tuple(b.tensor.shape)) for a, b in zip(first.values, second.values)]
        try:
            if first.level == STATE and not first.values[0].tensor.is_floating_point():
                raise self.unsupported()
            args, kwargs = self._terms((first.args, first.kwargs), (second.args, second.kwargs))
            results = self._translated(first, args, kwargs, numbers_in((first.args, first.kwargs)) == numbers_in((second.args, second.kwargs)))
            for a, b, result in zip(first.values, second.values, results):
                self._check(a, b, result)
        except Unsupported:
            if first.level != STATE:
                raise
            results = [self._fold(a, b) for a, b in zip(first.values, second.values)]
        for value, result in zip(first.values, results):
            self.terms[id(value)] = result

    def _translated(self, call: Call, args: Sequence[Any], kwargs: Dict[str, Any], same_numbers: bool) -> List[Any]:
        name = call.function.strip("_")
        translator = TRANSLATORS.get(name) or TRANSLATORS.get(name[1:] if name[:1] == "i" else "")
        if translator is None:
            raise self.unsupported(INSTEAD.get(name, ""))
        if not same_numbers and translator.__module__.endswith("ops_pointwise"):
            raise self.fail("it computes with a number that depends on the batch size")
        if kwargs.pop("out", None) is not None:
            raise self.fail("out= is not followed: write the plain form")
        try:
            inspect.signature(translator).bind(self, *args, **kwargs)
        except TypeError as error:
            raise self.unsupported(f"with these arguments ({error})") from error
        result = translator(self, *args, **kwargs)
        return list(result) if call.several else [result]

    def _terms(self, first: Any, second: Any) -> Any:
        """Arguments with terms for tensors."""
        if isinstance(first, Value):
            return self.term(first, second)
        if isinstance(first, dict):
            return {k: self._terms(v, second[k]) for k, v in first.items()}
        if isinstance(first, (tuple, list)) and not isinstance(first, torch.Size):
            return type(first)(self._terms(a, b) for a, b in zip(first, second))
        return first

    def term(self, first: Value, second: Value) -> Term:
        if id(first) not in self.terms:
            self.terms[id(first)] = self._given(first, second)
        found = self.terms[id(first)]
        if isinstance(found, Error):
            raise found
        return found

    def _given(self, first: Value, second: Value) -> Term:
        """What no call made: the input, a tensor of the module, a constant."""
        if first.level == INPUT:
            return Term(self.graph.input, first.tensor.detach(), Layout())
        if first.level == CONSTANT:
            return Term(None, self._same(first, second), source=first.name)
        if first.level == STATE:
            self.states.add(first.name)
            self._buffer(first.name, first.tensor.detach())
        return Term(first.name, first.tensor.detach())

    def _same(self, first: Value, second: Value) -> torch.Tensor:
        """A constant, which may be repeated for every sample but must not depend on their number otherwise."""
        a, b = first.tensor.detach(), second.tensor.detach()
        if a.dim() == b.dim():
            for axis in range(a.dim()):
                if a.shape[axis] != b.shape[axis] and a.shape[axis] > 1 and _equal(a, a.narrow(axis, 0, 1).expand_as(a)):
                    a, b = a.narrow(axis, 0, 1), b.narrow(axis, 0, 1)
        if a.shape != b.shape or not _equal(a, b):
            raise self.fail(f"a constant {list(a.shape)} depends on the batch size")
        return a

    def _fold(self, first: Value, second: Value) -> Term:
        """What is computed from buffers by functions that are no ops of basin: a constant of this module."""
        open_values = [first]
        while open_values:
            value = open_values.pop()
            if value.call is None and value.name and value.level == STATE:
                self.folded.add(value.name)
            elif value.call is not None:
                open_values += values_in((value.call.args, value.call.kwargs))
        return Term(None, self._same(first, second))

    def _check(self, first: Value, second: Value, result: Union[Term, Error]) -> None:
        """The result's shape for both batches, and its value, against torch's."""
        if isinstance(result, Error):
            return
        for value in (first, second):
            torchs, ours = tuple(value.tensor.shape), result.torch_shape(_batch(value, first))
            if not result.batched and len(ours) == len(torchs):
                ours = tuple(n if m == 1 and first.tensor.shape[i] != second.tensor.shape[i] else m for i, (m, n) in enumerate(zip(ours, torchs)))
            if ours != torchs:
                raise self.fail(f"the result has the shape {list(torchs)} for {_batch(value, first)} samples, in basin's graph {list(ours)}")
        if not first.changed and not close(result.in_torch().expand(first.tensor.shape), first.tensor.detach()):
            raise self.fail("basin's ops for it give another result than torch")

    # ---- nodes

    def emit(self, op: str, inputs: Sequence[Optional[Term]], attributes: Optional[Dict[str, Any]] = None, *, label: str = "",
             layout: Optional[Layout] = None) -> Term:
        return self.emit_several(op, inputs, attributes, 1, label, layout)[0]

    def emit_several(self, op: str, inputs: Sequence[Optional[Term]], attributes: Optional[Dict[str, Any]], outputs: int, label: str = "",
                     layout: Optional[Layout] = None) -> List[Term]:
        """One node; its layout is that of its first input with a batch, if not said."""
        while inputs and inputs[-1] is None:
            inputs = inputs[:-1]
        base = self._base() + (f".{label}" if label else "")
        names = [self.unique(base if outputs == 1 else f"{base}.{i}") for i in range(outputs)]
        node: Dict[str, Any] = {
            "name": names[0] if outputs == 1 else self.unique(base), "op": op,
            "inputs": ["" if term is None else self.stored(term, ROLES.get((op, i), "constant")) for i, term in enumerate(inputs)], "outputs": names}
        if attributes:
            node["attributes"] = attributes
        if self.call.place.path:
            node["origin"] = self.call.place.path
        if layout is None:
            layout = next((term.layout for term in inputs if term is not None and term.batched), None)
        if not any(term is not None and term.batched for term in inputs):
            layout = None
        values = run(node, [None if term is None else term.value.double() if term.value.dtype == torch.bool else term.value for term in inputs])
        self.graph.nodes.append(node)
        self.by_output.update({name: node for name in names})
        return [Term(name, value, layout) for name, value in zip(names, values)]

    def _base(self) -> str:
        """The module's path where the module is one op; behind it the function's name where it computes more."""
        module, path, function = self.call.place.module, self.call.place.path, self.call.function.strip("_")
        one = type(module).__module__.startswith("torch.nn.") and (isinstance(module, nn.MultiheadAttention) or not module._modules)
        return path if path and one else f"{path}.{function}" if path else function

    def unique(self, base: str) -> str:
        name, i = base, 0
        while name in self.taken:
            i += 1
            name = f"{base}_{i}"
        self.taken.add(name)
        return name

    # ---- constants

    def constant(self, value: Union[float, torch.Tensor, Term]) -> Term:
        if isinstance(value, Term):
            return value
        return Term(None, value if isinstance(value, torch.Tensor) else torch.tensor(float(value), dtype=torch.float64))

    def stored(self, term: Term, role: str = "constant") -> str:
        """The name of the term in the graph: a constant becomes a buffer when a node reads it."""
        return self._store(term, role) if term.name is None else term.name

    def _store(self, term: Term, role: str) -> str:
        value = term.value.detach().to("cpu", torch.float64).contiguous()
        if term.source is not None:
            self._buffer(term.source, value)
            return term.source
        content = (tuple(value.shape), value.numpy().tobytes())
        if content not in self.constants:
            name = f"{float(value):.12g}" if value.dim() == 0 else f"{self._base()}.{role}"
            self.constants[content] = self.unique(f"constants/{name}")
            self._buffer(self.constants[content], value)
        return self.constants[content]

    def _buffer(self, name: str, value: torch.Tensor) -> None:
        self.graph.buffers[name] = value.detach().to("cpu", torch.float64, copy=True)
        self.graph.state_keys[name] = name if name in self.persistent else None

    # ---- layouts

    def reshape(self, term: Term, sample: Sequence[int], layout: Optional[Layout] = None, label: str = "") -> Term:
        """The term with another shape of a sample (of the whole, if it has no batch), in row-major order."""
        sample = tuple(sample)
        layout = (layout or term.layout) if term.batched else None
        if sample == term.sample:
            return Term(term.name, term.value, layout)
        if term.constant:
            return Term(None, term.value.reshape(sample))
        if not term.batched:
            return self.emit("Reshape", [term], {"shape": list(sample)}, label=label or "reshape")
        if len(sample) == 1:
            return self.emit("Flatten", [term], layout=layout, label=label)
        return self.emit("Reshape", [term], {"shape": [0, *sample]}, layout=layout, label=label)

    def align(self, terms: Sequence[Term]) -> Tuple[List[Term], Optional[Layout]]:
        """The terms so that numpy's broadcasting of the graph's shapes is torch's of its own; and the layout of the result."""
        batched = [t for t in terms if t.batched]
        if not batched:
            return list(terms), None
        behind = batched[0].rank - batched[0].layout.at
        if any(t.rank - t.layout.at != behind for t in batched):
            raise self.mixes()
        inner, rank = batched[0].layout.inner, max(t.rank for t in terms)
        layout = Layout(rank - behind, inner)
        return [self._aligned(t, rank, layout) for t in terms], layout

    def _aligned(self, term: Term, rank: int, layout: Layout) -> Term:
        if term.batched:
            before, after = term.before_and_behind()
            if product(term.layout.inner) != product(layout.inner):
                raise self.mixes()
            return self.reshape(term, (1,) * (rank - term.rank) + before + layout.inner + after, layout)
        i = layout.at - (rank - term.rank)  # its axis that meets the batch
        if i < 0 or (layout.plain and term.value.shape[0] == 1):
            return term
        if term.value.shape[i] != 1:
            raise self.mixes()
        shape = tuple(term.value.shape)
        return self.reshape(term, shape[:i] + (1,) * len(layout.inner) + shape[i + 1:])

    def axis(self, term: Term, i: int) -> int:
        """The graph's axis for torch's, which must not be the batch."""
        found = term.axis(i)
        if found is None:
            raise self.mixes()
        return found

    def plain(self, term: Term) -> Term:
        """A term whose layout is the graph's: [N, …]."""
        if not term.batched or term.layout.plain:
            return term
        raise self.fail("its input has the batch merged with another axis or not as its first axis; basin computes this op on [N, …] only")


def values_in(item: Any) -> List[Value]:
    if isinstance(item, Value):
        return [item]
    if isinstance(item, dict):
        return [v for x in item.values() for v in values_in(x)]
    if isinstance(item, (tuple, list)) and not isinstance(item, torch.Size):
        return [v for x in item for v in values_in(x)]
    return []


def numbers_in(item: Any) -> List[float]:
    if isinstance(item, (int, float)):
        return [item]
    if isinstance(item, dict):
        return [n for x in item.values() for n in numbers_in(x)]
    if isinstance(item, (tuple, list)):
        return [n for x in item for n in numbers_in(x)]
    return []


def _batch(value: Value, first: Value) -> int:
    return 2 if value is first else 3


def _equal(a: torch.Tensor, b: torch.Tensor) -> bool:
    return bool(((a == b) | ((a != a) & (b != b))).all())


def close(ours: torch.Tensor, torchs: torch.Tensor) -> bool:
    """Within TOLERANCE in norm; the same where they are not finite."""
    ours, torchs = ours.double(), torchs.double()
    finite = torch.isfinite(torchs)
    if not _equal(ours[~finite], torchs[~finite]):
        return False
    difference, size = float((ours[finite] - torchs[finite]).norm()), float(torchs[finite].norm())
    return difference <= TOLERANCE * size + 1e-12

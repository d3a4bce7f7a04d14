"""What a module's forward does, as a list of calls.

The module runs as it is, on real tensors, so that loops, asserts and arithmetic on shapes just work; a TorchFunctionMode sees every
call of torch. What a call computes with tells what it depends on (LEVELS). A forward that looks at values of its input or of trained
parameters (if x.sum() > 0, x.item()) has no fixed graph: it is refused where it does so.
"""
from __future__ import annotations

import os
import sys
from contextlib import contextmanager, nullcontext
from typing import Any, Callable, Dict, Iterator, List, NamedTuple, Optional, Sequence, Tuple

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from .error import Error, first_line

# What a tensor depends on: nothing but the code, tensors of the state dict that are not trained, trained parameters, the input
CONSTANT, STATE, TRAINED, INPUT = range(4)

READS = {"__bool__", "item", "__float__", "__int__", "__index__", "__complex__", "tolist", "numpy", "__array__", "equal", "allclose", "is_nonzero",
         "__contains__", "nonzero", "argwhere", "unique", "masked_select", "bincount"}
RANDOM = {"rand", "randn", "randint", "randperm", "rand_like", "randn_like", "randint_like", "bernoulli", "normal", "multinomial", "poisson",
          "gumbel_softmax", "normal_", "uniform_", "bernoulli_", "exponential_", "random_"}
SHAPE_ONLY = {"zeros_like", "ones_like", "full_like", "empty_like", "new_zeros", "new_ones", "new_full", "new_tensor", "new_empty"}
CASTS = {"float", "half", "bfloat16", "to", "type", "type_as", "long", "int", "short", "byte", "char"}
RECURRENT = (nn.RNNBase, nn.RNNCellBase)
HERE, TORCH = os.path.dirname(os.path.abspath(__file__)), os.path.dirname(os.path.abspath(torch.__file__))


class Value:
    """A tensor as it was at one moment, and what it depends on."""

    def __init__(self, tensor: torch.Tensor, level: int, name: Optional[str] = None):
        self.tensor, self.level, self.name = tensor, level, name
        self.object = tensor  # of which this is the content
        self.version = tensor._version
        self.call: Optional[Call] = None  # that made it; None for the input, the module's own tensors and constants
        self.part = 0  # which of the call's outputs
        self.kept = False  # the content of a constant is a copy, since forward may go on to fill it

    @property
    def changed(self) -> bool:
        return self.object._version != self.version


class Place(NamedTuple):
    """Where in the user's module something happened."""
    path: str
    module: nn.Module
    line: str

    def __str__(self) -> str:
        kind = type(self.module).__name__
        if type(self.module).__module__.startswith("torch.nn."):
            return f"{self.path} ({kind})" if self.path else kind
        line = self.line or "?"
        return f"{self.path} ({kind}, {line})" if self.path else f"the forward of {kind} ({line})"


class Call(NamedTuple):
    function: str
    place: Place
    args: Tuple[Any, ...]  # tensors are Values in here
    kwargs: Dict[str, Any]
    values: List[Value]  # its outputs
    several: bool  # it returned a tuple or a list
    level: int


# --------------------------------------------------------------------------------- all in double precision --

def function_name(function: Any) -> str:
    name = getattr(function, "__name__", str(function))
    return getattr(function.__self__, "__name__", name) if name in ("__get__", "__set__") else name


# torch's kernels of these take some derivatives in single precision even for double tensors
EXACT: Dict[str, Callable] = {
    "hardsigmoid": lambda input, inplace=False: torch.clamp(input + 3, 0, 6) / 6,
    "celu": lambda input, alpha=1.0, inplace=False: alpha * nn.functional.elu(input / alpha),
}


def _in_double(name: str, function: Callable, args: Tuple[Any, ...], kwargs: Dict[str, Any]) -> Any:
    """The call, without leaving double precision: casts of floating point tensors do nothing."""
    result = EXACT.get(name, function)(*args, **kwargs)
    if not isinstance(result, torch.Tensor) or not result.is_floating_point() or result.dtype == torch.float64:
        return result
    if name in CASTS and isinstance(args[0], torch.Tensor) and args[0].dtype == torch.float64:
        return args[0]
    return result.double()


class Double(TorchFunctionMode):
    """Whatever forward casts to, and whatever tensors it makes, floating point stays in double precision."""

    def __torch_function__(self, function, types, args=(), kwargs=None):
        return _in_double(function_name(function), function, args, kwargs or {})


# ------------------------------------------------------------------------------------------------ recording --

class Recorder(Double):
    """The calls of one forward pass."""

    def __init__(self, net: nn.Module):
        super().__init__()
        self.calls: List[Call] = []
        self.values: Dict[int, Value] = {}  # what each tensor object is now
        self.kept: List[Value] = []  # so that no id is used twice
        self.names = {id(m): name for name, m in reversed(list(net.named_modules()))}
        self.stack: List[nn.Module] = [net]
        self.stopped: Optional[nn.Module] = None  # where an exception came from
        self.passing = False
        persistent = net.state_dict(keep_vars=True)
        for name, p in net.named_parameters():
            self._know(Value(p, TRAINED if p.requires_grad else STATE, name))
        for name, b in net.named_buffers():
            state = name in persistent and b.is_floating_point() and not _is_mask(b)
            self._know(Value(b, STATE if state else CONSTANT, name))

    def input(self, x: torch.Tensor) -> None:
        self._know(Value(x, INPUT, "input"))

    def level(self, tensor: torch.Tensor) -> int:
        value = self.values.get(id(tensor))
        if value is None and tensor.grad_fn is not None:
            raise Error(f"{self.place()}: a tensor {list(tensor.shape)} was computed where basin cannot see it (a scripted function or an "
                        "extension?); write it with torch's own functions")
        if value is not None and value.changed and value.level > CONSTANT:
            raise Error(f"{self.place()}: a tensor {list(tensor.shape)} was changed in place through another view of it; basin follows changes in "
                        "place only of the tensor itself: write the plain form")
        return CONSTANT if value is None else value.level

    def of(self, tensor: torch.Tensor) -> Value:
        """What this tensor is now."""
        value = self.values.get(id(tensor))
        if value is None or (value.level == CONSTANT and value.changed):
            value = self._know(Value(tensor, CONSTANT))
        if value.level == CONSTANT and not value.kept:
            value.tensor, value.kept = tensor.detach().clone(), True
        return value

    def place(self) -> Place:
        frame = sys._getframe(1)
        while frame is not None and frame.f_code.co_filename.startswith((HERE, TORCH)):
            frame = frame.f_back
        line = f"{os.path.basename(frame.f_code.co_filename)}:{frame.f_lineno}" if frame is not None else ""
        return Place(self.names.get(id(self.stack[-1]), ""), self.stack[-1], line)

    def failed(self) -> str:
        module = self.stopped or self.stack[0]
        path = self.names.get(id(module), "")
        return f"{path} ({type(module).__name__})" if path else type(module).__name__

    def _know(self, value: Value) -> Value:
        self.values[id(value.object)] = value
        self.kept.append(value)
        return value

    def __torch_function__(self, function, types, args=(), kwargs=None):
        return function(*args, **(kwargs or {})) if self.passing else self.see(function, args, kwargs or {})

    def see(self, function: Callable, args: Tuple[Any, ...], kwargs: Dict[str, Any]) -> Any:
        name, given = function_name(function), list(tensors_in((args, kwargs)))
        level = max([self.level(t) for t in given], default=CONSTANT)
        self._refuse(name, level)
        if level == CONSTANT or name in SHAPE_ONLY:
            return _in_double(name, function, args, kwargs)
        seen = _replace((args, kwargs), self.of)
        try:
            result = _in_double(name, function, args, kwargs)
        except Exception as error:
            raise Error(f"{name} in {self.place()}: cannot run on {', '.join(map(self._shape, given))} ({first_line(error)})") from error
        if level == INPUT and name in CASTS and _becomes_integer(args[0], result):
            raise Error(f"{name} in {self.place()}: real numbers become integers; give the network integer inputs")
        outputs = list(tensors_in(args[0] if name == "__setitem__" else result))
        if outputs:
            self._record(name, level, seen, outputs, isinstance(result, (tuple, list)))
        return result

    def _shape(self, tensor: torch.Tensor) -> str:
        shape = list(tensor.shape)
        return "input [" + ", ".join(["N"] + [str(n) for n in shape[1:]]) + "]" if self.level(tensor) == INPUT and shape else str(shape)

    def _refuse(self, name: str, level: int) -> None:
        if name in RANDOM:
            raise Error(f"{name} in {self.place()}: random numbers in evaluation mode; basin needs one fixed computation")
        if name in READS and level >= TRAINED:
            what = "its input" if level == INPUT else "parameters"
            raise Error(f"{name} in {self.place()}: data-dependent control flow: what forward does would depend on values of {what}; basin needs one "
                        "fixed computation: take it out of forward, or save the part without it")

    def _record(self, name: str, level: int, seen: Any, outputs: Sequence[torch.Tensor], several: bool) -> None:
        call = Call(name, self.place(), seen[0], seen[1], [], several, level)
        for part, tensor in enumerate(outputs):
            value = self._know(Value(tensor, level))
            value.call, value.part = call, part
            call.values.append(value)
        self.calls.append(call)


def _becomes_integer(x: torch.Tensor, result: Any) -> bool:
    return isinstance(result, torch.Tensor) and x.is_floating_point() and not result.is_floating_point()


def _is_mask(buffer: torch.Tensor) -> bool:
    """0 and one other value, in a matrix or more."""
    if buffer.dim() < 2 or not (buffer == 0).any():
        return False
    others = buffer[buffer != 0]
    return others.numel() > 0 and bool((others == others[0]).all())


def tensors_in(item: Any) -> Iterator[torch.Tensor]:
    if isinstance(item, torch.Tensor):
        yield item
    elif isinstance(item, dict):
        for v in item.values():
            yield from tensors_in(v)
    elif isinstance(item, (tuple, list)) and not isinstance(item, torch.Size):
        for v in item:
            yield from tensors_in(v)
    elif isinstance(item, slice):
        yield from tensors_in((item.start, item.stop, item.step))


def _replace(item: Any, of: Callable[[torch.Tensor], Value]) -> Any:
    if isinstance(item, torch.Tensor):
        return of(item)
    if isinstance(item, dict):
        return {k: _replace(v, of) for k, v in item.items()}
    if isinstance(item, (tuple, list)) and not isinstance(item, torch.Size):
        return type(item)(_replace(v, of) for v in item) if type(item) in (tuple, list) else tuple(_replace(v, of) for v in item)
    return item


@contextmanager
def _watching(recorder: Recorder) -> Iterator[None]:
    """Module calls note their module; torch 1.13 shows indexing to no mode, so that is shown here."""
    call, own_index = nn.Module.__call__, "__getitem__" in vars(torch.Tensor)
    index = torch.Tensor.__getitem__

    def watched(module, *args, **kwargs):
        if "quantized" in type(module).__module__:
            raise Error(f"{recorder.names.get(id(module), '')} ({type(module).__name__}): quantised layers have no derivatives: save the network "
                        "before quantisation")
        if isinstance(module, RECURRENT):
            raise Error(f"{recorder.names.get(id(module), '')} ({type(module).__name__}): recurrent layers are not supported; basin needs a fixed "
                        "computation over the sequence, as convolutions and attention are")
        recorder.stack.append(module)
        try:
            return call(module, *args, **kwargs)
        except Exception:
            recorder.stopped = recorder.stopped or module
            raise
        finally:
            recorder.stack.pop()

    def plain(tensor, where):
        return index(tensor, where)

    def shown(tensor, where):
        if recorder.passing:
            return index(tensor, where)
        recorder.passing = True
        try:
            return recorder.see(plain, (tensor, where), {})
        finally:
            recorder.passing = False

    plain.__name__ = "__getitem__"
    nn.Module.__call__ = watched
    if not _modes_see_indexing():
        torch.Tensor.__getitem__ = shown
    try:
        yield
    finally:
        nn.Module.__call__ = call
        if torch.Tensor.__getitem__ is shown:
            if own_index:
                torch.Tensor.__getitem__ = index
            else:
                del torch.Tensor.__getitem__


def _modes_see_indexing() -> bool:
    seen = []

    class Mode(TorchFunctionMode):
        def __torch_function__(self, function, types, args=(), kwargs=None):
            seen.append(function)
            return function(*args, **(kwargs or {}))

    x = torch.zeros(1)
    with Mode():
        x[0]
    return bool(seen)


class Recording(NamedTuple):
    """One forward pass for a batch."""
    calls: List[Call]
    input: Value
    output: Value


def record(net: nn.Module, x: torch.Tensor) -> Recording:
    """Run the module on a batch, noting every call of torch."""
    recorder = Recorder(net)
    if x.is_floating_point():
        x = x.requires_grad_(True).clone()
    recorder.input(x)
    given = recorder.values[id(x)]
    with torch.enable_grad(), _watching(recorder), plain_double():
        try:
            with recorder:
                result = net(x)
        except Error:
            raise
        except Exception as error:
            raise Error(f"forward of {recorder.failed()}: cannot be run ({type(error).__name__}: {first_line(error)})") from error
    output = one_output(result, type(net).__name__)
    return Recording(recorder.calls, given, recorder.of(output))


@contextmanager
def plain_double() -> Iterator[None]:
    """New tensors are in double precision, and functions under torch.compile run as they are written."""
    before, stance = torch.get_default_dtype(), getattr(getattr(torch, "compiler", None), "set_stance", None)
    torch.set_default_dtype(torch.float64)
    try:
        with stance("force_eager") if stance is not None else nullcontext():
            yield
    finally:
        torch.set_default_dtype(before)


def one_output(result: Any, module: str) -> torch.Tensor:
    """The tensor that forward returns; alone, or before Nones (logits, loss)."""
    if isinstance(result, (tuple, list)) and result and all(r is None for r in result[1:]):
        result = result[0]
    if not isinstance(result, torch.Tensor):
        raise Error(f"output of {module}: the module returns {type(result).__name__}; basin needs one tensor [N, …]: wrap the module in one "
                    "that returns the logits alone")
    return result

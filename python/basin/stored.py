"""Tensors as they lie in a file: shape and type are known, the numbers are read when they are asked for.

So nothing is allocated for a tensor that nobody wants, and before one is made its extent is held against the
bytes that are there.
"""
from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, Dict, Optional, Sequence, Tuple, Union

import torch

from .error import Error
from .unpickle import DAMAGED, Inert, Named

LARGEST = 1 << 62  # of sizes, strides and offsets: what a signed number of 64 bits holds
MOST_AXES = 64
# torch's names of types, and the bytes of one number
SIZES = {
    "float64": 8, "float32": 4, "float16": 2, "bfloat16": 2, "int64": 8, "int32": 4, "int16": 2, "int8": 1,
    "uint8": 1, "bool": 1, "complex128": 16, "complex64": 8, "complex32": 4, "uint16": 2, "uint32": 4,
    "uint64": 8, "float8_e4m3fn": 1, "float8_e5m2": 1, "float8_e4m3fnuz": 1, "float8_e5m2fnuz": 1,
    "float8_e8m0fnu": 1
}
STORAGES = {
    "Double": "float64", "Float": "float32", "Half": "float16", "BFloat16": "bfloat16", "Long": "int64",
    "Int": "int32", "Short": "int16", "Char": "int8", "Byte": "uint8", "Bool": "bool",
    "ComplexDouble": "complex128", "ComplexFloat": "complex64"
}
IS_QUANTISED = "is quantised: save the weights that were trained, before quantisation"
IS_META = "is on device meta: it has a shape, but no numbers"
QUANTISED = {"QInt8": 1, "QUInt8": 1, "QInt32": 4, "QUInt4x2": 1, "QUInt2x4": 1}


@dataclass(frozen=True)
class Part:
    """Bytes of a file. stamp: size and time of the file, by which a change while it is read is noticed."""

    path: Path
    start: int
    length: int
    stamp: Tuple[int, int]

    @staticmethod
    def whole(path: Path) -> "Part":
        found = os.stat(path)
        return Part(path, 0, found.st_size, (found.st_size, found.st_mtime_ns))

    def part(self, start: int, length: int) -> "Part":
        if start < 0 or length < 0 or start + length > self.length:
            raise Error(DAMAGED)
        return Part(self.path, self.start + start, length, self.stamp)

    def read(self, start: int = 0, length: Optional[int] = None) -> bytes:
        """Some of it, or all."""
        part = self.part(start, self.length - start if length is None else length)
        with open(self.path, "rb") as file:
            if Part.whole(self.path).stamp != self.stamp:
                raise Error("changed while it was read: is training still writing it?")
            file.seek(part.start)
            found = file.read(part.length)
        if len(found) != part.length:
            raise Error(DAMAGED)
        return found


class Storage:
    """Numbers of one type, one after the other. type None: bytes, whose tensors have types of their own. part
    None: not read yet."""

    def __init__(self, type: Optional[str], count: int, part: Optional[Part] = None, big: bool = False):
        if not isinstance(count, int) or not 0 <= count < LARGEST:
            raise Error(DAMAGED)
        self.type, self.count, self.part, self.big = type, count, part, big

    @property
    def size(self) -> int:
        """Bytes of one number."""
        return 1 if self.type is None else SIZES.get(self.type) or QUANTISED[self.type]

    def fill(self, part: Part) -> None:
        """The bytes of it; they must be as many as the numbers take."""
        if part.length != self.count * self.size:
            raise Error(f"{DAMAGED}: a storage of {self.count} numbers of {self.size} bytes has "
                        f"{part.length} bytes")
        self.part = part


def storage_type(what: Any) -> Optional[str]:
    """torch.FloatStorage and its like; torch.storage.UntypedStorage is None."""
    name = what.name if isinstance(what, Named) and what.module.partition(".")[0] == "torch" else ""
    if name in ("UntypedStorage", "_UntypedStorage"):
        return None
    kind = name[:-len("Storage")] if name.endswith("Storage") else ""
    if kind not in STORAGES and kind not in QUANTISED:
        raise Error(f"{DAMAGED}: no storage is of type {what}")
    return STORAGES.get(kind, kind)


class Stored:
    """A tensor in a file. problem: why it has no numbers that basin could read."""

    __slots__ = ("storage", "type", "offset", "shape", "stride", "problem")

    def __init__(self, storage: Optional[Storage], type: Optional[str], offset: int, shape: Sequence[int],
                 stride: Sequence[int], problem: Optional[str] = None):
        self.storage, self.type, self.offset, self.problem = storage, type, offset, problem
        self.shape, self.stride = _sizes(shape), _sizes(stride)
        if problem is None:
            self._fits()

    def _fits(self) -> None:
        if (len(self.stride) != len(self.shape) or not isinstance(self.offset, int)
                or not 0 <= self.offset < LARGEST):
            raise Error(DAMAGED)
        width = SIZES.get(self.type or "", 0) // self.storage.size
        if width == 0 or (self.offset + self.extent()) * width > self.storage.count:
            raise Error(f"a tensor {list(self.shape)} with strides {list(self.stride)} reaches beyond its "
                        f"storage of {self.storage.count} numbers: damaged")

    def extent(self) -> int:
        """Numbers of the storage from its first to its last one."""
        return 0 if 0 in self.shape else 1 + sum((n - 1) * s for n, s in zip(self.shape, self.stride))

    def dim(self) -> int:
        return len(self.shape)

    def numel(self) -> int:
        count = 1
        for n in self.shape:
            count *= n
        return count

    def read(self) -> torch.Tensor:
        """The tensor, with as much memory as its part of the storage has bytes in the file."""
        if self.problem is not None:
            raise Error(self.problem)
        kind = getattr(torch, self.type, None)
        if kind is None:
            raise Error(f"its numbers are of type {self.type}, which torch {torch.__version__} does not know")
        if self.storage.part is None:
            raise Error(DAMAGED)
        width, extent = SIZES[self.type], self.extent()
        raw = bytearray(self.storage.part.read(self.offset * width, extent * width))
        if self.storage.big != (sys.byteorder == "big"):
            _swap(raw, width // 2 if self.type.startswith("complex") else width)
        if self.type == "bool":  # a byte other than 0 and 1 is no bool
            raw = raw.translate(b"\0" + b"\1" * 255)
        flat = torch.frombuffer(raw, dtype=kind) if raw else torch.empty(0, dtype=kind)
        return torch.as_strided(flat, self.shape, self.stride)


def _sizes(sizes: Any) -> Tuple[int, ...]:
    if not isinstance(sizes, (tuple, list)) or len(sizes) > MOST_AXES:
        raise Error(DAMAGED)
    if not all(isinstance(n, int) and not isinstance(n, bool) and 0 <= n < LARGEST for n in sizes):
        raise Error("a tensor with sizes or strides that are no counts: damaged")
    return tuple(sizes)


def _swap(raw: bytearray, width: int) -> None:
    """Numbers of the other byte order."""
    for i in range(width // 2):
        raw[i::width], raw[width - 1 - i::width] = raw[width - 1 - i::width], raw[i::width]


Tensor = Union[torch.Tensor, Stored]


def is_tensor(value: Any) -> bool:
    return isinstance(value, (torch.Tensor, Stored))


def values(value: Tensor, name: str) -> torch.Tensor:
    """The numbers of a tensor: real and dense; what is wrong with it names it."""
    try:
        tensor = value.read() if isinstance(value, Stored) else value.detach()
    except Error as error:
        colon = "" if str(error).startswith(("is ", "has ")) else ":"
        raise Error(f"{name}{colon} {error}") from error
    if tensor.layout != torch.strided or tensor.is_quantized or tensor.device.type == "meta":
        kind = ("quantised" if tensor.is_quantized else
                "on device meta" if tensor.device.type == "meta" else "a sparse tensor")
        raise Error(f"{name} is {kind}; basin reads dense ones of plain numbers")
    if tensor.is_complex():
        raise Error(f"{name} has complex numbers; basin computes with real ones")
    return tensor.cpu()


# ------------------------------------------------------------------- what torch's pickles call for tensors --

def _tensor(storage: Any, offset: Any, shape: Any, stride: Any, *rest: Any) -> Stored:
    """_rebuild_tensor, _rebuild_tensor_v2."""
    if not isinstance(storage, Storage):
        raise Error(DAMAGED)
    if storage.type in QUANTISED:
        return Stored(None, storage.type, 0, shape, (), IS_QUANTISED)
    return Stored(storage, storage.type or "uint8", offset, shape, stride)


def _typed_tensor(storage: Any, offset: Any, shape: Any, stride: Any, gradient: Any, hooks: Any, type: Any,
                  *rest: Any) -> Stored:
    """_rebuild_tensor_v3: of a storage of bytes, with a type of its own."""
    if not isinstance(storage, Storage) or not isinstance(type, Named) or type.name not in SIZES:
        raise Error(DAMAGED)
    return Stored(storage, type.name, offset, shape, stride)


def _odd(problem: str, shape_at: Optional[int] = None) -> Callable:
    """A tensor without numbers that could be read; its shape is one of the arguments, where it is there at
    all."""
    def build(*args: Any) -> Stored:
        shape = (args[shape_at] if shape_at is not None and len(args) > shape_at
                 and isinstance(args[shape_at], (tuple, list)) else ())
        return Stored(None, None, 0, shape, (), problem)
    return build


def _sparse(layout: Any, data: Any, *rest: Any) -> Stored:
    parts = data if isinstance(data, (tuple, list)) else ()
    shape = next((part for part in parts if isinstance(part, tuple)), ())
    return Stored(None, None, 0, shape, (), "is a sparse tensor: save tensor.to_dense()")


def _parameter(data: Any, *rest: Any) -> Any:
    return data if isinstance(data, Stored) else Inert("torch.nn.parameter.Parameter", (data,))


def _from_type(function: Any, type: Any, args: Any, state: Any = None) -> Any:
    """A tensor of a subclass: the tensor, without what the class adds."""
    builder = BUILDERS.get(str(function))
    if builder is None or not isinstance(args, tuple):
        return Inert(str(type), (function, args))
    return builder(*args)


BUILDERS: Dict[str, Callable] = {
    "torch._utils._rebuild_tensor": _tensor,
    "torch._utils._rebuild_tensor_v2": _tensor,
    "torch._utils._rebuild_tensor_v3": _typed_tensor,
    "torch._utils._rebuild_parameter": _parameter,
    "torch._utils._rebuild_parameter_with_state": _parameter,
    "torch._utils._rebuild_device_tensor_from_cpu_tensor": _parameter,
    "torch._utils._rebuild_sparse_tensor": _sparse,
    "torch._utils._rebuild_sparse_csr_tensor": _sparse,
    "torch._utils._rebuild_qtensor": _odd(IS_QUANTISED, 2),
    "torch._utils._rebuild_meta_tensor_no_storage": _odd(IS_META, 1),
    "torch._utils._rebuild_wrapper_subclass": _odd("is of a class that keeps its numbers elsewhere", 2),
    "torch._utils._rebuild_device_tensor_from_numpy": _odd("is of another device: save tensor.cpu()"),
    "torch._utils._rebuild_nested_tensor": _odd("is a nested tensor, whose rows have lengths of their own"),
    "torch._tensor._rebuild_from_type": _from_type,
    "torch._tensor._rebuild_from_type_v2": _from_type,
    "torch.Size": lambda sizes=(): _sizes(sizes),
}

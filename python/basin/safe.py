"""Files of safetensors, read through its own library: names, shapes and types from the head, numbers when
they are asked for."""
from __future__ import annotations

from pathlib import Path
from typing import Dict

import torch

from .error import Error, first_line
from .stored import Stored

TYPES = {
    "F64": "float64", "F32": "float32", "F16": "float16", "BF16": "bfloat16", "I64": "int64", "I32": "int32",
    "I16": "int16", "I8": "int8", "U8": "uint8", "BOOL": "bool", "U16": "uint16", "U32": "uint32",
    "U64": "uint64", "C64": "complex64", "F8_E4M3": "float8_e4m3fn", "F8_E5M2": "float8_e5m2"
}


class SafeTensor(Stored):
    """One of a file of safetensors."""

    __slots__ = ("path", "name")

    def __init__(self, path: Path, name: str, type: str, shape):
        super().__init__(None, TYPES.get(type, type), 0, shape, (), problem="")
        self.path, self.name = path, name

    def read(self) -> torch.Tensor:
        with opened(self.path) as file:
            return file.get_tensor(self.name)


def opened(path: Path):
    """The library's reader of a file."""
    try:
        from safetensors import safe_open
    except ImportError:
        raise Error("a file of safetensors, whose library is not here: pip install safetensors") from None
    try:
        return safe_open(str(path), framework="pt", device="cpu")
    except (PermissionError, FileNotFoundError, IsADirectoryError) as error:
        raise Error(f"cannot be read: {error.strerror or first_line(error)}") from error
    except Exception as error:  # of a class of the library's own
        raise Error(f"truncated, or not a file of safetensors ({first_line(error)})") from error


def read_safe(path: Path) -> Dict[str, Stored]:
    """The tensors of a file by name."""
    with opened(path) as file:
        slices = {name: file.get_slice(name) for name in file.keys()}
        return {
            name: SafeTensor(path, name, part.get_dtype(), part.get_shape()) for name, part in slices.items()
        }

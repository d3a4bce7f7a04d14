"""Reading .pt files without running what may be in them.

torch.load(weights_only=True) does that from 2.0 on. The one of 1.13 refuses every floating point number, and its pickle_module= is
ignored; so there the inner functions of torch.load run with an unpickler of our own, which builds tensors and plain containers only.
"""
from __future__ import annotations

import pickle
import zipfile
from pathlib import Path
from typing import Any

import torch

from .error import Error, first_line

DAMAGED = "truncated, or not a file of torch.save"
OLD = int(torch.__version__.split(".")[0]) < 2

# Everything that a state dict of a module or an optimizer is made of
ALLOWED = {
    ("collections", "OrderedDict"), ("collections", "Counter"), ("collections", "defaultdict"), ("builtins", "set"), ("builtins", "dict"),
    ("builtins", "list"), ("builtins", "int"), ("builtins", "float"), ("torch", "Size"), ("torch", "device"),
    ("torch._utils", "_rebuild_tensor_v2"), ("torch._utils", "_rebuild_tensor"), ("torch._utils", "_rebuild_parameter"),
    ("torch.storage", "_TypedStorage"), ("torch.storage", "TypedStorage"), ("torch.storage", "_UntypedStorage"), ("torch.storage", "UntypedStorage"),
}


def _allowed(module: str, name: str) -> bool:
    module = {"__builtin__": "builtins"}.get(module, module)
    if module == "torch":
        return name.endswith("Storage") or isinstance(getattr(torch, name, None), torch.dtype) or (module, name) in ALLOWED
    return (module, name) in ALLOWED


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if not _allowed(module, name):
            raise pickle.UnpicklingError(f"it holds {module}.{name}")
        return super().find_class(module, name)


class _SafePickle:
    """What torch.serialization takes for the module pickle."""

    Unpickler = _Unpickler
    UnpicklingError = pickle.UnpicklingError
    __name__ = "pickle"

    @staticmethod
    def load(file: Any, **options: Any) -> Any:
        return _Unpickler(file, **options).load()


def _safely(path: Path) -> Any:
    if not OLD:
        return torch.load(path, map_location="cpu", weights_only=True)
    from torch import serialization as inner
    with open(path, "rb") as file:
        if not inner._is_zipfile(file):
            return inner._legacy_load(file, "cpu", _SafePickle, encoding="utf-8")
        with inner._open_zipfile_reader(file) as archive:
            if inner._is_torchscript_zip(archive):
                raise pickle.UnpicklingError("it is a TorchScript archive")
            return inner._load(archive, "cpu", _SafePickle, encoding="utf-8")


def _holds_module(path: Path) -> bool:
    """Does the pickle in the file have the fields of a whole nn.Module? Read as bytes, never run."""
    try:
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                content = b"".join(archive.read(name) for name in archive.namelist() if name.endswith("/data.pkl"))
        else:
            content = path.read_bytes()
    except (OSError, zipfile.BadZipFile, RuntimeError):
        return False
    return b"_parameters" in content and b"_modules" in content


def _looks_saved(path: Path) -> bool:
    """A zip archive with its directory at the end, or a pickle, as torch.save wrote before."""
    with open(path, "rb") as file:
        return file.read(1) == b"\x80" or zipfile.is_zipfile(path)


def load(path: Path, trust: bool) -> Any:
    """The content of a .pt file, its tensors on the CPU. trust: by pickle, which can run any code that is in the file."""
    try:
        if not _looks_saved(path):
            raise Error(DAMAGED)
        return torch.load(path, map_location="cpu", **({} if OLD else {"weights_only": False})) if trust else _safely(path)
    except Error:
        raise
    except (PermissionError, FileNotFoundError, IsADirectoryError) as error:
        raise Error(f"cannot be read: {error.strerror}") from error
    except (AttributeError, ImportError) as error:
        raise Error(f"its pickle needs a class that is not here ({first_line(error)[:160]}): save model.state_dict() in the script that has "
                    "it") from error
    except (EOFError, KeyError, OSError, RuntimeError) as error:  # of torch's readers
        raise Error(f"{DAMAGED} ({type(error).__name__}: {first_line(error)[:160]})" if trust else DAMAGED) from error
    except pickle.UnpicklingError as error:
        if "truncated" in str(error):
            raise Error(DAMAGED) from error
        if trust:
            raise Error(f"cannot be read ({first_line(error)[:160]})") from error
        if _holds_module(path):
            raise Error("holds a whole pickled module, not its weights: save model.state_dict() instead; trust=True loads it with pickle, which "
                        "can run any code in it and needs the module's class") from error
        raise Error(f"holds more than tensors and plain values, or is damaged ({first_line(error)[:120]}); trust=True loads it with pickle, "
                    "which can run any code in it") from error
    except Exception as error:  # damaged files raise almost anything
        raise Error(f"cannot be read ({type(error).__name__}: {first_line(error)[:160]})") from error

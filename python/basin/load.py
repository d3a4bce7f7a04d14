"""Content of files of torch.save, read by our own reader (archive.py): nothing that a file names is imported
or called.

Only a module that was pickled whole needs pickle and its class, and the caller's word for it (trust).
"""
from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from .archive import read_archive
from .error import Error, first_line
from .stored import Part
from .unpickle import DAMAGED, Inert, fields

OLD = int(torch.__version__.split(".")[0]) < 2
MODULE = {"_parameters", "_modules"}  # attributes of every nn.Module


def is_module(value: Any) -> bool:
    """Was it an nn.Module?"""
    return isinstance(value, Inert) and MODULE <= set(value.fields())


def _holds_module(content: Any) -> bool:
    return is_module(content) or any(is_module(value) for value in (fields(content) or {}).values())


def _by_pickle(path: Path) -> Any:
    """By torch.load, which runs what the file says."""
    try:
        return torch.load(path, map_location="cpu", **({} if OLD else {"weights_only": False}))
    except (AttributeError, ImportError) as error:
        raise Error(f"its pickle needs a class that is not here ({first_line(error)}): save "
                    "model.state_dict() in the script that has it") from error
    except Exception as error:  # whatever the classes of the file raise
        raise Error(f"cannot be read by pickle ({type(error).__name__}: {first_line(error)})") from error


def load(path: Path, trust: bool) -> Any:
    """The content of a file. trust: a module that was pickled whole is loaded with pickle, which can run any
    code that is in the file."""
    try:
        content = read_archive(Part.whole(path))
    except (PermissionError, FileNotFoundError, IsADirectoryError) as error:
        raise Error(f"cannot be read: {error.strerror}") from error
    except OSError as error:
        raise Error(f"{DAMAGED} ({first_line(error)})") from error
    return _by_pickle(path) if trust and _holds_module(content) else content

"""A run is one training: its identity, the folder that it alone writes into, and what a folder holds already.

An identity («run» of docs/checkpoint-format.md) is made when a training starts and stands in all its checkpoints. The folder's claim is
basin train's: a lock on the file .basin_writer, which the system lets go with its process.
"""
from __future__ import annotations

import hashlib
import os
import re
import time
import weakref
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, List, Optional

import h5py

try:
    import fcntl
except ImportError:  # not a POSIX system: nothing to lock with
    fcntl = None  # type: ignore[assignment]

from .error import Error
from .files import text

CLAIM = ".basin_writer"
LONGEST = 64  # bytes of an identity


# -------------------------------------------------------------------------------------------------- identity --

def new_identity() -> str:
    """«20261130T062945.123Z-3f9ac01b2d4e»: the UTC time, and 48 random bits."""
    now = time.time_ns()
    stamp = time.strftime("%Y%m%dT%H%M%S", time.gmtime(now // 10 ** 9))
    return f"{stamp}.{now // 10 ** 6 % 1000:03d}Z-{os.urandom(6).hex()}"


def identity_of_folder(folder: Path) -> str:
    """For files whose training is not known: what they share is where they came from. Readers take it for no more than that."""
    return "folder-" + hashlib.sha256(os.fsencode(folder.resolve())).hexdigest()[:12]


_OF_OBJECTS: "weakref.WeakKeyDictionary[Any, str]" = weakref.WeakKeyDictionary()


def identity_of(optimizer: Any, model: Any) -> str:
    """Of the training that this optimizer does, or of this model without one: the same as long as the object lives."""
    owner = model if optimizer is None else optimizer
    if owner not in _OF_OBJECTS:
        _OF_OBJECTS[owner] = new_identity()
    return _OF_OBJECTS[owner]


def checked(identity: str) -> str:
    size = len(identity.encode())
    if not 0 < size <= LONGEST or not identity.isprintable():
        raise Error(f"run: an identity of {size} bytes; expected 1 to {LONGEST} of plain text")
    return identity


# ---------------------------------------------------------------------------------------------- what is there --

@dataclass
class Kept:
    """A checkpoint of a folder; what it does not record is None."""

    path: Path
    run: Optional[str] = None
    step: Optional[int] = None
    epoch: Optional[float] = None
    gradient_evaluations: Optional[int] = None
    seconds: Optional[float] = None


def kept(path: Path) -> Optional[Kept]:
    """None for what is no checkpoint. One that does not open may be one all the same."""
    try:
        with h5py.File(path, "r") as f:
            if text(f.attrs.get("format", "")) != "basin checkpoint":
                return None
            found = dict(f["training"].attrs) if "training" in f else {}
    except OSError:
        return Kept(path) if h5py.is_hdf5(path) else None
    return Kept(path, text(found["run"]) if "run" in found else None, *(
        None if name not in found else kind(found[name])
        for name, kind in (("step", int), ("epoch", float), ("gradient_evaluations", int), ("seconds", float))))


def kept_in(folder: Path) -> List[Kept]:
    """By step; those that record none come first."""
    found = [kept(path) for path in sorted(folder.iterdir()) if path.is_file() and not path.name.startswith(".")] if folder.is_dir() else []
    return sorted((k for k in found if k is not None), key=lambda k: -1 if k.step is None else k.step)


def told(there: List[Kept]) -> str:
    """«4 checkpoints of training ID (step_000000.h5 to step_000030.h5)», training by training."""
    trainings: Dict[Optional[str], List[Kept]] = {}
    for k in there:
        trainings.setdefault(k.run, []).append(k)
    parts = []
    for run, files in trainings.items():
        count = f"{len(files)} checkpoint{'s' if len(files) > 1 else ''}"
        names = files[0].path.name + (f" to {files[-1].path.name}" if len(files) > 1 else "")
        parts.append(f"{count} of {f'training {run}' if run else 'a training without identity'} ({names})")
    return " and ".join(parts)


# -------------------------------------------------------------------------------------------------- one writer --

def _let_go(handle: int, path: str, owner: int) -> None:
    if os.getpid() == owner:  # not in a child that was forked while it was held
        try:
            os.unlink(path)
        except OSError:
            pass
    try:
        os.close(handle)
    except OSError:
        pass


class Claim:
    """The right to write a run into a folder, as long as this object lives."""

    def __init__(self, folder: Path):
        try:
            folder.mkdir(parents=True, exist_ok=True)
            path = str(folder / CLAIM)
            handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        except OSError as error:
            raise Error(f"{folder}: cannot be written: {error.strerror}") from error
        if fcntl is not None:
            try:
                fcntl.lockf(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                os.close(handle)
                raise Error(f"{folder}: another process is writing a run into it; wait, or choose another folder") from error
        _remove_leftovers(folder)
        self.release = weakref.finalize(self, _let_go, handle, path, os.getpid())


def _remove_leftovers(folder: Path) -> None:
    """Files that processes which are no more have left half-written."""
    for path in folder.glob(".*.part"):
        process = re.search(r"\.(\d+)\.part$", path.name)
        try:
            if process is not None:
                os.kill(int(process.group(1)), 0)
        except ProcessLookupError:
            path.unlink()
        except OSError:  # it lives, and is somebody else's
            pass

"""Files that appear whole or not at all."""
from __future__ import annotations

import os
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator

import h5py

from .error import Error, first_line


def _put_anew(part: Path, path: Path) -> None:
    """In one step, which fails where something is there by now. File systems without hard links look first."""
    taken = Error(f"{path}: is there already, and not of this training: it is not overwritten; choose another folder")
    try:
        os.link(part, path)
    except FileExistsError:
        raise taken from None
    except OSError:
        if path.exists():
            raise taken from None
        os.replace(part, path)


@contextmanager
def replacing(path: Path, anew: bool = False) -> Iterator[Path]:
    """A temporary name beside `path`, which takes its place when the block ends well, and vanishes otherwise. anew: nothing may be there."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield part
        _put_anew(part, path) if anew else os.replace(part, path)
    except OSError as error:
        raise Error(f"{path}: cannot be written: {first_line(error)}") from error
    finally:
        if part.exists():
            part.unlink()


def put(group: h5py.Group, name: str, values, **options) -> None:
    """A data set without a time stamp: the same content gives the same bytes."""
    group.create_dataset(name, data=values, track_times=False, **options)


def text(value) -> str:
    """An attribute that may be str or bytes."""
    return value.decode() if isinstance(value, bytes) else str(value)


def expect_format(file: h5py.File, path, wanted: str, version: int = 1) -> None:
    """The header that all of basin's files have."""
    found = text(file.attrs["format"]) if "format" in file.attrs else None
    if found != wanted:
        raise Error(f"{path}: expected format «{wanted}», file has {f'«{found}»' if found else 'none'}")
    if int(file.attrs.get("version", 0)) != version:
        raise Error(f"{path}: version {file.attrs.get('version')}, this package knows {version}")
    if int(file.attrs.get("complete", 0)) != 1:
        raise Error(f"{path}: not complete: still being written, or its writer was stopped")

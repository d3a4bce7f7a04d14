"""Folders of torch.distributed.checkpoint: .metadata, a pickle, says where the pieces of each tensor lie in
the files *.distcp.

Read here rather than by torch: its reader loads .metadata, and values that are no tensors, by plain pickle,
which runs what the file says. A piece of a file is a file of torch.save itself, which archive.py reads. So
this needs no torch with distributed computing.

    Metadata        state_dict_metadata: name -> TensorStorageMetadata (properties, size, chunks) or
                    BytesStorageMetadata; planner_data: name -> path in the state dict that was saved;
                    storage_data: MetadataIndex -> _StorageInfo
    MetadataIndex   fqn, offset: the name, and where a piece begins in its tensor
    _StorageInfo    relative_path, offset, length: its bytes
"""
from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Dict, List, Mapping, Sequence, Tuple

import torch

from .archive import read_archive
from .error import Error
from .stored import BUILDERS, DAMAGED, SIZES, Part, Stored
from .unpickle import Inert, Named, Unpickler, fields

DEEPEST = 32  # keys of a path
LARGEST_LIST = 1 << 16  # entries


class Pieces(Stored):
    """A tensor in pieces: where each begins in it, and the bytes."""

    __slots__ = ("pieces",)

    def __init__(self, type: str, shape: Sequence[int], pieces: List[Tuple[Tuple[int, ...], Part]]):
        super().__init__(None, type, 0, shape, (), problem="")
        self.pieces = pieces

    def read(self) -> torch.Tensor:
        kind = getattr(torch, self.type, None)
        if kind is None:
            raise Error(f"its numbers are of type {self.type}, which torch {torch.__version__} does not know")
        read = [(at, self._piece(part)) for at, part in self.pieces]
        if sum(piece.numel() for _, piece in read) != self.numel():
            raise Error(f"has {sum(piece.numel() for _, piece in read)} of its {self.numel()} numbers in "
                        f"the files: {DAMAGED}")
        whole, there = torch.empty(self.shape, dtype=kind), torch.zeros(self.shape, dtype=torch.bool)
        for at, piece in read:
            where = tuple(slice(start, start + n) for start, n in zip(at, piece.shape))
            if len(at) != piece.dim() or whole[where].shape != piece.shape or there[where].any():
                raise Error(DAMAGED)
            whole[where], there[where] = piece, True
        return whole

    def _piece(self, part: Part) -> torch.Tensor:
        found = read_archive(part)
        if not isinstance(found, Stored) or found.type != self.type or found.numel() > self.numel():
            raise Error(DAMAGED)
        return found.read()


def is_distributed(folder: Path) -> bool:
    return (folder / ".metadata").is_file()


def _metadata(folder: Path) -> Mapping[Any, Any]:
    part = Part.whole(folder / ".metadata")
    with open(part.path, "rb") as file:
        found = Unpickler(file, part.length, BUILDERS).load()
    values = fields(found)
    if (values is None or not isinstance(values.get("state_dict_metadata"), dict)
            or not isinstance(values.get("storage_data"), dict)):
        raise Error(f".metadata: {DAMAGED.replace('torch.save', 'torch.distributed.checkpoint')}")
    return values


def _field(value: Any, name: str) -> Any:
    """An attribute of what was a dataclass; named tuples and dataclasses without names keep theirs in
    order."""
    return (fields(value) or {}).get(name)


def _stored_pieces(folder: Path, storage: Mapping[Any, Any]) -> Dict[str, List[Tuple[Tuple[int, ...], Part]]]:
    """By name, where each piece begins and its bytes."""
    found: Dict[str, List[Tuple[Tuple[int, ...], Part]]] = {}
    wholes: Dict[str, Part] = {}
    for index, info in storage.items():
        path, start, length = (_field(info, name) for name in ("relative_path", "offset", "length"))
        name, at = _field(index, "fqn"), _field(index, "offset")
        if (not isinstance(path, str) or not re.fullmatch(r"[^/\\\0]+", path) or path in (".", "..")
                or not isinstance(name, str)):
            raise Error(f".metadata: {DAMAGED}")
        if _field(info, "transform_descriptors"):
            raise Error(f"{path} was compressed or otherwise changed when it was saved: save without "
                        "extensions")
        if path not in wholes:
            wholes[path] = Part.whole(folder / path)
        found.setdefault(name, []).append((tuple(at or ()), wholes[path].part(start, length)))
    return found


def _type(properties: Any) -> str:
    """The type in TensorProperties, which is pickled as a tuple of its attributes."""
    state = properties.state if isinstance(properties, Inert) else None
    given = state[0] if isinstance(state, tuple) and state else _field(properties, "dtype")
    if not isinstance(given, Named) or given.name not in SIZES:
        raise Error(f".metadata: a tensor of type {given}, which is not known")
    return given.name


def _value(name: str, described: Any, pieces: List[Tuple[Tuple[int, ...], Part]]) -> Any:
    shape = _field(described, "size")
    if shape is not None:
        return Pieces(_type(_field(described, "properties")), shape, pieces)
    if len(pieces) != 1:
        raise Error(f"{name}: {DAMAGED}")
    return read_archive(pieces[0][1])


def _place(whole: Dict[Any, Any], path: Sequence[Any], value: Any) -> None:
    """Into the nested state dict; positions in lists are keys for now."""
    for key in path[:-1]:
        whole = whole.setdefault(key, {})
        if not isinstance(whole, dict):
            raise Error(f".metadata: {DAMAGED}")
    whole[path[-1]] = value


def _restored(value: Any) -> Any:
    """Lists and numbers as keys again: of a list the paths have positions, of a dictionary its keys as
    text."""
    if not isinstance(value, dict):
        return value
    made = {key: _restored(item) for key, item in value.items()}
    if made and list(made) == list(range(len(made))):
        return list(made.values())
    groups, state = made.get("param_groups"), made.get("state")
    state = dict(enumerate(state)) if isinstance(state, list) else state
    if isinstance(state, dict) and _numbered(groups):
        made["state"] = {int(key) if re.fullmatch("[0-9]{1,9}", str(key)) else key: item
                         for key, item in state.items()}
    return made


def _numbered(groups: Any) -> bool:
    """Do these parameter groups name their tensors by numbers?"""
    groups = groups if isinstance(groups, list) else []
    lists = [group.get("params") for group in groups if isinstance(group, dict)]
    return any(isinstance(i, int) for params in lists if isinstance(params, (list, tuple)) for i in params)


def read_distributed(folder: Path) -> Any:
    """The state dict that was saved, nested as it was."""
    metadata = _metadata(folder)
    pieces = _stored_pieces(folder, metadata["storage_data"])
    paths = metadata.get("planner_data")
    whole: Dict[Any, Any] = {}
    for name, described in metadata["state_dict_metadata"].items():
        path = paths.get(name) if isinstance(paths, dict) else None
        path = path if isinstance(path, tuple) and 0 < len(path) <= DEEPEST else (name,)
        positions = [key for key in path if not isinstance(key, str)]
        if not all(isinstance(key, int) and 0 <= key < LARGEST_LIST for key in positions):
            raise Error(f".metadata: {DAMAGED}")
        _place(whole, path, _value(name, described, pieces.get(name, [])))
    return _restored(whole)

"""Where a checkpoint lies: in one file, or in a folder of several, as trainers write them.

    checkpoint-500/   Hugging Face: model.safetensors or pytorch_model.bin, whole or in shards that an index
                      names; optimizer.pt; trainer_state.json, which has step, epoch and the log
    step_500/         Accelerate: model.safetensors or pytorch_model.bin, optimizer.bin
    any/              torch.distributed.checkpoint: .metadata and *.distcp
    epoch_3/model.pt  one folder for every saving

A run of these becomes one folder of checkpoints, run/checkpoint-500.h5 beside run/checkpoint-1000.h5.
"""
from __future__ import annotations

import glob
import json
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, Iterable, List, Mapping, Optional, Sequence, Tuple, Union

from .distributed import is_distributed, read_distributed
from .error import Error, first_line
from .load import load
from .safe import read_safe
from .stored import is_tensor

SUFFIXES = (".pt", ".pth", ".ckpt", ".bin", ".safetensors", ".tar", ".model")
# Weights in a folder of several files, best first
WEIGHTS = ("model.safetensors", "model.safetensors.index.json", "pytorch_model.bin",
           "pytorch_model.bin.index.json", "pytorch_model_fsdp.bin", "pytorch_model_fsdp_0")
# The same where a file of the optimizer lies beside it
PLAIN_WEIGHTS = ("model.pt", "model.pth", "model.bin", "weights.pt", "weights.pth")
OPTIMIZERS = ("optimizer.pt", "optimizer.pth", "optimizer.bin")
# Files that are parts of such a folder, whatever their pattern
COMPANION = re.compile(
    r"(optimizer|(lr_)?scheduler|scaler|sampler|rng_state|random_states|training_args|custom_checkpoint)"
    r"[^/]*\.(pt|pth|bin|pkl)|.*-\d{5}-of-\d{5}\.(bin|safetensors)|.*\.distcp|.*\.index\.json")
# Names of folders that hold one moment of a run each
MOMENT = re.compile(
    r"(checkpoint|ckpt|chkpt|epoch|step|iter|iteration|global_?step|save)[-_=. ]?\d.*|best|last|latest|final",
    re.I)
STEP_IN_NAME = re.compile(r"(?:checkpoint-|(?:global_?)?step[-_=]?)(\d+)", re.I)
LARGEST_JSON = 1 << 26  # bytes


@dataclass(frozen=True)
class Source:
    """One checkpoint. path: of the file or the folder, as messages name it; weights: its file or folder of
    weights; target: the converted file below the output folder; run: the folder whose files are of one run."""

    path: Path
    weights: Path
    target: Path
    run: Path
    optimizer: Optional[Path] = None
    state: Optional[Path] = None


# ------------------------------------------------------------------------------------------------- finding --

def _common_root(pattern: str) -> Path:
    """The folders of a pattern before its first wildcard."""
    fixed: List[str] = []
    for part in Path(pattern).parts[:-1]:
        if glob.has_magic(part):
            break
        fixed.append(part)
    return Path(*fixed) if fixed else Path(".")


def _of_folder(folder: Path, root: Path) -> Optional[Source]:
    """The folder as one checkpoint, if it is one."""
    if is_distributed(folder):
        return Source(folder, folder, _moment(folder, root), _above(folder))
    there = set(os.listdir(folder))
    optimizer = next((name for name in OPTIMIZERS if name in there), None)
    weights = next((name for name in WEIGHTS + (PLAIN_WEIGHTS if optimizer else ()) if name in there), None)
    if weights is None:
        return None
    target = _below(folder, root) / (weights.partition(".")[0] + ".h5")
    moment = bool(MOMENT.fullmatch(folder.name))
    target = _moment(folder, root) if moment else target
    state = folder / "trainer_state.json"
    distributed = "optimizer_0" if weights.endswith("_fsdp_0") and "optimizer_0" in there else None
    found = distributed or optimizer
    return Source(folder, folder / weights, target, _above(folder) if moment else folder,
                  folder / found if found else None, state if state.is_file() else None)


def _below(path: Path, root: Path) -> Path:
    """The path from the root on."""
    return path.relative_to(root) if path == root or root in path.parents else Path(path.name)


def _above(folder: Path) -> Path:
    """The folder that it is in, whatever links lead to it."""
    return folder.resolve().parent


def _moment(folder: Path, root: Path) -> Path:
    """checkpoint-500 becomes checkpoint-500.h5 beside the others of its run."""
    inside = _below(folder, root)
    name = folder.resolve().name if inside == Path(".") else inside.name
    return inside.parent / f"{name}.h5"


def _of_file(file: Path, root: Path, alone: bool) -> Source:
    """alone: no other file of its folder is converted."""
    parent = file.parent
    if alone and MOMENT.fullmatch(parent.name) and parent != root and root in parent.parents:
        return Source(file, file, _moment(parent, root), _above(parent))
    return Source(file, file, _below(file, root).with_suffix(".h5"), parent)


def _is_member(file: Path, source: Source) -> bool:
    return file == source.weights or bool(COMPANION.fullmatch(file.name)) or file.name in WEIGHTS


def _matches(pattern: str, alone: bool) -> Tuple[List[Path], Path]:
    """Files and folders of a pattern, in order, and the root of their targets; of several folders each keeps
    its name."""
    found = [Path(f) for f in sorted(glob.glob(pattern, recursive=True))]
    whole = len(found) == 1 and found[0].is_dir() and not glob.has_magic(pattern)
    if whole and _of_folder(found[0], found[0].parent) is None:
        folder = found[0]
        inside = sorted(p for p in folder.rglob("*")
                        if p.suffix in SUFFIXES or p.name == ".metadata" or p.name in WEIGHTS)
        if not inside:
            raise Error(f"{pattern}: a folder without checkpoints ({', '.join(SUFFIXES)}); give a pattern "
                        f"such as '{pattern.rstrip('/')}/**/*.pt'")
        return inside, folder if alone else folder.parent
    return found, _common_root(pattern)


def find_sources(patterns: Union[str, Path, Sequence[Any]]) -> List[Source]:
    """The checkpoints that the patterns name: files, folders that are one, or folders of them."""
    found: Dict[Path, Source] = {}
    patterns = [patterns] if isinstance(patterns, (str, Path)) else list(patterns)
    for pattern in map(str, patterns):
        matches, root = _matches(pattern, len(patterns) == 1)
        sources = list(_sources(matches, root))
        if not sources:
            what = "file matches this pattern" if glob.has_magic(pattern) else "such file"
            raise Error(f"{pattern}: no {what}")
        for source in sources:
            found.setdefault(source.path, source)
    return list(found.values())


def _sources(matches: Sequence[Path], root: Path) -> Iterable[Source]:
    folders: Dict[Path, Optional[Source]] = {}
    files: List[Path] = []
    for path in matches:
        folder = path if path.is_dir() else path.parent
        if folder not in folders:
            folders[folder] = _of_folder(folder, root)
        source = folders[folder]
        if source is not None and (path.is_dir() or _is_member(path, source) or path.name == ".metadata"):
            yield source
        elif path.is_file():
            files.append(path)
    for file in files:
        yield _of_file(file, root, sum(other.parent == file.parent for other in files) == 1)


def as_source(path: Path) -> Source:
    """One file, or a folder that is a checkpoint."""
    if not path.exists():
        raise Error("no such file")
    source = _of_folder(path, path.parent) if path.is_dir() else _of_file(path, path.parent, False)
    if source is None:
        raise Error("a folder, but not one that is a checkpoint")
    return source


# ------------------------------------------------------------------------------------------------- reading --

def _json(path: Path) -> Any:
    try:
        if path.stat().st_size > LARGEST_JSON:
            raise Error(f"{path.name} has more than {LARGEST_JSON >> 20} MiB: not read")
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise Error(f"{path.name} cannot be read ({type(error).__name__}: {first_line(error)})") from error


def _shards(index: Path) -> Dict[str, Any]:
    """Tensors in several files; the index says which is where."""
    weight_map = _json(index)
    weight_map = weight_map.get("weight_map") if isinstance(weight_map, dict) else None
    good = isinstance(weight_map, dict) and all(isinstance(file, str) for file in weight_map.values())
    if not good or not all(re.fullmatch(r"[^/\\\0]+", file) for file in weight_map.values()):
        raise Error(f"{index.name}: no index of shards")
    files = {
        file: _named(index.parent / file, lambda path: _weights(path, False))
        for file in dict.fromkeys(weight_map.values())
    }
    missing = [name for name, file in weight_map.items() if name not in files[file]]
    if missing:
        raise Error(f"{missing[0]} is not in {weight_map[missing[0]]}, where {index.name} has it")
    return {name: files[file][name] for name, file in weight_map.items()}


def _weights(path: Path, trust: bool) -> Any:
    if path.is_dir():
        return read_distributed(path)
    if path.name.endswith(".index.json"):
        return _shards(path)
    return read_safe(path) if path.suffix == ".safetensors" else load(path, trust)


def _named(path: Path, reader: Any) -> Any:
    """What the reader finds; what is wrong names the file in the folder."""
    try:
        return reader(path)
    except Error as error:
        raise Error(f"{path.name}: {error}") from error


def _merged(source: Source, trust: bool) -> Dict[str, Any]:
    """What several files of a folder hold, as one file would."""
    whole = source.weights == source.path
    weights = _weights(source.path, trust) if whole else _named(source.weights, lambda p: _weights(p, trust))
    bare = isinstance(weights, Mapping) and any(is_tensor(value) for value in weights.values())
    content = {"model": weights} if bare or not isinstance(weights, Mapping) else dict(weights)
    if source.optimizer is not None:
        state = _named(source.optimizer, lambda path: _weights(path, False))
        inner = state.get("optimizer") if isinstance(state, Mapping) else None
        content["optimizer"] = inner if isinstance(inner, Mapping) else state
    step = STEP_IN_NAME.fullmatch(source.path.name)
    if step is not None:
        content.setdefault("global_step", int(step.group(1)))
    if source.state is not None:
        said = _json(source.state)
        said = said if isinstance(said, dict) else {}
        content.update({key: said[key] for key in ("global_step", "epoch", "log_history") if key in said})
    return content


def read_content(source: Source, trust: bool) -> Any:
    """What is in a checkpoint, nested as it was saved."""
    try:
        return _merged(source, trust) if source.path.is_dir() else _weights(source.path, trust)
    except (PermissionError, FileNotFoundError, IsADirectoryError) as error:
        raise Error(f"{Path(error.filename or source.path).name} cannot be read: {error.strerror}") from error

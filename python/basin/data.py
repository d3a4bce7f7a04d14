"""Data sets: from tensors, a Dataset or a DataLoader to basin's data file (docs/checkpoint-format.md), and back."""
from __future__ import annotations

import hashlib
import random
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Dict, Iterable, Iterator, List, Optional, Tuple

import h5py
import numpy as np
import torch
from torch.utils.data import BatchSampler, DataLoader, Dataset, IterableDataset, RandomSampler, SequentialSampler
from torch.utils.data.distributed import DistributedSampler

from .error import Error, first_line
from .files import expect_format, put, replacing, text
from .loss import Loss

ROWS = 1024  # evaluated or hashed at once
COMPRESS_FROM = 1 << 20  # bytes


class Data:
    """Inputs [N, …], targets [N] or [N, C] and splits (row numbers), as one data file holds them."""

    def __init__(self, inputs: np.ndarray, targets: np.ndarray, splits: Dict[str, np.ndarray], path: Optional[Path] = None):
        self.inputs, self.targets, self.splits, self.path = inputs, targets, splits, path
        self.digest = content_digest(inputs, targets, splits)

    def batches(self, split: str) -> Iterator[Tuple[torch.Tensor, torch.Tensor]]:
        """Inputs and targets of a split, in double precision (classes: int64)."""
        rows = self.splits[split]
        kind = np.int64 if self.targets.dtype.kind in "iu" else np.float64
        for start in range(0, len(rows), ROWS):
            part = rows[start:start + ROWS]
            yield torch.from_numpy(self.inputs[part].astype(np.float64)), torch.from_numpy(self.targets[part].astype(kind))

    def write(self, folder: Path) -> Path:
        """The data file in `folder`, named by its digest; one that is there already is left alone."""
        if self.path is not None:
            return self.path
        path = folder / f"data-{self.digest[:12]}.h5"
        if not path.exists():
            with replacing(path) as part, h5py.File(part, "w") as f:
                f.attrs["format"], f.attrs["version"], f.attrs["digest"] = "basin data", 1, self.digest
                put(f, "inputs", self.inputs, **_compression(self.inputs))
                put(f, "targets", self.targets)
                for name, rows in self.splits.items():
                    put(f, f"splits/{name}", rows, **_compression(rows))
                f.attrs["complete"] = 1
        return path


def _compression(array: np.ndarray) -> Dict[str, Any]:
    return {"compression": "gzip", "compression_opts": 1, "shuffle": True} if array.nbytes >= COMPRESS_FROM else {}


def content_digest(inputs: np.ndarray, targets: np.ndarray, splits: Dict[str, np.ndarray]) -> str:
    """SHA-256 of the content, as docs/checkpoint-format.md defines it."""
    h = hashlib.sha256()

    def add(kind: str, array: np.ndarray, dtype: str) -> None:
        h.update(f"{kind}{','.join(map(str, array.shape))}\n".encode())
        for start in range(0, len(array), ROWS):
            h.update(np.ascontiguousarray(array[start:start + ROWS], dtype).tobytes())

    add("inputs ", inputs, "<f8")
    if targets.dtype.kind in "iu" and targets.ndim == 1:
        add("classes ", targets, "<i8")
    else:
        add("values ", targets if targets.ndim == 2 else targets[:, None], "<f8")
    for name in sorted(splits, key=str.encode):
        add(f"split {name} ", splits[name], "<u8")
    return h.hexdigest()


# ------------------------------------------------------------------------------------- from the user's objects --

@contextmanager
def _random_state_kept() -> Iterator[None]:
    """Shuffling and transforms draw random numbers; training must not notice that a checkpoint was saved."""
    states = torch.random.get_rng_state(), random.getstate(), np.random.get_state()
    try:
        yield
    finally:
        torch.random.set_rng_state(states[0])
        random.setstate(states[1])
        np.random.set_state(states[2])


def _tensor(value: Any, split: str, what: str) -> torch.Tensor:
    if isinstance(value, torch.Tensor):
        return value.detach().cpu()
    try:
        return torch.as_tensor(np.asarray(value)) if not isinstance(value, (str, bytes)) else _no_number(value, split, what)
    except (TypeError, ValueError):
        return _no_number(value, split, what)


def _no_number(value: Any, split: str, what: str) -> torch.Tensor:
    raise Error(f"{split}: {what} is of type {type(value).__name__}, not numbers; a transform to tensors is missing")


def _pair(item: Any, split: str) -> Tuple[Any, Any]:
    if not isinstance(item, (tuple, list)) or len(item) != 2:
        raise Error(f"{split}: a sample is {type(item).__name__}{f' of {len(item)}' if isinstance(item, (tuple, list)) else ''}; "
                    "expected a pair (input, target)")
    return item[0], item[1]


def _stack(tensors: List[torch.Tensor], split: str, what: str) -> torch.Tensor:
    shapes = sorted({tuple(t.shape) for t in tensors})
    if len(shapes) != 1:
        raise Error(f"{split}: samples have {what} of different shapes, {list(shapes[0])} and {list(shapes[1])}; basin needs one")
    return torch.stack(tensors)


def _samples(items: Iterable[Any], split: str) -> Tuple[torch.Tensor, torch.Tensor]:
    """Single samples, stacked."""
    pairs = [_pair(item, split) for item in items]
    if not pairs:
        raise Error(f"{split}: no samples")
    return (_stack([_tensor(x, split, "the input") for x, _ in pairs], split, "inputs"),
            _stack([_tensor(y, split, "the target") for _, y in pairs], split, "targets"))


def _batches(batches: Iterable[Any], split: str) -> Tuple[torch.Tensor, torch.Tensor]:
    """Batches, joined."""
    pairs = [_pair(batch, split) for batch in batches]
    if not pairs:
        raise Error(f"{split}: no samples")
    return tuple(torch.cat([_tensor(pair[i], split, what) for pair in pairs]) for i, what in enumerate(("the input", "the target")))


def _loader_rows(loader: DataLoader, split: str) -> List[int]:
    """Which samples of its data set a loader gives, whatever their order."""
    sampler = loader.sampler if type(loader.batch_sampler) in (BatchSampler, type(None)) else loader.batch_sampler
    whole = isinstance(sampler, (SequentialSampler, DistributedSampler)) or (isinstance(sampler, RandomSampler) and not sampler.replacement)
    if whole and not (isinstance(sampler, RandomSampler) and len(sampler) != len(loader.dataset)):
        return list(range(len(loader.dataset)))
    draws = []
    for _ in range(2):
        drawn = [i for item in sampler for i in (item if isinstance(item, (list, tuple)) else [item])]
        draws.append(sorted(int(i) for i in drawn))
    if draws[0] != draws[1] or len(set(draws[0])) != len(draws[0]):
        raise Error(f"{split}: the loader's {type(sampler).__name__} draws other samples in each pass, or some twice; give the Dataset itself")
    return draws[0]


def _passes(source: Any, split: str) -> Iterator[Tuple[torch.Tensor, torch.Tensor]]:
    """The whole split again and again, in one order."""
    if isinstance(source, DataLoader) and source.batch_size is None and source.batch_sampler is None:
        raise Error(f"{split}: a loader that makes no batches (batch_size=None); give its Dataset")
    if isinstance(source, DataLoader) and isinstance(source.dataset, IterableDataset):
        while True:
            yield _batches(source, split)
    if isinstance(source, DataLoader):
        rows = _loader_rows(source, split)
        again = DataLoader(source.dataset, batch_size=source.batch_size or 1, sampler=rows, collate_fn=source.collate_fn)
        while True:
            yield _batches(again, split)
    while True:
        yield _samples(source if isinstance(source, IterableDataset) else (source[i] for i in range(len(source))), split)


def _read(source: Any, split: str) -> Tuple[torch.Tensor, torch.Tensor]:
    if isinstance(source, (tuple, list)) and len(source) == 2 and isinstance(source[0], (torch.Tensor, np.ndarray)):
        return _tensor(source[0], split, "the input"), _tensor(source[1], split, "the target")
    if not isinstance(source, (Dataset, DataLoader)) and not (hasattr(source, "__len__") and hasattr(source, "__getitem__")):
        raise Error(f"{split}: {type(source).__name__}; expected tensors (x, y), a Dataset or a DataLoader")
    with _random_state_kept():
        passes = _passes(source, split)
        first, second = next(passes), next(passes)
    for a, b, what in zip(first, second, ("inputs", "targets")):
        if a.shape != b.shape or not torch.equal(a, b):
            raise Error(f"{split}: two passes over the data give different {what}: random transforms? A loss needs fixed samples: give the "
                        "data without augmentation")
    return first


def _one_split(source: Any, split: str, loss: Loss) -> Tuple[np.ndarray, np.ndarray]:
    x, y = _read(source, split)
    if x.dim() < 2 or x.shape[0] == 0:
        raise Error(f"{split}: inputs {list(x.shape)}; expected [N, features…]")
    if y.dim() == 0 or y.shape[0] != x.shape[0]:
        raise Error(f"{split}: {x.shape[0]} inputs, but targets {list(y.shape)}")
    if x.is_complex() or not (x.is_floating_point() and not torch.isfinite(x).all()):
        return _numpy(x, split), loss.targets(y, split)
    raise Error(f"{split}: {int((~torch.isfinite(x)).sum())} of the inputs are NaN or Inf")


def _numpy(x: torch.Tensor, split: str) -> np.ndarray:
    if x.is_complex():
        raise Error(f"{split}: inputs of {x.dtype}; basin computes with real numbers")
    if x.dtype == torch.bfloat16:
        x = x.float()
    return (x.to(torch.uint8) if x.dtype == torch.bool else x).numpy()


def from_torch(train: Any, test: Any, loss: Loss) -> Data:
    """Data of what a training script has at hand: (x, y), a Dataset or a DataLoader for each split."""
    parts = {name: _one_split(source, name, loss) for name, source in (("train", train), ("test", test)) if source is not None}
    inputs, targets = zip(*parts.values())
    if len({x.shape[1:] for x in inputs}) > 1 or len({y.shape[1:] for y in targets}) > 1:
        raise Error(f"train and test differ: inputs {' and '.join(str(list(x.shape)) for x in inputs)}, "
                    f"targets {' and '.join(str(list(y.shape)) for y in targets)}")
    splits, start = {}, 0
    for name, (x, _) in parts.items():
        splits[name] = np.arange(start, start + len(x), dtype=np.uint64)
        start += len(x)
    return Data(np.concatenate(inputs), np.concatenate(targets), splits)


def from_file(path: Any) -> Data:
    """An existing data file of basin's own format."""
    path = Path(path)
    try:
        with h5py.File(path, "r") as f:
            expect_format(f, path, "basin data")
            inputs, targets = f["inputs"][()], f["targets"][()]
            scale, offset = (float(f["inputs"].attrs.get(name, default)) for name, default in (("scale", 1.0), ("offset", 0.0)))
            splits = {name: rows[()].astype(np.uint64) for name, rows in f["splits"].items()} if "splits" in f else {}
            stored = text(f.attrs["digest"]) if "digest" in f.attrs else None
    except (OSError, KeyError) as error:
        raise Error(f"{path}: cannot be read as a data file: {first_line(error)}") from error
    if scale != 1.0:
        inputs = inputs * np.float64(scale)
    if offset != 0.0:
        inputs = inputs + np.float64(offset)
    if targets.ndim == 2 and targets.dtype.kind in "iu":
        targets = targets.astype(np.float64)
    data = Data(inputs, targets, splits or {"train": np.arange(len(inputs), dtype=np.uint64)}, path)
    if stored is not None and stored != data.digest:
        raise Error(f"{path}: the content has digest {data.digest[:12]}…, attribute digest says {stored[:12]}…: the file was changed or damaged")
    return data


def evaluate(net: torch.nn.Module, loss: Loss, data: Data, split: str) -> Tuple[float, float]:
    """Loss and accuracy (NaN where there is none) of a whole split: one sum over all samples, divided once."""
    value, right, count = 0.0, 0.0, 0
    with torch.no_grad():
        for x, y in data.batches(split):
            terms = loss.sums(net(x), y)
            value, right, count = value + terms[0], right + terms[1], count + terms[2]
    return value / count, right / count

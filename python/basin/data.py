"""Data sets: from tensors, a Dataset or a DataLoader to basin's data file (docs/checkpoint-format.md), and back."""
from __future__ import annotations

import hashlib
import itertools
import random
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Callable, Dict, Iterable, Iterator, List, Optional, Sequence, Tuple

import h5py
import numpy as np
import torch
from torch.utils.data import BatchSampler, DataLoader, Dataset, IterableDataset, RandomSampler, SequentialSampler
from torch.utils.data.distributed import DistributedSampler

from .error import Error, first_line
from .files import expect_format, put, replacing, text
from .loss import Loss

Chunk = Tuple[torch.Tensor, torch.Tensor]
WHAT = ("input", "target")  # of a pair
ROWS = 1024  # hashed, compared or evaluated at once
COMPRESS_FROM = 1 << 20  # bytes
NUMBERS_AT_ONCE = 1 << 20  # of inputs or outputs, when a split is evaluated
NUMPY = {torch.float64: np.float64, torch.int64: np.int64}


class Data:
    """Inputs [N, …], targets (classes [N] or [N, tokens] as integers, values [N] or [N, C] as floating point numbers) and splits (row
    numbers), as one data file holds them. target_shape: of one sample's targets as the user has them; None if only a file is there."""

    def __init__(self, inputs: np.ndarray, targets: np.ndarray, splits: Dict[str, np.ndarray], path: Optional[Path] = None,
                 target_shape: Optional[Tuple[int, ...]] = None):
        self.inputs, self.targets, self.splits, self.path, self.target_shape = inputs, targets, splits, path, target_shape
        self.digest = content_digest(inputs, targets, splits)

    @property
    def whole_inputs(self) -> bool:
        """Are the inputs integers: token ids, or bytes?"""
        return self.inputs.dtype.kind in "iu"

    def batches(self, split: str, kind: torch.dtype, rows: int) -> Iterator[Tuple[torch.Tensor, torch.Tensor]]:
        """Inputs of the type that the module takes and targets of a split, in double precision (classes: int64)."""
        of_split = self.splits[split]
        target_kind = np.int64 if self.targets.dtype.kind in "iu" else np.float64
        for start in range(0, len(of_split), rows):
            part = of_split[start:start + rows]
            yield torch.from_numpy(self.inputs[part].astype(NUMPY[kind])), torch.from_numpy(self.targets[part].astype(target_kind))

    def write(self, folder: Path) -> Path:
        """The data file in `folder`, named by its digest; one that is there already is left alone."""
        if self.path is not None:
            return self.path
        path = folder / f"data-{self.digest[:12]}.h5"
        if not path.exists():
            with replacing(path) as part, h5py.File(part, "w") as f:
                f.attrs["format"], f.attrs["version"], f.attrs["digest"] = "basin data", 1, self.digest
                stored, attributes = compact(self.inputs)
                put(f, "inputs", stored, **_compression(stored))
                f["inputs"].attrs.update(attributes)
                put(f, "targets", self.targets, **_compression(self.targets))
                if self.targets.dtype.kind in "iu" and self.targets.ndim == 2:
                    f["targets"].attrs["kind"] = "classes"
                for name, rows in self.splits.items():
                    put(f, f"splits/{name}", rows, **_compression(rows))
                f.attrs["complete"] = 1
        return path


def _compression(array: np.ndarray) -> Dict[str, Any]:
    return {"compression": "gzip", "compression_opts": 1, "shuffle": True} if array.nbytes >= COMPRESS_FROM else {}


# ---------------------------------------------------------------------------------------------- smaller, and the same --

def _distinct(array: np.ndarray) -> Optional[np.ndarray]:
    """The values in ascending order, if a byte can number them; a negative zero cannot come back from a byte."""
    found = np.empty(0, array.dtype)
    for start in range(0, len(array), ROWS):
        part = array[start:start + ROWS]
        if np.signbit(part[part == 0]).any():
            return None
        found = np.union1d(found, part)
        if len(found) > 256:
            return None
    return found


def _byte_code(values: np.ndarray) -> Optional[Tuple[np.ndarray, float, float]]:
    """Bytes k, scale and offset with scale · k + offset = value to the last bit, as a reader computes it."""
    v = values.astype(np.float64)
    gap = float(np.diff(v).min()) if len(v) > 1 else 1.0
    scales = [gap, 1.0 / round(1.0 / gap)] if 0.0 < gap <= 1.0 else [gap]
    for scale in scales:
        for offset in (0.0, float(v[0])):
            k = np.rint((v - offset) / scale)
            decoded = scale * k + offset if offset != 0.0 else scale * k
            if k[0] >= 0 and k[-1] <= 255 and np.array_equal(decoded, v):
                return k.astype(np.uint8), scale, offset
    return None


def compact(inputs: np.ndarray) -> Tuple[np.ndarray, Dict[str, float]]:
    """Large inputs in the smallest type that gives every number back exactly: integers by their range, images of up to 256 levels as bytes
    with scale and offset. Everything else stays as it is, in the precision that it has."""
    if inputs.nbytes < COMPRESS_FROM:
        return inputs, {}
    if inputs.dtype.kind in "iu":
        return inputs.astype(np.promote_types(np.min_scalar_type(inputs.min()), np.min_scalar_type(inputs.max()))), {}
    values = _distinct(inputs)
    code = _byte_code(values) if values is not None else None
    if code is None:
        return inputs, {}
    k, scale, offset = code
    stored = np.empty(inputs.shape, np.uint8)
    for start in range(0, len(inputs), ROWS):
        stored[start:start + ROWS] = k[np.searchsorted(values, inputs[start:start + ROWS])]
    return stored, {"scale": scale, "offset": offset}


def content_digest(inputs: np.ndarray, targets: np.ndarray, splits: Dict[str, np.ndarray]) -> str:
    """SHA-256 of the content, as docs/checkpoint-format.md defines it."""
    h = hashlib.sha256()

    def add(kind: str, array: np.ndarray, dtype: str) -> None:
        h.update(f"{kind}{','.join(map(str, array.shape))}\n".encode())
        for start in range(0, len(array), ROWS):
            h.update(np.ascontiguousarray(array[start:start + ROWS], dtype).tobytes())

    add("inputs ", inputs, "<f8")
    if targets.dtype.kind in "iu":
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


def _joined(parts: Sequence[torch.Tensor], split: str, what: str, join: Callable) -> torch.Tensor:
    shapes = sorted({tuple(t.shape if join is torch.stack else t.shape[1:]) for t in parts})
    if len(shapes) != 1:
        raise Error(f"{split}: samples have {what} of different shapes, {list(shapes[0])} and {list(shapes[1])}; basin needs one")
    return join(parts)


def _samples(items: Iterable[Any], split: str) -> Iterator[Chunk]:
    """Single samples, some at once."""
    items = iter(items)
    while True:
        pairs = [_pair(item, split) for item in itertools.islice(items, ROWS)]
        if not pairs:
            return
        yield tuple(_joined([_tensor(pair[i], split, f"the {what}") for pair in pairs], split, f"{what}s", torch.stack)
                    for i, what in enumerate(WHAT))


def _batches(batches: Iterable[Any], split: str) -> Iterator[Chunk]:
    for batch in batches:
        pair = _pair(batch, split)
        yield tuple(_tensor(pair[i], split, f"the {what}") for i, what in enumerate(WHAT))


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


def _passes(source: Any, split: str) -> Iterator[Iterator[Chunk]]:
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


def _read(source: Any, split: str) -> Chunk:
    """All of a split. A second pass is held against the first piece by piece, so that the data are in memory once."""
    if isinstance(source, (tuple, list)) and len(source) == 2 and isinstance(source[0], (torch.Tensor, np.ndarray)):
        return _tensor(source[0], split, "the input"), _tensor(source[1], split, "the target")
    if not isinstance(source, (Dataset, DataLoader)) and not (hasattr(source, "__len__") and hasattr(source, "__getitem__")):
        raise Error(f"{split}: {type(source).__name__}; expected tensors (x, y), a Dataset or a DataLoader")
    with _random_state_kept():
        passes = _passes(source, split)
        chunks = list(next(passes))
        if not chunks:
            raise Error(f"{split}: no samples")
        whole = tuple(_joined([chunk[i] for chunk in chunks], split, f"{what}s", torch.cat) for i, what in enumerate(WHAT))
        del chunks
        start = 0
        for chunk in next(passes):
            _same(whole, chunk, start, split)
            start += len(chunk[0])
    if start != len(whole[0]):
        raise Error(f"{split}: two passes over the data give {len(whole[0])} and {start} samples; a loss needs fixed ones")
    return whole


def _same(whole: Chunk, chunk: Chunk, start: int, split: str) -> None:
    for first, second, what in zip(whole, chunk, WHAT):
        if not torch.equal(first[start:start + len(second)], second):
            raise Error(f"{split}: two passes over the data give different {what}s: random transforms? A loss needs fixed samples: give the "
                        "data without augmentation")


def _one_split(source: Any, split: str, loss: Loss) -> Tuple[np.ndarray, np.ndarray, Tuple[int, ...]]:
    """Inputs and targets as the data file holds them, and the shape of one sample's targets."""
    x, y = _read(source, split)
    if x.dim() < 2 or x.shape[0] == 0:
        raise Error(f"{split}: inputs {list(x.shape)}; expected [N, features…]")
    if y.dim() == 0 or y.shape[0] != x.shape[0]:
        raise Error(f"{split}: {x.shape[0]} inputs, but targets {list(y.shape)}")
    if x.is_complex() or not (x.is_floating_point() and not torch.isfinite(x).all()):
        return _numpy(x, split), loss.targets(y, split), tuple(y.shape[1:])
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
    inputs, targets, shapes = zip(*parts.values())
    if len({x.shape[1:] for x in inputs}) > 1 or len(set(shapes)) > 1:
        raise Error(f"train and test differ: inputs {' and '.join(str(list(x.shape)) for x in inputs)}, "
                    f"targets {' and '.join(str([len(y), *shape]) for y, shape in zip(targets, shapes))}")
    splits, start = {}, 0
    for name, (x, _, _) in parts.items():
        splits[name] = np.arange(start, start + len(x), dtype=np.uint64)
        start += len(x)
    return Data(np.concatenate(inputs), np.concatenate(targets), splits, target_shape=shapes[0])


def from_file(path: Any) -> Data:
    """An existing data file of basin's own format."""
    path = Path(path)
    try:
        with h5py.File(path, "r") as f:
            expect_format(f, path, "basin data")
            inputs, targets = f["inputs"][()], f["targets"][()]
            scale, offset = (float(f["inputs"].attrs.get(name, default)) for name, default in (("scale", 1.0), ("offset", 0.0)))
            splits = {name: rows[()].astype(np.uint64) for name, rows in f["splits"].items()} if "splits" in f else {}
            tokens = targets.ndim == 2 and "kind" in f["targets"].attrs and text(f["targets"].attrs["kind"]) == "classes"
            stored = text(f.attrs["digest"]) if "digest" in f.attrs else None
    except (OSError, KeyError) as error:
        raise Error(f"{path}: cannot be read as a data file: {first_line(error)}") from error
    if scale != 1.0:
        inputs = inputs * np.float64(scale)
    if offset != 0.0:
        inputs = inputs + np.float64(offset)
    if targets.ndim == 2 and targets.dtype.kind in "iu" and not tokens:
        targets = targets.astype(np.float64)
    data = Data(inputs, targets, splits or {"train": np.arange(len(inputs), dtype=np.uint64)}, path)
    if stored is not None and stored != data.digest:
        raise Error(f"{path}: the content has digest {data.digest[:12]}…, attribute digest says {stored[:12]}…: the file was changed or damaged")
    return data


def _run(net: torch.nn.Module, x: torch.Tensor, split: str) -> torch.Tensor:
    try:
        return net(x)
    except Exception as error:  # whatever the user's module raises
        raise Error(f"{split}: the module cannot run on these inputs, {list(x.shape)} ({type(error).__name__}: {first_line(error)})") from error


def evaluate(net: torch.nn.Module, loss: Loss, data: Data, split: str, kind: torch.dtype) -> Tuple[float, float]:
    """Loss and accuracy (NaN where there is none) of a whole split: one sum over all that counts, divided once."""
    size = max(int(np.prod(shape, dtype=np.int64)) for shape in (data.inputs.shape[1:], loss.output))
    total = np.zeros(4)
    with torch.no_grad():
        for x, y in data.batches(split, kind, max(1, min(ROWS, NUMBERS_AT_ONCE // size))):
            total += loss.sums(_run(net, x, split), y)
    value, weight, right, count = total
    if weight == 0.0:
        raise Error(f"{split}: no target counts: all are ignored, or of classes with weight 0")
    return value / weight, right / count

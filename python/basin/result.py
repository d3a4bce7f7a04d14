"""Results files of basin (-o FILE.h5) as numpy arrays and metadata."""
from __future__ import annotations

from typing import Any, Dict

import h5py
import numpy as np

from .error import Error, first_line
from .files import expect_format, text


class Result(dict):
    """A nested dict whose members are attributes too: `result.spectrum`, `result["axes"][0].coordinates`."""

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(f"no «{name}» here; there are {', '.join(self)}") from None


def _value(dataset: h5py.Dataset) -> Any:
    if h5py.check_string_dtype(dataset.dtype) is not None:
        values = dataset.asstr()[()]
        return values if isinstance(values, str) else np.array([str(v) for v in np.ravel(values)], dtype=object).reshape(np.shape(values))
    value = dataset[()]
    return value.item() if dataset.shape == () else value


def _group(group: h5py.Group) -> Any:
    members: Dict[str, Any] = {name: _group(item) if isinstance(item, h5py.Group) else _value(item) for name, item in group.items()}
    if members and all(len(name) == 4 and name.isdigit() for name in members):
        return [members[name] for name in sorted(members)]
    return Result(members)


VERSION = 8  # of results files: BASIN_RESULTS_VERSION of basin.h; what basin has just written is read in the tests


def load_result(path: Any) -> Result:
    """`kind`, the fields of docs/json.md, and `provenance`. Arrays are numpy arrays; lists of objects are lists, or groups of columns."""
    try:
        with h5py.File(path, "r") as f:
            expect_format(f, path, "basin result", version=VERSION)
            fields = _group(f["result"])
            return Result(kind=text(f.attrs["kind"]), **fields, provenance=_group(f["provenance"]))
    except (OSError, KeyError) as error:
        raise Error(f"{path}: cannot be read as a result: {first_line(error)}") from error

"""Results files of basin (-o FILE.h5) as numpy arrays and metadata."""
from __future__ import annotations

import html
from pathlib import Path
from typing import Any, Dict, Optional

import h5py
import numpy as np

from .error import Error, first_line
from .figure import Figure, image
from .files import expect_format, text
from .tables import MAIN, choose, tables


class Result(dict):
    """A nested dict whose members are attributes too: `result.spectrum`, `result["axes"][0].coordinates`."""

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(f"no «{name}» here; there are {', '.join(self)}") from None


class StoredResult(Result):
    """What `load_result` returns: the fields of a result, which also draws itself and becomes tables."""

    def __init__(self, path: Any, **fields: Any):
        super().__init__(fields)
        object.__setattr__(self, "path", Path(path))

    def plot(self, kind: Optional[str] = None, **options: Any) -> Figure:
        """A figure by `basin plot`, whose options it takes: `result.plot("contour:test", width=6.75, y_label="loss")`."""
        return Figure([self.path], kind=kind, **options)

    def to_pandas(self, table: Optional[str] = None) -> Any:
        """A DataFrame with the columns of docs/json.md; `tables()` names those there are. Needs pandas."""
        columns = choose(self, table)
        try:
            import pandas
        except ImportError as error:
            raise Error("to_pandas needs pandas: pip install pandas; result.tables() has the same columns as numpy arrays") from error
        return pandas.DataFrame(columns)

    def tables(self) -> Dict[str, Dict[str, np.ndarray]]:
        """Columns by name, of each table by name."""
        return tables(self)

    def _repr_svg_(self) -> Optional[str]:
        """Without the command, or a figure of this kind, there is nothing to show: the table remains."""
        try:
            return self.plot().svg
        except Error:
            return None

    def _repr_html_(self) -> str:
        """The table that the kind is about; of other kinds the numbers and the first table."""
        name, shown = html.escape(f"{self.path.name}: {self['kind']}"), ""
        if self["kind"] not in MAIN:
            shown = _html_table({"field": np.array([k for k, v in self.items() if np.isscalar(v)], dtype=object),
                                 "value": np.array([v for v in self.values() if np.isscalar(v)], dtype=object)})
        try:
            shown += _html_table(choose(self, None))
        except Error:  # it has none
            pass
        svg = self._repr_svg_()
        return f"<p><b>{name}</b></p>{image(svg) if svg is not None else ''}{shown}"


ROWS, COLUMNS = 16, 12  # of a table in a notebook; more are counted


def _cell(value: Any) -> str:
    if isinstance(value, (float, np.floating)):
        return "–" if np.isnan(value) else f"{value:.6g}"
    return html.escape(str(value))


def _html_table(columns: Dict[str, np.ndarray]) -> str:
    names, count = list(columns)[:COLUMNS], len(next(iter(columns.values())))
    head = "".join(f"<th>{html.escape(name)}</th>" for name in names)
    rows = "".join("<tr>" + "".join(f"<td>{_cell(columns[name][i])}</td>" for name in names) + "</tr>" for i in range(min(count, ROWS)))
    more = [f"{count - ROWS} more rows"] if count > ROWS else []
    more += [f"{len(columns) - COLUMNS} more columns"] if len(columns) > COLUMNS else []
    return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>" + (f"<p>{', '.join(more)}: to_pandas()</p>" if more else "")


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


def load_result(path: Any) -> StoredResult:
    """`kind`, the fields of docs/json.md, and `provenance`. Arrays are numpy arrays; lists of objects are lists, or groups of columns."""
    try:
        with h5py.File(path, "r") as f:
            expect_format(f, path, "basin result", version=VERSION)
            fields = _group(f["result"])
            return StoredResult(path, kind=text(f.attrs["kind"]), **fields, provenance=_group(f["provenance"]))
    except (OSError, KeyError) as error:
        raise Error(f"{path}: cannot be read as a result: {first_line(error)}") from error

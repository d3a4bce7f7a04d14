"""A result's lists as tables of named columns, for pandas and for notebooks. Names are those of docs/json.md."""
from __future__ import annotations

from typing import Any, Dict, Iterator, List, Mapping, Optional, Tuple

import numpy as np

from .error import Error

Table = Dict[str, np.ndarray]  # columns [rows] by name

MAIN = {"spectrum": "eigenvalues", "slice": "values", "track": "rows", "comparison": "rows", "sharpness": "measures"}  # by kind of result
LEADING = ("run", "group", "base", "method", "seed", "step", "epoch", "point", "part", "split", "name", "measure", "over", "against", "train_loss", "test_loss",
           "test_accuracy", "lambda_max", "sane", "n_eff")


def _columns(group: Mapping[str, Any], prefix: str = "") -> Optional[Table]:
    """The leaves of a group of columns, `a.b` for b of a; None where it is none."""
    found: Table = {}
    for name, member in group.items():
        if isinstance(member, Mapping):
            inner = _columns(member, f"{prefix}{name}.")
            if inner is None:
                return None
            found.update(inner)
        elif isinstance(member, np.ndarray) and member.ndim == 1:
            found[prefix + name] = member
        else:
            return None
    return found if found and len({len(column) for column in found.values()}) == 1 else None


def _short(table: Table) -> Table:
    """Measures under their own names, their values without `.value`; what was measured in no row is left out."""
    unmeasured = {name[:-len("value")] for name, column in table.items()
                  if name.startswith("measures.") and name.endswith(".value") and np.all(np.isnan(column))}
    kept = {name: column for name, column in table.items() if name[:name.rfind(".") + 1] not in unmeasured}
    return _ordered({_bare(name): column for name, column in kept.items()}, [_bare(name) for name in kept if name.startswith("measures.")])


def _bare(name: str) -> str:
    name = name[len("measures."):] if name.startswith("measures.") else name
    return name[:-len(".value")] if name.endswith(".value") else name


def _ordered(table: Table, measures: List[str]) -> Table:
    """What tells rows apart first, then what was measured, then everything else."""
    leading = [name for name in LEADING if name in table] + [name for name in measures if "." not in name]
    return {name: table[name] for name in dict.fromkeys([*leading, *table])}


def _records(items: List[Mapping[str, Any]]) -> Optional[Table]:
    """A row for each object of a list, of what is one number or text in all of them."""
    names = [name for name in items[0] if all(not isinstance(item.get(name), (Mapping, list, np.ndarray, type(None))) for item in items)]
    return {name: np.array([item[name] for item in items]) for name in names} or None


def _walk(group: Mapping[str, Any], prefix: str = "") -> Iterator[Tuple[str, Table]]:
    for name, member in group.items():
        if isinstance(member, Mapping):
            table = _columns(member)
            if table is not None:
                yield prefix + name, _short(table)
            else:
                yield from _walk(member, f"{prefix}{name}.")
        elif isinstance(member, list) and member:
            table = _records(member)
            if table is not None:
                yield prefix + name, table


def _eigenvalues(result: Mapping[str, Any]) -> Table:
    return {name: result[name] for name in ("eigenvalues", "residuals", "gaps", "multiplicity") if name in result}


def _values(result: Mapping[str, Any]) -> Table:
    """A slice's points in one long table: split, the coordinates s (and t), loss and accuracy."""
    axes = [axis["coordinates"] for axis in result["axes"]]
    grid = np.meshgrid(*axes)  # [rows, columns]: s along the columns
    parts = [{"split": np.full(surface["loss"].size, surface["split"], dtype=object),
              **{name: np.ravel(values) for name, values in zip("st", grid)},
              "loss": np.ravel(surface["loss"]),
              "accuracy": np.ravel(surface["accuracy"]) if "accuracy" in surface else np.full(surface["loss"].size, np.nan)}
             for surface in result["surfaces"]]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def tables(result: Mapping[str, Any]) -> Dict[str, Table]:
    """All of them by name."""
    found: Dict[str, Table] = {}
    if result.get("kind") == "spectrum" and isinstance(result.get("eigenvalues"), np.ndarray):
        found["eigenvalues"] = _eigenvalues(result)
    if result.get("kind") == "slice":
        found["values"] = _values(result)
    found.update(_walk({name: member for name, member in result.items() if name != "provenance"}))
    return found


def choose(result: Mapping[str, Any], name: Optional[str]) -> Table:
    """The one of that name; without a name the one that the kind of result is about, else the first."""
    found = tables(result)
    if not found:
        raise Error(f"a result of kind {result.get('kind')} holds no table; its numbers are attributes: result.{next(iter(result))}, …")
    wanted = name if name is not None else MAIN.get(str(result.get("kind")), next(iter(found)))
    if wanted not in found:
        raise Error(f"no table «{wanted}» in a result of kind {result.get('kind')}; there are {', '.join(found)}")
    return found[wanted]

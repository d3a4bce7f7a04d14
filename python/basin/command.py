"""The basin command: found, and asked whether it computes from a checkpoint what torch computed."""
from __future__ import annotations

import json
import os
import shutil
import subprocess
import warnings
from pathlib import Path
from typing import Any, Dict, Iterable, Optional

from .error import Error, first_line

TOLERANCE = 1e-6  # of basin's loss against torch's, relative; both are in double precision


def find() -> Optional[str]:
    """The binary: what BASIN names, else basin on the PATH, else build/basin of the repository that this package lies in."""
    named = os.environ.get("BASIN")
    if named:
        if not os.access(named, os.X_OK):
            raise Error(f"BASIN={named}: no such command")
        return named
    built = Path(__file__).resolve().parents[2] / "build" / "basin"
    return shutil.which("basin") or (str(built) if os.access(built, os.X_OK) else None)


def _at_the_centre(binary: str, path: Path, as_stored: bool, along: str) -> "subprocess.CompletedProcess[str]":
    """A slice of one point. Nobody asks for a way down from it, so the least is spent on looking for one."""
    arguments = [binary, "slice", str(path), "--along", along, "--range", "0:0", "--grid", "1", "--stationarity-products", "1", "--json"]
    arguments += ["--as-stored"] if as_stored else []
    try:
        return subprocess.run(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, universal_newlines=True, check=False)
    except OSError as error:
        raise Error(f"{binary}: cannot be run: {first_line(error)}") from error


def losses(binary: str, path: Path, as_stored: bool) -> Dict[str, float]:
    """basin's loss of train and test at the checkpoint's point."""
    run = _at_the_centre(binary, path, as_stored, "random")
    if run.returncode != 0 and "direction random:0 is zero" in run.stderr:  # as all filters at theta = 0 are
        run = _at_the_centre(binary, path, as_stored, "eigen:1")
    if run.returncode != 0:
        complaint = [line for line in run.stderr.splitlines() if "warning" not in line] or [f"exit status {run.returncode}"]
        reason = complaint[-1].replace(f"basin: {path}: ", "").replace(str(path), "the checkpoint")
        raise Error(f"basin cannot take this checkpoint: {reason}; nothing written (check=False does without asking)")
    try:
        result = json.loads(run.stdout)
        return {surface["split"]: surface["centre_loss"] for surface in result["surfaces"]}
    except (ValueError, KeyError, TypeError) as error:
        raise Error(f"{binary}: does not answer as basin does; name the right command in BASIN, or give check=False") from error


def compare(path: Path, part: Path, expected: Dict[str, float], as_stored: bool) -> None:
    """Raises if basin computes another loss from the file `part` (to become `path`) than torch did; silent without the command."""
    binary = find()
    if binary is None:
        return
    found = losses(binary, part, as_stored)
    for split, value in expected.items():
        ours = found.get(split)
        if ours is None or not abs(ours - value) <= TOLERANCE * max(abs(value), 1e-12):
            raise Error(f"{path}: {split} loss is {value:.9g} by torch but {'nothing' if ours is None else format(ours, '.9g')} by basin; "
                        "nothing written. Please report this with the model")


def tell(notes: Iterable[str], path: Any) -> None:
    """What was left out, as Python warnings."""
    for note in notes:
        warnings.warn(f"{path}: {note}", stacklevel=3)

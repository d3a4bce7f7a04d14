"""The basin command: found, and asked whether it computes from a checkpoint what torch computed."""
from __future__ import annotations

import json
import os
import shutil
import subprocess
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any, Dict, Iterable, List, Optional, Sequence, Union

from .error import Error, first_line

if TYPE_CHECKING:
    from .pending import Pending

Losses = Dict[str, float]  # by split

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


def _failure(binary: str, run: "subprocess.CompletedProcess[str]", paths: Sequence[Path]) -> Error:
    """What the command complained of, without the names of files that will not be there."""
    complaint = [line for line in run.stderr.splitlines() if "warning" not in line] or [f"exit status {run.returncode}"]
    if "no command «loss»" in complaint[-1]:
        return Error(f"{binary}: a version of basin without the command loss, which this package needs; name the right one in BASIN, or give "
                     "check=False")
    reason = complaint[-1]
    for path in paths:
        reason = reason.replace(f"basin: {path}: ", "").replace(str(path), "the checkpoint")
    return Error(f"basin cannot take this checkpoint: {reason}; nothing written (check=False does without asking)")


def losses(binary: str, paths: Sequence[Path], as_stored: bool) -> List[Losses]:
    """basin's loss of train and test at the point of each checkpoint, by one process."""
    arguments = [binary, "loss", *map(str, paths), "--json"] + (["--as-stored"] if as_stored else [])
    try:
        run = subprocess.run(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, universal_newlines=True, check=False)
    except OSError as error:
        raise Error(f"{binary}: cannot be run: {first_line(error)}") from error
    if run.returncode != 0:
        raise _failure(binary, run, paths)
    try:
        found = json.loads(run.stdout)
        results = found["results"] if len(paths) > 1 else [found]
        answer = [{split["split"]: split["loss"] for split in result["splits"]} for result in results]
    except (ValueError, KeyError, TypeError) as error:
        raise Error(f"{binary}: does not answer as basin does; name the right command in BASIN, or give check=False") from error
    if len(answer) != len(paths):
        raise Error(f"{binary}: answers for {len(answer)} of {len(paths)} checkpoints; name the right command in BASIN, or give check=False")
    return answer


def _each(binary: str, files: Sequence["Pending"], as_stored: bool) -> List[Union[Losses, Error]]:
    """All at once; where one of them fails, each for itself, so that the others are not lost with it."""
    try:
        return list(losses(binary, [file.part for file in files], as_stored))
    except Error as error:
        if len(files) == 1:
            return [error]
    return [_each(binary, [file], as_stored)[0] for file in files]


def _difference(file: "Pending", found: Union[Losses, Error]) -> Optional[Error]:
    if isinstance(found, Error):
        return found
    for split, value in file.expected.items():
        ours = found.get(split)
        if ours is None or not abs(ours - value) <= TOLERANCE * max(abs(value), 1e-12):
            return Error(f"{file.path}: {split} loss is {value:.9g} by torch but {'nothing' if ours is None else format(ours, '.9g')} by basin; "
                         "nothing written. Please report this with the model")
    return None


def differences(files: Sequence["Pending"]) -> List[Optional[Error]]:
    """Of each file, why basin does not compute from it what torch computed; None throughout without the command."""
    try:
        binary = find()
    except Error as error:
        return [error if file.expected else None for file in files]
    wrong: List[Optional[Error]] = [None] * len(files)
    for as_stored in (False, True) if binary is not None else ():
        places = [i for i, file in enumerate(files) if file.expected and file.as_stored == as_stored]
        if places:
            for i, found in zip(places, _each(binary, [files[i] for i in places], as_stored)):
                wrong[i] = _difference(files[i], found)
    return wrong


def tell(notes: Iterable[str], path: Any) -> None:
    """What was left out, as Python warnings."""
    for note in notes:
        warnings.warn(f"{path}: {note}", stacklevel=3)

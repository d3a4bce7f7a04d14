"""The one line of a training loop: a run as a folder of checkpoints, begun anew or gone on with after a stop."""
from __future__ import annotations

import time
from pathlib import Path
from typing import Any, List, Mapping, Optional, Set, Tuple, Union

import h5py
import numpy as np
from torch import nn

from . import command
from .checkpoint import Tensors, Writer, as_array, training_of
from .error import Error
from .optim import evaluations, steps_of
from .run import Claim, Kept, kept_in, new_identity, told


class Recorder:
    """A run as a folder of checkpoints with one data file, from one line in the training loop:

        recorder = basin.Recorder("runs/sgd_0", model, optimizer=optimizer, loss="cross_entropy", train=(x, y), every=100)
        for …:
            …
            optimizer.step()
            recorder.step(epoch=epoch)

    Steps, gradient evaluations (two a step for SAM, else one; or as given) and seconds of training (without those of saving) are
    counted. The state before the first step is saved as step 0; it and the next one are compared with the basin command. With MSAM say
    perturbed=True: between steps its weights are.

    A folder that holds checkpoints is refused. resume=True goes on with what they are of: make the Recorder after model and optimizer have
    their old state again; it continues at the last checkpoint that has the model's weights, else at the optimizer's own count of steps.
    resume=N says that they are at step N. A folder without checkpoints is begun anew, so that one script does for both. Checkpoints of later
    steps, which the training that goes on will make again, are moved into a folder beside, and nothing is overwritten.
    """

    def __init__(self, run_dir: Any, model: nn.Module, *, loss: Any, optimizer: Any = None, train: Any = None, test: Any = None, dataset: Any = None,
                 method: Optional[str] = None, hyperparameters: Optional[Mapping[str, float]] = None, perturbed: Optional[bool] = None,
                 example_input: Any = None, every: int = 1, gradient_evaluations: Optional[int] = None, resume: Union[bool, int] = False,
                 check: bool = True):
        if every < 1:
            raise Error(f"every={every}: expected at least 1")
        self.folder, self.every = Path(run_dir), every
        self.claim = Claim(self.folder)
        there = kept_in(self.folder)
        if there and resume is False:
            raise Error(f"{self.folder}: holds {told(there)}: resume=True goes on with it, once model and optimizer have its state again; or choose "
                        "another folder")
        self.writer = Writer(model, loss=loss, train=train, test=test, dataset=dataset, example_input=example_input, check=check)
        self.optimizer, self.method, self.perturbed = optimizer, method, perturbed
        self.hyperparameters = dict(hyperparameters or {})
        self.steps, self.seconds, self.spent = 0, 0.0, 0  # gradient evaluations
        self.epoch: Optional[float] = None
        self.run: Optional[str] = new_identity()
        self.own: Set[Path] = set()  # files of this training
        state = self.writer.live_state()
        training = training_of(self.writer, state, optimizer, perturbed, method, self.hyperparameters.get("undo"))
        self.evaluations = gradient_evaluations if gradient_evaluations is not None else evaluations(training.method)
        command.tell(training.notes, self.folder)
        if there:
            self._resume(there, state, None if resume is True else int(resume))
        if self._path() not in self.own:
            self.save()
        self.last = time.perf_counter()

    def step(self, epoch: Optional[float] = None) -> Optional[Path]:
        """Count one optimizer step; save if it is time. The checkpoint's path, or None."""
        self.seconds += time.perf_counter() - self.last
        self.steps += 1
        self.spent += self.evaluations
        self.epoch = epoch
        path = self.save() if self.steps % self.every == 0 else None
        self.last = time.perf_counter()
        return path

    def save(self) -> Path:
        """Save now, whatever the step."""
        state, path = self.writer.live_state(), self._path()
        training = training_of(self.writer, state, self.optimizer, self.perturbed, self.method, self.hyperparameters.get("undo"))
        numbers = {"gradient_evaluations": self.spent, "seconds": self.seconds, **self.hyperparameters}
        self.writer.write(path, state, training, epoch=self.epoch, step=self.steps, numbers=numbers, run=self.run, anew=path not in self.own)
        self.own.add(path)
        if self.steps > 0:
            self.writer.check = False  # once with a momentum is enough: the graph stays the same
        return path

    def _path(self) -> Path:
        return self.folder / f"step_{self.steps:06d}.h5"

    # ------------------------------------------------------------------------------------------ going on --

    def _resume(self, there: List[Kept], state: Tensors, said: Optional[int]) -> None:
        at = self._agreeing(there, state) if said is None else None
        run, step, why = self._place(there, at, said)
        mine = [k for k in there if k.run == run and k.step is not None]
        before = max((k for k in mine if k.step <= step), key=lambda k: k.step, default=None)
        if at is None and before is not None and before.step == step and not self._same(before.path, state):
            raise Error(f"{self.folder}: resume: {before.path.name} is step {step} and holds other weights than the model: load those into the "
                        "model, or choose another folder")
        self.run, self.steps = run, step
        if before is not None:
            self.epoch, self.seconds = before.epoch, before.seconds or 0.0
            self.spent = (before.gradient_evaluations or 0) + (step - before.step) * self.evaluations
        later = [k for k in mine if k.step > step]
        self.own = {k.path for k in mine if k.step <= step}
        notes = [f"goes on with {f'training {run}' if run else 'a training without identity'} at step {step}: {why}"]
        if later:
            notes.append(f"{', '.join(k.path.name for k in later)} {'is' if len(later) == 1 else 'are'} moved to {self._set_aside(later)}: "
                         "steps that will be made again")
        command.tell(notes, self.folder)

    def _agreeing(self, there: List[Kept], state: Tensors) -> Optional[Kept]:
        """The last checkpoint with the model's weights."""
        return next((k for k in reversed(there) if k.step is not None and self._same(k.path, state)), None)

    def _same(self, path: Path, state: Tensors) -> bool:
        try:
            with h5py.File(path, "r") as f:
                held = f["parameters"]
                return all(name in held and np.array_equal(held[name][()], as_array(state[name])) for name in self.writer.shapes)
        except OSError:  # one that its writer did not finish
            return False

    def _place(self, there: List[Kept], at: Optional[Kept], said: Optional[int]) -> Tuple[Optional[str], int, str]:
        """Identity and step to go on from, and why."""
        if at is not None:
            return at.run, at.step, f"{at.path.name} has the model's weights"
        trainings = list(dict.fromkeys(k.run for k in there))
        count = steps_of(self.optimizer) if said is None else said
        if count is None or len(trainings) > 1:
            what = "say resume=N, the step that they are at, or choose" if len(trainings) == 1 else "choose"
            raise Error(f"{self.folder}: resume=True: it holds {told(there)}, and none has the model's weights"
                        + ("; the optimizer does not count its steps" if count is None else "")
                        + f": load the state of one into model and optimizer, {what} another folder")
        return trainings[0], count, "as the optimizer counts" if said is None else "as said"

    def _set_aside(self, later: List[Kept]) -> Path:
        number = 1
        while (self.folder / f"set_aside_{number}").exists():
            number += 1
        folder = self.folder / f"set_aside_{number}"
        folder.mkdir()
        for k in later:
            k.path.rename(folder / k.path.name)
        return folder

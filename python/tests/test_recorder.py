"""A folder is one training: what a Recorder finds there, how it goes on after a stop, and that nothing is lost or doubled by one."""
import os
import random
import subprocess
import sys
import time
import warnings

import h5py
import numpy as np
import torch

from support import SAM, Saving, basin, make_net, momenta, needs_basin, train

LONG = bool(os.environ.get("BASIN_LONG"))

# A training script as people have them: it keeps its own state, and takes it up again where there is one
SCRIPT = """
import os, sys
import torch
sys.path.insert(0, {tests!r})
from support import basin, make_net, problem, train
import warnings; warnings.simplefilter("ignore")
folder, kind, steps = sys.argv[1], sys.argv[2], int(sys.argv[3])
torch.manual_seed(0)
(x, y), net = problem(), make_net()
optimizer = torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9) if kind == "sgd" else torch.optim.AdamW(net.parameters(), lr=0.01)
state, done = os.path.join(folder, "state.pt"), 0
if os.path.exists(state):
    kept = torch.load(state)
    net.load_state_dict(kept["net"]); optimizer.load_state_dict(kept["optimizer"]); done = kept["step"]
recorder = basin.Recorder(os.path.join(folder, "run"), net, loss="cross_entropy", optimizer=optimizer, train=(x, y), every=3, resume=True, check=False,
                          hyperparameters={{"seed": 0}})
assert recorder.steps == done, (recorder.steps, done)
print("goes", flush=True)
for step in range(done, steps):
    train(net, optimizer, x, y, 1)
    saved = recorder.step(epoch=step // 10)
    if saved is not None:
        torch.save({{"net": net.state_dict(), "optimizer": optimizer.state_dict(), "step": step + 1}}, state + ".part")
        os.replace(state + ".part", state)
print(recorder.run, flush=True)
"""


def names(folder):
    return sorted(path.name for path in folder.iterdir() if path.name.startswith("step_"))


class Going(Saving):
    def setUp(self):
        super().setUp()
        self.run_dir = self.folder / "run"
        self.optimizer = self.make()

    def make(self, kind=torch.optim.SGD, **options):
        return kind(self.net.parameters(), **({"lr": 0.1, "momentum": 0.9} if kind is torch.optim.SGD else {"lr": 0.01}), **options)

    def recorder(self, **options):
        options = {"loss": "cross_entropy", "optimizer": self.optimizer, "train": (self.x, self.y), "every": 2, "check": False, **options}
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            made = basin.Recorder(self.run_dir, self.net, **options)
        self.said = " | ".join(str(warning.message) for warning in said)
        return made

    def go(self, recorder, steps):
        for _ in range(steps):
            train(self.net, self.optimizer, self.x, self.y, 1)
            recorder.step(epoch=1.5)

    def run_of(self, name):
        return self.training(self.run_dir / name)["run"]

    def content(self):
        return {path.name: path.read_bytes() for path in self.run_dir.glob("step_*")}

    def load(self, name):
        """Model and optimizer as they were, as a script that keeps its state has them."""
        self.net, self.x = make_net(9), self.x
        self.optimizer = self.make()
        weights, velocity = self.stored(self.run_dir / name, "parameters"), self.stored(self.run_dir / name, "optimizer/momentum")
        with torch.no_grad():
            for key, p in self.net.named_parameters():
                p.copy_(torch.from_numpy(weights[key]))
                if velocity:
                    self.optimizer.state[p]["momentum_buffer"] = torch.from_numpy(velocity[key]).clone()


class Refusing(Going):
    def test_a_folder_that_holds_a_training(self):
        recorder = self.recorder()
        self.go(recorder, 4)
        before = self.content()
        with self.fails(f"holds 3 checkpoints of training {recorder.run} (step_000000.h5 to step_000004.h5)",
                        "resume=True goes on with it, once model and optimizer have its state again; or choose another folder"):
            self.recorder()
        self.assertEqual(self.content(), before)

    def test_several_trainings_are_all_named(self):
        first = self.recorder()
        basin.save_checkpoint(self.run_dir / "other.h5", make_net(4), loss="cross_entropy", train=(self.x, self.y), run="other")
        with self.fails(f"of training {first.run} (step_000000.h5)", "1 checkpoint of training other (other.h5)"):
            self.recorder()

    def test_checkpoints_without_identity(self):
        self.recorder()
        with h5py.File(self.run_dir / "step_000000.h5", "a") as f:
            del f["training"].attrs["run"]
        with self.fails("holds 1 checkpoint of a training without identity (step_000000.h5)"):
            self.recorder()

    def test_a_file_that_came_in_between_is_not_overwritten(self):
        recorder = self.recorder()
        foreign = self.run_dir / "step_000002.h5"
        foreign.write_bytes(b"of somebody else")
        with self.fails("step_000002.h5: is there already, and not of this training: it is not overwritten"):
            self.go(recorder, 2)
        self.assertEqual(foreign.read_bytes(), b"of somebody else")
        self.assertEqual([path.name for path in self.run_dir.glob(".*.part")], [])

    def test_two_processes_at_once(self):
        recorder = self.recorder()
        script = (f"import sys; sys.path[:0] = {sys.path!r}\nfrom pathlib import Path\nfrom basin.run import Claim\n"
                  f"try:\n    Claim(Path({str(self.run_dir)!r}))\nexcept Exception as error:\n    print(error)\n")
        other = subprocess.run([sys.executable, "-c", script], stdout=subprocess.PIPE, universal_newlines=True, check=True)
        self.assertIn("another process is writing a run into it; wait, or choose another folder", other.stdout)
        recorder.claim.release()
        other = subprocess.run([sys.executable, "-c", script], stdout=subprocess.PIPE, universal_newlines=True, check=True)
        self.assertEqual(other.stdout, "")

    def test_what_a_killed_writer_left(self):
        self.run_dir.mkdir()
        dead = subprocess.Popen([sys.executable, "-c", ""])
        dead.wait()
        left, mine, kept = (self.run_dir / f".step_000000.h5.{of}.part" for of in (dead.pid, os.getpid(), "x"))
        for path in (left, mine, kept):
            path.write_bytes(b"")
        self.recorder()
        self.assertEqual([path.exists() for path in (left, mine, kept)], [False, False, True])


class Identities(Going):
    def test_one_in_all_checkpoints_of_a_training(self):
        recorder = self.recorder()
        self.go(recorder, 4)
        self.assertEqual({self.run_of(name) for name in names(self.run_dir)}, {recorder.run})
        self.assertRegex(recorder.run, r"^\d{8}T\d{6}\.\d{3}Z-[0-9a-f]{12}$")
        self.run_dir = self.folder / "second"
        self.assertNotEqual(self.recorder().run, recorder.run)

    def test_of_single_checkpoints(self):
        """One optimizer does one training; without one it is the model's."""
        runs = [self.training(self.save(optimizer=optimizer))["run"] for optimizer in (self.optimizer, self.optimizer, self.make(), None, None)]
        self.assertEqual(runs[0], runs[1])
        self.assertEqual(runs[3], runs[4])
        self.assertEqual(len(set(runs)), 3)
        self.assertEqual(self.training(self.save(run="mine"))["run"], "mine")
        for run in ("", "x" * 65, "a\nb"):
            with self.fails("run: an identity of"):
                self.save(run=run or "\n")

    @needs_basin
    def test_the_command_takes_the_folder_as_one_run(self):
        recorder = self.recorder()
        self.go(recorder, 4)
        self.assertEqual(self.basin("info", self.run_dir / "step_000004.h5", "--json")["run"], recorder.run)
        self.assertEqual([row["step"] for row in self.basin("track", self.run_dir, "--json")["rows"]], [0, 2, 4])
        for path in self.run_dir.glob("step_*"):
            path.rename(self.run_dir / ("first_" + path.name))
        second = basin.Recorder(self.folder / "b", self.net, loss="cross_entropy", optimizer=self.optimizer, train=(self.x, self.y), check=False)
        (self.folder / "b" / "step_000000.h5").rename(self.run_dir / "second.h5")
        said = self.basin("track", self.run_dir, fails=True)
        self.assertIn(f"holds 2 trainings: {recorder.run} (3 checkpoints: first_step_000000.h5", said)
        self.assertIn(f"{second.run} (1 checkpoint: second.h5)", said)
        self.assertEqual(len(self.basin("track", self.run_dir, "--run", recorder.run, "--json")["rows"]), 3)


class Resuming(Going):
    def test_a_folder_without_checkpoints_is_begun(self):
        self.go(self.recorder(resume=True), 2)
        self.assertEqual(names(self.run_dir), ["step_000000.h5", "step_000002.h5"])

    def test_by_the_weights(self):
        first = self.recorder(method="sgd", hyperparameters={"seed": 3})
        self.go(first, 4)
        run, seconds, before = first.run, self.training(self.run_dir / "step_000004.h5")["seconds"], self.content()
        first.claim.release()
        self.load("step_000004.h5")
        again = self.recorder(resume=True, hyperparameters={"seed": 3})
        self.assertIn(f"goes on with training {run} at step 4: step_000004.h5 has the model's weights", self.said)
        self.assertEqual(self.content(), before)
        self.go(again, 4)
        self.assertEqual(names(self.run_dir), [f"step_{s:06d}.h5" for s in (0, 2, 4, 6, 8)])
        found = self.training(self.run_dir / "step_000008.h5")
        self.assertEqual((found["run"], found["gradient_evaluations"], found["epoch"]), (run, 8, 1.5))
        self.assertGreater(found["seconds"], seconds)

    def test_it_is_the_training_that_was_never_stopped(self):
        whole = self.recorder()
        self.go(whole, 8)
        expected = self.stored(self.run_dir / "step_000008.h5", "parameters")
        self.run_dir, self.net = self.folder / "stopped", make_net()
        self.optimizer = self.make()
        self.go(self.recorder(), 4)
        self.load("step_000004.h5")
        self.go(self.recorder(resume=True), 4)
        found = self.stored(self.run_dir / "step_000008.h5", "parameters")
        for name, value in expected.items():
            np.testing.assert_array_equal(found[name], value)

    def test_later_checkpoints_are_moved_and_made_again(self):
        self.go(self.recorder(), 8)
        before = self.content()
        self.load("step_000004.h5")
        again = self.recorder(resume=True)
        self.assertIn("step_000006.h5, step_000008.h5 are moved to", self.said)
        self.assertEqual(names(self.run_dir), ["step_000000.h5", "step_000002.h5", "step_000004.h5"])
        aside = self.run_dir / "set_aside_1"
        self.assertEqual({path.name: path.read_bytes() for path in aside.iterdir()}, {name: before[name] for name in ("step_000006.h5", "step_000008.h5")})
        self.go(again, 2)
        self.load("step_000002.h5")
        self.recorder(resume=True)
        self.assertEqual(names(self.run_dir / "set_aside_2"), ["step_000004.h5", "step_000006.h5"])

    def test_by_the_optimizers_own_count(self):
        self.optimizer = self.make(torch.optim.Adam)
        first = self.recorder()
        self.go(first, 4)
        train(self.net, self.optimizer, self.x, self.y, 1)  # step 5, of which nothing is saved
        again = self.recorder(resume=True)
        self.assertIn(f"goes on with training {first.run} at step 5: as the optimizer counts", self.said)
        self.go(again, 1)
        self.assertEqual(names(self.run_dir), [f"step_{s:06d}.h5" for s in (0, 2, 4, 5, 6)])
        self.assertEqual(self.training(self.run_dir / "step_000006.h5")["gradient_evaluations"], 6)

    def test_as_the_caller_says(self):
        first = self.recorder()
        self.go(first, 4)
        train(self.net, self.optimizer, self.x, self.y, 3)
        again = self.recorder(resume=7)
        self.assertIn(f"goes on with training {first.run} at step 7: as said", self.said)
        self.assertEqual(again.steps, 7)
        self.net = make_net(8)
        self.optimizer = self.make()
        with self.fails("step_000004.h5 is step 4 and holds other weights than the model"):
            self.recorder(resume=4)

    def test_a_model_that_is_none_of_them(self):
        self.go(self.recorder(), 4)
        before = self.content()
        self.net = make_net(8)
        self.optimizer = self.make()
        with self.fails("and none has the model's weights; the optimizer does not count its steps", "resume=N, the step that they are at", "another folder"):
            self.recorder(resume=True)
        self.assertEqual(self.content(), before)

    def test_of_several_trainings_the_one_with_the_models_weights(self):
        first = self.recorder()
        self.go(first, 2)
        other = make_net(4)
        basin.save_checkpoint(self.run_dir / "other.h5", other, loss="cross_entropy", train=(self.x, self.y), run="other", step=9)
        self.load("step_000002.h5")
        self.assertEqual(self.recorder(resume=True).run, first.run)
        self.optimizer, self.net = self.make(torch.optim.Adam), make_net(8)
        self.optimizer = self.make(torch.optim.Adam)
        train(self.net, self.optimizer, self.x, self.y, 2)
        with self.fails("and 1 checkpoint of training other (other.h5), and none has the model's weights"):
            self.recorder(resume=True)

    def test_a_training_without_identity_stays_one_run(self):
        self.go(self.recorder(), 2)
        for name in names(self.run_dir):
            with h5py.File(self.run_dir / name, "a") as f:
                del f["training"].attrs["run"]
        self.load("step_000002.h5")
        self.go(self.recorder(resume=True), 2)
        self.assertIn("goes on with a training without identity at step 2", self.said)
        self.assertNotIn("run", self.training(self.run_dir / "step_000004.h5"))

    def test_sam(self):
        self.optimizer = SAM(self.net.parameters(), torch.optim.SGD, rho=0.02, lr=0.1, momentum=0.9)
        self.go(self.recorder(), 4)
        again = self.recorder(resume=True)
        self.go(again, 2)
        self.assertEqual(self.training(self.run_dir / "step_000006.h5")["gradient_evaluations"], 12)


class Killing(Saving):
    """Killed at any moment and gone on with, ten times: one run, in order, nothing lost, nothing doubled."""

    TIMES, STEPS = (10, 300) if LONG else (3, 60)

    def start(self, kind, steps):
        script = self.folder / "script.py"
        script.write_text(SCRIPT.format(tests=os.path.dirname(os.path.abspath(__file__))))
        return subprocess.Popen([sys.executable, str(script), str(self.folder), kind, str(steps)], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                universal_newlines=True)

    def kill_at_random(self, kind, chance):
        """Mostly once it has begun. One that is done by then, or was killed before it saved anything, is a moment too."""
        process = self.start(kind, self.STEPS)
        if chance.random() < 0.7:
            line = process.stdout.readline()
            self.assertEqual(line, "goes\n", process.stderr.read() if line == "" else "")
            time.sleep(chance.uniform(0.0, 0.004 * self.STEPS))
        else:
            time.sleep(chance.uniform(0.5, 4.0))
        process.kill()
        process.communicate()

    def run_is_whole(self, kind):
        process = self.start(kind, self.STEPS)
        out, err = process.communicate()
        self.assertEqual(process.returncode, 0, err)
        identity = out.split()[-1]
        run = self.folder / "run"
        self.assertEqual(names(run), [f"step_{step:06d}.h5" for step in range(0, self.STEPS + 1, 3)])
        evaluations = []
        for name in names(run):
            found = self.training(run / name)
            self.assertEqual((found["run"], found["step"]), (identity, int(name[5:11])))
            evaluations.append(found["gradient_evaluations"])
        self.assertEqual(evaluations, list(range(0, self.STEPS + 1, 3)))
        self.assertEqual([path.name for path in run.glob(".*.part")], [])
        return self.stored(run / f"step_{self.STEPS:06d}.h5", "parameters")

    def test_killed_and_gone_on_with(self):
        chance = random.Random(3)
        for kind in ("sgd", "adamw"):
            self.setUp()
            whole = self.run_is_whole(kind)
            self.setUp()
            for _ in range(self.TIMES):
                self.kill_at_random(kind, chance)
            found = self.run_is_whole(kind)
            for name, value in whole.items():  # the very training that nobody killed
                np.testing.assert_array_equal(found[name], value)
            if basin.command.find() is not None:
                self.assertEqual([row["step"] for row in self.basin("track", self.folder / "run", "--every", self.STEPS, "--json")["rows"]], [0, self.STEPS])


del Going  # has no tests of its own

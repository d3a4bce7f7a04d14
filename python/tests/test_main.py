"""python -m basin convert, as typed."""
import contextlib
import io
import os
import subprocess
import sys
from pathlib import Path

from support import Converting, momenta, train, two_groups


MODULE = '''
import torch
from torch import nn
from support import make_net, problem, two_groups

train_set = problem()
def test_set():
    return problem(seed=1)
def broken():
    raise ValueError("this goes wrong")
'''


class Command(Converting):
    def run_command(self, *arguments):
        (self.folder / "mine.py").write_text(MODULE)
        here = Path(__file__).resolve().parent
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(here.parent), str(here)])}
        return subprocess.run([sys.executable, "-m", "basin", "convert", *map(str, arguments)], cwd=self.folder, env=environment,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, universal_newlines=True)

    def call(self, *arguments):
        """The same within this process: exit status, standard output and error."""
        from basin.__main__ import main
        (self.folder / "mine.py").write_text(MODULE)
        sys.path.insert(0, str(self.folder))
        self.addCleanup(sys.path.remove, str(self.folder))
        self.addCleanup(sys.modules.pop, "mine", None)
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            status = main(["convert", *map(str, arguments)])
        return status, out.getvalue(), err.getvalue()

    def test_a_folder(self):
        optimizer = two_groups(self.net)
        train(self.net, optimizer, self.x, self.y, 2)
        self.save("seed_3/a.pt", {"model": self.net.state_dict(), "optimizer": optimizer.state_dict(), "epoch": 1})
        self.save("seed_3/b.pt", [1])
        run = self.run_command("--model", self.folder / "mine.py:make_net", "--loss", "cross_entropy", "--train", "mine:train_set", "--test", "mine:test_set",
                               "--order", "mine:two_groups", "--seed", r"seed_(\d+)", "--batch-size", 0, "--method", "gd",
                               "--out", "out", "runs/**/*.pt")
        self.assertEqual(run.returncode, 1)
        self.assertIn("runs/seed_3/a.pt -> out/seed_3/a.h5, gd, step 1, momentum", run.stdout)
        self.assertEqual(len(run.stderr.splitlines()), 1)
        self.assertTrue(run.stderr.startswith("basin: runs/seed_3/b.pt: no state dict of a model under model_state_dict, "))
        path = self.folder / "out/seed_3/a.h5"
        self.same(path, "optimizer/momentum", momenta(self.net, optimizer))
        self.assertEqual((self.training(path)["seed"], self.training(path)["batch_size"]), (3, 0))

    def test_mistakes(self):
        self.save("a.pt", self.net.state_dict())
        good = ["--loss", "mse", "--out", "out", "runs/a.pt"]
        for model, words in (("mine", "--model mine: expected package.module:name or file.py:name"), ("mine:nothing", "--model mine:nothing: AttributeError"),
                             ("mine:broken", "--model mine:broken(): ValueError: this goes wrong"), ("absent:x", "ModuleNotFoundError")):
            status, out, err = self.call("--model", model, *good)
            self.assertEqual((status, out), (1, ""))
            self.assertEqual(len(err.splitlines()), 1)
            self.assertIn("basin: " + words if words.startswith("--") else words, err)
        (self.folder / "random.py").write_text(MODULE)
        status, _, err = self.call("--model", f"{self.folder}/random.py:make_net", *good)
        self.assertIn("random.py:make_net: ImportError: a module of the name random is there already", err)
        with self.assertRaises(SystemExit) as stop:
            self.call("--nonsense")
        self.assertEqual(stop.exception.code, 2)

"""python -m basin convert, as typed."""
import contextlib
import io
import os
import subprocess
import sys
from pathlib import Path

from support import Converting, momenta, train, two_groups


MODULE = '''
import functools
import torch
from torch import nn
from support import make_net, problem, two_groups

train_set = problem()
def test_set():
    return problem(seed=1)
masked = functools.partial(torch.nn.functional.cross_entropy, ignore_index=1)
def own_loss(output, targets):
    return ((output - targets) ** 2).mean()
def nothing():
    return None
class Net(nn.Sequential):
    """What a script that is run saves whole names it __main__.Net."""
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
        for model, words in (("mine", "--model mine: expected package.module:name or file.py:name"), ("mine:absent", "--model mine:absent: AttributeError"),
                             ("mine:nothing", "--model mine:nothing: expected a torch.nn.Module, or a function that makes one, got NoneType"),
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

    def test_losses(self):
        self.save("a.pt", self.net.state_dict())
        rest = ["--model", "mine:make_net", "--train", "mine:train_set", "--out", self.folder / "out", "--method", "sgd",
                self.runs / "a.pt"]
        for loss in ("cross_entropy:ignore_index=1", "mine:masked", "torch.nn:CrossEntropyLoss", "torch.nn.functional:cross_entropy"):
            self.assertEqual(self.call("--loss", loss, *rest)[0], 0, loss)
        status, _, err = self.call("--loss", "mine:own_loss", *rest)
        self.assertEqual((status, len(err.splitlines())), (1, 1))
        self.assertIn("basin: --loss mine:own_loss: only torch's own losses: give a torch loss object", err)

    def test_messages_name_options(self):
        optimizer = two_groups(self.net)
        train(self.net, optimizer, self.x, self.y, 1)
        for name in ("a", "b"):
            self.save(f"{name}.pt", {"model": self.net.state_dict(), "optimizer": optimizer.state_dict()})
        self.save("c/c.pt", self.net.state_dict())
        self.save("d.pt", {"strange": self.net.state_dict()})
        status, out, err = self.call("--model", "mine:make_net", "--loss", "cross_entropy", "--train", "mine:train_set",
                                     "--out", self.folder / "out", self.runs / "*.pt", self.runs / "c/*.pt")
        self.assertEqual(status, 1)
        self.assertEqual(out.count("give --order MOD:NAME (names, or"), 1)
        self.assertIn("give --method NAME (sgd, adam, …), or --perturbed no if it was not MSAM", out)
        self.assertIn("give --model-key KEY", err)

    def test_a_whole_module_of_a_script(self):
        self.call("--model", "mine:make_net", "--loss", "mse", "--out", self.folder / "out", "none.pt")  # makes and imports mine
        kind = sys.modules["mine"].Net
        main = sys.modules["__main__"]
        kind.__module__, main.Net = "__main__", kind
        path = self.save("a.pt", kind(*self.net))
        del main.Net
        arguments = ["--loss", "cross_entropy", "--train", "mine:train_set", "--out", self.folder / "out", "--method", "sgd", path]
        self.assertIn("--trust loads it with pickle", self.call("--model", "mine:make_net", *arguments)[2])
        status, out, err = self.call("--trust", "--model", "mine:make_net", *arguments)
        self.assertEqual((status, err), (0, ""))
        self.same(self.folder / "out/a.h5", "parameters", dict(self.net.named_parameters()))
        self.assertIs(sys.modules["__main__"], main)
        err = self.call("--trust", "--model", "support:make_net", *arguments)[2]
        self.assertIn("its pickle needs a class that is not here", err)
        self.assertIn("save model.state_dict()", err)

    def test_interrupted(self):
        import basin.checkpoint
        put, calls = basin.checkpoint.put, []

        def stop(*arguments):
            calls.append(1)
            if len(calls) == 3:
                raise KeyboardInterrupt
            put(*arguments)

        path, basin.checkpoint.put = self.save("a.pt", self.net.state_dict()), stop
        try:
            status, out, err = self.call("--model", "mine:make_net", "--loss", "cross_entropy", "--train", "mine:train_set",
                                         "--out", self.folder / "out", path)
        finally:
            basin.checkpoint.put = put
        self.assertEqual((status, out, err), (130, "", "basin: interrupted\n"))
        self.assertEqual([p.name for p in (self.folder / "out").iterdir() if not p.name.startswith("data-")], [])

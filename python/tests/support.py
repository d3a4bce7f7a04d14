"""Optimizers as people have them, written here after their papers, and small problems."""
import json
import os
import subprocess
import sys
import tempfile
import unittest
import warnings
from pathlib import Path

import h5py
import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import basin  # noqa: E402
from basin import command  # noqa: E402

torch.set_num_threads(1)
BINARY = command.find()


class SAM(torch.optim.Optimizer):
    """The wrapper in wide use, github.com/davda54/sam: its own state holds the old weights, the base optimizer's the momentum."""

    def __init__(self, params, base_optimizer, rho=0.05, adaptive=False, **kwargs):
        super().__init__(params, dict(rho=rho, adaptive=adaptive, **kwargs))
        self.base_optimizer = base_optimizer(self.param_groups, **kwargs)
        self.param_groups = self.base_optimizer.param_groups
        self.defaults.update(self.base_optimizer.defaults)

    @torch.no_grad()
    def first_step(self):
        norm = torch.stack([((p.abs() if g["adaptive"] else 1.0) * p.grad).norm() for g in self.param_groups for p in g["params"]]).norm()
        for group in self.param_groups:
            scale = group["rho"] / (norm + 1e-12)
            for p in group["params"]:
                self.state[p]["old_p"] = p.data.clone()
                p.add_((p ** 2 if group["adaptive"] else 1.0) * p.grad * scale)
        self.zero_grad()

    @torch.no_grad()
    def second_step(self):
        for group in self.param_groups:
            for p in group["params"]:
                p.data = self.state[p]["old_p"]
        self.base_optimizer.step()
        self.zero_grad()


class MSAM(torch.optim.Optimizer):
    """arXiv:2401.12033, algorithm 1, with the options and state that its authors' optimizer has: between steps p = θ − ρ v/‖v‖."""

    def __init__(self, params, lr=0.1, momentum=0.9, weight_decay=0.0, rho=0.3):
        super().__init__(params, dict(lr=lr, momentum=momentum, weight_decay=weight_decay, nesterov=False, rho=rho))
        for group in self.param_groups:
            group["inverse_norm_buffer"] = 0
            for p in group["params"]:
                self.state[p]["momentum_buffer"] = torch.zeros_like(p)

    def _shift(self, sign):
        for group in self.param_groups:
            for p in group["params"]:
                p.add_(self.state[p]["momentum_buffer"], alpha=sign * group["rho"] * float(group["inverse_norm_buffer"]))

    @torch.no_grad()
    def step(self):
        group, = self.param_groups
        gradients = [p.grad + group["weight_decay"] * p for p in group["params"]]
        self._shift(+1)
        buffers = [self.state[p]["momentum_buffer"] for p in group["params"]]
        for p, g, v in zip(group["params"], gradients, buffers):
            v.mul_(group["momentum"]).add_(g)
            p.sub_(v, alpha=group["lr"])
        group["inverse_norm_buffer"] = 1 / (torch.stack([v.norm() for v in buffers]).norm() + 1e-12)
        self._shift(-1)

    @torch.no_grad()
    def move_back(self):
        """To θ, for saving; like the authors' it leaves inverse_norm_buffer as it is."""
        self._shift(+1)

    @torch.no_grad()
    def move_forth(self):
        """Back to training."""
        self._shift(-1)


def problem(n=60, features=6, classes=3, seed=0):
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(n, features, generator=generator)
    return x, torch.randint(0, classes, (n,), generator=generator)


def make_net(seed=1, width=5, norm=False):
    """Two hidden layers of equal shape: mixed up, their momenta would fit each other's places."""
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(6, width), nn.Tanh(), nn.Linear(width, width), nn.GELU(), nn.Linear(width, 3))


def gradients(model, x, y, loss=F.cross_entropy):
    model.zero_grad()
    value = loss(model(x), y)
    value.backward()
    return value


def train(model, optimizer, x, y, steps=5):
    for _ in range(steps):
        gradients(model, x, y)
        if isinstance(optimizer, SAM):
            optimizer.first_step()
            gradients(model, x, y)
            optimizer.second_step()
        else:
            optimizer.step()


def two_groups(model, **options):
    """The usual split: matrices with weight decay, vectors without."""
    return torch.optim.SGD([{"params": [p for p in model.parameters() if p.dim() > 1], "weight_decay": 1e-2},
                            {"params": [p for p in model.parameters() if p.dim() == 1], "weight_decay": 0.0}], lr=0.1, momentum=0.9, **options)


class Case(unittest.TestCase):
    """A test with a folder of its own."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def fails(self, *words):
        """The block raises basin.Error, one line with every word in it."""
        test = self

        class Context:
            def __enter__(self):
                return self

            def __exit__(self, kind, error, _):
                test.assertIsNotNone(kind, "nothing was raised")
                if not issubclass(kind, basin.Error):
                    return False
                test.assertNotIn("\n", str(error))
                for word in words:
                    test.assertIn(word, str(error))
                return True

        return Context()

    def close(self, found, expected, tolerance=1e-9):
        found, expected = np.asarray(found, float), np.asarray(expected, float)
        self.assertEqual(found.shape, expected.shape)
        error = np.linalg.norm(found - expected)
        self.assertTrue(error <= tolerance * max(np.linalg.norm(expected), 1e-300), f"{found} against {expected}: error {error:g}")

    def basin(self, *arguments, fails=False):
        """Run the command; its JSON."""
        run = subprocess.run([BINARY, *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, universal_newlines=True)
        self.assertEqual(run.returncode != 0, fails, run.stderr)
        return run.stderr if fails else json.loads(run.stdout)

    def stored(self, path, group):
        """Every array below a group, by its name."""
        found = {}
        with h5py.File(path, "r") as f:
            if group in f:
                f[group].visititems(lambda name, item: found.update({name: item[()]}) if isinstance(item, h5py.Dataset) else None)
        return found

    def training(self, path):
        with h5py.File(path, "r") as f:
            return dict(f["training"].attrs)

    def same(self, path, group, tensors):
        """The group holds exactly these tensors, bit by bit."""
        found = self.stored(path, group)
        self.assertEqual(sorted(found), sorted(tensors))
        for name, tensor in tensors.items():
            np.testing.assert_array_equal(found[name], tensor.detach().numpy(), err_msg=name)


class Saving(Case):
    def setUp(self):
        super().setUp()
        self.x, self.y = problem()
        self.net = make_net()

    def save(self, model=None, name="a.h5", **options):
        options = {"loss": "cross_entropy", "train": (self.x, self.y), **options}
        return basin.save_checkpoint(self.folder / name, model if model is not None else self.net, **options)


class Converting(Case):
    def setUp(self):
        super().setUp()
        self.x, self.y = problem()
        self.net = make_net()
        self.runs = self.folder / "runs"

    def save(self, name, content):
        path = self.runs / name
        path.parent.mkdir(parents=True, exist_ok=True)
        torch.save(content, path)
        return path

    def convert(self, pattern="**/*.pt", **options):
        options = {"loss": "cross_entropy", "train": (self.x, self.y), "out": self.folder / "out", **options}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return basin.convert(options.pop("model", make_net), str(self.runs / pattern), **options)

    def one(self, content, **options):
        """The single entry of a folder with this one file; it must have become a checkpoint."""
        self.save("one.pt", content)
        entry, = self.convert("one.pt", **options).entries
        self.assertIsNone(entry.error)
        return entry

    def error(self, content, **options):
        self.save("one.pt", content)
        result = self.convert("one.pt", **options)
        self.assertEqual(result.written, [])
        self.assertNotIn("\n", result.failed[0].error)
        return str(result)


def momenta(model, optimizer, key="momentum_buffer"):
    """Of a live optimizer, by the model's own names: what every file must hold."""
    return {name: optimizer.state[p][key] for name, p in model.named_parameters()}


needs_basin = unittest.skipIf(BINARY is None, "no basin command")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

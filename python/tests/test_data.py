"""Data of what a training script has at hand, and the file that basin reads."""
import os
from pathlib import Path

import h5py
import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, Dataset, IterableDataset, Subset, SubsetRandomSampler, TensorDataset, WeightedRandomSampler

from support import Saving, basin, problem


class RandomRows(Dataset):
    def __len__(self):
        return 8

    def __getitem__(self, i):
        return torch.randn(6), i % 3


class Stream(IterableDataset):
    def __init__(self, x, y):
        self.x, self.y = x, y

    def __iter__(self):
        return iter(zip(self.x, self.y))


class DataFiles(Saving):
    def rows(self, path):
        """Inputs and targets of the split train of the data file that a checkpoint names."""
        with h5py.File(path, "r") as f:
            attributes = dict(f["data"].attrs)
        with h5py.File(Path(path).parent / attributes["path"], "r") as f:
            self.assertEqual(f.attrs["digest"], attributes["digest"])
            rows = f["splits/train"][()]
            return f["inputs"][()][rows], f["targets"][()][rows]

    def test_tensors_datasets_and_loaders_give_one_digest(self):
        data = TensorDataset(self.x, self.y)
        for source in ((self.x, self.y), data, list(zip(self.x.numpy(), self.y.tolist())), DataLoader(data, batch_size=7),
                       DataLoader(data, batch_size=7, shuffle=True, drop_last=True), Stream(self.x, self.y),
                       DataLoader(Stream(self.x, self.y), batch_size=9)):
            path = self.save(train=source)
            np.testing.assert_array_equal(self.rows(path)[0], self.x.numpy())
            np.testing.assert_array_equal(self.rows(path)[1], self.y.numpy())
        self.assertEqual(len(list(self.folder.glob("data-*.h5"))), 1)

    def test_a_loader_of_a_subset(self):
        data = TensorDataset(self.x, self.y)
        for source in (DataLoader(data, sampler=SubsetRandomSampler([5, 3, 9])), DataLoader(Subset(data, [3, 5, 9]), shuffle=True, batch_size=2)):
            np.testing.assert_array_equal(self.rows(self.save(train=source))[0], self.x[[3, 5, 9]].numpy())
        with self.fails("train: the loader's WeightedRandomSampler draws other samples in each pass"):
            self.save(train=DataLoader(data, sampler=WeightedRandomSampler([1.0] * 60, 60)))

    def test_random_transforms_are_reported(self):
        for source in (RandomRows(), DataLoader(RandomRows(), batch_size=4)):
            with self.fails("train: two passes over the data give different inputs: random transforms?"):
                self.save(train=source)

    def test_both_splits_are_recorded_as_torch_computes_them(self):
        x, y = problem(seed=1)
        net = self.net.double().eval()
        path = self.save(test=(x, y))
        with h5py.File(path, "r") as f:
            for split, (a, b) in {"train": (self.x, self.y), "test": (x, y)}.items():
                logits = net(a.double())
                self.close(f[f"recorded/{split}_loss"].attrs["value"], F.cross_entropy(logits, b).item(), 1e-12)
                self.close(f[f"recorded/{split}_accuracy"].attrs["value"], (logits.argmax(1) == b).double().mean().item(), 1e-12)

    def test_an_existing_data_file_serves(self):
        first = self.save()
        data, = self.folder.glob("data-*.h5")
        second = self.save(train=None, dataset=data, name="runs/b.h5")
        with h5py.File(first, "r") as a, h5py.File(second, "r") as b:
            self.assertEqual(b["data"].attrs["path"], os.path.join("..", data.name))
            self.assertEqual(a["data"].attrs["digest"], b["data"].attrs["digest"])
            self.assertEqual(a["recorded/train_loss"].attrs["value"], b["recorded/train_loss"].attrs["value"])
        with self.fails("dataset= and train=, test= exclude each other"):
            self.save(dataset=data)
        with self.fails("expected format «basin data», file has «basin checkpoint»"):
            self.save(train=None, dataset=first)
        with self.fails("none.h5: cannot be read as a data file"):
            self.save(train=None, dataset=self.folder / "none.h5")
        with self.fails("mse: the module's output is [N, 3], the targets are [N]", "the data file's targets are classes"):
            self.save(train=None, dataset=data, loss="mse")
        with h5py.File(data, "r+") as f:
            f["inputs"][3, 2] = 0.0
        with self.fails("the file was changed or damaged"):
            self.save(train=None, dataset=data)

    def test_bytes_and_scale(self):
        pixels = torch.randint(0, 256, (20, 2, 3), dtype=torch.uint8)
        digest = basin.data.content_digest(pixels.numpy() * np.float64(1 / 255), self.y[:20].numpy(), {"train": np.arange(20)})
        with h5py.File(self.folder / "images.h5", "w") as f:
            f.attrs.update(format="basin data", version=1)
            f["inputs"], f["targets"] = pixels.numpy(), self.y[:20].numpy()
            f["inputs"].attrs["scale"] = 1 / 255
            f.attrs["complete"] = 1
        path = self.save(nn.Sequential(nn.Flatten(), nn.Linear(6, 3)), train=None, dataset=self.folder / "images.h5")
        with h5py.File(path, "r") as f:
            self.assertEqual(f["data"].attrs["digest"], digest)

    def test_data_that_do_not_do(self):
        x, y = self.x, self.y
        for source, words in (((x, y[:5]), "train: 60 inputs, but targets [5]"), ((x[:, 0], y), "train: inputs [60]; expected [N, features…]"),
                              ((x * float("inf"), y), "NaN or Inf"), (TensorDataset(x), "train: a sample is tuple of 1; expected a pair"),
                              (3, "train: int; expected tensors (x, y), a Dataset or a DataLoader"),
                              ([("a", 1), ("b", 2)], "train: the input is of type str"),
                              ([(x[0], 1), (x[0, :3], 1)], "inputs of different shapes, [3] and [6]"), ([], "train: no samples"),
                              ((x.to(torch.complex64), y), "inputs of torch.complex64"),
                              (DataLoader(TensorDataset(x, y), batch_size=None), "train: a loader that makes no batches")):
            with self.fails(words):
                self.save(train=source)
        with self.fails("train and test differ: inputs [60, 6] and [60, 3]"):
            self.save(test=(x[:, :3], y))
        with self.fails("test= without train="):
            self.save(train=None, test=(x, y))


class Compact(Saving):
    """Large inputs in the smallest type that gives them back exactly."""

    def written(self, inputs, targets=None):
        data = basin.data.Data(inputs, np.zeros(len(inputs), np.int64) if targets is None else targets, {"train": np.arange(len(inputs))})
        path = data.write(self.folder)
        again = basin.data.from_file(path)  # holds the digest of what it reads against the one written
        np.testing.assert_array_equal(again.inputs, inputs)
        self.assertEqual(again.digest, data.digest)
        with h5py.File(path, "r") as f:
            return f["inputs"].dtype, dict(f["inputs"].attrs)

    def test_images_are_bytes_where_bytes_are_exact(self):
        levels = np.random.default_rng(0).integers(0, 256, (2000, 4, 40))
        for images, scale, offset in ((levels.astype("f4"), 1.0, 0.0), (levels * (1 / 255), 1 / 255, 0.0), (levels / 256 - 0.5, 1 / 256, -0.5),
                                      ((levels // 16 / 16).astype("f4"), 1 / 16, 0.0)):
            dtype, attributes = self.written(images)
            self.assertEqual((dtype, attributes["scale"], attributes["offset"]), (np.uint8, scale, offset))

    def test_what_a_byte_would_round_stays(self):
        rng = np.random.default_rng(0)
        levels = rng.integers(0, 256, (2000, 4, 40))
        third = (levels / 255).astype("f4")  # torchvision's ToTensor: 1/255 in single precision is no multiple of a double
        for inputs in (third, (third - np.float32(0.1307)) / np.float32(0.3081), rng.normal(size=(2000, 160)).astype("f4"),
                       rng.normal(size=(2000, 160)),
                       np.where(levels == 0, -0.0, levels).astype("f4")):
            dtype, attributes = self.written(inputs)
            self.assertEqual((dtype, attributes), (inputs.dtype, {}))

    def test_token_ids_in_their_range(self):
        rng = np.random.default_rng(0)
        for top, expected in ((200, np.uint8), (50257, np.uint16), (100000, np.uint32)):
            self.assertEqual(self.written(rng.integers(0, top, (1500, 100)))[0], expected)
        self.assertEqual(self.written(rng.integers(-3, 100, (1500, 100)))[0], np.int16)

    def test_classes_of_tokens(self):
        targets = np.arange(60).reshape(20, 3) % 5
        data = basin.data.Data(np.zeros((20, 3), np.int64), targets, {"train": np.arange(20)})
        path = data.write(self.folder)
        with h5py.File(path, "r") as f:
            self.assertEqual(f["targets"].attrs["kind"], "classes")
        again = basin.data.from_file(path)
        self.assertEqual((again.digest, again.targets.dtype.kind), (data.digest, "i"))
        np.testing.assert_array_equal(again.targets, targets)


class Words(nn.Module):
    """Next-token prediction with a tied embedding."""

    def __init__(self):
        super().__init__()
        self.table, self.mix = nn.Embedding(11, 4), nn.Linear(4, 4)

    def forward(self, ids):
        return torch.tanh(self.mix(self.table(ids))) @ self.table.weight.T


class Bytes(nn.Module):
    def __init__(self):
        super().__init__()
        self.last = nn.Linear(6, 3)

    def forward(self, x):
        return self.last(x.float().flatten(1) / 255)


class Integers(Saving):
    """Token ids and bytes: what integers are, the module decides."""

    def loss_of(self, path):
        with h5py.File(path, "r") as f:
            return f["recorded/train_loss"].attrs["value"]

    def test_token_ids(self):
        ids = torch.randint(0, 11, (20, 6), generator=torch.Generator().manual_seed(0))
        ids[:, -1] = torch.where(torch.arange(20) % 2 == 0, ids[:, -1], -100)
        x, y, net = ids[:, :-1], ids[:, 1:], Words()
        first = self.save(net, train=(x, y))
        data, = self.folder.glob("data-*.h5")
        with h5py.File(data, "r") as f:
            self.assertEqual((f["inputs"].dtype.kind, f["targets"].attrs["kind"]), ("i", "classes"))
        with torch.no_grad():
            self.close(self.loss_of(first), F.cross_entropy(net.double()(x).transpose(1, 2), y).item(), 1e-12)
        for source in (TensorDataset(x, y), DataLoader(TensorDataset(x, y), batch_size=8, shuffle=True)):
            self.assertEqual(self.loss_of(self.save(net, train=source)), self.loss_of(first))
        self.assertEqual(self.loss_of(self.save(net, train=None, dataset=data)), self.loss_of(first))
        self.save(net, train=None, example_input=x)

    def test_bytes(self):
        pixels = torch.randint(0, 256, (20, 2, 3), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
        y, casting, plain = torch.arange(20) % 3, Bytes(), nn.Sequential(nn.Flatten(), nn.Linear(6, 3))
        with torch.no_grad():
            path = self.save(casting, train=(pixels, y))
            self.close(self.loss_of(path), F.cross_entropy(casting.double().last(pixels.double().flatten(1) / 255), y).item(), 1e-12)
            path = self.save(plain, train=(pixels, y))
            self.close(self.loss_of(path), F.cross_entropy(plain.double()(pixels.double()), y).item(), 1e-12)

    def test_a_token_beyond_the_table(self):
        ids = torch.full((4, 5), 11)
        with self.fails("embedding in table (Embedding)", "index out of range"):
            self.save(Words(), train=(ids, ids % 11))
        ids[0] = 1  # the first sample, which is traced
        with self.fails("train: the module cannot run on these inputs, [4, 5] (IndexError: index out of range"):
            self.save(Words(), train=(ids, ids % 11))

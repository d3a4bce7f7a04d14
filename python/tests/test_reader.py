"""The reader of torch.save's files, of all their formats: numbers bit by bit, and inert stand-ins for what is
no plain value."""
import argparse
import collections
import dataclasses
import enum
import pathlib
import pickle
import struct
import tarfile
import io
import zipfile

import numpy as np
import torch
from torch import nn

from support import Case, basin

from basin.archive import read_archive
from basin.stored import Part, Stored
from basin.unpickle import Inert, Named


# torch's own reader of the oldest files is not among its safe ones
ANYTHING = {} if torch.__version__ < "2" else {"weights_only": False}


class Colour(enum.Enum):
    RED = 1


@dataclasses.dataclass
class Options:
    lr: float
    name: str = "x"


class Outer:
    class Inner:
        """A class inside of another one."""


class Attributes(dict):
    """A dictionary of a class of its own, as Lightning's and OmegaConf's are."""


class Reading(Case):
    def read(self, content, name="a.pt", **options):
        path = self.folder / name
        torch.save(content, path, **options)
        return read_archive(Part.whole(path))

    def each_way(self, content):
        """Read from a zip archive and from the format before, by every protocol of pickle."""
        for protocol in (2, 3, 4, 5):
            for zipped in (True, False):
                yield self.read(content, pickle_protocol=protocol, _use_new_zipfile_serialization=zipped)

    def equal(self, found, expected):
        self.assertIsInstance(found, Stored)
        self.assertEqual((found.shape, found.type),
                         (tuple(expected.shape), str(expected.dtype)[len("torch."):]))
        tensor = found.read()
        self.assertEqual(tensor.dtype, expected.dtype)
        torch.testing.assert_close(tensor, expected.detach(), rtol=0, atol=0, equal_nan=True)


class Tensors(Reading):
    def test_types(self):
        kinds = (torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.int64, torch.int32,
                 torch.int16, torch.int8, torch.uint8, torch.bool, torch.complex64, torch.complex128)
        tensors = {str(kind): (torch.arange(-3, 9).reshape(3, 4) % 5).to(kind) for kind in kinds}
        tensors["special"] = torch.tensor([float("nan"), float("inf"), -0.0])
        for found in self.each_way(tensors):
            for name, tensor in tensors.items():
                self.equal(found[name], tensor)

    def test_strides_views_and_shared_storages(self):
        whole = torch.arange(24.0).reshape(4, 6)
        tensors = {
            "whole": whole, "column": whole[:, 1], "part": whole[1:3, 2:5], "turned": whole.t(),
            "scalar": torch.tensor(2.5), "repeated": torch.ones(1).expand(3, 3), "empty": torch.zeros(0, 3),
            "parameter": nn.Parameter(whole)
        }
        for found in self.each_way(tensors):
            for name, tensor in tensors.items():
                self.equal(found[name], tensor)
            self.assertIs(found["whole"].storage, found["column"].storage)

    def test_against_torchs_own_reader(self):
        torch.manual_seed(0)
        net = nn.Sequential(nn.Conv2d(2, 3, 3), nn.BatchNorm2d(3), nn.Flatten(), nn.Linear(3, 2))
        self.read(net.state_dict())
        expected = torch.load(self.folder / "a.pt")
        for found in self.each_way(net.state_dict()):
            self.assertEqual(list(found), list(expected))
            for name, tensor in expected.items():
                self.equal(found[name], tensor)

    def test_the_other_byte_order(self):
        tensors = {
            "a": torch.arange(6.0).reshape(2, 3), "c": torch.tensor([1 + 2j]),
            "b": torch.tensor([True, False])
        }
        self.read(tensors)
        with zipfile.ZipFile(self.folder / "a.pt") as old, zipfile.ZipFile(self.folder / "big.pt",
                                                                           "w") as new:
            for name in old.namelist():
                raw = old.read(name)
                if "/data/" in name:
                    key = name.rpartition("/")[2]
                    raw = np.frombuffer(raw, {"0": "<f4", "1": "<f4", "2": "u1"}[key]).byteswap().tobytes()
                if not name.endswith("byteorder"):
                    new.writestr(name, raw)
            new.writestr(f"{old.namelist()[0].partition('/')[0]}/byteorder", "big")
        found = read_archive(Part.whole(self.folder / "big.pt"))
        for name, tensor in tensors.items():
            self.equal(found[name], tensor)

    def test_bytes_that_are_no_bools(self):
        self.read(torch.tensor([True, False]))
        with zipfile.ZipFile(self.folder / "a.pt") as old, zipfile.ZipFile(self.folder / "b.pt", "w") as new:
            for name in old.namelist():
                new.writestr(name, b"\x07\x00" if "/data/" in name else old.read(name))
        self.assertEqual(read_archive(Part.whole(self.folder / "b.pt")).read().tolist(), [True, False])

    def test_odd_tensors_have_a_reason(self):
        odd = {"sparse": (torch.eye(3).to_sparse(), "is a sparse tensor"),
               "meta": (torch.empty(2, 3, device="meta"), "is on device meta"),
               "quantised": (torch.quantize_per_tensor(torch.ones(2), 0.1, 0, torch.qint8), "is quantised")}
        for name, (tensor, reason) in odd.items():
            found = self.read({"a": tensor, "b": torch.ones(2)})
            self.assertIn(reason, found["a"].problem)
            self.equal(found["b"], torch.ones(2))
            with self.fails(reason):
                found["a"].read()
        self.assertEqual(self.read({"a": torch.empty(2, 3, device="meta")})["a"].shape, (2, 3))

    def test_numbers_are_read_when_they_are_asked_for(self):
        found = self.read({"a": torch.ones(3)})
        torch.save({"a": torch.zeros(5)}, self.folder / "a.pt")
        with self.fails("changed while it was read"):
            found["a"].read()


def _old_tar(path, tensors):
    """A file of torch.save before 0.2: a tar archive of storages, tensors and a pickle with their numbers."""
    def member(archive, name, raw):
        info = tarfile.TarInfo(name)
        info.size = len(raw)
        archive.addfile(info, io.BytesIO(raw))

    class Numbered(pickle.Pickler):
        def persistent_id(self, value):
            return (str(list(tensors).index(value[1]))
                    if isinstance(value, tuple) and value[:1] == ("tensor", ) else None)

    storages, heads, content = io.BytesIO(), io.BytesIO(), io.BytesIO()
    pickle.dump(len(tensors), storages, 2)
    pickle.dump(len(tensors), heads, 2)
    for i, tensor in enumerate(tensors.values()):
        pickle.dump((100 + i, "cpu", torch.FloatStorage), storages, 2)
        flat = tensor.contiguous().numpy()
        storages.write(struct.pack("<q", flat.size) + flat.tobytes())
        pickle.dump((i, 100 + i, torch.FloatTensor), heads, 2)
        heads.write(
            struct.pack(f"<ii{2 * flat.ndim}qq", flat.ndim, 0, *flat.shape,
                        *tensor.contiguous().stride(), 0))
    pickle.dump([], storages, 2)
    Numbered(content, 2).dump({name: ("tensor", name) for name in tensors})
    with tarfile.open(path, "w", format=tarfile.USTAR_FORMAT) as archive:
        for name, raw in (("sys_info", pickle.dumps({}, 2)), ("pickle", content.getvalue()),
                          ("storages", storages.getvalue()), ("tensors", heads.getvalue())):
            member(archive, name, raw)


class Formats(Reading):
    def test_the_tar_archives_of_the_first_versions(self):
        tensors = {"a": torch.arange(6.0).reshape(2, 3), "b": torch.tensor([0.5])}
        _old_tar(self.folder / "old.pt", tensors)
        found, torchs = read_archive(Part.whole(self.folder /
                                                "old.pt")), torch.load(self.folder / "old.pt", **ANYTHING)
        for name, tensor in tensors.items():
            self.equal(found[name], tensor)
            self.equal(found[name], torchs[name])
        (self.folder / "old.pt").write_bytes((self.folder / "old.pt").read_bytes()[:1500])
        with self.fails("truncated, or not a file of torch.save"):
            read_archive(Part.whole(self.folder / "old.pt"))

    def test_archives_that_are_programs(self):
        for entry, words in (("a/constants.pkl", "a TorchScript archive"), ("a/code/__torch__.py",
                                                                            "a TorchScript archive"),
                             ("a/bytecode.pkl", "a TorchScript archive"), ("a/.data/extern_modules",
                                                                           "an archive of torch.package"),
                             ("a/models/model.json", "an archive of torch.export")):
            self.read({"a": torch.ones(2)})
            with zipfile.ZipFile(self.folder / "a.pt", "a") as archive:
                archive.writestr(entry, "x")
            with self.fails(words):
                read_archive(Part.whole(self.folder / "a.pt"))

    def test_other_archives_and_pickles(self):
        with zipfile.ZipFile(self.folder / "a.pt", "w") as archive:
            archive.writestr("text", "x")
        with self.fails("a zip archive, but not one of torch.save"):
            read_archive(Part.whole(self.folder / "a.pt"))
        (self.folder / "a.pt").write_bytes(pickle.dumps({"a": 1}))
        with self.fails("a pickle, but not one of torch.save"):
            read_archive(Part.whole(self.folder / "a.pt"))

    def test_compressed_archives(self):
        self.read({"a": torch.zeros(1000)})
        with zipfile.ZipFile(self.folder / "a.pt") as old, zipfile.ZipFile(self.folder / "b.pt", "w",
                                                                           zipfile.ZIP_DEFLATED) as new:
            for name in old.namelist():
                new.writestr(name, old.read(name))
        with self.fails("is compressed, which torch.save never does"):
            read_archive(Part.whole(self.folder / "b.pt"))


class Values(Reading):
    def test_plain_values(self):
        plain = {
            "i": 3, "large": 10**30, "negative": -2**40, "f": 0.1, "s": "Ünïcode", "n": None, "b": True,
            "l": [1, [2]], "t": (1, 2, 3, 4), "d": collections.OrderedDict(a=1),
            "dd": collections.defaultdict(list, a=[1]), "c": collections.Counter("aab"), "set": {1, 2},
            "frozen": frozenset("a"), "bytes": b"\x00\xff", "size": torch.Size([2, 3]), "empty": {}
        }
        for found in self.each_way(plain):
            self.assertEqual(found, {**plain, "size": (2, 3)})

    def test_numbers_of_numpy_are_numbers(self):
        numbers = {
            kind: np.dtype(kind).type(3)
            for kind in ("f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "?")
        }
        for found in self.each_way(numbers):
            self.assertEqual({kind: float(value) for kind, value in found.items()},
                             {kind: float(value) for kind, value in numbers.items()})
            self.assertTrue(all(isinstance(value, (int, float)) for value in found.values()))

    def test_objects_are_inert_and_named(self):
        objects = {
            "namespace": argparse.Namespace(lr=0.1), "path": pathlib.PurePosixPath("a/b"),
            "colour": Colour.RED, "options": Options(0.1), "inner": Outer.Inner(), "array": np.arange(4),
            "attributes": Attributes(lr=0.1), "device": torch.device("cpu")
        }
        for found in self.each_way(objects):
            self.assertTrue(all(isinstance(value, (Inert, Named)) for value in found.values()))
            colour = str(found.pop("colour"))  # some versions of Python write Colour(1), others Colour.RED
            self.assertIn(colour, (f"{__name__}.Colour", f"{__name__}.Colour.RED"))
            self.assertEqual({name: str(value) for name, value in found.items()}, {
                "namespace": "argparse.Namespace", "path": "pathlib.PurePosixPath",
                "options": f"{__name__}.Options", "inner": f"{__name__}.Outer.Inner",
                "array": "numpy.ndarray", "attributes": f"{__name__}.Attributes", "device": "torch.device"
            })
            self.assertEqual(
                (found["namespace"].fields(), found["options"].fields(), found["attributes"].fields()),
                ({"lr": 0.1}, {"lr": 0.1, "name": "x"}, {"lr": 0.1}))

    def test_classes_and_functions_are_names(self):
        found = self.read({"kind": nn.Linear, "type": torch.float32})
        self.assertTrue(all(isinstance(value, Named) for value in found.values()))
        self.assertEqual([str(value)
                          for value in found.values()], ["torch.nn.modules.linear.Linear", "torch.float32"])

    def test_a_list_in_itself(self):
        around = []
        around.append(around)
        found = self.read({"a": around, "b": torch.ones(1)})
        self.assertIs(found["a"][0], found["a"])

    def test_contents_are_listed(self):
        around = {}
        around["itself"] = around
        self.read({
            "model": {"a": torch.ones(2, 3),
                      "b\x1b[31m": torch.eye(2).to_sparse()}, "args": argparse.Namespace(lr=0.1), "epoch": 3,
            "cfg": Outer.Inner(), "around": around, "many": list(range(100)), "long": "x" * 100
        })
        self.assertEqual(basin.contents(self.folder / "a.pt"), [
            "model: 2 entries", "  a: float32 [2, 3]", "  b\\x1b[31m: tensor [2, 2], is a "
            "sparse tensor: save tensor.to_dense()", "args: argparse.Namespace", "  lr: 0.1", "epoch: 3",
            f"cfg: {__name__}.Outer.Inner, not looked into", "around: 1 entries", "  itself: 1 entries",
            "    …", "many: 100 entries", f"long: {'x' * 60}…"
        ])
        with self.fails("no such file"):
            basin.contents(self.folder / "nothing")
        with self.fails("a folder, but not one that is a checkpoint"):
            basin.contents(self.folder)

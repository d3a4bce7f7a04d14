"""Files that were made to harm: every one is a line, nothing that it names is run, and memory stays bounded.
They are made here."""
import json
import os
import pickle
import pickletools
import random
import struct
import subprocess
import sys
import zipfile
from pathlib import Path

import torch

from support import Case, Converting, basin

from basin.archive import read_archive
from basin.stored import Part
from basin.unpickle import ACTIONS

MEMORY = 1 << 30  # bytes that reading may take beside what the interpreter and torch have
READ = """
import json, resource, sys
from pathlib import Path
from basin import Error
from basin.archive import read_archive
from basin.stored import Part, Stored
size = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (size + int(sys.argv[1]),) * 2)
said = {}
for path in sys.argv[2:]:
    try:
        found = read_archive(Part.whole(Path(path)))
        said[Path(path).name] = "read" + (" " + str(list(found.read().shape)) if isinstance(found, Stored)
        else "")
    except Error as error:
        said[Path(path).name] = str(error)
print(json.dumps(said))
"""


def archive(path, program, storages={}, method=zipfile.ZIP_STORED):
    """A file of torch.save with this pickle."""
    with zipfile.ZipFile(path, "w", method) as file:
        file.writestr("a/data.pkl", program)
        for key, raw in storages.items():
            file.writestr(f"a/data/{key}", raw)
    return path


def text(value):
    return b"X" + struct.pack("<I", len(value)) + value.encode()


def whole(value):
    return pickle.dumps(value, 2)[2:-1]


def called(module, name, *arguments):
    """A pickle that calls a function."""
    return b"\x80\x02c" + f"{module}\n{name}\n".encode() + b"(" + b"".join(map(whole, arguments)) + b"tR."


def tensor(kind="FloatStorage", key="0", count=4, offset=0, shape=(2, 2), stride=(2, 1)):
    """A pickle of one tensor."""
    storage = b"(" + text("storage") + f"ctorch\n{kind}\n".encode() + text(key) + text("cpu") + whole(
        count) + b"tQ"
    return (b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\n(" + storage + whole(offset) + whole(shape) +
            whole(stride) + b"\x89ccollections\nOrderedDict\n)Rt" + b"R.")


FLOATS = {"0": b"\0" * 16}


class Harm(Case):
    def outcome(self, **files):
        """What the reader says of each, in a process whose memory is limited."""
        environment = {**os.environ, "PYTHONPATH": str(Path(basin.__file__).resolve().parents[1])}
        run = subprocess.run([
            sys.executable, "-c", READ,
            str(MEMORY), *(str(path) for path in files.values())
        ], env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=self.folder)
        self.assertEqual((run.returncode, run.stderr), (0, ""))
        said = json.loads(run.stdout)
        self.assertTrue(all("\n" not in line for line in said.values()))
        return {name: said[path.name] for name, path in files.items()}

    def expect(self, **cases):
        """Each case: a pickle, or a file that is there, and the words that are said of it."""
        files = {
            name: made if isinstance(made, Path) else archive(self.folder / f"{name}.pt", made, FLOATS)
            for name, (made, _) in cases.items()
        }
        for name, said in self.outcome(**files).items():
            self.assertIn(cases[name][1], said, name)


class Programs(Harm):
    def test_functions_that_do_something(self):
        """os.system and its like, by every way that a pickle has to call."""
        done = str(self.folder / "done")
        command = f"touch {done}"
        ways = {
            "system": called("os", "system", command), "posix": called("posix", "system", command),
            "popen": called("subprocess", "Popen",
                            ["touch", done]), "evaluated": called("builtins", "eval", f"open({done!r}, 'w')"),
            "python2": called("__builtin__", "eval", f"open({done!r}, 'w')"),
            "executed": called("builtins", "exec", "1"), "opened": called("builtins", "open", done, "w"),
            "imported": called("importlib", "import_module", "os"), "new": b"\x80\x02cos\nsystem\n" + whole(
                (command, )) + b"\x81.", "named": b"\x80\x04" + text("os") + text("system") + b"\x93" + whole(
                    (command, )) + b"R.",
            "extended": b"\x80\x04" + text("os") + text("system") + b"\x93" + whole((command, )) + b"}\x92."
        }
        self.expect(**{
            name: (program, "an attack, or no data; nothing of it was run") for name, program in ways.items()
        })
        self.assertFalse(Path(done).exists())

    def test_other_functions_are_not_called_either(self):
        """What no list names stays a name: here one that would import its module, and one of torch that would
        read a file."""
        (self.folder / "harm.py").write_text(f"open({str(self.folder / 'done')!r}, 'w')\ndef f(*arguments): "
                                             "raise SystemExit(3)\n")
        self.expect(own=(called("harm", "f", 1), "read"), torchs=(called("torch.serialization", "load",
                                                                         "x"), "read"),
                    jit=(called("torch.jit", "load",
                                "x"), "read"), made=(b"\x80\x02charm\nf\n)\x81}b.", "read"))
        self.assertFalse((self.folder / "done").exists())

    def test_every_instruction_that_is_not_on_the_list(self):
        codes = {code.name: code.code.encode("latin1") for code in pickletools.opcodes}
        outside = {name: code for name, code in codes.items() if code not in ACTIONS and code != pickle.STOP}
        self.assertEqual(
            sorted(outside),
            sorted([
                "INT", "LONG", "STRING", "UNICODE", "FLOAT", "INST", "OBJ", "PERSID", "EXT1", "EXT2", "EXT4",
                "GET", "PUT", "DUP", "NEXT_BUFFER", "READONLY_BUFFER"
            ]))
        self.expect(
            **{
                name: (b"\x80\x04" + code + b"os\nsystem\n\0\0\0\0.", "its pickle has the "
                       f"instruction {name}, which "
                       "torch.save never "
                       "writes: not read") for name, code in outside.items()
            })

    def test_instructions_without_their_arguments(self):
        for code in [*ACTIONS, pickle.STOP, b"\xff"]:
            for before in (b"", b"N", b"(", b"]", b"N]", b"NNN", b"}("):
                for after in (b"", b".", b"\xff" * 12 + b"."):
                    with self.fails():
                        archive(self.folder / "a.pt", before + code + after)
                        found = read_archive(Part.whole(self.folder / "a.pt"))
                        raise basin.Error(f"read: {type(found).__name__}")

    def test_damage_of_every_kind(self):
        """Bytes changed at random: a value or one line, whatever they become."""
        torch.save({"a": torch.ones(2, 3), "b": [1, "x", None, {"c": 2.5}], "s": {1}, "e": float("inf")},
                   self.folder / "a.pt")
        with zipfile.ZipFile(self.folder / "a.pt") as file:
            program = file.read("a/data.pkl")
        torch.save({"a": torch.ones(2)}, self.folder / "old.pt", _use_new_zipfile_serialization=False)
        chance, good = random.Random(0), 0
        for original in (program, (self.folder / "a.pt").read_bytes(), (self.folder / "old.pt").read_bytes()):
            for _ in range(1500):
                changed = bytearray(original)
                for _ in range(chance.randint(1, 4)):
                    changed[chance.randrange(len(changed))] = chance.randrange(256)
                path = self.folder / "changed.pt"
                if original is program:
                    archive(path, bytes(changed), {"0": b"\0" * 24})
                else:
                    path.write_bytes(changed)
                try:
                    read_archive(Part.whole(path))
                    good += 1
                except basin.Error as error:
                    self.assertNotIn("\n", str(error))
        self.assertTrue(500 < good < 4400, good)


class Sizes(Harm):
    def test_tensors_that_are_not_there(self):
        beyond = "reaches beyond its storage of 4 numbers"
        self.expect(
            right=(tensor(), "read [2, 2]"), outside=(tensor(offset=1), beyond),
            far=(tensor(stride=(1 << 40, 1)), beyond), large=(tensor(shape=(1 << 40, 1 << 40)), beyond),
            negative=(tensor(shape=(-1, 2)), "no counts: damaged"),
            turned=(tensor(stride=(-1, 1)), "no counts: damaged"), before=(tensor(offset=-4), "truncated"),
            fraction=(tensor(shape=(2.0, 2)), "no counts"), yes=(tensor(shape=(True, 2)), "no counts"),
            axes=(tensor(shape=(1, ) * 100,
                         stride=(1, ) * 100), "truncated"), uneven=(tensor(stride=(1, )), "truncated"),
            storage=(tensor(count=1 << 61), "a storage of 2305843009213693952 numbers of 4 bytes "
                     "has 16 bytes"),
            less=(tensor(count=3), "a storage of 3 numbers of 4 bytes has 16 bytes"),
            minus=(tensor(count=-4), "truncated"), absent=(tensor(key="1"), "truncated"),
            parent=(tensor(key="../data.pkl"), "truncated"),
            kind=(tensor(kind="Storage"), "no storage is of type torch.Storage"))

    def test_a_tensor_that_repeats_one_number(self):
        """It takes no memory by itself, and is no parameter of the model."""
        self.expect(repeated=(tensor(count=4, shape=(49_000, 49_000), stride=(0, 0)), "read [49000, 49000]"))

    def test_bombs(self):
        deep = b"\x80\x02" + b"]" * 400_000 + b"a" * 399_999 + b"."
        nested = b"\x80\x02)" + b"\x85" * 300_000 + b"q\0}h\0Ns."
        laughs = b"\x80\x02)" + b"2".replace(b"2", b"q\0h\0\x86") * 60 + b"q\1}h\1Ns."
        self.expect(
            deep=(deep, "read"), nested=(nested, "a key of a dictionary or set that is no plain value"),
            laughs=(laughs, "a key of a dictionary or set that is no plain value"),
            sets=(b"\x80\x04" + b"\x8f" * 3_000_000 + b".", "its pickle would take more than 512 "
                  "MiB of memory"),
            marks=(b"\x80\x04" + b"(" * 5_000_000 + b".", "its pickle would take more than 512 MiB "
                   "of memory"), memo=(b"\x80\x02Nr\xff\xff\xff\xff.", "read"),
            integer=(b"\x80\x02\x8b\0\1\0\0" + b"\1" * 256 + b".", "read"),
            long=(b"\x80\x02\x8b\0\0\1\0" + b"\1" * 65536 + b".", "an integer of 65536 bytes: not "
                  "read"), text=(b"\x80\x04\x8d" + b"\xff" * 7 + b"\x7f.", "more than 512 MiB"),
            short=(b"\x80\x02X\xff\xff\xff\x0fx.", "truncated"),
            minus=(b"\x80\x02T\xff\xff\xff\xffx.", "truncated"), cycle=(b"\x80\x02]q\0h\0a.", "read"))

    def test_archives_that_lie(self):
        good = archive(self.folder / "good.pt", tensor(), FLOATS).read_bytes()
        end = good.rindex(b"PK\5\6")

        def with_end(name, **fields):
            changed = bytearray(good)
            for at, (kind, value) in fields.items():
                struct.pack_into(kind, changed, end + int(at[1:]), value)
            path = self.folder / f"{name}.pt"
            path.write_bytes(changed)
            return path, "truncated, or not a file of torch.save"

        directory = bytearray(good)
        struct.pack_into("<I", directory, good.index(b"PK\1\2") + 24, 0x7fffffff)
        (self.folder / "entry.pt").write_bytes(directory)
        locked = bytearray(good)
        struct.pack_into("<H", locked, good.index(b"PK\1\2") + 8, 1)
        (self.folder / "locked.pt").write_bytes(locked)
        with zipfile.ZipFile(self.folder / "bomb.pt", "w", zipfile.ZIP_DEFLATED) as file:
            file.writestr("a/data.pkl", tensor(count=1 << 26, shape=(1 << 26,), stride=(1,)))
            with file.open("a/data/0", "w") as out:
                for _ in range(256):
                    out.write(b"\0" * (1 << 20))
        self.expect(count=with_end("count",
                                   x10=("<H", 9999)), start=with_end("start", x16=("<I", 0x7fffffff)),
                    size=(with_end("size", x12=("<I", 0x7fffffff))[0], "its directory has 2147483647 bytes"),
                    entry=(self.folder / "entry.pt", "is compressed"),
                    locked=(self.folder / "locked.pt", "is encrypted"),
                    bomb=(self.folder / "bomb.pt", "is compressed, which torch.save never does"))

    def test_the_format_before_that_lies(self):
        def old(value, *rest):
            path = self.folder / f"{len(list(self.folder.iterdir()))}.pt"
            parts = [pickle.dumps(part, 2)
                     for part in (0x1950a86a20f9469cfc6c, 1001, {})] + [value] + list(rest)
            path.write_bytes(b"".join(parts))
            return path
        keys = pickle.dumps(["0"], 2)
        self.expect(
            right=(old(tensor(), keys, struct.pack("<q", 4), b"\0" * 16), "read [2, 2]"),
            count=(old(tensor(), keys, struct.pack("<q", 1 << 60), b"\0" * 16), "truncated"),
            short=(old(tensor(), keys, struct.pack("<q", 4),
                       b"\0" * 8), "truncated"), keys=(old(tensor(), pickle.dumps(["1"], 2),
                                                           struct.pack("<q", 4), b"\0" * 16), "truncated"),
            large=(old(tensor(count=1 << 61), keys, struct.pack("<q", 1 << 61),
                       b"\0" * 16), "truncated"), harm=(old(called("os", "system", "true"),
                                                            keys), "would call os.system"),
            first=(old(tensor(), called("os", "system", "true")), "would call os.system"))


class Folders(Converting):
    def test_one_hostile_file_does_not_stop_a_folder(self):
        self.save("good.pt", {"model": self.net.state_dict()})
        archive(self.runs / "harm.pt", called("os", "system", f"touch {self.folder / 'done'}"))
        archive(self.runs / "large.pt", tensor(shape=(49_000, 49_000), stride=(0, 0)), FLOATS)
        result = self.convert("*.pt")
        self.assertEqual([path.name for path in result.written], ["good.h5"])
        self.assertEqual(sorted(entry.source.name for entry in result.failed), ["harm.pt", "large.pt"])
        self.assertFalse((self.folder / "done").exists())

    def test_whatever_a_reader_did_not_foresee_is_of_one_file(self):
        import basin.saved
        reader = basin.saved.read_content

        def broken(source, trust):
            if source.path.name == "b.pt":
                raise ZeroDivisionError("first\nsecond \x1b[31m")
            return reader(source, trust)

        for name in "abc":
            self.save(f"{name}.pt", {"model": self.net.state_dict()})
        basin.saved.read_content = broken
        try:
            result = self.convert("*.pt")
        finally:
            basin.saved.read_content = reader
        self.assertEqual([path.name for path in result.written], ["a.h5", "c.h5"])
        self.assertEqual(result.failed[0].error, "cannot be converted (ZeroDivisionError: first)")

    def test_a_name_without_end(self):
        self.assertLess(len(self.error({**self.net.state_dict(), "a" * 1_000_000: torch.zeros(2)})), 5000)


del Harm

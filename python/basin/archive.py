"""Files of torch.save, of all its times: what pickle wrote for the values, and where the numbers of the
tensors lie.

    zip     since torch 1.6: NAME/data.pkl, NAME/data/KEY for each storage, NAME/byteorder; not compressed
    pickles before: a magic number, a version, facts of the machine, the value, the keys of the storages, and
            the storages
    tar     before torch 0.2: pickle, storages, tensors

The directory of the zip archive is read here: sizes are held against those of the file before anything is
made, and archives that are no files of torch.save, TorchScript above all, are known by their entries and
refused. torch's own reader is never asked: up to torch 2.5.1 it handed TorchScript to torch.jit.load, even if
told to load weights only (CVE-2025-32434).
"""
from __future__ import annotations

import struct
from typing import Any, BinaryIO, Callable, Dict, List, NamedTuple, Optional, Tuple

from .error import Error
from .stored import BUILDERS, DAMAGED, Part, Storage, Stored, storage_type
from .unpickle import Unpickler

MAGIC, VERSION = 0x1950a86a20f9469cfc6c, 1001
LARGEST_DIRECTORY = 1 << 26  # bytes of a zip archive's
END, END_64, LOCATOR, ENTRY, LOCAL = b"PK\5\6", b"PK\6\6", b"PK\6\7", b"PK\1\2", b"PK\3\4"
BLOCK = 512  # of tar


class Entry(NamedTuple):
    """One file of an archive."""

    method: int
    packed: int
    size: int
    at: int  # of its local header


# ----------------------------------------------------------------------------------------------------- zip --

def _end(part: Part) -> Tuple[int, int, int]:
    """Number of entries, and where the directory lies. APPNOTE.TXT 4.3.14 to 4.3.16."""
    tail = part.read(max(0, part.length - 65557))
    at = tail.rfind(END)
    if at < 0 or len(tail) < at + 22:
        raise Error(DAMAGED)
    count, size, start = struct.unpack("<HII", tail[at + 10:at + 20])
    if at >= 20 and tail[at - 20:at - 16] == LOCATOR:
        record = part.read(struct.unpack("<Q", tail[at - 12:at - 4])[0], 56)
        if record[:4] != END_64:
            raise Error(DAMAGED)
        count, size, start = struct.unpack("<QQQ", record[32:56])
    if size > LARGEST_DIRECTORY:
        raise Error(f"its directory has {size} bytes: not a file of torch.save")
    return count, size, start


def _sizes_64(extra: bytes, entry: Entry) -> Entry:
    """Sizes that do not fit into 32 bits stand in an extra field."""
    while len(extra) >= 4:
        kind, length = struct.unpack("<HH", extra[:4])
        if kind == 1:
            numbers = list(struct.unpack(f"<{length // 8}Q", extra[4:4 + length // 8 * 8]))
            size, packed, at = (numbers.pop(0) if value == 0xffffffff else value
                                for value in (entry.size, entry.packed, entry.at))
            return Entry(entry.method, packed, size, at)
        extra = extra[4 + length:]
    return entry


def directory(part: Part) -> Dict[str, Entry]:
    """The entries of a zip archive by name."""
    count, size, start = _end(part)
    raw, found, i = part.read(start, size), {}, 0
    while i + 46 <= len(raw) and raw[i:i + 4] == ENTRY:
        flags, method = struct.unpack("<HH", raw[i + 8:i + 12])
        packed, whole, name_length, extra_length, comment_length = struct.unpack("<IIHHH", raw[i + 20:i + 34])
        at, = struct.unpack("<I", raw[i + 42:i + 46])
        name = raw[i + 46:i + 46 + name_length].decode("utf-8")
        extra = raw[i + 46 + name_length:i + 46 + name_length + extra_length]
        if flags & 1 or name in found:
            raise Error(f"{DAMAGED}: {name} is {'encrypted' if flags & 1 else 'there twice'}")
        found[name] = _sizes_64(extra, Entry(method, packed, whole, at))
        i += 46 + name_length + extra_length + comment_length
    if len(found) != count:
        raise Error(DAMAGED)
    return found


def _content(part: Part, name: str, entry: Entry) -> Part:
    """The bytes of an entry, which torch.save never compresses: so they are as many as the file has."""
    header = part.read(entry.at, 30)
    if header[:4] != LOCAL:
        raise Error(DAMAGED)
    if entry.method != 0 or entry.packed != entry.size:
        raise Error(f"{name} is compressed, which torch.save never does: unpack the archive and save it "
                    "again with torch.save")
    name_length, extra_length = struct.unpack("<HH", header[26:30])
    return part.part(entry.at + 30 + name_length + extra_length, entry.size)


def _refuse_others(names: List[str]) -> None:
    """Archives of torch that are programs, not data; by their entries, whose first folder has any name."""
    inner = {name.partition("/")[2] for name in names} | set(names)
    if any(name in ("constants.pkl", "bytecode.pkl", "code") or name.startswith("code/") for name in inner):
        raise Error("is a TorchScript archive (of torch.jit.save), a program: save model.state_dict() with "
                    "torch.save instead")
    if any(name.startswith((".data/extern_modules", ".data/python_version")) for name in inner):
        raise Error("is an archive of torch.package, a program: save model.state_dict() with torch.save "
                    "instead")
    if ("serialized_exported_program.json" in inner
            or any(name.startswith("models/") and name.endswith(".json") for name in inner)):
        raise Error("is an archive of torch.export, a program: save model.state_dict() with torch.save "
                    "instead")


def _zip(part: Part) -> Any:
    entries = directory(part)
    _refuse_others(list(entries))
    pickles = [name for name in entries if name.count("/") == 1 and name.endswith("/data.pkl")]
    if len(pickles) != 1:
        raise Error("a zip archive, but not one of torch.save: it has no data.pkl")
    root = pickles[0].partition("/")[0]
    order = f"{root}/byteorder"
    big = order in entries and _content(part, order, entries[order]).read() == b"big"
    storages: Dict[str, Storage] = {}

    def persistent(identity: Any) -> Storage:
        _, kind, key, _, count = _storage_id(identity)
        if key not in storages:
            name = f"{root}/data/{key}"
            if name not in entries:
                raise Error(DAMAGED)
            made = Storage(storage_type(kind), count, big=big)
            made.fill(_content(part, name, entries[name]))
            storages[key] = made
        return _same(storages[key], kind, count)

    content = _content(part, pickles[0], entries[pickles[0]])
    with _opened(content) as file:
        return Unpickler(file, content.length, BUILDERS, persistent).load()


def _storage_id(identity: Any) -> Tuple[Any, ...]:
    """('storage', type, key, device, count, …)."""
    if (not isinstance(identity, tuple) or len(identity) < 5 or identity[0] != "storage"
            or not isinstance(identity[2], (str, int))):
        raise Error(DAMAGED)
    return identity[:5]


def _same(storage: Storage, kind: Any, count: Any) -> Storage:
    """A storage is one thing; what speaks of it later must say the same of it."""
    if (storage_type(kind), count) != (storage.type, storage.count):
        raise Error(DAMAGED)
    return storage


def _opened(part: Part) -> BinaryIO:
    file = open(part.path, "rb")
    file.seek(part.start)
    return file


# -------------------------------------------------------------------------------- one pickle after another --

class _Sequence:
    """Pickles and plain numbers, one after the other."""

    def __init__(self, part: Part):
        self.part, self.file, self.at = part, _opened(part), 0

    def __enter__(self) -> "_Sequence":
        return self

    def __exit__(self, *_: Any) -> None:
        self.file.close()

    def value(self, persistent: Optional[Callable] = None) -> Any:
        machine = Unpickler(self.file, self.part.length - self.at, BUILDERS, persistent)
        found = machine.load()
        self.at = self.part.length - machine.left
        return found

    def numbers(self, kind: str) -> Tuple[int, ...]:
        size = struct.calcsize(kind)
        if size > self.part.length - self.at:
            raise Error(DAMAGED)
        self.at += size
        return struct.unpack(kind, self.file.read(size))

    def fill(self, storage: Storage) -> None:
        """A storage of the old formats: how many numbers, and the numbers, both with the last byte first."""
        count, = self.numbers("<q")
        if count != storage.count:
            raise Error(DAMAGED)
        storage.fill(self.part.part(self.at, count * storage.size))
        self.at += count * storage.size
        self.file.seek(self.part.start + self.at)


def _pickles(part: Part) -> Any:
    storages: Dict[Any, Storage] = {}
    views: List[Tuple[Storage, Storage, int]] = []

    def persistent(identity: Any) -> Any:
        # the class of a module, with its source
        if isinstance(identity, tuple) and len(identity) > 1 and identity[0] == "module":
            return identity[1]
        _, kind, key, _, count = _storage_id(identity)
        if key not in storages:
            storages[key] = Storage(storage_type(kind), count)
        whole = _same(storages[key], kind, count)
        view = identity[5] if len(identity) > 5 else None
        return whole if view is None else _view(whole, view, views)

    with _Sequence(part) as file:
        if file.value() != MAGIC:
            raise Error("a pickle, but not one of torch.save")
        if file.value() != VERSION:
            raise Error("of a version of torch.save that is not known")
        file.value()
        content = file.value(persistent)
        keys = file.value()
        if not isinstance(keys, list) or sorted(map(str, keys)) != sorted(map(str, storages)):
            raise Error(DAMAGED)
        for key in keys:
            if key not in storages or storages[key].part is not None:
                raise Error(DAMAGED)
            file.fill(storages[key])
    for whole, made, start in views:
        made.fill(whole.part.part(start * whole.size, made.count * made.size))
    return content


def _view(whole: Storage, view: Any, views: List[Tuple[Storage, Storage, int]]) -> Storage:
    """A storage that is a piece of another: (key, first number, count)."""
    if not isinstance(view, tuple) or len(view) != 3 or not isinstance(view[1], int):
        raise Error(DAMAGED)
    made = Storage(whole.type, view[2])
    views.append((whole, made, view[1]))
    return made


# ----------------------------------------------------------------------------------------------------- tar --

def _members(part: Part) -> Dict[str, Part]:
    """Of a tar archive: a header of 512 bytes, then the content, filled up to such blocks."""
    found: Dict[str, Part] = {}
    at = 0
    while at + BLOCK <= part.length:
        header = part.read(at, BLOCK)
        name, size = header[:100].rstrip(b"\0").decode("utf-8"), header[124:136].strip(b"\0 ")
        if not name:
            break
        length = int(size, 8)
        found[name.rpartition("/")[2]] = part.part(at + BLOCK, length)
        at += BLOCK + -(-length // BLOCK) * BLOCK
    return found


def _tar_storages(part: Part) -> Dict[Any, Storage]:
    found: Dict[Any, Storage] = {}
    with _Sequence(part) as file:
        for _ in range(_count(file)):
            key, _, kind = file.value()
            at = file.at
            found[key] = Storage(storage_type(kind), *file.numbers("<q"))
            file.at = at
            file.file.seek(part.start + at)
            file.fill(found[key])
        for target, root, start, count in file.value():
            whole = found[root]
            found[target] = Storage(whole.type, count)
            found[target].fill(whole.part.part(start * whole.size, count * whole.size))
    return found


def _tar_tensors(part: Part, storages: Dict[Any, Storage]) -> Dict[int, Stored]:
    found: Dict[int, Stored] = {}
    with _Sequence(part) as file:
        for _ in range(_count(file)):
            key, storage, _ = file.value()
            axes, _ = file.numbers("<ii")
            if not 0 <= axes <= 64:
                raise Error(DAMAGED)
            shape, stride, offset = file.numbers(f"<{axes}q"), file.numbers(f"<{axes}q"), file.numbers("<q")
            made = storages[storage]
            found[int(key)] = Stored(made, made.type, *offset, shape, stride)
    return found


def _count(file: _Sequence) -> int:
    count = file.value()
    if not isinstance(count, int) or not 0 <= count <= file.part.length:
        raise Error(DAMAGED)
    return count


def _tar(part: Part) -> Any:
    members = _members(part)
    if not {"pickle", "storages", "tensors"} <= set(members):
        raise Error(f"{DAMAGED} (a tar archive without storages, tensors and pickle)")
    tensors = _tar_tensors(members["tensors"], _tar_storages(members["storages"]))
    with _Sequence(members["pickle"]) as file:
        # A tuple names the class of a module, anything else a tensor by its number.
        return file.value(lambda name: name[0] if isinstance(name, tuple) else tensors[int(name)])


# -------------------------------------------------------------------------------------------------- either --

def read_archive(part: Part) -> Any:
    """What was given to torch.save, with `Stored` for tensors, and `Named` and `Inert` for what is no plain
    value."""
    try:
        head = part.read(0, min(part.length, BLOCK))
        if head[:4] == LOCAL:
            return _zip(part)
        if head[257:262] == b"ustar":
            return _tar(part)
        if head[:1] == b"\x80":
            return _pickles(part)
    except (KeyError, IndexError, TypeError, ValueError, AttributeError, struct.error) as error:
        raise Error(DAMAGED) from error
    raise Error(DAMAGED)

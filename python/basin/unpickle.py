"""An unpickler that makes plain values only: nothing that a file names is ever imported or called.

A pickle is a program for a stack machine. This one knows the instructions that pickle itself writes for data;
a class or a function that the file names becomes a `Named`, and what would be made by calling it an `Inert`,
which keeps the arguments and the state to look at. Only a few are understood, by functions of our own
(`BUILDERS`, and those that the reader of tensors adds).

Memory is bounded: an instruction is charged for what it makes before it makes it, and no length is believed
that is longer than the file. Recursion is bounded too: the machine is a loop, and keys of dictionaries, whose
hash would recurse, must be flat.

Format: Python's pickletools, protocols 0 to 5.
"""
from __future__ import annotations

import pickle
import pickletools
import struct
from typing import Any, BinaryIO, Callable, Dict, List, Mapping, Optional, Tuple

from .error import Error

DAMAGED = "truncated, or not a file of torch.save"
BUDGET = 1 << 29  # bytes that the values of one pickle may take, by the prices below
VALUE = 128  # bytes: a number with its places on the stack and in the memo
CONTAINER = 320  # bytes: an empty set or object
LONGEST_INTEGER = 256  # bytes
LARGEST_KEY = 64  # items of a tuple that is a key
OPCODES = {code.code.encode("latin1"): code.name for code in pickletools.opcodes}
# Modules whose functions do something to the machine: a pickle that calls one is an attack, not data
HARMFUL = {
    "os", "posix", "nt", "subprocess", "_posixsubprocess", "sys", "shutil", "socket", "_socket", "ctypes",
    "_ctypes", "importlib", "_frozen_importlib", "runpy", "code", "pty", "webbrowser", "commands", "pickle",
    "_pickle", "marshal", "cProfile", "pdb", "bdb", "timeit", "asyncio", "signal", "pip", "pydoc", "builtins"
}
HARMLESS = {
    "builtins." + name
    for name in ("set", "frozenset", "dict", "list", "tuple", "int", "float", "complex", "str", "bytes",
                 "bytearray", "bool", "slice", "range", "object", "getattr", "type")
}


class Named:
    """A class or function that the file names: the name, and nothing of it."""

    __slots__ = ("module", "name")

    def __init__(self, module: str, name: str):
        self.module, self.name = {"__builtin__": "builtins", "copy_reg": "copyreg"}.get(module, module), name

    def __str__(self) -> str:
        return f"{self.module}.{self.name}"


class Inert:
    """What the file would make by calling what it names: kept to look at. items, mapping: of what is a list
    or a dictionary too."""

    __slots__ = ("kind", "args", "state", "items", "mapping")

    def __init__(self, kind: str, args: Tuple[Any, ...] = ()):
        self.kind, self.args, self.state = kind, args, None
        self.items: List[Any] = []
        self.mapping: Dict[Any, Any] = {}

    def __str__(self) -> str:
        return self.kind

    def fields(self) -> Mapping[Any, Any]:
        """Its entries if it is a dictionary, else its attributes."""
        if self.mapping:
            return self.mapping
        state = self.state[0] if isinstance(self.state, tuple) and self.state else self.state
        return state if isinstance(state, dict) else {}


def fields(value: Any) -> Optional[Mapping[Any, Any]]:
    """The entries of a dictionary, or the attributes of what would have been an object (argparse.Namespace, a
    dataclass); else None."""
    if isinstance(value, Mapping):
        return value
    return value.fields() or None if isinstance(value, Inert) else None


# -------------------------------------------------------------------------------------- what is understood --

def _dictionary(*args: Any) -> Dict[Any, Any]:
    """OrderedDict(), defaultdict(factory) and Counter({…}); an OrderedDict of Python 2 comes with a list of
    pairs."""
    given = args[-1] if args else {}
    if isinstance(given, list):
        return {key_of(pair[0]): pair[1] for pair in given}
    return dict(given) if isinstance(given, dict) else {}


def _bytes_of(text: Any, encoding: Any = "latin1") -> bytes:
    """How protocol 2 writes bytes: _codecs.encode(text, "latin1")."""
    if encoding != "latin1" or not isinstance(text, str):
        raise ValueError(encoding)
    return text.encode("latin1")


NUMPY = {
    "f2": "e", "f4": "f", "f8": "d", "i1": "b", "i2": "h", "i4": "i", "i8": "q", "u1": "B", "u2": "H",
    "u4": "I", "u8": "Q", "b1": "?"
}


def _numpy_scalar(dtype: Any, raw: Any = None) -> Any:
    """A number of numpy; another type stays what it is."""
    kind = dtype.args[0] if isinstance(dtype, Inert) and dtype.kind == "numpy.dtype" and dtype.args else None
    raw = raw.encode("latin1") if isinstance(raw, str) else raw
    if not isinstance(kind, str) or kind not in NUMPY or not isinstance(raw, bytes):
        return Inert("numpy scalar", (dtype, raw))
    big = isinstance(dtype.state, tuple) and len(dtype.state) > 1 and dtype.state[1] == ">"
    return struct.unpack((">" if big else "<") + NUMPY[kind], raw)[0]


def _attribute(owner: Any, name: Any = "") -> Any:
    """How a class inside of another one is named."""
    if isinstance(owner, Named):
        return Named(owner.module, f"{owner.name}.{name}")
    return Inert("builtins.getattr", (owner, name))


def _array(*args: Any) -> Inert:
    return Inert("numpy.ndarray", args)


def _reconstructed(kind: Any, base: Any = None, state: Any = None) -> Inert:
    """copyreg._reconstructor, of the first protocols."""
    return Inert(str(kind), (state,))


BUILDERS: Dict[str, Callable] = {
    "collections.OrderedDict": _dictionary,
    "collections.defaultdict": _dictionary,
    "collections.Counter": _dictionary,
    "builtins.dict": _dictionary,
    "builtins.list": lambda items=(): list(items) if isinstance(items, (list, tuple)) else [],
    "builtins.set": lambda items=(): {key_of(item) for item in items},
    "builtins.frozenset": lambda items=(): frozenset(key_of(item) for item in items),
    "builtins.bytearray": lambda *args: bytes(args[0]) if args and isinstance(args[0], bytes) else b"",
    "_codecs.encode": _bytes_of,
    "copyreg._reconstructor": _reconstructed,
    "builtins.getattr": _attribute,
    **{f"numpy.{core}.multiarray.scalar": _numpy_scalar for core in ("core", "_core")},
    **{f"numpy.{core}.multiarray._reconstruct": _array for core in ("core", "_core")},
    **{f"numpy.{core}.numeric._frombuffer": _array for core in ("core", "_core")},
}


def key_of(value: Any) -> Any:
    """A key of a dictionary or an element of a set. Tuples must be flat and short: the hash of nested ones
    recurses, without end of time or of the stack."""
    flat = value if isinstance(value, tuple) and len(value) <= LARGEST_KEY else (value,)
    plain = (str, bytes, int, float, complex, type(None), Named, Inert)
    if not all(isinstance(item, plain) for item in flat):
        raise Error("its pickle has a key of a dictionary or set that is no plain value")
    return value


# --------------------------------------------------------------------------------------------- the machine --

class Unpickler:
    """One pickle out of a file that is open. builders: functions of ours, by the name of what they stand for,
    besides BUILDERS. persistent: makes a value of a persistent id, by which torch names storages. length: of
    the rest of the file, in bytes."""

    def __init__(self, file: BinaryIO, length: int, builders: Mapping[str, Callable] = {},
                 persistent: Optional[Callable] = None):
        self.file, self.left, self.budget = file, length, BUDGET
        self.builders, self.persistent = {**BUILDERS, **builders}, persistent
        self.stack: List[Any] = []
        self.marked: List[List[Any]] = []  # the stacks below the marks
        self.memo: Dict[int, Any] = {}

    def load(self) -> Any:
        """The value. Whatever does not fit together is damage."""
        try:
            return self._run()
        except (IndexError, KeyError, TypeError, ValueError, AttributeError, struct.error) as error:
            raise Error(DAMAGED) from error

    def _run(self) -> Any:
        while True:
            code = self.take(1)
            if code == pickle.STOP:
                return self.stack.pop()
            action = ACTIONS.get(code)
            if action is None:
                name = OPCODES.get(code)
                raise Error(f"its pickle has the instruction {name}, which torch.save never writes: not read"
                            if name else DAMAGED)
            self.spend(VALUE)
            action(self)

    def spend(self, size: int) -> None:
        self.budget -= size
        if self.budget < 0:
            raise Error(f"its pickle would take more than {BUDGET >> 20} MiB of memory, without the "
                        "tensors: not read")

    def take(self, size: int) -> bytes:
        """The next bytes."""
        if size > self.left:
            raise Error(DAMAGED)
        self.left -= size
        found = self.file.read(size)
        if len(found) != size:
            raise Error(DAMAGED)
        return found

    def counted(self, kind: str) -> bytes:
        """Bytes behind their number."""
        size, = struct.unpack(kind, self.take(struct.calcsize(kind)))
        if size < 0:
            raise Error(DAMAGED)
        self.spend(size)
        return self.take(size)

    def line(self) -> str:
        """A name that ends with its line, as old instructions have it."""
        found = bytearray()
        while True:
            c = self.take(1)
            if c == b"\n":
                return found.decode("utf-8")
            self.spend(1)
            found += c

    def push(self, value: Any) -> None:
        self.stack.append(value)

    def marked_items(self) -> List[Any]:
        """What was pushed since the last mark."""
        items, self.stack = self.stack, self.marked.pop()
        return items

    def called(self, what: Any, args: Any) -> Any:
        """What a call would make."""
        if not isinstance(what, (Named, Inert)) or not isinstance(args, tuple):
            raise Error(DAMAGED)
        name = str(what)
        builder = self.builders.get(name) if isinstance(what, Named) else None
        if builder is not None:
            self.spend(CONTAINER + sum(len(a) * (4 if isinstance(a, (str, bytes)) else VALUE) for a in args
                                       if isinstance(a, (dict, list, tuple, set, str, bytes))))
            return builder(*args)
        if isinstance(what, Named) and what.module.partition(".")[0] in HARMFUL and name not in HARMLESS:
            raise Error(f"would call {name} if pickle loaded it: an attack, or no data; nothing of it was "
                        "run")
        self.spend(CONTAINER)
        return Inert(name, args)


# -------------------------------------------------------------------------------------------- instructions --

def _proto(m: Unpickler) -> None:
    if m.take(1)[0] > pickle.HIGHEST_PROTOCOL:
        raise Error(DAMAGED)


def _packed(kind: str) -> Callable:
    size = struct.calcsize(kind)
    return lambda m: m.push(struct.unpack(kind, m.take(size))[0])


def _whole(kind: str) -> Callable:
    def action(m: Unpickler) -> None:
        raw = m.counted(kind)
        if len(raw) > LONGEST_INTEGER:
            raise Error(f"its pickle has an integer of {len(raw)} bytes: not read")
        m.push(int.from_bytes(raw, "little", signed=True))
    return action


def _text(kind: str) -> Callable:
    """Python keeps a text in up to four bytes a letter."""
    def action(m: Unpickler) -> None:
        raw = m.counted(kind)
        m.spend(3 * len(raw))
        m.push(raw.decode("utf-8", "surrogatepass"))
    return action


def _old_text(kind: str) -> Callable:
    """Strings of Python 2, which are text or bytes."""
    def action(m: Unpickler) -> None:
        raw = m.counted(kind)
        m.push(raw.decode("ascii") if raw.isascii() else raw)
    return action


def _raw(kind: str) -> Callable:
    return lambda m: m.push(m.counted(kind))


def _constant(value: Any) -> Callable:
    return lambda m: m.push(value)


def _made(kind: Callable) -> Callable:
    def action(m: Unpickler) -> None:
        m.spend(CONTAINER)
        m.push(kind())
    return action


def _tuple(size: int) -> Callable:
    def action(m: Unpickler) -> None:
        if len(m.stack) < size:
            raise Error(DAMAGED)
        m.stack[len(m.stack) - size:] = [tuple(m.stack[len(m.stack) - size:])]
    return action


def _mark(m: Unpickler) -> None:
    m.marked.append(m.stack)
    m.stack = []


def _pop(m: Unpickler) -> None:
    if m.stack:
        m.stack.pop()
    else:
        m.marked_items()


def _extend(m: Unpickler, items: List[Any]) -> None:
    target = m.stack[-1].items if isinstance(m.stack[-1], Inert) else m.stack[-1]
    if not isinstance(target, list):
        raise Error(DAMAGED)
    target.extend(items)


def _add(m: Unpickler) -> None:
    items, target = m.marked_items(), m.stack[-1]
    if isinstance(target, set):
        target.update(key_of(item) for item in items)
    else:
        target.items.extend(items)


def _put_items(m: Unpickler, items: List[Any]) -> None:
    mapping = m.stack[-1].mapping if isinstance(m.stack[-1], Inert) else m.stack[-1]
    if not isinstance(mapping, dict) or len(items) % 2:
        raise Error(DAMAGED)
    for key, value in zip(items[::2], items[1::2]):
        mapping[key_of(key)] = value


def _append(m: Unpickler) -> None:
    item = m.stack.pop()
    _extend(m, [item])


def _appends(m: Unpickler) -> None:
    items = m.marked_items()
    _extend(m, items)


def _set_item(m: Unpickler) -> None:
    value, key = m.stack.pop(), m.stack.pop()
    _put_items(m, [key, value])


def _set_items(m: Unpickler) -> None:
    items = m.marked_items()
    _put_items(m, items)


def _dict(m: Unpickler) -> None:
    items = m.marked_items()
    m.push({})
    _put_items(m, items)


def _frozen(m: Unpickler) -> None:
    m.push(frozenset(key_of(item) for item in m.marked_items()))


def _global(m: Unpickler) -> None:
    m.push(Named(m.line(), m.line()))


def _stack_global(m: Unpickler) -> None:
    name, module = m.stack.pop(), m.stack.pop()
    if not isinstance(name, str) or not isinstance(module, str):
        raise Error(DAMAGED)
    m.push(Named(module, name))


def _reduce(m: Unpickler) -> None:
    args, what = m.stack.pop(), m.stack.pop()
    m.push(m.called(what, args))


def _new_with_names(m: Unpickler) -> None:
    names, args, what = m.stack.pop(), m.stack.pop(), m.stack.pop()
    made = m.called(what, args)
    if isinstance(made, Inert) and isinstance(names, dict):
        made.mapping.update(names)
    m.push(made)


def _build(m: Unpickler) -> None:
    """The state of an object; attributes of dictionaries, lists and tensors are not data."""
    state, target = m.stack.pop(), m.stack[-1]
    if isinstance(target, Inert):
        target.state = state
    elif isinstance(target, (str, bytes, int, float, tuple, type(None))):
        raise Error(DAMAGED)


def _get(kind: str) -> Callable:
    size = struct.calcsize(kind)
    return lambda m: m.push(m.memo[struct.unpack(kind, m.take(size))[0]])


def _put(kind: str) -> Callable:
    size = struct.calcsize(kind)
    return lambda m: m.memo.__setitem__(struct.unpack(kind, m.take(size))[0], m.stack[-1])


def _persistent(m: Unpickler) -> None:
    if m.persistent is None:
        raise Error(DAMAGED)
    m.spend(CONTAINER)
    m.push(m.persistent(m.stack.pop()))


ACTIONS: Dict[bytes, Callable[[Unpickler], None]] = {
    pickle.PROTO: _proto,
    pickle.FRAME: lambda m: m.take(8) and None,
    pickle.MARK: _mark,
    pickle.POP: _pop,
    pickle.POP_MARK: lambda m: m.marked_items() and None,
    pickle.NONE: _constant(None),
    pickle.NEWTRUE: _constant(True),
    pickle.NEWFALSE: _constant(False),
    pickle.BININT: _packed("<i"),
    pickle.BININT1: _packed("<B"),
    pickle.BININT2: _packed("<H"),
    pickle.BINFLOAT: _packed(">d"),
    pickle.LONG1: _whole("<B"),
    pickle.LONG4: _whole("<i"),
    pickle.SHORT_BINUNICODE: _text("<B"),
    pickle.BINUNICODE: _text("<I"),
    pickle.BINUNICODE8: _text("<Q"),
    pickle.SHORT_BINSTRING: _old_text("<B"),
    pickle.BINSTRING: _old_text("<i"),
    pickle.SHORT_BINBYTES: _raw("<B"),
    pickle.BINBYTES: _raw("<I"),
    pickle.BINBYTES8: _raw("<Q"),
    pickle.BYTEARRAY8: _raw("<Q"),
    pickle.EMPTY_TUPLE: _constant(()),
    pickle.TUPLE1: _tuple(1),
    pickle.TUPLE2: _tuple(2),
    pickle.TUPLE3: _tuple(3),
    pickle.TUPLE: lambda m: m.push(tuple(m.marked_items())),
    pickle.EMPTY_LIST: _made(list),
    pickle.EMPTY_DICT: _made(dict),
    pickle.EMPTY_SET: _made(set),
    pickle.LIST: lambda m: m.push(m.marked_items()),
    pickle.DICT: _dict,
    pickle.FROZENSET: _frozen,
    pickle.APPEND: _append,
    pickle.APPENDS: _appends,
    pickle.SETITEM: _set_item,
    pickle.SETITEMS: _set_items,
    pickle.ADDITEMS: _add,
    pickle.GLOBAL: _global,
    pickle.STACK_GLOBAL: _stack_global,
    pickle.REDUCE: _reduce,
    pickle.NEWOBJ: _reduce,
    pickle.NEWOBJ_EX: _new_with_names,
    pickle.BUILD: _build,
    pickle.BINGET: _get("<B"),
    pickle.LONG_BINGET: _get("<I"),
    pickle.BINPUT: _put("<B"),
    pickle.LONG_BINPUT: _put("<I"),
    pickle.MEMOIZE: lambda m: m.memo.__setitem__(len(m.memo), m.stack[-1]),
    pickle.BINPERSID: _persistent,
}

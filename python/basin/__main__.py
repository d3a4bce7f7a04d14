"""python -m basin convert …, python -m basin contents …"""
from __future__ import annotations

import argparse
import functools
import importlib
import inspect
import os
import re
import sys
import warnings
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any, Iterator, Optional, Sequence

from torch import nn

from . import Error, contents, convert
from .error import first_line, printable
from .loss import FUNCTIONS, NAMES
from .progress import Progress

# What messages call an argument of convert(), as it is typed here
OPTIONS = {"trust=True": "--trust", "check=False": "--no-check", "perturbed=True": "--perturbed yes", "perturbed=False": "--perturbed no",
           "order=": "--order MOD:NAME", "out=": "--out DIR", "run=": "--run ID", "model_key=": "--model-key KEY",
           "optimizer_key=": "--optimizer-key KEY", "method=": "--method NAME",
           "train=": "--train", "test=": "--test", "dataset=": "--data", "loss=": "--loss "}


def _typed(message: str) -> str:
    message = re.sub(r"(?<![\w./-])(model|optimizer)_key=(?=\w)", r"--\1-key ", message)
    return re.sub("|".join(rf"(?<![\w./-]){re.escape(name)}" for name in OPTIONS), lambda found: OPTIONS[found.group()], message)


def _module(name: str) -> ModuleType:
    """By its name, looked for in the current folder too, or by the path of its file: then its folder comes first, as if it were run."""
    if not name.endswith(".py"):
        return importlib.import_module(name)
    path = Path(name).resolve()
    sys.path.insert(0, str(path.parent))
    try:
        module = importlib.import_module(path.stem)
    finally:
        sys.path.remove(str(path.parent))
    if Path(getattr(module, "__file__", None) or "").resolve() != path:
        raise ImportError(f"a module of the name {path.stem} is there already: rename the file")
    return module


def _object(spec: str, what: str) -> Any:
    """What «package.module:name» or «folder/file.py:name» names."""
    module, colon, name = spec.rpartition(":")
    if not colon or not module or not name:
        raise Error(f"{what} {spec}: expected package.module:name or file.py:name")
    try:
        found = _module(module)
        for part in name.split("."):
            found = getattr(found, part)
    except Exception as error:  # whatever the user's module raises
        raise Error(f"{what} {spec}: {type(error).__name__}: {first_line(error)}") from error
    return found


def _made(spec: str, what: str) -> Any:
    """The object, or what the function or class that it is makes without arguments."""
    found = _object(spec, what)
    if not isinstance(found, nn.Module) and callable(found):
        try:
            return found()
        except Exception as error:
            raise Error(f"{what} {spec}(): {type(error).__name__}: {first_line(error)}") from error
    return found


def _loss(spec: str) -> Any:
    """A name with its settings, torch's loss, or what a function without arguments makes."""
    if spec.partition(":")[0] in NAMES or ":" not in spec:
        return spec
    found = _object(spec, "--loss")
    if isinstance(found, (nn.Module, functools.partial)) or not callable(found) or any(found is f for f in FUNCTIONS):
        return found
    try:
        inspect.signature(found).bind()
    except (TypeError, ValueError):
        raise Error(f"--loss {spec}: only torch's own losses: give a torch loss object, such as nn.CrossEntropyLoss(…), or a name: "
                    "cross_entropy, bce_with_logits, mse") from None
    return _made(spec, "--loss")


@contextmanager
def _as_main(module: ModuleType) -> Iterator[None]:
    """A pickle of a script that was run names its classes after __main__: here they are those of --model's module."""
    own = sys.modules["__main__"]
    sys.modules["__main__"] = module
    try:
        yield
    finally:
        sys.modules["__main__"] = own


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m basin", description="PyTorch training runs as basin checkpoints")
    commands = parser.add_subparsers(dest="command", metavar="convert|contents", required=True)
    c = commands.add_parser(
        "convert", help="saved checkpoints as basin's", description=convert.__doc__.split("\n")[0],
        epilog="example: python -m basin convert --model train:make_net --loss cross_entropy --train "
               "train:train_set --out converted 'runs/**/*.pt'")
    c.add_argument("pattern", nargs="+", help="files, folders, or patterns such as 'runs/**/*.pt'")
    c.add_argument("--model", required=True, metavar="MOD:NAME", help="function or class that makes the network, in a module or FILE.py")
    c.add_argument("--loss", required=True, help="cross_entropy, bce_with_logits, mse, or MOD:NAME of a torch loss; "
                   "with settings: cross_entropy:ignore_index=-1,label_smoothing=0.1")
    c.add_argument("--out", required=True, metavar="DIR")
    c.add_argument("--train", metavar="MOD:NAME", help="(x, y), Dataset or DataLoader, or a function that makes it")
    c.add_argument("--test", metavar="MOD:NAME")
    c.add_argument("--data", metavar="FILE", help="a data file of basin instead")
    c.add_argument("--order", metavar="MOD:NAME", help="function that makes the optimizer or its param groups of the network")
    c.add_argument("--method", help="instead of what the files say: gd, sgd, nag, sam, usam, msam, adam, …")
    c.add_argument("--perturbed", choices=("yes", "no"), help="of MSAM: saved between steps, or moved back; no: also of weights without a method")
    c.add_argument("--seed", metavar="N|REGEX", help="a number, or a pattern with one group that finds it in a path: 'seed_(\\d+)'")
    c.add_argument("--run", dest="identity", metavar="ID", help="identity of the one training that all files are of, where several folders are one")
    c.add_argument("--batch-size", type=int, metavar="N", help="0 is the full batch")
    c.add_argument("--model-key", metavar="KEY",
                   help="of the state dict in the files, if it is an unusual one: «a.b» for a nested one, and "
                        "for a prefix of its names")
    c.add_argument("--optimizer-key", metavar="KEY")
    c.add_argument("--trust", action="store_true",
                   help="load modules that were pickled whole, with pickle; it can run any code. Classes of "
                        "__main__ are looked for in --model's module")
    c.add_argument("--no-check", action="store_true", help="do not compare losses with the basin command")
    c.set_defaults(run=_convert)
    c = commands.add_parser(
        "contents", help="what is in saved files: tensors, values, and the classes of what is neither",
        description="The entries of files of torch.save and safetensors, and of folders that are one "
                    "checkpoint; nothing that they name is run.",
        epilog="example: python -m basin contents runs/last.ckpt")
    c.add_argument("path", nargs="+")
    c.set_defaults(run=_contents)
    return parser


def _convert(a: argparse.Namespace) -> int:
    model = _made(a.model, "--model")
    if not isinstance(model, nn.Module):
        raise Error(f"--model {a.model}: expected a torch.nn.Module, or a function that makes one, got {type(model).__name__}")
    options = dict(
        out=a.out, loss=_loss(a.loss), train=_made(a.train, "--train") if a.train else None, test=_made(a.test, "--test") if a.test else None,
        dataset=a.data, order=_object(a.order, "--order") if a.order else None, method=a.method,
        perturbed={"yes": True, "no": False, None: None}[a.perturbed], seed=int(a.seed) if a.seed and a.seed.isdigit() else a.seed,
        model_key=a.model_key, optimizer_key=a.optimizer_key, hyperparameters={} if a.batch_size is None else {"batch_size": a.batch_size},
        run=a.identity, trust=a.trust, check=not a.no_check)
    with _as_main(_module(a.model.rpartition(":")[0])), Progress() as progress:
        result = convert(model, a.pattern, progress=progress.at, **options)
    if result.written:
        print(_typed(result.listing()))
    for entry in result.failed:
        print(f"basin: {_typed(str(entry))}", file=sys.stderr)
    return 1 if result.failed else 0


def _contents(a: argparse.Namespace) -> int:
    failed = False
    for path in a.path:
        try:
            lines = contents(path)
        except Error as error:
            failed = True
            print(f"basin: {printable(path)}: {error}", file=sys.stderr)
        else:
            print("\n".join([f"{printable(path)}:", *(f"  {line}" for line in lines)]))
    return 1 if failed else 0


def main(arguments: Optional[Sequence[str]] = None) -> int:
    if "" not in sys.path:
        sys.path.insert(0, "")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what convert warns of is in the listing
            options = _parser().parse_args(arguments)
            return options.run(options)
    except Error as error:
        print(f"basin: {_typed(str(error))}", file=sys.stderr)
        return 1
    except BrokenPipeError:  # whoever read the output has gone
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt:
        print("basin: interrupted", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())

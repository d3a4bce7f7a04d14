"""One saved checkpoint: where the state dicts of model and optimizer are in it, and what else it says."""
from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Callable, Dict, Iterator, List, Mapping, Optional, Sequence, Set, Tuple

import torch
from torch import nn

from .checkpoint import Writer
from .error import Error
from .folders import Source, read_content
from .load import is_module
from .matching import Matched, fits, match_tensors, tensors_of
from .reform import Writers, expected, forms_of, unknown_parametrization
from .reported import Reported, as_number, belonging, reported
from .steps import Counts, has_stepped, in_name
from .stored import Tensor, is_tensor, values
from .unpickle import Inert, Named, fields

MODEL_KEYS = ("model_state_dict", "state_dict", "model_state", "modelState", "model", "net", "network",
              "last", "weights", "params", "module")
OPTIMIZER_KEYS = ("base_optimizer_state_dict", "base_optimizer", "optimizer_state_dict", "optimizerState",
                  "optimizer_state", "optimizer", "optim", "opt", "optimizer_states", "last_optimizer_state")
STEP_KEYS = ("step", "global_step", "iteration", "iterations", "num_updates")
NUMBERS = {
    "seed": "seed", "gradient_evaluations": "gradient_evaluations", "seconds": "seconds",
    "batch_size": "batch_size"
}
OPTIONS = ("hyper_parameters", "hparams", "args", "config", "cfg")  # of the training script, as it saved them
OF_OPTIONS = ("seed", "batch_size")
LARGEST_COUNT = 1 << 53  # up to which a double holds every whole number
DEEPEST = 3  # keys of a path that is searched
MOST = 1 << 14  # entries that are looked at
# Lightning's callbacks of averaging swap the weights when they save: those that were trained lie here, and
# state_dict holds the average
TRAINED_BESIDE = "current_model_state"
AVERAGED = re.compile(r"(^|[._])(ema|swa|avg|averaged?|shadow)([._]|$)", re.I)  # names of averaged weights


@dataclass
class Saved:
    """What a checkpoint holds. writer: of the network in the form that the weights have; tensors: by its
    names, read when asked for."""

    writer: Writer
    tensors: Dict[str, Tensor]
    optimizer: Optional[Mapping[str, Any]]
    epoch: Optional[float]
    counts: Counts
    numbers: Dict[str, float]
    reported: List[Reported]  # the training's own word
    notes: List[str] = field(default_factory=list)
    warning: Optional[str] = None
    trainer: bool = False  # by Hugging Face's Trainer, whose groups are known
    of_others: bool = False  # the optimizer's state is of other weights: these are averages

    def state(self) -> Dict[str, torch.Tensor]:
        """The tensors that the graph reads."""
        return {name: values(self.tensors[name], name) for name in expected(self.writer).needed}


# --------------------------------------------------------------------------------------------- where it is --

def _is_state_dict(value: Any) -> bool:
    return (isinstance(value, Mapping) and any(is_tensor(v) for v in value.values())
            and all(isinstance(k, str) for k in value))


def _is_optimizer(value: Any) -> bool:
    return isinstance(value, Mapping) and "state" in value and "param_groups" in value


def _plain(value: Any) -> Any:
    """What stands for a value: the state dict of a module, the entries of an object, the one item of a
    list."""
    if isinstance(value, nn.Module):
        return value.state_dict()
    if isinstance(value, (list, tuple)) and len(value) == 1:
        return _plain(value[0])
    return value if isinstance(value, Mapping) or is_module(value) else fields(value) or value


def _walk(content: Any, path: str) -> Any:
    """What lies at «a.b»: keys, positions in lists, and at last a prefix of names; None if there is
    nothing."""
    first, _, rest = path.partition(".")
    if isinstance(content, (list, tuple)) and re.fullmatch("[0-9]{1,9}", first):
        item = content[int(first)] if int(first) < len(content) else None
        return _walk(item, rest) if rest and item is not None else _plain(item)
    content = _plain(content)
    if not isinstance(content, Mapping):
        return None
    if path in content:
        return _plain(content[path])
    parts = path.split(".")
    for cut in range(len(parts) - 1, 0, -1):
        key = ".".join(parts[:cut])
        if key in content:
            return _walk(content[key], ".".join(parts[cut:]))
    inside = {
        name[len(path) + 1:]: value
        for name, value in content.items()
        if isinstance(name, str) and name.startswith(path + ".")
    }
    return inside or None


def _given(content: Any, path: str, good: Callable[[Any], bool], what: str) -> Any:
    found = _walk(content, path)
    if found is None:
        raise Error(f"no key «{path}» for the {what}; there are {_keys(content)}")
    if not good(found):
        raise Error(f"key «{path}» does not hold the state of the {what}")
    return found


def _find(content: Any, keys: Sequence[str], good: Callable[[Any], bool]) -> Tuple[Any, Optional[str]]:
    """The first of the keys that holds such a thing."""
    for key in keys:
        value = _plain(content.get(key)) if isinstance(content, Mapping) else None
        if good(value):
            return value, key
    return None, None


def _keys(content: Any) -> str:
    content = _plain(content)
    if isinstance(content, Mapping):
        return ", ".join(map(str, list(content)[:12]))
    return f"none (a {content if isinstance(content, (Inert, Named)) else type(content).__name__})"


def _mappings(content: Any) -> Iterator[Tuple[str, Mapping[Any, Any]]]:
    """What may be state dicts, by their paths; each is looked at once, however often it is there."""
    seen: Set[int] = set()
    open_ones = [("", _plain(content))]
    for path, value in open_ones:  # which grows
        if not isinstance(value, Mapping) or id(value) in seen or len(seen) >= MOST:
            continue
        seen.add(id(value))
        if path and _is_state_dict(value):
            yield path, value
        if path.count(".") < DEEPEST - 1 and not _is_optimizer(value):
            open_ones += [(f"{path}.{key}" if path else key, _plain(item))
                          for key, item in list(value.items())[:MOST]
                          if isinstance(key, str) and not is_tensor(item)]


def _suggestion(content: Any, writers: Writers) -> str:
    """Which keys hold weights of the model."""
    wanted = expected(writers.bare)
    fitting = []
    for path, state in _mappings(content):
        try:
            if fits(forms_of(tensors_of(state))[1], wanted) is not None:
                fitting.append(path)
        except Error:
            continue
    return f"give model_key={f' ({chr(44).join(fitting)} fits)' if fitting else ''}"


def _state_dict(content: Any, writers: Writers,
                key: Optional[str]) -> Tuple[Mapping[str, Any], Optional[str]]:
    """The state dict of the model and its key; None where it is all that the file has."""
    if key is not None:
        return _given(content, key, _is_state_dict, "model"), key
    whole = _find(content, MODEL_KEYS, lambda value: is_module(value))[0]
    if is_module(content) or whole is not None:
        raise Error("holds a whole pickled module, not its weights: save model.state_dict() instead; "
                    "trust=True loads it with pickle, which can run any code in it and needs the module's "
                    "class")
    state, found = _find(content, MODEL_KEYS, _is_state_dict)
    if state is not None:
        return state, found
    if _is_state_dict(content):
        return content, None
    if _is_optimizer(content):
        raise Error("no state dict of a model: it is the state of an optimizer alone")
    raise Error(f"no state dict of a model under {', '.join(MODEL_KEYS)}; the file has {_keys(content)}: "
                f"{_suggestion(content, writers)}")


def _others(content: Any, key: Optional[str]) -> List[str]:
    """Other state dicts beside the one that was taken, which may be averaged weights."""
    if key is None or not isinstance(content, Mapping):
        return []
    return [name for name, value in content.items() if isinstance(name, str) and name != key.partition(".")[0]
            and AVERAGED.search(name) and _is_state_dict(_plain(value))]


def _are_averaged(content: Any, key: Optional[str]) -> bool:
    """Averages of weights, by the key that they are under, or by what lies beside them."""
    return (key is not None
            and bool(AVERAGED.search(key) or (key == "state_dict" and TRAINED_BESIDE in content)))


# ------------------------------------------------------------------------------------------- the optimizer --

def _checked(optimizer: Mapping[str, Any]) -> Mapping[str, Any]:
    """The state of an optimizer has the form that torch gives it."""
    state, groups = optimizer["state"], optimizer["param_groups"]
    good = isinstance(state, Mapping) and isinstance(groups, (list, tuple)) and bool(groups)
    good = good and all(isinstance(group, Mapping) for group in groups)
    good = good and all(isinstance(group.get("params"), (list, tuple)) for group in groups)
    if not good or not all(isinstance(i, (int, str)) for group in groups for i in group["params"]):
        raise Error("the optimizer's state is damaged: expected the mapping «state» and a list "
                    "«param_groups» with «params» in each")
    return {**optimizer, "state": state, "param_groups": list(groups)}


def _several(content: Any, writer: Writer, notes: List[str]) -> Optional[Mapping[str, Any]]:
    """Of several states in a list, the one with as many tensors as the model has parameters."""
    states = content.get("optimizer_states") if isinstance(content, Mapping) else None
    if not isinstance(states, (list, tuple)) or len(states) < 2 or not all(map(_is_optimizer, states)):
        return None
    sizes = [sum(len(group["params"]) for group in _checked(state)["param_groups"]) for state in states]
    fitting = [i for i, size in enumerate(sizes) if size == len(writer.orders[0])]
    if len(fitting) != 1:
        notes.append(f"{len(states)} optimizer states in the file: say which by "
                     "optimizer_key=optimizer_states.0 and so on")
        return None
    return states[fitting[0]]


def _optimizer(content: Any, key: Optional[str], writer: Writer,
               notes: List[str]) -> Optional[Mapping[str, Any]]:
    if key is not None:
        return _checked(_given(content, key, _is_optimizer, "optimizer"))
    found = _find(content, OPTIMIZER_KEYS, _is_optimizer)[0] or _several(content, writer, notes)
    return None if found is None else _checked(found)


# ------------------------------------------------------------------------------------------------- numbers --

def _number(content: Any, keys: Sequence[str]) -> Optional[float]:
    """A number under one of the keys, as it is; NaN is none."""
    for key in keys:
        value = content.get(key) if isinstance(content, Mapping) else None
        found = as_number(value, key)
        if found is not None:
            return found
    return None


def _count(content: Any, keys: Sequence[str], what: str) -> Optional[float]:
    """Of steps or epochs."""
    found = _number(content, keys)
    if found is not None and not abs(found) <= LARGEST_COUNT:
        raise Error(f"{what} is {found:g} in the file: damaged?")
    return found


def _counts(source: Source, content: Any, optimizer: Optional[Mapping[str, Any]],
            epoch: Optional[float]) -> Counts:
    """Where in its training the file was saved, as far as it says."""
    states = (v for v in optimizer["state"].values() if isinstance(v, Mapping)) if optimizer else iter(())
    adam = next((_count(v, ("step",), "the optimizer's step") for v in states), None)
    step = _count(content, STEP_KEYS, "step")
    step = in_name(source.target, "step|iter|iteration") if step is None else step
    whole = {key: int(value) for key, value in (("optimizer", adam), ("step", step))
             if value is not None and value >= 0}
    return Counts(epoch=epoch, stepped=has_stepped(optimizer), **whole)


def _numbers(content: Any, notes: List[str]) -> Dict[str, float]:
    """Of the file, else of the options of its script; what no count can be is unknown."""
    found: Dict[str, float] = {}
    for key, to in NUMBERS.items():
        value, where = _number(content, (key,)), key
        for options in OPTIONS if value is None and key in OF_OPTIONS else ():
            inside = _plain(content.get(options)) if isinstance(content, Mapping) else None
            value, where = _number(inside, (key,)), f"{options}.{key}"
            if value is not None:
                break
        if value is None:
            continue
        if not 0 <= value <= LARGEST_COUNT:
            notes.append(f"{where} is {value:g} in the file: unknown")
            continue
        if where != key:
            notes.append(f"{where} is {value:g}")
        found[to] = value
    return found


# -------------------------------------------------------------------------------------------- all together --

def _matched(state: Mapping[str, Any], writers: Writers) -> Tuple[Writer, Matched]:
    """The writer of the network in the file's form, and the tensors by its names."""
    tensors, wanted = tensors_of(state), expected(writers.bare)
    if fits(tensors, wanted) is None:
        forms, plain = forms_of(tensors)
        prefixes = fits(plain, wanted) if forms else None
        if prefixes is not None:
            strip, add = prefixes
            named = {
                strip + weight[len(add):]: form for weight, form in forms.items() if weight.startswith(add)
            }
            writer = writers.of(named)
            found = match_tensors(state, expected(writer))
            kinds = ", ".join(dict.fromkeys(form.kind for form in named.values()))
            found.notes.append(f"weights in parts ({kinds}): θ is what was trained")
            return writer, found
        unknown = unknown_parametrization(tensors)
        if unknown is not None:
            raise Error(f"{unknown} is made by a parametrization that is not in the file: give the model "
                        "with it")
    return writers.bare, match_tensors(state, wanted)


def open_saved(source: Source, writers: Writers, model_key: Optional[str], optimizer_key: Optional[str],
               trust: bool) -> Saved:
    """All of a checkpoint but the numbers of its tensors."""
    content = _plain(read_content(source, trust))
    state, key = _state_dict(content, writers, model_key)
    writer, found = _matched(state, writers)
    rest = content if key is not None else {}
    notes, said = found.notes, reported(rest)
    others = _others(content, key)
    if others:
        notes.append(f"the file also has {', '.join(others)}: model_key= takes it")
    optimizer = _optimizer(rest, optimizer_key, writer, notes)
    averaged = found.averaged or _are_averaged(rest, key)
    if averaged:
        trained = f", of those under model_key={TRAINED_BESIDE}" if TRAINED_BESIDE in rest else ""
        notes.append(f"averaged weights{trained}")
    said = belonging(said, averaged, bool(others) or TRAINED_BESIDE in rest)
    epoch = _count(rest, ("epoch",), "epoch")
    epoch = in_name(source.target, "epoch|ep") if epoch is None else epoch
    return Saved(writer, found.tensors, optimizer, epoch, _counts(source, rest, optimizer, epoch),
                 _numbers(rest, notes), said, notes, found.warning,
                 trainer=source.state is not None, of_others=averaged and optimizer_key is None)

"""Names of parameters: as in the state dict of the bare module."""
from __future__ import annotations

from typing import Collection, Dict

import torch
from torch import nn


# Parts of names that torch.compile, FullyShardedDataParallel and activation checkpointing put in
WRAPPERS = ("_orig_mod", "_fsdp_wrapped_module", "_fpw_module", "_checkpoint_wrapped_module")


def match(name: str, known: Collection[str]) -> str:
    """The name as the bare module knows it: DistributedDataParallel puts module. in front; but a model may
    have a submodule of its own that is called «module»."""
    plain = compiled_free(name)
    while plain not in known and plain.startswith("module."):
        plain = plain[len("module."):]
    return plain


def unwrap(module: nn.Module) -> nn.Module:
    """The module itself, out of torch.compile and (Distributed)DataParallel, in whatever order they were put around it."""
    while True:
        if isinstance(getattr(module, "_orig_mod", None), nn.Module):
            module = module._orig_mod
        elif isinstance(module, (nn.DataParallel, nn.parallel.DistributedDataParallel)):
            module = module.module
        else:
            return module


def parameter_names(model: nn.Module) -> Dict[int, str]:
    """Name of each parameter by the identity of its tensor, in the model's order; a shared one has its first name."""
    return {id(p): compiled_free(name) for name, p in model.named_parameters()}


def compiled_free(name: str) -> str:
    """Without the parts that wrappers of a submodule put in."""
    return ".".join(part for part in name.split(".") if part not in WRAPPERS)


def aliases(model: nn.Module) -> Dict[str, str]:
    """For every name in the state dict, shared ones included, the first name of that tensor."""
    first = parameter_names(model)
    found = {}
    for name, tensor in model.state_dict(keep_vars=True).items():
        if isinstance(tensor, torch.Tensor) and id(tensor) in first:
            found[compiled_free(name)] = first[id(tensor)]
    return found

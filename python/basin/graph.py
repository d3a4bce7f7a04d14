"""basin's graph (docs/checkpoint-format.md): ONNX's op names, parameters under their state-dict names."""
from __future__ import annotations

import json
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple

import torch

from .semantics import COMPUTE


class Graph:
    """basin's graph: input shape of one sample, ops, and which tensor is the output."""

    def __init__(self, input_shape: Sequence[int]):
        self.input_shape = list(input_shape)
        self.input = "input"
        self.output = ""
        self.output_shape: Tuple[int, ...] = ()
        self.nodes: List[Dict[str, Any]] = []
        self.parameters: Dict[str, List[int]] = {}
        self.aliases: Dict[str, str] = {}
        self.buffers: Dict[str, torch.Tensor] = {}  # what is not trained, in double: for /buffers
        self.state_keys: Dict[str, Optional[str]] = {}  # of each buffer: its name in the state dict, or None for a constant of the module's code
        self.frozen: List[str] = []  # the buffers that are parameters with requires_grad off
        self.flattened = False  # the module returns [N·T, …] where the graph's output is [N, T, …]

    def json(self) -> str:
        """As the data set /graph of a checkpoint holds it: one parameter or node a line."""
        lines = ",\n".join
        parameters = lines(json.dumps({"name": n, "shape": s}) for n, s in self.parameters.items())
        return (f'{{"input": {json.dumps({"name": self.input, "shape": self.input_shape})},\n"output": {json.dumps(self.output)},\n'
                f'"parameters": [\n{parameters}],\n"nodes": [\n{lines(json.dumps(n) for n in self.nodes)}]}}\n')

    def buffers_from(self, state: Mapping[str, torch.Tensor]) -> Dict[str, torch.Tensor]:
        """The buffers with the values of another state dict of the same module (running statistics, frozen weights)."""
        return {name: self.buffers[name] if key is None else state[key].detach().to("cpu", torch.float64)
                for name, key in self.state_keys.items()}

    def evaluate(self, x: torch.Tensor, parameters: Mapping[str, torch.Tensor],
                 buffers: Optional[Mapping[str, torch.Tensor]] = None) -> torch.Tensor:
        """The output for a batch [N, …], by the semantics of docs/checkpoint-format.md; with the graph's own buffers if none are given."""
        tensors = {**(self.buffers if buffers is None else buffers), **parameters, self.input: x}
        for node in self.nodes:
            tensors.update(zip(node["outputs"], run(node, [tensors[name] if name else None for name in node["inputs"]])))
        return tensors[self.output]


def run(node: Mapping[str, Any], inputs: Sequence[Optional[torch.Tensor]]) -> Sequence[torch.Tensor]:
    """The outputs of one node."""
    result = COMPUTE[node["op"]](node.get("attributes", {}), *inputs)
    return [result] if isinstance(result, torch.Tensor) else result

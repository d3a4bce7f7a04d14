"""Shorter graphs: what is computed twice, reshapes of reshapes and transposes of transposes become one; what nothing reads goes."""
from __future__ import annotations

import json
from typing import Any, Dict

from .graph import Graph

RESHAPES = ("Reshape", "Flatten")


def simplify(graph: Graph) -> None:
    makers = {name: node for node in graph.nodes for name in node["outputs"]}
    for node in graph.nodes:
        before = makers.get(node["inputs"][0]) if node["inputs"] else None
        if before is None:
            continue
        if node["op"] in RESHAPES and before["op"] in RESHAPES and _explicit(node):
            node["inputs"] = list(before["inputs"])
        elif node["op"] == before["op"] == "Transpose":
            _compose(node, before)
    graph.nodes = [node for node in graph.nodes if not _is_nothing(graph, node)]
    _join_equal(graph)
    _prune(graph)


def _explicit(node: Dict[str, Any]) -> bool:
    """Its only dimension that is kept is the batch."""
    return node["op"] == "Flatten" or 0 not in node["attributes"]["shape"][1:]


def _compose(node: Dict[str, Any], before: Dict[str, Any]) -> None:
    first = before["attributes"]["perm"]
    node["attributes"] = {"perm": [first[i] for i in node["attributes"]["perm"]]}
    node["inputs"] = list(before["inputs"])


def _is_nothing(graph: Graph, node: Dict[str, Any]) -> bool:
    """A transpose that composed to the identity: whoever reads it reads its input."""
    if node["op"] != "Transpose" or node["attributes"]["perm"] != sorted(node["attributes"]["perm"]) or node["outputs"][0] == graph.output:
        return False
    for other in graph.nodes:
        other["inputs"] = [node["inputs"][0] if name == node["outputs"][0] else name for name in other["inputs"]]
    return True


def _join_equal(graph: Graph) -> None:
    """Nodes that compute the same."""
    first: Dict[str, Dict[str, Any]] = {}
    same: Dict[str, str] = {}
    for node in graph.nodes:
        node["inputs"] = [same.get(name, name) for name in node["inputs"]]
        other = first.setdefault(json.dumps([node["op"], node["inputs"], node.get("attributes")]), node)
        if other is not node:
            same.update(zip(node["outputs"], other["outputs"]))
    graph.output = same.get(graph.output, graph.output)


def _prune(graph: Graph) -> None:
    """Only what the output needs."""
    needed, kept = {graph.output}, []  # type: ignore[var-annotated]
    for node in reversed(graph.nodes):
        if needed.intersection(node["outputs"]):
            needed.update(node["inputs"])
            kept.append(node)
    graph.nodes = kept[::-1]
    graph.parameters = {name: shape for name, shape in graph.parameters.items() if name in needed}
    graph.buffers = {name: value for name, value in graph.buffers.items() if name in needed}
    graph.state_keys = {name: key for name, key in graph.state_keys.items() if name in graph.buffers}
    graph.frozen = [name for name in graph.frozen if name in graph.buffers]

"""Networks of the experiments as the graphs that `basin train --graph` reads (docs/checkpoint-format.md). Standard library only.

usage: python3 graphs.py rows WIDTH HEADS HIDDEN [OUTPUTS]    a transformer of one block over the rows of an 8×8 image, on standard output
       python3 graphs.py next WIDTH HEADS HIDDEN              a causal one, which predicts each of rows 1 to 7 from those before it
"""
import json
import sys


class Graph:
    def __init__(self, shape):
        self.shape, self.parameters, self.nodes = shape, [], []

    def parameter(self, name, *shape):
        self.parameters.append({"name": name, "shape": list(shape)})
        return name

    def node(self, name, op, *inputs, **attributes):
        self.nodes.append({"name": name, "op": op, "inputs": list(inputs), "outputs": [name], **({"attributes": attributes} if attributes else {})})
        return name

    def dense(self, name, x, inside, outside):
        return self.node(name, "Gemm", x, self.parameter(f"{name}.weight", outside, inside), self.parameter(f"{name}.bias", outside), transB=1)

    def norm(self, name, x, width):
        return self.node(name, "LayerNormalization", x, self.parameter(f"{name}.weight", width), self.parameter(f"{name}.bias", width))

    def block(self, x, tokens, width, heads, hidden, causal):
        """Attention and a ReLU perceptron, norm first: x [N, tokens, width]."""
        y = self.norm("norm1", x, width)
        split = [self.node(f"{n}_split", "Reshape", self.dense(n, y, width, width), shape=[0, tokens, heads, width // heads]) for n in "qkv"]
        q, k, v = (self.node(f"{s}_heads", "Transpose", s, perm=[0, 2, 1, 3]) for s in split)
        mixed = self.node("attention", "Attention", q, k, v, is_causal=int(causal))
        mixed = self.node("merged", "Reshape", self.node("back", "Transpose", mixed, perm=[0, 2, 1, 3]), shape=[0, tokens, width])
        x = self.node("after_attention", "Add", x, self.dense("o", mixed, width, width))
        y = self.node("relu", "Relu", self.dense("fc1", self.norm("norm2", x, width), width, hidden))
        return self.node("after_perceptron", "Add", x, self.dense("fc2", y, hidden, width))

    def json(self, output):
        return json.dumps({"input": {"name": "input", "shape": self.shape}, "output": output, "parameters": self.parameters, "nodes": self.nodes}, indent=1)


def rows(width, heads, hidden, outputs=10):
    """A token a row of the image, positions, one block, the mean of the tokens."""
    g = Graph([64])
    x = g.dense("embed", g.node("tokens", "Reshape", "input", shape=[0, 8, 8]), 8, width)
    x = g.node("placed", "Add", x, g.parameter("positions.weight", 8, width))
    x = g.norm("norm3", g.block(x, 8, width, heads, hidden, False), width)
    return g.json(g.dense("head", g.node("mean", "ReduceMean", x, axes=[1], keepdims=0), width, outputs))


def next_row(width, heads, hidden):
    """The first seven rows [7, 8] in, the next one of each out, as one line of 56 numbers."""
    g = Graph([56])
    x = g.dense("embed", g.node("tokens", "Reshape", "input", shape=[0, 7, 8]), 8, width)
    x = g.node("placed", "Add", x, g.parameter("positions.weight", 7, width))
    x = g.norm("norm3", g.block(x, 7, width, heads, hidden, True), width)
    return g.json(g.node("flat", "Flatten", g.dense("head", x, width, 8), axis=1))


def main():
    kinds = {"rows": rows, "next": next_row}
    kind, *numbers = sys.argv[1:]
    if kind not in kinds:
        raise SystemExit(f"{kind}: {', '.join(kinds)} is what there is")
    print(kinds[kind](*map(int, numbers)))


if __name__ == "__main__":
    main()

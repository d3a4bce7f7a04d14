#!/usr/bin/env python3
"""Writes tests/data/oracle_bn{,_other}.h5 and their data: a convolutional network with two BatchNorms, and what PyTorch computes
of it in training mode (F.batch_norm with training=True) in double by its own autograd: loss, gradient and H·v over batches of 16
samples, and the loss of one batch of everything, which is what re-estimated statistics give. Nothing of basin is used; the
checkpoints are written from docs/checkpoint-format.md. The other one has other weights, and statistics gathered at perturbed
weights. Made with PyTorch 1.13.0 (Debian 12's python3-torch), numpy and h5py.

usage: make_batch_norm.py [FOLDER]
"""
import json
import sys

import h5py
import numpy as np
import torch
import torch.nn.functional as F

from make_oracle import write_data

torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)

SHAPES = {"conv1": (4, 2, 3, 3), "bn1.scale": (4,), "bn1.shift": (4,), "conv2": (3, 4, 2, 2), "bn2.scale": (3,), "bn2.shift": (3,),
          "fc": (5, 12), "fc.bias": (5,)}
STATISTICS = {"bn1.mean": 4, "bn1.var": 4, "bn2.mean": 3, "bn2.var": 3}
BATCH = 16


def node(name, op, inputs, attributes=None):
    return {"name": name, "op": op, "inputs": inputs, "outputs": [name + ".out"], "attributes": attributes or {}}


GRAPH = json.dumps({
    "input": {"name": "input", "shape": [2, 6, 6]}, "output": "fc.out",
    "parameters": [{"name": n, "shape": list(s)} for n, s in SHAPES.items()],
    "nodes": [node("conv1", "Conv", ["input", "conv1"], {"pads": [1, 1, 1, 1], "strides": [2, 2]}),
              node("bn1", "BatchNormalization", ["conv1.out", "bn1.scale", "bn1.shift", "bn1.mean", "bn1.var"]),
              node("act1", "Tanh", ["bn1.out"]),
              node("conv2", "Conv", ["act1.out", "conv2"]),
              node("bn2", "BatchNormalization", ["conv2.out", "bn2.scale", "bn2.shift", "bn2.mean", "bn2.var"]),
              node("act2", "Sigmoid", ["bn2.out"]),
              node("flat", "Flatten", ["act2.out"]),
              node("fc", "Gemm", ["flat.out", "fc", "fc.bias"], {"transB": 1})],
})


def parts(theta):
    sizes = [int(np.prod(s)) for s in SHAPES.values()]
    return {n: p.view(s) for (n, s), p in zip(SHAPES.items(), theta.split(sizes))}


def network(theta, x, statistics=None):
    p = parts(theta)

    def norm(y, name):
        stored = (None, None) if statistics is None else (statistics[name + ".mean"], statistics[name + ".var"])
        return F.batch_norm(y, *stored, p[name + ".scale"], p[name + ".shift"], training=statistics is None)

    y = torch.tanh(norm(F.conv2d(x, p["conv1"], stride=2, padding=1), "bn1"))
    y = torch.sigmoid(norm(F.conv2d(y, p["conv2"]), "bn2"))
    return F.linear(y.flatten(1), p["fc"], p["fc.bias"])


def loss_in_batches(theta, x, t, batch):
    sums = [F.cross_entropy(network(theta, a), b, reduction="sum") for a, b in zip(x.split(batch), t.split(batch))]
    return sum(sums) / len(x)


def write(path, theta, statistics, point, digest, expected):
    with h5py.File(path, "w") as f:
        f.attrs["format"], f.attrs["version"] = "basin checkpoint", 1
        f["graph"] = GRAPH
        for name, p in parts(theta).items():
            f.create_dataset(f"parameters/{name}", data=p.numpy(), track_times=False)
        for name, value in statistics.items():
            f.create_dataset(f"buffers/{name}", data=value.numpy(), track_times=False)
        f["buffers"].attrs["point"] = point
        f.create_group("training").attrs.update({"method": "msam", "perturbed": "no", "seed": 0})
        f.create_group("loss").attrs.update({"name": "softmax_cross_entropy", "label_smoothing": 0.0})
        f.create_group("data").attrs.update({"path": "oracle_bn_data.h5", "digest": digest})
        for name, value in expected.items():
            f.create_dataset(f"oracle/{name}", data=value, track_times=False)
        f.attrs["complete"] = 1


def make(folder):
    torch.manual_seed(3)
    x, t = torch.randn(70, 2, 6, 6), torch.randint(0, 5, (70,))
    splits = {"train": np.arange(58), "test": np.arange(58, 70)}
    digest = write_data(f"{folder}/oracle_bn_data.h5", x.numpy(), t.numpy().astype("i8"), splits)
    x, t, x_test, t_test = x[:58], t[:58], x[58:], t[58:]
    size = sum(int(np.prod(s)) for s in SHAPES.values())
    for name, point in (("oracle_bn", "theta"), ("oracle_bn_other", "theta_perturbed")):
        theta = (0.5 * torch.randn(size)).requires_grad_()
        statistics = {n: (0.1 + torch.rand(c) if n.endswith("var") else 0.3 * torch.randn(c)) for n, c in STATISTICS.items()}
        loss = loss_in_batches(theta, x, t, BATCH)
        gradient, = torch.autograd.grad(loss, theta, create_graph=True)
        block = torch.randn(3, size)
        products = torch.stack([torch.autograd.grad(gradient, theta, grad_outputs=v, retain_graph=True)[0] for v in block])
        found = {n: None for n in STATISTICS}
        with torch.no_grad():  # statistics of one batch of everything: momentum 1, and biased variances
            h, p = x, parts(theta)
            for layer, conv, act in (("bn1", {"stride": 2, "padding": 1}, torch.tanh), ("bn2", {}, torch.sigmoid)):
                h = F.conv2d(h, p["conv" + layer[2]], **conv)
                found[layer + ".mean"], found[layer + ".var"] = h.mean((0, 2, 3)), h.var((0, 2, 3), unbiased=False)
                h = act(F.batch_norm(h, found[layer + ".mean"], found[layer + ".var"], p[layer + ".scale"], p[layer + ".shift"]))
            reestimated_test = F.cross_entropy(network(theta, x_test, found), t_test).item()
            stored = F.cross_entropy(network(theta, x, statistics), t).item()
        write(f"{folder}/{name}.h5", theta.detach(), statistics, point, digest, {
            "loss": loss.item(), "gradient": gradient.detach().numpy(), "block": block.numpy(), "products": products.numpy(),
            "stored": stored, "reestimated": loss_in_batches(theta, x, t, len(x)).item(), "reestimated_test": reestimated_test})
        print(f"{name}.h5: {size} parameters, loss in batches {loss.item()}, stored {stored}")


if __name__ == "__main__":
    make(sys.argv[1] if len(sys.argv) > 1 else "tests/data")

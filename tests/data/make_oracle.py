#!/usr/bin/env python3
"""Writes tests/data/oracle_*.h5: networks, and what PyTorch computes of them in double by its own autograd: loss, gradient, H·v,
full spectrum, SANE, slices. tests/engine/test_oracle.c holds basin to these numbers. Nothing of basin is used; the checkpoints are
written from docs/checkpoint-format.md. Made with PyTorch 1.13.0 (Debian 12's python3-torch), numpy and h5py.

usage: make_oracle.py [FOLDER]
"""
import hashlib
import json
import sys

import h5py
import numpy as np
import torch
from torch import nn

torch.set_default_dtype(torch.float64)
torch.set_num_threads(2)

# ONNX name and attributes of each activation
ONNX = {
    nn.ReLU: ("Relu", {}), nn.Tanh: ("Tanh", {}), nn.Sigmoid: ("Sigmoid", {}), nn.Softplus: ("Softplus", {}),
    nn.LeakyReLU: ("LeakyRelu", {"alpha": 0.1}), nn.ELU: ("Elu", {"alpha": 0.7}),
}


def describe(activation):
    if isinstance(activation, nn.GELU):
        return "Gelu", {"approximate": activation.approximate}
    return ONNX[type(activation)]


def graph_of(model, shape):
    """The graph as JSON, for a Sequential of Linear and activations over the last axis of a sample of this shape."""
    nodes, parameters, tensor = [], [], "input"
    for name, module in model.named_children():
        if isinstance(module, nn.Linear):
            inputs, op, attributes = [tensor, f"{name}.weight", f"{name}.bias"], "Gemm", {"transB": 1}
            parameters += [{"name": f"{name}.{p}", "shape": list(getattr(module, p).shape)} for p in ("weight", "bias")]
        else:
            inputs, (op, attributes) = [tensor], describe(module)
        nodes.append({"name": name, "op": op, "inputs": inputs, "outputs": [f"out_{name}"], "attributes": attributes})
        tensor = f"out_{name}"
    return json.dumps({"input": {"name": "input", "shape": list(shape)}, "output": tensor, "parameters": parameters, "nodes": nodes})


def content_digest(inputs, targets, splits):
    h = hashlib.sha256()

    def add(header, array, dtype):
        h.update(f"{header}\n".encode())
        h.update(np.ascontiguousarray(array, dtype).tobytes())

    def shape(array):
        return ",".join(map(str, array.shape))

    add(f"inputs {shape(inputs)}", inputs, "<f8")
    if targets.dtype.kind == "i":
        add(f"classes {shape(targets)}", targets, "<i8")
    else:
        add(f"values {shape(targets)}", targets, "<f8")
    for name in sorted(splits, key=str.encode):
        add(f"split {name} {len(splits[name])}", splits[name], "<u8")
    return h.hexdigest()


def write_data(path, inputs, targets, splits):
    targets = targets if targets.dtype.kind == "i" or targets.ndim < 2 else targets.reshape(len(targets), -1)
    digest = content_digest(inputs, targets, splits)
    with h5py.File(path, "w") as f:
        f.attrs["format"], f.attrs["version"], f.attrs["digest"] = "basin data", 1, digest
        f.create_dataset("inputs", data=inputs, track_times=False)
        f.create_dataset("targets", data=targets, track_times=False)
        if targets.dtype.kind == "i" and targets.ndim == 2:
            f["targets"].attrs["kind"] = "classes"
        for name, rows in splits.items():
            f.create_dataset(f"splits/{name}", data=np.asarray(rows, "<u4"), track_times=False)
        f.attrs["complete"] = 1
    return digest


class Oracle:
    """Loss, gradient and products of a model as functions of one flat vector, by PyTorch's autograd."""

    def __init__(self, model, loss, data):
        self.model, self.loss, self.data = model, loss, data
        self.theta = torch.nn.utils.parameters_to_vector(model.parameters()).detach().clone()

    def at(self, theta, split="train"):
        x, t = self.data[split]
        parameters, start = {}, 0
        for name, p in self.model.named_parameters():
            parameters[name] = theta[start:start + p.numel()].view_as(p)
            start += p.numel()
        y = torch.nn.utils.stateless.functional_call(self.model, parameters, x)
        return self.loss(y, t), y

    def gradient(self, theta):
        theta = theta.clone().requires_grad_()
        value, _ = self.at(theta)
        return value.detach(), torch.autograd.grad(value, theta)[0]

    def products(self, theta, block):
        theta = theta.clone().requires_grad_()
        g, = torch.autograd.grad(self.at(theta)[0], theta, create_graph=True)
        return torch.stack([torch.autograd.grad(g, theta, grad_outputs=v, retain_graph=True)[0] for v in block])

    def value(self, theta, split):
        with torch.no_grad():
            loss, y = self.at(theta, split)
        t = self.data[split][1]
        accuracy = (y.argmax(-1) == t).double().mean().item() if t.dtype == torch.int64 else np.nan
        return loss.item(), accuracy


def write_checkpoint(path, model, theta, momentum, shape, loss, data_name, digest, expected):
    with h5py.File(path, "w") as f:
        f.attrs["format"], f.attrs["version"] = "basin checkpoint", 1
        f["graph"] = graph_of(model, shape)
        start = 0
        for name, p in model.named_parameters():
            f.create_dataset(f"parameters/{name}", data=theta[start:start + p.numel()].view_as(p).numpy(), track_times=False)
            f.create_dataset(f"optimizer/momentum/{name}", data=momentum[start:start + p.numel()].view_as(p).numpy(), track_times=False)
            start += p.numel()
        f.create_group("training").attrs.update({"method": "sgd", "perturbed": "no", "seed": 0})
        f.create_group("loss").attrs.update({k: v for k, v in loss.items() if k != "weights"})
        if "weights" in loss:
            f.create_dataset("loss/weights", data=loss["weights"], track_times=False)
        f.create_group("data").attrs.update({"path": data_name, "digest": digest})
        for name, value in expected.items():
            f.create_dataset(f"oracle/{name}", data=value, track_times=False)
        f.attrs["complete"] = 1


def loss_of(criterion):
    """/loss of a checkpoint for one of PyTorch's loss modules."""
    if isinstance(criterion, nn.CrossEntropyLoss):
        loss = {"name": "softmax_cross_entropy", "label_smoothing": criterion.label_smoothing}
        if criterion.ignore_index != -100 or criterion.weight is not None:
            loss["ignore_index"] = criterion.ignore_index
        weights = criterion.weight
    else:
        loss = {"name": "bce_with_logits" if isinstance(criterion, nn.BCEWithLogitsLoss) else "mse", "label_smoothing": 0.0}
        weights = getattr(criterion, "pos_weight", None)
    return loss if weights is None else {**loss, "weights": weights.numpy()}


def sequential(widths, activations):
    layers = []
    for i, (a, b) in enumerate(zip(widths, widths[1:])):
        layers.append((f"fc{i + 1}", nn.Linear(a, b)))
        if i + 2 < len(widths):
            layers.append((f"act{i + 1}", activations[i]))
    model = nn.Sequential()
    for name, module in layers:
        model.add_module(name, module)
    return model


def make_main(folder):
    """One MLP of 2,030 parameters, some steps of heavy ball away from its start, with everything."""
    torch.manual_seed(1)
    x = torch.randn(400, 24)
    t = (x[:, :10] + 0.5 * torch.randn(400, 10)).argmax(1)
    splits = {"train": np.arange(0, 400)[np.arange(400) % 4 != 0], "test": np.arange(0, 400, 4)}
    digest = write_data(f"{folder}/oracle_data.h5", x.numpy(), t.numpy().astype("i8"), splits)
    data = {name: (x[rows], t[rows]) for name, rows in splits.items()}
    oracle = Oracle(sequential([24, 40, 20, 10], [nn.Tanh(), nn.Tanh()]), nn.CrossEntropyLoss(), data)
    theta, v = oracle.theta, torch.zeros_like(oracle.theta)
    for _ in range(60):
        v = 0.9 * v + oracle.gradient(theta)[1]
        theta = theta - 0.1 * v
    loss, g = oracle.gradient(theta)
    block = torch.randn(3, len(theta))
    hessian = torch.cat([oracle.products(theta, chunk) for chunk in torch.eye(len(theta)).split(203)])
    eigenvalues, vectors = np.linalg.eigh(((hessian + hessian.T) / 2).numpy())
    top = torch.from_numpy(vectors[:, -1].copy())
    top *= torch.sign(top[top.abs().argmax()])
    magnitude = np.abs(eigenvalues)
    unit = v / v.norm()
    line = np.linspace(-1.0, 1.0, 21)
    across = np.linspace(-2.0, 2.0, 5)
    expected = {
        "loss": loss.item(), "gradient": g.numpy(), "block": block.numpy(), "products": oracle.products(theta, block).numpy(),
        "eigenvalues": eigenvalues[::-1].copy(), "sane": (magnitude / (magnitude + 0.5 * magnitude.max())).sum(),
        "n_eff": (magnitude / (magnitude + 0.01)).sum(), "top": top.numpy(), "line": line, "across": across,
    }
    for split in data:
        values = np.array([oracle.value(theta + s * unit, split) for s in line])
        expected[f"momentum_{split}_loss"], expected[f"momentum_{split}_accuracy"] = values.T
        values = np.array([[oracle.value(theta + s * unit + u * top, split) for s in line] for u in across])
        expected[f"plane_{split}_loss"], expected[f"plane_{split}_accuracy"] = values[..., 0], values[..., 1]
    write_checkpoint(f"{folder}/oracle.h5", oracle.model, theta, v, [24], loss_of(nn.CrossEntropyLoss()), "oracle_data.h5", digest,
                     expected)
    print("oracle.h5:", len(theta), "parameters, loss", loss.item(), "largest eigenvalues", eigenvalues[:-4:-1])


CASES = {  # activations, loss, targets
    "relu_smoothed": ([nn.ReLU(), nn.LeakyReLU(0.1)], nn.CrossEntropyLoss(label_smoothing=0.2), "classes"),
    "gelu_bce": ([nn.GELU(), nn.GELU(approximate="tanh")], nn.BCEWithLogitsLoss(), "unit"),
    "elu_mse": ([nn.ELU(0.7), nn.Softplus()], nn.MSELoss(), "real"),
    "sigmoid_tanh": ([nn.Sigmoid(), nn.Tanh()], nn.CrossEntropyLoss(), "classes"),
    "weighted": ([nn.Tanh(), nn.Tanh()], nn.CrossEntropyLoss(weight=torch.tensor([0.3, 2.0, 0.0, 1.1]), ignore_index=-100, label_smoothing=0.2), "some"),
    "multi_label": ([nn.Tanh(), nn.Tanh()], nn.BCEWithLogitsLoss(pos_weight=torch.tensor([0.3, 4.0, 1.0, 0.0])), "labels"),
    "tokens": ([nn.Tanh(), nn.Tanh()], nn.CrossEntropyLoss(weight=torch.tensor([0.3, 2.0, 0.7, 1.1]), ignore_index=2, label_smoothing=0.1), "classes"),
    "token_labels": ([nn.Tanh(), nn.Tanh()], nn.BCEWithLogitsLoss(pos_weight=torch.tensor([0.3, 4.0, 1.0, 0.0])), "labels"),
}
TOKENS = 3


class PerToken(nn.Module):
    """The mean over all tokens of all samples that count."""

    def __init__(self, criterion):
        super().__init__()
        self.criterion = criterion

    def forward(self, y, t):
        return self.criterion(y.flatten(0, 1), t.flatten(0, 1))


def make_case(folder, name, activations, criterion, targets):
    torch.manual_seed(2)
    x = torch.randn(150, 6)
    t = {"classes": torch.randint(0, 4, (150,)), "unit": torch.rand(150, 4), "real": torch.randn(150, 4)}
    t["some"] = torch.where(t["unit"][:, 0] < 0.3, -100, t["classes"])
    t["labels"] = (t["unit"] < 0.4).double()
    t, loss = t[targets], criterion
    if name.startswith("token"):
        x, t, loss = x.view(-1, TOKENS, 6), t.view(-1, TOKENS, *t.shape[1:]), PerToken(criterion)
    splits = {"train": np.arange(len(x))}
    digest = write_data(f"{folder}/oracle_{name}_data.h5", x.numpy(), t.numpy(), splits)
    oracle = Oracle(sequential([6, 8, 7, 4], activations), loss, {"train": (x, t)})
    theta = 2.0 * oracle.theta
    value, g = oracle.gradient(theta)
    block = torch.randn(3, len(theta))
    eigenvalues = np.linalg.eigvalsh(oracle.products(theta, torch.eye(len(theta))).numpy())[::-1].copy()
    write_checkpoint(f"{folder}/oracle_{name}.h5", oracle.model, theta, g, x.shape[1:], loss_of(criterion), f"oracle_{name}_data.h5", digest,
                     {"loss": value.item(), "gradient": g.numpy(), "block": block.numpy(), "products": oracle.products(theta, block).numpy(),
                      "eigenvalues": eigenvalues})
    print(f"oracle_{name}.h5: loss", value.item())


if __name__ == "__main__":
    out = sys.argv[1] if len(sys.argv) > 1 else "tests/data"
    make_main(out)
    for case, settings in CASES.items():
        make_case(out, case, *settings)

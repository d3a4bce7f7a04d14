#!/usr/bin/env python3
"""Writes tests/data/oracle_{lenet,resnet,vit,gpt,conv1d}.h5: small networks of the kinds that people train, saved by the Python
package, and what PyTorch computes of the very modules in double by its own autograd: loss, gradient, H·v, full spectrum.
tests/engine/test_oracle.c holds basin to these numbers; the graph in the file is not used here.
Made with PyTorch 1.13.0 (Debian 12's python3-torch), numpy and h5py.

usage: PYTHONPATH=python make_networks.py [FOLDER [NAME...]]
"""
import math
import os
import sys

import h5py
import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

import basin

torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)  # two spin against whatever else runs


# ------------------------------------------------------------------------------------------------ networks --

class LeNet(nn.Module):
    """LeCun et al. 1998 for 16×16 images, with fewer channels."""

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 3, 5, padding=2)
        self.conv2 = nn.Conv2d(3, 6, 5)
        self.fc1 = nn.Linear(24, 18)
        self.fc2 = nn.Linear(18, 12)
        self.fc3 = nn.Linear(12, 10)

    def forward(self, x):
        x = F.max_pool2d(torch.tanh(self.conv1(x)), 2)
        x = F.max_pool2d(torch.tanh(self.conv2(x)), 2)
        x = x.view(x.size(0), -1)
        x = F.relu(self.fc1(x))
        x = F.relu(self.fc2(x))
        return self.fc3(x)


class Block(nn.Module):
    """The basic block of He et al. 2016, with the projection shortcut where shapes change."""

    def __init__(self, inside, out, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inside, out, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(out)
        self.conv2 = nn.Conv2d(out, out, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(out)
        self.shortcut = nn.Sequential()
        if stride != 1 or inside != out:
            self.shortcut = nn.Sequential(nn.Conv2d(inside, out, 1, stride, bias=False), nn.BatchNorm2d(out))

    def forward(self, x):
        y = F.relu(self.bn1(self.conv1(x)))
        y = self.bn2(self.conv2(y))
        y += self.shortcut(x)
        return F.relu(y)


class ResNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 4, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(4)
        self.layer1 = Block(4, 4, 1)
        self.layer2 = Block(4, 6, 2)
        self.linear = nn.Linear(6, 5)

    def forward(self, x):
        y = self.layer2(self.layer1(F.relu(self.bn1(self.conv1(x)))))
        return self.linear(F.adaptive_avg_pool2d(y, 1).flatten(1))


class ViT(nn.Module):
    """Patch embedding, class token, positions, one block of PyTorch's own encoder layer (norm first)."""

    def __init__(self, d=12):
        super().__init__()
        self.patches = nn.Conv2d(1, d, 4, 4)
        self.token = nn.Parameter(0.5 * torch.randn(1, 1, d))
        self.positions = nn.Parameter(0.5 * torch.randn(1, 10, d))
        self.encoder = nn.TransformerEncoderLayer(d, 2, 20, dropout=0.1, activation="gelu", batch_first=True, norm_first=True)
        self.norm = nn.LayerNorm(d)
        self.head = nn.Linear(d, 5)

    def forward(self, x):
        x = self.patches(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.token.expand(x.shape[0], -1, -1), x], dim=1) + self.positions
        return self.head(self.norm(self.encoder(x))[:, 0])


class SelfAttention(nn.Module):
    """Causal attention as it is written by hand: one product for q, k, v, and a mask."""

    def __init__(self, d, heads, length):
        super().__init__()
        self.c_attn = nn.Linear(d, 3 * d)
        self.c_proj = nn.Linear(d, d)
        self.heads = heads
        self.register_buffer("bias", torch.tril(torch.ones(length, length)).view(1, 1, length, length))

    def forward(self, x):
        B, T, C = x.size()
        q, k, v = self.c_attn(x).split(C, dim=2)
        k = k.view(B, T, self.heads, C // self.heads).transpose(1, 2)
        q = q.view(B, T, self.heads, C // self.heads).transpose(1, 2)
        v = v.view(B, T, self.heads, C // self.heads).transpose(1, 2)
        att = (q @ k.transpose(-2, -1)) * (1.0 / math.sqrt(k.size(-1)))
        att = att.masked_fill(self.bias[:, :, :T, :T] == 0, float("-inf"))
        y = F.softmax(att, dim=-1) @ v
        return self.c_proj(y.transpose(1, 2).contiguous().view(B, T, C))


class GPT(nn.Module):
    """Token and position embeddings, one block, the output tied to the embedding; the loss is a token's."""

    def __init__(self, vocabulary=13, length=7, d=12):
        super().__init__()
        self.wte = nn.Embedding(vocabulary, d)
        self.wpe = nn.Embedding(length, d)
        self.ln_1 = nn.LayerNorm(d)
        self.attn = SelfAttention(d, 3, length)
        self.ln_2 = nn.LayerNorm(d)
        self.mlp = nn.Sequential(nn.Linear(d, 2 * d), nn.GELU(approximate="tanh"), nn.Linear(2 * d, d))
        self.ln_f = nn.LayerNorm(d)
        self.lm_head = nn.Linear(d, vocabulary, bias=False)
        self.lm_head.weight = self.wte.weight

    def forward(self, idx):
        T = idx.size(1)
        assert T <= self.wpe.num_embeddings
        x = self.wte(idx) + self.wpe(torch.arange(0, T, dtype=torch.long, device=idx.device))
        x = x + self.attn(self.ln_1(x))
        x = x + self.mlp(self.ln_2(x))
        return self.lm_head(self.ln_f(x))


def conv1d():
    """Dilated, grouped and depthwise convolutions of a signal [2, 40]."""
    return nn.Sequential(
        nn.Conv1d(2, 8, 5, stride=2, padding=2), nn.BatchNorm1d(8), nn.SiLU(),
        nn.Conv1d(8, 8, 3, dilation=2, groups=8), nn.GroupNorm(2, 8), nn.ELU(),
        nn.Conv1d(8, 12, 3, groups=2, padding=1, bias=False), nn.BatchNorm1d(12), nn.Hardtanh(-1.5, 1.5),
        nn.AvgPool1d(2), nn.Flatten(), nn.Linear(96, 4))


# --------------------------------------------------------------------------------------------- the numbers --

def unique_parameters(model):
    """Each once, in the order of named_parameters: the order of theta."""
    return dict(model.named_parameters())


class Oracle:
    """Loss, gradient and products of a module in evaluation mode at its own parameters, by PyTorch's autograd."""

    def __init__(self, model, loss, x, t):
        self.parameters = list(unique_parameters(model).values())
        y = model(x)
        self.loss = loss(y.reshape(-1, y.shape[-1]), t.reshape(-1)) if t.dtype == torch.int64 else loss(y, t)
        self.gradients = torch.autograd.grad(self.loss, self.parameters, create_graph=True)

    def gradient(self):
        return torch.cat([g.detach().flatten() for g in self.gradients])

    def product(self, v):
        parts = v.split([p.numel() for p in self.parameters])
        parts = [part.view_as(p) for part, p in zip(parts, self.parameters)]
        hv = torch.autograd.grad(self.gradients, self.parameters, grad_outputs=parts, retain_graph=True)
        return torch.cat([h.flatten() for h in hv])

    def expected(self):
        g = self.gradient()
        block = torch.randn(3, len(g))
        hessian = torch.stack([self.product(e) for e in torch.eye(len(g))])
        eigenvalues = torch.linalg.eigvalsh((hessian + hessian.T) / 2).flip(0)
        return {"loss": self.loss.item(), "gradient": g.numpy(), "block": block.numpy(),
                "products": torch.stack([self.product(v) for v in block]).numpy(), "eigenvalues": eigenvalues.numpy()}


def trained(model, loss, x, t, steps=25):
    """Some steps away from the start, in training mode, so that running statistics are not those of a fresh module."""
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    model.train()
    for _ in range(steps):
        y = model(x)
        optimizer.zero_grad()
        (loss(y.reshape(-1, y.shape[-1]), t.reshape(-1)) if t.dtype == torch.int64 else loss(y, t)).backward()
        optimizer.step()
    model.eval()
    return optimizer


def images(n, *shape, classes):
    return torch.randn(n, *shape), torch.randint(0, classes, (n,))


def tokens(n, length, vocabulary):
    x = torch.randint(0, vocabulary, (n, length))
    t = (x + torch.randint(0, 3, x.shape)) % vocabulary
    t[torch.rand(t.shape) < 0.2] = -100
    return x, t


NETWORKS = {  # module, loss, inputs and targets
    "lenet": (LeNet, nn.CrossEntropyLoss(), lambda: images(40, 1, 16, 16, classes=10)),
    "resnet": (ResNet, nn.CrossEntropyLoss(label_smoothing=0.1), lambda: images(37, 3, 10, 10, classes=5)),
    "vit": (ViT, nn.CrossEntropyLoss(weight=torch.tensor([1.0, 0.5, 2.0, 1.0, 0.25])), lambda: images(35, 1, 12, 12, classes=5)),
    "gpt": (GPT, nn.CrossEntropyLoss(), lambda: tokens(30, 7, 13)),
    "conv1d": (conv1d, nn.BCEWithLogitsLoss(pos_weight=torch.tensor([1.0, 2.0, 0.5, 3.0])), lambda: (torch.randn(40, 2, 40), (torch.rand(40, 4) < 0.4).double())),
}


def make(folder, name):
    build, loss, data = NETWORKS[name]
    torch.manual_seed(5)
    model = build()
    x, t = data()
    optimizer = trained(model, loss, x, t)
    path = f"{folder}/oracle_{name}.h5"
    basin.save_checkpoint(path, model, loss=loss, optimizer=optimizer, train=(x, t), step=25, method="sgd")
    expected = Oracle(model, loss, x, t).expected()
    with h5py.File(path, "a") as f:
        for key, value in expected.items():
            f.create_dataset(f"oracle/{key}", data=value, track_times=False)
    print(f"{path}: {len(expected['gradient'])} parameters, {os.path.getsize(path)} bytes, loss {expected['loss']}, "
          f"largest eigenvalues {expected['eigenvalues'][:3]}")


if __name__ == "__main__":
    for each in sys.argv[2:] or NETWORKS:
        make(sys.argv[1] if len(sys.argv) > 1 else "tests/data", each)

"""The networks that the bench measures: their checkpoints and data, briefly trained, under a folder. Both sides read these files.

    python3 bench/networks.py FOLDER [IMAGES.h5]

IMAGES.h5 holds /images [10000, 28, 28] and /labels (MNIST, Fashion-MNIST); without it inputs of that shape are made: one random picture
a class and noise, so that training has something to find. The same is made for 3 x 32 x 32. Times do not depend on it, spectra do.
"""
import hashlib
import json
import os
import sys
from pathlib import Path

import h5py
import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "python")]


def mlp(*widths):
    layers = []
    for inputs, outputs in zip(widths, widths[1:]):
        layers += [nn.Linear(inputs, outputs), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


def lenet():
    return nn.Sequential(nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
                         nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10))


def small_cnn():
    """1,418 parameters."""
    return nn.Sequential(nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(8, 16, 3, padding=1), nn.ReLU(),
                         nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(16, 10))


class Block(nn.Module):
    """Of He et al. 2016, with shortcut A: every second pixel, padded with empty channels."""

    def __init__(self, inputs, planes, stride):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(inputs, planes, 3, stride, 1, bias=False), nn.BatchNorm2d(planes)
        self.conv2, self.bn2 = nn.Conv2d(planes, planes, 3, 1, 1, bias=False), nn.BatchNorm2d(planes)
        self.same, self.pad = inputs == planes, (planes - inputs) // 2

    def forward(self, x):
        out = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        return F.relu(out + (x if self.same else F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, self.pad, self.pad))))


class ResNet(nn.Module):
    def __init__(self, channels, planes, blocks):
        super().__init__()
        self.conv, self.bn, layers, inputs = nn.Conv2d(channels, planes[0], 3, 1, 1, bias=False), nn.BatchNorm2d(planes[0]), [], planes[0]
        for width in planes:
            for _ in range(blocks):
                layers.append(Block(inputs, width, 1 if width == inputs else 2))
                inputs = width
        self.layers, self.linear = nn.Sequential(*layers), nn.Linear(inputs, 10)

    def forward(self, x):
        return self.linear(self.layers(F.relu(self.bn(self.conv(x)))).mean((2, 3)))


class Attention(nn.Module):
    def __init__(self, dim, heads):
        super().__init__()
        self.heads, self.qkv, self.proj = heads, nn.Linear(dim, 3 * dim), nn.Linear(dim, dim)

    def forward(self, x):
        n, t, d = x.shape
        q, k, v = self.qkv(x).reshape(n, t, 3, self.heads, d // self.heads).permute(2, 0, 3, 1, 4).unbind(0)
        a = ((q @ k.transpose(-2, -1)) * (d // self.heads) ** -0.5).softmax(-1)
        return self.proj((a @ v).transpose(1, 2).reshape(n, t, d))


class Encoder(nn.Module):
    def __init__(self, dim, heads, ratio):
        super().__init__()
        self.norm1, self.attention, self.norm2 = nn.LayerNorm(dim), Attention(dim, heads), nn.LayerNorm(dim)
        self.mlp = nn.Sequential(nn.Linear(dim, ratio * dim), nn.GELU(), nn.Linear(ratio * dim, dim))

    def forward(self, x):
        x = x + self.attention(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class ViT(nn.Module):
    """Patches as tokens, learned positions, the mean of the tokens read."""

    def __init__(self, channels, size, patch, dim, heads, depth, ratio):
        super().__init__()
        self.patches, self.positions = nn.Conv2d(channels, dim, patch, patch), nn.Parameter(0.02 * torch.randn(1, (size // patch) ** 2, dim))
        self.blocks, self.norm, self.head = nn.Sequential(*[Encoder(dim, heads, ratio) for _ in range(depth)]), nn.LayerNorm(dim), nn.Linear(dim, 10)

    def forward(self, x):
        x = self.patches(x).flatten(2).transpose(1, 2) + self.positions
        return self.head(self.norm(self.blocks(x)).mean(1))


# name: network, data, epochs of training with momentum
NETWORKS = {
    "mlp": (lambda: mlp(784, 512, 256, 10), "images-flat", 3),
    "lenet": (lenet, "images", 3),
    "resnet20": (lambda: ResNet(3, (16, 32, 64), 3), "colour-1000", 3),
    "vit": (lambda: ViT(3, 32, 4, 128, 4, 4, 4), "colour-500", 3),
    "digits_64_16_10": (lambda: mlp(64, 16, 10), "digits-flat", 20),
    "digits_64_32_10": (lambda: mlp(64, 32, 10), "digits-flat", 20),
    "digits_64_32_32_10": (lambda: mlp(64, 32, 32, 10), "digits-flat", 20),
    "digits_cnn": (small_cnn, "digits", 20),
    "digits_resnet": (lambda: ResNet(1, (8,), 2), "digits", 20),
    "digits_transformer": (lambda: ViT(1, 8, 2, 16, 2, 1, 2), "digits", 20),
}


def synthetic(count, *shape):
    """Bytes: one smooth random picture a class, and noise."""
    random = np.random.default_rng(1)
    labels = np.arange(count) % 10
    pictures = random.uniform(0, 255, (10, *shape))
    return np.clip(pictures[labels] * 0.5 + random.normal(64, 40, (count, *shape)), 0, 255).astype("u1"), labels.astype("u1")


def arrays(kind, images):
    """Bytes of the inputs, their scale, and the classes."""
    if kind.startswith("digits"):
        with h5py.File(ROOT / "samples/digits.h5") as f:
            x, y, scale = f["inputs"][:], f["targets"][:], float(f["inputs"].attrs["scale"])
        return (x if kind == "digits-flat" else x.reshape(-1, 1, 8, 8)), scale, y
    if kind.startswith("colour"):
        return (*(lambda x, y: (x, 1 / 255, y))(*synthetic(int(kind.split("-")[1]), 3, 32, 32)),)
    if images is None:
        x, y = synthetic(10000, 28, 28)
    else:
        with h5py.File(images) as f:
            x, y = f["images"][:10000], f["labels"][:10000]
    return (x.reshape(len(x), -1) if kind == "images-flat" else x.reshape(len(x), 1, 28, 28)), 1 / 255, y


def digest(x, scale, y):
    """docs/checkpoint-format.md; one split with all rows."""
    h = hashlib.sha256()
    for kind, array in (("inputs ", scale * x.astype("<f8")), ("classes ", y.astype("<i8"))):
        h.update(f"{kind}{','.join(map(str, array.shape))}\n".encode() + array.tobytes())
    h.update(f"split train {len(x)}\n".encode() + np.arange(len(x), dtype="<u8").tobytes())
    return h.hexdigest()


def write_data(path, x, scale, y):
    with h5py.File(path, "w") as f:
        f.attrs["format"], f.attrs["version"], f.attrs["digest"] = "basin data", 1, digest(x, scale, y)
        f["inputs"], f["targets"] = x, y
        f["inputs"].attrs["scale"] = scale
        f.attrs["complete"] = 1


def train(model, x, y, epochs):
    optimizer = torch.optim.SGD(model.parameters(), lr=0.02, momentum=0.9)
    for _ in range(epochs):
        for rows in torch.randperm(len(x)).split(50):
            optimizer.zero_grad()
            F.cross_entropy(model(x[rows]), y[rows]).backward()
            optimizer.step()
    return model.eval()


def make(folder, name, images):
    import basin

    build, kind, epochs = NETWORKS[name]
    x, scale, y = arrays(kind, images)
    data = folder / f"data-{kind}.h5"
    write_data(data, x, scale, y)
    torch.manual_seed(1)
    model = train(build(), torch.from_numpy((scale * x).astype("f4")), torch.from_numpy(y.astype("i8")), epochs)
    basin.save_checkpoint(folder / f"{name}.h5", model, loss="cross_entropy", dataset=data, method="sgd", perturbed=False, check=False)


def load(folder, name, dtype=torch.float32):
    """Model in evaluation mode, its parameters in the order of theta, inputs and classes: from the files that basin reads."""
    model = NETWORKS[name][0]().eval()
    with h5py.File(folder / f"{name}.h5") as f:
        graph = json.loads(f["graph"][()])
        state = {key: torch.from_numpy(f[f"parameters/{key}"][()]) for key in (p["name"] for p in graph["parameters"])}
        for key in model.state_dict():
            if f"buffers/{key}" in f:
                state[key] = torch.from_numpy(np.array(f[f"buffers/{key}"][()]))
        data = f["data"].attrs["path"]
    missing, unexpected = model.load_state_dict(state, strict=False)
    if unexpected or any(not key.endswith("num_batches_tracked") for key in missing):
        raise SystemExit(f"{name}: missing {missing}, unexpected {unexpected}")
    with h5py.File(folder / data) as f:
        x, y = f["inputs"].attrs["scale"] * f["inputs"][:].astype("f8"), f["targets"][:].astype("i8")
    named = dict(model.to(dtype).named_parameters())
    return model, [named[p["name"]] for p in graph["parameters"]], torch.from_numpy(x).to(dtype), torch.from_numpy(y)


if __name__ == "__main__":
    folder, images = Path(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else None
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "2")))
    folder.mkdir(parents=True, exist_ok=True)
    for name in NETWORKS:
        make(folder, name, images)
        print(folder / f"{name}.h5")

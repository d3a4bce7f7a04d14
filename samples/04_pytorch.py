"""Shows: an ordinary PyTorch training script, whose .pt files basin then takes as they are (README, «From PyTorch»).

A small convolutional network with BatchNorm learns 8x8 digits by SGD, SAM and MSAM, three seeds each, and saves weights and optimizer state
every ten epochs with torch.save. Nothing in here knows of basin.

Run:   python3 samples/04_pytorch.py FOLDER      (writes FOLDER/sgd_seed_0/epoch_10.pt and so on; reads samples/digits.h5)
"""
import sys
from pathlib import Path

import h5py
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

METHODS, SEEDS, EPOCHS, BATCH = ("sgd", "sam", "msam"), (0, 1, 2), 30, 50


def make_net():
    return nn.Sequential(nn.Conv2d(1, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(),
                         nn.Conv2d(4, 6, 3, padding=1, stride=2), nn.BatchNorm2d(6), nn.ReLU(),
                         nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(24, 10))


def digits(split, count):
    with h5py.File(Path(__file__).with_name("digits.h5"), "r") as f:
        rows = sorted(f["splits"][split][:count])
        x, y = torch.from_numpy(f["inputs"][rows] / 16).float(), torch.from_numpy(f["targets"][rows]).long()
    return TensorDataset(x.reshape(-1, 1, 8, 8), y)


def train_set():
    return digits("train", 200)


def test_set():
    return digits("test", 500)


class SAM(torch.optim.Optimizer):
    """Sharpness-aware minimisation: the gradient of the second pass, at w + rho g/|g|, goes to the base optimizer."""

    def __init__(self, params, base_optimizer, rho, **options):
        super().__init__(params, dict(rho=rho, adaptive=False, **options))
        self.base_optimizer = base_optimizer(self.param_groups, **options)
        self.param_groups = self.base_optimizer.param_groups

    @torch.no_grad()
    def first_step(self):
        for group in self.param_groups:
            norm = torch.stack([p.grad.norm() for p in group["params"]]).norm()
            for p in group["params"]:
                self.state[p]["old_p"] = p.clone()
                p.add_(p.grad, alpha=group["rho"] / (norm.item() + 1e-12))

    @torch.no_grad()
    def second_step(self):
        for group in self.param_groups:
            for p in group["params"]:
                p.copy_(self.state[p]["old_p"])
        self.base_optimizer.step()


class MSAM(torch.optim.Optimizer):
    """Momentum-SAM (arXiv:2401.12033): between steps the weights are w - rho v/|v|, so that one pass a step is enough."""

    def __init__(self, params, lr, momentum, rho):
        super().__init__(params, dict(lr=lr, momentum=momentum, rho=rho, inverse_norm_buffer=0.0))

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for p in group["params"]:
                v = self.state[p].setdefault("momentum_buffer", torch.zeros_like(p))
                p.add_(v, alpha=group["rho"] * group["inverse_norm_buffer"])
                v.mul_(group["momentum"]).add_(p.grad)
                p.sub_(v, alpha=group["lr"])
            momenta = [self.state[p]["momentum_buffer"] for p in group["params"]]
            group["inverse_norm_buffer"] = 1 / (torch.stack([v.norm() for v in momenta]).norm().item() + 1e-12)
            for p, v in zip(group["params"], momenta):
                p.sub_(v, alpha=group["rho"] * group["inverse_norm_buffer"])


def make_optimizer(method, net):
    if method == "sam":
        return SAM(net.parameters(), torch.optim.SGD, rho=0.05, lr=0.05, momentum=0.9)
    if method == "msam":
        return MSAM(net.parameters(), rho=0.3, lr=0.05, momentum=0.9)
    return torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9)


def step(net, optimizer, x, y):
    for part in (optimizer.first_step, optimizer.second_step) if isinstance(optimizer, SAM) else (optimizer.step,):
        optimizer.zero_grad()
        loss = F.cross_entropy(net(x), y)
        loss.backward()
        part()
    return loss.item()


def train(method, seed, folder):
    torch.manual_seed(seed)
    net = make_net()
    optimizer = make_optimizer(method, net)
    loader = DataLoader(train_set(), batch_size=BATCH, shuffle=True)
    for epoch in range(1, EPOCHS + 1):
        losses = [step(net, optimizer, x, y) for x, y in loader]
        if epoch % 10 == 0:
            print(f"{method} seed {seed} epoch {epoch}: loss {sum(losses) / len(losses):.4f}")
            state = getattr(optimizer, "base_optimizer", optimizer).state_dict()  # of SAM it is the base optimizer that has the momentum
            torch.save({"epoch": epoch, "model_state_dict": net.state_dict(), "optimizer_state_dict": state}, folder / f"epoch_{epoch}.pt")


if __name__ == "__main__":
    for method in METHODS:
        for seed in SEEDS:
            folder = Path(sys.argv[1]) / f"{method}_seed_{seed}"
            folder.mkdir(parents=True, exist_ok=True)
            train(method, seed, folder)

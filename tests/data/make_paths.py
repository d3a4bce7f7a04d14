#!/usr/bin/env python3
"""Writes paths.h5: what numpy's SVD makes of checkpoints about an origin, and one step of PyTorch's optimizers on a quadratic, from the
state before it to the weights after it. tests/analysis/test_paths.c and test_steps.c hold basin against them.
Made with PyTorch 1.13.1, numpy 1.24 and h5py of Debian 12.

usage: python3 make_paths.py FILE
"""
import sys

import h5py
import numpy as np
import torch

torch.set_default_dtype(torch.float64)
A = torch.tensor([[3.0, 0.5, -0.2], [0.5, 1.0, 0.1], [-0.2, 0.1, 0.4]])
B = torch.tensor([0.3, -0.7, 0.2])
STEPS, ETA, DECAY = 7, 0.05, 0.1


def optimizers(theta):
    yield "adam", torch.optim.Adam([theta], lr=ETA, betas=(0.9, 0.99), eps=1e-6)
    yield "adam_l2", torch.optim.Adam([theta], lr=ETA, betas=(0.9, 0.99), eps=1e-6, weight_decay=DECAY)
    yield "adamw", torch.optim.AdamW([theta], lr=ETA, betas=(0.9, 0.99), eps=1e-6, weight_decay=DECAY)
    yield "gd", torch.optim.SGD([theta], lr=ETA, momentum=0.9, weight_decay=DECAY)


def step(opt, theta):
    opt.zero_grad()
    (0.5 * theta @ A @ theta - B @ theta).backward()
    opt.step()


def write_steps(f):
    for i in range(4):
        theta = torch.tensor([1.0, -0.5, 2.0], requires_grad=True)
        name, opt = list(optimizers(theta))[i]
        for _ in range(STEPS):
            step(opt, theta)
        state = opt.state[theta]
        g = f.create_group("steps/" + name)
        g["theta"] = theta.detach().numpy().copy()
        g["momentum"] = (state["momentum_buffer"] if name == "gd" else state["exp_avg"]).numpy().copy()
        if name != "gd":
            g["second_moment"] = state["exp_avg_sq"].numpy().copy()
        step(opt, theta)
        g["next"] = theta.detach().numpy().copy()


def write_axes(f, rng, name, points, origin):
    d = points - origin
    u, s, v = np.linalg.svd(d, full_matrices=False)
    v = v * np.sign(u[np.abs(u).argmax(0), np.arange(u.shape[1])])[:, None]  # the farthest checkpoint on the positive side
    g = f.create_group("axes/" + name)
    g["points"], g["origin"], g["shares"], g["axes"] = points, origin, s**2 / (s**2).sum(), v


def main():
    rng = np.random.default_rng(0)
    with h5py.File(sys.argv[1], "w") as f:
        write_steps(f)
        origin = rng.standard_normal(40)
        write_axes(f, rng, "round", origin + rng.standard_normal((6, 40)), origin)
        decay = np.exp(-np.arange(8)[:, None] * np.array([0.2, 0.6, 1.5]))  # a path that ends at its origin, nearly in a plane
        path = decay @ (rng.standard_normal((3, 40)) * np.array([5, 1, 1e-3])[:, None])
        write_axes(f, rng, "path", origin + path, origin)


main()

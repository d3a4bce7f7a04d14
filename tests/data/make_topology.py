#!/usr/bin/env python3
"""Writes topology.h5: planes and the persistence of the minima of each, as gudhi finds them in the simplicial complex of a grid whose points
have 8 neighbours, with lower-star values. tests/analysis/test_topology.c holds basin_merge_tree_compute against them.
Made with gudhi 3.13.0 of PyPI, numpy and h5py.

usage: python3 make_topology.py FILE
"""
import sys

import gudhi
import h5py
import numpy as np


def planes():
    rng = np.random.default_rng(7)
    y, x = np.mgrid[-1:1:23j, -1:1:31j]
    yield "wells", x**2 + y**2 + 0.4 * np.cos(7 * x) * np.cos(6 * y) + 0.1 * np.sin(9 * x * y)
    yield "noise", rng.standard_normal((17, 29))
    diagonal = np.full((9, 9), 2.0)
    diagonal[np.arange(9), np.arange(9)] = rng.random(9)
    yield "diagonal", diagonal
    holes = rng.standard_normal((19, 14))
    holes[rng.random(holes.shape) < 0.25] = np.nan
    holes[9] = np.inf
    yield "holes", holes


def persistence(z):
    """Pairs (birth, death) of the components; death is infinity where they do not end."""
    rows, columns = z.shape
    tree = gudhi.SimplexTree()
    for i in range(rows):
        for j in range(columns):
            if not np.isfinite(z[i, j]):
                continue
            tree.insert([i * columns + j], z[i, j])
            for k, l in ((0, 1), (1, -1), (1, 0), (1, 1)):
                if i + k < rows and 0 <= j + l < columns and np.isfinite(z[i + k, j + l]):
                    tree.insert([i * columns + j, (i + k) * columns + j + l], max(z[i, j], z[i + k, j + l]))
    tree.compute_persistence(homology_coeff_field=2, min_persistence=0, persistence_dim_max=True)
    pairs = tree.persistence_intervals_in_dimension(0)
    pairs = pairs[pairs[:, 1] > pairs[:, 0]]
    return pairs[np.lexsort((pairs[:, 0], -(pairs[:, 1] - pairs[:, 0])))]


with h5py.File(sys.argv[1], "w") as f:
    for name, z in planes():
        f.create_dataset(name + "/values", data=z)
        f.create_dataset(name + "/pairs", data=persistence(z))

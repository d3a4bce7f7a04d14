#!/usr/bin/env python3
"""Makes samples/digits.h5 out of scikit-learn's copy of the UCI handwritten digits. Needs numpy and h5py (python3-h5py), and
the file datasets/data/digits.csv.gz of scikit-learn (python3-sklearn); nothing of basin: the digest is computed here by the
definition in docs/checkpoint-format.md, and basin_dataset_read checks it.

usage: make_digits.py [DIGITS.csv.gz] [OUTPUT.h5]
"""
import hashlib
import sys

import h5py
import numpy as np

SOURCE = "/usr/lib/python3/dist-packages/sklearn/datasets/data/digits.csv.gz"
SEED, TRAIN = 1797, 1297


def content_digest(inputs, targets, splits):
    """inputs float64 [N, …]; targets int64 [N] or float64 [N, C]; splits: name -> rows."""
    h = hashlib.sha256()
    def add(kind, array, dtype):
        h.update(f"{kind}{','.join(map(str, array.shape))}\n".encode() + np.ascontiguousarray(array, dtype).tobytes())
    add("inputs ", inputs, "<f8")
    add("classes ", targets, "<i8") if targets.dtype.kind == "i" else add("values ", targets, "<f8")
    for name in sorted(splits, key=str.encode):
        add(f"split {name} ", np.asarray(splits[name]), "<u8")
    return h.hexdigest()


def main(source=SOURCE, output="samples/digits.h5"):
    table = np.loadtxt(source, delimiter=",")
    pixels, classes = table[:, :64].astype("u1"), table[:, 64].astype("u1")
    assert table.shape == (1797, 65) and pixels.max() == 16 and (pixels == table[:, :64]).all() and set(classes) == set(range(10))
    order = np.random.RandomState(SEED).permutation(len(table))
    splits = {"train": np.sort(order[:TRAIN]), "test": np.sort(order[TRAIN:])}
    with h5py.File(output, "w") as f:
        f.attrs["format"] = "basin data"
        f.attrs["version"] = 1
        f.attrs["attribution"] = ("Optical Recognition of Handwritten Digits, E. Alpaydin and C. Kaynak, UCI Machine Learning Repository, CC BY 4.0; "
                                  "the 1,797 images of 8x8 pixels as in scikit-learn")
        f.attrs["digest"] = content_digest(pixels * (1 / 16), classes.astype("i8"), splits)
        f.create_dataset("inputs", data=pixels, track_times=False).attrs["scale"] = 1 / 16
        f.create_dataset("targets", data=classes, track_times=False)
        for name, rows in splits.items():
            f.create_dataset(f"splits/{name}", data=rows.astype("<u4"), track_times=False)
        f["splits"].attrs["seed"] = SEED
        f.attrs["complete"] = 1


if __name__ == "__main__":
    main(*sys.argv[1:])

"""Pictures as they are seen otherwise: in greyscale and with deuteranopia, beside the colours.

usage: python3 docs/gallery/sight.py OUT PICTURE.png…

Deuteranopia after Machado, Oliveira and Fernandes (2009), severity 1, in linear RGB; greyscale by the luminance of Rec. 709.
"""

import sys
from pathlib import Path

import numpy as np
from PIL import Image

DEUTERANOPIA = np.array([[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]])
LUMINANCE = np.array([[0.2126, 0.7152, 0.0722]] * 3)


def seen(picture, matrix):
    s = np.asarray(picture.convert("RGB"), float) / 255
    linear = np.where(s <= 0.04045, s / 12.92, ((s + 0.055) / 1.055) ** 2.4) @ matrix.T
    linear = linear.clip(0, 1)
    s = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return Image.fromarray((255 * s).round().astype("uint8"))


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    out = Path(sys.argv[1])
    out.mkdir(parents=True, exist_ok=True)
    for path in map(Path, sys.argv[2:]):
        picture = Image.open(path).convert("RGB")
        sheet = Image.new("RGB", (3 * picture.width + 20, picture.height), "white")
        for k, view in enumerate((picture, seen(picture, LUMINANCE), seen(picture, DEUTERANOPIA))):
            sheet.paste(view, (k * (picture.width + 10), 0))
        sheet.save(out / path.name)


main()

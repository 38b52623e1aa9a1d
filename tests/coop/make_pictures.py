# Copyright (c) 2026 The calibra authors
# SPDX-License-Identifier: MIT
"""Writes tests/coop/data/pictures: small pictures, and what CLIP's preprocessing makes of them.

    pip install torch torchvision pillow numpy
    python tests/coop/make_pictures.py

NAME.png is the picture; NAME.16.png what torchvision's Resize(16, BICUBIC) and CenterCrop(16) give of
it in RGB, before the channels are normalised.
"""

import pathlib

import numpy as np
from PIL import Image
from torchvision import transforms

FOLDER = pathlib.Path(__file__).parent / "data" / "pictures"
SIDE = 16


def drawn(width, height):
    y, x = np.mgrid[0:height, 0:width].astype(float)
    noise = np.random.default_rng(5).integers(0, 256, (height, width, 3))
    waves = np.stack([np.sin(x * y / 20), np.cos(x / 2 - y / 3), (x % 7 > 3) * 2.0 - 1], -1)
    mixed = np.where((x + y)[..., None] % 5 < 1, noise, 127.5 + 127.5 * waves)
    return Image.fromarray(mixed.round().clip(0, 255).astype(np.uint8))


def main():
    FOLDER.mkdir(parents=True, exist_ok=True)
    pictures = {
        "smaller": drawn(53, 37),
        "larger": drawn(9, 12),
        "one_way": drawn(16, 40),
        "palette": drawn(43, 31).quantize(20),
        "palette_of_16": drawn(31, 43).quantize(13),  # four bits a pixel
        "palette_of_2": drawn(31, 43).quantize(2),
        "grey": drawn(37, 29).convert("L"),
    }
    crop = transforms.Compose([
        transforms.Resize(SIDE, interpolation=transforms.InterpolationMode.BICUBIC),
        transforms.CenterCrop(SIDE)])
    for name, picture in pictures.items():
        picture.save(FOLDER / f"{name}.png", optimize=name != "palette")
        crop(picture.convert("RGB")).save(FOLDER / f"{name}.{SIDE}.png")
    seen_through = pictures["palette"].copy()
    seen_through.save(FOLDER / "palette_with_transparency.png", transparency=bytes(range(0, 200, 10)))
    crop(seen_through.convert("RGB")).save(FOLDER / f"palette_with_transparency.{SIDE}.png")


if __name__ == "__main__":
    main()

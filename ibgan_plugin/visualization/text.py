"""Smooth text for pictures, in a size that goes with the images beside it."""
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from PIL import Image, ImageDraw, ImageFont

#: Sizes in pixels between which text is read well.
SMALLEST, LARGEST = 11, 28


def text_size(height: int) -> int:
    """Size of letters beside images of that height: two lines fit."""
    return min(LARGEST, max(SMALLEST, height // 5))


def text_width(lines: Sequence[str], size: int) -> int:
    """Pixels that the longest line takes, margins included."""
    return int(max((_font(size).getlength(line) for line in lines), default=0)) + size


def text_height(num_lines: int, size: int) -> int:
    """Pixels that lines below each other take, margins included."""
    return round(1.25 * size * num_lines + size / 2)


def draw_text(lines: Sequence[str], size: int, height: int, width: int, centered: bool = False) -> np.ndarray:
    """Black text on white, uint8 height x width x 3, in the middle of the height, at the left or centred."""
    image = Image.new('L', (width, height), 255)
    drawing = ImageDraw.Draw(image)
    top = (height - 1.25 * size * len(lines)) / 2
    for number, line in enumerate(lines):
        left = width / 2 if centered else size / 2
        drawing.text((left, top + 1.25 * size * (number + 0.5)), line, fill=0, font=_font(size), anchor='mm' if centered else 'lm')
    return np.repeat(np.asarray(image)[..., None], 3, axis=2)


@lru_cache
def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """The font that comes with Pillow: the same on every machine."""
    return ImageFont.load_default(size)

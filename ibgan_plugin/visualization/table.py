"""A table of images with names for its rows and columns."""
from collections.abc import Sequence

import numpy as np

from ibgan_plugin.utils.errors import IBGANError
from ibgan_plugin.visualization.grids import image_grid
from ibgan_plugin.visualization.text import draw_text, text_height, text_size, text_width

#: Smaller images are drawn with larger pixels, so that a label fits beside them.
SMALLEST_SIDE = 64
#: No image is drawn larger.
LARGEST_SIDE = 4096


def enlarge(images: np.ndarray, scale: int) -> np.ndarray:
    """Images ... x S x S x 3 with each pixel as a square of ``scale`` pixels."""
    return images.repeat(scale, axis=-3).repeat(scale, axis=-2)


def chosen_scale(scale: int | None, side: int) -> int:
    """The scale asked for or, for None, one that makes images at least 64 pixels high where they are smaller.

    Raises:
        IBGANError: If it is below 1, or an image would be more than :data:`LARGEST_SIDE` pixels high.
    """
    if scale is not None and scale < 1:
        raise IBGANError(f'scale must be at least 1, got {scale}')
    if (scale or 1) * side > LARGEST_SIDE:
        raise IBGANError(f'scale {scale} makes images of {side} pixels larger than {LARGEST_SIDE}')
    return scale or max(1, SMALLEST_SIDE // side)


def centred(image: np.ndarray, width: int) -> np.ndarray:
    """An image uint8 H x W x 3 in the middle of a white column of that width."""
    left = (width - image.shape[1]) // 2
    return np.pad(image, ((0, 0), (left, width - image.shape[1] - left), (0, 0)), constant_values=255)


def draw_table(images: np.ndarray, rows: Sequence[str], columns: Sequence[str], scale: int | None = None) -> np.ndarray:
    """Draw a table.

    Args:
        images: uint8 R x C x S x S x 3.
        rows: R names, ``''`` for none.
        columns: C names.
        scale: See :func:`chosen_scale`.

    Returns:
        uint8 H x W x 3.
    """
    images = enlarge(images, chosen_scale(scale, images.shape[-2]))
    side = images.shape[-2]
    size = text_size(side)
    cell = max(side + 2, text_width(columns, size))
    left = text_width(rows, size) if any(rows) else 0
    lines = []
    for name, line in zip(rows, images, strict=True):
        lead = [draw_text([name], size, side + 2, left)] if left else []
        lines.append(np.concatenate([*lead, *(centred(image_grid(image[None], 1, 1), cell) for image in line)], axis=1))
    height = text_height(1, size)
    head = [draw_text([name], size, height, cell, centered=True) for name in columns]
    return np.concatenate([np.concatenate([np.full((height, left, 3), 255, np.uint8), *head], axis=1), *lines])

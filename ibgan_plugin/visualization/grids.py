"""Image arrays: from model output to grids and PNG files."""
import io
from pathlib import Path

import numpy as np
from PIL import Image
from torch import Tensor

from ibgan_plugin.structures import to_uint8
from ibgan_plugin.utils.errors import IBGANError
from ibgan_plugin.utils.files import write_whole

#: Grey value between the images of a grid.
GAP_COLOR = 128


def to_pixels(imgs: Tensor) -> np.ndarray:
    """Images in [-1, 1], ... x C x H x W with C 1 or 3, to uint8 ... x H x W x 3 (RGB)."""
    pixels = to_uint8(imgs.detach().float().cpu()).movedim(-3, -1).numpy()
    if pixels.shape[-1] not in (1, 3):
        raise IBGANError(f'images must have 1 or 3 channels, got {pixels.shape[-1]}')
    return np.broadcast_to(pixels, (*pixels.shape[:-1], 3))


def image_grid(imgs: Tensor | np.ndarray, num_columns: int, gap: int = 2) -> np.ndarray:
    """Tile images row by row.

    Args:
        imgs: N x C x H x W in [-1, 1], or pixels, uint8 N x H x W x 3 (RGB).
        num_columns: Images a row, at least 1; the last row may stay part empty.
        gap: Pixels between and around the images.

    Returns:
        uint8 H x W x 3 (RGB).

    >>> image_grid(np.zeros((5, 64, 64, 3), np.uint8), num_columns=3).shape
    (134, 200, 3)
    """
    if num_columns < 1:
        raise IBGANError(f'num_columns must be at least 1, got {num_columns}')
    pixels = imgs if isinstance(imgs, np.ndarray) else to_pixels(imgs)
    num, height, width, _ = pixels.shape
    num_rows = -(-num // num_columns)
    grid = np.full((num_rows * (height + gap) + gap, num_columns * (width + gap) + gap, 3), GAP_COLOR, np.uint8)
    for i, image in enumerate(pixels):
        top, left = gap + i // num_columns * (height + gap), gap + i % num_columns * (width + gap)
        grid[top:top + height, left:left + width] = image
    return grid


def encode_png(image: np.ndarray) -> bytes:
    """A PNG file of uint8 H x W x 3 (RGB), as small as zlib makes it; where all is grey, of one channel."""
    is_grey = (image == image[..., :1]).all()
    content = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(image[..., 0] if is_grey else image)).save(content, 'PNG', optimize=True)
    return content.getvalue()


def write_png(path: str | Path, image: np.ndarray) -> None:
    """Write uint8 H x W x 3 (RGB) whole or not at all.

    Raises:
        OSError: If the file can not be written.
    """
    write_whole(path, encode_png(image))

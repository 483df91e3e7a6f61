"""Crop, then resize without aliasing: the one geometric step between a photograph and the network."""
import re
from dataclasses import dataclass

import cv2
import numpy as np
from mmcv.transforms import BaseTransform

from ibgan_plugin.registry import TRANSFORMS
from ibgan_plugin.utils.errors import IBGANError

#: Named crops. Those of CelebA are for the aligned 178x218 images: ``celeba_148`` is the usual one, ``celeba_128`` the other
#: common one, ``celeba_64`` the centre of the published run (no resize follows at size 64, so only the inner face shows).
PRESETS = {'celeba_148': '148x148', 'celeba_128': '128x128+25+50', 'celeba_64': '64x64'}


@dataclass(frozen=True)
class Crop:
    """A rectangle to cut out: at the given place, or at the centre.

    Attributes:
        width, height: Size in pixels; 0 stands for the largest centred square.
        left, top: Place of the top left pixel; ``None`` for the centre.
    """
    width: int = 0
    height: int = 0
    left: int | None = None
    top: int | None = None

    @classmethod
    def parse(cls, text: str) -> 'Crop | None':
        """A crop from ``'none'``, ``'square'``, ``'WxH'`` (centre), ``'WxH+LEFT+TOP'`` or a name in :data:`PRESETS`.

        Raises:
            IBGANError: If it is none of these.
        """
        if text == 'none':
            return None
        if text == 'square':
            return cls()
        match = re.fullmatch(r'([1-9]\d*)x([1-9]\d*)(?:\+(\d+)\+(\d+))?', PRESETS.get(text, text))
        if match is None:
            raise IBGANError(f"crop must be 'none', 'square', 'WxH', 'WxH+LEFT+TOP' or one of {sorted(PRESETS)}, got {text!r}")
        return cls(*(None if number is None else int(number) for number in match.groups()))  # type: ignore[arg-type]

    def __call__(self, image: np.ndarray) -> np.ndarray:
        """The part of an image [H, W, C], a view.

        Raises:
            IBGANError: If the image is too small.
        """
        rows, columns = image.shape[:2]
        side = min(rows, columns)
        width, height = self.width or side, self.height or side
        left = (columns - width) // 2 if self.left is None else self.left
        top = (rows - height) // 2 if self.top is None else self.top
        if left < 0 or top < 0 or left + width > columns or top + height > rows:
            raise IBGANError(f'a crop of {width}x{height} pixels at column {left}, row {top} does not fit an image of '
                             f'{columns}x{rows}')
        return image[top:top + height, left:left + width]


def resize(image: np.ndarray, width: int, height: int) -> np.ndarray:
    """Resize an image [H, W, C]: averaging areas where it shrinks (no aliasing), bicubic where it only grows."""
    rows, columns = image.shape[:2]
    if (rows, columns) == (height, width):
        return image
    method = cv2.INTER_AREA if height < rows or width < columns else cv2.INTER_CUBIC
    return cv2.resize(image, (width, height), interpolation=method).reshape(height, width, image.shape[2])


@TRANSFORMS.register_module()
class CropResize(BaseTransform):
    """Cut out a rectangle and resize it to a square.

    Changes ``img`` [H, W, C] and ``img_shape`` in the results.

    Args:
        size: Side of the result in pixels.
        crop: As in :meth:`Crop.parse`.

    Raises:
        IBGANError: If size is below 1, crop is unknown, or (when called) an image is too small for the crop.
    """

    def __init__(self, size: int = 64, crop: str = 'square'):
        if size < 1:
            raise IBGANError(f'size must be at least 1 pixel, got {size}')
        self.size = size
        self.crop_name = crop
        self.crop = Crop.parse(crop)

    def apply(self, image: np.ndarray) -> np.ndarray:
        """The image [size, size, C] of an image [H, W, C]."""
        return resize(image if self.crop is None else self.crop(image), self.size, self.size)

    def transform(self, results: dict) -> dict:
        """Apply it to ``results['img']``."""
        image = self.apply(results['img'])
        return {**results, 'img': image, 'img_shape': image.shape[:2]}

    def __repr__(self) -> str:
        return f'{type(self).__name__}(size={self.size}, crop={self.crop_name!r})'

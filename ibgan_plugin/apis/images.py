"""From what users hand in as an image to what a model takes."""
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.logging import print_log
from torch import Tensor

from ibgan_plugin.datasets.codec import MAX_FILE_BYTES, decode
from ibgan_plugin.datasets.sources import FolderSource
from ibgan_plugin.datasets.transforms.crop_resize import Crop, resize
from ibgan_plugin.utils.errors import IBGANError
from ibgan_plugin.utils.files import read_bytes

#: An image file; an array uint8 H x W or H x W x C (RGB); a tensor uint8 C x H x W; or a data set's sample, which holds one.
ImageInput = str | Path | np.ndarray | Tensor | Mapping[str, Any]


def list_images(images: ImageInput | Sequence[ImageInput]) -> list[ImageInput]:
    """One image, several, or the image files below a folder in the order of their names.

    Raises:
        IBGANError: If there is none.
    """
    if isinstance(images, (str, Path)):
        found: list[ImageInput] = [*_below(Path(images))] if Path(images).is_dir() else [images]
    elif isinstance(images, Mapping):
        return list_images(images['inputs'])
    else:
        found = [images] if isinstance(images, (np.ndarray, Tensor)) and images.ndim < 4 else list(images)
    if not found:
        raise IBGANError(f'no image in {str(images)!r}')
    return found


def _below(folder: Path) -> list[Path]:
    """The image files below a folder; what is left out is said in the log."""
    source = FolderSource(folder)
    if source.left_out:
        print_log(f'{folder}: {len(source):,} images; left out: {source.summary()}', 'current')
    return [folder / name for name in source.names]


def load_image(image: ImageInput, channels: int, size: int, crop: str = 'none') -> Tensor:
    """One image as a model takes it.

    Args:
        image: A file; an array uint8 H x W or H x W x C with C 1 or 3 (RGB); a tensor uint8 C x H x W; or a mapping with such a
            tensor as ``inputs``, as data sets give it.
        channels: Channels of the model's images; files are converted, arrays must have as many.
        size: Side of the model's images.
        crop: What to cut out and resize, as in :meth:`~ibgan_plugin.datasets.transforms.crop_resize.Crop.parse`; ``'none'`` asks
            for an image of the right size, so that none is distorted unseen.

    Returns:
        uint8 C x S x S.

    Raises:
        IBGANError: If the image is damaged, of another type, shape or size; names the image.
        OSError: If the file can not be read.
    """
    cut = Crop.parse(crop)
    if isinstance(image, Mapping):
        image = image['inputs']
    if isinstance(image, Tensor):
        if image.dtype != torch.uint8 or image.ndim != 3 or len(image) != channels:
            raise IBGANError(f'an image must be uint8 {channels} x H x W, got {image.dtype} of shape {tuple(image.shape)}')
        image = image.permute(1, 2, 0).cpu().numpy()
    if isinstance(image, (str, Path)):
        name = str(image)
        pixels = decode(read_bytes(image, MAX_FILE_BYTES), channels, name)
    else:
        name, pixels = 'the image', np.asarray(image)
        if pixels.dtype != np.uint8 or pixels.ndim not in (2, 3) or np.atleast_3d(pixels).shape[2] != channels:
            raise IBGANError(f'an image must be uint8 H x W x {channels}, got {pixels.dtype} of shape {pixels.shape}')
        pixels = np.atleast_3d(pixels)
        if pixels.size and pixels.max() == 1:
            raise IBGANError('pixels must be in 0..255, but the largest of the image is 1: multiply images of 0 and 1 by 255')
    if cut is not None:
        try:
            pixels = resize(np.ascontiguousarray(cut(pixels)), size, size)
        except ValueError as error:
            raise IBGANError(f'{name}: {error}') from error
    if pixels.shape[:2] != (size, size):
        raise IBGANError(f"{name} has {pixels.shape[1]}x{pixels.shape[0]} pixels, but the model takes {size}x{size}: set crop, "
                         f"for example to 'square'")
    return torch.from_numpy(pixels.transpose(2, 0, 1).copy())

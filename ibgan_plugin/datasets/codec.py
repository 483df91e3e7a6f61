"""Image files in memory: one decoder for all of them, and encoding.

What a file's pixels are is decided here, for every way in which an image comes in: ``tools/prepare_data.py``, ``ImageFiles`` and
the inferencer. Only records of our own LMDB files, made by :func:`encode`, are read elsewhere (``LMDBImages``).
"""
import contextlib
import io

import cv2
import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from ibgan_plugin.utils.errors import IBGANError

#: Ways to store an image in a record, and what each costs for a 64x64 colour photograph.
ENCODINGS = {
    'raw': 'pixels as they are: 12 KiB, 16 KiB on disk; nothing to decode',
    'png': 'lossless: about 8 KiB on disk; the slowest to decode',
    'jpeg': 'lossy, quality 95: about 3 KiB, 4 KiB on disk; about 50 microseconds to decode',
}
#: What Pillow may take a file for: a file that says ``.jpg`` must not reach its interpreters of other formats.
FORMATS = ('JPEG', 'PNG', 'BMP', 'WEBP', 'TIFF', 'PPM')
#: Bytes of the largest image file that is read.
MAX_FILE_BYTES = 1 << 29


class ImageError(IBGANError):
    """Bytes that are not the image they should be; the message names the image and what is wrong."""


def decode(data: bytes, channels: int, name: str) -> np.ndarray:
    """Decode a whole image file.

    - A camera's orientation (EXIF) is applied: the image is what every viewer shows.
    - Transparent pixels lie on white, whether transparency comes as a channel, in a palette or as one colour.
    - 16 bits become the upper 8.
    - Of several pictures in a file (TIFF, animations) the first is taken.
    - Data behind the end of the image (a motion photo's video) do not matter, an image that ends too early is an error.
    - Pillow's guard holds: above 89 million pixels it warns, above 179 million the image is refused, before it is decoded.

    Args:
        data: Content of a JPEG, PNG, WebP, BMP, TIFF, PPM or PGM file.
        channels: 1 for grey, 3 for red, green, blue.
        name: Of the image, for messages.

    Returns:
        uint8 [H, W, channels].

    Raises:
        ImageError: If the file is empty, cut off, damaged, too large, of no known format, or its pixels are no integers of 8 or
            16 bits.
    """
    if not data:
        raise ImageError(f'{name}: the file is empty')
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            image.load()
            _turn_upright(image)
            pixels = _flatten(image, channels)
    except UnidentifiedImageError as error:
        raise ImageError(f'{name}: not a readable image ({len(data)} bytes)') from error
    except ImageError as error:
        raise ImageError(f'{name}: {error}') from error
    except Image.DecompressionBombError as error:
        raise ImageError(f'{name}: {str(error).split(",")[0]}') from error
    except Exception as error:  # on damaged data Pillow's decoders raise whatever they trip over
        if 'truncated' in str(error).lower():
            raise ImageError(f'{name}: the file is cut off after {len(data)} bytes') from error
        raise ImageError(f'{name}: the file is damaged: {error} ({len(data)} bytes)') from error
    return pixels.reshape(*pixels.shape[:2], channels)


def _turn_upright(image: Image.Image) -> None:
    """Apply the camera's orientation, if the file states one that can be read."""
    with contextlib.suppress(Exception):  # a damaged note beside sound pixels: shown as stored, as viewers do
        ImageOps.exif_transpose(image, in_place=True)


def _flatten(image: Image.Image, channels: int) -> np.ndarray:
    """Pixels uint8 [H, W] or [H, W, 3] on white."""
    if image.mode.startswith('I;16') or (image.mode, image.format) == ('I', 'PPM'):
        deep = np.array(image)
        clear = deep == image.info.get('transparency', -1)
        image = Image.fromarray(np.where(clear, 255, deep >> 8).astype(np.uint8))
    if image.mode in ('I', 'F'):
        raise ImageError(f'pixels must be integers of 8 or 16 bits, but are of mode {image.mode} (32 bits)')
    if image.has_transparency_data:
        image = image.convert('RGBA')
        image = Image.alpha_composite(Image.new('RGBA', image.size, 'white'), image)
    return np.array(image.convert('L' if channels == 1 else 'RGB'))


def encode(image: np.ndarray, encoding: str, quality: int = 95) -> bytes:
    """Bytes of an image uint8 [H, W, 1 or 3] (red, green, blue) in one of :data:`ENCODINGS`."""
    if encoding == 'raw':
        return np.ascontiguousarray(image).tobytes()
    options = [cv2.IMWRITE_JPEG_QUALITY, quality] if encoding == 'jpeg' else [cv2.IMWRITE_PNG_COMPRESSION, 9]
    stored = image if image.shape[2] == 1 else cv2.cvtColor(image, cv2.COLOR_RGB2BGR)
    return cv2.imencode('.jpg' if encoding == 'jpeg' else '.png', stored, options)[1].tobytes()

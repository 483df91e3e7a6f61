"""Image files in memory: decoding with checks, encoding."""
import cv2
import numpy as np

from ibgan_plugin.utils.errors import IBGANError

#: Ways to store an image in a record, and what each costs for a 64x64 colour photograph.
ENCODINGS = {
    'raw': 'pixels as they are: 12 KiB, 16 KiB on disk; nothing to decode',
    'png': 'lossless: about 8 KiB on disk; the slowest to decode',
    'jpeg': 'lossy, quality 95: about 3 KiB, 4 KiB on disk; about 50 microseconds to decode',
}


class ImageError(IBGANError):
    """Bytes that are not the image they should be; the message names the image and what is wrong."""


def decode(data: bytes, channels: int, name: str) -> np.ndarray:
    """Decode a whole image file.

    Transparent pixels become white, 16-bit images 8-bit ones.

    Args:
        data: Content of a JPEG, PNG, WebP, BMP, ... file.
        channels: 1 for grey, 3 for red, green, blue.
        name: Of the image, for messages.

    Returns:
        uint8 [H, W, channels].

    Raises:
        ImageError: If the file is empty, cut off, of no known format, or its pixels are no integers of 8 or 16 bits.
    """
    if not data:
        raise ImageError(f'{name}: the file is empty')
    if _is_cut_off(data):
        raise ImageError(f'{name}: the file is cut off after {len(data)} bytes')
    try:
        image = cv2.imdecode(np.frombuffer(data, dtype=np.uint8), cv2.IMREAD_UNCHANGED)
    except cv2.error:
        image = None
    if image is None:
        raise ImageError(f'{name}: not a readable image ({len(data)} bytes)')
    if image.dtype == np.uint16:
        image = (image // 256).astype(np.uint8)
    if image.dtype != np.uint8:
        raise ImageError(f'{name}: pixels must be integers of 8 or 16 bits, but are {image.dtype}')
    image = np.atleast_3d(image)
    if image.shape[2] == 4:
        alpha = image[:, :, 3:].astype(np.float32) / 255
        image = np.rint(image[:, :, :3] * alpha + 255 * (1 - alpha)).astype(np.uint8)
    if image.shape[2] == channels == 3:
        return cv2.cvtColor(image, cv2.COLOR_BGR2RGB)
    if image.shape[2] == channels:
        return image
    return np.atleast_3d(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY if channels == 1 else cv2.COLOR_GRAY2RGB))


def _is_cut_off(data: bytes) -> bool:
    """Whether a JPEG or PNG lacks its end; decoders make up the missing part in silence."""
    if data[:2] == b'\xff\xd8':  # in the compressed data, 0xff is followed by 0 or a restart marker: no false end
        return data.rfind(b'\xff\xd9') < data.rfind(b'\xff\xda') or b'\xff\xda' not in data
    return data[:4] == b'\x89PNG' and b'IEND\xae\x42\x60\x82' not in data  # the empty last chunk with its checksum


def encode(image: np.ndarray, encoding: str, quality: int = 95) -> bytes:
    """Bytes of an image uint8 [H, W, 1 or 3] (red, green, blue) in one of :data:`ENCODINGS`."""
    if encoding == 'raw':
        return np.ascontiguousarray(image).tobytes()
    options = [cv2.IMWRITE_JPEG_QUALITY, quality] if encoding == 'jpeg' else [cv2.IMWRITE_PNG_COMPRESSION, 9]
    stored = image if image.shape[2] == 1 else cv2.cvtColor(image, cv2.COLOR_RGB2BGR)
    return cv2.imencode('.jpg' if encoding == 'jpeg' else '.png', stored, options)[1].tobytes()

"""Reading what a browser sent: everything is bounded and checked before anything else sees it."""
import io
import json
import math
from typing import Any

import numpy as np
from PIL import Image
from starlette.requests import Request

from ibgan_plugin.datasets.codec import ImageError, decode
from ibgan_plugin.utils.errors import IBGANError

#: What an upload may be.
FORMATS = ('JPEG', 'PNG', 'BMP', 'WEBP')
#: Bytes of a request: of JSON, and of an uploaded image file.
MAX_JSON, MAX_UPLOAD = 1 << 18, 8 << 20
#: Pixels of an uploaded image, told from its header before it is decoded.
MAX_PIXELS = 16_000_000
#: Representations decoded at once.
MAX_ROWS = 64
#: Entries of a representation: far beyond all that a model gives, and far within float32.
MAX_ENTRY = 1e6


class RequestError(IBGANError):
    """A request that is refused, with the HTTP status that says why."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


async def read_body(request: Request, limit: int) -> bytes:
    """The body, given up once it is longer than ``limit`` bytes, whatever its header says."""
    content = bytearray()
    async for chunk in request.stream():
        content += chunk
        if len(content) > limit:
            raise RequestError(f'a request may have {limit} bytes, this one has more', 413)
    return bytes(content)


async def read_json(request: Request) -> dict[str, Any]:
    """A JSON object."""
    if request.headers.get('content-type', '').partition(';')[0].strip() != 'application/json':
        raise RequestError('the content type must be application/json', 415)
    body = await read_body(request, MAX_JSON)
    try:
        content = json.loads(body, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise RequestError('the body must be JSON') from error
    if not isinstance(content, dict):
        raise RequestError(f'the body must be a JSON object, got {type(content).__name__}')
    return content


def _no_constant(name: str) -> None:
    raise ValueError(f'{name} is not JSON')


def integer(value: Any, name: str, end: int) -> int:
    """A whole number from 0 to ``end`` - 1."""
    if type(value) is not int or not 0 <= value < end:
        raise RequestError(f'{name} must be a whole number from 0 to {end - 1}, got {_shown(value)}')
    return value


def integers(value: Any, name: str, ends: tuple[int, ...]) -> list[int]:
    """As many whole numbers as there are ``ends``, each below its own."""
    if not isinstance(value, list) or len(value) != len(ends):
        raise RequestError(f'{name} must be a list of {len(ends)} whole numbers, got {_shown(value)}')
    return [integer(each, f'{name}[{place}]', end) for place, (each, end) in enumerate(zip(value, ends, strict=True))]


def representations(value: Any, r_dim: int) -> np.ndarray:
    """Representations float64 N x r_dim, 1 to :data:`MAX_ROWS` of them."""
    if not isinstance(value, list) or not 1 <= len(value) <= MAX_ROWS:
        raise RequestError(f'r must be a list of 1 to {MAX_ROWS} representations, got {_shown(value)}')
    for row in value:
        if not isinstance(row, list) or len(row) != r_dim or not all(map(_is_entry, row)):
            raise RequestError(f'a representation must be a list of {r_dim} numbers of at most {MAX_ENTRY:g}, got {_shown(row)}')
    return np.array(value, dtype=np.float64)


def _is_entry(value: Any) -> bool:
    """Whether it is a number that fits; whole numbers of any length come out of JSON."""
    return type(value) in (int, float) and -MAX_ENTRY <= value <= MAX_ENTRY and math.isfinite(value)


def uploaded_image(data: bytes) -> np.ndarray:
    """An image file as pixels uint8 H x W x 3, decoded by the package's one decoder.

    Raises:
        IBGANError: If it is none, of a type that the decoder does not take, damaged, or too large.
    """
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            width, height = image.size
    except Image.DecompressionBombError:
        raise RequestError(f'an image may have {MAX_PIXELS} pixels, this one has more', 413) from None
    except Exception as error:  # Pillow raises whatever it trips over
        raise RequestError(f'the file is no image that can be read ({", ".join(FORMATS)})') from error
    if width * height > MAX_PIXELS:
        raise RequestError(f'an image may have {MAX_PIXELS} pixels, this one has {width} x {height}', 413)
    try:
        return decode(data, 3, 'the file')
    except ImageError as error:
        raise RequestError(str(error)) from error


def _shown(value: Any) -> str:
    """A value for a message, in ASCII and not long."""
    if isinstance(value, (list, dict)):
        return f'{type(value).__name__} of {len(value)}'
    text = ascii(value) if not isinstance(value, int) or abs(value) < 1 << 64 else 'a number of many digits'
    return text if len(text) <= 60 else text[:57] + '...'

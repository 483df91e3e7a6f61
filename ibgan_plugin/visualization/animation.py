"""Moving pictures."""
import importlib.util
import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from ibgan_plugin.utils.errors import IBGANError
from ibgan_plugin.utils.files import write_whole


def write_gif(path: str | Path, frames: Sequence[np.ndarray] | np.ndarray, frames_per_second: float = 10.0) -> None:
    """Write an endless animation, whole or not at all.

    Each frame has a palette of its own, so grey images and those of up to 256 colours are exact (OpenCV's GIF writer uses one
    coarse palette, and is missing from many builds).

    Args:
        path: File to write.
        frames: uint8 T x H x W x 3 (RGB), at least one.
        frames_per_second: At most 50: viewers slow down what is faster. Times are rounded to hundredths of a second.

    Raises:
        IBGANError: If there is no frame or the rate is out of range.
        OSError: If the file can not be written.
    """
    if not 0 < frames_per_second <= 50:
        raise IBGANError(f'frames_per_second must be above 0 and at most 50, got {frames_per_second}')
    if not len(frames):
        raise IBGANError('an animation needs at least one frame, got none')
    first, *others = (Image.fromarray(np.ascontiguousarray(frame)) for frame in frames)
    content = io.BytesIO()
    first.save(content, 'GIF', save_all=True, append_images=others, duration=round(1000 / frames_per_second), loop=0)
    write_whole(path, content.getvalue())


def write_mp4(path: str | Path, frames: Sequence[np.ndarray] | np.ndarray, frames_per_second: int = 10) -> None:
    """Write a film (H.264, as every browser plays it), whole or not at all; the same frames give the same bytes.

    Args:
        path: File to write.
        frames: uint8 T x H x W x 3 (RGB), at least one; an odd side gets a white line more, since H.264 halves colours.
        frames_per_second: From 1 to 50.

    Raises:
        IBGANError: If there is no frame, the rate is out of range, or PyAV is missing.
        OSError: If the file can not be written.
    """
    if not importlib.util.find_spec('av'):
        raise IBGANError("films need PyAV: pip install 'ibgan_plugin[video]'")
    import av
    if not 1 <= frames_per_second <= 50:
        raise IBGANError(f'frames_per_second must be from 1 to 50, got {frames_per_second}')
    if not len(frames):
        raise IBGANError('a film needs at least one frame, got none')
    height, width, _ = frames[0].shape
    content = io.BytesIO()
    with av.open(content, 'w', format='mp4') as film:
        stream = film.add_stream('libx264', rate=frames_per_second, options={'crf': '12', 'threads': '1'})
        stream.height, stream.width, stream.pix_fmt = height + height % 2, width + width % 2, 'yuv420p'
        for frame in frames:
            even = np.pad(frame, ((0, height % 2), (0, width % 2), (0, 0)), constant_values=255)
            film.mux(stream.encode(av.VideoFrame.from_ndarray(np.ascontiguousarray(even), format='rgb24')))
        film.mux(stream.encode())
    write_whole(path, content.getvalue())


def there_and_back(frames: np.ndarray) -> np.ndarray:
    """Frames T x ... to 2T - 2 that swing from the first to the last and back without a jump."""
    return np.concatenate([frames, frames[-2:0:-1]])

"""Moving pictures."""
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


def there_and_back(frames: np.ndarray) -> np.ndarray:
    """Frames T x ... to 2T - 2 that swing from the first to the last and back without a jump."""
    return np.concatenate([frames, frames[-2:0:-1]])

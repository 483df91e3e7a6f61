"""The official ``.npz`` of dSprites."""
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from ibgan_plugin.datasets.dsprites.outline import GRID
from ibgan_plugin.datasets.dsprites.raster import SIDE
from ibgan_plugin.datasets.npz_stream import NpzArray
from ibgan_plugin.utils.errors import IBGANError


class OfficialFile:
    """The official dSprites file, checked on opening; its pickled ``metadata`` are never read.

    Args:
        path: Path of the ``.npz``.

    Raises:
        IBGANError: If it does not exist, is no zip file, lacks an array, or an array has the wrong type, shape or order.
    """

    def __init__(self, path: str | Path):
        self.path = Path(path)
        self._images = NpzArray(path, 'imgs', 'u1', (len(GRID), SIDE, SIDE))
        classes = NpzArray(path, 'latents_classes', '<i8', (len(GRID), 1 + GRID.num_factors)).read()
        if not (GRID.to_index(classes[:, 1:]) == np.arange(len(GRID))).all():
            raise IBGANError(f'{self.path}: latents_classes are not in the order {", ".join(GRID.names)}, the last fastest')

    @property
    def description(self) -> str:
        """Names the kind of file and the checksum of its images."""
        return f'official npz (images CRC-32 {self._images.checksum:08x})'

    def chunks(self, count: int, start: int = 0) -> Iterator[np.ndarray]:
        """Images uint8 [count, 64, 64] of 0 and 1, one chunk after the other, from image ``start`` on.

        Raises:
            IBGANError: If the file ends early or is damaged.
        """
        return self._images.chunks(count, start)

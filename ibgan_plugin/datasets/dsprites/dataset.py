"""The data sets: dSprites, and its coloured variant."""
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ibgan_plugin.datasets.base import ImageDataset
from ibgan_plugin.datasets.dsprites.build import KIND, POSITIONS, WINDOW_BYTES, prepare
from ibgan_plugin.datasets.dsprites.outline import GRID
from ibgan_plugin.datasets.dsprites.raster import SIDE, WINDOW, unpack_windows
from ibgan_plugin.datasets.store.reader import LMDBReader, record_key
from ibgan_plugin.registry import DATASETS


@DATASETS.register_module()
class DSprites(ImageDataset):
    """All 737,280 images of dSprites: uint8 [1, 64, 64] of 0 and 255, in the order of the official file.

    The LMDB file is made on first use: drawn, or from the official ``.npz`` if that lies in ``data_root``. Implements
    :class:`~ibgan_plugin.datasets.ground_truth.GroundTruth`.

    Args:
        data_root: Folder of ``dsprites.lmdb``.
        pipeline, indices, test_mode: As in :class:`~ibgan_plugin.datasets.base.ImageDataset`.

    Attributes:
        grid: The factors; sample ``i`` has the factors ``grid.to_factors([i])``.

    >>> data = DSprites('dsprites')
    >>> len(data), data[0]['inputs'].shape, data.grid.names
    (737280, torch.Size([1, 64, 64]), ('shape', 'scale', 'orientation', 'posX', 'posY'))
    """

    def __init__(self, data_root: str | Path = 'data/dsprites', pipeline: Sequence | None = None,
                 indices: int | Sequence[int] | None = None, test_mode: bool = False):
        super().__init__(pipeline, indices, test_mode)
        self.data_root = Path(data_root)
        self.grid = GRID

    @property
    def metainfo(self) -> dict[str, Any]:
        """Name of the set, names and sizes of its factors."""
        return {'dataset': 'dsprites', 'factor_names': self.grid.names, 'factor_sizes': self.grid.sizes}

    def _open(self) -> int:
        self._reader = LMDBReader(prepare(self.data_root), KIND)
        self._keys = [record_key(record) for record in range(len(self._reader))]
        return len(self.grid)

    def _content(self) -> dict[str, Any]:
        return {'checksum': self._reader.metadata['checksum']}

    def _fetch(self, sample_idx: np.ndarray, epoch: np.ndarray, seed: np.ndarray) -> np.ndarray:
        sprite, position = np.divmod(sample_idx, POSITIONS)
        keys = self._keys
        with self._reader.fetching() as get:
            packed = b''.join([get(keys[record])[start:start + WINDOW_BYTES]
                               for record, start in zip(sprite.tolist(), (position * WINDOW_BYTES).tolist(), strict=True)])
        images = np.empty((len(sample_idx), 1, SIDE, SIDE), dtype=np.uint8)
        pos_x, pos_y = np.divmod(position, GRID.sizes[4])
        unpack_windows(np.frombuffer(packed, dtype='<u4').reshape(-1, WINDOW), pos_x, pos_y, out=images)
        return images

    def render(self, factors: np.ndarray) -> np.ndarray:
        """Images uint8 [N, 1, 64, 64] of 0 and 255 of factor rows [N, 5], whatever part of the set this view shows.

        Raises:
            IBGANError: If a row has the wrong width or a value lies outside its factor.
        """
        self.full_init()
        sample_idx = self.grid.to_index(factors)
        return self._fetch(sample_idx, np.zeros_like(sample_idx), np.zeros_like(sample_idx))

"""Images of any origin in an LMDB file made by ``tools/prepare_data.py``."""
import math
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch

from ibgan_plugin.datasets.base import ImageDataset
from ibgan_plugin.datasets.codec import ImageError
from ibgan_plugin.datasets.factor_table import FactorTable
from ibgan_plugin.datasets.ground_truth import FactorGrid
from ibgan_plugin.datasets.store.reader import LMDBReader, check_store, record_key
from ibgan_plugin.registry import DATASETS
from ibgan_plugin.utils.errors import IBGANError

KIND = 'images'


@DATASETS.register_module()
class LMDBImages(ImageDataset):
    """Images uint8 [C, H, W], all of one size, with the annotations that were prepared with them.

    If the images are all the combinations of known factors, the set implements
    :class:`~ibgan_plugin.datasets.ground_truth.GroundTruth`.

    Batches of colour images lie in memory as they were decoded, channels last (their shape is [N, C, H, W] all the same):
    reordering them here would cost a tenth of the speed and is done on the device together with the conversion to float.

    Args:
        path: The LMDB file.
        pipeline, indices, test_mode: As in :class:`~ibgan_plugin.datasets.base.ImageDataset`.
        factors: Which of the prepared factors to take, by name; by default all. ``'attributes'`` takes CelebA's 40 as factors.
        annotations: Names of the arrays to hand on in ``data_samples`` as tensors, e.g. ``('attributes',)``.
        partition: Use one part only, e.g. ``'train'``; ``indices`` then count within it.

    Raises:
        IBGANError: If the file is missing or no regular file; on first use, if it has no such annotation or partition.
        StoreError: On first use, if it is damaged; whenever it is read, if it was cut off since.
    """

    def __init__(self, path: str | Path, pipeline: Sequence | None = None, indices: int | Sequence[int] | None = None,
                 test_mode: bool = False, annotations: Sequence[str] = (), partition: str | None = None,
                 factors: str | Sequence[str] | None = None):
        super().__init__(pipeline, indices, test_mode)
        self.path = check_store(path)
        self.annotations = tuple(annotations)
        self.partition = partition
        self._requested_factors = factors

    def _open(self) -> int:
        self._reader = LMDBReader(self.path, KIND)
        self._layout = self._reader.metadata['layout']
        known = self._reader.metadata['arrays']
        for name in (*self.annotations, *(['partition'] if self.partition else [])):
            if name not in known:
                raise IBGANError(f'{self.path} has no annotation {name!r}, only {sorted(known)}')
        self._arrays = {name: torch.from_numpy(self._reader.array(name)) for name in self.annotations}
        self._factors = self._read_factors(self._requested_factors)
        self._grid = None if self._factors is None else self._factors.grid
        return len(self._reader)

    def _read_factors(self, asked: str | Sequence[str] | None) -> FactorTable | None:
        """The table of factors of the whole set, if there are any."""
        layout, arrays = self._layout, self._reader.metadata['arrays']
        if asked == 'attributes' and 'attributes' in arrays:
            names = tuple(layout['attribute_names'])
            signs = self._reader.array('attributes').astype(np.float64)  # -1 or 1
            return FactorTable(names, ('categorical', ) * len(names), (signs + 1) / 2, (('no', 'yes'), ) * len(names))
        if 'factors' not in arrays or 'factor_names' not in layout:
            if asked is not None:
                raise IBGANError(f'{self.path} has no factors {asked!r}, only the annotations {sorted(arrays)}; '
                                 'prepare it with --factors')
            return None
        names = tuple(layout['factor_names'])
        kinds = tuple(layout.get('factor_kinds', ['categorical'] * len(names)))
        labels = layout.get('factor_labels') or [[str(value) for value in range(size)] for size in layout['factor_sizes']]
        table = FactorTable(names, kinds, self._reader.array('factors').astype(np.float64),
                            tuple(None if classes is None else tuple(classes) for classes in labels))
        return table if asked is None else table.columns([asked] if isinstance(asked, str) else asked)

    def _select(self) -> np.ndarray | None:
        if self.partition is None:
            return None
        names = self._layout['partition_names']
        if self.partition not in names:
            raise IBGANError(f'{self.path}: partition must be one of {names}, got {self.partition!r}')
        return np.flatnonzero(self._reader.array('partition') == names.index(self.partition))

    @property
    def metainfo(self) -> dict[str, Any]:
        """Name of the set and how it was prepared; attribute and partition names where it has them.

        With factors also ``factor_names``, ``factor_sizes``, ``factor_kinds`` (``'categorical'`` or ``'continuous'``) and
        ``is_grid``: whether the samples are all the combinations of the factors in order, so that ``sample_idx`` is a cell.
        """
        self.full_init()
        layout = {name: tuple(value) if isinstance(value, list) else value for name, value in self._layout.items()
                  if name not in ('name', 'factor_labels')}
        factors = {} if self._factors is None else {
            'factor_names': self._factors.names, 'factor_sizes': self._factors.sizes, 'factor_kinds': self._factors.kinds,
            'is_grid': self._grid is not None}
        return {'dataset': self._layout['name'], **layout, **factors}

    @property
    def factors(self) -> np.ndarray | None:
        """Factors float64 [N, F] of the whole set, by ``sample_idx``: numbers of classes, or values; None without any."""
        self.full_init()
        return None if self._factors is None else self._factors.values

    @property
    def grid(self) -> FactorGrid:
        """The factors; sample ``i`` of the whole set has the factors ``grid.to_factors([i])``.

        Raises:
            IBGANError: If the set has no factors, or lacks some of their combinations.
        """
        self.full_init()
        if self._grid is None:
            raise IBGANError(f'{self.path} does not hold all the combinations of known factors')
        return self._grid

    def render(self, factors: np.ndarray) -> np.ndarray:
        """Images uint8 [N, C, H, W] of factor rows [N, num_factors].

        Raises:
            IBGANError: If the set has no grid of factors, or a row does not fit it.
        """
        sample_idx = self.grid.to_index(factors)
        return self._fetch(sample_idx, np.zeros_like(sample_idx), np.zeros_like(sample_idx))

    def _content(self) -> dict[str, Any]:
        content = {'checksum': self._reader.metadata['checksum'], 'layout': self._layout}
        return content if self._factors is None else {**content, 'factors': zlib.crc32(self._factors.values.tobytes())}

    def _annotate(self, sample_idx: np.ndarray) -> dict[str, torch.Tensor]:
        return {**super()._annotate(sample_idx), **{name: values[sample_idx] for name, values in self._arrays.items()}}

    def _fetch(self, sample_idx: np.ndarray, epoch: np.ndarray, seed: np.ndarray) -> np.ndarray:
        height, width, channels = self._layout['shape']
        with self._reader.fetching() as get:
            records = [(get(record_key(number)), number) for number in sample_idx.tolist()]
            if self._layout['encoding'] == 'raw':
                pixels = np.frombuffer(bytearray().join([self._raw(*record) for record in records]), dtype=np.uint8)
            else:
                pixels = np.stack([self._decode(*record) for record in records])
        return pixels.reshape(-1, height, width, channels).transpose(0, 3, 1, 2)

    def _raw(self, record: memoryview | None, number: int) -> memoryview:
        if record is None or len(record) != math.prod(self._layout['shape']):
            raise ImageError(f'{self.path}: record {number} is missing or not of shape {self._layout["shape"]}')
        return record

    def _decode(self, record: memoryview | None, number: int) -> np.ndarray:
        """Pixels [H, W, 3] or [H, W] of a JPEG or PNG."""
        height, width, channels = self._layout['shape']
        flag = cv2.IMREAD_GRAYSCALE if channels == 1 else cv2.IMREAD_COLOR_RGB
        image = None if record is None else cv2.imdecode(np.frombuffer(record, dtype=np.uint8), flag)
        if image is None or image.shape[:2] != (height, width):
            raise ImageError(f'{self.path}: record {number} is missing or no image of shape {self._layout["shape"]}')
        return image

"""Image files as they lie in a folder or archive, decoded on the fly."""
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from mmengine.logging import print_log

from ibgan_plugin.datasets.base import ImageDataset
from ibgan_plugin.datasets.codec import decode
from ibgan_plugin.datasets.sources import open_source
from ibgan_plugin.registry import DATASETS
from ibgan_plugin.utils.errors import IBGANError


@DATASETS.register_module()
class ImageFiles(ImageDataset):
    """The images in a folder (with its subfolders), a zip or a tar file, in the order of their names.

    For trying things out; ``tools/prepare_data.py folder`` makes an LMDB file that loads much faster. Images of different
    sizes need a pipeline that makes them equal, such as ``[dict(type='ibgan_plugin.CropResize', size=64)]``.

    Args:
        path: The folder or archive.
        channels: 1 for grey, 3 for red, green, blue.
        pipeline, indices, test_mode: As in :class:`~ibgan_plugin.datasets.base.ImageDataset`.

    Raises:
        IBGANError: If ``channels`` is neither 1 nor 3; on first use, if there is no image in ``path``.
        ImageError: When a sample is read whose file is damaged.

    >>> from PIL import Image
    >>> Image.new('RGB', (64, 64), 'white').save('white.png')
    >>> sample = ImageFiles('.')[0]
    >>> sample['inputs'].shape, sample['inputs'].dtype
    (torch.Size([3, 64, 64]), torch.uint8)
    """

    def __init__(self, path: str | Path, channels: int = 3, pipeline: Sequence | None = None,
                 indices: int | Sequence[int] | None = None, test_mode: bool = False):
        if channels not in (1, 3):
            raise IBGANError(f'channels must be 1 or 3, got {channels}')
        super().__init__(pipeline, indices, test_mode)
        self.path = Path(path)
        if not self.path.exists():
            raise IBGANError(f'{path} does not exist: it must be a folder, a zip or a tar file of images')
        self.channels = channels

    @property
    def metainfo(self) -> dict[str, Any]:
        """Name of the set: that of the folder or file."""
        return {'dataset': self.path.stem}

    def _open(self) -> int:
        self._source = open_source(self.path)
        if self._source.left_out:
            print_log(f'{self.path}: {len(self._source):,} images; left out: {self._source.summary()}', 'current')
        return len(self._source)

    def _fetch(self, sample_idx: np.ndarray, epoch: np.ndarray, seed: np.ndarray) -> list[np.ndarray]:
        names = [self._source.names[number] for number in sample_idx]
        return [decode(self._source.read(name), self.channels, f'{self.path}/{name}').transpose(2, 0, 1) for name in names]

"""Images of any data set as mmagic's models, metrics and hooks take them."""
from collections.abc import Sequence
from typing import Any

import torch
from torch.utils.data import Dataset

from ibgan_plugin.interop.mmagic.model import swap_colors
from ibgan_plugin.registry import DATASETS


@DATASETS.register_module()
class MMagicImages(Dataset):
    """A data set of this project whose samples are mmagic's: ``dict(inputs={}, data_samples=DataSample(gt_img=...))``.

    ``gt_img`` is uint8 [C, H, W], its colours BGR, which is mmagic's default order. Needs mmagic; use its default collate function
    and its ``DataPreprocessor``.

    Args:
        dataset: Config of a data set that gives ``dict(inputs=uint8 tensor [C, H, W], data_samples=dict(sample_idx=int))``, such
            as :class:`~ibgan_plugin.datasets.lmdb_images.LMDBImages`.
    """

    def __init__(self, dataset: dict) -> None:
        from mmagic.structures import DataSample
        self.dataset = DATASETS.build(dataset)
        self._sample_type = DataSample

    @property
    def metainfo(self) -> dict[str, Any]:
        """That of the data set."""
        return self.dataset.metainfo

    def full_init(self) -> None:
        """Make the data ready."""
        self.dataset.full_init()

    def __len__(self) -> int:
        return len(self.dataset)

    def __getitem__(self, index: int) -> dict[str, Any]:
        return self.__getitems__([index])[0]

    def __getitems__(self, indices: Sequence[int]) -> list[dict[str, Any]]:
        """Samples of a batch."""
        return [dict(inputs={}, data_samples=self._pack(**sample)) for sample in self.dataset.__getitems__(indices)]

    def _pack(self, inputs: torch.Tensor, data_samples: dict[str, Any]) -> Any:
        return self._sample_type(gt_img=swap_colors(inputs), metainfo=dict(sample_idx=data_samples['sample_idx']))

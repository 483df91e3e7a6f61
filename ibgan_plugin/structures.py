"""What models predict, and its pixels."""
from collections.abc import Mapping
from typing import Any

import torch
from mmengine.structures import BaseDataElement
from torch import Tensor


class GenSample(BaseDataElement):
    """A generated or encoded sample, which is subscriptable too.

    Fields, as far as they apply: ``codes`` (r_dim,), the representation of an image; ``fake_img`` (C, H, W) in 0..255, a generated
    image (RGB or grey); ``sample_idx``, the number of an encoded image in its data set.
    """

    def __getitem__(self, key: str) -> Any:
        return getattr(self, key)


def to_samples(name: str, values: Tensor, data_samples: Any = None) -> list[GenSample]:
    """One :class:`GenSample` per row of ``values``, with the row as field ``name`` and its ``sample_idx`` where known."""
    if isinstance(data_samples, Mapping) and 'sample_idx' in data_samples:
        return [GenSample(**{name: row}, sample_idx=int(i)) for row, i in zip(values, data_samples['sample_idx'], strict=True)]
    return [GenSample(**{name: row}) for row in values]


def to_uint8(imgs: Tensor) -> Tensor:
    """Images in [-1, 1] as pixels uint8 of the same shape, rounded; what lies outside is cut off."""
    return ((imgs + 1) * 127.5).round().clamp(0, 255).to(torch.uint8)

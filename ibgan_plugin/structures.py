"""What the model reads and predicts, in MMEngine's and in mmagic's structures. mmagic is never imported here."""
import sys
from collections.abc import Mapping
from typing import Any

from mmengine.structures import BaseDataElement
from torch import Tensor


class GenSample(BaseDataElement):
    """A generated or encoded sample, subscriptable as mmagic's visualiser and metrics expect.

    Fields, as far as they apply: ``codes`` (r_dim,), the representation of an image; ``fake_img`` (C, H, W) in 0..255, a generated
    image; ``gt_img``, a real image that came with the request; ``sample_idx``, its number in its data set.
    """

    def __getitem__(self, key: str) -> Any:
        return getattr(self, key)


def to_samples(name: str, values: Tensor, data_samples: Any = None) -> list[GenSample]:
    """One :class:`GenSample` per row of ``values``, with the row as field ``name`` and its ``sample_idx`` where known."""
    if isinstance(data_samples, Mapping) and 'sample_idx' in data_samples:
        return [GenSample(**{name: row}, sample_idx=int(i)) for row, i in zip(values, data_samples['sample_idx'], strict=True)]
    return [GenSample(**{name: row}) for row in values]


def generated_samples(imgs: Tensor, data_samples: Any, data_preprocessor: Any) -> list[BaseDataElement]:
    """One sample per image, with ``fake_img`` in 0..255.

    Args:
        imgs: Generated images N x C x H x W in [-1, 1], in the colour order of the images that the model was trained on.
        data_samples: Samples of real images whose fields are passed on, see :func:`rows_of`, or None.
        data_preprocessor: The model's. mmagic's has ``destruct``, which undoes what it did; with any other, colours are RGB.

    Returns:
        :class:`GenSample`; in a process that has imported mmagic, its ``DataSample``, which has colours in the order BGR.

    Raises:
        IBGANError: If there are ``data_samples``, but not one an image.
    """
    mmagic = sys.modules.get('mmagic.structures')
    if hasattr(data_preprocessor, 'destruct'):
        imgs = data_preprocessor.destruct(imgs)
    else:
        imgs = (imgs + 1) * 127.5
        imgs = imgs if mmagic is None else swap_colors(imgs)
    samples = []
    for img, row in zip(imgs, rows_of(data_samples) or [BaseDataElement()] * len(imgs), strict=True):
        sample = GenSample() if mmagic is None else mmagic.DataSample()
        sample.update(row)
        sample.set_field(img, 'fake_img')
        samples.append(sample)
    return samples


def rows_of(data_samples: Any) -> list[BaseDataElement]:
    """The samples of a batch: a list of them, or mmagic's stack of them, taken apart. Empty where there are none."""
    if data_samples is None or isinstance(data_samples, Mapping):
        return []
    return data_samples.split(allow_nonseq_value=True) if hasattr(data_samples, 'split') else list(data_samples)


def real_images(batch: Mapping[str, Any]) -> Tensor:
    """The images of a preprocessed batch: ``inputs``, or ``gt_img`` of the samples, which is where mmagic's data sets put them."""
    return batch['inputs'] if isinstance(batch['inputs'], Tensor) else batch['data_samples'].gt_img


def swap_colors(imgs: Tensor) -> Tensor:
    """``imgs`` [..., C, H, W] from RGB to BGR, or back; grey ones as they are."""
    return imgs.flip(-3) if imgs.shape[-3] == 3 else imgs

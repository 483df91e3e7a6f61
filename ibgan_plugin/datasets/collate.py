"""Batches that are made in one piece and cross the loader without being taken apart."""
from collections.abc import Sequence
from typing import Any

import torch
from torch.utils.data import default_collate

from ibgan_plugin.registry import FUNCTIONS


class SampleBatch(Sequence):
    """A finished batch that still looks like a list of samples.

    What a data set's ``__getitems__`` returns: :func:`batched_collate` takes :attr:`collated` as it is, any other collate
    function sees a sequence of samples (views of the batch).

    Args:
        inputs: Images uint8 [N, C, H, W].
        annotations: Tensors [N, ...] of what goes into ``data_samples``, e.g. ``sample_idx``.

    >>> batch = SampleBatch(torch.zeros(2, 1, 64, 64), dict(sample_idx=torch.tensor([7, 8])))
    >>> len(batch), batch[1]['data_samples'], batched_collate(batch)['data_samples']
    (2, {'sample_idx': 8}, {'sample_idx': tensor([7, 8])})
    """

    def __init__(self, inputs: torch.Tensor, annotations: dict[str, torch.Tensor]):
        self.collated: dict[str, Any] = {'inputs': inputs, 'data_samples': annotations}

    def __len__(self) -> int:
        return len(self.collated['inputs'])

    def __getitem__(self, index: int) -> dict[str, Any]:  # type: ignore[override]
        return {'inputs': self.collated['inputs'][index], 'data_samples': pick(self.collated['data_samples'], index)}


def pick(annotations: dict[str, torch.Tensor], index: int) -> dict[str, Any]:
    """One sample's annotations: numbers where they are scalars, else views."""
    chosen = {name: values[index] for name, values in annotations.items()}
    return {name: value.item() if value.ndim == 0 else value for name, value in chosen.items()}


@FUNCTIONS.register_module()
def batched_collate(samples: SampleBatch | list) -> Any:
    """Collate function: a :class:`SampleBatch` passes without any work per sample, a list goes to torch's default."""
    return samples.collated if isinstance(samples, SampleBatch) else default_collate(samples)

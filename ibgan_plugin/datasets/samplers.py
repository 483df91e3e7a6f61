"""A sampler whose samples know the epoch."""
from collections.abc import Iterator
from typing import Any

from mmengine.dataset import DefaultSampler

from ibgan_plugin.datasets.resumable_sampler import EpochIndex, run_seed
from ibgan_plugin.registry import DATA_SAMPLERS


@DATA_SAMPLERS.register_module()
class EpochSampler(DefaultSampler):
    """MMEngine's ``DefaultSampler`` whose indices carry the epoch to the data set, in whatever worker that is.

    For epoch-based loops over data sets that draw something anew every epoch, such as the colours of ``ColorDSprites``;
    ``ResumableSampler`` does the same for iteration-based ones.

    Args: as ``mmengine.dataset.DefaultSampler``; ``seed`` is :func:`~ibgan_plugin.datasets.resumable_sampler.run_seed` by default.
    """

    def __init__(self, dataset: Any, shuffle: bool = True, seed: int | None = None, round_up: bool = True) -> None:
        super().__init__(dataset, shuffle, run_seed() if seed is None else seed, round_up)

    def __iter__(self) -> Iterator[int]:
        return (EpochIndex(index, self.epoch, self.seed) for index in super().__iter__())

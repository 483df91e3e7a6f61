"""A sampler whose samples know the epoch."""
from collections.abc import Iterator

from mmengine.dataset import DefaultSampler

from ibgan_plugin.datasets.resumable_sampler import EpochIndex
from ibgan_plugin.registry import DATA_SAMPLERS


@DATA_SAMPLERS.register_module()
class EpochSampler(DefaultSampler):
    """MMEngine's ``DefaultSampler`` whose indices carry the epoch to the data set, in whatever worker that is.

    For epoch-based loops over data sets that draw something anew every epoch, such as the colours of ``ColorDSprites``;
    ``ResumableSampler`` does the same for iteration-based ones.
    """

    def __iter__(self) -> Iterator[int]:
        return (EpochIndex(index, self.epoch) for index in super().__iter__())

"""An endless sampler whose position is a number."""
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from mmengine.dist import broadcast, get_dist_info
from torch.utils.data import Sampler

from ibgan_plugin.registry import DATA_SAMPLERS
from ibgan_plugin.utils.errors import IBGANError


class EpochIndex(int):
    """A sample's index that knows in which epoch of which run it is drawn, for data sets that draw something anew each time."""

    epoch: int
    seed: int

    def __new__(cls, index: int, epoch: int, seed: int = 0) -> 'EpochIndex':
        """An int like any other, with ``epoch`` and the run's ``seed`` beside it."""
        self = super().__new__(cls, index)
        self.epoch, self.seed = epoch, seed
        return self

    def __reduce__(self) -> tuple:
        return EpochIndex, (int(self), self.epoch, self.seed)


def run_seed() -> int:
    """The seed that torch was last given on the first rank; the same on every rank, however much has been drawn since.

    MMEngine gives torch the run's seed (and the first rank that seed alone, where ranks differ), but a sampler none then.
    """
    seed = torch.tensor([torch.initial_seed() & 0x7FFFFFFF])
    broadcast(seed)
    return int(seed)


@DATA_SAMPLERS.register_module()
class ResumableSampler(Sampler):
    """Permutation after permutation of a data set, without end; position p is a function of the seed and p alone.

    Rank k of W takes the positions k, k + W, k + 2W, ... So a resumed run goes on with exactly the next sample, whatever the
    number of workers, and no state is saved.

    Args:
        dataset: Data set to sample from.
        shuffle: Whether to permute; otherwise every epoch has the data set's order.
        seed: Seed of the permutations, equal on all ranks; by default :func:`run_seed`.

    Attributes:
        start: Number of samples that this rank has already taken.

    >>> sampler = ResumableSampler(range(4), seed=0)
    >>> drawn = iter(sampler)
    >>> before = [next(drawn) for _ in range(10)]
    >>> sampler.start = 7  # as a run does that goes on after seven samples
    >>> next(iter(sampler)) == before[7], sorted(before[:4])
    (True, [0, 1, 2, 3])
    """

    def __init__(self, dataset: Any, shuffle: bool = True, seed: int | None = None) -> None:
        self.rank, self.world_size = get_dist_info()
        self.size = len(dataset)
        if self.size == 0:
            raise IBGANError(f'ResumableSampler needs samples, but {type(dataset).__name__} is empty')
        self.shuffle = shuffle
        self.seed = run_seed() if seed is None else seed
        self.start = 0

    def __iter__(self) -> Iterator[int]:
        position = self.rank + self.start * self.world_size
        while True:
            epoch, first = divmod(position, self.size)
            order = self.order(epoch)
            for index in order[first::self.world_size].tolist():
                yield EpochIndex(index, epoch, self.seed)
            position += self.world_size * -(-(self.size - first) // self.world_size)

    def order(self, epoch: int) -> np.ndarray:
        """The permutation of an epoch, int64 [size]."""
        if not self.shuffle:
            return np.arange(self.size)
        return np.random.default_rng([self.seed, epoch]).permutation(self.size)

    def __len__(self) -> int:
        """Samples a rank takes in an epoch, rounded up; the sampler itself has no end."""
        return -(-self.size // self.world_size)

"""What all image data sets of this project share: views, annotations, batches, transforms."""
import copy
import hashlib
import json
import random
import warnings
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from mmengine.dataset import Compose
from torch.utils.data import Dataset

from ibgan_plugin.datasets.collate import SampleBatch, pick


class ImageDataset(Dataset, ABC):
    """A data set that fetches images by the batch, in the vocabulary of MMEngine's ``BaseDataset``.

    A sample is ``dict(inputs=uint8 tensor [C, H, W], data_samples=dict(sample_idx=int, ...))``. Nothing is read before first
    use; MMEngine's Runner calls :meth:`full_init` when it builds the loader.

    Args:
        pipeline: Transforms (configs or callables) applied to ``dict(img=uint8 [H, W, C], sample_idx=int)``; the ``img`` they
            leave becomes ``inputs``. Without any, batches are decoded in one piece, which is much faster. What random transforms
            draw depends on the run's seed, the epoch and the sample number alone, whatever the number of workers. Seed and epoch
            come with the index, from ``ResumableSampler`` or ``EpochSampler``; with any other sampler, an image is drawn alike
            in every epoch.
        indices: Use a part only: the first ``n`` samples, the last ``-n``, or the given ones. ``sample_idx`` stays the number
            in the whole set.
        test_mode: Whether the set is used for testing.

    Raises:
        IndexError: If ``indices`` reach beyond the set.
    """

    def __init__(self, pipeline: Sequence | None = None, indices: int | Sequence[int] | None = None,
                 test_mode: bool = False):
        self.pipeline = Compose(pipeline) if pipeline else None
        self.test_mode = test_mode
        self._requested = indices
        self._chosen: np.ndarray | None = None  # numbers in the whole set, None for all
        self._ready = False

    @property
    @abstractmethod
    def metainfo(self) -> dict[str, Any]:
        """At least ``dataset``, the name of the set."""

    @abstractmethod
    def _open(self) -> int:
        """Make the data ready, building them if need be, and return the number of samples in the whole set."""

    @abstractmethod
    def _fetch(self, sample_idx: np.ndarray, epoch: np.ndarray, seed: np.ndarray) -> np.ndarray | list[np.ndarray]:
        """Images of a batch.

        Args:
            sample_idx: Valid sample numbers int64 [N].
            epoch: int64 [N]: the epoch in which each is drawn, for sets that draw something anew every time.
            seed: int64 [N]: the seed of the run that draws them.

        Returns:
            uint8 [N, C, H, W], or a list of [C, H, W] if their sizes may differ.
        """

    def _select(self) -> np.ndarray | None:
        """Numbers of the samples to use, before ``indices``; ``None`` for all. Called after :meth:`_open`."""
        return None

    def _annotate(self, sample_idx: np.ndarray) -> dict[str, torch.Tensor]:
        """Tensors [N, ...] that go into ``data_samples``; ``sample_idx`` among them."""
        return {'sample_idx': torch.from_numpy(sample_idx)}

    def _content(self) -> dict[str, Any] | None:
        """Plain data, without paths, that differ where the images of the whole set do; None where that is not known."""
        return None

    @property
    def fingerprint(self) -> str | None:
        """SHA-256, in hexadecimal, of all that the samples of this view depend on; None where that is not known.

        Transforms count by their ``repr``, which must show their settings; with one that has none of its own, nothing is known.
        """
        self.full_init()
        content = self._content()
        pipeline = [] if self.pipeline is None else [repr(transform) for transform in self.pipeline.transforms]
        if content is None or any(' at 0x' in transform for transform in pipeline):
            return None
        text = json.dumps([self.metainfo, content, pipeline, self._total], sort_keys=True)
        return hashlib.sha256(text.encode() + (b'' if self._chosen is None else self._chosen.tobytes())).hexdigest()

    def full_init(self) -> None:
        """Make the data ready; does nothing the second time."""
        if not self._ready:
            self._total = self._open()
            self._chosen = self._select()
            self._ready = True
            if self._requested is not None:
                self._chosen = self.get_subset(self._requested)._chosen

    def __len__(self) -> int:
        self.full_init()
        return self._total if self._chosen is None else len(self._chosen)

    def get_subset(self, indices: int | Sequence[int]) -> 'ImageDataset':
        """A view of the first ``n`` samples, of the last ``-n``, or of the given ones, keeping their ``sample_idx``."""
        chosen = _choose(indices, len(self))
        view = copy.copy(self)
        view._chosen = chosen if self._chosen is None else self._chosen[chosen]
        return view

    def __getitem__(self, index: int) -> dict[str, Any]:
        return self.__getitems__([index])[0]

    def __getitems__(self, indices: Sequence[int]) -> Sequence[dict[str, Any]]:
        """Samples of a batch: a :class:`SampleBatch`, or a list if the images differ in size.

        An index may carry the ``epoch`` in which it is drawn and the run's ``seed``, see
        :class:`~ibgan_plugin.datasets.resumable_sampler.EpochIndex`; both are 0 otherwise.
        """
        epochs = [getattr(index, 'epoch', None) for index in indices]
        epoch = np.array([each or 0 for each in epochs], dtype=np.int64)
        seed = np.array([getattr(index, 'seed', 0) for index in indices], dtype=np.int64)
        numbers = _choose(indices, len(self))
        if self._chosen is not None:
            numbers = self._chosen[numbers]
        annotations = self._annotate(numbers)
        images = self._fetch(numbers, epoch, seed)
        if self.pipeline is not None:
            images = [self._transform(*each) for each in zip(images, numbers.tolist(), epochs, seed.tolist(), strict=True)]
        if isinstance(images, list):
            if len({image.shape for image in images}) > 1:
                return [{'inputs': torch.from_numpy(np.ascontiguousarray(image)), 'data_samples': pick(annotations, place)}
                        for place, image in enumerate(images)]
            images = np.ascontiguousarray(np.stack(images))
        return SampleBatch(torch.from_numpy(images), annotations)

    def _transform(self, image: np.ndarray, sample_idx: int, epoch: int | None, seed: int) -> np.ndarray:
        """Run the pipeline on an image [C, H, W].

        Random transforms draw from the global states of numpy and python, which are set here from seed, epoch and sample
        number, so that neither the number of workers nor a resumed run changes what is drawn.
        """
        assert self.pipeline is not None
        image = image.transpose(1, 2, 0)
        with _random_state(_mixed(seed, epoch or 0, sample_idx)) as start:
            results = self.pipeline({'img': image, 'img_shape': image.shape[:2], 'sample_idx': sample_idx})
            if epoch is None and not self.test_mode and _position() != start:
                warnings.warn('random transforms draw the same for an image in every epoch, since the sampler does not say which '
                              'it is: use ibgan_plugin.ResumableSampler or ibgan_plugin.EpochSampler', stacklevel=2)
        return np.atleast_3d(results['img']).transpose(2, 0, 1)


def _mixed(*numbers: int) -> int:
    """32 bits, well mixed over the numbers."""
    return int.from_bytes(hashlib.blake2b(repr(numbers).encode(), digest_size=4).digest(), 'little')


@contextmanager
def _random_state(seed: int) -> Iterator[tuple]:
    """Inside, the global random states of numpy and python start from ``seed``; afterwards they are what they were.

    Gives the :func:`_position` at the start.
    """
    states = np.random.get_state(), random.getstate()
    np.random.seed(seed)
    random.seed(seed)
    try:
        yield _position()
    finally:
        np.random.set_state(states[0])
        random.setstate(states[1])


def _position() -> tuple:
    """Where the global generators are in their blocks of 624 words: it differs after any few draws."""
    return np.random.get_state()[2], random.getstate()[1][-1]  # type: ignore[index]


def _choose(indices: int | Sequence[int], total: int) -> np.ndarray:
    """Sample numbers int64 of ``indices`` as ``BaseDataset`` reads them: a count from the start or the end, or a list."""
    if isinstance(indices, (int, np.integer)):
        if abs(indices) > total:
            raise IndexError(f'{indices} samples were asked for, but the data set has {total}')
        return np.arange(indices) if indices >= 0 else np.arange(total + indices, total)
    chosen = np.asarray(indices, dtype=np.int64).reshape(-1)
    if chosen.size and not -total <= chosen.min() <= chosen.max() < total:
        raise IndexError(f'sample numbers must be in {-total}..{total - 1}, got {chosen.min()}..{chosen.max()}')
    return np.where(chosen < 0, chosen + total, chosen)

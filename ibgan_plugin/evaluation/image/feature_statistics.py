"""What is kept of the features of a set of images, and how it comes together from all processes."""
from collections.abc import Collection, Mapping

import numpy as np
import torch
from mmengine import dist

from ibgan_plugin.evaluation.gather import gather_rows
from ibgan_plugin.evaluation.image.extractors.base import Extracted
from ibgan_plugin.evaluation.image.features import FeatureStatistics
from ibgan_plugin.utils.errors import IBGANError


class ImageFeatures:
    """The features of numbered images, which arrive in batches.

    Args:
        reads: What to keep: any of ``'statistics'``, ``'rows'`` and ``'logits'``.
        num_images: Number of images to come, over all processes.
        max_rows: Keep the features of that many images, drawn at random once and for all; None for all.

    Attributes:
        count: Number of images so far.
        statistics: Mean and scatter of all features.
        rows: Features float64 [R, D] of the chosen images in the order of their numbers; after :meth:`gather`.
        logits: Class scores float64 [N, K] of all images; after :meth:`gather`.
    """

    def __init__(self, reads: Collection[str], num_images: int, max_rows: int | None = None) -> None:
        self.reads, self.num_images = frozenset(reads), num_images
        self.count = 0
        self.statistics = FeatureStatistics()
        self.rows = self.logits = np.empty((0, 0))
        self._chosen = np.ones(num_images, dtype=bool)
        if max_rows is not None and max_rows < num_images:
            self._chosen[np.random.RandomState(0).permutation(num_images)[max_rows:]] = False
        self._kept: dict[str, list[tuple[np.ndarray, np.ndarray]]] = {'rows': [], 'logits': []}

    def update(self, index: np.ndarray, extracted: Extracted) -> None:
        """Add a batch.

        Args:
            index: Numbers int64 [N] of the images, each below ``num_images`` and at most once over all processes.
            extracted: Their features.

        Raises:
            IBGANError: If logits are needed and there are none, or features are not finite.
        """
        features = extracted.features.cpu().numpy()
        self.count += len(index)
        if 'statistics' in self.reads:
            self.statistics.update(features)
        if 'rows' in self.reads:
            chosen = self._chosen[index]
            self._kept['rows'].append((index[chosen], features[chosen]))
        if 'logits' in self.reads:
            if extracted.logits is None:
                raise IBGANError('inception_score and classifier_score need an extractor that gives logits, this one gives none')
            self._kept['logits'].append((index, extracted.logits.cpu().numpy()))

    def gather(self) -> None:
        """Bring the images of all processes together on the main one; all must call it. Others keep what they had.

        The outcome is the same for any number of processes, up to the order in which the statistics are summed.
        """
        if 'statistics' in self.reads:
            self.statistics = self.statistics.gather()
        for name, parts in self._kept.items():
            if name in self.reads:
                index = np.concatenate([index for index, _ in parts] or [np.empty(0, dtype=np.int64)])
                rows = np.concatenate([rows for _, rows in parts] or [np.empty((0, 0))]).astype(np.float64)
                gathered = gather_rows(index, rows)
                if gathered is not None:
                    setattr(self, name, gathered[1])
        self._kept = {'rows': [], 'logits': []}
        count = torch.tensor(self.count, device=dist.get_comm_device())
        dist.all_reduce(count)
        self.count = int(count)

    def arrays(self) -> dict[str, np.ndarray]:
        """All that was gathered, by name: what :meth:`restore` takes."""
        arrays = {'num_images': np.array(self.count)}
        if 'statistics' in self.reads:
            arrays |= {name: np.asarray(getattr(self.statistics, name)) for name in ('count', 'mean', 'scatter')}
        return arrays | {str(name): getattr(self, name) for name in ('rows', 'logits') if name in self.reads}

    def restore(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Take over what :meth:`arrays` gave; KeyError or IBGANError where it is not of these images."""
        if int(arrays['num_images']) != self.num_images:
            raise IBGANError(f'it has {int(arrays["num_images"])} images, not {self.num_images}')
        if 'statistics' in self.reads:
            statistics = FeatureStatistics()
            statistics.count, statistics.mean, statistics.scatter = int(arrays['count']), arrays['mean'], arrays['scatter']
            self.statistics = statistics
        for name in ('rows', 'logits'):
            if name in self.reads:
                setattr(self, name, arrays[name])
        self.count = self.num_images

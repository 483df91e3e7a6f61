"""Scores of generated images against real ones as an MMEngine metric."""
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from mmengine import dist
from mmengine.device import get_device
from mmengine.evaluator import BaseMetric
from torch import Tensor

from ibgan_plugin.evaluation.image.extractors.base import ImageExtractor
from ibgan_plugin.evaluation.image.feature_statistics import ImageFeatures
from ibgan_plugin.evaluation.image.reference_cache import ReferenceCache
from ibgan_plugin.evaluation.image.suite import IMAGE_SUITE, compute_image_score, resolve_image_scores
from ibgan_plugin.registry import METRICS, MODELS
from ibgan_plugin.utils.distributed import on_main_process
from ibgan_plugin.utils.errors import IBGANError


@METRICS.register_module()
class ImageMetric(BaseMetric):
    """All scores over the features of one extractor, which are computed once.

    Runs in :class:`~ibgan_plugin.engine.loops.generation.GenerationTestLoop`, which calls :meth:`begin`, then
    :meth:`process_real` for the images of the data set and :meth:`process_fake` for generated ones, then :meth:`evaluate`.

    Args:
        extractor: Config of a feature extractor.
        scores: Score name -> its keyword arguments, e.g. ``dict(fid=dict(), precision_recall=dict(num_neighbours=3))``; known
            are ``fid``, ``kid``, ``inception_score`` (with InceptionV3Extractor), ``fd``, ``kd``, ``classifier_score`` (with
            any), ``precision_recall`` and ``density_coverage``. None leaves one out that a base config has.
        max_rows: Number of images, real and generated each, whose features the scores compare one by one (all but ``fid``,
            ``fd`` and the classifier's scores, which use every image): drawn at random, the same every time. None for all,
            which takes 8 D bytes an image.
        cache_dir: Folder that keeps the real images' features, by their content; None to compute them every time.
        protocol: Label of the protocol for tables; does not change a number.
        collect_device: Kept for MMEngine; features are gathered as arrays on the device of the process group.
        prefix: Put before every score.

    Attributes:
        device: Where features are computed; the loop sets it to where its model is. None is MMEngine's choice.
        notes: Score -> what is to be said about it: from how many images, by which network.

    Raises:
        IBGANError: If a score or keyword is unknown or missing, or ``max_rows`` is below 2.
    """

    default_prefix = ''
    device: torch.device | None = None

    def __init__(self, extractor: dict | ImageExtractor, scores: Mapping[str, Mapping[str, Any] | None],
                 max_rows: int | None = None, cache_dir: str | None = None, protocol: str | None = None,
                 collect_device: str = 'cpu', prefix: str | None = None) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix)
        if max_rows is not None and max_rows < 2:
            raise IBGANError(f'max_rows must be at least 2, or None for all, got {max_rows}')
        self.extractor: ImageExtractor = MODELS.build(extractor) if isinstance(extractor, dict) else extractor
        self.scores = resolve_image_scores(scores, self.extractor.is_inception)
        self.max_rows, self.cache_dir, self.protocol = max_rows, cache_dir, protocol
        self.notes: dict[str, list[str]] = {}
        self._reads = {IMAGE_SUITE[name].reads for name in self.scores}

    @staticmethod
    def check_arguments(scores: Mapping[str, Mapping[str, Any] | None], **_: Any) -> None:
        """What can be said of the scores without the extractor, before anything is trained.

        Raises:
            IBGANError: As the class.
        """
        resolve_image_scores(scores)

    def begin(self, dataset: Any, num_fakes: int) -> bool:
        """Start afresh; all processes must call it.

        Args:
            dataset: The real images; its length counts, and its ``fingerprint`` finds them in the cache.
            num_fakes: Number of images to be generated, over all processes.

        Returns:
            Whether the real images are needed; False where the scores read none or the cache has their features.
        """
        self.extractor.to(get_device() if self.device is None else self.device)
        real_reads = self._reads - {'logits'}  # a classifier's score is of the generated images alone
        self._real = ImageFeatures(real_reads, len(dataset) if real_reads else 0, self.max_rows)
        self._fake = ImageFeatures(self._reads, num_fakes, self.max_rows)
        fingerprint = getattr(dataset, 'fingerprint', None)
        self._cache = None
        if self.cache_dir is not None and fingerprint is None:
            warnings.warn(f'{type(dataset).__name__} has no fingerprint of its images, so that their features are not kept')
        elif self.cache_dir is not None:
            self._cache = ReferenceCache(self.cache_dir, {
                'dataset': fingerprint, 'dataset_name': getattr(dataset, 'metainfo', {}).get('dataset', 'images'),
                'extractor': self.extractor.fingerprint, 'num_images': len(dataset), 'reads': sorted(real_reads),
                'max_rows': self.max_rows if 'rows' in real_reads else None})
        found = [bool(real_reads) and dist.is_main_process() and self._cache is not None and self._cache.load(self._real)]
        dist.broadcast_object_list(found)
        self._is_known = found[0] or not real_reads
        return not self._is_known

    def process(self, data_batch: Any, data_samples: Sequence[dict]) -> None:
        """Not for loops that only predict."""
        raise IBGANError('ImageMetric compares generated images with real ones: use it with '
                         "test_cfg=dict(type='ibgan_plugin.GenerationTestLoop')")

    def process_real(self, imgs: Tensor, index: np.ndarray) -> None:
        """Keep what the scores need of real images uint8 [N, C, H, W] with the numbers ``index`` int64 [N]."""
        self._real.update(index, self.extractor(imgs))

    def process_fake(self, imgs: Tensor, index: np.ndarray) -> None:
        """The same of generated images."""
        self._fake.update(index, self.extractor(imgs))

    def evaluate(self, size: int) -> dict[str, float]:
        """Scores, the same on every process.

        Raises:
            IBGANError: On every process, where the scores can not be computed.
        """
        if not self._is_known:
            self._real.gather()
        self._fake.gather()
        scores = on_main_process(lambda: self.compute_metrics([(self._real, self._fake)]))
        return {f'{self.prefix}/{key}' if self.prefix else key: value for key, value in scores.items()}

    def compute_metrics(self, results: list) -> dict[str, float]:
        """``{'fid/fid': ..., 'kid/kid': ..., ...}`` of one pair of gathered features; stores the real ones."""
        (real, fake), = results
        for kind, features in (('real', real), ('generated', fake)):
            if features.count != features.num_images:
                raise IBGANError(f'{features.count} {kind} images were seen instead of {features.num_images}: use '
                                 f"sampler=dict(type='DefaultSampler', shuffle=False, round_up=False), which gives each once")
        seen = [f'{fake.count} generated and {real.count} real images' if real.reads else f'{fake.count} generated images',
                f'features of {type(self.extractor).__name__}']
        self.notes = dict.fromkeys(self.scores, seen)
        if self._cache is not None and not self._is_known:
            try:
                self._cache.save(real)
            except OSError as error:  # the scores are worth more
                warnings.warn(f'the reference statistics are not kept: {error}')
        return {f'{name}/{key}': value for name, keywords in self.scores.items()
                for key, value in compute_image_score(name, real, fake, keywords).items()}

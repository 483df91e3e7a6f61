"""Validation and test loops that compare generated images with those of a data set."""
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from mmengine.dist import get_dist_info, is_main_process
from mmengine.runner import TestLoop, ValLoop
from mmengine.runner.amp import autocast
from torch import Tensor, nn
from tqdm import tqdm

from ibgan_plugin.models.base import LatentModel, device_of
from ibgan_plugin.models.freeze import unwrap
from ibgan_plugin.ops.cpu import release_freed_memory
from ibgan_plugin.registry import LOOPS
from ibgan_plugin.structures import to_uint8
from ibgan_plugin.utils.errors import IBGANError


def source_noise(seed: int, index: np.ndarray, width: int) -> Tensor:
    """Standard normal numbers float32 [N, width], those of row n a function of ``seed`` and ``index[n]`` alone.

    The same on every device, for any batch size and any number of processes.
    """
    rows = [np.random.default_rng([seed, number]).standard_normal(width, dtype=np.float32) for number in index.tolist()]
    return torch.from_numpy(np.stack(rows))


def generate(model: LatentModel, seed: int, index: np.ndarray) -> Tensor:
    """The images uint8 [N, C, H, W] with the numbers ``index`` of all that ``model`` can generate from ``seed``.

    Raises:
        IBGANError: If a pixel is not finite.
    """
    imgs = model.decode(model.sample_latents(len(index), source_noise(seed, index, model.noise_dim)))
    if not imgs.isfinite().all():
        raise IBGANError(f'a generated image with a number in {index[0]}..{index[-1]} is not finite: the model has diverged')
    return to_uint8(imgs)


class _GenerationLoop:
    """What both loops share.

    Args:
        runner, dataloader, evaluator: As in MMEngine's loops. All metrics are such as
            :class:`~ibgan_plugin.evaluation.metrics.ImageMetric`; the loader gives uint8 images of one size in ``inputs``.
        num_fakes: Number of images to generate, over all processes.
        batch_size: Of generation; changes no image.
        seed: Seed of the generated images.
        fp16: Whether to generate in mixed precision; features never are.

    Raises:
        IBGANError: If a number is below 1, or a metric is of another kind.
    """

    stage: str

    def __init__(self, runner: Any, dataloader: Any, evaluator: Any, num_fakes: int = 50_000, batch_size: int = 100, seed: int = 0,
                 fp16: bool = False) -> None:
        for name, value in (('num_fakes', num_fakes), ('batch_size', batch_size)):
            if value < 1:
                raise IBGANError(f'{name} must be at least 1, got {value}')
        super().__init__(runner, dataloader, evaluator, fp16)  # type: ignore[call-arg]
        self.num_fakes, self.batch_size, self.seed = num_fakes, batch_size, seed
        for metric in self.evaluator.metrics:  # type: ignore[attr-defined]
            if not hasattr(metric, 'process_fake'):
                raise IBGANError(f'{type(self).__name__} takes metrics of images such as ImageMetric, got {type(metric).__name__}')

    def run(self) -> dict:
        """Go through the real images, where they are needed, and the generated ones; returns the scores."""
        runner, stage = self.runner, self.stage  # type: ignore[attr-defined]
        runner.call_hook(f'before_{stage}')
        runner.call_hook(f'before_{stage}_epoch')
        runner.model.eval()
        metrics = self.evaluator.metrics  # type: ignore[attr-defined]
        dataset = self.dataloader.dataset  # type: ignore[attr-defined]
        model = self.latent_model(runner.model)
        for metric in metrics:
            metric.device = device_of(model)  # MMEngine's choice is CUDA, whatever the config or ``--device`` says
        wanting = [metric for metric in metrics if metric.begin(dataset, self.num_fakes)]
        if wanting:
            for index, imgs in self._real():
                for metric in wanting:
                    metric.process_real(imgs, index)
        for index, imgs in self._fake(model):
            for metric in metrics:
                metric.process_fake(imgs, index)
        scores = self.evaluator.evaluate(len(dataset))  # type: ignore[attr-defined]
        runner.call_hook(f'after_{stage}_epoch', metrics=scores)
        runner.call_hook(f'after_{stage}')
        release_freed_memory()
        return scores

    def _real(self) -> Iterator[tuple[np.ndarray, Tensor]]:
        """Numbers and images of this process's share of the data set."""
        rank, world_size = get_dist_info()
        first = 0
        for batch in _progress(self.dataloader, 'real images'):  # type: ignore[attr-defined]
            imgs = batch['inputs'] if isinstance(batch['inputs'], Tensor) else torch.stack(list(batch['inputs']))
            # DefaultSampler deals the samples out in turn
            yield rank + world_size * np.arange(first, first + len(imgs)), imgs
            first += len(imgs)

    def latent_model(self, model: nn.Module) -> LatentModel:
        """The model to draw from; loops for another zoo's models override this.

        Raises:
            IBGANError: If the runner's model is no LatentModel.
        """
        model = unwrap(model)
        if not isinstance(model, LatentModel):
            raise IBGANError(f'{type(self).__name__} takes a LatentModel such as IBGAN, got {type(model).__name__}')
        return model

    @torch.inference_mode()
    def _next_fakes(self, model: LatentModel, index: np.ndarray) -> Tensor:
        with autocast(enabled=self.fp16):  # type: ignore[attr-defined]
            return generate(model, self.seed, index)

    def _fake(self, model: LatentModel) -> Iterator[tuple[np.ndarray, Tensor]]:
        """Numbers and images of this process's share of the generated ones: whole batches in turn."""
        rank, world_size = get_dist_info()
        starts = range(rank * self.batch_size, self.num_fakes, world_size * self.batch_size)
        for start in _progress(starts, 'generated images'):
            index = np.arange(start, min(start + self.batch_size, self.num_fakes))
            yield index, self._next_fakes(model, index)


def _progress(batches: Any, what: str) -> Any:
    """``batches`` with a progress bar on the main process."""
    return tqdm(batches, desc=what, unit='batch', leave=False, disable=not is_main_process())


@LOOPS.register_module()
class GenerationValLoop(_GenerationLoop, ValLoop):
    """Scores of generated images during training; arguments as :class:`GenerationTestLoop`."""

    stage = 'val'


@LOOPS.register_module()
class GenerationTestLoop(_GenerationLoop, TestLoop):
    """Scores of generated images against all the images of a data set.

    Args: those of ``mmengine.runner.TestLoop``, and ``num_fakes``, ``batch_size`` and ``seed`` of the generated images. Every
        metric is one of images, such as :class:`~ibgan_plugin.evaluation.metrics.ImageMetric`. In a distributed run the
        loader's sampler is ``dict(type='DefaultSampler', shuffle=False, round_up=False)``.
    """

    stage = 'test'

"""Validation and test loops that encode only the samples which the metrics read."""
from typing import Any

import numpy as np
import torch
from mmengine.dist import is_main_process
from mmengine.evaluator import Evaluator
from mmengine.runner import TestLoop, ValLoop
from tqdm import tqdm

from ibgan_plugin.datasets.ground_truth import FactorGrid, grid_of
from ibgan_plugin.ops.cpu import release_freed_memory
from ibgan_plugin.registry import DATASETS, LOOPS
from ibgan_plugin.utils.errors import IBGANError


def required_index(evaluator: Evaluator, grid: FactorGrid) -> np.ndarray | None:
    """Sorted unique cells int64 [M] that the evaluator's metrics read; None where one of them does not say."""
    needed = []
    for metric in evaluator.metrics:
        index = metric.required_index(grid) if hasattr(metric, 'required_index') else None
        if index is None:
            return None
        needed.append(index)
    return np.unique(np.concatenate(needed))


def restrict_dataloader(dataloader: Any, evaluator: Evaluator) -> Any:
    """``dataloader`` (a config) with its data set built and restricted to the samples that ``evaluator`` reads.

    The data set keeps its whole grid where the metrics read all of it or do not say, or it has no ``get_subset``.
    A loader that is already built is returned unchanged.

    Raises:
        IBGANError: If the data set's metainfo has no factors.
    """
    if not isinstance(dataloader, dict):
        return dataloader
    dataset = dataloader['dataset']
    if isinstance(dataset, dict):
        dataset = DATASETS.build(dataset)
    meta = getattr(dataset, 'metainfo', {})
    if 'factor_names' not in meta or 'factor_sizes' not in meta:
        raise IBGANError(f'{type(dataset).__name__} needs metainfo factor_names and factor_sizes, got {sorted(meta)}; '
                         'without true factors codes have no scores, see docs/own_data.md')

    def built_dataset() -> Any:
        return dataset

    # MMEngine deep-copies the config: a function that returns the data set is copied by reference, the images are not copied
    built = {**dataloader, 'dataset': {'type': built_dataset}}
    grid = grid_of(meta)
    if grid is None:
        return built
    index = required_index(evaluator, grid)
    # in a set that is a part already, positions are not cells: it is left alone, and the metrics name what they miss
    if index is not None and len(index) < len(dataset) == len(grid) and hasattr(dataset, 'get_subset'):
        dataset = dataset.get_subset(index)
    return built


class _CodesLoop:
    """What both loops share: the restricted data set, inference mode and a progress bar on the main process."""

    def __init__(self, runner: Any, dataloader: Any, evaluator: Any, fp16: bool = False) -> None:
        if not isinstance(evaluator, Evaluator):
            evaluator = runner.build_evaluator(evaluator)
        super().__init__(runner, restrict_dataloader(dataloader, evaluator), evaluator, fp16)  # type: ignore[call-arg]
        dataset = self.dataloader.dataset  # type: ignore[attr-defined]
        if grid_of(dataset.metainfo) is None:  # the metrics read factors by sample_idx, which is no cell
            evaluator.dataset_meta = {**dataset.metainfo, 'factors': dataset.factors}

    def run(self) -> dict:
        """One pass over the data; returns the scores."""
        total = len(self.dataloader)  # type: ignore[attr-defined]
        with tqdm(total=total, desc='encode', unit='batch', leave=False, disable=not is_main_process()) as self._progress:
            scores = super().run()  # type: ignore[misc]
        release_freed_memory()
        return scores

    def run_iter(self, idx: int, data_batch: Any) -> None:
        """Encode one batch in inference mode."""
        with torch.inference_mode():
            super().run_iter(idx, data_batch)  # type: ignore[misc]
        self._progress.update()


@LOOPS.register_module()
class CodesValLoop(_CodesLoop, ValLoop):
    """MMEngine's ``ValLoop`` over only those samples of a ground-truth data set that the metrics read.

    Args: as ``mmengine.runner.ValLoop``. The data set's ``metainfo`` has ``factor_names`` and ``factor_sizes``; its
        ``get_subset(index)`` gives a view whose items keep their ``sample_idx``.
    """


@LOOPS.register_module()
class CodesTestLoop(_CodesLoop, TestLoop):
    """MMEngine's ``TestLoop`` over only those samples that the metrics read; arguments as :class:`CodesValLoop`."""

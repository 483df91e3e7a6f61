"""Disentanglement scores of a model's codes as MMEngine metrics."""
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from mmengine.evaluator import BaseMetric

from ibgan_plugin.datasets.ground_truth import FactorGrid
from ibgan_plugin.evaluation.checks import random_state
from ibgan_plugin.evaluation.disentanglement.labelled import CodeSource, source_of
from ibgan_plugin.evaluation.disentanglement.protocols import STUDY, get_protocol
from ibgan_plugin.evaluation.disentanglement.suite import deviations, evaluate, required_cells, resolve_metric
from ibgan_plugin.evaluation.gather import gather_rows
from ibgan_plugin.registry import METRICS
from ibgan_plugin.utils.distributed import on_main_process
from ibgan_plugin.utils.errors import IBGANError


@METRICS.register_module()
class DisentanglementMetric(BaseMetric):
    """Scores of codes gathered in one pass over a ground-truth data set.

    Data samples carry ``codes`` (tensor [C]) and ``sample_idx`` (the row-major cell of the factor grid, int); the data
    set's ``metainfo`` carries ``factor_names`` and ``factor_sizes``. Where it says ``is_grid=False``, it carries ``factor_kinds``
    and the evaluator's ``factors`` [N, F] too, and metrics that must choose factors are skipped, with the reason in ``notes``.

    Args:
        scores: Metric name -> its keyword arguments, or the name of a protocol that defines it, e.g.
            ``dict(factor_vae='study', mig=dict(num_train=1000, batch_size=16, num_bins=20))``. Where ``protocol`` names one that
            defines the metric, keyword arguments replace its numbers, and an empty dict keeps them; None leaves a metric out
            that a base config has. None for all metrics of ``protocol``.
        seeds: One evaluation per seed; the scores are means over them.
        protocol: Name of the protocol, for numbers that ``scores`` leaves open and for tables. Any other word is a label.
        collect_device: Kept for MMEngine; codes are gathered as arrays on the device of the process group.
        prefix: Put before every score, e.g. ``'ema'`` gives ``ema/factor_vae/eval_accuracy``.

    Attributes:
        protocols: Metric -> the protocol that ``scores`` names for it, which is another than ``protocol``.
        notes: Metric -> what is to be said about its last scores: numbers that are not the protocol's, factors left out.
        source: The codes of the last scores, on the main process.

    Raises:
        IBGANError: If a metric, protocol or keyword is unknown or missing, or there is no metric or seed.
    """

    default_prefix = ''

    def __init__(self, scores: Mapping[str, Mapping[str, Any] | str | None] | None = None, seeds: Sequence[int] = (0,),
                 protocol: str | None = None, collect_device: str = 'cpu', prefix: str | None = None) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix)
        self.scores = self.check_arguments(scores, seeds, protocol)
        self.seeds = tuple(seeds)
        self.protocol = protocol
        self.protocols = {name: keywords for name, keywords in (scores or {}).items() if isinstance(keywords, str)}
        self.notes: dict[str, list[str]] = {}
        self.source: CodeSource | None = None
        self.findings: dict[str, np.ndarray] = {}  # [C, F] by name, on the main process: see Findings

    @staticmethod
    def check_arguments(scores: Mapping[str, Mapping[str, Any] | str | None] | None = None, seeds: Sequence[int] = (0, ),
                        protocol: str | None = None, **_: Any) -> dict[str, dict[str, Any]]:
        """Checked keyword arguments of each metric, of arguments as the class takes them, before anything is trained.

        Raises:
            IBGANError: As the class.
        """
        if scores is None and protocol is not None:
            scores = dict.fromkeys(get_protocol(protocol), protocol)
        chosen = {name: keywords for name, keywords in (scores or {}).items() if keywords is not None}
        if not chosen or not seeds:
            raise IBGANError(f'scores and seeds must not be empty, got scores={scores!r}, seeds={seeds!r}')
        for seed in seeds:
            random_state(seed)
        if len(set(seeds)) < len(seeds):
            raise IBGANError(f'seeds must differ, got {list(seeds)}')
        return {name: resolve_metric(name, keywords, protocol) for name, keywords in chosen.items()}

    def required_index(self, grid: FactorGrid) -> np.ndarray:
        """Sorted unique cells int64 [M] of ``grid`` that the metrics read: the only samples that need codes."""
        return required_cells(grid, self.scores, self.seeds)

    def process(self, data_batch: Any, data_samples: Sequence[dict]) -> None:
        """Keep the codes and cell numbers of a batch, as arrays."""
        codes = torch.stack([sample['codes'] for sample in data_samples])  # NxC
        self.results.append((np.array([int(sample['sample_idx']) for sample in data_samples]), codes.double().cpu().numpy()))

    def evaluate(self, size: int) -> dict[str, float]:
        """Scores, the same on every process; ``size`` is not needed, since samples are numbered.

        Raises:
            IBGANError: On every process, where the scores can not be computed.
        """
        index = np.concatenate([index for index, _ in self.results] or [np.empty(0, dtype=np.int64)])
        codes = np.concatenate([codes for _, codes in self.results] or [np.empty((0, 0))])
        self.results.clear()
        gathered = gather_rows(index, codes)
        scores = on_main_process(lambda: self.compute_metrics([gathered]))
        return {f'{self.prefix}/{key}' if self.prefix else key: value for key, value in scores.items()}

    def compute_metrics(self, results: list) -> dict[str, float]:
        """``{'factor_vae/eval_accuracy': mean over seeds, ...}`` of one ``(index, codes)`` pair; ``_std`` where seeds > 1.

        The first is the headline score.
        """
        meta = self.dataset_meta or {}
        if 'factor_names' not in meta or 'factor_sizes' not in meta:
            raise IBGANError(f'the data set needs metainfo factor_names and factor_sizes, got {sorted(meta)}')
        (index, codes), = results
        if not len(index):
            raise IBGANError('no codes were collected: the data loader gave no samples')
        self.source = source = source_of(meta, index, codes, meta.get('factors'))
        evaluation = evaluate(source, self.scores, self.seeds)
        for metric, reason in evaluation.skipped.items():
            self.notes[metric] = [f'skipped: {reason}']
            warnings.warn(f'{metric} is skipped: {reason}')
        scores = {}
        for metric, summaries in evaluation.results.items():
            for note in evaluation.notes[metric]:
                warnings.warn(note)
            protocol = self.protocols.get(metric, self.protocol)
            self.notes[metric] = deviations(metric, self.scores[metric], protocol) + evaluation.notes[metric]
            for key, summary in summaries.items():
                scores[f'{metric}/{key}'] = summary['mean']
                if len(self.seeds) > 1:
                    scores[f'{metric}/{key}_std'] = summary['std']
        self.findings = source.findings.means()
        return scores


@METRICS.register_module()
class FactorVAEScore(DisentanglementMetric):
    """The FactorVAE score alone, by default with the numbers of the ``study`` protocol.

    Args: as :func:`ibgan_plugin.evaluation.disentanglement.factor_vae.factor_vae`; others as :class:`DisentanglementMetric`.
    """

    def __init__(self, num_train: int | None = None, num_eval: int | None = None, batch_size: int | None = None,
                 num_variance_estimate: int | None = None, prune_threshold: float | None = None, seed: int = 0,
                 **kwargs: Any) -> None:
        given = {'num_train': num_train, 'num_eval': num_eval, 'batch_size': batch_size,
                 'num_variance_estimate': num_variance_estimate, 'prune_threshold': prune_threshold}
        numbers = {**STUDY['factor_vae'], **{name: value for name, value in given.items() if value is not None}}
        super().__init__(scores={'factor_vae': numbers}, seeds=(seed,), **kwargs)

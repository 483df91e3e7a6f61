"""The metrics by name: what each computes, what it reads, and which need interventions on the factors."""
import inspect
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from joblib import cpu_count

from ibgan_plugin.datasets.ground_truth import FactorGrid
from ibgan_plugin.evaluation.disentanglement.beta_vae import beta_vae, beta_vae_cells
from ibgan_plugin.evaluation.disentanglement.common import split_cells
from ibgan_plugin.evaluation.disentanglement.dci import dci
from ibgan_plugin.evaluation.disentanglement.factor_vae import factor_vae, factor_vae_cells
from ibgan_plugin.evaluation.disentanglement.irs import irs
from ibgan_plugin.evaluation.disentanglement.labelled import CodeSource
from ibgan_plugin.evaluation.disentanglement.mig import mig
from ibgan_plugin.evaluation.disentanglement.modularity_explicitness import modularity_explicitness
from ibgan_plugin.evaluation.disentanglement.protocols import get_protocol
from ibgan_plugin.evaluation.disentanglement.sap import sap
from ibgan_plugin.evaluation.disentanglement.unsupervised import unsupervised
from ibgan_plugin.utils.errors import IBGANError


@dataclass(frozen=True)
class MetricSpec:
    """One metric.

    Args:
        compute: ``(source, *, seed, **keywords) -> {score: value}``.
        cells: ``(grid, rng, **keywords) -> arrays of the cells that compute looks up``.
        interventional: Whether it must choose factors, so that labelled samples alone do not do.
        is_parallel: Whether ``compute`` spreads over the cores by itself.
    """

    compute: Callable[..., dict[str, float]]
    cells: Callable[..., list[np.ndarray]]
    interventional: bool
    is_parallel: bool = False


SUITE: dict[str, MetricSpec] = {
    'factor_vae': MetricSpec(factor_vae, factor_vae_cells, True),
    'beta_vae': MetricSpec(beta_vae, beta_vae_cells, True),
    'mig': MetricSpec(mig, split_cells, False),
    'dci': MetricSpec(dci, split_cells, False, is_parallel=True),
    'sap': MetricSpec(sap, split_cells, False),
    'modularity_explicitness': MetricSpec(modularity_explicitness, split_cells, False),
    'irs': MetricSpec(irs, split_cells, False),
    'unsupervised': MetricSpec(unsupervised, split_cells, False),
}


def resolve_metric(name: str, keywords: Mapping[str, Any] | str) -> dict[str, Any]:
    """Checked keyword arguments of the metric ``name``, given as such or as the name of a protocol.

    Raises:
        IBGANError: If the metric, the protocol or a keyword is unknown, the protocol lacks the metric, or a keyword is
            missing.
    """
    if name not in SUITE:
        raise IBGANError(f'unknown metric {name!r}; known are {", ".join(SUITE)}')
    if isinstance(keywords, str):
        protocol = get_protocol(keywords)
        if name not in protocol:
            raise IBGANError(f'protocol {keywords!r} does not define {name!r}, only {", ".join(protocol)}')
        keywords = protocol[name]
    return check_keywords(name, SUITE[name].compute, keywords, given=('seed',))


def check_keywords(name: str, compute: Callable, keywords: Mapping[str, Any], given: Sequence[str] = ()) -> dict[str, Any]:
    """``keywords`` if they are the keyword-only arguments of ``compute``, apart from those ``given`` elsewhere.

    Raises:
        IBGANError: If a keyword is unknown or missing; names the metric ``name`` and the keywords it takes.
    """
    parameters = inspect.signature(compute).parameters.values()
    allowed = {p.name: p.default is p.empty for p in parameters if p.kind is p.KEYWORD_ONLY and p.name not in given}
    unknown = [key for key in keywords if key not in allowed]
    missing = [key for key, is_required in allowed.items() if is_required and key not in keywords]
    if unknown or missing:
        raise IBGANError(f'{name} takes the keywords {", ".join(allowed) or "(none)"}; unknown: {unknown}, missing: {missing}')
    return dict(keywords)


def required_cells(grid: FactorGrid, metrics: Mapping[str, Mapping[str, Any]], seeds: Sequence[int]) -> np.ndarray:
    """Sorted unique cells int64 [M] of ``grid`` that ``metrics`` (name -> keyword arguments) read for ``seeds``."""
    needed = np.zeros(len(grid), dtype=bool)
    for name, keywords in metrics.items():
        for seed in seeds:
            for cells in SUITE[name].cells(grid, np.random.RandomState(seed), **keywords):
                needed[cells.ravel()] = True
    return np.flatnonzero(needed)


def summarize(values: Sequence[float]) -> dict[str, Any]:
    """``mean``, ``std`` (ddof=0; 0 of equal values, also infinite ones) and ``per_seed`` of one score's values."""
    with np.errstate(invalid='ignore'):  # some infinite, others not: the deviation is not a number
        deviation = float(np.std(values)) if len(set(values)) > 1 else 0.0
    return {'mean': float(np.mean(values)), 'std': deviation, 'per_seed': [float(value) for value in values]}


def score(source: CodeSource, metrics: Mapping[str, Mapping[str, Any]],
          seeds: Sequence[int]) -> dict[str, dict[str, list[float]]]:
    """``{metric: {score: [value per seed]}}`` of the codes in ``source``.

    Metrics and seeds are computed side by side in threads, one per core, which changes no number: their time is in numpy, which
    lets other threads run.
    """
    def compute(task: tuple[str, int]) -> dict[str, float]:
        name, seed = task
        return SUITE[name].compute(source, seed=seed, **metrics[name])

    tasks = [(name, seed) for name in metrics for seed in seeds]
    side_by_side = [task for task in tasks if not SUITE[task[0]].is_parallel]
    with ThreadPoolExecutor(cpu_count()) as pool:
        scores = dict(zip(side_by_side, pool.map(compute, side_by_side), strict=True))
    scores |= {task: compute(task) for task in tasks if task not in scores}
    return {name: {key: [scores[name, seed][key] for seed in seeds] for key in scores[name, seeds[0]]} for name in metrics}

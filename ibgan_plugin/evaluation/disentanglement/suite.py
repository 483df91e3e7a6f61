"""The metrics by name: what each computes, what it draws, and which need interventions on the factors."""
import inspect
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from ibgan_plugin.datasets.ground_truth import FactorGrid
from ibgan_plugin.evaluation.checks import check_keywords, random_state
from ibgan_plugin.evaluation.disentanglement.beta_vae import beta_vae, sample_beta_vae
from ibgan_plugin.evaluation.disentanglement.dci import dci
from ibgan_plugin.evaluation.disentanglement.dci_es import dci_es
from ibgan_plugin.evaluation.disentanglement.factor_vae import factor_vae, sample_factor_vae
from ibgan_plugin.evaluation.disentanglement.infomec import infomec
from ibgan_plugin.evaluation.disentanglement.information_gaps import dcimig, jemmig
from ibgan_plugin.evaluation.disentanglement.irs import irs
from ibgan_plugin.evaluation.disentanglement.labelled import CodeSource, reason_without_grid
from ibgan_plugin.evaluation.disentanglement.med import med
from ibgan_plugin.evaluation.disentanglement.mig import mig
from ibgan_plugin.evaluation.disentanglement.modularity_explicitness import modularity_explicitness
from ibgan_plugin.evaluation.disentanglement.protocols import PROTOCOLS, get_protocol
from ibgan_plugin.evaluation.disentanglement.sampling import sample_splits
from ibgan_plugin.evaluation.disentanglement.sap import sap
from ibgan_plugin.evaluation.disentanglement.tad import tad
from ibgan_plugin.evaluation.disentanglement.unsupervised import unsupervised
from ibgan_plugin.evaluation.disentanglement.z_min_variance import z_min_variance
from ibgan_plugin.evaluation.meanings import place
from ibgan_plugin.utils.errors import IBGANError


@dataclass(frozen=True)
class MetricSpec:
    """One metric.

    Args:
        compute: ``(source, *, seed, **keywords) -> {score: value}``; what it reads is drawn by ``draw``.
        draw: ``(grid, rng, *, some of the keywords) -> samples``, whose ``cells`` are arrays of all the cells it reads.
        interventional: Whether it must choose factors, so that labelled samples alone do not do.
    """

    compute: Callable[..., dict[str, float]]
    draw: Callable[..., Any] = sample_splits
    interventional: bool = False

    def cells(self, grid: FactorGrid, seed: int, keywords: Mapping[str, Any]) -> list[np.ndarray]:
        """Arrays of the cells of ``grid`` that ``compute`` reads with these keyword arguments."""
        taken = inspect.signature(self.draw).parameters
        sizes = {name: value for name, value in keywords.items() if name in taken}
        return self.draw(grid, random_state(seed), **sizes).cells


class Scored(NamedTuple):
    """Scores of one metric: ``per_seed``, ``{score: [value per seed]}``, and what is to be said about them, a line each."""

    per_seed: dict[str, list[float]]
    notes: list[str]


class Evaluation(NamedTuple):
    """Scores of codes over seeds, in the order of a table: the headline score of each metric first.

    Attributes:
        results: ``{metric: {score: {'mean': ..., 'std': ..., 'per_seed': [...]}}}``, with the ``'note'`` where there is one.
        notes: Metric -> what is to be said about its scores, a line each.
        skipped: Metric -> why it can not be computed from these codes.
        numbers: Metric -> its keyword arguments.
    """

    results: dict[str, dict[str, dict[str, Any]]]
    notes: dict[str, list[str]]
    skipped: dict[str, str]
    numbers: Mapping[str, Mapping[str, Any]]


SUITE: dict[str, MetricSpec] = {
    'factor_vae': MetricSpec(factor_vae, sample_factor_vae, interventional=True),
    'beta_vae': MetricSpec(beta_vae, sample_beta_vae, interventional=True),
    'mig': MetricSpec(mig),
    'dci': MetricSpec(dci),
    'sap': MetricSpec(sap),
    'modularity_explicitness': MetricSpec(modularity_explicitness),
    'irs': MetricSpec(irs),
    'unsupervised': MetricSpec(unsupervised),
    'infomec': MetricSpec(infomec),
    'dci_es': MetricSpec(dci_es),
    'med': MetricSpec(med),
    'z_min_variance': MetricSpec(z_min_variance),
    'jemmig': MetricSpec(jemmig),
    'dcimig': MetricSpec(dcimig),
    'tad': MetricSpec(tad),
}


def resolve_metric(name: str, keywords: Mapping[str, Any] | str, protocol: str | None = None) -> dict[str, Any]:
    """Checked keyword arguments of the metric ``name``.

    Args:
        name: A key of :data:`SUITE`.
        keywords: The name of a protocol, or keyword arguments, which replace those of ``protocol``.
        protocol: A protocol whose numbers hold where ``keywords`` gives none; one that is not known, or lacks the metric, is
            a mere label.

    Raises:
        IBGANError: If the metric, the protocol or a keyword is unknown, the protocol lacks the metric, or a keyword is
            missing.
    """
    if name not in SUITE:
        raise IBGANError(f'unknown metric {name!r}; known are {", ".join(SUITE)}')
    if not isinstance(keywords, (str, Mapping)):
        raise IBGANError(f'{name} = {keywords!r} must be keyword arguments or the name of a protocol')
    if isinstance(keywords, str):
        numbers = get_protocol(keywords)
        if name not in numbers:
            raise IBGANError(f'protocol {keywords!r} does not define {name!r}, only {", ".join(numbers)}')
        keywords = numbers[name]
    else:
        keywords = _merge(PROTOCOLS.get(protocol or '', {}).get(name, {}), keywords)
    try:
        return check_keywords(name, SUITE[name].compute, keywords, given=('seed',))
    except IBGANError as error:
        having = [known for known, numbers in PROTOCOLS.items() if name in numbers]
        raise IBGANError(f'{error}; protocols that have {name}: {", ".join(having)}') from error


def _merge(numbers: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """``numbers`` with ``changes``; the arguments of a model change one by one, unless the model itself does."""
    merged = {**numbers, **changes}
    if 'model_args' in numbers and 'model_args' in changes and merged.get('model') == numbers.get('model'):
        merged['model_args'] = {**numbers['model_args'], **changes['model_args']}
    return merged


def deviations(name: str, keywords: Mapping[str, Any], protocol: str | None) -> list[str]:
    """What differs in ``keywords`` from the protocol's, a line each; nothing where it is not known or lacks the metric."""
    numbers = PROTOCOLS.get(protocol or '', {}).get(name, keywords)
    return [f'{key} {value} instead of {numbers.get(key)}' for key, value in keywords.items()
            if key in numbers and value != numbers[key]]


def required_cells(grid: FactorGrid, metrics: Mapping[str, Mapping[str, Any]], seeds: Sequence[int]) -> np.ndarray:
    """Sorted unique cells int64 [M] of ``grid`` that ``metrics`` (name -> keyword arguments) read for ``seeds``."""
    needed = np.zeros(len(grid), dtype=bool)
    for name, keywords in metrics.items():
        for seed in seeds:
            for cells in SUITE[name].cells(grid, seed, keywords):
                needed[cells.ravel()] = True
    return np.flatnonzero(needed)


def summarize(values: Sequence[float]) -> dict[str, Any]:
    """``mean``, ``std`` (ddof=0; 0 of equal values, also infinite ones) and ``per_seed`` of one score's values."""
    with np.errstate(invalid='ignore'):  # some infinite, others not: the deviation is not a number
        deviation = float(np.std(values)) if len(set(values)) > 1 else 0.0
    return {'mean': float(np.mean(values)), 'std': deviation, 'per_seed': [float(value) for value in values]}


def score(source: CodeSource, metrics: Mapping[str, Mapping[str, Any]], seeds: Sequence[int]) -> dict[str, Scored]:
    """The scores of the codes in ``source``, metric by metric and seed by seed; warnings become notes.

    Raises:
        IBGANError: If the codes can not be scored, e.g. a metric must choose factors and ``source`` is no grid.
    """
    scored = {}
    for name, keywords in metrics.items():
        table = source.to_grid() if SUITE[name].interventional else source
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter('always', UserWarning)
            runs = [SUITE[name].compute(table, seed=seed, **keywords) for seed in seeds]
        for warning in caught:
            if warning.category is not UserWarning:  # of a library, and none of ours
                warnings.warn_explicit(warning.message, warning.category, warning.filename, warning.lineno)
        notes = list(dict.fromkeys(str(warning.message) for warning in caught if warning.category is UserWarning))
        scored[name] = Scored({key: [run[key] for run in runs] for key in runs[0]}, notes)
    return scored


def without_grid(source: CodeSource, metrics: Iterable[str]) -> dict[str, str]:
    """Those of ``metrics`` that must choose factors where ``source`` is no grid, and why they can not be computed."""
    reason = reason_without_grid(source)
    return {name: reason for name in metrics if reason and SUITE[name].interventional}


def evaluate(source: CodeSource, metrics: Mapping[str, Mapping[str, Any]], seeds: Sequence[int]) -> Evaluation:
    """The scores of the codes in ``source``, without the metrics that can not be computed from them.

    Args:
        source: Codes.
        metrics: Name -> checked keyword arguments.
        seeds: One evaluation per seed.

    Raises:
        IBGANError: If the codes can not be scored.
    """
    skipped = without_grid(source, metrics)
    scored = score(source, {name: metrics[name] for name in metrics if name not in skipped}, seeds)
    results: dict[str, dict[str, dict[str, Any]]] = {}
    for name, key in sorted([(name, key) for name, one in scored.items() for key in one.per_seed], key=lambda pair: place(*pair)):
        per_seed, notes = scored[name]
        note = {'note': '; '.join(notes)} if notes else {}
        results.setdefault(name, {})[key] = {**summarize(per_seed[key]), **note}
    return Evaluation(results, {name: one.notes for name, one in scored.items()}, skipped, metrics)

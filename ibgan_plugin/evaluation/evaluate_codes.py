"""Scores of codes stored in a file, from any framework; ``tools/evaluate_codes.py`` is the command."""
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from ibgan_plugin.evaluation.disentanglement.codes import CodeTable
from ibgan_plugin.evaluation.disentanglement.labelled import CodeSource
from ibgan_plugin.evaluation.disentanglement.protocols import get_protocol
from ibgan_plugin.evaluation.disentanglement.suite import SUITE, resolve_metric, score, summarize
from ibgan_plugin.evaluation.report import Row, format_rows, order, sample_sizes, write_rows
from ibgan_plugin.utils.errors import IBGANError

#: ``{metric: {score: {'mean': ..., 'std': ..., 'per_seed': [...]}}}``, with ``'note'`` where there is something to be said.
Results = dict[str, dict[str, dict[str, Any]]]


class Evaluation(NamedTuple):
    """Scores of codes.

    Attributes:
        results: By metric and score.
        skipped: Metric -> why it can not be computed from these codes.
        numbers: Metric -> its keyword arguments.
    """

    results: Results
    skipped: dict[str, str]
    numbers: dict[str, Mapping[str, Any]]


def evaluate_codes(source: CodeSource, protocol: str, metrics: str | Sequence[str] = 'all',
                   seeds: Sequence[int] = (0,)) -> Evaluation:
    """Scores of ``source`` under a named protocol.

    Args:
        source: Codes, as ``load_codes`` gives them.
        protocol: Name of the protocol.
        metrics: ``'all'`` that the protocol defines, or their names.
        seeds: One evaluation per seed.

    Returns:
        The results, the reasons of metrics that were skipped (only with ``'all'``: those that choose factors need a whole
        grid), and the numbers of each metric.

    Raises:
        IBGANError: If a protocol or metric is unknown, the protocol lacks a metric, there is no seed, a metric that was asked
            for by name needs a whole grid, or the codes can not be scored.
    """
    if not seeds:
        raise IBGANError('seeds must not be empty')
    names = list(get_protocol(protocol)) if metrics == 'all' else list(metrics)
    if not names:
        raise IBGANError('metrics must not be empty')
    numbers: dict[str, Mapping[str, Any]] = {name: resolve_metric(name, protocol) for name in names}
    reason = _no_grid(source)
    skipped = {name: reason for name in names if reason and SUITE[name].interventional}
    if skipped and (metrics != 'all' or len(skipped) == len(names)):
        raise IBGANError(f'{", ".join(skipped)} can not be computed: {reason}')
    scored = score(source, {name: numbers[name] for name in names if name not in skipped}, seeds)
    results: Results = {}
    for name, (per_seed, notes) in scored.items():
        note = {'note': '; '.join(notes)} if notes else {}
        results[name] = {key: {**summarize(values), **note} for key, values in per_seed.items()}
    return Evaluation(results, skipped, numbers)


def _no_grid(source: CodeSource) -> str:
    """Why metrics that choose factors can not be computed; '' where they can."""
    if isinstance(source, CodeTable):
        return ''
    try:
        source.to_grid()
    except IBGANError as error:
        return f'it fixes factors and draws the others, which needs codes of the whole grid and factor_sizes: {error}'
    return ''


def result_rows(evaluation: Evaluation, protocol: str) -> list[Row]:
    """One flat row per score, the headline score of each metric first."""
    return order({'protocol': protocol, 'metric': metric, 'score': key, 'mean': value['mean'], 'std': value['std'],
                  'num_seeds': len(value['per_seed']), 'numbers': sample_sizes(evaluation.numbers[metric]),
                  'note': value.get('note', '')}
                 for metric, scores in evaluation.results.items() for key, value in scores.items())


def format_table(evaluation: Evaluation, protocol: str) -> str:
    """The results as text, one line per score and what it means, and one line per skipped metric with the reason."""
    return '\n'.join([format_rows(result_rows(evaluation, protocol)),
                      *(f'skipped {name}: {reason}' for name, reason in evaluation.skipped.items())])


def write_csv(evaluation: Evaluation, protocol: str, path: str | Path) -> None:
    """Write the rows of :func:`result_rows`."""
    write_rows(result_rows(evaluation, protocol), path)

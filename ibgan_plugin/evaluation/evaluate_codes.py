"""Scores of codes stored in a file, from any framework; ``tools/evaluate_codes.py`` is the command."""
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ibgan_plugin.evaluation.disentanglement.codes import CodeTable
from ibgan_plugin.evaluation.disentanglement.labelled import CodeSource, LabelledCodes
from ibgan_plugin.evaluation.disentanglement.protocols import get_protocol
from ibgan_plugin.evaluation.disentanglement.suite import Evaluation, evaluate, required_cells, resolve_metric, without_grid
from ibgan_plugin.evaluation.report import Row, format_rows, order, sample_sizes, write_rows
from ibgan_plugin.utils.errors import IBGANError


def evaluate_codes(source: CodeSource, protocol: str, metrics: str | Sequence[str] = 'all',
                   seeds: Sequence[int] = (0,)) -> Evaluation:
    """Scores of ``source`` under a named protocol.

    Args:
        source: Codes, as ``load_codes`` gives them. A part of a grid that lacks cells which the metrics draw, such as images
            chosen at random, is scored as labelled samples, with a warning.
        protocol: Name of the protocol.
        metrics: ``'all'`` that the protocol defines, or their names.
        seeds: One evaluation per seed.

    Returns:
        The results, the reasons of metrics that were skipped (only with ``'all'``: those that choose factors need a whole
        grid), and the numbers of each metric.

    Raises:
        IBGANError: If a protocol or metric is unknown, the protocol lacks a metric, there is no seed or one twice, a metric
            that was asked for by name needs a whole grid, or the codes can not be scored.
    """
    if not seeds:
        raise IBGANError('seeds must not be empty')
    if len(set(seeds)) < len(seeds):
        raise IBGANError(f'seeds must differ, got {list(seeds)}')
    names = list(get_protocol(protocol)) if metrics == 'all' else list(metrics)
    if not names:
        raise IBGANError('metrics must not be empty')
    numbers = {name: resolve_metric(name, protocol) for name in names}
    source = _labelled_where_cells_lack(source, numbers, seeds)
    skipped = without_grid(source, names)
    if skipped and (metrics != 'all' or len(skipped) == len(names)):
        raise IBGANError(f'{", ".join(skipped)} can not be computed: {next(iter(skipped.values()))}')
    return evaluate(source, numbers, seeds)


def _labelled_where_cells_lack(source: CodeSource, numbers: Mapping[str, Mapping[str, Any]], seeds: Sequence[int]) -> CodeSource:
    """``source``; as labelled samples where it is a part of a grid without all the cells that the metrics draw."""
    if not isinstance(source, CodeTable) or len(source.codes) == len(source.grid):
        return source
    if np.isin(required_cells(source.grid, numbers, seeds), source.index).all():
        return source
    warnings.warn(f'codes of {len(source.codes):,} of the {len(source.grid):,} cells of the grid, not of all that the metrics draw'
                  ': they are scored as labelled samples')
    return LabelledCodes(source.codes, source.grid.to_factors(source.index), names=source.names)


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

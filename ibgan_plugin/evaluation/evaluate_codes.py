"""Scores of codes stored in a file, from any framework; ``tools/evaluate_codes.py`` is the command."""
import json
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ibgan_plugin.evaluation.disentanglement.codes import CodeTable
from ibgan_plugin.evaluation.disentanglement.labelled import CodeSource, LabelledCodes
from ibgan_plugin.evaluation.disentanglement.protocols import get_protocol
from ibgan_plugin.evaluation.disentanglement.suite import SUITE, resolve_metric, score, summarize
from ibgan_plugin.evaluation.report import Row, format_rows, write_rows
from ibgan_plugin.utils.errors import IBGANError
from ibgan_plugin.utils.files import write_whole

#: ``{metric: {score: {'mean': ..., 'std': ..., 'per_seed': [...]}}}``
Results = dict[str, dict[str, dict[str, Any]]]


def load_arrays(path: str | Path, names: Sequence[str]) -> dict[str, np.ndarray]:
    """Those of ``names`` that an ``.npz`` file holds; IBGANError where it can not be read. Nothing is unpickled."""
    try:
        with np.load(path, allow_pickle=False) as file:
            return {name: file[name] for name in names if name in file}
    except (OSError, ValueError, AttributeError, TypeError, EOFError, zipfile.BadZipFile) as error:
        raise IBGANError(f'{path} is not a readable .npz file of plain arrays: {error}') from error


def load_codes(path: str | Path) -> CodeSource:
    """Codes of an ``.npz`` file.

    It holds ``codes`` [prod(factor_sizes), C] in row-major order of the factors and ``factor_sizes`` [F], or ``codes``
    [N, C] and integer ``factors`` [N, F]. Where it holds both, ``factor_sizes`` counts. Nothing is unpickled.

    Raises:
        IBGANError: If the file can not be read as such, or its arrays do not fit.
    """
    arrays = load_arrays(path, ('codes', 'factor_sizes', 'factors'))
    if 'codes' not in arrays or len(arrays) < 2:
        raise IBGANError(f'{path} must hold codes and factor_sizes (whole grid) or codes and factors (labelled samples), '
                         f'found of these: {", ".join(arrays) or "none"}')
    if 'factor_sizes' in arrays:
        sizes = arrays['factor_sizes']
        if sizes.ndim != 1 or sizes.dtype.kind not in 'iu':
            raise IBGANError(f'factor_sizes must be integers of shape [F], got {sizes.dtype} of shape {list(sizes.shape)}')
        return CodeTable.from_grid(arrays['codes'], sizes.tolist())
    return LabelledCodes(arrays['codes'], arrays['factors'])


def evaluate_codes(source: CodeSource, protocol: str, metrics: str | Sequence[str] = 'all',
                   seeds: Sequence[int] = (0,)) -> tuple[Results, dict[str, str]]:
    """Scores of ``source`` under a named protocol.

    Args:
        source: Codes, as :func:`load_codes` gives them.
        protocol: Name of the protocol.
        metrics: ``'all'`` that the protocol defines, or their names.
        seeds: One evaluation per seed.

    Returns:
        The results, and the reasons of metrics that were skipped: those that choose factors need the whole grid.

    Raises:
        IBGANError: If a protocol or metric is unknown, the protocol lacks a metric, there is no seed, or the codes can
            not be scored.
    """
    if not seeds:
        raise IBGANError('seeds must not be empty')
    names = list(get_protocol(protocol)) if metrics == 'all' else list(metrics)
    keywords = {name: resolve_metric(name, protocol) for name in names}
    skipped = {}
    if not isinstance(source, CodeTable):
        skipped = {name: 'it fixes factors and draws the others, which needs codes of the whole grid and factor_sizes'
                   for name in names if SUITE[name].interventional}
    per_seed = score(source, {name: keywords[name] for name in names if name not in skipped}, seeds)
    return {name: {key: summarize(values) for key, values in scores.items()} for name, scores in per_seed.items()}, skipped


def result_rows(results: Results, protocol: str) -> list[Row]:
    """One flat row per score: protocol, metric, score, mean, std, num_seeds."""
    return [{'protocol': protocol, 'metric': metric, 'score': key, 'mean': value['mean'], 'std': value['std'],
             'num_seeds': len(value['per_seed'])} for metric, scores in results.items() for key, value in scores.items()]


def format_table(results: Results, protocol: str, skipped: dict[str, str]) -> str:
    """The results as text, one line per score, and one per skipped metric with the reason."""
    return '\n'.join([format_rows(result_rows(results, protocol)),
                      *(f'skipped {name}: {reason}' for name, reason in skipped.items())])


def write_json(results: Mapping[str, Any], path: str | Path) -> None:
    """Write results as they are: of :func:`evaluate_codes`, ``{metric: {score: {mean, std, per_seed}}}``."""
    write_whole(path, json.dumps(results, indent=1) + '\n')


def write_csv(results: Results, protocol: str, path: str | Path) -> None:
    """Write the rows of :func:`result_rows`."""
    write_rows(result_rows(results, protocol), path)

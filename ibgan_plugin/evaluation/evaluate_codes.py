"""Scores of codes stored in a file, from any framework; ``tools/evaluate_codes.py`` is the command."""
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ibgan_plugin.evaluation.disentanglement.codes import CodeTable
from ibgan_plugin.evaluation.disentanglement.labelled import CodeSource, LabelledCodes
from ibgan_plugin.evaluation.disentanglement.protocols import get_protocol
from ibgan_plugin.evaluation.disentanglement.suite import SUITE, resolve_metric, score, summarize
from ibgan_plugin.evaluation.report import Row, format_rows, order, sample_sizes, write_rows
from ibgan_plugin.utils.errors import IBGANError
from ibgan_plugin.utils.files import check_regular_file

#: ``{metric: {score: {'mean': ..., 'std': ..., 'per_seed': [...]}}}``, with ``'note'`` where there is something to be said.
Results = dict[str, dict[str, dict[str, Any]]]
#: An array that unpacks to more is not read: a grid of ten million cells with 25 codes each is smaller.
LARGEST_ARRAY = 2**31


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


def load_arrays(path: str | Path, names: Sequence[str]) -> dict[str, np.ndarray]:
    """Those of ``names`` that an ``.npz`` file holds. Nothing is unpickled, and nothing absurdly large is unpacked.

    Raises:
        IBGANError: If the file can not be read as such.
    """
    path = check_regular_file(path)
    try:
        if _is_npy(path):
            raise IBGANError(f'{path} is an .npy file, which holds one array: an .npz with {" and ".join(names[:1])} by name is '
                             f'needed, e.g. numpy.savez(path, {names[0]}=array, ...)')
        with zipfile.ZipFile(path) as archive:
            sizes = {member.filename: member.file_size for member in archive.infolist()}
        too_large = [name for name in names if sizes.get(f'{name}.npy', 0) > LARGEST_ARRAY]
        if too_large:
            raise IBGANError(f'{too_large[0]} in {path} would unpack to {sizes[f"{too_large[0]}.npy"] / 2**30:.1f} GiB, more than '
                             f'{LARGEST_ARRAY / 2**30:g} GiB')
        with np.load(path, allow_pickle=False) as file:
            return {name: file[name] for name in names if name in file}
    except IBGANError:
        raise
    except (OSError, ValueError, AttributeError, TypeError, EOFError, MemoryError, zipfile.BadZipFile) as error:
        raise IBGANError(f'{path} is not a readable .npz file of plain arrays: {error}') from error


def _is_npy(path: Path) -> bool:
    with open(path, 'rb') as file:
        return file.read(6) == np.lib.format.MAGIC_PREFIX


def load_codes(path: str | Path) -> CodeSource:
    """Codes of an ``.npz`` file.

    It holds ``codes`` [prod(factor_sizes), C] in row-major order of the factors and ``factor_sizes`` [F], or ``codes``
    [N, C] and ``factors`` [N, F], whole numbers or, for continuous ones, any; bool ``continuous`` [F] may say which are. Where
    it holds both, ``factor_sizes`` counts. Nothing is unpickled.

    Raises:
        IBGANError: If the file can not be read as such, or its arrays do not fit.
    """
    arrays = load_arrays(path, ('codes', 'factor_sizes', 'factors', 'continuous'))
    if 'codes' not in arrays or not arrays.keys() & {'factor_sizes', 'factors'}:
        raise IBGANError(f'{path} must hold codes and factor_sizes (whole grid) or codes and factors (labelled samples), '
                         f'found of these: {", ".join(arrays) or "none"}')
    if 'factor_sizes' in arrays:
        sizes = arrays['factor_sizes']
        if sizes.ndim != 1 or sizes.dtype.kind not in 'iu':
            raise IBGANError(f'factor_sizes must be integers of shape [F], got {sizes.dtype} of shape {list(sizes.shape)}')
        return CodeTable.from_grid(arrays['codes'], sizes.tolist())
    return LabelledCodes(arrays['codes'], arrays['factors'], arrays.get('continuous'))


def evaluate_codes(source: CodeSource, protocol: str, metrics: str | Sequence[str] = 'all',
                   seeds: Sequence[int] = (0,)) -> Evaluation:
    """Scores of ``source`` under a named protocol.

    Args:
        source: Codes, as :func:`load_codes` gives them.
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

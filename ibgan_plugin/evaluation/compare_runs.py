"""Which of several runs to keep, told from their codes alone; ``tools/compare_runs.py`` is the command."""
import warnings
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import numpy as np

from ibgan_plugin.evaluation.checks import check_codes
from ibgan_plugin.evaluation.code_files import load_arrays
from ibgan_plugin.evaluation.disentanglement.factor_vae import prune_codes
from ibgan_plugin.evaluation.disentanglement.model_centrality import model_centrality
from ibgan_plugin.evaluation.disentanglement.protocols import RUNS
from ibgan_plugin.evaluation.disentanglement.udr import udr
from ibgan_plugin.utils.errors import IBGANError

#: A batch drawn from fewer samples in a quantile bin repeats a handful of them.
SAMPLES_PER_BIN = 20
#: ``{run: {score: value}}``
RunScores = dict[str, dict[str, float]]


def load_runs(paths: Sequence[str | Path]) -> dict[str, np.ndarray]:
    """The ``codes`` [N, C] of each ``.npz`` file, by its path; what else the files hold, labels too, is not read.

    Where files number their samples (``index``) or name them (``names``), codes are in the order of these, which must be the same.

    Raises:
        IBGANError: If a file can not be read or has no codes, is named twice, or has other samples than the first.
    """
    runs: dict[str, np.ndarray] = {}
    samples: dict[str, np.ndarray] = {}
    files: dict[Path, str] = {}
    for path in map(str, paths):
        first = files.setdefault(Path(path).resolve(), path)
        if path in runs or first != path:
            raise IBGANError(f'{path} is named twice' + (f', as {first} too' if first != path else ''))
        try:
            runs[path], labels = _load_run(path)
        except IBGANError as error:
            raise error if path in str(error) else IBGANError(f'{path}: {error}') from error
        if labels is not None:
            order = np.argsort(labels, kind='stable')
            runs[path], samples[path] = runs[path][order], labels[order]
            _check_same(samples)
    return runs


def _load_run(path: str) -> tuple[np.ndarray, np.ndarray | None]:
    """Codes [N, C] of a file, and the numbers or names [N] of their samples, None where it has neither."""
    arrays = load_arrays(path, ('codes', 'index', 'names'))
    if 'codes' not in arrays:
        raise IBGANError(f'{path} must hold codes [N, C]')
    codes = check_codes(arrays['codes'])
    for name, kinds, what in (('index', 'iu', 'whole number'), ('names', 'U', 'text')):
        labels = arrays.get(name)
        if labels is not None and (labels.shape != codes.shape[:1] or labels.dtype.kind not in kinds):
            raise IBGANError(f'{name} must be a {what} for each of the codes, got {labels.dtype} of shape {list(labels.shape)}')
    return codes, arrays.get('index', arrays.get('names'))


def _check_same(samples: dict[str, np.ndarray]) -> None:
    """Raise IBGANError unless the last of the files has the samples, sorted, of the first."""
    first, last = next(iter(samples)), next(reversed(samples))
    found, expected = samples[last], samples[first]
    if not np.array_equal(found, expected):
        raise IBGANError(f'{last} has codes of other samples than {first}: compare codes of the same ones'
                         + (', encoded under the same paths' if found.dtype.kind == 'U' == expected.dtype.kind else ''))


def compare_runs(runs: Mapping[str, np.ndarray], seed: int = 0, names: Sequence[str] = tuple(RUNS)) -> RunScores:
    """UDR and ModelCentrality of each run with the numbers of :data:`~ibgan_plugin.evaluation.disentanglement.protocols.RUNS`.

    Args:
        runs: Name of a run -> its codes [N, C] of the same samples in the same order.
        seed: Seed of ModelCentrality's votes.
        names: Of the scores, among ``udr_spearman``, ``udr_lasso`` and ``model_centrality``.

    Returns:
        The scores of each run; the run with the largest is the one to keep.

    Raises:
        IBGANError: If there are fewer than two runs, or they do not fit together.
    """
    codes = list(runs.values())
    num_samples, least = min((len(run) for run in codes), default=0), SAMPLES_PER_BIN * RUNS['model_centrality']['num_bins']
    if num_samples < least and 'model_centrality' in names:
        warnings.warn(f'only {num_samples} samples, fewer than {least}: the bins within which ModelCentrality holds a code '
                      'are too small to tell runs apart')
    scores = {name: model_centrality(codes, **RUNS[name], seed=seed) if name == 'model_centrality' else udr(codes, **RUNS[name])
              for name in names}
    least_std = RUNS['udr_spearman']['prune_threshold']
    idle = [run for run, one in runs.items() if not prune_codes(one, least_std)[1].any()]
    if idle:
        warnings.warn(f'no code of {", ".join(idle)} has a standard deviation of {least_std} or more, so that none counts: 0')
    return {run: {name: float(values[i]) for name, values in scores.items()} for i, run in enumerate(runs)}


def format_runs(table: RunScores, head: str = 'run', starred: Collection[str] | None = None) -> str:
    """One line a run, all with the same scores, the largest of each score that is to be ``starred`` (None: of all) with a star."""
    widths = {name: max(9, len(name) + 1) for name in next(iter(table.values()))}
    best = {name: max(row[name] for row in table.values()) for name in (widths if starred is None else starred)}
    first = max(len(run) for run in (head, *table))
    lines = [f'{head:{first}}' + ''.join(f'  {name:>{width}}' for name, width in widths.items())]
    lines += [f'{run:{first}}' + ''.join(f'  {row[name]:{width - 1}.4f}{"*" if row[name] == best.get(name) else " "}'
                                         for name, width in widths.items()) for run, row in table.items()]
    return '\n'.join(lines)

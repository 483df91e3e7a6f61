"""Interventional robustness score. Suter et al., "Robustly Disentangled Causal Mechanisms", 2019."""
import warnings

import numpy as np

from ibgan_plugin.evaluation.disentanglement.discrete import discretize
from ibgan_plugin.evaluation.disentanglement.labelled import CodeSource
from ibgan_plugin.evaluation.disentanglement.sampling import check_sizes
from ibgan_plugin.utils.errors import IBGANError


def irs_score(codes: np.ndarray, factors: np.ndarray, diff_quantile: float) -> float:
    """How little each code moves while its best factor is fixed, weighted by the code's largest deviation.

    Args:
        codes: Codes [N, C]; constant ones are left out.
        factors: Discrete factor values [N, F].
        diff_quantile: Quantile in [0, 1] of the deviations that stands for the largest one.

    Returns:
        In [0, 1]; 0 where every code is constant.
    """
    codes = codes[:, np.ptp(codes, axis=0) > 0]
    if not codes.shape[1]:
        return 0.0
    largest = np.abs(codes - codes.mean(axis=0)).max(axis=0)
    moved = np.empty((codes.shape[1], factors.shape[1]))
    for k, column in enumerate(factors.T):
        values = np.unique(column)
        groups = [codes[column == value] for value in values]
        deviations = [np.abs(group - group.mean(axis=0)) for group in groups]
        moved[:, k] = np.mean([_quantile(deviation, diff_quantile) for deviation in deviations], axis=0)
    return float(np.average((1 - moved / largest[:, None]).max(axis=1), weights=largest))


def _quantile(values: np.ndarray, quantile: float) -> np.ndarray:
    """``np.quantile(values, quantile, axis=0)``, which takes several times longer on small arrays; overwrites ``values``."""
    values.sort(axis=0)
    position = quantile * (len(values) - 1)
    low = int(position)
    high = min(low + 1, len(values) - 1)
    return values[low] + (position - low) * (values[high] - values[low])


def irs(source: CodeSource, *, num_train: int, batch_size: int, num_bins: int, diff_quantile: float,
        seed: int) -> dict[str, float]:
    """Interventional robustness of codes, higher is better.

    Args:
        source: Codes and factors to draw from.
        num_train: Number of samples.
        batch_size: Samples drawn at a time, which only fixes the order of the draws.
        num_bins: Equal-width bins of each factor's values.
        diff_quantile: See :func:`irs_score`.
        seed: Seed of the ``RandomState`` that draws everything.

    Returns:
        ``score`` in [0, 1] and ``num_active_dims``, the number of codes that are not constant. Where there is none the
        score is 0, with a warning.

    Raises:
        IBGANError: If a size or the quantile is out of range.
    """
    check_sizes(num_train=num_train, batch_size=batch_size, num_bins=num_bins)
    if not 0 <= diff_quantile <= 1:
        raise IBGANError(f'diff_quantile must be in [0, 1], got {diff_quantile}')
    (codes, factors), = source.split((num_train,), batch_size, np.random.RandomState(seed))
    active = int((np.ptp(codes, axis=0) > 0).sum())
    if not active:
        warnings.warn(f'IRS: all {codes.shape[1]} codes are constant, so the score is 0')
    return {'score': irs_score(codes, discretize(factors, num_bins), diff_quantile), 'num_active_dims': float(active)}

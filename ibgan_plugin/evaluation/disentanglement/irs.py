"""Interventional robustness score. Suter et al., "Robustly Disentangled Causal Mechanisms", 2019."""
import warnings

import numpy as np

from ibgan_plugin.evaluation.checks import check_range, check_sizes, random_state
from ibgan_plugin.evaluation.disentanglement.common import check_samples
from ibgan_plugin.evaluation.disentanglement.discrete import discretize
from ibgan_plugin.evaluation.disentanglement.labelled import CodeSource


def irs_score(codes: np.ndarray, factors: np.ndarray, diff_quantile: float) -> float:
    """How little each code moves while its best factor is fixed, weighted by the code's largest deviation.

    Args:
        codes: Codes [N, C]; constant ones are left out.
        factors: Whole numbers [N, F].
        diff_quantile: Quantile in [0, 1] of the deviations that stands for the largest one.

    Returns:
        In [0, 1]; 0 where every code is constant.

    Raises:
        IBGANError: If shapes or types do not fit, a code is not finite, or the quantile is out of range.

    >>> import numpy as np
    >>> factors = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
    >>> irs_score(factors * 1.0, factors, diff_quantile=1.0)
    1.0
    """
    check_range(0, 1, diff_quantile=diff_quantile)
    codes, factors = check_samples(codes, factors)
    codes = codes[:, np.ptp(codes, axis=0) > 0]
    if not codes.shape[1]:
        return 0.0
    largest = np.abs(codes - codes.mean(axis=0)).max(axis=0)
    moved = np.empty((codes.shape[1], factors.shape[1]))
    for k, column in enumerate(factors.T):
        groups = [codes[column == value] for value in np.unique(column)]
        moved[:, k] = np.mean([np.quantile(np.abs(group - group.mean(axis=0)), diff_quantile, axis=0) for group in groups], axis=0)
    return float(np.average((1 - moved / largest[:, None]).max(axis=1), weights=largest))


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
        ``score`` in [0, 1] and ``num_varying_codes``, the number of codes that are not constant. Where there is none the
        score is 0, with a warning.

    Raises:
        IBGANError: If a size or the quantile is out of range.
    """
    check_sizes(num_train=num_train, batch_size=batch_size, num_bins=num_bins)
    check_range(0, 1, diff_quantile=diff_quantile)
    sample, = source.split(random_state(seed), num_train=num_train, batch_size=batch_size)
    active = int((np.ptp(sample.codes, axis=0) > 0).sum())
    if not active:
        warnings.warn(f'IRS: all {sample.codes.shape[1]} codes are constant, so the score is 0')
    return {'score': irs_score(sample.codes, discretize(sample.factors, num_bins), diff_quantile),
            'num_varying_codes': float(active)}

"""Mutual information gap. Chen et al., "Isolating Sources of Disentanglement in VAEs", 2018, equation 6."""
import numpy as np

from ibgan_plugin.evaluation.checks import check_sizes, random_state
from ibgan_plugin.evaluation.disentanglement.common import check_samples, top_two_gap, varying_factors
from ibgan_plugin.evaluation.disentanglement.discrete import discretize, entropy, mutual_information
from ibgan_plugin.evaluation.disentanglement.labelled import CodeSource


def mig_score(codes: np.ndarray, factors: np.ndarray, num_bins: int) -> float:
    """Mean over factors of (largest - second largest mutual information of a code with the factor) / entropy of the factor.

    >>> import numpy as np
    >>> shape, size = np.arange(12) % 3, np.arange(12) // 3
    >>> factors = np.stack([shape, size], axis=1)
    >>> round(mig_score(factors * [2.0, -0.5], factors, num_bins=20), 3)  # a code a factor
    1.0

    Args:
        codes: Codes [N, C]; with one code the second largest is 0.
        factors: Whole numbers [N, F]; constant factors have no entropy and are left out, with a warning.
        num_bins: Equal-width bins per code.

    Returns:
        In [0, 1]; the coarse bins keep perfect codes below 1 (about 0.895 on dSprites with 20 bins).

    Raises:
        IBGANError: If shapes or types do not fit, a code is not finite, or all factors are constant.
    """
    codes, factors = check_samples(codes, factors)
    factors = factors[:, varying_factors(factors, 'MIG')]
    return _gap(mutual_information(discretize(codes, num_bins), factors), factors)


def _gap(information: np.ndarray, factors: np.ndarray) -> float:
    """MIG of the mutual information [C, F] of codes with factors int [N, F] that all vary."""
    return float(np.mean(top_two_gap(information) / entropy(factors)))


def mig(source: CodeSource, *, num_train: int, batch_size: int, num_bins: int, seed: int) -> dict[str, float]:
    """MIG of codes, higher is better, chance is 0.

    Args:
        source: Codes and factors to draw from.
        num_train: Number of samples.
        batch_size: Samples drawn at a time, which only fixes the order of the draws.
        num_bins: Equal-width bins per code.
        seed: Seed of the ``RandomState`` that draws everything.

    Returns:
        ``discrete_mig``, see :func:`mig_score`.

    Raises:
        IBGANError: If a size is out of range or all factors are constant.
    """
    check_sizes(num_train=num_train, batch_size=batch_size)
    sample, = source.split(random_state(seed), num_train=num_train, batch_size=batch_size)
    codes, factors = check_samples(sample.codes, sample.factors)
    varying = varying_factors(factors, 'MIG')
    information = mutual_information(discretize(codes, num_bins), factors[:, varying])  # C x F
    source.findings.keep('mutual_information', seed, information, varying, factors.shape[1])
    return {'discrete_mig': _gap(information, factors[:, varying])}

"""Mutual information gap. Chen et al., "Isolating Sources of Disentanglement in VAEs", 2018, equation 6."""
import numpy as np

from ibgan_plugin.evaluation.disentanglement.common import top_two_gap, varying_factors
from ibgan_plugin.evaluation.disentanglement.discrete import discretize, entropy, mutual_information
from ibgan_plugin.evaluation.disentanglement.labelled import CodeSource
from ibgan_plugin.evaluation.disentanglement.sampling import check_sizes


def mig_score(codes: np.ndarray, factors: np.ndarray, num_bins: int) -> float:
    """Mean over factors of (largest - second largest mutual information of a code with the factor) / entropy of the factor.

    Args:
        codes: Codes [N, C]; with one code the second largest is 0.
        factors: Factor values int [N, F]; constant ones have no entropy and are left out, with a warning.
        num_bins: Equal-width bins per code.

    Returns:
        In [0, 1]; the coarse bins keep perfect codes below 1 (about 0.895 on dSprites with 20 bins).

    Raises:
        IBGANError: If all factors are constant.
    """
    factors = factors[:, varying_factors(factors, 'MIG')]
    information = mutual_information(discretize(codes, num_bins), factors)  # C x F
    return float(np.mean(top_two_gap(information) / entropy(factors)))


def mig(source: CodeSource, *, num_train: int, batch_size: int, num_bins: int, seed: int) -> dict[str, float]:
    """``discrete_mig`` of ``num_train`` samples of ``source``, drawn in batches; see :func:`mig_score`."""
    check_sizes(num_train=num_train, batch_size=batch_size, num_bins=num_bins)
    (codes, factors), = source.split((num_train,), batch_size, np.random.RandomState(seed))
    return {'discrete_mig': mig_score(codes, factors, num_bins)}

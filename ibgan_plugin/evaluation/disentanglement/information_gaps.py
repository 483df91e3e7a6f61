"""JEMMIG and DCIMIG, relatives of MIG, as Carbonneau et al. compare them ("Measuring Disentanglement: A Review", 2022).

JEMMIG: Do and Tran, "Theory and Evaluation Metrics for Learning Disentangled Representations", 2020, section 3.3. DCIMIG:
Sepliarskaia et al., "Evaluating Disentangled Representations", 2019, section 4.
"""
import numpy as np

from ibgan_plugin.evaluation.checks import check_sizes, random_state
from ibgan_plugin.evaluation.disentanglement.common import check_samples, top_two_gap, varying_factors
from ibgan_plugin.evaluation.disentanglement.discrete import discretize, entropy, mutual_information
from ibgan_plugin.evaluation.disentanglement.labelled import CodeSource


def jemmig_score(codes: np.ndarray, factors: np.ndarray, num_bins: int) -> float:
    """MIG that also asks the best code to tell nothing but its factor, through their joint entropy.

    Mean over factors of ``1 - (H(f, c) - I(f; c) + I(f; c')) / (H(f) + log num_bins)`` with c the code that informs most about f
    and c' the second.

    Args:
        codes: Codes [N, C]; with one code the second tells nothing.
        factors: Whole numbers [N, F]; constant factors are left out, with a warning.
        num_bins: Equal-width bins per code, at least 2.

    Returns:
        In [0, 1]; 1 needs a code in as many bins as its factor has values, 0 is a code of noise.

    Raises:
        IBGANError: If shapes or types do not fit, a code is not finite, or all factors are constant.

    >>> import numpy as np
    >>> factors = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
    >>> jemmig_score(factors * 1.0, factors, num_bins=2)
    1.0
    """
    check_sizes(2, num_bins=num_bins)
    codes, factors = check_samples(codes, factors)
    factors = factors[:, varying_factors(factors, 'JEMMIG')]
    bins = discretize(codes, num_bins)
    information = mutual_information(bins, factors)  # C x F
    best = information.argmax(axis=0)
    largest = information.max(axis=0)
    joint = entropy(factors) + entropy(bins)[best] - largest  # H(f, c) = H(f) + H(c) - I(f; c)
    # I(f; c') - I(f; c) is minus the gap
    return float(np.mean(1 - (joint - top_two_gap(information)) / (entropy(factors) + np.log(num_bins))))


def jemmig(source: CodeSource, *, num_train: int, batch_size: int, num_bins: int, seed: int) -> dict[str, float]:
    """JEMMIG of codes, higher is better.

    Args:
        source: Codes and factors to draw from.
        num_train: Number of samples.
        batch_size: Samples drawn at a time, which only fixes the order of the draws.
        num_bins: Equal-width bins per code.
        seed: Seed of the ``RandomState`` that draws everything.

    Returns:
        ``score``, see :func:`jemmig_score`.

    Raises:
        IBGANError: If a size is out of range or all factors are constant.
    """
    check_sizes(num_train=num_train, batch_size=batch_size)
    sample, = source.split(random_state(seed), num_train=num_train, batch_size=batch_size)
    return {'score': jemmig_score(sample.codes, sample.factors, num_bins)}


def dcimig_score(codes: np.ndarray, factors: np.ndarray, num_bins: int) -> float:
    """Sum over factors of the largest gap of a code that belongs to the factor, divided by the sum of their entropies.

    A code belongs to the factor it informs most about; its gap is what it informs more about that one than about the second.

    Args:
        codes: Codes [N, C].
        factors: Whole numbers [N, F]; constant factors are left out, with a warning. With one factor there is no second.
        num_bins: Equal-width bins per code.

    Returns:
        In [0, 1].

    Raises:
        IBGANError: If shapes or types do not fit, a code is not finite, or all factors are constant.

    >>> import numpy as np
    >>> factors = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
    >>> dcimig_score(factors * 1.0, factors, num_bins=2)
    1.0
    """
    codes, factors = check_samples(codes, factors)
    factors = factors[:, varying_factors(factors, 'DCIMIG')]
    information = mutual_information(discretize(codes, num_bins), factors)  # C x F
    gaps = np.zeros_like(information)
    gaps[np.arange(len(gaps)), information.argmax(axis=1)] = top_two_gap(information.T)
    return float(gaps.max(axis=0).sum() / entropy(factors).sum())


def dcimig(source: CodeSource, *, num_train: int, batch_size: int, num_bins: int, seed: int) -> dict[str, float]:
    """DCIMIG of codes, higher is better: ``score``, see :func:`dcimig_score`; arguments and errors as :func:`jemmig`."""
    check_sizes(num_train=num_train, batch_size=batch_size)
    sample, = source.split(random_state(seed), num_train=num_train, batch_size=batch_size)
    return {'score': dcimig_score(sample.codes, sample.factors, num_bins)}

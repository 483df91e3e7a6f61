"""Dependence between codes, without labels: Gaussian total correlation and Wasserstein correlation, pairwise information.

Locatello et al., "Challenging Common Assumptions in the Unsupervised Learning of Disentangled Representations", 2019.
"""
import warnings

import numpy as np

from ibgan_plugin.evaluation.checks import check_covariance, check_sizes, random_state
from ibgan_plugin.evaluation.disentanglement.discrete import discretize, mutual_information
from ibgan_plugin.evaluation.disentanglement.labelled import CodeSource
from ibgan_plugin.utils.errors import IBGANError


def gaussian_total_correlation(covariance: np.ndarray) -> float:
    """KL divergence in nats from a Gaussian with ``covariance`` [C, C] to the product of its marginals.

    A code without variance depends on no other and is left out. Infinite for a singular covariance of the others.

    Raises:
        IBGANError: If the covariance is not finite, symmetric and of shape [C, C].

    >>> import numpy as np
    >>> round(gaussian_total_correlation(np.array([[1.0, 0.5], [0.5, 1.0]])), 4)  # -0.5 log(1 - 0.5^2)
    0.1438
    """
    covariance = check_covariance(covariance)
    varies = np.diag(covariance) > 0
    kept = covariance[np.ix_(varies, varies)]
    sign, log_determinant = np.linalg.slogdet(kept)
    if sign <= 0:
        return float('inf')
    return float(0.5 * (np.log(np.diag(kept)).sum() - log_determinant))


def gaussian_wasserstein_correlation(covariance: np.ndarray) -> float:
    """Squared 2-Wasserstein distance between a Gaussian with ``covariance`` [C, C] and the product of its marginals.

    ``2 tr(S) - 2 tr((S^1/2 D S^1/2)^1/2)`` with D the diagonal of S; the trace of the root is taken from the eigenvalues
    of the similar symmetric matrix ``D^1/2 S D^1/2``. Never negative.

    Raises:
        IBGANError: If the covariance is not finite, symmetric and of shape [C, C].

    >>> import numpy as np
    >>> round(gaussian_wasserstein_correlation(np.diag([1.0, 4.0])), 6)  # independent
    0.0
    """
    covariance = check_covariance(covariance)
    scale = np.sqrt(np.diag(covariance))
    eigenvalues = np.linalg.eigvalsh(scale[:, None] * covariance * scale)
    return float(max(0.0, 2 * np.trace(covariance) - 2 * np.sqrt(np.maximum(eigenvalues, 0)).sum()))


def unsupervised(source: CodeSource, *, num_train: int, batch_size: int, num_bins: int, seed: int) -> dict[str, float]:
    """Dependence between codes, lower is better.

    Args:
        source: Codes to draw from; the factors are not used.
        num_train: Number of samples, at least 2.
        batch_size: Samples drawn at a time, which only fixes the order of the draws.
        num_bins: Equal-width bins per code for the mutual information.
        seed: Seed of the ``RandomState`` that draws everything.

    Returns:
        ``gaussian_total_correlation`` (nats), ``gaussian_wasserstein_correlation`` and the same divided by the total
        variance (``..._norm``, 0 where that is 0), ``mutual_info_score``: mean over pairs of codes (nats, 0 for one code).

    Raises:
        IBGANError: If a size is out of range.

    >>> import numpy as np
    >>> from ibgan_plugin.evaluation.disentanglement import CodeTable
    >>> codes = np.stack(np.unravel_index(np.arange(64), (4, 4, 4)), axis=1)  # three factors, a code each
    >>> table = CodeTable.from_grid(codes, sizes=(4, 4, 4))
    >>> scores = unsupervised(table, num_train=500, batch_size=16, num_bins=20, seed=0)
    >>> sorted(scores)
    ['gaussian_total_correlation', 'gaussian_wasserstein_correlation', 'gaussian_wasserstein_correlation_norm', 'mutual_info_score']
    """
    check_sizes(batch_size=batch_size, num_bins=num_bins)
    check_sizes(2, num_train=num_train)
    sample, = source.split(random_state(seed), num_train=num_train, batch_size=batch_size)
    codes = sample.codes
    if len(codes) < 2:
        raise IBGANError(f'a covariance needs at least 2 samples, got {len(codes)}')
    num_codes = codes.shape[1]
    covariance = np.cov(codes, rowvar=False).reshape(num_codes, num_codes)
    constant = np.ptp(codes, axis=0) == 0  # rounding of the mean leaves them a variance of about 1e-33
    covariance[constant], covariance[:, constant] = 0.0, 0.0
    correlation = gaussian_total_correlation(covariance)
    if np.isinf(correlation):
        warnings.warn('unsupervised: some codes are linear functions of others, so the Gaussian total correlation is infinite')
    wasserstein, variance = gaussian_wasserstein_correlation(covariance), np.trace(covariance)
    bins = discretize(codes, num_bins)
    information = mutual_information(bins, bins)
    pairs = num_codes * (num_codes - 1)
    return {'gaussian_total_correlation': correlation,
            'gaussian_wasserstein_correlation': wasserstein,
            'gaussian_wasserstein_correlation_norm': float(wasserstein / variance) if variance > 0 else 0.0,
            'mutual_info_score': float((information.sum() - np.trace(information)) / pairs) if pairs else 0.0}

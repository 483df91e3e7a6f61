"""Frechet distance between Gaussians fitted to two sets of features (FID). Heusel et al., 2017, equation 6."""
import numpy as np

from ibgan_plugin.utils.errors import IBGANError


def frechet_distance(real_mean: np.ndarray, real_covariance: np.ndarray, fake_mean: np.ndarray,
                     fake_covariance: np.ndarray) -> float:
    """``|m1 - m2|^2 + tr(S1 + S2 - 2 (S1 S2)^1/2)``, never negative.

    The trace of the root is taken from the eigenvalues of the symmetric ``S1^1/2 S2 S1^1/2``, which has those of ``S1 S2``: real
    for any covariances, also singular and 1x1 ones.

    Args:
        real_mean: [D].
        real_covariance: Symmetric positive semi-definite [D, D].
        fake_mean: [D].
        fake_covariance: [D, D].

    Raises:
        IBGANError: If the shapes disagree or a value is NaN or infinite.

    >>> import numpy as np
    >>> frechet_distance(np.zeros(2), np.eye(2), np.ones(2), np.eye(2))  # the squared distance of the means
    2.0
    """
    arrays = [np.asarray(array, dtype=np.float64) for array in (real_mean, real_covariance, fake_mean, fake_covariance)]
    width = arrays[0].size
    if [array.shape for array in arrays] != [(width,), (width, width)] * 2:
        raise IBGANError(f'means must have shape [D] and covariances [D, D], got {[list(array.shape) for array in arrays]}')
    if not all(np.isfinite(array).all() for array in arrays):
        raise IBGANError('means and covariances must be finite')
    real_mean, real_covariance, fake_mean, fake_covariance = arrays
    values, vectors = np.linalg.eigh(real_covariance)
    root = (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T
    product = np.linalg.eigvalsh(root @ fake_covariance @ root)
    distance = (np.square(real_mean - fake_mean).sum() + np.trace(real_covariance) + np.trace(fake_covariance)
                - 2 * np.sqrt(np.maximum(product, 0)).sum())
    return float(max(0.0, distance))

"""Parts shared by the metrics that relate codes to factors."""
import warnings

import numpy as np

from ibgan_plugin.evaluation.checks import check_codes, check_factors, check_matrix
from ibgan_plugin.utils.errors import IBGANError


def check_samples(codes: np.ndarray, factors: np.ndarray, least: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Codes as finite float64 [N, C] and discrete factors of the same N >= ``least`` samples as int64 [N, F].

    Raises:
        IBGANError: If a shape or type is another, a code is not finite, or a factor value is no whole number.
    """
    codes = check_codes(codes, least)
    return codes, check_factors(factors, len(codes))


def varying_factors(factors: np.ndarray, metric: str) -> np.ndarray:
    """Columns of ``factors`` [N, F] that take more than one value; the others are left out, with a warning.

    Raises:
        IBGANError: If no factor varies.
    """
    varies = (factors != factors[:1]).any(axis=0)
    constant = np.flatnonzero(~varies).tolist()
    if not varies.any():
        raise IBGANError(f'{metric} needs a factor with more than one value in its {len(factors)} samples, all are constant')
    if constant:
        warnings.warn(f'{metric}: the factors {constant} are constant in its {len(factors)} samples and are left out')
    return np.flatnonzero(varies)


def top_two_gap(matrix: np.ndarray) -> np.ndarray:
    """Largest minus second largest entry of each column [F] of ``matrix`` [C, F]; with one row the second is 0.

    Raises:
        IBGANError: If an entry is not finite.
    """
    matrix = check_matrix(matrix, 'matrix', 'C, F')
    if len(matrix) == 1:
        return matrix[0]
    ordered = np.sort(matrix, axis=0)
    return ordered[-1] - ordered[-2]


def concentration(importance: np.ndarray, offset: float) -> np.ndarray:
    """1 - entropy of each row [C] of ``importance`` [C, F] >= 0 in units of log F: 1 for a row with one entry.

    Args:
        importance: Non-negative.
        offset: Added to every entry. With 0, an all-zero row gives 0.
    """
    if importance.shape[1] == 1:
        return np.ones(len(importance))
    share = importance + offset
    total = share.sum(axis=1, keepdims=True)
    share = np.divide(share, total, out=np.full_like(share, 1 / share.shape[1]), where=total > 0)
    terms = share * np.log(share, out=np.zeros_like(share), where=share > 0)
    return 1 + terms.sum(axis=1) / np.log(importance.shape[1])

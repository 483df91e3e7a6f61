"""Parts shared by the metrics that relate codes to factors."""
import warnings

import numpy as np

from ibgan_plugin.datasets.ground_truth import FactorGrid, Rng
from ibgan_plugin.evaluation.disentanglement.sampling import sample_cells
from ibgan_plugin.utils.errors import IBGANError


def split_cells(grid: FactorGrid, rng: Rng, *, num_train: int, batch_size: int, num_test: int = 0,
                **_: object) -> list[np.ndarray]:
    """The cells that ``CodeTable.split`` looks up for a metric with these keyword arguments (others are ignored)."""
    return [sample_cells(grid, rng, num, batch_size) for num in (num_train, num_test) if num]


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
    """Largest minus second largest entry of each column [F] of ``matrix`` [C, F]; with one row the second is 0."""
    if len(matrix) == 1:
        return matrix[0]
    ordered = np.sort(matrix, axis=0)
    return ordered[-1] - ordered[-2]

"""Codes with labels but no grid behind them: enough for the metrics that need no intervention on the factors."""
from collections.abc import Sequence

import numpy as np

from ibgan_plugin.datasets.ground_truth import Rng
from ibgan_plugin.evaluation.disentanglement.codes import CodeTable, check_codes
from ibgan_plugin.utils.errors import IBGANError


class LabelledCodes:
    """Codes of arbitrary samples and the factor values of those samples.

    Args:
        codes: Codes [N, C].
        factors: Integer factor values [N, F].

    Raises:
        IBGANError: If the shapes disagree, a code is NaN or infinite, or a factor value is not an integer.
    """

    def __init__(self, codes: np.ndarray, factors: np.ndarray) -> None:
        self.codes = check_codes(codes)
        factors = np.asarray(factors)
        if factors.ndim != 2 or len(factors) != len(self.codes) or factors.shape[1] == 0:
            raise IBGANError(f'factors must have shape [{len(self.codes)}, F] with F >= 1, got {list(factors.shape)}')
        if factors.dtype.kind not in 'fiub' or not (factors == np.floor(factors)).all() or not np.isfinite(factors).all():
            raise IBGANError(f'factors must be integers, got {factors.dtype}')
        self.factors = factors.astype(np.int64)

    def split(self, sizes: Sequence[int], batch_size: int, rng: Rng) -> list[tuple[np.ndarray, np.ndarray]]:
        """Disjoint random rows, one set for each of ``sizes``; all sizes shrink in proportion where there are too few rows.

        Returns:
            Pairs of codes float64 [n, C] and factors int64 [n, F].

        Raises:
            IBGANError: If a set would be empty.
        """
        total = min(sum(sizes), len(self.codes))
        ends = [round(total * end / sum(sizes)) for end in np.cumsum(sizes).tolist()]
        parts = np.split(rng.permutation(len(self.codes))[:total], ends[:-1])
        if any(not len(part) for part in parts):
            raise IBGANError(f'{len(self.codes)} labelled samples are too few to split in the proportion {list(sizes)}')
        return [(self.codes[part], self.factors[part]) for part in parts]


#: Where metrics without intervention take their samples from: both have ``split``.
CodeSource = CodeTable | LabelledCodes

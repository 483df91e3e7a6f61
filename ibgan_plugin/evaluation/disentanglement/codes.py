"""Codes of ground-truth samples: the tables every disentanglement metric reads from."""
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ibgan_plugin.datasets.ground_truth import FactorGrid, Rng
from ibgan_plugin.evaluation.checks import check_codes, check_factors
from ibgan_plugin.evaluation.disentanglement.findings import Findings
from ibgan_plugin.evaluation.disentanglement.sampling import sample_splits
from ibgan_plugin.utils.errors import IBGANError


class Split(NamedTuple):
    """Samples that a metric scores.

    Attributes:
        codes: float64 [N, C].
        factors: int64 [N, F], the class of each factor; of a continuous one the bin.
        values: float64 [N, F], the factors as they are.
    """

    codes: np.ndarray
    factors: np.ndarray
    values: np.ndarray


class CodeTable:
    """The codes of some or all cells of a factor grid.

    Args:
        grid: The ground-truth factors.
        index: Row-major cell numbers [M], each at most once, in any order.
        codes: Codes [M, C] of those cells, kept as float64.

    Attributes:
        codes: float64 [M, C].
        index: As given.

    Raises:
        IBGANError: If the shapes disagree, a cell is repeated or outside the grid, or a code is NaN or infinite.
    """

    def __init__(self, grid: FactorGrid, index: np.ndarray, codes: np.ndarray) -> None:
        self.grid = grid
        self.codes = check_codes(codes)
        index = np.asarray(index)
        if index.shape != self.codes.shape[:1]:
            raise IBGANError(f'index must have one cell for each of the {len(self.codes)} codes, got shape {list(index.shape)}')
        if index.dtype.kind not in 'iu':
            raise IBGANError(f'index must be integers, got {index.dtype}')
        if index.min() < 0 or index.max() >= len(grid):
            raise IBGANError(f'index must be in 0..{len(grid) - 1}, got {index.min()}..{index.max()}')
        self.index = index
        self._row = np.full(len(grid), -1, dtype=np.int64)
        self._row[index] = np.arange(len(index))
        if np.count_nonzero(self._row >= 0) != len(index):
            values, counts = np.unique(index, return_counts=True)
            raise IBGANError(f'cell {values[counts > 1][0]} of the grid occurs more than once in index')
        self.findings = Findings()
        self._is_whole = len(index) == len(grid) and bool((np.diff(index) == 1).all())

    @property
    def names(self) -> tuple[str, ...]:
        """Of the factors."""
        return self.grid.names

    @classmethod
    def from_grid(cls, codes: np.ndarray, sizes: Sequence[int], names: Sequence[str] | None = None) -> 'CodeTable':
        """The table of a whole grid.

        Args:
            codes: Codes [prod(sizes), C] in row-major order of the factors.
            sizes: Number of values of each factor.
            names: One name per factor; ``factor_0``, ... by default.

        Raises:
            IBGANError: If there is not one row per cell, or as the constructor.

        >>> import numpy as np
        >>> CodeTable.from_grid(np.zeros((6, 10)), sizes=(2, 3)).grid
        FactorGrid(names=('factor_0', 'factor_1'), sizes=(2, 3))
        """
        sizes = tuple(check_factors(np.asarray(sizes)[None], 1, 'factor sizes')[0].tolist())
        grid = FactorGrid(tuple(names or (f'factor_{k}' for k in range(len(sizes)))), sizes)
        if len(codes) != len(grid):
            raise IBGANError(f'codes must have {len(grid)} rows, one per cell of the grid {sizes}, got {len(codes)}')
        return cls(grid, np.arange(len(grid)), codes)

    @property
    def num_codes(self) -> int:
        """C, the number of codes of a cell."""
        return self.codes.shape[1]

    def lookup(self, index: np.ndarray) -> np.ndarray:
        """Codes [..., C] of the cells ``index`` [...].

        Raises:
            IBGANError: If a cell is not in the table.
        """
        if self._is_whole:
            return self.codes.take(index, axis=0)
        row = self._row[index]
        if row.size and row.min() < 0:
            absent = np.unique(index[row < 0])
            factors = self.grid.to_factors(absent[:1])[0]
            named = ', '.join(f'{name}={value}' for name, value in zip(self.grid.names, factors, strict=True))
            raise IBGANError(f'{len(absent)} cells that the metric samples have no code, first {absent[0]} ({named}): '
                             'encode the whole grid, or the cells that `required_index` lists')
        return self.codes.take(row, axis=0)

    @property
    def continuous(self) -> np.ndarray:
        """Whether each factor is continuous, bool [F]: none is."""
        return np.zeros(self.grid.num_factors, dtype=bool)

    def to_grid(self) -> 'CodeTable':
        """Itself, as other sources give the table of the grid that they fill."""
        return self

    def split(self, rng: Rng, *, num_train: int, batch_size: int, num_test: int = 0) -> list[Split]:
        """Independent random samples of the sizes ``num_train`` and, if not 0, ``num_test``, drawn by ``sample_splits``."""
        cells = sample_splits(self.grid, rng, num_train=num_train, batch_size=batch_size, num_test=num_test).cells
        return [Split(self.lookup(index), factors, factors.astype(np.float64))
                for index, factors in ((index, self.grid.to_factors(index)) for index in cells)]

"""Codes of ground-truth samples: the tables every disentanglement metric reads from."""
from collections.abc import Sequence

import numpy as np

from ibgan_plugin.datasets.ground_truth import FactorGrid, Rng
from ibgan_plugin.evaluation.disentanglement.sampling import sample_cells
from ibgan_plugin.utils.errors import IBGANError


def check_codes(codes: np.ndarray) -> np.ndarray:
    """``codes`` as a finite float64 array [N, C].

    Raises:
        IBGANError: If there is no sample or no code, the shape is not [N, C], or a value is NaN or infinite
            (the message names the code and the first such sample).
    """
    codes = np.asarray(codes)
    if codes.ndim != 2 or 0 in codes.shape or codes.dtype.kind not in 'fiub':
        raise IBGANError(f'codes must be real numbers of shape [N, C] with N >= 1 and C >= 1, '
                         f'got {codes.dtype} of shape {list(codes.shape)}')
    codes = codes.astype(np.float64)
    bad = ~np.isfinite(codes)
    if bad.any():
        column = int(np.flatnonzero(bad.any(axis=0))[0])
        row = int(np.flatnonzero(bad[:, column])[0])
        raise IBGANError(f'code {column} is {codes[row, column]} in sample {row}; every code must be finite')
    return codes


class CodeTable:
    """The codes of some or all cells of a factor grid.

    Args:
        grid: The ground-truth factors.
        index: Row-major cell numbers [M], each at most once, in any order.
        codes: Codes [M, C] of those cells, kept as float64.

    Raises:
        IBGANError: If the shapes disagree, a cell is repeated or outside the grid, or a code is NaN or infinite.
    """

    def __init__(self, grid: FactorGrid, index: np.ndarray, codes: np.ndarray) -> None:
        self.grid = grid
        self.codes = check_codes(codes)
        index = np.asarray(index, dtype=np.int64)
        if index.shape != self.codes.shape[:1]:
            raise IBGANError(f'index must have one cell for each of the {len(self.codes)} codes, got shape {list(index.shape)}')
        if index.min() < 0 or index.max() >= len(grid):
            raise IBGANError(f'index must be in 0..{len(grid) - 1}, got {index.min()}..{index.max()}')
        self._row = np.full(len(grid), -1, dtype=np.int64)
        self._row[index] = np.arange(len(index))
        if np.count_nonzero(self._row >= 0) != len(index):
            values, counts = np.unique(index, return_counts=True)
            raise IBGANError(f'cell {values[counts > 1][0]} of the grid occurs more than once in index')
        self._is_whole = len(index) == len(grid) and bool((np.diff(index) == 1).all())

    @classmethod
    def from_grid(cls, codes: np.ndarray, sizes: Sequence[int], names: Sequence[str] | None = None) -> 'CodeTable':
        """The table of a whole grid.

        Args:
            codes: Codes [prod(sizes), C] in row-major order of the factors.
            sizes: Number of values of each factor.
            names: One name per factor; ``factor_0``, ... by default.

        Raises:
            IBGANError: If there is not one row per cell, or as the constructor.
        """
        sizes = tuple(int(size) for size in sizes)
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

    def split(self, sizes: Sequence[int], batch_size: int, rng: Rng) -> list[tuple[np.ndarray, np.ndarray]]:
        """Independent random samples, one for each of ``sizes``, drawn in batches of ``batch_size``.

        Returns:
            Pairs of codes float64 [n, C] and factors int64 [n, F].
        """
        cells = [sample_cells(self.grid, rng, size, batch_size) for size in sizes]
        return [(self.lookup(index), self.grid.to_factors(index)) for index in cells]

"""Draws of factor-grid cells, in bulk, bit for bit as loops over ``numpy.random.RandomState`` make them.

Published evaluation code draws one vote or one small batch at a time, with a ``randint`` call of some microseconds per factor.
One call with an array of bounds makes the same draws in the same order, and ``RandomState``'s stream is frozen (NEP 19).
"""
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from ibgan_plugin.datasets.ground_truth import FactorGrid, Rng

#: Rounds drawn at a time: bounds the memory, changes no number.
ROUNDS_PER_CHUNK = 2048


def randint_rounds(rng: Rng, draws: Sequence[tuple[int, int]], rounds: int) -> list[np.ndarray]:
    """``rounds`` repetitions of ``[rng.randint(high, size=size) for high, size in draws]``, and the same state after them.

    Returns:
        One int64 array [rounds, size] per entry of ``draws``.
    """
    highs, sizes = zip(*draws, strict=True)
    draw = rng.randint if isinstance(rng, np.random.RandomState) else rng.integers
    values = draw(0, np.repeat(highs, sizes), size=(rounds, sum(sizes)), dtype=np.int64)
    return np.split(values, np.cumsum(sizes)[:-1], axis=1)


def in_chunks(draw: Callable[[int], tuple[np.ndarray, ...]], rounds: int) -> list[np.ndarray]:
    """The arrays that ``draw(rounds)`` would give, drawn some rounds at a time, so that temporary arrays stay small."""
    chunks = [draw(min(ROUNDS_PER_CHUNK, rounds - first)) for first in range(0, rounds or 1, ROUNDS_PER_CHUNK)]
    return [np.concatenate(parts) for parts in zip(*chunks, strict=True)]


def grid_strides(grid: FactorGrid) -> np.ndarray:
    """Row-major strides [num_factors]: a cell's index is ``factors @ grid_strides(grid)``."""
    return np.cumprod([1, *grid.sizes[:0:-1]], dtype=np.int64)[::-1]


def to_cells(grid: FactorGrid, columns: Sequence[np.ndarray]) -> np.ndarray:
    """Row-major cells int64 of factor values given as one array of any (common) shape per factor."""
    cells = np.zeros(columns[0].shape, dtype=np.int64)
    for stride, column in zip(grid_strides(grid), columns, strict=True):
        cells += stride * column
    return cells


def sample_cells(grid: FactorGrid, rng: Rng, num: int, batch_size: int) -> np.ndarray:
    """``num`` uniform cells (int64 indices [num]), drawn as successive ``grid.sample_factors(batch_size, rng)``.

    The last batch is smaller where ``batch_size`` does not divide ``num``.
    """
    cells = []
    for size, rounds in ((batch_size, num // batch_size), (num % batch_size, 1)):
        if size and rounds:
            columns = randint_rounds(rng, [(n, size) for n in grid.sizes], rounds)
            cells.append(to_cells(grid, columns).ravel())
    return np.concatenate(cells) if cells else np.empty(0, dtype=np.int64)


class SplitSamples(NamedTuple):
    """What a metric without interventions reads: ``cells`` int64 [num_train], and [num_test] where there are any."""

    cells: list[np.ndarray]


def sample_splits(grid: FactorGrid, rng: Rng, *, num_train: int, batch_size: int, num_test: int = 0) -> SplitSamples:
    """Uniform cells to fit on and to test on, ``batch_size`` at a time, which only fixes the order of the draws."""
    return SplitSamples([sample_cells(grid, rng, num, batch_size) for num in (num_train, num_test) if num])

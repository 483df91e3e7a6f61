"""The grid of ground-truth factors: index arithmetic and sampling, no images."""
from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import Any, Protocol

import numpy as np

from ibgan_plugin.utils.errors import IBGANError

#: Sources of randomness accepted wherever factors are sampled; ``RandomState`` reproduces the draws of published code.
Rng = np.random.RandomState | np.random.Generator


@dataclass(frozen=True)
class FactorGrid:
    """All combinations of independent discrete factors, numbered row-major: the last factor varies fastest.

    Args:
        names: One name per factor, e.g. ``('shape', 'scale')``.
        sizes: Number of values of each factor, at least 1 each.

    Raises:
        IBGANError: If there is no factor, a size is below 1, or names and sizes differ in number.

    >>> grid = FactorGrid(names=('shape', 'scale'), sizes=(3, 2))
    >>> len(grid), grid.to_factors([0, 1, 5]).tolist(), grid.to_index(np.array([[2, 1]])).tolist()
    (6, [[0, 0], [0, 1], [2, 1]], [5])
    """
    names: tuple[str, ...]
    sizes: tuple[int, ...]

    def __post_init__(self) -> None:
        if not self.sizes or min(self.sizes) < 1:
            raise IBGANError(f'factor sizes must be one or more integers >= 1, got {self.sizes}')
        if len(self.names) != len(self.sizes):
            raise IBGANError(f'{len(self.names)} factor names {self.names} for {len(self.sizes)} sizes {self.sizes}')

    def __len__(self) -> int:
        return prod(self.sizes)

    @property
    def num_factors(self) -> int:
        """Number of factors."""
        return len(self.sizes)

    def sample_factors(self, num: int, rng: Rng) -> np.ndarray:
        """Draw ``num`` factor rows uniformly.

        One ``randint`` call per factor, in factor order: the order in which disentanglement_lib draws, so that a
        ``RandomState`` of the same seed gives the same rows.

        Returns:
            int64 array [num, num_factors].
        """
        draw = rng.randint if isinstance(rng, np.random.RandomState) else rng.integers
        return np.stack([draw(size, size=num) for size in self.sizes], axis=1).astype(np.int64)

    def to_index(self, factors: np.ndarray) -> np.ndarray:
        """Row-major indices [N] (int64) of factor rows [N, num_factors].

        Raises:
            IBGANError: If a row has the wrong width or a value lies outside its factor.
        """
        factors = np.asarray(factors)
        if factors.ndim != 2 or factors.shape[1] != self.num_factors or factors.dtype.kind not in 'iu':
            raise IBGANError(f'factors must be integers of shape [N, {self.num_factors}] ({", ".join(self.names)}), '
                             f'got {factors.dtype} of shape {list(factors.shape)}')
        outside = (factors < 0) | (factors >= np.asarray(self.sizes))
        if outside.any():
            row, column = np.argwhere(outside)[0]
            raise IBGANError(f'factor {self.names[column]!r} is {factors[row, column]} in row {row}, '
                             f'but must be in 0..{self.sizes[column] - 1}')
        return np.ravel_multi_index(tuple(factors.T), self.sizes).astype(np.int64)

    def to_factors(self, index: np.ndarray) -> np.ndarray:
        """Factor rows [N, num_factors] (int64) of row-major indices [N]; IndexError outside ``0..len(self)-1``."""
        index = np.asarray(index, dtype=np.int64)
        if index.size and not 0 <= index.min() <= index.max() < len(self):
            raise IndexError(f'index must be in 0..{len(self) - 1}, got {index.min()}..{index.max()}')
        return np.stack(np.unravel_index(index, self.sizes), axis=1).astype(np.int64)


def grid_of(meta: Mapping[str, Any]) -> FactorGrid | None:
    """The grid that a data set's ``metainfo`` describes; None without factors, or where it says ``is_grid=False``."""
    if 'factor_names' not in meta or not meta.get('is_grid', True):
        return None
    return FactorGrid(tuple(meta['factor_names']), tuple(meta['factor_sizes']))


class GroundTruth(Protocol):
    """What the disentanglement metrics ask of a data set with known factors."""

    @property
    def grid(self) -> FactorGrid:
        """The factors."""
        ...

    def render(self, factors: np.ndarray) -> np.ndarray:
        """Images uint8 [N, C, H, W] in 0..255 of factor rows [N, num_factors]."""
        ...

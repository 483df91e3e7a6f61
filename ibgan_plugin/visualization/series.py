"""Scalars over iterations, as runs log them and curves draw them."""
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

#: Points of a line, at most.
MAX_POINTS = 600


class Series(NamedTuple):
    """A scalar over iterations."""
    steps: np.ndarray  # int64 [N], rising
    values: np.ndarray  # float64 [N]

    @classmethod
    def of(cls, values: Mapping[int, float]) -> 'Series':
        """From values by iteration, in any order."""
        steps = sorted(values)
        return cls(np.array(steps, dtype=np.int64), np.array([values[step] for step in steps], dtype=np.float64))

    def thinned(self) -> 'Series':
        """Every n-th value, and the last: no more than a line of a figure can show."""
        stride = -(-len(self.steps) // MAX_POINTS)
        places = np.unique(np.append(np.arange(0, len(self.steps), stride), len(self.steps) - 1))
        return Series(self.steps[places], self.values[places])


#: Scalars of a run by their keys.
Scalars = Mapping[str, Series]

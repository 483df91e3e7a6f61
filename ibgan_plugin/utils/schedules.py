"""Schedules as pure functions of the iteration, so that a resumed run goes on exactly."""
from collections.abc import Sequence

import numpy as np

from ibgan_plugin.utils.errors import IBGANError


def linear(iteration: int, start: float, end: float, begin: int, over: int) -> float:
    """``start`` up to iteration ``begin``, then straight to ``end`` within ``over`` iterations, and ``end`` from there on.

    Args:
        iteration: Number of iterations done, from 0.
        start: First value.
        end: Last value.
        begin: Iteration at which the change starts.
        over: Length of the change in iterations; 0 is a step.

    Raises:
        IBGANError: If ``begin`` or ``over`` is negative.

    >>> [linear(iteration, start=1.0, end=0.0, begin=100, over=100) for iteration in (0, 150, 300)]
    [1.0, 0.5, 0.0]
    """
    if begin < 0 or over < 0:
        raise IBGANError(f'begin and over must be at least 0, got begin={begin}, over={over}')
    if iteration >= begin + over:
        return end
    if iteration <= begin:
        return start
    return start + (end - start) * (iteration - begin) / over


def piecewise_linear(iteration: int, points: Sequence[tuple[float, float]]) -> float:
    """The value at ``iteration`` on straight lines between ``points``; the first value before them, the last after them.

    Args:
        iteration: Number of iterations done, from 0.
        points: Pairs of iteration and value, one or more, the iterations rising.

    >>> [piecewise_linear(iteration, [(0, 0.0), (800, 0.04), (9000, 0.02)]) for iteration in (0, 400, 10_000)]
    [0.0, 0.02, 0.02]
    """
    iterations, values = zip(*points, strict=True)
    return float(np.interp(iteration, iterations, values))

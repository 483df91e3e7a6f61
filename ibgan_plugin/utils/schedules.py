"""Schedules as pure functions of the iteration, so that a resumed run goes on exactly."""
from collections.abc import Mapping, Sequence
from typing import NamedTuple

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
    """
    return float(np.interp(iteration, *zip(*points, strict=True)))


class Schedule(NamedTuple):
    """A weight of a loss over the iterations: constant, or :func:`linear`.

    Example:
        >>> capacity = Schedule.of('capacity', dict(start=0, end=25, over=100_000))
        >>> capacity(50_000)
        12.5
        >>> Schedule.of('beta', 4.0)(50_000)
        4.0
    """
    start: float
    end: float
    begin: int
    over: int

    @classmethod
    def of(cls, name: str, value: float | Mapping) -> 'Schedule':
        """The schedule that a config gives as a number, or as ``dict(start=, end=, begin=0, over=0)``; all at least 0.

        Raises:
            IBGANError: If a key is unknown or missing, or a number is negative; it is called ``name`` in the message.
        """
        if not isinstance(value, Mapping):
            value = dict(start=value, end=value)
        if not {'start', 'end'} <= set(value) <= set(cls._fields):
            raise IBGANError(f'{name} must be a number or have start and end, and begin and over if need be, got {dict(value)}')
        schedule = cls(**{'begin': 0, 'over': 0, **value})
        if not all(number >= 0 for number in schedule):
            given = value if schedule.start != schedule.end else schedule.start
            raise IBGANError(f'{name} must be at least 0 throughout, got {given}')
        return schedule

    def __call__(self, iteration: int) -> float:
        """The value at ``iteration``, the number of iterations done."""
        return linear(iteration, self.start, self.end, self.begin, self.over)

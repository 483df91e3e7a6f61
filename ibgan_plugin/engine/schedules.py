"""Schedules as pure functions of the iteration, so that a resumed run goes on exactly."""


def linear(iteration: int, start: float, end: float, begin: int, over: int) -> float:
    """``start`` up to iteration ``begin``, then straight to ``end`` within ``over`` iterations, and ``end`` from there on.

    Args:
        iteration: Number of iterations done, from 0.
        start: First value.
        end: Last value.
        begin: Iteration at which the change starts.
        over: Length of the change in iterations; 0 is a step.

    Raises:
        ValueError: If ``begin`` or ``over`` is negative.
    """
    if begin < 0 or over < 0:
        raise ValueError(f'begin and over must be at least 0, got begin={begin}, over={over}')
    if iteration >= begin + over:
        return end
    if iteration <= begin:
        return start
    return start + (end - start) * (iteration - begin) / over

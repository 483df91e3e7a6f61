import pytest

from ibgan_plugin.utils.errors import IBGANError
from ibgan_plugin.utils.schedules import Schedule, linear, piecewise_linear


def test_linear_by_hand():
    # The published dSprites schedule: 1 to 0 over 100,000 iterations.
    values = [linear(i, 1.0, 0.0, 0, 100_000) for i in (0, 25_000, 99_999, 100_000, 150_000)]
    assert values == [1.0, 0.75, pytest.approx(1e-5), 0.0, 0.0]
    # CelebA's, over the whole run.
    assert linear(500_000, 0.5, 0.01, 0, 1_000_000) == pytest.approx(0.255)
    assert [linear(i, 2.0, 4.0, 10, 4) for i in (0, 10, 12, 14, 99)] == [2.0, 2.0, 3.0, 4.0, 4.0]
    assert [linear(i, 2.0, 4.0, 10, 0) for i in (9, 10)] == [2.0, 4.0]


def test_negative_lengths():
    with pytest.raises(ValueError, match='got begin=0, over=-1'):
        linear(0, 1.0, 0.0, 0, -1)


def test_a_schedule_is_a_number_or_a_line():
    assert [Schedule.of('beta', 4.0)(i) for i in (0, 10**6)] == [4.0, 4.0]
    capacity = Schedule.of('capacity', dict(start=0, end=25, over=100_000))
    assert [capacity(i) for i in (0, 50_000, 100_000, 300_000)] == [0, 12.5, 25, 25]
    step = Schedule.of('weight', dict(start=0, end=2, begin=288_000))
    assert [step(i) for i in (0, 287_999, 288_000)] == [0, 0, 2]


@pytest.mark.parametrize(('value', 'message'), [
    (-1.0, 'beta must be at least 0 throughout, got -1.0'),
    (float('nan'), 'beta must be at least 0'),
    (dict(start=0), "beta must be a number or have start and end, .* got {'start': 0}"),
    (dict(start=0, end=1, until=5), 'beta must be a number or have'),
    (dict(start=0, end=1, over=-5), 'beta must be at least 0 throughout')])
def test_impossible_schedules(value, message):
    with pytest.raises(IBGANError, match=message):
        Schedule.of('beta', value)


def test_piecewise_linear_by_hand():
    points = [(10, 1.0), (20, 3.0), (40, 2.0)]
    assert [piecewise_linear(i, points) for i in (0, 10, 15, 20, 30, 40, 99)] == [1.0, 1.0, 2.0, 3.0, 2.5, 2.0, 2.0]
    assert piecewise_linear(5, [(3, 7)]) == 7.0

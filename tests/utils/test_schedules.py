import pytest

from ibgan_plugin.utils.schedules import linear, piecewise_linear


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


def test_piecewise_linear_by_hand():
    points = [(10, 1.0), (20, 3.0), (40, 2.0)]
    assert [piecewise_linear(i, points) for i in (0, 10, 15, 20, 30, 40, 99)] == [1.0, 1.0, 2.0, 3.0, 2.5, 2.0, 2.0]
    assert piecewise_linear(5, [(3, 7)]) == 7.0

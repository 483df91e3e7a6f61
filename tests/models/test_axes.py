import math

import pytest

from ibgan_plugin.models.axes import LatentAxis


def test_a_normal_number_goes_as_far_as_is_asked_for():
    assert LatentAxis().ends(2.5) == (-2.5, 2.5)
    assert LatentAxis(center=1.0, std=2.0).ends(1.5) == (-2.0, 4.0)


def test_no_number_leaves_its_support():
    uniform = LatentAxis(0.5, 1 / math.sqrt(12), 0.0, 1.0)
    assert uniform.ends(2.0) == uniform.ends(1000.0) == (0.0, 1.0)
    assert uniform.ends(1.0) == pytest.approx((0.5 - 1 / math.sqrt(12), 0.5 + 1 / math.sqrt(12)))


def test_a_class_is_off_or_on_whatever_the_limit():
    assert LatentAxis(low=0.0, high=1.0, classes=(0, 1)).ends(0.1) == (0.0, 1.0)

import numpy as np

from ibgan_plugin.evaluation.tracking import FactorInformation, factor_information


def test_codes_and_factors_are_named_by_what_they_tell_of_each_other():
    share = np.array([[0.05, 0.09], [0.3, 0.6], [0.4, 0.1], [0.0, 0.1]])
    found = FactorInformation(share, share, ('shape', 'scale'))
    assert [found.followed(code) for code in range(4)] == [None, 'scale', 'shape', 'scale']
    assert found.named_codes() == {1: 'scale', 2: 'shape', 3: 'scale'}
    assert [found.follower(factor) for factor in range(2)] == [2, 1]


def test_a_constant_factor_and_a_constant_code_follow_nothing():
    factors = np.stack([np.arange(400) % 4, np.zeros(400, dtype=int)], axis=1)
    found = factor_information(np.stack([np.zeros(400), factors[:, 0]], axis=1), factors, ('column', 'constant'))
    assert found.named_codes() == {1: 'column'}
    assert found.follower(1) is None and np.isfinite(found.share).all()

from functools import partial

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from ibgan_plugin.evaluation.disentanglement import auroc, tad
from ibgan_plugin.evaluation.disentanglement import tad_score as score_with
from ibgan_plugin.evaluation.disentanglement.labelled import LabelledCodes
from ibgan_plugin.utils.errors import IBGANError

tad_score = partial(score_with, least_auroc=0.75, most_shared=0.2)
RNG = np.random.RandomState(0)
ATTRIBUTES = RNG.randint(2, size=(400, 3))


def test_areas_are_those_of_scikit_learn_with_ties_and_with_either_sign():
    codes = np.round(RNG.randn(400, 4) + ATTRIBUTES[:, [0, 1, 2, 0]] * [1, -2, 0.3, 0], 1)
    areas = [[max(area := roc_auc_score(attribute, code), 1 - area) for attribute in ATTRIBUTES.T] for code in codes.T]
    np.testing.assert_allclose(auroc(codes, ATTRIBUTES), areas, rtol=1e-12)


def test_worked_by_hand():
    codes = np.array([[0., 0.], [1., 0.], [2., 1.], [3., 0.]])
    attribute = np.array([[0], [0], [1], [1]])
    # code 0 orders all four pairs rightly; code 1 wins two pairs of four and ties in two: 3 / 4
    assert tad_score(codes, attribute) == (0.25, 1)
    assert tad_score(codes[:, :1], attribute) == (0.5, 1)
    assert tad_score(-codes, attribute) == (0.25, 1)


def test_an_attribute_that_two_codes_share_counts_little():
    noise = 0.1 * RNG.randn(400, 2)
    apart = tad_score(ATTRIBUTES[:, :2] + noise, ATTRIBUTES[:, :2])
    both = tad_score(ATTRIBUTES[:, [0, 0]] + noise, ATTRIBUTES[:, :1])
    assert apart[1] == 2 and apart[0] > 0.8 and both[0] < 0.05


def test_attributes_that_go_together_do_not_count():
    twins = ATTRIBUTES[:, [0, 0, 1]]
    score, captured = tad_score(twins + 0.1 * RNG.randn(400, 3), twins)
    assert captured == 1 and score < 0.6
    assert tad_score(twins + 0.1 * RNG.randn(400, 3), twins, most_shared=1.0)[1] == 3


def test_noise_is_0_with_a_warning():
    with pytest.warns(UserWarning, match='no code detects any of the 3 attributes'):
        assert tad_score(RNG.randn(400, 5), ATTRIBUTES) == (0.0, 0)


def test_a_constant_attribute_is_left_out():
    with pytest.warns(UserWarning, match=r'TAD: the factors \[1\] are constant'):
        score, captured = tad_score(ATTRIBUTES[:, :1] * 1., np.c_[ATTRIBUTES[:, :1], np.ones(400, int)])
    assert (score, captured) == (0.5, 1)


@pytest.mark.parametrize(('factors', 'keywords', 'message'), [
    (ATTRIBUTES + 1, {}, 'attributes that are 0 or 1, got values from 1 to 2'),
    (ATTRIBUTES, dict(least_auroc=0.2), 'least_auroc must be in'),
    (ATTRIBUTES, dict(most_shared=2.), 'most_shared in'),
    (ATTRIBUTES[:9], {}, '400')])
def test_bad_input(factors, keywords, message):
    with pytest.raises(IBGANError, match=message):
        tad_score(RNG.randn(400, 2), factors, **keywords)


def test_of_a_source():
    source = LabelledCodes(ATTRIBUTES * 1., ATTRIBUTES)
    result = tad(source, num_train=300, batch_size=16, least_auroc=0.75, most_shared=0.2, seed=0)
    assert result['num_captured'] == 3 and result['score'] > 1.2

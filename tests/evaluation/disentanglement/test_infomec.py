import json
import warnings

import numpy as np
import pytest
from sklearn.metrics import mutual_info_score

from ibgan_plugin.evaluation.disentanglement import (
    PROTOCOLS,
    CodeTable,
    LabelledCodes,
    active_codes,
    infoc,
    infoe,
    infom,
    infomec,
    normalized_information,
)
from tests.evaluation.conftest import REFERENCE

NUMBERS = PROTOCOLS['infomec']['infomec']
SMALL = {**NUMBERS, 'num_train': 400, 'max_iter': 30}
SCORES = json.loads((REFERENCE / 'infomec.json').read_text())['scores']


@pytest.mark.parametrize('name', SCORES)
def test_reference(representations, name):
    """Published code on 10,000 rows; of the estimate by neighbours only its noise differs."""
    rows = np.random.RandomState(0).randint(np.prod(representations.FACTOR_SIZES), size=10000)
    factors = np.stack(np.unravel_index(rows, representations.FACTOR_SIZES), axis=1)
    codes, expected = representations.REPRESENTATIONS[name](factors), SCORES[name]
    active = active_codes(codes, pruning='range', prune_share=1 / 20, discrete_codes=False)
    information = normalized_information(codes[:, active], factors, num_neighbours=10, discrete_codes=False, seed=0)
    assert active.sum() == expected['active']
    np.testing.assert_allclose(information.T, np.array(expected['nmi'])[:, active], atol=0.01)
    assert infom(information) == pytest.approx(expected['infom'], abs=0.01)
    assert infoc(information) == pytest.approx(expected['infoc'], abs=0.01)
    assert infoe(codes, factors, discrete_codes=False, max_iter=100) == pytest.approx(expected['infoe'], abs=0.01)


def test_whole_metric_of_labelled_rows_is_that_of_the_parts(representations):
    rows = np.random.RandomState(0).randint(np.prod(representations.FACTOR_SIZES), size=1000)
    factors = np.stack(np.unravel_index(rows, representations.FACTOR_SIZES), axis=1)
    codes = representations.perfect(factors)
    with pytest.warns(UserWarning, match='only 1000 samples instead of 10000'):
        scores = infomec(LabelledCodes(codes, factors), **{**NUMBERS, 'max_iter': 20}, seed=0)
    assert scores['num_wide_codes'] == 5
    assert scores['infoe'] == pytest.approx(infoe(codes, factors, discrete_codes=False, max_iter=20), abs=0.02)
    assert scores['infom'] > 0.9 and scores['infoc'] > 0.9


def test_concentration_by_hand():
    information = np.array([[0.6, 0.2], [0.0, 0.5], [0.0, 0.0]])
    assert infom(information) == pytest.approx(((0.75 + 1 + 0.5) / 3 - 0.5) / 0.5)  # a code without information is at chance
    assert infoc(information[:2]) == pytest.approx(((1 + 0.5 / 0.7) / 2 - 0.5) / 0.5)
    assert infom(np.eye(4)) == infoc(np.eye(4)) == pytest.approx(1)
    assert infom(np.ones((3, 4))) == pytest.approx(0) and infoc(np.zeros((3, 4))) == pytest.approx(0)
    assert infom([[0.3], [0.0]]) == infoc([[0.3, 0.1]]) == 1.0  # one factor, one code
    assert infom([[0.0], [0.0]]) == 0.0


def test_discrete_codes_by_hand():
    factors = np.stack(np.unravel_index(np.arange(12), (3, 4)), axis=1)
    codes = np.stack([factors[:, 0] / 2 - 1, np.where(factors[:, 1] > 1, 0.25, -0.25), np.zeros(12)], axis=1)
    information = normalized_information(codes, factors, num_neighbours=10, discrete_codes=True, seed=0)
    np.testing.assert_allclose(information, [[1, 0], [0, np.log(2) / np.log(4)], [0, 0]], atol=1e-12)
    assert mutual_info_score(codes[:, 1] > 0, factors[:, 1]) == pytest.approx(np.log(2))
    readout = infoe(codes, factors, discrete_codes=True, max_iter=200)
    assert readout == pytest.approx((1 + 0.5) / 2, abs=0.01)  # half of the second factor's two bits


@pytest.mark.parametrize(('pruning', 'share', 'discrete', 'expected'), [
    ('range', 1 / 20, False, [True, True, True, False]), ('range', 1 / 8, False, [True, False, True, False]),
    ('iqr', 1 / 10, False, [True, True, False, False]), ('range', 0.0, True, [True, True, True, False]),
    ('iqr', 0.2, True, [True, False, False, False])])
def test_pruning(pruning, share, discrete, expected):
    uniform = np.linspace(-1, 1, 101)
    outlier = np.where(np.arange(101) == 0, 2.0, 0.0)  # wide in range, not between its quartiles
    codes = np.stack([uniform, 0.11 * uniform, outlier, np.full(101, 0.3)], axis=1)
    assert active_codes(codes, pruning=pruning, prune_share=share, discrete_codes=discrete).tolist() == expected


def test_edge_cases(noise):
    with pytest.warns(UserWarning, match='InfoMEC: all 3 codes are constant'):
        assert set(infomec(CodeTable.from_grid(np.zeros((96, 3)), noise.grid.sizes), **SMALL, seed=0).values()) == {0.0}
    one_code = infomec(CodeTable.from_grid(np.arange(96.0)[:, None], noise.grid.sizes), **SMALL, seed=0)
    assert one_code['infoc'] == 1.0 and one_code['num_wide_codes'] == 1
    one_factor = infomec(CodeTable.from_grid(noise.codes, (96, )), **SMALL, seed=0)
    assert one_factor['infom'] == 1.0
    with pytest.warns(UserWarning, match=r'InfoMEC: the factors \[1\] are constant'):
        scores = infomec(CodeTable.from_grid(noise.codes, (96, 1)), **SMALL, seed=0)
    assert scores == one_factor
    assert infomec(noise, **SMALL, seed=1) == infomec(noise, **SMALL, seed=1)


def test_a_factor_that_is_a_number_of_the_sample():
    source = LabelledCodes(np.random.RandomState(0).randn(60, 2), np.stack([np.arange(60) % 2, np.arange(60)], axis=1))
    with pytest.raises(ValueError, match=r'factor 1 has another value in each of the 60 samples, .*: let it be continuous'), \
            pytest.warns(UserWarning, match='only 60 samples'):
        infomec(source, **SMALL, seed=0)


def test_continuous_factors_are_read_by_regression():
    place = np.random.RandomState(0).rand(500)
    codes = np.stack([3 * place, np.random.RandomState(1).rand(500)], axis=1)
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        scores = infomec(LabelledCodes(codes, np.stack([place, np.arange(500) % 2], axis=1)), **SMALL, seed=0)
    assert 0.45 < scores['infoe'] < 0.55  # all of the place, nothing of the parity


@pytest.mark.parametrize(('change', 'message'), [
    ({'pruning': 'std'}, "pruning must be one of range, iqr, got 'std'"), ({'prune_share': -1}, 'prune_share must be >= 0, got -1'),
    ({'num_neighbours': 0}, 'num_neighbours must be an integer >= 1'), ({'max_iter': 0}, 'max_iter must be an integer >= 1'),
    ({'num_train': 8}, 'num_neighbours is 10, but there are only 8 samples')])
def test_mistakes(noise, change, message):
    with pytest.raises(ValueError, match=message), warnings.catch_warnings():
        warnings.simplefilter('ignore')
        infomec(noise, **{**SMALL, **change}, seed=0)

import numpy as np
import pytest

from ibgan_plugin.evaluation.disentanglement.codes import CodeTable
from ibgan_plugin.evaluation.disentanglement.common import top_two_gap
from ibgan_plugin.evaluation.disentanglement.sap import classifier_accuracies, sap, squared_correlations

SMALL = {'num_train': 500, 'num_test': 300, 'batch_size': 16, 'penalty': 0.01}
NAMES = ['perfect', 'noisy', 'warped', 'perfect_const', 'duplicated']


@pytest.mark.parametrize('name', NAMES)
def test_reference_continuous(reference, name):
    arrays = reference('c5_sap.npz')
    matrix = squared_correlations(arrays[f'{name}__mus'].T, arrays[f'{name}__ys'].T)
    np.testing.assert_allclose(matrix, arrays[f'{name}__continuous_matrix'], atol=1e-9)
    assert top_two_gap(matrix).mean() == pytest.approx(float(arrays[f'{name}__continuous_sap']), abs=1e-9)


@pytest.mark.parametrize('name', NAMES)
def test_reference_discrete(reference, name):
    arrays = reference('c5_sap.npz')
    matrix = classifier_accuracies(*(arrays[f'{name}__{part}'].T for part in ('mus', 'ys', 'mus_test', 'ys_test')), 0.01)
    np.testing.assert_array_equal(matrix, arrays[f'{name}__discrete_matrix'])


def test_reference_gap(reference):
    arrays = reference('c5_sap.npz')
    for name in ('gap_rand', 'gap_ties', 'gap_two_rows'):
        assert top_two_gap(arrays[f'{name}__matrix']).mean() == pytest.approx(float(arrays[f'{name}__sap']), abs=1e-9)


@pytest.mark.parametrize('continuous', [False, True])
def test_perfect_duplicated_constant(perfect, continuous):
    def score(codes):
        return sap(CodeTable.from_grid(codes, perfect.grid.sizes), **SMALL, continuous_factors=continuous, seed=0)['score']
    assert score(perfect.codes) > (0.9 if continuous else 0.3)
    assert score(np.tile(perfect.codes, 2)) == pytest.approx(0.0, abs=1e-12)
    assert score(np.zeros((96, 3))) == 0.0


def test_one_code_and_constant_factor():
    one_code = CodeTable.from_grid(np.arange(8.0)[:, None], (8, 1))
    with pytest.warns(UserWarning, match=r'SAP: the factors \[1\] are constant'):
        scores = sap(one_code, **SMALL, continuous_factors=True, seed=0)
    assert scores['score'] == pytest.approx(1.0)


def test_tiny_codes_count_as_constant_as_in_the_reference():
    factors = np.arange(200)[:, None] % 5
    deviation = factors.std(ddof=1)
    for std, expected in ((1.01e-6, 1.0), (0.99e-6, 0.0), (1e9, 1.0)):
        assert squared_correlations(factors * std / deviation, factors)[0, 0] == pytest.approx(expected)


def test_bad_penalty(perfect):
    with pytest.raises(ValueError, match='penalty must be > 0, got 0'):
        sap(perfect, **{**SMALL, 'penalty': 0}, continuous_factors=False, seed=0)

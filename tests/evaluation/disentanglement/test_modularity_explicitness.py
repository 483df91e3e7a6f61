import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from ibgan_plugin.evaluation.disentanglement.codes import CodeTable
from ibgan_plugin.evaluation.disentanglement.labelled import LabelledCodes
from ibgan_plugin.evaluation.disentanglement.modularity_explicitness import (
    explicitness_score,
    mean_auc,
    modularity_explicitness,
    modularity_score,
    standardize,
)

FIT = {'inverse_penalty': 1.0, 'max_iter': 100}
SMALL = {'num_train': 400, 'num_test': 200, 'batch_size': 16, 'num_bins': 20, **FIT}


def test_reference_modularity(reference):
    arrays = reference('c6_modularity_explicitness.npz')
    names = [key[:-4] for key in arrays if key.endswith('__mi')]
    assert len(names) == 9
    for name in names:
        assert modularity_score(arrays[f'{name}__mi']) == pytest.approx(float(arrays[f'{name}__modularity']), abs=1e-9), name


@pytest.mark.parametrize('name', ['noisy', 'warped'])
def test_reference_explicitness(reference, name):
    arrays = reference('c6_modularity_explicitness.npz')
    train, test = arrays[f'{name}__mus_train'].T, arrays[f'{name}__mus_test'].T
    scaled_train, scaled_test = standardize(train, test)
    np.testing.assert_allclose(scaled_train, (train - arrays[f'{name}__mean']) / arrays[f'{name}__std'], rtol=1e-9, atol=1e-12)
    for k in range(2):
        scores = explicitness_score(scaled_train, arrays[f'{name}__ys_train'][k], scaled_test, arrays[f'{name}__ys_test'][k], **FIT)
        np.testing.assert_allclose(scores, arrays[f'{name}__expl_factor{k}'], atol=1e-3)


def test_auc_against_sklearn():
    rng = np.random.RandomState(0)
    labels, probabilities = rng.randint(4, size=200), rng.rand(200, 4).round(1)  # with ties
    expected = roc_auc_score(np.eye(4)[labels], probabilities)
    assert mean_auc(labels, np.arange(4), probabilities) == pytest.approx(expected, abs=1e-12)


def test_auc_with_missing_classes():
    probabilities = np.array([[0.9, 0.1, 0.0], [0.2, 0.8, 0.0], [0.6, 0.4, 0.0]])
    assert mean_auc(np.array([0, 1, 0]), np.arange(3), probabilities) == 1.0  # class 2 does not occur
    assert mean_auc(np.array([0, 1, 7]), np.arange(3), probabilities) == pytest.approx((1 + 1 + 0.5) / 3)  # 7 never seen
    assert mean_auc(np.array([1, 1, 1]), np.arange(3), probabilities) == 0.5


def test_perfect_and_constant_codes(perfect):
    scores = modularity_explicitness(perfect, **SMALL, seed=0)
    assert scores['modularity_score'] == pytest.approx(0.75, abs=0.01)  # the constant code counts as 0
    assert scores['explicitness_score_test'] > 0.8
    constant = CodeTable.from_grid(np.full((96, 2), 0.1), perfect.grid.sizes)
    assert modularity_explicitness(constant, **SMALL, seed=0) == {
        'modularity_score': 0.0, 'explicitness_score_train': 0.5, 'explicitness_score_test': 0.5}


@pytest.mark.parametrize('seed', range(5))
def test_constant_codes_count_as_zero_whatever_the_samples(perfect, seed):
    """The information of a constant code must not be rounding: divided by itself it would count as 1."""
    constant = CodeTable.from_grid(np.zeros((96, 2)), perfect.grid.sizes)
    assert modularity_explicitness(constant, **{**SMALL, 'num_train': 1990 + seed}, seed=seed)['modularity_score'] == 0.0


def test_test_split_lacking_a_class(perfect):
    scores = modularity_explicitness(perfect, **{**SMALL, 'num_train': 200, 'num_test': 4}, seed=0)
    assert all(0 <= score <= 1 for score in scores.values())


def test_one_code_one_factor():
    table = CodeTable.from_grid(np.arange(8.0)[:, None], (8,))
    assert modularity_explicitness(table, **SMALL, seed=0)['modularity_score'] == 1.0


def test_constant_factors():
    codes = np.random.RandomState(0).randn(60, 2)
    factors = np.stack([np.arange(60) % 3, np.zeros(60)], axis=1)
    with pytest.warns(UserWarning, match=r'factors \[1\] are constant in its 40 samples and are left out'):
        modularity_explicitness(LabelledCodes(codes, factors), **SMALL, seed=0)
    with pytest.raises(ValueError, match='needs a factor with more than one value'):
        modularity_explicitness(LabelledCodes(codes, factors[:, 1:]), **SMALL, seed=0)

import numpy as np
import pytest
from scipy.stats import spearmanr
from sklearn.linear_model import Lasso

from ibgan_plugin.evaluation.disentanglement.udr import relative_strength, udr

KEYWORDS = {'lasso_alpha': 0.1, 'prune_threshold': 0.05}
Z = np.random.RandomState(0).randn(800, 4)
ROTATION = np.linalg.qr(np.random.RandomState(1).randn(4, 4))[0]


@pytest.mark.parametrize('similarity', ['spearman', 'lasso'])
def test_aligned_runs_rank_above_a_rotated_one(similarity):
    runs = [Z, -Z[:, ::-1] ** 3 if similarity == 'spearman' else -Z[:, ::-1], Z[:, [1, 0, 3, 2]] * 5, Z @ ROTATION]
    scores = udr(runs, similarity=similarity, **KEYWORDS)
    assert scores[:3].min() > 0.75 > 0.6 > scores[3]


def test_spearman_equals_scipy():
    runs = [Z, Z @ ROTATION]
    correlation = np.abs(spearmanr(Z, Z @ ROTATION).statistic[:4, 4:])
    np.testing.assert_allclose(udr(runs, similarity='spearman', **KEYWORDS), relative_strength(correlation), rtol=1e-12)


def test_lasso_predicts_the_run_from_each_other_one():
    runs = [Z, Z @ ROTATION, Z[:, :2] ** 3]
    standardised = [(codes - codes.mean(axis=0)) / codes.std(axis=0) for codes in runs]

    def strength(i, j):  # one regression per code of run j
        return relative_strength(np.abs([Lasso(alpha=0.1).fit(standardised[i], target).coef_ for target in standardised[j].T]).T)
    expected = [np.mean([strength(i, j) for i in range(3) if i != j]) for j in range(3)]  # the median of two is their mean
    np.testing.assert_allclose(udr(runs, similarity='lasso', **KEYWORDS), expected, rtol=1e-6)


def test_relative_strength_by_hand():
    assert relative_strength(np.eye(3)) == 1.0
    assert relative_strength(np.array([[1.0, 1.0], [0.0, 0.0]])) == pytest.approx((1 + (0.5 + 0) / 2) / 2)
    assert relative_strength(np.zeros((0, 3))) == 0.0


def test_dead_codes_are_left_out():
    padded = np.concatenate([Z, np.full((800, 2), 0.1)], axis=1)
    expected = udr([Z, Z], similarity='spearman', **KEYWORDS)
    np.testing.assert_array_equal(udr([padded, Z], similarity='spearman', **KEYWORDS), expected)
    np.testing.assert_array_equal(udr([np.zeros((800, 2)), Z], similarity='spearman', **KEYWORDS), [0.0, 0.0])


@pytest.mark.parametrize(('runs', 'message'), [
    ([Z], r'at least two runs .* got \[800\] samples'),
    ([Z, Z[:5]], r'got \[800, 5\] samples'),
    ([Z, np.where(np.arange(4) == 2, np.nan, Z)], 'run 1: code 2 is nan in sample 0'),
])
def test_bad_runs(runs, message):
    with pytest.raises(ValueError, match=message):
        udr(runs, similarity='spearman', **KEYWORDS)


def test_bad_similarity():
    with pytest.raises(ValueError, match="similarity must be one of spearman, lasso, got 'cosine'"):
        udr([Z, Z], similarity='cosine', **KEYWORDS)

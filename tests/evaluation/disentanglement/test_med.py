import numpy as np
import pytest
from scipy.stats import entropy
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import mutual_info_score

from ibgan_plugin.evaluation.disentanglement import PROTOCOLS, CodeTable, LabelledCodes, information_importance, med, top_codes

SMALL = {**PROTOCOLS['med']['med'], 'num_train': 300, 'num_test': 200}


def test_against_a_straightforward_computation(noise):
    codes = noise.codes + 2 * noise.grid.to_factors(np.arange(96))[:, [0, 1, 2, 2]]
    table = CodeTable.from_grid(codes, noise.grid.sizes)
    train, test = table.split(np.random.RandomState(4), num_train=300, num_test=200, batch_size=16)
    bins = [np.digitize(column, np.histogram(column, 20)[1][:-1]) for column in train.codes.T]
    importance = np.array([[mutual_info_score(column, factor) for factor in train.factors.T] for column in bins])
    importance /= importance.sum(axis=0)
    weights, rows = importance.sum(axis=1) / importance.sum(), 1 - entropy(importance.T + 1e-11, base=3)
    scaled = [(part.codes - train.codes.mean(axis=0)) / train.codes.std(axis=0) for part in (train, test)]
    accuracy = [LogisticRegression().fit(scaled[0], train.factors[:, k]).score(scaled[1], test.factors[:, k]) for k in range(3)]
    scores = med(table, **SMALL, seed=4)
    assert scores['disentanglement'] == pytest.approx(rows @ weights, abs=1e-9)
    assert scores['completeness'] == pytest.approx(np.mean(1 - entropy(importance + 1e-11, base=4)), abs=1e-9)
    assert scores['informativeness_test'] == pytest.approx(np.mean(accuracy), abs=1e-9)


def test_top_codes_by_hand():
    importance = np.array([[0.5, 0.1], [0.4, 0.0], [0.1, 0.5], [0.0, 0.4]])
    assert top_codes(importance, 1).tolist() == [1, 3] and top_codes(importance, 2).tolist() == [0, 1, 2, 3]
    assert top_codes(importance[:2], 1).tolist() == [1]  # no code belongs to the second factor
    with pytest.raises(ValueError, match='k must be an integer >= 1, got 0'):
        top_codes(importance, 0)


def test_columns_sum_to_one_or_zero():
    shares = information_importance(np.array([[1.0, 0.0], [3.0, -1e-17]]))
    np.testing.assert_array_equal(shares, [[0.25, 0], [0.75, 0]])


def test_perfect_constant_one_code_one_factor(perfect, noise):
    scores = med(perfect, **SMALL, seed=0)
    assert scores['disentanglement'] > 0.85 and scores['completeness'] > 0.85
    many = CodeTable.from_grid(np.concatenate([perfect.codes, np.random.RandomState(0).randn(96, 30)], axis=1), perfect.grid.sizes)
    wide = med(many, **SMALL, seed=0)  # a hundred dims of noise hide three good ones, but not from top-k
    assert wide['top_k_disentanglement'] > wide['disentanglement'] + 0.2
    constant = med(CodeTable.from_grid(np.zeros((96, 2)), perfect.grid.sizes), **SMALL, seed=0)
    assert constant['disentanglement'] == constant['completeness'] == constant['top_k_disentanglement'] == 0.0
    assert med(CodeTable.from_grid(noise.codes[:, :1], noise.grid.sizes), **SMALL, seed=0)['completeness'] == 1.0
    assert med(CodeTable.from_grid(noise.codes, (96, )), **SMALL, seed=0)['disentanglement'] == 1.0


def test_class_missing_from_the_test_split_and_binned_factors(noise):
    factors = np.stack([np.arange(96) // 95, np.linspace(0, 1, 96)], axis=1)
    with pytest.warns(UserWarning):
        scores = med(LabelledCodes(noise.codes, factors), **SMALL, seed=0)
    assert all(0 <= value <= 1 for value in scores.values())

import numpy as np
import pytest
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.tree import DecisionTreeRegressor

from ibgan_plugin.evaluation.estimators.boosting import best_split, boost, fit_tree

RNG = np.random.RandomState


def data(num_classes, num=600, num_codes=4, noise=0.5):
    rng = RNG(0)
    labels = np.concatenate([np.arange(num_classes), rng.randint(num_classes, size=num - num_classes)])
    codes = rng.randn(num, num_codes)
    codes[:, 0] = labels + noise * codes[:, 0]
    codes[:, 1] += 0.5 * (labels % 2)
    return codes, labels


@pytest.mark.parametrize('num_classes', [2, 3, 7])
def test_same_as_sklearn(num_classes):
    codes, labels = data(num_classes, num=3000, noise=3.0)  # large mixed nodes: in small pure ones codes tie
    train, test = codes[:2000], codes[2000:]
    settings = {'n_estimators': 4, 'learning_rate': 0.1, 'max_depth': 2}
    ours = boost(train, labels[:2000], [test], **settings, seed=0)
    theirs = GradientBoostingClassifier(**settings, random_state=0).fit(train, labels[:2000])
    np.testing.assert_allclose(ours.importance, theirs.feature_importances_, rtol=1e-9, atol=1e-12)
    for decision, part in zip(ours.decisions, (train, test), strict=True):
        expected = theirs.decision_function(part).reshape(len(part), -1)
        if num_classes > 2:  # equal up to a constant per sample, which changes no probability
            decision, expected = (values - values.mean(axis=1, keepdims=True) for values in (decision, expected))
        np.testing.assert_allclose(decision, expected, rtol=1e-9, atol=1e-12)


def test_long_run_differs_from_sklearn_no_more_than_its_seeds_do():
    codes, labels = data(5, num=1500)
    settings = {'n_estimators': 60, 'learning_rate': 0.1, 'max_depth': 3}
    runs = [GradientBoostingClassifier(**settings, random_state=seed).fit(codes[:1000], labels[:1000]) for seed in range(3)]
    theirs = np.array([run.feature_importances_ for run in runs])
    ours = boost(codes[:1000], labels[:1000], [codes[1000:]], **settings, seed=0)
    np.testing.assert_allclose(ours.importance, theirs.mean(axis=0), atol=0.01)
    accuracy = np.mean(ours.decisions[1].argmax(axis=1) == labels[1000:])
    assert accuracy == pytest.approx(np.mean([run.score(codes[1000:], labels[1000:]) for run in runs]), abs=0.02)


@pytest.mark.parametrize('decimals', [0, 1, 8])
def test_tree_same_as_sklearn_with_repeated_values(decimals):
    rng = RNG(1)
    codes = rng.randn(500, 3).round(decimals)
    target = codes @ [3.0, 2.0, 1.0] + rng.randn(500)
    columns = np.ascontiguousarray(codes.T, dtype=np.float32)
    (leaves,), gain = fit_tree(columns, target, np.argsort(columns, axis=1, kind='stable'), 3, [], RNG(0))
    tree = DecisionTreeRegressor(max_depth=3, random_state=0).fit(codes, target)
    ours = np.bincount(leaves, target, 8) / np.maximum(np.bincount(leaves, minlength=8), 1)
    np.testing.assert_allclose(ours[leaves], tree.predict(codes), rtol=1e-9)
    np.testing.assert_allclose(gain / gain.sum(), tree.feature_importances_, rtol=1e-9, atol=1e-12)


def test_equal_codes_share_the_splits():
    codes, labels = data(4)
    codes[:, 2] = codes[:, 0]
    importance = boost(codes, labels, [], n_estimators=60, learning_rate=0.1, max_depth=3, seed=0).importance
    assert importance[0] / importance[2] == pytest.approx(1, abs=0.5)


def test_nothing_to_split():
    target, order = np.arange(4.0), np.tile(np.arange(4), (2, 1))
    assert best_split(np.full((2, 4), 0.1, dtype=np.float32), target, order, RNG(0)).gain == 0
    assert best_split(np.arange(8, dtype=np.float32).reshape(2, 4), np.ones(4), order, RNG(0)).gain == 0
    assert best_split(np.zeros((2, 4), dtype=np.float32), target, order[:, :1], RNG(0)).gain == 0
    importance, decisions = boost(np.zeros((6, 2)), np.array([0, 1, 2, 0, 1, 2]), [], n_estimators=3, learning_rate=0.1,
                                  max_depth=2, seed=0)
    assert not importance.any() and np.ptp(decisions[0]) < 1e-12


def test_split_by_hand():
    codes = np.array([[1, 2, 3, 4], [4, 1, 3, 2]], dtype=np.float32)
    split = best_split(codes, np.array([0.0, 0.0, 6.0, 6.0]), np.argsort(codes, axis=1), RNG(0))
    assert (split.code, split.threshold) == (0, 2.5)
    assert split.gain == pytest.approx(4 * 9)

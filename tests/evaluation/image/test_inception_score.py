import numpy as np
import pytest

from ibgan_plugin.evaluation.image.inception_score import inception_score


def test_confident_and_balanced_is_number_of_classes():
    logits = 1000.0 * np.eye(5)[np.arange(100) % 5]
    assert inception_score(logits, num_splits=1, seed=0)['inception_score'] == pytest.approx(5)


def test_constant_prediction_is_one():
    assert inception_score(np.tile([[1.0, 2.0, 3.0]], (30, 1)), num_splits=3, seed=0) == pytest.approx(
        {'inception_score': 1.0, 'inception_score_std': 0.0})


def test_by_hand():
    logits = np.log([[0.9, 0.1], [0.5, 0.5]])
    divergence = 0.5 * (0.9 * np.log(0.9 / 0.7) + 0.1 * np.log(0.1 / 0.3) + 0.5 * np.log(0.5 / 0.7) + 0.5 * np.log(0.5 / 0.3))
    assert inception_score(logits + 7, num_splits=1, seed=0)['inception_score'] == pytest.approx(np.exp(divergence))


def test_too_few_samples():
    with pytest.raises(ValueError, match='with N >= 10, got float64 of shape'):
        inception_score(np.zeros((9, 3)), num_splits=10, seed=0)

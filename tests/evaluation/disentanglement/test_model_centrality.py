import numpy as np
import pytest
from scipy.linalg import hadamard

from ibgan_plugin.evaluation.disentanglement.model_centrality import centrality, model_centrality

KEYWORDS = {'num_votes': 400, 'batch_size': 64, 'num_bins': 50, 'prune_threshold': 0.05}
Z = np.random.RandomState(0).randn(4000, 4)
ROTATION = hadamard(4) / 2  # every code an equal mixture of all


def test_centrality_by_hand():
    similarity = np.array([[9.0, 1.0, 0.5], [0.0, 9.0, 0.2], [0.5, 0.4, 9.0]])
    np.testing.assert_allclose(centrality(similarity), [(0.5 + 0.5) / 2, (0.5 + 0.3) / 2, (0.5 + 0.3) / 2])


def test_aligned_runs_are_central():
    scores = model_centrality([Z, -Z[:, ::-1] * 3, Z[:, [1, 0, 3, 2]] ** 3, Z @ ROTATION], **KEYWORDS, seed=0)
    assert scores[:3].min() > scores[3] + 0.05
    assert model_centrality([Z, -Z[:, ::-1]], **KEYWORDS, seed=0)[0] > 0.98


def test_run_without_active_codes():
    np.testing.assert_array_equal(model_centrality([Z, np.full((4000, 2), 0.1)], **KEYWORDS, seed=0), [0.0, 0.0])


def test_noise_is_at_chance():
    noise = np.random.RandomState(5).randn(4000, 4)
    assert model_centrality([Z, noise], **KEYWORDS, seed=0)[0] < 0.45


def test_bad_input():
    with pytest.raises(ValueError, match=r'similarity must have shape \[R, R\] with R >= 2, got \[2, 3\]'):
        centrality(np.zeros((2, 3)))
    with pytest.raises(ValueError, match='batch_size must be an integer >= 2, got 1'):
        model_centrality([Z, Z], **{**KEYWORDS, 'batch_size': 1}, seed=0)

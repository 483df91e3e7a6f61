import numpy as np
import pytest

from ibgan_plugin.evaluation.disentanglement.beta_vae import beta_vae, pair_features, sample_pairs
from ibgan_plugin.evaluation.disentanglement.codes import CodeTable

SMALL = {'num_train': 300, 'num_eval': 200, 'batch_size': 16, 'inverse_penalty': 1.0, 'max_iter': 100}


def loop_features(grid, codes, rng, num, batch_size):
    labels, features = [], []
    for _ in range(num):
        shared = rng.randint(grid.num_factors)
        first, second = (grid.sample_factors(batch_size, rng) for _ in range(2))
        second[:, shared] = first[:, shared]
        labels.append(shared)
        features.append(np.abs(codes[grid.to_index(first)] - codes[grid.to_index(second)]).mean(axis=0))
    return np.array(labels), np.array(features)


def test_features_equal_one_batch_at_a_time(grid, noise):
    labels, features = loop_features(grid, noise.codes, np.random.RandomState(2), 50, 7)
    pairs = sample_pairs(grid, np.random.RandomState(2), 50, 7)
    np.testing.assert_array_equal(pairs.factor, labels)
    np.testing.assert_allclose(pair_features(noise, pairs), features, rtol=1e-13)


def test_reference_features(reference, reference_table):
    arrays, table = reference('c9_factor_beta_vae.npz'), reference_table('noisy')
    single = sample_pairs(table.grid, np.random.RandomState(5), 1, 16)
    assert single.factor[0] == arrays['beta_noisy_seed5_index']
    np.testing.assert_allclose(pair_features(table, single)[0], arrays['beta_noisy_seed5_feature'], rtol=1e-12)
    many = sample_pairs(table.grid, np.random.RandomState(6), 100, 16)
    np.testing.assert_array_equal(many.factor, arrays['beta_noisy_seed6_labels'])
    np.testing.assert_allclose(pair_features(table, many), arrays['beta_noisy_seed6_points'], rtol=1e-12)


@pytest.mark.parametrize('name', ['perfect', 'entangled_pair', 'random'])
def test_reference_small_run(reference, reference_table, name):
    expected = reference('c9_factor_beta_vae.npz')[f'beta_{name}_seed0_train_eval']
    scores = beta_vae(reference_table(name), **SMALL, seed=0)
    np.testing.assert_allclose([scores['train_accuracy'], scores['eval_accuracy']], expected, atol=1e-12)


def test_perfect_and_constant(perfect):
    assert beta_vae(perfect, **SMALL, seed=0) == {'train_accuracy': 1.0, 'eval_accuracy': 1.0}
    constant = CodeTable.from_grid(np.zeros((96, 2)), perfect.grid.sizes)
    assert beta_vae(constant, **SMALL, seed=0)['eval_accuracy'] < 0.5


def test_one_factor_is_always_right():
    table = CodeTable.from_grid(np.random.RandomState(0).randn(6, 3), (6,))
    assert beta_vae(table, **SMALL, seed=0) == {'train_accuracy': 1.0, 'eval_accuracy': 1.0}


def test_bad_num_eval(noise):
    with pytest.raises(ValueError, match='num_eval must be an integer >= 1, got 0'):
        beta_vae(noise, **{**SMALL, 'num_eval': 0}, seed=0)

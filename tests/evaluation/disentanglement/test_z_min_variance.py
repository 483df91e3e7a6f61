import numpy as np
import pytest

from ibgan_plugin.evaluation.disentanglement import CodeTable, LabelledCodes, factor_vae, z_min_variance
from ibgan_plugin.evaluation.disentanglement.z_min_variance import sample_shared

SMALL = {'num_train': 600, 'batch_size': 16, 'num_train_votes': 200, 'num_eval_votes': 100, 'vote_size': 20,
         'prune_threshold': 0.05}


def test_batches_share_a_value():
    factors = np.random.RandomState(0).randint([3, 40], size=(200, 2))
    factors[0, 1] = 99  # which no other sample has
    factor, rows = sample_shared(factors, np.random.RandomState(1), 300, 5)
    assert set(factor) == {0, 1} and len(np.unique(rows)) > 150
    shared = factors[rows, factor[:, None]]
    np.testing.assert_array_equal(shared, shared[:, :1].repeat(5, axis=1))
    assert 99 not in shared
    assert len(np.unique(factors[rows[factor == 0], 1])) > 20  # the other factor varies
    with pytest.raises(ValueError, match='factor 0 has another value in each of the 5 samples'):
        sample_shared(np.arange(5)[:, None], np.random.RandomState(0), 3, 2)


def test_perfect_noise_and_constant(perfect, noise):
    scores = z_min_variance(perfect, **SMALL, seed=0)
    assert scores == {'score': 1.0, 'num_voting_codes': 3.0}
    assert z_min_variance(noise, **SMALL, seed=0)['score'] < 0.4
    with pytest.warns(UserWarning, match='Z-min variance: all 2 codes are constant or have a standard deviation below 0.05'):
        assert z_min_variance(CodeTable.from_grid(np.zeros((96, 2)), perfect.grid.sizes), **SMALL, seed=0)['score'] == 0.0


def test_above_chance_what_the_factor_vae_score_is(noise):
    """On a grid both draw batches with one shared factor, so that only sampling differs."""
    codes = noise.codes + 1.5 * noise.grid.to_factors(np.arange(96))[:, [0, 1, 2, 0]]
    table = CodeTable.from_grid(codes, noise.grid.sizes)
    ours = z_min_variance(table, **{**SMALL, 'num_train': 5000, 'num_train_votes': 2000, 'num_eval_votes': 2000}, seed=0)['score']
    theirs = factor_vae(table, num_train=2000, num_eval=2000, batch_size=20, num_variance_estimate=5000, prune_threshold=0.05,
                        seed=0)
    assert ours == pytest.approx((theirs['eval_accuracy'] - 1 / 3) / (2 / 3), abs=0.05)


def test_labelled_samples_one_factor_and_a_constant_one():
    rng = np.random.RandomState(0)
    place, kind = rng.rand(600), rng.randint(4, size=600)
    source = LabelledCodes(np.stack([place, kind + 0.1 * rng.randn(600)], axis=1), np.stack([place, kind], axis=1))
    assert z_min_variance(source, **SMALL, seed=0)['score'] > 0.95  # the place in bins
    single = LabelledCodes(source.codes, kind[:, None])
    assert z_min_variance(single, **SMALL, seed=0)['score'] == 1.0
    with pytest.warns(UserWarning, match=r'the factors \[1\] are constant'):
        z_min_variance(LabelledCodes(source.codes, np.stack([kind, 0 * kind], axis=1)), **SMALL, seed=0)


@pytest.mark.parametrize(('change', 'message'), [
    ({'vote_size': 1}, 'vote_size must be an integer >= 2'), ({'num_eval_votes': 0}, 'num_eval_votes must be an integer >= 1'),
    ({'prune_threshold': -1}, 'prune_threshold must be >= 0')])
def test_mistakes(noise, change, message):
    with pytest.raises(ValueError, match=message):
        z_min_variance(noise, **{**SMALL, **change}, seed=0)

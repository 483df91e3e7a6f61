import numpy as np
import pytest

from ibgan_plugin.datasets.ground_truth import FactorGrid
from ibgan_plugin.evaluation.disentanglement.codes import CodeTable
from ibgan_plugin.evaluation.disentanglement.factor_vae import (
    count_votes,
    factor_vae,
    prune_codes,
    sample_factor_vae,
)
from ibgan_plugin.evaluation.disentanglement.protocols import PROTOCOLS

SMALL = {'num_train': 300, 'num_eval': 200, 'batch_size': 16, 'num_variance_estimate': 1000}


def loop_votes(grid, codes, rng, num_votes, batch_size, variances, active):
    """One vote at a time, as the definition reads."""
    votes = np.zeros((grid.num_factors, int(active.sum())), dtype=int)
    for _ in range(num_votes):
        fixed = rng.randint(grid.num_factors)
        factors = grid.sample_factors(batch_size, rng)
        factors[:, fixed] = factors[0, fixed]
        local = codes[grid.to_index(factors)].var(axis=0, ddof=1)
        votes[fixed, np.argmin(local[active] / variances[active])] += 1
    return votes


@pytest.mark.parametrize('threshold', [0.0, 0.9])
def test_equals_one_vote_at_a_time(grid, noise, threshold):
    rng = np.random.RandomState(5)
    variances, active = prune_codes(noise.codes[grid.to_index(grid.sample_factors(1000, rng))], threshold)
    train = loop_votes(grid, noise.codes, rng, 300, 16, variances, active)
    evaluated = loop_votes(grid, noise.codes, rng, 200, 16, variances, active)
    majority = train.argmax(axis=0), np.arange(train.shape[1])
    assert factor_vae(noise, **SMALL, prune_threshold=threshold, seed=5) == {
        'train_accuracy': train[majority].sum() / 300, 'eval_accuracy': evaluated[majority].sum() / 200,
        'num_voting_codes': active.sum()}


@pytest.mark.parametrize('threshold', ['0.05', '0.0'])
@pytest.mark.parametrize('name', ['perfect', 'rotated', 'noisy', 'entangled_pair', 'missing_shape', 'random', 'duplicated',
                                  'warped', 'perfect_const'])
def test_reference_votes(reference, reference_table, name, threshold):
    expected, table = reference('c9_factor_beta_vae.npz'), reference_table(name)
    samples = sample_factor_vae(table.grid, np.random.RandomState(0), **SMALL)
    variances, active = prune_codes(table.lookup(samples.variance), float(threshold))
    np.testing.assert_allclose(variances, expected[f'{name}__global_var_seed0'], rtol=1e-12)
    scores = factor_vae(table, **SMALL, prune_threshold=float(threshold), seed=0)
    if name == 'perfect_const' and threshold == '0.0':  # constant codes win every vote in the reference, never vote here
        assert scores == {'train_accuracy': 1.0, 'eval_accuracy': 1.0, 'num_voting_codes': 5.0}
        return
    for votes, stored in ((samples.train, 'train'), (samples.eval, 'eval')):
        counts = count_votes(table, votes, variances, active)[:, active]
        theirs = expected[f'{name}__thr{threshold}_{stored}_votes']
        np.testing.assert_array_equal(counts, theirs[:, :active.sum()])
        assert not theirs[:, active.sum():].any()
    np.testing.assert_allclose([scores['train_accuracy'], scores['eval_accuracy']],
                               expected[f'{name}__thr{threshold}_train_eval_nact'][:2], rtol=1e-12)


def test_reference_batch(reference, representations):
    arrays = reference('c9_factor_beta_vae.npz')
    codes = representations.noisy(arrays['batch_factors'])
    np.testing.assert_allclose(codes, arrays['batch_rep_noisy'], rtol=1e-12)
    np.testing.assert_allclose(codes.var(axis=0, ddof=1), arrays['batch_local_var'], rtol=1e-12)


def test_prune_mask_reference(reference):
    expected = reference('c9_factor_beta_vae.npz')
    # codes +-s have variance 2 s^2 with ddof=1
    codes = np.sqrt(expected['prune_variances'] / 2) * np.array([[1.0], [-1.0]])
    variances, active = prune_codes(codes, 0.05)
    np.testing.assert_allclose(variances, expected['prune_variances'], rtol=1e-12)
    away = ~np.isclose(np.sqrt(variances), 0.05)
    np.testing.assert_array_equal(active[away], expected['prune_mask_thr0.05'][away])


@pytest.mark.parametrize('name', ['perfect', 'entangled_pair', 'random'])
def test_reference_scores_per_seed(reference_scores, reference_table, name):
    table = reference_table(name)
    for seed in (0, 4):
        scores = factor_vae(table, **PROTOCOLS['study']['factor_vae'], seed=seed)
        for key in ('train_accuracy', 'eval_accuracy'):
            assert scores[key] == pytest.approx(reference_scores[name]['factor_vae@0.05'][key]['per_seed'][seed], abs=1e-12)


def test_constant_code_never_votes(perfect):
    assert factor_vae(perfect, **SMALL, prune_threshold=0.0, seed=0) == {
        'train_accuracy': 1.0, 'eval_accuracy': 1.0, 'num_voting_codes': 3.0}


def test_all_pruned_scores_zero_with_warning(perfect):
    with pytest.warns(UserWarning, match='all 4 codes are constant or have a standard deviation below 5'):
        scores = factor_vae(perfect, **SMALL, prune_threshold=5.0, seed=0)
    assert scores == {'train_accuracy': 0.0, 'eval_accuracy': 0.0, 'num_voting_codes': 0.0}


def test_invariant_to_permutation_scale_and_shift(noise):
    expected = factor_vae(noise, **SMALL, prune_threshold=0.0, seed=1)
    changed = CodeTable.from_grid(noise.codes[:, ::-1] * [1, 1e3, 1e-3, 5] + 2, noise.grid.sizes)
    assert factor_vae(changed, **SMALL, prune_threshold=0.0, seed=1) == expected


def test_no_eval_votes_scores_training_votes(noise):
    scores = factor_vae(noise, **{**SMALL, 'num_eval': 0}, prune_threshold=0.0, seed=0)
    assert scores['eval_accuracy'] == scores['train_accuracy']


def test_one_code_and_one_factor():
    one_code = CodeTable.from_grid(np.arange(6.0)[:, None], (2, 3))
    scores = factor_vae(one_code, **SMALL, prune_threshold=0.0, seed=0)
    assert 0.4 < scores['eval_accuracy'] < 0.6  # every vote goes to the one code, so chance
    one_factor = CodeTable.from_grid(np.random.RandomState(0).randn(6, 3), (6,))
    assert factor_vae(one_factor, **SMALL, prune_threshold=0.0, seed=0)['eval_accuracy'] == 1.0


def test_subset_suffices(grid, noise):
    samples = sample_factor_vae(grid, np.random.RandomState(0), num_train=2, num_eval=1, batch_size=4, num_variance_estimate=9)
    index = np.unique(np.concatenate([samples.variance, samples.train.cells.ravel(), samples.eval.cells.ravel()]))
    assert len(index) < len(grid)
    sizes = {'num_train': 2, 'num_eval': 1, 'batch_size': 4, 'num_variance_estimate': 9, 'prune_threshold': 0.0}
    assert factor_vae(CodeTable(grid, index, noise.codes[index]), **sizes, seed=0) == factor_vae(noise, **sizes, seed=0)


def test_votes_share_the_fixed_factor():
    grid = FactorGrid(('a', 'b'), (5, 7))
    votes = sample_factor_vae(grid, np.random.RandomState(0), **SMALL).train
    for factor, cells in zip(*votes, strict=True):
        assert len(np.unique(grid.to_factors(cells)[:, factor])) == 1


@pytest.mark.parametrize(('name', 'value', 'least'), [('num_train', 0, 1), ('num_eval', -1, 0), ('batch_size', 1, 2),
                                                      ('num_variance_estimate', 1, 2)])
def test_bad_sizes(noise, name, value, least):
    with pytest.raises(ValueError, match=f'{name} must be an integer >= {least}, got {value}'):
        factor_vae(noise, **{**SMALL, name: value}, prune_threshold=0.0, seed=0)


def test_bad_threshold(noise):
    with pytest.raises(ValueError, match='prune_threshold must be >= 0, got -1'):
        factor_vae(noise, **SMALL, prune_threshold=-1, seed=0)

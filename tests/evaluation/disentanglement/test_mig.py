import numpy as np
import pytest

from ibgan_plugin.evaluation.disentanglement.mig import mig, mig_score


def test_reference(reference):
    arrays = reference('c3_mig.npz')
    names = [key[:-5] for key in arrays if key.endswith('__mig') and key != 'constant_factor_nan__mig']
    assert len(names) == 9
    for name in names:
        score = mig_score(arrays[f'{name}__mus'].T, arrays[f'{name}__ys'].T, 20)
        assert score == pytest.approx(float(arrays[f'{name}__mig']), abs=1e-9), name


def test_constant_factor_is_left_out(reference):
    arrays = reference('c3_mig.npz')
    codes, factors = arrays['constant_factor_nan__mus'].T, arrays['constant_factor_nan__ys'].T
    varies = np.ptp(factors, axis=0) > 0
    with pytest.warns(UserWarning, match=r'MIG: the factors \[\d\] are constant in its 300 samples and are left out'):
        score = mig_score(codes, factors, 20)
    assert score == mig_score(codes, factors[:, varies], 20)


def test_all_factors_constant():
    with pytest.raises(ValueError, match='MIG needs a factor with more than one value in its 5 samples'):
        mig_score(np.zeros((5, 2)), np.ones((5, 2), dtype=int), 20)


def test_one_code_has_no_second():
    factor = np.arange(100)[:, None] % 4
    assert mig_score(factor * 1.0, factor, 20) == pytest.approx(1.0)


def test_perfect_duplicated_noise_and_constant(perfect, noise):
    factors = perfect.grid.to_factors(np.arange(96))
    assert mig_score(perfect.codes, factors, 20) == pytest.approx(1.0)
    assert mig_score(np.tile(perfect.codes, 2), factors, 20) == pytest.approx(0.0, abs=1e-12)
    assert mig_score(np.zeros((96, 3)), factors, 20) == 0.0
    assert 0 <= mig_score(noise.codes, factors, 4) < 0.1


def test_sampled_score_near_exact(perfect):
    assert mig(perfect, num_train=5000, batch_size=16, num_bins=20, seed=0)['discrete_mig'] == pytest.approx(1.0, abs=0.01)


def test_bad_bins(perfect):
    with pytest.raises(ValueError, match='num_bins must be an integer >= 1, got 0'):
        mig(perfect, num_train=10, batch_size=16, num_bins=0, seed=0)

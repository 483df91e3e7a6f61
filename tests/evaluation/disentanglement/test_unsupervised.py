import numpy as np
import pytest

from ibgan_plugin.evaluation.disentanglement.codes import CodeTable
from ibgan_plugin.evaluation.disentanglement.unsupervised import (
    gaussian_total_correlation,
    gaussian_wasserstein_correlation,
    unsupervised,
)

SMALL = {'num_train': 500, 'batch_size': 16, 'num_bins': 20}


@pytest.mark.parametrize('name', ['dense', 'diag', 'corr09', 'scales', 'rotated_sample', 'entangled_sample', 'rank_deficient',
                                  'zero_variance'])
def test_reference(reference, name):
    arrays = reference('c8_unsupervised.npz')
    covariance = arrays[f'{name}__cov']
    # the reference takes the root of an unsymmetric matrix, which on `scales` leaves an imaginary part
    rel = 3e-4 if name == 'scales' else 1e-9
    absolute = 1e-7 if name in ('rank_deficient', 'zero_variance') else 1e-12
    distance = gaussian_wasserstein_correlation(covariance)
    assert distance == pytest.approx(float(arrays[f'{name}__w2']), rel=rel, abs=absolute)
    if np.trace(covariance):
        assert distance / np.trace(covariance) == pytest.approx(float(arrays[f'{name}__w2_norm']), rel=rel, abs=absolute)
    if name == 'zero_variance':  # not a number in the reference; here the constant code is left out
        kept = np.diag(covariance) > 0
        assert gaussian_total_correlation(covariance) == gaussian_total_correlation(covariance[np.ix_(kept, kept)])
    else:
        assert gaussian_total_correlation(covariance) == pytest.approx(float(arrays[f'{name}__tc']), rel=1e-9, abs=1e-12)


def test_two_correlated_codes_by_hand():
    covariance = np.array([[1.0, 0.6], [0.6, 1.0]])
    assert gaussian_total_correlation(covariance) == pytest.approx(-0.5 * np.log(1 - 0.36))
    assert gaussian_wasserstein_correlation(covariance) == pytest.approx(4 - 2 * (np.sqrt(1.6) + np.sqrt(0.4)))


def test_constant_codes_change_only_the_mean_over_pairs(noise):
    padded = CodeTable.from_grid(np.concatenate([noise.codes, np.full((96, 2), 0.1)], axis=1), noise.grid.sizes)
    plain, more = unsupervised(noise, **SMALL, seed=0), unsupervised(padded, **SMALL, seed=0)
    assert more['mutual_info_score'] == pytest.approx(plain['mutual_info_score'] * (4 * 3) / (6 * 5))
    for key in ('gaussian_total_correlation', 'gaussian_wasserstein_correlation', 'gaussian_wasserstein_correlation_norm'):
        assert more[key] == pytest.approx(plain[key], abs=1e-12)


@pytest.mark.parametrize('codes', [np.full((96, 3), 0.1), np.arange(96.0)[:, None]])
def test_all_constant_or_one_code_is_zero(grid, codes):
    scores = unsupervised(CodeTable.from_grid(codes, grid.sizes), **SMALL, seed=0)
    assert scores == pytest.approx(dict.fromkeys(scores, 0.0), abs=1e-9)


def test_one_sample(noise):
    with pytest.raises(ValueError, match='num_train must be an integer >= 2, got 1'):
        unsupervised(noise, **{**SMALL, 'num_train': 1}, seed=0)

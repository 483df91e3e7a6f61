import numpy as np
import pytest

from ibgan_plugin.evaluation.disentanglement.codes import CodeTable
from ibgan_plugin.evaluation.disentanglement.irs import irs, irs_score

SMALL = {'num_train': 1000, 'batch_size': 16, 'num_bins': 20, 'diff_quantile': 0.99}


def test_perfect_counts_true_number_of_active_codes(perfect):
    scores = irs(perfect, **SMALL, seed=0)
    assert scores['num_varying_codes'] == 3.0
    assert scores['score'] == pytest.approx(1.0, abs=1e-6)


def test_noise_scores_lower(noise):
    assert irs(noise, **SMALL, seed=0)['score'] < 0.6


def test_worked_by_hand():
    # code 0 equals the factor: no deviation within a group. code 1 deviates by 1 in both groups, as far as it ever does.
    codes, factors = np.array([[0, 0], [0, 2], [4, 0], [4, 2.0]]), np.array([[0], [0], [1], [1]])
    assert irs_score(codes, factors, 1.0) == pytest.approx((2 * 1 + 1 * 0) / 3)


def test_constant_codes_score_zero_with_warning(perfect):
    constant = CodeTable.from_grid(np.full((96, 3), 0.1), perfect.grid.sizes)
    with pytest.warns(UserWarning, match='all 3 codes are constant'):
        assert irs(constant, **SMALL, seed=0) == {'score': 0.0, 'num_varying_codes': 0.0}


def test_bad_quantile(perfect):
    with pytest.raises(ValueError, match=r'diff_quantile must be in \[0, 1\], got 99'):
        irs(perfect, **{**SMALL, 'diff_quantile': 99}, seed=0)

import numpy as np
import pytest

from ibgan_plugin.evaluation.image.kid import kid, polynomial_mmd

RNG = np.random.RandomState(0)
REAL, FAKE = RNG.randn(60, 4), RNG.randn(60, 4) * 1.3 + 0.2


def loop_mmd(real, fake, keep_inner, keep_cross):
    def mean(first, second, keep):
        values = [(x @ y / len(x) + 1) ** 3 for i, x in enumerate(first) for j, y in enumerate(second) if keep or i != j]
        return np.mean(values)
    return mean(real, real, keep_inner) + mean(fake, fake, keep_inner) - 2 * mean(real, fake, keep_cross)


@pytest.mark.parametrize(('estimator', 'keep_inner', 'keep_cross'), [
    ('biased', True, True), ('unbiased', False, False), ('torch_fidelity', False, True)])
def test_estimators_equal_loops(estimator, keep_inner, keep_cross):
    expected = loop_mmd(REAL, FAKE, keep_inner, keep_cross)
    assert polynomial_mmd(REAL, FAKE, estimator) == pytest.approx(expected, rel=1e-10)


def test_equal_sets_and_equal_distributions():
    assert polynomial_mmd(REAL, REAL, 'biased') == pytest.approx(0, abs=1e-12)
    assert polynomial_mmd(REAL, REAL, 'unbiased') == pytest.approx(0, abs=1e-12)
    scores = kid(RNG.randn(4000, 4), RNG.randn(4000, 4), num_subsets=50, subset_size=100, estimator='unbiased', seed=0)
    assert abs(scores['kid']) < 3 * scores['kid_std'] / np.sqrt(50) + 0.02


def test_subsets_are_seeded_and_drawn_in_turn():
    keywords = {'num_subsets': 3, 'subset_size': 20, 'estimator': 'torch_fidelity', 'seed': 4}
    rng = np.random.RandomState(4)
    values = [polynomial_mmd(REAL[rng.choice(60, 20, replace=False)], FAKE[rng.choice(60, 20, replace=False)], 'torch_fidelity')
              for _ in range(3)]
    assert kid(REAL, FAKE, **keywords) == {'kid': pytest.approx(np.mean(values)), 'kid_std': pytest.approx(np.std(values))}


@pytest.mark.parametrize(('changes', 'message'), [
    ({'estimator': 'u'}, "estimator must be one of biased, unbiased, torch_fidelity, got 'u'"),
    ({'subset_size': 1}, 'subset_size must be an integer >= 2, got 1'),
    ({'subset_size': 61}, 'subset_size is 61, but there are only 60 real and 60 fake samples'),
])
def test_bad_arguments(changes, message):
    with pytest.raises(ValueError, match=message):
        kid(REAL, FAKE, **{'num_subsets': 2, 'subset_size': 20, 'estimator': 'biased', 'seed': 0, **changes})


def test_widths_differ():
    with pytest.raises(ValueError, match='same width, got 4 and 3'):
        kid(REAL, FAKE[:, :3], num_subsets=2, subset_size=20, estimator='biased', seed=0)

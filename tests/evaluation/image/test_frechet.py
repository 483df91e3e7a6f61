import numpy as np
import pytest

from ibgan_plugin.evaluation.image.features import FeatureStatistics, check_features
from ibgan_plugin.evaluation.image.frechet import frechet_distance

NAMES = ['spd16', 'identical', 'mean_shift', 'diagonal', 'iso_closed_form', 'sample_cov', 'rank_deficient', 'zero_cov',
         'both_zero_cov', 'one_dim', 'scales']


@pytest.mark.parametrize('name', NAMES)
def test_reference(reference, name):
    arrays = reference('d1_frechet.npz')
    distance = frechet_distance(*(arrays[f'{name}__{part}'] for part in ('mu1', 'sigma1', 'mu2', 'sigma2')))
    for library in ('torch_fidelity', 'pytorch_fid', 'clean_fid'):
        expected = float(arrays[f'{name}__{library}'])
        if np.isfinite(expected):  # two of the three fail on a 1x1 covariance
            tolerance = 3.5e-7 if name == 'rank_deficient' else 1e-9
            assert distance == pytest.approx(expected, rel=tolerance, abs=tolerance), library


@pytest.mark.parametrize('name', ['sample_cov', 'rank_deficient'])
def test_statistics_of_the_reference_features(reference, name):
    arrays = reference('d1_frechet.npz')
    for side in ('1', '2'):
        statistics = FeatureStatistics()
        for batch in np.array_split(arrays[f'{name}__features{side}'], 5):
            statistics.update(batch)
        np.testing.assert_allclose(statistics.mean, arrays[f'{name}__mu{side}'], rtol=1e-12, atol=1e-14)
        np.testing.assert_allclose(statistics.covariance, arrays[f'{name}__sigma{side}'], rtol=1e-11, atol=1e-13)


def test_symmetric_and_by_hand():
    assert frechet_distance([1.0], [[4.0]], [3.0], [[1.0]]) == pytest.approx(4 + (2 - 1) ** 2)
    first, second = np.diag([1.0, 9.0]), np.diag([4.0, 1.0])
    expected = (1 - 2) ** 2 + (3 - 1) ** 2
    assert frechet_distance(np.zeros(2), first, np.zeros(2), second) == pytest.approx(expected)
    assert frechet_distance(np.zeros(2), second, np.zeros(2), first) == pytest.approx(expected)


def test_statistics_under_a_large_offset_and_merged():
    features = np.random.RandomState(0).randn(500, 6) @ np.random.RandomState(1).randn(6, 6)
    whole, parts = FeatureStatistics(), [FeatureStatistics() for _ in range(3)]
    whole.update(features + 1e6)
    for part, batch in zip(parts, np.split(features + 1e6, [1, 300]), strict=True):
        part.update(batch)
    parts[0].merge(parts[1])
    parts[0].merge(FeatureStatistics())
    parts[0].merge(parts[2])
    for statistics in (whole, parts[0]):
        assert statistics.count == 500
        np.testing.assert_allclose(statistics.covariance, np.cov(features, rowvar=False), rtol=1e-7)


def test_statistics_errors():
    statistics = FeatureStatistics()
    with pytest.raises(ValueError, match='a covariance needs at least 2 samples, got 0'):
        _ = statistics.covariance
    statistics.update(np.zeros((1, 3)))
    statistics.update(np.zeros((0, 3)))
    with pytest.raises(ValueError, match='features must have width 3, got 4'):
        statistics.update(np.zeros((2, 4)))
    with pytest.raises(ValueError, match='features of sample 1 are not finite'):
        statistics.update(np.array([[0, 0, 0], [0, np.nan, 0]]))
    with pytest.raises(ValueError, match=r'features must be real numbers of shape \[N, D\] with N >= 2'):
        check_features(np.zeros((1, 3)), least=2)


def test_bad_shapes():
    with pytest.raises(ValueError, match=r'means must have shape \[D\] and covariances \[D, D\], got \[\[2\], \[2, 2\], \[3\]'):
        frechet_distance(np.zeros(2), np.eye(2), np.zeros(3), np.eye(3))
    with pytest.raises(ValueError, match='must be finite'):
        frechet_distance(np.zeros(1), [[np.inf]], np.zeros(1), [[1.0]])

import sys

import numpy as np
import pytest

from ibgan_plugin.evaluation.image.density_coverage import density_coverage
from ibgan_plugin.evaluation.image.precision_recall import neighbour_radii, precision_recall

# the reference's float32 distances are wrong on `f32_large_offset`: its float64 twin is compared instead
NAMES = ['gauss16', 'modes_missing', 'disjoint', 'identical', 'unequal_n', 'f32', 'duplicates', 'f32_large_offset_as_f64',
         'f32_as_f64']


@pytest.mark.parametrize('num_neighbours', [1, 3, 5])
@pytest.mark.parametrize('name', NAMES)
def test_reference(reference, name, num_neighbours):
    arrays = reference('d3_precision_recall.npz')
    scores = precision_recall(arrays[f'{name}__real'], arrays[f'{name}__gen'], num_neighbours=num_neighbours)
    expected = arrays[f'{name}__k{num_neighbours}_prec_rec_f']  # float32
    np.testing.assert_allclose([scores['precision'], scores['recall'], scores['f_score']], expected, atol=1e-6)


def test_float32_under_a_large_offset_is_right(reference):
    arrays = reference('d3_precision_recall.npz')
    scores = precision_recall(arrays['f32_large_offset__real'], arrays['f32_large_offset__gen'], num_neighbours=3)
    expected = arrays['f32_large_offset_as_f64__k3_prec_rec_f']
    np.testing.assert_allclose([scores['precision'], scores['recall'], scores['f_score']], expected, atol=1e-6)


def test_radii_by_hand_and_in_chunks(monkeypatch):
    points = np.array([[0.0], [1.0], [3.0], [7.0]])
    np.testing.assert_array_equal(neighbour_radii(points, 1), [1, 1, 2, 4])
    monkeypatch.setattr(sys.modules[neighbour_radii.__module__], 'ROWS_PER_CHUNK', 3)
    np.testing.assert_array_equal(neighbour_radii(points, 2), [3, 2, 3, 6])


def test_density_coverage_by_hand():
    real, fake = np.array([[0.0], [1.0], [3.0]]), np.array([[0.5], [0.6]])
    # radii 1, 1, 2: both fake samples lie within those of the first two real ones; 2.5 and 2.4 from the third
    assert density_coverage(real, fake, num_neighbours=1) == {'density': 2.0, 'coverage': pytest.approx(2 / 3)}


def test_density_coverage_of_equal_and_disjoint_distributions():
    rng = np.random.RandomState(0)
    real, fake = rng.randn(1000, 8), rng.randn(1000, 8)
    scores = density_coverage(real, fake, num_neighbours=5)
    assert scores['density'] == pytest.approx(1, abs=0.1)
    assert scores['coverage'] == pytest.approx(1 - 0.5 ** 5, abs=0.03)  # the paper's expectation for equal sizes
    assert density_coverage(real, fake + 100, num_neighbours=5) == {'density': 0.0, 'coverage': 0.0}


@pytest.mark.parametrize('function', [precision_recall, density_coverage])
def test_bad_arguments(function):
    with pytest.raises(ValueError, match='num_neighbours is 3, but there are only 3 real and 9 fake samples'):
        function(np.zeros((3, 2)), np.zeros((9, 2)), num_neighbours=3)
    with pytest.raises(ValueError, match='num_neighbours must be an integer >= 1, got 0'):
        function(np.zeros((3, 2)), np.zeros((9, 2)), num_neighbours=0)

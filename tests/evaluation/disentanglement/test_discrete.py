import numpy as np
import pytest

from ibgan_plugin.evaluation.disentanglement.discrete import discretize, entropy, mutual_information


@pytest.mark.parametrize('num_bins', [20, 10])
def test_reference_bins(reference, num_bins):
    arrays = reference('c1_histogram.npz')
    names = [key[:-4] for key in arrays if key.endswith('__in')]
    assert len(names) == 10
    for name in names:
        np.testing.assert_array_equal(discretize(arrays[f'{name}__in'].T, num_bins).T, arrays[f'{name}__out{num_bins}'], name)


def test_reference_information(reference):
    arrays = reference('c2_mutual_info.npz')
    for name in ('noisy', 'entangled_pair', 'perfect_const', 'const'):
        codes, factors = arrays[f'{name}__codes'].T, arrays[f'{name}__factors'].T
        np.testing.assert_allclose(mutual_information(codes, factors), arrays[f'{name}__mi'], atol=1e-9)
        np.testing.assert_allclose(entropy(factors), arrays[f'{name}__entropy'], atol=1e-9)
        if name != 'const':
            np.testing.assert_allclose(mutual_information(codes, codes), arrays[f'{name}__mi_codes_codes'], atol=1e-9)


@pytest.mark.parametrize('step', [1, 2, 5])
def test_codes_that_differ_in_the_last_bits_are_one_bin(step):
    codes = np.full((50, 2), 0.1)
    codes[::2, 1] += step * np.spacing(0.1)
    assert len(np.unique(discretize(codes, 20)[:, 1])) == 1


def test_bins_cover_the_range_of_each_column():
    codes = np.stack([np.arange(20.0), 1e-3 * np.arange(20.0)], axis=1)
    np.testing.assert_array_equal(discretize(codes, 20), np.tile(np.arange(1, 21)[:, None], (1, 2)))


@pytest.mark.parametrize('num', [7, 300, 1000, 2000, 9999])
def test_no_information_is_exactly_zero(num):
    factors = np.random.RandomState(num).randint([3, 6, 40], size=(num, 3))
    constant = np.full((num, 1), 11)
    assert not mutual_information(constant, factors).any() and not mutual_information(factors, constant).any()
    independent = np.stack(np.unravel_index(np.arange(6 * num), (num, 6)), axis=1)
    assert not mutual_information(independent[:, :1], independent[:, 1:]).any()


def test_information_worked_by_hand():
    fair = np.array([0, 0, 1, 1])[:, None]
    assert mutual_information(fair, fair) == pytest.approx(np.log(2))
    assert mutual_information(fair, np.array([0, 1, 0, 1])[:, None]) == pytest.approx(0)
    assert mutual_information(fair, np.array([5, 5, 5, 9])[:, None]) == pytest.approx(1.5 * np.log(2) - 0.75 * np.log(3))
    assert entropy(np.array([7, 7, 7, 7])[:, None]) == 0

import numpy as np
import pytest

from ibgan_plugin.evaluation.disentanglement.sampling import randint_rounds, sample_cells

DRAWS = [[(5, 1), (3, 64), (6, 64), (40, 64), (32, 64), (32, 64)], [(1, 5), (3, 2)], [(7, 1)], [(1, 4)], [(2, 3), (1000, 2)]]


def loop(rng, draws, rounds):
    return [[rng.randint(high, size=size) for high, size in draws] for _ in range(rounds)]


@pytest.mark.parametrize('draws', DRAWS)
def test_equals_loop_and_leaves_the_same_state(draws):
    ours, theirs = np.random.RandomState(3), np.random.RandomState(3)
    drawn = randint_rounds(ours, draws, 300)
    for column, expected in zip(drawn, zip(*loop(theirs, draws, 300), strict=True), strict=True):
        np.testing.assert_array_equal(column, np.stack(expected))
    assert ours.randint(1 << 30) == theirs.randint(1 << 30)


def test_no_rounds():
    rng = np.random.RandomState(0)
    assert [column.shape for column in randint_rounds(rng, [(3, 4), (2, 1)], 0)] == [(0, 4), (0, 1)]
    assert rng.randint(100) == np.random.RandomState(0).randint(100)


def test_generator_is_accepted():
    (column,) = randint_rounds(np.random.default_rng(0), [(3, 4)], 500)
    assert column.shape == (500, 4) and set(column.ravel()) == {0, 1, 2}


@pytest.mark.parametrize(('num', 'batch_size'), [(100, 16), (96, 16), (5, 16), (16, 1)])
def test_cells_equal_successive_batches(grid, num, batch_size):
    ours, theirs = np.random.RandomState(1), np.random.RandomState(1)
    cells = sample_cells(grid, ours, num, batch_size)
    batches = [grid.sample_factors(min(batch_size, num - first), theirs) for first in range(0, num, batch_size)]
    np.testing.assert_array_equal(cells, grid.to_index(np.concatenate(batches)))


def test_reference_samples(reference, reference_table):
    """100 samples in batches of 16, as the reference draws them for all metrics that take codes and factors."""
    arrays, table = reference('c9_factor_beta_vae.npz'), reference_table('noisy')
    sample, = table.split(np.random.RandomState(0), num_train=100, batch_size=16)
    np.testing.assert_array_equal(sample.factors.T, arrays['gbfc_noisy_seed0_n100_b16_ys'])
    np.testing.assert_allclose(sample.codes.T, arrays['gbfc_noisy_seed0_n100_b16_mus'], rtol=1e-12)

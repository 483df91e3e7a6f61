import numpy as np
import pytest

from ibgan_plugin.evaluation.disentanglement import CodeTable, dcimig, dcimig_score, jemmig, jemmig_score

SMALL = {'num_train': 400, 'batch_size': 16, 'num_bins': 10}


def entropy_of(*columns):
    """Joint entropy of discrete columns, in bits, from the counts of their combinations."""
    _, counts = np.unique(np.stack(columns, axis=1), axis=0, return_counts=True)
    share = counts / counts.sum()
    return -(share * np.log2(share)).sum()


def straightforward(codes, factors, num_bins):
    """JEMMIG and DCIMIG as their definitions read, in bits."""
    scaled = (codes - codes.min(axis=0)) / np.ptp(codes, axis=0)
    bins = np.digitize(scaled, np.linspace(0, 1, num_bins + 1)[:-1])
    information = np.array([[entropy_of(f) + entropy_of(c) - entropy_of(f, c) for c in bins.T] for f in factors.T])  # F x C
    jemmigs = []
    for row, factor in zip(information, factors.T, strict=True):
        second, best = np.argsort(row)[-2:]
        raw = entropy_of(factor, bins[:, best]) - row[best] + row[second]
        jemmigs.append(1 - raw / (entropy_of(factor) + np.log2(num_bins)))
    gaps = np.zeros_like(information)
    for column, values in enumerate(information.T):
        low, high = np.sort(values)[-2:]
        gaps[values.argmax(), column] = high - low
    return np.mean(jemmigs), gaps.max(axis=1).sum() / sum(entropy_of(factor) for factor in factors.T)


@pytest.mark.parametrize('seed', [0, 1, 2])
def test_against_the_definitions(seed):
    rng = np.random.RandomState(seed)
    factors = rng.randint([3, 4, 8], size=(500, 3))
    codes = factors @ rng.randn(3, 5) + 0.5 * rng.randn(500, 5)
    expected = straightforward(codes, factors, 10)
    assert jemmig_score(codes, factors, 10) == pytest.approx(expected[0], abs=1e-9)
    assert dcimig_score(codes, factors, 10) == pytest.approx(expected[1], abs=1e-9)


def test_perfect_duplicated_constant_noise():
    factors = np.stack(np.unravel_index(np.arange(100), (10, 10)), axis=1)
    codes = factors * [1.0, -3.0]
    assert jemmig_score(codes, factors, 10) == pytest.approx(1) and dcimig_score(codes, factors, 10) == pytest.approx(1)
    assert jemmig_score(np.tile(codes, 2), factors, 10) == pytest.approx(0.5)  # the second code tells as much as the first
    assert dcimig_score(np.tile(codes, 2), factors, 10) == pytest.approx(1)
    assert dcimig_score(np.zeros((100, 2)), factors, 10) == 0.0
    assert jemmig_score(np.zeros((100, 2)), factors, 10) == pytest.approx(0.5)  # it tells nothing, of nothing else either
    noise = np.random.RandomState(0).randn(100, 2)
    assert dcimig_score(noise, factors, 10) < 0.3 and 0 <= jemmig_score(noise, factors, 10) < 0.4


def test_one_code_one_factor_constant_factor(noise):
    factor = np.arange(100)[:, None] % 4
    assert jemmig_score(factor * 1.0, factor, 4) == dcimig_score(factor * 1.0, factor, 4) == pytest.approx(1)
    table = CodeTable.from_grid(noise.codes, (96, 1))
    for metric, name in ((jemmig, 'JEMMIG'), (dcimig, 'DCIMIG')):
        with pytest.warns(UserWarning, match=rf'{name}: the factors \[1\] are constant'):
            assert metric(table, **SMALL, seed=0) == metric(CodeTable.from_grid(noise.codes, (96, )), **SMALL, seed=0)
    with pytest.raises(ValueError, match='num_bins must be an integer >= 2, got 1'):
        jemmig_score(factor * 1.0, factor, 1)

"""FactorVAE score: the code that varies least in a batch with one fixed factor votes for that factor.

Kim and Mnih, "Disentangling by Factorising", 2018, section 4; sampling order as in disentanglement_lib.
"""
import warnings
from typing import NamedTuple

import numpy as np

from ibgan_plugin.datasets.ground_truth import FactorGrid, Rng
from ibgan_plugin.evaluation.checks import check_codes, check_range, check_sizes, random_state
from ibgan_plugin.evaluation.disentanglement.codes import CodeTable
from ibgan_plugin.evaluation.disentanglement.sampling import in_chunks, randint_rounds, sample_cells, to_cells

#: Votes gathered at a time: bounds the memory, changes no number.
VOTES_PER_CHUNK = 256


class Votes(NamedTuple):
    """Batches of cells that share one factor's value: ``factor`` int64 [V], ``cells`` int64 [V, batch_size]."""

    factor: np.ndarray
    cells: np.ndarray


class FactorVAESamples(NamedTuple):
    """What the score reads: cells int64 [num_variance_estimate] for the global variances, and two sets of votes."""

    variance: np.ndarray
    train: Votes
    eval: Votes

    @property
    def cells(self) -> list[np.ndarray]:
        """All cells."""
        return [self.variance, self.train.cells, self.eval.cells]


def sample_votes(grid: FactorGrid, rng: Rng, num_votes: int, batch_size: int) -> Votes:
    """Draw votes: a factor, a batch of cells, and that factor set to the batch's first value throughout."""
    draws = [(grid.num_factors, 1), *((n, batch_size) for n in grid.sizes)]

    def draw(rounds: int) -> Votes:
        factor, *columns = randint_rounds(rng, draws, rounds)
        for k, column in enumerate(columns):
            fixed = factor[:, 0] == k
            column[fixed] = column[fixed, :1]
        return Votes(factor[:, 0], to_cells(grid, columns))

    return Votes(*in_chunks(draw, num_votes))


def sample_factor_vae(grid: FactorGrid, rng: Rng, *, num_train: int, num_eval: int, batch_size: int,
                      num_variance_estimate: int) -> FactorVAESamples:
    """All cells that :func:`factor_vae` reads, drawn from ``rng`` in the order of disentanglement_lib.

    Raises:
        IBGANError: If a size is out of range; see there.
    """
    check_sizes(num_train=num_train)
    check_sizes(0, num_eval=num_eval)
    check_sizes(2, batch_size=batch_size, num_variance_estimate=num_variance_estimate)
    return FactorVAESamples(
        sample_cells(grid, rng, num_variance_estimate, num_variance_estimate),
        sample_votes(grid, rng, num_train, batch_size),
        sample_votes(grid, rng, num_eval, batch_size))


def prune_codes(codes: np.ndarray, prune_threshold: float) -> tuple[np.ndarray, np.ndarray]:
    """Global variances [C] (ddof=1) of codes [N, C], and which codes may vote (bool [C]).

    A code may vote when its standard deviation is at least ``prune_threshold`` and it is not constant: a constant code
    would win every vote with 0/0.

    Raises:
        IBGANError: If there are fewer than two samples, a code is not finite, or the threshold is below 0.

    >>> import numpy as np
    >>> prune_codes(np.array([[0.0, 0.0], [1.0, 0.01]]), prune_threshold=0.05)[1]
    array([ True, False])
    """
    check_range(0, np.inf, prune_threshold=prune_threshold)
    codes = check_codes(codes, 2)
    variances = codes.var(axis=0, ddof=1)
    return variances, (np.sqrt(variances) >= prune_threshold) & (variances > 0) & (np.ptp(codes, axis=0) > 0)


def count_votes(table: CodeTable, votes: Votes, variances: np.ndarray, active: np.ndarray) -> np.ndarray:
    """Votes int64 [num_factors, C]: entry [k, j] counts the batches with factor k fixed in which code j varied least."""
    winners = np.empty(len(votes.factor), dtype=np.int64)
    for first in range(0, len(winners), VOTES_PER_CHUNK):
        chunk = slice(first, first + VOTES_PER_CHUNK)
        local = table.lookup(votes.cells[chunk]).var(axis=1, ddof=1)  # votes x C
        winners[chunk] = np.argmin(local[:, active] / variances[active], axis=1)
    counts = np.zeros((table.grid.num_factors, len(active)), dtype=np.int64)
    np.add.at(counts, (votes.factor, np.flatnonzero(active)[winners]), 1)
    return counts


def factor_vae(table: CodeTable, *, num_train: int, num_eval: int, batch_size: int, num_variance_estimate: int,
               prune_threshold: float, seed: int) -> dict[str, float]:
    """FactorVAE score of codes, higher is better, chance is about 1/num_factors.

    Args:
        table: Codes of the grid, or of the cells that :func:`sample_factor_vae` draws.
        num_train: Votes from which each code's majority factor is learned.
        num_eval: Votes on which that is scored; 0 scores the training votes, as InfoGAN-CR and IB-GAN do.
        batch_size: Images per vote, at least 2.
        num_variance_estimate: Samples for the global variances, at least 2.
        prune_threshold: Codes with a smaller global standard deviation do not vote; constant codes never do.
        seed: Seed of the ``RandomState`` that draws everything.

    Returns:
        ``train_accuracy`` and ``eval_accuracy`` in [0, 1]; ``num_voting_codes``, the number of codes that may vote.
        Where none may, the accuracies are 0, with a warning.

    Raises:
        IBGANError: If a size or the threshold is out of range, or a sampled cell is not in ``table``.

    >>> import numpy as np
    >>> from ibgan_plugin.evaluation.disentanglement import CodeTable
    >>> codes = np.stack(np.unravel_index(np.arange(64), (4, 4, 4)), axis=1)  # three factors, a code each
    >>> table = CodeTable.from_grid(codes, sizes=(4, 4, 4))
    >>> factor_vae(table, num_train=50, num_eval=20, batch_size=16, num_variance_estimate=64, prune_threshold=0.05, seed=0)
    {'train_accuracy': 1.0, 'eval_accuracy': 1.0, 'num_voting_codes': 3.0}
    """
    samples = sample_factor_vae(table.grid, random_state(seed), num_train=num_train, num_eval=num_eval,
                                batch_size=batch_size, num_variance_estimate=num_variance_estimate)
    variances, active = prune_codes(table.lookup(samples.variance), prune_threshold)
    if not active.any():
        warnings.warn(f'FactorVAE score: all {len(active)} codes are constant or have a standard deviation below '
                      f'{prune_threshold}, so none votes and the score is 0')
        return {'train_accuracy': 0.0, 'eval_accuracy': 0.0, 'num_voting_codes': 0.0}
    train = count_votes(table, samples.train, variances, active)
    evaluated = count_votes(table, samples.eval, variances, active) if num_eval else train
    majority = train.argmax(axis=0), np.arange(len(active))
    return {'train_accuracy': float(train[majority].sum() / train.sum()),
            'eval_accuracy': float(evaluated[majority].sum() / evaluated.sum()),
            'num_voting_codes': float(active.sum())}

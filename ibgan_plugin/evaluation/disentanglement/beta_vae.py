"""BetaVAE score: a linear classifier tells which factor the two halves of a batch of pairs share.

Higgins et al., "beta-VAE", 2017, section 3; sampling order and classifier as in disentanglement_lib.
"""
from typing import NamedTuple

import numpy as np

from ibgan_plugin.datasets.ground_truth import FactorGrid, Rng
from ibgan_plugin.evaluation.checks import check_sizes, random_state
from ibgan_plugin.evaluation.disentanglement.codes import CodeTable
from ibgan_plugin.evaluation.disentanglement.sampling import in_chunks, randint_rounds, to_cells
from ibgan_plugin.evaluation.estimators.logistic import fit_classes

#: Batches gathered at a time: bounds the memory, changes no number.
BATCHES_PER_CHUNK = 256


class Pairs(NamedTuple):
    """Batches of pairs that share one factor: ``factor`` int64 [V]; ``first`` and ``second`` cells int64 [V, batch_size]."""

    factor: np.ndarray
    first: np.ndarray
    second: np.ndarray


class BetaVAESamples(NamedTuple):
    """What the score reads: pairs to fit the classifier on, and pairs to score it on."""

    train: Pairs
    eval: Pairs

    @property
    def cells(self) -> list[np.ndarray]:
        """All cells."""
        return [self.train.first, self.train.second, self.eval.first, self.eval.second]


def sample_pairs(grid: FactorGrid, rng: Rng, num: int, batch_size: int) -> Pairs:
    """Draw ``num`` batches: a factor, two batches of cells, and that factor of the second set to the first's, pair by pair."""
    values = [(n, batch_size) for n in grid.sizes]

    def draw(rounds: int) -> Pairs:
        factor, *columns = randint_rounds(rng, [(grid.num_factors, 1), *values, *values], rounds)
        first, second = columns[:grid.num_factors], columns[grid.num_factors:]
        for k, (one, other) in enumerate(zip(first, second, strict=True)):
            shared = factor[:, 0] == k
            other[shared] = one[shared]
        return Pairs(factor[:, 0], to_cells(grid, first), to_cells(grid, second))

    return Pairs(*in_chunks(draw, num))


def sample_beta_vae(grid: FactorGrid, rng: Rng, *, num_train: int, num_eval: int, batch_size: int) -> BetaVAESamples:
    """All cells that :func:`beta_vae` reads, drawn from ``rng`` in the order of disentanglement_lib; sizes are at least 1."""
    check_sizes(num_train=num_train, num_eval=num_eval, batch_size=batch_size)
    return BetaVAESamples(sample_pairs(grid, rng, num_train, batch_size), sample_pairs(grid, rng, num_eval, batch_size))


def pair_features(table: CodeTable, pairs: Pairs) -> np.ndarray:
    """Mean absolute difference of the codes over each batch of pairs, [V, C]."""
    features = np.empty((len(pairs.factor), table.num_codes))
    for start in range(0, len(features), BATCHES_PER_CHUNK):
        chunk = slice(start, start + BATCHES_PER_CHUNK)
        features[chunk] = np.abs(table.lookup(pairs.first[chunk]) - table.lookup(pairs.second[chunk])).mean(axis=1)
    return features


def beta_vae(table: CodeTable, *, num_train: int, num_eval: int, batch_size: int, inverse_penalty: float, max_iter: int,
             seed: int) -> dict[str, float]:
    """BetaVAE score of codes, higher is better, chance is about 1/num_factors.

    Args:
        table: Codes of the grid, or of the cells that :func:`sample_beta_vae` draws.
        num_train: Batches of pairs on which the classifier is fitted.
        num_eval: Batches on which it is scored, at least 1.
        batch_size: Pairs per batch.
        inverse_penalty: scikit-learn's ``C`` of the logistic regression.
        max_iter: Iterations of its solver.
        seed: Seed of the ``RandomState`` that draws everything.

    Returns:
        ``train_accuracy`` and ``eval_accuracy`` in [0, 1].

    Raises:
        IBGANError: If a size is out of range or a sampled cell is not in ``table``.

    >>> import numpy as np
    >>> from ibgan_plugin.evaluation.disentanglement import CodeTable
    >>> codes = np.stack(np.unravel_index(np.arange(64), (4, 4, 4)), axis=1)  # three factors, a code each
    >>> table = CodeTable.from_grid(codes, sizes=(4, 4, 4))
    >>> beta_vae(table, num_train=200, num_eval=50, batch_size=16, inverse_penalty=100.0, max_iter=100, seed=0)
    {'train_accuracy': 1.0, 'eval_accuracy': 1.0}
    """
    samples = sample_beta_vae(table.grid, random_state(seed), num_train=num_train, num_eval=num_eval, batch_size=batch_size)
    train = pair_features(table, samples.train)
    classifier = fit_classes(train, samples.train.factor, inverse_penalty=inverse_penalty, max_iter=max_iter)
    return {'train_accuracy': classifier.score(train, samples.train.factor),
            'eval_accuracy': classifier.score(pair_features(table, samples.eval), samples.eval.factor)}

"""BetaVAE score: a linear classifier tells which factor the two halves of a batch of pairs share.

Higgins et al., "beta-VAE", 2017, section 3; sampling order and classifier as in disentanglement_lib.
"""
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np

from ibgan_plugin.datasets.ground_truth import FactorGrid, Rng
from ibgan_plugin.evaluation.disentanglement.codes import CodeTable
from ibgan_plugin.evaluation.disentanglement.sampling import check_sizes, in_chunks, randint_rounds, to_cells
from ibgan_plugin.evaluation.estimators.logistic import fit_classes
from ibgan_plugin.utils.errors import IBGANError

#: Batches gathered at a time: bounds the memory, changes no number.
BATCHES_PER_CHUNK = 256


class Pairs(NamedTuple):
    """Batches of pairs that share one factor: ``factor`` int64 [V]; ``first`` and ``second`` cells int64 [V, batch_size]."""

    factor: np.ndarray
    first: np.ndarray
    second: np.ndarray


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


def beta_vae_cells(grid: FactorGrid, rng: Rng, *, num_train: int, num_eval: int, batch_size: int,
                   **_: object) -> list[np.ndarray]:
    """The cells that :func:`beta_vae` looks up, given its keyword arguments."""
    return [cells for num in (num_train, num_eval) for cells in sample_pairs(grid, rng, num, batch_size)[1:]]


def pair_features(table: CodeTable, pairs: Pairs) -> np.ndarray:
    """Mean absolute difference of the codes over each batch of pairs, [V, C]."""
    features = np.empty((len(pairs.factor), table.num_codes))
    for start in range(0, len(features), BATCHES_PER_CHUNK):
        chunk = slice(start, start + BATCHES_PER_CHUNK)
        difference = table.lookup(pairs.first[chunk])
        difference -= table.lookup(pairs.second[chunk])
        features[chunk] = np.einsum('vbc->vc', np.abs(difference, out=difference)) / difference.shape[1]
    return features


def beta_vae(table: CodeTable, *, num_train: int, num_eval: int, batch_size: int, inverse_penalty: float, max_iter: int,
             seed: int) -> dict[str, float]:
    """BetaVAE score of codes, higher is better, chance is about 1/num_factors.

    Args:
        table: Codes of the grid, or of the cells that :func:`beta_vae_cells` lists.
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
    """
    check_sizes(num_train=num_train, batch_size=batch_size, max_iter=max_iter)
    if num_eval < 1:
        raise IBGANError(f'num_eval must be an integer >= 1, got {num_eval!r}')
    rng = np.random.RandomState(seed)
    train = sample_pairs(table.grid, rng, num_train, batch_size)

    def fit() -> tuple[np.ndarray, np.ndarray, Callable[[np.ndarray], np.ndarray]]:
        features = pair_features(table, train)
        return features, *fit_classes(features, train.factor, inverse_penalty=inverse_penalty, max_iter=max_iter)

    with ThreadPoolExecutor(1) as helper:
        fitted = helper.submit(fit)  # while the others are drawn
        evaluated = sample_pairs(table.grid, rng, num_eval, batch_size)
        features = pair_features(table, evaluated)
        train_features, classes, probabilities = fitted.result()
    train_accuracy, eval_accuracy = (float((classes[probabilities(inputs).argmax(axis=1)] == pairs.factor).mean())
                                     for pairs, inputs in ((train, train_features), (evaluated, features)))
    return {'train_accuracy': train_accuracy, 'eval_accuracy': eval_accuracy}

"""Z-min variance: the FactorVAE score from labelled samples, without a grid, between chance and 1.

Kim and Mnih, "Disentangling by Factorising", 2018, as Carbonneau et al. run it ("Measuring Disentanglement: A Review", 2022).
"""
import warnings

import numpy as np

from ibgan_plugin.evaluation.checks import check_sizes, random_state
from ibgan_plugin.evaluation.disentanglement.common import check_samples, varying_factors
from ibgan_plugin.evaluation.disentanglement.factor_vae import VOTES_PER_CHUNK, prune_codes
from ibgan_plugin.evaluation.disentanglement.labelled import CodeSource
from ibgan_plugin.utils.errors import IBGANError


def sample_shared(factors: np.ndarray, rng: np.random.RandomState, num_votes: int, vote_size: int) -> tuple[np.ndarray, np.ndarray]:
    """Batches of samples that share one factor's value.

    A factor is drawn, then one of its values that two samples or more have, then samples with it, with replacement.

    Args:
        factors: Whole numbers [N, F].
        rng: Source of the draws.
        num_votes: Number V of batches.
        vote_size: Samples of each.

    Returns:
        The factors int64 [V] and rows int64 [V, vote_size].

    Raises:
        IBGANError: If a factor has no value that two samples have.
    """
    factor = rng.randint(factors.shape[1], size=num_votes)
    rows = np.empty((num_votes, vote_size), dtype=np.int64)
    for k, column in enumerate(factors.T):
        order = np.argsort(column, kind='stable')
        _, first, count = np.unique(column[order], return_index=True, return_counts=True)
        shared = np.flatnonzero(count > 1)
        if not len(shared):
            raise IBGANError(f'factor {k} has another value in each of the {len(factors)} samples, so that none share one')
        votes = np.flatnonzero(factor == k)
        group = shared[rng.randint(len(shared), size=len(votes))]
        place = (rng.random_sample((len(votes), vote_size)) * count[group, None]).astype(np.int64)
        rows[votes] = order[first[group, None] + place]
    return factor, rows


def z_min_variance(source: CodeSource, *, num_train: int, batch_size: int, num_train_votes: int, num_eval_votes: int,
                   vote_size: int, prune_threshold: float, seed: int) -> dict[str, float]:
    """Z-min variance of codes, higher is better.

    Args:
        source: Codes and factors to draw from.
        num_train: Samples from which all batches come, and whose variances are the global ones.
        batch_size: Samples drawn at a time, which only fixes the order of the draws.
        num_train_votes: Votes from which each code's majority factor is learned.
        num_eval_votes: Votes on which that is scored.
        vote_size: Samples of a vote, at least 2.
        prune_threshold: Codes with a smaller standard deviation do not vote; constant codes never do.
        seed: Seed of the ``RandomState`` that draws everything.

    Returns:
        ``score``, the accuracy on a scale where chance, 1 / F, is 0 and 1 is 1: it may be slightly negative, and is the accuracy
        itself with one factor. ``num_voting_codes``, the number of codes that may vote. Without any, both are 0, with a warning.

    Raises:
        IBGANError: If a number is out of range, all factors are constant, or no samples share a value.

    >>> import numpy as np
    >>> from ibgan_plugin.evaluation.disentanglement import CodeTable
    >>> codes = np.stack(np.unravel_index(np.arange(64), (4, 4, 4)), axis=1)  # three factors, a code each
    >>> table = CodeTable.from_grid(codes, sizes=(4, 4, 4))
    >>> z_min_variance(table, num_train=500, batch_size=16, num_train_votes=50, num_eval_votes=20, vote_size=20,
    ...                prune_threshold=0.05, seed=0)
    {'score': 1.0, 'num_voting_codes': 3.0}
    """
    check_sizes(num_train_votes=num_train_votes, num_eval_votes=num_eval_votes, batch_size=batch_size)
    check_sizes(2, vote_size=vote_size, num_train=num_train)
    rng = random_state(seed)
    sample, = source.split(rng, num_train=num_train, batch_size=batch_size)
    codes, factors = check_samples(sample.codes, sample.factors, 2)
    factors = factors[:, varying_factors(factors, 'Z-min variance')]
    variances, active = prune_codes(codes, prune_threshold)
    if not active.any():
        warnings.warn(f'Z-min variance: all {len(active)} codes are constant or have a standard deviation below {prune_threshold}, '
                      'so none votes and the score is 0')
        return {'score': 0.0, 'num_voting_codes': 0.0}
    scaled = codes[:, active] / np.sqrt(variances[active])
    counts = []
    for num_votes in (num_train_votes, num_eval_votes):
        factor, rows = sample_shared(factors, rng, num_votes, vote_size)
        winners = np.concatenate([scaled[rows[start:start + VOTES_PER_CHUNK]].var(axis=1, ddof=1).argmin(axis=1)
                                  for start in range(0, num_votes, VOTES_PER_CHUNK)])
        votes = np.zeros((factors.shape[1], scaled.shape[1]), dtype=np.int64)
        np.add.at(votes, (factor, winners), 1)
        counts.append(votes)
    majority = counts[0].argmax(axis=0), np.arange(scaled.shape[1])
    accuracy = counts[1][majority].sum() / num_eval_votes
    chance = 1 / factors.shape[1] if factors.shape[1] > 1 else 0.0
    return {'score': float((accuracy - chance) / (1 - chance)), 'num_voting_codes': float(active.sum())}

"""ModelCentrality: the run closest to all others is the one to keep.

Lin et al., "InfoGAN-CR and ModelCentrality", 2020, section 4.
"""
from collections.abc import Sequence

import numpy as np

from ibgan_plugin.evaluation.checks import check_matrix, check_sizes, random_state
from ibgan_plugin.evaluation.disentanglement.factor_vae import VOTES_PER_CHUNK, prune_codes
from ibgan_plugin.evaluation.disentanglement.udr import check_runs
from ibgan_plugin.utils.errors import IBGANError


def centrality(similarity: np.ndarray) -> np.ndarray:
    """Mean similarity of each run to the other runs.

    Args:
        similarity: [R, R]; entry [i, j] is the score of run j's encoder when run i's codes are the ground truth. It is made
            symmetric; the diagonal is not used.

    Returns:
        float64 [R]; the largest is the medoid.

    Raises:
        IBGANError: If the matrix is not square with at least two runs.

    >>> import numpy as np
    >>> centrality(np.array([[1.0, 0.9, 0.1], [0.9, 1.0, 0.2], [0.1, 0.2, 1.0]])).round(2)
    array([0.5 , 0.55, 0.15])
    """
    similarity = check_matrix(similarity, 'similarity', 'R, R')
    if similarity.shape[0] != similarity.shape[1] or len(similarity) < 2:
        raise IBGANError(f'similarity must have shape [R, R] with R >= 2, got {list(similarity.shape)}')
    symmetric = (similarity + similarity.T) / 2
    return (symmetric.sum(axis=1) - np.diag(symmetric)) / (len(symmetric) - 1)


def cross_factor_vae(truth: np.ndarray, codes: np.ndarray, rng: np.random.RandomState, *, num_votes: int, batch_size: int,
                     num_bins: int, prune_threshold: float) -> float:
    """FactorVAE score of ``codes`` [N, C] when the codes ``truth`` [N, K] of the same samples are the factors.

    The paper fixes a latent code of a generator. From stored codes alone, a code of ``truth`` is held within one of its
    ``num_bins`` quantile bins instead, and the batch is drawn, with replacement, from the samples in it.

    Returns:
        In [0, 1], scored on the votes themselves; 0 where either side has no active code.

    Raises:
        IBGANError: If a size is out of range, the numbers of samples differ or a code is not finite.
    """
    check_sizes(num_votes=num_votes, num_bins=num_bins)
    check_sizes(2, batch_size=batch_size)
    truth, codes = check_runs([truth, codes])
    truth = truth[:, prune_codes(truth, prune_threshold)[1]]
    variances, active = prune_codes(codes, prune_threshold)
    if not truth.shape[1] or not active.any():
        return 0.0
    order = np.argsort(truth, axis=0, kind='stable')  # N x K: equal parts of it are the quantile bins
    edges = np.linspace(0, len(truth), min(num_bins, len(truth)) + 1).astype(np.int64)
    factor = rng.randint(truth.shape[1], size=num_votes)
    first = rng.randint(len(edges) - 1, size=num_votes)
    start, length = edges[first], np.diff(edges)[first]
    rows = order[start[:, None] + (rng.random_sample((num_votes, batch_size)) * length[:, None]).astype(np.int64),
                 factor[:, None]]
    counts = np.zeros((truth.shape[1], int(active.sum())), dtype=np.int64)
    for vote in range(0, num_votes, VOTES_PER_CHUNK):
        chunk = slice(vote, vote + VOTES_PER_CHUNK)
        local = codes[:, active].take(rows[chunk], axis=0).var(axis=1, ddof=1)
        np.add.at(counts, (factor[chunk], np.argmin(local / variances[active], axis=1)), 1)
    return float(counts.max(axis=0).sum() / num_votes)


def model_centrality(runs: Sequence[np.ndarray], *, num_votes: int, batch_size: int, num_bins: int, prune_threshold: float,
                     seed: int) -> np.ndarray:
    """ModelCentrality of each run, from stored codes.

    Args:
        runs: Codes [N, C_r] of each run on the same samples, in the same order.
        num_votes: Votes per ordered pair of runs.
        batch_size: Samples per vote, at least 2.
        num_bins: Quantile bins within which a code counts as fixed.
        prune_threshold: Codes with a smaller standard deviation, and constant ones, are left out.
        seed: Seed of the ``RandomState`` of each pair.

    Returns:
        float64 [number of runs] in [0, 1]; the largest is the run to keep.

    Raises:
        IBGANError: If a size is out of range or the runs do not fit together.
    """
    checked = check_runs(runs)
    similarity = np.zeros((len(checked), len(checked)))
    for i, truth in enumerate(checked):
        for j, codes in enumerate(checked):
            if i != j:
                similarity[i, j] = cross_factor_vae(truth, codes, random_state(seed), num_votes=num_votes,
                                                    batch_size=batch_size, num_bins=num_bins, prune_threshold=prune_threshold)
    return centrality(similarity)

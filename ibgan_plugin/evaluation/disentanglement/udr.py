"""Unsupervised disentanglement ranking: runs whose codes agree with those of other runs up to order and sign rank high.

Duan et al., "Unsupervised Model Selection for Variational Disentangled Representation Learning", 2020, section 4.
"""
from collections.abc import Sequence

import numpy as np

from ibgan_plugin.evaluation.checks import check_choice, check_codes, check_matrix, check_range
from ibgan_plugin.evaluation.disentanglement.factor_vae import prune_codes
from ibgan_plugin.utils.errors import IBGANError

SIMILARITIES = ('spearman', 'lasso')


def check_runs(runs: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Codes [N, C_r] of at least two runs on the same N >= 2 samples, as finite float64 arrays.

    Raises:
        IBGANError: If there are fewer runs or samples, the numbers of samples differ, or a code is NaN or infinite.
    """
    checked = []
    for number, codes in enumerate(runs):
        try:
            checked.append(check_codes(codes))
        except ValueError as error:
            raise IBGANError(f'run {number}: {error}') from error
    lengths = [len(codes) for codes in checked]
    if len(checked) < 2 or len(set(lengths)) > 1 or lengths[0] < 2:
        raise IBGANError(f'at least two runs with codes of the same two or more samples are needed, got {lengths} samples')
    return checked


def relative_strength(similarity: np.ndarray) -> float:
    """How close to one-to-one two sets of codes match, from their similarities [A, B] >= 0.

    Mean over codes of (largest similarity)^2 / (sum of similarities), over rows and over columns, and of the two; 0 for a
    code that resembles none.

    Raises:
        IBGANError: If a similarity is negative or not finite.

    >>> import numpy as np
    >>> relative_strength(np.eye(3)), relative_strength(np.ones((3, 3)))
    (1.0, 0.3333333333333333)
    """
    if not np.size(similarity):
        return 0.0
    similarity = check_matrix(similarity, 'similarity', 'A, B', low=0)
    means = []
    for axis in (0, 1):
        total = similarity.sum(axis=axis)
        means.append(np.mean(np.square(similarity.max(axis=axis)) / np.where(total > 0, total, 1.0)))
    return float(np.mean(means))


def _standardized(values: np.ndarray) -> np.ndarray:
    return (values - values.mean(axis=0)) / values.std(axis=0)


def _similarity(first: np.ndarray, second: np.ndarray, kind: str, lasso_alpha: float) -> np.ndarray:
    """Similarities [A, B] of prepared codes [N, A] and [N, B]."""
    if kind == 'spearman':
        return np.abs(first.T @ second) / len(first)
    from sklearn.linear_model import Lasso
    return np.abs(np.reshape(Lasso(alpha=lasso_alpha).fit(first, second).coef_, (second.shape[1], first.shape[1]))).T


def udr(runs: Sequence[np.ndarray], *, similarity: str, lasso_alpha: float, prune_threshold: float) -> np.ndarray:
    """UDR of each run: the median over the other runs of how close to one-to-one their codes match.

    Lasso regressions go from the other run's codes to this run's, as in disentanglement_lib.

    Args:
        runs: Codes [N, C_r] of each run on the same samples, in the same order.
        similarity: ``'spearman'`` (absolute rank correlation) or ``'lasso'`` (absolute weights of a Lasso regression on the
            other run's codes, both standardised).
        lasso_alpha: Penalty of the Lasso, 0.1 in the paper; not used with ``'spearman'``.
        prune_threshold: Codes with a smaller standard deviation, and constant ones, are left out (the paper leaves out codes
            with a small KL divergence from the prior, which only a variational encoder has).

    Returns:
        float64 [number of runs], higher is better, in [0, 1] for ``'spearman'``; 0 for a run without an active code.

    Raises:
        IBGANError: If the similarity is unknown or the runs do not fit together.

    >>> import numpy as np
    >>> codes = np.random.default_rng(0).standard_normal((100, 3))
    >>> udr([codes, -2 * codes[:, ::-1]], similarity='spearman', lasso_alpha=0.1, prune_threshold=0.05).round(1)  # in another order
    array([1., 1.])
    """
    check_choice(SIMILARITIES, similarity=similarity)
    check_range(0, np.inf, lasso_alpha=lasso_alpha)
    active = [codes[:, prune_codes(codes, prune_threshold)[1]] for codes in check_runs(runs)]
    if similarity == 'spearman':
        from scipy.stats import rankdata
        active = [rankdata(codes, axis=0) for codes in active]
    prepared = [_standardized(codes) for codes in active]
    scores = np.zeros((len(prepared), len(prepared)))
    for i, first in enumerate(prepared):
        for j, second in enumerate(prepared):
            if i != j and first.shape[1] and second.shape[1]:
                scores[i, j] = relative_strength(_similarity(first, second, similarity, lasso_alpha))
    others = ~np.eye(len(prepared), dtype=bool)
    return np.array([np.median(row[keep]) for row, keep in zip(scores.T, others, strict=True)])

"""Total AUROC difference. Yeats et al., "NashAE: Disentangling Representations through Adversarial Covariance Minimization",
2022."""
import warnings

import numpy as np

from ibgan_plugin.evaluation.checks import check_sizes, random_state
from ibgan_plugin.evaluation.disentanglement.common import check_samples, varying_factors
from ibgan_plugin.evaluation.disentanglement.discrete import entropy, mutual_information
from ibgan_plugin.evaluation.disentanglement.labelled import CodeSource
from ibgan_plugin.utils.errors import IBGANError


def auroc(codes: np.ndarray, attributes: np.ndarray) -> np.ndarray:
    """How well each code alone detects each attribute: the area under its ROC curve, or of its negative where that is larger.

    Args:
        codes: [N, C].
        attributes: 0 or 1, [N, A]; each has both.

    Returns:
        [C, A], in [0.5, 1].

    >>> import numpy as np
    >>> auroc(np.array([[0.1], [0.4], [0.35], [0.8]]), np.array([[0], [0], [1], [1]]))
    array([[0.75]])
    """
    from scipy.stats import rankdata
    positive = attributes.sum(axis=0)  # A
    ranks = rankdata(codes, axis=0)  # N x C, ties get their mean
    wins = ranks.T @ attributes - positive * (positive + 1) / 2  # pairs of both kinds in which the positive has the larger code
    area = wins / (positive * (len(attributes) - positive))
    return np.maximum(area, 1 - area)


def tad_score(codes: np.ndarray, attributes: np.ndarray, least_auroc: float, most_shared: float) -> tuple[float, int]:
    """Sum over captured attributes of (best - second best AUROC of a code), and the number of these attributes.

    An attribute is captured if some code detects it, and no other attribute tells much about it: of two that go together, such as
    beard and sex, a code can not serve one alone.

    Args:
        codes: Codes [N, C]; with one code the second best is chance, 0.5.
        attributes: 0 or 1, [N, A]; constant ones are left out, with a warning.
        least_auroc: AUROC from which on a code detects an attribute, in [0.5, 1].
        most_shared: Share of an attribute's entropy that another attribute may explain.

    Returns:
        The sum, from 0 to half the number of attributes, and the number of captured ones.

    Raises:
        IBGANError: If shapes or types do not fit, a code is not finite, an attribute has a value other than 0 and 1, all are
            constant, or a threshold is out of range.

    >>> import numpy as np
    >>> attributes = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
    >>> # a code an attribute: each is detected by one, and by the other at chance
    >>> tad_score(attributes * 1.0, attributes, least_auroc=0.75, most_shared=0.2)
    (1.0, 2)
    """
    if not (0.5 <= least_auroc <= 1 and 0 <= most_shared <= 1):
        raise IBGANError(f'least_auroc must be in [0.5, 1] and most_shared in [0, 1], got {least_auroc} and {most_shared}')
    codes, attributes = check_samples(codes, attributes, 2)
    if not np.isin(attributes, (0, 1)).all():
        raise IBGANError(f'TAD needs attributes that are 0 or 1, got values from {attributes.min()} to {attributes.max()}')
    attributes = attributes[:, varying_factors(attributes, 'TAD')]
    ordered = np.sort(np.vstack([np.full(attributes.shape[1], 0.5), auroc(codes, attributes)]), axis=0)  # (C + 1) x A
    best, second = ordered[-1], ordered[-2]
    shared = mutual_information(attributes, attributes)
    np.fill_diagonal(shared, 0)
    captured = (best >= least_auroc) & (shared.max(axis=0) <= most_shared * entropy(attributes))
    if not captured.any():
        warnings.warn(f'TAD: no code detects any of the {len(best)} attributes with an AUROC of {least_auroc} or more, or all '
                      'those go together with others, so the score is 0')
    return float((best - second)[captured].sum()), int(captured.sum())


def tad(source: CodeSource, *, num_train: int, batch_size: int, least_auroc: float, most_shared: float,
        seed: int) -> dict[str, float]:
    """TAD of codes by binary attributes such as CelebA's 40, higher is better, chance is 0.

    Args:
        source: Codes and attributes to draw from.
        num_train: Number of samples.
        batch_size: Samples drawn at a time, which only fixes the order of the draws.
        least_auroc, most_shared: See :func:`tad_score`.
        seed: Seed of the ``RandomState`` that draws everything.

    Returns:
        ``score`` and ``num_captured``, the number of attributes that it sums over.

    Raises:
        IBGANError: As :func:`tad_score`, and if a size is out of range.
    """
    check_sizes(2, num_train=num_train)
    check_sizes(batch_size=batch_size)
    sample, = source.split(random_state(seed), num_train=num_train, batch_size=batch_size)
    score, captured = tad_score(sample.codes, sample.factors, least_auroc, most_shared)
    return {'score': score, 'num_captured': float(captured)}

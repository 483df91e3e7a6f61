"""InfoMEC: modularity, explicitness and compactness from information. Hsu et al., "Disentanglement via Latent Quantization", 2023.

Equations of section 4 there; estimators as in the authors' code: nearest neighbours for the mutual information of continuous
codes, an unpenalised linear classifier for the information that a factor's linear readout has.
"""
import warnings

import numpy as np

from ibgan_plugin.evaluation.checks import check_choice, check_codes, check_matrix, check_range, check_sizes, random_state
from ibgan_plugin.evaluation.disentanglement.common import check_samples, varying_factors
from ibgan_plugin.evaluation.disentanglement.discrete import entropy, mutual_information
from ibgan_plugin.evaluation.disentanglement.labelled import CodeSource
from ibgan_plugin.evaluation.estimators.logistic import fit_as_far_as_it_goes
from ibgan_plugin.utils.errors import IBGANError

#: How widely a code varies: the range of its values, or the range between its quartiles.
SPREADS = {'range': lambda codes: np.ptp(codes, axis=0),
           'iqr': lambda codes: np.subtract(*np.quantile(codes, [0.75, 0.25], axis=0))}


def active_codes(codes: np.ndarray, *, pruning: str, prune_share: float, discrete_codes: bool) -> np.ndarray:
    """Which codes [N, C] count, bool [C].

    Args:
        codes: Codes.
        pruning: ``'range'`` (latent quantisation) or ``'iqr'`` (Tripod): how wide a code is.
        prune_share: A continuous code counts if it is wider than this share of the widest one, and a discrete one, whose
            values are of a common scale, if it is wider than this number.
        discrete_codes: See above.

    Raises:
        IBGANError: If a code is not finite or another argument out of range.

    >>> import numpy as np
    >>> codes = np.array([[0.0, 0.0], [1.0, 0.01], [0.5, 0.0]])
    >>> active_codes(codes, pruning='range', prune_share=0.05, discrete_codes=False)
    array([ True, False])
    """
    check_choice(SPREADS, pruning=pruning)
    check_range(0, np.inf, prune_share=prune_share)
    spread = SPREADS[pruning](check_codes(codes))
    return spread > (prune_share if discrete_codes else prune_share * spread.max())


def normalized_information(codes: np.ndarray, factors: np.ndarray, *, num_neighbours: int, discrete_codes: bool,
                           seed: int) -> np.ndarray:
    """Mutual information [C, F] of each code with each factor, divided by the factor's entropy.

    Args:
        codes: Codes [N, C].
        factors: Whole numbers [N, F]; 0 for a constant one.
        num_neighbours: Of the estimate for continuous codes (Ross, 2014), which may exceed 1 by some 0.001.
        discrete_codes: Whether codes are discrete; each different value is then a class.
        seed: Of the tiny noise that tells equal values of continuous codes apart.

    Raises:
        IBGANError: If shapes or types do not fit, a code is not finite, there are no more samples than neighbours, or a factor has
            no value that two samples share.
    """
    from sklearn.feature_selection import mutual_info_classif
    from sklearn.preprocessing import StandardScaler
    check_sizes(num_neighbours=num_neighbours)
    random_state(seed)
    codes, factors = check_samples(codes, factors)
    if discrete_codes:
        classes = np.stack([np.unique(column, return_inverse=True)[1] for column in codes.T], axis=1)
        information = mutual_information(classes, factors)
    else:
        if len(codes) <= num_neighbours:
            raise IBGANError(f'num_neighbours is {num_neighbours}, but there are only {len(codes)} samples')
        for k, labels in enumerate(factors.T):
            if len(np.unique(labels)) == len(labels):
                raise IBGANError(f'factor {k} has another value in each of the {len(labels)} samples, so that no sample has a '
                                 'neighbour of its class: let it be continuous, or leave it out')
        scaled = StandardScaler().fit_transform(codes)
        # column by column: together they would be given their noise in another order than one by one
        information = np.array([[mutual_info_classif(column[:, None], labels, discrete_features=False, n_neighbors=num_neighbours,
                                                     random_state=seed)[0] for labels in factors.T] for column in scaled.T])
    total = entropy(factors)
    return np.divide(information, total, out=np.zeros_like(information), where=total > 0)


def concentration_gap(information: np.ndarray) -> float:
    """Mean over rows [R, K] of largest / sum, on a scale where 1 / K is 0 and 1 is 1.

    A row without information is at chance, 0; with one column, or none of either, see :func:`infom`.
    """
    num = information.shape[1]
    total = information.sum(axis=1)
    share = np.divide(information.max(axis=1), total, out=np.full(len(information), 1 / num), where=total > 0)
    return float((share.mean() - 1 / num) / (1 - 1 / num))


def infom(information: np.ndarray) -> float:
    """InfoM, modularity: how far each kept code informs about one factor alone.

    Args:
        information: Normalised mutual information [A, F] >= 0 of the kept codes.

    Returns:
        In [0, 1]; with one factor 1 where any code informs about it.

    Raises:
        IBGANError: If an entry is negative or not finite, or there is no code.

    >>> import numpy as np
    >>> infom(np.array([[1.0, 0.0], [0.5, 0.5]]))  # one code of one factor, one of both
    0.5
    """
    information = check_matrix(information, 'information', 'A, F', low=0)
    return concentration_gap(information) if information.shape[1] > 1 else float(information.any())


def infoc(information: np.ndarray) -> float:
    """InfoC, compactness: how far each factor is informed about by one kept code alone; arguments and results as :func:`infom`.

    >>> import numpy as np
    >>> infoc(np.array([[1.0, 0.0], [0.0, 0.5]]))
    1.0
    """
    information = check_matrix(information, 'information', 'A, F', low=0).T
    return concentration_gap(information) if information.shape[1] > 1 else float(information.any())


def infoe(codes: np.ndarray, factors: np.ndarray, *, discrete_codes: bool, max_iter: int,
          continuous: np.ndarray | None = None) -> float:
    """InfoE, explicitness: the share of a factor's information that a linear readout of all codes has, mean over factors.

    Args:
        codes: Codes [N, C], standardised here, or made indicators of their values where they are discrete.
        factors: Values [N, F] that vary, whole numbers where a factor is not continuous.
        discrete_codes: See ``codes``.
        max_iter: Iterations of the classifier's solver, converged or not.
        continuous: Whether each factor is continuous, bool [F]: its readout is linear regression, its share R^2.

    Returns:
        At most 1; may be below 0 where the classes are far from equally frequent, since the classifier weights them equally.

    Raises:
        IBGANError: If shapes or types do not fit, or a number is not finite.
    """
    from sklearn.linear_model import LinearRegression
    from sklearn.preprocessing import OneHotEncoder, StandardScaler
    check_sizes(max_iter=max_iter)
    codes, values = check_codes(codes), check_matrix(factors, 'factors', 'N, F')
    if len(codes) != len(values):
        raise IBGANError(f'codes and factors must be of the same samples, got shapes {list(codes.shape)} and {list(values.shape)}')
    is_continuous = np.zeros(values.shape[1], dtype=bool) if continuous is None else continuous
    inputs = OneHotEncoder().fit_transform(codes) if discrete_codes else StandardScaler().fit_transform(codes)
    shares = [LinearRegression().fit(inputs, column).score(inputs, column) if number
              else _classified_share(inputs, check_samples(codes, column[:, None])[1][:, 0], max_iter)
              for column, number in zip(values.T, is_continuous, strict=True)]
    return float(np.mean(shares))


def _classified_share(inputs: np.ndarray, labels: np.ndarray, max_iter: int) -> float:
    """(null cross-entropy - cross-entropy) / null cross-entropy; blind to the inputs, balanced classes are equally likely."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import log_loss
    null = np.log(len(np.unique(labels)))
    if null == 0:
        return 0.0
    model = LogisticRegression(C=np.inf, class_weight='balanced', tol=1e-4, max_iter=max_iter)
    fit_as_far_as_it_goes(model, inputs, labels)
    return 1 - log_loss(labels, model.predict_proba(inputs)) / null


def infomec(source: CodeSource, *, num_train: int, batch_size: int, discrete_codes: bool, pruning: str, prune_share: float,
            num_neighbours: int, max_iter: int, seed: int) -> dict[str, float]:
    """InfoMEC of codes, higher is better.

    Args:
        source: Codes and factors to draw from.
        num_train: Number of samples, on which readouts are fitted and scored.
        batch_size: Samples drawn at a time, which only fixes the order of the draws.
        discrete_codes: Whether codes are discrete, as those of a quantised latent space.
        pruning: See :func:`active_codes`.
        prune_share: See :func:`active_codes`.
        num_neighbours: See :func:`normalized_information`.
        max_iter: See :func:`infoe`.
        seed: Seed of the draws and of the estimate.

    Returns:
        ``infom``, ``infoe`` and ``infoc``, 1 at best, and ``num_wide_codes``, the number of codes that count. Without any,
        all are 0, with a warning; constant factors are left out, with a warning.

    Raises:
        IBGANError: If an argument is out of range, or all factors are constant.

    >>> import numpy as np
    >>> from ibgan_plugin.evaluation.disentanglement import CodeTable
    >>> codes = np.stack(np.unravel_index(np.arange(64), (4, 4, 4)), axis=1)  # three factors, a code each
    >>> table = CodeTable.from_grid(codes, sizes=(4, 4, 4))
    >>> scores = infomec(table, num_train=200, batch_size=16, discrete_codes=True, pruning='range', prune_share=0.05,
    ...                  num_neighbours=3, max_iter=100, seed=0)
    >>> round(scores['infoe'], 2), scores['num_wide_codes']
    (1.0, 3.0)
    """
    check_sizes(num_train=num_train, batch_size=batch_size)
    sample, = source.split(random_state(seed), num_train=num_train, batch_size=batch_size)
    varying = varying_factors(sample.values, 'InfoMEC')
    active = active_codes(sample.codes, pruning=pruning, prune_share=prune_share, discrete_codes=discrete_codes)
    if not active.any():
        warnings.warn(f'InfoMEC: all {len(active)} codes are constant, so the scores are 0')
        return {'infom': 0.0, 'infoe': 0.0, 'infoc': 0.0, 'num_wide_codes': 0.0}
    information = normalized_information(sample.codes[:, active], sample.factors[:, varying], num_neighbours=num_neighbours,
                                         discrete_codes=discrete_codes, seed=seed)
    readout = infoe(sample.codes, sample.values[:, varying], discrete_codes=discrete_codes, max_iter=max_iter,
                    continuous=source.continuous[varying])
    return {'infom': infom(information), 'infoe': readout, 'infoc': infoc(information), 'num_wide_codes': float(active.sum())}

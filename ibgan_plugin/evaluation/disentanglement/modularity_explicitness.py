"""Modularity and explicitness. Ridgeway and Mozer, "Learning Deep Disentangled Embeddings with the F-Statistic Loss", 2018."""
import numpy as np

from ibgan_plugin.evaluation.checks import check_codes, check_labels, check_matrix, check_sizes, random_state
from ibgan_plugin.evaluation.disentanglement.common import varying_factors
from ibgan_plugin.evaluation.disentanglement.discrete import discretize, mutual_information
from ibgan_plugin.evaluation.disentanglement.labelled import CodeSource
from ibgan_plugin.evaluation.estimators.logistic import fit_classes
from ibgan_plugin.utils.errors import IBGANError

#: How far an estimate of an information may be below 0.
ROUNDING = 1e-9


def modularity_score(information: np.ndarray) -> float:
    """Mean over codes of 1 - (squared information outside the best factor) / (best squared information * (F - 1)).

    Args:
        information: Mutual information [C, F] >= 0 of codes and factors. A code without any counts as 0 in the mean, as in
            disentanglement_lib; with one factor every other code is 1.

    Returns:
        In [0, 1].

    Raises:
        IBGANError: If an entry is negative or not finite.

    >>> import numpy as np
    >>> modularity_score(np.array([[1.0, 0.0], [0.5, 0.5]]))  # one code of one factor, one of both
    0.5
    """
    information = check_matrix(information, 'information', 'C, F', low=-ROUNDING)
    squared = np.square(information)
    best = squared.max(axis=1)
    informative = best > 0
    scores = np.zeros(len(squared))
    spread = (squared.sum(axis=1) - best)[informative] / best[informative]
    scores[informative] = 1 - spread / max(1, information.shape[1] - 1)
    return float(scores.mean())


def mean_auc(labels: np.ndarray, classes: np.ndarray, probabilities: np.ndarray) -> float:
    """Area under the one-against-rest ROC curve, averaged over the classes that occur in ``labels``.

    Args:
        labels: True classes, whole numbers [N].
        classes: Classes [K] that the columns of ``probabilities`` [N, K] stand for.
        probabilities: Predicted probabilities. A class in ``labels`` without a column was never seen: its area is 0.5.

    Returns:
        In [0, 1]; 0.5 where ``labels`` has a single class, for which no curve exists.

    Raises:
        IBGANError: If shapes or types do not fit, or a probability is negative or not finite.
    """
    from sklearn.metrics import roc_auc_score
    probabilities = check_matrix(probabilities, 'probabilities', 'N, K', low=0)
    labels = check_labels(labels, len(probabilities))
    columns = dict(zip(np.asarray(classes).tolist(), probabilities.T, strict=True))
    present = np.unique(labels)
    if len(present) == 1:
        return 0.5
    return float(np.mean([roc_auc_score(labels == label, columns[label]) if label in columns else 0.5 for label in present]))


def standardize(train: np.ndarray, test: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Codes [N, C] and [M, C] with the mean and deviation of ``train``; a code that is constant in ``train`` becomes 0 there.

    Raises:
        IBGANError: If a code is not finite or the widths differ.
    """
    train, test = check_codes(train), check_codes(test)
    if train.shape[1] != test.shape[1]:
        raise IBGANError(f'train and test must have the same codes, got shapes {list(train.shape)} and {list(test.shape)}')
    varies = np.ptp(train, axis=0) > 0
    mean, deviation = train.mean(axis=0), np.where(varies, train.std(axis=0), 1.0)
    return np.where(varies, (train - mean) / deviation, 0.0), (test - mean) / deviation


def explicitness_score(train: np.ndarray, train_labels: np.ndarray, test: np.ndarray, test_labels: np.ndarray, *,
                       inverse_penalty: float, max_iter: int) -> tuple[float, float]:
    """Mean one-against-rest AUC, on train and test, of a logistic regression of one factor on standardised codes.

    Args:
        train: Codes [N, C].
        train_labels: The factor, whole numbers [N].
        test: Codes [M, C].
        test_labels: Whole numbers [M].
        inverse_penalty: scikit-learn's ``C``.
        max_iter: Iterations of the solver.

    Raises:
        IBGANError: If shapes or types do not fit, a code is not finite, or a number is out of range.
    """
    model = fit_classes(train, train_labels, inverse_penalty=inverse_penalty, max_iter=max_iter)
    return (mean_auc(train_labels, model.classes_, model.predict_proba(train)),
            mean_auc(test_labels, model.classes_, model.predict_proba(check_codes(test))))


def modularity_explicitness(source: CodeSource, *, num_train: int, num_test: int, batch_size: int, num_bins: int,
                            inverse_penalty: float, max_iter: int, seed: int) -> dict[str, float]:
    """Modularity and explicitness of codes, higher is better.

    Args:
        source: Codes and factors to draw from.
        num_train: Samples for the mutual information and to fit the regressions.
        num_test: Samples for ``explicitness_score_test``.
        batch_size: Samples drawn at a time, which only fixes the order of the draws.
        num_bins: Equal-width bins per code.
        inverse_penalty: scikit-learn's ``C`` of the logistic regressions.
        max_iter: Iterations of their solver.
        seed: Seed of the ``RandomState`` that draws everything.

    Returns:
        ``modularity_score`` in [0, 1]; ``explicitness_score_train`` and ``explicitness_score_test``, areas under ROC
        curves: 0.5 is chance, averaged over the factors that vary.

    Raises:
        IBGANError: If a size is out of range or all factors are constant.

    >>> import numpy as np
    >>> from ibgan_plugin.evaluation.disentanglement import CodeTable
    >>> codes = np.stack(np.unravel_index(np.arange(64), (4, 4, 4)), axis=1)  # three factors, a code each
    >>> table = CodeTable.from_grid(codes, sizes=(4, 4, 4))
    >>> scores = modularity_explicitness(table, num_train=200, num_test=100, batch_size=16, num_bins=20,
    ...                                  inverse_penalty=1.0, max_iter=100, seed=0)
    >>> round(scores['modularity_score'], 3)
    1.0
    """
    check_sizes(num_train=num_train, num_test=num_test, batch_size=batch_size, num_bins=num_bins, max_iter=max_iter)
    train, test = source.split(random_state(seed), num_train=num_train, num_test=num_test, batch_size=batch_size)
    varying = varying_factors(train.factors, 'modularity_explicitness')
    modularity = modularity_score(mutual_information(discretize(train.codes, num_bins), train.factors[:, varying]))
    codes, test_codes = standardize(train.codes, test.codes)
    explicitness = [explicitness_score(codes, train.factors[:, k], test_codes, test.factors[:, k],
                                       inverse_penalty=inverse_penalty, max_iter=max_iter) for k in varying]
    explicit_train, explicit_test = np.mean(explicitness, axis=0)
    return {'modularity_score': modularity, 'explicitness_score_train': float(explicit_train),
            'explicitness_score_test': float(explicit_test)}

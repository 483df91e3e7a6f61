"""Separated attribute predictability. Kumar et al., "Variational Inference of Disentangled Latent Concepts", 2018."""
import numpy as np

from ibgan_plugin.evaluation.checks import check_codes, check_matrix, check_range, check_sizes, random_state
from ibgan_plugin.evaluation.disentanglement.common import check_samples, top_two_gap, varying_factors
from ibgan_plugin.evaluation.disentanglement.labelled import CodeSource
from ibgan_plugin.utils.errors import IBGANError

#: A code whose variance is not larger counts as constant, as in disentanglement_lib.
SMALLEST_VARIANCE = 1e-12


def squared_correlations(codes: np.ndarray, factors: np.ndarray) -> np.ndarray:
    """Squared linear correlation [C, F] of each code [N, C] with each factor [N, F], real numbers both.

    0 for a constant factor and for a code with a variance (ddof=1) of :data:`SMALLEST_VARIANCE` or less.

    Raises:
        IBGANError: If the numbers of samples differ or a number is not finite.

    >>> import numpy as np
    >>> codes = np.array([[0.0, 1.0], [1.0, 1.0], [2.0, 1.0]])
    >>> squared_correlations(codes, factors=np.array([[0], [2], [4]]))
    array([[1.],
           [0.]])
    """
    codes, factors = check_codes(codes), check_matrix(factors, 'factors', 'N, F')
    if len(codes) != len(factors):
        raise IBGANError(f'codes and factors must be of the same samples, got shapes {list(codes.shape)} and {list(factors.shape)}')
    deviations = [values - values.mean(axis=0) for values in (codes, factors)]
    squares = [np.square(deviation).sum(axis=0) for deviation in deviations]
    smallest = SMALLEST_VARIANCE * (len(codes) - 1), 0
    norms = [np.where((np.ptp(values, axis=0) > 0) & (square > least), square, np.inf)
             for values, square, least in zip((codes, factors), squares, smallest, strict=True)]
    return np.square(deviations[0].T @ deviations[1]) / norms[0][:, None] / norms[1]


def classifier_accuracies(train: np.ndarray, train_factors: np.ndarray, test: np.ndarray, test_factors: np.ndarray,
                          penalty: float) -> np.ndarray:
    """Test accuracy [C, F] of a linear support vector classifier of each factor on each code alone.

    Args:
        train: Codes [N, C].
        train_factors: Whole numbers [N, F]; a factor with a single value is predicted to have it.
        test: Codes [M, C].
        test_factors: Whole numbers [M, F].
        penalty: liblinear's ``C``; classes are weighted inversely to their frequency.

    Raises:
        IBGANError: If shapes or types do not fit, a code is not finite, or the penalty is not positive.
    """
    from sklearn.svm import LinearSVC
    _check_penalty(penalty)
    train, train_factors = check_samples(train, train_factors)
    test, test_factors = check_samples(test, test_factors)
    if train.shape[1] != test.shape[1] or train_factors.shape[1] != test_factors.shape[1]:
        raise IBGANError(f'train and test must have the same codes and factors, got shapes {list(train.shape)}, '
                         f'{list(train_factors.shape)} and {list(test.shape)}, {list(test_factors.shape)}')
    accuracies = np.empty((train.shape[1], train_factors.shape[1]))
    for i in range(train.shape[1]):
        for k, labels in enumerate(train_factors.T):
            if (labels == labels[0]).all():
                predicted = np.full(len(test), labels[0])
            else:
                predicted = LinearSVC(C=penalty, class_weight='balanced').fit(train[:, [i]], labels).predict(test[:, [i]])
            accuracies[i, k] = np.mean(predicted == test_factors[:, k])
    return accuracies


def _check_penalty(penalty: float) -> None:
    check_range(0, np.inf, penalty=penalty)
    if not penalty > 0:
        raise IBGANError(f'penalty must be > 0, got {penalty}')


def sap(source: CodeSource, *, num_train: int, num_test: int, batch_size: int, continuous_factors: bool, penalty: float,
        seed: int) -> dict[str, float]:
    """Mean over factors of the gap between the two codes that predict the factor best, higher is better, chance is 0.

    Args:
        source: Codes and factors to draw from.
        num_train: Samples on which predictors are fitted.
        num_test: Samples on which classifiers are scored; not used for continuous factors.
        batch_size: Samples drawn at a time, which only fixes the order of the draws.
        continuous_factors: Score every factor by the squared correlation in place of a classifier's accuracy; factors that
            the source knows to be continuous are scored so in any case.
        penalty: liblinear's ``C``.
        seed: Seed of the ``RandomState`` that draws everything.

    Returns:
        ``score`` in [0, 1]. With one code the second best is 0; constant factors are left out, with a warning.

    Raises:
        IBGANError: If a size or the penalty is out of range, or all factors are constant.

    >>> import numpy as np
    >>> from ibgan_plugin.evaluation.disentanglement import CodeTable
    >>> codes = np.stack(np.unravel_index(np.arange(64), (4, 4, 4)), axis=1)  # three factors, a code each
    >>> table = CodeTable.from_grid(codes, sizes=(4, 4, 4))
    >>> scores = sap(table, num_train=100, num_test=100, batch_size=16, continuous_factors=True, penalty=0.01, seed=0)
    >>> round(scores['score'], 2)
    0.99
    """
    check_sizes(num_train=num_train, num_test=num_test, batch_size=batch_size)
    _check_penalty(penalty)
    train, test = source.split(random_state(seed), num_train=num_train, num_test=num_test, batch_size=batch_size)
    matrix = squared_correlations(train.codes, train.values)  # C x F
    varying = varying_factors(train.values, 'SAP')
    discrete = [k for k in varying if not (continuous_factors or source.continuous[k])]
    if discrete:
        matrix[:, discrete] = classifier_accuracies(train.codes, train.factors[:, discrete], test.codes, test.factors[:, discrete],
                                                    penalty)
    return {'score': float(top_two_gap(matrix[:, varying]).mean())}

"""Separated attribute predictability. Kumar et al., "Variational Inference of Disentangled Latent Concepts", 2018."""
import numpy as np

from ibgan_plugin.evaluation.disentanglement.common import top_two_gap, varying_factors
from ibgan_plugin.evaluation.disentanglement.labelled import CodeSource
from ibgan_plugin.evaluation.disentanglement.sampling import check_sizes
from ibgan_plugin.evaluation.estimators.linear_svc import linear_svc_accuracy
from ibgan_plugin.utils.errors import IBGANError

#: A code whose variance is not larger counts as constant, as in disentanglement_lib.
SMALLEST_VARIANCE = 1e-12


def squared_correlations(codes: np.ndarray, factors: np.ndarray) -> np.ndarray:
    """Squared linear correlation [C, F] of each code [N, C] with each factor [N, F].

    0 for a constant factor and for a code with a variance (ddof=1) of :data:`SMALLEST_VARIANCE` or less.
    """
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
        train: Codes [N, C] and ``train_factors`` int [N, F], each with at least two values.
        train_factors: See ``train``.
        test: Codes [M, C] and ``test_factors`` int [M, F].
        test_factors: See ``test``.
        penalty: liblinear's ``C``.
    """
    return np.array([[linear_svc_accuracy(train[:, i], train_factors[:, k], test[:, i], test_factors[:, k], penalty)
                      for k in range(train_factors.shape[1])] for i in range(train.shape[1])])


def sap(source: CodeSource, *, num_train: int, num_test: int, batch_size: int, continuous_factors: bool, penalty: float,
        seed: int) -> dict[str, float]:
    """Mean over factors of the gap between the two codes that predict the factor best, higher is better.

    Args:
        source: Codes and factors to draw from.
        num_train: Samples on which predictors are fitted.
        num_test: Samples on which classifiers are scored; not used for continuous factors.
        batch_size: Samples drawn at a time, which only fixes the order of the draws.
        continuous_factors: Score by the squared correlation in place of a classifier's accuracy.
        penalty: liblinear's ``C`` of the classifiers; not used for continuous factors.
        seed: Seed of the ``RandomState`` that draws everything.

    Returns:
        ``score`` in [0, 1]. With one code the second best is 0; constant factors are left out, with a warning.

    Raises:
        IBGANError: If a size or the penalty is out of range, or all factors are constant.
    """
    check_sizes(num_train=num_train, num_test=num_test, batch_size=batch_size)
    if not penalty > 0:
        raise IBGANError(f'penalty must be > 0, got {penalty}')
    (codes, factors), (test_codes, test_factors) = source.split((num_train, num_test), batch_size, np.random.RandomState(seed))
    varying = varying_factors(factors, 'SAP')
    factors, test_factors = factors[:, varying], test_factors[:, varying]
    matrix = (squared_correlations(codes, factors) if continuous_factors
              else classifier_accuracies(codes, factors, test_codes, test_factors, penalty))
    return {'score': float(top_two_gap(matrix).mean())}

"""Multinomial logistic regression that accepts a single class."""
import warnings
from typing import Any

import numpy as np

from ibgan_plugin.evaluation.checks import check_codes, check_labels, check_range, check_sizes
from ibgan_plugin.utils.errors import IBGANError


def fit_classes(inputs: np.ndarray, labels: np.ndarray, *, inverse_penalty: float, max_iter: int) -> Any:
    """A classifier of ``inputs`` [N, C], by scikit-learn's L-BFGS; a single class is predicted with certainty.

    Stopping after ``max_iter`` iterations, converged or not, is part of the protocols, so that nothing is said of it.

    Args:
        inputs: Inputs [N, C].
        labels: Class of each input, whole numbers [N].
        inverse_penalty: scikit-learn's ``C``.
        max_iter: Iterations of the solver.

    Returns:
        A fitted ``LogisticRegression`` or ``DummyClassifier``, with ``classes_`` [K], ``predict`` and ``predict_proba``.

    Raises:
        IBGANError: If shapes or types do not fit, an input is not finite, or a number is out of range.
    """
    from sklearn.dummy import DummyClassifier
    from sklearn.linear_model import LogisticRegression
    check_sizes(max_iter=max_iter)
    check_range(0, np.inf, inverse_penalty=inverse_penalty)
    if not inverse_penalty > 0:
        raise IBGANError(f'inverse_penalty must be > 0, got {inverse_penalty}')
    inputs = check_codes(inputs)
    labels = check_labels(labels, len(inputs))
    if (labels == labels[0]).all():
        return DummyClassifier(strategy='most_frequent').fit(inputs, labels)
    return fit_as_far_as_it_goes(LogisticRegression(C=inverse_penalty, max_iter=max_iter), inputs, labels)


def fit_as_far_as_it_goes(model: Any, inputs: np.ndarray, labels: np.ndarray) -> Any:
    """``model`` fitted within its iterations, converged or not.

    One thread does it: several wait for each other in products as small as these (InfoMEC of 10,000 x 10 codes: 11 s and 16 s of
    CPU time with two, 8 s and 8 s with one).
    """
    from sklearn.exceptions import ConvergenceWarning
    from threadpoolctl import threadpool_limits
    with warnings.catch_warnings(), threadpool_limits(1):
        warnings.simplefilter('ignore', ConvergenceWarning)
        return model.fit(inputs, labels)

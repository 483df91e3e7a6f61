"""Multinomial logistic regression that accepts a single class."""
import warnings
from collections.abc import Callable
from threading import Lock

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

#: Held while what belongs to the whole process is changed: metrics run side by side in threads.
_PROCESS = Lock()


def fit_classes(inputs: np.ndarray, labels: np.ndarray, *, inverse_penalty: float,
                max_iter: int) -> tuple[np.ndarray, Callable[[np.ndarray], np.ndarray]]:
    """Fit a classifier on ``inputs`` [N, C] and ``labels`` [N]; a single class is predicted with certainty.

    Args:
        inputs: Inputs [N, C].
        labels: Class of each input.
        inverse_penalty: scikit-learn's ``C``.
        max_iter: Iterations of the L-BFGS solver.

    Returns:
        The classes [K], sorted, and the function from inputs [M, C] to their probabilities [M, K].
    """
    classes = np.unique(labels)
    if len(classes) == 1:
        return classes, lambda others: np.ones((len(others), 1))
    # On these small products, more threads of the linear algebra only take time from the metrics beside.
    with _PROCESS, warnings.catch_warnings(), threadpool_limits(1, 'blas'):
        # Stopping after max_iter iterations, converged or not, is part of the protocol.
        warnings.simplefilter('ignore', ConvergenceWarning)
        return classes, LogisticRegression(C=inverse_penalty, max_iter=max_iter).fit(inputs, labels).predict_proba

"""Multinomial logistic regression that accepts a single class."""
import warnings
from threading import Lock

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

#: Held while what belongs to the whole process is changed: metrics run side by side in threads.
_PROCESS = Lock()


def class_probabilities(train: np.ndarray, labels: np.ndarray, tests: list[np.ndarray], *, inverse_penalty: float,
                        max_iter: int) -> tuple[np.ndarray, list[np.ndarray]]:
    """Fit on ``train`` [N, C] and ``labels`` [N], and predict.

    Args:
        train: Inputs [N, C].
        labels: Class of each input; a single class is predicted with certainty.
        tests: Input arrays [M, C].
        inverse_penalty: scikit-learn's ``C``.
        max_iter: Iterations of the L-BFGS solver.

    Returns:
        The classes [K], sorted, and their probabilities [M, K] for each of ``tests``.
    """
    classes = np.unique(labels)
    if len(classes) == 1:
        return classes, [np.ones((len(test), 1)) for test in tests]
    # On these small products, more threads of the linear algebra only take time from the metrics beside.
    with _PROCESS, warnings.catch_warnings(), threadpool_limits(1, 'blas'):
        # Stopping after max_iter iterations, converged or not, is part of the protocol.
        warnings.simplefilter('ignore', ConvergenceWarning)
        model = LogisticRegression(C=inverse_penalty, max_iter=max_iter).fit(train, labels)
    return classes, [model.predict_proba(test) for test in tests]

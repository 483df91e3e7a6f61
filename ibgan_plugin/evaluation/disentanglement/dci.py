"""Disentanglement, completeness, informativeness.

Eastwood and Williams, "A Framework for the Quantitative Evaluation of Disentangled Representations", 2018, section 2.
"""
from typing import Any

import numpy as np
from joblib import Parallel, delayed

from ibgan_plugin.evaluation.disentanglement.common import varying_factors
from ibgan_plugin.evaluation.disentanglement.dci_models import DCI_MODELS, arguments_of_factor
from ibgan_plugin.evaluation.disentanglement.labelled import CodeSource
from ibgan_plugin.evaluation.disentanglement.sampling import check_sizes
from ibgan_plugin.utils.errors import IBGANError

#: Added to every importance before the entropy, as in disentanglement_lib: it moves scores by about 1e-9.
SMALLEST_SHARE = 1e-11


def _concentration(importance: np.ndarray) -> float:
    """Mean over rows of 1 - entropy(row) / log(columns), weighted by the rows' sums; 0 for an all-zero matrix."""
    weight = importance.sum(axis=1)
    if not weight.sum() > 0:
        return 0.0
    if importance.shape[1] == 1:
        return 1.0
    share = importance + SMALLEST_SHARE
    share /= share.sum(axis=1, keepdims=True)
    entropy = -(share * np.log(share)).sum(axis=1)
    return float(np.average(1 - entropy / np.log(importance.shape[1]), weights=weight))


def disentanglement(importance: np.ndarray) -> float:
    """How far each code serves one factor alone, weighted by the code's importance.

    Args:
        importance: Non-negative [C, F]. A code with an all-zero row has weight 0; with one factor every other code is 1.

    Returns:
        In [0, 1]; 0 for an all-zero matrix.
    """
    return _concentration(importance)


def completeness(importance: np.ndarray) -> float:
    """How far each factor is served by one code alone, weighted by the factor's column of ``importance`` [C, F]."""
    return _concentration(importance.T)


def dci(source: CodeSource, *, num_train: int, num_test: int, batch_size: int, model: str, model_args: dict[str, Any],
        seed: int, n_jobs: int = -1) -> dict[str, float]:
    """DCI of codes, higher is better.

    Args:
        source: Codes and factors to draw from.
        num_train: Samples on which the predictors are fitted.
        num_test: Samples on which they are scored.
        batch_size: Samples drawn at a time, which only fixes the order of the draws.
        model: A key of :data:`DCI_MODELS`.
        model_args: Its keyword arguments; a list stands for one value per factor.
        seed: Seed of the draws and of each predictor.
        n_jobs: Factors predicted in parallel, -1 for one per core; changes no number.

    Returns:
        ``disentanglement`` and ``completeness`` in [0, 1]; ``informativeness_train`` and ``informativeness_test``, 1 at
        best: mean accuracy, or 1 - normalised error for regression. Constant factors are left out, with a warning.

    Raises:
        IBGANError: If a size, the model or its arguments are not as above, or all factors are constant.
    """
    check_sizes(num_train=num_train, num_test=num_test, batch_size=batch_size)
    if model not in DCI_MODELS:
        raise IBGANError(f'model must be one of {", ".join(DCI_MODELS)}, got {model!r}')
    (codes, factors), (test_codes, test_factors) = source.split((num_train, num_test), batch_size, np.random.RandomState(seed))
    arguments = [arguments_of_factor(model_args, k, factors.shape[1]) for k in range(factors.shape[1])]
    varying = varying_factors(factors, 'DCI')
    # factors with many values take longest: first, so that no core is left with one at the end
    ordered = sorted(varying, key=lambda k: -len(np.unique(factors[:, k])))
    predictions = Parallel(n_jobs=n_jobs, batch_size=1)(
        delayed(DCI_MODELS[model])((codes, factors[:, k]), (test_codes, test_factors[:, k]), seed, **arguments[k])
        for k in ordered)
    importance = np.stack([predictions[ordered.index(k)].importance for k in varying], axis=1)  # C x F
    return {'disentanglement': disentanglement(importance), 'completeness': completeness(importance),
            'informativeness_train': float(np.mean([prediction.train for prediction in predictions])),
            'informativeness_test': float(np.mean([prediction.test for prediction in predictions]))}

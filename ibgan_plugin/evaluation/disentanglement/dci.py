"""Disentanglement, completeness, informativeness.

Eastwood and Williams, "A Framework for the Quantitative Evaluation of Disentangled Representations", 2018, section 2.
"""
from typing import Any

import numpy as np
from joblib import Parallel, delayed, parallel_config

from ibgan_plugin.evaluation.checks import check_choice, check_keywords, check_matrix, check_sizes, random_state
from ibgan_plugin.evaluation.disentanglement.common import concentration, varying_factors
from ibgan_plugin.evaluation.disentanglement.dci_models import DCI_MODELS, DCI_REGRESSORS, arguments_of_factor
from ibgan_plugin.evaluation.disentanglement.labelled import CodeSource
from ibgan_plugin.utils.threads import worker_count

#: Added to every importance before the entropy, as in disentanglement_lib: it moves scores by about 1e-9.
SMALLEST_SHARE = 1e-11


def _concentration(importance: np.ndarray) -> float:
    """Mean over rows of 1 - entropy(row) / log(columns), weighted by the rows' sums; 0 for an all-zero matrix."""
    weight = importance.sum(axis=1)
    return float(np.average(concentration(importance, SMALLEST_SHARE), weights=weight)) if weight.sum() > 0 else 0.0


def disentanglement(importance: np.ndarray) -> float:
    """How far each code serves one factor alone, weighted by the code's importance.

    Args:
        importance: Non-negative [C, F]. A code with an all-zero row has weight 0; with one factor every other code is 1.

    Returns:
        In [0, 1]; 0 for an all-zero matrix.

    Raises:
        IBGANError: If an entry is negative or not finite.

    >>> import numpy as np
    >>> round(disentanglement(np.array([[3.0, 0.0], [0.0, 2.0]])), 6), disentanglement(np.ones((2, 2)))
    (1.0, 0.0)
    """
    return _concentration(check_matrix(importance, 'importance', 'C, F', low=0))


def completeness(importance: np.ndarray) -> float:
    """How far each factor is served by one code alone, weighted by the factor's column of ``importance`` [C, F].

    >>> import numpy as np
    >>> round(completeness(np.array([[3.0, 0.0], [0.0, 2.0]])), 6), completeness(np.ones((2, 2)))
    (1.0, 0.0)
    """
    return _concentration(check_matrix(importance, 'importance', 'C, F', low=0).T)


def dci(source: CodeSource, *, num_train: int, num_test: int, batch_size: int, model: str, model_args: dict[str, Any],
        seed: int, n_jobs: int | None = None) -> dict[str, float]:
    """DCI of codes, higher is better.

    Args:
        source: Codes and factors to draw from.
        num_train: Samples on which the predictors are fitted.
        num_test: Samples on which they are scored.
        batch_size: Samples drawn at a time, which only fixes the order of the draws.
        model: A key of :data:`DCI_MODELS`.
        model_args: Its keyword arguments; a list stands for one value per factor.
        seed: Seed of the draws and of each predictor.
        n_jobs: Factors predicted in parallel, None for as many as cores are free; changes no number.

    Returns:
        ``disentanglement`` and ``completeness`` in [0, 1]; ``informativeness_train`` and ``informativeness_test``, 1 at
        best: mean accuracy, or 1 - normalised error for regression, which is of continuous factors and by random forests of
        all. Constant factors are left out, with a warning.

    Raises:
        IBGANError: If a size, the model or its arguments are not as above, or all factors are constant.

    >>> import numpy as np
    >>> from ibgan_plugin.evaluation.disentanglement import CodeTable
    >>> codes = np.stack(np.unravel_index(np.arange(64), (4, 4, 4)), axis=1)  # three factors, a code each
    >>> table = CodeTable.from_grid(codes, sizes=(4, 4, 4))
    >>> scores = dci(table, num_train=200, num_test=100, batch_size=16, model='random_forest',
    ...              model_args={'n_estimators': 10, 'max_depth': 4}, seed=0, n_jobs=1)
    >>> round(scores['disentanglement'], 1)
    1.0
    """
    check_sizes(num_train=num_train, num_test=num_test, batch_size=batch_size)
    check_choice(DCI_MODELS, model=model)
    check_keywords(f'model {model!r} of DCI', DCI_MODELS[model], model_args)
    train, test = source.split(random_state(seed), num_train=num_train, num_test=num_test, batch_size=batch_size)
    num_factors = train.factors.shape[1]
    arguments = [arguments_of_factor(model_args, k, num_factors) for k in range(num_factors)]
    varying = varying_factors(train.values, 'DCI')
    # factors with many values take longest: first, so that no core is left with one at the end
    ordered = sorted(varying, key=lambda k: -len(np.unique(train.factors[:, k])))

    def task(k: int) -> tuple:
        """The predictor of a factor and its arguments."""
        if source.continuous[k]:
            return DCI_REGRESSORS[model], (train.codes, train.values[:, k]), (test.codes, test.values[:, k])
        return DCI_MODELS[model], (train.codes, train.factors[:, k]), (test.codes, test.factors[:, k])

    with parallel_config('loky', inner_max_num_threads=1):  # a worker a core: more threads would only wait for each other
        predictions = Parallel(n_jobs=n_jobs or worker_count(), batch_size=1)(
            delayed(predict)(fit, held_out, seed, **arguments[k]) for k in ordered for predict, fit, held_out in [task(k)])
    importance = np.stack([predictions[ordered.index(k)].importance for k in varying], axis=1)  # C x F
    source.findings.keep('importance', seed, importance, varying, num_factors)
    return {'disentanglement': disentanglement(importance), 'completeness': completeness(importance),
            'informativeness_train': float(np.mean([prediction.train for prediction in predictions])),
            'informativeness_test': float(np.mean([prediction.test for prediction in predictions]))}

"""MED and top-k MED: DCI with mutual information in place of a model's importances.

Cao et al., "An Empirical Study on Disentanglement of Negative-free Contrastive Learning", 2022, section 3.2.
"""
import numpy as np

from ibgan_plugin.evaluation.checks import check_matrix, check_sizes, random_state
from ibgan_plugin.evaluation.disentanglement.common import concentration, varying_factors
from ibgan_plugin.evaluation.disentanglement.dci import SMALLEST_SHARE, completeness, disentanglement
from ibgan_plugin.evaluation.disentanglement.discrete import discretize, mutual_information
from ibgan_plugin.evaluation.disentanglement.labelled import CodeSource
from ibgan_plugin.evaluation.disentanglement.modularity_explicitness import ROUNDING, standardize
from ibgan_plugin.evaluation.estimators.logistic import fit_classes


def information_importance(information: np.ndarray) -> np.ndarray:
    """Mutual information [C, F], each factor's column divided by its sum; a column without any is 0.

    Raises:
        IBGANError: If an entry is negative or not finite.

    >>> import numpy as np
    >>> information_importance(np.array([[3.0, 0.0], [1.0, 0.0]]))
    array([[0.75, 0.  ],
           [0.25, 0.  ]])
    """
    information = np.maximum(check_matrix(information, 'information', 'C, F', low=-ROUNDING), 0)
    total = information.sum(axis=0)
    return np.divide(information, total, out=np.zeros_like(information), where=total > 0)


def top_codes(importance: np.ndarray, k: int) -> np.ndarray:
    """The up to ``k`` most disentangled codes of each factor, as sorted row numbers.

    A code belongs to the factor it informs most about. For representations with many more dimensions than factors, a hundred
    say, most of which tell little.

    Args:
        importance: Non-negative [C, F].
        k: Codes of each factor.

    Raises:
        IBGANError: If ``k`` is below 1, or an entry is negative or not finite.
    """
    check_sizes(k=k)
    importance = check_matrix(importance, 'importance', 'C, F', low=0)
    best_first = np.argsort(-concentration(importance, SMALLEST_SHARE), kind='stable')
    owner = importance.argmax(axis=1)
    chosen = [best_first[owner[best_first] == factor][:k] for factor in range(importance.shape[1])]
    return np.sort(np.concatenate(chosen))


def med(source: CodeSource, *, num_train: int, num_test: int, batch_size: int, num_bins: int, top_k: int, inverse_penalty: float,
        max_iter: int, seed: int) -> dict[str, float]:
    """MED of codes, higher is better.

    Args:
        source: Codes and factors to draw from.
        num_train: Samples for the mutual information and to fit the classifiers.
        num_test: Samples on which classifiers are scored.
        batch_size: Samples drawn at a time, which only fixes the order of the draws.
        num_bins: Equal-width bins per code.
        top_k: Codes of each factor that top-k MED keeps.
        inverse_penalty: scikit-learn's ``C`` of the logistic regressions.
        max_iter: Iterations of their solver.
        seed: Seed of the ``RandomState`` that draws everything.

    Returns:
        ``disentanglement`` and ``completeness`` in [0, 1], the same of the chosen codes, ``top_k_...``, and
        ``informativeness_train`` and ``informativeness_test``, mean accuracies. Constant factors are left out, with a warning.

    Raises:
        IBGANError: If a number is out of range, or all factors are constant.

    >>> import numpy as np
    >>> from ibgan_plugin.evaluation.disentanglement import CodeTable
    >>> codes = np.stack(np.unravel_index(np.arange(64), (4, 4, 4)), axis=1)  # three factors, a code each
    >>> table = CodeTable.from_grid(codes, sizes=(4, 4, 4))
    >>> scores = med(table, num_train=4000, num_test=100, batch_size=16, num_bins=20, top_k=1, inverse_penalty=1.0, max_iter=100,
    ...              seed=0)
    >>> round(scores['disentanglement'], 1)
    1.0
    """
    check_sizes(num_train=num_train, num_test=num_test, batch_size=batch_size)
    train, test = source.split(random_state(seed), num_train=num_train, num_test=num_test, batch_size=batch_size)
    varying = varying_factors(train.factors, 'MED')
    importance = information_importance(mutual_information(discretize(train.codes, num_bins), train.factors[:, varying]))
    chosen = importance[top_codes(importance, top_k)]
    codes, test_codes = standardize(train.codes, test.codes)
    models = [fit_classes(codes, train.factors[:, k], inverse_penalty=inverse_penalty, max_iter=max_iter) for k in varying]
    accuracies = [[model.score(inputs, labels[:, k]) for k, model in zip(varying, models, strict=True)]
                  for inputs, labels in ((codes, train.factors), (test_codes, test.factors))]
    return {'disentanglement': disentanglement(importance), 'completeness': completeness(importance),
            'top_k_disentanglement': disentanglement(chosen), 'top_k_completeness': completeness(chosen),
            'informativeness_train': float(np.mean(accuracies[0])), 'informativeness_test': float(np.mean(accuracies[1]))}

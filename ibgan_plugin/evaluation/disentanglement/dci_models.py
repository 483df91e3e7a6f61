"""Predictors of one factor from all codes that tell how much each code matters, for DCI."""
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from ibgan_plugin.evaluation.estimators.boosting import boost
from ibgan_plugin.utils.errors import IBGANError


class Prediction(NamedTuple):
    """``importance`` [C] of each code, summing to 1 or all zero, and the scores on both splits, 1 at best."""

    importance: np.ndarray
    train: float
    test: float


#: A split: codes [N, C] and one factor's values [N].
Split = tuple[np.ndarray, np.ndarray]


def gradient_boosting(train: Split, test: Split, seed: int, *, n_estimators: int, learning_rate: float,
                      max_depth: int) -> Prediction:
    """Boosted trees with exact splits, the classifier of the large-scale study; scores are accuracies."""
    classes, labels = np.unique(train[1], return_inverse=True)
    importance, decisions = boost(train[0], labels, [test[0]], n_estimators=n_estimators, learning_rate=learning_rate,
                                  max_depth=max_depth, seed=seed)
    scores = []
    for decision, truth in zip(decisions, (train[1], test[1]), strict=True):
        winner = (decision[:, 0] >= 0).astype(np.int64) if len(classes) == 2 else decision.argmax(axis=1)
        scores.append(float((classes[winner] == truth).mean()))
    return Prediction(importance, scores[0], scores[1])


def hist_gradient_boosting(train: Split, test: Split, seed: int, *, max_iter: int, learning_rate: float, max_depth: int,
                           max_bins: int) -> Prediction:
    """Boosted trees over binned codes: fast, but not the protocol of record; scores are accuracies.

    The importance of a code is the total gain of the splits on it, divided by that of all splits.
    """
    from sklearn.ensemble import HistGradientBoostingClassifier
    model = HistGradientBoostingClassifier(max_iter=max_iter, learning_rate=learning_rate, max_depth=max_depth,
                                           max_bins=max_bins, early_stopping=False, random_state=seed).fit(*train)
    return Prediction(_gain_shares(model, train[0].shape[1]), model.score(*train), model.score(*test))


def _gain_shares(model: Any, num_codes: int) -> np.ndarray:
    """Shares [C] of the codes in the gain of all splits of a ``HistGradientBoosting`` model."""
    gains = np.zeros(num_codes)
    for predictors in model._predictors:  # scikit-learn offers no public importances of this model
        for predictor in predictors:
            splits = predictor.nodes[predictor.nodes['is_leaf'] == 0]
            np.add.at(gains, splits['feature_idx'], splits['gain'])
    return gains / (gains.sum() or 1.0)


def gradient_boosting_regression(train: Split, test: Split, seed: int, *, n_estimators: int, learning_rate: float,
                                 max_depth: int) -> Prediction:
    """scikit-learn's boosted trees for a continuous factor; scores as :func:`random_forest`."""
    from sklearn.ensemble import GradientBoostingRegressor
    model = GradientBoostingRegressor(n_estimators=n_estimators, learning_rate=learning_rate, max_depth=max_depth,
                                      random_state=seed).fit(*train)
    return Prediction(model.feature_importances_, *_regression_scores(model, train, test))


def hist_gradient_boosting_regression(train: Split, test: Split, seed: int, *, max_iter: int, learning_rate: float,
                                      max_depth: int, max_bins: int) -> Prediction:
    """Boosted trees over binned codes for a continuous factor; scores as :func:`random_forest`."""
    from sklearn.ensemble import HistGradientBoostingRegressor
    model = HistGradientBoostingRegressor(max_iter=max_iter, learning_rate=learning_rate, max_depth=max_depth,
                                          max_bins=max_bins, early_stopping=False, random_state=seed).fit(*train)
    return Prediction(_gain_shares(model, train[0].shape[1]), *_regression_scores(model, train, test))


def random_forest(train: Split, test: Split, seed: int, *, n_estimators: int, max_depth: int) -> Prediction:
    """Random forest regression (Eastwood and Williams, 2018); scores are 1 - RMSE / deviation of the factor in ``train``."""
    from sklearn.ensemble import RandomForestRegressor
    model = RandomForestRegressor(n_estimators=n_estimators, max_depth=max_depth, random_state=seed).fit(*train)
    return Prediction(model.feature_importances_, *_regression_scores(model, train, test))


def _regression_scores(model: Any, train: Split, test: Split) -> tuple[float, float]:
    deviation = train[1].std()
    errors = [np.sqrt(np.mean(np.square(model.predict(codes) - values))) / deviation for codes, values in (train, test)]
    return 1 - float(errors[0]), 1 - float(errors[1])


DCI_MODELS: dict[str, Callable[..., Prediction]] = {
    'gradient_boosting': gradient_boosting,
    'hist_gradient_boosting': hist_gradient_boosting,
    'random_forest': random_forest,
}
#: The same for continuous factors, by the same names.
DCI_REGRESSORS: dict[str, Callable[..., Prediction]] = {
    'gradient_boosting': gradient_boosting_regression,
    'hist_gradient_boosting': hist_gradient_boosting_regression,
    'random_forest': random_forest,
}


def arguments_of_factor(model_args: dict[str, Any], factor: int, num_factors: int) -> dict[str, Any]:
    """``model_args`` for one factor: a list stands for one value per factor.

    Raises:
        IBGANError: If a list has another length than ``num_factors``.
    """
    for name, value in model_args.items():
        if isinstance(value, list | tuple) and len(value) != num_factors:
            raise IBGANError(f'{name} must be one value or {num_factors}, one per factor, got {value}')
    return {name: value[factor] if isinstance(value, list | tuple) else value for name, value in model_args.items()}

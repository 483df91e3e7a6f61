"""DCI-ES: DCI with explicitness, how little capacity a probe needs, and size, how few codes there are.

Eastwood et al., "DCI-ES: An Extended Disentanglement Framework with Connections to Identifiability", 2023, sections 3 and 4.
"""
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from ibgan_plugin.evaluation.checks import check_choice, check_keywords, check_range, check_sizes, random_state
from ibgan_plugin.evaluation.disentanglement.common import varying_factors
from ibgan_plugin.evaluation.disentanglement.dci import completeness, disentanglement
from ibgan_plugin.evaluation.disentanglement.labelled import CodeSource
from ibgan_plugin.evaluation.estimators.probes import Curve, fourier_curve, mlp_curve, random_forest_curve
from ibgan_plugin.utils.errors import IBGANError

#: Name of a probe -> the function of its curve, the argument that holds its capacities, and the least of them.
PROBES: dict[str, tuple[Callable[..., Curve], str, int]] = {
    'random_forest': (random_forest_curve, 'depths', 1), 'rff': (fourier_curve, 'sizes', 2), 'mlp': (mlp_curve, 'widths', 0)}


def explicitness(capacity: np.ndarray, loss: np.ndarray, baseline: float) -> float:
    """E of one loss-capacity curve: 1 - twice the area above its least loss, as a share of the baseline's rectangle.

    Args:
        capacity: Ascending [P], P >= 2.
        loss: Losses [P]. What a probe of some capacity can do, one of more can: the least so far counts, and no more than the
            baseline.
        baseline: Loss of a probe that sees nothing, above 0.

    Returns:
        1 where the least capacity already gives the least loss; 0 where the loss falls in a straight line from the baseline to 0.

    Raises:
        IBGANError: If the arrays differ in length, capacities do not ascend, or a number is out of range.

    >>> import numpy as np
    >>> explicitness(np.array([0.0, 0.5, 1.0]), loss=np.array([0.2, 0.1, 0.1]), baseline=1.0)
    0.95
    """
    from scipy.integrate import trapezoid
    capacity, loss = np.asarray(capacity, dtype=np.float64), np.asarray(loss, dtype=np.float64)
    if capacity.ndim != 1 or loss.shape != capacity.shape or len(capacity) < 2:
        raise IBGANError('capacity and loss must have the same shape [P] with P >= 2, '
                         f'got {list(capacity.shape)} and {list(loss.shape)}')
    if not (np.isfinite(capacity).all() and (np.diff(capacity) > 0).all() and np.isfinite(loss).all() and (loss >= 0).all()):
        raise IBGANError('capacities must ascend, and losses be finite and >= 0')
    check_range(0, np.inf, baseline=baseline)
    if not baseline > 0:
        raise IBGANError(f'baseline must be > 0, got {baseline}')
    curve = np.minimum(np.minimum.accumulate(loss), baseline)
    return float(1 - 2 * trapezoid(curve - curve[-1], capacity) / ((capacity[-1] - capacity[0]) * baseline))


#: Factors that the published baselines take for classes where the rule of ``max_classes`` would not, by the names of all factors:
#: MPI3D and Cars3D.
PUBLISHED_CLASSES = {
    ('object_color', 'object_shape', 'object_size', 'camera_height', 'background_color', 'horizontal_axis', 'vertical_axis'):
        ('object_color', 'object_shape', 'background_color'),
    ('object_type', 'azimuth', 'elevation'): ('object_type', ),
}


def dci_es(source: CodeSource, *, num_train: int, num_test: int, batch_size: int, probes: Mapping[str, Mapping[str, Any]],
           max_classes: int, seed: int, class_factors: Sequence[int] | None = None) -> dict[str, float]:
    """DCI-ES of codes, higher is better.

    Args:
        source: Codes and factors to draw from.
        num_train: Samples on which probes are fitted.
        num_test: Samples on which they are scored.
        batch_size: Samples drawn at a time, which only fixes the order of the draws.
        probes: A key of :data:`PROBES` -> its keyword arguments, see :mod:`~ibgan_plugin.evaluation.estimators.probes`. Its
            capacities are two or more.
        max_classes: A factor with no more values is a class to be told, loss 1 - accuracy, baseline 1 - 1 / values. One with
            more, and a continuous one, is a number to be predicted, loss 1 - R^2, baseline 1.
        seed: Seed of the draws and of each probe.
        class_factors: Numbers of the factors that are classes; None for those of :data:`PUBLISHED_CLASSES`, and of other data sets
            for the rule of ``max_classes``.

    Returns:
        For each probe ``explicitness_...`` and ``informativeness_...``, the mean over factors of 1 - least loss;
        ``disentanglement`` and ``completeness`` of the random forests with the least loss, where they are among the probes;
        ``size``, the number of factors over the number of codes. Constant factors are left out, with a warning.

    Raises:
        IBGANError: If a number is out of range, a probe is unknown or lacks an argument, a class is no factor or a continuous
            one, or all factors are constant.
    """
    check_sizes(num_train=num_train, batch_size=batch_size)
    check_sizes(2, num_test=num_test)
    check_sizes(0, max_classes=max_classes)
    from sklearn.exceptions import ConvergenceWarning
    _check_probes(probes)
    train, test = source.split(random_state(seed), num_train=num_train, num_test=num_test, batch_size=batch_size)
    varying = varying_factors(train.values, 'DCI-ES')
    num_values = [len(np.unique(column)) for column in train.values.T]
    if class_factors is None and source.names in PUBLISHED_CLASSES:
        class_factors = [source.names.index(name) for name in PUBLISHED_CLASSES[source.names]]
    wrong = [k for k in class_factors or () if k not in range(len(num_values)) or source.continuous[k]]
    if wrong:
        raise IBGANError(f'class_factors must be numbers of factors that are not continuous, below {len(num_values)}, got {wrong}')
    is_class = [not source.continuous[k] and (num_values[k] <= max_classes if class_factors is None else k in class_factors)
                for k in range(len(num_values))]
    scores: dict[str, float] = {}
    for name, keywords in probes.items():
        curves = []
        with warnings.catch_warnings():
            warnings.simplefilter('ignore', ConvergenceWarning)
            for k in varying:
                curves.append(PROBES[name][0]((train.codes, train.values[:, k]), (test.codes, test.values[:, k]), **keywords,
                                              is_class=is_class[k], seed=seed))
        baselines = [1 - 1 / num_values[k] if is_class[k] else 1.0 for k in varying]
        scores[f'explicitness_{name}'] = float(np.mean([explicitness(curve.capacity, curve.loss, baseline)
                                                        for curve, baseline in zip(curves, baselines, strict=True)]))
        scores[f'informativeness_{name}'] = float(np.mean([1 - curve.loss.min() for curve in curves]))
        importances = [curve.importance for curve in curves if curve.importance is not None]
        if importances:
            importance = np.stack(importances, axis=1)  # C x F
            scores |= {'disentanglement': disentanglement(importance), 'completeness': completeness(importance)}
    return {**scores, 'size': len(varying) / train.codes.shape[1]}


def _check_probes(probes: Mapping[str, Mapping[str, Any]]) -> None:
    if not probes:
        raise IBGANError(f'probes must not be empty; known are {", ".join(PROBES)}')
    for name, keywords in probes.items():
        check_choice(PROBES, probe=name)
        function, capacities, least = PROBES[name]
        check_keywords(f'probe {name!r} of DCI-ES', function, keywords, given=('is_class', 'seed'))
        if len(set(keywords[capacities])) < 2:
            raise IBGANError(f'{capacities} of probe {name!r} must be two or more, got {keywords[capacities]!r}')
        for value in keywords[capacities]:
            check_sizes(least, **{capacities: value})

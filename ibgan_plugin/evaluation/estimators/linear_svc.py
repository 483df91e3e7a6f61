"""One-against-rest linear support vector classifiers of a single feature, solved exactly and for all classes at once.

The objective is that of liblinear's L2-regularised squared hinge loss with a regularised intercept (what scikit-learn's
``LinearSVC(C, class_weight='balanced')`` minimises). With one feature the samples inside the margin form an interval of the
sorted feature, so that their sums are differences of cumulative sums and a Newton step costs O(classes * log N).
"""
import numpy as np

from ibgan_plugin.utils.errors import IBGANError

MAX_NEWTON_STEPS = 100
MAX_HALVINGS = 30


class _Problem:
    """Objective, gradient and Hessian of K binary problems in (slope, intercept), each [K]."""

    def __init__(self, feature: np.ndarray, labels: np.ndarray, penalty: float) -> None:
        classes, labels = np.unique(labels, return_inverse=True)
        count = np.bincount(labels)
        balanced = penalty * len(labels) / (len(classes) * count)
        order = np.argsort(feature, kind='stable')
        grouped = np.argsort(labels[order].astype(np.int32), kind='stable')  # by class, and by the feature within a class
        self.feature = feature[order]
        self.total = self._cumulate(self.feature)  # 3 x (N+1)
        self.by_class = self._cumulate(self.feature[grouped])
        self.rank = labels[order][grouped] * len(labels) + grouped  # ascending: class, then position in `feature`
        self.first = np.cumsum(count) - count
        if len(classes) == 2:  # one problem, the second class against the first, both weighted
            self.classes, self.weights = np.array([1]), (balanced[1:], balanced[:1])
        else:  # liblinear weights the positive class only
            self.classes, self.weights = np.arange(len(classes)), (balanced, np.full(len(classes), penalty))

    @staticmethod
    def _cumulate(feature: np.ndarray) -> np.ndarray:
        """Sums of 1, x, x^2 [3, N+1] over the first n values, for n in 0..N."""
        sums = np.zeros((3, len(feature) + 1))
        np.cumsum(feature ** np.arange(3)[:, None], axis=1, out=sums[:, 1:])
        return sums

    def _below(self, cut: np.ndarray, positive: bool) -> np.ndarray:
        """Sums [3, K] over the positive or negative samples among the ``cut`` [K] smallest values."""
        end = np.searchsorted(self.rank, self.classes * len(self.feature) + cut)
        sums = self.by_class[:, end] - self.by_class[:, self.first[self.classes]]
        return sums if positive else self.total[:, cut] - sums

    def _moments(self, slope: np.ndarray, intercept: np.ndarray, sign: int) -> np.ndarray:
        """Weighted sums of 1, x, x^2 [3, K] over the samples of one side (+1 or -1) that lie inside the margin."""
        with np.errstate(divide='ignore', invalid='ignore', over='ignore'):
            edge = (sign - intercept) / slope
        flat = slope == 0
        cut = np.searchsorted(self.feature, np.where(flat, 0.0, edge))
        cut[flat] = np.where(sign * intercept[flat] < 1, 0, len(self.feature))  # all or none
        below = self._below(cut, sign > 0)
        everything = self._below(np.full(len(slope), len(self.feature)), sign > 0)
        return self.weights[sign < 0] * np.where(sign * slope > 0, below, everything - below)

    def evaluate(self, slope: np.ndarray, intercept: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Objective [K], gradient [K, 2] and Hessian [K, 2, 2]."""
        plus, minus = self._moments(slope, intercept, 1), self._moments(slope, intercept, -1)
        (s0, s1, s2), (d0, d1, _) = plus + minus, plus - minus
        objective = (0.5 * (slope ** 2 + intercept ** 2) + s0 - 2 * (slope * d1 + intercept * d0)
                     + slope ** 2 * s2 + 2 * slope * intercept * s1 + intercept ** 2 * s0)
        gradient = np.stack([slope + 2 * (slope * s2 + intercept * s1 - d1),
                             intercept + 2 * (slope * s1 + intercept * s0 - d0)], axis=1)
        hessian = np.stack([1 + 2 * s2, 2 * s1, 2 * s1, 1 + 2 * s0], axis=1).reshape(-1, 2, 2)
        return objective, gradient, hessian


def fit_linear_svc(feature: np.ndarray, labels: np.ndarray, penalty: float) -> tuple[np.ndarray, np.ndarray]:
    """Slopes and intercepts [K] of the classifiers of ``labels`` [N] (K >= 3 classes, or K = 1 problem for two classes).

    Args:
        feature: Finite values [N].
        labels: Class of each value, at least two classes.
        penalty: liblinear's ``C``; classes are weighted inversely to their frequency.

    Raises:
        IBGANError: If there are fewer than two classes.
    """
    if (labels == labels[0]).all():
        raise IBGANError('a classifier needs at least two classes, got one')
    problem = _Problem(feature, labels, penalty)
    point = np.zeros((len(problem.weights[0]), 2))
    objective, gradient, hessian = problem.evaluate(*point.T)
    for _ in range(MAX_NEWTON_STEPS):
        step = np.linalg.solve(hessian, gradient[:, :, None])[:, :, 0]
        size = np.ones(len(point))
        for _ in range(MAX_HALVINGS):  # the loss is piecewise quadratic: a full step can overshoot a change of pieces
            trial = point - size[:, None] * step
            trial_objective = problem.evaluate(*trial.T)[0]
            worse = trial_objective > objective
            if not worse.any():
                break
            size[worse] /= 2
        point = np.where((trial_objective <= objective)[:, None], trial, point)
        previous = objective
        objective, gradient, hessian = problem.evaluate(*point.T)
        if (previous - objective <= 1e-14 * np.abs(objective)).all():
            break
    return point[:, 0], point[:, 1]


def linear_svc_accuracy(train: np.ndarray, train_labels: np.ndarray, test: np.ndarray, test_labels: np.ndarray,
                        penalty: float) -> float:
    """Accuracy on ``test`` [M] of the classifier fitted on ``train`` [N]; arguments as :func:`fit_linear_svc`."""
    slope, intercept = fit_linear_svc(train, train_labels, penalty)
    decision = test[:, None] * slope + intercept  # M x K
    winner = (decision[:, 0] > 0).astype(np.int64) if len(slope) == 1 else decision.argmax(axis=1)
    return float((np.unique(train_labels)[winner] == test_labels).mean())

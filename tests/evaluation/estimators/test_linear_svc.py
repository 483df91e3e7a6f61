import numpy as np
import pytest
from sklearn.svm import LinearSVC

from ibgan_plugin.evaluation.estimators.linear_svc import fit_linear_svc, linear_svc_accuracy


def solver_of_record(feature, labels, penalty):
    return LinearSVC(C=penalty, class_weight='balanced', tol=1e-12, max_iter=100000).fit(feature[:, None], labels)


def objective(feature, labels, penalty, slope, intercept):
    """Sum over classes of the minimised function, written out."""
    classes, total = np.unique(labels), 0.0
    for k, label in enumerate(classes if len(classes) > 2 else classes[1:]):
        sign = np.where(labels == label, 1.0, -1.0)
        weight = len(labels) / (len(classes) * np.array([(labels == c).sum() for c in classes]))
        positive = weight[classes == label][0]
        cost = penalty * np.where(sign > 0, positive, 1.0 if len(classes) > 2 else weight[0])
        hinge = np.maximum(0, 1 - sign * (slope[k] * feature + intercept[k]))
        total += 0.5 * (slope[k] ** 2 + intercept[k] ** 2) + (cost * hinge ** 2).sum()
    return total


@pytest.mark.parametrize('num_classes', [2, 3, 12])
@pytest.mark.parametrize('noise', [0.0, 0.5, 20.0])
@pytest.mark.parametrize('scale', [1e-3, 1.0, 30.0])
@pytest.mark.parametrize('penalty', [0.01, 1.0])
def test_same_minimum_as_liblinear(num_classes, noise, scale, penalty):
    rng = np.random.RandomState(num_classes)
    labels = rng.randint(num_classes, size=400)
    feature = scale * (labels + noise * rng.randn(400))
    slope, intercept = fit_linear_svc(feature, labels, penalty)
    model = solver_of_record(feature, labels, penalty)
    ours = objective(feature, labels, penalty, slope, intercept)
    theirs = objective(feature, labels, penalty, model.coef_[:, 0], model.intercept_)
    assert ours <= theirs * (1 + 1e-12)
    assert ours == pytest.approx(theirs, rel=1e-6)
    accuracy = linear_svc_accuracy(feature, labels, feature, labels, penalty)
    assert accuracy == pytest.approx(model.score(feature[:, None], labels), abs=0.0101)


def test_repeated_values_and_labels_that_are_not_consecutive():
    labels = np.repeat([3, 8, 30], 20)
    feature = labels * 0.1
    slope, intercept = fit_linear_svc(feature, labels, 1.0)
    model = solver_of_record(feature, labels, 1.0)
    np.testing.assert_allclose(slope, model.coef_[:, 0], rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(intercept, model.intercept_, rtol=1e-5, atol=1e-7)


def test_constant_feature():
    labels = np.array([0, 0, 0, 1, 2, 2])
    assert linear_svc_accuracy(np.zeros(6), labels, np.zeros(6), labels, 0.01) <= 0.5


def test_one_class():
    with pytest.raises(ValueError, match='at least two classes, got one'):
        fit_linear_svc(np.arange(3.0), np.ones(3, dtype=int), 1.0)

import importlib

import numpy as np
import pytest

from ibgan_plugin.evaluation.disentanglement import PROTOCOLS, CodeTable, LabelledCodes, dci_es, explicitness
from ibgan_plugin.evaluation.estimators.probes import Curve

MODULE = importlib.import_module('ibgan_plugin.evaluation.disentanglement.dci_es')  # the package gives the name to the function
PROBES = {'random_forest': {'depths': [2, 3, 4, 8, 16], 'num_trees': 10}, 'rff': {'sizes': [64, 128, 256], 'gain': 0.08}}
SIZES = {'num_train': 1500, 'num_test': 700, 'batch_size': 16, 'max_classes': 3}


@pytest.fixture(scope='module')
def scores(representations):
    """Of perfect codes and of a rotation of them."""
    rows = np.random.RandomState(0).randint(np.prod(representations.FACTOR_SIZES), size=2200)
    factors = np.stack(np.unravel_index(rows, representations.FACTOR_SIZES), axis=1)
    return {name: dci_es(LabelledCodes(representations.REPRESENTATIONS[name](factors), factors), **SIZES, probes=PROBES, seed=0)
            for name in ('perfect', 'rotated')}


def test_perfect_codes_need_no_capacity(scores):
    perfect = scores['perfect']
    assert perfect['explicitness_random_forest'] == pytest.approx(1, abs=0.01)
    assert perfect['explicitness_rff'] == pytest.approx(1, abs=0.01)
    assert perfect['informativeness_random_forest'] > 0.99 and perfect['informativeness_rff'] > 0.99
    assert perfect['disentanglement'] > 0.9 and perfect['completeness'] > 0.9
    assert perfect['size'] == 5 / 10


def test_a_rotation_costs_small_probes_more_and_large_ones_nothing(scores):
    perfect, rotated = scores['perfect'], scores['rotated']
    assert rotated['explicitness_random_forest'] < perfect['explicitness_random_forest'] - 0.05
    assert rotated['explicitness_rff'] == pytest.approx(perfect['explicitness_rff'], abs=0.01)
    assert rotated['informativeness_rff'] == pytest.approx(perfect['informativeness_rff'], abs=0.01)
    assert rotated['disentanglement'] < perfect['disentanglement'] - 0.2


def test_a_rotation_is_equal_where_all_probes_are_large(noise):
    factors = noise.grid.to_factors(np.arange(96))
    turn = np.linalg.qr(np.random.RandomState(1).randn(3, 3))[0]
    found = []
    for codes in (factors * 1.0, factors @ turn):
        table = CodeTable.from_grid(codes, noise.grid.sizes)
        found.append([dci_es(table, **SIZES, probes={'random_forest': {'depths': depths, 'num_trees': 5}}, seed=0)
                      ['explicitness_random_forest'] for depths in ([1, 2, 3], [14, 16])])
    (small, large), (turned_small, turned_large) = found
    assert turned_small < small - 0.05 and turned_large == pytest.approx(large, abs=0.01) == pytest.approx(1, abs=0.01)


def test_perceptrons():
    rng = np.random.RandomState(0)
    x, y = rng.uniform(-1, 1, (2, 900))
    factors = np.stack([x, (y > 0) * 1.0], axis=1)
    probes = {'mlp': {'widths': [0, 16], 'learning_rate': 1e-2, 'epochs': 60, 'batch_size': 64}}
    sizes = {'num_train': 600, 'num_test': 300, 'batch_size': 16, 'max_classes': 3}
    linear = dci_es(LabelledCodes(np.stack([x + y, x - y], axis=1), factors), **sizes, probes=probes, seed=0)
    assert linear['explicitness_mlp'] > 0.95 and linear['informativeness_mlp'] > 0.95 and 'disentanglement' not in linear
    bent = dci_es(LabelledCodes(np.stack([np.sin(3 * x), np.cos(3 * x), y], axis=1), factors), **sizes, probes=probes, seed=0)
    assert bent['explicitness_mlp'] < linear['explicitness_mlp'] and bent['size'] == 2 / 3


def test_explicitness_by_hand():
    assert explicitness([0, 1, 3], [0.5, 0.5, 0.5], 1.0) == 1.0
    assert explicitness([0, 10], [1.0, 0.0], 1.0) == 0.0
    assert explicitness([0, 1, 2], [0.4, 0.0, 0.3], 0.8) == pytest.approx(1 - 2 * 0.2 / (2 * 0.8))  # the least so far counts
    assert explicitness([0, 2], [7.0, 0.0], 0.5) == 0.0  # worse than blind counts as blind


@pytest.mark.parametrize('is_class', [False, True])
def test_a_forest_cut_off_is_the_forest_of_that_depth(is_class):
    from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

    from ibgan_plugin.evaluation.estimators.probes import random_forest_curve
    rng = np.random.RandomState(0)
    codes = rng.randn(500, 3)
    target = np.digitize(codes[:, 0] + codes[:, 1], [-1, 0, 1]) if is_class else codes[:, 0] + np.square(codes[:, 1])
    split = (codes[:300], target[:300]), (codes[300:], target[300:])
    curve = random_forest_curve(*split, depths=[6, 1, 3], num_trees=30, is_class=is_class, seed=0)
    assert curve.capacity.tolist() == [1, 3, 6]
    for depth, loss in zip((1, 3, 6), curve.loss, strict=True):
        kind = RandomForestClassifier if is_class else RandomForestRegressor
        model = kind(n_estimators=30, max_depth=depth, random_state=0).fit(*split[0])
        if depth == 6:  # the same forest; shallower ones draw other numbers after the first cut
            assert loss == pytest.approx(1 - model.score(*split[1]), abs=1e-9)
            np.testing.assert_allclose(curve.importance, model.feature_importances_, rtol=1e-9)
        assert loss == pytest.approx(1 - model.score(*split[1]), abs=0.06)


def test_which_factors_are_classes(noise):
    probes = {'random_forest': {'depths': [1, 8], 'num_trees': 3}}
    as_rule = dci_es(noise, **SIZES, probes=probes, seed=0)
    assert as_rule == dci_es(noise, **SIZES, probes=probes, class_factors=[0], seed=0)
    assert as_rule != dci_es(noise, **SIZES, probes=probes, class_factors=[0, 1, 2], seed=0)


def test_constant_codes_and_factors(noise):
    probes = {'random_forest': {'depths': [1, 8], 'num_trees': 3}, 'rff': {'sizes': [4, 8], 'gain': 0.08}}
    constant = dci_es(CodeTable.from_grid(np.zeros((96, 2)), noise.grid.sizes), **SIZES, probes=probes, seed=0)
    assert constant['disentanglement'] == 0.0 and constant['explicitness_rff'] == pytest.approx(1)  # nothing more to be had
    assert constant['informativeness_rff'] < 0.2
    with pytest.warns(UserWarning, match=r'DCI-ES: the factors \[1\] are constant'):
        dci_es(CodeTable.from_grid(noise.codes, (96, 1)), **SIZES, probes=probes, seed=0)


@pytest.mark.parametrize(('change', 'message'), [
    ({'probes': {}}, 'probes must not be empty; known are random_forest, rff, mlp'),
    ({'probes': {'svm': {}}}, 'probe must be one of random_forest, rff, mlp'),
    ({'probes': {'rff': {'sizes': [8, 16]}}}, "probe 'rff' of DCI-ES takes the keywords sizes, gain; unknown: .., missing: .'gain"),
    ({'probes': {'rff': {'sizes': [8], 'gain': 1.0}}}, r'sizes of probe .rff. must be two or more, got \[8\]'),
    ({'probes': {'random_forest': {'depths': [0, 1], 'num_trees': 3}}}, 'depths must be an integer >= 1, got 0'),
    ({'class_factors': [0, 3]}, r'class_factors must be numbers of factors that are not continuous, below 3, got \[3\]'),
    ({'max_classes': -1}, 'max_classes must be an integer >= 0')])
def test_mistakes(noise, change, message):
    with pytest.raises(ValueError, match=message):
        dci_es(noise, **{**SIZES, **PROTOCOLS['dci_es']['dci_es'], 'num_train': 20, 'num_test': 20, **change}, seed=0)


@pytest.mark.parametrize(('arguments', 'message'), [
    (([0, 1], [0.5], 1.0), 'must have the same shape'), (([1, 0], [0.5, 0.1], 1.0), 'capacities must ascend'),
    (([0, 1], [0.5, np.nan], 1.0), 'losses be finite'), (([0, 1], [0.5, 0.1], 0.0), 'baseline must be > 0')])
def test_bad_curves(arguments, message):
    with pytest.raises(ValueError, match=message):
        explicitness(*arguments)


@pytest.mark.parametrize(('names', 'sizes', 'classes'), [
    (('object_color', 'object_shape', 'object_size', 'camera_height', 'background_color', 'horizontal_axis', 'vertical_axis'),
     (6, 6, 2, 3, 3, 40, 40), {0: 6, 1: 6, 4: 3}),
    (('object_type', 'azimuth', 'elevation'), (183, 24, 4), {0: 183}),
    (('shape', 'scale', 'orientation', 'position_x', 'position_y'), (3, 6, 40, 32, 32), {0: 3}),
])
def test_classes_and_their_baselines_are_the_published_ones(names, sizes, classes, monkeypatch):
    rng = np.random.RandomState(0)
    factors = np.stack([rng.randint(size, size=4000) for size in sizes], axis=1)
    told = []

    def blind(train, test, *, sizes, is_class, seed):
        told.append(is_class)
        return Curve(np.array([1.0, 2.0]), np.array([1.0, 1.0]), None)

    monkeypatch.setitem(MODULE.PROBES, 'rff', (blind, 'sizes', 2))
    baselines = []
    monkeypatch.setattr(MODULE, 'explicitness', lambda capacity, loss, baseline: baselines.append(baseline) or 0.0)
    source = LabelledCodes(rng.randn(4000, 3), factors, [False] * len(sizes), names)
    dci_es(source, num_train=3000, num_test=500, batch_size=16, probes=dict(rff=dict(sizes=[2, 3])), max_classes=3,
           seed=0)
    assert baselines == [1 - 1 / classes[k] if k in classes else 1.0 for k in range(len(sizes))]
    assert told == [k in classes for k in range(len(sizes))]

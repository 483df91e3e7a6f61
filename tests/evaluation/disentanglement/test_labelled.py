import numpy as np
import pytest

from ibgan_plugin.evaluation.disentanglement import LabelledCodes, dci, mig, sap

RNG = np.random.RandomState(0)
PLACE, KIND = RNG.rand(600), RNG.randint(3, size=600)
FACTORS = np.stack([PLACE, KIND], axis=1)
CODES = np.stack([5 * PLACE + 0.01 * RNG.randn(600), KIND + 0.01 * RNG.randn(600), RNG.randn(600)], axis=1)
SIZES = {'num_train': 400, 'num_test': 200, 'batch_size': 16}


def test_a_factor_with_a_fraction_is_continuous_and_binned_for_metrics_of_classes():
    source = LabelledCodes(CODES, FACTORS)
    assert source.continuous.tolist() == [True, False]
    np.testing.assert_array_equal(source.factors[:, 1], KIND)
    assert source.factors[:, 0].min() == 1 and source.factors[:, 0].max() == 20
    np.testing.assert_array_equal(source.values, FACTORS)
    score = mig(source, num_train=600, batch_size=16, num_bins=20, seed=0)['discrete_mig']
    classes = LabelledCodes(CODES, np.stack([np.ceil(20 * (PLACE - PLACE.min()) / np.ptp(PLACE)).clip(1), KIND], axis=1))
    assert score == pytest.approx(mig(classes, num_train=600, batch_size=16, num_bins=20, seed=0)['discrete_mig'], abs=0.01)
    assert score > 0.8


def test_said_to_be_continuous():
    assert LabelledCodes(CODES, FACTORS, [True, True]).continuous.all()
    with pytest.raises(ValueError, match='factors that are not continuous must be integers'):
        LabelledCodes(CODES, FACTORS, [False, False])
    with pytest.raises(ValueError, match='continuous must be one bool for each of the 2 factors'):
        LabelledCodes(CODES, FACTORS, [True])


def test_sap_by_correlation():
    score = sap(LabelledCodes(CODES[:, [0, 2]], PLACE[:, None]), **SIZES, continuous_factors=False, penalty=0.01, seed=0)['score']
    assert score > 0.98
    mixed = sap(LabelledCodes(CODES, FACTORS), **SIZES, continuous_factors=False, penalty=0.01, seed=0)['score']
    apart = [sap(LabelledCodes(CODES, FACTORS[:, [k]]), **SIZES, continuous_factors=False, penalty=0.01, seed=0)['score']
             for k in (0, 1)]
    assert mixed == pytest.approx(np.mean(apart))


@pytest.mark.parametrize(('model', 'arguments'), [
    ('gradient_boosting', {'n_estimators': 20, 'learning_rate': 0.3, 'max_depth': 3}),
    ('hist_gradient_boosting', {'max_iter': 20, 'learning_rate': 0.3, 'max_depth': 3, 'max_bins': 255}),
    ('random_forest', {'n_estimators': 10, 'max_depth': [8, 4]})])
def test_dci_by_regression(model, arguments):
    scores = dci(LabelledCodes(CODES, FACTORS), **SIZES, model=model, model_args=arguments, n_jobs=1, seed=0)
    assert scores['disentanglement'] > 0.9 and scores['informativeness_test'] > 0.9


def test_split_is_disjoint_and_shrinks_with_a_warning():
    source = LabelledCodes(np.arange(30.0)[:, None], np.arange(30)[:, None])
    train, test = source.split(np.random.RandomState(0), num_train=10, num_test=5, batch_size=16)
    assert len(train.codes) == 10 and len(test.codes) == 5 and not np.intersect1d(train.codes, test.codes).size
    with pytest.warns(UserWarning, match=r'only 20 \+ 10 samples instead of 200 \+ 100'):
        train, test = source.split(np.random.RandomState(0), num_train=200, num_test=100, batch_size=16)
    assert len(train.codes) == 20 and len(test.codes) == 10


def test_grid_of_samples():
    with pytest.raises(ValueError, match='factor 0 is continuous'):
        LabelledCodes(CODES, FACTORS).to_grid()
    with pytest.raises(ValueError, match='the 600 samples do not have each of the 3 combinations of values once'):
        LabelledCodes(CODES, FACTORS[:, 1:]).to_grid()
    factors = np.array([[5, 0], [5, 7], [2, 0], [2, 7]])
    table = LabelledCodes(np.arange(4.0)[:, None], factors).to_grid()
    assert table.grid.sizes == (2, 2) and table.lookup(np.arange(4)).ravel().tolist() == [2, 3, 0, 1]
    with pytest.raises(ValueError, match='occurs more than once'):
        LabelledCodes(np.arange(4.0)[:, None], factors[[0, 0, 2, 3]] + [[0, 0], [0, 0], [0, 0], [0, 0]]).to_grid()

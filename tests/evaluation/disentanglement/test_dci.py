import os

import numpy as np
import pytest
from threadpoolctl import threadpool_info

from ibgan_plugin.evaluation.disentanglement.codes import CodeTable
from ibgan_plugin.evaluation.disentanglement.dci import completeness, dci, disentanglement
from ibgan_plugin.evaluation.disentanglement.dci_models import DCI_MODELS, Prediction
from ibgan_plugin.evaluation.disentanglement.protocols import PROTOCOLS

MODELS = {
    'gradient_boosting': {'n_estimators': 5, 'learning_rate': 0.1, 'max_depth': 3},
    'hist_gradient_boosting': {'max_iter': 5, 'learning_rate': 0.1, 'max_depth': 3, 'max_bins': 255},
    'random_forest': {'n_estimators': 5, 'max_depth': [2, 2, 3]},
}
SIZES = {'num_train': 300, 'num_test': 200, 'batch_size': 16, 'n_jobs': 1}


def score(table, model, seed=0, **changes):
    return dci(table, **{**SIZES, 'model': model, 'model_args': MODELS[model], **changes}, seed=seed)


def test_importances_worked_by_hand():
    assert disentanglement(np.eye(3)) == pytest.approx(1)
    assert completeness(np.eye(3)) == pytest.approx(1)
    assert disentanglement(np.ones((4, 3))) == pytest.approx(0)
    shared = np.array([[1.0, 1.0], [2.0, 0.0]])  # first code serves both factors equally, second one alone
    assert disentanglement(shared) == pytest.approx((2 * 0 + 2 * 1) / 4)
    first = 1 + (1 / 3 * np.log2(1 / 3) + 2 / 3 * np.log2(2 / 3))
    assert completeness(shared) == pytest.approx((3 * first + 1 * 1) / 4)


def test_zero_importance():
    dead_code = np.concatenate([np.eye(3), np.zeros((2, 3))])
    assert disentanglement(dead_code) == pytest.approx(1)
    assert disentanglement(np.zeros((2, 3))) == completeness(np.zeros((2, 3))) == 0.0


def test_one_code_or_one_factor():
    assert disentanglement(np.ones((2, 1))) == completeness(np.ones((1, 2))) == 1.0


@pytest.mark.parametrize('model', MODELS)
def test_perfect_and_constant_codes(perfect, model):
    scores = score(perfect, model)
    assert scores['disentanglement'] > 0.95 and scores['completeness'] > 0.95 and scores['informativeness_test'] > 0.75
    constant = score(CodeTable.from_grid(np.full((96, 2), 0.1), perfect.grid.sizes), model)
    assert constant['disentanglement'] == constant['completeness'] == 0.0


@pytest.mark.parametrize('model', MODELS)
def test_repeatable_and_the_same_in_parallel(noise, model):
    assert score(noise, model) == score(noise, model) == score(noise, model, n_jobs=2)


def test_a_worker_has_one_thread(noise, monkeypatch):
    def told(train, test, seed):
        threads = [pool['num_threads'] for pool in threadpool_info()]
        return Prediction(np.ones(4), float(os.environ['OMP_NUM_THREADS']), max(threads))

    monkeypatch.setenv('OMP_NUM_THREADS', '2')
    monkeypatch.setitem(DCI_MODELS, 'told', told)
    scores = dci(noise, **{**SIZES, 'n_jobs': 2}, model='told', model_args={}, seed=0)
    assert scores['informativeness_train'] == scores['informativeness_test'] == 1


@pytest.mark.parametrize('model', MODELS)
def test_constant_factor_is_left_out(model):
    table = CodeTable.from_grid(np.random.RandomState(0).randn(12, 2), (3, 1, 4))
    with pytest.warns(UserWarning, match=r'DCI: the factors \[1\] are constant'):
        assert 0 <= score(table, model)['disentanglement'] <= 1


def test_bad_model(noise):
    with pytest.raises(ValueError, match=r"model must be one of gradient_boosting, .* got 'svm'"):
        dci(noise, **SIZES, model='svm', model_args={}, seed=0)
    with pytest.raises(ValueError, match=r'max_depth must be one value or 3, one per factor, got \[4, 2, 4, 2, 2\]'):
        dci(noise, **SIZES, model='random_forest', model_args=PROTOCOLS['ibgan']['dci']['model_args'], seed=0)

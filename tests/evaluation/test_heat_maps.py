import numpy as np
import pytest
import torch

from ibgan_plugin.evaluation.disentanglement.findings import Findings
from ibgan_plugin.evaluation.heat_maps import write_heat_maps
from ibgan_plugin.evaluation.metrics.disentanglement import DisentanglementMetric


def evaluated(scores: dict) -> DisentanglementMetric:
    """A metric that has scored codes of which the first is the second factor, and the second nothing."""
    metric = DisentanglementMetric(scores=scores, seeds=(0, 1))
    metric.dataset_meta = dict(factor_names=('shape', 'size'), factor_sizes=(3, 4))
    factors = np.stack(np.unravel_index(np.arange(12), (3, 4)), axis=1)
    codes = torch.tensor(np.stack([factors[:, 1], np.zeros(12)], axis=1))
    metric.process(None, [dict(codes=code, sample_idx=index) for index, code in enumerate(codes)])
    metric.evaluate(12)
    return metric


def test_information_is_that_of_codes_and_factors(tmp_path):
    metric = evaluated(dict(mig=dict(num_train=2000, batch_size=16, num_bins=20)))
    found = metric.findings['mutual_information']
    assert found.shape == (2, 2)
    assert found[0, 1] == pytest.approx(np.log(4), abs=0.01)
    assert found[0, 0] < 0.02 and (found[1] == 0).all()
    files = write_heat_maps([object(), metric], tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(path.name for path in files) == [
        'information.npz', 'mutual_information.png']
    with np.load(tmp_path / 'information.npz') as stored:
        assert np.array_equal(stored['mutual_information'], found)
        assert stored['factor_names'].tolist() == ['shape', 'size']


def test_importances_are_those_of_dci(tmp_path):
    forest = dict(num_train=200, num_test=50, batch_size=16, model='random_forest', model_args=dict(n_estimators=3, max_depth=4))
    metric = evaluated(dict(dci=forest))
    assert metric.findings['importance'][0, 1] > 0.9
    assert {path.name for path in write_heat_maps([metric], tmp_path)} == {'importance.png', 'information.npz'}


def test_metrics_without_findings_leave_nothing(tmp_path):
    assert write_heat_maps([object()], tmp_path) == []
    assert list(tmp_path.iterdir()) == []


def test_matrices_are_means_over_seeds_with_constant_factors_at_zero():
    findings = Findings()
    for seed, value in ((0, 1.0), (1, 3.0)):
        findings.keep('importance', seed, np.full((2, 1), value), np.array([2]), 3)
    assert findings.means()['importance'].tolist() == [[0, 0, 2], [0, 0, 2]]

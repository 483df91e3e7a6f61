import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.evaluator import Evaluator
from mmengine.structures import BaseDataElement

from ibgan_plugin.datasets.ground_truth import FactorGrid
from ibgan_plugin.evaluation.disentanglement.codes import CodeTable
from ibgan_plugin.evaluation.disentanglement.factor_vae import factor_vae
from ibgan_plugin.evaluation.disentanglement.labelled import LabelledCodes
from ibgan_plugin.evaluation.disentanglement.protocols import PROTOCOLS
from ibgan_plugin.evaluation.disentanglement.suite import evaluate
from ibgan_plugin.evaluation.metrics import DisentanglementMetric, FactorVAEScore
from ibgan_plugin.evaluation.report import score_rows
from ibgan_plugin.registry import METRICS

SMALL = {'num_train': 100, 'num_eval': 50, 'batch_size': 8, 'num_variance_estimate': 100, 'prune_threshold': 0.05}
META = {'factor_names': ('shape', 'scale', 'x'), 'factor_sizes': (3, 4, 8)}


def feed(metric, index, codes, meta=META):
    metric.dataset_meta = meta
    for first in range(0, len(index), 10):
        metric.process(None, [{'codes': torch.tensor(codes[i]), 'sample_idx': int(i)} for i in index[first:first + 10]])


def test_score_is_that_of_the_function(noise):
    metric = METRICS.build({'type': 'FactorVAEScore', **SMALL, 'seed': 3})
    feed(metric, np.random.RandomState(0).permutation(len(noise.codes)), noise.codes)
    expected = factor_vae(noise, **SMALL, seed=3)
    scores = metric.evaluate(96)
    assert scores == {f'factor_vae/{key}': value for key, value in expected.items()}
    assert next(iter(scores)) == 'factor_vae/eval_accuracy', 'the headline score is the first'
    assert metric.results == []
    assert next(iter(expected)) != 'eval_accuracy'


def test_repeated_samples_count_once_and_subset_suffices(grid, noise):
    metric = DisentanglementMetric({'factor_vae': {**SMALL, 'num_train': 2, 'num_eval': 2, 'num_variance_estimate': 9}})
    index = metric.required_index(grid)
    assert len(index) < len(grid) and (np.diff(index) > 0).all()
    scores = []
    for order in (np.concatenate([index, index[:5]]), np.arange(len(grid))):
        feed(metric, order, noise.codes)
        scores.append(metric.evaluate(len(grid)))
    assert scores[0] == scores[1]


def test_mean_and_std_over_seeds_and_prefix(noise):
    metric = DisentanglementMetric({'factor_vae': SMALL}, seeds=(0, 1, 2), prefix='ema')
    feed(metric, range(96), noise.codes)
    scores = metric.evaluate(96)
    values = [factor_vae(noise, **SMALL, seed=seed)['eval_accuracy'] for seed in range(3)]
    assert scores['ema/factor_vae/eval_accuracy'] == pytest.approx(np.mean(values))
    assert scores['ema/factor_vae/eval_accuracy_std'] == pytest.approx(np.std(values))


def test_through_evaluator(noise):
    evaluator = Evaluator(FactorVAEScore(**SMALL))
    evaluator.dataset_meta = META
    evaluator.process([BaseDataElement(codes=torch.tensor(noise.codes[i]), sample_idx=torch.tensor(i)) for i in range(96)])
    assert evaluator.evaluate(96)['factor_vae/eval_accuracy'] == factor_vae(noise, **SMALL, seed=0)['eval_accuracy']


def test_samples_of_each_combination_once_in_another_order_are_a_grid():
    factors = np.array([[1, 2], [0, 0], [1, 0], [0, 2], [0, 1], [1, 1]])
    codes = factors + np.array([0.1, 0.2])
    numbers = {'factor_vae': SMALL, 'mig': {'num_train': 6, 'batch_size': 2, 'num_bins': 20}}
    metric = DisentanglementMetric(numbers)
    feed(metric, np.arange(6), codes, {'factor_names': ('shape', 'scale'), 'factor_sizes': (2, 3), 'is_grid': False,
                                       'factor_kinds': ('categorical', ) * 2, 'factors': factors})
    scores = metric.evaluate(6)
    found = evaluate(LabelledCodes(codes, factors), numbers, (0, ))
    assert not found.skipped and metric.notes == found.notes == {'factor_vae': [], 'mig': []}
    assert scores == {f'{name}/{key}': value['mean'] for name, values in found.results.items() for key, value in values.items()}
    assert scores['factor_vae/eval_accuracy'] == 1


def test_what_is_no_grid_is_skipped_with_the_reason():
    metric = DisentanglementMetric({'factor_vae': SMALL, 'mig': {'num_train': 6, 'batch_size': 2, 'num_bins': 20}})
    for factors, kinds, reason in (
            ([[0, 0], [1, 1], [0, 1]], 'categorical', 'the 3 samples do not have each of the 4 combinations'),
            ([[0, 0.5], [1, 0.1], [0, 0.2]], 'continuous', "factor 'shape' is continuous")):
        with pytest.warns(UserWarning, match=rf'factor_vae is skipped: it fixes factors .*: {reason}'):
            feed(metric, np.arange(3), np.eye(3), {'factor_names': ('shape', 'scale'), 'factor_sizes': (2, 2), 'is_grid': False,
                                                   'factor_kinds': (kinds, ) * 2, 'factors': np.array(factors)})
            assert list(metric.evaluate(3)) == ['mig/discrete_mig']
        assert reason in metric.notes['factor_vae'][0]


def test_none_leaves_a_metric_out():
    metric = DisentanglementMetric({'factor_vae': 'study', 'dci': None, 'mig': {}}, protocol='study')
    assert set(metric.scores) == {'factor_vae', 'mig'}


def test_protocol_name_and_defaults_are_the_study():
    metric = DisentanglementMetric({'factor_vae': 'infogan_cr'})
    assert metric.scores['factor_vae'] == PROTOCOLS['infogan_cr']['factor_vae']
    assert FactorVAEScore().scores == {'factor_vae': PROTOCOLS['study']['factor_vae']}


def test_a_metric_of_another_protocol_is_called_by_it(noise):
    metric = DisentanglementMetric({'mig': {'num_train': 50}, 'jemmig': 'review'}, protocol='study')
    feed(metric, range(96), noise.codes)
    rows = {row['metric']: row for row in score_rows(metric.evaluate(96), [metric])}
    assert rows['mig']['protocol'] == 'study' and rows['mig']['note'] == 'num_train 50 instead of 10000'
    assert rows['jemmig']['protocol'] == 'review' and rows['jemmig']['note'] == ''


def test_evaluators_of_the_documentation():
    blocks = re.findall(r'```python\n(.*?)```', (Path(__file__).parents[3] / 'docs/metrics.md').read_text(), re.DOTALL)
    evaluators = []
    for block in blocks:
        names = {}
        exec(block, names)
        evaluators += [value for key, value in names.items() if key.endswith('_evaluator')]
    metrics = [METRICS.build(dict(each)) for each in evaluators if each['type'] == 'ibgan_plugin.DisentanglementMetric']
    assert [list(metric.scores) for metric in metrics] == [['factor_vae', 'mig'], ['factor_vae', 'mig', 'sap'], ['dci_es']]
    assert list(metrics[2].scores['dci_es']['probes']) == ['mlp']


@pytest.mark.parametrize(('arguments', 'message'), [
    ({'scores': {'vae_score': 'study'}}, "unknown metric 'vae_score'; known are factor_vae"),
    ({'scores': {'factor_vae': 'studies'}}, "unknown protocol 'studies'; known are study"),
    ({'scores': {'mig': 'infogan_cr'}}, "protocol 'infogan_cr' does not define 'mig', only factor_vae"),
    ({'scores': {'factor_vae': {**SMALL, 'votes': 3}}}, r"unknown: \['votes'\], missing: \[\]"),
    ({'scores': {'factor_vae': {'num_train': 3}}}, "missing: .'num_eval', 'batch_size'"),
    ({'scores': {'infomec': {}}, 'protocol': 'study'},
     'missing: .*; protocols that have infomec: infomec, infomec_iqr, infomec_discrete, infomec_iqr_discrete$'),
    ({'scores': {}}, 'scores and seeds must not be empty'),
    ({'scores': {'factor_vae': 'study'}, 'seeds': ()}, 'scores and seeds must not be empty'),
    ({'scores': {'factor_vae': 'study'}, 'seeds': (0, 0)}, r'seeds must differ, got \[0, 0\]'),
    ({'scores': {'factor_vae': None}}, 'scores and seeds must not be empty'),
    ({'scores': {'factor_vae': 3}}, 'factor_vae = 3 must be keyword arguments or the name of a protocol'),
])
def test_bad_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        DisentanglementMetric(**arguments)


def test_evaluation_errors(noise):
    metric = FactorVAEScore(**SMALL)
    metric.dataset_meta = META
    with pytest.raises(ValueError, match='no codes were collected'):
        metric.evaluate(0)
    feed(metric, range(96), noise.codes, meta={'classes': 3})
    with pytest.raises(ValueError, match=r"needs metainfo factor_names and factor_sizes, got \['classes'\]"):
        metric.evaluate(96)
    broken = noise.codes.copy()
    broken[8, 2] = np.nan
    feed(metric, range(96), broken)
    with pytest.raises(ValueError, match='code 2 is nan in sample 8'):
        metric.evaluate(96)


WORKER = '''
import json, sys
import numpy as np, torch
from ibgan_plugin.evaluation.metrics import DisentanglementMetric
folder, rank = sys.argv[2], int(sys.argv[3])
torch.distributed.init_process_group('gloo', init_method=f'file://{folder}/store', world_size=2, rank=rank)
metric = DisentanglementMetric({'factor_vae': json.loads(sys.argv[1])}, seeds=(0, 1))
metric.dataset_meta = {'factor_names': ('shape', 'scale', 'x'), 'factor_sizes': (3, 4, 8)}
def run(codes, index):
    if len(index):
        metric.process(None, [{'codes': torch.tensor(codes[i]), 'sample_idx': int(i)} for i in index])
    try:
        return metric.evaluate(96)
    except ValueError as error:
        return str(error)
codes = np.random.RandomState(7).randn(96, 4)
padded = np.concatenate([np.arange(96), [0]])[rank::2][:48 + rank]
broken = codes.copy(); broken[3, 1] = np.nan
out = [run(codes, padded), run(codes, np.arange(96) if rank == 1 else []), run(broken, padded)]
open(f'{folder}/out{rank}', 'w').write(json.dumps(out))
torch.distributed.destroy_process_group()  # left to the exit, gloo's threads now and then abort the process
'''


def test_two_processes_equal_one(tmp_path, noise):
    command = [sys.executable, '-c', WORKER, json.dumps(SMALL), str(tmp_path)]
    workers = [subprocess.Popen([*command, str(rank)], stderr=subprocess.PIPE, text=True) for rank in range(2)]
    for worker in workers:
        _, errors = worker.communicate(timeout=120)
        assert worker.returncode == 0, errors
    metric = DisentanglementMetric({'factor_vae': SMALL}, seeds=(0, 1))
    feed(metric, range(96), noise.codes)
    expected = metric.evaluate(96)
    for rank in range(2):
        uneven, one_empty, broken = json.loads((tmp_path / f'out{rank}').read_text())
        assert uneven == expected
        assert one_empty == expected  # a process may have no samples
        assert 'code 1 is nan in sample 3' in broken  # raised on every process


def test_table_matches_fixture(grid, noise):
    assert isinstance(noise, CodeTable) and FactorGrid(META['factor_names'], META['factor_sizes']) == grid

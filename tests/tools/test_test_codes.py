"""``tools/test.py`` on codes: other protocols, metrics and seeds, codes kept, all checkpoints beside each other."""
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config

from ibgan_plugin.datasets.dsprites.build import prepare
from ibgan_plugin.registry import MODELS
from tests.tools.commands import SMALL_NETWORKS
from tools import compare_runs, evaluate_codes, infer
from tools import test as tool

ROOT = Path(__file__).parents[2]
FEW = dict(num_train=20, num_eval=10, batch_size=4, num_variance_estimate=50, prune_threshold=0.0)


@pytest.fixture(scope='module')
def place(tmp_path_factory):
    """dSprites, a config that asks for a few votes, and two checkpoints of a run."""
    place = tmp_path_factory.mktemp('place')
    prepare(place / 'dsprites')
    cfg = Config.fromfile(ROOT / 'configs/ibgan/ibgan_dsprites.py')
    cfg.merge_from_dict({**SMALL_NETWORKS, 'test_dataloader.dataset.data_root': str(place / 'dsprites'), 'test_evaluator.scores': {
        '_delete_': True, 'factor_vae': FEW, 'mig': dict(num_train=60, num_bins=5)}})
    cfg.dump(place / 'small.py')
    (place / 'run').mkdir()
    for seed, name in enumerate(('iter_1', 'iter_2')):
        torch.manual_seed(seed)
        model = MODELS.build(cfg.model)
        for weight in model.encoder.parameters():
            weight.data *= 5
        torch.save(dict(state_dict=model.state_dict()), place / f'run/{name}.pth')
    return place


@pytest.fixture
def call(place, monkeypatch):
    """Run the tool in this process."""
    def call(*options):
        monkeypatch.chdir(place)
        return tool.main(['small.py', *map(str, options), '--device', 'cpu'])
    return call


def test_config_as_it_is_headline_first_and_what_differs_from_the_protocol(place, call, capsys):
    assert call('run/iter_1.pth', '--work-dir', 'out') == 0
    lines = capsys.readouterr().out.splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith('protocol'))
    assert [line.split()[1:3] for line in lines[start + 1:start + 3]] == [
        ['factor_vae', 'eval_accuracy'], ['factor_vae', 'train_accuracy']]
    assert 'factor_vae (protocol study: num_train 20, num_eval 10, batch_size 4, num_variance_estimate 50)' in lines
    assert '  mig (protocol' not in lines and any('note: num_train 60 instead of 10000; num_bins 5' in line for line in lines)
    scores = json.loads((place / 'out/scores.json').read_text())
    assert 'num_train 20 instead of 10000' in scores['factor_vae']['eval_accuracy']['note']


def test_none_leaves_a_metric_out_unless_it_is_asked_for(call, capsys):
    assert call('run/iter_1.pth', '--work-dir', 'less', '--cfg-options', 'test_evaluator.scores.factor_vae=None') == 0
    assert 'factor_vae' not in capsys.readouterr().out
    options = ('--cfg-options', 'test_evaluator.scores.mig=None')
    assert call('run/iter_1.pth', '--work-dir', 'less', '--metrics', 'mig', *options) == 0
    assert 'mig' in capsys.readouterr().out
    assert call('run/iter_1.pth', '--work-dir', 'less', *options, 'test_evaluator.scores.factor_vae=None') == 2
    assert 'test_evaluator: scores and seeds must not be empty' in capsys.readouterr().err


def test_protocol_metrics_seeds_and_codes(place, call, capsys):
    assert call('run/iter_1.pth', '--work-dir', 'chosen', '--protocol', 'quick', '--metrics', 'mig', '--seeds', 3, 4,
                '--save-codes', 'codes.npz') == 0
    scores = json.loads((place / 'chosen/scores.json').read_text())
    assert list(scores) == ['mig'] and scores['mig']['discrete_mig']['num_seeds'] == 2
    assert scores['mig']['discrete_mig']['protocol'] == 'quick' and 'note' not in scores['mig']['discrete_mig']
    command = ['codes.npz', '--protocol', 'quick', '--metrics', 'mig', '--seeds']
    assert evaluate_codes.main([*command, '3', '4', '--json', 'again.json']) == 0
    again = json.loads((place / 'again.json').read_text())['mig']['discrete_mig']
    assert again['mean'] == pytest.approx(scores['mig']['discrete_mig']['mean'], abs=1e-12)
    assert 'labelled samples' not in capsys.readouterr().err
    assert evaluate_codes.main([*command, '9']) == 0
    assert 'not of all that the metrics draw: they are scored as labelled samples' in capsys.readouterr().err


def test_all_checkpoints_with_a_ranking_without_labels(place, call, capsys):
    assert call('--all-checkpoints', '--work-dir', 'run', '--metrics', 'factor_vae', '--save-codes', 'each.npz') == 0
    out = capsys.readouterr().out
    table = out[out.rindex('checkpoint  '):].splitlines()
    assert table[0].split() == ['checkpoint', 'factor_vae/eval_accuracy', 'udr_spearman', 'udr_lasso', 'model_centrality']
    assert [line.split()[0] for line in table[1:3]] == ['iter_1', 'iter_2'] and '*' in table[1] + table[2]
    assert table[3].startswith('* best by codes alone')
    ranking = json.loads((place / 'run/test/ranking.json').read_text())
    assert list(ranking) == ['iter_1', 'iter_2'] and set(ranking['iter_1']) == {'udr_spearman', 'udr_lasso', 'model_centrality'}
    scores = [json.loads((place / f'run/test/{name}/scores.json').read_text()) for name in ('iter_1', 'iter_2')]
    assert set(scores[0]) == set(scores[1]) == {'factor_vae'}
    codes = [np.load(place / f'each_{name}.npz')['codes'] for name in ('iter_1', 'iter_2')]
    assert codes[0].shape == codes[1].shape and not np.array_equal(*codes)
    assert compare_runs.main(['each_iter_1.npz', 'each_iter_2.npz']) == 0


@pytest.mark.parametrize(('options', 'message'), [
    (('run/iter_1.pth', '--all-checkpoints'), '--all-checkpoints tests those of the work directory: name no checkpoint'),
    (('run/iter_1.pth', '--protocol', 'studies'), "unknown protocol 'studies'; known are study"),
    (('run/iter_1.pth', '--metrics', 'mig,fid'), "unknown metric 'fid'; known are factor_vae"),
    (('run/iter_1.pth', '--protocol', 'infomec', '--metrics', 'mig'), 'mig takes the keywords num_train'),
    (('run/iter_1.pth', '--seeds', -1), 'seed must be an integer in 0..4294967295, got -1'),
])
def test_mistakes(call, capsys, options, message):
    assert call(*options) == 2
    assert message in capsys.readouterr().err


def test_encode_a_split(place, monkeypatch, capsys):
    monkeypatch.chdir(place)
    encode = ['encode', 'small.py', 'run/iter_1.pth', '--split', 'test', '--device', 'cpu', '--num', '60', '--out']
    assert infer.main([*encode, 'split.npz']) == 0
    with np.load('split.npz') as file:
        assert file['codes'].shape == (60, 10) and file['factor_sizes'].tolist() == [3, 6, 40, 32, 32]
        assert (np.diff(file['index']) > 0).all() and file['factor_names'][0] == 'shape'
    assert evaluate_codes.main(['split.npz', '--protocol', 'quick', '--metrics', 'mig']) == 0
    assert 'codes of 60 of the 737,280 cells of the grid' in capsys.readouterr().err
    assert infer.main([*encode, 'split.csv']) == 0
    assert len((place / 'split.csv').read_text().splitlines()) == 61
    assert infer.main(['encode', 'small.py', 'run/iter_1.pth', '--out', 'x.npz']) == 2
    assert 'encode needs images, or --split' in capsys.readouterr().err

import json
import logging
import sys
import warnings

import pytest
from mmengine.evaluator import BaseMetric
from mmengine.logging import MMLogger

from ibgan_plugin.config.check import ConfigError
from ibgan_plugin.engine.log import BOILERPLATE, StrictLocalVisBackend, hear_warnings, progress_line, write_warnings_to
from ibgan_plugin.registry import METRICS
from tests.engine.runs import make_runner, validation

#: What a logger writes before each of these messages on the terminal.
PREFIX = len('11/26 02:14:46 - mmengine - INFO - ')


def test_the_line_of_a_long_run_fits_the_screen():
    values = {'loss_disc_real': 123.45678, 'loss_disc_fake': 123.45, 'loss_gen': -1234.5678, 'loss_info': 9.0, 'time': 12.3456,
              'mi_lower_bound': -1234.567, 'mi_upper_bound': 1234.567}
    line = progress_line(values, 999_900, 1_000_000, eta=40 * 86_400 + 3, active_dims=15, noise=0.4951)
    assert line == ('[ 999900/1000000]  D 246.9  G -1234.6  bounds -1234.6 to 1234.6 nats  active 15  noise 0.495  12.346 s/it  '
                    'ETA 40.0 d')
    assert PREFIX + len(line) < 160
    worst = progress_line({**dict.fromkeys(values, -123456.789), 'time': 12.3456}, 999_900, 1_000_000, 40 * 86_400, 64, 0.4951)
    assert 'D -2.5e+05  G -1.2e+05' in worst
    assert PREFIX + len(worst) < 160


def test_other_models_show_their_own_losses():
    line = progress_line({'loss_reconstruction': 512.3456, 'loss_kl': 3.2, 'lr': 1e-4}, 5, 10, eta=75)
    assert line == '[ 5/10]  reconstruction 512.3  kl 3.200  ETA 0:01:15'


@METRICS.register_module(force=True)
class SomeScore(BaseMetric):
    """A score that does not look."""

    default_prefix = 'some'

    def process(self, data_batch, data_samples):
        self.results += [0.25] * len(data_samples)

    def compute_metrics(self, results):
        return dict(score=sum(results) / len(results))


def own_log(**changes):
    hooks = dict(logger=dict(type='ibgan_plugin.ProgressLoggerHook', interval=1),
                 bounds=dict(type='ibgan_plugin.MIBoundsHook', interval=1, active_threshold=0.0),
                 noise=dict(type='ibgan_plugin.InstanceNoiseHook', start=1.0, end=0.0),
                 checkpoint=dict(type='ibgan_plugin.SafeCheckpointHook', interval=1, by_epoch=False))
    return dict(log_processor=dict(type='ibgan_plugin.ProgressLog'), default_hooks=hooks, log_level='INFO', **changes)


@pytest.fixture(scope='module')
def log(tmp_path_factory):
    """Work directory, and lines of the log, of a run of three iterations."""
    folder = tmp_path_factory.mktemp('logged')
    make_runner(folder, max_iters=3, **own_log()).train()
    path, = folder.glob('*/*.log')
    return folder, path.read_text().splitlines()


def test_a_run_begins_with_ten_lines(log):
    folder, lines = log
    first = next(number for number, line in enumerate(lines) if '[1/3]' in line)
    assert first <= 10
    names = [line.split()[0] for line in lines[1:first]]
    assert names == ['config', 'model', 'data', 'optimisers', 'length', 'device', 'start', 'writes']
    assert 'MadeImages, 64 images of 1 x 16 x 16, batches of 8' in '\n'.join(lines[:first])
    environment = json.loads((folder / 'environment.json').read_text())
    assert environment['PyTorch'] and {'commit', 'scikit-learn'} <= set(environment)
    assert ' threads: ' in lines[first - 3] and ' cores (' in lines[first - 3]
    config, = folder.glob('*/vis_data/config.py')
    assert 'ibgan_plugin.IBGAN' in config.read_text()


def test_each_line_says_what_matters(log):
    _, lines = log
    for number, noise in ((1, '1.000'), (2, '0.667'), (3, '0.333')):
        line, = (line for line in lines if f'[{number}/3]' in line)
        words = (' D ', ' G ', ' bounds ', ' nats ', ' active 4 ', f' noise {noise} ', ' s/it ', ' ETA ')
        assert all(word in line for word in words)
        assert len(line) < 160


def test_a_run_ends_with_what_is_where(log):
    folder, lines = log
    last = next(number for number, line in enumerate(lines) if '3 iterations are done' in line)
    assert [line.split()[0] for line in lines[last + 1:]] == ['checkpoint', 'curves']
    assert str(folder / 'iter_3.pth') in lines[last + 1]


def test_nothing_of_mmengines_remarks_is_left(log):
    _, lines = log
    assert not [line for line in lines if any(text in line for text in BOILERPLATE) or 'metainfo' in line]


def test_the_end_names_the_score_and_the_next_command(tmp_path):
    metric = dict(type='ibgan_plugin.SomeScore')
    stages = {**validation(16), **validation(16, 'test')}
    stages['val_evaluator'] = stages['test_evaluator'] = metric
    runner = make_runner(tmp_path, train_cfg=dict(type='IterBasedTrainLoop', max_iters=2, val_interval=2), **own_log(**stages))
    runner.train()
    path, = tmp_path.glob('*/*.log')
    text = path.read_text()
    assert 'validation  some/score 0.2500' in text
    assert 'score       some/score 0.2500 (validation)' in text
    config = tmp_path / f'{runner.timestamp}.py'
    assert f'next        python tools/test.py {config} {tmp_path}/iter_2.pth --work-dir {tmp_path}' in text and config.exists()
    assert 'Iter(val)' not in text


def test_warnings_go_to_the_screen_in_one_line_and_to_the_log_file(tmp_path, capfd):
    before = warnings.showwarning
    py_warnings = logging.getLogger('py.warnings')
    try:
        with warnings.catch_warnings():  # puts back what an earlier call has set
            hear_warnings()
        hear_warnings()
        warnings.warn('said early\nand more')
        logger = MMLogger.get_instance('test_warnings', log_file=str(tmp_path / 'run.log'))
        write_warnings_to(logger)
        warnings.warn('said late')
        hear_warnings()  # another tool in this process
        other = MMLogger.get_instance('test_other_warnings', log_file=str(tmp_path / 'other.log'))
        write_warnings_to(other)
    finally:
        logging.captureWarnings(False)
        py_warnings.handlers, py_warnings.propagate = [], True
        warnings.showwarning = before
    assert capfd.readouterr().err.splitlines() == ['warning: said early', 'warning: said late']
    assert (tmp_path / 'other.log').read_text() == ''
    text = (tmp_path / 'run.log').read_text()
    assert 'said early' in text and 'said late' in text


def test_scalars_are_strict_json_and_a_full_disk_names_the_file(tmp_path, monkeypatch):
    backend = StrictLocalVisBackend(str(tmp_path))
    backend.add_scalars(dict(loss=float('nan'), other=float('inf'), fine=1.5), step=3)

    def refuse(name):
        raise AssertionError(f'{name} is no JSON')

    line, = (tmp_path / 'scalars.json').read_text().splitlines()
    assert json.loads(line, parse_constant=refuse) == dict(loss=None, other=None, fine=1.5, step=3)

    def full(*_, **__):
        raise OSError(28, 'No space left on device')

    monkeypatch.setattr('mmengine.visualization.vis_backend.dump', full)
    with pytest.raises(OSError, match=r'could not write .*scalars\.json: No space left on device'):
        backend.add_scalars(dict(loss=1.0), step=4)


@pytest.mark.parametrize(('package', 'backend'), [('wandb', 'WandbVisBackend'), ('mlflow', 'MLflowVisBackend'),
                                                 ('aim', 'AimVisBackend')])
def test_a_back_end_whose_package_is_missing_is_one_line_before_the_first_iteration(tmp_path, monkeypatch, package, backend):
    monkeypatch.setitem(sys.modules, package, None)
    visualizer = dict(type='Visualizer', vis_backends=[dict(type='LocalVisBackend'), dict(type=backend)])
    message = rf'^config: visualizer.vis_backends: {backend} can not start \(ImportError: .*pip install {package}'
    with pytest.raises(ConfigError, match=message) as error:
        make_runner(tmp_path, visualizer=visualizer)
    assert '\n' not in str(error.value)


def test_a_back_end_that_refuses_is_one_line(tmp_path, monkeypatch):
    """As wandb does without an account, MLflow with a server that is not there."""
    def refuse(self):
        raise LookupError('no account\nmore of that')
    monkeypatch.setattr('mmengine.visualization.TensorboardVisBackend._init_env', refuse)
    visualizer = dict(type='Visualizer', vis_backends=[dict(type='TensorboardVisBackend')])
    with pytest.raises(ConfigError, match=r'TensorboardVisBackend can not start \(LookupError: no account more of that\)'):
        make_runner(tmp_path, visualizer=visualizer)

"""From a file and options to a checked config."""
import pytest

from ibgan_plugin.config.check import ConfigError
from ibgan_plugin.config.load import load_config
from tests.engine.runs import run_cfg


@pytest.fixture
def config(tmp_path):
    cfg = run_cfg(tmp_path)
    cfg.pop('work_dir')
    cfg.dump(tmp_path / 'small.py')
    return str(tmp_path / 'small.py')


def test_options_are_applied(config):
    cfg = load_config(config, cfg_options={'train_cfg.max_iters': 3}, seed=7, launcher='slurm')
    assert cfg.train_cfg.max_iters == 3
    assert cfg.randomness.seed == 7
    assert cfg.launcher == 'slurm'
    assert cfg.work_dir == 'work_dirs/small'
    assert load_config(config, work_dir='elsewhere').work_dir == 'elsewhere'


@pytest.mark.parametrize(('options', 'message'), [
    (dict(path='no/such.py'), "no config file 'no/such.py'"),
    (dict(cfg_options={'model.beta': 1}), r"small.py: unknown key model.beta = 1"),
    (dict(cfg_options={'custom_hooks.99.interval': 1}), r'small.py: .*99'),
])
def test_mistakes(config, options, message):
    with pytest.raises(ConfigError, match=message):
        load_config(**{'path': config, **options})


@pytest.mark.parametrize('content', ['model = dict(', 'a = b', "_base_ = ['./missing.py']"])
def test_a_config_that_can_not_be_read(tmp_path, content):
    (tmp_path / 'broken.py').write_text(content)
    with pytest.raises(ConfigError, match=r'broken\.py can not be read'):
        load_config(str(tmp_path / 'broken.py'))

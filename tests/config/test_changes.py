from pathlib import Path

import pytest

from ibgan_plugin.config.changes import MISSING, Change, config_changes
from ibgan_plugin.config.load import read_config

CONFIGS = Path(__file__).parents[2] / 'configs'


def test_what_a_leaf_and_a_command_line_say_beyond_the_bases():
    config = read_config(CONFIGS / 'ibgan/gan_dsprites.py', {'randomness.seed': 5, 'work_dir': 'somewhere'})
    changes = config_changes(config, 'gan_dsprites')
    assert Change('model.info_loss.info_weight', '0.0', '1.0') in changes
    assert Change('randomness.seed', '5', '0') in changes
    assert not [change for change in changes if change.key.startswith('work_dir')]
    config.load_strict, config.train_dataloader.worker_init_fn = True, dict(type='ibgan_plugin.outlive_stop_signals')
    assert config_changes(config, 'gan_dsprites') == changes  # what a training adds to every config
    assert [change.key for change in changes] == sorted(change.key for change in changes)


def test_a_key_that_only_one_has_is_said():
    config = read_config(CONFIGS / 'ibgan/gan_dsprites.py')
    config.pop('log_level')
    config['extra'] = {}
    assert {Change('log_level', MISSING, "'INFO'"), Change('extra', '{}', MISSING)} <= set(config_changes(config, 'gan_dsprites'))


@pytest.mark.parametrize('name', ['no_such_config', 'default_runtime'])
def test_without_bases_nothing_is_known(name):
    assert config_changes(read_config(CONFIGS / 'ibgan/gan_dsprites.py'), name) is None

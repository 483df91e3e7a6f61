"""From a file and options to a checked config."""
import pytest

from ibgan_plugin.config.check import ConfigError
from ibgan_plugin.config.load import load_config, read_config
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


def test_a_seed_beside_a_mistake_in_randomness(config):
    assert load_config(config, cfg_options={'randomness': None}, seed=7).randomness.seed == 7
    with pytest.raises(ConfigError, match='randomness = '):
        load_config(config, cfg_options={'randomness': [1]}, seed=7)


def test_options_that_can_not_be_applied_are_reported_with_the_rest(config):
    with pytest.raises(ConfigError) as error:
        load_config(config, cfg_options={'log_level.x': 1, 'train_dataloader.batch_size': 0})
    assert [line.partition(': ')[2] for line in error.value.lines] == [
        "log_level.x: log_level = 'WARNING' has no keys",
        'train_dataloader.batch_size = 0 must be an integer of at least 1 and at most 1,048,576']


def test_a_number_that_an_option_sets_is_not_scheduled_away():
    config, key = 'configs/ibgan/ibgan_quick_dsprites.py', 'model.kl_loss.beta'
    assert load_config(config).default_hooks.beta.field == 'kl_loss.beta'
    with pytest.warns(UserWarning, match=r'beta = 0.07 stays constant: the schedule default_hooks.beta, which sets it too'):
        cfg = load_config(config, cfg_options={key: 0.07})
    assert cfg.model.kl_loss.beta == 0.07 and cfg.default_hooks.beta is None
    both = {key: 0.07, 'default_hooks.beta.points': [[0, 0.5]]}
    assert load_config(config, cfg_options=both).default_hooks.beta.points == [[0, 0.5]]


@pytest.mark.parametrize(('options', 'message'), [
    (dict(path='no/such.py'), "no config file 'no/such.py'"),
    (dict(cfg_options={'model.beta': 1}), r"small.py: unknown key model.beta = 1"),
    (dict(seed=-1), r'--seed must be from 0 to 4,294,967,295, got -1'),
    (dict(work_dir=' '), '--work-dir must name a folder'),
    (dict(cfg_options={'test_evaluator': 'abc'}), "test_evaluator = 'abc' must be a dict with a type, or a list of such"),
    (dict(cfg_options={'val_evaluator': 3}), 'val_evaluator = 3 must be a dict with a type, or a list of such'),
    (dict(cfg_options={'custom_hooks.99.interval': 1}), r'small.py: .*99'),
])
def test_mistakes(config, options, message):
    with pytest.raises(ConfigError, match=message):
        load_config(**{'path': config, **options})


def test_all_mistakes_are_reported_at_once(config):
    options = {'model.generator.base_chanels': 2, 'train_dataloader.batch_size': 0, 'train_cfg.max_iters': 1e3, 'work_dir': 2024}
    with pytest.raises(ConfigError) as error:
        load_config(config, cfg_options=options)
    lines = str(error.value).splitlines()
    assert all(line.startswith(f'{config}: ') for line in lines)
    assert sorted(line.removeprefix(f'{config}: ').partition(' = ')[0] for line in lines) == [
        'train_cfg.max_iters', 'train_dataloader.batch_size', 'unknown key model.generator.base_chanels', 'work_dir']
    assert 'work_dir = 2024 must be str, not int; in quotes of its own it is a string' in str(error.value)


@pytest.mark.parametrize(('options', 'expected'), [
    ({'model.kl_loss': dict(beta=0.3)}, dict(type='ibgan_plugin.KLLoss', beta=0.3)),
    ({'model.kl_loss': dict(_delete_=True, type='ibgan_plugin.KLLoss', beta=0.4)}, dict(type='ibgan_plugin.KLLoss', beta=0.4)),
    ({'model.kl_loss.beta': 0.5, 'model.kl_loss._delete_': True}, dict(beta=0.5)),
    ({'model.kl_loss': None}, None),
])
def test_a_dict_is_merged_or_replaced(config, options, expected):
    assert read_config(config, options).model.kl_loss == expected


def test_options_change_what_they_name_alone(tmp_path):
    path = tmp_path / 'shared.py'
    path.write_text("loader = dict(batch_size=4)\nval_dataloader = loader\ntest_dataloader = loader\nsteps = [1, dict(a=2)]\n")
    cfg = read_config(path, {'val_dataloader.batch_size': 8, 'steps.0': 5, 'steps.1.a': 6, 'new.key': 1})
    assert (cfg.val_dataloader.batch_size, cfg.test_dataloader.batch_size) == (8, 4)
    assert cfg.steps == [5, dict(a=6)] and cfg.new == dict(key=1)


@pytest.mark.parametrize(('key', 'message'), [
    ('steps.-1', 'steps.-1: steps is a list, whose places are 0 to 1'),
    ('steps.2', 'steps.2: steps is a list, whose places are 0 to 1'),
    ('steps.x', 'steps.x: steps is a list, whose places are 0 to 1'),
    ('empty.0', 'empty.0: empty is a list, whose places are none: it is empty'),
    ('loader.-1', 'loader.-1: loader is no list with such a place'),
    ('number.x', 'number.x: number = 3 has no keys'),
    ('nothing.x', 'nothing.x: nothing = None has no keys'),
    ('custom_imports.imports', 'custom_imports.imports can stand in a config file only'),
    ('_base_', '_base_ can stand in a config file only'),
    ('launcher', 'launcher is said by --launcher'),
])
def test_an_option_that_leads_nowhere(tmp_path, key, message):
    path = tmp_path / 'c.py'
    path.write_text('steps = [1, 2]\nempty = []\nloader = dict()\nnumber = 3\nnothing = None\n')
    with pytest.raises(ConfigError) as error:
        read_config(path, {key: 1})
    assert str(error.value).startswith(f'{path}: {message}')


@pytest.mark.parametrize(('options', 'message'), [
    ({'model.type': 'os.system'}, "options: model.type = 'os.system' is not registered; a package that registers it must stand in"),
    ({'model.encoder': dict(type='subprocess.call')}, "options: model.encoder.type = 'subprocess.call' is not registered"),
    ({'default_hooks.timer.type': 'evil_module.Hook'}, "options: default_hooks.timer.type = 'evil_module.Hook' is not registered"),
    ({'runner_type': 'evil_module'}, "options: runner_type = 'evil_module' is not registered"),
    ({'optim_wrapper.constructor': 'ibgan_plugin.evil_module'}, "optim_wrapper.constructor = 'ibgan_plugin.evil_module' is not"),
    ({'model._scope_': 'evil_module'}, "options: model._scope_ = 'evil_module' is no scope of an imported package"),
    ({'default_scope': 'evil_module'}, "options: default_scope = 'evil_module' is no scope of an imported package"),
    ({'model.type': 'ibgan_plugin.evil_module.IBGAN'}, "options: model.type = 'ibgan_plugin.evil_module.IBGAN' is not registered"),
])
def test_options_name_registered_components_only(config, tmp_path, monkeypatch, options, message):
    (tmp_path / 'evil_module.py').write_text(f"open({str(tmp_path / 'marker')!r}, 'w')\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ConfigError, match=message):
        read_config(config, options)
    assert not (tmp_path / 'marker').exists()
    assert read_config(config, {'model.type': 'ibgan_plugin.models.ibgan.IBGAN'}).model.type  # the path of something registered

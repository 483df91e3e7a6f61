"""What options and configs can not do, through the tools: run code, leave the work directory, take the memory."""
import contextlib
import io
from pathlib import Path

import pytest

from tools import infer, train
from tools.analysis import get_flops

CONFIG = Path(__file__).parents[2] / 'configs/ibgan/ibgan_quick_dsprites.py'
TOOLS = {'get_flops': lambda *args: get_flops.main(list(args)), 'train': lambda *args: train.main([*args, '--print-config']),
         'infer': lambda config, *args: infer.main(['sample', config, 'none.pth', '--out', 'x.png', *args])}


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A folder with a module that leaves a mark when it is imported."""
    for name in ('evil.py', 'Adam.py', 'evil_package/__init__.py', 'evil_package/registry.py'):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(f"open({str(tmp_path / 'marker')!r}, 'w')\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


def refused(tool, *arguments) -> str:
    """What a tool says of bad input; the exit code is 2."""
    said = io.StringIO()
    with contextlib.redirect_stderr(said):
        try:
            status = TOOLS[tool](*map(str, arguments))
        except SystemExit as stop:  # argparse's
            status = stop.code
    assert status == 2, said.getvalue()
    assert 'Traceback' not in said.getvalue()
    return said.getvalue()


@pytest.mark.parametrize('tool', TOOLS)
@pytest.mark.parametrize('option', ['model.type=os.system', 'model.generator.type=evil.Generator', 'default_scope=evil_package',
                                    'model._scope_=evil_package', 'model.encoder.type=ibgan_plugin.evil',
                                    'custom_imports.imports=[evil]', 'model.type=Adam',
                                    'model.generator.type=ibgan_plugin.DSprites', 'runner_type=Adam',
                                    'train_dataloader.dataset.type=mmengine.EMAHook'])
def test_options_run_no_code(place, tool, option):
    message = refused(tool, CONFIG, '--cfg-options', option)
    assert 'error: ' in message and option.partition('=')[0].partition('.')[0] in message
    assert not (place / 'marker').exists()


@pytest.mark.parametrize('tool', TOOLS)
@pytest.mark.parametrize('content', [
    "x: !!python/object/apply:os.system ['touch marker']", 'model: {type: os.system, command: touch marker}',
    'custom_imports: {imports: [evil]}', '_base_: evil.py', 'default_scope: evil_package'])
def test_configs_of_data_run_no_code(place, tool, content):
    (place / 'c.yaml').write_text(content)
    assert refused(tool, 'c.yaml').startswith('error: c.yaml')
    assert not (place / 'marker').exists()


@pytest.mark.parametrize('name', ['../iter_{}.pth', '/tmp/iter_{}.pth', 'a/../../iter_{}.pth', '{0.__class__}', 'iter.pth'])
def test_templates_of_file_names_stay_inside(place, name):
    assert 'default_hooks.checkpoint.filename_tmpl' in refused('train', CONFIG, '--cfg-options',
                                                                f'default_hooks.checkpoint.filename_tmpl={name}')


@pytest.mark.parametrize(('option', 'message'), [
    ('train_cfg.max_iters=1e99', 'train_cfg.max_iters = 1e+99 must be int, not float'),
    ('train_cfg.max_iters=1e3', 'train_cfg.max_iters = 1000.0 must be int, not float'),
    (f'train_cfg.max_iters={"9" * 40}', 'is beyond all use, at most 1,000,000,000'),
    (f'train_cfg.max_iters={"9" * 6000}', 'train_cfg.max_iters = inf must be'),
    ('train_dataloader.batch_size=99999999999', 'train_dataloader.batch_size = 99999999999 must be an integer of at least 1'),
    ('train_dataloader.batch_size=1000000', 'a batch of 1,000,000 images of 1x64x64 (train_dataloader.batch_size) needs'),
    ('train_dataloader.num_workers=1000000', 'train_dataloader.num_workers = 1000000 must be an integer'),
    ('train_dataloader.dataset={}', "train_dataloader.dataset = '{}' must be a dict with a type"),
    ('model.generator.base_channels=0', 'base_channels'),
    ('model.generator.base_channels=100000000', 'LayoutGenerator.base_channels must be 1 to 65536, got 100000000'),
    ('model.generator.base_channels=60000', 'GiB'),
    ('custom_hooks.-1.interval=3', 'custom_hooks.-1'),
    ('model.encoder.hidden_dims=' + '[' * 5000, 'must be KEY=VALUE with balanced brackets'),
    ('model.encoder.hidden_dims=' + '[' * 5000 + ']' * 5000, 'more than 16 brackets in one another'),
    ('optim_wrapper.generator.optimizer.lr=nan', 'optim_wrapper.generator.optimizer.lr = nan must be finite'),
    ('compile=maybe', "compile = 'maybe' must be bool or dict, not str"),
    ('log_level=LOUD', "log_level = 'LOUD' must be one of DEBUG, INFO"),
    ('work_dir=2024', 'work_dir = 2024 must be str, not int; in quotes of its own it is a string'),
])
def test_impossible_options_end_in_one_line(place, option, message):
    said = refused('train', CONFIG, '--cfg-options', option)
    assert message in said
    assert all(len(line) < 500 for line in said.splitlines() if 'error: ' in line)


def test_a_config_that_is_its_own_base(place):
    (place / 'a.py').write_text("_base_ = './b.py'\n")
    (place / 'b.py').write_text("_base_ = './a.py'\n")
    assert refused('get_flops', 'a.py') == 'error: a.py is its own base: a.py -> b.py -> a.py\n'

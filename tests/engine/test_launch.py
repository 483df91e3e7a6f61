import json
import pickle
from pathlib import Path

import mmengine.device.utils
import pytest
import torch

from ibgan_plugin.config.check import ConfigError
from ibgan_plugin.engine.checkpoints import CheckpointError
from ibgan_plugin.engine.launch import (
    build_runner,
    init_cpu_distributed,
    leave_process_group,
    load_config,
    one_clear_message,
    select_device,
)
from tests.engine.runs import run_cfg
from tests.engine.test_checkpoints import Evil, save


@pytest.fixture
def config(tmp_path):
    cfg = run_cfg(tmp_path)
    cfg.pop('work_dir')
    cfg.dump(tmp_path / 'small.py')
    return str(tmp_path / 'small.py')


def test_options_are_applied(config):
    with pytest.warns(UserWarning, match='no whole checkpoint in work_dirs/small; training starts afresh'):
        cfg = load_config(config, cfg_options={'train_cfg.max_iters': 3}, seed=7, resume='auto')
    assert cfg.train_cfg.max_iters == 3
    assert cfg.randomness.seed == 7
    assert cfg.work_dir == 'work_dirs/small'
    assert not cfg.get('resume')
    assert load_config(config, work_dir='elsewhere').work_dir == 'elsewhere'


@pytest.mark.parametrize(('options', 'message'), [
    (dict(path='no/such.py'), "no config file 'no/such.py'"),
    (dict(resume='no/such.pth'), "no checkpoint file 'no/such.pth'"),
    (dict(checkpoint='no/such.pth'), "no checkpoint file 'no/such.pth'"),
    (dict(cfg_options={'model.beta': 1}), r"small.py: unknown key model.beta = 1"),
    (dict(cfg_options={'custom_hooks.99.interval': 1}), r'small.py: .*99'),
])
def test_mistakes(config, options, message):
    with pytest.raises(ValueError, match=message):
        load_config(**{'path': config, **options})


def test_resume_of_the_config_takes_the_newest_whole_checkpoint_where_the_hook_saves(config, tmp_path):
    options = {'resume': True, 'default_hooks.checkpoint.out_dir': str(tmp_path / 'out'), 'work_dir': 'work_dirs/mine'}
    with pytest.warns(UserWarning, match='no whole checkpoint in .*out/mine; training starts afresh'):
        cfg = load_config(config, cfg_options=options)
    assert (cfg.resume, cfg.load_from) == (False, None)
    whole, cut = save(tmp_path / 'out' / 'mine' / 'iter_2.pth'), save(tmp_path / 'out' / 'mine' / 'iter_3.pth')
    cut.write_bytes(cut.read_bytes()[:-9])
    with pytest.warns(UserWarning, match=r'iter_3\.pth is truncated'):
        cfg = load_config(config, cfg_options=options)
    assert (cfg.resume, cfg.load_from) == (True, str(whole))
    assert load_config(config, cfg_options={**options, 'load_from': str(whole)}).load_from == str(whole)
    assert not load_config(config, cfg_options=options, checkpoint=str(whole)).resume


@pytest.mark.parametrize('options', [dict(resume='{}'), dict(checkpoint='{}'), dict(cfg_options={'load_from': '{}'}),
                                     dict(cfg_options={'load_from': '{}', 'resume': True}),
                                     dict(cfg_options={'model.init_cfg': dict(type='Pretrained', checkpoint='{}')})])
def test_a_malicious_checkpoint_runs_through_no_option(config, tmp_path, options):
    path = str(save(tmp_path / 'evil.pth', {'state_dict': {}, 'meta': Evil(tmp_path / 'marker')}))
    options = json.loads(json.dumps(options).replace('{}', path))
    with pytest.raises(CheckpointError, match=r'evil\.pth holds objects of type posix\.system'):
        load_config(config, **options)
    assert not (tmp_path / 'marker').exists()


def test_tools_load_no_code_for_others_either(tmp_path, monkeypatch):
    """MMEngine 0.11 switches ``weights_only`` off."""
    monkeypatch.setenv('TORCH_FORCE_WEIGHTS_ONLY_LOAD', '0')
    path = save(tmp_path / 'evil.pth', {'state_dict': {}, 'meta': Evil(tmp_path / 'marker')})
    with pytest.raises(pickle.UnpicklingError, match='Weights only load failed'):
        one_clear_message(lambda: torch.load(path, weights_only=False))()
    assert not (tmp_path / 'marker').exists()


@pytest.mark.parametrize('content', ['model = dict(', 'a = b', "_base_ = ['./missing.py']"])
def test_a_config_that_can_not_be_read(tmp_path, content):
    (tmp_path / 'broken.py').write_text(content)
    with pytest.raises(ConfigError, match=r'broken\.py can not be read'):
        load_config(str(tmp_path / 'broken.py'))


@pytest.mark.skipif(torch.cuda.is_available(), reason='CUDA is there')
def test_amp_falls_back_with_one_message(config):
    with pytest.warns(UserWarning, match='--amp needs a CUDA device') as caught:
        cfg = load_config(config, amp='fp16')
    assert len(caught) == 1
    assert cfg.optim_wrapper.generator.type == 'OptimWrapper'


@pytest.mark.parametrize(('amp', 'dtype'), [('fp16', 'float16'), ('bf16', 'bfloat16')])
def test_amp_wraps_every_optimiser(config, monkeypatch, amp, dtype):
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: True)
    cfg = load_config(config, amp=amp)
    for side in ('generator', 'discriminator'):
        assert (cfg.optim_wrapper[side].type, cfg.optim_wrapper[side].dtype) == ('AmpOptimWrapper', dtype)


def test_device(monkeypatch):
    monkeypatch.setenv('CUDA_VISIBLE_DEVICES', '0')
    monkeypatch.setattr(mmengine.device.utils, 'DEVICE', 'cuda')
    select_device(None)
    assert mmengine.device.get_device() == 'cuda'
    select_device('cpu')
    assert mmengine.device.get_device() == 'cpu'
    for wrong in ('gpu', 'cuda:x'):
        with pytest.raises(ConfigError, match=f"must be 'cpu', 'cuda' or 'cuda:N', got '{wrong}'"):
            select_device(wrong)


@pytest.mark.skipif(torch.cuda.is_available(), reason='CUDA is there')
def test_missing_cuda_is_one_message(config):
    with pytest.raises(ConfigError, match='--device cuda: no such CUDA device'):
        select_device('cuda')
    cfg = load_config(config, launcher='slurm')
    with pytest.raises(ConfigError, match='--launcher slurm needs CUDA devices'):
        init_cpu_distributed(cfg)


def test_bad_input_ends_in_one_line(monkeypatch, capsys):

    @one_clear_message
    def main():
        raise FileNotFoundError(2, 'No such file', 'data.lmdb')

    with pytest.raises(SystemExit) as stop:
        main()
    assert stop.value.code == 2
    assert capsys.readouterr().err == "error: [Errno 2] No such file: 'data.lmdb'\n"
    monkeypatch.setenv('IBGAN_TRACEBACK', '1')
    with pytest.raises(FileNotFoundError):
        main()


@pytest.mark.parametrize('error', [None, ValueError, RuntimeError])
def test_no_thread_of_gloo_outlives_a_tool(tmp_path, capsys, error):
    """One that runs while the interpreter exits now and then aborts the process."""

    def gloo_threads() -> list[str]:
        names = [path.read_text().strip() for path in Path('/proc/self/task').glob('*/comm')]
        return [name for name in names if 'gloo' in name]

    @one_clear_message
    def main():
        torch.distributed.init_process_group('gloo', init_method=f'file://{tmp_path}/store', world_size=1, rank=0)
        model = torch.nn.parallel.DistributedDataParallel(torch.nn.Linear(1, 1))
        model.itself = [model]  # as a runner and its hooks hold each other
        assert gloo_threads()
        if error is not None:
            raise error('made up')

    if error is None:
        main()
    else:
        with pytest.raises(SystemExit) as stop:
            main()
        assert stop.value.code == (2 if error is ValueError else 1)
        assert 'made up' in capsys.readouterr().err
    assert not gloo_threads()


def test_a_finished_tool_leaves_the_process_group_and_gives_its_exit_code(tmp_path):
    torch.distributed.init_process_group('gloo', init_method=f'file://{tmp_path}/store', world_size=1, rank=0)
    try:
        with pytest.raises(SystemExit) as stop:
            one_clear_message(lambda: 75)()
        assert stop.value.code == 75
        assert not torch.distributed.is_initialized()
    finally:
        leave_process_group()
    assert one_clear_message(lambda: None)() is None


@pytest.mark.parametrize(('changes', 'message'), [
    ({'optim_wrapper.generator.optimizer': 'RMSprop'}, "small.py: 'str' object has no attribute 'get'"),
    ({'train_dataloader.dataset': None}, "small.py: train_dataloader.sampler: object of type 'NoneType' has no len"),
    ({'train_cfg.max_iters': 1.5}, 'small.py: train_cfg: `max_iters` should be a integer'),
    ({'param_scheduler': dict(generator=[dict(type='LinearLR', end='abc', by_epoch=False)], discriminator=[])}, 'small.py: .*str'),
])
def test_mistakes_in_what_the_runner_builds_late(config, tmp_path, changes, message):
    with pytest.raises(ConfigError, match=message):
        build_runner(load_config(config, str(tmp_path / 'work'), changes)).train()

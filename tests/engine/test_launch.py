import json
import warnings

import pytest
import torch

from ibgan_plugin.config.check import ConfigError
from ibgan_plugin.engine.checkpoints import CheckpointError
from ibgan_plugin.engine.launch import (
    build_runner,
    load_run_config,
)
from ibgan_plugin.engine.runner import choose_device, join_processes
from ibgan_plugin.utils.errors import IBGANError
from tests.engine.files import Evil, save
from tests.engine.runs import run_cfg


@pytest.fixture
def config(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    cfg = run_cfg(tmp_path)
    cfg.pop('work_dir')
    cfg.dump(tmp_path / 'small.py')
    return str(tmp_path / 'small.py')


def test_options_are_applied(config):
    with pytest.warns(UserWarning, match='no checkpoint in work_dirs/small; training starts afresh'):
        cfg = load_run_config(config, cfg_options={'train_cfg.max_iters': 3}, seed=7, resume='auto')
    assert cfg.train_cfg.max_iters == 3
    assert cfg.randomness.seed == 7
    assert not cfg.get('resume')


@pytest.mark.parametrize(('options', 'message'), [
    (dict(resume='no/such.pth'), "no checkpoint file 'no/such.pth'"),
    (dict(checkpoint='no/such.pth'), "no checkpoint file 'no/such.pth'"),
])
def test_mistakes(config, options, message):
    with pytest.raises(ValueError, match=message):
        load_run_config(**{'path': config, **options})


def test_resume_of_the_config_takes_the_newest_whole_checkpoint_where_the_hook_saves(config, tmp_path):
    options = {'resume': True, 'default_hooks.checkpoint.out_dir': str(tmp_path / 'out'), 'work_dir': 'work_dirs/mine'}
    with pytest.warns(UserWarning, match='no checkpoint in .*out/mine; training starts afresh'):
        cfg = load_run_config(config, cfg_options=options)
    assert (cfg.resume, cfg.load_from) == (False, None)
    content = dict(state_dict={}, meta=dict(iter=2, seed=5))
    whole, cut = (save(tmp_path / 'out' / 'mine' / f'iter_{number}.pth', content) for number in (2, 3))
    cut.write_bytes(cut.read_bytes()[:-9])
    with pytest.warns(UserWarning, match=r'iter_3\.pth is truncated'):
        cfg = load_run_config(config, cfg_options=options)
    assert (cfg.resume, cfg.load_from, cfg.randomness.seed) == (True, str(whole), 5)
    assert load_run_config(config, cfg_options={**options, 'load_from': str(whole)}).load_from == str(whole)
    assert not load_run_config(config, cfg_options=options, checkpoint=str(whole)).resume


@pytest.mark.parametrize('options', [dict(resume='{}'), dict(checkpoint='{}'), dict(cfg_options={'load_from': '{}'}),
                                     dict(cfg_options={'load_from': '{}', 'resume': True}),
                                     dict(cfg_options={'model.init_cfg': dict(type='Pretrained', checkpoint='{}')})])
def test_a_malicious_checkpoint_runs_through_no_option(config, tmp_path, options):
    path = str(save(tmp_path / 'evil.pth', {'state_dict': {}, 'meta': Evil(tmp_path / 'marker')}))
    options = json.loads(json.dumps(options).replace('{}', path))
    with pytest.raises(CheckpointError, match=r'evil\.pth holds objects of type posix\.system'):
        load_run_config(config, **options)
    assert not (tmp_path / 'marker').exists()


@pytest.mark.parametrize(('options', 'message'), [
    (dict(load_from='W/iter_2.pth'), r'--overwrite would remove W/iter_2\.pth, from which the run starts'),
    (dict(cfg_options={'load_from': 'W/iter_2.pth'}), r'--overwrite would remove W/iter_2\.pth, from which the run starts'),
    (dict(cfg_options={'model.init_cfg': dict(type='Pretrained', checkpoint='W/iter_2.pth')}), r'would remove W/iter_2\.pth'),
    (dict(load_from='W/iter_9.pth'), r"no checkpoint file 'W/iter_9\.pth'"),
    (dict(load_from='cut.pth'), r'cut\.pth is truncated'),
    (dict(resume='W/iter_2.pth', seed=6), r'--seed 6: the run of W/iter_2\.pth has seed 5'),
    (dict(resume='W/iter_9.pth'), r"no checkpoint file 'W/iter_9\.pth'"),
    (dict(resume='W/iter_7.pth'), r'--overwrite would remove W/iter_7\.pth'),  # renamed: it is of iteration 4
])
def test_nothing_is_removed_for_a_run_that_is_refused(config, tmp_path, options, message):
    for number, iteration in ((2, 2), (4, 4), (7, 4)):
        save(tmp_path / 'W' / f'iter_{number}.pth', dict(state_dict={}, meta=dict(iter=iteration, seed=5)))
    (tmp_path / 'cut.pth').write_bytes((tmp_path / 'W/iter_2.pth').read_bytes()[:-9])
    with pytest.raises(IBGANError, match=message):
        load_run_config(config, 'W', overwrite=True, **options)
    assert sorted(path.name for path in tmp_path.glob('W/*.pth')) == ['iter_2.pth', 'iter_4.pth', 'iter_7.pth']


def test_overwriting_starts_from_weights_of_elsewhere(config, tmp_path):
    old, weights = (save(tmp_path / name, dict(state_dict={}, meta=dict(iter=2, seed=5))) for name in ('W/iter_2.pth', 'other.pth'))
    cfg = load_run_config(config, 'W', overwrite=True, load_from='other.pth', seed=6)
    assert (cfg.resume, cfg.load_from, cfg.randomness.seed) == (False, 'other.pth', 6)
    assert weights.is_file() and not old.exists()


@pytest.mark.skipif(torch.cuda.is_available(), reason='CUDA is there')
def test_amp_falls_back_with_one_message(config):
    with pytest.warns(UserWarning, match='--amp fp16 needs a CUDA device') as caught:
        cfg = load_run_config(config, amp='fp16')
    assert len(caught) == 1
    assert cfg.optim_wrapper.generator.type == 'OptimWrapper'


@pytest.mark.skipif(torch.cuda.is_available(), reason='CUDA is there')
@pytest.mark.parametrize(('has', 'wrapper'), [(True, 'ibgan_plugin.BFloat16OptimWrapper'), (False, 'OptimWrapper')])
def test_bfloat16_on_cpus_that_have_it(config, monkeypatch, recwarn, has, wrapper):
    monkeypatch.setattr('ibgan_plugin.engine.launch.has_bfloat16', lambda: has)
    cfg = load_run_config(config, amp='bf16')
    assert {cfg.optim_wrapper[side].type for side in ('generator', 'discriminator')} == {wrapper}
    assert [str(warning.message) for warning in recwarn if '--amp bf16' in str(warning.message)] == ([] if has else [
        '--amp bf16: this processor has neither AMX nor AVX512_BF16 and would be slower so: training goes on in float32'])


@pytest.mark.parametrize(('amp', 'wrapper'), [('fp16', 'AmpOptimWrapper'), ('bf16', 'ibgan_plugin.BFloat16OptimWrapper')])
def test_amp_wraps_every_optimiser(config, monkeypatch, amp, wrapper):
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: True)
    cfg = load_run_config(config, amp=amp)
    for side in ('generator', 'discriminator'):
        assert cfg.optim_wrapper[side].type == wrapper


def test_a_device_that_is_unknown_or_not_there_is_one_message(config):
    for wrong in ('gpu', 'cuda:x', 'cpu:0'):
        with pytest.raises(ConfigError, match=f"must be 'cpu', 'cuda' or 'cuda:N', got '{wrong}'"):
            load_run_config(config, device=wrong)
    with pytest.raises(ConfigError, match='--device cuda:99: no such CUDA device'):
        load_run_config(config, device='cuda:99')


@pytest.mark.parametrize(('name', 'made_current'), [('cuda', []), ('cuda:1', [1])])
def test_cuda_without_a_number_is_the_current_device(monkeypatch, name, made_current):
    """torch refuses to make it current; in a distributed run the launcher has chosen one for each process."""
    chosen = []
    monkeypatch.setattr(torch.cuda, 'device_count', lambda: 2)
    monkeypatch.setattr(torch._C, '_cuda_setDevice', chosen.append, raising=False)
    assert choose_device(name) == torch.device(name)
    assert chosen == made_current


def test_one_device_for_all_processes_is_refused():
    with pytest.raises(ConfigError, match='--device cuda:1 is one GPU for all processes of --launcher pytorch: leave it'):
        join_processes('pytorch', torch.device('cuda:1'), {})


def test_the_device_is_the_one_that_was_asked_for(config, tmp_path):
    """Where there is CUDA too, without hiding it from the process."""
    runner = build_runner(load_run_config(config, str(tmp_path), device='cpu'))
    assert runner.device == torch.device('cpu')
    assert {parameter.device.type for parameter in runner.model.parameters()} == {'cpu'}


@pytest.mark.skipif(torch.cuda.is_available(), reason='CUDA is there')
def test_other_launchers_need_cuda(config, tmp_path):
    with pytest.raises(ConfigError, match='--launcher slurm needs CUDA devices'):
        build_runner(load_run_config(config, str(tmp_path), launcher='slurm'))


def test_joining_the_other_processes_hides_no_warnings(monkeypatch):
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: False)
    monkeypatch.setattr(torch.distributed, 'init_process_group', lambda **_: None)
    before = list(warnings.filters)
    join_processes('pytorch', torch.device('cpu'), {})
    assert list(warnings.filters) == before


@pytest.mark.parametrize(('changes', 'message'), [
    ({'optim_wrapper.generator.optimizer': 'RMSprop'},
     "small.py: optim_wrapper.generator.optimizer = 'RMSprop' must be a dict with a type"),
    ({'train_dataloader.dataset': None}, "small.py: train_dataloader.dataset = None must be a dict with a type"),
    ({'train_cfg.max_iters': 1.5}, r'small.py: train_cfg.max_iters = 1.5 must be int, not float$'),
    ({'param_scheduler': dict(generator=[dict(type='LinearLR', end='abc', by_epoch=False)], discriminator=[])}, 'small.py: .*str'),
])
def test_mistakes_in_what_the_runner_builds_late(config, tmp_path, changes, message):
    with pytest.raises(ConfigError, match=message):
        build_runner(load_run_config(config, str(tmp_path / 'work'), changes)).train()

"""Runs that would lose or mix work are refused, and what has changed is said: the tools as a user runs them."""
import shutil

import pytest
import torch

from tests.reliability.outcomes import error, train
from tests.reliability.training import CONFIG, Tool, wait_for

pytestmark = pytest.mark.filterwarnings('ignore::UserWarning')


@pytest.fixture
def run(trained, tmp_path):
    """A copy of that run."""
    shutil.copytree(trained, tmp_path / 'run')
    return tmp_path / 'run'


def logged(run) -> str:
    """The newest log file."""
    return max(run.glob('*/*.log')).read_text()


def final(run, iteration: int = 6) -> dict:
    return torch.load(run / f'iter_{iteration}.pth', weights_only=True)


# Hooks of one's own replace none of those that make checkpoints safe

@pytest.mark.parametrize('extra', [
    "custom_hooks = [dict(type='ibgan_plugin.InstanceNoiseHook', start=0.5, end=0.01)]",
    'custom_hooks = []',
    "default_hooks = dict(checkpoint=dict(_delete_=True, type='CheckpointHook', interval=2, by_epoch=False))"])
def test_hooks_of_ones_own_leave_checkpoints_that_load_and_resume(small, tmp_path, extra):
    (tmp_path / 'mine.py').write_text(f'_base_ = [{str(CONFIG)!r}]\n{extra}\n')
    assert train(tmp_path, 'mine.py', '--work-dir', 'run', *small())[0] == 0
    torch.load(tmp_path / 'run' / 'iter_4.pth', weights_only=True)
    status, text = train(tmp_path, 'mine.py', '--work-dir', 'run', '--resume', *small(train_cfg__max_iters=6))
    assert status == 0, text
    assert 'resumed epoch: 0, iter: 4' in text
    assert final(tmp_path / 'run')['meta']['iter'] == 6


def test_resuming_with_none_that_can_be_loaded_stops(small, run):
    before = {}
    for path in run.glob('*.pth'):
        path.write_bytes(path.read_bytes()[:-100])
        before[path] = path.read_bytes()
    status, text = train(run.parent, CONFIG, '--work-dir', 'run', '--resume', *small())
    assert status == 2
    assert all(name in error(text) for name in ('none of the checkpoints in run can be loaded', 'iter_4.pth', 'iter_2.pth'))
    assert before == {path: path.read_bytes() for path in run.glob('*.pth')}


def test_resuming_without_any_starts_afresh_and_says_so_in_the_log(small, tmp_path):
    status, text = train(tmp_path, CONFIG, '--work-dir', 'run', '--resume', *small())
    assert status == 0, text
    assert '--resume: no checkpoint in run; training starts afresh' in text
    assert '--resume: no checkpoint in run; training starts afresh' in logged(tmp_path / 'run')


# Two runs never share a folder

def test_a_fresh_start_in_another_runs_folder_is_refused_or_overwrites(small, run):
    status, text = train(run.parent, CONFIG, '--work-dir', 'run', '--seed', 4, *small())
    assert status == 2
    assert all(way in error(text) for way in ('--resume', '--overwrite', 'another --work-dir', 'iter_4.pth'))
    assert final(run, 4)['meta']['seed'] == 3
    # a fresh run that is killed and resumed ends as itself
    process = Tool(run.parent, 'train.py', CONFIG, '--work-dir', 'run', '--seed', 4, '--overwrite',
                   *small(train_cfg__max_iters=100_000)).process
    wait_for(run / 'iter_6.pth', process)  # which the run before has not
    process.kill()
    process.join()
    more = max(int(path.stem[5:]) for path in run.glob('iter_*.pth')) + 2
    status, text = train(run.parent, CONFIG, '--work-dir', 'run', '--resume', *small(train_cfg__max_iters=more))
    assert status == 0, text
    assert {torch.load(path, weights_only=True)['meta']['seed'] for path in run.glob('iter_*.pth')} == {4}


def test_two_runs_at_once_in_one_folder(small, tmp_path):
    first = Tool(tmp_path, 'train.py', CONFIG, '--work-dir', 'run', *small(train_cfg__max_iters=100_000))
    wait_for(tmp_path / 'run' / 'iter_2.pth', first.process)
    for words in ((), ('--resume', ), ('--overwrite', )):
        status, text = train(tmp_path, CONFIG, '--work-dir', 'run', *words, *small())
        assert status == 2
        assert 'another process is training in run' in error(text)
    assert first.process.is_alive()
    first.process.kill()
    first.wait()


@pytest.mark.parametrize('changed', [['--seed', 5], ['--seed', 0]])
def test_another_seed_is_refused_on_resuming(small, run, changed):
    status, text = train(run.parent, CONFIG, '--work-dir', 'run', '--resume', *changed, *small())
    assert status == 2
    assert f'--seed {changed[1]}: the run of run/iter_4.pth has seed 3' in error(text)


# Options that have changed since the checkpoint

def test_what_has_changed_is_used_and_said(small, run):
    changed = {'train_cfg__max_iters': 6, 'optim_wrapper__generator__optimizer__lr': 1e-6,
               'optim_wrapper__discriminator__optimizer__alpha': 0.5, 'model__kl_loss__beta': 0.7,
               'train_dataloader__batch_size': 8, 'default_hooks__instance_noise__over': 100}
    status, text = train(run.parent, CONFIG, '--work-dir', 'run', '--resume', *small(**changed))
    assert status == 0, text
    for words in ('optim_wrapper.generator.optimizer.lr has changed from 5e-05 to 1e-06',
                  'model.kl_loss.beta has changed',
                  'optim_wrapper.discriminator.optimizer.alpha = 0.5 is new',
                  'train_dataloader.batch_size has changed from 4 to 8',
                  'default_hooks.instance_noise.over has changed from 100000 to 100',
                  'train_cfg.max_iters has changed from 4 to 6'):
        assert f'From here on: {words}' in text
        assert words in logged(run)
    groups = {name: state['param_groups'][0] for name, state in final(run)['optimizer'].items()}
    assert (groups['generator']['lr'], groups['discriminator']['alpha']) == (1e-6, 0.5)
    assert groups['discriminator']['lr'] == final(run, 4)['optimizer']['discriminator']['param_groups'][0]['lr']
    # what has not changed is not said
    status, text = train(run.parent, CONFIG, '--work-dir', 'run', '--resume', *small(**changed))
    assert status == 0, text
    assert 'From here on' not in text


@pytest.mark.parametrize(('extra', 'message'), [
    ("optim_wrapper = dict(generator=dict(optimizer=dict(type='SGD')))",
     'the kind of an optimiser can not be changed on the way; --load-from'),
    ("""param_scheduler = dict(
    generator=[dict(type='LinearLR', start_factor=1.0, end_factor=0.1, end=9, by_epoch=False)], discriminator=[])""",
     'a schedule can not be changed on the way; --load-from'),
    ('train_dataloader = dict(dataset=dict(indices=100))', 'was trained on other images than those of train_dataloader.dataset'),
    ('model = dict(generator=dict(r_dim=11), encoder=dict(r_dim=11))', 'iter_4.pth does not fit the config: '),
])
def test_what_can_not_be_changed_is_refused(small, run, extra, message):
    (run.parent / 'other.py').write_text(f'_base_ = [{str(CONFIG)!r}]\n{extra}\n')
    before = {path: path.read_bytes() for path in run.glob('*.pth')}
    status, text = train(run.parent, 'other.py', '--work-dir', 'run', '--resume', *small(train_cfg__max_iters=6))
    assert status == 2
    assert message in error(text)
    assert before == {path: path.read_bytes() for path in run.glob('*.pth')}


def test_fewer_iterations_than_are_done_are_refused(small, run):
    status, text = train(run.parent, CONFIG, '--work-dir', 'run', '--resume', *small(train_cfg__max_iters=3))
    assert status == 2
    assert 'is of iteration 4, beyond train_cfg.max_iters = 3' in error(text)


def test_averages_come_and_go(small, run):
    (run.parent / 'ema.py').write_text(f"""_base_ = [{str(CONFIG)!r}]
default_hooks = dict(ema=dict(type='ibgan_plugin.GeneratorSideEMAHook', momentum=0.1, begin_iter=0))
""")
    status, text = train(run.parent, 'ema.py', '--work-dir', 'run', '--resume', *small(train_cfg__max_iters=6))
    assert status == 0, text
    assert 'The checkpoint has no averages of weights: they start from its weights' in logged(run)
    content = final(run)
    key = 'generator.project.0.weight'
    assert not torch.equal(content['state_dict'][key], content['ema_state_dict'][f'module.{key}'])
    status, text = train(run.parent, CONFIG, '--work-dir', 'run', '--resume', *small(train_cfg__max_iters=6))
    assert status == 0, text
    assert 'has averages of weights, which this run does not go on with' in logged(run)


def test_a_new_run_starts_with_the_weights_that_fit(small, run):
    wider = dict(model__encoder__hidden_dims='(8,)')
    words = (CONFIG, '--work-dir', 'other', '--load-from', run / 'iter_4.pth')
    status, text = train(run.parent, *words, *small(**wider))
    assert status == 2
    assert 'iter_4.pth does not fit the config: it' in error(text)
    status, text = train(run.parent, *words, '--non-strict', *small(**wider))
    assert status == 0, text
    for line in ('weights are loaded, ', 'encoder.net.0.weight has shape (32, 16) in it, but (8, 16) in the model',
                 'is not in the model'):
        assert line in logged(run.parent / 'other')

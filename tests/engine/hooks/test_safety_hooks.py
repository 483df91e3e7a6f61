import random
import signal
import time
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from mmengine.fileio.backends import backends
from mmengine.logging import MessageHub
from mmengine.optim import OptimWrapper
from mmengine.runner import Runner

from ibgan_plugin.engine.checkpoints import ATOMIC_BACKEND, AtomicLocalBackend
from ibgan_plugin.engine.hooks import HealthHook, IterationSeedHook, PreemptionHook, SafeCheckpointHook
from ibgan_plugin.engine.hooks.health import DivergedError
from ibgan_plugin.engine.hooks.iteration_seed import iteration_seed
from ibgan_plugin.engine.runner import CheckedRunner
from ibgan_plugin.engine.workers import STOP_SIGNALS
from tests.conftest import model_cfg
from tests.engine.runs import Spy, make_runner, run_cfg


def safe(interval: int = 2, **kwargs):
    return dict(checkpoint=dict(type='ibgan_plugin.SafeCheckpointHook', interval=interval, by_epoch=False, **kwargs))


def test_iteration_seed_is_a_function_of_seed_rank_and_iteration():
    seeds = {iteration_seed(*key) for key in [(0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1), (1, 1, 0), (11, 0, 0), (1, 10, 0)]}
    assert len(seeds) == 7
    assert all(0 <= seed < 2**63 for seed in seeds)

    class Runner:
        seed, iter = 5, 17

    def draw():
        IterationSeedHook().before_train_iter(Runner, 0)
        return torch.rand(1).item(), np.random.rand(), random.random()

    first = draw()
    torch.rand(5), np.random.rand(5), random.random()
    assert draw() == first
    Runner.iter = 18
    assert not set(draw()) & set(first)


def test_old_checkpoints_go_only_after_the_new_one_is_there(tmp_path, monkeypatch):
    runner = make_runner(tmp_path, max_iters=6, default_hooks=safe(max_keep_ckpts=2))
    runner.train()
    assert sorted(path.name for path in tmp_path.glob('*.pth')) == ['iter_4.pth', 'iter_6.pth']

    runner = make_runner(tmp_path, max_iters=8, default_hooks=safe(max_keep_ckpts=2), resume=True)

    def full(self, obj, filepath):
        raise OSError(28, f'could not write {filepath}')

    monkeypatch.setattr('ibgan_plugin.engine.checkpoints.AtomicLocalBackend.put', full)
    with pytest.raises(OSError, match=r'could not write .*iter_8\.pth'):
        runner.train()
    assert sorted(path.name for path in tmp_path.glob('*.pth')) == ['iter_4.pth', 'iter_6.pth']
    torch.load(tmp_path / 'iter_6.pth', weights_only=True)


def test_numbers_with_leading_zeros_are_pruned_and_resumed_from(tmp_path):
    hooks = safe(max_keep_ckpts=2, filename_tmpl='iter_{:07d}.pth')
    make_runner(tmp_path, max_iters=6, default_hooks=hooks).train()
    assert sorted(path.name for path in tmp_path.glob('*.pth')) == ['iter_0000004.pth', 'iter_0000006.pth']
    runner = make_runner(tmp_path, max_iters=8, default_hooks=safe(max_keep_ckpts=2), resume=True)  # another template
    runner.train()
    assert sorted(path.name for path in tmp_path.glob('*.pth')) == ['iter_0000006.pth', 'iter_8.pth']


def test_checkpoints_that_count_something_else_are_not_pruned(tmp_path):
    (tmp_path / 'epoch_1.pth').touch()
    make_runner(tmp_path, max_iters=4, default_hooks=safe(max_keep_ckpts=1)).train()
    assert sorted(path.name for path in tmp_path.glob('*.pth')) == ['epoch_1.pth', 'iter_4.pth']


@pytest.mark.parametrize('build', [CheckedRunner.from_cfg, Runner.from_cfg])
def test_whole_files_are_written_by_any_runner_whatever_was_imported_before(tmp_path, monkeypatch, build):
    monkeypatch.delitem(backends, ATOMIC_BACKEND, raising=False)
    runner = build(run_cfg(tmp_path, max_iters=2, default_hooks=safe()))
    hook = next(hook for hook in runner.hooks if isinstance(hook, SafeCheckpointHook))
    runner.train()
    assert isinstance(hook.file_backend, AtomicLocalBackend)
    torch.load(tmp_path / 'iter_2.pth', weights_only=True)


def test_our_runner_writes_whole_files_for_mmengines_hook_too(tmp_path, monkeypatch):
    monkeypatch.delitem(backends, ATOMIC_BACKEND, raising=False)
    make_runner(tmp_path, max_iters=2).train()
    torch.load(tmp_path / 'iter_2.pth', weights_only=True)


@pytest.mark.parametrize(('change', 'message'), [
    (dict(generator=dict(type='ibgan_plugin.Generator', r_dim=4, base_channels=2, image_size=16)),
     r"'generator\..*' has shape .* in it, but"),
    (dict(encoder=None, kl_loss=None, reconstructor=None, info_loss=None),
     r"it has, beyond the model, 'encoder\.net\.0\.bias' and \d+ more"),
    (dict(encoder=dict(type='ibgan_plugin.Encoder', z_dim=6, r_dim=4, hidden_dims=(8, 8))),
     r"it lacks 'encoder\.net\.4\.bias'"),
])
def test_a_checkpoint_that_does_not_fit_is_refused(tmp_path, change, message):
    make_runner(tmp_path / 'a', max_iters=2).train()
    other = make_runner(tmp_path / 'b', model=model_cfg(**change),
                        load_from=str(tmp_path / 'a' / 'iter_2.pth'))
    with pytest.raises(ValueError, match=rf'iter_2\.pth does not fit the config: {message}'):
        other.train()


class Poison(Spy):
    """Makes a weight NaN before or after an iteration."""

    def __init__(self, iteration, after=False):
        super().__init__(lambda runner: runner.iter)
        self.iteration, self.after = iteration, after

    def poison(self, runner, after):
        if (runner.iter, after) == (self.iteration, self.after):
            next(runner.model.generator.parameters()).data.fill_(float('nan'))

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        self.poison(runner, after=False)

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        self.poison(runner, after=True)


@pytest.mark.parametrize('interval', [1, 3, 1000])
def test_nan_stops_the_run_and_names_iteration_component_and_last_good_checkpoint(tmp_path, interval):
    """Whenever it is looked for."""
    hooks = [dict(type='ibgan_plugin.HealthHook', interval=interval)]
    runner = make_runner(tmp_path, max_iters=8, default_hooks=safe(), hooks=hooks)
    runner.register_hook(Poison(4))
    with pytest.raises(DivergedError, match=r'diverged at iteration 5: loss_\w+ is nan, .*; last good checkpoint: .*iter_4\.pth'):
        runner.train()
    assert sorted(path.name for path in tmp_path.glob('*.pth')) == ['iter_2.pth', 'iter_4.pth']


@pytest.mark.parametrize('name', ['generator', 'discriminator'])
def test_bad_gradients_are_found_where_they_begin(tmp_path, name):
    """Seven iterations later all losses, gradients and weights are NaN."""

    class BadGradient(Spy):

        def before_train_iter(self, runner, batch_idx, data_batch=None):
            if runner.iter == 2:
                parameter = list(getattr(runner.model, name).parameters())[-1]
                parameter.register_hook(lambda gradient: torch.full_like(gradient, float('inf')))

    runner = make_runner(tmp_path, max_iters=8, default_hooks=safe(), hooks=[dict(type='ibgan_plugin.HealthHook', interval=7)])
    runner.register_hook(BadGradient(lambda runner: None))
    with pytest.raises(DivergedError, match=rf"diverged at iteration 3: .*the norm of {name}'s gradients is inf.*: .*iter_2\.pth"):
        runner.train()
    assert [path.name for path in tmp_path.glob('*.pth')] == ['iter_2.pth']


def test_what_a_scaler_of_losses_leaves_out_is_no_divergence():
    """A fused optimiser is told to step with gradients that overflow, and changes nothing; others are not told."""
    weight = torch.nn.Parameter(torch.ones(2))
    optimizer = torch.optim.Adam([weight], fused=True)
    runner = SimpleNamespace(iter=0, model=torch.nn.Linear(1, 1), optim_wrapper=OptimWrapper(optimizer), hooks=[],
                             message_hub=SimpleNamespace(runtime_info={}))
    hook, scaler = HealthHook(), torch.amp.GradScaler('cpu', init_scale=2.0**127)
    hook.before_train(runner)
    scaler.scale(4 * weight.sum()).backward()
    scaler.step(optimizer)
    scaler.update()
    assert weight.grad.isinf().all() and torch.equal(weight, torch.ones(2)) and scaler.get_scale() == 2.0**126
    hook._look(runner)
    optimizer.step()  # without a scaler it would train on them
    with pytest.raises(DivergedError, match="the norm of the model's gradients is inf"):
        hook._look(runner)


def test_nan_weights_never_reach_a_checkpoint(tmp_path):
    runner = make_runner(tmp_path, max_iters=8, default_hooks=safe(), hooks=[dict(type='ibgan_plugin.HealthHook', interval=1000)])
    runner.register_hook(Poison(3, after=True), priority='VERY_HIGH')
    with pytest.raises(DivergedError, match=r"iteration 4: weights '.*' hold NaN or infinity; last good checkpoint: .*iter_2\.pth"):
        runner.train()
    assert [path.name for path in tmp_path.glob('*.pth')] == ['iter_2.pth']


def test_collapse_is_warned_of(tmp_path):
    hooks = [dict(type='ibgan_plugin.HealthHook', collapse_interval=2, min_kl=1e9, min_std=1e9)]
    runner = make_runner(tmp_path, max_iters=2, hooks=hooks)
    runner.train()
    log, = tmp_path.glob('*/*.log')
    assert 'posterior collapse at iteration 2' in log.read_text()
    assert 'DO NOT TRUST the codes of this run, whatever its pictures' in log.read_text()
    assert 'mode collapse at iteration 2' in log.read_text()


def test_a_run_goes_on_over_a_bad_batch(tmp_path):
    """What it trains is what it would have trained without the iteration, whatever the optimisers keep of earlier ones."""
    group = dict(type='mmengine.OptimWrapper', optimizer=dict(type='Adam', lr=0.01), clip_grad=dict(max_norm=1.0))

    class BadNoise(Spy):

        def before_train_iter(self, runner, batch_idx, data_batch=None):
            runner.model.instance_noise_std = torch.tensor(float('nan')) if runner.iter == 2 else 0.0
            if runner.iter in (2, 3):
                self.seen.append({key: value.clone() for key, value in runner.model.state_dict().items()})

    health = dict(type='ibgan_plugin.HealthHook', skip=True)
    runner = make_runner(tmp_path, max_iters=5, hooks=[health], optim_wrapper=dict(
        constructor='ibgan_plugin.GroupedOptimWrapperConstructor', generator=group, discriminator=group))
    spy = BadNoise(lambda runner: None)
    runner.register_hook(spy)
    runner.train()
    before, after = (each for each in spy.seen if isinstance(each, dict))
    assert all(torch.equal(before[key], after[key]) for key in before)
    hook = next(hook for hook in runner.hooks if isinstance(hook, HealthHook))
    assert hook.skipped == 2
    for wrapper in runner.optim_wrapper.values():
        assert {int(state['step']) for state in wrapper.optimizer.state.values()} == {4}
    assert all(value.isfinite().all() for value in runner.model.state_dict().values())
    log, = tmp_path.glob('*/*.log')
    text = log.read_text()
    assert 'iteration 3 is skipped: loss_disc_real is nan' in text
    for number, name in enumerate(('discriminator', 'generator'), 1):
        assert (f"NaN or infinity in {name}'s gradients at iteration 3: update left out ({number} so far); last good checkpoint: "
                'none was saved') in text


def test_a_model_of_one_optimiser_goes_on_too(tmp_path):
    weight = torch.nn.Parameter(torch.ones(2))
    optimizer = torch.optim.SGD([weight], lr=1.0)
    runner = make_runner(tmp_path, max_iters=1)
    runner.optim_wrapper = OptimWrapper(optimizer)
    hook = HealthHook(skip=True)
    hook.before_train(runner)
    runner.optim_wrapper.update_params((weight * torch.tensor([1.0, float('inf')])).sum())
    assert (weight.tolist(), hook.skipped) == ([1.0, 1.0], 1)
    runner.optim_wrapper.update_params(weight.sum())
    assert weight.tolist() == [0.0, 0.0]
    hook.after_train(runner)
    runner.optim_wrapper.update_params(weight.sum() * float('nan'))
    assert weight.isnan().all()


def test_preemption_saves_once_and_ends(tmp_path):
    runner = make_runner(tmp_path, max_iters=100, default_hooks=safe(interval=2), hooks=[dict(type='ibgan_plugin.PreemptionHook')])
    hook = next(hook for hook in runner.hooks if isinstance(hook, PreemptionHook))
    spy = Spy(lambda runner: setattr(hook, 'requested', runner.iter == 2))
    runner.register_hook(spy)
    runner.train()
    assert runner.preempted
    assert len(spy.seen) == 3
    assert sorted(path.name for path in tmp_path.glob('*.pth')) == ['iter_2.pth', 'iter_3.pth']


def test_a_signal_repeated_at_once_is_the_same_request_and_a_later_one_ends_the_process(monkeypatch):
    """torchrun and Slurm signal processes that have had the signal from the process group."""
    others = []
    before = {number: signal.signal(number, lambda number, _: others.append(number)) for number in STOP_SIGNALS}
    hook = PreemptionHook()
    try:
        hook.before_train(SimpleNamespace(message_hub=MessageHub.get_current_instance()))
        for number in (signal.SIGUSR1, signal.SIGUSR1, signal.SIGTERM):
            signal.raise_signal(number)
        assert hook.requested
        assert not others
        now = time.monotonic() + 60
        monkeypatch.setattr(time, 'monotonic', lambda: now)
        signal.raise_signal(signal.SIGTERM)
        assert others == [signal.SIGTERM]
        hook.after_train(None)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@pytest.mark.parametrize(('make', 'message'), [
    (lambda: HealthHook(interval=0), 'must be at least 1, got 0 and None'),
    (lambda: PreemptionHook(sync_interval=0), 'sync_interval must be at least 1, got 0'),
    (lambda: SafeCheckpointHook(filename_tmpl='ckpt_{}.pth'),
     r"filename_tmpl must be 'iter_\{\}.pth' or 'epoch_\{\}.pth', .* got 'ckpt_\{\}.pth'"),
])
def test_bad_arguments(make, message):
    with pytest.raises(ValueError, match=message):
        make()

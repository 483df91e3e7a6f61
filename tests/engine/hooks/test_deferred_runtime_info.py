import pytest
import torch

from ibgan_plugin.engine.hooks import DeferredRuntimeInfoHook
from tests.engine.runs import Spy, make_runner, run_cfg


def train(work_dir, max_iters=7, **hook):
    default_hooks = {**run_cfg(work_dir).default_hooks, **hook}
    runner = make_runner(work_dir, max_iters=max_iters, default_hooks=default_hooks)
    spy = Spy(lambda runner: len(runner.message_hub.log_scalars['train/loss_gen'].data[0])
              if 'train/loss_gen' in runner.message_hub.log_scalars else 0)
    runner.register_hook(spy)
    runner.train()
    return runner, spy.seen


def deferred(interval):
    return dict(runtime_info=dict(type='ibgan_plugin.DeferredRuntimeInfoHook', interval=interval))


def history(hub):
    return {key: buffer.data[0].tolist() for key, buffer in hub.log_scalars.items() if 'time' not in key}


def test_the_history_is_the_same_and_read_at_intervals(tmp_path):
    no_checkpoint = dict(checkpoint=None)
    plain, _ = train(tmp_path / 'plain', **no_checkpoint)
    ours, seen = train(tmp_path / 'ours', **no_checkpoint, **deferred(3))
    assert history(ours.message_hub) == history(plain.message_hub)
    assert seen == [0, 0, 3, 3, 3, 6, 7]


def test_by_default_losses_are_read_when_they_are_logged(tmp_path):
    _, seen = train(tmp_path, checkpoint=None, **deferred(None))
    assert seen == [0, 2, 2, 4, 4, 6, 7]  # LoggerHook's interval is 2


def test_checkpoints_hold_the_whole_history(tmp_path):
    train(tmp_path, **deferred(5))
    checkpoint = torch.load(tmp_path / 'iter_2.pth', weights_only=True)
    assert len(checkpoint['message_hub']['log_scalars']['train/loss_gen']['values']) == 2


def test_impossible_interval():
    with pytest.raises(ValueError, match='interval and max_history must be at least 1, got 0 and 1000'):
        DeferredRuntimeInfoHook(0)
    with pytest.raises(ValueError, match='got None and 0'):
        DeferredRuntimeInfoHook(max_history=0)

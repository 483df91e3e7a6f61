import itertools
import os
import re

import numpy as np
import pytest
import torch
from mmengine.evaluator import BaseMetric
from mmengine.hooks import Hook
from torch.utils.data import DataLoader, TensorDataset

from ibgan_plugin.datasets.resumable_sampler import EpochIndex, ResumableSampler
from ibgan_plugin.datasets.store.reader import forget
from ibgan_plugin.engine.hooks import PreemptionHook
from ibgan_plugin.registry import METRICS
from tests.datasets.stores import make
from tests.engine.runs import Spy, make_runner, validation


def take(sampler, number):
    return list(itertools.islice(iter(sampler), number))


def ranked(rank, world_size, **kwargs):
    sampler = ResumableSampler(range(10), seed=3, **kwargs)
    sampler.rank, sampler.world_size = rank, world_size
    return sampler


def test_every_epoch_is_another_permutation():
    indices = take(ranked(0, 1), 30)
    epochs = [indices[i:i + 10] for i in (0, 10, 20)]
    assert all(sorted(epoch) == list(range(10)) for epoch in epochs)
    assert epochs[0] != epochs[1] != epochs[2]
    assert [index.epoch for index in indices] == [0] * 10 + [1] * 10 + [2] * 10
    assert take(ranked(0, 1, shuffle=False), 12) == [*range(10), 0, 1]


@pytest.mark.parametrize('world_size', [2, 3, 4])
def test_ranks_share_the_positions(world_size):
    parts = [take(ranked(rank, world_size), 60 // world_size) for rank in range(world_size)]
    assert [parts[i % world_size][i // world_size] for i in range(60)] == take(ranked(0, 1), 60)


@pytest.mark.parametrize(('world_size', 'start'), [(1, 7), (1, 25), (3, 4), (3, 11)])
def test_a_start_skips_what_is_done(world_size, start):
    for rank in range(world_size):
        sampler = ranked(rank, world_size)
        expected = take(sampler, start + 20)[start:]
        sampler.start = start
        assert take(sampler, 20) == expected


def test_indices_keep_their_epoch_through_worker_processes():
    index = EpochIndex(3, 7)
    assert index == 3
    assert isinstance(index, int)

    class Items(TensorDataset):

        def __getitem__(self, index):
            return int(index), index.epoch

    loader = DataLoader(Items(torch.zeros(4)), batch_size=2, sampler=ResumableSampler(range(4), seed=0), num_workers=1)
    batches = list(itertools.islice(iter(loader), 4))
    assert [epoch.tolist() for _, epoch in batches] == [[0, 0], [0, 0], [1, 1], [1, 1]]


def test_empty_data():
    with pytest.raises(ValueError, match='range is empty'):
        ResumableSampler(range(0))


@pytest.mark.parametrize('sampler', ['ibgan_plugin.ResumableSampler', 'InfiniteSampler'])
def test_a_resumed_loop_goes_on_with_the_next_batch(tmp_path, sampler):
    loader = dict(batch_size=8, num_workers=0, sampler=dict(type=sampler), collate_fn=dict(type='default_collate'),
                  dataset=dict(type='ibgan_plugin.MadeImages'))
    seen = {}
    for name, cfg in dict(whole=dict(), resumed=dict(resume=True, load_from=str(tmp_path / 'whole' / 'iter_4.pth'))).items():
        runner = make_runner(tmp_path / name, train_cfg=dict(type='ibgan_plugin.ResumableTrainLoop', max_iters=6),
                             train_dataloader=loader, **cfg)
        spy = Spy(None)
        spy.after_train_iter = lambda runner, batch_idx, data_batch, outputs, spy=spy: spy.seen.append(data_batch['inputs'].numpy())
        runner.register_hook(spy)
        runner.train()
        seen[name] = spy.seen
    assert len(seen['resumed']) == 2
    assert all(np.array_equal(a, b) for a, b in zip(seen['resumed'], seen['whole'][4:], strict=True))


@pytest.mark.parametrize('numbers', [dict(max_iters=0), dict(max_iters=6, val_interval=0)])
def test_impossible_lengths_are_named(tmp_path, numbers):
    runner = make_runner(tmp_path, train_cfg=dict(type='ibgan_plugin.ResumableTrainLoop', **numbers))
    with pytest.raises(ValueError, match=r'train_cfg\.max_iters and train_cfg\.val_interval must be at least 1, got'):
        runner.train()


def test_a_run_that_is_over_says_so(tmp_path, capfd):
    cfg = dict(train_cfg=dict(type='ibgan_plugin.ResumableTrainLoop', max_iters=2))
    make_runner(tmp_path / 'done', **cfg).train()
    capfd.readouterr()
    make_runner(tmp_path / 'again', resume=True, load_from=str(tmp_path / 'done' / 'iter_2.pth'), **cfg).train()
    said = ''.join(capfd.readouterr())
    assert 'Nothing to train: the checkpoint is of iteration 2, and train_cfg.max_iters is 2' in said


@METRICS.register_module(force=True)
class MeanCode(BaseMetric):
    """A score that every iteration changes."""

    def process(self, data_batch, data_samples):
        self.results += [sample['codes'] for sample in data_samples]

    def compute_metrics(self, results):
        return dict(score=float(torch.stack(results).mean()))


class Scores(Hook):
    """Notes when was validated; may fail before a validation."""

    def __init__(self, fails_at=None):
        self.fails_at, self.seen = fails_at, {}

    def before_val(self, runner):
        if runner.iter == self.fails_at:
            raise RuntimeError('killed')

    def after_val_epoch(self, runner, metrics):
        assert runner.iter not in self.seen
        self.seen[runner.iter] = metrics['score']


def validating_run(work_dir, hook, max_iters=8, **checkpoint):
    runner = make_runner(
        work_dir, train_cfg=dict(type='ibgan_plugin.ResumableTrainLoop', max_iters=max_iters, val_interval=4),
        default_hooks=dict(checkpoint=dict(type='ibgan_plugin.SafeCheckpointHook', interval=2, by_epoch=False, **checkpoint)),
        hooks=[dict(type='ibgan_plugin.PreemptionHook'), dict(type='ibgan_plugin.IterationSeedHook')],
        resume=any(work_dir.glob('iter_*.pth')), **{**validation(16), 'val_evaluator': dict(type='ibgan_plugin.MeanCode')})
    runner.register_hook(hook)
    return runner


def logged(work_dir):
    """Scalars of the last checkpoint, but for times."""
    scalars = torch.load(work_dir / 'iter_8.pth', weights_only=True)['message_hub']['log_scalars']
    return {key: value for key, value in scalars.items() if 'time' not in key}


@pytest.mark.parametrize('checkpoint', [dict(), dict(save_best='score', rule='less')])
def test_a_run_that_is_asked_to_end_leaves_its_validation_to_the_resumed_one(tmp_path, checkpoint):
    validating_run(tmp_path / 'whole', whole := Scores(), **checkpoint).train()
    assert list(whole.seen) == [4, 8]
    runner = validating_run(tmp_path / 'run', first := Scores(), **checkpoint)
    hook = next(hook for hook in runner.hooks if isinstance(hook, PreemptionHook))
    runner.register_hook(Spy(lambda runner: setattr(hook, 'requested', runner.iter == 3)))
    runner.train()
    assert runner.preempted and runner.iter == 4 and not first.seen
    validating_run(tmp_path / 'run', resumed := Scores(), **checkpoint).train()
    assert resumed.seen == whole.seen
    assert logged(tmp_path / 'run') == logged(tmp_path / 'whole')


def test_a_validation_that_was_killed_is_made_by_the_resumed_run(tmp_path):
    validating_run(tmp_path / 'whole', whole := Scores()).train()
    with pytest.raises(RuntimeError, match='killed'):
        validating_run(tmp_path / 'run', Scores(fails_at=4)).train()
    validating_run(tmp_path / 'run', resumed := Scores()).train()
    assert resumed.seen == whole.seen
    assert logged(tmp_path / 'run') == logged(tmp_path / 'whole')


def test_a_validation_that_a_checkpoint_has_is_not_made_again(tmp_path):
    """Where the best scores are kept, the checkpoint is saved once more with them."""
    best = dict(save_best='score', rule='less')
    validating_run(tmp_path / 'whole', whole := Scores(), **best).train()
    validating_run(tmp_path / 'run', Scores(), max_iters=4, **best).train()
    validating_run(tmp_path / 'run', resumed := Scores(), **best).train()
    assert resumed.seen == {8: whole.seen[8]}
    assert logged(tmp_path / 'run') == logged(tmp_path / 'whole')


class CutOff(Hook):
    """Cuts a file off after an iteration."""

    def __init__(self, path, after):
        self.path, self.after = path, after

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        if runner.iter + 1 == self.after:
            os.truncate(self.path, 8192)


@pytest.mark.parametrize('workers', [0, 1])
def test_data_that_are_cut_off_while_training_are_named_and_the_progress_is_saved(tmp_path, workers):
    images = np.random.default_rng(0).integers(0, 256, (64, 16, 16, 1), dtype=np.uint8)
    path = make(tmp_path / 'images.lmdb', images, encoding='raw')
    dataset = dict(type='ibgan_plugin.LMDBImages', path=str(path))
    loader = dict(batch_size=8, num_workers=workers, sampler=dict(type='ibgan_plugin.ResumableSampler'),
                  collate_fn=dict(type='ibgan_plugin.batched_collate'), dataset=dataset)
    cfg = dict(train_cfg=dict(type='ibgan_plugin.ResumableTrainLoop', max_iters=12), train_dataloader=loader)
    runner = make_runner(tmp_path / 'run', **cfg)
    runner.register_hook(CutOff(path, after=3))
    with pytest.raises(ValueError, match=r'no more data after iteration \d+: .*images\.lmdb was cut off .* --resume$') as error:
        runner.train()
    done = int(re.search(r'after iteration (\d+)', str(error.value))[1])
    assert done >= 3 and '\n' not in str(error.value)
    assert torch.load(tmp_path / 'run' / f'iter_{done}.pth', weights_only=True)['meta']['iter'] == done
    forget(path)
    path.unlink()
    make(path, images, encoding='raw')
    resumed = make_runner(tmp_path / 'resumed', resume=True, load_from=str(tmp_path / 'run' / f'iter_{done}.pth'), **cfg)
    resumed.train()
    assert resumed.iter == 12


class LoaderDies(Hook):
    """Lets the loader end as torch's do where a worker was killed, after two iterations."""

    def __init__(self, message):
        self.message = message

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        if runner.iter == 1:
            runner.train_loop.dataloader_iterator = self.batches()

    def batches(self):
        yield from ()
        raise RuntimeError(self.message)


@pytest.mark.parametrize('message', ['DataLoader worker (pid 7) is killed by signal', 'Pin memory thread exited unexpectedly'])
def test_a_loader_that_dies_is_named_and_the_progress_is_saved(tmp_path, message):
    runner = make_runner(tmp_path, train_cfg=dict(type='ibgan_plugin.ResumableTrainLoop', max_iters=6))
    runner.register_hook(LoaderDies(message))
    with pytest.raises(ValueError, match=r'no more data after iteration 2: .* --resume$') as error:
        runner.train()
    assert message in str(error.value) and (tmp_path / 'iter_2.pth').exists()

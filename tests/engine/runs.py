"""Short runs with MMEngine's runner on a small model and made images."""
import torch
from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.logging import MessageHub
from torch.utils.data import Dataset

from ibgan_plugin.engine.runner import CheckedRunner
from ibgan_plugin.registry import DATASETS
from tests.conftest import batch, model_cfg, optim_cfg


@DATASETS.register_module(force=True)
class MadeImages(Dataset):
    """64 images with a bright square each."""

    def __init__(self, size: int = 16) -> None:
        torch.manual_seed(1)
        self.images = batch(64, size=size)['inputs']

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> dict:
        return dict(inputs=self.images[index])


def run_cfg(work_dir, max_iters: int = 6, hooks=(), **changes) -> Config:
    cfg = dict(
        model=model_cfg(),
        train_dataloader=dict(batch_size=8, num_workers=0, sampler=dict(type='InfiniteSampler', shuffle=True),
                              collate_fn=dict(type='default_collate'), dataset=dict(type='ibgan_plugin.MadeImages')),
        optim_wrapper=dict(constructor='ibgan_plugin.GroupedOptimWrapperConstructor', **optim_cfg()),
        train_cfg=dict(type='IterBasedTrainLoop', max_iters=max_iters),
        default_scope='ibgan_plugin',
        default_hooks=dict(logger=dict(type='LoggerHook', interval=2),
                           checkpoint=dict(type='CheckpointHook', interval=2, by_epoch=False)),
        custom_hooks=list(hooks),
        log_processor=dict(type='LogProcessor', by_epoch=False),
        log_level='WARNING',
        randomness=dict(seed=0),
        visualizer=dict(type='Visualizer', vis_backends=[dict(type='LocalVisBackend')]),
        experiment_name=f'run{next(_numbers)}',
        work_dir=str(work_dir))
    cfg.update(changes)
    return Config(cfg)


def make_runner(*args, **kwargs) -> CheckedRunner:
    """A runner with a message hub of its own."""
    runner = CheckedRunner.from_cfg(run_cfg(*args, **kwargs))
    assert MessageHub.get_current_instance() is runner.message_hub
    return runner


_numbers = iter(range(10**6))


class Spy(Hook):
    """Records what it is told to at each iteration."""

    def __init__(self, read):
        self.read, self.seen = read, []

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        self.seen.append(self.read(runner))


def loader(size: int) -> dict:
    return dict(batch_size=4, num_workers=0, sampler=dict(type='DefaultSampler', shuffle=False),
                collate_fn=dict(type='default_collate'), dataset=dict(type='ibgan_plugin.MadeImages', size=size))


def validation(size: int, stage: str = 'val') -> dict:
    evaluator = dict(type='DumpResults', out_file_path='x.pkl')
    return {f'{stage}_dataloader': loader(size), f'{stage}_cfg': dict(), f'{stage}_evaluator': evaluator}

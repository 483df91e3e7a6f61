# ../ibgan_dsprites.py in MMEngine's new style: bases are imported, and so are types, so that an editor can follow them.
from mmengine.config import read_base

with read_base():
    from ..._base_.default_runtime import *
    from ..._base_.evaluation.infogan_cr import *
    from ..._base_.evaluation.study import *
    from ..._base_.models.ibgan_separate import *
    from ..._base_.schedules.rmsprop import *

from mmengine.dataset import DefaultSampler

from ibgan_plugin.datasets import DSprites, ResumableSampler, batched_collate
from ibgan_plugin.engine.hooks import InstanceNoiseHook

image_channels = 1
dataset = dict(type=DSprites, data_root='data/dsprites')
train_dataloader = dict(
    batch_size=64, num_workers=0, sampler=dict(type=ResumableSampler, shuffle=True), collate_fn=dict(type=batched_collate),
    dataset=dataset)
test_dataloader = dict(
    batch_size=64, num_workers=0, sampler=dict(type=DefaultSampler, shuffle=False), collate_fn=dict(type=batched_collate),
    dataset=dataset)
val_dataloader = test_dataloader
default_hooks.update(instance_noise=dict(type=InstanceNoiseHook, start=1.0, end=0.0, over=100_000))

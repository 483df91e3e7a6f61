# IB-GAN on dSprites within a quarter of an hour of one CPU core: the quick recipe's networks and optimisers (0.19 M parameters),
# trained for longer; rates fall last; evaluated and saved with averaged weights of all that encodes and draws. How it
# was chosen: docs/recipes.md.
_base_ = [
    '../_base_/models/ibgan_layout.py', '../_base_/datasets/dsprites.py', '../_base_/schedules/adam_averaged.py'
]
train_cfg = dict(max_iters=10_000, val_interval=2000)
param_scheduler = dict(
    generator=[dict(type='mmengine.LinearLR', start_factor=1.0, end_factor=0.1, begin=7000, end=10_000, by_epoch=False)],
    discriminator=[dict(type='mmengine.LinearLR', start_factor=1.0, end_factor=0.1, begin=7000, end=10_000, by_epoch=False)])
default_hooks = dict(
    checkpoint=dict(interval=1000),
    traversal=dict(interval=1000),
    beta=dict(type='ibgan_plugin.ScheduleHook', field='kl_loss.beta', points=[(500, 0.0), (1300, 0.005)]))

# IB-GAN on dSprites within an hour of one CPU core: the quick recipe's networks (0.22 M parameters, 436 KB in fp16), trained for
# longer. beta / lambda rises to 0.5, which leaves few dimensions, and falls to 0.1, which lets them in one after the other; rates
# fall last; evaluated and saved with averaged weights of all that encodes and draws. How it was chosen: docs/recipes.md.
_base_ = [
    '../_base_/models/ibgan_spectral.py', '../_base_/datasets/dsprites.py', '../_base_/schedules/adam_averaged.py'
]
optim_wrapper = dict(  # as it was run, before the quick recipe's were found
    generator=dict(optimizer=dict(betas=(0.5, 0.999))),
    discriminator=dict(optimizer=dict(lr=2e-3, betas=(0.5, 0.999))))
train_cfg = dict(max_iters=20_000, val_interval=4000)
param_scheduler = dict(
    generator=[dict(type='mmengine.LinearLR', start_factor=1.0, end_factor=0.1, begin=12_000, end=20_000, by_epoch=False)],
    discriminator=[dict(type='mmengine.LinearLR', start_factor=1.0, end_factor=0.1, begin=12_000, end=20_000, by_epoch=False)])
default_hooks = dict(
    checkpoint=dict(interval=2000),
    traversal=dict(interval=2000),
    beta=dict(
        type='ibgan_plugin.ScheduleHook', field='kl_loss.beta', points=[(500, 0.0), (2000, 0.1), (8000, 0.08), (20_000, 0.02)]))

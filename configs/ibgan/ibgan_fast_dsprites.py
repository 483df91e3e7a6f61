# IB-GAN on dSprites within an hour of two CPU cores: the quick recipe's networks (0.22 M parameters, 436 KB in fp16), trained for
# longer. beta / lambda stands at 0.2, which chooses the dimensions, until iteration 10,000 and falls to 0.15; rates fall last;
# evaluated and saved with averaged weights of all that encodes and draws. A proposal: not yet run to its end (docs/recipes.md).
_base_ = ['./ibgan_quick_dsprites.py']
train_cfg = dict(max_iters=40_000, val_interval=5000)
param_scheduler = dict(
    generator=[dict(type='mmengine.LinearLR', start_factor=1.0, end_factor=0.1, begin=25_000, end=40_000, by_epoch=False)],
    discriminator=[dict(type='mmengine.LinearLR', start_factor=1.0, end_factor=0.1, begin=25_000, end=40_000, by_epoch=False)])
default_hooks = dict(
    checkpoint=dict(interval=2500),
    traversal=dict(interval=2500),
    beta=dict(points=[(500, 0.0), (1300, 0.04), (10_000, 0.04), (40_000, 0.03)]),
    ema=dict(
        type='ibgan_plugin.GeneratorSideEMAHook',
        ema_type='mmengine.ExponentialMovingAverage',
        momentum=0.001,
        begin_iter=0,
        modules=('encoder', 'generator', 'trunk', 'reconstructor')))

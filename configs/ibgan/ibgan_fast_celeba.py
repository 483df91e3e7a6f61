# IB-GAN on faces at 64x64 in an hour or two of one CPU core: small networks with spectral norm (0.8 M parameters), and mirrored
# images. beta / lambda rises to 0.15 and falls to 0.04: faces have more to say than sprites. No noise: with it q read nothing
# before beta had closed the bottleneck. A few thousand photographs show faces; the whole set is better.
_base_ = [
    '../_base_/models/ibgan_spectral.py', '../_base_/datasets/celeba.py', '../_base_/schedules/adam_averaged.py'
]
model = dict(
    encoder=dict(z_dim=32, r_dim=15, initial_logvar=-2.0),
    generator=dict(r_dim=15, out_channels=3, base_channels=32, hidden_dim=256),
    trunk=dict(in_channels=3, base_channels=32, num_features=256),
    discriminator=dict(num_features=256),
    reconstructor=dict(z_dim=32, num_features=256))
train_dataloader = dict(
    num_workers=0, persistent_workers=False,  # an image of 64x64 is decoded in 0.1 ms
    dataset=dict(pipeline=[dict(type='mmcv.RandomFlip', prob=0.5)]))
train_cfg = dict(max_iters=30_000, val_interval=10_000)
param_scheduler = dict(
    generator=[dict(type='mmengine.LinearLR', start_factor=1.0, end_factor=0.1, begin=15_000, end=30_000, by_epoch=False)],
    discriminator=[dict(type='mmengine.LinearLR', start_factor=1.0, end_factor=0.1, begin=15_000, end=30_000, by_epoch=False)])
default_hooks = dict(
    checkpoint=dict(interval=1000),
    traversal=dict(interval=1000),
    beta=dict(type='ibgan_plugin.ScheduleHook', field='kl_loss.beta', points=[(1000, 0.0), (3000, 0.03), (30_000, 0.008)]))

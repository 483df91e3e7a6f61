# From nothing to sprites, a traversal and a first score in minutes on two CPU cores: small networks whose D is held by spectral
# norm, so that runs do not end in a texture (docs/recipes.md). beta waits until q reads the sprites: earlier it would win. Enough
# to find position and size; no measure of the method.
_base_ = [
    '../_base_/models/ibgan_spectral.py', '../_base_/datasets/dsprites.py', '../_base_/schedules/adam.py',
    '../_base_/default_runtime.py'
]
model = dict(encoder=dict(initial_logvar=-2.0))  # from 0, r is hardly more than noise, and with some seeds q never reads it
train_cfg = dict(max_iters=2000, val_interval=2000)
default_hooks = dict(
    logger=dict(interval=100),
    checkpoint=dict(interval=500),
    traversal=dict(interval=1000),
    beta=dict(type='ibgan_plugin.ScheduleHook', field='kl_loss.beta', points=[(500, 0.0), (1300, 0.04)]))

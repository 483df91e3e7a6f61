# From nothing to sprites, a traversal and a first score in minutes on two CPU cores: small networks whose D is held by spectral
# norm, so that runs do not end in a texture, and a G of which two codes say where (docs/recipes.md). beta waits until q reads the
# sprites: earlier it would win. Enough to find position, by codes that are made for it, and size; no measure of the method.
_base_ = [
    '../_base_/models/ibgan_layout.py', '../_base_/datasets/dsprites.py', '../_base_/schedules/adam.py',
    '../_base_/default_runtime.py'
]
train_cfg = dict(max_iters=2000, val_interval=2000)
default_hooks = dict(
    logger=dict(interval=100),
    checkpoint=dict(interval=500),
    traversal=dict(interval=1000),
    beta=dict(type='ibgan_plugin.ScheduleHook', field='kl_loss.beta', points=[(500, 0.0), (1300, 0.005)]))

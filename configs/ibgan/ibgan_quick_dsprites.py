# From nothing to a traversal and a first score in minutes on two CPU cores. All learning rates are eight times the published
# ones and the noise falls forty times as fast, but not to 0: where it was gone by iteration 1,200, G could stay in a checkered
# texture. Enough to find position and scale, not orientation and shape; no measure of what the published recipe reaches.
_base_ = ['./ibgan_dsprites.py']
optim_wrapper = dict(generator=dict(optimizer=dict(lr=4e-4)), discriminator=dict(optimizer=dict(lr=8e-6)))
train_cfg = dict(max_iters=1400, val_interval=1400)
default_hooks = dict(logger=dict(interval=50), checkpoint=dict(interval=500))
log_processor = dict(window_size=50)
custom_hooks = [
    dict(type='ibgan_plugin.MIBoundsHook', interval=50),
    dict(type='ibgan_plugin.TraversalHook', interval=500),
    *_base_.custom_hooks[2:-1],
    dict(type='ibgan_plugin.InstanceNoiseHook', start=1.0, end=0.0, over=2500),
]

# From nothing to a traversal and a first score in minutes on two CPU cores. All learning rates are eight times the published
# ones and the noise falls forty times as fast, but not to 0: where it was gone by iteration 1,200, G could stay in a checkered
# texture. Enough to find position and scale, not orientation and shape; no measure of what the published recipe reaches.
_base_ = ['./ibgan_dsprites.py']
optim_wrapper = dict(generator=dict(optimizer=dict(lr=4e-4)), discriminator=dict(optimizer=dict(lr=8e-6)))
train_cfg = dict(max_iters=1400, val_interval=1400)
default_hooks = dict(
    logger=dict(interval=50),
    checkpoint=dict(interval=500),
    mi_bounds=dict(interval=50),
    traversal=dict(interval=500),
    instance_noise=dict(over=2500))
log_processor = dict(window_size=50)

# InfoGAN-CR in minutes on two CPU cores, H from iteration 1,000 on: a test of the installation, no measure of the method.
_base_ = ['./infogan_cr_dsprites.py']
train_cfg = dict(max_iters=1500, val_interval=1500)
default_hooks = dict(
    logger=dict(interval=50),
    checkpoint=dict(interval=500),
    mi_bounds=dict(interval=50),
    traversal=dict(interval=500),
    contrastive=dict(points=[(999, 0.0), (1000, 2.0)]))
log_processor = dict(window_size=50)

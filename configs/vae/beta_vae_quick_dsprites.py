# beta-VAE in a few minutes on two CPU cores: learning rate x10. A test of the installation, no measure of the method.
_base_ = ['./beta_vae_dsprites.py']
optim_wrapper = dict(autoencoder=dict(optimizer=dict(lr=1e-3)))
train_cfg = dict(max_iters=2000, val_interval=2000)
default_hooks = dict(
    logger=dict(interval=50), checkpoint=dict(interval=500), mi_bounds=dict(interval=50), traversal=dict(interval=500))
log_processor = dict(window_size=50)

# FactorVAE in a few minutes on two CPU cores: learning rate x10 and a smaller critic. A test of the installation, no measure of
# the method.
_base_ = ['./factor_vae_dsprites.py']
model = dict(critic=dict(hidden_dims=(200, 200, 200)))
optim_wrapper = dict(autoencoder=dict(optimizer=dict(lr=1e-3)))
train_cfg = dict(max_iters=2000, val_interval=2000)
default_hooks = dict(
    logger=dict(interval=50), checkpoint=dict(interval=500), mi_bounds=dict(interval=50), traversal=dict(interval=500))
log_processor = dict(window_size=50)

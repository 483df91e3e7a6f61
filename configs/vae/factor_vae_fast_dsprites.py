# FactorVAE as long as beta_vae_fast_dsprites: 20,000 iterations, networks and rate of the autoencoder as in
# beta_vae_fast_dsprites.py; the critic is that of the paper. Nothing was tuned.
_base_ = ['./factor_vae_dsprites.py']
model = dict(encoder=dict(base_channels=16, hidden_dim=128), decoder=dict(base_channels=16, hidden_dim=128))
optim_wrapper = dict(autoencoder=dict(optimizer=dict(lr=5e-4)))
train_cfg = dict(max_iters=20_000, val_interval=4000)
default_hooks = dict(checkpoint=dict(interval=2000), traversal=dict(interval=2000))

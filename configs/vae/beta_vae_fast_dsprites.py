# beta-VAE in the minutes of ibgan_fast_dsprites: 20,000 iterations, which cost what its 10,000 do, in the study's networks at half
# their widths, which are those of SmallGenerator and SpectralTrunk without norms (0.18 M parameters), at 5e-4 as in Burgess et al.
# (2018). Nothing was tuned.
_base_ = ['./beta_vae_dsprites.py']
model = dict(encoder=dict(base_channels=16, hidden_dim=128), decoder=dict(base_channels=16, hidden_dim=128))
optim_wrapper = dict(autoencoder=dict(optimizer=dict(lr=5e-4)))
train_cfg = dict(max_iters=20_000, val_interval=4000)
default_hooks = dict(checkpoint=dict(interval=2000), traversal=dict(interval=2000))

# The VAE on dSprites: the plain ELBO.
_base_ = [
    '../_base_/models/vae.py', '../_base_/datasets/dsprites.py', '../_base_/schedules/vae.py', '../_base_/default_runtime.py'
]
model = dict(
    encoder=dict(in_channels=_base_.image_channels),
    decoder=dict(out_channels=_base_.image_channels))

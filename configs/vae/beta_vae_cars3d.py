# beta-VAE on Cars3D, beta 4. The study: 1, 2, 4, 6, 8, 16.
_base_ = [
    '../_base_/models/vae.py', '../_base_/datasets/cars3d.py', '../_base_/schedules/vae.py', '../_base_/default_runtime.py'
]
model = dict(
    encoder=dict(in_channels=_base_.image_channels),
    decoder=dict(out_channels=_base_.image_channels),
    regulariser=dict(beta=4.0))

# DIP-VAE-II on dSprites, lambda_od and lambda_d 10. The study: both 1, 2, 5, 10, 20, 50.
_base_ = [
    '../_base_/models/vae.py', '../_base_/datasets/dsprites.py', '../_base_/schedules/vae.py', '../_base_/default_runtime.py'
]
model = dict(
    encoder=dict(in_channels=_base_.image_channels),
    decoder=dict(out_channels=_base_.image_channels),
    regulariser=dict(_delete_=True, type='ibgan_plugin.DIPRegulariser', variant='ii', off_diagonal=10.0))

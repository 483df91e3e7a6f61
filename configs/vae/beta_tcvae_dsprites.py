# beta-TCVAE on dSprites, beta 6. The study: 1, 2, 4, 6, 8, 10.
_base_ = [
    '../_base_/models/vae.py', '../_base_/datasets/dsprites.py', '../_base_/schedules/vae.py', '../_base_/default_runtime.py'
]
model = dict(
    encoder=dict(in_channels=_base_.image_channels),
    decoder=dict(out_channels=_base_.image_channels),
    regulariser=dict(_delete_=True, type='ibgan_plugin.TotalCorrelationRegulariser', beta=6.0))

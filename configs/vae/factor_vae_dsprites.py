# FactorVAE on dSprites, gamma 35 as in its paper. The study: 10, 20, 30, 40, 50, 100. A batch is the two of 64 of an iteration.
_base_ = [
    '../_base_/models/factor_vae.py', '../_base_/datasets/dsprites.py', '../_base_/schedules/factor_vae.py',
    '../_base_/default_runtime.py'
]
model = dict(
    encoder=dict(in_channels=_base_.image_channels),
    decoder=dict(out_channels=_base_.image_channels))
train_dataloader = dict(batch_size=128)

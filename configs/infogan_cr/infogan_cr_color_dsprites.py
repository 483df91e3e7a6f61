# InfoGAN-CR on Colour dSprites, with the recipe for dSprites.
_base_ = ['../_base_/models/infogan_cr.py', '../_base_/datasets/color_dsprites.py', '../_base_/schedules/infogan_cr.py']
model = dict(
    generator=dict(out_channels=_base_.image_channels),
    trunk=dict(in_channels=_base_.image_channels),
    contrastive=dict(in_channels=_base_.image_channels))

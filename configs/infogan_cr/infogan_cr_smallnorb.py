# InfoGAN-CR on SmallNORB, with the recipe for dSprites.
_base_ = ['../_base_/models/infogan_cr.py', '../_base_/datasets/smallnorb.py', '../_base_/schedules/infogan_cr.py']
model = dict(
    generator=dict(out_channels=_base_.image_channels),
    trunk=dict(in_channels=_base_.image_channels),
    contrastive=dict(in_channels=_base_.image_channels))

# InfoGAN-CR on SmallNORB, with the recipe for dSprites.
_base_ = [
    '../_base_/models/infogan_cr.py', '../_base_/datasets/smallnorb.py', '../_base_/schedules/infogan_cr.py',
    '../_base_/default_runtime.py'
]
model = dict(
    generator=dict(out_channels=_base_.image_channels),
    trunk=dict(in_channels=_base_.image_channels),
    contrastive=dict(in_channels=_base_.image_channels))
default_hooks = dict(
    traversal=dict(limit=1.0),
    contrastive=dict(type='ibgan_plugin.ScheduleHook', field='contrastive_loss.weight', points=[(287_999, 0.0), (288_000, 2.0)]))

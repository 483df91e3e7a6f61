# IB-GAN on SmallNORB at 64x64: the recipe of dSprites; none is published, this one is not tuned.
_base_ = [
    '../_base_/models/ibgan_separate.py', '../_base_/datasets/smallnorb.py', '../_base_/schedules/rmsprop.py',
    '../_base_/default_runtime.py'
]
train_cfg = dict(max_iters=500_000)
default_hooks = dict(instance_noise=dict(type='ibgan_plugin.InstanceNoiseHook', start=1.0, end=0.0, over=100_000))
